/* durable.c - the folder is opened and synced. */
#include "store/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int durable_names(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failure = fd >= 0 && fsync(fd) == 0 ? 0 : -errno;

    if (fd >= 0)
        close(fd);
    return failure;
}

int durable_name(const char *path)
{
    char above[PATH_MAX];

    if (snprintf(above, sizeof(above), "%s", path) >= PATH_MAX)
        return -ENAMETOOLONG;
    return durable_names(dirname(above));
}

int durable_folder(const char *directory)
{
    bool is_new = mkdir(directory, 0700) == 0;

    if (!is_new && errno != EEXIST)
        return -errno;

    /* Whoever made it before may have ended before this. A folder above that may not be read is for its owner to
     * sync. */
    int failure = durable_name(directory);

    if (failure != 0 && is_new)
        rmdir(directory);
    return failure == -EACCES && !is_new ? 0 : failure;
}
