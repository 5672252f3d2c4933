/* fail.c - failures as numbers for the program and as one line for people. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "store/internal.h"

int fail_from_mdb(int rc)
{
    if (rc >= 0)
        return rc == EDQUOT || rc == EFBIG ? -ENOSPC : -rc;
    switch (rc) {
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
        return -ENOSPC;
    case MDB_NOTFOUND:
        return -ENOENT;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return -EBADMSG;
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
        return -EPROTO;
    case MDB_READERS_FULL:
        return -EAGAIN;
    default: /* MDB_PANIC after a failed meta page, and whatever the list above does not know */
        return -EIO;
    }
}

int fail_with(struct store *store, int failure, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(store->error, sizeof(store->error), format, arguments);
    va_end(arguments);
    return failure;
}

void fail_place(char *out, size_t size, enum table table, struct bytes key)
{
    char hex[2 * TABLE_KEY_MAX + 1];

    /* P1: a message id is the partner's word; what stands behind it is ours. */
    if (table == TABLE_DEDUP)
        key =
            key.size > DEDUP_ID_SIZE ? bytes_of(key.data + DEDUP_ID_SIZE, key.size - DEDUP_ID_SIZE) : bytes_of(NULL, 0);
    if (key.size > TABLE_KEY_MAX)
        key.size = TABLE_KEY_MAX;
    hex_encode(hex, key);
    snprintf(out, size, "table %s, key %s", table_name(table), hex);
}

static const char *meaning(int failure)
{
    switch (failure) {
    case -ENOSPC:
        return "no room in the store's map or on its disk: free some, or enlarge it";
    case -EBADMSG:
        return "is damaged, by its seal, its sum or what it says: stop, run `referralctl verify`, restore a backup";
    case -EPROTO:
        return "was written by a newer version: install that version";
    default:
        return strerror(-failure);
    }
}

void fail_row(struct store *store, int failure, enum table table, struct bytes key)
{
    char place[sizeof(store->error) - 128];

    fail_place(place, sizeof(place), table, key);
    fail_with(store, failure, "%s: %s", place, meaning(failure));
}

void fail_txn(struct store_txn *txn, int failure, enum table table, struct bytes key)
{
    if (txn->failure != 0)
        return;
    txn->failure = failure;
    fail_row(txn->store, failure, table, key);
    if (txn->way_out != NULL)
        longjmp(*txn->way_out, 1);
}

void store_damaged(struct store_txn *txn, enum table table, struct bytes key)
{
    fail_txn(txn, -EBADMSG, table, key);
}
