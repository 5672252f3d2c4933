/* report_reserve.c - `report reserve`: was the reserve kept (Q13), made here from the hospital's ledger, whoever keeps
 * it. */
#include <inttypes.h>
#include <string.h>

#include "base/instant.h"
#include "handlers.h"
#include "moment.h"
#include "offline.h"
#include "report.h"
#include "reserve_json.h"
#include "table.h"

/* clang-format off */
/* For people in two tables: how the reserve was kept, and what lies beside it, where there is any. */
static const struct column main_columns[] = {
    {"class",              COLUMN_CODE,  "类别",   "class"},
    {"date",               COLUMN_TEXT,  "日期",   "date"},
    {"sessions",           COLUMN_COUNT, "场次",   "sessions"},
    {"capacity",           COLUMN_COUNT, "总量",   "capacity"},
    {"required",           COLUMN_COUNT, "应预留", "required"},
    {"kept",               COLUMN_COUNT, "实预留", "kept"},
    {"kept_bp",            COLUMN_SHARE, "预留率", "of all"},
    {"family",             COLUMN_COUNT, "家医",   "family"},
    {"general",            COLUMN_COUNT, "其他",   "others"},
    {"released_unused",    COLUMN_COUNT, "释放",   "released"},
    {"refused_by_reserve", COLUMN_COUNT, "拒绝",   "refused"},
    {NULL, COLUMN_TEXT, NULL, NULL},
};
static const struct column beside_columns[] = {
    {"class",                COLUMN_CODE,  "类别",     "class"},
    {"date",                 COLUMN_TEXT,  "日期",     "date"},
    {"emergency",            COLUMN_COUNT, "急诊",     "emergency"},
    {"blocked",              COLUMN_COUNT, "停用",     "blocked"},
    {"blocked_into_reserve", COLUMN_COUNT, "占预留",   "into reserve"},
    {"short_notice",         COLUMN_COUNT, "短时场次", "short notice"},
    {"family_cancelled",     COLUMN_COUNT, "取消家医", "taken back"},
    {"outside",              COLUMN_COUNT, "无号预约", "outside"},
    {NULL, COLUMN_TEXT, NULL, NULL},
};
static const struct column columns[] = {
    {"class",                COLUMN_CODE,  "类别",     "class"},
    {"date",                 COLUMN_TEXT,  "日期",     "date"},
    {"sessions",             COLUMN_COUNT, "场次",     "sessions"},
    {"capacity",             COLUMN_COUNT, "总量",     "capacity"},
    {"required",             COLUMN_COUNT, "应预留",   "required"},
    {"kept",                 COLUMN_COUNT, "实预留",   "kept"},
    {"kept_bp",              COLUMN_SHARE, "预留率",   "kept of all"},
    {"family",               COLUMN_COUNT, "家医使用", "family"},
    {"general",              COLUMN_COUNT, "其他使用", "others"},
    {"emergency",            COLUMN_COUNT, "其中急诊", "emergency"},
    {"released_unused",      COLUMN_COUNT, "释放未用", "released"},
    {"refused_by_reserve",   COLUMN_COUNT, "因预留拒绝", "refused"},
    {"blocked",              COLUMN_COUNT, "停用",     "blocked"},
    {"blocked_into_reserve", COLUMN_COUNT, "停用占预留", "into reserve"},
    {"short_notice",         COLUMN_COUNT, "短时场次", "short notice"},
    {"family_cancelled",     COLUMN_COUNT, "院方取消家医", "taken back"},
    {"outside",              COLUMN_COUNT, "无号预约", "outside"},
    {NULL, COLUMN_TEXT, NULL, NULL},
};
static const struct column gap_columns[] = {
    {"class",      COLUMN_CODE,  "类别",   "class"},
    {"date",       COLUMN_TEXT,  "日期",   "date"},
    {"department", COLUMN_TEXT,  "科室",   "department"},
    {"resource",   COLUMN_TEXT,  "号源",   "session"},
    {"shortfall",  COLUMN_COUNT, "缺口",   "short by"},
    {"minutes",    COLUMN_COUNT, "分钟",   "minutes"},
    {"cause",      COLUMN_CODE,  "起因",   "cause"},
    {"reason",     COLUMN_CODE,  "原因",   "reason"},
    {NULL, COLUMN_TEXT, NULL, NULL},
};
static const struct column source_columns[] = {
    {"hospital",   COLUMN_TEXT,  "医院",     "hospital"},
    {"from",       COLUMN_TEXT,  "起",       "from"},
    {"to",         COLUMN_TEXT,  "止",       "to"},
    {"first_row",  COLUMN_COUNT, "台账首条", "first row"},
    {"last_row",   COLUMN_COUNT, "台账末条", "last row"},
    {"at_ms",      COLUMN_COUNT, "末条时间", "time of last row"},
    {"digest",     COLUMN_TEXT,  "摘要",     "digest"},
    {"time",       COLUMN_TEXT,  "时间",     "time"},
    {NULL, COLUMN_TEXT, NULL, NULL},
};
/* clang-format on */

static const char *text_of(json_t *object, const char *member, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text == NULL ? otherwise : text;
}

/* Lines that have something to say beside the reserve. */
static json_t *lines_beside(json_t *lines)
{
    json_t *found = json_array(), *line;
    size_t i;

    json_array_foreach(lines, i, line)
    {
        bool says = false;

        for (const struct column *column = beside_columns; column->member != NULL; column++)
            says = says || json_integer_value(json_object_get(line, column->member)) != 0;
        if (says)
            json_array_append(found, line);
    }
    return found;
}

/* A table that mostly has no lines. */
static void print_further(const struct ctl *ctl, const char *title, const struct column *wanted, json_t *rows)
{
    bool any = json_array_size(rows) != 0;

    fprintf(ctl->out, "\n%s:%s\n", title, any ? "" : " 无 none");
    if (any)
        columns_table(ctl, wanted, rows);
}

/* The rows of the ledger that it was made of; a hospital that never published has none. */
static void print_source(const struct ctl *ctl, json_t *ledger)
{
    json_int_t last = json_integer_value(json_object_get(ledger, "last_row"));
    char at[MOMENT_TEXT_SIZE];

    if (last == 0) {
        fprintf(ctl->out, "\n台账 ledger: 空 empty\n");
        return;
    }
    moment_format(at, json_integer_value(json_object_get(ledger, "at_ms")));
    fprintf(ctl->out, "\n台账 ledger: %" JSON_INTEGER_FORMAT " .. %" JSON_INTEGER_FORMAT ", %s\n摘要 digest: %s\n",
            json_integer_value(json_object_get(ledger, "first_row")), last, at, text_of(ledger, "digest", ""));
}

/* For people, of nothing there is no share: 0.00 % would look like a reserve that was not kept. */
static json_t *lines_of(json_t *report, const char *total)
{
    json_t *lines = report_lines(report, "date", total), *line;
    size_t i;

    json_array_foreach(lines, i, line)
    {
        if (json_integer_value(json_object_get(line, "capacity")) == 0)
            json_object_del(line, "kept_bp");
    }
    return lines;
}

static void print_table(const struct ctl *ctl, json_t *report)
{
    json_t *lines = lines_of(report, "合计 total"), *beside = lines_beside(lines);

    fprintf(ctl->out, "家医号源预留报告 report of the reserve: %s, %s .. %s\n", text_of(report, "hospital", ""),
            text_of(report, "from", "*"), text_of(report, "to", "*"));
    if (json_is_true(json_object_get(report, "test_time")))
        fprintf(ctl->out, "测试时间 test time (C4)\n");
    if (json_array_size(lines) == 0)
        fprintf(ctl->out, "(无号源 no places)\n");
    else
        columns_table(ctl, main_columns, lines);
    print_further(ctl, "另计 beside", beside_columns, beside);
    print_further(ctl, "预留缺口 gaps", gap_columns, json_object_get(report, "gaps"));
    print_source(ctl, json_object_get(report, "ledger"));
    json_decref(beside);
    json_decref(lines);
}

/* Three tables, an empty line between them. */
static void print_csv(const struct ctl *ctl, json_t *report)
{
    json_t *lines = lines_of(report, "total"), *source = report_source(report, "ledger");

    columns_csv(ctl, columns, lines);
    fputs("\r\n", ctl->out);
    columns_csv(ctl, gap_columns, json_object_get(report, "gaps"));
    fputs("\r\n", ctl->out);
    columns_csv(ctl, source_columns, source);
    json_decref(source);
    json_decref(lines);
}

static bool read_date(const struct ctl *ctl, const char *name, const char **ret_date)
{
    struct date date;

    *ret_date = ctl_option(ctl, name);
    if (*ret_date == NULL || date_parse(*ret_date, &date))
        return true;
    ctl_complain(ctl, ctl_say(ctl, "--%s 应为 YYYY-MM-DD", "--%s must be a date YYYY-MM-DD"), name);
    return false;
}

static bool read_range(const struct ctl *ctl, struct reserve_range *ret_range)
{
    const char *by = ctl_option(ctl, "by");

    if (!read_date(ctl, "from", &ret_range->first_date) || !read_date(ctl, "to", &ret_range->last_date))
        return false;
    if (ret_range->first_date != NULL && ret_range->last_date != NULL &&
        strcmp(ret_range->first_date, ret_range->last_date) > 0) {
        ctl_complain(ctl, "%s", ctl_say(ctl, "--to 不能早于 --from", "--to must not be before --from"));
        return false;
    }
    if (by != NULL && strcmp(by, "day") != 0 && strcmp(by, "month") != 0) {
        ctl_complain(ctl, "%s", ctl_say(ctl, "--by 应为 day 或 month", "--by must be day or month"));
        return false;
    }
    ret_range->by_month = by != NULL && strcmp(by, "month") == 0;
    return true;
}

static void print(const struct ctl *ctl, const char *form, json_t *report)
{
    if (strcmp(form, "json") == 0)
        table_json(ctl, report);
    else if (strcmp(form, "csv") == 0)
        print_csv(ctl, report);
    else
        print_table(ctl, report);
}

static int make(struct ledgers *ledgers, const struct reserve_range *range, const char *form)
{
    const char *hospital = NULL;
    struct replay *replay = NULL;
    int result = report_hospital(ledgers, &hospital);

    if (result == EXIT_OK)
        result = report_replay(ledgers, hospital, REPORT_ALL_ROWS, &replay);
    if (result == EXIT_OK) {
        json_t *report = reserve_json(replay, hospital, range, ledgers->test_time);

        print(ledgers->ctl, form, report);
        json_decref(report);
    }
    replay_close(replay);
    return result;
}

static int run(struct ctl *ctl)
{
    static const char *const forms[] = {"table", "csv", "json", NULL};
    const char *form = report_form(ctl, forms);
    struct reserve_range range = {0};
    struct ledgers ledgers;
    int result;

    if (form == NULL || !read_range(ctl, &range))
        return EXIT_USAGE;
    result = ledgers_open(ctl, &ledgers);
    if (result == EXIT_OK)
        result = make(&ledgers, &range, form);
    ledgers_close(&ledgers);
    return result;
}

int report_reserve_run(struct ctl *ctl)
{
    return ledgers_are_offline(ctl) ? offline_run(ctl, run, NULL) : run(ctl);
}
