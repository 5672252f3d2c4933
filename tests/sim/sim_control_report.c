/* sim_control_report.c - the comparison of reports can fail: each mistake planted in what makes them of a ledger, or
 * counts referrals, is found (L4, Q13).
 *
 * The linker puts the functions here in the place of the broker's own (--wrap). */
#include "sim/sim_found.h"

#include "engine/replay_inside.h"
#include "engine/service_count.h"

#include <criterion/criterion.h>

static enum {
    NOTHING,
    FORGETS_SHORTFALLS,
    COUNTS_TIME_TWICE,
    KEEPS_WITHOUT_TIME,
    TAKES_NOTHING_BACK,
    IS_ALWAYS_IN_TIME,
    COUNTS_AS_OF_NOW,
} planted;

void __real_replay_note_deficit(struct replay_set *set, uint64_t deficit, struct replay_cause cause);
void __wrap_replay_note_deficit(struct replay_set *set, uint64_t deficit, struct replay_cause cause)
{
    if (planted != FORGETS_SHORTFALLS)
        __real_replay_note_deficit(set, deficit, cause);
}

void __real_replay_time_passes(const struct replay *replay, struct replay_set *set);
void __wrap_replay_time_passes(const struct replay *replay, struct replay_set *set)
{
    int64_t before = set->past.ms;

    __real_replay_time_passes(replay, set);
    if (planted == COUNTS_TIME_TWICE)
        set->past.ms += set->past.ms - before;
}

bool __real_replay_has_time(const struct replay_set *set);
bool __wrap_replay_has_time(const struct replay_set *set)
{
    return planted == KEEPS_WITHOUT_TIME || __real_replay_has_time(set);
}

int __real_replay_give_back(const struct reading *reading);
int __wrap_replay_give_back(const struct reading *reading)
{
    uint64_t before = reading->pool->family_cancelled;
    int failure = __real_replay_give_back(reading);

    if (planted == TAKES_NOTHING_BACK)
        reading->pool->family_cancelled = before;
    return failure;
}

bool __real_service_count(struct store_txn *txn, const struct service_range *range, struct id *at,
                          Referral__ServiceFacts *ret_facts);
bool __wrap_service_count(struct store_txn *txn, const struct service_range *range, struct id *at,
                          Referral__ServiceFacts *ret_facts)
{
    struct service_range other = *range;
    bool more;

    if (planted == COUNTS_AS_OF_NOW) {
        other.as_of_index = UINT64_MAX;
        other.as_of = instant_of(INT64_MAX);
    }
    more = __real_service_count(txn, &other, at, ret_facts);
    for (size_t i = 0; i < ret_facts->n_counts && planted == IS_ALWAYS_IN_TIME; i++)
        ret_facts->counts[i]->answered_in_time = ret_facts->counts[i]->answered;
    return more;
}

Test(sim_control_report, q13_a_shortfall_that_is_left_out_is_found)
{
    planted = FORGETS_SHORTFALLS;
    sim_assert_found("a report leaves out how much the reserve was short", "the report");
}

Test(sim_control_report, q13_a_shortfall_of_twice_its_time_is_found)
{
    planted = COUNTS_TIME_TWICE;
    sim_assert_found("a report says that the reserve was short for twice as long", "was short by");
}

Test(sim_control_report, q13_a_reserve_that_nobody_had_time_to_use_is_found)
{
    planted = KEEPS_WITHOUT_TIME;
    sim_assert_found("a report counts a reserve that nobody had time to use", "kept");
}

Test(sim_control_report, q13_a_place_taken_back_that_is_left_out_is_found)
{
    planted = TAKES_NOTHING_BACK;
    sim_assert_found("a report leaves out what the hospital took back", "taken back");
}

Test(sim_control_report, l4_answers_that_are_all_in_time_are_found)
{
    planted = IS_ALWAYS_IN_TIME;
    sim_assert_found("a late answer is in time", "in time");
}

Test(sim_control_report, q13_a_service_report_of_another_moment_is_found)
{
    planted = COUNTS_AS_OF_NOW;
    sim_assert_found("a report of an earlier turn counts what came later", "something else by now");
}
