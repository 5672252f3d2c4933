/* connections.c - every connection is on one list (silent, ended, or none once it has spoken) and in up to two tables. */
#include "net/connections.h"
#include "base/hash.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

struct connection {
    struct connection_shape shape;
    uint64_t peer;
    bool heard, ended, condemned;
    uint64_t frames, frames_watched, bytes_watched; /* heard so far; as connections_watch saw it last make progress */
    struct connection *prev, *next;
    UT_hash_handle by_fd, by_peer; /* open ones; heard ones */
};

struct connections {
    struct connection *fds, *peers;
    struct connection *silent, *ended; /* oldest first */
    size_t silent_count, condemned_count;
};

int connections_open(struct connections **ret_connections)
{
    *ret_connections = calloc(1, sizeof **ret_connections);
    return *ret_connections ? 0 : -ENOMEM;
}

static struct connection *find_fd(const struct connections *all, int fd)
{
    struct connection *found;
    HASH_FIND(by_fd, all->fds, &fd, sizeof fd, found);
    return found;
}

static struct connection *find_peer(const struct connections *all, uint64_t peer)
{
    struct connection *found;
    HASH_FIND(by_peer, all->peers, &peer, sizeof peer, found);
    return found;
}

static void leave_silent(struct connections *all, struct connection *one)
{
    if (!one->heard && !one->ended && !one->condemned) {
        DL_DELETE(all->silent, one);
        all->silent_count--;
    }
}

static void end(struct connections *all, struct connection *one)
{
    leave_silent(all, one);
    all->condemned_count -= one->condemned;
    one->ended = true;
    HASH_DELETE(by_fd, all->fds, one);
    DL_APPEND(all->ended, one);
}

static void forget(struct connections *all, struct connection *one)
{
    if (one->heard) {
        assert(all->peers);
        HASH_DELETE(by_peer, all->peers, one);
    }
    DL_DELETE(all->ended, one);
    free(one);
}

static struct connection *add(struct connections *all, struct connection_shape shape)
{
    struct connection *one = alloc_zeroed(sizeof *one);
    one->shape = shape;
    HASH_ADD(by_fd, all->fds, shape.fd, sizeof one->shape.fd, one);
    DL_APPEND(all->silent, one);
    all->silent_count++;
    return one;
}

void connections_accepted(struct connections *all, struct connection_shape shape)
{
    struct connection *before = find_fd(all, shape.fd);
    if (before) {
        end(all, before);
    }
    add(all, shape);
}

void connections_ended(struct connections *all, int fd)
{
    struct connection *one = find_fd(all, fd);
    if (one) {
        end(all, one);
    }
}

/* Whose first frame this is: of those with this descriptor, the oldest that was not heard yet. */
static struct connection *newcomer(struct connections *all, int fd)
{
    struct connection *one;
    DL_FOREACH(all->ended, one)
    {
        if (one->shape.fd == fd && !one->heard) {
            return one;
        }
    }
    one = find_fd(all, fd);
    return one && !one->heard ? one : NULL;
}

bool connections_heard_again(struct connections *all, uint64_t peer)
{
    struct connection *one = find_peer(all, peer);
    if (one) {
        one->frames++;
    }
    return one != NULL;
}

void connections_heard(struct connections *all, uint64_t peer, int fd)
{
    if (connections_heard_again(all, peer)) {
        return;
    }
    struct connection *one = newcomer(all, fd);
    if (!one) { /* its end was reaped already: known once more, until the socket is dry again */
        one = alloc_zeroed(sizeof *one);
        one->shape = (struct connection_shape){.fd = fd};
        one->ended = true;
        DL_APPEND(all->ended, one);
    }
    leave_silent(all, one);
    one->heard = true;
    one->frames = 1;
    one->peer = peer;
    HASH_ADD(by_peer, all->peers, peer, sizeof one->peer, one);
}

bool connections_knows(const struct connections *all, uint64_t peer)
{
    return find_peer(all, peer) != NULL;
}

bool connections_shape(const struct connections *all, uint64_t peer, struct connection_shape *ret_shape)
{
    const struct connection *one = find_peer(all, peer);
    if (!one || one->ended) {
        return false;
    }
    *ret_shape = one->shape;
    return true;
}

bool connections_reap(struct connections *all, uint64_t *ret_peer)
{
    while (all->ended) {
        struct connection *one = all->ended;
        bool heard = one->heard;
        uint64_t peer = one->peer;
        forget(all, one);
        if (heard) {
            *ret_peer = peer;
            return true;
        }
    }
    return false;
}

void connections_watch(struct connections *all, uint64_t max_bytes, uint64_t (*received)(struct connection_shape shape),
                       void (*stuffed)(struct connection_shape shape))
{
    struct connection *one, *next;
    HASH_ITER(by_fd, all->fds, one, next)
    {
        uint64_t bytes = received(one->shape);
        if (one->frames != one->frames_watched || bytes < one->bytes_watched) {
            one->frames_watched = one->frames;
            one->bytes_watched = bytes;
        } else if (bytes - one->bytes_watched > max_bytes) {
            stuffed(one->shape);
        }
    }
}

bool connections_excess(struct connections *all, size_t max_silent, size_t max, struct connection_shape *ret_shape)
{
    struct connection *one = all->silent;
    if (!one || (all->silent_count <= max_silent && connections_count(all) <= max)) {
        return false;
    }
    leave_silent(all, one);
    one->condemned = true;
    all->condemned_count++;
    *ret_shape = one->shape;
    return true;
}

size_t connections_count(const struct connections *all)
{
    return HASH_CNT(by_fd, all->fds) - all->condemned_count;
}

void connections_close(struct connections *all)
{
    if (!all) {
        return;
    }
    struct connection *one, *next;
    HASH_ITER(by_fd, all->fds, one, next)
    {
        end(all, one);
    }
    while (all->ended) {
        forget(all, all->ended);
    }
    free(all);
}
