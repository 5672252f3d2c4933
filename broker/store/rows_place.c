/* rows_place.c - pools, groups and timetables by the department that offers them; bookings, wait-lists and claims of
 * those who take. */
#include "store/rows_place.h"

#include <assert.h>
#include <errno.h>

#include "store/columns.h"
#include "store/internal.h"
#include "store/record.h"

#define TEXT_MAX              64                     /* of departments, resources, timetables */
#define HEAD_MAX              (4 + 1 + TEXT_MAX + 1) /* hospital, class, department, its end */
#define DAY_SIZE              4
#define GROUP_KEY_MAX         (HEAD_MAX + DAY_SIZE)
#define PAIR_KEY_SIZE         (ID_KEY_SIZE + ID_KEY_SIZE) /* referral, booking */
#define WAIT_TAIL_SIZE        (1 + 1 + 8 + ID_KEY_SIZE)   /* rank, priority, since, id */
#define WAIT_KEY_MAX          (HEAD_MAX + WAIT_TAIL_SIZE)
#define PATIENT_SIZE          16
#define CLAIM_KEY_SIZE        (4 + 1 + PATIENT_SIZE)
#define POOL_KEY_LONGEST      (GROUP_KEY_MAX + TEXT_MAX)
#define TIMETABLE_KEY_LONGEST (HEAD_MAX + TEXT_MAX)

static_assert(POOL_KEY_LONGEST <= POOL_KEY_MAX && POOL_KEY_MAX <= TABLE_KEY_MAX, "every pool has a key");
static_assert(TIMETABLE_KEY_LONGEST <= TIMETABLE_KEY_MAX && TIMETABLE_KEY_MAX <= TABLE_KEY_MAX, "and every timetable");

static size_t put_text(uint8_t *out, const char *text)
{
    struct bytes bytes = bytes_text(text);

    assert(bytes.size <= TEXT_MAX);
    memcpy(out, bytes.data, bytes.size);
    return bytes.size;
}

/* The zero byte ends the department, so that no other one's keys lie between its own: "NK", then "NK-2". */
static size_t put_head(uint8_t *out, uint32_t hospital, uint8_t class, const char *department)
{
    size_t size = 5;

    put_be32(out, hospital);
    out[4] = class;
    size += put_text(out + size, department);
    out[size++] = 0;
    return size;
}

static size_t put_day(uint8_t *out, int64_t day)
{
    assert(day >= 0 && day <= UINT32_MAX);
    put_be32(out, (uint32_t)day);
    return DAY_SIZE;
}

/* All that is left, as text. */
static bool take_text(struct bytes rest, char ret_text[TEXT_MAX + 1])
{
    if (rest.size > TEXT_MAX || memchr(rest.data, 0, rest.size) != NULL)
        return false;
    memcpy(ret_text, rest.data, rest.size);
    ret_text[rest.size] = '\0';
    return true;
}

static bool take_head(struct bytes bytes, uint32_t *ret_hospital, uint8_t *ret_class, char ret_department[TEXT_MAX + 1],
                      struct bytes *ret_rest)
{
    if (bytes.size <= 5)
        return false;

    const uint8_t *text = bytes.data + 5, *end = memchr(text, 0, bytes.size - 5);

    if (end == NULL || !take_text(bytes_of(text, (size_t)(end - text)), ret_department))
        return false;
    *ret_hospital = get_be32(bytes.data);
    *ret_class = bytes.data[4];
    *ret_rest = bytes_of(end + 1, bytes.size - (size_t)(end + 1 - bytes.data));
    return true;
}

/* ---- Pools and their groups ---- */

struct bytes pool_key_bytes(uint8_t *out, const struct pool_key *key)
{
    size_t size = put_head(out, key->hospital, key->class, key->department);

    size += put_day(out + size, key->day);
    size += put_text(out + size, key->resource);
    return bytes_of(out, size);
}

bool pool_key_parse(struct bytes bytes, struct pool_key *ret_key)
{
    struct pool_key key = {0};
    struct bytes rest;

    if (!take_head(bytes, &key.hospital, &key.class, key.department, &rest) || rest.size < DAY_SIZE)
        return false;
    key.day = get_be32(rest.data);
    if (!take_text(bytes_of(rest.data + DAY_SIZE, rest.size - DAY_SIZE), key.resource))
        return false;
    *ret_key = key;
    return true;
}

static Record__Pool *unfold(struct store_txn *txn, struct bytes key, Record__Pool *row)
{
    if (row == NULL || columns_unfold(txn->arena, row))
        return row;
    fail_txn(txn, -EBADMSG, TABLE_POOL, key);
    return NULL;
}

Record__Pool *pool_head(struct store_txn *txn, const struct pool_key *key)
{
    uint8_t bytes[POOL_KEY_MAX];

    return record_get(txn, TABLE_POOL, pool_key_bytes(bytes, key), &record__pool__descriptor);
}

bool pool_key_is_same_day(const struct pool_key *a, const struct pool_key *b)
{
    return a->hospital == b->hospital && a->class == b->class && a->day == b->day &&
           strcmp(a->department, b->department) == 0;
}

Record__Pool *pool_row(struct store_txn *txn, const struct pool_key *key)
{
    uint8_t bytes[POOL_KEY_MAX];
    struct bytes at = pool_key_bytes(bytes, key);

    return unfold(txn, at, record_get(txn, TABLE_POOL, at, &record__pool__descriptor));
}

void pool_row_put(struct store_txn *txn, const struct pool_key *key, const Record__Pool *row)
{
    uint8_t bytes[POOL_KEY_MAX];
    size_t mark = arena_mark(txn->arena);
    Record__Pool folded = *row;

    folded.columns = columns_of(txn->arena, row);
    folded.n_units = 0;
    record_put(txn, TABLE_POOL, pool_key_bytes(bytes, key), &folded.base);
    arena_rewind(txn->arena, mark);
}

/* A key that is none is damage, not the end of the pools. */
static bool parse_found(struct store_txn *txn, struct bytes bytes, struct pool_key *ret_key)
{
    if (pool_key_parse(bytes, ret_key))
        return true;
    fail_txn(txn, -EBADMSG, TABLE_POOL, bytes);
    return false;
}

Record__Pool *pool_row_from(struct store_txn *txn, const struct pool_key *from, struct pool_key *ret_key)
{
    uint8_t bytes[POOL_KEY_MAX];
    struct bytes key, value;
    struct store_cursor *cursor = store_scan(txn, TABLE_POOL, bytes_of(NULL, 0), pool_key_bytes(bytes, from));
    bool found = store_next(cursor, &key, &value);

    store_scan_end(cursor);
    if (!found || !parse_found(txn, key, ret_key))
        return NULL;
    return unfold(txn, key, record_unpack(txn, TABLE_POOL, key, value, &record__pool__descriptor));
}

bool pool_key_from(struct store_txn *txn, const struct pool_key *from, struct pool_key *ret_key)
{
    uint8_t bytes[POOL_KEY_MAX];
    size_t mark = arena_mark(txn->arena);
    struct bytes key;
    struct store_cursor *cursor = store_scan(txn, TABLE_POOL, bytes_of(NULL, 0), pool_key_bytes(bytes, from));
    bool found = store_next_key(cursor, &key);

    store_scan_end(cursor);
    found = found && parse_found(txn, key, ret_key);
    arena_rewind(txn->arena, mark);
    return found;
}

/* A text's next one is itself with the least byte behind it; one as long as a text may be has its last byte raised, for
 * no text lies between. UTF-8 has no byte that cannot be raised. */
struct pool_key pool_key_after(const struct pool_key *key)
{
    struct pool_key after = *key;
    size_t size = strlen(after.resource);

    if (size < TEXT_MAX) {
        after.resource[size] = '\1';
        after.resource[size + 1] = '\0';
    } else {
        uint8_t last = (uint8_t)after.resource[size - 1];

        assert(last < UINT8_MAX);
        after.resource[size - 1] = (char)(last + 1);
    }
    return after;
}

static struct bytes group_key(uint8_t out[GROUP_KEY_MAX], const struct pool_key *key)
{
    size_t size = put_head(out, key->hospital, key->class, key->department);

    size += put_day(out + size, key->day);
    return bytes_of(out, size);
}

Record__PoolGroup *pool_group_row(struct store_txn *txn, const struct pool_key *key)
{
    uint8_t bytes[GROUP_KEY_MAX];

    return record_get(txn, TABLE_POOL_GROUP, group_key(bytes, key), &record__pool_group__descriptor);
}

void pool_group_row_put(struct store_txn *txn, const struct pool_key *key, const Record__PoolGroup *row)
{
    uint8_t bytes[GROUP_KEY_MAX];

    record_put(txn, TABLE_POOL_GROUP, group_key(bytes, key), &row->base);
}

/* ---- Timetables ---- */

struct bytes timetable_key_bytes(uint8_t *out, const struct timetable_key *key)
{
    size_t size = put_head(out, key->hospital, key->class, key->department);

    size += put_text(out + size, key->id);
    return bytes_of(out, size);
}

bool timetable_key_parse(struct bytes bytes, struct timetable_key *ret_key)
{
    struct timetable_key key = {0};
    struct bytes rest;

    if (!take_head(bytes, &key.hospital, &key.class, key.department, &rest) || !take_text(rest, key.id))
        return false;
    *ret_key = key;
    return true;
}

Record__Timetable *timetable_row(struct store_txn *txn, const struct timetable_key *key)
{
    uint8_t bytes[TIMETABLE_KEY_MAX];

    return record_get(txn, TABLE_TIMETABLE, timetable_key_bytes(bytes, key), &record__timetable__descriptor);
}

void timetable_row_put(struct store_txn *txn, const struct timetable_key *key, const Record__Timetable *row)
{
    uint8_t bytes[TIMETABLE_KEY_MAX];

    if (row == NULL)
        store_delete(txn, TABLE_TIMETABLE, timetable_key_bytes(bytes, key));
    else
        record_put(txn, TABLE_TIMETABLE, timetable_key_bytes(bytes, key), &row->base);
}

/* ---- Bookings ---- */

static struct bytes id_key(uint8_t key[ID_KEY_SIZE], struct id id)
{
    id_to_key(key, id);
    return bytes_of(key, ID_KEY_SIZE);
}

Record__Booking *booking_row(struct store_txn *txn, struct id id)
{
    uint8_t key[ID_KEY_SIZE];

    return record_get(txn, TABLE_BOOKING, id_key(key, id), &record__booking__descriptor);
}

static void booking_list(struct store_txn *txn, const ProtobufCBinaryData *referral, struct id id)
{
    uint8_t key[PAIR_KEY_SIZE];

    assert(referral->len == ID_KEY_SIZE);
    memcpy(key, referral->data, ID_KEY_SIZE);
    id_to_key(key + ID_KEY_SIZE, id);
    store_add(txn, TABLE_REFERRAL_BOOKING, bytes_of(key, sizeof(key)), bytes_of(NULL, 0));
}

void booking_row_put(struct store_txn *txn, struct id id, const Record__Booking *row, bool is_new)
{
    uint8_t key[ID_KEY_SIZE];

    if (!is_new) {
        record_put(txn, TABLE_BOOKING, id_key(key, id), &row->base);
        return;
    }
    record_add(txn, TABLE_BOOKING, id_key(key, id), &row->base);
    if (row->has_referral)
        booking_list(txn, &row->referral, id);
}

bool booking_next_of_referral(struct store_txn *txn, struct id referral, struct id after, struct id *ret_id)
{
    uint8_t from[PAIR_KEY_SIZE + 1];
    size_t mark = arena_mark(txn->arena);
    struct bytes key;

    id_to_key(from, referral);
    id_to_key(from + ID_KEY_SIZE, after);
    from[PAIR_KEY_SIZE] = 0; /* the least key greater than that of `after` */

    struct store_cursor *cursor =
        store_scan(txn, TABLE_REFERRAL_BOOKING, bytes_of(from, ID_KEY_SIZE), bytes_of(from, sizeof(from)));
    bool found = store_next_key(cursor, &key);

    store_scan_end(cursor);
    if (found && key.size != PAIR_KEY_SIZE) {
        fail_txn(txn, -EBADMSG, TABLE_REFERRAL_BOOKING, key);
        found = false;
    }
    if (found)
        *ret_id = id_from_key(key.data + ID_KEY_SIZE);
    arena_rewind(txn->arena, mark);
    return found;
}

/* ---- Wait-lists (Q8) ---- */

static size_t put_wait_tail(uint8_t *out, const struct wait_key *key)
{
    assert(key->since.ms >= 0);
    out[0] = key->rank;
    out[1] = key->priority;
    put_be64(out + 2, (uint64_t)key->since.ms);
    id_to_key(out + 10, key->id);
    return WAIT_TAIL_SIZE;
}

static struct bytes wait_key_bytes(uint8_t out[WAIT_KEY_MAX], const struct wait_key *key)
{
    size_t size = put_head(out, key->hospital, key->class, key->department);

    size += put_wait_tail(out + size, key);
    return bytes_of(out, size);
}

static bool wait_key_parse(struct store_txn *txn, struct bytes bytes, struct wait_key *ret_key)
{
    struct wait_key key = {0};
    struct bytes tail;

    if (!take_head(bytes, &key.hospital, &key.class, key.department, &tail) || tail.size != WAIT_TAIL_SIZE) {
        fail_txn(txn, -EBADMSG, TABLE_WAITING, bytes);
        return false;
    }
    key.rank = tail.data[0];
    key.priority = tail.data[1];
    key.since = instant_of((int64_t)get_be64(tail.data + 2));
    key.id = id_from_key(tail.data + 10);
    *ret_key = key;
    return true;
}

Record__WaitEntry *wait_row(struct store_txn *txn, struct id id, struct wait_key *ret_key)
{
    uint8_t bytes[ID_KEY_SIZE];
    struct bytes key;

    if (!store_get(txn, TABLE_WAIT_ENTRY, id_key(bytes, id), &key) || !wait_key_parse(txn, key, ret_key))
        return NULL;
    return record_get(txn, TABLE_WAITING, key, &record__wait_entry__descriptor);
}

void wait_row_put(struct store_txn *txn, const struct wait_key *key, const Record__WaitEntry *row, bool is_new)
{
    uint8_t bytes[WAIT_KEY_MAX], id[ID_KEY_SIZE];
    struct bytes at = wait_key_bytes(bytes, key);

    assert(key->rank >= RANK_DISPLACED_FAMILY && key->rank <= RANK_GENERAL);
    if (!is_new) {
        record_put(txn, TABLE_WAITING, at, &row->base);
        return;
    }
    record_add(txn, TABLE_WAITING, at, &row->base);
    store_add(txn, TABLE_WAIT_ENTRY, id_key(id, key->id), at);
}

void wait_row_delete(struct store_txn *txn, const struct wait_key *key)
{
    uint8_t bytes[WAIT_KEY_MAX], id[ID_KEY_SIZE];

    store_delete(txn, TABLE_WAITING, wait_key_bytes(bytes, key));
    store_delete(txn, TABLE_WAIT_ENTRY, id_key(id, key->id));
}

Record__WaitEntry *wait_row_next(struct store_txn *txn, const struct wait_key *after, struct wait_key *ret_key)
{
    uint8_t from[WAIT_KEY_MAX + 1];
    struct bytes key = wait_key_bytes(from, after), value;
    struct bytes prefix = bytes_of(from, key.size - WAIT_TAIL_SIZE);

    from[key.size] = 0; /* the least key greater than `after`'s; one of rank 0 is less than all */

    struct store_cursor *cursor = store_scan(txn, TABLE_WAITING, prefix, bytes_of(from, key.size + 1));
    bool found = store_next(cursor, &key, &value);

    store_scan_end(cursor);
    if (!found || !wait_key_parse(txn, key, ret_key))
        return NULL;
    return record_unpack(txn, TABLE_WAITING, key, value, &record__wait_entry__descriptor);
}

/* ---- Claims of patients (Q5), holds of teams (Q7) ---- */

static struct bytes claim_key(uint8_t key[CLAIM_KEY_SIZE], uint32_t hospital, uint8_t class,
                              const uint8_t patient[PATIENT_SIZE])
{
    put_be32(key, hospital);
    key[4] = class;
    memcpy(key + 5, patient, PATIENT_SIZE);
    return bytes_of(key, CLAIM_KEY_SIZE);
}

Record__PatientClaim *patient_claim_row(struct store_txn *txn, uint32_t hospital, uint8_t class,
                                        const uint8_t patient[PATIENT_SIZE])
{
    uint8_t key[CLAIM_KEY_SIZE];

    return record_get(txn, TABLE_PATIENT_CLAIM, claim_key(key, hospital, class, patient),
                      &record__patient_claim__descriptor);
}

void patient_claim_row_put(struct store_txn *txn, uint32_t hospital, uint8_t class, const uint8_t patient[PATIENT_SIZE],
                           const Record__PatientClaim *row)
{
    uint8_t key[CLAIM_KEY_SIZE];

    if (row == NULL)
        store_delete(txn, TABLE_PATIENT_CLAIM, claim_key(key, hospital, class, patient));
    else
        record_put(txn, TABLE_PATIENT_CLAIM, claim_key(key, hospital, class, patient), &row->base);
}

Record__TeamHolds *team_holds_row(struct store_txn *txn, const char *team)
{
    size_t length = strlen(team);

    if (length == 0 || length > TEXT_MAX) /* no team's id */
        return NULL;
    return record_get(txn, TABLE_TEAM_HOLDS, bytes_text(team), &record__team_holds__descriptor);
}

void team_holds_row_put(struct store_txn *txn, const char *team, const Record__TeamHolds *row)
{
    record_put(txn, TABLE_TEAM_HOLDS, bytes_text(team), &row->base);
}
