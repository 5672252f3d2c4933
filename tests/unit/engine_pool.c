/* Pools in a turn: what is due of them, what they sell, what stands still, and what several share (Q3, Q6, Q7, Q11,
 * Q14, C1, C3, C4). */
#include "pools.h"

static void wait_until(struct district *d, const char *date, int minute)
{
    d->now = pools_at(date, minute);
    district_clock(d);
}

static struct instant next_due(struct district *d, const Referral__PoolRef *ref)
{
    return instant_of(pools_row(d, ref)->due_ms);
}

/* ---- Time ---- */

Test(pool, q6_the_reserve_is_released_at_its_instant_and_not_before)
{
    struct district d;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    pools_fill(&d, pools_wang(&d), "F");
    rows = pools_rows(&d);
    d.now.ms = pools_at("2026-11-23", 8 * 60).ms - 1;
    district_clock(&d);
    pools_assert_line(&d, pools_wang(&d), "C10 R2 B0 G0 F1 F....*....");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "");
    d.now.ms += 1;
    district_clock(&d);
    pools_assert_line(&d, pools_wang(&d), "C10 R2 B0 G0 F1 F.........");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "RELEASED n1");
    cr_assert_str_eq(pools_ledger_row(&d, rows + 1)->by, "clock");
    pools_close(&d);
}

Test(pool, c3_a_late_timer_neither_leaks_nor_blocks)
{
    struct district d;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 1);
    rows = pools_rows(&d);
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "RESERVED");
    d.now = pools_at("2026-11-23", 8 * 60); /* the clock is late */
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "REFUSED n1 RESERVED, RELEASED n1, BOOKED 1");
    pools_close(&d);
}

Test(pool, q7_a_hold_lapses_at_its_end_whoever_asks_next)
{
    struct district d;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 2);
    district_assert_said(&d, pools_family(&d, REFERRAL__KIND__HOLD_PLACE, pools_wang(&d), 2, 0), "");
    rows = pools_rows(&d);
    d.now.ms += 10 * MINUTE_MS - 1;
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "NO_FREE");
    d.now.ms += 1;
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "REFUSED n1 NO_FREE, LAPSED 1 2, BOOKED 2");
    pools_close(&d);
}

Test(pool, c3_a_pool_that_was_put_off_does_what_is_due_an_hour_later)
{
    struct district d;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 2);
    district_assert_said(&d, pools_family(&d, REFERRAL__KIND__HOLD_PLACE, pools_wang(&d), 1, 0), "");
    rows = pools_rows(&d);
    d.now.ms += 10 * MINUTE_MS;
    district_put_off(&d);
    d.now.ms += HOUR_MS - 1;
    district_clock(&d);
    cr_assert_str_eq(pools_ledger_after(&d, rows), "");
    d.now.ms += 1;
    district_clock(&d);
    cr_assert_str_eq(pools_ledger_after(&d, rows), "LAPSED 1");
    cr_assert_eq(next_due(&d, pools_wang(&d)).ms, pools_at("2026-11-23", 8 * 60).ms);
    pools_close(&d);
}

Test(pool, c3_what_is_due_happens_though_the_command_is_refused)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 2);
    district_assert_said(&d, pools_family(&d, REFERRAL__KIND__HOLD_PLACE, pools_wang(&d), 1, 1), "");
    d.now.ms += 10 * MINUTE_MS;
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 2, 0), "RESERVED");
    pools_assert_line(&d, pools_wang(&d), "C2 R1 B0 G0 F0 *.");
    cr_assert_eq(next_due(&d, pools_wang(&d)).ms, pools_at("2026-11-23", 8 * 60).ms);
    pools_close(&d);
}

Test(pool, c4_while_the_time_is_in_doubt_nothing_lapses_and_nothing_is_released)
{
    struct district d;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 2);
    district_assert_said(&d, pools_family(&d, REFERRAL__KIND__HOLD_PLACE, pools_wang(&d), 1, 0), "");
    rows = pools_rows(&d);
    d.hold = true;
    d.now = pools_at("2026-11-23", 9 * 60);
    district_clock(&d);
    pools_assert_line(&d, pools_wang(&d), "C2 R1 B0 G0 F1 f.");
    cr_assert_eq(next_due(&d, pools_wang(&d)).ms, d.now.ms + MINUTE_MS);
    d.hold = false;
    d.now.ms += 1;
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 2, 0), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "LAPSED 1, RELEASED n1, BOOKED 1 2");
    pools_close(&d);
}

Test(pool, q6_nobody_takes_a_place_before_his_channel_opens)
{
    struct district d;
    Referral__Pool *pool;

    pools_open(&d);
    pool = pools_session(&d, pools_wang(&d), 4);
    FIELD_SET(pool, fd_opens_at_ms, pools_at("2026-11-22", 420).ms);
    FIELD_SET(pool, general_opens_at_ms, pools_at("2026-11-22", 480).ms);
    cr_assert_str_eq(pools_put(&d, pool), "");
    d.now.ms = pools_at("2026-11-22", 420).ms - 1;
    district_assert_said(&d, pools_family(&d, REFERRAL__KIND__BOOK_PLACE, pools_wang(&d), 1, 0), "NOT_OPEN_YET pool");
    d.now.ms += 1;
    district_assert_said(&d, pools_family(&d, REFERRAL__KIND__BOOK_PLACE, pools_wang(&d), 1, 0), "");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "NOT_OPEN_YET pool");
    wait_until(&d, "2026-11-22", 480);
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "");
    pools_close(&d);
}

Test(pool, q6_who_comes_too_early_is_told_when_his_channel_opens)
{
    struct district d;
    Referral__Pool *pool;
    const Referral__Refusal *refusal;
    Referral__PoolRef *far;

    pools_open(&d);
    pool = pools_session(&d, pools_wang(&d), 4);
    FIELD_SET(pool, general_opens_at_ms, pools_at("2026-11-22", 480).ms);
    cr_assert_str_eq(pools_put(&d, pool), "");
    refusal = pools_sell(&d, pools_wang(&d), 1, 0)->refusals[0];
    cr_assert_str_eq(refusal->code, "NOT_OPEN_YET");
    cr_assert_eq(d.now.ms + refusal->retry_after_ms, pools_at("2026-11-22", 480).ms);
    far = pools_wang(&d);
    far->date = "2027-03-01";
    pool = pools_session(&d, far, 0);
    pools_add_run(&d, pool, 1, 8 * 60, 10);
    pool->units[0]->start_ms = pools_at(far->date, 480).ms;
    FIELD_SET(pool, general_opens_at_ms, pools_at("2027-02-01", 480).ms);
    cr_assert_str_eq(pools_put(&d, pool), "");
    refusal = pools_sell(&d, far, 1, 0)->refusals[0];
    cr_assert_str_eq(refusal->code, "NOT_OPEN_YET");
    cr_assert_not(refusal->has_retry_after_ms, "more milliseconds than the field holds");
    pools_close(&d);
}

Test(pool, q6_no_unit_is_taken_at_or_after_its_start)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 3);
    d.now.ms = pools_at(POOLS_DAY, 8 * 60).ms;
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 1), "STARTED");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "");
    pools_assert_line(&d, pools_wang(&d), "C3 R1 B0 G1 F0 .G.");
    wait_until(&d, POOLS_DAY, 8 * 60 + 20);
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "STARTED");
    pools_close(&d);
}

Test(pool, c3_a_pool_has_one_due_row_for_whatever_comes_next)
{
    struct district d;
    Referral__Pool *pool;

    pools_open(&d);
    pool = pools_session(&d, pools_wang(&d), 3);
    FIELD_SET(pool, general_opens_at_ms, pools_at("2026-11-22", 480).ms);
    cr_assert_str_eq(pools_put(&d, pool), "");
    cr_assert_eq(next_due(&d, pools_wang(&d)).ms, pools_at("2026-11-22", 480).ms);
    district_assert_said(&d, pools_family(&d, REFERRAL__KIND__HOLD_PLACE, pools_wang(&d), 1, 0), "");
    cr_assert_eq(next_due(&d, pools_wang(&d)).ms, d.now.ms + 10 * MINUTE_MS);
    wait_until(&d, "2026-11-22", 480);
    cr_assert_eq(next_due(&d, pools_wang(&d)).ms, pools_at("2026-11-23", 480).ms);
    wait_until(&d, "2026-11-23", 480);
    cr_assert_eq(next_due(&d, pools_wang(&d)).ms, 0);
    pools_fill(&d, pools_wang(&d), "G"); /* whose no-show is to be assumed */
    cr_assert_eq(next_due(&d, pools_wang(&d)).ms, pools_at(POOLS_DAY, 8 * 60 + 30).ms + 24 * HOUR_MS);
    wait_until(&d, "2026-11-25", 8 * 60 + 30);
    cr_assert_eq(next_due(&d, pools_wang(&d)).ms, 0);
    pools_close(&d);
}

Test(pool, c2_a_clock_stepped_back_over_the_release_closes_nothing_again)
{
    struct district d;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    wait_until(&d, "2026-11-23", 8 * 60);
    rows = pools_rows(&d);
    d.now.ms -= HOUR_MS; /* which the daemon's time never does */
    district_clock(&d);
    pools_assert_line(&d, pools_wang(&d), "C5 R1 B0 G0 F0 .....");
    d.now.ms += HOUR_MS;
    district_clock(&d);
    cr_assert_eq(pools_rows(&d), rows);
    pools_close(&d);
}

/* ---- Commands of one turn ---- */

static Batch__Command *by_h1(struct district *d, uint32_t kind, const void *body)
{
    return district_command(d, "H1", kind, arena_format(&d->keep, "m%d", d->commands), body);
}

Test(pool, c3_commands_of_one_turn_see_what_those_before_did)
{
    struct district d;
    Batch__Command *commands[5];
    Referral__TakePlace *take;
    Referral__PoolGroup group = REFERRAL__POOL_GROUP__INIT;

    pools_open(&d);
    take = pools_take(&d, pools_wang(&d), REFERRAL__CHANNEL__GENERAL, 1, 0);
    take->reference = "G-1";
    FIELD_SET(&group, class_, REFERRAL__PLACE_CLASS__EXPERT);
    group.department = "CARD";
    group.date = POOLS_DAY;
    commands[0] = by_h1(&d, REFERRAL__KIND__PUT_POOL, pools_session(&d, pools_wang(&d), 2));
    commands[1] = by_h1(&d, REFERRAL__KIND__BOOK_PLACE, take);
    commands[2] = by_h1(&d, REFERRAL__KIND__BOOK_PLACE, take); /* the last one is kept */
    commands[3] = by_h1(&d, REFERRAL__KIND__PUT_GROUP, &group);
    commands[4] =
        by_h1(&d, REFERRAL__KIND__CUT_UNITS, pools_change(&d, pools_wang(&d), 1, REFERRAL__BLOCK_REASON__SAFETY));
    district_turn(&d, commands, 5);
    district_assert_said(&d, district_reply(&d, 0), "");
    district_assert_said(&d, district_reply(&d, 1), "");
    district_assert_said(&d, district_reply(&d, 2), "RESERVED");
    district_assert_said(&d, district_reply(&d, 3), "GROUP_TOO_LATE date");
    district_assert_said(&d, district_reply(&d, 4), "");
    pools_assert_line(&d, pools_wang(&d), "C1 R1 B0 G1 F0 G deficit");
    pools_close(&d);
}

Test(pool, q11_pools_and_their_group_come_in_one_turn)
{
    struct district d;
    Referral__PoolRef *a, *b, *c;
    Referral__Pool *refused;
    Batch__Command *commands[5];
    Referral__PoolGroup group = REFERRAL__POOL_GROUP__INIT;

    pools_open(&d);
    a = pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "A", POOLS_DAY);
    b = pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "B", POOLS_DAY);
    c = pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "C", POOLS_DAY);
    FIELD_SET(&group, class_, REFERRAL__PLACE_CLASS__EXPERT);
    group.department = "CARD";
    group.date = POOLS_DAY;
    refused = pools_session(&d, b, 1);
    FIELD_SET(refused, span, 2);
    commands[0] = by_h1(&d, REFERRAL__KIND__PUT_POOL, pools_session(&d, a, 1));
    commands[1] = by_h1(&d, REFERRAL__KIND__PUT_GROUP, &group);
    commands[2] = by_h1(&d, REFERRAL__KIND__PUT_POOL, refused);
    commands[3] = by_h1(&d, REFERRAL__KIND__PUT_POOL, pools_session(&d, b, 1));
    commands[4] = by_h1(&d, REFERRAL__KIND__PUT_POOL, pools_session(&d, c, 1));
    district_turn(&d, commands, 5);
    district_assert_said(&d, district_reply(&d, 2), "GROUPED span");
    cr_assert_str_eq(pools_ledger_after(&d, 0),
                     "PUBLISHED +1x1, GROUPED, PUBLISHED +1x1, GROUPED, PUBLISHED +1x1, GROUPED");
    cr_assert_eq(pools_ledger_row(&d, 6)->group->capacity, 3);
    cr_assert_eq(pools_ledger_row(&d, 6)->group->reserve, 1);
    pools_close(&d);
}

/* ---- Choosing ---- */

Test(pool, q3_why_a_place_is_refused)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    pools_fill(&d, pools_wang(&d), ".G.G.");
    pools_assert_line(&d, pools_wang(&d), "C5 R1 B0 G2 F0 .G*G.");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 2), "UNIT_TAKEN first_unit");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 3), "RESERVED");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 6), "UNKNOWN_UNIT first_unit");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 2, 1), "UNIT_TAKEN first_unit");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 2, 5), "NOT_CONSECUTIVE");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 2, 0), "NOT_CONSECUTIVE");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 4, 0), "NO_FREE");
    district_assert_said(&d, pools_allot(&d, pools_wang(&d), 3), "RESERVED");
    pools_fill(&d, pools_wang(&d), "G...G");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "RESERVED");
    district_assert_said(&d, pools_family(&d, REFERRAL__KIND__BOOK_PLACE, pools_wang(&d), 1, 0), "");
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "NO_FREE");
    district_assert_said(&d, pools_family(&d, REFERRAL__KIND__BOOK_PLACE, pools_wang(&d), 1, 0), "NO_FREE");
    pools_close(&d);
}

Test(pool, q3_a_three_unit_exam_whose_free_units_are_scattered)
{
    struct district d;
    Referral__PoolRef *device;
    Referral__Pool *pool;

    pools_open(&d);
    device = pools_ref(&d, REFERRAL__PLACE_CLASS__EXAM, "MR-1", POOLS_DAY);
    pool = pools_session(&d, device, 9);
    FIELD_SET(pool, span, 3);
    cr_assert_str_eq(pools_put(&d, pool), "");
    pools_assert_line(&d, device, "C9 R3 B0 G0 F0 ...***...");
    district_assert_said(&d, pools_sell(&d, device, 3, 0), "");
    district_assert_said(&d, pools_sell(&d, device, 1, 8), "");
    pools_assert_line(&d, device, "C9 R3 B0 G4 F0 GGG***.G.");
    district_assert_said(&d, pools_sell(&d, device, 3, 0), "RESERVED");
    district_assert_said(&d, pools_family(&d, REFERRAL__KIND__BOOK_PLACE, device, 3, 0), "");
    district_assert_said(&d, pools_family(&d, REFERRAL__KIND__BOOK_PLACE, device, 2, 0), "NOT_CONSECUTIVE");
    pools_assert_line(&d, device, "C9 R3 B0 G4 F3 GGGFFF.G.");
    pools_close(&d);
}

/* ---- Blocks ---- */

static const char *block(struct district *d, uint32_t count, Referral__BlockReason reason)
{
    return pools_do(d, REFERRAL__KIND__BLOCK_UNITS, pools_change(d, pools_wang(d), count, reason));
}

static Referral__PoolChange *unblock(struct district *d, uint32_t count)
{
    Referral__PoolChange *change = pools_change(d, pools_wang(d), count, REFERRAL__BLOCK_REASON__SAFETY);

    change->has_reason = false;
    return change;
}

Test(pool, q14_a_block_that_leaves_no_deficit_needs_any_reason)
{
    struct district d;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    rows = pools_rows(&d);
    cr_assert_str_eq(block(&d, 4, REFERRAL__BLOCK_REASON__TEACHING), "");
    pools_assert_line(&d, pools_wang(&d), "C5 R1 B4 G0 F0 *####");
    cr_assert_str_eq(block(&d, 1, REFERRAL__BLOCK_REASON__TEACHING), "BLOCK_EATS_RESERVE reason");
    cr_assert_str_eq(block(&d, 2, REFERRAL__BLOCK_REASON__SAFETY), "NO_FREE count");
    cr_assert_str_eq(pools_ledger_after(&d, rows),
                     "BLOCKED 5 4 3 2, REFUSED n1 BLOCK_EATS_RESERVE, REFUSED n2 NO_FREE");
    cr_assert_eq(pools_ledger_row(&d, rows + 1)->block_reason, REFERRAL__BLOCK_REASON__TEACHING);
    cr_assert_str_eq(pools_ledger_row(&d, rows + 1)->person, "Zhao Min");
    pools_close(&d);
}

Test(pool, q14_the_whole_reserve_is_blocked_for_four_reasons_only)
{
    static const Referral__BlockReason may[] = {REFERRAL__BLOCK_REASON__STAFF_ABSENT,
                                                REFERRAL__BLOCK_REASON__DEVICE_DOWN, REFERRAL__BLOCK_REASON__SAFETY,
                                                REFERRAL__BLOCK_REASON__EMERGENCY_USE};
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_str_eq(block(&d, 5, may[i]), "");
        pools_assert_line(&d, pools_wang(&d), "C5 R1 B5 G0 F0 ##### deficit");
        cr_assert(pools_has_alarm(&d, "reserve-deficit", "H1/EXPERT/CARD/WANG-AM/" POOLS_DAY));
        cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__UNBLOCK_UNITS, unblock(&d, 5)), "");
        cr_assert_not(pools_has_alarm(&d, "reserve-deficit", "H1/EXPERT/CARD/WANG-AM/" POOLS_DAY));
    }
    cr_assert_str_eq(block(&d, 5, REFERRAL__BLOCK_REASON__PLAN_CHANGED), "BLOCK_EATS_RESERVE reason");
    cr_assert_str_eq(block(&d, 5, REFERRAL__BLOCK_REASON__MAINTENANCE), "BLOCK_EATS_RESERVE reason");
    cr_assert_str_eq(block(&d, 5, REFERRAL__BLOCK_REASON__NOT_KEPT), "BAD_VALUE reason");
    pools_close(&d);
}

Test(pool, q14_named_units_must_be_free_and_to_come)
{
    struct district d;
    Referral__PoolChange *change;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    pools_fill(&d, pools_wang(&d), "..F");
    cr_assert_str_eq(block(&d, 1, REFERRAL__BLOCK_REASON__TEACHING), "");
    change = pools_units(&d, pools_wang(&d), POOLS_UNITS(3, 5, 7, 2, 2), REFERRAL__BLOCK_REASON__TEACHING);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__BLOCK_UNITS, change),
                     "UNIT_TAKEN units[0]; UNIT_TAKEN units[1]; UNKNOWN_UNIT units[2]; BAD_VALUE units[4]");
    FIELD_SET(change, displace, true);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__BLOCK_UNITS, change), "NOT_EXPECTED displace");
    d.now = pools_at(POOLS_DAY, 480);
    change = pools_units(&d, pools_wang(&d), POOLS_UNITS(1), REFERRAL__BLOCK_REASON__TEACHING);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__BLOCK_UNITS, change), "STARTED units[0]");
    pools_close(&d);
}

/* Q13: else what stood blocked all day would be no block in the report. */
Test(pool, q14_what_has_begun_blocked_stays_so_in_the_books)
{
    struct district d;
    uint32_t units[] = {1, 2};
    Referral__PoolChange *change;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__BLOCK_UNITS,
                              pools_change(&d, pools_wang(&d), 10, REFERRAL__BLOCK_REASON__STAFF_ABSENT)),
                     "");
    d.now = pools_at(POOLS_DAY, 8 * 60);
    change = unblock(&d, 0);
    change->units = units;
    change->n_units = 2;
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__UNBLOCK_UNITS, change), "STARTED units[0]");
    change->units = units + 1;
    change->n_units = 1;
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__UNBLOCK_UNITS, change), "");
    pools_close(&d);
}

Test(pool, q14_unblocking_gives_the_earliest_back)
{
    struct district d;
    Referral__PoolChange *change;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    cr_assert_str_eq(block(&d, 3, REFERRAL__BLOCK_REASON__TEACHING), "");
    rows = pools_rows(&d);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__UNBLOCK_UNITS, unblock(&d, 2)), "");
    pools_assert_line(&d, pools_wang(&d), "C5 R1 B1 G0 F0 .*..#");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "UNBLOCKED 3 4");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__UNBLOCK_UNITS, unblock(&d, 2)), "NOT_BLOCKED count");
    change = pools_units(&d, pools_wang(&d), POOLS_UNITS(1, 5), REFERRAL__BLOCK_REASON__SAFETY);
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__UNBLOCK_UNITS, change), "NOT_EXPECTED reason");
    change->has_reason = false;
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__UNBLOCK_UNITS, change), "NOT_BLOCKED units[0]");
    pools_close(&d);
}
