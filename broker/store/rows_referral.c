/* rows_referral.c - referrals and what hangs on them: command keys, sheets, timelines, journeys, due rows, counted
 * refusals. */
#include <assert.h>
#include <errno.h>

#include "store/chunks.h"
#include "store/internal.h"
#include "store/record.h"
#include "store/rows.h"

#define BODY_KEY_SIZE     (ID_KEY_SIZE + 2)
#define TIMELINE_KEY_SIZE (ID_KEY_SIZE + 4)
#define DUE_HEAD_SIZE     9
#define REFUSAL_KEY_SIZE  34

/* D1. Our own time-ordered form stays as it is and stands in front of the sender, so that new keys of all senders lie
 * side by side; any other text goes by keyed hash. */
static struct bytes dedup_key(struct store_txn *txn, uint8_t key[DEDUP_KEY_SIZE], uint32_t sender,
                              const char *message_id)
{
    key[0] = 'U';
    if (!ulid_parse(message_id, key + 1)) {
        key[0] = 'H';
        store_keyed_hash(txn->store, bytes_text(message_id), key + 1);
    }
    static_assert(DEDUP_KEY_SIZE == DEDUP_ID_SIZE + sizeof sender, "nothing else");
    put_be32(key + DEDUP_ID_SIZE, sender);
    return bytes_of(key, DEDUP_KEY_SIZE);
}

Record__Dedup *dedup_row(struct store_txn *txn, uint32_t sender, const char *message_id)
{
    uint8_t key[DEDUP_KEY_SIZE];

    return record_get(txn, TABLE_DEDUP, dedup_key(txn, key, sender, message_id), &record__dedup__descriptor);
}

void dedup_row_add(struct store_txn *txn, uint32_t sender, const char *message_id, const Record__Dedup *row)
{
    uint8_t key[DEDUP_KEY_SIZE];

    record_add(txn, TABLE_DEDUP, dedup_key(txn, key, sender, message_id), &row->base);
}

Record__Dedup *dedup_row_at(struct store_txn *txn, struct bytes key)
{
    return record_get(txn, TABLE_DEDUP, key, &record__dedup__descriptor);
}

void dedup_row_delete(struct store_txn *txn, struct bytes key)
{
    store_delete(txn, TABLE_DEDUP, key);
}

static struct bytes id_key(uint8_t key[ID_KEY_SIZE], struct id id)
{
    id_to_key(key, id);
    return bytes_of(key, ID_KEY_SIZE);
}

Record__Referral *referral_row(struct store_txn *txn, struct id id)
{
    uint8_t key[ID_KEY_SIZE];

    return record_get(txn, TABLE_REFERRAL, id_key(key, id), &record__referral__descriptor);
}

void referral_row_put(struct store_txn *txn, struct id id, const Record__Referral *row)
{
    uint8_t key[ID_KEY_SIZE];

    record_put(txn, TABLE_REFERRAL, id_key(key, id), &row->base);
}

void referral_row_add(struct store_txn *txn, struct id id, const Record__Referral *row)
{
    uint8_t key[ID_KEY_SIZE];

    record_add(txn, TABLE_REFERRAL, id_key(key, id), &row->base);
}

static struct bytes body_key(uint8_t key[BODY_KEY_SIZE], struct id referral, uint32_t version)
{
    assert(version <= UINT16_MAX);
    id_to_key(key, referral);
    put_be16(key + ID_KEY_SIZE, (uint16_t)version);
    return bytes_of(key, BODY_KEY_SIZE);
}

void body_add(struct store_txn *txn, struct id referral, uint32_t version, struct bytes body)
{
    uint8_t key[BODY_KEY_SIZE];

    chunks_add(txn, TABLE_BODY, body_key(key, referral, version), body);
}

bool body_get(struct store_txn *txn, struct id referral, uint32_t version, struct bytes *ret_body)
{
    uint8_t key[BODY_KEY_SIZE];

    return version <= UINT16_MAX && chunks_get(txn, TABLE_BODY, body_key(key, referral, version), ret_body);
}

Record__Referral *referral_before(struct store_txn *txn, const Record__Referral *row, struct id *ret_id)
{
    if (row->redirected_from.len != ID_KEY_SIZE)
        return NULL;
    *ret_id = id_from_key(row->redirected_from.data);
    return referral_row(txn, *ret_id);
}

bool referral_sheet(struct store_txn *txn, struct id id, const Record__Referral *row, uint32_t version,
                    struct bytes *ret_sheet)
{
    for (int hop = 0; row != NULL && hop <= REDIRECTS_MAX; hop++) {
        if (body_get(txn, id, version, ret_sheet))
            return true;
        row = referral_before(txn, row, &id);
    }
    return false;
}

static struct bytes timeline_key(uint8_t key[TIMELINE_KEY_SIZE], struct id referral, uint32_t number)
{
    id_to_key(key, referral);
    put_be32(key + ID_KEY_SIZE, number);
    return bytes_of(key, TIMELINE_KEY_SIZE);
}

void timeline_add(struct store_txn *txn, struct id referral, uint32_t number, const Record__Timeline *row)
{
    uint8_t key[TIMELINE_KEY_SIZE];

    record_add(txn, TABLE_TIMELINE, timeline_key(key, referral, number), &row->base);
}

void timeline_row_put(struct store_txn *txn, struct id referral, uint32_t number, const Record__Timeline *row)
{
    uint8_t key[TIMELINE_KEY_SIZE];

    record_put(txn, TABLE_TIMELINE, timeline_key(key, referral, number), &row->base);
}

Record__Timeline *timeline_row(struct store_txn *txn, struct id referral, uint32_t number)
{
    uint8_t key[TIMELINE_KEY_SIZE];

    return record_get(txn, TABLE_TIMELINE, timeline_key(key, referral, number), &record__timeline__descriptor);
}

void journey_add(struct store_txn *txn, struct id journey, struct id member)
{
    uint8_t key[2 * ID_KEY_SIZE];

    id_to_key(key, journey);
    id_to_key(key + ID_KEY_SIZE, member);
    store_add(txn, TABLE_JOURNEY, bytes_of(key, sizeof(key)), bytes_of(NULL, 0));
}

static struct bytes due_key(uint8_t key[TABLE_KEY_MAX], struct instant at, enum due_subject kind, struct bytes subject)
{
    assert(at.ms > 0 && subject.size <= TABLE_KEY_MAX - DUE_HEAD_SIZE);
    put_be64(key, (uint64_t)at.ms);
    key[8] = (uint8_t)kind;
    memcpy(key + DUE_HEAD_SIZE, subject.data, subject.size);
    return bytes_of(key, DUE_HEAD_SIZE + subject.size);
}

void due_add(struct store_txn *txn, struct instant at, enum due_subject kind, struct bytes subject)
{
    uint8_t key[TABLE_KEY_MAX];

    store_add(txn, TABLE_DUE, due_key(key, at, kind, subject), bytes_of(NULL, 0));
}

void due_delete(struct store_txn *txn, struct instant at, enum due_subject kind, struct bytes subject)
{
    uint8_t key[TABLE_KEY_MAX];

    store_delete(txn, TABLE_DUE, due_key(key, at, kind, subject));
}

bool due_first(struct store_txn *txn, struct instant *ret_at, enum due_subject *ret_kind, struct bytes *ret_subject)
{
    struct store_cursor *cursor = store_scan(txn, TABLE_DUE, bytes_of(NULL, 0), bytes_of(NULL, 0));
    struct bytes key;
    bool found = store_next_key(cursor, &key);

    store_scan_end(cursor);
    if (found && key.size < DUE_HEAD_SIZE)
        fail_txn(txn, -EBADMSG, TABLE_DUE, key);
    if (!found || key.size < DUE_HEAD_SIZE)
        return false;
    *ret_at = instant_of((int64_t)get_be64(key.data));
    *ret_kind = (enum due_subject)key.data[8];
    *ret_subject = bytes_of(key.data + DUE_HEAD_SIZE, key.size - DUE_HEAD_SIZE);
    return true;
}

static struct bytes refusal_key(uint8_t key[REFUSAL_KEY_SIZE], const uint8_t public_key[32], uint16_t code)
{
    memcpy(key, public_key, 32);
    put_be16(key + 32, code);
    return bytes_of(key, REFUSAL_KEY_SIZE);
}

Record__RefusalCount *refusal_count_row(struct store_txn *txn, const uint8_t public_key[32], uint16_t code)
{
    uint8_t key[REFUSAL_KEY_SIZE];

    return record_get(txn, TABLE_REFUSALS, refusal_key(key, public_key, code), &record__refusal_count__descriptor);
}

void refusal_count_row_put(struct store_txn *txn, const uint8_t public_key[32], uint16_t code,
                           const Record__RefusalCount *row)
{
    uint8_t key[REFUSAL_KEY_SIZE];

    if (row == NULL)
        store_delete(txn, TABLE_REFUSALS, refusal_key(key, public_key, code));
    else
        record_put(txn, TABLE_REFUSALS, refusal_key(key, public_key, code), &row->base);
}
