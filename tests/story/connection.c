/* connection.c - connections come, go, and share an inbox (D3, D4; design: sessions are not state). */
#include "query.pb-c.h"
#include "story/world_inside.h"
#include "turn/inside.h"

#include <stdio.h>

Test(connection, d4_a_lost_connection_is_a_redelivery_and_no_failed_attempt)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_lose(w, "H1");
    world_connect(w, "H1", 10);
    world_expect(w, "[     0] T07 > connect\n"
                    "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[     0] T07 > submit r2 up to H1, routine\n"
                    "         T07 < accepted r2 SUBMITTED\n"
                    "         H1 < routine sheet r2 from T07, attempt 1\n"
                    "[     0] H1 > is lost\n"
                    "[     0] H1 > connect, credit 10\n"
                    "         H1 < routine sheet r1 from T07, attempt 2\n"
                    "         H1 < routine sheet r2 from T07, attempt 2\n");
    world_close(w);
}

Test(connection, d4_why_tells_of_a_message_that_is_in_hand_whenever_the_connection_is_lost)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 0);
    world_submit(w, "T07", "r1", "up to H1, routine");
    for (int i = 0; i < 3; i++) {
        world_connect(w, "H1", 1);
        world_lose(w, "H1");
    }
    world_say(w, "OP", "WHY", "referral_id=r1; language=en");

    const char *sentence = ((const Referral__WhyView *)world_result(w))->sentence;

    cr_assert(strstr(sentence, "the message came back 3 times with a lost connection") != NULL, "%s", sentence);
    world_close(w);
}

Test(connection, d3_several_connections_share_the_inbox_one_message_with_one_of_them)
{
    struct world *w = world_open();

    world_connect(w, "H1/a", 2);
    world_connect(w, "H1/b", 2);
    world_connect(w, "T07", 0);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_lose(w, "H1/a");
    world_ack(w, "H1/b", "r2");
    world_credit(w, "H1/b", 2);
    world_expect(w, "[     0] H1/a > connect, credit 2\n"
                    "[     0] H1/b > connect, credit 2\n"
                    "[     0] T07 > connect\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1/a < routine sheet r1 from T07, attempt 1\n"
                    "[     0] T07 > submit r2 up to H1, routine\n"
                    "         T07 < accepted r2 SUBMITTED\n"
                    "         H1/b < routine sheet r2 from T07, attempt 1\n"
                    "[     0] T07 > submit r3 up to H1, routine\n"
                    "         T07 < accepted r3 SUBMITTED\n"
                    "         H1/a < routine sheet r3 from T07, attempt 1\n"
                    "[     0] H1/a > is lost\n"
                    "         H1/b < routine sheet r1 from T07, attempt 2\n"
                    "[     0] H1/b > ack r2\n"
                    "[     0] H1/b > credit 2\n"
                    "         H1/b < routine sheet r3 from T07, attempt 2\n");
    world_close(w);
}

static void note_who(void *user, struct consumer *consumer, struct bytes delivery)
{
    (void)delivery;
    *(const char **)user = session_of_consumer(consumer)->speaker.institution;
}

/* Who is handed the next message, when one turn has room for no more. */
static const char *handed_next(struct world *w)
{
    const char *who = "nobody";
    struct store_txn *txn = NULL;
    struct handout handout = {.arena = &w->arena,
                              .now = w->clock.now,
                              .mono_ms = w->clock.mono_ms,
                              .bytes_left = 1,
                              .user = &who,
                              .hand = note_who};

    cr_assert_eq(store_read_begin(w->store, &w->arena, &txn), 0);
    handout.txn = txn;
    deliveries_hand_out(&w->turn->deliveries, &handout);
    store_read_end(txn);
    return who;
}

Test(connection, d3_inboxes_take_turns_where_a_turn_has_no_room_for_all)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 0);
    world_connect(w, "C1", 0);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_submit(w, "T07", "r3", "up to C1, emergency");
    world_gather(w);
    world_credit(w, "H1", 10);
    world_credit(w, "C1", 10);
    cr_assert_str_eq(handed_next(w), "H1");
    cr_assert_str_eq(handed_next(w), "C1");
    cr_assert_str_eq(handed_next(w), "H1");
    cr_assert_str_eq(handed_next(w), "nobody");
    world_close(w);
}

Test(connection, d3_what_an_offline_hospital_missed_comes_in_order)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, urgent");
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_submit(w, "T07", "r4", "up to H1, urgent");
    world_forget(w);
    world_connect(w, "H1", 1);
    world_ack(w, "H1", "r2");
    world_credit(w, "H1", 10);
    world_expect(w, "[     0] H1 > connect, credit 1\n"
                    "         H1 < urgent sheet r2 from T07, attempt 1\n"
                    "[     0] H1 > ack r2\n"
                    "[     0] H1 > credit 10\n"
                    "         H1 < urgent sheet r4 from T07, attempt 1\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "         H1 < routine sheet r3 from T07, attempt 1\n");
    world_close(w);
}

Test(connection, d4_a_connection_silent_for_three_intervals_is_lost)
{
    struct world *w = world_open();
    uint64_t lost = world_counters(w).sessions_lost;

    world_connect(w, "H1", 10);
    world_after(w, 120);
    cr_assert_eq(world_counters(w).sessions_lost, lost);
    world_mute(w, "H1");
    world_after(w, 40);
    cr_assert_eq(world_counters(w).sessions_lost, lost + 1);
    world_expect(w, "[     0] H1 > connect, credit 10\n"
                    "[   120] H1 > falls silent\n"
                    "[   150]\n"
                    "         H1 is cut off\n");
    world_close(w);
}

/* A broker that stood still heard nobody, but others may have spoken. */
Test(connection, d4_nobody_is_silent_or_late_while_the_broker_stands_still)
{
    struct world *w = world_open();
    uint64_t lost = world_counters(w).sessions_lost;

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_forget(w);
    w->clock.now.ms += 40000;
    w->clock.mono_ms += 40000;
    turn_stood_still(w->turn, 40000);
    world_settle(w);
    cr_assert_eq(world_counters(w).sessions_lost, lost);
    world_ack(w, "H1", "r1");
    world_after(w, 600);
    world_expect(w, "[    40] H1 > ack r1\n");

    /* From then on time counts as ever. */
    world_mute(w, "H1");
    world_after(w, 40);
    cr_assert_eq(world_counters(w).sessions_lost, lost + 1);
    world_close(w);
}

Test(connection, d4_a_full_pipe_is_waited_for_and_then_given_up)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 10);
    world_clog(w, "H1", true);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_after(w, 3);
    world_clog(w, "H1", false);
    world_expect(w, "[     0] T07 > connect\n"
                    "[     0] H1 > connect, credit 10\n"
                    "[     0] H1 > takes nothing\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[     0] T07 > submit r2 up to H1, routine\n"
                    "         T07 < accepted r2 SUBMITTED\n"
                    "[     3] H1 > takes again\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "         H1 < routine sheet r2 from T07, attempt 1\n");

    world_clog(w, "H1", true);
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_after(w, 40);
    world_connect(w, "H1", 10);
    world_expect(w, "[     3] H1 > takes nothing\n"
                    "[     3] T07 > submit r3 up to H1, routine\n"
                    "         T07 < accepted r3 SUBMITTED\n"
                    "[    33]\n"
                    "         H1 is cut off\n"
                    "[    43] H1 > connect, credit 10\n"
                    "         H1 < routine sheet r1 from T07, attempt 2\n"
                    "         H1 < routine sheet r2 from T07, attempt 2\n"
                    "         H1 < routine sheet r3 from T07, attempt 2\n");

    /* Of the one that is gone nothing is tried again. */
    world_lose(w, "H1");
    world_lose(w, "T07");
    cr_assert(turn_wait_ms(w->turn, w->clock) > 1000);
    world_close(w);
}

Test(connection, d4_whoever_takes_a_little_now_and_then_is_not_given_up)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_clog(w, "T07", true);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_submit(w, "T07", "r3", "up to H1, routine");
    for (int i = 0; i < 3; i++) {
        world_peer(w, "T07")->takes = 1;
        world_after(w, 20);
    }
    cr_assert_eq(world_count(w, "T07 < accepted"), 3);
    cr_assert_eq(world_count(w, "cut off"), 0);
    world_after(w, 20);
    cr_assert_eq(world_count(w, "T07 is cut off"), 1);
    world_close(w);
}

/* The credit of an ack makes the broker speak to somebody who has gone already, and of whom more is to come. */
Test(connection, d3_what_a_client_said_before_it_left_counts)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 2);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_forget(w);
    world_depart(w, "H1");
    world_ack(w, "H1", "r1");
    world_credit(w, "H1", 1);
    world_ack(w, "H1", "r2");
    world_credit(w, "H1", 1);
    world_lose(w, "H1");
    world_connect(w, "H1", 10);
    world_expect(w, "[     0] H1 > leaves\n"
                    "[     0] H1 > ack r1\n"
                    "[     0] H1 > credit 1\n"
                    "[     0] H1 > ack r2\n"
                    "[     0] H1 > credit 1\n"
                    "[     0] H1 > is lost\n"
                    "[     0] H1 > connect, credit 10\n"
                    "         H1 < routine sheet r3 from T07, attempt 2\n");
    world_close(w);
}

Test(connection, d_a_frame_of_another_session_gets_no_session_and_the_newest_hello_wins)
{
    struct world *w = world_open();

    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_hello_again(w, "H1");
    world_credit(w, "H1", 10);
    world_expect(w, "[     0] T07 > connect, credit 10\n"
                    "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[     0] H1 > hello again\n"
                    "[     0] H1 > credit 10\n"
                    "         H1 < routine sheet r1 from T07, attempt 2\n");

    world_lose(w, "T07");
    world_connect(w, "T07", 10);
    world_stale(w, "T07");
    world_say(w, "T07", "GET_REFERRAL", "referral_id=r1");
    world_expect(w, "[     0] T07 > is lost\n"
                    "[     0] T07 > connect, credit 10\n"
                    "[     0] T07 > GET_REFERRAL referral_id=r1\n"
                    "         T07 < no session\n");
    world_close(w);
}

/* A connection's number may be given again before the loss of the one before it is heard of: the key decides who
 * speaks. */
Test(connection, t5_a_frame_of_another_key_speaks_for_no_session_of_its_connection)
{
    struct world *w = world_open();

    world_connect(w, "H1", 0);
    snprintf(world_peer(w, "H1")->name, sizeof w->peers[0].name, "T07");
    world_say(w, "T07", "LIST_INBOX", "");
    world_expect(w, "[     0] H1 > connect\n"
                    "[     0] T07 > LIST_INBOX\n"
                    "         T07 < no session\n");
    world_close(w);
}

Test(connection, t1_welcome_says_by_which_local_time_the_institution_lives)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_say(w, "OP", "PUT_INSTITUTION", "id=XJ; name=x; kind=OBSERVER; time_zone=+06:00");
    world_say(w, "OP", "ADD_KEY", "public_key=key:XJ; institution=XJ; roles[0]=OBSERVE");
    world_connect(w, "XJ", 0);
    world_connect(w, "H1", 0);
    cr_assert_eq(world_peer(w, "XJ")->utc_offset_minutes, 360);
    cr_assert_eq(world_peer(w, "H1")->utc_offset_minutes, 480);
    world_close(w);
}
