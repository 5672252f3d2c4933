/* waiting.h - wait-lists: who waits for what, and what is offered to whom (Q8, Q10).
 *
 * Freed units are offered in the turn that freed them, in the order of the list's keys; an offer is a hold. Nobody is
 * skipped but who cannot use the units, and nobody is offered the same unit twice. Nobody waits for days that are over:
 * with its last day at the hospital's clock an entry leaves the list, and its owner is told. */
#pragma once
#include "engine/booking.h"

#define WAIT_UNITS_MAX 8  /* for which somebody waits, or which one booking takes */
#define WAIT_DAYS_MAX  92 /* from the first day that suits to the last */
/* Entries of a hospital's own, which nothing else bounds, in one list; displaced ones count, but are never refused.
 * Beyond: LIST_FULL. */
#define WAIT_OWN_MAX 1000

struct waiting_of {
    struct wait_key key;
    Record__WaitEntry *row;
    bool gone; /* it has left the list in this turn */
};
/* NULL: none. Two loads in one turn give the same struct. What was due of its offer has happened (C3). */
struct waiting_of *waiting_load(struct work *work, struct id id);
Referral__WaitEntry *waiting_view(struct work *work, const struct waiting_of *entry, bool for_hospital);

/* Somebody waits from now on; a referral claims it. The referral is saved by the caller. */
struct waiting_seed {
    const struct registry_institution *hospital;
    Referral__PlaceClass class;
    const char *department;
    const char *resource; /* NULL: any */
    int64_t first_day, last_day;
    uint32_t units;
    Referral__Channel channel;
    bool displaced;
    struct life_of *life;  /* NULL: no referral */
    const char *reference; /* NULL: none */
    ProtobufCBinaryData patient;
};
struct waiting_of *waiting_put(struct work *work, const struct waiting_seed *seed);
/* Q10: a displaced booking waits first, from its day on, any resource, for 14 days. */
struct waiting_of *waiting_put_displaced(struct work *work, const struct booking_of *booking, struct life_of *life);
/* Its claim ends with it, and its live offer unless that was confirmed; tells nobody. `life`: its referral, saved by
 * the caller. */
void waiting_remove(struct work *work, struct waiting_of *entry, struct life_of *life);
/* Its offer was declined, lapsed or displaced: rank kept, these units barred, lapses counted; with the third it leaves
 * the list and is told. */
void waiting_offer_ended(struct work *work, struct waiting_of *entry, struct life_of *life,
                         const struct booking_of *offer, bool lapsed);

/* Remembers a pool whose units may suit somebody, or an entry that is new; waiting_settle then offers, in order, until
 * nothing more can be offered. engine.c calls it after every command, pool.c after catching up. */
void waiting_note_pool(struct work *work, struct pool_of *pool);
void waiting_note_entry(struct work *work, struct waiting_of *entry);
void waiting_settle(struct work *work);
/* Nothing is offered between these two: what is noted meanwhile is settled later. */
void waiting_pause(struct work *work);
void waiting_resume(struct work *work);
