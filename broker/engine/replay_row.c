/* replay_row.c - one row of a ledger: what it does to its pool, and whether the rules let it. */
#include <errno.h>
#include <inttypes.h>

#include "engine/replay_inside.h"
#include "proto/limits.h"

struct reading { /* one row on its way */
    struct replay *replay;
    const Referral__LedgerRow *row;
    struct replay_pool *pool;
};

static int fail(const struct reading *reading, const char *why)
{
    return replay_fail(reading->replay, -EILSEQ, "row %" PRIu64 " %s", reading->replay->rows, why);
}

static struct replay_unit *find_unit(const struct replay_pool *pool, uint32_t number)
{
    for (size_t i = 0; i < pool->unit_count; i++)
        if (pool->units[i].unit.number == number)
            return &pool->units[i];
    return NULL;
}

static bool is_one_of(uint32_t number, const Referral__LedgerRow *row)
{
    for (size_t i = 0; i < row->n_units; i++)
        if (row->units[i] == number)
            return true;
    return false;
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
        return fail(reading, "gives a unit's number twice, or too many units");
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
            return fail(reading, "adds units out of all bounds");
        for (uint32_t j = 0; j < run->count && failure == 0; j++)
            failure = add_unit(reading, run, j);
    }
    return failure;
}

static int remove_units(const struct reading *reading)
{
    struct replay_pool *pool = reading->pool;

    for (size_t i = 0; i < reading->row->n_units; i++) {
        struct replay_unit *unit = find_unit(pool, reading->row->units[i]);

        if (unit == NULL || unit->booking != NULL)
            return fail(reading, "takes away a unit that is booked, or that there is not (Q10)");
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
        return fail(reading, "sets a reserve below the floor (Q1)");
    if (row->fd_opens_at_ms > row->general_opens_at_ms)
        return fail(reading, "opens for general before family doctors (Q6)");
    take_terms(reading, reading->pool);
    return 0;
}

static int change_terms(const struct reading *reading)
{
    if (reading->pool->last_number != 0 && !moves_in_favour(reading->pool, reading->row))
        return fail(reading, "moves a time against family doctors (Q6)");
    return set_terms(reading);
}

/* Q11: the first row of a day says it for all its pools, so that the sums of each row are the group's. */
static int group(const struct reading *reading)
{
    const struct replay_set *set;

    if (!reading->pool->grouped) {
        if (!replay_group_day(reading->replay, reading->pool))
            return fail(reading, "groups too many pools (Q11)");
        set = reading->pool->set;
        for (size_t i = 0; i < set->count; i++) {
            for (size_t j = 0; j < set->pools[i]->unit_count; j++)
                if (set->pools[i]->units[j].booking != NULL)
                    return fail(reading, "groups pools of which one is booked (Q11)");
            take_terms(reading, set->pools[i]);
        }
    }
    return set_terms(reading);
}

/* ---- Blocks ---- */

static int set_state(const struct reading *reading, enum unit_state from, enum unit_state to, const char *why)
{
    if (reading->row->n_units == 0)
        return fail(reading, "names no unit");
    for (size_t i = 0; i < reading->row->n_units; i++) {
        struct replay_unit *unit = find_unit(reading->pool, reading->row->units[i]);

        if (unit == NULL || unit->unit.state != from)
            return fail(reading, why);
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
        return fail(reading, "blocks into the reserve without one of its four reasons (Q14)");
    if (after > before)
        reading->pool->blocked_over += after - before;
    return set_state(reading, UNIT_IS_FREE, UNIT_IS_BLOCKED, "blocks a unit that is not free (Q14)");
}

/* ---- Bookings ---- */

/* Q3: are all these units unmarked, as the set stands? */
static bool are_unmarked(const struct reading *reading)
{
    size_t mark = arena_mark(&reading->replay->arena);
    const struct replay_set *set = reading->pool->set;
    struct units units = replay_units(reading->replay, set, false);
    bool unmarked = true;

    for (size_t i = 0; i < units.count; i++)
        if (units.list[i].marked && set->pools[units.list[i].pool] == reading->pool &&
            is_one_of(units.list[i].number, reading->row))
            unmarked = false;
    arena_rewind(&reading->replay->arena, mark);
    return unmarked;
}

static bool is_free_to_come(const struct reading *reading, const struct replay_unit *unit)
{
    return unit != NULL && unit->unit.state == UNIT_IS_FREE && unit->unit.start.ms > reading->replay->now.ms;
}

static int take_units(const struct reading *reading, bool general)
{
    const Referral__LedgerRow *row = reading->row;
    const char *booking = arena_text(&reading->replay->arena, row->booking_id);

    for (size_t i = 0; i < row->n_units; i++) {
        struct replay_unit *unit = find_unit(reading->pool, row->units[i]);

        if (!is_free_to_come(reading, unit))
            return fail(reading, "takes a unit that is not free, or has begun (Q2, Q6)");
        unit->unit.state = general ? UNIT_IS_GENERAL : UNIT_IS_FAMILY;
        unit->booking = booking;
        unit->emergency = row->emergency;
    }
    return 0;
}

/* `moves`: inside its pool, where G does not rise (Q3) and nothing opens (Q6). */
static int take(const struct reading *reading, bool moves)
{
    const struct replay_pool *pool = reading->pool;
    const Referral__LedgerRow *row = reading->row;
    bool general = row->channel == REFERRAL__CHANNEL__GENERAL;
    struct instant opens_at = general ? pool->general_opens_at : pool->fd_opens_at;

    if (row->booking_id == NULL || !row->has_channel || row->n_units == 0)
        return fail(reading, "does not say which units are taken for which booking");
    if (!moves && (pool->cancelled || reading->replay->now.ms < opens_at.ms))
        return fail(reading, "takes a unit of a pool that is not open (Q6)");
    if (general && !moves && !are_unmarked(reading))
        return fail(reading, "is a general booking of a reserved unit (Q3)");
    return take_units(reading, general);
}

/* All units named are this booking's; `to`: what becomes of them. */
static int pass_on(const struct reading *reading, const enum unit_state *to)
{
    const Referral__LedgerRow *row = reading->row;

    if (row->booking_id == NULL || row->n_units == 0)
        return fail(reading, "does not say which units of which booking");
    for (size_t i = 0; i < row->n_units; i++) {
        struct replay_unit *unit = find_unit(reading->pool, row->units[i]);

        if (unit == NULL || unit->booking == NULL || strcmp(unit->booking, row->booking_id) != 0)
            return fail(reading, "speaks of a unit that the booking does not hold");
        if (to == NULL)
            continue;
        unit->unit.state = *to;
        unit->booking = NULL;
        unit->emergency = false;
    }
    return 0;
}

static bool is_by(const Referral__LedgerRow *row, const char *who)
{
    return row->by != NULL && strcmp(row->by, who) == 0;
}

static int give_back(const struct reading *reading)
{
    const Referral__LedgerRow *row = reading->row;
    enum unit_state to = row->to_blocked ? UNIT_IS_BLOCKED : UNIT_IS_FREE;
    bool taken_back = row->event == REFERRAL__LEDGER_EVENT__LEDGER_DISPLACED ||
                      (row->event == REFERRAL__LEDGER_EVENT__LEDGER_CANCELLED && is_by(row, "hospital"));

    if (taken_back && row->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR && !row->was_held)
        reading->pool->family_cancelled += row->n_units;
    return pass_on(reading, &to);
}

static int move_out(const struct reading *reading)
{
    struct replay *replay = reading->replay;
    enum unit_state to = UNIT_IS_FREE;
    int failure = pass_on(reading, &to);

    if (failure != 0)
        return failure;
    replay->lifted =
        replay_grow(replay, replay->lifted, replay->lifted_count, &replay->lifted_room, sizeof *replay->lifted);
    replay->lifted[replay->lifted_count++] =
        (struct replay_lifted){.booking = arena_text(&replay->arena, reading->row->booking_id),
                               .pool = reading->pool,
                               .units = reading->row->n_units};
    return 0;
}

static int move_in(const struct reading *reading)
{
    struct replay *replay = reading->replay;
    const Referral__LedgerRow *row = reading->row;
    struct replay_lifted lifted;
    size_t i = 0;

    while (i < replay->lifted_count &&
           (row->booking_id == NULL || strcmp(replay->lifted[i].booking, row->booking_id) != 0))
        i++;
    if (i == replay->lifted_count || replay->lifted[i].units != row->n_units)
        return fail(reading, "moves units in that were not moved out (Q9)");
    lifted = replay->lifted[i];
    replay->lifted[i] = replay->lifted[--replay->lifted_count];
    return take(reading, lifted.pool == reading->pool);
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
        return fail(reading, "releases the reserve before its time, or twice (Q6)");
    if (reading->row->count != count_kept(reading) && !late)
        return fail(reading, "says that another number of units was released");
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
        return take(reading, false);
    case REFERRAL__LEDGER_EVENT__LEDGER_BOOKED:
        return reading->row->was_held ? pass_on(reading, NULL) : take(reading, false);
    case REFERRAL__LEDGER_EVENT__LEDGER_MOVED_OUT:
        return move_out(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_MOVED_IN:
        return move_in(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_LAPSED:
    case REFERRAL__LEDGER_EVENT__LEDGER_CANCELLED:
    case REFERRAL__LEDGER_EVENT__LEDGER_DISPLACED:
    case REFERRAL__LEDGER_EVENT__LEDGER_RETURNED:
        return give_back(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_USED:
    case REFERRAL__LEDGER_EVENT__LEDGER_NO_SHOW: /* Q12: spent either way */
        return pass_on(reading, NULL);
    case REFERRAL__LEDGER_EVENT__LEDGER_RELEASED:
        return release(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_REFUSED:
        count_refusal(reading);
        return 0;
    case REFERRAL__LEDGER_EVENT__LEDGER_OUTSIDE:
    case _REFERRAL__LEDGER_EVENT_IS_INT_SIZE:
        break;
    }
    return fail(reading, "is of an unknown kind");
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
        return fail(reading, "says other numbers than the rows so far make of its pool");
    if (pool->grouped != (reading->row->group != NULL) ||
        (pool->grouped && !agree(reading->row->group, &together, reserve)))
        return fail(reading, "says other numbers than the rows so far make of its group (Q11)");
    if (reading->row->deficit != quota_deficit(&together, reading->replay->now))
        return fail(reading, "says another deficit than there is (Q10)");
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
        return reading->pool != NULL ? 0 : fail(reading, "is of a pool that was not published");
    if (reading->pool != NULL)
        return fail(reading, "publishes a pool twice");
    reading->pool = replay_add(reading->replay, row);
    return reading->pool != NULL ? 0 : fail(reading, "adds a pool to a group that is full (Q11)");
}

int replay_row(struct replay *replay, const Referral__LedgerRow *row)
{
    struct reading reading = {.replay = replay, .row = row};
    int failure;

    if (!is_named(row))
        return fail(&reading, "does not say what happened where");
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
