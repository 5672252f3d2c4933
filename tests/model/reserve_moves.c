/* reserve_moves.c - one command for each operation and thing. */
#include "reserve_moves.h"

#include <assert.h>

#define WAITING_MAX 2 /* entries that join by themselves: longer lists bring nothing new */
#define UNITS_ADDED 6 /* pools are not made larger than this */

struct moves {
    const struct world *world;
    struct command *list;
    int count, label;
};

static struct command *add(struct moves *moves, enum op op, int slot)
{
    struct command *move = &moves->list[moves->count++];

    assert(moves->count <= MOVES_MAX);
    *move = (struct command){.op = op,
                             .label = moves->label,
                             .at_ms = moves->world->now,
                             .who = WHO_H1,
                             .slot = slot,
                             .referral = NOBODY,
                             .booking = {NOBODY, 0},
                             .entry = {NOBODY, 0}};
    return move;
}

/* One that has nothing in this class yet; all such are alike. */
static int idle_referral(const struct world *world, Referral__PlaceClass class)
{
    for (int i = 0; i < world->referral_count; i++) {
        const struct m_referral *referral = &world->referrals[i];

        if (referral->state < REFERRAL__STATE__ARRIVED && referral->claims[class].booking == NOBODY &&
            referral->claims[class].entry == NOBODY)
            return i;
    }
    return NOBODY;
}

static void add_taking(struct moves *moves, enum op op, int slot, int units)
{
    int referral = idle_referral(moves->world, reserve_slots[slot].class);
    struct command *move;

    if (referral != NOBODY) {
        move = add(moves, op, slot);
        move->who = moves->world->referrals[referral].sender;
        move->referral = moves->world->referrals[referral].label;
        move->channel = REFERRAL__CHANNEL__FAMILY_DOCTOR;
        move->count = units;
        move->any_resource = true;
        move->last_day = reserve_slots[slot].day + 1;
    }
    move = add(moves, op, slot);
    move->reference = move->any_resource = true;
    move->channel = REFERRAL__CHANNEL__GENERAL;
    move->count = units;
    move->last_day = reserve_slots[slot].day + 1;
}

static void add_takings(struct moves *moves, int slot)
{
    struct command *move;
    int waiting = 0;

    for (int i = 0; i < moves->world->entry_count; i++)
        waiting += moves->world->entries[i].live;
    for (int units = 1; units <= 2; units++) {
        add_taking(moves, OP_HOLD, slot, units);
        add_taking(moves, OP_BOOK, slot, units);
        if (waiting < WAITING_MAX)
            add_taking(moves, OP_JOIN, slot, units);
    }
    move = add(moves, OP_BOOK, slot);
    move->reference = move->allotment = true;
    move->channel = REFERRAL__CHANNEL__GENERAL;
    move->count = 2;
}

static void add_changes_of_units(struct moves *moves, enum op op, int slot, int reason)
{
    const struct m_pool *pool = &moves->world->pools[slot];
    struct command *move = add(moves, op, slot);

    move->count = 1;
    move->reason = reason;
    if (pool->count == 0)
        return;
    move = add(moves, op, slot);
    move->picked[0] = pool->units[0].number;
    move->picked_count = 1;
    move->reason = reason;
}

/* As it is, with so many more units at its end, and this share. */
static void add_put(struct moves *moves, int slot, int more, int reserve_bp)
{
    const struct m_pool *pool = &moves->world->pools[slot];
    struct command *move = add(moves, OP_PUT, slot);

    move->run_count = pool->count + more > 0 ? 1 : 0;
    move->displace = true;
    move->reserve_bp = reserve_bp;
    /* Units of a search follow each other from 10:00 on, ten minutes each. */
    move->runs[0] = (struct run){pool->count + more, 600, 10};
}

static void add_publishing(struct moves *moves, int slot)
{
    const struct m_pool *pool = &moves->world->pools[slot];

    add_changes_of_units(moves, OP_BLOCK, slot, REFERRAL__BLOCK_REASON__STAFF_ABSENT);
    add_changes_of_units(moves, OP_BLOCK, slot, REFERRAL__BLOCK_REASON__TEACHING);
    add_changes_of_units(moves, OP_UNBLOCK, slot, 0);
    add_changes_of_units(moves, OP_CUT, slot, REFERRAL__BLOCK_REASON__PLAN_CHANGED);
    add_changes_of_units(moves, OP_CUT, slot, REFERRAL__BLOCK_REASON__PLAN_CHANGED);
    moves->list[moves->count - 1].displace = true;
    if (moves->count >= 2 && pool->count > 0)
        moves->list[moves->count - 2].displace = true;
    add_put(moves, slot, 0, pool->grouped ? 0 : 10000);
    if (pool->count < UNITS_ADDED)
        add_put(moves, slot, 1, 0);
    add_put(moves, slot, -1, 0);
    add(moves, OP_CANCEL_POOL, slot)->reason = REFERRAL__BLOCK_REASON__STAFF_ABSENT;
}

static struct command *add_change(struct moves *moves, enum op op, const struct m_booking *booking, int reason)
{
    struct command *move = add(moves, op, booking->slot);

    move->booking = booking->name;
    move->reason = reason;
    return move;
}

static void add_changes(struct moves *moves, const struct m_booking *booking, const int *slots, int slot_count)
{
    add_change(moves, OP_CONFIRM, booking, 0);
    if (booking->state == REFERRAL__BOOKING_STATE__PLACE_LAPSED)
        return;
    add_change(moves, OP_CANCEL, booking, REFERRAL__REASON__PATIENT_DECLINED);
    add_change(moves, OP_CANCEL, booking, REFERRAL__REASON__NOT_AVAILABLE);
    add_change(moves, OP_DISPLACE, booking, REFERRAL__REASON__NOT_AVAILABLE);
    add_change(moves, OP_MARK, booking, 0)->mark = REFERRAL__BOOKING_STATE__PLACE_NO_SHOW;
    for (int i = 0; i < slot_count; i++)
        add_change(moves, OP_MOVE, booking, 0)->slot = slots[i];
    if (booking->allotment) {
        struct command *move = add_change(moves, OP_CANCEL, booking, REFERRAL__REASON__PATIENT_DECLINED);

        move->picked[0] = booking->units[0];
        move->picked_count = 1;
    }
}

/* Those that live, and the latest that lapsed. */
static void add_all_changes(struct moves *moves, const int *slots, int slot_count)
{
    bool lapsed = false;

    for (int i = moves->world->booking_count - 1; i >= 0; i--) {
        const struct m_booking *booking = &moves->world->bookings[i];
        bool has_lapsed = booking->state == REFERRAL__BOOKING_STATE__PLACE_LAPSED;

        if (booking->state > REFERRAL__BOOKING_STATE__PLACE_BOOKED && (!has_lapsed || lapsed))
            continue;
        lapsed |= has_lapsed;
        add_changes(moves, booking, slots, slot_count);
    }
}

static void add_events(struct moves *moves)
{
    static const Referral__EventType events[] = {
        REFERRAL__EVENT_TYPE__EVENT_ARRIVE, REFERRAL__EVENT_TYPE__EVENT_NO_SHOW,
        REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING, REFERRAL__EVENT_TYPE__EVENT_LEAVE_LIST,
        REFERRAL__EVENT_TYPE__EVENT_REJECT};

    for (int i = 0; i < moves->world->referral_count; i++) {
        const struct m_referral *referral = &moves->world->referrals[i];

        if (referral->claims[1].booking == NOBODY && referral->claims[1].entry == NOBODY)
            continue;
        for (size_t e = 0; e < sizeof events / sizeof *events; e++) {
            struct command *move = add(moves, OP_EVENT, 0);

            move->referral = referral->label;
            move->event = events[e];
            if (move->event == REFERRAL__EVENT_TYPE__EVENT_REJECT ||
                move->event == REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING)
                move->reason = REFERRAL__REASON__PATIENT_DECLINED;
        }
    }
}

int moves_of(const struct world *world, const int *slots, int slot_count, int label,
             struct command ret_moves[MOVES_MAX])
{
    struct moves moves = {.world = world, .list = ret_moves, .label = label};
    int64_t next = reserve_next_instant(world, world->now);

    for (int i = 0; i < slot_count; i++) {
        add_takings(&moves, slots[i]);
        add_publishing(&moves, slots[i]);
    }
    add_all_changes(&moves, slots, slot_count);
    for (int i = 0; i < world->entry_count; i++)
        if (world->entries[i].live)
            add(&moves, OP_LEAVE, 0)->entry = world->entries[i].name;
    add_events(&moves);
    if (next != 0)
        add(&moves, OP_CLOCK, 0)->at_ms = next;
    return moves.count;
}
