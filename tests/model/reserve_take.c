/* reserve_take.c - holding, booking, and waiting for a place (Q3 to Q8, Q15). */
#include "reserve_inside.h"

#define HOLD_MINUTES 10 /* Q7: unless another time is asked, at most ... */
#define HOLD_MAX     30
#define WAIT_DAYS    92
#define WAIT_UNITS   8

void m_open_judge(const struct world *world, int slot, Referral__Channel channel, struct answer *answer)
{
    const struct m_pool *pool = &world->pools[slot];
    bool family = channel == REFERRAL__CHANNEL__FAMILY_DOCTOR;

    if (pool->cancelled)
        m_say(answer, "POOL_CANCELLED");
    if ((family ? pool->fd_opens_at : pool->general_opens_at) > world->now)
        m_say(answer, "NOT_OPEN_YET");
}

static struct taker taker_of(const struct world *world, const struct command *command, Referral__PlaceClass class)
{
    int referral = command->referral == NOBODY ? NOBODY : reserve_find_referral(world, command->referral);

    return (struct taker){.who = command->who,
                          .channel = command->channel,
                          .referral = referral,
                          .own_booking = NOBODY,
                          .own_entry = NOBODY,
                          .class = class,
                          .reference = command->reference};
}

/* Q15: so many units that general may take, consecutive or not, the latest first. */
static int choose_any(struct world *world, const struct command *command, int ret_units[UNITS_MAX])
{
    const struct m_pool *pool = &world->pools[command->slot];
    int count = 0;

    m_units_mark(world, command->slot);
    for (int i = pool->count - 1; i >= 0 && count < command->count; i--)
        if (pool->units[i].state == REFERRAL__UNIT_STATE__UNIT_FREE && pool->units[i].start > world->now &&
            !pool->units[i].marked)
            ret_units[count++] = i;
    return count;
}

static bool choose(struct world *world, const struct command *command, int ret_units[UNITS_MAX])
{
    struct wish wish = {.slot = command->slot,
                        .count = command->count,
                        .first = command->first,
                        .channel = command->channel,
                        .entry = NOBODY};

    if (command->allotment)
        return choose_any(world, command, ret_units) == command->count;
    return m_units_choose(world, &wish, ret_units);
}

static void why_no_allotment(struct world *world, const struct command *command, struct answer *answer)
{
    struct counts alone, counts = reserve_counts(world, command->slot);

    alone = reserve_counts_alone(world, command->slot);
    if (counts.deficit > 0)
        m_say(answer, "GENERAL_CLOSED");
    if (alone.free < command->count || world->pools[command->slot].start <= world->now)
        m_say(answer, "NO_FREE");
    if (alone.marked > 0)
        m_say(answer, "RESERVED");
    if (answer->code_count == 0 || world->pools[command->slot].start <= world->now)
        m_say(answer, "STARTED");
}

static void pool_judge(struct world *world, const struct command *command, struct answer *answer)
{
    struct wish wish = {.slot = command->slot,
                        .count = command->count,
                        .first = command->first,
                        .channel = command->channel,
                        .entry = NOBODY};
    int units[UNITS_MAX];

    m_open_judge(world, command->slot, command->channel, answer);
    if (choose(world, command, units))
        return;
    if (command->allotment)
        why_no_allotment(world, command, answer);
    else
        m_units_why_not(world, &wish, answer);
}

static void allotment_judge(const struct command *command, struct answer *answer)
{
    if (!command->allotment)
        return;
    if (command->who != WHO_H1)
        m_say(answer, "NOT_ALLOWED");
    if (command->channel != REFERRAL__CHANNEL__GENERAL || command->referral != NOBODY || command->first != 0 ||
        command->op == OP_HOLD) {
        m_say(answer, "NOT_EXPECTED");
        m_say(answer, "BAD_VALUE");
    }
}

static void join_judge(struct world *world, const struct command *command, struct answer *answer)
{
    struct taker taker = taker_of(world, command, reserve_slots[command->slot].class);

    m_life_conditions(world, &taker, answer);
    if (command->last_day < command->first_day)
        m_say(answer, "BAD_ORDER");
    if (command->last_day < m_day_of(world->now)) {
        m_say(answer, "PAST_SESSION");
        m_say(answer, "OUT_OF_RANGE");
        m_say(answer, "BAD_ORDER");
    }
    if (command->last_day - command->first_day > WAIT_DAYS || command->count > WAIT_UNITS)
        m_say(answer, "OUT_OF_RANGE");
}

void m_take_judge(struct world *world, const struct command *command, struct answer *answer)
{
    struct taker taker = taker_of(world, command, reserve_slots[command->slot].class);

    if (command->op == OP_JOIN) {
        join_judge(world, command, answer);
        return;
    }
    taker.holds = command->op == OP_HOLD;
    m_life_conditions(world, &taker, answer);
    allotment_judge(command, answer);
    if (command->minutes > HOLD_MAX)
        m_say(answer, "OUT_OF_RANGE");
    if (world->pools[command->slot].exists)
        pool_judge(world, command, answer);
    else
        m_say(answer, "UNKNOWN_POOL");
}

static void join_perform(struct world *world, const struct command *command, struct answer *answer)
{
    const struct slot *slot = &reserve_slots[command->slot];
    int referral = command->referral == NOBODY ? NOBODY : reserve_find_referral(world, command->referral);
    struct m_entry seed = {.class = slot->class,
                           .department = slot->department,
                           .slot = command->any_resource ? NOBODY : command->slot,
                           .first_day = command->first_day,
                           .last_day = command->last_day,
                           .units = command->count,
                           .referral = referral,
                           .channel = command->channel};
    struct m_referral *joins = referral == NOBODY ? NULL : &world->referrals[referral];
    struct tiding tiding = {
        .event = REFERRAL__EVENT_TYPE__EVENT_WAITLIST, .referral = referral, .told = TOLD_OTHERS, .by = SIDE_SPEAKER};

    answer->entry = m_entry_make(world, &seed);
    if (joins == NULL)
        return;
    if (joins->state <= REFERRAL__STATE__NO_SHOW && joins->state != REFERRAL__STATE__BOOKED &&
        joins->state != REFERRAL__STATE__WAITLISTED) { /* else it is of a further class: no state changes */
        joins->rebookings += joins->state == REFERRAL__STATE__NO_SHOW;
        joins->state = REFERRAL__STATE__WAITLISTED;
        m_claim_of(world, referral, slot->class)->is_main = true;
        tiding.is_step = true;
    }
    m_tell(world, &tiding);
}

void m_take_perform(struct world *world, const struct command *command, struct answer *answer)
{
    int64_t minutes = command->minutes != 0 ? command->minutes : HOLD_MINUTES, until, start;
    int units[UNITS_MAX];
    bool found;

    if (command->op == OP_JOIN) {
        join_perform(world, command, answer);
        return;
    }
    found = choose(world, command, units);
    assert(found);
    until = world->now + minutes * MINUTE_MS;
    start = world->pools[command->slot].units[units[0]].start;
    answer->booking = m_booking_make(
        world, &(struct seed){
                   .slot = command->slot,
                   .count = command->count,
                   .referral = command->referral == NOBODY ? NOBODY : reserve_find_referral(world, command->referral),
                   .entry = NOBODY,
                   .units = units,
                   .channel = command->channel,
                   .expires_at = until < start ? until : start,
                   .allotment = command->allotment,
                   .counts_as_hold = command->op == OP_HOLD && command->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR});
    if (command->op == OP_HOLD)
        return;
    world->bookings[answer->booking].state = REFERRAL__BOOKING_STATE__PLACE_BOOKED;
    m_booking_drives(world, answer->booking, false);
}
