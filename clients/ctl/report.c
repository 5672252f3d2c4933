/* report.c - whose ledger, read how far, printed how. */
#include "report.h"

#include <inttypes.h>
#include <string.h>

#include "names.h"

const char *report_form(const struct ctl *ctl, const char *const *forms)
{
    const char *form = ctl_option(ctl, "output");
    char known[64] = "";

    if (form == NULL)
        return ctl->json ? "json" : forms[0];
    for (size_t i = 0; forms[i] != NULL; i++) {
        size_t used = strlen(known);

        if (strcmp(forms[i], form) == 0)
            return forms[i];
        snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ", forms[i]);
    }
    ctl_complain(ctl, ctl_say(ctl, "--output 应为 %s 之一", "--output must be one of %s"), known);
    return NULL;
}

/* Of a store: the only one there is. */
static int only_hospital(struct ledgers *ledgers, const char **ret_hospital)
{
    json_t *ids;
    int result = ledgers_list(ledgers, NULL, &ids);

    if (result == EXIT_OK && json_array_size(ids) == 1) {
        *ret_hospital = arena_text(&ledgers->arena, json_string_value(json_array_get(ids, 0)));
    } else if (result == EXIT_OK) {
        ctl_complain(
            ledgers->ctl,
            ctl_say(ledgers->ctl, "请指明医院: 库中有 %zu 家的台账", "name the hospital: the store has %zu ledgers"),
            json_array_size(ids));
        result = EXIT_USAGE;
    }
    json_decref(ids);
    return result;
}

/* An observer's or operator's own institution has no ledger, and an empty report would read like a good one. */
static int check_is_hospital(const struct ledgers *ledgers, const char *id)
{
    json_t *institution = names_institution(ledgers->ctl, ledgers->client, id);
    const char *kind = json_string_value(json_object_get(institution, "kind"));
    bool is_hospital = kind == NULL || strcmp(kind, "HOSPITAL") == 0;

    json_decref(institution);
    if (is_hospital)
        return EXIT_OK;
    ctl_complain(ledgers->ctl, ctl_say(ledgers->ctl, "请指明医院: %s 不是医院", "name the hospital: %s is none"), id);
    return EXIT_USAGE;
}

int report_hospital(struct ledgers *ledgers, const char **ret_hospital)
{
    *ret_hospital = ledgers->ctl->arguments[0];
    if (*ret_hospital != NULL)
        return EXIT_OK;
    if (ledgers->store != NULL)
        return only_hospital(ledgers, ret_hospital);
    *ret_hospital = ctl_option(ledgers->ctl, "acting-for");
    if (*ret_hospital == NULL)
        *ret_hospital = referral_welcome(ledgers->client)->institution;
    return check_is_hospital(ledgers, *ret_hospital);
}

/* ---- Reading ---- */

struct reading {
    struct replay *replay;
    uint64_t last_row;
    int failure;
};

static uint64_t read_page(void *user, struct bytes page)
{
    struct reading *reading = user;

    reading->failure = replay_page(reading->replay, page);
    if (reading->failure != 0 || replay_rows(reading->replay) >= reading->last_row)
        return 0;
    return replay_rows(reading->replay) + 1;
}

/* Is what was read all that there is? Of a report that is checked it was only wanted up to its last row. */
static bool is_whole(const struct reading *reading, const struct ledger_mark *mark)
{
    const struct replay *replay = reading->replay;

    return reading->last_row != REPORT_ALL_ROWS ||
           (replay_rows(replay) == mark->rows && memcmp(replay_digest(replay), mark->digest, sizeof mark->digest) == 0);
}

int report_replay(struct ledgers *ledgers, const char *hospital, uint64_t last_row, struct replay **ret_replay)
{
    const struct ctl *ctl = ledgers->ctl;
    struct reading reading = {.replay = replay_open(), .last_row = last_row};
    struct ledger_mark mark = {0};
    int result;

    *ret_replay = reading.replay;
    if (reading.replay == NULL) {
        ctl_complain(ctl, "%s", ctl_say(ctl, "内存不足", "out of memory"));
        return EXIT_BAD_FILE;
    }
    if (last_row == 0) /* a report from before the first row */
        return EXIT_OK;
    result = ledgers_read(ledgers, hospital, read_page, &reading, &mark);
    if (result != EXIT_OK)
        return result;
    if (reading.failure == 0)
        reading.failure = replay_end(reading.replay);
    if (reading.failure != 0) {
        ctl_complain(ctl, "%s: %s", hospital, replay_error(reading.replay));
        return EXIT_CHECK_FAILED;
    }
    if (is_whole(&reading, &mark))
        return EXIT_OK;
    ctl_complain(ctl,
                 ctl_say(ctl, "%s 的台账在第 %" PRIu64 " 条后中断", "the ledger of %s breaks off after row %" PRIu64),
                 hospital, replay_rows(reading.replay));
    return EXIT_CHECK_FAILED;
}

json_t *report_lines(json_t *report, const char *member, const char *total)
{
    json_t *lines = json_deep_copy(json_object_get(report, "lines")), *line;
    size_t i;

    json_array_foreach(json_object_get(report, "totals"), i, line)
    {
        json_t *copy = json_copy(line);

        json_object_set_new(copy, member, json_string(total));
        json_array_append_new(lines, copy);
    }
    return lines;
}

json_t *report_source(json_t *report, const char *part)
{
    json_t *rows = json_array(), *source = json_copy(json_object_get(report, part));
    bool tested = json_is_true(json_object_get(report, "test_time"));

    json_object_update_missing(source, report);
    json_object_set_new(source, "time", json_string(tested ? "test" : "real"));
    json_array_append_new(rows, source);
    return rows;
}
