/* state_file.c - written apart and renamed, or written over where there is no room for two. */
#include "store/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/owner.h"

bool state_file_read(const char *directory, const char *name, char *line, size_t size)
{
    char path[PATH_MAX];
    FILE *file = snprintf(path, sizeof(path), "%s/%s", directory, name) < PATH_MAX ? fopen(path, "re") : NULL;

    if (file == NULL)
        return false;

    bool is_read = fgets(line, (int)size, file) != NULL;

    fclose(file);
    return is_read;
}

static int write_line(int folder, const char *name, const char *line)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -errno;

    int failure = owner_give(folder, fd);

    if (failure == 0 && (dprintf(fd, "%s\n", line) < 0 || fsync(fd) != 0))
        failure = -errno;
    close(fd);
    return failure;
}

/* It has its block on the disk already; and a line is shorter than a sector, which is the old or the new one. */
static int write_over(int folder, const char *name, const char *line)
{
    int fd = openat(folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW), failure = 0;

    if (fd < 0)
        return -errno;
    if (dprintf(fd, "%s\n", line) < 0 || ftruncate(fd, (off_t)strlen(line) + 1) != 0 || fsync(fd) != 0)
        failure = -errno;
    close(fd);
    return failure;
}

int state_file_write(const char *directory, const char *name, const char *line)
{
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), failure;
    char apart[NAME_MAX + 1];

    if (folder < 0)
        return -errno;
    snprintf(apart, sizeof(apart), "%s.new", name);
    failure = write_line(folder, apart, line);
    if (failure == 0 && renameat(folder, apart, folder, name) != 0)
        failure = -errno;
    if (failure != 0) {
        unlinkat(folder, apart, 0);
        if (write_over(folder, name, line) == 0)
            failure = 0;
    }
    close(folder);
    return failure;
}
