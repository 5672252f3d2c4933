/* Settings and the calendar: L4, D4, D6, F4. */
#include "desk.h"
#include "engine/settings.h"

static const char *put(struct desk *desk, char *name, char *institution, char *value)
{
    Referral__Setting setting = REFERRAL__SETTING__INIT;

    setting.name = name;
    setting.institution = institution;
    setting.value = value;
    return desk_operate(desk, settings_apply_put, REFERRAL__KIND__PUT_SETTING, &setting);
}

Test(settings, l4_every_default_is_within_its_own_range)
{
    struct desk desk;

    desk_open(&desk);
    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *info = setting_info((enum setting)i);
        enum setting found;

        cr_assert(setting_find(info->name, &found) && found == (enum setting)i, "%s", info->name);
        cr_assert_str_eq(
            put(&desk, arena_text(&desk.arena, info->name), NULL, arena_text(&desk.arena, info->default_value)), "",
            "%s", info->name);
    }
    desk_close(&desk);
}

Test(settings, l4_the_institutions_own_beats_that_of_all_beats_the_default)
{
    struct desk desk;

    desk_open(&desk);
    desk_put_institution(&desk, "H1", REFERRAL__INSTITUTION_KIND__HOSPITAL, REFERRAL__TIER__COUNTY);
    cr_assert_eq(setting_number(desk.txn, SETTING_answer_urgent_ms, "H1"), 7200000);
    cr_assert_str_eq(put(&desk, "answer_urgent_ms", NULL, "3600000"), "");
    cr_assert(desk.effects.destinations_changed);
    cr_assert_eq(setting_number(desk.txn, SETTING_answer_urgent_ms, "H1"), 3600000);
    cr_assert_str_eq(put(&desk, "answer_urgent_ms", "H1", "1800000"), "");
    cr_assert_eq(setting_number(desk.txn, SETTING_answer_urgent_ms, "H1"), 1800000);
    cr_assert_eq(setting_number(desk.txn, SETTING_answer_urgent_ms, "H2"), 3600000);
    cr_assert_eq(setting_number(desk.txn, SETTING_answer_urgent_ms, NULL), 3600000);
    cr_assert_eq(settings_deadlines(desk.txn, "H1").urgent_ms, 1800000);
    cr_assert_str_eq(put(&desk, "answer_urgent_ms", "H1", NULL), "");
    cr_assert_eq(setting_number(desk.txn, SETTING_answer_urgent_ms, "H1"), 3600000);
    desk_close(&desk);
}

Test(settings, l4_names_values_ranges_and_scopes_are_checked)
{
    static const struct {
        char *name, *institution, *value;
        const char *expected;
    } cases[] = {
        {NULL, NULL, "1", "MISSING name"},
        {"no_such", NULL, "1", "UNKNOWN_SETTING name"},
        {"answer_urgent_ms", NULL, "59999", "OUT_OF_RANGE value"},
        {"answer_urgent_ms", NULL, "604800001", "OUT_OF_RANGE value"},
        {"answer_urgent_ms", NULL, "-60000", "BAD_VALUE value"},
        {"answer_urgent_ms", NULL, " 60000", "BAD_VALUE value"},
        {"answer_urgent_ms", NULL, "60000 ", "BAD_VALUE value"},
        {"answer_urgent_ms", NULL, "", "BAD_VALUE value"},
        {"answer_urgent_ms", NULL, "99999999999999999999", "BAD_VALUE value"},
        {"answer_urgent_ms", "NOBODY", "60000", "UNKNOWN_INSTITUTION institution"},
        {"validity_ms", "H1", "3600000", "NOT_EXPECTED institution"},
        {"validity", "H1", "3600000", "UNKNOWN_SETTING name"},
        {"validity", "NOBODY", "3600000", "UNKNOWN_SETTING name; UNKNOWN_INSTITUTION institution"},
        {"validity_ms", "H1", "1", "OUT_OF_RANGE value; NOT_EXPECTED institution"},
        {"down_referral_diseases", NULL, "hypertension", "BAD_ICD10 value"},
        {"down_referral_diseases", NULL, "I10-I15 J44", ""},
    };
    struct desk desk;

    desk_open(&desk);
    desk_put_institution(&desk, "H1", REFERRAL__INSTITUTION_KIND__HOSPITAL, REFERRAL__TIER__COUNTY);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *found = put(&desk, cases[i].name, cases[i].institution, cases[i].value);

        cr_expect_str_eq(found, cases[i].expected, "row %zu: %s", i, found);
    }
    cr_assert_str_eq(setting_text(desk.txn, SETTING_down_referral_diseases, NULL), "I10-I15 J44");
    desk_close(&desk);
}

Test(settings, f2_what_only_a_list_tells_is_not_set)
{
    Referral__Setting setting = REFERRAL__SETTING__INIT;
    struct desk desk;
    char *diseases;

    desk_open(&desk);
    setting.name = "answer_urgent_ms";
    setting.default_value = "60000";
    setting.help = "shorter";
    cr_assert_str_eq(desk_operate(&desk, settings_apply_put, REFERRAL__KIND__PUT_SETTING, &setting),
                     "NOT_EXPECTED default_value; NOT_EXPECTED help");
    diseases = arena_zalloc(&desk.arena, 10000);
    while (strlen(diseases) < 9990)
        strcat(diseases, "I10 ");
    cr_assert_str_eq(put(&desk, "down_referral_diseases", NULL, diseases), "TOO_LONG value");
    desk_close(&desk);
}

Test(settings, p2_settings_are_the_operators)
{
    Referral__Setting setting = REFERRAL__SETTING__INIT;
    struct desk desk;

    desk_open(&desk);
    desk_put_institution(&desk, "H1", REFERRAL__INSTITUTION_KIND__HOSPITAL, REFERRAL__TIER__COUNTY);
    setting.name = "answer_urgent_ms";
    setting.institution = "H1";
    setting.value = "60000";
    cr_assert_str_eq(
        desk_do(&desk, settings_apply_put, REFERRAL__KIND__PUT_SETTING, "H1", ROLE_BIT(SCHEDULE), &setting),
        "NOT_ALLOWED");
    desk_close(&desk);
}

static const char *put_day(struct desk *desk, char *date, bool has_working, bool working)
{
    Referral__CalendarDay day = REFERRAL__CALENDAR_DAY__INIT;

    day.date = date;
    day.has_working = has_working;
    day.working = working;
    return desk_operate(desk, settings_apply_calendar_day, REFERRAL__KIND__PUT_CALENDAR_DAY, &day);
}

Test(settings, l4_the_calendar_knows_holidays_and_make_up_days)
{
    struct calendar calendar;
    struct desk desk;

    desk_open(&desk);
    cr_assert_str_eq(put_day(&desk, "2027-10-01", true, false), "");
    cr_assert_str_eq(put_day(&desk, "2026-11-22", true, true), "");
    cr_assert_str_eq(put_day(&desk, "2026-11-23", true, false), "");
    cr_assert_str_eq(put_day(&desk, "2026-11-20", true, false), "");
    calendar = settings_calendar(desk.txn, &desk.arena, desk.now, 480);
    cr_assert_eq(calendar.count, 2, "the past and next year do not matter: %zu", calendar.count);
    cr_assert(calendar_is_working(&calendar, (struct date){2026, 11, 22}));
    cr_assert(!calendar_is_working(&calendar, (struct date){2026, 11, 23}));
    cr_assert(calendar_is_working(&calendar, (struct date){2026, 11, 24}));

    cr_assert_str_eq(put_day(&desk, "2026-11-23", false, false), "");
    calendar = settings_calendar(desk.txn, &desk.arena, desk.now, 480);
    cr_assert(calendar_is_working(&calendar, (struct date){2026, 11, 23}), "back to Monday to Friday");
    desk_close(&desk);
}

Test(settings, l4_the_calendar_begins_with_the_local_day)
{
    struct calendar calendar;
    struct desk desk;

    desk_open(&desk);
    /* 2026-11-20 23:30 UTC is the 21st in China. */
    cr_assert_str_eq(put_day(&desk, "2026-11-20", true, false), "");
    calendar = settings_calendar(desk.txn, &desk.arena, instant_of(DESK_NOW - HOUR_MS), 480);
    cr_assert_eq(calendar.count, 0);
    calendar = settings_calendar(desk.txn, &desk.arena, instant_of(DESK_NOW - HOUR_MS), 0);
    cr_assert_eq(calendar.count, 1);
    desk_close(&desk);
}

Test(settings, l4_a_day_must_be_one)
{
    struct desk desk;

    desk_open(&desk);
    cr_assert_str_eq(put_day(&desk, NULL, true, true), "MISSING date");
    cr_assert_str_eq(put_day(&desk, "2026-02-29", true, true), "BAD_DATE date");
    cr_assert_str_eq(put_day(&desk, "1969-12-31", true, true), "BAD_DATE date");
    desk_close(&desk);
}

Test(settings, l4_a_note_is_of_a_day_that_is_said_to_be_one_or_the_other)
{
    Referral__CalendarDay day = REFERRAL__CALENDAR_DAY__INIT;
    struct calendar calendar;
    struct desk desk;

    desk_open(&desk);
    cr_assert_str_eq(put_day(&desk, "2026-11-23", true, false), "");
    day.date = "2026-11-23";
    day.note = "holiday";
    cr_assert_str_eq(desk_operate(&desk, settings_apply_calendar_day, REFERRAL__KIND__PUT_CALENDAR_DAY, &day),
                     "MISSING working");
    calendar = settings_calendar(desk.txn, &desk.arena, desk.now, 480);
    cr_assert(!calendar_is_working(&calendar, (struct date){2026, 11, 23}));
    desk_close(&desk);
}
