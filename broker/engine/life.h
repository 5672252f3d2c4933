/* life.h - one referral in a turn: loaded, moved by events, saved once, with its timeline, deadline, due row and notices.
 *
 * All families move referrals through here, so that each event writes its timeline, notifies the parties that did not cause it
 * (L2), keeps the deadline (L4) and the due row in one place. */
#pragma once
#include "engine/work.h"
#include "rules/deadline.h"

struct life_of { /* a loaded referral; in the turn's arena */
    struct id id;
    Record__Referral *row;
    bool is_new;
    uint8_t journey[ID_KEY_SIZE], parent[ID_KEY_SIZE], child[ID_KEY_SIZE]; /* backing of the row's bytes */
};

/* NULL: none. Does due changes of this referral first (C3), unless the clock is held. */
struct life_of *life_load(struct work *work, struct id id);
/* P2: which party bits (enum party) the actor holds for this referral; 0: none of its business. */
int life_party(const struct work *work, const struct life_of *life);

struct step { /* an event as it happened */
    enum event event;
    int by;                        /* party bit */
    const char *by_name;           /* institution id, "broker", "clock", "operator" */
    uint32_t by_number;            /* not told; 0: tell both parties */
    const Referral__Event *detail; /* NULL: none */
    struct bytes original;         /* the Event as received; forwarded in the notice */
    bool assumed;                  /* by the clock */
    const char *child_referral_id;
};
/* Moves the referral along `row` of the table and writes everything that follows, but not the referral itself (life_save). */
void life_step(struct work *work, struct life_of *life, const struct transition *row, const struct step *step);
/* Events beside the table: timeline, and where the rules say so, notices. */
void life_tell(struct work *work, struct life_of *life, enum event event, const char *by_name, const char *deadline,
               struct instant due_at);
/* Writes the record and its due row. Once at the end of a command for each referral it changed. */
void life_save(struct work *work, struct life_of *life);
/* Sets state, allowed events and next actor in the refusal (L1); returns false. */
bool life_refuse_not_now(struct work *work, const struct life_of *life, int by);
/* Fills referral id, reference, journey, state, core status, deadline and contact of the reply. */
void life_reply(struct work *work, const struct life_of *life);
