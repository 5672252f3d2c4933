/* alarm.c - one row a standing condition: its first report and its end are what counts, repetitions change nothing. */
#include "engine/alarm.h"

#include <assert.h>

/* X(code, 中文, English): for people (P4); the subject stands beside it. */
#define ALARMS(X)                                                                                                      \
    X("receiver-down", "接收方系统无应答,消息持续重试 (D5)",                                                           \
      "the receiver acknowledges nothing; delivery is retried (D5)")                                                   \
    X("inbox-age", "收件箱最早的消息等待过久 (D6)", "the oldest message of the inbox waits too long (D6)")             \
    X("inbox-full", "收件箱已满,暂停接收新转诊 (D6)", "the inbox is full and refuses new submissions (D6)")            \
    X("emergency-gap", "急诊转诊缺少协议、层级、科室或联系人,已照常送出 (T7)",                                         \
      "an emergency went ahead without relation, tier, department or contact (T7)")                                    \
    X("clock-differs", "系统时钟与转诊时间相差超过 5 分钟,到期处理暂停 (C4)",                                          \
      "the wall clock differs by more than 5 minutes; expiry waits for an operator (C4)")                              \
    X("long-stop", "停机超过 24 小时,到期处理暂停 (C4)",                                                               \
      "started more than 24 hours after the last turn; expiry waits for an operator (C4)")                             \
    X("store-filling", "存储空间不足 (D6)", "the store is running out of room (D6)")                                   \
    X("backup-old", "备份过旧,或尚无备份", "the newest backup is too old, or there is none")                           \
    X("backup-failed", "最近一次备份失败", "the last backup failed")                                                   \
    X("reserve-deficit", "家庭医生预留不足,暂停一般渠道 (Q10)",                                                        \
      "the reserve for family doctors is short; closed to the general channel until cured (Q10)")                      \
    X("timetable-conflict", "排班与当日号源冲突,当日未按排班发布 (Q10)",                                               \
      "a day could not be published as its timetable has it (Q10)")

static const struct {
    const char *code, *zh, *en;
} alarms[] = {
#define X(code, zh, en) {code, zh, en},
    ALARMS(X)
#undef X
};

void alarm_raise(struct work *work, const char *code, const char *subject, const char *detail)
{
    Record__Alarm row = RECORD__ALARM__INIT;

    if (alarm_row(work->txn, code, subject) != NULL)
        return;
    FIELD_SET(&row, schema, STORE_SCHEMA);
    FIELD_SET(&row, since_ms, work->now.ms);
    row.detail = arena_text(work->arena, detail);
    alarm_row_put(work->txn, code, subject, &row);
}

void alarm_clear(struct work *work, const char *code, const char *subject)
{
    if (alarm_row(work->txn, code, subject) != NULL)
        alarm_row_put(work->txn, code, subject, NULL);
}

const char *alarm_text_zh(const char *code)
{
    for (size_t i = 0; i < sizeof alarms / sizeof *alarms; i++)
        if (strcmp(alarms[i].code, code) == 0)
            return alarms[i].zh;
    return code;
}

const char *alarm_text_en(const char *code)
{
    for (size_t i = 0; i < sizeof alarms / sizeof *alarms; i++)
        if (strcmp(alarms[i].code, code) == 0)
            return alarms[i].en;
    return code;
}

/* The daemon's own word: nobody to refuse, so a malformed one is a bug. */
static const Batch__AlarmChange *change_of(struct work *work)
{
    const Batch__AlarmChange *change = work_unpack(work, &batch__alarm_change__descriptor, work->command->body);

    assert(change->code != NULL && change->subject != NULL);
    return change;
}

bool alarm_apply_raise(struct work *work)
{
    const Batch__AlarmChange *change = change_of(work);

    alarm_raise(work, change->code, change->subject, change->detail);
    return true;
}

bool alarm_apply_clear(struct work *work)
{
    const Batch__AlarmChange *change = change_of(work);

    alarm_clear(work, change->code, change->subject);
    return true;
}
