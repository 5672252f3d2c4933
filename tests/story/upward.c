/* upward.c - the best example: one referral goes up, is answered, and the patient comes down again (sections 4 and
 * 5). */
#include "query.pb-c.h"
#include "story/world.h"

Test(upward, l_a_referral_goes_up_is_answered_and_the_patient_comes_down_again)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_submit(w, "T07", "r1", "up to H1, urgent; team_id=TEAM7");
    world_after(w, 40);
    world_connect(w, "H1", 10);
    world_ack(w, "H1", "r1");
    world_expect(w, "[     0] T07 > connect, credit 20\n"
                    "[     0] T07 > submit r1 up to H1, urgent; team_id=TEAM7\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[    40] H1 > connect, credit 10\n"
                    "         H1 < urgent sheet r1 from T07, attempt 1\n"
                    "[    40] H1 > ack r1\n");

    world_after(w, 60);
    world_event(w, "H1", "accept r1");
    world_event(w, "T07", "book r1");
    world_expect(w, "[   100] H1 > accept r1\n"
                    "         H1 < accepted r1 ACCEPTED\n"
                    "         T07 < urgent notice r1 accept, ACCEPTED, attempt 1\n"
                    "[   100] T07 > book r1\n"
                    "         T07 < accepted r1 BOOKED\n"
                    "         H1 < urgent notice r1 book, BOOKED, attempt 1\n");

    world_ack(w, "T07", "all");
    world_ack(w, "H1", "all");
    world_after(w, 86400);
    world_event(w, "H1", "arrive r1");
    world_event(w, "H1", "start r1");
    world_event(w, "H1", "report r1");
    world_expect(w, "[   100] T07 > ack all\n"
                    "[   100] H1 > ack all\n"
                    "[ 86500] H1 > arrive r1\n"
                    "         H1 < accepted r1 ARRIVED\n"
                    "         T07 < urgent notice r1 arrive, ARRIVED, attempt 1\n"
                    "[ 86500] H1 > start r1\n"
                    "         H1 < accepted r1 IN_CARE\n"
                    "         T07 < urgent notice r1 start, IN_CARE, attempt 1\n"
                    "[ 86500] H1 > report r1\n"
                    "         H1 < accepted r1 REPORTED\n"
                    "         T07 < urgent notice r1 report, REPORTED, attempt 1\n");

    world_submit(w, "H1", "r2", "down to T07, routine; parent_referral_id=r1");
    world_ack(w, "T07", "all");
    world_event(w, "T07", "confirm-receipt r2");
    world_ack(w, "H1", "all");
    world_expect(w, "[ 86500] H1 > submit r2 down to T07, routine; parent_referral_id=r1\n"
                    "         H1 < accepted r2 SUBMITTED\n"
                    "         T07 < urgent notice r1 return, RETURNED, attempt 1\n"
                    "         T07 < routine sheet r2 from H1, attempt 1\n"
                    "[ 86500] T07 > ack all\n"
                    "[ 86500] T07 > confirm-receipt r2\n"
                    "         T07 < accepted r2 CLOSED\n"
                    "         H1 < urgent notice r1 confirm-receipt, CLOSED, attempt 1\n"
                    "         H1 < routine notice r2 confirm-receipt, CLOSED, attempt 1\n"
                    "[ 86500] H1 > ack all\n");

    world_say(w, "T07", "GET_JOURNEY", "referral_id=r2");
    const Referral__ReferralList *journey = world_result(w);

    cr_assert_eq(journey->n_referrals, 2);
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(journey->referrals[i]->state, REFERRAL__STATE__CLOSED);
    world_close(w);
}

Test(upward, l_the_receiver_asks_and_the_sender_answers_at_most_three_times)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_connect(w, "H1", 20);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_ack(w, "H1", "r1");
    world_forget(w);
    for (int round = 0; round < 3; round++) {
        world_event(w, "H1", "request-info r1");
        world_event(w, "T07", "supply-info r1");
    }
    world_event(w, "H1", "request-info r1");
    world_expect(w, "[     0] H1 > request-info r1\n"
                    "         H1 < accepted r1 INFO_REQUESTED\n"
                    "         T07 < routine notice r1 request-info, INFO_REQUESTED, attempt 1\n"
                    "[     0] T07 > supply-info r1\n"
                    "         T07 < accepted r1 DELIVERED\n"
                    "         H1 < routine notice r1 supply-info, DELIVERED, attempt 1\n"
                    "[     0] H1 > request-info r1\n"
                    "         H1 < accepted r1 INFO_REQUESTED\n"
                    "         T07 < routine notice r1 request-info, INFO_REQUESTED, attempt 1\n"
                    "[     0] T07 > supply-info r1\n"
                    "         T07 < accepted r1 DELIVERED\n"
                    "         H1 < routine notice r1 supply-info, DELIVERED, attempt 1\n"
                    "[     0] H1 > request-info r1\n"
                    "         H1 < accepted r1 INFO_REQUESTED\n"
                    "         T07 < routine notice r1 request-info, INFO_REQUESTED, attempt 1\n"
                    "[     0] T07 > supply-info r1\n"
                    "         T07 < accepted r1 DELIVERED\n"
                    "         H1 < routine notice r1 supply-info, DELIVERED, attempt 1\n"
                    "[     0] H1 > request-info r1\n"
                    "         H1 < refused TOO_MANY_ROUNDS (L) type\n");
    world_close(w);
}

Test(upward, l_what_cannot_be_done_here_goes_on_to_another_hospital_in_one_step)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_connect(w, "H1", 20);
    world_connect(w, "C1", 20);
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_event(w, "H1", "redirect r1; receiver=C1");
    world_event(w, "C1", "redirect r1'; receiver=H1");
    world_expect(w, "[     0] T07 > connect, credit 20\n"
                    "[     0] H1 > connect, credit 20\n"
                    "[     0] C1 > connect, credit 20\n"
                    "[     0] T07 > submit r1 up to H1, urgent\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < urgent sheet r1 from T07, attempt 1\n"
                    "[     0] H1 > redirect r1; receiver=C1\n"
                    "         H1 < accepted r1 REDIRECTED, child r1'\n"
                    "         C1 < urgent sheet r1' from T07, attempt 1\n"
                    "         T07 < urgent notice r1 redirect, REDIRECTED, attempt 1\n"
                    "[     0] C1 > redirect r1'; receiver=H1\n"
                    "         C1 < refused REDIRECT_BACK (L) receiver\n");
    world_close(w);
}

Test(upward, l1_an_event_out_of_order_changes_nothing_and_says_what_may_be_done)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_connect(w, "H1", 20);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_event(w, "H1", "report r1");
    world_event(w, "T07", "accept r1");
    world_event(w, "H1", "reject r1");
    world_event(w, "H1", "accept r1");
    world_expect(w, "[     0] T07 > connect, credit 20\n"
                    "[     0] H1 > connect, credit 20\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[     0] H1 > report r1\n"
                    "         H1 < refused NOT_NOW (L1) type, SUBMITTED, next broker\n"
                    "[     0] T07 > accept r1\n"
                    "         T07 < refused NOT_NOW (L1) type, SUBMITTED, next broker\n"
                    "[     0] H1 > reject r1\n"
                    "         H1 < accepted r1 REJECTED\n"
                    "         T07 < routine notice r1 reject, REJECTED, attempt 1\n"
                    "[     0] H1 > accept r1\n"
                    "         H1 < refused NOT_NOW (L1) type, REJECTED, next nobody\n");
    cr_assert_eq(world_reply(w)->refusals[0]->n_allowed_events, 0);
    world_close(w);
}
