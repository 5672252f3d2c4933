/* What an operator's screen is made of: texts, tables that fit, sums, and the sentence that comes first. */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "ops_check.h"
#include "ops_metrics.h"
#include "ops_screen.h"
#include "width.h"

#define NOW INT64_C(1763714400000)

static char *printed;
static size_t printed_size;

static struct screen screen_of(struct ctl *ctl, bool zh)
{
    struct screen screen;

    setlocale(LC_ALL, "C.UTF-8");
    unsetenv("COLUMNS");
    *ctl = (struct ctl){.zh = zh, .out = open_memstream(&printed, &printed_size), .err = stderr};
    screen_init(&screen, ctl);
    return screen;
}

/* H1 has two urgent messages, one of them over half of its time, and a dead letter; nobody receives. H2 is fine. */
static struct ops_facts facts_of(void)
{
    struct ops_facts facts = {.now_ms = NOW, .alarms = json_array()};

    facts.names = json_pack("{s:s}", "H1", "宝坻区人民医院");
    facts.status = json_pack("{s:[{s:s,s:i,s:i,s:[i,i,i]},{s:s,s:i,s:i,s:i,s:[i,i,i]}]}", "inboxes", "institution",
                             "H1", "waiting", 2, "dead", 1, "waiting_lanes", 0, 2, 0, "institution", "H2", "waiting", 1,
                             "connections", 1, "in_flight", 1, "waiting_lanes", 0, 0, 1);
    facts.waiters =
        json_pack("[{s:s,s:s,s:i,s:I,s:I,s:I,s:{s:s,s:s}},{s:s,s:s,s:i,s:I,s:I,s:I,s:i}]", "institution", "H1", "lane",
                  "URGENT", "waiting", 2, "oldest_accepted_at_ms", NOW - 3900000, "at_risk_at_ms", NOW - 300000,
                  "due_at_ms", NOW + 3300000, "contact", "name", "王主任", "phone", "138", "institution", "H2", "lane",
                  "ROUTINE", "waiting", 1, "oldest_accepted_at_ms", NOW - 1000, "at_risk_at_ms", NOW + 86400000,
                  "due_at_ms", NOW + 172800000, "connections", 1);
    return facts;
}

Test(ctl_ops, p4_lengths_of_time_and_sizes_read_like_words)
{
    char text[OPS_TEXT_SIZE];

    ops_age(text, 7500000);
    cr_assert_str_eq(text, "2h 5m");
    ops_age(text, 90000000);
    cr_assert_str_eq(text, "1d 1h");
    ops_age(text, 999);
    cr_assert_str_eq(text, "0s");
    ops_age(text, -5);
    cr_assert_str_eq(text, "0s");
    ops_left(text, NOW + 60000, NOW);
    cr_assert_str_eq(text, "1m");
    ops_left(text, NOW - 90500, NOW);
    cr_assert_str_eq(text, "-1m 30s");
    ops_bytes(text, 1023);
    cr_assert_str_eq(text, "1023.0 B");
    ops_bytes(text, INT64_C(3) << 29);
    cr_assert_str_eq(text, "1.5 GiB");
}

Test(ctl_ops, l4_totals_count_what_is_at_risk_as_the_broker_does)
{
    struct ops_facts facts = facts_of();
    struct ops_totals totals = ops_totals(&facts);

    cr_assert(totals.waiting == 3 && totals.lanes[1] == 2 && totals.lanes[2] == 1);
    cr_assert(totals.at_risk == 3, "two behind half of their time, and a dead letter");
    cr_assert(totals.late == 0 && totals.without_consumer == 1 && totals.in_flight == 1);
    cr_assert(totals.oldest_ms == 3900000);
    cr_assert_str_eq(ops_string(totals.pressed, "institution"), "H1");
    json_object_set_new(json_array_get(json_object_get(facts.status, "inboxes"), 1), "in_flight", json_integer(0));
    cr_assert(ops_totals(&facts).without_consumer == 2, "H2 is connected and takes nothing");
    ops_facts_fini(&facts);
}

Test(ctl_ops, p4_the_sentence_names_the_worst_and_whom_to_call)
{
    struct ops_facts facts = facts_of();
    struct ops_totals totals = ops_totals(&facts);
    char text[512];
    struct ctl ctl;

    screen_of(&ctl, false);
    cr_assert(ops_sentence(&ctl, &facts, &totals, text, sizeof text) == LEVEL_BAD);
    cr_assert_str_eq(text, "H1 宝坻区人民医院: a message due in 55m (not connected); call 王主任 138");
    ctl.zh = true;
    ops_sentence(&ctl, &facts, &totals, text, sizeof text);
    cr_assert_str_eq(text, "H1 宝坻区人民医院 的消息将到期, 还剩 55m (未连接); 请联系 王主任 138");
    json_array_clear(facts.waiters);
    json_array_clear(json_object_get(facts.status, "inboxes"));
    totals = ops_totals(&facts);
    ctl.zh = false;
    cr_assert(ops_sentence(&ctl, &facts, &totals, text, sizeof text) == LEVEL_GOOD);
    json_object_set_new(facts.status, "draining", json_true());
    cr_assert(ops_sentence(&ctl, &facts, &totals, text, sizeof text) == LEVEL_WARN);
    ops_facts_fini(&facts);
    fclose(ctl.out);
}

/* Names as long as they come, in both languages. */
/* H1 has all its credit under way; H2 is connected and takes nothing; H3 waits for nothing and has a dead letter; H4
 * has never had either. */
static struct ops_facts queues_facts(void)
{
    struct ops_facts facts = {.now_ms = NOW};

    facts.status =
        json_pack("{s:[{s:s,s:i,s:i,s:i,s:i,s:i},{s:s,s:i,s:i,s:i,s:i,s:i},{s:s,s:i,s:i},{s:s,s:i,s:i,s:i},{s:s,s:i}]}",
                  "inboxes", "institution", "H1", "accepted", 9, "waiting", 9, "connections", 1, "credit", 0,
                  "in_flight", 8, "institution", "H2", "accepted", 1, "waiting", 1, "connections", 1, "credit", 0,
                  "in_flight", 0, "institution", "H0", "accepted", 5, "connections", 1, "institution", "H3", "accepted",
                  1, "dead", 1, "connections", 1, "institution", "H4", "accepted", 0);
    facts.waiters = json_pack("[{s:s,s:I,s:I,s:b},{s:s,s:I,s:I,s:b}]", "institution", "H1", "at_risk_at_ms", NOW + 1000,
                              "due_at_ms", NOW + 2000, "in_flight", 1, "institution", "H2", "at_risk_at_ms", NOW + 2000,
                              "due_at_ms", NOW + 4000, "in_flight", 0);
    return facts;
}

static char *ids_of(const json_t *rows)
{
    static char ids[64];
    size_t i, used = 0;
    json_t *row;

    ids[0] = '\0';
    json_array_foreach(rows, i, row) used +=
        (size_t)snprintf(ids + used, sizeof ids - used, "%s ", ops_string(row, "institution"));
    return ids;
}

Test(ctl_ops, d4_whoever_has_all_its_credit_under_way_grants_some)
{
    struct ctl ctl = {.zh = false};
    struct ops_facts facts = queues_facts();
    const json_t *inboxes = json_object_get(facts.status, "inboxes");
    char why[OPS_TEXT_SIZE];

    ops_held_up(&ctl, json_array_get(inboxes, 0), why);
    cr_assert_str_eq(why, "");
    ops_held_up(&ctl, json_array_get(inboxes, 1), why);
    cr_assert_str_eq(why, "grants no credit");
    ops_facts_fini(&facts);
}

Test(ctl_ops, l4_queues_come_by_deadline_then_those_with_dead_letters_and_who_takes_nothing_is_stuck)
{
    struct ops_facts facts = queues_facts();
    size_t idle;
    json_t *queues = ops_queues(&facts, false, &idle);

    cr_assert_str_eq(ids_of(queues), "H1 H2 H3 H0 ");
    cr_assert_eq(idle, 1);
    json_decref(queues);
    queues = ops_queues(&facts, true, &idle);
    cr_assert_str_eq(ids_of(queues), "H2 H3 ");
    json_decref(queues);
    ops_facts_fini(&facts);
}

Test(ctl_ops, p4_every_line_fits_80_columns)
{
    for (int zh = 0; zh <= 1; zh++) {
        struct ops_facts facts = facts_of();
        struct ctl ctl;
        struct screen screen = screen_of(&ctl, zh != 0);

        json_object_set_new(
            facts.names, "H1",
            json_string("某某某某某某某某某某某某某某某某某某某某某某某某某某某某某某某某某某某某人民医院"));
        json_array_append_new(facts.alarms,
                              json_pack("{s:s,s:s,s:s,s:I,s:s,s:s}", "code", "reserve-deficit", "level", "critical",
                                        "subject", "H1/EXAM/NK/CT/2026-03-04", "since_ms", NOW - 86400000, "todo_zh",
                                        "请医院补充号源, 或调整已占用的号源, 或调整已占用的号源.", "todo_en",
                                        "Have the hospital publish more places, or move what was taken, at once."));
        ops_screen(&screen, &facts, &facts, 0);
        fclose(ctl.out);
        for (char *line = strtok(printed, "\n"); line != NULL; line = strtok(NULL, "\n"))
            cr_expect(width_of(line) <= 80, "%d: %s", width_of(line), line);
        free(printed);
        ops_facts_fini(&facts);
    }
}

/* Whose it is can be told apart whatever is said of it, and a mark is not hidden by what is worse. */
Test(ctl_ops, p4_a_long_state_leaves_the_id_of_its_destination_and_a_drain_is_seen_beside_what_is_worse)
{
    static const char *const ids[] = {"121201151000010194", "121201151000010195"};
    struct ops_facts facts = {.now_ms = NOW, .alarms = json_array(), .waiters = json_array()};
    struct ctl ctl;
    struct screen screen = screen_of(&ctl, false);

    facts.names = json_pack("{s:s,s:s}", ids[0], "宝坻区人民医院", ids[1], "宝坻区中医医院");
    facts.status = json_pack("{s:[],s:b,s:b}", "inboxes", "draining", 1, "time_held", 1);
    for (size_t i = 0; i < 2; i++)
        json_array_append_new(facts.waiters,
                              json_pack("{s:s,s:s,s:i,s:I,s:I,s:I,s:b,s:i}", "institution", ids[i], "lane", "EMERGENCY",
                                        "waiting", 25, "oldest_accepted_at_ms", NOW - 3900000, "at_risk_at_ms",
                                        NOW - 300000, "due_at_ms", NOW - 200000, "paused", 1, "returned", 12));
    ops_screen(&screen, &facts, NULL, 0);
    fclose(ctl.out);
    for (size_t i = 0; i < 2; i++)
        cr_expect_not_null(strstr(strstr(printed, "DESTINATION"), ids[i]), "%s", printed);
    cr_expect_not_null(strstr(printed, "a message overdue"), "%s", printed);
    cr_expect_not_null(strstr(printed, "\ndraining: "), "%s", printed);
    cr_expect_not_null(strstr(printed, "\nthe time is in doubt"), "%s", printed);
    free(printed);
    json_array_clear(facts.waiters);
    screen = screen_of(&ctl, false);
    ops_screen(&screen, &facts, NULL, 0);
    fclose(ctl.out);
    cr_expect_null(strstr(strstr(printed, "draining") + 1, "draining"), "once: %s", printed);
    free(printed);
    ops_facts_fini(&facts);
}

/* `show alarms`: what to do in full, and its page. */
Test(ctl_ops, p4_what_to_do_about_an_alarm_is_not_cut)
{
    static const char todo[] = "List them with referralctl dead INSTITUTION, have the receiver remove the cause, then "
                               "replay them.";
    struct ops_facts facts = {.now_ms = NOW, .alarms = json_array()};
    struct ctl ctl;
    struct screen screen = screen_of(&ctl, false);
    char *words = strdup(todo), *rest = NULL;

    json_array_append_new(facts.alarms,
                          json_pack("{s:s,s:s,s:s,s:I,s:s}", "code", "dead-letters", "level", "critical", "subject",
                                    "121201151000010194", "since_ms", NOW - 86400000, "todo_en", todo));
    ops_alarms(&screen, &facts, 0);
    fclose(ctl.out);
    for (const char *word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        cr_expect_not_null(strstr(printed, word), "%s", printed);
    cr_expect_not_null(strstr(printed, "\n    /usr/share/referrald/runbook/dead-letters.md\n"), "%s", printed);
    for (char *line = strtok_r(printed, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        cr_expect(width_of(line) <= 80, "%d: %s", width_of(line), line);
    free(words);
    free(printed);
    ops_facts_fini(&facts);
}

static void take_blanks_out(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++)
        if (*text != ' ' && *text != '\n')
            *to++ = *text;
    *to = '\0';
}

Test(ctl_ops, f3_a_long_text_is_shown_to_its_end_on_a_narrow_screen)
{
    char said[] = "    17  11-22 20:34:10  request-info  by H1, 请补充既往病史和目前用药,说明何时起病? since when";
    struct ctl ctl;
    struct screen screen = screen_of(&ctl, false);
    char *lines, *rest = NULL;

    screen.columns = 40;
    screen_text(&screen, TONE_PLAIN, 45, said);
    fclose(ctl.out);
    lines = strdup(printed);
    for (char *line = strtok_r(lines, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        cr_expect(width_of(line) <= 40, "%d: %s", width_of(line), line);
    take_blanks_out(said);
    take_blanks_out(printed);
    cr_expect_str_eq(printed, said);
    free(lines);
    free(printed);
}

static const struct grid_column two_columns[] = {
    {"甲", "NAME", false, 8}, {"乙", "N", true, 0}, {"丙", "EMPTY", false, 0}, {NULL, NULL, false, 0}};

Test(ctl_ops, a_table_pads_by_width_cuts_what_gives_and_leaves_out_what_is_empty)
{
    struct ctl ctl;
    struct screen screen = screen_of(&ctl, false);
    struct grid grid;
    struct grid_row *row;

    screen.columns = 16;
    grid_init(&grid, &screen, two_columns);
    row = grid_row(&grid, TONE_BAD);
    grid_set(row, 0, "县医院");
    grid_set(row, 1, "7");
    row = grid_row(&grid, TONE_PLAIN);
    grid_set(row, 0, "a name that is far too long");
    grid_set(row, 1, "12345");
    grid_print(&grid, 0);
    grid_print(&grid, 1);
    grid_fini(&grid);
    fclose(ctl.out);
    cr_assert_str_eq(printed,
                     "NAME           N\n县医院         7\na name t…  12345\nNAME    N\n县医院  7\n… and 1 more\n");
    free(printed);
}

Test(ctl_ops, p4_a_long_name_ends_with_a_whole_character)
{
    struct ops_facts facts = {.names = json_object()};
    wchar_t wide[OPS_TEXT_SIZE];
    struct grid_row row;

    setlocale(LC_ALL, "C.UTF-8");
    for (size_t before = 0; before < 3; before++) {
        char name[300] = "abc", whose[OPS_TEXT_SIZE];

        name[before] = '\0';
        for (int i = 0; i < 84; i++)
            strcat(name, "县");
        json_object_set_new(facts.names, "H1", json_string(name));
        ops_whose(whose, &facts, "H1");
        cr_expect_neq(mbstowcs(wide, whose, OPS_TEXT_SIZE), (size_t)-1, "%zu", before);
        grid_set(&row, 0, "%s", name);
        cr_expect_neq(mbstowcs(wide, row.cells[0], OPS_TEXT_SIZE), (size_t)-1, "%zu", before);
    }
    json_decref(facts.names);
}

Test(ctl_ops, metrics_bear_the_names_of_institutions_as_labels)
{
    struct ops_facts facts = facts_of();
    FILE *out = open_memstream(&printed, &printed_size);

    json_object_set_new(json_array_get(facts.waiters, 1), "institution", json_string("a\"b\\c"));
    ops_metrics_queues(out, &facts);
    fclose(out);
    cr_assert_not_null(strstr(printed, "referrald_inbox_waiting{institution=\"H1\",lane=\"urgent\"} 2\n"));
    cr_assert_not_null(
        strstr(printed, "referrald_inbox_oldest_age_seconds{institution=\"H1\",lane=\"urgent\"} 3900.000\n"));
    cr_assert_not_null(strstr(printed, "{institution=\"a\\\"b\\\\c\",lane=\"routine\"} 1\n"));
    cr_assert_not_null(strstr(printed, "referrald_inbox_dead{institution=\"H1\"} 1\n"));
    free(printed);
    ops_facts_fini(&facts);
}

Test(ctl_ops, every_check_has_a_name_of_its_own)
{
    size_t count = 0;

    for (; ops_check_name(count) != NULL; count++)
        for (size_t k = 0; k < count; k++)
            cr_assert_str_neq(ops_check_name(k), ops_check_name(count));
    cr_assert(count >= 12);
}
