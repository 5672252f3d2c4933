/* glance.h - sessions of pools as lines with their numbers (section 6): read from a PoolList, summed for groups and
 * classes. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct glance {
    const char *hospital, *class, *department, *resource, *date,
        *doctor; /* borrowed from the answer; "" where absent */
    int64_t start_ms, end_ms;
    uint64_t capacity, reserve, blocked, general, family, free, marked, held, deficit;
    uint64_t begun;                   /* of the free ones: nobody takes them any more (Q6) */
    uint64_t family_now, general_now; /* free for whom, at the broker's time */
    bool grouped, cancelled, released, short_notice;
    int64_t family_opens_ms, general_opens_ms; /* not open before; 0: open */
};

/* By date, class, department, members of a group together, then by start. `now_ms`: the broker's. To be freed; the
 * answer must live. NULL with *ret_count 0: no memory, or none. */
struct glance *glance_read(json_t *pools, int64_t now_ms, size_t *ret_count);
/* Both in one block of lines: same hospital, date and class. */
bool glance_same_block(const struct glance *a, const struct glance *b);
/* Both in one reserve (Q11). */
bool glance_same_group(const struct glance *a, const struct glance *b);
/* Sums of sessions in their order; R and deficit of a group count once. Times, names and flags are those of the
 * first. */
struct glance glance_sum(const struct glance *first, size_t count);
/* Q13, as it stands now: max(0, R - deficit) of each reserve. */
uint64_t glance_kept(const struct glance *first, size_t count);
