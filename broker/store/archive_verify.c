/* archive_verify.c - file by file, record by record; then whether the store has more than that in the archive.
 *
 * Files are read without a view of the store: of years of them that takes hours, and so long it could not use its pages
 * again. The store is looked at before and after each, and what is compared is of one view. */
#include "store/archive_verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/archive.h"
#include "store/internal.h"
#include "store/record.h"

struct check {
    struct store *store;
    struct arena arena;
    struct store_txn *txn; /* while the store is looked at */
    const char *directory;
    verify_progress progress;
    void *user;
    uint64_t total;
    int failure; /* of looking at files */
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
        check->failure = fail_with(check->store, failure, "%s/%s: %s", check->directory, where, strerror(-failure));
}

/* ---- Looking at the store ---- */

static int look(struct check *check)
{
    arena_reset(&check->arena, 0);
    return store_read_begin(check->store, &check->arena, &check->txn);
}

/* The store's failure, if it has one. */
static int look_away(struct check *check)
{
    int failure = store_failure(check->txn);

    store_read_end(check->txn);
    check->txn = NULL;
    return failure;
}

/* The next file that the store knows. 1: there is one; 0: there is none. */
static int next_file(struct check *check, char name[ARCHIVE_NAME_MAX])
{
    size_t size = name[0] == '\0' ? 0 : strlen(name) + 1; /* with its end it is the least key behind it */
    struct store_cursor *cursor;
    struct bytes key;
    int failure = look(check);
    bool found;

    if (failure != 0)
        return failure;
    cursor = store_scan(check->txn, TABLE_ARCHIVE, bytes_of(NULL, 0), arena_copy(&check->arena, bytes_of(name, size)));
    found = store_next_key(cursor, &key);
    if (found && (key.size >= ARCHIVE_NAME_MAX || memchr(key.data, '\0', key.size) != NULL))
        store_damaged(check->txn, TABLE_ARCHIVE, key);
    else if (found)
        snprintf(name, ARCHIVE_NAME_MAX, "%.*s", (int)key.size, (const char *)key.data);
    store_scan_end(cursor);
    failure = look_away(check);
    return failure != 0 ? failure : found;
}

/* ---- A file ---- */

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

/* Does it hold what the store says is in it? */
static void compare(struct check *check, const char *name, const struct archive *archive)
{
    const Record__ArchiveFile *row = archive_file_row(check->txn, name);
    const struct archive_about *about = archive_about(archive);
    size_t mark = arena_mark(&check->arena), count;
    const struct archive_entry *entries = archive_entries(archive, &count);
    uint64_t meant = 0;

    if (row == NULL)
        return;
    if (!bytes_equal(bytes_of(row->digest.data, row->digest.len), bytes_of(about->digest, sizeof(about->digest))))
        fault(check, "a file of the archive is not the one the store knows", name);
    for (size_t i = 0; i < count; i++, arena_rewind(&check->arena, mark))
        meant += is_meant(check, name, &entries[i]);
    if (meant != row->referrals || count != row->count)
        fault(check, "a file of the archive does not hold what the store says", name);
    check->result.referrals += meant;
    check->result.untold += !row->told;
}

static int check_whole(struct check *check, const char *name, const struct archive *archive)
{
    size_t count;
    const struct archive_entry *entries = archive_entries(archive, &count);
    int failure = look(check);

    if (failure != 0)
        return failure;
    compare(check, name, archive);
    failure = look_away(check);
    for (size_t i = 0; failure == 0 && i < count; i++)
        check_entry(check, name, archive, &entries[i]);
    return failure;
}

/* 0, or the store's failure. */
static int check_file(struct check *check, const char *name)
{
    struct archive *archive = NULL;
    int failure = archive_open(check->store->keys, check->directory, name, &archive), looked = 0;

    if (failure == 0)
        failure = archive_check(archive);
    note_failure(check, is_of_file(failure) ? 0 : failure, name);
    if (is_of_file(failure))
        fault(check, "a file of the archive is missing, damaged, or of other keys", name);
    else if (failure == 0)
        looked = check_whole(check, name, archive);
    archive_close(archive);
    check->result.files++;
    if (check->progress != NULL)
        check->progress(check->user, name, check->result.files, check->total);
    return looked;
}

static int check_files(struct check *check)
{
    char name[ARCHIVE_NAME_MAX] = "";
    int more;

    while ((more = next_file(check, name)) > 0) {
        int failure = check_file(check, name);

        if (failure != 0)
            return failure;
    }
    return more;
}

/* ---- The store ---- */

static bool is_known(struct check *check, const Record__Archived *archived)
{
    return archived->file != NULL && archive_file_row(check->txn, archived->file) != NULL;
}

/* Those of files that the store does not know any more were counted by nobody. */
static void check_referrals(struct check *check)
{
    struct store_cursor *cursor = store_scan(check->txn, TABLE_REFERRAL, bytes_of(NULL, 0), bytes_of(NULL, 0));
    size_t mark = arena_mark(&check->arena);
    struct bytes key, value;
    uint64_t lost = 0;

    for (; store_next(cursor, &key, &value); arena_rewind(&check->arena, mark)) {
        const Record__Referral *row =
            record_unpack(check->txn, TABLE_REFERRAL, key, value, &record__referral__descriptor);

        lost += row != NULL && row->archived != NULL && !is_known(check, row->archived);
    }
    store_scan_end(cursor);
    if (lost != 0)
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

static int count_files(struct check *check)
{
    int failure = look(check), looked;

    if (failure != 0)
        return failure;
    failure = meta_load(check->txn);
    if (failure == 0)
        check->total = check->txn->sums[TABLE_ARCHIVE].rows;
    looked = look_away(check);
    return failure != 0 ? failure : looked;
}

static int check_store(struct check *check)
{
    int failure = look(check);

    if (failure != 0)
        return failure;
    check_referrals(check);
    count_untold(check);
    return look_away(check);
}

int archive_verify(struct store *store, const char *directory, verify_progress progress, void *user,
                   struct archive_verify_result *ret_result)
{
    struct check check = {.store = store, .directory = directory, .progress = progress, .user = user};
    int failure = arena_open(&check.arena, RECOUNT_ARENA_BYTES);

    if (failure != 0)
        return fail_with(store, failure, "out of memory");
    failure = count_files(&check);
    if (failure == 0)
        failure = check_files(&check);
    if (failure == 0)
        failure = check_store(&check);
    if (failure == 0 && check.result.faults == 0)
        failure = check.failure;
    *ret_result = check.result;
    arena_close(&check.arena);
    return failure;
}
