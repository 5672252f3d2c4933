/* Timetables: a week is checked when it is put (F2, T5, Q6). */
#include "plans.h"

Test(timetable_check, f2_all_that_is_wrong_with_a_week_is_found_when_it_is_put)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = plan_two_days(&d);
    plan_add(plan, plan_session(&d, 8, "X", 1));
    plan_add(plan, plan_session(&d, 0, "Y", 1));
    plan_add(plan, plan_session(&d, 2, "WANG-AM", 1)); /* again */
    plan_add(plan, plan_session(&d, 3, " ", 0));
    FIELD_SET(plan->sessions[5], reserve_bp, 100);
    FIELD_SET(plan->sessions[5], release_before_minutes, 4321);
    cr_assert_str_eq(plan_put(&d, plan), "OUT_OF_RANGE sessions[2].weekday; MISSING sessions[3].weekday; "
                                         "BAD_VALUE sessions[4].resource; BLANK sessions[5].resource; "
                                         "OUT_OF_RANGE sessions[5].units[0].count; "
                                         "RESERVE_TOO_SMALL sessions[5].reserve_bp; "
                                         "RELEASE_OUT_OF_RANGE sessions[5].release_before_minutes");
    pools_close(&d);
}

Test(timetable_check, f2_a_session_has_a_resource_and_a_plan_its_names)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = plan_two_days(&d);
    plan->sessions[0]->resource = NULL;
    plan->id = "\t";
    plan->department = NULL;
    plan->has_class_ = false;
    plan_except(&d, plan, "2026-12-01");
    plan_except(&d, plan, "2026-12-02");
    plan->exceptions[0]->date = plan->exceptions[1]->date = NULL;
    FIELD_SET(plan, horizon_days, 0);
    cr_assert_str_eq(plan_put(&d, plan), "BLANK id; MISSING sessions[0].resource; MISSING exceptions[0].date; "
                                         "MISSING exceptions[1].date; OUT_OF_RANGE horizon_days; MISSING class; "
                                         "MISSING department");
    plan = plan_two_days(&d);
    plan->id = NULL;
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__DELETE_TIMETABLE, plan), "MISSING id");
    plan->id = "PLAN";
    plan->hospital = "H2";
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__DELETE_TIMETABLE, plan), "NOT_ALLOWED");
    pools_close(&d);
}

Test(timetable_check, f2_units_of_a_session_are_on_one_day)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = plan_two_days(&d);
    plan->sessions[0]->units[0]->start_minute = 1440;
    FIELD_SET(plan->sessions[1]->units[0], start_minute, 1439);
    cr_assert_str_eq(plan_put(&d, plan), "OUT_OF_RANGE sessions[0].units[0].start_minute; "
                                         "OTHER_DAY sessions[1].units[0].start_minute");
    plan->sessions[0]->units[0]->has_start_minute = false;
    plan->sessions[1]->n_units = 0;
    cr_assert_str_eq(plan_put(&d, plan), "MISSING sessions[0].units[0].start_minute; MISSING sessions[1].units");
    pools_close(&d);
}

Test(timetable_check, f2_dates_horizon_and_person)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = plan_two_days(&d);
    plan->first_date = "2026-12-01";
    plan->end_date = "2026-12-01";
    FIELD_SET(plan, horizon_days, 121);
    FIELD_SET(plan, displace, true);
    plan->published_to = "2026-12-01";
    plan_except(&d, plan, "2026-12-00");
    plan_except(&d, plan, "2026-12-05");
    plan_except(&d, plan, "2026-12-05");
    plan->exceptions[1]->sessions[plan->exceptions[1]->n_sessions++] = plan_session(&d, 1, "W", 1);
    cr_assert_str_eq(plan_put(&d, plan), "BAD_DATE exceptions[0].date; NOT_EXPECTED exceptions[1].sessions[0].weekday; "
                                         "BAD_VALUE exceptions[2].date; BAD_ORDER end_date; OUT_OF_RANGE horizon_days; "
                                         "PERSON_NEEDED person; NOT_EXPECTED published_to");
    pools_close(&d);
}

Test(timetable_check, q6_family_doctors_open_first_and_everybody_before_the_start)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = plan_two_days(&d);
    FIELD_SET(plan, fd_opens_minute, 420);
    FIELD_SET(plan, general_opens_days_before, 1);
    cr_assert_str_eq(plan_put(&d, plan), "MISSING fd_opens_days_before; MISSING general_opens_minute");
    FIELD_SET(plan, fd_opens_days_before, 1);
    FIELD_SET(plan, general_opens_minute, 419);
    cr_assert_str_eq(plan_put(&d, plan), "BAD_TIMES general_opens_minute");
    FIELD_SET(plan, general_opens_days_before, 0);
    FIELD_SET(plan, general_opens_minute, 8 * 60); /* as the first unit starts */
    cr_assert_str_eq(plan_put(&d, plan), "BAD_TIMES general_opens_minute");
    FIELD_SET(plan, general_opens_minute, 8 * 60 - 1);
    cr_assert_str_eq(plan_put(&d, plan), "");
    plan->fd_opens_days_before = LIMIT_PUBLISH_DAYS + 1;
    plan->general_opens_minute = 1440;
    cr_assert_str_eq(plan_put(&d, plan), "OUT_OF_RANGE fd_opens_days_before; OUT_OF_RANGE general_opens_minute");
    plan->fd_opens_days_before = 0;
    plan->fd_opens_minute = 8 * 60;
    plan->general_opens_minute = 8 * 60 - 1;
    cr_assert_str_eq(plan_put(&d, plan), "BAD_TIMES fd_opens_minute; BAD_TIMES general_opens_minute");
    pools_close(&d);
}

Test(timetable_check, q6_a_session_of_one_day_also_opens_before_it_starts)
{
    struct district d;
    Referral__Timetable *plan;
    Referral__TimetableException *exception;

    pools_open(&d);
    plan = plan_two_days(&d);
    FIELD_SET(plan, fd_opens_days_before, 0);
    FIELD_SET(plan, fd_opens_minute, 7 * 60);
    exception = plan_except(&d, plan, "2026-12-02");
    exception->sessions[exception->n_sessions++] = plan_session(&d, 0, "WANG-AM", 3);
    exception->sessions[0]->units[0]->start_minute = 7 * 60;
    cr_assert_str_eq(plan_put(&d, plan), "BAD_TIMES fd_opens_minute");
    exception->sessions[0]->units[0]->start_minute++;
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_not(pools_has_alarm(&d, "timetable-conflict", "H1/EXPERT/CARD/PLAN/2026-12-02"));
    pools_close(&d);
}

Test(timetable_check, t5_of_ones_own_departments_only)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    plan = plan_two_days(&d);
    plan->department = "NOWHERE";
    plan->id = NULL;
    cr_assert_str_eq(plan_put(&d, plan), "MISSING id; UNKNOWN_DEPARTMENT department");
    plan->hospital = "H2";
    cr_assert_str_eq(plan_put(&d, plan), "NOT_ALLOWED");
    pools_close(&d);
}
