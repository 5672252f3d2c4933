#include "peer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static void listen_at(struct peer *peer, const char *endpoint)
{
    int one = 1, none = 0, few = 4, wait_ms = PEER_PATIENCE_MS;
    peer->router = zmq_socket(peer->context, ZMQ_ROUTER);
    assert(peer->router != NULL);
    zmq_setsockopt(peer->router, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(peer->router, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
    zmq_setsockopt(peer->router, ZMQ_SNDTIMEO, &wait_ms, sizeof wait_ms);
    zmq_setsockopt(peer->router, ZMQ_RCVHWM, &few, sizeof few);           /* what is not heard, waits with the client */
    zmq_setsockopt(peer->router, ZMQ_ROUTER_MANDATORY, &one, sizeof one); /* a full client is waited for */
    zmq_setsockopt(peer->router, ZMQ_CURVE_SERVER, &one, sizeof one);
    zmq_setsockopt(peer->router, ZMQ_CURVE_SECRETKEY, peer->key.secret_key, REFERRAL_KEY_SIZE);
    zmq_setsockopt(peer->router, ZMQ_ZAP_DOMAIN, "peer", 4); /* without a handler: anyone may come */
    int bound = zmq_bind(peer->router, endpoint);
    assert(bound == 0);
    size_t size = sizeof peer->endpoint;
    zmq_getsockopt(peer->router, ZMQ_LAST_ENDPOINT, peer->endpoint, &size);
}

void peer_open(struct peer *peer)
{
    *peer = (struct peer){.answers_pings = true};
    int made = referral_key_generate(&peer->key);
    assert(made == 0);
    peer->context = zmq_ctx_new();
    listen_at(peer, "tcp://127.0.0.1:*");
}

void peer_close(struct peer *peer)
{
    referral__frame__free_unpacked(peer->frame, NULL);
    zmq_close(peer->router);
    zmq_ctx_term(peer->context);
}

void peer_restart(struct peer *peer)
{
    char endpoint[sizeof peer->endpoint];
    memcpy(endpoint, peer->endpoint, sizeof endpoint);
    zmq_unbind(peer->router, endpoint);
    zmq_close(peer->router);
    referral__frame__free_unpacked(peer->frame, NULL);
    peer->frame = NULL;
    /* The old listener closes in libzmq's own thread: its context ends with it. */
    zmq_ctx_term(peer->context);
    peer->context = zmq_ctx_new();
    listen_at(peer, endpoint);
}

struct script {
    struct peer *peer;
    void (*run)(struct peer *);
};

static void *script_thread(void *argument)
{
    struct script script = *(struct script *)argument;
    free(argument);
    script.run(script.peer);
    return NULL;
}

void peer_run(struct peer *peer, void (*run)(struct peer *))
{
    struct script *script = malloc(sizeof *script);
    *script = (struct script){peer, run};
    int started = pthread_create(&peer->thread, NULL, script_thread, script);
    assert(started == 0);
}

void peer_join(struct peer *peer)
{
    pthread_join(peer->thread, NULL);
}

struct referral_options peer_options(const struct peer *peer, const char *const *address)
{
    struct referral_options options = {
        .addresses = address, .address_count = 1, .request_timeout_ms = PEER_PATIENCE_MS};
    memcpy(options.server_key, peer->key.public_key, REFERRAL_KEY_SIZE);
    referral_key_generate(&options.key);
    return options;
}

/* The next frame, of two parts here: who speaks, and what. False: nobody spoke in time. */
static bool next_frame(struct peer *peer)
{
    zmq_msg_t part;
    zmq_msg_init(&part);
    int size = zmq_recv(peer->router, peer->route, sizeof peer->route, 0);
    if (size >= 0) {
        peer->route_size = (size_t)size;
        int got = zmq_msg_recv(&part, peer->router, 0);
        assert(got >= 0 && !zmq_msg_more(&part));
        referral__frame__free_unpacked(peer->frame, NULL);
        peer->frame = referral__frame__unpack(NULL, zmq_msg_size(&part), zmq_msg_data(&part));
        assert(peer->frame != NULL && peer->frame->n_envelopes <= LIMIT_FRAME_ENVELOPES);
        peer->taken = 0;
        peer->frames_heard++;
    }
    zmq_msg_close(&part);
    return size >= 0;
}

static bool next_said(struct peer *peer, struct said *ret_said)
{
    while (peer->frame == NULL || peer->taken == peer->frame->n_envelopes)
        if (!next_frame(peer))
            return false;
    ret_said->session = peer->frame->session;
    ret_said->bytes = peer->frame->envelopes[peer->taken++];
    ret_said->envelope = referral__envelope__unpack(NULL, ret_said->bytes.len, ret_said->bytes.data);
    assert(ret_said->envelope != NULL && ret_said->envelope->version == PROTOCOL_VERSION);
    return true;
}

static bool is_skipped(struct peer *peer, const struct said *said, Referral__Kind wanted)
{
    if (said->envelope->kind != REFERRAL__KIND__PING || wanted == REFERRAL__KIND__PING)
        return false;
    if (peer->answers_pings)
        peer_say(peer, REFERRAL__KIND__PONG, NULL);
    return true;
}

struct said peer_hear(struct peer *peer, Referral__Kind kind)
{
    struct said said;
    bool spoken = next_said(peer, &said);
    while (spoken && is_skipped(peer, &said, kind)) {
        referral__envelope__free_unpacked(said.envelope, NULL);
        spoken = next_said(peer, &said);
    }
    assert(spoken && said.envelope->kind == kind);
    assert(kind == REFERRAL__KIND__HELLO ? said.session == 0 : said.session == peer->epoch);
    said.bytes.data = memcpy(malloc(said.bytes.len + 1), said.bytes.data, said.bytes.len);
    return said;
}

bool peer_hears_nothing(struct peer *peer, int ms)
{
    int patience = PEER_PATIENCE_MS;
    struct said said;
    zmq_setsockopt(peer->router, ZMQ_RCVTIMEO, &ms, sizeof ms);
    bool spoken = false;
    while (!spoken && next_said(peer, &said)) {
        spoken = !is_skipped(peer, &said, REFERRAL__KIND__HELLO);
        referral__envelope__free_unpacked(said.envelope, NULL);
    }
    zmq_setsockopt(peer->router, ZMQ_RCVTIMEO, &patience, sizeof patience);
    return !spoken;
}

void said_free(struct said said)
{
    referral__envelope__free_unpacked(said.envelope, NULL);
    free(said.bytes.data);
}

void peer_say(struct peer *peer, Referral__Kind kind, const ProtobufCMessage *body)
{
    uint8_t packed_body[4096], packed[8192], packed_frame[8192];
    Referral__Envelope envelope = REFERRAL__ENVELOPE__INIT;
    envelope.has_version = envelope.has_kind = true;
    envelope.version = PROTOCOL_VERSION;
    envelope.kind = kind;
    if (body != NULL) {
        envelope.has_body = true;
        envelope.body = (ProtobufCBinaryData){.len = protobuf_c_message_pack(body, packed_body), .data = packed_body};
    }
    ProtobufCBinaryData bytes = {.len = referral__envelope__pack(&envelope, packed), .data = packed};
    Referral__Frame frame = REFERRAL__FRAME__INIT;
    frame.has_session = peer->epoch != 0;
    frame.session = peer->epoch;
    frame.n_envelopes = 1;
    frame.envelopes = &bytes;
    size_t size = referral__frame__pack(&frame, packed_frame);
    zmq_send(peer->router, peer->route, peer->route_size, ZMQ_SNDMORE);
    zmq_send(peer->router, packed_frame, size, 0);
}

void peer_welcome(struct peer *peer, const char *store_id, uint32_t incarnation)
{
    said_free(peer_hear(peer, REFERRAL__KIND__HELLO));
    Referral__Welcome welcome = REFERRAL__WELCOME__INIT;
    welcome.institution = (char *)"T07";
    welcome.has_session = welcome.has_incarnation = true;
    welcome.session = ++peer->epoch;
    welcome.store_id = (char *)store_id;
    welcome.incarnation = incarnation;
    welcome.has_window = peer->window != 0;
    welcome.window = peer->window;
    welcome.has_ping_interval_ms = peer->ping_interval_ms != 0;
    welcome.ping_interval_ms = peer->ping_interval_ms;
    peer_say(peer, REFERRAL__KIND__WELCOME, &welcome.base);
}

void peer_accept(struct peer *peer, uint64_t request)
{
    Referral__Reply reply = REFERRAL__REPLY__INIT;
    reply.has_request = reply.has_index = true;
    reply.request = request;
    reply.index = 4711;
    reply.referral_id = (char *)"bd-1-4711-1";
    peer_say(peer, REFERRAL__KIND__REPLY, &reply.base);
}

void peer_refuse(struct peer *peer, uint64_t request, const char *code, uint32_t retry_after_ms)
{
    Referral__Refusal refusal = REFERRAL__REFUSAL__INIT, *refusals = &refusal;
    refusal.code = (char *)code;
    refusal.has_retry_after_ms = retry_after_ms != 0;
    refusal.retry_after_ms = retry_after_ms;
    Referral__Reply reply = REFERRAL__REPLY__INIT;
    reply.has_request = true;
    reply.request = request;
    reply.n_refusals = 1;
    reply.refusals = &refusals;
    peer_say(peer, REFERRAL__KIND__REPLY, &reply.base);
}

void peer_deliver(struct peer *peer, const char *delivery_id, uint32_t attempt)
{
    peer_deliver_in(peer, REFERRAL__PRIORITY__ROUTINE, NULL, delivery_id, attempt);
}

void peer_deliver_in(struct peer *peer, Referral__Priority lane, const char *referral, const char *delivery_id,
                     uint32_t attempt)
{
    Referral__Delivery delivery = REFERRAL__DELIVERY__INIT;
    delivery.has_delivery_id = delivery.has_attempt = delivery.has_kind = delivery.has_lane = true;
    delivery.lane = lane;
    delivery.referral_id = (char *)referral;
    delivery.delivery_id = (ProtobufCBinaryData){.len = strlen(delivery_id), .data = (uint8_t *)delivery_id};
    delivery.attempt = attempt;
    delivery.kind = REFERRAL__DELIVERY_KIND__SHEET;
    peer_say(peer, REFERRAL__KIND__DELIVERY, &delivery.base);
}
