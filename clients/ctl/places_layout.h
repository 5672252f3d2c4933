/* places_layout.h - the columns of a day at a glance, fitted to the terminal: what gives way first, and how much one
 * sign of the bar is. */
#pragma once
#include "ctl.h"
#include "glance.h"

#define NUMBER_COLUMNS  3
#define TIME_COLUMNS    16
#define TEXT_COLUMN_GAP 2

enum text_column { DEPARTMENT, RESOURCE, TIME, DOCTOR, TEXT_COLUMNS };
enum number_column { RESERVE, FAMILY, GENERAL, BLOCKED, FREE, NUMBERS };

struct layout {
    const struct ctl *ctl;
    int columns;            /* of the terminal */
    int text[TEXT_COLUMNS]; /* 0: not shown */
    bool starts_only;       /* times without their end */
    uint64_t units_a_sign;
    int bar;
    bool colour;
};

/* Columns of texts, for all blocks alike. */
struct layout layout_of(const struct ctl *ctl, const struct glance *list, size_t count);
/* The bar, for this block: the units of its largest line decide what a sign is. */
void layout_fit_bar(struct layout *layout, const struct glance *block, size_t count);
/* Of the bar: all its parts. */
struct bar layout_bar(const struct glance *glance);
const char *layout_text_heading(const struct layout *layout, enum text_column column);
const char *layout_number_heading(const struct layout *layout, enum number_column column);
/* Free for whom: "22/17". */
const char *layout_now_heading(const struct layout *layout);
int layout_number_width(const struct layout *layout, enum number_column column);
/* The texts of a line, borrowed from the glance but for the time, which `time` keeps. */
void layout_texts(const struct layout *layout, const struct glance *glance, char time[TIME_COLUMNS],
                  const char *ret_texts[TEXT_COLUMNS]);
/* Where the column after department begins: what is said of a session further stands there. */
int layout_indent(const struct layout *layout);
/* Of a whole line, its notes apart. */
int layout_width(const struct layout *layout);
