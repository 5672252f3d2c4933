/* booking_parts.h - what the files of bookings and wait-lists share; included by nobody else.
 *
 * booking.c: one booking. booking_end.c: how it ends. booking_life.c: what a referral's life means for it.
 * booking_tell.c: who is told. channel.c: who may have one. take.c, change.c: the commands. waiting*.c: who waits. */
#pragma once
#include "engine/booking.h"
#include "engine/waiting.h"

/* A row of the ledger about these units of a booking. `person`: of the hospital's staff, where one decided. */
void booking_write_ledger(struct work *work, const struct booking_of *booking, Referral__LedgerRow *row,
                          const uint32_t *units, size_t count);

/* Who is told of what happened to a place or an entry (L2). */
enum told {
    TOLD_NOBODY, /* the timeline only */
    TOLD_SENDER, /* sender and team: what hospital or clock did */
    TOLD_OTHERS, /* all parties but the one who did it */
    TOLD_ALL,    /* that one too, who was told that it had lapsed; and where only the clock did it */
};
struct place_news {
    enum event event;
    const struct booking_of *booking; /* NULL: none */
    const struct waiting_of *entry;   /* NULL: none */
    int by;                           /* BY_SENDER, BY_RECEIVER or BY_CLOCK */
    enum told told;
    bool assumed;
    const Referral__Event *detail; /* person, reason, text; NULL: none */
};
/* In the timeline of its referral; saved by the caller. */
void place_tell(struct work *work, struct life_of *life, const struct place_news *news);
/* Of what has no referral: the hospital whose own it is learns what it did not say itself. */
void place_tell_hospital(struct work *work, const struct registry_institution *hospital, const struct place_news *news);
/* `life` or, without one, the hospital. */
void place_tell_owner(struct work *work, struct life_of *life, const struct registry_institution *hospital,
                      const struct place_news *news);

/* The party a change of the hospital's own, by its command or by its timetable, is done by. */
int place_by_hospital(const struct work *work);
/* L2: whom a step by this party does not tell. */
uint32_t place_cause(const struct life_of *life, int by);
const char *place_by_name(const struct work *work, int by);
/* What a command about places says that a timeline and notices repeat. */
Referral__Event *place_detail(struct work *work, enum event event, Referral__Person *person);
