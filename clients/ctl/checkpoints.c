/* checkpoints.c - checkpoints of the audit chain: written beside a running broker, to be kept elsewhere; and a store
 * held against one.
 *
 * A file that is there is replaced by a later checkpoint of the same store only: who collects them never finds less
 * than before. */
#include "checkpoints.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "handlers.h"
#include "offline.h"
#include "store/checkpoint.h"
#include "store/durable.h"
#include "table.h"

static int fail_file(const struct ctl *ctl, const char *path, int failure)
{
    ctl_complain(ctl, "%s: %s", path, strerror(-failure));
    return EXIT_BAD_FILE;
}

/* The whole file as a text. 0 or a negative errno; -EPROTO where it is too long to be a checkpoint. */
static int read_text(const char *path, char text[CHECKPOINT_TEXT_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t length = fd < 0 ? -1 : read(fd, text, CHECKPOINT_TEXT_MAX);
    int failure = length < 0 ? -errno : length == CHECKPOINT_TEXT_MAX ? -EPROTO : 0;

    if (fd >= 0)
        close(fd);
    if (failure == 0)
        text[length] = '\0';
    return failure;
}

static int read_file(const char *path, struct checkpoint *ret_checkpoint)
{
    char text[CHECKPOINT_TEXT_MAX];
    int failure = read_text(path, text);

    return failure != 0 ? failure : checkpoint_parse(text, ret_checkpoint);
}

/* ---- Writing ---- */

static int write_part(const char *part, const char *text)
{
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    size_t size = strlen(text);

    if (fd < 0)
        return -errno;

    ssize_t written = write(fd, text, size);
    int failure = written < 0 ? -errno : (size_t)written != size ? -ENOSPC : 0;

    if (failure == 0 && fsync(fd) != 0)
        failure = -errno;
    close(fd);
    return failure;
}

static int write_file(const char *path, const char *text)
{
    char part[FOLDER_PATH_MAX];

    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
        return -ENAMETOOLONG;

    int failure = write_part(part, text);

    if (failure == 0 && rename(part, path) != 0)
        failure = -errno;
    if (failure != 0)
        unlink(part);
    return failure != 0 ? failure : durable_name(path);
}

static bool is_later(const struct checkpoint *one, const struct checkpoint *other)
{
    return one->incarnation != other->incarnation ? one->incarnation > other->incarnation : one->index > other->index;
}

/* EXIT_OK: `path` may become the checkpoint `ours`. */
static int may_write(const struct ctl *ctl, const char *path, const struct checkpoint *ours)
{
    struct checkpoint theirs;
    int failure = read_file(path, &theirs);

    if (failure == -ENOENT)
        return EXIT_OK;
    if (failure != 0 && failure != -EPROTO && failure != -EBADMSG)
        return fail_file(ctl, path, failure);
    if (failure != 0 || memcmp(theirs.store_id, ours->store_id, sizeof ours->store_id) != 0)
        ctl_complain(
            ctl, ctl_say(ctl, "%s: 不是本库的检查点, 不覆盖", "%s: is no checkpoint of this store: not overwritten"),
            path);
    else if (is_later(&theirs, ours))
        ctl_complain(ctl,
                     ctl_say(ctl, "%s: 已有更晚的检查点(第 %" PRIu64 " 批), 不覆盖",
                             "%s: is a later checkpoint, of turn %" PRIu64 ": not overwritten"),
                     path, theirs.index);
    else
        return EXIT_OK;
    return EXIT_REFUSED;
}

static bool path_in(char path[FOLDER_PATH_MAX], const char *given, const struct checkpoint *checkpoint)
{
    struct stat status;
    char name[96];

    if (stat(given, &status) != 0 || !S_ISDIR(status.st_mode))
        return snprintf(path, FOLDER_PATH_MAX, "%s", given) < FOLDER_PATH_MAX;
    snprintf(name, sizeof name, "%s-%" PRIu32 "-%" PRIu64 ".checkpoint", checkpoint->short_name,
             checkpoint->incarnation, checkpoint->index);
    return folder_path(path, given, name);
}

static void print(const struct ctl *ctl, const struct checkpoint *checkpoint, const char *path)
{
    char chain[2 * STORE_DIGEST_SIZE + 1], key[2 * CHECKPOINT_KEY_SIZE + 1];

    hex_encode(chain, bytes_of(checkpoint->chain, sizeof checkpoint->chain));
    hex_encode(key, bytes_of(checkpoint->public_key, sizeof checkpoint->public_key));
    if (ctl->json) {
        json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:s, s:s}", "store", checkpoint->short_name, "incarnation",
                                 (json_int_t)checkpoint->incarnation, "index", (json_int_t)checkpoint->index, "time_ms",
                                 (json_int_t)checkpoint->time.ms, "chain", chain, "public_key", key);

        if (path != NULL)
            json_object_set_new(json, "file", json_string(path));
        table_json(ctl, json);
        json_decref(json);
        return;
    }
    fprintf(ctl->out,
            ctl_say(ctl, "检查点 %s: 第 %" PRIu64 " 批, 公钥 %s\n", "checkpoint %s: turn %" PRIu64 ", public key %s\n"),
            path, checkpoint->index, key);
}

static int save(const struct ctl *ctl, const char *given, const struct checkpoint *checkpoint, const char *text)
{
    char path[FOLDER_PATH_MAX];

    if (!path_in(path, given, checkpoint))
        return fail_file(ctl, given, -ENAMETOOLONG);

    int result = may_write(ctl, path, checkpoint);
    int failure = result == EXIT_OK ? write_file(path, text) : 0;

    if (failure != 0)
        return fail_file(ctl, path, failure);
    if (result == EXIT_OK)
        print(ctl, checkpoint, path);
    return result;
}

static int make(struct ctl *ctl)
{
    const char *given = ctl->arguments[0];
    struct checkpoint checkpoint;
    char text[CHECKPOINT_TEXT_MAX];
    struct store *store = NULL;
    int result = offline_open(ctl, true, &store);

    if (result != EXIT_OK)
        return result;
    checkpoint_make(store, text);
    store_close(store);
    if (checkpoint_parse(text, &checkpoint) != 0)
        return fail_file(ctl, "checkpoint", -EBADMSG);
    if (given != NULL)
        return save(ctl, given, &checkpoint, text);
    if (ctl->json)
        print(ctl, &checkpoint, NULL);
    else
        fputs(text, ctl->out);
    return EXIT_OK;
}

int checkpoint_run(struct ctl *ctl)
{
    return offline_run(ctl, make, NULL);
}

/* ---- Holding a store against one ---- */

static int say(const struct ctl *ctl, const struct checkpoint *checkpoint, enum checkpoint_verdict verdict)
{
    static const struct {
        const char *zh, *en;
        int result;
    } verdicts[] = {
        [CHECKPOINT_HOLDS] = {"检查点 (第 %" PRIu64 " 批): 审计链经过此处",
                              "the audit chain passes through the checkpoint of turn %" PRIu64, EXIT_OK},
        [CHECKPOINT_OF_ANOTHER] = {"检查点 (第 %" PRIu64 " 批) 属于另一个库",
                                   "the checkpoint of turn %" PRIu64 " is of another store", EXIT_BAD_FILE},
        [CHECKPOINT_CUT] = {"审计链被截断: 本库止于检查点 (第 %" PRIu64 " 批) 之前",
                            "the audit was cut: this store ends before the checkpoint of turn %" PRIu64,
                            EXIT_CHECK_FAILED},
        [CHECKPOINT_LEFT] = {"检查点 (第 %" PRIu64 " 批) 不在本库之内: 由更早的备份恢复后, 该批已丢弃",
                             "turn %" PRIu64
                             " of the checkpoint is not in this store: a restore of an older copy left it behind",
                             EXIT_CHECK_FAILED},
        [CHECKPOINT_REWRITTEN] =
            {"审计链被改写: 与检查点 (第 %" PRIu64 " 批) 不符",
             "the audit was written anew: its chain does not pass through the checkpoint of turn %" PRIu64,
             EXIT_CHECK_FAILED},
    };
    const char *text = ctl_say(ctl, verdicts[verdict].zh, verdicts[verdict].en);

    if (verdict == CHECKPOINT_HOLDS && !ctl->json)
        fprintf(ctl->out, text, checkpoint->index), fputc('\n', ctl->out);
    else if (verdict != CHECKPOINT_HOLDS)
        ctl_complain(ctl, text, checkpoint->index);
    return verdicts[verdict].result;
}

/* Who kept the public key elsewhere knows by it who signed. */
static int check_signer(const struct ctl *ctl, const char *path, const struct checkpoint *checkpoint)
{
    const char *given = ctl_option(ctl, "public-key");
    uint8_t key[CHECKPOINT_KEY_SIZE];

    if (given != NULL && !hex_decode(key, sizeof key, given)) {
        ctl_complain(ctl, "%s", ctl_say(ctl, "--public-key: 64 位十六进制数", "--public-key: 64 hex digits"));
        return EXIT_USAGE;
    }
    if (given == NULL || memcmp(key, checkpoint->public_key, sizeof key) == 0)
        return EXIT_OK;
    ctl_complain(ctl, ctl_say(ctl, "%s: 由另一个密钥签名", "%s: is signed by another key"), path);
    return EXIT_BAD_FILE;
}

static int fail_parse(const struct ctl *ctl, const char *path, int failure)
{
    if (failure != -EPROTO && failure != -EBADMSG)
        return fail_file(ctl, path, failure);
    ctl_complain(ctl,
                 failure == -EPROTO
                     ? ctl_say(ctl, "%s: 不是检查点, 或来自更新的版本", "%s: is no checkpoint, or of a newer version")
                     : ctl_say(ctl, "%s: 签名不符", "%s: its signature does not hold"),
                 path);
    return EXIT_BAD_FILE;
}

int checkpoint_verify_run(const struct ctl *ctl, const struct store_options *options, const char *path)
{
    enum checkpoint_verdict verdict;
    struct checkpoint checkpoint;
    struct store *store = NULL;
    int failure = read_file(path, &checkpoint), result;

    if (failure != 0)
        return fail_parse(ctl, path, failure);
    result = check_signer(ctl, path, &checkpoint);
    if (result != EXIT_OK)
        return result;
    failure = store_open(options, &store);
    if (failure != 0)
        return offline_fail(ctl, failure, options->error);
    failure = checkpoint_check(store, &checkpoint, &verdict);
    result = failure != 0 ? offline_fail(ctl, failure, store_error(store)) : say(ctl, &checkpoint, verdict);
    store_close(store);
    return result;
}
