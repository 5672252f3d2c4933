/* Publishing pools: what differs changes, and nothing else (Q1, Q6, Q10, Q11, Q14). */
#include "pools.h"

Test(publish, q1_new_pool_keeps_a_fifth_of_its_places)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    pools_assert_line(&d, pools_wang(&d), "C10 R2 B0 G0 F0 ..*....*..");
    cr_assert_str_eq(pools_ledger(&d, 1), "PUBLISHED +1x10");
    district_close(&d);
}

Test(publish, q10_the_same_pool_twice_changes_nothing)
{
    struct district d;
    Referral__Pool *pool;
    uint64_t puts_of_nothing, rows;

    pools_open(&d);
    pool = pools_session(&d, pools_wang(&d), 10);
    FIELD_SET(pool, fd_opens_at_ms, d.now.ms);
    FIELD_SET(pool, general_opens_at_ms, d.now.ms + HOUR_MS);
    FIELD_SET(pool, release_at_ms, pools_at(POOLS_DAY, 0).ms);
    FIELD_SET(pool, reserve_bp, 3000);
    FIELD_SET(pool, span, 2);
    pool->doctor = "Wang Wei";
    cr_assert_str_eq(pools_put(&d, pool), "");
    rows = pools_rows(&d);
    district_clock(&d);
    pools_put(&d, pools_session(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__BED, "W3", POOLS_DAY), 0));
    d.now.ms += 2 * MINUTE_MS;
    cr_assert_str_eq(pools_put(&d, pool), "");
    puts_of_nothing = d.puts;
    cr_assert_str_eq(pools_ledger(&d, rows + 2), "");
    cr_assert(puts_of_nothing <= 2, "%lu rows: the answer of D1 and the audit only", (unsigned long)puts_of_nothing);
    district_close(&d);
}
