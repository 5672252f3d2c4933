/* sim.h - a simulated world: the real turn, engine and store under a seeded scheduler, and a naive model beside them
 * (D, L; invariants of Q).
 *
 * A step is an act and a number from which everything else about it is drawn, as the world then stands: so any part of
 * a list of steps is a list of steps, and a failing one can be shrunk. Nothing depends on a clock or on chance: the
 * same steps give the same frames, and a digest of them says so. Every play runs in a process of its own, so that a
 * broker that dies is a finding too. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/reserve_seen.h"

#define SIM_EPISODE 2500 /* steps from one empty store to the next */
#define SIM_WHY     4096
#define SIM_STORY   (1 << 20)
#define SIM_ACTS    64
#define SIM_KINDS   40 /* of commands about places */

struct sim_step {
    uint8_t act;
    uint64_t salt;
};

struct sim_result {
    bool failed;
    size_t at; /* the step after which it was seen */
    char why[SIM_WHY];
    uint64_t digest;
    uint64_t turns, commands, accepted, refused, deliveries, redeliveries, acks, deads, crashes, compared;
    uint64_t parked, archived; /* messages kept for who took nothing; referrals gone to the archive */
    uint64_t forgotten;        /* keys of commands */
    uint64_t acts[SIM_ACTS];
    uint64_t places[SIM_KINDS], no_places[SIM_KINDS]; /* such commands accepted and refused, by kind from PUT_POOL on */
    uint64_t seen[SEEN_COUNT];
    char story[SIM_STORY]; /* where it was asked for */
};

void sim_invent(uint64_t seed, struct sim_step *steps, size_t count);
/* In a process of its own. `ret_result` is shared memory of sim_result_open. */
void sim_play(const struct sim_step *steps, size_t count, bool tell, struct sim_result *ret_result);
struct sim_result *sim_result_open(void);
void sim_result_close(struct sim_result *result);
/* The fewest steps found that still fail; how many are left. */
size_t sim_shrink(struct sim_step *steps, size_t count, struct sim_result *scratch);
/* Plays episodes from this seed on until so many steps are done, and adds what they did to `sum`. False: a violation,
 * told as a story on stderr. */
bool sim_run(uint64_t seed, uint64_t steps, struct sim_result *sum);
