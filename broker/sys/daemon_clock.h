/* daemon_clock.h - the daemon's time (C2, C4): the last turn's time plus the boot clock, corrected towards the wall
 * clock by at most 1 s a minute; it never stands still, jumps or goes back.
 *
 * In doubt it goes on by the boot clock alone, and `held` is said with every turn until an operator confirms the time.
 * Doubt is: the wall clock differs by more than 5 minutes ("clock-differs"), or the daemon starts more than 24 hours
 * after the last turn, or has stood still for as long ("long-stop"). Pure: all readings are given. */
#pragma once
#include "base/instant.h"

struct daemon_clock {
    struct instant now;
    int64_t boot_ms, wall_ms; /* at the last reading */
    int64_t slew_rest_ms;     /* boot time not yet spent on correction */
    bool held;
    const char *why;                 /* "clock-differs", "long-stop"; NULL: not held */
    int64_t confirmed_difference_ms; /* wall clock minus ours, as confirmed; shrinks with the difference itself */
};

#define CLOCK_DOUBT_MS     (5 * MINUTE_MS)
#define CLOCK_LONG_STOP_MS (24 * HOUR_MS)

/* At start the time is the wall's where that is not before the last turn's (unset: a store without turns). */
void daemon_clock_init(struct daemon_clock *clock, struct instant last_turn, int64_t boot_ms, int64_t wall_ms);
struct instant daemon_clock_read(struct daemon_clock *clock, int64_t boot_ms, int64_t wall_ms);
/* C4: doubts the time for a reason known elsewhere, such as a doubt from before a restart. Keeps the first reason;
 * borrows `why`. */
void daemon_clock_hold(struct daemon_clock *clock, const char *why);
/* C4: an operator confirmed the time as it is. */
void daemon_clock_confirm(struct daemon_clock *clock);

/* The machine's clocks. */
int64_t clock_boot_ms(void); /* monotonic, goes on while the machine sleeps */
int64_t clock_boot_us(void); /* the same, to measure with */
int64_t clock_wall_ms(void);
/* Test time (C4): a file that holds milliseconds since 1970 in decimal; false where it cannot be read as that. */
bool clock_test_ms(const char *path, int64_t *ret_ms);
