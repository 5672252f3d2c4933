/* sim_short.c - the short form: whatever happens, the broker does what the model foretells, keeps what it acknowledged,
 * and drains.
 *
 * REFERRALD_SEED=n begins with that seed; REFERRALD_SIM_STEPS=n plays so many steps. */
#include "sim/sim.h"
#include "wire.pb-c.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS 100000

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* Every command about places is granted and refused often enough to mean something. */
static void assert_places(const struct sim_result *sum)
{
    static const Referral__Kind kinds[] = {
        REFERRAL__KIND__PUT_POOL,      REFERRAL__KIND__CUT_UNITS,       REFERRAL__KIND__CANCEL_POOL,
        REFERRAL__KIND__BLOCK_UNITS,   REFERRAL__KIND__UNBLOCK_UNITS,   REFERRAL__KIND__PUT_GROUP,
        REFERRAL__KIND__HOLD_PLACE,    REFERRAL__KIND__BOOK_PLACE,      REFERRAL__KIND__CONFIRM_PLACE,
        REFERRAL__KIND__CANCEL_PLACE,  REFERRAL__KIND__MOVE_PLACE,      REFERRAL__KIND__DISPLACE_PLACE,
        REFERRAL__KIND__MARK_PLACE,    REFERRAL__KIND__JOIN_LIST,       REFERRAL__KIND__LEAVE_LIST,
        REFERRAL__KIND__PUT_TIMETABLE, REFERRAL__KIND__DELETE_TIMETABLE};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t kind = kinds[i] - REFERRAL__KIND__PUT_POOL;

        fprintf(stderr, "%s: %llu accepted, %llu refused\n",
                protobuf_c_enum_descriptor_get_value(&referral__kind__descriptor, (int)kinds[i])->name,
                (unsigned long long)sum->places[kind], (unsigned long long)sum->no_places[kind]);
        cr_assert_gt(sum->places[kind], 5);
        cr_assert_gt(sum->no_places[kind], 0);
    }
}

/* And what nobody says in so many words happened. */
static void assert_seen(const struct sim_result *sum)
{
    for (int i = 0; i < SEEN_COUNT; i++) {
        fprintf(stderr, "seen %d: %llu\n", i, (unsigned long long)sum->seen[i]);
        cr_assert_gt(sum->seen[i], 0);
    }
}

Test(sim, d2_d3_d4_d7_l1_l2_p2_q1_to_q15_broker_and_model_agree_whatever_happens)
{
    struct sim_result *sum = sim_result_open();
    uint64_t seed = number_of("REFERRALD_SEED", 2000), steps = number_of("REFERRALD_SIM_STEPS", STEPS);

    cr_assert(sim_run(seed, steps, sum), "broker and model disagree");
    fprintf(stderr, "%llu steps from seed %llu: %llu commands, %llu deliveries, %llu crashes, digest %016llx\n",
            (unsigned long long)steps, (unsigned long long)seed, (unsigned long long)sum->commands,
            (unsigned long long)sum->deliveries, (unsigned long long)sum->crashes, (unsigned long long)sum->digest);
    if (steps >= STEPS) {
        cr_assert_gt(sum->accepted, steps / 4);
        cr_assert_gt(sum->refused, steps / 20);
        cr_assert_gt(sum->redeliveries, steps / 20);
        cr_assert_gt(sum->crashes, steps / 200);
        cr_assert_gt(sum->parked, steps / 2000);
        cr_assert_gt(sum->archived, steps / 1000);
        cr_assert_gt(sum->forgotten, 0);
        assert_places(sum);
        assert_seen(sum);
    }
    sim_result_close(sum);
}

/* A trace that nobody can play again finds nothing twice. */
Test(sim, d2_the_same_seed_gives_the_same_trace)
{
    struct sim_step *steps = calloc(1000, sizeof *steps);
    struct sim_result *first = sim_result_open(), *second = sim_result_open();

    sim_invent(20261122, steps, 1000);
    sim_play(steps, 1000, true, first);
    sim_play(steps, 1000, true, second);
    cr_assert(!first->failed, "%s", first->why);
    cr_assert_eq(first->digest, second->digest);
    cr_assert_str_eq(first->story, second->story);
    sim_invent(20261123, steps, 1000);
    sim_play(steps, 1000, false, second);
    cr_assert_neq(first->digest, second->digest);
    sim_result_close(first);
    sim_result_close(second);
    free(steps);
}
