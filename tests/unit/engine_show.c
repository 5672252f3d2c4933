/* A payload is shown by an audited command only (P2, P3), and the sentence of why with the facts of a real store
 * (D9). */
#include "places.h"

#include "ask.h"

#define ROUTINE    REFERRAL__PRIORITY__ROUTINE
#define EMERGENCY  REFERRAL__PRIORITY__EMERGENCY
#define KIND(name) REFERRAL__KIND__##name

static Referral__Reply *show(struct district *d, const char *who, char *referral, uint32_t version, char *reason)
{
    Referral__ShowPayload command = REFERRAL__SHOW_PAYLOAD__INIT;

    command.referral_id = referral;
    if (version != 0)
        FIELD_SET(&command, sheet_version, version);
    command.reason = reason;
    return district_say(d, who, KIND(SHOW_PAYLOAD), &command);
}

static Referral__Payload *payload_of(struct district *d, const Referral__Reply *reply)
{
    enum refusal refusal;

    district_assert_said(d, reply, "");
    return (Referral__Payload *)wire_unpack(&referral__payload__descriptor, binary_bytes(reply->result), &d->keep,
                                            &refusal);
}

Test(show, p2_the_parties_may_look_others_learn_nothing_operators_say_why)
{
    struct district d;
    char *id;

    district_open(&d);
    id = district_refer(&d, "V01", "H1", ROUTINE);
    district_assert_said(&d, show(&d, "V01", id, 0, NULL), "");
    district_assert_said(&d, show(&d, "T07", id, 0, NULL), "");
    district_assert_said(&d, show(&d, "H1", id, 0, NULL), "");
    district_assert_said(&d, show(&d, "T08", id, 0, "curious"), "NOT_FOUND");
    district_assert_said(&d, show(&d, "T08", "bd-1-1-1", 0, NULL), "NOT_FOUND");
    district_assert_said(&d, show(&d, "OPS", id, 0, NULL), "MISSING reason");
    district_assert_said(&d, show(&d, "OPS", id, 0, "  "), "MISSING reason");
    district_assert_said(&d, show(&d, "OPS", "bd-1-1-1", 0, "x"), "NOT_FOUND");
    district_assert_said(&d, show(&d, "OPS", id, 0, "complaint 17"), "");
    district_assert_said(&d, show(&d, "H1", id, 2, NULL), "NOT_FOUND sheet_version");
    district_assert_said(&d, show(&d, "H1", NULL, 0, NULL), "MISSING referral_id");
    district_close(&d);
}

static Referral__Reply *show_event(struct district *d, const char *who, char *referral, uint32_t number, char *reason)
{
    Referral__ShowPayload command = REFERRAL__SHOW_PAYLOAD__INIT;

    command.referral_id = referral;
    FIELD_SET(&command, event_number, number);
    command.reason = reason;
    return district_say(d, who, KIND(SHOW_PAYLOAD), &command);
}

static const Referral__TimelineEntry *last_entry(struct district *d, const char *who, char *referral)
{
    Referral__ReferralQuery query = about(referral);
    const Referral__ReferralView *view = ask(d, who, KIND(GET_REFERRAL), &query);

    cr_assert(!view->timeline[0]->has_event_number, "a sheet is shown by its version");
    return view->timeline[view->n_timeline - 1];
}

/* V01 has no consumer: what a notice would have brought it is asked for by its line of the timeline. */
Test(show, l2_what_a_hospital_reported_is_shown_to_whoever_has_no_notices)
{
    Referral__ShowPayload both = REFERRAL__SHOW_PAYLOAD__INIT;
    const Referral__Payload *payload;
    Referral__Event *report;
    struct district d;
    uint32_t number;
    char *id;

    district_open(&d);
    id = district_refer(&d, "V01", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "H1", id, ARRIVE), "");
    report = district_event(&d, id, REPORT);
    district_assert_said(&d, district_say(&d, "H1", KIND(EVENT), report), "");
    cr_assert_str_eq(district_inbox(&d, "V01"), "");
    cr_assert_eq(last_entry(&d, "V01", id)->event, REFERRAL__EVENT_TYPE__EVENT_REPORT);
    number = last_entry(&d, "V01", id)->event_number;
    payload = payload_of(&d, show_event(&d, "V01", id, number, NULL));
    cr_assert(bytes_equal(binary_bytes(payload->body), wire_pack(&report->base, &d.keep)));
    cr_assert(payload->event_number == number && !payload->has_kind && !payload->has_sheet_version);
    cr_assert_str_eq(payload->referral_id, id);
    cr_assert(!show_event(&d, "V01", id, number, NULL)->has_sheet_version, "an event is of no sheet");
    payload_of(&d, show_event(&d, "OPS", id, number, "complaint 17"));
    district_assert_said(&d, show_event(&d, "OPS", id, number, NULL), "MISSING reason");
    district_assert_said(&d, show_event(&d, "T08", id, number, NULL), "NOT_FOUND");
    district_assert_said(&d, show_event(&d, "V01", id, number + 1, NULL), "NOT_FOUND event_number"); /* a look */
    district_assert_said(&d, show_event(&d, "V01", id, number + 9, NULL), "NOT_FOUND event_number");
    district_assert_said(&d, show_event(&d, "V01", id, 0, NULL), "NOT_FOUND event_number");
    both.referral_id = id;
    FIELD_SET(&both, event_number, number);
    FIELD_SET(&both, sheet_version, 1);
    district_assert_said(&d, district_say(&d, "V01", KIND(SHOW_PAYLOAD), &both), "NOT_EXPECTED event_number");
    both.has_sheet_version = false;
    payload_of(&d, district_send(&d, district_command(&d, "H1", KIND(SHOW_PAYLOAD), "look", &both)));
    payload = payload_of(&d, district_send(&d, district_command(&d, "H1", KIND(SHOW_PAYLOAD), "look", &both)));
    cr_assert_eq(payload->event_number, number, "and again (D1)");
    district_close(&d);
}

Test(show, f3_what_is_shown_is_what_came)
{
    Referral__Payload *payload;
    Batch__Command *command;
    struct district d;
    char *id;

    district_open(&d);
    command = district_command(&d, "T07", KIND(SUBMIT), "m-x", district_sheet(&d, "T07", "H1", false, ROUTINE));
    id = district_send(&d, command)->referral_id;
    payload = payload_of(&d, show(&d, "H1", id, 0, NULL));
    cr_assert(bytes_equal(binary_bytes(payload->body), binary_bytes(command->body)));
    cr_assert_eq(payload->sheet_version, 1);
    cr_assert_eq(payload->kind, REFERRAL__DELIVERY_KIND__SHEET);
    cr_assert_str_eq(payload->referral_id, id);
    district_close(&d);
}

static char *redirected(struct district *d, const char *who, const char *id, char *to)
{
    Referral__Event *event = district_event(d, id, REDIRECT);
    Referral__Reply *reply;

    event->receiver = to;
    event->department = "CARD";
    reply = district_say(d, who, KIND(EVENT), event);
    district_assert_said(d, reply, "");
    return reply->child_referral_id;
}

static void amended(struct district *d, const char *id, const char *to, char *treatment)
{
    Referral__Event *event = district_event(d, id, AMEND);
    Referral__Sheet *sheet = district_sheet(d, "T07", to, false, ROUTINE);

    sheet->treatment = treatment;
    FIELD_SET(event, sheet, binary_pack(&d->keep, &sheet->base));
    district_assert_said(d, district_say(d, "T07", KIND(EVENT), event), "");
}

/* F3, and amend of the table: old versions are kept. */
Test(show, f3_every_version_is_shown_through_redirects_and_amendments)
{
    static char *const treatments[] = {"rest and tablets", "more rest", "no tablets"};
    struct district d;
    char *id;

    district_open(&d);
    id = redirected(&d, "H1", district_refer(&d, "T07", "H1", ROUTINE), "H2");
    amended(&d, id, "H2", treatments[1]);
    id = redirected(&d, "H2", id, "H3");
    amended(&d, id, "H3", treatments[2]);
    for (uint32_t version = 1; version <= 3; version++) {
        const Referral__Payload *payload = payload_of(&d, show(&d, "H3", id, version, NULL));
        enum refusal refusal;
        const Referral__Sheet *sheet = (const Referral__Sheet *)wire_unpack(
            &referral__sheet__descriptor, binary_bytes(payload->body), &d.keep, &refusal);

        cr_assert_eq(payload->sheet_version, version);
        cr_assert_str_eq(sheet->treatment, treatments[version - 1]);
    }
    district_assert_said(&d, show(&d, "H3", id, 4, NULL), "NOT_FOUND sheet_version");

    Referral__ReferralQuery query = about(id);
    const Referral__ReferralView *view = ask(&d, "T07", KIND(GET_REFERRAL), &query);

    cr_assert_eq(view->timeline[0]->event, REFERRAL__EVENT_TYPE__EVENT_SUBMIT);
    cr_assert_eq(view->timeline[0]->sheet_version, 2, "the one that was handed on");
    cr_assert_str_eq(view->timeline[0]->by, "H2");
    district_close(&d);
}

Test(show, p3_each_look_stands_on_the_timeline_and_in_the_audit)
{
    Referral__AuditQuery audit = REFERRAL__AUDIT_QUERY__INIT;
    Referral__ReferralQuery query;
    Referral__ReferralView *view;
    Referral__AuditList *list;
    struct district d;
    char *id;

    district_open(&d);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, show(&d, "OPS", id, 0, "complaint 17"), "");
    FIELD_SET(&audit, from_index, store_mark(d.store).index);
    list = ask(&d, "OPS", KIND(LIST_AUDIT), &audit);
    cr_assert_eq(list->n_rows, 1);
    cr_assert_eq(list->rows[0]->kind, KIND(SHOW_PAYLOAD));
    cr_assert_str_eq(list->rows[0]->subject, id);
    cr_assert_str_eq(list->rows[0]->reason, "complaint 17");
    district_assert_said(&d, show(&d, "H1", id, 0, NULL), "");
    query = about(id);
    view = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    cr_assert_eq(view->n_timeline, 3);
    cr_assert_eq(view->timeline[1]->event, REFERRAL__EVENT_TYPE__EVENT_PAYLOAD_SHOWN);
    cr_assert_str_eq(view->timeline[1]->by, "operator");
    cr_assert_null(view->timeline[1]->text, "the reason is for the audit");
    cr_assert_str_eq(view->timeline[2]->by, "H1");
    cr_assert_eq(view->summary->state, REFERRAL__STATE__SUBMITTED, "looking is not taking delivery");
    district_close(&d);
}

Test(show, d1_the_same_look_again_shows_what_was_seen_before)
{
    Referral__ShowPayload body = REFERRAL__SHOW_PAYLOAD__INIT;
    Referral__Event *event;
    Batch__Command *command;
    Referral__Payload *first, *again;
    struct district d;

    district_open(&d);
    body.referral_id = district_refer(&d, "T07", "H1", ROUTINE);
    command = district_command(&d, "H1", KIND(SHOW_PAYLOAD), "look-1", &body);
    first = payload_of(&d, district_send(&d, command));
    event = district_event(&d, body.referral_id, AMEND);
    Referral__Sheet *sheet = district_sheet(&d, "T07", "H1", false, ROUTINE);

    sheet->treatment = "something else";
    FIELD_SET(event, sheet, binary_pack(&d.keep, &sheet->base));
    district_assert_said(&d, district_say(&d, "T07", KIND(EVENT), event), "");
    again = payload_of(&d, district_send(&d, command));
    cr_assert_eq(again->sheet_version, 1);
    cr_assert(bytes_equal(binary_bytes(first->body), binary_bytes(again->body)));
    cr_assert_eq(payload_of(&d, show(&d, "H1", body.referral_id, 0, NULL))->sheet_version, 2);
    district_close(&d);
}

Test(show, d1_the_same_look_again_is_one_look_and_keeps_no_copy)
{
    Referral__ShowPayload body = REFERRAL__SHOW_PAYLOAD__INIT;
    Referral__Delegation delegation = REFERRAL__DELEGATION__INIT;
    Referral__ReferralQuery query;
    Batch__Command *command;
    Referral__Payload *first, *again;
    Referral__Reply *reply;
    struct store_txn *txn;
    struct district d;

    district_open(&d);
    body.referral_id = district_refer(&d, "V01", "H1", ROUTINE);
    command = district_command(&d, "T07", KIND(SHOW_PAYLOAD), "look-1", &body);
    reply = district_send(&d, command);
    first = payload_of(&d, reply);
    d.now = instant_after(d.now, 1000);
    again = payload_of(&d, district_send(&d, command));
    cr_assert(bytes_equal(binary_bytes(first->body), binary_bytes(again->body)));
    cr_assert_eq(district_send(&d, command)->index, reply->index, "the answer of before");
    query = about(body.referral_id);
    cr_assert_eq(((Referral__ReferralView *)ask(&d, "H1", KIND(GET_REFERRAL), &query))->n_timeline, 2);
    txn = district_read(&d);
    cr_assert_lt(dedup_row(txn, institution_row(txn, "T07")->number, "look-1")->reply.len, 40);
    store_read_end(txn);

    delegation.agent = "T07";
    delegation.principal = "V01";
    district_assert_said(&d, district_say(&d, "OPS", KIND(DELETE_DELEGATION), &delegation), "");
    reply = district_send(&d, command);
    district_assert_said(&d, reply, "NOT_FOUND");
    cr_assert(!reply->has_result);
    body.reason = "other";
    command = district_command(&d, "T07", KIND(SHOW_PAYLOAD), "look-1", &body);
    district_assert_said(&d, district_send(&d, command), "CONFLICT message_id");
    district_close(&d);
}

/* P3: a key that gets it shown by another's message id has looked at it all the same; the command has happened once. */
Test(show, p3_the_same_look_again_is_audited_again_by_whose_key_it_was)
{
    Referral__ShowPayload body = REFERRAL__SHOW_PAYLOAD__INIT;
    Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;
    Referral__AuditQuery audit = REFERRAL__AUDIT_QUERY__INIT;
    Referral__Role role = REFERRAL__ROLE__RECEIVE;
    Referral__ReferralQuery query;
    const Referral__AuditRow *row;
    const Referral__AuditList *list;
    Batch__Command *command;
    struct district d;

    district_open(&d);
    FIELD_SET(&key, public_key, district_key(&d, "another key of H1"));
    key.institution = "H1";
    key.roles = &role;
    key.n_roles = 1;
    district_assert_said(&d, district_say(&d, "OPS", KIND(ADD_KEY), &key), "");
    body.referral_id = district_refer(&d, "T07", "H1", ROUTINE);
    body.reason = "asked by telephone";
    payload_of(&d, district_send(&d, district_command(&d, "H1", KIND(SHOW_PAYLOAD), "look-1", &body)));
    command = district_command(&d, "H1", KIND(SHOW_PAYLOAD), "look-1", &body);
    FIELD_SET(command, key, key.public_key);
    payload_of(&d, district_send(&d, command));
    FIELD_SET(&audit, from_index, store_mark(d.store).index);
    list = ask(&d, "OPS", KIND(LIST_AUDIT), &audit);
    cr_assert_eq(list->n_rows, 1);
    row = list->rows[0];
    cr_assert_eq(row->kind, KIND(SHOW_PAYLOAD));
    cr_assert(bytes_equal(binary_bytes(row->key), binary_bytes(key.public_key)));
    cr_assert_str_eq(row->subject, body.referral_id);
    cr_assert_str_eq(row->reason, "asked by telephone");
    query = about(body.referral_id);
    cr_assert_eq(((Referral__ReferralView *)ask(&d, "H1", KIND(GET_REFERRAL), &query))->n_timeline, 2);
    district_close(&d);
}

static char *dead_letter(struct district *d, ProtobufCBinaryData *ret_id)
{
    Referral__Nack nack = REFERRAL__NACK__INIT;
    ProtobufCBinaryData ids[64];
    char *id = district_refer(d, "T07", "H1", ROUTINE);

    cr_assert_eq(district_waiting(d, "H1", ids), 1);
    FIELD_SET(&nack, delivery_id, ids[0]);
    FIELD_SET(&nack, code, REFERRAL__NACK_CODE__NACK_UNREADABLE);
    district_assert_said(d, district_say(d, "H1", KIND(NACK), &nack), "");
    *ret_id = ids[0];
    return id;
}

Test(show, d5_a_dead_letter_is_shown_to_its_receiver_and_to_operators_with_a_reason)
{
    Referral__ShowPayload command = REFERRAL__SHOW_PAYLOAD__INIT;
    Referral__Payload *payload;
    struct district d;
    char *id;

    district_open(&d);
    command.has_dead_delivery_id = true;
    id = dead_letter(&d, &command.dead_delivery_id);
    district_assert_said(&d, district_say(&d, "T08", KIND(SHOW_PAYLOAD), &command), "NOT_FOUND");
    district_assert_said(&d, district_say(&d, "T07", KIND(SHOW_PAYLOAD), &command), "NOT_FOUND");
    district_assert_said(&d, district_say(&d, "OPS", KIND(SHOW_PAYLOAD), &command), "MISSING reason");
    payload = payload_of(&d, district_say(&d, "H1", KIND(SHOW_PAYLOAD), &command));
    cr_assert_str_eq(payload->referral_id, id);
    cr_assert_eq(payload->kind, REFERRAL__DELIVERY_KIND__SHEET);
    cr_assert_gt(payload->body.len, 100);
    command.reason = "why did it die";
    district_assert_said(&d, district_say(&d, "OPS", KIND(SHOW_PAYLOAD), &command), "");
    command.referral_id = id;
    district_assert_said(&d, district_say(&d, "OPS", KIND(SHOW_PAYLOAD), &command), "NOT_EXPECTED dead_delivery_id");
    command.referral_id = NULL;
    FIELD_SET(&command, event_number, 1);
    district_assert_said(&d, district_say(&d, "OPS", KIND(SHOW_PAYLOAD), &command), "NOT_EXPECTED event_number");
    FIELD_CLEAR(&command, event_number);
    command.dead_delivery_id.data[3] ^= 1;
    district_assert_said(&d, district_say(&d, "H1", KIND(SHOW_PAYLOAD), &command), "NOT_FOUND");
    command.dead_delivery_id.data[3] ^= 1;
    command.dead_delivery_id.len--;
    district_assert_said(&d, district_say(&d, "H1", KIND(SHOW_PAYLOAD), &command), "NOT_FOUND");
    district_close(&d);
}

Test(show, d5_a_dead_notice_is_shown_as_it_would_have_been_delivered)
{
    Referral__ShowPayload command = REFERRAL__SHOW_PAYLOAD__INIT;
    Referral__Nack nack = REFERRAL__NACK__INIT;
    const Referral__Payload *payload;
    ProtobufCBinaryData ids[64];
    struct district d;
    const char *id;

    district_open(&d);
    district_assert_said(&d, district_say(&d, "T07", KIND(SHOW_PAYLOAD), &command), "MISSING referral_id");
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "");
    cr_assert_eq(district_waiting(&d, "T07", ids), 1);
    FIELD_SET(&nack, delivery_id, ids[0]);
    FIELD_SET(&nack, code, REFERRAL__NACK_CODE__NACK_UNREADABLE);
    district_say(&d, "T07", KIND(NACK), &nack);
    FIELD_SET(&command, dead_delivery_id, ids[0]);
    payload = payload_of(&d, district_say(&d, "T07", KIND(SHOW_PAYLOAD), &command));
    cr_assert_str_eq(payload->referral_id, id);
    cr_assert_eq(payload->kind, REFERRAL__DELIVERY_KIND__NOTICE);
    cr_assert_not(payload->has_sheet_version);
    district_assert_said(&d, district_say(&d, "H1", KIND(SHOW_PAYLOAD), &command), "NOT_FOUND");
    district_close(&d);
}

static size_t audited_dead_letters(struct district *d, const char *referral, const char *by)
{
    Referral__AuditQuery audit = REFERRAL__AUDIT_QUERY__INIT;
    const Referral__AuditList *list;
    size_t count = 0;

    FIELD_SET(&audit, from_index, store_mark(d->store).index);
    list = ask(d, "OPS", KIND(LIST_AUDIT), &audit);
    for (size_t i = 0; i < list->n_rows; i++)
        count += list->rows[i]->event == REFERRAL__EVENT_TYPE__EVENT_DEAD_LETTER &&
                 strcmp(list->rows[i]->subject, referral) == 0 && strcmp(list->rows[i]->institution, by) == 0;
    return count;
}

/* No referral's timeline has the look, the audit does (P3). */
Test(show, d5_a_dead_notice_about_a_hospitals_own_place_is_shown_and_the_look_audited)
{
    Referral__DeadLetters letters = REFERRAL__DEAD_LETTERS__INIT;
    Referral__ShowPayload command = REFERRAL__SHOW_PAYLOAD__INIT;
    Referral__AuditQuery audit = REFERRAL__AUDIT_QUERY__INIT;
    Referral__Nack nack = REFERRAL__NACK__INIT;
    const Referral__AuditList *list;
    const Referral__Payload *payload;
    const Referral__Notice *notice;
    ProtobufCBinaryData ids[64];
    struct district d;

    places_open(&d);
    places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *entry = places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));

    cr_assert_eq(district_waiting(&d, "H1", ids), 1);
    FIELD_SET(&nack, delivery_id, ids[0]);
    FIELD_SET(&nack, code, REFERRAL__NACK_CODE__NACK_UNREADABLE);
    district_assert_said(&d, district_say(&d, "H1", KIND(NACK), &nack), "");
    FIELD_SET(&command, dead_delivery_id, ids[0]);
    district_assert_said(&d, district_say(&d, "T07", KIND(SHOW_PAYLOAD), &command), "NOT_FOUND");
    payload = payload_of(&d, district_say(&d, "H1", KIND(SHOW_PAYLOAD), &command));
    cr_assert_null(payload->referral_id);
    cr_assert_eq(payload->kind, REFERRAL__DELIVERY_KIND__NOTICE);
    notice = places_unpack(&d, &referral__notice__descriptor, binary_bytes(payload->body));
    cr_assert_str_eq(notice->entry->entry_id, entry);
    command.reason = "why did it die";
    district_assert_said(&d, district_say(&d, "OPS", KIND(SHOW_PAYLOAD), &command), "");
    FIELD_SET(&audit, from_index, store_mark(d.store).index);
    list = ask(&d, "OPS", KIND(LIST_AUDIT), &audit);
    cr_assert_eq(list->n_rows, 1);
    cr_assert_eq(list->rows[0]->kind, KIND(SHOW_PAYLOAD));
    cr_assert_str_eq(list->rows[0]->subject, notice->booking->booking_id);
    cr_assert_str_eq(list->rows[0]->reason, "why did it die");
    letters.institution = "H1";
    letters.reason = "nobody waits for it";
    FIELD_SET(&letters, all, true);
    district_assert_said(&d, district_say(&d, "OPS", KIND(DROP_DEAD), &letters), "");
    cr_assert_eq(audited_dead_letters(&d, notice->booking->booking_id, "operator"), 1);
    places_close(&d);
}

static Referral__WhyView *why(struct district *d, struct stage *stage, const char *who, char *referral)
{
    Referral__ReferralQuery query = about(referral);

    query.language = "en";
    return ask_on(d, stage, who, KIND(WHY), &query);
}

Test(why_query, d9_the_sentence_follows_the_delivery)
{
    Referral__Destination pause = REFERRAL__DESTINATION__INIT;
    struct stage stage;
    Referral__WhyView *view;
    struct district d;
    char *id;

    district_open(&d);
    stage_init(&stage);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_refer(&d, "T08", "H1", EMERGENCY);
    view = why(&d, &stage, "T07", id);
    cr_assert_str_eq(view->waits_for, "no-consumer");
    cr_assert_str_eq(view->next_institution, "H1");
    cr_assert_str_eq(view->next_actor, "broker");
    cr_assert_str_eq(view->call->name, "contact of H1");
    cr_assert_str_eq(
        view->sentence,
        "Waiting to be delivered to H1: submitted 11-21 08:30, an answer is due 11-25 00:00, the system of H1 is "
        "not connected, and never acknowledged anything; call contact of H1 13800000000.");
    stage.inbox = (struct live_inbox){.connected = true, .connections = 1, .credit = 1};
    view = why(&d, &stage, "T07", id);
    cr_assert_str_eq(view->waits_for, "behind");
    cr_assert(strstr(view->sentence, "1 more urgent or earlier messages") != NULL, "%s", view->sentence);
    stage.in_flight = true;
    cr_assert_str_eq(why(&d, &stage, "T07", id)->waits_for, "in-flight");
    pause.institution = "H1";
    pause.reason = "maintenance";
    district_assert_said(&d, district_say(&d, "OPS", KIND(PAUSE), &pause), "");
    view = why(&d, &stage, "T07", id);
    cr_assert_str_eq(view->waits_for, "paused");
    cr_assert(strstr(view->sentence, "(maintenance)") != NULL);
    district_assert_said(&d, district_say(&d, "OPS", KIND(RESUME), &pause), "");
    district_drain(&d, "H1");
    view = why(&d, &stage, "T07", id);
    cr_assert_str_eq(view->waits_for, "answer");
    cr_assert_str_eq(view->next_actor, "receiver");
    cr_assert_eq(view->state, REFERRAL__STATE__DELIVERED);
    district_close(&d);
}

Test(why_query, d3_what_goes_before_a_message_is_of_a_higher_lane_or_earlier)
{
    struct stage stage;
    struct district d;
    char *routine, *urgent, *emergency;

    district_open(&d);
    stage_init(&stage);
    stage.inbox = (struct live_inbox){.connected = true, .connections = 1, .credit = 1};
    district_refer(&d, "T08", "H1", ROUTINE);
    routine = district_refer(&d, "T07", "H1", ROUTINE);
    district_refer(&d, "T08", "H1", ROUTINE);
    district_refer(&d, "T08", "H1", REFERRAL__PRIORITY__URGENT);
    urgent = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__URGENT);
    emergency = district_refer(&d, "T07", "H1", EMERGENCY);
    cr_assert(strstr(why(&d, &stage, "T07", routine)->sentence, " 4 more urgent or earlier") != NULL);
    cr_assert(strstr(why(&d, &stage, "T07", urgent)->sentence, " 2 more urgent or earlier") != NULL);
    cr_assert_str_eq(why(&d, &stage, "T07", emergency)->waits_for, "delivery");
    stage.inbox.credit = 0;
    cr_assert_str_eq(why(&d, &stage, "T07", emergency)->waits_for, "no-credit");
    district_close(&d);
}

/* Within a turn it is their place in it that counts. */
Test(why_query, d3_of_two_messages_of_one_turn_the_first_goes_before)
{
    struct stage stage;
    struct district d;
    Batch__Command *commands[2];

    district_open(&d);
    stage_init(&stage);
    stage.inbox = (struct live_inbox){.connected = true, .connections = 1, .credit = 1};
    for (int i = 0; i < 2; i++)
        commands[i] = district_command(&d, "T07", KIND(SUBMIT), i == 0 ? "a" : "b",
                                       district_sheet(&d, "T07", "H1", false, ROUTINE));
    district_turn(&d, commands, 2);
    char *first = district_reply(&d, 0)->referral_id, *second = district_reply(&d, 1)->referral_id;

    cr_assert(strstr(why(&d, &stage, "T07", second)->sentence, " 1 more urgent or earlier") != NULL);
    cr_assert(strstr(why(&d, &stage, "T07", first)->sentence, "more urgent or earlier") == NULL);
    district_close(&d);
}

Test(why_query, d5_anothers_dead_letter_is_not_this_ones)
{
    Referral__Nack nack = REFERRAL__NACK__INIT;
    ProtobufCBinaryData ids[64];
    struct stage stage;
    struct district d;
    char *first, *second;

    district_open(&d);
    stage_init(&stage);
    first = district_refer(&d, "T07", "H1", ROUTINE);
    second = district_refer(&d, "T07", "H1", ROUTINE);
    cr_assert_eq(district_waiting(&d, "H1", ids), 2);
    FIELD_SET(&nack, code, REFERRAL__NACK_CODE__NACK_UNREADABLE);
    FIELD_SET(&nack, delivery_id, ids[1]);
    district_say(&d, "H1", KIND(NACK), &nack);
    cr_assert_str_eq(why(&d, &stage, "T07", first)->waits_for, "no-consumer");
    cr_assert_str_eq(why(&d, &stage, "T07", second)->waits_for, "dead-letter");
    FIELD_SET(&nack, delivery_id, ids[0]);
    district_say(&d, "H1", KIND(NACK), &nack);
    cr_assert_str_eq(why(&d, &stage, "T07", second)->waits_for, "dead-letter", "the later of two");
    district_close(&d);
}

Test(why_query, d4_a_failed_attempt_names_the_next)
{
    Batch__Returned returned = BATCH__RETURNED__INIT;
    ProtobufCBinaryData ids[64];
    struct stage stage;
    Referral__WhyView *view;
    struct district d;
    char *id;

    district_open(&d);
    stage_init(&stage);
    stage.inbox = (struct live_inbox){.connected = true, .connections = 1, .credit = 1};
    id = district_refer(&d, "T07", "H1", ROUTINE);
    cr_assert_str_eq(why(&d, &stage, "T07", id)->waits_for, "delivery");
    district_waiting(&d, "H1", ids);
    returned.n_delivery_ids = 1;
    returned.delivery_ids = ids;
    district_say(&d, NULL, BATCH__INTERNAL__DELIVERY_TIMEOUT, &returned);
    view = why(&d, &stage, "T07", id);
    cr_assert_str_eq(view->waits_for, "back-off");
    cr_assert(strstr(view->sentence, "attempt 1 failed, the next is at 11-21 08:30") != NULL, "%s", view->sentence);
    district_close(&d);
}

static void expect_said(struct district *d, struct stage *stage, char *id, const char *words)
{
    const Referral__WhyView *view = why(d, stage, "T07", id);

    cr_assert(strstr(view->sentence, words) != NULL, "%s", view->sentence);
}

/* Somebody at a desk who asks by the same key is no system that could take anything. */
Test(why_query, d4_whoever_asks_does_not_stand_for_the_system_of_the_house)
{
    struct stage stage;
    struct district d;
    char *id;

    district_open(&d);
    stage_init(&stage);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "");
    stage.inbox = (struct live_inbox){.connected = true, .connections = 1};
    expect_said(&d, &stage, id, "the system of T07 is not connected");
    stage.inbox.connections = 2; /* another one is there */
    expect_said(&d, &stage, id, "the system of T07 is connected but takes nothing now");
    stage.inbox = (struct live_inbox){.connected = true, .connections = 1, .consumers = 1};
    expect_said(&d, &stage, id, "the system of T07 is connected but takes nothing now");
    stage.inbox.consumers = 0;
    cr_assert_not_null(
        strstr(why(&d, &stage, "OPS", id)->sentence, "the system of T07 is connected but takes nothing now"));
    district_close(&d);
}

/* An hour after the event before. */
static void happen_later(struct district *d, const char *who, const char *id, enum event event)
{
    Referral__Event *body = district_event(d, id, event);

    d->now.ms += HOUR_MS;
    if (event == ARRIVE)
        FIELD_SET(body, occurred_at_ms, d->now.ms);
    if (event == ANSWER_CANCEL)
        FIELD_SET(body, agreed, false);
    district_assert_said(d, district_say(d, who, KIND(EVENT), body), "");
}

/* A question that was answered, and a cancellation that was not granted, lead back to where it was: that happened when
 * it happened. */
Test(why_query, l_what_is_back_where_it_was_came_there_when_it_first_did)
{
    struct stage stage;
    struct district d;
    char *id;

    district_open(&d);
    stage_init(&stage);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    happen_later(&d, "H1", id, ACCEPT);
    happen_later(&d, "H1", id, REQUEST_INFO);
    expect_said(&d, &stage, id, "asked 11-21 10:30");
    happen_later(&d, "T07", id, SUPPLY_INFO);
    expect_said(&d, &stage, id, "accepted 11-21 09:30");
    happen_later(&d, "T07", id, BOOK);
    happen_later(&d, "T07", id, CANCEL_BOOKING);
    expect_said(&d, &stage, id, "accepted 11-21 09:30");
    happen_later(&d, "H1", id, ARRIVE);
    happen_later(&d, "T07", id, REQUEST_CANCEL);
    happen_later(&d, "H1", id, ANSWER_CANCEL);
    expect_said(&d, &stage, id, "arrival was recorded 11-21 14:30");
    happen_later(&d, "H1", id, START);
    happen_later(&d, "T07", id, REQUEST_CANCEL);
    happen_later(&d, "H1", id, ANSWER_CANCEL);
    expect_said(&d, &stage, id, "in care since 11-21 17:30");
    happen_later(&d, "H1", id, REPORT);
    expect_said(&d, &stage, id, "reported 11-21 20:30");
    district_close(&d);
}

Test(why_query, d5_a_dead_sheet_is_said)
{
    ProtobufCBinaryData dead;
    struct stage stage;
    struct district d;
    char *id;

    district_open(&d);
    stage_init(&stage);
    id = dead_letter(&d, &dead);
    cr_assert_str_eq(why(&d, &stage, "T07", id)->waits_for, "dead-letter");
    cr_assert_str_eq(why(&d, &stage, "OPS", id)->waits_for, "dead-letter");
    /* A place booked directly and cancelled brings it nowhere. */
    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "");
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL_BOOKING), "");
    district_drain(&d, "H1");
    cr_assert_str_eq(why(&d, &stage, "T07", id)->waits_for, "dead-letter");
    district_close(&d);
}

/* What an operator makes of a dead letter is part of the referral's life: of one that is dropped nothing else is
 * left. */
Test(why_query, d5_a_dropped_sheet_is_not_waited_for)
{
    Referral__DeadLetters letters = REFERRAL__DEAD_LETTERS__INIT;
    ProtobufCBinaryData dead;
    struct stage stage;
    struct district d;
    Referral__Nack nack = REFERRAL__NACK__INIT;
    char *id;

    district_open(&d);
    stage_init(&stage);
    id = dead_letter(&d, &dead);
    letters.institution = "H1";
    letters.reason = "told by telephone";
    letters.delivery_ids = &dead;
    letters.n_delivery_ids = 1;
    district_assert_said(&d, district_say(&d, "OPS", KIND(REPLAY_DEAD), &letters), "");
    cr_assert_eq(audited_dead_letters(&d, id, "operator"), 1);
    cr_assert_eq(last_entry(&d, "T07", id)->event, REFERRAL__EVENT_TYPE__EVENT_DEAD_LETTER);
    cr_assert_str_eq(last_entry(&d, "T07", id)->by, "operator");
    cr_assert_str_eq(last_entry(&d, "T07", id)->cause, "replayed");
    cr_assert_str_eq(why(&d, &stage, "T07", id)->waits_for, "no-consumer");
    FIELD_SET(&nack, delivery_id, dead);
    FIELD_SET(&nack, code, REFERRAL__NACK_CODE__NACK_UNREADABLE);
    district_assert_said(&d, district_say(&d, "H1", KIND(NACK), &nack), "");
    cr_assert_str_eq(last_entry(&d, "T07", id)->by, "broker");
    cr_assert_str_eq(last_entry(&d, "T07", id)->cause, "nack");
    d.now = instant_after(d.now, HOUR_MS);
    district_assert_said(&d, district_say(&d, "OPS", KIND(DROP_DEAD), &letters), "");
    cr_assert_eq(audited_dead_letters(&d, id, "operator"), 1);
    cr_assert_str_eq(last_entry(&d, "T07", id)->cause, "dropped");
    cr_assert_eq(last_entry(&d, "T07", id)->at_ms, d.now.ms);
    cr_assert_str_eq(why(&d, &stage, "T07", id)->waits_for, "dropped");
    expect_said(&d, &stage, id, ", the message was dropped by an operator and will not be delivered;");
    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "");
    district_drain(&d, "H1");
    expect_said(&d, &stage, id, "; its sheet is not delivered yet: the message was dropped by an operator");
    district_close(&d);
}

Test(why_query, l_whoever_nobody_reported_is_not_said_to_have_missed_it)
{
    struct stage stage;
    struct district d;
    char *id;

    district_open(&d);
    stage_init(&stage);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "");
    happen_later(&d, "T07", id, BOOK);
    d.now = instant_after(d.now, 3 * DAY_MS);
    district_clock(&d);
    expect_said(&d, &stage, id, "to book again or cancel: nobody reported an arrival, taken for a no-show 11-");
    district_assert_said(&d, district_happen(&d, "H1", id, ARRIVE), "");
    expect_said(&d, &stage, id, "Waiting for H1 to begin care");
    district_close(&d);
}

Test(why_query, l_whoever_missed_the_last_booking_is_not_waited_for)
{
    struct stage stage;
    struct district d;
    char *id;

    district_open(&d);
    stage_init(&stage);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "");
    for (int i = 0; i < 3; i++) {
        happen_later(&d, "T07", id, BOOK);
        happen_later(&d, "H1", id, MISS);
        cr_assert_str_eq(why(&d, &stage, "T07", id)->waits_for, i < 2 ? "new-booking" : "cancellation");
    }
    expect_said(
        &d, &stage, id,
        "Waiting for T07 to cancel: the patient did not come, recorded 11-21 14:30, and cannot be booked again");
    cr_assert_str_eq(why(&d, &stage, "T07", id)->next_institution, "T07");
    district_close(&d);
}

/* Q8, C1: an offer is the sender's to confirm while it lives. */
Test(why_query, q8_who_was_offered_a_place_waits_for_nobody_else)
{
    struct stage stage;
    struct district d;
    Referral__WhyView *view;
    char *id;

    places_open(&d);
    stage_init(&stage);
    places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    id = places_refer(&d, "T07", "Wang Fang");
    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "");
    district_drain(&d, "T07");
    expect_said(&d, &stage, id, "Waiting for T07 to book");
    places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, id));
    view = why(&d, &stage, "T07", id);
    cr_assert(strstr(view->sentence, "Waiting for T07 to confirm the place that is kept for it until 11-21 10:30; its "
                                     "notice is not delivered yet:") != NULL,
              "%s", view->sentence);
    cr_assert_str_eq(view->waits_for, "offer");
    cr_assert_str_eq(view->next_institution, "T07");
    cr_assert_str_eq(view->call->name, "contact of T07");
    cr_assert_eq(view->due_at_ms, d.now.ms + 2 * HOUR_MS);
    d.now.ms += 2 * HOUR_MS;
    expect_said(&d, &stage, id, "Waiting for a free place at H1: on the wait-list since 11-21 08:30");
    id = places_refer(&d, "T07", "Li Lei");
    places_joined(&d, "T07", places_wait(&d, EXAM, FAMILY, id));
    expect_said(&d, &stage, id, "Waiting for a free place at H1: on the wait-list since 11-21 10:30");
    places_close(&d);
}

/* C1: the session is over at its end. */
Test(why_query, l_after_the_session_the_hospital_has_to_say_who_came)
{
    struct stage stage;
    struct district d;
    char *id;

    district_open(&d);
    stage_init(&stage);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "");
    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "");
    d.now.ms += 3 * HOUR_MS - 1;
    expect_said(&d, &stage, id, "Waiting for the patient to come to H1: booked for 11-21 10:30");
    d.now.ms++;
    expect_said(&d, &stage, id, "Waiting for H1 to report the arrival or the no-show: booked for 11-21 10:30");
    cr_assert_str_eq(why(&d, &stage, "T07", id)->waits_for, "arrival");
    cr_assert_str_eq(why(&d, &stage, "T07", id)->next_institution, "H1");
    district_close(&d);
}

/* Booked directly, it is the patient's turn; that the hospital has not heard of the patient is said all the same. */
Test(why_query, d5_a_booked_place_does_not_hide_that_the_sheet_never_came)
{
    ProtobufCBinaryData dead;
    struct stage stage;
    struct district d;
    char *id;

    district_open(&d);
    stage_init(&stage);
    id = dead_letter(&d, &dead);
    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "");
    district_drain(&d, "H1"); /* the notice of it */
    expect_said(&d, &stage, id, "booked for 11-21 10:30");
    expect_said(&d, &stage, id, "; its sheet is not delivered yet: the message moved to the dead letters 11-21 08:30;");
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "");
    expect_said(&d, &stage, id, "; its sheet is not delivered yet: the system of H1 is not connected");
    district_drain(&d, "H1");
    cr_assert_null(strstr(why(&d, &stage, "T07", id)->sentence, "not delivered"));
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL_BOOKING), "");
    expect_said(&d, &stage, id, "; its notice is not delivered yet: the system of H1 is not connected");
    district_close(&d);
}

Test(why_query, l5_after_a_return_it_is_the_childs_receivers_turn)
{
    Referral__Sheet *sheet;
    Referral__Reply *down;
    Referral__WhyView *view;
    struct stage stage;
    struct district d;
    char *up;

    district_open(&d);
    stage_init(&stage);
    up = district_refer(&d, "T07", "H1", ROUTINE);
    district_drain(&d, "H1");
    district_assert_said(&d, district_happen(&d, "H1", up, ARRIVE), "");
    sheet = district_sheet(&d, "H1", "T08", true, ROUTINE);
    sheet->parent_referral_id = up;
    down = district_say(&d, "H1", KIND(SUBMIT), sheet);
    district_assert_said(&d, down, "");
    view = why(&d, &stage, "T07", up);
    cr_assert_str_eq(view->next_actor, "primary");
    cr_assert_str_eq(view->next_institution, "T08");
    cr_assert_str_eq(view->call->name, "contact of T08");
    cr_assert_str_eq(view->waits_for, "receipt");
    cr_assert(strstr(view->sentence, "Waiting for T08 to confirm the receipt") != NULL, "%s", view->sentence);
    cr_assert(strstr(view->sentence, "; its sheet is not delivered yet: the system of T08 is not connected") != NULL,
              "%s", view->sentence);
    happen_later(&d, "T08", down->referral_id, REJECT);
    expect_said(&d, &stage, up,
                "Waiting for H1 to return the patient anew or close: the down-referral was not taken over 11-21 09:30");
    cr_assert_str_eq(why(&d, &stage, "T07", up)->waits_for, "return");
    district_close(&d);
}

Test(why_query, p4_the_language_is_the_questions_else_the_sessions)
{
    Referral__ReferralQuery query;
    struct district d;

    district_open(&d);
    query = about(district_refer(&d, "T07", "H1", ROUTINE));
    cr_assert(strstr(((Referral__WhyView *)ask(&d, "T07", KIND(WHY), &query))->sentence, "等待送达H1") != NULL);
    query.language = "en";
    cr_assert(strstr(((Referral__WhyView *)ask(&d, "T07", KIND(WHY), &query))->sentence, "Waiting") != NULL);
    query.language = "fr";
    cr_assert_str_eq(ask_said(&d, "T07", KIND(WHY), &query), "BAD_VALUE language");
    district_close(&d);
}

Test(why_query, p4_what_has_ended_waits_for_nobody)
{
    struct stage stage;
    Referral__WhyView *view;
    struct district d;
    char *id;

    district_open(&d);
    stage_init(&stage);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL), "");
    view = why(&d, &stage, "T07", id);
    cr_assert_str_eq(view->waits_for, "nobody");
    cr_assert_str_eq(view->next_actor, "nobody");
    cr_assert_null(view->next_institution);
    cr_assert_null(view->call);
    cr_assert_str_eq(view->sentence, "Nothing to wait for: cancelled 11-21 08:30 (another reason).");
    district_close(&d);
}
