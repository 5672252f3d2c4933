/* store.c - a store is opened, closed and opened again. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/internal.h"
#include "store/owner.h"
#include "store/seal.h"
#include "store/suspect.h"

#define MAP_DEFAULT (64ULL << 30)

int store_new(const struct store_options *options, struct store **ret_store)
{
    struct store *store = calloc(1, sizeof(*store));

    if (store == NULL)
        return -ENOMEM;
    store->owner_fd = -1;
    store->map_bytes = options->map_bytes != 0 ? options->map_bytes : MAP_DEFAULT;
    store->read_only = options->read_only;
    store->directory = strdup(options->directory);
    if (sodium_init() >= 0)
        store->keys = sodium_malloc(sizeof(*store->keys));
    if (store->keys != NULL && store->read_only)
        store->host_key = sodium_malloc(STORE_HOST_KEY_SIZE);
    if (store->directory == NULL || store->keys == NULL || (store->read_only && store->host_key == NULL) ||
        memory_open(&store->memory) != 0) {
        store_close(store);
        return -ENOMEM;
    }
    *ret_store = store;
    return 0;
}

int store_tell(const struct store *store, const struct store_options *options, int failure)
{
    if (options->error != NULL)
        memcpy(options->error, store->error, sizeof(store->error));
    return failure;
}

bool store_has_file(const char *directory, const char *file)
{
    char path[PATH_MAX];

    return snprintf(path, sizeof(path), "%s/%s", directory, file) < PATH_MAX && access(path, F_OK) == 0;
}

static int fail_keys(struct store *store, int failure)
{
    switch (failure) {
    case 0:
        return 0;
    case -EACCES:
        return fail_with(store, failure,
                         "%s/" KEYS_FILE ": cannot be read, was not wrapped by this host key, or is damaged",
                         store->directory);
    case -EPERM:
        return fail_with(store, failure, "%s/" KEYS_FILE ": others may read it; make it mode 0600", store->directory);
    case -EPROTO:
        return fail_with(store, failure, "%s/" KEYS_FILE ": was written by a newer version", store->directory);
    default:
        return fail_with(store, failure, "%s/" KEYS_FILE ": %s", store->directory, strerror(-failure));
    }
}

int store_keys_load(struct store *store, const uint8_t *host_key)
{
    int failure = fail_keys(store, keys_load(store->directory, host_key, store->keys));

    if (failure == 0 && store->host_key != NULL)
        memcpy(store->host_key, host_key, STORE_HOST_KEY_SIZE);
    return failure;
}

/* In place: an archive that is being read has borrowed them. */
int store_keys_take(struct store *store, const uint8_t *host_key)
{
    struct keys *fresh = sodium_malloc(sizeof(*fresh));

    if (fresh == NULL)
        return fail_with(store, -ENOMEM, "out of memory");

    int failure = fail_keys(store, keys_load(store->directory, host_key, fresh));

    if (failure == 0 && !keys_include(fresh, store->keys))
        failure = fail_with(store, -EACCES, "%s/" KEYS_FILE ": lacks keys that are in use: put the newer file back",
                            store->directory);
    if (failure == 0)
        memcpy(store->keys, fresh, sizeof(*fresh));
    sodium_free(fresh);
    return failure;
}

uint32_t store_newest_key(const struct store *store)
{
    return store->keys->newest;
}

int store_unseal(struct store *store, enum table table, struct bytes key, struct bytes stored, uint8_t *out)
{
    int failure = seal_read(store->keys, table, key, stored, out);

    if (failure != -EBADMSG || store->host_key == NULL || !table_is_sealed(table) ||
        seal_key_id(stored) <= store->keys->newest || store_keys_take(store, store->host_key) != 0)
        return failure;
    return seal_read(store->keys, table, key, stored, out);
}

/* An older file in the place of the newer one: rows of what it lacks cannot be read, and a key of the same number made
 * anew would part the store in two. */
static int refuse_older_keys(struct store *store)
{
    uint32_t missing = store->newest_key;

    if (missing <= store->keys->newest ||
        (store->host_key != NULL && store_keys_take(store, store->host_key) == 0 && missing <= store->keys->newest))
        return 0;
    return fail_with(store, -EACCES,
                     "%s/" KEYS_FILE ": lacks data key %u, which the store is sealed by: put the newer file back",
                     store->directory, missing);
}

static int become_owner(struct store *store)
{
    int failure = owner_lock(store->directory, &store->owner_fd);

    if (failure == -EBUSY)
        return fail_with(store, failure, "%s is in use by another referrald", store->directory);
    if (failure != 0)
        return fail_with(store, failure, "%s cannot be locked: %s", store->directory, strerror(-failure));
    return 0;
}

static struct owner_note note_of(const struct store *store)
{
    return (struct owner_note){.incarnation = store->identity.incarnation, .index = store->mark.index};
}

/* Going on from an older copy would give ids twice. */
static int refuse_older_copy(struct store *store)
{
    if (!owner_is_ahead(owner_read(store->owner_fd), note_of(store)))
        return 0;
    return fail_with(store, -ESTALE,
                     "%s holds an older copy of a store that had gone further; use `referralctl restore`",
                     store->directory);
}

/* Ids of the old incarnation would be given twice. */
static int refuse_half_restored(struct store *store)
{
    if (!store_has_file(store->directory, RESTORING_FILE))
        return 0;
    return fail_with(store, -ESTALE,
                     "%s holds what a restore left that was cut short: remove the whole directory, and use "
                     "`referralctl restore` again",
                     store->directory);
}

static int open_parts(struct store *store, const struct store_options *options, bool restoring)
{
    int failure = restoring ? 0 : refuse_half_restored(store);

    if (failure != 0)
        return failure;
    if (!store_has_file(store->directory, STORE_DATA_FILE))
        return fail_with(store, -ENOENT, "%s holds no store; `referralctl init` makes one", store->directory);
    if (!store->read_only)
        failure = become_owner(store);
    if (failure == 0)
        failure = store_keys_load(store, options->host_key);
    if (failure == 0)
        failure = env_open(store, false);
    if (failure == 0)
        failure = meta_refresh(store);
    if (failure == 0)
        failure = refuse_older_keys(store);
    if (failure == 0 && !store->read_only)
        failure = refuse_older_copy(store);
    return failure;
}

static int open_store(const struct store_options *options, bool restoring, struct store **ret_store)
{
    struct store *store = NULL;
    int failure = store_new(options, &store);

    if (failure != 0)
        return failure;
    failure = open_parts(store, options, restoring);
    if (failure != 0) {
        store_tell(store, options, failure);
        store->identity.incarnation = 0; /* what did not open leaves no note */
        store_close(store);
        return failure;
    }
    if (!store->read_only)
        owner_write(store->owner_fd, note_of(store));
    *ret_store = store;
    return 0;
}

int store_open(const struct store_options *options, struct store **ret_store)
{
    return open_store(options, false, ret_store);
}

int store_open_restoring(const struct store_options *options, struct store **ret_store)
{
    return open_store(options, true, ret_store);
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    if (store->owner_fd >= 0 && store->identity.incarnation != 0)
        owner_write(store->owner_fd, note_of(store));
    suspect_unwatch(store);
    env_close(store);
    owner_unlock(store->owner_fd);
    memory_close(&store->memory);
    sodium_free(store->keys);
    sodium_free(store->host_key);
    free(store->directory);
    free(store);
}

int store_reopen(struct store *store)
{
    assert(!store->write.live && !store->read.live);
    env_close(store);

    int failure = env_open(store, false);

    return failure != 0 ? failure : meta_refresh(store);
}

int store_flush(struct store *store)
{
    (void)store; /* LMDB's commit has synced already; a replicated log's would not */
    return 0;
}

const struct store_identity *store_identity(const struct store *store)
{
    return &store->identity;
}

struct store_mark store_mark(const struct store *store)
{
    return store->mark;
}

const char *store_error(const struct store *store)
{
    return store->error;
}

void store_keyed_hash(const struct store *store, struct bytes text, uint8_t ret_hash[16])
{
    crypto_generichash(ret_hash, 16, text.data, text.size, store->keys->hash, sizeof(store->keys->hash));
}
