/* flow.h - pieces of a long line that goes on below, under its beginning, where the terminal ends. */
#pragma once
#include <stdio.h>

struct flow {
    FILE *out;
    int columns; /* of the terminal */
    int indent;  /* where further lines begin */
    int used;
};

/* The next piece, which the caller prints, is `width` columns wide. Writes the separator before it, and where it does
 * not fit a line feed; nothing before the first of a line. */
void flow_next(struct flow *flow, const char *separator, int width);
/* The same of a piece of text. */
void flow_text(struct flow *flow, const char *separator, const char *text);
