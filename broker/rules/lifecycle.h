/* lifecycle.h - the life of a referral as one table (section 4: L1, L3, L5). Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "referral.pb-c.h"
#include "rules/refusal.h"

/* The same numbers as the protocol's State. */
enum state {
    STATE_NONE = 0, /* before submission */
    SUBMITTED,
    DELIVERED,
    INFO_REQUESTED,
    ACCEPTED,
    WAITLISTED,
    BOOKED,
    NO_SHOW,
    ARRIVED,
    IN_CARE,
    CANCEL_REQUESTED,
    REPORTED,
    RETURNED,
    CLOSED,
    REJECTED,
    REDIRECTED,
    CANCELLED,
    EXPIRED,
    VOID,
    STATE_COUNT
};

/* The same numbers as the protocol's EventType. */
enum event {
    EVENT_NONE = 0,
    SUBMIT,
    DELIVERY_CONFIRMED,
    ACKNOWLEDGE,
    AMEND,
    REQUEST_INFO,
    SUPPLY_INFO,
    ACCEPT,
    REJECT,
    REDIRECT,
    BOOK,
    WAITLIST,
    MOVE,
    CANCEL_BOOKING,
    LEAVE_LIST,
    DISPLACE,
    ARRIVE,
    MISS, /* no-show */
    START,
    REPORT,
    RETURN,
    CLOSE,
    CONFIRM_RECEIPT,
    CANCEL,
    REQUEST_CANCEL,
    ANSWER_CANCEL,
    EXPIRE,
    ANNUL,             /* void */
    EVENT_TABLE_COUNT, /* below this: what parties and clock do; from here: what the broker tells */
    WARNING = EVENT_TABLE_COUNT,
    ESCALATED,
    CURED,
    REMINDER,
    DEAD_LETTER,
    RETURN_FAILED, /* the only one of these that changes a state: the parent's (L5) */
    DELIVERY_FAILED,
    PAYLOAD_SHOWN,
    PLACE_HELD, /* from here: what becomes of places, where no state follows from it (Q) */
    PLACE_LAPSED,
    PLACE_OFFERED,
    LIST_LEFT, /* where the entry drove the state, that follows: LEAVE_LIST by the broker */
    PLACE_BOOKED,
    PLACE_MOVED,
    PLACE_CANCELLED,
    PLACE_DISPLACED,
    PLACE_CHANGED,
    EVENT_COUNT
};

/* Who may cause an event. Bits. */
enum party {
    BY_SENDER = 1,
    BY_RECEIVER = 2,
    BY_BROKER = 4,
    BY_CLOCK = 8,
    BY_OPERATOR = 16,
    BY_CHILD_RECEIVER = 32, /* the receiver of the down-referral: its confirm-receipt closes the parent too (L5) */
};

enum life {
    LIFE_UP,  /* also lateral */
    LIFE_DOWN /* the shorter life of L5 */
};

/* Where an event leads, when it is not one fixed state. */
enum target {
    TO_SAME = 100,
    TO_PREVIOUS,       /* where it was before INFO_REQUESTED or CANCEL_REQUESTED */
    TO_BEFORE_BOOKING, /* ACCEPTED if a person accepted, else DELIVERED */
    TO_CANCEL_ANSWER   /* yes: CANCELLED; no: TO_PREVIOUS */
};

/* What an event must carry or find; checked by the engine, each with its refusal. Bits. */
enum needs {
    NEEDS_NOTHING = 0,
    NEEDS_PERSON = 1,
    NEEDS_REASON = 2, /* a code that fits the event; OTHER_REASON needs a text too */
    NEEDS_TEXT = 4,
    NEEDS_OCCURRED_AT = 8,
    NEEDS_SHEET = 16,
    NEEDS_RECEIVER = 32,
    NEEDS_PLACE = 64,
    NEEDS_REPORT = 128, /* diagnoses and treatment in the event */
    NEEDS_CLOSE_CODE = 256,
    NEEDS_REPORT_PRESENT = 512, /* reported before, or diagnoses and treatment in this event */
    NEEDS_DIRECT_BOOKING = 1024,
    NEEDS_ANSWER = 2048,    /* `agreed` present */
    NEEDS_EMERGENCY = 4096, /* the row is for that priority only; lifecycle_find sees to it */
};

/* One row is one sentence. */
struct transition {
    uint32_t from; /* a set of states: STATE_BIT(...) | ... */
    enum event event;
    int by;    /* a set of enum party */
    int to;    /* enum state, or enum target */
    int needs; /* a set of enum needs */
};

#define STATE_BIT(state) (1U << (state))

#define REBOOKINGS_MAX 2 /* bookings after a no-show */

/* The row for this step, or NULL: not in the table (L1). `by` is one party bit. A receiver's event on SUBMITTED implies
 * that the delivery is confirmed, so it finds the row of DELIVERED; `priority` matters for amend (EMERGENCY: before
 * REPORTED). */
const struct transition *lifecycle_find(enum life life, enum state from, enum event event, int by,
                                        Referral__Priority priority);
/* The state a row leads to. `previous` is the state before INFO_REQUESTED or CANCEL_REQUESTED; TO_CANCEL_ANSWER gives
 * the "no", and the "yes" is CANCELLED. TO_SAME and TO_PREVIOUS never give SUBMITTED after a receiver's event. */
enum state lifecycle_target(const struct transition *row, enum state from, enum state previous,
                            bool accepted_by_person);
/* L1: events `by` (a set) may cause now, in order of number; returns how many (room for EVENT_TABLE_COUNT). */
size_t lifecycle_allowed(enum life life, enum state from, int by, Referral__Priority priority, enum event *ret_events);

bool state_is_terminal(enum state state);
bool state_is_before_arrival(enum state state);
Referral__CoreStatus state_core_status(enum state state); /* L3 */
/* "sender", "receiver", "broker", "patient", "primary", "nobody". `child_open`: the down-referral is on its way. */
const char *state_next_actor(enum life life, enum state state, bool child_open);
const char *state_name(enum state state); /* "SUBMITTED" */
const char *state_zh(enum state state);
const char *event_name(enum event event); /* "request-info" */
const char *event_zh(enum event event);
/* Does this reason code fit this event? */
bool lifecycle_reason_fits(enum event event, Referral__Reason reason);
/* Whole tables, for tests and documents. */
const struct transition *lifecycle_rows(enum life life, size_t *ret_count);
