/* engine_apply.c - batches: order, authority, refusals and their audit, and the same bytes from the same inputs (D1,
 * P2, P3, T5). */
#include "district.h"

#include <errno.h>

#include "engine/authority.h"

#define ROUTINE REFERRAL__PRIORITY__ROUTINE

/* The audit record of the last turn as "event subject-or-code" lines; "" where it has none. */
static const char *audit(struct district *d)
{
    struct store_txn *txn = district_read(d);
    const Record__Audit *record = audit_record(txn, store_mark(d->store).index);
    const char *text = "";

    for (size_t i = 0; record != NULL && i < record->n_rows; i++) {
        enum refusal refusal;
        const Referral__AuditRow *row = (const Referral__AuditRow *)wire_unpack(
            &referral__audit_row__descriptor, binary_bytes(record->rows[i]), &d->turn, &refusal);

        text = arena_format(&d->keep, "%s%s%s %s", text, i > 0 ? "; " : "", row->institution,
                            row->code != NULL ? row->code : event_name((enum event)row->event));
        if (row->has_count)
            text = arena_format(&d->keep, "%s x%u", text, row->count);
    }
    store_read_end(txn);
    return text;
}

Test(apply, p3_each_transition_has_one_audit_record)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    cr_assert_str_eq(audit(&d), "T07 submit");
    district_happen(&d, "H1", id, ARRIVE);
    cr_assert_str_eq(audit(&d), "broker delivery-confirmed; H1 arrive");
    Referral__Sheet *sheet = district_sheet(&d, "H1", "T07", true, ROUTINE);

    sheet->parent_referral_id = id;
    Referral__Reply *down = district_say(&d, "H1", REFERRAL__KIND__SUBMIT, sheet);

    cr_assert_str_eq(audit(&d), "H1 return; H1 submit");
    district_drain(&d, "T07");
    cr_assert_str_eq(audit(&d), "broker delivery-confirmed");
    district_happen(&d, "T07", down->referral_id, CONFIRM_RECEIPT);
    cr_assert_str_eq(audit(&d), "T07 confirm-receipt; T07 confirm-receipt");
    district_close(&d);
}

Test(apply, p3_the_first_refusal_of_a_key_and_code_is_told_at_once_and_the_rest_of_the_minute_in_one_row)
{
    struct district d;

    district_open(&d);
    for (int i = 0; i < 50; i++) {
        district_assert_said(&d, district_happen(&d, "T07", "nowhere", CANCEL), "NOT_FOUND referral_id");
        cr_assert_str_eq(audit(&d), i == 0 ? "T07 NOT_FOUND" : "");
    }
    district_happen(&d, "T08", "nowhere", CANCEL);
    cr_assert_str_eq(audit(&d), "T08 NOT_FOUND");
    d.now = instant_after(d.now, MINUTE_MS);
    district_clock(&d);
    cr_assert_str_eq(audit(&d), "T07 NOT_FOUND x49");
    district_happen(&d, "T07", "nowhere", CANCEL);
    cr_assert_str_eq(audit(&d), "T07 NOT_FOUND");
    district_close(&d);
}

/* A row of `count` refusals beyond the first that another version has left, where our number of NOT_FOUND is. */
static void leave_count(struct district *d, char *code, uint32_t count)
{
    Record__RefusalCount row = RECORD__REFUSAL_COUNT__INIT;
    struct store_turn turn = {.index = store_mark(d->store).index + 1, .time = d->now};
    const uint8_t *key = district_key(d, "T07").data;
    struct store_txn *txn = NULL;
    uint8_t subject[34];

    cr_assert_eq(store_turn_begin(d->store, &d->turn, &txn), 0);
    row.institution = "T07";
    row.code = code;
    FIELD_SET(&row, kind, REFERRAL__KIND__EVENT);
    FIELD_SET(&row, count, count);
    refusal_count_row_put(txn, key, REFUSED_NOT_FOUND, &row);
    memcpy(subject, key, 32);
    put_be16(subject + 32, REFUSED_NOT_FOUND);
    due_add(txn, instant_after(d->now, MINUTE_MS), DUE_REFUSALS, bytes_of(subject, sizeof subject));
    cr_assert_eq(store_turn_end(txn, &turn), 0);
}

Test(apply, p3_what_was_counted_is_told_by_its_code_whatever_number_that_has_now)
{
    struct district d;

    district_open(&d);
    leave_count(&d, "ANOTHER", 3);
    d.now = instant_after(d.now, MINUTE_MS);
    district_clock(&d);
    cr_assert_str_eq(audit(&d), "T07 ANOTHER x3");
    leave_count(&d, NULL, 4); /* from before there was a text */
    d.now = instant_after(d.now, MINUTE_MS);
    district_clock(&d);
    cr_assert_str_eq(audit(&d), "T07 NOT_FOUND x4");
    leave_count(&d, "ANOTHER", 5);
    d.now = instant_after(d.now, SECOND_MS);
    district_happen(&d, "T07", "nowhere", CANCEL);
    cr_assert_str_eq(audit(&d), "T07 ANOTHER x5; T07 NOT_FOUND");
    district_close(&d);
}

Test(apply, p2_a_revoked_an_expired_and_an_unknown_key_are_refused_alike)
{
    struct district d;
    Referral__RevokeKey revoke = REFERRAL__REVOKE_KEY__INIT;
    Referral__Sheet *sheet;

    district_open(&d);
    sheet = district_sheet(&d, "T08", "H1", false, ROUTINE);
    FIELD_SET(&revoke, public_key, district_key(&d, "T08"));
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__REVOKE_KEY, &revoke), "");
    cr_assert(d.effects.keys_changed);
    district_assert_said(&d, district_say(&d, "T08", REFERRAL__KIND__SUBMIT, sheet), "NOT_ALLOWED");
    cr_assert_str_eq(audit(&d), "T08 NOT_ALLOWED");
    district_assert_said(&d, district_say(&d, "nobody", REFERRAL__KIND__SUBMIT, sheet), "NOT_ALLOWED");
    cr_assert_eq(d.puts, 0, "a key nobody knows leaves no row");

    Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;
    Referral__Role role = REFERRAL__ROLE__REFER;

    FIELD_SET(&key, public_key, district_key(&d, "T08b"));
    key.institution = "T08";
    key.roles = &role;
    key.n_roles = 1;
    FIELD_SET(&key, valid_from_ms, d.now.ms);
    FIELD_SET(&key, valid_to_ms, d.now.ms + 1000);
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__ADD_KEY, &key), "");
    district_assert_said(&d, district_say(&d, "T08b", REFERRAL__KIND__SUBMIT, sheet), "");
    d.now = instant_after(d.now, 1000);
    district_assert_said(&d, district_say(&d, "T08b", REFERRAL__KIND__SUBMIT, sheet), "NOT_ALLOWED");
    district_close(&d);
}

Test(apply, p2_a_revocation_holds_from_the_next_command_of_the_same_turn)
{
    struct district d;
    Referral__RevokeKey revoke = REFERRAL__REVOKE_KEY__INIT;
    Batch__Command *commands[3];

    district_open(&d);
    FIELD_SET(&revoke, public_key, district_key(&d, "T08"));
    commands[0] =
        district_command(&d, "T08", REFERRAL__KIND__SUBMIT, "a", district_sheet(&d, "T08", "H1", false, ROUTINE));
    commands[1] = district_command(&d, "OPS", REFERRAL__KIND__REVOKE_KEY, "b", &revoke);
    commands[2] =
        district_command(&d, "T08", REFERRAL__KIND__SUBMIT, "c", district_sheet(&d, "T08", "H1", false, ROUTINE));
    district_turn(&d, commands, 3);
    district_assert_said(&d, district_reply(&d, 0), "");
    district_assert_said(&d, district_reply(&d, 1), "");
    district_assert_said(&d, district_reply(&d, 2), "NOT_ALLOWED");
    district_close(&d);
}

Test(apply, d1_twice_the_same_command_in_one_turn_has_one_effect)
{
    struct district d;
    Batch__Command *commands[2];
    Referral__Sheet *sheet;

    district_open(&d);
    sheet = district_sheet(&d, "T07", "H1", false, ROUTINE);
    commands[0] = district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "a", sheet);
    commands[1] = district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "a", sheet);
    district_turn(&d, commands, 2);
    cr_assert_str_eq(district_reply(&d, 0)->referral_id, district_reply(&d, 1)->referral_id);
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet");
    district_close(&d);
}

Test(apply, f3_unknown_fields_of_a_sheet_survive_and_those_of_a_command_are_refused)
{
    struct district d;
    static const uint8_t unknown[] = {0xf8, 0x3f, 0x01}; /* field 1023, varint 1 */

    district_open(&d);
    Batch__Command *submit =
        district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "a", district_sheet(&d, "T07", "H1", false, ROUTINE));
    uint8_t *longer = arena_alloc(&d.keep, submit->body.len + sizeof unknown);

    memcpy(longer, submit->body.data, submit->body.len);
    memcpy(longer + submit->body.len, unknown, sizeof unknown);
    submit->body.data = longer;
    submit->body.len += sizeof unknown;
    district_assert_said(&d, district_send(&d, submit), "");
    Batch__Command *pause = district_command(&d, "OPS", REFERRAL__KIND__PAUSE, "b", NULL);

    FIELD_SET(pause, body, binary_copy(&d.keep, bytes_of(unknown, sizeof unknown)));
    cr_assert_str_neq(district_said(&d, district_send(&d, pause)), "");
    FIELD_SET(pause, body, binary_copy(&d.keep, bytes_of("\x0a\xff", 2)));
    district_assert_said(&d, district_send(&d, pause), "BAD_BODY");
    district_close(&d);
}

Test(apply, a_batch_is_applied_once_to_its_store_and_by_an_engine_that_knows_its_rules)
{
    struct district d;
    Batch__Batch batch = BATCH__BATCH__INIT;
    struct store_txn *txn;

    district_open(&d);
    const struct store_identity *identity = store_identity(d.store);
    uint64_t index = store_mark(d.store).index;

    FIELD_SET(&batch, format, 1);
    FIELD_SET(&batch, store_id, binary_copy(&d.keep, bytes_of(identity->store_id, 16)));
    FIELD_SET(&batch, incarnation, identity->incarnation);
    FIELD_SET(&batch, rules_version, RULES_VERSION);
    FIELD_SET(&batch, index, index);
    FIELD_SET(&batch, now_ms, d.now.ms);
    cr_assert_eq(store_turn_begin(d.store, &d.turn, &txn), 0);
    cr_assert_eq(engine_apply(txn, wire_pack(&batch.base, &d.keep), &d.effects), -EALREADY);
    batch.index = index + 1;
    batch.rules_version = RULES_VERSION + 1;
    cr_assert_eq(engine_apply(txn, wire_pack(&batch.base, &d.keep), &d.effects), -EPROTO);
    batch.rules_version = RULES_VERSION;
    batch.incarnation++;
    cr_assert_eq(engine_apply(txn, wire_pack(&batch.base, &d.keep), &d.effects), -EPROTO);
    batch.incarnation--;
    cr_assert_eq(engine_apply(txn, wire_pack(&batch.base, &d.keep), &d.effects), 0);
    cr_assert_eq(engine_apply(txn, bytes_text("\xff\xff"), &d.effects), -EPROTO);
    store_turn_abort(txn);
    district_close(&d);
}

/* Delivery ids of all that waits in an inbox lane. */
static size_t waiting_ids(struct district *d, const char *institution, uint8_t lane, ProtobufCBinaryData *ids)
{
    struct store_txn *txn = district_read(d);
    struct inbox_ref ref = {.institution = institution_row(txn, institution)->number, .lane = lane};
    size_t count = 0;

    while (inbox_row_next(txn, ref, &ref) != NULL) {
        uint8_t id[DELIVERY_ID_SIZE];

        delivery_id_encode(id, store_identity(d->store)->incarnation, ref);
        ids[count++] = binary_copy(&d->keep, bytes_of(id, sizeof id));
    }
    store_read_end(txn);
    return count;
}

/* Acks of this inbox, so many ids each. */
static size_t acks_of(struct district *d, const char *who, ProtobufCBinaryData *ids, size_t count, size_t each,
                      Batch__Command **commands)
{
    size_t acks = 0;

    for (size_t i = 0; i < count; i += each) {
        Referral__Ack ack = REFERRAL__ACK__INIT;

        ack.delivery_ids = ids + i;
        ack.n_delivery_ids = count - i < each ? count - i : each;
        commands[acks++] = district_command(d, who, REFERRAL__KIND__ACK, NULL, &ack);
    }
    return acks;
}

/* Everything of a long stop falls due at once, and its messages are acknowledged in one turn: more ids than a turn has
 * (base/id.h). */
Test(apply, c3_a_turn_that_needs_more_ids_than_it_has_fails_whole_and_its_commands_go_in_parts)
{
    enum { REFERRALS = 13500, A_TURN = 1500 };
    struct district d;
    static ProtobufCBinaryData ids[REFERRALS];
    static Batch__Command *commands[REFERRALS];
    struct store_txn *txn;

    district_open(&d);
    arena_close(&d.turn);
    cr_assert_eq(arena_open(&d.turn, 1UL << 31), 0);
    for (int i = 0; i < REFERRALS; i++)
        commands[i] = district_command(&d, "T07", REFERRAL__KIND__SUBMIT, arena_format(&d.keep, "n%d", i),
                                       district_sheet(&d, "T07", "H1", false, ROUTINE));
    for (int i = 0; i < REFERRALS; i += A_TURN)
        district_turn(&d, commands + i, A_TURN);
    d.now = instant_after(d.now, 15 * DAY_MS);

    size_t count = acks_of(&d, "H1", ids, waiting_ids(&d, "H1", ROUTINE, ids), LIMIT_ACK_IDS, commands);
    struct bytes all = district_seal(&d, commands, count);

    arena_reset(&d.turn, 1 << 20);
    cr_assert_eq(store_turn_begin(d.store, &d.turn, &txn), 0);
    cr_assert_eq(engine_apply(txn, all, &d.effects), -EOVERFLOW);
    store_turn_abort(txn);
    for (size_t i = 0; i < count; i++)
        district_turn(&d, commands + i, 1);
    txn = district_read(&d);
    cr_assert_eq(books_of(txn, institution_row(txn, "T07")->number)->waiting, 2 * REFERRALS); /* escalated, expired */
    store_read_end(txn);
    district_assert_books(&d);
    district_close(&d);
}

/* Two applications of the same batch to the same store say the same and write as much. */
Test(apply, the_same_inputs_give_the_same_bytes)
{
    struct district d;
    Batch__Command *commands[3];
    struct bytes replies[2][3];

    district_open(&d);
    commands[0] = district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "a",
                                   district_sheet(&d, "T07", "H1", false, REFERRAL__PRIORITY__EMERGENCY));
    commands[1] =
        district_command(&d, "T08", REFERRAL__KIND__SUBMIT, "b", district_sheet(&d, "T08", "nowhere", true, ROUTINE));
    commands[2] = district_command(&d, NULL, BATCH__INTERNAL__CLOCK, NULL, NULL);

    Batch__Batch batch = BATCH__BATCH__INIT;
    const struct store_identity *identity = store_identity(d.store);

    FIELD_SET(&batch, format, 1);
    FIELD_SET(&batch, store_id, binary_copy(&d.keep, bytes_of(identity->store_id, 16)));
    FIELD_SET(&batch, incarnation, identity->incarnation);
    FIELD_SET(&batch, rules_version, RULES_VERSION);
    FIELD_SET(&batch, index, store_mark(d.store).index + 1);
    FIELD_SET(&batch, now_ms, d.now.ms);
    batch.n_commands = 3;
    batch.commands = commands;
    for (int time = 0; time < 2; time++) {
        struct store_txn *txn;

        arena_reset(&d.turn, 0);
        cr_assert_eq(store_turn_begin(d.store, &d.turn, &txn), 0);
        cr_assert_eq(engine_apply(txn, wire_pack(&batch.base, &d.keep), &d.effects), 0);
        for (int i = 0; i < 3; i++)
            replies[time][i] = arena_copy(&d.keep, d.effects.outcomes[i].reply);
        store_turn_abort(txn);
    }
    for (int i = 0; i < 3; i++)
        cr_assert(bytes_equal(replies[0][i], replies[1][i]));
    district_close(&d);
}

Test(authority, p2_every_command_and_query_of_a_client_has_one_row_and_nothing_else_has)
{
    size_t count, row_count;
    const struct kind_info *kinds = kind_infos(&count);
    const struct authority *rows = authority_rows(&row_count);

    for (size_t i = 0; i < count; i++) {
        bool open = kinds[i].class == KIND_COMMAND || kinds[i].class == KIND_QUERY || kinds[i].class == KIND_DELIVERY;
        size_t found = 0;

        for (size_t k = 0; k < row_count; k++)
            found += rows[k].kind == kinds[i].kind;
        if (kinds[i].kind == REFERRAL__KIND__DELIVERY)
            continue;
        cr_assert_eq(found, open ? 1 : 0, "%s", kinds[i].name);
    }
}
