/* verify_state.c - one line. */
#include "store/verify_state.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/state_file.h"

#define STATE_FILE "verify.state"
#define LINE_SIZE  96

struct verify_state verify_state_read(const char *directory)
{
    struct verify_state state = {0};
    char line[LINE_SIZE];

    if (!state_file_read(directory, STATE_FILE, line, sizeof(line)) ||
        sscanf(line, "sound_ms=%" SCNd64 " failed_ms=%" SCNd64, &state.sound_ms, &state.failed_ms) != 2)
        return (struct verify_state){0};
    return state;
}

int verify_state_write(const char *directory, const struct verify_state *state)
{
    char line[LINE_SIZE];

    snprintf(line, sizeof(line), "sound_ms=%" PRId64 " failed_ms=%" PRId64, state->sound_ms, state->failed_ms);
    return state_file_write(directory, STATE_FILE, line);
}
