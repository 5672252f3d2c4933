/* instant.h - points in time, dates and local time of day as integers; no clock is read here (rules C1, C2).
 *
 * Time zones are fixed offsets from UTC in minutes: the same inputs give the same bytes on every machine and in every
 * year. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct instant {
    int64_t ms; /* since 1970-01-01 00:00 UTC; 0: none */
};

#define SECOND_MS 1000LL
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

#define CHINA_OFFSET_MINUTES 480 /* "+08:00", the default of T1 */

static inline struct instant instant_of(int64_t ms)
{
    return (struct instant){ms};
}
static inline struct instant instant_after(struct instant t, int64_t ms)
{
    return (struct instant){t.ms + ms};
}
static inline bool instant_is_set(struct instant t)
{
    return t.ms != 0;
}
/* C1: intervals are half-open; what is due at `at` is due when at <= now. */
static inline bool instant_is_due(struct instant at, struct instant now)
{
    return at.ms != 0 && at.ms <= now.ms;
}

struct date { /* proleptic Gregorian */
    int32_t year;
    int32_t month, day; /* from 1 */
};

/* Days since 1970-01-01; negative before. */
int64_t date_to_days(struct date date);
struct date date_from_days(int64_t days);
bool date_is_valid(struct date date);
/* "YYYY-MM-DD", nothing else; false for a day the calendar does not have. */
bool date_parse(const char *text, struct date *ret_date);
/* `out` has room for DATE_TEXT_SIZE. */
#define DATE_TEXT_SIZE 16
void date_format(char *out, struct date date);
/* 0 Monday to 6 Sunday. */
int date_weekday(struct date date);

/* The local day that holds `t`, `offset_minutes` east of UTC (480 in China). */
struct date instant_local_date(struct instant t, int offset_minutes);
/* Milliseconds since local midnight. */
int64_t instant_local_time_of_day_ms(struct instant t, int offset_minutes);
struct instant instant_of_local(struct date date, int64_t time_of_day_ms, int offset_minutes);
/* "2026-11-21 08:30" in local time; `out` has room for INSTANT_TEXT_SIZE. */
#define INSTANT_TEXT_SIZE 40
void instant_format_local(char *out, struct instant t, int offset_minutes);
/* "+08:00" -> 480; false where it is no offset between -12:00 and +14:00. */
bool offset_parse(const char *text, int *ret_minutes);
