/* backup_move.h - a finished backup on its way to where it is kept. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct ctl;

struct backup_move {
    const char *from;      /* the sealed file */
    const char *directory; /* where it is kept */
    const char *part;      /* its name there until it is whole: what an earlier one left under it is overwritten */
    const char *name;      /* its name then; nothing is overwritten */
    bool replaces;         /* ... but an older one of that name */
    int64_t rate;          /* bytes a second; 0: all it takes */
};

/* The file is on disk under its name, and so is the name; or there is nothing new. 0, or a negative errno, complained
 * of. */
int backup_move(const struct ctl *ctl, const struct backup_move *move);
/* Takes away the backups of this store in the directory but the `keep` that hold most. Names tell:
 * "NAME-2026...Z-INCARNATION-INDEX.backup". */
void backup_keep(const struct ctl *ctl, const char *directory, const char *store_name, long long keep);
