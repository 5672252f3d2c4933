/* zap_self_test.c - the proof at start that the lock is on the door: libzmq admits anyone where its handler is
 * missing. */
#include "net/pump.h"
#include "net/zap.h"
#include <errno.h>
#include <stdio.h>
#include <zmq.h>

#define Z85_KEY_SIZE 41

struct stranger { /* a client whose key nobody knows */
    struct event_base *base;
    void *socket, *monitor;
    struct pump *pump;
    struct event *timeout;
    int verdict;
};

static ssize_t receive_report(void *user)
{
    struct stranger *stranger = user;
    zmq_msg_t message;
    zmq_msg_init(&message);
    if (zmq_msg_recv(&message, stranger->monitor, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&message);
        return -EAGAIN;
    }
    uint16_t event = 0;
    if (zmq_msg_more(&message)) /* the first of two parts; the second is an address */
        memcpy(&event, zmq_msg_data(&message), sizeof event);
    zmq_msg_close(&message);
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED || event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
        stranger->verdict = event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH ? 0 : -EPERM;
        event_base_loopbreak(stranger->base);
    }
    return 1;
}

static void on_timeout(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct stranger *stranger = user;
    event_base_loopbreak(stranger->base);
}

static int set_keys(void *socket, const uint8_t server_public[32])
{
    char public_key[Z85_KEY_SIZE], secret_key[Z85_KEY_SIZE];
    static const int linger = 0, ipv6 = 1;
    if (zmq_curve_keypair(public_key, secret_key) < 0 ||
        zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) < 0 ||
        zmq_setsockopt(socket, ZMQ_IPV6, &ipv6, sizeof ipv6) < 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_public, 32) < 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key, sizeof public_key) < 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_key, sizeof secret_key) < 0)
        return -errno;
    return 0;
}

static int stranger_connect(struct stranger *stranger, void *zmq_context, const char *endpoint, const uint8_t key[32])
{
    stranger->socket = zmq_socket(zmq_context, ZMQ_DEALER);
    stranger->monitor = zmq_socket(zmq_context, ZMQ_PAIR);
    if (!stranger->socket || !stranger->monitor)
        return -errno;
    int rc = set_keys(stranger->socket, key);
    if (rc < 0)
        return rc;
    char monitor[64]; /* of its own name, since libzmq unbinds the last one in its own time */
    snprintf(monitor, sizeof monitor, "inproc://self-test.%p", stranger->socket);
    const int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    if (zmq_socket_monitor(stranger->socket, monitor, events) < 0 || zmq_connect(stranger->monitor, monitor) < 0)
        return -errno;
    struct pump_calls calls = {.user = stranger, .receive = receive_report};
    rc = pump_open(stranger->base, stranger->monitor, calls, &stranger->pump);
    if (rc < 0)
        return rc;
    return zmq_connect(stranger->socket, endpoint) < 0 ? -errno : 0;
}

static void stranger_fini(struct stranger *stranger)
{
    pump_close(stranger->pump);
    if (stranger->timeout)
        event_free(stranger->timeout);
    if (stranger->socket) {
        zmq_socket_monitor(stranger->socket, NULL, 0);
        zmq_close(stranger->socket);
    }
    if (stranger->monitor)
        zmq_close(stranger->monitor);
}

int zap_self_test(struct event_base *base, void *zmq_context, const char *endpoint, const uint8_t server_public[32],
                  int timeout_ms)
{
    struct stranger stranger = {.base = base, .verdict = -ETIMEDOUT};
    const struct timeval limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000L};
    int rc = -ENOMEM;
    stranger.timeout = event_new(base, -1, 0, on_timeout, &stranger);
    if (stranger.timeout && event_add(stranger.timeout, &limit) == 0)
        rc = stranger_connect(&stranger, zmq_context, endpoint, server_public);
    if (rc == 0) {
        event_base_dispatch(base);
        rc = stranger.verdict;
    }
    stranger_fini(&stranger);
    return rc;
}
