/* slow_sync.c - for test_alarms.py, preloaded: a disk that takes its time over each commit while the file that
 * SLOW_SYNC names is there. */
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOW_MS 20

int fdatasync(int fd)
{
    const char *gate = getenv("SLOW_SYNC");

    if (gate != NULL && access(gate, F_OK) == 0)
        poll(NULL, 0, SLOW_MS);
    return (int)syscall(SYS_fdatasync, fd);
}
