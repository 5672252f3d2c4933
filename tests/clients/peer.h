/* peer.h - a scripted broker for tests of libreferral: a ROUTER with CURVE that hears and says what a test tells it to.
 *
 * A test runs its script in a thread of its own (peer_run) and the client's calls in the main thread. What the script
 * did not expect aborts the test. It waits at most PEER_PATIENCE_MS for anything. */
#pragma once
#include <pthread.h>

#include <referral/client.h>

#define PEER_PATIENCE_MS 20000
#define PEER_ROUTE_MAX   16

struct peer {
    void *context, *router;
    char endpoint[128]; /* bound, "tcp://127.0.0.1:port" */
    struct referral_key key;
    uint64_t epoch;                    /* of the latest WELCOME */
    uint32_t window, ping_interval_ms; /* of the next WELCOME; 0: absent */
    bool answers_pings;
    uint8_t route[PEER_ROUTE_MAX]; /* who spoke last */
    size_t route_size;
    Referral__Frame *frame; /* last heard */
    size_t taken;           /* envelopes of it */
    size_t frames_heard;
    pthread_t thread;
    void *zap; /* a test that binds a door-keeper keeps it here */
};

struct said { /* one envelope; free by said_free */
    Referral__Envelope *envelope;
    uint64_t session;
    ProtobufCBinaryData bytes; /* as it came */
};

void peer_open(struct peer *peer);
void peer_close(struct peer *peer);
/* Runs `script` in a thread; peer_join waits for its end. */
void peer_run(struct peer *peer, void (*run)(struct peer *));
void peer_join(struct peer *peer);
/* Every connection breaks, and the same address listens anew: a restart. */
void peer_restart(struct peer *peer);
/* Options of a client with a fresh key for this peer. `address` must live as long as the options. */
struct referral_options peer_options(const struct peer *peer, const char *const *address);

/* The next envelope; PINGs are answered, or skipped, by themselves unless asked for. */
struct said peer_hear(struct peer *peer, Referral__Kind kind);
/* Is nothing said but PING for `ms`? */
bool peer_hears_nothing(struct peer *peer, int ms);
void said_free(struct said said);
/* One envelope in a frame, to whom spoke last. `body` may be NULL. */
void peer_say(struct peer *peer, Referral__Kind kind, const ProtobufCMessage *body);
/* Hears HELLO, says WELCOME. */
void peer_welcome(struct peer *peer, const char *store_id, uint32_t incarnation);
/* Answers a request: accepted, or refused with a code and a retry time. */
void peer_accept(struct peer *peer, uint64_t request);
void peer_refuse(struct peer *peer, uint64_t request, const char *code, uint32_t retry_after_ms);
void peer_deliver(struct peer *peer, const char *delivery_id, uint32_t attempt); /* a routine one, of no referral */
void peer_deliver_in(struct peer *peer, Referral__Priority lane, const char *referral, const char *delivery_id,
                     uint32_t attempt);
