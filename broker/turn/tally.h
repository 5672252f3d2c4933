/* tally.h - what memory counts of each institution since the start: its inbox may be forgotten while nobody receives,
 * this is not. As many as there are institutions that ever connected. */
#pragma once
#include "base/hash.h"
#include "base/instant.h"

struct tally {
    uint32_t institution; /* number */
    uint64_t delivered, redelivered;
    struct instant last_seen;     /* when a session of it ended last; unset: none has */
    struct instant last_consumer; /* the same, of those that granted credit */
    UT_hash_handle hh;
};

/* Made where there is none; stays where it is until tallies_fini. */
struct tally *tally_of(struct tally **tallies, uint32_t institution);
const struct tally *tally_find(const struct tally *tallies, uint32_t institution); /* NULL: none */
void tallies_fini(struct tally **tallies);
