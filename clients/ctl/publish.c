/* publish.c - a session published from options: a time of day is one of its service date. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "field.h"
#include "handlers.h"
#include "pool_text.h"
#include "wire/wire.h"

#define TIMES_MAX 8

/* "08:30" or "8:30", and nothing after it. */
static bool is_time_of_day(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return (digits == 1 || digits == 2) && text[digits] == ':' && strspn(text + digits + 1, "0123456789") == 2 &&
           text[digits + 3] == '\0';
}

int publish_run(struct ctl *ctl)
{
    char times[TIMES_MAX][32];
    size_t used = 0;
    json_t *pool = pool_text_parse(ctl->arguments[0]);
    const char *date = json_string_value(json_object_get(pool, "date"));

    for (size_t i = 0; date != NULL && i < ctl->given_count && used < TIMES_MAX; i++) {
        struct given *given = &ctl->given[i];
        const char *path = given->option->field;

        if (path == NULL || !field_is_moment(field_find(kind_info(ctl->verb->kind)->body, path)) ||
            !is_time_of_day(given->text))
            continue;
        snprintf(times[used], sizeof times[used], "%.10s %s", date, given->text);
        given->text = times[used++];
    }

    int result = command_run(ctl);

    json_decref(pool);
    return result;
}
