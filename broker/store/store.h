/* store.h - the store's environment and its turns: the only place that knows LMDB.
 *
 * A store is a directory: data.mdb (LMDB), lock.mdb, keys (wrapped data and index keys), owner.lock (flock: one daemon;
 * LMDB does not refuse a second writer process). Durable by LMDB's default flags only. Failures are negative errno-like
 * numbers, passed up unchanged: -ENOSPC full map or disk, -EIO, -EBUSY in use by another daemon, -ENOENT no store
 * there, -EPROTO another schema or not a store, -EBADMSG a row that does not agree with its sum or seal, or that none
 * of ours could be (corruption), -EACCES wrong host key, -EPERM keys that others may read, -ESTALE an older copy put in
 * the place of a store that went on, or what is left of a restore that was cut short (store_restore is the way). A
 * process opens a store once. */
#pragma once
#include "base/arena.h"
#include "base/id.h"
#include "base/instant.h"
#include "store/table.h"

/* Of the store and its rows, and raised with them. A store of another one is refused with -EPROTO: a newer one waits
 * for the version that wrote it; 1 was in no release, and nothing is brought over from it. */
#define STORE_SCHEMA        2
#define STORE_DIGEST_SIZE   32
#define STORE_HOST_KEY_SIZE 32
#define STORE_ERROR_SIZE    512

struct store;
struct store_txn;

struct store_identity {
    uint8_t store_id[16];
    char short_name[STORE_NAME_MAX + 1];
    uint32_t incarnation;
    bool test_time; /* C4: made for test time */
};

/* What the last committed turn left. */
struct store_mark {
    uint64_t index;
    struct instant time;
    uint8_t digest[STORE_DIGEST_SIZE];
};

struct store_options {
    const char *directory;
    uint64_t map_bytes;      /* 0: 64 GiB, sparse */
    const uint8_t *host_key; /* STORE_HOST_KEY_SIZE bytes that wrap the data keys; borrowed for the call */
    bool read_only;          /* beside a running daemon: no owner lock, write turns assert */
    char *error;             /* STORE_ERROR_SIZE bytes for store_error's line where there is no store to ask; or NULL */
};

/* Makes a new store in an empty or absent directory. -EEXIST where one is. `now` is the base of its first
 * incarnation. */
int store_create(const struct store_options *options, const char *short_name, struct instant now, bool test_time);
int store_open(const struct store_options *options, struct store **ret_store);
void store_close(struct store *store); /* NULL is fine */
/* A copy of `from` (a store directory, closed or running) is made in `to` (absent or empty), in a new incarnation that
 * was never used before: no id is given twice, and acks of older deliveries are stale. -EINVAL where `now` is not past
 * the second in which the present incarnation began. */
int store_restore(const struct store_options *from, const char *to, struct instant now);

/* The same store again in `to` (absent or empty), as of one instant and in its own incarnation: what a backup is made
 * of. A running store grows as long as it lasts. Who kills it lets the pages it pinned go by opening the store. */
int store_copy(const struct store_options *from, const char *to);
/* As store_restore, of a backup file (backup.h) that `key` opens; `from` brings the host key, its directory is not
 * read. Also -EACCES: another key sealed it, or its head is damaged. */
int store_restore_backup(const struct store_options *from, const char *file, const uint8_t *key, const char *to,
                         struct instant now);

const struct store_identity *store_identity(const struct store *store);
struct store_mark store_mark(const struct store *store); /* of a read-only store: as it was opened */
/* One line for people about the last failed call: what, where, what to do. */
const char *store_error(const struct store *store);

struct store_room {
    uint64_t used_bytes, limit_bytes; /* the smaller of map and disk */
    bool full;                        /* 85 %: no new work (D6) */
};
/* Cheap enough to ask before each turn; it also keeps blocks of the file ahead, so that on a disk others have filled
 * acks still go. */
int store_room(struct store *store, struct store_room *ret_room);

struct store_reader { /* a process that reads a state of the store which is no longer the newest */
    int pid;          /* 0: there is none */
    uint64_t state;   /* which; a number of its own for each */
    uint64_t turns;   /* writes since */
};
/* The one that reads the oldest: pages that were free since cannot be used again before it ends. Lets go what killed
 * readers pinned. */
int store_oldest_reader(struct store *store, struct store_reader *ret_reader);

/* One write turn at a time. Everything read or made in it lives in `arena` until the turn ends. */
int store_turn_begin(struct store *store, struct arena *arena, struct store_txn **ret_txn);
/* A read-only view of the last commit: short, within one call of the loop. */
int store_read_begin(struct store *store, struct arena *arena, struct store_txn **ret_txn);
void store_read_end(struct store_txn *txn); /* NULL is fine */

struct store_turn { /* what the turn leaves as its mark */
    uint64_t index;
    struct instant time;
    uint8_t batch_digest[STORE_DIGEST_SIZE];
};
/* Writes books, audit, sums and the mark, and commits: visible afterwards, and with the embedded log durable too. The
 * transaction is gone whatever the result; on failure nothing of it is there (but see store_reopen). */
int store_turn_end(struct store_txn *txn, const struct store_turn *turn);
void store_turn_abort(struct store_txn *txn); /* NULL is fine */
/* Makes all visible turns durable; returns at once where they are. */
int store_flush(struct store *store);
/* Takes the data keys that were added to the file since: what is written is of the newest from now on, and rows of
 * older ones wait for reseal.h. As store_open where the host key or the file is not right; -EACCES too where a key is
 * missing that is in use: then nothing changes. */
int store_keys_take(struct store *store, const uint8_t *host_key);
uint32_t store_newest_key(const struct store *store);
/* After -EIO at commit: closes and opens the environment again and reads the mark, which tells whether the turn is
 * there. */
int store_reopen(struct store *store);

/* The transaction keeps its first failure: a row of puts, then one look. Reads after a failure find nothing. */
int store_failure(const struct store_txn *txn);
/* Runs `work`, which is left at the transaction's first failure: nobody goes on with what could not be read. 0, or that
 * failure. What work has made lies in arenas, or is let go by whoever called. Not for a store_within inside another. */
typedef void (*store_work)(void *user, struct store_txn *txn);
int store_within(struct store_txn *txn, store_work work, void *user);
/* What a row says cannot be, whatever its seal: the transaction fails with -EBADMSG. For whoever reads rows; where
 * nothing is left to go on with, the caller returns, for outside of store_within this does. */
void store_damaged(struct store_txn *txn, enum table table, struct bytes key);
/* How many rows were put or deleted so far: a refused command leaves it unchanged (engine asserts). */
uint64_t store_put_count(const struct store_txn *txn);
struct arena *store_arena(struct store_txn *txn);
struct store *store_of(struct store_txn *txn);

/* Rows. Keys at most TABLE_KEY_MAX bytes. Values are plaintext in the txn's arena; sealing and sums happen below. */
bool store_get(struct store_txn *txn, enum table table, struct bytes key, struct bytes *ret_value);
bool store_has(struct store_txn *txn, enum table table, struct bytes key);
void store_put(struct store_txn *txn, enum table table, struct bytes key, struct bytes value);
bool store_delete(struct store_txn *txn, enum table table, struct bytes key); /* false: was not there */
/* Appends below a prefix that grows in time order, where the key is known to be new: cheaper than store_put. Where it
 * is there already, one row says what another does not: the transaction fails with -EBADMSG. */
void store_add(struct store_txn *txn, enum table table, struct bytes key, struct bytes value);

/* In order of key, from the first key >= `from`, as long as the key starts with `prefix`. Puts in between are
 * allowed. */
struct store_cursor;
struct store_cursor *store_scan(struct store_txn *txn, enum table table, struct bytes prefix, struct bytes from);
bool store_next(struct store_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value);
/* Keys only: compares a plain row with its tag, and does not unseal a sealed one. */
bool store_next_key(struct store_cursor *cursor, struct bytes *ret_key);
void store_scan_end(struct store_cursor *cursor); /* NULL is fine */

/* 128-bit keyed hash under the store's index key, for keys made of foreign text (message ids, references, patients).
 * Also for logs (P1). */
void store_keyed_hash(const struct store *store, struct bytes text, uint8_t ret_hash[16]);
