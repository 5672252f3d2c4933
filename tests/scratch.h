/* scratch.h - folders of a test's own that end with its process: a test that fails goes no further and closes nothing,
 * and they may lie in memory. */
#pragma once
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRATCH_FOLDERS 16 /* of which the last ones are remembered */

static struct {
    pid_t owner;
    size_t count;
    char folders[SCRATCH_FOLDERS][64];
} scratch;

static inline int scratch_remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static inline void scratch_remove(const char *directory)
{
    nftw(directory, scratch_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* A child of the test leaves them to it. */
static inline void scratch_remove_left(void)
{
    for (size_t i = 0; i < SCRATCH_FOLDERS && scratch.owner == getpid(); i++)
        if (scratch.folders[i][0] != '\0')
            scratch_remove(scratch.folders[i]);
}

/* As mkdtemp. */
static inline char *scratch_make(char *directory)
{
    if (mkdtemp(directory) == NULL || strlen(directory) >= sizeof scratch.folders[0])
        return NULL;
    if (scratch.count == 0) {
        scratch.owner = getpid();
        atexit(scratch_remove_left);
    }
    strcpy(scratch.folders[scratch.count++ % SCRATCH_FOLDERS], directory);
    return directory;
}
