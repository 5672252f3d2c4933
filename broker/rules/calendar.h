/* calendar.h - working days: Monday to Friday, but for the operator's list of holidays and make-up days 调休 (L4).
 * Pure. */
#pragma once
#include <stddef.h>

#include "base/instant.h"

struct calendar_day {
    struct date date;
    bool working;
};
struct calendar {
    int offset_minutes;              /* of the receiver's local time */
    const struct calendar_day *days; /* exceptions, in order of date */
    size_t count;
};

bool calendar_is_working(const struct calendar *calendar, struct date date);
/* The instant at which `working_ms` have passed on a clock that runs round the clock on working days and stands still
 * on others: 2 working days from Friday 17:00 is Tuesday 17:00. */
struct instant calendar_add_working(const struct calendar *calendar, struct instant from, int64_t working_ms);
