/* pool_walk.h - pools of many hospitals, classes, departments and days in order, skipping what was not asked for by
 * seeking, not by reading. */
#pragma once
#include "store/rows_place.h"

struct pool_filter {
    uint32_t hospital;      /* number; 0: all */
    uint8_t class;          /* 0: all */
    const char *department; /* NULL: all */
    const char *resource;   /* NULL: all */
    int64_t first_day, last_day;
};

struct pool_walk {
    struct pool_filter filter;
    struct pool_key from; /* the next key to look at */
    uint32_t left;        /* keys that may still be looked at */
    bool ended;           /* at the end of what was asked for; else `left` ran out, and `from` goes on */
};

void pool_walk_begin(struct pool_walk *walk, const struct pool_filter *filter, uint32_t keys_max);
/* NULL: ended, or nothing left to look at. */
Record__Pool *pool_walk_next(struct pool_walk *walk, struct store_txn *txn, struct pool_key *ret_key);
