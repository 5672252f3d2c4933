/* forgetter.h - keys of commands that are old enough leave the store, a small step at a time (D1, D8).
 *
 * A pass goes through all keys in their order on disk, and only reads; what may go (engine/forget.h) it tells the
 * engine, TURN_FORGET_MAX at a time, which looks at each once more. A broker that ends in between begins anew: there is
 * nothing to remember. A damaged row keeps its own keys only. */
#pragma once
#include "store/rows.h"
#include "turn/turn.h"

struct forgetter {
    struct store *store;
    struct turn *turn;
    struct arena *arena; /* of a step */

    bool has_begun, at_end;
    uint8_t at[DEDUP_KEY_SIZE]; /* the last one looked at */
    size_t count;               /* of `keys`, which are to be told */
    uint8_t keys[TURN_FORGET_MAX][DEDUP_KEY_SIZE];
    uint64_t told;    /* in this pass, or the last */
    uint64_t damaged; /* rows met that are */
};

/* Borrows all three; `arena` is reset in each step. */
void forgetter_init(struct forgetter *forgetter, struct store *store, struct turn *turn, struct arena *arena);
/* A step of a millisecond or two; the first one after a pass has ended begins the next. Between two steps turn_run as
 * long as turn_wants. 1: the pass goes on; 0: it has ended, or nothing may go now; or the store's failure, which ends
 * it. */
int forgetter_step(struct forgetter *forgetter, struct turn_clock clock);
