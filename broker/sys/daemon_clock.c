/* daemon_clock.c - integers only; the machine's clocks are read at the end of the file and nowhere else. */
#include "sys/daemon_clock.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* 1 s a minute: 1 ms of correction for 60 ms gone by, and never more than 1 s at once. */
#define SLEW_RATIO    60
#define SLEW_REST_MAX MINUTE_MS

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static int64_t max_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void daemon_clock_hold(struct daemon_clock *clock, const char *why)
{
    if (!clock->held) {
        clock->held = true;
        clock->why = why;
    }
}

static int64_t difference(const struct daemon_clock *clock)
{
    return clock->wall_ms - clock->now.ms;
}

/* C4. A difference that was confirmed is no doubt any more while the correction works it off; what comes on top of it
 * is. */
static bool is_doubtful(const struct daemon_clock *clock)
{
    int64_t confirmed = clock->confirmed_difference_ms;
    int64_t low = confirmed < 0 ? confirmed : 0, high = confirmed > 0 ? confirmed : 0;
    return difference(clock) < low - CLOCK_DOUBT_MS || difference(clock) > high + CLOCK_DOUBT_MS;
}

void daemon_clock_init(struct daemon_clock *clock, struct instant last_turn, int64_t boot_ms, int64_t wall_ms)
{
    memset(clock, 0, sizeof *clock);
    clock->now = instant_of(max_of(wall_ms, last_turn.ms));
    clock->boot_ms = boot_ms;
    clock->wall_ms = wall_ms;
    if (is_doubtful(clock))
        daemon_clock_hold(clock, "clock-differs");
    else if (instant_is_set(last_turn) && wall_ms - last_turn.ms > CLOCK_LONG_STOP_MS)
        daemon_clock_hold(clock, "long-stop");
}

/* Towards the wall clock, by what the time gone by allows; not while that clock is in doubt. */
static int64_t correction(struct daemon_clock *clock, int64_t elapsed_ms)
{
    clock->slew_rest_ms = clamp(clock->slew_rest_ms + elapsed_ms, 0, SLEW_REST_MAX);
    int64_t allowed = clock->slew_rest_ms / SLEW_RATIO;
    clock->slew_rest_ms %= SLEW_RATIO;
    return clock->held ? 0 : clamp(difference(clock), -allowed, allowed);
}

struct instant daemon_clock_read(struct daemon_clock *clock, int64_t boot_ms, int64_t wall_ms)
{
    int64_t elapsed_ms = max_of(boot_ms - clock->boot_ms, 0);
    clock->boot_ms = max_of(boot_ms, clock->boot_ms);
    clock->wall_ms = wall_ms;
    clock->now.ms += elapsed_ms;
    if (is_doubtful(clock))
        daemon_clock_hold(clock, "clock-differs");
    else if (elapsed_ms > CLOCK_LONG_STOP_MS)
        daemon_clock_hold(clock, "long-stop");
    clock->now.ms += correction(clock, elapsed_ms);
    int64_t confirmed = clock->confirmed_difference_ms;
    clock->confirmed_difference_ms =
        confirmed > 0 ? clamp(difference(clock), 0, confirmed) : clamp(difference(clock), confirmed, 0);
    return clock->now;
}

void daemon_clock_confirm(struct daemon_clock *clock)
{
    clock->held = false;
    clock->why = NULL;
    clock->confirmed_difference_ms = difference(clock);
}

static int64_t read_clock(clockid_t id)
{
    struct timespec at;
    clock_gettime(id, &at);
    return (int64_t)at.tv_sec * SECOND_MS + at.tv_nsec / 1000000;
}

int64_t clock_boot_ms(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

int64_t clock_boot_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return read_clock(CLOCK_REALTIME);
}

bool clock_test_ms(const char *path, int64_t *ret_ms)
{
    char text[32] = "", *end;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    errno = 0;
    long long ms = strtoll(text, &end, 10);
    if (length <= 0 || end == text || (*end != '\0' && *end != '\n') || errno != 0 || ms < 0)
        return false;
    *ret_ms = ms;
    return true;
}
