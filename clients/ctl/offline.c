/* offline.c - finds a store by options or by the broker's configuration. */
#include "offline.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "progress.h"
#include "sys/config.h"

#define BROKER_CONFIG "/etc/referrald/referrald.conf"

static int read_host_key(const struct ctl *ctl, const char *path, struct offline *offline)
{
    char error[CONFIG_ERROR_SIZE];

    if (config_read_secret(path, "key", offline->host_key, error, sizeof error) == 0)
        return EXIT_OK;
    ctl_complain(ctl, "%s", error);
    return EXIT_BAD_FILE;
}

int offline_find(const struct ctl *ctl, const char *directory, struct offline *ret_offline)
{
    const char *host_key = ctl_option(ctl, "host-key"), *path = ctl_option(ctl, "broker-config");
    struct config config = {.store_directory = NULL};
    char error[CONFIG_ERROR_SIZE];
    int result = EXIT_OK;

    memset(ret_offline, 0, sizeof *ret_offline);
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
    sodium_memzero(offline->host_key, sizeof offline->host_key);
}

int offline_open(const struct ctl *ctl, struct store **ret_store)
{
    struct offline offline;
    int result = offline_find(ctl, NULL, &offline);

    if (result != EXIT_OK)
        return result;

    struct store_options options = offline_options(&offline, true);
    int failure = store_open(&options, ret_store);

    offline_fini(&offline);
    if (failure == 0)
        return EXIT_OK;
    ctl_complain(ctl, "%s", offline.error);
    return failure == -EBADMSG || failure == -EIO ? EXIT_CHECK_FAILED : EXIT_BAD_FILE;
}

/* Waits for the child; `what` goes on meanwhile (NULL: the child shows its own progress). */
static int wait_for(const struct ctl *ctl, pid_t pid, const char *what)
{
    struct progress progress;
    int status = 0, ended = what == NULL ? -1 : pidfd_open(pid, 0);
    struct pollfd end = {.fd = ended, .events = POLLIN};

    progress_begin(&progress, ctl, what);
    while (ended >= 0 && poll(&end, 1, 500) == 0)
        progress_step(&progress, 0, 0);
    progress_end(&progress);
    if (ended >= 0)
        close(ended);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

int offline_run(struct ctl *ctl, int (*run)(struct ctl *ctl), const char *what)
{
    fflush(ctl->out);
    fflush(ctl->err);

    pid_t pid = fork();

    if (pid == 0) {
        int result = run(ctl);

        _exit(fflush(ctl->out) == 0 ? result : EXIT_BAD_FILE);
    }
    if (pid < 0) {
        ctl_complain(ctl, "%s", strerror(errno));
        return EXIT_CHECK_FAILED;
    }

    int status = wait_for(ctl, pid, what);

    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    ctl_complain(
        ctl,
        ctl_say(ctl, "数据库已损坏: 读取时进程因信号 %d 终止", "the store is damaged: reading it ended in signal %d"),
        WTERMSIG(status));
    return EXIT_CHECK_FAILED;
}
