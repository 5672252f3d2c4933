/* operator.c - a process of its own, as no other has the store open: locks of files are a process's. */
#include "crash/operator.h"

#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEX_SIZE (2 * STORE_HOST_KEY_SIZE + 1)

/* Beside the store: a host's key is not on its disk. */
static const char *key_file(struct world *w)
{
    const char *path = arena_format(&w->arena, "%s.key", w->directory);
    FILE *file = fopen(path, "we");
    char hex[HEX_SIZE];

    cr_assert_not_null(file);
    fchmod(fileno(file), 0600);
    hex_encode(hex, bytes_of(w->host_key, sizeof w->host_key));
    fprintf(file, "key = %s\n", hex);
    fclose(file);
    return path;
}

bool operator_read_key(const char *path, uint8_t ret_key[STORE_HOST_KEY_SIZE])
{
    FILE *file = fopen(path, "re");
    char hex[HEX_SIZE] = "";
    bool is_read;

    if (file == NULL)
        return false;
    is_read = fscanf(file, "key = %64s", hex) == 1 && hex_decode(ret_key, STORE_HOST_KEY_SIZE, hex);
    fclose(file);
    return is_read;
}

static int run(const char *const arguments[])
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = -1;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&pid, REFERRALCTL, &actions, NULL, (char *const *)arguments, environ) == 0)
        waitpid(pid, &status, 0);
    posix_spawn_file_actions_destroy(&actions);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int operator_runs(struct world *w, const char *const arguments[])
{
    const char *all[OPERATOR_ARGUMENTS_MOST + 6] = {REFERRALCTL}, *key = key_file(w);
    size_t count = 1;
    int result;

    for (; *arguments != NULL; arguments++) {
        cr_assert_leq(count, OPERATOR_ARGUMENTS_MOST);
        all[count++] = *arguments;
    }
    all[count++] = "--store";
    all[count++] = w->directory;
    all[count++] = "--host-key";
    all[count++] = key;
    result = run(all);
    unlink(key);
    return result;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

void operator_removes(const char *directory)
{
    nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
