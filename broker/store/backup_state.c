/* backup_state.c - one line. */
#include "store/backup_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/state_file.h"

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
    char line[LINE_SIZE];

    if (!state_file_read(directory, STATE_FILE, line, sizeof(line)) || !state_parse(line, &state))
        return (struct backup_state){0};
    return state;
}

int backup_state_write(const char *directory, const struct backup_state *state)
{
    char line[LINE_SIZE];

    snprintf(line, sizeof(line), "made_ms=%" PRId64 " failed_ms=%" PRId64 " fault=%s", state->made_ms, state->failed_ms,
             words[state->fault]);
    return state_file_write(directory, STATE_FILE, line);
}
