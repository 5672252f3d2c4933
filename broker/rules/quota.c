/* quota.c - the arithmetic of the reserve.
 *
 * Whatever is rounded here is rounded up: to whole units, and to whole multi-unit exams. So no sequence of small pools,
 * small shares or small changes comes to less than the share that was promised (Q1). */
#include "rules/quota.h"

#include <assert.h>

/* The largest capacity whose C·p fits its 64 bits; far beyond any hospital, within reach of a hostile message. */
#define CAPACITY_MAX ((UINT64_MAX - (QUOTA_ALL_BP - 1)) / QUOTA_ALL_BP)

static uint64_t round_up(uint64_t count, uint32_t multiple)
{
    return (count + multiple - 1) / multiple * multiple;
}

/* By how much `count` is above `limit`; 0 where it is not. */
static uint64_t excess(uint64_t count, uint64_t limit)
{
    return count > limit ? count - limit : 0;
}

/* Taken from the capacity one after the other, because a sum of huge counts would wrap round and look small. */
static bool fits_capacity(const struct quota *q)
{
    return q->blocked <= q->capacity && q->general <= q->capacity - q->blocked &&
           q->family <= q->capacity - q->blocked - q->general;
}

bool quota_is_sound(const struct quota *q)
{
    return q->reserve_bp >= QUOTA_FLOOR_BP && q->reserve_bp <= QUOTA_ALL_BP && q->span >= 1 &&
           q->capacity <= CAPACITY_MAX && fits_capacity(q);
}

uint64_t quota_free(const struct quota *q)
{
    assert(quota_is_sound(q));
    return q->capacity - q->blocked - q->general - q->family;
}

/* A reserve that ends in the middle of an exam would hold a rest nobody can be examined in. */
uint64_t quota_reserve(const struct quota *q)
{
    assert(quota_is_sound(q));

    uint64_t share = (q->capacity * q->reserve_bp + QUOTA_ALL_BP - 1) / QUOTA_ALL_BP;
    uint64_t whole_exams = round_up(share, q->span);

    return whole_exams < q->capacity ? whole_exams : q->capacity;
}

/* What family doctors have taken counts against their reserve; from release on nothing of it is kept any more. */
static uint64_t still_owed(const struct quota *q, struct instant now)
{
    return instant_is_due(q->release_at, now) ? 0 : excess(quota_reserve(q), q->family);
}

uint64_t quota_reserved_now(const struct quota *q, struct instant now)
{
    return round_up(still_owed(q, now), q->span);
}

uint64_t quota_deficit(const struct quota *q, struct instant now)
{
    return excess(still_owed(q, now), quota_free(q));
}

bool quota_allows_block(const struct quota *q, uint64_t count, struct instant now)
{
    if (count > quota_free(q))
        return false;

    struct quota after = *q;

    after.blocked += count;
    return quota_deficit(&after, now) == 0;
}
