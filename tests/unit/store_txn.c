/* store_txn.c - turns, rows and cursors. */
#include <errno.h>

#include "store_fixture.h"

static struct bytes key_of_number(uint8_t key[4], uint32_t number)
{
    put_be32(key, number);
    return bytes_of(key, 4);
}

Test(store_txn, d2_what_a_turn_put_is_there_after_opening_again)
{
    struct fixture f;
    struct bytes value;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    store_put(txn, TABLE_TEAM, bytes_text("team"), bytes_text("sealed"));
    store_put(txn, TABLE_SETTING, bytes_text("name"), bytes_text("plain"));
    cr_assert_eq(store_put_count(txn), 2);
    fixture_end(&f, txn);
    fixture_close(&f);
    fixture_open(&f);
    cr_assert_eq(store_mark(f.store).index, 1);
    cr_assert_eq(store_mark(f.store).time.ms, FIXTURE_NOW_MS);
    txn = fixture_read(&f);
    cr_assert(store_get(txn, TABLE_TEAM, bytes_text("team"), &value));
    cr_assert(bytes_equal(value, bytes_text("sealed")));
    cr_assert(store_get(txn, TABLE_SETTING, bytes_text("name"), &value));
    cr_assert(bytes_equal(value, bytes_text("plain")));
    cr_assert_not(store_has(txn, TABLE_TEAM, bytes_text("other")));
    cr_assert_eq(store_failure(txn), 0);
    store_read_end(txn);
    fixture_fini(&f);
}

Test(store_txn, d2_an_aborted_turn_leaves_nothing)
{
    struct fixture f;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    store_put(txn, TABLE_TEAM, bytes_text("team"), bytes_text("x"));
    store_turn_abort(txn);
    txn = fixture_read(&f);
    cr_assert_not(store_has(txn, TABLE_TEAM, bytes_text("team")));
    store_read_end(txn);
    cr_assert_eq(store_mark(f.store).index, 0);
    fixture_fini(&f);
}

Test(store_txn, d2_a_row_may_be_overwritten_with_any_size_and_deleted)
{
    struct fixture f;
    static uint8_t large[9000];
    static const size_t SIZES[] = {10, 0, 5000, 5001, 9000, 1, 1900, 3};
    struct bytes value;

    fixture_init(&f);
    for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        struct store_txn *txn = fixture_turn(&f);

        memset(large, (int)i + 1, sizeof(large));
        store_put(txn, TABLE_TEAM, bytes_text("team"), bytes_of(large, SIZES[i]));
        store_put(txn, TABLE_SETTING, bytes_text("s"), bytes_of(large, SIZES[i]));
        cr_assert(store_get(txn, TABLE_TEAM, bytes_text("team"), &value));
        cr_assert(bytes_equal(value, bytes_of(large, SIZES[i])), "size %zu", SIZES[i]);
        fixture_end(&f, txn);
        txn = fixture_read(&f);
        cr_assert(store_get(txn, TABLE_SETTING, bytes_text("s"), &value));
        cr_assert(bytes_equal(value, bytes_of(large, SIZES[i])), "size %zu", SIZES[i]);
        store_read_end(txn);
    }

    struct store_txn *txn = fixture_turn(&f);

    cr_assert(store_delete(txn, TABLE_TEAM, bytes_text("team")));
    cr_assert_not(store_delete(txn, TABLE_TEAM, bytes_text("team")));
    cr_assert_not(store_has(txn, TABLE_TEAM, bytes_text("team")));
    fixture_end(&f, txn);
    fixture_fini(&f);
}

Test(store_txn, d3_a_cursor_walks_a_prefix_in_order_of_key)
{
    struct fixture f;
    struct bytes key, value;
    uint8_t number[4];

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    for (uint32_t i = 300; i > 0; i--)
        store_put(txn, TABLE_BOOKS, key_of_number(number, i), bytes_text("v"));

    uint8_t prefix[3] = {0, 0, 1}; /* 256 to 511 */
    struct store_cursor *cursor =
        store_scan(txn, TABLE_BOOKS, bytes_of(prefix, sizeof(prefix)), key_of_number(number, 290));
    uint32_t expected = 290;

    for (; store_next(cursor, &key, &value); expected++)
        cr_assert_eq(get_be32(key.data), expected);
    cr_assert_eq(expected, 301);
    store_scan_end(cursor);
    cursor = store_scan(txn, TABLE_BOOKS, bytes_of(prefix, sizeof(prefix)), key_of_number(number, 0));
    cr_assert(store_next_key(cursor, &key));
    cr_assert_eq(get_be32(key.data), 256);
    store_turn_abort(txn); /* with the cursor open */
    fixture_fini(&f);
}

/* Whatever is put, overwritten or deleted between two steps, the next step is the first key after the last one
 * given. */
Test(store_txn, d3_a_cursor_keeps_its_place_while_rows_change)
{
    struct fixture f;
    struct bytes key, value;
    uint8_t number[4];
    uint64_t seed = 1;
    bool there[1000] = {false};

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);
    struct store_cursor *cursor = store_scan(txn, TABLE_BOOKS, bytes_of(NULL, 0), bytes_of(NULL, 0));

    for (uint32_t i = 0; i < 1000; i += 3) {
        store_put(txn, TABLE_BOOKS, key_of_number(number, i), bytes_text("first"));
        there[i] = true;
    }
    for (uint32_t last = 0, steps = 0;; steps++) {
        uint32_t expected = steps == 0 ? 0 : last + 1;

        while (expected < 1000 && !there[expected])
            expected++;

        bool found = store_next(cursor, &key, &value);

        cr_assert_eq(found, expected < 1000);
        if (!found)
            break;
        last = get_be32(key.data);
        cr_assert_eq(last, expected);
        for (int change = 0; change < 5; change++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;

            uint32_t at = change == 0 ? last : (uint32_t)(seed >> 33) % 1000;

            if (change == 0 || (seed & (1 << 20)) != 0) {
                cr_assert_eq(store_delete(txn, TABLE_BOOKS, key_of_number(number, at)), there[at]);
                there[at] = false;
            } else {
                store_put(txn, TABLE_BOOKS, key_of_number(number, at), bytes_text("a longer value than the first"));
                there[at] = true;
            }
        }
    }
    store_scan_end(cursor);
    fixture_end(&f, txn);
    fixture_fini(&f);
}

/* Whoever walks one table in the midst of another ends whichever first. */
Test(store_txn, d3_cursors_end_in_any_order)
{
    struct fixture f;
    struct store_cursor *cursors[3];
    struct bytes key;
    uint8_t number[4];

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    for (uint32_t i = 1; i <= 3; i++)
        store_put(txn, TABLE_BOOKS, key_of_number(number, i), bytes_text("v"));
    for (int first = 0; first < 3; first++) {
        for (int i = 0; i < 3; i++) {
            cursors[i] = store_scan(txn, TABLE_BOOKS, bytes_of(NULL, 0), bytes_of(NULL, 0));
            cr_assert(store_next_key(cursors[i], &key));
        }
        store_scan_end(cursors[first]);
        store_delete(txn, TABLE_BOOKS, key_of_number(number, 2)); /* the others are told */
        for (int i = 2; i >= 0; i--)
            if (i != first)
                cr_assert(store_next_key(cursors[i], &key) && get_be32(key.data) == 3);
        store_put(txn, TABLE_BOOKS, key_of_number(number, 2), bytes_text("v"));
        for (int i = 0; i < 3; i++)
            if (i != first)
                store_scan_end(cursors[i]);
    }
    fixture_end(&f, txn);
    fixture_fini(&f);
}

Test(store_txn, d2_a_reader_sees_the_last_commit_only)
{
    struct fixture f;

    fixture_init(&f);

    struct store_txn *turn = fixture_turn(&f), *reader = NULL;

    store_put(turn, TABLE_TEAM, bytes_text("team"), bytes_text("x"));
    cr_assert_eq(store_read_begin(f.store, &f.arena, &reader), 0);
    cr_assert_not(store_has(reader, TABLE_TEAM, bytes_text("team")));
    store_read_end(reader);
    fixture_end(&f, turn);
    cr_assert_eq(store_read_begin(f.store, &f.arena, &reader), 0);
    cr_assert(store_has(reader, TABLE_TEAM, bytes_text("team")));
    store_read_end(reader);
    fixture_fini(&f);
}

Test(store_txn, d1_adding_a_key_that_is_there_is_damage)
{
    struct fixture f;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    store_add(txn, TABLE_DEDUP, bytes_text("key"), bytes_text("x"));
    cr_assert_eq(store_failure(txn), 0);
    store_add(txn, TABLE_DEDUP, bytes_text("key"), bytes_text("x"));
    cr_assert_eq(store_failure(txn), -EBADMSG);
    store_turn_abort(txn);
    fixture_fini(&f);
}
