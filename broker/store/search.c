/* search.c - the derived index behind its watermark.
 *
 * Hashed keys lie at random, and each page a chunk of them touches is copied and written. So they lie below a
 * generation of so many referrals: what a chunk can touch does not grow with all that was ever referred, and a search
 * looks into each generation. */
#include "store/search.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "store/internal.h"
#include "store/record.h"
#include "store/seal.h"

#define HASH_SIZE         16
#define SEARCH_KEY_SIZE   (1 + 4 + 4 + HASH_SIZE + ID_KEY_SIZE)
#define GENERATION_ROWS   65536
#define KEYS_PER_REFERRAL 5 /* sender, receiver, who spoke for the sender, reference, patient */

struct search_key {
    size_t size;
    uint8_t bytes[SEARCH_KEY_SIZE];
};

struct sought {
    enum search_kind kind;
    uint32_t institution;
    const uint8_t *hash; /* NULL: the kind has none, and no generations */
};

static struct search_key key_below(struct sought sought, uint32_t generation)
{
    struct search_key key = {.size = 5};

    key.bytes[0] = (uint8_t)sought.kind;
    put_be32(key.bytes + 1, sought.institution);
    if (sought.hash != NULL) {
        put_be32(key.bytes + 5, generation);
        memcpy(key.bytes + 9, sought.hash, HASH_SIZE);
        key.size = 9 + HASH_SIZE;
    }
    return key;
}

static struct search_key key_with_id(struct search_key key, const uint8_t id[ID_KEY_SIZE])
{
    memcpy(key.bytes + key.size, id, ID_KEY_SIZE);
    key.size += ID_KEY_SIZE;
    return key;
}

static int by_bytes(const void *left, const void *right)
{
    const struct search_key *a = left, *b = right;
    int order = memcmp(a->bytes, b->bytes, a->size < b->size ? a->size : b->size);

    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

/* Adds the keys of one referral; returns the new count. The same institution twice gives the same key twice:
 * harmless. */
static size_t keys_of(struct store_txn *txn, struct bytes id, const Record__Referral *row, uint32_t generation,
                      struct search_key *keys, size_t count)
{
    const uint32_t institutions[] = {row->sender_number, row->receiver_number, row->submitted_by_number};

    for (size_t i = 0; i < sizeof(institutions) / sizeof(institutions[0]); i++)
        if (institutions[i] != 0)
            keys[count++] =
                key_with_id(key_below((struct sought){SEARCH_INSTITUTION, institutions[i], NULL}, generation), id.data);
    if (row->sender_reference != NULL) {
        uint8_t hash[HASH_SIZE];

        store_keyed_hash(txn->store, bytes_text(row->sender_reference), hash);
        keys[count++] =
            key_with_id(key_below((struct sought){SEARCH_REFERENCE, row->sender_number, hash}, generation), id.data);
    }
    if (row->patient.len == HASH_SIZE)
        keys[count++] =
            key_with_id(key_below((struct sought){SEARCH_PATIENT, 0, row->patient.data}, generation), id.data);
    return count;
}

static struct bytes watermark_of(struct store_txn *txn)
{
    const Record__Meta *meta = meta_row(txn);

    return bytes_of(meta->derived_watermark.data, meta->derived_watermark.len);
}

/* The referrals after `after` (a key, or empty: all), in order of id. */
static struct store_cursor *referrals_after(struct store_txn *txn, struct bytes after)
{
    uint8_t from[ID_KEY_SIZE + 1] = {0};

    assert(after.size == 0 || after.size == ID_KEY_SIZE);
    if (after.size > 0)
        memcpy(from, after.data, after.size);
    return store_scan(txn, TABLE_REFERRAL, bytes_of(NULL, 0), bytes_of(from, after.size > 0 ? sizeof(from) : 0));
}

/* ret_row NULL: it is damaged, and its key perhaps another's. */
static bool next_referral(struct store_cursor *cursor, struct store_txn *txn, struct bytes *ret_key,
                          Record__Referral **ret_row)
{
    struct bytes value;

    do {
        if (!scan_next_any(cursor, ret_key, &value))
            return false;
    } while (ret_key->size != ID_KEY_SIZE);
    *ret_row = value.data == NULL
                   ? NULL
                   : record_unpack_sound(txn, TABLE_REFERRAL, *ret_key, value, &record__referral__descriptor);
    return store_failure(txn) == 0;
}

static uint32_t generation_of(uint64_t rows)
{
    return (uint32_t)(rows / GENERATION_ROWS);
}

struct chunk {
    struct search_key *keys;
    size_t key_count;
    uint32_t done, left_out; /* referrals; those left out count as rows of their generation */
    uint8_t last[ID_KEY_SIZE];
};

/* Up to `count` referrals beyond the watermark. It ends with a sound one: where a damaged row says that it lies is no
 * place to go on from. */
static void collect(struct store_txn *txn, uint32_t count, struct chunk *chunk)
{
    struct store_cursor *cursor = referrals_after(txn, watermark_of(txn));
    size_t mark = arena_mark(txn->arena);
    Record__Referral *row;
    struct bytes id;
    uint32_t damaged = 0;

    for (; chunk->done < count && next_referral(cursor, txn, &id, &row); arena_rewind(txn->arena, mark)) {
        if (row == NULL) {
            damaged++;
            fail_row(txn->store, -EBADMSG, TABLE_REFERRAL, id);
            continue;
        }
        chunk->key_count = keys_of(txn, id, row, generation_of(txn->meta->derived_rows + chunk->done + damaged),
                                   chunk->keys, chunk->key_count);
        chunk->done++;
        chunk->left_out = damaged;
        memcpy(chunk->last, id.data, ID_KEY_SIZE);
    }
    store_scan_end(cursor);
}

static void move_watermark(struct store_txn *txn, struct chunk *chunk)
{
    txn->meta->has_derived_watermark = true;
    txn->meta->derived_watermark = (ProtobufCBinaryData){.len = ID_KEY_SIZE, .data = chunk->last};
    txn->meta->has_derived_rows = true;
    txn->meta->derived_rows += chunk->done + chunk->left_out;
}

int search_advance(struct store *store, struct arena *arena, uint32_t count)
{
    struct store_txn *txn = NULL;
    int failure = store_turn_begin(store, arena, &txn);

    if (failure != 0)
        return failure;

    struct chunk chunk = {.keys = arena_alloc(arena, sizeof(*chunk.keys) * KEYS_PER_REFERRAL * count)};

    collect(txn, count, &chunk);
    if (chunk.done == 0) {
        failure = store_failure(txn);
        store_turn_abort(txn);
        return failure;
    }
    move_watermark(txn, &chunk);
    qsort(chunk.keys, chunk.key_count, sizeof(*chunk.keys), by_bytes);
    for (size_t i = 0; i < chunk.key_count; i++)
        txn_put_absent(txn, TABLE_SEARCH, bytes_of(chunk.keys[i].bytes, chunk.keys[i].size), bytes_of(NULL, 0));
    meta_write(txn);
    failure = txn_commit_aside(txn);
    if (failure != 0)
        return failure;
    store->left_out += chunk.left_out;
    return (int)chunk.done;
}

uint64_t search_left_out(const struct store *store)
{
    return store->left_out;
}

int search_rebuild(struct store *store, struct arena *arena)
{
    struct store_txn *txn = NULL;
    int failure = store_turn_begin(store, arena, &txn);

    if (failure != 0)
        return failure;

    int rc = mdb_drop(txn->mdb, store->tables[TABLE_SEARCH], 0);

    if (rc != 0)
        fail_txn(txn, fail_from_mdb(rc), TABLE_SEARCH, bytes_of(NULL, 0));
    txn->meta->has_derived_watermark = false;
    txn->meta->derived_watermark = (ProtobufCBinaryData){0};
    txn->meta->has_derived_rows = false;
    txn->meta->derived_rows = 0;
    meta_write(txn);
    return txn_commit(txn);
}

static bool next_indexed(struct store_txn *txn, struct search_key below, struct bytes after, struct id *ret_id)
{
    uint8_t from[SEARCH_KEY_SIZE + 1];
    struct bytes key;

    memcpy(from, below.bytes, below.size);
    if (after.size > 0)
        memcpy(from + below.size, after.data, after.size);
    from[below.size + after.size] = 0; /* the least key greater than `after`'s */

    struct store_cursor *cursor =
        store_scan(txn, TABLE_SEARCH, bytes_of(below.bytes, below.size), bytes_of(from, below.size + after.size + 1));
    bool found = store_next_key(cursor, &key) && key.size == below.size + ID_KEY_SIZE;

    store_scan_end(cursor);
    if (found)
        *ret_id = id_from_key(key.data + below.size);
    return found;
}

/* Ids grow from one generation to the next. */
static bool next_in_generations(struct store_txn *txn, struct sought sought, struct bytes after, struct id *ret_id)
{
    uint32_t last = sought.hash == NULL ? 0 : generation_of(meta_row(txn)->derived_rows);

    for (uint32_t generation = 0; generation <= last; generation++)
        if (next_indexed(txn, key_below(sought, generation), after, ret_id))
            return true;
    return false;
}

static bool matches(struct store_txn *txn, struct search_key below, struct bytes id, const Record__Referral *row)
{
    struct search_key keys[KEYS_PER_REFERRAL];
    size_t count = keys_of(txn, id, row, 0, keys, 0);

    for (size_t i = 0; i < count; i++)
        if (keys[i].size == below.size + ID_KEY_SIZE && memcmp(keys[i].bytes, below.bytes, below.size) == 0)
            return true;
    return false;
}

static bool next_in_tail(struct store_txn *txn, struct sought sought, struct bytes after, uint32_t *left,
                         struct id *ret_id)
{
    struct search_key below = key_below(sought, 0);
    struct store_cursor *cursor = referrals_after(txn, after);
    size_t mark = arena_mark(txn->arena);
    Record__Referral *row;
    struct bytes id;
    bool found = false;

    for (; !found && *left > 0 && next_referral(cursor, txn, &id, &row); arena_rewind(txn->arena, mark)) {
        --*left;
        found = row != NULL && matches(txn, below, id, row);
        if (found || *left == 0)
            *ret_id = id_from_key(id.data);
    }
    store_scan_end(cursor);
    return found;
}

bool search_next(struct store_txn *txn, enum search_kind kind, uint32_t institution, const uint8_t *hash,
                 struct id after, uint32_t *left, struct id *ret_id)
{
    struct sought sought = {.kind = kind, .institution = institution, .hash = hash};
    struct bytes watermark = watermark_of(txn), after_key = bytes_of(NULL, 0);
    uint8_t key[ID_KEY_SIZE];

    assert((hash == NULL) == (kind == SEARCH_INSTITUTION));
    if (id_is_set(after)) {
        id_to_key(key, after);
        after_key = bytes_of(key, sizeof(key));
    }

    bool behind = watermark.size > 0 && (after_key.size == 0 || memcmp(key, watermark.data, ID_KEY_SIZE) < 0);

    if (behind && next_in_generations(txn, sought, after_key, ret_id))
        return true;
    return next_in_tail(txn, sought, behind ? watermark : after_key, left, ret_id);
}

/* Below generation 0: there are few, and each is a row of its own turn. */
void search_patient_amended(struct store_txn *txn, struct id referral, const uint8_t patient[16])
{
    uint8_t id[ID_KEY_SIZE];
    struct search_key key;

    id_to_key(id, referral);
    key = key_with_id(key_below((struct sought){SEARCH_AMENDED, 0, patient}, 0), id);
    txn_put_absent(txn, TABLE_SEARCH, bytes_of(key.bytes, key.size), bytes_of(NULL, 0));
}

static bool is_before(struct id a, struct id b)
{
    uint8_t keys[2][ID_KEY_SIZE];

    id_to_key(keys[0], a);
    id_to_key(keys[1], b);
    return memcmp(keys[0], keys[1], ID_KEY_SIZE) < 0;
}

/* The earlier of both; nothing beyond what was looked at of the tail. */
bool search_patient_next(struct store_txn *txn, const uint8_t patient[16], struct id after, uint32_t *left,
                         struct id *ret_id)
{
    struct search_key below = key_below((struct sought){SEARCH_AMENDED, 0, patient}, 0);
    uint8_t key[ID_KEY_SIZE] = {0};
    struct id amended;

    if (id_is_set(after))
        id_to_key(key, after);

    bool is_amended = next_indexed(txn, below, bytes_of(key, id_is_set(after) ? sizeof(key) : 0), &amended);
    bool found = search_next(txn, SEARCH_PATIENT, 0, patient, after, left, ret_id);
    bool ends = !found && *left > 0;

    if (!is_amended || (!ends && !is_before(amended, *ret_id)))
        return found;
    *ret_id = amended;
    return true;
}

/* ---- Recount ---- */

struct recounting {
    struct store_txn *txn;
    struct table_sum sum; /* of the rows that there should be */
    uint64_t rows;        /* referrals that are indexed */
    uint8_t *amended;     /* ids of those whose sheet is not the first: indexed by another patient, perhaps */
    size_t amended_count, amended_room;
    bool lacks;
};

/* The row of this key, which holds nothing, as it was sealed. */
static void expect_key(struct recounting *recounting, struct bytes key)
{
    uint8_t row[64];

    assert(seal_size(TABLE_SEARCH, 0) <= sizeof(row));
    recounting->sum.rows++;
    recounting->sum.sum += seal_write(recounting->txn->store->keys, TABLE_SEARCH, key, bytes_of(NULL, 0), row);
}

static bool is_again(const struct search_key *keys, size_t i)
{
    return (i > 0 && by_bytes(&keys[i], &keys[i - 1]) == 0) || (i > 1 && by_bytes(&keys[i], &keys[i - 2]) == 0);
}

static int by_id(const void *left, const void *right)
{
    return memcmp(left, right, ID_KEY_SIZE);
}

static void note_amended(struct recounting *recounting, struct bytes id)
{
    if (recounting->amended_count == recounting->amended_room) {
        size_t room = recounting->amended_room * 2 + 64;
        uint8_t *grown = realloc(recounting->amended, room * ID_KEY_SIZE);

        if (grown == NULL) {
            fail_txn(recounting->txn, -ENOMEM, TABLE_SEARCH, bytes_of(NULL, 0));
            return;
        }
        recounting->amended = grown;
        recounting->amended_room = room;
    }
    memcpy(recounting->amended + recounting->amended_count++ * ID_KEY_SIZE, id.data, ID_KEY_SIZE);
}

/* Whoever its last sheet names finds it, by what was indexed first or by what was added then. */
static bool is_found_by_patient(struct store_txn *txn, struct bytes id, const Record__Referral *row,
                                struct search_key indexed)
{
    struct search_key added = key_below((struct sought){SEARCH_AMENDED, 0, row->patient.data}, 0);

    added = key_with_id(added, id.data);
    return store_has(txn, TABLE_SEARCH, bytes_of(indexed.bytes, indexed.size)) ||
           store_has(txn, TABLE_SEARCH, bytes_of(added.bytes, added.size));
}

static void expect_referral(struct recounting *recounting, struct bytes id, const Record__Referral *row)
{
    struct search_key keys[KEYS_PER_REFERRAL];
    size_t count = keys_of(recounting->txn, id, row, generation_of(recounting->rows), keys, 0);
    bool has_other_sheet = row->sheet_version > 1;

    for (size_t i = 0; i < count; i++)
        if (has_other_sheet && keys[i].bytes[0] == SEARCH_PATIENT)
            recounting->lacks |= !is_found_by_patient(recounting->txn, id, row, keys[i]);
        else if (!is_again(keys, i))
            expect_key(recounting, bytes_of(keys[i].bytes, keys[i].size));
    if (has_other_sheet)
        note_amended(recounting, id);
    recounting->rows++;
}

/* Of one that cannot be read nobody knows whether it is indexed, however sound its seal is: it is lacking, wherever it
 * lies. */
static void expect_indexed(struct recounting *recounting, struct bytes watermark)
{
    struct store_cursor *cursor = referrals_after(recounting->txn, bytes_of(NULL, 0));
    size_t mark = arena_mark(recounting->txn->arena);
    Record__Referral *row;
    struct bytes id;

    while (next_referral(cursor, recounting->txn, &id, &row)) {
        recounting->lacks |= row == NULL;
        if (row != NULL && watermark.size != 0 && memcmp(id.data, watermark.data, ID_KEY_SIZE) <= 0)
            expect_referral(recounting, id, row);
        arena_rewind(recounting->txn->arena, mark);
    }
    store_scan_end(cursor);
}

/* What stands below this kind is taken as it is: of amended referrals only, or all. */
static void expect_as_it_is(struct recounting *recounting, enum search_kind kind, bool of_amended_only)
{
    const uint8_t prefix = (uint8_t)kind;
    struct store_cursor *cursor = store_scan(recounting->txn, TABLE_SEARCH, bytes_of(&prefix, 1), bytes_of(&prefix, 1));
    size_t mark = arena_mark(recounting->txn->arena);
    struct bytes key;

    for (; store_next_key(cursor, &key); arena_rewind(recounting->txn->arena, mark))
        if (!of_amended_only ||
            (key.size == SEARCH_KEY_SIZE && bsearch(key.data + SEARCH_KEY_SIZE - ID_KEY_SIZE, recounting->amended,
                                                    recounting->amended_count, ID_KEY_SIZE, by_id) != NULL))
            expect_key(recounting, key);
    store_scan_end(cursor);
}

bool search_agrees(struct store_txn *txn, struct table_sum counted)
{
    struct recounting recounting = {.txn = txn};
    struct bytes watermark = watermark_of(txn);

    expect_indexed(&recounting, watermark);
    expect_as_it_is(&recounting, SEARCH_AMENDED, false);
    if (recounting.amended_count != 0)
        expect_as_it_is(&recounting, SEARCH_PATIENT, true);
    free(recounting.amended);
    return !recounting.lacks && recounting.rows == txn->meta->derived_rows && recounting.sum.rows == counted.rows &&
           recounting.sum.sum == counted.sum;
}
