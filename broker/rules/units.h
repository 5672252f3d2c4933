/* units.h - the single units of a pool or group: which are marked for family doctors, which a booking, a block or a cut
 * takes (rules Q3, Q4, Q7, Q10, Q11, Q14). Pure: works on the caller's array, allocates nothing.
 *
 * The array holds every unit there is, of one pool or of all pools of a group, in order of start, then pool, then
 * number. Within one pool, two neighbours are *consecutive* when the later one starts where the earlier ends, or at the
 * same instant as it (parallel places, as the beds of a ward-day). */
#pragma once
#include <stddef.h>

#include "base/instant.h"
#include "referral.pb-c.h"

enum unit_state { UNIT_IS_FREE, UNIT_IS_BLOCKED, UNIT_IS_GENERAL, UNIT_IS_FAMILY };
bool unit_is_booked(enum unit_state state); /* through whichever channel */

struct unit {
    uint32_t pool;   /* which one of the group, from 0 in order of resource; 0 where alone; below LIMIT_GROUP_POOLS */
    uint32_t number; /* within its pool, from 1, never given twice */
    struct instant start, end;
    enum unit_state state;
    bool marked; /* units_mark: free, and kept for family doctors */
    bool barred; /* the caller's: not to be taken by this request (declined by this wait-list entry, Q8) */
};

struct units {
    struct unit *list;
    size_t count;
};

/* Puts the array in its order. */
void units_sort(struct units *units);
/* Q3: marks exactly min(reserved, free) of the free units, and unmarks all others. Each pool's free units in order are
 * cut into runs of `span` consecutive ones, from the start of each stretch of consecutive free units; a rest shorter
 * than span is no run. All runs, in order of their first unit's place in the array, are counted i = 0 .. k-1; of the j
 * = min(k, reserved / span) to mark, run i is marked iff ((i+1)·j + k/2)/k > (i·j + k/2)/k. Where the runs do not hold
 * `reserved` units, the latest free ones not yet marked are marked too. */
void units_mark(struct units *units, uint64_t reserved, uint32_t span);

/* A wish for n consecutive units of one pool. */
struct unit_wish {
    uint32_t pool;
    uint32_t count;        /* n >= 1 */
    uint32_t first_number; /* these and the following; 0: the earliest that will do */
    Referral__Channel channel;
    bool moves; /* Q3: a general patient moving inside the pool needs only free units */
};
/* Q3, Q4, Q6, Q7: is there a place for the wish at `now`? Units that have started are never taken; GENERAL takes
 * unmarked ones only. False: none; else ret_first is the array index of the first, and the n units are those of the
 * same pool that follow it in the array. */
bool units_find(const struct units *units, const struct unit_wish *wish, struct instant now, size_t *ret_first);
/* How many starting points for n consecutive units the wish could take now, whatever its first_number. */
size_t units_count_places(const struct units *units, const struct unit_wish *wish, struct instant now);
/* Q15: `count` units of `pool` that GENERAL may take, consecutive or not, the latest first; indexes into ret_list,
 * which has room for `count`, as below. False: there are not so many. */
bool units_find_any(const struct units *units, uint32_t pool, size_t count, struct instant now, size_t *ret_list);
/* Q14: the latest `count` free, unstarted units of `pool`; indexes. */
bool units_find_block(const struct units *units, uint32_t pool, size_t count, struct instant now, size_t *ret_list);
/* Q10: `count` units of `pool` that go: blocked ones first (the latest first), then the latest free; where `booked` may
 * go too, then the latest general, then the latest family ones. False: there are not so many. */
bool units_find_cut(const struct units *units, uint32_t pool, size_t count, bool booked, size_t *ret_list);
