/* When a pool opens, when its reserve is released, how long holds and offers stand (Q6, Q7, Q8, C1). */
#include <criterion/criterion.h>

#include "rules/pool_times.h"

#define SHANGHAI 480
#define EXPERT   REFERRAL__PLACE_CLASS__EXPERT
#define BED      REFERRAL__PLACE_CLASS__BED
#define EXAM     REFERRAL__PLACE_CLASS__EXAM

/* Local time in Shanghai; days beyond the month's end count on. */
static struct instant at(int32_t month, int32_t day, int hours, int minutes)
{
    struct date first = {2026, month, 1};

    return instant_of_local(date_from_days(date_to_days(first) + day - 1), hours * HOUR_MS + minutes * MINUTE_MS,
                            SHANGHAI);
}

static struct instant of_utc(int32_t year, int32_t month, int32_t day, int hours, int minutes)
{
    return instant_of_local((struct date){year, month, day}, hours * HOUR_MS + minutes * MINUTE_MS, 0);
}

static struct pool_times published(Referral__PlaceClass class, struct instant start, struct instant now,
                                   struct pool_times_wish wish)
{
    struct pool_times times = {0};
    const char *field = NULL;

    cr_assert_eq(pool_times_first(class, start, SHANGHAI, now, &wish, &times, &field), REFUSED_NOT, "%s",
                 field ? field : "");
    cr_assert_null(field);
    return times;
}

static void expect_refused(struct instant start, struct instant now, struct pool_times_wish wish, enum refusal refusal,
                           const char *expected)
{
    struct pool_times times = {.fd_opens_at = instant_of(7)};
    const char *field = "";

    cr_assert_eq(pool_times_first(EXPERT, start, SHANGHAI, now, &wish, &times, &field), refusal);
    cr_assert_str_eq(field, expected);
    cr_assert_eq(times.fd_opens_at.ms, 7, "untouched");
}

Test(pool_times, q6_opens_at_once_for_all_and_is_released_24_h_before_the_start)
{
    struct instant now = at(11, 20, 9, 0), start = at(11, 27, 8, 30);
    struct pool_times times = published(EXPERT, start, now, (struct pool_times_wish){0});

    cr_assert_eq(times.fd_opens_at.ms, now.ms);
    cr_assert_eq(times.general_opens_at.ms, now.ms);
    cr_assert_eq(times.release_at.ms, at(11, 26, 8, 30).ms);
    cr_assert(!times.short_notice);
    times = published(EXAM, start, now, (struct pool_times_wish){0});
    cr_assert_eq(times.release_at.ms, at(11, 26, 8, 30).ms);
}

Test(pool_times, q6_general_opens_with_family_doctors_where_only_they_were_given_a_time)
{
    struct pool_times_wish wish = {.fd_opens_at = at(11, 22, 7, 0)};
    struct pool_times times = published(EXPERT, at(11, 27, 8, 0), at(11, 20, 9, 0), wish);

    cr_assert_eq(times.fd_opens_at.ms, at(11, 22, 7, 0).ms);
    cr_assert_eq(times.general_opens_at.ms, at(11, 22, 7, 0).ms);
}

Test(pool_times, q6_a_general_opening_in_the_past_is_one_at_once)
{
    struct pool_times_wish wish = {.general_opens_at = at(11, 19, 7, 0)};
    struct pool_times times = published(EXPERT, at(11, 27, 8, 0), at(11, 20, 9, 0), wish);

    cr_assert_eq(times.general_opens_at.ms, at(11, 19, 7, 0).ms);
    cr_assert(times.fd_opens_at.ms <= times.general_opens_at.ms);
}

Test(pool_times, q6_beds_are_released_at_16_00_of_the_day_before)
{
    struct pool_times times = published(BED, at(11, 27, 8, 0), at(11, 20, 9, 0), (struct pool_times_wish){0});

    cr_assert_eq(times.release_at.ms, at(11, 26, 16, 0).ms);
    times = published(BED, at(11, 27, 0, 0), at(11, 20, 9, 0), (struct pool_times_wish){0});
    cr_assert_eq(times.release_at.ms, at(11, 26, 16, 0).ms, "midnight begins the day");
    times = published(BED, at(11, 26, 23, 59), at(11, 20, 9, 0), (struct pool_times_wish){0});
    cr_assert_eq(times.release_at.ms, at(11, 25, 16, 0).ms);
}

Test(pool_times, q6_the_day_before_is_the_day_in_shanghai_not_in_utc)
{
    struct instant start = of_utc(2026, 11, 26, 23, 30); /* 07:30 of the 27th */
    struct pool_times times = published(BED, start, at(11, 20, 9, 0), (struct pool_times_wish){0});

    cr_assert_eq(times.release_at.ms, at(11, 26, 16, 0).ms);
    cr_assert_eq(times.release_at.ms, of_utc(2026, 11, 26, 8, 0).ms);
    start = of_utc(2026, 11, 26, 15, 30); /* 23:30 of the 26th */
    times = published(BED, start, at(11, 20, 9, 0), (struct pool_times_wish){0});
    cr_assert_eq(times.release_at.ms, at(11, 25, 16, 0).ms);
}

Test(pool_times, q6_the_day_before_the_1st_of_march_is_the_leap_day_where_there_is_one)
{
    struct instant now = of_utc(2028, 2, 20, 0, 0);
    struct pool_times times = published(BED, of_utc(2028, 3, 1, 0, 0), now, (struct pool_times_wish){0});

    cr_assert_eq(times.release_at.ms, of_utc(2028, 2, 29, 8, 0).ms);
    times = published(EXPERT, of_utc(2028, 3, 1, 0, 30), now, (struct pool_times_wish){0});
    cr_assert_eq(times.release_at.ms, of_utc(2028, 2, 29, 0, 30).ms);
    times = published(BED, of_utc(2027, 3, 1, 0, 0), of_utc(2027, 2, 20, 0, 0), (struct pool_times_wish){0});
    cr_assert_eq(times.release_at.ms, of_utc(2027, 2, 28, 8, 0).ms);
}

Test(pool_times, q6_openings_in_order_and_before_the_start)
{
    struct instant now = at(11, 20, 9, 0), start = at(11, 27, 8, 0);

    expect_refused(start, now,
                   (struct pool_times_wish){.fd_opens_at = at(11, 22, 7, 1), .general_opens_at = at(11, 22, 7, 0)},
                   REFUSED_BAD_TIMES, "fd_opens_at_ms");
    expect_refused(start, now, (struct pool_times_wish){.general_opens_at = start}, REFUSED_BAD_TIMES,
                   "general_opens_at_ms");
    expect_refused(start, now, (struct pool_times_wish){.fd_opens_at = start}, REFUSED_BAD_TIMES, "fd_opens_at_ms");
    published(EXPERT, start, now, (struct pool_times_wish){.general_opens_at = instant_after(start, -1)});
    published(EXPERT, start, now,
              (struct pool_times_wish){.fd_opens_at = at(11, 22, 7, 0), .general_opens_at = at(11, 22, 7, 0)});
}

Test(pool_times, q6_released_within_72_h_before_the_start_and_not_after_it)
{
    struct instant now = at(11, 1, 9, 0), start = at(11, 27, 8, 0);

    expect_refused(start, now, (struct pool_times_wish){.release_at = instant_after(start, -72 * HOUR_MS - 1)},
                   REFUSED_RELEASE_OUT_OF_RANGE, "release_at_ms");
    expect_refused(start, now, (struct pool_times_wish){.release_at = instant_after(start, 1)},
                   REFUSED_RELEASE_OUT_OF_RANGE, "release_at_ms");

    struct pool_times times =
        published(EXPERT, start, now, (struct pool_times_wish){.release_at = instant_after(start, -72 * HOUR_MS)});

    cr_assert_eq(times.release_at.ms, start.ms - 72 * HOUR_MS);
    times = published(EXPERT, start, now, (struct pool_times_wish){.release_at = start});
    cr_assert_eq(times.release_at.ms, start.ms);
}

Test(pool_times, q6_less_than_a_day_between_publication_and_release_is_short_notice)
{
    struct instant start = at(11, 27, 8, 0);
    struct pool_times times =
        published(EXPERT, start, instant_after(start, -48 * HOUR_MS), (struct pool_times_wish){0});

    cr_assert(!times.short_notice, "exactly 24 h are enough");
    cr_assert_eq(times.release_at.ms, start.ms - 24 * HOUR_MS);
    times = published(EXPERT, start, instant_after(start, -48 * HOUR_MS + 1), (struct pool_times_wish){0});
    cr_assert(times.short_notice);
    cr_assert_eq(times.release_at.ms, start.ms - 2 * HOUR_MS);
    times = published(EXPERT, start, instant_after(start, -HOUR_MS), (struct pool_times_wish){0});
    cr_assert(times.short_notice);
    cr_assert_eq(times.release_at.ms, start.ms - 2 * HOUR_MS, "past when it is published");
}

Test(pool_times, q6_an_opening_shortly_before_the_release_is_short_notice_too)
{
    struct instant now = at(11, 1, 9, 0), start = at(11, 27, 8, 0), release = at(11, 26, 8, 0);
    struct pool_times times =
        published(EXPERT, start, now, (struct pool_times_wish){.fd_opens_at = instant_after(release, -24 * HOUR_MS)});

    cr_assert(!times.short_notice);
    times = published(EXPERT, start, now,
                      (struct pool_times_wish){.fd_opens_at = instant_after(release, -24 * HOUR_MS + 1)});
    cr_assert(times.short_notice);
    cr_assert_eq(times.release_at.ms, start.ms - 2 * HOUR_MS);
}

Test(pool_times, q6_a_release_set_to_the_opening_is_put_off_until_2_h_before_the_start)
{
    struct instant now = at(11, 1, 9, 0), start = at(11, 27, 8, 0), opening = at(11, 25, 7, 0);
    struct pool_times times =
        published(EXPERT, start, now,
                  (struct pool_times_wish){.fd_opens_at = opening, .general_opens_at = opening, .release_at = opening});

    cr_assert(times.short_notice);
    cr_assert_eq(times.release_at.ms, start.ms - 2 * HOUR_MS);
}

Test(pool_times, q6_short_notice_keeps_a_release_that_was_asked_for_even_later)
{
    struct instant start = at(11, 27, 8, 0);
    struct pool_times times =
        published(EXPERT, start, at(11, 27, 6, 0), (struct pool_times_wish){.release_at = at(11, 27, 7, 59)});

    cr_assert(times.short_notice);
    cr_assert_eq(times.release_at.ms, at(11, 27, 7, 59).ms);
}

Test(pool_times, q6_short_notice_does_not_excuse_a_release_out_of_range)
{
    expect_refused(at(11, 27, 8, 0), at(11, 26, 9, 0), (struct pool_times_wish){.release_at = at(11, 20, 8, 0)},
                   REFUSED_RELEASE_OUT_OF_RANGE, "release_at_ms");
}

Test(pool_times, q6_what_was_wished_rightly_is_not_named_for_the_other)
{
    struct instant start = at(11, 27, 8, 0);

    expect_refused(start, at(11, 20, 9, 0),
                   (struct pool_times_wish){.fd_opens_at = at(11, 21, 8, 0), .general_opens_at = start},
                   REFUSED_BAD_TIMES, "general_opens_at_ms");
}

/* ---- After publication ---- */

static const struct pool_times before = {
    .fd_opens_at = {1000 * DAY_MS}, .general_opens_at = {1001 * DAY_MS}, .release_at = {1009 * DAY_MS}};
static const struct instant start_of_it = {1010 * DAY_MS};

static enum refusal change(struct pool_times_wish wish, struct pool_times *ret_times, const char **ret_field)
{
    return pool_times_change(&before, start_of_it, &wish, ret_times, ret_field);
}

Test(pool_times_change, q6_in_favour_of_family_doctors_only)
{
    static const struct {
        struct pool_times_wish wish;
        enum refusal refusal;
        const char *field;
    } cases[] = {
        {{.fd_opens_at = {1000 * DAY_MS - 1}}, REFUSED_NOT, ""},
        {{.fd_opens_at = {1000 * DAY_MS}}, REFUSED_NOT, ""},
        {{.fd_opens_at = {1000 * DAY_MS + 1}}, REFUSED_ONLY_IN_FAVOUR, "fd_opens_at_ms"},
        {{.general_opens_at = {1000 * DAY_MS - 1}}, REFUSED_BAD_TIMES, "general_opens_at_ms"},
        {{.general_opens_at = {1001 * DAY_MS - 1}}, REFUSED_ONLY_IN_FAVOUR, "general_opens_at_ms"},
        {{.general_opens_at = {1001 * DAY_MS}}, REFUSED_NOT, ""},
        {{.general_opens_at = {1001 * DAY_MS + 1}}, REFUSED_NOT, ""},
        {{.general_opens_at = {1010 * DAY_MS}}, REFUSED_BAD_TIMES, "general_opens_at_ms"},
        {{.release_at = {1009 * DAY_MS - 1}}, REFUSED_ONLY_IN_FAVOUR, "release_at_ms"},
        {{.release_at = {1009 * DAY_MS}}, REFUSED_NOT, ""},
        {{.release_at = {1010 * DAY_MS}}, REFUSED_NOT, ""},
        {{.release_at = {1010 * DAY_MS + 1}}, REFUSED_RELEASE_OUT_OF_RANGE, "release_at_ms"},
        {{.release_at = {1007 * DAY_MS - 1}}, REFUSED_RELEASE_OUT_OF_RANGE, "release_at_ms"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pool_times times = {.fd_opens_at = instant_of(7)};
        const char *field = "";

        cr_assert_eq(change(cases[i].wish, &times, &field), cases[i].refusal, "%zu", i);
        cr_assert_str_eq(field, cases[i].field, "%zu", i);
        cr_assert_eq(times.fd_opens_at.ms == 7, cases[i].refusal != REFUSED_NOT, "%zu: untouched where refused", i);
    }
}

Test(pool_times_change, q6_what_is_not_wished_stays)
{
    struct pool_times times = {0};
    const char *field = NULL;

    cr_assert_eq(change((struct pool_times_wish){0}, &times, &field), REFUSED_NOT);
    cr_assert_eq(times.fd_opens_at.ms, before.fd_opens_at.ms);
    cr_assert_eq(times.general_opens_at.ms, before.general_opens_at.ms);
    cr_assert_eq(times.release_at.ms, before.release_at.ms);
    cr_assert(!times.short_notice);
    cr_assert_eq(change((struct pool_times_wish){.release_at = {1009 * DAY_MS + 5}}, &times, &field), REFUSED_NOT);
    cr_assert_eq(times.fd_opens_at.ms, before.fd_opens_at.ms);
    cr_assert_eq(times.release_at.ms, 1009 * DAY_MS + 5);
}

Test(pool_times_change, q6_a_start_that_moved_does_not_put_times_in_the_wrong_that_nobody_touches)
{
    struct pool_times_wish wish = {.fd_opens_at = {999 * DAY_MS}};
    struct pool_times times;
    const char *field = NULL;

    cr_assert_eq(pool_times_change(&before, instant_of(1000 * DAY_MS + 1), &wish, &times, &field), REFUSED_NOT);
    cr_assert_eq(times.release_at.ms, before.release_at.ms);
}

Test(pool_times_change, q6_the_pool_published_twice_has_the_times_it_had)
{
    struct instant start = at(11, 27, 8, 0);
    const struct pool_times_wish wishes[] = {
        {.fd_opens_at = {0}},
        {.release_at = at(11, 26, 8, 0)},
        {.fd_opens_at = at(11, 22, 7, 0), .general_opens_at = at(11, 22, 9, 0), .release_at = at(11, 24, 8, 0)},
        {.general_opens_at = at(11, 10, 7, 0)},
        {.fd_opens_at = at(11, 25, 7, 0), .release_at = at(11, 25, 7, 0)},
        {.release_at = start},
    };

    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        for (int hours = 1; hours < 100; hours += 7) { /* from long before to short notice */
            struct pool_times first = published(EXPERT, start, instant_after(start, -hours * HOUR_MS), wishes[i]);
            struct pool_times second;
            const char *field = "";

            cr_assert_eq(pool_times_change(&first, start, &wishes[i], &second, &field), REFUSED_NOT, "%zu %d %s", i,
                         hours, field);
            cr_assert(first.fd_opens_at.ms == second.fd_opens_at.ms &&
                          first.general_opens_at.ms == second.general_opens_at.ms &&
                          first.release_at.ms == second.release_at.ms && first.short_notice == second.short_notice,
                      "%zu %d", i, hours);
        }
    }
}

/* ---- Holds and offers ---- */

Test(hold, q7_10_minutes_by_default_at_most_30_never_past_the_start)
{
    struct instant now = at(11, 20, 9, 0), start = at(11, 27, 8, 0);

    cr_assert_eq(hold_until(now, 0, start).ms, now.ms + 10 * MINUTE_MS);
    cr_assert_eq(hold_until(now, 1, start).ms, now.ms + MINUTE_MS);
    cr_assert_eq(hold_until(now, 30, start).ms, now.ms + 30 * MINUTE_MS);
    cr_assert_eq(hold_until(now, 31, start).ms, now.ms + 30 * MINUTE_MS);
    cr_assert_eq(hold_until(now, UINT32_MAX, start).ms, now.ms + 30 * MINUTE_MS);
    cr_assert_eq(hold_until(instant_after(start, -MINUTE_MS), 10, start).ms, start.ms);
    cr_assert_eq(hold_until(instant_after(start, -10 * MINUTE_MS), 10, start).ms, start.ms);
}

static void expect_offer(struct instant now, struct instant until)
{
    struct instant start = at(12, 30, 8, 0);

    cr_assert_eq(offer_until(now, start, SHANGHAI).ms, until.ms, "%ld", now.ms);
}

Test(offer, q8_two_hours_of_08_00_to_18_00)
{
    expect_offer(at(11, 20, 7, 59), at(11, 20, 10, 0));
    expect_offer(at(11, 20, 8, 0), at(11, 20, 10, 0));
    expect_offer(at(11, 20, 8, 1), at(11, 20, 10, 1));
    expect_offer(at(11, 20, 16, 0), at(11, 20, 18, 0));
    expect_offer(instant_after(at(11, 20, 16, 0), 1), instant_after(at(11, 21, 8, 0), 1));
    expect_offer(at(11, 20, 16, 30), at(11, 21, 8, 30));
    expect_offer(at(11, 20, 17, 59), at(11, 21, 9, 59));
    expect_offer(instant_after(at(11, 20, 18, 0), -1), instant_after(at(11, 21, 10, 0), -1));
    expect_offer(at(11, 20, 18, 0), at(11, 21, 10, 0));
    expect_offer(at(11, 20, 23, 59), at(11, 21, 10, 0));
    expect_offer(at(11, 21, 0, 0), at(11, 21, 10, 0));
}

Test(offer, q8_goes_by_the_clock_of_the_hospital)
{
    expect_offer(of_utc(2026, 11, 20, 23, 30), of_utc(2026, 11, 21, 2, 0)); /* 07:30 of the 21st there */
    expect_offer(of_utc(2026, 11, 20, 16, 0), of_utc(2026, 11, 21, 2, 0));  /* its midnight */
    expect_offer(of_utc(2026, 11, 20, 15, 59), of_utc(2026, 11, 21, 2, 0));
    cr_assert_eq(offer_until(of_utc(2026, 11, 20, 23, 30), at(12, 30, 8, 0), 0).ms, of_utc(2026, 11, 21, 10, 0).ms);
    cr_assert_eq(offer_until(of_utc(2026, 11, 20, 23, 30), at(12, 30, 8, 0), -300).ms, of_utc(2026, 11, 21, 15, 0).ms,
                 "18:30 there");
}

Test(offer, q8_runs_over_the_leap_day)
{
    struct instant start = of_utc(2028, 3, 20, 0, 0);

    cr_assert_eq(offer_until(of_utc(2028, 2, 28, 9, 0), start, SHANGHAI).ms, of_utc(2028, 2, 29, 1, 0).ms);
    cr_assert_eq(offer_until(of_utc(2028, 2, 29, 9, 0), start, SHANGHAI).ms, of_utc(2028, 3, 1, 1, 0).ms);
}

Test(offer, q8_ends_an_hour_before_the_start_at_the_latest)
{
    struct instant now = at(11, 20, 9, 0);

    cr_assert_eq(offer_until(now, at(11, 20, 12, 0), SHANGHAI).ms, at(11, 20, 11, 0).ms);
    cr_assert_eq(offer_until(now, at(11, 20, 11, 59), SHANGHAI).ms, at(11, 20, 10, 59).ms);
    cr_assert_eq(offer_until(now, instant_after(at(11, 20, 10, 0), 1), SHANGHAI).ms, now.ms + 1);
    cr_assert_eq(offer_until(at(11, 20, 20, 0), at(11, 21, 8, 0), SHANGHAI).ms, at(11, 21, 7, 0).ms,
                 "what is offered in the evening for the next morning ends before the desk opens");
}

Test(offer, q8_c1_none_where_no_instant_of_it_is_left)
{
    struct instant now = at(11, 20, 9, 0);

    cr_assert(!instant_is_set(offer_until(now, at(11, 20, 10, 0), SHANGHAI)));
    cr_assert(!instant_is_set(offer_until(now, at(11, 20, 9, 30), SHANGHAI)));
    cr_assert(!instant_is_set(offer_until(now, at(11, 20, 8, 0), SHANGHAI)));
}
