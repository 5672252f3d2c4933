/* places_cases.c - the cases of section 6 that break naive code, each over the real engine and store. tests/README.md lists them. */
#include "place.pb-c.h"
#include "query.pb-c.h"
#include "story/world.h"

#include <stdio.h>

/* H1 sells by itself, T07 has the team; both acknowledge whatever comes. */
static struct world *begin(void)
{
    struct world *w = world_open();

    world_connect(w, "H1", 1000);
    world_connect(w, "T07", 1000);
    world_good(w, "H1");
    world_good(w, "T07");
    world_forget(w);
    return w;
}

/* r<n> for a patient of its own, without a word. */
static const char *refer(struct world *w, int n)
{
    static char name[16], what[64];

    snprintf(name, sizeof name, "r%d", n);
    snprintf(what, sizeof what, "up to H1, routine, patient %d", n);
    world_submit(w, "T07", name, what);
    world_forget(w);
    return name;
}

/* So many of the hospital's own patients, all granted, without a word. */
static void fill_general(struct world *w, const char *pool, int count)
{
    char what[64];

    for (int i = 0; i < count; i++) {
        snprintf(what, sizeof what, "book %s general HIS-%d", pool, i);
        world_place(w, "H1", what);
    }
    cr_assert_eq(world_count(w, "refused"), 0);
    world_forget(w);
}

/* So many patients of the team's, from r<from> on. */
static void fill_family(struct world *w, const char *pool, int from, int count)
{
    char what[64];

    for (int i = 0; i < count; i++) {
        snprintf(what, sizeof what, "book %s family %s", pool, refer(w, from + i));
        world_place(w, "T07", what);
        cr_assert_eq(world_count(w, "refused"), 0);
    }
    world_forget(w);
}

/* Of H1, without a word. */
static uint64_t ledger_rows(struct world *w)
{
    world_say(w, "H1", "LIST_LEDGER", "hospital=H1");
    world_forget(w);
    return ((const Referral__LedgerPages *)world_result(w))->rows;
}

Test(cases, q3_of_two_takers_of_the_last_unmarked_unit_one_gets_it)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    fill_general(w, "WANG", 3);
    cr_assert_str_eq(world_units(w, "WANG"), "GGG*.");
    world_connect(w, "H1/b", 0);
    world_forget(w);
    world_gather(w);
    world_place(w, "H1", "book WANG general HIS-A");
    world_place(w, "H1/b", "book WANG general HIS-B");
    world_go(w);
    world_expect(w, "[     0] H1 > book WANG general HIS-A\n"
                    "[     0] H1/b > book WANG general HIS-B\n"
                    "         H1 < accepted, b4 BOOKED WANG 5\n"
                    "         H1/b < refused RESERVED (Q3)\n");
    cr_assert_str_eq(world_units(w, "WANG"), "GGG*G");
    world_close(w);
}

Test(cases, q2_of_two_takers_of_the_last_unit_one_gets_it_whatever_their_channel)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    fill_family(w, "WANG", 1, 1);
    fill_general(w, "WANG", 3);
    refer(w, 2);
    world_gather(w);
    world_place(w, "T07", "book WANG family r2");
    world_place(w, "H1", "book WANG general HIS-A");
    world_go(w);
    world_expect(w, "[     0] T07 > book WANG family r2\n"
                    "[     0] H1 > book WANG general HIS-A\n"
                    "         T07 < accepted r2 BOOKED, b5 BOOKED WANG 5\n"
                    "         H1 < refused NO_FREE (Q2)\n"
                    "         H1 < routine notice r2 book, BOOKED, b5 BOOKED WANG 5, attempt 1\n");

    world_publish(w, "H1", "LI EXPERT 5 places");
    fill_family(w, "LI", 3, 1);
    fill_general(w, "LI", 3);
    refer(w, 4);
    world_gather(w);
    world_place(w, "H1", "book LI general HIS-A");
    world_place(w, "T07", "book LI family r4");
    world_go(w);
    world_expect(w, "[     0] H1 > book LI general HIS-A\n"
                    "[     0] T07 > book LI family r4\n"
                    "         H1 < accepted, b10 BOOKED LI 5\n"
                    "         T07 < refused NO_FREE (Q2)\n");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 5 R 1 B 0 G 3 F 2");
    cr_assert_str_eq(world_numbers(w, "LI"), "C 5 R 1 B 0 G 4 F 1");
    world_close(w);
}

Test(cases, q7_a_hold_that_expires_in_the_instant_of_its_confirmation_is_taken_again_if_nobody_waits)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    refer(w, 1);
    world_place(w, "T07", "hold WANG family r1");
    world_gather(w);
    world_until(w, 600);
    world_place(w, "T07", "confirm b1");
    world_go(w);
    world_expect(w, "[     0] T07 > hold WANG family r1\n"
                    "         T07 < accepted r1 DELIVERED, b1 HELD WANG 1 until 600\n"
                    "[   600] T07 > confirm b1\n"
                    "         H1 < routine notice r1 book, BOOKED, b1 BOOKED WANG 1, attempt 1\n"
                    "         T07 < accepted r1 BOOKED, b1 BOOKED WANG 1\n"
                    "         T07 < routine notice r1 place-lapsed, DELIVERED, b1 LAPSED WANG 1, attempt 1\n");
    cr_assert_str_eq(world_units(w, "WANG"), "F....");
    world_close(w);
}

Test(cases, q7_a_hold_that_expires_in_the_instant_of_its_confirmation_goes_to_whoever_waits)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 1 places");
    refer(w, 1);
    refer(w, 2);
    world_place(w, "T07", "hold WANG family r1");
    world_place(w, "T07", "join EXPERT family r2");
    world_gather(w);
    world_until(w, 600);
    world_place(w, "T07", "confirm b1");
    world_go(w);
    world_expect(w, "[     0] T07 > hold WANG family r1\n"
                    "         T07 < accepted r1 DELIVERED, b1 HELD WANG 1 until 600\n"
                    "[     0] T07 > join EXPERT family r2\n"
                    "         T07 < accepted r2 WAITLISTED, w1 waits for EXPERT\n"
                    "         H1 < routine notice r2 waitlist, WAITLISTED, w1 waits for EXPERT, attempt 1\n"
                    "[   600] T07 > confirm b1\n"
                    "         T07 < refused HOLD_LOST (Q7) booking_id\n"
                    "         T07 < routine notice r1 place-lapsed, DELIVERED, b1 LAPSED WANG 1, attempt 1\n"
                    "         T07 < routine notice r2 place-offered, WAITLISTED, b2 HELD WANG 1 until 7800, w1 waits "
                    "for EXPERT, attempt 1\n");
    cr_assert_str_eq(world_units(w, "WANG"), "f");
    world_close(w);
}

Test(cases, d1_a_confirmation_retried_after_a_crash_is_done_once)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    refer(w, 1);
    world_place(w, "T07", "hold WANG family r1");
    world_place(w, "T07", "confirm b1");
    world_restart(w);
    world_connect(w, "H1", 10);
    world_connect(w, "T07", 10);
    world_forget(w);
    world_again(w, "T07");
    world_expect(w, "[     0] T07 > the same again\n"
                    "         T07 < accepted r1 BOOKED, b1 BOOKED WANG 1\n");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 5 R 1 B 0 G 0 F 1");
    world_close(w);
}

Test(cases, q7_cancelled_twice_frees_once)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 1 places");
    fill_family(w, "WANG", 1, 1);
    refer(w, 2);
    world_place(w, "T07", "(id c1) cancel b1");
    world_place(w, "T07", "book WANG family r2");
    world_place(w, "T07", "(id c1) cancel b1");
    world_place(w, "T07", "cancel b1");
    world_expect(w, "[     0] T07 > (id c1) cancel b1\n"
                    "         T07 < accepted r1 DELIVERED, b1 CANCELLED WANG 1\n"
                    "         H1 < routine notice r1 cancel-booking, DELIVERED, b1 CANCELLED WANG 1, attempt 1\n"
                    "[     0] T07 > book WANG family r2\n"
                    "         T07 < accepted r2 BOOKED, b2 BOOKED WANG 1\n"
                    "         H1 < routine notice r2 book, BOOKED, b2 BOOKED WANG 1, attempt 1\n"
                    "[     0] T07 > (id c1) cancel b1\n"
                    "         T07 < accepted r1 DELIVERED, b1 CANCELLED WANG 1\n"
                    "[     0] T07 > cancel b1\n"
                    "         T07 < refused BOOKING_NOT_NOW (Q7) booking_id\n");
    cr_assert_str_eq(world_units(w, "WANG"), "F");
    world_close(w);
}

Test(cases, q10_a_cut_below_what_is_booked_needs_displace_and_spares_family_doctors_patients)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 10 places");
    fill_family(w, "WANG", 1, 2);
    fill_general(w, "WANG", 5);
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

Test(cases, q10_p_raised_in_the_middle_of_the_day_closes_general_until_it_is_met)
{
    struct world *w = begin();

    world_connect(w, "OP", 0);
    world_publish(w, "H1", "WANG EXPERT 10 places");
    fill_general(w, "WANG", 6);
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

Test(cases, q_half_past_eleven_at_night_in_greenwich_is_the_next_day_in_shanghai)
{
    struct world *w = begin();

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
    fill_family(w, "EARLY", 1, 1);
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
Test(cases, c4_a_clock_that_steps_back_over_the_release_neither_releases_nor_keeps_anything_again)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_publish(w, "H1", "LI EXPERT 5 places on 2026-03-06");
    world_until(w, 2 * 86400);
    cr_assert_str_eq(world_units(w, "WANG"), ".....");
    world_hold(w, true);
    world_until(w, 3 * 86400);
    cr_assert_str_eq(world_units(w, "WANG"), ".....");
    cr_assert_str_eq(world_units(w, "LI"), "..*..");
    fill_general(w, "LI", 4);
    world_place(w, "H1", "book LI general HIS-A");
    world_hold(w, false);
    world_place(w, "H1", "book LI general HIS-A");
    world_expect(w, "[259200] H1 > book LI general HIS-A\n"
                    "         H1 < refused RESERVED (Q3)\n"
                    "[259200] H1 > book LI general HIS-A\n"
                    "         H1 < accepted, b5 BOOKED LI 4\n");
    world_close(w);
}

Test(cases, q7_a_three_unit_exam_is_not_held_by_scattered_units)
{
    struct world *w = begin();

    world_publish(w, "H1", "CT EXAM 9 places; span=3");
    for (int n = 1; n <= 5; n++)
        refer(w, n);
    world_place(w, "T07", "book CT family r1; first_unit=3");
    world_place(w, "T07", "book CT family r2; first_unit=6");
    world_place(w, "T07", "book CT family r3; first_unit=9");
    world_forget(w);
    world_place(w, "T07", "book CT family r4; units=3");
    world_place(w, "T07", "join EXAM family r4; units=3");
    world_place(w, "T07", "join EXAM family r5");
    world_place(w, "T07", "cancel b2");
    world_expect(w, "[     0] T07 > book CT family r4; units=3\n"
                    "         T07 < refused NOT_CONSECUTIVE (Q7)\n"
                    "[     0] T07 > join EXAM family r4; units=3\n"
                    "         T07 < accepted r4 WAITLISTED, w1 waits for EXAM\n"
                    "         H1 < routine notice r4 waitlist, WAITLISTED, w1 waits for EXAM, attempt 1\n"
                    "[     0] T07 > join EXAM family r5\n"
                    "         T07 < accepted r5 WAITLISTED, w2 waits for EXAM\n"
                    "         T07 < routine notice r5 place-offered, WAITLISTED, b4 HELD CT 1 until 7200, w2 waits for "
                    "EXAM, attempt 1\n"
                    "         H1 < routine notice r5 waitlist, WAITLISTED, w2 waits for EXAM, attempt 1\n"
                    "[     0] T07 > cancel b2\n"
                    "         T07 < accepted r2 DELIVERED, b2 CANCELLED CT 6\n"
                    "         T07 < routine notice r4 place-offered, WAITLISTED, b5 HELD CT 4-6 until 7200, w1 waits "
                    "for EXAM, attempt 1\n"
                    "         H1 < routine notice r2 cancel-booking, DELIVERED, b2 CANCELLED CT 6, attempt 1\n");
    cr_assert_str_eq(world_units(w, "CT"), "f.Ffff..F");
    world_close(w);
}

/* Q1: rounding is always up, so that a pool of one keeps all, and one of four or five keeps one. */
Test(cases, q1_pools_of_none_one_four_and_five)
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
    struct world *w = begin();
    char what[64];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world_publish(w, "H1", rows[i].publish);
        fill_general(w, rows[i].pool, rows[i].general);
        snprintf(what, sizeof what, "book %s general HIS-A", rows[i].pool);
        world_place(w, "H1", what);
        cr_assert_eq(world_count(w, "refused"), 1, "%s", rows[i].pool);
        cr_assert_eq(world_count(w, rows[i].refusal), 1, "%s", rows[i].pool);
        cr_assert_str_eq(world_numbers(w, rows[i].pool), rows[i].numbers);
        if (i > 0)
            fill_family(w, rows[i].pool, (int)i, 1);
        world_forget(w);
    }
    world_close(w);
}

Test(cases, q14_the_whole_reserve_is_blocked_for_a_grave_reason_only)
{
    struct world *w = begin();

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

Test(cases, q6_a_release_at_the_opening_leaves_no_pool_without_a_reserve)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 5 places; fd_opens_at_ms=@200000; release_at_ms=@200000");
    world_until(w, 200000);
    fill_general(w, "WANG", 4);
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

Test(cases, q8_a_general_patient_who_waited_longer_does_not_pass_a_family_doctors)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    fill_family(w, "WANG", 1, 1);
    fill_general(w, "WANG", 4);
    refer(w, 2);
    world_place(w, "H1", "join EXPERT general HIS-W");
    world_after(w, 60);
    world_place(w, "T07", "join EXPERT family r2");
    world_after(w, 60);
    world_forget(w);
    world_place(w, "H1", "cancel b3");
    world_place(w, "H1", "cancel b4");
    world_expect(
        w, "[   120] H1 > cancel b3\n"
           "         H1 < accepted, b3 CANCELLED WANG 3\n"
           "         T07 < routine notice r2 place-offered, WAITLISTED, b6 HELD WANG 3 until 7320, w2 waits for "
           "EXPERT, attempt 1\n"
           "[   120] H1 > cancel b4\n"
           "         H1 < accepted, b4 CANCELLED WANG 4\n"
           "         H1 < routine notice place-offered, b7 HELD WANG 4 until 7320, w1 waits for EXPERT, attempt 1\n");
    world_close(w);
}

Test(cases, q5_the_same_patient_has_one_place_through_two_teams)
{
    struct world *w = begin();

    world_connect(w, "OP", 0);
    world_say(w, "OP", "PUT_TEAM",
              "id=TEAM8; institution=T07; name=第八团队; members[0].name=孙医生; members[0].phone=13800000002;"
              "active_from=2020-01-01");
    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_submit(w, "T07", "r1", "up to H1, routine, patient 1");
    world_submit(w, "T07", "r2", "up to H1, routine, patient 1; team_id=TEAM8");
    world_forget(w);
    world_place(w, "T07", "hold WANG family r1");
    world_place(w, "T07", "hold WANG family r2");
    world_place(w, "T07", "join EXPERT family r2");
    world_place(w, "T07", "cancel b1");
    world_place(w, "T07", "hold WANG family r2");
    world_expect(w, "[     0] T07 > hold WANG family r1\n"
                    "         T07 < accepted r1 DELIVERED, b1 HELD WANG 1 until 600\n"
                    "[     0] T07 > hold WANG family r2\n"
                    "         T07 < refused PATIENT_HAS_PLACE (Q5) referral_id\n"
                    "[     0] T07 > join EXPERT family r2\n"
                    "         T07 < refused PATIENT_HAS_PLACE (Q5) referral_id\n"
                    "[     0] T07 > cancel b1\n"
                    "         T07 < accepted r1 DELIVERED, b1 CANCELLED WANG 1\n"
                    "[     0] T07 > hold WANG family r2\n"
                    "         T07 < accepted r2 DELIVERED, b2 HELD WANG 1 until 600\n");
    world_close(w);
}

Test(cases, l6_a_referral_cancelled_while_its_hold_lives_frees_it_at_once)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 1 places");
    refer(w, 1);
    refer(w, 2);
    world_place(w, "T07", "hold WANG family r1");
    world_place(w, "T07", "join EXPERT family r2");
    world_forget(w);
    world_event(w, "T07", "cancel r1");
    world_place(w, "T07", "confirm b1");
    world_until(w, 601);
    world_expect(w, "[     0] T07 > cancel r1\n"
                    "         T07 < accepted r1 CANCELLED\n"
                    "         T07 < routine notice r2 place-offered, WAITLISTED, b2 HELD WANG 1 until 7200, w1 waits "
                    "for EXPERT, attempt 1\n"
                    "         H1 < routine notice r1 cancel, CANCELLED, attempt 1\n"
                    "[     0] T07 > confirm b1\n"
                    "         T07 < refused BOOKING_NOT_NOW (Q7) booking_id\n");
    cr_assert_str_eq(world_units(w, "WANG"), "f");
    world_close(w);
}

Test(cases, q10_a_pool_published_twice_is_one_pool)
{
    struct world *w = begin();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    fill_general(w, "WANG", 2);
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

Test(cases, q11_a_group_with_a_large_pool_keeps_one_share_of_all)
{
    struct world *w = begin();

    for (int i = 1; i <= 4; i++) {
        char what[64];

        snprintf(what, sizeof what, "DR%d EXPERT 1 places", i);
        world_publish(w, "H1", what);
    }
    world_say(w, "H1", "PUT_GROUP", "hospital=H1; class=EXPERT; department=MED; date=2026-03-05");
    world_publish(w, "H1", "WARD EXPERT 20 places");
    cr_assert_str_eq(world_numbers(w, "WARD"), "C 20 R 5 B 0 G 0 F 0");
    world_forget(w);
    fill_general(w, "DR1", 1);
    fill_general(w, "DR2", 1);
    fill_general(w, "DR3", 1);
    cr_assert_str_eq(world_units(w, "WARD"), ".*...*...*...*...*..");
    fill_general(w, "WARD", 16);
    world_place(w, "H1", "book DR1 general HIS-A");
    world_place(w, "H1", "book WARD general HIS-A");
    world_place(w, "H1", "book DR4 general HIS-A");
    world_expect(w, "[     0] H1 > book DR1 general HIS-A\n"
                    "         H1 < refused NO_FREE (Q2)\n"
                    "[     0] H1 > book WARD general HIS-A\n"
                    "         H1 < refused RESERVED (Q3)\n"
                    "[     0] H1 > book DR4 general HIS-A\n"
                    "         H1 < refused RESERVED (Q3)\n");
    fill_family(w, "DR4", 1, 1);
    fill_family(w, "WARD", 2, 4);
    refer(w, 6);
    world_place(w, "T07", "book WARD family r6");
    world_expect(w, "[     0] T07 > book WARD family r6\n"
                    "         T07 < refused NO_FREE (Q2)\n");
    world_close(w);
}
