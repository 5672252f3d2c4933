/* Connections of libreferral: addresses that stand in for each other, and what is said of a failure (T5). */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "peer.h"

static struct peer peer;
static struct referral_client *client;

/* The peer's threads are here too: none of them is one that takes a signal before libzmq has told it not to. */
static void setup(void)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    peer_open(&peer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void teardown(void)
{
    referral_close(client);
    peer_close(&peer);
}

TestSuite(link, .init = setup, .fini = teardown);

static void welcomes(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
}

Test(link, the_second_address_stands_in_for_the_first)
{
    const char *addresses[] = {"tcp://127.0.0.1:9", peer.endpoint};
    struct referral_options options = peer_options(&peer, addresses);
    options.address_count = 2;
    cr_assert(referral_open(&options, &client) == REFERRAL_OK);
    peer_run(&peer, welcomes);
    cr_assert(referral_connect(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    cr_assert(referral_link_now(client) == REFERRAL_LINK_READY);
    cr_assert(referral_trouble_now(client) == REFERRAL_TROUBLE_NONE);
    peer_join(&peer);
}

static void connect_client(void)
{
    const char *address = peer.endpoint;
    struct referral_options options = peer_options(&peer, &address);
    cr_assert(referral_open(&options, &client) == REFERRAL_OK);
    peer_run(&peer, welcomes);
    cr_assert(referral_connect(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    peer_join(&peer);
}

Test(link, its_descriptors_pass_to_no_other_program)
{
    bool before[256];
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        before[fd] = fcntl(fd, F_GETFD) >= 0;
    connect_client();
    for (int fd = 0; fd < 256; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (!before[fd] && flags >= 0) {
            cr_expect(flags & FD_CLOEXEC, "%d", fd);
            count++;
        }
    }
    cr_assert(count > 3, "%d", count);
}

Test(link, its_threads_take_no_signals)
{
    sigset_t mine, pending;
    connect_client();
    sigemptyset(&mine);
    sigaddset(&mine, SIGUSR1);
    cr_assert(pthread_sigmask(SIG_BLOCK, &mine, NULL) == 0);
    kill(getpid(), SIGUSR1); /* a thread that took it would end the process */
    sigpending(&pending);
    cr_assert(sigismember(&pending, SIGUSR1));
}

static enum referral_trouble trouble_met(const struct referral_options *options)
{
    cr_assert(referral_open(options, &client) == REFERRAL_OK);
    while (referral_trouble_now(client) == REFERRAL_TROUBLE_NONE)
        cr_assert(referral_connect(client, 20) == REFERRAL_DISCONNECTED);
    return referral_trouble_now(client);
}

Test(link, nobody_at_the_address_is_said)
{
    const char *nobody = "tcp://127.0.0.1:9";
    struct referral_options options = peer_options(&peer, &nobody);
    cr_assert(trouble_met(&options) == REFERRAL_TROUBLE_UNREACHABLE);
}

Test(link, an_address_of_no_form_is_said)
{
    const char *nonsense = "nonsense";
    struct referral_options options = peer_options(&peer, &nonsense);
    cr_assert(trouble_met(&options) == REFERRAL_TROUBLE_UNREACHABLE);
}

Test(link, t5_a_wrong_server_key_is_said)
{
    const char *address = peer.endpoint;
    struct referral_options options = peer_options(&peer, &address);
    options.server_key[0] ^= 1;
    cr_assert(trouble_met(&options) == REFERRAL_TROUBLE_HANDSHAKE);
}

/* The peer's door-keeper (RFC 27) lets nobody in. */
static void admits_nobody(struct peer *broker)
{
    for (int asked = 0; asked == 0; asked++) {
        char parts[16][256];
        int sizes[16] = {0}, count = 0, more = 1;
        size_t size = sizeof more;
        while (more && count < 16) {
            sizes[count] = zmq_recv(broker->zap, parts[count], sizeof parts[count], 0);
            assert(sizes[count] >= 0);
            count++;
            zmq_getsockopt(broker->zap, ZMQ_RCVMORE, &more, &size);
        }
        /* address, empty, version, request id ... */
        for (int i = 0; i < 4; i++)
            zmq_send(broker->zap, parts[i], (size_t)sizes[i], ZMQ_SNDMORE);
        zmq_send(broker->zap, "400", 3, ZMQ_SNDMORE);
        zmq_send(broker->zap, "no", 2, ZMQ_SNDMORE);
        zmq_send(broker->zap, "", 0, ZMQ_SNDMORE);
        zmq_send(broker->zap, "", 0, 0);
    }
}

Test(link, t5_a_refused_key_is_said)
{
    int none = 0;
    peer.zap = zmq_socket(peer.context, ZMQ_ROUTER);
    zmq_setsockopt(peer.zap, ZMQ_LINGER, &none, sizeof none);
    cr_assert(zmq_bind(peer.zap, "inproc://zeromq.zap.01") == 0);
    peer_run(&peer, admits_nobody);
    const char *address = peer.endpoint;
    struct referral_options options = peer_options(&peer, &address);
    cr_assert(trouble_met(&options) == REFERRAL_TROUBLE_KEY_REFUSED);
    peer_join(&peer);
    zmq_close(peer.zap);
}

static void revokes(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    Referral__Goodbye goodbye = REFERRAL__GOODBYE__INIT;
    goodbye.reason = (char *)"key revoked";
    goodbye.has_retry_after_ms = true;
    goodbye.retry_after_ms = 60000;
    peer_say(broker, REFERRAL__KIND__GOODBYE, &goodbye.base);
}

static enum referral_trouble last_trouble;

static void note_trouble(struct referral_client *observer, void *user, enum referral_link link,
                         enum referral_trouble trouble)
{
    (void)observer;
    (void)user;
    if (link == REFERRAL_LINK_DOWN)
        last_trouble = trouble;
}

Test(link, t5_a_revoked_key_is_said)
{
    const char *address = peer.endpoint;
    struct referral_options options = peer_options(&peer, &address);
    options.on_link = note_trouble;
    cr_assert(referral_open(&options, &client) == REFERRAL_OK);
    peer_run(&peer, revokes);
    while (last_trouble == REFERRAL_TROUBLE_NONE) {
        referral_connect(client, 20);
        referral_flush(client, 20);
    }
    cr_assert(last_trouble == REFERRAL_TROUBLE_KEY_REFUSED);
    peer_join(&peer);
}

static void refuses_hello(struct peer *broker)
{
    said_free(peer_hear(broker, REFERRAL__KIND__HELLO));
    peer_refuse(broker, 0, "BAD_TEXT", 0);
}

Test(link, a_refused_hello_is_said)
{
    const char *address = peer.endpoint;
    struct referral_options options = peer_options(&peer, &address);
    options.client_name = "\xcf\xd8\xd2\xbd\xd4\xba"; /* 县医院, as a program in GBK has it */
    peer_run(&peer, refuses_hello);
    cr_assert(trouble_met(&options) == REFERRAL_TROUBLE_HELLO_REFUSED, "%s",
              referral_trouble_text(referral_trouble_now(client), "en"));
    peer_join(&peer);
}

static void hears_goodbye(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    struct said ack = peer_hear(broker, REFERRAL__KIND__ACK);
    said_free(ack);
    said_free(peer_hear(broker, REFERRAL__KIND__GOODBYE));
}

Test(link, d4_closing_hands_over_the_last_acknowledgement)
{
    const char *address = peer.endpoint;
    struct referral_options options = peer_options(&peer, &address);
    cr_assert(referral_open(&options, &client) == REFERRAL_OK);
    peer_run(&peer, hears_goodbye);
    cr_assert(referral_connect(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    ProtobufCBinaryData id = {.len = 1, .data = (uint8_t *)"1"};
    cr_assert(referral_ack(client, id) == REFERRAL_OK);
    referral_close(client);
    client = NULL;
    peer_join(&peer);
}

#define PINGS 2

static atomic_int pongs;

/* Whoever is not answered for two intervals connects anew: on a busy machine an answer takes its time. */
static void pings(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    peer_say(broker, REFERRAL__KIND__PING, NULL);
    said_free(peer_hear(broker, REFERRAL__KIND__PONG));
    broker->ping_interval_ms = 400;
    peer_say(broker, REFERRAL__KIND__NO_SESSION, NULL);
    peer_welcome(broker, "a", 1);
    while (pongs < PINGS) {
        said_free(peer_hear(broker, REFERRAL__KIND__PING));
        peer_say(broker, REFERRAL__KIND__PONG, NULL);
        pongs++;
    }
    struct said said = peer_hear(broker, REFERRAL__KIND__GET_STATUS);
    peer_accept(broker, said.envelope->request);
    said_free(said);
}

static void note_answer(struct referral_client *asker, void *user, enum referral_status status,
                        const Referral__Reply *reply)
{
    (void)asker;
    (void)reply;
    *(enum referral_status *)user = status;
}

Test(link, an_idle_connection_is_kept_alive_by_pings_both_ways)
{
    const char *address = peer.endpoint;
    struct referral_options options = peer_options(&peer, &address);
    cr_assert(referral_open(&options, &client) == REFERRAL_OK);
    peer_run(&peer, pings);
    Referral__Delivery *none = NULL;
    while (pongs < PINGS)
        cr_assert(referral_receive(client, 50, &none) == REFERRAL_TIMEOUT);
    enum referral_status status = REFERRAL_TIMEOUT;
    struct referral_request question = {.kind = REFERRAL__KIND__GET_STATUS};
    cr_assert(referral_send(client, &question, note_answer, &status) == REFERRAL_OK);
    cr_assert(referral_flush(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    cr_assert(status == REFERRAL_OK);
    peer_join(&peer);
}

/* Bytes by a fixed rule, so that each run says the same. */
static uint32_t next_number(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static void babbles(struct peer *broker)
{
    peer_welcome(broker, "a", 1);
    struct said said = peer_hear(broker, REFERRAL__KIND__GET_STATUS);
    Referral__Envelope envelope = REFERRAL__ENVELOPE__INIT;
    uint8_t noise[64], packed[128], packed_frame[256];
    uint32_t state = 7;
    for (size_t i = 0; i < 3000; i++) {
        size_t size = next_number(&state) % sizeof noise;
        for (size_t k = 0; k < size; k++)
            noise[k] = (uint8_t)next_number(&state);
        envelope.has_kind = envelope.has_body = true;
        envelope.kind = (Referral__Kind)(next_number(&state) % 100);
        envelope.kind = envelope.kind == REFERRAL__KIND__GOODBYE || envelope.kind == REFERRAL__KIND__NO_SESSION
                            ? REFERRAL__KIND__REPLY
                            : envelope.kind;
        envelope.body = (ProtobufCBinaryData){.len = size, .data = noise};
        ProtobufCBinaryData envelopes[2] = {{.len = referral__envelope__pack(&envelope, packed), .data = packed},
                                            {.len = size, .data = noise}};
        Referral__Frame frame = REFERRAL__FRAME__INIT;
        frame.n_envelopes = 2;
        frame.envelopes = envelopes;
        size_t frame_size = referral__frame__pack(&frame, packed_frame);
        zmq_send(broker->router, broker->route, broker->route_size, ZMQ_SNDMORE);
        zmq_send(broker->router, packed_frame, frame_size, i % 3 == 0 ? ZMQ_SNDMORE : 0);
        if (i % 3 == 0) /* a second part: no frame of ours */
            zmq_send(broker->router, noise, size, 0);
        zmq_send(broker->router, broker->route, broker->route_size, ZMQ_SNDMORE);
        zmq_send(broker->router, noise, size, 0);
    }
    peer_accept(broker, said.envelope->request);
    said_free(said);
}

Test(link, a_broker_that_babbles_is_borne)
{
    const char *address = peer.endpoint;
    struct referral_options options = peer_options(&peer, &address);
    cr_assert(referral_open(&options, &client) == REFERRAL_OK);
    peer_run(&peer, babbles);
    struct referral_request question = {.kind = REFERRAL__KIND__GET_STATUS};
    cr_assert(referral_call(client, &question, NULL) == REFERRAL_OK);
    peer_join(&peer);
}

/* ---- A broker that takes nothing ------------------------------------------------------------------------------------------- */

static void stops_reading(struct peer *broker)
{
    broker->ping_interval_ms = 50;
    peer_welcome(broker, "a", 1);
}

/* More than the buffers of both machines' sockets hold. */
static void say_more_than_is_taken(void)
{
    static const uint8_t body[LIMIT_ENVELOPE_BYTES / 2];
    for (size_t i = 0; i < 100; i++) {
        struct referral_request request = {.kind = REFERRAL__KIND__SUBMIT, .body = body, .body_size = sizeof body};
        cr_assert(referral_send(client, &request, NULL, NULL) == REFERRAL_OK);
    }
}

/* Its silence must be noticed without a ping that could leave, and without turning in circles meanwhile. */
Test(link, a_broker_that_takes_nothing_is_left)
{
    const char *address = peer.endpoint;
    struct referral_options options = peer_options(&peer, &address);
    cr_assert(referral_open(&options, &client) == REFERRAL_OK);
    peer_run(&peer, stops_reading);
    cr_assert(referral_connect(client, PEER_PATIENCE_MS) == REFERRAL_OK);
    peer_join(&peer);
    say_more_than_is_taken();
    size_t rounds = 0;
    for (; referral_link_now(client) == REFERRAL_LINK_READY && rounds < 10000; rounds++) {
        struct pollfd fd = {.fd = referral_fd(client), .events = POLLIN};
        cr_assert(poll(&fd, 1, PEER_PATIENCE_MS) == 1);
        referral_process(client);
    }
    cr_assert(referral_trouble_now(client) == REFERRAL_TROUBLE_SILENT);
    cr_assert(rounds < 1000, "%zu rounds", rounds);
}
