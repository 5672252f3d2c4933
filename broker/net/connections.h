/* connections.h - which connection is whose: file descriptors as libzmq's monitor tells of them, peers as frames do.
 *
 * The two reports come through different queues, so a connection may be closed before its last frames are read, and its
 * descriptor may be another's by then. A closed one is therefore kept until the socket has run dry, and only then is
 * its peer lost. Nothing is read or closed here. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connections;

struct connection_shape { /* the socket behind a descriptor: its inode tells whether it is still the same one */
    int fd;
    uint64_t inode;
    uint8_t address[16]; /* who is at its other end; zero where nobody knows */
};

int connections_open(struct connections **ret_connections); /* 0 or -ENOMEM */
void connections_close(struct connections *all);            /* NULL is fine */

/* The monitor's reports. */
void connections_accepted(struct connections *all, struct connection_shape shape);
void connections_ended(struct connections *all, int fd);
/* Another frame of this peer; false where it is unknown: read the monitor's reports, then say connections_heard. */
bool connections_heard_again(struct connections *all, uint64_t peer);
/* The first frame of this peer came through this descriptor, from whoever has this key. */
void connections_heard(struct connections *all, uint64_t peer, int fd, const uint8_t key[32]);
bool connections_knows(const struct connections *all, uint64_t peer);
/* False where the peer is unknown or its connection has ended already. */
bool connections_shape(const struct connections *all, uint64_t peer, struct connection_shape *ret_shape);

/* The socket has run dry: takes one ended connection away. True: `ret_peer` is lost. False: none is left; those nobody
 * heard of go silently. */
bool connections_reap(struct connections *all, uint64_t *ret_peer);

/* To be called at a steady pace: asks how many bytes each open connection has received, and calls `stuffed` for each
 * that received more than `max_bytes` since the call before its last frame: what makes no frame only fills memory. */
void connections_watch(struct connections *all, uint64_t max_bytes, uint64_t (*received)(struct connection_shape shape),
                       void (*stuffed)(struct connection_shape shape));

/* Too many that have not said anything yet, or too many in all: names a silent one, once: of the address that has most
 * of them the oldest. So one address with many keeps no other from getting to its first frame. */
bool connections_excess(struct connections *all, size_t max_silent, size_t max, struct connection_shape *ret_shape);
/* More than `max` that have spoken, one of which has just begun to: names one of the key that has most, the one that
 * has been still for longest, once. Where several keys have as many, it is the newcomer's that has to give. */
bool connections_crowd(struct connections *all, uint64_t newcomer, size_t max, struct connection_shape *ret_shape);
size_t connections_count(const struct connections *all); /* open ones, without those named by these two */
