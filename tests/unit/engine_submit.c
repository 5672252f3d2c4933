/* engine_submit.c - a sheet becomes a referral (F, T, L5, D1, D6). */
#include <sodium.h>

#include "district.h"

#define ROUTINE   REFERRAL__PRIORITY__ROUTINE
#define URGENT    REFERRAL__PRIORITY__URGENT
#define EMERGENCY REFERRAL__PRIORITY__EMERGENCY

Test(submit, d2_an_accepted_sheet_waits_for_its_receiver_byte_for_byte)
{
    struct district d;
    Referral__Sheet *sheet;
    Batch__Command *command;
    Referral__Reply *reply;
    struct bytes body;
    struct id id;

    district_open(&d);
    sheet = district_sheet(&d, "T07", "H1", false, URGENT);
    command = district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "01HZX3J8Q4K5M6N7P8R9S0T1V2", sheet);
    reply = district_send(&d, command);
    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->state, REFERRAL__STATE__SUBMITTED);
    cr_assert_str_eq(reply->sender_reference, "ref-1");
    cr_assert_str_eq(reply->journey_id, reply->referral_id);
    cr_assert_str_eq(reply->receiver_contact->name, "contact of H1");
    cr_assert_eq(reply->answer_due_at_ms, d.now.ms + 2 * HOUR_MS);
    cr_assert(reply->eligible_for_down_referral);
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet");
    cr_assert_str_eq(district_inbox(&d, "T07"), "");
    cr_assert_eq(d.effects.inbox_count, 1);
    cr_assert_eq(d.effects.inbox[0].change, INBOX_ADDED);

    struct store_txn *txn = district_read(&d);

    cr_assert(id_parse(reply->referral_id, "bd", &id));
    cr_assert(body_get(txn, id, 1, &body));
    cr_assert(bytes_equal(body, binary_bytes(command->body)));
    store_read_end(txn);
    district_assert_books(&d);
    district_close(&d);
}

/* The budget of design.md. Books are one row a turn, here one in each of two; the first message of an inbox also
 * watches its age. */
Test(submit, submit_and_its_ack_are_at_most_eight_row_operations)
{
    struct district d;
    ProtobufCBinaryData ids[64];
    uint64_t puts;

    district_open(&d);
    district_refer(&d, "T07", "H1", URGENT);
    district_refer(&d, "T07", "H1", URGENT);
    puts = d.puts;
    cr_assert_leq(puts, 5 + 1);
    district_waiting(&d, "H1", ids);
    district_ack(&d, "H1", ids, 1);
    cr_assert_leq(puts + d.puts, 8 + 2);
    district_close(&d);
}

Test(submit, d1_the_same_command_again_gets_its_first_answer_and_has_no_second_effect)
{
    struct district d;
    Referral__Sheet *sheet;
    Referral__Reply *first, *again;

    district_open(&d);
    sheet = district_sheet(&d, "T07", "H1", false, ROUTINE);
    first = district_send(&d, district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "same", sheet));
    again = district_send(&d, district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "same", sheet));
    cr_assert_str_eq(again->referral_id, first->referral_id);
    cr_assert_eq(again->index, first->index);
    cr_assert_eq(again->request, first->request + 1);
    cr_assert_eq(d.puts, 0);
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet");
    district_close(&d);
}

Test(submit, d1_the_same_key_with_another_body_is_a_conflict_and_another_senders_key_is_not)
{
    struct district d;

    district_open(&d);
    Referral__Sheet *sheet = district_sheet(&d, "T07", "H1", false, ROUTINE);

    district_assert_said(&d, district_send(&d, district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "same", sheet)), "");
    sheet->record_number = "A-78";
    district_assert_said(&d, district_send(&d, district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "same", sheet)),
                         "CONFLICT message_id");
    sheet->sender = "T08";
    district_assert_said(&d, district_send(&d, district_command(&d, "T08", REFERRAL__KIND__SUBMIT, "same", sheet)), "");
    district_assert_said(&d, district_send(&d, district_command(&d, "T08", REFERRAL__KIND__SUBMIT, NULL, sheet)),
                         "NO_MESSAGE_ID message_id");
    district_close(&d);
}

Test(submit, d1_only_an_accepted_command_occupies_its_key)
{
    struct district d;

    district_open(&d);
    Referral__Sheet *sheet = district_sheet(&d, "T07", "H1", false, ROUTINE);

    sheet->treatment = NULL;
    district_assert_said(&d, district_send(&d, district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "k", sheet)),
                         "MISSING treatment");
    sheet->treatment = "rest";
    district_assert_said(&d, district_send(&d, district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "k", sheet)), "");
    district_close(&d);
}

Test(submit, f2_sheet_route_and_team_are_answered_at_once)
{
    struct district d;

    district_open(&d);
    Referral__Sheet *sheet = district_sheet(&d, "T07", "H1", true, ROUTINE);

    sheet->further_plan = NULL;
    sheet->team_id = "nobody";
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet),
                         "NOT_DOWN_WITHOUT_PLAN further_plan; WRONG_DIRECTION direction; UNKNOWN_TEAM team_id");
    cr_assert_str_eq(district_inbox(&d, "H1"), "");
    district_close(&d);
}

Test(submit, t5_a_key_of_another_length_is_nobodys)
{
    struct district d;
    Batch__Command *command;

    district_open(&d);
    command = district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "k", district_sheet(&d, "T07", "H1", false, ROUTINE));
    command->key.len--;
    district_assert_said(&d, district_send(&d, command), "NOT_ALLOWED");
    command->key.len++;
    district_assert_said(&d, district_send(&d, command), "");
    district_close(&d);
}

/* T07 acts for V01, whose patient its own team serves; T08 does not. */
Test(submit, t6_a_team_on_the_way_up_is_the_senders_or_of_who_speaks_for_it)
{
    struct district d;
    Batch__Command *command;
    Referral__Sheet *sheet;

    district_open(&d);
    district_team(&d, "T08");
    sheet = district_sheet(&d, "V01", "H1", false, ROUTINE);
    sheet->team_id = "TEAM7";
    command = district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "k", sheet);
    command->acting_for = "V01";
    district_assert_said(&d, district_send(&d, command), "UNKNOWN_TEAM team_id");
    district_team(&d, "T07");
    district_assert_said(&d, district_send(&d, command), "");
    district_close(&d);
}

Test(submit, t6_a_team_on_the_way_down_is_the_receivers)
{
    struct district d;

    district_open(&d);
    district_team(&d, "T07");
    Referral__Sheet *sheet = district_sheet(&d, "H1", "T08", true, ROUTINE);

    sheet->team_id = "TEAM7";
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__SUBMIT, sheet), "UNKNOWN_TEAM team_id");
    sheet->receiver = "T99";
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__SUBMIT, sheet),
                         "UNKNOWN_RECEIVER receiver; UNKNOWN_TEAM team_id");
    sheet->receiver = "T07";
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__SUBMIT, sheet), "");
    district_close(&d);
}

Test(submit, f2_a_parent_that_is_not_there_comes_with_the_faults_of_the_sheet)
{
    struct district d;

    district_open(&d);
    Referral__Sheet *sheet = district_sheet(&d, "H1", "T07", true, ROUTINE);

    sheet->further_plan = NULL;
    sheet->parent_referral_id = "nonsense";
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__SUBMIT, sheet),
                         "NOT_DOWN_WITHOUT_PLAN further_plan; NOT_IN_JOURNEY parent_referral_id");
    district_close(&d);
}

Test(submit, f5_an_emergency_need_not_say_who_sends_it_which_way_and_for_what)
{
    struct district d;

    district_open(&d);
    Referral__Sheet *sheet = district_sheet(&d, "T07", "H1", false, EMERGENCY);

    sheet->sender = sheet->department = NULL;
    sheet->has_direction = sheet->has_kind = false;

    Referral__Reply *reply = district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet);

    district_assert_said(&d, reply, "");
    cr_assert_str_eq(district_row(&d, reply->referral_id)->sender, "T07");
    cr_assert_eq(district_row(&d, reply->referral_id)->direction, REFERRAL__DIRECTION__UP);
    cr_assert_eq(district_row(&d, reply->referral_id)->life, LIFE_UP);
    district_close(&d);
}

Test(submit, f1_an_emergency_on_its_way_down_without_saying_so_needs_findings_and_plan)
{
    struct district d;

    district_open(&d);
    Referral__Sheet *sheet = district_sheet(&d, "H1", "T07", false, EMERGENCY);

    sheet->has_direction = false;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__SUBMIT, sheet),
                         "NOT_DOWN_WITHOUT_FINDINGS hospital_findings; NOT_DOWN_WITHOUT_PLAN further_plan");
    district_close(&d);
}

Test(submit, t5_a_key_speaks_for_its_institution_or_by_delegation)
{
    struct district d;
    Batch__Command *command;

    district_open(&d);
    Referral__Sheet *sheet = district_sheet(&d, "V01", "H1", false, ROUTINE);

    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet), "WRONG_SENDER sender");
    command = district_command(&d, "T08", REFERRAL__KIND__SUBMIT, "x", sheet);
    command->acting_for = "V01";
    district_assert_said(&d, district_send(&d, command), "WRONG_SENDER acting_for");
    command = district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "x", sheet);
    command->acting_for = "V01";

    Referral__Reply *reply = district_send(&d, command);

    district_assert_said(&d, reply, "");
    cr_assert_str_eq(district_row(&d, reply->referral_id)->submitted_by, "T07");
    cr_assert_str_eq(district_row(&d, reply->referral_id)->sender, "V01");
    district_close(&d);
}

Test(submit, t7_an_emergency_goes_ahead_without_relation_or_contact_and_raises_an_alarm)
{
    struct district d;

    district_open(&d);
    Referral__Sheet *sheet = district_sheet(&d, "T07", "T08", false, URGENT);

    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet),
                         "WRONG_DIRECTION direction; NO_RELATION receiver");
    sheet = district_sheet(&d, "T07", "T08", false, EMERGENCY);
    sheet->parent_referral_id = "nonsense";
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet), "");

    struct store_txn *txn = district_read(&d);

    cr_assert_not_null(alarm_row(txn, "emergency-gap", "T07>T08"));
    store_read_end(txn);
    sheet->receiver = "nowhere";
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet), "UNKNOWN_RECEIVER receiver");
    district_close(&d);
}

static char *relate(struct district *d, char *to, bool deny, Referral__ReferralKind kind)
{
    Referral__Relation relation = REFERRAL__RELATION__INIT;

    relation.from = "T07";
    relation.to = to;
    FIELD_SET(&relation, deny, deny);
    relation.kinds = &kind;
    relation.n_kinds = 1;
    district_assert_said(d, district_say(d, "OPS", REFERRAL__KIND__PUT_RELATION, &relation), "");
    return to;
}

/* F5: it need not say its kind, and is then of none that somebody has been denied. */
Test(submit, t7_an_emergency_of_no_kind_is_not_stopped_by_a_deny_of_one)
{
    struct district d;
    struct store_txn *txn;
    Referral__Sheet *sheet;
    char *id;

    district_open(&d);
    sheet = district_sheet(&d, "T07", relate(&d, "H1", true, REFERRAL__REFERRAL_KIND__OUTPATIENT), false, EMERGENCY);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet), "ROUTE_DENIED receiver");
    sheet->has_kind = false;
    Referral__Reply *reply = district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet);

    district_assert_said(&d, reply, "");
    id = reply->referral_id;
    Referral__Event *event = district_event(&d, id, REDIRECT);

    event->receiver = relate(&d, "H2", true, REFERRAL__REFERRAL_KIND__OUTPATIENT);
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "");
    sheet->receiver = relate(&d, "T08", false, REFERRAL__REFERRAL_KIND__INPATIENT);
    FIELD_SET(sheet, direction, REFERRAL__DIRECTION__LATERAL);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet), "");
    txn = district_read(&d);
    cr_assert_null(alarm_row(txn, "emergency-gap", "T07>T08"), "there is a relation");
    store_read_end(txn);
    district_close(&d);
}

static bool is_called_full(struct district *d)
{
    struct store_txn *txn = district_read(d);
    bool stands = alarm_row(txn, "inbox-full", "H1") != NULL;

    store_read_end(txn);
    return stands;
}

static void put_cap(struct district *d, char *name, char *institution, char *value)
{
    Referral__Setting setting = REFERRAL__SETTING__INIT;

    setting.name = name;
    setting.institution = institution;
    setting.value = value;
    district_assert_said(d, district_say(d, "OPS", REFERRAL__KIND__PUT_SETTING, &setting), "");
}

Test(submit, d6_an_inbox_that_refuses_emergencies_calls_an_operator)
{
    struct district d;
    ProtobufCBinaryData ids[64];

    district_open(&d);
    put_cap(&d, "inbox_emergency_max", "H1", "2");
    district_refer(&d, "T07", "H1", EMERGENCY);
    cr_assert(!is_called_full(&d));
    district_refer(&d, "T07", "H1", EMERGENCY);
    cr_assert(is_called_full(&d));
    district_assert_said(
        &d, district_say(&d, "T07", REFERRAL__KIND__SUBMIT, district_sheet(&d, "T07", "H1", false, EMERGENCY)),
        "INBOX_FULL");
    district_refer(&d, "T07", "H1", ROUTINE);
    cr_assert(is_called_full(&d));
    district_waiting(&d, "H1", ids);
    district_ack(&d, "H1", ids, 1);
    cr_assert(!is_called_full(&d));
    district_close(&d);
}

Test(submit, d6_a_cap_of_one_is_full_with_one_and_no_more_without)
{
    struct district d;

    district_open(&d);
    put_cap(&d, "inbox_messages_max", "H1", "1");
    district_refer(&d, "T07", "H1", ROUTINE);
    cr_assert(is_called_full(&d));
    district_drain(&d, "H1");
    cr_assert(!is_called_full(&d));
    district_close(&d);
}

Test(submit, d6_a_cap_that_is_moved_past_what_waits_is_told_at_once)
{
    struct district d;

    district_open(&d);
    district_refer(&d, "T07", "H1", ROUTINE);
    district_refer(&d, "T07", "H1", ROUTINE);
    put_cap(&d, "inbox_messages_max", "H1", "2");
    cr_assert(is_called_full(&d), "it refuses from now on");
    put_cap(&d, "inbox_messages_max", "H1", "1000");
    cr_assert(!is_called_full(&d), "as the runbook has an operator do");
    put_cap(&d, "inbox_messages_max", "H1", NULL);
    put_cap(&d, "inbox_messages_max", NULL, "1");
    cr_assert(is_called_full(&d), "everybody's cap is its own, too");
    put_cap(&d, "inbox_messages_max", NULL, NULL);
    cr_assert(!is_called_full(&d));
    district_close(&d);
}

Test(submit, d6_a_full_inbox_refuses_submissions_with_a_retry_time_but_no_emergency)
{
    struct district d;
    Referral__Setting setting = REFERRAL__SETTING__INIT;

    district_open(&d);
    setting.name = "inbox_messages_max";
    setting.institution = "H1";
    setting.value = "2";
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_SETTING, &setting), "");
    district_refer(&d, "T07", "H1", ROUTINE);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Reply *reply =
        district_say(&d, "T07", REFERRAL__KIND__SUBMIT, district_sheet(&d, "T07", "H1", false, ROUTINE));

    district_assert_said(&d, reply, "INBOX_FULL");
    cr_assert_gt(reply->refusals[0]->retry_after_ms, 0);
    district_refer(&d, "T07", "H1", EMERGENCY);
    district_refer(&d, "T07", "H2", ROUTINE);
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL), ""); /* its notice is stored all the same */

    struct store_txn *txn = district_read(&d);

    cr_assert_not_null(alarm_row(txn, "inbox-full", "H1"));
    store_read_end(txn);
    district_drain(&d, "H1");
    txn = district_read(&d);
    cr_assert_null(alarm_row(txn, "inbox-full", "H1"));
    store_read_end(txn);
    district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_books(&d);
    district_close(&d);
}

Test(submit, d6_an_inbox_is_full_of_bytes_as_of_messages)
{
    struct district d;
    Referral__Setting setting = REFERRAL__SETTING__INIT;
    Referral__Reply *reply;

    district_open(&d);
    setting.name = "inbox_bytes_max";
    setting.institution = "H1";
    setting.value = "1048576";
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_SETTING, &setting), "");
    Referral__Sheet *sheet = district_sheet(&d, "T07", "H1", false, ROUTINE);
    Referral__Attachment attachment = REFERRAL__ATTACHMENT__INIT, *attachments[] = {&attachment};
    static uint8_t image[240000];
    uint8_t digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(digest, image, sizeof image);
    attachment.media_type = "image/png";
    FIELD_SET(&attachment, content, binary_copy(&d.keep, bytes_of(image, sizeof image)));
    FIELD_SET(&attachment, size_bytes, sizeof image);
    FIELD_SET(&attachment, sha256, binary_copy(&d.keep, bytes_of(digest, sizeof digest)));
    sheet->attachments = attachments;
    sheet->n_attachments = 1;
    for (int i = 0; i < 4; i++)
        district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet), "");
    reply = district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet);
    district_assert_said(&d, reply, "INBOX_FULL");
    cr_assert_gt(reply->refusals[0]->retry_after_ms, 0);
    district_refer(&d, "T07", "H1", EMERGENCY);
    district_assert_books(&d);
    district_close(&d);
}

Test(submit, d6_a_full_disk_refuses_new_work_and_lets_the_rest_go_on)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    d.full = true;
    Referral__Reply *reply =
        district_say(&d, "T07", REFERRAL__KIND__SUBMIT, district_sheet(&d, "T07", "H1", false, ROUTINE));

    district_assert_said(&d, reply, "DISK_FULL");
    cr_assert_gt(reply->refusals[0]->retry_after_ms, 0);
    cr_assert_eq(d.puts, 0, "refusals for lack of room are counted, not audited (P3)");
    district_assert_said(&d, district_happen(&d, "H1", id, BOOK), "DISK_FULL");
    district_drain(&d, "H1");
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL), "");
    district_close(&d);
}

Test(submit, l5_a_down_referral_returns_its_parent_in_the_same_turn)
{
    struct district d;

    district_open(&d);
    char *up = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Sheet *sheet = district_sheet(&d, "H1", "T07", true, ROUTINE);

    sheet->parent_referral_id = up;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__SUBMIT, sheet),
                         "NOT_RETURNABLE parent_referral_id");
    district_assert_said(&d, district_happen(&d, "H1", up, ARRIVE), "");

    Referral__Reply *down = district_say(&d, "H1", REFERRAL__KIND__SUBMIT, sheet);

    district_assert_said(&d, down, "");
    cr_assert_str_eq(down->journey_id, up);
    cr_assert_str_eq(district_state(&d, up), "RETURNED");
    cr_assert_str_eq(district_inbox(&d, "T07"), "arrive, submit/sheet, return");
    district_assert_said(&d, district_happen(&d, "T07", down->referral_id, CONFIRM_RECEIPT), "");
    cr_assert_str_eq(district_state(&d, down->referral_id), "CLOSED");
    cr_assert_str_eq(district_state(&d, up), "CLOSED");
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet, confirm-receipt, confirm-receipt");
    district_close(&d);
}

Test(submit, l5_a_down_referral_that_ends_otherwise_gives_the_parent_back)
{
    struct district d;

    district_open(&d);
    char *up = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Sheet *sheet = district_sheet(&d, "H1", "T08", true, ROUTINE);

    district_happen(&d, "H1", up, ARRIVE);
    sheet->parent_referral_id = up;
    Referral__Reply *down = district_say(&d, "H1", REFERRAL__KIND__SUBMIT, sheet);

    district_assert_said(&d, down, "");
    district_drain(&d, "H1");
    district_assert_said(&d, district_happen(&d, "T08", down->referral_id, REJECT), "");
    cr_assert_str_eq(district_state(&d, up), "REPORTED");
    cr_assert_str_eq(district_inbox(&d, "H1"), "reject, return-failed");
    district_close(&d);
}

Test(submit, l5_the_parent_belongs_to_a_journey_the_sender_took_part_in)
{
    struct district d;

    district_open(&d);
    char *up = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Sheet *sheet = district_sheet(&d, "H2", "T07", true, ROUTINE);

    sheet->parent_referral_id = up;
    district_assert_said(&d, district_say(&d, "H2", REFERRAL__KIND__SUBMIT, sheet),
                         "NOT_IN_JOURNEY parent_referral_id");
    sheet->parent_referral_id = NULL;
    sheet->journey_id = up;
    district_assert_said(&d, district_say(&d, "H2", REFERRAL__KIND__SUBMIT, sheet), "NOT_IN_JOURNEY journey_id");
    sheet->journey_id = NULL;
    sheet->parent_referral_id = "from elsewhere";
    FIELD_SET(sheet, parent_is_external, true);
    district_assert_said(&d, district_say(&d, "H2", REFERRAL__KIND__SUBMIT, sheet), "");
    district_close(&d);
}

/* C9, of the city, is sent the patient by H1 in the same journey. */
Test(submit, l5_who_is_no_primary_institution_is_returned_to_only_where_he_sent_the_patient)
{
    struct district d;

    district_open(&d);
    district_put(&d, "C9", REFERRAL__INSTITUTION_KIND__HOSPITAL, REFERRAL__TIER__CITY, false);
    char *first = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Sheet *sheet = district_sheet(&d, "H1", "C9", false, ROUTINE);

    sheet->parent_referral_id = first;
    Referral__Reply *up = district_say(&d, "H1", REFERRAL__KIND__SUBMIT, sheet);

    district_assert_said(&d, up, "");
    cr_assert_str_eq(up->journey_id, first);
    cr_assert_str_eq(district_state(&d, first), "SUBMITTED", "to send a patient further up returns nothing");
    district_assert_said(&d, district_happen(&d, "C9", up->referral_id, ARRIVE), "");
    sheet = district_sheet(&d, "C9", "H2", true, ROUTINE);
    sheet->parent_referral_id = up->referral_id;
    district_assert_said(&d, district_say(&d, "C9", REFERRAL__KIND__SUBMIT, sheet), "NOT_PRIMARY receiver");
    cr_assert_str_eq(district_state(&d, up->referral_id), "ARRIVED");
    sheet->receiver = "H1";
    district_assert_said(&d, district_say(&d, "C9", REFERRAL__KIND__SUBMIT, sheet), "");
    cr_assert_str_eq(district_state(&d, up->referral_id), "RETURNED");
    district_close(&d);
}

/* A journey has one name, so that nobody who looks at it misses a part. */
Test(submit, f_a_journey_is_joined_by_its_own_id_and_not_by_a_members)
{
    struct district d;

    district_open(&d);
    char *up = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Event *redirect = district_event(&d, up, REDIRECT);

    redirect->receiver = "H2";
    char *member = district_say(&d, "H1", REFERRAL__KIND__EVENT, redirect)->child_referral_id;
    Referral__Sheet *sheet = district_sheet(&d, "T07", "H3", false, ROUTINE);

    sheet->journey_id = member;
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet), "NOT_IN_JOURNEY journey_id");
    sheet->journey_id = up;
    Referral__Reply *reply = district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet);

    district_assert_said(&d, reply, "");
    cr_assert_str_eq(reply->journey_id, up);
    district_close(&d);
}
