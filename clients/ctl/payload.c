/* payload.c - reads payloads, and shows them to whoever states why. */
#include "payload.h"

#include "body.h"
#include "call.h"
#include "handlers.h"
#include "message.h"
#include "table.h"
#include "wire/wire.h"

const ProtobufCMessageDescriptor *payload_descriptor(Referral__DeliveryKind kind)
{
    return kind == REFERRAL__DELIVERY_KIND__NOTICE ? &referral__notice__descriptor : &referral__sheet__descriptor;
}

static json_t *read_json(const ProtobufCMessageDescriptor *descriptor, ProtobufCBinaryData body)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, NULL, body.len, body.data);
    json_t *json = message == NULL ? NULL : message_to_json(message);

    if (message != NULL)
        protobuf_c_message_free_unpacked(message, NULL);
    return json;
}

json_t *payload_json(Referral__DeliveryKind kind, ProtobufCBinaryData body)
{
    return read_json(payload_descriptor(kind), body);
}

json_t *payload_of_delivery(const Referral__Delivery *delivery)
{
    json_t *json = message_to_json(&delivery->base), *body = payload_json(delivery->kind, delivery->body);

    if (json != NULL && body != NULL)
        json_object_set(json, delivery->kind == REFERRAL__DELIVERY_KIND__NOTICE ? "notice" : "sheet", body);
    json_decref(body);
    return json;
}

static int print(const struct ctl *ctl, const Referral__Payload *payload)
{
    const ProtobufCMessageDescriptor *descriptor =
        payload->has_event_number ? &referral__event__descriptor : payload_descriptor(payload->kind);
    json_t *json = read_json(descriptor, payload->body);

    if (json == NULL) {
        ctl_complain(ctl, "%s", ctl_say(ctl, "内容无法读取", "the payload cannot be read"));
        return EXIT_CHECK_FAILED;
    }
    if (ctl->json)
        table_json(ctl, json);
    else
        table_record(ctl, descriptor, json);
    json_decref(json);
    return EXIT_OK;
}

int payload_run(struct ctl *ctl)
{
    const ProtobufCMessageDescriptor *descriptor = kind_info(ctl->verb->kind)->body;
    char message_id[CALL_MESSAGE_ID_SIZE];
    Referral__Reply *reply = NULL;
    json_t *body;
    int result = body_of_verb(ctl, descriptor, &body);

    if (result != EXIT_OK)
        return result;

    ProtobufCMessage *message = body_message(ctl, descriptor, body);

    json_decref(body);
    if (message == NULL)
        return EXIT_USAGE;
    result = call_once(ctl, ctl->verb->kind, message, message_id, &reply);
    protobuf_c_message_free_unpacked(message, NULL);
    if (result == EXIT_REFUSED)
        call_print_reply(ctl, reply, message_id);
    if (result == EXIT_OK) {
        ProtobufCMessage *payload = call_result(ctl, ctl->verb->kind, reply);

        result = payload == NULL ? EXIT_NO_BROKER : print(ctl, (const Referral__Payload *)payload);
        if (payload != NULL)
            protobuf_c_message_free_unpacked(payload, NULL);
    }
    referral_reply_free(reply);
    return result;
}
