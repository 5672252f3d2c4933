/* Pools of a store that are not as their ledger says (Q13). */
#include "ledger_pages.h"

#define WHAT_SIZE 96

static void note(void *user, const struct replay_difference *difference)
{
    char *first = user; /* of WHAT_SIZE; empty: none so far */

    if (first[0] == '\0')
        snprintf(first, WHAT_SIZE, "%s", difference->what);
}

/* Changes the pool in the store behind the ledger's back; the first difference that is found. */
static const char *difference_after(struct district *d, void (*spoil)(Record__Pool *row))
{
    struct pages pages = pages_read(d);
    struct store_turn turn = {.index = store_mark(d->store).index + 1, .time = d->now};
    char *first = arena_zalloc(&d->keep, WHAT_SIZE);
    struct replay *replay;
    struct store_txn *txn;
    struct pool_key key;
    Record__Pool *row;
    int failure;

    arena_reset(&d->turn, 1 << 20);
    cr_assert_eq(store_turn_begin(d->store, &d->turn, &txn), 0);
    key = pools_key(txn, pools_wang(d));
    row = pool_row(txn, &key);
    spoil(row);
    pool_row_put(txn, &key, row);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
    replay = pages_replay(d, &pages, &failure);
    cr_assert_eq(failure, 0, "%s", replay_error(replay));
    txn = district_read(d);
    replay_compare(replay, txn, key.hospital, note, first);
    store_read_end(txn);
    replay_close(replay);
    return first;
}

static void sell_silently(Record__Pool *row)
{
    static uint8_t nobody[ID_KEY_SIZE];

    for (size_t i = 0; i < row->n_units; i++)
        if (row->units[i]->state == UNIT_IS_FREE) {
            FIELD_SET(row->units[i], state, UNIT_IS_GENERAL);
            FIELD_SET(row->units[i], booking, ((ProtobufCBinaryData){.len = sizeof nobody, .data = nobody}));
            return;
        }
}

static void drop_unit(Record__Pool *row)
{
    row->n_units--;
}

static void renumber(Record__Pool *row)
{
    FIELD_SET(row->units[0], number, 77);
}

static void start_later(Record__Pool *row)
{
    FIELD_SET(row->units[0], start_ms, row->units[0]->start_ms + 1);
}

static void hand_to_another(Record__Pool *row)
{
    for (size_t i = 0; i < row->n_units; i++)
        if (row->units[i]->booking.len != 0) {
            row->units[i]->booking.data[ID_KEY_SIZE - 1] ^= 1;
            return;
        }
}

static void lower_p(Record__Pool *row)
{
    FIELD_SET(row, reserve_bp, 2000);
}

static void widen_span(Record__Pool *row)
{
    FIELD_SET(row, span, 2);
}

static void put_release_off(Record__Pool *row)
{
    FIELD_SET(row, release_at_ms, row->release_at_ms + 1);
}

static void forget_release(Record__Pool *row)
{
    FIELD_SET(row, released, false);
}

static void cancel_silently(Record__Pool *row)
{
    FIELD_SET(row, cancelled, true);
}

static void group_silently(Record__Pool *row)
{
    FIELD_SET(row, grouped, true);
}

Test(replay_compare, q13_a_pool_that_is_not_as_its_ledger_says_is_found)
{
    static const struct {
        void (*spoil)(Record__Pool *row);
        const char *what;
    } rows[] = {
        {sell_silently, "state of unit 4"},
        {drop_unit, "capacity"},
        {renumber, "unit 77"},
        {start_later, "start of unit 2"},
        {hand_to_another, "booking of unit 2"},
        {lower_p, "reserve_bp"},
        {widen_span, "span"},
        {put_release_off, "release_at_ms"},
        {forget_release, "released"},
        {cancel_silently, "cancelled"},
        {group_silently, "grouped"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct district d;
        const char *what;

        pass_a_morning(&d);
        what = difference_after(&d, rows[i].spoil);
        cr_expect_str_eq(what, rows[i].what, "row %zu: %s", i, what);
        district_close(&d);
    }
}

Test(replay_compare, q13_a_pool_that_only_one_of_both_has_is_found)
{
    struct district d;
    struct pages pages;
    struct replay *replay;
    struct store_txn *txn;
    char first[WHAT_SIZE] = "";
    int failure;

    pass_a_morning(&d);
    pages = pages_read(&d);
    pages.count = 1; /* the publication of the first pool alone */
    replay = pages_replay(&d, &pages, &failure);
    txn = district_read(&d);
    cr_assert(replay_compare(replay, txn, institution_row(txn, "H1")->number, note, first) > 4);
    cr_assert_str_eq(first, "rows"); /* the heads first */
    cr_assert_eq(replay_compare(replay, txn, institution_row(txn, "H2")->number, note, first), 3);
    store_read_end(txn);
    replay_close(replay);
    pools_close(&d);
}
