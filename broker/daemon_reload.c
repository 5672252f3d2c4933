/* daemon_reload.c - SIGHUP: what may change while the broker serves is taken, and what may not is said.
 *
 * The log level is taken, and data keys that were added to the store's. A key pair of the server that changed is not:
 * every client pins it, and libzmq gives a bound socket no other. But its file is read, so that a key that would keep
 * the next start from succeeding is heard of now. */
#include "daemon_inside.h"
#include "sys/journal.h"
#include "sys/notify.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NAMES_SIZE 512

static void add_name(char names[NAMES_SIZE], const char *name)
{
    size_t length = strlen(names);
    snprintf(names + length, NAMES_SIZE - length, "%s%s", length ? "," : "", name);
}

/* Keys of the configuration, and key files, that a restart would change. */
static void list_changes(const struct daemon *daemon, const struct config *config, const uint8_t server_key[32],
                         char names[NAMES_SIZE])
{
    struct config_key key;
    names[0] = '\0';
    for (size_t i = 0; config_key(i, &key); i++)
        if (strcmp(key.name, "log_level") != 0 && !config_key_equals(i, daemon->config, config))
            add_name(names, key.name);
    if (memcmp(server_key, daemon->server_key, sizeof daemon->server_key) != 0)
        add_name(names, "server.key");
}

static void take(const struct daemon *daemon, const struct config *config, const uint8_t server_key[32])
{
    char names[NAMES_SIZE];
    enum log_level level;
    list_changes(daemon, config, server_key, names);
    if (journal_level_parse(config->log_level, &level))
        journal_set_level(level);
    journal(JOURNAL_reloaded, "log_level=%s%s%s", config->log_level, names[0] ? " restart=" : "", names);
}

/* A pipe that was read at the start has nobody at its other end now: who opens it waits for ever, and everybody with
 * him. */
static int load_again(const char *path, struct config *ret_config, char *error, size_t error_size)
{
    struct stat status;
    if (stat(path, &status) < 0 || S_ISREG(status.st_mode))
        return config_load(path, ret_config, error, error_size);
    memset(ret_config, 0, sizeof *ret_config);
    snprintf(error, error_size, "%s: is not a regular file, and not read again", path);
    return -EINVAL;
}

void daemon_reload(struct daemon *daemon)
{
    struct config config;
    uint8_t server_key[32];
    char error[CONFIG_ERROR_SIZE];
    notify_reloading();
    int rc = load_again(daemon->config_path, &config, error, sizeof error);
    if (rc == 0)
        rc = daemon_reread_keys(daemon, &config, server_key, error, sizeof error);
    if (rc < 0)
        journal(JOURNAL_reload_refused, "%s", error);
    else
        take(daemon, &config, server_key);
    config_fini(&config);
    daemon_alarms_look(daemon);
    notify_ready(rc < 0 ? "ready; the last reload was refused, see the log" : "ready; reloaded");
}
