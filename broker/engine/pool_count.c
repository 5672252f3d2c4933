/* pool_count.c - pools counted and marked from their records alone (Q1-Q4, Q11, C1, C4). */
#include "engine/pool_count.h"

#include <assert.h>

/* A hold lives while now < held_until, and longer while the time is in doubt (C4). */
static bool has_lapsed(const Record__Unit *unit, struct instant now, bool hold)
{
    return !hold && instant_is_due(instant_of(unit->held_until_ms), now);
}

static enum unit_state state_of(const Record__Unit *unit, struct instant now, bool hold)
{
    return has_lapsed(unit, now, hold) ? UNIT_IS_FREE : (enum unit_state)unit->state;
}

/* C1, C4: what has been released stays so; what a doubtful time would release is kept. A cancelled pool keeps
 * nothing. */
static struct instant release_of(const Record__Pool *pool, struct instant now, bool hold)
{
    struct instant release_at = instant_of(pool->release_at_ms);

    if (pool->released || pool->cancelled)
        return now;
    return hold && instant_is_due(release_at, now) ? instant_of(INT64_MAX) : release_at;
}

/* Q11: a group's is one, so that of any of its pools that takes place: but one that joined later may not have been told
 * yet. */
static struct instant release_of_set(Record__Pool *const *pools, size_t count, struct instant now, bool hold)
{
    struct instant release_at = now;

    for (size_t i = 0; i < count; i++) {
        if (pools[i]->cancelled)
            continue;
        release_at = release_of(pools[i], now, hold);
        if (pools[i]->released)
            break;
    }
    return release_at;
}

static void add_units(struct quota *quota, const Record__Pool *pool, struct instant now, bool hold)
{
    uint64_t counts[UNIT_IS_FAMILY + 1] = {0};

    for (size_t i = 0; i < pool->n_units; i++)
        counts[state_of(pool->units[i], now, hold)]++;
    quota->capacity += pool->n_units;
    quota->blocked += counts[UNIT_IS_BLOCKED];
    quota->general += counts[UNIT_IS_GENERAL];
    quota->family += counts[UNIT_IS_FAMILY];
}

struct quota pool_set_quota(Record__Pool *const *pools, size_t count, struct instant now, bool hold)
{
    struct quota quota = {.reserve_bp = pools[0]->reserve_bp,
                          .span = pools[0]->span,
                          .release_at = release_of_set(pools, count, now, hold)};

    for (size_t i = 0; i < count; i++)
        add_units(&quota, pools[i], now, hold);
    return quota;
}

struct quota pool_quota(const Record__Pool *pool, struct instant now, bool hold)
{
    struct quota quota = {
        .reserve_bp = pool->reserve_bp, .span = pool->span, .release_at = release_of(pool, now, hold)};

    add_units(&quota, pool, now, hold);
    return quota;
}

static struct unit unit_of(const Record__Unit *unit, uint32_t pool, struct instant now, bool hold)
{
    return (struct unit){.pool = pool,
                         .number = unit->number,
                         .start = instant_of(unit->start_ms),
                         .end = instant_of(unit->end_ms),
                         .state = state_of(unit, now, hold)};
}

struct pool_count pool_count(struct arena *arena, Record__Pool *const *pools, size_t count, struct instant now,
                             bool hold)
{
    struct pool_count counted = {.quota = pool_set_quota(pools, count, now, hold)};
    struct unit *list = arena_alloc(arena, (size_t)counted.quota.capacity * sizeof *list);

    counted.units.list = list;
    for (size_t p = 0; p < count; p++) {
        for (size_t i = 0; i < pools[p]->n_units; i++) {
            list[counted.units.count++] = unit_of(pools[p]->units[i], (uint32_t)p, now, hold);
            counted.held += pools[p]->units[i]->held_until_ms != 0 && !has_lapsed(pools[p]->units[i], now, hold);
        }
    }
    if (count > 1) /* one pool's units stand in their order */
        units_sort(&counted.units);
    units_mark(&counted.units, quota_reserved_now(&counted.quota, now), counted.quota.span);
    return counted;
}
