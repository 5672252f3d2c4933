/* model_life.c - a step of a referral's life (section 4): where it leads, who is told of it, and what the clock
 * brings. */
#include <assert.h>

#include "sim/model.h"

#define DAY 86400000LL

#define EV(name) REFERRAL__EVENT_TYPE__EVENT_##name
#define ST(name) REFERRAL__STATE__##name

/* ---- Being told (L2) ---- */

static void tell(struct model *m, enum house to, const struct model_referral *r, int event, enum house cause)
{
    model_put(m, to, r, false, event, cause);
}

/* The team's institution, where it is no party itself and acts for the sender (T6). */
void model_tell_team(struct model *m, const struct model_referral *r, int event, enum house but, enum house speaker)
{
    bool spoke = but == r->sender && speaker == T07;

    if (r->team && r->sender == V1 && r->receiver != T07 && but != T07 && !spoke)
        tell(m, T07, r, event, but);
}

void model_tell_sender(struct model *m, struct model_referral *r, int event)
{
    tell(m, r->sender, r, event, NO_PARTY);
    model_tell_team(m, r, event, NO_PARTY, NO_PARTY);
}

void model_tell(struct model *m, struct model_referral *r, int event, enum house but, enum house speaker)
{
    if (r->sender != but)
        tell(m, r->sender, r, event, but);
    if (r->receiver != but)
        tell(m, r->receiver, r, event, but);
    model_tell_team(m, r, event, but, speaker);
}

/* ---- One step ---- */

static int at_least_delivered(int state)
{
    return state == ST(SUBMITTED) ? ST(DELIVERED) : state;
}

static int target(const struct model_referral *r, const struct model_happening *h)
{
    switch (h->event) {
    case EV(REQUEST_INFO):
        return ST(INFO_REQUESTED);
    case EV(SUPPLY_INFO):
        return at_least_delivered(r->previous);
    case EV(ACCEPT):
        return r->state == ST(WAITLISTED) || r->state == ST(BOOKED) ? r->state : ST(ACCEPTED);
    case EV(REJECT):
        return ST(REJECTED);
    case EV(REDIRECT):
        return ST(REDIRECTED);
    case EV(BOOK):
    case EV(MOVE):
        return ST(BOOKED);
    case EV(WAITLIST):
    case EV(DISPLACE):
        return ST(WAITLISTED);
    case EV(LEAVE_LIST):
    case EV(LIST_LEFT):
    case EV(CANCEL_BOOKING):
        return r->accepted ? ST(ACCEPTED) : ST(DELIVERED);
    case EV(ARRIVE):
        return ST(ARRIVED);
    case EV(NO_SHOW):
        return ST(NO_SHOW);
    case EV(START):
        return ST(IN_CARE);
    case EV(REPORT):
    case EV(RETURN_FAILED):
        return ST(REPORTED);
    case EV(RETURN):
        return ST(RETURNED);
    case EV(CLOSE):
    case EV(CONFIRM_RECEIPT):
        return ST(CLOSED);
    case EV(CANCEL):
        return ST(CANCELLED);
    case EV(REQUEST_CANCEL):
        return ST(CANCEL_REQUESTED);
    case EV(ANSWER_CANCEL):
        return h->deed->agreed ? ST(CANCELLED) : at_least_delivered(r->previous);
    case EV(EXPIRE):
        return ST(EXPIRED);
    case EV(VOID):
        return ST(VOID);
    default:
        return r->state;
    }
}

static bool is_answer(const struct model_referral *r, int event)
{
    return event == EV(ACCEPT) || event == EV(REJECT) || event == EV(REDIRECT) || event == EV(REQUEST_INFO) ||
           (event == EV(ACKNOWLEDGE) && r->priority == REFERRAL__PRIORITY__EMERGENCY);
}

static void confirm_delivery(struct model *m, struct model_referral *r)
{
    r->delivered = true;
    if (r->state != ST(SUBMITTED))
        return;
    r->state = ST(DELIVERED);
    r->since = m->now;
    r->audit[EV(DELIVERY_CONFIRMED)]++;
}

static void remember(struct model_referral *r, const struct model_happening *h, int from, int64_t now)
{
    if (r->first_answer == 0 && (is_answer(r, h->event) || (r->down && h->event == EV(CONFIRM_RECEIPT)))) {
        r->first_answer = now;
        r->answered_late = r->watch == WATCH_ANSWER && now >= r->late_at;
    }
    r->misses += h->event == EV(NO_SHOW);
    if (is_answer(r, h->event))
        r->answered = true;
    if (h->event == EV(SUPPLY_INFO) && !r->accepted)
        r->answered = false;
    r->accepted |= h->event == EV(ACCEPT);
    r->info_rounds += h->event == EV(REQUEST_INFO);
    r->rebookings += (h->event == EV(BOOK) || h->event == EV(WAITLIST)) && from == ST(NO_SHOW);
    r->reported |= h->event == EV(REPORT) || (h->deed != NULL && h->deed->has_report);
    if (from != r->state && (r->state == ST(INFO_REQUESTED) || r->state == ST(CANCEL_REQUESTED)))
        r->previous = from;
    if (h->deed != NULL && (h->event == EV(BOOK) || h->event == EV(MOVE)))
        model_book_time(r, h->deed->place_end);
}

/* L5: closing the down-referral closes its parent; if it ends otherwise, the parent is REPORTED again. */
static void end_return(struct model *m, struct model_referral *child, const struct model_happening *h)
{
    struct model_referral *parent = &m->referrals[child->parent];
    bool closed = child->state == ST(CLOSED);
    struct model_happening then = {.event = closed ? EV(CONFIRM_RECEIPT) : EV(RETURN_FAILED),
                                   .by = closed ? AS_CHILD_RECEIVER : AS_BROKER,
                                   .but = h->but,
                                   .speaker = h->speaker};

    model_touch(m, parent);
    if (parent->state != ST(RETURNED) || parent->child != (int)(child - m->referrals))
        return;
    model_step(m, parent, &then);
    if (!closed)
        parent->child = -1;
    model_save(m, parent);
}

void model_step(struct model *m, struct model_referral *r, const struct model_happening *h)
{
    int from;
    bool cured;

    if (h->by == AS_RECEIVER)
        confirm_delivery(m, r);
    from = r->state;
    r->state = target(r, h);
    if (r->state != from)
        r->since = m->now;
    remember(r, h, from, m->now);
    if (!h->by_place)
        places_follow(m, r, h, from);
    model_follow(m, r, h->event, &cured);
    if (h->event != EV(ACKNOWLEDGE))
        model_tell(m, r, h->event, h->but, h->speaker);
    r->audit[h->event]++;
    places_mirror(m, r);
    if (cured)
        model_tell(m, r, EV(CURED), NO_PARTY, h->speaker);
    if (r->down && r->parent >= 0 && model_is_terminal(r->state))
        end_return(m, r, h);
}

/* ---- The clock ---- */

static void remind(struct model *m, struct model_referral *r)
{
    const struct model_referral *child = r->state == ST(RETURNED) && r->child >= 0 ? &m->referrals[r->child] : NULL;

    model_tell_sender(m, r, EV(REMINDER));
    if (child != NULL && child->receiver != r->sender)
        tell(m, child->receiver, child, EV(REMINDER), NO_PARTY);
}

static void fall_due(struct model *m, struct model_referral *r, enum due due)
{
    struct model_happening h = {.by = AS_CLOCK, .but = NO_PARTY, .speaker = NO_PARTY};

    switch ((int)due) {
    case DUE_WARNING:
        r->warned = true;
        if (r->watch == WATCH_RECEIPT)
            remind(m, r);
        break;
    case DUE_ESCALATION:
        r->escalated = true;
        r->chased |= r->watch == WATCH_ANSWER;
        model_tell(m, r, EV(ESCALATED), NO_PARTY, NO_PARTY);
        break;
    case DUE_MISS:
        h.event = EV(NO_SHOW);
        model_step(m, r, &h);
        if (m->now + DAY > r->valid_until)
            r->valid_until = m->now + DAY;
        break;
    default:
        h.event = EV(EXPIRE);
        model_step(m, r, &h);
        break;
    }
}

void model_run(struct model *m, struct model_referral *r)
{
    for (bool ran = false;; ran = true) {
        int64_t at;
        enum due due = model_due(m, r, &at);

        if (due == DUE_NONE || at > m->now) {
            if (ran)
                model_save(m, r);
            return;
        }
        fall_due(m, r, due);
    }
}

static void wake(struct model *m, struct model_referral *r)
{
    int64_t at = r->due_at;

    model_touch(m, r);
    if (r->due_at == at)
        model_save(m, r);
}

/* What is due first happens first, of referrals and pools alike. */
void model_clock(struct model *m)
{
    while (!places_tired(m)) {
        struct model_referral *first = NULL;
        int64_t at = places_due(m);

        for (struct model_referral *r = m->referrals; r < m->referrals + m->referral_count; r++)
            if (r->due_at != 0 && r->due_at <= m->now && (first == NULL || r->due_at < first->due_at))
                first = r;
        if (first != NULL && (at == 0 || first->due_at <= at))
            wake(m, first);
        else if (at != 0)
            places_wake(m);
        else
            break;
    }
    places_settle(m);
}
