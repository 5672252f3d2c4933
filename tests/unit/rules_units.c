/* Which single units are kept, found, blocked and cut (Q3, Q4, Q6-Q8, Q10, Q11, Q14, Q15). Units are drawn as text, one
 * sign each in the order of the array; model/rules_units_brute.c goes through every drawing. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rules/units.h"

#define ROOM 64
#define SLOT (10 * MINUTE_MS)

static const struct instant early = {1};

struct session {
    struct unit list[ROOM];
    struct units units;
};

static enum unit_state state_of(char sign)
{
    switch (sign) {
    case 'b':
        return UNIT_IS_BLOCKED;
    case 'g':
        return UNIT_IS_GENERAL;
    case 'f':
        return UNIT_IS_FAMILY;
    default:
        return UNIT_IS_FREE;
    }
}

/* Pool 0, units in a row from 08:00 on: "." free, "#" free and marked, "-" free and barred, b g f taken; a blank is a
 * gap of one slot. */
static void draw(struct session *session, const char *signs)
{
    struct instant start = instant_of(8 * HOUR_MS);

    session->units = (struct units){session->list, 0};
    for (; *signs != '\0'; signs++, start = instant_after(start, SLOT)) {
        if (*signs == ' ')
            continue;
        session->list[session->units.count] = (struct unit){
            .number = (uint32_t)session->units.count + 1,
            .start = start,
            .end = instant_after(start, SLOT),
            .state = state_of(*signs),
            .marked = *signs == '#',
            .barred = *signs == '-',
        };
        session->units.count++;
    }
}

/* What units_mark makes of the drawing: "#" is marked, "." is not, gaps are left out. */
static const char *marked(const char *signs, uint64_t reserved, uint32_t span)
{
    static char text[ROOM + 1];
    struct session session;

    draw(&session, signs);
    units_mark(&session.units, reserved, span);
    for (size_t i = 0; i < session.units.count; i++)
        text[i] = (char)(session.list[i].state != UNIT_IS_FREE ? 'x' : session.list[i].marked ? '#' : '.');
    text[session.units.count] = '\0';
    return text;
}

Test(mark, q3_marks_are_spread_evenly_over_the_day)
{
    cr_assert_str_eq(marked("..........", 2, 1), "..#....#..");
    cr_assert_str_eq(marked("..........", 1, 1), "....#.....");
    cr_assert_str_eq(marked("..........", 5, 1), "#.#.#.#.#.");
    cr_assert_str_eq(marked("..........", 8, 1), "##.####.##");
    cr_assert_str_eq(marked("..........", 10, 1), "##########");
    cr_assert_str_eq(marked("..........", 0, 1), "..........");
    cr_assert_str_eq(marked(".", 1, 1), "#");
    cr_assert_str_eq(marked("", 1, 1), "");
}

Test(mark, q3_only_free_units_are_marked_and_old_marks_go)
{
    cr_assert_str_eq(marked("g.b.f.", 1, 1), "x.x#x.");
    cr_assert_str_eq(marked("######", 0, 1), "......");
    cr_assert_str_eq(marked("######", 1, 1), "..#...");
    cr_assert_str_eq(marked("gbf", 3, 1), "xxx");
}

Test(mark, q3_where_more_is_reserved_than_free_all_of_it_is_marked)
{
    cr_assert_str_eq(marked("g..g", 8, 1), "x##x");
    cr_assert_str_eq(marked("g..g", UINT64_MAX, 1), "x##x");
    cr_assert_str_eq(marked("g..g", UINT64_MAX, 3), "x##x");
}

Test(mark, q3_marks_are_whole_runs_of_span_consecutive_units)
{
    cr_assert_str_eq(marked(".........", 3, 3), "...###...");
    cr_assert_str_eq(marked(".........", 6, 3), "###...###");
    cr_assert_str_eq(marked("..g...g....", 3, 3), "..x###x....");
    cr_assert_str_eq(marked("..g...g....", 6, 3), "..x###x###.");
}

Test(mark, q3_a_gap_in_time_ends_a_run_as_a_taken_unit_does)
{
    cr_assert_str_eq(marked(".. ...", 3, 3), "..###");
    cr_assert_str_eq(marked("..g...", 3, 3), "..x###");
}

Test(mark, q3_where_the_runs_do_not_hold_it_the_latest_free_units_are_marked_too)
{
    cr_assert_str_eq(marked("..g...g..", 6, 3), ".#x###x##", "one of the first two is left to general");
    cr_assert_str_eq(marked(".g.g.g.", 3, 3), ".x#x#x#", "scattered units");
    cr_assert_str_eq(marked("....", 2, 3), "..##", "less than an exam");
}

Test(mark, q3_a_mark_that_is_barred_for_one_request_is_a_mark)
{
    cr_assert_str_eq(marked("-.-", 2, 1), "#.#");
}

/* Beds of a ward-day, all from 08:00 to 09:00. */
static void draw_beds(struct session *session, const char *signs)
{
    draw(session, signs);
    for (size_t i = 0; i < session->units.count; i++) {
        session->list[i].start = instant_of(8 * HOUR_MS);
        session->list[i].end = instant_of(9 * HOUR_MS);
    }
}

Test(mark, q3_parallel_places_are_neighbours)
{
    struct session session;

    draw_beds(&session, "..g....");
    units_mark(&session.units, 2, 2);
    cr_assert(!session.list[0].marked && !session.list[1].marked, "the run of 1 and 2 comes first of three");
    cr_assert(session.list[3].marked && session.list[4].marked);
    cr_assert(!session.list[5].marked && !session.list[6].marked);
}

/* Two doctors of one department, three units each at the same times; the array holds them by start. */
static void draw_group(struct session *session, const char *first, const char *second)
{
    struct session other;

    draw(session, first);
    draw(&other, second);
    for (size_t i = 0; i < other.units.count; i++) {
        other.list[i].pool = 1;
        session->list[session->units.count++] = other.list[i];
    }
    units_sort(&session->units);
}

Test(group, q11_units_of_all_pools_are_marked_together_in_order_of_start)
{
    struct session session;

    draw_group(&session, "...", "...");
    units_mark(&session.units, 2, 1); /* of 0a 1a 0b 1b 0c 1c */
    for (size_t i = 0; i < 6; i++)
        cr_assert_eq(session.list[i].marked, i == 1 || i == 4, "%zu", i);
}

Test(group, q11_a_run_lies_in_one_pool)
{
    struct session session;

    draw_group(&session, "...", "...");
    units_mark(&session.units, 2, 2); /* one run in each pool, the first of the two */
    for (size_t i = 0; i < 6; i++)
        cr_assert_eq(session.list[i].marked, session.list[i].pool == 0 && session.list[i].number <= 2, "%zu", i);
}

Test(group, q11_a_wish_is_for_one_pool_and_others_between_do_not_break_it)
{
    struct session session;
    struct unit_wish wish = {.pool = 1, .count = 3, .channel = REFERRAL__CHANNEL__GENERAL};
    size_t first = 99;

    draw_group(&session, "ggg", "...");
    cr_assert(units_find(&session.units, &wish, early, &first));
    cr_assert_eq(first, 1);
    wish.pool = 0;
    cr_assert(!units_find(&session.units, &wish, early, &first));
    cr_assert_eq(first, 1, "untouched");
}

Test(group, q11_units_are_sorted_by_start_then_pool_then_number)
{
    struct session session = {.units = {session.list, 60}};

    /* Three pools one after the other, the last one first; pool 1 goes backwards. */
    for (uint32_t i = 0; i < 60; i++) {
        uint32_t pool = i / 20, place = i % 20;
        struct unit *unit = &session.list[59 - i];

        *unit = (struct unit){.pool = pool, .number = place + 1};
        unit->start = instant_of((pool == 1 ? 20 - place : place / 2) * SLOT);
    }
    units_sort(&session.units);
    for (size_t i = 1; i < 60; i++) {
        const struct unit *a = &session.list[i - 1], *b = &session.list[i];

        cr_assert(a->start.ms < b->start.ms || (a->start.ms == b->start.ms && a->pool < b->pool) ||
                      (a->start.ms == b->start.ms && a->pool == b->pool && a->number < b->number),
                  "%zu", i);
    }
    cr_assert(session.list[0].pool == 0 && session.list[0].number == 1);
}

/* The number of the first unit found, 0 for none. */
static uint32_t found(const char *signs, const struct unit_wish *wish)
{
    struct session session;
    size_t first;

    draw(&session, signs);
    return units_find(&session.units, wish, early, &first) ? session.list[first].number : 0;
}

static const struct unit_wish general_1 = {.count = 1, .channel = REFERRAL__CHANNEL__GENERAL};
static const struct unit_wish general_3 = {.count = 3, .channel = REFERRAL__CHANNEL__GENERAL};
static const struct unit_wish family_1 = {.count = 1, .channel = REFERRAL__CHANNEL__FAMILY_DOCTOR};
static const struct unit_wish family_3 = {.count = 3, .channel = REFERRAL__CHANNEL__FAMILY_DOCTOR};

Test(find, q3_general_takes_unmarked_units_only)
{
    cr_assert_eq(found("##.#.", &general_1), 3);
    cr_assert_eq(found("####", &general_1), 0);
    cr_assert_eq(found("..#...", &general_3), 4);
    cr_assert_eq(found("..#..#", &general_3), 0);
}

Test(find, q3_the_last_unmarked_unit_is_there_for_one_taker)
{
    cr_assert_eq(found("g#.#g", &general_1), 3);
    cr_assert_eq(found("g#g#g", &general_1), 0);
}

Test(find, q3_a_general_patient_who_moves_inside_the_pool_needs_only_free_units)
{
    struct unit_wish move = {.count = 1, .channel = REFERRAL__CHANNEL__GENERAL, .moves = true};

    cr_assert_eq(found("g#b#", &move), 2);
    cr_assert_eq(found("gbf", &move), 0);
}

Test(find, q4_family_doctors_take_any_free_unit_and_all_of_them)
{
    cr_assert_eq(found("##.", &family_1), 1);
    cr_assert_eq(found("gb.", &family_1), 3);
    cr_assert_eq(found("f#.#f", &family_3), 2);
    cr_assert_eq(found("fff", &family_1), 0);
}

Test(find, q6_no_unit_is_taken_at_or_after_its_start)
{
    struct session session;
    size_t first = 99;

    draw(&session, "...");
    cr_assert(units_find(&session.units, &family_1, instant_of(8 * HOUR_MS - 1), &first));
    cr_assert_eq(first, 0);
    cr_assert(units_find(&session.units, &family_1, instant_of(8 * HOUR_MS), &first));
    cr_assert_eq(first, 1);
    cr_assert(!units_find(&session.units, &family_3, instant_of(8 * HOUR_MS), &first));
    cr_assert(!units_find(&session.units, &family_1, instant_of(8 * HOUR_MS + 2 * SLOT), &first));
    cr_assert_eq(units_count_places(&session.units, &general_1, instant_of(8 * HOUR_MS)), 2);
}

Test(find, q7_n_consecutive_units_or_none)
{
    cr_assert_eq(found("..g..g...", &general_3), 7);
    cr_assert_eq(found("..g..g..", &general_3), 0, "an exam of three, and its six free units are scattered");
    cr_assert_eq(found(".. ..", &general_3), 0, "a break is between them");
    cr_assert_eq(found(".. ...", &general_3), 3);
}

Test(find, q7_a_named_unit_is_that_one_and_those_that_follow)
{
    struct unit_wish wish = general_3;

    wish.first_number = 2;
    cr_assert_eq(found(".....", &wish), 2);
    cr_assert_eq(found(".g....", &wish), 0, "no other instead");
    cr_assert_eq(found("...g....", &wish), 0);
    cr_assert_eq(found(".. ...", &wish), 0);
    wish.first_number = 4;
    cr_assert_eq(found(".....", &wish), 0, "too near the end");
    wish.first_number = 6;
    cr_assert_eq(found(".....", &wish), 0, "no such unit");
}

Test(find, q7_parallel_units_of_different_lengths_are_consecutive_only_as_they_follow)
{
    struct session session;
    struct unit_wish two = {.count = 2, .first_number = 2, .channel = REFERRAL__CHANNEL__GENERAL};
    size_t first;

    draw(&session, "...");
    session.list[1].start = session.list[0].start; /* 08:00-08:20 beside 08:00-08:10, then 08:20 */
    cr_assert(units_find(&session.units, &two, early, &first), "2 ends where 3 starts");
    session.list[1].end = instant_after(session.list[1].start, SLOT);
    cr_assert(!units_find(&session.units, &two, early, &first), "2 ends at 08:10");
    two.first_number = 1;
    cr_assert(units_find(&session.units, &two, early, &first), "1 and 2 at the same time");
}

Test(find, q8_a_declined_unit_is_not_offered_again)
{
    cr_assert_eq(found("-.", &family_1), 2);
    cr_assert_eq(found("--", &family_1), 0);
    cr_assert_eq(found("..-...", &family_3), 4);
    struct unit_wish move = {.count = 1, .channel = REFERRAL__CHANNEL__GENERAL, .moves = true};
    cr_assert_eq(found("-", &move), 0);
}

static size_t places(const char *signs, const struct unit_wish *wish)
{
    struct session session;

    draw(&session, signs);
    return units_count_places(&session.units, wish, early);
}

Test(count, q3_places_are_the_starts_that_would_do)
{
    cr_assert_eq(places(".#.g.", &general_1), 3);
    cr_assert_eq(places(".#.g.", &family_1), 4);
    cr_assert_eq(places(".....", &general_3), 3);
    cr_assert_eq(places("..g..", &general_3), 0);
    cr_assert_eq(places("... ....", &general_3), 3);
    cr_assert_eq(places("..#...", &general_3), 1);
    cr_assert_eq(places("..#...", &family_3), 4);
}

Test(count, q3_agrees_with_the_mark_the_deficit_leaves)
{
    struct session session;

    draw(&session, "..........");
    units_mark(&session.units, 2, 1);
    cr_assert_eq(units_count_places(&session.units, &general_1, early), 8);
    cr_assert_eq(units_count_places(&session.units, &family_1, early), 10);
}

Test(allotment, q15_takes_what_general_may_the_latest_first)
{
    struct session session;
    size_t list[ROOM] = {99, 99, 99, 99};

    draw(&session, ".#.g.-b.");
    cr_assert(!units_find_any(&session.units, 0, 5, early, list));
    cr_assert_eq(list[0], 99, "untouched");
    cr_assert(units_find_any(&session.units, 0, 3, early, list));
    cr_assert(list[0] == 7 && list[1] == 4 && list[2] == 2);
    cr_assert_eq(list[3], 99);
    cr_assert(units_find_any(&session.units, 0, 4, early, list));
    cr_assert_eq(list[3], 0);
    cr_assert(!units_find_any(&session.units, 0, 4, instant_of(8 * HOUR_MS), list), "the first has started");
    cr_assert(!units_find_any(&session.units, 1, 1, early, list), "another pool");
}

Test(block, q14_takes_the_latest_free_units_marked_or_not)
{
    struct session session;
    size_t list[ROOM] = {99};

    draw(&session, ".#.g#b");
    cr_assert(!units_find_block(&session.units, 0, 5, early, list));
    cr_assert_eq(list[0], 99);
    cr_assert(units_find_block(&session.units, 0, 2, early, list));
    cr_assert(list[0] == 4 && list[1] == 2);
    cr_assert(!units_find_block(&session.units, 0, 4, instant_of(8 * HOUR_MS), list),
              "what has started is past blocking");
    cr_assert(units_find_block(&session.units, 0, 0, early, list));
}

/* The order in which units go, as numbers. */
static const char *cut(const char *signs, size_t count, bool booked)
{
    static char text[ROOM * 3];
    struct session session;
    size_t list[ROOM];
    int length = 0;

    draw(&session, signs);
    if (!units_find_cut(&session.units, 0, count, booked, list))
        return "none";
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, "%u ", session.list[list[i]].number);
    return text;
}

Test(cut, q10_blocked_units_go_first_then_the_latest_free)
{
    cr_assert_str_eq(cut("b.g#bf.", 1, false), "5 ");
    cr_assert_str_eq(cut("b.g#bf.", 3, false), "5 1 7 ");
    cr_assert_str_eq(cut("b.g#bf.", 5, false), "5 1 7 4 2 ");
    cr_assert_str_eq(cut("b.g#bf.", 6, false), "none");
    cr_assert_str_eq(cut("b.g#bf.", 0, false), "");
}

Test(cut, q10_booked_units_go_only_where_they_may_general_before_family)
{
    cr_assert_str_eq(cut("fgb.gf", 2, true), "3 4 ");
    cr_assert_str_eq(cut("fgb.gf", 4, true), "3 4 5 2 ");
    cr_assert_str_eq(cut("fgb.gf", 6, true), "3 4 5 2 6 1 ");
    cr_assert_str_eq(cut("fgb.gf", 7, true), "none");
    cr_assert_str_eq(cut("ggff", 1, false), "none");
}

Test(cut, q10_names_units_of_its_own_pool_only)
{
    struct session session;
    size_t list[ROOM] = {99};

    draw_group(&session, "g..", "bbb");
    cr_assert(units_find_cut(&session.units, 0, 2, false, list));
    cr_assert(session.list[list[0]].pool == 0 && session.list[list[0]].number == 3);
    cr_assert(session.list[list[1]].pool == 0 && session.list[list[1]].number == 2);
    cr_assert_eq(list[2], 0, "no more than asked for");
    cr_assert(!units_find_cut(&session.units, 0, 3, false, list));
}

/* ---- The order of the array ---- */

static bool is_before(const struct unit *a, const struct unit *b)
{
    return a->start.ms < b->start.ms || (a->start.ms == b->start.ms && a->pool < b->pool) ||
           (a->start.ms == b->start.ms && a->pool == b->pool && a->number < b->number);
}

/* By start, then pool, then number: every order in which up to six may come, of which some begin together. */
Test(units, q11_any_order_of_units_is_sorted)
{
    for (size_t count = 0, orders = 1; count <= 6; count++, orders *= count) {
        for (size_t order = 0; order < orders; order++) {
            struct unit list[6] = {{.number = 0}};
            struct units units = {list, count};
            size_t left = order;

            for (size_t i = 0; i < count; i++) { /* the i-th goes to one of i + 1 places */
                size_t to = left % (i + 1);

                left /= i + 1;
                memmove(&list[to + 1], &list[to], (i - to) * sizeof *list);
                list[to] = (struct unit){
                    .number = (uint32_t)i + 1, .pool = (uint32_t)i % 2, .start = instant_of(1 + (int64_t)i / 4)};
            }
            units_sort(&units);
            for (size_t i = 1; i < count; i++)
                cr_expect(is_before(&list[i - 1], &list[i]), "%zu of %zu: %zu", order, count, i);
        }
    }
}

Test(units, q7_a_unit_beyond_the_end_is_none)
{
    struct session session;
    struct unit_wish wish = {.count = 1, .channel = REFERRAL__CHANNEL__FAMILY_DOCTOR, .first_number = 3};
    size_t first = 0;

    draw(&session, "...");
    cr_assert(units_find(&session.units, &wish, early, &first));
    session.units.count = 2;
    cr_assert(!units_find(&session.units, &wish, early, &first));
}
