/* store_backup.c - a backup is sealed, whole or refused, and goes on as another incarnation. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/backup.h"
#include "store/backup_state.h"
#include "store/verify.h"
#include "store/verify_state.h"
#include "store_fixture.h"

#define MARKED "ZHANG-SAN-440101199001011234"

struct scene {
    struct fixture f;
    char copy[96], file[96], to[96], error[STORE_ERROR_SIZE];
    uint8_t key[BACKUP_KEY_SIZE];
    struct store_options copied;
};

static void turn_with_institution(struct fixture *f, const char *id)
{
    struct store_txn *txn = fixture_turn(f);
    Record__Institution row = RECORD__INSTITUTION__INIT;

    row.has_number = true;
    row.number = institution_number_new(txn);
    institution_row_put(txn, id, &row);
    fixture_end(f, txn);
}

/* A running store, and a copy of it. */
static void scene_init(struct scene *s)
{
    fixture_init(&s->f);
    turn_with_institution(&s->f, MARKED); /* an id, which lies in the open */
    snprintf(s->copy, sizeof(s->copy), "%s/copy", s->f.base);
    snprintf(s->file, sizeof(s->file), "%s/sealed", s->f.base);
    snprintf(s->to, sizeof(s->to), "%s/to", s->f.base);
    memset(s->key, 9, sizeof(s->key));

    struct store_options from = fixture_options(&s->f);

    fixture_close(&s->f); /* a process opens a store once; beside a daemon it is another's */
    cr_assert_eq(store_copy(&from, s->copy), 0, "%s", s->f.error);
    s->copied = from;
    s->copied.directory = s->copy;
    s->copied.error = s->error;
}

static void scene_seal(struct scene *s)
{
    scene_init(s);
    cr_assert_eq(backup_seal(&s->copied, s->key, s->file), 0, "%s", s->error);
}

static size_t file_load(const char *name, uint8_t **ret_data)
{
    struct stat status;
    int fd = open(name, O_RDONLY);

    cr_assert(fd >= 0 && fstat(fd, &status) == 0);
    *ret_data = malloc((size_t)status.st_size);
    cr_assert_eq(read(fd, *ret_data, (size_t)status.st_size), status.st_size);
    close(fd);
    return (size_t)status.st_size;
}

static void file_save(const char *name, const uint8_t *data, size_t size)
{
    int fd = open(name, O_WRONLY | O_TRUNC | O_CREAT, 0600);

    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, data, size), (ssize_t)size);
    close(fd);
}

static bool is_empty(const char *directory)
{
    return rmdir(directory) == 0 && mkdir(directory, 0700) == 0;
}

static void assert_sound(struct scene *s, const char *directory, uint32_t *ret_incarnation)
{
    struct store_options options = s->copied;
    struct verify_result found = {0};
    struct store *store = NULL;

    options.directory = directory;
    options.read_only = true;
    cr_assert_eq(store_open(&options, &store), 0, "%s", s->error);
    cr_assert_eq(store_verify(store, NULL, NULL, &found), 0);
    cr_assert_eq(found.faults, 0, "%s", found.first_fault);
    cr_assert_eq(store_mark(store).index, 1);
    *ret_incarnation = store_identity(store)->incarnation;
    store_close(store);
}

Test(store_backup, what_was_sealed_is_restored_in_another_incarnation)
{
    struct scene s;
    struct backup_about about;
    uint32_t incarnation = 0;

    scene_seal(&s);
    cr_assert_eq(backup_read_about(s.file, &about, s.error), 0, "%s", s.error);
    cr_assert_str_eq(about.short_name, "bd");
    cr_assert_eq(about.index, 1);
    cr_assert_eq(about.time.ms, FIXTURE_NOW_MS);
    cr_assert_eq(store_restore_backup(&s.copied, s.file, s.key, s.to, instant_of(FIXTURE_NOW_MS + 60000)), 0, "%s",
                 s.error);
    assert_sound(&s, s.to, &incarnation);
    cr_assert(incarnation > about.incarnation);
    /* Nothing is overwritten. */
    cr_assert_eq(store_restore_backup(&s.copied, s.file, s.key, s.to, instant_of(FIXTURE_NOW_MS + 120000)), -EEXIST);
    cr_assert_eq(backup_seal(&s.copied, s.key, s.file), -EEXIST);
    assert_sound(&s, s.to, &incarnation);
    arena_close(&s.f.arena);
    fixture_remove(&s.f);
}

Test(store_backup, c2_a_clock_that_stands_behind_restores_nothing)
{
    struct scene s;

    scene_seal(&s);
    cr_assert_eq(store_restore_backup(&s.copied, s.file, s.key, s.to, instant_of(FIXTURE_NOW_MS)), -EINVAL);
    cr_assert(access(s.to, F_OK) != 0, "nothing was made");
    fixture_remove(&s.f);
}

Test(store_backup, p1_the_file_says_nothing_without_its_key)
{
    struct scene s;
    uint8_t *data;

    scene_seal(&s);
    for (int i = 0; i < 2; i++) { /* the copy has the marked text in the open, or this shows nothing */
        char path[128];
        const char *names[] = {s.file, path};

        snprintf(path, sizeof(path), "%s/data.mdb", s.copy);

        size_t size = file_load(names[i], &data);

        cr_assert_eq(memmem(data, size, MARKED, strlen(MARKED)) != NULL, i == 1);
        free(data);
    }
    s.key[0]++;
    cr_assert_eq(mkdir(s.to, 0700), 0);
    cr_assert_eq(backup_unseal(s.file, s.key, s.to, s.error), -EACCES);
    cr_assert(is_empty(s.to));
    fixture_remove(&s.f);
}

/* Bytes all over the file, each bit of the head's first ones. */
Test(store_backup, a_flipped_bit_anywhere_is_found)
{
    struct scene s;
    uint8_t *data;

    scene_seal(&s);
    cr_assert_eq(mkdir(s.to, 0700), 0);

    size_t size = file_load(s.file, &data);

    for (size_t at = 0; at < size; at += at < 400 ? 1 : size / 50) {
        data[at] ^= (uint8_t)(1U << at % 8);
        file_save(s.file, data, size);
        data[at] ^= (uint8_t)(1U << at % 8);

        int failure = backup_unseal(s.file, s.key, s.to, s.error);

        cr_assert(failure == -EBADMSG || failure == -EACCES || failure == -EPROTO, "byte %zu: %d", at, failure);
        cr_assert(is_empty(s.to), "byte %zu", at);
    }
    free(data);
    fixture_remove(&s.f);
}

Test(store_backup, what_is_cut_off_or_goes_on_is_found)
{
    struct scene s;
    uint8_t *data;

    scene_seal(&s);
    cr_assert_eq(mkdir(s.to, 0700), 0);

    size_t size = file_load(s.file, &data);
    size_t cuts[] = {0, 1, 8, 12, 40, 100, 300, size / 2, size - 22, size - 21, size - 1};

    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        file_save(s.file, data, cuts[i]);
        cr_assert(backup_unseal(s.file, s.key, s.to, s.error) < 0, "cut at %zu", cuts[i]);
        cr_assert(is_empty(s.to), "cut at %zu", cuts[i]);
    }
    data = realloc(data, size + 1);
    data[size] = 0;
    file_save(s.file, data, size + 1);
    cr_assert_eq(backup_unseal(s.file, s.key, s.to, s.error), -EBADMSG);
    file_save(s.file, data, size);
    cr_assert_eq(backup_unseal(s.file, s.key, s.to, s.error), 0, "%s", s.error);
    free(data);
    fixture_remove(&s.f);
}

/* Its head stands in the open: what it could not say is no head. */
Test(store_backup, p3_a_head_that_does_not_say_whose_it_is_is_refused)
{
    struct scene s;
    struct backup_about about;
    uint8_t *data, changed[4096] = {0};

    scene_seal(&s);

    size_t size = file_load(s.file, &data), head = get_be32(data + 8);

    for (int i = 0; i < 5; i++) {
        Record__Backup *said = record__backup__unpack(NULL, head, data + 12), wrong = *said;

        wrong.store_id.len -= i == 0;
        wrong.short_name = i == 1 ? NULL : i == 2 ? (char *)(uintptr_t) "thirteenchars" : said->short_name;
        wrong.schema = i == 3 ? 2 : said->schema;
        memcpy(changed, data, 8);
        put_be32(changed + 8, (uint32_t)record__backup__pack(&wrong, changed + 12));
        if (i == 4)
            put_be32(changed + 8, 513); /* longer than any */
        file_save(s.file, changed, sizeof(changed));
        cr_assert_eq(backup_read_about(s.file, &about, i == 0 ? NULL : s.error), -EPROTO, "head %d", i);
        cr_assert(i == 0 || strstr(s.error, i == 3 ? "by a newer version" : "is no backup of referrald") != NULL);
        record__backup__free_unpacked(said, NULL);
    }
    cr_assert_gt(size, head);
    free(data);
    fixture_remove(&s.f);
}

/* It goes to the disk little by little. */
Test(store_backup, d2_a_store_of_some_megabytes_comes_back_whole)
{
    struct scene s;
    static uint8_t sheet[3 << 20];
    struct store_txn *txn;
    uint32_t incarnation;
    struct bytes body;

    fixture_init(&s.f);
    memset(sheet, 's', sizeof(sheet));
    txn = fixture_turn(&s.f);
    body_add(txn, fixture_id(&s.f, 1, 1), 1, bytes_of(sheet, sizeof(sheet)));
    fixture_end(&s.f, txn);
    fixture_close(&s.f);
    s.copied = fixture_options(&s.f);
    s.copied.error = s.error;
    memset(s.key, 9, sizeof(s.key));
    snprintf(s.file, sizeof(s.file), "%s/sealed", s.f.base);
    snprintf(s.to, sizeof(s.to), "%s/to", s.f.base);
    cr_assert_eq(backup_seal(&s.copied, s.key, s.file), 0, "%s", s.error);
    cr_assert_eq(store_restore_backup(&s.copied, s.file, s.key, s.to, instant_of(FIXTURE_NOW_MS + 60000)), 0, "%s",
                 s.error);
    assert_sound(&s, s.to, &incarnation);
    strcpy(s.f.directory, s.to);
    fixture_open(&s.f);
    txn = fixture_read(&s.f);
    cr_assert(body_get(txn, (struct id){.incarnation = FIXTURE_NOW_MS / 1000, .index = 1, .ordinal = 1}, 1, &body));
    cr_assert(bytes_equal(body, bytes_of(sheet, sizeof(sheet))));
    store_read_end(txn);
    fixture_fini(&s.f);
}

Test(store_backup, a_copy_where_something_lies_is_refused)
{
    struct scene s;

    scene_init(&s);

    struct store_options from = fixture_options(&s.f);

    cr_assert_eq(store_copy(&from, s.copy), -EEXIST);
    fixture_remove(&s.f);
}

Test(store_backup, what_a_verification_came_to_is_kept_and_nonsense_is_none)
{
    char directory[] = "/tmp/store-test-XXXXXX", path[64];
    struct verify_state state = {.sound_ms = 5, .failed_ms = 7};

    cr_assert_not_null(mkdtemp(directory));
    cr_assert_eq(verify_state_read(directory).sound_ms, 0);
    cr_assert_eq(verify_state_write(directory, &state), 0);
    cr_assert_eq(verify_state_read(directory).sound_ms, 5);
    cr_assert_eq(verify_state_read(directory).failed_ms, 7);
    snprintf(path, sizeof(path), "%s/verify.state", directory);

    FILE *file = fopen(path, "w");

    cr_assert(fputs("sound_ms=12", file) >= 0 && fclose(file) == 0);
    cr_assert_eq(verify_state_read(directory).sound_ms, 0);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(rmdir(directory), 0);
}

Test(store_backup, its_state_is_kept_and_nonsense_is_no_backup)
{
    char directory[] = "/tmp/store-test-XXXXXX", path[64];
    struct backup_state state = {.made_ms = 5, .failed_ms = 7, .fault = BACKUP_GROWN};

    cr_assert_not_null(mkdtemp(directory));
    cr_assert_eq(backup_state_read(directory).made_ms, 0);
    cr_assert_eq(backup_state_write(directory, &state), 0);
    cr_assert_eq(backup_state_read(directory).made_ms, 5);
    cr_assert_eq(backup_state_read(directory).failed_ms, 7);
    cr_assert_str_eq(backup_fault_word(backup_state_read(directory).fault), "grown");
    state = (struct backup_state){.made_ms = 9};
    cr_assert_eq(backup_state_write(directory, &state), 0);
    cr_assert_eq(backup_state_read(directory).fault, BACKUP_WELL);
    snprintf(path, sizeof(path), "%s/backup.state", directory);
    file_save(path, (const uint8_t *)"made_ms=x", 9);
    cr_assert_eq(backup_state_read(directory).made_ms, 0);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(rmdir(directory), 0);
}

Test(store_backup, d8_where_no_second_file_can_be_the_state_is_written_over)
{
    char directory[] = "/tmp/store-test-XXXXXX", path[64], apart[96];
    struct backup_state state = {.made_ms = 5, .failed_ms = 1000, .fault = BACKUP_ROOM};

    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/backup.state", directory);
    snprintf(apart, sizeof(apart), "%s.new", path);
    cr_assert_eq(mkdir(apart, 0700), 0);
    cr_assert_eq(backup_state_write(directory, &state), -EISDIR);
    file_save(path, (const uint8_t *)"", 0);
    cr_assert_eq(backup_state_write(directory, &state), 0);
    cr_assert_eq(backup_state_read(directory).failed_ms, 1000);
    state = (struct backup_state){.made_ms = 9}; /* shorter */
    cr_assert_eq(backup_state_write(directory, &state), 0);
    cr_assert_eq(backup_state_read(directory).made_ms, 9);
    cr_assert_eq(backup_state_read(directory).fault, BACKUP_WELL);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(rmdir(apart), 0);
    cr_assert_eq(rmdir(directory), 0);
}

/* What root verified or backed up, the daemon's user reads all the same. */
Test(store_backup, a_state_belongs_to_whom_the_store_belongs)
{
    char directory[] = "/tmp/store-test-XXXXXX", path[64];
    struct backup_state state = {.made_ms = 5};
    struct stat status;
    const uid_t nobody = 65534;

    cr_assert_not_null(mkdtemp(directory));
    if (geteuid() == 0)
        cr_assert_eq(chown(directory, nobody, nobody), 0);
    cr_assert_eq(backup_state_write(directory, &state), 0);
    snprintf(path, sizeof(path), "%s/backup.state", directory);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_uid, geteuid() == 0 ? nobody : geteuid());
    cr_assert_eq(status.st_mode & 0777, 0600);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(rmdir(directory), 0);
}
