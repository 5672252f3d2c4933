/* ledger.c - each hospital's ledger (Q13): pages of rows, chained by digest, appended in chunks at a turn's end.
 *
 * A page's digest is BLAKE2b-256 of its serialised bytes, which bear the digest of the page before. A page is kept as
 * it is given out, so that whoever was given one can ask years later whether it still stands there. */
#include <assert.h>
#include <errno.h>
#include <sodium.h>

#include "store/chunks.h"
#include "store/internal.h"
#include "store/record.h"
#include "store/rows_place.h"

#define HEAD_KEY_SIZE 4
#define PAGE_KEY_SIZE (HEAD_KEY_SIZE + 8) /* hospital, first row; the chunk follows */
#define CHUNK_SIZE    2
#define FIRST_ROWS    16

static struct bytes head_key(uint8_t key[HEAD_KEY_SIZE], uint32_t hospital)
{
    put_be32(key, hospital);
    return bytes_of(key, HEAD_KEY_SIZE);
}

static struct bytes page_key(uint8_t key[PAGE_KEY_SIZE], uint32_t hospital, uint64_t first_row)
{
    put_be32(key, hospital);
    put_be64(key + HEAD_KEY_SIZE, first_row);
    return bytes_of(key, PAGE_KEY_SIZE);
}

/* In order of number, so that what a turn writes does not depend on who was first in it. */
static struct ledger_slot *slot_of(struct store_txn *txn, uint32_t hospital, const char *hospital_id)
{
    struct ledger_slot **at = &txn->ledgers, *slot;

    while (*at != NULL && (*at)->hospital < hospital)
        at = &(*at)->next;
    if (*at != NULL && (*at)->hospital == hospital)
        return *at;
    slot = arena_zalloc(txn->arena, sizeof(*slot));
    slot->next = *at;
    slot->hospital = hospital;
    slot->hospital_id = arena_text(txn->arena, hospital_id);
    *at = slot;
    return slot;
}

static void make_room(struct store_txn *txn, struct ledger_slot *slot)
{
    size_t room = slot->room == 0 ? FIRST_ROWS : 2 * slot->room;
    ProtobufCBinaryData *rows = arena_alloc(txn->arena, room * sizeof(*rows));

    if (slot->count > 0)
        memcpy(rows, slot->rows, slot->count * sizeof(*rows));
    slot->rows = rows;
    slot->room = room;
}

void ledger_add(struct store_txn *txn, uint32_t hospital, const char *hospital_id, struct bytes row)
{
    struct ledger_slot *slot = slot_of(txn, hospital, hospital_id);
    ProtobufCBinaryData copy = {.len = row.size, .data = arena_alloc(txn->arena, row.size)};

    assert(txn->writing && strcmp(slot->hospital_id, hospital_id) == 0);
    if (row.size > 0)
        memcpy(copy.data, row.data, row.size);
    if (slot->count == slot->room)
        make_room(txn, slot);
    slot->rows[slot->count++] = copy;
    txn->put_count++;
}

struct ledger_mark ledger_mark(struct store_txn *txn, uint32_t hospital)
{
    uint8_t key[HEAD_KEY_SIZE];
    struct ledger_mark mark = {0};
    const Record__LedgerHead *head =
        record_get(txn, TABLE_LEDGER_HEAD, head_key(key, hospital), &record__ledger_head__descriptor);

    if (head == NULL)
        return mark;
    if (head->digest.len != STORE_DIGEST_SIZE) {
        fail_txn(txn, -EBADMSG, TABLE_LEDGER_HEAD, head_key(key, hospital));
        return mark;
    }
    mark.rows = head->rows;
    memcpy(mark.digest, head->digest.data, STORE_DIGEST_SIZE);
    return mark;
}

static void head_put(struct store_txn *txn, uint32_t hospital, struct ledger_mark *mark)
{
    uint8_t key[HEAD_KEY_SIZE];
    Record__LedgerHead head = RECORD__LEDGER_HEAD__INIT;

    head.has_rows = head.has_digest = true;
    head.rows = mark->rows;
    head.digest = (ProtobufCBinaryData){.len = STORE_DIGEST_SIZE, .data = mark->digest};
    record_put(txn, TABLE_LEDGER_HEAD, head_key(key, hospital), &head.base);
}

/* Appends one page and moves the mark behind it. */
static void page_add(struct store_txn *txn, uint32_t hospital, Record__LedgerPage *page, struct ledger_mark *mark)
{
    uint8_t key[PAGE_KEY_SIZE];
    size_t before = arena_mark(txn->arena);

    page->first_row = mark->rows + 1;
    page->previous = (ProtobufCBinaryData){.len = STORE_DIGEST_SIZE, .data = mark->digest};

    uint8_t *packed = arena_alloc(txn->arena, record__ledger_page__get_packed_size(page));
    size_t size = record__ledger_page__pack(page, packed);

    chunks_add(txn, TABLE_LEDGER, page_key(key, hospital, page->first_row), bytes_of(packed, size));
    crypto_generichash(mark->digest, STORE_DIGEST_SIZE, packed, size, NULL, 0);
    mark->rows += page->n_rows;
    arena_rewind(txn->arena, before);
}

static void slot_write(struct store_txn *txn, const struct ledger_slot *slot, const struct store_turn *turn)
{
    Record__LedgerPage page = RECORD__LEDGER_PAGE__INIT;
    struct ledger_mark mark = ledger_mark(txn, slot->hospital);

    page.has_first_row = page.has_index = page.has_at_ms = page.has_previous = true;
    page.hospital = slot->hospital_id;
    page.index = turn->index;
    page.at_ms = turn->time.ms;
    for (size_t done = 0; done < slot->count; done += page.n_rows) {
        page.rows = slot->rows + done;
        page.n_rows = slot->count - done < LEDGER_PAGE_ROWS ? slot->count - done : LEDGER_PAGE_ROWS;
        page_add(txn, slot->hospital, &page, &mark);
    }
    head_put(txn, slot->hospital, &mark);
}

void ledgers_write(struct store_txn *txn, const struct store_turn *turn)
{
    for (const struct ledger_slot *slot = txn->ledgers; slot != NULL; slot = slot->next)
        slot_write(txn, slot, turn);
}

/* The last page that begins at or before this row, or the first one after it. A page has at most LEDGER_PAGE_ROWS rows,
 * so the one that holds the row begins no further back. */
static bool page_of_row(struct store_txn *txn, uint32_t hospital, uint64_t row, uint64_t *ret_first_row)
{
    uint8_t prefix[HEAD_KEY_SIZE], from[PAGE_KEY_SIZE];
    uint64_t back = row < LEDGER_PAGE_ROWS ? row : LEDGER_PAGE_ROWS - 1, found = 0;
    struct store_cursor *cursor =
        store_scan(txn, TABLE_LEDGER, head_key(prefix, hospital), page_key(from, hospital, row - back));
    size_t mark = arena_mark(txn->arena);
    struct bytes key;

    while (store_next_key(cursor, &key) && key.size == PAGE_KEY_SIZE + CHUNK_SIZE) {
        uint64_t first = get_be64(key.data + HEAD_KEY_SIZE);

        if (found != 0 && first > row)
            break;
        found = first;
        arena_rewind(txn->arena, mark);
    }
    store_scan_end(cursor);
    if (found != 0)
        *ret_first_row = found;
    return found != 0;
}

/* Does this page hold the row? Where the row's own page is gone, what is found is the page before it: a reader who goes
 * on would get that one for ever. */
static bool reaches(struct store_txn *txn, struct bytes packed, uint64_t first, uint64_t number)
{
    const Record__LedgerPage *page = record_unpack_bare(txn->arena, packed, &record__ledger_page__descriptor);

    return first > number || (page != NULL && number - first < page->n_rows);
}

bool ledger_page(struct store_txn *txn, uint32_t hospital, uint64_t number, struct bytes *ret_page,
                 uint64_t *ret_first_row)
{
    uint8_t key[PAGE_KEY_SIZE];
    uint64_t first = number;
    struct bytes page;

    if (number > ledger_mark(txn, hospital).rows)
        return false;
    /* Who reads on asks for the next page by its first row. */
    if (!chunks_get(txn, TABLE_LEDGER, page_key(key, hospital, number), &page) &&
        (!page_of_row(txn, hospital, number, &first) ||
         !chunks_get(txn, TABLE_LEDGER, page_key(key, hospital, first), &page) || !reaches(txn, page, first, number)))
        return false;
    *ret_page = page;
    *ret_first_row = first;
    return true;
}

/* The hospital's first page at or after this row. */
static bool page_from(struct store_txn *txn, uint32_t hospital, uint64_t row, uint64_t *ret_first_row)
{
    uint8_t from[PAGE_KEY_SIZE];
    struct bytes key = page_key(from, hospital, row);
    struct store_cursor *cursor = store_scan(txn, TABLE_LEDGER, bytes_of(from, HEAD_KEY_SIZE), key);
    bool found = store_next_key(cursor, &key);

    store_scan_end(cursor);
    if (found && key.size != PAGE_KEY_SIZE + CHUNK_SIZE) {
        fail_txn(txn, -EBADMSG, TABLE_LEDGER, key);
        found = false;
    }
    if (found)
        *ret_first_row = get_be64(key.data + HEAD_KEY_SIZE);
    return found;
}

/* The page's bytes, where they are all there is below its key: a chunk too many is not seen by who reads it. */
static bool page_whole(struct store_txn *txn, uint32_t hospital, uint64_t first_row, struct bytes *ret_packed)
{
    uint8_t bytes[PAGE_KEY_SIZE];
    struct bytes key = page_key(bytes, hospital, first_row);

    return chunks_get(txn, TABLE_LEDGER, key, ret_packed) && ret_packed->size > 0 &&
           chunks_count(txn, TABLE_LEDGER, key) == ret_packed->size / BODY_CHUNK_BYTES + 1;
}

struct walk {
    uint32_t hospital;
    const char *hospital_id;
    struct ledger_mark at; /* behind the pages followed so far */
    uint64_t index;        /* of the last one's turn */
};

/* The page belongs to whom it says, continues the chain, and was written by a turn that may have written it. */
static bool is_linked(const struct walk *walk, const Record__LedgerPage *page, uint64_t last_index)
{
    return page->hospital != NULL && walk->hospital_id != NULL && strcmp(page->hospital, walk->hospital_id) == 0 &&
           page->first_row == walk->at.rows + 1 && page->n_rows >= 1 && page->n_rows <= LEDGER_PAGE_ROWS &&
           page->previous.len == STORE_DIGEST_SIZE &&
           memcmp(page->previous.data, walk->at.digest, STORE_DIGEST_SIZE) == 0 && page->index >= walk->index &&
           page->index <= last_index;
}

/* One link: the page that stands there is the next one. */
static bool follow(struct store_txn *txn, struct walk *walk, uint64_t first_row)
{
    struct bytes packed;
    const Record__LedgerPage *page;

    if (first_row != walk->at.rows + 1 || !page_whole(txn, walk->hospital, first_row, &packed))
        return false;
    page = record_unpack_bare(txn->arena, packed, &record__ledger_page__descriptor);
    if (page == NULL || !is_linked(walk, page, txn->meta->index))
        return false;
    walk->index = page->index;
    walk->at.rows += page->n_rows;
    crypto_generichash(walk->at.digest, STORE_DIGEST_SIZE, packed.data, packed.size, NULL, 0);
    return true;
}

bool ledger_walk(struct store_txn *txn, uint32_t hospital, uint64_t *ret_rows)
{
    struct ledger_mark head = ledger_mark(txn, hospital);
    struct walk walk = {.hospital = hospital, .hospital_id = institution_id_of(txn, hospital)};
    uint64_t first_row = 0;
    size_t mark = arena_mark(txn->arena);
    bool linked = true;

    for (uint64_t from = 0; linked && page_from(txn, hospital, from, &first_row); from = first_row + 1) {
        linked = follow(txn, &walk, first_row);
        arena_rewind(txn->arena, mark);
    }
    *ret_rows = walk.at.rows;
    return linked && txn->failure == 0 && walk.at.rows == head.rows &&
           memcmp(walk.at.digest, head.digest, STORE_DIGEST_SIZE) == 0;
}

/* The first hospital of a table whose keys begin with its number. */
static bool hospital_from(struct store_txn *txn, enum table table, uint32_t from, size_t key_size,
                          uint32_t *ret_hospital)
{
    uint8_t bytes[HEAD_KEY_SIZE];
    struct bytes key;
    struct bytes none = bytes_of(NULL, 0); /* from the very start: even of keys that are none */
    struct store_cursor *cursor = store_scan(txn, table, none, from > 0 ? head_key(bytes, from) : none);
    bool found = store_next_key(cursor, &key);

    store_scan_end(cursor);
    if (found && key.size != key_size) {
        fail_txn(txn, -EBADMSG, table, key);
        found = false;
    }
    if (found)
        *ret_hospital = get_be32(key.data);
    return found;
}

bool ledger_hospital_from(struct store_txn *txn, uint32_t from, uint32_t *ret_hospital)
{
    uint32_t paged = 0, headed = 0;
    bool has_pages = hospital_from(txn, TABLE_LEDGER, from, PAGE_KEY_SIZE + CHUNK_SIZE, &paged);
    bool has_head = hospital_from(txn, TABLE_LEDGER_HEAD, from, HEAD_KEY_SIZE, &headed);

    if (has_pages || has_head)
        *ret_hospital = has_pages && (!has_head || paged < headed) ? paged : headed;
    return has_pages || has_head;
}
