/* archived.c - the daemon has put finished referrals into a file of the archive, which is on disk: what is still as it
 * was written there leaves the store (D8). Told again, of a file of before a crash, it does the rest. */
#include <assert.h>

#include "engine/binary.h"
#include "engine/families.h"
#include "engine/life.h"
#include "engine/retention.h"
#include "store/archive.h"

/* P1: what partners and people wrote goes; who did what and when stays, for questions and for the reports. */
static void strip_entry(struct work *work, Record__Timeline *row)
{
    Referral__TimelineEntry *entry = work_read(work, TABLE_TIMELINE, &referral__timeline_entry__descriptor, row->entry);

    entry->text = NULL;
    entry->person = NULL;
    FIELD_SET(row, entry, binary_pack(work->arena, &entry->base));
    FIELD_CLEAR_BYTES(row, original);
}

static void strip_timeline(struct work *work, struct id id, uint32_t count)
{
    size_t mark = arena_mark(work->arena);

    for (uint32_t number = 0; number < count; number++, arena_rewind(work->arena, mark)) {
        Record__Timeline *row = timeline_row(work->txn, id, number);

        if (row == NULL)
            continue;
        strip_entry(work, row);
        timeline_row_put(work->txn, id, number, row);
    }
}

/* Is it still what was written, to the byte? */
static bool is_as_written(struct work *work, struct id id, const Record__Referral *row,
                          const Batch__ArchivedRecord *written)
{
    size_t mark = arena_mark(work->arena);
    uint8_t digest[ARCHIVE_HASH_SIZE];
    struct bytes record;
    bool same = false;

    if (archive_record(work->txn, id, row, &record) == 0) {
        store_keyed_hash(store_of(work->txn), record, digest);
        same = bytes_equal(binary_bytes(written->digest), bytes_of(digest, sizeof digest));
    }
    arena_rewind(work->arena, mark);
    return same;
}

static void move_out(struct work *work, struct id id, Record__Referral *row, const Batch__Archived *told,
                     const Batch__ArchivedRecord *written)
{
    Record__Archived archived = RECORD__ARCHIVED__INIT;

    archive_delete_sheets(work->txn, id);
    strip_timeline(work, id, row->timeline_next);
    archived.file = told->file;
    FIELD_SET(&archived, offset, written->offset);
    FIELD_SET(&archived, length, written->length);
    FIELD_SET(&archived, digest, written->digest);
    FIELD_SET(&archived, at_ms, work->now.ms);
    row->archived = &archived;
    referral_row_put(work->txn, id, row);
}

static uint64_t move_all(struct work *work, const Batch__Archived *told)
{
    struct instant limit = retention_limit(work->txn, work->now);
    uint64_t moved = 0;

    for (size_t i = 0; i < told->n_records; i++) {
        struct id id = life_id_of(told->records[i]->referral);
        size_t mark = arena_mark(work->arena);
        Record__Referral *row = referral_row(work->txn, id);

        if (row != NULL && retention_allows(work->txn, id, row, limit) &&
            is_as_written(work, id, row, told->records[i])) {
            move_out(work, id, row, told, told->records[i]);
            moved++;
        }
        arena_rewind(work->arena, mark);
    }
    return moved;
}

/* P3: one row for those that went together; each names the file. */
static void audit_moved(struct work *work, const Batch__Archived *told, uint64_t moved)
{
    Referral__AuditRow row = REFERRAL__AUDIT_ROW__INIT;

    row.institution = arena_text(work->arena, work->actor);
    row.subject = told->file;
    row.reason = arena_text(work->arena, "archived");
    FIELD_SET(&row, count, (uint32_t)moved);
    audit_add(work->txn, wire_pack(&row.base, work->arena));
}

bool archived_apply(struct work *work)
{
    const Batch__Archived *told = work_unpack(work, &batch__archived__descriptor, work->command->body);
    Record__ArchiveFile fresh = RECORD__ARCHIVE_FILE__INIT, *file;
    uint64_t moved;

    assert(told->file != NULL && told->has_digest);
    if (work->hold) /* C4: nothing is so and so old while the time is in doubt */
        return true;
    file = archive_file_row(work->txn, told->file);
    if (file != NULL && !bytes_equal(binary_bytes(file->digest), binary_bytes(told->digest)))
        return true; /* another file has taken that name: verify tells */
    moved = move_all(work, told);
    if (file == NULL) {
        file = &fresh;
        FIELD_SET(file, schema, STORE_SCHEMA);
        FIELD_SET(file, digest, told->digest);
        FIELD_SET(file, bytes, told->bytes);
        FIELD_SET(file, count, told->count);
        FIELD_SET(file, at_ms, work->now.ms);
    }
    FIELD_SET(file, referrals, file->referrals + moved);
    FIELD_SET(file, told, file->told || told->last);
    if (file->referrals != 0) /* of a file that nothing moved to, nobody needs to know */
        archive_file_row_put(work->txn, told->file, file);
    if (moved != 0)
        audit_moved(work, told, moved);
    return true;
}
