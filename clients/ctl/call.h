/* call.h - one request and its answer. */
#pragma once
#include <jansson.h>
#include <referral/client.h>

#include "ctl.h"

/* Sends and waits, with progress. EXIT_OK or EXIT_REFUSED with *ret_reply, to be freed by referral_reply_free; else
 * complained. */
int call_send(const struct ctl *ctl, struct referral_client *client, const struct referral_request *request,
              Referral__Reply **ret_reply);
/* Room for any id that --message-id may give; the broker refuses those beyond LIMIT_ID_BYTES. */
#define CALL_MESSAGE_ID_SIZE (LIMIT_ID_BYTES + 2)

/* As call_send, of this kind with this body (NULL is an empty one); commands get a message id, written to
 * `ret_message_id`. */
int call_command(const struct ctl *ctl, struct referral_client *client, Referral__Kind kind,
                 const ProtobufCMessage *body, char ret_message_id[CALL_MESSAGE_ID_SIZE], Referral__Reply **ret_reply);
/* The same, connected for it alone. */
int call_once(const struct ctl *ctl, Referral__Kind kind, const ProtobufCMessage *body,
              char ret_message_id[CALL_MESSAGE_ID_SIZE], Referral__Reply **ret_reply);

/* The unpacked result of a query or SHOW_PAYLOAD; NULL: complained of. */
ProtobufCMessage *call_result(const struct ctl *ctl, Referral__Kind kind, const Referral__Reply *reply);

/* What a command (or, with `message_id` NULL, a query) was answered: a record, or JSON; refusals on the error stream,
 * in both languages, ours first. */
void call_print_reply(const struct ctl *ctl, const Referral__Reply *reply, const char *message_id);
void call_print_refusal(const struct ctl *ctl, const char *before, const Referral__Refusal *refusal);
