/* backup_archives.h - the archive's files beside the backup of the store that says what is in them (D8). */
#pragma once
#include <stdint.h>

struct ctl;
struct offline;

/* Copies what is not there yet from the store's archive, where there is one, into "directory/NAME.archive", and its
 * keys and who looked anew. Called once the store has been copied: then each file that the copy knows is there. What is
 * there is replaced only by what is sound: else that is complained of, and the copy stays. A copy of who looked, where
 * the log does not go on from it, is kept aside. 0, or a negative errno, complained of. */
int backup_archives(const struct ctl *ctl, const struct offline *offline, const char *directory, const char *store_name,
                    int64_t rate);
