/* reserve_deeds.c - one thing that somebody does, chosen by dice from what the world has. */
#include "reserve_deeds.h"

static int any_slot(struct inventor *inventor)
{
    return inventor->first_slot + invent_roll(inventor, inventor->slots);
}

/* One that is published, if the dice find one. */
static int some_pool(struct inventor *inventor)
{
    int slot = any_slot(inventor);

    for (int i = 0; i < (inventor->choosy ? 12 : 4) &&
                    (!inventor->world->pools[slot].exists || inventor->world->pools[slot].cancelled);
         i++)
        slot = any_slot(inventor);
    return slot;
}

static int some_unit(struct inventor *inventor, int slot)
{
    const struct m_pool *pool = &inventor->world->pools[slot];

    if (pool->count == 0 || invent_one_in(inventor, 30))
        return 1 + invent_roll(inventor, 12);
    return pool->units[invent_roll(inventor, pool->count)].number;
}

/* Mostly a live one. */
static int some_referral(struct inventor *inventor)
{
    int count = inventor->world->referral_count, referral = 0;

    for (int i = 0; i < 6; i++) {
        referral = count - 1 - invent_roll(inventor, count < inventor->recent ? count : inventor->recent);
        if (inventor->world->referrals[referral].state <= REFERRAL__STATE__IN_CARE &&
            (!inventor->choosy || inventor->world->referrals[referral].receiver == WHO_H1))
            break;
    }
    return referral;
}

static int some_booking(struct inventor *inventor, Referral__BookingState state)
{
    int count = inventor->world->booking_count, booking = NOBODY;

    for (int i = 0; i < 12 && count > 0; i++) {
        booking = count - 1 - invent_roll(inventor, count < 24 ? count : 24);
        if (inventor->world->bookings[booking].state == state)
            break;
    }
    return booking;
}

/* The party that may, or seldom somebody else. */
static enum who somebody(struct inventor *inventor, int referral)
{
    if (invent_one_in(inventor, 40))
        return (enum who)invent_roll(inventor, WHO_COUNT);
    if (referral == NOBODY || invent_one_in(inventor, 4))
        return WHO_H1;
    if (inventor->world->referrals[referral].sender == WHO_V01 && invent_one_in(inventor, 2))
        return WHO_T07; /* speaks for it */
    return inventor->world->referrals[referral].sender;
}

/* ---- What happens ---- */

void invent_submit(struct inventor *inventor, struct command *command)
{
    int kind = invent_roll(inventor, 12);

    command->op = OP_SUBMIT;
    command->who = kind < 6 ? WHO_T07 : kind < 10 ? WHO_T08 : kind == 10 ? WHO_T07 : WHO_H2;
    if (kind < 4 && invent_one_in(inventor, 4))
        command->who = WHO_V01;
    command->team = kind < 4 ? 1 : kind < 6 ? 2 : kind < 9 ? 3 : 0;
    command->priority = invent_one_in(inventor, 10)  ? REFERRAL__PRIORITY__EMERGENCY
                        : invent_one_in(inventor, 4) ? REFERRAL__PRIORITY__URGENT
                                                     : REFERRAL__PRIORITY__ROUTINE;
    command->patient = invent_one_in(inventor, 3) ? invent_roll(inventor, PATIENTS) : PATIENTS + command->label;
    command->receiver = command->who != WHO_H2 && invent_one_in(inventor, 40) ? WHO_H2 : WHO_H1;
}

static void invent_runs(struct inventor *inventor, struct command *command)
{
    static const int lengths[] = {0, 10, 30};
    int most = inventor->mostly_small ? 8 : 24;
    bool bed = reserve_slots[command->slot].class == REFERRAL__PLACE_CLASS__BED;
    int minutes = bed ? 0 : lengths[invent_roll(inventor, 3)];

    command->run_count = 1;
    command->runs[0] =
        (struct run){1 + invent_roll(inventor, most), bed ? 480 : 480 + 60 * invent_roll(inventor, 4), minutes};
    if (!bed && invent_one_in(inventor, 4)) {
        command->run_count = 2;
        command->runs[1] = (struct run){1 + invent_roll(inventor, 4), 14 * 60, minutes};
    }
}

static void invent_terms(struct inventor *inventor, struct command *command)
{
    static const int shares[] = {2000, 2000, 2500, 3333, 5000, 8000, 10000};
    const struct slot *slot = &reserve_slots[command->slot];

    command->reserve_bp = shares[invent_roll(inventor, 7)];
    if (invent_one_in(inventor, 60))
        command->reserve_bp = invent_one_in(inventor, 2) ? 1999 : 10001;
    if (slot->class == REFERRAL__PLACE_CLASS__EXAM || invent_one_in(inventor, 5))
        command->span = 1 + invent_roll(inventor, 3);
    if (invent_one_in(inventor, 3))
        command->fd_opens_at = inventor->now + invent_roll(inventor, 6 * (int)HOUR_MS);
    if (invent_one_in(inventor, 2))
        command->general_opens_at = inventor->now + invent_roll(inventor, 10 * (int)HOUR_MS);
    if (invent_one_in(inventor, 3))
        command->release_at = invent_day_ms(slot->day, 8 * HOUR_MS) - invent_roll(inventor, 50) * HOUR_MS;
    if (invent_one_in(inventor, 8) && command->fd_opens_at != 0)
        command->release_at = command->fd_opens_at; /* set to the opening */
}

/* As it is, with another number of units in a run, or other terms. */
static void invent_change(struct inventor *inventor, struct command *command)
{
    const struct m_pool *pool = &inventor->world->pools[command->slot];
    int64_t midnight = invent_day_ms(reserve_slots[command->slot].day, 0);

    command->run_count = 0;
    for (int i = 0; i < pool->count && command->run_count < RUNS_MAX; i++) {
        const struct m_unit *unit = &pool->units[i];
        int length = (int)((unit->end - unit->start) / MINUTE_MS), start = (int)((unit->start - midnight) / MINUTE_MS);
        struct run *run = command->run_count == 0 ? NULL : &command->runs[command->run_count - 1];

        if (run != NULL && run->minutes % 60 == length % 60 && run->start_minute + run->count * run->minutes == start)
            run->count++;
        else
            command->runs[command->run_count++] = (struct run){1, start, length == 60 ? 0 : length};
    }
    if (command->run_count > 0 && !invent_one_in(inventor, 3)) {
        struct run *run = &command->runs[invent_roll(inventor, command->run_count)];

        run->count += invent_roll(inventor, 5) - 2;
        if (run->count < 1)
            run->count = 1;
    }
    command->displace = invent_one_in(inventor, 2);
    if (invent_one_in(inventor, 3))
        invent_terms(inventor, command);
    command->span = invent_one_in(inventor, 3) ? command->span : 0;
}

void invent_put(struct inventor *inventor, struct command *command)
{
    command->op = OP_PUT;
    command->slot = any_slot(inventor);
    if (inventor->world->pools[command->slot].exists) {
        invent_change(inventor, command);
        return;
    }
    if (!invent_one_in(inventor, 20))
        invent_runs(inventor, command);
    if (!invent_one_in(inventor, 4))
        invent_terms(inventor, command);
}

void invent_group(struct inventor *inventor, struct command *command)
{
    command->op = OP_GROUP;
    command->slot = some_pool(inventor);
    invent_terms(inventor, command);
    command->fd_opens_at = 0;
    if (invent_one_in(inventor, 2))
        command->fd_opens_at = inventor->now;
}

static void pick_units(struct inventor *inventor, struct command *command, int most)
{
    command->picked_count = 1 + invent_roll(inventor, most);
    for (int i = 0; i < command->picked_count; i++) {
        command->picked[i] = some_unit(inventor, command->slot);
        for (int before = 0; before < i; before++)
            if (command->picked[before] == command->picked[i]) {
                command->picked_count = i;
                return;
            }
    }
}

static bool has_blocked(const struct m_pool *pool)
{
    for (int i = 0; i < pool->count; i++)
        if (pool->units[i].state == REFERRAL__UNIT_STATE__UNIT_BLOCKED)
            return true;
    return false;
}

void invent_capacity(struct inventor *inventor, struct command *command)
{
    static const enum op ops[] = {OP_CUT, OP_BLOCK, OP_BLOCK, OP_UNBLOCK};

    command->op = invent_one_in(inventor, inventor->choosy ? 10 : 60) ? OP_CANCEL_POOL : ops[invent_roll(inventor, 4)];
    command->slot = some_pool(inventor);
    for (int i = 0; i < 12 && inventor->choosy && command->op == OP_UNBLOCK &&
                    !has_blocked(&inventor->world->pools[command->slot]);
         i++)
        command->slot = some_pool(inventor);
    command->reason = 1 + invent_roll(inventor, 7);
    command->displace = command->op == OP_CUT && invent_one_in(inventor, 2);
    if (command->op == OP_CANCEL_POOL)
        return;
    if (invent_one_in(inventor, 2))
        command->count = 1 + invent_roll(inventor, invent_one_in(inventor, 6) ? 8 : 2);
    else
        pick_units(inventor, command, 3);
}

static bool has_claim(const struct m_referral *referral, Referral__PlaceClass class)
{
    return referral->claims[class].booking != NOBODY || referral->claims[class].entry != NOBODY;
}

/* One whose patient has such a place through another, if there is one (Q5). */
static int twin_of_another(struct inventor *inventor, Referral__PlaceClass class)
{
    const struct world *world = inventor->world;
    int first = world->referral_count > inventor->recent ? world->referral_count - inventor->recent : 0;

    for (int i = first; i < world->referral_count; i++) {
        const struct m_referral *twin = &world->referrals[i];

        if (twin->team == 0 || twin->receiver != WHO_H1 || twin->state > REFERRAL__STATE__IN_CARE ||
            has_claim(twin, class))
            continue;
        for (int j = first; j < world->referral_count; j++)
            if (j != i && world->referrals[j].patient == twin->patient && has_claim(&world->referrals[j], class))
                return i;
    }
    return NOBODY;
}

static void invent_channel(struct inventor *inventor, struct command *command)
{
    int referral =
        inventor->world->referral_count == 0 || invent_one_in(inventor, 3) ? NOBODY : some_referral(inventor);
    int twin = inventor->choosy && invent_one_in(inventor, 3)
                   ? twin_of_another(inventor, reserve_slots[command->slot].class)
                   : NOBODY;
    const struct m_referral *named;

    referral = twin == NOBODY ? referral : twin;
    named = referral == NOBODY ? NULL : &inventor->world->referrals[referral];

    command->referral = named == NULL ? NOBODY : named->label;
    command->who = somebody(inventor, referral);
    command->reference = named == NULL;
    command->channel = named == NULL || named->team == 0 || named->priority == REFERRAL__PRIORITY__EMERGENCY
                           ? REFERRAL__CHANNEL__GENERAL
                           : REFERRAL__CHANNEL__FAMILY_DOCTOR;
    if (invent_one_in(inventor, 30))
        command->channel = invent_one_in(inventor, 2) ? REFERRAL__CHANNEL__GENERAL : REFERRAL__CHANNEL__FAMILY_DOCTOR;
    command->count = invent_one_in(inventor, 4) ? 1 + invent_roll(inventor, 3) : 1;
}

void invent_take(struct inventor *inventor, struct command *command)
{
    command->op = invent_one_in(inventor, 2) ? OP_HOLD : OP_BOOK;
    command->slot = some_pool(inventor);
    invent_channel(inventor, command);
    if (invent_one_in(inventor, 4))
        command->first = some_unit(inventor, command->slot);
    if (command->op == OP_HOLD && invent_one_in(inventor, 3))
        command->minutes = 1 + invent_roll(inventor, 31);
    if (command->op == OP_BOOK && command->referral == NOBODY && invent_one_in(inventor, 6)) {
        command->allotment = true;
        command->first = 0;
        command->count = 1 + invent_roll(inventor, 4);
    }
}

void invent_join(struct inventor *inventor, struct command *command)
{
    command->op = OP_JOIN;
    command->slot = some_pool(inventor);
    invent_channel(inventor, command);
    command->any_resource = !invent_one_in(inventor, 3);
    command->first_day = inventor->today + invent_roll(inventor, 4);
    command->last_day = command->first_day + invent_roll(inventor, 4);
    if (invent_one_in(inventor, 40))
        command->last_day = command->first_day + (invent_one_in(inventor, 2) ? -1 : 93);
}

void invent_leave(struct inventor *inventor, struct command *command)
{
    int count = inventor->world->entry_count,
        entry = count == 0 ? NOBODY : count - 1 - invent_roll(inventor, count < 8 ? count : 8);

    command->op = OP_LEAVE;
    if (entry == NOBODY)
        return;
    command->entry = inventor->world->entries[entry].name;
    command->who = somebody(inventor, inventor->world->entries[entry].referral);
}

void invent_confirm(struct inventor *inventor, struct command *command)
{
    int booking = some_booking(inventor, invent_one_in(inventor, 6) ? REFERRAL__BOOKING_STATE__PLACE_LAPSED
                                                                    : REFERRAL__BOOKING_STATE__PLACE_HELD);

    command->op = OP_CONFIRM;
    if (booking == NOBODY)
        return;
    command->booking = inventor->world->bookings[booking].name;
    command->who = somebody(inventor, inventor->world->bookings[booking].referral);
}

static bool has_started(const struct inventor *inventor, const struct m_booking *booking)
{
    return booking->start <= inventor->now;
}

void invent_cancel(struct inventor *inventor, struct command *command)
{
    static const int reasons[] = {REFERRAL__REASON__PATIENT_DECLINED, REFERRAL__REASON__NOT_AVAILABLE,
                                  REFERRAL__REASON__PATIENT_DECLINED, 0};
    int id = some_booking(inventor, invent_one_in(inventor, 3) ? REFERRAL__BOOKING_STATE__PLACE_HELD
                                                               : REFERRAL__BOOKING_STATE__PLACE_BOOKED);
    const struct m_booking *booking;

    command->op = OP_CANCEL;
    if (id == NOBODY)
        return;
    booking = &inventor->world->bookings[id];
    command->booking = booking->name;
    command->who = somebody(inventor, booking->referral);
    command->reason = reasons[invent_roll(inventor, invent_one_in(inventor, 20) ? 4 : 3)];
    if (command->who != WHO_H1 && command->reason == REFERRAL__REASON__NOT_AVAILABLE)
        command->reason = REFERRAL__REASON__PATIENT_DECLINED;
    if (booking->allotment && booking->count > 0 && !has_started(inventor, booking) && invent_one_in(inventor, 2)) {
        command->picked_count = 1;
        command->picked[0] = booking->units[invent_roll(inventor, booking->count)];
    }
}

void invent_change_of_place(struct inventor *inventor, struct command *command)
{
    int id = some_booking(inventor, REFERRAL__BOOKING_STATE__PLACE_BOOKED);
    const struct m_booking *booking;

    command->op = invent_one_in(inventor, 4) ? OP_DISPLACE : OP_MOVE;
    if (id == NOBODY)
        return;
    booking = &inventor->world->bookings[id];
    command->booking = booking->name;
    command->who =
        command->op == OP_DISPLACE && !invent_one_in(inventor, 20) ? WHO_H1 : somebody(inventor, booking->referral);
    command->slot = invent_one_in(inventor, 2) ? booking->slot : some_pool(inventor);
    command->reason = command->op == OP_DISPLACE ? REFERRAL__REASON__NOT_AVAILABLE : 0;
    if (command->op == OP_MOVE && !invent_one_in(inventor, 3))
        command->first = some_unit(inventor, command->slot);
}

/* Mostly a place that has begun. */
void invent_mark(struct inventor *inventor, struct command *command)
{
    const struct m_booking *booking = NULL;

    command->op = OP_MARK;
    command->mark =
        invent_one_in(inventor, 2) ? REFERRAL__BOOKING_STATE__PLACE_USED : REFERRAL__BOOKING_STATE__PLACE_NO_SHOW;
    command->who = invent_one_in(inventor, 20) ? WHO_T07 : WHO_H1;
    for (int i = 0; i < 8 && inventor->world->booking_count > 0; i++) {
        booking = &inventor->world->bookings[invent_roll(inventor, inventor->world->booking_count)];
        if (booking->state == REFERRAL__BOOKING_STATE__PLACE_BOOKED && has_started(inventor, booking))
            break;
    }
    if (booking != NULL)
        command->booking = booking->name;
}

void invent_event(struct inventor *inventor, struct command *command)
{
    static const Referral__EventType events[] = {
        REFERRAL__EVENT_TYPE__EVENT_ACCEPT,         REFERRAL__EVENT_TYPE__EVENT_ACCEPT,
        REFERRAL__EVENT_TYPE__EVENT_ACCEPT,         REFERRAL__EVENT_TYPE__EVENT_REQUEST_INFO,
        REFERRAL__EVENT_TYPE__EVENT_SUPPLY_INFO,    REFERRAL__EVENT_TYPE__EVENT_REJECT,
        REFERRAL__EVENT_TYPE__EVENT_CANCEL,         REFERRAL__EVENT_TYPE__EVENT_ARRIVE,
        REFERRAL__EVENT_TYPE__EVENT_NO_SHOW,        REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING,
        REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING, REFERRAL__EVENT_TYPE__EVENT_LEAVE_LIST,
        REFERRAL__EVENT_TYPE__EVENT_START};
    const struct m_referral *referral;
    bool by_sender;

    if (inventor->world->referral_count == 0) {
        invent_submit(inventor, command);
        return;
    }
    referral = &inventor->world->referrals[some_referral(inventor)];
    command->op = OP_EVENT;
    command->event = events[invent_roll(inventor, 13)];
    command->referral = referral->label;
    by_sender = command->event == REFERRAL__EVENT_TYPE__EVENT_SUPPLY_INFO ||
                command->event == REFERRAL__EVENT_TYPE__EVENT_CANCEL ||
                (command->event >= REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING &&
                 command->event <= REFERRAL__EVENT_TYPE__EVENT_LEAVE_LIST && invent_one_in(inventor, 2));
    command->who = by_sender ? referral->sender : referral->receiver;
    if (invent_one_in(inventor, 30))
        command->who = (enum who)invent_roll(inventor, WHO_COUNT);
    if (command->event == REFERRAL__EVENT_TYPE__EVENT_REJECT || command->event == REFERRAL__EVENT_TYPE__EVENT_CANCEL ||
        command->event == REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING)
        command->reason = REFERRAL__REASON__PATIENT_DECLINED;
    if (command->event == REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING && command->who == WHO_H1 &&
        invent_one_in(inventor, 2))
        command->reason = REFERRAL__REASON__NOT_AVAILABLE;
}
