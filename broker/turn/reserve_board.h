/* reserve_board.h - the reserve of today and the next 7 days, by hospital and class: for people who look (Q1-Q4, Q10,
 * Q11).
 *
 * Counted in steps that each read a bounded number of pools, and a bounded number of steps for each time somebody
 * looks: where there are more pools than that, the walk over them goes on at the next look, and until it ends the table
 * before it is shown. A table says when its walk began. Days are those of China: days of other zones begin within hours
 * of them. */
#pragma once
#include "base/arena.h"
#include "base/instant.h"
#include "engine/pool_walk.h"
#include "turn/turn.h"

#define RESERVE_DAYS     8
#define RESERVE_ROWS_MAX 300 /* hospitals times classes: a bound on what is rendered, and on labels */

struct reserve_day { /* in units, sums over pools alone and groups; all 0: no pool */
    uint64_t pools;
    uint64_t capacity, blocked, general, family, free; /* C, B, G, F; family and general with what is held */
    uint64_t required;                                 /* R */
    uint64_t reserved;                                 /* of the free ones, those kept for family doctors now */
    uint64_t released;                                 /* R that no family doctor took before release */
    uint64_t deficit;                                  /* Q10 */
    uint64_t short_sets;                               /* pools alone and groups with a deficit */
};

struct reserve_row {
    uint32_t hospital; /* number */
    const char *id, *name;
    uint8_t class; /* referral.PlaceClass */
    struct reserve_day days[RESERVE_DAYS];
};

struct reserve_table {
    struct instant at;        /* unset: none yet */
    int64_t first_day;        /* since 1970 */
    struct reserve_row *rows; /* by hospital, then class */
    size_t row_count, left_out;
    uint64_t short_sets;
    struct arena texts;
};

struct reserve_board {
    struct reserve_table tables[2], *shown, *counting;
    struct pool_walk walk;
    bool is_walking;
    uint32_t steps_left;      /* of this look */
    struct pool_key left_out; /* the last hospital and class that found no room */
};

int reserve_board_open(struct reserve_board *board); /* 0 or -ENOMEM */
void reserve_board_close(struct reserve_board *board);
/* Somebody looks anew. */
void reserve_board_look(struct reserve_board *board);
/* True: there is more to do for this look. After a failure of the transaction the walk begins anew. */
bool reserve_board_step(struct reserve_board *board, struct store_txn *txn, struct turn_clock clock);
