/* places_taking.c - the cases of section 6 that break naive code, where somebody takes, confirms or gives back: each
 * over the real engine and store. tests/README.md lists them. */
#include "story/world.h"

Test(taking, q3_of_two_takers_of_the_last_unmarked_unit_one_gets_it)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_book_general(w, "WANG", 3);
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

Test(taking, q2_of_two_takers_of_the_last_unit_one_gets_it_whatever_their_channel)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_book_family(w, "WANG", 1, 1);
    world_book_general(w, "WANG", 3);
    world_refer(w, 2);
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
    world_book_family(w, "LI", 3, 1);
    world_book_general(w, "LI", 3);
    world_refer(w, 4);
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

Test(taking, q7_a_hold_that_expires_in_the_instant_of_its_confirmation_is_taken_again_if_nobody_waits)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_refer(w, 1);
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
                    "         T07 < routine notice r1 place-lapsed, DELIVERED, b1 LAPSED WANG 1, attempt 1\n"
                    "         T07 < routine notice r1 book, BOOKED, b1 BOOKED WANG 1, attempt 1\n");
    cr_assert_str_eq(world_units(w, "WANG"), "F....");
    world_close(w);
}

Test(taking, q7_a_hold_that_expires_in_the_instant_of_its_confirmation_goes_to_whoever_waits)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 1 places");
    world_refer(w, 1);
    world_refer(w, 2);
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

Test(taking, d1_a_confirmation_retried_after_a_crash_is_done_once)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_refer(w, 1);
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

Test(taking, q7_cancelled_twice_frees_once)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 1 places");
    world_book_family(w, "WANG", 1, 1);
    world_refer(w, 2);
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

Test(taking, q7_a_three_unit_exam_is_not_held_by_scattered_units)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "CT EXAM 9 places; span=3");
    for (int n = 1; n <= 5; n++)
        world_refer(w, n);
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

Test(taking, q8_a_general_patient_who_waited_longer_does_not_pass_a_family_doctors)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_book_family(w, "WANG", 1, 1);
    world_book_general(w, "WANG", 4);
    world_refer(w, 2);
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

Test(taking, q5_the_same_patient_has_one_place_through_two_teams)
{
    struct world *w = world_open_morning();

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

Test(taking, l6_a_referral_cancelled_while_its_hold_lives_frees_it_at_once)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 1 places");
    world_refer(w, 1);
    world_refer(w, 2);
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
