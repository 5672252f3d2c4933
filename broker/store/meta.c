/* meta.c - the one row of META: who the store is and what the last turn left. */
#include <assert.h>
#include <errno.h>
#include <sodium.h>

#include "store/internal.h"
#include "store/record.h"
#include "store/rows.h"

#define STORE_ID_SIZE 16
#define ARENA_BYTES   (1U << 20)

static const struct bytes META_KEY = {.data = (const uint8_t *)"meta", .size = 4};

/* Seconds since 1970; 0 is none. */
static uint32_t incarnation_at(struct instant now)
{
    return now.ms >= SECOND_MS ? (uint32_t)(now.ms / SECOND_MS) : 1;
}

/* Which incarnation began with which turn, for whoever asks after a restore. */
static void incarnation_append(struct store_txn *txn, uint32_t number)
{
    Record__Meta *meta = txn->meta;
    size_t count = meta->n_incarnations;
    Record__Incarnation **all = arena_alloc(txn->arena, (count + 1) * sizeof(void *)), *last;

    if (count > 0)
        memcpy(all, meta->incarnations, count * sizeof(void *));
    last = all[count] = arena_alloc(txn->arena, sizeof(*last));
    record__incarnation__init(last);
    last->has_number = last->has_first_index = true;
    last->number = number;
    last->first_index = meta->index + 1;
    meta->incarnations = all;
    meta->n_incarnations = count + 1;
    meta->has_incarnation = true;
    meta->incarnation = number;
}

void meta_init(struct store_txn *txn, const char *short_name, struct instant now, bool test_time)
{
    Record__Meta *meta = txn->meta = arena_alloc(txn->arena, sizeof(*meta));
    uint8_t *store_id = arena_alloc(txn->arena, STORE_ID_SIZE);

    record__meta__init(meta);
    randombytes_buf(store_id, STORE_ID_SIZE);
    meta->has_store_id = meta->has_index = meta->has_time_ms = meta->has_time_confirmed_ms = true;
    meta->has_digest = meta->has_test_time = meta->has_next_institution = meta->has_referrals = true;
    meta->store_id = (ProtobufCBinaryData){.len = STORE_ID_SIZE, .data = store_id};
    meta->short_name = arena_text(txn->arena, short_name);
    meta->time_ms = meta->time_confirmed_ms = now.ms;
    meta->digest = (ProtobufCBinaryData){.len = STORE_DIGEST_SIZE, .data = arena_zalloc(txn->arena, STORE_DIGEST_SIZE)};
    meta->test_time = test_time;
    meta->next_institution = 1;
    incarnation_append(txn, incarnation_at(now));
}

void meta_new_incarnation(struct store_txn *txn, struct instant now)
{
    assert(incarnation_at(now) > txn->meta->incarnation);
    incarnation_append(txn, incarnation_at(now));
}

static bool is_sound(const Record__Meta *meta)
{
    return meta->store_id.len == STORE_ID_SIZE && meta->digest.len == STORE_DIGEST_SIZE && meta->incarnation != 0 &&
           meta->short_name != NULL && strlen(meta->short_name) <= STORE_NAME_MAX;
}

/* A newer one is refused as any row of it is. */
static bool is_before_release(const Record__Meta *meta)
{
    return meta != NULL && meta->schema < STORE_SCHEMA;
}

int meta_load(struct store_txn *txn)
{
    Record__Meta *meta = record_get(txn, TABLE_META, META_KEY, &record__meta__descriptor);

    if (meta == NULL && txn->failure == 0) { /* its creation did not end */
        txn->failure = -EPROTO;
        return fail_with(txn->store, -EPROTO, "%s holds no whole store; make it anew", txn->store->directory);
    }
    if (is_before_release(meta)) {
        txn->failure = -EPROTO;
        return fail_with(txn->store, -EPROTO,
                         "%s is of schema %u, from before the first release, and this version reads schema %u: it "
                         "cannot be brought over; `referralctl init` makes a new one",
                         txn->store->directory, meta->schema, STORE_SCHEMA);
    }
    if (meta == NULL || !is_sound(meta)) {
        fail_txn(txn, -EBADMSG, TABLE_META, META_KEY);
        return txn->failure;
    }
    for (size_t i = 0; i < meta->n_sums; i++) {
        const Record__TableSum *sum = meta->sums[i];

        if (sum->table < TABLE_COUNT)
            txn->sums[sum->table] = (struct table_sum){.rows = sum->rows, .sum = sum->sum};
    }
    txn->meta = meta;
    return 0;
}

static void sums_set(struct store_txn *txn)
{
    Record__TableSum *sums = arena_alloc(txn->arena, TABLE_COUNT * sizeof(*sums));
    Record__TableSum **list = arena_alloc(txn->arena, TABLE_COUNT * sizeof(void *));
    size_t count = 0;

    for (uint32_t table = 0; table < TABLE_COUNT; table++) {
        if (table_is_derived((enum table)table))
            continue;
        record__table_sum__init(&sums[count]);
        sums[count].has_table = sums[count].has_rows = sums[count].has_sum = true;
        sums[count].table = table;
        sums[count].rows = txn->sums[table].rows;
        sums[count].sum = txn->sums[table].sum;
        list[count] = &sums[count];
        count++;
    }
    txn->meta->sums = list;
    txn->meta->n_sums = count;
}

void meta_write(struct store_txn *txn)
{
    uint32_t newest = txn->store->keys->newest;

    sums_set(txn);
    txn->meta->has_newest_key = newest > KEYS_FIRST; /* the row of a store that never had another says nothing of it */
    txn->meta->newest_key = newest;
    record_put(txn, TABLE_META, META_KEY, &txn->meta->base);
}

void meta_take(struct store *store, const Record__Meta *meta)
{
    struct store_identity *identity = &store->identity;

    memcpy(identity->store_id, meta->store_id.data, sizeof(identity->store_id));
    memcpy(identity->short_name, meta->short_name, strlen(meta->short_name) + 1);
    identity->incarnation = meta->incarnation;
    identity->test_time = meta->test_time;
    store->newest_key = meta->newest_key;
    store->mark.index = meta->index;
    store->mark.time = instant_of(meta->time_ms);
    memcpy(store->mark.digest, meta->digest.data, STORE_DIGEST_SIZE);
}

int meta_refresh(struct store *store)
{
    struct arena arena;
    struct store_txn *txn = NULL;
    int failure = arena_open(&arena, ARENA_BYTES);

    if (failure != 0)
        return failure;
    failure = store_read_begin(store, &arena, &txn);
    if (failure == 0)
        failure = meta_load(txn);
    if (failure == 0)
        meta_take(store, txn->meta);
    store_read_end(txn);
    arena_close(&arena);
    return failure;
}

Record__Meta *meta_row(struct store_txn *txn)
{
    /* A reader looks it up when asked; a turn has it from the start. */
    if (txn->meta == NULL && meta_load(txn) != 0) {
        txn->meta = arena_alloc(txn->arena, sizeof(*txn->meta));
        record__meta__init(txn->meta);
    }
    return txn->meta;
}
