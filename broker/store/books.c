/* books.c - the books of each inbox (D7): in memory while a turn lasts, one row an inbox at its end. */
#include <assert.h>

#include "store/internal.h"
#include "store/record.h"
#include "store/rows.h"

static struct bytes books_key(uint8_t key[4], uint32_t institution)
{
    put_be32(key, institution);
    return bytes_of(key, 4);
}

static Record__Books *books_read(struct store_txn *txn, uint32_t institution)
{
    uint8_t key[4];
    Record__Books *books = record_get(txn, TABLE_BOOKS, books_key(key, institution), &record__books__descriptor);

    if (books == NULL) {
        books = arena_alloc(txn->arena, sizeof(*books));
        record__books__init(books);
    }
    return books;
}

static struct books_slot *slot_of(struct store_txn *txn, uint32_t institution)
{
    struct books_slot **bucket = &txn->books[institution % BOOKS_BUCKETS];

    for (struct books_slot *slot = *bucket; slot != NULL; slot = slot->next)
        if (slot->institution == institution)
            return slot;

    struct books_slot *slot = arena_alloc(txn->arena, sizeof(*slot));

    *slot = (struct books_slot){.next = *bucket, .institution = institution, .books = books_read(txn, institution)};
    *bucket = slot;
    return slot;
}

Record__Books *books_of(struct store_txn *txn, uint32_t institution)
{
    return slot_of(txn, institution)->books;
}

void books_touch(struct store_txn *txn, uint32_t institution)
{
    assert(txn->writing);
    slot_of(txn, institution)->touched = true;
    txn->put_count++;
}

/* A counter of zero is written too: absent and zero are the same, but the record then says all it knows. */
static void books_complete(Record__Books *books)
{
    books->has_accepted = books->has_acknowledged = books->has_waiting = books->has_dead = books->has_dropped = true;
    books->has_waiting_bytes = books->has_waiting_emergency = books->has_waiting_urgent = true;
    books->has_waiting_routine = true;
    books->has_last_ack_ms = books->last_ack_ms != 0;
    books->has_down = books->down;
}

void books_write(struct store_txn *txn)
{
    for (size_t bucket = 0; bucket < BOOKS_BUCKETS; bucket++)
        for (struct books_slot *slot = txn->books[bucket]; slot != NULL; slot = slot->next) {
            uint8_t key[4];

            if (!slot->touched)
                continue;
            books_complete(slot->books);
            record_put(txn, TABLE_BOOKS, books_key(key, slot->institution), &slot->books->base);
        }
}
