/* replay_row.c - one row of a ledger: what it does to its pool, and whether the rules let it. */
#include <errno.h>
#include <inttypes.h>

#include "engine/replay_inside.h"
#include "proto/limits.h"

int replay_refuse(const struct reading *reading, const char *why)
{
    return replay_fail(reading->replay, -EILSEQ, "row %" PRIu64 " %s", reading->replay->rows, why);
}

struct replay_unit *replay_find_unit(const struct replay_pool *pool, uint32_t number)
{
    for (size_t i = 0; i < pool->unit_count; i++)
        if (pool->units[i].unit.number == number)
            return &pool->units[i];
    return NULL;
}

/* ---- Capacity ---- */

static int add_unit(const struct reading *reading, const Referral__LedgerUnits *run, uint32_t i)
{
    struct replay_pool *pool = reading->pool;
    int64_t step = (int64_t)run->minutes * MINUTE_MS, start = run->start_ms + step * i;
    struct unit unit = {.number = run->first + i,
                        .start = instant_of(start),
                        .end =
                            instant_of(start + (step == 0 ? HOUR_MS : step))}; /* those of a ward-day: an hour each */

    if (unit.number <= pool->last_number || pool->unit_count >= LIMIT_POOL_UNITS)
        return replay_refuse(reading, "gives a unit's number twice, or too many units");
    pool->units = replay_grow(reading->replay, pool->units, pool->unit_count, &pool->unit_room, sizeof *pool->units);
    pool->units[pool->unit_count++] = (struct replay_unit){.unit = unit};
    pool->last_number = unit.number;
    return 0;
}

static bool is_in_range(const Referral__LedgerUnits *run)
{
    return run->count <= LIMIT_POOL_UNITS && run->minutes <= DAY_MS / MINUTE_MS && run->start_ms >= 0 &&
           run->start_ms <= INT64_MAX / 2 && run->first <= UINT32_MAX / 2;
}

static int add_units(const struct reading *reading)
{
    int failure = 0;

    for (size_t i = 0; i < reading->row->n_new_units && failure == 0; i++) {
        const Referral__LedgerUnits *run = reading->row->new_units[i];

        if (!is_in_range(run))
            return replay_refuse(reading, "adds units out of all bounds");
        for (uint32_t j = 0; j < run->count && failure == 0; j++)
            failure = add_unit(reading, run, j);
    }
    return failure;
}

static int remove_units(const struct reading *reading)
{
    struct replay_pool *pool = reading->pool;

    for (size_t i = 0; i < reading->row->n_units; i++) {
        struct replay_unit *unit = replay_find_unit(pool, reading->row->units[i]);

        if (unit == NULL || unit->booking != NULL)
            return replay_refuse(reading, "takes away a unit that is booked, or that there is not (Q10)");
        pool->unit_count--;
        memmove(unit, unit + 1, (size_t)(pool->units + pool->unit_count - unit) * sizeof *unit);
    }
    return 0;
}

/* ---- Terms ---- */

/* Q6: what people were told about the pool moves only in favour of family doctors. */
static bool moves_in_favour(const struct replay_pool *pool, const Referral__LedgerRow *row)
{
    return row->fd_opens_at_ms <= pool->fd_opens_at.ms && row->general_opens_at_ms >= pool->general_opens_at.ms &&
           row->release_at_ms >= pool->release_at.ms;
}

static void take_terms(const struct reading *reading, struct replay_pool *pool)
{
    const Referral__LedgerRow *row = reading->row;

    pool->reserve_bp = row->reserve_bp;
    pool->span = row->span;
    pool->fd_opens_at = instant_of(row->fd_opens_at_ms);
    pool->general_opens_at = instant_of(row->general_opens_at_ms);
    pool->release_at = instant_of(row->release_at_ms);
    pool->short_notice = row->short_notice;
    if (row->release_at_ms > reading->replay->now.ms) { /* put off: it has not come yet */
        pool->released = false;
        pool->released_unused = 0;
    }
}

static int set_terms(const struct reading *reading)
{
    const Referral__LedgerRow *row = reading->row;

    if (row->reserve_bp < QUOTA_FLOOR_BP || row->reserve_bp > QUOTA_ALL_BP || row->span == 0 ||
        row->span > LIMIT_POOL_UNITS)
        return replay_refuse(reading, "sets a reserve below the floor (Q1)");
    if (row->fd_opens_at_ms > row->general_opens_at_ms)
        return replay_refuse(reading, "opens for general before family doctors (Q6)");
    take_terms(reading, reading->pool);
    return 0;
}

/* Q11: what is put off for one pool of a group is for all of them, whose rows follow. */
static void put_off(const struct reading *reading)
{
    const struct replay_set *set = reading->pool->set;

    for (size_t i = 0; i < set->count && reading->row->release_at_ms > reading->replay->now.ms; i++)
        set->pools[i]->released = false;
}

static int change_terms(const struct reading *reading)
{
    int failure;

    if (reading->pool->last_number != 0 && !moves_in_favour(reading->pool, reading->row))
        return replay_refuse(reading, "moves a time against family doctors (Q6)");
    failure = set_terms(reading);
    if (failure == 0)
        put_off(reading);
    return failure;
}

/* Q11: the first row of a day says it for all its pools, so that the sums of each row are the group's. */
static int group(const struct reading *reading)
{
    const struct replay_set *set;

    if (!reading->pool->grouped) {
        if (!replay_group_day(reading->replay, reading->pool))
            return replay_refuse(reading, "groups too many pools (Q11)");
        set = reading->pool->set;
        for (size_t i = 0; i < set->count; i++) {
            for (size_t j = 0; j < set->pools[i]->unit_count; j++)
                if (set->pools[i]->units[j].booking != NULL)
                    return replay_refuse(reading, "groups pools of which one is booked (Q11)");
            take_terms(reading, set->pools[i]);
        }
    }
    return set_terms(reading);
}

/* ---- Blocks ---- */

static int set_state(const struct reading *reading, enum unit_state from, enum unit_state to, const char *why)
{
    if (reading->row->n_units == 0)
        return replay_refuse(reading, "names no unit");
    for (size_t i = 0; i < reading->row->n_units; i++) {
        struct replay_unit *unit = replay_find_unit(reading->pool, reading->row->units[i]);

        if (unit == NULL || unit->unit.state != from)
            return replay_refuse(reading, why);
        unit->unit.state = to;
    }
    return 0;
}

static bool may_eat_reserve(const Referral__LedgerRow *row)
{
    return row->has_block_reason && (row->block_reason == REFERRAL__BLOCK_REASON__STAFF_ABSENT ||
                                     row->block_reason == REFERRAL__BLOCK_REASON__DEVICE_DOWN ||
                                     row->block_reason == REFERRAL__BLOCK_REASON__SAFETY ||
                                     row->block_reason == REFERRAL__BLOCK_REASON__EMERGENCY_USE);
}

static int block(const struct reading *reading)
{
    uint64_t before = reading->pool->set->deficit, after = reading->row->deficit;

    if (after != 0 && !may_eat_reserve(reading->row))
        return replay_refuse(reading, "blocks into the reserve without one of its four reasons (Q14)");
    if (after > before)
        reading->pool->blocked_over += after - before;
    return set_state(reading, UNIT_IS_FREE, UNIT_IS_BLOCKED, "blocks a unit that is not free (Q14)");
}

/* ---- The reserve's end, and what changes nothing ---- */

static uint64_t count_kept(const struct reading *reading)
{
    size_t mark = arena_mark(&reading->replay->arena);
    const struct replay_set *set = reading->pool->set;
    struct units units = replay_units(reading->replay, set, true);
    uint64_t kept = 0;

    for (size_t i = 0; i < units.count; i++)
        kept += units.list[i].marked && set->pools[units.list[i].pool] == reading->pool;
    arena_rewind(&reading->replay->arena, mark);
    return kept;
}

/* A pool that joins a group whose reserve was released before brings nothing that was kept. */
static int release(const struct reading *reading)
{
    struct replay_pool *pool = reading->pool;
    bool late = replay_keeps_nothing(pool->set) && reading->row->count == 0;

    if (pool->released || pool->cancelled || reading->replay->now.ms < pool->release_at.ms)
        return replay_refuse(reading, "releases the reserve before its time, or twice (Q6)");
    if (reading->row->count != count_kept(reading) && !late)
        return replay_refuse(reading, "says that another number of units was released");
    pool->released_unused = reading->row->count;
    pool->released = true;
    return 0;
}

static void count_refusal(const struct reading *reading)
{
    const char *code = reading->row->code;

    if (code != NULL && (strcmp(code, "RESERVED") == 0 || strcmp(code, "GENERAL_CLOSED") == 0))
        reading->pool->refused_reserve++;
}

static void count_outside(struct replay *replay, const Referral__LedgerRow *row)
{
    for (size_t i = 0; i < replay->outside_count; i++)
        if (replay->outside[i].class == row->class_ && strcmp(replay->outside[i].date, row->date) == 0) {
            replay->outside[i].bookings++;
            return;
        }
    replay->outside =
        replay_grow(replay, replay->outside, replay->outside_count, &replay->outside_room, sizeof *replay->outside);
    replay->outside[replay->outside_count++] =
        (struct replay_outside){.class = row->class_, .date = arena_text(&replay->arena, row->date), .bookings = 1};
}

static int apply(const struct reading *reading)
{
    int failure;

    switch (reading->row->event) {
    case REFERRAL__LEDGER_EVENT__LEDGER_PUBLISHED:
        failure = set_terms(reading);
        return failure == 0 ? add_units(reading) : failure;
    case REFERRAL__LEDGER_EVENT__LEDGER_CHANGED:
        return change_terms(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_GROUPED:
        return group(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_ADDED:
        return add_units(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_CUT:
        return remove_units(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_POOL_CANCELLED:
        reading->pool->cancelled = true;
        return remove_units(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_BLOCKED:
        return block(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_UNBLOCKED:
        return set_state(reading, UNIT_IS_BLOCKED, UNIT_IS_FREE, "unblocks a unit that is not blocked (Q14)");
    case REFERRAL__LEDGER_EVENT__LEDGER_HELD:
    case REFERRAL__LEDGER_EVENT__LEDGER_OFFERED:
    case REFERRAL__LEDGER_EVENT__LEDGER_ALLOTTED:
        return replay_take(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_BOOKED:
        return reading->row->was_held ? replay_keep(reading) : replay_take(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_MOVED_OUT:
        return replay_move_out(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_MOVED_IN:
        return replay_move_in(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_LAPSED:
    case REFERRAL__LEDGER_EVENT__LEDGER_CANCELLED:
    case REFERRAL__LEDGER_EVENT__LEDGER_DISPLACED:
    case REFERRAL__LEDGER_EVENT__LEDGER_RETURNED:
        return replay_give_back(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_USED:
    case REFERRAL__LEDGER_EVENT__LEDGER_NO_SHOW: /* Q12: spent either way */
        return replay_keep(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_RELEASED:
        return release(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_REFUSED:
        count_refusal(reading);
        return 0;
    case REFERRAL__LEDGER_EVENT__LEDGER_OUTSIDE:
    case _REFERRAL__LEDGER_EVENT_IS_INT_SIZE:
        break;
    }
    return replay_refuse(reading, "is of an unknown kind");
}

/* ---- What the row says of itself ---- */

static bool agree(const Referral__LedgerNumbers *said, const struct quota *found, uint64_t reserve)
{
    return said != NULL && said->capacity == found->capacity && said->blocked == found->blocked &&
           said->general == found->general && said->family == found->family && said->reserve == reserve;
}

static int check_numbers(const struct reading *reading)
{
    const struct replay_pool *pool = reading->pool;
    struct quota alone = replay_quota(pool), together = replay_set_quota(pool->set);
    uint64_t reserve = quota_reserve(&together);

    /* Q11: R of a grouped pool stands with the group's sums. */
    if (!agree(reading->row->numbers, &alone, pool->grouped ? 0 : reserve))
        return replay_refuse(reading, "says other numbers than the rows so far make of its pool");
    if (pool->grouped != (reading->row->group != NULL) ||
        (pool->grouped && !agree(reading->row->group, &together, reserve)))
        return replay_refuse(reading, "says other numbers than the rows so far make of its group (Q11)");
    if (reading->row->deficit != quota_deficit(&together, reading->replay->now))
        return replay_refuse(reading, "says another deficit than there is (Q10)");
    return 0;
}

/* R follows C and p until the release (Q10); what is cut later takes its share with it. */
static void note_required(struct replay_set *set)
{
    struct quota quota = replay_set_quota(set);
    uint64_t reserve = quota_reserve(&quota);
    bool released = false;

    for (size_t i = 0; i < set->count; i++)
        released = released || set->pools[i]->released;
    if (!released || reserve < set->required)
        set->required = reserve;
}

static void note_numbers(const struct reading *reading)
{
    struct replay_cause cause = {.event = reading->row->event};

    if (reading->row->has_block_reason)
        cause.reason = reading->row->block_reason;
    replay_time_passes(reading->replay, reading->pool->set); /* it may be another one by now */
    replay_note_deficit(reading->pool->set, reading->row->deficit, cause);
    note_required(reading->pool->set);
}

/* ---- The row ---- */

static bool is_named(const Referral__LedgerRow *row)
{
    struct date date;

    return row->has_event && row->has_class_ && row->class_ >= REFERRAL__PLACE_CLASS__EXPERT &&
           row->class_ <= REFERRAL__PLACE_CLASS__EXAM && row->date != NULL && date_parse(row->date, &date) &&
           row->department != NULL && (row->resource != NULL || row->event == REFERRAL__LEDGER_EVENT__LEDGER_OUTSIDE);
}

static int find_pool(struct reading *reading)
{
    const Referral__LedgerRow *row = reading->row;
    bool published = row->event == REFERRAL__LEDGER_EVENT__LEDGER_PUBLISHED;

    reading->pool = replay_pool(reading->replay, row->class_, row->department, row->resource, row->date);
    if (!published)
        return reading->pool != NULL ? 0 : replay_refuse(reading, "is of a pool that was not published");
    if (reading->pool != NULL)
        return replay_refuse(reading, "publishes a pool twice");
    reading->pool = replay_add(reading->replay, row);
    return reading->pool != NULL ? 0 : replay_refuse(reading, "adds a pool to a group that is full (Q11)");
}

int replay_row(struct replay *replay, const Referral__LedgerRow *row)
{
    struct reading reading = {.replay = replay, .row = row};
    int failure;

    if (!is_named(row))
        return replay_refuse(&reading, "does not say what happened where");
    if (row->event == REFERRAL__LEDGER_EVENT__LEDGER_OUTSIDE) {
        count_outside(replay, row);
        return 0;
    }
    failure = find_pool(&reading);
    if (failure != 0)
        return failure;
    replay_time_passes(replay, reading.pool->set);
    failure = apply(&reading);
    if (failure == 0)
        failure = check_numbers(&reading);
    if (failure == 0)
        note_numbers(&reading);
    return failure;
}
