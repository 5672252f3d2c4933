/* emergency.c - what is urgent comes first (D3, D4, T7, F5, L4). */
#include <stdio.h>

#include "query.pb-c.h"
#include "story/world.h"

Test(emergency, d3_an_emergency_overtakes_two_hundred_waiting_routine_referrals)
{
    struct world *w = world_open();
    char name[16];

    world_connect(w, "T07", 0);
    for (int i = 1; i <= 200; i++) {
        snprintf(name, sizeof name, "r%d", i);
        world_submit(w, "T07", name, "up to H1, routine");
    }
    world_submit(w, "T07", "u1", "up to H1, urgent");
    world_submit(w, "T07", "e1", "up to H1, emergency");
    world_forget(w);
    world_connect(w, "H1", 4);
    world_expect(w, "[     0] H1 > connect, credit 4\n"
                    "         H1 < emergency sheet e1 from T07, attempt 1\n"
                    "         H1 < urgent sheet u1 from T07, attempt 1\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "         H1 < routine sheet r2 from T07, attempt 1\n");
    world_close(w);
}

Test(emergency, d4_one_emergency_may_go_beyond_the_credit_but_not_two)
{
    struct world *w = world_open();

    world_connect(w, "H1", 1);
    world_connect(w, "T07", 0);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "e1", "up to H1, emergency");
    world_submit(w, "T07", "e2", "up to H1, emergency");
    world_expect(w, "[     0] H1 > connect, credit 1\n"
                    "[     0] T07 > connect\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[     0] T07 > submit e1 up to H1, emergency\n"
                    "         T07 < accepted e1 SUBMITTED\n"
                    "         H1 < emergency sheet e1 from T07, attempt 1\n"
                    "[     0] T07 > submit e2 up to H1, emergency\n"
                    "         T07 < accepted e2 SUBMITTED\n");

    world_ack(w, "H1", "e1");
    world_expect(w, "[     0] H1 > ack e1\n"
                    "         H1 < emergency sheet e2 from T07, attempt 1\n");
    world_ack(w, "H1", "e2");
    world_credit(w, "H1", 2);
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_expect(w, "[     0] H1 > ack e2\n"
                    "[     0] H1 > credit 2\n"
                    "[     0] T07 > submit r2 up to H1, routine\n"
                    "         T07 < accepted r2 SUBMITTED\n"
                    "[     0] T07 > submit r3 up to H1, routine\n"
                    "         T07 < accepted r3 SUBMITTED\n");
    world_close(w);
}

Test(emergency, d4_who_never_granted_credit_is_handed_nothing)
{
    struct world *w = world_open();

    world_connect(w, "H1", 0);
    world_connect(w, "T07", 0);
    world_submit(w, "T07", "e1", "up to H1, emergency");
    world_expect(w, "[     0] H1 > connect\n"
                    "[     0] T07 > connect\n"
                    "[     0] T07 > submit e1 up to H1, emergency\n"
                    "         T07 < accepted e1 SUBMITTED\n");
    world_close(w);
}

Test(emergency, f5_five_things_are_enough_and_the_rest_follows)
{
    struct world *w = world_open();

    world_connect(w, "H1", 10);
    world_connect(w, "V1", 0);
    world_submit(w, "V1", "e1",
                 "up to H1, emergency; consent=EMERGENCY_EXCEPTION; patient=; patient.sex=SEX_UNKNOWN;"
                 "patient.age_unknown=true; department=; treatment=; past_history=; diagnoses=;"
                 "present_history=突发胸痛半小时");
    world_event(w, "V1", "amend e1; up to H1, emergency");
    world_submit(w, "V1", "e2", "up to H1, emergency; emergency_category=; doctor.phone=; patient.sex=");
    world_expect(w, "[     0] H1 > connect, credit 10\n"
                    "[     0] V1 > connect\n"
                    "[     0] V1 > submit e1 up to H1, emergency; consent=EMERGENCY_EXCEPTION; patient=; "
                    "patient.sex=SEX_UNKNOWN;patient.age_unknown=true; department=; treatment=; past_history=; "
                    "diagnoses=;present_history=突发胸痛半小时\n"
                    "         V1 < accepted e1 SUBMITTED\n"
                    "         H1 < emergency sheet e1 from V1, attempt 1\n"
                    "[     0] V1 > amend e1; up to H1, emergency\n"
                    "         V1 < accepted e1 SUBMITTED\n"
                    "         H1 < emergency notice e1 amend, SUBMITTED, attempt 1\n"
                    "[     0] V1 > submit e2 up to H1, emergency; emergency_category=; doctor.phone=; patient.sex=\n"
                    "         V1 < refused MISSING (F5) emergency_category\n"
                    "         V1 < refused MISSING (F5) doctor.phone\n"
                    "         V1 < refused MISSING (F5) patient.sex\n");
    world_close(w);
}

Test(emergency, t7_only_a_deny_or_a_disabled_receiver_stops_it)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "V1", 0);
    world_submit(w, "V1", "r1", "up to C1, urgent");
    world_submit(w, "V1", "e1", "up to C1, emergency");
    world_say(w, "OP", "PUT_RELATION", "from=V1; to=C1; deny=true");
    world_submit(w, "V1", "e2", "up to C1, emergency");
    world_expect(w, "[     0] OP > connect\n"
                    "[     0] V1 > connect\n"
                    "[     0] V1 > submit r1 up to C1, urgent\n"
                    "         V1 < refused NO_RELATION (T4) receiver\n"
                    "[     0] V1 > submit e1 up to C1, emergency\n"
                    "         V1 < accepted e1 SUBMITTED\n"
                    "[     0] OP > PUT_RELATION from=V1; to=C1; deny=true\n"
                    "         OP < accepted\n"
                    "[     0] V1 > submit e2 up to C1, emergency\n"
                    "         V1 < refused ROUTE_DENIED (T4) receiver\n");
    world_say(w, "OP", "LIST_ALARMS", "");
    cr_assert_eq(((const Referral__AlarmList *)world_result(w))->n_alarms, 1);
    world_close(w);
}

Test(emergency, l4_not_acknowledged_by_a_person_within_a_minute_it_is_escalated_once_and_cured_once)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_connect(w, "H1", 20);
    world_good(w, "T07");
    world_good(w, "H1");
    world_submit(w, "T07", "e1", "up to H1, emergency");
    world_after(w, 300);
    world_event(w, "H1", "acknowledge e1");
    world_expect(w, "[     0] T07 > connect, credit 20\n"
                    "[     0] H1 > connect, credit 20\n"
                    "[     0] T07 > submit e1 up to H1, emergency\n"
                    "         T07 < accepted e1 SUBMITTED\n"
                    "         H1 < emergency sheet e1 from T07, attempt 1\n"
                    "[    60]\n"
                    "         T07 < emergency notice e1 escalated, DELIVERED, attempt 1\n"
                    "         H1 < emergency notice e1 escalated, DELIVERED, attempt 1\n"
                    "[   300] H1 > acknowledge e1\n"
                    "         H1 < accepted e1 DELIVERED\n"
                    "         H1 < emergency notice e1 cured, DELIVERED, attempt 1\n"
                    "         T07 < emergency notice e1 cured, DELIVERED, attempt 1\n");
    world_close(w);
}
