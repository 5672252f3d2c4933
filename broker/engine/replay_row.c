/* replay_row.c - one row of a ledger: what it does to its pool, and whether the rules let it. */
#include <errno.h>
#include <inttypes.h>

#include "engine/replay_inside.h"

#define HOUR_OF_BEDS_MS HOUR_MS /* units that all start together last an hour */

struct reading { /* one row on its way */
    struct replay *replay;
    const Referral__LedgerRow *row;
    struct replay_pool *pool;
};

static int fail(const struct reading *reading, const char *why)
{
    return replay_fail(reading->replay, -EILSEQ, "row %" PRIu64 ": %s", reading->replay->rows, why);
}

static struct replay_unit *find_unit(struct replay_pool *pool, uint32_t number)
{
    for (size_t i = 0; i < pool->unit_count; i++)
        if (pool->units[i].unit.number == number)
            return &pool->units[i];
    return NULL;
}

/* ---- Numbers of pool and set ---- */

struct quota replay_quota(const struct replay_pool *pool)
{
    struct quota quota = {.capacity = pool->unit_count, .reserve_bp = pool->reserve_bp, .span = pool->span};

    for (size_t i = 0; i < pool->unit_count; i++) {
        quota.blocked += pool->units[i].unit.state == UNIT_IS_BLOCKED;
        quota.general += pool->units[i].unit.state == UNIT_IS_GENERAL;
        quota.family += pool->units[i].unit.state == UNIT_IS_FAMILY;
    }
    /* Judged by what the rows say: the RELEASED row is the release. */
    quota.release_at = instant_of(pool->released ? 1 : INT64_MAX);
    return quota;
}

struct quota replay_set_quota(const struct replay_set *set)
{
    struct quota sum = replay_quota(set->pools[0]);

    for (size_t i = 1; i < set->count; i++) {
        struct quota quota = replay_quota(set->pools[i]);

        sum.capacity += quota.capacity;
        sum.blocked += quota.blocked;
        sum.general += quota.general;
        sum.family += quota.family;
    }
    return sum;
}

/* Q3: are all these units free and unmarked, as the set stands? */
static bool are_unmarked(const struct reading *reading)
{
    struct arena *arena = &reading->replay->arena;
    const struct replay_set *set = reading->pool->set;
    struct quota quota = replay_set_quota(set);
    size_t mark = arena_mark(arena);
    struct units units = {.list = arena_alloc(arena, (quota.capacity + 1) * sizeof *units.list)};
    bool unmarked = true;

    for (size_t i = 0; i < set->count; i++)
        for (size_t j = 0; j < set->pools[i]->unit_count; j++) {
            units.list[units.count] = set->pools[i]->units[j].unit;
            units.list[units.count++].pool = (uint32_t)i;
        }
    units_sort(&units);
    units_mark(&units, quota_reserved_now(&quota, reading->replay->now), quota.span);
    for (size_t i = 0; i < units.count; i++)
        for (size_t j = 0; j < reading->row->n_units; j++)
            if (set->pools[units.list[i].pool] == reading->pool && units.list[i].number == reading->row->units[j])
                unmarked = unmarked && !units.list[i].marked;
    arena_rewind(arena, mark);
    return unmarked;
}

/* ---- What rows do to units ---- */

static int add_units(const struct reading *reading)
{
    struct replay_pool *pool = reading->pool;

    for (size_t i = 0; i < reading->row->n_new_units; i++) {
        const Referral__LedgerUnits *run = reading->row->new_units[i];
        int64_t step = (int64_t)run->minutes * MINUTE_MS;

        for (uint32_t j = 0; j < run->count; j++) {
            int64_t start = run->start_ms + step * j;
            struct unit unit = {.number = run->first + j,
                                .start = instant_of(start),
                                .end = instant_of(start + (step == 0 ? HOUR_OF_BEDS_MS : step))};

            if (find_unit(pool, unit.number) != NULL)
                return fail(reading, "gives a unit's number twice");
            pool->units =
                replay_grow(reading->replay, pool->units, pool->unit_count, &pool->unit_room, sizeof *pool->units);
            pool->units[pool->unit_count++] = (struct replay_unit){.unit = unit};
        }
    }
    return 0;
}

static int remove_units(const struct reading *reading)
{
    struct replay_pool *pool = reading->pool;

    for (size_t i = 0; i < reading->row->n_units; i++) {
        struct replay_unit *unit = find_unit(pool, reading->row->units[i]);

        if (unit == NULL || unit->booking != NULL)
            return fail(reading, "cuts a unit that is booked, or that there is not");
        pool->unit_count--;
        memmove(unit, unit + 1, (size_t)(pool->units + pool->unit_count - unit) * sizeof *unit);
    }
    return 0;
}

/* Every unit named must be in the state `from`, held by the row's booking where that is a taken one; it is `to` afterwards. */
static int change_units(const struct reading *reading,
                        bool (*is_from)(const struct reading *, const struct replay_unit *), enum unit_state to,
                        const char *why)
{
    bool takes = to == UNIT_IS_GENERAL || to == UNIT_IS_FAMILY;
    const char *booking = takes ? arena_text(&reading->replay->arena, reading->row->booking_id) : NULL;

    if (reading->row->n_units == 0)
        return fail(reading, "names no unit");
    for (size_t i = 0; i < reading->row->n_units; i++) {
        struct replay_unit *unit = find_unit(reading->pool, reading->row->units[i]);

        if (unit == NULL || !is_from(reading, unit))
            return fail(reading, why);
        unit->unit.state = to;
        unit->booking = booking;
    }
    return 0;
}

static bool is_free(const struct reading *reading, const struct replay_unit *unit)
{
    (void)reading;
    return unit->unit.state == UNIT_IS_FREE;
}

static bool is_blocked(const struct reading *reading, const struct replay_unit *unit)
{
    (void)reading;
    return unit->unit.state == UNIT_IS_BLOCKED;
}

static bool is_the_bookings(const struct reading *reading, const struct replay_unit *unit)
{
    return unit->booking != NULL && reading->row->booking_id != NULL &&
           strcmp(unit->booking, reading->row->booking_id) == 0;
}

/* Q3: what a general booking inside its own pool only exchanges. */
static bool is_move_inside(const struct reading *reading)
{
    const struct replay *replay = reading->replay;

    return reading->row->event == REFERRAL__LEDGER_EVENT__LEDGER_MOVED_IN &&
           replay->last_event == REFERRAL__LEDGER_EVENT__LEDGER_MOVED_OUT && replay->last_pool == reading->pool &&
           replay->last_booking != NULL && reading->row->booking_id != NULL &&
           strcmp(replay->last_booking, reading->row->booking_id) == 0;
}

static int take(const struct reading *reading)
{
    const Referral__LedgerRow *row = reading->row;
    bool general = row->channel == REFERRAL__CHANNEL__GENERAL;

    if (row->booking_id == NULL || !row->has_channel)
        return fail(reading, "takes units for no booking");
    if (general && !is_move_inside(reading) && !are_unmarked(reading))
        return fail(reading, "a general booking took a reserved unit (Q3)");
    if (row->emergency)
        reading->pool->emergency += row->n_units;
    return change_units(reading, is_free, general ? UNIT_IS_GENERAL : UNIT_IS_FAMILY, "takes a unit that is not free");
}

static int give_back(const struct reading *reading)
{
    const Referral__LedgerRow *row = reading->row;
    bool by_hospital = row->by != NULL && strcmp(row->by, "hospital") == 0;
    bool ends = row->event == REFERRAL__LEDGER_EVENT__LEDGER_DISPLACED ||
                (row->event == REFERRAL__LEDGER_EVENT__LEDGER_CANCELLED && by_hospital);

    if (ends && row->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR)
        reading->pool->family_cancelled += row->n_units;
    return change_units(reading, is_the_bookings, row->to_blocked ? UNIT_IS_BLOCKED : UNIT_IS_FREE,
                        "gives back a unit that the booking does not hold");
}

static int confirm(const struct reading *reading)
{
    if (!reading->row->was_held)
        return take(reading);
    for (size_t i = 0; i < reading->row->n_units; i++) {
        const struct replay_unit *unit = find_unit(reading->pool, reading->row->units[i]);

        if (unit == NULL || !is_the_bookings(reading, unit))
            return fail(reading, "confirms a unit that the booking does not hold");
    }
    return 0;
}

static int block(const struct reading *reading)
{
    uint64_t deficit = reading->pool->set->deficit;

    reading->pool->blocked_now += reading->row->n_units;
    if (reading->row->deficit > deficit)
        reading->pool->blocked_over += reading->row->deficit - deficit;
    return change_units(reading, is_free, UNIT_IS_BLOCKED, "blocks a unit that is not free");
}

static int set_terms(const struct reading *reading)
{
    const Referral__LedgerRow *row = reading->row;
    struct replay_pool *pool = reading->pool;

    if (row->reserve_bp < QUOTA_FLOOR_BP || row->reserve_bp > QUOTA_ALL_BP || row->span == 0)
        return fail(reading, "sets a reserve below the floor (Q1)");
    pool->reserve_bp = row->reserve_bp;
    pool->span = row->span;
    pool->fd_opens_at = instant_of(row->fd_opens_at_ms);
    pool->general_opens_at = instant_of(row->general_opens_at_ms);
    pool->release_at = instant_of(row->release_at_ms);
    pool->short_notice = row->short_notice;
    return 0;
}

static void count_refusal(const struct reading *reading)
{
    const Referral__LedgerRow *row = reading->row;
    bool reserve =
        row->code != NULL && (strcmp(row->code, "RESERVED") == 0 || strcmp(row->code, "GENERAL_CLOSED") == 0);

    if (reserve)
        reading->pool->refused_reserve++;
    else
        reading->pool->refused_other++;
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

static int release(const struct reading *reading)
{
    if (reading->pool->released)
        return fail(reading, "releases the reserve twice");
    reading->pool->set->released_unused += reading->row->count;
    reading->pool->released = true;
    return 0;
}

static int apply(const struct reading *reading)
{
    struct replay_pool *pool = reading->pool;

    switch (reading->row->event) {
    case REFERRAL__LEDGER_EVENT__LEDGER_PUBLISHED:
        pool->published_at = reading->replay->now;
        return set_terms(reading) != 0 ? -EILSEQ : add_units(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_CHANGED:
        return set_terms(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_GROUPED:
        replay_join_group(reading->replay, pool);
        return set_terms(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_ADDED:
        return add_units(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_CUT:
        return remove_units(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_POOL_CANCELLED:
        pool->cancelled = true;
        return remove_units(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_BLOCKED:
        return block(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_UNBLOCKED:
        return change_units(reading, is_blocked, UNIT_IS_FREE, "unblocks a unit that is not blocked");
    case REFERRAL__LEDGER_EVENT__LEDGER_HELD:
    case REFERRAL__LEDGER_EVENT__LEDGER_OFFERED:
    case REFERRAL__LEDGER_EVENT__LEDGER_ALLOTTED:
    case REFERRAL__LEDGER_EVENT__LEDGER_MOVED_IN:
        return take(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_BOOKED:
        return confirm(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_LAPSED:
    case REFERRAL__LEDGER_EVENT__LEDGER_CANCELLED:
    case REFERRAL__LEDGER_EVENT__LEDGER_MOVED_OUT:
    case REFERRAL__LEDGER_EVENT__LEDGER_DISPLACED:
    case REFERRAL__LEDGER_EVENT__LEDGER_RETURNED:
        return give_back(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_RELEASED:
        return release(reading);
    case REFERRAL__LEDGER_EVENT__LEDGER_REFUSED:
        count_refusal(reading);
        return 0;
    case REFERRAL__LEDGER_EVENT__LEDGER_USED:
    case REFERRAL__LEDGER_EVENT__LEDGER_NO_SHOW:
    case REFERRAL__LEDGER_EVENT__LEDGER_OUTSIDE:
    case _REFERRAL__LEDGER_EVENT_IS_INT_SIZE:
        return 0;
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

    if (!agree(reading->row->numbers, &alone, reserve) || !quota_is_sound(&alone))
        return fail(reading, "its numbers are not those of the pool (Q2)");
    if (pool->grouped && !agree(reading->row->group, &together, reserve))
        return fail(reading, "its numbers are not those of the group (Q11)");
    if (reading->row->deficit != quota_deficit(&together, reading->replay->now))
        return fail(reading, "its deficit is not that of the pool (Q10)");
    return 0;
}

/* Q13: the largest deficit between opening and release, for how long, and what brought it. */
static void follow_deficit(const struct reading *reading)
{
    struct replay_set *set = reading->pool->set;
    struct instant now = reading->replay->now, opened = reading->pool->fd_opens_at;
    struct quota quota = replay_set_quota(set);
    uint64_t deficit = quota_deficit(&quota, now);
    int64_t from = set->since.ms > opened.ms ? set->since.ms : opened.ms;

    if (set->deficit != 0 && now.ms > from)
        set->shortfall_ms += now.ms - from;
    set->since = now;
    if (now.ms >= opened.ms && set->deficit > set->shortfall)
        set->shortfall = set->deficit; /* it was there when the pool opened */
    if (deficit > set->deficit) {
        set->cause = reading->row->event;
        set->cause_reason = reading->row->has_block_reason ? reading->row->block_reason : (Referral__BlockReason)0;
    }
    set->deficit = deficit;
    if (now.ms >= opened.ms && deficit > set->shortfall)
        set->shortfall = deficit;
    if (!reading->pool->released)
        set->required = quota_reserve(&quota);
}

int replay_row(struct replay *replay, const Referral__LedgerRow *row)
{
    struct reading reading = {.replay = replay, .row = row};
    int failure;

    if (!row->has_event || !row->has_class_ || row->date == NULL)
        return fail(&reading, "does not say what happened where");
    if (row->event == REFERRAL__LEDGER_EVENT__LEDGER_OUTSIDE) {
        count_outside(replay, row);
        return 0;
    }
    reading.pool = replay_find(replay, row);
    if (reading.pool == NULL && row->event == REFERRAL__LEDGER_EVENT__LEDGER_PUBLISHED)
        reading.pool = replay_add(replay, row);
    else if (reading.pool == NULL || row->event == REFERRAL__LEDGER_EVENT__LEDGER_PUBLISHED)
        return fail(&reading, "is of a pool that is not published, or published twice");
    failure = apply(&reading);
    if (failure == 0)
        failure = check_numbers(&reading);
    if (failure == 0)
        follow_deficit(&reading);
    replay->last_event = row->event;
    replay->last_booking = row->booking_id;
    replay->last_pool = reading.pool;
    return failure;
}
