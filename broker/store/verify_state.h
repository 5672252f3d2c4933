/* verify_state.h - what the last verifications of a whole store came to, as backup_state.h of backups: `referralctl
 * verify` leaves it, the daemon looks at it. Times are the wall clock's. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct verify_state {
    int64_t sound_ms;  /* when the newest one that found no fault began; 0: there is none */
    int64_t failed_ms; /* when the last one found some; 0: it found none */
};

/* Zeros where there is no file, or none that says anything. */
struct verify_state verify_state_read(const char *directory);
/* 0 or a negative errno; the file is the old or the new one whatever happens. */
int verify_state_write(const char *directory, const struct verify_state *state);
