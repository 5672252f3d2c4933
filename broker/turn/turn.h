/* turn.h - collect, seal, propose, apply, commit, speak: the broker without sockets, so that simulation, crash tests
 * and fuzzers drive exactly this (D2-D4, C2).
 *
 * The owner feeds frames and lost peers, then calls turn_run whenever turn_wants says so; everything that leaves goes
 * through the port, and only after the commit. One thread. */
#pragma once
#include "base/instant.h"
#include "batch.pb-c.h"
#include "store/store.h"
#include "store/suspect.h"

struct turn;
struct live_inbox;

struct turn_port { /* how the turn speaks; calls must not call back into the turn */
    void *user;
    /* 0; -EAGAIN: the peer takes nothing more now, and what it would not take is parked for a while; -EHOSTUNREACH: it
     * is gone, and turn_peer_lost follows after the last that it said. */
    int (*send)(void *user, uint64_t peer, struct bytes frame);
    /* Ends the connection of this peer, after what was sent. */
    void (*drop)(void *user, uint64_t peer);
};

/* What an operator may want to read of, for a log: told when it is so, after the commit. */
enum turn_news_kind {
    NEWS_COMMAND, /* a command's outcome: code is its first refusal's, NULL where it was accepted */
    NEWS_SESSION_BEGUN,
    NEWS_SESSION_ENDED, /* by the client, or by HELLO anew */
    NEWS_SESSION_LOST,  /* code says why */
    NEWS_FAILED_DELIVERY,
    NEWS_DEAD_LETTER,
    NEWS_ALARM_RAISED, /* code and subject */
    NEWS_ALARM_CLEARED,
    NEWS_STORE_REOPENED,
    NEWS_ROW_DAMAGED, /* met by a question, a delivery or the clock, which went on without it; store_error says which */
};
struct turn_news { /* lives for the call; NULL and 0: none. Of a message id only its keyed hash may be shown (P1) */
    enum turn_news_kind kind;
    const char *institution, *message_id;
    struct id referral;
    const char *code, *subject;
    const char *what; /* the command's kind */
    uint32_t attempt;
};
struct turn_watcher { /* calls must not call back into the turn */
    void *user;
    void (*tell)(void *user, const struct turn_news *news); /* NULL: nobody listens */
};

struct turn_options {
    struct store *store;
    struct turn_port port;
    struct turn_watcher watcher;
    const char *broker_version;
    uint32_t window;           /* unanswered requests of a session; 0: LIMIT_WINDOW */
    uint32_t ping_interval_ms; /* 0: default; a peer silent for three of them is lost */
};

int turn_open(const struct turn_options *options, struct turn **ret_turn);
void turn_close(struct turn *turn); /* NULL is fine */

/* A frame of a connection whose key the transport has proven. Session kinds are answered by the next turn_run at the
 * latest. `mono_ms` is a monotonic clock for silence and ack time-outs of sessions; `now` is the broker's time (C2). */
struct turn_clock {
    struct instant now;
    int64_t mono_ms;
    bool hold; /* C4 */
};
void turn_receive(struct turn *turn, uint64_t peer, const uint8_t public_key[32], struct bytes frame,
                  struct turn_clock clock);
/* The transport lost this peer. */
void turn_peer_lost(struct turn *turn, uint64_t peer);
/* For so long up to now nobody was heard, because the process stood still: nobody was silent meanwhile, and no ack late
 * (D4). */
void turn_stood_still(struct turn *turn, int64_t ms);
/* May this key connect? For ZAP. */
bool turn_admits(struct turn *turn, const uint8_t public_key[32], struct instant now);

/* Is there anything to do at this time (commands, queries, due rows, time-outs, deliveries)? */
bool turn_wants(struct turn *turn, struct turn_clock clock);
/* One turn. 0, or the store's failure: retried inside as the design says; a lasting one is the caller's to stop on. */
int turn_run(struct turn *turn, struct turn_clock clock);
/* Milliseconds until turn_wants may become true by itself; -1: never. */
int64_t turn_wait_ms(struct turn *turn, struct turn_clock clock);

/* A condition of this machine, raised or cleared through a command of the daemon (C4: clock; store filling). */
void turn_alarm(struct turn *turn, const char *code, const char *subject, const char *detail, bool raise);
/* The command that ended the process before is not to be applied again; before any frame is received. */
void turn_quarantine(struct turn *turn, const struct suspect *culprit);
/* D8: at most TURN_ARCHIVED_MAX records of a file of the archive that is on disk; false: there is no room in this turn,
 * say it again. */
#define TURN_ARCHIVED_MAX ((size_t)50)
bool turn_archived(struct turn *turn, const Batch__Archived *archived);
/* D1, D8: at most TURN_FORGET_MAX keys; false: there is no room in this turn, say it again. */
#define TURN_FORGET_MAX ((size_t)500)
bool turn_forget(struct turn *turn, const Batch__Forget *forget);
/* No more frames will come: acks wait for no company. Then turn_run while turn_wants, then turn_drain. */
void turn_hurry(struct turn *turn);
/* No new frames are taken; GOODBYE goes to all with a retry time. Call after the last turn_run. */
void turn_drain(struct turn *turn, uint32_t retry_after_ms);
/* Since the last call: an operator confirmed the time (C4). */
bool turn_time_confirmed(struct turn *turn);

struct turn_counters {
    uint64_t turns, commands, refused, queries, deliveries, redeliveries, acks, acks_unknown, dropped_frames, busy,
        sessions_lost;
    uint32_t sessions;
    uint32_t largest_turn;
};
struct turn_counters turn_counters(const struct turn *turn);

/* For whoever looks from outside (overview.h): what memory knows of an institution's inbox, ... */
struct live_inbox turn_inbox(const struct turn *turn, uint32_t institution);
/* ... and the first turn after `index` that changed registry, settings, destinations or dead letters; 0: none. Only the
 * last TURN_ADMINISTERED are remembered. */
#define TURN_ADMINISTERED 20
uint64_t turn_administered_after(const struct turn *turn, uint64_t index);
bool turn_is_administration(uint32_t kind);
/* An operator's DRAIN stands: new work is refused, everything else goes on. */
bool turn_is_draining(const struct turn *turn);
/* How long turns take, as whoever measures them says; for questions. */
void turn_note_latency(struct turn *turn, uint32_t p50_us, uint32_t p99_us);
