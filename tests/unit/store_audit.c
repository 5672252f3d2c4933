/* store_audit.c - the chained audit record of a turn (P3). */
#include <sodium.h>

#include "store_fixture.h"

Test(store_audit, p3_a_turns_rows_come_back_in_order_with_their_batch)
{
    struct fixture f;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    for (int i = 0; i < 3000; i++) {
        char row[32];

        snprintf(row, sizeof(row), "row %d", i);
        audit_add(txn, bytes_text(row));
    }
    fixture_end(&f, txn);
    txn = fixture_read(&f);

    const Record__Audit *record = audit_record(txn, 1);

    cr_assert_not_null(record);
    cr_assert_eq(record->n_rows, 3000);
    cr_assert_eq(record->rows[2999].len, 8);
    cr_assert_eq(memcmp(record->rows[2999].data, "row 2999", 8), 0);
    cr_assert_eq(record->at_ms, FIXTURE_NOW_MS);
    cr_assert_eq(record->incarnation, store_identity(f.store)->incarnation);
    cr_assert_eq(record->batch.data[0], 1);
    store_read_end(txn);
    fixture_fini(&f);
}

Test(store_audit, p3_the_chain_binds_each_record_to_the_one_before)
{
    struct fixture f;
    uint8_t digests[6][STORE_DIGEST_SIZE] = {{0}};

    fixture_init(&f);
    for (uint64_t index = 1; index <= 5; index++) {
        struct store_txn *txn = fixture_turn(&f);

        audit_add(txn, bytes_text("row"));
        fixture_end(&f, txn);
        memcpy(digests[index], store_mark(f.store).digest, STORE_DIGEST_SIZE);
        cr_assert_neq(memcmp(digests[index], digests[index - 1], STORE_DIGEST_SIZE), 0);
    }

    struct store_txn *txn = fixture_read(&f);

    for (uint64_t index = 1; index <= 5; index++) {
        const Record__Audit *record = audit_record(txn, index);
        uint8_t packed[512], digest[STORE_DIGEST_SIZE];

        cr_assert_eq(memcmp(record->previous.data, digests[index - 1], STORE_DIGEST_SIZE), 0);
        crypto_generichash(digest, sizeof(digest), packed, record__audit__pack(record, packed), NULL, 0);
        cr_assert_eq(memcmp(digest, digests[index], STORE_DIGEST_SIZE), 0, "turn %lu", index);
    }
    store_read_end(txn);
    fixture_fini(&f);
}

Test(store_audit, p3_a_turn_without_rows_leaves_the_digest_and_no_record)
{
    struct fixture f;
    uint8_t digest[STORE_DIGEST_SIZE];

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    audit_add(txn, bytes_text("row"));
    fixture_end(&f, txn);
    memcpy(digest, store_mark(f.store).digest, sizeof(digest));
    fixture_end(&f, fixture_turn(&f));
    fixture_end(&f, fixture_turn(&f));
    cr_assert_eq(store_mark(f.store).index, 3);
    cr_assert_eq(memcmp(digest, store_mark(f.store).digest, sizeof(digest)), 0);
    txn = fixture_turn(&f);
    audit_add(txn, bytes_text("row"));
    fixture_end(&f, txn);
    txn = fixture_read(&f);
    cr_assert_null(audit_record(txn, 2));
    cr_assert_eq(audit_record_from(txn, 2)->index, 4);
    cr_assert_null(audit_record_from(txn, 5));
    store_read_end(txn);
    fixture_fini(&f);
}
