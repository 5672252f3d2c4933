/* owner.c - a lock file with one line of fixed width. */
#include "store/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_SIZE 32

int owner_lock(const char *directory, int *ret_fd)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof(path), "%s/" OWNER_FILE, directory) >= PATH_MAX)
        return -ENAMETOOLONG;

    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int failure = errno == EWOULDBLOCK ? -EBUSY : -errno;

        close(fd);
        return failure;
    }
    *ret_fd = fd;
    return 0;
}

void owner_unlock(int fd)
{
    if (fd >= 0)
        close(fd);
}

int owner_give(int folder, int fd)
{
    struct stat status;

    if (geteuid() != 0)
        return 0;
    return fstat(folder, &status) != 0 || fchown(fd, status.st_uid, status.st_gid) != 0 ? -errno : 0;
}

int owner_give_in(const char *directory, int fd)
{
    int folder, failure;

    if (geteuid() != 0)
        return 0;
    folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -errno;
    failure = owner_give(folder, fd);
    close(folder);
    return failure;
}

struct owner_note owner_read(int fd)
{
    char line[LINE_SIZE + 1] = "";
    struct owner_note note = {0};

    if (pread(fd, line, LINE_SIZE, 0) != LINE_SIZE ||
        sscanf(line, "%" SCNu32 " %" SCNu64, &note.incarnation, &note.index) != 2)
        return (struct owner_note){0};
    return note;
}

struct owner_note owner_peek(const char *directory)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof(path), "%s/" OWNER_FILE, directory) >= PATH_MAX)
        return (struct owner_note){0};

    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return (struct owner_note){0};

    struct owner_note note = owner_read(fd);

    close(fd);
    return note;
}

bool owner_is_ahead(struct owner_note note, struct owner_note here)
{
    return note.incarnation > here.incarnation || (note.incarnation == here.incarnation && note.index > here.index);
}

void owner_write(int fd, struct owner_note note)
{
    char line[LINE_SIZE + 1];

    snprintf(line, sizeof(line), "%010" PRIu32 " %020" PRIu64 "\n", note.incarnation, note.index);
    /* The note is a second net, not the record: where it cannot be written the store still goes on. */
    ssize_t written = pwrite(fd, line, LINE_SIZE, 0);

    (void)written;
}
