/* query_quarantine.c - the commands that ended the broker and are held back. */
#include "engine/asking.h"
#include "engine/binary.h"
#include "store/record.h"

ProtobufCMessage *query_quarantine(struct asking *asking)
{
    const Referral__PageQuery *query = (const Referral__PageQuery *)asking->work.body;
    Referral__QuarantineList *list = asking_message(asking, &referral__quarantine_list__descriptor);
    struct bytes key, value;
    struct page page;

    page_begin(&page, asking, query->rows);
    if (!page_scan(&page, TABLE_QUARANTINE, bytes_of(NULL, 0), query->cursor))
        return NULL;
    while (page_next(&page, &key, &value)) {
        const Record__Quarantine *row =
            record_unpack(asking->work.txn, TABLE_QUARANTINE, key, value, &record__quarantine__descriptor);
        Referral__QuarantinedCommand *command = asking_message(asking, &referral__quarantined_command__descriptor);

        FIELD_SET(command, hash, binary_copy(asking->work.arena, key));
        command->institution = row->institution;
        FIELD_SET(command, kind, row->kind);
        FIELD_SET(command, since_ms, row->since_ms);
        page_add(&page, &command->base);
    }
    list->commands = (Referral__QuarantinedCommand **)page.rows;
    list->n_commands = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}
