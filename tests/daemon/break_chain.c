/* break_chain.c - flips a bit in a row of a closed store's audit, for test_start: break_chain DIRECTORY N, the Nth row from the end (1: the last). */
#include <lmdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int flip(MDB_txn *txn, MDB_dbi audit, long number)
{
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    uint8_t bytes[4096];
    int rc = mdb_cursor_open(txn, audit, &cursor);

    for (long i = 0; rc == 0 && i < number; i++)
        rc = mdb_cursor_get(cursor, &key, &value, i == 0 ? MDB_LAST : MDB_PREV);
    if (rc != 0 || value.mv_size > sizeof bytes)
        return EXIT_FAILURE;
    memcpy(bytes, value.mv_data, value.mv_size);
    bytes[value.mv_size - 1] ^= 1;
    value.mv_data = bytes;
    return mdb_cursor_put(cursor, &key, &value, MDB_CURRENT);
}

int main(int argc, char **argv)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi audit;

    if (argc != 3 || mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, 64) != 0 ||
        mdb_env_open(env, argv[1], 0, 0600) != 0 || mdb_txn_begin(env, NULL, 0, &txn) != 0 ||
        mdb_dbi_open(txn, "AUDIT", 0, &audit) != 0)
        return EXIT_FAILURE;
    return flip(txn, audit, strtol(argv[2], NULL, 10)) == 0 && mdb_txn_commit(txn) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
