/* store_nonsense_inboxes.c - the same of inboxes and their books: nothing that waits is passed over in silence (D3, D7,
 * P3). */
#include "nonsense.h"
#include "store/verify.h"

/* ---- Inboxes ---- */

static struct inbox_ref ref_at(uint64_t index)
{
    return (struct inbox_ref){.institution = H1, .lane = 3, .index = index};
}

Test(store_nonsense_inboxes, d3_a_key_that_is_none_is_not_the_end_of_an_inbox)
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

Test(store_nonsense_inboxes, d3_a_message_that_cannot_be_read_is_not_the_end_of_an_inbox)
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

Test(store_nonsense_inboxes, d7_books_balance_in_every_lane_and_byte)
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

Test(store_nonsense_inboxes, d7_an_inbox_that_cannot_be_counted_does_not_balance)
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
