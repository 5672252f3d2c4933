/* forget.c - the daemon has found keys of commands that are old enough: those that may go, go (D1, D8). */
#include "engine/forget.h"

#include "engine/binary.h"
#include "engine/families.h"
#include "engine/life.h"
#include "engine/settings.h"
#include "store/rows_place.h"

struct instant forget_limit(struct store_txn *txn, struct instant now)
{
    int64_t age_ms = setting_number(txn, SETTING_retention_keys_ms, NULL);

    return instant_of(age_ms == 0 || age_ms >= now.ms ? 0 : now.ms - age_ms);
}

static bool is_id(struct store_txn *txn, const char *text, struct id *ret_id)
{
    return text != NULL && id_parse(text, store_identity(store_of(txn))->short_name, ret_id);
}

static bool is_open(struct store_txn *txn, struct id id)
{
    size_t mark = arena_mark(store_arena(txn));
    const Record__Referral *row = referral_row(txn, id);
    bool open = row != NULL && !state_is_terminal((enum state)row->state);

    arena_rewind(store_arena(txn), mark);
    return open;
}

/* Is any referral of its journey open? What was redirected goes on as another referral, and after a return that failed
 * its parent goes on. The archive takes journeys as a whole for the same reason. */
static bool is_open_journey(struct store_txn *txn, const char *referral)
{
    struct id id;
    const Record__Referral *row = is_id(txn, referral, &id) ? referral_row(txn, id) : NULL;
    uint8_t journey[ID_KEY_SIZE];
    struct store_cursor *cursor;
    struct bytes key;
    bool open;

    if (row == NULL || row->archived != NULL)
        return false;
    id_to_key(journey, row->journey.len != 0 ? life_id_of(row->journey) : id);
    open = is_open(txn, id_from_key(journey));
    cursor = store_scan(txn, TABLE_JOURNEY, bytes_of(journey, sizeof journey), bytes_of(journey, sizeof journey));
    while (!open && store_next_key(cursor, &key))
        open = is_open(txn, id_from_key(key.data + ID_KEY_SIZE));
    store_scan_end(cursor);
    return open;
}

/* A place may be booked a year ahead. After its session a hospital's own booking stays BOOKED, as nobody says who came:
 * the session's end decides. No hold lives for so long. */
static bool is_open_booking(struct store_txn *txn, const Referral__Booking *booking, struct instant limit)
{
    struct id id;
    const Record__Booking *row = booking != NULL && is_id(txn, booking->booking_id, &id) ? booking_row(txn, id) : NULL;

    return row != NULL && row->state == REFERRAL__BOOKING_STATE__PLACE_BOOKED && row->end_ms > limit.ms;
}

static bool is_open_entry(struct store_txn *txn, const Referral__WaitEntry *entry)
{
    struct wait_key key;
    struct id id;

    return entry != NULL && is_id(txn, entry->entry_id, &id) && wait_row(txn, id, &key) != NULL;
}

bool forget_allows(struct store_txn *txn, const Record__Dedup *row, struct instant limit)
{
    const Referral__Reply *reply;

    if (row->at_ms > limit.ms)
        return false;
    reply = registry_read_into(store_arena(txn), txn, TABLE_DEDUP, &referral__reply__descriptor, row->reply);
    return reply != NULL && !is_open_journey(txn, reply->referral_id) && !is_open_booking(txn, reply->booking, limit) &&
           !is_open_entry(txn, reply->entry);
}

static bool forget(struct work *work, ProtobufCBinaryData key, struct instant limit)
{
    size_t mark = arena_mark(work->arena);
    const Record__Dedup *row = dedup_row_at(work->txn, binary_bytes(key));
    bool goes = row != NULL && forget_allows(work->txn, row, limit);

    if (goes)
        dedup_row_delete(work->txn, binary_bytes(key));
    arena_rewind(work->arena, mark);
    return goes;
}

/* P3: how many; the commands themselves stand in the audit of their turns. */
static void audit_forgotten(struct work *work, uint32_t count)
{
    Referral__AuditRow row = REFERRAL__AUDIT_ROW__INIT;

    row.institution = arena_text(work->arena, work->actor);
    row.reason = arena_text(work->arena, "keys-forgotten");
    FIELD_SET(&row, count, count);
    audit_add(work->txn, wire_pack(&row.base, work->arena));
}

bool forget_apply(struct work *work)
{
    const Batch__Forget *told = work_unpack(work, &batch__forget__descriptor, work->command->body);
    struct instant limit = forget_limit(work->txn, work->now);
    uint32_t count = 0;

    if (work->hold || !instant_is_set(limit)) /* C4: while the time is in doubt nobody knows how old a key is */
        return true;
    for (size_t i = 0; i < told->n_keys; i++)
        count += forget(work, told->keys[i], limit);
    if (count != 0)
        audit_forgotten(work, count);
    return true;
}
