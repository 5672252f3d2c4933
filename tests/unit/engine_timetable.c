/* Timetables: their days are published by the clock (Q1, Q6, Q10, Q11). DISTRICT_NOW is a Saturday, 08:30. */
#include "plans.h"

Test(timetable, q_a_week_is_published_up_to_its_horizon)
{
    struct district d;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    cr_assert_str_eq(plan_days(&d), "23 24 30 1");
    pools_assert_line(&d, plan_on(&d, POOLS_DAY), "C5 R1 B0 G0 F0 ..*..");
    cr_assert_str_eq(pools_row(&d, plan_on(&d, POOLS_DAY))->timetable, "PLAN");
    cr_assert_str_eq(pools_ledger_row(&d, 1)->by, "clock");
    pools_close(&d);
}

Test(timetable, c3_a_week_that_was_put_off_is_published_an_hour_later)
{
    struct district d;

    pools_open(&d);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__PUT_TIMETABLE, plan_two_days(&d)), "");
    district_put_off(&d);
    d.now.ms += HOUR_MS - 1;
    cr_assert_not(plan_clock(&d));
    cr_assert_str_eq(plan_days(&d), "");
    d.now.ms += SECOND_MS; /* its days are due one after the other */
    while (plan_clock(&d))
        ;
    cr_assert_str_eq(plan_days(&d), "23 24 30 1");
    d.now = pools_at("2026-11-24", 0);
    district_clock(&d);
    cr_assert_str_eq(plan_days(&d), "23 24 30 1 7");
    pools_close(&d);
}

Test(timetable, q_each_midnight_publishes_one_day_more)
{
    struct district d;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    d.now = pools_at("2026-11-24", 0); /* two midnights in Shanghai have passed, the second this instant */
    d.now.ms -= 1;
    district_clock(&d);
    cr_assert_str_eq(plan_days(&d), "23 24 30 1");
    d.now.ms += 1;
    district_clock(&d);
    cr_assert_str_eq(plan_days(&d), "23 24 30 1 7");
    d.now = pools_at("2026-11-25", 0);
    district_clock(&d);
    cr_assert_str_eq(plan_days(&d), "23 24 30 1 7 8");
    pools_close(&d);
}

Test(timetable, q10_put_twice_changes_no_pool)
{
    struct district d;
    uint64_t rows;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    pools_fill(&d, plan_on(&d, POOLS_DAY), "FG");
    rows = pools_rows(&d);
    d.now.ms += HOUR_MS;
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "");
    cr_assert_str_eq(plan_days(&d), "23 24 30 1");
    pools_close(&d);
}

Test(timetable, q10_another_plan_changes_what_differs)
{
    struct district d;
    Referral__Timetable *plan;
    uint64_t rows;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    pools_fill(&d, plan_on(&d, POOLS_DAY), "G");
    rows = pools_rows(&d);
    plan = plan_new(&d);
    plan_add(plan, plan_session(&d, 2, "WANG-AM", 6)); /* no more Mondays */
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "CUT 1 2 3 4 5, ADDED +6x1, CUT 1 2 3 4 5, ADDED +6x1");
    pools_assert_line(&d, plan_on(&d, POOLS_DAY), "C6 R2 B0 G1 F0 G.*.*.");
    pools_assert_line(&d, plan_on(&d, "2026-11-30"), "C0 R0 B0 G0 F0 ");
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), ""); /* and back again */
    pools_assert_line(&d, plan_on(&d, "2026-11-30"), "C5 R1 B0 G0 F0 ..*..");
    pools_close(&d);
}

Test(timetable, q_an_exception_replaces_a_day)
{
    struct district d;
    Referral__Timetable *plan;
    Referral__TimetableException *exception;

    pools_open(&d);
    plan = plan_two_days(&d);
    plan_except(&d, plan, "2026-11-30");
    exception = plan_except(&d, plan, "2026-12-02");
    exception->sessions[exception->n_sessions++] = plan_session(&d, 0, "WANG-AM", 3);
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_str_eq(plan_days(&d), "23 24 1 2");
    pools_assert_line(&d, plan_on(&d, "2026-12-02"), "C3 R1 B0 G0 F0 .*.");
    pools_close(&d);
}

Test(timetable, q_it_begins_and_ends_on_its_days)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = plan_two_days(&d);
    plan->first_date = "2026-11-24";
    plan->end_date = "2026-12-01";
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_str_eq(plan_days(&d), "24 30");
    d.now = pools_at("2026-12-02", 0);
    district_clock(&d);
    cr_assert_str_eq(plan_days(&d), "24 30");
    pools_close(&d);
}

Test(timetable, q10_an_earlier_end_takes_published_days_back)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    plan = plan_two_days(&d);
    plan->end_date = "2026-11-30";
    cr_assert_str_eq(plan_put(&d, plan), "");
    pools_assert_line(&d, plan_on(&d, "2026-11-24"), "C5 R1 B0 G0 F0 ..*..");
    pools_assert_line(&d, plan_on(&d, "2026-11-30"), "C0 R0 B0 G0 F0 ");
    pools_assert_line(&d, plan_on(&d, "2026-12-01"), "C0 R0 B0 G0 F0 ");
    pools_close(&d);
}

Test(timetable, q_what_remains_of_today_is_published_today)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d); /* 08:30 */
    plan = plan_new(&d);
    plan_add(plan, plan_session(&d, 6, "WANG-AM", 6));
    plan_add(plan, plan_session(&d, 6, "EARLY", 3));
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_str_eq(plan_days(&d), "21 28");
    cr_assert_eq(pools_row(&d, plan_on(&d, "2026-11-21"))->n_units, 2);
    cr_assert_null(pools_row(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "EARLY", "2026-11-21")));
    pools_close(&d);
}

Test(timetable, q6_openings_are_days_before_at_a_local_time)
{
    struct district d;
    Referral__Timetable *plan;
    const Record__Pool *row;

    pools_open(&d);
    plan = plan_two_days(&d);
    FIELD_SET(plan, fd_opens_days_before, 7);
    FIELD_SET(plan, fd_opens_minute, 420);
    FIELD_SET(plan, general_opens_days_before, 1);
    FIELD_SET(plan, general_opens_minute, 450);
    FIELD_SET(plan->sessions[1], release_before_minutes, 60);
    FIELD_SET(plan->sessions[1], reserve_bp, 4000);
    FIELD_SET(plan->sessions[1], span, 2);
    cr_assert_str_eq(plan_put(&d, plan), "");
    row = pools_row(&d, plan_on(&d, "2026-12-01"));
    cr_assert_eq(row->fd_opens_at_ms, pools_at("2026-11-24", 420).ms);
    cr_assert_eq(row->general_opens_at_ms, pools_at("2026-11-30", 450).ms);
    cr_assert_eq(row->release_at_ms, pools_at("2026-12-01", 420).ms);
    cr_assert(row->reserve_bp == 4000 && row->span == 2);
    plan->fd_opens_minute = 430; /* published days keep what people were told */
    plan->general_opens_minute = 440;
    cr_assert_str_eq(plan_put(&d, plan), "");
    row = pools_row(&d, plan_on(&d, "2026-12-01"));
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
    plan = plan_two_days(&d);
    FIELD_SET(plan, fd_opens_days_before, 7);
    FIELD_SET(plan, fd_opens_minute, 420);
    FIELD_SET(plan, general_opens_days_before, 1);
    FIELD_SET(plan, general_opens_minute, 450);
    FIELD_SET(plan->sessions[1], release_before_minutes, 120);
    cr_assert_str_eq(plan_put(&d, plan), "");
    plan->fd_opens_minute = 410;
    plan->general_opens_minute = 460;
    plan->sessions[1]->release_before_minutes = 60;
    cr_assert_str_eq(plan_put(&d, plan), "");
    row = pools_row(&d, plan_on(&d, "2026-12-01"));
    cr_assert_eq(row->fd_opens_at_ms, pools_at("2026-11-24", 410).ms);
    cr_assert_eq(row->general_opens_at_ms, pools_at("2026-11-30", 460).ms);
    cr_assert_eq(row->release_at_ms, pools_at("2026-12-01", 420).ms);
    plan->general_opens_minute = 450; /* back: people were told otherwise */
    plan->sessions[1]->release_before_minutes = 120;
    cr_assert_str_eq(plan_put(&d, plan), "");
    row = pools_row(&d, plan_on(&d, "2026-12-01"));
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
    plan = plan_new(&d);
    plan_add(plan, plan_session(&d, 2, "WANG-AM", 2)); /* 08:00 */
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
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_eq(pools_row(&d, plan_on(&d, POOLS_DAY))->release_at_ms, pools_at(POOLS_DAY, 6 * 60).ms);
    cr_assert_eq(pools_row(&d, plan_on(&d, POOLS_DAY))->n_units, 6);
    pools_close(&d);
}

Test(timetable, q_units_that_begin_together_are_over_together)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d); /* 08:30 */
    plan = plan_new(&d);
    plan_add(plan, plan_session(&d, 6, "EARLY", 3));
    plan->sessions[0]->units[0]->minutes = 0;
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_null(pools_row(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "EARLY", "2026-11-21")));
    cr_assert_eq(pools_row(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "EARLY", "2026-11-28"))->n_units, 3);
    pools_close(&d);
}

Test(timetable, q10_booked_units_in_the_way_raise_an_alarm_and_the_rest_goes_on)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    pools_fill(&d, plan_on(&d, POOLS_DAY), "....F");
    plan = plan_new(&d);
    plan_add(plan, plan_session(&d, 2, "WANG-AM", 3));
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/" POOLS_DAY));
    pools_assert_line(&d, plan_on(&d, POOLS_DAY), "C5 R1 B0 G0 F1 ....F");
    pools_assert_line(&d, plan_on(&d, "2026-12-01"), "C3 R1 B0 G0 F0 .*.");
    FIELD_SET(plan, displace, true);
    plan->person = pools_person();
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_not(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/" POOLS_DAY));
    pools_assert_line(&d, plan_on(&d, POOLS_DAY), "C3 R1 B0 G0 F1 F..");
    pools_close(&d);
}

Test(timetable, q10_a_booked_session_that_the_plan_no_longer_has_is_cut_to_its_bookings)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    pools_fill(&d, plan_on(&d, POOLS_DAY), ".F");
    plan = plan_new(&d);
    cr_assert_str_eq(plan_put(&d, plan), "");
    pools_assert_line(&d, plan_on(&d, POOLS_DAY), "C1 R1 B0 G0 F1 F");
    cr_assert(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/" POOLS_DAY));
    FIELD_SET(plan, displace, true);
    plan->person = pools_person();
    cr_assert_str_eq(plan_put(&d, plan), "");
    pools_assert_line(&d, plan_on(&d, POOLS_DAY), "C0 R0 B0 G0 F0 ");
    pools_close(&d);
}

Test(timetable, q10_one_booked_session_in_the_way_is_told_of_whatever_becomes_of_the_next)
{
    struct district d;
    Referral__Timetable *plan;
    Referral__PoolRef *other;

    pools_open(&d);
    plan = plan_two_days(&d);
    plan_add(plan, plan_session(&d, 2, "SUN-AM", 5));
    cr_assert_str_eq(plan_put(&d, plan), "");
    other = pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "SUN-AM", POOLS_DAY);
    pools_fill(&d, other, "..F");
    cr_assert_str_eq(plan_put(&d, plan_new(&d)), "");
    pools_assert_line(&d, plan_on(&d, POOLS_DAY), "C0 R0 B0 G0 F0 ");
    pools_assert_line(&d, other, "C1 R1 B0 G0 F1 F");
    cr_assert(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/" POOLS_DAY));
    pools_close(&d);
}

Test(timetable, q10_what_people_cancelled_stays_cancelled)
{
    struct district d;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__CANCEL_POOL,
                              pools_change(&d, plan_on(&d, POOLS_DAY), 0, REFERRAL__BLOCK_REASON__STAFF_ABSENT)),
                     "");
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    pools_assert_line(&d, plan_on(&d, POOLS_DAY), "C0 R0 B0 G0 F0  cancelled");
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
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    pools_assert_line(&d, li, "C4 R1 B0 G0 F0 .*..");
    pools_close(&d);
}

Test(timetable, q11_a_grouped_plan_groups_each_of_its_days)
{
    struct district d;
    Referral__Timetable *plan;
    uint64_t rows;

    pools_open(&d);
    plan = plan_new(&d);
    plan_add(plan, plan_session(&d, 2, "A", 1));
    plan_add(plan, plan_session(&d, 2, "B", 1));
    FIELD_SET(plan->sessions[1], reserve_bp, 5000);
    FIELD_SET(plan, grouped, true);
    FIELD_SET(plan, fd_opens_days_before, 2);
    FIELD_SET(plan, fd_opens_minute, 420);
    cr_assert_str_eq(plan_put(&d, plan), "");
    for (int i = 0; i < 2; i++) {
        const Record__Pool *row =
            pools_row(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, i == 0 ? "A" : "B", "2026-12-01"));

        cr_assert(row->grouped && row->reserve_bp == 5000);
        cr_assert_eq(row->fd_opens_at_ms, pools_at("2026-11-29", 420).ms);
    }
    rows = pools_rows(&d);
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "");
    plan_add(plan, plan_session(&d, 2, "C", 1));
    cr_assert_str_eq(plan_put(&d, plan), "");
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
    plan = plan_new(&d);
    plan_add(plan, plan_session(&d, 2, "A", 4));
    plan_add(plan, plan_session(&d, 2, "B", 4));
    plan_add(plan, plan_session(&d, 3, "C", 4));
    FIELD_SET(plan, grouped, true);
    FIELD_SET(plan->sessions[0], span, 2);
    FIELD_SET(plan->sessions[0], release_before_minutes, 120);
    FIELD_SET(plan->sessions[0], reserve_bp, 5000);
    FIELD_SET(plan->sessions[1], release_before_minutes, 60);
    FIELD_SET(plan->sessions[1], reserve_bp, 4000);
    FIELD_SET(plan->sessions[2], span, 4); /* another day's */
    plan_add(plan, plan_session(&d, 2, "D", 4));
    FIELD_SET(plan->sessions[3], release_before_minutes, 90);
    cr_assert_str_eq(plan_put(&d, plan), "");
    row = pools_row(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "B", "2026-12-01"));
    cr_assert(row->grouped && row->reserve_bp == 5000 && row->span == 2);
    cr_assert_eq(row->release_at_ms, pools_at("2026-12-01", 7 * 60).ms);
    pools_close(&d);
}

/* What other plans, or people, publish there may be pools that nobody wants grouped. */
Test(timetable, q11_a_day_without_a_session_of_the_plan_is_not_grouped)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    pools_publish(&d, plan_on(&d, "2026-11-30"), 5);
    pools_publish(&d, plan_on(&d, "2026-12-01"), 5);
    plan = plan_new(&d);
    plan_add(plan, plan_session(&d, 2, "B", 5));
    FIELD_SET(plan, grouped, true);
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_not(pools_row(&d, plan_on(&d, "2026-11-30"))->grouped, "a Monday");
    cr_assert(pools_row(&d, plan_on(&d, "2026-12-01"))->grouped);
    plan->first_date = "2026-12-02";
    plan_add(plan, plan_session(&d, 1, "B", 5));
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_not(pools_row(&d, plan_on(&d, "2026-11-30"))->grouped, "before its first day");
    pools_close(&d);
}

/* Q11: a group is declared before its first booking. */
Test(timetable, q11_a_day_that_cannot_be_grouped_any_more_raises_an_alarm)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    pools_fill(&d, plan_on(&d, POOLS_DAY), "F");
    plan = plan_two_days(&d);
    FIELD_SET(plan, grouped, true);
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/" POOLS_DAY));
    cr_assert_not(pools_row(&d, plan_on(&d, POOLS_DAY))->grouped);
    cr_assert(pools_row(&d, plan_on(&d, "2026-12-01"))->grouped);
    pools_close(&d);
}

Test(timetable, q10_a_cancelled_session_that_the_plan_no_longer_has_stays_as_it_is)
{
    struct district d;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__CANCEL_POOL,
                              pools_change(&d, plan_on(&d, POOLS_DAY), 0, REFERRAL__BLOCK_REASON__STAFF_ABSENT)),
                     "");
    cr_assert_str_eq(plan_put(&d, plan_new(&d)), "");
    pools_assert_line(&d, plan_on(&d, POOLS_DAY), "C0 R0 B0 G0 F0  cancelled");
    pools_assert_line(&d, plan_on(&d, "2026-12-01"), "C0 R0 B0 G0 F0 ");
    pools_close(&d);
}

Test(timetable, q_two_plans_of_a_department_leave_each_others_sessions_alone)
{
    struct district d;
    Referral__Timetable *other;
    Referral__PoolRef *li;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    other = plan_new(&d);
    other->id = "OTHER";
    plan_add(other, plan_session(&d, 2, "LI-AM", 4));
    cr_assert_str_eq(plan_put(&d, other), "");
    li = pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "LI-AM", POOLS_DAY);
    pools_assert_line(&d, li, "C4 R1 B0 G0 F0 .*..");
    other->n_sessions = 0;
    cr_assert_str_eq(plan_put(&d, other), "");
    pools_assert_line(&d, li, "C0 R0 B0 G0 F0 ");
    pools_assert_line(&d, plan_on(&d, POOLS_DAY), "C5 R1 B0 G0 F0 ..*..");
    pools_close(&d);
}

/* What has not begun has published nothing, which another plan would have to come to. */
Test(timetable, q_a_plan_that_begins_sooner_after_all_is_published_up_to_its_horizon)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = plan_two_days(&d);
    plan->first_date = "2026-12-29";
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_str_eq(plan_days(&d), "");
    plan->first_date = NULL;
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_str_eq(plan_days(&d), "23 24 30 1");
    pools_close(&d);
}

/* A hospital that mistypes the year must not keep the broker busy for a thousand years. */
Test(timetable, q_a_plan_of_the_far_future_is_deleted_without_a_walk_to_it)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = plan_two_days(&d);
    plan->first_date = "9999-12-31";
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__DELETE_TIMETABLE, plan_new(&d)), "");
    cr_assert_lt(d.turn.high, 1UL << 22, "%zu bytes", d.turn.high);
    pools_close(&d);
}

Test(timetable, q_deleted_it_publishes_no_further_days)
{
    struct district d;
    Referral__Timetable *named;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    named = plan_new(&d);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__DELETE_TIMETABLE, named), "");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__DELETE_TIMETABLE, named), "NOT_FOUND");
    d.now = pools_at("2026-12-08", 0);
    district_clock(&d);
    cr_assert_str_eq(plan_days(&d), "23 24 30 1");
    pools_close(&d);
}

/* Else it would be in conflict with the registry at every midnight, and nobody could end that. */
Test(timetable, q_a_plan_of_a_department_that_is_no_more_can_be_deleted)
{
    Referral__Institution without = REFERRAL__INSTITUTION__INIT;
    struct district d;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    without.id = without.name = "H1";
    FIELD_SET(&without, kind, REFERRAL__INSTITUTION_KIND__HOSPITAL);
    FIELD_SET(&without, tier, REFERRAL__TIER__COUNTY);
    without.consortium = "C1";
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_INSTITUTION, &without), "");
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "UNKNOWN_DEPARTMENT department");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__DELETE_TIMETABLE, plan_new(&d)), "");
    pools_close(&d);
}

Test(timetable, q_a_leap_day_is_one_of_its_days)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    d.now = pools_at("2028-02-25", 600);
    plan = plan_new(&d);
    plan_add(plan, plan_session(&d, 2, "WANG-AM", 5)); /* 2028-02-29 is a Tuesday */
    FIELD_SET(plan, horizon_days, 5);
    cr_assert_str_eq(plan_put(&d, plan), "");
    pools_assert_line(&d, plan_on(&d, "2028-02-29"), "C5 R1 B0 G0 F0 ..*..");
    pools_close(&d);
}
