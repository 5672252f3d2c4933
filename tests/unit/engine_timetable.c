/* Timetables: a week checked when it is put, its days published by the clock (Q1, Q6, Q10, Q11). DISTRICT_NOW is a Saturday, 08:30. */
#include "pools.h"

static Referral__TimetableSession *session(struct district *d, uint32_t weekday, const char *resource, uint32_t count)
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
static Referral__Timetable *timetable(struct district *d)
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

static void add(Referral__Timetable *plan, Referral__TimetableSession *added)
{
    plan->sessions[plan->n_sessions++] = added;
}

static Referral__TimetableException *except(struct district *d, Referral__Timetable *plan, const char *date)
{
    Referral__TimetableException *exception = arena_alloc(&d->keep, sizeof *exception);

    referral__timetable_exception__init(exception);
    exception->date = arena_text(&d->keep, date);
    exception->sessions = arena_alloc(&d->keep, 2 * sizeof *exception->sessions);
    plan->exceptions[plan->n_exceptions++] = exception;
    return exception;
}

/* Mondays and Tuesdays, WANG-AM, five units. */
static Referral__Timetable *two_days(struct district *d)
{
    Referral__Timetable *plan = timetable(d);

    add(plan, session(d, 1, "WANG-AM", 5));
    add(plan, session(d, 2, "WANG-AM", 5));
    return plan;
}

/* A turn has time for a few days. */
static bool clock_again(struct district *d)
{
    district_clock(d);
    return d->effects.due_left;
}

static const char *put(struct district *d, Referral__Timetable *plan)
{
    const char *said = pools_do(d, REFERRAL__KIND__PUT_TIMETABLE, plan);

    while (said[0] == '\0' && clock_again(d))
        ;
    return said;
}

static Referral__PoolRef *on(struct district *d, const char *date)
{
    return pools_ref(d, REFERRAL__PLACE_CLASS__EXPERT, "WANG-AM", date);
}

/* Dates in November and December on which WANG-AM is published: "23 24 30 1". */
static const char *days(struct district *d)
{
    const char *text = "";

    for (int64_t day = date_to_days((struct date){2026, 11, 20}); day < date_to_days((struct date){2027, 1, 5});
         day++) {
        char date[DATE_TEXT_SIZE];

        date_format(date, date_from_days(day));
        if (pools_row(d, on(d, date)) != NULL)
            text = arena_format(&d->keep, "%s%s%d", text, text[0] != '\0' ? " " : "", date_from_days(day).day);
    }
    return text;
}

Test(timetable, q_a_week_is_published_up_to_its_horizon)
{
    struct district d;

    pools_open(&d);
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    cr_assert_str_eq(days(&d), "23 24 30 1");
    pools_assert_line(&d, on(&d, POOLS_DAY), "C5 R1 B0 G0 F0 ..*..");
    cr_assert_str_eq(pools_row(&d, on(&d, POOLS_DAY))->timetable, "PLAN");
    cr_assert_str_eq(pools_ledger_row(&d, 1)->by, "clock");
    pools_close(&d);
}

Test(timetable, q_each_midnight_publishes_one_day_more)
{
    struct district d;

    pools_open(&d);
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    d.now = pools_at("2026-11-24", 0); /* two midnights in Shanghai have passed, the second this instant */
    d.now.ms -= 1;
    district_clock(&d);
    cr_assert_str_eq(days(&d), "23 24 30 1");
    d.now.ms += 1;
    district_clock(&d);
    cr_assert_str_eq(days(&d), "23 24 30 1 7");
    d.now = pools_at("2026-11-25", 0);
    district_clock(&d);
    cr_assert_str_eq(days(&d), "23 24 30 1 7 8");
    pools_close(&d);
}

Test(timetable, q10_put_twice_changes_no_pool)
{
    struct district d;
    uint64_t rows;

    pools_open(&d);
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    pools_fill(&d, on(&d, POOLS_DAY), "FG");
    rows = pools_rows(&d);
    d.now.ms += HOUR_MS;
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "");
    cr_assert_str_eq(days(&d), "23 24 30 1");
    pools_close(&d);
}

Test(timetable, q10_another_plan_changes_what_differs)
{
    struct district d;
    Referral__Timetable *plan;
    uint64_t rows;

    pools_open(&d);
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    pools_fill(&d, on(&d, POOLS_DAY), "G");
    rows = pools_rows(&d);
    plan = timetable(&d);
    add(plan, session(&d, 2, "WANG-AM", 6)); /* no more Mondays */
    cr_assert_str_eq(put(&d, plan), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "CUT 1 2 3 4 5, ADDED +6x1, CUT 1 2 3 4 5, ADDED +6x1");
    pools_assert_line(&d, on(&d, POOLS_DAY), "C6 R2 B0 G1 F0 G.*.*.");
    pools_assert_line(&d, on(&d, "2026-11-30"), "C0 R0 B0 G0 F0 ");
    cr_assert_str_eq(put(&d, two_days(&d)), ""); /* and back again */
    pools_assert_line(&d, on(&d, "2026-11-30"), "C5 R1 B0 G0 F0 ..*..");
    pools_close(&d);
}

Test(timetable, q_an_exception_replaces_a_day)
{
    struct district d;
    Referral__Timetable *plan;
    Referral__TimetableException *exception;

    pools_open(&d);
    plan = two_days(&d);
    except(&d, plan, "2026-11-30");
    exception = except(&d, plan, "2026-12-02");
    exception->sessions[exception->n_sessions++] = session(&d, 0, "WANG-AM", 3);
    cr_assert_str_eq(put(&d, plan), "");
    cr_assert_str_eq(days(&d), "23 24 1 2");
    pools_assert_line(&d, on(&d, "2026-12-02"), "C3 R1 B0 G0 F0 .*.");
    pools_close(&d);
}

Test(timetable, q_it_begins_and_ends_on_its_days)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = two_days(&d);
    plan->first_date = "2026-11-24";
    plan->end_date = "2026-12-01";
    cr_assert_str_eq(put(&d, plan), "");
    cr_assert_str_eq(days(&d), "24 30");
    d.now = pools_at("2026-12-02", 0);
    district_clock(&d);
    cr_assert_str_eq(days(&d), "24 30");
    pools_close(&d);
}

Test(timetable, q10_an_earlier_end_takes_published_days_back)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    plan = two_days(&d);
    plan->end_date = "2026-11-30";
    cr_assert_str_eq(put(&d, plan), "");
    pools_assert_line(&d, on(&d, "2026-11-24"), "C5 R1 B0 G0 F0 ..*..");
    pools_assert_line(&d, on(&d, "2026-11-30"), "C0 R0 B0 G0 F0 ");
    pools_assert_line(&d, on(&d, "2026-12-01"), "C0 R0 B0 G0 F0 ");
    pools_close(&d);
}

Test(timetable, q_what_remains_of_today_is_published_today)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d); /* 08:30 */
    plan = timetable(&d);
    add(plan, session(&d, 6, "WANG-AM", 6));
    add(plan, session(&d, 6, "EARLY", 3));
    cr_assert_str_eq(put(&d, plan), "");
    cr_assert_str_eq(days(&d), "21 28");
    cr_assert_eq(pools_row(&d, on(&d, "2026-11-21"))->n_units, 2);
    cr_assert_null(pools_row(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "EARLY", "2026-11-21")));
    pools_close(&d);
}

Test(timetable, q6_openings_are_days_before_at_a_local_time)
{
    struct district d;
    Referral__Timetable *plan;
    const Record__Pool *row;

    pools_open(&d);
    plan = two_days(&d);
    FIELD_SET(plan, fd_opens_days_before, 7);
    FIELD_SET(plan, fd_opens_minute, 420);
    FIELD_SET(plan, general_opens_days_before, 1);
    FIELD_SET(plan, general_opens_minute, 450);
    FIELD_SET(plan->sessions[1], release_before_minutes, 60);
    FIELD_SET(plan->sessions[1], reserve_bp, 4000);
    FIELD_SET(plan->sessions[1], span, 2);
    cr_assert_str_eq(put(&d, plan), "");
    row = pools_row(&d, on(&d, "2026-12-01"));
    cr_assert_eq(row->fd_opens_at_ms, pools_at("2026-11-24", 420).ms);
    cr_assert_eq(row->general_opens_at_ms, pools_at("2026-11-30", 450).ms);
    cr_assert_eq(row->release_at_ms, pools_at("2026-12-01", 420).ms);
    cr_assert(row->reserve_bp == 4000 && row->span == 2);
    plan->fd_opens_minute = 430; /* published days keep what people were told */
    plan->general_opens_minute = 440;
    cr_assert_str_eq(put(&d, plan), "");
    row = pools_row(&d, on(&d, "2026-12-01"));
    cr_assert_eq(row->fd_opens_at_ms, pools_at("2026-11-24", 420).ms);
    cr_assert_eq(row->general_opens_at_ms, pools_at("2026-11-30", 450).ms);
    cr_assert_not(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/2026-12-01"));
    pools_close(&d);
}

Test(timetable, q6_published_days_move_only_in_favour_of_family_doctors)
{
    struct district d;
    Referral__Timetable *plan;
    const Record__Pool *row;

    pools_open(&d);
    plan = two_days(&d);
    FIELD_SET(plan, fd_opens_days_before, 7);
    FIELD_SET(plan, fd_opens_minute, 420);
    FIELD_SET(plan, general_opens_days_before, 1);
    FIELD_SET(plan, general_opens_minute, 450);
    FIELD_SET(plan->sessions[1], release_before_minutes, 120);
    cr_assert_str_eq(put(&d, plan), "");
    plan->fd_opens_minute = 410;
    plan->general_opens_minute = 460;
    plan->sessions[1]->release_before_minutes = 60;
    cr_assert_str_eq(put(&d, plan), "");
    row = pools_row(&d, on(&d, "2026-12-01"));
    cr_assert_eq(row->fd_opens_at_ms, pools_at("2026-11-24", 410).ms);
    cr_assert_eq(row->general_opens_at_ms, pools_at("2026-11-30", 460).ms);
    cr_assert_eq(row->release_at_ms, pools_at("2026-12-01", 420).ms);
    plan->general_opens_minute = 450; /* back: people were told otherwise */
    plan->sessions[1]->release_before_minutes = 120;
    cr_assert_str_eq(put(&d, plan), "");
    row = pools_row(&d, on(&d, "2026-12-01"));
    cr_assert_eq(row->general_opens_at_ms, pools_at("2026-11-30", 460).ms);
    cr_assert_eq(row->release_at_ms, pools_at("2026-12-01", 420).ms);
    pools_close(&d);
}

Test(timetable, q6_the_release_is_before_the_earliest_of_a_sessions_units)
{
    struct district d;
    Referral__Timetable *plan;
    Referral__SessionRun early = REFERRAL__SESSION_RUN__INIT, late = REFERRAL__SESSION_RUN__INIT, *runs[3];

    pools_open(&d);
    plan = timetable(&d);
    add(plan, session(&d, 2, "WANG-AM", 2)); /* 08:00 */
    FIELD_SET(&early, count, 2);
    FIELD_SET(&early, start_minute, 7 * 60);
    FIELD_SET(&late, count, 2); /* side by side */
    FIELD_SET(&late, start_minute, 9 * 60);
    runs[0] = plan->sessions[0]->units[0];
    runs[1] = &early;
    runs[2] = &late;
    plan->sessions[0]->units = runs;
    plan->sessions[0]->n_units = 3;
    FIELD_SET(plan->sessions[0], release_before_minutes, 60);
    cr_assert_str_eq(put(&d, plan), "");
    cr_assert_eq(pools_row(&d, on(&d, POOLS_DAY))->release_at_ms, pools_at(POOLS_DAY, 6 * 60).ms);
    cr_assert_eq(pools_row(&d, on(&d, POOLS_DAY))->n_units, 6);
    pools_close(&d);
}

Test(timetable, q_units_that_begin_together_are_over_together)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d); /* 08:30 */
    plan = timetable(&d);
    add(plan, session(&d, 6, "EARLY", 3));
    plan->sessions[0]->units[0]->minutes = 0;
    cr_assert_str_eq(put(&d, plan), "");
    cr_assert_null(pools_row(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "EARLY", "2026-11-21")));
    cr_assert_eq(pools_row(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "EARLY", "2026-11-28"))->n_units, 3);
    pools_close(&d);
}

Test(timetable, q10_booked_units_in_the_way_raise_an_alarm_and_the_rest_goes_on)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    pools_fill(&d, on(&d, POOLS_DAY), "....F");
    plan = timetable(&d);
    add(plan, session(&d, 2, "WANG-AM", 3));
    cr_assert_str_eq(put(&d, plan), "");
    cr_assert(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/" POOLS_DAY));
    pools_assert_line(&d, on(&d, POOLS_DAY), "C5 R1 B0 G0 F1 ....F");
    pools_assert_line(&d, on(&d, "2026-12-01"), "C3 R1 B0 G0 F0 .*.");
    FIELD_SET(plan, displace, true);
    plan->person = pools_person();
    cr_assert_str_eq(put(&d, plan), "");
    cr_assert_not(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/" POOLS_DAY));
    pools_assert_line(&d, on(&d, POOLS_DAY), "C3 R1 B0 G0 F1 F..");
    pools_close(&d);
}

Test(timetable, q10_a_booked_session_that_the_plan_no_longer_has_is_cut_to_its_bookings)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    pools_fill(&d, on(&d, POOLS_DAY), ".F");
    plan = timetable(&d);
    cr_assert_str_eq(put(&d, plan), "");
    pools_assert_line(&d, on(&d, POOLS_DAY), "C1 R1 B0 G0 F1 F");
    cr_assert(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/" POOLS_DAY));
    FIELD_SET(plan, displace, true);
    plan->person = pools_person();
    cr_assert_str_eq(put(&d, plan), "");
    pools_assert_line(&d, on(&d, POOLS_DAY), "C0 R0 B0 G0 F0 ");
    pools_close(&d);
}

Test(timetable, q10_what_people_cancelled_stays_cancelled)
{
    struct district d;

    pools_open(&d);
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__CANCEL_POOL,
                              pools_change(&d, on(&d, POOLS_DAY), 0, REFERRAL__BLOCK_REASON__STAFF_ABSENT)),
                     "");
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    pools_assert_line(&d, on(&d, POOLS_DAY), "C0 R0 B0 G0 F0  cancelled");
    cr_assert_not(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/" POOLS_DAY));
    pools_close(&d);
}

Test(timetable, q_pools_of_others_are_not_the_plans)
{
    struct district d;
    Referral__PoolRef *li;

    pools_open(&d);
    li = pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "LI-AM", POOLS_DAY);
    pools_publish(&d, li, 4);
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    pools_assert_line(&d, li, "C4 R1 B0 G0 F0 .*..");
    pools_close(&d);
}

Test(timetable, q11_a_grouped_plan_groups_each_of_its_days)
{
    struct district d;
    Referral__Timetable *plan;
    uint64_t rows;

    pools_open(&d);
    plan = timetable(&d);
    add(plan, session(&d, 2, "A", 1));
    add(plan, session(&d, 2, "B", 1));
    FIELD_SET(plan->sessions[1], reserve_bp, 5000);
    FIELD_SET(plan, grouped, true);
    FIELD_SET(plan, fd_opens_days_before, 2);
    FIELD_SET(plan, fd_opens_minute, 420);
    cr_assert_str_eq(put(&d, plan), "");
    for (int i = 0; i < 2; i++) {
        const Record__Pool *row =
            pools_row(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, i == 0 ? "A" : "B", "2026-12-01"));

        cr_assert(row->grouped && row->reserve_bp == 5000);
        cr_assert_eq(row->fd_opens_at_ms, pools_at("2026-11-29", 420).ms);
    }
    rows = pools_rows(&d);
    cr_assert_str_eq(put(&d, plan), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "");
    add(plan, session(&d, 2, "C", 1));
    cr_assert_str_eq(put(&d, plan), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "PUBLISHED +1x1, GROUPED, PUBLISHED +1x1, GROUPED");
    cr_assert_not(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/2026-12-01"));
    pools_close(&d);
}

Test(timetable, q11_the_terms_of_a_groups_sessions_are_those_best_for_family_doctors)
{
    struct district d;
    Referral__Timetable *plan;
    const Record__Pool *row;

    pools_open(&d);
    plan = timetable(&d);
    add(plan, session(&d, 2, "A", 4));
    add(plan, session(&d, 2, "B", 4));
    add(plan, session(&d, 3, "C", 4));
    FIELD_SET(plan, grouped, true);
    FIELD_SET(plan->sessions[0], span, 2);
    FIELD_SET(plan->sessions[0], release_before_minutes, 120);
    FIELD_SET(plan->sessions[0], reserve_bp, 5000);
    FIELD_SET(plan->sessions[1], release_before_minutes, 60);
    FIELD_SET(plan->sessions[1], reserve_bp, 4000);
    FIELD_SET(plan->sessions[2], span, 4); /* another day's */
    cr_assert_str_eq(put(&d, plan), "");
    row = pools_row(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "B", "2026-12-01"));
    cr_assert(row->grouped && row->reserve_bp == 5000 && row->span == 2);
    cr_assert_eq(row->release_at_ms, pools_at("2026-12-01", 7 * 60).ms);
    pools_close(&d);
}

/* Q11: a group is declared before its first booking. */
Test(timetable, q11_a_day_that_cannot_be_grouped_any_more_raises_an_alarm)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    pools_fill(&d, on(&d, POOLS_DAY), "F");
    plan = two_days(&d);
    FIELD_SET(plan, grouped, true);
    cr_assert_str_eq(put(&d, plan), "");
    cr_assert(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/" POOLS_DAY));
    cr_assert_not(pools_row(&d, on(&d, POOLS_DAY))->grouped);
    cr_assert(pools_row(&d, on(&d, "2026-12-01"))->grouped);
    pools_close(&d);
}

Test(timetable, q10_a_cancelled_session_that_the_plan_no_longer_has_stays_as_it_is)
{
    struct district d;

    pools_open(&d);
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__CANCEL_POOL,
                              pools_change(&d, on(&d, POOLS_DAY), 0, REFERRAL__BLOCK_REASON__STAFF_ABSENT)),
                     "");
    cr_assert_str_eq(put(&d, timetable(&d)), "");
    pools_assert_line(&d, on(&d, POOLS_DAY), "C0 R0 B0 G0 F0  cancelled");
    pools_assert_line(&d, on(&d, "2026-12-01"), "C0 R0 B0 G0 F0 ");
    pools_close(&d);
}

Test(timetable, q_two_plans_of_a_department_leave_each_others_sessions_alone)
{
    struct district d;
    Referral__Timetable *other;
    Referral__PoolRef *li;

    pools_open(&d);
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    other = timetable(&d);
    other->id = "OTHER";
    add(other, session(&d, 2, "LI-AM", 4));
    cr_assert_str_eq(put(&d, other), "");
    li = pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "LI-AM", POOLS_DAY);
    pools_assert_line(&d, li, "C4 R1 B0 G0 F0 .*..");
    other->n_sessions = 0;
    cr_assert_str_eq(put(&d, other), "");
    pools_assert_line(&d, li, "C0 R0 B0 G0 F0 ");
    pools_assert_line(&d, on(&d, POOLS_DAY), "C5 R1 B0 G0 F0 ..*..");
    pools_close(&d);
}

Test(timetable, q_deleted_it_publishes_no_further_days)
{
    struct district d;
    Referral__Timetable *named;

    pools_open(&d);
    cr_assert_str_eq(put(&d, two_days(&d)), "");
    named = timetable(&d);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__DELETE_TIMETABLE, named), "");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__DELETE_TIMETABLE, named), "NOT_FOUND");
    d.now = pools_at("2026-12-08", 0);
    district_clock(&d);
    cr_assert_str_eq(days(&d), "23 24 30 1");
    pools_close(&d);
}

Test(timetable, q_a_leap_day_is_one_of_its_days)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    d.now = pools_at("2028-02-25", 600);
    plan = timetable(&d);
    add(plan, session(&d, 2, "WANG-AM", 5)); /* 2028-02-29 is a Tuesday */
    FIELD_SET(plan, horizon_days, 5);
    cr_assert_str_eq(put(&d, plan), "");
    pools_assert_line(&d, on(&d, "2028-02-29"), "C5 R1 B0 G0 F0 ..*..");
    pools_close(&d);
}

/* ---- What is refused ---- */

Test(timetable, f2_all_that_is_wrong_with_a_week_is_found_when_it_is_put)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = two_days(&d);
    add(plan, session(&d, 8, "X", 1));
    add(plan, session(&d, 0, "Y", 1));
    add(plan, session(&d, 2, "WANG-AM", 1)); /* again */
    add(plan, session(&d, 3, " ", 0));
    FIELD_SET(plan->sessions[5], reserve_bp, 100);
    FIELD_SET(plan->sessions[5], release_before_minutes, 4321);
    cr_assert_str_eq(put(&d, plan), "OUT_OF_RANGE sessions[2].weekday; MISSING sessions[3].weekday; "
                                    "BAD_VALUE sessions[4].resource; BLANK sessions[5].resource; "
                                    "OUT_OF_RANGE sessions[5].units[0].count; "
                                    "RESERVE_TOO_SMALL sessions[5].reserve_bp; "
                                    "RELEASE_OUT_OF_RANGE sessions[5].release_before_minutes");
    pools_close(&d);
}

Test(timetable, f2_a_session_has_a_resource_and_a_plan_its_names)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = two_days(&d);
    plan->sessions[0]->resource = NULL;
    plan->id = "\t";
    plan->department = NULL;
    plan->has_class_ = false;
    except(&d, plan, "2026-12-01");
    except(&d, plan, "2026-12-02");
    plan->exceptions[0]->date = plan->exceptions[1]->date = NULL;
    FIELD_SET(plan, horizon_days, 0);
    cr_assert_str_eq(put(&d, plan), "BLANK id; MISSING sessions[0].resource; MISSING exceptions[0].date; "
                                    "MISSING exceptions[1].date; OUT_OF_RANGE horizon_days; MISSING class; "
                                    "MISSING department");
    plan = two_days(&d);
    plan->id = NULL;
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__DELETE_TIMETABLE, plan), "MISSING id");
    plan->id = "PLAN";
    plan->hospital = "H2";
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__DELETE_TIMETABLE, plan), "NOT_ALLOWED");
    pools_close(&d);
}

Test(timetable, f2_units_of_a_session_are_on_one_day)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = two_days(&d);
    plan->sessions[0]->units[0]->start_minute = 1440;
    FIELD_SET(plan->sessions[1]->units[0], start_minute, 1439);
    cr_assert_str_eq(put(&d, plan), "OUT_OF_RANGE sessions[0].units[0].start_minute; "
                                    "OTHER_DAY sessions[1].units[0].start_minute");
    plan->sessions[0]->units[0]->has_start_minute = false;
    plan->sessions[1]->n_units = 0;
    cr_assert_str_eq(put(&d, plan), "MISSING sessions[0].units[0].start_minute; MISSING sessions[1].units");
    pools_close(&d);
}

Test(timetable, f2_dates_horizon_and_person)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = two_days(&d);
    plan->first_date = "2026-12-01";
    plan->end_date = "2026-12-01";
    FIELD_SET(plan, horizon_days, 121);
    FIELD_SET(plan, displace, true);
    plan->published_to = "2026-12-01";
    except(&d, plan, "2026-12-00");
    except(&d, plan, "2026-12-05");
    except(&d, plan, "2026-12-05");
    plan->exceptions[1]->sessions[plan->exceptions[1]->n_sessions++] = session(&d, 1, "W", 1);
    cr_assert_str_eq(put(&d, plan), "BAD_DATE exceptions[0].date; NOT_EXPECTED exceptions[1].sessions[0].weekday; "
                                    "BAD_VALUE exceptions[2].date; BAD_ORDER end_date; OUT_OF_RANGE horizon_days; "
                                    "PERSON_NEEDED person; NOT_EXPECTED published_to");
    pools_close(&d);
}

Test(timetable, q6_family_doctors_open_first_and_everybody_before_the_start)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = two_days(&d);
    FIELD_SET(plan, fd_opens_minute, 420);
    FIELD_SET(plan, general_opens_days_before, 1);
    cr_assert_str_eq(put(&d, plan), "MISSING fd_opens_days_before; MISSING general_opens_minute");
    FIELD_SET(plan, fd_opens_days_before, 1);
    FIELD_SET(plan, general_opens_minute, 419);
    cr_assert_str_eq(put(&d, plan), "BAD_TIMES general_opens_minute");
    FIELD_SET(plan, general_opens_days_before, 0);
    FIELD_SET(plan, general_opens_minute, 8 * 60); /* as the first unit starts */
    cr_assert_str_eq(put(&d, plan), "BAD_TIMES general_opens_minute");
    FIELD_SET(plan, general_opens_minute, 8 * 60 - 1);
    cr_assert_str_eq(put(&d, plan), "");
    plan->fd_opens_days_before = LIMIT_PUBLISH_DAYS + 1;
    plan->general_opens_minute = 1440;
    cr_assert_str_eq(put(&d, plan), "OUT_OF_RANGE fd_opens_days_before; OUT_OF_RANGE general_opens_minute");
    plan->fd_opens_days_before = 0;
    plan->fd_opens_minute = 8 * 60;
    plan->general_opens_minute = 8 * 60 - 1;
    cr_assert_str_eq(put(&d, plan), "BAD_TIMES fd_opens_minute; BAD_TIMES general_opens_minute");
    pools_close(&d);
}

Test(timetable, q6_a_session_of_one_day_also_opens_before_it_starts)
{
    struct district d;
    Referral__Timetable *plan;
    Referral__TimetableException *exception;

    pools_open(&d);
    plan = two_days(&d);
    FIELD_SET(plan, fd_opens_days_before, 0);
    FIELD_SET(plan, fd_opens_minute, 7 * 60);
    exception = except(&d, plan, "2026-12-02");
    exception->sessions[exception->n_sessions++] = session(&d, 0, "WANG-AM", 3);
    exception->sessions[0]->units[0]->start_minute = 7 * 60;
    cr_assert_str_eq(put(&d, plan), "BAD_TIMES fd_opens_minute");
    exception->sessions[0]->units[0]->start_minute++;
    cr_assert_str_eq(put(&d, plan), "");
    cr_assert_not(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/2026-12-02"));
    pools_close(&d);
}

Test(timetable, t5_of_ones_own_departments_only)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = two_days(&d);
    plan->department = "NOWHERE";
    plan->id = NULL;
    cr_assert_str_eq(put(&d, plan), "MISSING id; UNKNOWN_DEPARTMENT department");
    plan->hospital = "H2";
    cr_assert_str_eq(put(&d, plan), "NOT_ALLOWED");
    pools_close(&d);
}
