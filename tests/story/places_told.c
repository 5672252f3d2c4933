/* places_told.c - who learns what became of a place: whoever did not cause it, and nobody of what he did himself
 * (L2). */
#include "story/world.h"

static struct world *begin(void)
{
    struct world *w = world_open();

    world_connect(w, "H1", 1000);
    world_connect(w, "T07", 1000);
    world_good(w, "H1");
    world_good(w, "T07");
    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_submit(w, "T07", "r1", "up to H1, routine, patient 1");
    world_submit(w, "T07", "r2", "up to H1, routine, patient 2");
    world_event(w, "H1", "accept r1");
    world_event(w, "H1", "accept r2");
    world_forget(w);
    return w;
}

Test(told, l2_a_hospital_is_not_told_of_its_own_sales)
{
    struct world *w = begin();

    world_place(w, "H1", "hold WANG general HIS-1");
    world_place(w, "H1", "confirm b1");
    world_place(w, "H1", "move b1 to WANG; first_unit=8");
    world_place(w, "H1", "cancel b1");
    world_place(w, "H1", "book WANG general APP; units=3; allotment=true");
    world_place(w, "H1", "cancel b2; reason=");
    world_place(w, "H1", "block WANG; count=2");
    world_place(w, "H1", "unblock WANG; count=2");
    world_place(w, "H1", "cut WANG; count=2");
    cr_assert_eq(world_count(w, "notice"), 0);
    cr_assert_eq(world_count(w, "refused"), 0);
    world_close(w);
}

Test(told, l2_a_hospital_hears_what_a_team_booked_moved_and_cancelled_and_not_what_it_held)
{
    struct world *w = begin();

    world_place(w, "T07", "hold WANG family r1");
    world_place(w, "T07", "cancel b1");
    world_place(w, "T07", "hold WANG family r1");
    world_place(w, "T07", "confirm b2");
    world_place(w, "T07", "move b2 to WANG; first_unit=7");
    world_place(w, "T07", "cancel b2");
    world_place(w, "T07", "join EXPERT family r2; first_date=2026-03-20");
    world_place(w, "T07", "leave w1");
    world_expect(w, "[     0] T07 > hold WANG family r1\n"
                    "         T07 < accepted r1 ACCEPTED, b1 HELD WANG 1 until 600\n"
                    "[     0] T07 > cancel b1\n"
                    "         T07 < accepted r1 ACCEPTED, b1 CANCELLED WANG 1\n"
                    "[     0] T07 > hold WANG family r1\n"
                    "         T07 < accepted r1 ACCEPTED, b2 HELD WANG 1 until 600\n"
                    "[     0] T07 > confirm b2\n"
                    "         T07 < accepted r1 BOOKED, b2 BOOKED WANG 1\n"
                    "         H1 < routine notice r1 book, BOOKED, b2 BOOKED WANG 1, attempt 1\n"
                    "[     0] T07 > move b2 to WANG; first_unit=7\n"
                    "         T07 < accepted r1 BOOKED, b2 BOOKED WANG 7\n"
                    "         H1 < routine notice r1 move, BOOKED, b2 BOOKED WANG 7, attempt 1\n"
                    "[     0] T07 > cancel b2\n"
                    "         T07 < accepted r1 ACCEPTED, b2 CANCELLED WANG 7\n"
                    "         H1 < routine notice r1 cancel-booking, ACCEPTED, b2 CANCELLED WANG 7, attempt 1\n"
                    "[     0] T07 > join EXPERT family r2; first_date=2026-03-20\n"
                    "         T07 < accepted r2 WAITLISTED, w1 waits for EXPERT\n"
                    "         H1 < routine notice r2 waitlist, WAITLISTED, w1 waits for EXPERT, attempt 1\n"
                    "[     0] T07 > leave w1\n"
                    "         T07 < accepted r2 ACCEPTED, w1 waits for EXPERT\n"
                    "         H1 < routine notice r2 leave-list, ACCEPTED, attempt 1\n");
    world_close(w);
}

Test(told, l2_a_team_hears_what_the_hospital_did_to_its_patients_places)
{
    struct world *w = begin();

    world_place(w, "H1", "book WANG family r1");
    world_place(w, "H1", "move b1 to WANG; first_unit=7");
    world_place(w, "H1", "cancel b1; reason=NOT_AVAILABLE");
    world_place(w, "T07", "book WANG family r2");
    world_place(w, "H1", "displace b2");
    world_place(w, "H1", "leave w1");
    world_expect(w, "[     0] H1 > book WANG family r1\n"
                    "         H1 < accepted r1 BOOKED, b1 BOOKED WANG 1\n"
                    "         T07 < routine notice r1 book, BOOKED, b1 BOOKED WANG 1, attempt 1\n"
                    "[     0] H1 > move b1 to WANG; first_unit=7\n"
                    "         H1 < accepted r1 BOOKED, b1 BOOKED WANG 7\n"
                    "         T07 < routine notice r1 move, BOOKED, b1 BOOKED WANG 7, attempt 1\n"
                    "[     0] H1 > cancel b1; reason=NOT_AVAILABLE\n"
                    "         H1 < accepted r1 ACCEPTED, b1 CANCELLED WANG 7\n"
                    "         T07 < routine notice r1 cancel-booking, ACCEPTED, b1 CANCELLED WANG 7, attempt 1\n"
                    "[     0] T07 > book WANG family r2\n"
                    "         T07 < accepted r2 BOOKED, b2 BOOKED WANG 1\n"
                    "         H1 < routine notice r2 book, BOOKED, b2 BOOKED WANG 1, attempt 1\n"
                    "[     0] H1 > displace b2\n"
                    "         H1 < accepted r2 WAITLISTED, b2 DISPLACED WANG 1\n"
                    "         T07 < routine notice r2 displace, WAITLISTED, b2 DISPLACED WANG 1, w1 waits first for "
                    "EXPERT, attempt 1\n"
                    "         T07 < routine notice r2 place-offered, WAITLISTED, b3 HELD WANG 2 until 7200, w1 waits "
                    "first for EXPERT, attempt 1\n"
                    "[     0] H1 > leave w1\n"
                    "         H1 < accepted r2 ACCEPTED, w1 waits first for EXPERT\n"
                    "         T07 < routine notice r2 leave-list, ACCEPTED, attempt 1\n");
    world_close(w);
}

Test(told, l2_a_team_hears_what_the_clock_did)
{
    struct world *w = begin();

    world_publish(w, "H1", "LI EXPERT 1 places on 2026-03-06");
    world_place(w, "T07", "hold LI family r1");
    world_place(w, "T07", "join EXPERT family r2; resource=LI");
    world_forget(w);
    world_after(w, 600);
    world_after(w, 7200);
    world_expect(w, "[   600]\n"
                    "         T07 < routine notice r1 place-lapsed, ACCEPTED, b1 LAPSED LI 1, attempt 1\n"
                    "         T07 < routine notice r2 place-offered, WAITLISTED, b2 HELD LI 1 until 7800, w1 waits for "
                    "EXPERT, attempt 1\n"
                    "[  7800]\n"
                    "         T07 < routine notice r2 place-lapsed, WAITLISTED, b2 LAPSED LI 1, attempt 1\n");
    world_close(w);
}

/* T6, L2: the team through its institution's inbox, beside the sender it acts for. */
Test(told, l2_a_team_hears_of_a_village_clinics_patient_beside_the_clinic)
{
    struct world *w = begin();

    world_connect(w, "V1", 1000);
    world_submit(w, "T07", "r3", "(for V1) up to H1, routine, patient 3");
    world_forget(w);
    world_say(w, "T07", "BOOK_PLACE",
              "(for V1) pool.hospital=H1; pool.class=EXPERT; pool.department=MED; pool.resource=WANG;"
              "pool.date=2026-03-05; channel=FAMILY_DOCTOR; referral_id=r3");
    world_place(w, "H1", "displace b1");
    world_expect(w, "[     0] T07 > BOOK_PLACE (for V1) pool.hospital=H1; pool.class=EXPERT; pool.department=MED; "
                    "pool.resource=WANG;pool.date=2026-03-05; channel=FAMILY_DOCTOR; referral_id=r3\n"
                    "         T07 < accepted r3 BOOKED, b1 BOOKED WANG 1\n"
                    "         H1 < routine notice r3 book, BOOKED, b1 BOOKED WANG 1, attempt 1\n"
                    "[     0] H1 > displace b1\n"
                    "         H1 < accepted r3 WAITLISTED, b1 DISPLACED WANG 1\n"
                    "         V1 < routine notice r3 displace, WAITLISTED, b1 DISPLACED WANG 1, w1 waits first for "
                    "EXPERT, attempt 1\n"
                    "         V1 < routine notice r3 place-offered, WAITLISTED, b2 HELD WANG 2 until 7200, w1 waits "
                    "first for EXPERT, attempt 1\n"
                    "         T07 < routine notice r3 displace, WAITLISTED, b1 DISPLACED WANG 1, w1 waits first for "
                    "EXPERT, attempt 1\n"
                    "         T07 < routine notice r3 place-offered, WAITLISTED, b2 HELD WANG 2 until 7200, w1 waits "
                    "first for EXPERT, attempt 1\n");
    world_close(w);
}

Test(told, l2_a_hospital_hears_of_an_offer_to_its_own_patient_and_of_his_displacement)
{
    struct world *w = begin();

    world_publish(w, "H1", "LI EXPERT 1 places on 2026-03-06");
    world_until(w, 3 * 86400);
    world_place(w, "H1", "book LI general HIS-1");
    world_place(w, "H1", "join EXPERT general HIS-2; resource=LI");
    world_forget(w);
    world_place(w, "H1", "displace b1");
    world_place(w, "H1", "unblock LI; count=1");
    world_after(w, 7200);
    world_expect(
        w,
        "[259200] H1 > displace b1\n"
        "         H1 < accepted, b1 DISPLACED LI 1\n"
        "[259200] H1 > unblock LI; count=1\n"
        "         H1 < accepted\n"
        "         H1 < routine notice place-offered, b2 HELD LI 1 until 266400, w2 waits first for EXPERT, attempt 1\n"
        "[266400]\n"
        "         H1 < routine notice place-lapsed, b2 LAPSED LI 1, attempt 1\n"
        "         H1 < routine notice place-offered, b3 HELD LI 1 until 273600, w1 waits for EXPERT, attempt 1\n");
    world_close(w);
}
