/* reserve_random.c - long random stories: whatever happens in whatever order, engine and model say and hold the same.
 *
 * REFERRALD_SEED=n plays that one story; REFERRALD_LONG=1 plays ten million operations. */
#include "reserve_invent.h"
#include "reserve_play.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STORY_COMMANDS  500
#define OPERATIONS      200000
#define OPERATIONS_LONG 10000000

static void fail_with(const struct ground *ground, uint64_t seed, struct command *commands, int count)
{
    struct played *played = calloc(1, sizeof *played);
    int left = play_shrink(ground, commands, count);

    play(ground, commands, left, played);
    fprintf(stderr, "\nREFERRALD_SEED=%llu, the shortest story that shows it:\n", (unsigned long long)seed);
    play_tell(commands, left, played);
    free(played);
    cr_assert(false, "engine and rules disagree: REFERRALD_SEED=%llu", (unsigned long long)seed);
}

static uint64_t play_seed(const struct ground *ground, uint64_t seed, struct played *sum)
{
    struct command *commands = calloc(STORY_COMMANDS, sizeof *commands);
    struct played *played = calloc(1, sizeof *played);
    uint64_t asked;

    invent(seed, commands, STORY_COMMANDS);
    play(ground, commands, STORY_COMMANDS, played);
    if (!played->same)
        fail_with(ground, seed, commands, played->at + 1);
    asked = played->asked;
    for (int op = 0; op < OP_COUNT; op++) {
        sum->accepted[op] += played->accepted[op];
        sum->refused[op] += played->refused[op];
    }
    free(played);
    free(commands);
    return asked;
}

/* Fewer where each is slow: under sanitizers. */
static uint64_t operations(void)
{
    const char *is_long = getenv("REFERRALD_LONG"), *some = getenv("REFERRALD_OPERATIONS");

    if (some != NULL)
        return strtoull(some, NULL, 10);
    return is_long != NULL && strcmp(is_long, "1") == 0 ? OPERATIONS_LONG : OPERATIONS;
}

/* Every operation is granted and refused often enough to mean something; weeks are played in tests/sim. */
static void assert_covered(const struct played *sum)
{
    for (int op = OP_SUBMIT; op < OP_WEEK; op++) {
        fprintf(stderr, "operation %d: %llu accepted, %llu refused\n", op, (unsigned long long)sum->accepted[op],
                (unsigned long long)sum->refused[op]);
        cr_assert_gt(sum->accepted[op], 20);
        cr_assert(op == OP_SUBMIT || sum->refused[op] > 20);
    }
}

Test(reserve_random, q1_to_q15_engine_and_rules_agree_whatever_happens)
{
    const char *only = getenv("REFERRALD_SEED");
    uint64_t wanted = operations(), asked = 0;
    struct played *sum = calloc(1, sizeof *sum);
    struct ground ground;

    ground_open(&ground);
    if (only != NULL) {
        play_seed(&ground, strtoull(only, NULL, 10), sum);
    } else {
        for (uint64_t seed = 1; asked < wanted; seed++)
            asked += play_seed(&ground, seed, sum);
        if (wanted >= OPERATIONS)
            assert_covered(sum);
    }
    ground_close(&ground);
    free(sum);
}
