/* backup_state.h - what the last backups of a store came to: a small file beside its data, by which whoever makes
 * backups tells the daemon.
 *
 * Times are the wall clock's. A copy of the store does not take it along: what was restored has no backup yet. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Why a backup failed: a word for operators, the same in the state file, the alarm and the log. */
#define BACKUP_FAULTS(X)                                                                                               \
    X(SLOW, "slow")       /* the copy took too long */                                                                 \
    X(GROWN, "grown")     /* the store grew too much meanwhile */                                                      \
    X(ROOM, "room")       /* no room for it */                                                                         \
    X(UNSOUND, "unsound") /* what was copied does not verify */                                                        \
    X(OTHER, "other")     /* the journal says which */

enum backup_fault {
    BACKUP_WELL,
#define X(name, word) BACKUP_##name,
    BACKUP_FAULTS(X)
#undef X
};

struct backup_state {
    int64_t
        made_ms; /* when the copy of the newest finished backup began: what is later is not in it; 0: there is none */
    int64_t failed_ms;       /* when the last one failed; 0: it did not */
    enum backup_fault fault; /* of that one */
};

const char *backup_fault_word(enum backup_fault fault); /* "" of BACKUP_WELL */
/* Zeros where there is no file, or none that says anything: then there is no backup to rely on. */
struct backup_state backup_state_read(const char *directory);
/* 0 or a negative errno; the file is the old or the new one whatever happens. */
int backup_state_write(const char *directory, const struct backup_state *state);
