/* main.c - referrald: arguments, configuration, and the process around the daemon. */
#include "arguments.h"
#include "daemon.h"
#include "sys/journal.h"
#include "sys/standard.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static void print_help(void)
{
    puts("Usage: referrald [--config FILE] [--check | --dump]\n"
         "The broker of two-way referrals. `referralctl init` makes its store and keys.\n");
#define X(name, value, action, help) printf("  --%-8s%-5s %s\n", name, (value) != NULL ? (value) : "", help);
    ARGUMENTS(X)
#undef X
    puts("\nKeys of the configuration:");
    config_help(stdout);
    puts("\nExit codes:");
#define X(name, code, help) printf("  %-3d %s\n", code, help);
    DAEMON_EXITS(X)
#undef X
    puts("\nSignals: SIGTERM and SIGINT drain and stop, SIGHUP reads configuration and keys again: takes log_level and "
         "added data keys, "
         "says what needs a restart.");
}

/* False: wrong arguments; it was said. */
static bool parse_arguments(int argc, char **argv, enum action *ret_action, const char **ret_path)
{
    static const struct option arguments[] = {
#define X(name, value, action, help) {name, (value) != NULL ? required_argument : no_argument, NULL, action},
        ARGUMENTS(X)
#undef X
            {0},
    };
    int found;
    *ret_action = SERVE;
    *ret_path = DEFAULT_CONFIG;
    while ((found = getopt_long(argc, argv, "", arguments, NULL)) != -1) {
        if (found == '?')
            return false;
        if (found == SERVE)
            *ret_path = optarg;
        else
            *ret_action = (enum action)found;
    }
    if (optind < argc)
        fprintf(stderr, "referrald: takes no other arguments; see --help\n");
    return optind == argc;
}

static enum daemon_exit serve(const struct config *config, const char *path)
{
    struct daemon *daemon = NULL;
    enum daemon_exit exit = daemon_open(config, path, &daemon);
    if (exit == DAEMON_STOPPED)
        exit = daemon_run(daemon);
    daemon_close(daemon);
    return exit;
}

static enum daemon_exit with_config(enum action action, const char *path)
{
    struct config config;
    char error[CONFIG_ERROR_SIZE];
    enum log_level level = LOG_LEVEL_INFO;
    enum daemon_exit exit = DAEMON_STOPPED;
    journal_open(level);
    if (config_load(path, &config, error, sizeof error) < 0) {
        journal(JOURNAL_start_refused, "%s", error);
        config_fini(&config);
        return DAEMON_BAD_CONFIG;
    }
    journal_level_parse(config.log_level, &level);
    journal_set_level(level);
    if (action == DUMP)
        config_dump(&config, stdout);
    else if (action == CHECK)
        exit = daemon_check(&config);
    else
        exit = serve(&config, path);
    config_fini(&config);
    return exit;
}

int main(int argc, char **argv)
{
    enum action action;
    const char *path;
    if (standard_hold() < 0)
        return DAEMON_FAILED;
    daemon_harden();
    if (!parse_arguments(argc, argv, &action, &path))
        return DAEMON_USAGE;
    if (action == HELP) {
        print_help();
        return DAEMON_STOPPED;
    }
    if (action == VERSION) {
        puts("referrald " REFERRALD_VERSION);
        return DAEMON_STOPPED;
    }
    return (int)with_config(action, path);
}
