/* scan.c - walking a table in order of key while the same transaction may change it. */
#include <assert.h>
#include <errno.h>

#include "store/internal.h"

struct store_cursor {
    struct store_txn *txn;
    struct store_cursor *next;
    enum table table;
    MDB_cursor *mdb; /* NULL: the transaction had failed */
    struct bytes prefix;
    uint64_t changes; /* of the transaction, when the cursor last moved */
    bool started;
    size_t last_size; /* of the last key given, or of the first one sought */
    uint8_t last[TABLE_KEY_MAX];
};

static bool is_after(struct bytes a, struct bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

    return order > 0 || (order == 0 && a.size > b.size);
}

struct store_cursor *store_scan(struct store_txn *txn, enum table table, struct bytes prefix, struct bytes from)
{
    struct store_cursor *cursor = arena_zalloc(txn->arena, sizeof(*cursor));
    bool from_is_later = is_after(from, prefix);

    assert(txn->live && prefix.size <= TABLE_KEY_MAX && from.size <= TABLE_KEY_MAX);
    cursor->txn = txn;
    cursor->table = table;
    cursor->prefix = arena_copy(txn->arena, prefix);
    cursor->last_size = from_is_later ? from.size : prefix.size;
    if (cursor->last_size > 0)
        memcpy(cursor->last, from_is_later ? from.data : prefix.data, cursor->last_size);
    if (txn->failure == 0) {
        int rc = mdb_cursor_open(txn->mdb, txn->store->tables[table], &cursor->mdb);

        if (rc != 0)
            fail_txn(txn, fail_from_mdb(rc), table, prefix);
    }
    cursor->next = txn->scans;
    txn->scans = cursor;
    return cursor;
}

void store_scan_end(struct store_cursor *cursor)
{
    if (cursor == NULL)
        return;

    struct store_cursor **at = &cursor->txn->scans;

    while (*at != cursor) {
        assert(*at != NULL);
        at = &(*at)->next;
    }
    *at = cursor->next;
    if (cursor->mdb != NULL)
        mdb_cursor_close(cursor->mdb);
}

/* The first key at or after the one kept. An empty key means the start: LMDB cannot seek it. */
static int seek(struct store_cursor *cursor, MDB_val *key, MDB_val *value)
{
    *key = (MDB_val){.mv_data = cursor->last, .mv_size = cursor->last_size};
    return mdb_cursor_get(cursor->mdb, key, value, cursor->last_size > 0 ? MDB_SET_RANGE : MDB_FIRST);
}

/* After a put or a delete the cursor finds its place again by its last key: always strictly after it, whatever
 * changed. */
static int step(struct store_cursor *cursor, MDB_val *key, MDB_val *value)
{
    if (!cursor->started)
        return seek(cursor, key, value);
    if (cursor->changes == cursor->txn->changes)
        return mdb_cursor_get(cursor->mdb, key, value, MDB_NEXT);

    int rc = seek(cursor, key, value);

    if (rc == 0 && key->mv_size == cursor->last_size && memcmp(key->mv_data, cursor->last, key->mv_size) == 0)
        rc = mdb_cursor_get(cursor->mdb, key, value, MDB_NEXT);
    return rc;
}

/* A damaged page may lead back, or to a page of other keys: nobody is given a row twice, or one that he has not asked
 * for. */
static bool is_in_order(const struct store_cursor *cursor, struct bytes key)
{
    struct bytes last = bytes_of(cursor->last, cursor->last_size);

    return cursor->started ? is_after(key, last) : !is_after(last, key);
}

static bool move(struct store_cursor *cursor, struct bytes *ret_stored)
{
    struct store_txn *txn = cursor->txn;
    MDB_val key, value;

    if (txn->failure != 0 || cursor->mdb == NULL)
        return false;

    int rc = step(cursor, &key, &value);

    if (rc == MDB_NOTFOUND)
        return false;
    if (rc != 0 || key.mv_size > TABLE_KEY_MAX || !is_in_order(cursor, bytes_of(key.mv_data, key.mv_size))) {
        fail_txn(txn, rc != 0 ? fail_from_mdb(rc) : -EBADMSG, cursor->table, cursor->prefix);
        return false;
    }
    if (key.mv_size < cursor->prefix.size || memcmp(key.mv_data, cursor->prefix.data, cursor->prefix.size) != 0)
        return false;
    memcpy(cursor->last, key.mv_data, key.mv_size);
    cursor->last_size = key.mv_size;
    cursor->changes = txn->changes;
    cursor->started = true;
    *ret_stored = bytes_of(value.mv_data, value.mv_size);
    return true;
}

bool scan_next_any(struct store_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value)
{
    struct bytes stored, key, value;
    int failure;

    if (!move(cursor, &stored))
        return false;
    key = arena_copy(cursor->txn->arena, bytes_of(cursor->last, cursor->last_size));
    failure = txn_try_value(cursor->txn, cursor->table, key, stored, &value);
    if (failure != 0 && failure != -EBADMSG) {
        fail_txn(cursor->txn, failure, cursor->table, key);
        return false;
    }
    *ret_key = key;
    *ret_value = failure == 0 ? value : bytes_of(NULL, 0);
    return true;
}

bool store_next(struct store_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value)
{
    struct bytes key, value;

    if (!scan_next_any(cursor, &key, &value))
        return false;
    if (value.data == NULL) {
        store_damaged(cursor->txn, cursor->table, key);
        return false;
    }
    *ret_key = key;
    *ret_value = value;
    return true;
}

/* Does the key agree with its row? That of a sealed one is known when somebody opens it, as whoever gives out more than
 * a count of keys does. */
static bool is_of_its_row(struct store_cursor *cursor, struct bytes stored)
{
    struct store_txn *txn = cursor->txn;
    size_t mark = arena_mark(txn->arena);
    struct bytes value;
    bool is_sound = table_is_sealed(cursor->table) ||
                    txn_open_value(txn, cursor->table, bytes_of(cursor->last, cursor->last_size), stored, &value);

    arena_rewind(txn->arena, mark);
    return is_sound;
}

bool store_next_key(struct store_cursor *cursor, struct bytes *ret_key)
{
    struct bytes stored;

    if (!move(cursor, &stored) || !is_of_its_row(cursor, stored))
        return false;
    *ret_key = arena_copy(cursor->txn->arena, bytes_of(cursor->last, cursor->last_size));
    return true;
}
