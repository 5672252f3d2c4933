/* When a failed delivery is tried again, and when it is given up. */
#include <criterion/criterion.h>

#include "rules/backoff.h"

Test(backoff, d4_waits_5_s_15_s_1_min_5_min_then_15_min)
{
    static const int64_t waits[] = {5000, 15000, 60000, 300000, 900000, 900000};

    for (uint32_t i = 0; i < 6; i++)
        cr_assert_eq(backoff_ms(i + 1), waits[i], "%u", i + 1);
    cr_assert_eq(backoff_ms(12), 900000);
    cr_assert_eq(backoff_ms(UINT32_MAX), 900000);
}

Test(backoff, d5_dead_after_12_failed_attempts_while_something_else_was_acknowledged)
{
    struct instant first = instant_of(1000), after = instant_of(1001);

    cr_assert(!backoff_is_dead(11, first, after));
    cr_assert(backoff_is_dead(12, first, after));
    cr_assert(backoff_is_dead(13, first, after));
}

Test(backoff, d5_a_receiver_that_acknowledges_nothing_is_down_and_nothing_dies)
{
    cr_assert(!backoff_is_dead(1000, instant_of(1000), instant_of(1000)));
    cr_assert(!backoff_is_dead(1000, instant_of(1000), instant_of(999)));
    cr_assert(!backoff_is_dead(1000, instant_of(1000), instant_of(0)));
}
