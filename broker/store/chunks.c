/* chunks.c - cutting and joining.
 *
 * Each chunk is full but the last, which never is: where a damaged page hides the end of a value, the rest of it does
 * not pass for the whole. */
#include "store/chunks.h"

#include <assert.h>

static struct bytes chunk_key(uint8_t key[TABLE_KEY_MAX], struct bytes base, size_t number)
{
    assert(base.size + 2 <= TABLE_KEY_MAX && number <= UINT16_MAX);
    memcpy(key, base.data, base.size);
    put_be16(key + base.size, (uint16_t)number);
    return bytes_of(key, base.size + 2);
}

void chunks_add(struct store_txn *txn, enum table table, struct bytes key, struct bytes value)
{
    size_t number = 0, size;

    do {
        uint8_t at[TABLE_KEY_MAX];

        size = value.size < BODY_CHUNK_BYTES ? value.size : BODY_CHUNK_BYTES;
        store_add(txn, table, chunk_key(at, key, number++), bytes_of(value.data, size));
        value = bytes_of(value.data + size, value.size - size);
    } while (size == BODY_CHUNK_BYTES);
}

size_t chunks_count(struct store_txn *txn, enum table table, struct bytes key)
{
    struct store_cursor *cursor = store_scan(txn, table, key, key);
    struct bytes ignored;
    size_t count = 0;

    while (store_next_key(cursor, &ignored))
        count++;
    store_scan_end(cursor);
    return count;
}

/* One of `count`; false where it is not there, or of another size than it has at its place. */
static bool chunk_get(struct store_txn *txn, enum table table, struct bytes key, size_t number, size_t count,
                      struct bytes *ret_chunk)
{
    return store_get(txn, table, key, ret_chunk) &&
           (number + 1 == count ? ret_chunk->size < BODY_CHUNK_BYTES : ret_chunk->size == BODY_CHUNK_BYTES);
}

bool chunks_get(struct store_txn *txn, enum table table, struct bytes key, struct bytes *ret_value)
{
    uint8_t at[TABLE_KEY_MAX];
    struct bytes chunk;

    if (!store_get(txn, table, chunk_key(at, key, 0), &chunk))
        return false;
    if (chunk.size < BODY_CHUNK_BYTES) { /* the usual sheet */
        *ret_value = chunk;
        return true;
    }

    size_t count = chunks_count(txn, table, key), size = 0, number = 0;
    uint8_t *whole = arena_alloc(store_arena(txn), count * BODY_CHUNK_BYTES);

    do {
        size_t mark = arena_mark(store_arena(txn));

        if (!chunk_get(txn, table, chunk_key(at, key, number), number, count, &chunk))
            return false;
        memcpy(whole + size, chunk.data, chunk.size);
        size += chunk.size;
        arena_rewind(store_arena(txn), mark);
    } while (++number < count);
    *ret_value = bytes_of(whole, size);
    return true;
}
