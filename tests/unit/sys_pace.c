/* sys_pace.c - so many at once, then one each interval. */
#include <criterion/criterion.h>

#include "sys/pace.h"

#define BURST   3
#define EACH_MS 200

static bool admits(struct pace *pace, int64_t now_ms)
{
    return pace_admits(pace, BURST, EACH_MS, now_ms);
}

static void spend(struct pace *pace, int64_t now_ms)
{
    for (int i = 0; i < BURST; i++)
        cr_assert(admits(pace, now_ms));
    cr_assert_not(admits(pace, now_ms));
}

Test(pace, a_burst_goes_at_once_and_what_is_beyond_is_counted)
{
    struct pace pace = {0};

    spend(&pace, 5000);
    cr_assert_not(admits(&pace, 5000));
    cr_assert_eq(pace_take_denied(&pace), 2);
    cr_assert_eq(pace_take_denied(&pace), 0);
}

Test(pace, then_one_goes_each_interval_and_not_a_millisecond_before)
{
    struct pace pace = {0};

    spend(&pace, 5000);
    cr_assert_not(admits(&pace, 5000 + EACH_MS - 1));
    cr_assert(admits(&pace, 5000 + EACH_MS));
    cr_assert_not(admits(&pace, 5000 + EACH_MS));
    cr_assert(admits(&pace, 5000 + 2 * EACH_MS));
}

Test(pace, a_long_quiet_gives_one_burst_and_no_more)
{
    struct pace pace = {0};

    spend(&pace, 0);
    spend(&pace, 1000000);
}

Test(pace, time_that_goes_back_fills_nothing)
{
    struct pace pace = {0};

    spend(&pace, 5000);
    cr_assert_not(admits(&pace, 1000));
    cr_assert_not(admits(&pace, 5000));
    cr_assert(admits(&pace, 5000 + EACH_MS));
}
