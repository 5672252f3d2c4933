/* disk.c - files grow in memory as they would on a disk: what was never written is zero. */
#include "crash/disk.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct disk_file *find(struct disk *disk, const char *name, size_t name_size)
{
    for (size_t i = 0; i < disk->count; i++)
        if (strlen(disk->files[i].name) == name_size && memcmp(disk->files[i].name, name, name_size) == 0)
            return &disk->files[i];
    return NULL;
}

static struct disk_file *find_or_make(struct disk *disk, const char *name, size_t name_size)
{
    struct disk_file *file = find(disk, name, name_size);

    if (file != NULL)
        return file;
    assert(disk->count < DISK_FILES && name_size < sizeof file->name);
    file = &disk->files[disk->count++];
    memcpy(file->name, name, name_size);
    file->name[name_size] = '\0';
    file->size = 0;
    return file;
}

static void resize(struct disk_file *file, size_t size)
{
    if (size > file->room) {
        file->room = size + (1U << 20);
        file->bytes = realloc(file->bytes, file->room);
        assert(file->bytes != NULL);
    }
    if (size > file->size)
        memset(file->bytes + file->size, 0, size - file->size);
    file->size = size;
}

static void forget(struct disk *disk, struct disk_file *file)
{
    struct disk_file gone = *file, *last = &disk->files[--disk->count];

    *file = *last;
    *last = (struct disk_file){.bytes = gone.bytes, .room = gone.room};
}

static void read_whole(struct disk_file *file, const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert(fd >= 0 && fstat(fd, &status) == 0);
    resize(file, (size_t)status.st_size);

    ssize_t got = pread(fd, file->bytes, file->size, 0);

    assert(got == (ssize_t)file->size);
    close(fd);
}

void disk_load(struct disk *disk, const char *directory)
{
    DIR *folder = opendir(directory);
    const struct dirent *entry;

    assert(folder != NULL);
    disk->count = 0;
    while ((entry = readdir(folder)) != NULL) {
        char path[PATH_MAX];
        struct stat status;

        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
            read_whole(find_or_make(disk, entry->d_name, strlen(entry->d_name)), path);
    }
    closedir(folder);
}

void disk_copy(struct disk *to, const struct disk *from)
{
    to->count = 0;
    for (size_t i = 0; i < from->count; i++) {
        struct disk_file *file = find_or_make(to, from->files[i].name, strlen(from->files[i].name));

        resize(file, from->files[i].size);
        memcpy(file->bytes, from->files[i].bytes, file->size);
    }
}

static void empty(const char *directory)
{
    DIR *folder = opendir(directory);
    const struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder != NULL)
        closedir(folder);
}

void disk_store(const struct disk *disk, const char *directory)
{
    mkdir(directory, 0700);
    empty(directory);
    for (size_t i = 0; i < disk->count; i++) {
        const struct disk_file *file = &disk->files[i];
        char path[PATH_MAX];

        snprintf(path, sizeof path, "%s/%s", directory, file->name);

        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert(fd >= 0);

        ssize_t written = write(fd, file->bytes, file->size);

        assert(written == (ssize_t)file->size);
        close(fd);
    }
}

void disk_free(struct disk *disk)
{
    for (size_t i = 0; i < DISK_FILES; i++)
        free(disk->files[i].bytes);
    *disk = (struct disk){0};
}

/* ---- Recordings ---- */

void recording_load(struct recording *recording, const char *log)
{
    struct stat status;
    int fd = open(log, O_RDONLY | O_CLOEXEC);

    *recording = (struct recording){0};
    assert(fd >= 0 && fstat(fd, &status) == 0);
    recording->mapped_size = (size_t)status.st_size;
    if (recording->mapped_size != 0)
        recording->mapped = mmap(NULL, recording->mapped_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);

    const char *at = recording->mapped, *end = at + recording->mapped_size;

    while (at != NULL && at < end) {
        struct record_head head;

        memcpy(&head, at, sizeof head);
        recording->ops = realloc(recording->ops, (recording->count + 1) * sizeof *recording->ops);
        assert(recording->ops != NULL);
        recording->ops[recording->count++] = (struct op){
            .what = (enum recorded)head.what,
            .name = at + sizeof head,
            .name_size = head.name_size,
            .offset = head.offset,
            .bytes = (const uint8_t *)at + sizeof head + head.name_size,
            .size = head.size,
        };
        at += sizeof head + head.name_size + head.size;
    }
}

void recording_free(struct recording *recording)
{
    if (recording->mapped != NULL)
        munmap(recording->mapped, recording->mapped_size);
    free(recording->ops);
    *recording = (struct recording){0};
}

bool op_same_file(const struct op *a, const struct op *b)
{
    return a->name_size == b->name_size && memcmp(a->name, b->name, a->name_size) == 0;
}

static void rename_file(struct disk *disk, const struct op *op)
{
    struct disk_file *file = find(disk, op->name, op->name_size), *there;

    if (file == NULL)
        return; /* what was to be renamed never reached the disk */
    there = find(disk, (const char *)op->bytes, op->size);
    if (there != NULL)
        forget(disk, there);
    file = find(disk, op->name, op->name_size);
    assert(op->size < sizeof file->name);
    memcpy(file->name, op->bytes, op->size);
    file->name[op->size] = '\0';
}

void disk_apply_torn(struct disk *disk, const struct op *op, uint64_t sectors)
{
    struct disk_file *file = find_or_make(disk, op->name, op->name_size);

    for (size_t at = 0, i = 0; at < op->size; i++) {
        size_t left = SECTOR_SIZE - (op->offset + at) % SECTOR_SIZE, size = op->size - at < left ? op->size - at : left;

        if (sectors >> (i < 63 ? i : 63) & 1) {
            if (op->offset + at + size > file->size)
                resize(file, op->offset + at + size);
            memcpy(file->bytes + op->offset + at, op->bytes + at, size);
        }
        at += size;
    }
}

void disk_apply(struct disk *disk, const struct op *op)
{
    struct disk_file *file;

    switch (op->what) {
    case RECORDED_WRITE:
    case RECORDED_DURABLE:
        disk_apply_torn(disk, op, UINT64_MAX);
        break;
    case RECORDED_SIZE:
        resize(find_or_make(disk, op->name, op->name_size), op->offset);
        break;
    case RECORDED_RENAME:
        rename_file(disk, op);
        break;
    case RECORDED_UNLINK:
        file = find(disk, op->name, op->name_size);
        if (file != NULL)
            forget(disk, file);
        break;
    case RECORDED_SYNC:
    case RECORDED_SYNC_DIRECTORY:
    case RECORDED_NOTE:
        break;
    }
}
