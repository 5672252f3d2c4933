/* store_ledger.c - a hospital's ledger is chained pages, and nothing in it changes unseen (Q13). */
#include <sodium.h>

#include "store/rows_place.h"
#include "store/verify.h"
#include "store_fixture.h"

#define H1        "12120115100001051F"
#define H2        "H2"
#define CHUNK_KEY 14 /* hospital, first row, chunk */

static const uint8_t NO_DIGEST[STORE_DIGEST_SIZE] = {0};

/* Hospitals 1 and 2. */
static void init(struct fixture *f)
{
    fixture_init(f);

    struct store_txn *txn = fixture_turn(f);

    for (int i = 0; i < 2; i++) {
        Record__Institution institution = RECORD__INSTITUTION__INIT;

        institution.has_number = true;
        institution.number = institution_number_new(txn);
        institution_row_put(txn, i == 0 ? H1 : H2, &institution);
    }
    fixture_end(f, txn);
}

#define ROW_SIZE 64

/* The number, padded so that rows differ in length. */
static size_t row_text(char out[ROW_SIZE], uint64_t row)
{
    return (size_t)snprintf(out, ROW_SIZE, "%lu%.*s", row, (int)(row % 23), ".......................");
}

static void add_rows(struct store_txn *txn, uint32_t hospital, uint64_t first, uint64_t count)
{
    for (uint64_t row = first; row < first + count; row++) {
        char text[ROW_SIZE];
        size_t size = row_text(text, row);

        ledger_add(txn, hospital, hospital == 1 ? H1 : H2, bytes_of(text, size));
    }
}

static void turn_of_rows(struct fixture *f, uint32_t hospital, uint64_t first, uint64_t count)
{
    struct store_txn *txn = fixture_turn(f);

    add_rows(txn, hospital, first, count);
    fixture_end(f, txn);
}

static Record__LedgerPage *page_at(struct store_txn *txn, uint32_t hospital, uint64_t first, struct bytes *ret_bytes)
{
    uint64_t found = 0;

    cr_assert(ledger_page(txn, hospital, first, ret_bytes, &found), "row %lu", first);
    cr_assert_eq(found, first);
    return record__ledger_page__unpack(NULL, ret_bytes->size, ret_bytes->data);
}

/* An independent walk: rows 1 to `rows` in order, each page bound to the one before by the digest of its bytes. */
static size_t walk(struct store_txn *txn, uint32_t hospital, uint64_t rows)
{
    uint8_t digest[STORE_DIGEST_SIZE] = {0};
    uint64_t next = 1;
    size_t pages = 0;

    while (next <= rows) {
        struct bytes bytes;
        Record__LedgerPage *page = page_at(txn, hospital, next, &bytes);

        cr_assert_str_eq(page->hospital, hospital == 1 ? H1 : H2);
        cr_assert_eq(page->first_row, next);
        cr_assert_eq(page->at_ms, FIXTURE_NOW_MS);
        cr_assert_eq(page->previous.len, STORE_DIGEST_SIZE);
        cr_assert_eq(memcmp(page->previous.data, digest, STORE_DIGEST_SIZE), 0, "page of row %lu", next);
        cr_assert(page->n_rows > 0 && page->n_rows <= LEDGER_PAGE_ROWS);
        for (size_t i = 0; i < page->n_rows; i++) {
            char text[ROW_SIZE];
            size_t size = row_text(text, next + i);

            cr_assert(page->rows[i].len == size && memcmp(page->rows[i].data, text, size) == 0, "row %lu", next + i);
        }
        next += page->n_rows;
        crypto_generichash(digest, sizeof(digest), bytes.data, bytes.size, NULL, 0);
        record__ledger_page__free_unpacked(page, NULL);
        pages++;
    }

    struct ledger_mark mark = ledger_mark(txn, hospital);

    cr_assert_eq(mark.rows, rows);
    cr_assert_eq(memcmp(mark.digest, digest, STORE_DIGEST_SIZE), 0);
    return pages;
}

Test(store_ledger, q13_a_turns_rows_are_a_page_bound_to_the_one_before)
{
    struct fixture f;

    init(&f);
    turn_of_rows(&f, 1, 1, 3);
    turn_of_rows(&f, 1, 4, 1);
    fixture_end(&f, fixture_turn(&f)); /* a turn without rows leaves no page */
    turn_of_rows(&f, 1, 5, 200);

    struct store_txn *txn = fixture_read(&f);
    struct bytes bytes;
    Record__LedgerPage *page = page_at(txn, 1, 5, &bytes);

    cr_assert_eq(walk(txn, 1, 204), 3);
    cr_assert_eq(page->index, 5, "the turn that wrote it");
    cr_assert_eq(page->n_rows, 200);
    record__ledger_page__free_unpacked(page, NULL);
    store_read_end(txn);
    fixture_fini(&f);
}

Test(store_ledger, q13_each_hospital_has_a_chain_of_its_own_whoever_comes_first)
{
    struct fixture f;

    init(&f);

    struct store_txn *txn = fixture_turn(&f);

    for (uint64_t row = 1; row <= 50; row++) {
        add_rows(txn, 2, row, 1);
        add_rows(txn, 1, 2 * row - 1, 2);
    }
    fixture_end(&f, txn);
    turn_of_rows(&f, 2, 51, 1);
    txn = fixture_read(&f);
    cr_assert_eq(walk(txn, 1, 100), 1);
    cr_assert_eq(walk(txn, 2, 51), 2);
    cr_assert_eq(ledger_mark(txn, 3).rows, 0);
    cr_assert_eq(memcmp(ledger_mark(txn, 3).digest, NO_DIGEST, STORE_DIGEST_SIZE), 0);
    store_read_end(txn);
    fixture_fini(&f);
}

Test(store_ledger, q13_a_page_has_a_thousand_rows_at_most)
{
    struct fixture f;
    static const uint64_t TURNS[] = {999, 1000, 1001, 2500, 1};
    uint64_t rows = 0;

    init(&f);
    for (size_t i = 0; i < sizeof(TURNS) / sizeof(TURNS[0]); i++) {
        turn_of_rows(&f, 1, rows + 1, TURNS[i]);
        rows += TURNS[i];
    }

    struct store_txn *txn = fixture_read(&f);

    cr_assert_eq(walk(txn, 1, rows), 1 + 1 + 2 + 3 + 1);

    struct bytes bytes;
    Record__LedgerPage *third = page_at(txn, 1, 2000, &bytes), *fourth = page_at(txn, 1, 3000, &bytes);

    cr_assert_eq(third->n_rows, 1000);
    cr_assert_eq(fourth->n_rows, 1);
    cr_assert_eq(third->index, fourth->index, "the same turn's");
    record__ledger_page__free_unpacked(third, NULL);
    record__ledger_page__free_unpacked(fourth, NULL);
    store_read_end(txn);
    fixture_fini(&f);
}

static uint64_t first_of(struct store_txn *txn, uint64_t row)
{
    struct bytes bytes;
    uint64_t first = 0;

    return ledger_page(txn, 1, row, &bytes, &first) ? first : 0;
}

Test(store_ledger, q13_the_page_that_holds_a_row_is_found_by_any_of_its_rows)
{
    struct fixture f;
    uint64_t firsts[] = {1, 2, 3, 1003, 1503, 1504}, rows = 1510;
    size_t at = 0;

    init(&f);
    turn_of_rows(&f, 2, 1, 5); /* a neighbour */
    turn_of_rows(&f, 1, 1, 1);
    turn_of_rows(&f, 1, 2, 1);
    turn_of_rows(&f, 1, 3, 1500);
    turn_of_rows(&f, 1, 1503, 1);
    turn_of_rows(&f, 1, 1504, 7);

    struct store_txn *txn = fixture_turn(&f);

    for (uint64_t row = 1; row <= rows; row++) {
        size_t mark = arena_mark(&f.arena);

        at += at + 1 < sizeof(firsts) / sizeof(firsts[0]) && row >= firsts[at + 1];
        cr_assert_eq(first_of(txn, row), firsts[at], "row %lu", row);
        arena_rewind(&f.arena, mark);
    }
    cr_assert_eq(first_of(txn, 0), 1, "none holds row 0: the first one after it");
    cr_assert_eq(first_of(txn, rows + 1), 0);
    cr_assert_eq(first_of(txn, UINT64_MAX), 0);
    add_rows(txn, 1, rows + 1, 1);
    cr_assert_eq(first_of(txn, rows + 1), 0, "a turn's rows are pages when it has ended");
    fixture_end(&f, txn);
    txn = fixture_read(&f);
    cr_assert_eq(first_of(txn, rows + 1), rows + 1);
    store_read_end(txn);
    fixture_fini(&f);
}

Test(store_ledger, q13_a_row_counts_as_a_put_and_moves_no_mark_before_the_turn_ends)
{
    struct fixture f;

    init(&f);
    turn_of_rows(&f, 1, 1, 2);

    struct store_txn *txn = fixture_turn(&f);
    struct ledger_mark before = ledger_mark(txn, 1);
    uint64_t puts = store_put_count(txn);

    add_rows(txn, 1, 3, 1);
    cr_assert_eq(store_put_count(txn), puts + 1);
    cr_assert_eq(ledger_mark(txn, 1).rows, 2);
    cr_assert_eq(memcmp(ledger_mark(txn, 1).digest, before.digest, STORE_DIGEST_SIZE), 0);
    fixture_end(&f, txn);
    fixture_fini(&f);
}

Test(store_ledger, q13_a_row_may_be_changed_by_its_owner_once_it_is_added)
{
    struct fixture f;
    char text[ROW_SIZE];

    init(&f);

    struct store_txn *txn = fixture_turn(&f);

    for (uint64_t row = 1; row <= 2; row++)
        ledger_add(txn, 1, H1, bytes_of(text, row_text(text, row)));
    fixture_end(&f, txn);
    txn = fixture_read(&f);
    cr_assert_eq(walk(txn, 1, 2), 1);
    store_read_end(txn);
    fixture_fini(&f);
}

static struct verify_result verify(struct fixture *f)
{
    struct verify_result result = {0};

    cr_assert_eq(store_verify(f->store, NULL, NULL, &result), 0);
    return result;
}

static void expect_sound(struct fixture *f, uint64_t ledgers, uint64_t rows)
{
    struct verify_result result = verify(f);

    cr_assert_eq(result.faults, 0, "%s", result.first_fault);
    cr_assert_eq(result.ledgers, ledgers);
    cr_assert_eq(result.ledger_rows, rows);
}

Test(store_ledger, q13_a_turn_that_does_not_end_leaves_no_row)
{
    struct fixture f;

    init(&f);
    turn_of_rows(&f, 1, 1, 2);

    struct store_txn *txn = fixture_turn(&f);

    add_rows(txn, 1, 99, 1500);
    add_rows(txn, 2, 99, 1);
    store_turn_abort(txn);
    turn_of_rows(&f, 1, 3, 2);
    txn = fixture_read(&f);
    cr_assert_eq(walk(txn, 1, 4), 2);
    cr_assert_eq(ledger_mark(txn, 2).rows, 0);
    store_read_end(txn);
    expect_sound(&f, 1, 4);
    fixture_fini(&f);
}

Test(store_ledger, q13_a_restored_store_goes_on_with_its_ledgers_and_places)
{
    struct fixture f;
    char to[96];
    struct pool_key key = {.hospital = 1, .class = 1, .department = "NK", .day = 20778, .resource = "a"};
    Record__Pool pool = RECORD__POOL__INIT;

    init(&f);

    struct store_txn *txn = fixture_turn(&f);

    pool.has_reserve_bp = pool.has_span = true;
    pool.reserve_bp = 2000;
    pool.span = 1;
    pool_row_put(txn, &key, &pool);
    add_rows(txn, 1, 1, 1200);
    fixture_end(&f, txn);
    fixture_close(&f);
    snprintf(to, sizeof(to), "%s/restored", f.base);

    struct store_options options = fixture_options(&f);

    cr_assert_eq(store_restore(&options, to, instant_of(FIXTURE_NOW_MS + SECOND_MS)), 0, "%s", f.error);
    strcpy(f.directory, to);
    fixture_open(&f);
    turn_of_rows(&f, 1, 1201, 1);
    txn = fixture_read(&f);
    cr_assert_not_null(pool_row(txn, &key));
    cr_assert_eq(walk(txn, 1, 1201), 3);
    store_read_end(txn);
    expect_sound(&f, 1, 1201);
    fixture_fini(&f);
}

/* ---- What somebody who has the store's keys might do: every row is sealed anew, and all sums agree ---- */

static struct bytes chunk_key(uint8_t key[CHUNK_KEY], uint32_t hospital, uint64_t first_row, uint16_t chunk)
{
    put_be32(key, hospital);
    put_be64(key + 4, first_row);
    put_be16(key + 12, chunk);
    return bytes_of(key, CHUNK_KEY);
}

struct chunk {
    size_t size;
    uint8_t bytes[BODY_CHUNK_BYTES];
};

static struct chunk chunk_read(struct fixture *f, struct bytes key)
{
    struct store_txn *txn = fixture_read(f);
    struct chunk chunk = {0};
    struct bytes value;

    cr_assert(store_get(txn, TABLE_LEDGER, key, &value) && value.size <= sizeof(chunk.bytes));
    chunk.size = value.size;
    memcpy(chunk.bytes, value.data, value.size);
    store_read_end(txn);
    return chunk;
}

static void chunk_put(struct fixture *f, struct bytes key, const void *bytes, size_t size)
{
    struct store_txn *txn = fixture_turn(f);

    store_put(txn, TABLE_LEDGER, key, bytes_of(bytes, size));
    fixture_end(f, txn);
}

static void chunk_put_back(struct fixture *f, struct bytes key, const struct chunk *chunk)
{
    chunk_put(f, key, chunk->bytes, chunk->size);
}

static void chunk_delete(struct fixture *f, struct bytes key)
{
    struct store_txn *txn = fixture_turn(f);

    cr_assert(store_delete(txn, TABLE_LEDGER, key));
    fixture_end(f, txn);
}

static void expect_broken(struct fixture *f, const char *what)
{
    struct verify_result result = verify(f);

    cr_assert_eq(result.faults, 1, "%s: %lu faults; %s", what, result.faults, result.first_fault);
    cr_assert_not_null(strstr(result.first_fault, "ledger of a hospital"), "%s: %s", what, result.first_fault);
    cr_assert_not_null(strstr(result.first_fault, H1), "%s: %s", what, result.first_fault);
}

static void expect_flips_found(struct fixture *f, struct bytes key, size_t step)
{
    struct chunk chunk = chunk_read(f, key);

    for (size_t byte = 0; byte < chunk.size; byte += step) {
        chunk.bytes[byte] ^= (uint8_t)(1U << byte % 8);
        chunk_put_back(f, key, &chunk);
        expect_broken(f, "a flipped bit");
        chunk.bytes[byte] ^= (uint8_t)(1U << byte % 8);
    }
    chunk_put_back(f, key, &chunk);
}

/* Three pages of three rows; the neighbour's ledger stays sound. */
static void fill_three(struct fixture *f)
{
    init(f);
    turn_of_rows(f, 2, 1, 1);
    for (uint64_t first = 1; first <= 7; first += 3)
        turn_of_rows(f, 1, first, 3);
    expect_sound(f, 2, 10);
}

Test(store_ledger, q13_a_flip_of_any_byte_of_any_page_is_found)
{
    struct fixture f;
    uint8_t room[CHUNK_KEY];

    fill_three(&f);
    for (uint64_t first = 1; first <= 7; first += 3)
        expect_flips_found(&f, chunk_key(room, 1, first, 0), 1);
    expect_sound(&f, 2, 10);
    fixture_fini(&f);
}

Test(store_ledger, q13_a_page_that_is_missing_cut_or_longer_is_found)
{
    struct fixture f;
    uint8_t room[CHUNK_KEY];

    fill_three(&f);
    for (uint64_t first = 1; first <= 7; first += 3) {
        struct bytes key = chunk_key(room, 1, first, 0);
        struct chunk page = chunk_read(&f, key), longer = page;

        chunk_delete(&f, key);
        expect_broken(&f, "no page");
        for (size_t size = 0; size < page.size; size += 7) {
            chunk_put(&f, key, page.bytes, size);
            expect_broken(&f, "a cut page");
        }
        memcpy(longer.bytes + page.size, "\x32\x01x", 3); /* a row more */
        longer.size += 3;
        chunk_put_back(&f, key, &longer);
        expect_broken(&f, "a longer page");
        chunk_put_back(&f, key, &page);
    }
    expect_sound(&f, 2, 10);
    fixture_fini(&f);
}

Test(store_ledger, q13_pages_in_another_order_are_found)
{
    struct fixture f;
    uint8_t rooms[3][CHUNK_KEY];
    struct bytes keys[3];
    struct chunk pages[3];

    fill_three(&f);
    for (size_t i = 0; i < 3; i++) {
        keys[i] = chunk_key(rooms[i], 1, 3 * i + 1, 0);
        pages[i] = chunk_read(&f, keys[i]);
    }
    for (size_t order = 0; order < 27; order++) { /* in each place any of the three */
        size_t at[] = {order / 9, order / 3 % 3, order % 3};

        for (size_t i = 0; i < 3; i++)
            chunk_put_back(&f, keys[i], &pages[at[i]]);
        if (at[0] == 0 && at[1] == 1 && at[2] == 2)
            expect_sound(&f, 2, 10);
        else
            expect_broken(&f, "another order");
    }
    fixture_fini(&f);
}

Test(store_ledger, q13_a_page_or_chunk_too_many_is_found)
{
    static const uint64_t STRAYS[] = {0, 2, 3, 5, 8, 9, 10, UINT64_MAX};
    struct fixture f;
    uint8_t room[CHUNK_KEY];

    fill_three(&f);

    struct chunk page = chunk_read(&f, chunk_key(room, 1, 4, 0));

    for (size_t i = 0; i < sizeof(STRAYS) / sizeof(STRAYS[0]); i++) {
        struct bytes key = chunk_key(room, 1, STRAYS[i], 0);

        chunk_put_back(&f, key, &page);
        expect_broken(&f, "a page too many");
        chunk_delete(&f, key);
    }
    for (uint64_t first = 1; first <= 7; first += 3) {
        struct bytes key = chunk_key(room, 1, first, 1);

        chunk_put(&f, key, "behind", 6);
        expect_broken(&f, "a chunk too many");
        chunk_delete(&f, key);
    }
    expect_sound(&f, 2, 10);
    fixture_fini(&f);
}

Test(store_ledger, q13_a_long_page_is_checked_in_every_chunk)
{
    struct fixture f;
    uint8_t room[CHUNK_KEY];

    init(&f);
    turn_of_rows(&f, 1, 1, 1000);
    turn_of_rows(&f, 1, 1001, 1);
    for (uint16_t i = 0; i < 8; i++) {
        struct bytes key = chunk_key(room, 1, 1, i);
        struct chunk chunk = chunk_read(&f, key);

        chunk_put(&f, key, "?", 1);
        expect_broken(&f, "another chunk");
        chunk_delete(&f, key);
        expect_broken(&f, "no chunk");
        chunk_put_back(&f, key, &chunk);
        expect_flips_found(&f, key, 97);
    }
    expect_sound(&f, 1, 1001);
    fixture_fini(&f);
}

/* The head is given other contents; NULL: it is taken away. */
static void head_set(struct fixture *f, uint32_t hospital, uint64_t rows, uint8_t *digest, size_t digest_size)
{
    struct store_txn *txn = fixture_turn(f);
    Record__LedgerHead head = RECORD__LEDGER_HEAD__INIT;
    uint8_t key[4], packed[64];

    put_be32(key, hospital);
    head.has_schema = head.has_rows = head.has_digest = true;
    head.schema = STORE_SCHEMA;
    head.rows = rows;
    head.digest = (ProtobufCBinaryData){.len = digest_size, .data = digest};
    if (digest != NULL)
        store_put(txn, TABLE_LEDGER_HEAD, bytes_of(key, sizeof(key)),
                  bytes_of(packed, record__ledger_head__pack(&head, packed)));
    else
        cr_assert(store_delete(txn, TABLE_LEDGER_HEAD, bytes_of(key, sizeof(key))));
    fixture_end(f, txn);
}

Test(store_ledger, q13_the_end_of_the_chain_is_where_its_head_says)
{
    struct fixture f;

    fill_three(&f);

    struct store_txn *txn = fixture_read(&f);
    struct ledger_mark mark = ledger_mark(txn, 1);

    store_read_end(txn);
    head_set(&f, 1, 6, mark.digest, STORE_DIGEST_SIZE);
    expect_broken(&f, "rows too few");
    head_set(&f, 1, 10, mark.digest, STORE_DIGEST_SIZE);
    expect_broken(&f, "rows too many");
    mark.digest[31] ^= 1;
    head_set(&f, 1, 9, mark.digest, STORE_DIGEST_SIZE);
    expect_broken(&f, "another digest");
    mark.digest[31] ^= 1;
    head_set(&f, 1, 0, NULL, 0);
    expect_broken(&f, "no head");
    head_set(&f, 1, 9, mark.digest, STORE_DIGEST_SIZE);
    expect_sound(&f, 2, 10);
    head_set(&f, 1, 9, mark.digest, 16);
    cr_assert(verify(&f).faults > 0, "half a digest");
    fixture_fini(&f);
}

Test(store_ledger, q13_a_ledger_under_another_hospitals_number_is_found)
{
    struct fixture f;
    uint8_t room[CHUNK_KEY];

    fill_three(&f);

    struct store_txn *txn = fixture_read(&f);
    struct ledger_mark mark = ledger_mark(txn, 2);

    store_read_end(txn);
    head_set(&f, 2, 0, NULL, 0);

    struct chunk page = chunk_read(&f, chunk_key(room, 2, 1, 0));

    chunk_delete(&f, chunk_key(room, 2, 1, 0));
    expect_sound(&f, 1, 9);
    chunk_put_back(&f, chunk_key(room, 3, 1, 0), &page);
    head_set(&f, 3, 1, mark.digest, STORE_DIGEST_SIZE);

    struct verify_result result = verify(&f);

    cr_assert_eq(result.faults, 1);
    cr_assert_not_null(strstr(result.first_fault, "hospital 3 (unknown), after row 0"), "%s", result.first_fault);
    fixture_fini(&f);
}

Test(store_ledger, q13_a_key_that_is_none_ends_the_check_as_a_fault)
{
    static const size_t SIZES[] = {1, 3, 4, 12, 13, 15, 40};

    for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        struct fixture f;
        uint8_t key[40] = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9};

        fill_three(&f);
        chunk_put(&f, bytes_of(key, SIZES[i]), "?", 1);
        cr_assert(verify(&f).faults > 0, "a key of %zu bytes", SIZES[i]);
        fixture_fini(&f);
    }
}
