/* query_audit.c - the audit as it was written (P3), and what alarms stand. */
#include <assert.h>

#include "engine/alarm_info.h"
#include "engine/asking.h"
#include "engine/binary.h"

static void add_row(struct page *page, const Record__Audit *record, ProtobufCBinaryData packed, size_t room)
{
    struct asking *asking = page->asking;
    Referral__AuditRow *row = work_unpack(&asking->work, &referral__audit_row__descriptor, packed);

    FIELD_SET(row, index, record->index);
    FIELD_SET(row, at_ms, record->at_ms);
    assert(page->count < room);
    page->rows[page->count++] = &row->base;
    page->bytes += protobuf_c_message_get_packed_size(&row->base);
}

/* A turn's rows stay together: a page ends after the turn that fills it. */
static void add_record(struct page *page, const Record__Audit *record)
{
    size_t room = page->count + record->n_rows;
    ProtobufCMessage **rows = arena_alloc(page->asking->work.arena, (room + 1) * sizeof *rows);

    if (page->count != 0)
        memcpy(rows, page->rows, page->count * sizeof *rows);
    page->rows = rows;
    for (size_t i = 0; i < record->n_rows; i++)
        add_row(page, record, record->rows[i], room);
}

/* The digest of a record stands in the one after it, that of the last in the store's own mark. */
static struct bytes digest_after(struct asking *asking, uint64_t index)
{
    const Record__Audit *next = audit_record_from(asking->work.txn, index + 1);

    return binary_bytes(next != NULL ? next->previous : meta_row(asking->work.txn)->digest);
}

ProtobufCMessage *query_audit(struct asking *asking)
{
    const Referral__AuditQuery *query = (const Referral__AuditQuery *)asking->work.body;
    Referral__AuditList *list = asking_message(asking, &referral__audit_list__descriptor);
    const Record__Audit *record;
    uint64_t index = query->from_index;
    struct page page;

    page_begin(&page, asking, query->rows);
    record = audit_record_from(asking->work.txn, index);
    while (record != NULL && !page_is_full(&page)) {
        add_record(&page, record);
        page.examined++;
        index = record->index;
        record = audit_record_from(asking->work.txn, index + 1);
    }
    list->rows = (Referral__AuditRow **)page.rows;
    list->n_rows = page.count;
    FIELD_SET(list, next_index, record != NULL ? record->index : 0);
    if (page.count != 0)
        FIELD_SET(list, digest, binary_copy(asking->work.arena, digest_after(asking, index)));
    return &list->base;
}

static Referral__Alarm *alarm_shown(struct asking *asking, struct bytes key, struct bytes value)
{
    const Record__Alarm *row = asking_unpack(asking, &record__alarm__descriptor, value);
    Referral__Alarm *alarm = asking_message(asking, &referral__alarm__descriptor);
    struct arena *arena = asking->work.arena;
    char *code = arena_zalloc(arena, key.size + 2);
    const char *zh, *en;

    memcpy(code, key.data, key.size);
    zh = alarm_info_of(arena, code)->text_zh;
    en = alarm_info_of(arena, code)->text_en;
    alarm->code = code;
    alarm->subject = code + strlen(code) + 1;
    FIELD_SET(alarm, since_ms, row->since_ms);
    alarm->text_zh = row->detail != NULL ? arena_format(arena, "%s:%s", zh, row->detail) : arena_text(arena, zh);
    alarm->text_en = row->detail != NULL ? arena_format(arena, "%s: %s", en, row->detail) : arena_text(arena, en);
    return alarm;
}

ProtobufCMessage *query_alarms(struct asking *asking)
{
    const Referral__PageQuery *query = (const Referral__PageQuery *)asking->work.body;
    Referral__AlarmList *list = asking_message(asking, &referral__alarm_list__descriptor);
    struct bytes key, value;
    struct page page;

    page_begin(&page, asking, query->rows);
    if (!page_scan(&page, TABLE_ALARM, bytes_of(NULL, 0), query->cursor))
        return NULL;
    while (page_next(&page, &key, &value)) {
        Referral__Alarm *alarm = alarm_shown(asking, key, value);

        if (asking->all || asking_speaks_for(asking, alarm->subject))
            page_add(&page, &alarm->base);
    }
    list->alarms = (Referral__Alarm **)page.rows;
    list->n_alarms = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}
