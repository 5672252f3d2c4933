/* free_places.c - tables of free places. */
#include "free_places.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "moment.h"
#include "pool_text.h"
#include "table.h"
#include "width.h"

#define TIMES_SHOWN   4
#define TIMES_OFFERED 8
#define TIMES_SIZE    96
#define TIME_COLUMNS  6  /* "08:00 " */
#define MORE_COLUMNS  3  /* "..." */
#define COUNT_COLUMNS 30 /* of number, date, session time and how many */
#define GAP           1

static const char *text_of(json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text == NULL ? "" : text;
}

static int64_t number_of(json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

bool free_places_is_bookable(json_t *place)
{
    return number_of(place, "bookable") > 0;
}

/* Of the first unit that is free; else of the session. */
static int64_t earliest_ms(json_t *place)
{
    json_t *unit = json_array_get(json_object_get(place, "first"), 0);

    return number_of(unit == NULL ? place : unit, "start_ms");
}

static int by_time(const void *left, const void *right)
{
    json_t *const *a = left, *const *b = right;
    int64_t x = earliest_ms(*a), y = earliest_ms(*b);

    return (x > y) - (x < y);
}

json_t *free_places_by_time(json_t *places)
{
    size_t count = json_array_size(places), i;
    json_t **sorted = calloc(count + 1, sizeof *sorted), *list = json_array(), *place;

    if (sorted == NULL)
        return list;
    json_array_foreach(places, i, place) sorted[i] = place;
    qsort(sorted, count, sizeof *sorted, by_time);
    for (i = 0; i < count; i++)
        json_array_append(list, sorted[i]);
    free(sorted);
    return list;
}

uint32_t free_places_unit_at(json_t *place, const char *time)
{
    json_t *unit;
    size_t i;

    json_array_foreach(json_object_get(place, "first"), i, unit)
    {
        char starts[MOMENT_TEXT_SIZE];

        moment_format_time(starts, number_of(unit, "start_ms"));
        if (strcmp(starts, time) == 0 || (starts[0] == '0' && strcmp(starts + 1, time) == 0))
            return (uint32_t)number_of(unit, "unit");
    }
    return 0;
}

/* ---- Cells ---- */

static json_t *session_time(json_t *place)
{
    char start[MOMENT_TEXT_SIZE], end[MOMENT_TEXT_SIZE];

    if (json_object_get(place, "start_ms") == NULL)
        return json_string("");
    moment_format_time(start, number_of(place, "start_ms"));
    moment_format_time(end, number_of(place, "end_ms"));
    return json_sprintf("%s-%s", start, end);
}

/* "08:00 08:10 08:40 ..."; beds of a ward-day all start at once. */
static json_t *first_times(json_t *place, size_t most)
{
    json_t *first = json_object_get(place, "first"), *unit;
    char times[TIMES_SIZE] = "", before[MOMENT_TEXT_SIZE] = "";
    size_t i, shown = 0, used = 0;

    json_array_foreach(first, i, unit)
    {
        char starts[MOMENT_TEXT_SIZE];

        moment_format_time(starts, number_of(unit, "start_ms"));
        if (strcmp(starts, before) == 0)
            continue;
        if (shown == most)
            break;
        memcpy(before, starts, sizeof before);
        used += (size_t)snprintf(times + used, sizeof times - used, "%s%s", shown++ == 0 ? "" : " ", starts);
    }
    if (shown > 1 && (size_t)number_of(place, "bookable") > i)
        snprintf(times + used, sizeof times - used, " ...");
    return json_string(times);
}

/* How many first times there is room for, beside columns that are so wide. */
static size_t times_that_fit(const struct ctl *ctl, int beside, size_t most)
{
    int room = width_of_stream(ctl->out) - beside;
    size_t fit =
        room < 2 * TIME_COLUMNS + MORE_COLUMNS ? room >= TIME_COLUMNS : (size_t)(room - MORE_COLUMNS) / TIME_COLUMNS;

    return fit < most ? fit : most;
}

/* "24 from 12-01 07:00": opening, or release of the reserve. */
static json_t *opens_later(const struct ctl *ctl, json_t *place)
{
    char at[MOMENT_TEXT_SIZE];

    if (number_of(place, "opens_later") == 0)
        return json_string("");
    moment_format_short(at, number_of(place, "opens_later_at_ms"));
    return json_sprintf(ctl_say(ctl, "%lld 个, %s 起", "%lld from %s"), (long long)number_of(place, "opens_later"), at);
}

/* As the commands take it: of the own hospital without its name. */
static json_t *pool_cell(json_t *place, const char *own)
{
    json_t *pool = json_copy(json_object_get(place, "pool")), *cell;
    char *text;

    if (strcmp(text_of(pool, "hospital"), own) == 0)
        json_object_del(pool, "hospital");
    text = pool_text_format(pool);
    cell = json_string(text == NULL ? "" : text);
    free(text);
    json_decref(pool);
    return cell;
}

static int widest(json_t *rows, const char *member)
{
    int widest = 0;
    json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        int width = width_of(text_of(row, member));

        widest = width > widest ? width : widest;
    }
    return widest;
}

/* ---- Tables ---- */

/* A column that says nothing in any row is none. */
static void drop_empty(json_t *rows, const char *member, const char **headings, const char *heading)
{
    json_t *row;
    size_t i, kept = 0;

    if (widest(rows, member) != 0)
        return;
    json_array_foreach(rows, i, row) json_object_del(row, member);
    for (i = 0; headings[i] != NULL; i++)
        if (headings[i] != heading)
            headings[kept++] = headings[i];
    headings[kept] = NULL;
}

static void print_rows(const struct ctl *ctl, const char *const *headings, json_t *rows)
{
    if (json_array_size(rows) == 0)
        fprintf(ctl->out, "%s\n", ctl_say(ctl, "(无可约号源)", "(nothing is free)"));
    else
        table_plain(ctl, headings, rows);
    json_decref(rows);
}

void free_places_print(const struct ctl *ctl, json_t *places, const char *own)
{
    const char *doctor = ctl_say(ctl, "医生", "doctor"), *first = ctl_say(ctl, "最早", "first"),
               *later = ctl_say(ctl, "稍后开放", "opens later");
    const char *headings[] = {ctl_say(ctl, "号源", "pool"),
                              doctor,
                              ctl_say(ctl, "时间", "time"),
                              ctl_say(ctl, "可约", "free"),
                              first,
                              later,
                              NULL};
    json_t *rows = json_array(), *place;
    size_t i, times;

    json_array_foreach(places, i, place) json_array_append_new(
        rows, json_pack("{s:o, s:s, s:o, s:I, s:s, s:o}", "pool", pool_cell(place, own), "doctor",
                        text_of(place, "doctor"), "time", session_time(place), "free",
                        (json_int_t)number_of(place, "bookable"), "first", "", "later", opens_later(ctl, place)));
    times = times_that_fit(ctl,
                           widest(rows, "pool") + widest(rows, "doctor") + widest(rows, "time") +
                               widest(rows, "later") + width_of(headings[3]) + 5 * GAP,
                           TIMES_SHOWN);
    json_array_foreach(places, i, place)
        json_object_set_new(json_array_get(rows, i), "first", first_times(place, times));
    drop_empty(rows, "doctor", headings, doctor);
    drop_empty(rows, "first", headings, first);
    drop_empty(rows, "later", headings, later);
    print_rows(ctl, headings, rows);
}

static json_t *offer_row(const struct ctl *ctl, json_t *place, size_t *number, size_t times)
{
    json_t *pool = json_object_get(place, "pool");
    bool bookable = free_places_is_bookable(place);

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:s, s:o, s:o}", "number", bookable ? json_sprintf("%zu", (*number)++) : json_string("-"),
        "date", json_sprintf("%s %s", text_of(pool, "date"), moment_weekday(text_of(pool, "date"), ctl->zh)), "time",
        session_time(place), "session", json_sprintf("%s %s", text_of(pool, "department"), text_of(pool, "resource")),
        "doctor", text_of(place, "doctor"), "free", json_integer((json_int_t)number_of(place, "bookable")), "times",
        bookable ? first_times(place, times) : opens_later(ctl, place));
}

void free_places_offer(const struct ctl *ctl, json_t *places, size_t number)
{
    static const char *const zh[] = {"", "日期", "时间", "号源", "医生", "可约", "最早", NULL};
    static const char *const en[] = {"", "date", "time", "session", "doctor", "free", "first times", NULL};
    json_t *rows = json_array(), *place;
    int session = 0;
    size_t i, times;

    json_array_foreach(places, i, place)
    {
        json_t *pool = json_object_get(place, "pool");
        int width = width_of(text_of(pool, "department")) + width_of(text_of(pool, "resource")) +
                    width_of(text_of(place, "doctor"));

        session = width > session ? width : session;
    }
    times = times_that_fit(ctl, COUNT_COLUMNS + session + 7 * GAP, TIMES_OFFERED);
    json_array_foreach(places, i, place) json_array_append_new(rows, offer_row(ctl, place, &number, times));
    print_rows(ctl, ctl->zh ? zh : en, rows);
}
