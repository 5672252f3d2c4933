/* audit.c - one record a turn, chained by digest and appended in chunks (P3).
 *
 * The chain's digest after a turn is BLAKE2b-256 of its serialised record, which bears the digest before it and that of
 * the sealed batch. A turn without audit rows leaves no record and the digest as it was. */
#include <assert.h>
#include <errno.h>
#include <sodium.h>

#include "store/chunks.h"
#include "store/internal.h"
#include "store/record.h"
#include "store/rows.h"

#define KEY_SIZE   8 /* index; the chunk follows */
#define FIRST_ROWS 64

void audit_add(struct store_txn *txn, struct bytes row)
{
    ProtobufCBinaryData copy = {.len = row.size, .data = arena_alloc(txn->arena, row.size)};

    assert(txn->writing);
    if (row.size > 0)
        memcpy(copy.data, row.data, row.size);
    if (txn->audit_count == txn->audit_room) {
        size_t room = txn->audit_room == 0 ? FIRST_ROWS : 2 * txn->audit_room;
        ProtobufCBinaryData *rows = arena_alloc(txn->arena, room * sizeof(*rows));

        if (txn->audit_count > 0)
            memcpy(rows, txn->audit_rows, txn->audit_count * sizeof(*rows));
        txn->audit_rows = rows;
        txn->audit_room = room;
    }
    txn->audit_rows[txn->audit_count++] = copy;
}

static ProtobufCBinaryData digest_field(const uint8_t *digest, struct arena *arena)
{
    uint8_t *copy = arena_alloc(arena, STORE_DIGEST_SIZE);

    memcpy(copy, digest, STORE_DIGEST_SIZE);
    return (ProtobufCBinaryData){.len = STORE_DIGEST_SIZE, .data = copy};
}

void audit_write(struct store_txn *txn, const struct store_turn *turn)
{
    Record__Meta *meta = txn->meta;
    Record__Audit record = RECORD__AUDIT__INIT;

    if (txn->audit_count == 0)
        return;
    record.has_index = record.has_incarnation = record.has_at_ms = record.has_previous = record.has_batch = true;
    record.index = turn->index;
    record.incarnation = meta->incarnation;
    record.at_ms = turn->time.ms;
    record.previous = meta->digest;
    record.batch = digest_field(turn->batch_digest, txn->arena);
    record.rows = txn->audit_rows;
    record.n_rows = txn->audit_count;

    struct bytes packed = record_pack(txn->arena, &record.base);
    uint8_t digest[STORE_DIGEST_SIZE], key[KEY_SIZE];

    crypto_generichash(digest, sizeof(digest), packed.data, packed.size, NULL, 0);
    meta->digest = digest_field(digest, txn->arena);
    put_be64(key, turn->index);
    chunks_add(txn, TABLE_AUDIT, bytes_of(key, KEY_SIZE), packed);
}

Record__Audit *audit_record(struct store_txn *txn, uint64_t index)
{
    uint8_t key[KEY_SIZE];
    struct bytes packed;

    put_be64(key, index);
    if (!chunks_get(txn, TABLE_AUDIT, bytes_of(key, KEY_SIZE), &packed))
        return NULL;
    return record_unpack(txn, TABLE_AUDIT, bytes_of(key, KEY_SIZE), packed, &record__audit__descriptor);
}

static bool audit_first_from(struct store_txn *txn, uint64_t index, uint64_t *ret_index)
{
    uint8_t from[KEY_SIZE];
    struct bytes key;

    put_be64(from, index);

    struct store_cursor *cursor = store_scan(txn, TABLE_AUDIT, bytes_of(NULL, 0), bytes_of(from, KEY_SIZE));
    bool found = store_next_key(cursor, &key) && key.size > KEY_SIZE;

    store_scan_end(cursor);
    if (found)
        *ret_index = get_be64(key.data);
    return found;
}

Record__Audit *audit_record_from(struct store_txn *txn, uint64_t index)
{
    return audit_first_from(txn, index, &index) ? audit_record(txn, index) : NULL;
}

/* One link: the record stands where it says, and continues the chain. */
static bool is_linked(const Record__Audit *record, uint64_t index, const uint8_t digest[STORE_DIGEST_SIZE])
{
    return record != NULL && record->index == index && record->previous.len == STORE_DIGEST_SIZE &&
           memcmp(record->previous.data, digest, STORE_DIGEST_SIZE) == 0;
}

/* Follows the chain over the records of the turns from `index` to `last`. `digest` is what stands before them, and then
 * what stands behind those that are linked; false: the one at `ret_end` is not. */
static bool follow(struct store_txn *txn, uint64_t index, uint64_t last, uint8_t digest[STORE_DIGEST_SIZE],
                   uint64_t *ret_records, uint64_t *ret_end)
{
    uint64_t records = 0;
    size_t mark = arena_mark(txn->arena);
    bool is_whole = true;

    for (; is_whole && audit_first_from(txn, index, &index) && index <= last; index += is_whole) {
        uint8_t key[KEY_SIZE];
        struct bytes packed = bytes_of(NULL, 0);

        put_be64(key, index);
        is_whole = is_linked(audit_record(txn, index), index, digest) &&
                   chunks_get(txn, TABLE_AUDIT, bytes_of(key, KEY_SIZE), &packed);
        if (is_whole) {
            crypto_generichash(digest, STORE_DIGEST_SIZE, packed.data, packed.size, NULL, 0);
            records++;
        }
        arena_rewind(txn->arena, mark);
    }
    *ret_records = records;
    *ret_end = index;
    return is_whole && txn->failure == 0;
}

/* To the mark, where the digest before `index` is `before`. */
static bool walk_from(struct store_txn *txn, uint64_t index, const uint8_t before[STORE_DIGEST_SIZE],
                      uint64_t *ret_records, uint64_t *ret_broken_at)
{
    uint8_t digest[STORE_DIGEST_SIZE];

    memcpy(digest, before, sizeof(digest));
    return follow(txn, index, UINT64_MAX, digest, ret_records, ret_broken_at) &&
           memcmp(digest, txn->meta->digest.data, sizeof(digest)) == 0;
}

bool audit_walk(struct store_txn *txn, uint64_t *ret_records, uint64_t *ret_broken_at)
{
    static const uint8_t none[STORE_DIGEST_SIZE] = {0};

    return walk_from(txn, 0, none, ret_records, ret_broken_at);
}

bool audit_digest_at(struct store_txn *txn, uint64_t index, uint8_t ret_digest[STORE_DIGEST_SIZE])
{
    uint64_t records, end;

    memset(ret_digest, 0, STORE_DIGEST_SIZE);
    return follow(txn, 0, index, ret_digest, &records, &end);
}

/* The turn of the last record; false: there is none. */
static bool audit_last(struct store_txn *txn, uint64_t *ret_index)
{
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    int rc = mdb_cursor_open(txn->mdb, txn->store->tables[TABLE_AUDIT], &cursor);

    if (rc == 0)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    if (rc == 0 && key.mv_size > KEY_SIZE)
        *ret_index = get_be64(key.mv_data);
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    return rc == 0 && key.mv_size > KEY_SIZE;
}

/* What stands before the first of them cannot be asked without going on back: its own word for it is taken. */
bool audit_walk_end(struct store_txn *txn, uint64_t turns, uint64_t *ret_records, uint64_t *ret_broken_at)
{
    uint64_t head = txn->meta->index, last = 0, first = head > turns ? head - turns + 1 : 0;

    if (first == 0 || !audit_last(txn, &last))
        return audit_walk(txn, ret_records, ret_broken_at);

    const Record__Audit *record = audit_record_from(txn, last < first ? last : first);

    if (record != NULL && record->previous.len == STORE_DIGEST_SIZE)
        return walk_from(txn, record->index, record->previous.data, ret_records, ret_broken_at);
    *ret_records = 0;
    *ret_broken_at = last < first ? last : first;
    return false;
}
