/* pool_count.h - the numbers and units of pools as their records have them at an instant: for the turn and for queries
 * alike (Q, C1).
 *
 * A hold that has expired counts as free here: in a turn there is none left once a pool is loaded; a query writes
 * nothing. */
#pragma once
#include "base/arena.h"
#include "record.pb-c.h"
#include "rules/quota.h"
#include "rules/units.h"

struct pool_count {
    struct quota
        /* of the set; release_at as it is to be judged: a release that a doubtful time holds back has not come (C4) */
        quota;
    struct units units; /* of the set, in order and marked as of `now` */
    uint64_t held;
};
/* `pools` of one set in order of resource; `hold`: the time is in doubt. In the arena. */
struct pool_count pool_count(struct arena *arena, Record__Pool *const *pools, size_t count, struct instant now,
                             bool hold);
/* The sums of that set alone, without its units. */
struct quota pool_set_quota(Record__Pool *const *pools, size_t count, struct instant now, bool hold);
/* C, B, G, F of one pool alone (Q2 stays per pool); reserve_bp, span and release as in its row. */
struct quota pool_quota(const Record__Pool *pool, struct instant now, bool hold);
