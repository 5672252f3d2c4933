/* query_timeline.c - the life of one referral as it happened. The first two entries every referral has, submission and
 * delivery, are told from its record; the rest are rows in order. */
#include "engine/asking.h"
#include "engine/binary.h"
#include "engine/life.h"
#include "store/record.h"

#define CURSOR_SIZE 8 /* number of the next row u32, was the delivery told u8, last state u8, failed attempts u16 */

struct telling {
    struct asking *asking;
    const Record__Referral *row;
    int party;
    Referral__ReferralView *view;
    size_t bytes;
    bool delivery_told;
    uint8_t state;     /* after the last entry told */
    uint16_t failures; /* of the sheet's delivery so far */
};

static bool is_full(const struct telling *telling)
{
    return telling->view->n_timeline >= LIMIT_PAGE_ROWS || telling->bytes >= PAGE_BYTES_MAX;
}

static void add(struct telling *telling, Referral__TimelineEntry *entry)
{
    /* P2: operators see states and times; remarks are clinical text. */
    if (telling->party == BY_OPERATOR)
        entry->text = NULL;
    telling->view->timeline[telling->view->n_timeline++] = entry;
    telling->state = (uint8_t)entry->state;
    telling->bytes += referral__timeline_entry__get_packed_size(entry);
}

/* A redirected referral was submitted by the receiver that sent it on, with the sheet as it was then: what ended so is
 * amended no more. */
static void tell_submission(struct telling *telling, struct id id)
{
    Referral__TimelineEntry *entry = asking_message(telling->asking, &referral__timeline_entry__descriptor);
    const Record__Referral *row = telling->row, *from;
    char *sent_by = row->submitted_by != NULL ? row->submitted_by : row->sender;
    struct id from_id;

    from = referral_before(telling->asking->work.txn, row, &from_id);
    FIELD_SET(entry, index, id.index);
    FIELD_SET(entry, at_ms, row->submitted_at_ms);
    FIELD_SET(entry, event, REFERRAL__EVENT_TYPE__EVENT_SUBMIT);
    FIELD_SET(entry, state, REFERRAL__STATE__SUBMITTED);
    entry->by = from != NULL ? from->receiver : sent_by;
    FIELD_SET(entry, sheet_version, from != NULL ? from->sheet_version : 1);
    add(telling, entry);
}

/* What ended before it was delivered is delivered all the same, but its state stays. */
static void tell_delivery(struct telling *telling)
{
    Referral__TimelineEntry *entry = asking_message(telling->asking, &referral__timeline_entry__descriptor);
    bool moved = telling->state == SUBMITTED;

    FIELD_SET(entry, at_ms, telling->row->delivered_at_ms);
    FIELD_SET(entry, event, REFERRAL__EVENT_TYPE__EVENT_DELIVERY_CONFIRMED);
    FIELD_SET(entry, from_state, (Referral__State)telling->state);
    FIELD_SET(entry, state, moved ? REFERRAL__STATE__DELIVERED : (Referral__State)telling->state);
    entry->by = arena_text(telling->asking->work.arena, "broker");
    entry->destination = telling->row->receiver;
    FIELD_SET(entry, attempt, telling->failures + 1U);
    telling->delivery_told = true;
    add(telling, entry);
}

/* Was the sheet delivered before this entry? In one instant, what found it SUBMITTED came first. */
static bool comes_after_delivery(const struct telling *telling, const Referral__TimelineEntry *entry)
{
    int64_t delivered_at = telling->row->delivered_at_ms;

    if (delivered_at == 0)
        return false;
    return entry->at_ms > delivered_at ||
           (entry->at_ms == delivered_at && entry->from_state != REFERRAL__STATE__SUBMITTED);
}

static void tell_row(struct telling *telling, Referral__TimelineEntry *entry)
{
    if (!telling->delivery_told && comes_after_delivery(telling, entry))
        tell_delivery(telling);
    if (!telling->delivery_told && entry->event == REFERRAL__EVENT_TYPE__EVENT_DELIVERY_FAILED &&
        entry->destination != NULL && strcmp(entry->destination, telling->row->receiver) == 0)
        telling->failures++;
    add(telling, entry);
}

/* What came with it is not told but shown (P3): the number says what to ask for. */
static Referral__TimelineEntry *entry_of(const struct telling *telling, const Record__Timeline *row, uint32_t number)
{
    Referral__TimelineEntry *entry =
        work_read(&telling->asking->work, TABLE_TIMELINE, &referral__timeline_entry__descriptor, row->entry);

    if (row->original.len != 0)
        FIELD_SET(entry, event_number, number + 1);
    return entry;
}

static void go_on_at(struct telling *telling, uint32_t number)
{
    uint8_t cursor[CURSOR_SIZE];

    put_be32(cursor, number);
    cursor[4] = telling->delivery_told;
    cursor[5] = telling->state;
    put_be16(cursor + 6, telling->failures);
    FIELD_SET(telling->view, next, binary_copy(telling->asking->work.arena, bytes_of(cursor, sizeof cursor)));
}

static void tell_rows(struct telling *telling, struct id id, uint32_t number)
{
    uint8_t from[ID_KEY_SIZE + 4];
    struct store_cursor *cursor;
    struct bytes key, value;
    bool more;

    id_to_key(from, id);
    put_be32(from + ID_KEY_SIZE, number);
    cursor =
        store_scan(telling->asking->work.txn, TABLE_TIMELINE, bytes_of(from, ID_KEY_SIZE), bytes_of(from, sizeof from));
    while ((more = store_next(cursor, &key, &value)) && !is_full(telling)) {
        const Record__Timeline *row =
            record_unpack(telling->asking->work.txn, TABLE_TIMELINE, key, value, &record__timeline__descriptor);

        tell_row(telling, entry_of(telling, row, get_be32(key.data + ID_KEY_SIZE)));
    }
    if (more)
        go_on_at(telling, get_be32(key.data + ID_KEY_SIZE));
    else if (!telling->delivery_told && telling->row->delivered_at_ms != 0)
        tell_delivery(telling);
    store_scan_end(cursor);
}

void query_timeline(struct asking *asking, struct id id, const Record__Referral *row, int party,
                    ProtobufCBinaryData cursor, Referral__ReferralView *view)
{
    struct telling telling = {.asking = asking, .row = row, .party = party, .view = view};

    /* Beside the rows of a page: submission, and delivery before a row or at the end. */
    view->timeline = arena_alloc(asking->work.arena, (LIMIT_PAGE_ROWS + 3) * sizeof *view->timeline);
    if (cursor.len == CURSOR_SIZE) {
        telling.delivery_told = cursor.data[4] != 0;
        telling.state = cursor.data[5] < STATE_COUNT ? cursor.data[5] : SUBMITTED;
        telling.failures = get_be16(cursor.data + 6);
        tell_rows(&telling, id, get_be32(cursor.data));
        return;
    }
    tell_submission(&telling, id);
    tell_rows(&telling, id, 0);
}
