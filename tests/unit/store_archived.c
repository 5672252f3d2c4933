/* store_archived.c - what a referral leaves in the archive, whether store and archive agree, and who looked (D8,
 * P3). */
#include <errno.h>
#include <fcntl.h>

#include "store/archive_format.h"
#include "store/archive_look.h"
#include "store/archive_verify.h"
#include "store/internal.h"
#include "store/record.h"
#include "store/rows_place.h"
#include "store/seal.h"
#include "store_fixture.h"

#define NAME "archive-2026-11-21-1.rfa"

/* ---- A record of all that hangs on a referral ---- */

static void add_referral(struct store_txn *txn, struct id id, uint32_t sheets, struct id redirected_from)
{
    Record__Referral row = RECORD__REFERRAL__INIT;
    uint8_t key[ID_KEY_SIZE];

    id_to_key(key, redirected_from);
    row.has_sheet_version = row.has_timeline_next = true;
    row.sheet_version = sheets;
    row.has_redirected_from = id_is_set(redirected_from);
    row.redirected_from = (ProtobufCBinaryData){.len = row.has_redirected_from ? sizeof(key) : 0, .data = key};
    referral_row_add(txn, id, &row);
}

static void change_timeline(struct store_txn *txn, struct id id, uint32_t count)
{
    Record__Referral *row = referral_row(txn, id);

    row->timeline_next = count;
    referral_row_put(txn, id, row);
}

static void add_sheet(struct store_txn *txn, struct id id, uint32_t version, size_t size)
{
    uint8_t *sheet = calloc(1, size);

    body_add(txn, id, version, bytes_of(sheet, size));
    free(sheet);
}

static void add_booking(struct store_txn *txn, struct id referral, struct id booking, bool is_there)
{
    Record__Booking row = RECORD__BOOKING__INIT;
    uint8_t key[ID_KEY_SIZE], pair[2 * ID_KEY_SIZE];

    id_to_key(key, referral);
    row.has_referral = true;
    row.referral = (ProtobufCBinaryData){.len = sizeof(key), .data = key};
    memcpy(pair, key, sizeof(key));
    id_to_key(pair + ID_KEY_SIZE, booking);
    if (is_there)
        booking_row_put(txn, booking, &row, true);
    else
        store_put(txn, TABLE_REFERRAL_BOOKING, bytes_of(pair, sizeof(pair)), bytes_of(NULL, 0));
}

/* NULL: there is none, for that reason. */
static Record__ArchiveRecord *record_of(struct fixture *f, struct id id, int why)
{
    struct store_txn *txn = fixture_read(f);
    const Record__Referral *row = referral_row(txn, id);
    Record__Referral none = RECORD__REFERRAL__INIT;
    struct bytes packed;
    Record__ArchiveRecord *record = NULL;
    int result = archive_record(txn, id, row != NULL ? row : &none, &packed);

    cr_assert_eq(result, why, "%d", result);
    if (result == 0)
        record = record__archive_record__unpack(NULL, packed.size, packed.data);
    store_read_end(txn);
    return record;
}

Test(store_archived, d8_a_record_has_all_that_hangs_on_its_referral)
{
    struct fixture f;
    struct store_txn *txn;

    fixture_init(&f);
    txn = fixture_turn(&f);

    struct id parent = fixture_id(&f, 1, 1), child = fixture_id(&f, 1, 2), booking = fixture_id(&f, 1, 3);

    add_referral(txn, parent, 2, (struct id){0});
    add_sheet(txn, parent, 1, 10);
    add_sheet(txn, parent, 2, 5000);
    add_referral(txn, child, 3, parent); /* redirected, then amended */
    add_sheet(txn, child, 3, 30);
    change_timeline(txn, child, 2);
    for (uint32_t i = 0; i < 3; i++) /* one is of after the row was read */
        timeline_add(txn, child, i, &(Record__Timeline)RECORD__TIMELINE__INIT);
    add_booking(txn, child, booking, true);
    add_booking(txn, child, fixture_id(&f, 1, 4), false);
    fixture_end(&f, txn);

    Record__ArchiveRecord *record = record_of(&f, child, 0);

    cr_assert_not_null(record);
    cr_assert_eq(record->n_sheets, 3);
    cr_assert(record->sheets[0].len == 10 && record->sheets[1].len == 5000 && record->sheets[2].len == 30);
    cr_assert_eq(record->n_timeline, 2);
    cr_assert_eq(record->n_bookings, 1, "of a booking that is not there nothing is kept");
    cr_assert(id_equal(id_from_key(record->bookings[0]->id.data), booking));
    record__archive_record__free_unpacked(record, NULL);

    txn = fixture_turn(&f);
    archive_delete_sheets(txn, parent);
    fixture_end(&f, txn);
    cr_assert_null(record_of(&f, parent, -ENODATA), "a sheet that is missing");
    cr_assert_null(record_of(&f, child, -ENODATA), "its parent's, too");
    cr_assert_null(record_of(&f, fixture_id(&f, 9, 9), -ENODATA), "no such referral");
    fixture_fini(&f);
}

/* Each hop may have been amended: the last one reads them all, and no further than a referral may be redirected. */
Test(store_archived, f3_a_version_is_found_however_many_redirects_ago_it_came)
{
    struct fixture f;
    struct store_txn *txn;
    struct id ids[REDIRECTS_MAX + 2], before = {0};
    struct bytes sheet;

    fixture_init(&f);
    txn = fixture_turn(&f);
    for (uint32_t i = 0; i < REDIRECTS_MAX + 2; i++) {
        ids[i] = fixture_id(&f, 1, (uint16_t)(i + 1));
        add_referral(txn, ids[i], i + 1, before);
        add_sheet(txn, ids[i], i + 1, 10 + i);
        before = ids[i];
    }
    fixture_end(&f, txn);
    txn = fixture_read(&f);
    for (uint32_t i = 0; i < REDIRECTS_MAX + 1; i++) {
        cr_assert(referral_sheet(txn, ids[REDIRECTS_MAX], referral_row(txn, ids[REDIRECTS_MAX]), i + 1, &sheet));
        cr_assert_eq(sheet.size, 10 + i);
    }
    cr_assert_not(referral_sheet(txn, ids[0], referral_row(txn, ids[0]), 2, &sheet), "not what came after it");
    cr_assert_not(referral_sheet(txn, before, referral_row(txn, before), 1, &sheet));
    store_read_end(txn);
    fixture_fini(&f);
}

/* It stays in the store as it is, and nobody is told that it had moved. */
Test(store_archived, d8_what_is_too_large_for_a_record_does_not_move)
{
    struct fixture f;
    struct store_txn *txn;
    static uint8_t text[ARCHIVE_RECORD_MAX / 2];
    Record__Timeline line = RECORD__TIMELINE__INIT;

    fixture_init(&f);

    struct id sheets = fixture_id(&f, 1, 1), lines = fixture_id(&f, 1, 2), both = fixture_id(&f, 1, 3);

    txn = fixture_turn(&f);
    add_referral(txn, sheets, 4, (struct id){0});
    for (uint32_t version = 1; version <= 4; version++)
        add_sheet(txn, sheets, version, ARCHIVE_RECORD_MAX / 3);
    fixture_end(&f, txn);
    cr_assert_null(record_of(&f, sheets, -EMSGSIZE));

    txn = fixture_turn(&f);
    add_referral(txn, lines, 0, (struct id){0});
    add_referral(txn, both, 1, (struct id){0});
    add_sheet(txn, both, 1, ARCHIVE_RECORD_MAX / 2);
    change_timeline(txn, lines, 4);
    change_timeline(txn, both, 1);
    line.has_entry = true;
    line.entry = (ProtobufCBinaryData){.len = sizeof(text), .data = text};
    for (uint32_t i = 0; i < 4; i++)
        timeline_add(txn, lines, i, &line);
    timeline_add(txn, both, 0, &line);
    fixture_end(&f, txn);
    cr_assert_null(record_of(&f, lines, -EMSGSIZE));
    cr_assert_null(record_of(&f, both, -EMSGSIZE), "each alone would do");
    fixture_fini(&f);
}

/* ---- Store and archive ---- */

struct shelf {
    struct fixture f;
    char directory[80];
    struct id ids[2];
    struct archive_verify_result found;
};

static void tell_file(struct shelf *s, struct store_txn *txn, const struct archive *archive)
{
    Record__ArchiveFile row = RECORD__ARCHIVE_FILE__INIT;
    uint8_t digest[STORE_DIGEST_SIZE];
    const struct archive_entry *entries;
    size_t count;

    memcpy(digest, archive_about(archive)->digest, sizeof(digest));
    entries = archive_entries(archive, &count);
    row.has_digest = row.has_count = row.has_referrals = row.has_told = true;
    row.digest = (ProtobufCBinaryData){.len = sizeof(digest), .data = digest};
    row.count = row.referrals = count;
    row.told = true;
    archive_file_row_put(txn, NAME, &row);
    for (size_t i = 0; i < count; i++) {
        Record__Referral referral = RECORD__REFERRAL__INIT;
        Record__Archived archived = RECORD__ARCHIVED__INIT;
        uint8_t hash[ARCHIVE_HASH_SIZE];

        memcpy(hash, entries[i].digest, sizeof(hash));
        archived.has_offset = archived.has_length = archived.has_digest = true;
        archived.file = arena_text(txn->arena, NAME);
        archived.offset = entries[i].offset;
        archived.length = entries[i].length;
        archived.digest = (ProtobufCBinaryData){.len = sizeof(hash), .data = hash};
        referral.archived = &archived;
        referral_row_add(txn, s->ids[i], &referral);
    }
}

static void write_file(struct shelf *s, const char *name, size_t count)
{
    struct archive_writer *writer = NULL;

    cr_assert_eq(archive_writer_open(s->f.store, s->directory, name, &writer), 0);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(archive_writer_add(writer, s->ids[i], instant_of(1), bytes_text("a record")), 0);
    cr_assert_eq(archive_writer_seal(writer), 0);
    archive_writer_close(writer);
}

static void shelf_init(struct shelf *s)
{
    struct archive *archive = NULL;
    struct store_txn *txn;

    fixture_init_sized(&s->f, 16UL << 20);
    snprintf(s->directory, sizeof(s->directory), "%s/shelf", s->f.base);
    s->ids[0] = fixture_id(&s->f, 1, 1);
    s->ids[1] = fixture_id(&s->f, 1, 2);
    write_file(s, NAME, 2);
    cr_assert_eq(archive_open(archive_keys_of(s->f.store), s->directory, NAME, &archive), 0);
    txn = fixture_turn(&s->f);
    tell_file(s, txn, archive);
    fixture_end(&s->f, txn);
    archive_close(archive);
}

static uint64_t faults(struct shelf *s)
{
    cr_assert_eq(archive_verify(s->f.store, s->directory, NULL, NULL, &s->found), 0, "%s", store_error(s->f.store));
    return s->found.faults;
}

static void count_steps(void *user, const char *what, uint64_t done, uint64_t total)
{
    cr_assert(strcmp(what, NAME) == 0 && done == 1 && total == 1);
    ++*(int *)user;
}

Test(store_archived, d8_store_and_archive_agree)
{
    struct shelf s;
    int steps = 0;

    shelf_init(&s);
    cr_assert_eq(archive_verify(s.f.store, s.directory, count_steps, &steps, &s.found), 0);
    cr_assert_eq(steps, 1);
    cr_assert_eq(s.found.faults, 0, "%s", s.found.first_fault);
    cr_assert(s.found.files == 1 && s.found.records == 2 && s.found.referrals == 2 && s.found.untold == 0);

    /* A broker that ended before it told: nothing is lost, and nothing is wrong. */
    write_file(&s, "archive-2026-11-22-1.rfa", 1);
    cr_assert_eq(faults(&s), 0);
    cr_assert_eq(s.found.untold, 1);
    fixture_fini(&s.f);
}

static void turn_and_look(void *user, const char *what, uint64_t done, uint64_t total)
{
    struct shelf *s = user;
    struct store_reader reader;
    struct store_txn *txn = fixture_turn(&s->f);

    cr_assert(strcmp(what, NAME) == 0 && done == 1 && total == 1);
    store_put(txn, TABLE_DUE, bytes_text("later"), bytes_of(NULL, 0));
    fixture_end(&s->f, txn);
    cr_assert_eq(store_oldest_reader(s->f.store, &reader), 0);
    cr_assert_eq(reader.pid, 0, "of the turn before");
}

/* An archive of years takes hours to read, and whoever keeps a view of the store so long makes it grow. */
Test(store_archived, d8_while_files_are_read_nobody_pins_the_store)
{
    struct shelf s;

    shelf_init(&s);
    cr_assert_eq(archive_verify(s.f.store, s.directory, turn_and_look, &s, &s.found), 0);
    cr_assert_eq(s.found.faults, 0, "%s", s.found.first_fault);
    cr_assert_eq(s.found.referrals, 2);
    fixture_fini(&s.f);
}

static void other_length(Record__Archived *archived)
{
    archived->length++;
}

static void other_hash(Record__Archived *archived)
{
    archived->digest.data[0] ^= 1;
}

static void other_place(Record__Archived *archived)
{
    archived->offset++;
}

static void other_file(Record__Archived *archived)
{
    archived->file[8] = '3';
}

/* Whoever asks for it would be shown another's, or nothing. */
Test(store_archived, p3_a_referral_that_is_not_where_the_store_says_is_found)
{
    static void (*const changes[])(Record__Archived *) = {other_length, other_hash, other_place, other_file};
    struct shelf s;

    shelf_init(&s);
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        struct store_txn *txn = fixture_turn(&s.f);
        Record__Referral *row = referral_row(txn, s.ids[0]);

        changes[i](row->archived);
        referral_row_put(txn, s.ids[0], row);
        fixture_end(&s.f, txn);
        cr_assert_gt(faults(&s), 0, "change %zu", i);
        cr_assert(s.found.first_fault[0] != '\0' && strstr(s.found.first_fault, "a record") == NULL);
        txn = fixture_turn(&s.f);
        row = referral_row(txn, s.ids[0]);
        changes[i](row->archived); /* a second time: not for all it undoes */
        if (changes[i] == other_length)
            row->archived->length -= 2;
        if (changes[i] == other_place)
            row->archived->offset -= 2;
        if (changes[i] == other_file)
            row->archived->file[8] = '2';
        referral_row_put(txn, s.ids[0], row);
        fixture_end(&s.f, txn);
        cr_assert_eq(faults(&s), 0, "change %zu: %s", i, s.found.first_fault);
    }
    fixture_fini(&s.f);
}

static void change_file(struct shelf *s, uint64_t count, uint64_t referrals, bool told)
{
    struct store_txn *txn = fixture_turn(&s->f);
    Record__ArchiveFile *row = archive_file_row(txn, NAME);

    row->count = count;
    row->referrals = referrals;
    row->told = told;
    archive_file_row_put(txn, NAME, row);
    fixture_end(&s->f, txn);
}

Test(store_archived, p3_a_file_that_holds_not_what_the_store_says_is_found)
{
    struct shelf s;
    struct store_txn *txn;

    shelf_init(&s);
    change_file(&s, 3, 2, true);
    cr_assert_eq(faults(&s), 1);
    change_file(&s, 2, 1, true);
    cr_assert_eq(faults(&s), 1);
    change_file(&s, 2, 2, false);
    cr_assert_eq(faults(&s), 0, "%s", s.found.first_fault);
    cr_assert_eq(s.found.untold, 1, "what is not wholly told is told by the next pass");

    txn = fixture_turn(&s.f);

    Record__ArchiveFile *row = archive_file_row(txn, NAME);

    row->digest.data[0] ^= 1;
    archive_file_row_put(txn, NAME, row);
    fixture_end(&s.f, txn);
    cr_assert_eq(faults(&s), 1);
    cr_assert_not_null(strstr(s.found.first_fault, "is not the one the store knows: " NAME));
    fixture_fini(&s.f);
}

Test(store_archived, p3_a_file_that_is_damaged_or_gone_is_found)
{
    struct shelf s;
    char path[128];
    uint8_t byte;
    int fd;

    shelf_init(&s);
    snprintf(path, sizeof(path), "%s/" NAME, s.directory);
    fd = open(path, O_RDWR);
    cr_assert(fd >= 0 && pread(fd, &byte, 1, 20) == 1);
    byte ^= 1;
    cr_assert_eq(pwrite(fd, &byte, 1, 20), 1);
    close(fd);
    cr_assert_gt(faults(&s), 0);
    cr_assert_not_null(strstr(s.found.first_fault, NAME));
    cr_assert_eq(unlink(path), 0);
    cr_assert_gt(faults(&s), 0);
    snprintf(path, sizeof(path), "rm -r %s", s.directory);
    cr_assert_eq(system(path), 0);
    cr_assert_gt(faults(&s), 0, "nor is the directory there");
    fixture_fini(&s.f);
}

/* ---- Who looked ---- */

static int look(struct shelf *s, const char *reason)
{
    struct archive_look look = {.at = instant_of(5), .user = "wang", .referral = s->ids[0], .file = NAME};

    look.reason = reason;
    return archive_look_add(archive_keys_of(s->f.store), s->directory, &look);
}

static void count_looks(void *user, const struct archive_look *look)
{
    cr_assert_str_eq(look->user, "wang");
    cr_assert_str_eq(look->file, NAME);
    ++*(int *)user;
}

static int looks(struct shelf *s, int *ret_count)
{
    *ret_count = 0;
    return archive_looks(archive_keys_of(s->f.store), s->directory, count_looks, ret_count);
}

/* One that is sealed well and says what none of ours does. */
static void forge(struct shelf *s, uint64_t at, Record__ArchiveLook *row)
{
    uint8_t sealed[4096], place[TABLE_KEY_MAX];
    struct bytes plain;
    char path[128];
    int fd;

    arena_reset(&s->f.arena, 0);
    plain = record_pack(&s->f.arena, &row->base);
    put_be32(sealed, (uint32_t)seal_size(TABLE_ARCHIVE, plain.size));
    seal_write(archive_keys_of(s->f.store), TABLE_ARCHIVE, archive_place(place, "looks", at), plain,
               sealed + ARCHIVE_SIZE);
    snprintf(path, sizeof(path), "%s/looks", s->directory);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert(fd >= 0 && write(fd, sealed, ARCHIVE_SIZE + seal_size(TABLE_ARCHIVE, plain.size)) > 0);
    close(fd);
}

Test(store_archived, p3_looks_are_told_in_order_and_none_is_added_to_a_damaged_log)
{
    struct shelf s;
    char path[128], reason[9000];
    int count, fd;
    off_t end;

    shelf_init(&s);
    cr_assert_eq(looks(&s, &count), 0, "no log is none");
    cr_assert_eq(count, 0);
    memset(reason, 'r', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    cr_assert_eq(look(&s, "court order"), 0);
    cr_assert_eq(look(&s, reason), 0, "a long reason is cut to what fits");
    cr_assert_eq(looks(&s, &count), 0);
    cr_assert_eq(count, 2);

    snprintf(path, sizeof(path), "%s/looks", s.directory);
    fd = open(path, O_RDWR);
    end = lseek(fd, 0, SEEK_END);
    cr_assert_eq(pwrite(fd, "\xff\xff\xff\xff", 4, end), 4);
    cr_assert_eq(looks(&s, &count), -EBADMSG, "longer than any");
    cr_assert_eq(count, 2, "after those that were told");
    cr_assert_eq(look(&s, "again"), -EBADMSG);
    cr_assert_eq(pwrite(fd, "\0\0\0\3abc", 7, end), 7);
    cr_assert_eq(looks(&s, &count), -EBADMSG, "shorter than any");
    cr_assert_eq(ftruncate(fd, end - 1), 0);
    close(fd);
    cr_assert_eq(looks(&s, &count), 0, "its writer was killed before it showed anything");
    cr_assert_eq(count, 1);
    fixture_fini(&s.f);
}

Test(store_archived, p3_a_look_that_says_not_who_at_what_and_why_is_none)
{
    struct shelf s;
    uint8_t id[ID_KEY_SIZE] = {1}, previous[ARCHIVE_HASH_SIZE] = {0};
    int count;

    shelf_init(&s);
    for (int missing = 0; missing < 7; missing++) {
        Record__ArchiveLook row = RECORD__ARCHIVE_LOOK__INIT;

        row.has_referral = true;
        row.referral = (ProtobufCBinaryData){.len = missing == 0 ? 3 : sizeof(id), .data = id};
        row.user = missing == 1 ? NULL : "wang";
        row.file = missing == 2 ? NULL : NAME;
        row.reason = missing == 3 ? NULL : "court order";
        row.has_previous = missing == 4;
        row.previous = (ProtobufCBinaryData){.len = sizeof(previous), .data = previous};
        forge(&s, missing == 5 ? 1 : 0, &row);
        cr_assert_eq(looks(&s, &count), missing < 6 ? -EBADMSG : 0, "missing %d", missing);
        cr_assert_eq(count, missing == 6);
    }
    fixture_fini(&s.f);
}
