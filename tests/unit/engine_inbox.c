/* engine_inbox.c - acks, failed attempts, dead letters and the books (D3-D7). */
#include "district.h"

#include "rules/backoff.h"

#define ROUTINE   REFERRAL__PRIORITY__ROUTINE
#define URGENT    REFERRAL__PRIORITY__URGENT
#define EMERGENCY REFERRAL__PRIORITY__EMERGENCY

static Referral__Reply *nack(struct district *d, const char *who, ProtobufCBinaryData id, Referral__NackCode code)
{
    Referral__Nack nack = REFERRAL__NACK__INIT;

    FIELD_SET(&nack, delivery_id, id);
    FIELD_SET(&nack, code, code);
    nack.text = "cannot read it";
    return district_say(d, who, REFERRAL__KIND__NACK, &nack);
}

static void time_out(struct district *d, ProtobufCBinaryData id)
{
    Batch__Returned returned = BATCH__RETURNED__INIT;

    returned.n_delivery_ids = 1;
    returned.delivery_ids = &id;
    district_say(d, NULL, BATCH__INTERNAL__DELIVERY_TIMEOUT, &returned);
}

static bool has_alarm(struct district *d, const char *code, const char *subject)
{
    struct store_txn *txn = district_read(d);
    bool standing = alarm_row(txn, code, subject) != NULL;

    store_read_end(txn);
    return standing;
}

static Record__Books books(struct district *d, const char *institution)
{
    struct store_txn *txn = district_read(d);
    Record__Books books = *books_of(txn, institution_row(txn, institution)->number);

    store_read_end(txn);
    return books;
}

static Referral__Delivery *deliver(struct district *d, ProtobufCBinaryData delivery_id)
{
    struct store_txn *txn = district_read(d);
    uint32_t incarnation;
    struct inbox_ref ref;
    struct bytes delivery;
    enum refusal refusal;
    struct cache cache;

    cache_init(&cache, &d->keep);
    cr_assert(delivery_id_decode(binary_bytes(delivery_id), &incarnation, &ref));
    cr_assert(inbox_delivery(txn, &cache, ref, inbox_row(txn, ref), incarnation, false, &delivery));
    store_read_end(txn);
    return (Referral__Delivery *)wire_unpack(&referral__delivery__descriptor, delivery, &d->keep, &refusal);
}

Test(inbox, d4_a_message_leaves_by_its_receivers_ack_only)
{
    struct district d;
    ProtobufCBinaryData ids[64];

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    district_waiting(&d, "H1", ids);
    cr_assert_null(district_ack(&d, "H2", ids, 1)); /* another institution's: finds nothing */
    cr_assert_eq(d.effects.outcomes[0].acks_unknown, 1);
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet");
    cr_assert_null(district_ack(&d, "H1", ids, 1));
    cr_assert_eq(d.effects.inbox[0].change, INBOX_GONE);
    cr_assert_str_eq(district_inbox(&d, "H1"), "");
    cr_assert_str_eq(district_state(&d, id), "DELIVERED");
    cr_assert_null(district_ack(&d, "H1", ids, 1)); /* twice: no second effect (D1) */
    cr_assert_eq(d.effects.outcomes[0].acks_unknown, 1);
    cr_assert_eq(d.puts, 0);
    cr_assert_eq(books(&d, "H1").acknowledged, 1);
    district_assert_books(&d);
    district_close(&d);
}

Test(inbox, d4_an_id_from_before_a_restore_is_stale)
{
    struct district d;
    ProtobufCBinaryData ids[64];

    district_open(&d);
    district_refer(&d, "T07", "H1", ROUTINE);
    district_waiting(&d, "H1", ids);
    ids[0].data[3] ^= 1;
    district_assert_said(&d, district_ack(&d, "H1", ids, 1), "STALE delivery_ids");
    district_assert_said(&d, nack(&d, "H1", ids[0], REFERRAL__NACK_CODE__NACK_RETRY), "STALE delivery_id");
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet");
    district_close(&d);
}

Test(inbox, f3_a_delivery_holds_the_sheet_as_received_and_what_the_broker_knows)
{
    struct district d;
    ProtobufCBinaryData ids[64];

    district_open(&d);
    Referral__Sheet *sheet = district_sheet(&d, "T07", "H1", false, URGENT);
    Batch__Command *command = district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "x", sheet);
    Referral__Reply *reply = district_send(&d, command);

    district_waiting(&d, "H1", ids);
    const Referral__Delivery *delivery = deliver(&d, ids[0]);

    cr_assert(bytes_equal(binary_bytes(delivery->body), binary_bytes(command->body)));
    cr_assert_eq(delivery->kind, REFERRAL__DELIVERY_KIND__SHEET);
    cr_assert_eq(delivery->attempt, 1);
    cr_assert_str_eq(delivery->referral_id, reply->referral_id);
    cr_assert_str_eq(delivery->sender, "T07");
    cr_assert_str_eq(delivery->sender_contact->name, "contact of T07");
    cr_assert_eq(delivery->answer_due_at_ms, reply->answer_due_at_ms);
    cr_assert_eq(delivery->lane, URGENT);
    district_close(&d);
}

Test(inbox, d4_failed_attempts_back_off_and_stand_on_the_timeline)
{
    struct district d;
    ProtobufCBinaryData ids[64];

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    district_waiting(&d, "H1", ids);
    for (uint32_t failed = 1; failed <= 6; failed++) {
        time_out(&d, ids[0]);
        cr_assert_eq(d.effects.inbox[0].change, INBOX_RETURNED);
        cr_assert_eq(d.effects.inbox[0].not_before.ms, d.now.ms + backoff_ms(failed));
        d.now = d.effects.inbox[0].not_before;
    }
    cr_assert_eq(deliver(&d, ids[0])->attempt, 7);
    cr_assert_eq(district_row(&d, id)->timeline_next, 6);
    nack(&d, "H1", ids[0], REFERRAL__NACK_CODE__NACK_RETRY);
    cr_assert_eq(deliver(&d, ids[0])->attempt, 8);
    district_close(&d);
}

Test(inbox, d4_a_lost_connection_is_a_redelivery_and_no_failed_attempt)
{
    struct district d;
    ProtobufCBinaryData ids[64];
    Batch__Returned returned = BATCH__RETURNED__INIT;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    returned.n_delivery_ids = district_waiting(&d, "H1", ids);
    returned.delivery_ids = ids;
    district_say(&d, NULL, BATCH__INTERNAL__CONNECTION_LOST, &returned);
    cr_assert_eq(d.effects.inbox[0].change, INBOX_RETURNED);
    cr_assert_eq(d.effects.inbox[0].not_before.ms, 0);
    cr_assert_eq(deliver(&d, ids[0])->attempt, 2);
    cr_assert_eq(district_row(&d, id)->timeline_next, 0);
    district_close(&d);
}

Test(inbox, d5_a_permanent_refusal_moves_the_message_and_tells_the_sender)
{
    struct district d;
    ProtobufCBinaryData ids[64];

    district_open(&d);
    district_refer(&d, "T07", "H1", ROUTINE);
    district_waiting(&d, "H1", ids);
    cr_assert_null(nack(&d, "H1", ids[0], REFERRAL__NACK_CODE__NACK_UNREADABLE));
    cr_assert_str_eq(district_inbox(&d, "H1"), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "dead-letter");
    cr_assert_eq(books(&d, "H1").dead, 1);
    /* A dead letter about a dead letter is told to nobody. */
    district_waiting(&d, "T07", ids);
    nack(&d, "T07", ids[0], REFERRAL__NACK_CODE__NACK_INTERNAL);
    cr_assert_str_eq(district_inbox(&d, "T07"), "");
    cr_assert_str_eq(district_inbox(&d, "H1"), "");
    district_assert_books(&d);
    district_close(&d);
}

/* L2: the sender is its team, too: a village clinic has no system, its township centre's team has. */
Test(inbox, d5_the_senders_team_is_told_but_not_by_the_inbox_that_refused)
{
    struct district d;
    ProtobufCBinaryData ids[64];
    Referral__Reply *reply;

    district_open(&d);
    district_team(&d, "T07");
    Referral__Sheet *sheet = district_sheet(&d, "V01", "H1", false, ROUTINE);

    sheet->team_id = "TEAM7";
    reply = district_say(&d, "V01", REFERRAL__KIND__SUBMIT, sheet);
    district_assert_said(&d, reply, "");
    district_waiting(&d, "T07", ids);
    nack(&d, "T07", ids[0], REFERRAL__NACK_CODE__NACK_UNREADABLE);
    cr_assert_str_eq(district_inbox(&d, "T07"), "", "what it refused itself it knows");
    district_waiting(&d, "H1", ids);
    nack(&d, "H1", ids[0], REFERRAL__NACK_CODE__NACK_UNREADABLE);
    cr_assert_str_eq(district_inbox(&d, "T07"), "dead-letter");
    cr_assert_str_eq(district_inbox(&d, "V01"), "", "it is query-only");
    district_assert_books(&d);
    district_close(&d);
}

Test(inbox, d5_a_message_dies_after_twelve_attempts_while_others_are_acknowledged)
{
    struct district d;
    ProtobufCBinaryData ids[64];

    district_open(&d);
    district_refer(&d, "T07", "H1", ROUTINE);
    district_refer(&d, "T08", "H1", ROUTINE);
    district_waiting(&d, "H1", ids);
    for (int failed = 1; failed <= 12; failed++) {
        time_out(&d, ids[0]);
        d.now = instant_after(d.now, HOUR_MS);
        if (failed == 6)
            district_ack(&d, "H1", ids + 1, 1);
    }
    cr_assert_str_eq(district_inbox(&d, "H1"), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "dead-letter");
    cr_assert(!has_alarm(&d, "receiver-down", "H1"));
    district_assert_books(&d);
    district_close(&d);
}

Test(inbox, d5_nothing_dies_at_a_receiver_that_acknowledges_nothing)
{
    struct district d;
    ProtobufCBinaryData ids[64];

    district_open(&d);
    district_refer(&d, "T07", "H1", ROUTINE);
    district_waiting(&d, "H1", ids);
    for (int failed = 1; failed <= 30; failed++) {
        time_out(&d, ids[0]);
        d.now = instant_after(d.now, HOUR_MS);
        cr_assert_eq(has_alarm(&d, "receiver-down", "H1"), failed >= 12, "after %d", failed);
    }
    cr_assert_eq(d.effects.inbox[0].not_before.ms, d.now.ms - HOUR_MS + 15 * MINUTE_MS);
    district_ack(&d, "H1", ids, 1);
    cr_assert(!has_alarm(&d, "receiver-down", "H1"));
    district_close(&d);
}

Test(inbox, d5_a_receiver_is_down_no_more_once_nothing_is_retried)
{
    struct district d;
    ProtobufCBinaryData ids[64];

    district_open(&d);
    district_refer(&d, "T07", "H1", ROUTINE);
    district_refer(&d, "T08", "H1", ROUTINE);
    district_waiting(&d, "H1", ids);
    for (int failed = 1; failed <= 12; failed++) {
        time_out(&d, ids[0]);
        d.now = instant_after(d.now, HOUR_MS);
    }
    for (int i = 1; i >= 0; i--) {
        nack(&d, "H1", ids[i], REFERRAL__NACK_CODE__NACK_NOT_FOR_US);
        cr_assert_eq(has_alarm(&d, "receiver-down", "H1"), i == 1, "with %d left", i);
        cr_assert_eq(books(&d, "H1").down, i == 1);
    }
    district_assert_books(&d);
    district_close(&d);
}

Test(inbox, d5_an_operator_replays_dead_letters_with_the_same_ids_or_drops_them)
{
    struct district d;
    ProtobufCBinaryData ids[64];
    Referral__DeadLetters letters = REFERRAL__DEAD_LETTERS__INIT;

    district_open(&d);
    for (int i = 0; i < 3; i++)
        district_refer(&d, "T07", "H1", ROUTINE);
    district_waiting(&d, "H1", ids);
    for (int i = 0; i < 3; i++)
        nack(&d, "H1", ids[i], REFERRAL__NACK_CODE__NACK_UNREADABLE);
    letters.institution = "H1";
    letters.delivery_ids = ids + 1;
    letters.n_delivery_ids = 1;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__REPLAY_DEAD, &letters), "NOT_ALLOWED");
    Referral__Reply *reply = district_say(&d, "OPS", REFERRAL__KIND__REPLAY_DEAD, &letters);

    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->affected, 1);
    cr_assert_eq(deliver(&d, ids[1])->attempt, 1);
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__REPLAY_DEAD, &letters),
                         "NOT_DEAD delivery_ids[0]");
    letters.n_delivery_ids = 0;
    FIELD_SET(&letters, all, true);
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__DROP_DEAD, &letters), "MISSING reason");
    letters.reason = "sent again by hand";
    reply = district_say(&d, "OPS", REFERRAL__KIND__DROP_DEAD, &letters);
    cr_assert_eq(reply->affected, 2);
    Record__Books h1 = books(&d, "H1");

    cr_assert(h1.accepted == 3 && h1.waiting == 1 && h1.dead == 0 && h1.dropped == 2);
    district_assert_books(&d);
    district_close(&d);
}

Test(inbox, d5_dead_letters_are_named_each_or_all_of_an_inbox)
{
    struct district d;
    ProtobufCBinaryData ids[64], twice[2], wrong[3], others[64];
    Referral__DeadLetters letters = REFERRAL__DEAD_LETTERS__INIT;
    Referral__Reply *reply;

    district_open(&d);
    district_refer(&d, "T07", "H1", ROUTINE);
    district_refer(&d, "T07", "H2", ROUTINE);
    district_waiting(&d, "H1", ids);
    district_waiting(&d, "H2", others);
    nack(&d, "H1", ids[0], REFERRAL__NACK_CODE__NACK_UNREADABLE);
    nack(&d, "H2", others[0], REFERRAL__NACK_CODE__NACK_UNREADABLE);
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__REPLAY_DEAD, &letters), "MISSING institution");
    letters.institution = "H9";
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__REPLAY_DEAD, &letters), "NOT_FOUND institution");
    letters.institution = "H1";
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__REPLAY_DEAD, &letters), "MISSING delivery_ids");
    FIELD_SET(&letters, all, true);
    letters.delivery_ids = ids;
    letters.n_delivery_ids = 1;
    letters.reason = "\t";
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__DROP_DEAD, &letters),
                         "MISSING reason; NOT_EXPECTED delivery_ids");
    FIELD_SET(&letters, all, false);
    wrong[0] = ids[0];
    wrong[0].len--;
    wrong[1] = binary_copy(&d.keep, binary_bytes(ids[0]));
    wrong[1].data[3] ^= 1; /* of before a restore */
    wrong[2] = others[0];
    letters.delivery_ids = wrong;
    letters.n_delivery_ids = 3;
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__REPLAY_DEAD, &letters),
                         "NOT_DEAD delivery_ids[0]; NOT_DEAD delivery_ids[1]; NOT_DEAD delivery_ids[2]");
    twice[0] = twice[1] = ids[0];
    letters.delivery_ids = twice;
    letters.n_delivery_ids = 2;
    reply = district_say(&d, "OPS", REFERRAL__KIND__REPLAY_DEAD, &letters);
    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->affected, 1);
    cr_assert(books(&d, "H1").waiting == 1 && books(&d, "H2").dead == 1);
    twice[0] = twice[1] = others[0];
    letters.institution = "H2";
    letters.reason = "told by telephone";
    cr_assert_eq(district_say(&d, "OPS", REFERRAL__KIND__DROP_DEAD, &letters)->affected, 1);
    cr_assert(books(&d, "H2").dead == 0 && books(&d, "H2").dropped == 1);
    district_assert_books(&d);
    district_close(&d);
}

Test(inbox, d6_age_raises_an_alarm_and_refuses_nothing)
{
    struct district d;

    district_open(&d);
    district_refer(&d, "T07", "H1", ROUTINE);
    d.now = instant_after(d.now, HOUR_MS - 1);
    district_clock(&d);
    cr_assert(!has_alarm(&d, "inbox-age", "H1"));
    d.now = instant_after(d.now, 1);
    district_clock(&d);
    cr_assert(has_alarm(&d, "inbox-age", "H1"));
    district_refer(&d, "T07", "H1", ROUTINE);
    district_drain(&d, "H1");
    d.now = instant_after(d.now, HOUR_MS);
    district_clock(&d);
    cr_assert(!has_alarm(&d, "inbox-age", "H1"));
    district_close(&d);
}

Test(inbox, d1_a_repeated_nack_is_one_failed_attempt)
{
    struct district d;
    ProtobufCBinaryData ids[64];

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    district_waiting(&d, "H1", ids);
    nack(&d, "H1", ids[0], REFERRAL__NACK_CODE__NACK_RETRY);
    nack(&d, "H1", ids[0], REFERRAL__NACK_CODE__NACK_RETRY);
    cr_assert_eq(d.effects.outcomes[0].acks_unknown, 1);
    time_out(&d, ids[0]); /* collected before the nack was applied */
    cr_assert_eq(deliver(&d, ids[0])->attempt, 2);
    cr_assert_eq(district_row(&d, id)->timeline_next, 1);
    d.now = instant_after(d.now, backoff_ms(1));
    time_out(&d, ids[0]);
    cr_assert_eq(deliver(&d, ids[0])->attempt, 3);
    nack(&d, "H1", ids[0], REFERRAL__NACK_CODE__NACK_UNREADABLE);
    cr_assert_str_eq(district_inbox(&d, "H1"), "", "a refusal for ever counts whenever it comes");
    district_assert_books(&d);
    district_close(&d);
}
