/* wall_clock.c - for test_clock.py, preloaded: the wall clock of one process, shifted by the milliseconds in the file
 * that WALL_CLOCK names. The boot clock and all others stay. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *ret_at)
{
    static const volatile int64_t *shift_ms;
    int result = (int)syscall(SYS_clock_gettime, id, ret_at);

    if (result != 0 || id != CLOCK_REALTIME)
        return result;
    if (shift_ms == NULL) {
        const char *path = getenv("WALL_CLOCK");
        int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
        void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *shift_ms, PROT_READ, MAP_SHARED, fd, 0);

        if (mapped == MAP_FAILED)
            abort();
        close(fd);
        shift_ms = mapped;
    }

    int64_t at_ms = (int64_t)ret_at->tv_sec * 1000 + *shift_ms;

    ret_at->tv_sec = at_ms / 1000;
    ret_at->tv_nsec += at_ms % 1000 * 1000000;
    if (ret_at->tv_nsec >= 1000000000) {
        ret_at->tv_nsec -= 1000000000;
        ret_at->tv_sec++;
    }
    return 0;
}
