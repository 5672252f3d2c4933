/* ops_trace.c - `trace`: every hop of a referral, from its submission over each delivery to where it lies now, with the
 * turn of the audit that tells more. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "connect.h"
#include "handlers.h"
#include "labels.h"
#include "moment.h"
#include "ops_find.h"
#include "ops_screen.h"
#include "query.h"
#include "table.h"
#include "width.h"

#define EVENT_COLUMNS 20
#define ROWS_MAX      1000

/* ---- What is read ---- */

static void add_quietly(const struct ctl *ctl, struct referral_client *client, Referral__Kind kind, const char *list,
                        json_t *query, json_t *view, const char *member)
{
    json_t *answer = NULL;

    if (query_ask(ctl, client, kind, query, true, &answer) == EXIT_OK) {
        json_t *value = list == NULL ? answer : json_object_get(answer, list);

        if (list == NULL || json_array_size(value) != 0)
            json_object_set(view, member, value);
    }
    json_decref(answer);
    json_decref(query);
}

/* Of one inbox, as far as its page goes: a referral's dead letters are recent, or few are there. */
static void add_dead(const struct ctl *ctl, struct referral_client *client, const char *institution,
                     const char *referral, json_t *dead)
{
    json_t *query = json_pack("{s:s,s:i}", "institution", institution, "rows", LIMIT_PAGE_ROWS), *row;
    bool more = true;

    while (more) {
        json_t *answer = NULL, *next;
        size_t i;

        if (query_ask(ctl, client, REFERRAL__KIND__LIST_DEAD, query, true, &answer) != EXIT_OK)
            break; /* not ours to see */
        json_array_foreach(json_object_get(answer, "entries"), i,
                           row) if (strcmp(ops_string(json_object_get(row, "entry"), "referral_id"), referral) == 0)
            json_array_append(dead, row);
        next = json_object_get(answer, "next");
        more = next != NULL && json_object_set(query, "cursor", next) == 0;
        json_decref(answer);
    }
    json_decref(query);
}

static int read_view(struct ctl *ctl, struct referral_client *client, json_t *query, json_t **ret_view)
{
    json_t *summary, *dead = json_array();
    int result = query_ask_all(ctl, client, REFERRAL__KIND__GET_REFERRAL, query, ROWS_MAX, ret_view);

    if (result == EXIT_OK) {
        const char *referral;

        summary = json_object_get(*ret_view, "summary");
        referral = ops_string(summary, "referral_id");
        claims_add(ctl, client, *ret_view);
        add_quietly(ctl, client, REFERRAL__KIND__WHY, NULL,
                    json_pack("{s:s,s:s}", "referral_id", referral, "language", ctl->zh ? "zh" : "en"), *ret_view,
                    "why");
        add_quietly(ctl, client, REFERRAL__KIND__GET_JOURNEY, "referrals", json_pack("{s:s}", "referral_id", referral),
                    *ret_view, "journey");
        add_dead(ctl, client, ops_string(summary, "receiver"), referral, dead);
        add_dead(ctl, client, ops_string(summary, "sender"), referral, dead);
        if (json_array_size(dead) != 0)
            json_object_set(*ret_view, "dead", dead);
    }
    json_decref(dead);
    return result;
}

/* ---- How it is shown ---- */

struct detail {
    const struct ctl *ctl;
    FILE *out;
    bool is_begun;
};

static void add(struct detail *detail, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct detail *detail, const char *format, ...)
{
    va_list arguments;

    if (detail->is_begun)
        fputs(", ", detail->out);
    detail->is_begun = true;
    va_start(arguments, format);
    vfprintf(detail->out, format, arguments);
    va_end(arguments);
}

static void add_member(struct detail *detail, const json_t *row, const char *member, const char *zh, const char *en)
{
    const char *text = ops_string(row, member);

    if (text[0] != '\0')
        add(detail, ctl_say(detail->ctl, zh, en), label_of_text(member, text, detail->ctl->zh));
}

static void add_state(struct detail *detail, const json_t *row)
{
    const char *from = ops_string(row, "from_state"), *to = ops_string(row, "state");

    if (to[0] != '\0' && strcmp(from, to) != 0)
        add(detail, "→ %s", label_of_value(&referral__state__descriptor, to, detail->ctl->zh));
}

static void add_time(struct detail *detail, const json_t *row, const char *member, const char *zh, const char *en)
{
    char when[MOMENT_TEXT_SIZE];

    if (ops_number(row, member) == 0)
        return;
    moment_format_short(when, ops_number(row, member));
    add(detail, ctl_say(detail->ctl, zh, en), when);
}

static void add_reason(struct detail *detail, const json_t *row)
{
    const char *reason = ops_string(row, "reason");

    if (reason[0] != '\0')
        add(detail, "%s", label_of_value(&referral__reason__descriptor, reason, detail->ctl->zh));
}

static void add_close_code(struct detail *detail, const json_t *row)
{
    const char *code = ops_string(row, "close_code");

    if (code[0] != '\0')
        add(detail, "%s", label_of_value(&referral__close_code__descriptor, code, detail->ctl->zh));
}

/* Everything that an entry says, in words. */
static void describe(struct detail *detail, const json_t *row)
{
    add_state(detail, row);
    add_member(detail, row, "by", "%s", "by %s");
    add_member(detail, json_object_get(row, "person"), "name", "%s", "%s");
    add_member(detail, row, "destination", "投往 %s", "to %s");
    if (ops_number(row, "attempt") != 0)
        add(detail, ctl_say(detail->ctl, "第 %lld 次", "attempt %lld"), (long long)ops_number(row, "attempt"));
    add_member(detail, row, "cause", "%s", "%s");
    add_time(detail, row, "not_before_ms", "下次 %s", "next at %s");
    add_reason(detail, row);
    add_close_code(detail, row);
    add_member(detail, row, "child_referral_id", "→ %s", "→ %s");
    add_member(detail, row, "booking_id", "预约 %s", "booking %s");
    add_time(detail, row, "occurred_at_ms", "发生于 %s", "happened at %s");
    if (ops_flag(row, "assumed"))
        add(detail, "%s", ctl_say(detail->ctl, "推定", "assumed"));
    if (ops_number(row, "sheet_version") > 1)
        add(detail, ctl_say(detail->ctl, "第 %lld 版", "version %lld"), (long long)ops_number(row, "sheet_version"));
    add_member(detail, row, "text", "“%s”", "\"%s\"");
}

/* "   123  11-22 05:12:09  delivery failed     " and the detail, which goes on below itself. */
static void print_hop(const struct screen *screen, const json_t *row)
{
    char when[MOMENT_TEXT_SIZE], index[24] = "", *line = NULL;
    size_t size;
    struct detail detail = {.ctl = screen->ctl, .out = open_memstream(&line, &size)};
    const char *event = label_of_value(&referral__event_type__descriptor, ops_string(row, "event"), screen->ctl->zh);
    int pad = EVENT_COLUMNS - width_of(event);

    if (detail.out == NULL)
        return;
    moment_format(when, ops_number(row, "at_ms"));
    if (ops_number(row, "index") != 0) /* what the broker did by itself has no row of its own in the audit */
        snprintf(index, sizeof index, "%lld", (long long)ops_number(row, "index"));
    fprintf(detail.out, "%6s  %s  %s%*s ", index, when + 5, event, pad > 0 ? pad : 0, "");
    describe(&detail, row);
    if (fclose(detail.out) == 0)
        screen_text(screen, TONE_PLAIN, 24 + EVENT_COLUMNS + 1, line);
    free(line);
}

static void print_heading(const struct screen *screen, json_t *view)
{
    const json_t *summary = json_object_get(view, "summary");
    char *why = strdup(ops_string(json_object_get(view, "why"), "sentence"));

    screen_line(screen, TONE_HEAD, "%s  %s → %s  %s  %s", ops_string(summary, "referral_id"),
                ops_string(summary, "sender"), ops_string(summary, "receiver"),
                label_of_value(&referral__priority__descriptor, ops_string(summary, "priority"), screen->ctl->zh),
                label_of_value(&referral__state__descriptor, ops_string(summary, "state"), screen->ctl->zh));
    if (why != NULL) {
        width_line(why);
        screen_text(screen, TONE_PLAIN, 0, why);
    }
    free(why);
    fputc('\n', screen->out);
}

static void print_rows(const struct ctl *ctl, const ProtobufCMessageDescriptor *descriptor, const char *title,
                       json_t *rows)
{
    if (json_array_size(rows) == 0)
        return;
    fprintf(ctl->out, "\n%s:\n", title);
    table_print(ctl, descriptor, rows);
}

static void print_messages(const struct screen *screen, const char *title, json_t *rows)
{
    if (json_array_size(rows) == 0)
        return;
    fprintf(screen->out, "\n%s:\n", title);
    ops_messages(screen, rows);
}

static void print_trace(const struct ctl *ctl, json_t *view)
{
    struct screen screen;
    json_t *row;
    size_t i;

    screen_init(&screen, ctl);
    print_heading(&screen, view);
    json_array_foreach(json_object_get(view, "timeline"), i, row) print_hop(&screen, row);
    print_messages(&screen, ctl_say(ctl, "等待投递", "waits to be delivered"), json_object_get(view, "waiting"));
    print_messages(&screen, ctl_say(ctl, "死信", "dead letters"), json_object_get(view, "dead"));
    claims_print(ctl, view);
    if (json_array_size(json_object_get(view, "journey")) > 1)
        print_rows(ctl, &referral__referral_summary__descriptor, ctl_say(ctl, "同一旅程", "of the same journey"),
                   json_object_get(view, "journey"));
    query_tell_of_more(ctl, view);
}

/* ---- Which referral ---- */

static int trace(struct ctl *ctl, struct referral_client *client, json_t *query)
{
    json_t *view = NULL;
    int result = read_view(ctl, client, query, &view);

    if (result == EXIT_OK && ctl->json)
        table_json(ctl, view);
    else if (result == EXIT_OK)
        print_trace(ctl, view);
    json_decref(view);
    return result;
}

static int trace_referral(struct ctl *ctl, struct referral_client *client, const char *referral)
{
    json_t *query = json_pack("{s:s}", "referral_id", referral);
    int result = trace(ctl, client, query);

    json_decref(query);
    return result;
}

/* A message that made no referral is told of itself. */
static int trace_message(struct ctl *ctl, struct referral_client *client)
{
    json_t *view = NULL;
    int result = ops_find_message(ctl, client, ctl_option(ctl, "message"), &view);

    if (result == EXIT_OK && json_object_get(view, "referral_id") != NULL)
        result = trace_referral(ctl, client, ops_string(view, "referral_id"));
    else if (result == EXIT_OK && ctl->json)
        table_json(ctl, view);
    else if (result == EXIT_OK)
        table_record(ctl, &referral__message_view__descriptor, view);
    json_decref(view);
    return result;
}

/* One referral is traced; of several it is said which there are. */
static int trace_patient(struct ctl *ctl, struct referral_client *client)
{
    json_t *rows = NULL, *answer;
    int result = ops_find_patient(ctl, client, &rows);

    if (result == EXIT_OK && json_array_size(rows) == 1) {
        result = trace_referral(ctl, client, ops_string(json_array_get(rows, 0), "referral_id"));
    } else if (result == EXIT_OK && ctl->json) {
        answer = json_pack("{s:O}", "referrals", rows);
        table_json(ctl, answer);
        json_decref(answer);
    } else if (result == EXIT_OK) {
        table_print(ctl, &referral__referral_summary__descriptor, rows);
        if (json_array_size(rows) != 0)
            fprintf(
                ctl->out, "%s\n",
                ctl_say(ctl, "查看其中一个: referralctl trace 转诊编号", "one of them: referralctl trace REFERRAL"));
    }
    json_decref(rows);
    return result;
}

static int trace_named(struct ctl *ctl, struct referral_client *client)
{
    static const struct {
        const char *option, *member;
    } names[] = {{"sent-as", "message_id"}, {"reference", "sender_reference"}, {"cursor", "cursor"}};
    json_t *query = json_object();
    int result;

    if (ctl->arguments[0] != NULL)
        json_object_set_new(query, "referral_id", json_string(ctl->arguments[0]));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (ctl_has(ctl, names[i].option))
            json_object_set_new(query, names[i].member, json_string(ctl_option(ctl, names[i].option)));
    result = trace(ctl, client, query);
    json_decref(query);
    return result;
}

int ops_trace_run(struct ctl *ctl)
{
    struct referral_client *client = NULL;
    int ways = (ctl->arguments[0] != NULL) + ctl_has(ctl, "sent-as") + ctl_has(ctl, "reference") +
               ctl_has(ctl, "message") + ctl_has(ctl, "patient");
    int result;

    if (ways != 1) {
        ctl_complain(ctl, "%s",
                     ctl_say(ctl, "请给出转诊编号, --message, --reference, --sent-as 或 --patient 之一",
                             "name it by its id, --message, --reference, --sent-as or --patient, by one of them"));
        return EXIT_USAGE;
    }
    result = connect_open(ctl, 0, &client);
    if (result == EXIT_OK && ctl_has(ctl, "message"))
        result = trace_message(ctl, client);
    else if (result == EXIT_OK && ctl_has(ctl, "patient"))
        result = trace_patient(ctl, client);
    else if (result == EXIT_OK)
        result = trace_named(ctl, client);
    referral_close(client);
    return result;
}
