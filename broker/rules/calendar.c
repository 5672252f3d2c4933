/* calendar.c - which days count, and how far a clock gets that stands still on the others. */
#include "rules/calendar.h"

#include <stddef.h>

static bool is_weekend(struct date date)
{
    return date_weekday(date) >= 5;
}

/* The exception for this day, or NULL. */
static const struct calendar_day *find_exception(const struct calendar *calendar, struct date date)
{
    int64_t wanted = date_to_days(date);
    size_t low = 0, high = calendar->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int64_t found = date_to_days(calendar->days[middle].date);

        if (found == wanted)
            return &calendar->days[middle];
        if (found < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool calendar_is_working(const struct calendar *calendar, struct date date)
{
    const struct calendar_day *exception = find_exception(calendar, date);

    return exception != NULL ? exception->working : !is_weekend(date);
}

/* Goes day by day; ends because the exceptions do. What is used up exactly at midnight is over at that midnight. */
struct instant calendar_add_working(const struct calendar *calendar, struct instant from, int64_t working_ms)
{
    struct instant at = from;
    int64_t left_ms = working_ms;

    while (left_ms > 0) {
        struct date today = instant_local_date(at, calendar->offset_minutes);
        int64_t rest_of_day_ms = DAY_MS - instant_local_time_of_day_ms(at, calendar->offset_minutes);

        if (!calendar_is_working(calendar, today)) {
            at = instant_after(at, rest_of_day_ms);
        } else {
            int64_t step_ms = left_ms < rest_of_day_ms ? left_ms : rest_of_day_ms;

            at = instant_after(at, step_ms);
            left_ms -= step_ms;
        }
    }
    return at;
}
