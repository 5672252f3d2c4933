/* store_nonsense_places.c - the same of places: nobody is given a unit that is taken, or passes somebody who waits (P3,
 * Q). */
#include <sodium.h>

#include "nonsense.h"
#include "store/record.h"
#include "store/rows_place.h"
#include "store/verify.h"

/* ---- Pools ---- */

#define DEPARTMENT "NK"

static const struct pool_key pool = {
    .hospital = H1, .class = 1, .department = DEPARTMENT, .day = 20778, .resource = "a"};

Test(store_nonsense_places, q8_a_key_that_is_none_is_not_the_end_of_the_pools)
{
    for (int keys_only = 0; keys_only < 2; keys_only++) {
        struct fixture f;
        struct pool_key from = {.hospital = H1, .class = 1}, found;
        struct store_txn *txn;

        fixture_init(&f);
        txn = with_row(&f, TABLE_POOL, bytes_of("\0\0\0\1\1NK-without-its-end", 21), bytes_of(NULL, 0));
        if (keys_only)
            cr_assert_not(pool_key_from(txn, &from, &found));
        else
            cr_assert_null(pool_row_from(txn, &from, &found));
        assert_damaged(&f, txn);
        fixture_fini(&f);
    }
}

static void one_state_less(Record__UnitColumns *c)
{
    c->states.len--;
}

static void one_unit_less(Record__UnitColumns *c)
{
    c->runs[0]->count--;
}

static void no_bookings(Record__UnitColumns *c)
{
    c->bookings.len = 0;
}

static void half_a_booking(Record__UnitColumns *c)
{
    c->bookings.len--;
}

static void no_holds(Record__UnitColumns *c)
{
    c->n_held_until_ms = 0;
}

static void no_reasons(Record__UnitColumns *c)
{
    c->n_block_reasons = 0;
}

static void no_columns(Record__UnitColumns *c)
{
    (void)c; /* taken out of the row by who asks for this */
}

static void more_holds(Record__UnitColumns *c)
{
    c->states.data[1] &= 0x0f;
}

static void no_state_of_ours(Record__UnitColumns *c)
{
    c->states.data[2] = (uint8_t)(c->states.data[2] | 0x0f);
}

/* Someone has it, and nobody knows who. */
static void taken_by_nobody(Record__UnitColumns *c)
{
    c->states.data[0] = 2;
    c->bookings.len -= ID_KEY_SIZE;
}

static void held_by_nobody(Record__UnitColumns *c)
{
    c->states.data[1] = 0x20;
    c->bookings.len -= ID_KEY_SIZE;
}

static void make_pool(struct store_txn *txn)
{
    static uint8_t bookings[2][ID_KEY_SIZE] = {{1}, {2}};
    Record__Unit units[3], *list[3];
    Record__Pool row = RECORD__POOL__INIT;

    for (uint32_t i = 0; i < 3; i++) {
        record__unit__init(list[i] = &units[i]);
        units[i].has_number = units[i].has_start_ms = units[i].has_end_ms = units[i].has_state = true;
        units[i].number = i + 1;
        units[i].start_ms = i * 600000;
        units[i].end_ms = units[i].start_ms + 600000;
        units[i].state = 3 - i;
    }
    units[0].has_booking = units[1].has_booking = units[1].has_held_until_ms = units[2].has_block_reason = true;
    for (int i = 0; i < 2; i++)
        units[i].booking = (ProtobufCBinaryData){.len = ID_KEY_SIZE, .data = bookings[i]};
    units[1].held_until_ms = 5;
    units[2].block_reason = 1;
    row.units = list;
    row.n_units = 3;
    row.has_reserve_bp = row.has_span = true;
    row.reserve_bp = 2000;
    row.span = 1;
    pool_row_put(txn, &pool, &row);
}

/* Units would be free that are taken, or the other way round. */
Test(store_nonsense_places, q2_columns_that_do_not_fit_each_other_are_no_pool)
{
    static void (*const changes[])(Record__UnitColumns *) = {
        one_state_less, one_unit_less, no_bookings,      half_a_booking,  no_holds,      no_reasons,
        more_holds,     no_columns,    no_state_of_ours, taken_by_nobody, held_by_nobody};
    struct fixture f;
    struct store_txn *txn;

    fixture_init(&f);
    for (size_t i = 0; i <= sizeof(changes) / sizeof(*changes); i++) {
        uint8_t key[POOL_KEY_MAX], packed[512];
        Record__Pool *row;

        txn = fixture_turn(&f);
        make_pool(txn);
        row = pool_head(txn, &pool);
        cr_assert_eq(row->columns->n_runs, 1);
        if (i > 0)
            changes[i - 1](row->columns);
        if (i > 0 && changes[i - 1] == no_columns)
            row->columns = NULL;
        store_put(txn, TABLE_POOL, pool_key_bytes(key, &pool), bytes_of(packed, record__pool__pack(row, packed)));
        fixture_end(&f, txn);
        txn = fixture_read(&f);
        row = pool_row(txn, &pool);
        cr_assert_eq(row != NULL, i == 0, "change %zu", i);
        if (i == 0) {
            cr_assert_eq(row->n_units, 3);
            store_read_end(txn);
        } else {
            assert_damaged(&f, txn);
        }
    }
    fixture_fini(&f);
}

Test(store_nonsense_places, q6_what_is_no_timetables_key_is_not_read_as_one)
{
    struct timetable_key key = {.hospital = H1, .class = 1, .department = DEPARTMENT, .id = "t"}, read;
    uint8_t room[TIMETABLE_KEY_MAX + 80] = {0};
    struct bytes whole = timetable_key_bytes(room, &key);

    cr_assert(timetable_key_parse(whole, &read));
    cr_assert_str_eq(read.id, "t");
    cr_assert_not(timetable_key_parse(bytes_of(room, 6), &read), "a department without its end");
    memset(room + whole.size, 'x', 64);
    cr_assert_not(timetable_key_parse(bytes_of(room, whole.size + 64), &read), "an id too long");
}

Test(store_nonsense_places, q5_a_key_that_is_none_is_not_the_end_of_a_referrals_bookings)
{
    struct fixture f;
    struct id referral, found;
    uint8_t key[2 * ID_KEY_SIZE + 1] = {0};
    struct store_txn *txn;

    fixture_init(&f);
    referral = fixture_id(&f, 1, 1);
    id_to_key(key, referral);
    id_to_key(key + ID_KEY_SIZE, fixture_id(&f, 1, 2));
    txn = with_row(&f, TABLE_REFERRAL_BOOKING, bytes_of(key, sizeof(key)), bytes_of(NULL, 0));
    cr_assert_not(booking_next_of_referral(txn, referral, (struct id){0}, &found));
    assert_damaged(&f, txn);
    fixture_fini(&f);
}

Test(store_nonsense_places, q8_a_key_that_is_none_is_not_the_end_of_a_wait_list)
{
    static const char *const keys[] = {"\0\0\0\1\1NK\0tail", "\0\0\0\1\1NK without its end"};
    static const size_t sizes[] = {12, 23};

    for (int i = 0; i < 4; i++) {
        struct fixture f;
        struct wait_key after = {.hospital = H1, .class = 1, .department = DEPARTMENT}, found;
        struct bytes key = bytes_of(keys[i % 2], sizes[i % 2]);
        uint8_t id[ID_KEY_SIZE];
        struct store_txn *txn;

        fixture_init(&f);
        id_to_key(id, fixture_id(&f, 1, 1));
        if (i < 2) { /* what an entry's id leads to */
            txn = with_row(&f, TABLE_WAIT_ENTRY, bytes_of(id, sizeof(id)), key);
            cr_assert_null(wait_row(txn, fixture_id(&f, 1, 1), &found));
        } else {
            txn = with_row(&f, TABLE_WAITING, key, bytes_of(NULL, 0));
            cr_assert_null(wait_row_next(txn, &after, &found));
        }
        if (i == 3)
            store_read_end(txn); /* it is of another department */
        else
            assert_damaged(&f, txn);
        fixture_fini(&f);
    }
}

/* ---- Ledgers ---- */

static void add_row(struct fixture *f, const char *row)
{
    struct store_txn *txn = fixture_turn(f);

    ledger_add(txn, H1, "H1", bytes_text(row));
    fixture_end(f, txn);
}

static void no_hospital(Record__LedgerPage *page)
{
    page->hospital = NULL;
}

static void other_hospital(Record__LedgerPage *page)
{
    page->hospital[1] = '2';
}

static void no_row(Record__LedgerPage *page)
{
    page->n_rows = 0;
}

static void other_row(Record__LedgerPage *page)
{
    page->first_row = 1;
}

static void short_digest(Record__LedgerPage *page)
{
    page->previous.len = 16;
}

static void other_digest(Record__LedgerPage *page)
{
    page->previous.data[0] ^= 1;
}

static void earlier_turn(Record__LedgerPage *page)
{
    page->index = 1;
}

static void later_turn(Record__LedgerPage *page)
{
    page->index = 1000;
}

static void no_change(Record__LedgerPage *page)
{
    (void)page;
}

/* The last page, and the head that names its digest: whoever has the keys could write both. */
static void forge_page(struct fixture *f, void (*change)(Record__LedgerPage *page))
{
    struct store_txn *txn = fixture_turn(f);
    uint8_t key[14] = {0}, packed[512], digest[STORE_DIGEST_SIZE];
    uint64_t first_row = 0;
    struct bytes bytes;
    Record__LedgerHead head = RECORD__LEDGER_HEAD__INIT;

    cr_assert(ledger_page(txn, H1, 2, &bytes, &first_row));

    Record__LedgerPage *page = record_unpack_bare(&f->arena, bytes, &record__ledger_page__descriptor);

    change(page);
    bytes = bytes_of(packed, record__ledger_page__pack(page, packed));
    put_be32(key, H1);
    put_be64(key + 4, 2);
    store_put(txn, TABLE_LEDGER, bytes_of(key, sizeof(key)), bytes);
    crypto_generichash(digest, sizeof(digest), packed, bytes.size, NULL, 0);
    head.has_rows = head.has_digest = true;
    head.rows = 1 + page->n_rows;
    head.digest = (ProtobufCBinaryData){.len = sizeof(digest), .data = digest};
    record_put(txn, TABLE_LEDGER_HEAD, bytes_of(key, 4), &head.base);
    fixture_end(f, txn);
}

Test(store_nonsense_places, q13_a_page_that_no_turn_wrote_there_is_no_link)
{
    static void (*const changes[])(Record__LedgerPage *) = {no_change,    no_hospital,  other_hospital,
                                                            no_row,       other_row,    short_digest,
                                                            other_digest, earlier_turn, later_turn};

    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        Record__Institution institution = RECORD__INSTITUTION__INIT;
        struct verify_result result = {0};
        struct fixture f;
        struct store_txn *txn;

        fixture_init(&f);
        txn = fixture_turn(&f);
        institution.has_number = true;
        institution.number = institution_number_new(txn);
        institution_row_put(txn, "H1", &institution);
        fixture_end(&f, txn);
        add_row(&f, "row 1");
        add_row(&f, i % 2 == 0 ? "row 2" : ""); /* also one that says nothing */
        forge_page(&f, changes[i]);
        cr_assert_eq(store_verify(f.store, NULL, NULL, &result), 0);
        cr_assert_eq(result.faults, i == 0 ? 0 : 1, "change %zu: %s", i, result.first_fault);
        cr_assert_eq(strstr(result.first_fault, "the ledger of a hospital is broken") != NULL, i != 0);
        fixture_fini(&f);
    }
}

/* Of a page that is not there, and of none behind it, nothing is given. */
Test(store_nonsense_places, q13_a_row_whose_page_is_gone_is_not_given)
{
    struct fixture f;
    uint8_t key[14] = {0};
    uint64_t first_row = 0;
    struct bytes page;
    struct store_txn *txn;

    fixture_init(&f);
    add_row(&f, "row 1");
    add_row(&f, "row 2");
    txn = fixture_turn(&f);
    put_be32(key, H1);
    put_be64(key + 4, 2);
    cr_assert(store_delete(txn, TABLE_LEDGER, bytes_of(key, sizeof(key))));
    fixture_end(&f, txn);
    txn = fixture_turn(&f);
    cr_assert(ledger_page(txn, H1, 1, &page, &first_row));
    cr_assert_eq(first_row, 1);
    cr_assert_not(ledger_page(txn, H1, 2, &page, &first_row), "the one that begins before it ends before it");
    put_be64(key + 4, 1);
    store_put(txn, TABLE_LEDGER, bytes_of(key, sizeof(key)), bytes_text("no page"));
    fixture_end(&f, txn);
    txn = fixture_turn(&f);
    cr_assert_not(ledger_page(txn, H1, 2, &page, &first_row), "nobody can say where that one ends");
    cr_assert(store_delete(txn, TABLE_LEDGER, bytes_of(key, sizeof(key))));
    fixture_end(&f, txn);
    txn = fixture_read(&f);
    cr_assert_not(ledger_page(txn, H1, 1, &page, &first_row));
    cr_assert_not(ledger_page(txn, H1, 3, &page, &first_row), "behind the end");
    cr_assert_eq(store_failure(txn), 0);
    store_read_end(txn);
    fixture_fini(&f);
}
