/* query_audit.c - the audit as it was written (P3). */
#include <assert.h>

#include "engine/asking.h"
#include "engine/binary.h"

static void add_row(struct page *page, const Record__Audit *record, ProtobufCBinaryData packed, size_t room)
{
    struct asking *asking = page->asking;
    Referral__AuditRow *row = work_read(&asking->work, TABLE_AUDIT, &referral__audit_row__descriptor, packed);

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
