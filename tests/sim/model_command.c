/* model_command.c - what is said, and what becomes of it: submissions, events, an operator's orders (sections 2 to
 * 5). */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sim/model.h"

#define HOUR  3600000LL
#define DAY   (24 * HOUR)
#define AHEAD (5 * 60000LL) /* C2: how far ahead something may have happened */

#define EV(name) REFERRAL__EVENT_TYPE__EVENT_##name
#define ST(name) REFERRAL__STATE__##name

static struct model_referral *new_referral(struct model *m)
{
    struct model_referral *r = &m->referrals[m->referral_count];

    assert(m->referral_count < MODEL_REFERRALS);
    places_begin(m);
    *r = (struct model_referral){.parent = -1, .child = -1, .redirected_from = -1, .journey = m->referral_count++};
    return r;
}

static bool took_part(const struct model *m, int journey, enum house who)
{
    for (int i = 0; i < m->referral_count; i++) {
        const struct model_referral *r = &m->referrals[i];

        if (r->journey == journey && (r->sender == who || r->receiver == who || r->submitted_by == who))
            return true;
    }
    return false;
}

static bool was_sender(const struct model *m, int journey, enum house who)
{
    for (int i = 0; i < m->referral_count; i++)
        if (m->referrals[i].journey == journey && m->referrals[i].sender == who)
            return true;
    return false;
}

static bool is_primary(enum house who)
{
    return who == V1 || who == T07 || who == T08;
}

/* L5. Gives whether the submission returns its parent. */
static bool parent_fits(struct model *m, const struct deed *deed, bool *ret_returns)
{
    struct model_referral *parent = &m->referrals[deed->referral];
    bool down = deed->direction == REFERRAL__DIRECTION__DOWN;

    *ret_returns = false;
    if (deed->to >= INBOXES)
        return false;
    model_touch(m, parent);
    if (!took_part(m, parent->journey, deed->actor))
        return false;
    if (!down)
        return true;
    if (!is_primary(deed->to) && !was_sender(m, parent->journey, deed->to))
        return false;
    *ret_returns = parent->receiver == deed->actor && !parent->down;
    return !*ret_returns || model_may(m, parent, EV(RETURN), AS_RECEIVER);
}

/* L5: its submission returns the parent, and whoever did not cause that is told (L2). */
static void send_back(struct model *m, struct model_referral *parent, const struct model_referral *child,
                      enum house speaker)
{
    struct model_happening h = {.event = EV(RETURN), .by = AS_RECEIVER, .but = parent->receiver, .speaker = speaker};

    parent->child = (int)(child - m->referrals);
    model_step(m, parent, &h);
    model_save(m, parent);
}

static void submit(struct model *m, struct deed *deed)
{
    bool returns = false;
    bool fits = deed->referral < 0 || parent_fits(m, deed, &returns);
    struct model_referral *r, *parent = deed->referral < 0 ? NULL : &m->referrals[deed->referral];

    if (!fits || deed->is_bad || !model_is_route(m, deed->actor, deed->to, deed->direction, deed->priority)) {
        deed->verdict = REFUSED;
        return;
    }
    r = new_referral(m);
    r->sender = deed->actor;
    r->receiver = deed->to;
    r->submitted_by = deed->speaker;
    r->down = deed->direction == REFERRAL__DIRECTION__DOWN;
    r->direction = deed->direction;
    r->priority = deed->priority;
    r->team = deed->team;
    r->version = 1;
    r->sheets[1] = deed->sheet;
    r->mark = deed->mark;
    r->patient = deed->patient;
    if (parent != NULL) {
        r->journey = parent->journey;
        r->parent = deed->referral;
    }
    model_begin(m, r);
    model_put(m, r->receiver, r, true, EV(SUBMIT), r->sender);
    model_tell_team(m, r, EV(SUBMIT), r->sender, deed->speaker);
    r->audit[EV(SUBMIT)]++;
    model_save(m, r);
    if (returns)
        send_back(m, parent, r, deed->speaker);
    deed->verdict = GRANTED;
    deed->about = (int)(r - m->referrals);
    deed->state = r->state;
}

static bool was_there(const struct model *m, const struct model_referral *r, enum house who)
{
    for (;; r = &m->referrals[r->redirected_from]) {
        if (r->receiver == who)
            return true;
        if (r->redirected_from < 0)
            return false;
    }
}

/* Q5: direct booking is off for beds. */
static bool may_be_of(const struct model_referral *r, int place_class)
{
    return place_class != REFERRAL__PLACE_CLASS__BED || r->accepted;
}

/* An EVENT's place is an hour long. */
static bool guards(const struct model *m, const struct model_referral *r, const struct deed *deed, enum role_in by)
{
    switch (deed->event) {
    case EV(REQUEST_INFO):
        return r->info_rounds < 3;
    case EV(REDIRECT):
        return r->hops < 3 && deed->to < INBOXES && !was_there(m, r, deed->to) &&
               model_is_route(m, r->sender, deed->to, r->direction, r->priority);
    case EV(MOVE):
        return m->now < deed->place_end - HOUR && !places_has_pools(m, r->receiver, deed->place_class) &&
               !places_has_unit(m, r) && may_be_of(r, deed->place_class);
    case EV(NO_SHOW):
        return places_judge(m, r, deed->event) && (places_has_unit(m, r) || m->now >= r->no_show_at - DAY - HOUR);
    case EV(CANCEL_BOOKING):
        return places_judge(m, r, deed->event);
    case EV(BOOK):
        if (places_has_pools(m, r->receiver, deed->place_class))
            return false; /* Q15 */
        if (m->now >= deed->place_end - HOUR)
            return false; /* Q6: no place is taken at or after its start */
        if (r->state == ST(NO_SHOW) && r->rebookings >= 2)
            return false;
        return may_be_of(r, deed->place_class);
    case EV(CLOSE):
        return r->reported || deed->has_report;
    case EV(VOID):
        return by != AS_SENDER || m->now < r->submitted_at + DAY;
    case EV(AMEND):
        return places_may_pass(m, r, deed->patient);
    case EV(WAITLIST):
    case EV(DISPLACE):
        return false; /* said to the pool, by the commands for places */
    default:
        return true;
    }
}

/* A party in several ways acts in the first that may; `late` where only a void that comes too late would. */
static bool first_role(const struct model *m, const struct model_referral *r, const struct deed *deed,
                       const bool is[AS_BROKER], enum role_in *ret_by, bool *late)
{
    for (enum role_in by = AS_SENDER; by <= AS_CHILD_RECEIVER; by++) {
        if (!is[by] || !model_may(m, r, deed->event, by))
            continue;
        if (by == AS_SENDER && deed->event == EV(VOID) && m->now >= r->submitted_at + DAY) {
            *late = true;
            continue;
        }
        *ret_by = by;
        return true;
    }
    return false;
}

/* T5: as itself before for another. */
static bool find_role(const struct model *m, const struct model_referral *r, const struct deed *deed,
                      enum role_in *ret_by)
{
    bool takes_over = model_is_child_receiver(m, r, deed->actor);
    const bool is_itself[AS_BROKER] = {[AS_SENDER] = deed->actor == r->sender,
                                       [AS_RECEIVER] = deed->actor == r->receiver,
                                       [AS_CHILD_RECEIVER] =
                                           takes_over && m->referrals[r->child].receiver == deed->actor};
    const bool is[AS_BROKER] = {[AS_SENDER] = model_acts_for(deed->actor, r->sender),
                                [AS_RECEIVER] = model_acts_for(deed->actor, r->receiver),
                                [AS_OPERATOR] = deed->actor == OP,
                                [AS_CHILD_RECEIVER] = takes_over};
    bool late = false;

    if (first_role(m, r, deed, is_itself, ret_by, &late) || first_role(m, r, deed, is, ret_by, &late))
        return true;
    *ret_by = AS_SENDER;
    return late;
}

static void redirect(struct model *m, struct model_referral *r, struct deed *deed)
{
    struct model_referral *child = new_referral(m);
    int number = child->journey;

    *child = *r;
    child->id[0] = '\0';
    child->receiver = deed->to;
    child->hops = r->hops + 1;
    child->redirected_from = (int)(r - m->referrals);
    child->child = -1;
    child->accepted = child->reported = child->delivered = child->answered = child->held = false;
    child->answered_late = child->chased = false;
    child->info_rounds = child->rebookings = child->misses = 0;
    child->no_show_at = child->first_answer = 0;
    memset(child->audit, 0, sizeof child->audit);
    model_begin(m, child);
    model_put(m, child->receiver, child, true, EV(REDIRECT), child->sender);
    model_save(m, child);
    r->child = number;
    deed->child = number;
}

/* Whoever received the down-referral and confirms the receipt on the parent has taken the patient over too. */
static void take_over(struct model *m, struct model_referral *parent, const struct deed *deed)
{
    struct model_referral *child = parent->child < 0 ? NULL : &m->referrals[parent->child];
    struct model_happening h = {.event = EV(CONFIRM_RECEIPT), .by = AS_RECEIVER, .speaker = deed->speaker};

    if (child == NULL || !model_acts_for(deed->actor, child->receiver))
        return;
    model_touch(m, child);
    if (!model_may(m, child, EV(CONFIRM_RECEIPT), AS_RECEIVER))
        return;
    h.but = child->receiver;
    model_step(m, child, &h);
    model_save(m, child);
}

static enum house cause_of(const struct model_referral *r, const struct deed *deed, enum role_in by)
{
    return by == AS_SENDER ? r->sender : by == AS_RECEIVER ? r->receiver : by == AS_OPERATOR ? NO_PARTY : deed->actor;
}

/* C2: what is said again after a start may lie ahead of a clock that follows the wall's back. */
static bool lies_ahead(const struct model *m, const struct deed *deed)
{
    return deed->occurred_at > m->now + AHEAD;
}

static void event(struct model *m, struct deed *deed)
{
    struct model_referral *r = &m->referrals[deed->referral];
    struct model_happening h = {.event = deed->event, .speaker = deed->speaker, .deed = deed};

    deed->about = deed->referral;
    deed->verdict = REFUSED;
    model_touch(m, r);
    if (!model_is_party(m, r, deed->actor))
        return;
    if (!find_role(m, r, deed, &h.by) || deed->is_bad || lies_ahead(m, deed) || !guards(m, r, deed, h.by))
        return;
    deed->verdict = GRANTED;
    if (deed->event == EV(AMEND)) {
        assert(r->version < MODEL_VERSIONS - 1);
        r->sheets[++r->version] = deed->sheet;
        r->patient = deed->patient;
    }
    if (deed->event == EV(REDIRECT))
        redirect(m, r, deed);
    h.but = cause_of(r, deed, h.by);
    model_step(m, r, &h);
    model_save(m, r);
    if (deed->event == EV(CONFIRM_RECEIPT))
        take_over(m, r, deed);
    deed->state = r->state;
}

/* D1: the same again has been done; another under the same key is refused. */
static bool is_known(const struct model *m, struct deed *deed)
{
    for (size_t i = 0; i < m->key_count; i++) {
        const struct model_key *key = &m->keys[i];

        if (key->is_gone || key->actor != deed->actor || strcmp(key->message_id, deed->message_id) != 0)
            continue;
        deed->verdict = key->kind == deed->kind && key->body == deed->body ? AGAIN : CONFLICT;
        deed->key = i;
        return true;
    }
    return false;
}

void model_keep_key(struct model *m, struct deed *deed)
{
    struct model_key *key = &m->keys[m->key_count];

    assert(m->key_count < MODEL_KEYS);
    *key = (struct model_key){.actor = deed->actor,
                              .kind = deed->kind,
                              .body = deed->body,
                              .about = deed->about,
                              .child = deed->child,
                              .at = m->now};
    snprintf(key->message_id, sizeof key->message_id, "%s", deed->message_id);
    deed->key = m->key_count++;
}

static void operate(struct model *m, struct deed *deed)
{
    bool is_operator = deed->speaker == OP && deed->actor == OP && !deed->is_bad;

    deed->verdict = is_operator ? GRANTED : REFUSED;
    if (!is_operator)
        return;
    if (deed->kind == REFERRAL__KIND__PAUSE || deed->kind == REFERRAL__KIND__RESUME)
        m->books[deed->to].paused = deed->kind == REFERRAL__KIND__PAUSE;
    if (deed->kind == REFERRAL__KIND__REPLAY_DEAD || deed->kind == REFERRAL__KIND__DROP_DEAD)
        model_dead_letters(m, deed);
    if (deed->kind == REFERRAL__KIND__PUT_SETTING && deed->to < INBOXES)
        m->urgent_ms[deed->to] = deed->place_end;
    if ((deed->kind == REFERRAL__KIND__PUT_RELATION || deed->kind == REFERRAL__KIND__DELETE_RELATION) &&
        deed->to < INBOXES)
        m->denied[deed->from][deed->to] = !deed->is_off;
    if (deed->kind == REFERRAL__KIND__PUT_INSTITUTION && deed->to < INBOXES)
        m->disabled[deed->to] = !deed->is_off;
    if (deed->kind == REFERRAL__KIND__DRAIN)
        m->draining = !deed->is_off;
    if (deed->kind == REFERRAL__KIND__HOLD_REFERRAL || deed->kind == REFERRAL__KIND__RELEASE_REFERRAL)
        model_hold(m, deed);
}

/* What an operator's DRAIN refuses: submissions, capacity and places; T7: no emergency. */
static bool is_new_work(const struct deed *deed)
{
    switch (deed->kind) {
    case REFERRAL__KIND__SUBMIT:
        return deed->priority != REFERRAL__PRIORITY__EMERGENCY;
    case REFERRAL__KIND__PUT_POOL:
    case REFERRAL__KIND__PUT_GROUP:
    case REFERRAL__KIND__PUT_TIMETABLE:
    case REFERRAL__KIND__HOLD_PLACE:
    case REFERRAL__KIND__BOOK_PLACE:
    case REFERRAL__KIND__JOIN_LIST:
        return true;
    default:
        return false;
    }
}

void model_apply(struct model *m, struct deed *deed)
{
    deed->about = deed->child = -1;
    places_other(m);
    deed->drained = false;
    if (!model_acts_for(deed->speaker, deed->actor)) {
        deed->verdict = REFUSED; /* T5 */
        return;
    }
    if (is_known(m, deed))
        return;
    deed->drained = m->draining && is_new_work(deed);
    if (deed->drained)
        deed->verdict = REFUSED;
    else if (deed->kind == REFERRAL__KIND__SUBMIT)
        submit(m, deed);
    else if (deed->kind == REFERRAL__KIND__EVENT)
        event(m, deed);
    else if (deed->kind < REFERRAL__KIND__PUT_POOL)
        operate(m, deed);
    else
        places_apply(m, deed);
    places_settle(m);
    if (deed->verdict == GRANTED)
        model_keep_key(m, deed);
    if (deed->about >= 0)
        deed->stood = m->referrals[deed->about].state;
}
