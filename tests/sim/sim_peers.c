/* sim_peers.c - who is connected, and what it acknowledges. */
#include <stdio.h>

#include "sim/sim_inside.h"

/* ---- Connections ---- */

struct sim_peer *sim_any_peer(struct sim *s, enum house party)
{
    for (size_t i = 0; i < SIM_PEERS; i++)
        if (s->peers[i].number != 0 && s->peers[i].session != 0 && s->peers[i].party == party)
            return &s->peers[i];
    return NULL;
}

size_t sim_connections(const struct sim *s, enum house party)
{
    size_t count = 0;

    for (size_t i = 0; i < SIM_PEERS; i++)
        count += s->peers[i].number != 0 && s->peers[i].party == party;
    return count;
}

struct sim_peer *sim_connect(struct sim *s, enum house party)
{
    struct sim_peer *peer = NULL;

    for (size_t i = 0; peer == NULL && i < SIM_PEERS; i++)
        if (s->peers[i].number == 0)
            peer = &s->peers[i];
    if (peer == NULL || s->is_revoked[party])
        return NULL;
    *peer = (struct sim_peer){.number = ++s->next_peer, .party = party, .key = s->keys[party]};
    sim_transmit(s, peer, REFERRAL__KIND__HELLO, NULL, NO_PARTY, bytes_of(NULL, 0));
    sim_settle(s);
    if (peer->session == 0 && !sim_failed(s))
        sim_fail(s, "T5: %s is not welcome", party_name(party));
    return peer;
}

struct sim_peer *sim_speaker(struct sim *s, enum house party)
{
    struct sim_peer *peer = sim_any_peer(s, party);

    return peer != NULL ? peer : sim_connect(s, party);
}

struct sim_peer *sim_some_peer(struct sim *s, bool is_receiver)
{
    size_t first = sim_below(s, SIM_PEERS);

    for (size_t i = 0; i < SIM_PEERS; i++) {
        struct sim_peer *peer = &s->peers[(first + i) % SIM_PEERS];

        if (peer->number != 0 && peer->session != 0 && (!is_receiver || peer->party != OP))
            return peer;
    }
    return NULL;
}

void sim_act_connect(struct sim *s)
{
    enum house party = (enum house)sim_below(s, INBOXES);

    if (sim_connections(s, party) >= 2)
        return;
    sim_tell(s, "%s connects", party_name(party));
    sim_connect(s, party);
}

void sim_lose(struct sim *s, struct sim_peer *peer)
{
    uint64_t number = peer->number;

    sim_tell(s, "a connection of %s is lost", party_name(peer->party));
    sim_forget_peer(s, peer);
    turn_peer_lost(s->turn, number);
    sim_settle(s);
}

void sim_act_lose(struct sim *s)
{
    struct sim_peer *peer = sim_some_peer(s, true);

    if (peer != NULL)
        sim_lose(s, peer);
}

static void grant(struct sim *s, struct sim_peer *peer, uint32_t add)
{
    peer->credit += add;
    peer->grants = true;
    sim_transmit(s, peer, REFERRAL__KIND__CREDIT, NULL, NO_PARTY, sim_body(s, REFERRAL__KIND__CREDIT, "add=%u", add));
    sim_settle(s);
}

void sim_act_credit(struct sim *s)
{
    struct sim_peer *peer = sim_some_peer(s, true);
    uint32_t add = 1 + (uint32_t)sim_below(s, sim_one_in(s, 4) ? 3 : 20);

    if (peer == NULL || peer->credit > 100)
        return;
    sim_tell(s, "%s grants credit for %u", party_name(peer->party), add);
    grant(s, peer, add);
}

void sim_connect_all(struct sim *s)
{
    for (enum house party = V1; party < INBOXES && !sim_failed(s); party++) {
        struct sim_peer *peer;

        if (s->is_revoked[party]) {
            struct deed deed = {.kind = REFERRAL__KIND__ADD_KEY, .to = NO_PARTY};

            s->is_revoked[party] = false;
            sim_order(s, &deed, sim_key_body(s, party, ++s->keys[party]));
        }
        peer = sim_speaker(s, party);
        if (peer != NULL && !sim_failed(s))
            grant(s, peer, 200);
    }
}

/* ---- Acks ---- */

static void keep_old(struct sim *s, const struct model_message *message)
{
    s->old_id_size = message->id_size;
    memcpy(s->old_ids[s->old_id_count++ % 64], message->id, message->id_size);
}

static void say_acks(struct sim *s, struct sim_peer *peer, ProtobufCBinaryData *ids, size_t count)
{
    Referral__Ack ack = REFERRAL__ACK__INIT;

    for (size_t i = 0; i < count; i++) {
        struct sim_said *said = &s->pending[s->pending_count++];

        *said = (struct sim_said){.what = SAID_ACK, .who = peer->party, .id_size = ids[i].len};
        memcpy(said->id, ids[i].data, ids[i].len);
    }
    ack.delivery_ids = ids;
    ack.n_delivery_ids = count;
    s->out->acks += count;
    sim_transmit(s, peer, REFERRAL__KIND__ACK, NULL, NO_PARTY, wire_pack(&ack.base, &s->w->arena));
}

/* Acks wait a little for company; on a full disk nothing else may happen meanwhile. */
static void work_off(struct sim *s)
{
    if (s->is_full)
        turn_hurry(s->turn);
    else if (s->pending_count > 8 || !sim_one_in(s, 4))
        sim_pass(s, 10, 10);
    sim_settle(s);
}

static size_t held_by(struct sim *s, const struct sim_peer *peer, struct model_message **held, size_t limit)
{
    size_t count = 0;

    for (int i = 0; i < s->model.message_count && count < limit; i++)
        if (s->model.messages[i].holder == peer->number && !s->model.messages[i].parked)
            held[count++] = &s->model.messages[i];
    return count;
}

static size_t ack_some(struct sim *s, struct sim_peer *peer, size_t most)
{
    struct model_message *held[32];
    ProtobufCBinaryData ids[32];
    size_t count = held_by(s, peer, held, most < 32 ? most : 32);

    for (size_t i = 0; i < count; i++) {
        ids[i] = (ProtobufCBinaryData){.data = held[i]->id, .len = held[i]->id_size};
        keep_old(s, held[i]);
    }
    if (count == 0)
        return 0;
    sim_tell(s, "%s acknowledges %zu", party_name(peer->party), count);
    say_acks(s, peer, ids, count);
    peer->credit += (int64_t)count;
    sim_transmit(s, peer, REFERRAL__KIND__CREDIT, NULL, NO_PARTY,
                 sim_body(s, REFERRAL__KIND__CREDIT, "add=%zu", count));
    peer->grants = true;
    return count;
}

void sim_hurry(struct sim *s)
{
    if (s->pending_count == 0)
        return;
    sim_pass(s, 10, 10);
    sim_settle(s);
}

static void flush_pending(struct sim *s)
{
    if (s->pending_count <= 24)
        return;
    if (s->is_full)
        turn_hurry(s->turn);
    else
        sim_pass(s, 10, 10);
    sim_settle(s);
}

size_t sim_ack_all(struct sim *s, struct sim_peer *peer)
{
    size_t count = 0, some;

    do {
        flush_pending(s);
        if (peer->number == 0 || sim_failed(s))
            return count;
        some = ack_some(s, peer, 24);
        count += some;
        sim_pass(s, 10, 10);
        sim_settle(s);
    } while (some != 0 && count < 2000);
    return count;
}

void sim_act_ack(struct sim *s)
{
    struct sim_peer *peer = sim_some_peer(s, true);

    flush_pending(s);
    if (peer == NULL || peer->number == 0)
        return;
    ack_some(s, peer, sim_one_in(s, 3) ? 1 : 24);
    work_off(s);
}

/* What is acknowledged already, and what is another's. */
void sim_act_ack_wrong(struct sim *s)
{
    struct sim_peer *peer = sim_some_peer(s, true);
    ProtobufCBinaryData id = {.len = s->old_id_size};
    struct model *m = &s->model;

    flush_pending(s);
    if (peer == NULL || peer->number == 0 || s->old_id_count == 0)
        return;
    id.data = s->old_ids[sim_below(s, s->old_id_count < 64 ? s->old_id_count : 64)];
    if (sim_one_in(s, 2) && m->message_count != 0) {
        struct model_message *other = &m->messages[sim_below(s, (uint64_t)m->message_count)];

        if (other->id_size != 0 && other->to != peer->party)
            id = (ProtobufCBinaryData){.data = other->id, .len = other->id_size};
    }
    sim_tell(s, "%s acknowledges what it does not hold", party_name(peer->party));
    say_acks(s, peer, &id, 1);
    work_off(s);
}

void sim_act_nack(struct sim *s)
{
    struct sim_peer *peer = sim_some_peer(s, true);
    struct model_message *held[32];
    size_t count;
    bool retry = !sim_one_in(s, 4);
    Referral__Nack nack = REFERRAL__NACK__INIT;
    struct sim_said *said;

    flush_pending(s);
    said = &s->pending[s->pending_count];
    if (peer == NULL || peer->number == 0)
        return;
    count = held_by(s, peer, held, 32);
    if (count == 0)
        return;

    struct model_message *message = held[sim_below(s, count)];

    *said = (struct sim_said){.what = SAID_NACK, .who = peer->party, .id_size = message->id_size, .retry = retry};
    memcpy(said->id, message->id, message->id_size);
    s->pending_count++;
    sim_tell(s, "%s refuses one %s", party_name(peer->party), retry ? "for now" : "for ever");
    s->out->deads += !retry;
    nack.has_delivery_id = nack.has_code = true;
    nack.delivery_id = (ProtobufCBinaryData){.data = message->id, .len = message->id_size};
    nack.code = retry ? REFERRAL__NACK_CODE__NACK_RETRY : REFERRAL__NACK_CODE__NACK_UNREADABLE;
    sim_transmit(s, peer, REFERRAL__KIND__NACK, NULL, NO_PARTY, wire_pack(&nack.base, &s->w->arena));
    work_off(s);
}
