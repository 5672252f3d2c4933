/* alloc_parts.c - a process that has no memory, where nobody can be told, ends with a line (D2). */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fault/fault.h"

static _Noreturn void want(bool grown, uint64_t nth, int told)
{
    uint8_t *at;

    dup2(told, STDERR_FILENO);
    *fault_plan() = (struct fault_plan){.mode = FAULT_ONCE, .error = ENOMEM, .nth = nth};
    fault_plan()->fault_class = FAULT_MEMORY;
    at = grown ? alloc_grown(NULL, 100) : alloc_zeroed(100);
    fault_plan()->fault_class = FAULT_NONE;
    if (grown)
        at[99] = 0;
    _exit(at[99] == 0 ? 3 : 4);
}

Test(alloc_parts, d2_without_memory_the_broker_ends_with_a_line)
{
    for (int i = 0; i < 4; i++) {
        bool fails = i % 2 == 0;
        char line[200] = "";
        int told[2], status = 0;
        pid_t child;

        cr_assert_eq(pipe(told), 0);
        child = fork();
        if (child == 0)
            want(i / 2 == 1, fails ? 1 : 2, told[1]);
        close(told[1]);
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert(WIFEXITED(status));
        cr_assert_eq(WEXITSTATUS(status), fails ? EXIT_FAILURE : 3);
        cr_assert_geq(read(told[0], line, sizeof line - 1), 0);
        cr_assert_eq(strncmp(line, "event=out-of-memory ", 20) == 0, fails, "%s", line);
        close(told[0]);
    }
}
