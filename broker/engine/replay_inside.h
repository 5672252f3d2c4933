/* replay_inside.h - what the files of the replay share; included by nobody else.
 *
 * replay.c: pages, their chain, and finding pools. replay_row.c: one row applied and held against the rules.
 * replay_booking.c: rows by which bookings take units and give them back. replay_count.c: numbers, marks and
 * deficits. */
#pragma once
#include "engine/replay.h"

struct replay_day { /* of one class and department */
    Referral__PlaceClass class;
    const char *department, *date;
    struct replay_pool **pools;
    size_t count, room;
    struct replay_set *group; /* Q11; NULL: each pool is alone */
};

struct replay_lifted { /* a booking between MOVED_OUT and MOVED_IN */
    const char *booking;
    const struct replay_pool *pool;
    size_t units;
};

struct replay {
    struct arena arena;
    uint8_t digest[REPLAY_DIGEST_SIZE];
    const char *hospital;
    uint64_t rows, index;
    struct instant now; /* of the page being read */
    struct replay_pool **pools;
    size_t count, room;
    void *by_name; /* tsearch: struct replay_pool by class, date, department, resource */
    void *days;    /* tsearch: struct replay_day by class, date, department */
    struct replay_outside *outside;
    size_t outside_count, outside_room;
    struct replay_lifted *lifted; /* in this turn, which brings them down again */
    size_t lifted_count, lifted_room;
    char error[256];
    int failure;
};

/* Grows an array of pointers or structs in the arena: room for one more. */
void *replay_grow(struct replay *replay, void *list, size_t count, size_t *room, size_t size);
int replay_fail(struct replay *replay, int failure, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A new pool, alone or of its day's group. NULL: the group is full. */
struct replay_pool *replay_add(struct replay *replay, const Referral__LedgerRow *row);
/* Q11: from now on all pools of this one's day are one set. False: there are too many. */
bool replay_group_day(struct replay *replay, const struct replay_pool *pool);

struct reading { /* one row on its way */
    struct replay *replay;
    const Referral__LedgerRow *row;
    struct replay_pool *pool;
};
/* All of these: 0 or -EILSEQ. */
int replay_row(struct replay *replay, const Referral__LedgerRow *row);
int replay_refuse(const struct reading *reading, const char *why); /* "row 7 <why>" */
int replay_take(const struct reading *reading);
int replay_keep(const struct reading *reading); /* the booking has these units, and keeps them */
int replay_give_back(const struct reading *reading);
int replay_move_out(const struct reading *reading);
int replay_move_in(const struct reading *reading);

/* NULL: the pool has no such unit. */
struct replay_unit *replay_find_unit(const struct replay_pool *pool, uint32_t number);

/* replay_count.c */
bool replay_keeps_nothing(const struct replay_set *set);
/* All units of the set in their order, marked as if a release had not come (`kept`), or as it stands; in the arena. */
struct units replay_units(struct replay *replay, const struct replay_set *set, bool kept);
/* What stood until now becomes the past: called before a row changes anything. */
void replay_time_passes(const struct replay *replay, struct replay_set *set);
/* `deficit` stands from now on. */
void replay_note_deficit(struct replay_set *set, uint64_t deficit, struct replay_cause cause);
