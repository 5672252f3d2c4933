/* witness.c - a set of hashes: of rows, of their keys, and of values that lie in several rows. */
#include "fuzz/witness.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "store/chunks.h"
#include "store/seal.h"

#define SLOTS   (1U << 20)
#define ROWS    (1U << 16)
#define CURSORS (1U << 16)
#define LONG    0x40 /* beside a table's number: a value in several rows */
#define KEY     0x80 /* a key, whatever its row holds */

struct note {
    uint64_t hash; /* 0: none */
    bool stands;
};

struct place {
    enum table table;
    size_t size;
    uint8_t key[TABLE_KEY_MAX];
};

struct seen {
    const struct store_cursor *cursor;
    enum table table;
};

static struct {
    struct note notes[SLOTS];
    size_t count;
    struct place rows[ROWS]; /* that stand */
    size_t row_count;
    struct seen cursors[CURSORS]; /* while it watches */
    size_t cursor_count;
    bool is_watching;
    enum given worst;
} witness;

/* ---- Notes ---- */

static uint64_t hash_of(unsigned what, struct bytes key, struct bytes value)
{
    static const uint8_t no_secret[crypto_generichash_KEYBYTES] = {1};
    const uint8_t head[2] = {(uint8_t)what, (uint8_t)key.size};
    crypto_generichash_state state;
    uint8_t out[crypto_generichash_BYTES_MIN];

    crypto_generichash_init(&state, no_secret, sizeof no_secret, sizeof out);
    crypto_generichash_update(&state, head, sizeof head);
    crypto_generichash_update(&state, key.data, key.size);
    crypto_generichash_update(&state, value.data, value.size);
    crypto_generichash_final(&state, out, sizeof out);
    return get_be64(out) | 1;
}

static struct note *note_of(uint64_t hash)
{
    size_t slot = hash >> 40;

    while (witness.notes[slot % SLOTS].hash != 0 && witness.notes[slot % SLOTS].hash != hash)
        slot++;
    return &witness.notes[slot % SLOTS];
}

static void write_down(unsigned what, struct bytes key, struct bytes value, bool stands)
{
    struct note *note = note_of(hash_of(what, key, value));

    if (note->hash == 0) {
        assert(++witness.count < SLOTS / 2);
        note->hash = hash_of(what, key, value);
    }
    note->stands |= stands;
}

static void compare(unsigned what, struct bytes key, struct bytes value)
{
    const struct note *note = note_of(hash_of(what, key, value));
    enum given given = note->hash == 0 ? GIVEN_NEVER_WRITTEN : note->stands ? GIVEN_PRESENT : GIVEN_FORMER;

    if (witness.is_watching && given < witness.worst)
        witness.worst = given;
}

static struct seen *cursor_at(const struct store_cursor *cursor)
{
    size_t slot = (uintptr_t)cursor >> 3;

    while (witness.cursors[slot % CURSORS].cursor != NULL && witness.cursors[slot % CURSORS].cursor != cursor)
        slot++;
    return &witness.cursors[slot % CURSORS];
}

static struct bytes nothing(void)
{
    return bytes_of(NULL, 0);
}

static void stands(enum table table, struct bytes key, struct bytes value)
{
    struct place *place = &witness.rows[witness.row_count++];

    assert(witness.row_count < ROWS && key.size <= sizeof place->key);
    place->table = table;
    place->size = key.size;
    memcpy(place->key, key.data, key.size);
    write_down(table, key, value, true);
    write_down(table | KEY, key, nothing(), true);
}

void witness_begin(void)
{
    witness.is_watching = true;
    witness.worst = GIVEN_PRESENT;
}

enum given witness_end(void)
{
    witness.is_watching = false;
    return witness.worst;
}

/* ---- Reading all ---- */

void witness_take(struct store *store, struct arena *arena)
{
    struct store_txn *txn;
    int failure = store_read_begin(store, arena, &txn);

    assert(failure == 0);
    for (unsigned table = 0; table < TABLE_COUNT; table++) {
        struct store_cursor *cursor = store_scan(txn, (enum table)table, nothing(), nothing());
        struct bytes key, value;

        while (store_next(cursor, &key, &value))
            stands((enum table)table, key, value);
        store_scan_end(cursor);
    }
    assert(store_failure(txn) == 0);
    store_read_end(txn);
    arena_reset(arena, 0);
}

static void scan(struct store *store, struct arena *arena, enum table table, bool keys_only)
{
    struct bytes key, value;
    struct store_txn *txn;

    if (store_read_begin(store, arena, &txn) != 0)
        return;

    struct store_cursor *cursor = store_scan(txn, table, nothing(), nothing());

    while (keys_only ? store_next_key(cursor, &key) : store_next(cursor, &key, &value))
        ;
    store_read_end(txn);
    arena_reset(arena, 0);
}

bool witness_read_all(struct store *store, struct arena *arena)
{
    struct store_txn *txn;
    struct bytes value;
    bool has_all = true;

    for (unsigned table = 0; table < TABLE_COUNT; table++) {
        scan(store, arena, (enum table)table, false);
        scan(store, arena, (enum table)table, true);
    }
    for (size_t i = 0; i < witness.row_count && store_read_begin(store, arena, &txn) == 0; i++) {
        const struct place *place = &witness.rows[i];

        if (!store_get(txn, place->table, bytes_of(place->key, place->size), &value) && store_failure(txn) == 0)
            has_all = false;
        store_read_end(txn);
        arena_reset(arena, 0);
    }
    return has_all;
}

/* ---- What is linked in the store's place ---- */

uint64_t __real_seal_write(const struct keys *keys, enum table table, struct bytes key, struct bytes plain,
                           uint8_t *out);
uint64_t __wrap_seal_write(const struct keys *keys, enum table table, struct bytes key, struct bytes plain,
                           uint8_t *out);
void __real_chunks_add(struct store_txn *txn, enum table table, struct bytes key, struct bytes value);
void __wrap_chunks_add(struct store_txn *txn, enum table table, struct bytes key, struct bytes value);
bool __real_chunks_get(struct store_txn *txn, enum table table, struct bytes key, struct bytes *ret_value);
bool __wrap_chunks_get(struct store_txn *txn, enum table table, struct bytes key, struct bytes *ret_value);
bool __real_store_get(struct store_txn *txn, enum table table, struct bytes key, struct bytes *ret_value);
bool __wrap_store_get(struct store_txn *txn, enum table table, struct bytes key, struct bytes *ret_value);
struct store_cursor *__real_store_scan(struct store_txn *txn, enum table table, struct bytes prefix, struct bytes from);
struct store_cursor *__wrap_store_scan(struct store_txn *txn, enum table table, struct bytes prefix, struct bytes from);
bool __real_store_has(struct store_txn *txn, enum table table, struct bytes key);
bool __wrap_store_has(struct store_txn *txn, enum table table, struct bytes key);
bool __real_store_next(struct store_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value);
bool __wrap_store_next(struct store_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value);
bool __real_store_next_key(struct store_cursor *cursor, struct bytes *ret_key);
bool __wrap_store_next_key(struct store_cursor *cursor, struct bytes *ret_key);

uint64_t __wrap_seal_write(const struct keys *keys, enum table table, struct bytes key, struct bytes plain,
                           uint8_t *out)
{
    write_down(table, key, plain, false);
    write_down(table | KEY, key, nothing(), false);
    return __real_seal_write(keys, table, key, plain, out);
}

void __wrap_chunks_add(struct store_txn *txn, enum table table, struct bytes key, struct bytes value)
{
    write_down(table | LONG, key, value, true); /* whether it stands is seen by its rows */
    __real_chunks_add(txn, table, key, value);
}

bool __wrap_chunks_get(struct store_txn *txn, enum table table, struct bytes key, struct bytes *ret_value)
{
    bool is_there = __real_chunks_get(txn, table, key, ret_value);

    if (is_there)
        compare(table | LONG, key, *ret_value);
    return is_there;
}

bool __wrap_store_get(struct store_txn *txn, enum table table, struct bytes key, struct bytes *ret_value)
{
    bool is_there = __real_store_get(txn, table, key, ret_value);

    if (is_there)
        compare(table, key, *ret_value);
    return is_there;
}

bool __wrap_store_has(struct store_txn *txn, enum table table, struct bytes key)
{
    bool is_there = __real_store_has(txn, table, key);

    if (is_there)
        compare(table | KEY, key, nothing());
    return is_there;
}

struct store_cursor *__wrap_store_scan(struct store_txn *txn, enum table table, struct bytes prefix, struct bytes from)
{
    struct store_cursor *cursor = __real_store_scan(txn, table, prefix, from);

    if (witness.is_watching) {
        struct seen *seen = cursor_at(cursor); /* what was at this address before has ended */

        assert(seen->cursor != NULL || ++witness.cursor_count < CURSORS / 2);
        *seen = (struct seen){.cursor = cursor, .table = table};
    }
    return cursor;
}

bool __wrap_store_next(struct store_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value)
{
    bool is_there = __real_store_next(cursor, ret_key, ret_value);

    if (is_there && witness.is_watching)
        compare(cursor_at(cursor)->table, *ret_key, *ret_value);
    return is_there;
}

bool __wrap_store_next_key(struct store_cursor *cursor, struct bytes *ret_key)
{
    bool is_there = __real_store_next_key(cursor, ret_key);

    /* A sealed row's key proves nothing: whoever gives out more than a count of them opens the row. */
    if (is_there && witness.is_watching && !table_is_sealed(cursor_at(cursor)->table))
        compare((unsigned)cursor_at(cursor)->table | KEY, *ret_key, nothing());
    return is_there;
}
