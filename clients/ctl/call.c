/* call.c - asks the broker, and prints what it answers. */
#include "call.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "connect.h"
#include "labels.h"
#include "message.h"
#include "moment.h"
#include "progress.h"
#include "table.h"
#include "wire/wire.h"

struct answer {
    bool done;
    enum referral_status status;
    Referral__Reply *reply; /* a copy of our own */
};

static void on_reply(struct referral_client *client, void *user, enum referral_status status,
                     const Referral__Reply *reply)
{
    struct answer *answer = user;

    (void)client;
    answer->done = true;
    answer->status = status;
    if (reply == NULL)
        return;

    uint8_t *packed = malloc(referral__reply__get_packed_size(reply) + 1);

    if (packed != NULL)
        answer->reply = referral__reply__unpack(NULL, referral__reply__pack(reply, packed), packed);
    free(packed);
    if (answer->reply == NULL)
        answer->status = REFERRAL_NO_MEMORY;
}

int call_send(const struct ctl *ctl, struct referral_client *client, const struct referral_request *request,
              Referral__Reply **ret_reply)
{
    struct answer answer = {.done = false};
    enum referral_status status = referral_send(client, request, on_reply, &answer);
    struct progress progress;

    progress_begin(&progress, ctl, ctl_say(ctl, "等待答复", "waiting for the answer"));
    while (status == REFERRAL_OK && !answer.done) {
        struct pollfd readable = {.fd = referral_fd(client), .events = POLLIN};

        poll(&readable, 1, 500);
        referral_process(client); /* whatever it lacks, the request ends in its own time */
        progress_step(&progress, 0, 0);
    }
    progress_end(&progress);
    if (answer.done)
        status = answer.status;
    if (status != REFERRAL_OK && status != REFERRAL_REFUSED) {
        referral_reply_free(answer.reply);
        return connect_failure(ctl, client, status, request->message_id);
    }
    *ret_reply = answer.reply;
    return status == REFERRAL_OK ? EXIT_OK : EXIT_REFUSED;
}

int call_command(const struct ctl *ctl, struct referral_client *client, Referral__Kind kind,
                 const ProtobufCMessage *body, char ret_message_id[CALL_MESSAGE_ID_SIZE], Referral__Reply **ret_reply)
{
    const char *given = ctl_option(ctl, "message-id");
    struct referral_request request = {.kind = kind, .acting_for = ctl_option(ctl, "acting-for"), .message = body};

    if (kind_info(kind)->class == KIND_COMMAND) {
        if (given == NULL)
            referral_message_id(ret_message_id);
        else
            snprintf(ret_message_id, CALL_MESSAGE_ID_SIZE, "%s", given);
        request.message_id = ret_message_id;
    }
    return call_send(ctl, client, &request, ret_reply);
}

int call_once(const struct ctl *ctl, Referral__Kind kind, const ProtobufCMessage *body,
              char ret_message_id[CALL_MESSAGE_ID_SIZE], Referral__Reply **ret_reply)
{
    struct referral_client *client;
    int result = connect_open(ctl, 0, &client);

    if (result != EXIT_OK)
        return result;
    result = call_command(ctl, client, kind, body, ret_message_id, ret_reply);
    referral_close(client);
    return result;
}

ProtobufCMessage *call_result(const struct ctl *ctl, Referral__Kind kind, const Referral__Reply *reply)
{
    const ProtobufCMessageDescriptor *descriptor = kind_info(kind)->result;
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, NULL, reply->has_result ? reply->result.len : 0, reply->result.data);

    if (message == NULL)
        ctl_complain(ctl, "%s", ctl_say(ctl, "无法读取答复", "the answer cannot be read"));
    return message;
}

/* L1: where it stands, and what may be done, by the names of the verbs. */
static void print_allowed(const struct ctl *ctl, const Referral__Refusal *refusal)
{
    fprintf(ctl->err, "  %s: %s; %s:", ctl_say(ctl, "当前状态", "state"),
            label_of_number(&referral__state__descriptor, (int)refusal->state, ctl->zh),
            ctl_say(ctl, "可用操作", "allowed"));
    for (size_t i = 0; i < refusal->n_allowed_events; i++)
        fprintf(ctl->err, " %s",
                label_of_number(&referral__event_type__descriptor, (int)refusal->allowed_events[i], false));
    fputc('\n', ctl->err);
}

/* The broker's clock is not ours, and may be a test's: said as a length. */
static void print_retry(const struct ctl *ctl, uint32_t after_ms)
{
    char span[MOMENT_TEXT_SIZE];

    span_format(span, after_ms);
    fprintf(ctl->err, ctl_say(ctl, "  %s 后再试\n", "  try again in %s\n"), span);
}

/* "MISSING (F2) patient.name: 必填 / is mandatory" */
void call_print_refusal(const struct ctl *ctl, const char *before, const Referral__Refusal *refusal)
{
    const char *first = ctl->zh ? refusal->text_zh : refusal->text_en;
    const char *second = ctl->zh ? refusal->text_en : refusal->text_zh;

    ctl_complain(ctl, "%s%s (%s)%s%s: %s / %s", before, refusal->code == NULL ? "?" : refusal->code,
                 refusal->rule == NULL ? "?" : refusal->rule, refusal->field == NULL ? "" : " ",
                 refusal->field == NULL ? "" : refusal->field, first == NULL ? "" : first,
                 second == NULL ? "" : second);
    if (refusal->has_retry_after_ms)
        print_retry(ctl, refusal->retry_after_ms);
    if (refusal->has_state)
        print_allowed(ctl, refusal);
}

/* What became of a place comes first, then what it means for its referral. */
static void print_place(const struct ctl *ctl, json_t *reply, const char *member,
                        const ProtobufCMessageDescriptor *descriptor)
{
    static const char *const beside[] = {"referral_id",   "sender_reference", "journey_id",
                                         "sheet_version", "core_status",      "answer_due_at_ms"};
    json_t *place = json_object_get(reply, member);

    if (place == NULL)
        return;
    table_record(ctl, descriptor, place);
    json_object_del(reply, member);
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        json_object_del(reply, beside[i]);
}

static void print_accepted(const struct ctl *ctl, json_t *reply)
{
    json_object_del(reply, "index"); /* of the log: nobody acts on it */
    if (ctl->verb->kind >= REFERRAL__KIND__PUT_POOL && json_integer_value(json_object_get(reply, "affected")) == 0)
        json_object_del(reply, "affected"); /* nobody's booking was touched */
    if (json_object_size(reply) == 0)
        fprintf(ctl->out, "%s\n", ctl_say(ctl, "完成", "done"));
    print_place(ctl, reply, "booking", &referral__booking__descriptor);
    print_place(ctl, reply, "entry", &referral__wait_entry__descriptor);
    if (json_object_size(reply) != 0)
        table_record(ctl, &referral__reply__descriptor, reply);
}

void call_print_reply(const struct ctl *ctl, const Referral__Reply *reply, const char *message_id)
{
    json_t *json = message_to_json(&reply->base);

    json_object_del(json, "request"); /* of the connection, not of the answer */
    json_object_del(json, "position");
    json_object_del(json, "result");
    if (ctl->json && (ctl->print == NULL || reply->n_refusals == 0)) {
        if (message_id != NULL)
            json_object_set_new(json, "message_id", json_string(message_id));
        table_json(ctl, json);
    } else if (reply->n_refusals != 0) {
        for (size_t i = 0; i < reply->n_refusals; i++)
            call_print_refusal(ctl, ctl_say(ctl, "拒绝 ", "refused: "), reply->refusals[i]);
    } else {
        print_accepted(ctl, json);
    }
    json_decref(json);
}
