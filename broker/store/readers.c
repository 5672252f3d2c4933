/* readers.c - who pins an old state of the store, as LMDB's table of readers has it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "store/internal.h"

struct looking {
    uint64_t last; /* LMDB's transaction id of the newest state */
    struct store_reader found;
};

/* LMDB tells in lines: "       pid     thread     txnid", "-" where nothing is read at the moment. The head is no reader. */
static int read_line(const char *line, void *user)
{
    struct looking *looking = user;
    uint64_t state;
    int pid;

    if (sscanf(line, "%d %*x %" SCNu64, &pid, &state) == 2 && state < looking->last &&
        (looking->found.pid == 0 || state < looking->found.state))
        looking->found = (struct store_reader){.pid = pid, .state = state, .turns = looking->last - state};
    return 0;
}

int store_oldest_reader(struct store *store, struct store_reader *ret_reader)
{
    struct looking looking = {0};
    MDB_envinfo info;
    int dead = 0;
    int rc = mdb_reader_check(store->env, &dead); /* one that was killed would pin its pages for ever */

    if (rc == 0)
        rc = mdb_env_info(store->env, &info);
    if (rc != 0)
        return fail_with(store, fail_from_mdb(rc), "%s: %s", store->directory, mdb_strerror(rc));
    looking.last = info.me_last_txnid;
    mdb_reader_list(store->env, read_line, &looking);
    *ret_reader = looking.found;
    return 0;
}
