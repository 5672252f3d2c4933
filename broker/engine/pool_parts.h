/* pool_parts.h - what pool.c and pool_due.c share; included by nobody else.
 *
 * pool.c: pools read, with what they share a reserve with, and written. pool_due.c: what time does to them. */
#pragma once
#include "engine/pool.h"

/* Does all that is due of these pools and offers what it freed. It is the clock's doing: a command refused afterwards
 * has still written nothing of its own. */
void pool_catch_up(struct work *work, const struct pool_set *set);
/* Unset: nothing. What a doubtful time holds back waits a step at a time (C4). */
struct instant pool_next_due(struct work *work, const struct pool_of *pool);
