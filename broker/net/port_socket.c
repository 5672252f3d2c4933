/* port_socket.c - what we ask of libzmq, option by option. */
#include "net/port_socket.h"
#include "net/zap.h"
#include "proto/limits.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* A draft option of zmq.h that works in the library as it is: without it a connection is not held to our ZAP domain. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

#define ROUTING_ID_SIZE 5
/* Frames that wait for one peer, and from one peer. With 4 a peer that reads well still meets a full queue whenever our
 * I/O thread is late, and senders with one message a frame get half their throughput. Credit and the window bound what
 * honest peers cause; these bound the rest: at most 32 and 16 frames of the largest size. */
#define QUEUE_OUT            32
#define QUEUE_IN             16
#define HANDSHAKE_MS         10000 /* CURVE takes 5 round trips: with 2 s nobody connects at 800 ms */
#define HEARTBEAT_MS         10000
#define HEARTBEAT_TIMEOUT_MS 30000
#define BACKLOG              1024 /* all clients come back at once after a restart */
#define FLUSH_MS             1000

struct number_option {
    int option, value;
};

static int set_numbers(void *socket, const struct number_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof options[i].value) < 0)
            return -errno;
    return 0;
}

static bool wants_ipv6(const char *const *endpoints)
{
    for (; *endpoints; endpoints++)
        if (strchr(*endpoints, '['))
            return true;
    return false;
}

static int set_options(void *router, const uint8_t secret_key[32], bool ipv6)
{
    const struct number_option options[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_IPV6, ipv6},
        {ZMQ_ROUTER_MANDATORY, 1},
        {ZMQ_SNDHWM, QUEUE_OUT},
        {ZMQ_RCVHWM, QUEUE_IN},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
        {ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS},
        {ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS},
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_TCP_KEEPALIVE_IDLE, 60},
        {ZMQ_TCP_KEEPALIVE_INTVL, 10},
        {ZMQ_TCP_KEEPALIVE_CNT, 3},
        {ZMQ_BACKLOG, BACKLOG},
        {ZMQ_CURVE_SERVER, 1},
        {ZMQ_ZAP_ENFORCE_DOMAIN, 1},
    };
    static const int64_t message_bytes_max = LIMIT_MAXMSGSIZE;
    int rc = set_numbers(router, options, sizeof options / sizeof options[0]);
    if (rc < 0)
        return rc;
    if (zmq_setsockopt(router, ZMQ_MAXMSGSIZE, &message_bytes_max, sizeof message_bytes_max) < 0 ||
        zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, secret_key, 32) < 0 ||
        zmq_setsockopt(router, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN)) < 0)
        return -errno;
    return 0;
}

/* libzmq numbers connections upwards from what rand() says when the socket is made, in a process without lots always
 * the same; and it ends the process where the number of a new connection stands already, as the routing id that another
 * one asked for. So nobody may know the numbers to come: these are lots. */
static int draw_first_number(void)
{
    unsigned seed;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        return -EIO;
    srand(seed);
    return 0;
}

int port_socket_open(void *zmq_context, const uint8_t secret_key[32], const char *const *endpoints, void **ret_router)
{
    int rc = draw_first_number();
    if (rc < 0)
        return rc;
    void *router = zmq_socket(zmq_context, ZMQ_ROUTER);
    if (!router)
        return -errno;
    rc = set_options(router, secret_key, wants_ipv6(endpoints));
    if (rc < 0) {
        zmq_close(router);
        return rc;
    }
    *ret_router = router;
    return 0;
}

int port_socket_monitor(void *zmq_context, void *router, void **ret_monitor)
{
    static const struct number_option options[] = {{ZMQ_LINGER, 0}, {ZMQ_RCVHWM, 0}};
    char name[64];
    snprintf(name, sizeof name, "inproc://monitor.%p", router);
    void *monitor = zmq_socket(zmq_context, ZMQ_PAIR);
    if (!monitor)
        return -errno;
    int rc = set_numbers(monitor, options, 2);
    if (rc == 0 && (zmq_socket_monitor(router, name, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) < 0 ||
                    zmq_connect(monitor, name) < 0))
        rc = -errno;
    if (rc < 0) {
        zmq_close(monitor);
        return rc;
    }
    *ret_monitor = monitor;
    return 0;
}

int port_socket_bind(void *router, const char *const *endpoints, const char **ret_at,
                     char ret_endpoint[PORT_ENDPOINT_SIZE])
{
    for (; *endpoints; endpoints++) {
        *ret_at = *endpoints;
        if (zmq_bind(router, *endpoints) < 0)
            return -errno;
    }
    size_t size = PORT_ENDPOINT_SIZE;
    return zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, ret_endpoint, &size) < 0 ? -errno : 0;
}

void port_socket_close(void *router, void *monitor, bool flush)
{
    static const int flush_ms = FLUSH_MS;
    if (router) {
        if (flush)
            zmq_setsockopt(router, ZMQ_LINGER, &flush_ms, sizeof flush_ms);
        zmq_socket_monitor(router, NULL, 0);
        zmq_close(router);
    }
    if (monitor)
        zmq_close(monitor);
}

bool port_socket_has_input(void *router)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(router, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
}

/* ---- In ---- */

static int receive_part(void *socket, zmq_msg_t *message)
{
    zmq_msg_init(message);
    return zmq_msg_recv(message, socket, ZMQ_DONTWAIT) < 0 ? -errno : 0;
}

/* A message arrives whole or not at all: what belongs to one that is being read is there. */
static void discard_rest(void *socket, zmq_msg_t *message)
{
    bool more = zmq_msg_more(message);
    zmq_msg_close(message);
    while (more) {
        zmq_msg_t part;
        more = receive_part(socket, &part) == 0 && zmq_msg_more(&part);
        zmq_msg_close(&part);
    }
}

static bool parse_routing_id(zmq_msg_t *message, uint64_t *ret_peer)
{
    const uint8_t *id = zmq_msg_data(message);
    if (zmq_msg_size(message) != ROUTING_ID_SIZE || id[0] != 0)
        return false;
    *ret_peer = get_be32(id + 1);
    return true;
}

/* Identity is what the ZAP handler gave. It stands reliably on the last part only: libzmq loses it on the first, once
 * prefetched. */
static bool parse_user_id(zmq_msg_t *message, uint8_t ret_key[32])
{
    const char *user_id = zmq_msg_gets(message, "User-Id");
    return user_id && hex_decode(ret_key, 32, user_id);
}

int port_socket_receive(void *router, struct port_frame *ret_frame)
{
    zmq_msg_t id;
    int rc = receive_part(router, &id);
    if (rc < 0) {
        zmq_msg_close(&id);
        return rc;
    }
    bool good = parse_routing_id(&id, &ret_frame->peer) && zmq_msg_more(&id);
    if (!good) {
        discard_rest(router, &id);
        return -EBADMSG;
    }
    zmq_msg_close(&id);
    zmq_msg_t *message = &ret_frame->message;
    rc = receive_part(router, message);
    if (rc < 0 || zmq_msg_more(message) || !parse_user_id(message, ret_frame->public_key)) {
        discard_rest(router, message);
        return -EBADMSG;
    }
    ret_frame->fd = zmq_msg_get(message, ZMQ_SRCFD);
    ret_frame->payload = bytes_of(zmq_msg_data(message), zmq_msg_size(message));
    return 0;
}

void port_frame_release(struct port_frame *frame)
{
    zmq_msg_close(&frame->message);
}

int port_socket_report(void *monitor, struct port_report *ret_report)
{
    zmq_msg_t message;
    int rc = receive_part(monitor, &message);
    uint16_t event;
    int32_t value;
    if (rc < 0 || zmq_msg_size(&message) != sizeof event + sizeof value) {
        zmq_msg_close(&message);
        return rc < 0 ? rc : -EPROTO;
    }
    const uint8_t *data = zmq_msg_data(&message);
    memcpy(&event, data, sizeof event);
    memcpy(&value, data + sizeof event, sizeof value);
    discard_rest(monitor, &message);
    *ret_report = (struct port_report){.accepted = event == ZMQ_EVENT_ACCEPTED, .fd = value};
    return 0;
}

/* ---- Out ---- */

static int send_part(void *router, const void *data, size_t size, int flags)
{
    return zmq_send(router, data, size, ZMQ_DONTWAIT | flags) < 0 ? -errno : 0;
}

int port_socket_send(void *router, uint64_t peer, struct bytes frame)
{
    uint8_t id[ROUTING_ID_SIZE] = {0};
    put_be32(id + 1, (uint32_t)peer);
    int rc = send_part(router, id, sizeof id, ZMQ_SNDMORE);
    if (rc == -EAGAIN) {
        port_socket_has_input(router); /* lets libzmq take note of what its I/O thread has sent meanwhile */
        rc = send_part(router, id, sizeof id, ZMQ_SNDMORE);
    }
    return rc < 0 ? rc : send_part(router, frame.data, frame.size, 0);
}
