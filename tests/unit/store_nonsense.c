/* store_nonsense.c - rows that are sealed as ours are, and that no version writes: whoever asks is told of damage, and
 * is not given less than there is, or more (P3). */
#include <errno.h>

#include "nonsense.h"
#include "store/memory.h"
#include "store/reseal.h"
#include "store/seal.h"
#include "store/search.h"
#include "store/verify.h"

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

/* It counts nothing that is there. */
Test(store_nonsense, p3_a_sum_of_no_table_of_ours_is_let_be)
{
    struct verify_result result = {0};
    struct fixture f;
    struct store_txn *txn;
    uint8_t packed[2048];

    fixture_init(&f);
    txn = fixture_turn(&f);

    Record__Meta *meta = meta_row(txn);
    Record__TableSum sum = RECORD__TABLE_SUM__INIT, *sums[TABLE_COUNT + 1];

    sum.has_table = true;
    sum.table = TABLE_COUNT + 60;
    for (size_t i = 0; i < meta->n_sums; i++)
        sums[i] = meta->sums[i];
    sums[meta->n_sums++] = &sum;
    meta->sums = sums;
    store_put(txn, TABLE_META, bytes_text("meta"), bytes_of(packed, record__meta__pack(meta, packed)));
    cr_assert_eq(txn_commit(txn), 0);
    fixture_close(&f);
    fixture_open(&f);
    cr_assert_eq(store_verify(f.store, NULL, NULL, &result), 0);
    cr_assert_eq(result.faults, 0, "%s", result.first_fault);
    fixture_fini(&f);
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

/* Put past the store, as a damaged page would have it. */
static void put_raw(struct store_txn *txn, enum table table, size_t key_size, size_t size)
{
    static uint8_t bytes[300];
    MDB_val key = {.mv_data = bytes, .mv_size = key_size}, value = {.mv_data = bytes, .mv_size = size};

    memset(bytes, 'k', sizeof(bytes));
    cr_assert_eq(mdb_put(txn->mdb, txn->store->tables[table], &key, &value, 0), 0);
}

static int use_row(struct store_txn *txn, int how)
{
    struct bytes key = bytes_text("kkkk"), value;
    struct store_cursor *cursor;

    switch (how) {
    case 0:
        cr_assert_not(store_get(txn, TABLE_TEAM, key, &value));
        break;
    case 1:
        cr_assert_not(store_has(txn, TABLE_TEAM, key));
        break;
    case 2:
        cr_assert_not(store_delete(txn, TABLE_TEAM, key));
        break;
    case 3:
        store_put(txn, TABLE_TEAM, key, bytes_text("value"));
        break;
    default:
        cursor = store_scan(txn, TABLE_TEAM, key, key);
        cr_assert_not(store_next(cursor, &key, &value));
        store_scan_end(cursor);
    }
    return store_failure(txn);
}

Test(store_nonsense, p3_what_is_too_short_to_be_a_row_is_damage_whatever_is_done_with_it)
{
    struct verify_result result = {0};
    struct reseal_state state;
    struct fixture f;
    struct store_txn *txn;
    uint32_t number;

    fixture_init(&f);
    for (int how = 0; how < 5; how++) {
        txn = fixture_turn(&f);
        put_raw(txn, TABLE_TEAM, 4, 5);
        cr_assert_eq(use_row(txn, how), -EBADMSG, "use %d", how);
        cr_assert_eq(fixture_try_end(&f, txn), -EBADMSG, "nothing of such a turn stays");
    }
    txn = fixture_turn(&f);
    put_raw(txn, TABLE_TEAM, 4, 5);
    cr_assert_null(store_recall(txn, TABLE_TEAM, bytes_text("kkkk")));
    fixture_end(&f, txn);
    cr_assert_eq(store_verify(f.store, NULL, NULL, &result), 0);
    cr_assert_not_null(strstr(result.first_fault, "does not agree with its seal: table TEAM, key 6b6b6b6b"));
    cr_assert_eq(keys_add(f.directory, f.host_key, &number), 0);
    cr_assert_eq(store_keys_take(f.store, f.host_key), 0);
    cr_assert_eq(reseal_advance(f.store, &f.arena, &state), -EBADMSG);
    fixture_fini(&f);
}

Test(store_nonsense, p3_a_key_that_is_longer_than_any_is_damage)
{
    struct verify_result result = {0};
    struct bytes key, value;
    struct fixture f;
    struct store_txn *txn;

    fixture_init(&f);
    txn = fixture_turn(&f);
    put_raw(txn, TABLE_TEAM, TABLE_KEY_MAX + 1, 100);

    struct store_cursor *cursor = store_scan(txn, TABLE_TEAM, bytes_of(NULL, 0), bytes_of(NULL, 0));

    cr_assert_not(store_next(cursor, &key, &value));
    store_scan_end(cursor);
    cr_assert_eq(store_failure(txn), -EBADMSG);
    store_turn_abort(txn);
    txn = fixture_turn(&f);
    put_raw(txn, TABLE_TEAM, TABLE_KEY_MAX + 1, 100);
    fixture_end(&f, txn);
    cr_assert_eq(store_verify(f.store, NULL, NULL, &result), 0);
    cr_assert_not_null(strstr(result.first_fault, "does not agree with its seal: table TEAM"));
    fixture_fini(&f);
}

/* ---- The index ---- */

Test(store_nonsense, p2_a_key_that_is_no_referrals_is_not_indexed)
{
    struct fixture f;
    Record__Referral row = RECORD__REFERRAL__INIT;
    uint8_t key[ID_KEY_SIZE + 1] = {0}, packed[16];
    uint32_t left = 10;
    struct id found;
    struct store_txn *txn;

    fixture_init(&f);
    id_to_key(key, fixture_id(&f, 1, 1));
    txn = with_row(&f, TABLE_REFERRAL, bytes_of(key, sizeof(key)),
                   bytes_of(packed, record__referral__pack(&row, packed)));
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
