/* model_time.c - whose clock runs and until when (L4), from the words of the rules. */
#include "sim/model.h"

#define SECOND 1000LL
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)
#define CHINA  (8 * HOUR)

/* 1970-01-01 was a Thursday. */
static bool is_working_day(int64_t day)
{
    int64_t weekday = ((day + 3) % 7 + 7) % 7;

    return weekday < 5;
}

/* Time stands still on days that do not count: minute by minute would be as right, and slow. */
static int64_t after_working(int64_t from, int64_t ms)
{
    int64_t at = from + CHINA;

    while (ms > 0) {
        int64_t midnight = (at / DAY + 1) * DAY, rest = midnight - at;

        if (!is_working_day(at / DAY)) {
            at = midnight;
            continue;
        }
        at += ms < rest ? ms : rest;
        ms -= ms < rest ? ms : rest;
    }
    return at - CHINA;
}

static enum watch watch_of(const struct model_referral *r)
{
    switch (r->state) {
    case REFERRAL__STATE__SUBMITTED:
    case REFERRAL__STATE__DELIVERED:
    case REFERRAL__STATE__WAITLISTED:
    case REFERRAL__STATE__BOOKED:
        return r->answered ? WATCH_NONE : WATCH_ANSWER;
    case REFERRAL__STATE__INFO_REQUESTED:
        return WATCH_INFORMATION;
    case REFERRAL__STATE__CANCEL_REQUESTED:
        return WATCH_CANCEL;
    case REFERRAL__STATE__REPORTED:
    case REFERRAL__STATE__RETURNED:
        return WATCH_RECEIPT;
    default:
        return WATCH_NONE;
    }
}

static void start(struct model *m, struct model_referral *r)
{
    int64_t quick = r->priority == REFERRAL__PRIORITY__EMERGENCY ? 60 * SECOND : m->urgent_ms[r->receiver];

    r->watch = watch_of(r);
    r->warned = r->escalated = false;
    r->warn_at = r->late_at = 0;
    if (r->watch == WATCH_NONE)
        return;
    if (r->watch == WATCH_RECEIPT) {
        r->warn_at = m->now + DAY;
        r->late_at = m->now + 3 * DAY;
    } else if (r->priority == REFERRAL__PRIORITY__ROUTINE) {
        r->warn_at = after_working(m->now, DAY);
        r->late_at = after_working(m->now, 2 * DAY);
    } else {
        r->warn_at = m->now + quick / 2;
        r->late_at = m->now + quick;
    }
}

void model_begin(struct model *m, struct model_referral *r)
{
    r->state = REFERRAL__STATE__SUBMITTED;
    r->since = r->submitted_at = m->now;
    r->valid_until = m->now + (r->priority == REFERRAL__PRIORITY__EMERGENCY ? DAY : 14 * DAY);
    start(m, r);
}

void model_follow(struct model *m, struct model_referral *r, int event, bool *ret_cured)
{
    enum watch old = r->watch, new = watch_of(r);
    bool was_late = r->escalated;
    bool given_up = event == REFERRAL__EVENT_TYPE__EVENT_EXPIRE || event == REFERRAL__EVENT_TYPE__EVENT_CANCEL ||
                    event == REFERRAL__EVENT_TYPE__EVENT_VOID || event == REFERRAL__EVENT_TYPE__EVENT_NO_SHOW;

    *ret_cured = false;
    if (r->state != REFERRAL__STATE__BOOKED)
        r->no_show_at = 0;
    if (!model_is_before_arrival(r->state))
        r->valid_until = 0;
    if (new == old && event != REFERRAL__EVENT_TYPE__EVENT_RETURN &&event != REFERRAL__EVENT_TYPE__EVENT_RETURN_FAILED)
        return;
    start(m, r);
    *ret_cured = was_late && new != old && !given_up;
}

/* A no-show is assumed a day after the session's end, and until then the referral is valid. */
void model_book_time(struct model_referral *r, int64_t end)
{
    r->no_show_at = end + DAY;
    if (model_is_before_arrival(r->state) && end + DAY > r->valid_until)
        r->valid_until = end + DAY;
}

/* C4: a doubtful time holds back what ends something. */
static int64_t unless_held(const struct model *m, int64_t at)
{
    return m->hold && at != 0 && at <= m->now ? m->now + 60 * SECOND : at;
}

enum due model_due(const struct model *m, const struct model_referral *r, int64_t *ret_at)
{
    bool runs = r->watch != WATCH_NONE && !r->escalated;
    int64_t at[] = {0, runs && !r->warned ? r->warn_at : 0, runs ? r->late_at : 0, unless_held(m, r->no_show_at),
                    unless_held(m, r->valid_until)};
    enum due first = DUE_NONE;

    for (enum due due = DUE_WARNING; due <= DUE_END; due++)
        if (at[due] != 0 && (first == DUE_NONE || at[due] < at[first]))
            first = due;
    *ret_at = at[first];
    return first;
}

void model_save(struct model *m, struct model_referral *r)
{
    model_due(m, r, &r->due_at);
    places_mirror(m, r);
}
