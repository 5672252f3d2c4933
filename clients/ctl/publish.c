/* publish.c - a session published from options: a time of day is one of its service date. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "field.h"
#include "handlers.h"
#include "wire/wire.h"

#define TIMES_MAX 8
#define TIME_SIZE 32

/* "08:30" or "8:30", and nothing after it. */
static bool is_time_of_day(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return (digits == 1 || digits == 2) && text[digits] == ':' && strspn(text + digits + 1, "0123456789") == 2 &&
           text[digits + 3] == '\0';
}

/* Times of day among the options become times of this date; `times` keeps them. */
static void complete_times(struct ctl *ctl, const char *date, char times[TIMES_MAX][TIME_SIZE])
{
    const ProtobufCMessageDescriptor *body = kind_info(ctl->verb->kind)->body;
    size_t used = 0;

    for (size_t i = 0; i < ctl->given_count && used < TIMES_MAX; i++) {
        struct given *given = &ctl->given[i];
        const char *path = given->option->field;

        if (path == NULL || !field_is_moment(field_find(body, path)) || !is_time_of_day(given->text))
            continue;
        snprintf(times[used], TIME_SIZE, "%.10s %s", date, given->text);
        given->text = times[used++];
    }
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

int publish_run(struct ctl *ctl)
{
    char times[TIMES_MAX][TIME_SIZE];
    const char *date;
    json_t *body;
    int result;

    if (!names_units(ctl))
        return EXIT_USAGE;
    body = json_object();
    field_set(body, kind_info(ctl->verb->kind)->body, "pool", ctl->arguments[0]); /* command_run complains */
    date = json_string_value(field_value(body, "pool.date"));
    if (date != NULL)
        complete_times(ctl, date, times);
    result = command_run(ctl);
    json_decref(body);
    return result;
}
