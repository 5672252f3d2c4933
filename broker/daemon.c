/* daemon.c - the parts of referrald, opened in order and closed in reverse. */
#include "daemon.h"
#include "daemon_inside.h"
#include "store/verify.h"
#include "sys/journal.h"
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <zmq.h>

#define ARENA_BYTES  (256UL << 20)
#define SELF_TEST_MS 10000
#define CHAIN_TURNS  1000

/* On sodium's guarded pages: locked where the machine grants it, never in a core file, wiped when given back. */
struct secrets {
    uint8_t host[STORE_HOST_KEY_SIZE];
    uint8_t server_public[32], server_secret[32];
};

void daemon_harden(void)
{
    static const struct rlimit no_core = {0, 0};
    struct rlimit files;
    umask(077);
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file limit is met as EFBIG */
    /* Large frames go back to the system when they are done; two threads need no more than two arenas. */
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
    mallopt(M_ARENA_MAX, 2);
}

/* ---- Secrets ---- */

static int read_secrets(const struct config *config, struct secrets *secrets, char *error, size_t error_size)
{
    uint8_t derived[32];
    int rc = config_read_secret(config->host_key_file, "key", secrets->host, error, error_size);
    if (rc == 0)
        rc = config_read_secret(config->server_key_file, "public", secrets->server_public, error, error_size);
    if (rc == 0)
        rc = config_read_secret(config->server_key_file, "secret", secrets->server_secret, error, error_size);
    if (rc < 0)
        return rc;
    if (crypto_scalarmult_base(derived, secrets->server_secret) < 0 ||
        sodium_memcmp(derived, secrets->server_public, sizeof derived) != 0) {
        snprintf(error, error_size, "%s: the public key is not that of the secret one", config->server_key_file);
        return -EINVAL;
    }
    return 0;
}

/* NULL: refused and logged. */
static struct secrets *secrets_open(const struct config *config)
{
    char error[CONFIG_ERROR_SIZE];
    struct secrets *secrets = sodium_init() < 0 ? NULL : sodium_malloc(sizeof *secrets);
    if (!secrets) {
        journal(JOURNAL_start_refused, "out of memory");
        return NULL;
    }
    if (read_secrets(config, secrets, error, sizeof error) < 0) {
        journal(JOURNAL_start_refused, "%s", error);
        sodium_free(secrets);
        return NULL;
    }
    return secrets;
}

int daemon_reread_keys(struct daemon *daemon, const struct config *config, uint8_t ret_server_key[32], char *error,
                       size_t error_size)
{
    uint32_t before = store_newest_key(daemon->store);
    struct secrets *secrets = sodium_malloc(sizeof *secrets);
    if (!secrets) {
        snprintf(error, error_size, "out of memory");
        return -ENOMEM;
    }
    int rc = read_secrets(config, secrets, error, error_size);
    if (rc == 0) {
        rc = store_keys_take(daemon->store, secrets->host);
        if (rc < 0)
            snprintf(error, error_size, "%s", store_error(daemon->store));
    }
    if (rc == 0) {
        memcpy(ret_server_key, secrets->server_public, sizeof secrets->server_public);
        daemon_reseal_taken(daemon, before);
    }
    sodium_free(secrets);
    return rc;
}

enum daemon_exit daemon_check(const struct config *config)
{
    struct secrets *secrets = secrets_open(config);
    sodium_free(secrets);
    return secrets ? DAEMON_STOPPED : DAEMON_BAD_SECRET;
}

/* ---- Start ---- */

static enum daemon_exit open_store(struct daemon *daemon, const struct secrets *secrets)
{
    static const struct {
        int failure;
        enum daemon_exit exit;
    } exits[] = {
        {-ENOENT, DAEMON_NO_STORE},    {-EBUSY, DAEMON_STORE_IN_USE},    {-EPROTO, DAEMON_STORE_NEWER},
        {-ESTALE, DAEMON_STORE_OLDER}, {-EBADMSG, DAEMON_STORE_DAMAGED}, {-EACCES, DAEMON_BAD_SECRET},
        {-EPERM, DAEMON_BAD_SECRET},
    };
    char error[STORE_ERROR_SIZE] = "";
    const struct store_options options = {
        .directory = daemon->config->store_directory,
        .map_bytes = daemon->config->store_map_bytes,
        .host_key = secrets->host,
        .error = error,
    };
    int failure = store_open(&options, &daemon->store);
    if (failure == 0)
        return DAEMON_STOPPED;
    journal(JOURNAL_start_refused, "%s", error[0] ? error : strerror(-failure));
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
        if (exits[i].failure == failure)
            return exits[i].exit;
    return DAEMON_FAILED;
}

/* Nobody is served from a store whose end is not what the last turn left (P3); what is older is the verify timer's
 * work. */
static enum daemon_exit check_store(struct daemon *daemon)
{
    uint64_t records = 0;
    int64_t from_us = clock_boot_us();
    int failure = store_verify_end(daemon->store, &daemon->arena, CHAIN_TURNS, &records);
    if (failure < 0) {
        journal(JOURNAL_start_refused, "%s", store_error(daemon->store));
        return failure == -EBADMSG ? DAEMON_STORE_DAMAGED : DAEMON_FAILED;
    }
    journal(JOURNAL_chain_checked, "records=%llu ms=%lld", (unsigned long long)records,
            (long long)(clock_boot_us() - from_us) / 1000);
    return DAEMON_STOPPED;
}

static enum daemon_exit failed(const char *what, int failure)
{
    journal(JOURNAL_start_refused, "%s: %s", what, strerror(-failure));
    return DAEMON_FAILED;
}

static enum daemon_exit open_turn(struct daemon *daemon)
{
    const struct turn_options options = {
        .store = daemon->store,
        .port = {.user = daemon, .send = daemon_send, .drop = daemon_drop},
        .watcher = {.user = daemon, .tell = daemon_on_news},
        .broker_version = REFERRALD_VERSION,
        .window = daemon->config->window,
        .ping_interval_ms = daemon->config->ping_interval_ms,
    };
    int failure = turn_open(&options, &daemon->turn);
    if (failure == 0) {
        /* C4: a doubt goes to disk with the first turn, which may be that of a culprit: after a crash behind it nothing
         * would show the doubt. */
        daemon_time_watch(daemon);
        failure = daemon_suspect_open(daemon);
    }
    if (failure == -EBADMSG) {
        journal(JOURNAL_start_refused, "%s", store_error(daemon->store));
        return DAEMON_STORE_DAMAGED;
    }
    return failure < 0 ? failed("the turn cannot be opened", failure) : DAEMON_STOPPED;
}

static bool admits(void *user, const uint8_t public_key[32], struct bytes address)
{
    struct daemon *daemon = user;
    bool is_admitted = turn_admits(daemon->turn, public_key, daemon_now(daemon).now);
    if (!is_admitted)
        daemon_note_refused_key(daemon, public_key, address);
    return is_admitted;
}

static enum daemon_exit open_port(struct daemon *daemon, const struct secrets *secrets)
{
    const char *at = daemon->config->endpoints[0];
    const struct zmq_port_options options = {
        .base = daemon->base,
        .zmq_context = daemon->zmq_context,
        .endpoints = (const char *const *)daemon->config->endpoints,
        .secret_key = secrets->server_secret,
        .handler = {.user = daemon, .frame = daemon_on_frame, .lost = daemon_on_lost, .burst_end = daemon_on_burst_end},
        .ret_at = &at,
    };
    int failure = zap_open(daemon->base, daemon->zmq_context, admits, daemon, &daemon->zap);
    if (failure < 0)
        return failed("the handler that says who may connect cannot be opened", failure);
    failure = zmq_port_open(&options, &daemon->port);
    if (failure < 0) {
        journal(JOURNAL_start_refused, "endpoint %s of %s cannot be bound: %s", at, daemon->config_path,
                strerror(-failure));
        return DAEMON_NO_ENDPOINT;
    }
    return DAEMON_STOPPED;
}

static enum daemon_exit open_http(struct daemon *daemon)
{
    int failure = daemon_ops_listen(daemon);
    if (failure < 0) {
        journal(JOURNAL_start_refused, "http_listen of %s cannot be bound: %s", daemon->config_path,
                strerror(-failure));
        return DAEMON_NO_ENDPOINT;
    }
    return DAEMON_STOPPED;
}

static enum daemon_exit self_test(struct daemon *daemon, const struct secrets *secrets)
{
    int failure = zap_self_test(daemon->base, daemon->zmq_context, zmq_port_endpoint(daemon->port),
                                secrets->server_public, SELF_TEST_MS);
    if (failure == 0 || daemon->stopping || daemon->failed) /* a signal, or the store, may end the loop of the test */
        return DAEMON_STOPPED;
    journal(JOURNAL_start_refused, "self-test: %s",
            failure == -EPERM       ? "a stranger's key was admitted"
            : failure == -ETIMEDOUT ? "a stranger's key was not refused in time"
                                    : strerror(-failure));
    return DAEMON_SELF_TEST;
}

static enum daemon_exit open_loop(struct daemon *daemon)
{
    daemon->base = event_base_new();
    daemon->zmq_context = zmq_ctx_new();
    int failure = daemon->base && daemon->zmq_context ? daemon_loop_open(daemon) : -ENOMEM;
    if (failure == 0)
        failure = daemon_ops_open(daemon);
    return failure < 0 ? failed("the event loop cannot be opened", failure) : DAEMON_STOPPED;
}

static enum daemon_exit open_parts(struct daemon *daemon, const struct secrets *secrets)
{
    enum daemon_exit exit = open_store(daemon, secrets);
    if (exit == DAEMON_STOPPED)
        exit = check_store(daemon);
    if (exit == DAEMON_STOPPED)
        exit = daemon_time_open(daemon);
    if (exit == DAEMON_STOPPED)
        exit = open_turn(daemon);
    if (exit == DAEMON_STOPPED && daemon_archive_open(daemon) < 0)
        exit = failed("the archiver cannot be opened", -ENOMEM);
    if (exit == DAEMON_STOPPED)
        exit = open_loop(daemon);
    if (exit == DAEMON_STOPPED)
        exit = open_port(daemon, secrets);
    if (exit == DAEMON_STOPPED)
        exit = open_http(daemon);
    return exit == DAEMON_STOPPED ? self_test(daemon, secrets) : exit;
}

enum daemon_exit daemon_open(const struct config *config, const char *config_path, struct daemon **ret_daemon)
{
    struct secrets *secrets = secrets_open(config);
    if (!secrets)
        return DAEMON_BAD_SECRET;
    struct daemon *daemon = calloc(1, sizeof *daemon);
    enum daemon_exit exit = DAEMON_FAILED;
    if (daemon && arena_open(&daemon->arena, ARENA_BYTES) == 0) {
        daemon->config = config;
        daemon->config_path = config_path;
        memcpy(daemon->server_key, secrets->server_public, sizeof daemon->server_key);
        exit = open_parts(daemon, secrets);
    } else {
        journal(JOURNAL_start_refused, "out of memory");
    }
    sodium_free(secrets);
    if (exit == DAEMON_STOPPED)
        *ret_daemon = daemon;
    else
        daemon_close(daemon);
    return exit;
}

void daemon_close(struct daemon *daemon)
{
    if (!daemon)
        return;
    zmq_port_close(daemon->port);
    zap_close(daemon->zap);
    while (daemon->zmq_context && zmq_ctx_term(daemon->zmq_context) < 0 && errno == EINTR) {
        /* another signal; what was sent last may not have left yet */
    }
    daemon_ops_close(daemon);
    daemon_alarms_close(daemon);
    daemon_loop_close(daemon);
    if (daemon->base)
        event_base_free(daemon->base);
    daemon_archive_close(daemon);
    turn_close(daemon->turn);
    store_close(daemon->store);
    arena_close(&daemon->arena);
    free(daemon);
}
