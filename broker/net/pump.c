/* pump.c - the only reader of ZMQ_FD and ZMQ_EVENTS. */
#include "net/pump.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <zmq.h>

#define RECHECK_SECONDS 1

struct pump {
    struct pump_calls calls;
    void *socket;
    int fd;
    struct event *changed; /* ZMQ_FD */
    struct event *again;   /* a timer of no length: event_active would keep the loop from its other events */
    struct event *recheck;
    bool bursting, paused;
    uint64_t bursts, bursts_at_recheck;
    uint64_t missed;
};

static bool has_input(struct pump *pump)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(pump->socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
}

static void receive_burst(struct pump *pump)
{
    size_t bytes = 0;
    for (int count = 0; count < PUMP_BURST_MESSAGES && bytes < PUMP_BURST_BYTES; count++) {
        ssize_t size = pump->calls.receive(pump->calls.user);
        if (size < 0)
            return;
        bytes += (size_t)size;
    }
}

/* A burst, then whatever it makes the owner send, then one more look: what came meanwhile gave no edge that is still to
 * be seen. */
static void run(struct pump *pump)
{
    if (pump->paused || !has_input(pump))
        return;
    pump->bursting = true;
    pump->bursts++;
    receive_burst(pump);
    if (pump->calls.burst_end)
        pump->calls.burst_end(pump->calls.user, !has_input(pump));
    pump->bursting = false;
    if (has_input(pump))
        pump_again(pump);
}

static void on_changed(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    run(user);
}

/* Input that waits although no burst ran for a whole period and the descriptor is quiet would have waited for ever. */
static void on_recheck(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct pump *pump = user;
    struct pollfd announced = {.fd = pump->fd, .events = POLLIN};
    bool idle = pump->bursts == pump->bursts_at_recheck && poll(&announced, 1, 0) == 0 &&
                !event_pending(pump->again, EV_TIMEOUT, NULL);
    pump->bursts_at_recheck = pump->bursts;
    if (!pump->paused && has_input(pump)) {
        pump->missed += idle;
        run(pump);
    }
}

void pump_again(struct pump *pump)
{
    static const struct timeval at_once = {0, 0};
    if (!pump->bursting && !pump->paused)
        event_add(pump->again, &at_once);
}

void pump_pause(struct pump *pump)
{
    pump->paused = true;
    event_del(pump->changed); /* level-triggered in libevent: unread it would spin */
    event_del(pump->again);
    event_del(pump->recheck);
}

uint64_t pump_missed(const struct pump *pump)
{
    return pump->missed;
}

int pump_open(struct event_base *base, void *socket, struct pump_calls calls, struct pump **ret_pump)
{
    struct pump *pump = calloc(1, sizeof *pump);
    if (!pump)
        return -ENOMEM;
    pump->calls = calls;
    pump->socket = socket;
    size_t size = sizeof pump->fd;
    if (zmq_getsockopt(socket, ZMQ_FD, &pump->fd, &size) < 0) {
        free(pump);
        return -errno;
    }
    static const struct timeval period = {RECHECK_SECONDS, 0};
    pump->changed = event_new(base, pump->fd, EV_READ | EV_PERSIST, on_changed, pump);
    pump->again = event_new(base, -1, 0, on_changed, pump);
    pump->recheck = event_new(base, -1, EV_PERSIST, on_recheck, pump);
    if (!pump->changed || !pump->again || !pump->recheck || event_add(pump->changed, NULL) < 0 ||
        event_add(pump->recheck, &period) < 0) {
        pump_close(pump);
        return -ENOMEM;
    }
    pump_again(pump);
    *ret_pump = pump;
    return 0;
}

static void event_drop(struct event *event)
{
    if (event)
        event_free(event);
}

void pump_close(struct pump *pump)
{
    if (!pump)
        return;
    event_drop(pump->changed);
    event_drop(pump->again);
    event_drop(pump->recheck);
    free(pump);
}
