/* report_service.c - `report service`: how a hospital answers its referrals, by month. */
#include <string.h>

#include "handlers.h"
#include "moment.h"
#include "offline.h"
#include "report.h"
#include "service_json.h"
#include "table.h"

/* clang-format off */
static const struct column columns[] = {
    {"direction",      COLUMN_CODE,  "方向",     "direction"},
    {"priority",       COLUMN_CODE,  "紧急程度", "priority"},
    {"referrals",      COLUMN_COUNT, "转诊",     "referrals"},
    {"answered",       COLUMN_COUNT, "已答复",   "answered"},
    {"in_time",        COLUMN_COUNT, "按时",     "in time"},
    {"overdue",        COLUMN_COUNT, "逾期未答", "overdue"},
    {"in_time_bp",     COLUMN_SHARE, "按时率",   "in time of due"},
    {"median_seconds", COLUMN_SPAN,  "答复中位", "median answer"},
    {"p90_seconds",    COLUMN_SPAN,  "答复九成", "p90 answer"},
    {"open",           COLUMN_COUNT, "未结束",   "open"},
    {"rejected",       COLUMN_COUNT, "拒绝",     "rejected"},
    {"no_shows",       COLUMN_COUNT, "未到",     "no-shows"},
    {NULL, COLUMN_TEXT, NULL, NULL},
};
static const struct column rejection_columns[] = {
    {"reason",    COLUMN_CODE,  "拒绝原因", "rejected because"},
    {"referrals", COLUMN_COUNT, "转诊",     "referrals"},
    {NULL, COLUMN_TEXT, NULL, NULL},
};
static const struct column person_columns[] = {
    {"year",              COLUMN_COUNT, "年度",       "year"},
    {"persons",           COLUMN_COUNT, "下转人数",   "persons sent down"},
    {"year_before",       COLUMN_COUNT, "上年同期",   "same months a year before"},
    {"growth_bp",         COLUMN_SHARE, "增长",       "growth"},
    {"whole_year_before", COLUMN_COUNT, "上年全年",   "whole year before"},
    {NULL, COLUMN_TEXT, NULL, NULL},
};
static const struct column source_columns[] = {
    {"hospital", COLUMN_TEXT,  "医院",     "hospital"},
    {"month",    COLUMN_TEXT,  "月份",     "month"},
    {"index",    COLUMN_COUNT, "审计批次", "turn"},
    {"at_ms",    COLUMN_COUNT, "该批时间", "its time"},
    {"digest",   COLUMN_TEXT,  "摘要",     "digest"},
    {"time",     COLUMN_TEXT,  "时间",     "time"},
    {NULL, COLUMN_TEXT, NULL, NULL},
};
/* clang-format on */

static json_t *alone(json_t *row)
{
    json_t *rows = json_array();

    json_array_append(rows, row);
    return rows;
}

static void print_table(const struct ctl *ctl, json_t *report)
{
    json_t *audit = json_object_get(report, "audit"), *rejections = json_object_get(report, "rejections");
    json_t *lines = report_lines(report, "priority", "合计 total"),
           *persons = alone(json_object_get(report, "down_persons"));
    char at[MOMENT_TEXT_SIZE];

    moment_format(at, json_integer_value(json_object_get(audit, "at_ms")));
    fprintf(ctl->out, "双向转诊服务月报 monthly service report: %s, %s\n",
            json_string_value(json_object_get(report, "hospital")),
            json_string_value(json_object_get(report, "month")));
    if (json_is_true(json_object_get(report, "test_time")))
        fprintf(ctl->out, "测试时间 test time (C4)\n");
    columns_table(ctl, columns, lines);
    fprintf(ctl->out, "\n");
    if (json_array_size(rejections) != 0) {
        columns_table(ctl, rejection_columns, rejections);
        fprintf(ctl->out, "\n");
    }
    columns_table(ctl, person_columns, persons);
    fprintf(ctl->out, "\n审计链 audit chain: %" JSON_INTEGER_FORMAT ", %s\n摘要 digest: %s\n",
            json_integer_value(json_object_get(audit, "index")), at,
            json_string_value(json_object_get(audit, "digest")));
    json_decref(persons);
    json_decref(lines);
}

/* Four tables, an empty line between them. */
static void print_csv(const struct ctl *ctl, json_t *report)
{
    json_t *lines = report_lines(report, "priority", "total"),
           *persons = alone(json_object_get(report, "down_persons"));
    json_t *source = report_source(report, "audit");

    columns_csv(ctl, columns, lines);
    fputs("\r\n", ctl->out);
    columns_csv(ctl, rejection_columns, json_object_get(report, "rejections"));
    fputs("\r\n", ctl->out);
    columns_csv(ctl, person_columns, persons);
    fputs("\r\n", ctl->out);
    columns_csv(ctl, source_columns, source);
    json_decref(source);
    json_decref(persons);
    json_decref(lines);
}

static int make(struct ledgers *ledgers, const char *month, const char *form)
{
    struct service_moment moment = {0};
    const char *hospital = NULL;
    json_t *report = NULL;
    int result = report_hospital(ledgers, &hospital);

    if (result == EXIT_OK)
        result = service_json(ledgers, hospital, month, &moment, &report);
    if (result != EXIT_OK)
        return result;
    if (strcmp(form, "json") == 0)
        table_json(ledgers->ctl, report);
    else if (strcmp(form, "csv") == 0)
        print_csv(ledgers->ctl, report);
    else
        print_table(ledgers->ctl, report);
    json_decref(report);
    return EXIT_OK;
}

static int run(struct ctl *ctl)
{
    static const char *const forms[] = {"table", "csv", "json", NULL};
    const char *form = report_form(ctl, forms), *month = ctl_option(ctl, "month");
    struct ledgers ledgers;
    int result;

    if (form == NULL)
        return EXIT_USAGE;
    if (month == NULL || !month_is_valid(month)) {
        ctl_complain(ctl, "%s",
                     ctl_say(ctl, "请指明月份, 如 --month 2026-11", "say which month, such as --month 2026-11"));
        return EXIT_USAGE;
    }
    result = ledgers_open(ctl, &ledgers);
    if (result == EXIT_OK)
        result = make(&ledgers, month, form);
    ledgers_close(&ledgers);
    return result;
}

int report_service_run(struct ctl *ctl)
{
    return ledgers_are_offline(ctl) ? offline_run(ctl, run, NULL) : run(ctl);
}
