/* Calendar arithmetic, local time, and half-open intervals (C1, C2). */
#include <criterion/criterion.h>

#include "base/instant.h"

Test(instant, c1_what_is_due_at_an_instant_is_due_from_that_instant_on)
{
    cr_assert(!instant_is_due(instant_of(1000), instant_of(999)));
    cr_assert(instant_is_due(instant_of(1000), instant_of(1000)));
    cr_assert(instant_is_due(instant_of(1000), instant_of(1001)));
}

Test(instant, c1_what_has_no_instant_is_never_due)
{
    cr_assert(!instant_is_set(instant_of(0)));
    cr_assert(!instant_is_due(instant_of(0), instant_of(INT64_MAX)));
}

Test(date, every_day_of_eight_centuries_follows_the_one_before)
{
    struct date yesterday = date_from_days(-146097);

    for (int64_t days = -146097 + 1; days <= 146097; days++) {
        struct date date = date_from_days(days);
        bool next_day = date.month == yesterday.month && date.day == yesterday.day + 1;
        bool next_month = date.day == 1 &&
                          (date.month == yesterday.month + 1 || (date.month == 1 && date.year == yesterday.year + 1));

        cr_assert(next_day || next_month, "day %ld is %d-%d-%d", (long)days, date.year, date.month, date.day);
        cr_assert(date_is_valid(date), "day %ld", (long)days);
        cr_assert(date_to_days(date) == days, "day %ld", (long)days);
        yesterday = date;
    }
}

Test(date, known_days_have_their_numbers_and_weekdays)
{
    cr_assert(date_to_days((struct date){1970, 1, 1}) == 0);
    cr_assert(date_to_days((struct date){2000, 3, 1}) == 11017);
    cr_assert(date_to_days((struct date){1969, 12, 31}) == -1);
    cr_assert(date_weekday((struct date){1970, 1, 1}) == 3);
    cr_assert(date_weekday((struct date){2026, 11, 21}) == 5);
    cr_assert(date_weekday((struct date){1899, 12, 31}) == 6);
}

Test(date, parse_takes_only_days_that_exist_in_one_spelling)
{
    static const char *const good[] = {"2026-11-21", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"};
    static const char *const bad[] = {"",           "2026-11-2",   "2026-1-21",  "2023-02-29", "1900-02-29",
                                      "2026-13-01", "2026-00-10",  "2026-04-31", "2026-11-00", "2026/11/21",
                                      "0000-01-01", "2026-11-21 ", " 2026-11-2", "+026-11-21", "2026-1a-21",
                                      "20261121",   "2026-11--1"};
    char text[DATE_TEXT_SIZE];
    struct date date;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_assert(date_parse(good[i], &date), "%s", good[i]);
        date_format(text, date);
        cr_assert_str_eq(text, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(!date_parse(bad[i], &date), "\"%s\"", bad[i]);
}

Test(instant, c2_2330_utc_belongs_to_the_next_day_in_shanghai)
{
    struct instant t = instant_of_local((struct date){2026, 11, 21}, 23 * HOUR_MS + 30 * MINUTE_MS, 0);
    struct date there = instant_local_date(t, 480);
    char text[INSTANT_TEXT_SIZE];

    cr_assert(there.year == 2026 && there.month == 11 && there.day == 22);
    cr_assert(instant_local_time_of_day_ms(t, 480) == 7 * HOUR_MS + 30 * MINUTE_MS);
    instant_format_local(text, t, 480);
    cr_assert_str_eq(text, "2026-11-22 07:30");
}

Test(instant, local_time_comes_back_also_before_1970)
{
    struct date date = {1949, 10, 1};
    struct instant t = instant_of_local(date, 15 * HOUR_MS, 480);
    struct date again = instant_local_date(t, 480);

    cr_assert(t.ms < 0);
    cr_assert(date_to_days(again) == date_to_days(date));
    cr_assert(instant_local_time_of_day_ms(t, 480) == 15 * HOUR_MS);
}

Test(instant, offsets_are_read_in_one_form)
{
    static const struct {
        const char *text;
        int minutes;
    } good[] = {{"+08:00", 480}, {"-12:00", -720}, {"+14:00", 840}, {"+05:45", 345}, {"-00:30", -30}, {"+00:00", 0}};
    static const char *const bad[] = {"",       "8",     "+8:00",   "08:00",  "+14:01", "-12:01", "+08:60",
                                      "+08-00", "+0800", "+08:00 ", "+ 8:00", "008:00", "+08:x0"};
    int minutes;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_assert(offset_parse(good[i].text, &minutes), "%s", good[i].text);
        cr_assert_eq(minutes, good[i].minutes, "%s", good[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(!offset_parse(bad[i], &minutes), "\"%s\"", bad[i]);
}
