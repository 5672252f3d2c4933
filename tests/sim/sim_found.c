/* sim_found.c - plays until it is found. */
#include "sim/sim_found.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "sim/sim.h"

#define STEPS    1500
#define EPISODES 20
#define SHORT    20 /* steps: what a person reads at a glance */

static size_t find(const char *mistake, struct sim_step *steps, uint64_t *ret_seed, struct sim_result *result)
{
    uint64_t seed = 0;

    do
        sim_invent(++seed, steps, STEPS), sim_play(steps, STEPS, false, result);
    while (!result->failed && seed < EPISODES);
    cr_assert(result->failed, "%s: not found in %d steps", mistake, STEPS * EPISODES);
    *ret_seed = seed;
    return result->at + 1 < STEPS ? result->at + 1 : STEPS;
}

void sim_assert_found(const char *mistake, const char *how)
{
    static struct sim_step steps[STEPS];
    struct sim_result *result = sim_result_open();
    uint64_t seed;
    size_t count = find(mistake, steps, &seed, result);

    fprintf(stderr, "%s, found with seed %llu after %zu steps: %s\n", mistake, (unsigned long long)seed, count,
            result->why);
    cr_assert(how == NULL || strstr(result->why, how) != NULL, "%s: found for another reason: %s", mistake,
              result->why);
    sim_result_close(result);
}

void sim_assert_told(const char *mistake)
{
    static struct sim_step steps[STEPS];
    struct sim_result *result = sim_result_open();
    uint64_t seed;
    size_t count = sim_shrink(steps, find(mistake, steps, &seed, result), result);

    sim_play(steps, count, true, result);
    fprintf(stderr, "%s, found with seed %llu, told in %zu steps:\n%s=> %s\n\n", mistake, (unsigned long long)seed,
            count, result->story, result->why);
    cr_assert(result->failed && count <= SHORT, "%s: told in %zu steps", mistake, count);
    sim_result_close(result);
}
