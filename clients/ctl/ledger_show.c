/* ledger_show.c - `ledger`: a hospital's ledger for whoever wants to read and recompute it. As JSON and as hex it holds
 * each page's bytes as they are chained: BLAKE2b-256 of them is the digest that the next page bears. */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "handlers.h"
#include "ledgers.h"
#include "message.h"
#include "moment.h"
#include "offline.h"
#include "place.pb-c.h"
#include "report.h"
#include "table.h"

struct showing {
    const struct ctl *ctl;
    bool hex;
    json_t *rows; /* of the table; NULL: pages leave as they come */
    struct ledger_mark mark;
    bool unreadable;
};

static void set_hex(json_t *json, const char *member, struct bytes bytes)
{
    char *text = malloc(2 * bytes.size + 1);

    if (text == NULL)
        return;
    hex_encode(text, bytes);
    json_object_set_new(json, member, json_string(text));
    free(text);
}

/* One page, one line. */
static void print_page(const struct showing *showing, const Referral__LedgerPage *page, struct bytes bytes)
{
    json_t *json = message_to_json(&page->base);

    set_hex(json, "previous", bytes_of(page->previous.data, page->previous.len));
    set_hex(json, "digest", bytes_of(showing->mark.digest, sizeof showing->mark.digest));
    set_hex(json, "page", bytes);
    if (showing->hex)
        fprintf(showing->ctl->out, "%s\n", json_string_value(json_object_get(json, "page")));
    else
        table_json_line(showing->ctl, json);
    json_decref(json);
}

/* ---- For people ---- */

/* "1 2 5", "+1..40 +41..60" for new ones, or how many. NULL: none are named. */
static json_t *units_text(const Referral__LedgerRow *row)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    json_t *json = NULL;

    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < row->n_new_units; i++)
        fprintf(out, "%s+%" PRIu32 "..%" PRIu32, i == 0 ? "" : " ", row->new_units[i]->first,
                row->new_units[i]->first + row->new_units[i]->count - 1);
    for (size_t i = 0; i < row->n_units; i++)
        fprintf(out, "%s%" PRIu32, ftell(out) == 0 ? "" : " ", row->units[i]);
    if (row->has_count)
        fprintf(out, "%s%" PRIu32, ftell(out) == 0 ? "" : " ", row->count);
    if (fclose(out) == 0 && text[0] != '\0')
        json = json_string(text);
    free(text);
    return json;
}

static void set_numbers(json_t *json, const Referral__LedgerRow *row)
{
    const Referral__LedgerNumbers *numbers = row->group != NULL ? row->group : row->numbers;

    if (numbers == NULL)
        return;
    json_object_set_new(json, "capacity", json_integer((json_int_t)numbers->capacity));
    json_object_set_new(json, "reserve", json_integer((json_int_t)numbers->reserve));
    json_object_set_new(json, "blocked", json_integer((json_int_t)numbers->blocked));
    json_object_set_new(json, "general", json_integer((json_int_t)numbers->general));
    json_object_set_new(json, "family", json_integer((json_int_t)numbers->family));
    json_object_set_new(json, "deficit", json_integer((json_int_t)row->deficit));
}

static json_t *row_json(const Referral__LedgerPage *page, size_t i)
{
    const Referral__LedgerRow *row = page->rows[i];
    json_t *json = message_to_json(&row->base);
    char at[MOMENT_TEXT_SIZE];

    moment_format(at, page->at_ms);
    json_object_set_new(json, "row", json_integer((json_int_t)page->first_row + (json_int_t)i));
    json_object_set_new(json, "at", json_string(at));
    json_object_del(json, "units");
    json_object_set_new(json, "units", units_text(row));
    set_numbers(json, row);
    return json;
}

static const struct column row_columns[] = {
    {"row", COLUMN_COUNT, "序号", "row"},
    {"at", COLUMN_TEXT, "时间", "time"},
    {"event", COLUMN_CODE, "事项", "event"},
    {"class", COLUMN_CODE, "类别", "class"},
    {"department", COLUMN_TEXT, "科室", "dept"},
    {"resource", COLUMN_TEXT, "号源", "session"},
    {"date", COLUMN_TEXT, "日期", "date"},
    {"units", COLUMN_TEXT, "号", "units"},
    {"channel", COLUMN_CODE, "渠道", "channel"},
    {"booking_id", COLUMN_TEXT, "预约", "booking"},
    {"code", COLUMN_TEXT, "拒绝", "refused"},
    {"block_reason", COLUMN_CODE, "原因", "reason"},
    {"by", COLUMN_CODE, "办理", "by"},
    {"person", COLUMN_TEXT, "经办人", "person"},
    {"capacity", COLUMN_COUNT, "总量", "C"},
    {"reserve", COLUMN_COUNT, "预留", "R"},
    {"blocked", COLUMN_COUNT, "停用", "B"},
    {"general", COLUMN_COUNT, "一般", "G"},
    {"family", COLUMN_COUNT, "家医", "F"},
    {"deficit", COLUMN_COUNT, "缺口", "short"},
    {NULL, COLUMN_TEXT, NULL, NULL},
};

/* ---- Pages as they come ---- */

static uint64_t take_page(void *user, struct bytes bytes)
{
    struct showing *showing = user;
    Referral__LedgerPage *page = referral__ledger_page__unpack(NULL, bytes.size, bytes.data);
    uint64_t next = 0;

    showing->unreadable = page == NULL;
    if (page == NULL)
        return 0;
    crypto_generichash(showing->mark.digest, sizeof showing->mark.digest, bytes.data, bytes.size, NULL, 0);
    showing->mark.rows = page->first_row + page->n_rows - 1;
    if (showing->rows == NULL)
        print_page(showing, page, bytes);
    for (size_t i = 0; showing->rows != NULL && i < page->n_rows; i++)
        json_array_append_new(showing->rows, row_json(page, i));
    next = showing->mark.rows + 1;
    referral__ledger_page__free_unpacked(page, NULL);
    return next;
}

/* What was given out ends where the ledger says that it ends. */
static int tell_end(const struct showing *showing, const char *hospital, const struct ledger_mark *mark)
{
    const struct ctl *ctl = showing->ctl;
    char digest[2 * STORE_DIGEST_SIZE + 1];

    if (showing->unreadable || showing->mark.rows != mark->rows ||
        memcmp(showing->mark.digest, mark->digest, sizeof mark->digest) != 0) {
        ctl_complain(
            ctl, ctl_say(ctl, "%s 的台账在第 %" PRIu64 " 条后中断", "the ledger of %s breaks off after row %" PRIu64),
            hospital, showing->mark.rows);
        return EXIT_CHECK_FAILED;
    }
    hex_encode(digest, bytes_of(mark->digest, sizeof mark->digest));
    fflush(ctl->out);
    fprintf(ctl->err, ctl_say(ctl, "%s: 共 %" PRIu64 " 条, 摘要 %s\n", "%s: %" PRIu64 " rows, digest %s\n"), hospital,
            mark->rows, digest);
    return EXIT_OK;
}

static int show(struct ledgers *ledgers, const char *hospital, const char *form)
{
    struct showing showing = {.ctl = ledgers->ctl, .hex = strcmp(form, "hex") == 0};
    struct ledger_mark mark = {0};
    int result;

    if (strcmp(form, "table") == 0 || strcmp(form, "csv") == 0)
        showing.rows = json_array();
    result = ledgers_read(ledgers, hospital, take_page, &showing, &mark);
    if (result == EXIT_OK && showing.rows != NULL && form[0] == 't')
        columns_table(ledgers->ctl, row_columns, showing.rows);
    else if (result == EXIT_OK && showing.rows != NULL)
        columns_csv(ledgers->ctl, row_columns, showing.rows);
    json_decref(showing.rows);
    return result == EXIT_OK ? tell_end(&showing, hospital, &mark) : result;
}

static int run(struct ctl *ctl)
{
    static const char *const forms[] = {"table", "csv", "json", "hex", NULL};
    struct ledgers ledgers;
    const char *form = report_form(ctl, forms), *hospital = NULL;
    int result = form == NULL ? EXIT_USAGE : ledgers_open(ctl, &ledgers);

    if (form == NULL)
        return result;
    if (result == EXIT_OK)
        result = report_hospital(&ledgers, &hospital);
    if (result == EXIT_OK)
        result = show(&ledgers, hospital, form);
    ledgers_close(&ledgers);
    return result;
}

int ledger_run(struct ctl *ctl)
{
    return ledgers_are_offline(ctl) ? offline_run(ctl, run, NULL) : run(ctl);
}
