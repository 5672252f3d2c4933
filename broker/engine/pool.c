/* pool.c - pools in a turn: read once with what they share a reserve with, written with their due row and alarm (Q10,
 * Q11, C3). */
#include <assert.h>

#include "engine/alarm.h"
#include "engine/pool_count.h"
#include "engine/pool_parts.h"
#include "engine/waiting.h"

/* ---- Reading ---- */

static struct bytes no_bytes(void)
{
    return bytes_of(NULL, 0);
}

static struct pool_of *find_kept(struct work *work, const struct pool_key *key)
{
    uint8_t bytes[POOL_KEY_MAX];

    return cache_find(work->cache, CACHE_POOL, pool_key_bytes(bytes, key), no_bytes());
}

static void keep(struct work *work, struct pool_of *pool)
{
    cache_keep(work->cache, CACHE_POOL, pool->key_bytes, no_bytes(), pool);
}

static struct pool_of *make_pool(struct work *work, const struct pool_key *key, Record__Pool *row)
{
    struct pool_of *pool = arena_alloc(work->arena, sizeof *pool);
    uint8_t bytes[POOL_KEY_MAX];
    char date[DATE_TEXT_SIZE];

    date_format(date, date_from_days(key->day));
    *pool = (struct pool_of){.key = *key,
                             .key_bytes = arena_copy(work->arena, pool_key_bytes(bytes, key)),
                             .date = arena_text(work->arena, date),
                             .row = row,
                             .hospital = registry_institution_of(work, key->hospital)};
    return pool;
}

static struct pool_set *make_set(struct work *work, size_t room, Record__PoolGroup *group)
{
    struct pool_set *set = arena_alloc(work->arena, sizeof *set);

    *set = (struct pool_set){.pools = arena_alloc(work->arena, room * sizeof(struct pool_of *)),
                             .rows = arena_alloc(work->arena, room * sizeof(Record__Pool *)),
                             .group = group};
    return set;
}

static void add_to_set(struct pool_set *set, struct pool_of *pool)
{
    set->pools[set->count] = pool;
    set->rows[set->count++] = pool->row;
}

static void set_alone(struct work *work, struct pool_of *pool)
{
    pool->set = make_set(work, 1, NULL);
    add_to_set(pool->set, pool);
}

static struct pool_key first_of_day(const struct pool_key *key)
{
    struct pool_key first = *key;

    memset(first.resource, 0, sizeof first.resource);
    return first;
}

/* Q11: a group is read whole, whichever of its pools is asked for. */
static void read_group(struct work *work, struct pool_of *pool)
{
    struct pool_set *set = make_set(work, LIMIT_GROUP_POOLS, pool_group_row(work->txn, &pool->key));
    struct pool_key from = first_of_day(&pool->key), key;
    Record__Pool *row;

    while (set->count < LIMIT_GROUP_POOLS && (row = pool_row_from(work->txn, &from, &key)) != NULL &&
           pool_key_is_same_day(&key, &pool->key)) {
        bool is_asked_for = strcmp(key.resource, pool->key.resource) == 0;
        struct pool_of *other = is_asked_for ? pool : make_pool(work, &key, row);

        other->set = set;
        add_to_set(set, other);
        if (!is_asked_for)
            keep(work, other);
        from = pool_key_after(&key);
    }
    if (set->group == NULL || pool->set != set)
        store_damaged(work->txn, TABLE_POOL_GROUP, pool->key_bytes);
}

struct pool_of *pool_load(struct work *work, const struct pool_key *key)
{
    struct pool_of *pool = find_kept(work, key);
    Record__Pool *row;

    if (pool != NULL)
        return pool;
    row = pool_row(work->txn, key);
    if (row == NULL)
        return NULL;
    pool = make_pool(work, key, row);
    keep(work, pool); /* first, so that what is brought up to date finds itself */
    if (row->grouped)
        read_group(work, pool);
    else
        set_alone(work, pool);
    pool_catch_up(work, pool->set);
    return pool;
}

size_t pool_load_day(struct work *work, const struct pool_key *key, struct pool_of *ret_pools[LIMIT_GROUP_POOLS])
{
    struct pool_key from = first_of_day(key), found;
    size_t count = 0;

    for (; pool_key_from(work->txn, &from, &found) && pool_key_is_same_day(&found, key);
         from = pool_key_after(&found)) {
        if (count < LIMIT_GROUP_POOLS) {
            ret_pools[count] = pool_load(work, &found);
            assert(ret_pools[count] != NULL);
        }
        count++;
    }
    return count;
}

/* Seen by the others of its group when it is saved: until then the command may be refused. */
static void set_in_group(struct work *work, struct pool_of *pool, Record__PoolGroup *group)
{
    struct pool_of *others[LIMIT_GROUP_POOLS];
    size_t count = pool_load_day(work, &pool->key, others), i = 0;

    assert(count <= LIMIT_GROUP_POOLS);
    pool->set = make_set(work, count + 1, group);
    for (; i < count && strcmp(others[i]->key.resource, pool->key.resource) < 0; i++)
        add_to_set(pool->set, others[i]);
    add_to_set(pool->set, pool);
    for (; i < count; i++)
        add_to_set(pool->set, others[i]);
    FIELD_SET(pool->row, grouped, true);
    FIELD_SET(pool->row, reserve_bp, group->reserve_bp);
    FIELD_SET(pool->row, span, group->span);
    FIELD_SET(pool->row, fd_opens_at_ms, group->fd_opens_at_ms);
    FIELD_SET(pool->row, general_opens_at_ms, group->general_opens_at_ms);
    FIELD_SET(pool->row, release_at_ms, group->release_at_ms);
    FIELD_SET(pool->row, short_notice, group->short_notice);
}

struct pool_of *pool_new(struct work *work, const struct pool_key *key)
{
    Record__PoolGroup *group = pool_group_row(work->txn, key);
    Record__Pool *row = arena_alloc(work->arena, sizeof *row);
    struct pool_of *pool;

    record__pool__init(row);
    FIELD_SET(row, schema, STORE_SCHEMA);
    FIELD_SET(row, published_at_ms, work->now.ms);
    FIELD_SET(row, next_unit, 1);
    pool = make_pool(work, key, row);
    pool->is_new = true;
    if (group != NULL)
        set_in_group(work, pool, group);
    else
        set_alone(work, pool);
    return pool;
}

/* As the ledger's rows have it: a hold whose lapse is yet to be written is taken, and a release yet to be written has
 * not come. */
struct quota pool_numbers(const struct work *work, const struct pool_of *pool)
{
    return pool_set_quota(pool->set->rows, pool->set->count, work->now, true);
}

/* ---- Writing ---- */

void pool_freed(struct work *work, struct pool_of *pool)
{
    for (size_t i = 0; i < pool->set->count; i++) /* one's freed unit may unmark another's (Q11) */
        waiting_note_pool(work, pool->set->pools[i]);
}

static void move_due(struct work *work, struct pool_of *pool)
{
    struct instant old = instant_of(pool->row->due_ms), at = pool_next_due(work, pool);

    if (at.ms == old.ms)
        return;
    if (instant_is_set(old))
        due_delete(work->txn, old, DUE_POOL, pool->key_bytes);
    if (instant_is_set(at))
        due_add(work->txn, at, DUE_POOL, pool->key_bytes);
    FIELD_SET(pool->row, due_ms, at.ms);
}

/* "H1/EXPERT/CARD/WANG-AM/2026-11-22"; of a group without its resources. */
static const char *alarm_subject(struct work *work, const struct pool_of *pool)
{
    bool alone = pool->set->group == NULL;

    return arena_format(work->arena, "%s/%s/%s/%s%s%s", pool->hospital->institution->id,
                        protobuf_c_enum_descriptor_get_value(&referral__place_class__descriptor, pool->key.class)->name,
                        pool->key.department, alone ? pool->key.resource : "", alone ? "/" : "", pool->date);
}

/* Q10: reported from its first row to its cure. The rows of a set agree on whether there is a deficit, so that
 * whichever of its pools is written next knows. */
static void report_deficit(struct work *work, struct pool_of *pool)
{
    struct quota numbers = pool_numbers(work, pool);
    uint64_t deficit = quota_deficit(&numbers, work->now);
    bool stood = pool->row->deficit != 0;

    FIELD_SET(pool->row, deficit, deficit);
    if (stood == (deficit != 0))
        return;
    if (deficit != 0)
        alarm_raise(work, "reserve-deficit", alarm_subject(work, pool), NULL);
    else
        alarm_clear(work, "reserve-deficit", alarm_subject(work, pool));
    for (size_t i = 0; i < pool->set->count; i++) {
        struct pool_of *other = pool->set->pools[i];

        if (other == pool)
            continue;
        FIELD_SET(other->row, deficit, deficit);
        pool_row_put(work->txn, &other->key, other->row);
    }
}

void pool_join(struct work *work, struct pool_of *const *pools, size_t count, Record__PoolGroup *group)
{
    struct pool_set *set = make_set(work, count, group);

    for (size_t i = 0; i < count; i++) {
        if (pools[i]->row->deficit != 0) /* of the pool alone */
            alarm_clear(work, "reserve-deficit", alarm_subject(work, pools[i]));
        FIELD_SET(pools[i]->row, deficit, 0);
        FIELD_SET(pools[i]->row, grouped, true);
        pools[i]->set = set;
        add_to_set(set, pools[i]);
    }
}

/* Its group's pools see it from now on, and it knows of their deficit. */
static void begin(struct work *work, struct pool_of *pool)
{
    const struct pool_set *set = pool->set;

    for (size_t i = 0; i < set->count; i++) {
        set->pools[i]->set = pool->set;
        if (set->pools[i] != pool)
            FIELD_SET(pool->row, deficit, set->rows[i]->deficit);
    }
    pool->is_new = false;
    keep(work, pool);
}

void pool_save(struct work *work, struct pool_of *pool)
{
    if (pool->is_new)
        begin(work, pool);
    report_deficit(work, pool);
    move_due(work, pool);
    pool_row_put(work->txn, &pool->key, pool->row);
}
