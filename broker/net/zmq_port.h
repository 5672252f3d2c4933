/* zmq_port.h - the ROUTER socket in the libevent loop: frames in, frames out, lost connections (design: measured traps of libzmq). */
#pragma once
#include <event2/event.h>
#include "net/zap.h"
#include "turn/turn.h"

struct zmq_port;

struct zmq_port_handler {
    void *user;
    void (*frame)(void *user, uint64_t peer, const uint8_t public_key[32], struct bytes frame);
    void (*lost)(void *user, uint64_t peer);
    void (*burst_end)(void *user); /* after each burst of frames: time for a turn */
};

struct zmq_port_options {
    struct event_base *base;
    void *zmq_context;               /* the owner's; ZAP is bound in it already */
    const char *const *endpoints;    /* "tcp://0.0.0.0:5570"; NULL-terminated */
    const uint8_t *secret_key;       /* 32 bytes, CURVE server */
    struct zmq_port_handler handler;
};
int zmq_port_open(const struct zmq_port_options *options, struct zmq_port **ret_port);
void zmq_port_close(struct zmq_port *port); /* NULL is fine */
/* For turn_port. */
int zmq_port_send(void *port, uint64_t peer, struct bytes frame);
void zmq_port_drop(void *port, uint64_t peer);
/* Stops reading new frames (drain). */
void zmq_port_pause(struct zmq_port *port);
/* Edge-trigger misses found by the slow timer; must stay 0. */
uint64_t zmq_port_missed(const struct zmq_port *port);
uint64_t zmq_port_dropped(const struct zmq_port *port); /* frames without a User-Id, or of more than one part */
/* The last endpoint bound, with the real port where 0 was asked for. */
const char *zmq_port_endpoint(const struct zmq_port *port);
