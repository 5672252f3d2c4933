/* claims.c - two more questions about a referral, and their answers in words. */
#include "claims.h"

#include <stdlib.h>
#include <string.h>

#include "labels.h"
#include "moment.h"
#include "place.pb-c.h"
#include "pool_text.h"
#include "query.h"
#include "table.h"

static void add(const struct ctl *ctl, struct referral_client *client, Referral__Kind kind, const char *list,
                const char *referral, json_t *view)
{
    json_t *query = json_pack("{s:s}", "referral_id", referral), *answer = NULL, *rows;

    if (query_ask(ctl, client, kind, query, true, &answer) == EXIT_OK) {
        rows = json_object_get(answer, list);
        if (json_array_size(rows) != 0)
            json_object_set(view, list, rows);
    }
    json_decref(answer);
    json_decref(query);
}

void claims_add(const struct ctl *ctl, struct referral_client *client, json_t *view)
{
    json_t *summary = json_object_get(view, "summary");
    const char *referral = json_string_value(json_object_get(summary == NULL ? view : summary, "referral_id"));

    if (referral == NULL)
        return;
    add(ctl, client, REFERRAL__KIND__LIST_BOOKINGS, "bookings", referral, view);
    add(ctl, client, REFERRAL__KIND__LIST_WAITING, "entries", referral, view);
}

static void print_table(const struct ctl *ctl, const ProtobufCMessageDescriptor *descriptor, const char *title,
                        json_t *rows)
{
    json_t *row;
    size_t i;

    if (json_array_size(rows) == 0)
        return;
    json_array_foreach(rows, i, row)
    {
        json_object_del(row, "referral_id"); /* known above */
        json_object_del(row, "team_id");
    }
    fprintf(ctl->out, "\n%s:\n", title);
    table_print(ctl, descriptor, rows);
}

void claims_print(const struct ctl *ctl, json_t *view)
{
    print_table(ctl, &referral__booking__descriptor, ctl_say(ctl, "预约", "bookings"),
                json_object_get(view, "bookings"));
    print_table(ctl, &referral__wait_entry__descriptor, ctl_say(ctl, "候补", "wait-list"),
                json_object_get(view, "entries"));
}

static const char *text_of(json_t *row, const char *member)
{
    const char *text = json_string_value(json_object_get(row, member));

    return text == NULL ? "" : text;
}

static const char *class_of(const struct ctl *ctl, json_t *row)
{
    return label_of_value(&referral__place_class__descriptor, text_of(row, "class"), ctl->zh);
}

/* "12-02 08:10" */
static void time_of(char out[MOMENT_TEXT_SIZE], json_t *row, const char *member)
{
    moment_format_short(out, json_integer_value(json_object_get(row, member)));
}

static void print_booking(const struct ctl *ctl, json_t *booking)
{
    const char *state = text_of(booking, "state");
    json_t *pool = json_object_get(booking, "pool");
    bool held = strcmp(state, "PLACE_HELD") == 0, offered = json_object_get(booking, "entry_id") != NULL;
    char start[MOMENT_TEXT_SIZE], until[MOMENT_TEXT_SIZE], *session;

    if (!held && strcmp(state, "PLACE_BOOKED") != 0)
        return;
    time_of(start, booking, "start_ms");
    time_of(until, booking, "expires_at_ms");
    session = pool_text_session(pool, text_of(booking, "doctor"));
    fprintf(ctl->out, "%s %s %s: ", class_of(ctl, pool), session == NULL ? "" : session, start);
    free(session);
    if (!held)
        fputs(ctl_say(ctl, "已预约", "booked"), ctl->out);
    else if (offered)
        fprintf(ctl->out,
                ctl_say(ctl, "候补到号, 请在 %s 前确认", "offered from the wait-list, to be confirmed before %s"),
                until);
    else
        fprintf(ctl->out, ctl_say(ctl, "暂占至 %s", "held until %s"), until);
    fprintf(ctl->out, " (%s)\n", text_of(booking, "booking_id"));
}

static void print_entry(const struct ctl *ctl, json_t *entry)
{
    json_int_t ahead = json_integer_value(json_object_get(entry, "ahead"));
    char *session = pool_text_session(entry, NULL);

    fprintf(ctl->out, ctl_say(ctl, "%s %s %s 至 %s: 候补第 %lld 位", "%s %s %s to %s: number %lld of the wait-list"),
            class_of(ctl, entry), session == NULL ? "" : session, text_of(entry, "first_date"),
            text_of(entry, "last_date"), (long long)ahead + 1);
    free(session);
    fprintf(ctl->out, " (%s)\n", text_of(entry, "entry_id"));
}

void claims_print_now(const struct ctl *ctl, json_t *view)
{
    json_t *row;
    size_t i;

    json_array_foreach(json_object_get(view, "bookings"), i, row) print_booking(ctl, row);
    json_array_foreach(json_object_get(view, "entries"), i, row) print_entry(ctl, row);
}
