/* say.h - lists of what is to be said at the end of a turn. Everything lives in the turn's arena. */
#pragma once
#include "base/arena.h"
#include "wire.pb-c.h"

struct output {
    Referral__Kind kind;
    struct bytes body;
    struct output *next;
};
struct output_list {
    struct output *first, *last;
};

/* Said to a peer without a session, or to one whose session ends: NO_SESSION, GOODBYE. */
struct farewell {
    uint64_t peer, epoch; /* epoch 0: none */
    struct output_list output;
    bool drop; /* ends the connection afterwards */
    struct farewell *next;
};

struct parked { /* a frame the peer would not take; on the heap, as it outlives the turn */
    struct parked *next;
    size_t size;
    uint8_t data[];
};

void output_add(struct output_list *list, Referral__Kind kind, struct bytes body, struct arena *arena);
