/* publish_units.c - CUT_UNITS, CANCEL_POOL, BLOCK_UNITS, UNBLOCK_UNITS: capacity that goes, stands still and comes back
 * (Q10, Q14). */
#include <assert.h>

#include "engine/families.h"
#include "engine/ledger.h"
#include "engine/pool_count.h"
#include "engine/publish_parts.h"

/* ---- Reading ---- */

/* What the four have in common; false: refused. */
static struct pool_of *read_change(struct work *work, const Referral__PoolChange *change, bool needs_reason)
{
    if (!publish_may(work, change->pool != NULL ? change->pool->hospital : NULL))
        return NULL;
    if (needs_reason && !change->has_reason)
        refuse(work, REFUSED_REASON_NEEDED, "reason");
    if (change->has_reason && change->reason == REFERRAL__BLOCK_REASON__NOT_KEPT)
        refuse(work, REFUSED_BAD_VALUE, "reason");
    if (needs_reason && !publish_names_person(change->person))
        refuse(work, REFUSED_PERSON_NEEDED, "person");
    return pool_find(work, change->pool, "pool");
}

static void check_which(struct work *work, const Referral__PoolChange *change)
{
    if (change->n_units == 0 && !change->has_count)
        refuse(work, REFUSED_MISSING, "units");
    if (change->n_units != 0 && change->has_count)
        refuse(work, REFUSED_NOT_EXPECTED, "count");
    if (change->has_count && (change->count < 1 || change->count > LIMIT_POOL_UNITS))
        refuse(work, REFUSED_OUT_OF_RANGE, "count");
}

static void check_no_displace(struct work *work, const Referral__PoolChange *change)
{
    if (change->has_displace)
        refuse(work, REFUSED_NOT_EXPECTED, "displace");
}

static const char *person_of(const Referral__PoolChange *change)
{
    return change->person != NULL ? change->person->name : NULL;
}

static void refuse_unit(struct work *work, enum refusal refusal, size_t i)
{
    refuse(work, refusal, arena_format(work->arena, "units[%zu]", i));
}

/* Named units: known, each once; then what `judge` finds. */
static void check_named(struct work *work, const Referral__PoolChange *change, const struct pool_of *pool,
                        enum refusal (*judge)(struct work *work, const Record__Unit *unit))
{
    for (size_t i = 0; i < change->n_units; i++) {
        const Record__Unit *unit = pool_unit(pool, change->units[i]);
        enum refusal refusal = unit == NULL ? REFUSED_UNKNOWN_UNIT : judge(work, unit);
        bool again = false;

        for (size_t j = 0; j < i && !again; j++)
            again = change->units[j] == change->units[i];
        if (refusal != REFUSED_NOT || again)
            refuse_unit(work, refusal != REFUSED_NOT ? refusal : REFUSED_BAD_VALUE, i);
    }
}

struct chosen { /* units by number */
    uint32_t *units;
    size_t count;
};

static struct chosen named(const Referral__PoolChange *change)
{
    return (struct chosen){.units = change->units, .count = change->n_units};
}

static struct chosen listed(struct work *work, const struct units *units, const size_t *list, size_t count)
{
    struct chosen chosen = {.units = arena_alloc(work->arena, count * sizeof *chosen.units), .count = count};

    for (size_t i = 0; i < count; i++)
        chosen.units[i] = units->list[list[i]].number;
    return chosen;
}

static void write_row(struct work *work, struct pool_of *pool, Referral__LedgerEvent event, struct chosen chosen,
                      Referral__BlockReason reason, const char *person)
{
    Referral__LedgerRow row = REFERRAL__LEDGER_ROW__INIT;

    FIELD_SET(&row, event, event);
    row.units = chosen.units;
    row.n_units = chosen.count;
    row.person = arena_text(work->arena, person);
    if (reason != 0)
        FIELD_SET(&row, block_reason, reason);
    ledger_write(work, pool, &row);
}

/* ---- Cut ---- */

uint32_t publish_cut(struct work *work, struct pool_of *pool, struct picture *picture, const uint32_t *units,
                     size_t count, Referral__BlockReason reason, const char *person)
{
    struct chosen chosen = {.units = arena_alloc(work->arena, count * sizeof *chosen.units), .count = count};
    uint32_t touched = displace_from(picture, units, count);

    assert(units != NULL);
    memcpy(chosen.units, units, count * sizeof *units);
    pool_remove(pool, units, count);
    write_row(work, pool, REFERRAL__LEDGER_EVENT__LEDGER_CUT, chosen, reason, person);
    return touched;
}

/* Q10: named units that have begun or were spent stay; booked ones go only if that was said. */
static void check_cut(struct work *work, const Referral__PoolChange *change, const struct units *may_go,
                      const struct pool_of *pool)
{
    for (size_t i = 0; i < change->n_units; i++) {
        const Record__Unit *unit = pool_unit(pool, change->units[i]);
        size_t at = 0;

        if (unit == NULL) /* found already */
            continue;
        while (at < may_go->count && may_go->list[at].number != unit->number)
            at++;
        if (unit->start_ms <= work->now.ms)
            refuse_unit(work, REFUSED_STARTED, i);
        else if (unit_is_booked((enum unit_state)unit->state) && !change->displace)
            refuse_unit(work, REFUSED_BELOW_BOOKED, i);
        else if (at == may_go->count)
            refuse_unit(work, REFUSED_UNIT_TAKEN, i);
    }
}

static enum refusal judge_nothing(struct work *work, const Record__Unit *unit)
{
    (void)work, (void)unit;
    return REFUSED_NOT;
}

static struct chosen choose_cut(struct work *work, const Referral__PoolChange *change, const struct pool_of *pool,
                                const struct units *may_go)
{
    size_t *list = arena_alloc(work->arena, change->count * sizeof *list);

    if (units_find_cut(may_go, 0, change->count, change->displace, list))
        return listed(work, may_go, list, change->count);
    refuse(work, change->count > pool->row->n_units ? REFUSED_UNKNOWN_UNIT : REFUSED_BELOW_BOOKED, "count");
    return (struct chosen){0};
}

bool publish_apply_cut(struct work *work)
{
    const Referral__PoolChange *change = (const Referral__PoolChange *)work->body;
    struct pool_of *pool = read_change(work, change, true);
    struct picture *picture;
    struct units may_go;
    struct chosen cut;

    if (pool == NULL)
        return false;
    check_which(work, change);
    if (pool->row->cancelled)
        refuse(work, REFUSED_POOL_CANCELLED, "pool");
    if (is_refused(work))
        return false;
    picture = displace_look(work, pool, change->displace);
    may_go = displace_may_go(picture);
    check_named(work, change, pool, judge_nothing);
    check_cut(work, change, &may_go, pool);
    cut = change->has_count ? choose_cut(work, change, pool, &may_go) : named(change);
    if (is_refused(work))
        return false;
    FIELD_SET(&work->reply, affected,
              publish_cut(work, pool, picture, cut.units, cut.count, change->reason, person_of(change)));
    pool_freed(work, pool); /* a displaced multi-unit booking leaves units that stay */
    pool_save(work, pool);
    work->audit.subject = publish_subject(work, &pool->key);
    return true;
}

/* ---- Cancel ---- */

/* Whatever may go goes, booked or not. */
static uint32_t cancel(struct work *work, struct pool_of *pool, struct picture *picture, Referral__BlockReason reason,
                       const char *person)
{
    struct units may_go = displace_may_go(picture);
    struct chosen chosen = {.units = arena_alloc(work->arena, may_go.count * sizeof *chosen.units),
                            .count = may_go.count};
    uint32_t touched;

    for (size_t i = 0; i < may_go.count; i++)
        chosen.units[i] = may_go.list[i].number;
    touched = displace_from(picture, chosen.units, chosen.count);
    pool_remove(pool, chosen.units, chosen.count);
    FIELD_SET(pool->row, cancelled, true);
    write_row(work, pool, REFERRAL__LEDGER_EVENT__LEDGER_POOL_CANCELLED, chosen, reason, person);
    pool_freed(work, pool); /* a smaller group keeps fewer units of its other pools (Q11) */
    pool_save(work, pool);
    return touched;
}

bool publish_apply_cancel(struct work *work)
{
    const Referral__PoolChange *change = (const Referral__PoolChange *)work->body;
    struct pool_of *pool = read_change(work, change, true);

    if (pool == NULL)
        return false;
    if (change->n_units != 0)
        refuse(work, REFUSED_NOT_EXPECTED, "units");
    if (change->has_count)
        refuse(work, REFUSED_NOT_EXPECTED, "count");
    if (pool->row->cancelled)
        refuse(work, REFUSED_POOL_CANCELLED, "pool");
    if (is_refused(work))
        return false;
    FIELD_SET(&work->reply, affected,
              cancel(work, pool, displace_look(work, pool, true), change->reason, person_of(change)));
    work->audit.subject = publish_subject(work, &pool->key);
    return true;
}

/* ---- Block ---- */

static enum refusal judge_block(struct work *work, const Record__Unit *unit)
{
    if (unit->start_ms <= work->now.ms)
        return REFUSED_STARTED;
    return unit->state == UNIT_IS_FREE ? REFUSED_NOT : REFUSED_UNIT_TAKEN;
}

static struct units own_units(struct work *work, struct pool_of *pool)
{
    Record__Pool *alone[] = {pool->row};

    return pool_count(work->arena, alone, 1, work->now, work->hold).units;
}

static struct chosen choose_block(struct work *work, const Referral__PoolChange *change, struct pool_of *pool)
{
    struct units units = own_units(work, pool);
    size_t *list = arena_alloc(work->arena, change->count * sizeof *list);

    if (units_find_block(&units, 0, change->count, work->now, list))
        return listed(work, &units, list, change->count);
    refuse(work, REFUSED_NO_FREE, "count");
    return (struct chosen){0};
}

/* Q14: these reach into the reserve, and the report lists it. */
static bool may_eat_reserve(Referral__BlockReason reason)
{
    return reason == REFERRAL__BLOCK_REASON__STAFF_ABSENT || reason == REFERRAL__BLOCK_REASON__DEVICE_DOWN ||
           reason == REFERRAL__BLOCK_REASON__SAFETY || reason == REFERRAL__BLOCK_REASON__EMERGENCY_USE;
}

bool publish_apply_block(struct work *work)
{
    const Referral__PoolChange *change = (const Referral__PoolChange *)work->body;
    struct pool_of *pool = read_change(work, change, true);
    struct chosen block;
    struct quota numbers;

    if (pool == NULL)
        return false;
    check_which(work, change);
    check_no_displace(work, change);
    if (pool->row->cancelled)
        refuse(work, REFUSED_POOL_CANCELLED, "pool");
    if (is_refused(work))
        return false;
    ledger_asked(work, pool, (Referral__Channel)0, change->has_count ? change->count : (uint32_t)change->n_units);
    check_named(work, change, pool, judge_block);
    block = change->has_count ? choose_block(work, change, pool) : named(change);
    if (is_refused(work))
        return false;
    numbers = pool_numbers(work, pool);
    if (!quota_allows_block(&numbers, block.count, work->now) && !may_eat_reserve(change->reason))
        return refuse(work, REFUSED_BLOCK_EATS_RESERVE, "reason");
    pool_block(pool, block.units, block.count, change->reason);
    write_row(work, pool, REFERRAL__LEDGER_EVENT__LEDGER_BLOCKED, block, change->reason, person_of(change));
    pool_freed(work, pool); /* marks are spread anew */
    pool_save(work, pool);
    work->audit.subject = publish_subject(work, &pool->key);
    return true;
}

/* ---- Unblock ---- */

/* What has begun stays what it was: the report counts it (Q13). */
static enum refusal judge_unblock(struct work *work, const Record__Unit *unit)
{
    if (unit->state != UNIT_IS_BLOCKED)
        return REFUSED_NOT_BLOCKED;
    return unit->start_ms <= work->now.ms ? REFUSED_STARTED : REFUSED_NOT;
}

/* The earliest that can still be used. */
static struct chosen choose_unblock(struct work *work, const Referral__PoolChange *change, const struct pool_of *pool)
{
    struct chosen chosen = {.units = arena_alloc(work->arena, pool->row->n_units * sizeof *chosen.units)};

    for (size_t i = 0; i < pool->row->n_units && chosen.count < change->count; i++) {
        const Record__Unit *unit = pool->row->units[i];

        if (unit->state == UNIT_IS_BLOCKED && unit->start_ms > work->now.ms)
            chosen.units[chosen.count++] = unit->number;
    }
    if (chosen.count < change->count)
        refuse(work, REFUSED_NOT_BLOCKED, "count");
    return chosen;
}

bool publish_apply_unblock(struct work *work)
{
    const Referral__PoolChange *change = (const Referral__PoolChange *)work->body;
    struct pool_of *pool = read_change(work, change, false);
    struct chosen unblock;

    if (pool == NULL)
        return false;
    check_which(work, change);
    check_no_displace(work, change);
    if (change->has_reason)
        refuse(work, REFUSED_NOT_EXPECTED, "reason");
    if (is_refused(work))
        return false;
    check_named(work, change, pool, judge_unblock);
    unblock = change->has_count ? choose_unblock(work, change, pool) : named(change);
    if (is_refused(work))
        return false;
    pool_release(pool, unblock.units, unblock.count);
    write_row(work, pool, REFERRAL__LEDGER_EVENT__LEDGER_UNBLOCKED, unblock, 0, person_of(change));
    pool_freed(work, pool);
    pool_save(work, pool);
    work->audit.subject = publish_subject(work, &pool->key);
    return true;
}
