/* edges.c - what happens at the edges of delivery: pauses over a restart, late words, replays, and messages of what has
 * ended (D3-D5, D9). */
#include "story/world.h"

#include "query.pb-c.h"

Test(edges, d9_a_pause_outlives_a_restart_and_what_is_in_hand_may_be_acknowledged)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 0);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_say(w, "OP", "PAUSE", "institution=H1; reason=系统升级");
    world_ack(w, "H1", "r1");
    world_submit(w, "T07", "r2", "up to H1, emergency");
    world_restart(w);
    world_connect(w, "OP", 0);
    world_connect(w, "H1", 10);
    world_after(w, 3600);
    world_forget(w);
    world_say(w, "OP", "WHY", "referral_id=r2; language=en");
    cr_assert_str_eq(((const Referral__WhyView *)world_result(w))->waits_for, "paused");
    world_forget(w);
    world_say(w, "OP", "RESUME", "institution=H1");
    world_expect(w, "[  3600] OP > RESUME institution=H1\n"
                    "         OP < accepted\n"
                    "         H1 < emergency sheet r2 from T07, attempt 1, possibly redelivered\n"
                    "         H1 < emergency notice r2 escalated, SUBMITTED, attempt 1\n");
    world_close(w);
}

Test(edges, d5_a_replayed_message_goes_before_what_came_later)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_connect(w, "H1", 1);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_nack(w, "H1", "r1", REFERRAL__NACK_CODE__NACK_UNREADABLE);
    world_say(w, "OP", "REPLAY_DEAD", "institution=H1; all=true");
    world_forget(w);
    world_credit(w, "H1", 2);
    world_expect(w, "[     0] H1 > credit 2\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "         H1 < routine sheet r2 from T07, attempt 1\n");
    world_close(w);
}

Test(edges, d4_any_session_of_the_institution_may_acknowledge)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1/a", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_connect(w, "H1/b", 0);
    world_ack_old(w, "H1/b");
    world_lose(w, "H1/a");
    world_forget(w);
    world_credit(w, "H1/b", 10);
    world_after(w, 60);
    world_expect(w, "[     0] H1/b > credit 10\n");
    world_close(w);
}

Test(edges, d1_a_nack_after_the_time_out_is_no_second_failure)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_forget(w);
    world_after(w, 31);
    world_nack(w, "H1", "r1", REFERRAL__NACK_CODE__NACK_RETRY);
    world_after(w, 10);
    world_expect(w, "[    31] H1 > nack r1: NACK_RETRY\n"
                    "[    35]\n"
                    "         H1 < routine sheet r1 from T07, attempt 2\n");
    world_close(w);
}

Test(edges, d3_what_ended_before_it_was_delivered_is_delivered_with_its_end)
{
    struct world *w = world_open();

    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_event(w, "T07", "cancel r1");
    world_forget(w);
    world_connect(w, "H1", 10);
    world_ack(w, "H1", "all");
    world_event(w, "H1", "accept r1");
    world_expect(w, "[     0] H1 > connect, credit 10\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "         H1 < routine notice r1 cancel, CANCELLED, attempt 1\n"
                    "[     0] H1 > ack all\n"
                    "[     0] H1 > accept r1\n"
                    "         H1 < refused NOT_NOW (L1) type, CANCELLED, next nobody\n");
    world_close(w);
}

Test(edges, t1_why_says_that_an_institution_is_disabled)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_say(w, "OP", "PUT_INSTITUTION",
              "id=H1; name=H1; kind=HOSPITAL; tier=COUNTY; consortium=county-1; departments[0].code=MED;"
              "departments[0].name=内科; enabled=false");
    world_connect(w, "H1", 10);
    world_say(w, "OP", "WHY", "referral_id=r1; language=en");
    cr_assert_str_eq(((const Referral__WhyView *)world_result(w))->waits_for, "disabled");
    world_close(w);
}
