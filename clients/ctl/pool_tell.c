/* pool_tell.c - what a hospital did to its places is answered by what is now true of them: one line, as the broker
 * counts. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "call.h"
#include "connect.h"
#include "flow.h"
#include "glance.h"
#include "handlers.h"
#include "moment.h"
#include "place.pb-c.h"
#include "query.h"
#include "width.h"
#include "wire/wire.h"

/* What opens within a minute counts as open: a session opens in the turn that published it, and the broker told us the
 * time before that. */
#define MINUTE_MS 60000

/* The body's pool, or the day of its group, as a question. */
static json_t *question_of(json_t *body)
{
    static const char *const members[] = {"hospital", "class", "department", "resource"};
    json_t *pool = json_object_get(body, "pool"), *from = pool == NULL ? body : pool, *query = json_object();

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (json_object_get(from, members[i]) != NULL)
            json_object_set(query, members[i], json_object_get(from, members[i]));
    json_object_set(query, "first_date", json_object_get(from, "date"));
    return query;
}

static void add_count(struct flow *flow, const struct ctl *ctl, const char *zh, const char *en, uint64_t count)
{
    char text[64];

    if (count == 0)
        return;
    snprintf(text, sizeof text, ctl_say(ctl, zh, en), count);
    flow_text(flow, ", ", text);
}

/* Of a pool in a group it is the group's (Q11). */
static void add_reserve(struct flow *flow, const struct ctl *ctl, const struct glance *sum, json_t *view, bool member)
{
    json_t *release = json_object_get(view, "release_at_ms");
    char at[MOMENT_TEXT_SIZE], text[128];

    moment_format_short(at, json_integer_value(release));
    snprintf(text, sizeof text, ctl_say(ctl, "%s预留 %" PRIu64, "%s%" PRIu64 " reserved"),
             member ? ctl_say(ctl, "合并", "in its group ") : "", sum->reserve);
    flow_text(flow, ", ", text);
    if (sum->released)
        flow_text(flow, " ", ctl_say(ctl, "(已释放)", "(released)"));
    else if (release != NULL) {
        snprintf(text, sizeof text, ctl_say(ctl, "至 %s", "until %s"), at);
        flow_text(flow, " ", text);
    }
}

static void add_opening(struct flow *flow, const struct ctl *ctl, const char *whom, int64_t at_ms)
{
    char at[MOMENT_TEXT_SIZE], text[96];

    if (at_ms == 0)
        return;
    moment_format_short(at, at_ms);
    snprintf(text, sizeof text, ctl_say(ctl, "%s %s 起", "%s from %s"), whom, at);
    flow_text(flow, "; ", text);
}

/* What is zero is not said, but for what is free. */
static void tell_sum(struct flow *flow, const struct ctl *ctl, const struct glance *sum, json_t *view, bool member)
{
    char text[64];

    snprintf(text, sizeof text, ctl_say(ctl, "容量 %" PRIu64, "%" PRIu64 " units"), sum->capacity);
    flow_text(flow, " ", text);
    add_reserve(flow, ctl, sum, view, member);
    add_count(flow, ctl, "家医 %" PRIu64, "%" PRIu64 " family", sum->family);
    add_count(flow, ctl, "一般 %" PRIu64, "%" PRIu64 " general", sum->general);
    add_count(flow, ctl, "停用 %" PRIu64, "%" PRIu64 " blocked", sum->blocked);
    snprintf(text, sizeof text, ctl_say(ctl, "空余 %" PRIu64, "%" PRIu64 " free"), sum->free);
    flow_text(flow, ", ", text);
    add_count(flow, ctl, "预留缺口 %" PRIu64, "DEFICIT %" PRIu64, sum->deficit);
    add_opening(flow, ctl, ctl_say(ctl, "家医", "family"), sum->family_opens_ms);
    if (sum->general_opens_ms != sum->family_opens_ms)
        add_opening(flow, ctl, ctl_say(ctl, "一般", "general"), sum->general_opens_ms);
    if (sum->short_notice)
        flow_text(flow, "; ", ctl_say(ctl, "临时发布", "short notice"));
}

static void tell(const struct ctl *ctl, const char *name, json_t *answer, int64_t now_ms)
{
    json_t *pools = json_object_get(answer, "pools");
    struct flow flow = {.out = ctl->out, .columns = width_of_stream(ctl->out), .indent = 2};
    size_t count;
    struct glance *list = glance_read(pools, now_ms, &count);

    if (count != 0) {
        struct glance sum = glance_sum(list, count);

        flow_text(&flow, "", name);
        if (sum.cancelled)
            flow_text(&flow, " ", ctl_say(ctl, "已取消", "cancelled"));
        else
            tell_sum(&flow, ctl, &sum, json_array_get(pools, 0), sum.grouped && count == 1);
        fputc('\n', ctl->out);
    }
    free(list);
}

/* Of what the verb was asked to change, by the words that named it. */
static void tell_of(const struct ctl *ctl, struct referral_client *client, json_t *body)
{
    json_t *query = question_of(body), *answer = NULL;
    char name[256];
    size_t used = 0;

    for (size_t i = 0; ctl->arguments[i] != NULL && used < sizeof name; i++)
        used += (size_t)snprintf(name + used, sizeof name - used, "%s%s", i == 0 ? "" : " ", ctl->arguments[i]);
    if (used < sizeof name)
        snprintf(name + used, sizeof name - used, ":");
    if (query_ask_all(ctl, client, REFERRAL__KIND__LIST_POOLS, query, SIZE_MAX, &answer) == EXIT_OK)
        tell(ctl, name, answer, referral_welcome(client)->now_ms + MINUTE_MS);
    json_decref(answer);
    json_decref(query);
}

int pool_tell_run(struct ctl *ctl)
{
    Referral__Kind kind = ctl->verb->kind;
    struct referral_client *client = NULL;
    Referral__Reply *reply = NULL;
    ProtobufCMessage *message = NULL;
    char message_id[CALL_MESSAGE_ID_SIZE];
    json_t *body = NULL;
    int result = body_of_verb(ctl, kind_info(kind)->body, &body);

    if (result != EXIT_OK)
        return result;
    message = body_message(ctl, kind_info(kind)->body, body);
    if (message == NULL)
        result = body_is_from_file(ctl) ? EXIT_BAD_FILE : EXIT_USAGE;
    else
        result = connect_open(ctl, 0, &client);
    if (result == EXIT_OK)
        result = call_command(ctl, client, kind, message, message_id, &reply);
    if (reply != NULL && (result != EXIT_OK || ctl->json || reply->affected != 0))
        call_print_reply(ctl, reply, message_id);
    if (result == EXIT_OK && !ctl->json)
        tell_of(ctl, client, body);
    referral_reply_free(reply);
    referral_close(client);
    if (message != NULL)
        protobuf_c_message_free_unpacked(message, NULL);
    json_decref(body);
    return result;
}
