/* archive.c - finished referrals move to the archive in small steps: a broker that ends between any two of them loses
 * nothing and archives nothing twice; and whatever byte of a file is changed, it is found (D8). */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "query.pb-c.h"
#include "store/archive.h"
#include "store/archive_verify.h"
#include "store/internal.h"
#include "story/world_inside.h"
#include "turn/archiver.h"

#define DAY_S  86400LL
#define YEAR_S (365 * DAY_S)
#define MARKER "王桂英七一" /* of the patient, wherever it can stand */

struct shelf {
    struct world *w;
    char directory[96];
    uint64_t file_bytes;
};

static struct shelf shelf_open(void)
{
    struct shelf shelf = {.w = world_open()};

    snprintf(shelf.directory, sizeof shelf.directory, "%s.archive", shelf.w->directory);
    world_connect(shelf.w, "OP", 0);
    world_connect(shelf.w, "T07", 20);
    world_connect(shelf.w, "H1", 20);
    world_good(shelf.w, "T07");
    world_good(shelf.w, "H1");
    world_say(shelf.w, "OP", "PUT_SETTING", "name=retention_finished_ms; value=31536000000");
    return shelf;
}

static void shelf_close(struct shelf *shelf)
{
    char command[160];

    world_close(shelf->w);
    snprintf(command, sizeof command, "rm -rf %s", shelf->directory);
    cr_assert_eq(system(command), 0);
}

/* So many finished ones, r<from> on. */
static void finish(struct shelf *shelf, int from, int count)
{
    for (int i = from; i < from + count; i++) {
        char name[24], what[200];

        snprintf(name, sizeof name, "r%d", i);
        world_submit(shelf->w, "T07", name,
                     "up to H1, routine; patient.name=" MARKER "; present_history=" MARKER " 胸闷一周");
        snprintf(what, sizeof what, "reject %s; reason=OTHER_REASON; text=" MARKER " 不收", name);
        world_event(shelf->w, "H1", what);
    }
    world_forget(shelf->w);
}

static void years_pass(struct shelf *shelf)
{
    shelf->w->clock.now.ms += 2 * YEAR_S * 1000; /* nobody's session need live through it */
    world_settle(shelf->w);
    world_forget(shelf->w);
}

/* So many steps of a pass (-1: all of them), after which the archiver is gone, as with a process that ends, and what
 * the last one asked of the next turn has not happened. */
static void steps(struct shelf *shelf, int count, int *ret_result)
{
    struct archiver_options options = {.store = shelf->w->store,
                                       .turn = shelf->w->turn,
                                       .directory = shelf->directory,
                                       .file_bytes = shelf->file_bytes};
    struct archiver *archiver;
    int done = 0, result = 1;

    cr_assert_eq(archiver_open(&options, &archiver), 0);
    while (result > 0 && done != count) {
        result = archiver_step(archiver, shelf->w->clock);
        if (++done != count)
            world_settle(shelf->w);
    }
    archiver_close(archiver);
    *ret_result = result;
}

static int whole_pass(struct shelf *shelf, struct archiver *archiver)
{
    int result = 1;

    while (result > 0) {
        result = archiver_step(archiver, shelf->w->clock);
        world_settle(shelf->w);
    }
    return result;
}

static void pass(struct shelf *shelf)
{
    int result;

    steps(shelf, -1, &result);
    cr_assert_eq(result, 0, "%d", result);
}

static size_t file_count(const struct shelf *shelf)
{
    char **names = NULL;
    size_t count = 0;

    if (archive_list(shelf->directory, &names) == 0)
        while (names[count] != NULL)
            count++;
    archive_list_free(names);
    return count;
}

static const Referral__ReferralView *view_of(struct shelf *shelf, const char *name)
{
    char edits[40];

    snprintf(edits, sizeof edits, "referral_id=%s", name);
    world_say(shelf->w, "T07", "GET_REFERRAL", edits);
    world_forget(shelf->w);
    return world_result(shelf->w);
}

/* Each is archived in one file and can be read there. */
static void check_archived(struct shelf *shelf, int count)
{
    for (int i = 1; i <= count; i++) {
        char name[24];
        struct archive *archive;
        const struct archive_entry *entries;
        size_t entry_count, found = 0;

        snprintf(name, sizeof name, "r%d", i);

        const char *file = view_of(shelf, name)->summary->archived_in;

        cr_assert_not_null(file, "%s", name);
        cr_assert_eq(archive_open(archive_keys_of(shelf->w->store), shelf->directory, file, &archive), 0);
        cr_assert_eq(archive_check(archive), 0);
        entries = archive_entries(archive, &entry_count);
        for (size_t at = 0; at < entry_count; at++) {
            char text[ID_TEXT_SIZE];
            uint8_t *record;
            size_t size;

            id_format(text, archive_about(archive)->short_name, entries[at].id);
            if (strcmp(text, world_id(shelf->w, name)) != 0)
                continue;
            cr_assert_eq(archive_read(archive, &entries[at], &record, &size), 0);
            cr_assert_not_null(memmem(record, size, MARKER, strlen(MARKER)), "the sheet is in it");
            free(record);
            found++;
        }
        cr_assert_eq(found, 1);
        archive_close(archive);
    }
}

static struct bytes contents(const struct shelf *shelf, const char *name)
{
    char path[200];
    struct stat status;

    snprintf(path, sizeof path, "%s/%s", shelf->directory, name);

    FILE *file = fopen(path, "rb");

    cr_assert_not_null(file);
    cr_assert_eq(fstat(fileno(file), &status), 0);

    uint8_t *data = malloc((size_t)status.st_size);

    cr_assert_eq(fread(data, 1, (size_t)status.st_size, file), (size_t)status.st_size);
    fclose(file);
    return bytes_of(data, (size_t)status.st_size);
}

Test(archive, d8_what_is_finished_for_long_moves_and_what_is_not_stays)
{
    struct shelf shelf = shelf_open();

    finish(&shelf, 1, 3);
    world_submit(shelf.w, "T07", "r4", "up to H1, routine");
    pass(&shelf);
    cr_assert_eq(file_count(&shelf), 0, "nothing is old enough: no file, no directory");
    cr_assert_neq(access(shelf.directory, F_OK), 0);
    world_after(shelf.w, 20 * DAY_S); /* r4 expires */
    years_pass(&shelf);
    world_submit(shelf.w, "T07", "r5", "up to H1, routine");
    pass(&shelf);
    cr_assert_eq(file_count(&shelf), 1);
    check_archived(&shelf, 3);
    cr_assert_not_null(view_of(&shelf, "r4")->summary->archived_in);
    cr_assert_null(view_of(&shelf, "r5")->summary->archived_in);
    pass(&shelf);
    cr_assert_eq(file_count(&shelf), 1, "and nothing twice");
    shelf_close(&shelf);
}

Test(archive, d8_a_broker_that_ends_at_any_step_loses_nothing_and_archives_nothing_twice)
{
    int result = 1;

    for (int count = 1; result > 0; count++) {
        struct shelf shelf = shelf_open();

        finish(&shelf, 1, 5);
        shelf.file_bytes = 1000; /* several files */
        years_pass(&shelf);
        steps(&shelf, count, &result);
        world_restart(shelf.w);
        world_connect(shelf.w, "T07", 20);
        world_good(shelf.w, "T07");
        pass(&shelf);
        check_archived(&shelf, 5);
        cr_assert_gt(file_count(&shelf), 1);
        shelf_close(&shelf);
    }
}

/* A step that a crash cuts off in the middle leaves what is tried here: a file under its hidden name; one of which
 * nothing was told. */
Test(archive, d8_a_file_that_was_not_told_is_told_and_a_part_of_one_is_removed)
{
    struct shelf shelf = shelf_open();
    char part[200];
    int result;

    finish(&shelf, 1, 2);
    years_pass(&shelf);
    for (int count = 1; file_count(&shelf) == 0; count++)
        steps(&shelf, count, &result); /* up to where it has its name, and no further */
    cr_assert_null(view_of(&shelf, "r1")->summary->archived_in);
    snprintf(part, sizeof part, "%s/.archive-2028-01-01-9.rfa.part", shelf.directory);
    fclose(fopen(part, "wb"));
    pass(&shelf);
    cr_assert_eq(file_count(&shelf), 1, "the same one");
    cr_assert_neq(access(part, F_OK), 0);
    check_archived(&shelf, 2);
    shelf_close(&shelf);
}

Test(archive, d8_a_file_to_which_nothing_moved_is_removed)
{
    struct shelf shelf = shelf_open();
    int result;

    finish(&shelf, 1, 1);
    years_pass(&shelf);
    for (int count = 1; file_count(&shelf) == 0; count++)
        steps(&shelf, count, &result);
    world_say(shelf.w, "OP", "HOLD_REFERRAL", "referral_id=r1; reason=case 12");
    pass(&shelf);
    cr_assert_eq(file_count(&shelf), 0);
    cr_assert_null(view_of(&shelf, "r1")->summary->archived_in);
    world_say(shelf.w, "OP", "RELEASE_REFERRAL", "referral_id=r1; reason=case 12 is closed");
    pass(&shelf);
    check_archived(&shelf, 1);
    shelf_close(&shelf);
}

Test(archive, p1_nothing_of_a_patient_is_in_a_file_but_sealed)
{
    struct shelf shelf = shelf_open();
    char **names;

    finish(&shelf, 1, 2);
    years_pass(&shelf);
    pass(&shelf);
    cr_assert_eq(archive_list(shelf.directory, &names), 0);

    struct bytes file = contents(&shelf, names[0]);

    cr_assert_null(memmem(file.data, file.size, MARKER, strlen(MARKER)));
    cr_assert_null(memmem(file.data, file.size, "胸闷", strlen("胸闷")));
    cr_assert_null(memmem(file.data, file.size, "T07", 3), "nor who referred him");
    free((void *)(uintptr_t)file.data);
    archive_list_free(names);
    shelf_close(&shelf);
}

static int open_and_check(struct shelf *shelf, const char *name)
{
    struct archive *archive = NULL;
    int failure = archive_open(archive_keys_of(shelf->w->store), shelf->directory, name, &archive);

    if (failure == 0)
        failure = archive_check(archive);
    archive_close(archive);
    return failure;
}

static struct archive_verify_result verified(struct shelf *shelf)
{
    struct archive_verify_result found = {0};

    cr_assert_eq(archive_verify(shelf->w->store, shelf->directory, NULL, NULL, &found), 0);
    return found;
}

Test(archive, d8_whatever_byte_is_changed_is_found)
{
    struct shelf shelf = shelf_open();
    char **names, path[200];

    finish(&shelf, 1, 1);
    years_pass(&shelf);
    pass(&shelf);
    cr_assert_eq(archive_list(shelf.directory, &names), 0);
    snprintf(path, sizeof path, "%s/%s", shelf.directory, names[0]);

    struct bytes file = contents(&shelf, names[0]);
    FILE *out = fopen(path, "r+b");

    for (size_t i = 0; i < file.size; i++) {
        fseek(out, (long)i, SEEK_SET);
        fputc(file.data[i] ^ (1 << i % 8), out);
        fflush(out);

        int failure = open_and_check(&shelf, names[0]);

        cr_assert(failure == -EBADMSG || failure == -EPROTO, "byte %zu: %d", i, failure);
        cr_assert_gt(verified(&shelf).faults, 0);
        fseek(out, (long)i, SEEK_SET);
        fputc(file.data[i], out);
        fflush(out);
    }
    cr_assert_eq(verified(&shelf).faults, 0);
    for (size_t size = 0; size < file.size; size++) {
        cr_assert_eq(ftruncate(fileno(out), (off_t)(file.size - size - 1)), 0);
        cr_assert_neq(open_and_check(&shelf, names[0]), 0);
    }
    fclose(out);
    free((void *)(uintptr_t)file.data);
    archive_list_free(names);
    shelf_close(&shelf);
}

Test(archive, d6_without_room_for_a_file_everything_stays)
{
    static const struct rlimit no_room = {900, RLIM_INFINITY};
    struct rlimit before;
    struct shelf shelf = shelf_open();
    int result;

    finish(&shelf, 1, 3);
    years_pass(&shelf);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    setrlimit(RLIMIT_FSIZE, &no_room);
    steps(&shelf, -1, &result);
    setrlimit(RLIMIT_FSIZE, &before);
    cr_assert_eq(result, -EFBIG);
    cr_assert_eq(file_count(&shelf), 0);
    cr_assert_null(view_of(&shelf, "r1")->summary->archived_in);
    pass(&shelf);
    check_archived(&shelf, 3);
    shelf_close(&shelf);
}

/* Takes the archive away; as `elsewhere`. */
static void take_away(const struct shelf *shelf, char elsewhere[120])
{
    snprintf(elsewhere, 120, "%s.elsewhere", shelf->directory);
    cr_assert_eq(rename(shelf->directory, elsewhere), 0);
}

/* A disk that is not mounted: what is written in its place would be gone as soon as it is. */
Test(archive, d8_where_none_of_its_files_lies_no_other_is_put)
{
    struct shelf shelf = shelf_open();
    char elsewhere[120];
    int result;

    finish(&shelf, 1, 1);
    years_pass(&shelf);
    pass(&shelf);
    finish(&shelf, 2, 1);
    years_pass(&shelf);
    take_away(&shelf, elsewhere);
    steps(&shelf, -1, &result);
    cr_assert_eq(result, -ENODEV, "%d", result);
    cr_assert_neq(access(shelf.directory, F_OK), 0);
    cr_assert_null(view_of(&shelf, "r2")->summary->archived_in);
    cr_assert_eq(rename(elsewhere, shelf.directory), 0);
    pass(&shelf);
    check_archived(&shelf, 2);
    shelf_close(&shelf);
}

Test(archive, d8_where_all_is_lost_a_name_of_it_lets_it_go_on)
{
    struct shelf shelf = shelf_open();
    char elsewhere[120], command[400], path[200];
    int result;

    finish(&shelf, 1, 1);
    years_pass(&shelf);
    pass(&shelf);
    snprintf(path, sizeof path, "%s/%s", shelf.directory, view_of(&shelf, "r1")->summary->archived_in);
    take_away(&shelf, elsewhere);
    finish(&shelf, 2, 1);
    years_pass(&shelf);
    steps(&shelf, -1, &result);
    cr_assert_eq(result, -ENODEV, "%d", result);
    cr_assert_eq(mkdir(shelf.directory, 0700), 0);
    fclose(fopen(path, "wb"));
    pass(&shelf);
    cr_assert_not_null(view_of(&shelf, "r2")->summary->archived_in);
    cr_assert_gt(verified(&shelf).faults, 0, "what is lost is told");
    snprintf(command, sizeof command, "rm -rf %s", elsewhere);
    cr_assert_eq(system(command), 0);
    shelf_close(&shelf);
}

/* Amended so often, by a megabyte each time. */
static void grow(struct shelf *shelf, const char *name, const char *words, int times)
{
    static uint8_t content[1000 * 1000];
    uint8_t digest[crypto_hash_sha256_BYTES];
    Referral__Attachment attachment = REFERRAL__ATTACHMENT__INIT, *attachments[] = {&attachment};
    Referral__Sheet *sheet = world_sheet(shelf->w, "T07", words);
    Referral__Event event = REFERRAL__EVENT__INIT;
    struct bytes packed;

    crypto_hash_sha256(digest, content, sizeof content);
    attachment.media_type = "application/dicom";
    attachment.has_size_bytes = attachment.has_content = attachment.has_sha256 = true;
    attachment.size_bytes = sizeof content;
    attachment.sha256 = (ProtobufCBinaryData){.len = sizeof digest, .data = digest};
    attachment.content = (ProtobufCBinaryData){.len = sizeof content, .data = content};
    sheet->attachments = attachments;
    sheet->n_attachments = 1;
    packed = wire_pack(&sheet->base, &shelf->w->arena);
    event.referral_id = (char *)(uintptr_t)world_id(shelf->w, name);
    event.has_type = event.has_sheet = true;
    event.type = REFERRAL__EVENT_TYPE__EVENT_AMEND;
    event.sheet = (ProtobufCBinaryData){.len = packed.size, .data = (uint8_t *)(uintptr_t)packed.data};
    for (int i = 0; i < times; i++) {
        char message_id[40];

        snprintf(message_id, sizeof message_id, "grow-%s-%d", name, i);
        world_send(shelf->w, world_peer(shelf->w, "T07"), REFERRAL__KIND__EVENT, message_id, NULL,
                   wire_pack(&event.base, &shelf->w->arena));
        cr_assert_eq(world_reply(shelf->w)->n_refusals, 0);
    }
}

static uint64_t bytes_on_disk(const struct shelf *shelf)
{
    DIR *folder = opendir(shelf->directory);
    const struct dirent *entry;
    struct stat status;
    uint64_t bytes = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (fstatat(dirfd(folder), entry->d_name, &status, 0) == 0 && S_ISREG(status.st_mode))
            bytes += (uint64_t)status.st_size;
    if (folder != NULL)
        closedir(folder);
    return bytes;
}

/* Whoever sends meanwhile waits for a step: a journey may be of gigabytes. */
Test(archive, d8_a_step_is_of_one_record_however_large_a_journey_is)
{
    struct shelf shelf = shelf_open();
    struct archiver_options options = {
        .store = shelf.w->store, .turn = shelf.w->turn, .directory = shelf.directory, .file_bytes = 3 << 20};
    uint64_t before = 0, most = 0;
    struct archiver *archiver;
    int result = 1;

    for (int i = 1; i <= 4; i++) {
        const char *words = i == 1 ? "up to H1, routine; patient.name=" MARKER
                                   : "up to H1, routine; journey_id=r1; patient.name=" MARKER;
        char name[24];

        snprintf(name, sizeof name, "r%d", i);
        world_submit(shelf.w, "T07", name, words);
        grow(&shelf, name, words, 2);
        world_event(shelf.w, "H1", arena_format(&shelf.w->arena, "reject %s", name));
        world_forget(shelf.w);
    }
    years_pass(&shelf);
    cr_assert_eq(archiver_open(&options, &archiver), 0);
    while (result > 0) {
        uint64_t after;

        result = archiver_step(archiver, shelf.w->clock);
        after = bytes_on_disk(&shelf);
        most = after > before && after - before > most ? after - before : most;
        before = after;
        world_settle(shelf.w);
    }
    archiver_close(archiver);
    cr_assert_eq(result, 0);
    cr_assert_lt(most, 3U << 20, "%lu", (unsigned long)most);
    cr_assert_eq(file_count(&shelf), 2, "nor is a file of more than it takes");
    check_archived(&shelf, 4);
    shelf_close(&shelf);
}

Test(archive, d8_of_a_journey_too_long_nothing_goes_and_it_is_said)
{
    struct shelf shelf = shelf_open();
    struct archiver_options options = {.store = shelf.w->store, .turn = shelf.w->turn, .directory = shelf.directory};
    struct archiver *archiver;

    finish(&shelf, 1, 1);
    for (int i = 0; i < 256; i++) {
        char name[24], what[40];

        snprintf(name, sizeof name, "j%d", i);
        world_submit(shelf.w, "T07", name, "up to H1, routine; journey_id=r1");
        snprintf(what, sizeof what, "reject %s", name);
        world_event(shelf.w, "H1", what);
        world_forget(shelf.w);
    }
    finish(&shelf, 2, 1);
    years_pass(&shelf);
    cr_assert_eq(archiver_open(&options, &archiver), 0);
    cr_assert_eq(whole_pass(&shelf, archiver), 0);
    cr_assert_eq(archiver_done(archiver).too_large, 257);
    cr_assert_eq(archiver_done(archiver).referrals, 1);
    archiver_close(archiver);
    shelf_close(&shelf);
}

/* The oldest of a journey is the last that would be written. */
Test(archive, d8_of_a_journey_too_large_for_a_record_nothing_goes_and_it_is_said)
{
    struct shelf shelf = shelf_open();
    struct archiver_options options = {.store = shelf.w->store, .turn = shelf.w->turn, .directory = shelf.directory};
    struct archiver *archiver;

    world_submit(shelf.w, "T07", "r1", "up to H1, routine; patient.name=" MARKER);
    grow(&shelf, "r1", "up to H1, routine; patient.name=" MARKER, 17); /* no record holds all of it */
    world_event(shelf.w, "H1", "reject r1; reason=OTHER_REASON; text=" MARKER " 不收");
    world_submit(shelf.w, "T07", "r2", "up to H1, routine; journey_id=r1");
    world_event(shelf.w, "H1", "reject r2");
    finish(&shelf, 3, 1);
    years_pass(&shelf);
    cr_assert_eq(archiver_open(&options, &archiver), 0);
    cr_assert_eq(whole_pass(&shelf, archiver), 0);
    cr_assert_eq(archiver_done(archiver).too_large, 2);
    cr_assert_eq(archiver_done(archiver).referrals, 1);
    cr_assert_eq(whole_pass(&shelf, archiver), 0);
    cr_assert_eq(archiver_done(archiver).too_large, 2, "of one pass");
    archiver_close(archiver);
    cr_assert_null(view_of(&shelf, "r1")->summary->archived_in);
    cr_assert_null(view_of(&shelf, "r2")->summary->archived_in, "nor does the younger one go alone");
    cr_assert_not_null(view_of(&shelf, "r3")->summary->archived_in);
    shelf_close(&shelf);
}

static void lose_sheet(struct shelf *shelf, const char *name)
{
    struct store *store = shelf->w->store;
    struct store_turn turn = {.index = store_mark(store).index + 1, .time = shelf->w->clock.now};
    struct store_txn *txn;
    struct id id;

    cr_assert(id_parse(world_id(shelf->w, name), store_identity(store)->short_name, &id));
    cr_assert_eq(store_turn_begin(store, &shelf->w->arena, &txn), 0);
    archive_delete_sheets(txn, id);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
    world_restart(shelf->w);
    world_connect(shelf->w, "T07", 20);
}

Test(archive, d8_a_referral_of_which_a_part_is_missing_fails_the_pass_and_keeps_no_others)
{
    struct shelf shelf = shelf_open();
    int result;

    finish(&shelf, 1, 3);
    years_pass(&shelf);
    lose_sheet(&shelf, "r2");
    steps(&shelf, -1, &result);
    cr_assert_eq(result, -EBADMSG, "%d", result);
    cr_assert_not_null(view_of(&shelf, "r1")->summary->archived_in);
    cr_assert_null(view_of(&shelf, "r2")->summary->archived_in);
    cr_assert_not_null(view_of(&shelf, "r3")->summary->archived_in);
    shelf_close(&shelf);
}

/* Of the last row below `prefix` a byte is another; the next time it is as it was. */
static void flip_row(struct shelf *shelf, enum table table, struct bytes prefix)
{
    struct store *store = shelf->w->store;
    struct store_turn turn = {.index = store_mark(store).index + 1, .time = shelf->w->clock.now};
    struct store_txn *txn = NULL;
    struct store_cursor *cursor;
    struct bytes key = {0};
    uint8_t row[4096];
    MDB_val at, value;

    cr_assert_eq(store_turn_begin(store, &shelf->w->arena, &txn), 0);
    cursor = store_scan(txn, table, prefix, prefix);
    while (store_next_key(cursor, &key)) {
    }
    store_scan_end(cursor);
    at = (MDB_val){.mv_size = key.size, .mv_data = (void *)(uintptr_t)key.data};
    cr_assert_eq(mdb_get(txn->mdb, store->tables[table], &at, &value), 0);
    cr_assert_leq(value.mv_size, sizeof row);
    memcpy(row, value.mv_data, value.mv_size);
    row[value.mv_size - 1] ^= 1;
    value.mv_data = row;
    cr_assert_eq(mdb_put(txn->mdb, store->tables[table], &at, &value, 0), 0);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
}

static void flip_row_of(struct shelf *shelf, enum table table, const char *name)
{
    uint8_t prefix[ID_KEY_SIZE];
    struct id id;

    cr_assert(id_parse(world_id(shelf->w, name), store_identity(shelf->w->store)->short_name, &id));
    id_to_key(prefix, id);
    flip_row(shelf, table, bytes_of(prefix, sizeof prefix));
}

/* Its own row; what is read when it is looked at; and when it is weighed. */
static void flip_rows(struct shelf *shelf)
{
    flip_row_of(shelf, TABLE_REFERRAL, "r2");
    flip_row_of(shelf, TABLE_TIMELINE, "r4");
    flip_row_of(shelf, TABLE_BODY, "r6");
    world_restart(shelf->w);
    world_connect(shelf->w, "T07", 20);
}

Test(archive, d8_a_row_that_is_damaged_keeps_its_own_referral_and_no_other)
{
    struct shelf shelf = shelf_open();
    struct archiver_options options = {.directory = shelf.directory};
    struct archiver *archiver;

    finish(&shelf, 1, 7);
    years_pass(&shelf);
    flip_rows(&shelf);
    options.store = shelf.w->store;
    options.turn = shelf.w->turn;
    cr_assert_eq(archiver_open(&options, &archiver), 0);
    cr_assert_eq(whole_pass(&shelf, archiver), -EBADMSG);
    cr_expect_eq(archiver_done(archiver).referrals, 4);
    cr_expect_eq(archiver_done(archiver).damaged, 3);
    archiver_close(archiver);
    flip_rows(&shelf);
    for (int i = 1; i <= 7; i++) {
        char name[8];

        snprintf(name, sizeof name, "r%d", i);
        cr_expect_eq(view_of(&shelf, name)->summary->archived_in != NULL, i % 2 == 1, "%s", name);
    }
    pass(&shelf);
    cr_assert_not_null(view_of(&shelf, "r2")->summary->archived_in);
    shelf_close(&shelf);
}

Test(archive, d8_a_files_row_that_is_damaged_keeps_no_other_file)
{
    struct shelf shelf = shelf_open();
    char file[ARCHIVE_NAME_MAX];
    int result;

    finish(&shelf, 1, 1);
    years_pass(&shelf);
    pass(&shelf);
    snprintf(file, sizeof file, "%s", view_of(&shelf, "r1")->summary->archived_in);
    world_restart(shelf.w); /* sessions have not lived through the years */
    world_connect(shelf.w, "T07", 20);
    world_connect(shelf.w, "H1", 20);
    world_good(shelf.w, "T07");
    world_good(shelf.w, "H1");
    finish(&shelf, 2, 1);
    years_pass(&shelf);
    flip_row(&shelf, TABLE_ARCHIVE, bytes_text(file));
    steps(&shelf, -1, &result);
    flip_row(&shelf, TABLE_ARCHIVE, bytes_text(file));
    cr_assert_eq(result, -EBADMSG, "%d", result);
    cr_assert_not_null(view_of(&shelf, "r2")->summary->archived_in);
    cr_assert_eq(file_count(&shelf), 2);
    shelf_close(&shelf);
}

Test(archive, d8_where_another_stores_archive_is_nothing_is_written)
{
    struct shelf shelf = shelf_open(), other = shelf_open();
    int result;

    finish(&shelf, 1, 1);
    finish(&other, 1, 1);
    years_pass(&shelf);
    years_pass(&other);
    pass(&shelf);
    snprintf(other.directory, sizeof other.directory, "%s", shelf.directory);
    steps(&other, -1, &result);
    cr_assert_eq(result, -EKEYREJECTED);
    cr_assert_eq(file_count(&shelf), 1);
    check_archived(&shelf, 1);
    world_close(other.w);
    shelf_close(&shelf);
}

/* Its alarm would stand for ever otherwise. */
Test(archive, d8_what_failed_is_no_failure_any_more_once_nothing_is_archived)
{
    struct shelf shelf = shelf_open();
    struct archiver_options options = {.store = shelf.w->store, .turn = shelf.w->turn, .directory = shelf.directory};
    struct archiver *archiver;
    char path[200];

    years_pass(&shelf);
    cr_assert_eq(mkdir(shelf.directory, 0700), 0);
    snprintf(path, sizeof path, "%s/archive-2028-01-01-1.rfa", shelf.directory);
    fclose(fopen(path, "wb"));
    cr_assert_eq(archiver_open(&options, &archiver), 0);
    cr_assert_eq(whole_pass(&shelf, archiver), -EPROTO);
    world_hold(shelf.w, true);
    cr_assert_eq(whole_pass(&shelf, archiver), -EPROTO, "nobody has looked since");
    world_hold(shelf.w, false);
    cr_assert_eq(whole_pass(&shelf, archiver), -EPROTO);
    world_say(shelf.w, "OP", "PUT_SETTING", "name=retention_finished_ms; value=0");
    cr_assert_eq(whole_pass(&shelf, archiver), 0);
    archiver_close(archiver);
    shelf_close(&shelf);
}

Test(archive, c4_a_doubtful_time_ends_the_pass)
{
    struct shelf shelf = shelf_open();

    finish(&shelf, 1, 1);
    years_pass(&shelf);
    world_hold(shelf.w, true);
    pass(&shelf);
    cr_assert_eq(file_count(&shelf), 0);
    world_hold(shelf.w, false);
    pass(&shelf);
    check_archived(&shelf, 1);
    shelf_close(&shelf);
}

Test(archive, d8_verify_misses_a_file_and_knows_one_that_was_not_told)
{
    struct shelf shelf = shelf_open();
    char **names, path[200], aside[200];
    int result;

    finish(&shelf, 1, 3);
    years_pass(&shelf);
    for (int count = 1; file_count(&shelf) == 0; count++)
        steps(&shelf, count, &result);
    cr_assert_eq(verified(&shelf).untold, 1);
    cr_assert_eq(verified(&shelf).faults, 0);
    pass(&shelf);

    struct archive_verify_result found = verified(&shelf);

    cr_assert_eq(found.files, 1);
    cr_assert_eq(found.records, 3);
    cr_assert_eq(found.referrals, 3);
    cr_assert_eq(found.untold, 0);
    cr_assert_eq(found.faults, 0, "%s", found.first_fault);
    cr_assert_eq(archive_list(shelf.directory, &names), 0);
    snprintf(path, sizeof path, "%s/%s", shelf.directory, names[0]);
    snprintf(aside, sizeof aside, "%s.aside", shelf.directory);
    cr_assert_eq(rename(path, aside), 0);
    cr_assert_gt(verified(&shelf).faults, 0);
    snprintf(path, sizeof path, "%s/archive-2030-01-01-1.rfa", shelf.directory);
    cr_assert_eq(rename(aside, path), 0);
    cr_assert_gt(verified(&shelf).faults, 0, "nor does it take another's name");
    archive_list_free(names);
    shelf_close(&shelf);
}

Test(archive, d8_a_store_restored_from_before_finds_its_archive_again)
{
    struct shelf shelf = shelf_open();

    finish(&shelf, 1, 3);
    years_pass(&shelf);
    world_copy(shelf.w);
    pass(&shelf);
    cr_assert_eq(file_count(&shelf), 1);
    world_restore(shelf.w);
    world_connect(shelf.w, "T07", 20);
    world_good(shelf.w, "T07");
    cr_assert_null(view_of(&shelf, "r1")->summary->archived_in);
    pass(&shelf);
    cr_assert_eq(file_count(&shelf), 1);
    check_archived(&shelf, 3);
    cr_assert_eq(verified(&shelf).faults, 0);
    shelf_close(&shelf);
}
