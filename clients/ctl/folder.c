/* folder.c - names files, and takes them away again. */
#include "folder.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

bool folder_path(char out[FOLDER_PATH_MAX], const char *directory, const char *name)
{
    if (snprintf(out, FOLDER_PATH_MAX, "%s/%s", directory, name) < FOLDER_PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

void folder_remove(const char *folder)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "keys"};
    char path[FOLDER_PATH_MAX];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (folder_path(path, folder, files[i]))
            unlink(path);
    rmdir(folder);
}
