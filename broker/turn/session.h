/* session.h - who is connected: one session a connection, begun by HELLO (D4, P2). Memory only; after a restart there
 * is none.
 *
 * A session is known by its peer (the connection) and by its epoch (the number every frame and every answer bears). */
#pragma once
#include "base/hash.h"
#include "engine/query.h"
#include "turn/say.h"

struct mailbox;
struct held;

struct consumer {                 /* a session's side of its institution's inbox; kept by delivery.c */
    struct mailbox *mailbox;      /* NULL: it does not receive */
    int64_t credit;               /* deliveries it may still be handed; -1 after an emergency beyond it (D4) */
    uint32_t in_hand;             /* handed out and unacknowledged */
    bool grants;                  /* has ever granted credit */
    bool beyond;                  /* holds an emergency beyond its credit */
    bool is_stopped;              /* takes nothing at the moment: output is parked */
    struct consumer *prev, *next; /* the mailbox's ring */
};

struct session {
    uint64_t peer, epoch;
    uint8_t key[32];
    struct speaker speaker;
    char client_name[LIVE_CLIENT_NAME], client_version[LIVE_CLIENT_NAME]; /* as HELLO said, cut between characters */
    struct instant begun_at;
    bool is_english;     /* of sentences made for people */
    uint32_t unanswered; /* requests taken and not answered yet */
    int64_t heard_ms;    /* monotonic */
    struct consumer consumer;
    struct output_list output; /* of this turn */
    size_t output_bytes;
    struct session *prev, *next; /* of those with output */
    struct parked *parked;       /* what the peer would not take yet */
    size_t parked_bytes;
    int64_t parked_since_ms; /* monotonic: since when it takes nothing */
    UT_hash_handle by_peer, by_epoch;
};

struct sessions {
    struct session *by_peer, *by_epoch;
    struct session *speaking; /* those with output, in order of their first */
    uint64_t last_epoch;
};

struct session *sessions_of_peer(const struct sessions *sessions, uint64_t peer);
struct session *sessions_of_epoch(const struct sessions *sessions, uint64_t epoch);
uint32_t sessions_count(const struct sessions *sessions);
/* The peer has no session. Epochs only rise, over restarts too as far as time does (C2). */
struct session *sessions_add(struct sessions *sessions, uint64_t peer, const uint8_t key[32],
                             const struct speaker *speaker, struct instant now);
/* Forgets and frees it. */
void sessions_remove(struct sessions *sessions, struct session *session);

/* Something to say to it at the end of this turn; `body` lives in the turn's arena, or is static. */
void session_say(struct sessions *sessions, struct session *session, Referral__Kind kind, struct bytes body,
                 struct arena *arena);
struct session *session_of_consumer(struct consumer *consumer);
