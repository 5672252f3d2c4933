/* Groups: small pools of one day that share one reserve (Q11). */
#include "pools.h"

static Referral__PoolRef *room(struct district *d, const char *resource)
{
    return pools_ref(d, REFERRAL__PLACE_CLASS__EXPERT, resource, POOLS_DAY);
}

static Referral__PoolGroup *group_of(struct district *d)
{
    Referral__PoolGroup *group = arena_alloc(&d->keep, sizeof *group);

    referral__pool_group__init(group);
    FIELD_SET(group, class_, REFERRAL__PLACE_CLASS__EXPERT);
    group->department = "CARD";
    group->date = POOLS_DAY;
    return group;
}

static const char *put_group(struct district *d, Referral__PoolGroup *group)
{
    return pools_do(d, REFERRAL__KIND__PUT_GROUP, group);
}

/* Three rooms of `count` each, one hour after the other, and their group. */
static void open_group(struct district *d, uint32_t count)
{
    static const char *const rooms[] = {"A", "B", "C"};

    pools_open(d);
    for (int i = 0; i < 3; i++) {
        Referral__Pool *pool = pools_session(d, room(d, rooms[i]), 0);

        pools_add_run(d, pool, count, (8 + i) * 60, 10);
        cr_assert_str_eq(pools_put(d, pool), "");
    }
    cr_assert_str_eq(put_group(d, group_of(d)), "");
}

/* What general could take of each room now: "1 2 0". */
static const char *general_left(struct district *d)
{
    Record__Pool *rows[] = {pools_row(d, room(d, "A")), pools_row(d, room(d, "B")), pools_row(d, room(d, "C"))};
    struct pool_count count = pool_count(&d->keep, rows, 3, d->now, d->hold);
    unsigned left[3] = {0};

    for (size_t i = 0; i < count.units.count; i++)
        left[count.units.list[i].pool] += count.units.list[i].state == UNIT_IS_FREE && !count.units.list[i].marked;
    return arena_format(&d->keep, "%u %u %u", left[0], left[1], left[2]);
}

Test(group, q11_rounding_up_each_small_pool_would_reserve_everything)
{
    struct district d;
    uint64_t rows;

    open_group(&d, 1);
    cr_assert_str_eq(general_left(&d), "1 0 1");
    rows = pools_rows(&d);
    cr_assert_str_eq(pools_ledger_after(&d, 0),
                     "PUBLISHED +1x1, PUBLISHED +1x1, PUBLISHED +1x1, GROUPED, GROUPED, GROUPED");
    cr_assert_eq(pools_ledger_row(&d, rows)->group->capacity, 3);
    cr_assert_eq(pools_ledger_row(&d, rows)->group->reserve, 1);
    cr_assert_eq(pools_ledger_row(&d, rows)->numbers->capacity, 1);
    pools_close(&d);
}

Test(group, q11_a_group_with_a_large_pool_counts_it_too)
{
    struct district d;

    open_group(&d, 2);
    pools_publish(&d, room(&d, "B-LARGE"), 40);
    cr_assert(pools_row(&d, room(&d, "B-LARGE"))->grouped);
    cr_assert_eq(pools_ledger_row(&d, pools_rows(&d))->group->capacity, 46);
    cr_assert_eq(pools_ledger_row(&d, pools_rows(&d))->group->reserve, 10);
    cr_assert_str_eq(pools_ledger_after(&d, 6), "PUBLISHED +1x40, GROUPED");
    pools_close(&d);
}

Test(group, q11_a_family_booking_in_one_room_frees_the_reserve_of_another)
{
    struct district d;

    open_group(&d, 1);
    district_assert_said(&d, pools_sell(&d, room(&d, "B"), 1, 0), "RESERVED");
    district_assert_said(&d, pools_family(&d, REFERRAL__KIND__BOOK_PLACE, room(&d, "A"), 1, 0), "");
    cr_assert_str_eq(general_left(&d), "0 1 1");
    district_assert_said(&d, pools_sell(&d, room(&d, "B"), 1, 0), "");
    pools_close(&d);
}

Test(group, q11_the_deficit_is_the_groups_and_cured_from_any_room)
{
    struct district d;
    Referral__PoolChange *change;

    open_group(&d, 1);
    for (int i = 0; i < 3; i++) {
        change = pools_change(&d, room(&d, (const char *[]){"A", "B", "C"}[i]), 1, REFERRAL__BLOCK_REASON__SAFETY);
        cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__BLOCK_UNITS, change), "");
        cr_assert_eq(pools_has_alarm(&d, "reserve-deficit", "H1/EXPERT/CARD/" POOLS_DAY), i == 2);
    }
    change = pools_change(&d, room(&d, "A"), 1, REFERRAL__BLOCK_REASON__SAFETY);
    change->has_reason = false;
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__UNBLOCK_UNITS, change), "");
    cr_assert_not(pools_has_alarm(&d, "reserve-deficit", "H1/EXPERT/CARD/" POOLS_DAY));
    cr_assert_eq(pools_row(&d, room(&d, "C"))->deficit, 0);
    pools_close(&d);
}

Test(group, q11_one_set_of_times_from_the_earliest_start)
{
    struct district d;
    uint64_t rows;

    open_group(&d, 2);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(pools_row(&d, room(&d, (const char *[]){"A", "B", "C"}[i]))->release_at_ms,
                     pools_at("2026-11-23", 8 * 60).ms);
    rows = pools_rows(&d);
    d.now = pools_at("2026-11-23", 8 * 60);
    district_clock(&d);
    cr_assert_str_eq(pools_ledger_after(&d, rows), "RELEASED n1, RELEASED n0, RELEASED n1");
    pools_close(&d);
}

Test(group, q11_declared_twice_changes_nothing_and_its_terms_change_for_all)
{
    struct district d;
    Referral__PoolGroup *group;
    uint64_t rows;

    open_group(&d, 2);
    rows = pools_rows(&d);
    d.now.ms += MINUTE_MS;
    cr_assert_str_eq(put_group(&d, group_of(&d)), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "");
    group = group_of(&d);
    FIELD_SET(group, reserve_bp, 5000);
    FIELD_SET(group, release_at_ms, pools_at("2026-11-23", 9 * 60).ms);
    cr_assert_str_eq(put_group(&d, group), "");
    cr_assert_str_eq(pools_ledger_after(&d, rows), "CHANGED, CHANGED, CHANGED");
    cr_assert_str_eq(general_left(&d), "1 1 1");
    cr_assert_eq(pools_row(&d, room(&d, "C"))->release_at_ms, pools_at("2026-11-23", 9 * 60).ms);
    pools_close(&d);
}

Test(group, q11_its_pools_have_no_terms_of_their_own)
{
    struct district d;
    Referral__Pool *pool;

    open_group(&d, 2);
    pool = pools_session(&d, room(&d, "A"), 2);
    FIELD_SET(pool, reserve_bp, 2000);
    FIELD_SET(pool, span, 1);
    FIELD_SET(pool, fd_opens_at_ms, d.now.ms);
    FIELD_SET(pool, general_opens_at_ms, d.now.ms);
    FIELD_SET(pool, release_at_ms, d.now.ms);
    cr_assert_str_eq(pools_put(&d, pool), "GROUPED reserve_bp; GROUPED span; GROUPED fd_opens_at_ms; "
                                          "GROUPED general_opens_at_ms; GROUPED release_at_ms");
    pool->pool = room(&d, "NEW");
    pool->has_span = pool->has_fd_opens_at_ms = pool->has_general_opens_at_ms = pool->has_release_at_ms = false;
    pool->span = 0, pool->fd_opens_at_ms = pool->general_opens_at_ms = pool->release_at_ms = 0;
    cr_assert_str_eq(pools_put(&d, pool), "GROUPED reserve_bp");
    cr_assert_null(pools_row(&d, room(&d, "NEW")));
    pools_close(&d);
}

Test(group, q11_a_pool_that_starts_before_the_groups_times_is_refused)
{
    struct district d;
    Referral__PoolGroup *group;
    Referral__Pool *pool;

    open_group(&d, 2);
    group = group_of(&d);
    FIELD_SET(group, release_at_ms, pools_at(POOLS_DAY, 7 * 60 + 30).ms);
    cr_assert_str_eq(put_group(&d, group), "");
    pool = pools_session(&d, room(&d, "D"), 0);
    pools_add_run(&d, pool, 1, 7 * 60, 10);
    cr_assert_str_eq(pools_put(&d, pool), "BAD_TIMES units");
    pool = pools_session(&d, room(&d, "D"), 0);
    pools_add_run(&d, pool, 1, 7 * 60 + 30, 10);
    cr_assert_str_eq(pools_put(&d, pool), "");
    pools_close(&d);
}

/* Q6: everybody's opening is before the start, also where the reserve was released before. */
Test(group, q11_a_pool_that_starts_before_the_group_opens_to_all_is_refused)
{
    struct district d;
    Referral__PoolGroup *group;
    Referral__Pool *pool;

    open_group(&d, 2);
    group = group_of(&d);
    FIELD_SET(group, general_opens_at_ms, pools_at(POOLS_DAY, 7 * 60 + 30).ms);
    FIELD_SET(group, release_at_ms, pools_at(POOLS_DAY, 7 * 60).ms);
    cr_assert_str_eq(put_group(&d, group), "");
    for (int minute = 7 * 60 + 10; minute <= 7 * 60 + 30; minute += 10) {
        pool = pools_session(&d, room(&d, "D"), 0);
        pools_add_run(&d, pool, 1, minute, 10);
        cr_assert_str_eq(pools_put(&d, pool), "BAD_TIMES units");
    }
    pool = pools_session(&d, room(&d, "D"), 0);
    pools_add_run(&d, pool, 1, 7 * 60 + 31, 10);
    cr_assert_str_eq(pools_put(&d, pool), "");
    pools_close(&d);
}

Test(group, q11_a_group_is_declared_before_the_first_booking)
{
    struct district d;

    pools_open(&d);
    cr_assert_str_eq(put_group(&d, group_of(&d)), "UNKNOWN_POOL date");
    pools_publish(&d, room(&d, "A"), 5);
    pools_fill(&d, room(&d, "A"), "G");
    cr_assert_str_eq(put_group(&d, group_of(&d)), "GROUP_TOO_LATE date");
    pools_close(&d);
}

Test(group, q6_no_opening_moves_against_family_doctors_by_it)
{
    struct district d;
    Referral__PoolGroup *group;
    Referral__Pool *pool;

    pools_open(&d);
    pool = pools_session(&d, room(&d, "A"), 2);
    FIELD_SET(pool, general_opens_at_ms, pools_at("2026-11-22", 420).ms);
    cr_assert_str_eq(pools_put(&d, pool), "");
    pools_publish(&d, room(&d, "B"), 2);
    group = group_of(&d);
    FIELD_SET(group, general_opens_at_ms, pools_at("2026-11-22", 419).ms);
    cr_assert_str_eq(put_group(&d, group), "ONLY_IN_FAVOUR general_opens_at_ms");
    group = group_of(&d);
    FIELD_SET(group, fd_opens_at_ms, d.now.ms + 1);
    cr_assert_str_eq(put_group(&d, group), "ONLY_IN_FAVOUR fd_opens_at_ms");
    cr_assert_str_eq(put_group(&d, group_of(&d)), "");
    cr_assert_eq(pools_row(&d, room(&d, "B"))->general_opens_at_ms, pools_at("2026-11-22", 420).ms);
    pools_close(&d);
}

Test(group, f2_all_that_is_wrong_with_it_is_found_at_once)
{
    struct district d;
    Referral__PoolGroup *group;

    pools_open(&d);
    group = group_of(&d);
    group->has_class_ = false;
    group->department = NULL;
    group->date = "2026-02-30";
    FIELD_SET(group, reserve_bp, 1000);
    FIELD_SET(group, span, 501);
    FIELD_SET(group, release_at_ms, -1);
    cr_assert_str_eq(put_group(&d, group),
                     "RESERVE_TOO_SMALL reserve_bp; OUT_OF_RANGE span; OUT_OF_RANGE release_at_ms; MISSING class; "
                     "MISSING department; BAD_DATE date");
    group = group_of(&d);
    group->hospital = "H2";
    cr_assert_str_eq(put_group(&d, group), "NOT_ALLOWED");
    pools_close(&d);
}

/* Q6: 23 hours before its session a pool is short notice. That an empty one stood there for days takes no family
 * doctor's time away. */
Test(group, q6_no_group_releases_what_its_pools_were_to_keep)
{
    struct district d;

    pools_open(&d);
    pools_publish(&d, room(&d, "A"), 0);
    d.now = instant_after(pools_at(POOLS_DAY, 8 * 60), -23 * HOUR_MS);
    pools_publish(&d, room(&d, "B"), 10);
    cr_assert_eq(pools_row(&d, room(&d, "B"))->release_at_ms, pools_at(POOLS_DAY, 6 * 60).ms);
    cr_assert_str_eq(put_group(&d, group_of(&d)), "");
    cr_assert_eq(pools_row(&d, room(&d, "B"))->release_at_ms, pools_at(POOLS_DAY, 6 * 60).ms);
    cr_assert(pools_row(&d, room(&d, "B"))->short_notice);
    cr_assert_not(pools_row(&d, room(&d, "B"))->released);
    district_assert_said(&d, pools_allot(&d, room(&d, "B"), 8), "");
    district_assert_said(&d, pools_sell(&d, room(&d, "B"), 1, 0), "RESERVED");
    pools_close(&d);
}

Test(group, q6_a_group_is_released_as_shortly_before_its_start_as_any_of_its_pools_was)
{
    struct district d;
    Referral__Pool *late;
    Referral__PoolGroup *group;

    pools_open(&d);
    pools_publish(&d, room(&d, "A"), 3);
    late = pools_session(&d, room(&d, "B"), 0);
    pools_add_run(&d, late, 3, 10 * 60, 10);
    FIELD_SET(late, release_at_ms, pools_at(POOLS_DAY, 7 * 60).ms);
    cr_assert_str_eq(pools_put(&d, late), "");
    group = group_of(&d);
    FIELD_SET(group, release_at_ms, pools_at(POOLS_DAY, 5 * 60 - 1).ms);
    cr_assert_str_eq(put_group(&d, group), "ONLY_IN_FAVOUR release_at_ms");
    group->has_release_at_ms = false;
    cr_assert_str_eq(put_group(&d, group), "");
    cr_assert_eq(pools_row(&d, room(&d, "A"))->release_at_ms, pools_at(POOLS_DAY, 5 * 60).ms);
    cr_assert_eq(pools_row(&d, room(&d, "B"))->release_at_ms, pools_at(POOLS_DAY, 5 * 60).ms);
    pools_close(&d);
}

/* One booking counts the units of all of them. */
Test(group, q11_a_group_has_so_many_units)
{
    struct district d;

    pools_open(&d);
    for (int i = 0; i < 4; i++)
        pools_publish(&d, room(&d, arena_format(&d.keep, "R%d", i)), i < 3 ? 90 : 1);
    cr_assert_str_eq(put_group(&d, group_of(&d)), "");
    for (int i = 4; i < 8; i++) {
        Referral__Pool *pool = pools_session(&d, room(&d, arena_format(&d.keep, "R%d", i)), 0);

        pools_add_run(&d, pool, i < 7 ? 500 : 230, 8 * 60, 1);
        cr_assert_str_eq(pools_put(&d, pool), i < 7 ? "" : "TOO_MANY units");
        pool->units[0]->count = 229;
        if (i == 7)
            cr_assert_str_eq(pools_put(&d, pool), "");
    }
    cr_assert_str_eq(pools_put(&d, pools_session(&d, room(&d, "R3"), 2)), "TOO_MANY units");
    pools_close(&d);
}

Test(group, q11_no_group_is_made_of_more)
{
    struct district d;

    pools_open(&d);
    for (int i = 0; i < 5; i++) {
        Referral__Pool *pool = pools_session(&d, room(&d, arena_format(&d.keep, "R%d", i)), 0);

        pools_add_run(&d, pool, i < 4 ? 500 : 1, 8 * 60, 1);
        cr_assert_str_eq(pools_put(&d, pool), "");
    }
    cr_assert_str_eq(put_group(&d, group_of(&d)), "TOO_MANY date");
    cr_assert_str_eq(pools_do(&d, REFERRAL__KIND__CUT_UNITS, pools_change(&d, room(&d, "R0"), 1, 1)), "");
    cr_assert_str_eq(put_group(&d, group_of(&d)), "");
    pools_close(&d);
}
