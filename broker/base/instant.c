/* instant.c - calendar arithmetic on integers.
 *
 * The calendar repeats every 400 years (146,097 days). Inside such an era years are counted from March, so that the
 * leap day is the last one of its year and the months' lengths follow one straight line: (153 * month + 2) / 5 days
 * before a month. */
#include "base/instant.h"

#include <stdio.h>
#include <string.h>

#define ERA_YEARS    400
#define ERA_DAYS     146097
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t date_to_days(struct date date)
{
    int64_t year = (int64_t)date.year - (date.month <= 2);
    int64_t era = floor_div(year, ERA_YEARS);
    int64_t year_of_era = year - era * ERA_YEARS;
    int64_t month_from_march = (date.month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * ERA_DAYS + day_of_era - DAYS_TO_1970;
}

struct date date_from_days(int64_t days)
{
    int64_t since = days + DAYS_TO_1970;
    int64_t era = floor_div(since, ERA_DAYS);
    int64_t day_of_era = since - era * ERA_DAYS;
    /* Leap days passed so far, taken out, leave years of 365 days. */
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
    int64_t day_of_year = day_of_era - (year_of_era * 365 + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

    return (struct date){
        .year = (int32_t)(year_of_era + era * ERA_YEARS + (month <= 2)),
        .month = (int32_t)month,
        .day = (int32_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
}

static bool is_leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Years 1 to 9999: those that can be written YYYY-MM-DD. */
bool date_is_valid(struct date date)
{
    static const int32_t days_in_month[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (date.year < 1 || date.year > 9999 || date.month < 1 || date.month > 12 || date.day < 1)
        return false;
    return date.day <= days_in_month[date.month - 1] + (date.month == 2 && is_leap(date.year));
}

/* `count` decimal digits, or -1. */
static int32_t read_digits(const char *text, int count)
{
    int32_t value = 0;

    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool date_parse(const char *text, struct date *ret_date)
{
    if (strlen(text) != strlen("YYYY-MM-DD") || text[4] != '-' || text[7] != '-')
        return false;

    struct date date = {read_digits(text, 4), read_digits(text + 5, 2), read_digits(text + 8, 2)};

    if (!date_is_valid(date))
        return false;
    *ret_date = date;
    return true;
}

void date_format(char *out, struct date date)
{
    snprintf(out, DATE_TEXT_SIZE, "%04d-%02d-%02d", date.year, date.month, date.day);
}

int date_weekday(struct date date)
{
    int64_t days = date_to_days(date) + 3; /* 1970-01-01 was a Thursday */

    return (int)(days - floor_div(days, 7) * 7);
}

static int64_t local_ms(struct instant t, int offset_minutes)
{
    return t.ms + offset_minutes * MINUTE_MS;
}

struct date instant_local_date(struct instant t, int offset_minutes)
{
    return date_from_days(floor_div(local_ms(t, offset_minutes), DAY_MS));
}

int64_t instant_local_time_of_day_ms(struct instant t, int offset_minutes)
{
    int64_t ms = local_ms(t, offset_minutes);

    return ms - floor_div(ms, DAY_MS) * DAY_MS;
}

struct instant instant_of_local(struct date date, int64_t time_of_day_ms, int offset_minutes)
{
    return instant_of(date_to_days(date) * DAY_MS + time_of_day_ms - offset_minutes * MINUTE_MS);
}

void instant_format_local(char *out, struct instant t, int offset_minutes)
{
    char date[DATE_TEXT_SIZE];
    int minutes = (int)(instant_local_time_of_day_ms(t, offset_minutes) / MINUTE_MS);

    date_format(date, instant_local_date(t, offset_minutes));
    snprintf(out, INSTANT_TEXT_SIZE, "%s %02d:%02d", date, minutes / 60, minutes % 60);
}

bool offset_parse(const char *text, int *ret_minutes)
{
    if (strlen(text) != strlen("+HH:MM") || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return false;

    int hours = read_digits(text + 1, 2), minutes = read_digits(text + 4, 2);

    if (hours < 0 || minutes < 0 || minutes > 59)
        return false;

    int offset = hours * 60 + minutes;

    if (offset > (text[0] == '-' ? 12 : 14) * 60)
        return false;
    *ret_minutes = text[0] == '-' ? -offset : offset;
    return true;
}
