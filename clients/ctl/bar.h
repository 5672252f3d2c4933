/* bar.h - the units of a session as one line of signs that people read. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum bar_part { BAR_FAMILY, BAR_GENERAL, BAR_KEPT, BAR_FREE, BAR_BEGUN, BAR_BLOCKED, BAR_PARTS };

struct bar {
    uint64_t units[BAR_PARTS];
};

/* So many signs for each part: what there is has at least one, and together they are as long as the whole is. */
void bar_signs(const struct bar *bar, uint64_t units_a_sign, unsigned ret_signs[BAR_PARTS]);
/* Prints them; returns the columns. `colour`: on a terminal. */
unsigned bar_print(FILE *out, const struct bar *bar, uint64_t units_a_sign, bool colour);
/* "family doctors' patients" */
const char *bar_meaning(enum bar_part part, bool zh);
/* "F family doctors' patients", the sign in its colour; no line feed. */
void bar_print_meaning(FILE *out, enum bar_part part, bool zh, bool colour);
