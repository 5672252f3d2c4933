/* crash_at.c - for test_archive.py, preloaded: kill -9 at the instant that CRASH_AT names. Of a file of the archive:
 * "before-rename", "after-rename"; then "sync-1", "sync-2" ...: at so many syncs of the store's data after that. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int renamed, syncs;

static void reach(const char *step)
{
    const char *wanted = getenv("CRASH_AT");

    if (wanted != NULL && strcmp(wanted, step) == 0)
        kill(getpid(), SIGKILL);
}

int renameat(int old_folder, const char *old_name, int new_folder, const char *new_name)
{
    int ours = strncmp(new_name, "archive-", 8) == 0;

    if (ours)
        reach("before-rename");

    int result = (int)syscall(SYS_renameat, old_folder, old_name, new_folder, new_name);

    if (ours && result == 0) {
        renamed = 1;
        reach("after-rename");
    }
    return result;
}

int fdatasync(int fd)
{
    char step[32];

    if (renamed) {
        snprintf(step, sizeof step, "sync-%d", ++syncs);
        reach(step);
    }
    return (int)syscall(SYS_fdatasync, fd);
}
