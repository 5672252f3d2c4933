/* overview.h - what the broker is about, for people who look: every destination with what waits there and for how long,
 * the reserve of the next days, alarms, and what was administered last (D3-D7, L4, Q).
 *
 * Collected in steps that each read a bounded number of rows, so that looking never holds up a turn: nothing scans what
 * waits, counts come from the books and from session memory. Between its first step and its last, turns go on: each
 * destination is as it was in its step.
 *
 * A waiting message should be taken within the time its receiver has to answer a referral of that lane (L4), counted
 * from its acceptance, whatever it is. From half of that time on it is at risk, and so is what stands behind it in its
 * lane; a dead letter is at risk until somebody replays or drops it. Nothing here names a patient or a message (P1). */
#pragma once
#include "engine/alarm_info.h"
#include "engine/query.h"
#include "turn/reserve_board.h"
#include "turn/turn.h"

#define OVERVIEW_LANES          3 /* EMERGENCY, URGENT, ROUTINE */
#define OVERVIEW_ALARMS         100
#define OVERVIEW_CODES          64   /* of alarms; there are fewer */
#define OVERVIEW_ALARMS_COUNTED 1000 /* of one code */
#define OVERVIEW_ACTIONS        TURN_ADMINISTERED

struct overview_lane {
    uint64_t waiting;
    struct instant oldest_at, half_at, due_at; /* of its oldest message; unset: nothing waits */
    uint32_t returned;                         /* how often that one came back: failed attempts and lost connections */
};

struct overview_contact { /* T2; NULL where there is none */
    const char *name, *phone, *deputy_name, *deputy_phone, *hours;
};

/* Alarms about one destination that follow from what is shown of it: X(name, code). */
#define OVERVIEW_WATCHED(X)                                                                                            \
    X(NO_CONSUMER, "no-consumer")                                                                                      \
    X(HALF_DEADLINE, "inbox-half-deadline")                                                                            \
    X(DEAD_LETTERS, "dead-letters")                                                                                    \
    X(UNBALANCED, "books-unbalanced")                                                                                  \
    X(TOO_OLD, "inbox-age") /* raised by the engine when it is due; here it ends */
enum overview_watched {
#define X(name, code) WATCHED_##name,
    OVERVIEW_WATCHED(X)
#undef X
        WATCHED_COUNT
};
const char *overview_watched_code(enum overview_watched watched);

struct overview_destination {
    uint32_t number;
    const char *id, *name;
    struct overview_contact contact; /* for what comes up, else for what comes down */
    bool enabled, paused, query_only;
    bool down, full; /* D5, D6: the alarm stands */
    uint64_t accepted, acknowledged, waiting, dead, dropped, waiting_bytes;
    struct overview_lane lanes[OVERVIEW_LANES];
    struct instant last_ack_at;
    struct live_inbox live;
    /* Of all lanes. */
    struct instant oldest_at, due_at; /* the oldest message; the first deadline to be missed */
    uint64_t at_risk;
    bool holds[WATCHED_COUNT], stands[WATCHED_COUNT]; /* the condition; its alarm, in the store */
};

struct overview_alarm {
    const char *code, *subject;
    const struct alarm_info *info;
    const char *text_zh, *text_en; /* with its detail */
    const char *detail;            /* or NULL */
    struct instant since;
};

struct
    /* an accepted command on registry, settings, destinations, dead letters, time, or a look at a payload */
    overview_action {
    uint64_t index;
    struct instant at;
    const char *kind; /* "PAUSE" */
    char institution[72], subject[72];
};

struct overview_totals {
    uint64_t destinations, connected, paused, without_consumer; /* the last: something waits and nobody receives */
    uint64_t waiting, lanes[OVERVIEW_LANES], in_flight, dead, at_risk, unbalanced /* D7: destinations */;
};

struct overview {                              /* the snapshot; whole once overview_step has said 0 */
    struct overview_destination *destinations; /* by number */
    size_t destination_count;
    /* By urgency: the first deadline first, then those with something at risk, then by number. */
    const struct overview_destination **by_urgency;
    struct overview_alarm alarms[OVERVIEW_ALARMS]; /* critical ones first, then by code */
    size_t alarm_count;
    uint32_t alarm_counts[OVERVIEW_CODES]; /* as alarm_info() numbers them */
    bool alarms_left_out;
    struct overview_action actions[OVERVIEW_ACTIONS]; /* the last first; kept from snapshot to snapshot */
    size_t action_count;
    struct overview_totals totals;
    uint64_t referrals, index;    /* of the store */
    struct reserve_board reserve; /* its `shown` */

    /* Inside: how far the collection has come. */
    struct arena texts;
    size_t destination_room;
    uint32_t next_number;
    int phase;
    size_t looked_on; /* turns read in this collection */
    bool has_looked_back;
    struct instant opened_at;          /* time of the first step: who is absent was not seen since */
    uint64_t look_back_at, seen_index; /* audit: the next older one to read at the start; the newest that was read */
};

int overview_open(struct overview *overview); /* 0 or -ENOMEM */
void overview_close(struct overview *overview);
/* Forgets what was collected, and collects anew. */
void overview_begin(struct overview *overview);
/* 1: there is more to collect; 0: it is whole; else the store's failure: begin anew. `arena` is used during the
 * call. */
int overview_step(struct overview *overview, struct store *store, const struct turn *turn, struct arena *arena,
                  struct turn_clock clock);

/* overview_destination.c, for overview_step: reads one institution; false where it is no destination. Texts go to
 * `texts`. */
bool overview_read_destination(struct store_txn *txn, struct arena *texts, uint32_t number, struct live_inbox live,
                               struct instant now, struct overview_destination *ret_destination);
/* overview_watch.c: raises and clears, by the next turn, what alarms about its destinations are not as they should
 * be. */
void overview_alarm(const struct overview *overview, struct turn *turn);
/* overview_watch.c: fills in `holds` and `stands`. `since`: nobody who is absent was here since then, unless it is
 * known better. */
void overview_watch_destination(struct store_txn *txn, struct overview_destination *destination, struct instant since,
                                struct instant now);
