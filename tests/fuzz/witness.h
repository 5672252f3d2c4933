/* witness.h - what the store was ever given to keep, and whether it gives out anything else.
 *
 * Whoever is linked with witness.c and fuzz_witnessed's wrapped functions (CMakeLists.txt) has each row noted when it
 * is sealed, and each row, key and long value compared when the store gives it out: an answer is made of nothing
 * else. */
#pragma once
#include "store/store.h"

/* From worst to best; a later one does not make good what was seen before. */
enum given { GIVEN_NEVER_WRITTEN, GIVEN_FORMER, GIVEN_PRESENT };

/* What stands in this store stands now; other rows are former ones. */
void witness_take(struct store *store, struct arena *arena);
void witness_begin(void);
enum given witness_end(void); /* the worst that was given out since */
/* Reads all that there is, in order and by each key that stands, whatever fails on the way. False: a row that stands
 * was not found, though nothing failed. */
bool witness_read_all(struct store *store, struct arena *arena);
