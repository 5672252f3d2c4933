/* arena.h - memory of one turn: allocated by moving a pointer, given back all at once.
 *
 * The address space is reserved when the arena opens (nothing resident until touched), so that no allocation inside a
 * turn can fail; running past the reservation is a bug and asserts. What lasts beyond the turn is copied elsewhere. */
#pragma once
#include "base/bytes.h"

struct arena {
    uint8_t *base;
    size_t reserved, used, high; /* high: most ever used since the last trim */
};

int arena_open(struct arena *arena, size_t reserved); /* 0, or -ENOMEM */
void arena_close(struct arena *arena);
/* Aligned to 16, not zeroed. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_zalloc(struct arena *arena, size_t size);
struct bytes arena_copy(struct arena *arena, struct bytes bytes);
char *arena_text(struct arena *arena, const char *text); /* copy; NULL for NULL */
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Everything allocated after arena_mark is given back by arena_rewind. */
size_t arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, size_t mark);
/* Rewinds to the start and hands pages beyond `keep` back to the system. */
void arena_reset(struct arena *arena, size_t keep);
