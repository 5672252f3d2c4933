/* screen.h - lines and tables of an operator's screen: they fit its columns, and have colours on a terminal only. */
#pragma once
#include "ctl.h"

enum tone { TONE_PLAIN, TONE_GOOD, TONE_WARN, TONE_BAD, TONE_HEAD };

struct screen {
    const struct ctl *ctl;
    FILE *out;
    int columns; /* at least 40 */
    bool colour;
};

/* Of the run's output stream: as wide as the terminal, else 80. */
void screen_init(struct screen *screen, const struct ctl *ctl);
/* One line, cut at the margin. */
void screen_line(const struct screen *screen, enum tone tone, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Words after each other, the next line where one does not fit; indented by `indent` from the second line on, less
 * where the screen is narrow. */
void screen_text(const struct screen *screen, enum tone tone, int indent, const char *text);

#define GRID_COLUMNS    12
#define GRID_CELL_SIZE  128
#define GRID_BELOW_SIZE 512

struct grid_column {
    const char *zh, *en; /* NULL: the end of the columns */
    bool right;          /* numbers */
    int least;           /* columns it keeps where the line is too long for the screen; 0: all of them */
};
struct grid {
    const struct screen *screen;
    const struct grid_column *columns;
    struct grid_row *rows;
    size_t count, room;
};
struct grid_row {
    enum tone tone;
    char cells[GRID_COLUMNS][GRID_CELL_SIZE];
    char below[GRID_BELOW_SIZE]; /* lines of their own, indented; as many as it takes */
};

void grid_init(struct grid *grid, const struct screen *screen, const struct grid_column *columns);
void grid_fini(struct grid *grid);
/* A new row of empty cells, to be filled before the next one. */
struct grid_row *grid_row(struct grid *grid, enum tone tone);
/* Of one cell. */
void grid_set(struct grid_row *row, size_t column, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* At most `lines` rows (0: all), and how many were left out. Columns that are empty in every row are not shown. */
void grid_print(const struct grid *grid, size_t lines);
