/* alloc.c - the line is written without memory, and nothing is done at the end that could want some. */
#include "base/alloc.h"

#include <stdlib.h>
#include <unistd.h>

void alloc_failed(void)
{
    static const char line[] = "event=out-of-memory no memory: the broker ends; what was accepted is on disk\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);

    (void)written;
    _exit(EXIT_FAILURE);
}

void *alloc_zeroed(size_t size)
{
    void *at = calloc(1, size);

    if (at == NULL)
        alloc_failed();
    return at;
}

void *alloc_grown(void *at, size_t size)
{
    void *grown = realloc(at, size);

    if (grown == NULL)
        alloc_failed();
    return grown;
}
