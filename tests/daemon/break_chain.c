/* break_chain.c - damages a closed store:
 *   break_chain DIRECTORY N [TABLE]  flips a bit in the Nth row from the end (1: the last) of a table, of the audit where none is named
 *   break_chain DIRECTORY ledger     takes away the last page of its last ledger */
#include <lmdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int flip(MDB_txn *txn, MDB_dbi table, long number)
{
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    uint8_t bytes[4096];
    int rc = mdb_cursor_open(txn, table, &cursor);

    for (long i = 0; rc == 0 && i < number; i++)
        rc = mdb_cursor_get(cursor, &key, &value, i == 0 ? MDB_LAST : MDB_PREV);
    if (rc != 0 || value.mv_size > sizeof bytes)
        return EXIT_FAILURE;
    memcpy(bytes, value.mv_data, value.mv_size);
    bytes[value.mv_size - 1] ^= 1;
    value.mv_data = bytes;
    return mdb_cursor_put(cursor, &key, &value, MDB_CURRENT);
}

static int cut(MDB_txn *txn, MDB_dbi ledger)
{
    MDB_cursor *cursor = NULL;
    MDB_val key, value;

    if (mdb_cursor_open(txn, ledger, &cursor) != 0 || mdb_cursor_get(cursor, &key, &value, MDB_LAST) != 0)
        return EXIT_FAILURE;
    return mdb_cursor_del(cursor, 0);
}

int main(int argc, char **argv)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi table;
    const char *name;
    int cuts, rc;

    if (argc < 3 || argc > 4)
        return EXIT_FAILURE;
    cuts = strcmp(argv[2], "ledger") == 0;
    name = argc == 4 ? argv[3] : cuts ? "LEDGER" : "AUDIT";
    if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, 64) != 0 || mdb_env_open(env, argv[1], 0, 0600) != 0 ||
        mdb_txn_begin(env, NULL, 0, &txn) != 0 || mdb_dbi_open(txn, name, 0, &table) != 0)
        return EXIT_FAILURE;
    rc = cuts ? cut(txn, table) : flip(txn, table, strtol(argv[2], NULL, 10));
    return rc == 0 && mdb_txn_commit(txn) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
