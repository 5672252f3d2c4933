/* start_walk.c - the broker starts again and again; each time another call fails: the first, the second, until one
 * starts in which none did.
 *
 * Linked with the daemon as it is, whose calls of the system, libevent, libzmq, LMDB and libsodium go through here
 * (CMakeLists.txt). A start that fails says why in one line, with an exit code that daemon.h knows, and leaves no
 * descriptor behind; one that can do without the call serves until it is told to stop. Each start is a process of its
 * own. */
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <ftw.h>
#include <lmdb.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "daemon.h"
#include "store/store.h"
#include "sys/journal.h"

#define HANGS_S     60
#define DESCRIPTORS 256
#define CALLS_FEWER 50 /* a walk that met fewer has not reached the daemon's calls */

static struct {
    char directory[64], store[96], host_key_file[96], server_key_file[96], log[96];
    uint64_t nth, calls; /* which fails, from 1; so many there were */
    const char *failed;  /* the call that did */
    bool is_armed, is_stopped_early;
    int interruptions;
} walk;

static bool fails(const char *call)
{
    if (!walk.is_armed || ++walk.calls != walk.nth)
        return false;
    walk.failed = call;
    errno = ENOMEM;
    return true;
}

/* What is returned where the call fails, else what the call returns. */
#define CALL(type, name, failure, parameters, ...)                                                                     \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters                                                                                      \
    {                                                                                                                  \
        return fails(#name) ? (failure) : __real_##name(__VA_ARGS__);                                                  \
    }

CALL(void *, calloc, NULL, (size_t count, size_t size), count, size)
CALL(void *, mmap, MAP_FAILED, (void *at, size_t size, int protection, int flags, int fd, off_t offset), at, size,
     protection, flags, fd, offset)
CALL(int, getrlimit, -1, (__rlimit_resource_t what, struct rlimit *limit), what, limit)
CALL(int, socket, -1, (int domain, int type, int protocol), domain, type, protocol)
CALL(int, bind, -1, (int fd, const struct sockaddr *address, socklen_t size), fd, address, size)
CALL(int, listen, -1, (int fd, int backlog), fd, backlog)
CALL(int, sodium_init, -1, (void))
CALL(void *, sodium_malloc, NULL, (size_t size), size)
CALL(int, mdb_env_create, ENOMEM, (MDB_env * *env), env)
CALL(int, mdb_txn_begin, ENOMEM, (MDB_env * env, MDB_txn *parent, unsigned flags, MDB_txn **txn), env, parent, flags,
     txn)
CALL(struct event_base *, event_base_new, NULL, (void))
CALL(struct event *, event_new, NULL,
     (struct event_base * base, evutil_socket_t fd, short what, event_callback_fn call, void *user), base, fd, what,
     call, user)
CALL(int, event_add, -1, (struct event * event, const struct timeval *limit), event, limit)
CALL(struct evconnlistener *, evconnlistener_new, NULL,
     (struct event_base * base, evconnlistener_cb call, void *user, unsigned flags, int backlog, evutil_socket_t fd),
     base, call, user, flags, backlog, fd)
CALL(void *, zmq_ctx_new, NULL, (void))
CALL(void *, zmq_socket, NULL, (void *context, int type), context, type)
CALL(int, zmq_setsockopt, -1, (void *socket, int option, const void *value, size_t size), socket, option, value, size)
CALL(int, zmq_bind, -1, (void *socket, const char *endpoint), socket, endpoint)
CALL(int, zmq_socket_monitor, -1, (void *socket, const char *endpoint, int events), socket, endpoint, events)
CALL(int, zmq_curve_keypair, -1, (char *public_key, char *secret_key), public_key, secret_key)

int __real_zmq_getsockopt(void *socket, int option, void *value, size_t *size);
int __wrap_zmq_getsockopt(void *socket, int option, void *value, size_t *size);

/* Not what is asked for again and again. */
int __wrap_zmq_getsockopt(void *socket, int option, void *value, size_t *size)
{
    return option != ZMQ_EVENTS && fails("zmq_getsockopt") ? -1 : __real_zmq_getsockopt(socket, option, value, size);
}

int __real_zmq_connect(void *socket, const char *endpoint);
int __wrap_zmq_connect(void *socket, const char *endpoint);
int __real_zmq_ctx_term(void *context);
int __wrap_zmq_ctx_term(void *context);

/* Whoever stops it in the midst of its start does so while it tests itself. */
int __wrap_zmq_connect(void *socket, const char *endpoint)
{
    if (walk.is_stopped_early)
        raise(SIGTERM);
    return fails("zmq_connect") ? -1 : __real_zmq_connect(socket, endpoint);
}

/* The first signal interrupts it. */
int __wrap_zmq_ctx_term(void *context)
{
    if (walk.interruptions++ == 0) {
        errno = EINTR;
        return -1;
    }
    return __real_zmq_ctx_term(context);
}

/* ---- The stage ---- */

static void need(bool holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(2);
    }
}

static void write_key(const char *path, const char *first, const uint8_t one[32], const char *second,
                      const uint8_t other[32])
{
    char hex[2 * 32 + 1];
    FILE *file;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

    need(fd >= 0, path);
    file = fdopen(fd, "w");
    need(file != NULL, path);
    hex_encode(hex, bytes_of(one, 32));
    fprintf(file, "%s = %s\n", first, hex);
    if (second != NULL) {
        hex_encode(hex, bytes_of(other, 32));
        fprintf(file, "%s = %s\n", second, hex);
    }
    need(fclose(file) == 0, path);
}

static void make_stage(void)
{
    uint8_t host_key[32] = {1}, server_public[32], server_secret[32];
    const struct store_options options = {.directory = walk.store, .map_bytes = 64 << 20, .host_key = host_key};

    strcpy(walk.directory, SCRATCH "/start-XXXXXX");
    need(mkdtemp(walk.directory) != NULL, "a folder");
    snprintf(walk.store, sizeof walk.store, "%s/store", walk.directory);
    snprintf(walk.host_key_file, sizeof walk.host_key_file, "%s/host.key", walk.directory);
    snprintf(walk.server_key_file, sizeof walk.server_key_file, "%s/server.key", walk.directory);
    snprintf(walk.log, sizeof walk.log, "%s/log", walk.directory);
    crypto_box_keypair(server_public, server_secret);
    write_key(walk.host_key_file, "key", host_key, NULL, NULL);
    write_key(walk.server_key_file, "public", server_public, "secret", server_secret);
    need(store_create(&options, "bd", instant_of(1), false) == 0, walk.store);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

/* ---- One start ---- */

static int descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < DESCRIPTORS; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static bool log_says(const char *text)
{
    char said[8192];
    FILE *file = fopen(walk.log, "r");
    size_t size = fread(said, 1, sizeof said - 1, file);

    fclose(file);
    said[size] = '\0';
    return strstr(said, text) != NULL;
}

/* What is wrong with it; NULL: nothing. */
static const char *judge(enum daemon_exit exit, const struct daemon *daemon)
{
    if (exit == DAEMON_STOPPED)
        return daemon != NULL ? NULL : "starts without a daemon";
    if (exit != DAEMON_FAILED && exit != DAEMON_BAD_SECRET && exit != DAEMON_NO_ENDPOINT && exit != DAEMON_SELF_TEST)
        return "fails with the exit of something else";
    if (daemon != NULL)
        return "fails, and gives a daemon";
    return log_says("event=start_refused ") ? NULL : "fails, and says nothing";
}

static const char *start(void)
{
    char endpoint[] = "tcp://127.0.0.1:*", http[] = "127.0.0.1:0", level[] = "info";
    char *endpoints[] = {endpoint, NULL};
    const struct config config = {.store_directory = walk.store,
                                  .store_map_bytes = 64 << 20,
                                  .host_key_file = walk.host_key_file,
                                  .server_key_file = walk.server_key_file,
                                  .endpoints = endpoints,
                                  .http_listen = http,
                                  .window = 256,
                                  .ping_interval_ms = 10000,
                                  .log_level = level};
    struct daemon *daemon = NULL;
    int before = descriptors();

    walk.is_armed = true;

    enum daemon_exit exit = daemon_open(&config, "referrald.conf", &daemon);

    walk.is_armed = false;

    const char *wrong = judge(exit, daemon);

    if (exit == DAEMON_STOPPED && wrong == NULL && walk.failed == NULL) {
        raise(SIGTERM);
        if (daemon_run(daemon) != DAEMON_STOPPED || !log_says("event=stopped "))
            wrong = "does not stop as asked";
        else if (log_says("event=ready ") == walk.is_stopped_early)
            wrong = "is ready, or is not, against what was asked";
    }
    daemon_close(daemon);
    return wrong != NULL ? wrong : descriptors() != before ? "leaves a descriptor" : NULL;
}

struct verdict { /* what a process hands to the next */
    char failed[24], wrong[64];
    uint64_t calls;
};

static void start_apart(uint64_t nth, struct verdict *shared)
{
    int status = 0;
    pid_t child;

    memset(shared, 0, sizeof *shared);
    strcpy(shared->wrong, "dies");
    fflush(stdout);
    child = fork();
    if (child == 0) {
        const char *wrong;

        walk.nth = nth;
        alarm(HANGS_S);
        need(freopen(walk.log, "w", stderr) != NULL, walk.log);
        journal_open(LOG_LEVEL_INFO);
        wrong = start();
        snprintf(shared->wrong, sizeof shared->wrong, "%s", wrong != NULL ? wrong : "");
        snprintf(shared->failed, sizeof shared->failed, "%s", walk.failed != NULL ? walk.failed : "");
        shared->calls = walk.calls;
        _exit(0);
    }
    need(child > 0 && waitpid(child, &status, 0) == child, "a process");
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE && log_says("event=out-of-memory "))
        *shared = (struct verdict){.failed = "calloc"}; /* as base/alloc.h says */
}

int main(void)
{
    struct verdict *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t nth = 0;
    int wrong = 0;

    need(shared != MAP_FAILED, "memory");
    daemon_harden();
    make_stage();
    do {
        start_apart(++nth, shared);
        if (shared->wrong[0] != '\0') {
            printf("call %lu, %s: the broker %s\n", (unsigned long)nth, shared->failed, shared->wrong);
            wrong++;
        }
    } while (shared->failed[0] != '\0' || (shared->wrong[0] != '\0' && nth < 1000));
    printf("%lu calls\n", (unsigned long)shared->calls);
    walk.is_stopped_early = true;
    start_apart(0, shared);
    if (shared->wrong[0] != '\0')
        printf("stopped in the midst of its start, it %s\n", shared->wrong);
    wrong += shared->wrong[0] != '\0';
    nftw(walk.directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return wrong != 0 || shared->calls < CALLS_FEWER;
}
