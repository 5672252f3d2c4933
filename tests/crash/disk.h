/* disk.h - the files below one directory as bytes in memory, and what a recording does to them.
 *
 * A file is its number; a name is something that it has, or has not: what is written to a file whose name never reached
 * the disk is lost with it, and so is all below a folder whose name did not. */
#pragma once
#include <stdbool.h>

#include "crash/recorder.h"

#define DISK_FILES  96
#define SECTOR_SIZE 512 /* what a disk writes whole or not at all */

struct disk_file {
    uint64_t number;
    char name[256]; /* "archive/keys"; "": it has none */
    bool is_folder;
    uint8_t *bytes;
    size_t size, room;
};

struct disk {
    struct disk_file files[DISK_FILES];
    size_t count;
};

void disk_load(struct disk *disk, const char *directory);        /* all that is below it, but for lock files */
void disk_copy(struct disk *to, const struct disk *from);        /* keeps the memory of `to` */
void disk_store(const struct disk *disk, const char *directory); /* which is made, or emptied */
void disk_free(struct disk *disk);

struct op { /* of a recording; `name` and `bytes` lie in it */
    enum recorded what;
    const char *name;
    size_t name_size;
    uint64_t file, offset;
    const uint8_t *bytes;
    size_t size;
};
struct recording {
    struct op *ops;
    size_t count;
    void *mapped;
    size_t mapped_size;
};
void recording_load(struct recording *recording, const char *log);
void recording_free(struct recording *recording);

bool op_is_write(const struct op *op);
bool op_is_name(const struct op *op); /* it is on disk when its folder was synced */
/* Did `sync` bring this one to the disk? */
bool op_is_synced(const struct op *op, const struct op *sync);
void disk_apply(struct disk *disk, const struct op *op);
/* Of a write only those sectors whose bit in `sectors` is set (the 64th stands for all beyond). */
void disk_apply_torn(struct disk *disk, const struct op *op, uint64_t sectors);
