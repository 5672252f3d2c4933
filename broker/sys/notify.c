/* notify.c - thin over sd_notify, which is silent where no NOTIFY_SOCKET is set. */
#include "sys/notify.h"
#include "base/instant.h"
#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

/* The largest unit of which there is one at least. */
static int age_text(char *out, size_t size, int64_t ms)
{
    static const struct {
        int64_t ms;
        char unit;
    } units[] = {{DAY_MS, 'd'}, {HOUR_MS, 'h'}, {MINUTE_MS, 'm'}, {SECOND_MS, 's'}};
    size_t i = 0;
    while (i < sizeof units / sizeof units[0] - 1 && ms < units[i].ms)
        i++;
    return snprintf(out, size, " · oldest %" PRId64 "%c", ms / units[i].ms, units[i].unit);
}

void notify_health_line(const struct notify_health *health, char out[NOTIFY_LINE_SIZE])
{
    size_t length = (size_t)snprintf(out, NOTIFY_LINE_SIZE, "%.40s · waiting %" PRIu64, health->state, health->waiting);
    if (health->oldest_ms >= 0)
        length += (size_t)age_text(out + length, NOTIFY_LINE_SIZE - length, health->oldest_ms);
    if (health->p99_us != 0)
        snprintf(out + length, NOTIFY_LINE_SIZE - length, " · p99 %" PRIu64 " ms", (health->p99_us + 999) / 1000);
}

void notify_ready(const char *status)
{
    sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_reloading(void)
{
    sd_notify(0, "RELOADING=1");
}

void notify_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

void notify_status(const char *status)
{
    sd_notifyf(0, "STATUS=%s", status);
}

void notify_watchdog(void)
{
    sd_notify(0, "WATCHDOG=1");
}
