/* store_archive.c - a file of the archive is what was written under its name, or is refused; what its manifest says in
 * the open is not believed where it could not be true (D8, P3). */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/archive_format.h"
#include "store/internal.h"
#include "store/keys.h"
#include "store_fixture.h"

#define NAME "archive-2026-11-21-1.rfa"

struct shelf {
    struct fixture f;
    char directory[80], path[128];
    uint8_t *bytes; /* of the file as it was written */
    size_t size;
};

static int write_records(struct shelf *s, const char *name, size_t count)
{
    struct archive_writer *writer = NULL;
    int failure = archive_writer_open(s->f.store, s->directory, name, &writer);

    for (size_t i = 0; failure == 0 && i < count; i++) {
        char record[32];

        snprintf(record, sizeof(record), "record %03zu", i);
        failure = archive_writer_add(writer, fixture_id(&s->f, i + 1, 1), instant_of(1), bytes_text(record));
    }
    if (failure == 0) {
        cr_assert_eq(archive_writer_count(writer), count);
        failure = archive_writer_seal(writer);
    }
    archive_writer_close(writer);
    return failure;
}

static void load(struct shelf *s)
{
    struct stat status;
    int fd = open(s->path, O_RDONLY);

    cr_assert(fd >= 0 && fstat(fd, &status) == 0);
    s->size = (size_t)status.st_size;
    s->bytes = malloc(s->size);
    cr_assert_eq(read(fd, s->bytes, s->size), (ssize_t)s->size);
    close(fd);
}

static void save(struct shelf *s, const uint8_t *bytes, size_t size)
{
    int fd = open(s->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
}

static void shelf_init(struct shelf *s)
{
    fixture_init_sized(&s->f, 16UL << 20);
    snprintf(s->directory, sizeof(s->directory), "%s/shelf", s->f.base);
    snprintf(s->path, sizeof(s->path), "%s/" NAME, s->directory);
    cr_assert_eq(write_records(s, NAME, 2), 0);
    load(s);
}

static void shelf_fini(struct shelf *s)
{
    free(s->bytes);
    fixture_fini(&s->f);
}

/* As a reader finds it: opened, checked, and its first record read. */
static int read_first(struct shelf *s, int *ret_checked, int *ret_read)
{
    struct archive *archive = NULL;
    uint8_t *record = NULL;
    size_t count, size = 0;
    int failure = archive_open(archive_keys_of(s->f.store), s->directory, NAME, &archive);

    if (failure != 0)
        return failure;
    *ret_checked = archive_check(archive);
    *ret_read = archive_read(archive, &archive_entries(archive, &count)[0], &record, &size);
    cr_assert(*ret_read != 0 || (size == 10 && memcmp(record, "record 000", 10) == 0));
    free(record);
    archive_close(archive);
    return 0;
}

static int open_only(struct shelf *s)
{
    int checked = 0, read = 0, failure = read_first(s, &checked, &read);

    cr_assert(failure != 0 || checked == -EBADMSG, "what is changed may open, and is found by its digest");
    return failure;
}

Test(store_archive, d8_a_name_says_the_day_and_the_number_in_one_way)
{
    static const char *const none[] = {
        "",
        "archive-2026-11-21-1",
        "archive-2026-11-21-1.rfa.part",
        ".archive-2026-11-21-1.rfa",
        "archive-2026-11-21-01.rfa",
        "archive-2026-02-30-1.rfa",
        "archive-2026-11-21-x.rfa",
        "archive-2026-11-21-1.rfa/../archive-2026-11-21-1.rfa",
        "archive-20261121xx-1.rfa",
    };
    struct shelf s;
    struct archive *archive = NULL;
    struct archive_writer *writer = NULL;

    cr_assert(archive_is_name(NAME));
    cr_assert(archive_is_name("archive-2026-11-21-10.rfa"));
    shelf_init(&s);
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
        cr_assert_not(archive_is_name(none[i]), "%s", none[i]);
        cr_assert_eq(archive_open(archive_keys_of(s.f.store), s.directory, none[i], &archive), -EINVAL, "%s", none[i]);
        cr_assert_eq(archive_writer_open(s.f.store, s.directory, none[i], &writer), -EINVAL, "%s", none[i]);
    }
    cr_assert_eq(write_records(&s, NAME, 1), -EEXIST, "written once");
    shelf_fini(&s);
}

Test(store_archive, d8_a_file_of_many_records_is_read_back_by_its_order)
{
    enum { MANY = 600 }; /* the writer makes room twice */
    struct shelf s;
    struct archive *archive = NULL;
    const struct archive_entry *entries;
    size_t count = 0;

    shelf_init(&s);
    cr_assert_eq(write_records(&s, "archive-2026-11-21-2.rfa", MANY), 0);
    cr_assert_eq(archive_open(archive_keys_of(s.f.store), s.directory, "archive-2026-11-21-2.rfa", &archive), 0);
    cr_assert_eq(archive_check(archive), 0);
    entries = archive_entries(archive, &count);
    cr_assert_eq(count, MANY);
    for (size_t i = 0; i < count; i++) {
        uint8_t *record = NULL;
        size_t size = 0;

        cr_assert_eq(entries[i].id.index, i + 1);
        cr_assert_eq(archive_read(archive, &entries[i], &record, &size), 0);
        cr_assert_eq(size, 10);
        cr_assert_eq(strtoul((const char *)record + 7, NULL, 10), i);
        free(record);
    }
    archive_close(archive);
    shelf_fini(&s);
}

/* ---- What is no file of ours ---- */

Test(store_archive, p3_what_is_no_archive_is_refused)
{
    struct shelf s;
    uint8_t changed[64] = {0};

    shelf_init(&s);
    save(&s, s.bytes, 20);
    cr_assert_eq(open_only(&s), -EPROTO, "shorter than any");
    save(&s, changed, sizeof(changed));
    cr_assert_eq(open_only(&s), -EPROTO, "it does not begin as one");
    cr_assert_eq(unlink(s.path), 0);
    cr_assert_eq(open_only(&s), -ENOENT);
    cr_assert_eq(mkdir(s.path, 0700), 0);
    cr_assert_eq(open_only(&s), -EPROTO, "a folder");
    shelf_fini(&s);
}

Test(store_archive, p3_a_file_that_is_cut_or_goes_on_is_refused)
{
    struct shelf s;
    uint8_t *longer;

    shelf_init(&s);
    for (size_t size = ARCHIVE_MAGIC_SIZE + ARCHIVE_TAIL; size < s.size; size += 7) {
        save(&s, s.bytes, size);

        int failure = open_only(&s);

        cr_assert(failure == 0 || failure == -EBADMSG || failure == -EPROTO, "%zu bytes: %d", size, failure);
    }
    longer = calloc(1, s.size + 1);
    memcpy(longer, s.bytes, s.size);
    save(&s, longer, s.size + 1);
    cr_assert_eq(open_only(&s), -EBADMSG);
    free(longer);
    shelf_fini(&s);
}

/* ---- A manifest that was changed, and is still one ---- */

static Record__ArchiveManifest *manifest_of(struct shelf *s, size_t *ret_begin)
{
    size_t end = s->size - ARCHIVE_TAIL, size = get_be32(s->bytes + end);
    Record__ArchiveManifest *manifest = record__archive_manifest__unpack(NULL, size, s->bytes + end - size);

    cr_assert_not_null(manifest);
    *ret_begin = end - size;
    return manifest;
}

static void save_manifest(struct shelf *s, size_t begin, const Record__ArchiveManifest *manifest)
{
    size_t size = record__archive_manifest__get_packed_size(manifest);
    uint8_t *bytes = malloc(begin + size + ARCHIVE_TAIL);

    memcpy(bytes, s->bytes, begin);
    record__archive_manifest__pack(manifest, bytes + begin);
    put_be32(bytes + begin + size, (uint32_t)size);
    memcpy(bytes + begin + size + ARCHIVE_SIZE, s->bytes + s->size - STORE_DIGEST_SIZE, STORE_DIGEST_SIZE);
    save(s, bytes, begin + size + ARCHIVE_TAIL);
    free(bytes);
}

static void no_store(Record__ArchiveManifest *m)
{
    m->store_id.len = 15;
}
static void no_chain(Record__ArchiveManifest *m)
{
    m->chain.len = 0;
}
static void long_name(Record__ArchiveManifest *m)
{
    free(m->short_name);
    m->short_name = strdup("longerthananyname");
}
static void no_name(Record__ArchiveManifest *m)
{
    free(m->short_name);
    m->short_name = NULL;
}
static void newer(Record__ArchiveManifest *m)
{
    m->schema = STORE_SCHEMA + 1;
}
static void unreleased(Record__ArchiveManifest *m)
{
    m->schema = 1;
}
static void short_id(Record__ArchiveManifest *m)
{
    m->entries[1]->id.len = 13;
}
static void short_hash(Record__ArchiveManifest *m)
{
    m->entries[1]->digest.len = 8;
}
static void before_all(Record__ArchiveManifest *m)
{
    m->entries[0]->offset = ARCHIVE_MAGIC_SIZE;
}
static void behind_all(Record__ArchiveManifest *m)
{
    m->entries[1]->offset = 1U << 30;
}
static void beyond_end(Record__ArchiveManifest *m)
{
    m->entries[1]->length = UINT32_MAX;
}

Test(store_archive, p3_a_manifest_that_cannot_be_true_is_refused)
{
    static const struct {
        void (*change)(Record__ArchiveManifest *manifest);
        int failure;
    } rows[] = {
        {no_store, -EBADMSG},   {no_chain, -EBADMSG},   {long_name, -EBADMSG},  {no_name, -EBADMSG},
        {newer, -EPROTO},       {unreleased, -EPROTO},  {short_id, -EBADMSG},   {short_hash, -EBADMSG},
        {before_all, -EBADMSG}, {behind_all, -EBADMSG}, {beyond_end, -EBADMSG},
    };
    struct shelf s;

    shelf_init(&s);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        size_t begin;
        Record__ArchiveManifest *manifest = manifest_of(&s, &begin);

        rows[i].change(manifest);
        save_manifest(&s, begin, manifest);
        cr_assert_eq(open_only(&s), rows[i].failure, "row %zu", i);
        record__archive_manifest__free_unpacked(manifest, NULL);
    }
    save(&s, s.bytes, s.size);
    cr_assert_eq(read_first(&s, &(int){0}, &(int){0}), 0);
    shelf_fini(&s);
}

static void save_size(struct shelf *s, uint32_t size)
{
    uint8_t *bytes = malloc(s->size);

    memcpy(bytes, s->bytes, s->size);
    put_be32(bytes + s->size - ARCHIVE_TAIL, size);
    save(s, bytes, s->size);
    free(bytes);
}

Test(store_archive, p3_a_manifest_is_as_long_as_its_file_and_no_longer_than_it_may_be)
{
    struct shelf s;

    shelf_init(&s);
    save_size(&s, (uint32_t)s.size);
    cr_assert_eq(open_only(&s), -EBADMSG);
    save_size(&s, 3);
    cr_assert_eq(open_only(&s), -EBADMSG, "half a field");
    save(&s, s.bytes, s.size);

    /* A file that is large enough for it. */
    int fd = open(s.path, O_WRONLY);
    uint8_t tail[ARCHIVE_TAIL] = {0};

    put_be32(tail, ARCHIVE_MANIFEST_MAX + 1);
    cr_assert_eq(pwrite(fd, tail, sizeof(tail), 2 * ARCHIVE_MANIFEST_MAX), sizeof(tail));
    close(fd);
    cr_assert_eq(open_only(&s), -EBADMSG);
    shelf_fini(&s);
}

/* ---- A record that was exchanged ---- */

static void other_length(Record__ArchiveManifest *m)
{
    m->entries[0]->length--;
}
static void no_record(Record__ArchiveManifest *m)
{
    m->entries[0]->length = 3;
}
static void other_record(Record__ArchiveManifest *m)
{
    m->entries[0]->offset = m->entries[1]->offset;
}
static void other_hash(Record__ArchiveManifest *m)
{
    m->entries[0]->digest.data[0] ^= 1;
}

/* Each record is sound by itself, also to who did not check the file. */
Test(store_archive, p3_a_record_opens_in_its_place_only)
{
    static void (*const changes[])(Record__ArchiveManifest *) = {other_length, no_record, other_record, other_hash};
    struct shelf s;

    shelf_init(&s);
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        int checked = 0, read = 0;
        size_t begin;
        Record__ArchiveManifest *manifest = manifest_of(&s, &begin);

        changes[i](manifest);
        if (changes[i] == no_record) { /* and its size in front of it says the same */
            uint8_t kept[ARCHIVE_SIZE];
            size_t at = manifest->entries[0]->offset - ARCHIVE_SIZE;

            memcpy(kept, s.bytes + at, sizeof(kept));
            put_be32(s.bytes + at, 3);
            save_manifest(&s, begin, manifest);
            memcpy(s.bytes + at, kept, sizeof(kept));
        } else {
            save_manifest(&s, begin, manifest);
        }
        cr_assert_eq(read_first(&s, &checked, &read), 0, "change %zu", i);
        cr_assert_eq(checked, -EBADMSG);
        cr_assert_eq(read, -EBADMSG, "change %zu", i);
        record__archive_manifest__free_unpacked(manifest, NULL);
    }
    shelf_fini(&s);
}

Test(store_archive, p3_an_entry_of_another_file_is_refused)
{
    struct shelf s;
    struct archive *archive = NULL;
    uint8_t *record = NULL;
    size_t size;
    struct archive_entry entries[] = {{.offset = ARCHIVE_MAGIC_SIZE, .length = 1},
                                      {.offset = 1U << 30, .length = 1},
                                      {.offset = ARCHIVE_MAGIC_SIZE + ARCHIVE_SIZE, .length = 1U << 30}};

    shelf_init(&s);
    cr_assert_eq(archive_open(archive_keys_of(s.f.store), s.directory, NAME, &archive), 0);
    for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++)
        cr_assert_eq(archive_read(archive, &entries[i], &record, &size), -EBADMSG);
    archive_close(archive);
    shelf_fini(&s);
}

/* It is shorter than when it was opened. */
Test(store_archive, p3_a_file_that_is_cut_while_it_is_read_is_refused)
{
    struct shelf s;
    struct archive *archive = NULL;

    shelf_init(&s);
    cr_assert_eq(archive_open(archive_keys_of(s.f.store), s.directory, NAME, &archive), 0);
    cr_assert_eq(truncate(s.path, 40), 0);
    cr_assert_eq(archive_check(archive), -EBADMSG);
    archive_close(archive);
    shelf_fini(&s);
}

/* ---- The directory ---- */

static void write_keys(struct shelf *s, const char *content)
{
    char line[256];

    snprintf(line, sizeof(line), "rm -f %s/keys && (umask 077; printf '%s' >%s/keys)", s->directory, content,
             s->directory);
    cr_assert_eq(system(line), 0);
}

/* Otherwise the files that lie there could not be opened any more. */
Test(store_archive, d8_a_directory_with_another_stores_archive_is_left_alone)
{
    struct shelf s;

    shelf_init(&s);
    write_keys(&s, "another");
    cr_assert_eq(write_records(&s, "archive-2026-11-21-2.rfa", 1), -EKEYREJECTED);
    cr_assert_eq(unlink(s.path), 0);
    cr_assert_eq(write_records(&s, "archive-2026-11-21-2.rfa", 1), 0, "where no file is, the keys open nothing");
    shelf_fini(&s);
}

Test(store_archive, d8_what_a_killed_writer_left_is_removed_and_nothing_else)
{
    static const char *const left = ".archive-2026-11-21-2.rfa.part";
    static const char *const others[] = {".part", ".archive.part", "x.rfa.part", ".keys"};
    struct shelf s;
    char path[200], **names = NULL;
    int fd;

    shelf_init(&s);
    for (size_t i = 0; i <= sizeof(others) / sizeof(*others); i++) {
        snprintf(path, sizeof(path), "%s/%s", s.directory, i == 0 ? left : others[i - 1]);
        fd = open(path, O_WRONLY | O_CREAT, 0600);
        cr_assert_geq(fd, 0);
        close(fd);
    }
    archive_clear(s.directory);
    for (size_t i = 0; i <= sizeof(others) / sizeof(*others); i++) {
        snprintf(path, sizeof(path), "%s/%s", s.directory, i == 0 ? left : others[i - 1]);
        cr_assert_eq(access(path, F_OK) == 0, i != 0, "%s", path);
    }
    cr_assert_eq(archive_list(s.directory, &names), 0);
    cr_assert(strcmp(names[0], NAME) == 0 && names[1] == NULL);
    archive_list_free(names);
    archive_clear("/nonexistent");
    cr_assert_eq(archive_list("/nonexistent", &names), -ENOENT);
    shelf_fini(&s);
}
