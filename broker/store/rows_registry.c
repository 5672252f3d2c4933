/* rows_registry.c - who takes part: institutions, relations, delegations, teams, keys, settings, the calendar, alarms,
 * quarantine. */
#include <assert.h>
#include <errno.h>

#include "store/internal.h"
#include "store/record.h"
#include "store/rows.h"

struct text_key {
    size_t size;
    uint8_t bytes[TABLE_KEY_MAX];
};

/* Two texts with a zero byte between: all of one first text lie together, in order of the second. */
static struct text_key pair_key(const char *first, const char *second)
{
    struct bytes parts[] = {bytes_text(first), bytes_text(second)};
    struct text_key key = {.size = parts[0].size + 1 + parts[1].size};

    assert(key.size <= TABLE_KEY_MAX);
    memcpy(key.bytes, parts[0].data, parts[0].size);
    key.bytes[parts[0].size] = 0;
    memcpy(key.bytes + parts[0].size + 1, parts[1].data, parts[1].size);
    return key;
}

static struct bytes bytes_of_key(const struct text_key *key)
{
    return bytes_of(key->bytes, key->size);
}

/* An id no key could hold is nobody's: a getter asked with foreign text finds nothing. */
static bool can_be_key(const char *id)
{
    size_t length = strlen(id);

    return length > 0 && length <= TABLE_KEY_MAX / 2 - 1;
}

Record__Institution *institution_row(struct store_txn *txn, const char *id)
{
    return can_be_key(id) ? record_get(txn, TABLE_INSTITUTION, bytes_text(id), &record__institution__descriptor) : NULL;
}

void institution_row_put(struct store_txn *txn, const char *id, const Record__Institution *row)
{
    uint8_t number[4];

    assert(row->number != 0);
    put_be32(number, row->number);
    record_put(txn, TABLE_INSTITUTION, bytes_text(id), &row->base);
    if (!store_has(txn, TABLE_INSTITUTION_NUMBER, bytes_of(number, sizeof(number))))
        store_put(txn, TABLE_INSTITUTION_NUMBER, bytes_of(number, sizeof(number)), bytes_text(id));
}

const char *institution_id_of(struct store_txn *txn, uint32_t number)
{
    uint8_t key[4];
    struct bytes id;

    put_be32(key, number);
    if (!store_get(txn, TABLE_INSTITUTION_NUMBER, bytes_of(key, sizeof(key)), &id))
        return NULL;

    const char *text =
        id.size > TABLE_KEY_MAX ? "" : arena_format(txn->arena, "%.*s", (int)id.size, (const char *)id.data);

    if (can_be_key(text))
        return text;
    fail_txn(txn, -EBADMSG, TABLE_INSTITUTION_NUMBER, bytes_of(key, sizeof(key)));
    return NULL;
}

uint32_t institution_number_new(struct store_txn *txn)
{
    Record__Meta *meta = meta_row(txn);

    assert(txn->writing);
    meta->has_next_institution = true;
    return meta->next_institution++;
}

Record__Relation *relation_row(struct store_txn *txn, const char *from, const char *to)
{
    if (!can_be_key(from) || !can_be_key(to))
        return NULL;

    struct text_key key = pair_key(from, to);

    return record_get(txn, TABLE_RELATION, bytes_of_key(&key), &record__relation__descriptor);
}

void relation_row_put(struct store_txn *txn, const char *from, const char *to, const Record__Relation *row)
{
    struct text_key key = pair_key(from, to);

    record_put(txn, TABLE_RELATION, bytes_of_key(&key), &row->base);
}

bool relation_row_delete(struct store_txn *txn, const char *from, const char *to)
{
    struct text_key key = pair_key(from, to);

    return store_delete(txn, TABLE_RELATION, bytes_of_key(&key));
}

bool delegation_exists(struct store_txn *txn, const char *agent, const char *principal)
{
    if (!can_be_key(agent) || !can_be_key(principal))
        return false;

    struct text_key key = pair_key(agent, principal);

    return store_has(txn, TABLE_DELEGATION, bytes_of_key(&key));
}

void delegation_put(struct store_txn *txn, const char *agent, const char *principal)
{
    struct text_key key = pair_key(agent, principal);

    store_put(txn, TABLE_DELEGATION, bytes_of_key(&key), bytes_of(NULL, 0));
}

bool delegation_delete(struct store_txn *txn, const char *agent, const char *principal)
{
    struct text_key key = pair_key(agent, principal);

    return store_delete(txn, TABLE_DELEGATION, bytes_of_key(&key));
}

Record__Team *team_row(struct store_txn *txn, const char *id)
{
    return can_be_key(id) ? record_get(txn, TABLE_TEAM, bytes_text(id), &record__team__descriptor) : NULL;
}

void team_row_put(struct store_txn *txn, const char *id, const Record__Team *row)
{
    record_put(txn, TABLE_TEAM, bytes_text(id), &row->base);
}

Record__AccessKey *access_key_row(struct store_txn *txn, const uint8_t public_key[32])
{
    return record_get(txn, TABLE_ACCESS_KEY, bytes_of(public_key, 32), &record__access_key__descriptor);
}

void access_key_row_put(struct store_txn *txn, const uint8_t public_key[32], const Record__AccessKey *row)
{
    record_put(txn, TABLE_ACCESS_KEY, bytes_of(public_key, 32), &row->base);
}

const char *setting_row(struct store_txn *txn, const char *name, const char *institution)
{
    if (!can_be_key(name) || (institution[0] != '\0' && !can_be_key(institution)))
        return NULL;

    struct text_key key = pair_key(name, institution);
    const Record__Setting *row = record_get(txn, TABLE_SETTING, bytes_of_key(&key), &record__setting__descriptor);

    return row == NULL ? NULL : row->value;
}

void setting_row_put(struct store_txn *txn, const char *name, const char *institution, const char *value)
{
    struct text_key key = pair_key(name, institution);
    Record__Setting row = RECORD__SETTING__INIT;

    if (value == NULL) {
        store_delete(txn, TABLE_SETTING, bytes_of_key(&key));
        return;
    }
    row.value = arena_text(txn->arena, value);
    record_put(txn, TABLE_SETTING, bytes_of_key(&key), &row.base);
}

static struct bytes calendar_key(uint8_t key[4], int64_t day)
{
    assert(day >= 0 && day <= UINT32_MAX);
    put_be32(key, (uint32_t)day);
    return bytes_of(key, 4);
}

Record__CalendarDay *calendar_row(struct store_txn *txn, int64_t day)
{
    uint8_t key[4];

    return record_get(txn, TABLE_CALENDAR, calendar_key(key, day), &record__calendar_day__descriptor);
}

void calendar_row_put(struct store_txn *txn, int64_t day, const Record__CalendarDay *row)
{
    uint8_t key[4];

    if (row == NULL)
        store_delete(txn, TABLE_CALENDAR, calendar_key(key, day));
    else
        record_put(txn, TABLE_CALENDAR, calendar_key(key, day), &row->base);
}

Record__Quarantine *quarantine_row(struct store_txn *txn, const uint8_t hash[16])
{
    return record_get(txn, TABLE_QUARANTINE, bytes_of(hash, 16), &record__quarantine__descriptor);
}

void quarantine_row_put(struct store_txn *txn, const uint8_t hash[16], const Record__Quarantine *row)
{
    if (row == NULL)
        store_delete(txn, TABLE_QUARANTINE, bytes_of(hash, 16));
    else
        record_put(txn, TABLE_QUARANTINE, bytes_of(hash, 16), &row->base);
}

Record__Alarm *alarm_row(struct store_txn *txn, const char *code, const char *subject)
{
    struct text_key key = pair_key(code, subject);

    return record_get(txn, TABLE_ALARM, bytes_of_key(&key), &record__alarm__descriptor);
}

void alarm_row_put(struct store_txn *txn, const char *code, const char *subject, const Record__Alarm *row)
{
    struct text_key key = pair_key(code, subject);

    if (row == NULL)
        store_delete(txn, TABLE_ALARM, bytes_of_key(&key));
    else
        record_put(txn, TABLE_ALARM, bytes_of_key(&key), &row->base);
}

#define HASH_SIZE 16

void alarm_past_add(struct store_txn *txn, const char *code, const char *subject, Record__Alarm *row)
{
    struct text_key named = pair_key(code, subject);
    uint8_t key[8 + HASH_SIZE];

    put_be64(key, (uint64_t)row->ended_at_ms);
    store_keyed_hash(txn->store, bytes_of_key(&named), key + 8);
    row->code = arena_text(txn->arena, code);
    row->subject = arena_text(txn->arena, subject);
    record_put(txn, TABLE_ALARM_PAST, bytes_of(key, sizeof(key)), &row->base);
}

void alarm_past_keep(struct store_txn *txn, uint64_t count, struct instant from)
{
    struct store_cursor *cursor = store_scan(txn, TABLE_ALARM_PAST, bytes_of(NULL, 0), bytes_of(NULL, 0));
    struct bytes key;

    while (store_next_key(cursor, &key) &&
           (txn->sums[TABLE_ALARM_PAST].rows > count || (int64_t)get_be64(key.data) < from.ms))
        store_delete(txn, TABLE_ALARM_PAST, key);
    store_scan_end(cursor);
}
