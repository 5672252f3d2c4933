/* sys_clock.c - the daemon's time: it never stands still, jumps or goes back, and is held where the wall clock is in
 * doubt (C2, C4). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/daemon_clock.h"

#define START 1700000000000LL

/* Reads once a second for `seconds`, with the wall clock `offset_ms` beside the boot clock; time must never go back or
 * jump. */
static void run(struct daemon_clock *clock, int64_t *boot_ms, int64_t seconds, int64_t offset_ms)
{
    for (int64_t i = 0; i < seconds; i++) {
        int64_t before = clock->now.ms;
        *boot_ms += SECOND_MS;
        daemon_clock_read(clock, *boot_ms, *boot_ms + offset_ms);
        int64_t step = clock->now.ms - before;
        cr_assert(step >= SECOND_MS - 17 && step <= SECOND_MS + 17, "a step of %ld ms", (long)step);
    }
}

Test(clock, c2_a_new_store_starts_with_the_wall_clock)
{
    struct daemon_clock clock;
    daemon_clock_init(&clock, instant_of(0), 5000, START);
    cr_assert_eq(clock.now.ms, START);
    cr_assert_not(clock.held);
}

Test(clock, c2_it_goes_on_with_the_boot_clock)
{
    struct daemon_clock clock;
    daemon_clock_init(&clock, instant_of(START - 1), 5000, START);
    cr_assert_eq(daemon_clock_read(&clock, 5001, START + 1).ms, START + 1);
    cr_assert_eq(daemon_clock_read(&clock, 5001, START + 1).ms, START + 1, "the same reading, the same time");
    cr_assert_eq(daemon_clock_read(&clock, 65001, START + 60001).ms, START + 60001);
    cr_assert_not(clock.held);
}

Test(clock, c2_a_boot_clock_that_went_back_moves_nothing)
{
    struct daemon_clock clock;
    daemon_clock_init(&clock, instant_of(0), 5000, START);
    cr_assert_eq(daemon_clock_read(&clock, 4000, START).ms, START);
    cr_assert_eq(daemon_clock_read(&clock, 5000, START).ms, START);
    cr_assert_eq(daemon_clock_read(&clock, 5010, START + 10).ms, START + 10);
}

Test(clock, c2_a_wall_clock_ahead_is_followed_by_1_s_a_minute)
{
    struct daemon_clock clock;
    int64_t boot_ms = 0;
    daemon_clock_init(&clock, instant_of(0), boot_ms, START);
    run(&clock, &boot_ms, 60, START + 3 * MINUTE_MS);
    cr_assert_eq(clock.now.ms, START + 61 * SECOND_MS);
    run(&clock, &boot_ms, 179 * 60, START + 3 * MINUTE_MS);
    cr_assert_eq(clock.now.ms, START + 183 * MINUTE_MS, "after 180 minutes the 3 minutes are made up");
    run(&clock, &boot_ms, 60, START + 3 * MINUTE_MS);
    cr_assert_eq(clock.now.ms, START + 184 * MINUTE_MS, "and not exceeded");
    cr_assert_not(clock.held);
}

Test(clock, c2_a_wall_clock_stepped_back_slows_it_by_1_s_a_minute_and_never_turns_it_back)
{
    struct daemon_clock clock;
    int64_t boot_ms = 0;
    daemon_clock_init(&clock, instant_of(0), boot_ms, START);
    run(&clock, &boot_ms, 60, START - 2 * MINUTE_MS);
    cr_assert_eq(clock.now.ms, START + 59 * SECOND_MS);
    run(&clock, &boot_ms, 119 * 60, START - 2 * MINUTE_MS);
    cr_assert_eq(clock.now.ms, START + 118 * MINUTE_MS);
    cr_assert_not(clock.held);
}

Test(clock, c2_readings_a_millisecond_apart_correct_as_much_as_readings_a_minute_apart)
{
    struct daemon_clock often, seldom;
    daemon_clock_init(&often, instant_of(0), 0, START);
    daemon_clock_init(&seldom, instant_of(0), 0, START);
    int64_t before = 0;
    for (int64_t ms = 1; ms <= MINUTE_MS; ms++) {
        daemon_clock_read(&often, ms, START + ms - 10 * SECOND_MS);
        cr_assert(often.now.ms >= before);
        before = often.now.ms;
    }
    daemon_clock_read(&seldom, MINUTE_MS, START + MINUTE_MS - 10 * SECOND_MS);
    cr_assert_eq(often.now.ms, START + 59 * SECOND_MS);
    cr_assert_eq(seldom.now.ms, START + 59 * SECOND_MS);
}

Test(clock, c2_after_a_long_sleep_it_corrects_by_1_s_at_once_and_no_more)
{
    struct daemon_clock clock;
    daemon_clock_init(&clock, instant_of(0), 0, START);
    daemon_clock_read(&clock, 8 * HOUR_MS, START + 8 * HOUR_MS + 4 * MINUTE_MS);
    cr_assert_eq(clock.now.ms, START + 8 * HOUR_MS + SECOND_MS);
}

Test(clock, c4_a_difference_of_5_minutes_is_no_doubt_and_of_a_millisecond_more_is)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        struct daemon_clock clock;
        daemon_clock_init(&clock, instant_of(0), 0, START);
        daemon_clock_read(&clock, 0, START + sign * 5 * MINUTE_MS);
        cr_assert_not(clock.held);
        daemon_clock_read(&clock, 0, START + sign * (5 * MINUTE_MS + 1));
        cr_assert(clock.held);
        cr_assert_str_eq(clock.why, "clock-differs");
    }
}

Test(clock, c4_in_doubt_it_goes_on_by_the_boot_clock_alone_and_stays_held)
{
    struct daemon_clock clock;
    int64_t boot_ms = 0;
    daemon_clock_init(&clock, instant_of(0), boot_ms, START);
    run(&clock, &boot_ms, 600, START + 24 * HOUR_MS);
    cr_assert_eq(clock.now.ms, START + 10 * MINUTE_MS);
    run(&clock, &boot_ms, 60, START);
    cr_assert(clock.held, "only an operator says which clock was right");
}

Test(clock, c4_a_confirmed_difference_is_worked_off_and_not_doubted_again)
{
    struct daemon_clock clock;
    int64_t boot_ms = 0;
    daemon_clock_init(&clock, instant_of(0), boot_ms, START);
    run(&clock, &boot_ms, 1, START + 20 * MINUTE_MS);
    cr_assert(clock.held);
    daemon_clock_confirm(&clock);
    cr_assert_not(clock.held);
    cr_assert_null(clock.why);
    run(&clock, &boot_ms, 1200 * 60, START + 20 * MINUTE_MS);
    cr_assert_not(clock.held);
    cr_assert_eq(clock.now.ms, START + boot_ms + 20 * MINUTE_MS);
    run(&clock, &boot_ms, 1, START + 20 * MINUTE_MS - 5 * MINUTE_MS - SECOND_MS);
    cr_assert(clock.held, "once worked off, it protects against doubt no longer");
}

Test(clock, c4_more_than_the_confirmed_difference_is_doubted_again)
{
    struct daemon_clock clock;
    daemon_clock_init(&clock, instant_of(0), 0, START);
    daemon_clock_read(&clock, 0, START - 20 * MINUTE_MS);
    daemon_clock_confirm(&clock);
    daemon_clock_read(&clock, 0, START - 25 * MINUTE_MS);
    cr_assert_not(clock.held);
    daemon_clock_read(&clock, 0, START - 25 * MINUTE_MS - 1);
    cr_assert(clock.held);
}

Test(clock, c4_a_start_24_hours_after_the_last_turn_is_no_doubt_and_a_millisecond_later_is)
{
    struct daemon_clock clock;
    daemon_clock_init(&clock, instant_of(START - 24 * HOUR_MS), 0, START);
    cr_assert_not(clock.held);
    cr_assert_eq(clock.now.ms, START);
    daemon_clock_init(&clock, instant_of(START - 24 * HOUR_MS - 1), 0, START);
    cr_assert(clock.held);
    cr_assert_str_eq(clock.why, "long-stop");
    cr_assert_eq(clock.now.ms, START);
    daemon_clock_confirm(&clock);
    daemon_clock_read(&clock, 1000, START + 1000);
    cr_assert_not(clock.held);
}

/* A machine that slept, a process that was frozen: what was due meanwhile would all happen at once, as after a
 * start. */
Test(clock, c4_a_standstill_of_24_hours_is_no_doubt_and_of_a_millisecond_more_is)
{
    struct daemon_clock clock;
    daemon_clock_init(&clock, instant_of(START), 0, START);
    daemon_clock_read(&clock, CLOCK_LONG_STOP_MS, START + CLOCK_LONG_STOP_MS);
    cr_assert_not(clock.held);
    daemon_clock_read(&clock, 2 * CLOCK_LONG_STOP_MS + 1, START + 2 * CLOCK_LONG_STOP_MS + 1);
    cr_assert(clock.held);
    cr_assert_str_eq(clock.why, "long-stop");
    cr_assert_eq(clock.now.ms, START + 2 * CLOCK_LONG_STOP_MS + 1, "C2: it goes on with the boot clock all the same");
    daemon_clock_confirm(&clock);
    daemon_clock_read(&clock, 2 * CLOCK_LONG_STOP_MS + 2, START + 2 * CLOCK_LONG_STOP_MS + 2);
    cr_assert_not(clock.held);
}

Test(clock, c2_a_start_with_the_wall_clock_before_the_last_turn_goes_on_from_the_turn)
{
    struct daemon_clock clock;
    daemon_clock_init(&clock, instant_of(START + MINUTE_MS), 0, START);
    cr_assert_eq(clock.now.ms, START + MINUTE_MS);
    cr_assert_not(clock.held);
    daemon_clock_init(&clock, instant_of(START + 5 * MINUTE_MS + 1), 0, START);
    cr_assert_eq(clock.now.ms, START + 5 * MINUTE_MS + 1);
    cr_assert_str_eq(clock.why, "clock-differs");
}

Test(clock, c4_test_time_is_a_file_of_decimal_milliseconds_and_nothing_else)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: cannot be read */
    } rows[] = {
        {"1700000000000", 1700000000000},
        {"1700000000000\n", 1700000000000},
        {"0", 0},
        {"", -1},
        {"x", -1},
        {"12x", -1},
        {"-5", -1},
        {"99999999999999999999", -1},
        {"\n", -1},
        {" ", -1},
    };
    char path[] = "/tmp/referrald-clock.XXXXXX";
    int fd = mkstemp(path);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = -1;
        cr_assert_eq(ftruncate(fd, 0), 0);
        cr_assert_eq(pwrite(fd, rows[i].text, strlen(rows[i].text), 0), (ssize_t)strlen(rows[i].text));
        cr_assert_eq(clock_test_ms(path, &ms), rows[i].ms >= 0, "row %zu", i);
        cr_assert_eq(ms, rows[i].ms, "row %zu", i);
    }
    close(fd);
    unlink(path);
    int64_t ms;
    cr_assert_not(clock_test_ms(path, &ms), "no file, no time");
}
