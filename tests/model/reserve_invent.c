/* reserve_invent.c - the next thing that happens, chosen by dice from what the model's world has. */
#include "reserve_invent.h"

#include <stdlib.h>
#include <string.h>

/* C4: what was held back in doubt is looked at again within a minute. */
#define LATE_BY_DOUBT_MS (MINUTE_MS + 1)

struct inventor {
    uint64_t dice;
    struct world world; /* as the rules alone have it */
    bool mostly_small;  /* few pools of few units: the corners */
    int slots;          /* that take part */
    int64_t now;
    int doubt_from, doubt_to; /* these commands are judged in doubt of the time (C4) */
};

static int roll(struct inventor *inventor, int sides)
{
    inventor->dice = inventor->dice * 6364136223846793005ULL + 1442695040888963407ULL;
    return (int)((inventor->dice >> 33) % (uint64_t)sides);
}

static bool one_in(struct inventor *inventor, int sides)
{
    return roll(inventor, sides) == 0;
}

static int64_t day_ms(int day, int64_t time_of_day)
{
    struct date base = instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES);

    return instant_of_local(date_from_days(date_to_days(base) + day), time_of_day, RESERVE_OFFSET_MINUTES).ms;
}

/* ---- Time ---- */

/* Mostly none passes; else a little, or up to the next instant that matters: just before, at, just after. */
static void let_time_pass(struct inventor *inventor, struct command *command)
{
    int64_t next = reserve_next_instant(&inventor->world, inventor->now);

    switch (roll(inventor, 30)) {
    case 0:
        inventor->now += 1 + roll(inventor, 5 * (int)MINUTE_MS);
        break;
    case 1:
    case 2:
    case 3:
        if (next != 0 && (next < inventor->now + HOUR_MS || (next < inventor->now + DAY_MS && one_in(inventor, 8)) ||
                          one_in(inventor, 400))) {
            next += roll(inventor, 3) - 1;
            inventor->now = next > inventor->now ? next : inventor->now;
        }
        break;
    case 4:
        if (one_in(inventor, 6))
            inventor->now += roll(inventor, 8 * (int)HOUR_MS);
        break;
    case 5:
        if (one_in(inventor, 30)) { /* around midnight in Shanghai */
            int64_t day = (inventor->now - day_ms(0, 0)) / DAY_MS;

            inventor->now = day_ms((int)day + 1, 0) - 1 + roll(inventor, 3);
        }
        break;
    default:
        command->apart = one_in(inventor, 4);
    }
    command->at_ms = inventor->now;
}

/* ---- Choosing ---- */

static int any_slot(struct inventor *inventor)
{
    return roll(inventor, inventor->slots);
}

/* One that is published, if the dice find one. */
static int some_pool(struct inventor *inventor)
{
    int slot = any_slot(inventor);

    for (int i = 0; i < 4 && (!inventor->world.pools[slot].exists || inventor->world.pools[slot].cancelled); i++)
        slot = any_slot(inventor);
    return slot;
}

static int some_unit(struct inventor *inventor, int slot)
{
    const struct m_pool *pool = &inventor->world.pools[slot];

    if (pool->count == 0 || one_in(inventor, 30))
        return 1 + roll(inventor, 12);
    return pool->units[roll(inventor, pool->count)].number;
}

/* Mostly a live one. */
static int some_referral(struct inventor *inventor)
{
    int count = inventor->world.referral_count, referral = 0;

    for (int i = 0; i < 6; i++) {
        referral = count - 1 - roll(inventor, count < 14 ? count : 14);
        if (inventor->world.referrals[referral].state <= REFERRAL__STATE__IN_CARE)
            break;
    }
    return referral;
}

static int some_booking(struct inventor *inventor, Referral__BookingState state)
{
    int count = inventor->world.booking_count, booking = NOBODY;

    for (int i = 0; i < 12 && count > 0; i++) {
        booking = count - 1 - roll(inventor, count < 24 ? count : 24);
        if (inventor->world.bookings[booking].state == state)
            break;
    }
    return booking;
}

/* The party that may, or seldom somebody else. */
static enum who somebody(struct inventor *inventor, int referral)
{
    if (one_in(inventor, 40))
        return (enum who)roll(inventor, WHO_COUNT);
    if (referral == NOBODY || one_in(inventor, 4))
        return WHO_H1;
    if (inventor->world.referrals[referral].sender == WHO_V01 && one_in(inventor, 2))
        return WHO_T07; /* speaks for it */
    return inventor->world.referrals[referral].sender;
}

/* ---- What happens ---- */

static void invent_submit(struct inventor *inventor, struct command *command)
{
    int kind = roll(inventor, 12);

    command->op = OP_SUBMIT;
    command->who = kind < 6 ? WHO_T07 : kind < 10 ? WHO_T08 : kind == 10 ? WHO_T07 : WHO_H2;
    if (kind < 4 && one_in(inventor, 4))
        command->who = WHO_V01;
    command->team = kind < 4 ? 1 : kind < 6 ? 2 : kind < 9 ? 3 : 0;
    command->priority = one_in(inventor, 10)  ? REFERRAL__PRIORITY__EMERGENCY
                        : one_in(inventor, 4) ? REFERRAL__PRIORITY__URGENT
                                              : REFERRAL__PRIORITY__ROUTINE;
    command->patient = one_in(inventor, 3) ? roll(inventor, PATIENTS) : PATIENTS + command->label;
    command->receiver = command->who != WHO_H2 && one_in(inventor, 40) ? WHO_H2 : WHO_H1;
}

static void invent_runs(struct inventor *inventor, struct command *command)
{
    static const int lengths[] = {0, 10, 30};
    int most = inventor->mostly_small ? 8 : 24;
    bool bed = reserve_slots[command->slot].class == REFERRAL__PLACE_CLASS__BED;
    int minutes = bed ? 0 : lengths[roll(inventor, 3)];

    command->run_count = 1;
    command->runs[0] = (struct run){1 + roll(inventor, most), bed ? 480 : 480 + 60 * roll(inventor, 4), minutes};
    if (!bed && one_in(inventor, 4)) {
        command->run_count = 2;
        command->runs[1] = (struct run){1 + roll(inventor, 4), 14 * 60, minutes};
    }
}

static void invent_terms(struct inventor *inventor, struct command *command)
{
    static const int shares[] = {2000, 2000, 2500, 3333, 5000, 8000, 10000};
    const struct slot *slot = &reserve_slots[command->slot];

    command->reserve_bp = shares[roll(inventor, 7)];
    if (one_in(inventor, 60))
        command->reserve_bp = one_in(inventor, 2) ? 1999 : 10001;
    if (slot->class == REFERRAL__PLACE_CLASS__EXAM || one_in(inventor, 5))
        command->span = 1 + roll(inventor, 3);
    if (one_in(inventor, 3))
        command->fd_opens_at = inventor->now + roll(inventor, 6 * (int)HOUR_MS);
    if (one_in(inventor, 2))
        command->general_opens_at = inventor->now + roll(inventor, 10 * (int)HOUR_MS);
    if (one_in(inventor, 3))
        command->release_at = day_ms(slot->day, 8 * HOUR_MS) - roll(inventor, 50) * HOUR_MS;
    if (one_in(inventor, 8) && command->fd_opens_at != 0)
        command->release_at = command->fd_opens_at; /* set to the opening */
}

/* As it is, with another number of units in a run, or other terms. */
static void invent_change(struct inventor *inventor, struct command *command)
{
    const struct m_pool *pool = &inventor->world.pools[command->slot];
    int64_t midnight = day_ms(reserve_slots[command->slot].day, 0);

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
    if (command->run_count > 0 && !one_in(inventor, 3)) {
        struct run *run = &command->runs[roll(inventor, command->run_count)];

        run->count += roll(inventor, 5) - 2;
        if (run->count < 1)
            run->count = 1;
    }
    command->displace = one_in(inventor, 2);
    if (one_in(inventor, 3))
        invent_terms(inventor, command);
    command->span = one_in(inventor, 3) ? command->span : 0;
}

static void invent_put(struct inventor *inventor, struct command *command)
{
    command->op = OP_PUT;
    command->slot = any_slot(inventor);
    if (inventor->world.pools[command->slot].exists) {
        invent_change(inventor, command);
        return;
    }
    if (!one_in(inventor, 20))
        invent_runs(inventor, command);
    if (!one_in(inventor, 4))
        invent_terms(inventor, command);
}

static void invent_group(struct inventor *inventor, struct command *command)
{
    command->op = OP_GROUP;
    command->slot = some_pool(inventor);
    invent_terms(inventor, command);
    command->fd_opens_at = 0;
    if (one_in(inventor, 2))
        command->fd_opens_at = inventor->now;
}

static void pick_units(struct inventor *inventor, struct command *command, int most)
{
    command->picked_count = 1 + roll(inventor, most);
    for (int i = 0; i < command->picked_count; i++) {
        command->picked[i] = some_unit(inventor, command->slot);
        for (int before = 0; before < i; before++)
            if (command->picked[before] == command->picked[i]) {
                command->picked_count = i;
                return;
            }
    }
}

static void invent_capacity(struct inventor *inventor, struct command *command)
{
    static const enum op ops[] = {OP_CUT, OP_BLOCK, OP_BLOCK, OP_UNBLOCK};

    command->op = one_in(inventor, 60) ? OP_CANCEL_POOL : ops[roll(inventor, 4)];
    command->slot = some_pool(inventor);
    command->reason = 1 + roll(inventor, 7);
    command->displace = command->op == OP_CUT && one_in(inventor, 2);
    if (command->op == OP_CANCEL_POOL)
        return;
    if (one_in(inventor, 2))
        command->count = 1 + roll(inventor, one_in(inventor, 6) ? 8 : 2);
    else
        pick_units(inventor, command, 3);
}

static void invent_channel(struct inventor *inventor, struct command *command)
{
    int referral = inventor->world.referral_count == 0 || one_in(inventor, 3) ? NOBODY : some_referral(inventor);
    const struct m_referral *named = referral == NOBODY ? NULL : &inventor->world.referrals[referral];

    command->referral = named == NULL ? NOBODY : named->label;
    command->who = somebody(inventor, referral);
    command->reference = named == NULL;
    command->channel = named == NULL || named->team == 0 || named->priority == REFERRAL__PRIORITY__EMERGENCY
                           ? REFERRAL__CHANNEL__GENERAL
                           : REFERRAL__CHANNEL__FAMILY_DOCTOR;
    if (one_in(inventor, 30))
        command->channel = one_in(inventor, 2) ? REFERRAL__CHANNEL__GENERAL : REFERRAL__CHANNEL__FAMILY_DOCTOR;
    command->count = one_in(inventor, 4) ? 1 + roll(inventor, 3) : 1;
}

static void invent_take(struct inventor *inventor, struct command *command)
{
    command->op = one_in(inventor, 2) ? OP_HOLD : OP_BOOK;
    command->slot = some_pool(inventor);
    invent_channel(inventor, command);
    if (one_in(inventor, 4))
        command->first = some_unit(inventor, command->slot);
    if (command->op == OP_HOLD && one_in(inventor, 3))
        command->minutes = 1 + roll(inventor, 31);
    if (command->op == OP_BOOK && command->referral == NOBODY && one_in(inventor, 6)) {
        command->allotment = true;
        command->first = 0;
        command->count = 1 + roll(inventor, 4);
    }
}

static void invent_join(struct inventor *inventor, struct command *command)
{
    command->op = OP_JOIN;
    command->slot = some_pool(inventor);
    invent_channel(inventor, command);
    command->any_resource = !one_in(inventor, 3);
    command->first_day = roll(inventor, 4);
    command->last_day = command->first_day + roll(inventor, 4);
    if (one_in(inventor, 40))
        command->last_day = command->first_day + (one_in(inventor, 2) ? -1 : 93);
}

static void invent_leave(struct inventor *inventor, struct command *command)
{
    int count = inventor->world.entry_count,
        entry = count == 0 ? NOBODY : count - 1 - roll(inventor, count < 8 ? count : 8);

    command->op = OP_LEAVE;
    if (entry == NOBODY)
        return;
    command->entry = inventor->world.entries[entry].name;
    command->who = somebody(inventor, inventor->world.entries[entry].referral);
}

static void invent_confirm(struct inventor *inventor, struct command *command)
{
    int booking = some_booking(inventor, one_in(inventor, 6) ? REFERRAL__BOOKING_STATE__PLACE_LAPSED
                                                             : REFERRAL__BOOKING_STATE__PLACE_HELD);

    command->op = OP_CONFIRM;
    if (booking == NOBODY)
        return;
    command->booking = inventor->world.bookings[booking].name;
    command->who = somebody(inventor, inventor->world.bookings[booking].referral);
}

static bool has_started(const struct inventor *inventor, const struct m_booking *booking)
{
    return booking->start <= inventor->now;
}

static void invent_cancel(struct inventor *inventor, struct command *command)
{
    static const int reasons[] = {REFERRAL__REASON__PATIENT_DECLINED, REFERRAL__REASON__NOT_AVAILABLE,
                                  REFERRAL__REASON__PATIENT_DECLINED, 0};
    int id = some_booking(inventor, one_in(inventor, 3) ? REFERRAL__BOOKING_STATE__PLACE_HELD
                                                        : REFERRAL__BOOKING_STATE__PLACE_BOOKED);
    const struct m_booking *booking;

    command->op = OP_CANCEL;
    if (id == NOBODY)
        return;
    booking = &inventor->world.bookings[id];
    command->booking = booking->name;
    command->who = somebody(inventor, booking->referral);
    command->reason = reasons[roll(inventor, one_in(inventor, 20) ? 4 : 3)];
    if (command->who != WHO_H1 && command->reason == REFERRAL__REASON__NOT_AVAILABLE)
        command->reason = REFERRAL__REASON__PATIENT_DECLINED;
    if (booking->allotment && booking->count > 0 && !has_started(inventor, booking) && one_in(inventor, 2)) {
        command->picked_count = 1;
        command->picked[0] = booking->units[roll(inventor, booking->count)];
    }
}

static void invent_change_of_place(struct inventor *inventor, struct command *command)
{
    int id = some_booking(inventor, REFERRAL__BOOKING_STATE__PLACE_BOOKED);
    const struct m_booking *booking;

    command->op = one_in(inventor, 4) ? OP_DISPLACE : OP_MOVE;
    if (id == NOBODY)
        return;
    booking = &inventor->world.bookings[id];
    command->booking = booking->name;
    command->who = command->op == OP_DISPLACE && !one_in(inventor, 20) ? WHO_H1 : somebody(inventor, booking->referral);
    command->slot = one_in(inventor, 2) ? booking->slot : some_pool(inventor);
    command->reason = command->op == OP_DISPLACE ? REFERRAL__REASON__NOT_AVAILABLE : 0;
    if (command->op == OP_MOVE && !one_in(inventor, 3))
        command->first = some_unit(inventor, command->slot);
}

/* Mostly a place that has begun. */
static void invent_mark(struct inventor *inventor, struct command *command)
{
    const struct m_booking *booking = NULL;

    command->op = OP_MARK;
    command->mark = one_in(inventor, 2) ? REFERRAL__BOOKING_STATE__PLACE_USED : REFERRAL__BOOKING_STATE__PLACE_NO_SHOW;
    command->who = one_in(inventor, 20) ? WHO_T07 : WHO_H1;
    for (int i = 0; i < 8 && inventor->world.booking_count > 0; i++) {
        booking = &inventor->world.bookings[roll(inventor, inventor->world.booking_count)];
        if (booking->state == REFERRAL__BOOKING_STATE__PLACE_BOOKED && has_started(inventor, booking))
            break;
    }
    if (booking != NULL)
        command->booking = booking->name;
}

static void invent_event(struct inventor *inventor, struct command *command)
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

    if (inventor->world.referral_count == 0) {
        invent_submit(inventor, command);
        return;
    }
    referral = &inventor->world.referrals[some_referral(inventor)];
    command->op = OP_EVENT;
    command->event = events[roll(inventor, 13)];
    command->referral = referral->label;
    by_sender = command->event == REFERRAL__EVENT_TYPE__EVENT_SUPPLY_INFO ||
                command->event == REFERRAL__EVENT_TYPE__EVENT_CANCEL ||
                (command->event >= REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING &&
                 command->event <= REFERRAL__EVENT_TYPE__EVENT_LEAVE_LIST && one_in(inventor, 2));
    command->who = by_sender ? referral->sender : referral->receiver;
    if (one_in(inventor, 30))
        command->who = (enum who)roll(inventor, WHO_COUNT);
    if (command->event == REFERRAL__EVENT_TYPE__EVENT_REJECT || command->event == REFERRAL__EVENT_TYPE__EVENT_CANCEL ||
        command->event == REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING)
        command->reason = REFERRAL__REASON__PATIENT_DECLINED;
    if (command->event == REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING && command->who == WHO_H1 && one_in(inventor, 2))
        command->reason = REFERRAL__REASON__NOT_AVAILABLE;
}

static void invent_any(struct inventor *inventor, struct command *command)
{
    static const struct {
        int weight;
        void (*invent)(struct inventor *inventor, struct command *command);
    } ways[] = {
        {14, invent_submit},         {6, invent_put},      {1, invent_group},
        {8, invent_capacity},        {40, invent_take},    {8, invent_join},
        {2, invent_leave},           {12, invent_confirm}, {14, invent_cancel},
        {8, invent_change_of_place}, {3, invent_mark},     {10, invent_event},
    };
    int total = 0, drawn;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        total += ways[i].weight;
    drawn = roll(inventor, total);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        drawn -= ways[i].weight;
        if (drawn < 0) {
            ways[i].invent(inventor, command);
            return;
        }
    }
}

/* What the rules make of it, so that what comes next fits; where they are silent it is as if it was accepted. */
static void carry_out(struct inventor *inventor, const struct command *command)
{
    struct answer answer;

    if (reserve_judge(&inventor->world, command, &answer) && answer.code_count == 0)
        reserve_perform(&inventor->world, command, &answer);
}

/* The clock, whenever something is due; nothing is late but on purpose. */
static void come_round(struct inventor *inventor, struct command *command, int64_t before, bool doubt_changed)
{
    struct command clock = reserve_clock_before(command);
    int64_t next;

    command->late = inventor->slots == 1 && one_in(inventor, 3);
    if (command->late)
        return;
    while (!doubt_changed && (next = reserve_next_instant(&inventor->world, before)) != 0 && next < inventor->now) {
        before = clock.at_ms = next;
        carry_out(inventor, &clock);
    }
    clock.at_ms = inventor->now;
    carry_out(inventor, &clock);
}

static bool fits(const struct inventor *inventor)
{
    const struct world *world = &inventor->world;

    return world->booking_count < BOOKINGS_MAX - 100 && world->entry_count < ENTRIES_MAX - 100 &&
           world->referral_count < REFERRALS_MAX - 2;
}

void invent(uint64_t seed, struct command *ret_commands, int count)
{
    struct inventor *inventor = calloc(1, sizeof *inventor);

    inventor->dice = seed * 0x9E3779B97F4A7C15ULL + 1;
    roll(inventor, 2);
    inventor->mostly_small = roll(inventor, 3) != 0;
    inventor->slots = one_in(inventor, 4) ? 1 : 1 + roll(inventor, SLOTS);
    inventor->now = RESERVE_BASE + (one_in(inventor, 3) ? roll(inventor, 44 * (int)HOUR_MS) : 0);
    if (inventor->slots == 1 && one_in(inventor, 2)) {
        inventor->doubt_from = roll(inventor, count);
        inventor->doubt_to = inventor->doubt_from + roll(inventor, 100);
    }
    reserve_init(&inventor->world);
    for (int i = 0; i < count; i++) {
        struct command *command = &ret_commands[i];
        int64_t before = inventor->now;

        *command = (struct command){.label = i, .referral = NOBODY, .booking = {NOBODY, 0}, .entry = {NOBODY, 0}};
        let_time_pass(inventor, command);
        if (i == inventor->doubt_to && i > inventor->doubt_from)
            inventor->now += LATE_BY_DOUBT_MS;
        command->at_ms = inventor->now;
        command->doubt = i >= inventor->doubt_from && i < inventor->doubt_to;
        inventor->world.doubt = command->doubt;
        if (inventor->now > before || i == inventor->doubt_from || i == inventor->doubt_to)
            come_round(inventor, command, before, i == inventor->doubt_from || i == inventor->doubt_to);
        if (fits(inventor))
            invent_any(inventor, command);
        else
            command->op = OP_CLOCK;
        command->at_ms = inventor->now;
        carry_out(inventor, command);
        if (command->late) {
            struct command clock = reserve_clock_before(command);

            carry_out(inventor, &clock);
        }
    }
    free(inventor);
}
