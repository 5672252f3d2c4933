/* careless.c - brokers that do not keep a promise, which the walk must find: linked with --wrap into fault_walk_careless; CARELESS names how. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/owner.h"
#include "store/store.h"

int __real_store_turn_end(struct store_txn *txn, const struct store_turn *turn);
int __wrap_store_turn_end(struct store_txn *txn, const struct store_turn *turn);
void __real_owner_unlock(int fd);
void __wrap_owner_unlock(int fd);

static int is_careless(const char *about)
{
    const char *wanted = getenv("CARELESS");

    return wanted != NULL && strcmp(wanted, about) == 0;
}

/* "commit": a turn that is not on disk is told as if it were. */
int __wrap_store_turn_end(struct store_txn *txn, const struct store_turn *turn)
{
    int failure = __real_store_turn_end(txn, turn);

    return is_careless("commit") ? 0 : failure;
}

/* "descriptor": one stays open. */
void __wrap_owner_unlock(int fd)
{
    int another = is_careless("descriptor") ? dup(STDERR_FILENO) : -1;

    (void)another;
    __real_owner_unlock(fd);
}
