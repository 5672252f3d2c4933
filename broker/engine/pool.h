/* pool.h - one pool in a turn: read once, changed by publishing, blocking and booking, written with its ledger row and
 * its due row (Q, C3).
 *
 * Two loads of one pool in a turn give the same struct, so that whoever changes it sees what others of the same command
 * did. A handler loads its pools first (what was due there has happened then, offers included), then its referrals; it
 * refuses; then it changes. After a change come pool_save, and pool_freed where units may have become free for
 * somebody: what they are offered to is settled when the command is done (waiting_settle). */
#pragma once
#include "engine/work.h"
#include "place.pb-c.h"
#include "proto/limits.h"
#include "rules/pool_times.h"
#include "rules/quota.h"
#include "rules/units.h"
#include "store/rows_place.h"

struct pool_of {
    struct pool_key key;
    struct bytes key_bytes; /* as bookings and due rows name it */
    const char *date;       /* "2026-11-22" */
    Record__Pool *row;
    const struct registry_institution *hospital;
    struct pool_set *set; /* what the reserve is counted over */
    bool is_new;          /* not written yet */
};

/* One pool alone, or all of its group (Q11), in order of resource. */
struct pool_set {
    struct pool_of **pools;
    Record__Pool **rows; /* theirs */
    size_t count;
    Record__PoolGroup *group; /* NULL: a pool alone */
};

/* NULL: none. Does what is due of the pool and its group first (C3), unless the time is in doubt (C4): lapses,
 * openings, release, and the offers that follow. */
struct pool_of *pool_load(struct work *work, const struct pool_key *key);
/* By reference; `hospital` absent means the actor. Refuses UNKNOWN_POOL, MISSING, BAD_DATE ... with "<field>.resource"
 * and so on, and gives NULL. */
struct pool_of *pool_find(struct work *work, const Referral__PoolRef *ref, const char *field);
/* The key a reference means, whether or not there is such a pool. False: refused. */
bool pool_read_ref(struct work *work, const Referral__PoolRef *ref, const char *field, struct pool_key *ret_key);
/* A pool that is not there yet: an empty row, of the group of its day if there is one. It is not written, nor seen by
 * the others of its group, before pool_save. */
struct pool_of *pool_new(struct work *work, const struct pool_key *key);
/* All pools of the key's day, in order of resource, brought up to date; at most LIMIT_GROUP_POOLS, and how many there
 * are. */
size_t pool_load_day(struct work *work, const struct pool_key *key /* resource: not looked at */,
                     struct pool_of *ret_pools[LIMIT_GROUP_POOLS]);
/* Q11: from now on these, all pools of their day, are one set. The caller sets what the group's terms are in their
 * rows, and saves them. */
void pool_join(struct work *work, struct pool_of *const *pools, size_t count, Record__PoolGroup *group);
Referral__PoolRef *pool_ref(struct work *work, const struct pool_of *pool); /* for replies and notices */

/* Writes the pool, its due row, and the alarm of its deficit (Q10). */
void pool_save(struct work *work, struct pool_of *pool);
/* Does what a new or changed pool's times bring at once: openings that have come, a release that is past (Q6). Not
 * saved. */
void pool_follow_times(struct work *work, struct pool_of *pool);
/* The numbers of what its reserve is counted over, as the ledger has them. */
struct quota pool_numbers(const struct work *work, const struct pool_of *pool);
/* Some units may have become free, or unmarked: whoever waits is offered them when the command is done (Q8). */
void pool_freed(struct work *work, struct pool_of *pool);

/* Units by number; NULL: no such. */
Record__Unit *pool_unit(const struct pool_of *pool, uint32_t number);
/* Sets units' state; for a booking with its id and, while it is held, its end. Without a ledger row: the caller knows
 * what happened. */
void pool_take(struct work *work, struct pool_of *pool, const uint32_t *units, size_t count, Referral__Channel channel,
               struct id booking, struct instant held_until /* unset: for good */);
void pool_release(struct pool_of *pool, const uint32_t *units, size_t count); /* free again */
void pool_block(struct pool_of *pool, const uint32_t *units, size_t count, Referral__BlockReason reason);
void pool_remove(struct pool_of *pool, const uint32_t *units, size_t count); /* Q10: they are no more */

/* Q6: is the channel open at this turn's time? REFUSED_NOT, POOL_CANCELLED or NOT_OPEN_YET. Who may use the channel is
 * another matter. */
enum refusal pool_is_open(const struct work *work, const struct pool_of *pool, Referral__Channel channel);
enum refusal pool_row_is_open(const struct work *work, const Record__Pool *row, Referral__Channel channel);
/* Which units a booking of `count` would get; `barred`: units of this pool not to be taken. Gives their numbers in
 * ret_units (room for `count`). REFUSED_NOT, or why not: STARTED, NO_FREE, RESERVED, GENERAL_CLOSED (deficit),
 * NOT_CONSECUTIVE, UNIT_TAKEN, UNKNOWN_UNIT. */
struct pool_wish {
    Referral__Channel channel;
    uint32_t count, first_number; /* as struct unit_wish */
    bool moves;
    bool allotment;              /* Q15: consecutive or not */
    struct instant starts_after; /* unset: this turn's time */
    const uint32_t *barred;
    size_t barred_count;
};
enum refusal pool_choose(struct work *work, const struct pool_of *pool, const struct pool_wish *wish,
                         uint32_t *ret_units);
