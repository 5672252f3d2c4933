/* query_ledger.c - a hospital's ledger as it is stored, for whoever wants to recompute it, and its timetables (Q13). */
#include "engine/asking.h"
#include "engine/binary.h"
#include "place.pb-c.h"
#include "store/record.h"
#include "store/rows_place.h"

#define PAGES_MAX       256
#define PAGES_BYTES_MAX ((size_t)512 * 1024) /* of several; one alone always fits an answer */

ProtobufCMessage *query_ledger(struct asking *asking)
{
    const Referral__LedgerQuery *query = (const Referral__LedgerQuery *)asking->work.body;
    Referral__LedgerPages *list = asking_message(asking, &referral__ledger_pages__descriptor);
    const char *hospital = asking_institution(asking, query->hospital, "hospital");
    uint32_t number = hospital == NULL ? 0 : asking_number_of(asking, hospital);
    uint64_t from = query->from_row == 0 ? 1 : query->from_row, first = 0;
    struct ledger_mark mark;
    struct bytes page;
    size_t bytes = 0;

    if (hospital == NULL)
        return NULL;
    mark = ledger_mark(asking->work.txn, number);
    list->pages = arena_alloc(asking->work.arena, PAGES_MAX * sizeof *list->pages);
    while (from <= mark.rows && list->n_pages < PAGES_MAX &&
           ledger_page(asking->work.txn, number, from, &page, &first)) {
        ProtobufCBinaryData copy = binary_copy(asking->work.arena, page);
        const Referral__LedgerPage *read =
            work_read(&asking->work, TABLE_LEDGER, &referral__ledger_page__descriptor, copy);

        if (list->n_pages != 0 && bytes + page.size > PAGES_BYTES_MAX)
            break;
        list->pages[list->n_pages++] = copy;
        bytes += page.size;
        from = first + read->n_rows;
    }
    if (from <= mark.rows)
        FIELD_SET(list, next_row, from);
    FIELD_SET(list, digest, binary_copy(asking->work.arena, bytes_of(mark.digest, sizeof mark.digest)));
    FIELD_SET(list, rows, mark.rows);
    return &list->base;
}

ProtobufCMessage *query_timetables(struct asking *asking)
{
    const Referral__PageQuery *query = (const Referral__PageQuery *)asking->work.body;
    Referral__TimetableList *list = asking_message(asking, &referral__timetable_list__descriptor);
    const char *hospital = asking_institution(asking, query->institution, "institution");
    struct bytes key, value;
    struct page page;
    uint8_t prefix[4];

    if (hospital == NULL)
        return NULL;
    put_be32(prefix, asking_number_of(asking, hospital));
    page_begin(&page, asking, query->rows);
    if (!page_scan(&page, TABLE_TIMETABLE, bytes_of(prefix, sizeof prefix), query->cursor))
        return NULL;
    while (page_next(&page, &key, &value)) {
        const Record__Timetable *row =
            record_unpack(asking->work.txn, TABLE_TIMETABLE, key, value, &record__timetable__descriptor);
        Referral__Timetable *timetable =
            work_read(&asking->work, TABLE_TIMETABLE, &referral__timetable__descriptor, row->timetable);
        char date[DATE_TEXT_SIZE];

        date_format(date, date_from_days(row->next_day));
        timetable->hospital = arena_text(asking->work.arena, hospital);
        timetable->published_to = arena_text(asking->work.arena, date);
        page_add(&page, &timetable->base);
    }
    list->timetables = (Referral__Timetable **)page.rows;
    list->n_timetables = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}
