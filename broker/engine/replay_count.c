/* replay_count.c - numbers, marks and deficits of replayed pools (Q1-Q3, Q10, Q11, Q13). */
#include "engine/replay_inside.h"

/* Q6: of a group at once, by the row of any pool of it that takes place. What was cancelled keeps nothing. */
bool replay_keeps_nothing(const struct replay_set *set)
{
    bool takes_place = false, released = false;

    for (size_t i = 0; i < set->count; i++) {
        takes_place = takes_place || !set->pools[i]->cancelled;
        released = released || (set->pools[i]->released && !set->pools[i]->cancelled);
    }
    return released || !takes_place;
}

static void add(struct quota *quota, const struct replay_pool *pool)
{
    quota->capacity += pool->unit_count;
    for (size_t i = 0; i < pool->unit_count; i++) {
        quota->blocked += pool->units[i].unit.state == UNIT_IS_BLOCKED;
        quota->general += pool->units[i].unit.state == UNIT_IS_GENERAL;
        quota->family += pool->units[i].unit.state == UNIT_IS_FAMILY;
    }
}

static struct quota terms_of(const struct replay_pool *pool)
{
    return (struct quota){.reserve_bp = pool->reserve_bp,
                          .span = pool->span,
                          .release_at = instant_of(replay_keeps_nothing(pool->set) ? INT64_MIN : INT64_MAX)};
}

struct quota replay_quota(const struct replay_pool *pool)
{
    struct quota quota = terms_of(pool);

    add(&quota, pool);
    return quota;
}

struct quota replay_set_quota(const struct replay_set *set)
{
    struct quota quota = terms_of(set->pools[0]);

    for (size_t i = 0; i < set->count; i++)
        add(&quota, set->pools[i]);
    return quota;
}

struct units replay_units(struct replay *replay, const struct replay_set *set, bool kept)
{
    struct quota quota = replay_set_quota(set);
    struct units units = {.list = arena_alloc(&replay->arena, quota.capacity * sizeof *units.list)};

    for (size_t i = 0; i < set->count; i++)
        for (size_t j = 0; j < set->pools[i]->unit_count; j++) {
            units.list[units.count] = set->pools[i]->units[j].unit;
            units.list[units.count++].pool = (uint32_t)i;
        }
    units_sort(&units);
    if (kept)
        quota.release_at = instant_of(INT64_MAX);
    units_mark(&units, quota_reserved_now(&quota, replay->now), quota.span);
    return units;
}

/* ---- Deficits (Q13) ---- */

struct stretch {
    int64_t from, to;
};

/* From `set->since` to `until`, as far as that lies between opening and release; nothing of it does where it ends
 * before it begins. */
static struct stretch open_until(const struct replay_set *set, int64_t until)
{
    int64_t opened = set->pools[0]->fd_opens_at.ms, release = set->pools[0]->release_at.ms;

    return (struct stretch){.from = set->since.ms > opened ? set->since.ms : opened,
                            .to = until < release ? until : release};
}

/* Adds what stood from `set->since` to `until`. */
static void add_past(struct replay_shortfall *shortfall, const struct replay_set *set, struct instant until,
                     bool stands)
{
    struct stretch open = open_until(set, until.ms);

    if (set->deficit == 0 || open.from > open.to ||
        (open.from == open.to && !(stands && open.from < set->pools[0]->release_at.ms)))
        return;
    shortfall->ms += open.to - open.from;
    if (set->deficit > shortfall->units) {
        shortfall->units = set->deficit;
        shortfall->cause = set->cause;
    }
}

/* By the terms that held then: times that move afterwards do not change what was. */
static bool was_open_until(const struct replay_set *set, int64_t until)
{
    struct stretch open = open_until(set, until);

    return set->was_open || open.from < open.to;
}

bool replay_has_time(const struct replay_set *set)
{
    return was_open_until(set, INT64_MAX);
}

void replay_time_passes(const struct replay *replay, struct replay_set *set)
{
    if (replay->now.ms <= set->since.ms)
        return;
    add_past(&set->past, set, replay->now, false);
    set->was_open = was_open_until(set, replay->now.ms);
    set->since = replay->now;
    set->stood = set->deficit;
    set->stood_cause = set->cause;
}

/* Inside a turn it may fall and rise again, as when one booking makes room for another: what brought it is what brought
 * more than stood. */
void replay_note_deficit(struct replay_set *set, uint64_t deficit, struct replay_cause cause)
{
    if (deficit <= set->stood)
        set->cause = set->stood_cause;
    else if (deficit > set->deficit)
        set->cause = cause;
    set->deficit = deficit;
}

struct replay_shortfall replay_shortfall(const struct replay *replay, const struct replay_set *set)
{
    struct replay_shortfall shortfall = set->past;

    add_past(&shortfall, set, replay->now, true);
    return shortfall;
}
