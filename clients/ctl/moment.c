/* moment.c - reads and writes times. */
#include "moment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_YEAR 1970
#define LEAST_MS   INT64_C(100000000000) /* in 1973 */

static bool number_parse(const char *text, int64_t *ret_number, const char **ret_end)
{
    char *end;

    errno = 0;

    long long number = strtoll(text, &end, 10);

    if (errno != 0 || end == text)
        return false;
    *ret_number = number;
    *ret_end = end;
    return true;
}

/* False: there is no such day, or its year was written short; the C library would make some other day of it. */
static bool local_time(const struct tm *said, int64_t *ret_ms)
{
    struct tm local = *said;

    local.tm_isdst = -1;

    int64_t ms = (int64_t)mktime(&local) * 1000;

    if (local.tm_mday != said->tm_mday || local.tm_mon != said->tm_mon || local.tm_year < FIRST_YEAR - 1900)
        return false;
    *ret_ms = ms;
    return true;
}

/* A date without its dashes, or seconds, would be a day in 1970. */
static bool milliseconds(const char *text, int64_t *ret_ms)
{
    const char *end;
    int64_t ms;

    if (!number_parse(text, &ms, &end) || *end != '\0' || (ms != 0 && ms < LEAST_MS))
        return false;
    *ret_ms = ms;
    return true;
}

bool moment_parse(const char *text, int64_t *ret_ms)
{
    static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S",
                                        "%Y-%m-%dT%H:%M:%S"};

    if (strcmp(text, "now") == 0) {
        *ret_ms = moment_now();
        return true;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tm said = {0};
        const char *end = strptime(text, forms[i], &said);

        if (end != NULL && *end == '\0')
            return local_time(&said, ret_ms);
    }
    return milliseconds(text, ret_ms);
}

static void format(char out[MOMENT_TEXT_SIZE], int64_t ms, const char *form)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm local;

    if (localtime_r(&seconds, &local) == NULL || strftime(out, MOMENT_TEXT_SIZE, form, &local) == 0)
        snprintf(out, MOMENT_TEXT_SIZE, "%lld", (long long)ms);
}

void moment_format(char out[MOMENT_TEXT_SIZE], int64_t ms)
{
    format(out, ms, "%Y-%m-%d %H:%M:%S");
}

void moment_format_time(char out[MOMENT_TEXT_SIZE], int64_t ms)
{
    format(out, ms, "%H:%M");
}

void moment_format_short(char out[MOMENT_TEXT_SIZE], int64_t ms)
{
    format(out, ms, "%m-%d %H:%M");
}

const char *moment_weekday(const char *date, bool zh)
{
    static const char *const days[][2] = {{"Sun", "周日"}, {"Mon", "周一"}, {"Tue", "周二"}, {"Wed", "周三"},
                                          {"Thu", "周四"}, {"Fri", "周五"}, {"Sat", "周六"}};
    struct tm day = {.tm_isdst = -1, .tm_hour = 12};

    if (strptime(date, "%Y-%m-%d", &day) == NULL || mktime(&day) == -1)
        return "";
    return days[day.tm_wday][zh];
}

int64_t moment_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t moment_next_second(void)
{
    struct timespec until = {.tv_sec = moment_now() / 1000 + 1};

    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
    return (int64_t)until.tv_sec * 1000;
}

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

#define UNIT_COUNT (sizeof units / sizeof *units)

static bool unit_find(const char *name, int64_t *ret_ms)
{
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strcmp(name, units[i].name) == 0) {
            *ret_ms = units[i].ms;
            return true;
        }
    }
    return false;
}

bool span_parse(const char *text, int64_t *ret_ms)
{
    const char *end;
    int64_t number, unit = 1;

    if (!number_parse(text, &number, &end) || number < 0)
        return false;
    if (*end != '\0' && !unit_find(end, &unit))
        return false;
    return !__builtin_mul_overflow(number, unit, ret_ms);
}

void span_format(char out[MOMENT_TEXT_SIZE], int64_t ms)
{
    int used = 0, shown = 0;

    snprintf(out, MOMENT_TEXT_SIZE, "0s");
    for (size_t i = 0; i < UNIT_COUNT && shown < 2; i++) {
        int64_t count = ms / units[i].ms;

        if (count == 0 && shown == 0)
            continue; /* not there yet */
        if (count != 0)
            used += snprintf(out + used, MOMENT_TEXT_SIZE - (size_t)used, "%s%lld%s", shown == 0 ? "" : " ",
                             (long long)count, units[i].name);
        ms -= count * units[i].ms;
        shown++;
    }
}
