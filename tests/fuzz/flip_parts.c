/* flip_parts.c - the parts as they are written once, and read again and again. */
#include "fuzz/flip_parts.h"

#include <assert.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/replay.h"
#include "fuzz/fuzz.h"
#include "fuzz/stage.h"
#include "store/archive.h"
#include "store/backup.h"
#include "store/rows_place.h"
#include "store/verify.h"

#define MAP_BYTES    (1UL << 30)
#define ARENA_BYTES  (1UL << 30)
#define ARCHIVE_NAME "archive-2026-03-02-1.rfa"

static const uint8_t host_key[STORE_HOST_KEY_SIZE] = {7};
static const uint8_t backup_key[BACKUP_KEY_SIZE] = {9};

struct store_options parts_options(const struct parts *parts)
{
    return (struct store_options){.directory = parts->directory, .map_bytes = MAP_BYTES, .host_key = host_key};
}

static void add(crypto_generichash_state *state, struct bytes bytes)
{
    uint64_t size = bytes.size;

    crypto_generichash_update(state, (const uint8_t *)&size, sizeof size);
    crypto_generichash_update(state, bytes.data, bytes.size);
}

/* ---- Reading each part; false: something is wrong with it ---- */

static bool dump(struct store *store, struct arena *arena, uint8_t digest[DIGEST])
{
    crypto_generichash_state state;
    struct bytes none = bytes_of(NULL, 0), key, value;
    struct store_txn *txn;
    bool is_sound = store_read_begin(store, arena, &txn) == 0;

    crypto_generichash_init(&state, NULL, 0, DIGEST);
    for (unsigned table = 0; is_sound && table < TABLE_COUNT; table++) {
        struct store_cursor *cursor = store_scan(txn, (enum table)table, none, none);

        while (store_next(cursor, &key, &value)) {
            add(&state, key);
            add(&state, value);
        }
        store_scan_end(cursor);
        is_sound = store_failure(txn) == 0;
    }
    if (is_sound)
        store_read_end(txn);
    crypto_generichash_final(&state, digest, DIGEST);
    return is_sound;
}

static bool read_store(const struct parts *parts, bool is_verified, uint8_t digest[DIGEST])
{
    struct store_options how = parts_options(parts);
    struct verify_result result = {0};
    struct store *store = NULL;
    struct arena arena;
    bool is_sound;

    how.read_only = true;
    assert(arena_open(&arena, ARENA_BYTES) == 0);
    if (store_open(&how, &store) != 0)
        return false;
    is_sound = dump(store, &arena, digest) &&
               (!is_verified || (store_verify(store, NULL, NULL, &result) == 0 && result.faults == 0));
    store_close(store);
    arena_close(&arena);
    return is_sound;
}

static bool read_backup(const struct parts *parts, uint8_t digest[DIGEST])
{
    char to[] = SCRATCH "/flip-XXXXXX", command[64];
    char error[STORE_ERROR_SIZE];
    bool is_sound = mkdtemp(to) != NULL && backup_unseal(parts->files[PART_BACKUP].path, backup_key, to, error) == 0;

    memset(digest, 0, DIGEST); /* the whole of it is authenticated: it opens, or not */
    snprintf(command, sizeof command, "rm -rf %s", to);
    return system(command) == 0 && is_sound;
}

static bool read_archive(const struct parts *parts, uint8_t digest[DIGEST])
{
    struct archive *archive = NULL;
    struct keys *keys = NULL;
    crypto_generichash_state state;
    size_t count, size;
    uint8_t *record;
    bool is_sound = archive_keys_open(parts->directory, host_key, &keys) == 0 &&
                    archive_open(keys, parts->directory, ARCHIVE_NAME, &archive) == 0 && archive_check(archive) == 0;

    crypto_generichash_init(&state, NULL, 0, DIGEST);
    if (is_sound) {
        const struct archive_entry *entries = archive_entries(archive, &count);

        for (size_t i = 0; is_sound && i < count; i++) {
            is_sound = archive_read(archive, &entries[i], &record, &size) == 0;
            if (is_sound) {
                add(&state, bytes_of(record, size));
                free(record);
            }
        }
    }
    crypto_generichash_final(&state, digest, DIGEST);
    archive_close(archive);
    archive_keys_close(keys);
    return is_sound;
}

/* Pages behind their sizes (4). What ends in another digest is another ledger: whoever keeps the head sees it. */
static bool read_ledger(const struct parts *parts, uint8_t digest[DIGEST])
{
    const struct part_file *file = &parts->files[PART_LEDGER];
    FILE *in = fopen(file->path, "re");
    uint8_t *data = malloc(file->size);
    size_t at = 0, got;
    struct replay *replay = replay_open();
    bool is_sound = true;

    assert(in != NULL && data != NULL && replay != NULL);
    got = fread(data, 1, file->size, in);
    fclose(in);
    while (is_sound && at + 4 <= got) {
        size_t size = get_be32(data + at);

        is_sound = size <= got - at - 4 && replay_page(replay, bytes_of(data + at + 4, size)) == 0;
        at += 4 + size;
    }
    is_sound = is_sound && at == got && replay_end(replay) == 0;
    if (is_sound)
        memcpy(digest, replay_digest(replay), DIGEST);
    replay_close(replay);
    free(data);
    return is_sound;
}

bool parts_read(const struct parts *parts, enum part part, uint8_t digest[DIGEST])
{
    switch (part) {
    case PART_BACKUP:
        return read_backup(parts, digest);
    case PART_ARCHIVE:
        return read_archive(parts, digest);
    case PART_LEDGER:
        return read_ledger(parts, digest);
    case PART_DATA:
    case PART_KEYS:
    case PARTS:
    default:
        return read_store(parts, true, digest);
    }
}

bool parts_walk(const struct parts *parts, uint8_t digest[DIGEST])
{
    return read_store(parts, false, digest);
}

/* ---- Writing them ---- */

static void take_in(struct part_file *file)
{
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    assert(fd >= 0 && fstat(fd, &status) == 0);
    file->size = (size_t)status.st_size;
    file->data = malloc(file->size);
    assert(file->data != NULL && pread(fd, file->data, file->size, 0) == (ssize_t)file->size);
    close(fd);
}

static void write_ledger(const struct parts *parts, struct world *w)
{
    FILE *out = fopen(parts->files[PART_LEDGER].path, "we");
    struct store_txn *txn;
    struct bytes page;
    uint64_t number = 1, first;
    uint32_t hospital = 0;
    uint8_t size[4];

    assert(out != NULL && store_read_begin(w->store, &w->arena, &txn) == 0);
    assert(ledger_hospital_from(txn, 0, &hospital));
    while (ledger_page(txn, hospital, number, &page, &first)) {
        const Referral__LedgerPage *read = referral__ledger_page__unpack(&w->allocator, page.size, page.data);

        put_be32(size, (uint32_t)page.size);
        assert(fwrite(size, 4, 1, out) == 1 && fwrite(page.data, page.size, 1, out) == 1);
        number = first + read->n_rows;
    }
    store_read_end(txn);
    assert(fclose(out) == 0);
}

static void write_archive(const struct parts *parts, struct world *w)
{
    struct archive_writer *writer = NULL;

    assert(archive_writer_open(w->store, parts->directory, ARCHIVE_NAME, &writer) == 0);
    for (uint64_t i = 1; i < 8; i++) {
        struct id id = {.incarnation = store_identity(w->store)->incarnation, .index = i};
        struct bytes record =
            bytes_text(arena_format(&w->arena, "a referral that ended, number %lu", (unsigned long)i));

        assert(archive_writer_add(writer, id, w->clock.now, record) == 0);
    }
    assert(archive_writer_seal(writer) == 0);
    archive_writer_close(writer);
}

static void write_backup(const struct parts *parts)
{
    struct store_options from = parts_options(parts), copy = parts_options(parts);
    char to[96], command[128];

    snprintf(to, sizeof to, "%s/copy", parts->directory);
    copy.directory = to;
    assert(store_copy(&from, to) == 0);
    assert(backup_seal(&copy, backup_key, parts->files[PART_BACKUP].path) == 0);
    snprintf(command, sizeof command, "rm -rf %s", to);
    assert(system(command) == 0);
}

void parts_write(struct parts *parts)
{
    static const char *const files[PARTS] = {"data.mdb", "keys", "backup", ARCHIVE_NAME, "ledger"};
    struct world *w = stage_begin();

    memcpy(parts->directory, w->directory, sizeof parts->directory);
    for (int part = 0; part < PARTS; part++)
        snprintf(parts->files[part].path, sizeof parts->files[part].path, "%s/%s", parts->directory, files[part]);
    write_ledger(parts, w);
    write_archive(parts, w);
    stage_end(w);
    write_backup(parts);
    for (int part = 0; part < PARTS; part++) {
        take_in(&parts->files[part]);
        fuzz_expect(parts_read(parts, (enum part)part, parts->files[part].digest), "what was not damaged is sound");
    }
}

void parts_restore(const struct parts *parts, enum part part)
{
    const struct part_file *file = &parts->files[part];
    int fd = open(file->path, O_WRONLY | O_CLOEXEC);

    assert(fd >= 0 && pwrite(fd, file->data, file->size, 0) == (ssize_t)file->size);
    assert(ftruncate(fd, (off_t)file->size) == 0); /* and not to nothing before: its pages would be asked for anew */
    close(fd);
}

void parts_flip(const struct parts *parts, enum part part, size_t offset, uint8_t bit)
{
    const struct part_file *file = &parts->files[part];
    uint8_t byte = (uint8_t)(file->data[offset] ^ 1U << bit);
    int fd = open(file->path, O_WRONLY | O_CLOEXEC);

    assert(offset < file->size && fd >= 0 && pwrite(fd, &byte, 1, (off_t)offset) == 1);
    close(fd);
}
