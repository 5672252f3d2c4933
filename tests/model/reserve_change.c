/* reserve_change.c - confirming, cancelling, moving, displacing, marking, and leaving the list (Q5, Q7 to Q10, Q14,
 * Q15). */
#include "reserve_inside.h"

#define AHEAD_MS (5 * MINUTE_MS) /* C2: how far ahead something may have happened */

static bool is_held(const struct m_booking *booking)
{
    return booking->state == REFERRAL__BOOKING_STATE__PLACE_HELD;
}

static bool is_booked(const struct m_booking *booking)
{
    return booking->state == REFERRAL__BOOKING_STATE__PLACE_BOOKED;
}

static bool is_main(struct world *world, int id)
{
    const struct m_booking *booking = &world->bookings[id];
    const struct m_claim *claim;

    if (booking->referral == NOBODY)
        return false;
    claim = m_claim_of(world, booking->referral, m_class_of(world, booking));
    return claim->is_main && claim->booking == id;
}

/* The referral's parties, or the hospital where there is none. */
static bool may_touch(const struct world *world, enum who who, int referral)
{
    return who == WHO_H1 || (referral != NOBODY && m_speaks_for(who, world->referrals[referral].sender));
}

static void not_yours(struct answer *answer)
{
    m_say(answer, "NOT_FOUND");
    m_say(answer, "NOT_ALLOWED");
}

/* The same units are free, and the channel may take them now. */
static bool may_retake(struct world *world, const struct m_booking *booking, int ret_units[UNITS_MAX])
{
    struct wish wish = {.slot = booking->slot,
                        .count = booking->count,
                        .first = booking->units[0],
                        .channel = booking->channel,
                        .entry = NOBODY};
    struct answer open = {.code_count = 0};

    m_open_judge(world, booking->slot, booking->channel, &open);
    if (open.code_count != 0 || !m_units_choose(world, &wish, ret_units))
        return false;
    for (int i = 0; i < booking->count; i++)
        if (world->pools[booking->slot].units[ret_units[i]].number != booking->units[i])
            return false;
    return true;
}

/* Q5: all conditions hold once more, but for the limit of holds and what is its own. */
static void confirm_judge(struct world *world, const struct command *command, int id, struct answer *answer)
{
    const struct m_booking *booking = &world->bookings[id];
    bool lapsed = booking->state == REFERRAL__BOOKING_STATE__PLACE_LAPSED;
    struct taker taker = {.who = booking->referral == NOBODY ? WHO_H1 : command->who,
                          .channel = booking->channel,
                          .referral = booking->referral,
                          .own_booking = id,
                          .own_entry = booking->entry,
                          .class = m_class_of(world, booking),
                          .reference = booking->referral == NOBODY};
    int units[UNITS_MAX];

    if (!is_held(booking) && !lapsed) {
        m_say(answer, "BOOKING_NOT_NOW");
        return;
    }
    m_life_conditions(world, &taker, answer);
    if (lapsed && !may_retake(world, booking, units))
        m_say(answer, "HOLD_LOST");
    else if (lapsed && answer->code_count != 0)
        m_say(answer, "HOLD_LOST");
    if (lapsed && world->pools[booking->slot].cancelled)
        m_say(answer, "POOL_CANCELLED");
}

static void confirm(struct world *world, int id)
{
    struct m_booking *booking = &world->bookings[id];
    bool again = !is_held(booking);
    int units[UNITS_MAX];

    if (again) {
        bool found = may_retake(world, booking, units);

        assert(found);
        m_booking_take(world, id, units);
        if (booking->referral != NOBODY)
            m_claim_begun(world, booking->referral, m_class_of(world, booking))->booking = id;
    }
    booking->state = REFERRAL__BOOKING_STATE__PLACE_BOOKED;
    m_looked_at(world, booking->slot);
    if (booking->entry != NOBODY && world->entries[booking->entry].live) {
        if (world->entries[booking->entry].offer ==
            id) /* else it has been offered another one since, which is free again */
            world->entries[booking->entry].offer = NOBODY;
        m_entry_remove(world, booking->entry);
    }
    m_booking_drives(world, id, again);
}

/* Q15: units of it that have not started. */
static void returns_judge(const struct world *world, const struct m_booking *booking, const struct command *command,
                          struct answer *answer)
{
    if (!booking->allotment) {
        m_say(answer, "NOT_AN_ALLOTMENT");
        return;
    }
    for (int i = 0; i < command->picked_count; i++) {
        int index = m_unit_index(&world->pools[booking->slot], command->picked[i]);
        bool own = false;

        for (int u = 0; u < booking->count; u++)
            own |= booking->units[u] == command->picked[i];
        if (!own)
            m_say(answer, "UNKNOWN_UNIT");
        else if (world->pools[booking->slot].units[index].start <= world->now)
            m_say(answer, "STARTED");
    }
}

static void cancel_judge(struct world *world, const struct command *command, const struct m_booking *booking,
                         struct answer *answer)
{
    if (!m_booking_lives(booking)) {
        m_say(answer, "BOOKING_NOT_NOW");
        return;
    }
    if (command->picked_count != 0)
        returns_judge(world, booking, command, answer);
    else if (booking->start <= world->now)
        m_say(answer, "BOOKING_NOT_NOW");
    if (is_booked(booking) && !booking->allotment && command->reason == 0)
        m_say(answer, "REASON_NEEDED");
}

/* Q15: some units return; with the last one it ends. */
static void give_back(struct world *world, int id, const struct command *command, bool unkept)
{
    struct m_booking *booking = &world->bookings[id];
    struct m_pool *pool = &world->pools[booking->slot];

    for (int i = 0; i < command->picked_count; i++) {
        struct m_unit *unit = &pool->units[m_unit_index(pool, command->picked[i])];
        int at = 0;

        if (unit->booking != id)
            continue;
        unit->booking = NOBODY;
        unit->state = unkept ? REFERRAL__UNIT_STATE__UNIT_BLOCKED : REFERRAL__UNIT_STATE__UNIT_FREE;
        unit->block_reason = REFERRAL__BLOCK_REASON__NOT_KEPT;
        for (int u = 0; u < booking->count; u++)
            if (booking->units[u] != unit->number)
                booking->units[at++] = booking->units[u];
        booking->count = at;
    }
    m_booking_measure(world, id);
    if (booking->count == 0)
        booking->state = REFERRAL__BOOKING_STATE__PLACE_CANCELLED;
    m_note(world, booking->slot);
}

/* Who waits for it does not hear of a hold; whose hold the hospital ends does. */
static void tell_cancelled(struct world *world, const struct m_booking *booking, bool was_main, bool was_held)
{
    struct tiding tiding = {.event = REFERRAL__EVENT_TYPE__EVENT_PLACE_CANCELLED,
                            .referral = booking->referral,
                            .told = TOLD_OTHERS,
                            .by = SIDE_SPEAKER};

    if (was_main)
        tiding.event = REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING;
    tiding.is_step = was_main;
    if (booking->referral != NOBODY &&
        !(was_held && m_speaks_for(world->who, world->referrals[booking->referral].sender)))
        m_tell(world, &tiding);
}

static void cancel(struct world *world, int id, const struct command *command)
{
    struct m_booking *booking = &world->bookings[id];
    bool was_main = is_booked(booking) && is_main(world, id), was_held = is_held(booking);
    bool unkept = !was_held && command->who == WHO_H1 && command->reason == REFERRAL__REASON__NOT_AVAILABLE;

    if (command->picked_count != 0) {
        give_back(world, id, command, unkept);
        return;
    }
    if (command->who == WHO_H1)
        m_book_taken_back(world, id);
    m_booking_vacate(world, id, unkept);
    m_booking_finish(world, id, REFERRAL__BOOKING_STATE__PLACE_CANCELLED);
    if (was_main)
        m_life_back(&world->referrals[booking->referral]);
    tell_cancelled(world, booking, was_main, was_held);
    if (was_held && booking->entry != NOBODY && world->entries[booking->entry].live)
        m_entry_offer_ended(world, booking->entry, id, false);
}

/* Q9: the units it gets, where its own are free; false: none. It does not stay where it begins now. Leaves the pools as
 * they were. */
static bool choose_move(struct world *world, const struct command *command, int id, int ret_units[UNITS_MAX],
                        struct answer *answer)
{
    const struct m_booking *booking = &world->bookings[id];
    struct m_pool kept = world->pools[booking->slot];
    struct wish wish = {.slot = command->slot,
                        .count = booking->count,
                        .first = command->first,
                        .channel = booking->channel,
                        .moves = command->slot == booking->slot,
                        .not_first = command->slot == booking->slot ? booking->units[0] : 0,
                        .entry = NOBODY};
    int noted[SLOTS];
    bool found;

    for (int i = 0; i < SLOTS; i++)
        noted[i] = world->pools[i].noted;
    m_booking_vacate(world, id, false);
    found = m_units_choose(world, &wish, ret_units);
    if (!found && answer != NULL)
        m_units_why_not(world, &wish, answer);
    world->pools[booking->slot] = kept;
    for (int i = 0; i < SLOTS; i++)
        world->pools[i].noted = noted[i];
    return found;
}

static void move_judge(struct world *world, const struct command *command, int id, struct answer *answer)
{
    const struct m_booking *booking = &world->bookings[id];
    const struct m_pool *pool = &world->pools[command->slot];
    int units[UNITS_MAX];

    if (!is_booked(booking) || booking->start <= world->now || booking->allotment)
        m_say(answer, "BOOKING_NOT_NOW");
    if (reserve_slots[command->slot].class != m_class_of(world, booking))
        m_say(answer, "SAME_HOSPITAL");
    if (pool->exists)
        m_open_judge(world, command->slot, booking->channel, answer);
    if (answer->code_count == 0)
        choose_move(world, command, id, units, answer);
}

static void move(struct world *world, const struct command *command, int id)
{
    struct m_booking *booking = &world->bookings[id];
    int units[UNITS_MAX];
    bool found = choose_move(world, command, id, units, NULL);

    assert(found);
    m_booking_vacate(world, id, false);
    booking->slot = command->slot;
    m_booking_take(world, id, units);
    if (booking->referral != NOBODY) {
        bool drives = is_main(world, id);

        m_tell(world, &(struct tiding){.event = drives ? REFERRAL__EVENT_TYPE__EVENT_MOVE
                                                       : REFERRAL__EVENT_TYPE__EVENT_PLACE_MOVED,
                                       .referral = booking->referral,
                                       .told = TOLD_OTHERS,
                                       .by = SIDE_SPEAKER,
                                       .is_step = drives});
    }
    m_booking_followed(world, id);
}

static void displace(struct world *world, int id)
{
    struct m_booking *booking = &world->bookings[id];
    bool was_main = is_main(world, id);

    m_book_taken_back(world, id);
    m_booking_vacate(world, id, true);
    m_booking_finish(world, id, REFERRAL__BOOKING_STATE__PLACE_DISPLACED);
    m_entry_displaced(world, id);
    if (booking->referral != NOBODY) /* what it named itself a hospital knows */
        m_displaced(world, id, was_main);
}

static void mark(struct world *world, int id, Referral__BookingState state)
{
    const struct m_booking *booking = &world->bookings[id];

    m_booking_finish(world, id, state);
    if (booking->referral != NOBODY && state == REFERRAL__BOOKING_STATE__PLACE_NO_SHOW)
        m_tell(world, &(struct tiding){.event = REFERRAL__EVENT_TYPE__EVENT_NO_SHOW,
                                       .referral = booking->referral,
                                       .told = TOLD_OTHERS,
                                       .by = SIDE_SPEAKER});
}

/* A patient comes on the day, and has not come once the session has begun; of a main place the referral's events say
 * it. */
/* C2: what is said again after a start may lie ahead of a clock that follows the wall's back. */
static void mark_judge(struct world *world, const struct command *command, int id, struct answer *answer)
{
    const struct m_booking *booking = &world->bookings[id];
    bool used = command->mark == REFERRAL__BOOKING_STATE__PLACE_USED;

    if (command->occurred_at > world->now + AHEAD_MS)
        m_say(answer, "IN_FUTURE");
    else if (!is_booked(booking) || booking->allotment || is_main(world, id) ||
             (used ? reserve_slots[booking->slot].day > m_day_of(world->now) : booking->start > world->now))
        m_say(answer, "BOOKING_NOT_NOW");
}

static void leave_judge(const struct world *world, const struct command *command, struct answer *answer)
{
    const struct m_entry *entry = &world->entries[reserve_find_entry(world, command->entry)];

    if (!may_touch(world, command->who, entry->referral))
        not_yours(answer);
    else if (!entry->live)
        m_say(answer, "NOT_FOUND");
}

void m_change_judge(struct world *world, const struct command *command, struct answer *answer)
{
    int id = command->op == OP_LEAVE ? NOBODY : reserve_find_booking(world, command->booking);
    const struct m_booking *booking = &world->bookings[id == NOBODY ? 0 : id];

    if (command->op == OP_LEAVE) {
        leave_judge(world, command, answer);
        return;
    }
    answer->booking = id;
    if (command->op == OP_MOVE && !world->pools[command->slot].exists)
        m_say(answer, "UNKNOWN_POOL");
    if (!may_touch(world, command->who, booking->referral)) {
        not_yours(answer);
        return;
    }
    if (command->op == OP_CONFIRM)
        confirm_judge(world, command, id, answer);
    else if (command->op == OP_CANCEL)
        cancel_judge(world, command, booking, answer);
    else if (command->op == OP_MOVE)
        move_judge(world, command, id, answer);
    else if (command->who != WHO_H1)
        not_yours(answer);
    else if (command->op == OP_MARK)
        mark_judge(world, command, id, answer);
    else if (!is_booked(booking) || booking->start <= world->now || booking->allotment)
        m_say(answer, "BOOKING_NOT_NOW");
}

static void leave(struct world *world, const struct command *command)
{
    int id = reserve_find_entry(world, command->entry);
    const struct m_entry *entry = &world->entries[id];
    bool was_main = entry->referral != NOBODY && m_claim_of(world, entry->referral, entry->class)->is_main;

    m_entry_remove(world, id);
    if (was_main)
        m_life_back(&world->referrals[entry->referral]);
    if (entry->referral != NOBODY)
        m_tell(world, &(struct tiding){.event = REFERRAL__EVENT_TYPE__EVENT_LEAVE_LIST,
                                       .referral = entry->referral,
                                       .told = TOLD_OTHERS,
                                       .by = SIDE_SPEAKER,
                                       .is_step = was_main});
}

void m_change_perform(struct world *world, const struct command *command, struct answer *answer)
{
    int id = answer->booking;

    switch ((int)command->op) {
    case OP_CONFIRM:
        confirm(world, id);
        break;
    case OP_CANCEL:
        cancel(world, id, command);
        break;
    case OP_MOVE:
        move(world, command, id);
        break;
    case OP_DISPLACE:
        displace(world, id);
        break;
    case OP_MARK:
        mark(world, id, command->mark);
        break;
    default:
        leave(world, command);
    }
}
