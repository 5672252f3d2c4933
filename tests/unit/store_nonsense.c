/* store_nonsense.c - rows that are sealed as ours are, and that no version writes: whoever asks is told of damage, and is not given less than there is, or
 * more (P3). */
#include <errno.h>

#include "nonsense.h"
#include "store/seal.h"
#include "store/search.h"
#include "store/verify.h"

/* ---- Inboxes ---- */

static struct inbox_ref ref_at(uint64_t index)
{
    return (struct inbox_ref){.institution = H1, .lane = 3, .index = index};
}

Test(store_nonsense, d3_a_key_that_is_none_is_not_the_end_of_an_inbox)
{
    for (int dead = 0; dead < 2; dead++)
        for (int shorter = 0; shorter < 2; shorter++) {
            struct fixture f;
            uint8_t key[INBOX_KEY_SIZE + 1] = {0};
            struct inbox_ref found;
            struct store_txn *txn;

            fixture_init(&f);
            inbox_key(key, ref_at(1ULL << 60));
            txn = with_row(&f, dead ? TABLE_DEAD : TABLE_INBOX, bytes_of(key, sizeof(key) - (shorter ? 4 : 0)),
                           bytes_of(NULL, 0));
            if (dead)
                cr_assert_null(dead_row_next(txn, (struct inbox_ref){.institution = H1}, &found));
            else
                cr_assert_null(inbox_row_next(txn, ref_at(0), &found));
            assert_damaged(&f, txn);
            fixture_fini(&f);
        }
}

Test(store_nonsense, d3_a_message_that_cannot_be_read_is_not_the_end_of_an_inbox)
{
    for (int dead = 0; dead < 2; dead++) {
        struct fixture f;
        uint8_t key[INBOX_KEY_SIZE];
        struct inbox_ref found;
        struct store_txn *txn;

        fixture_init(&f);
        inbox_key(key, ref_at(1));
        txn = with_row(&f, dead ? TABLE_DEAD : TABLE_INBOX, bytes_of(key, sizeof(key)), bytes_text("\377nonsense"));
        if (dead)
            cr_assert_null(dead_row_next(txn, (struct inbox_ref){.institution = H1}, &found));
        else
            cr_assert_null(inbox_row_next(txn, ref_at(0), &found));
        assert_damaged(&f, txn);
        fixture_fini(&f);
    }
}

/* ---- Books ---- */

static void found_inbox(struct fixture *f, uint8_t lane, const Record__Books *said)
{
    Record__Institution institution = RECORD__INSTITUTION__INIT;
    Record__Inbox row = RECORD__INBOX__INIT;
    struct store_txn *txn;

    fixture_init(f);
    txn = fixture_turn(f);
    institution.has_number = true;
    institution.number = institution_number_new(txn);
    institution_row_put(txn, "H1", &institution);
    row.has_size_bytes = true;
    row.size_bytes = 10;
    inbox_row_add(txn, (struct inbox_ref){.institution = H1, .lane = lane, .index = 1}, &row);
    books_of(txn, H1)->accepted = said->accepted;
    books_of(txn, H1)->waiting = said->waiting;
    books_of(txn, H1)->waiting_bytes = said->waiting_bytes;
    books_of(txn, H1)->waiting_emergency = said->waiting_emergency;
    books_of(txn, H1)->waiting_urgent = said->waiting_urgent;
    books_of(txn, H1)->waiting_routine = said->waiting_routine;
    books_of(txn, H1)->dead = said->dead;
    books_touch(txn, H1);
    fixture_end(f, txn);
}

static void note_balance(void *user, const struct recount *recount)
{
    cr_assert_str_eq(recount->id, "H1");
    *(bool *)user = recount->balances;
}

static bool balances(struct fixture *f)
{
    bool balances = false;

    cr_assert_eq(store_recount(f->store, note_balance, &balances), 0);
    return balances;
}

Test(store_nonsense, d7_books_balance_in_every_lane_and_byte)
{
    static const struct {
        uint8_t lane;
        Record__Books said;
        bool balances;
    } rows[] = {
#define BOOKS(...) {.base = PROTOBUF_C_MESSAGE_INIT(&record__books__descriptor), __VA_ARGS__}
        {1, BOOKS(.accepted = 1, .waiting = 1, .waiting_bytes = 10, .waiting_emergency = 1), true},
        {2, BOOKS(.accepted = 1, .waiting = 1, .waiting_bytes = 10, .waiting_urgent = 1), true},
        {3, BOOKS(.accepted = 1, .waiting = 1, .waiting_bytes = 10, .waiting_routine = 1), true},
        {3, BOOKS(.accepted = 2, .waiting = 1, .waiting_bytes = 10, .waiting_routine = 1), false},
        {3, BOOKS(.accepted = 2, .waiting = 2, .waiting_bytes = 10, .waiting_routine = 1), false},
        {3, BOOKS(.accepted = 2, .waiting = 1, .waiting_bytes = 10, .waiting_routine = 1, .dead = 1), false},
        {3, BOOKS(.accepted = 1, .waiting = 1, .waiting_bytes = 11, .waiting_routine = 1), false},
        {1, BOOKS(.accepted = 1, .waiting = 1, .waiting_bytes = 10), false},
        {2, BOOKS(.accepted = 1, .waiting = 1, .waiting_bytes = 10), false},
        {3, BOOKS(.accepted = 1, .waiting = 1, .waiting_bytes = 10), false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct verify_result result = {0};
        struct fixture f;

        found_inbox(&f, rows[i].lane, &rows[i].said);
        cr_assert_eq(balances(&f), rows[i].balances, "row %zu", i);
        cr_assert_eq(store_verify(f.store, NULL, NULL, &result), 0);
        cr_assert_eq(result.faults == 0, rows[i].balances, "row %zu: %s", i, result.first_fault);
        fixture_fini(&f);
    }
}

Test(store_nonsense, d7_an_inbox_that_cannot_be_counted_does_not_balance)
{
    static const Record__Books said = BOOKS(.accepted = 1, .waiting = 1, .waiting_bytes = 10, .waiting_routine = 1);

    for (int i = 0; i < 2; i++) {
        struct verify_result result = {0};
        struct fixture f;
        uint8_t key[INBOX_KEY_SIZE];

        found_inbox(&f, 3, &said);
        cr_assert(balances(&f));
        inbox_key(key, ref_at(2));
        store_read_end(with_row(&f, TABLE_INBOX, bytes_of(key, i == 0 ? sizeof(key) : 7), bytes_text("\377nonsense")));
        cr_assert_eq(store_verify(f.store, NULL, NULL, &result), 0);
        cr_assert_gt(result.faults, 0);
        cr_assert_not_null(strstr(result.first_fault, "H1"), "%s", result.first_fault);
        fixture_fini(&f);
    }
}

/* ---- The clock, sheets, the audit ---- */

Test(store_nonsense, c1_a_key_that_is_none_is_not_the_end_of_what_is_due)
{
    struct fixture f;
    struct instant at;
    enum due_subject kind;
    struct bytes subject;
    struct store_txn *txn;

    fixture_init(&f);
    txn = with_row(&f, TABLE_DUE, bytes_of("\0\0\0\0\0\0\0\1", 8), bytes_of(NULL, 0));
    cr_assert_not(due_first(txn, &at, &kind, &subject));
    assert_damaged(&f, txn);
    fixture_fini(&f);
}

Test(store_nonsense, f3_there_is_no_sheet_of_a_version_that_no_key_has)
{
    struct fixture f;
    struct bytes body;
    struct store_txn *txn;

    fixture_init(&f);
    txn = fixture_turn(&f);
    body_add(txn, fixture_id(&f, 1, 1), 1, bytes_text("sheet"));
    fixture_end(&f, txn);
    txn = fixture_read(&f);
    cr_assert(body_get(txn, fixture_id(&f, 1, 1), 1, &body));
    cr_assert_not(body_get(txn, fixture_id(&f, 1, 1), (1U << 16) + 1, &body));
    cr_assert_eq(store_failure(txn), 0);
    store_read_end(txn);
    fixture_fini(&f);
}

static void put_audit(struct fixture *f, uint64_t index, size_t previous)
{
    Record__Audit record = RECORD__AUDIT__INIT;
    struct store_txn *txn = fixture_turn(f);
    uint8_t digest[STORE_DIGEST_SIZE] = {0}, key[10] = {0}, packed[128];

    record.has_index = record.has_previous = true;
    record.index = index;
    record.previous = (ProtobufCBinaryData){.len = previous, .data = digest};
    put_be64(key, index);
    store_put(txn, TABLE_AUDIT, bytes_of(key, sizeof(key)), bytes_of(packed, record__audit__pack(&record, packed)));
    fixture_end(f, txn);
}

static bool chain_is_broken(struct fixture *f, uint64_t turns)
{
    struct verify_result result = {0};
    uint64_t records;

    cr_assert_eq(store_verify(f->store, NULL, NULL, &result), 0);
    cr_assert_gt(result.faults, 0);
    arena_reset(&f->arena, 0);
    return store_verify_end(f->store, &f->arena, turns, &records) == -EBADMSG;
}

Test(store_nonsense, p3_a_record_that_names_none_before_it_is_no_link)
{
    struct fixture f;

    fixture_init(&f);
    for (int i = 0; i < 4; i++)
        fixture_end(&f, fixture_turn(&f));
    put_audit(&f, 5, 16);
    cr_assert(chain_is_broken(&f, 1));
    cr_assert(chain_is_broken(&f, 100));
    fixture_fini(&f);
}

/* A key too short to have a chunk; nothing of it is a record. */
Test(store_nonsense, p3_a_start_is_not_led_by_a_key_that_is_none)
{
    struct fixture f;
    uint64_t records = 7;
    uint8_t key[8];
    struct store_txn *txn;

    fixture_init(&f);
    for (int i = 0; i < 4; i++) {
        txn = fixture_turn(&f);
        audit_add(txn, i % 2 == 0 ? bytes_text("row") : bytes_of(NULL, 0)); /* also one that says nothing */
        fixture_end(&f, txn);
    }
    cr_assert_eq(store_verify_end(f.store, &f.arena, 2, &records), 0, "%s", store_error(f.store));
    cr_assert_eq(records, 2);
    put_be64(key, 9);
    store_read_end(with_row(&f, TABLE_AUDIT, bytes_of(key, sizeof(key)), bytes_of(NULL, 0)));
    arena_reset(&f.arena, 0);
    cr_assert_eq(store_verify_end(f.store, &f.arena, 2, &records), 0, "it follows all there is: %s",
                 store_error(f.store));
    cr_assert_eq(records, 4);
    fixture_fini(&f);
}

/* ---- Who the store is ---- */

static void no_id(Record__Meta *meta)
{
    meta->store_id.len = 15;
}

static void no_digest(Record__Meta *meta)
{
    meta->digest.len = 0;
}

static void no_incarnation(Record__Meta *meta)
{
    meta->incarnation = 0;
}

static void no_name(Record__Meta *meta)
{
    meta->short_name = NULL;
}

static void long_name(Record__Meta *meta)
{
    static char name[] = "thirteenchars";

    meta->short_name = name;
}

Test(store_nonsense, p3_a_store_that_does_not_say_who_it_is_does_not_open)
{
    static void (*const changes[])(Record__Meta *) = {no_id, no_digest, no_incarnation, no_name, long_name};

    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        struct fixture f;
        struct store *store = NULL;
        struct store_txn *txn;
        uint8_t packed[2048];

        fixture_init(&f);

        struct store_options options = fixture_options(&f);

        txn = fixture_turn(&f);

        Record__Meta *meta = meta_row(txn), kept = *meta;

        changes[i](meta);
        store_put(txn, TABLE_META, bytes_text("meta"), bytes_of(packed, record__meta__pack(meta, packed)));
        *meta = kept;
        cr_assert_eq(txn_commit(txn), 0);
        fixture_close(&f);
        cr_assert_eq(store_open(&options, &store), -EBADMSG, "change %zu", i);
        cr_assert_not_null(strstr(f.error, "restore a backup"), "%s", f.error);
        fixture_fini(&f);
    }
}

/* Its creation did not end. */
Test(store_nonsense, d2_a_store_without_its_row_does_not_open)
{
    struct fixture f;
    struct store *store = NULL;
    struct store_txn *txn;

    fixture_init(&f);

    struct store_options options = fixture_options(&f);

    txn = fixture_turn(&f);
    cr_assert(store_delete(txn, TABLE_META, bytes_text("meta")));
    cr_assert_eq(txn_commit(txn), 0);
    fixture_close(&f);
    cr_assert_eq(store_open(&options, &store), -EPROTO);
    cr_assert_not_null(strstr(f.error, "holds no whole store"), "%s", f.error);
    fixture_fini(&f);
}

/* ---- The seal ---- */

Test(store_nonsense, p3_what_is_no_row_does_not_open)
{
    struct fixture f;
    struct bytes key = bytes_text("key"), plain = bytes_text("plain");
    uint8_t row[128], out[128], long_key[TABLE_KEY_MAX + 1] = {0};
    uint64_t tag;

    fixture_init(&f);
    for (int i = 0; i < 2; i++) {
        enum table table = i == 0 ? TABLE_SETTING : TABLE_REFERRAL, other = i == 0 ? TABLE_REFERRAL : TABLE_SETTING;
        size_t size = seal_size(table, plain.size), found = 0;

        seal_write(f.store->keys, table, key, plain, row);
        cr_assert_eq(seal_read(f.store->keys, table, key, bytes_of(row, size), out), 0);
        cr_assert(seal_plain_size(table, bytes_of(row, size), &found) && found == plain.size);
        cr_assert_eq(seal_read(f.store->keys, other, key, bytes_of(row, 64), out), -EBADMSG, "of another kind");
        cr_assert_eq(seal_read(f.store->keys, table, bytes_of(long_key, sizeof(long_key)), bytes_of(row, size), out),
                     -EBADMSG);
        cr_assert_eq(seal_read(f.store->keys, table, key, bytes_of(row, seal_size(table, 0) - 1), out), -EBADMSG);
        cr_assert_not(seal_plain_size(table, bytes_of(row, seal_size(table, 0) - 1), &found));
        row[0] = 3;
        cr_assert_eq(seal_read(f.store->keys, table, key, bytes_of(row, size), out), -EPROTO, "of a newer format");
    }
    cr_assert_eq(seal_key_id(bytes_of(row, 9)), 0);
    cr_assert_not(seal_tag(bytes_of(row, 9), &tag));
    fixture_fini(&f);
}

/* ---- The index ---- */

Test(store_nonsense, p2_a_key_that_is_no_referrals_is_not_indexed)
{
    struct fixture f;
    uint8_t key[ID_KEY_SIZE + 1] = {0};
    uint32_t left = 10;
    struct id found;
    struct store_txn *txn;

    fixture_init(&f);
    id_to_key(key, fixture_id(&f, 1, 1));
    txn = with_row(&f, TABLE_REFERRAL, bytes_of(key, sizeof(key)), bytes_of(NULL, 0));
    cr_assert_not(search_next(txn, SEARCH_INSTITUTION, H1, NULL, (struct id){0}, &left, &found));
    store_read_end(txn);
    cr_assert_eq(search_advance(f.store, &f.arena, 10), 0);
    fixture_fini(&f);
}

/* ---- Failures as numbers ---- */

Test(store_nonsense, d2_a_failure_of_the_store_is_told_as_what_an_operator_can_do_about_it)
{
    static const struct {
        int rc, failure;
    } rows[] = {{0, 0},
                {ENOMEM, -ENOMEM},
                {EDQUOT, -ENOSPC},
                {EFBIG, -ENOSPC},
                {MDB_MAP_FULL, -ENOSPC},
                {MDB_TXN_FULL, -ENOSPC},
                {MDB_NOTFOUND, -ENOENT},
                {MDB_CORRUPTED, -EBADMSG},
                {MDB_PAGE_NOTFOUND, -EBADMSG},
                {MDB_INVALID, -EPROTO},
                {MDB_VERSION_MISMATCH, -EPROTO},
                {MDB_INCOMPATIBLE, -EPROTO},
                {MDB_READERS_FULL, -EAGAIN},
                {MDB_PANIC, -EIO},
                {MDB_BAD_TXN, -EIO}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        cr_assert_eq(fail_from_mdb(rows[i].rc), rows[i].failure, "row %zu", i);
}

/* P1: a message id is the partner's word, and is in no line; what stands behind it is ours. */
Test(store_nonsense, p1_a_place_is_told_without_a_partners_words)
{
    uint8_t key[TABLE_KEY_MAX + 40];
    char place[2 * TABLE_KEY_MAX + 64];

    memset(key, 0xab, sizeof(key));
    fail_place(place, sizeof(place), TABLE_DEDUP, bytes_of(key, DEDUP_ID_SIZE + 2));
    cr_assert_str_eq(place, "table DEDUP, key abab");
    fail_place(place, sizeof(place), TABLE_DEDUP, bytes_of(key, DEDUP_ID_SIZE));
    cr_assert_str_eq(place, "table DEDUP, key ");
    fail_place(place, sizeof(place), TABLE_REFERRAL, bytes_of(key, sizeof(key)));
    cr_assert_eq(strlen(place), strlen("table REFERRAL, key ") + 2 * TABLE_KEY_MAX);
}
