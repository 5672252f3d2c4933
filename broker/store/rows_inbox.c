/* rows_inbox.c - messages that wait and messages that died, by institution, lane and order of acceptance (D3, D5). */
#include <errno.h>

#include "store/internal.h"
#include "store/record.h"
#include "store/rows.h"

#define LANE_LAST 3 /* ROUTINE */

void inbox_key(uint8_t key[INBOX_KEY_SIZE], struct inbox_ref ref)
{
    put_be32(key, ref.institution);
    key[4] = ref.lane;
    put_be64(key + 5, ref.index);
    put_be16(key + 13, ref.ordinal);
}

struct inbox_ref inbox_ref_from_key(const uint8_t key[INBOX_KEY_SIZE])
{
    return (struct inbox_ref){
        .institution = get_be32(key),
        .lane = key[4],
        .index = get_be64(key + 5),
        .ordinal = get_be16(key + 13),
    };
}

static struct bytes key_of(uint8_t key[INBOX_KEY_SIZE], struct inbox_ref ref)
{
    inbox_key(key, ref);
    return bytes_of(key, INBOX_KEY_SIZE);
}

Record__Inbox *inbox_row(struct store_txn *txn, struct inbox_ref ref)
{
    uint8_t key[INBOX_KEY_SIZE];

    return record_get(txn, TABLE_INBOX, key_of(key, ref), &record__inbox__descriptor);
}

void inbox_row_add(struct store_txn *txn, struct inbox_ref ref, const Record__Inbox *row)
{
    uint8_t key[INBOX_KEY_SIZE];

    if (ref.institution == 0 || ref.lane < 1 ||
        ref.lane > LANE_LAST) /* as a row says whom it is for, and how urgent it is */
        fail_txn(txn, -EBADMSG, TABLE_INBOX, key_of(key, ref));
    record_add(txn, TABLE_INBOX, key_of(key, ref), &row->base);
}

void inbox_row_put(struct store_txn *txn, struct inbox_ref ref, const Record__Inbox *row)
{
    uint8_t key[INBOX_KEY_SIZE];

    record_put(txn, TABLE_INBOX, key_of(key, ref), &row->base);
}

bool inbox_row_delete(struct store_txn *txn, struct inbox_ref ref)
{
    uint8_t key[INBOX_KEY_SIZE];

    return store_delete(txn, TABLE_INBOX, key_of(key, ref));
}

/* The first row of `table` whose key begins with the first `within` bytes of `after`'s and lies after it. A key that is
 * none is damage, not the end of an inbox. */
static bool next_value(struct store_txn *txn, enum table table, struct inbox_ref after, size_t within,
                       struct bytes *ret_key, struct bytes *ret_value)
{
    uint8_t key[INBOX_KEY_SIZE + 1];

    key_of(key, after);
    key[INBOX_KEY_SIZE] = 0; /* the least key greater than `after`'s */

    struct store_cursor *cursor = store_scan(txn, table, bytes_of(key, within), bytes_of(key, sizeof(key)));
    bool found = store_next(cursor, ret_key, ret_value);

    store_scan_end(cursor);
    if (found && ret_key->size != INBOX_KEY_SIZE)
        fail_txn(txn, -EBADMSG, table, *ret_key);
    return found && txn->failure == 0;
}

Record__Inbox *inbox_row_next(struct store_txn *txn, struct inbox_ref after, struct inbox_ref *ret_ref)
{
    struct bytes key, value;

    if (!next_value(txn, TABLE_INBOX, after, 5, &key, &value))
        return NULL;

    Record__Inbox *row = record_unpack(txn, TABLE_INBOX, key, value, &record__inbox__descriptor);

    if (row != NULL)
        *ret_ref = inbox_ref_from_key(key.data);
    return row;
}

Record__Dead *dead_row(struct store_txn *txn, struct inbox_ref ref)
{
    uint8_t key[INBOX_KEY_SIZE];

    return record_get(txn, TABLE_DEAD, key_of(key, ref), &record__dead__descriptor);
}

void dead_row_put(struct store_txn *txn, struct inbox_ref ref, const Record__Dead *row)
{
    uint8_t key[INBOX_KEY_SIZE];

    record_put(txn, TABLE_DEAD, key_of(key, ref), &row->base);
}

bool dead_row_delete(struct store_txn *txn, struct inbox_ref ref)
{
    uint8_t key[INBOX_KEY_SIZE];

    return store_delete(txn, TABLE_DEAD, key_of(key, ref));
}

Record__Dead *dead_row_next(struct store_txn *txn, struct inbox_ref after, struct inbox_ref *ret_ref)
{
    struct bytes key, value;

    if (!next_value(txn, TABLE_DEAD, after, 4, &key, &value))
        return NULL;

    Record__Dead *row = record_unpack(txn, TABLE_DEAD, key, value, &record__dead__descriptor);

    if (row != NULL)
        *ret_ref = inbox_ref_from_key(key.data);
    return row;
}
