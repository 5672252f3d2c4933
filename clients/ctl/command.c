/* command.c - commands whose body the table of verbs describes, the sheet from a file, and settings. */
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "call.h"
#include "handlers.h"
#include "setting.h"
#include "wire/wire.h"

static int send_body(struct ctl *ctl, json_t *body)
{
    Referral__Kind kind = ctl->verb->kind;
    ProtobufCMessage *message = body_message(ctl, kind_info(kind)->body, body);
    Referral__Reply *reply = NULL;
    char message_id[CALL_MESSAGE_ID_SIZE];
    int result;

    json_decref(body);
    if (message == NULL)
        return body_is_from_file(ctl) ? EXIT_BAD_FILE : EXIT_USAGE;
    result = call_once(ctl, kind, message, message_id, &reply);
    if (reply != NULL)
        call_print_reply(ctl, reply, message_id);
    referral_reply_free(reply);
    protobuf_c_message_free_unpacked(message, NULL);
    return result;
}

int command_run(struct ctl *ctl)
{
    json_t *body;
    int result = body_of_verb(ctl, kind_info(ctl->verb->kind)->body, &body);

    return result == EXIT_OK ? send_body(ctl, body) : result;
}

int command_set(struct ctl *ctl)
{
    char buffer[SETTING_TEXT_SIZE];

    if (ctl->arguments[1] != NULL)
        ctl->arguments[1] = setting_from_text(ctl->arguments[0], ctl->arguments[1], buffer);

    int result = command_run(ctl);

    if (result == EXIT_REFUSED && !ctl->json)
        ctl_complain(ctl, "%s",
                     ctl_say(ctl, "各项设置及其范围: referralctl settings --help",
                             "settings and their ranges: referralctl settings --help"));
    return result;
}

int command_send(struct ctl *ctl)
{
    json_t *body = body_read_file(ctl, ctl->arguments[0] == NULL ? "-" : ctl->arguments[0]);

    return body == NULL ? EXIT_BAD_FILE : send_body(ctl, body);
}

int command_file(struct ctl *ctl)
{
    if (!ctl_has(ctl, "body"))
        ctl_give(ctl, "body", ctl->arguments[0] == NULL ? "-" : ctl->arguments[0]);
    return command_run(ctl);
}

int command_allot(struct ctl *ctl)
{
    json_t *body;
    int result = body_of_verb(ctl, kind_info(ctl->verb->kind)->body, &body);

    if (result != EXIT_OK)
        return result;
    json_object_set_new(body, "channel", json_string("GENERAL"));
    json_object_set_new(body, "allotment", json_true());
    return send_body(ctl, body);
}
