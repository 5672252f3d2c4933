#include "wirelink.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define HANDSHAKE_MS     10000 /* CURVE needs 5 round trips: 2 s would never do on a bad line */
#define CONNECT_MS       5000
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS  5000
#define SEND_FRAMES      4  /* small: what waits, waits with us and travels in fuller frames */
#define RECEIVE_FRAMES   64 /* credit and window bound what may come */

static const struct socket_option {
    int option, value;
} socket_options[] = {
    {ZMQ_LINGER, 0},
    {ZMQ_IPV6, 1},
    {ZMQ_IMMEDIATE, 1}, /* nothing is queued for a connection that does not stand */
    {ZMQ_RECONNECT_IVL, -1},
    {ZMQ_CONNECT_TIMEOUT, CONNECT_MS},
    {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
    {ZMQ_HEARTBEAT_IVL, DEFAULT_PING_INTERVAL_MS},
    {ZMQ_HEARTBEAT_TIMEOUT, 3 * DEFAULT_PING_INTERVAL_MS},
    {ZMQ_TCP_KEEPALIVE, 1},
    {ZMQ_SNDHWM, SEND_FRAMES},
    {ZMQ_RCVHWM, RECEIVE_FRAMES},
};

enum referral_status wirelink_init(struct wirelink *link, const struct referral_options *options,
                                   const struct referral_key *key, int epoll_fd)
{
    *link = (struct wirelink){.epoll_fd = epoll_fd, .key = *key, .backoff_ms = BACKOFF_FIRST_MS};
    memcpy(link->server_key, options->server_key, sizeof link->server_key);
    link->addresses = calloc(options->address_count, sizeof *link->addresses);
    if (link->addresses == NULL)
        return REFERRAL_NO_MEMORY;
    for (size_t i = 0; i < options->address_count; i++) {
        if (options->addresses[i] == NULL)
            return REFERRAL_BAD_ARGUMENT;
        link->addresses[i] = strdup(options->addresses[i]);
        if (link->addresses[i] == NULL)
            return REFERRAL_NO_MEMORY;
        link->address_count++;
    }
    link->context = zmq_ctx_new();
    return link->context != NULL ? REFERRAL_OK : REFERRAL_SYSTEM;
}

/* A socket's descriptor in the client's epoll: the client has one descriptor, however often its sockets change. */
static int watch(const struct wirelink *link, void *socket, int operation)
{
    int fd = -1;
    size_t size = sizeof fd;
    if (zmq_getsockopt(socket, ZMQ_FD, &fd, &size) != 0)
        return -1;
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(link->epoll_fd, operation, fd, &event);
}

static void close_sockets(struct wirelink *link, int linger_ms)
{
    if (link->monitor != NULL) {
        watch(link, link->monitor, EPOLL_CTL_DEL);
        zmq_socket_monitor(link->socket, NULL, 0);
        zmq_close(link->monitor);
    }
    if (link->socket != NULL) {
        watch(link, link->socket, EPOLL_CTL_DEL);
        zmq_setsockopt(link->socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
        zmq_close(link->socket);
    }
    link->monitor = link->socket = NULL;
    link->up = link->settled = false;
}

void wirelink_fini(struct wirelink *link, int linger_ms)
{
    close_sockets(link, linger_ms);
    if (link->context != NULL) {
        while (zmq_ctx_term(link->context) != 0 && errno == EINTR) {
        }
    }
    for (size_t i = 0; i < link->address_count; i++)
        free(link->addresses[i]);
    free(link->addresses);
    sodium_memzero(link, sizeof *link);
}

static bool socket_configure(const struct wirelink *link)
{
    void *socket = link->socket;
    bool ok = true;
    for (size_t i = 0; i < sizeof socket_options / sizeof *socket_options; i++) {
        const struct socket_option *row = &socket_options[i];
        ok = ok && zmq_setsockopt(socket, row->option, &row->value, sizeof row->value) == 0;
    }
    int64_t largest = LIMIT_MAXMSGSIZE;
    return ok && zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, link->server_key, REFERRAL_KEY_SIZE) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, link->key.public_key, REFERRAL_KEY_SIZE) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, link->key.secret_key, REFERRAL_KEY_SIZE) == 0;
}

static bool monitor_open(struct wirelink *link)
{
    static const int seen = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                            ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                            ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED;
    char name[64];
    snprintf(name, sizeof name, "inproc://wirelink-%llu", (unsigned long long)link->attempts);
    link->monitor = zmq_socket(link->context, ZMQ_PAIR);
    return link->monitor != NULL && zmq_socket_monitor(link->socket, name, seen) == 0 &&
           zmq_connect(link->monitor, name) == 0;
}

/* With its first socket the context starts its threads. Signals are the program's: from their first instruction on they
 * take none. */
static void *dealer_new(void *context)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    void *socket = zmq_socket(context, ZMQ_DEALER);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return socket;
}

static bool socket_open(struct wirelink *link)
{
    link->attempts++;
    link->socket = dealer_new(link->context);
    return link->socket != NULL && socket_configure(link) && monitor_open(link) &&
           watch(link, link->socket, EPOLL_CTL_ADD) == 0 && watch(link, link->monitor, EPOLL_CTL_ADD) == 0 &&
           zmq_connect(link->socket, link->addresses[link->address_index]) == 0;
}

/* 100 ms doubling to 5 s; half of it by chance, so that a district does not come back in one instant. */
static int64_t backoff_next(struct wirelink *link)
{
    int64_t wait = link->backoff_ms / 2 + randombytes_uniform((uint32_t)(link->backoff_ms / 2 + 1));
    link->backoff_ms = link->backoff_ms * 2 < BACKOFF_MOST_MS ? link->backoff_ms * 2 : BACKOFF_MOST_MS;
    return wait;
}

void wirelink_drop(struct wirelink *link, enum referral_trouble trouble, int64_t wait_ms, int64_t now_ms)
{
    if (!link->settled)
        link->address_index = (link->address_index + 1) % link->address_count;
    close_sockets(link, 0);
    link->trouble = trouble;
    int64_t backoff = backoff_next(link);
    link->due_ms = now_ms + (backoff > wait_ms ? backoff : wait_ms);
}

void wirelink_settle(struct wirelink *link)
{
    link->settled = true;
    link->backoff_ms = BACKOFF_FIRST_MS;
}

/* What the monitor saw next: its event number, 0 for nothing. */
static int monitor_read(void *monitor)
{
    zmq_msg_t part;
    zmq_msg_init(&part);
    int event = 0;
    if (zmq_msg_recv(&part, monitor, ZMQ_DONTWAIT) >= 2) {
        uint16_t number = 0;
        memcpy(&number, zmq_msg_data(&part), sizeof number);
        event = number;
        while (zmq_msg_more(&part) && zmq_msg_recv(&part, monitor, ZMQ_DONTWAIT) >= 0) {
        }
    }
    zmq_msg_close(&part);
    return event;
}

/* Why a connection was lost that ended with this event. A failed handshake tells more than the loss that follows it. */
static enum referral_trouble trouble_of(int event, bool up)
{
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return REFERRAL_TROUBLE_KEY_REFUSED;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return REFERRAL_TROUBLE_HANDSHAKE;
    case ZMQ_EVENT_CLOSED:
        return REFERRAL_TROUBLE_UNREACHABLE;
    default:
        return up ? REFERRAL_TROUBLE_LOST : REFERRAL_TROUBLE_HANDSHAKE;
    }
}

enum wirelink_change wirelink_step(struct wirelink *link, int64_t now_ms)
{
    if (link->socket == NULL) {
        if (now_ms < link->due_ms)
            return WIRELINK_SAME;
        if (!socket_open(link)) {
            wirelink_drop(link, REFERRAL_TROUBLE_UNREACHABLE, 0, now_ms);
            return WIRELINK_LOST;
        }
        link->due_ms = now_ms + CONNECT_MS + HANDSHAKE_MS;
    }
    enum wirelink_change change = WIRELINK_SAME;
    for (int event = 0; (event = monitor_read(link->monitor)) != 0;) {
        if (event != ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
            wirelink_drop(link, trouble_of(event, link->up), 0, now_ms);
            return WIRELINK_LOST;
        }
        link->up = true;
        link->due_ms = WIRELINK_NEVER;
        change = WIRELINK_UP;
    }
    if (!link->up && now_ms >= link->due_ms) {
        wirelink_drop(link, REFERRAL_TROUBLE_UNREACHABLE, 0, now_ms);
        return WIRELINK_LOST;
    }
    return change;
}

int wirelink_events(const struct wirelink *link)
{
    int events = 0;
    size_t size = sizeof events;
    if (link->socket == NULL || zmq_getsockopt(link->socket, ZMQ_EVENTS, &events, &size) != 0)
        return 0;
    return events;
}

bool wirelink_receive(struct wirelink *link, zmq_msg_t *message)
{
    bool in_parts = false;
    while (link->socket != NULL && zmq_msg_recv(message, link->socket, ZMQ_DONTWAIT) >= 0) {
        if (!in_parts && !zmq_msg_more(message))
            return true;
        in_parts = zmq_msg_more(message);
    }
    return false;
}

bool wirelink_send(struct wirelink *link, zmq_msg_t *message)
{
    return link->socket != NULL && zmq_msg_send(message, link->socket, ZMQ_DONTWAIT) >= 0;
}
