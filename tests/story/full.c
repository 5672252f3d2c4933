/* full.c - a store without room: new work is refused, the rest goes on, nothing accepted is lost, and room heals it
 * (D2, D6). */
#include <stdio.h>

#include "query.pb-c.h"
#include "story/world.h"

/* Submits r1, r2 ... until one is refused; how many were accepted. */
static int fill(struct world *w)
{
    char name[16], what[9000];
    int length = snprintf(what, sizeof what, "up to H1, routine; treatment=");

    /* 1,500 characters a sheet. */
    memset(what + length, 'x', 1500);
    what[length + 1500] = '\0';
    for (int i = 1; i < 10000; i++) {
        snprintf(name, sizeof name, "r%d", i);
        world_submit(w, "T07", name, what);
        if (world_reply(w)->n_refusals != 0)
            return i - 1;
        world_forget(w);
    }
    return -1;
}

Test(full, d6_a_store_that_fills_refuses_new_work_and_goes_on_with_the_rest)
{
    struct world *w = world_open_small(3 << 20);

    world_connect(w, "T07", 100);
    world_connect(w, "H1", 0);

    int accepted = fill(w);

    cr_assert(accepted > 50, "only %d fit", accepted);
    cr_assert_str_eq(world_reply(w)->refusals[0]->code, "DISK_FULL");
    cr_assert(world_reply(w)->refusals[0]->retry_after_ms > 0);
    world_forget(w);
    world_event(w, "T07", "cancel r1");
    world_say(w, "T07", "GET_REFERRAL", "referral_id=r1");
    cr_assert_eq(((const Referral__ReferralView *)world_result(w))->summary->state, REFERRAL__STATE__CANCELLED);
    world_expect(w, "[     0] T07 > cancel r1\n"
                    "         T07 < accepted r1 CANCELLED\n"
                    "[     0] T07 > GET_REFERRAL referral_id=r1\n"
                    "         T07 < answered\n");

    world_credit(w, "H1", 4000);
    world_good(w, "H1");
    cr_assert_eq((int)world_count(w, "sheet r"), accepted);
    world_close(w);
}

Test(full, d2_a_disk_that_takes_nothing_accepts_nothing_and_recovers_by_itself)
{
    struct world *w = world_open();

    world_connect(w, "T07", 100);
    world_connect(w, "H1", 100);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_forget(w);
    world_disk(w, true);
    world_submit(w, "T07", "r2", "(id a2) up to H1, routine");
    world_say(w, "T07", "GET_REFERRAL", "referral_id=r1");
    world_disk(w, false);
    world_submit(w, "T07", "r2", "(id a2) up to H1, routine");
    world_ack(w, "H1", "all");
    world_expect(w, "[     0] the disk > is full\n"
                    "[     0] T07 > submit r2 (id a2) up to H1, routine\n"
                    "         T07 < refused DISK_FULL (D6), retry in 30000 ms\n"
                    "[     0] T07 > GET_REFERRAL referral_id=r1\n"
                    "         T07 < answered\n"
                    "[     0] the disk > has room\n"
                    "[     0] T07 > submit r2 (id a2) up to H1, routine\n"
                    "         T07 < accepted r2 SUBMITTED\n"
                    "         H1 < routine sheet r2 from T07, attempt 1\n"
                    "[     0] H1 > ack all\n");
    world_close(w);
}
