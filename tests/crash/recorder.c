/* recorder.c - calls go through as they are; what succeeded below the root is logged. */
#include "crash/recorder.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FD_MAX        1024
#define NAME_MAX_SIZE 256

recorder_begin_call recorder_begin;
recorder_end_call recorder_end;
recorder_note_call recorder_note;
recorder_weaken_call recorder_weaken;

static struct {
    pthread_mutex_t lock;
    int log; /* -1: nothing is recorded */
    char root[PATH_MAX];
    struct {
        bool is_followed, is_durable, is_directory;
        uint64_t number;
        char name[NAME_MAX_SIZE]; /* below the root, when it was opened */
    } files[FD_MAX];
    enum recorder_weakness weakness;
    bool is_ready; /* RECORDER_UNREADY has come to its end */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .log = -1};

/* The next definition of this name: the C library's. */
#define REAL(result, name, ...)                                                                                        \
    typedef result name##_call(__VA_ARGS__);                                                                           \
    static name##_call *real_##name(void)                                                                              \
    {                                                                                                                  \
        static name##_call *call;                                                                                      \
        if (call == NULL)                                                                                              \
            call = (name##_call *)dlsym(RTLD_NEXT, #name);                                                             \
        return call;                                                                                                   \
    }
REAL(int, open, const char *, int, ...)
REAL(int, openat, int, const char *, int, ...)
REAL(int, close, int)
REAL(ssize_t, write, int, const void *, size_t)
REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
REAL(ssize_t, writev, int, const struct iovec *, int)
REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t)
REAL(int, ftruncate, int, off_t)
REAL(int, fsync, int)
REAL(int, fdatasync, int)
REAL(int, renameat2, int, const char *, int, const char *, unsigned)
REAL(int, unlinkat, int, const char *, int)
REAL(int, mkdirat, int, const char *, mode_t)
REAL(int, mdb_env_open, MDB_env *, const char *, unsigned, mdb_mode_t)

/* ---- The log ---- */

static void log_bytes(const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t written = real_write()(state.log, at, size);

        if (written < 0)
            abort(); /* a recording with a hole proves nothing */
        at += written;
        size -= (size_t)written;
    }
}

static void log_record(enum recorded what, uint64_t file, const char *name, uint64_t offset, const void *bytes,
                       size_t size)
{
    struct record_head head = {
        .what = what, .name_size = (uint32_t)strlen(name), .file = file, .offset = offset, .size = size};

    log_bytes(&head, sizeof head);
    log_bytes(name, head.name_size);
    log_bytes(bytes, size);
}

/* The name below the root; NULL: elsewhere. */
static const char *below_root(const char *path)
{
    size_t size = strlen(state.root);

    if (state.log < 0 || strncmp(path, state.root, size) != 0)
        return NULL;
    return path[size] == '/' ? path + size + 1 : path[size] == '\0' ? "" : NULL;
}

static void follow(int fd, const char *path, int flags)
{
    const char *name = below_root(path);
    struct stat status;

    if (fd < 0 || fd >= FD_MAX)
        return;
    state.files[fd].is_followed = name != NULL && strlen(name) < NAME_MAX_SIZE && fstat(fd, &status) == 0;
    if (!state.files[fd].is_followed)
        return;
    snprintf(state.files[fd].name, NAME_MAX_SIZE, "%s", name);
    state.files[fd].number = status.st_ino;
    state.files[fd].is_durable = (flags & (O_DSYNC | O_SYNC)) != 0;
    state.files[fd].is_directory = S_ISDIR(status.st_mode);
}

static bool is_followed(int fd)
{
    return state.log >= 0 && fd >= 0 && fd < FD_MAX && state.files[fd].is_followed;
}

static void log_write(int fd, off_t offset, const void *bytes, ssize_t written)
{
    if (written <= 0)
        return;
    log_record(state.files[fd].is_durable ? RECORDED_DURABLE : RECORDED_WRITE, state.files[fd].number,
               state.files[fd].name, (uint64_t)offset, bytes, (size_t)written);
}

static void log_vector(int fd, off_t offset, const struct iovec *parts, int count, ssize_t written)
{
    for (int i = 0; i < count && written > 0; i++) {
        ssize_t size = (ssize_t)parts[i].iov_len < written ? (ssize_t)parts[i].iov_len : written;

        log_write(fd, offset, parts[i].iov_base, size);
        offset += size;
        written -= size;
    }
}

/* ---- For the program ---- */

/* What is open already, by the kernel's list. */
static void follow_open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char link[PATH_MAX], path[PATH_MAX];
        int fd = atoi(entry->d_name);
        ssize_t size;

        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        size = readlink(link, path, sizeof path - 1);
        if (size <= 0 || fd >= FD_MAX)
            continue;
        path[size] = '\0';
        follow(fd, path, fcntl(fd, F_GETFL));
    }
    if (folder != NULL)
        closedir(folder);
}

static int begin(const char *log, const char *root, int flags)
{
    int fd = real_open()(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0600);

    if (fd < 0)
        return -errno;
    pthread_mutex_lock(&state.lock);
    snprintf(state.root, sizeof state.root, "%s", root);
    memset(state.files, 0, sizeof state.files);
    state.log = fd;
    follow_open_files();
    pthread_mutex_unlock(&state.lock);
    return 0;
}

int recorder_begin(const char *log, const char *root)
{
    return begin(log, root, O_TRUNC);
}

void recorder_end(void)
{
    pthread_mutex_lock(&state.lock);
    if (state.log >= 0)
        real_close()(state.log);
    state.log = -1;
    pthread_mutex_unlock(&state.lock);
}

void recorder_note(uint64_t what, const void *bytes, size_t size)
{
    pthread_mutex_lock(&state.lock);
    if (state.log >= 0)
        log_record(RECORDED_NOTE, 0, "", what, bytes, size);
    pthread_mutex_unlock(&state.lock);
}

void recorder_weaken(enum recorder_weakness weakness)
{
    state.weakness = weakness;
}

__attribute__((constructor)) static void begin_by_environment(void)
{
    const char *log = getenv("REFERRALD_RECORD"), *root = getenv("REFERRALD_RECORD_ROOT");

    if (log != NULL && root != NULL && begin(log, root, 0) != 0)
        abort();
}

/* ---- The calls ---- */

/* Where a name is, from a directory that is open. */
static const char *place(int folder, const char *path, char room[PATH_MAX])
{
    const char *name = path[0] == '/' || !is_followed(folder) ? NULL : state.files[folder].name;

    if (name == NULL)
        return path;
    if (snprintf(room, PATH_MAX, "%s/%s%s%s", state.root, name, name[0] == '\0' ? "" : "/", path) >= PATH_MAX)
        abort();
    return room;
}

static bool find_number(int folder, const char *path, uint64_t *ret_number)
{
    struct stat status;

    if (state.log < 0 || fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    *ret_number = status.st_ino;
    return true;
}

static int opened(int fd, int folder, const char *path, int flags, bool was_there)
{
    char room[PATH_MAX];

    pthread_mutex_lock(&state.lock);
    follow(fd, place(folder, path, room), flags);
    if (is_followed(fd) && (flags & O_CREAT) != 0 && !was_there)
        log_record(RECORDED_CREATE, state.files[fd].number, state.files[fd].name, 0, "", 0);
    else if (is_followed(fd) && (flags & O_TRUNC) != 0)
        log_record(RECORDED_SIZE, state.files[fd].number, state.files[fd].name, 0, "", 0);
    pthread_mutex_unlock(&state.lock);
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list more;
    mode_t mode;
    uint64_t number;
    bool was_there = find_number(AT_FDCWD, path, &number);

    va_start(more, flags);
    mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? (mode_t)va_arg(more, unsigned) : 0;
    va_end(more);
    return opened(real_open()(path, flags, mode), AT_FDCWD, path, flags, was_there);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list more;
    mode_t mode;
    uint64_t number;
    bool was_there = find_number(folder, path, &number);

    va_start(more, flags);
    mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? (mode_t)va_arg(more, unsigned) : 0;
    va_end(more);
    return opened(real_openat()(folder, path, flags, mode), folder, path, flags, was_there);
}

int close(int fd)
{
    pthread_mutex_lock(&state.lock);
    if (fd >= 0 && fd < FD_MAX)
        state.files[fd].is_followed = false;
    pthread_mutex_unlock(&state.lock);
    return real_close()(fd);
}

/* Where a write without a place of its own goes. */
static off_t place_of(int fd)
{
    return (fcntl(fd, F_GETFL) & O_APPEND) != 0 ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    ssize_t written;

    if (!is_followed(fd))
        return real_write()(fd, bytes, size);
    pthread_mutex_lock(&state.lock);

    off_t offset = place_of(fd);

    written = real_write()(fd, bytes, size);
    log_write(fd, offset, bytes, written);
    pthread_mutex_unlock(&state.lock);
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    ssize_t written;

    if (!is_followed(fd))
        return real_pwrite()(fd, bytes, size, offset);
    pthread_mutex_lock(&state.lock);
    written = real_pwrite()(fd, bytes, size, offset);
    log_write(fd, offset, bytes, written);
    pthread_mutex_unlock(&state.lock);
    return written;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    ssize_t written;

    if (!is_followed(fd))
        return real_writev()(fd, parts, count);
    pthread_mutex_lock(&state.lock);

    off_t offset = place_of(fd);

    written = real_writev()(fd, parts, count);
    log_vector(fd, offset, parts, count, written);
    pthread_mutex_unlock(&state.lock);
    return written;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    ssize_t written;

    if (!is_followed(fd))
        return real_pwritev()(fd, parts, count, offset);
    pthread_mutex_lock(&state.lock);
    written = real_pwritev()(fd, parts, count, offset);
    log_vector(fd, offset, parts, count, written);
    pthread_mutex_unlock(&state.lock);
    return written;
}

/* stdio's own writes pass nobody by. */
__attribute__((format(printf, 2, 0))) static int print(int fd, const char *format, va_list arguments)
{
    char *text = NULL;
    int size = vasprintf(&text, format, arguments);
    ssize_t written = size < 0 ? -1 : write(fd, text, (size_t)size);

    free(text);
    return (int)written;
}

int dprintf(int fd, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);

    int result = print(fd, format, arguments);

    va_end(arguments);
    return result;
}

int recorder_dprintf_chk(int fd, int flag, const char *format, ...) __asm__("__dprintf_chk")
    __attribute__((format(printf, 3, 4)));
int recorder_dprintf_chk(int fd, int flag, const char *format, ...)
{
    va_list arguments;

    (void)flag;
    va_start(arguments, format);

    int result = print(fd, format, arguments);

    va_end(arguments);
    return result;
}

int ftruncate(int fd, off_t size)
{
    int result = real_ftruncate()(fd, size);

    if (result == 0 && is_followed(fd)) {
        pthread_mutex_lock(&state.lock);
        log_record(RECORDED_SIZE, state.files[fd].number, state.files[fd].name, (uint64_t)size, "", 0);
        pthread_mutex_unlock(&state.lock);
    }
    return result;
}

static bool is_deaf_to(const char *name)
{
    const char *deaf = getenv(RECORDER_DEAF), *unready = getenv(RECORDER_UNREADY);

    return (deaf != NULL && fnmatch(deaf, name, 0) == 0) ||
           (unready != NULL && !state.is_ready && fnmatch(unready, name, 0) == 0);
}

static int synced(int fd, int result)
{
    if (result == 0 && is_followed(fd) && !is_deaf_to(state.files[fd].name)) {
        pthread_mutex_lock(&state.lock);
        log_record(state.files[fd].is_directory ? RECORDED_SYNC_DIRECTORY : RECORDED_SYNC, state.files[fd].number,
                   state.files[fd].name, 0, "", 0);
        pthread_mutex_unlock(&state.lock);
    }
    return result;
}

int fsync(int fd)
{
    return synced(fd, real_fsync()(fd));
}

int fdatasync(int fd)
{
    return synced(fd, real_fdatasync()(fd));
}

static void note_named(const char *name)
{
    const char *unready = getenv(RECORDER_UNREADY), *file = strrchr(name, '/');
    char folder[PATH_MAX];

    snprintf(folder, sizeof folder, "%.*s", (int)(file == NULL ? 0 : file - name), name);
    state.is_ready = state.is_ready || (unready != NULL && fnmatch(unready, folder, 0) == 0);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    char from_room[PATH_MAX], to_room[PATH_MAX];
    uint64_t number = 0;
    bool is_known = find_number(from_folder, from, &number);
    int result = real_renameat2()(from_folder, from, to_folder, to, flags);

    pthread_mutex_lock(&state.lock);

    const char *old = below_root(place(from_folder, from, from_room));
    const char *new = below_root(place(to_folder, to, to_room));

    if (result == 0 && is_known && old != NULL && new != NULL) {
        log_record(RECORDED_RENAME, number, old, 0, new, strlen(new));
        note_named(new);
    }
    pthread_mutex_unlock(&state.lock);
    return result;
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int folder, const char *path, int flags)
{
    char room[PATH_MAX];
    uint64_t number = 0;
    bool is_known = find_number(folder, path, &number);
    int result = real_unlinkat()(folder, path, flags);

    pthread_mutex_lock(&state.lock);

    const char *name = below_root(place(folder, path, room));

    if (result == 0 && is_known && name != NULL)
        log_record(RECORDED_UNLINK, number, name, 0, "", 0);
    pthread_mutex_unlock(&state.lock);
    return result;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    char room[PATH_MAX];
    uint64_t number = 0;
    int result = real_mkdirat()(folder, path, mode);

    pthread_mutex_lock(&state.lock);

    const char *name = below_root(place(folder, path, room));

    if (result == 0 && name != NULL && find_number(folder, path, &number))
        log_record(RECORDED_FOLDER, number, name, 0, "", 0);
    pthread_mutex_unlock(&state.lock);
    return result;
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode)
{
    static const unsigned weak[] = {[RECORDER_NOSYNC] = MDB_NOSYNC, [RECORDER_NOMETASYNC] = MDB_NOMETASYNC};

    return real_mdb_env_open()(env, path, flags | weak[state.weakness], mode);
}
