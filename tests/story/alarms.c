/* alarms.c - what should be an alarm about a destination becomes one, once, and ends with its cause (D4-D7, L4). */
#include "query.pb-c.h"
#include "story/world_inside.h"
#include "turn/overview.h"

#include <stdio.h>

static struct overview overview;

/* What the daemon does now and then: looks, and has alarms raised and cleared that are not as they should be. */
static void watch(struct world *w)
{
    struct arena arena;
    int more = 1;

    cr_assert_eq(arena_open(&arena, 64 << 20), 0);
    overview_begin(&overview);
    while (more == 1)
        more = overview_step(&overview, w->store, w->turn, &arena, w->clock);
    cr_assert_eq(more, 0);
    arena_close(&arena);
    overview_alarm(&overview, w->turn);
    world_go(w);
}

/* "code subject detail; ..." of what stands, or stood. */
static const char *alarms(struct world *w, bool past)
{
    static char text[1024];
    size_t length = 0;

    world_say(w, "OP", "LIST_ALARMS", past ? "past=true" : "");
    const Referral__AlarmList *list = world_result(w);

    text[0] = '\0';
    for (size_t i = 0; i < list->n_alarms; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s %s%s%s", i == 0 ? "" : "; ",
                                   list->alarms[i]->code, list->alarms[i]->subject,
                                   list->alarms[i]->detail == NULL ? "" : " ",
                                   list->alarms[i]->detail == NULL ? "" : list->alarms[i]->detail);
    return text;
}

static struct world *open_world(void)
{
    struct world *w = world_open();

    cr_assert_eq(overview_open(&overview), 0);
    world_connect(w, "OP", 0);
    world_connect(w, "T07", 10);
    return w;
}

static void close_world(struct world *w)
{
    overview_close(&overview);
    world_close(w);
}

Test(alarms, d4_messages_that_wait_with_nobody_there_are_one_after_a_minute)
{
    struct world *w = open_world();

    watch(w);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_after(w, 59);
    watch(w);
    cr_assert_str_eq(alarms(w, false), "", "a system that comes back soon is none");
    world_after(w, 1);
    watch(w);
    cr_assert_str_eq(alarms(w, false), "no-consumer H1 waiting=1");
    watch(w);
    world_restart(w);
    world_connect(w, "OP", 0);
    overview_close(&overview);
    cr_assert_eq(overview_open(&overview), 0);
    watch(w);
    cr_assert_str_eq(alarms(w, false), "no-consumer H1 waiting=1", "it stands over a restart");
    cr_assert_str_eq(alarms(w, true), "");
    world_connect(w, "H1", 0);
    watch(w);
    cr_assert_str_eq(alarms(w, false), "no-consumer H1 waiting=1", "who only looks takes nothing");
    world_lose(w, "H1");
    world_connect(w, "H1", 1);
    watch(w);
    cr_assert_str_eq(alarms(w, false), "", "it takes messages");
    cr_assert_str_eq(alarms(w, true), "no-consumer H1 waiting=1", "raised once, cleared once");

    world_lose(w, "H1");
    world_after(w, 59);
    watch(w);
    cr_assert_str_eq(alarms(w, false), "", "seen a minute ago");
    world_after(w, 1);
    watch(w);
    cr_assert_str_eq(alarms(w, false), "no-consumer H1 waiting=1");
    world_say(w, "OP", "PUT_SETTING", "name=no_consumer_alarm_ms; institution=H1; value=0");
    watch(w);
    cr_assert_str_eq(alarms(w, false), "", "not where it is not wanted");
    close_world(w);
}

Test(alarms, d9_whoever_paused_a_destination_knows_that_nothing_is_taken)
{
    struct world *w = open_world();

    world_submit(w, "T07", "r1", "up to H1, routine");
    world_say(w, "OP", "PAUSE", "institution=H1; reason=works");
    watch(w);
    world_after(w, 600);
    watch(w);
    cr_assert_str_eq(alarms(w, false), "");
    close_world(w);
}

Test(alarms, l4_the_oldest_message_past_half_its_deadline_is_one)
{
    struct world *w = open_world();

    world_say(w, "OP", "PUT_SETTING", "name=answer_urgent_ms; institution=H1; value=600000");
    world_connect(w, "H1", 0);
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_after(w, 299);
    watch(w);
    cr_assert_str_eq(alarms(w, false), "");
    world_after(w, 1);
    watch(w);
    cr_assert_str_eq(alarms(w, false), "inbox-half-deadline H1 at_risk=1");
    world_credit(w, "H1", 10);
    world_ack(w, "H1", "all");
    watch(w);
    cr_assert_str_eq(alarms(w, false), "");
    close_world(w);
}

/* The engine's clock raises it, and looks again an hour later; whoever looks sees it end with its cause. */
Test(alarms, d6_an_old_message_is_one_until_it_is_taken)
{
    struct world *w = open_world();

    world_say(w, "OP", "PUT_SETTING", "name=no_consumer_alarm_ms; value=0");
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_after(w, 3600);
    watch(w);
    cr_assert_str_eq(alarms(w, false), "inbox-age H1");
    world_connect(w, "H1", 10);
    watch(w);
    cr_assert_str_eq(alarms(w, false), "inbox-age H1", "it has it, and has not said that it keeps it");
    world_ack(w, "H1", "all");
    world_submit(w, "T07", "r2", "up to H1, routine");
    watch(w);
    cr_assert_str_eq(alarms(w, false), "", "what waits now is young");
    cr_assert_str_eq(alarms(w, true), "inbox-age H1", "raised once, cleared once");
    close_world(w);
}

Test(alarms, d5_dead_letters_are_one_until_the_last_is_replayed_or_dropped)
{
    struct world *w = open_world();

    world_say(w, "OP", "PUT_SETTING", "name=no_consumer_alarm_ms; value=0");
    world_connect(w, "H1", 10);
    world_submit(w, "T07", "r1", "up to H1, urgent");
    world_nack(w, "H1", "r1", REFERRAL__NACK_CODE__NACK_NOT_FOR_US);
    world_ack(w, "T07", "all");
    watch(w);
    cr_assert_str_eq(alarms(w, false), "dead-letters H1 dead=1");
    world_say(w, "OP", "REPLAY_DEAD", "institution=H1; all=true; reason=mended");
    world_ack(w, "H1", "all");
    watch(w);
    cr_assert_str_eq(alarms(w, false), "");
    close_world(w);
}

Test(alarms, d7_books_that_do_not_balance_are_one)
{
    struct world *w = open_world();

    world_connect(w, "H1", 0);
    world_submit(w, "T07", "r1", "up to H1, routine");
    watch(w);
    cr_assert_str_eq(alarms(w, false), "");
    for (size_t i = 0; i < overview.destination_count; i++) /* the store lets nobody write wrong ones */
        if (strcmp(overview.destinations[i].id, "H1") == 0) {
            overview.destinations[i].acknowledged++;
            overview.destinations[i].holds[WATCHED_UNBALANCED] = true;
        }
    overview_alarm(&overview, w->turn);
    world_go(w);
    cr_assert_str_eq(alarms(w, false), "books-unbalanced H1 accepted=1 acknowledged=1 waiting=1 dead=0 dropped=0");
    watch(w);
    cr_assert_str_eq(alarms(w, false), "");
    close_world(w);
}
