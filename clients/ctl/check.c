/* check.c - verify and recount: a store read without a broker, beside a running one too; a backup, as the store that it
 * becomes. */
#include "check.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "archives.h"
#include "checkpoints.h"
#include "folder.h"
#include "handlers.h"
#include "moment.h"
#include "offline.h"
#include "progress.h"
#include "report_check.h"
#include "store/backup.h"
#include "store/verify.h"
#include "store/verify_state.h"
#include "table.h"

static void show_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
    struct progress *progress = user;

    progress->what = what;
    progress_step(progress, done, total);
}

static json_t *verified_json(const struct store *store, const char *digest, const struct verify_result *found)
{
    const struct store_identity *identity = store_identity(store);

    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "store", identity->short_name,
                     "incarnation", (json_int_t)identity->incarnation, "index", (json_int_t)store_mark(store).index,
                     "rows", (json_int_t)found->rows, "turns", (json_int_t)found->turns, "inboxes",
                     (json_int_t)found->inboxes, "referrals", (json_int_t)found->referrals, "ledgers",
                     (json_int_t)found->ledgers, "ledger_rows", (json_int_t)found->ledger_rows, "faults",
                     (json_int_t)found->faults, "first_fault", found->first_fault, "digest", digest);
}

static void print_verified(const struct ctl *ctl, const struct store *store, const char *digest,
                           const struct verify_result *found)
{
    const struct store_identity *identity = store_identity(store);

    fprintf(ctl->out,
            ctl_say(ctl,
                    "库 %s, 代次 %" PRIu32 ": %" PRIu64 " 行, %" PRIu64 " 批, %" PRIu64 " 个收件箱, %" PRIu64
                    " 个转诊\n",
                    "store %s, incarnation %" PRIu32 ": %" PRIu64 " rows, %" PRIu64 " turns, %" PRIu64
                    " inboxes, %" PRIu64 " referrals\n"),
            identity->short_name, identity->incarnation, found->rows, found->turns, found->inboxes, found->referrals);
    fprintf(ctl->out, ctl_say(ctl, "审计链 %s (第 %" PRIu64 " 批)\n", "audit chain %s (turn %" PRIu64 ")\n"), digest,
            store_mark(store).index);
    fprintf(ctl->out,
            ctl_say(ctl, "号源台账 %" PRIu64 " 家医院, %" PRIu64 " 条\n",
                    "ledgers of places: %" PRIu64 " hospitals, %" PRIu64 " rows\n"),
            found->ledgers, found->ledger_rows);
    if (found->faults == 0)
        fprintf(ctl->out, "%s\n", ctl_say(ctl, "未发现问题", "no fault found"));
    else
        fprintf(ctl->out, ctl_say(ctl, "发现 %" PRIu64 " 处问题; 第一处: %s\n", "%" PRIu64 " faults; the first: %s\n"),
                found->faults, found->first_fault);
}

static void tell_verified(const struct ctl *ctl, const struct store *store, const struct verify_result *found,
                          json_t *document)
{
    struct store_mark mark = store_mark(store);
    char digest[2 * STORE_DIGEST_SIZE + 1];

    hex_encode(digest, bytes_of(mark.digest, sizeof mark.digest));
    if (ctl->json)
        json_object_update_new(document, verified_json(store, digest, found));
    else
        print_verified(ctl, store, digest, found);
}

int check_verify(const struct ctl *ctl, const struct store_options *options, json_t *document)
{
    struct store *store = NULL;
    struct verify_result found;
    struct progress progress;
    int failure = store_open(options, &store), result = EXIT_OK;

    if (failure != 0)
        return offline_fail(ctl, failure, options->error);
    memset(&found, 0, sizeof found);
    progress_begin(&progress, ctl, "");
    failure = store_verify(store, show_progress, &progress, &found);
    progress_end(&progress);
    if (failure != 0)
        result = offline_fail(ctl, failure, store_error(store));
    else if (document != NULL)
        tell_verified(ctl, store, &found, document);
    else if (found.faults != 0)
        ctl_complain(ctl, "%s", found.first_fault);
    store_close(store);
    return failure == 0 && found.faults != 0 ? EXIT_CHECK_FAILED : result;
}

/* The store, its archive, and a checkpoint, as far as they are asked for. */
static int verify_all(const struct ctl *ctl, const struct offline *offline, const struct store_options *options,
                      json_t *document)
{
    int result = check_verify(ctl, options, document);

    if (ctl_has(ctl, "archives") || !ctl_has(ctl, "store")) { /* the configuration has both */
        int archived = archive_verify_run(ctl, options, offline->archives, document);

        result = result == EXIT_OK ? archived : result;
    }
    if (ctl_has(ctl, "checkpoint")) {
        int checked = checkpoint_verify_run(ctl, options, ctl_option(ctl, "checkpoint"));

        result = result == EXIT_OK ? checked : result;
    }
    return result;
}

static int verify(struct ctl *ctl)
{
    struct offline offline;
    int result = offline_find(ctl, NULL, &offline);

    if (result != EXIT_OK)
        return result;

    struct store_options options = offline_options(&offline, true);
    json_t *document = json_object();

    result = verify_all(ctl, &offline, &options, document);
    if (json_object_size(document) > 0)
        table_json(ctl, document);
    json_decref(document);
    offline_fini(&offline);
    return result;
}

/* --store is where it shall lie. */
static int unseal(struct ctl *ctl)
{
    struct offline offline;
    uint8_t key[BACKUP_KEY_SIZE];
    int result = offline_find(ctl, NULL, &offline);

    if (result == EXIT_OK)
        result = offline_backup_key(ctl, &offline, key);
    if (result == EXIT_OK) {
        int failure = backup_unseal(ctl_option(ctl, "backup"), key, offline.directory, offline.error);

        if (failure != 0)
            result = offline_fail(ctl, failure, offline.error);
    }
    sodium_memzero(key, sizeof key);
    offline_fini(&offline);
    return result;
}

/* A backup is looked at as the store that it becomes: in a folder of its own, which is gone afterwards. */
static int verify_backup(struct ctl *ctl)
{
    const char *base = ctl_option(ctl, "staging");
    char folder[FOLDER_PATH_MAX];

    if (!folder_path(folder, base != NULL ? base : "/var/tmp", "referral-verify.XXXXXX") || mkdtemp(folder) == NULL) {
        ctl_complain(ctl, "%s: %s", folder, strerror(errno));
        return EXIT_BAD_FILE;
    }
    ctl_give(ctl, "store", folder);

    int result = offline_run(ctl, unseal, ctl_say(ctl, "正在解封", "unsealing"));

    if (result == EXIT_OK)
        result = offline_run(ctl, verify, NULL);
    folder_remove(folder);
    return result;
}

struct recounting {
    json_t *rows;
    bool balances;
};

static void note_books(void *user, const struct recount *recount)
{
    struct recounting *recounting = user;

    recounting->balances = recounting->balances && recount->balances;
    json_array_append_new(recounting->rows,
                          json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "institution", recount->id,
                                    "accepted", (json_int_t)recount->accepted, "acknowledged",
                                    (json_int_t)recount->acknowledged, "waiting", (json_int_t)recount->waiting, "dead",
                                    (json_int_t)recount->dead, "dropped", (json_int_t)recount->dropped,
                                    "counted_waiting", (json_int_t)recount->counted_waiting, "counted_dead",
                                    (json_int_t)recount->counted_dead, "balances", recount->balances));
}

static int recount(struct ctl *ctl)
{
    static const char *const zh[] = {"机构",   "受理",     "已确认",   "等待", "死信",
                                     "已丢弃", "清点等待", "清点死信", "平衡", NULL};
    static const char *const en[] = {"institution", "accepted",        "acknowledged", "waiting",  "dead",
                                     "dropped",     "counted waiting", "counted dead", "balances", NULL};
    struct store *store = NULL;
    struct recounting recounting = {.balances = true};
    int result = offline_open(ctl, true, &store), failure;

    if (result != EXIT_OK)
        return result;
    recounting.rows = json_array();
    failure = store_recount(store, note_books, &recounting);
    if (failure != 0)
        result = offline_fail(ctl, failure, store_error(store)); /* what was counted is not all */
    else if (ctl->json)
        table_json(ctl, recounting.rows);
    else
        table_plain(ctl, ctl->zh ? zh : en, recounting.rows);
    json_decref(recounting.rows);
    store_close(store);
    return failure != 0 || recounting.balances ? result : EXIT_CHECK_FAILED;
}

/* For the daemon, which has an alarm for a store that nobody looked through for long, or that is not as it should
 * be. */
static int leave_state(struct ctl *ctl, int64_t began_ms, int result)
{
    struct offline offline;

    if ((result != EXIT_OK && result != EXIT_CHECK_FAILED) || offline_find(ctl, NULL, &offline) != EXIT_OK)
        return result;
    offline_fini(&offline);

    struct verify_state state = verify_state_read(offline.directory);

    state.failed_ms = result == EXIT_OK ? 0 : began_ms;
    if (result == EXIT_OK)
        state.sound_ms = began_ms;

    int failure = verify_state_write(offline.directory, &state);

    if (failure != 0)
        ctl_complain(ctl, "%s: %s", offline.directory, strerror(-failure));
    return result;
}

int verify_run(struct ctl *ctl)
{
    int64_t began_ms = moment_now();

    if (ctl_has(ctl, "report"))
        return report_check_run(ctl);
    if (ctl_has(ctl, "backup"))
        return verify_backup(ctl);
    return leave_state(ctl, began_ms, offline_run(ctl, verify, NULL));
}

int recount_run(struct ctl *ctl)
{
    return offline_run(ctl, recount, ctl_say(ctl, "正在清点", "counting"));
}
