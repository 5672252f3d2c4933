/* replay.h - a hospital's ledger read again from its first page: every pool rebuilt from nothing but the rows, and every row held against the
 * rules (Q1-Q4, Q10, Q11, Q13). Shares with what wrote the rows only the rules' arithmetic.
 *
 * For `referralctl replay`, `report` and `verify`, and for tests; the daemon does not use it. */
#pragma once
#include "base/arena.h"
#include "base/id.h"
#include "base/instant.h"
#include "place.pb-c.h"
#include "rules/quota.h"
#include "rules/units.h"

#define REPLAY_DIGEST_SIZE 32

struct replay_unit {
    struct unit unit;
    const char *booking; /* id text; NULL: none */
};

struct replay_pool {
    const char *department, *resource, *date;
    Referral__PlaceClass class;
    struct replay_unit *units; /* in order of giving */
    size_t unit_count, unit_room;
    uint32_t reserve_bp, span;
    struct instant published_at, fd_opens_at, general_opens_at, release_at;
    bool short_notice, released, cancelled, grouped;
    struct replay_set *set;
    /* What a report adds up (Q13). */
    uint64_t refused_reserve, refused_other, family_cancelled, emergency, blocked_now, blocked_over;
};

/* What the reserve is counted over: a pool, or the grouped ones of its day. */
struct replay_set {
    struct replay_pool **pools; /* in order of resource */
    size_t count, room;
    uint64_t required;                  /* R as last known before release */
    uint64_t deficit;                   /* now */
    uint64_t shortfall;                 /* the largest between opening and release */
    int64_t shortfall_ms;               /* how long there was one */
    struct instant since;               /* of the present deficit */
    Referral__LedgerEvent cause;        /* of the largest: the row that brought it, ... */
    Referral__BlockReason cause_reason; /* ... 0: none */
    uint64_t released_unused;           /* marked when the reserve was released */
};

struct replay;
struct replay *replay_open(void); /* NULL: no memory */
void replay_close(struct replay *replay);
/* The next page, as given out. 0; -EBADMSG: not a page, or it does not follow the one before; -EILSEQ: a row contradicts the rules or the rows
 * before it. After a failure nothing more is read, and replay_error says which row and why. */
int replay_page(struct replay *replay, struct bytes page);
const char *replay_error(const struct replay *replay);

const char *replay_hospital(const struct replay *replay); /* NULL before the first page */
uint64_t replay_rows(const struct replay *replay);
struct instant replay_time(const struct replay *replay);   /* of the last page */
const uint8_t *replay_digest(const struct replay *replay); /* of the last page; zeros before the first */
/* All pools in order of publication. */
struct replay_pool *const *replay_pools(const struct replay *replay, size_t *ret_count);
/* Q15: bookings without a unit, by class and date. */
struct replay_outside {
    Referral__PlaceClass class;
    const char *date; /* "2026-11-22" */
    uint64_t bookings;
};
const struct replay_outside *replay_outside(const struct replay *replay, size_t *ret_count);
struct quota replay_quota(const struct replay_pool *pool); /* of the pool alone */
struct quota replay_set_quota(const struct replay_set *set);
