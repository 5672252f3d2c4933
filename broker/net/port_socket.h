/* port_socket.h - the ROUTER socket of the port and its monitor: options, and one message at a time. */
#pragma once
#include "base/bytes.h"
#include <zmq.h>

#define PORT_ENDPOINT_SIZE 256

/* A ROUTER with every bound and check set, not bound yet. 0 or a negative errno. */
int port_socket_open(void *zmq_context, const uint8_t secret_key[32], const char *const *endpoints, void **ret_router);
/* Its monitor: a PAIR that takes any number of reports, so that libzmq's I/O thread never waits for us. */
int port_socket_monitor(void *zmq_context, void *router, void **ret_monitor);
/* *ret_at: the last endpoint that was tried. */
int port_socket_bind(void *router, const char *const *endpoints, const char **ret_at,
                     char ret_endpoint[PORT_ENDPOINT_SIZE]);
/* NULLs are fine. `flush`: what was sent may leave within a second. */
void port_socket_close(void *router, void *monitor, bool flush);
bool port_socket_has_input(void *router);

struct port_frame {
    uint64_t peer;          /* the routing id libzmq gave: 5 bytes, the first one 0 */
    int fd;                 /* the connection it came through */
    uint8_t public_key[32]; /* of the User-Id */
    struct bytes payload;   /* lives until port_frame_release */
    zmq_msg_t message;
};
/* 0; -EAGAIN: none; -EBADMSG: one that must be dropped (more than one part, no User-Id, a routing id chosen by the
 * client). */
int port_socket_receive(void *router, struct port_frame *ret_frame);
void port_frame_release(struct port_frame *frame);

/* 0; -EAGAIN: its queue is full; -EHOSTUNREACH: no such peer. */
int port_socket_send(void *router, uint64_t peer, struct bytes frame);

struct port_report {
    bool accepted; /* else: ended */
    int fd;
};
int port_socket_report(void *monitor, struct port_report *ret_report); /* 0; -EAGAIN: none */
