/* reserve_model.c - a command from judgement to what follows from it. */
#include "reserve_inside.h"

const char *const reserve_who[WHO_STRANGER + 1] = {"H1", "H2", "T07", "T08", "V01", "C1", "a stranger"};

void m_say(struct answer *answer, const char *code)
{
    for (int i = 0; i < answer->code_count; i++)
        if (strcmp(answer->codes[i], code) == 0)
            return;
    assert(answer->code_count < CODES_MAX);
    answer->codes[answer->code_count++] = code;
}

void reserve_init(struct world *world)
{
    memset(world, 0, sizeof *world);
}

/* Only what is in use: worlds are copied often. */
void reserve_copy(struct world *to, const struct world *from)
{
    size_t counts = offsetof(struct world, booking_count);

    memcpy(to, from, offsetof(struct world, bookings));
    memcpy(to->bookings, from->bookings, (size_t)from->booking_count * sizeof *from->bookings);
    memcpy(to->entries, from->entries, (size_t)from->entry_count * sizeof *from->entries);
    memcpy(to->referrals, from->referrals, (size_t)from->referral_count * sizeof *from->referrals);
    memcpy((char *)to + counts, (const char *)from + counts, sizeof *from - counts);
}

struct command reserve_clock_before(const struct command *command)
{
    return (struct command){.op = OP_CLOCK,
                            .label = -2 - command->label,
                            .at_ms = command->at_ms,
                            .doubt = command->doubt,
                            .referral = NOBODY};
}

static bool names_booking(enum op op)
{
    return op == OP_CONFIRM || op == OP_CANCEL || op == OP_MOVE || op == OP_DISPLACE || op == OP_MARK;
}

static bool is_there(const struct world *world, const struct command *command)
{
    if (names_booking(command->op))
        return reserve_find_booking(world, command->booking) != NOBODY;
    if (command->op == OP_LEAVE)
        return reserve_find_entry(world, command->entry) != NOBODY;
    if (command->op == OP_EVENT || (command->referral != NOBODY && command->op != OP_SUBMIT &&
                                    (command->op == OP_HOLD || command->op == OP_BOOK || command->op == OP_JOIN)))
        return reserve_find_referral(world, command->referral) != NOBODY;
    return true;
}

/* What is refused before any pool is looked at touches none. */
static bool looks_at_pools(const struct world *world, const struct command *command)
{
    if (command->op < OP_PUT || command->op > OP_GROUP)
        return true;
    if (command->who != WHO_H1)
        return false;
    return command->op != OP_PUT || m_put_looks(world, command);
}

/* C3: what is due of the pools and the referral that the command is about. */
static void touch(struct world *world, const struct command *command)
{
    int booking = names_booking(command->op) ? reserve_find_booking(world, command->booking) : NOBODY;
    int entry = command->op == OP_LEAVE ? reserve_find_entry(world, command->entry) : NOBODY;
    int referral = command->referral == NOBODY || command->op == OP_SUBMIT
                       ? NOBODY
                       : reserve_find_referral(world, command->referral);

    if (booking != NOBODY) {
        m_pool_touch(world, world->bookings[booking].slot);
        referral = world->bookings[booking].referral;
    }
    if (entry != NOBODY) {
        referral = world->entries[entry].referral;
        if (world->entries[entry].offer != NOBODY)
            m_pool_touch(world, world->bookings[world->entries[entry].offer].slot);
    }
    if (command->op >= OP_PUT && command->op <= OP_BOOK)
        m_pool_touch(world, command->slot);
    if (command->op == OP_CUT || command->op == OP_PUT || command->op == OP_CANCEL_POOL)
        m_bearers_touch(world, command->slot);
    if (command->op == OP_MOVE)
        m_pool_touch(world, command->slot);
    if (referral != NOBODY)
        m_referral_touch(world, referral);
}

bool reserve_judge(struct world *world, const struct command *command, struct answer *ret_answer)
{
    *ret_answer = (struct answer){.booking = NOBODY, .entry = NOBODY, .offer = NOBODY};
    if (command->at_ms > world->now)
        m_books_keep(world);
    world->now = command->at_ms;
    world->doubt = command->doubt;
    world->who = command->who;
    if (world->label != command->label) /* the clock may come round several times before a command */
        world->made_bookings = world->made_entries = 0;
    world->label = command->label;
    if (!is_there(world, command))
        return false;
    if (looks_at_pools(world, command))
        touch(world, command);
    if (command->op == OP_EVENT)
        m_event_judge(world, command, ret_answer);
    else if (command->op == OP_WEEK || command->op == OP_DROP_WEEK)
        m_week_judge(world, command, ret_answer);
    else if (command->op >= OP_PUT && command->op <= OP_GROUP)
        m_publish_judge(world, command, ret_answer);
    else if (command->op == OP_HOLD || command->op == OP_BOOK || command->op == OP_JOIN)
        m_take_judge(world, command, ret_answer);
    else if (command->op >= OP_CONFIRM)
        m_change_judge(world, command, ret_answer);
    return true;
}

static void submit(struct world *world, const struct command *command)
{
    bool emergency = command->priority == REFERRAL__PRIORITY__EMERGENCY;
    struct m_referral *referral = &world->referrals[world->referral_count++];

    assert(world->referral_count <= REFERRALS_MAX);
    *referral = (struct m_referral){.label = command->label,
                                    .sender = command->who,
                                    .receiver = command->receiver,
                                    .team = command->team,
                                    .patient = command->patient,
                                    .priority = command->priority,
                                    .state = REFERRAL__STATE__SUBMITTED,
                                    .submitted_at = world->now,
                                    .valid_until = world->now + (emergency ? 1 : 14) * DAY_MS};
    for (int class = 0; class < CLASSES; class ++)
        referral->claims[class] = (struct m_claim){NOBODY, NOBODY, false, 0};
}

void reserve_perform(struct world *world, const struct command *command, struct answer *answer)
{
    if (command->op == OP_CLOCK)
        reserve_clock(world);
    else if (command->op == OP_SUBMIT)
        submit(world, command);
    else if (command->op == OP_EVENT)
        m_event_perform(world, command);
    else if (command->op == OP_WEEK || command->op == OP_DROP_WEEK)
        m_week_perform(world, command);
    else if (command->op >= OP_PUT && command->op <= OP_GROUP)
        m_publish_perform(world, command);
    else if (command->op == OP_HOLD || command->op == OP_BOOK || command->op == OP_JOIN)
        m_take_perform(world, command, answer);
    else
        m_change_perform(world, command, answer);
    m_settle(world);
    answer->offer = answer->entry == NOBODY ? NOBODY : world->entries[answer->entry].offer;
    if (answer->booking != NOBODY)
        answer->said = world->bookings[answer->booking];
    else if (answer->offer != NOBODY)
        answer->said = world->bookings[answer->offer];
}
