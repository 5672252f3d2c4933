/* pace.c - how much at once, and how fast: windows, full turns, acks in company, the end (D4, D6). */
#include "story/world_inside.h"

#include <stdio.h>

static void ask(struct world *w, struct peer *peer, int times)
{
    for (int i = 0; i < times; i++)
        world_transmit(w, peer, REFERRAL__KIND__LIST_SETTINGS, NULL, NULL, bytes_of(NULL, 0));
}

/* Submissions, each with a message id of its own; nothing runs yet. */
static void command(struct world *w, struct peer *peer, int times)
{
    Referral__Sheet *sheet = world_sheet(w, peer->name, "up to H1, routine");

    for (int i = 0; i < times; i++)
        world_transmit(w, peer, REFERRAL__KIND__SUBMIT, arena_format(&w->arena, "%s-%d", peer->name, i), NULL,
                       wire_pack(&sheet->base, &w->arena));
}

Test(pace, d6_beyond_the_window_a_request_is_busy_and_unwritten)
{
    struct world *w = world_open();
    uint64_t index;

    world_connect(w, "T07", 0);
    index = store_mark(w->store).index;
    command(w, world_peer(w, "T07"), LIMIT_WINDOW + 3);
    world_settle(w);
    cr_assert_eq(world_count(w, "accepted"), LIMIT_WINDOW);
    cr_assert_eq(world_count(w, "refused BUSY (D6), retry in 200 ms"), 3);
    cr_assert_eq(store_mark(w->store).index, index + 1);
    cr_assert_eq(world_counters(w).busy, 3);

    /* What was answered makes room again. */
    world_forget(w);
    world_submit(w, "T07", "r1", "up to H1, routine");
    cr_assert_eq(world_count(w, "accepted r1"), 1);
    world_close(w);
}

Test(pace, d6_large_answers_leave_before_there_are_more_of_them)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 0);
    world_forget(w);
    ask(w, world_peer(w, "T07"), 200);
    cr_assert_eq(world_count(w, "T07 < answered"), 192, "before the turn was asked for");
    ask(w, world_peer(w, "H1"), 200);
    world_settle(w);
    cr_assert_eq(world_count(w, "answered"), 400);
    cr_assert_eq(world_count(w, "BUSY"), 0);
    world_close(w);
}

/* Institutions whose list fills a page of a quarter of a MiB. */
static void register_many(struct world *w)
{
    char edits[64 * 320];

    for (int i = 0; i < 16; i++) {
        int length = sprintf(edits, "id=HX%d; name=x; kind=HOSPITAL; tier=COUNTY", i);

        for (int k = 0; k < 64; k++)
            length += sprintf(edits + length, "; departments[%d].code=D%d; departments[%d].name=%0250d", k, k, k, 1);
        world_say(w, "OP", "PUT_INSTITUTION", edits);
    }
}

Test(pace, d6_answers_that_would_be_too_much_to_keep_are_busy_and_end_no_session)
{
    struct world *w = world_open();

    world_connect(w, "OP", 0);
    world_connect(w, "T07", 0);
    register_many(w);
    world_forget(w);
    world_clog(w, "T07", true);
    for (int i = 0; i < LIMIT_WINDOW; i++)
        world_transmit(w, world_peer(w, "T07"), REFERRAL__KIND__LIST_INSTITUTIONS, NULL, NULL, bytes_of(NULL, 0));
    world_after_ms(w, 100);
    cr_assert_eq(world_count(w, "cut off"), 0);
    world_clog(w, "T07", false);
    world_after_ms(w, 100);
    cr_assert(world_count(w, "T07 < answered") >= 12, "%zu", world_count(w, "T07 < answered"));
    cr_assert_eq(world_count(w, "T07 < answered") + world_count(w, "BUSY (D6), retry in 200 ms"), LIMIT_WINDOW);
    world_close(w);
}

/* What needs no answer wakes nobody, so nothing would end the turn whose memory it takes. */
Test(pace, d6_what_leaves_nothing_to_do_gives_its_memory_back)
{
    struct world *w = world_open();
    bool wanted = false;

    world_connect(w, "T07", 0);
    world_settle(w);
    for (int i = 0; i < 100000 && !wanted; i++) {
        world_transmit(w, world_peer(w, "T07"), REFERRAL__KIND__PONG, NULL, NULL, bytes_of(NULL, 0));
        wanted = turn_wants(w->turn, w->clock);
    }
    cr_assert(wanted);
    world_settle(w);
    cr_assert_not(turn_wants(w->turn, w->clock));
    world_close(w);
}

Test(pace, d2_more_commands_than_a_turn_holds_are_worked_off_in_several)
{
    struct world *w = world_open();
    char name[16];

    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "T07/%d", i);
        world_connect(w, name, 0);
    }
    world_forget(w);
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "T07/%d", i);
        command(w, world_peer(w, name), 250);
    }
    world_settle(w);
    cr_assert_eq(world_count(w, "accepted"), 3000);
    cr_assert(world_counters(w).largest_turn <= 2048);
    world_close(w);
}

Test(pace, d4_a_turn_of_nothing_but_acks_waits_a_little_for_company)
{
    struct world *w = world_open();
    struct peer *h1;

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 3);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_submit(w, "T07", "r2", "up to H1, routine");
    world_submit(w, "T07", "r3", "up to H1, routine");
    h1 = world_peer(w, "H1");

    /* The last credit is used up: somebody may be waiting, so the ack does not. */
    world_ack_quietly(w, h1, "r1");
    cr_assert(turn_wants(w->turn, w->clock));
    world_credit(w, "H1", 10);
    world_ack_quietly(w, h1, "r2");
    cr_assert_not(turn_wants(w->turn, w->clock));
    cr_assert_eq(turn_wait_ms(w->turn, w->clock), 10);
    w->clock.mono_ms += 10;
    cr_assert(turn_wants(w->turn, w->clock));

    /* Any other command takes it along at once. */
    world_settle(w);
    world_ack_quietly(w, h1, "r3");
    cr_assert_not(turn_wants(w->turn, w->clock));
    command(w, world_peer(w, "T07"), 1);
    cr_assert(turn_wants(w->turn, w->clock));

    uint64_t turns = world_counters(w).turns;

    world_settle(w);
    cr_assert_eq(world_counters(w).turns, turns + 1);
    world_close(w);
}

Test(pace, d2_acks_that_came_before_the_end_are_not_lost)
{
    struct world *w = world_open();

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 3);
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_ack_quietly(w, world_peer(w, "H1"), "r1");
    cr_assert_not(turn_wants(w->turn, w->clock));
    turn_hurry(w->turn);
    cr_assert(turn_wants(w->turn, w->clock));
    cr_assert_eq(turn_run(w->turn, w->clock), 0);
    cr_assert_not(turn_wants(w->turn, w->clock));
    cr_assert_eq(world_counters(w).acks, 1);
    world_close(w);
}

Test(pace, d_an_envelope_that_cannot_be_read_is_answered_with_its_place_and_the_others_count)
{
    struct world *w = world_open();
    struct peer *t07;
    Referral__Frame frame = REFERRAL__FRAME__INIT;
    Referral__Envelope good = REFERRAL__ENVELOPE__INIT;
    uint8_t key[32], garbage[] = {0xff, 0xff, 0xff};

    world_connect(w, "T07", 0);
    t07 = world_peer(w, "T07");
    good.has_version = good.has_kind = good.has_request = true;
    good.version = PROTOCOL_VERSION;
    good.kind = REFERRAL__KIND__LIST_SETTINGS;

    struct bytes packed = wire_pack(&good.base, &w->arena);
    ProtobufCBinaryData envelopes[] = {
        {.data = garbage, .len = sizeof garbage}, {.data = (uint8_t *)packed.data, .len = packed.size}, {0, NULL}};

    frame.has_session = true;
    frame.session = t07->session;
    frame.envelopes = envelopes;
    frame.n_envelopes = 3;
    world_forget(w);
    w->asked = kind_info(REFERRAL__KIND__LIST_SETTINGS);
    world_key(key, "T07");
    turn_receive(w->turn, t07->number, key, wire_pack(&frame.base, &w->arena), w->clock);
    world_settle(w);
    world_expect(w, "         T07 < refused BAD_ENVELOPE (D), envelope 0\n"
                    "         T07 < refused BAD_VERSION (D), envelope 2\n"
                    "         T07 < answered\n");
    world_close(w);
}

/* NO_SESSION would say: say HELLO. */
Test(pace, d_a_hello_that_cannot_be_read_is_told_why)
{
    struct world *w = world_open();
    Referral__Frame frame = REFERRAL__FRAME__INIT;
    Referral__Envelope hello = REFERRAL__ENVELOPE__INIT;
    uint8_t key[32];

    world_connect(w, "T07", 0);
    hello.has_version = hello.has_kind = hello.has_request = true;
    hello.version = PROTOCOL_VERSION + 1;
    hello.kind = REFERRAL__KIND__HELLO;
    hello.request = 7;

    struct bytes packed = wire_pack(&hello.base, &w->arena);
    ProtobufCBinaryData envelopes[] = {{.data = (uint8_t *)packed.data, .len = packed.size}};

    frame.envelopes = envelopes;
    frame.n_envelopes = 1;
    world_forget(w);
    world_key(key, "T07");
    turn_receive(w->turn, world_peer(w, "T07")->number, key, wire_pack(&frame.base, &w->arena), w->clock);
    world_settle(w);
    world_expect(w, "         T07 < refused BAD_VERSION (D)\n");
    cr_assert_eq(world_reply(w)->request, 7);
    world_close(w);
}

Test(pace, d6_a_broker_that_stops_says_goodbye_to_all_and_takes_nothing_more)
{
    struct world *w = world_open();
    uint64_t index;

    world_connect(w, "T07", 0);
    world_connect(w, "H1", 10);
    world_drain(w);
    index = store_mark(w->store).index;
    world_submit(w, "T07", "r1", "up to H1, routine");
    world_expect(w, "[     0] T07 > connect\n"
                    "[     0] H1 > connect, credit 10\n"
                    "[     0] the broker > is stopped\n"
                    "         T07 < goodbye: drain\n"
                    "         H1 < goodbye: drain\n"
                    "[     0] T07 > submit r1 up to H1, routine\n");
    cr_assert_eq(store_mark(w->store).index, index);
    world_close(w);
}
