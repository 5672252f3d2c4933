/* Working days, holidays and make-up days (L4). 2026-11-21 is a Saturday. */
#include <criterion/criterion.h>

#include "rules/calendar.h"

static const struct calendar plain = {.offset_minutes = 480};

/* New Year on Friday, made up for on the Saturday a week later. */
static const struct calendar_day new_year[] = {{{2027, 1, 1}, false}, {{2027, 1, 9}, true}};
static const struct calendar with_holidays = {.offset_minutes = 480, .days = new_year, .count = 2};

static struct instant at(int32_t month, int32_t day, int hour)
{
    return instant_of_local((struct date){month == 1 ? 2027 : 2026, month, day}, hour * HOUR_MS, 480);
}

static void expect(const struct calendar *calendar, struct instant from, int64_t working_ms, struct instant due)
{
    char found[INSTANT_TEXT_SIZE], wanted[INSTANT_TEXT_SIZE];

    instant_format_local(found, calendar_add_working(calendar, from, working_ms), 480);
    instant_format_local(wanted, due, 480);
    cr_expect_str_eq(found, wanted);
}

Test(calendar, l4_works_from_monday_to_friday)
{
    for (int32_t day = 16; day <= 20; day++)
        cr_assert(calendar_is_working(&plain, (struct date){2026, 11, day}), "%d", day);
    cr_assert(!calendar_is_working(&plain, (struct date){2026, 11, 21}));
    cr_assert(!calendar_is_working(&plain, (struct date){2026, 11, 22}));
}

Test(calendar, l4_the_operators_list_goes_before_the_weekday)
{
    cr_assert(!calendar_is_working(&with_holidays, (struct date){2027, 1, 1}));
    cr_assert(calendar_is_working(&with_holidays, (struct date){2027, 1, 9}));
    cr_assert(!calendar_is_working(&with_holidays, (struct date){2027, 1, 2}));
    cr_assert(calendar_is_working(&with_holidays, (struct date){2027, 1, 4}));
}

Test(calendar, l4_every_exception_of_a_long_list_is_found)
{
    struct calendar_day days[101];
    struct calendar calendar = {.offset_minutes = 480, .days = days};
    int64_t first = date_to_days((struct date){2026, 1, 1});

    for (calendar.count = 0; calendar.count <= 100; calendar.count++) {
        for (size_t i = 0; i < calendar.count; i++) {
            struct date date = date_from_days(first + 2 * (int64_t)i),
                        next = date_from_days(first + 2 * (int64_t)i + 1);

            cr_assert_eq(calendar_is_working(&calendar, date), days[i].working);
            cr_assert_eq(calendar_is_working(&calendar, next), date_weekday(next) < 5);
        }
        if (calendar.count < 101) {
            struct date date = date_from_days(first + 2 * (int64_t)calendar.count);

            days[calendar.count] = (struct calendar_day){date, date_weekday(date) >= 5};
        }
    }
}

Test(calendar, l4_two_working_days_from_friday_afternoon_is_tuesday_afternoon)
{
    expect(&plain, at(11, 20, 17), 2 * DAY_MS, at(11, 24, 17));
    expect(&plain, at(11, 16, 9), 2 * DAY_MS, at(11, 18, 9));
}

Test(calendar, l4_what_begins_on_a_weekend_begins_to_count_on_monday)
{
    expect(&plain, at(11, 21, 10), 2 * DAY_MS, at(11, 25, 0));
    expect(&plain, at(11, 22, 23), DAY_MS, at(11, 24, 0));
}

Test(calendar, l4_holidays_stand_still_and_make_up_days_count)
{
    expect(&with_holidays, at(12, 31, 17), 2 * DAY_MS, at(1, 5, 17));
    expect(&with_holidays, at(1, 8, 17), 2 * DAY_MS, at(1, 11, 17));
}

Test(calendar, c1_time_used_up_at_midnight_is_over_at_that_midnight)
{
    expect(&plain, at(11, 20, 17), 7 * HOUR_MS, at(11, 21, 0));
    expect(&plain, at(11, 21, 10), 0, at(11, 21, 10));
    expect(&plain, instant_after(at(11, 20, 24), -1), 1, at(11, 21, 0));
    cr_expect_eq(calendar_add_working(&plain, at(11, 21, 0), 1).ms, at(11, 23, 0).ms + 1, "the last millisecond too");
}

Test(calendar, l4_days_are_the_receivers_local_days)
{
    struct calendar utc = {.offset_minutes = 0};
    struct instant saturday_in_china = at(11, 21, 6); /* still Friday in UTC */

    cr_assert_eq(calendar_add_working(&utc, saturday_in_china, HOUR_MS).ms, saturday_in_china.ms + HOUR_MS);
    expect(&plain, saturday_in_china, HOUR_MS, at(11, 23, 1));
}
