/* reserve_week_judge.c - what may be said of a week before it meets a day: all that would be wrong on any (Q1, Q6). */
#include "reserve_inside.h"

#define DAY_MINUTES     1440
#define HORIZON_MAX     120
#define RELEASE_MINUTES (72 * 60)

static int64_t run_end(const struct run *run)
{
    return run->start_minute + (run->minutes == 0 ? 60 : run->count * run->minutes);
}

static void judge_session(const struct session *session, bool of_the_week, struct answer *answer)
{
    if (session->run_count == 0)
        m_say(answer, "MISSING");
    for (int i = 0; i < session->run_count; i++) {
        const struct run *run = &session->runs[i];

        if (run->start_minute + (run->count - 1) * run->minutes >= DAY_MINUTES)
            m_say(answer, "OTHER_DAY");
        for (int j = 0; j < i; j++)
            if (run->start_minute != session->runs[j].start_minute && run->start_minute < run_end(&session->runs[j]) &&
                session->runs[j].start_minute < run_end(run))
                m_say(answer, "OVERLAPPING");
    }
    if (session->reserve_bp != 0 && (session->reserve_bp < 2000 || session->reserve_bp > 10000))
        m_say(answer, "RESERVE_TOO_SMALL");
    if (session->release_before > RELEASE_MINUTES)
        m_say(answer, "RELEASE_OUT_OF_RANGE");
    if (of_the_week && session->weekday == 0)
        m_say(answer, "MISSING");
    if (session->weekday > 7)
        m_say(answer, "OUT_OF_RANGE");
}

static bool is_same_resource(const struct session *a, const struct session *b)
{
    return strcmp(reserve_slots[a->slot].resource, reserve_slots[b->slot].resource) == 0;
}

static void judge_sessions(const struct session *sessions, int count, bool of_the_week, struct answer *answer)
{
    for (int i = 0; i < count; i++) {
        judge_session(&sessions[i], of_the_week, answer);
        for (int j = 0; j < i; j++)
            if (sessions[i].weekday == sessions[j].weekday && is_same_resource(&sessions[i], &sessions[j]))
                m_say(answer, "BAD_VALUE");
    }
}

/* Minutes after the midnight with which the day of service begins. */
static int opening(int days_before, int minute)
{
    return minute - days_before * DAY_MINUTES;
}

static bool one_starts_by(const struct session *sessions, int count, int minute)
{
    for (int i = 0; i < count; i++)
        for (int r = 0; r < sessions[i].run_count; r++)
            if (sessions[i].runs[r].start_minute <= minute)
                return true;
    return false;
}

static void judge_opening(const struct week *week, int minute, struct answer *answer)
{
    if (one_starts_by(week->sessions, week->session_count, minute))
        m_say(answer, "BAD_TIMES");
    for (int i = 0; i < week->exception_count; i++)
        if (one_starts_by(week->exceptions[i].sessions, week->exceptions[i].session_count, minute))
            m_say(answer, "BAD_TIMES");
}

static void judge_openings(const struct week *week, struct answer *answer)
{
    int family = opening(week->family.days_before, week->family.minute);
    int general = opening(week->general.days_before, week->general.minute);
    bool says_family = week->family.minute != NOBODY, says_general = week->general.minute != NOBODY;

    if (says_family)
        judge_opening(week, family, answer);
    if (says_general)
        judge_opening(week, general, answer);
    if (says_family && says_general && general < family)
        m_say(answer, "BAD_TIMES");
}

int reserve_week_number(int slot, int id)
{
    return ((int)reserve_slots[slot].class - 1) * 2 + id;
}

void m_week_judge(const struct world *world, const struct command *command, struct answer *answer)
{
    const struct week *week = &command->week;

    if (command->who != WHO_H1) {
        m_say(answer, "NOT_ALLOWED");
        return;
    }
    if (command->op == OP_DROP_WEEK) {
        if (!world->weeks[reserve_week_number(command->slot, week->id)].exists)
            m_say(answer, "NOT_FOUND");
        return;
    }
    judge_sessions(week->sessions, week->session_count, true, answer);
    for (int i = 0; i < week->exception_count; i++) {
        judge_sessions(week->exceptions[i].sessions, week->exceptions[i].session_count, false, answer);
        for (int j = 0; j < i; j++)
            if (week->exceptions[i].day == week->exceptions[j].day)
                m_say(answer, "BAD_VALUE");
    }
    if (week->first_day != NOBODY && week->end_day != NOBODY && week->end_day <= week->first_day)
        m_say(answer, "BAD_ORDER");
    if (week->horizon > HORIZON_MAX)
        m_say(answer, "OUT_OF_RANGE");
    judge_openings(week, answer);
}
