/* tidings.h - what is told of an event: its line in the referral's timeline, and the notices to those who did not cause
 * it (L2, T2). */
#pragma once
#include "engine/life.h"

struct tidings {
    enum event event;
    enum state from; /* the state now stands in the row */
    const char *by_name;
    const Referral__Event *detail; /* NULL: none */
    struct bytes original;         /* the Event as received (F3) */
    bool assumed;
    const char *child_referral_id;
    const char *deadline; /* clock_kind_name; NULL: none */
    struct instant due_at;
    const struct delivery_event *delivery; /* NULL: none */
    const Referral__Booking *booking;      /* NULL: none */
    const Referral__WaitEntry *entry;      /* NULL: none */
};

/* Appends to the timeline, with the event as received: what a report said is kept as long as its referral (F3, D8). */
void tidings_record(struct work *work, struct life_of *life, const struct tidings *tidings);
/* One durable message to one party; none where it is query-only (L2). `cause` is told if it dies (D5). */
void tidings_notify(struct work *work, struct life_of *life, const struct tidings *tidings, const char *institution,
                    uint32_t cause);
/* L2: a team hears of it through its own institution's inbox, which need not be the sender's: a township centre's team
 * refers for its village clinics. Not where that one is the institution `but`, or is speaking for it. */
void tidings_notify_team(struct work *work, struct life_of *life, const struct tidings *tidings, uint32_t but);
/* To sender, receiver and team, but for the institution `but` (0: to all). */
void tidings_notify_parties(struct work *work, struct life_of *life, const struct tidings *tidings, uint32_t but);

/* Of a place or an entry that has no referral, to the hospital whose own it is: `about` is its id, so that what happens
 * to it comes in order (D3). */
void tidings_notify_own(struct work *work, const struct registry_institution *hospital, const struct tidings *tidings,
                        struct id about);

/* T2: whom to call at a party of a referral of that direction; NULL: nobody is named. */
enum called { CALL_SENDER, CALL_RECEIVER };
const Referral__Contact *tidings_contact(const Referral__Institution *institution, Referral__Direction direction,
                                         enum called called);
/* The same for a loaded referral, as a copy for a message; NULL: nobody is named. */
Referral__Contact *tidings_call(struct work *work, const struct life_of *life, enum called called);
