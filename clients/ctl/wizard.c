/* wizard.c - requests of the wizard, and the place it holds. */
#include "wizard.h"

#include <string.h>

#include "body.h"
#include "call.h"
#include "moment.h"
#include "query.h"
#include "wire/wire.h"

const char *wizard_text(json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text == NULL ? "" : text;
}

int64_t wizard_number(json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

const char *wizard_referral(const struct wizard *wizard)
{
    return wizard_text(json_object_get(wizard->view, "summary"), "referral_id");
}

const char *wizard_refused(const struct wizard *wizard)
{
    const Referral__Reply *refusal = wizard->refusal;

    return refusal == NULL || refusal->n_refusals == 0 ? "" : refusal->refusals[0]->code;
}

void wizard_tell_refusal(struct wizard *wizard, bool final)
{
    struct ctl ctl = *wizard->ctl;

    ctl.json = ctl.json && final;
    if (wizard->refusal != NULL)
        call_print_reply(&ctl, wizard->refusal, NULL);
    wizard->told = wizard->told || (wizard->refusal != NULL && final);
}

int wizard_command(struct wizard *wizard, Referral__Kind kind, json_t *body, json_t **ret_reply)
{
    const struct ctl *ctl = wizard->ctl;
    ProtobufCMessage *message = body_message(ctl, kind_info(kind)->body, body);
    struct referral_request request = {.kind = kind, .acting_for = ctl_option(ctl, "acting-for"), .message = message};
    Referral__Reply *reply = NULL;
    int result;

    json_decref(body);
    if (message == NULL)
        return EXIT_USAGE;
    result = call_send(ctl, wizard->client, &request, &reply);
    protobuf_c_message_free_unpacked(message, NULL);
    if (result == EXIT_OK && ret_reply != NULL)
        *ret_reply = message_to_json(&reply->base);
    if (result == EXIT_REFUSED) {
        referral_reply_free(wizard->refusal);
        wizard->refusal = reply;
    } else {
        referral_reply_free(reply);
    }
    return result;
}

int wizard_ask(struct wizard *wizard, Referral__Kind kind, json_t *query, json_t **ret_answer)
{
    int result = query_ask(wizard->ctl, wizard->client, kind, query, true, ret_answer);

    json_decref(query);
    return result;
}

bool wizard_keep_booking(struct wizard *wizard, json_t *booking, bool ours)
{
    if (booking == NULL)
        return false;
    json_incref(booking);
    json_decref(wizard->booking);
    wizard->booking = booking;
    wizard->ours = ours;
    return true;
}

void wizard_add_person(const struct wizard *wizard, json_t *body)
{
    const char *name = ctl_option(wizard->ctl, "person"), *phone = ctl_option(wizard->ctl, "phone");

    if (name != NULL || phone != NULL)
        json_object_set_new(body, "person", json_pack("{s:s*, s:s*}", "name", name, "phone", phone));
}

void wizard_give_back(struct wizard *wizard)
{
    char until[MOMENT_TEXT_SIZE];
    json_t *body;

    if (wizard->booking != NULL && wizard->ours) {
        body = json_pack("{s:s}", "booking_id", wizard_text(wizard->booking, "booking_id"));
        wizard_add_person(wizard, body);
        moment_format_time(until, wizard_number(wizard->booking, "expires_at_ms"));
        switch (wizard_command(wizard, REFERRAL__KIND__CANCEL_PLACE, body, NULL)) {
        case EXIT_OK:
            prompt_say(&wizard->prompt, "%s", ctl_say(wizard->ctl, "已放回", "given back"));
            break;
        case EXIT_REFUSED: /* it has ended already */
            break;
        default:
            prompt_say(&wizard->prompt,
                       ctl_say(wizard->ctl, "未能放回: 将于 %s 自动失效", "not given back: it lapses by itself at %s"),
                       until);
        }
    }
    json_decref(wizard->booking);
    wizard->booking = NULL;
    wizard->ours = false;
}
