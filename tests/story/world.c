/* world.c - the peers of a story and its time: who says what, when. */
#include "story/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "story/world_inside.h"

/* ---- Peers ------------------------------------------------------------------------------------------------------- */

struct peer *world_peer(struct world *w, const char *name)
{
    for (size_t i = w->peer_count; i-- != 0;)
        if (strcmp(w->peers[i].name, name) == 0 && w->peers[i].number != 0)
            return &w->peers[i];
    cr_assert_fail("%s is not connected", name);
    return NULL;
}

static struct peer *peer_of(struct world *w, uint64_t number)
{
    for (size_t i = 0; i < w->peer_count; i++)
        if (w->peers[i].number == number)
            return &w->peers[i];
    return NULL;
}

int world_port_send(void *user, uint64_t number, struct bytes frame)
{
    struct peer *peer = peer_of(user, number);

    if (peer == NULL || peer->is_leaving)
        return -EHOSTUNREACH;
    if (peer->is_clogged && peer->takes == 0)
        return -EAGAIN;
    peer->takes -= peer->is_clogged;
    world_hear(user, peer, frame);
    return 0;
}

void world_port_drop(void *user, uint64_t number)
{
    struct peer *peer = peer_of(user, number);

    if (peer == NULL)
        return;
    world_line(user, "%s is cut off", peer->name);
    peer->number = 0;
}

static void release_hands(struct world *w, uint64_t peer)
{
    for (size_t i = 0; i < w->hand_count; i++)
        if (w->hands[i].peer == peer)
            w->hands[i].is_held = false;
}

/* ---- Saying ---- */

/* To the broker, which does nothing about it yet. */
void world_transmit(struct world *w, struct peer *peer, Referral__Kind kind, const char *message_id,
                    const char *acting_for, struct bytes body)
{
    Referral__Envelope envelope = REFERRAL__ENVELOPE__INIT;
    Referral__Frame frame = REFERRAL__FRAME__INIT;
    ProtobufCBinaryData packed;
    const struct kind_info *info = kind_info((uint32_t)kind);
    uint8_t key[32];

    if (peer->number == 0)
        return; /* cut off meanwhile */
    envelope.has_version = envelope.has_kind = envelope.has_request = true;
    envelope.version = PROTOCOL_VERSION;
    envelope.kind = kind;
    envelope.request = ++w->next_request;
    envelope.message_id = (char *)message_id;
    envelope.acting_for = (char *)acting_for;
    envelope.has_body = body.size != 0;
    envelope.body = (ProtobufCBinaryData){.data = (uint8_t *)body.data, .len = body.size};
    packed.len = referral__envelope__get_packed_size(&envelope);
    packed.data = arena_alloc(&w->arena, packed.len);
    referral__envelope__pack(&envelope, packed.data);
    frame.has_session = kind != REFERRAL__KIND__HELLO;
    frame.session = peer->session;
    frame.envelopes = &packed;
    frame.n_envelopes = 1;

    struct bytes bytes = wire_pack(&frame.base, &w->arena);

    if (info->class == KIND_COMMAND || info->class == KIND_QUERY) {
        peer->last_frame = bytes;
        peer->last_kind = info;
        w->asked = info;
    }
    world_key(key, arena_format(&w->arena, "%.*s", (int)strcspn(peer->name, "/"), peer->name));
    turn_receive(w->turn, peer->number, key, bytes, w->clock);
}

static void grant(struct world *w, struct peer *peer, uint32_t add)
{
    Referral__Credit message = REFERRAL__CREDIT__INIT;

    message.has_add = true;
    message.add = add;
    world_transmit(w, peer, REFERRAL__KIND__CREDIT, NULL, NULL, wire_pack(&message.base, &w->arena));
}

static bool is_meant(const struct hand *hand, const struct peer *peer, const char *name)
{
    return hand->is_held && hand->peer == peer->number && (strcmp(name, "all") == 0 || strcmp(hand->name, name) == 0);
}

static void send_ack(struct world *w, struct peer *peer, ProtobufCBinaryData *ids, size_t count)
{
    Referral__Ack ack = REFERRAL__ACK__INIT;

    ack.delivery_ids = ids;
    ack.n_delivery_ids = count;
    world_transmit(w, peer, REFERRAL__KIND__ACK, NULL, NULL, wire_pack(&ack.base, &w->arena));
}

size_t world_ack_quietly(struct world *w, struct peer *peer, const char *name)
{
    static ProtobufCBinaryData ids[LIMIT_ACK_IDS];
    size_t count = 0;

    for (size_t i = 0; i < w->hand_count && count < LIMIT_ACK_IDS; i++)
        if (is_meant(&w->hands[i], peer, name)) {
            ids[count++] = (ProtobufCBinaryData){.data = w->hands[i].id, .len = w->hands[i].id_size};
            w->hands[i].is_held = false;
        }
    if (count != 0)
        send_ack(w, peer, ids, count);
    return count;
}

static bool acknowledge(struct world *w, struct peer *peer)
{
    size_t count = world_ack_quietly(w, peer, "all");

    if (count != 0)
        grant(w, peer, (uint32_t)count);
    return count != 0;
}

void world_gather(struct world *w)
{
    w->is_gathering = true;
}

void world_go(struct world *w)
{
    w->is_gathering = false;
    world_settle(w);
}

/* ---- Time -------------------------------------------------------------------------------------------------------- */

/* Everything the broker does by itself now. Waiting for company of acks, or for a full pipe, costs no story time. */
static void run_broker(struct world *w)
{
    int64_t patience_ms = 10;

    for (int i = 0; i < 10000; i++) {
        int64_t wait = turn_wait_ms(w->turn, w->clock);

        if (wait < 0 || wait > patience_ms)
            return;
        patience_ms -= wait;
        w->clock.mono_ms += wait;
        cr_assert_eq(turn_run(w->turn, w->clock), 0);
        if (turn_time_confirmed(w->turn))
            w->clock.hold = false;
    }
    cr_assert_fail("the broker does not come to rest");
}

/* The broker, and those who answer it at once, until nobody has anything to say. */
void world_settle(struct world *w)
{
    bool somebody_spoke = !w->is_gathering;

    while (somebody_spoke) {
        run_broker(w);
        somebody_spoke = false;
        for (size_t i = 0; i < w->peer_count; i++)
            somebody_spoke |= w->peers[i].number != 0 && w->peers[i].is_good && acknowledge(w, &w->peers[i]);
    }
}

static void pass(struct world *w, int64_t ms)
{
    w->clock.now.ms += ms;
    w->clock.mono_ms += ms;
}

/* Clients say something now and then, so that nobody is taken for lost. */
static void ping_all(struct world *w)
{
    for (size_t i = 0; i < w->peer_count; i++)
        if (w->peers[i].number != 0 && !w->peers[i].is_mute)
            world_transmit(w, &w->peers[i], REFERRAL__KIND__PING, NULL, NULL, bytes_of(NULL, 0));
}

void world_after_ms(struct world *w, int64_t ms)
{
    int64_t left = ms;

    while (left > 0) {
        int64_t wait = turn_wait_ms(w->turn, w->clock), step = left < 25000 ? left : 25000;

        if (w->is_gathering)
            step = left;
        else if (wait >= 0 && wait < step)
            step = wait < 1000 && left >= 1000 ? 1000 : wait;
        pass(w, step);
        left -= step;
        ping_all(w);
        world_settle(w);
    }
}

void world_after(struct world *w, int64_t seconds)
{
    world_after_ms(w, seconds * 1000);
}

void world_until_ms(struct world *w, int64_t ms)
{
    int64_t left = w->begin.ms + ms - w->clock.now.ms;

    cr_assert(left >= 0, "ms %ld is over", (long)ms);
    world_after_ms(w, left);
}

void world_until(struct world *w, int64_t second)
{
    world_until_ms(w, second * 1000);
}

void world_hold(struct world *w, bool hold)
{
    w->clock.hold = hold;
}

/* ---- Connections ---- */

void world_send(struct world *w, struct peer *peer, Referral__Kind kind, const char *message_id, const char *acting_for,
                struct bytes body)
{
    world_transmit(w, peer, kind, message_id, acting_for, body);
    world_settle(w);
}

void world_connect(struct world *w, const char *who, uint32_t credit)
{
    struct peer *peer = &w->peers[w->peer_count++];

    cr_assert(w->peer_count < WORLD_PEERS && strlen(who) < sizeof peer->name);
    *peer = (struct peer){.number = w->peer_count};
    snprintf(peer->name, sizeof peer->name, "%s", who);
    if (credit != 0)
        world_tell(w, who, "connect, credit %u", credit);
    else
        world_tell(w, who, "connect");
    world_send(w, peer, REFERRAL__KIND__HELLO, NULL, NULL, bytes_of(NULL, 0));
    if (credit != 0)
        grant(w, peer, credit);
    world_settle(w);
}

void world_credit(struct world *w, const char *who, uint32_t add)
{
    world_tell(w, who, "credit %u", add);
    grant(w, world_peer(w, who), add);
    world_settle(w);
}

void world_lose(struct world *w, const char *who)
{
    struct peer *peer = world_peer(w, who);
    uint64_t number = peer->number;

    world_tell(w, who, "is lost");
    peer->number = 0;
    release_hands(w, number);
    turn_peer_lost(w->turn, number);
    world_settle(w);
}

void world_clog(struct world *w, const char *who, bool is_clogged)
{
    world_tell(w, who, is_clogged ? "takes nothing" : "takes again");
    world_peer(w, who)->is_clogged = is_clogged;
    world_settle(w);
}

void world_depart(struct world *w, const char *who)
{
    world_tell(w, who, "leaves");
    world_peer(w, who)->is_leaving = true;
}

void world_mute(struct world *w, const char *who)
{
    world_tell(w, who, "falls silent");
    world_peer(w, who)->is_mute = true;
}

void world_hello_again(struct world *w, const char *who)
{
    world_tell(w, who, "hello again");
    world_send(w, world_peer(w, who), REFERRAL__KIND__HELLO, NULL, NULL, bytes_of(NULL, 0));
}

void world_stale(struct world *w, const char *who)
{
    world_peer(w, who)->session--;
}

void world_drain(struct world *w)
{
    world_tell(w, "the broker", "is stopped");
    turn_drain(w->turn, 3000);
}

/* ---- Acks -------------------------------------------------------------------------------------------------------- */

void world_ack(struct world *w, const char *who, const char *name)
{
    world_tell(w, who, "ack %s", name);
    cr_assert(world_ack_quietly(w, world_peer(w, who), name) != 0, "%s holds nothing of %s:\n%s", who, name, w->trace);
    world_settle(w);
}

void world_good(struct world *w, const char *who)
{
    world_peer(w, who)->is_good = true;
    world_settle(w);
}

void world_ack_old(struct world *w, const char *who)
{
    world_tell(w, who, "ack whatever it ever got");
    for (size_t i = 0; i < w->hand_count; i++) {
        ProtobufCBinaryData id = {.data = w->hands[i].id, .len = w->hands[i].id_size};

        if (strncmp(w->hands[i].institution, who, strcspn(who, "/")) == 0)
            send_ack(w, world_peer(w, who), &id, 1);
    }
    world_settle(w);
}

void world_ack_stolen(struct world *w, const char *who, const char *name)
{
    world_tell(w, who, "ack %s of another", name);
    for (size_t i = 0; i < w->hand_count; i++) {
        ProtobufCBinaryData id = {.data = w->hands[i].id, .len = w->hands[i].id_size};

        if (strcmp(w->hands[i].name, name) == 0)
            send_ack(w, world_peer(w, who), &id, 1);
    }
    world_settle(w);
}

void world_nack(struct world *w, const char *who, const char *name, Referral__NackCode code)
{
    struct peer *peer = world_peer(w, who);
    size_t count = w->hand_count;

    world_tell(w, who, "nack %s: %s", name,
               protobuf_c_enum_descriptor_get_value(&referral__nack_code__descriptor, (int)code)->name);
    for (size_t i = 0; i < count; i++) {
        Referral__Nack nack = REFERRAL__NACK__INIT;

        if (!is_meant(&w->hands[i], peer, name))
            continue;
        w->hands[i].is_held = false;
        nack.has_delivery_id = nack.has_code = true;
        nack.delivery_id = (ProtobufCBinaryData){.data = w->hands[i].id, .len = w->hands[i].id_size};
        nack.code = code;
        world_send(w, peer, REFERRAL__KIND__NACK, NULL, NULL, wire_pack(&nack.base, &w->arena));
    }
}

/* ---- Expecting --------------------------------------------------------------------------------------------------- */

void world_forget(struct world *w)
{
    w->trace_used = 0;
    w->trace[0] = '\0';
}

void world_expect(struct world *w, const char *trace)
{
    cr_assert_str_eq(w->trace, trace, "said:\n%s\nexpected:\n%s", w->trace, trace);
    world_forget(w);
}

size_t world_count(struct world *w, const char *text)
{
    size_t count = 0;

    for (const char *at = w->trace; (at = strstr(at, text)) != NULL; at += strlen(text))
        count++;
    return count;
}

const Referral__Reply *world_reply(const struct world *w)
{
    return w->reply;
}

const void *world_result(const struct world *w)
{
    cr_assert_not_null(w->result, "there is no result");
    return w->result;
}

struct turn_counters world_counters(const struct world *w)
{
    return turn_counters(w->turn);
}

struct store *world_store(const struct world *w)
{
    return w->store;
}
