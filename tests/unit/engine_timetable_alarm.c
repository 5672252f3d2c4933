/* Timetables: the alarm about a day that could not be published stands until it is, or nobody can help it any more
 * (Q10). */
#include "plans.h"

#define CONFLICT "H1/EXPERT/CARD/PLAN/" POOLS_DAY

/* POOLS_DAY is booked, and the plan that had it says no more of it. */
static Referral__Timetable *in_conflict(struct district *d)
{
    Referral__Timetable *plan;

    pools_open(d);
    cr_assert_str_eq(plan_put(d, plan_two_days(d)), "");
    pools_fill(d, plan_on(d, POOLS_DAY), ".F");
    plan = plan_new(d);
    plan_add(plan, plan_session(d, 1, "WANG-AM", 5));
    cr_assert_str_eq(plan_put(d, plan), "");
    cr_assert(pools_has_alarm(d, "timetable-conflict", CONFLICT));
    return plan;
}

static void clock_at(struct district *d, const char *date, int minute)
{
    d->now = pools_at(date, minute);
    while (plan_clock(d))
        ;
}

Test(timetable_alarm, q10_a_day_that_is_over_is_nobodys_trouble_any_more)
{
    struct district d;

    in_conflict(&d);
    d.now.ms = pools_at("2026-11-25", 0).ms - 1;
    district_clock(&d);
    cr_assert(pools_has_alarm(&d, "timetable-conflict", CONFLICT));
    clock_at(&d, "2026-11-25", 0);
    cr_assert_not(pools_has_alarm(&d, "timetable-conflict", CONFLICT));
    pools_close(&d);
}

Test(timetable_alarm, q10_nor_where_the_broker_slept_for_days)
{
    struct district d;

    in_conflict(&d);
    clock_at(&d, "2026-11-29", 600);
    cr_assert_not(pools_has_alarm(&d, "timetable-conflict", CONFLICT));
    pools_close(&d);
}

Test(timetable_alarm, q10_nor_on_the_last_days_of_a_plan_that_ends)
{
    struct district d;
    Referral__Timetable *plan = in_conflict(&d);

    plan->end_date = "2026-11-25";
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert(pools_has_alarm(&d, "timetable-conflict", CONFLICT));
    clock_at(&d, "2026-11-25", 0);
    cr_assert_not(pools_has_alarm(&d, "timetable-conflict", CONFLICT));
    clock_at(&d, "2026-12-09", 0);
    cr_assert_not(d.effects.due_left);
    pools_close(&d);
}

Test(timetable_alarm, q10_with_the_timetable_its_alarms_go)
{
    struct district d;

    in_conflict(&d);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__DELETE_TIMETABLE, plan_new(&d)), "");
    cr_assert_not(pools_has_alarm(&d, "timetable-conflict", CONFLICT));
    pools_close(&d);
}

/* What was used cannot go, and nobody need compare it with anything. */
Test(timetable_alarm, q10_a_session_that_has_begun_stands_in_no_plans_way)
{
    struct district d;
    Referral__Timetable *plan;

    pools_open(&d);
    cr_assert_str_eq(plan_put(&d, plan_two_days(&d)), "");
    pools_fill(&d, plan_on(&d, POOLS_DAY), "F");
    clock_at(&d, POOLS_DAY, 8 * 60);
    plan = plan_new(&d);
    plan_add(plan, plan_session(&d, 1, "WANG-AM", 5));
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_not(pools_has_alarm(&d, "timetable-conflict", CONFLICT));
    pools_assert_line(&d, plan_on(&d, POOLS_DAY), "C1 R1 B0 G0 F1 F");
    pools_close(&d);
}
