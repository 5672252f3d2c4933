/* query.c - questions: pages followed to their end, printed as one table, record or sentence. */
#include "query.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "body.h"
#include "call.h"
#include "claims.h"
#include "connect.h"
#include "handlers.h"
#include "labels.h"
#include "message.h"
#include "ops_screen.h"
#include "progress.h"
#include "setting.h"
#include "table.h"
#include "view.h"
#include "width.h"
#include "wire/wire.h"

#define DEFAULT_ROWS 1000
#define ROWS_MAX     100000000
#define PAGE_ROWS    LIMIT_PAGE_ROWS

/* The answer's list of rows: the one field that view.h knows as a table. */
static const ProtobufCFieldDescriptor *list_field(const ProtobufCMessageDescriptor *answer)
{
    for (unsigned i = 0; i < answer->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &answer->fields[i];

        if (field->type == PROTOBUF_C_TYPE_MESSAGE && field->label == PROTOBUF_C_LABEL_REPEATED &&
            view_columns(field->descriptor) != NULL)
            return field;
    }
    return NULL;
}

int query_ask(const struct ctl *ctl, struct referral_client *client, Referral__Kind kind, json_t *query, bool quiet,
              json_t **ret_answer)
{
    ProtobufCMessage *body = body_message(ctl, kind_info(kind)->body, query), *answer;
    Referral__Reply *reply = NULL;
    struct referral_request request = {.kind = kind, .acting_for = ctl_option(ctl, "acting-for"), .message = body};
    int result;

    if (body == NULL)
        return EXIT_USAGE;
    result = call_send(ctl, client, &request, &reply);
    protobuf_c_message_free_unpacked(body, NULL);
    if (result == EXIT_REFUSED && !quiet)
        call_print_reply(ctl, reply, NULL);
    if (result == EXIT_OK) {
        answer = call_result(ctl, kind, reply);
        if (answer == NULL)
            result = EXIT_NO_BROKER;
        else
            *ret_answer = message_to_json(answer);
        if (answer != NULL)
            protobuf_c_message_free_unpacked(answer, NULL);
    }
    referral_reply_free(reply);
    return result;
}

/* Where the next page starts: `next` goes back as `cursor`, the audit's `next_index` as `from_index`. False: that was
 * the last. */
static bool turn_page(json_t *query, json_t *answer)
{
    json_t *next = json_object_get(answer, "next"), *index = json_object_get(answer, "next_index");

    if (next != NULL)
        return json_object_set(query, "cursor", next) == 0;
    json_object_del(query, "cursor");
    if (json_integer_value(index) > 0)
        return json_object_set(query, "from_index", index) == 0;
    return false;
}

static void set_rows(const ProtobufCMessageDescriptor *descriptor, json_t *query, size_t rows)
{
    if (protobuf_c_message_descriptor_get_field_by_name(descriptor, "rows") != NULL)
        json_object_set_new(query, "rows", json_integer((json_int_t)(rows < PAGE_ROWS ? rows : PAGE_ROWS)));
}

int query_ask_all(const struct ctl *ctl, struct referral_client *client, Referral__Kind kind, json_t *query,
                  size_t rows, json_t **ret_answer)
{
    const ProtobufCMessageDescriptor *descriptor = kind_info(kind)->body;
    const ProtobufCFieldDescriptor *list = list_field(kind_info(kind)->result);
    struct progress progress;
    json_t *all = json_array(), *answer = NULL;
    bool more = true;
    int result = EXIT_OK;

    progress_begin(&progress, ctl, ctl_say(ctl, "正在读取", "reading"));
    while (result == EXIT_OK && more && (answer == NULL || json_array_size(all) < rows)) {
        json_t *page = NULL;

        set_rows(descriptor, query, rows - json_array_size(all));
        result = query_ask(ctl, client, kind, query, false, &page);
        if (result != EXIT_OK)
            break;
        json_array_extend(all, json_object_get(page, list->name));
        more = turn_page(query, page);
        json_decref(answer);
        answer = page;
        progress_step(&progress, json_array_size(all), 0);
    }
    progress_end(&progress);
    if (result == EXIT_OK) {
        json_object_set(answer, list->name, all);
        *ret_answer = answer;
    } else {
        json_decref(answer);
    }
    json_decref(all);
    return result;
}

int query_open(struct ctl *ctl, struct referral_client **ret_client, json_t **ret_query)
{
    const char *cursor = ctl_option(ctl, "cursor");
    long long rows;
    int result;

    *ret_client = NULL;
    *ret_query = NULL;
    if (!ctl_number(ctl, "rows", 1, ROWS_MAX, &rows))
        return EXIT_USAGE;
    result = body_of_verb(ctl, kind_info(ctl->verb->kind)->body, ret_query);
    if (result == EXIT_OK && cursor != NULL)
        json_object_set_new(*ret_query, "cursor", json_string(cursor));
    return result == EXIT_OK ? connect_open(ctl, 0, ret_client) : result;
}

int query_answer(const struct ctl *ctl, struct referral_client *client, json_t *query, json_t **ret_answer)
{
    Referral__Kind kind = ctl->verb->kind;
    long long rows = DEFAULT_ROWS;

    if (list_field(kind_info(kind)->result) == NULL)
        return query_ask(ctl, client, kind, query, false, ret_answer);
    ctl_number(ctl, "rows", 1, ROWS_MAX, &rows); /* looked at before */
    return query_ask_all(ctl, client, kind, query, (size_t)rows, ret_answer);
}

int query_of_verb(struct ctl *ctl, struct referral_client **ret_client, json_t **ret_answer)
{
    json_t *query;
    int result = query_open(ctl, ret_client, &query);

    if (result == EXIT_OK)
        result = query_answer(ctl, *ret_client, query, ret_answer);
    json_decref(query);
    return result;
}

void query_tell_of_more(const struct ctl *ctl, json_t *answer)
{
    const char *next = json_string_value(json_object_get(answer, "next"));
    json_int_t index = json_integer_value(json_object_get(answer, "next_index"));

    fflush(ctl->out); /* where both are one stream, it comes last */
    if (next != NULL)
        fprintf(ctl->err, ctl_say(ctl, "还有更多: --cursor %s\n", "there is more: --cursor %s\n"), next);
    else if (index > 0)
        fprintf(ctl->err, ctl_say(ctl, "还有更多: --from %lld\n", "there is more: --from %lld\n"), (long long)index);
}

/* Prints the answer as JSON, or as `print` has it for people. */
static int print_answer(const struct ctl *ctl, json_t *answer, void (*print)(const struct ctl *ctl, json_t *answer))
{
    if (ctl->json)
        table_json(ctl, answer);
    else
        print(ctl, answer);
    json_decref(answer);
    return EXIT_OK;
}

static int ask_and_print(struct ctl *ctl, void (*print)(const struct ctl *ctl, json_t *answer))
{
    struct referral_client *client;
    json_t *answer = NULL;
    int result = query_of_verb(ctl, &client, &answer);

    referral_close(client);
    return result == EXIT_OK ? print_answer(ctl, answer, print) : result;
}

/* The same of a referral, with its places. */
static int ask_of_referral(struct ctl *ctl, void (*print)(const struct ctl *ctl, json_t *answer))
{
    struct referral_client *client;
    json_t *answer = NULL;
    int result = query_of_verb(ctl, &client, &answer);

    if (result == EXIT_OK)
        claims_add(ctl, client, answer);
    referral_close(client);
    return result == EXIT_OK ? print_answer(ctl, answer, print) : result;
}

static const ProtobufCMessageDescriptor *answer_descriptor(const struct ctl *ctl)
{
    return kind_info(ctl->verb->kind)->result;
}

static void print_list(const struct ctl *ctl, json_t *answer)
{
    const ProtobufCFieldDescriptor *list = list_field(answer_descriptor(ctl));

    table_print(ctl, list->descriptor, json_object_get(answer, list->name));
    query_tell_of_more(ctl, answer);
}

/* Lines with the ids that `dead replay` takes; a table of all this fits no screen. */
static void print_dead(const struct ctl *ctl, json_t *answer)
{
    json_t *entries = json_object_get(answer, "entries");
    struct screen screen;

    screen_init(&screen, ctl);
    if (json_array_size(entries) == 0)
        fprintf(ctl->out, "%s\n", ctl_say(ctl, "(无)", "(none)"));
    ops_messages(&screen, entries);
    query_tell_of_more(ctl, answer);
}

static void print_settings(const struct ctl *ctl, json_t *answer)
{
    setting_rows_for_people(json_object_get(answer, "settings"), ctl->zh);
    print_list(ctl, answer);
}

static void print_record(const struct ctl *ctl, json_t *answer)
{
    json_object_del(answer, "timeline"); /* `trace` shows it */
    table_record(ctl, answer_descriptor(ctl), answer);
    claims_print(ctl, answer);
}

static void print_why(const struct ctl *ctl, json_t *answer)
{
    const char *text = json_string_value(json_object_get(answer, "sentence"));
    char *sentence = strdup(text == NULL ? "" : text);
    struct screen screen;

    if (sentence == NULL)
        return;
    width_line(sentence);
    screen_init(&screen, ctl);
    if (isatty(fileno(ctl->out)))
        screen_text(&screen, TONE_PLAIN, 0, sentence);
    else
        fprintf(ctl->out, "%s\n", sentence);
    free(sentence);
    claims_print_now(ctl, answer);
}

int query_list(struct ctl *ctl)
{
    return ask_and_print(ctl, print_list);
}

static bool says_whose(const struct ctl *ctl)
{
    for (size_t i = 0; i < ctl->given_count; i++)
        if (ctl->given[i].option->field != NULL || strcmp(ctl->given[i].option->name, "body") == 0)
            return true;
    return ctl->arguments[0] != NULL;
}

/* The last `rows` of them. */
static void keep_last(json_t *answer, const char *list, size_t rows)
{
    json_t *all = json_object_get(answer, list), *kept = json_array();
    size_t count = json_array_size(all);

    for (size_t i = count > rows ? count - rows : 0; i < count; i++)
        json_array_append(kept, json_array_get(all, i));
    json_object_set_new(answer, list, kept);
}

/* From so far before the last turn that there are enough: many turns have no rows. */
static int ask_latest(struct ctl *ctl, struct referral_client *client, size_t rows, json_t **ret_answer)
{
    json_t *status = NULL, *empty = json_object();
    int result = query_ask(ctl, client, REFERRAL__KIND__GET_STATUS, empty, false, &status);
    json_int_t last = json_integer_value(json_object_get(status, "index")), span = (json_int_t)rows;
    bool enough = false;

    json_decref(empty);
    json_decref(status);
    for (; result == EXIT_OK && !enough; span *= 8) {
        json_t *query = json_pack("{s:I}", "from_index", last > span ? last - span : 0);

        json_decref(*ret_answer);
        *ret_answer = NULL;
        result = query_ask_all(ctl, client, REFERRAL__KIND__LIST_AUDIT, query, SIZE_MAX, ret_answer);
        enough = last <= span || json_array_size(json_object_get(*ret_answer, "rows")) >= rows;
        json_decref(query);
    }
    if (result == EXIT_OK)
        keep_last(*ret_answer, "rows", rows);
    return result;
}

int query_audit_run(struct ctl *ctl)
{
    struct referral_client *client = NULL;
    json_t *query = NULL, *answer = NULL;
    long long rows = DEFAULT_ROWS;
    int result;

    if (says_whose(ctl) || ctl_has(ctl, "cursor"))
        return query_list(ctl);
    result = query_open(ctl, &client, &query);
    ctl_number(ctl, "rows", 1, ROWS_MAX, &rows); /* looked at before */
    if (result == EXIT_OK)
        result = ask_latest(ctl, client, (size_t)rows, &answer);
    if (result == EXIT_OK)
        print_answer(ctl, json_incref(answer), print_list);
    referral_close(client);
    json_decref(query);
    json_decref(answer);
    return result;
}

/* Of our own where none is named: a system's is meant, and an operator's is always empty. */
int query_inbox(struct ctl *ctl)
{
    struct referral_client *client;
    json_t *answer = NULL;
    const char *own = ctl_option(ctl, "acting-for");
    int result = query_of_verb(ctl, &client, &answer);

    if (result == EXIT_OK && !ctl->json && ctl->arguments[0] == NULL &&
        json_array_size(json_object_get(answer, "entries")) == 0)
        fprintf(ctl->out,
                ctl_say(ctl, "%s 的: 无; 其他机构: referralctl %s 机构\n",
                        "%s: none; of another: referralctl %s INSTITUTION\n"),
                own == NULL ? referral_welcome(client)->institution : own, ctl->verb->name);
    else if (result == EXIT_OK)
        print_answer(ctl, json_incref(answer), ctl->verb->kind == REFERRAL__KIND__LIST_DEAD ? print_dead : print_list);
    referral_close(client);
    json_decref(answer);
    return result;
}

int query_claims(struct ctl *ctl)
{
    if (says_whose(ctl))
        return query_list(ctl);
    ctl_complain(ctl, "%s",
                 ctl->verb->kind == REFERRAL__KIND__LIST_BOOKINGS
                     ? ctl_say(ctl, "请指明: 转诊编号, --booking, --pool (本院场次) 或 --team",
                               "say whose: a REFERRAL, --booking, --pool (of the own hospital) or --team")
                     : ctl_say(ctl, "请指明: 转诊编号, --entry, 或 --class 与 --department (本院候补)",
                               "say whose: a REFERRAL, --entry, or --class and --department (of the own hospital)"));
    return EXIT_USAGE;
}

int query_settings(struct ctl *ctl)
{
    return ask_and_print(ctl, print_settings);
}

int query_record(struct ctl *ctl)
{
    return ask_of_referral(ctl, print_record);
}

int query_why(struct ctl *ctl)
{
    return ask_of_referral(ctl, print_why);
}
