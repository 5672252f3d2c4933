/* offline.c - finds a store by options or by the broker's configuration. */
#include "offline.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "progress.h"
#include "sys/config.h"

#define BROKER_CONFIG "/etc/referrald/referrald.conf"
#define WATCH_MS      100

static int read_host_key(const struct ctl *ctl, const char *path, struct offline *offline)
{
    char error[CONFIG_ERROR_SIZE];

    if (config_read_secret(path, "key", offline->host_key, error, sizeof error) == 0)
        return EXIT_OK;
    ctl_complain(ctl, "%s", error);
    return EXIT_BAD_FILE;
}

static void find_archives(const struct ctl *ctl, const struct config *config, struct offline *offline)
{
    const char *given = ctl_option(ctl, "archives");

    if (given == NULL)
        given = config->archive_directory;
    snprintf(offline->archives, sizeof offline->archives, "%s%s", given != NULL ? given : offline->directory,
             given != NULL ? "" : ".archive");
}

/* From here on keys are in memory: no core file has it, and nobody looks into it. */
static void harden(struct offline *offline)
{
    static const struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    memset(offline, 0, sizeof *offline);
    sodium_mlock(offline->host_key, sizeof offline->host_key); /* best effort: what may not be locked is still wiped */
}

int offline_find(const struct ctl *ctl, const char *directory, struct offline *ret_offline)
{
    const char *host_key = ctl_option(ctl, "host-key"), *path = ctl_option(ctl, "broker-config");
    struct config config = {.store_directory = NULL};
    char error[CONFIG_ERROR_SIZE];
    int result = EXIT_OK;

    harden(ret_offline);
    if (directory == NULL)
        directory = ctl_option(ctl, "store");
    if (path != NULL || directory == NULL || host_key == NULL) {
        if (config_load(path == NULL ? BROKER_CONFIG : path, &config, error, sizeof error) != 0) {
            ctl_complain(ctl, "%s", error);
            ctl_complain(ctl, "%s",
                         ctl_say(ctl, "请给出 --store 与 --host-key, 或 --broker-config",
                                 "give --store and --host-key, or --broker-config"));
            return EXIT_BAD_FILE;
        }
        ret_offline->map_bytes = config.store_map_bytes;
    }
    snprintf(ret_offline->directory, sizeof ret_offline->directory, "%s",
             directory == NULL ? config.store_directory : directory);
    find_archives(ctl, &config, ret_offline);
    result = read_host_key(ctl, host_key == NULL ? config.host_key_file : host_key, ret_offline);
    config_fini(&config);
    return result;
}

struct store_options offline_options(struct offline *offline, bool read_only)
{
    return (struct store_options){.directory = offline->directory,
                                  .map_bytes = offline->map_bytes,
                                  .host_key = offline->host_key,
                                  .read_only = read_only,
                                  .error = offline->error};
}

void offline_fini(struct offline *offline)
{
    sodium_munlock(offline->host_key, sizeof offline->host_key); /* wipes it, too */
}

int offline_fail(const struct ctl *ctl, int failure, const char *error)
{
    ctl_complain(ctl, "%s", error);
    return failure == -EEXIST                       ? EXIT_REFUSED
           : failure == -EBADMSG || failure == -EIO ? EXIT_CHECK_FAILED
                                                    : EXIT_BAD_FILE;
}

int offline_open(const struct ctl *ctl, bool read_only, struct store **ret_store)
{
    struct offline offline;
    int result = offline_find(ctl, NULL, &offline);

    if (result != EXIT_OK)
        return result;

    struct store_options options = offline_options(&offline, read_only);
    int failure = store_open(&options, ret_store);

    offline_fini(&offline);
    return failure == 0 ? EXIT_OK : offline_fail(ctl, failure, offline.error);
}

int offline_backup_key(const struct ctl *ctl, const struct offline *offline, uint8_t ret_key[STORE_HOST_KEY_SIZE])
{
    const char *path = ctl_option(ctl, "backup-key");
    char error[CONFIG_ERROR_SIZE];

    memcpy(ret_key, offline->host_key, STORE_HOST_KEY_SIZE);
    if (path == NULL || config_read_secret(path, "key", ret_key, error, sizeof error) == 0)
        return EXIT_OK;
    ctl_complain(ctl, "%s", error);
    return EXIT_BAD_FILE;
}

/* Waits for the child, and ends it where it may not go on. False: it is not known how it ended. */
static bool wait_for(const struct ctl *ctl, pid_t pid, const struct offline_job *job, int *ret_status,
                     bool *ret_given_up)
{
    struct progress progress;
    struct pollfd end = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    pid_t ended;

    progress_begin(&progress, ctl, job->what);
    while ((ended = waitpid(pid, ret_status, WNOHANG)) == 0) {
        if (!*ret_given_up && job->may_go_on != NULL && !job->may_go_on(job->user)) {
            *ret_given_up = true;
            kill(pid, SIGKILL);
        }
        poll(&end, 1, WATCH_MS);
        if (job->what != NULL)
            progress_step(&progress, 0, 0);
    }
    progress_end(&progress);
    if (end.fd >= 0)
        close(end.fd);
    return ended == pid;
}

static _Noreturn void run_child(const struct ctl *ctl, const struct offline_job *job, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        _exit(EXIT_BAD_FILE);

    _exit(ctl_end(ctl, job->run(job->user)));
}

/* What reading damaged pages ends in; any other came from outside. */
static bool is_of_damage(int number)
{
    return number == SIGBUS || number == SIGSEGV || number == SIGABRT || number == SIGFPE || number == SIGILL;
}

int offline_job_run(const struct ctl *ctl, const struct offline_job *job)
{
    bool given_up = false;
    int status = 0;

    fflush(ctl->out);
    fflush(ctl->err);

    pid_t parent = getpid(), pid = fork();

    if (pid == 0)
        run_child(ctl, job, parent);
    if (pid < 0 || !wait_for(ctl, pid, job, &status, &given_up)) {
        ctl_complain(ctl, "%s", strerror(errno));
        return -EINTR;
    }
    if (given_up)
        return -ECANCELED;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    if (!is_of_damage(WTERMSIG(status))) {
        ctl_complain(ctl, ctl_say(ctl, "被信号 %d 中断, 没有结果", "interrupted by signal %d: nothing was found out"),
                     WTERMSIG(status));
        return -EINTR;
    }
    ctl_complain(
        ctl,
        ctl_say(ctl, "数据库已损坏: 读取时进程因信号 %d 终止", "the store is damaged: reading it ended in signal %d"),
        WTERMSIG(status));
    return -EIO;
}

struct verb_job {
    struct ctl *ctl;
    int (*run)(struct ctl *ctl);
};

static int run_verb(void *user)
{
    const struct verb_job *job = user;

    return job->run(job->ctl);
}

int offline_run(struct ctl *ctl, int (*run)(struct ctl *ctl), const char *what)
{
    struct verb_job verb = {.ctl = ctl, .run = run};
    int result = offline_job_run(ctl, &(struct offline_job){.run = run_verb, .user = &verb, .what = what});

    return result == -EIO ? EXIT_CHECK_FAILED : result < 0 ? EXIT_BAD_FILE : result;
}
