/* width.h - how wide texts are on a terminal, where a Chinese character takes two columns. */
#pragma once
#include <stdio.h>

int width_of(const char *text);
/* The text, and blanks up to `columns`. */
void width_pad(FILE *out, const char *text, int columns);
/* Of a text that was cut to its buffer: without its last character, where that is not whole any more. */
void width_mend(char *text);
/* Of the terminal that `out` is; else what COLUMNS says; else 120. */
int width_of_stream(FILE *out);
