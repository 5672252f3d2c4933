/* asking.c - what an asker may see, and pages that stay small whatever the store holds (P2). */
#include "engine/asking.h"

#include <assert.h>

#include "engine/authority.h"
#include "engine/binary.h"
#include "store/search.h"

/* A reference of the sender's own may have been used more than once: the newest of so many counts. */
#define SAME_REFERENCE_MAX    200
#define REFERENCE_RECORDS_MAX 10000 /* looked at beyond the index */
#define UNINDEXED_RETRY_MS    200

#define VEIL_SIZE 16

void *asking_refuse(struct asking *asking, enum refusal refusal, const char *field)
{
    refuse(&asking->work, refusal, field);
    return NULL;
}

void *asking_message(struct asking *asking, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_alloc(asking->work.arena, descriptor->sizeof_message);

    descriptor->message_init(message);
    return message;
}

char *asking_id_text(struct asking *asking, struct id id)
{
    char *text;

    if (!id_is_set(id))
        return NULL;
    text = arena_alloc(asking->work.arena, ID_TEXT_SIZE);
    id_format(text, asking->work.store_name, id);
    return text;
}

bool asking_speaks_for(struct asking *asking, const char *institution)
{
    return institution != NULL &&
           (strcmp(institution, asking->work.actor) == 0 || may_act_for(&asking->work, institution));
}

const char *asking_institution(struct asking *asking, const char *named, const char *field)
{
    if (named == NULL || named[0] == '\0')
        return asking->work.actor;
    if (asking_speaks_for(asking, named))
        return named;
    if (asking->all && institution_row(asking->work.txn, named) != NULL)
        return named;
    return asking_refuse(asking, REFUSED_NOT_FOUND, field);
}

uint32_t asking_number_of(struct asking *asking, const char *institution)
{
    const Record__Institution *row = institution_row(asking->work.txn, institution);

    return row != NULL ? row->number : 0;
}

int asking_party(struct asking *asking, Record__Referral *row)
{
    const struct life_of life = {.row = row};
    int party = life_party(&asking->work, &life) & (BY_SENDER | BY_RECEIVER);

    return party == 0 && asking->all ? BY_OPERATOR : party;
}

/* The caller's own SUBMIT with this message id (D1). */
static bool find_by_message_id(struct asking *asking, const char *message_id, struct id *ret_id)
{
    const Record__Dedup *row = dedup_row(asking->work.txn, asking->work.actor_number, message_id);
    const Referral__Reply *reply;

    if (row == NULL || row->kind != REFERRAL__KIND__SUBMIT)
        return false;
    reply = work_read(&asking->work, TABLE_DEDUP, &referral__reply__descriptor, row->reply);
    return work_parse_id(&asking->work, reply->referral_id, ret_id);
}

/* The newest. Where a long unindexed tail is not looked through to its end, it would be a guess, and so would "not
 * found": try again. */
static bool find_by_reference(struct asking *asking, const char *reference, struct id *ret_id)
{
    struct store_txn *txn = asking->work.txn;
    uint32_t sender = asking->work.actor_number, left = REFERENCE_RECORDS_MAX;
    struct id at = {0};
    bool found = false;
    uint8_t hash[16];

    store_keyed_hash(store_of(txn), bytes_text(reference), hash);
    for (int i = 0; i < SAME_REFERENCE_MAX; i++) {
        if (!search_next(txn, SEARCH_REFERENCE, sender, hash, at, &left, &at))
            break;
        *ret_id = at;
        found = true;
    }
    if (left != 0)
        return found;
    refuse_retry(&asking->work, REFUSED_BUSY, UNINDEXED_RETRY_MS);
    return false;
}

static bool find_id(struct asking *asking, struct id *ret_id)
{
    const Referral__ReferralQuery *query = (const Referral__ReferralQuery *)asking->work.body;

    if (query->referral_id != NULL)
        return work_parse_id(&asking->work, query->referral_id, ret_id);
    if (query->message_id != NULL)
        return find_by_message_id(asking, query->message_id, ret_id);
    return find_by_reference(asking, query->sender_reference, ret_id);
}

Record__Referral *asking_find_referral(struct asking *asking, struct id *ret_id, int *ret_party)
{
    const Referral__ReferralQuery *query = (const Referral__ReferralQuery *)asking->work.body;
    int named = (query->referral_id != NULL) + (query->message_id != NULL) + (query->sender_reference != NULL);
    Record__Referral *row = NULL;
    struct id id;

    if (named != 1)
        return asking_refuse(asking, named == 0 ? REFUSED_MISSING : REFUSED_NOT_EXPECTED, "referral_id");
    if (find_id(asking, &id))
        row = referral_row(asking->work.txn, id);
    if (is_refused(&asking->work))
        return NULL;
    if (row == NULL || (*ret_party = asking_party(asking, row)) == 0)
        return asking_refuse(asking, REFUSED_NOT_FOUND, "");
    *ret_id = id;
    return row;
}

void page_begin(struct page *page, struct asking *asking, uint32_t rows)
{
    *page = (struct page){.asking = asking, .rows_max = LIMIT_PAGE_ROWS};
    if (rows != 0 && rows < LIMIT_PAGE_ROWS)
        page->rows_max = rows;
    page->rows = arena_alloc(asking->work.arena, page->rows_max * sizeof *page->rows);
}

bool page_is_full(const struct page *page)
{
    return page->count >= page->rows_max || page->bytes >= PAGE_BYTES_MAX || page->examined >= PAGE_RECORDS_MAX;
}

void page_add(struct page *page, ProtobufCMessage *row)
{
    assert(page->count < page->rows_max);
    page->rows[page->count++] = row;
    page->bytes += protobuf_c_message_get_packed_size(row);
}

void page_examined(struct page *page, struct bytes key, uint32_t records)
{
    page->examined += records;
    page->last = key;
}

/* P2: where a page ends may be another's row. To an asker who may not see all of them the cursor says nothing of it:
 * its key in cipher, behind the keyed hash of it that the cipher is made with. */
static void hash_key(const struct page *page, struct bytes key, uint8_t ret_hash[VEIL_SIZE])
{
    const struct work *work = &page->asking->work;
    uint8_t *text = arena_alloc(work->arena, 1 + key.size);

    text[0] = (uint8_t)page->table;
    memcpy(text + 1, key.data, key.size);
    store_keyed_hash(store_of(work->txn), bytes_of(text, 1 + key.size), ret_hash);
}

/* Twice is as if never. */
static void encipher(const struct page *page, const uint8_t hash[VEIL_SIZE], uint8_t *key, size_t size)
{
    uint8_t text[VEIL_SIZE + 4], stream[VEIL_SIZE];

    memcpy(text, hash, VEIL_SIZE);
    for (size_t i = 0; i < size; i++) {
        if (i % VEIL_SIZE == 0) {
            put_be32(text + VEIL_SIZE, (uint32_t)i);
            store_keyed_hash(store_of(page->asking->work.txn), bytes_of(text, sizeof text), stream);
        }
        key[i] ^= stream[i % VEIL_SIZE];
    }
}

static ProtobufCBinaryData veiled(const struct page *page, struct bytes key)
{
    ProtobufCBinaryData cursor = {.len = VEIL_SIZE + key.size,
                                  .data = arena_alloc(page->asking->work.arena, VEIL_SIZE + key.size)};

    hash_key(page, key, cursor.data);
    memcpy(cursor.data + VEIL_SIZE, key.data, key.size);
    encipher(page, cursor.data, cursor.data + VEIL_SIZE, key.size);
    return cursor;
}

/* False: nobody was given this one here. */
static bool unveil(const struct page *page, struct bytes cursor, struct bytes *ret_key)
{
    uint8_t hash[VEIL_SIZE];
    ProtobufCBinaryData copy;

    if (cursor.size <= VEIL_SIZE || cursor.size > VEIL_SIZE + TABLE_KEY_MAX)
        return false;
    copy = binary_copy(page->asking->work.arena, cursor);
    encipher(page, copy.data, copy.data + VEIL_SIZE, copy.len - VEIL_SIZE);
    *ret_key = bytes_of(copy.data + VEIL_SIZE, copy.len - VEIL_SIZE);
    hash_key(page, *ret_key, hash);
    return memcmp(hash, copy.data, VEIL_SIZE) == 0;
}

bool page_scan(struct page *page, enum table table, struct bytes prefix, ProtobufCBinaryData cursor)
{
    struct bytes after = binary_bytes(cursor), from = prefix;

    page->table = table;
    page->is_veiled = !page->asking->all;
    if (after.size != 0) {
        /* A key and a zero byte: the first that could come after it. */
        uint8_t *start;

        if ((page->is_veiled && !unveil(page, after, &after)) || after.size >= TABLE_KEY_MAX ||
            after.size < prefix.size || (prefix.size != 0 && memcmp(after.data, prefix.data, prefix.size) != 0))
            return refuse(&page->asking->work, REFUSED_BAD_VALUE, "cursor");
        start = arena_zalloc(page->asking->work.arena, after.size + 1);
        memcpy(start, after.data, after.size);
        from = bytes_of(start, after.size + 1);
    }
    page->cursor = store_scan(page->asking->work.txn, table, prefix, from);
    return true;
}

bool page_next(struct page *page, struct bytes *ret_key, struct bytes *ret_value)
{
    if (page_is_full(page))
        return false;
    if (!store_next(page->cursor, ret_key, ret_value)) {
        page->ended = true;
        return false;
    }
    page_examined(page, arena_copy(page->asking->work.arena, *ret_key), 1);
    return true;
}

void page_end(struct page *page, protobuf_c_boolean *ret_has_next, ProtobufCBinaryData *ret_next)
{
    store_scan_end(page->cursor);
    page->cursor = NULL;
    *ret_has_next = !page->ended && page->last.size != 0;
    if (*ret_has_next)
        *ret_next = page->is_veiled ? veiled(page, page->last) : binary_copy(page->asking->work.arena, page->last);
}
