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
    if (store->directory == NULL || store->keys == NULL || memory_open(&store->memory) != 0) {
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

int store_keys_load(struct store *store, const uint8_t *host_key)
{
    int failure = keys_load(store->directory, host_key, store->keys);

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

static int open_parts(struct store *store, const struct store_options *options)
{
    int failure = 0;

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
    if (failure == 0 && !store->read_only)
        failure = refuse_older_copy(store);
    return failure;
}

int store_open(const struct store_options *options, struct store **ret_store)
{
    struct store *store = NULL;
    int failure = store_new(options, &store);

    if (failure != 0)
        return failure;
    failure = open_parts(store, options);
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
