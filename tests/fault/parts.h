/* parts.h - one use of the store at a time, in which the Nth call of the C library fails, for every N until none does
 * (D2, D6).
 *
 * Whoever called is told by a number that is about what failed, and by a line where there is one; what was there is
 * there, whole; what did not come into being has left nothing; it can be done again; no descriptor is lost. */
#pragma once
#include "unit/store_fixture.h"

#define STAGE_SHELF "archive-2026-11-22-1.rfa"

struct stage {
    struct fixture f; /* f.directory: at the beginning of each run as it was made; closed */
    char to[80];      /* at the beginning of each run nothing is there */
    char copy[80];    /* of f.directory, made once */
    uint8_t new_host_key[STORE_HOST_KEY_SIZE];
    struct id id;        /* of the referral in it, which has a sheet */
    struct store *store; /* opened by a part; closed after each run */
    int planted;         /* negative errno; 0: nothing failed */
    char where[80];      /* "store_open, eio, call 7", for who finds something wrong */
};

struct part {
    const char *name;
    void (*prepare)(struct stage *stage);            /* while nothing fails; NULL: nothing to do */
    int (*play)(struct stage *stage);                /* while calls fail; 0 or a negative errno */
    void (*judge)(struct stage *stage, int failure); /* while nothing fails any more */
};

/* Plays it with every fault, and asserts what is said above as far as it is the same for all. */
void part_walk(const struct part *part);

/* For parts. */
#define kept(stage, condition) cr_assert((condition), "%s: %s", (stage)->where, #condition)
void stage_open(struct stage *stage, bool read_only);
/* Empty again. */
void stage_clear(struct stage *stage, const char *directory);
/* Opens what lies in `directory`, and verifies it: the turns that it has at least, or exactly those of the stage.
 * Returns its incarnation. */
uint32_t stage_sound(struct stage *stage, const char *directory, uint64_t turns);
