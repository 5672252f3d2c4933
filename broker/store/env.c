/* env.c - the LMDB environment, and how much room it has. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "store/internal.h"

#define TABLES_MAX         64
#define ROOM_FOR_A_TURN    (16ULL << 20) /* more than a turn of 4 MiB of commands writes */
#define RESERVE_BYTES      (32ULL << 20)
#define RESERVE_MAP_PART   32
#define FULL_PERCENT       85
#define FREE_RECOUNT_TURNS 64
#define FREE_DBI           0 /* LMDB's own list of free pages */

/* A store has all its tables from its creation on: no table is made in what is not ours, or in the place of one that
 * was lost. */
static int tables_open(struct store *store, bool create)
{
    MDB_txn *txn = NULL;
    int table = 0, rc = mdb_txn_begin(store->env, NULL, create ? 0 : MDB_RDONLY, &txn);

    while (rc == 0 && table < TABLE_COUNT) {
        rc = mdb_dbi_open(txn, table_name((enum table)table), create ? MDB_CREATE : 0, &store->tables[table]);
        table += rc == 0;
    }
    if (rc == 0)
        rc = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    if ((rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE) && table == TABLE_META)
        return fail_with(store, -EPROTO, "%s holds no store of referrald", store->directory);
    if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE)
        return fail_with(store, -EPROTO, "%s lacks table %s: it is damaged, or from before the first release",
                         store->directory, table_name((enum table)table));
    return rc == 0 ? 0 : fail_with(store, fail_from_mdb(rc), "%s: %s", store->directory, mdb_strerror(rc));
}

/* A reader that was killed, such as a backup's, would pin its pages for ever. */
static int forget_dead_readers(struct store *store)
{
    int dead = 0, rc = mdb_reader_check(store->env, &dead);

    return rc == 0 ? 0 : fail_with(store, fail_from_mdb(rc), "%s: %s", store->directory, mdb_strerror(rc));
}

/* Durable by default: no NOSYNC, no NOMETASYNC, no WRITEMAP. No NOMEMINIT either: pages go to disk as they were
 * allocated. */
static int open_whole(struct store *store, bool create)
{
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (store->read_only ? MDB_RDONLY : 0U);
    int rc = mdb_env_create(&store->env);

    if (rc != 0)
        return fail_with(store, fail_from_mdb(rc), "%s: %s", store->directory, mdb_strerror(rc));
    mdb_env_set_maxdbs(store->env, TABLES_MAX);
    mdb_env_set_mapsize(store->env, store->map_bytes);
    rc = mdb_env_open(store->env, store->directory, flags, 0600);
    if (rc != 0)
        return fail_with(store, fail_from_mdb(rc), "%s: %s", store->directory, mdb_strerror(rc));

    rc = forget_dead_readers(store);
    return rc != 0 ? rc : tables_open(store, create);
}

/* A half-open environment is of no use: LMDB would crash on it. */
int env_open(struct store *store, bool create)
{
    int failure = open_whole(store, create);

    if (failure != 0)
        env_close(store);
    return failure;
}

void env_close(struct store *store)
{
    if (store->env == NULL)
        return;
    for (int table = 0; table < TABLE_COUNT; table++)
        if (store->read.cursors[table] != NULL)
            mdb_cursor_close(store->read.cursors[table]);
    mdb_txn_abort(store->read.mdb);
    store->read = (struct store_txn){0};
    mdb_env_close(store->env);
    store->env = NULL;
}

static uint64_t disk_available(const struct store *store)
{
    struct statvfs disk;

    return statvfs(store->directory, &disk) == 0 ? (uint64_t)disk.f_bavail * disk.f_frsize : 0;
}

static uint64_t file_bytes(const struct store *store)
{
    struct stat status;
    int fd = -1;

    mdb_env_get_fd(store->env, &fd);
    return fstat(fd, &status) == 0 ? (uint64_t)status.st_blocks * 512 : 0;
}

static uint64_t file_limit(void)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};

    getrlimit(RLIMIT_FSIZE, &limit);
    return limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur : UINT64_MAX;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

bool env_has_room(const struct store *store)
{
    uint64_t disk = disk_available(store), file = file_bytes(store), limit = file_limit();

    return disk >= ROOM_FOR_A_TURN && (limit == UINT64_MAX || file + ROOM_FOR_A_TURN <= limit);
}

/* Blocks of the file ahead of its last page: another program that fills the disk leaves us room for acks, which free
 * more than they take. Where the file system cannot, there is only what the disk has. */
static void reserve(struct store *store, const MDB_envinfo *info, uint64_t page_bytes)
{
    uint64_t ahead = least(RESERVE_BYTES, info->me_mapsize / RESERVE_MAP_PART);
    uint64_t end = ((uint64_t)info->me_last_pgno + 1) * page_bytes;
    int fd = -1;

    mdb_env_get_fd(store->env, &fd);
    if (file_bytes(store) < end + ahead / 2)
        fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)end, (off_t)ahead);
}

/* Pages that LMDB will use again: the sum over its list of free pages, whose values begin with their count. */
static int count_free_pages(struct store *store, uint64_t *ret_pages)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    uint64_t pages = 0;
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);

    if (rc == 0)
        rc = mdb_cursor_open(txn, FREE_DBI, &cursor);
    while (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        size_t count;

        memcpy(&count, value.mv_data, sizeof(count));
        pages += count;
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    if (rc != MDB_NOTFOUND)
        return fail_from_mdb(rc);
    *ret_pages = pages;
    return 0;
}

int store_room(struct store *store, struct store_room *ret_room)
{
    MDB_envinfo info;
    MDB_stat stat;
    int rc = mdb_env_info(store->env, &info);

    if (rc == 0)
        rc = mdb_env_stat(store->env, &stat);
    if (rc != 0)
        return fail_with(store, fail_from_mdb(rc), "%s: %s", store->directory, mdb_strerror(rc));
    if (store->free.turn == 0 || info.me_last_txnid >= store->free.turn + FREE_RECOUNT_TURNS) {
        int failure = store->read_only ? 0 : forget_dead_readers(store);

        if (failure == 0)
            failure = count_free_pages(store, &store->free.pages);
        if (failure != 0)
            return fail_with(store, failure, "%s: the list of free pages cannot be read", store->directory);
        store->free.turn = info.me_last_txnid;
        if (!store->read_only)
            reserve(store, &info, stat.ms_psize);
    }

    uint64_t pages = (uint64_t)info.me_last_pgno + 1;
    uint64_t disk = file_bytes(store) + disk_available(store);
    struct store_room room = {
        .used_bytes = (pages - least(store->free.pages, pages)) * stat.ms_psize,
        .limit_bytes = least(info.me_mapsize, least(disk, file_limit())),
    };

    room.full = room.used_bytes >= room.limit_bytes / 100 * FULL_PERCENT;
    *ret_room = room;
    return 0;
}
