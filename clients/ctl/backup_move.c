/* backup_move.c - copied piece by piece at a rate, synced, renamed, synced. */
#include "backup_move.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
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

void backup_keep(const struct ctl *ctl, const char *directory, const char *store_name, long long keep)
{
    struct dirent **entries = NULL;
    char pattern[64], path[FOLDER_PATH_MAX];
    int count = scandir(directory, &entries, NULL, alphasort);
    long long found = 0;

    snprintf(pattern, sizeof pattern, "%s-[0-9]*T[0-9]*Z-*.backup", store_name);
    for (int i = count - 1; i >= 0; i--) { /* dates first: the newest is last */
        bool is_one = fnmatch(pattern, entries[i]->d_name, 0) == 0;

        if (is_one && ++found > keep && folder_path(path, directory, entries[i]->d_name) && unlink(path) != 0)
            ctl_complain(ctl, "%s: %s", path, strerror(errno));
        free(entries[i]);
    }
    free(entries);
}
