/* sys_notify.c - the broker in one line. */
#include <criterion/criterion.h>

#include "sys/notify.h"

static void check_line(struct notify_health health, const char *expected)
{
    char line[NOTIFY_LINE_SIZE];

    notify_health_line(&health, line);
    cr_assert_str_eq(line, expected);
}

Test(notify, the_line_has_what_waits_for_how_long_and_how_fast_turns_are)
{
    check_line((struct notify_health){"ready", 12, 125000, 2100}, "ready · waiting 12 · oldest 2m · p99 3 ms");
}

Test(notify, what_there_is_nothing_of_is_left_out)
{
    check_line((struct notify_health){"ready", 0, -1, 0}, "ready · waiting 0");
    check_line((struct notify_health){"draining", 0, -1, 1000}, "draining · waiting 0 · p99 1 ms");
}

Test(notify, an_age_is_in_its_largest_unit)
{
    check_line((struct notify_health){"ready", 1, 0, 0}, "ready · waiting 1 · oldest 0s");
    check_line((struct notify_health){"ready", 1, 59999, 0}, "ready · waiting 1 · oldest 59s");
    check_line((struct notify_health){"ready", 1, 60000, 0}, "ready · waiting 1 · oldest 1m");
    check_line((struct notify_health){"ready", 1, 7200000, 0}, "ready · waiting 1 · oldest 2h");
    check_line((struct notify_health){"ready", 1, 49 * 3600000LL, 0}, "ready · waiting 1 · oldest 2d");
}

Test(notify, the_largest_numbers_have_room)
{
    char line[NOTIFY_LINE_SIZE];

    notify_health_line(&(struct notify_health){"ready, time held", UINT64_MAX, INT64_MAX, UINT64_MAX}, line);
    cr_assert_eq(strncmp(line, "ready, time held · waiting 18446744073709551615", 47), 0, "%s", line);
}
