/* query.h - read-only questions: paged, bounded, without payload (P2). What only memory knows comes through `live`. */
#pragma once
#include "engine/engine.h"

struct live_inbox { /* of one institution */
    uint32_t in_flight, connections;
    uint64_t credit;
    bool connected;
    uint64_t delivered, redelivered; /* since the start */
    struct instant last_seen;        /* when a session of it ended last; unset: none has since the start */
};
struct live { /* what the turn layer knows and the store does not */
    void *user;
    struct live_inbox (*inbox)(void *user, uint32_t institution);
    bool (*in_flight)(void *user, struct inbox_ref ref);
    const char *broker_version;
    uint32_t sessions;
    uint64_t turns, commands, refused, dropped_frames;
    bool time_held;
};

struct question {
    const uint8_t *key; /* public key that asks */
    uint32_t kind;
    struct bytes body;
    uint64_t request;
    uint32_t position;
    const char *acting_for;
    const char *language; /* of HELLO */
    struct instant now;
};
/* A serialised Reply in the arena. Refusals of queries are counters, not audit. */
struct bytes query_answer(struct store_txn *txn, struct arena *arena, const struct question *question,
                          const struct live *live);
