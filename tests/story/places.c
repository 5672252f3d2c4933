/* places.c - mornings at a hospital that keeps a fifth of its places for family doctors' patients (section 6). */
#include "story/world.h"

Test(places, q7_a_place_is_held_while_the_patient_is_on_the_phone_and_confirmed)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_refer(w, 1);
    world_place(w, "T07", "hold WANG family r1");
    cr_assert_str_eq(world_units(w, "WANG"), "f....");
    world_after(w, 240);
    world_place(w, "T07", "confirm b1");
    cr_assert_str_eq(world_units(w, "WANG"), "F....");
    world_place(w, "H1", "book WANG general HIS-1");
    world_place(w, "T07", "move b1 to WANG; first_unit=5");
    cr_assert_str_eq(world_units(w, "WANG"), ".G..F");
    world_event(w, "H1", "accept r1");
    world_place(w, "T07", "cancel b1");
    cr_assert_str_eq(world_units(w, "WANG"), ".G*..");
    world_expect(w, "[     0] T07 > hold WANG family r1\n"
                    "         T07 < accepted r1 DELIVERED, b1 HELD WANG 1 until 600\n"
                    "[   240] T07 > confirm b1\n"
                    "         T07 < accepted r1 BOOKED, b1 BOOKED WANG 1\n"
                    "         H1 < routine notice r1 book, BOOKED, b1 BOOKED WANG 1, attempt 1\n"
                    "[   240] H1 > book WANG general HIS-1\n"
                    "         H1 < accepted, b2 BOOKED WANG 2\n"
                    "[   240] T07 > move b1 to WANG; first_unit=5\n"
                    "         T07 < accepted r1 BOOKED, b1 BOOKED WANG 5\n"
                    "         H1 < routine notice r1 move, BOOKED, b1 BOOKED WANG 5, attempt 1\n"
                    "[   240] H1 > accept r1\n"
                    "         H1 < accepted r1 BOOKED\n"
                    "         T07 < routine notice r1 accept, BOOKED, attempt 1\n"
                    "[   240] T07 > cancel b1\n"
                    "         T07 < accepted r1 ACCEPTED, b1 CANCELLED WANG 5\n"
                    "         H1 < routine notice r1 cancel-booking, ACCEPTED, b1 CANCELLED WANG 5, attempt 1\n");
    world_close(w);
}

/* Q8: displaced family, family, displaced general, general; inside by priority, then by who waits longer. */
Test(places, q8_who_waits_is_offered_places_in_their_order)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 6 places");
    for (int n = 1; n <= 4; n++)
        world_refer(w, n);
    world_place(w, "T07", "book WANG family r1");
    world_place(w, "T07", "book WANG family r2");
    for (int i = 0; i < 4; i++)
        world_place(w, "H1", "book WANG general HIS-1");
    world_place(w, "H1", "join EXPERT general HIS-W");
    world_after(w, 60);
    world_place(w, "T07", "join EXPERT family r3");
    world_after(w, 60);
    world_submit(w, "T07", "r9", "up to H1, urgent, patient 9");
    world_place(w, "T07", "join EXPERT family r9");
    world_after(w, 60);
    world_place(w, "H1", "displace b6");
    world_place(w, "H1", "displace b2");
    world_forget(w);
    cr_assert_str_eq(world_units(w, "WANG"), "FBGGGB");
    /* Five wait: r2 was displaced, r9 is urgent, r3 waits longer; then the displaced one of HIS-1, then HIS-W. */
    world_publish(w, "H1", "LI EXPERT 12 places; fd_opens_at_ms=+60; general_opens_at_ms=+120");
    world_after(w, 60);
    world_after(w, 60);
    world_expect(
        w,
        "[   180] H1 > publish LI EXPERT 12 places; fd_opens_at_ms=+60; general_opens_at_ms=+120\n"
        "         H1 < accepted, 0 affected\n"
        "[   240]\n"
        "         T07 < urgent notice r9 place-offered, WAITLISTED, b7 HELD LI 2 until 7440, w3 waits for EXPERT, "
        "attempt 1\n"
        "         T07 < routine notice r2 place-offered, WAITLISTED, b8 HELD LI 1 until 7440, w4 waits first for "
        "EXPERT, attempt 1\n"
        "         T07 < routine notice r3 place-offered, WAITLISTED, b9 HELD LI 3 until 7440, w2 waits for EXPERT, "
        "attempt 1\n"
        "[   300]\n"
        "         H1 < routine notice place-offered, b10 HELD LI 4 until 7500, w5 waits first for EXPERT, attempt 1\n"
        "         H1 < routine notice place-offered, b11 HELD LI 5 until 7500, w1 waits for EXPERT, attempt 1\n");
    cr_assert_str_eq(world_units(w, "LI"), "fffgg.......");
    world_place(w, "T07", "confirm b8");
    world_place(w, "H1", "confirm b10");
    world_place(w, "T07", "leave w3");
    world_expect(w, "[   300] T07 > confirm b8\n"
                    "         T07 < accepted r2 BOOKED, b8 BOOKED LI 1\n"
                    "         H1 < routine notice r2 book, BOOKED, b8 BOOKED LI 1, attempt 1\n"
                    "[   300] H1 > confirm b10\n"
                    "         H1 < accepted, b10 BOOKED LI 4\n"
                    "[   300] T07 > leave w3\n"
                    "         T07 < accepted r9 DELIVERED, w3 waits for EXPERT\n"
                    "         H1 < urgent notice r9 leave-list, DELIVERED, attempt 1\n");
    cr_assert_str_eq(world_units(w, "LI"), "F.fGg..*....");
    world_close(w);
}

/* One unit and two who wait for it: r2 declines it, and for r3 it lapses. */
static struct world *open_declined_and_lapsed(void)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 1 places");
    for (int n = 1; n <= 3; n++)
        world_refer(w, n);
    world_place(w, "T07", "book WANG family r1");
    world_place(w, "T07", "join EXPERT family r2");
    world_after(w, 60);
    world_place(w, "T07", "join EXPERT family r3");
    world_forget(w);
    world_place(w, "T07", "cancel b1");
    world_place(w, "T07", "cancel b2");
    world_after(w, 7200);
    return w;
}

Test(places, q8_an_offer_declined_goes_to_the_next_and_one_that_lapses_to_nobody_who_had_it)
{
    struct world *w = open_declined_and_lapsed();

    world_expect(w, "[    60] T07 > cancel b1\n"
                    "         T07 < accepted r1 DELIVERED, b1 CANCELLED WANG 1\n"
                    "         T07 < routine notice r2 place-offered, WAITLISTED, b2 HELD WANG 1 until 7260, w1 waits "
                    "for EXPERT, attempt 1\n"
                    "         H1 < routine notice r1 cancel-booking, DELIVERED, b1 CANCELLED WANG 1, attempt 1\n"
                    "[    60] T07 > cancel b2\n"
                    "         T07 < accepted r2 WAITLISTED, b2 CANCELLED WANG 1\n"
                    "         T07 < routine notice r3 place-offered, WAITLISTED, b3 HELD WANG 1 until 7260, w2 waits "
                    "for EXPERT, attempt 1\n"
                    "[  7260]\n"
                    "         T07 < routine notice r3 place-lapsed, WAITLISTED, b3 LAPSED WANG 1, attempt 1\n");
    world_close(w);
}

/* Nobody is left for that unit; r2 and r3 wait on for others. */
Test(places, q8_the_third_offer_that_lapses_ends_the_waiting)
{
    struct world *w = open_declined_and_lapsed();

    world_forget(w);
    for (int i = 0; i < 3; i++) {
        world_publish(w, "H1",
                      i == 0   ? "ONE EXPERT 1 places on 2026-03-09"
                      : i == 1 ? "TWO EXPERT 1 places on 2026-03-10"
                               : "THREE EXPERT 1 places on 2026-03-11");
        world_after(w, 86400);
    }
    world_expect(w, "[  7260] H1 > publish ONE EXPERT 1 places on 2026-03-09\n"
                    "         H1 < accepted, 0 affected\n"
                    "         T07 < routine notice r2 place-offered, WAITLISTED, b4 HELD ONE 1 until 14460, w1 waits "
                    "for EXPERT, attempt 1\n"
                    "[ 14460]\n"
                    "         T07 < routine notice r2 place-lapsed, WAITLISTED, b4 LAPSED ONE 1, attempt 1\n"
                    "         T07 < routine notice r3 place-offered, WAITLISTED, b5 HELD ONE 1 until 21660, w2 waits "
                    "for EXPERT, attempt 1\n"
                    "[ 21660]\n"
                    "         T07 < routine notice r3 place-lapsed, WAITLISTED, b5 LAPSED ONE 1, attempt 1\n"
                    "[ 93660] H1 > publish TWO EXPERT 1 places on 2026-03-10\n"
                    "         H1 < accepted, 0 affected\n"
                    "         T07 < routine notice r2 place-offered, WAITLISTED, b6 HELD TWO 1 until 100860, w1 waits "
                    "for EXPERT, attempt 1\n"
                    "[100860]\n"
                    "         T07 < routine notice r2 place-lapsed, WAITLISTED, b6 LAPSED TWO 1, attempt 1\n"
                    "         T07 < routine notice r3 place-offered, WAITLISTED, b7 HELD TWO 1 until 108060, w2 waits "
                    "for EXPERT, attempt 1\n"
                    "[108060]\n"
                    "         H1 < routine notice r3 list-left, DELIVERED, w2 waits for EXPERT, attempt 1\n"
                    "         T07 < routine notice r3 place-lapsed, WAITLISTED, b7 LAPSED TWO 1, attempt 1\n"
                    "         T07 < routine notice r3 list-left, DELIVERED, w2 waits for EXPERT, attempt 1\n"
                    "[172800]\n"
                    "         H1 < routine notice r1 escalated, DELIVERED, attempt 1\n"
                    "         H1 < routine notice r2 escalated, WAITLISTED, attempt 1\n"
                    "         H1 < routine notice r3 escalated, DELIVERED, attempt 1\n"
                    "         T07 < routine notice r1 escalated, DELIVERED, attempt 1\n"
                    "         T07 < routine notice r2 escalated, WAITLISTED, attempt 1\n"
                    "         T07 < routine notice r3 escalated, DELIVERED, attempt 1\n"
                    "[180060] H1 > publish THREE EXPERT 1 places on 2026-03-11\n"
                    "         H1 < accepted, 0 affected\n"
                    "         T07 < routine notice r2 place-offered, WAITLISTED, b8 HELD THREE 1 until 187260, w1 "
                    "waits for EXPERT, attempt 1\n"
                    "[187260]\n"
                    "         H1 < routine notice r2 list-left, DELIVERED, w1 waits for EXPERT, attempt 1\n"
                    "         T07 < routine notice r2 place-lapsed, WAITLISTED, b8 LAPSED THREE 1, attempt 1\n"
                    "         T07 < routine notice r2 list-left, DELIVERED, w1 waits for EXPERT, attempt 1\n");
    world_close(w);
}

Test(places, q10_a_doctor_falls_ill_and_his_patients_wait_first_for_the_next_session)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    for (int n = 1; n <= 3; n++)
        world_refer(w, n);
    world_place(w, "H1", "book WANG general HIS-1");
    world_place(w, "T07", "book WANG family r1");
    world_place(w, "T07", "hold WANG family r2");
    world_place(w, "T07", "join EXPERT family r3; resource=LI");
    world_after(w, 60);
    world_forget(w);
    world_place(w, "H1", "call-off WANG");
    world_expect(
        w, "[    60] H1 > call-off WANG\n"
           "         H1 < accepted, 3 affected\n"
           "         H1 < routine notice place-displaced, b1 DISPLACED WANG 1, w2 waits first for EXPERT, attempt 1\n"
           "         T07 < routine notice r1 displace, WAITLISTED, b2 DISPLACED WANG 2, w3 waits first for EXPERT, "
           "attempt 1\n"
           "         T07 < routine notice r2 place-displaced, DELIVERED, b3 DISPLACED WANG 3, w4 waits first for "
           "EXPERT, attempt 1\n");
    world_place(w, "T07", "hold WANG family r3");
    world_publish(w, "H1", "LI EXPERT 5 places on 2026-03-06");
    world_place(w, "T07", "confirm b4");
    world_expect(
        w, "[    60] T07 > hold WANG family r3\n"
           "         T07 < refused HAS_PLACE (Q5) referral_id\n"
           "[    60] H1 > publish LI EXPERT 5 places on 2026-03-06\n"
           "         H1 < accepted, 0 affected\n"
           "         H1 < routine notice place-offered, b4 HELD LI 4 until 7260, w2 waits first for EXPERT, attempt 1\n"
           "         T07 < routine notice r1 place-offered, WAITLISTED, b5 HELD LI 1 until 7260, w3 waits first for "
           "EXPERT, attempt 1\n"
           "         T07 < routine notice r2 place-offered, DELIVERED, b6 HELD LI 2 until 7260, w4 waits first for "
           "EXPERT, attempt 1\n"
           "         T07 < routine notice r3 place-offered, WAITLISTED, b7 HELD LI 3 until 7260, w1 waits for EXPERT, "
           "attempt 1\n"
           "[    60] T07 > confirm b4\n"
           "         T07 < refused NOT_FOUND (P2) booking_id\n");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 0 R 0 B 0 G 0 F 0");
    cr_assert_str_eq(world_units(w, "LI"), "fffg.");
    world_close(w);
}

Test(places, q10_a_shorter_session_moves_its_patients_together_family_doctors_first)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 6 places");
    for (int n = 1; n <= 2; n++)
        world_refer(w, n);
    world_place(w, "H1", "book WANG general HIS-1; first_unit=1");
    world_place(w, "H1", "book WANG general HIS-2; first_unit=2");
    world_place(w, "H1", "book WANG general HIS-3; first_unit=6");
    world_place(w, "T07", "book WANG family r1; first_unit=5");
    world_place(w, "T07", "book WANG family r2; first_unit=4");
    world_forget(w);
    cr_assert_str_eq(world_units(w, "WANG"), "GG.FFG");
    world_place(w, "H1", "cut WANG; units[0]=4; units[1]=5; units[2]=6");
    world_place(w, "H1", "cut WANG; units[0]=4; units[1]=5; units[2]=6; displace=true");
    world_expect(
        w, "[     0] H1 > cut WANG; units[0]=4; units[1]=5; units[2]=6\n"
           "         H1 < refused BELOW_BOOKED (Q10) units[0]\n"
           "         H1 < refused BELOW_BOOKED (Q10) units[1]\n"
           "         H1 < refused BELOW_BOOKED (Q10) units[2]\n"
           "[     0] H1 > cut WANG; units[0]=4; units[1]=5; units[2]=6; displace=true\n"
           "         H1 < accepted, 4 affected\n"
           "         H1 < routine notice place-displaced, b2 DISPLACED WANG 2, w1 waits first for EXPERT, attempt 1\n"
           "         H1 < routine notice place-displaced, b3 DISPLACED WANG 6, w2 waits first for EXPERT, attempt 1\n"
           "         T07 < routine notice r1 place-moved, BOOKED, b4 BOOKED WANG 3, attempt 1\n"
           "         T07 < routine notice r2 place-moved, BOOKED, b5 BOOKED WANG 2, attempt 1\n");
    cr_assert_str_eq(world_units(w, "WANG"), "GFF");
    world_close(w);
}

Test(places, q6_what_nobody_took_of_the_reserve_is_released_to_who_waits_and_then_to_all)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 10 places");
    for (int i = 0; i < 8; i++)
        world_place(w, "H1", "book WANG general HIS-1");
    world_forget(w);
    world_place(w, "H1", "book WANG general HIS-9");
    world_place(w, "H1", "join EXPERT general HIS-W");
    world_until(w, 2 * 86400);
    world_place(w, "H1", "book WANG general HIS-9");
    world_place(w, "H1", "book WANG general HIS-10");
    world_expect(
        w, "[     0] H1 > book WANG general HIS-9\n"
           "         H1 < refused RESERVED (Q3)\n"
           "[     0] H1 > join EXPERT general HIS-W\n"
           "         H1 < accepted, w1 waits for EXPERT\n"
           "[172800]\n"
           "         H1 < routine notice place-offered, b9 HELD WANG 7 until 180000, w1 waits for EXPERT, attempt 1\n"
           "[172800] H1 > book WANG general HIS-9\n"
           "         H1 < accepted, b10 BOOKED WANG 10\n"
           "[172800] H1 > book WANG general HIS-10\n"
           "         H1 < refused NO_FREE (Q2)\n");
    cr_assert_str_eq(world_units(w, "WANG"), "GGGGGGgGGG");
    world_close(w);
}

Test(places, q12_patients_come_or_do_not_and_the_unit_is_spent)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    for (int n = 1; n <= 3; n++)
        world_refer(w, n);
    for (int n = 1; n <= 3; n++)
        world_place(w, "T07", n == 1 ? "book WANG family r1" : n == 2 ? "book WANG family r2" : "book WANG family r3");
    world_until(w, 3 * 86400 + 3600);
    world_forget(w);
    world_event(w, "H1", "arrive r1");
    world_event(w, "H1", "no-show r2");
    world_until(w, 4 * 86400 + 50 * 60);
    world_expect(w, "[262800] H1 > arrive r1\n"
                    "         H1 < accepted r1 ARRIVED\n"
                    "         H1 < routine notice r1 cured, ARRIVED, attempt 1\n"
                    "         T07 < routine notice r1 arrive, ARRIVED, b1 USED WANG 1, attempt 1\n"
                    "         T07 < routine notice r1 cured, ARRIVED, attempt 1\n"
                    "[262800] H1 > no-show r2\n"
                    "         H1 < accepted r2 NO_SHOW\n"
                    "         T07 < routine notice r2 no-show, NO_SHOW, b2 NO_SHOW WANG 2, attempt 1\n"
                    "[347400]\n"
                    "         H1 < routine notice r3 no-show, NO_SHOW, b3 NO_SHOW WANG 3, attempt 1\n"
                    "         T07 < routine notice r3 no-show, NO_SHOW, b3 NO_SHOW WANG 3, attempt 1\n");
    cr_assert_str_eq(world_units(w, "WANG"), "FFF..");
    world_close(w);
}

Test(places, q15_a_hospital_takes_an_allotment_and_gives_back_what_it_did_not_sell)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_place(w, "H1", "book WANG general APP; units=9; allotment=true");
    world_place(w, "H1", "book WANG general APP; units=5; allotment=true");
    cr_assert_str_eq(world_numbers(w, "WANG"), "C 10 R 2 B 0 G 5 F 0");
    world_place(w, "H1", "join EXPERT general HIS-W; units=2");
    world_place(w, "H1", "cancel b1; units[0]=10; units[1]=9; reason=");
    world_expect(
        w, "[     0] H1 > publish WANG EXPERT 10 places\n"
           "         H1 < accepted, 0 affected\n"
           "[     0] H1 > book WANG general APP; units=9; allotment=true\n"
           "         H1 < refused RESERVED (Q3)\n"
           "[     0] H1 > book WANG general APP; units=5; allotment=true\n"
           "         H1 < accepted, b1 BOOKED WANG 5-10\n"
           "[     0] H1 > join EXPERT general HIS-W; units=2\n"
           "         H1 < accepted, w1 waits for EXPERT\n"
           "[     0] H1 > cancel b1; units[0]=10; units[1]=9; reason=\n"
           "         H1 < accepted, b1 BOOKED WANG 5-7\n"
           "         H1 < routine notice place-offered, b2 HELD WANG 3-4 until 7200, w1 waits for EXPERT, attempt 1\n");
    cr_assert_str_eq(world_units(w, "WANG"), ".*ggGGG.*.");
    world_close(w);
}

/* Q5: one place in each class; a further one changes no state, and needs what it would need alone: a bed, that somebody
 * accepted. */
Test(places, q5_a_bed_is_booked_beside_the_specialist)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_publish(w, "H1", "WARD3 BED 5 places at 08:00 every 0");
    world_refer(w, 1);
    world_place(w, "T07", "book WARD3 family r1");
    world_place(w, "T07", "book WANG family r1");
    world_place(w, "T07", "book WARD3 family r1");
    world_event(w, "H1", "accept r1");
    world_place(w, "T07", "book WARD3 family r1");
    world_place(w, "T07", "book WANG family r1");
    world_place(w, "H1", "displace b2");
    world_place(w, "H1", "displace b1");
    world_expect(w, "[     0] T07 > book WARD3 family r1\n"
                    "         T07 < refused NOT_BOOKABLE_YET (Q5) referral_id, DELIVERED, next receiver\n"
                    "[     0] T07 > book WANG family r1\n"
                    "         T07 < accepted r1 BOOKED, b1 BOOKED WANG 1\n"
                    "         H1 < routine notice r1 book, BOOKED, b1 BOOKED WANG 1, attempt 1\n"
                    "[     0] T07 > book WARD3 family r1\n"
                    "         T07 < refused NOT_BOOKABLE_YET (Q5) referral_id, BOOKED, next patient\n"
                    "[     0] H1 > accept r1\n"
                    "         H1 < accepted r1 BOOKED\n"
                    "         T07 < routine notice r1 accept, BOOKED, attempt 1\n"
                    "[     0] T07 > book WARD3 family r1\n"
                    "         T07 < accepted r1 BOOKED, b2 BOOKED WARD3 1\n"
                    "         H1 < routine notice r1 place-booked, BOOKED, b2 BOOKED WARD3 1, attempt 1\n"
                    "[     0] T07 > book WANG family r1\n"
                    "         T07 < refused HAS_PLACE (Q5) referral_id\n"
                    "[     0] H1 > displace b2\n"
                    "         H1 < accepted r1 BOOKED, b2 DISPLACED WARD3 1\n"
                    "         T07 < routine notice r1 place-displaced, BOOKED, b2 DISPLACED WARD3 1, w1 waits first "
                    "for BED, attempt 1\n"
                    "         T07 < routine notice r1 place-offered, BOOKED, b3 HELD WARD3 2 until 7200, w1 waits "
                    "first for BED, attempt 1\n"
                    "[     0] H1 > displace b1\n"
                    "         H1 < accepted r1 WAITLISTED, b1 DISPLACED WANG 1\n"
                    "         T07 < routine notice r1 displace, WAITLISTED, b1 DISPLACED WANG 1, w2 waits first for "
                    "EXPERT, attempt 1\n"
                    "         T07 < routine notice r1 place-offered, WAITLISTED, b4 HELD WANG 2 until 7200, w2 waits "
                    "first for EXPERT, attempt 1\n");
    world_close(w);
}

/* Q7: his bed was booked first, his specialist sees him before. He is no walk-in: the place of the day is used, and the
 * bed is still his. */
Test(places, q7_who_comes_to_the_specialist_keeps_the_bed_of_another_day)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_publish(w, "H1", "WARD3 BED 5 places at 08:00 every 0 on 2026-03-09");
    world_refer(w, 1);
    world_event(w, "H1", "accept r1");
    world_place(w, "T07", "book WARD3 family r1");
    world_place(w, "T07", "book WANG family r1");
    world_forget(w);
    world_until(w, 262800);
    world_event(w, "H1", "arrive r1");
    cr_assert_str_eq(world_units(w, "WANG"), "F....");
    cr_assert_str_eq(world_units(w, "WARD3"), "F....");
    world_until(w, 54000 + 6 * 86400 + 8 * 3600);
    world_place(w, "H1", "used b1");
    world_expect(w, "[262800] H1 > arrive r1\n"
                    "         H1 < accepted r1 ARRIVED\n"
                    "         T07 < routine notice r1 arrive, ARRIVED, b2 USED WANG 1, attempt 1\n"
                    "[601200] H1 > used b1\n"
                    "         H1 < accepted r1 ARRIVED, b1 USED WARD3 1\n");
    world_close(w);
}

/* Q15: a place without a unit is the main one, too: who comes on its day comes for it, and what he has beside it that
 * day waits for him. */
Test(places, q15_who_comes_for_a_place_without_a_unit_keeps_the_one_beside_it)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "CT EXAM 5 places");
    world_refer(w, 1);
    world_event(w, "T07", "book r1; place.start_ms=+262800; place.end_ms=+266400");
    world_place(w, "T07", "book CT family r1");
    world_event(w, "H1", "accept r1");
    world_forget(w);
    world_until(w, 262800);
    world_event(w, "H1", "arrive r1");
    world_place(w, "H1", "used b1");
    world_expect(w, "[262800] H1 > arrive r1\n"
                    "         H1 < accepted r1 ARRIVED\n"
                    "         T07 < routine notice r1 arrive, ARRIVED, attempt 1\n"
                    "[262800] H1 > used b1\n"
                    "         H1 < accepted r1 ARRIVED, b1 USED CT 1\n");
    world_close(w);
}

/* Q12: he did not come yesterday, which nobody has said yet, and comes today for what he has beside it. */
Test(places, q12_who_comes_for_todays_place_has_not_come_for_yesterdays)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_publish(w, "H1", "CT EXAM 5 places on 2026-03-06");
    world_refer(w, 1);
    world_event(w, "H1", "accept r1");
    world_place(w, "T07", "book WANG family r1");
    world_place(w, "T07", "book CT family r1");
    world_forget(w);
    world_until(w, 345600);
    world_event(w, "H1", "arrive r1");
    world_until(w, 432000);
    world_expect(w, "[345600] H1 > arrive r1\n"
                    "         H1 < accepted r1 ARRIVED\n"
                    "         T07 < routine notice r1 arrive, ARRIVED, b2 USED CT 1, attempt 1\n"
                    "[348600]\n"
                    "         H1 < routine notice r1 no-show, ARRIVED, b1 NO_SHOW WANG 1, attempt 1\n"
                    "         T07 < routine notice r1 no-show, ARRIVED, b1 NO_SHOW WANG 1, attempt 1\n");
    world_close(w);
}

/* Q12: the hospital says a day later that he came for yesterday's. */
Test(places, q12_what_is_told_a_day_later_is_of_the_day_on_which_he_came)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WANG EXPERT 5 places");
    world_publish(w, "H1", "CT EXAM 5 places on 2026-03-06");
    world_refer(w, 1);
    world_event(w, "H1", "accept r1");
    world_place(w, "T07", "book CT family r1");
    world_place(w, "T07", "book WANG family r1");
    world_forget(w);
    world_until(w, 345600);
    world_event(w, "H1", "arrive r1; occurred_at_ms=1772683200000");
    world_expect(w, "[345600] H1 > arrive r1; occurred_at_ms=1772683200000\n"
                    "         H1 < accepted r1 ARRIVED\n"
                    "         T07 < routine notice r1 arrive, ARRIVED, b2 USED WANG 1, attempt 1\n");
    world_close(w);
}

/* Q12: neither is the main one, which is a bed of next week: he comes for the earlier one first. */
Test(places, q12_of_two_places_of_a_day_the_earlier_is_used_first)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WARD3 BED 5 places at 08:00 every 0 on 2026-03-09");
    world_publish(w, "H1", "WANG EXPERT 5 places at 14:00 on 2026-03-05");
    world_publish(w, "H1", "CT EXAM 5 places at 09:00 on 2026-03-05");
    world_refer(w, 1);
    world_event(w, "H1", "accept r1");
    world_place(w, "T07", "book WARD3 family r1");
    world_place(w, "T07", "book WANG family r1");
    world_place(w, "T07", "book CT family r1");
    world_forget(w);
    world_until(w, 262800);
    world_event(w, "H1", "arrive r1");
    world_expect(w, "[262800] H1 > arrive r1\n"
                    "         H1 < accepted r1 ARRIVED\n"
                    "         T07 < routine notice r1 arrive, ARRIVED, b3 USED CT 1, attempt 1\n");
    world_close(w);
}

/* Q12: both lie behind, and on neither day he came by what the hospital says: the later one is told of late. */
Test(places, q12_of_two_places_of_days_before_the_later_is_used)
{
    struct world *w = world_open_morning();

    world_publish(w, "H1", "WARD3 BED 5 places at 08:00 every 0 on 2026-03-12");
    world_publish(w, "H1", "WANG EXPERT 5 places at 20:00 on 2026-03-04");
    world_publish(w, "H1", "CT EXAM 5 places at 09:00 on 2026-03-05");
    world_refer(w, 1);
    world_event(w, "H1", "accept r1");
    world_place(w, "T07", "book WARD3 family r1");
    world_place(w, "T07", "book WANG family r1");
    world_place(w, "T07", "book CT family r1");
    world_forget(w);
    world_until(w, 273600);
    world_event(w, "H1", "arrive r1; occurred_at_ms=1772524800000");
    world_expect(w, "[273600] H1 > arrive r1; occurred_at_ms=1772524800000\n"
                    "         H1 < accepted r1 ARRIVED\n"
                    "         T07 < routine notice r1 arrive, ARRIVED, b3 USED CT 1, attempt 1\n");
    world_close(w);
}
