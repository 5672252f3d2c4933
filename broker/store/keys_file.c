/* keys_file.c - written apart, synced, renamed, and the directory synced. */
#include "store/keys_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/keys.h"
#include "store/owner.h"

#define PART_SIZE 32

static int folder_open(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

int keys_file_read(const char *directory, struct keys_file *ret_file)
{
    int folder = folder_open(directory);

    if (folder < 0)
        return folder;

    int fd = openat(folder, KEYS_FILE, O_RDONLY | O_CLOEXEC), failure = fd < 0 ? -errno : 0;
    struct stat status;
    ssize_t size = fd < 0 ? 0 : read(fd, ret_file->content, sizeof(ret_file->content));

    close(folder);
    if (fd < 0)
        return failure;
    if (size < 0 || fstat(fd, &status) != 0)
        failure = -errno;
    else if ((status.st_mode & 077) != 0)
        failure = -EPERM;
    if (size >= 0)
        ret_file->size = (size_t)size;
    close(fd);
    return failure;
}

static int write_part(int folder, const char *part, const struct keys_file *file)
{
    int fd = openat(folder, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -errno;

    ssize_t written = write(fd, file->content, file->size);
    int failure = written < 0 ? -errno : (size_t)written != file->size ? -ENOSPC : owner_give(folder, fd);

    if (failure == 0 && fsync(fd) != 0)
        failure = -errno;
    if (close(fd) != 0 && failure == 0)
        failure = -errno;
    return failure;
}

int keys_file_write(const char *directory, const struct keys_file *file, bool replaces)
{
    char part[PART_SIZE];
    int folder = folder_open(directory), failure;

    if (folder < 0)
        return folder;
    if (!replaces && faccessat(folder, KEYS_FILE, F_OK, 0) == 0) {
        close(folder);
        return -EEXIST;
    }
    snprintf(part, sizeof(part), "." KEYS_FILE ".%d.part", (int)getpid());
    failure = write_part(folder, part, file);
    if (failure == 0 && renameat(folder, part, folder, KEYS_FILE) != 0)
        failure = -errno;
    if (failure != 0) {
        unlinkat(folder, part, 0);
    } else if (fsync(folder) != 0) {
        failure = -errno;
        if (!replaces)
            unlinkat(folder, KEYS_FILE, 0);
    }
    close(folder);
    return failure;
}

int keys_file_lock(const char *directory, int *ret_fd)
{
    int folder = folder_open(directory);

    if (folder < 0)
        return folder;
    if (flock(folder, LOCK_EX) != 0) {
        int failure = -errno;

        close(folder);
        return failure;
    }
    *ret_fd = folder;
    return 0;
}
