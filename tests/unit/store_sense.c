/* store_sense.c - records that unpack, and that we could not have written: they are damage (P3). */
#include "nonsense.h"
#include "store/record.h"
#include "store/sense.h"

static bool is_read(struct fixture *f, const ProtobufCMessage *row)
{
    uint8_t packed[256];
    struct bytes key = bytes_text("key"), value = bytes_of(packed, protobuf_c_message_pack(row, packed));
    struct store_txn *txn = fixture_turn(f);
    bool is_read = record_unpack(txn, TABLE_REFERRAL, key, value, row->descriptor) != NULL;

    cr_assert_eq(store_failure(txn), is_read ? 0 : -EBADMSG);
    store_turn_abort(txn);
    return is_read;
}

#define REFERRAL(...)                                                                                                  \
    {                                                                                                                  \
        .base = PROTOBUF_C_MESSAGE_INIT(&record__referral__descriptor), .sender = "T07", .receiver = "H1", __VA_ARGS__ \
    }
#define WAITING(...)                                                                                                   \
    {                                                                                                                  \
        .base = PROTOBUF_C_MESSAGE_INIT(&record__wait_entry__descriptor), __VA_ARGS__                                  \
    }
#define NUMBER(field, value) .has_##field = true, .field = (value)
#define BYTES(field, size)   .has_##field = true, .field = {.len = (size), .data = bytes}

Test(store_sense, p3_a_referral_is_what_we_could_have_written)
{
    static uint8_t bytes[32];
    Record__Place place = {.base = PROTOBUF_C_MESSAGE_INIT(&record__place__descriptor), NUMBER(class_, 4)};
    Record__Place early = {.base = PROTOBUF_C_MESSAGE_INIT(&record__place__descriptor), NUMBER(start_ms, -1)};
    Record__Claim claim = {.base = PROTOBUF_C_MESSAGE_INIT(&record__claim__descriptor), BYTES(booking, 13)};
    Record__Claim good = {.base = PROTOBUF_C_MESSAGE_INIT(&record__claim__descriptor), BYTES(booking, 14)};
    Record__Claim *claims[] = {&good, &good, &good, &good}, *bad[] = {&good, &claim};
    const struct {
        Record__Referral row;
        bool is_read;
    } rows[] = {
        {REFERRAL(NUMBER(state, SENSE_STATE_LAST), NUMBER(priority, SENSE_PRIORITY_LAST)), true},
        {REFERRAL(NUMBER(state, SENSE_STATE_LAST + 1)), false},
        {REFERRAL(NUMBER(previous_state, SENSE_STATE_LAST + 1)), false},
        {REFERRAL(NUMBER(life, SENSE_LIFE_LAST + 1)), false},
        {REFERRAL(NUMBER(priority, SENSE_PRIORITY_LAST + 1)), false},
        {REFERRAL(NUMBER(clock_kind, SENSE_CLOCK_LAST + 1)), false},
        {REFERRAL(NUMBER(reason, SENSE_REASON_LAST + 1)), false},
        {REFERRAL(NUMBER(sheet_version, UINT16_MAX)), true},
        {REFERRAL(NUMBER(sheet_version, UINT16_MAX + 1)), false},
        {REFERRAL(NUMBER(due_ms, INT64_MAX / 2)), true},
        {REFERRAL(NUMBER(due_ms, INT64_MAX)), false},
        {REFERRAL(NUMBER(due_ms, -1)), false},
        {REFERRAL(BYTES(child, 14)), true},
        {REFERRAL(BYTES(child, 0)), true},
        {REFERRAL(BYTES(child, 15)), false},
        {REFERRAL(BYTES(patient, 16)), true},
        {REFERRAL(BYTES(patient, 15)), false},
        {REFERRAL(.place = &place), false},
        {REFERRAL(.place = &early), false},
        {REFERRAL(.n_claims = SENSE_CLASS_LAST, .claims = claims), true},
        {REFERRAL(.n_claims = SENSE_CLASS_LAST + 1, .claims = claims), false},
        {REFERRAL(.n_claims = 2, .claims = bad), false},
    };
    struct fixture f;

    fixture_init(&f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        cr_assert_eq(is_read(&f, &rows[i].row.base), rows[i].is_read, "row %zu", i);
    fixture_fini(&f);
}

/* Whoever reads a row does not ask whether what every one has is there. */
Test(store_sense, p3_a_row_without_what_every_one_has_is_none)
{
    static const struct {
        const ProtobufCMessageDescriptor *type;
        const char *value;
    } rows[] = {
        {&record__referral__descriptor, "\x22\1T"}, /* a sender, no receiver */
        {&record__booking__descriptor, ""},
        {&record__dead__descriptor, ""},
        {&record__setting__descriptor, ""},
        {&record__institution__descriptor, ""}, /* the number of one is not 0 */
        {&record__pool__descriptor, ""},
    };
    struct fixture f;

    fixture_init(&f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct store_txn *txn = fixture_turn(&f);

        cr_assert_null(record_unpack(txn, TABLE_REFERRAL, bytes_text("key"), bytes_text(rows[i].value), rows[i].type));
        cr_assert_eq(store_failure(txn), -EBADMSG, "row %zu", i);
        store_turn_abort(txn);
    }
    fixture_fini(&f);
}

/* It would be read, and once written again no more. */
Test(store_sense, p3_a_row_with_a_field_of_number_zero_is_none)
{
    static const struct {
        uint8_t bytes[7];
        size_t size;
        bool is_read;
    } rows[] = {{{0x0a, 1, 'v', 0x98, 0, 1}, 3, false}, /* no value of a setting */
                {{0x12, 1, 'v', 0x98, 0, 1}, 6, true},  /* field 3, the tag longer than it need be */
                {{0x12, 1, 'v', 0x80, 0, 1}, 6, false}};
    struct fixture f;

    fixture_init(&f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct store_txn *txn = fixture_turn(&f);
        struct bytes value = bytes_of(rows[i].bytes, rows[i].size);
        bool is_read =
            record_unpack(txn, TABLE_SETTING, bytes_text("key"), value, &record__setting__descriptor) != NULL;

        cr_assert_eq(is_read, rows[i].is_read, "row %zu", i);
        cr_assert_eq(store_failure(txn), is_read ? 0 : -EBADMSG);
        store_turn_abort(txn);
    }
    fixture_fini(&f);
}

/* Q7, Q8: whose hold it is, and how much is waited for. */
Test(store_sense, q8_who_waits_for_nothing_is_damage)
{
    static char long_name[128];
    const struct {
        Record__WaitEntry row;
        bool is_read;
    } rows[] = {
        {WAITING(NUMBER(units, 1)), true},
        {WAITING(NUMBER(units, SENSE_UNITS_MAX), .team_id = "m30"), true},
        {WAITING(NUMBER(units, 0)), false},
        {WAITING(NUMBER(units, SENSE_UNITS_MAX + 1)), false},
        {WAITING(NUMBER(units, 1), NUMBER(first_day, 0), NUMBER(last_day, UINT32_MAX)), true},
        {WAITING(NUMBER(units, 1), NUMBER(last_day, UINT32_MAX + 1L)), false},
        {WAITING(NUMBER(units, 1), NUMBER(first_day, -1)), false},
        {WAITING(NUMBER(units, 1), .team_id = ""), false},
        {WAITING(NUMBER(units, 1), .team_id = long_name), false},
    };
    struct fixture f;

    memset(long_name, 'm', sizeof(long_name) - 1);
    fixture_init(&f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        cr_assert_eq(is_read(&f, &rows[i].row.base), rows[i].is_read, "row %zu", i);
    fixture_fini(&f);
}

/* T5: what a number leads to is an id. */
Test(store_sense, t5_an_institution_without_an_id_is_damage)
{
    static const char *const ids[] = {"", "an id that is longer than any key has room for it, and goes on and on and on"
                                          ", and on, so that nobody could be called by it; and some more of the same "
                                          "follows, for the room of a key is large: it has room for both of two ids"};

    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        struct fixture f;
        struct store_txn *txn;

        fixture_init(&f);
        txn = with_row(&f, TABLE_INSTITUTION_NUMBER, bytes_of("\0\0\0\7", 4), bytes_text(ids[i]));
        cr_assert_null(institution_id_of(txn, 7));
        assert_damaged(&f, txn);
        fixture_fini(&f);
    }
}

/* D3: no inbox is 0's, and no lane behind ROUTINE's. */
Test(store_sense, d3_a_message_for_nobody_is_damage)
{
    static const struct inbox_ref refs[] = {
        {.institution = 0, .lane = 1}, {.institution = 1, .lane = 0}, {.institution = 1, .lane = 4}};

    for (size_t i = 0; i < sizeof(refs) / sizeof(*refs); i++) {
        Record__Inbox row = RECORD__INBOX__INIT;
        struct fixture f;
        struct store_txn *txn;

        fixture_init(&f);
        txn = fixture_turn(&f);
        inbox_row_add(txn, refs[i], &row);
        cr_assert_eq(store_failure(txn), -EBADMSG, "%zu", i);
        store_turn_abort(txn);
        fixture_fini(&f);
    }
}
