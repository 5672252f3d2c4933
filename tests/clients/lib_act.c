/* Conveniences of libreferral: what they put on the wire, and what they make of the answer. */
#include <criterion/criterion.h>
#include <string.h>

#include "peer.h"

static struct peer peer;
static struct referral_client *client;
static const char *address[1];

static void setup(void)
{
    peer_open(&peer);
    address[0] = peer.endpoint;
    struct referral_options options = peer_options(&peer, address);
    cr_assert(referral_open(&options, &client) == REFERRAL_OK);
}

static void teardown(void)
{
    referral_close(client);
    peer_close(&peer);
}

TestSuite(act, .init = setup, .fini = teardown);

/* Everything an act may say, once; the event on the wire must hold it. */
static void hears_a_full_event(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    struct said said = peer_hear(broker, REFERRAL__KIND__EVENT);
    assert(strcmp(said.envelope->message_id, "m-1") == 0 && strcmp(said.envelope->acting_for, "V1") == 0);
    Referral__Event *event = referral__event__unpack(NULL, said.envelope->body.len, said.envelope->body.data);
    assert(event->type == REFERRAL__EVENT_TYPE__EVENT_REPORT && strcmp(event->referral_id, "bd-1-1-1") == 0);
    assert(strcmp(event->person->name, "王") == 0 && strcmp(event->person->phone, "02212345678") == 0);
    assert(event->reason == REFERRAL__REASON__OTHER_REASON && strcmp(event->text, "text") == 0);
    assert(event->occurred_at_ms == 12345 && strcmp(event->receiver, "H2") == 0);
    assert(strcmp(event->department, "D2") == 0 && event->place->start_ms == 99);
    assert(event->n_diagnoses == 1 && strcmp(event->diagnoses[0]->icd10, "I10") == 0);
    assert(strcmp(event->diagnoses[0]->text, "高血压") == 0 && strcmp(event->treatment, "rest") == 0);
    assert(event->close_code == REFERRAL__CLOSE_CODE__LEFT && !event->has_agreed);
    Referral__Sheet *sheet = referral__sheet__unpack(NULL, event->sheet.len, event->sheet.data);
    assert(strcmp(sheet->sender_reference, "r1") == 0);
    referral__sheet__free_unpacked(sheet, NULL);
    referral__event__free_unpacked(event, NULL);
    peer_accept(broker, said.envelope->request);
    said_free(said);
}

Test(act, l_every_field_of_an_event_reaches_the_wire)
{
    peer_run(&peer, hears_a_full_event);
    Referral__Place place = REFERRAL__PLACE__INIT;
    place.has_start_ms = true;
    place.start_ms = 99;
    Referral__Sheet sheet = REFERRAL__SHEET__INIT;
    sheet.sender_reference = (char *)"r1";
    struct referral_act act = {.type = REFERRAL__EVENT_TYPE__EVENT_REPORT,
                               .referral_id = "bd-1-1-1",
                               .message_id = "m-1",
                               .acting_for = "V1",
                               .person_name = "王",
                               .person_phone = "02212345678",
                               .reason = REFERRAL__REASON__OTHER_REASON,
                               .text = "text",
                               .occurred_at_ms = 12345,
                               .sheet = &sheet,
                               .receiver = "H2",
                               .department = "D2",
                               .place = &place,
                               .diagnosis = "高血压",
                               .diagnosis_icd10 = "I10",
                               .treatment = "rest",
                               .close_code = REFERRAL__CLOSE_CODE__LEFT,
                               .agreed = true};
    Referral__Reply *reply = NULL;
    cr_assert(referral_act(client, &act, &reply) == REFERRAL_OK);
    cr_assert(reply->index == 4711);
    referral_reply_free(reply);
    peer_join(&peer);
}

/* What is not said must be absent: the broker refuses fields that do not belong to an event. */
static void hears_bare_events(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    for (int type = REFERRAL__EVENT_TYPE__EVENT_ACKNOWLEDGE; type <= REFERRAL__EVENT_TYPE__EVENT_VOID; type++) {
        struct said said = peer_hear(broker, REFERRAL__KIND__EVENT);
        Referral__Event *event = referral__event__unpack(NULL, said.envelope->body.len, said.envelope->body.data);
        Referral__Event bare = REFERRAL__EVENT__INIT;
        bare.referral_id = (char *)"bd-1-1-1";
        bare.has_type = true;
        bare.type = (Referral__EventType)type;
        bare.has_agreed = type == REFERRAL__EVENT_TYPE__EVENT_ANSWER_CANCEL;
        uint8_t packed[256];
        assert(said.envelope->body.len == referral__event__pack(&bare, packed));
        assert(memcmp(said.envelope->body.data, packed, said.envelope->body.len) == 0);
        referral__event__free_unpacked(event, NULL);
        peer_accept(broker, said.envelope->request);
        said_free(said);
    }
}

Test(act, l_what_is_not_said_is_absent)
{
    peer_run(&peer, hears_bare_events);
    for (int type = REFERRAL__EVENT_TYPE__EVENT_ACKNOWLEDGE; type <= REFERRAL__EVENT_TYPE__EVENT_VOID; type++) {
        struct referral_act act = {.type = (Referral__EventType)type, .referral_id = "bd-1-1-1"};
        cr_assert(referral_act(client, &act, NULL) == REFERRAL_OK);
    }
    peer_join(&peer);
}

static const uint8_t *result_bytes;
static size_t result_size;

static void answers_with_a_result(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    struct said said = peer_hear(broker, REFERRAL__KIND__GET_REFERRAL);
    Referral__ReferralQuery *query =
        referral__referral_query__unpack(NULL, said.envelope->body.len, said.envelope->body.data);
    assert(strcmp(query->referral_id, "bd-1-1-1") == 0 && said.envelope->message_id == NULL);
    referral__referral_query__free_unpacked(query, NULL);
    Referral__Reply reply = REFERRAL__REPLY__INIT;
    reply.has_request = reply.has_result = true;
    reply.request = said.envelope->request;
    reply.result = (ProtobufCBinaryData){.len = result_size, .data = (uint8_t *)result_bytes};
    peer_say(broker, REFERRAL__KIND__REPLY, &reply.base);
    said_free(said);
}

static enum referral_status ask_for_a_view(Referral__ReferralView **ret_view)
{
    Referral__ReferralQuery query = REFERRAL__REFERRAL_QUERY__INIT;
    query.referral_id = (char *)"bd-1-1-1";
    ProtobufCMessage *view = NULL;
    enum referral_status status = referral_query(client, REFERRAL__KIND__GET_REFERRAL, &query.base, &view, NULL);
    *ret_view = (Referral__ReferralView *)view;
    return status;
}

Test(act, a_query_brings_its_view)
{
    Referral__ReferralView view = REFERRAL__REFERRAL_VIEW__INIT, *got = NULL;
    view.has_hops = true;
    view.hops = 2;
    uint8_t packed[64];
    result_size = referral__referral_view__pack(&view, packed);
    result_bytes = packed;
    peer_run(&peer, answers_with_a_result);
    cr_assert(ask_for_a_view(&got) == REFERRAL_OK);
    cr_assert(got->hops == 2);
    referral__referral_view__free_unpacked(got, NULL);
    peer_join(&peer);
}

Test(act, a_view_that_cannot_be_read_is_said)
{
    Referral__ReferralView *got = NULL;
    result_bytes = (const uint8_t *)"\xff\xff\xff";
    result_size = 3;
    peer_run(&peer, answers_with_a_result);
    cr_assert(ask_for_a_view(&got) == REFERRAL_UNREADABLE);
    cr_assert(got == NULL);
    peer_join(&peer);
}

static void refuses_to_look(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    struct said said = peer_hear(broker, REFERRAL__KIND__LIST_KEYS);
    peer_refuse(broker, said.envelope->request, "NOT_ALLOWED", 0);
    said_free(said);
}

Test(act, p2_a_refused_query_says_why)
{
    peer_run(&peer, refuses_to_look);
    ProtobufCMessage *view = NULL;
    Referral__Reply *reply = NULL;
    cr_assert(referral_query(client, REFERRAL__KIND__LIST_KEYS, NULL, &view, &reply) == REFERRAL_REFUSED);
    cr_assert(view == NULL);
    cr_assert_str_eq(reply->refusals[0]->code, "NOT_ALLOWED");
    referral_reply_free(reply);
    cr_assert(referral_query(client, REFERRAL__KIND__SUBMIT, NULL, &view, NULL) == REFERRAL_BAD_ARGUMENT);
    peer_join(&peer);
}

static void hears_a_sheet(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    struct said said = peer_hear(broker, REFERRAL__KIND__SUBMIT);
    Referral__Sheet *sheet = referral__sheet__unpack(NULL, said.envelope->body.len, said.envelope->body.data);
    assert(strcmp(sheet->sender_reference, "r1") == 0 && strcmp(said.envelope->message_id, "m-2") == 0);
    referral__sheet__free_unpacked(sheet, NULL);
    peer_accept(broker, said.envelope->request);
    said_free(said);
}

Test(act, a_sheet_is_submitted)
{
    peer_run(&peer, hears_a_sheet);
    Referral__Sheet sheet = REFERRAL__SHEET__INIT;
    sheet.sender_reference = (char *)"r1";
    cr_assert(referral_submit(client, "m-2", &sheet, NULL) == REFERRAL_OK);
    peer_join(&peer);
}

Test(act, p4_every_status_and_trouble_has_words_in_both_languages)
{
    for (int i = REFERRAL_OK; i <= REFERRAL_UNREADABLE; i++) {
        enum referral_status status = (enum referral_status)i;
        cr_assert(referral_status_name(status) != NULL && strlen(referral_status_text(status, "zh_CN")) > 0);
        cr_assert(strcmp(referral_status_text(status, "zh"), referral_status_text(status, "en")) != 0);
    }
    for (int i = REFERRAL_TROUBLE_NONE; i <= REFERRAL_TROUBLE_HELLO_REFUSED; i++) {
        enum referral_trouble trouble = (enum referral_trouble)i;
        cr_assert(strcmp(referral_trouble_text(trouble, "zh"), referral_trouble_text(trouble, NULL)) != 0);
    }
    cr_assert_str_eq(referral_status_name((enum referral_status)1000), "UNKNOWN");
}
