/* access.c - whose key speaks for whom, and for how long (T5, P2; section 3 of the issue). */
#include "story/world.h"

#include <stdio.h>

Test(access, p2_a_revoked_key_is_cut_off_at_once_and_its_deliveries_go_to_the_other_key)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_say(w, "OP", "ADD_KEY", "public_key=key:H1new; institution=H1; roles[0]=RECEIVE");
    world_connect(w, "H1", 10);
    world_connect(w, "T07", 0);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_forget(w);
    world_say(w, "OP", "REVOKE_KEY", "public_key=key:H1");
    world_connect(w, "H1", 10);
    world_connect(w, "H1new", 10);
    world_expect(w, "[     0] OP > REVOKE_KEY public_key=key:H1\n"
                    "         OP < accepted\n"
                    "         H1 < goodbye: key revoked\n"
                    "         H1 is cut off\n"
                    "[     0] H1 > connect, credit 10\n"
                    "         H1 < goodbye: key revoked\n"
                    "         H1 is cut off\n"
                    "[     0] H1new > connect, credit 10\n"
                    "         H1new < routine sheet r1 from T07, attempt 2\n");
    world_close(w);
}

Test(access, p2_a_key_whose_time_ends_is_cut_off_within_a_second)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_say(w, "OP", "ADD_KEY", "public_key=key:H1new; institution=H1; roles[0]=RECEIVE; valid_to_ms=+60");
    world_forget(w);
    world_connect(w, "H1new", 10);
    world_after(w, 59);
    world_expect(w, "[     0] H1new > connect, credit 10\n");
    world_after(w, 2);
    world_expect(w, "[    60]\n"
                    "         H1new < goodbye: key expired\n"
                    "         H1new is cut off\n");
    world_close(w);
}

Test(access, p2_of_several_keys_each_is_cut_off_at_its_own_end)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_say(w, "OP", "ADD_KEY", "public_key=key:H1new; institution=H1; roles[0]=RECEIVE; valid_to_ms=+60");
    world_say(w, "OP", "ADD_KEY", "public_key=key:T07new; institution=T07; roles[0]=RECEIVE; valid_to_ms=+30");
    world_say(w, "OP", "ADD_KEY", "public_key=key:C1new; institution=C1; roles[0]=RECEIVE; valid_to_ms=+90");
    world_forget(w);
    world_connect(w, "H1new", 10);
    world_connect(w, "T07new", 10);
    world_connect(w, "C1new", 10);
    world_after(w, 100);
    world_expect(w, "[     0] H1new > connect, credit 10\n"
                    "[     0] T07new > connect, credit 10\n"
                    "[     0] C1new > connect, credit 10\n"
                    "[    30]\n"
                    "         T07new < goodbye: key expired\n"
                    "         T07new is cut off\n"
                    "[    60]\n"
                    "         H1new < goodbye: key expired\n"
                    "         H1new is cut off\n"
                    "[    90]\n"
                    "         C1new < goodbye: key expired\n"
                    "         C1new is cut off\n");
    world_close(w);
}

Test(access, t5_a_message_naming_another_sender_is_refused_unless_it_acts_for_it)
{
    struct world *w = world_open();

    world_connect(w, "T07", 10);
    world_connect(w, "V1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine; sender=V1");
    world_submit(w, "T07", "r1", "(for V1) up to H1, routine");
    world_submit(w, "V1", "r2", "(for T07) up to H1, routine");
    world_expect(w, "[     0] T07 > connect, credit 10\n"
                    "[     0] V1 > connect, credit 10\n"
                    "[     0] T07 > submit r1 up to H1, routine; sender=V1\n"
                    "         T07 < refused WRONG_SENDER (T5) sender\n"
                    "[     0] T07 > submit r1 (for V1) up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[     0] V1 > submit r2 (for T07) up to H1, routine\n"
                    "         V1 < refused WRONG_SENDER (T5) acting_for\n");
    world_close(w);
}

Test(access, p2_not_yours_and_does_not_exist_answer_alike)
{
    struct world *w = world_open();

    world_connect(w, "T07", 10);
    world_connect(w, "C1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_event(w, "C1", "accept r1");
    world_event(w, "C1", "accept r9");
    world_say(w, "C1", "GET_REFERRAL", "referral_id=r1");
    world_say(w, "C1", "GET_REFERRAL", "referral_id=r9");
    world_say(w, "C1", "PAUSE", "institution=C1; reason=x");
    world_expect(w, "[     0] T07 > connect, credit 10\n"
                    "[     0] C1 > connect, credit 10\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[     0] C1 > accept r1\n"
                    "         C1 < refused NOT_FOUND (P2) referral_id\n"
                    "[     0] C1 > accept r9\n"
                    "         C1 < refused NOT_FOUND (P2) referral_id\n"
                    "[     0] C1 > GET_REFERRAL referral_id=r1\n"
                    "         C1 < refused NOT_FOUND (P2)\n"
                    "[     0] C1 > GET_REFERRAL referral_id=r9\n"
                    "         C1 < refused NOT_FOUND (P2)\n"
                    "[     0] C1 > PAUSE institution=C1; reason=x\n"
                    "         C1 < refused NOT_ALLOWED (P2)\n");
    world_close(w);
}
