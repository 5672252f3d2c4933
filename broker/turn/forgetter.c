/* forgetter.c - key after key is read; those that may go are told when there is a turn's worth of them. */
#include "turn/forgetter.h"

#include <errno.h>

#include "engine/forget.h"

#define SCAN_ROWS 500

void forgetter_init(struct forgetter *forgetter, struct store *store, struct turn *turn, struct arena *arena)
{
    *forgetter = (struct forgetter){.store = store, .turn = turn, .arena = arena};
}

/* What is damaged, the key's own row or one that it names, stays. */
static void look_at(struct forgetter *forgetter, struct store_txn *txn, struct bytes key, struct instant limit)
{
    const Record__Dedup *row;

    memcpy(forgetter->at, key.data, DEDUP_KEY_SIZE);
    forgetter->has_begun = true;
    row = dedup_row_at(txn, bytes_of(forgetter->at, DEDUP_KEY_SIZE));
    if (row != NULL && forget_allows(txn, row, limit) && store_failure(txn) == 0)
        memcpy(forgetter->keys[forgetter->count++], forgetter->at, DEDUP_KEY_SIZE);
}

/* From the smallest key above the last one looked at; how many were. */
static int scan_rows(struct forgetter *forgetter, struct store_txn *txn, struct instant limit)
{
    uint8_t from[DEDUP_KEY_SIZE + 1] = {0};
    struct store_cursor *cursor;
    struct bytes key;
    int rows = 0;

    memcpy(from, forgetter->at, DEDUP_KEY_SIZE);
    cursor = store_scan(txn, TABLE_DEDUP, bytes_of(NULL, 0), bytes_of(from, forgetter->has_begun ? sizeof from : 0));
    while (rows < SCAN_ROWS && forgetter->count < TURN_FORGET_MAX && store_next_key(cursor, &key)) {
        look_at(forgetter, txn, key, limit);
        rows++;
    }
    forgetter->at_end = rows < SCAN_ROWS && forgetter->count < TURN_FORGET_MAX && store_failure(txn) == 0;
    store_scan_end(cursor);
    return rows;
}

/* Whether it is set that any key goes at all. Where a row is damaged the next step goes on behind it. */
static int scan(struct forgetter *forgetter, struct instant now, bool *ret_forgets)
{
    struct store_txn *txn = NULL;
    struct instant limit;
    int rows = 0, failure = store_read_begin(forgetter->store, forgetter->arena, &txn);

    if (failure != 0)
        return failure;
    limit = forget_limit(txn, now);
    *ret_forgets = instant_is_set(limit);
    if (*ret_forgets)
        rows = scan_rows(forgetter, txn, limit);
    failure = store_failure(txn);
    store_read_end(txn);
    if (failure != -EBADMSG || rows == 0)
        return failure;
    forgetter->damaged++;
    return 0;
}

static void tell(struct forgetter *forgetter)
{
    Batch__Forget forget = BATCH__FORGET__INIT;

    forget.n_keys = forgetter->count;
    forget.keys = arena_alloc(forgetter->arena, forgetter->count * sizeof *forget.keys);
    for (size_t i = 0; i < forgetter->count; i++)
        forget.keys[i] = (ProtobufCBinaryData){.len = DEDUP_KEY_SIZE, .data = forgetter->keys[i]};
    if (!turn_forget(forgetter->turn, &forget))
        return; /* no room in this turn: again in the next */
    forgetter->told += forgetter->count;
    forgetter->count = 0;
}

static int step(struct forgetter *forgetter, struct instant now)
{
    bool forgets = true;
    int failure = 0;

    if (forgetter->count == TURN_FORGET_MAX || forgetter->at_end)
        tell(forgetter);
    else
        failure = scan(forgetter, now, &forgets);
    if (failure != 0)
        return failure;
    return forgets && (!forgetter->at_end || forgetter->count != 0);
}

/* C4: while the time is in doubt nobody knows how old a key is. */
int forgetter_step(struct forgetter *forgetter, struct turn_clock clock)
{
    int result;

    if (!forgetter->has_begun)
        forgetter->told = 0;
    result = clock.hold ? 0 : step(forgetter, clock.now);
    arena_reset(forgetter->arena, 0);
    if (result <= 0) {
        forgetter->has_begun = forgetter->at_end = false;
        forgetter->count = 0;
    }
    return result;
}
