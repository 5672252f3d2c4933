/* width.c - asks the locale, which main.c has made a UTF-8 one, and the terminal. */
#include "width.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

#define TEXT_MAX        256
#define DEFAULT_COLUMNS 120

int width_of(const char *text)
{
    wchar_t wide[TEXT_MAX];
    size_t length = mbstowcs(wide, text, TEXT_MAX);
    int width = length <= TEXT_MAX ? wcswidth(wide, length) : -1;

    return width < 0 ? (int)strlen(text) : width;
}

static void drop_half_a_character(char *text)
{
    size_t size = strlen(text), at = size;

    while (at > 0 && ((unsigned char)text[at - 1] & 0xC0) == 0x80)
        at--;
    if (at == 0)
        return;

    unsigned char lead = (unsigned char)text[at - 1];
    size_t whole = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

    if (size - (at - 1) < whole)
        text[at - 1] = '\0';
}

void width_line(char *text)
{
    drop_half_a_character(text);
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            *text = ' ';
}

void width_pad(FILE *out, const char *text, int columns)
{
    char *line = strdup(text);

    if (line == NULL)
        return;
    width_line(line);

    int width = width_of(line);

    fprintf(out, "%s%*s", line, width < columns ? columns - width : 0, "");
    free(line);
}

int width_of_stream(FILE *out)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    long given;

    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    given = columns == NULL ? 0 : strtol(columns, NULL, 10);
    return given >= 20 && given <= 1000 ? (int)given : DEFAULT_COLUMNS;
}
