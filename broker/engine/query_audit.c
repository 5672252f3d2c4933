/* query_audit.c - the audit as it was written (P3). */
#include <assert.h>

#include "engine/asking.h"
#include "engine/binary.h"

#define CURSOR_SIZE 12 /* index of a turn u64, a row of it u32 */
#define BYTES_MAX   (LIMIT_ENVELOPE_BYTES / 2)

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

/* A turn's rows stay together, and a page ends after the turn that fills it, unless an answer has no more room. Gives
 * the row to go on with. */
static size_t add_record(struct page *page, const Record__Audit *record, size_t from)
{
    size_t room = page->count + record->n_rows, at = from;
    ProtobufCMessage **rows = arena_alloc(page->asking->work.arena, (room + 1) * sizeof *rows);

    if (page->count != 0)
        memcpy(rows, page->rows, page->count * sizeof *rows);
    page->rows = rows;
    while (at < record->n_rows && page->bytes < BYTES_MAX)
        add_row(page, record, record->rows[at++], room);
    return at;
}

/* The digest of a record stands in the one after it, that of the last in the store's own mark. */
static struct bytes digest_after(struct asking *asking, uint64_t index)
{
    const Record__Audit *next = audit_record_from(asking->work.txn, index + 1);

    return binary_bytes(next != NULL ? next->previous : meta_row(asking->work.txn)->digest);
}

struct audit_place {
    uint64_t index; /* of the first turn */
    size_t row;     /* of it, where that turn is there */
};

static bool place_asked(struct asking *asking, struct audit_place *ret_place)
{
    const Referral__AuditQuery *query = (const Referral__AuditQuery *)asking->work.body;
    const uint8_t *cursor = query->cursor.data;

    if (query->cursor.len != 0 && query->cursor.len != CURSOR_SIZE)
        return refuse(&asking->work, REFUSED_BAD_VALUE, "cursor");
    *ret_place = query->cursor.len == 0 ? (struct audit_place){query->from_index, 0}
                                        : (struct audit_place){get_be64(cursor), get_be32(cursor + 8)};
    return true;
}

static void go_on_at(struct asking *asking, Referral__AuditList *list, struct audit_place place)
{
    uint8_t cursor[CURSOR_SIZE];

    FIELD_SET(list, next_index, place.index);
    if (place.row == 0)
        return;
    put_be64(cursor, place.index);
    put_be32(cursor + 8, (uint32_t)place.row);
    FIELD_SET(list, next, binary_copy(asking->work.arena, bytes_of(cursor, sizeof cursor)));
}

ProtobufCMessage *query_audit(struct asking *asking)
{
    const Referral__AuditQuery *query = (const Referral__AuditQuery *)asking->work.body;
    Referral__AuditList *list = asking_message(asking, &referral__audit_list__descriptor);
    const Record__Audit *record;
    struct audit_place place = {0};
    struct page page;
    uint64_t last = 0;

    if (!place_asked(asking, &place))
        return NULL;
    page_begin(&page, asking, query->rows);
    record = audit_record_from(asking->work.txn, place.index);
    if (record != NULL && record->index != place.index)
        place.row = 0;
    while (record != NULL && !page_is_full(&page)) {
        last = record->index;
        place.row = add_record(&page, record, place.row);
        page.examined++;
        if (place.row < record->n_rows)
            break;
        place.row = 0;
        record = audit_record_from(asking->work.txn, last + 1);
    }
    place.index = record != NULL ? record->index : 0;
    go_on_at(asking, list, place);
    list->rows = (Referral__AuditRow **)page.rows;
    list->n_rows = page.count;
    if (page.count != 0)
        FIELD_SET(list, digest, binary_copy(asking->work.arena, digest_after(asking, last)));
    return &list->base;
}
