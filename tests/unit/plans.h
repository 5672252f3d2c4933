/* plans.h - for tests of timetables: H1's plan of EXPERT sessions in CARD, and the days on which it is published. */
#pragma once
#include "pools.h"

static inline Referral__TimetableSession *plan_session(struct district *d, uint32_t weekday, const char *resource,
                                                       uint32_t count)
{
    Referral__TimetableSession *session = arena_alloc(&d->keep, sizeof *session);

    referral__timetable_session__init(session);
    if (weekday != 0)
        FIELD_SET(session, weekday, weekday);
    session->resource = arena_text(&d->keep, resource);
    session->n_units = 1;
    session->units = arena_alloc(&d->keep, sizeof *session->units);
    session->units[0] = arena_alloc(&d->keep, sizeof *session->units[0]);
    referral__session_run__init(session->units[0]);
    FIELD_SET(session->units[0], count, count);
    FIELD_SET(session->units[0], start_minute, 8 * 60);
    FIELD_SET(session->units[0], minutes, 10);
    return session;
}

/* EXPERT, CARD, "PLAN"; nothing in it yet. */
static inline Referral__Timetable *plan_new(struct district *d)
{
    Referral__Timetable *plan = arena_alloc(&d->keep, sizeof *plan);

    referral__timetable__init(plan);
    FIELD_SET(plan, class_, REFERRAL__PLACE_CLASS__EXPERT);
    plan->department = "CARD";
    plan->id = "PLAN";
    plan->sessions = arena_alloc(&d->keep, 8 * sizeof *plan->sessions);
    plan->exceptions = arena_alloc(&d->keep, 8 * sizeof *plan->exceptions);
    return plan;
}

static inline void plan_add(Referral__Timetable *plan, Referral__TimetableSession *added)
{
    plan->sessions[plan->n_sessions++] = added;
}

static inline Referral__TimetableException *plan_except(struct district *d, Referral__Timetable *plan, const char *date)
{
    Referral__TimetableException *exception = arena_alloc(&d->keep, sizeof *exception);

    referral__timetable_exception__init(exception);
    exception->date = arena_text(&d->keep, date);
    exception->sessions = arena_alloc(&d->keep, 2 * sizeof *exception->sessions);
    plan->exceptions[plan->n_exceptions++] = exception;
    return exception;
}

/* Mondays and Tuesdays, WANG-AM, five units. */
static inline Referral__Timetable *plan_two_days(struct district *d)
{
    Referral__Timetable *plan = plan_new(d);

    plan_add(plan, plan_session(d, 1, "WANG-AM", 5));
    plan_add(plan, plan_session(d, 2, "WANG-AM", 5));
    return plan;
}

/* A turn has time for a few days. */
static inline bool plan_clock(struct district *d)
{
    district_clock(d);
    return d->effects.due_left;
}

static inline const char *plan_put(struct district *d, Referral__Timetable *plan)
{
    const char *said = pools_do(d, REFERRAL__KIND__PUT_TIMETABLE, plan);

    while (said[0] == '\0' && plan_clock(d))
        ;
    return said;
}

static inline Referral__PoolRef *plan_on(struct district *d, const char *date)
{
    return pools_ref(d, REFERRAL__PLACE_CLASS__EXPERT, "WANG-AM", date);
}

/* Dates in November and December on which WANG-AM is published: "23 24 30 1". */
static inline const char *plan_days(struct district *d)
{
    const char *text = "";

    for (int64_t day = date_to_days((struct date){2026, 11, 20}); day < date_to_days((struct date){2027, 1, 5});
         day++) {
        char date[DATE_TEXT_SIZE];

        date_format(date, date_from_days(day));
        if (pools_row(d, plan_on(d, date)) != NULL)
            text = arena_format(&d->keep, "%s%s%d", text, text[0] != '\0' ? " " : "", date_from_days(day).day);
    }
    return text;
}
