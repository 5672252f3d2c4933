/* life.h - one referral in a turn: loaded, moved by events, saved once, with its timeline, deadline, due row and
 * notices.
 *
 * All families move referrals through here, so that each event writes its timeline, notifies the parties that did not
 * cause it (L2), keeps the deadline (L4) and the due row in one place. */
#pragma once
#include "engine/work.h"
#include "place.pb-c.h"
#include "rules/deadline.h"

struct life_of { /* a loaded referral; in the turn's arena */
    struct id id;
    Record__Referral *row;
    bool is_new;
};

/* Ids inside the row. Unset where the row has none. */
struct id life_id_of(ProtobufCBinaryData bytes);
ProtobufCBinaryData life_id_bytes(struct work *work, struct id id);

/* A new referral, all fields to be filled by the caller; life_begin then gives it its state, clock and validity. */
struct life_of *life_new(struct work *work);
void life_begin(struct work *work, struct life_of *life);
/* NULL: none. Does due changes of this referral first, of the pools it has places in, and of the down-referral it waits
 * for (C3), unless the clock is held. */
struct life_of *life_load(struct work *work, struct id id);
/* P2: which party bits (enum party) the actor holds for this referral; 0: none of its business. */
int life_party(const struct work *work, const struct life_of *life);
/* T5: those of them that the actor is itself. Who acts for the other party as well acts as this one, unless
 * `acting_for` says for whom. */
int life_own_party(const struct work *work, const struct life_of *life);

struct step { /* an event as it happened */
    enum event event;
    int by;                        /* party bit */
    const char *by_name;           /* institution id, "broker", "clock", "operator" */
    uint32_t by_number;            /* not told; 0: tell both parties */
    const Referral__Event *detail; /* NULL: none */
    struct bytes original;         /* the Event as received; forwarded in the notice */
    bool assumed;                  /* by the clock */
    const char *child_referral_id;
    const Referral__Booking
        *booking; /* the place it is about; NULL: none, or the main one, which the step itself finds */
    const Referral__WaitEntry *entry; /* DISPLACE, LIST_LEFT */
    bool audited;                     /* the command's own audit record tells it; else it gets a row of its own (P3) */
};
/* Moves the referral along `row` of the table and writes everything that follows, but not the referral itself
 * (life_save). */
void life_step(struct work *work, struct life_of *life, const struct transition *row, const struct step *step);
/* The receiver's system has the sheet: SUBMITTED becomes DELIVERED; later states note the time only. */
void life_confirm_delivery(struct work *work, struct life_of *life);
/* The booked place that drives the state from now on: the record of it, and what its session means for no-show and
 * validity. */
void life_place(struct work *work, struct life_of *life, const Referral__Place *place);
/* Events beside the table: timeline, and where the rules say so, notices. */
void life_tell(struct work *work, struct life_of *life, enum event event, const char *by_name, const char *deadline,
               struct instant due_at);
struct delivery_event {      /* what became of a message about this referral */
    enum event event;        /* DELIVERY_FAILED: timeline only; DEAD_LETTER: `tell` gets a notice */
    const char *by_name;     /* "broker"; "operator" where one replays or drops a dead letter */
    const char *destination; /* whose inbox */
    uint32_t at;             /* the number of that institution */
    uint32_t attempt;
    const char *cause; /* "time-out", "nack", "attempts", "replayed", "dropped" */
    struct instant not_before;
    const char *dead_delivery_id; /* hex */
    uint32_t tell;                /* institution number, of the sender with its team (L2); 0: nobody */
};
void life_tell_delivery(struct work *work, struct life_of *life, const struct delivery_event *delivery);
/* Writes the record and its due row. Once at the end of a command for each referral it changed. */
void life_save(struct work *work, struct life_of *life);
/* Refuses the event with state, allowed events and next actor (L1); returns false. */
bool life_refuse(struct work *work, const struct life_of *life, int by, enum refusal refusal, const char *field);
const char *life_next_actor(const struct life_of *life); /* "sender", "receiver" ... (L1) */
/* Q5: nobody at the hospital has accepted it, and the patient is not there: what it gets now is booked directly. */
bool life_awaits_acceptance(const Record__Referral *row);
/* Fills referral id, reference, journey, state, core status, deadline and contact of the reply. */
void life_reply(struct work *work, const struct life_of *life);
