/* reserve_invent.c - the next thing that happens, chosen by dice from what the model's world has. */
#include "reserve_deeds.h"

#include <stdlib.h>
#include <string.h>

/* C4: what was held back in doubt is looked at again within a minute. */
#define LATE_BY_DOUBT_MS (MINUTE_MS + 1)

int invent_roll(struct inventor *inventor, int sides)
{
    inventor->dice = inventor->dice * 6364136223846793005ULL + 1442695040888963407ULL;
    return (int)((inventor->dice >> 33) % (uint64_t)sides);
}

bool invent_one_in(struct inventor *inventor, int sides)
{
    return invent_roll(inventor, sides) == 0;
}

int64_t invent_day_ms(int day, int64_t time_of_day)
{
    struct date base = instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES);

    return instant_of_local(date_from_days(date_to_days(base) + day), time_of_day, RESERVE_OFFSET_MINUTES).ms;
}

/* ---- Time ---- */

/* Mostly none passes; else a little, or up to the next instant that matters: just before, at, just after. */
static void let_time_pass(struct inventor *inventor, struct command *command)
{
    int64_t next = reserve_next_instant(inventor->world, inventor->now);

    switch (invent_roll(inventor, 30)) {
    case 0:
        inventor->now += 1 + invent_roll(inventor, 5 * (int)MINUTE_MS);
        break;
    case 1:
    case 2:
    case 3:
        if (next != 0 &&
            (next < inventor->now + HOUR_MS || (next < inventor->now + DAY_MS && invent_one_in(inventor, 8)) ||
             invent_one_in(inventor, 400))) {
            next += invent_roll(inventor, 3) - 1;
            inventor->now = next > inventor->now ? next : inventor->now;
        }
        break;
    case 4:
        if (invent_one_in(inventor, 6))
            inventor->now += invent_roll(inventor, 8 * (int)HOUR_MS);
        break;
    case 5:
        if (invent_one_in(inventor, 30)) { /* around midnight in Shanghai */
            int64_t day = (inventor->now - invent_day_ms(0, 0)) / DAY_MS;

            inventor->now = invent_day_ms((int)day + 1, 0) - 1 + invent_roll(inventor, 3);
        }
        break;
    default:
        command->apart = invent_one_in(inventor, 4);
    }
    command->at_ms = inventor->now;
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
    drawn = invent_roll(inventor, total);
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

    if (reserve_judge(inventor->world, command, &answer) && answer.code_count == 0)
        reserve_perform(inventor->world, command, &answer);
}

/* The clock, whenever something is due; nothing is late but on purpose. */
static void come_round(struct inventor *inventor, struct command *command, int64_t before, bool doubt_changed)
{
    struct command clock = reserve_clock_before(command);
    int64_t next;

    command->late = inventor->slots == 1 && invent_one_in(inventor, 3);
    if (command->late)
        return;
    while (!doubt_changed && (next = reserve_next_instant(inventor->world, before)) != 0 && next < inventor->now) {
        before = clock.at_ms = next;
        carry_out(inventor, &clock);
    }
    clock.at_ms = inventor->now;
    carry_out(inventor, &clock);
}

static bool fits(const struct inventor *inventor)
{
    const struct world *world = inventor->world;

    return world->booking_count < BOOKINGS_MAX - 100 && world->entry_count < ENTRIES_MAX - 100 &&
           world->referral_count < REFERRALS_MAX - 2;
}

void invent(uint64_t seed, struct command *ret_commands, int count)
{
    struct inventor *inventor = calloc(1, sizeof *inventor);

    inventor->world = calloc(1, sizeof *inventor->world);

    inventor->dice = seed * 0x9E3779B97F4A7C15ULL + 1;
    invent_roll(inventor, 2);
    inventor->recent = 14;
    inventor->mostly_small = invent_roll(inventor, 3) != 0;
    inventor->slots = invent_one_in(inventor, 4) ? 1 : 1 + invent_roll(inventor, SLOTS);
    inventor->now = RESERVE_BASE + (invent_one_in(inventor, 3) ? invent_roll(inventor, 44 * (int)HOUR_MS) : 0);
    if (inventor->slots == 1 && invent_one_in(inventor, 2)) {
        inventor->doubt_from = invent_roll(inventor, count);
        inventor->doubt_to = inventor->doubt_from + invent_roll(inventor, 100);
    }
    reserve_init(inventor->world);
    for (int i = 0; i < count; i++) {
        struct command *command = &ret_commands[i];
        int64_t before = inventor->now;

        *command = (struct command){.label = i, .referral = NOBODY, .booking = {NOBODY, 0}, .entry = {NOBODY, 0}};
        let_time_pass(inventor, command);
        if (i == inventor->doubt_to && i > inventor->doubt_from)
            inventor->now += LATE_BY_DOUBT_MS;
        command->at_ms = inventor->now;
        command->doubt = i >= inventor->doubt_from && i < inventor->doubt_to;
        inventor->world->doubt = command->doubt;
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
    free(inventor->world);
    free(inventor);
}
