/* engine_ledger_page.c - what the store keeps of a ledger is what a client reads: a referral.LedgerPage, byte for byte
 * (Q13). */
#include "place.pb-c.h"
#include "store/rows_place.h"
#include "store_fixture.h"

static void add_row(struct store_txn *txn, uint32_t number)
{
    Referral__LedgerRow row = REFERRAL__LEDGER_ROW__INIT;
    Referral__LedgerNumbers numbers = REFERRAL__LEDGER_NUMBERS__INIT;
    uint8_t packed[256];

    row.has_event = row.has_class_ = true;
    row.event = REFERRAL__LEDGER_EVENT__LEDGER_HELD;
    row.class_ = REFERRAL__PLACE_CLASS__EXPERT;
    row.department = "内科";
    row.resource = "张医生";
    row.date = "2026-11-23";
    row.n_units = 1;
    row.units = &number;
    numbers.has_capacity = numbers.has_reserve = numbers.has_blocked = numbers.has_general = numbers.has_family = true;
    numbers.capacity = 40;
    numbers.reserve = 8;
    numbers.family = number;
    row.numbers = &numbers;
    ledger_add(txn, 1, "H1", bytes_of(packed, referral__ledger_row__pack(&row, packed)));
}

Test(ledger_page, q13_a_page_as_stored_is_a_page_as_given_out)
{
    struct fixture f;
    struct bytes stored;
    uint64_t first = 0;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    for (uint32_t number = 1; number <= 30; number++)
        add_row(txn, number);
    fixture_end(&f, txn);
    txn = fixture_read(&f);
    cr_assert(ledger_page(txn, 1, 17, &stored, &first));

    Referral__LedgerPage *page = referral__ledger_page__unpack(NULL, stored.size, stored.data);

    cr_assert_not_null(page);
    cr_assert_str_eq(page->hospital, "H1");
    cr_assert(page->has_first_row && page->first_row == 1 && page->has_index && page->index == 1);
    cr_assert(page->has_at_ms && page->at_ms == FIXTURE_NOW_MS && page->previous.len == STORE_DIGEST_SIZE);
    cr_assert_eq(page->n_rows, 30);
    for (uint32_t i = 0; i < 30; i++) {
        cr_assert_eq(page->rows[i]->event, REFERRAL__LEDGER_EVENT__LEDGER_HELD);
        cr_assert_str_eq(page->rows[i]->resource, "张医生");
        cr_assert_eq(page->rows[i]->units[0], i + 1);
        cr_assert_eq(page->rows[i]->numbers->family, i + 1);
    }

    uint8_t again[8192];

    cr_assert_leq(referral__ledger_page__get_packed_size(page), sizeof(again));
    cr_assert(bytes_equal(stored, bytes_of(again, referral__ledger_page__pack(page, again))));
    referral__ledger_page__free_unpacked(page, NULL);
    store_read_end(txn);
    fixture_fini(&f);
}
