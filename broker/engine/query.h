/* query.h - read-only questions: paged, bounded, without payload (P2). What only memory knows comes through `live`. */
#pragma once
#include "engine/engine.h"

struct live_inbox { /* of one institution */
    uint32_t in_flight, connections,
        consumers; /* of the connections those that ever granted credit: the others only look */
    uint64_t credit;
    bool connected;
    uint64_t delivered, redelivered; /* since the start */
    struct instant last_seen;        /* when a session of it ended last; unset: none has since the start */
    struct instant last_consumer;    /* the same, of those that granted credit */
};
#define LIVE_CLIENT_NAME 64 /* of what HELLO said, so much is kept */

struct live_session {
    uint64_t epoch;
    const uint8_t *key; /* 32 bytes */
    struct speaker speaker;
    const char *client_name, *client_version;
    struct instant connected_at, heard_at;
    bool receives, is_slow;
    int64_t credit;
    uint32_t in_flight, unanswered;
};
struct live { /* what the turn layer knows and the store does not */
    void *user;
    struct live_inbox (*inbox)(void *user, uint32_t institution);
    bool (*in_flight)(void *user, struct inbox_ref ref);
    /* The first `room` sessions after this epoch, in order; how many there were. */
    size_t (*sessions_after)(void *user, uint64_t epoch, struct live_session *out, size_t room);
    const char *broker_version;
    uint32_t sessions;
    uint64_t turns, commands, refused, dropped_frames;
    uint32_t commit_p50_us, commit_p99_us; /* 0: not measured */
    bool time_held, draining;
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
