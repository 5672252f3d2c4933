/* alloc.h - memory for what must be remembered: a session, a message in somebody's hands.
 *
 * A process that cannot get a hundred bytes for it ends, with a line: what was accepted is on disk, and nobody has been
 * told of anything else. To go on half remembered would be worse. What can be refused instead (a connection, a page,
 * output to be kept for later) is allocated where it is asked for. */
#pragma once
#include <stddef.h>

void *alloc_zeroed(size_t size); /* given back by free() */
void *alloc_grown(void *at, size_t size);
void alloc_failed(void) __attribute__((noreturn)); /* the end */
