/* ops_find.c - the two questions behind `find` and `trace`. */
#include "ops_find.h"

#include <string.h>

#include "body.h"
#include "call.h"
#include "connect.h"
#include "field.h"
#include "handlers.h"
#include "message.h"
#include "prompt.h"
#include "query.h"
#include "rules/identity.h"
#include "table.h"
#include "wire/wire.h"

int ops_find_message(const struct ctl *ctl, struct referral_client *client, const char *message_id, json_t **ret_view)
{
    const char *sender = ctl_option(ctl, "from");
    json_t *query = json_pack("{s:s}", "message_id", message_id);
    int result;

    if (sender != NULL)
        json_object_set_new(query, "sender", json_string(sender));
    result = query_ask(ctl, client, REFERRAL__KIND__FIND_MESSAGE, query, false, ret_view);
    json_decref(query);
    return result;
}

static int ask_id(const struct ctl *ctl, struct referral_client *client, char *out, size_t size)
{
    struct prompt prompt;
    int result = prompt_open(&prompt, ctl, client);

    if (result != EXIT_OK)
        return result;
    if (!prompt_hidden(&prompt, ctl_say(ctl, "患者证件号码: ", "the patient's id number: "), out, size))
        result = EXIT_REFUSED;
    prompt_close(&prompt);
    if (result == EXIT_OK && out[0] == '\0')
        result = EXIT_USAGE;
    if (result != EXIT_OK)
        ctl_complain(ctl, "%s", ctl_say(ctl, "没有输入号码", "no number was given"));
    return result;
}

static int put_options(const struct ctl *ctl, json_t *body)
{
    const char *type = ctl_option(ctl, "id-type"), *reason = ctl_option(ctl, "reason");
    enum message_fault fault =
        field_set(body, &referral__find_patient__descriptor, "id_type", type == NULL ? "resident-id" : type);

    if (reason != NULL)
        json_object_set_new(body, "reason", json_string(reason));
    if (fault == MESSAGE_OK)
        return EXIT_OK;
    body_complain(ctl, "--id-type", fault, &referral__id_type__descriptor);
    return EXIT_USAGE;
}

/* A slip would read as "no referrals": what no sheet can have (section 3) is not asked for. */
static int check_id(const struct ctl *ctl, struct referral_client *client, json_t *body, const char *id)
{
    ProtobufCMessage *message = body_message(ctl, &referral__find_patient__descriptor, body);
    struct instant now = instant_of(referral_welcome(client)->now_ms);
    enum refusal refusal;

    if (message == NULL)
        return EXIT_USAGE;
    refusal = identity_check(((Referral__FindPatient *)message)->id_type, id,
                             instant_local_date(now, 14 * 60)); /* the first anywhere */
    protobuf_c_message_free_unpacked(message, NULL);
    if (refusal == REFUSED_NOT)
        return EXIT_OK;
    ctl_complain(ctl, ctl_say(ctl, "证件号码%s", "the id number %s"),
                 ctl_say(ctl, refusal_zh(refusal), refusal_en(refusal)));
    return EXIT_USAGE;
}

/* One page; `*ret_more` is set in the body where there is more. */
static int ask_page(const struct ctl *ctl, struct referral_client *client, json_t *body, json_t *rows, bool *ret_more)
{
    ProtobufCMessage *message = body_message(ctl, &referral__find_patient__descriptor, body), *answer = NULL;
    char message_id[CALL_MESSAGE_ID_SIZE];
    struct referral_request request = {.kind = REFERRAL__KIND__FIND_PATIENT,
                                       .acting_for = ctl_option(ctl, "acting-for"),
                                       .message_id = message_id,
                                       .message = message};
    Referral__Reply *reply = NULL;
    int result;

    *ret_more = false;
    if (message == NULL)
        return EXIT_USAGE;
    referral_message_id(message_id);
    result = call_send(ctl, client, &request, &reply);
    protobuf_c_message_free_unpacked(message, NULL);
    if (result == EXIT_REFUSED)
        call_print_reply(ctl, reply, NULL);
    if (result == EXIT_OK)
        answer = call_result(ctl, request.kind, reply);
    if (answer != NULL) {
        json_t *page = message_to_json(answer), *next = json_object_get(page, "next_referral_id");

        json_array_extend(rows, json_object_get(page, "referrals"));
        *ret_more = next != NULL && json_object_set(body, "after_referral_id", next) == 0;
        json_decref(page);
        protobuf_c_message_free_unpacked(answer, NULL);
    }
    referral_reply_free(reply);
    return result == EXIT_OK && answer == NULL ? EXIT_NO_BROKER : result;
}

int ops_find_patient(const struct ctl *ctl, struct referral_client *client, json_t **ret_referrals)
{
    json_t *body = json_object(), *rows = json_array();
    char id[LIMIT_ID_BYTES + 2] = "";
    bool more = true;
    int result = put_options(ctl, body);

    if (result == EXIT_OK)
        result = ask_id(ctl, client, id, sizeof id);
    if (result == EXIT_OK)
        result = check_id(ctl, client, body, id);
    json_object_set_new(body, "id_value", json_string(id));
    while (result == EXIT_OK && more)
        result = ask_page(ctl, client, body, rows, &more);
    explicit_bzero(id, sizeof id);
    json_decref(body);
    if (result == EXIT_OK)
        *ret_referrals = json_incref(rows);
    json_decref(rows);
    return result;
}

int ops_find_message_run(struct ctl *ctl)
{
    struct referral_client *client = NULL;
    json_t *view = NULL;
    int result = connect_open(ctl, 0, &client);

    if (result == EXIT_OK)
        result = ops_find_message(ctl, client, ctl->arguments[0], &view);
    if (result == EXIT_OK && ctl->json)
        table_json(ctl, view);
    else if (result == EXIT_OK)
        table_record(ctl, &referral__message_view__descriptor, view);
    referral_close(client);
    json_decref(view);
    return result;
}

int ops_find_patient_run(struct ctl *ctl)
{
    struct referral_client *client = NULL;
    json_t *rows = NULL, *answer;
    int result = connect_open(ctl, 0, &client);

    if (result == EXIT_OK)
        result = ops_find_patient(ctl, client, &rows);
    if (result == EXIT_OK && ctl->json) {
        answer = json_pack("{s:O}", "referrals", rows);
        table_json(ctl, answer);
        json_decref(answer);
    } else if (result == EXIT_OK) {
        table_print(ctl, &referral__referral_summary__descriptor, rows);
    }
    referral_close(client);
    json_decref(rows);
    return result;
}
