/* why.h - one sentence for people: whose turn it is, since when, what it waits for, until when, and whom to call (P4,
 * T2, L4, D9).
 *
 * Pure: facts in, text out. Two small phrase tables, Chinese and English, hold all the words. */
#pragma once
#include "base/arena.h"
#include "registry.pb-c.h"
#include "rules/deadline.h"

/* A message of this referral that whoever acts next has not taken from its inbox yet, and what keeps it. */
enum why_delivery {
    WHY_NOT_WAITING, /* none */
    WHY_PAUSED,      /* D9 */
    WHY_DISABLED,    /* T1: the institution is */
    WHY_NO_CONSUMER, /* no connection of that institution */
    WHY_IN_FLIGHT,
    WHY_BACK_OFF,  /* D4 */
    WHY_NO_CREDIT, /* connected, but takes nothing */
    WHY_BEHIND,    /* D3: others go first */
    WHY_NEXT,
    WHY_DEAD,    /* D5 */
    WHY_DROPPED, /* D5: nor will it ever be */
    WHY_DELIVERY_COUNT
};

struct why {
    enum life life;
    enum state state;
    bool child_open;
    bool return_failed;                        /* REPORTED: since the down-referral ended otherwise (L5) */
    bool assumed;                              /* a no-show: by the clock */
    bool booked_out;                           /* after a no-show: as often as it may be */
    Referral__Reason reason;                   /* of the end; 0: none */
    const char *sender, *receiver, *successor; /* names; successor: receiver of the child; NULL: none */
    struct instant now, since;
    struct instant offered_until;          /* while it waits for a place: the live offer's end (Q8); unset: none */
    struct instant place_start, place_end; /* of the booking; unset: none */
    struct instant submitted_at, delivered_at;
    enum clock_kind clock; /* L4; CLOCK_NONE: no deadline runs */
    struct instant due_at;

    enum why_delivery delivery;
    bool is_sheet;           /* what is not delivered is the referral itself; else a notice of what happened since */
    const char *destination; /* name, of whose inbox */
    const char *pause_reason;
    struct instant at; /* paused, last acknowledged, next try, dead: as the case is; unset: not known */
    uint32_t attempt;
    uint32_t lost; /* D4: so often it came back with a lost connection, which is no failed attempt */
    uint64_t ahead;

    const Referral__Contact *call; /* NULL: nobody is registered */
    int offset_minutes;            /* of the asker's local time */
};

/* A code for programs: "answer", "paused" ... */
const char *why_waits_for(const struct why *why);
/* In the arena. */
const char *why_sentence(struct arena *arena, const struct why *why, bool chinese);
