/* What people read: tables and records in their language, and nothing where there is nothing. */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "moment.h"
#include "query.pb-c.h"
#include "setting.h"
#include "table.h"

static char *printed;
static size_t printed_size;

static struct ctl run_of(bool zh)
{
    setlocale(LC_ALL, "C.UTF-8");
    setenv("TZ", "UTC-8", 1);
    return (struct ctl){.zh = zh, .out = open_memstream(&printed, &printed_size), .err = stderr};
}

static const char *text_of(struct ctl *ctl)
{
    fclose(ctl->out);
    return printed;
}

static json_t *parse(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);

    cr_assert(json != NULL);
    return json;
}

#define SUMMARIES                                                                                                      \
    "[{\"referral_id\":\"bd-1-2-0\",\"state\":\"DELIVERED\",\"priority\":\"URGENT\",\"state_since_ms\":1763714400000}" \
    ","                                                                                                                \
    "{\"referral_id\":\"bd-1-3-0\",\"state\":\"CLOSED\",\"priority\":\"ROUTINE\"}]"

static bool holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

Test(ctl_table, l3_a_list_is_labelled_in_chinese)
{
    struct ctl ctl = run_of(true);
    json_t *rows = parse(SUMMARIES);

    table_print(&ctl, &referral__referral_summary__descriptor, rows);

    const char *text = text_of(&ctl);

    cr_assert(holds(text, "转诊编号") && holds(text, "加急") && holds(text, "2025-11-21 16:40:00"), "%s", text);
    cr_assert(!holds(text, "URGENT") && !holds(text, "接收机构"), "no column without content: %s", text);
    json_decref(rows);
}

Test(ctl_table, in_english_values_are_the_names_that_options_take)
{
    struct ctl ctl = run_of(false);
    json_t *rows = parse(SUMMARIES);

    table_print(&ctl, &referral__referral_summary__descriptor, rows);

    const char *text = text_of(&ctl);

    cr_assert(holds(text, "referral id") && holds(text, "URGENT") && holds(text, "state since"), "%s", text);
    json_decref(rows);
}

Test(ctl_table, a_list_of_nothing_says_so)
{
    struct ctl ctl = run_of(false);
    json_t *rows = json_array();

    table_print(&ctl, &referral__relation__descriptor, rows);
    cr_assert_str_eq(text_of(&ctl), "(none)\n");
    json_decref(rows);
}

Test(ctl_table, a_record_joins_small_parts_and_unfolds_large_ones)
{
    struct ctl ctl = run_of(false);
    json_t *view = parse("{\"summary\":{\"referral_id\":\"bd-1-2-0\",\"state\":\"ACCEPTED\"},\"hops\":1,"
                         "\"receiver_contact\":{\"name\":\"何丽华\",\"phone\":\"022-29004602\"},"
                         "\"waiting\":[{\"delivery_id\":\"00ff\",\"institution\":\"H1\"}]}");

    table_record(&ctl, &referral__referral_view__descriptor, view);

    const char *text = text_of(&ctl);

    cr_assert(holds(text, "何丽华 022-29004602") && holds(text, "bd-1-2-0") && holds(text, "waiting:"), "%s", text);
    cr_assert(!holds(text, "summary"), "%s", text);
    json_decref(view);
}

Test(ctl_table, p4_an_alarm_is_told_in_one_language_at_a_time)
{
    struct ctl ctl = run_of(true);
    json_t *rows = parse("[{\"code\":\"DOWN\",\"text_zh\":\"接收机构无响应\",\"text_en\":\"silent\"}]");

    table_print(&ctl, &referral__alarm__descriptor, rows);

    const char *text = text_of(&ctl);

    cr_assert(holds(text, "接收机构无响应") && !holds(text, "silent"), "%s", text);
    json_decref(rows);
}

/* What the broker did by itself it says in words of its own. */
Test(ctl_table, p4_what_the_broker_did_is_told_in_chinese_too)
{
    struct ctl ctl = run_of(true);
    json_t *rows = parse("[{\"index\":7,\"institution\":\"broker\",\"reason\":\"keys-forgotten\",\"count\":2},"
                         "{\"index\":8,\"institution\":\"broker\",\"reason\":\"archived\",\"count\":1}]");

    table_print(&ctl, &referral__audit_row__descriptor, rows);

    const char *text = text_of(&ctl);

    cr_assert(holds(text, "平台") && holds(text, "移入归档") && holds(text, "消息编号"), "%s", text);
    cr_assert(!holds(text, "broker") && !holds(text, "forgotten") && !holds(text, "archived"), "%s", text);
    json_decref(rows);
}

Test(ctl_table, points_in_time_are_read_and_slips_are_not_guessed_at)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"2026-11-21", 1795190400000},
                {"2026-11-21 08:30", 1795221000000},
                {"2026-11-21T08:30", 1795221000000},
                {"2026-11-21 08:30:05", 1795221005000},
                {"2028-02-29", 1835366400000},
                {"1795221005123", 1795221005123},
                {"0", 0}};
    static const char *const bad[] = {"",           "2026-11-31", "2026-02-30 08:00", "2027-02-29",
                                      "2026-13-01", "26-11-21",   "20261121",         "1795221005",
                                      "-5",         "tomorrow",   "2026-11-21 24:00", "2026-11-21 08:30 x"};
    struct ctl ctl = run_of(false);
    int64_t ms;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_assert(moment_parse(good[i].text, &ms) && ms == good[i].ms, "%s: %lld", good[i].text, (long long)ms);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(!moment_parse(bad[i], &ms), "%s: %lld", bad[i], (long long)ms);
    text_of(&ctl);
}

Test(ctl_table, lengths_of_time_are_read_and_shown_with_units)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"250", 250}, {"90s", 90000}, {"15m", 900000}, {"2h", 7200000}, {"14d", 1209600000}, {"5ms", 5}};
    static const char *const bad[] = {"", "h", "-1s", "2 h", "2hours", "99999999999999d"};
    int64_t ms;
    char text[MOMENT_TEXT_SIZE];

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_assert(span_parse(good[i].text, &ms) && ms == good[i].ms, "%s", good[i].text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(!span_parse(bad[i], &ms), "%s", bad[i]);
    span_format(text, 7500000);
    cr_assert_str_eq(text, "2h 5m");
    span_format(text, 86400000);
    cr_assert_str_eq(text, "1d");
    span_format(text, 0);
    cr_assert_str_eq(text, "0s");
}

Test(ctl_table, l4_settings_are_written_and_read_with_units)
{
    static const struct {
        const char *name, *text, *value;
    } both[] = {{"answer_urgent_ms", "2h", "7200000"},   {"answer_urgent_ms", "90m", "5400000"},
                {"ack_timeout_ms", "1500ms", "1500"},    {"inbox_bytes_max", "8G", "8589934592"},
                {"inbox_bytes_max", "1025", "1025"},     {"answer_routine_days", "2", "2"},
                {"down_referral_diseases", "I10", "I10"}};
    static const char *const kept[] = {"2 h", "h", "-1h", "99999999999999999d", "2G", ""};
    char buffer[SETTING_TEXT_SIZE];

    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        cr_assert_str_eq(setting_from_text(both[i].name, both[i].text, buffer), both[i].value);
        cr_assert_str_eq(setting_to_text(both[i].name, both[i].value, buffer), both[i].text);
    }
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) /* the broker says what is wrong with it */
        cr_assert_str_eq(setting_from_text("answer_urgent_ms", kept[i], buffer), kept[i]);
}

Test(ctl_table, one_field_is_printed_bare)
{
    static const struct {
        const char *path, *text;
    } rows[] = {
        {"a.b", "x\n"}, {"list.n", "1\n2\n"}, {"list", "{\"n\":1}\n{\"n\":2}\n"}, {"none.n", ""}, {"a.b.c", ""}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ctl ctl = run_of(false);
        json_t *json = parse("{\"a\":{\"b\":\"x\"},\"list\":[{\"n\":1},{\"n\":2}]}");

        ctl.print = rows[i].path;
        table_json_line(&ctl, json);
        cr_assert_str_eq(text_of(&ctl), rows[i].text, "%s", rows[i].path);
        json_decref(json);
    }
}
