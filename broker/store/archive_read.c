/* archive_read.c - a file of the archive is believed only when all of it agrees with its digest. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/archive_format.h"
#include "store/internal.h"
#include "store/record.h"
#include "store/seal.h"

#define BLOCK_SIZE ((size_t)256 << 10)

struct archive {
    const struct keys *keys;
    char name[ARCHIVE_NAME_MAX];
    int fd; /* -1: none */
    uint64_t size;
    struct archive_about about;
    struct archive_entry *entries;
    size_t count;
};

void archive_name(char out[ARCHIVE_NAME_MAX], struct date date, uint32_t number)
{
    char day[DATE_TEXT_SIZE];

    date_format(day, date);
    snprintf(out, ARCHIVE_NAME_MAX, "archive-%s-%u" ARCHIVE_SUFFIX, day, number);
}

bool archive_is_name(const char *name)
{
    char again[ARCHIVE_NAME_MAX], day[DATE_TEXT_SIZE];
    struct date date;
    unsigned number;

    if (strlen(name) >= ARCHIVE_NAME_MAX || sscanf(name, "archive-%10[0-9-]-%9u", day, &number) != 2 ||
        !date_parse(day, &date))
        return false;
    archive_name(again, date, number);
    return strcmp(again, name) == 0;
}

struct bytes archive_place(uint8_t key[TABLE_KEY_MAX], const char *name, uint64_t offset)
{
    size_t length = strlen(name) + 1;

    memcpy(key, name, length);
    put_be64(key + length, offset);
    return bytes_of(key, length + 8);
}

/* ---- Keys ---- */

const struct keys *archive_keys_of(const struct store *store)
{
    return store->keys;
}

int archive_keys_open(const char *directory, const uint8_t *host_key, struct keys **ret_keys)
{
    struct keys *keys = sodium_init() < 0 ? NULL : sodium_malloc(sizeof(*keys));

    if (keys == NULL)
        return -ENOMEM;

    int failure = keys_load(directory, host_key, keys);

    if (failure == 0)
        *ret_keys = keys;
    else
        sodium_free(keys);
    return failure;
}

void archive_keys_close(struct keys *keys)
{
    sodium_free(keys);
}

/* ---- A file ---- */

static int read_at(const struct archive *archive, uint64_t offset, uint8_t *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(archive->fd, data + done, size - done, (off_t)(offset + done));

        if (got == 0)
            return -EBADMSG; /* it is shorter than it says */
        if (got < 0 && errno != EINTR)
            return -errno;
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static int open_file(struct archive *archive, const char *directory)
{
    char path[PATH_MAX];
    uint8_t magic[ARCHIVE_MAGIC_SIZE];
    struct stat status;

    if (snprintf(path, sizeof(path), "%s/%s", directory, archive->name) >= PATH_MAX)
        return -ENAMETOOLONG;
    archive->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (archive->fd < 0 || fstat(archive->fd, &status) != 0)
        return -errno;
    if (!S_ISREG(status.st_mode) || status.st_size < (off_t)(ARCHIVE_MAGIC_SIZE + ARCHIVE_TAIL))
        return -EPROTO;
    archive->size = (uint64_t)status.st_size;

    int failure = read_at(archive, 0, magic, sizeof(magic));

    if (failure == 0 && memcmp(magic, ARCHIVE_MAGIC, ARCHIVE_MAGIC_SIZE) != 0)
        failure = -EPROTO;
    return failure != 0 ? failure
                        : read_at(archive, archive->size - STORE_DIGEST_SIZE, archive->about.digest, STORE_DIGEST_SIZE);
}

static bool take_head(struct archive *archive, const Record__ArchiveManifest *manifest)
{
    struct archive_about *about = &archive->about;

    if (manifest->store_id.len != sizeof(about->store_id) || manifest->chain.len != sizeof(about->chain) ||
        manifest->short_name == NULL || strlen(manifest->short_name) > STORE_NAME_MAX)
        return false;
    memcpy(about->store_id, manifest->store_id.data, sizeof(about->store_id));
    memcpy(about->chain, manifest->chain.data, sizeof(about->chain));
    snprintf(about->short_name, sizeof(about->short_name), "%s", manifest->short_name);
    about->incarnation = manifest->incarnation;
    about->index = manifest->index;
    about->time = instant_of(manifest->time_ms);
    about->bytes = archive->size;
    return true;
}

static bool take_entry(const struct archive *archive, const Record__ArchiveEntry *line, struct archive_entry *entry)
{
    if (line->id.len != ID_KEY_SIZE || line->digest.len != sizeof(entry->digest) ||
        line->offset < ARCHIVE_MAGIC_SIZE + ARCHIVE_SIZE || line->offset > archive->size ||
        line->length > archive->size - line->offset)
        return false;
    *entry = (struct archive_entry){.id = id_from_key(line->id.data),
                                    .ended_at = instant_of(line->ended_at_ms),
                                    .offset = line->offset,
                                    .length = line->length};
    memcpy(entry->digest, line->digest.data, sizeof(entry->digest));
    return true;
}

static int take_manifest(struct archive *archive, const Record__ArchiveManifest *manifest)
{
    if (manifest == NULL || !take_head(archive, manifest))
        return -EBADMSG;
    if (manifest->schema != STORE_SCHEMA)
        return -EPROTO;
    archive->entries = calloc(manifest->n_entries + 1, sizeof(*archive->entries));
    if (archive->entries == NULL)
        return -ENOMEM;
    for (; archive->count < manifest->n_entries; archive->count++)
        if (!take_entry(archive, manifest->entries[archive->count], &archive->entries[archive->count]))
            return -EBADMSG;
    return 0;
}

static int parse_manifest(struct archive *archive, struct bytes bytes)
{
    struct arena arena;
    int failure = arena_open(&arena, ARCHIVE_MANIFEST_ARENA);

    if (failure != 0)
        return failure;
    failure = take_manifest(archive, record_unpack_bare(&arena, bytes, &record__archive_manifest__descriptor));
    arena_close(&arena);
    return failure;
}

static int read_manifest(struct archive *archive)
{
    uint64_t end = archive->size - ARCHIVE_TAIL;
    uint8_t tail[ARCHIVE_SIZE], *manifest;
    int failure = read_at(archive, end, tail, sizeof(tail));
    size_t size = get_be32(tail);

    if (failure != 0)
        return failure;
    if (size > end - ARCHIVE_MAGIC_SIZE || size > ARCHIVE_MANIFEST_MAX)
        return -EBADMSG;
    manifest = malloc(size + 1);
    if (manifest == NULL)
        return -ENOMEM;
    failure = read_at(archive, end - size, manifest, size);
    if (failure == 0)
        failure = parse_manifest(archive, bytes_of(manifest, size));
    free(manifest);
    return failure;
}

int archive_open(const struct keys *keys, const char *directory, const char *name, struct archive **ret_archive)
{
    struct archive *archive = archive_is_name(name) ? calloc(1, sizeof(*archive)) : NULL;

    if (archive == NULL)
        return archive_is_name(name) ? -ENOMEM : -EINVAL;
    archive->keys = keys;
    archive->fd = -1;
    snprintf(archive->name, sizeof(archive->name), "%s", name);

    int failure = open_file(archive, directory);

    if (failure == 0)
        failure = read_manifest(archive);
    if (failure == 0)
        *ret_archive = archive;
    else
        archive_close(archive);
    return failure;
}

void archive_close(struct archive *archive)
{
    if (archive == NULL)
        return;
    if (archive->fd >= 0)
        close(archive->fd);
    free(archive->entries);
    free(archive);
}

int archive_check(const struct archive *archive)
{
    uint8_t digest[STORE_DIGEST_SIZE], *block = malloc(BLOCK_SIZE);
    crypto_generichash_state state;
    uint64_t end = archive->size - STORE_DIGEST_SIZE;
    int failure = block == NULL ? -ENOMEM : 0;

    crypto_generichash_init(&state, archive->keys->hash, sizeof(archive->keys->hash), sizeof(digest));
    for (uint64_t at = 0; failure == 0 && at < end; at += BLOCK_SIZE) {
        size_t size = end - at < BLOCK_SIZE ? (size_t)(end - at) : BLOCK_SIZE;

        failure = read_at(archive, at, block, size);
        if (failure == 0)
            crypto_generichash_update(&state, block, size);
    }
    free(block);
    if (failure != 0)
        return failure;
    crypto_generichash_final(&state, digest, sizeof(digest));
    return sodium_memcmp(digest, archive->about.digest, sizeof(digest)) == 0 ? 0 : -EBADMSG;
}

const struct archive_about *archive_about(const struct archive *archive)
{
    return &archive->about;
}

const struct archive_entry *archive_entries(const struct archive *archive, size_t *ret_count)
{
    *ret_count = archive->count;
    return archive->entries;
}

static bool is_as_hashed(const struct archive *archive, const struct archive_entry *entry, struct bytes record)
{
    uint8_t digest[ARCHIVE_HASH_SIZE];

    crypto_generichash(digest, sizeof(digest), record.data, record.size, archive->keys->hash,
                       sizeof(archive->keys->hash));
    return memcmp(digest, entry->digest, sizeof(digest)) == 0;
}

/* Opens it into `record`, which has room for as much as was sealed. */
static int unseal(const struct archive *archive, const struct archive_entry *entry, uint8_t *sealed, uint8_t *record,
                  size_t *ret_size)
{
    uint8_t place[TABLE_KEY_MAX];
    int failure = read_at(archive, entry->offset - ARCHIVE_SIZE, sealed, ARCHIVE_SIZE + entry->length);
    struct bytes bytes = bytes_of(sealed + ARCHIVE_SIZE, entry->length);

    if (failure == 0 && (get_be32(sealed) != entry->length || !seal_plain_size(TABLE_ARCHIVE, bytes, ret_size)))
        failure = -EBADMSG;
    if (failure == 0)
        failure =
            seal_read(archive->keys, TABLE_ARCHIVE, archive_place(place, archive->name, entry->offset), bytes, record);
    if (failure == 0 && !is_as_hashed(archive, entry, bytes_of(record, *ret_size)))
        failure = -EBADMSG;
    return failure;
}

int archive_read(const struct archive *archive, const struct archive_entry *entry, uint8_t **ret_record,
                 size_t *ret_size)
{
    uint8_t *sealed, *record;
    int failure = -ENOMEM;

    if (entry->offset < ARCHIVE_MAGIC_SIZE + ARCHIVE_SIZE || entry->offset > archive->size ||
        entry->length > archive->size - entry->offset)
        return -EBADMSG;
    sealed = malloc(ARCHIVE_SIZE + entry->length);
    record = malloc(entry->length + 1U);
    if (sealed != NULL && record != NULL)
        failure = unseal(archive, entry, sealed, record, ret_size);
    free(sealed);
    if (failure == 0)
        *ret_record = record;
    else
        free(record);
    return failure;
}

/* ---- A directory ---- */

static int is_file_of_ours(const struct dirent *entry)
{
    return archive_is_name(entry->d_name);
}

static int is_left_behind(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name), tail = strlen(ARCHIVE_SUFFIX ARCHIVE_PART);

    return entry->d_name[0] == '.' && length > tail &&
           strcmp(entry->d_name + length - tail, ARCHIVE_SUFFIX ARCHIVE_PART) == 0;
}

/* By date, then by number: "-10" comes after "-9". */
static int in_order(const struct dirent **left, const struct dirent **right)
{
    return strverscmp((*left)->d_name, (*right)->d_name);
}

int archive_list(const char *directory, char ***ret_names)
{
    struct dirent **found = NULL;
    int count = scandir(directory, &found, is_file_of_ours, in_order), failure = 0;
    char **names;

    if (count < 0)
        return -errno;
    names = calloc((size_t)count + 1, sizeof(*names));
    for (int i = 0; i < count; i++) {
        if (names != NULL && (names[i] = strdup(found[i]->d_name)) == NULL)
            failure = -ENOMEM;
        free(found[i]);
    }
    free(found);
    if (names == NULL || failure != 0) {
        archive_list_free(names);
        return -ENOMEM;
    }
    *ret_names = names;
    return 0;
}

void archive_list_free(char **names)
{
    for (char **name = names; name != NULL && *name != NULL; name++)
        free(*name);
    free(names);
}

void archive_clear(const char *directory)
{
    struct dirent **found = NULL;
    int count = scandir(directory, &found, is_left_behind, in_order);
    char path[PATH_MAX];

    for (int i = 0; i < count; i++) {
        if (snprintf(path, sizeof(path), "%s/%s", directory, found[i]->d_name) < PATH_MAX)
            unlink(path);
        free(found[i]);
    }
    free(found);
}
