/* drain.c - an operator wants no new work before the broker is stopped (DRAIN): what is under way goes on, emergencies
 * do (T7). */
#include "query.pb-c.h"
#include "story/world.h"

Test(drain, d6_while_draining_new_work_is_refused_and_what_is_under_way_goes_on)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_say(w, "OP", "DRAIN", "reason=换盘");
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_event(w, "T07", "cancel r1");
    world_connect(w, "H1", 10);
    world_ack(w, "H1", "all");
    world_submit(w, "T07", "e1", "up to H1, emergency");
    world_say(w, "OP", "GET_STATUS", "");
    cr_assert(((const Referral__StatusView *)world_result(w))->draining);
    world_say(w, "OP", "DRAIN", "off=true");
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_expect(w, "[     0] OP > connect\n"
                    "[     0] T07 > connect, credit 10\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[     0] T07 > submit r2 up to H1, routine\n"
                    "         T07 < accepted r2 SUBMITTED\n"
                    "[     0] OP > DRAIN reason=换盘\n"
                    "         OP < accepted\n"
                    "[     0] T07 > submit r3 up to H1, routine\n"
                    "         T07 < refused DRAINING (D6), retry in 5000 ms\n"
                    "[     0] T07 > cancel r1\n"
                    "         T07 < accepted r1 CANCELLED\n"
                    "[     0] H1 > connect, credit 10\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "         H1 < routine sheet r2 from T07, attempt 1\n"
                    "         H1 < routine notice r1 cancel, CANCELLED, attempt 1\n"
                    "[     0] H1 > ack all\n"
                    "[     0] T07 > submit e1 up to H1, emergency\n"
                    "         T07 < accepted e1 SUBMITTED\n"
                    "         H1 < emergency sheet e1 from T07, attempt 1\n"
                    "[     0] OP > GET_STATUS\n"
                    "         OP < answered\n"
                    "[     0] OP > DRAIN off=true\n"
                    "         OP < accepted\n"
                    "[     0] T07 > submit r3 up to H1, routine\n"
                    "         T07 < accepted r3 SUBMITTED\n"
                    "         H1 < routine sheet r3 from T07, attempt 1\n");
    world_close(w);
}

Test(drain, p2_only_an_operator_drains_and_says_why)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_say(w, "T07", "DRAIN", "reason=x");
    world_say(w, "OP", "DRAIN", "reason= ");
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_expect(w, "[     0] OP > connect\n"
                    "[     0] T07 > connect, credit 10\n"
                    "[     0] T07 > DRAIN reason=x\n"
                    "         T07 < refused NOT_ALLOWED (P2)\n"
                    "[     0] OP > DRAIN reason= \n"
                    "         OP < refused BLANK (F) reason\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n");
    world_close(w);
}

Test(drain, d1_a_command_of_before_keeps_its_answer_and_a_restart_ends_the_drain)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "(id a1) up to H1, routine");
    world_say(w, "OP", "DRAIN", "reason=换盘");
    world_forget(w);
    world_submit(w, "T07", "r1", "(id a1) up to H1, routine");
    world_submit(w, "T07", "r2", "(id a2) up to H1, routine");
    world_restart(w);
    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r2", "(id a2) up to H1, routine");
    cr_assert_eq(world_reply(w)->n_refusals, 0);
    cr_assert_eq(world_count(w, "refused DRAINING"), 1);
    world_close(w);
}
