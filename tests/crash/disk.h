/* disk.h - the files of one directory as bytes in memory, and what a recording does to them. */
#pragma once
#include <stdbool.h>

#include "crash/recorder.h"

#define DISK_FILES  32
#define SECTOR_SIZE 512 /* what a disk writes whole or not at all */

struct disk_file {
    char name[256];
    uint8_t *bytes;
    size_t size, room;
};

struct disk {
    struct disk_file files[DISK_FILES];
    size_t count;
};

void disk_load(struct disk *disk, const char *directory);        /* all its files, none of its folders */
void disk_copy(struct disk *to, const struct disk *from);        /* keeps the memory of `to` */
void disk_store(const struct disk *disk, const char *directory); /* which is made, or emptied */
void disk_free(struct disk *disk);

struct op { /* of a recording; `name` and `bytes` lie in it */
    enum recorded what;
    const char *name;
    size_t name_size;
    uint64_t offset;
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

bool op_same_file(const struct op *a, const struct op *b);
void disk_apply(struct disk *disk, const struct op *op);
/* Of a write only those sectors whose bit in `sectors` is set (the 64th stands for all beyond). */
void disk_apply_torn(struct disk *disk, const struct op *op, uint64_t sectors);
