/* spelling.h - which of a few known words a mistyped one was meant to be. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define SPELLING_WORD_MAX 32 /* letters; nothing is near a longer word */

struct spelling {
    const char *word; /* as typed; borrowed */
    size_t nearest;   /* slips between it and the best candidate yet */
};

void spelling_init(struct spelling *spelling, const char *word);
/* Is this candidate near, and nearer than all before it? One slip is near in "lst" and "stauts", two are in
 * "acknoledg". */
bool spelling_is_nearer(struct spelling *spelling, const char *candidate, size_t length);
