/* net_port.c - frames in, frames out, lost connections, over real CURVE sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net_fixture.h"
#include "proto/limits.h"

static struct net net;
static void *context; /* of the clients */

static void set_up(void)
{
    net_open(&net);
    context = zmq_ctx_new();
}

static void tear_down(void)
{
    zmq_ctx_shutdown(context);
    net_close(&net);
}

TestSuite(port, .init = set_up, .fini = tear_down);

Test(port, t5_a_frame_comes_with_the_key_that_sent_it_and_is_answered)
{
    void *client = client_open(&net, context, &net.known);
    client_say(client, "hello");
    cr_assert(net_until(&net, net.frames == 1));
    cr_assert_str_eq(net.text, "hello");
    cr_assert_eq(memcmp(net.key, net.known.public_key, 32), 0);
    cr_assert(net.bursts >= 1);
    cr_assert_eq(zmq_port_send(net.port, net.peer, bytes_text("welcome")), 0);
    cr_assert(client_hears(&net, client, "welcome"));
    cr_assert_eq(zmq_port_connections(net.port), 1);
    zmq_close(client);
}

Test(port, t5_two_connections_of_one_key_are_two_peers)
{
    void *one = client_open(&net, context, &net.known), *two = client_open(&net, context, &net.known);
    client_say(one, "one");
    cr_assert(net_until(&net, net.frames == 1));
    uint64_t first = net.peer;
    client_say(two, "two");
    cr_assert(net_until(&net, net.frames == 2));
    cr_assert_neq(first, net.peer);
    cr_assert_eq(zmq_port_send(net.port, net.peer, bytes_text("for two")), 0);
    cr_assert_eq(zmq_port_send(net.port, first, bytes_text("for one")), 0);
    cr_assert(client_hears(&net, one, "for one"));
    cr_assert(client_hears(&net, two, "for two"));
    zmq_close(one);
    zmq_close(two);
}

Test(port, many_frames_of_both_directions_lose_no_edge)
{
    enum { ROUNDS = 2000 };
    net.echo = true;
    void *client = client_open(&net, context, &net.known);
    char got[64];
    size_t sent = 0, echoed = 0;
    cr_assert(net_until(&net, ({
        while (sent < ROUNDS && sent < echoed + 3 && zmq_send(client, "x", 1, ZMQ_DONTWAIT) == 1)
            sent++;
        while (zmq_recv(client, got, sizeof got, ZMQ_DONTWAIT) >= 0)
            echoed++;
        echoed == ROUNDS;
    })));
    cr_assert_eq(net.frames, ROUNDS);
    cr_assert_eq(zmq_port_missed(net.port), 0);
    cr_assert_eq(zmq_port_dropped(net.port), 0);
    zmq_close(client);
}

Test(port, frames_of_several_parts_or_none_are_dropped_and_counted)
{
    void *client = client_open(&net, context, &net.known);
    zmq_send(client, "", 0, ZMQ_SNDMORE);
    client_say(client, "two parts");
    for (int i = 0; i < 100; i++)
        zmq_send(client, "many", 4, ZMQ_SNDMORE);
    client_say(client, "parts");
    client_say(client, "");
    client_say(client, "one");
    cr_assert(net_until(&net, net.frames == 2));
    cr_assert_str_eq(net.text, "one");
    cr_assert_eq(zmq_port_dropped(net.port), 2);
    zmq_close(client);
}

Test(port, a_routing_id_chosen_by_the_client_is_dropped)
{
    static const char *const ids[] = {"T07", "a", "12345", "a rather long routing id"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        void *client = zmq_socket(context, ZMQ_DEALER);
        zmq_setsockopt(client, ZMQ_ROUTING_ID, ids[i], strlen(ids[i]));
        zmq_setsockopt(client, ZMQ_CURVE_SERVERKEY, net.server.public_key, 32);
        zmq_setsockopt(client, ZMQ_CURVE_PUBLICKEY, net.known.public_key, 32);
        zmq_setsockopt(client, ZMQ_CURVE_SECRETKEY, net.known.secret_key, 32);
        zmq_connect(client, zmq_port_endpoint(net.port));
        client_say(client, "hello");
        cr_assert(net_until(&net, zmq_port_dropped(net.port) == i + 1), "%s", ids[i]);
        zmq_close(client);
    }
    cr_assert_eq(net.frames, 0);
}

Test(port, d4_a_closed_connection_is_lost_after_its_last_frame)
{
    void *client = client_open(&net, context, &net.known);
    client_say(client, "hello");
    client_say(client, "bye");
    zmq_close(client);
    cr_assert(net_until(&net, net.lost == 1));
    cr_assert_eq(net.frames, 2);
    cr_assert_str_eq(net.text, "bye");
    cr_assert_eq(net.lost_peer, net.peer);
    cr_assert_eq(zmq_port_send(net.port, net.peer, bytes_text("too late")), -EHOSTUNREACH);
    cr_assert_eq(zmq_port_connections(net.port), 0);
}

Test(port, d4_of_many_connections_each_is_lost_once)
{
    enum { CLIENTS = 40 };
    void *clients[CLIENTS];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            clients[i] = client_open(&net, context, &net.known);
            client_say(clients[i], "hello");
        }
        cr_assert(net_until(&net, net.frames == (size_t)(round + 1) * CLIENTS));
        for (int i = 0; i < CLIENTS; i++)
            zmq_close(clients[i]);
        cr_assert(net_until(&net, net.lost == net.frames));
    }
    cr_assert_eq(zmq_port_connections(net.port), 0);
}

Test(port, an_unknown_peer_cannot_be_sent_to_or_dropped)
{
    cr_assert_eq(zmq_port_send(net.port, 4711, bytes_text("x")), -EHOSTUNREACH);
    zmq_port_drop(net.port, 4711);
    cr_assert_eq(net.lost, 0);
}

Test(port, a_dropped_peer_gets_what_was_sent_and_then_its_connection_ends)
{
    void *client = client_open(&net, context, &net.known), *other = client_open(&net, context, &net.known);
    client_say(other, "other");
    cr_assert(net_until(&net, net.frames == 1));
    client_say(client, "hello");
    cr_assert(net_until(&net, net.frames == 2));
    uint64_t peer = net.peer;
    cr_assert_eq(zmq_port_send(net.port, peer, bytes_text("goodbye")), 0);
    zmq_port_drop(net.port, peer);
    zmq_port_drop(net.port, peer);
    cr_assert(client_hears(&net, client, "goodbye"));
    cr_assert(net_until(&net, net.lost == 1));
    cr_assert_eq(net.lost_peer, peer);
    /* libzmq's client comes back by itself, as a new peer. */
    client_say(client, "again");
    cr_assert(net_until(&net, net.frames == 3));
    cr_assert_neq(net.peer, peer);
    client_say(other, "still here");
    cr_assert(net_until(&net, net.frames == 4));
    cr_assert_eq(net.lost, 1);
    zmq_close(client);
    zmq_close(other);
}

Test(port, frames_of_a_dropped_peer_are_not_heard)
{
    void *client = client_open(&net, context, &net.known);
    client_say(client, "hello");
    cr_assert(net_until(&net, net.frames == 1));
    zmq_port_drop(net.port, net.peer);
    client_say(client, "after");
    cr_assert(net_until(&net, net.lost == 1));
    cr_assert_str_eq(net.text, "hello");
    zmq_close(client);
}

Test(port, a_peer_that_does_not_read_is_told_of_by_eagain)
{
    static const int few = 1;
    static uint8_t large[LIMIT_FRAME_BYTES];
    void *client = zmq_socket(context, ZMQ_DEALER);
    zmq_setsockopt(client, ZMQ_RCVHWM, &few, sizeof few);
    zmq_setsockopt(client, ZMQ_LINGER, &(int){0}, sizeof(int));
    zmq_setsockopt(client, ZMQ_CURVE_SERVERKEY, net.server.public_key, 32);
    zmq_setsockopt(client, ZMQ_CURVE_PUBLICKEY, net.known.public_key, 32);
    zmq_setsockopt(client, ZMQ_CURVE_SECRETKEY, net.known.secret_key, 32);
    zmq_connect(client, zmq_port_endpoint(net.port));
    client_say(client, "hello");
    cr_assert(net_until(&net, net.frames == 1));
    int rc = 0;
    cr_assert(net_until(&net, (rc = zmq_port_send(net.port, net.peer, bytes_of(large, sizeof large))) < 0));
    cr_assert_eq(rc, -EAGAIN);
    zmq_port_drop(net.port, net.peer);
    cr_assert(net_until(&net, net.lost == 1));
    zmq_close(client);
}

Test(port, a_frame_of_the_largest_size_comes_and_one_byte_more_ends_the_connection)
{
    static uint8_t large[LIMIT_FRAME_BYTES + 1];
    void *client = client_open(&net, context, &net.known);
    cr_assert_eq(zmq_send(client, large, LIMIT_FRAME_BYTES, 0), LIMIT_FRAME_BYTES);
    cr_assert(net_until(&net, net.frames == 1));
    cr_assert_eq(zmq_send(client, large, sizeof large, 0), (int)sizeof large);
    cr_assert(net_until(&net, net.lost == 1));
    cr_assert_eq(net.frames, 1);
    zmq_close(client);
}

Test(port, after_a_pause_nothing_is_read)
{
    void *client = client_open(&net, context, &net.known);
    client_say(client, "hello");
    cr_assert(net_until(&net, net.frames == 1));
    zmq_port_pause(net.port);
    client_say(client, "again");
    cr_assert_eq(zmq_port_send(net.port, net.peer, bytes_text("goodbye")), 0);
    cr_assert(client_hears(&net, client, "goodbye"));
    cr_assert_eq(net.frames, 1);
    zmq_close(client);
}

Test(port, what_was_sent_after_a_pause_leaves_when_the_port_closes)
{
    void *client = client_open(&net, context, &net.known);
    client_say(client, "hello");
    cr_assert(net_until(&net, net.frames == 1));
    zmq_port_pause(net.port);
    cr_assert_eq(zmq_port_send(net.port, net.peer, bytes_text("goodbye")), 0);
    zmq_port_close(net.port);
    net.port = NULL;
    cr_assert(client_hears(&net, client, "goodbye"));
    zmq_close(client);
}

static int connect_raw(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *colon = strrchr(zmq_port_endpoint(net.port), ':');
    address.sin_port = htons((uint16_t)atoi(colon + 1));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static bool is_closed(int fd)
{
    char byte[64];
    ssize_t got;
    while ((got = recv(fd, byte, sizeof byte, MSG_DONTWAIT)) > 0) {
    }
    return got == 0 || errno != EAGAIN;
}

Test(port, beyond_the_bound_the_oldest_silent_connections_are_closed_at_once, .timeout = 60)
{
    enum { MORE = 20, ALL = PORT_SILENT_MAX + MORE };
    static int raw[ALL];
    void *client = client_open(&net, context, &net.known);
    client_say(client, "hello");
    cr_assert(net_until(&net, net.frames == 1));
    for (int i = 0; i < ALL; i++) {
        raw[i] = connect_raw();
        event_base_loop(net.base, EVLOOP_NONBLOCK);
    }
    for (int i = 0; i < MORE; i++)
        cr_assert(net_until(&net, is_closed(raw[i])), "the %d. is open", i);
    cr_assert_eq(zmq_port_connections(net.port), PORT_SILENT_MAX + 1);
    client_say(client, "still served");
    cr_assert(net_until(&net, net.frames == 2));
    cr_assert_eq(net.lost, 0);
    zmq_close(client);
}

/* Its own port, so that the limit is there when it opens; the clients' descriptors count as well. */
Test(port, with_few_descriptors_fewer_connections_are_let_in, .timeout = 60)
{
    enum { FILES = 300, CLIENTS = 130, LET_IN = (FILES - 64) / 2 };
    struct rlimit few = {FILES, FILES};
    int raw[CLIENTS];
    zmq_port_close(net.port);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    net_open_port(&net);
    for (int i = 0; i < CLIENTS; i++)
        raw[i] = connect_raw();
    for (int i = 0; i < CLIENTS - LET_IN; i++) {
        cr_assert(net_until(&net, is_closed(raw[i])), "the %d. is open", i);
        cr_assert_leq(zmq_port_connections(net.port), LET_IN);
    }
    cr_assert_eq(zmq_port_connections(net.port), LET_IN);
}

static int connect_raw_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const char *colon = strrchr(zmq_port_endpoint(net.port), ':');
    address.sin6_port = htons((uint16_t)atoi(colon + 1));
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

/* A port of IPv6 takes IPv4 as well; who comes by the one makes no room for himself at the other's cost. */
Test(port, hosts_of_ipv6_and_of_ipv4_are_told_apart, .timeout = 60)
{
    enum { FILES = 120, LET_IN = (FILES - 64) / 2, MORE = 5, IPV4 = LET_IN + MORE };
    struct rlimit usual, few;
    int raw[IPV4];
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
    few = (struct rlimit){FILES, usual.rlim_max};
    zmq_port_close(net.port);
    net.port = NULL;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    int failure = net_open_port_on(&net, "tcp://[::]:*");
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
    if (failure == -EAFNOSUPPORT || failure == -EADDRNOTAVAIL)
        cr_skip_test("this machine has no IPv6");
    cr_assert_eq(failure, 0);
    int first = connect_raw_ipv6();
    if (first < 0)
        cr_skip_test("this machine has no IPv6");
    cr_assert(net_until(&net, zmq_port_connections(net.port) == 1));
    for (int i = 0; i < IPV4; i++)
        raw[i] = connect_raw();
    cr_assert(net_until(&net, is_closed(raw[0])));
    cr_assert(net_until(&net, is_closed(raw[MORE - 1])));
    cr_assert_not(is_closed(first), "the oldest of all, and the only one of its host");
}

/* Its own port again; here the limit is the port's alone. */
Test(port, one_key_with_many_connections_leaves_room_for_others, .timeout = 60)
{
    enum { FILES = 100, ALL = FILES - 64 };
    struct rlimit usual, few;
    struct key_pair other = key_pair_new();
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
    few = (struct rlimit){FILES, usual.rlim_max};
    zmq_port_close(net.port);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    net_open_port(&net);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
    net.admit_all = true;
    for (size_t i = 0; i < ALL; i++) {
        client_say(client_open(&net, context, &net.known), "hello");
        cr_assert(net_until(&net, net.frames == i + 1));
    }
    client_say(client_open(&net, context, &other), "let me in");
    cr_assert(net_until(&net, strcmp(net.text, "let me in") == 0));
    cr_assert_leq(zmq_port_connections(net.port), ALL);
}

static int open_on(const char *endpoint, struct zmq_port **ret_port)
{
    const char *const endpoints[] = {endpoint, NULL};
    const struct zmq_port_options options = {
        .base = net.base,
        .zmq_context = net.context,
        .endpoints = endpoints,
        .secret_key = net.server.secret_key,
        .handler = {.user = &net, .frame = net_frame, .lost = net_lost, .burst_end = net_burst_end},
        .ret_at = &net.bound_at,
    };
    return zmq_port_open(&options, ret_port);
}

Test(port, an_endpoint_in_use_or_of_another_machine_is_refused)
{
    struct zmq_port *port = NULL;
    cr_assert_eq(open_on(zmq_port_endpoint(net.port), &port), -EADDRINUSE);
    cr_assert_eq(open_on("tcp://192.0.2.1:5570", &port), -EADDRNOTAVAIL);
    cr_assert_str_eq(net.bound_at, "tcp://192.0.2.1:5570");
    cr_assert(open_on("tcp://nowhere", &port) < 0);
    cr_assert_null(port);
}
