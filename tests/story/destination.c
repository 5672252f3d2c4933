/* destination.c - pause and resume (D9), caps (D6), and what the operator sees. */
#include "query.pb-c.h"
#include "story/world.h"

#include <stdio.h>

Test(destination, d9_a_pause_stops_delivery_and_not_acceptance)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "H1", 10);
    world_connect(w, "T07", 10);
    world_say(w, "OP", "PAUSE", "institution=H1; reason=系统升级");
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_say(w, "OP", "WHY", "referral_id=r1; language=en");
    cr_assert_str_eq(((const Referral__WhyView *)world_result(w))->waits_for, "paused");
    world_say(w, "OP", "RESUME", "institution=H1");
    world_expect(w, "[     0] OP > connect\n"
                    "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > connect, credit 10\n"
                    "[     0] OP > PAUSE institution=H1; reason=系统升级\n"
                    "         OP < accepted\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[     0] OP > WHY referral_id=r1; language=en\n"
                    "         OP < answered\n"
                    "[     0] OP > RESUME institution=H1\n"
                    "         OP < accepted\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n");
    world_close(w);
}

Test(destination, d6_a_full_inbox_refuses_new_submissions_only_and_says_when_to_try_again)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_say(w, "OP", "PUT_SETTING", "name=inbox_messages_max; institution=H1; value=2");
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_submit(w, "T07", "e1", "up to H1, emergency");
    world_submit(w, "T07", "r4", "up to C1, routine");
    world_event(w, "T07", "cancel r1");
    world_connect(w, "H1", 10);
    world_ack(w, "H1", "all");
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_expect(w, "[     0] OP > connect\n"
                    "[     0] T07 > connect, credit 10\n"
                    "[     0] OP > PUT_SETTING name=inbox_messages_max; institution=H1; value=2\n"
                    "         OP < accepted\n"
                    "[     0] T07 > submit r1 up to H1, routine\n"
                    "         T07 < accepted r1 SUBMITTED\n"
                    "[     0] T07 > submit r2 up to H1, routine\n"
                    "         T07 < accepted r2 SUBMITTED\n"
                    "[     0] T07 > submit r3 up to H1, routine\n"
                    "         T07 < refused INBOX_FULL (D6), retry in 30000 ms\n"
                    "[     0] T07 > submit e1 up to H1, emergency\n"
                    "         T07 < accepted e1 SUBMITTED\n"
                    "[     0] T07 > submit r4 up to C1, routine\n"
                    "         T07 < accepted r4 SUBMITTED\n"
                    "[     0] T07 > cancel r1\n"
                    "         T07 < accepted r1 CANCELLED\n"
                    "[     0] H1 > connect, credit 10\n"
                    "         H1 < emergency sheet e1 from T07, attempt 1\n"
                    "         H1 < routine sheet r1 from T07, attempt 1\n"
                    "         H1 < routine sheet r2 from T07, attempt 1\n"
                    "         H1 < routine notice r1 cancel, CANCELLED, attempt 1\n"
                    "[     0] H1 > ack all\n"
                    "[     0] T07 > submit r3 up to H1, routine\n"
                    "         T07 < accepted r3 SUBMITTED\n"
                    "         H1 < routine sheet r3 from T07, attempt 1\n");
    world_close(w);
}

Test(destination, t1_a_disabled_institution_gets_nothing_until_it_is_enabled_again)
{
    struct world *w = world_open();
    const char *h1 = "id=H1; name=H1; kind=HOSPITAL; tier=COUNTY; consortium=county-1; departments[0].code=MED;"
                     "departments[0].name=内科";
    char disabled[256];

    snprintf(disabled, sizeof disabled, "%s; enabled=false", h1);
    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_say(w, "OP", "PUT_INSTITUTION", disabled);
    world_forget(w);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r2", "up to H1, emergency");
    world_expect(w, "[     0] H1 > connect, credit 10\n"
                    "[     0] T07 > submit r2 up to H1, emergency\n"
                    "         T07 < refused RECEIVER_DISABLED (T1) receiver\n");
    world_say(w, "OP", "PUT_INSTITUTION", h1);
    cr_assert_eq(world_count(w, "sheet r1 from T07"), 1);
    world_close(w);
}
