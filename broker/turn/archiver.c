/* archiver.c - one pass: files of before a crash, then referral after referral, file after file. */
#include "turn/archiver.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/retention.h"
#include "store/archive.h"

#define ARENA_BYTES   (256UL << 20)
#define FILE_BYTES    (16UL << 20)
#define ROOM_FILES    4 /* room for so many files must be left on the disk */
#define SCAN_ROWS     200
#define SCAN_BYTES    (128UL << 10)
#define TOLD_BYTES    (1UL << 20) /* records of one turn: it reads them again */
#define FILES_A_DAY   10000
#define NAME_DAY_ZONE 0 /* names are of days in UTC */

enum phase {
    RESTING,
    ADOPTING, /* files of which not all was told */
    SCANNING,
    SEALING,
    TELLING,
    CHECKING, /* that the engine has heard it */
};

struct archiver {
    struct archiver_options options;
    struct arena arena; /* of a step */
    enum phase phase;
    struct turn_clock clock;
    int failure; /* of the pass: the first that did not end it, or what ended it */

    char **names; /* of the directory when the pass began */
    size_t next_name;
    bool is_adopting; /* the file told is one of them */

    struct id at;                  /* the last referral looked at */
    bool at_end;                   /* there are no more */
    struct archive_writer *writer; /* NULL: nothing to write yet */

    char name[ARCHIVE_NAME_MAX]; /* of the file written, or told */
    struct archive *told;
    size_t told_count;
    struct archiver_done done;
};

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
static void fill_records(struct archiver *archiver, Batch__Archived *archived, size_t count)
{
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
    fill_records(archiver, &archived, count);
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

/* Nothing of the file is the store's: all its referrals changed meanwhile, or are of another file. What another incarnation wrote may be all there
 * is of what came after the backup this one was restored from, and stays. */
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
    archiver->done.files++;
    archiver->done.referrals += known.referrals;
    return go_on_after_file(archiver);
}

/* ---- Files of before ---- */

static void note_failure(struct archiver *archiver, int failure)
{
    if (archiver->failure == 0 && failure < 0)
        archiver->failure = failure;
}

/* A file that cannot be read is for people to look at; it does not keep the others. */
static int adopt(struct archiver *archiver)
{
    const char *name = archiver->names == NULL ? NULL : archiver->names[archiver->next_name];
    struct known known;
    int failure;

    archiver->is_adopting = name != NULL;
    if (name == NULL) {
        archiver->phase = SCANNING;
        return 1;
    }
    archiver->next_name++;
    failure = read_known(archiver, name, &known);
    if (failure != 0)
        return failure;
    if (!known.told)
        note_failure(archiver, begin_telling(archiver, name));
    return 1;
}

static int begin_pass(struct archiver *archiver)
{
    archiver->failure = 0;
    archiver->done.too_large = 0;
    archiver->next_name = 0;
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

static bool has_room(const struct archiver *archiver)
{
    char beside[PATH_MAX + 4];
    struct statvfs disk;

    snprintf(beside, sizeof beside, "%s/..", archiver->options.directory);
    if (statvfs(archiver->options.directory, &disk) != 0 && statvfs(beside, &disk) != 0)
        return true; /* opening a file will say why */
    return disk.f_bavail * disk.f_frsize >= ROOM_FILES * archiver->options.file_bytes;
}

static int open_writer(struct archiver *archiver, struct store_txn *txn)
{
    struct date today = instant_local_date(archiver->clock.now, NAME_DAY_ZONE);
    int failure = has_room(archiver) ? -EEXIST : -ENOSPC;

    for (uint32_t number = 1; failure == -EEXIST && number < FILES_A_DAY; number++) {
        archive_name(archiver->name, today, number);
        if (archive_file_row(txn, archiver->name) == NULL)
            failure = archive_writer_open(archiver->options.store, archiver->options.directory, archiver->name,
                                          &archiver->writer);
    }
    return failure;
}

static uint64_t written(const struct archiver *archiver)
{
    return archiver->writer == NULL ? 0 : archive_writer_bytes(archiver->writer);
}

static int record_of(struct store_txn *txn, struct id id, struct instant *ret_ended_at, struct bytes *ret_record)
{
    const Record__Referral *row = referral_row(txn, id);

    if (row != NULL)
        *ret_ended_at = instant_of(row->ended_at_ms);
    return row == NULL ? -ENODATA : archive_record(txn, id, row, ret_record);
}

/* A journey goes as a whole: where one of it cannot be recorded, all of them stay. That is said, and keeps no others. */
static bool can_go(struct archiver *archiver, struct store_txn *txn, const struct id *ids, size_t count)
{
    size_t mark = arena_mark(&archiver->arena);
    struct instant ended_at;
    struct bytes record;
    int failure = 0;

    for (size_t i = 0; failure == 0 && i < count; i++, arena_rewind(&archiver->arena, mark))
        failure = record_of(txn, ids[i], &ended_at, &record);
    if (failure == -EMSGSIZE)
        archiver->done.too_large += count;
    else
        note_failure(archiver, failure == -ENODATA ? -EBADMSG : failure);
    return failure == 0;
}

/* Of one journey, the youngest first. */
static int write_journey(struct archiver *archiver, struct store_txn *txn, const struct id *ids, size_t count)
{
    int failure = archiver->writer == NULL ? open_writer(archiver, txn) : 0;
    size_t mark = arena_mark(&archiver->arena);

    for (size_t i = 0; failure == 0 && i < count; i++, arena_rewind(&archiver->arena, mark)) {
        struct instant ended_at;
        struct bytes record;

        failure = record_of(txn, ids[i], &ended_at, &record);
        if (failure == 0)
            failure = archive_writer_add(archiver->writer, ids[i], ended_at, record);
    }
    return failure;
}

static int look_at(struct archiver *archiver, struct store_txn *txn, struct id id, struct instant limit)
{
    size_t mark = arena_mark(&archiver->arena);
    struct id *ids = arena_alloc(&archiver->arena, RETENTION_JOURNEY_MAX * sizeof *ids);
    size_t count = retention_choose(txn, id, limit, ids);
    int failure = 0;

    if (count > RETENTION_JOURNEY_MAX)
        archiver->done.too_large += count;
    else if (count != 0 && can_go(archiver, txn, ids, count))
        failure = write_journey(archiver, txn, ids, count);
    archiver->at = id;
    arena_rewind(&archiver->arena, mark);
    return failure;
}

static bool is_full(const struct archiver *archiver)
{
    return written(archiver) >= archiver->options.file_bytes ||
           (archiver->writer != NULL && archive_writer_count(archiver->writer) >= ARCHIVE_ENTRIES_MAX);
}

static int scan_rows(struct archiver *archiver, struct store_txn *txn)
{
    struct instant limit = retention_limit(txn, archiver->clock.now);
    uint64_t bytes = written(archiver);
    uint8_t from[ID_KEY_SIZE + 1] = {0};
    struct store_cursor *cursor;
    struct bytes key;
    int failure = 0, rows = 0;

    if (id_is_set(archiver->at))
        id_to_key(from, archiver->at);
    cursor =
        store_scan(txn, TABLE_REFERRAL, bytes_of(NULL, 0), bytes_of(from, id_is_set(archiver->at) ? sizeof from : 0));
    while (failure == 0 && rows < SCAN_ROWS && written(archiver) < bytes + SCAN_BYTES && !is_full(archiver) &&
           !archiver->at_end) {
        archiver->at_end = !store_next_key(cursor, &key);
        if (!archiver->at_end)
            failure = look_at(archiver, txn, id_from_key(key.data), limit);
        rows++;
    }
    store_scan_end(cursor);
    return failure != 0 ? failure : store_failure(txn);
}

static int scan(struct archiver *archiver)
{
    struct store_txn *txn = NULL;
    int failure = store_read_begin(archiver->options.store, &archiver->arena, &txn);

    if (failure == 0)
        failure = scan_rows(archiver, txn);
    store_read_end(txn);
    if (failure != 0)
        return failure;
    if (archiver->writer == NULL)
        return !archiver->at_end;
    if (archiver->at_end || is_full(archiver))
        archiver->phase = SEALING;
    return 1;
}

static int seal(struct archiver *archiver)
{
    int failure = archive_writer_count(archiver->writer) == 0 ? 0 : archive_writer_seal(archiver->writer);

    if (failure == 0 && archive_writer_count(archiver->writer) == 0)
        return go_on_after_file(archiver);
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
        return scan(archiver);
    case SEALING:
        return seal(archiver);
    case TELLING:
        return tell(archiver);
    case CHECKING:
        return check_told(archiver);
    }
    return 0;
}

/* C4: nothing is so and so old while the time is in doubt: what the last pass failed of stands. Where nothing is to be archived, nothing fails. */
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
