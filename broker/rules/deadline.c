/* deadline.c - whose clock runs, for how long, and what time does next to a referral (L4). */
#include "rules/deadline.h"

const char *clock_kind_name(enum clock_kind kind)
{
    switch (kind) {
    case CLOCK_ANSWER:
        return "answer";
    case CLOCK_INFORMATION:
        return "information";
    case CLOCK_CANCEL_ANSWER:
        return "cancel-answer";
    case CLOCK_RECEIPT:
        return "receipt";
    case CLOCK_NONE:
        break;
    }
    return "";
}

/* L4: the time to answer goes by priority. Only ROUTINE waits for working days; half-way is half of the working
 * time. */
static void set_answer_times(struct deadline *deadline, Referral__Priority priority,
                             const struct deadline_settings *settings, const struct calendar *calendar)
{
    struct instant now = deadline->started_at;

    if (priority == REFERRAL__PRIORITY__ROUTINE) {
        int64_t working_ms = settings->routine_working_days * DAY_MS;

        deadline->warn_at = calendar_add_working(calendar, now, working_ms / 2);
        deadline->due_at = calendar_add_working(calendar, now, working_ms);
    } else {
        int64_t ms = priority == REFERRAL__PRIORITY__EMERGENCY ? settings->emergency_ms : settings->urgent_ms;

        deadline->warn_at = instant_after(now, ms / 2);
        deadline->due_at = instant_after(now, ms);
    }
}

struct deadline deadline_start(enum clock_kind kind, Referral__Priority priority, struct instant now,
                               const struct deadline_settings *settings, const struct calendar *calendar)
{
    struct deadline deadline = {.kind = kind};

    if (kind == CLOCK_NONE)
        return deadline;
    deadline.started_at = now;
    if (kind == CLOCK_RECEIPT) {
        deadline.warn_at = instant_after(now, settings->receipt_reminder_ms);
        deadline.due_at = instant_after(now, settings->receipt_escalation_ms);
    } else {
        set_answer_times(&deadline, priority, settings, calendar);
    }
    return deadline;
}

/* ACCEPTED is an answer by itself. WAITLISTED and BOOKED may come before it, by direct booking; after a no-show it is
 * the sender's turn, and a patient who is there has been answered. */
enum clock_kind deadline_kind(enum life life, enum state state, bool answered)
{
    (void)life; /* both lives answer, ask and confirm in states of the same names */
    switch (state) {
    case SUBMITTED:
    case DELIVERED:
    case WAITLISTED:
    case BOOKED:
        return answered ? CLOCK_NONE : CLOCK_ANSWER;
    case INFO_REQUESTED:
        return CLOCK_INFORMATION;
    case CANCEL_REQUESTED:
        return CLOCK_CANCEL_ANSWER;
    case REPORTED:
    case RETURNED:
        return CLOCK_RECEIPT;
    case STATE_NONE:
    case ACCEPTED:
    case NO_SHOW:
    case ARRIVED:
    case IN_CARE:
    case CLOSED:
    case REJECTED:
    case REDIRECTED:
    case CANCELLED:
    case EXPIRED:
    case VOID:
    case STATE_COUNT:
        break;
    }
    return CLOCK_NONE;
}

bool deadline_is_answer(enum life life, enum event event, Referral__Priority priority)
{
    if (event == ACKNOWLEDGE)
        return priority == REFERRAL__PRIORITY__EMERGENCY;
    if (event == CONFIRM_RECEIPT)
        return life == LIFE_DOWN;
    return event == ACCEPT || event == REJECT || event == REDIRECT || event == REQUEST_INFO;
}

enum due_kind due_next(const struct due *due, struct instant *ret_at)
{
    const struct deadline *deadline = &due->deadline;
    bool runs = deadline->kind != CLOCK_NONE && !deadline->escalated;
    const struct {
        enum due_kind kind;
        struct instant at;
    } candidates[] = {
        {DUE_WARN, runs && !deadline->warned ? deadline->warn_at : instant_of(0)},
        {DUE_ESCALATE, runs ? deadline->due_at : instant_of(0)},
        {DUE_NO_SHOW, due->no_show_at},
        {DUE_EXPIRE, due->valid_until},
    };
    enum due_kind next = DUE_NOTHING;
    struct instant at = instant_of(0);

    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        if (!instant_is_set(candidates[i].at) || (next != DUE_NOTHING && candidates[i].at.ms >= at.ms))
            continue;
        next = candidates[i].kind;
        at = candidates[i].at;
    }
    *ret_at = at;
    return next;
}
