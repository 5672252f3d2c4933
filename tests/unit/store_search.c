/* store_search.c - the derived index finds the same behind its watermark, across it, and beyond (P2). */
#include "store/internal.h"
#include "store/search.h"
#include "store/verify.h"
#include "store_fixture.h"

static void add_referral(struct fixture *f, uint32_t sender, uint32_t receiver, uint32_t speaker, const char *reference)
{
    char text[32];
    Record__Referral row = RECORD__REFERRAL__INIT;
    struct store_txn *txn = fixture_turn(f);

    row.has_sender_number = row.has_receiver_number = true;
    row.sender_number = sender;
    row.receiver_number = receiver;
    row.has_submitted_by_number = speaker != 0;
    row.submitted_by_number = speaker;
    snprintf(text, sizeof(text), "%s", reference);
    row.sender_reference = text;
    referral_row_add(txn, fixture_id(f, store_mark(f->store).index + 1, 0), &row);
    fixture_end(f, txn);
}

/* The indices found, in order, as text. */
static const char *found(struct fixture *f, enum search_kind kind, uint32_t institution, const char *reference)
{
    static char text[256];
    struct id at = {0};
    uint32_t left = 100;
    uint8_t hash[16];

    text[0] = '\0';
    if (reference != NULL)
        store_keyed_hash(f->store, bytes_text(reference), hash);

    struct store_txn *txn = fixture_read(f);

    while (search_next(txn, kind, institution, reference != NULL ? hash : NULL, at, &left, &at))
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%lu ", at.index);
    cr_assert_eq(store_failure(txn), 0);
    store_read_end(txn);
    return text;
}

static void check_all(struct fixture *f)
{
    cr_assert_str_eq(found(f, SEARCH_INSTITUTION, 1, NULL), "1 2 4 6 ");
    cr_assert_str_eq(found(f, SEARCH_INSTITUTION, 2, NULL), "1 3 6 ");
    cr_assert_str_eq(found(f, SEARCH_INSTITUTION, 9, NULL), "5 6 ");
    cr_assert_str_eq(found(f, SEARCH_INSTITUTION, 77, NULL), "");
    cr_assert_str_eq(found(f, SEARCH_REFERENCE, 1, "R-1"), "1 4 ");
    cr_assert_str_eq(found(f, SEARCH_REFERENCE, 3, "R-1"), "3 5 ");
    cr_assert_str_eq(found(f, SEARCH_REFERENCE, 2, "R-1"), "");
    cr_assert_str_eq(found(f, SEARCH_REFERENCE, 1, "R-9"), "");
}

Test(store_search, p2_finds_the_same_wherever_the_watermark_stands)
{
    struct fixture f;

    fixture_init(&f);
    add_referral(&f, 1, 2, 0, "R-1");
    add_referral(&f, 1, 3, 0, "R-2");
    add_referral(&f, 3, 2, 0, "R-1");
    add_referral(&f, 1, 4, 0, "R-1");
    add_referral(&f, 3, 9, 0, "R-1");
    add_referral(&f, 1, 2, 9, "R-3");
    check_all(&f);
    for (int i = 0; i < 3; i++) {
        arena_reset(&f.arena, 0);
        cr_assert_eq(search_advance(f.store, &f.arena, 2), 2);
        check_all(&f);
    }
    arena_reset(&f.arena, 0);
    cr_assert_eq(search_advance(f.store, &f.arena, 2), 0);
    cr_assert_eq(store_mark(f.store).index, 6, "indexing is no turn");
    cr_assert_eq(search_rebuild(f.store, &f.arena), 0);
    check_all(&f);
    arena_reset(&f.arena, 0);
    cr_assert_eq(search_advance(f.store, &f.arena, 100), 6);
    check_all(&f);
    fixture_fini(&f);
}

/* A page looks at a bounded number of records, and goes on from the last one it saw. */
Test(store_search, p2_the_tail_is_walked_in_bounded_steps)
{
    struct fixture f;
    struct id at = {0};
    uint64_t seen = 0;
    uint32_t steps = 0;
    bool ended = false;

    fixture_init(&f);
    for (uint32_t i = 0; i < 20; i++)
        add_referral(&f, 1, i == 9 || i == 19 ? 5 : 2, 0, "R");

    struct store_txn *txn = fixture_read(&f);

    while (!ended) {
        uint32_t left = 3;

        cr_assert(++steps < 20);
        while (search_next(txn, SEARCH_INSTITUTION, 5, NULL, at, &left, &at))
            seen = seen * 100 + at.index;
        ended = left > 0;
    }
    cr_assert_eq(seen, 1020);
    cr_assert_eq(steps, 7);
    store_read_end(txn);
    fixture_fini(&f);
}

Test(store_search, p2_a_long_tail_is_looked_at_in_bounded_pieces)
{
    struct fixture f;
    struct store_txn *txn;
    struct id at = {0};
    uint32_t left = 3;

    fixture_init(&f);
    for (int i = 0; i < 5; i++)
        add_referral(&f, 1, 2, 0, NULL);
    add_referral(&f, 8, 9, 0, NULL);
    txn = fixture_read(&f);
    cr_assert(!search_next(txn, SEARCH_INSTITUTION, 9, NULL, at, &left, &at));
    cr_assert_eq(left, 0);
    cr_assert_eq(at.index, 3, "where to go on");
    left = 3;
    cr_assert(search_next(txn, SEARCH_INSTITUTION, 9, NULL, at, &left, &at));
    cr_assert_eq(at.index, 6);
    left = 1;
    cr_assert(!search_next(txn, SEARCH_INSTITUTION, 9, NULL, at, &left, &at));
    cr_assert_eq(left, 1, "the end");
    store_read_end(txn);
    fixture_fini(&f);
}

/* `count` referrals of institution 1 in one turn, numbered from `first`; each 40,000th has the reference R-1. */
static void add_many(struct fixture *f, uint32_t first, uint32_t count)
{
    struct store_txn *txn = fixture_turn(f);
    uint64_t index = store_mark(f->store).index + 1;

    for (uint32_t i = 0; i < count; i++) {
        char text[32];
        Record__Referral row = RECORD__REFERRAL__INIT;

        snprintf(text, sizeof(text), "R-%u", (first + i) % 40000 == 0 ? 1 : 100 + first + i);
        row.has_sender_number = true;
        row.sender_number = 1;
        row.sender_reference = text;
        referral_row_add(txn, fixture_id(f, index, (uint16_t)i), &row);
    }
    fixture_end(f, txn);
}

/* Keys at random lie by generations, so that what an advance costs does not grow with all that was ever referred. */
Test(store_search, p2_a_reference_is_found_in_each_generation_in_order)
{
    struct fixture f;

    fixture_init(&f);
    for (uint32_t turn = 0; turn < 5; turn++)
        add_many(&f, turn * 30000, 30000);
    cr_assert_eq(search_advance(f.store, &f.arena, 140000), 140000);
    cr_assert_str_eq(found(&f, SEARCH_REFERENCE, 1, "R-1"), "1 2 3 5 ", "numbers 0, 40000, 80000, 120000");
    cr_assert_str_eq(found(&f, SEARCH_REFERENCE, 1, "R-65636"), "3 ",
                     "number 65536, the first of the second generation");
    cr_assert_str_eq(found(&f, SEARCH_REFERENCE, 1, "R-149999"), "", "not indexed yet, and beyond what is looked at");
    fixture_fini(&f);
}

/* ---- Verified ---- */

static bool verifies(struct fixture *f)
{
    struct verify_result result;

    cr_assert_eq(store_verify(f->store, NULL, NULL, &result), 0);
    return result.faults == 0;
}

static struct id third(struct fixture *f)
{
    return fixture_id(f, 3, 0);
}

/* `version`: of its sheet; the first one is not put anew. */
static void name_patient(struct fixture *f, uint8_t patient, uint32_t version)
{
    struct store_txn *txn = fixture_turn(f);
    Record__Referral *row = referral_row(txn, third(f));
    uint8_t hash[16] = {patient};

    row->has_patient = row->has_sheet_version = true;
    row->patient = (ProtobufCBinaryData){.data = hash, .len = patient == 0 ? 0 : sizeof hash};
    row->sheet_version = version;
    if (version > 1 && patient != 0)
        search_patient_amended(txn, third(f), hash);
    referral_row_put(txn, third(f), row);
    fixture_end(f, txn);
}

/* A key of the index by its number, from 0; false: there are fewer. */
static bool key_number(struct fixture *f, size_t number, uint8_t key[TABLE_KEY_MAX], size_t *ret_size)
{
    struct bytes none = bytes_of(NULL, 0), found;
    struct store_txn *txn = fixture_read(f);
    struct store_cursor *cursor = store_scan(txn, TABLE_SEARCH, none, none);
    bool is_there = true;

    for (size_t i = 0; is_there && i <= number; i++)
        is_there = store_next_key(cursor, &found);
    if (is_there) {
        memcpy(key, found.data, found.size);
        *ret_size = found.size;
    }
    store_read_end(txn);
    return is_there;
}

static void put_key(struct fixture *f, struct bytes key, bool is_put)
{
    struct store_txn *txn = fixture_turn(f);

    if (is_put)
        store_add(txn, TABLE_SEARCH, key, bytes_of(NULL, 0));
    else
        cr_assert(store_delete(txn, TABLE_SEARCH, key));
    fixture_end(f, txn);
}

/* Each key of the index is missed, and one in another's place is seen; how many keys there were. */
static size_t lose_each_key(struct fixture *f)
{
    uint8_t key[TABLE_KEY_MAX];
    size_t size = 0, count = 0;

    for (; key_number(f, count, key, &size); count++) {
        put_key(f, bytes_of(key, size), false);
        cr_assert(!verifies(f), "key %zu, of kind %u", count, key[0]);
        key[size - 1] ^= 1;
        put_key(f, bytes_of(key, size), true);
        cr_assert(!verifies(f), "key %zu, of kind %u", count, key[0]);
        put_key(f, bytes_of(key, size), false);
        key[size - 1] ^= 1;
        put_key(f, bytes_of(key, size), true);
    }
    cr_assert(verifies(f));
    return count;
}

Test(store_search, p3_verify_misses_each_key_that_is_not_there)
{
    struct fixture f;

    fixture_init(&f);
    add_referral(&f, 1, 2, 0, "R-1");
    add_referral(&f, 1, 2, 1, "R-2"); /* spoke for itself */
    add_referral(&f, 3, 2, 0, "R-1");
    add_referral(&f, 1, 4, 9, "R-1");
    name_patient(&f, 7, 1);
    cr_assert(verifies(&f), "without an index");
    cr_assert_eq(search_advance(f.store, &f.arena, 3), 3);
    cr_assert(verifies(&f), "the tail is not indexed");
    cr_assert_eq(lose_each_key(&f), 10);
    name_patient(&f, 8, 2);
    cr_assert(verifies(&f), "the sheet names another patient than when it was indexed");
    cr_assert_eq(search_advance(f.store, &f.arena, 3), 1);
    cr_assert(verifies(&f));
    name_patient(&f, 0, 3);
    cr_assert(verifies(&f), "and then nobody");
    cr_assert_eq(search_rebuild(f.store, &f.arena), 0);
    cr_assert(verifies(&f));
    fixture_fini(&f);
}

/* What was added for a later sheet is missed, too; an index that is made anew has it. */
Test(store_search, p3_verify_misses_an_amended_patient)
{
    struct fixture f;
    uint8_t key[TABLE_KEY_MAX];
    size_t size = 0;

    fixture_init(&f);
    for (int i = 0; i < 3; i++)
        add_referral(&f, 1, 2, 0, "R-1");
    name_patient(&f, 7, 1);
    cr_assert_eq(search_advance(f.store, &f.arena, 3), 3);
    name_patient(&f, 8, 2);
    cr_assert(key_number(&f, 10, key, &size) && key[0] == SEARCH_AMENDED, "the last");
    put_key(&f, bytes_of(key, size), false);
    cr_assert(!verifies(&f));
    cr_assert_eq(search_rebuild(f.store, &f.arena), 0);
    arena_reset(&f.arena, 0);
    cr_assert_eq(search_advance(f.store, &f.arena, 9), 3);
    cr_assert(verifies(&f));
    fixture_fini(&f);
}

/* ---- Damage ---- */

/* What stands there says nothing that we would write, or is none of ours; then it is as it was. */
static void spoil(struct fixture *f, uint64_t index, bool is_sealed, struct bytes *ret_row)
{
    static uint8_t row[4096], bytes[40];
    struct store_txn *txn = fixture_turn(f);
    uint8_t key[ID_KEY_SIZE];
    MDB_val at = {.mv_data = key, .mv_size = sizeof(key)}, none = {.mv_data = bytes, .mv_size = sizeof(bytes)};
    struct bytes value;

    id_to_key(key, fixture_id(f, index, 0));
    cr_assert(store_get(txn, TABLE_REFERRAL, bytes_of(key, sizeof(key)), &value));
    cr_assert_leq(value.size, sizeof(row));
    memcpy(row, value.data, value.size);
    *ret_row = bytes_of(row, value.size);
    if (is_sealed)
        store_put(txn, TABLE_REFERRAL, bytes_of(key, sizeof(key)), bytes_text("\xff"));
    else
        cr_assert_eq(mdb_put(txn->mdb, txn->store->tables[TABLE_REFERRAL], &at, &none, 0), 0);
    fixture_end(f, txn);
}

static void mend(struct fixture *f, uint64_t index, struct bytes row)
{
    struct store_txn *txn = fixture_turn(f);
    uint8_t key[ID_KEY_SIZE];

    id_to_key(key, fixture_id(f, index, 0));
    store_put(txn, TABLE_REFERRAL, bytes_of(key, sizeof(key)), row);
    fixture_end(f, txn);
}

/* The rest of the tail, and then of the index, is found. */
static void check_left_out(bool is_sealed)
{
    struct fixture f;
    struct bytes row;

    fixture_init(&f);
    for (int i = 0; i < 4; i++)
        add_referral(&f, 1, 2, 0, "R-1");
    spoil(&f, 2, is_sealed, &row);
    cr_assert_str_eq(found(&f, SEARCH_INSTITUTION, 2, NULL), "1 3 4 ");
    cr_assert_str_eq(found(&f, SEARCH_REFERENCE, 1, "R-1"), "1 3 4 ");
    cr_assert(!verifies(&f), "whatever its seal is");
    cr_assert_eq(search_advance(f.store, &f.arena, 2), 2);
    cr_assert(!verifies(&f));
    cr_assert_eq(search_left_out(f.store), 1);
    cr_assert_not_null(strstr(store_error(f.store), "table REFERRAL"), "%s", store_error(f.store));
    cr_assert_eq(search_advance(f.store, &f.arena, 9), 1);
    cr_assert_eq(search_advance(f.store, &f.arena, 9), 0);
    cr_assert_eq(search_left_out(f.store), 1);
    cr_assert_str_eq(found(&f, SEARCH_INSTITUTION, 2, NULL), "1 3 4 ");
    if (is_sealed) {
        mend(&f, 2, row);
        cr_assert(!verifies(&f), "the index lacks it");
        cr_assert_eq(search_rebuild(f.store, &f.arena), 0);
        arena_reset(&f.arena, 0);
        cr_assert_eq(search_advance(f.store, &f.arena, 9), 4);
        cr_assert(verifies(&f));
    }
    fixture_fini(&f);
}

Test(store_search, d2_a_referral_that_is_damaged_is_left_out_and_keeps_no_other)
{
    check_left_out(true);
    check_left_out(false);
}

/* Its key may be another's: what comes later would lie before it. */
Test(store_search, d2_the_index_does_not_go_on_from_what_is_damaged)
{
    struct fixture f;
    struct bytes row;

    fixture_init(&f);
    add_referral(&f, 1, 2, 0, "R-1");
    add_referral(&f, 1, 2, 0, "R-1");
    spoil(&f, 2, true, &row);
    cr_assert_eq(search_advance(f.store, &f.arena, 9), 1);
    cr_assert_eq(search_advance(f.store, &f.arena, 9), 0);
    cr_assert_eq(search_left_out(f.store), 0);
    mend(&f, 2, row);
    cr_assert_eq(search_advance(f.store, &f.arena, 9), 1);
    cr_assert_str_eq(found(&f, SEARCH_INSTITUTION, 2, NULL), "1 2 ");
    cr_assert(verifies(&f));
    fixture_fini(&f);
}
