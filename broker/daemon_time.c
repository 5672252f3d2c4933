/* daemon_time.c - where the time of a turn comes from (C2), and what a doubtful time does (C4). */
#include "daemon_inside.h"
#include "sys/journal.h"
#include <string.h>

static bool is_test_time(const struct daemon *daemon)
{
    return store_identity(daemon->store)->test_time;
}

/* Test time is the file's, but never goes back; a file that cannot be read leaves it where it is. */
static void read_test_clock(struct daemon *daemon)
{
    int64_t ms;
    if (clock_test_ms(daemon->config->test_clock_file, &ms) && ms > daemon->clock.now.ms)
        daemon->clock.now = instant_of(ms);
}

struct turn_clock daemon_now(struct daemon *daemon)
{
    int64_t boot_ms = clock_boot_ms();
    if (is_test_time(daemon))
        read_test_clock(daemon);
    else
        daemon_clock_read(&daemon->clock, boot_ms, clock_wall_ms());
    return (struct turn_clock){.now = daemon->clock.now, .mono_ms = boot_ms, .hold = daemon->clock.held};
}

const char *daemon_doubt(size_t i)
{
    static const char *const codes[DAEMON_DOUBTS] = {"clock-differs", "long-stop"};
    return codes[i];
}

/* C4: a doubt that no operator has settled outlives the process. */
static const char *standing_doubt(struct daemon *daemon)
{
    for (size_t i = 0; i < DAEMON_DOUBTS; i++)
        if (daemon_alarm_stands(daemon, daemon_doubt(i)))
            return daemon_doubt(i);
    return NULL;
}

enum daemon_exit daemon_time_open(struct daemon *daemon)
{
    const char *test_clock_file = daemon->config->test_clock_file;
    struct instant last_turn = store_mark(daemon->store).time;
    int64_t test_ms;
    if (is_test_time(daemon) != (test_clock_file != NULL)) {
        journal(JOURNAL_start_refused, "%s",
                test_clock_file ? "test_clock_file is set, but the store is not made for test time"
                                : "the store is made for test time, and test_clock_file is not set");
        return DAEMON_TEST_TIME;
    }
    if (test_clock_file && !clock_test_ms(test_clock_file, &test_ms)) {
        journal(JOURNAL_start_refused, "%s: holds no time in milliseconds since 1970", test_clock_file);
        return DAEMON_TEST_TIME;
    }
    if (test_clock_file) {
        daemon->clock.now = last_turn;
        read_test_clock(daemon);
        return DAEMON_STOPPED;
    }
    daemon_clock_init(&daemon->clock, last_turn, clock_boot_ms(), clock_wall_ms());
    daemon->held_alarm = standing_doubt(daemon);
    if (daemon->held_alarm) {
        journal(JOURNAL_time_held, "%s: nobody has confirmed the time since", daemon->held_alarm);
        daemon_clock_hold(&daemon->clock, daemon->held_alarm);
    }
    return DAEMON_STOPPED;
}

void daemon_time_watch(struct daemon *daemon)
{
    struct daemon_clock *clock = &daemon->clock;
    if (turn_time_confirmed(daemon->turn) && clock->held) {
        journal(JOURNAL_time_confirmed, "an operator confirmed the time; expiry and no-show go on");
        daemon_clock_confirm(clock);
    }
    if (clock->held && !daemon->held_alarm) {
        journal(JOURNAL_time_held, "%s: expiry and no-show wait until an operator confirms the time", clock->why);
        turn_alarm(daemon->turn, clock->why, DAEMON_ALARM_SUBJECT, NULL, true);
        daemon->held_alarm = clock->why;
    }
    if (!clock->held && daemon->held_alarm) {
        turn_alarm(daemon->turn, daemon->held_alarm, DAEMON_ALARM_SUBJECT, NULL, false);
        daemon->held_alarm = NULL;
    }
}
