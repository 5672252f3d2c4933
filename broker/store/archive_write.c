/* archive_write.c - a file of the archive comes into being: records one by one, then all at once under its name. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/archive_format.h"
#include "store/durable.h"
#include "store/internal.h"
#include "store/record.h"
#include "store/seal.h"

struct archive_writer {
    crypto_generichash_state digest;
    const struct store *store;
    uint64_t bytes;
    size_t count, room;
    struct archive_entry *entries;
    int fd, folder; /* -1: none */
    bool is_there;  /* under its hidden name */
    char directory[PATH_MAX], name[ARCHIVE_NAME_MAX];
};

static void hidden_name(const struct archive_writer *writer, char out[ARCHIVE_NAME_MAX + 8])
{
    snprintf(out, ARCHIVE_NAME_MAX + 8, ".%s" ARCHIVE_PART, writer->name);
}

static int put(struct archive_writer *writer, const uint8_t *data, size_t size)
{
    crypto_generichash_update(&writer->digest, data, size);
    writer->bytes += size;
    while (size > 0) {
        ssize_t written = write(writer->fd, data, size);

        if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0) {
            data += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

static bool has_files(const char *directory)
{
    char **names = NULL;
    bool has = archive_list(directory, &names) != 0 || names[0] != NULL;

    archive_list_free(names);
    return has;
}

/* The archive can be read by itself: beside its files lies what wraps their keys. Where there are files, another
 * store's keys do not become those of this archive. */
static int keep_keys(const struct archive_writer *writer)
{
    const char *store = writer->store->directory, *directory = writer->directory;
    int failure = keys_bring(store, directory);

    if (failure != -EEXIST || has_files(directory) || unlinkat(writer->folder, KEYS_FILE, 0) != 0)
        return failure;
    return keys_bring(store, directory);
}

static int begin(struct archive_writer *writer)
{
    char hidden[ARCHIVE_NAME_MAX + 8];

    int failure = durable_folder(writer->directory); /* what is archived leaves the store */

    if (failure != 0)
        return failure;
    writer->folder = open(writer->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (writer->folder < 0)
        return -errno;
    if (faccessat(writer->folder, writer->name, F_OK, 0) == 0)
        return -EEXIST;

    failure = keep_keys(writer);
    if (failure != 0)
        return failure == -EEXIST ? -EKEYREJECTED : failure; /* no other name would do */
    hidden_name(writer, hidden);
    writer->fd = openat(writer->folder, hidden, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (writer->fd < 0)
        return -errno;
    writer->is_there = true;
    return put(writer, (const uint8_t *)ARCHIVE_MAGIC, ARCHIVE_MAGIC_SIZE);
}

int archive_writer_open(struct store *store, const char *directory, const char *name,
                        struct archive_writer **ret_writer)
{
    struct archive_writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL)
        return -ENOMEM;
    writer->store = store;
    writer->fd = writer->folder = -1;
    snprintf(writer->name, sizeof(writer->name), "%s", name);
    crypto_generichash_init(&writer->digest, store->keys->hash, sizeof(store->keys->hash), STORE_DIGEST_SIZE);

    bool fits = snprintf(writer->directory, sizeof(writer->directory), "%s", directory) < PATH_MAX;
    int failure = !fits ? -ENAMETOOLONG : !archive_is_name(name) ? -EINVAL : begin(writer);

    if (failure != 0) {
        archive_writer_close(writer);
        return failure;
    }
    *ret_writer = writer;
    return 0;
}

static struct archive_entry *entry_new(struct archive_writer *writer)
{
    if (writer->count == writer->room) {
        size_t room = writer->room == 0 ? 256 : 2 * writer->room;
        struct archive_entry *grown = realloc(writer->entries, room * sizeof(*grown));

        if (grown == NULL)
            return NULL;
        writer->entries = grown;
        writer->room = room;
    }
    return &writer->entries[writer->count];
}

/* What is written is sent to the disk as it comes, so that the sync at the end has little left to wait for. */
int archive_writer_add(struct archive_writer *writer, struct id id, struct instant ended_at, struct bytes record)
{
    size_t size = seal_size(TABLE_ARCHIVE, record.size);
    struct archive_entry *entry = entry_new(writer);
    uint8_t *sealed = malloc(ARCHIVE_SIZE + size), place[TABLE_KEY_MAX];

    if (entry == NULL || sealed == NULL) {
        free(sealed);
        return -ENOMEM;
    }
    *entry = (struct archive_entry){
        .id = id, .ended_at = ended_at, .offset = writer->bytes + ARCHIVE_SIZE, .length = (uint32_t)size};
    store_keyed_hash(writer->store, record, entry->digest);
    put_be32(sealed, entry->length);
    seal_write(writer->store->keys, TABLE_ARCHIVE, archive_place(place, writer->name, entry->offset), record,
               sealed + ARCHIVE_SIZE);

    off_t from = (off_t)writer->bytes;
    int failure = put(writer, sealed, ARCHIVE_SIZE + size);

    free(sealed);
    if (failure == 0) {
        writer->count++;
        sync_file_range(writer->fd, from, (off_t)(ARCHIVE_SIZE + size), SYNC_FILE_RANGE_WRITE);
    }
    return failure;
}

uint64_t archive_writer_bytes(const struct archive_writer *writer)
{
    return writer->bytes;
}

size_t archive_writer_count(const struct archive_writer *writer)
{
    return writer->count;
}

static void manifest_head(const struct store *store, Record__ArchiveManifest *manifest)
{
    manifest->has_store_id = manifest->has_chain = true;
    manifest->store_id.len = sizeof(store->identity.store_id);
    memcpy(manifest->store_id.data, store->identity.store_id, manifest->store_id.len);
    manifest->chain.len = sizeof(store->mark.digest);
    memcpy(manifest->chain.data, store->mark.digest, manifest->chain.len);
    memcpy(manifest->short_name, store->identity.short_name, sizeof(store->identity.short_name));
    manifest->has_incarnation = manifest->has_index = manifest->has_time_ms = true;
    manifest->incarnation = store->identity.incarnation;
    manifest->index = store->mark.index;
    manifest->time_ms = store->mark.time.ms;
}

static void manifest_entry(struct archive_entry *entry, uint8_t key[ID_KEY_SIZE], Record__ArchiveEntry *line)
{
    record__archive_entry__init(line);
    id_to_key(key, entry->id);
    line->has_id = line->has_ended_at_ms = line->has_offset = line->has_length = line->has_digest = true;
    line->id = (ProtobufCBinaryData){.len = ID_KEY_SIZE, .data = key};
    line->ended_at_ms = entry->ended_at.ms;
    line->offset = entry->offset;
    line->length = entry->length;
    line->digest = (ProtobufCBinaryData){.len = sizeof(entry->digest), .data = entry->digest};
}

static int put_manifest(struct archive_writer *writer, struct arena *arena)
{
    Record__ArchiveManifest manifest = RECORD__ARCHIVE_MANIFEST__INIT;
    Record__ArchiveEntry *lines = arena_alloc(arena, (writer->count + 1) * sizeof(*lines));
    uint8_t *ids = arena_alloc(arena, (writer->count + 1) * ID_KEY_SIZE), size[ARCHIVE_SIZE];

    manifest.store_id.data = arena_alloc(arena, sizeof(writer->store->identity.store_id));
    manifest.chain.data = arena_alloc(arena, STORE_DIGEST_SIZE);
    manifest.short_name = arena_alloc(arena, sizeof(writer->store->identity.short_name));
    manifest_head(writer->store, &manifest);
    manifest.entries = arena_alloc(arena, (writer->count + 1) * sizeof(*manifest.entries));
    for (size_t i = 0; i < writer->count; i++) {
        manifest_entry(&writer->entries[i], ids + i * ID_KEY_SIZE, &lines[i]);
        manifest.entries[manifest.n_entries++] = &lines[i];
    }

    struct bytes packed = record_pack(arena, &manifest.base);
    int failure = put(writer, packed.data, packed.size);

    put_be32(size, (uint32_t)packed.size);
    return failure != 0 ? failure : put(writer, size, sizeof(size));
}

static int put_digest(struct archive_writer *writer)
{
    uint8_t digest[STORE_DIGEST_SIZE];

    crypto_generichash_final(&writer->digest, digest, sizeof(digest));

    ssize_t written = write(writer->fd, digest, sizeof(digest));

    writer->bytes += sizeof(digest);
    return written < 0 ? -errno : written == sizeof(digest) ? 0 : -ENOSPC;
}

static int give_name(struct archive_writer *writer)
{
    char hidden[ARCHIVE_NAME_MAX + 8];

    hidden_name(writer, hidden);
    if (fsync(writer->fd) != 0 || renameat(writer->folder, hidden, writer->folder, writer->name) != 0)
        return -errno;
    writer->is_there = false;
    return fsync(writer->folder) != 0 ? -errno : 0;
}

int archive_writer_seal(struct archive_writer *writer)
{
    struct arena arena;
    int failure = arena_open(&arena, ARCHIVE_MANIFEST_ARENA);

    if (failure != 0)
        return failure;
    failure = put_manifest(writer, &arena);
    arena_close(&arena);
    if (failure == 0)
        failure = put_digest(writer);
    if (failure == 0)
        failure = keep_keys(writer); /* another may have been added meanwhile, and have sealed some of it */
    return failure != 0 ? failure : give_name(writer);
}

void archive_writer_close(struct archive_writer *writer)
{
    char hidden[ARCHIVE_NAME_MAX + 8];

    if (writer == NULL)
        return;
    hidden_name(writer, hidden);
    if (writer->is_there)
        unlinkat(writer->folder, hidden, 0);
    if (writer->fd >= 0)
        close(writer->fd);
    if (writer->folder >= 0)
        close(writer->folder);
    free(writer->entries);
    free(writer);
}
