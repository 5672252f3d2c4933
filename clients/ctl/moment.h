/* moment.h - points in time and lengths of time as people write and read them. Local time is that of this machine. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOMENT_TEXT_SIZE 32

/* "now", "2026-11-21", "2026-11-21 08:30", "2026-11-21T08:30:00" in local time, or milliseconds since 1970 as a number.
 * False: none of these, or a day that is in no calendar. */
bool moment_parse(const char *text, int64_t *ret_ms);
void moment_format(char out[MOMENT_TEXT_SIZE], int64_t ms); /* "2026-11-21 08:30:00" */
/* "08:30" and "12-02 08:30" */
void moment_format_time(char out[MOMENT_TEXT_SIZE], int64_t ms);
void moment_format_short(char out[MOMENT_TEXT_SIZE], int64_t ms);
/* Of "2026-12-02": "周三", "Wed"; empty where it is no date. */
const char *moment_weekday(const char *date, bool zh);
int64_t moment_now(void);
int64_t moment_next_second(void); /* waits for it, and says which it is, in milliseconds */
/* "90s", "15m", "2h", "14d"; a bare number is milliseconds. */
bool span_parse(const char *text, int64_t *ret_ms);
void span_format(char out[MOMENT_TEXT_SIZE], int64_t ms); /* the two largest units: "2h 5m" */
