/* replay.h - a hospital's ledger read again from its first page: every pool rebuilt from nothing but the rows, and
 * every row held against the rules (Q1-Q4, Q6, Q7, Q10, Q11, Q14). Shares with what wrote the rows only the rules'
 * arithmetic.
 *
 * For `referralctl replay`, `report` and `verify`, and for tests; the daemon does not use it. The pages may come from
 * anybody: what is no ledger is found out, never believed. */
#pragma once
#include "base/arena.h"
#include "base/instant.h"
#include "place.pb-c.h"
#include "rules/quota.h"
#include "rules/units.h"

#define REPLAY_DIGEST_SIZE 32

struct replay_unit {
    struct unit unit;
    const char *booking; /* id text; NULL: none */
    bool emergency;      /* taken by one (Q12) */
};

struct replay_pool {
    const char *department, *resource, *date;
    Referral__PlaceClass class;
    struct replay_unit *units; /* in order of number */
    size_t unit_count, unit_room;
    uint32_t last_number; /* ever given */
    uint32_t reserve_bp, span;
    struct instant fd_opens_at, general_opens_at, release_at;
    bool short_notice, released, cancelled, grouped;
    struct replay_set *set;
    /* What a report adds up (Q13). */
    uint64_t refused_reserve;  /* refusals that the reserve caused */
    uint64_t family_cancelled; /* units of family doctors' bookings that the hospital took back */
    uint64_t blocked_over;     /* of all blocks ever made: units into the reserve (Q14) */
    uint64_t released_unused;  /* units marked when the reserve was released */
};

struct replay_cause {
    Referral__LedgerEvent event;  /* 0: none */
    Referral__BlockReason reason; /* of a block, cut or cancellation; 0: none was stated */
};

/* Q10, Q13: a deficit between opening and release. One that the same turn cures is none. */
struct replay_shortfall {
    uint64_t units;            /* the largest */
    int64_t ms;                /* how long there was one */
    struct replay_cause cause; /* the row that brought the largest */
};

/* What the reserve is counted over: a pool, or the grouped ones of its day. */
struct replay_set {
    struct replay_pool **pools; /* in order of resource */
    size_t count, room;
    uint64_t required; /* R as it was last before the release, or what later cuts have left of it */
    /* Inside: the deficit as of the last row, since when, and what brought it; the one that stood when that turn began;
     * all before. */
    uint64_t deficit, stood;
    struct replay_cause cause, stood_cause;
    struct instant since;
    bool was_open; /* there was time between opening and release */
    struct replay_shortfall past;
};

struct replay;
struct replay *replay_open(void); /* NULL: no memory */
void replay_close(struct replay *replay);
/* The next page, as given out. 0; -EBADMSG: not a page, or it does not follow the one before; -EILSEQ: a row
 * contradicts the rules or the rows before it. After a failure nothing more is read, and replay_error says which row
 * and why. */
int replay_page(struct replay *replay, struct bytes page);
/* After the last page: 0, or -EILSEQ where its turn ends in the middle of a move. */
int replay_end(struct replay *replay);
const char *replay_error(const struct replay *replay);

const char *replay_hospital(const struct replay *replay); /* NULL before the first page */
uint64_t replay_rows(const struct replay *replay);
uint64_t replay_index(const struct replay *replay);        /* the turn of the last page, ... */
struct instant replay_time(const struct replay *replay);   /* ... its time, ... */
const uint8_t *replay_digest(const struct replay *replay); /* ... its digest; zeros before the first */

/* All pools in order of publication. */
struct replay_pool *const *replay_pools(const struct replay *replay, size_t *ret_count);
/* NULL: none of that name. */
struct replay_pool *replay_pool(const struct replay *replay, Referral__PlaceClass class, const char *department,
                                const char *resource, const char *date);
/* Q15: bookings without a unit, by class and date. */
struct replay_outside {
    Referral__PlaceClass class;
    const char *date; /* "2026-11-22" */
    uint64_t bookings;
};
const struct replay_outside *replay_outside(const struct replay *replay, size_t *ret_count);
/* Of the pool alone, and of its set: a release is what a RELEASED row says, whatever the time. */
struct quota replay_quota(const struct replay_pool *pool);
struct quota replay_set_quota(const struct replay_set *set);
/* Q13: there was time between opening and release, or by the last page's time there is to be. What nobody had time to
 * use was not kept. */
bool replay_has_time(const struct replay_set *set);
/* Up to the time of the last page. */
struct replay_shortfall replay_shortfall(const struct replay *replay, const struct replay_set *set);
