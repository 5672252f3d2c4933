/* sim_main.c - the long form: sim SEED STEPS. Says each hundred thousand steps what has been played. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/sim.h"

#define ROUND 100000

int main(int count, char **arguments)
{
    uint64_t seed = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    uint64_t steps = count > 2 ? strtoull(arguments[2], NULL, 10) : ROUND, done = 0;
    struct sim_result *sum = sim_result_open();

    while (done < steps) {
        uint64_t round = steps - done < ROUND ? steps - done : ROUND;

        if (!sim_run(seed, round, sum))
            return 1;
        done += round;
        printf("seeds %llu to %llu, %llu steps: %llu commands (%llu refused), %llu deliveries (%llu again), %llu acks, "
               "%llu crashes, %llu times compared, digest %016llx, 0 violations\n",
               (unsigned long long)seed, (unsigned long long)(seed + (round + SIM_EPISODE - 1) / SIM_EPISODE - 1),
               (unsigned long long)done, (unsigned long long)sum->commands, (unsigned long long)sum->refused,
               (unsigned long long)sum->deliveries, (unsigned long long)sum->redeliveries,
               (unsigned long long)sum->acks, (unsigned long long)sum->crashes, (unsigned long long)sum->compared,
               (unsigned long long)sum->digest);
        fflush(stdout);
        seed += (round + SIM_EPISODE - 1) / SIM_EPISODE;
    }
    sim_result_close(sum);
    return 0;
}
