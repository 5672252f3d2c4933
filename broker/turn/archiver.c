/* archiver.c - one pass: files of before a crash, then file after file is written (archiver_scan.c) and told. */
#include "turn/archiver.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "turn/archiver_inside.h"

#define ARENA_BYTES (256UL << 20)
#define FILE_BYTES  (16UL << 20)
#define TOLD_BYTES  (1UL << 20) /* records of one turn: it reads them again */

int archiver_open(const struct archiver_options *options, struct archiver **ret_archiver)
{
    struct archiver *archiver = calloc(1, sizeof *archiver);

    if (archiver == NULL || arena_open(&archiver->arena, ARENA_BYTES) != 0) {
        free(archiver);
        return -ENOMEM;
    }
    archiver->options = *options;
    if (archiver->options.file_bytes == 0)
        archiver->options.file_bytes = FILE_BYTES;
    *ret_archiver = archiver;
    return 0;
}

static void forget_file(struct archiver *archiver)
{
    archive_writer_close(archiver->writer);
    archive_close(archiver->told);
    archiver->writer = NULL;
    archiver->told = NULL;
    archiver->told_count = 0;
}

static void rest(struct archiver *archiver)
{
    forget_file(archiver);
    archive_list_free(archiver->names);
    archiver->names = NULL;
    archiver->journey = (struct archiver_journey){0};
    archiver->phase = RESTING;
}

void archiver_close(struct archiver *archiver)
{
    if (archiver == NULL)
        return;
    rest(archiver);
    arena_close(&archiver->arena);
    free(archiver);
}

struct archiver_done archiver_done(const struct archiver *archiver)
{
    return archiver->done;
}

static struct instant limit_now(struct archiver *archiver)
{
    struct store_txn *txn = NULL;
    struct instant limit = {0};

    if (store_read_begin(archiver->options.store, &archiver->arena, &txn) == 0)
        limit = retention_limit(txn, archiver->clock.now);
    store_read_end(txn);
    return limit;
}

struct known { /* what the store has of a file */
    bool is_known, told;
    uint64_t referrals;
};

static int read_known(struct archiver *archiver, const char *name, struct known *ret_known)
{
    struct store_txn *txn = NULL;
    int failure = store_read_begin(archiver->options.store, &archiver->arena, &txn);
    const Record__ArchiveFile *row;

    if (failure != 0)
        return failure;
    row = archive_file_row(txn, name);
    failure = store_failure(txn);
    store_read_end(txn);
    *ret_known = (struct known){.is_known = row != NULL};
    if (row != NULL) {
        ret_known->told = row->told;
        ret_known->referrals = row->referrals;
    }
    return failure;
}

/* ---- A file is told ---- */

static int begin_telling(struct archiver *archiver, const char *name)
{
    int failure =
        archive_open(archive_keys_of(archiver->options.store), archiver->options.directory, name, &archiver->told);

    if (failure == 0)
        failure = archive_check(archiver->told);
    if (failure != 0) {
        forget_file(archiver);
        return failure;
    }
    if (archiver->name != name)
        snprintf(archiver->name, sizeof archiver->name, "%s", name);
    archiver->phase = TELLING;
    return 1;
}

static void fill_record(struct arena *arena, const struct archive_entry *entry, Batch__ArchivedRecord *record)
{
    batch__archived_record__init(record);
    record->has_referral = record->has_offset = record->has_length = record->has_digest = true;
    record->referral = (ProtobufCBinaryData){.len = ID_KEY_SIZE, .data = arena_alloc(arena, ID_KEY_SIZE)};
    id_to_key(record->referral.data, entry->id);
    record->offset = entry->offset;
    record->length = entry->length;
    record->digest = (ProtobufCBinaryData){.len = ARCHIVE_HASH_SIZE, .data = arena_alloc(arena, ARCHIVE_HASH_SIZE)};
    memcpy(record->digest.data, entry->digest, ARCHIVE_HASH_SIZE);
}

/* The next records, as many as a turn has time for. */
static void fill_records(struct archiver *archiver, Batch__Archived *archived)
{
    size_t count;
    const struct archive_entry *entries = archive_entries(archiver->told, &count);
    Batch__ArchivedRecord *records = arena_alloc(&archiver->arena, TURN_ARCHIVED_MAX * sizeof *records);
    uint64_t bytes = 0;

    archived->records = arena_alloc(&archiver->arena, TURN_ARCHIVED_MAX * sizeof *archived->records);
    for (size_t i = archiver->told_count; i < count && archived->n_records < TURN_ARCHIVED_MAX; i++) {
        bytes += entries[i].length;
        if (archived->n_records != 0 && bytes > TOLD_BYTES)
            break;
        fill_record(&archiver->arena, &entries[i], &records[archived->n_records]);
        archived->records[archived->n_records] = &records[archived->n_records];
        archived->n_records++;
    }
}

static int tell(struct archiver *archiver)
{
    const struct archive_about *about = archive_about(archiver->told);
    uint8_t digest[STORE_DIGEST_SIZE];
    Batch__Archived archived = BATCH__ARCHIVED__INIT;
    size_t count;

    archive_entries(archiver->told, &count);
    memcpy(digest, about->digest, sizeof digest);
    archived.file = archiver->name;
    archived.has_digest = archived.has_bytes = archived.has_count = archived.has_last = true;
    archived.digest = (ProtobufCBinaryData){.len = sizeof digest, .data = digest};
    archived.bytes = about->bytes;
    archived.count = count;
    fill_records(archiver, &archived);
    archived.last = archiver->told_count + archived.n_records == count;
    if (!turn_archived(archiver->options.turn, &archived))
        return 1; /* no room in this turn: again in the next */
    archiver->told_count += archived.n_records;
    if (archived.last)
        archiver->phase = CHECKING;
    return 1;
}

static int go_on_after_file(struct archiver *archiver)
{
    forget_file(archiver);
    archiver->phase = archiver->is_adopting ? ADOPTING : SCANNING;
    return 1;
}

/* Nothing of the file is the store's: all its referrals changed meanwhile, or are of another file. What another
 * incarnation wrote may be all there is of what came after the backup this one was restored from, and stays. */
static int remove_file(struct archiver *archiver)
{
    char path[PATH_MAX];

    if (archive_about(archiver->told)->incarnation != store_identity(archiver->options.store)->incarnation)
        return go_on_after_file(archiver);
    if (snprintf(path, sizeof path, "%s/%s", archiver->options.directory, archiver->name) >= PATH_MAX)
        return -ENAMETOOLONG;
    return unlink(path) == 0 ? go_on_after_file(archiver) : -errno;
}

static int check_told(struct archiver *archiver)
{
    struct known known;
    int failure = read_known(archiver, archiver->name, &known);

    if (failure != 0)
        return failure;
    if (!known.is_known)
        return remove_file(archiver);
    if (!known.told)
        return -EAGAIN; /* the turn has failed: the next pass tells it again */
    archiver->has_known = true;
    archiver->done.files++;
    archiver->done.referrals += known.referrals;
    return go_on_after_file(archiver);
}

/* ---- Files of before ---- */

void archiver_note_failure(struct archiver *archiver, int failure)
{
    if (archiver->failure == 0 && failure < 0)
        archiver->failure = failure;
}

static int read_has_files(struct archiver *archiver, bool *ret_has)
{
    struct store_txn *txn = NULL;
    int failure = store_read_begin(archiver->options.store, &archiver->arena, &txn);
    struct store_cursor *cursor;
    struct bytes key;

    if (failure != 0)
        return failure;
    cursor = store_scan(txn, TABLE_ARCHIVE, bytes_of(NULL, 0), bytes_of(NULL, 0));
    *ret_has = store_next_key(cursor, &key);
    store_scan_end(cursor);
    failure = store_failure(txn);
    store_read_end(txn);
    return failure;
}

/* Where none of the store's files lies, its archive is elsewhere: on a disk that is not mounted, or not yet brought
 * back. What was written here now would be hidden by it, and had left the store. */
static int end_adopting(struct archiver *archiver)
{
    bool has_files = false;
    int failure = archiver->has_known ? 0 : read_has_files(archiver, &has_files);

    archiver->is_adopting = false;
    archiver->phase = SCANNING;
    return failure != 0 ? failure : has_files ? -ENODEV : 1;
}

/* A file that cannot be read, or whose row is damaged, is for people to look at; it does not keep the others. */
static int adopt(struct archiver *archiver)
{
    const char *name = archiver->names == NULL ? NULL : archiver->names[archiver->next_name];
    struct known known;
    int failure;

    if (name == NULL)
        return end_adopting(archiver);
    archiver->is_adopting = true;
    archiver->next_name++;
    failure = read_known(archiver, name, &known);
    if (failure != 0 && failure != -EBADMSG)
        return failure;
    archiver->has_known = archiver->has_known || failure != 0 || known.is_known;
    if (failure != 0) {
        archiver_note_failure(archiver, failure);
        archiver->done.damaged++;
    } else if (!known.told)
        archiver_note_failure(archiver, begin_telling(archiver, name));
    return 1;
}

static int begin_pass(struct archiver *archiver)
{
    archiver->failure = 0;
    archiver->done.too_large = 0;
    archiver->next_name = 0;
    archiver->has_known = false;
    archiver->at = (struct id){0};
    archiver->at_end = false;
    archive_clear(archiver->options.directory);

    int failure = archive_list(archiver->options.directory, &archiver->names);

    if (failure != 0 && failure != -ENOENT)
        return failure;
    archiver->phase = ADOPTING;
    return 1;
}

/* ---- Files of today ---- */

static int seal(struct archiver *archiver)
{
    int failure = archive_writer_seal(archiver->writer);

    if (failure != 0)
        return failure;
    archive_writer_close(archiver->writer);
    archiver->writer = NULL;
    return begin_telling(archiver, archiver->name);
}

static int step(struct archiver *archiver)
{
    switch (archiver->phase) {
    case RESTING:
        return begin_pass(archiver);
    case ADOPTING:
        return adopt(archiver);
    case SCANNING:
        return archiver_scan(archiver);
    case SEALING:
        return seal(archiver);
    case TELLING:
        return tell(archiver);
    case CHECKING:
        return check_told(archiver);
    }
    return 0;
}

/* C4: nothing is so and so old while the time is in doubt: what the last pass failed of stands. Where nothing is to be
 * archived, nothing fails. */
int archiver_step(struct archiver *archiver, struct turn_clock clock)
{
    bool archives;
    int result = 0;

    archiver->clock = clock;
    archives = instant_is_set(limit_now(archiver));
    if (archives && !clock.hold)
        result = step(archiver);
    arena_reset(&archiver->arena, 1 << 20);
    if (result > 0)
        return 1;
    rest(archiver);
    if (result != 0 || !archives)
        archiver->failure = result;
    return archiver->failure;
}
