/* screen.c - columns are measured, padded and cut by the width of characters, of which a Chinese one has two. */
#include "screen.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "width.h"

#define PLAIN_COLUMNS 80
#define LEAST_COLUMNS 40
#define GAP           2
#define BELOW_INDENT  4
#define LEAST_WORDS   20 /* columns of a line that its indentation leaves */

void screen_init(struct screen *screen, const struct ctl *ctl)
{
    const char *terminal = getenv("TERM");
    bool is_terminal = isatty(fileno(ctl->out)) != 0;

    *screen = (struct screen){
        .ctl = ctl,
        .out = ctl->out,
        .columns = is_terminal || getenv("COLUMNS") != NULL ? width_of_stream(ctl->out) : PLAIN_COLUMNS,
        .colour = is_terminal && getenv("NO_COLOR") == NULL && (terminal == NULL || strcmp(terminal, "dumb") != 0),
    };
    if (screen->columns < LEAST_COLUMNS)
        screen->columns = LEAST_COLUMNS;
}

static void begin_tone(const struct screen *screen, enum tone tone)
{
    static const char *const codes[] = {[TONE_PLAIN] = "",
                                        [TONE_GOOD] = "\033[32m",
                                        [TONE_WARN] = "\033[33m",
                                        [TONE_BAD] = "\033[1;31m",
                                        [TONE_HEAD] = "\033[1m"};

    if (screen->colour)
        fputs(codes[tone], screen->out);
}

static void end_tone(const struct screen *screen, enum tone tone)
{
    if (screen->colour && tone != TONE_PLAIN)
        fputs("\033[0m", screen->out);
}

/* Bytes of `text` that fit so many columns. */
static size_t fitting(const char *text, int columns)
{
    mbstate_t state = {0};
    size_t used = 0;
    wchar_t character;

    while (text[used] != '\0') {
        size_t size = mbrtowc(&character, text + used, MB_CUR_MAX, &state);
        int width = size == 0 || size > MB_CUR_MAX ? 1 : wcwidth(character);

        if (size == 0 || size > MB_CUR_MAX) { /* not of this locale: a byte is a column */
            size = 1;
            state = (mbstate_t){0};
        }
        columns -= width < 0 ? 0 : width;
        if (columns < 0)
            break;
        used += size;
    }
    return used;
}

/* Cut with a sign that it was; the columns it took. */
static int put_cut(const struct screen *screen, const char *text, int columns)
{
    char cut[GRID_CELL_SIZE * 8];

    if (width_of(text) <= columns)
        snprintf(cut, sizeof cut, "%s", text);
    else
        snprintf(cut, sizeof cut, "%.*s…", (int)fitting(text, columns - 1), text);
    fputs(cut, screen->out);
    return width_of(cut);
}

void screen_line(const struct screen *screen, enum tone tone, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    width_line(text);
    begin_tone(screen, tone);
    put_cut(screen, text, screen->columns);
    end_tone(screen, tone);
    fputc('\n', screen->out);
}

/* Bytes of the next line: up to a blank where there is one. */
static size_t line_of(const char *text, int columns)
{
    size_t size = fitting(text, columns), at = size;

    if (text[size] == '\0')
        return size;
    while (at > 0 && text[at] != ' ')
        at--;
    return at > size / 2 ? at : size; /* Chinese has no blanks */
}

static void put_text(const struct screen *screen, enum tone tone, int left, int indent, const char *text)
{
    if (indent > screen->columns - LEAST_WORDS)
        indent = screen->columns - LEAST_WORDS;
    for (; *text != '\0'; left = indent) {
        size_t size = strcspn(text, "\n");

        if (fitting(text, screen->columns - left) < size)
            size = line_of(text, screen->columns - left);
        fprintf(screen->out, "%*s", left, "");
        begin_tone(screen, tone);
        fprintf(screen->out, "%.*s", (int)size, text);
        end_tone(screen, tone);
        fputc('\n', screen->out);
        text += size + strspn(text + size, " \n");
    }
}

void screen_text(const struct screen *screen, enum tone tone, int indent, const char *text)
{
    put_text(screen, tone, 0, indent, text);
}

/* ---- Tables ---- */

void grid_init(struct grid *grid, const struct screen *screen, const struct grid_column *columns)
{
    *grid = (struct grid){.screen = screen, .columns = columns};
}

void grid_fini(struct grid *grid)
{
    free(grid->rows);
    grid->rows = NULL;
}

struct grid_row *grid_row(struct grid *grid, enum tone tone)
{
    if (grid->count == grid->room) {
        size_t room = grid->room == 0 ? 32 : 2 * grid->room;
        struct grid_row *rows = realloc(grid->rows, room * sizeof *rows);

        assert(rows != NULL);
        grid->rows = rows;
        grid->room = room;
    }

    struct grid_row *row = &grid->rows[grid->count++];

    memset(row, 0, sizeof *row);
    row->tone = tone;
    return row;
}

void grid_set(struct grid_row *row, size_t column, const char *format, ...)
{
    va_list arguments;

    assert(column < GRID_COLUMNS);
    va_start(arguments, format);
    vsnprintf(row->cells[column], sizeof row->cells[column], format, arguments);
    va_end(arguments);
    width_line(row->cells[column]);
}

static const char *heading(const struct grid *grid, size_t column)
{
    return ctl_say(grid->screen->ctl, grid->columns[column].zh, grid->columns[column].en);
}

/* 0: empty in every row, and not shown. */
static int natural_width(const struct grid *grid, size_t column, size_t rows)
{
    int widest = 0;

    for (size_t i = 0; i < rows; i++)
        if (width_of(grid->rows[i].cells[column]) > widest)
            widest = width_of(grid->rows[i].cells[column]);
    return widest == 0 || widest > width_of(heading(grid, column)) ? widest : width_of(heading(grid, column));
}

/* The widest of those that give; NULL: none can give more. */
static int *widest_that_gives(const struct grid *grid, int widths[GRID_COLUMNS])
{
    int *widest = NULL;

    for (size_t i = 0; grid->columns[i].en != NULL; i++)
        if (grid->columns[i].least != 0 && widths[i] > grid->columns[i].least &&
            (widest == NULL || widths[i] > *widest))
            widest = &widths[i];
    return widest;
}

/* The widths of all columns; what is too much is taken from the widest. */
static void fit(const struct grid *grid, size_t rows, int ret_widths[GRID_COLUMNS])
{
    int total = -GAP, *widest;

    for (size_t i = 0; grid->columns[i].en != NULL; i++) {
        ret_widths[i] = natural_width(grid, i, rows);
        total += ret_widths[i] == 0 ? 0 : ret_widths[i] + GAP;
    }
    for (; total > grid->screen->columns && (widest = widest_that_gives(grid, ret_widths)) != NULL; total--)
        --*widest;
}

static bool is_last(const struct grid *grid, const int *widths, size_t column)
{
    for (size_t i = column + 1; grid->columns[i].en != NULL; i++)
        if (widths[i] != 0)
            return false;
    return true;
}

static void put_cell(const struct grid *grid, const int *widths, size_t column, const char *text)
{
    FILE *out = grid->screen->out;
    int blanks = widths[column] - width_of(text);

    if (grid->columns[column].right && blanks > 0)
        fprintf(out, "%*s", blanks, "");

    int used = put_cut(grid->screen, text, widths[column]) + (grid->columns[column].right && blanks > 0 ? blanks : 0);

    if (!is_last(grid, widths, column))
        fprintf(out, "%*s", GAP + widths[column] - used, "");
}

static void put_headings(const struct grid *grid, const int *widths)
{
    begin_tone(grid->screen, TONE_HEAD);
    for (size_t i = 0; grid->columns[i].en != NULL; i++)
        if (widths[i] != 0)
            put_cell(grid, widths, i, heading(grid, i));
    end_tone(grid->screen, TONE_HEAD);
    fputc('\n', grid->screen->out);
}

static void put_row(const struct grid *grid, const int *widths, const struct grid_row *row)
{
    begin_tone(grid->screen, row->tone);
    for (size_t i = 0; grid->columns[i].en != NULL; i++)
        if (widths[i] != 0)
            put_cell(grid, widths, i, row->cells[i]);
    end_tone(grid->screen, row->tone);
    fputc('\n', grid->screen->out);
    put_text(grid->screen, TONE_PLAIN, BELOW_INDENT, BELOW_INDENT, row->below);
}

void grid_print(const struct grid *grid, size_t lines)
{
    size_t rows = lines != 0 && lines < grid->count ? lines : grid->count;
    int widths[GRID_COLUMNS] = {0};

    if (grid->count == 0)
        return;
    fit(grid, rows, widths);
    put_headings(grid, widths);
    for (size_t i = 0; i < rows; i++)
        put_row(grid, widths, &grid->rows[i]);
    if (rows < grid->count)
        screen_line(grid->screen, TONE_PLAIN, ctl_say(grid->screen->ctl, "… 另有 %zu 行", "… and %zu more"),
                    grid->count - rows);
}
