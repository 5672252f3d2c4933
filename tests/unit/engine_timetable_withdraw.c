/* Timetables: sessions that leave the plan (Q8, Q10, Q11). */
#include "places.h"
#include "plans.h"

#define DAY "2026-12-01" /* a Tuesday */

static Referral__Timetable *plan_of(struct district *d, const char *first, const char *second)
{
    Referral__Timetable *plan = plan_new(d);

    plan_add(plan, plan_session(d, 2, first, 4));
    plan_add(plan, plan_session(d, 2, second, 4));
    plan->person = places_person(d);
    return plan;
}

static void withdraw_last(struct district *d, Referral__Timetable *plan)
{
    plan->n_sessions--;
    cr_assert_str_eq(plan_put(d, plan), "");
}

/* Half of the group's eight units are kept, all of them in A; when it has four left, two of them are. */
Test(timetable_withdraw, q8_who_waits_is_offered_what_the_smaller_group_keeps_no_more)
{
    struct district d;
    Referral__Timetable *plan;
    Referral__JoinList *wish;
    Referral__PoolRef *a;
    const char *entry;

    places_open(&d);
    plan = plan_of(&d, "A", "B");
    FIELD_SET(plan, grouped, true);
    FIELD_SET(plan->sessions[0], reserve_bp, 5000);
    cr_assert_str_eq(plan_put(&d, plan), "");
    a = places_ref(&d, EXPERT, "A", DAY);
    cr_assert_str_eq(district_said(&d, places_book(&d, "H1", a, GENERAL, NULL)), "RESERVED");
    wish = places_wait(&d, EXPERT, GENERAL, NULL);
    wish->resource = "A";
    wish->first_date = wish->last_date = DAY;
    entry = places_joined(&d, "H1", wish);
    cr_assert_null(places_offer(&d, entry));
    withdraw_last(&d, plan);
    cr_assert_str_eq(places_units(&d, places_ref(&d, EXPERT, "B", DAY)), "");
    cr_assert_not_null(places_offer(&d, entry));
    cr_assert_str_eq(places_units(&d, a), ".g..");
    places_assert_sound(&d);
    places_close(&d);
}

Test(timetable_withdraw, q10_a_session_behind_more_others_than_a_group_has_is_withdrawn_too)
{
    struct district d;
    Referral__Timetable *plan;

    places_open(&d);
    for (int i = 0; i < LIMIT_GROUP_POOLS; i++)
        places_publish(&d, EXPERT, arena_format(&d.keep, "R%02d", i), DAY, 1);
    plan = plan_of(&d, "ZA", "ZZ");
    cr_assert_str_eq(plan_put(&d, plan), "");
    cr_assert_str_eq(places_units(&d, places_ref(&d, EXPERT, "ZZ", DAY)), "....");
    withdraw_last(&d, plan);
    cr_assert_str_eq(places_units(&d, places_ref(&d, EXPERT, "ZZ", DAY)), "");
    cr_assert_str_eq(places_units(&d, places_ref(&d, EXPERT, "ZA", DAY)), "....");
    places_assert_sound(&d);
    places_close(&d);
}
