/* store_looks.c - the log of who looked into the archive (P3): what a power cut leaves of its last record is its end,
 * what anybody changed is damage. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/archive_look.h"
#include "store_fixture.h"

#define SECTOR     ((size_t)512)
#define BYTES_MOST 16384

struct log {
    struct fixture f;
    char path[128];
    size_t two, three; /* how long it is with so many looks */
    uint8_t bytes[BYTES_MOST];
};

static int add(struct log *log)
{
    static char reason[1300];
    struct archive_look look = {.at = instant_of(FIXTURE_NOW_MS),
                                .user = "root",
                                .referral = {.incarnation = 1, .index = 2, .ordinal = 3},
                                .file = "archive-2026-11-21-1.rfa",
                                .reason = reason};

    memset(reason, 'r', sizeof(reason) - 1);
    return archive_look_add(archive_keys_of(log->f.store), log->f.base, &look);
}

static void count_look(void *user, const struct archive_look *look)
{
    cr_assert_str_eq(look->user, "root");
    *(size_t *)user += 1;
}

static int count(struct log *log, size_t *ret_count)
{
    *ret_count = 0;
    return archive_looks(archive_keys_of(log->f.store), log->f.base, count_look, ret_count);
}

static size_t size_of(const struct log *log)
{
    struct stat status;

    cr_assert_eq(stat(log->path, &status), 0);
    return (size_t)status.st_size;
}

static void put(const struct log *log, const uint8_t *bytes, size_t size)
{
    int fd = open(log->path, O_WRONLY | O_TRUNC);

    cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
    close(fd);
}

static void log_init(struct log *log)
{
    int fd;

    fixture_init(&log->f);
    snprintf(log->path, sizeof(log->path), "%s/looks", log->f.base);
    cr_assert_eq(add(log), 0);
    cr_assert_eq(add(log), 0);
    log->two = size_of(log);
    cr_assert_eq(add(log), 0);
    log->three = size_of(log);
    cr_assert_leq(log->three, sizeof(log->bytes));
    fd = open(log->path, O_RDONLY);
    cr_assert_eq(read(fd, log->bytes, log->three), (ssize_t)log->three);
    close(fd);
}

/* Of the third look only those sectors whose bit is set. */
static void put_torn(const struct log *log, unsigned sectors)
{
    uint8_t torn[BYTES_MOST];

    memcpy(torn, log->bytes, log->three);
    for (size_t at = log->two; at < log->three; at++)
        if ((sectors >> (at / SECTOR - log->two / SECTOR) & 1) == 0)
            torn[at] = 0;
    put(log, torn, log->three);
}

Test(looks, p3_a_look_that_a_power_cut_tore_is_the_end_and_the_next_one_takes_its_place)
{
    struct log log;
    unsigned pieces;
    size_t looks;

    log_init(&log);
    pieces = (unsigned)((log.three - 1) / SECTOR - log.two / SECTOR + 1);
    cr_assert_gt(pieces, 2);
    for (unsigned sectors = 0; sectors + 1 < 1U << pieces; sectors++) {
        put_torn(&log, sectors);
        cr_assert_eq(count(&log, &looks), 0, "sectors %x", sectors);
        cr_assert_eq(looks, 2, "sectors %x", sectors);
        cr_assert_eq(add(&log), 0, "sectors %x", sectors);
        cr_assert_eq(count(&log, &looks), 0, "sectors %x", sectors);
        cr_assert_eq(looks, 3, "sectors %x", sectors);
    }
    fixture_fini(&log.f);
}

Test(looks, p3_zeros_before_a_whole_look_are_damage_and_cut_nothing)
{
    struct log log;
    size_t looks;

    log_init(&log);
    for (size_t at = 0; at < log.two; at += SECTOR) {
        uint8_t holed[BYTES_MOST];

        memcpy(holed, log.bytes, log.three);
        memset(holed + at, 0, SECTOR);
        put(&log, holed, log.three);
        cr_assert_eq(count(&log, &looks), -EBADMSG, "byte %zu", at);
        cr_assert_eq(add(&log), -EBADMSG, "byte %zu", at);
        cr_assert_eq(size_of(&log), log.three, "byte %zu", at);
    }
    fixture_fini(&log.f);
}

Test(looks, p3_a_look_that_was_not_written_to_its_end_is_the_end)
{
    struct log log;
    size_t looks;

    log_init(&log);
    for (size_t size = log.two; size < log.three; size += 97) {
        put(&log, log.bytes, size);
        cr_assert_eq(count(&log, &looks), 0);
        cr_assert_eq(looks, 2);
    }
    fixture_fini(&log.f);
}

Test(looks, p3_a_look_that_anybody_changed_is_damage_and_nothing_is_added)
{
    struct log log;
    size_t looks, at;

    log_init(&log);
    for (at = 4; at < log.three; at += at < log.two ? 101 : 13) {
        uint8_t changed[BYTES_MOST];

        memcpy(changed, log.bytes, log.three);
        changed[at] ^= 0x10;
        put(&log, changed, log.three);
        cr_assert_lt(count(&log, &looks), 0, "byte %zu", at);
        cr_assert_lt(add(&log), 0, "byte %zu", at);
    }
    fixture_fini(&log.f);
}

/* Else the next backup, which is the daemon's user's, could not read it. */
Test(looks, p3_a_log_that_root_begins_belongs_to_whom_the_archive_belongs)
{
    struct stat status;
    struct log log;

    if (geteuid() != 0)
        return;
    fixture_init(&log.f);
    snprintf(log.path, sizeof(log.path), "%s/looks", log.f.base);
    cr_assert_eq(chown(log.f.base, 65534, 65534), 0);
    cr_assert_eq(add(&log), 0);
    cr_assert_eq(stat(log.path, &status), 0);
    cr_assert_eq(status.st_uid, 65534);
    fixture_fini(&log.f);
}
