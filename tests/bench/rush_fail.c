/* rush_fail.c - how every program of the rush ends that cannot go on. */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "rush.h"

void rush_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("rush: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    _exit(1);
}
