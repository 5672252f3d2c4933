/* places_capacity.c - the cases of section 6 that break naive code, where capacity, shares and times are what they
 * should not be: each over the real engine and store. tests/README.md lists them. */
#include "place.pb-c.h"
#include "query.pb-c.h"
#include "story/world.h"

#include <stdio.h>

/* Of H1, without a word. */
static uint64_t ledger_rows(struct world *w)
{
    world_say(w, "H1", "LIST_LEDGER", "hospital=H1");
    world_forget(w);
    return ((const Referral__LedgerPages *)world_result(w))->rows;
}

Test(capacity, q10_a_cut_below_what_is_booked_needs_displace_and_spares_family_doctors_patients)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_book_family(w, "WANG", 1, 2);
    world_book_general(w, "WANG", 5);
    world_place(w, "H1", "block WANG; count=1");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 10 R 2 B 1 G 5 F 2");
    world_forget(w);

    world_place(w, "H1", "cut WANG; count=3");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 7 R 2 B 0 G 5 F 2");
    world_place(w, "H1", "cut WANG; count=1");
    world_place(w, "H1", "cut WANG; count=4; displace=true");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 3 R 1 B 0 G 1 F 2");
    world_place(w, "H1", "cut WANG; count=2; displace=true");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 1 R 1 B 0 G 0 F 1");
    world_expect(
        w, "[     0] H1 > cut WANG; count=3\n"
           "         H1 < accepted, 0 affected\n"
           "[     0] H1 > cut WANG; count=1\n"
           "         H1 < refused BELOW_BOOKED (Q10) count\n"
           "[     0] H1 > cut WANG; count=4; displace=true\n"
           "         H1 < accepted, 4 affected\n"
           "         H1 < routine notice place-displaced, b4 DISPLACED WANG 4, w1 waits first for EXPERT, attempt 1\n"
           "         H1 < routine notice place-displaced, b5 DISPLACED WANG 5, w2 waits first for EXPERT, attempt 1\n"
           "         H1 < routine notice place-displaced, b6 DISPLACED WANG 6, w3 waits first for EXPERT, attempt 1\n"
           "         H1 < routine notice place-displaced, b7 DISPLACED WANG 7, w4 waits first for EXPERT, attempt 1\n"
           "[     0] H1 > cut WANG; count=2; displace=true\n"
           "         H1 < accepted, 2 affected\n"
           "         H1 < routine notice place-displaced, b3 DISPLACED WANG 3, w5 waits first for EXPERT, attempt 1\n"
           "         T07 < routine notice r2 displace, WAITLISTED, b2 DISPLACED WANG 2, w6 waits first for EXPERT, "
           "attempt 1\n");
    world_close(w);
}

Test(capacity, q10_p_raised_in_the_middle_of_the_day_closes_general_until_it_is_met)
{
    struct world *w = world_open_morning();

    world_connect(w, "OP", 0);
    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_book_general(w, "WANG", 6);
    world_publish(w, "H1", "WANG EXPERT 10 places; reserve_bp=5000");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 10 R 5 B 0 G 6 F 0, 1 short");
    world_place(w, "H1", "book WANG general HIS-A");
    world_say(w, "OP", "LIST_ALARMS", "");
    cr_assert_eq(((const Referral__AlarmList *)world_result(w))->n_alarms, 1);
    world_place(w, "H1", "cancel b6");
    world_place(w, "H1", "book WANG general HIS-A");
    world_say(w, "OP", "LIST_ALARMS", "");
    cr_assert_eq(((const Referral__AlarmList *)world_result(w))->n_alarms, 0);
    world_expect(w, "[     0] H1 > publish WANG EXPERT 10 places; reserve_bp=5000\n"
                    "         H1 < accepted, 0 affected\n"
                    "[     0] H1 > book WANG general HIS-A\n"
                    "         H1 < refused GENERAL_CLOSED (Q10)\n"
                    "[     0] OP > LIST_ALARMS\n"
                    "         OP < answered\n"
                    "[     0] H1 > cancel b6\n"
                    "         H1 < accepted, b6 CANCELLED WANG 6\n"
                    "[     0] H1 > book WANG general HIS-A\n"
                    "         H1 < refused RESERVED (Q3)\n"
                    "[     0] OP > LIST_ALARMS\n"
                    "         OP < answered\n");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 10 R 5 B 0 G 5 F 0");
    world_close(w);
}

Test(capacity, q_half_past_eleven_at_night_in_greenwich_is_the_next_day_in_shanghai)
{
    struct world *w = world_open_morning();

    /* 2026-03-05 23:30 UTC */
    world_publish(w, "H1", "EARLY EXPERT 5 places on 2026-03-06 at 07:30");
    world_publish(w, "H1", "WRONG EXPERT 5 places on 2026-03-06 at 07:30; pool.date=2026-03-05");
    /* 2026-03-06 15:30 UTC */
    world_publish(w, "H1", "LATE EXPERT 2 places on 2026-03-06 at 23:30");
    world_publish(w, "H1", "TOOLATE EXPERT 4 places on 2026-03-06 at 23:30");
    world_say(w, "H1", "LIST_POOLS", "hospital=H1; first_date=2026-03-06");
    cr_assert_eq(((const Referral__PoolList *)world_result(w))->n_pools, 2);
    world_expect(w, "[     0] H1 > publish EARLY EXPERT 5 places on 2026-03-06 at 07:30\n"
                    "         H1 < accepted, 0 affected\n"
                    "[     0] H1 > publish WRONG EXPERT 5 places on 2026-03-06 at 07:30; pool.date=2026-03-05\n"
                    "         H1 < refused OTHER_DAY (Q) units[0].start_ms\n"
                    "[     0] H1 > publish LATE EXPERT 2 places on 2026-03-06 at 23:30\n"
                    "         H1 < accepted, 0 affected\n"
                    "[     0] H1 > publish TOOLATE EXPERT 4 places on 2026-03-06 at 23:30\n"
                    "         H1 < refused OTHER_DAY (Q) units[0].start_ms\n"
                    "[     0] H1 > LIST_POOLS hospital=H1; first_date=2026-03-06\n"
                    "         H1 < answered\n");
    /* Who comes at 07:40 comes on the day, whatever day it is in Greenwich. */
    world_book_family(w, "EARLY", 1, 1);
    world_until(w, 4 * 86400 - 80 * 60);
    world_forget(w);
    world_event(w, "H1", "arrive r1");
    world_expect(w, "[340800] H1 > arrive r1\n"
                    "         H1 < accepted r1 ARRIVED\n"
                    "         H1 < routine notice r1 cured, ARRIVED, attempt 1\n"
                    "         T07 < routine notice r1 arrive, ARRIVED, b1 USED EARLY 1, attempt 1\n"
                    "         T07 < routine notice r1 cured, ARRIVED, attempt 1\n");
    cr_assert_str_eq(world_units(w, "EARLY"), "F....");
    world_close(w);
}

/* C2, C4: the broker's time goes on whatever the wall clock does; one that stepped back leaves it in doubt. */
Test(capacity, c4_a_clock_that_steps_back_over_the_release_neither_releases_nor_keeps_anything_again)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_publish(w, "H1", "LI EXPERT 5 places on 2026-03-06");
    world_until(w, 2 * 86400);
    cr_assert_str_eq(world_units(w, "WANG"), ".....");
    world_hold(w, true);
    world_until(w, 3 * 86400);
    cr_assert_str_eq(world_units(w, "WANG"), ".....");
    cr_assert_str_eq(world_units(w, "LI"), "..*..");
    world_book_general(w, "LI", 4);
    world_place(w, "H1", "book LI general HIS-A");
    world_hold(w, false);
    world_place(w, "H1", "book LI general HIS-A");
    world_expect(w, "[259200] H1 > book LI general HIS-A\n"
                    "         H1 < refused RESERVED (Q3)\n"
                    "[259200] H1 > book LI general HIS-A\n"
                    "         H1 < accepted, b5 BOOKED LI 4\n");
    world_close(w);
}

/* Q1: rounding is always up, so that a pool of one keeps all, and one of four or five keeps one. */
Test(capacity, q1_pools_of_none_one_four_and_five)
{
    static const struct {
        const char *pool, *publish;
        int general;
        const char *numbers, *refusal;
    } rows[] = {
        {"NONE", "NONE EXPERT 0 places; units=", 0, "C 0 R 0 B 0 G 0 F 0", "NO_FREE"},
        {"ONE", "ONE EXPERT 1 places", 0, "C 1 R 1 B 0 G 0 F 0", "RESERVED"},
        {"FOUR", "FOUR EXPERT 4 places", 3, "C 4 R 1 B 0 G 3 F 0", "RESERVED"},
        {"FIVE", "FIVE EXPERT 5 places", 4, "C 5 R 1 B 0 G 4 F 0", "RESERVED"},
    };
    struct world *w = world_open_morning();
    char what[64];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world_publish(w, "H1", rows[i].publish);
        world_book_general(w, rows[i].pool, rows[i].general);
        snprintf(what, sizeof what, "book %s general HIS-A", rows[i].pool);
        world_place(w, "H1", what);
        cr_assert_eq(world_count(w, "refused"), 1, "%s", rows[i].pool);
        cr_assert_eq(world_count(w, rows[i].refusal), 1, "%s", rows[i].pool);
        cr_assert_str_eq(world_numbers(w, rows[i].pool), rows[i].numbers);
        if (i > 0)
            world_book_family(w, rows[i].pool, (int)i, 1);
        world_forget(w);
    }
    world_close(w);
}

Test(capacity, q14_the_whole_reserve_is_blocked_for_a_grave_reason_only)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_place(w, "H1", "block WANG; count=10");
    world_place(w, "H1", "block WANG; count=8");
    world_place(w, "H1", "block WANG; count=2");
    world_place(w, "H1", "block WANG; count=2; reason=STAFF_ABSENT");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 10 R 2 B 10 G 0 F 0, 2 short");
    world_place(w, "H1", "book WANG general HIS-1");
    world_place(w, "H1", "unblock WANG; count=2");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 10 R 2 B 8 G 0 F 0");
    world_place(w, "H1", "book WANG general HIS-1");
    world_expect(w, "[     0] H1 > publish WANG EXPERT 10 places\n"
                    "         H1 < accepted, 0 affected\n"
                    "[     0] H1 > block WANG; count=10\n"
                    "         H1 < refused BLOCK_EATS_RESERVE (Q14) reason\n"
                    "[     0] H1 > block WANG; count=8\n"
                    "         H1 < accepted\n"
                    "[     0] H1 > block WANG; count=2\n"
                    "         H1 < refused BLOCK_EATS_RESERVE (Q14) reason\n"
                    "[     0] H1 > block WANG; count=2; reason=STAFF_ABSENT\n"
                    "         H1 < accepted\n"
                    "[     0] H1 > book WANG general HIS-1\n"
                    "         H1 < refused NO_FREE (Q2)\n"
                    "[     0] H1 > unblock WANG; count=2\n"
                    "         H1 < accepted\n"
                    "[     0] H1 > book WANG general HIS-1\n"
                    "         H1 < refused RESERVED (Q3)\n");
    world_close(w);
}

Test(capacity, q6_a_release_at_the_opening_leaves_no_pool_without_a_reserve)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places; fd_opens_at_ms=@200000; release_at_ms=@200000");
    world_until(w, 200000);
    world_book_general(w, "WANG", 4);
    world_place(w, "H1", "book WANG general HIS-A");
    world_until(w, 3 * 86400 - 7201);
    world_place(w, "H1", "book WANG general HIS-A");
    world_until(w, 3 * 86400 - 7200);
    world_place(w, "H1", "book WANG general HIS-A");
    world_expect(w, "[200000] H1 > book WANG general HIS-A\n"
                    "         H1 < refused RESERVED (Q3)\n"
                    "[251999] H1 > book WANG general HIS-A\n"
                    "         H1 < refused RESERVED (Q3)\n"
                    "[252000] H1 > book WANG general HIS-A\n"
                    "         H1 < accepted, b5 BOOKED WANG 4\n");
    world_close(w);
}

Test(capacity, q10_a_pool_published_twice_is_one_pool)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_book_general(w, "WANG", 2);
    cr_assert_eq(ledger_rows(w), 3);
    world_publish(w, "H1", "WANG EXPERT 5 places");
    cr_assert_str_eq(world_units(w, "WANG"), "GG.*.");
    cr_assert_eq(ledger_rows(w), 3, "nothing differs, so nothing is written");
    world_publish(w, "H1", "WANG EXPERT 7 places");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 7 R 2 B 0 G 2 F 0");
    world_publish(w, "H1", "WANG EXPERT 5 places");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 5 R 1 B 0 G 2 F 0");
    world_expect(w, "[     0] H1 > publish WANG EXPERT 7 places\n"
                    "         H1 < accepted, 0 affected\n"
                    "[     0] H1 > publish WANG EXPERT 5 places\n"
                    "         H1 < accepted, 0 affected\n");
    world_close(w);
}

Test(capacity, q11_a_group_with_a_large_pool_keeps_one_share_of_all)
{
    struct world *w = world_open_morning();

    for (int i = 1; i <= 4; i++) {
        char what[64];

        snprintf(what, sizeof what, "DR%d EXPERT 1 places", i);
        world_publish(w, "H1", what);
    }
    world_say(w, "H1", "PUT_GROUP", "hospital=H1; class=EXPERT; department=MED; date=2026-03-05");
    world_publish(w, "H1", "WARD EXPERT 20 places");
    cr_assert_str_eq(world_numbers(w, "WARD"), "C 20 R 5 B 0 G 0 F 0");
    world_forget(w);
    world_book_general(w, "DR1", 1);
    world_book_general(w, "DR2", 1);
    world_book_general(w, "DR3", 1);
    cr_assert_str_eq(world_units(w, "WARD"), ".*...*...*...*...*..");
    world_book_general(w, "WARD", 16);
    world_place(w, "H1", "book DR1 general HIS-A");
    world_place(w, "H1", "book WARD general HIS-A");
    world_place(w, "H1", "book DR4 general HIS-A");
    world_expect(w, "[     0] H1 > book DR1 general HIS-A\n"
                    "         H1 < refused NO_FREE (Q2)\n"
                    "[     0] H1 > book WARD general HIS-A\n"
                    "         H1 < refused RESERVED (Q3)\n"
                    "[     0] H1 > book DR4 general HIS-A\n"
                    "         H1 < refused RESERVED (Q3)\n");
    world_book_family(w, "DR4", 1, 1);
    world_book_family(w, "WARD", 2, 4);
    world_refer(w, 6);
    world_place(w, "T07", "book WARD family r6");
    world_expect(w, "[     0] T07 > book WARD family r6\n"
                    "         T07 < refused NO_FREE (Q2)\n");
    world_close(w);
}
