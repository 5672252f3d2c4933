/* The three descriptors of every program, where it was started without one of them. */
#include "sys/standard.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_held(int number)
{
    char byte = 0;
    struct stat status;
    ssize_t moved = number == STDIN_FILENO ? read(number, &byte, 1) : write(number, &byte, 1);
    return moved < 0 && errno == EBADF && fstat(number, &status) == 0 && S_ISCHR(status.st_mode);
}

/* In a process of its own, with those closed that have a bit: 0 where these can neither be read nor written, and no
 * other file becomes one. */
static int hold(unsigned closed)
{
    for (int number = 0; number <= 2; number++)
        if (closed >> number & 1)
            close(number);
    if (standard_hold() != 0)
        return 1;
    for (int number = 0; number <= 2; number++)
        if ((closed >> number & 1) && !is_held(number))
            return 2;
    return open("/dev/null", O_RDONLY) > 2 ? 0 : 3;
}

Test(sys_standard, d2_what_is_opened_next_is_none_of_the_three)
{
    for (unsigned closed = 0; closed < 8; closed++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0)
            _exit(hold(closed));
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "closed %u: %d", closed, WEXITSTATUS(status));
    }
}
