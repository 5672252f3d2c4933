/* sim_main.c - the long form: sim SEED STEPS [SECONDS], or sim SEED STEPS tell, which tells one play as a story. Says
 * each hundred thousand steps what has been played, and ends after the first of these that so many seconds have
 * passed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/sim.h"

#define ROUND 100000

static uint64_t number(int count, char **arguments, int at, uint64_t otherwise)
{
    return count > at ? strtoull(arguments[at], NULL, 10) : otherwise;
}

static unsigned long long total(const uint64_t *counts)
{
    unsigned long long sum = 0;

    for (size_t i = 0; i < SIM_KINDS; i++)
        sum += counts[i];
    return sum;
}

/* REFERRALD_SIM_SEEN=1: how often what happened that nobody says. */
static void say_seen(const struct sim_result *sum)
{
    for (int i = 0; i < SEEN_COUNT; i++)
        printf("%d: %llu%s", i, (unsigned long long)sum->seen[i], i + 1 == SEEN_COUNT ? "\n" : ", ");
}

static void say(uint64_t seed, uint64_t next, uint64_t steps, const struct sim_result *sum)
{
    printf("seeds %llu to %llu, %llu steps: %llu commands (%llu refused), %llu of them about places (%llu refused), "
           "%llu deliveries (%llu again, %llu kept for slow ones), %llu acks, %llu archived, %llu keys forgotten, %llu "
           "crashes, %llu times "
           "compared, digest %016llx, 0 violations\n",
           (unsigned long long)seed, (unsigned long long)next - 1, (unsigned long long)steps,
           (unsigned long long)sum->commands, (unsigned long long)sum->refused,
           total(sum->places) + total(sum->no_places), total(sum->no_places), (unsigned long long)sum->deliveries,
           (unsigned long long)sum->redeliveries, (unsigned long long)sum->parked, (unsigned long long)sum->acks,
           (unsigned long long)sum->archived, (unsigned long long)sum->forgotten, (unsigned long long)sum->crashes,
           (unsigned long long)sum->compared, (unsigned long long)sum->digest);
    if (getenv("REFERRALD_SIM_SEEN") != NULL)
        say_seen(sum);
    fflush(stdout);
}

/* What was played and said, line by line: to see where two builds part. */
static int tell(uint64_t seed, size_t count)
{
    struct sim_step *steps = calloc(count, sizeof *steps);
    struct sim_result *result = sim_result_open();

    sim_invent(seed, steps, count);
    sim_play(steps, count, true, result);
    printf("%s=> %s\n", result->story, result->failed ? result->why : "0 violations");
    free(steps);
    return result->failed;
}

int main(int count, char **arguments)
{
    if (count == 4 && strcmp(arguments[3], "tell") == 0)
        return tell(number(count, arguments, 1, 1), number(count, arguments, 2, SIM_EPISODE));

    uint64_t seed = number(count, arguments, 1, 1), next = seed;
    uint64_t steps = number(count, arguments, 2, ROUND), seconds = number(count, arguments, 3, 0), done = 0;
    struct sim_result *sum = sim_result_open();
    time_t begun = time(NULL);

    *sum = (struct sim_result){0};
    while (done < steps && (seconds == 0 || (uint64_t)(time(NULL) - begun) < seconds)) {
        uint64_t round = steps - done < ROUND ? steps - done : ROUND;

        if (!sim_run(next, round, sum))
            return 1;
        done += round;
        next += (round + SIM_EPISODE - 1) / SIM_EPISODE;
        say(seed, next, done, sum);
    }
    sim_result_close(sum);
    return 0;
}
