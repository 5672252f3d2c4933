/* archive_parts.c - files of the archive are written, read, and held against the store; looks into them are noted. */
#include <errno.h>
#include <string.h>

#include "fault/parts.h"
#include "store/archive_look.h"
#include "store/archive_verify.h"

#define RECORDS 3

/* ---- Written ---- */

static int add_records(struct stage *stage, struct archive_writer *writer)
{
    int failure = 0;

    for (int i = 0; failure == 0 && i < RECORDS; i++)
        failure = archive_writer_add(writer, stage->id, instant_of(i), bytes_text("a record"));
    return failure;
}

static int write_file(struct stage *stage)
{
    struct archive_writer *writer = NULL;
    int failure = archive_writer_open(stage->store, stage->to, STAGE_SHELF, &writer);

    if (failure == 0)
        failure = add_records(stage, writer);
    if (failure == 0)
        failure = archive_writer_seal(writer);
    archive_writer_close(writer);
    return failure;
}

static int read_file(struct stage *stage)
{
    struct archive *archive = NULL;
    struct keys *keys = NULL;
    uint8_t *record = NULL;
    size_t count = 0, size = 0;
    int failure = archive_keys_open(stage->to, stage->f.host_key, &keys);

    if (failure == 0)
        failure = archive_open(keys, stage->to, STAGE_SHELF, &archive);
    if (failure == 0)
        failure = archive_check(archive);
    if (failure == 0)
        failure = archive_read(archive, &archive_entries(archive, &count)[RECORDS - 1], &record, &size);
    if (failure == 0 && (count != RECORDS || size != 8 || memcmp(record, "a record", 8) != 0))
        failure = -ENOTRECOVERABLE;
    free(record);
    archive_close(archive);
    archive_keys_close(keys);
    return failure;
}

static void prepare_writing(struct stage *stage)
{
    stage_open(stage, false);
}

static void judge_written(struct stage *stage, int failure)
{
    char path[160];

    snprintf(path, sizeof path, "%s/" STAGE_SHELF, stage->to);
    if (access(path, F_OK) != 0) {
        kept(stage, failure != 0);
        cr_assert_eq(write_file(stage), 0, "%s", stage->where);
    }
    cr_assert_eq(read_file(stage), 0, "%s", stage->where); /* under its name it is whole, whatever was said */
    snprintf(path, sizeof path, "%s/." STAGE_SHELF ".part", stage->to);
    kept(stage, access(path, F_OK) != 0);
}

Test(archive_parts, d8_a_file_has_its_name_when_it_is_whole)
{
    part_walk(&(struct part){"archive_writer", prepare_writing, write_file, judge_written});
}

/* ---- Read ---- */

static void prepare_reading(struct stage *stage)
{
    stage_open(stage, false);
    cr_assert_eq(write_file(stage), 0, "%s", stage->where);
}

static int list_and_read(struct stage *stage)
{
    char **names = NULL;
    int failure = archive_list(stage->to, &names);

    if (failure == 0 && (names[0] == NULL || strcmp(names[0], STAGE_SHELF) != 0))
        failure = -ENOTRECOVERABLE;
    archive_list_free(names);
    return failure != 0 ? failure : read_file(stage);
}

static void judge_read(struct stage *stage, int failure)
{
    (void)failure;
    cr_assert_eq(list_and_read(stage), 0, "%s", stage->where);
}

Test(archive_parts, d8_what_could_not_be_read_is_not_told_as_damaged)
{
    part_walk(&(struct part){"archive_read", prepare_reading, list_and_read, judge_read});
}

/* ---- Held against the store ---- */

static int verify(struct stage *stage)
{
    struct archive_verify_result found;
    int failure = archive_verify(stage->store, stage->to, NULL, NULL, &found);

    return failure != 0 ? failure : found.faults == 0 && found.files == 1 ? 0 : -ENOTRECOVERABLE;
}

static void tell_store(struct stage *stage)
{
    struct store_turn turn = {.index = store_mark(stage->store).index + 1, .time = instant_of(FIXTURE_NOW_MS)};
    Record__ArchiveFile row = RECORD__ARCHIVE_FILE__INIT;
    struct archive *archive = NULL;
    struct store_txn *txn = NULL;
    uint8_t digest[STORE_DIGEST_SIZE];
    size_t count;

    cr_assert_eq(archive_open(archive_keys_of(stage->store), stage->to, STAGE_SHELF, &archive), 0);
    archive_entries(archive, &count);
    memcpy(digest, archive_about(archive)->digest, sizeof digest);
    archive_close(archive);
    row.has_count = row.has_referrals = row.has_digest = row.has_told = row.told = true;
    row.count = (uint32_t)count;
    row.digest = (ProtobufCBinaryData){.len = sizeof digest, .data = digest};
    arena_reset(&stage->f.arena, 0);
    cr_assert_eq(store_turn_begin(stage->store, &stage->f.arena, &txn), 0);
    archive_file_row_put(txn, STAGE_SHELF, &row);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
}

static void prepare_verifying(struct stage *stage)
{
    prepare_reading(stage);
    tell_store(stage);
}

static void judge_verified(struct stage *stage, int failure)
{
    kept(stage, failure == 0 || store_error(stage->store)[0] != '\0');
    cr_assert_eq(verify(stage), 0, "%s, then: %s", stage->where, store_error(stage->store));
}

Test(archive_parts, p3_an_archive_that_could_not_be_looked_at_is_not_told_as_damaged)
{
    part_walk(&(struct part){"archive_verify", prepare_verifying, verify, judge_verified});
}

/* ---- Looked into ---- */

static int look(struct stage *stage, const char *reason)
{
    struct archive_look look = {.at = instant_of(1), .user = "user", .referral = stage->id, .file = STAGE_SHELF};

    look.reason = reason;
    return archive_look_add(archive_keys_of(stage->store), stage->to, &look);
}

static void note_reason(void *user, const struct archive_look *look)
{
    strncat(user, look->reason, 1);
}

static int reasons(struct stage *stage, char out[8])
{
    out[0] = '\0';
    return archive_looks(archive_keys_of(stage->store), stage->to, note_reason, out);
}

static void prepare_looking(struct stage *stage)
{
    stage_open(stage, false);
    stage_clear(stage, stage->to);
    cr_assert_eq(look(stage, "a"), 0, "%s", stage->where);
}

static int look_and_list(struct stage *stage)
{
    char found[8];
    int failure = look(stage, "b");

    return failure != 0 ? failure : reasons(stage, found);
}

/* One that failed may be in it: it was not shown anything. */
static void judge_looks(struct stage *stage, int failure)
{
    char found[8];

    cr_assert_eq(look(stage, "c"), 0, "%s", stage->where);
    cr_assert_eq(reasons(stage, found), 0, "%s", stage->where);
    kept(stage, strcmp(found, "abc") == 0 || (failure != 0 && strcmp(found, "ac") == 0));
}

Test(archive_parts, p3_a_look_is_noted_before_anything_is_shown)
{
    part_walk(&(struct part){"archive_look_add", prepare_looking, look_and_list, judge_looks});
}
