/* create.c - a store comes into being: new, or as the copy of another that goes on in a new incarnation. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/backup.h"
#include "store/durable.h"
#include "store/internal.h"
#include "store/owner.h"

#define ARENA_BYTES (4U << 20)

static bool short_name_is_valid(const char *name)
{
    size_t length = strlen(name);

    return length >= 1 && length <= STORE_NAME_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") == length;
}

static int directory_prepare(struct store *store, const char *directory)
{
    int failure = durable_folder(directory);

    if (failure != 0)
        return fail_with(store, failure, "%s cannot be made: %s", directory, strerror(-failure));
    if (store_has_file(directory, STORE_DATA_FILE) || store_has_file(directory, KEYS_FILE) ||
        store_has_file(directory, OWNER_FILE) || store_has_file(directory, RESTORING_FILE))
        return fail_with(store, -EEXIST, "%s holds a store, or what is left of one: take an empty directory",
                         directory);
    return 0;
}

static int directory_sync(struct store *store, const char *directory)
{
    int failure = durable_names(directory);

    return failure == 0 ? 0 : fail_with(store, failure, "%s cannot be synced: %s", directory, strerror(-failure));
}

/* What a failed creation leaves would look like a store to the next one. What says that it is none goes last. */
static void directory_clear(const char *directory)
{
    static const char *const FILES[] = {STORE_DATA_FILE, "lock.mdb", KEYS_FILE, OWNER_FILE, RESTORING_FILE};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++)
        if (snprintf(path, sizeof(path), "%s/%s", directory, FILES[i]) < PATH_MAX)
            unlink(path);
}

static int first_commit(struct store *store, const char *short_name, struct instant now, bool test_time)
{
    struct arena arena;
    struct store_txn *txn = NULL;
    int failure = arena_open(&arena, ARENA_BYTES);

    if (failure != 0)
        return failure;
    failure = txn_begin_write(store, &arena, &txn);
    if (failure == 0) {
        meta_init(txn, short_name, now, test_time);
        meta_write(txn);
        failure = txn_commit(txn);
    }
    arena_close(&arena);
    return failure;
}

static int create_files(struct store *store, const struct store_options *options, const char *short_name,
                        struct instant now, bool test_time)
{
    int failure = keys_create(store->directory, options->host_key);

    if (failure != 0)
        return fail_with(store, failure, "%s/" KEYS_FILE " cannot be made: %s", store->directory, strerror(-failure));
    failure = store_keys_load(store, options->host_key);
    if (failure == 0)
        failure = env_open(store, true);
    if (failure == 0)
        failure = first_commit(store, short_name, now, test_time);
    if (failure == 0)
        failure = directory_sync(store, store->directory);
    if (failure != 0)
        directory_clear(store->directory);
    return failure;
}

int store_create(const struct store_options *options, const char *short_name, struct instant now, bool test_time)
{
    struct store *store = NULL;
    int failure = store_new(options, &store);

    if (failure != 0)
        return failure;
    if (!short_name_is_valid(short_name))
        failure = fail_with(store, -EINVAL, "a store's short name is 1 to %d of a-z and 0-9", STORE_NAME_MAX);
    if (failure == 0)
        failure = directory_prepare(store, options->directory);
    if (failure == 0)
        failure = create_files(store, options, short_name, now, test_time);
    store_tell(store, options, failure);
    store_close(store);
    return failure;
}

/* Compacted where LMDB can: it refuses that where pages were lost, and then a plain copy keeps all that is there. */
static int copy_data(struct store *from, const char *to)
{
    char path[PATH_MAX];
    int rc = mdb_env_copy2(from->env, to, MDB_CP_COMPACT);

    if (snprintf(path, sizeof(path), "%s/" STORE_DATA_FILE, to) >= PATH_MAX)
        return fail_with(from, -ENAMETOOLONG, "%s: the name is too long", to);
    if (rc == MDB_INCOMPATIBLE) {
        unlink(path);
        rc = mdb_env_copy2(from->env, to, 0);
    }
    if (rc == 0 && chmod(path, 0600) != 0)
        rc = errno;
    return rc == 0 ? 0
                   : fail_with(from, fail_from_mdb(rc), "%s cannot be copied: %s", from->directory, mdb_strerror(rc));
}

static int renew_incarnation(struct store *store, struct instant now)
{
    struct arena arena;
    struct store_txn *txn = NULL;
    int failure = arena_open(&arena, ARENA_BYTES);

    if (failure != 0)
        return failure;
    failure = store_turn_begin(store, &arena, &txn);
    if (failure == 0) {
        meta_new_incarnation(txn, now);
        meta_write(txn);
        failure = txn_commit(txn);
    }
    arena_close(&arena);
    return failure;
}

static int restoring_name(struct store *store, const char *to, char path[PATH_MAX])
{
    if (snprintf(path, PATH_MAX, "%s/" RESTORING_FILE, to) < PATH_MAX)
        return 0;
    return fail_with(store, -ENAMETOOLONG, "%s: the name is too long", to);
}

/* An empty directory, which nobody but go_on opens as a store until restoring_end. */
static int restoring_begin(struct store *store, const char *to)
{
    char path[PATH_MAX];
    int failure = directory_prepare(store, to), fd;

    if (failure == 0)
        failure = restoring_name(store, to, path);
    if (failure != 0)
        return failure;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    failure = fd < 0 ? -errno : durable_name(path);
    if (fd >= 0)
        close(fd);
    if (failure == 0)
        return 0;
    if (fd >= 0) /* another restore's stays */
        unlink(path);
    return fail_with(store, failure, "%s cannot be made: %s", path, strerror(-failure));
}

static int restoring_end(struct store *store, const char *to)
{
    char path[PATH_MAX];
    int failure = restoring_name(store, to, path);

    if (failure != 0)
        return failure;
    failure = unlink(path) == 0 ? durable_name(path) : -errno;
    return failure == 0 ? 0 : fail_with(store, failure, "%s cannot be removed: %s", path, strerror(-failure));
}

/* Only this one opening may go on from an older copy: it ends by raising the incarnation. The commit's sync covers the
 * copy. */
static int go_on(const struct store_options *options, const char *to, struct instant now)
{
    struct store_options copied = *options;
    struct store *store = NULL;

    copied.directory = to;
    copied.read_only = false;

    int failure = store_open_restoring(&copied, &store);

    if (failure != 0)
        return failure;
    failure = renew_incarnation(store, now);
    if (failure == 0)
        failure = directory_sync(store, to);
    if (failure == 0)
        failure = restoring_end(store, to);
    store_tell(store, options, failure);
    store_close(store);
    return failure;
}

/* An incarnation is a second: by a clock that stands behind the store's, two copies of it could begin the same one. */
static int refuse_clock_behind(struct store *store, struct instant now)
{
    if (now.ms / SECOND_MS > store->identity.incarnation)
        return 0;
    return fail_with(store, -EINVAL, "the clock stands before the last restore or the making of %s: set it right first",
                     store->directory);
}

static int copy_files(struct store *store, const char *to)
{
    int failure = copy_data(store, to);

    if (failure != 0)
        return failure;
    failure = keys_copy(store->directory, to);
    return failure == 0 ? 0
                        : fail_with(store, failure, "%s/" KEYS_FILE " cannot be copied: %s", store->directory,
                                    strerror(-failure));
}

/* Made whole in `to`, which is prepared, or nothing is left there. */
static int copy_store(struct store *store, const char *to)
{
    int failure = copy_files(store, to);

    if (failure != 0)
        directory_clear(to);
    return failure;
}

static int open_to_copy(const struct store_options *from, struct store **ret_store)
{
    struct store_options source = *from;

    source.read_only = true;
    return store_open(&source, ret_store);
}

int store_copy(const struct store_options *from, const char *to)
{
    struct store *store = NULL;
    int failure = open_to_copy(from, &store);

    if (failure != 0)
        return failure;
    failure = directory_prepare(store, to);
    if (failure == 0)
        failure = copy_store(store, to);
    store_tell(store, from, failure);
    store_close(store);
    return failure;
}

/* What lies in `to` goes on, or is gone. */
static int go_on_or_clear(const struct store_options *from, const char *to, struct instant now)
{
    int failure = go_on(from, to, now);

    if (failure != 0)
        directory_clear(to);
    return failure;
}

int store_restore(const struct store_options *from, const char *to, struct instant now)
{
    struct store *store = NULL;
    int failure = open_to_copy(from, &store);

    if (failure != 0)
        return failure;
    failure = refuse_clock_behind(store, now);
    if (failure == 0)
        failure = restoring_begin(store, to);
    if (failure == 0)
        failure = copy_store(store, to);
    store_tell(store, from, failure);
    store_close(store);
    return failure != 0 ? failure : go_on_or_clear(from, to, now);
}

static int unseal_store(struct store *store, const char *file, const uint8_t *key, const char *to, struct instant now)
{
    struct backup_about about;
    int failure = backup_read_about(file, &about, store->error);

    if (failure != 0)
        return failure;
    store->identity.incarnation = about.incarnation;
    failure = refuse_clock_behind(store, now);
    if (failure == 0)
        failure = restoring_begin(store, to);
    if (failure != 0)
        return failure;
    failure = backup_unseal(file, key, to, store->error);
    if (failure != 0)
        directory_clear(to);
    return failure;
}

int store_restore_backup(const struct store_options *from, const char *file, const uint8_t *key, const char *to,
                         struct instant now)
{
    struct store_options source = *from;
    struct store *store = NULL;

    source.directory = file; /* what complaints name */

    int failure = store_new(&source, &store);

    if (failure != 0)
        return failure;
    failure = unseal_store(store, file, key, to, now);
    store_tell(store, from, failure);
    store_close(store);
    return failure != 0 ? failure : go_on_or_clear(from, to, now);
}
