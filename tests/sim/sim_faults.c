/* sim_faults.c - the broker dies, the disk fills, a peer takes nothing. */
#include <stdio.h>

#include "sim/sim_inside.h"

/* ---- Faults ---- */

/* What people do, whatever the broker makes of it. */
static void say_something(struct sim *s)
{
    switch (sim_below(s, 3)) {
    case 0:
        sim_act_submit(s);
        break;
    case 1:
        sim_act_event(s);
        break;
    default:
        sim_one_deed(s);
        break;
    }
}

void sim_act_crash(struct sim *s)
{
    sim_tell(s, "[the broker dies and starts again]");
    sim_crash(s);
    sim_settle(s);
    sim_connect_all(s);
}

/* It dies with a command in hand, before or after the commit; nobody was told, so the sender says it again. */
void sim_act_crash_said(struct sim *s)
{
    size_t before = s->last_count;
    bool is_committed = sim_one_in(s, 2);
    const struct sim_last *last;

    sim_connect_all(s);
    sim_speaker(s, OP); /* nobody could connect while it does not speak */
    sim_tell(s, "[the broker will die %s]", is_committed ? "before it speaks" : "before it commits");
    s->is_deaf = is_committed;
    s->is_dying = !is_committed;
    say_something(s);
    s->is_deaf = s->is_dying = false;
    if (sim_failed(s))
        return;
    sim_act_crash(s);
    last = &s->lasts[(s->last_count - 1) % SIM_LASTS];
    if (s->last_count != before && !sim_failed(s)) {
        sim_tell(s, "%s > %s again", party_name(last->deed.speaker), last->deed.message_id);
        sim_say_again(s, last, last->body, last->deed.speaker);
    }
}

void sim_act_disk(struct sim *s)
{
    size_t acts = 1 + sim_below(s, 6);

    sim_pass(s, 10, 10);
    sim_settle(s);
    sim_tell(s, "[the disk is full]");
    for (enum house party = V1; party < PARTIES; party++)
        sim_speaker(s, party);
    sim_settle(s);
    sim_disk(s, true);
    for (size_t i = 0; i < acts && !sim_failed(s); i++)
        if (sim_one_in(s, 3))
            sim_act_ack(s);
        else
            say_something(s);
    sim_disk(s, false);
    sim_tell(s, "[the disk has room]");
    if (sim_failed(s))
        return;
    sim_pass(s, 2000, 2000);
    sim_settle(s);
}

/* ---- A peer that takes nothing ---- */

/* Somebody who is there once, so that whatever waits for it can only go there. */
static struct sim_peer *alone(struct sim *s)
{
    struct sim_peer *peer = sim_some_peer(s, true);

    return peer != NULL && sim_connections(s, peer->party) == 1 ? peer : NULL;
}

static void go_on_without(struct sim *s, struct sim_peer *peer)
{
    size_t acts = 1 + sim_below(s, 4);
    uint64_t number = peer->number;

    s->is_stopped = s->is_known = false;
    s->clogged = number;
    for (size_t i = 0; i < acts && !sim_failed(s); i++) {
        if (sim_one_in(s, 4))
            sim_act_ack(s);
        else
            say_something(s);
        if (!sim_failed(s))
            sim_learn_parked(s, peer);
    }
}

/* What was kept for it comes, and then the rest. */
static void take_again(struct sim *s, struct sim_peer *peer)
{
    sim_tell(s, "[%s takes again]", party_name(peer->party));
    s->clogged = 0;
    sim_pass(s, 5, 5);
    sim_settle(s);
    for (int i = 0; i < s->model.message_count && !sim_failed(s); i++)
        if (s->model.messages[i].parked)
            sim_fail(s, "D4: what was kept for %s never came", party_name(s->model.messages[i].to));
    for (size_t i = 0; i < SIM_DEEDS && !sim_failed(s); i++)
        if (s->is_open[i] && s->deeds[i].peer == peer->number)
            sim_fail(s, "%s was never answered", s->deeds[i].message_id);
}

/* Too long: its session ends, and its deliveries go back. */
static void wait_too_long(struct sim *s, struct sim_peer *peer)
{
    uint64_t number = peer->number;
    bool was_stopped = s->is_stopped;

    sim_tell(s, "[%s takes nothing for half a minute]", party_name(peer->party));
    sim_pass(s, 31000, 31000);
    sim_settle(s);
    if (!sim_failed(s) && was_stopped && sim_peer_of(s, number) != NULL)
        sim_fail(s, "D4: whoever takes nothing keeps its session");
    else if (!sim_failed(s) && sim_peer_of(s, number) != NULL)
        take_again(s, peer);
}

/* D1: whose answers were lost says it all again. */
static void repeat_unheard(struct sim *s, enum house party, size_t before)
{
    size_t after = s->last_count;

    for (size_t i = before; i < after && !sim_failed(s); i++) {
        const struct sim_last *last = &s->lasts[i % SIM_LASTS];

        if (last->deed.speaker == party)
            sim_say_again(s, last, last->body, party);
    }
}

void sim_act_clog(struct sim *s)
{
    struct sim_peer *peer = alone(s);
    size_t before = s->last_count;
    enum house party;

    if (peer == NULL || s->pending_count != 0)
        return;
    party = peer->party;
    sim_tell(s, "[%s takes nothing]", party_name(party));
    go_on_without(s, peer);
    if (sim_failed(s))
        return;
    switch (sim_below(s, 6)) {
    case 0:
        wait_too_long(s, peer);
        break;
    case 1:
        sim_lose(s, peer);
        break;
    case 2:
        sim_act_crash(s);
        break;
    default:
        take_again(s, peer);
        return;
    }
    repeat_unheard(s, party, before);
}
