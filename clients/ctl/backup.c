/* backup.c - a backup beside a running broker: copied, sealed, verified, moved.
 *
 * The broker's store grows as long as somebody reads it, so the copy is made at disk speed on this machine by a child
 * process, and given up when it takes too long or the store has grown too much meanwhile. All the rest is done on the
 * copy and can take its time; what the store has in its archive is copied before the backup has its name. No step is
 * begun by a process that has LMDB open; what the steps came to is left beside the store, where the daemon looks for
 * its alarms. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <linux/ioprio.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "backup_archives.h"
#include "backup_move.h"
#include "check.h"
#include "folder.h"
#include "handlers.h"
#include "moment.h"
#include "offline.h"
#include "progress.h"
#include "setting.h"
#include "store/backup.h"
#include "store/backup_state.h"
#include "store/owner.h"
#include "table.h"

#define RATE_STANDARD    INT64_C(33554432)
#define WITHIN_STANDARD  300000
#define GROWTH_STANDARD  5
#define GROWTH_LEAST     INT64_C(67108864) /* of a small store, so much is nothing */
#define KEEP_MAX         100000
#define ROOM_NUMERATOR   5 /* the copy and what is sealed of it, and the broker must not come near to a full disk */
#define ROOM_DENOMINATOR 2
#define NICENESS         10 /* as referrald-backup.service has it */

struct backup {
    struct ctl *ctl;
    struct offline offline;
    uint8_t key[BACKUP_KEY_SIZE];
    char staging[FOLDER_PATH_MAX], copy[FOLDER_PATH_MAX], sealed[FOLDER_PATH_MAX], check[FOLDER_PATH_MAX];
    char data[FOLDER_PATH_MAX]; /* the running store's file */
    int64_t rate, within_ms;
    long long growth_percent, keep; /* keep 0: all */
    int64_t made_ms, began_ms;      /* the copy: by the wall clock, and monotonic */
    int64_t bytes_at_first;         /* of the running store's file */
    int lock;
    enum backup_fault fault;
};

/* ---- What is asked ---- */

static bool read_rate(const struct ctl *ctl, int64_t *ret_rate)
{
    const char *text = ctl_option(ctl, "rate");
    char buffer[SETTING_TEXT_SIZE], *end = NULL;

    *ret_rate = RATE_STANDARD;
    if (text == NULL)
        return true;
    errno = 0;
    *ret_rate = strtoll(setting_from_text("rate_bytes", text, buffer), &end, 10);
    if (errno == 0 && *text >= '0' && *text <= '9' && *end == '\0')
        return true;
    ctl_complain(ctl, "%s", ctl_say(ctl, "--rate: 字节数, 如 32M", "--rate: a number of bytes, such as 32M"));
    return false;
}

static bool read_within(const struct ctl *ctl, int64_t *ret_ms)
{
    const char *text = ctl_option(ctl, "within");

    *ret_ms = WITHIN_STANDARD;
    if (text == NULL || (span_parse(text, ret_ms) && *ret_ms > 0))
        return true;
    ctl_complain(ctl, "%s", ctl_say(ctl, "--within: 时长, 如 5m", "--within: a length of time, such as 5m"));
    return false;
}

static bool read_options(struct backup *backup)
{
    backup->growth_percent = GROWTH_STANDARD;
    return read_rate(backup->ctl, &backup->rate) && read_within(backup->ctl, &backup->within_ms) &&
           ctl_number(backup->ctl, "growth", 0, 1000, &backup->growth_percent) &&
           ctl_number(backup->ctl, "keep", 1, KEEP_MAX, &backup->keep);
}

static int fail_file(const struct backup *backup, const char *path)
{
    ctl_complain(backup->ctl, "%s: %s", path, strerror(errno));
    return EXIT_BAD_FILE;
}

static int read_paths(struct backup *backup)
{
    const char *staging = ctl_option(backup->ctl, "staging"), *directory = backup->offline.directory;
    int length = snprintf(backup->staging, sizeof backup->staging, "%s%s", staging != NULL ? staging : directory,
                          staging != NULL ? "" : ".staging");

    errno = ENAMETOOLONG;
    if (length >= (int)sizeof backup->staging || !folder_path(backup->copy, backup->staging, "copy") ||
        !folder_path(backup->sealed, backup->staging, "sealed") ||
        !folder_path(backup->check, backup->staging, "check") || !folder_path(backup->data, directory, "data.mdb"))
        return fail_file(backup, backup->staging);
    return access(backup->data, R_OK) == 0 ? EXIT_OK : fail_file(backup, backup->data);
}

/* ---- One at a time ---- */

static int lock_store(struct backup *backup)
{
    char path[FOLDER_PATH_MAX];

    if (!folder_path(path, backup->offline.directory, "backup.lock"))
        return fail_file(backup, backup->offline.directory);
    backup->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (backup->lock >= 0 && owner_give_in(backup->offline.directory, backup->lock) == 0 &&
        flock(backup->lock, LOCK_EX | LOCK_NB) == 0)
        return EXIT_OK;
    if (backup->lock < 0 || errno != EWOULDBLOCK)
        return fail_file(backup, path);
    ctl_complain(backup->ctl, "%s", ctl_say(backup->ctl, "另一备份正在进行", "another backup of this store goes on"));
    return EXIT_REFUSED;
}

/* Also what one that was killed has left. */
static void clear_staging(const struct backup *backup)
{
    folder_remove(backup->copy);
    folder_remove(backup->check);
    unlink(backup->sealed);
}

/* ---- The steps ---- */

static enum backup_fault fault_of(int failure)
{
    switch (failure) {
    case 0:
        return BACKUP_WELL;
    case -ENOSPC:
    case -EDQUOT:
    case -EFBIG:
        return BACKUP_ROOM;
    case -EBADMSG:
        return BACKUP_UNSOUND;
    default:
        return BACKUP_OTHER;
    }
}

/* In a child: its exit code is the fault. */
static int told(const struct backup *backup, int failure)
{
    if (failure != 0)
        ctl_complain(backup->ctl, "%s", backup->offline.error);
    return (int)fault_of(failure);
}

static int copy_child(void *user)
{
    struct backup *backup = user;
    struct store_options options = offline_options(&backup->offline, true);

    return told(backup, store_copy(&options, backup->copy));
}

/* The broker's commits come first. Where this may not be said, it goes without. */
static void give_way(void)
{
    setpriority(PRIO_PROCESS, 0, NICENESS);
    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}

static int seal_child(void *user)
{
    struct backup *backup = user;
    struct store_options copy = offline_options(&backup->offline, true);

    give_way();
    copy.directory = backup->copy;
    return told(backup, backup_seal(&copy, backup->key, backup->sealed));
}

/* What is verified is what the sealed file opens to. */
static int check_child(void *user)
{
    struct backup *backup = user;
    struct store_options check = offline_options(&backup->offline, true);

    give_way();
    if (mkdir(backup->check, 0700) != 0) {
        fail_file(backup, backup->check);
        return BACKUP_OTHER;
    }

    int failure = backup_unseal(backup->sealed, backup->key, backup->check, backup->offline.error);

    if (failure != 0)
        return told(backup, failure);
    check.directory = backup->check;
    return check_verify(backup->ctl, &check, NULL) == EXIT_OK ? BACKUP_WELL : BACKUP_UNSOUND;
}

static int64_t file_bytes(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? (int64_t)status.st_size : 0;
}

static bool may_go_on(void *user)
{
    struct backup *backup = user;
    int64_t grown = file_bytes(backup->data) - backup->bytes_at_first;
    int64_t most = backup->bytes_at_first / 100 * backup->growth_percent;

    if (progress_clock_ms() - backup->began_ms > backup->within_ms)
        backup->fault = BACKUP_SLOW;
    else if (grown > (most > GROWTH_LEAST ? most : GROWTH_LEAST))
        backup->fault = BACKUP_GROWN;
    return backup->fault == BACKUP_WELL;
}

/* A copier that was killed is still a reader of the store, until somebody opens it and finds the process gone. */
static void forget_copier(struct backup *backup)
{
    struct store_options options = offline_options(&backup->offline, true);
    struct store *store = NULL;

    if (store_open(&options, &store) == 0)
        store_close(store);
}

static void step(struct backup *backup, int (*run)(void *user), bool (*goes_on)(void *user), const char *what)
{
    const struct offline_job job = {.run = run, .may_go_on = goes_on, .user = backup, .what = what};
    int result = backup->fault == BACKUP_WELL ? offline_job_run(backup->ctl, &job) : 0;

    if (result > 0)
        backup->fault = (enum backup_fault)result;
    else if (result == -EIO)
        backup->fault = BACKUP_UNSOUND;
    else if (result == -EINTR)
        backup->fault = BACKUP_OTHER;
}

/* A backup is named by the second in which its copy began: no two of a store begin in the same one. */
static int64_t begin_second(const struct backup *backup)
{
    int64_t now_ms = moment_now(), last_ms = backup_state_read(backup->offline.directory).made_ms;

    return now_ms / 1000 == last_ms / 1000 ? moment_next_second() : now_ms;
}

static void copy(struct backup *backup)
{
    const struct ctl *ctl = backup->ctl;

    backup->made_ms = begin_second(backup);
    backup->began_ms = progress_clock_ms();
    backup->bytes_at_first = file_bytes(backup->data);
    step(backup, copy_child, may_go_on, ctl_say(ctl, "正在复制", "copying"));
    if (backup->fault == BACKUP_SLOW)
        ctl_complain(ctl, "%s", ctl_say(ctl, "复制过慢, 已放弃", "the copy takes too long: given up"));
    if (backup->fault == BACKUP_GROWN)
        ctl_complain(ctl, "%s",
                     ctl_say(ctl, "复制期间数据库增长过多, 已放弃", "the store grows too much meanwhile: given up"));
    if (backup->fault != BACKUP_WELL)
        forget_copier(backup);
}

static void check_room(struct backup *backup)
{
    int64_t wanted = file_bytes(backup->data) / ROOM_DENOMINATOR * ROOM_NUMERATOR;
    struct statvfs disk;

    if (statvfs(backup->staging, &disk) == 0 && disk.f_bavail * disk.f_frsize < (uint64_t)wanted) {
        ctl_complain(
            backup->ctl,
            ctl_say(backup->ctl, "%s: 空间不足, 需要 %" PRId64 " 字节", "%s: no room, %" PRId64 " bytes needed"),
            backup->staging, wanted);
        backup->fault = BACKUP_ROOM;
    }
}

/* ---- The end ---- */

static void name_it(const struct backup *backup, const struct backup_about *about, char *name, size_t size)
{
    time_t made = (time_t)(backup->made_ms / 1000);
    struct tm tm;
    char date[32];

    gmtime_r(&made, &tm);
    strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &tm);
    snprintf(name, size, "%s-%s-%" PRIu32 "-%" PRIu64 ".backup", about->short_name, date, about->incarnation,
             about->index);
}

static void print_made(const struct backup *backup, const struct backup_about *about, const char *name)
{
    const struct ctl *ctl = backup->ctl;
    int64_t bytes = file_bytes(backup->sealed);

    if (ctl->json) {
        json_t *json =
            json_pack("{s:s, s:s, s:I, s:I, s:I}", "file", name, "store", about->short_name, "incarnation",
                      (json_int_t)about->incarnation, "index", (json_int_t)about->index, "bytes", (json_int_t)bytes);

        table_json(ctl, json);
        json_decref(json);
        return;
    }
    fprintf(ctl->out,
            ctl_say(ctl, "备份 %s: %" PRId64 " 字节, 至第 %" PRIu64 " 批, 已检查\n",
                    "backup %s: %" PRId64 " bytes, up to turn %" PRIu64 ", verified\n"),
            name, bytes, about->index);
}

static void move_and_name(struct backup *backup)
{
    const char *directory = backup->ctl->arguments[0];
    char name[128], part[128];
    struct backup_about about;
    int failure =
        backup->fault != BACKUP_WELL ? -ECANCELED : backup_read_about(backup->sealed, &about, backup->offline.error);

    if (failure != 0)
        return;
    backup->fault = fault_of(backup_archives(backup->ctl, &backup->offline, directory, about.short_name, backup->rate));
    if (backup->fault != BACKUP_WELL)
        return;
    name_it(backup, &about, name, sizeof name);
    snprintf(part, sizeof part, ".%s.part", about.short_name);

    const struct backup_move move = {
        .from = backup->sealed, .directory = directory, .part = part, .name = name, .rate = backup->rate};

    backup->fault = fault_of(backup_move(backup->ctl, &move));
    if (backup->fault != BACKUP_WELL)
        return;
    print_made(backup, &about, name);
    if (backup->keep != 0)
        backup_keep(backup->ctl, directory, about.short_name, backup->keep);
}

static int leave_state(const struct backup *backup)
{
    const char *directory = backup->offline.directory;
    struct backup_state state = backup_state_read(directory);

    state.fault = backup->fault;
    state.failed_ms = backup->fault == BACKUP_WELL ? 0 : moment_now();
    if (backup->fault == BACKUP_WELL)
        state.made_ms = backup->made_ms;

    int failure = backup_state_write(directory, &state);

    if (failure == 0)
        return EXIT_OK;
    ctl_complain(backup->ctl, "%s: %s", directory, strerror(-failure));
    return EXIT_BAD_FILE;
}

static int exit_of(enum backup_fault fault)
{
    static const int exits[] = {
        [BACKUP_WELL] = EXIT_OK,       [BACKUP_SLOW] = EXIT_REFUSED,   [BACKUP_GROWN] = EXIT_REFUSED,
        [BACKUP_ROOM] = EXIT_BAD_FILE, [BACKUP_OTHER] = EXIT_BAD_FILE, [BACKUP_UNSOUND] = EXIT_CHECK_FAILED};

    return exits[fault];
}

static void begin(struct backup *backup)
{
    if (offline_backup_key(backup->ctl, &backup->offline, backup->key) != EXIT_OK) {
        backup->fault = BACKUP_OTHER;
    } else if (mkdir(backup->staging, 0700) != 0 && errno != EEXIST) {
        backup->fault = fault_of(-errno);
        fail_file(backup, backup->staging);
    } else {
        clear_staging(backup);
        check_room(backup);
    }
}

/* From here on whatever fails is a backup that failed, and is left as that. */
static int make(struct backup *backup)
{
    const struct ctl *ctl = backup->ctl;

    begin(backup);
    if (backup->fault == BACKUP_WELL)
        copy(backup);
    step(backup, seal_child, NULL, ctl_say(ctl, "正在密封", "sealing"));
    folder_remove(backup->copy);
    step(backup, check_child, NULL, NULL);
    folder_remove(backup->check);
    move_and_name(backup);
    clear_staging(backup);
    rmdir(backup->staging);

    int left = leave_state(backup);

    return backup->fault != BACKUP_WELL ? exit_of(backup->fault) : left;
}

static int prepare(struct backup *backup)
{
    int result = offline_find(backup->ctl, NULL, &backup->offline);

    if (result == EXIT_OK)
        result = read_paths(backup);
    return result == EXIT_OK ? lock_store(backup) : result;
}

int backup_run(struct ctl *ctl)
{
    struct backup backup = {.ctl = ctl, .lock = -1};

    if (!read_options(&backup))
        return EXIT_USAGE;

    int result = prepare(&backup);

    if (result == EXIT_OK)
        result = make(&backup);
    if (backup.lock >= 0)
        close(backup.lock);
    offline_fini(&backup.offline);
    sodium_memzero(backup.key, sizeof backup.key);
    return result;
}
