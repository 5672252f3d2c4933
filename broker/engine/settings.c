/* settings.c - settings that change results, and the working-day calendar: looked up by the rules, written by
 * operators. */
#include "engine/settings.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "engine/inbox.h"
#include "engine/registry.h"
#include "rules/identity.h"

/* L4: exceptions this far on are handed to the rules. 60 working days with every holiday in between end well within. */
#define CALENDAR_DAYS_AHEAD 200

static const struct setting_info settings[SETTING_COUNT] = {
#define X(name, scope, kind, standard, min, max, help)                                                                 \
    [SETTING_##name] = {#name, scope, kind, standard, min, max, help},
    SETTINGS(X)
#undef X
};

const struct setting_info *setting_info(enum setting setting)
{
    assert(setting < SETTING_COUNT);
    return &settings[setting];
}

bool setting_find(const char *name, enum setting *ret_setting)
{
    for (int i = 0; name != NULL && i < SETTING_COUNT; i++) {
        if (strcmp(settings[i].name, name) == 0) {
            *ret_setting = (enum setting)i;
            return true;
        }
    }
    return false;
}

/* Digits only, no sign, no blanks: what is stored reads the same everywhere. */
static bool number_parse(const char *text, int64_t *ret_number)
{
    char *end;
    long long number;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0')
        return false;
    *ret_number = number;
    return true;
}

const char *setting_text(struct store_txn *txn, enum setting setting, const char *institution)
{
    const struct setting_info *info = setting_info(setting);
    const char *value = NULL;

    if (info->scope == 'I' && institution != NULL)
        value = setting_row(txn, info->name, institution);
    if (value == NULL)
        value = setting_row(txn, info->name, "");
    return value != NULL ? value : info->default_value;
}

/* Of the value alone; the name is known. */
static enum refusal value_refusal(const struct setting_info *info, const char *value)
{
    int64_t number;

    if (info->kind != 'T') {
        if (!number_parse(value, &number))
            return REFUSED_BAD_VALUE;
        if (info->kind == 'O' && number == 0)
            return REFUSED_NOT;
        return number < info->min || number > info->max ? REFUSED_OUT_OF_RANGE : REFUSED_NOT;
    }
    if ((int64_t)strlen(value) > info->max)
        return REFUSED_TOO_LONG;
    return identity_icd10_list_is_valid(value) ? REFUSED_NOT : REFUSED_BAD_ICD10; /* F4 */
}

int64_t setting_number(struct store_txn *txn, enum setting setting, const char *institution)
{
    int64_t number = 0;
    const char *text = setting_text(txn, setting, institution);

    if (value_refusal(setting_info(setting), text) == REFUSED_NOT && number_parse(text, &number))
        return number;
    store_damaged(txn, TABLE_SETTING, bytes_text(setting_info(setting)->name)); /* checked when it was put */
    return 0;
}

struct deadline_settings settings_deadlines(struct store_txn *txn, const char *receiver)
{
    return (struct deadline_settings){
        .emergency_ms = setting_number(txn, SETTING_answer_emergency_ms, receiver),
        .urgent_ms = setting_number(txn, SETTING_answer_urgent_ms, receiver),
        .routine_working_days = (int32_t)setting_number(txn, SETTING_answer_routine_days, receiver),
        .receipt_reminder_ms = setting_number(txn, SETTING_receipt_reminder_ms, NULL),
        .receipt_escalation_ms = setting_number(txn, SETTING_receipt_escalation_ms, NULL),
        .validity_ms = setting_number(txn, SETTING_validity_ms, NULL),
        .emergency_validity_ms = setting_number(txn, SETTING_validity_emergency_ms, NULL),
        .no_show_after_ms = setting_number(txn, SETTING_no_show_after_ms, NULL),
    };
}

struct calendar settings_calendar(struct store_txn *txn, struct arena *arena, struct instant from, int offset_minutes)
{
    int64_t first = date_to_days(instant_local_date(from, offset_minutes));
    struct calendar_day *days = NULL;
    struct store_cursor *cursor;
    struct bytes key, value;
    size_t count = 0;
    uint8_t start[4];

    put_be32(start, (uint32_t)first);
    cursor = store_scan(txn, TABLE_CALENDAR, bytes_of(NULL, 0), bytes_of(start, sizeof start));
    while (store_next(cursor, &key, &value) && get_be32(key.data) < first + CALENDAR_DAYS_AHEAD) {
        int64_t day = get_be32(key.data);
        const Record__CalendarDay *row = calendar_row(txn, day);

        if (row == NULL)
            break;
        if (days == NULL)
            days = arena_alloc(arena, CALENDAR_DAYS_AHEAD * sizeof *days);
        days[count++] = (struct calendar_day){.date = date_from_days(day), .working = row->working};
    }
    store_scan_end(cursor);
    return (struct calendar){.offset_minutes = offset_minutes, .days = days, .count = count};
}

static bool is_cap(enum setting setting)
{
    return setting == SETTING_inbox_messages_max || setting == SETTING_inbox_bytes_max ||
           setting == SETTING_inbox_emergency_max;
}

bool settings_apply_put(struct work *work)
{
    const Referral__Setting *put = (const Referral__Setting *)work->body;
    const char *institution = put->institution != NULL ? put->institution : "";
    enum refusal value = REFUSED_NOT;
    enum setting setting = SETTING_COUNT;
    bool known = setting_find(put->name, &setting);

    if (!registry_may_touch(work, put->institution))
        return false;
    if (!known)
        refuse(work, put->name == NULL ? REFUSED_MISSING : REFUSED_UNKNOWN_SETTING, "name");
    else if (put->value != NULL)
        value = value_refusal(setting_info(setting), put->value);
    if (value != REFUSED_NOT)
        refuse(work, value, "value");
    if (institution[0] != '\0' && known && setting_info(setting)->scope != 'I')
        refuse(work, REFUSED_NOT_EXPECTED, "institution");
    else if (institution[0] != '\0' && institution_row(work->txn, institution) == NULL)
        refuse(work, REFUSED_UNKNOWN_INSTITUTION, "institution");
    if (put->default_value != NULL)
        refuse(work, REFUSED_NOT_EXPECTED, "default_value");
    if (put->help != NULL)
        refuse(work, REFUSED_NOT_EXPECTED, "help");
    if (is_refused(work))
        return false;

    assert(known);
    setting_row_put(work->txn, put->name, institution, put->value);
    if (is_cap(setting))
        inbox_check_caps(work, institution[0] != '\0' ? institution_row(work->txn, institution)->number : 0);
    work->effects->destinations_changed = true; /* ack time-outs (D4) */
    work->audit.subject = arena_text(work->arena, institution[0] != '\0' ? institution : put->name);
    return true;
}

bool settings_apply_calendar_day(struct work *work)
{
    const Referral__CalendarDay *put = (const Referral__CalendarDay *)work->body;
    Record__CalendarDay row = RECORD__CALENDAR_DAY__INIT;
    struct date date;

    if (!registry_may_touch(work, NULL))
        return false;
    if (put->date == NULL)
        return refuse(work, REFUSED_MISSING, "date");
    /* Days are unsigned in the store's keys. */
    if (!date_parse(put->date, &date) || date_to_days(date) < 0)
        return refuse(work, REFUSED_BAD_DATE, "date");
    if (put->note != NULL && !put->has_working) /* it would be lost, and a holiday with it */
        return refuse(work, REFUSED_MISSING, "working");

    FIELD_SET(&row, schema, STORE_SCHEMA);
    FIELD_SET(&row, working, put->working);
    row.note = put->note;
    calendar_row_put(work->txn, date_to_days(date), put->has_working ? &row : NULL);
    work->audit.subject = arena_text(work->arena, put->date);
    return true;
}
