/* state_file.c - written apart and renamed. */
#include "store/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static bool path_of(char path[PATH_MAX], const char *directory, const char *name, const char *suffix)
{
    return snprintf(path, PATH_MAX, "%s/%s%s", directory, name, suffix) < PATH_MAX;
}

bool state_file_read(const char *directory, const char *name, char *line, size_t size)
{
    char path[PATH_MAX];
    FILE *file = path_of(path, directory, name, "") ? fopen(path, "re") : NULL;

    if (file == NULL)
        return false;

    bool is_read = fgets(line, (int)size, file) != NULL;

    fclose(file);
    return is_read;
}

static int write_line(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;

    int failure = 0;

    if (dprintf(fd, "%s\n", line) < 0 || fsync(fd) != 0)
        failure = -errno;
    close(fd);
    return failure;
}

int state_file_write(const char *directory, const char *name, const char *line)
{
    char path[PATH_MAX], apart[PATH_MAX];

    if (!path_of(path, directory, name, "") || !path_of(apart, directory, name, ".new"))
        return -ENAMETOOLONG;

    int failure = write_line(apart, line);

    if (failure == 0 && rename(apart, path) != 0)
        failure = -errno;
    if (failure != 0)
        unlink(apart);
    return failure;
}
