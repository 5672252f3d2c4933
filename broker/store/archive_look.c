/* archive_look.c - a chain of small sealed records. */
#include "store/archive_look.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/archive_format.h"
#include "store/durable.h"
#include "store/owner.h"
#include "store/record.h"
#include "store/seal.h"

#define LOOKS       "looks"
#define LOOK_MAX    ((size_t)8192) /* sealed */
#define ARENA_BYTES (1UL << 20)
#define SECTOR      512 /* what a disk writes whole or not at all */

struct log {
    const struct keys *keys;
    char path[PATH_MAX];
    int fd;
    uint64_t at; /* end of the last whole record */
    uint8_t previous[ARCHIVE_HASH_SIZE];
    struct arena arena;
};

static int log_open(struct log *log, const struct keys *keys, const char *directory, int flags)
{
    *log = (struct log){.keys = keys, .fd = -1};
    if (snprintf(log->path, sizeof(log->path), "%s/" LOOKS, directory) >= PATH_MAX)
        return -ENAMETOOLONG;
    log->fd = open(log->path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log->fd < 0)
        return -errno;
    return flock(log->fd, (flags & O_ACCMODE) == O_RDONLY ? LOCK_SH : LOCK_EX) != 0
               ? -errno
               : arena_open(&log->arena, ARENA_BYTES);
}

static void log_close(struct log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    if (log->arena.base != NULL)
        arena_close(&log->arena);
}

static void note_previous(struct log *log, const uint8_t *sealed, size_t size)
{
    crypto_generichash(log->previous, sizeof(log->previous), sealed, size, log->keys->hash, sizeof(log->keys->hash));
}

static int take_look(struct log *log, struct bytes plain, struct archive_look *ret_look)
{
    const Record__ArchiveLook *row = record_unpack_bare(&log->arena, plain, &record__archive_look__descriptor);
    struct bytes previous = bytes_of(log->previous, log->at == 0 ? 0 : sizeof(log->previous));

    if (row == NULL || row->referral.len != ID_KEY_SIZE || row->user == NULL || row->file == NULL ||
        row->reason == NULL || !bytes_equal(bytes_of(row->previous.data, row->previous.len), previous))
        return -EBADMSG;
    *ret_look = (struct archive_look){.at = instant_of(row->at_ms),
                                      .user = row->user,
                                      .referral = id_from_key(row->referral.data),
                                      .file = row->file,
                                      .reason = row->reason};
    return 0;
}

/* How much of `size` bytes at `at` lies in the same sector. */
static size_t in_sector(uint64_t at, size_t size)
{
    size_t left = SECTOR - (size_t)(at % SECTOR);

    return size < left ? size : left;
}

/* Of the record that was being written a power cut leaves some sectors, and zeros for the others: only the last record,
 * which ends with the file, `got` bytes from here, may be so. */
static bool is_torn(const uint8_t *bytes, size_t got, uint64_t at)
{
    size_t size = get_be32(bytes);

    if (size == 0)
        return sodium_is_zero(bytes, ARCHIVE_SIZE - 1 + in_sector(at + ARCHIVE_SIZE - 1, got - (ARCHIVE_SIZE - 1)));
    if (got != ARCHIVE_SIZE + size)
        return false;
    for (size_t done = 0; done < got; done += in_sector(at + done, got - done))
        if (sodium_is_zero(bytes + done, in_sector(at + done, got - done)))
            return true;
    return false;
}

/* A whole record further on: what lies before it had been written, too. */
static bool is_last(const struct log *log, const uint8_t *bytes, size_t got)
{
    uint8_t plain[LOOK_MAX], place[TABLE_KEY_MAX];
    size_t plain_size;

    for (size_t done = 1; done + ARCHIVE_SIZE <= got; done++) {
        struct bytes sealed = bytes_of(bytes + done + ARCHIVE_SIZE, get_be32(bytes + done));

        if (sealed.size != 0 && sealed.size <= got - done - ARCHIVE_SIZE &&
            seal_plain_size(TABLE_ARCHIVE, sealed, &plain_size) && plain_size <= sizeof(plain) &&
            seal_read(log->keys, TABLE_ARCHIVE, archive_place(place, LOOKS, log->at + done), sealed, plain) == 0)
            return false;
    }
    return got < ARCHIVE_SIZE + LOOK_MAX;
}

static int read_look(struct log *log, struct bytes sealed, struct archive_look *ret_look)
{
    uint8_t plain[LOOK_MAX], place[TABLE_KEY_MAX];
    size_t plain_size = 0;
    int failure;

    arena_reset(&log->arena, 0);
    if (!seal_plain_size(TABLE_ARCHIVE, sealed, &plain_size))
        return -EBADMSG;
    failure = seal_read(log->keys, TABLE_ARCHIVE, archive_place(place, LOOKS, log->at), sealed, plain);
    return failure == 0 ? take_look(log, bytes_of(plain, plain_size), ret_look) : failure;
}

/* 1: a look; 0: the end, perhaps in the middle of one whose writer was killed, or lost its power, before it showed
 * anything. */
static int log_next(struct log *log, struct archive_look *ret_look)
{
    uint8_t sealed[ARCHIVE_SIZE + LOOK_MAX];
    ssize_t got = pread(log->fd, sealed, sizeof(sealed), (off_t)log->at);
    size_t size;
    int failure;

    if (got < 0)
        return -errno;
    if ((size_t)got < ARCHIVE_SIZE)
        return 0;
    size = get_be32(sealed);
    if (size > LOOK_MAX)
        return -EBADMSG;
    if ((size_t)got < ARCHIVE_SIZE + size)
        return 0;
    failure = read_look(log, bytes_of(sealed + ARCHIVE_SIZE, size), ret_look);
    if (failure != 0)
        return is_torn(sealed, (size_t)got, log->at) && is_last(log, sealed, (size_t)got) ? 0 : failure;
    note_previous(log, sealed, ARCHIVE_SIZE + size);
    log->at += ARCHIVE_SIZE + size;
    return 1;
}

int archive_looks(const struct keys *keys, const char *directory,
                  void (*each)(void *user, const struct archive_look *look), void *user)
{
    struct archive_look look;
    struct log log;
    int result = log_open(&log, keys, directory, O_RDONLY);

    if (result == 0)
        while ((result = log_next(&log, &look)) > 0)
            each(user, &look);
    log_close(&log);
    return result == -ENOENT ? 0 : result;
}

/* Cut to what fits: a reason of a few lines is one. */
static char *text_of(struct arena *arena, const char *text)
{
    return arena_format(arena, "%.2000s", text);
}

static int append(struct log *log, const struct archive_look *look)
{
    Record__ArchiveLook row = RECORD__ARCHIVE_LOOK__INIT;
    uint8_t id[ID_KEY_SIZE], sealed[ARCHIVE_SIZE + LOOK_MAX], place[TABLE_KEY_MAX];
    struct bytes plain;
    size_t size;

    id_to_key(id, look->referral);
    row.has_at_ms = row.has_referral = true;
    row.at_ms = look->at.ms;
    row.user = text_of(&log->arena, look->user);
    row.referral = (ProtobufCBinaryData){.len = sizeof(id), .data = id};
    row.file = text_of(&log->arena, look->file);
    row.reason = text_of(&log->arena, look->reason);
    row.has_previous = log->at != 0;
    row.previous = (ProtobufCBinaryData){.len = sizeof(log->previous), .data = log->previous};
    plain = record_pack(&log->arena, &row.base);
    size = seal_size(TABLE_ARCHIVE, plain.size);
    if (size > LOOK_MAX)
        return -EMSGSIZE;
    put_be32(sealed, (uint32_t)size);
    seal_write(log->keys, TABLE_ARCHIVE, archive_place(place, LOOKS, log->at), plain, sealed + ARCHIVE_SIZE);

    ssize_t written = pwrite(log->fd, sealed, ARCHIVE_SIZE + size, (off_t)log->at);

    if (written < 0)
        return -errno;
    if ((size_t)written != ARCHIVE_SIZE + size)
        return -ENOSPC;
    return fsync(log->fd) != 0 ? -errno : 0;
}

/* What stands behind the last whole record goes, for good, before another is written there. */
static int cut_end(const struct log *log)
{
    struct stat status;

    if (fstat(log->fd, &status) != 0)
        return -errno;
    if ((uint64_t)status.st_size == log->at)
        return 0;
    return ftruncate(log->fd, (off_t)log->at) != 0 || fsync(log->fd) != 0 ? -errno : 0;
}

int archive_look_add(const struct keys *keys, const char *directory, const struct archive_look *look)
{
    struct archive_look before;
    struct log log;
    int result = log_open(&log, keys, directory, O_RDWR | O_CREAT);

    if (result == 0)
        result = owner_give_in(directory, log.fd);
    if (result == 0)
        while ((result = log_next(&log, &before)) > 0)
            ;
    if (result == 0)
        result = cut_end(&log);
    if (result == 0) {
        arena_reset(&log.arena, 0);
        result = append(&log, look);
    }
    if (result == 0 && log.at == 0)
        result = durable_name(log.path);
    log_close(&log);
    return result;
}
