/* fault.c - stands between the process and the C library; what is not to fail goes on to the kernel, or to the
 * allocator, as it came. */
#include "fault/fault.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The allocator below: the C library's, or the sanitizer's of the program this is linked into. */
#ifdef SANITIZED
#define BELOW(name) __interceptor_##name
#else
#define BELOW(name) __libc_##name
#endif
void *BELOW(malloc)(size_t);
void *BELOW(calloc)(size_t, size_t);
void *BELOW(realloc)(void *, size_t);
void *BELOW(memalign)(size_t, size_t);

static struct fault_plan own;
static struct fault_plan *plan = &own;

struct fault_plan *fault_plan(void)
{
    return plan;
}

__attribute__((constructor)) static void take_plan(void)
{
    const char *path = getenv("REFERRALD_FAULT");
    void *mapped = MAP_FAILED;
    int fd = path != NULL ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;

    if (fd >= 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* once its driver is gone, calls that fail for ever would be made for ever */
    if (fd >= 0 && syscall(SYS_ftruncate, fd, sizeof *plan) == 0)
        mapped = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (mapped != MAP_FAILED)
        plan = mapped;
}

/* ---- Which call ---- */

#ifdef SANITIZED
static _Thread_local bool is_sanitizer;

/* A sanitizer asks for the stack of each new thread, and ends the process where memory for the answer fails: that is
 * not the broker's. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *ret_attributes)
{
    typedef int getattr_call(pthread_t, pthread_attr_t *);
    int result;

    is_sanitizer = true;
    result = ((getattr_call *)dlsym(RTLD_NEXT, "pthread_getattr_np"))(thread, ret_attributes);
    is_sanitizer = false;
    return result;
}
#else
static const bool is_sanitizer = false;
#endif

static bool is_armed(enum fault_class fault_class)
{
    return plan->fault_class == fault_class && !is_sanitizer && (plan->is_scoped == 0 || plan->inside != 0);
}

/* True: this call is to fail, with errno set. */
static bool strikes(enum fault_class fault_class)
{
    uint64_t call;

    if (!is_armed(fault_class))
        return false;
    call = __atomic_add_fetch(&plan->calls, 1, __ATOMIC_RELAXED);
    if (plan->nth == 0 || (plan->mode == FAULT_LASTING ? call < plan->nth : call != plan->nth))
        return false;
    __atomic_add_fetch(&plan->fired, 1, __ATOMIC_RELAXED);
    errno = plan->error;
    return true;
}

static bool is_below_root(const char *path)
{
    size_t size = strlen(plan->root);

    return strncmp(path, plan->root, size) == 0;
}

static bool is_stored(int fd)
{
    char link[64], path[PATH_MAX];
    ssize_t size;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (size <= 0)
        return false;
    path[size] = '\0';
    return is_below_root(path);
}

static bool strikes_descriptor(enum fault_class fault_class, int fd)
{
    int before = errno;
    bool strikes_it;

    if (!is_armed(fault_class))
        return false;
    strikes_it = is_stored(fd) && strikes(fault_class);
    if (!strikes_it)
        errno = before;
    return strikes_it;
}

static bool strikes_name(enum fault_class fault_class, const char *path)
{
    return is_armed(fault_class) && is_below_root(path) && strikes(fault_class);
}

static bool strikes_file(int fd)
{
    return strikes_descriptor(FAULT_STORAGE, fd);
}

static bool strikes_path(const char *path)
{
    return strikes_name(FAULT_STORAGE, path);
}

/* For calls that are not of sockets alone. */
static bool strikes_socket(int fd)
{
    struct stat status;

    return is_armed(FAULT_SOCKET) && syscall(SYS_fstat, fd, &status) == 0 && S_ISSOCK(status.st_mode) &&
           strikes(FAULT_SOCKET);
}

/* ---- Memory ---- */

void *malloc(size_t size)
{
    return strikes(FAULT_MEMORY) ? NULL : BELOW(malloc)(size);
}

void *calloc(size_t count, size_t size)
{
    return strikes(FAULT_MEMORY) ? NULL : BELOW(calloc)(count, size);
}

void *realloc(void *at, size_t size)
{
    return strikes(FAULT_MEMORY) ? NULL : BELOW(realloc)(at, size);
}

int posix_memalign(void **ret_at, size_t alignment, size_t size)
{
    void *at = strikes(FAULT_MEMORY) ? NULL : BELOW(memalign)(alignment, size);

    if (at == NULL)
        return ENOMEM;
    *ret_at = at;
    return 0;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if ((flags & MAP_ANONYMOUS) != 0 ? strikes(FAULT_MEMORY) : strikes_descriptor(FAULT_ASKING, fd))
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

/* ---- Storage ---- */

int open(const char *path, int flags, ...)
{
    va_list more;
    mode_t mode;

    va_start(more, flags);
    mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? (mode_t)va_arg(more, unsigned) : 0;
    va_end(more);
    return strikes_path(path) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list more;
    mode_t mode;

    va_start(more, flags);
    mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? (mode_t)va_arg(more, unsigned) : 0;
    va_end(more);
    return strikes_file(folder) ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    if (!strikes_file(fd))
        return syscall(SYS_write, fd, bytes, size);
    return plan->mode == FAULT_HALF ? syscall(SYS_write, fd, bytes, size / 2) : -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    if (!strikes_file(fd))
        return syscall(SYS_pwrite64, fd, bytes, size, offset);
    return plan->mode == FAULT_HALF ? syscall(SYS_pwrite64, fd, bytes, size / 2, offset) : -1;
}

/* Half: the first of the parts, or half of the only one. */
ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (strikes_socket(fd))
        return -1;
    if (!strikes_file(fd))
        return syscall(SYS_writev, fd, parts, count);
    if (plan->mode != FAULT_HALF || count == 0)
        return -1;
    return syscall(SYS_write, fd, parts[0].iov_base, count > 1 ? parts[0].iov_len : parts[0].iov_len / 2);
}

int ftruncate(int fd, off_t size)
{
    return strikes_file(fd) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
    return strikes_file(fd) ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

int fsync(int fd)
{
    return strikes_file(fd) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return strikes_file(fd) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int rename(const char *from, const char *to)
{
    return strikes_path(to) ? -1 : (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return strikes_file(to_folder) ? -1 : (int)syscall(SYS_renameat, from_folder, from, to_folder, to);
}

int unlink(const char *path)
{
    return strikes_path(path) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int unlinkat(int folder, const char *path, int flags)
{
    return strikes_file(folder) ? -1 : (int)syscall(SYS_unlinkat, folder, path, flags);
}

/* ---- Asking ---- */

ssize_t read(int fd, void *bytes, size_t size)
{
    return strikes_descriptor(FAULT_ASKING, fd) ? -1 : syscall(SYS_read, fd, bytes, size);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t offset)
{
    return strikes_descriptor(FAULT_ASKING, fd) ? -1 : syscall(SYS_pread64, fd, bytes, size, offset);
}

int fstat(int fd, struct stat *status)
{
    return strikes_descriptor(FAULT_ASKING, fd) ? -1 : (int)syscall(SYS_fstat, fd, status);
}

int statvfs(const char *path, struct statvfs *room)
{
    struct statfs found;

    if (strikes_name(FAULT_ASKING, path) || syscall(SYS_statfs, path, &found) != 0)
        return -1;
    *room = (struct statvfs){.f_bsize = (unsigned long)found.f_bsize,
                             .f_frsize = (unsigned long)found.f_frsize,
                             .f_blocks = found.f_blocks,
                             .f_bfree = found.f_bfree,
                             .f_bavail = found.f_bavail,
                             .f_files = found.f_files,
                             .f_ffree = found.f_ffree,
                             .f_favail = found.f_ffree,
                             .f_namemax = (unsigned long)found.f_namelen};
    return 0;
}

int flock(int fd, int operation)
{
    return strikes_descriptor(FAULT_ASKING, fd) ? -1 : (int)syscall(SYS_flock, fd, operation);
}

int mkdir(const char *path, mode_t mode)
{
    return strikes_name(FAULT_ASKING, path) ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int chmod(const char *path, mode_t mode)
{
    return strikes_name(FAULT_ASKING, path) ? -1 : (int)syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}

int fchown(int fd, uid_t owner, gid_t group)
{
    return strikes_descriptor(FAULT_ASKING, fd) ? -1 : (int)syscall(SYS_fchown, fd, owner, group);
}

/* The kernel closes it, and tells of what it could not do with it. */
int close(int fd)
{
    bool strikes_it = strikes_descriptor(FAULT_ASKING, fd);
    int result = (int)syscall(SYS_close, fd);

    if (strikes_it)
        errno = plan->error;
    return strikes_it ? -1 : result;
}

/* ---- Sockets ---- */

int socket(int domain, int type, int protocol)
{
    return strikes(FAULT_SOCKET) ? -1 : (int)syscall(SYS_socket, domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    return strikes(FAULT_SOCKET) ? -1 : (int)syscall(SYS_connect, fd, address, size);
}

/* A peer that reset its connection before it was accepted is known to accept by another word. */
static bool strikes_accept(void)
{
    if (!strikes(FAULT_SOCKET))
        return false;
    if (errno == ECONNRESET)
        errno = ECONNABORTED;
    return true;
}

int accept(int fd, struct sockaddr *address, socklen_t *size)
{
    return strikes_accept() ? -1 : (int)syscall(SYS_accept4, fd, address, size, 0);
}

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    return strikes_accept() ? -1 : (int)syscall(SYS_accept4, fd, address, size, flags);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    return strikes(FAULT_SOCKET) ? -1 : syscall(SYS_sendto, fd, bytes, size, flags, NULL, 0);
}

ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t to_size)
{
    return strikes(FAULT_SOCKET) ? -1 : syscall(SYS_sendto, fd, bytes, size, flags, to, to_size);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    return strikes(FAULT_SOCKET) ? -1 : syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    return strikes(FAULT_SOCKET) ? -1 : syscall(SYS_recvfrom, fd, bytes, size, flags, NULL, NULL);
}

ssize_t recvfrom(int fd, void *bytes, size_t size, int flags, struct sockaddr *from, socklen_t *from_size)
{
    return strikes(FAULT_SOCKET) ? -1 : syscall(SYS_recvfrom, fd, bytes, size, flags, from, from_size);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    return strikes(FAULT_SOCKET) ? -1 : syscall(SYS_recvmsg, fd, message, flags);
}

ssize_t readv(int fd, const struct iovec *parts, int count)
{
    return strikes_socket(fd) ? -1 : syscall(SYS_readv, fd, parts, count);
}

int epoll_wait(int fd, struct epoll_event *events, int most, int timeout_ms)
{
    /* The only failure the kernel has for a sound descriptor. */
    if (strikes(FAULT_SOCKET)) {
        errno = EINTR;
        return -1;
    }
    return (int)syscall(SYS_epoll_wait, fd, events, most, timeout_ms);
}

int eventfd(unsigned value, int flags)
{
    return strikes(FAULT_SOCKET) ? -1 : (int)syscall(SYS_eventfd2, value, flags);
}
