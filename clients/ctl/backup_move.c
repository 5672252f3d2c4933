/* backup_move.c - copied piece by piece at a rate, synced, renamed, synced. */
#include "backup_move.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "folder.h"
#include "progress.h"

#define PIECE (256U << 10)

/* Sleeps as long as `done` bytes are ahead of the rate. */
static void keep_pace(const struct progress *progress, uint64_t done, int64_t rate)
{
    int64_t ahead_ms =
        rate == 0 ? 0 : (int64_t)(done * 1000 / (uint64_t)rate) + progress->started_ms - progress_clock_ms();
    struct timespec pause = {.tv_sec = ahead_ms / 1000, .tv_nsec = ahead_ms % 1000 * 1000000};

    if (ahead_ms > 0)
        nanosleep(&pause, NULL);
}

static int write_piece(int to, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(to, data, size);

        if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0) {
            data += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

static int copy_slowly(const struct ctl *ctl, int from, int to, uint64_t size, int64_t rate)
{
    static uint8_t piece[PIECE];
    struct progress progress;
    uint64_t done = 0;
    int failure = 0;

    progress_begin(&progress, ctl, ctl_say(ctl, "正在移动", "moving"));
    while (failure == 0 && done < size) {
        ssize_t got = read(from, piece, sizeof piece);

        if (got < 0 && errno == EINTR)
            continue;
        failure = got < 0 ? -errno : got == 0 ? -EIO : write_piece(to, piece, (size_t)got);
        if (failure == 0) {
            done += (uint64_t)got;
            progress_step(&progress, done, size);
            keep_pace(&progress, done, rate);
        }
    }
    progress_end(&progress);
    return failure == 0 && fsync(to) != 0 ? -errno : failure;
}

static int copy_to_part(const struct ctl *ctl, const struct backup_move *move, int directory)
{
    int from = open(move->from, O_RDONLY | O_CLOEXEC);
    int to = openat(directory, move->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat status = {0};
    int failure = from < 0 || to < 0 || fstat(from, &status) != 0 ? -errno : 0;

    if (failure == 0)
        failure = copy_slowly(ctl, from, to, (uint64_t)status.st_size, move->rate);
    if (to >= 0 && close(to) != 0 && failure == 0)
        failure = -errno;
    if (from >= 0)
        close(from);
    return failure;
}

int backup_move(const struct ctl *ctl, const struct backup_move *move)
{
    int directory = open(move->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failure = directory < 0 ? -errno : copy_to_part(ctl, move, directory);

    unsigned flags = move->replaces ? 0 : RENAME_NOREPLACE;

    if (failure == 0 && renameat2(directory, move->part, directory, move->name, flags) != 0)
        failure = -errno;
    if (failure == 0 && fsync(directory) != 0)
        failure = -errno;
    if (directory >= 0) {
        if (failure != 0)
            unlinkat(directory, move->part, 0);
        close(directory);
    }
    if (failure != 0)
        ctl_complain(ctl, "%s: %s", move->directory, strerror(-failure));
    return failure;
}

/* A backup by its name: how far its store had come. */
struct kept {
    uint32_t incarnation;
    uint64_t index;
    const char *name;
};

static bool is_of(const char *store_name, const char *name, struct kept *ret_kept)
{
    size_t length = strlen(store_name);
    int end = 0;

    ret_kept->name = name;
    return strncmp(name, store_name, length) == 0 &&
           sscanf(name + length, "-%*8[0-9]T%*6[0-9]Z-%" SCNu32 "-%" SCNu64 ".backup%n", &ret_kept->incarnation,
                  &ret_kept->index, &end) == 2 &&
           end > 0 && name[length + (size_t)end] == '\0';
}

/* The newest first: the one that holds most. The date is the wall clock's, which may have been wrong when one was made,
 * and decides only between two of the same turn. */
static int newest_first(const void *left, const void *right)
{
    const struct kept *one = left, *other = right;

    if (one->incarnation != other->incarnation)
        return one->incarnation > other->incarnation ? -1 : 1;
    if (one->index != other->index)
        return one->index > other->index ? -1 : 1;
    return strcmp(other->name, one->name);
}

static void remove_old(const struct ctl *ctl, const char *directory, const struct kept *old)
{
    char path[FOLDER_PATH_MAX];

    if (folder_path(path, directory, old->name) && unlink(path) != 0)
        ctl_complain(ctl, "%s: %s", path, strerror(errno));
}

void backup_keep(const struct ctl *ctl, const char *directory, const char *store_name, long long keep)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, NULL, NULL);
    struct kept *all = count < 0 ? NULL : calloc((size_t)count + 1, sizeof *all);
    size_t found = 0;

    if (all == NULL)
        ctl_complain(ctl, "%s: %s", directory, strerror(errno));
    for (int i = 0; all != NULL && i < count; i++)
        found += is_of(store_name, entries[i]->d_name, &all[found]);
    if (found != 0)
        qsort(all, found, sizeof *all, newest_first);
    for (size_t i = (size_t)keep; i < found; i++)
        remove_old(ctl, directory, &all[i]);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    free(all);
}
