/* zmq_port.h - the ROUTER socket in the libevent loop: frames in, frames out, lost connections (design: measured traps
 * of libzmq).
 *
 * A peer is one connection: a number that is never given twice while the process lives. Who it is, its key says, which
 * comes with every frame. One thread. */
#pragma once
#include "net/zap.h"
#include "turn/turn.h"
#include <event2/event.h>

/* Bounds of what strangers can make us keep. A connection is silent until its first frame; libzmq closes those without
 * a handshake after 10 s, and beyond this many the oldest of the address that has most are closed at once. Of those
 * that have spoken there may be seven eighths of all: beyond, the key that has most connections loses the one that has
 * been still for longest. With few file descriptors (RLIMIT_NOFILE) fewer are let in, and half of them may be
 * silent. */
#define PORT_SILENT_MAX      1024
#define PORT_CONNECTIONS_MAX 8192
/* A connection that sends more than that without completing a frame is closed: more than the kernel and libzmq hold of
 * honest ones. */
#define PORT_UNHEARD_MAX (48ULL << 20)

struct zmq_port;

struct zmq_port_handler {
    void *user;
    /* `frame` lives for the call. */
    void (*frame)(void *user, uint64_t peer, const uint8_t public_key[32], struct bytes frame);
    /* After the last frame of a peer whose connection ended; also after zmq_port_drop. */
    void (*lost)(void *user, uint64_t peer);
    void (*burst_end)(void *user); /* after each burst of frames or losses: time for a turn */
};

struct zmq_port_options {
    struct event_base *base;
    void *zmq_context;            /* the owner's; ZAP is bound in it already */
    const char *const *endpoints; /* "tcp://0.0.0.0:5570"; NULL-terminated */
    const uint8_t *secret_key;    /* 32 bytes, CURVE server; borrowed for the call */
    struct zmq_port_handler handler;
    const char **ret_at; /* the last endpoint that was tried */
};
/* 0; -EADDRINUSE and the like where an endpoint cannot be bound; -EINVAL for one that is none. */
int zmq_port_open(const struct zmq_port_options *options, struct zmq_port **ret_port);
/* NULL is fine. After zmq_port_pause what was sent may still leave, for at most a second within zmq_ctx_term; else it
 * is dropped. */
void zmq_port_close(struct zmq_port *port);

/* For turn_port. 0; -EAGAIN: the peer takes nothing more now; -EHOSTUNREACH: it is gone. */
int zmq_port_send(void *port, uint64_t peer, struct bytes frame);
/* Ends the connection of this peer a moment later, so that what was sent can leave first; its frames are dropped from
 * now on. */
void zmq_port_drop(void *port, uint64_t peer);

/* Stops reading new frames (drain). */
void zmq_port_pause(struct zmq_port *port);
/* Edge-trigger misses found by the slow timer; must stay 0. */
uint64_t zmq_port_missed(const struct zmq_port *port);
uint64_t zmq_port_dropped(const struct zmq_port *port); /* frames without a User-Id, or of more than one part */
/* Connections closed because their key had most of too many. */
uint64_t zmq_port_crowded_out(const struct zmq_port *port);
size_t zmq_port_connections(const struct zmq_port *port);
/* The last endpoint bound, with the real port where 0 was asked for. */
const char *zmq_port_endpoint(const struct zmq_port *port);
