/* held.h - what a process holds, so that what a failing path forgets to give back is seen: descriptors, files mapped,
 * guarded pieces (keys lie in them), and in a sanitized build memory to which nothing leads any more. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct held {
    int descriptors;
    int mapped;  /* pieces of files below a folder */
    int guarded; /* pages that nobody may touch: they stand around keys */
};

struct held held_now(const char *below);
/* True: more than before, or lost memory; `ret_text` says what. A sanitizer tells of each lost piece on stderr. */
bool held_more(const struct held *before, const char *below, char *ret_text, size_t text_size);
