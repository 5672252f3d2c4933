/* downward.c - down-referrals: what they must carry (F1), and how they end (L5). */
#include "story/world.h"

#include <stdio.h>

Test(downward, f1_a_down_referral_without_findings_and_plan_is_refused_with_all_its_faults)
{
    struct world *w = world_open();

    world_connect(w, "H1", 10);
    world_submit(w, "H1", "r1", "down to T07, routine; hospital_findings=; further_plan=; patient.sex=MALE; consent=");
    world_expect(
        w,
        "[     0] H1 > connect, credit 10\n"
        "[     0] H1 > submit r1 down to T07, routine; hospital_findings=; further_plan=; patient.sex=MALE; consent=\n"
        "         H1 < refused NOT_DOWN_WITHOUT_FINDINGS (F1) hospital_findings\n"
        "         H1 < refused NOT_DOWN_WITHOUT_PLAN (F1) further_plan\n"
        "         H1 < refused NO_CONSENT (F) consent\n"
        "         H1 < refused SEX_DISAGREES (F) patient.sex\n");
    for (size_t i = 0; i < world_reply(w)->n_refusals; i++)
        cr_assert(world_reply(w)->refusals[i]->text_zh[0] != '\0' && world_reply(w)->refusals[i]->text_en[0] != '\0');
    world_close(w);
}

Test(downward, l5_one_that_stands_alone_is_closed_by_its_receiver)
{
    struct world *w = world_open();

    world_connect(w, "H1", 10);
    world_connect(w, "T07", 10);
    world_submit(w, "H1", "r1", "down to T07, routine");
    world_ack(w, "T07", "r1");
    world_event(w, "H1", "book r1");
    world_event(w, "T07", "confirm-receipt r1");
    world_expect(w, "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > connect, credit 10\n"
                    "[     0] H1 > submit r1 down to T07, routine\n"
                    "         H1 < accepted r1 SUBMITTED\n"
                    "         T07 < routine sheet r1 from H1, attempt 1\n"
                    "[     0] T07 > ack r1\n"
                    "[     0] H1 > book r1\n"
                    "         H1 < refused DOWN_NEVER_BOOKED (L5) type, DELIVERED, next receiver\n"
                    "[     0] T07 > confirm-receipt r1\n"
                    "         T07 < accepted r1 CLOSED\n"
                    "         H1 < routine notice r1 confirm-receipt, CLOSED, attempt 1\n");
    world_close(w);
}

Test(downward, l5_a_return_that_is_rejected_puts_the_parent_back_to_reported_and_its_receiver_is_told)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_connect(w, "H1", 20);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_event(w, "H1", "arrive r1");
    world_event(w, "H1", "report r1");
    world_submit(w, "H1", "r2", "down to T07, routine; parent_referral_id=r1");
    world_ack(w, "T07", "all");
    world_ack(w, "H1", "all");
    world_forget(w);
    world_event(w, "T07", "reject r2");
    world_event(w, "H1", "close r1");
    world_expect(w, "[     0] T07 > reject r2\n"
                    "         T07 < accepted r2 REJECTED\n"
                    "         H1 < routine notice r2 reject, REJECTED, attempt 1\n"
                    "         H1 < routine notice r1 return-failed, REPORTED, attempt 1\n"
                    "[     0] H1 > close r1\n"
                    "         H1 < accepted r1 CLOSED\n"
                    "         T07 < routine notice r1 close, CLOSED, attempt 1\n");
    world_close(w);
}

/* The receiver of the down-referral is reminded of the receipt, and escalated to by the clock of what he got himself,
 * which runs out on its own. */
Test(downward, l4_a_receipt_that_is_late_is_escalated_once_to_each_contact)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_connect(w, "H1", 20);
    world_connect(w, "V1", 20);
    world_good(w, "T07");
    world_good(w, "H1");
    world_good(w, "V1");
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_event(w, "H1", "arrive r1");
    world_submit(w, "H1", "r2", "down to V1, routine; parent_referral_id=r1");
    world_forget(w);
    world_after(w, 4 * 86400);
    world_expect(w, "[ 86400]\n"
                    "         T07 < routine notice r1 reminder, RETURNED, attempt 1\n"
                    "         V1 < routine notice r2 reminder, DELIVERED, attempt 1\n"
                    "[172800]\n"
                    "         H1 < routine notice r2 escalated, DELIVERED, attempt 1\n"
                    "         V1 < routine notice r2 escalated, DELIVERED, attempt 1\n"
                    "[259200]\n"
                    "         T07 < routine notice r1 escalated, RETURNED, attempt 1\n"
                    "         H1 < routine notice r1 escalated, RETURNED, attempt 1\n");
    world_close(w);
}
