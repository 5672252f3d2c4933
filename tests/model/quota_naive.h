/* quota_naive.h - the reserve and its units stated a second time, from the words of Q1-Q4, Q6, Q7, Q10, Q14 and Q15
 * alone, to hold the first statement against.
 *
 * Counting and linear scans instead of formulas, and nothing shared with the broker: what both get wrong in the same
 * way, they got wrong separately. Slow on purpose. */
#pragma once
#include <stdbool.h>

struct naive_pool {
    long C, p, B, G, F, span;
    long R;        /* naive_reserve() of the above, which is slow */
    bool released; /* now is at or after release_at */
};

long naive_reserve(long C, long p, long span);
long naive_free(const struct naive_pool *pool);
long naive_reserved_now(const struct naive_pool *pool); /* m of Q3 */
long naive_deficit(const struct naive_pool *pool);      /* d of Q10 */
bool naive_allows_block(const struct naive_pool *pool, long count);
/* May GENERAL take n single units? In the words of Q3 for span 1, which know of no marks. */
bool naive_allows_general(const struct naive_pool *pool, long n);

struct naive_unit {
    int pool, number;
    long start, end;
    char state; /* '.' free, 'b' blocked, 'g' general, 'f' family doctor's */
    bool marked, barred;
};

struct naive_units { /* in order of start, pool, number */
    struct naive_unit *list;
    int count;
};

struct naive_wish {
    int pool, n, first_number; /* 0: the earliest that will do */
    bool family, moves;
};

void naive_mark(struct naive_units *units, long reserved, int span);
/* The index of the first unit, or -1. */
int naive_find(const struct naive_units *units, const struct naive_wish *wish, long now);
int naive_count_places(const struct naive_units *units, const struct naive_wish *wish, long now);
/* These fill a list and say how many there are; -1: fewer than `count`. */
int naive_find_any(const struct naive_units *units, int pool, int count, long now, int *list);
int naive_find_block(const struct naive_units *units, int pool, int count, long now, int *list);
int naive_find_cut(const struct naive_units *units, int pool, int count, bool booked, int *list);
