/* lifecycle.h - the life of a referral as one table (section 4: L1, L3, L5). Pure. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "referral.pb-c.h"
#include "rules/refusal.h"

enum state { /* the same numbers as the protocol's State */
    STATE_NONE = 0,
    SUBMITTED, DELIVERED, INFO_REQUESTED, ACCEPTED, WAITLISTED, BOOKED, NO_SHOW, ARRIVED, IN_CARE, CANCEL_REQUESTED,
    REPORTED, RETURNED, CLOSED, REJECTED, REDIRECTED, CANCELLED, EXPIRED, VOID,
    STATE_COUNT
};

enum event { /* the same numbers as the protocol's EventType */
    EVENT_NONE = 0,
    SUBMIT, DELIVERY_CONFIRMED, ACKNOWLEDGE, AMEND, REQUEST_INFO, SUPPLY_INFO, ACCEPT, REJECT, REDIRECT, BOOK, WAITLIST, MOVE,
    CANCEL_BOOKING, LEAVE_LIST, DISPLACE, ARRIVE, MISS /* no-show */, START, REPORT, RETURN, CLOSE, CONFIRM_RECEIPT, CANCEL,
    REQUEST_CANCEL, ANSWER_CANCEL, EXPIRE, ANNUL /* void */,
    EVENT_TABLE_COUNT, /* below this: events of the table */
    WARNING = EVENT_TABLE_COUNT, ESCALATED, CURED, REMINDER, DEAD_LETTER, RETURN_FAILED, DELIVERY_FAILED, PAYLOAD_SHOWN,
    EVENT_COUNT
};

enum party { /* bits: who may cause an event */
    BY_SENDER = 1,
    BY_RECEIVER = 2,
    BY_BROKER = 4,
    BY_CLOCK = 8,
    BY_OPERATOR = 16,
    BY_CHILD_RECEIVER = 32, /* the receiver of the down-referral: its confirm-receipt closes the parent too (L5) */
};

enum life { LIFE_UP, LIFE_DOWN }; /* LIFE_DOWN: the shorter life of L5 */

enum target { /* where an event leads, when it is not one fixed state */
    TO_SAME = 100,
    TO_PREVIOUS,      /* where it was before INFO_REQUESTED or CANCEL_REQUESTED */
    TO_BEFORE_BOOKING /* ACCEPTED if a person accepted, else DELIVERED */
};

/* What an event must carry or find; checked by the engine, each with its refusal. Bits. */
enum needs {
    NEEDS_NOTHING = 0,
    NEEDS_PERSON = 1,
    NEEDS_REASON = 2,
    NEEDS_TEXT = 4,
    NEEDS_OCCURRED_AT = 8,
    NEEDS_SHEET = 16,
    NEEDS_RECEIVER = 32,
    NEEDS_PLACE = 64,
    NEEDS_REPORT = 128,        /* diagnoses and treatment in the event */
    NEEDS_CLOSE_CODE = 256,
    NEEDS_REPORT_PRESENT = 512, /* reported before */
    NEEDS_DIRECT_BOOKING = 1024,
    NEEDS_ANSWER = 2048,       /* `agreed` present */
};

struct transition { /* one row is one sentence */
    enum state from;
    enum event event;
    int by;    /* enum party bits */
    int to;    /* enum state, or enum target */
    int needs; /* enum needs bits */
};

/* The row for this step, or NULL: not in the table (L1). `by` is one party bit; `priority` matters for amend (EMERGENCY: before REPORTED). */
const struct transition *lifecycle_find(enum life life, enum state from, enum event event, int by, Referral__Priority priority);
/* The state a row leads to. */
enum state lifecycle_target(const struct transition *row, enum state from, enum state previous, bool accepted_by_person);
/* L1: events `by` may cause now, in order of number; returns how many (room for EVENT_TABLE_COUNT). */
size_t lifecycle_allowed(enum life life, enum state from, int by, Referral__Priority priority, enum event *ret_events);

bool state_is_terminal(enum state state);
bool state_is_before_arrival(enum state state);
Referral__CoreStatus state_core_status(enum state state); /* L3 */
/* "sender", "receiver", "broker", "patient", "primary", "nobody". */
const char *state_next_actor(enum life life, enum state state, bool child_open);
const char *state_name(enum state state);    /* "SUBMITTED" */
const char *state_zh(enum state state);
const char *event_name(enum event event);    /* "request-info" */
const char *event_zh(enum event event);
/* Does this reason code fit this event? */
bool lifecycle_reason_fits(enum event event, Referral__Reason reason);
/* Whole tables, for tests and documents. */
const struct transition *lifecycle_rows(enum life life, size_t *ret_count);
