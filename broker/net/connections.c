/* connections.c - every connection is on one list (silent, its owner's once it has spoken, ended; none while it is told to go) and in up to
 * two tables. */
#include "net/connections.h"
#include "base/hash.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

struct owner { /* a key, while it has connections on its list */
    uint8_t key[32];
    struct connection *open; /* the one that has been still for longest first */
    size_t count;
    UT_hash_handle hh;
};

struct connection {
    struct connection_shape shape;
    struct owner *owner; /* NULL: on another list */
    uint64_t peer;
    bool heard, ended, condemned;
    uint64_t frames, frames_watched, bytes_watched; /* heard so far; as connections_watch saw it last make progress */
    struct connection *prev, *next;
    UT_hash_handle by_fd, by_peer; /* open ones; heard ones */
};

struct connections {
    struct connection *fds, *peers;
    struct connection *silent, *ended; /* oldest first */
    struct owner *owners;
    size_t silent_count, owned_count, condemned_count;
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

static struct owner *owner_of(struct connections *all, const uint8_t key[32])
{
    struct owner *owner;
    HASH_FIND(hh, all->owners, key, sizeof owner->key, owner);
    if (!owner) {
        owner = alloc_zeroed(sizeof *owner);
        memcpy(owner->key, key, sizeof owner->key);
        HASH_ADD(hh, all->owners, key, sizeof owner->key, owner);
    }
    return owner;
}

static void join_owner(struct connections *all, struct connection *one, const uint8_t key[32])
{
    if (!one->ended && !one->condemned) {
        one->owner = owner_of(all, key);
        one->owner->count++;
        all->owned_count++;
        DL_APPEND(one->owner->open, one);
    }
}

static void leave_owner(struct connections *all, struct connection *one)
{
    struct owner *owner = one->owner;
    if (!owner) {
        return;
    }
    DL_DELETE(owner->open, one);
    one->owner = NULL;
    all->owned_count--;
    if (--owner->count == 0) {
        HASH_DEL(all->owners, owner);
        free(owner);
    }
}

static void end(struct connections *all, struct connection *one)
{
    leave_silent(all, one);
    leave_owner(all, one);
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
    if (one && one->owner) {
        DL_DELETE(one->owner->open, one);
        DL_APPEND(one->owner->open, one);
    }
    return one != NULL;
}

void connections_heard(struct connections *all, uint64_t peer, int fd, const uint8_t key[32])
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
    join_owner(all, one, key);
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

static void condemn(struct connections *all, struct connection *one, struct connection_shape *ret_shape)
{
    leave_silent(all, one);
    leave_owner(all, one);
    one->condemned = true;
    all->condemned_count++;
    *ret_shape = one->shape;
}

bool connections_excess(struct connections *all, size_t max_silent, size_t max, struct connection_shape *ret_shape)
{
    struct connection *one = all->silent;
    if (!one || (all->silent_count <= max_silent && connections_count(all) <= max)) {
        return false;
    }
    condemn(all, one, ret_shape);
    return true;
}

bool connections_crowd(struct connections *all, uint64_t newcomer, size_t max, struct connection_shape *ret_shape)
{
    const struct connection *one = find_peer(all, newcomer);
    const struct owner *most = one ? one->owner : NULL;
    if (!most || all->owned_count <= max) {
        return false;
    }
    for (const struct owner *owner = all->owners; owner; owner = owner->hh.next) {
        most = owner->count > most->count ? owner : most;
    }
    condemn(all, most->open, ret_shape);
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
