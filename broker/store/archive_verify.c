/* archive_verify.c - file by file, record by record; then whether the store has more than that in the archive. */
#include "store/archive_verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/archive.h"
#include "store/internal.h"
#include "store/record.h"

struct check {
    struct store_txn *txn;
    const char *directory;
    verify_progress progress;
    void *user;
    uint64_t total;
    int failure; /* of looking */
    struct archive_verify_result result;
};

static void fault(struct check *check, const char *what, const char *where)
{
    if (check->result.faults++ == 0)
        snprintf(check->result.first_fault, sizeof(check->result.first_fault), "%s: %s", what, where);
}

static void fault_of(struct check *check, const char *what, struct id id)
{
    uint8_t key[ID_KEY_SIZE];
    char place[160];

    id_to_key(key, id);
    fail_place(place, sizeof(place), TABLE_REFERRAL, bytes_of(key, sizeof(key)));
    fault(check, what, place);
}

static bool is_of_file(int failure)
{
    return failure == -ENOENT || failure == -EBADMSG || failure == -EPROTO;
}

/* Who lacks memory, descriptors or rights to look accuses no file. */
static void note_failure(struct check *check, int failure, const char *where)
{
    if (failure != 0 && check->failure == 0)
        check->failure =
            fail_with(check->txn->store, failure, "%s/%s: %s", check->directory, where, strerror(-failure));
}

/* Is this the record that the store means? False too where it means another one, which is sound. */
static bool is_meant(struct check *check, const char *name, const struct archive_entry *entry)
{
    const Record__Referral *row = referral_row(check->txn, entry->id);
    const Record__Archived *archived = row == NULL ? NULL : row->archived;

    if (archived == NULL || strcmp(archived->file, name) != 0 || archived->offset != entry->offset)
        return false;
    if (archived->length != entry->length || !bytes_equal(bytes_of(archived->digest.data, archived->digest.len),
                                                          bytes_of(entry->digest, sizeof(entry->digest))))
        fault_of(check, "a referral is not in the archive as the store says", entry->id);
    return true;
}

static void check_entry(struct check *check, const char *name, const struct archive *archive,
                        const struct archive_entry *entry)
{
    uint8_t *record = NULL;
    size_t size = 0;
    int failure = archive_read(archive, entry, &record, &size);

    if (is_of_file(failure))
        fault_of(check, "a record of the archive does not open", entry->id);
    else
        note_failure(check, failure, name);
    free(record);
    check->result.records++;
}

static void check_entries(struct check *check, const char *name, const struct archive *archive,
                          const Record__ArchiveFile *row)
{
    size_t mark = arena_mark(check->txn->arena), count;
    const struct archive_entry *entries = archive_entries(archive, &count);
    uint64_t meant = 0;

    for (size_t i = 0; i < count; i++) {
        check_entry(check, name, archive, &entries[i]);
        meant += is_meant(check, name, &entries[i]);
        arena_rewind(check->txn->arena, mark);
    }
    if (meant != row->referrals || count != row->count)
        fault(check, "a file of the archive does not hold what the store says", name);
    check->result.referrals += meant;
}

static void check_file(struct check *check, const char *name, const Record__ArchiveFile *row)
{
    struct archive *archive = NULL;
    int failure = archive_open(check->txn->store->keys, check->directory, name, &archive);

    if (failure == 0)
        failure = archive_check(archive);
    note_failure(check, is_of_file(failure) ? 0 : failure, name);
    if (is_of_file(failure)) {
        fault(check, "a file of the archive is missing, damaged, or of other keys", name);
    } else if (failure == 0) {
        const struct archive_about *about = archive_about(archive);

        if (!bytes_equal(bytes_of(row->digest.data, row->digest.len), bytes_of(about->digest, sizeof(about->digest))))
            fault(check, "a file of the archive is not the one the store knows", name);
        check_entries(check, name, archive, row);
    }
    archive_close(archive);
    check->result.untold += !row->told;
    check->result.files++;
    if (check->progress != NULL)
        check->progress(check->user, name, check->result.files, check->total);
}

static void check_files(struct check *check)
{
    struct store_cursor *cursor = store_scan(check->txn, TABLE_ARCHIVE, bytes_of(NULL, 0), bytes_of(NULL, 0));
    size_t mark = arena_mark(check->txn->arena);
    struct bytes key, value;

    for (; store_next(cursor, &key, &value); arena_rewind(check->txn->arena, mark)) {
        const Record__ArchiveFile *row =
            record_unpack(check->txn, TABLE_ARCHIVE, key, value, &record__archive_file__descriptor);
        char *name = arena_zalloc(check->txn->arena, key.size + 1);

        if (row == NULL)
            break;
        memcpy(name, key.data, key.size);
        check_file(check, name, row);
    }
    store_scan_end(cursor);
}

/* Those of files that the store does not know any more would have been counted by nobody. */
static void check_referrals(struct check *check)
{
    struct store_cursor *cursor = store_scan(check->txn, TABLE_REFERRAL, bytes_of(NULL, 0), bytes_of(NULL, 0));
    size_t mark = arena_mark(check->txn->arena);
    struct bytes key, value;
    uint64_t archived = 0;

    for (; store_next(cursor, &key, &value); arena_rewind(check->txn->arena, mark)) {
        const Record__Referral *row =
            record_unpack(check->txn, TABLE_REFERRAL, key, value, &record__referral__descriptor);

        archived += row != NULL && row->archived != NULL;
    }
    store_scan_end(cursor);
    if (archived != check->result.referrals &&
        check->failure == 0) /* else a file that was not read has them, perhaps */
        fault(check, "the store says of referrals that they are archived which are in no file", "table REFERRAL");
}

/* What lies there besides: a broker ended before it was told. */
static void count_untold(struct check *check)
{
    char **names = NULL;

    int failure = archive_list(check->directory, &names);

    if (failure != 0) {
        note_failure(check, failure == -ENOENT ? 0 : failure, "");
        return;
    }
    for (char **name = names; *name != NULL; name++)
        check->result.untold += archive_file_row(check->txn, *name) == NULL;
    archive_list_free(names);
}

int archive_verify(struct store *store, const char *directory, verify_progress progress, void *user,
                   struct archive_verify_result *ret_result)
{
    struct check check = {.directory = directory, .progress = progress, .user = user};
    struct arena arena;
    int failure = arena_open(&arena, RECOUNT_ARENA_BYTES);

    if (failure != 0)
        return fail_with(store, failure, "out of memory");
    failure = store_read_begin(store, &arena, &check.txn);
    if (failure == 0)
        failure = meta_load(check.txn);
    if (failure == 0) {
        check.total = check.txn->sums[TABLE_ARCHIVE].rows;
        check_files(&check);
        check_referrals(&check);
        count_untold(&check);
        failure = store_failure(check.txn) == 0 && check.result.faults == 0 ? check.failure : store_failure(check.txn);
        *ret_result = check.result;
    }
    store_read_end(check.txn);
    arena_close(&arena);
    return failure;
}
