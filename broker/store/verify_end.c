/* verify_end.c - what a start looks at, so that nobody is served from a store whose end is not what the last turn
 * left. */
#include <errno.h>

#include "store/internal.h"

/* The tables hold as many rows as the last turn counted: LMDB knows how many there are. */
static int check_counts(struct store_txn *txn)
{
    for (int table = 0; table < TABLE_COUNT; table++) {
        MDB_stat stat = {0};

        if (table_is_derived((enum table)table))
            continue;

        mdb_stat(txn->mdb, txn->store->tables[table], &stat);
        if (stat.ms_entries != txn->sums[table].rows)
            return fail_with(
                txn->store, -EBADMSG,
                "%s is damaged: table %s holds %llu rows, and the last turn counted %llu; see `referralctl verify`",
                txn->store->directory, table_name((enum table)table), (unsigned long long)stat.ms_entries,
                (unsigned long long)txn->sums[table].rows);
    }
    return 0;
}

static int check_chain(struct store_txn *txn, uint64_t turns, uint64_t *ret_records)
{
    uint64_t broken_at = 0;

    if (audit_walk_end(txn, turns, ret_records, &broken_at))
        return 0;
    return fail_with(txn->store, txn->failure != 0 && txn->failure != -EBADMSG ? txn->failure : -EBADMSG,
                     "%s is damaged: the audit chain is broken at turn %llu; see `referralctl verify`",
                     txn->store->directory, (unsigned long long)broken_at);
}

int store_verify_end(struct store *store, struct arena *arena, uint64_t turns, uint64_t *ret_records)
{
    struct store_txn *txn = NULL;
    uint64_t records = 0;
    int failure = store_read_begin(store, arena, &txn);

    if (failure != 0)
        return failure;
    failure = meta_load(txn);
    if (failure == 0)
        failure = check_counts(txn);
    if (failure == 0)
        failure = check_chain(txn, turns, &records);
    store_read_end(txn);
    arena_reset(arena, 0);
    if (failure == 0)
        *ret_records = records;
    return failure;
}
