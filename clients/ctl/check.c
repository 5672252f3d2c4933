/* check.c - verify, recount and restore: a store read without a broker, beside a running one too. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "handlers.h"
#include "moment.h"
#include "offline.h"
#include "progress.h"
#include "report_check.h"
#include "store/verify.h"
#include "table.h"

static void show_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
    struct progress *progress = user;

    progress->what = what;
    progress_step(progress, done, total);
}

static void print_verified(const struct ctl *ctl, const struct store *store, const struct verify_result *found)
{
    const struct store_identity *identity = store_identity(store);
    struct store_mark mark = store_mark(store);
    char digest[2 * STORE_DIGEST_SIZE + 1];

    hex_encode(digest, bytes_of(mark.digest, sizeof mark.digest));
    if (ctl->json) {
        json_t *json =
            json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "store", identity->short_name,
                      "incarnation", (json_int_t)identity->incarnation, "index", (json_int_t)mark.index, "rows",
                      (json_int_t)found->rows, "turns", (json_int_t)found->turns, "inboxes", (json_int_t)found->inboxes,
                      "referrals", (json_int_t)found->referrals, "ledgers", (json_int_t)found->ledgers, "ledger_rows",
                      (json_int_t)found->ledger_rows, "faults", (json_int_t)found->faults, "first_fault",
                      found->first_fault, "digest", digest);

        table_json(ctl, json);
        json_decref(json);
        return;
    }
    fprintf(ctl->out,
            ctl_say(ctl,
                    "库 %s, 代次 %" PRIu32 ": %" PRIu64 " 行, %" PRIu64 " 批, %" PRIu64 " 个收件箱, %" PRIu64
                    " 个转诊\n",
                    "store %s, incarnation %" PRIu32 ": %" PRIu64 " rows, %" PRIu64 " turns, %" PRIu64
                    " inboxes, %" PRIu64 " referrals\n"),
            identity->short_name, identity->incarnation, found->rows, found->turns, found->inboxes, found->referrals);
    fprintf(ctl->out, ctl_say(ctl, "审计链 %s (第 %" PRIu64 " 批)\n", "audit chain %s (turn %" PRIu64 ")\n"), digest,
            mark.index);
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

static int verify(struct ctl *ctl)
{
    struct store *store = NULL;
    struct verify_result found;
    struct progress progress;
    int result = offline_open(ctl, &store), failure;

    if (result != EXIT_OK)
        return result;
    memset(&found, 0, sizeof found);
    progress_begin(&progress, ctl, "");
    failure = store_verify(store, show_progress, &progress, &found);
    progress_end(&progress);
    if (failure != 0)
        ctl_complain(ctl, "%s", store_error(store));
    print_verified(ctl, store, &found);
    store_close(store);
    return failure == 0 && found.faults == 0 ? EXIT_OK : EXIT_CHECK_FAILED;
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
    int result = offline_open(ctl, &store), failure;

    if (result != EXIT_OK)
        return result;
    recounting.rows = json_array();
    failure = store_recount(store, note_books, &recounting);
    if (failure != 0)
        ctl_complain(ctl, "%s", store_error(store));
    if (ctl->json)
        table_json(ctl, recounting.rows);
    else
        table_plain(ctl, ctl->zh ? zh : en, recounting.rows);
    json_decref(recounting.rows);
    store_close(store);
    return failure == 0 && recounting.balances ? EXIT_OK : EXIT_CHECK_FAILED;
}

int verify_run(struct ctl *ctl)
{
    if (ctl_has(ctl, "report"))
        return report_check_run(ctl);
    return offline_run(ctl, verify, NULL);
}

int recount_run(struct ctl *ctl)
{
    return offline_run(ctl, recount, ctl_say(ctl, "正在清点", "counting"));
}

/* An incarnation is a second (base/id.h): it is one that begins only now, so that another restore of the same copy, however soon,
 * gives other ids. */
static struct instant next_second(void)
{
    struct timespec until = {.tv_sec = moment_now() / SECOND_MS + 1};

    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
    return instant_of(until.tv_sec * SECOND_MS);
}

static int restore(struct ctl *ctl)
{
    struct offline offline;
    int result = offline_find(ctl, ctl->arguments[0], &offline), failure;

    if (result != EXIT_OK)
        return result;

    struct store_options options = offline_options(&offline, true);

    failure = store_restore(&options, ctl->arguments[1], next_second());
    offline_fini(&offline);
    if (failure == 0) {
        fprintf(ctl->out, ctl_say(ctl, "已恢复到 %s (新代次)\n", "restored to %s, in a new incarnation\n"),
                ctl->arguments[1]);
        return EXIT_OK;
    }
    ctl_complain(ctl, "%s", offline.error);
    return failure == -EEXIST                       ? EXIT_REFUSED
           : failure == -EBADMSG || failure == -EIO ? EXIT_CHECK_FAILED
                                                    : EXIT_BAD_FILE;
}

int restore_run(struct ctl *ctl)
{
    return offline_run(ctl, restore, ctl_say(ctl, "正在复制", "copying"));
}
