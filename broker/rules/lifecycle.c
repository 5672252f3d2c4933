/* lifecycle.c - the two lives of section 4, row by row, and the questions asked of them. */
#include "rules/lifecycle.h"

#include <assert.h>

#define IN(state) STATE_BIT(state)

/* Sets of states and parties that have a name in the domain. */
#define NEW            (IN(SUBMITTED) | IN(DELIVERED))
#define BEFORE_ARRIVAL (NEW | IN(INFO_REQUESTED) | IN(ACCEPTED) | IN(WAITLISTED) | IN(BOOKED) | IN(NO_SHOW))
#define TERMINAL       (IN(CLOSED) | IN(REJECTED) | IN(REDIRECTED) | IN(CANCELLED) | IN(EXPIRED) | IN(VOID))
#define ANY_BUT_VOID   ((IN(VOID) - 1) & ~IN(STATE_NONE))
#define ASKABLE        (IN(DELIVERED) | IN(ACCEPTED))
#define ACCEPTABLE     (IN(DELIVERED) | IN(INFO_REQUESTED))
#define PLACED         (IN(WAITLISTED) | IN(BOOKED))
#define BOOKABLE       (IN(ACCEPTED) | IN(WAITLISTED) | IN(NO_SHOW))
#define CARE           (IN(ARRIVED) | IN(IN_CARE))
#define IN_HAND        (CARE | IN(CANCEL_REQUESTED)) /* there, report, return and close also answer "no" */
#define SEEN           (IN_HAND | IN(REPORTED))
#define OUTCOME        (IN(REPORTED) | IN(RETURNED))
#define OPEN_DOWN      (NEW | IN(INFO_REQUESTED))
#define EITHER         (BY_SENDER | BY_RECEIVER)

/* clang-format off */
static const struct transition up_rows[] = {
    {.from = IN(STATE_NONE),       .event = SUBMIT,             .by = BY_SENDER,              .to = SUBMITTED,         .needs = NEEDS_SHEET},
    {.from = IN(SUBMITTED),        .event = DELIVERY_CONFIRMED, .by = BY_BROKER,              .to = DELIVERED},

    {.from = BEFORE_ARRIVAL,       .event = ACKNOWLEDGE,        .by = BY_RECEIVER,            .to = TO_SAME,           .needs = NEEDS_PERSON},
    {.from = BEFORE_ARRIVAL,       .event = AMEND,              .by = BY_SENDER,              .to = TO_SAME,           .needs = NEEDS_SHEET},
    {.from = IN_HAND,              .event = AMEND,              .by = BY_SENDER,              .to = TO_SAME,           .needs = NEEDS_SHEET | NEEDS_EMERGENCY},
    {.from = ASKABLE,              .event = REQUEST_INFO,       .by = BY_RECEIVER,            .to = INFO_REQUESTED,    .needs = NEEDS_TEXT},
    {.from = IN(INFO_REQUESTED),   .event = SUPPLY_INFO,        .by = BY_SENDER,              .to = TO_PREVIOUS,       .needs = NEEDS_TEXT},

    {.from = ACCEPTABLE,           .event = ACCEPT,             .by = BY_RECEIVER,            .to = ACCEPTED,          .needs = NEEDS_PERSON},
    {.from = PLACED,               .event = ACCEPT,             .by = BY_RECEIVER,            .to = TO_SAME,           .needs = NEEDS_PERSON},
    {.from = BEFORE_ARRIVAL,       .event = REJECT,             .by = BY_RECEIVER,            .to = REJECTED,          .needs = NEEDS_REASON},
    {.from = BEFORE_ARRIVAL,       .event = REDIRECT,           .by = BY_RECEIVER,            .to = REDIRECTED,        .needs = NEEDS_REASON | NEEDS_RECEIVER},

    {.from = BOOKABLE,             .event = BOOK,               .by = EITHER,                 .to = BOOKED,            .needs = NEEDS_PLACE},
    {.from = NEW,                  .event = BOOK,               .by = EITHER,                 .to = BOOKED,            .needs = NEEDS_PLACE | NEEDS_DIRECT_BOOKING},
    {.from = BOOKABLE,             .event = WAITLIST,           .by = EITHER,                 .to = WAITLISTED},
    {.from = NEW,                  .event = WAITLIST,           .by = EITHER,                 .to = WAITLISTED,        .needs = NEEDS_DIRECT_BOOKING},
    {.from = IN(BOOKED),           .event = MOVE,               .by = EITHER,                 .to = BOOKED,            .needs = NEEDS_PLACE},
    {.from = IN(BOOKED),           .event = CANCEL_BOOKING,     .by = EITHER,                 .to = TO_BEFORE_BOOKING},
    {.from = IN(WAITLISTED),       .event = LEAVE_LIST,         .by = EITHER,                 .to = TO_BEFORE_BOOKING},
    {.from = IN(BOOKED),           .event = DISPLACE,           .by = BY_RECEIVER,            .to = WAITLISTED,        .needs = NEEDS_REASON},

    {.from = BEFORE_ARRIVAL,       .event = ARRIVE,             .by = BY_RECEIVER,            .to = ARRIVED,           .needs = NEEDS_OCCURRED_AT},
    {.from = IN(BOOKED),           .event = MISS,               .by = BY_RECEIVER | BY_CLOCK, .to = NO_SHOW},
    {.from = IN(ARRIVED),          .event = START,              .by = BY_RECEIVER,            .to = IN_CARE},
    {.from = IN_HAND,              .event = REPORT,             .by = BY_RECEIVER,            .to = REPORTED,          .needs = NEEDS_REPORT},
    {.from = SEEN,                 .event = RETURN,             .by = BY_RECEIVER,            .to = RETURNED,          .needs = NEEDS_SHEET},
    {.from = IN(RETURNED),         .event = RETURN_FAILED,      .by = BY_BROKER,              .to = REPORTED},
    {.from = SEEN,                 .event = CLOSE,              .by = BY_RECEIVER,            .to = CLOSED,            .needs = NEEDS_CLOSE_CODE | NEEDS_REPORT_PRESENT},
    {.from = OUTCOME,              .event = CONFIRM_RECEIPT,    .by = BY_SENDER | BY_CHILD_RECEIVER, .to = CLOSED},

    {.from = BEFORE_ARRIVAL,       .event = CANCEL,             .by = BY_SENDER,              .to = CANCELLED,         .needs = NEEDS_REASON},
    {.from = CARE,                 .event = REQUEST_CANCEL,     .by = BY_SENDER,              .to = CANCEL_REQUESTED,  .needs = NEEDS_REASON},
    {.from = IN(CANCEL_REQUESTED), .event = ANSWER_CANCEL,      .by = BY_RECEIVER,            .to = TO_CANCEL_ANSWER,  .needs = NEEDS_ANSWER},
    {.from = BEFORE_ARRIVAL,       .event = EXPIRE,             .by = BY_CLOCK,               .to = EXPIRED},
    {.from = BEFORE_ARRIVAL,       .event = ANNUL,              .by = BY_SENDER,              .to = VOID,              .needs = NEEDS_REASON},
    {.from = ANY_BUT_VOID,         .event = ANNUL,              .by = BY_OPERATOR,            .to = VOID,              .needs = NEEDS_REASON},
};
static const struct transition down_rows[] = {
    {.from = IN(STATE_NONE),     .event = SUBMIT,             .by = BY_SENDER,   .to = SUBMITTED,      .needs = NEEDS_SHEET},
    {.from = IN(SUBMITTED),      .event = DELIVERY_CONFIRMED, .by = BY_BROKER,   .to = DELIVERED},
    {.from = OPEN_DOWN,          .event = ACKNOWLEDGE,        .by = BY_RECEIVER, .to = TO_SAME,        .needs = NEEDS_PERSON},
    {.from = OPEN_DOWN,          .event = AMEND,              .by = BY_SENDER,   .to = TO_SAME,        .needs = NEEDS_SHEET},
    {.from = IN(DELIVERED),      .event = REQUEST_INFO,       .by = BY_RECEIVER, .to = INFO_REQUESTED, .needs = NEEDS_TEXT},
    {.from = IN(INFO_REQUESTED), .event = SUPPLY_INFO,        .by = BY_SENDER,   .to = TO_PREVIOUS,    .needs = NEEDS_TEXT},
    {.from = OPEN_DOWN,          .event = CONFIRM_RECEIPT,    .by = BY_RECEIVER, .to = CLOSED},
    {.from = OPEN_DOWN,          .event = REJECT,             .by = BY_RECEIVER, .to = REJECTED,       .needs = NEEDS_REASON},
    {.from = OPEN_DOWN,          .event = CANCEL,             .by = BY_SENDER,   .to = CANCELLED,      .needs = NEEDS_REASON},
    {.from = OPEN_DOWN,          .event = EXPIRE,             .by = BY_CLOCK,    .to = EXPIRED},
    {.from = OPEN_DOWN,          .event = ANNUL,              .by = BY_SENDER,   .to = VOID,           .needs = NEEDS_REASON},
    {.from = ANY_BUT_VOID,       .event = ANNUL,              .by = BY_OPERATOR, .to = VOID,           .needs = NEEDS_REASON},
};
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

const struct transition *lifecycle_rows(enum life life, size_t *ret_count)
{
    *ret_count = life == LIFE_UP ? COUNT_OF(up_rows) : COUNT_OF(down_rows);
    return life == LIFE_UP ? up_rows : down_rows;
}

const struct transition *lifecycle_find(enum life life, enum state from, enum event event, int by,
                                        Referral__Priority priority)
{
    size_t count;
    const struct transition *rows = lifecycle_rows(life, &count);

    for (size_t i = 0; i < count; i++) {
        const struct transition *row = &rows[i];
        int common = row->by & by;
        bool implied = from == SUBMITTED && (common & BY_RECEIVER) != 0;
        uint32_t at = implied ? IN(SUBMITTED) | IN(DELIVERED) : IN(from);

        if (row->event != event || common == 0 || (row->from & at) == 0)
            continue;
        if ((row->needs & NEEDS_EMERGENCY) != 0 && priority != REFERRAL__PRIORITY__EMERGENCY)
            continue;
        return row;
    }
    return NULL;
}

/* What a receiver has answered or asked about has been delivered. */
static enum state delivered_at_least(enum state state)
{
    return state == SUBMITTED ? DELIVERED : state;
}

enum state lifecycle_target(const struct transition *row, enum state from, enum state previous, bool accepted_by_person)
{
    switch (row->to) {
    case TO_SAME:
        return row->by == BY_RECEIVER ? delivered_at_least(from) : from;
    case TO_PREVIOUS:
    case TO_CANCEL_ANSWER:
        return delivered_at_least(previous);
    case TO_BEFORE_BOOKING:
        return accepted_by_person ? ACCEPTED : DELIVERED;
    default:
        assert(row->to > STATE_NONE && row->to < STATE_COUNT);
        return (enum state)row->to;
    }
}

size_t lifecycle_allowed(enum life life, enum state from, int by, Referral__Priority priority, enum event *ret_events)
{
    size_t count = 0;

    for (int event = EVENT_NONE + 1; event < EVENT_TABLE_COUNT; event++)
        if (lifecycle_find(life, from, (enum event)event, by, priority) != NULL)
            ret_events[count++] = (enum event)event;
    return count;
}

bool state_is_terminal(enum state state)
{
    return (IN(state) & TERMINAL) != 0;
}

bool state_is_before_arrival(enum state state)
{
    return (IN(state) & BEFORE_ARRIVAL) != 0;
}
