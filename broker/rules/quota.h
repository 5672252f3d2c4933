/* quota.h - how much of one pool, or of a group's pools together, is reserved now (rules Q1-Q4, Q6, Q10, Q11, Q14).
 *
 * Pure integer arithmetic: borrows its arguments, keeps nothing, cannot fail. */
#pragma once
#include "base/instant.h"

#define QUOTA_FLOOR_BP 2000 /* Q1: 20 %, which no setting and no role can lower */
#define QUOTA_ALL_BP   10000

struct quota {                                   /* all counts in units of the pool or group */
    uint64_t capacity, blocked, general, family; /* C, B, G, F */
    uint32_t reserve_bp;                         /* p: QUOTA_FLOOR_BP to QUOTA_ALL_BP */
    uint32_t span;                               /* units of the usual multi-unit exam, at least 1 */
    struct instant release_at;                   /* from then on nothing is reserved (Q6, C1) */
};

/* Q1, Q2: p in its range, span at least 1, and G + F + B <= C. */
bool quota_is_sound(const struct quota *q);
uint64_t quota_free(const struct quota *q);
/* R = (C·p + 9999) / 10000, rounded up to a multiple of span, at most C. */
uint64_t quota_reserve(const struct quota *q);
/* Q3: m = max(0, R − F) rounded up to a multiple of span until release, then 0. It may exceed what is free: then all of
 * that is marked. */
uint64_t quota_reserved_now(const struct quota *q, struct instant now);
/* Q10: d = max(0, R − F − free) until release, then 0. While it is not 0, general is closed. */
uint64_t quota_deficit(const struct quota *q, struct instant now);
/* Q14: would a block of `count` more free units leave no deficit? */
bool quota_allows_block(const struct quota *q, uint64_t count, struct instant now);
