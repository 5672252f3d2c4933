/* places_seen.c - what others see of places: not another's bookings, no patient in the ledger, and counts only for
 * observers (P1, P2). */
#include "place.pb-c.h"
#include "story/world.h"

#include <stdio.h>

/* H1 with a booking of its own and one of T07's patient; C1 is another hospital, OBS an observer. */
static struct world *begin(void)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "H1", 1000);
    world_connect(w, "T07", 1000);
    world_connect(w, "C1", 1000);
    world_say(w, "OP", "PUT_INSTITUTION", "id=OBS; name=卫健委; kind=OBSERVER");
    world_say(w, "OP", "ADD_KEY", "public_key=key:OBS; institution=OBS; roles[0]=OBSERVE");
    world_connect(w, "OBS", 0);
    world_good(w, "H1");
    world_good(w, "T07");
    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_submit(w, "T07", "r1", "up to H1, routine, patient 1; sender_reference=T07-SECRET");
    world_place(w, "H1", "book WANG general HIS-SECRET");
    world_place(w, "T07", "hold WANG family r1");
    cr_assert_eq(world_count(w, "refused"), 0);
    world_forget(w);
    return w;
}

#define WANG "pool.hospital=H1; pool.class=EXPERT; pool.department=MED; pool.resource=WANG; pool.date=2026-03-05;"
#define DAY  "hospital=H1; first_date=2026-03-05;"

Test(seen, p2_another_hospitals_pool_is_not_to_be_touched)
{
    struct world *w = begin();

    world_publish(w, "C1", "WANG EXPERT 5 places; pool.hospital=H1");
    world_say(w, "C1", "PUT_GROUP", "hospital=H1; class=EXPERT; department=MED; date=2026-03-05");
    world_say(w, "C1", "PUT_TIMETABLE", "hospital=H1; class=EXPERT; department=MED; id=W");
    world_say(w, "C1", "CUT_UNITS", WANG "count=1; reason=PLAN_CHANGED; person.name=x");
    world_say(w, "C1", "CANCEL_POOL", WANG "reason=PLAN_CHANGED; person.name=x");
    world_say(w, "C1", "BLOCK_UNITS", WANG "count=1; reason=SAFETY; person.name=x");
    world_say(w, "C1", "UNBLOCK_UNITS", WANG "count=1");
    world_say(w, "OP", "CUT_UNITS", WANG "count=1; reason=PLAN_CHANGED; person.name=x");
    world_expect(w, "[     0] C1 > publish WANG EXPERT 5 places; pool.hospital=H1\n"
                    "         C1 < refused NOT_ALLOWED (P2)\n"
                    "[     0] C1 > PUT_GROUP hospital=H1; class=EXPERT; department=MED; date=2026-03-05\n"
                    "         C1 < refused NOT_ALLOWED (P2)\n"
                    "[     0] C1 > PUT_TIMETABLE hospital=H1; class=EXPERT; department=MED; id=W\n"
                    "         C1 < refused NOT_ALLOWED (P2)\n"
                    "[     0] C1 > CUT_UNITS pool.hospital=H1; pool.class=EXPERT; pool.department=MED; "
                    "pool.resource=WANG; pool.date=2026-03-05;count=1; reason=PLAN_CHANGED; person.name=x\n"
                    "         C1 < refused NOT_ALLOWED (P2)\n"
                    "[     0] C1 > CANCEL_POOL pool.hospital=H1; pool.class=EXPERT; pool.department=MED; "
                    "pool.resource=WANG; pool.date=2026-03-05;reason=PLAN_CHANGED; person.name=x\n"
                    "         C1 < refused NOT_ALLOWED (P2)\n"
                    "[     0] C1 > BLOCK_UNITS pool.hospital=H1; pool.class=EXPERT; pool.department=MED; "
                    "pool.resource=WANG; pool.date=2026-03-05;count=1; reason=SAFETY; person.name=x\n"
                    "         C1 < refused NOT_ALLOWED (P2)\n"
                    "[     0] C1 > UNBLOCK_UNITS pool.hospital=H1; pool.class=EXPERT; pool.department=MED; "
                    "pool.resource=WANG; pool.date=2026-03-05;count=1\n"
                    "         C1 < refused NOT_ALLOWED (P2)\n"
                    "[     0] OP > CUT_UNITS pool.hospital=H1; pool.class=EXPERT; pool.department=MED; "
                    "pool.resource=WANG; pool.date=2026-03-05;count=1; reason=PLAN_CHANGED; person.name=x\n"
                    "         OP < refused NOT_ALLOWED (P2)\n");
    world_close(w);
}

Test(seen, p2_anothers_booking_and_one_that_there_is_not_answer_alike)
{
    static const char *const verbs[] = {"confirm", "cancel", "displace", "used"};
    struct world *w = begin();

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        char what[32];

        snprintf(what, sizeof what, "%s b1", verbs[i]);
        world_place(w, "T07", what);
        snprintf(what, sizeof what, "%s b2", verbs[i]);
        world_place(w, "C1", what);
        snprintf(what, sizeof what, "%s bd-1-1-1", verbs[i]);
        world_place(w, "C1", what);
    }
    world_place(w, "C1", "move b2 to WANG");
    world_place(w, "C1", "hold WANG family r1");
    world_place(w, "C1", "hold WANG general HIS-1");
    world_say(w, "C1", "LIST_BOOKINGS", "booking_id=b2");
    world_say(w, "C1", "LIST_BOOKINGS", "booking_id=bd-1-1-1");
    world_say(w, "C1", "LIST_BOOKINGS", "team_id=TEAM7");
    world_say(w, "C1", "LIST_BOOKINGS", WANG);
    world_say(w, "C1", "LIST_WAITING", "hospital=H1; class=EXPERT; department=MED");
    world_expect(w, "[     0] T07 > confirm b1\n"
                    "         T07 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] C1 > confirm b2\n"
                    "         C1 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] C1 > confirm bd-1-1-1\n"
                    "         C1 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] T07 > cancel b1\n"
                    "         T07 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] C1 > cancel b2\n"
                    "         C1 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] C1 > cancel bd-1-1-1\n"
                    "         C1 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] T07 > displace b1\n"
                    "         T07 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] C1 > displace b2\n"
                    "         C1 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] C1 > displace bd-1-1-1\n"
                    "         C1 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] T07 > used b1\n"
                    "         T07 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] C1 > used b2\n"
                    "         C1 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] C1 > used bd-1-1-1\n"
                    "         C1 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] C1 > move b2 to WANG\n"
                    "         C1 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] C1 > hold WANG family r1\n"
                    "         C1 < refused NOT_FOUND (P2) referral_id\n"
                    "[     0] C1 > hold WANG general HIS-1\n"
                    "         C1 < refused NOT_ALLOWED (P2)\n"
                    "[     0] C1 > LIST_BOOKINGS booking_id=b2\n"
                    "         C1 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] C1 > LIST_BOOKINGS booking_id=bd-1-1-1\n"
                    "         C1 < refused NOT_FOUND (P2) booking_id\n"
                    "[     0] C1 > LIST_BOOKINGS team_id=TEAM7\n"
                    "         C1 < refused NOT_FOUND (P2) team_id\n"
                    "[     0] C1 > LIST_BOOKINGS pool.hospital=H1; pool.class=EXPERT; pool.department=MED; "
                    "pool.resource=WANG; pool.date=2026-03-05;\n"
                    "         C1 < refused NOT_FOUND (P2) pool.hospital\n"
                    "[     0] C1 > LIST_WAITING hospital=H1; class=EXPERT; department=MED\n"
                    "         C1 < refused NOT_FOUND (P2) hospital\n");
    cr_assert_str_eq(world_units(w, "WANG"), "Gf...*....");
    world_close(w);
}

Test(seen, p2_a_team_sees_what_is_free_and_not_who_has_the_rest)
{
    struct world *w = begin();
    const Referral__PlaceList *places;

    world_say(w, "T07", "SEARCH_PLACES", DAY);
    places = world_result(w);
    cr_assert_eq(places->n_places, 1);
    cr_assert_eq(places->places[0]->bookable, 8);
    world_say(w, "T07", "LIST_POOLS", DAY "units=true");
    world_say(w, "T07", "LIST_LEDGER", "hospital=H1");
    world_expect(w, "[     0] T07 > SEARCH_PLACES hospital=H1; first_date=2026-03-05;\n"
                    "         T07 < answered\n"
                    "[     0] T07 > LIST_POOLS hospital=H1; first_date=2026-03-05;units=true\n"
                    "         T07 < refused NOT_FOUND (P2) hospital\n"
                    "[     0] T07 > LIST_LEDGER hospital=H1\n"
                    "         T07 < refused NOT_ALLOWED (P2)\n");
    world_close(w);
}

Test(seen, p2_observers_see_counts_only)
{
    struct world *w = begin();
    const Referral__PoolList *list;

    world_say(w, "OBS", "LIST_POOLS", DAY "units=true");
    list = world_result(w);
    cr_assert_eq(list->n_pools, 1);
    cr_assert_eq(list->pools[0]->general, 1);
    cr_assert_eq(list->pools[0]->family, 1);
    cr_assert_eq(list->pools[0]->n_units, 0);
    world_say(w, "OBS", "LIST_LEDGER", "hospital=H1");
    world_say(w, "OBS", "LIST_BOOKINGS", "booking_id=b1");
    world_say(w, "OBS", "LIST_WAITING", "hospital=H1; class=EXPERT; department=MED");
    world_say(w, "OBS", "SEARCH_PLACES", DAY);
    world_say(w, "OBS", "HOLD_PLACE", WANG "channel=GENERAL; reference=x");
    world_expect(w, "[     0] OBS > LIST_POOLS hospital=H1; first_date=2026-03-05;units=true\n"
                    "         OBS < answered\n"
                    "[     0] OBS > LIST_LEDGER hospital=H1\n"
                    "         OBS < answered\n"
                    "[     0] OBS > LIST_BOOKINGS booking_id=b1\n"
                    "         OBS < refused NOT_ALLOWED (P2)\n"
                    "[     0] OBS > LIST_WAITING hospital=H1; class=EXPERT; department=MED\n"
                    "         OBS < refused NOT_ALLOWED (P2)\n"
                    "[     0] OBS > SEARCH_PLACES hospital=H1; first_date=2026-03-05;\n"
                    "         OBS < refused NOT_ALLOWED (P2)\n"
                    "[     0] OBS > HOLD_PLACE pool.hospital=H1; pool.class=EXPERT; pool.department=MED; "
                    "pool.resource=WANG; pool.date=2026-03-05;channel=GENERAL; reference=x\n"
                    "         OBS < refused NOT_ALLOWED (P2)\n");
    world_close(w);
}

static bool is_in(const ProtobufCBinaryData *page, const char *text)
{
    return memmem(page->data, page->len, text, strlen(text)) != NULL;
}

Test(seen, p1_the_ledger_names_no_patient_no_referral_and_no_number_of_a_partners)
{
    static const char *const secrets[] = {"测试甲", "E00000001", "HIS-SECRET", "T07-SECRET", "TEAM7", "T07"};
    struct world *w = begin();
    const Referral__LedgerPages *pages;

    world_place(w, "T07", "confirm b2");
    world_place(w, "H1", "displace b2");
    world_say(w, "OBS", "LIST_LEDGER", "hospital=H1");
    pages = world_result(w);
    cr_assert_eq(pages->rows, 6);
    for (size_t i = 0; i < pages->n_pages; i++) {
        cr_assert(!is_in(&pages->pages[i], world_id(w, "r1")));
        for (size_t s = 0; s < sizeof secrets / sizeof *secrets; s++)
            cr_assert(!is_in(&pages->pages[i], secrets[s]), "%s", secrets[s]);
    }
    world_close(w);
}

/* The hospital's own number of its patient is the hospital's. */
Test(seen, p2_a_reference_is_shown_to_its_hospital_only)
{
    struct world *w = begin();
    const Referral__BookingList *list;

    world_say(w, "H1", "LIST_BOOKINGS", "booking_id=b1");
    list = world_result(w);
    cr_assert_str_eq(list->bookings[0]->reference, "HIS-SECRET");
    world_say(w, "OP", "LIST_BOOKINGS", "booking_id=b1");
    list = world_result(w);
    cr_assert_null(list->bookings[0]->reference);
    world_close(w);
}
