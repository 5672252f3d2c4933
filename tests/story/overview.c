/* overview.c - what operators see at a glance: what waits and when it is late, who is there, what was done. */
#include "turn/overview.h"
#include "story/world_inside.h"

#include <stdio.h>
#include <stdlib.h>

/* All of it, in as many steps as it takes. */
static void look(struct world *w, struct overview *overview)
{
    struct arena arena;
    int more = 1;

    cr_assert_eq(arena_open(&arena, 64 << 20), 0);
    overview_begin(overview);
    for (int steps = 0; more == 1; steps++) {
        more = overview_step(overview, w->store, w->turn, &arena, w->clock);
        cr_assert_eq(arena_mark(&arena), 0, "a step gives back what it took");
        cr_assert(steps < 1000);
    }
    cr_assert_eq(more, 0);
    arena_close(&arena);
}

static const struct overview_destination *destination(const struct overview *overview, const char *id)
{
    for (size_t i = 0; i < overview->destination_count; i++)
        if (strcmp(overview->destinations[i].id, id) == 0)
            return &overview->destinations[i];
    cr_assert_fail("%s is no destination", id);
    abort();
}

Test(overview, t1_whoever_is_sent_nothing_is_no_destination_and_who_is_disabled_says_so)
{
    struct world *w = world_open();
    struct overview overview;
    size_t before;

    cr_assert_eq(overview_open(&overview), 0);
    world_connect(w, "OP", 0);
    look(w, &overview);
    before = overview.destination_count;
    world_say(w, "OP", "PUT_INSTITUTION", "id=COMM; name=commission; kind=OBSERVER");
    world_say(w, "OP", "PUT_INSTITUTION", "id=V9; name=v; kind=PRIMARY; tier=VILLAGE; query_only=true");
    world_say(w, "OP", "PUT_INSTITUTION", "id=CT9; name=imaging; kind=CENTRE; enabled=false");
    world_say(w, "OP", "PUT_INSTITUTION", "id=CT8; name=imaging; kind=CENTRE; enabled=true");
    look(w, &overview);
    cr_assert_eq(overview.destination_count, before + 2);
    cr_assert_not(destination(&overview, "CT9")->enabled);
    cr_assert(destination(&overview, "CT8")->enabled);
    cr_assert(destination(&overview, "H1")->enabled, "so is whoever does not say");
    overview_close(&overview);
    world_close(w);
}

Test(overview, d3_what_waits_is_counted_by_lane_with_its_oldest)
{
    struct world *w = world_open();
    struct overview overview;

    cr_assert_eq(overview_open(&overview), 0);
    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_after(w, 60);
    world_submit(w, "T07", "r2", "up to H1, urgent");
    world_after(w, 60);
    world_submit(w, "T07", "r3", "up to H1, urgent");
    look(w, &overview);

    const struct overview_destination *h1 = destination(&overview, "H1");

    cr_assert_eq(h1->waiting, 3);
    cr_assert_eq(h1->lanes[0].waiting, 0);
    cr_assert_eq(h1->lanes[1].waiting, 2);
    cr_assert_eq(h1->lanes[2].waiting, 1);
    cr_assert_not(instant_is_set(h1->lanes[0].due_at));
    cr_assert_eq(w->clock.now.ms - h1->lanes[1].oldest_at.ms, 60 * SECOND_MS);
    cr_assert_eq(h1->oldest_at.ms, h1->lanes[2].oldest_at.ms);
    cr_assert_eq(overview.totals.waiting, 3);
    cr_assert_eq(overview.totals.without_consumer, 1);
    cr_assert_eq(overview.totals.unbalanced, 0);
    overview_close(&overview);
    world_close(w);
}

/* The day is a Monday, 09:00: two working days end on Wednesday. */
Test(overview, l4_a_message_is_due_when_its_receiver_has_to_answer)
{
    struct world *w = world_open();
    struct overview overview;

    cr_assert_eq(overview_open(&overview), 0);
    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_say(w, "OP", "PUT_SETTING", "name=answer_urgent_ms; institution=H1; value=600000");
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_submit(w, "T07", "r2", "up to C1, urgent");
    world_submit(w, "T07", "r3", "up to H1, routine");
    world_submit(w, "T07", "r4", "up to H1, emergency");
    look(w, &overview);

    const struct overview_destination *h1 = destination(&overview, "H1"), *c1 = destination(&overview, "C1");
    int64_t now = w->clock.now.ms;

    cr_assert_eq(h1->lanes[0].due_at.ms - now, MINUTE_MS);
    cr_assert_eq(h1->lanes[1].due_at.ms - now, 10 * MINUTE_MS);
    cr_assert_eq(h1->lanes[1].half_at.ms - now, 5 * MINUTE_MS);
    cr_assert_eq(c1->lanes[1].due_at.ms - now, 2 * HOUR_MS);
    cr_assert_eq(h1->lanes[2].due_at.ms - now, 2 * DAY_MS);
    cr_assert_eq(h1->due_at.ms - now, MINUTE_MS);
    cr_assert_eq(overview.by_urgency[0], h1);
    cr_assert_eq(overview.by_urgency[1], c1);
    overview_close(&overview);
    world_close(w);
}

Test(overview, l4_from_half_of_its_time_on_a_message_is_at_risk_and_so_is_what_stands_behind_it)
{
    struct world *w = world_open();
    struct overview overview;

    cr_assert_eq(overview_open(&overview), 0);
    world_connect(w, "T07", 10);
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_after(w, 3599);
    world_submit(w, "T07", "r2", "up to H1, urgent");
    world_submit(w, "T07", "r3", "up to H1, routine");
    look(w, &overview);
    cr_assert_eq(overview.totals.at_risk, 0);
    world_after(w, 1);
    look(w, &overview);
    cr_assert_eq(overview.totals.at_risk, 2);
    cr_assert_eq(destination(&overview, "H1")->at_risk, 2);
    world_connect(w, "H1", 10);
    world_ack(w, "H1", "all");
    look(w, &overview);
    cr_assert_eq(overview.totals.at_risk, 0);
    cr_assert_eq(destination(&overview, "H1")->last_ack_at.ms, w->clock.now.ms);
    overview_close(&overview);
    world_close(w);
}

Test(overview, d5_a_dead_letter_is_at_risk_until_it_is_replayed)
{
    struct world *w = world_open();
    struct overview overview;

    cr_assert_eq(overview_open(&overview), 0);
    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_nack(w, "H1", "r1", REFERRAL__NACK_CODE__NACK_NOT_FOR_US);
    look(w, &overview);
    cr_assert_eq(overview.totals.dead, 1);
    cr_assert_eq(overview.totals.at_risk, 1);
    cr_assert_str_eq(overview.by_urgency[0]->id, "T07", "it is told, and that is due");
    cr_assert_str_eq(overview.by_urgency[1]->id, "H1", "nothing is due, but something is at risk");
    overview_close(&overview);
    world_close(w);
}

Test(overview, d4_who_is_connected_and_what_came_back_is_known_after_the_connection_too)
{
    struct world *w = world_open();
    struct overview overview;

    cr_assert_eq(overview_open(&overview), 0);
    world_connect(w, "T07", 10);
    world_connect(w, "H1", 5);
    world_submit(w, "T07", "r1", "up to H1, urgent");
    look(w, &overview);

    struct live_inbox live = destination(&overview, "H1")->live;

    cr_assert_eq(live.connections, 1);
    cr_assert_eq(live.in_flight, 1);
    cr_assert_eq(live.credit, 4);
    cr_assert_eq(live.delivered, 1);
    cr_assert_eq(live.redelivered, 0);
    cr_assert_not(instant_is_set(live.last_seen));
    world_after(w, 10);
    world_lose(w, "H1");
    world_connect(w, "H1", 5);
    world_lose(w, "H1");
    look(w, &overview);
    live = destination(&overview, "H1")->live;
    cr_assert_eq(live.connections, 0);
    cr_assert_eq(live.in_flight, 0);
    cr_assert_eq(live.delivered, 2);
    cr_assert_eq(live.redelivered, 1);
    cr_assert_eq(live.last_seen.ms, w->clock.now.ms);
    cr_assert_eq(destination(&overview, "H1")->lanes[1].returned, 2);
    overview_close(&overview);
    world_close(w);
}

Test(overview, p3_what_was_administered_is_told_the_last_first_over_a_restart)
{
    struct world *w = world_open();
    struct overview overview, anew;

    cr_assert_eq(overview_open(&overview), 0);
    look(w, &overview);
    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_say(w, "OP", "PAUSE", "institution=H1; reason=x");
    world_after(w, 5);
    world_say(w, "OP", "RESUME", "institution=H1");
    world_say(w, "T07", "PAUSE", "institution=H1"); /* refused */
    world_submit(w, "T07", "r1", "up to H1, urgent");
    look(w, &overview);
    cr_assert_str_eq(overview.actions[0].kind, "RESUME");
    cr_assert_str_eq(overview.actions[0].institution, "OP");
    cr_assert_str_eq(overview.actions[0].subject, "H1");
    cr_assert_eq(overview.actions[0].at.ms, w->clock.now.ms);
    cr_assert_str_eq(overview.actions[1].kind, "PAUSE");
    cr_assert_eq(overview.actions[0].at.ms - overview.actions[1].at.ms, 5 * SECOND_MS);
    cr_assert_eq(overview.action_count, OVERVIEW_ACTIONS, "the district was registered before");

    world_restart(w);
    cr_assert_eq(overview_open(&anew), 0);
    look(w, &anew);
    cr_assert_eq(anew.action_count, OVERVIEW_ACTIONS);
    for (size_t i = 0; i < OVERVIEW_ACTIONS; i++) {
        cr_assert_eq(anew.actions[i].index, overview.actions[i].index, "action %zu", i);
        cr_assert_str_eq(anew.actions[i].kind, overview.actions[i].kind, "action %zu", i);
        cr_assert_str_eq(anew.actions[i].subject, overview.actions[i].subject, "action %zu", i);
    }
    overview_close(&anew);
    overview_close(&overview);
    world_close(w);
}

Test(overview, d6_alarms_stand_with_their_beginning)
{
    struct world *w = world_open();
    struct overview overview;

    cr_assert_eq(overview_open(&overview), 0);
    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    world_say(w, "OP", "PUT_SETTING", "name=inbox_messages_max; institution=H1; value=1");
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_after(w, 7);
    look(w, &overview);
    cr_assert_eq(overview.alarm_count, 1);
    cr_assert_str_eq(overview.alarms[0].code, "inbox-full");
    cr_assert_str_eq(overview.alarms[0].subject, "H1");
    cr_assert_eq(w->clock.now.ms - overview.alarms[0].since.ms, 7 * SECOND_MS);
    cr_assert(destination(&overview, "H1")->full);
    overview_close(&overview);
    world_close(w);
}

/* Turns go on between the steps; a snapshot is whole all the same. */
Test(overview, turns_between_two_steps_do_no_harm)
{
    struct world *w = world_open();
    struct overview overview;
    struct arena arena;
    int more = 1;

    cr_assert_eq(overview_open(&overview), 0);
    cr_assert_eq(arena_open(&arena, 64 << 20), 0);
    world_connect(w, "OP", 0);
    overview_begin(&overview);
    for (int i = 0; more == 1; i++) {
        world_say(w, "OP", i % 2 == 0 ? "PAUSE" : "RESUME", "institution=H1; reason=x");
        more = overview_step(&overview, w->store, w->turn, &arena, w->clock);
        cr_assert(i < 100, "it never ends");
    }
    cr_assert_eq(more, 0);
    cr_assert_eq(overview.action_count, OVERVIEW_ACTIONS);
    for (size_t i = 1; i < OVERVIEW_ACTIONS; i++)
        cr_assert(overview.actions[i].index <= overview.actions[i - 1].index, "the last first");
    overview_close(&overview);
    arena_close(&arena);
    world_close(w);
}

static struct reserve_day reserve(const struct overview *overview, const char *hospital, uint8_t class, int day)
{
    const struct reserve_table *table = overview->reserve.shown;

    for (size_t i = 0; i < table->row_count; i++)
        if (strcmp(table->rows[i].id, hospital) == 0 && table->rows[i].class == class)
            return table->rows[i].days[day];
    return (struct reserve_day){0};
}

/* Where a pool's date is not said, as seen from the Monday on which the story begins. */
#define THURSDAY 3

Test(overview, q3_the_reserve_of_a_day_is_added_up_by_hospital_and_class)
{
    struct world *w = world_open();
    struct overview overview;
    struct reserve_day day;

    cr_assert_eq(overview_open(&overview), 0);
    look(w, &overview);
    cr_assert_eq(overview.reserve.shown->row_count, 0);
    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_good(w, "H1");
    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_publish(w, "H1", "LI EXPERT 7 places");
    world_publish(w, "H1", "ZHAO EXPERT 5 places on 2026-03-09");
    world_publish(w, "H1", "SUN EXPERT 5 places on 2026-03-10");
    world_publish(w, "H1", "CT EXAM 4 places every 30");
    world_submit(w, "T07", "r1", "up to H1, routine, patient 1");
    world_place(w, "T07", "book WANG family r1");
    world_place(w, "H1", "book WANG general HIS-1");
    world_place(w, "H1", "book LI general HIS-2");
    look(w, &overview);
    day = reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXPERT, THURSDAY);
    cr_assert_eq(day.pools, 2);
    cr_assert_eq(day.capacity, 17);
    cr_assert_eq(day.required, 2 + 2);
    cr_assert_eq(day.reserved, 1 + 2);
    cr_assert_eq(day.family, 1);
    cr_assert_eq(day.general, 2);
    cr_assert_eq(day.free, 14);
    cr_assert_eq(day.released, 0);
    cr_assert_eq(reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXPERT, RESERVE_DAYS - 1).capacity, 5);
    cr_assert_eq(reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXAM, THURSDAY).capacity, 4);
    cr_assert_eq(overview.reserve.shown->row_count, 2, "the tenth is a day too far");
    cr_assert_str_eq(overview.reserve.shown->rows[0].id, "H1");
    overview_close(&overview);
    world_close(w);
}

Test(overview, q6_what_is_released_is_kept_no_more_unless_the_time_is_in_doubt)
{
    struct world *w = world_open();
    struct overview overview;
    struct reserve_day day;

    cr_assert_eq(overview_open(&overview), 0);
    world_connect(w, "H1", 10);
    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_until(w, 2 * 86400 - 1);
    look(w, &overview);
    cr_assert_eq(reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXPERT, 1).reserved, 2, "Wednesday, 08:59:59");
    world_hold(w, true);
    world_after(w, 1);
    look(w, &overview);
    cr_assert_eq(reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXPERT, 1).reserved, 2, "it is in doubt");
    world_hold(w, false);
    look(w, &overview);
    day = reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXPERT, 1);
    cr_assert_eq(day.reserved, 0);
    cr_assert_eq(day.released, 2);
    overview_close(&overview);
    world_close(w);
}

/* Of a reserve that family doctors have taken nothing is left to release. */
Test(overview, q6_what_family_doctors_have_is_not_released)
{
    struct world *w = world_open();
    struct overview overview;

    cr_assert_eq(overview_open(&overview), 0);
    world_connect(w, "T07", 10);
    world_connect(w, "H1", 10);
    world_good(w, "H1");
    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_submit(w, "T07", "r1", "up to H1, routine, patient 1");
    world_submit(w, "T07", "r2", "up to H1, routine, patient 2");
    world_submit(w, "T07", "r3", "up to H1, routine, patient 3");
    world_place(w, "T07", "book WANG family r1");
    world_until(w, 2 * 86400);
    look(w, &overview);
    cr_assert_eq(reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXPERT, 1).released, 1);
    for (int more = 2; more <= 3; more++) {
        world_place(w, "T07", more == 2 ? "book WANG family r2" : "book WANG family r3");
        look(w, &overview);
        cr_assert_eq(reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXPERT, 1).family, (uint64_t)more);
        cr_assert_eq(reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXPERT, 1).released, 0);
    }
    overview_close(&overview);
    world_close(w);
}

/* Six pools of three places: each alone would keep one of three, together they keep 4 of 18. */
Test(overview, q11_a_group_is_counted_once_over_all_its_pools)
{
    struct world *w = world_open();
    struct overview overview;
    struct reserve_day day;

    cr_assert_eq(overview_open(&overview), 0);
    world_connect(w, "H1", 10);
    for (int i = 0; i < 6; i++) {
        char what[64];

        snprintf(what, sizeof what, "P%d EXPERT 3 places", i);
        world_publish(w, "H1", what);
    }
    look(w, &overview);
    cr_assert_eq(reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXPERT, THURSDAY).required, 6);
    world_say(w, "H1", "PUT_GROUP", "hospital=H1; class=EXPERT; department=MED; date=2026-03-05");
    look(w, &overview);
    day = reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXPERT, THURSDAY);
    cr_assert_eq(day.pools, 6);
    cr_assert_eq(day.capacity, 18);
    cr_assert_eq(day.required, 4);
    cr_assert_eq(day.reserved, 4);
    overview_close(&overview);
    world_close(w);
}

Test(overview, q10_a_deficit_is_counted_until_it_is_cured)
{
    struct world *w = world_open();
    struct overview overview;
    struct reserve_day day;

    cr_assert_eq(overview_open(&overview), 0);
    world_connect(w, "H1", 10);
    world_publish(w, "H1", "WANG EXPERT 10 places");
    world_place(w, "H1", "block WANG; count=10; reason=STAFF_ABSENT");
    look(w, &overview);
    day = reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXPERT, THURSDAY);
    cr_assert_eq(day.blocked, 10);
    cr_assert_eq(day.deficit, 2);
    cr_assert_eq(day.reserved, 0);
    cr_assert_eq(overview.reserve.shown->short_sets, 1);
    world_place(w, "H1", "unblock WANG; count=2");
    look(w, &overview);
    cr_assert_eq(overview.reserve.shown->short_sets, 0);
    overview_close(&overview);
    world_close(w);
}

Test(overview, a_walk_over_more_pools_than_a_step_may_read_goes_on_in_the_next)
{
    struct world *w = world_open();
    struct overview overview;

    cr_assert_eq(overview_open(&overview), 0);
    world_connect(w, "H1", 10);
    for (int i = 0; i < 60; i++) {
        char what[64];

        snprintf(what, sizeof what, "P%d EXPERT 20 places", i);
        world_publish(w, "H1", what);
    }
    look(w, &overview);
    cr_assert_eq(reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXPERT, THURSDAY).pools, 60);
    cr_assert_eq(reserve(&overview, "H1", REFERRAL__PLACE_CLASS__EXPERT, THURSDAY).capacity, 1200);
    cr_assert_eq(overview.reserve.shown->row_count, 1);
    overview_close(&overview);
    world_close(w);
}
