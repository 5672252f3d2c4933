/* archiver_scan.c - journey after journey goes into a file, a record at a time: one journey may be of gigabytes. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "turn/archiver_inside.h"

#define ROOM_FILES    4 /* room for so many files must be left on the disk */
#define SCAN_ROWS     200
#define SCAN_BYTES    (128UL << 10)
#define FILES_A_DAY   10000
#define NAME_DAY_ZONE 0 /* names are of days in UTC */

struct scan { /* a step */
    struct archiver *archiver;
    struct store_txn *txn;
    struct instant limit;
    uint64_t bytes; /* of records */
    int rows;
};

/* ---- A file ---- */

static bool has_room(const struct archiver *archiver)
{
    char beside[PATH_MAX + 4];
    struct statvfs disk;

    snprintf(beside, sizeof beside, "%s/..", archiver->options.directory);
    if (statvfs(archiver->options.directory, &disk) != 0 && statvfs(beside, &disk) != 0)
        return true; /* opening a file will say why */
    return disk.f_bavail * disk.f_frsize >= ROOM_FILES * archiver->options.file_bytes;
}

static int open_writer(struct scan *scan)
{
    struct archiver *archiver = scan->archiver;
    struct date today = instant_local_date(archiver->clock.now, NAME_DAY_ZONE);
    int failure = has_room(archiver) ? -EEXIST : -ENOSPC;

    for (uint32_t number = 1; failure == -EEXIST && number < FILES_A_DAY; number++) {
        archive_name(archiver->name, today, number);
        if (archive_file_row(scan->txn, archiver->name) == NULL)
            failure = archive_writer_open(archiver->options.store, archiver->options.directory, archiver->name,
                                          &archiver->writer);
    }
    return failure;
}

static bool is_full(const struct archiver *archiver)
{
    return archiver->writer != NULL && (archive_writer_bytes(archiver->writer) >= archiver->options.file_bytes ||
                                        archive_writer_count(archiver->writer) >= ARCHIVE_ENTRIES_MAX);
}

/* ---- A journey ---- */

static int record_of(struct scan *scan, struct id id, struct instant *ret_ended_at, struct bytes *ret_record)
{
    const Record__Referral *row = referral_row(scan->txn, id);
    int failure = row == NULL ? -ENODATA : archive_record(scan->txn, id, row, ret_record);

    if (failure != 0)
        return failure;
    *ret_ended_at = instant_of(row->ended_at_ms);
    scan->bytes += ret_record->size;
    return 0;
}

/* What is left of it stays. That is said, and keeps no others. */
static void leave(struct archiver *archiver, int failure)
{
    if (failure == -EMSGSIZE)
        archiver->done.too_large += archiver->journey.count;
    else
        archiver_note_failure(archiver, failure == -ENODATA ? -EBADMSG : failure);
    archiver->journey.count = 0;
}

/* A journey goes as a whole: where one of it cannot be recorded, all of them stay. */
static void weigh(struct scan *scan)
{
    struct archiver_journey *journey = &scan->archiver->journey;
    struct instant ended_at;
    struct bytes record;
    int failure = record_of(scan, journey->ids[journey->weighed], &ended_at, &record);

    if (failure == 0)
        journey->weighed++;
    else
        leave(scan->archiver, failure);
}

/* The youngest first. One that has changed since it was weighed is no longer as it was written when it is told, and
 * stays. */
static int write_next(struct scan *scan)
{
    struct archiver *archiver = scan->archiver;
    struct archiver_journey *journey = &archiver->journey;
    struct id id = journey->ids[journey->written];
    struct instant ended_at;
    struct bytes record;
    int failure = record_of(scan, id, &ended_at, &record);

    if (failure != 0) {
        leave(archiver, failure);
        return 0;
    }
    if (archiver->writer == NULL)
        failure = open_writer(scan);
    if (failure == 0)
        failure = archive_writer_add(archiver->writer, id, ended_at, record);
    if (++journey->written == journey->count)
        journey->count = 0;
    return failure;
}

/* ---- All of them ---- */

static void look_at(struct scan *scan, struct id id)
{
    struct archiver *archiver = scan->archiver;
    struct archiver_journey *journey = &archiver->journey;
    size_t count;

    archiver->at = id;
    count = retention_choose(scan->txn, id, scan->limit, journey->ids);
    journey->weighed = journey->written = 0;
    journey->count = count > RETENTION_JOURNEY_MAX ? 0 : count;
    archiver->done.too_large += count - journey->count;
}

static void look_at_next(struct scan *scan)
{
    struct archiver *archiver = scan->archiver;
    uint8_t from[ID_KEY_SIZE + 1] = {0};
    size_t size = id_is_set(archiver->at) ? sizeof from : 0;
    struct store_cursor *cursor;
    struct bytes key;

    if (size != 0)
        id_to_key(from, archiver->at);
    cursor = store_scan(scan->txn, TABLE_REFERRAL, bytes_of(NULL, 0), bytes_of(from, size));
    archiver->at_end = !store_next_key(cursor, &key);
    if (!archiver->at_end)
        look_at(scan, id_from_key(key.data));
    store_scan_end(cursor);
    scan->rows++;
}

static int scan_rows(struct scan *scan)
{
    struct archiver *archiver = scan->archiver;
    const struct archiver_journey *journey = &archiver->journey;
    size_t mark = arena_mark(&archiver->arena);
    int failure = 0;

    while (failure == 0 && store_failure(scan->txn) == 0 && scan->rows < SCAN_ROWS && scan->bytes < SCAN_BYTES &&
           !is_full(archiver) && !archiver->at_end) {
        if (journey->count == 0)
            look_at_next(scan);
        else if (journey->weighed < journey->count)
            weigh(scan);
        else
            failure = write_next(scan);
        arena_rewind(&archiver->arena, mark);
    }
    return failure;
}

/* A journey of which a row is damaged stays, and the next step goes on behind it. */
static int leave_damaged(struct scan *scan)
{
    int failure = store_failure(scan->txn);

    if (failure != -EBADMSG)
        return failure;
    leave(scan->archiver, failure);
    scan->archiver->done.damaged++;
    return 0;
}

int archiver_scan(struct archiver *archiver)
{
    struct scan scan = {.archiver = archiver};
    int failure = store_read_begin(archiver->options.store, &archiver->arena, &scan.txn);

    if (failure == 0) {
        scan.limit = retention_limit(scan.txn, archiver->clock.now);
        failure = store_failure(scan.txn);
    }
    if (failure == 0)
        failure = scan_rows(&scan);
    if (failure == 0)
        failure = leave_damaged(&scan);
    store_read_end(scan.txn);
    if (failure != 0)
        return failure;
    if (archiver->writer != NULL && (archiver->at_end || is_full(archiver)))
        archiver->phase = SEALING;
    return archiver->writer != NULL || !archiver->at_end;
}
