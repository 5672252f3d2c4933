/* reseal.c - table after table in order of key, behind a place that is kept in the meta row. */
#include "store/reseal.h"

#include <assert.h>

#include "store/internal.h"
#include "store/rows.h"
#include "store/seal.h"

/* Of a step: what it writes is synced as one, and whoever sends meanwhile waits for it. */
#define ROWS_LOOKED_AT 4000
#define BYTES_SEALED   (256U << 10)

struct walk {
    struct store_txn *txn;
    uint32_t rows;
    size_t bytes;
    struct bytes after; /* key of the last row looked at in this table, in the arena; empty: none was */
};

static bool is_full(const struct walk *walk)
{
    return walk->rows >= ROWS_LOOKED_AT || walk->bytes >= BYTES_SEALED;
}

/* ---- How far ---- */

static uint64_t rows_of(struct store_txn *txn)
{
    uint64_t rows = 0;

    for (int table = 0; table < TABLE_COUNT; table++) {
        MDB_stat stat = {0};

        if (table_is_sealed((enum table)table))
            mdb_stat(txn->mdb, txn->store->tables[table], &stat);
        rows += stat.ms_entries;
    }
    return rows;
}

/* Of the newest key; NULL: no row was moved to it yet. */
static const Record__Resealing *walk_of(struct store_txn *txn)
{
    const Record__Resealing *resealing = meta_row(txn)->resealing;

    return resealing != NULL && resealing->key_id == txn->store->keys->newest ? resealing : NULL;
}

static struct reseal_state state_of(struct store_txn *txn)
{
    const Record__Resealing *walk = walk_of(txn);
    uint32_t newest = txn->store->keys->newest;

    return (struct reseal_state){.key = newest,
                                 .passed = walk == NULL ? 0 : walk->rows,
                                 .total = rows_of(txn),
                                 .is_done = newest == KEYS_FIRST || (walk != NULL && walk->done)};
}

int reseal_look(struct store *store, struct arena *arena, struct reseal_state *ret_state)
{
    struct store_txn *txn = NULL;
    int failure = store_read_begin(store, arena, &txn);

    if (failure != 0)
        return failure;

    struct reseal_state state = state_of(txn);

    failure = store_failure(txn);
    store_read_end(txn);
    arena_reset(arena, 0);
    if (failure == 0)
        *ret_state = state;
    return failure;
}

/* ---- A step ---- */

/* Where it lies: sealed anew it has the same size and the same tag. */
static void reseal_row(struct walk *walk, MDB_cursor *cursor, enum table table, struct bytes key, struct bytes stored)
{
    struct store_txn *txn = walk->txn;
    uint8_t place[TABLE_KEY_MAX];
    uint64_t tag = 0;
    struct bytes plain;

    if (!txn_open_value(txn, table, key, stored, &plain) || !seal_tag(stored, &tag))
        return;
    memcpy(place, key.data, key.size); /* LMDB may move the page that it lies on */

    MDB_val at = {.mv_data = place, .mv_size = key.size}, room = {.mv_size = stored.size};
    int rc = mdb_cursor_put(cursor, &at, &room, MDB_CURRENT | MDB_RESERVE);

    if (rc != 0) {
        fail_txn(txn, fail_from_mdb(rc), table, bytes_of(place, key.size));
        return;
    }

    uint64_t now = seal_write(txn->store->keys, table, bytes_of(place, key.size), plain, room.mv_data);

    assert(now == tag);
    txn->changes++;
    walk->bytes += stored.size;
}

/* From the first row after `walk->after` on; true: to the end of the table. */
static bool walk_table(struct walk *walk, enum table table)
{
    struct store_txn *txn = walk->txn;
    uint8_t from[TABLE_KEY_MAX + 1] = {0}; /* the least key greater than that */
    size_t size = walk->after.size;
    MDB_cursor *cursor = NULL;
    MDB_val key = {.mv_data = from, .mv_size = size + 1}, value;
    int rc = size > TABLE_KEY_MAX ? MDB_BAD_VALSIZE : mdb_cursor_open(txn->mdb, txn->store->tables[table], &cursor);

    if (rc == 0 && size > 0)
        memcpy(from, walk->after.data, size);
    if (rc == 0)
        rc = mdb_cursor_get(cursor, &key, &value, size > 0 ? MDB_SET_RANGE : MDB_FIRST);
    for (; rc == 0 && txn->failure == 0 && !is_full(walk); rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        struct bytes row = bytes_of(value.mv_data, value.mv_size);
        size_t mark;

        walk->after = arena_copy(txn->arena, bytes_of(key.mv_data, key.mv_size));
        mark = arena_mark(txn->arena);
        if (seal_key_id(row) != txn->store->keys->newest)
            reseal_row(walk, cursor, table, walk->after, row);
        arena_rewind(txn->arena, mark);
        walk->rows++;
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    if (rc != 0 && rc != MDB_NOTFOUND)
        fail_txn(txn, fail_from_mdb(rc), table, walk->after);
    return rc == MDB_NOTFOUND;
}

/* Goes on from where `resealing` says, and says there how far it came. */
static void walk_tables(struct walk *walk, Record__Resealing *resealing)
{
    walk->after = bytes_of(resealing->after.data, resealing->after.len);
    for (; resealing->table < TABLE_COUNT; resealing->table++) {
        if (table_is_sealed((enum table)resealing->table) && !walk_table(walk, (enum table)resealing->table))
            break;
        walk->after = bytes_of(NULL, 0);
    }
    resealing->has_after = walk->after.size > 0;
    resealing->after = (ProtobufCBinaryData){.len = walk->after.size};
    memcpy(&resealing->after.data, &walk->after.data, sizeof(walk->after.data)); /* protobuf-c leaves it alone */
    resealing->rows += walk->rows;
    resealing->done = resealing->table == TABLE_COUNT;
}

static Record__Resealing *begin(struct store_txn *txn)
{
    Record__Resealing *resealing = arena_alloc(txn->arena, sizeof(*resealing));
    const Record__Resealing *goes_on = walk_of(txn);

    record__resealing__init(resealing);
    if (goes_on != NULL)
        *resealing = *goes_on;
    resealing->has_key_id = resealing->has_table = resealing->has_rows = resealing->has_done = true;
    resealing->key_id = txn->store->keys->newest;
    return resealing;
}

static int step(struct store *store, struct arena *arena, struct reseal_state *ret_state)
{
    struct store_txn *txn = NULL;
    int failure = store_turn_begin(store, arena, &txn);

    if (failure != 0)
        return failure;

    struct walk walk = {.txn = txn};

    txn->meta->resealing = begin(txn);
    walk_tables(&walk, txn->meta->resealing);
    if (store_failure(txn) == 0)
        *ret_state = state_of(txn);
    meta_write(txn);
    return txn_commit_aside(txn);
}

int reseal_advance(struct store *store, struct arena *arena, struct reseal_state *ret_state)
{
    struct reseal_state state;
    int failure = reseal_look(store, arena, &state);

    if (failure == 0 && !state.is_done)
        failure = step(store, arena, &state);
    arena_reset(arena, 0);
    if (failure != 0)
        return failure;
    *ret_state = state;
    return state.is_done ? 0 : 1;
}

/* ---- Counting ---- */

static void count_table(struct store_txn *txn, enum table table, uint64_t rows[KEYS_DATA_MAX + 1])
{
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    int rc = mdb_cursor_open(txn->mdb, txn->store->tables[table], &cursor);

    while (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
        rows[seal_key_id(bytes_of(value.mv_data, value.mv_size))]++;
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    if (rc != MDB_NOTFOUND)
        fail_txn(txn, fail_from_mdb(rc), table, bytes_of(NULL, 0));
}

int reseal_count(struct store *store, struct arena *arena, uint64_t ret_rows[KEYS_DATA_MAX + 1])
{
    uint64_t rows[KEYS_DATA_MAX + 1] = {0};
    struct store_txn *txn = NULL;
    int failure = store_read_begin(store, arena, &txn);

    if (failure != 0)
        return failure;
    for (int table = 0; table < TABLE_COUNT; table++)
        if (table_is_sealed((enum table)table))
            count_table(txn, (enum table)table, rows);
    failure = store_failure(txn);
    store_read_end(txn);
    arena_reset(arena, 0);
    if (failure == 0)
        memcpy(ret_rows, rows, sizeof(rows));
    return failure;
}
