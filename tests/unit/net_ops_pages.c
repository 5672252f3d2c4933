/* net_ops_pages.c - views made by hand, and what operators read of them: the sentence, the checks, metrics, the status
 * as JSON. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/ops_files.h"
#include "net/ops_health.h"
#include "net/ops_metrics.h"
#include "net/ops_pages.h"
#include "net/ops_state.h"
#include "net/ops_status.h"
#include "wire/wire.h"

#define NOW 1795221000000 /* 2026-11-21 08:30 in China */

struct scene { /* a broker with some destinations, all well */
    struct overview overview;
    struct ops_view view;
    struct ops_text text, zh, en;
};

static void scene_open(struct scene *scene, size_t destinations)
{
    memset(scene, 0, sizeof *scene);
    scene->view = (struct ops_view){
        .at = instant_of(NOW),
        .started_at = instant_of(NOW - HOUR_MS),
        .version = "1.2.3",
        .short_name = "bd",
        .store_id = "00",
        .endpoint = "tcp://127.0.0.1:5570",
        .incarnation = 1,
        .is_serving = true,
        .is_readable = true,
        .room = {.used_bytes = 10, .limit_bytes = 1000},
        .overview = &scene->overview,
    };
    scene->overview.reserve.shown = &scene->overview.reserve.tables[0];
    scene->overview.destinations = calloc(destinations + 1, sizeof *scene->overview.destinations);
    scene->overview.by_urgency = calloc(destinations + 1, sizeof *scene->overview.by_urgency);
    scene->overview.destination_count = scene->overview.totals.destinations = destinations;
    for (size_t i = 0; i < destinations; i++) {
        scene->overview.destinations[i] =
            (struct overview_destination){.number = (uint32_t)i + 1, .id = "H1", .enabled = true};
        scene->overview.by_urgency[i] = &scene->overview.destinations[i];
    }
}

static void scene_close(struct scene *scene)
{
    free(scene->overview.destinations);
    free((void *)scene->overview.by_urgency);
    ops_text_fini(&scene->text);
    ops_text_fini(&scene->zh);
    ops_text_fini(&scene->en);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        count++;
    return count;
}

static size_t number_of(const char *code)
{
    size_t i = 0;

    while (strcmp(alarm_info(i)->code, code) != 0)
        i++;
    return i;
}

static struct overview_alarm standing(const char *code, const char *subject)
{
    return (struct overview_alarm){.code = code,
                                   .subject = subject,
                                   .info = alarm_info(number_of(code)),
                                   .text_zh = "等待过久",
                                   .text_en = "waits too long",
                                   .since = instant_of(NOW)};
}

static void expect_state(struct scene *scene, enum ops_level level, const char *zh, const char *en)
{
    ops_text_reset(&scene->zh);
    ops_text_reset(&scene->en);
    cr_assert_eq(ops_state_render(&scene->view, &scene->zh, &scene->en), level);
    cr_assert_str_eq(ops_text_string(&scene->zh), zh);
    cr_assert_str_eq(ops_text_string(&scene->en), en);
}

Test(ops_page, p4_every_action_of_an_operator_has_a_chinese_name)
{
    char *words = strndup((const char *)ops_file_words_js.data, ops_file_words_js.size);

    for (uint32_t kind = 0; kind < 256; kind++) {
        char word[64];

        if (kind_info(kind) == NULL || !turn_is_administration(kind))
            continue;
        snprintf(word, sizeof word, " %s: \"", kind_info(kind)->name);
        cr_expect_not_null(strstr(words, word), "%s", kind_info(kind)->name);
    }
    free(words);
}

Test(ops_state, alarms_that_are_not_shown_are_counted_all_the_same)
{
    struct scene scene;

    scene_open(&scene, 1);
    for (size_t i = 0; i < OVERVIEW_ALARMS; i++)
        scene.overview.alarms[i] = standing("inbox-age", "H1");
    scene.overview.alarm_count = OVERVIEW_ALARMS;
    scene.overview.alarms_left_out = true;
    scene.overview.alarm_counts[number_of("inbox-age")] = 149;
    scene.overview.alarm_counts[number_of("backup-old")] = 1;
    expect_state(&scene, OPS_LEVEL_WARNING, "150 个告警,其一:等待过久(H1)。",
                 "150 alarms stand, one of them: waits too long (H1).");
    scene_close(&scene);
}

/* From the least to the worst: each takes the place of those before it. */
Test(ops_state, p4_the_worst_that_is_true_is_the_sentence)
{
    struct scene scene;

    scene_open(&scene, 2);

    struct overview_destination *h1 = &scene.overview.destinations[1];
    struct overview_totals *totals = &scene.overview.totals;

    totals->connected = 1;
    expect_state(&scene, OPS_LEVEL_OK, "一切正常:2 个目的地,1 个已连接,0 条消息等待,期限均未过半。",
                 "All is well: 2 destinations, 1 connected, 0 messages waiting, none past half its deadline.");
    totals->without_consumer = 1;
    expect_state(&scene, OPS_LEVEL_WARNING, "1 个目的地有消息等待,但无系统收取。",
                 "1 destination has waiting messages and nobody who takes any.");
    scene.overview.alarm_count = 1;
    scene.overview.alarms[0] = standing("inbox-age", "H1");
    expect_state(&scene, OPS_LEVEL_WARNING, "1 个告警:等待过久(H1)。", "1 alarm stands: waits too long (H1).");
    scene.overview.alarm_count = 2;
    expect_state(&scene, OPS_LEVEL_WARNING, "2 个告警,其一:等待过久(H1)。",
                 "2 alarms stand, one of them: waits too long (H1).");
    scene.overview.alarm_count = 1;
    scene.overview.alarms[0] = standing("receiver-down", "H1");
    expect_state(&scene, OPS_LEVEL_CRITICAL, "1 个告警:等待过久(H1)。", "1 alarm stands: waits too long (H1).");
    scene.overview.alarms[0] = standing("inbox-age", "H1");
    scene.view.time_held = true;
    expect_state(&scene, OPS_LEVEL_WARNING, "系统时间存疑,到期处理等待运维确认。",
                 "The time is in doubt: expiry waits for an operator.");
    h1->name = "县人民医院";
    h1->due_at = instant_of(NOW + 5 * MINUTE_MS);
    h1->at_risk = totals->at_risk = 3;
    h1->contact = (struct overview_contact){.name = "何丽华", .phone = "022-29004602"};
    expect_state(&scene, OPS_LEVEL_CRITICAL,
                 "3 条消息有风险,最紧迫的是县人民医院(再过 5 分钟到期),请联系 何丽华 022-29004602。",
                 "3 messages are at risk, first those for 县人民医院 (due in 5 min); call 何丽华 022-29004602.");
    h1->due_at = instant_of(NOW - 3 * HOUR_MS);
    h1->contact = (struct overview_contact){0};
    expect_state(&scene, OPS_LEVEL_CRITICAL, "3 条消息有风险,最紧迫的是县人民医院(已超期 3 小时)。",
                 "3 messages are at risk, first those for 县人民医院 (overdue for 3 h).");
    h1->at_risk = totals->at_risk = 1;
    expect_state(&scene, OPS_LEVEL_CRITICAL, "1 条消息有风险,最紧迫的是县人民医院(已超期 3 小时)。",
                 "1 message is at risk, that for 县人民医院 (overdue for 3 h).");
    h1->at_risk = totals->at_risk = 3;
    h1->due_at = instant_of(0);
    expect_state(&scene, OPS_LEVEL_CRITICAL, "3 条消息有风险,最紧迫的是县人民医院(死信)。",
                 "3 messages are at risk, first those for 县人民医院 (dead letters).");
    h1->dead = totals->dead = 3;
    h1->due_at = instant_of(NOW + 2 * DAY_MS); /* of what waits beside them and is not at risk */
    expect_state(&scene, OPS_LEVEL_CRITICAL, "3 条消息有风险,最紧迫的是县人民医院(死信)。",
                 "3 messages are at risk, first those for 县人民医院 (dead letters).");
    scene.overview.destinations[0].dead = scene.overview.destinations[0].at_risk = 1;
    expect_state(&scene, OPS_LEVEL_CRITICAL, "3 条消息有风险,最紧迫的是H1(死信)。",
                 "3 messages are at risk, first those for H1 (dead letters).");
    h1->at_risk = 4; /* one of them waits, past half of its time: it is worse than what is dead already */
    expect_state(&scene, OPS_LEVEL_CRITICAL, "3 条消息有风险,最紧迫的是县人民医院(再过 2 天到期)。",
                 "3 messages are at risk, first those for 县人民医院 (due in 2 days).");
    totals->unbalanced = 1;
    expect_state(&scene, OPS_LEVEL_CRITICAL, "1 个目的地账目不平,请运行 referralctl recount。",
                 "The books of 1 destination do not balance; run referralctl recount.");
    scene.view.room.full = true;
    expect_state(&scene, OPS_LEVEL_CRITICAL, "存储空间已用到上限,不再接收新转诊。",
                 "The store is full: no new referrals are taken.");
    scene.view.is_readable = false;
    expect_state(&scene, OPS_LEVEL_CRITICAL, "存储无法读取,请查看日志。", "The store cannot be read; see the log.");
    scene_close(&scene);
}

Test(ops_state, p4_whoever_starts_stops_or_drains_says_so)
{
    struct scene scene;

    scene_open(&scene, 1);
    scene.view.is_serving = false;
    expect_state(&scene, OPS_LEVEL_WARNING, "正在启动或停止。", "Starting or stopping.");
    scene.view.is_draining = true;
    expect_state(&scene, OPS_LEVEL_WARNING, "按运维要求暂不接收新业务(急诊除外)。",
                 "Draining: no new work is taken, but emergencies.");
    scene_close(&scene);
}

Test(ops_state, p4_small_numbers_and_missing_ones_read_well)
{
    struct scene scene;

    scene_open(&scene, 1);

    struct overview_destination *h1 = &scene.overview.destinations[0];

    h1->at_risk = scene.overview.totals.at_risk = 1;
    h1->due_at = instant_of(NOW + 1500);
    h1->contact = (struct overview_contact){.name = "何丽华"}; /* nobody can call a name */
    expect_state(&scene, OPS_LEVEL_CRITICAL, "1 条消息有风险,最紧迫的是H1(再过 1 秒到期)。",
                 "1 message is at risk, that for H1 (due in 1 s).");
    scene.overview.totals.unbalanced = 2;
    expect_state(&scene, OPS_LEVEL_CRITICAL, "2 个目的地账目不平,请运行 referralctl recount。",
                 "The books of 2 destinations do not balance; run referralctl recount.");
    scene_close(&scene);
}

static bool health(struct scene *scene, enum ops_grade grade, bool verbose)
{
    ops_text_reset(&scene->text);

    bool good = ops_health_render(&scene->view, grade, verbose, &scene->text);

    ops_text_string(&scene->text);
    return good;
}

Test(ops_health, a_grade_includes_those_before_it_and_no_more)
{
    struct scene scene;

    scene_open(&scene, 1);
    cr_assert(health(&scene, OPS_HEALTHY, false));
    cr_assert_str_eq(scene.text.data, "ok\n");
    scene.overview.totals.dead = scene.overview.totals.at_risk = 1;
    scene.view.time_held = true;
    cr_assert_not(health(&scene, OPS_HEALTHY, false));
    cr_assert_str_eq(scene.text.data, "not ok: time, dead-letters\n");
    cr_assert(health(&scene, OPS_READY, false));
    scene.view.room.full = true;
    cr_assert_not(health(&scene, OPS_READY, true));
    cr_assert_not_null(strstr(scene.text.data, "NOT ready   store-room"));
    cr_assert_eq(count_of(scene.text.data, "NOT"), 1);
    cr_assert_eq(count_of(scene.text.data, "healthy"), 0);
    cr_assert(health(&scene, OPS_LIVE, false));
    scene_close(&scene);
}

Test(ops_health, an_overview_that_could_not_be_read_is_no_proof_of_health)
{
    struct scene scene;

    scene_open(&scene, 0);
    scene.view.is_readable = false;
    cr_assert_not(health(&scene, OPS_HEALTHY, true));
    cr_assert_not_null(strstr(scene.text.data, "NOT ready   store-readable"));
    cr_assert_null(strstr(scene.text.data, "dead-letters"));
    scene_close(&scene);
}

Test(ops_metrics, labels_are_escaped_and_bounded)
{
    struct scene scene;

    scene_open(&scene, OPS_DESTINATIONS_MAX + 3);
    scene.overview.destinations[0].id = "a\"b\\c\nd";
    ops_metrics_render(&scene.view, &scene.text);

    const char *text = ops_text_string(&scene.text);

    cr_assert_not_null(strstr(text, "referrald_inbox_dead{institution=\"a\\\"b\\\\c\\nd\"} 0\n"));
    cr_assert_eq(count_of(text, "\nreferrald_inbox_dead{"), OPS_DESTINATIONS_MAX);
    cr_assert_not_null(strstr(text, "\nreferrald_destinations_left_out 3\n"));
    scene_close(&scene);
}

Test(ops_metrics, times_are_seconds_and_buckets_add_up)
{
    struct scene scene;

    scene_open(&scene, 1);
    scene.overview.destinations[0].due_at = instant_of(NOW - 1234);
    scene.overview.destinations[0].lanes[0].oldest_at = instant_of(NOW - 61005);
    scene.overview.destinations[0].lanes[0].half_at = instant_of(NOW - 31005);
    scene.overview.destinations[0].lanes[0].due_at = instant_of(NOW - 1005);
    scene.overview.destinations[0].lanes[1].oldest_at = instant_of(NOW + 5);
    histogram_add(&scene.view.turn_us, 90);
    histogram_add(&scene.view.turn_us, 190);
    histogram_add(&scene.view.turn_us, 2000000);
    ops_metrics_render(&scene.view, &scene.text);

    const char *text = ops_text_string(&scene.text);

    cr_assert_not_null(strstr(text, "referrald_inbox_overdue_seconds{institution=\"H1\"} 1.234\n"));
    cr_assert_not_null(
        strstr(text, "referrald_inbox_oldest_age_seconds{institution=\"H1\",lane=\"emergency\"} 61.005\n"));
    cr_assert_not_null(strstr(text, "referrald_inbox_oldest_age_seconds{institution=\"H1\",lane=\"urgent\"} 0.000\n"));
    cr_assert_not_null(
        strstr(text, "referrald_inbox_half_timestamp_seconds{institution=\"H1\",lane=\"emergency\"} 1795220968.995\n"));
    cr_assert_not_null(strstr(
        text, "referrald_inbox_deadline_timestamp_seconds{institution=\"H1\",lane=\"emergency\"} 1795220998.995\n"));
    cr_assert_not_null(
        strstr(text, "referrald_inbox_deadline_timestamp_seconds{institution=\"H1\",lane=\"routine\"} 0.000\n"));
    cr_assert_not_null(strstr(text, "referrald_turn_seconds_bucket{le=\"0.000100\"} 1\n"));
    cr_assert_not_null(strstr(text, "referrald_turn_seconds_bucket{le=\"1.000000\"} 2\n"));
    cr_assert_not_null(strstr(text, "referrald_turn_seconds_bucket{le=\"+Inf\"} 3\n"));
    cr_assert_not_null(strstr(text, "referrald_turn_seconds_sum 2.000280\n"));
    scene_close(&scene);
}

Test(ops_metrics, alarms_of_one_code_are_one_sample)
{
    struct scene scene;

    scene_open(&scene, 0);
    scene.overview.alarm_counts[number_of("inbox-age")] = 2;
    scene.overview.alarm_counts[number_of("receiver-down")] = 1;
    ops_metrics_render(&scene.view, &scene.text);

    const char *text = ops_text_string(&scene.text);

    cr_assert_not_null(strstr(text, "referrald_alarms{code=\"inbox-age\",level=\"warning\"} 2\n"));
    cr_assert_not_null(strstr(text, "referrald_alarms{code=\"receiver-down\",level=\"critical\"} 1\n"));
    cr_assert_not_null(strstr(text, "referrald_alarms{code=\"backup-old\",level=\"warning\"} 0\n"));
    scene_close(&scene);
}

Test(ops_status, strings_are_escaped_and_destinations_bounded)
{
    struct scene scene;

    scene_open(&scene, OPS_DESTINATIONS_MAX + 1);
    scene.overview.destinations[0].name = "a\"b\\c\x01\n</script>";
    ops_status_render(&scene.view, &scene.text);

    const char *text = ops_text_string(&scene.text);

    cr_assert_not_null(strstr(text, "\"name\":\"a\\\"b\\\\c\\u0001\\u000a</script>\""));
    cr_assert_eq(count_of(text, "\"last_seen_at_ms\":"), OPS_DESTINATIONS_MAX);
    cr_assert_not_null(strstr(text, "\"destinations_left_out\":1"));
    scene_close(&scene);
}

Test(ops_status, last_seen_is_now_or_the_later_of_what_is_known)
{
    struct scene scene;

    scene_open(&scene, 4);
    scene.overview.destinations[0].live.connections = 1;
    scene.overview.destinations[1].last_ack_at = instant_of(5);
    scene.overview.destinations[2].live.last_seen = instant_of(7);
    scene.overview.destinations[2].last_ack_at = instant_of(6);
    ops_status_render(&scene.view, &scene.text);

    const char *text = ops_text_string(&scene.text);

    cr_assert_not_null(strstr(text, "\"last_seen_at_ms\":1795221000000"));
    cr_assert_not_null(strstr(text, "\"last_seen_at_ms\":5"));
    cr_assert_not_null(strstr(text, "\"last_seen_at_ms\":7"));
    cr_assert_not_null(strstr(text, "\"last_seen_at_ms\":null"));
    scene_close(&scene);
}

static bool is_fresh(void *user)
{
    return *(bool *)user;
}

Test(ops_pages, a_page_waits_for_a_view_and_is_rendered_once_for_each)
{
    struct scene scene;
    struct ops_pages *pages;
    struct ops_answer answer;
    bool fresh = false;
    const struct ops_pages_options options = {.user = &fresh, .is_fresh = is_fresh};

    scene_open(&scene, 0);
    cr_assert_eq(ops_pages_open(&options, &pages), 0);
    cr_assert(ops_pages_answer(pages, "/livez", &answer));
    cr_assert_eq(answer.status, 200);
    cr_assert(ops_pages_answer(pages, "/nowhere", &answer));
    cr_assert_eq(answer.status, 404);
    cr_assert_not(ops_pages_answer(pages, "/readyz", &answer));
    fresh = true;
    cr_assert_not(ops_pages_answer(pages, "/readyz", &answer), "fresh it may be, but there is none");

    ops_pages_show(pages, &scene.view);
    cr_assert(ops_pages_answer(pages, "/readyz", &answer));
    cr_assert_eq(answer.status, 200);
    scene.view.is_serving = false;
    cr_assert(ops_pages_answer(pages, "/readyz", &answer));
    cr_assert_eq(answer.status, 200, "what is shown is what was rendered");
    ops_pages_show(pages, &scene.view);
    cr_assert(ops_pages_answer(pages, "/readyz", &answer));
    cr_assert_eq(answer.status, 503);

    fresh = false;
    cr_assert_not(ops_pages_answer(pages, "/readyz", &answer));
    ops_pages_close(pages);
    scene_close(&scene);
}

/* Today there is a pool, tomorrow there is none. */
Test(ops_metrics, q10_the_reserve_of_today_is_shown_by_hospital_and_class)
{
    struct scene scene;
    struct reserve_row row = {.hospital = 1, .id = "H1", .name = "县人民医院", .class = 3};
    struct reserve_table *table;

    scene_open(&scene, 0);
    table = scene.overview.reserve.shown;
    row.days[0] = (struct reserve_day){.pools = 2, .capacity = 20, .required = 4, .reserved = 1, .deficit = 3};
    *table = (struct reserve_table){
        .at = instant_of(NOW), .first_day = 20778, .rows = &row, .row_count = 1, .short_sets = 1};
    ops_metrics_render(&scene.view, &scene.text);
    cr_assert_not_null(strstr(ops_text_string(&scene.text),
                              "referrald_reserve_deficit{institution=\"H1\",class=\"EXAM\",day=\"today\"} 3\n"));
    cr_assert_eq(count_of(scene.text.data, "referrald_reserve_capacity{"), 1);
    cr_assert_not_null(strstr(scene.text.data, "\nreferrald_reserve_short_sets 1\n"));

    ops_text_reset(&scene.text);
    ops_status_render(&scene.view, &scene.text);
    cr_assert_not_null(strstr(ops_text_string(&scene.text), "\"dates\":[\"2026-11-21\",\"2026-11-22\""));
    cr_assert_not_null(strstr(
        scene.text.data, "\"hospital\":\"H1\",\"name\":\"县人民医院\",\"class\":\"EXAM\",\"days\":[{\"pools\":2,"));
    cr_assert_eq(count_of(scene.text.data, ",null"), RESERVE_DAYS - 1);
    scene_close(&scene);
}
