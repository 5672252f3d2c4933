/* pool_units.c - the units of one pool: which ones a wish would get, or why none, and their changes in memory (Q2-Q4,
 * Q6, Q7, Q10, Q15). */
#include <assert.h>

#include "engine/binary.h"
#include "engine/pool.h"
#include "engine/pool_count.h"

/* ---- Changing ---- */

Record__Unit *pool_unit(const struct pool_of *pool, uint32_t number)
{
    for (size_t i = 0; i < pool->row->n_units; i++)
        if (pool->row->units[i]->number == number)
            return pool->row->units[i];
    return NULL;
}

static void set_state(const struct pool_of *pool, uint32_t number, enum unit_state state)
{
    Record__Unit *unit = pool_unit(pool, number);

    assert(unit != NULL);
    FIELD_SET(unit, state, state);
    FIELD_CLEAR_BYTES(unit, booking);
    FIELD_CLEAR(unit, held_until_ms);
    FIELD_CLEAR(unit, block_reason);
}

void pool_take(struct work *work, struct pool_of *pool, const uint32_t *units, size_t count, Referral__Channel channel,
               struct id booking, struct instant held_until)
{
    ProtobufCBinaryData id = {.len = ID_KEY_SIZE, .data = arena_alloc(work->arena, ID_KEY_SIZE)};

    id_to_key(id.data, booking);
    for (size_t i = 0; i < count; i++) {
        Record__Unit *unit = pool_unit(pool, units[i]);

        set_state(pool, units[i], channel == REFERRAL__CHANNEL__FAMILY_DOCTOR ? UNIT_IS_FAMILY : UNIT_IS_GENERAL);
        FIELD_SET(unit, booking, id);
        if (instant_is_set(held_until))
            FIELD_SET(unit, held_until_ms, held_until.ms);
    }
}

void pool_release(struct pool_of *pool, const uint32_t *units, size_t count)
{
    for (size_t i = 0; i < count; i++)
        set_state(pool, units[i], UNIT_IS_FREE);
}

void pool_block(struct pool_of *pool, const uint32_t *units, size_t count, Referral__BlockReason reason)
{
    for (size_t i = 0; i < count; i++) {
        set_state(pool, units[i], UNIT_IS_BLOCKED);
        FIELD_SET(pool_unit(pool, units[i]), block_reason, (uint32_t)reason);
    }
}

void pool_remove(struct pool_of *pool, const uint32_t *units, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < pool->row->n_units; i++) {
        bool goes = false;

        for (size_t j = 0; j < count && !goes; j++)
            goes = pool->row->units[i]->number == units[j];
        if (!goes)
            pool->row->units[kept++] = pool->row->units[i];
    }
    pool->row->n_units = kept;
}

/* ---- Choosing ---- */

enum refusal pool_row_is_open(const struct work *work, const Record__Pool *row, Referral__Channel channel)
{
    int64_t opens_at_ms = channel == REFERRAL__CHANNEL__FAMILY_DOCTOR ? row->fd_opens_at_ms : row->general_opens_at_ms;

    if (row->cancelled)
        return REFUSED_POOL_CANCELLED;
    return opens_at_ms <= work->now.ms ? REFUSED_NOT : REFUSED_NOT_OPEN_YET;
}

enum refusal pool_is_open(const struct work *work, const struct pool_of *pool, Referral__Channel channel)
{
    return pool_row_is_open(work, pool->row, channel);
}

struct choice { /* a wish of this turn in the picture of its set */
    const struct pool_wish *wish;
    struct pool_count count;
    uint32_t position;  /* of the pool in its set */
    struct instant now; /* what starts later may be taken */
};

static uint32_t position_of(const struct pool_of *pool)
{
    uint32_t position = 0;

    while (pool->set->pools[position] != pool)
        position++;
    return position;
}

static void bar_units(struct choice *choice)
{
    for (size_t i = 0; i < choice->count.units.count; i++) {
        struct unit *unit = &choice->count.units.list[i];

        for (size_t j = 0; j < choice->wish->barred_count && unit->pool == choice->position; j++)
            unit->barred = unit->barred || unit->number == choice->wish->barred[j];
    }
}

static struct unit_wish wish_of(const struct choice *choice)
{
    return (struct unit_wish){.pool = choice->position,
                              .count = choice->wish->count,
                              .first_number = choice->wish->first_number,
                              .channel = choice->wish->channel,
                              .moves = choice->wish->moves};
}

static bool find_allotment(struct work *work, const struct choice *choice, uint32_t *ret_units)
{
    size_t *list = arena_alloc(work->arena, choice->wish->count * sizeof *list);

    if (!units_find_any(&choice->count.units, choice->position, choice->wish->count, choice->now, list))
        return false;
    for (size_t i = 0; i < choice->wish->count; i++) /* the latest first; named in their order */
        ret_units[choice->wish->count - 1 - i] = choice->count.units.list[list[i]].number;
    return true;
}

static bool find_run(const struct choice *choice, uint32_t *ret_units)
{
    const struct units *units = &choice->count.units;
    struct unit_wish wish = wish_of(choice);
    size_t at;

    if (!units_find(units, &wish, choice->now, &at))
        return false;
    for (uint32_t found = 0; found < wish.count; at++)
        if (units->list[at].pool == choice->position)
            ret_units[found++] = units->list[at].number;
    return true;
}

/* Would a family doctor get what general is refused? Then it is the reserve that stands in the way (Q13). */
static enum refusal why_not_general(const struct choice *choice)
{
    struct unit_wish wish = wish_of(choice);
    size_t first;

    wish.channel = REFERRAL__CHANNEL__FAMILY_DOCTOR;
    if (!choice->wish->allotment && !units_find(&choice->count.units, &wish, choice->now, &first))
        return REFUSED_NOT_CONSECUTIVE;
    return quota_deficit(&choice->count.quota, choice->now) > 0 ? REFUSED_GENERAL_CLOSED : REFUSED_RESERVED;
}

static enum refusal why_not(const struct choice *choice)
{
    const struct units *units = &choice->count.units;
    size_t own = 0, coming = 0, free = 0;

    for (size_t i = 0; i < units->count; i++) {
        const struct unit *unit = &units->list[i];
        bool comes = unit->pool == choice->position && !instant_is_due(unit->start, choice->now);

        own += unit->pool == choice->position;
        coming += comes;
        free += comes && unit->state == UNIT_IS_FREE && !unit->barred;
    }
    if (coming == 0 && own != 0)
        return REFUSED_STARTED;
    if (free < choice->wish->count)
        return REFUSED_NO_FREE;
    return choice->wish->channel == REFERRAL__CHANNEL__GENERAL ? why_not_general(choice) : REFUSED_NOT_CONSECUTIVE;
}

/* Q7: of units asked for by number, what is wrong with the first that cannot be had; none of them: they do not lie
 * together. */
static enum refusal why_not_these(const struct choice *choice)
{
    const struct units *units = &choice->count.units;
    uint32_t looked_at = 0;

    for (size_t i = 0; i < units->count && looked_at < choice->wish->count; i++) {
        const struct unit *unit = &units->list[i];

        if (unit->pool != choice->position || (looked_at == 0 && unit->number != choice->wish->first_number))
            continue;
        if (instant_is_due(unit->start, choice->now))
            return REFUSED_STARTED;
        if (unit->state != UNIT_IS_FREE || unit->barred)
            return REFUSED_UNIT_TAKEN;
        looked_at++;
    }
    if (looked_at == 0)
        return REFUSED_UNKNOWN_UNIT;
    if (looked_at < choice->wish->count || choice->wish->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR)
        return REFUSED_NOT_CONSECUTIVE;
    return why_not_general(choice);
}

enum refusal pool_choose(struct work *work, const struct pool_of *pool, const struct pool_wish *wish,
                         uint32_t *ret_units)
{
    struct choice choice = {.wish = wish,
                            .position = position_of(pool),
                            .now = instant_is_set(wish->starts_after) ? wish->starts_after : work->now};
    bool found;

    assert(wish->count >= 1);
    choice.count = pool_count(work->arena, pool->set->rows, pool->set->count, work->now, work->hold);
    if (wish->barred_count != 0)
        bar_units(&choice);
    found = wish->allotment ? find_allotment(work, &choice, ret_units) : find_run(&choice, ret_units);
    if (found)
        return REFUSED_NOT;
    return wish->first_number != 0 ? why_not_these(&choice) : why_not(&choice);
}
