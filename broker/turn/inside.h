/* inside.h - the turn, for its own files: receive.c takes frames, commit.c makes turns, speak.c says what came of
 * them. */
#pragma once
#include "log/log.h"
#include "turn/delivery.h"
#include "turn/turn.h"
#include "wire/wire.h"

#define TURN_ARENA_BYTES (4ULL << 30) /* of address space */
#define TURN_ARENA_KEEP  (8U << 20)
#define ACKS_MAY_WAIT_MS 10        /* a turn of nothing but acks: two syncs a message instead of four */
#define PAUSE_MS         1000      /* after a failure, before the daemon's own commands are tried again */
#define HELD_PAUSE_MS    MINUTE_MS /* between clock commands that can do nothing while the time is in doubt (C4) */
#define SILENT_INTERVALS 3
#define PARKED_RETRY_MS  2
#define BUSY_RETRY_MS    200
#define FULL_RETRY_MS    5000
#define HEAVY_MAX        64 /* a turn: large answers stay in memory until it has spoken. A query weighs 1, ... */
/* ... a command that shows something so much: a payload may be a megabyte, several times over */
#define HEAVY_LOOK 16
/* To one session in a turn: what it does not take yet must be kept for it, so that beyond this its questions are
 * BUSY. */
#define ANSWER_BYTES (3U << 20)

struct query {
    struct question question;
    uint64_t session;
    struct query *next;
};

struct turn {
    struct turn_options options;
    struct log *log;
    struct arena arena; /* from the end of one turn to the end of the next */
    struct batch batch;
    struct sessions sessions;
    struct deliveries deliveries;
    struct query *queries, *last_query;
    uint32_t heavy; /* of the turn to come */
    struct farewell *farewells, *last_farewell;
    struct frame_writer writer;
    struct turn_counters counters;
    struct turn_clock clock; /* of the present call */

    bool batch_is_urgent;   /* holds more than acks, or an ack somebody waits for */
    int64_t batch_since_ms; /* monotonic: its first command */
    struct effects effects; /* of the batch applied last */
    struct instant next_due;
    int64_t own_pause_ms, clock_pause_ms; /* monotonic: not before */
    struct session *renewing;             /* while its key is looked at anew */
    uint32_t
        clock_rows; /* the clock's next command does at most so many, while a damaged row is sought; 0: as a turn may */
    bool clock_puts_off;         /* it is found: the next command puts off what is due first */
    int64_t next_silent_ms;      /* monotonic: a session may have fallen silent */
    struct instant next_key_end; /* of the sessions' keys */
    uint32_t parked;             /* sessions with parked output */
    int64_t next_parked_ms;      /* monotonic: when to try them again */
    bool keys_changed, destinations_changed, time_confirmed, is_drained;
    bool is_draining; /* an operator's DRAIN: no new work */
    uint32_t commit_p50_us, commit_p99_us;
    int failure;                              /* of a turn inside turn_receive */
    uint64_t administered[TURN_ADMINISTERED]; /* a ring: indexes of the last turns that held such a command */
    size_t administered_count;                /* ever */
};

/* session_watch.c */
/* A session is new, or its key is: no later than it may end, all sessions are looked at. */
void turn_watch(struct turn *turn, const struct session *session);
/* P2, D4: ends those that fell silent, and those whose key has ended. */
void turn_walk_sessions(struct turn *turn);
/* Keys, roles or institutions changed: does each session's key still speak? */
void turn_renew_sessions(struct turn *turn, struct store_txn *txn);

/* news.c */
void turn_tell(const struct turn *turn, const struct turn_news *news);
void turn_tell_session(const struct turn *turn, enum turn_news_kind kind, const struct session *session,
                       const char *why);
/* Of the turn that was committed: what its commands came to, and what happened beside them. */
void turn_tell_effects(const struct turn *turn);

/* receive.c */
void turn_refuse(struct turn *turn, struct session *session, uint64_t request, uint32_t position, enum refusal refusal,
                 uint32_t retry_after_ms);

/* follow.c */
/* Everything that is only read. 0, or the store's failure. */
int turn_follow(struct turn *turn, bool was_turn, bool was_clock);

/* answer.c */
/* The queries collected, from what is committed. 0, or the store's failure. */
int turn_answer(struct turn *turn);
/* The same before the commit, of those sessions that send no command with it: they need not wait for the disk, and are
 * told at once. Whoever sends a command and a query finds in the answer what the command did. 0, or the store's
 * failure. */
int turn_answer_first(struct turn *turn);

/* commit.c */
int turn_on_committed(void *user, uint64_t index, struct bytes batch);
/* Seals, proposes, applies and commits what was collected. 0, or a lasting failure. */
int turn_commit(struct turn *turn);

/* speak.c */
/* Ends the session: its deliveries go back; GOODBYE with this reason (NULL: none), and the connection with it where
 * `drop`. */
void turn_end_session(struct turn *turn, struct session *session, const char *reason, bool drop);
/* The same of one that nobody meant to end: counted as lost, `why` for the log. */
void turn_lose_session(struct turn *turn, struct session *session, const char *why, const char *reason, bool drop);
/* Its key or its institution is a row that cannot be read. */
#define STORE_FAILED_REASON "store failed"
void turn_lose_damaged(struct turn *turn, struct session *session);
/* To a peer without a session. */
void turn_say_to_peer(struct turn *turn, uint64_t peer, Referral__Kind kind, const ProtobufCMessage *body, bool drop);
void turn_speak(struct turn *turn);
/* GOODBYE with a reason, in the arena. */
Referral__Goodbye *turn_goodbye(struct turn *turn, const char *reason, uint32_t retry_after_ms);
/* Tries what a peer would not take; a peer that takes nothing for too long is let go. */
void turn_try_parked(struct turn *turn);
