/* reserve_invent_week.c - a hospital's week, chosen by dice: mostly one that has something to say about the next few
 * days. */
#include "reserve_deeds.h"

#include <string.h>

#define DAYS_AHEAD  4 /* that are mostly published */
#define DAYS_A_TURN 5 /* it has time for no more */
/* A timetable may have no end as long as so many days are left, and has none any more when so many are: it publishes
 * two weeks ahead. */
#define DAYS_TO_BEGIN 30
#define DAYS_TO_END   26

static int weekday_of(int day)
{
    struct date base = instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES);

    return (int)date_weekday(date_from_days(date_to_days(base) + day)) + 1;
}

static int last_day(void)
{
    int last = 0;

    for (int i = 0; i < SLOTS; i++)
        last = reserve_slots[i].day > last ? reserve_slots[i].day : last;
    return last;
}

/* Another resource of the same list. */
static int some_resource(struct inventor *inventor, int slot)
{
    int other = slot;

    for (int i = 0; i < 4; i++) {
        other = inventor->first_slot + invent_roll(inventor, inventor->slots);
        if (reserve_slots[other].class == reserve_slots[slot].class)
            break;
    }
    return reserve_slots[other].class == reserve_slots[slot].class ? other : slot;
}

static void invent_session(struct inventor *inventor, struct session *session, int slot)
{
    static const int lengths[] = {0, 10, 30}, shares[] = {0, 0, 2000, 2500, 5000, 10000};
    bool bed = reserve_slots[slot].class == REFERRAL__PLACE_CLASS__BED;
    int minutes = bed ? 0 : lengths[invent_roll(inventor, 3)];

    *session = (struct session){.slot = some_resource(inventor, slot), .release_before = NOBODY, .run_count = 1};
    session->runs[0] =
        (struct run){1 + invent_roll(inventor, 8), bed ? 480 : 480 + 60 * invent_roll(inventor, 4), minutes};
    if (!bed && invent_one_in(inventor, 3)) {
        session->run_count = 2;
        session->runs[1] = (struct run){1 + invent_roll(inventor, 4), 14 * 60, minutes};
    }
    session->reserve_bp = shares[invent_roll(inventor, 6)];
    if (reserve_slots[slot].class == REFERRAL__PLACE_CLASS__EXAM)
        session->span = invent_roll(inventor, 4);
    if (invent_one_in(inventor, 4))
        session->release_before = invent_roll(inventor, 49) * 60;
}

static void invent_sessions(struct inventor *inventor, struct command *command)
{
    struct week *week = &command->week;

    week->session_count = invent_one_in(inventor, 10) ? 0 : 1 + invent_roll(inventor, SESSIONS_MAX);
    for (int i = 0; i < week->session_count; i++) {
        invent_session(inventor, &week->sessions[i], command->slot);
        week->sessions[i].weekday = weekday_of(inventor->today + invent_roll(inventor, DAYS_AHEAD + 1));
        for (int j = 0; j < i; j++)
            if (week->sessions[j].weekday == week->sessions[i].weekday &&
                strcmp(reserve_slots[week->sessions[j].slot].resource,
                       reserve_slots[week->sessions[i].slot].resource) == 0 &&
                !invent_one_in(inventor, 20)) {
                week->session_count = i; /* a day has one of each */
                return;
            }
    }
}

static void invent_exceptions(struct inventor *inventor, struct command *command)
{
    struct week *week = &command->week;

    for (int i = 0; i < EXCEPTIONS_MAX && invent_one_in(inventor, 3); i++) {
        week->exception_count++;
        week->exceptions[i].day = inventor->today + invent_roll(inventor, DAYS_AHEAD) + i * DAYS_AHEAD;
        week->exceptions[i].session_count = invent_roll(inventor, 2);
        for (int s = 0; s < week->exceptions[i].session_count; s++)
            invent_session(inventor, &week->exceptions[i].sessions[s], command->slot);
        if (invent_one_in(inventor, 30))
            week->exceptions[i].day = week->exceptions[0].day;
    }
}

static void invent_openings(struct inventor *inventor, struct week *week)
{
    week->family.minute = week->general.minute = NOBODY;
    if (invent_one_in(inventor, 3)) {
        week->family.days_before = 1 + invent_roll(inventor, 3);
        week->family.minute = 60 * invent_roll(inventor, 24);
    }
    if (invent_one_in(inventor, 3)) {
        week->general.days_before = invent_roll(inventor, 3);
        week->general.minute = 60 * invent_roll(inventor, week->general.days_before == 0 ? 10 : 24);
    }
}

/* Nothing is published after the last day that is thought of. */
static void invent_days(struct inventor *inventor, struct week *week)
{
    week->first_day = invent_one_in(inventor, 3) ? inventor->today + invent_roll(inventor, 3) : NOBODY;
    week->end_day = inventor->today + 1 + invent_roll(inventor, invent_one_in(inventor, 3) ? 4 : 14);
    if (week->end_day > last_day() + 1)
        week->end_day = last_day() + 1;
    week->horizon = 1 + invent_roll(inventor, invent_one_in(inventor, 6) ? DAYS_A_TURN + 4 : DAYS_AHEAD);
    if (week->end_day <= inventor->today + DAYS_A_TURN + 4 && invent_one_in(inventor, 2))
        week->horizon = 0;
    if (inventor->today + DAYS_TO_BEGIN <= last_day() && invent_one_in(inventor, 4))
        week->end_day = NOBODY;
    if (invent_one_in(inventor, 40))
        week->horizon = 121;
}

static int some_week(struct inventor *inventor, int slot)
{
    int id = invent_roll(inventor, 2);

    return inventor->world->weeks[reserve_week_number(slot, id)].exists || invent_one_in(inventor, 2) ? id : 0;
}

static void invent_new(struct inventor *inventor, struct command *command)
{
    struct week *week = &command->week;

    invent_sessions(inventor, command);
    invent_exceptions(inventor, command);
    invent_openings(inventor, week);
    week->grouped = invent_one_in(inventor, 3);
    if (week->session_count > 0 && invent_one_in(inventor, 40))
        week->sessions[0].reserve_bp = 1999;
    if (week->session_count > 0 && invent_one_in(inventor, 40))
        week->sessions[0].release_before = 73 * 60;
}

/* As it was, but for a session, an exception or an opening. */
static void invent_other(struct inventor *inventor, struct command *command)
{
    struct week *week = &command->week;
    int which = week->session_count == 0 ? NOBODY : invent_roll(inventor, week->session_count);

    switch (which == NOBODY ? 2 : invent_roll(inventor, 6)) {
    case 0:
    case 1:
        week->sessions[which] = week->sessions[--week->session_count];
        break;
    case 2:
        week->exception_count = 0;
        invent_exceptions(inventor, command);
        break;
    case 3:
        invent_openings(inventor, week);
        break;
    case 4:
        week->grouped = true;
        break;
    default:
        week->sessions[which].runs[0].count = 1 + invent_roll(inventor, 6);
        break;
    }
}

void invent_week(struct inventor *inventor, struct command *command)
{
    const struct m_week *there;

    command->op = invent_one_in(inventor, 10) ? OP_DROP_WEEK : OP_WEEK;
    command->who = invent_one_in(inventor, 30) ? WHO_H2 : WHO_H1;
    command->slot = inventor->first_slot + invent_roll(inventor, inventor->slots);
    command->week.id = some_week(inventor, command->slot);
    there = &inventor->world->weeks[reserve_week_number(command->slot, command->week.id)];
    if (command->op == OP_DROP_WEEK)
        return;
    if (there->exists && !invent_one_in(inventor, 4)) {
        command->week = there->plan;
        invent_other(inventor, command);
    } else {
        invent_new(inventor, command);
    }
    invent_days(inventor, &command->week);
    command->week.displace = invent_one_in(inventor, 2);
}

bool invent_last_week(const struct inventor *inventor, struct command *command)
{
    for (int i = 0; i < WEEKS_MAX && inventor->today + DAYS_TO_END > last_day(); i++) {
        const struct m_week *week = &inventor->world->weeks[i];

        if (!week->exists || week->plan.end_day != NOBODY)
            continue;
        command->op = OP_WEEK;
        command->who = WHO_H1;
        command->slot = week->slot;
        command->week = week->plan;
        command->week.end_day = inventor->today + DAYS_AHEAD;
        return true;
    }
    return false;
}
