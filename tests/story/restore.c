/* restore.c - going on from an older copy: no id twice, old acks are stale (D; section 2 of the issue). */
#include "story/world.h"

#include <stdio.h>

Test(restore, d4_after_a_restore_old_acks_are_stale_and_no_id_is_given_twice)
{
    struct world *w = world_open();
    char lost[80];

    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_copy(w);
    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r2", "up to H1, routine");
    strcpy(lost, world_id(w, "r2"));
    world_ack(w, "H1", "all");
    world_restore(w);
    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_ack_old(w, "H1");
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_ack(w, "H1", "all");
    world_expect(w, "[     0] T07 > connect, credit 10\n"
                    "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "[     0] the broker > is copied\n"
                    "[     0] T07 > connect, credit 10\n"
                    "[     0] H1 > connect, credit 10\n"
                    "         H1 < routine sheet r1 from T07, attempt 1, possibly redelivered\n"
                    "[     0] T07 > submit r2 up to H1, routine\n"
                    "         T07 < accepted r2 SUBMITTED\n"
                    "         H1 < routine sheet r2 from T07, attempt 1\n"
                    "[     0] H1 > ack all\n"
                    "[     0] the broker > starts from the copy\n"
                    "[     0] T07 > connect, credit 10\n"
                    "[     0] H1 > connect, credit 10\n"
                    "         H1 < routine sheet r1 from T07, attempt 1, possibly redelivered\n"
                    "[     0] H1 > ack whatever it ever got\n"
                    "         H1 < refused STALE (D4) delivery_ids\n"
                    "         H1 < refused STALE (D4) delivery_ids\n"
                    "         H1 < refused STALE (D4) delivery_ids\n"
                    "[     0] T07 > submit r3 up to H1, routine\n"
                    "         T07 < accepted r3 SUBMITTED\n"
                    "         H1 < routine sheet r3 from T07, attempt 1\n"
                    "[     0] H1 > ack all\n");
    cr_assert_str_neq(world_id(w, "r3"), lost);
    world_close(w);
}
