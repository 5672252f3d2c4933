/* net_fixture.h - a port on a loop of its own, and clients with real CURVE sockets, for one test. */
#pragma once
#include <criterion/criterion.h>
#include <time.h>
#include <zmq.h>

#include "net/zmq_port.h"

#define PATIENCE_S 20 /* a test that has to wait that long has failed */

struct key_pair {
    uint8_t public_key[32], secret_key[32];
};

struct net {
    struct event_base *base;
    void *context;
    struct zap *zap;
    struct zmq_port *port;
    const char *bound_at;
    struct key_pair server, known;
    bool admit_all;
    /* What came. */
    uint64_t peer, lost_peer;
    uint8_t key[32];
    char text[64], address[64];
    size_t frames, lost, bursts;
    bool echo; /* every frame is sent back */
};

static inline struct key_pair key_pair_new(void)
{
    struct key_pair pair;
    char public_key[41], secret_key[41];
    cr_assert_eq(zmq_curve_keypair(public_key, secret_key), 0);
    zmq_z85_decode(pair.public_key, public_key);
    zmq_z85_decode(pair.secret_key, secret_key);
    return pair;
}

static inline bool net_admits(void *user, const uint8_t public_key[32], struct bytes address)
{
    struct net *net = user;
    snprintf(net->address, sizeof net->address, "%.*s", (int)address.size, (const char *)address.data);
    return net->admit_all || memcmp(public_key, net->known.public_key, 32) == 0;
}

static inline void net_frame(void *user, uint64_t peer, const uint8_t public_key[32], struct bytes frame)
{
    struct net *net = user;
    net->frames++;
    net->peer = peer;
    memcpy(net->key, public_key, sizeof net->key);
    snprintf(net->text, sizeof net->text, "%.*s", (int)frame.size, (const char *)frame.data);
    if (net->echo)
        cr_assert_eq(zmq_port_send(net->port, peer, frame), 0);
}

static inline void net_lost(void *user, uint64_t peer)
{
    struct net *net = user;
    net->lost++;
    net->lost_peer = peer;
}

static inline void net_burst_end(void *user)
{
    struct net *net = user;
    net->bursts++;
}

static inline int net_open_port_on(struct net *net, const char *endpoint)
{
    const char *const endpoints[] = {endpoint, NULL};
    const struct zmq_port_options options = {
        .base = net->base,
        .zmq_context = net->context,
        .endpoints = endpoints,
        .secret_key = net->server.secret_key,
        .handler = {.user = net, .frame = net_frame, .lost = net_lost, .burst_end = net_burst_end},
        .ret_at = &net->bound_at,
    };
    return zmq_port_open(&options, &net->port);
}

static inline void net_open_port(struct net *net)
{
    cr_assert_eq(net_open_port_on(net, "tcp://127.0.0.1:*"), 0);
}

static inline void net_open(struct net *net)
{
    memset(net, 0, sizeof *net);
    net->base = event_base_new();
    net->context = zmq_ctx_new();
    net->server = key_pair_new();
    net->known = key_pair_new();
    cr_assert_eq(zap_open(net->base, net->context, net_admits, net, &net->zap), 0);
    net_open_port(net);
}

static inline void net_close(struct net *net)
{
    zmq_port_close(net->port);
    zap_close(net->zap);
    zmq_ctx_term(net->context);
    event_base_free(net->base);
}

/* One breath of the loop, waiting at most 10 ms. */
static inline void net_breathe(struct net *net)
{
    static const struct timeval breath = {0, 10000};
    event_base_loopexit(net->base, &breath);
    event_base_loop(net->base, EVLOOP_ONCE);
}

static inline time_t net_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Runs the loop until `condition` holds; false if it never does. */
#define net_until(net, condition)                                                                                      \
    ({                                                                                                                 \
        const time_t net_limit = net_seconds() + PATIENCE_S;                                                           \
        while (!(condition) && net_seconds() < net_limit)                                                              \
            net_breathe(net);                                                                                          \
        (condition);                                                                                                   \
    })

/* A DEALER of the test's own context; NULL keys: no CURVE. */
static inline void *client_open(struct net *net, void *context, const struct key_pair *pair)
{
    static const int linger = 1000;
    void *dealer = zmq_socket(context, ZMQ_DEALER);
    zmq_setsockopt(dealer, ZMQ_LINGER, &linger, sizeof linger);
    if (pair) {
        cr_assert_eq(zmq_setsockopt(dealer, ZMQ_CURVE_SERVERKEY, net->server.public_key, 32), 0);
        cr_assert_eq(zmq_setsockopt(dealer, ZMQ_CURVE_PUBLICKEY, pair->public_key, 32), 0);
        cr_assert_eq(zmq_setsockopt(dealer, ZMQ_CURVE_SECRETKEY, pair->secret_key, 32), 0);
    }
    cr_assert_eq(zmq_connect(dealer, zmq_port_endpoint(net->port)), 0);
    return dealer;
}

static inline void client_say(void *dealer, const char *text)
{
    cr_assert_eq(zmq_send(dealer, text, strlen(text), 0), (int)strlen(text));
}

/* The next message this client receives is `text`. */
static inline bool client_hears(struct net *net, void *dealer, const char *text)
{
    char got[64] = "";
    int size = -1;
    net_until(net, size >= 0 || (size = zmq_recv(dealer, got, sizeof got - 1, ZMQ_DONTWAIT)) >= 0);
    return size >= 0 && strcmp(got, text) == 0;
}
