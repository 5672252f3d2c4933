/* standard.c - a closed descriptor becomes /dev/null, opened the wrong way round: what is said there fails, and is not
 * lost unseen. */
#include "sys/standard.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int standard_hold(void)
{
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++) {
        if (fcntl(number, F_GETFD) >= 0)
            continue;
        /* Those below are open, so this one is the lowest that is free. */
        int fd = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        if (fd < 0)
            return -errno;
    }
    return 0;
}
