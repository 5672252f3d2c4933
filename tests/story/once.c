/* once.c - everything accepted is on disk, and has one effect (D1, D2). */
#include "story/world.h"

#include <stdio.h>

Test(once, d1_the_same_command_again_gets_its_answer_again_and_has_no_second_effect)
{
    struct world *w = world_open();

    world_connect(w, "H1", 10);
    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "(id a1) up to H1, routine");
    world_again(w, "T07");
    world_event(w, "H1", "accept r1");
    world_again(w, "H1");
    world_expect(w, "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > connect, credit 10\n"
                    "[     0] T07 > submit r1 (id a1) up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[     0] T07 > the same again\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[     0] H1 > accept r1\n"
                    "         H1 < accepted r1 ACCEPTED\n"
                    "         T07 < routine notice r1 accept, ACCEPTED, attempt 1\n"
                    "[     0] H1 > the same again\n"
                    "         H1 < accepted r1 ACCEPTED\n");
    world_close(w);
}

Test(once, d1_after_a_crash_too)
{
    struct world *w = world_open();

    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "(id a1) up to H1, routine");
    world_restart(w);
    world_connect(w, "T07", 10);
    world_again(w, "T07");
    world_connect(w, "H1", 10);
    world_expect(w, "[     0] T07 > connect, credit 10\n"
                    "[     0] T07 > submit r1 (id a1) up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[     0] the broker > starts again\n"
                    "[     0] T07 > connect, credit 10\n"
                    "[     0] T07 > the same again\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[     0] H1 > connect, credit 10\n"
                    "         H1 < routine sheet r1 from T07, attempt 1, possibly redelivered\n");
    world_close(w);
}

Test(once, d1_the_same_key_with_another_body_is_a_conflict)
{
    struct world *w = world_open();

    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "(id a1) up to H1, routine");
    world_submit(w, "T07", "r2", "(id a1) up to H1, urgent");
    world_event(w, "T07", "(id a1) cancel r1");
    world_expect(w, "[     0] T07 > connect, credit 10\n"
                    "[     0] T07 > submit r1 (id a1) up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[     0] T07 > submit r2 (id a1) up to H1, urgent\n"
                    "         T07 < refused CONFLICT (D1) message_id\n"
                    "[     0] T07 > (id a1) cancel r1\n"
                    "         T07 < refused CONFLICT (D1) message_id\n");
    world_close(w);
}

Test(once, d1_a_refused_command_does_not_occupy_its_key)
{
    struct world *w = world_open();

    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "(id a1) up to H1, routine; consent=");
    world_submit(w, "T07", "r1", "(id a1) up to H1, routine");
    world_expect(w, "[     0] T07 > connect, credit 10\n"
                    "[     0] T07 > submit r1 (id a1) up to H1, routine; consent=\n"
                    "         T07 < refused NO_CONSENT (F) consent\n"
                    "[     0] T07 > submit r1 (id a1) up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n");
    world_close(w);
}

Test(once, d2_what_was_accepted_before_a_crash_is_delivered_once_and_marked)
{
    struct world *w = world_open();

    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_ack(w, "H1", "r1");
    world_restart(w);
    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_connect(w, "H1", 10);
    world_ack(w, "H1", "all");
    world_expect(w, "[     0] T07 > connect, credit 10\n"
                    "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[     0] T07 > submit r2 up to H1, routine\n"
                    "         T07 < accepted r2 SUBMITTED\n"
                    "         H1 < routine sheet r2 from T07, attempt 1\n"
                    "[     0] H1 > ack r1\n"
                    "[     0] the broker > starts again\n"
                    "[     0] T07 > connect, credit 10\n"
                    "[     0] T07 > submit r3 up to H1, routine\n"
                    "         T07 < accepted r3 SUBMITTED\n"
                    "[     0] H1 > connect, credit 10\n"
                    "         H1 < routine sheet r2 from T07, attempt 1, possibly redelivered\n"
                    "         H1 < routine sheet r3 from T07, attempt 1\n"
                    "[     0] H1 > ack all\n");
    world_close(w);
}

Test(once, d1_an_ack_twice_or_of_anothers_delivery_has_no_effect)
{
    struct world *w = world_open();

    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_connect(w, "C1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_ack(w, "H1", "r1");
    world_ack_old(w, "H1");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_ack_stolen(w, "C1", "r2");
    world_lose(w, "H1");
    world_connect(w, "H1", 10);
    world_expect(w, "[     0] T07 > connect, credit 10\n"
                    "[     0] H1 > connect, credit 10\n"
                    "[     0] C1 > connect, credit 10\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[     0] H1 > ack r1\n"
                    "[     0] H1 > ack whatever it ever got\n"
                    "[     0] T07 > submit r2 up to H1, routine\n"
                    "         T07 < accepted r2 SUBMITTED\n"
                    "         H1 < routine sheet r2 from T07, attempt 1\n"
                    "[     0] C1 > ack r2 of another\n"
                    "[     0] H1 > is lost\n"
                    "[     0] H1 > connect, credit 10\n"
                    "         H1 < routine sheet r2 from T07, attempt 2\n");
    world_close(w);
}
