/* replay_inside.h - what the files of the replay share; included by nobody else.
 *
 * replay.c: pages, their chain, and finding pools. replay_row.c: one row applied and held against the rules. */
#pragma once
#include "engine/replay.h"

struct replay {
    struct arena arena;
    uint8_t digest[REPLAY_DIGEST_SIZE];
    const char *hospital;
    uint64_t rows;
    struct instant now; /* of the page being read */
    struct replay_pool **pools;
    size_t count, room;
    void *by_name;     /* tsearch: struct replay_pool by class, department, resource, date */
    void *sets_by_day; /* tsearch: groups by class, department, date */
    struct replay_outside *outside;
    size_t outside_count, outside_room;
    /* The row before: a general booking that only moves inside its pool takes free units (Q3). */
    Referral__LedgerEvent last_event;
    const char *last_booking;
    const struct replay_pool *last_pool;
    char error[256];
    int failure;
};

/* Grows an array of pointers or structs in the arena: room for one more. */
void *replay_grow(struct replay *replay, void *list, size_t count, size_t *room, size_t size);
int replay_fail(struct replay *replay, int failure, const char *format, ...) __attribute__((format(printf, 3, 4)));
struct replay_pool *replay_find(struct replay *replay, const Referral__LedgerRow *row);
struct replay_pool *replay_add(struct replay *replay, const Referral__LedgerRow *row);
/* The pool counts in its day's group from now on. */
void replay_join_group(struct replay *replay, struct replay_pool *pool);
/* 0 or -EILSEQ. */
int replay_row(struct replay *replay, const Referral__LedgerRow *row);
