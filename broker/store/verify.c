/* verify.c - every row opened and summed, the chains followed, the books recounted. */
#include "store/verify.h"

#include <errno.h>
#include <inttypes.h>

#include "store/internal.h"
#include "store/owner.h"
#include "store/pages.h"
#include "store/rows_place.h"
#include "store/seal.h"

#define PROGRESS_ROWS 4096

struct check {
    struct store_txn *txn;
    verify_progress progress;
    void *user;
    uint64_t done, total;    /* rows */
    struct table_sum search; /* as counted */
    int failure;             /* of looking: the machine's */
    struct verify_result result;
};

static void fault(struct check *check, const char *what, const char *where)
{
    struct verify_result *result = &check->result;

    if (result->faults++ == 0)
        snprintf(result->first_fault, sizeof(result->first_fault), "%s: %s", what, where);
}

static void report(struct check *check, const char *what)
{
    if (check->progress != NULL)
        check->progress(check->user, what, check->done, check->total);
}

/* The row's tag is computed anew from what it holds; a row that does not open has none. */
static bool row_check(struct check *check, enum table table, struct bytes key, struct bytes stored, uint64_t *ret_tag)
{
    size_t mark = arena_mark(check->txn->arena), size = 0;
    bool sound = seal_plain_size(table, stored, &size) &&
                 store_unseal(check->txn->store, table, key, stored, arena_alloc(check->txn->arena, size)) == 0 &&
                 seal_tag(stored, ret_tag);

    if (!sound) {
        char place[160];

        fail_place(place, sizeof(place), table, key);
        fault(check, "a row does not agree with its seal", place);
    }
    arena_rewind(check->txn->arena, mark);
    return sound;
}

/* A walk goes from page to page and does not look at the keys above them, which lead who asks for one row. */
static void way_check(struct check *check, enum table table, MDB_val key, MDB_val value)
{
    MDB_val found;
    char place[160];

    if (mdb_get(check->txn->mdb, check->txn->store->tables[table], &key, &found) == 0 && found.mv_data == value.mv_data)
        return;
    fail_place(place, sizeof(place), table, bytes_of(key.mv_data, key.mv_size));
    fault(check, "a row is not found by its key", place);
}

static struct table_sum table_walk(struct check *check, enum table table)
{
    struct table_sum sum = {0};
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    int rc = mdb_cursor_open(check->txn->mdb, check->txn->store->tables[table], &cursor);

    while (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        uint64_t tag = 0;

        if (row_check(check, table, bytes_of(key.mv_data, key.mv_size), bytes_of(value.mv_data, value.mv_size), &tag)) {
            sum.rows++;
            sum.sum += tag;
            way_check(check, table, key, value);
        }
        check->result.rows++;
        if (++check->done % PROGRESS_ROWS == 0)
            report(check, table_name(table));
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    if (rc > 0) /* the machine's trouble, not the table's */
        fail_txn(check->txn, fail_from_mdb(rc), table, bytes_of(NULL, 0));
    else if (rc != MDB_NOTFOUND)
        fault(check, "a table cannot be walked", table_name(table));
    return sum;
}

/* A damaged page may hide rows that are each sound: only the sum sees that. */
static void table_check(struct check *check, enum table table)
{
    struct table_sum counted = table_walk(check, table), noted = check->txn->sums[table];

    if (!table_is_derived(table) && (counted.rows != noted.rows || counted.sum != noted.sum))
        fault(check, "a table does not agree with its sum: rows are missing, added or changed", table_name(table));
    if (table == TABLE_REFERRAL)
        check->result.referrals = counted.rows;
    if (table == TABLE_SEARCH)
        check->search = counted;
}

static void chain_check(struct check *check)
{
    uint64_t broken_at = 0;
    char where[64];

    report(check, "audit chain");
    if (audit_walk(check->txn, &check->result.turns, &broken_at))
        return;
    snprintf(where, sizeof(where), "turn %" PRIu64 " or the last one before it", broken_at);
    fault(check, "the audit chain is broken", where);
}

static void ledger_check(struct check *check, uint32_t hospital)
{
    uint64_t rows = 0;
    size_t mark = arena_mark(check->txn->arena);

    if (!ledger_walk(check->txn, hospital, &rows)) {
        const char *id = institution_id_of(check->txn, hospital);
        char where[128];

        snprintf(where, sizeof(where), "hospital %" PRIu32 " (%s), after row %" PRIu64, hospital,
                 id != NULL ? id : "unknown", rows);
        fault(check, "the ledger of a hospital is broken", where);
    }
    check->result.ledgers++;
    check->result.ledger_rows += rows;
    arena_rewind(check->txn->arena, mark);
}

static void ledgers_check(struct check *check)
{
    uint32_t hospital = 0;

    report(check, "ledgers");
    for (uint64_t from = 0; from <= UINT32_MAX; from = (uint64_t)hospital + 1) {
        if (!ledger_hospital_from(check->txn, (uint32_t)from, &hospital))
            break;
        ledger_check(check, hospital);
    }
    if (store_failure(check->txn) != 0)
        fault(check, "the ledgers cannot all be read", "table LEDGER or LEDGER_HEAD");
}

static void books_check(struct check *check)
{
    uint64_t waiting = 0, dead = 0;

    report(check, "books");
    for (uint32_t number = 1; number < check->txn->meta->next_institution; number++) {
        struct recount recount = recount_inbox(check->txn, number);

        if (store_failure(check->txn) != 0) {
            fault(check, "the books of an inbox cannot be recounted", recount.id);
            return;
        }
        waiting += recount.counted_waiting;
        dead += recount.counted_dead;
        check->result.inboxes++;
        if (!recount.balances)
            fault(check, "the books of an inbox do not balance", recount.id);
    }
    if (waiting != check->txn->sums[TABLE_INBOX].rows || dead != check->txn->sums[TABLE_DEAD].rows)
        fault(check, "messages lie in the inbox of nobody", "table INBOX or DEAD");
}

/* It is outside the sums, but can be made anew: so it is compared with what it is made of. */
static void search_check(struct check *check)
{
    report(check, "search index");
    if (!search_agrees(check->txn, check->search))
        fault(check, "the search index lacks a referral, or has another: `referralctl reindex`", "table SEARCH");
}

/* A damaged meta page makes LMDB take the commit before for the last one: all rows are sound, but some are not yet
 * there. */
static void note_check(struct check *check, struct owner_note note)
{
    const Record__Meta *meta = check->txn->meta;

    if (owner_is_ahead(note, (struct owner_note){.incarnation = meta->incarnation, .index = meta->index}))
        fault(check, "the store had gone further: an older copy, or its last turns are hidden", OWNER_FILE);
}

/* A list of free pages that names others makes a later turn write over rows that are sound now. */
static void pages_check(struct check *check)
{
    struct pages_count count = {0};
    int failure;

    report(check, "pages");
    failure = pages_count(check->txn->store, &count);
    if (failure == -EBADMSG)
        fault(check, "the pages of the store cannot be counted", strerror(-failure));
    else if (failure != 0)
        check->failure = fail_with(check->txn->store, failure, "%s: its pages cannot be read: %s",
                                   check->txn->store->directory, strerror(-failure));
    else if (count.faults != 0)
        fault(check, "the store's pages are not each one thing", count.first_fault);
}

static void count_rows(struct check *check)
{
    for (int table = 0; table < TABLE_COUNT; table++) {
        MDB_stat stat = {0};

        mdb_stat(check->txn->mdb, check->txn->store->tables[table], &stat);
        check->total += stat.ms_entries;
    }
}

int store_verify(struct store *store, verify_progress progress, void *user, struct verify_result *ret_result)
{
    struct arena arena;
    struct check check = {.progress = progress, .user = user};
    struct owner_note note = owner_peek(store->directory); /* before the view begins: a running daemon moves both */
    int failure = arena_open(&arena, RECOUNT_ARENA_BYTES);

    if (failure != 0)
        return fail_with(store, failure, "out of memory");
    failure = store_read_begin(store, &arena, &check.txn);
    if (failure == 0)
        failure = meta_load(check.txn);
    if (failure == 0) {
        count_rows(&check);
        pages_check(&check);
        for (int table = 0; table < TABLE_COUNT; table++)
            table_check(&check, (enum table)table);
        note_check(&check, note);
        chain_check(&check);
        ledgers_check(&check);
        books_check(&check);
        search_check(&check);
        report(&check, "");
        *ret_result = check.result;
        if (store_failure(check.txn) == -ENOMEM)
            failure = -ENOMEM; /* rows that could not be read look like faults */
        else if (check.result.faults == 0)
            failure = check.failure;
    }
    store_read_end(check.txn);
    arena_close(&arena);
    return failure;
}
