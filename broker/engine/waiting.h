/* waiting.h - wait-lists: who waits for what, and what is offered to whom (Q8, Q10).
 *
 * Freed units are offered in the turn that freed them, in the order of the list's keys; an offer is a hold. Nobody is skipped but who
 * cannot use the units, and nobody is offered the same unit twice. */
#pragma once
#include "engine/booking.h"

struct waiting_of {
    struct wait_key key;
    Record__WaitEntry *row;
};
/* NULL: none. Two loads in one turn give the same struct. */
struct waiting_of *waiting_load(struct work *work, struct id id);
Referral__WaitEntry *waiting_view(struct work *work, const struct waiting_of *entry, bool for_hospital);

/* Q10: a displaced booking waits first, from its day on, any resource, for 14 days. */
struct waiting_of *waiting_put_displaced(struct work *work, const struct booking_of *booking);
void waiting_remove(struct work *work,
                    struct waiting_of *entry); /* its claim and its live offer end with it; tells nobody */
/* Its offer was declined, lapsed or displaced: rank kept, these units barred, lapses counted; with the third it leaves the list and is told. */
void waiting_offer_ended(struct work *work, struct waiting_of *entry, const struct booking_of *offer, bool lapsed);

/* Remembers a pool whose units may suit somebody, or an entry that is new; waiting_settle then offers, in order, until nothing more can be
 * offered. engine.c calls it after every accepted command, pool.c after catching up. */
void waiting_note_pool(struct work *work, struct pool_of *pool);
void waiting_note_entry(struct work *work, struct waiting_of *entry);
void waiting_settle(struct work *work);
