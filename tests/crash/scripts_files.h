/* scripts_files.h - scripts of what lies beside data.mdb: the archive, the keys, backups, restored stores. Each has a
 * judge of its own. */
#pragma once
#include "crash/scripts.h"

extern const struct script crash_file_scripts[];
extern const size_t crash_file_script_count;

/* Somebody was told something beside the broker's answers: from now on it must be there. What a stand's `heard` is
 * then, or more. By power.c. */
size_t crash_said(void);

/* backup.c */
struct world *crash_backup_open(void);
void crash_backup_play(struct world *w);
const char *crash_backup_judge(const struct stand *stand);

/* restore.c */
struct world *crash_restore_open(void);
void crash_restore_play(struct world *w);
const char *crash_restore_judge(const struct stand *stand);
