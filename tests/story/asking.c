/* asking.c - who asks is told of what is committed, and does not wait for the disk (D2). */
#include "query.pb-c.h"
#include "story/world.h"

static size_t referrals_found(const struct world *w)
{
    return ((const Referral__ReferralList *)world_result(w))->n_referrals;
}

Test(asking, d2_a_query_waits_for_no_commit_of_others)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 0);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_gather(w);
    world_event(w, "T07", "cancel r1");
    world_say(w, "H1", "LIST_REFERRALS", "");
    world_go(w);
    world_expect(w, "[     0] T07 > connect\n"
                    "[     0] H1 > connect\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[     0] T07 > cancel r1\n"
                    "[     0] H1 > LIST_REFERRALS\n"
                    "         H1 < answered\n"
                    "         T07 < accepted r1 CANCELLED\n");
    world_close(w);
}

Test(asking, d2_who_sends_a_command_and_a_query_is_told_what_the_command_did)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_gather(w);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_say(w, "T07", "LIST_REFERRALS", "");
    world_go(w);
    cr_assert_eq(referrals_found(w), 1);
    world_close(w);
}

/* An ack may wait a little for company; a question that comes after it may not overtake it. */
Test(asking, d2_who_acknowledges_and_asks_finds_the_message_gone)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_gather(w);
    world_ack(w, "H1", "r1");
    world_say(w, "H1", "LIST_INBOX", "");
    world_go(w);
    cr_assert_eq(((const Referral__InboxList *)world_result(w))->n_entries, 0);
    world_close(w);
}
