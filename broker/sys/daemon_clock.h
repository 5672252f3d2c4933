/* daemon_clock.h - the daemon's time (C2, C4): the last turn's time plus the boot clock, corrected towards the wall clock by at most 1 s a
 * minute; it never stands still, jumps or goes back. In doubt it goes on, but `hold` is said with every turn. */
#pragma once
#include "base/instant.h"

struct daemon_clock {
    struct instant now, last_turn;
    int64_t boot_ms, wall_ms; /* at the last reading */
    int64_t slew_rest_ms;     /* boot time since the last correction */
    bool held;
    const char *why;          /* "clock-differs", "long-stop"; NULL: not held */
    int64_t confirmed_difference_ms;
};

#define CLOCK_DOUBT_MS (5 * MINUTE_MS)
#define CLOCK_LONG_STOP_MS (24 * HOUR_MS)

/* Pure: all readings are given. At start the time is the wall's where that is not before the last turn's. */
void daemon_clock_init(struct daemon_clock *clock, struct instant last_turn, int64_t boot_ms, int64_t wall_ms);
struct instant daemon_clock_read(struct daemon_clock *clock, int64_t boot_ms, int64_t wall_ms);
/* C4: an operator confirmed the time as it is. */
void daemon_clock_confirm(struct daemon_clock *clock);
/* The machine's clocks. */
int64_t clock_boot_ms(void);
int64_t clock_wall_ms(void);
