/* places_layout.c - where it is narrow, the doctor's name goes first, then the ends of sessions; what is left is the
 * bar's. */
#include "places_layout.h"

#include <stdlib.h>
#include <unistd.h>

#include "bar.h"
#include "moment.h"
#include "width.h"

#define BAR_COLUMNS_MIN    BAR_PARTS /* each has a sign */
#define BAR_COLUMNS_MAX    60
#define BAR_COLUMNS_WISHED 24

struct heading {
    const char *zh, *en;
};

static const struct heading text_headings[TEXT_COLUMNS] = {[DEPARTMENT] = {"科室", "dept"},
                                                           [RESOURCE] = {"号源", "session"},
                                                           [TIME] = {"时间", "time"},
                                                           [DOCTOR] = {"医生", "doctor"}},
                            number_headings[NUMBERS] = {[RESERVE] = {"预留", "res"},
                                                        [FAMILY] = {"家医", "fam"},
                                                        [GENERAL] = {"一般", "gen"},
                                                        [BLOCKED] = {"停用", "blk"},
                                                        [FREE] = {"空余", "free"}},
                            now_heading = {"可约 家/一", "for fam/gen"};

static const char *say(const struct layout *layout, const struct heading *heading)
{
    return ctl_say(layout->ctl, heading->zh, heading->en);
}

const char *layout_text_heading(const struct layout *layout, enum text_column column)
{
    return say(layout, &text_headings[column]);
}

const char *layout_number_heading(const struct layout *layout, enum number_column column)
{
    return say(layout, &number_headings[column]);
}

const char *layout_now_heading(const struct layout *layout)
{
    return say(layout, &now_heading);
}

int layout_number_width(const struct layout *layout, enum number_column column)
{
    int width = width_of(layout_number_heading(layout, column));

    return width < NUMBER_COLUMNS ? NUMBER_COLUMNS : width;
}

/* "08:00-12:00" in local time. */
static void time_text(const struct layout *layout, char out[TIME_COLUMNS], const struct glance *glance)
{
    char start[MOMENT_TEXT_SIZE], end[MOMENT_TEXT_SIZE];

    out[0] = '\0';
    if (glance->start_ms == 0)
        return;
    moment_format_time(start, glance->start_ms);
    moment_format_time(end, glance->end_ms);
    snprintf(out, TIME_COLUMNS, layout->starts_only ? "%.5s" : "%.5s-%.5s", start, end);
}

void layout_texts(const struct layout *layout, const struct glance *glance, char time[TIME_COLUMNS],
                  const char *ret_texts[TEXT_COLUMNS])
{
    time_text(layout, time, glance);
    ret_texts[DEPARTMENT] = glance->department;
    ret_texts[RESOURCE] = glance->resource;
    ret_texts[TIME] = time;
    ret_texts[DOCTOR] = glance->doctor;
}

struct bar layout_bar(const struct glance *glance)
{
    uint64_t left = glance->free - glance->begun, kept = glance->marked < left ? glance->marked : left;

    return (struct bar){.units = {[BAR_FAMILY] = glance->family,
                                  [BAR_GENERAL] = glance->general,
                                  [BAR_KEPT] = kept,
                                  [BAR_FREE] = left - kept,
                                  [BAR_BEGUN] = glance->begun,
                                  [BAR_BLOCKED] = glance->blocked}};
}

int layout_indent(const struct layout *layout)
{
    return layout->text[DEPARTMENT] + TEXT_COLUMN_GAP;
}

int layout_width(const struct layout *layout)
{
    int columns = NUMBER_COLUMNS + 3 + layout->bar;

    for (size_t column = 0; column < TEXT_COLUMNS; column++)
        columns += layout->text[column] == 0 ? 0 : layout->text[column] + TEXT_COLUMN_GAP;
    for (enum number_column column = 0; column < NUMBERS; column++)
        columns += layout_number_width(layout, column) + 1;
    return columns + width_of(layout_now_heading(layout)) + 2;
}

/* ---- The bar ---- */

static int bar_columns(const struct glance *glance, uint64_t units_a_sign)
{
    struct bar bar = layout_bar(glance);
    unsigned signs[BAR_PARTS], columns = 0;

    bar_signs(&bar, units_a_sign, signs);
    for (enum bar_part part = 0; part < BAR_PARTS; part++)
        columns += signs[part];
    return (int)columns;
}

/* Of all lines, those of groups among them. */
static int longest_bar(const struct glance *list, size_t count, uint64_t units_a_sign)
{
    int longest = 0;

    for (size_t at = 0, length; at < count; at += length) {
        for (length = 1; at + length < count && glance_same_group(&list[at], &list[at + length]);)
            length++;

        struct glance sum = glance_sum(&list[at], length);
        int columns = bar_columns(&sum, units_a_sign);

        longest = columns > longest ? columns : longest;
    }
    return longest;
}

/* ---- Fitting ---- */

static void set_texts(struct layout *layout, const struct glance *list, size_t count)
{
    for (size_t column = 0; column < TEXT_COLUMNS; column++)
        layout->text[column] = width_of(layout_text_heading(layout, (enum text_column)column));
    for (size_t i = 0; i < count; i++) {
        const char *texts[TEXT_COLUMNS];
        char time[TIME_COLUMNS];

        layout_texts(layout, &list[i], time, texts);
        for (size_t column = 0; column < TEXT_COLUMNS; column++)
            if (layout->text[column] < width_of(texts[column]))
                layout->text[column] = width_of(texts[column]);
    }
}

static bool has_doctors(const struct glance *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].doctor[0] != '\0')
            return true;
    return false;
}

static int room_for_bar(const struct layout *layout)
{
    return layout->columns - layout_width(layout);
}

struct layout layout_of(const struct ctl *ctl, const struct glance *list, size_t count)
{
    struct layout layout = {.ctl = ctl,
                            .columns = width_of_stream(ctl->out),
                            .units_a_sign = 1,
                            .colour = isatty(fileno(ctl->out)) && getenv("NO_COLOR") == NULL};
    int whole = longest_bar(list, count, 1), wished = whole < BAR_COLUMNS_WISHED ? whole : BAR_COLUMNS_WISHED;

    set_texts(&layout, list, count);
    if (has_doctors(list, count) && room_for_bar(&layout) >= wished)
        return layout;
    layout.text[DOCTOR] = 0;
    if (room_for_bar(&layout) >= wished)
        return layout;
    layout.starts_only = true;
    set_texts(&layout, list, count);
    layout.text[DOCTOR] = 0;
    return layout;
}

void layout_fit_bar(struct layout *layout, const struct glance *block, size_t count)
{
    int room;

    layout->bar = 0;
    room = room_for_bar(layout);
    if (room < BAR_COLUMNS_MIN)
        room = BAR_COLUMNS_MIN;
    if (room > BAR_COLUMNS_MAX)
        room = BAR_COLUMNS_MAX;
    layout->units_a_sign = 1;
    while (longest_bar(block, count, layout->units_a_sign) > room)
        layout->units_a_sign++;
    layout->bar = longest_bar(block, count, layout->units_a_sign);
}
