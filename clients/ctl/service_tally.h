/* service_tally.h - slices of a hospital's service facts added up (GET_SERVICE_FACTS), from the broker or from a store
 * on this machine. */
#pragma once
#include "ledgers.h"
#include "place.pb-c.h"

#define TALLY_DIRECTIONS 3
#define TALLY_PRIORITIES 3
#define TALLY_REASONS    16 /* 0: none was stated */

struct tally_numbers {
    uint64_t *list;
    size_t count, room;
};

struct tally_line {
    uint64_t referrals, answered, in_time, overdue, open, no_shows, rejected;
    struct tally_numbers seconds; /* of each answered one */
};

struct service_tally {
    struct tally_line lines[TALLY_DIRECTIONS][TALLY_PRIORITIES]; /* by number of direction and priority, from 1 */
    uint64_t rejections[TALLY_REASONS];
    struct tally_numbers persons; /* of each slice, some of them the same */
    struct arena arena;
};

/* The turn that all of it is of; index 0: none yet, the first slice decides. */
struct service_moment {
    uint64_t index;
    int64_t at_ms;
    uint8_t digest[STORE_DIGEST_SIZE]; /* of the audit chain after it */
};

/* Adds up what was submitted, or taken over, from `from` up to `to`. EXIT_OK, else complained; to be ended in any
 * case. */
int service_tally_read(struct ledgers *ledgers, const char *hospital, struct instant from, struct instant to,
                       struct service_moment *moment, struct service_tally *ret_tally);
void service_tally_fini(struct service_tally *tally);
/* How many different ones. */
uint64_t service_tally_persons(struct service_tally *tally);
/* Of all priorities. */
struct tally_line service_tally_total(struct service_tally *tally, int direction);
/* The answer that so many of a hundred are not longer than (nearest rank); there is at least one. */
uint64_t tally_percentile(struct tally_numbers *seconds, unsigned percent);
