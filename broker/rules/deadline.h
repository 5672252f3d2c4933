/* deadline.h - the one clock that runs for a referral, its validity, and the next instant anything falls due (L4, C1).
 * Pure.
 *
 * One clock runs at a time: ANSWER against the receiver, INFORMATION against the sender (INFO_REQUESTED), CANCEL_ANSWER
 * against the receiver (CANCEL_REQUESTED), RECEIPT against whoever must confirm. Half-way it warns (RECEIPT: reminds),
 * at the end it escalates, once each; stopping an escalated clock is the cure, told once. */
#pragma once
#include "base/instant.h"
#include "rules/calendar.h"
#include "rules/lifecycle.h"

enum clock_kind { CLOCK_NONE = 0, CLOCK_ANSWER, CLOCK_INFORMATION, CLOCK_CANCEL_ANSWER, CLOCK_RECEIPT };
const char *clock_kind_name(enum clock_kind kind); /* "answer", "information", "cancel-answer", "receipt", "" */

struct deadline {
    enum clock_kind kind;
    struct instant started_at, warn_at, due_at;
    bool warned, escalated;
};

/* Of the receiver, else of all, else the default. */
struct deadline_settings {
    int64_t emergency_ms;                               /* 1 min */
    int64_t urgent_ms;                                  /* 2 h */
    int32_t routine_working_days;                       /* 2 */
    int64_t receipt_reminder_ms, receipt_escalation_ms; /* 24 h, 72 h */
    int64_t validity_ms, emergency_validity_ms;         /* 14 days, 24 h */
    int64_t no_show_after_ms;                           /* 24 h after the session's end */
};

/* A clock of `kind` that starts at `now` for a referral of this priority. */
struct deadline deadline_start(enum clock_kind kind, Referral__Priority priority, struct instant now,
                               const struct deadline_settings *settings, const struct calendar *calendar);
/* Which clock runs in `state`? `answered`: a stopping event of L4 has happened since submission or supply-info. */
enum clock_kind deadline_kind(enum life life, enum state state, bool answered);
/* Does this event stop the answer clock? (EMERGENCY also by acknowledge; a down-referral by taking the patient over,
 * L5) */
bool deadline_is_answer(enum life life, enum event event, Referral__Priority priority);

struct due { /* everything of one referral that time can change; unset instants never fall due */
    struct deadline deadline;
    struct instant valid_until, no_show_at;
};
enum due_kind { DUE_NOTHING = 0, DUE_WARN, DUE_ESCALATE, DUE_NO_SHOW, DUE_EXPIRE };
/* The next thing to fall due and when (unset: nothing). At one instant: warn, escalate, no-show, expire. */
enum due_kind due_next(const struct due *due, struct instant *ret_at);
