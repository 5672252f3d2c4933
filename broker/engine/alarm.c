/* alarm.c - one row a standing condition: its first report and its end are what counts, repetitions change nothing. */
#include "engine/alarm.h"

#include <assert.h>

#include "engine/alarm_info.h"

#define SUBJECT_MAX 128 /* bytes of a key beside the longest code */
#define HASH_SHOWN  8   /* of 16: tells apart what begins alike */

/* A pool's names may be longer together than a key. Of such a subject its beginning stands, and a hash of the whole. */
static const char *fitting(struct work *work, const char *subject)
{
    size_t cut = SUBJECT_MAX - 2 * HASH_SHOWN - 1;
    char hex[2 * HASH_SHOWN + 1];
    uint8_t hash[16];

    if (strlen(subject) <= SUBJECT_MAX)
        return subject;
    store_keyed_hash(store_of(work->txn), bytes_text(subject), hash);
    hex_encode(hex, bytes_of(hash, HASH_SHOWN));
    while (((uint8_t)subject[cut] & 0xc0) == 0x80)
        cut--; /* in the middle of a character */
    return arena_format(work->arena, "%.*s~%s", (int)cut, subject, hex);
}

void alarm_raise(struct work *work, const char *code, const char *whole_subject, const char *detail)
{
    const char *subject = fitting(work, whole_subject);
    Record__Alarm row = RECORD__ALARM__INIT;

    assert(alarm_info_is_known(code));
    if (alarm_row(work->txn, code, subject) != NULL)
        return;
    FIELD_SET(&row, schema, STORE_SCHEMA);
    FIELD_SET(&row, since_ms, work->now.ms);
    row.detail = arena_text(work->arena, detail);
    alarm_row_put(work->txn, code, subject, &row);
    work_note(work, (struct notable){.kind = NOTABLE_ALARM_RAISED, .code = code, .subject = subject});
}

void alarm_clear(struct work *work, const char *code, const char *whole_subject)
{
    const char *subject = fitting(work, whole_subject);
    Record__Alarm *row = alarm_row(work->txn, code, subject);

    if (row == NULL)
        return;
    alarm_row_put(work->txn, code, subject, NULL);
    work_note(work, (struct notable){.kind = NOTABLE_ALARM_CLEARED, .code = code, .subject = subject});
    FIELD_SET(row, ended_at_ms, work->now.ms);
    alarm_past_add(work->txn, code, subject, row);
    alarm_past_keep(work->txn, ALARM_PAST_MAX, instant_of(work->now.ms - ALARM_PAST_DAYS * DAY_MS));
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
