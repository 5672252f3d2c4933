/* internal.h - what the files of the store share; included by nobody else. */
#pragma once
#include <lmdb.h>
#include <setjmp.h>

#include "record.pb-c.h"
#include "store/keys.h"
#include "store/store.h"
#include "store/verify.h"

struct table_sum {
    uint64_t rows, sum; /* sum of the row tags, modulo 2^64 */
};

struct books_slot { /* one inbox's books in memory for a transaction (D7) */
    struct books_slot *next;
    uint32_t institution;
    bool touched;
    Record__Books *books;
};
#define BOOKS_BUCKETS 64

struct ledger_slot {          /* one hospital's rows of this turn, until they are written as pages (Q13) */
    struct ledger_slot *next; /* of a higher number */
    uint32_t hospital;
    char *hospital_id;
    ProtobufCBinaryData *rows;
    size_t count, room;
};

struct store_txn {
    struct store *store;
    struct arena *arena;
    MDB_txn *mdb; /* a reader's is kept between its transactions, reset */
    bool live, writing;
    int failure;      /* the first */
    jmp_buf *way_out; /* where it leads; NULL: on */
    uint64_t put_count;
    uint64_t changes;                 /* of LMDB's pages: cursors find their place anew after one */
    MDB_cursor *cursors[TABLE_COUNT]; /* opened at first use; a reader's are kept */
    uint64_t bound;                   /* bit of a table: its cursor belongs to this transaction */
    struct store_cursor *scans;       /* open ones */
    struct table_sum sums[TABLE_COUNT];
    Record__Meta *meta;
    struct books_slot *books[BOOKS_BUCKETS];
    struct ledger_slot *ledgers;
    ProtobufCBinaryData *audit_rows;
    size_t audit_count, audit_room;
};

#define MEMORY_BUCKETS 1024
struct memory { /* memory.h */
    struct arena arena;
    struct remembered *buckets[MEMORY_BUCKETS];
};

struct store {
    char *directory;
    uint64_t map_bytes;
    bool read_only;
    int owner_fd; /* -1: none */
    MDB_env *env;
    MDB_dbi tables[TABLE_COUNT];
    struct keys *keys;
    uint8_t *host_key;   /* guarded; of a reader only, who takes the keys that were added meanwhile by himself */
    uint32_t newest_key; /* data key that had sealed what was written, by the meta row */
    struct store_identity identity;
    struct store_mark mark;
    struct store_txn write, read;
    struct memory memory;
    struct suspect_page *suspect; /* suspect.h; NULL: nobody watches */
    struct {
        uint64_t turn; /* LMDB's transaction id when it was counted; 0: never */
        uint64_t pages;
    } free;
    uint64_t left_out; /* search.h */
    char error[STORE_ERROR_SIZE];
};

#define DEDUP_ID_SIZE 17 /* what a command's key makes of the message id; the sender follows */

/* fail.c: LMDB's return codes as ours; lines for people. */
int fail_from_mdb(int rc);
/* Keeps the line and returns `failure`. */
int fail_with(struct store *store, int failure, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The transaction's first failure, with table and key; a partner's own strings are left out (P1). */
void fail_txn(struct store_txn *txn, int failure, enum table table, struct bytes key);
/* The same line where the transaction goes on without that row. */
void fail_row(struct store *store, int failure, enum table table, struct bytes key);
/* Table and key in hex, without the part of a key that is a partner's text (P1). */
void fail_place(char *out, size_t size, enum table table, struct bytes key);

/* env.c: the LMDB environment of store->directory. `create`: of a new store. */
int env_open(struct store *store, bool create);
void env_close(struct store *store); /* closed already is fine */
/* Is there room on the disk for another turn? Asked after a commit failed. */
bool env_has_room(const struct store *store);

/* store.c: an unopened handle (sodium is ready); its keys from the file. */
int store_new(const struct store_options *options, struct store **ret_store);
int store_keys_load(struct store *store, const uint8_t *host_key);
/* Opens a stored row as seal_read does; of a reader also one that a key sealed which was added since. */
int store_unseal(struct store *store, enum table table, struct bytes key, struct bytes stored, uint8_t *out);
/* The line about what failed outlives a store that did not open. Returns `failure`. */
int store_tell(const struct store *store, const struct store_options *options, int failure);
#define STORE_DATA_FILE "data.mdb"
/* There while a store is restored: whoever opens what a power cut left of that would go on in the old incarnation. */
#define RESTORING_FILE "restoring"
bool store_has_file(const char *directory, const char *file);
/* store_open of what is being restored. */
int store_open_restoring(const struct store_options *options, struct store **ret_store);

/* txn.c. A write transaction that is no turn (creation, restoring, the search index); store_turn_begin also loads the
 * meta row. */
int txn_begin_write(struct store *store, struct arena *arena, struct store_txn **ret_txn);
/* Commits what is there, and the mark of txn->meta becomes the store's. The transaction is gone whatever the result. */
int txn_commit(struct store_txn *txn);
/* The same of what is no turn and may be done again. Where the outcome is unknown the store is opened anew. */
int txn_commit_aside(struct store_txn *txn);
/* Adds a row unless there is one of that key already: one way down the tree, where store_put takes two. */
void txn_put_absent(struct store_txn *txn, enum table table, struct bytes key, struct bytes value);
/* Opens a stored value into the arena; 0, or why it does not open. */
int txn_try_value(struct store_txn *txn, enum table table, struct bytes key, struct bytes stored,
                  struct bytes *ret_value);
/* The same; false: it fails the transaction. */
bool txn_open_value(struct store_txn *txn, enum table table, struct bytes key, struct bytes stored,
                    struct bytes *ret_value);

/* scan.c: as store_next; of a row that is damaged the value is given as one without data, and the transaction goes
 * on. */
bool scan_next_any(struct store_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value);

/* The tag of a row as it is now; false: there is none. */
bool txn_row_tag(struct store_txn *txn, enum table table, struct bytes key, uint64_t *ret_tag);

/* memory.c. Room of address space, -ENOMEM where there is none; between transactions what has grown large is
 * forgotten. */
int memory_open(struct memory *memory);
void memory_close(struct memory *memory);
void memory_trim(struct memory *memory);

/* meta.c. The meta row of a new store, in txn->meta. */
void meta_init(struct store_txn *txn, const char *short_name, struct instant now, bool test_time);
/* Raises txn->meta to an incarnation never used before: the seconds of `now`, which are above the present one. */
void meta_new_incarnation(struct store_txn *txn, struct instant now);
int meta_load(struct store_txn *txn);
void meta_write(struct store_txn *txn);
/* Identity and mark of the store, from its meta row. */
void meta_take(struct store *store, const Record__Meta *meta);
/* Reads them in a transaction of its own. */
int meta_refresh(struct store *store);

/* audit.c: follows the chain from the first turn to the mark (P3). False: broken at the turn given, or there is no
 * record from there on though the mark says so. The meta row must be loaded. */
bool audit_walk(struct store_txn *txn, uint64_t *ret_records, uint64_t *ret_broken_at);
/* The chain's digest once the turn `index` was over, followed from the first one on. False: broken before. */
bool audit_digest_at(struct store_txn *txn, uint64_t index, uint8_t ret_digest[STORE_DIGEST_SIZE]);
/* As audit_walk, of the last `turns` turns only, or of the last record where those left none. */
bool audit_walk_end(struct store_txn *txn, uint64_t turns, uint64_t *ret_records, uint64_t *ret_broken_at);

/* ledger.c: follows one hospital's chain of pages from its first row to its head (Q13). False: broken after so many
 * rows, or it does not end where its head says. The meta row must be loaded. */
bool ledger_walk(struct store_txn *txn, uint32_t hospital, uint64_t *ret_rows);

/* recount.c: one inbox's books against its rows; the arena keeps a few bytes of it. */
struct recount recount_inbox(struct store_txn *txn, uint32_t institution);
#define RECOUNT_ARENA_BYTES (64UL << 20) /* several times the largest audit record of a turn */

/* search.c: are the rows of its table, whose sum was counted, what the referrals say (search.h)? The meta row must be
 * loaded. */
bool search_agrees(struct store_txn *txn, struct table_sum counted);

/* audit.c, books.c, ledger.c: what a turn writes at its end. */
void audit_write(struct store_txn *txn, const struct store_turn *turn);
void books_write(struct store_txn *txn);
void ledgers_write(struct store_txn *txn, const struct store_turn *turn);
