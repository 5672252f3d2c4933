/* connections.c - every connection is on one list (its address's, its key's once it has spoken, that of those that
 * ended; none while it is told to go) and in up to two tables. */
#include "net/connections.h"
#include "base/hash.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

struct origin { /* an address of silent connections, or a key of those that have spoken; while there are any */
    uint8_t name[32];
    struct connection *first; /* the one that has been still for longest */
    size_t count;
    UT_hash_handle hh;
};

struct connection {
    struct connection_shape shape;
    struct origin *origin; /* NULL: not on the list of one */
    uint64_t peer, number; /* in order of beginning */
    bool heard, ended, condemned;
    uint64_t frames, frames_watched, bytes_watched; /* heard so far; as connections_watch saw it last make progress */
    struct connection *prev, *next;
    UT_hash_handle by_fd, by_peer; /* open ones; heard ones */
};

struct connections {
    struct connection *fds, *peers;
    struct connection *ended; /* oldest first */
    struct origin *addresses, *keys;
    size_t silent_count, spoken_count, condemned_count;
    uint64_t begun;
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

static struct origin *origin_of(struct origin **origins, const void *name, size_t size)
{
    struct origin *found, wanted = {.count = 0};
    memcpy(wanted.name, name, size);
    HASH_FIND(hh, *origins, wanted.name, sizeof wanted.name, found);
    if (!found) {
        found = alloc_zeroed(sizeof *found);
        memcpy(found->name, wanted.name, sizeof found->name);
        HASH_ADD(hh, *origins, name, sizeof found->name, found);
    }
    return found;
}

static void join(struct origin *origin, struct connection *one)
{
    one->origin = origin;
    origin->count++;
    DL_APPEND(origin->first, one);
}

static void leave(struct connections *all, struct connection *one)
{
    struct origin *origin = one->origin, **origins = one->heard ? &all->keys : &all->addresses;
    if (!origin)
        return;
    assert(*origins);
    *(one->heard ? &all->spoken_count : &all->silent_count) -= 1;
    DL_DELETE(origin->first, one);
    one->origin = NULL;
    if (--origin->count == 0) {
        HASH_DEL(*origins, origin);
        free(origin);
    }
}

static void end(struct connections *all, struct connection *one)
{
    leave(all, one);
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
    one->number = all->begun++;
    join(origin_of(&all->addresses, shape.address, sizeof shape.address), one);
    all->silent_count++;
    return one;
}

void connections_accepted(struct connections *all, struct connection_shape shape)
{
    struct connection *before = find_fd(all, shape.fd);
    if (before)
        end(all, before);
    add(all, shape);
}

void connections_ended(struct connections *all, int fd)
{
    struct connection *one = find_fd(all, fd);
    if (one)
        end(all, one);
}

/* Whose first frame this is: of those with this descriptor, the oldest that was not heard yet. */
static struct connection *newcomer(struct connections *all, int fd)
{
    struct connection *one;
    DL_FOREACH(all->ended, one)
    {
        if (one->shape.fd == fd && !one->heard)
            return one;
    }
    one = find_fd(all, fd);
    return one && !one->heard ? one : NULL;
}

bool connections_heard_again(struct connections *all, uint64_t peer)
{
    struct connection *one = find_peer(all, peer);
    if (one)
        one->frames++;
    if (one && one->origin) {
        DL_DELETE(one->origin->first, one);
        DL_APPEND(one->origin->first, one);
    }
    return one != NULL;
}

void connections_heard(struct connections *all, uint64_t peer, int fd, const uint8_t key[32])
{
    if (connections_heard_again(all, peer))
        return;
    struct connection *one = newcomer(all, fd);
    if (!one) { /* its end was reaped already: known once more, until the socket is dry again */
        one = alloc_zeroed(sizeof *one);
        one->shape = (struct connection_shape){.fd = fd};
        one->ended = true;
        DL_APPEND(all->ended, one);
    }
    leave(all, one);
    one->heard = true;
    if (!one->ended && !one->condemned) {
        join(origin_of(&all->keys, key, 32), one);
        all->spoken_count++;
    }
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
    if (!one || one->ended)
        return false;
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
    leave(all, one);
    one->condemned = true;
    all->condemned_count++;
    *ret_shape = one->shape;
}

bool connections_excess(struct connections *all, size_t max_silent, size_t max, struct connection_shape *ret_shape)
{
    const struct origin *most = all->addresses;
    if (!most || (all->silent_count <= max_silent && connections_count(all) <= max))
        return false;
    for (const struct origin *other = most; other; other = other->hh.next) {
        bool is_older = other->first->number < most->first->number;
        most = other->count > most->count || (other->count == most->count && is_older) ? other : most;
    }
    condemn(all, most->first, ret_shape);
    return true;
}

bool connections_crowd(struct connections *all, uint64_t newcomer, size_t max, struct connection_shape *ret_shape)
{
    const struct connection *one = find_peer(all, newcomer);
    const struct origin *most = one ? one->origin : NULL;
    if (!most || all->spoken_count <= max)
        return false;
    for (const struct origin *other = all->keys; other; other = other->hh.next)
        most = other->count > most->count ? other : most;
    condemn(all, most->first, ret_shape);
    return true;
}

size_t connections_count(const struct connections *all)
{
    return HASH_CNT(by_fd, all->fds) - all->condemned_count;
}

void connections_close(struct connections *all)
{
    if (!all)
        return;
    struct connection *one, *next;
    HASH_ITER(by_fd, all->fds, one, next)
    {
        end(all, one);
    }
    while (all->ended)
        forget(all, all->ended);
    free(all);
}
