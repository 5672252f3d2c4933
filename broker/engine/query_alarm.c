/* query_alarm.c - what alarms stand, and which have ended. */
#include "engine/alarm_info.h"
#include "engine/asking.h"
#include "store/record.h"

static Referral__Alarm *alarm_shown(struct asking *asking, const Record__Alarm *row)
{
    Referral__Alarm *alarm = asking_message(asking, &referral__alarm__descriptor);
    struct arena *arena = asking->work.arena;
    const struct alarm_info *info = alarm_info_of(arena, row->code);

    alarm->code = row->code;
    alarm->subject = row->subject;
    FIELD_SET(alarm, since_ms, row->since_ms);
    if (row->has_ended_at_ms)
        FIELD_SET(alarm, ended_at_ms, row->ended_at_ms);
    alarm->text_zh = alarm_text(arena, info, true, row->detail);
    alarm->text_en = alarm_text(arena, info, false, row->detail);
    alarm->level = arena_text(arena, info->level);
    alarm->todo_zh = arena_text(arena, info->todo_zh);
    alarm->todo_en = arena_text(arena, info->todo_en);
    alarm->detail = row->detail;
    alarm->runbook = arena_format(arena, ALARM_RUNBOOK "%s", row->code);
    return alarm;
}

/* What stands has its code and subject in its key; what has ended, in its row. */
static void take_names(struct asking *asking, Record__Alarm *row, struct bytes key)
{
    char *code = arena_zalloc(asking->work.arena, key.size + 2);

    memcpy(code, key.data, key.size);
    row->code = code;
    row->subject = code + strlen(code) + 1;
}

/* An institution, something of it after a slash, or the way from one to another (T7); no id has either sign in it. */
static bool is_about(const char *subject, const char *institution)
{
    const char *rest = subject + strcspn(subject, "/>");
    size_t length = (size_t)(rest - subject);

    return (strlen(institution) == length && strncmp(subject, institution, length) == 0) ||
           (*rest == '>' && strcmp(rest + 1, institution) == 0);
}

ProtobufCMessage *query_alarms(struct asking *asking)
{
    const Referral__AlarmQuery *query = (const Referral__AlarmQuery *)asking->work.body;
    Referral__AlarmList *list = asking_message(asking, &referral__alarm_list__descriptor);
    struct bytes key, value;
    struct page page;

    page_begin(&page, asking, query->rows);
    if (!page_scan(&page, query->past ? TABLE_ALARM_PAST : TABLE_ALARM, bytes_of(NULL, 0), query->cursor))
        return NULL;
    while (page_next(&page, &key, &value)) {
        Record__Alarm *row = record_unpack(asking->work.txn, query->past ? TABLE_ALARM_PAST : TABLE_ALARM, key, value,
                                           &record__alarm__descriptor);

        if (!query->past)
            take_names(asking, row, key);
        if (query->institution != NULL && !is_about(row->subject, query->institution))
            continue;
        page_add(&page, &alarm_shown(asking, row)->base);
    }
    list->alarms = (Referral__Alarm **)page.rows;
    list->n_alarms = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}
