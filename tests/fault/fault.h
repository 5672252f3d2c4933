/* fault.h - the Nth call of a class fails: linked into a program (walk.c, parts.c), or preloaded into a daemon.
 *
 * Memory: malloc, calloc, realloc, posix_memalign and anonymous mmap, of the broker and of all its libraries. Storage:
 * open, write, pwrite, writev, ftruncate, fallocate, fsync, fdatasync, rename, unlink on what lies below `root`.
 * Asking: read, pread, fstat, statvfs, flock, mkdir, chmod, fchown, close and mmap of what lies there. Sockets: socket,
 * connect, accept, send, recv, readv, writev, epoll_wait, eventfd. What fails is not done: the C library and the kernel
 * never hear of it.
 *
 * A daemon maps its plan from the file that REFERRALD_FAULT names (struct fault_plan as it is; a shorter file is made
 * long enough), so that who wrote it arms it at any time, and reads how far it went. It ends with the process that
 * started it. */
#pragma once
#include <stdint.h>

enum fault_class { FAULT_NONE, FAULT_MEMORY, FAULT_STORAGE, FAULT_SOCKET, FAULT_ASKING };

enum fault_mode {
    FAULT_ONCE,
    FAULT_LASTING, /* and all after it */
    FAULT_HALF,    /* a write does half of its work; other calls fail */
};

#define FAULT_ROOT_SIZE 256

struct fault_plan {
    uint32_t fault_class, mode;
    int32_t error;      /* errno */
    uint32_t is_scoped; /* only what one thread does while `inside` is not 0 counts */
    uint32_t inside;
    uint64_t nth; /* from 1; 0: count only */
    volatile uint64_t calls, fired;
    char root[FAULT_ROOT_SIZE]; /* what a path that counts begins with */
};

/* The plan in force: change it at will; a class other than FAULT_NONE arms it. */
struct fault_plan *fault_plan(void);
