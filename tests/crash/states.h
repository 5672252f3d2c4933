/* states.h - the disks a power cut could leave, as a recording has it.
 *
 * What was synced is there. Of what was written since, any part may be there and any part not, in any order, and one
 * write may be torn between two sectors. Names that were changed (renamed, unlinked) count as written until their
 * directory is synced. */
#pragma once
#include "crash/disk.h"

struct crash_state {
    size_t number;        /* of the enumeration, from 0 */
    size_t position;      /* operations of the recording that had begun */
    size_t notes;         /* of these, notes: what was said before */
    size_t pending, kept; /* writes that were not synced; of them, those that are there */
    bool is_torn;
};

/* For each state in order: the disk is made only if it is wanted. */
struct crash_visitor {
    void *user;
    bool (*wants)(void *user, const struct crash_state *state); /* NULL: all */
    void (*visit)(void *user, const struct crash_state *state, const struct disk *disk);
};

/* About `budget` different states over the whole recording; the same seed gives the same ones. How many there were. */
size_t crash_states(const struct disk *before, const struct recording *recording, size_t budget, uint64_t seed,
                    const struct crash_visitor *visitor);
