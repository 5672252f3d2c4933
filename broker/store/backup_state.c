/* backup_state.c - one line, written apart and renamed. */
#include "store/backup_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STATE_FILE "backup.state"
#define LINE_SIZE  96

static const char *const words[] = {"-",
#define X(name, word) word,
                                    BACKUP_FAULTS(X)
#undef X
};
#define WORD_COUNT (sizeof(words) / sizeof(words[0]))

const char *backup_fault_word(enum backup_fault fault)
{
    return fault == BACKUP_WELL || fault >= WORD_COUNT ? "" : words[fault];
}

static bool state_path(char path[PATH_MAX], const char *directory, const char *suffix)
{
    return snprintf(path, PATH_MAX, "%s/" STATE_FILE "%s", directory, suffix) < PATH_MAX;
}

static bool state_parse(const char *line, struct backup_state *ret_state)
{
    struct backup_state state = {0};
    char word[16];

    if (sscanf(line, "made_ms=%" SCNd64 " failed_ms=%" SCNd64 " fault=%15s", &state.made_ms, &state.failed_ms, word) !=
        3)
        return false;
    for (size_t i = 0; i < WORD_COUNT; i++)
        if (strcmp(word, words[i]) == 0)
            state.fault = (enum backup_fault)i;
    *ret_state = state;
    return true;
}

struct backup_state backup_state_read(const char *directory)
{
    struct backup_state state = {0};
    char path[PATH_MAX], line[LINE_SIZE];
    FILE *file = state_path(path, directory, "") ? fopen(path, "re") : NULL;

    if (file == NULL)
        return state;
    if (fgets(line, sizeof(line), file) == NULL || !state_parse(line, &state))
        state = (struct backup_state){0};
    fclose(file);
    return state;
}

static int write_line(const char *path, const struct backup_state *state)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;

    int failure = 0;

    if (dprintf(fd, "made_ms=%" PRId64 " failed_ms=%" PRId64 " fault=%s\n", state->made_ms, state->failed_ms,
                words[state->fault]) < 0 ||
        fsync(fd) != 0)
        failure = -errno;
    close(fd);
    return failure;
}

int backup_state_write(const char *directory, const struct backup_state *state)
{
    char path[PATH_MAX], apart[PATH_MAX];

    if (!state_path(path, directory, "") || !state_path(apart, directory, ".new"))
        return -ENAMETOOLONG;

    int failure = write_line(apart, state);

    if (failure == 0 && rename(apart, path) != 0)
        failure = -errno;
    if (failure != 0)
        unlink(apart);
    return failure;
}
