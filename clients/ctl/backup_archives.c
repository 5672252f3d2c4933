/* backup_archives.c - files of the archive are written once: those that end alike are the same, and one more a day is
 * all that is copied. */
#include "backup_archives.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup_move.h"
#include "ctl.h"
#include "folder.h"
#include "offline.h"
#include "store/archive.h"
#include "store/durable.h"
#include "store/keys.h"

#define LOOKS     "looks"
#define ASIDE_MAX 1000

/* How long a file is, and the digest it ends with. */
struct ending {
    off_t bytes;
    uint8_t digest[STORE_DIGEST_SIZE];
};

static bool read_ending(const char *path, struct ending *ret_ending)
{
    struct ending ending;
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool is_read = file >= 0 && fstat(file, &status) == 0 &&
                   pread(file, ending.digest, sizeof ending.digest, status.st_size - (off_t)sizeof ending.digest) ==
                       (ssize_t)sizeof ending.digest;

    if (file >= 0)
        close(file);
    if (!is_read)
        return false;
    ending.bytes = status.st_size;
    *ret_ending = ending;
    return true;
}

/* A name may have been given twice: to a file that a crash left, of which nothing was told, and to the next one. */
static bool is_there(const char *from, const char *to)
{
    struct ending one, other;

    return read_ending(from, &one) && read_ending(to, &other) && one.bytes == other.bytes &&
           memcmp(one.digest, other.digest, sizeof one.digest) == 0;
}

/* What is copied, and where to. */
struct shelf {
    const struct ctl *ctl;
    const char *from;
    const uint8_t *host_key;
    struct backup_move place;
};

static int fail(const struct ctl *ctl, const char *path, int failure)
{
    ctl_complain(ctl, "%s: %s", path, strerror(-failure));
    return failure;
}

static int check_file(const struct shelf *shelf, const char *name)
{
    struct keys *keys = NULL;
    struct archive *archive = NULL;
    int failure = archive_keys_open(shelf->from, shelf->host_key, &keys);

    if (failure == 0)
        failure = archive_open(keys, shelf->from, name, &archive);
    if (failure == 0)
        failure = archive_check(archive);
    archive_close(archive);
    archive_keys_close(keys);
    return failure;
}

/* What lies there is perhaps all that is left of a file that is damaged now. 0: that one is sound. */
static int may_replace(const struct shelf *shelf, const char *name)
{
    int failure = check_file(shelf, name);

    if (failure == -EBADMSG || failure == -EPROTO)
        ctl_complain(shelf->ctl,
                     ctl_say(shelf->ctl, "%s/%s: 已损坏, 备份中的副本保持不变",
                             "%s/%s: is damaged: its copy in the backup stays"),
                     shelf->from, name);
    else if (failure != 0)
        fail(shelf->ctl, name, failure);
    return failure;
}

static int copy(const struct shelf *shelf, const char *name)
{
    char source[FOLDER_PATH_MAX], target[FOLDER_PATH_MAX];
    struct backup_move move = shelf->place;
    int failure;

    if (!folder_path(source, shelf->from, name) || !folder_path(target, move.directory, name))
        return fail(shelf->ctl, move.directory, -errno);
    if (is_there(source, target))
        return 0;
    failure = archive_is_name(name) && access(target, F_OK) == 0 ? may_replace(shelf, name) : 0;
    if (failure != 0)
        return failure == -EBADMSG || failure == -EPROTO ? 0 : failure;
    move.from = source;
    move.name = name;
    return backup_move(shelf->ctl, &move);
}

/* Not over those of another store, of the same name: what they open would be lost. */
static int copy_keys(const struct shelf *shelf)
{
    const struct ctl *ctl = shelf->ctl;
    const char *directory = shelf->place.directory;
    int failure = keys_back_up(shelf->from, directory);

    if (failure == -EEXIST)
        ctl_complain(ctl,
                     ctl_say(ctl, "%s/" KEYS_FILE ": 属于另一个库, 请换目录备份",
                             "%s/" KEYS_FILE ": is of another store: name another directory"),
                     directory);
    else if (failure != 0 && failure != -ENOENT) /* not yet any */
        fail(ctl, directory, failure);
    return failure == -ENOENT ? 0 : failure;
}

/* Does the file go on where its copy ends? One that cannot be read is for the copy to fail of. */
static bool continues(const char *source, const char *target)
{
    FILE *whole = fopen(source, "rbe"), *part = fopen(target, "rbe");
    bool goes_on = true;
    int byte;

    while (goes_on && whole != NULL && part != NULL && (byte = getc(part)) != EOF)
        goes_on = getc(whole) == byte;
    if (whole != NULL)
        fclose(whole);
    if (part != NULL)
        fclose(part);
    return goes_on;
}

/* P3: a log that was cut back shows only in what others have of it. */
static int set_aside(const struct shelf *shelf, const char *target)
{
    char aside[FOLDER_PATH_MAX + 8];
    int failure = -EEXIST;

    for (int i = 1; failure == -EEXIST && i < ASIDE_MAX; i++) {
        snprintf(aside, sizeof aside, "%s.%d", target, i);
        failure = renameat2(AT_FDCWD, target, AT_FDCWD, aside, RENAME_NOREPLACE) != 0 ? -errno : 0;
    }
    if (failure != 0)
        return fail(shelf->ctl, target, failure);
    ctl_complain(shelf->ctl,
                 ctl_say(shelf->ctl, "%s/" LOOKS ": 不是备份中副本的延续, 可能被截断; 副本存为 %s",
                         "%s/" LOOKS ": does not go on where its copy in the backup ends, and was perhaps cut; that "
                         "copy is kept as %s"),
                 shelf->from, aside);
    return 0;
}

/* Nobody may have looked yet. */
static int copy_looks(const struct shelf *shelf)
{
    char source[FOLDER_PATH_MAX], target[FOLDER_PATH_MAX];
    int failure = 0;

    if (!folder_path(source, shelf->from, LOOKS) || !folder_path(target, shelf->place.directory, LOOKS) ||
        access(source, F_OK) != 0)
        return 0;
    if (access(target, F_OK) == 0 && !continues(source, target))
        failure = set_aside(shelf, target);
    return failure != 0 ? failure : copy(shelf, LOOKS);
}

/* The keys first: no file lies there that those beside it do not open. */
static int copy_all(const struct shelf *shelf, char *const *names)
{
    int failure = copy_keys(shelf);

    if (failure == 0)
        failure = copy_looks(shelf);
    for (; failure == 0 && *names != NULL; names++)
        failure = copy(shelf, *names);
    return failure;
}

int backup_archives(const struct ctl *ctl, const struct offline *offline, const char *directory, const char *store_name,
                    int64_t rate)
{
    char name[STORE_NAME_MAX + sizeof ".archive"], to[FOLDER_PATH_MAX], **names = NULL;
    const struct shelf shelf = {.ctl = ctl,
                                .from = offline->archives,
                                .host_key = offline->host_key,
                                .place = {.directory = to, .part = ".part", .replaces = true, .rate = rate}};
    int failure = archive_list(shelf.from, &names);

    if (failure == -ENOENT)
        return 0;
    if (failure != 0)
        return fail(ctl, shelf.from, failure);
    snprintf(name, sizeof name, "%s.archive", store_name);
    /* Its name is on disk before any backup's is that needs it. */
    failure = folder_path(to, directory, name) ? durable_folder(to) : -ENAMETOOLONG;
    failure = failure != 0 ? fail(ctl, directory, failure) : copy_all(&shelf, names);
    archive_list_free(names);
    return failure;
}
