/* replays.c - `replay`: pools rebuilt from their ledger, each row held against the rules, and of a store compared with
 * its pools. */
#include <inttypes.h>

#include "engine/replay_compare.h"
#include "handlers.h"
#include "offline.h"
#include "report.h"
#include "table.h"

struct replaying {
    const struct ctl *ctl;
    const char *hospital;
    json_t *differences;
};

/* "EXPERT/NK/WANG-AM/2026-12-02", or "" for the ledger as a whole. */
static void name_pool(char *out, size_t size, const struct pool_key *key)
{
    char date[DATE_TEXT_SIZE];

    out[0] = '\0';
    if (key == NULL)
        return;
    date_format(date, date_from_days(key->day));
    snprintf(out, size, "%s/%s/%s/%s",
             protobuf_c_enum_descriptor_get_value(&referral__place_class__descriptor, key->class)->name,
             key->department, key->resource, date);
}

static void note_difference(void *user, const struct replay_difference *difference)
{
    struct replaying *replaying = user;
    char pool[256];

    name_pool(pool, sizeof pool, difference->pool);
    json_array_append_new(replaying->differences,
                          json_pack("{s:s, s:s, s:s, s:s, s:s}", "hospital", replaying->hospital, "pool", pool, "what",
                                    difference->what, "ledger", difference->ledger, "store", difference->store));
}

static json_t *found_json(const struct replaying *replaying, const struct replay *replay)
{
    char digest[2 * REPLAY_DIGEST_SIZE + 1];
    size_t pools;

    replay_pools(replay, &pools);
    hex_encode(digest, bytes_of(replay_digest(replay), REPLAY_DIGEST_SIZE));
    return json_pack("{s:s, s:I, s:I, s:s, s:s, s:O}", "hospital", replaying->hospital, "rows",
                     (json_int_t)replay_rows(replay), "pools", (json_int_t)pools, "digest", digest, "fault",
                     replay_error(replay), "differences", replaying->differences);
}

/* One hospital: its line of the answer, and how it ended. */
static int replay_one(struct ledgers *ledgers, const char *hospital, json_t *rows, json_t *differences)
{
    struct replaying replaying = {.ctl = ledgers->ctl, .hospital = hospital, .differences = json_array()};
    struct replay *replay;
    uint32_t number;
    int result = report_replay(ledgers, hospital, REPORT_ALL_ROWS, &replay);

    if (result == EXIT_OK && ledgers->store != NULL) {
        result = ledgers_number(ledgers, hospital, &number);
        if (result == EXIT_OK && replay_compare(replay, ledgers->txn, number, note_difference, &replaying) != 0)
            result = EXIT_CHECK_FAILED;
    }
    if (replay != NULL && (result == EXIT_OK || result == EXIT_CHECK_FAILED)) {
        json_array_extend(differences, replaying.differences);
        json_array_append_new(rows, found_json(&replaying, replay));
    }
    json_decref(replaying.differences);
    replay_close(replay);
    return result;
}

static void print(const struct ctl *ctl, json_t *rows, json_t *differences)
{
    static const struct column columns[] = {
        {"hospital", COLUMN_TEXT, "医院", "hospital"},
        {"rows", COLUMN_COUNT, "条数", "rows"},
        {"pools", COLUMN_COUNT, "号源池", "pools"},
        {"digest", COLUMN_TEXT, "摘要", "digest"},
        {NULL, COLUMN_TEXT, NULL, NULL},
    };
    static const struct column of_difference[] = {
        {"hospital", COLUMN_TEXT, "医院", "hospital"}, {"pool", COLUMN_TEXT, "号源池", "pool"},
        {"what", COLUMN_TEXT, "项目", "what"},         {"ledger", COLUMN_TEXT, "台账", "ledger"},
        {"store", COLUMN_TEXT, "数据库", "store"},     {NULL, COLUMN_TEXT, NULL, NULL},
    };

    if (ctl->json) {
        table_json(ctl, rows);
        return;
    }
    columns_table(ctl, columns, rows);
    if (json_array_size(differences) != 0) {
        fprintf(ctl->out, "\n");
        columns_table(ctl, of_difference, differences);
    }
}

static int replay_all(struct ledgers *ledgers, json_t *ids)
{
    json_t *rows = json_array(), *differences = json_array(), *id;
    int worst = EXIT_OK;
    size_t i;

    json_array_foreach(ids, i, id)
    {
        int result = replay_one(ledgers, json_string_value(id), rows, differences);

        if (worst == EXIT_OK)
            worst = result;
    }
    print(ledgers->ctl, rows, differences);
    if (worst == EXIT_OK && !ledgers->ctl->json)
        fprintf(ledgers->ctl->out, "%s\n",
                ledgers->store == NULL
                    ? ctl_say(ledgers->ctl, "台账符合规则", "the rows keep the rules")
                    : ctl_say(ledgers->ctl, "台账符合规则, 且与数据库一致",
                              "the rows keep the rules, and the pools of the store are what they say"));
    json_decref(differences);
    json_decref(rows);
    return worst;
}

static int run(struct ctl *ctl)
{
    struct ledgers ledgers;
    const char *hospital = NULL;
    json_t *ids = NULL;
    int result = ledgers_open(ctl, &ledgers);

    if (result == EXIT_OK && !ctl_has(ctl, "all"))
        result = report_hospital(&ledgers, &hospital);
    if (result == EXIT_OK)
        result = ledgers_list(&ledgers, hospital, &ids);
    if (result == EXIT_OK)
        result = replay_all(&ledgers, ids);
    json_decref(ids);
    ledgers_close(&ledgers);
    return result;
}

int replay_run(struct ctl *ctl)
{
    return ledgers_are_offline(ctl) ? offline_run(ctl, run, NULL) : run(ctl);
}
