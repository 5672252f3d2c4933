/* disk.c - files grow in memory as they would on a disk: what was never written is zero. */
#include "crash/disk.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct disk_file *find_or_make(struct disk *disk, uint64_t number)
{
    struct disk_file *file;

    for (size_t i = 0; i < disk->count; i++)
        if (disk->files[i].number == number)
            return &disk->files[i];
    assert(disk->count < DISK_FILES);
    file = &disk->files[disk->count++];
    *file = (struct disk_file){.number = number, .bytes = file->bytes, .room = file->room};
    return file;
}

static void make_room(struct disk_file *file, size_t size)
{
    if (size <= file->room)
        return;
    file->room = size + size / 2 + 4096;
    file->bytes = realloc(file->bytes, file->room);
    assert(file->bytes != NULL);
}

static void resize(struct disk_file *file, size_t size)
{
    make_room(file, size);
    if (size > file->size)
        memset(file->bytes + file->size, 0, size - file->size);
    file->size = size;
}

/* Whoever had the name has none. */
static void give_name(struct disk *disk, struct disk_file *file, const char *name, size_t size)
{
    assert(size < sizeof file->name);
    for (size_t i = 0; i < disk->count; i++)
        if (strlen(disk->files[i].name) == size && memcmp(disk->files[i].name, name, size) == 0)
            disk->files[i].name[0] = '\0';
    memcpy(file->name, name, size);
    file->name[size] = '\0';
}

/* ---- From a directory, and to it ---- */

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

/* LMDB's lock file has nothing that outlasts a cut, and who opens and closes it lets go the locks of his own
 * process. */
static bool is_passed_by(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lock.mdb") == 0;
}

static void load_folder(struct disk *disk, const char *root, const char *below)
{
    char path[PATH_MAX], name[PATH_MAX];
    const struct dirent *entry;
    DIR *folder;

    snprintf(path, sizeof path, "%s/%s", root, below);
    folder = opendir(path);
    assert(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        struct stat status;
        struct disk_file *file;

        if (is_passed_by(entry->d_name))
            continue;
        snprintf(name, sizeof name, "%s%s%s", below, below[0] == '\0' ? "" : "/", entry->d_name);
        assert(snprintf(path, sizeof path, "%s/%s", root, name) < PATH_MAX);
        if (stat(path, &status) != 0)
            continue;
        file = find_or_make(disk, status.st_ino);
        give_name(disk, file, name, strlen(name));
        file->is_folder = S_ISDIR(status.st_mode);
        if (file->is_folder)
            load_folder(disk, root, name);
        else
            read_whole(file, path);
    }
    closedir(folder);
}

void disk_load(struct disk *disk, const char *directory)
{
    disk->count = 0;
    load_folder(disk, directory, "");
}

void disk_copy(struct disk *to, const struct disk *from)
{
    to->count = 0;
    for (size_t i = 0; i < from->count; i++) {
        struct disk_file *file = find_or_make(to, from->files[i].number);

        memcpy(file->name, from->files[i].name, sizeof file->name);
        file->is_folder = from->files[i].is_folder;
        make_room(file, from->files[i].size);
        file->size = from->files[i].size;
        if (file->size != 0)
            memcpy(file->bytes, from->files[i].bytes, file->size);
    }
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind;
    return where->level == 0 ? 0 : remove(path);
}

static void write_whole(const struct disk_file *file, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert(fd >= 0);

    ssize_t written = write(fd, file->bytes, file->size);

    assert(written == (ssize_t)file->size);
    close(fd);
}

static size_t depth(const char *name)
{
    size_t slashes = 0;

    for (; *name != '\0'; name++)
        slashes += *name == '/';
    return slashes;
}

/* True: some of it lies deeper. What lies in a folder that is not there is not there. */
static bool store_level(const struct disk *disk, const char *directory, size_t level)
{
    bool is_deeper = false;

    for (size_t i = 0; i < disk->count; i++) {
        const struct disk_file *file = &disk->files[i];
        char path[PATH_MAX], *end;

        if (file->name[0] == '\0')
            continue;
        is_deeper = is_deeper || depth(file->name) > level;
        if (depth(file->name) != level)
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, file->name);
        end = strrchr(path, '/');
        *end = '\0';

        bool has_folder = access(path, F_OK) == 0;

        *end = '/';
        if (has_folder && file->is_folder)
            mkdir(path, 0700);
        else if (has_folder)
            write_whole(file, path);
    }
    return is_deeper;
}

void disk_store(const struct disk *disk, const char *directory)
{
    mkdir(directory, 0700);
    nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    for (size_t level = 0; store_level(disk, directory, level); level++)
        ;
}

void disk_free(struct disk *disk)
{
    for (size_t i = 0; i < DISK_FILES; i++)
        free(disk->files[i].bytes);
    *disk = (struct disk){0};
}

/* ---- Recordings ---- */

/* A number is given again when its file is gone: by how many were made of it these are told apart. */
#define GENERATION (1ULL << 48)

static uint64_t own_number(const struct recording *recording, const struct record_head *head)
{
    uint64_t number = head->file % GENERATION;
    bool is_new = head->what == RECORDED_CREATE || head->what == RECORDED_FOLDER;

    for (size_t i = recording->count; i-- != 0;) {
        const struct op *op = &recording->ops[i];

        if ((op->what == RECORDED_CREATE || op->what == RECORDED_FOLDER) && op->file % GENERATION == number)
            return is_new ? op->file + GENERATION : op->file;
    }
    return is_new ? number + GENERATION : number;
}

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
            .file = own_number(recording, &head),
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

bool op_is_write(const struct op *op)
{
    return op->what == RECORDED_WRITE || op->what == RECORDED_DURABLE;
}

bool op_is_name(const struct op *op)
{
    return op->what == RECORDED_CREATE || op->what == RECORDED_RENAME || op->what == RECORDED_UNLINK ||
           op->what == RECORDED_FOLDER;
}

/* Is `folder` where this name lies? */
static bool lies_in(const char *name, size_t name_size, const struct op *folder)
{
    size_t size = name_size;

    while (size > 0 && name[size - 1] != '/')
        size--;
    size -= size > 0;
    return size == folder->name_size && memcmp(name, folder->name, size) == 0;
}

bool op_is_synced(const struct op *op, const struct op *sync)
{
    if (sync->what != RECORDED_SYNC_DIRECTORY)
        return !op_is_name(op) && op->file == sync->file;
    return op->what == RECORDED_RENAME ? lies_in((const char *)op->bytes, op->size, sync)
                                       : op_is_name(op) && lies_in(op->name, op->name_size, sync);
}

void disk_apply_torn(struct disk *disk, const struct op *op, uint64_t sectors)
{
    struct disk_file *file = find_or_make(disk, op->file);

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

static void lose_name(struct disk_file *file, const struct op *op)
{
    if (strlen(file->name) == op->name_size && memcmp(file->name, op->name, op->name_size) == 0)
        file->name[0] = '\0';
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
        resize(find_or_make(disk, op->file), op->offset);
        break;
    case RECORDED_CREATE:
    case RECORDED_FOLDER:
        file = find_or_make(disk, op->file);
        file->is_folder = op->what == RECORDED_FOLDER;
        give_name(disk, file, op->name, op->name_size);
        break;
    case RECORDED_RENAME:
        give_name(disk, find_or_make(disk, op->file), (const char *)op->bytes, op->size);
        break;
    case RECORDED_UNLINK:
        lose_name(find_or_make(disk, op->file), op);
        break;
    case RECORDED_SYNC:
    case RECORDED_SYNC_DIRECTORY:
    case RECORDED_NOTE:
        break;
    }
}
