/* store_memory.c - what was made of a row is found again while the row is as it was, and never after. */
#include "store/memory.h"

#include "store_fixture.h"

static struct bytes team(void)
{
    return bytes_text("team");
}

static void remember(struct store_txn *txn, const char *value)
{
    store_remember(txn, TABLE_TEAM, team(), arena_text(store_memory(txn), value));
}

static void assert_recalled(struct store_txn *txn, const char *value)
{
    const char *recalled = store_recall(txn, TABLE_TEAM, team());

    cr_assert_not_null(recalled);
    cr_assert_str_eq(recalled, value);
}

Test(store_memory, d2_what_was_made_of_a_row_outlives_the_turn)
{
    struct fixture f;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    store_put(txn, TABLE_TEAM, team(), bytes_text("row"));
    cr_assert_null(store_recall(txn, TABLE_TEAM, team()));
    remember(txn, "made");
    assert_recalled(txn, "made");
    fixture_end(&f, txn);
    txn = fixture_read(&f);
    assert_recalled(txn, "made");
    cr_assert_null(store_recall(txn, TABLE_TEAM, bytes_text("other")));
    cr_assert_null(store_recall(txn, TABLE_SETTING, team()));
    cr_assert_null(store_recall(txn, TABLE_TEAM, bytes_of(NULL, 0)));
    store_read_end(txn);
    fixture_fini(&f);
}

Test(store_memory, d2_a_row_that_changed_or_went_is_not_what_it_was_made_of)
{
    struct fixture f;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    store_put(txn, TABLE_TEAM, team(), bytes_text("old"));
    remember(txn, "made of old");
    store_put(txn, TABLE_TEAM, team(), bytes_text("new"));
    cr_assert_null(store_recall(txn, TABLE_TEAM, team()));
    remember(txn, "made of new");
    assert_recalled(txn, "made of new");
    store_put(txn, TABLE_TEAM, team(), bytes_text("old"));
    assert_recalled(txn, "made of old");
    store_delete(txn, TABLE_TEAM, team());
    cr_assert_null(store_recall(txn, TABLE_TEAM, team()));
    fixture_end(&f, txn);
    fixture_fini(&f);
}

Test(store_memory, d2_an_aborted_turn_changes_nothing_of_it)
{
    struct fixture f;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    store_put(txn, TABLE_TEAM, team(), bytes_text("old"));
    remember(txn, "made of old");
    fixture_end(&f, txn);
    txn = fixture_turn(&f);
    store_put(txn, TABLE_TEAM, team(), bytes_text("new"));
    remember(txn, "made of new");
    store_turn_abort(txn);
    txn = fixture_read(&f);
    assert_recalled(txn, "made of old");
    store_read_end(txn);
    fixture_fini(&f);
}

/* More than there are places for: some lie in one another's. */
Test(store_memory, d2_each_row_has_what_was_made_of_it_and_none_has_anothers)
{
    enum { ROWS = 3000 };
    struct fixture f;
    char key[16];

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    for (int i = 0; i < ROWS; i++) {
        snprintf(key, sizeof(key), "team %d", i);
        store_put(txn, TABLE_TEAM, bytes_text(key), bytes_text(key));
        cr_assert_null(store_recall(txn, TABLE_TEAM, bytes_text(key)));
        store_remember(txn, TABLE_TEAM, bytes_text(key), arena_text(store_memory(txn), key));
    }
    store_remember(txn, TABLE_TEAM, bytes_text("nobody"), key);
    cr_assert_null(store_recall(txn, TABLE_TEAM, bytes_text("nobody")));
    for (int i = 0; i < ROWS; i++) {
        snprintf(key, sizeof(key), "team %d", i);
        cr_assert_str_eq(store_recall(txn, TABLE_TEAM, bytes_text(key)), key);
    }
    fixture_end(&f, txn);
    fixture_fini(&f);
}

/* Whoever fills it forgets it all between two transactions, but loses nothing in the middle of one. */
Test(store_memory, it_is_bounded)
{
    struct fixture f;
    size_t large = 1 << 20, rounds = 100;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    store_put(txn, TABLE_TEAM, team(), bytes_text("row"));
    remember(txn, "made");
    for (size_t i = 0; i < rounds; i++)
        arena_alloc(store_memory(txn), large);
    assert_recalled(txn, "made");
    store_put(txn, TABLE_TEAM, bytes_text("late"), bytes_text("row"));
    store_remember(txn, TABLE_TEAM, bytes_text("late"), &large);
    cr_assert_null(store_recall(txn, TABLE_TEAM, bytes_text("late")), "there is no room to remember it");
    fixture_end(&f, txn);
    txn = fixture_read(&f);
    cr_assert_null(store_recall(txn, TABLE_TEAM, team()));
    remember(txn, "made again");
    assert_recalled(txn, "made again");
    store_read_end(txn);
    fixture_fini(&f);
}
