/* Publishing: a pool as it should be; what differs changes, and nothing else (Q1, Q6, Q10, Q11). */
#include "pools.h"

/* ---- PUT_POOL ---- */

Test(publish, q1_a_new_pool_keeps_a_fifth_of_its_places)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 10);
    pools_assert_line(&d, pools_wang(&d), "C10 R2 B0 G0 F0 ..*....*..");
    cr_assert_str_eq(pools_ledger_after(&d, 0), "PUBLISHED +1x10");
    pools_close(&d);
}

Test(publish, q1_the_reserve_is_rounded_up_in_small_pools)
{
    static const struct {
        uint32_t capacity;
        const char *line;
    } rows[] = {
        {0, "C0 R0 B0 G0 F0 "}, {1, "C1 R1 B0 G0 F0 *"}, {4, "C4 R1 B0 G0 F0 .*.."}, {5, "C5 R1 B0 G0 F0 ..*.."}};
    struct district d;

    pools_open(&d);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Referral__PoolRef *ref = pools_wang(&d);

        ref->resource = arena_format(&d.keep, "ROOM-%zu", i);
        pools_publish(&d, ref, rows[i].capacity);
        pools_assert_line(&d, ref, rows[i].line);
    }
    pools_close(&d);
}

Test(publish, q1_the_share_is_the_pools_the_settings_or_a_fifth)
{
    struct district d;
    Referral__Setting setting = REFERRAL__SETTING__INIT;
    Referral__Pool *pool;

    pools_open(&d);
    setting.name = "reserve_bp";
    setting.institution = "H1";
    setting.value = "1999";
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_SETTING, &setting), "OUT_OF_RANGE value");
    setting.value = "3000";
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_SETTING, &setting), "");
    pools_publish(&d, pools_wang(&d), 10);
    pools_assert_line(&d, pools_wang(&d), "C10 R3 B0 G0 F0 .*..*...*.");
    setting.value = "5000";
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_SETTING, &setting), "");
    pools_publish(&d, pools_wang(&d), 10);
    pools_assert_line(&d, pools_wang(&d), "C10 R3 B0 G0 F0 .*..*...*."); /* as it was */
    pool = pools_session(&d, pools_wang(&d), 10);
    FIELD_SET(pool, reserve_bp, 4000);
    cr_assert_str_eq(pools_put(&d, pool), "");
    cr_assert_eq(pools_row(&d, pools_wang(&d))->reserve_bp, 4000);
    pools_close(&d);
}

/* Every wish of the first time is made again: none of them moves anything. */
static Referral__Pool *pool_with_all(struct district *d)
{
    Referral__Pool *pool = pools_session(d, pools_wang(d), 10);

    FIELD_SET(pool, fd_opens_at_ms, pools_at("2026-11-21", 420).ms);
    FIELD_SET(pool, general_opens_at_ms, pools_at("2026-11-22", 420).ms);
    FIELD_SET(pool, release_at_ms, pools_at("2026-11-22", 600).ms);
    FIELD_SET(pool, reserve_bp, 3000);
    FIELD_SET(pool, span, 2);
    pool->doctor = "Wang Wei";
    return pool;
}

static void assert_same_again(struct district *d, Referral__Pool *pool)
{
    uint64_t rows = pools_rows(d), idle;

    cr_assert_str_eq(pools_put(d, pools_session(d, pools_ref(d, REFERRAL__PLACE_CLASS__BED, "W3", POOLS_DAY), 0)), "");
    cr_assert_str_eq(pools_put(d, pools_session(d, pools_ref(d, REFERRAL__PLACE_CLASS__BED, "W3", POOLS_DAY), 0)), "");
    idle = d->puts; /* of a command that changes nothing */
    d->now.ms += MINUTE_MS;
    cr_assert_str_eq(pools_put(d, pool), "");
    cr_assert_eq(d->puts, idle);
    cr_assert_eq(pools_rows(d), rows + 1); /* W3 */
}

Test(publish, q10_the_pool_published_twice_changes_nothing)
{
    struct district d;

    pools_open(&d);
    cr_assert_str_eq(pools_put(&d, pool_with_all(&d)), "");
    assert_same_again(&d, pool_with_all(&d));
    pools_fill(&d, pools_wang(&d), "..F");
    assert_same_again(&d, pool_with_all(&d));
    pools_close(&d);
}

Test(publish, q6_a_short_notice_pool_published_twice_changes_nothing)
{
    struct district d;
    Referral__Pool *pool;

    pools_open(&d);
    pool = pools_session(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "WANG-AM", "2026-11-22"), 4);
    FIELD_SET(pool, release_at_ms, pools_at("2026-11-21", 8 * 60 + 30).ms); /* at the opening */
    cr_assert_str_eq(pools_put(&d, pool), "");
    cr_assert(pools_row(&d, pool->pool)->short_notice);
    cr_assert_eq(pools_row(&d, pool->pool)->release_at_ms, pools_at("2026-11-22", 6 * 60).ms);
    assert_same_again(&d, pool);
    pools_close(&d);
}

Test(publish, q10_what_is_lacking_is_added_and_what_is_too_much_goes)
{
    struct district d;
    Referral__Pool *pool;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    rows = pools_rows(&d);
    pool = pools_session(&d, pools_wang(&d), 4);
    pools_add_run(&d, pool, 2, 10 * 60, 15);
    cr_assert_str_eq(pools_put(&d, pool), "");
    pools_assert_line(&d, pools_wang(&d), "C6 R2 B0 G0 F0 .*..*.");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "ADDED +6x2, CUT 5");
    pools_close(&d);
}

Test(publish, q10_units_are_numbered_once_and_stand_in_order_of_start)
{
    struct district d;
    Referral__Pool *pool;
    const Record__Pool *row;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 2);
    pools_publish(&d, pools_wang(&d), 0);
    pools_assert_line(&d, pools_wang(&d), "C0 R0 B0 G0 F0 ");
    pool = pools_session(&d, pools_wang(&d), 2);
    pools_add_run(&d, pool, 1, 7 * 60, 10);
    cr_assert_str_eq(pools_put(&d, pool), "");
    row = pools_row(&d, pools_wang(&d));
    cr_assert_eq(row->n_units, 3);
    cr_assert(row->units[0]->number == 5 && row->units[1]->number == 3 && row->units[2]->number == 4);
    cr_assert_eq(row->start_ms, pools_at(POOLS_DAY, 7 * 60).ms);
    pools_close(&d);
}

Test(publish, q10_of_parallel_places_those_go_that_hurt_least)
{
    struct district d;
    Referral__PoolRef *ward;
    Referral__Pool *pool;
    uint64_t rows;

    pools_open(&d);
    ward = pools_ref(&d, REFERRAL__PLACE_CLASS__BED, "WARD-3", POOLS_DAY);
    pool = pools_session(&d, ward, 0);
    pools_add_run(&d, pool, 5, 10 * 60, 0);
    cr_assert_str_eq(pools_put(&d, pool), "");
    pools_fill(&d, ward, "G");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__BLOCK_UNITS,
                              pools_units(&d, ward, POOLS_UNITS(3), REFERRAL__BLOCK_REASON__MAINTENANCE)),
                     "");
    rows = pools_rows(&d);
    pool = pools_session(&d, ward, 0);
    pools_add_run(&d, pool, 3, 10 * 60, 0);
    cr_assert_str_eq(pools_put(&d, pool), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "CUT 3 5");
    pools_assert_line(&d, ward, "C3 R1 B0 G1 F0 G*.");
    pools_close(&d);
}

Test(publish, q10_below_what_is_booked_needs_displace_and_a_person)
{
    struct district d;
    Referral__Pool *pool;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    pools_fill(&d, pools_wang(&d), "...GF");
    pool = pools_session(&d, pools_wang(&d), 3);
    cr_assert_str_eq(pools_put(&d, pool), "BELOW_BOOKED units");
    FIELD_SET(pool, displace, true);
    cr_assert_str_eq(pools_put(&d, pool), "PERSON_NEEDED person");
    pool->person = pools_person();
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__PUT_POOL, pool), "");
    pools_assert_line(&d, pools_wang(&d), "C3 R1 B0 G1 F1 FG.");
    pools_close(&d);
}

Test(publish, q10_who_loses_a_unit_gets_one_that_has_just_been_added)
{
    struct district d;
    Referral__Pool *pool;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 2);
    pools_fill(&d, pools_wang(&d), "FG");
    rows = pools_rows(&d);
    pool = pools_session(&d, pools_wang(&d), 0);
    pools_add_run(&d, pool, 2, 14 * 60, 10);
    FIELD_SET(pool, displace, true);
    pool->person = pools_person();
    cr_assert_str_eq(pools_put(&d, pool), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows),
                     "ADDED +3x2, MOVED_OUT 1, MOVED_IN 3, MOVED_OUT 2, MOVED_IN 4, CUT 1 2");
    pools_assert_line(&d, pools_wang(&d), "C2 R1 B0 G1 F1 FG");
    pools_close(&d);
}

Test(publish, q6_what_has_begun_is_left_alone)
{
    struct district d;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 6);
    d.now = pools_at(POOLS_DAY, 8 * 60 + 10); /* units 1 and 2 have begun */
    district_clock(&d);
    rows = pools_rows(&d);
    pools_publish(&d, pools_wang(&d), 6);
    cr_assert_eq(pools_rows(&d), rows);
    pools_publish(&d, pools_wang(&d), 0);
    cr_assert_str_eq(pools_ledger_after(&d, rows), "CUT 3 4 5 6");
    cr_assert_str_eq(pools_put(&d, pools_session(&d, pools_wang(&d), 3)), "");
    cr_assert_eq(pools_row(&d, pools_wang(&d))->n_units, 3);
    pools_close(&d);
}

Test(publish, q1_p_raised_in_the_middle_of_the_day_counts_at_once)
{
    struct district d;
    Referral__Pool *pool;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    pools_fill(&d, pools_wang(&d), "GGG");
    pools_assert_line(&d, pools_wang(&d), "C5 R1 B0 G3 F0 GGG*.");
    rows = pools_rows(&d);
    pool = pools_session(&d, pools_wang(&d), 5);
    FIELD_SET(pool, reserve_bp, 6000);
    cr_assert_str_eq(pools_put(&d, pool), "");
    pools_assert_line(&d, pools_wang(&d), "C5 R3 B0 G3 F0 GGG** deficit");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "CHANGED");
    cr_assert_eq(pools_ledger_row(&d, rows + 1)->deficit, 1);
    cr_assert(pools_has_alarm(&d, "reserve-deficit", "H1/EXPERT/CARD/WANG-AM/" POOLS_DAY));
    district_assert_said(&d, pools_sell(&d, pools_wang(&d), 1, 0), "GENERAL_CLOSED");
    FIELD_SET(pool, reserve_bp, 4000);
    cr_assert_str_eq(pools_put(&d, pool), "");
    cr_assert_not(pools_has_alarm(&d, "reserve-deficit", "H1/EXPERT/CARD/WANG-AM/" POOLS_DAY));
    pools_close(&d);
}

Test(publish, q6_times_move_only_in_favour_of_family_doctors)
{
    struct district d;
    Referral__Pool *pool;

    pools_open(&d);
    cr_assert_str_eq(pools_put(&d, pool_with_all(&d)), "");
    pool = pool_with_all(&d);
    pool->fd_opens_at_ms += MINUTE_MS;
    cr_assert_str_eq(pools_put(&d, pool), "ONLY_IN_FAVOUR fd_opens_at_ms");
    pool = pool_with_all(&d);
    pool->general_opens_at_ms -= MINUTE_MS;
    cr_assert_str_eq(pools_put(&d, pool), "ONLY_IN_FAVOUR general_opens_at_ms");
    pool = pool_with_all(&d);
    pool->release_at_ms -= MINUTE_MS;
    cr_assert_str_eq(pools_put(&d, pool), "ONLY_IN_FAVOUR release_at_ms");
    pool = pool_with_all(&d);
    pool->release_at_ms += MINUTE_MS;
    cr_assert_str_eq(pools_put(&d, pool), "");
    cr_assert_eq(pools_row(&d, pools_wang(&d))->release_at_ms, pool->release_at_ms);
    pools_close(&d);
}

Test(publish, q6_a_release_put_off_after_it_came_closes_the_reserve_again)
{
    struct district d;
    Referral__Pool *pool;
    uint64_t rows;

    pools_open(&d);
    pools_publish(&d, pools_wang(&d), 5);
    d.now = pools_at("2026-11-23", 8 * 60);
    district_clock(&d);
    pools_assert_line(&d, pools_wang(&d), "C5 R1 B0 G0 F0 .....");
    rows = pools_rows(&d);
    pool = pools_session(&d, pools_wang(&d), 5);
    FIELD_SET(pool, release_at_ms, pools_at("2026-11-23", 9 * 60).ms);
    cr_assert_str_eq(pools_put(&d, pool), "");
    pools_assert_line(&d, pools_wang(&d), "C5 R1 B0 G0 F0 ..*..");
    d.now = pools_at("2026-11-23", 9 * 60);
    district_clock(&d);
    cr_assert_str_eq(pools_ledger_after(&d, rows), "CHANGED, RELEASED n1");
    pools_close(&d);
}

/* ---- What is refused ---- */

static const char *put_run(struct district *d, uint32_t count, int64_t start_ms, uint32_t minutes)
{
    Referral__Pool *pool = pools_session(d, pools_wang(d), 1);

    FIELD_SET(pool->units[0], count, count);
    FIELD_SET(pool->units[0], start_ms, start_ms);
    FIELD_SET(pool->units[0], minutes, minutes);
    return pools_put(d, pool);
}

Test(publish, q_runs_are_in_bounds_on_their_day_and_beside_each_other)
{
    struct district d;
    Referral__Pool *pool;
    int64_t eight;

    pools_open(&d);
    eight = pools_at(POOLS_DAY, 8 * 60).ms;
    cr_assert_str_eq(put_run(&d, 0, eight, 10), "OUT_OF_RANGE units[0].count");
    cr_assert_str_eq(put_run(&d, 501, eight, 1), "OUT_OF_RANGE units[0].count");
    cr_assert_str_eq(put_run(&d, UINT32_MAX, eight, 1), "OUT_OF_RANGE units[0].count");
    cr_assert_str_eq(put_run(&d, 1, eight, 1441), "OUT_OF_RANGE units[0].minutes");
    cr_assert_str_eq(put_run(&d, 1, eight, UINT32_MAX), "OUT_OF_RANGE units[0].minutes");
    cr_assert_str_eq(put_run(&d, 1, -1, 10), "OUT_OF_RANGE units[0].start_ms");
    cr_assert_str_eq(put_run(&d, 1, INT64_MAX, 10), "OUT_OF_RANGE units[0].start_ms");
    cr_assert_str_eq(put_run(&d, 1, 0, 10), "MISSING units[0].start_ms");
    cr_assert_str_eq(put_run(&d, 500, eight, 2), "OTHER_DAY units[0].start_ms");
    pool = pools_session(&d, pools_wang(&d), 6);
    pools_add_run(&d, pool, 2, 8 * 60 + 55, 10);
    cr_assert_str_eq(pools_put(&d, pool), "OVERLAPPING units[1].start_ms");
    pool = pools_session(&d, pools_wang(&d), 6);
    pools_add_run(&d, pool, 3, 8 * 60, 20); /* together */
    pools_add_run(&d, pool, 2, 9 * 60, 10); /* right after */
    cr_assert_str_eq(pools_put(&d, pool), "");
    pool = pools_session(&d, pools_wang(&d), 0);
    pools_add_run(&d, pool, 300, 8 * 60, 1);
    pools_add_run(&d, pool, 201, 14 * 60, 1);
    cr_assert_str_eq(pools_put(&d, pool), "OUT_OF_RANGE units");
    pools_close(&d);
}

Test(publish, q_2330_utc_belongs_to_the_next_day_in_shanghai)
{
    struct district d;
    Referral__Pool *pool;

    pools_open(&d);
    pool = pools_session(&d, pools_wang(&d), 0);
    pools_add_run(&d, pool, 1, 7 * 60 + 30, 10); /* 23:30 UTC of the day before */
    cr_assert_str_eq(pools_put(&d, pool), "");
    pool = pools_session(&d, pools_wang(&d), 0);
    pools_add_run(&d, pool, 1, 24 * 60 + 30, 10); /* 16:30 UTC of the same day */
    cr_assert_str_eq(pools_put(&d, pool), "OTHER_DAY units[0].start_ms");
    pool = pools_session(&d, pools_wang(&d), 0);
    pools_add_run(&d, pool, 1, 23 * 60 + 59, 10); /* begins on its day */
    cr_assert_str_eq(pools_put(&d, pool), "");
    pools_close(&d);
}

Test(publish, q_a_leap_day_is_a_day)
{
    struct district d;
    Referral__PoolRef *ref;

    pools_open(&d);
    d.now = pools_at("2028-02-20", 600);
    ref = pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "WANG-AM", "2028-02-29");
    pools_publish(&d, ref, 5);
    pools_assert_line(&d, ref, "C5 R1 B0 G0 F0 ..*..");
    cr_assert_eq(pools_row(&d, ref)->release_at_ms, pools_at("2028-02-28", 480).ms);
    ref = pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "WANG-AM", "2027-02-28");
    ref->date = "2027-02-29";
    cr_assert_str_eq(pools_put(&d, pools_session(&d, ref, 0)), "BAD_DATE pool.date");
    pools_close(&d);
}

Test(publish, q6_the_past_and_the_far_future_are_refused)
{
    struct district d;

    pools_open(&d);
    cr_assert_str_eq(
        pools_put(&d, pools_session(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "W", "2026-11-20"), 1)),
        "PAST_SESSION pool.date");
    cr_assert_str_eq(
        pools_put(&d, pools_session(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "W", "2026-11-21"), 2)),
        "PAST_SESSION units[0].start_ms");
    cr_assert_str_eq(
        pools_put(&d, pools_session(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "W", "2027-11-23"), 1)),
        "OUT_OF_RANGE pool.date");
    cr_assert_str_eq(
        pools_put(&d, pools_session(&d, pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "W", "2027-11-22"), 1)), "");
    pools_close(&d);
}

Test(publish, q6_a_general_opening_before_the_family_doctors_is_the_one_that_is_wrong)
{
    struct district d;
    Referral__Pool *pool;

    pools_open(&d);
    pool = pools_session(&d, pools_wang(&d), 2);
    FIELD_SET(pool, fd_opens_at_ms, pools_at("2026-11-22", 420).ms);
    cr_assert_str_eq(pools_put(&d, pool), "");
    FIELD_CLEAR(pool, fd_opens_at_ms);
    FIELD_SET(pool, general_opens_at_ms, pools_at("2026-11-22", 419).ms);
    cr_assert_str_eq(pools_put(&d, pool), "BAD_TIMES general_opens_at_ms");
    pools_close(&d);
}

Test(publish, q6_times_out_of_order_are_refused_with_their_field)
{
    struct district d;
    Referral__Pool *pool;

    pools_open(&d);
    pool = pools_session(&d, pools_wang(&d), 2);
    FIELD_SET(pool, general_opens_at_ms, pools_at(POOLS_DAY, 8 * 60).ms);
    cr_assert_str_eq(pools_put(&d, pool), "BAD_TIMES general_opens_at_ms");
    FIELD_SET(pool, general_opens_at_ms, pools_at("2026-11-22", 420).ms);
    FIELD_SET(pool, fd_opens_at_ms, pools_at("2026-11-22", 421).ms);
    cr_assert_str_eq(pools_put(&d, pool), "BAD_TIMES fd_opens_at_ms");
    FIELD_SET(pool, fd_opens_at_ms, -5);
    FIELD_SET(pool, release_at_ms, 0);
    cr_assert_str_eq(pools_put(&d, pool), "OUT_OF_RANGE fd_opens_at_ms; OUT_OF_RANGE release_at_ms");
    FIELD_SET(pool, fd_opens_at_ms, d.now.ms);
    FIELD_SET(pool, release_at_ms, pools_at(POOLS_DAY, 8 * 60).ms - 72 * HOUR_MS - 1);
    cr_assert_str_eq(pools_put(&d, pool), "RELEASE_OUT_OF_RANGE release_at_ms");
    FIELD_SET(pool, release_at_ms, pools_at(POOLS_DAY, 8 * 60).ms + 1);
    cr_assert_str_eq(pools_put(&d, pool), "RELEASE_OUT_OF_RANGE release_at_ms");
    pools_close(&d);
}

Test(publish, f2_all_that_is_wrong_is_found_at_once)
{
    struct district d;
    Referral__Pool *pool;

    pools_open(&d);
    pool = pools_session(&d, pools_wang(&d), 1);
    FIELD_SET(pool, reserve_bp, 1999);
    FIELD_SET(pool, span, 0);
    FIELD_SET(pool, displace, true);
    pool->pool->department = "NOWHERE";
    pool->pool->date = "2026-11-20";
    FIELD_SET(pool->units[0], count, 0);
    cr_assert_str_eq(pools_put(&d, pool), "RESERVE_TOO_SMALL reserve_bp; OUT_OF_RANGE span; PERSON_NEEDED person; "
                                          "OUT_OF_RANGE units[0].count; PAST_SESSION pool.date; "
                                          "UNKNOWN_DEPARTMENT pool.department");
    FIELD_SET(pool, reserve_bp, 10001);
    pool->pool = NULL;
    cr_assert_str_eq(pools_put(&d, pool),
                     "RESERVE_TOO_SMALL reserve_bp; OUT_OF_RANGE span; PERSON_NEEDED person; MISSING pool");
    pools_close(&d);
}

Test(publish, t5_another_hospitals_pool_is_not_ones_own)
{
    struct district d;

    pools_open(&d);
    district_assert_said(&d, district_say(&d, "H2", REFERRAL__KIND__PUT_POOL, pools_session(&d, pools_wang(&d), 1)),
                         "NOT_ALLOWED");
    district_assert_said(&d,
                         district_say(&d, "H2", REFERRAL__KIND__CUT_UNITS,
                                      pools_change(&d, pools_wang(&d), 1, REFERRAL__BLOCK_REASON__SAFETY)),
                         "NOT_ALLOWED");
    pools_close(&d);
}

Test(publish, q_a_reference_names_all_of_its_parts)
{
    struct district d;
    Referral__PoolRef ref = REFERRAL__POOL_REF__INIT;
    Referral__Pool *pool;

    pools_open(&d);
    pool = pools_session(&d, &ref, 0);
    cr_assert_str_eq(pools_put(&d, pool),
                     "MISSING pool.class; MISSING pool.department; MISSING pool.resource; MISSING pool.date");
    ref.department = "CARD";
    ref.resource = " ";
    ref.date = "2026-13-01";
    FIELD_SET(&ref, class_, REFERRAL__PLACE_CLASS__EXAM);
    cr_assert_str_eq(pools_put(&d, pool), "BLANK pool.resource; BAD_DATE pool.date");
    ref.resource = "CT-1";
    ref.date = POOLS_DAY;
    cr_assert_str_eq(pools_put(&d, pool), ""); /* the hospital is the speaker's */
    pools_close(&d);
}
