/* coverage.h - put before every source by coverage.sh: a process that leaves by _exit() has its branches counted as
 * well.
 *
 * It includes nothing: names of a header that a source does not ask for may be its own. What <unistd.h> declares
 * afterwards is this function. */
#pragma once

void __gcov_dump(void);
void _exit(int status) __attribute__((__noreturn__));

__attribute__((__noreturn__)) static inline void counted_exit(int status)
{
    __gcov_dump();
    _exit(status);
}
#define _exit counted_exit
