/* width.h - how wide texts are on a terminal, where a Chinese character takes two columns. */
#pragma once
#include <stdio.h>

int width_of(const char *text);
/* The text, as width_line has it, and blanks up to `columns`. */
void width_pad(FILE *out, const char *text, int columns);
/* Makes of a text, perhaps cut to its buffer, what can stand in a line: line feeds and other controls become blanks,
 * since what others write must not look like a line of ours; a last character that is not whole any more goes. */
void width_line(char *text);
/* Of the terminal that `out` is; else what COLUMNS says; else 120. */
int width_of_stream(FILE *out);
