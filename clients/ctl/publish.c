/* publish.c - a session published from options: a time of day is one of its service date. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl.h"
#include "field.h"
#include "handlers.h"
#include "wire/wire.h"

#define TIMES_MAX 8
#define TIME_SIZE 32
#define BED_START "08:00" /* section 6: the day of beds starts then */

/* "08:30", "8:30", or what was meant as one: "25:00". */
static bool is_time_of_day(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return (digits == 1 || digits == 2) && text[digits] == ':';
}

static bool check_time_of_day(const struct ctl *ctl, const struct given *given)
{
    struct tm time;
    const char *end = strptime(given->text, "%H:%M", &time);

    if (end != NULL && *end == '\0')
        return true;
    ctl_complain(ctl, ctl_say(ctl, "--%s: 应为 00:00 至 23:59 之间的时刻", "--%s: must be a time from 00:00 to 23:59"),
                 given->option->name);
    return false;
}

/* Times of day among the options become times of this date; `times` keeps them. False: one is none, and was complained
 * of. */
static bool complete_times(struct ctl *ctl, const char *date, char times[TIMES_MAX][TIME_SIZE])
{
    const ProtobufCMessageDescriptor *body = kind_info(ctl->verb->kind)->body;
    size_t used = 0;

    for (size_t i = 0; i < ctl->given_count && used < TIMES_MAX; i++) {
        struct given *given = &ctl->given[i];
        const char *path = given->option->field;

        if (path == NULL || !field_is_moment(field_find(body, path)) || !is_time_of_day(given->text))
            continue;
        if (!check_time_of_day(ctl, given))
            return false;
        snprintf(times[used], TIME_SIZE, "%.10s %s", date, given->text);
        given->text = times[used++];
    }
    return true;
}

/* Beds are a day's places: all at once, from its start on. */
static void complete_beds(struct ctl *ctl)
{
    if (!ctl_has(ctl, "start"))
        ctl_give(ctl, "start", BED_START);
    if (!ctl_has(ctl, "minutes"))
        ctl_give(ctl, "minutes", "0");
}

/* The session is stated whole: without its units it would lose them all. */
static bool names_units(const struct ctl *ctl)
{
    if (ctl_has(ctl, "count") || ctl_has(ctl, "body"))
        return true;
    ctl_complain(
        ctl, "%s",
        ctl_say(ctl, "请给出 --count: 号源须完整说明, 未说明的号将被减去 (仅减号请用 cut)",
                "give --count: a session is stated whole, and units that are not stated go (to take some away: cut)"));
    return false;
}

/* One after the other, or all at once? Only beds are known to be all at once. */
static bool names_minutes(const struct ctl *ctl)
{
    const char *count = ctl_option(ctl, "count");

    if (!ctl_has(ctl, "start") || ctl_has(ctl, "minutes") || ctl_has(ctl, "body") || count == NULL ||
        strcmp(count, "1") == 0)
        return true;
    ctl_complain(ctl, "%s",
                 ctl_say(ctl, "请给出 --minutes: 每号分钟数(0: 全部同时开始)",
                         "give --minutes: from one unit to the next (0: all start at once)"));
    return false;
}

int publish_run(struct ctl *ctl)
{
    char times[TIMES_MAX][TIME_SIZE];
    const char *date, *class;
    json_t *body;
    int result = EXIT_USAGE;

    if (!names_units(ctl))
        return EXIT_USAGE;
    body = json_object();
    field_set(body, kind_info(ctl->verb->kind)->body, "pool", ctl->arguments[0]); /* whoever sends it complains */
    date = json_string_value(field_value(body, "pool.date"));
    class = json_string_value(field_value(body, "pool.class"));
    if (class != NULL && strcmp(class, "BED") == 0 && !ctl_has(ctl, "body"))
        complete_beds(ctl);
    if ((date == NULL || complete_times(ctl, date, times)) && names_minutes(ctl))
        result = pool_tell_run(ctl);
    json_decref(body);
    return result;
}
