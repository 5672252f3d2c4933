/* Alarms: one row while a condition stands, one row of the past when it has ended, and words for each (T7, D5-D7, C4,
 * P4). */
#include "ask.h"

#include "base/utf8.h"
#include "engine/alarm.h"
#include "engine/alarm_info.h"
#include "engine/binary.h"
#include "store/suspect.h"

static void change(struct district *d, uint32_t kind, const char *code, const char *subject, const char *detail)
{
    Batch__AlarmChange body = BATCH__ALARM_CHANGE__INIT;

    body.code = arena_text(&d->keep, code);
    body.subject = arena_text(&d->keep, subject);
    body.detail = arena_text(&d->keep, detail);
    district_say(d, NULL, kind, &body);
}

static void raise_alarm(struct district *d, const char *code, const char *subject, const char *detail)
{
    change(d, BATCH__INTERNAL__RAISE_ALARM, code, subject, detail);
}

static void clear_alarm(struct district *d, const char *code, const char *subject)
{
    change(d, BATCH__INTERNAL__CLEAR_ALARM, code, subject, NULL);
}

static Referral__AlarmList *list_for(struct district *d, const char *who, bool past, const char *institution)
{
    Referral__AlarmQuery query = REFERRAL__ALARM_QUERY__INIT;

    if (past)
        FIELD_SET(&query, past, true);
    query.institution = arena_text(&d->keep, institution);
    return ask(d, who, REFERRAL__KIND__LIST_ALARMS, &query);
}

static Referral__AlarmList *list(struct district *d, bool past)
{
    return list_for(d, "OPS", past, NULL);
}

static const uint8_t hash[SUSPECT_HASH_SIZE] = {0xab}; /* of a SUBMIT that ended the broker */

static void hold_back_kind(struct district *d, const char *institution, uint32_t kind)
{
    Batch__Culprit culprit = BATCH__CULPRIT__INIT;

    FIELD_SET(&culprit, hash, binary_copy(&d->keep, bytes_of(hash, sizeof hash)));
    culprit.institution = arena_text(&d->keep, institution);
    FIELD_SET(&culprit, kind, kind);
    district_say(d, NULL, BATCH__INTERNAL__QUARANTINE, &culprit);
}

static void hold_back(struct district *d, const char *institution)
{
    hold_back_kind(d, institution, REFERRAL__KIND__SUBMIT);
}

static void reopen(struct district *d)
{
    struct store_options options = district_options(d);

    store_close(d->store);
    cr_assert_eq(store_open(&options, &d->store), 0);
}

Test(alarm, d5_an_alarm_is_raised_once_and_cleared_once_also_over_a_restart)
{
    struct district d;

    district_open(&d);
    raise_alarm(&d, "dead-letters", "H1", NULL);
    d.now.ms += MINUTE_MS;
    reopen(&d);
    raise_alarm(&d, "dead-letters", "H1", NULL);
    cr_assert_eq(list(&d, false)->n_alarms, 1);
    cr_assert_eq(list(&d, false)->alarms[0]->since_ms, DISTRICT_NOW, "the first report counts");
    cr_assert_not(list(&d, false)->alarms[0]->has_ended_at_ms);

    clear_alarm(&d, "dead-letters", "H1");
    d.now.ms += MINUTE_MS;
    reopen(&d);
    clear_alarm(&d, "dead-letters", "H1");
    cr_assert_eq(list(&d, false)->n_alarms, 0);

    Referral__AlarmList *past = list(&d, true);

    cr_assert_eq(past->n_alarms, 1);
    cr_assert_str_eq(past->alarms[0]->code, "dead-letters");
    cr_assert_str_eq(past->alarms[0]->subject, "H1");
    cr_assert_eq(past->alarms[0]->since_ms, DISTRICT_NOW);
    cr_assert_eq(past->alarms[0]->ended_at_ms, DISTRICT_NOW + MINUTE_MS, "the first word of its end counts");
    district_close(&d);
}

Test(alarm, p4_numbers_of_the_first_moment_are_called_so)
{
    struct district d;

    district_open(&d);
    raise_alarm(&d, "dead-letters", "H1", "dead=3");

    Referral__AlarmList *standing = list(&d, false);

    cr_assert_not_null(strstr(standing->alarms[0]->text_en, ": at first dead=3"));
    cr_assert_not_null(strstr(standing->alarms[0]->text_zh, ":起初 dead=3"));
    district_close(&d);
}

Test(alarm, p4_a_record_says_its_level_its_reason_and_what_to_do)
{
    struct district d;

    district_open(&d);
    raise_alarm(&d, "inbox-full", "H1", NULL);
    raise_alarm(&d, "reader-lag", "broker", "pid 4711");

    Referral__AlarmList *standing = list(&d, false);

    cr_assert_eq(standing->n_alarms, 2);
    cr_assert_str_eq(standing->alarms[0]->level, "critical");
    cr_assert_null(standing->alarms[0]->detail);
    cr_assert_str_eq(standing->alarms[1]->level, "warning");
    cr_assert_str_eq(standing->alarms[1]->detail, "pid 4711");
    cr_assert_not_null(strstr(standing->alarms[1]->text_en, ": pid 4711"));
    cr_assert_not_null(strstr(standing->alarms[1]->text_zh, ":pid 4711"));
    cr_assert_str_eq(standing->alarms[1]->runbook, "/runbook/reader-lag");
    cr_assert_not_null(standing->alarms[1]->todo_zh);
    cr_assert_not_null(standing->alarms[1]->todo_en);
    district_close(&d);
}

Test(alarm, p2_operators_see_all_alarms_or_one_institutions_and_partners_none)
{
    struct district d;
    Referral__AlarmQuery query = REFERRAL__ALARM_QUERY__INIT;

    district_open(&d);
    raise_alarm(&d, "inbox-age", "H1", NULL);
    raise_alarm(&d, "inbox-age", "H2", NULL);
    raise_alarm(&d, "reserve-deficit", "H1/EXAM/CARD/CT/2026-12-01", NULL);
    cr_assert_eq(list_for(&d, "OPS", false, NULL)->n_alarms, 3);
    cr_assert_eq(list_for(&d, "OPS", false, "H1")->n_alarms, 2, "its own, and those of its pools");
    cr_assert_eq(list_for(&d, "OPS", false, "H")->n_alarms, 0);
    cr_assert_str_eq(ask_said(&d, "H1", REFERRAL__KIND__LIST_ALARMS, &query), "NOT_ALLOWED");
    clear_alarm(&d, "inbox-age", "H1");
    clear_alarm(&d, "inbox-age", "H2");
    cr_assert_eq(list_for(&d, "OPS", true, NULL)->n_alarms, 2);
    district_close(&d);
}

Test(alarm, t7_what_an_alarm_is_about_begins_with_an_institution_and_a_way_ends_with_one)
{
    struct district d;

    district_open(&d);
    hold_back(&d, "T07");
    raise_alarm(&d, "emergency-gap", "T07>H1", "contact");

    Referral__AlarmList *of_t07 = list_for(&d, "OPS", false, "T07");

    cr_assert_eq(of_t07->n_alarms, 2);
    cr_assert_str_eq(of_t07->alarms[0]->subject, "T07>H1");
    cr_assert_str_eq(of_t07->alarms[1]->subject, "T07/ab000000000000000000000000000000");
    cr_assert_str_eq(of_t07->alarms[1]->detail, "SUBMIT");
    cr_assert_eq(list_for(&d, "OPS", false, "T0")->n_alarms, 0);
    cr_assert_eq(list_for(&d, "OPS", false, "H1")->n_alarms, 1, "where the contact is missing");
    cr_assert_eq(list_for(&d, "OPS", false, "1")->n_alarms, 0);
    district_close(&d);
}

Test(alarm, d2_a_release_ends_the_alarm_of_its_command)
{
    Referral__ReleaseCommand release = REFERRAL__RELEASE_COMMAND__INIT;
    struct district d;

    district_open(&d);
    hold_back(&d, "T07");
    FIELD_SET(&release, hash, binary_copy(&d.keep, bytes_of(hash, sizeof hash)));
    release.reason = arena_text(&d.keep, "mended");
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__RELEASE_COMMAND, &release), "");
    cr_assert_eq(list(&d, false)->n_alarms, 0);
    cr_assert_eq(list(&d, true)->n_alarms, 1);
    district_close(&d);
}

/* The broker that it ended may have been a newer one. */
Test(alarm, d2_a_command_of_a_kind_that_nobody_knows_any_more_is_held_back_too)
{
    struct district d;

    district_open(&d);
    hold_back_kind(&d, "T07", 999);
    cr_assert_eq(list(&d, false)->n_alarms, 1);
    cr_assert_null(list(&d, false)->alarms[0]->detail);
    district_close(&d);
}

/* Also pages: the oldest end first, each once. */
Test(alarm, d6_the_past_keeps_the_last_thousand)
{
    struct district d;
    Referral__AlarmQuery query = REFERRAL__ALARM_QUERY__INIT;
    int64_t last = 0;
    size_t count = 0;

    district_open(&d);
    for (int i = 0; i < ALARM_PAST_MAX + 7; i++) {
        raise_alarm(&d, "no-consumer", "H1", NULL);
        d.now.ms += SECOND_MS;
        clear_alarm(&d, "no-consumer", "H1");
    }
    FIELD_SET(&query, past, true);
    do {
        Referral__AlarmList *page = ask(&d, "OPS", REFERRAL__KIND__LIST_ALARMS, &query);

        for (size_t i = 0; i < page->n_alarms; i++, count++) {
            cr_assert(page->alarms[i]->ended_at_ms > last);
            last = page->alarms[i]->ended_at_ms;
            if (count == 0)
                cr_assert_eq(last, DISTRICT_NOW + 8 * SECOND_MS, "the seven oldest are gone");
        }
        query.has_cursor = page->has_next;
        query.cursor = page->next;
    } while (query.has_cursor);
    cr_assert_eq(count, ALARM_PAST_MAX);
    cr_assert_eq(last, d.now.ms);
    district_close(&d);
}

Test(alarm, d6_the_past_keeps_ninety_days)
{
    struct district d;

    district_open(&d);
    raise_alarm(&d, "inbox-age", "H1", NULL);
    clear_alarm(&d, "inbox-age", "H1");
    d.now.ms += ALARM_PAST_DAYS * DAY_MS;
    raise_alarm(&d, "inbox-age", "H2", NULL);
    clear_alarm(&d, "inbox-age", "H2");
    cr_assert_eq(list(&d, true)->n_alarms, 2);
    d.now.ms += 1;
    raise_alarm(&d, "inbox-age", "H3", NULL);
    clear_alarm(&d, "inbox-age", "H3");
    cr_assert_eq(list(&d, true)->n_alarms, 2);
    cr_assert_str_eq(list(&d, true)->alarms[0]->subject, "H2");
    district_close(&d);
}

/* Words that name a page, a level, and what to do in both languages; sorted, each once. */
Test(alarm, p4_every_code_has_all_its_words)
{
    for (size_t i = 0; i < alarm_info_count(); i++) {
        const struct alarm_info *info = alarm_info(i);

        cr_expect(i == 0 || strcmp(alarm_info(i - 1)->code, info->code) < 0, "%s is sorted, and once", info->code);
        cr_expect_eq(strspn(info->code, "abcdefghijklmnopqrstuvwxyz-"), strlen(info->code));
        cr_expect(strcmp(info->level, "warning") == 0 || strcmp(info->level, "critical") == 0, "%s", info->code);
        cr_expect_eq(alarm_is_critical(info), info->level[0] == 'c');
        cr_expect((info->text_zh[0] & 0x80) != 0 && (info->todo_zh[0] & 0x80) != 0, "%s in Chinese", info->code);
        cr_expect(info->text_en[0] >= 'a' && info->text_en[0] <= 'z', "%s: a predicate", info->code);
        cr_expect(info->todo_en[0] >= 'A' && info->todo_en[0] <= 'Z', "%s: a sentence", info->code);
        cr_expect_eq(info->todo_en[strlen(info->todo_en) - 1], '.', "%s: one sentence", info->code);
        cr_expect(strlen(info->todo_en) <= 120, "%s is short", info->code);
    }
}

Test(alarm, p4_a_code_of_a_newer_version_is_a_warning_that_says_itself)
{
    struct arena arena;

    cr_assert_eq(arena_open(&arena, 1 << 20), 0);
    cr_assert_str_eq(alarm_info_of(&arena, "of-a-newer-one")->text_en, "of-a-newer-one");
    cr_assert_not(alarm_is_critical(alarm_info_of(&arena, "of-a-newer-one")));
    arena_close(&arena);
}

/* Institution, department and resource may have 64 bytes each; two such pools may differ in the last one only. */
Test(alarm, q10_subjects_longer_than_a_key_are_told_apart_and_cleared)
{
    struct district d;
    char one[240], other[240];

    district_open(&d);
    for (size_t i = 0; i < sizeof one; i += 3)
        memcpy(one + i, "\xe5\x8f\xb7", 3);
    one[sizeof one - 3] = '\0';
    memcpy(other, one, sizeof one);
    one[sizeof one - 4] = (char)0xb8;
    raise_alarm(&d, "reserve-deficit", one, NULL);
    raise_alarm(&d, "reserve-deficit", other, NULL);
    raise_alarm(&d, "reserve-deficit", other, NULL);
    cr_assert_eq(list(&d, false)->n_alarms, 2);
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(text_check(bytes_text(list(&d, false)->alarms[i]->subject)), TEXT_OK);
    clear_alarm(&d, "reserve-deficit", one);
    cr_assert_eq(list(&d, false)->n_alarms, 1);
    clear_alarm(&d, "reserve-deficit", other);
    cr_assert_eq(list(&d, false)->n_alarms, 0);
    cr_assert_eq(list(&d, true)->n_alarms, 2);
    district_close(&d);
}

Test(alarm, p4_what_is_shown_of_a_long_subject_ends_with_a_whole_character)
{
    struct district d;
    char subject[240];

    district_open(&d);
    for (size_t before = 0; before < 3; before++) {
        memset(subject, '\0', sizeof subject);
        memset(subject, 'a', before);
        while (strlen(subject) < 200)
            strcat(subject, "\xe5\x8f\xb7");
        raise_alarm(&d, "reserve-deficit", subject, NULL);
        cr_assert_eq(list(&d, false)->n_alarms, 1);
        cr_assert_eq(text_check(bytes_text(list(&d, false)->alarms[0]->subject)), TEXT_OK, "%zu", before);
        clear_alarm(&d, "reserve-deficit", subject);
        cr_assert_eq(list(&d, false)->n_alarms, 0);
    }
    district_close(&d);
}
