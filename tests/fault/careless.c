/* careless.c - brokers that do not keep a promise, which the walk must find: linked with --wrap into
 * fault_walk_careless; CARELESS names how. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

static void *volatile last_lost;

static void lose(void *piece)
{
    last_lost = piece;
    last_lost = NULL;
}

/* "commit": a turn that is not on disk is told as if it were. "memory": one that failed is not given back whole. */
int __wrap_store_turn_end(struct store_txn *txn, const struct store_turn *turn)
{
    int failure = __real_store_turn_end(txn, turn);

    if (failure != 0 && is_careless("memory"))
        lose(malloc(100));
    return is_careless("commit") ? 0 : failure;
}

/* Of the file, not of what was opened: that holds the lock. */
static void *map_again(int fd)
{
    char path[64];
    int again;
    void *mapped;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    again = open(path, O_RDONLY | O_CLOEXEC);
    mapped = mmap(NULL, 1, PROT_READ, MAP_SHARED, again, 0);
    close(again);
    return mapped;
}

/* "descriptor": one stays open; "mapping": a file stays mapped; "key": a guarded piece stays locked. */
void __wrap_owner_unlock(int fd)
{
    if (fd >= 0 && is_careless("descriptor"))
        (void)fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0 && is_careless("mapping"))
        lose(map_again(fd));
    if (fd >= 0 && is_careless("key"))
        lose(sodium_malloc(32));
    __real_owner_unlock(fd);
}
