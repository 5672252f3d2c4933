/* report_check.c - `verify --report FILE`: a saved report made again over the same range, and every member of it
 * compared. */
#include <inttypes.h>
#include <string.h>

#include "body.h"
#include "handlers.h"
#include "offline.h"
#include "report.h"
#include "report_check.h"
#include "reserve_json.h"
#include "service_json.h"
#include "table.h"

#define PATH_SIZE       256
#define DIFFERENCES_MAX 20

struct comparing {
    json_t *differences; /* of at most DIFFERENCES_MAX */
    uint64_t count;
};

static void compare(struct comparing *comparing, const char *path, json_t *said, json_t *found);

static void differ(struct comparing *comparing, const char *path, json_t *said, json_t *found)
{
    json_t *difference = json_object();

    comparing->count++;
    json_object_set_new(difference, "what", json_string(path));
    json_object_set(difference, "report", said == NULL ? json_null() : said);
    json_object_set(difference, "found", found == NULL ? json_null() : found);
    if (json_array_size(comparing->differences) < DIFFERENCES_MAX)
        json_array_append(comparing->differences, difference);
    json_decref(difference);
}

static void compare_objects(struct comparing *comparing, const char *path, json_t *said, json_t *found)
{
    char inner[PATH_SIZE];
    const char *name;
    json_t *value;

    json_object_foreach(found, name, value)
    {
        snprintf(inner, sizeof inner, "%s%s%s", path, path[0] == '\0' ? "" : ".", name);
        compare(comparing, inner, json_object_get(said, name), value);
    }
    json_object_foreach(said, name, value)
    {
        snprintf(inner, sizeof inner, "%s%s%s", path, path[0] == '\0' ? "" : ".", name);
        if (json_object_get(found, name) == NULL)
            differ(comparing, inner, value, NULL);
    }
}

static void compare_lists(struct comparing *comparing, const char *path, json_t *said, json_t *found)
{
    size_t count = json_array_size(said) > json_array_size(found) ? json_array_size(said) : json_array_size(found);
    char inner[PATH_SIZE];

    for (size_t i = 0; i < count; i++) {
        snprintf(inner, sizeof inner, "%s[%zu]", path, i);
        compare(comparing, inner, json_array_get(said, i), json_array_get(found, i));
    }
}

static void compare(struct comparing *comparing, const char *path, json_t *said, json_t *found)
{
    if (json_is_object(said) && json_is_object(found))
        compare_objects(comparing, path, said, found);
    else if (json_is_array(said) && json_is_array(found))
        compare_lists(comparing, path, said, found);
    else if (!json_equal(said, found))
        differ(comparing, path, said, found);
}

/* ---- Making it again ---- */

/* Up to the row it names, which must end a page: else no ledger ever stood there when a report was made. */
static int make_reserve(struct ledgers *ledgers, const struct reserve_claim *claim, json_t **ret_found)
{
    struct replay *replay = NULL;
    int result = report_replay(ledgers, claim->hospital, claim->last_row, &replay);

    if (result == EXIT_OK)
        *ret_found = reserve_json(replay, claim->hospital, &claim->range, ledgers->test_time);
    replay_close(replay);
    return result;
}

/* Of the last record up to this turn. */
static const Record__Audit *record_up_to(struct ledgers *ledgers, uint64_t index)
{
    const Record__Audit *record = NULL;

    while (record == NULL && index > 0)
        record = audit_record(ledgers->txn, index--);
    return record;
}

/* A turn that stands in no record changed nothing that is reported: its time is one between the records beside it. A
 * later one would let the report count what came later. */
static int64_t time_between(int64_t at_ms, const Record__Audit *before, int64_t next_ms)
{
    int64_t before_ms = before == NULL ? 0 : before->at_ms;

    if (at_ms < before_ms)
        return before_ms;
    return at_ms > next_ms ? next_ms : at_ms;
}

/* P3: the chain's digest after that turn is what the next record bears, or the store's own. */
static bool find_digest(struct ledgers *ledgers, struct service_moment *moment)
{
    struct store_mark last = store_mark(ledgers->store);
    const Record__Audit *before, *next;

    if (moment->index > last.index)
        return false;
    before = record_up_to(ledgers, moment->index);
    next = audit_record_from(ledgers->txn, moment->index + 1);
    if (next != NULL && next->previous.len != sizeof moment->digest)
        return false;
    memcpy(moment->digest, next == NULL ? last.digest : next->previous.data, sizeof moment->digest);
    if (before != NULL && before->index == moment->index)
        moment->at_ms = before->at_ms;
    else
        moment->at_ms = time_between(moment->at_ms, before, next == NULL ? last.time.ms : next->at_ms);
    return true;
}

/* The audit's records are not for everybody: what the broker counted is checked where the store is. */
static int make_service(struct ledgers *ledgers, const struct service_claim *claim, json_t **ret_found)
{
    const struct ctl *ctl = ledgers->ctl;
    struct service_moment moment = claim->moment;

    if (ledgers->store == NULL) {
        ctl_complain(ctl, "%s",
                     ctl_say(ctl, "核查服务月报须给出 --store", "a service report is checked against a --store"));
        return EXIT_USAGE;
    }
    if (!find_digest(ledgers, &moment)) {
        ctl_complain(ctl, "%s", ctl_say(ctl, "审计链中没有该批次", "the audit chain has no such turn"));
        return EXIT_CHECK_FAILED;
    }
    return service_json(ledgers, claim->hospital, claim->month, &moment, ret_found);
}

/* What referrals did stands in no ledger. */
static const char *agreement(const struct ctl *ctl, json_t *report)
{
    const char *what = json_string_value(json_object_get(report, "report"));

    return ctl_say(ctl, "报告属实",
                   strcmp(what, "service") == 0 ? "the report is as the store has it"
                                                : "the report is as the ledger has it");
}

static int print(const struct ctl *ctl, json_t *report, const struct comparing *comparing)
{
    if (ctl->json) {
        json_t *answer =
            json_pack("{s:I, s:O}", "faults", (json_int_t)comparing->count, "differences", comparing->differences);

        table_json(ctl, answer);
        json_decref(answer);
    } else if (comparing->count == 0) {
        fprintf(ctl->out, "%s\n", agreement(ctl, report));
    } else {
        static const char *const zh[] = {"项目", "报告", "核查", NULL}, *const en[] = {"what", "report", "found", NULL};

        table_plain(ctl, ctl->zh ? zh : en, comparing->differences);
        fprintf(ctl->out,
                comparing->count == 1 ? ctl_say(ctl, "共 %" PRIu64 " 处不符\n", "%" PRIu64 " difference\n")
                                      : ctl_say(ctl, "共 %" PRIu64 " 处不符\n", "%" PRIu64 " differences\n"),
                comparing->count);
    }
    return comparing->count == 0 ? EXIT_OK : EXIT_CHECK_FAILED;
}

static int make_again(struct ledgers *ledgers, json_t *report, json_t **ret_found)
{
    struct reserve_claim reserve;
    struct service_claim service;

    if (reserve_claim(report, &reserve))
        return make_reserve(ledgers, &reserve, ret_found);
    if (service_claim(report, &service))
        return make_service(ledgers, &service, ret_found);
    ctl_complain(ledgers->ctl, "%s", ctl_say(ledgers->ctl, "不是本程序的报告", "this is no report of referralctl"));
    return EXIT_BAD_FILE;
}

static int check(const struct ctl *ctl, json_t *report)
{
    struct comparing comparing = {.differences = json_array()};
    struct ledgers ledgers;
    json_t *found = NULL;
    int result = ledgers_open(ctl, &ledgers);

    if (result == EXIT_OK)
        result = make_again(&ledgers, report, &found);
    if (result == EXIT_OK) {
        compare(&comparing, "", report, found);
        result = print(ctl, report, &comparing);
    }
    json_decref(found);
    json_decref(comparing.differences);
    ledgers_close(&ledgers);
    return result;
}

static int run(struct ctl *ctl)
{
    json_t *report = body_read_file(ctl, ctl_option(ctl, "report"));
    int result = report == NULL ? EXIT_BAD_FILE : check(ctl, report);

    json_decref(report);
    return result;
}

int report_check_run(struct ctl *ctl)
{
    return ledgers_are_offline(ctl) ? offline_run(ctl, run, NULL) : run(ctl);
}
