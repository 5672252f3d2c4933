/* replay_booking.c - rows by which bookings take units and give them back (Q2-Q4, Q6, Q9, Q12). */
#include <string.h>

#include "engine/replay_inside.h"

static bool is_one_of(uint32_t number, const Referral__LedgerRow *row)
{
    for (size_t i = 0; i < row->n_units; i++)
        if (row->units[i] == number)
            return true;
    return false;
}

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
        struct replay_unit *unit = replay_find_unit(reading->pool, row->units[i]);

        if (!is_free_to_come(reading, unit))
            return replay_refuse(reading, "takes a unit that is not free, or has begun (Q2, Q6)");
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
        return replay_refuse(reading, "does not say which units are taken for which booking");
    if (!moves && (pool->cancelled || reading->replay->now.ms < opens_at.ms))
        return replay_refuse(reading, "takes a unit of a pool that is not open (Q6)");
    if (general && !moves && !are_unmarked(reading))
        return replay_refuse(reading, "is a general booking of a reserved unit (Q3)");
    return take_units(reading, general);
}

/* All units named are this booking's; `to`: what becomes of them. */
static int pass_on(const struct reading *reading, const enum unit_state *to)
{
    const Referral__LedgerRow *row = reading->row;

    if (row->booking_id == NULL || row->n_units == 0)
        return replay_refuse(reading, "does not say which units of which booking");
    for (size_t i = 0; i < row->n_units; i++) {
        struct replay_unit *unit = replay_find_unit(reading->pool, row->units[i]);

        if (unit == NULL || unit->booking == NULL || strcmp(unit->booking, row->booking_id) != 0)
            return replay_refuse(reading, "speaks of a unit that the booking does not hold");
        if (to == NULL)
            continue;
        unit->unit.state = *to;
        unit->booking = NULL;
        unit->emergency = false;
    }
    return 0;
}

int replay_take(const struct reading *reading)
{
    return take(reading, false);
}

int replay_keep(const struct reading *reading)
{
    return pass_on(reading, NULL);
}

static bool is_by(const Referral__LedgerRow *row, const char *who)
{
    return row->by != NULL && strcmp(row->by, who) == 0;
}

int replay_give_back(const struct reading *reading)
{
    const Referral__LedgerRow *row = reading->row;
    enum unit_state to = row->to_blocked ? UNIT_IS_BLOCKED : UNIT_IS_FREE;
    bool taken_back = row->event == REFERRAL__LEDGER_EVENT__LEDGER_DISPLACED ||
                      (row->event == REFERRAL__LEDGER_EVENT__LEDGER_CANCELLED && is_by(row, "hospital"));

    if (taken_back && row->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR && !row->was_held)
        reading->pool->family_cancelled += row->n_units;
    return pass_on(reading, &to);
}

int replay_move_out(const struct reading *reading)
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

int replay_move_in(const struct reading *reading)
{
    struct replay *replay = reading->replay;
    const Referral__LedgerRow *row = reading->row;
    struct replay_lifted lifted;
    size_t i = 0;

    while (i < replay->lifted_count &&
           (row->booking_id == NULL || strcmp(replay->lifted[i].booking, row->booking_id) != 0))
        i++;
    if (i == replay->lifted_count || replay->lifted[i].units != row->n_units)
        return replay_refuse(reading, "moves units in that were not moved out (Q9)");
    lifted = replay->lifted[i];
    replay->lifted[i] = replay->lifted[--replay->lifted_count];
    return take(reading, lifted.pool == reading->pool);
}
