/* redelivery.c - what is not acknowledged comes again, less and less often; what cannot be delivered dies in the open
 * (D3-D5). */
#include "query.pb-c.h"
#include "story/world.h"

#include <stdio.h>

Test(redelivery, d4_an_unacknowledged_message_comes_again_after_growing_pauses)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_after(w, 1500);
    world_expect(w, "[     0] T07 > connect\n"
                    "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[    35]\n"
                    "         H1 < routine sheet r1 from T07, attempt 2\n"
                    "[    80]\n"
                    "         H1 < routine sheet r1 from T07, attempt 3\n"
                    "[   170]\n"
                    "         H1 < routine sheet r1 from T07, attempt 4\n"
                    "[   500]\n"
                    "         H1 < routine sheet r1 from T07, attempt 5\n"
                    "[  1430]\n"
                    "         H1 < routine sheet r1 from T07, attempt 6\n");
    world_close(w);
}

Test(redelivery, d3_a_message_in_back_off_delays_only_its_own_referral)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 20);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_ack(w, "H1", "r2");
    world_nack(w, "H1", "r1", REFERRAL__NACK_CODE__NACK_RETRY);
    world_event(w, "T07", "amend r1; up to H1, routine; treatment=已加药");
    world_event(w, "T07", "amend r2; up to H1, routine; treatment=已加药");
    world_event(w, "T07", "cancel r1");
    world_after(w, 5);
    world_expect(w, "[     0] T07 > connect\n"
                    "[     0] H1 > connect, credit 20\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[     0] T07 > submit r2 up to H1, routine\n"
                    "         T07 < accepted r2 SUBMITTED\n"
                    "         H1 < routine sheet r2 from T07, attempt 1\n"
                    "[     0] H1 > ack r2\n"
                    "[     0] H1 > nack r1: NACK_RETRY\n"
                    "[     0] T07 > amend r1; up to H1, routine; treatment=已加药\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[     0] T07 > amend r2; up to H1, routine; treatment=已加药\n"
                    "         T07 < accepted r2 DELIVERED\n"
                    "         H1 < routine notice r2 amend, DELIVERED, attempt 1\n"
                    "[     0] T07 > cancel r1\n"
                    "         T07 < accepted r1 CANCELLED\n"
                    "[     5]\n"
                    "         H1 < routine sheet r1 from T07, attempt 2\n"
                    "         H1 < routine notice r1 amend, SUBMITTED, attempt 1\n"
                    "         H1 < routine notice r1 cancel, CANCELLED, attempt 1\n");
    world_close(w);
}

/* It was handed back: there was nothing left for the connection to lose. */
Test(redelivery, d4_what_was_refused_in_the_turn_that_lost_its_connection_counts_once)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_gather(w);
    world_nack(w, "H1", "r1", REFERRAL__NACK_CODE__NACK_RETRY);
    world_lose(w, "H1");
    world_go(w);
    world_forget(w);
    world_connect(w, "H1", 10);
    world_after(w, 5);
    world_expect(w, "[     0] H1 > connect, credit 10\n"
                    "[     5]\n"
                    "         H1 < routine sheet r1 from T07, attempt 2\n");
    world_close(w);
}

Test(redelivery, d4_a_back_off_survives_a_restart)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 20);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_nack(w, "H1", "r1", REFERRAL__NACK_CODE__NACK_RETRY);
    world_forget(w);
    world_restart(w);
    world_connect(w, "H1", 20);
    world_after(w, 5);
    world_expect(w, "[     0] the broker > starts again\n"
                    "[     0] H1 > connect, credit 20\n"
                    "         H1 < routine sheet r2 from T07, attempt 1, possibly redelivered\n"
                    "[     5]\n"
                    "         H1 < routine sheet r1 from T07, attempt 2, possibly redelivered\n");
    world_close(w);
}

Test(redelivery, d4_an_ack_after_the_time_out_counts)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_after(w, 32);
    world_ack(w, "H1", "r1");
    world_after(w, 60);
    world_expect(w, "[     0] T07 > connect\n"
                    "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[    32] H1 > ack r1\n");
    world_close(w);
}

Test(redelivery, d5_a_permanent_refusal_moves_it_to_the_dead_letters_and_the_sender_is_told)
{
    struct world *w = world_open();

    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_nack(w, "H1", "r1", REFERRAL__NACK_CODE__NACK_UNREADABLE);
    world_expect(w, "[     0] T07 > connect, credit 10\n"
                    "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[     0] H1 > nack r1: NACK_UNREADABLE\n"
                    "         T07 < routine notice r1 dead-letter, SUBMITTED, attempt 1\n");

    world_connect(w, "OP", 0);
    world_say(w, "OP", "LIST_DEAD", "institution=H1");
    const Referral__DeadList *dead = world_result(w);

    cr_assert_eq(dead->n_entries, 1);
    cr_assert_eq(dead->entries[0]->nack_code, REFERRAL__NACK_CODE__NACK_UNREADABLE);
    world_forget(w);
    world_say(w, "OP", "REPLAY_DEAD", "institution=H1; all=true");
    world_ack(w, "H1", "r1");
    world_expect(w, "[     0] OP > REPLAY_DEAD institution=H1; all=true\n"
                    "         OP < accepted, 1 affected\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[     0] H1 > ack r1\n");
    world_close(w);
}

Test(redelivery, d5_after_twelve_attempts_while_others_are_acknowledged_it_dies)
{
    struct world *w = world_open();
    char name[16];

    world_connect(w, "T07", 50);
    world_connect(w, "H1", 100);
    world_submit(w, "T07", "r1", "up to H1, routine");
    for (int i = 2; i < 20; i++) {
        snprintf(name, sizeof name, "r%d", i);
        world_after(w, 600);
        world_submit(w, "T07", name, "up to H1, routine");
        world_ack(w, "H1", name);
    }
    cr_assert_eq(world_count(w, "sheet r1 from T07"), 12);
    cr_assert_eq(world_count(w, "T07 < routine notice r1 dead-letter, SUBMITTED, attempt 1"), 1);
    world_forget(w);
    world_connect(w, "OP", 0);
    world_say(w, "OP", "DROP_DEAD", "institution=H1; all=true");
    world_say(w, "OP", "DROP_DEAD", "institution=H1; all=true; reason=已电话转达");
    world_expect(w, "[ 10800] OP > connect\n"
                    "[ 10800] OP > DROP_DEAD institution=H1; all=true\n"
                    "         OP < refused MISSING (F) reason\n"
                    "[ 10800] OP > DROP_DEAD institution=H1; all=true; reason=已电话转达\n"
                    "         OP < accepted, 1 affected\n");
    world_close(w);
}

Test(redelivery, d5_a_receiver_that_acknowledges_nothing_is_down_and_nothing_dies)
{
    struct world *w = world_open();

    world_connect(w, "T07", 50);
    world_connect(w, "H1", 100);
    world_submit(w, "T07", "r1", "up to H1, emergency");
    world_after(w, 86400 / 2);
    cr_assert(world_count(w, "H1 < emergency sheet r1") > 40);
    cr_assert_eq(world_count(w, "dead-letter"), 0);
    world_forget(w);
    world_connect(w, "OP", 0);
    world_say(w, "OP", "LIST_ALARMS", "");

    const Referral__AlarmList *alarms = world_result(w);
    bool is_raised = false;

    for (size_t i = 0; i < alarms->n_alarms; i++)
        is_raised |= strcmp(alarms->alarms[i]->code, "receiver-down") == 0;
    cr_assert(is_raised);
    world_close(w);
}

/* What was handed out under a longer time-out holds up nothing that came under a shorter one. */
Test(redelivery, d4_a_shorter_ack_time_out_counts_for_what_is_handed_out_from_then_on)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 0);
    world_say(w, "OP", "PUT_SETTING", "name=ack_timeout_ms; institution=H1; value=600000");
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_say(w, "OP", "PUT_SETTING", "name=ack_timeout_ms; institution=H1; value=30000");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_forget(w);
    world_after(w, 40);
    world_expect(w, "[    35]\n"
                    "         H1 < routine sheet r2 from T07, attempt 2\n");
    world_after(w, 550);
    cr_assert_eq(world_count(w, "sheet r1 from T07"), 0);
    world_after(w, 20);
    cr_assert_eq(world_count(w, "sheet r1 from T07, attempt 2"), 1);
    world_close(w);
}

Test(redelivery, d4_what_is_late_first_comes_first_though_all_that_is_out_may_stay_longer)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 0);
    world_say(w, "OP", "PUT_SETTING", "name=ack_timeout_ms; institution=H1; value=600000");
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_say(w, "OP", "PUT_SETTING", "name=ack_timeout_ms; institution=H1; value=60000");
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_say(w, "OP", "PUT_SETTING", "name=ack_timeout_ms; institution=H1; value=30000");
    world_submit(w, "T07", "r4", "up to H1, routine");
    world_forget(w);
    world_after(w, 40);
    cr_assert_eq(world_count(w, "sheet r4 from T07, attempt 2"), 1);
    cr_assert_eq(world_count(w, "attempt 2"), 1);
    world_after(w, 30);
    cr_assert_eq(world_count(w, "sheet r3 from T07, attempt 2"), 1);
    cr_assert_eq(world_count(w, "sheet r1 from T07, attempt 2"), 0);
    world_close(w);
}
