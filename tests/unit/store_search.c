/* store_search.c - the derived index finds the same behind its watermark, across it, and beyond (P2). */
#include "store/search.h"
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
    uint8_t hash[16];

    text[0] = '\0';
    if (reference != NULL)
        store_keyed_hash(f->store, bytes_text(reference), hash);

    struct store_txn *txn = fixture_read(f);

    while (search_next(txn, kind, institution, reference != NULL ? hash : NULL, at, &at))
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
