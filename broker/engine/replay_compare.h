/* replay_compare.h - what a ledger makes of a hospital's pools, held against what the store keeps of them (Q13): units
 * with their times and states, whose they are, capacity, p, span, times, released, cancelled, grouped. */
#pragma once
#include "engine/replay.h"
#include "store/rows_place.h"

struct replay_difference {
    const struct pool_key *pool; /* NULL: of the ledger as a whole */
    const char *what;            /* "unit 3's state"; static or of this call */
    const char *ledger, *store;  /* what each has of it */
};
/* Calls `each` for every difference, and says how many there are. The replay has read every page that `txn` sees. */
uint64_t replay_compare(const struct replay *replay, struct store_txn *txn, uint32_t hospital,
                        void (*each)(void *user, const struct replay_difference *difference), void *user);
