/* chunks.c - cutting and joining. */
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
    size_t number = 0;

    do {
        uint8_t at[TABLE_KEY_MAX];
        size_t size = value.size < BODY_CHUNK_BYTES ? value.size : BODY_CHUNK_BYTES;

        store_add(txn, table, chunk_key(at, key, number++), bytes_of(value.data, size));
        value = bytes_of(value.data + size, value.size - size);
    } while (value.size > 0);
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

    size_t count = chunks_count(txn, table, key), size = 0;
    uint8_t *whole = arena_alloc(store_arena(txn), count * BODY_CHUNK_BYTES);

    for (size_t number = 0; number < count; number++) {
        size_t mark = arena_mark(store_arena(txn));

        if (!store_get(txn, table, chunk_key(at, key, number), &chunk) || chunk.size > BODY_CHUNK_BYTES)
            return false;
        memcpy(whole + size, chunk.data, chunk.size);
        size += chunk.size;
        arena_rewind(store_arena(txn), mark);
    }
    *ret_value = bytes_of(whole, size);
    return true;
}
