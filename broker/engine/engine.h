/* engine.h - applies a sealed batch: rules + store -> replies and deliveries. Reads these bytes and the store, nothing
 * else.
 *
 * One file a family of commands (submit, event, inbox, registry, clockwork, show ...); engine.c dispatches, checks who
 * may (authority.h), idempotency (D1), audit (P3), and asserts that a refused command has written nothing. */
#pragma once
#include "batch.pb-c.h"
#include "rules/refusal.h"
#include "store/rows.h"

#define RULES_VERSION       1
#define CLOCK_ROWS_PER_TURN 1000

struct outcome { /* of one command, in order */
    uint64_t session, request;
    uint32_t position;
    struct bytes reply; /* serialised Reply; empty: none is due (acks, the daemon's own) */
    bool refused;
    enum refusal refusal; /* the first, where it is refused */
    uint32_t kind;
    uint32_t acks_unknown;  /* delivery ids of an Ack that found nothing waiting: no effect */
    const char *message_id; /* the sender's; NULL: none */
    struct id referral;     /* of the reply; unset: none */
};

enum inbox_change {
    INBOX_ADDED,    /* a new message waits at `ref` */
    INBOX_GONE,     /* acknowledged, dead, dropped: no longer waits */
    INBOX_RETURNED, /* failed or lost: deliverable again from `not_before` on */
};
struct inbox_effect {
    enum inbox_change change;
    struct inbox_ref ref;
    struct id referral;
    struct instant not_before;
};

enum notable_kind { NOTABLE_ALARM_RAISED, NOTABLE_ALARM_CLEARED, NOTABLE_FAILED_DELIVERY, NOTABLE_DEAD_LETTER };
struct notable { /* what an operator reads in the log, beside the commands themselves */
    enum notable_kind kind;
    const char *code;    /* of the alarm; else what failed: "time-out", "nack", "attempts" */
    const char *subject; /* of the alarm; else the receiver's id */
    struct id referral;  /* of the message */
    uint32_t attempt;
};

enum drain_change { DRAIN_AS_BEFORE = 0, DRAIN_BEGINS, DRAIN_ENDS };

struct effects { /* lives in the turn's arena */
    struct outcome *outcomes;
    size_t outcome_count;
    struct inbox_effect *inbox;
    size_t inbox_count, inbox_room;
    struct notable *notables;
    size_t notable_count, notable_room;
    bool keys_changed;         /* sessions ask again whether their key still speaks */
    bool destinations_changed; /* paused, resumed, enabled, settings of delivery */
    bool time_confirmed;       /* C4 */
    enum drain_change drain;   /* of DRAIN: from the next batch on */
    bool due_left;             /* more due rows at this instant: another clock command at once */
};

/* Applies `sealed` (serialised batch.Batch) in `txn`. 0, or the store's failure (then the txn must be aborted). A batch
 * at or below the store's index is skipped with -EALREADY, one of a newer rules version refused with -EPROTO.
 * -EOVERFLOW: together its commands need more ids than a turn has; in parts they do not. */
int engine_apply(struct store_txn *txn, struct bytes sealed, struct effects *ret_effects);

/* The earliest instant at which a clock command would do something; unset: none. */
struct instant engine_next_due(struct store_txn *txn);

/* Who connects (ZAP, HELLO): the key's institution and roles, if it speaks at `now`. */
struct speaker {
    char institution[72];
    uint32_t number;
    uint32_t roles;          /* bits 1 << Role */
    struct instant valid_to; /* unset: no end */
};
bool engine_speaker(struct store_txn *txn, const uint8_t public_key[32], struct instant now,
                    struct speaker *ret_speaker);
