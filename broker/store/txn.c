/* txn.c - turns and reads: one LMDB transaction each, with a sticky first failure.
 *
 * Each table has one cursor for the whole transaction: rows of one turn lie close together, and LMDB then finds the
 * next one from the page it is on. */
#include <assert.h>
#include <errno.h>

#include "store/internal.h"
#include "store/owner.h"
#include "store/seal.h"

#define NOTE_EVERY_TURNS 256

static struct bytes bytes_of_val(MDB_val value)
{
    return bytes_of(value.mv_data, value.mv_size);
}

/* LMDB's keys are in and out, so not const; it does not write through this one. */
static MDB_val val_of(struct bytes bytes)
{
    union {
        const void *in;
        void *out;
    } data = {.in = bytes.data};

    return (MDB_val){.mv_data = data.out, .mv_size = bytes.size};
}

/* store_reopen may have left nothing open. */
static int begin(struct store *store, unsigned flags, MDB_txn **ret_mdb)
{
    return store->env == NULL ? EIO : mdb_txn_begin(store->env, NULL, flags, ret_mdb);
}

static int begin_failed(struct store *store, int rc)
{
    return fail_with(store, fail_from_mdb(rc), "%s: a transaction cannot begin: %s", store->directory,
                     mdb_strerror(rc));
}

/* What a transaction recalled stays where it is until that one ends. */
static void make_ready(struct store *store)
{
    if (!store->read.live && !store->write.live)
        memory_trim(&store->memory);
}

int txn_begin_write(struct store *store, struct arena *arena, struct store_txn **ret_txn)
{
    struct store_txn *txn = &store->write;

    assert(!store->read_only && !txn->live);
    make_ready(store);
    *txn = (struct store_txn){.store = store, .arena = arena, .writing = true};

    int rc = begin(store, 0, &txn->mdb);

    if (rc != 0)
        return begin_failed(store, rc);
    txn->live = true;
    *ret_txn = txn;
    return 0;
}

int store_turn_begin(struct store *store, struct arena *arena, struct store_txn **ret_txn)
{
    struct store_txn *txn = NULL;
    int failure = txn_begin_write(store, arena, &txn);

    if (failure != 0)
        return failure;
    failure = meta_load(txn);
    if (failure != 0) {
        store_turn_abort(txn);
        return failure;
    }
    *ret_txn = txn;
    return 0;
}

/* The reader's LMDB transaction and cursors are made once and renewed: no allocation, no lock. */
int store_read_begin(struct store *store, struct arena *arena, struct store_txn **ret_txn)
{
    struct store_txn *txn = &store->read, kept = *txn;

    assert(!txn->live);
    make_ready(store);

    int rc = kept.mdb == NULL ? begin(store, MDB_RDONLY, &kept.mdb) : mdb_txn_renew(kept.mdb);

    if (rc != 0)
        return begin_failed(store, rc);
    *txn = (struct store_txn){.store = store, .arena = arena, .mdb = kept.mdb, .live = true};
    memcpy(txn->cursors, kept.cursors, sizeof(txn->cursors));
    *ret_txn = txn;
    return 0;
}

static void scans_end(struct store_txn *txn)
{
    while (txn->scans != NULL)
        store_scan_end(txn->scans);
}

void store_read_end(struct store_txn *txn)
{
    if (txn == NULL)
        return;
    assert(txn->live && !txn->writing);
    scans_end(txn);
    mdb_txn_reset(txn->mdb);
    txn->live = false;
}

void store_turn_abort(struct store_txn *txn)
{
    if (txn == NULL)
        return;
    assert(txn->live && txn->writing);
    scans_end(txn);
    mdb_txn_abort(txn->mdb); /* and with it its cursors */
    *txn = (struct store_txn){0};
}

/* LMDB could not write its meta page, for whatever reason, and serves nobody any more. */
static bool is_panicked(struct store *store)
{
    MDB_txn *asked = NULL;
    int rc = begin(store, MDB_RDONLY, &asked);

    mdb_txn_abort(asked);
    return rc == MDB_PANIC;
}

/* After a panic nobody knows whether the turn is there, so that is told as EIO even of a full disk. Before it, LMDB
 * tells a full disk as EIO, for it sees only a short write. */
static int commit_failed(struct store *store, int rc)
{
    int failure = fail_from_mdb(rc);

    if (is_panicked(store))
        failure = -EIO;
    else if (failure == -EIO && !env_has_room(store))
        failure = -ENOSPC;
    if (failure == -ENOSPC)
        return fail_with(store, failure, "%s: no room to commit a turn: free some, or enlarge it", store->directory);
    return fail_with(store, failure, "%s: a turn cannot be committed: %s", store->directory, mdb_strerror(rc));
}

int txn_commit(struct store_txn *txn)
{
    struct store *store = txn->store;
    int failure = txn->failure;

    assert(txn->live && txn->writing);
    scans_end(txn);
    if (failure != 0) {
        store_turn_abort(txn);
        return failure;
    }

    int rc = mdb_txn_commit(txn->mdb);
    const Record__Meta *meta = txn->meta;

    *txn = (struct store_txn){0};
    if (rc != 0)
        return commit_failed(store, rc);
    meta_take(store, meta);
    if (store->owner_fd >= 0 && store->mark.index % NOTE_EVERY_TURNS == 0)
        owner_write(store->owner_fd, (struct owner_note){store->identity.incarnation, store->mark.index});
    return 0;
}

/* After a commit whose outcome is unknown LMDB serves nobody until the store is opened anew. A turn does so by itself,
 * but questions make no turn. Where the store does not open again, the next turn fails and says so. */
int txn_commit_aside(struct store_txn *txn)
{
    struct store *store = txn->store;
    int failure = txn_commit(txn);

    if (failure == -EIO)
        (void)store_reopen(store);
    return failure;
}

int store_turn_end(struct store_txn *txn, const struct store_turn *turn)
{
    assert(turn->index > txn->meta->index);
    txn->meta->index = turn->index;
    txn->meta->time_ms = turn->time.ms;
    books_write(txn);
    ledgers_write(txn, turn);
    audit_write(txn, turn);
    meta_write(txn);
    return txn_commit(txn);
}

int store_failure(const struct store_txn *txn)
{
    return txn->failure;
}

int store_within(struct store_txn *txn, store_work work, void *user)
{
    jmp_buf way_out;

    assert(txn->live && txn->way_out == NULL);
    if (txn->failure == 0 && setjmp(way_out) == 0) {
        txn->way_out = &way_out;
        work(user, txn);
    }
    txn->way_out = NULL;
    return txn->failure;
}

uint64_t store_put_count(const struct store_txn *txn)
{
    return txn->put_count;
}

struct arena *store_arena(struct store_txn *txn)
{
    return txn->arena;
}

struct store *store_of(struct store_txn *txn)
{
    return txn->store;
}

static MDB_cursor *cursor_of(struct store_txn *txn, enum table table)
{
    MDB_cursor **cursor = &txn->cursors[table];
    uint64_t bit = 1ULL << table;
    int rc = 0;

    static_assert(TABLE_COUNT <= 64, "one bit a table");
    if ((txn->bound & bit) != 0)
        return *cursor;
    if (*cursor != NULL)
        rc = mdb_cursor_renew(txn->mdb, *cursor);
    else
        rc = mdb_cursor_open(txn->mdb, txn->store->tables[table], cursor);
    if (rc != 0) {
        fail_txn(txn, fail_from_mdb(rc), table, bytes_of(NULL, 0));
        return NULL;
    }
    txn->bound |= bit;
    return *cursor;
}

/* The table's cursor on this row, and its stored value; NULL: no such row, or the transaction has failed. */
static MDB_cursor *find(struct store_txn *txn, enum table table, struct bytes key, struct bytes *ret_stored)
{
    assert(txn->live && key.size > 0 && key.size <= TABLE_KEY_MAX);

    MDB_cursor *cursor = txn->failure == 0 ? cursor_of(txn, table) : NULL;
    MDB_val at = val_of(key), value;

    if (cursor == NULL)
        return NULL;

    int rc = mdb_cursor_get(cursor, &at, &value, MDB_SET);

    if (rc == 0) {
        *ret_stored = bytes_of_val(value);
        return cursor;
    }
    if (rc != MDB_NOTFOUND)
        fail_txn(txn, fail_from_mdb(rc), table, key);
    return NULL;
}

int txn_try_value(struct store_txn *txn, enum table table, struct bytes key, struct bytes stored,
                  struct bytes *ret_value)
{
    size_t size = 0;

    if (!seal_plain_size(table, stored, &size))
        return -EBADMSG;

    uint8_t *plain = arena_alloc(txn->arena, size);
    int failure = store_unseal(txn->store, table, key, stored, plain);

    if (failure == 0)
        *ret_value = bytes_of(plain, size);
    return failure;
}

bool txn_open_value(struct store_txn *txn, enum table table, struct bytes key, struct bytes stored,
                    struct bytes *ret_value)
{
    int failure = txn_try_value(txn, table, key, stored, ret_value);

    if (failure != 0)
        fail_txn(txn, failure, table, key);
    return failure == 0;
}

bool store_get(struct store_txn *txn, enum table table, struct bytes key, struct bytes *ret_value)
{
    struct bytes stored;

    return find(txn, table, key, &stored) != NULL && txn_open_value(txn, table, key, stored, ret_value);
}

bool store_has(struct store_txn *txn, enum table table, struct bytes key)
{
    size_t mark = arena_mark(txn->arena);
    struct bytes value;
    bool is_there = store_get(txn, table, key, &value); /* a key alone proves nothing */

    arena_rewind(txn->arena, mark);
    return is_there;
}

bool txn_row_tag(struct store_txn *txn, enum table table, struct bytes key, uint64_t *ret_tag)
{
    struct bytes stored;

    return key.size > 0 && key.size <= TABLE_KEY_MAX && find(txn, table, key, &stored) != NULL &&
           seal_tag(stored, ret_tag);
}

/* The old row leaves the table's sum; its tag is enough, it need not be opened. */
static bool sum_take(struct store_txn *txn, enum table table, struct bytes key, struct bytes stored)
{
    uint64_t tag = 0;

    if (!seal_tag(stored, &tag)) {
        fail_txn(txn, -EBADMSG, table, key);
        return false;
    }
    txn->sums[table].rows--;
    txn->sums[table].sum -= tag;
    return true;
}

/* Sealed straight into LMDB's page. */
static int put(struct store_txn *txn, enum table table, struct bytes key, struct bytes value, unsigned flags)
{
    MDB_cursor *cursor = cursor_of(txn, table);
    MDB_val at = val_of(key), room = {.mv_size = seal_size(table, value.size)};
    int rc = cursor == NULL ? MDB_PANIC : mdb_cursor_put(cursor, &at, &room, flags | MDB_RESERVE);

    if (rc != 0)
        return rc;
    txn->sums[table].rows++;
    txn->sums[table].sum += seal_write(txn->store->keys, table, key, value, room.mv_data);
    txn->put_count++;
    txn->changes++;
    return 0;
}

void store_put(struct store_txn *txn, enum table table, struct bytes key, struct bytes value)
{
    struct bytes old;
    bool there = find(txn, table, key, &old) != NULL;

    assert(txn->writing);
    if (txn->failure != 0 || (there && !sum_take(txn, table, key, old)))
        return;

    int rc = put(txn, table, key, value, there ? MDB_CURRENT : 0);

    if (rc != 0)
        fail_txn(txn, fail_from_mdb(rc), table, key);
}

/* Tables whose new keys come last: LMDB then fills its pages instead of halving them. */
static bool grows_at_end(enum table table)
{
    return table == TABLE_DEDUP || table == TABLE_REFERRAL || table == TABLE_BODY || table == TABLE_AUDIT ||
           table == TABLE_BOOKING || table == TABLE_LEDGER;
}

void store_add(struct store_txn *txn, enum table table, struct bytes key, struct bytes value)
{
    assert(txn->live && txn->writing && key.size > 0 && key.size <= TABLE_KEY_MAX);
    if (txn->failure != 0)
        return;

    int rc = grows_at_end(table) ? put(txn, table, key, value, MDB_APPEND) : MDB_KEYEXIST;

    if (rc == MDB_KEYEXIST) /* not the last key, or an older referral's */
        rc = put(txn, table, key, value, MDB_NOOVERWRITE);
    if (rc != 0)
        fail_txn(txn, rc == MDB_KEYEXIST ? -EBADMSG : fail_from_mdb(rc), table, key);
}

void txn_put_absent(struct store_txn *txn, enum table table, struct bytes key, struct bytes value)
{
    int rc = txn->failure == 0 ? put(txn, table, key, value, MDB_NOOVERWRITE) : MDB_KEYEXIST;

    assert(txn->writing);
    if (rc != 0 && rc != MDB_KEYEXIST)
        fail_txn(txn, fail_from_mdb(rc), table, key);
}

bool store_delete(struct store_txn *txn, enum table table, struct bytes key)
{
    struct bytes old;
    MDB_cursor *cursor = find(txn, table, key, &old);

    assert(txn->writing);
    if (cursor == NULL || !sum_take(txn, table, key, old))
        return false;

    int rc = mdb_cursor_del(cursor, 0);

    if (rc != 0) {
        fail_txn(txn, fail_from_mdb(rc), table, key);
        return false;
    }
    txn->put_count++;
    txn->changes++;
    return true;
}
