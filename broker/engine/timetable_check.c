/* timetable_check.c - a week as its hospital wrote it: everything that would be wrong on any day is found when it is
 * put (F2, Q1, Q6). */
#include <assert.h>
#include <stdio.h>

#include "base/utf8.h"
#include "engine/publish_parts.h"

#define DAY_MINUTES        1440
#define RELEASE_MAX_BEFORE (72 * 60) /* Q6 */
#define OPENS_MAX_BEFORE   LIMIT_PUBLISH_DAYS

static void find(struct findings *findings, enum refusal refusal, const char *prefix, const char *member)
{
    char field[FIELD_PATH_SIZE];
    int size = snprintf(field, sizeof field, "%s%s", prefix, member);

    assert(size > 0 && (size_t)size < sizeof field);
    findings_add(findings, refusal, field);
}

/* ---- A session ---- */

struct unit_runs timetable_runs(struct arena *arena, const Referral__TimetableSession *session, int64_t day,
                                int offset_minutes)
{
    struct unit_run *list = arena_alloc(arena, session->n_units * sizeof *list);

    for (size_t i = 0; i < session->n_units; i++)
        list[i] = (struct unit_run){
            .count = session->units[i]->count,
            .start = instant_of_local(date_from_days(day), session->units[i]->start_minute * MINUTE_MS, offset_minutes),
            .minutes = session->units[i]->minutes};
    return (struct unit_runs){.list = list, .count = session->n_units};
}

/* Judged on the first day there is, in Greenwich: minutes of a day are the same everywhere. */
static void check_units(struct findings *findings, const Referral__TimetableSession *session, const char *prefix)
{
    struct unit_run runs[LIMIT_REPEATED];
    char field[FIELD_PATH_SIZE];
    size_t before = findings->count;

    snprintf(field, sizeof field, "%sunits", prefix);
    if (session->n_units == 0)
        findings_add(findings, REFUSED_MISSING, field);
    for (size_t i = 0; i < session->n_units; i++) {
        const Referral__SessionRun *run = session->units[i];
        char member[FIELD_PATH_SIZE];

        snprintf(member, sizeof member, "units[%zu].start_minute", i);
        if (!run->has_start_minute)
            find(findings, REFUSED_MISSING, prefix, member);
        else if (run->start_minute >= DAY_MINUTES)
            find(findings, REFUSED_OUT_OF_RANGE, prefix, member);
        else if (run->count > 1 && run->count <= LIMIT_POOL_UNITS && run->minutes <= DAY_MINUTES &&
                 run->start_minute + (run->count - 1) * run->minutes >= DAY_MINUTES)
            find(findings, REFUSED_OTHER_DAY, prefix, member);
        runs[i] = (struct unit_run){
            .count = run->count, .start = instant_of(DAY_MS + run->start_minute * MINUTE_MS), .minutes = run->minutes};
    }
    if (findings->count == before)
        runs_check(findings, &(struct unit_runs){.list = runs, .count = session->n_units}, field, "start_minute");
}

static void check_session(struct findings *findings, const Referral__TimetableSession *session, const char *prefix)
{
    if (session->resource == NULL)
        find(findings, REFUSED_MISSING, prefix, "resource");
    else if (text_is_blank(session->resource))
        find(findings, REFUSED_BLANK, prefix, "resource");
    check_units(findings, session, prefix);
    publish_check_share(findings, prefix, session->has_reserve_bp ? &session->reserve_bp : NULL,
                        session->has_span ? &session->span : NULL);
    if (session->has_release_before_minutes && session->release_before_minutes > RELEASE_MAX_BEFORE)
        find(findings, REFUSED_RELEASE_OUT_OF_RANGE, prefix, "release_before_minutes");
}

/* One pool a day for each resource. */
static bool is_same(const Referral__TimetableSession *a, const Referral__TimetableSession *b)
{
    return a->weekday == b->weekday && a->resource != NULL && b->resource != NULL &&
           strcmp(a->resource, b->resource) == 0;
}

static void check_sessions(struct findings *findings, Referral__TimetableSession *const *sessions, size_t count,
                           const char *list, bool of_the_week)
{
    for (size_t i = 0; i < count; i++) {
        char prefix[FIELD_PATH_SIZE];
        bool again = false;

        snprintf(prefix, sizeof prefix, "%s[%zu].", list, i);
        check_session(findings, sessions[i], prefix);
        if (of_the_week && !sessions[i]->has_weekday)
            find(findings, REFUSED_MISSING, prefix, "weekday");
        else if (of_the_week && (sessions[i]->weekday < 1 || sessions[i]->weekday > 7))
            find(findings, REFUSED_OUT_OF_RANGE, prefix, "weekday");
        else if (!of_the_week && sessions[i]->has_weekday)
            find(findings, REFUSED_NOT_EXPECTED, prefix, "weekday");
        for (size_t j = 0; j < i && !again; j++)
            again = is_same(sessions[i], sessions[j]);
        if (again)
            find(findings, REFUSED_BAD_VALUE, prefix, "resource");
    }
}

/* ---- The whole ---- */

static bool check_date(struct findings *findings, const char *text, const char *field, int64_t *ret_day)
{
    struct date date;

    if (text == NULL)
        return false;
    if (!date_parse(text, &date) || date_to_days(date) < 0) {
        findings_add(findings, REFUSED_BAD_DATE, field);
        return false;
    }
    *ret_day = date_to_days(date);
    return true;
}

static void check_exceptions(struct findings *findings, const Referral__Timetable *put)
{
    for (size_t i = 0; i < put->n_exceptions; i++) {
        const Referral__TimetableException *exception = put->exceptions[i];
        char field[FIELD_PATH_SIZE], list[FIELD_PATH_SIZE];
        bool again = false;
        int64_t day;

        snprintf(field, sizeof field, "exceptions[%zu].date", i);
        snprintf(list, sizeof list, "exceptions[%zu].sessions", i);
        if (exception->date == NULL)
            findings_add(findings, REFUSED_MISSING, field);
        check_date(findings, exception->date, field, &day);
        for (size_t j = 0; j < i && exception->date != NULL && !again; j++)
            again = put->exceptions[j]->date != NULL && strcmp(put->exceptions[j]->date, exception->date) == 0;
        if (again)
            findings_add(findings, REFUSED_BAD_VALUE, field);
        check_sessions(findings, exception->sessions, exception->n_sessions, list, false);
    }
}

/* An opening is a day and a minute of it. */
static void check_opening(struct findings *findings, const uint32_t *days_before, const uint32_t *minute,
                          const char *days_field, const char *minute_field)
{
    if (days_before == NULL && minute != NULL)
        findings_add(findings, REFUSED_MISSING, days_field);
    if (days_before != NULL && minute == NULL)
        findings_add(findings, REFUSED_MISSING, minute_field);
    if (days_before != NULL && *days_before > OPENS_MAX_BEFORE)
        findings_add(findings, REFUSED_OUT_OF_RANGE, days_field);
    if (minute != NULL && *minute >= DAY_MINUTES)
        findings_add(findings, REFUSED_OUT_OF_RANGE, minute_field);
}

/* Minutes before the midnight that begins the day of service; negative on that day. */
static int64_t opens_before(uint32_t days, uint32_t minute)
{
    return (int64_t)days * DAY_MINUTES - minute;
}

static bool one_starts_by(Referral__TimetableSession *const *sessions, size_t count, int64_t minute)
{
    for (size_t i = 0; i < count; i++)
        for (size_t u = 0; u < sessions[i]->n_units; u++)
            if (minute >= sessions[i]->units[u]->start_minute)
                return true;
    return false;
}

static bool opens_after_start(const Referral__Timetable *put, int64_t before)
{
    bool found = one_starts_by(put->sessions, put->n_sessions, -before);

    for (size_t i = 0; i < put->n_exceptions && !found; i++)
        found = one_starts_by(put->exceptions[i]->sessions, put->exceptions[i]->n_sessions, -before);
    return found;
}

/* Q6: family doctors first, and everybody before the start. */
static void check_openings(struct findings *findings, const Referral__Timetable *put)
{
    size_t before = findings->count;
    int64_t family = opens_before(put->fd_opens_days_before, put->fd_opens_minute);
    int64_t general = opens_before(put->general_opens_days_before, put->general_opens_minute);

    check_opening(findings, put->has_fd_opens_days_before ? &put->fd_opens_days_before : NULL,
                  put->has_fd_opens_minute ? &put->fd_opens_minute : NULL, "fd_opens_days_before", "fd_opens_minute");
    check_opening(findings, put->has_general_opens_days_before ? &put->general_opens_days_before : NULL,
                  put->has_general_opens_minute ? &put->general_opens_minute : NULL, "general_opens_days_before",
                  "general_opens_minute");
    if (findings->count != before)
        return;
    if (put->has_fd_opens_minute && opens_after_start(put, family))
        findings_add(findings, REFUSED_BAD_TIMES, "fd_opens_minute");
    if (put->has_general_opens_minute &&
        (opens_after_start(put, general) || (put->has_fd_opens_minute && general > family)))
        findings_add(findings, REFUSED_BAD_TIMES, "general_opens_minute");
}

void timetable_check(struct findings *findings, const Referral__Timetable *put)
{
    int64_t first_day = 0, end_day;

    if (put->id == NULL)
        findings_add(findings, REFUSED_MISSING, "id");
    else if (text_is_blank(put->id))
        findings_add(findings, REFUSED_BLANK, "id");
    check_sessions(findings, put->sessions, put->n_sessions, "sessions", true);
    check_exceptions(findings, put);
    check_date(findings, put->first_date, "first_date", &first_day);
    if (check_date(findings, put->end_date, "end_date", &end_day) && end_day <= first_day)
        findings_add(findings, REFUSED_BAD_ORDER, "end_date");
    if (put->has_horizon_days && (put->horizon_days < 1 || put->horizon_days > LIMIT_HORIZON_DAYS))
        findings_add(findings, REFUSED_OUT_OF_RANGE, "horizon_days");
    check_openings(findings, put);
    if (put->displace && !publish_names_person(put->person))
        findings_add(findings, REFUSED_PERSON_NEEDED, "person");
    if (put->published_to != NULL)
        findings_add(findings, REFUSED_NOT_EXPECTED, "published_to");
}
