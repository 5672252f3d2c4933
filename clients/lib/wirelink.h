/* wirelink.h - one encrypted connection to one broker, made again and again: a DEALER socket, its monitor, and the
 * waiting between.
 *
 * libzmq would reconnect by itself, but then frames of a dead session would travel on a live connection, and several
 * addresses would share the load instead of standing in for each other. So a socket here lives for one connection: lost
 * means closed, and the next attempt goes out after 100 ms, doubling to 5 s with jitter, to the next address unless
 * this one had worked.
 *
 * Times are milliseconds of a monotonic clock, given by the caller. */
#pragma once
#include <zmq.h>

#include <referral/client.h>

#define WIRELINK_NEVER INT64_MAX

struct wirelink {
    void *context, *socket, *monitor; /* socket and monitor NULL: waiting for due_ms */
    int epoll_fd;                     /* borrowed; holds the descriptors of both */
    char **addresses;                 /* owned */
    size_t address_count, address_index;
    uint8_t server_key[REFERRAL_KEY_SIZE];
    struct referral_key key;
    uint64_t attempts; /* names the monitors */
    bool up;           /* the CURVE handshake is done */
    bool settled;      /* ... and the broker has welcomed us */
    int64_t due_ms;    /* next attempt, or end of patience with this one; WIRELINK_NEVER once up */
    int64_t backoff_ms;
    enum referral_trouble trouble; /* of the last loss */
};

enum wirelink_change {
    WIRELINK_SAME,
    WIRELINK_UP,   /* frames may be sent */
    WIRELINK_LOST, /* closed; an attempt follows by itself */
};

/* Copies addresses and keys; `epoll_fd` stays the caller's. */
enum referral_status wirelink_init(struct wirelink *link, const struct referral_options *options,
                                   const struct referral_key *key, int epoll_fd);
/* Closes; what was sent may still leave within `linger_ms`. Fine on zeroed memory. */
void wirelink_fini(struct wirelink *link, int linger_ms);
/* Starts attempts and reads what the monitor saw. */
enum wirelink_change wirelink_step(struct wirelink *link, int64_t now_ms);
/* Ends this connection; the next attempt goes out after the back-off, at least `wait_ms`. */
void wirelink_drop(struct wirelink *link, enum referral_trouble trouble, int64_t wait_ms, int64_t now_ms);
/* The broker has welcomed us: this address works. */
void wirelink_settle(struct wirelink *link);

/* ZMQ_POLLIN and ZMQ_POLLOUT as they are now; 0 without a socket. ZMQ_FD is edge-triggered and sends eat edges too: ask
 * after every burst of receives and sends. */
int wirelink_events(const struct wirelink *link);
/* One frame into `message`, which the caller closes: true; false: none now. A frame of several parts is none of ours:
 * skipped. */
bool wirelink_receive(struct wirelink *link, zmq_msg_t *message);
/* Takes `message` on success; false: the connection takes nothing now. */
bool wirelink_send(struct wirelink *link, zmq_msg_t *message);
