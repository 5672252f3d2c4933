/* retention.c - what stays: finished or not, nothing is pruned (D8); and who may book before anybody accepted (Q5,
 * Q15). */
#include "query.pb-c.h"
#include "registry.pb-c.h"
#include "story/world.h"

#define YEARS 3
#define DAY_S 86400

Test(retention, d8_years_later_the_finished_is_found_and_the_unfinished_still_waits)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_good(w, "T07");
    world_submit(w, "T07", "r1", "(id first) up to H1, routine");
    world_event(w, "T07", "cancel r1");
    world_submit(w, "T07", "r2", "up to C1, routine"); /* C1 never connects */
    world_lose(w, "T07");                              /* else it says every ten seconds that it is there */
    for (int day = 0; day < YEARS * 365; day += 30) {
        world_after(w, 30 * DAY_S); /* deadlines pass, validity ends, sessions end */
        world_forget(w);
    }
    world_connect(w, "T07", 20);
    world_forget(w);
    world_say(w, "T07", "SHOW_PAYLOAD", "referral_id=r1");
    const Referral__Payload *payload = world_result(w);

    cr_assert_gt(payload->body.len, 0);
    world_say(w, "T07", "GET_REFERRAL", "referral_id=r2");
    const Referral__ReferralView *view = world_result(w);

    cr_assert_eq(view->summary->state, REFERRAL__STATE__EXPIRED);
    world_connect(w, "C1", 20);
    cr_assert_eq(world_count(w, "C1 < routine sheet r2"), 1, "the message waited for years");
    world_close(w);
}

Test(retention, q5_direct_booking_is_a_setting_of_hospital_and_class)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_forget(w);
    world_event(w, "T07", "book r1; place.class=BED");
    world_event(w, "T07", "book r1; place.class=EXPERT");
    world_expect(w, "[     0] T07 > book r1; place.class=BED\n"
                    "         T07 < refused NOT_BOOKABLE_YET (Q5) place.class\n"
                    "[     0] T07 > book r1; place.class=EXPERT\n"
                    "         T07 < accepted r1 BOOKED\n");
    world_close(w);
}

Test(retention, q15_whoever_waits_says_so_by_the_commands_for_places)
{
    struct world *w = world_open();

    world_connect(w, "T07", 20);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_forget(w);
    world_event(w, "T07", "waitlist r1");
    world_expect(w, "[     0] T07 > waitlist r1\n"
                    "         T07 < refused USE_PLACES (Q5) type, SUBMITTED, next broker\n");
    world_close(w);
}
