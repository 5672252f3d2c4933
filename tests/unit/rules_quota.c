/* How much of a pool is reserved, what a deficit is, and which block leaves none (Q1-Q3, Q6, Q10, Q11, Q14). Every case
 * of every size is in model/rules_quota_brute.c; here are those a person can check in the head. */
#include <criterion/criterion.h>

#include "rules/quota.h"

#define NOW     1000
#define RELEASE 2000

static const struct instant now = {NOW};

/* A session of `capacity` places at 20 %, nothing taken, its reserve still closed. */
static struct quota session(uint64_t capacity)
{
    return (struct quota){
        .capacity = capacity, .reserve_bp = QUOTA_FLOOR_BP, .span = 1, .release_at = instant_of(RELEASE)};
}

static uint64_t reserve_of(uint64_t capacity, uint32_t reserve_bp, uint32_t span)
{
    struct quota q = session(capacity);

    q.reserve_bp = reserve_bp;
    q.span = span;
    return quota_reserve(&q);
}

Test(quota, q1_20_percent_is_a_floor_and_100_percent_the_most)
{
    struct quota q = session(40);

    cr_assert(quota_is_sound(&q));
    q.reserve_bp = 1999;
    cr_assert(!quota_is_sound(&q));
    q.reserve_bp = 0;
    cr_assert(!quota_is_sound(&q));
    q.reserve_bp = 10000;
    cr_assert(quota_is_sound(&q));
    q.reserve_bp = 10001;
    cr_assert(!quota_is_sound(&q));
}

Test(quota, q1_the_reserve_is_rounded_up_so_that_one_place_of_one_is_kept)
{
    static const uint64_t reserve[] = {0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3};

    for (uint64_t capacity = 0; capacity < 12; capacity++)
        cr_assert_eq(reserve_of(capacity, 2000, 1), reserve[capacity], "%lu", capacity);
    cr_assert_eq(reserve_of(40, 2000, 1), 8);
    cr_assert_eq(reserve_of(41, 2000, 1), 9);
    cr_assert_eq(reserve_of(40, 2001, 1), 9);
    cr_assert_eq(reserve_of(3, 3333, 1), 1);
    cr_assert_eq(reserve_of(3, 3334, 1), 2);
    cr_assert_eq(reserve_of(3, 6667, 1), 3, "a ten-thousandth above two");
    cr_assert_eq(reserve_of(7, 10000, 1), 7);
}

Test(quota, q1_the_reserve_holds_whole_exams_and_never_more_than_there_is)
{
    cr_assert_eq(reserve_of(20, 2000, 3), 6); /* 4 would end inside the second exam */
    cr_assert_eq(reserve_of(30, 2000, 3), 6);
    cr_assert_eq(reserve_of(31, 2000, 3), 9);
    cr_assert_eq(reserve_of(5, 10000, 3), 5);
    cr_assert_eq(reserve_of(2, 2000, 3), 2);
    cr_assert_eq(reserve_of(0, 2000, 3), 0);
}

Test(quota, q1_a_span_of_no_units_is_not_sound)
{
    struct quota q = session(40);

    q.span = 0;
    cr_assert(!quota_is_sound(&q));
}

Test(quota, q2_never_over_capacity)
{
    struct quota q = session(10);

    q.blocked = 2, q.general = 5, q.family = 3;
    cr_assert(quota_is_sound(&q));
    cr_assert_eq(quota_free(&q), 0);
    q.family = 4;
    cr_assert(!quota_is_sound(&q));
    q.family = 3, q.blocked = 3;
    cr_assert(!quota_is_sound(&q));
    q.blocked = 2, q.general = 6;
    cr_assert(!quota_is_sound(&q));
    q.general = 9, q.family = 0;
    cr_assert(!quota_is_sound(&q));
}

Test(quota, q2_huge_counts_do_not_wrap_round_into_sound_ones)
{
    struct quota q = session(10);

    q.blocked = UINT64_MAX, q.general = 2;
    cr_assert(!quota_is_sound(&q));
    q.blocked = 1, q.general = UINT64_MAX, q.family = 1;
    cr_assert(!quota_is_sound(&q));
    q.general = 0, q.family = UINT64_MAX;
    cr_assert(!quota_is_sound(&q));
    q = session((uint64_t)-1); /* a capacity of minus one */
    cr_assert(!quota_is_sound(&q));
    q = session(UINT64_MAX / 10000);
    cr_assert(!quota_is_sound(&q), "C·p + 9999 does not fit");
    q = session(UINT64_MAX / 10000 - 1);
    q.reserve_bp = 10000;
    cr_assert(quota_is_sound(&q));
    cr_assert_eq(quota_reserve(&q), q.capacity);
}

Test(quota, q3_what_family_doctors_took_counts_against_what_is_kept)
{
    struct quota q = session(40);

    for (q.family = 0; q.family <= 8; q.family++)
        cr_assert_eq(quota_reserved_now(&q, now), 8 - q.family, "%lu", q.family);
    q.family = 40;
    cr_assert_eq(quota_reserved_now(&q, now), 0);
}

Test(quota, q3_neither_general_nor_blocked_units_make_the_reserve_smaller)
{
    struct quota q = session(40);

    q.general = 30, q.blocked = 2;
    cr_assert_eq(quota_reserved_now(&q, now), 8);
    cr_assert_eq(quota_free(&q), 8);
}

Test(quota, q3_what_is_left_to_keep_is_whole_exams_again)
{
    struct quota q = session(30);

    q.span = 3;
    cr_assert_eq(quota_reserved_now(&q, now), 6);
    q.family = 1; /* a single-unit exam: 5 are left of the reserve */
    cr_assert_eq(quota_reserved_now(&q, now), 6);
    q.family = 3;
    cr_assert_eq(quota_reserved_now(&q, now), 3);
}

Test(quota, q6_nothing_is_reserved_from_the_instant_of_release_on)
{
    struct quota q = session(40);

    cr_assert_eq(quota_reserved_now(&q, instant_of(RELEASE - 1)), 8);
    cr_assert_eq(quota_reserved_now(&q, instant_of(RELEASE)), 0);
    cr_assert_eq(quota_reserved_now(&q, instant_of(RELEASE + 1)), 0);
    cr_assert_eq(quota_reserve(&q), 8, "R itself goes by C and p alone");
}

Test(quota, q10_the_reserve_follows_capacity_and_percentage_at_once)
{
    struct quota q = session(40);

    q.general = 30;
    cr_assert_eq(quota_deficit(&q, now), 0);
    q.reserve_bp = 3000; /* p raised mid-day */
    cr_assert_eq(quota_reserved_now(&q, now), 12);
    cr_assert_eq(quota_deficit(&q, now), 2);
    q.capacity = 38; /* two free units cut */
    cr_assert_eq(quota_reserved_now(&q, now), 12);
    cr_assert_eq(quota_deficit(&q, now), 4);
    q.general = 26; /* cured by cancellations */
    cr_assert_eq(quota_deficit(&q, now), 0);
}

Test(quota, q10_a_deficit_counts_units_not_exams)
{
    struct quota q = session(30);

    q.span = 3, q.general = 25, q.family = 1; /* 5 owed, 4 free */
    cr_assert_eq(quota_reserved_now(&q, now), 6);
    cr_assert_eq(quota_deficit(&q, now), 1);
    q.general = 24;
    cr_assert_eq(quota_deficit(&q, now), 0);
}

Test(quota, q10_no_deficit_from_the_instant_of_release_on)
{
    struct quota q = session(10);

    q.general = 10;
    cr_assert_eq(quota_deficit(&q, instant_of(RELEASE - 1)), 2);
    cr_assert_eq(quota_deficit(&q, instant_of(RELEASE)), 0);
}

Test(quota, q11_four_sessions_of_four_reserve_four_as_a_group_where_alone_they_reserve_four_too_but_of_two_only_two)
{
    cr_assert_eq(4 * reserve_of(4, 2000, 1), 4);
    cr_assert_eq(reserve_of(16, 2000, 1), 4);
    cr_assert_eq(4 * reserve_of(2, 2000, 1), 4, "half of all places");
    cr_assert_eq(reserve_of(8, 2000, 1), 2);
    cr_assert_eq(5 * reserve_of(1, 2000, 1), 5, "everything");
    cr_assert_eq(reserve_of(5, 2000, 1), 1);
}

Test(quota, q14_a_block_is_granted_as_long_as_it_leaves_no_deficit)
{
    struct quota q = session(40);

    q.general = 20;
    cr_assert(quota_allows_block(&q, 0, now));
    cr_assert(quota_allows_block(&q, 12, now));
    cr_assert(!quota_allows_block(&q, 13, now));
    q.family = 8; /* the reserve is used: all that is free may go */
    cr_assert(quota_allows_block(&q, 12, now));
    cr_assert(!quota_allows_block(&q, 13, now));
    cr_assert(!quota_allows_block(&q, UINT64_MAX, now));
}

Test(quota, q14_a_block_of_the_whole_reserve_waits_for_the_release)
{
    struct quota q = session(10);

    q.general = 8;
    cr_assert(!quota_allows_block(&q, 2, instant_of(RELEASE - 1)));
    cr_assert(quota_allows_block(&q, 2, instant_of(RELEASE)));
    cr_assert(!quota_allows_block(&q, 3, instant_of(RELEASE)), "there are only two");
}

Test(quota, q14_no_block_however_small_while_there_is_a_deficit)
{
    struct quota q = session(10);

    q.general = 9;
    cr_assert(!quota_allows_block(&q, 1, now));
    cr_assert(!quota_allows_block(&q, 0, now));
}

Test(quota, c1_a_reserve_without_a_release_is_kept_for_ever)
{
    struct quota q = session(10);

    q.release_at = instant_of(0);
    cr_assert_eq(quota_reserved_now(&q, instant_of(INT64_MAX)), 2);
}

Test(quota, q1_c_0_1_4_5)
{
    static const struct {
        uint64_t capacity, reserve;
    } cases[] = {{0, 0}, {1, 1}, {4, 1}, {5, 1}, {6, 2}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct quota q = session(cases[i].capacity);

        cr_assert_eq(quota_reserved_now(&q, now), cases[i].reserve);
        cr_assert_eq(quota_free(&q), cases[i].capacity);
        cr_assert_eq(quota_deficit(&q, now), 0);
    }
}
