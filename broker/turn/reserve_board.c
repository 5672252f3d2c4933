/* reserve_board.c - a walk over the pools of the days to come, added up by hospital and class; two tables, one shown
 * and one counted. */
#include "turn/reserve_board.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/binary.h"
#include "engine/pool_count.h"
#include "proto/limits.h"
#include "registry.pb-c.h"
#include "wire/wire.h"

#define STEP_KEYS   64  /* looked at in a step, ... */
#define STEP_UNITS  512 /* ... and units after which it ends; a group is read whole (Q11) */
#define LOOK_STEPS  128
#define TEXTS_BYTES (1UL << 20)

/* ---- Life ---- */

static int open_table(struct reserve_table *table)
{
    table->rows = calloc(RESERVE_ROWS_MAX, sizeof *table->rows);
    return table->rows == NULL ? -ENOMEM : arena_open(&table->texts, TEXTS_BYTES);
}

int reserve_board_open(struct reserve_board *board)
{
    int result;

    *board = (struct reserve_board){.shown = &board->tables[0], .counting = &board->tables[1]};
    result = open_table(board->shown);
    return result != 0 ? result : open_table(board->counting);
}

void reserve_board_close(struct reserve_board *board)
{
    for (size_t i = 0; i < 2; i++) {
        free(board->tables[i].rows);
        arena_close(&board->tables[i].texts);
    }
}

/* ---- Rows ---- */

static const char *name_of(struct store_txn *txn, const char *id)
{
    const Record__Institution *row = institution_row(txn, id);
    enum refusal refusal = REFUSED_NOT;
    const Referral__Institution *institution =
        row == NULL
            ? NULL
            : (const Referral__Institution *)wire_unpack(&referral__institution__descriptor,
                                                         binary_bytes(row->institution), store_arena(txn), &refusal);

    return institution == NULL ? NULL : institution->name;
}

static bool is_of(const struct reserve_row *row, const struct pool_key *key)
{
    return row->hospital == key->hospital && row->class == key->class;
}

/* The walk goes by hospital and class: what it finds belongs to the last row, or to a new one. NULL: there is no room
 * for it. */
static struct reserve_row *row_of(struct reserve_board *board, struct store_txn *txn, const struct pool_key *key)
{
    struct reserve_table *table = board->counting;
    const char *id;

    if (table->row_count != 0 && is_of(&table->rows[table->row_count - 1], key))
        return &table->rows[table->row_count - 1];
    if (table->row_count == RESERVE_ROWS_MAX) {
        table->left_out += board->left_out.hospital != key->hospital || board->left_out.class != key->class;
        board->left_out = *key;
        return NULL;
    }
    id = institution_id_of(txn, key->hospital);
    table->rows[table->row_count] = (struct reserve_row){
        .hospital = key->hospital,
        .id = arena_text(&table->texts, id == NULL ? "" : id),
        .name = id == NULL ? NULL : arena_text(&table->texts, name_of(txn, id)),
        .class = key->class,
    };
    return &table->rows[table->row_count++];
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* One pool alone, or a group: R and what is kept of it are those of the set (Q11). */
static void add_set(struct reserve_day *day, const struct quota *quota, uint64_t pools, struct instant now)
{
    uint64_t required = quota_reserve(quota), deficit = quota_deficit(quota, now);

    day->pools += pools;
    day->capacity += quota->capacity;
    day->blocked += quota->blocked;
    day->general += quota->general;
    day->family += quota->family;
    day->free += quota_free(quota);
    day->required += required;
    day->reserved += least(quota_reserved_now(quota, now), quota_free(quota));
    if (instant_is_due(quota->release_at, now) && required > quota->family)
        day->released += required - quota->family;
    day->deficit += deficit;
    day->short_sets += deficit != 0;
}

/* ---- The walk ---- */

/* All pools of that day's group; the walk goes on behind them. */
static size_t read_group(struct pool_walk *walk, struct store_txn *txn, const struct pool_key *first,
                         Record__Pool *ret_pools[LIMIT_GROUP_POOLS])
{
    struct pool_key from = *first, key;
    Record__Pool *row;
    size_t count = 0;

    while (count < LIMIT_GROUP_POOLS && (row = pool_row_from(txn, &from, &key)) != NULL &&
           pool_key_is_same_day(&key, first)) {
        ret_pools[count++] = row;
        from = pool_key_after(&key);
    }
    walk->from = from;
    return count;
}

/* How many units were read. */
static uint64_t add_pool(struct reserve_board *board, struct store_txn *txn, const struct pool_key *key,
                         Record__Pool *row, struct turn_clock clock)
{
    Record__Pool *pools[LIMIT_GROUP_POOLS] = {row};
    size_t count = row->grouped ? read_group(&board->walk, txn, key, pools) : 1;
    struct reserve_row *sums = row_of(board, txn, key);

    if (count == 0)
        return 0;

    struct quota quota = pool_set_quota(pools, count, clock.now, clock.hold);

    if (sums != NULL)
        add_set(&sums->days[key->day - board->counting->first_day], &quota, count, clock.now);
    return quota.capacity;
}

static void begin(struct reserve_board *board, struct instant now)
{
    struct reserve_table *table = board->counting;
    int64_t today = date_to_days(instant_local_date(now, CHINA_OFFSET_MINUTES));
    struct pool_filter filter = {.first_day = today, .last_day = today + RESERVE_DAYS - 1};

    arena_reset(&table->texts, TEXTS_BYTES);
    table->at = now;
    table->first_day = today;
    table->row_count = table->left_out = 0;
    board->left_out = (struct pool_key){0};
    pool_walk_begin(&board->walk, &filter, 0);
    board->is_walking = true;
}

static void show(struct reserve_board *board)
{
    struct reserve_table *table = board->counting;

    table->short_sets = 0;
    for (size_t i = 0; i < table->row_count; i++)
        for (size_t day = 0; day < RESERVE_DAYS; day++)
            table->short_sets += table->rows[i].days[day].short_sets;
    board->counting = board->shown;
    board->shown = table;
    board->is_walking = false;
}

void reserve_board_look(struct reserve_board *board)
{
    board->steps_left = LOOK_STEPS;
}

bool reserve_board_step(struct reserve_board *board, struct store_txn *txn, struct turn_clock clock)
{
    struct pool_key key;
    uint64_t units = 0;
    Record__Pool *row;

    if (!board->is_walking)
        begin(board, clock.now);
    board->walk.left = STEP_KEYS;
    while (units < STEP_UNITS && (row = pool_walk_next(&board->walk, txn, &key)) != NULL)
        units += add_pool(board, txn, &key, row, clock);
    if (store_failure(txn) != 0) {
        board->is_walking = false;
        return false;
    }
    if (board->walk.ended) {
        show(board);
        return false;
    }
    return --board->steps_left != 0;
}
