/* Nobody waits for days that are over (Q8, C1, C4). */
#include "places.h"

static void clock_at(struct district *d, int64_t ms)
{
    d->now = instant_of(ms);
    district_clock(d);
}

Test(waiting_over, q8_when_the_last_day_is_over_a_referral_may_be_booked_again_and_its_sender_is_told)
{
    struct district d;
    Referral__JoinList *again;
    char *referral, *entry;

    places_open(&d);
    referral = places_refer(&d, "T07", "Wang Fang");
    district_assert_said(&d, district_happen(&d, "H1", referral, ACCEPT), "");
    entry = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, referral));
    cr_assert_str_eq(district_state(&d, referral), "WAITLISTED");
    clock_at(&d, places_at("2026-11-28", 0, 0) - 1);
    cr_assert_not_null(places_entry(&d, entry));
    clock_at(&d, places_at("2026-11-28", 0, 0));
    cr_assert_null(places_entry(&d, entry));
    cr_assert_str_eq(district_state(&d, referral), "ACCEPTED");
    cr_assert_not_null(strstr(district_inbox(&d, "T07"), "list-left"));
    again = places_wait(&d, EXPERT, FAMILY, referral);
    again->first_date = again->last_date = "2026-11-28";
    places_joined(&d, "T07", again);
    cr_assert_str_eq(district_state(&d, referral), "WAITLISTED");
    places_close(&d);
}

Test(waiting_over, q8_a_hospital_is_told_of_its_own)
{
    struct district d;
    char *entry;

    places_open(&d);
    entry = places_joined(&d, "H1", places_wait(&d, BED, GENERAL, NULL));
    clock_at(&d, places_at("2026-11-28", 0, 0));
    cr_assert_null(places_entry(&d, entry));
    cr_assert_str_eq(district_inbox(&d, "H1"), "list-left");
    places_close(&d);
}

Test(waiting_over, c4_a_doubtful_time_lets_it_wait_on_minute_by_minute)
{
    struct district d;
    int64_t over = places_at("2026-11-28", 0, 0);
    char *entry;

    places_open(&d);
    entry = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang")));
    d.hold = true;
    clock_at(&d, over);
    cr_assert_not_null(places_entry(&d, entry));
    d.hold = false;
    clock_at(&d, over + MINUTE_MS - 1);
    cr_assert_not_null(places_entry(&d, entry), "it was looked at less than a minute ago");
    clock_at(&d, over + MINUTE_MS);
    cr_assert_null(places_entry(&d, entry));
    places_close(&d);
}

Test(waiting_over, c3_an_entry_that_was_put_off_ends_an_hour_later)
{
    struct district d;
    int64_t over = places_at("2026-11-28", 0, 0);
    char *entry;

    places_open(&d);
    entry = places_joined(&d, "H1", places_wait(&d, BED, GENERAL, NULL));
    d.now = instant_of(over);
    district_put_off(&d);
    clock_at(&d, over + HOUR_MS - 1);
    cr_assert_not_null(places_entry(&d, entry));
    clock_at(&d, over + HOUR_MS);
    cr_assert_null(places_entry(&d, entry));
    places_close(&d);
}

Test(waiting_over, q8_who_left_before_is_not_told_again)
{
    struct district d;
    char *entry;

    places_open(&d);
    entry = places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));
    district_assert_said(&d, places_leave(&d, "H1", entry), "");
    clock_at(&d, places_at("2026-11-28", 0, 0));
    cr_assert_str_eq(district_inbox(&d, "H1"), "");
    cr_assert_eq(d.effects.due_left, false);
    places_close(&d);
}

/* C3: the day is over, and so is the referral: what ended it took the entry along. */
Test(waiting_over, l6_a_referral_that_expired_meanwhile_leaves_the_list_with_its_end)
{
    struct district d;
    char *referral, *entry;

    places_open(&d);
    referral = places_refer(&d, "T07", "Wang Fang");
    district_assert_said(&d, district_happen(&d, "H1", referral, ACCEPT), ""); /* nothing else is due of it */
    entry = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, referral));
    clock_at(&d, places_at("2026-12-06", 0, 0)); /* the broker slept for a fortnight */
    cr_assert_null(places_entry(&d, entry));
    cr_assert_str_eq(district_state(&d, referral), "EXPIRED");
    cr_assert_null(strstr(district_inbox(&d, "T07"), "list-left"));
    cr_assert_not_null(strstr(district_inbox(&d, "T07"), "expire"));
    places_close(&d);
}

Test(waiting_over, l2_a_hospital_without_a_system_has_no_message_of_its_own_waiting)
{
    struct district d;
    char *entry;

    places_open(&d);
    entry = places_joined(&d, "H1", places_wait(&d, BED, GENERAL, NULL));
    district_put(&d, "H1", REFERRAL__INSTITUTION_KIND__HOSPITAL, REFERRAL__TIER__COUNTY, true);
    clock_at(&d, places_at("2026-11-28", 0, 0));
    cr_assert_null(places_entry(&d, entry));
    cr_assert_str_eq(district_inbox(&d, "H1"), "");
    places_close(&d);
}
