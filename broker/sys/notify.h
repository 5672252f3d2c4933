/* notify.h - what systemd wants to know: ready, reloading, stopping, status, watchdog (libsystemd; silent
 * elsewhere). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct notify_health { /* the broker in one line, as `systemctl status` shows it */
    const char *state; /* "ready", "ready, time held", "draining" */
    uint64_t waiting;
    int64_t oldest_ms; /* age of the oldest that waits; negative: nothing waits */
    uint64_t p99_us;   /* of recent turns; 0: there were none */
};
#define NOTIFY_LINE_SIZE 128
/* "ready · waiting 12 · oldest 2m · p99 3 ms"; what there is nothing of is left out. */
void notify_health_line(const struct notify_health *health, char out[NOTIFY_LINE_SIZE]);

void notify_ready(const char *status);
void notify_reloading(void); /* notify_ready ends it */
void notify_stopping(void);
void notify_status(const char *status);
void notify_watchdog(void);
