/* flip.c - one bit of a closed store, its keys, a backup, an archive or a ledger is another: `fuzz_flip TRIALS SEED [blind]`.
 *
 * Each trial looks in a child process, whose death counts as found. Found, or harmless: what can be read is what was written. Then a broker starts on the
 * damaged store and is asked everything that can be asked: counted are answers as before, errors, and others, for which a hidden row is enough: a daemon
 * does not recount its tables at each question, verify does. "blind" leaves verify out, and with it what only sums see. Exit 1 where a flip was neither
 * found nor harmless. */
#include <assert.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/replay.h"
#include "fuzz/engine_box.h"
#include "fuzz/fuzz.h"
#include "store/archive.h"
#include "store/backup.h"
#include "store/rows_place.h"
#include "store/verify.h"

#define MAP_BYTES    (1UL << 30)
#define ARENA_BYTES  (1UL << 30)
#define PATIENCE_S   20
#define START_TURNS  1000
#define ARCHIVE_NAME "archive-2026-03-02-1.rfa"
#define DIGEST       32

enum part { PART_DATA, PART_KEYS, PART_BACKUP, PART_ARCHIVE, PART_LEDGER, PARTS };
static const char *const part_names[PARTS] = {"store", "keys", "backup", "archive", "ledger"};

/* How a child ends. */
enum end { END_SAME = 10, END_FOUND, END_UNCOUNTED, END_ALTERED };

struct part_file {
    char path[160];
    uint8_t *data;
    size_t size;
    uint8_t digest[DIGEST]; /* of what is read from it */
};

static const uint8_t host_key[STORE_HOST_KEY_SIZE] = {7};
static const uint8_t backup_key[BACKUP_KEY_SIZE] = {9};

static struct {
    char directory[64];
    struct part_file parts[PARTS];
    uint8_t answers[DIGEST];
    uint64_t dice;
    bool is_blind;
    uint64_t found[PARTS], died[PARTS], same[PARTS], missed[PARTS];
    uint64_t hidden; /* flips that only the tables' counts and sums saw */
    uint64_t served_same, served_error, served_otherwise;
} flip;

/* splitmix64 */
static uint64_t roll(void)
{
    uint64_t z = flip.dice += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static struct store_options options(void)
{
    return (struct store_options){.directory = flip.directory, .map_bytes = MAP_BYTES, .host_key = host_key};
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

static bool read_store(uint8_t digest[DIGEST])
{
    struct store_options how = options();
    struct verify_result result = {0};
    struct store *store = NULL;
    struct arena arena;
    bool is_sound;

    how.read_only = true;
    assert(arena_open(&arena, ARENA_BYTES) == 0);
    if (store_open(&how, &store) != 0)
        return false;
    is_sound = dump(store, &arena, digest) &&
               (flip.is_blind || (store_verify(store, NULL, NULL, &result) == 0 && result.faults == 0));
    store_close(store);
    arena_close(&arena);
    return is_sound;
}

static bool read_backup(uint8_t digest[DIGEST])
{
    char to[] = SCRATCH "/flip-XXXXXX", command[64];
    char error[STORE_ERROR_SIZE];
    bool is_sound = mkdtemp(to) != NULL && backup_unseal(flip.parts[PART_BACKUP].path, backup_key, to, error) == 0;

    memset(digest, 0, DIGEST); /* the whole of it is authenticated: it opens, or not */
    snprintf(command, sizeof command, "rm -rf %s", to);
    return system(command) == 0 && is_sound;
}

static bool read_archive(uint8_t digest[DIGEST])
{
    struct archive *archive = NULL;
    struct keys *keys = NULL;
    crypto_generichash_state state;
    size_t count, size;
    uint8_t *record;
    bool is_sound = archive_keys_open(flip.directory, host_key, &keys) == 0 &&
                    archive_open(keys, flip.directory, ARCHIVE_NAME, &archive) == 0 && archive_check(archive) == 0;

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
static bool read_ledger(uint8_t digest[DIGEST])
{
    const struct part_file *file = &flip.parts[PART_LEDGER];
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

static bool read_part(enum part part, uint8_t digest[DIGEST])
{
    switch (part) {
    case PART_BACKUP:
        return read_backup(digest);
    case PART_ARCHIVE:
        return read_archive(digest);
    case PART_LEDGER:
        return read_ledger(digest);
    case PART_DATA:
    case PART_KEYS:
    case PARTS:
    default:
        return read_store(digest);
    }
}

/* ---- What a broker on it would say ---- */

static bool is_error(const Referral__Reply *reply)
{
    return reply->n_refusals != 0;
}

/* The answers of the whole store to everybody; an error is none. -1: it does not start, or stops. */
static int serve(uint8_t digest[DIGEST])
{
    struct store_options how = options();
    crypto_generichash_state state;
    struct box box = {.w = NULL};
    struct store *store = NULL;
    uint64_t records;
    size_t count;
    const struct kind_info *kinds = kind_infos(&count);
    int result = 0;

    assert(arena_open(&box.arena, ARENA_BYTES) == 0);
    if (store_open(&how, &store) != 0 || store_verify_end(store, &box.arena, START_TURNS, &records) != 0 ||
        store_read_begin(store, &box.arena, &box.txn) != 0)
        return -1;
    box.now = store_mark(store).time;
    crypto_generichash_init(&state, NULL, 0, DIGEST);
    for (size_t i = 0; i < count && result == 0; i++) {
        if (kinds[i].class != KIND_QUERY)
            continue;
        for (uint8_t speaker = 0; speaker < STAGE_SPEAKERS && result == 0; speaker++) {
            const Referral__Reply *reply =
                box_ask(&box, stage_speaker(speaker), (uint32_t)kinds[i].kind, bytes_of(NULL, 0));

            if (store_failure(box.txn) != 0)
                result = -1;
            else if (!is_error(reply))
                add(&state, wire_pack(&reply->base, &box.arena));
        }
    }
    crypto_generichash_final(&state, digest, DIGEST);
    store_read_end(box.txn);
    store_close(store);
    arena_close(&box.arena);
    return result;
}

/* ---- Trials ---- */

/* In a child, with an end. */
static int in_child(int (*look)(enum part part), enum part part)
{
    int status;
    pid_t child = fork();

    assert(child >= 0);
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        alarm(PATIENCE_S);
        _exit(look(part));
    }
    assert(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int look_at_part(enum part part)
{
    uint8_t digest[DIGEST];

    if (!read_part(part, digest))
        return END_FOUND;
    return memcmp(digest, flip.parts[part].digest, DIGEST) == 0 ? END_SAME
           : part == PART_LEDGER                                ? END_FOUND
                                                                : END_ALTERED;
}

/* Does the walk over the rows alone see nothing, though rows are gone? Then only counts and sums do. */
static int look_blindly(enum part part)
{
    flip.is_blind = true;
    return look_at_part(part);
}

static int look_at_answers(enum part part)
{
    uint8_t digest[DIGEST];

    (void)part;
    if (serve(digest) != 0)
        return END_FOUND;
    return memcmp(digest, flip.answers, DIGEST) == 0 ? END_SAME : END_ALTERED;
}

static void put(const struct part_file *file, size_t offset, uint8_t byte)
{
    int fd = open(file->path, O_WRONLY | O_CLOEXEC);

    assert(fd >= 0 && pwrite(fd, &byte, 1, (off_t)offset) == 1);
    close(fd);
}

static void judge(enum part part, size_t offset, uint8_t bit)
{
    int end = in_child(look_at_part, part);

    if (end == END_FOUND)
        flip.found[part]++;
    else if (end == END_SAME)
        flip.same[part]++;
    else if (end == END_ALTERED)
        flip.missed[part]++;
    else
        flip.died[part]++;
    if (end == END_ALTERED)
        printf("not found: %s, byte %zu, bit %u\n", part_names[part], offset, bit);
    if (part != PART_DATA)
        return;
    flip.hidden += end == END_FOUND && in_child(look_blindly, part) == END_ALTERED;
    end = in_child(look_at_answers, part);
    flip.served_same += end == END_SAME;
    flip.served_otherwise += end == END_ALTERED;
    flip.served_error += end != END_SAME && end != END_ALTERED;
    if (end == END_ALTERED)
        printf("answered otherwise: byte %zu, bit %u\n", offset, bit);
}

static void rewrite(const struct part_file *file)
{
    int fd = open(file->path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    assert(fd >= 0 && pwrite(fd, file->data, file->size, 0) == (ssize_t)file->size);
    close(fd);
}

/* Rather where something is than in pages that nobody uses. */
static size_t offset_in(const struct part_file *file)
{
    size_t offset = roll() % file->size;

    for (int i = 0; i < 20 && file->data[offset] == 0; i++)
        offset = roll() % file->size;
    return offset;
}

static void trial(void)
{
    uint64_t choice = roll() % 10;
    enum part part = choice < 6 ? PART_DATA : (enum part)(choice - 5);
    const struct part_file *file = &flip.parts[part];
    size_t offset = offset_in(file);
    uint8_t bit = (uint8_t)(roll() % 8);

    put(file, offset, (uint8_t)(file->data[offset] ^ 1U << bit));
    judge(part, offset, bit);
    rewrite(file);
}

/* ---- The parts ---- */

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

static void write_ledger(struct world *w)
{
    FILE *out = fopen(flip.parts[PART_LEDGER].path, "we");
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

static void write_archive(struct world *w)
{
    struct archive_writer *writer = NULL;

    assert(archive_writer_open(w->store, flip.directory, ARCHIVE_NAME, &writer) == 0);
    for (uint64_t i = 1; i < 8; i++) {
        struct id id = {.incarnation = store_identity(w->store)->incarnation, .index = i};
        struct bytes record =
            bytes_text(arena_format(&w->arena, "a referral that ended, number %lu", (unsigned long)i));

        assert(archive_writer_add(writer, id, w->clock.now, record) == 0);
    }
    assert(archive_writer_seal(writer) == 0);
    archive_writer_close(writer);
}

static void write_backup(void)
{
    struct store_options from = options(), copy = options();
    char to[96], command[128];

    snprintf(to, sizeof to, "%s/copy", flip.directory);
    copy.directory = to;
    assert(store_copy(&from, to) == 0);
    assert(backup_seal(&copy, backup_key, flip.parts[PART_BACKUP].path) == 0);
    snprintf(command, sizeof command, "rm -rf %s", to);
    assert(system(command) == 0);
}

static void prepare(void)
{
    static const char *const files[PARTS] = {"data.mdb", "keys", "backup", ARCHIVE_NAME, "ledger"};
    struct world *w = stage_begin();

    memcpy(flip.directory, w->directory, sizeof flip.directory);
    for (int part = 0; part < PARTS; part++)
        snprintf(flip.parts[part].path, sizeof flip.parts[part].path, "%s/%s", flip.directory, files[part]);
    write_ledger(w);
    write_archive(w);
    stage_end(w);
    write_backup();
    for (int part = 0; part < PARTS; part++) {
        take_in(&flip.parts[part]);
        fuzz_expect(read_part((enum part)part, flip.parts[part].digest), "what was not damaged is sound");
    }
    fuzz_expect(serve(flip.answers) == 0, "a sound store is served");
}

int main(int count, char **arguments)
{
    uint64_t trials, missed = 0;

    if (count < 3)
        return 2;
    trials = strtoull(arguments[1], NULL, 10);
    flip.dice = strtoull(arguments[2], NULL, 10);
    prepare();
    flip.is_blind = count > 3;
    for (uint64_t i = 0; i < trials; i++)
        trial();
    for (int part = 0; part < PARTS; part++) {
        printf("%-8s found %lu, by a child's death %lu, harmless %lu, missed %lu\n", part_names[part],
               (unsigned long)flip.found[part], (unsigned long)flip.died[part], (unsigned long)flip.same[part],
               (unsigned long)flip.missed[part]);
        missed += flip.missed[part];
    }
    printf("seen by counts and sums alone %lu; served as before %lu, an error or a stop %lu, otherwise %lu\n",
           (unsigned long)flip.hidden, (unsigned long)flip.served_same, (unsigned long)flip.served_error,
           (unsigned long)flip.served_otherwise);
    printf("seed %s: %lu flips, %lu missed\n", arguments[2], (unsigned long)trials, (unsigned long)missed);
    return missed != 0;
}
