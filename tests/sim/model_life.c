/* model_life.c - the life of a referral (section 4), who may do what, and who is told. */
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/model.h"

#define HOUR 3600000LL
#define DAY  (24 * HOUR)

#define EV(name) REFERRAL__EVENT_TYPE__EVENT_##name
#define ST(name) REFERRAL__STATE__##name

static const char *const names[] = {"V1", "T07", "T08", "H1", "H2", "C1", "OP", "?", "nobody"};

const char *party_name(enum house party)
{
    return names[party];
}

enum house party_of(const char *name)
{
    for (enum house party = V1; name != NULL && party < PARTIES; party++)
        if (strcmp(names[party], name) == 0)
            return party;
    return NOBODY;
}

/* ---- The table that was written by hand ---- */

static int event_of(const char *word)
{
    char name[40] = "EVENT_";
    size_t size = strlen(name);

    for (; *word != '\0' && size < sizeof name - 1; word++)
        name[size++] = *word == '-' ? '_' : (char)(*word - 'a' + 'A');
    name[size] = '\0';

    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value_by_name(&referral__event_type__descriptor, name);

    assert(value != NULL);
    return value->value;
}

static void load_life(struct model *m, bool down, json_t *life)
{
    const char *state, *who;
    json_t *parties, *events, *event;
    size_t i;

    json_object_foreach(life, state, parties)
    {
        const ProtobufCEnumValue *value =
            protobuf_c_enum_descriptor_get_value_by_name(&referral__state__descriptor, state);

        assert(value != NULL);
        json_object_foreach(parties, who, events)
        {
            json_array_foreach(events, i, event)
            {
                m->may[down][value->value][event_of(json_string_value(event))][strcmp(who, "receiver") == 0] = true;
            }
        }
    }
}

void model_load_table(struct model *m)
{
    json_t *table = json_load_file(LIFECYCLE, 0, NULL);

    assert(table != NULL);
    load_life(m, false, json_object_get(table, "up"));
    load_life(m, true, json_object_get(table, "down"));
    json_decref(table);
}

void model_open(struct model *m)
{
    *m = (struct model){
        .referrals = calloc(MODEL_REFERRALS, sizeof *m->referrals),
        .messages = calloc(MODEL_MESSAGES, sizeof *m->messages),
        .keys = calloc(MODEL_KEYS, sizeof *m->keys),
    };
    assert(m->referrals != NULL && m->messages != NULL && m->keys != NULL);
    for (enum house party = V1; party < PARTIES; party++)
        m->urgent_ms[party] = 7200000;
    model_load_table(m);
}

void model_close(struct model *m)
{
    free(m->referrals);
    free(m->messages);
    free(m->keys);
}

bool model_is_terminal(int state)
{
    return state >= ST(CLOSED);
}

bool model_is_before_arrival(int state)
{
    return state <= ST(NO_SHOW);
}

/* ---- Who ---- */

bool model_acts_for(enum house who, enum house principal)
{
    return who == principal || (who == T07 && principal == V1);
}

static bool is_child_receiver(const struct model *m, const struct model_referral *r, enum house who)
{
    return r->state == ST(RETURNED) && r->child >= 0 && model_acts_for(who, m->referrals[r->child].receiver);
}

bool model_sees(const struct model_referral *r, enum house who)
{
    return model_acts_for(who, r->sender) || model_acts_for(who, r->receiver) || who == OP;
}

bool model_is_party(const struct model *m, const struct model_referral *r, enum house who)
{
    return model_sees(r, who) || is_child_receiver(m, r, who);
}

int model_find(const struct model *m, const char *id)
{
    for (int i = 0; id != NULL && i < m->referral_count; i++)
        if (strcmp(m->referrals[i].id, id) == 0)
            return i;
    return -1;
}

static bool is_in_hand(int state)
{
    return state == ST(ARRIVED) || state == ST(IN_CARE) || state == ST(CANCEL_REQUESTED);
}

bool model_may(const struct model *m, const struct model_referral *r, int event, enum role_in by)
{
    bool emergency = r->priority == REFERRAL__PRIORITY__EMERGENCY;

    switch ((int)by) {
    case AS_SENDER:
        if (event == EV(AMEND) && emergency && !r->down && is_in_hand(r->state))
            return true;
        return m->may[r->down][r->state][event][0];
    case AS_RECEIVER:
        return m->may[r->down][r->state][event][1];
    case AS_CHILD_RECEIVER:
        return event == EV(CONFIRM_RECEIPT) && (r->state == ST(REPORTED) || r->state == ST(RETURNED)) && !r->down;
    case AS_OPERATOR:
        return event == EV(VOID) && r->state != ST(VOID);
    default:
        return true;
    }
}

/* ---- Being told (L2) ---- */

static void tell(struct model *m, enum house to, const struct model_referral *r, int event, enum house cause)
{
    model_put(m, to, r, false, event, cause);
}

/* The team's institution, where it is no party itself and acts for the sender (T6). */
static void tell_team(struct model *m, const struct model_referral *r, int event, enum house but, enum house speaker)
{
    bool spoke = but == r->sender && speaker == T07;

    if (r->team && r->sender == V1 && r->receiver != T07 && but != T07 && !spoke)
        tell(m, T07, r, event, but);
}

void model_tell(struct model *m, struct model_referral *r, int event, enum house but, enum house speaker)
{
    if (r->sender != but)
        tell(m, r->sender, r, event, but);
    if (r->receiver != but)
        tell(m, r->receiver, r, event, but);
    tell_team(m, r, event, but, speaker);
}

/* ---- One step ---- */

struct happening {
    int event;
    enum role_in by;
    enum house but, speaker; /* who caused it is not told */
    const struct deed *deed; /* NULL: nobody's command */
};

static void step(struct model *m, struct model_referral *r, const struct happening *h);

static int at_least_delivered(int state)
{
    return state == ST(SUBMITTED) ? ST(DELIVERED) : state;
}

static int target(const struct model_referral *r, const struct happening *h)
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

static void remember(struct model_referral *r, const struct happening *h, int from)
{
    if (is_answer(r, h->event))
        r->answered = true;
    if (h->event == EV(SUPPLY_INFO) && !r->accepted)
        r->answered = false;
    r->accepted |= h->event == EV(ACCEPT);
    r->info_rounds += h->event == EV(REQUEST_INFO);
    r->rebookings += h->event == EV(BOOK) && from == ST(NO_SHOW);
    r->reported |= h->event == EV(REPORT) || (h->deed != NULL && h->deed->has_report);
    if (from != r->state && (r->state == ST(INFO_REQUESTED) || r->state == ST(CANCEL_REQUESTED)))
        r->previous = from;
    if (h->event == EV(BOOK) || h->event == EV(MOVE))
        model_book_time(r, h->deed->place_end);
}

/* L5: closing the down-referral closes its parent; if it ends otherwise, the parent is REPORTED again. */
static void end_return(struct model *m, struct model_referral *child, const struct happening *h)
{
    struct model_referral *parent = &m->referrals[child->parent];
    bool closed = child->state == ST(CLOSED);
    struct happening then = {.event = closed ? EV(CONFIRM_RECEIPT) : EV(RETURN_FAILED),
                             .by = closed ? AS_CHILD_RECEIVER : AS_BROKER,
                             .but = h->but,
                             .speaker = h->speaker};

    model_touch(m, parent);
    if (parent->state != ST(RETURNED) || parent->child != (int)(child - m->referrals))
        return;
    step(m, parent, &then);
    if (!closed)
        parent->child = -1;
    model_save(m, parent);
}

static void step(struct model *m, struct model_referral *r, const struct happening *h)
{
    int from;
    bool cured;

    if (h->by == AS_RECEIVER)
        confirm_delivery(m, r);
    from = r->state;
    r->state = target(r, h);
    if (r->state != from)
        r->since = m->now;
    remember(r, h, from);
    model_follow(m, r, h->event, &cured);
    if (h->event != EV(ACKNOWLEDGE))
        model_tell(m, r, h->event, h->but, h->speaker);
    r->audit[h->event]++;
    if (cured)
        model_tell(m, r, EV(CURED), NOBODY, h->speaker);
    if (r->down && r->parent >= 0 && model_is_terminal(r->state))
        end_return(m, r, h);
}

/* ---- The clock ---- */

static void remind(struct model *m, struct model_referral *r)
{
    const struct model_referral *child = r->state == ST(RETURNED) && r->child >= 0 ? &m->referrals[r->child] : NULL;

    tell(m, r->sender, r, EV(REMINDER), NOBODY);
    tell_team(m, r, EV(REMINDER), NOBODY, NOBODY);
    if (child != NULL && child->receiver != r->sender)
        tell(m, child->receiver, child, EV(REMINDER), NOBODY);
}

static void fall_due(struct model *m, struct model_referral *r, enum due due)
{
    struct happening h = {.by = AS_CLOCK, .but = NOBODY, .speaker = NOBODY};

    switch ((int)due) {
    case DUE_WARNING:
        r->warned = true;
        if (r->watch == WATCH_RECEIPT)
            remind(m, r);
        break;
    case DUE_ESCALATION:
        r->escalated = true;
        model_tell(m, r, EV(ESCALATED), NOBODY, NOBODY);
        break;
    case DUE_MISS:
        h.event = EV(NO_SHOW);
        step(m, r, &h);
        if (m->now + DAY > r->valid_until)
            r->valid_until = m->now + DAY;
        break;
    default:
        h.event = EV(EXPIRE);
        step(m, r, &h);
        break;
    }
}

static void touch_alone(struct model *m, struct model_referral *r)
{
    for (bool ran = false;; ran = true) {
        int64_t at;
        enum due due = model_due(m, r, &at);

        if (r->loose || due == DUE_NONE || at > m->now) {
            if (ran)
                model_save(m, r);
            return;
        }
        fall_due(m, r, due);
    }
}

void model_touch(struct model *m, struct model_referral *r)
{
    touch_alone(m, r);
    if (r->state != ST(RETURNED) || r->child < 0)
        return;
    touch_alone(m, &m->referrals[r->child]);
    touch_alone(m, r);
}

void model_clock(struct model *m)
{
    for (;;) {
        struct model_referral *first = NULL;
        int64_t at;

        for (struct model_referral *r = m->referrals; r < m->referrals + m->referral_count; r++)
            if (r->due_at != 0 && r->due_at <= m->now && !r->loose && (first == NULL || r->due_at < first->due_at))
                first = r;
        if (first == NULL)
            return;
        at = first->due_at;
        model_touch(m, first);
        if (first->due_at == at)
            model_save(m, first);
    }
}

/* ---- Commands ---- */

static const int tiers[] = {[V1] = 1, [T07] = 2, [T08] = 2, [H1] = 3, [H2] = 3, [C1] = 4};

static int direction_of(enum house from, enum house to)
{
    return tiers[from] < tiers[to]   ? REFERRAL__DIRECTION__UP
           : tiers[from] > tiers[to] ? REFERRAL__DIRECTION__DOWN
                                     : REFERRAL__DIRECTION__LATERAL;
}

/* T3, T4: all but C1 are of one consortium; H1 and T07 have relations with it. Equal tiers need one, and have none. T7: an emergency needs none. */
bool model_has_relation(enum house from, enum house to)
{
    return (from == C1 && (to == H1 || to == T07)) || (to == C1 && (from == H1 || from == T07));
}

/* A deny, or a receiver that is disabled, stops everything (T4, T7). */
static bool is_route(const struct model *m, enum house from, enum house to, int direction, int priority)
{
    bool related = (from != C1 && to != C1) || model_has_relation(from, to);

    if (to >= INBOXES || from == to || m->denied[from][to] || m->disabled[to])
        return false;
    if (priority == REFERRAL__PRIORITY__EMERGENCY)
        return true;
    if (m->disabled[from])
        return false;
    return direction == direction_of(from, to) && direction != REFERRAL__DIRECTION__LATERAL && related;
}

static struct model_referral *new_referral(struct model *m)
{
    struct model_referral *r = &m->referrals[m->referral_count];

    assert(m->referral_count < MODEL_REFERRALS);
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

/* L5: its submission returns the parent, and whoever did not cause that is told (L2). Whether a loose parent was still late, only the broker knows: it
 * is told "once when cured" (L4), and that may have been long ago. So of a loose one no more is foretold. */
static void send_back(struct model *m, struct model_referral *parent, const struct model_referral *child,
                      enum house speaker)
{
    struct happening h = {.event = EV(RETURN), .by = AS_RECEIVER, .but = parent->receiver, .speaker = speaker};

    parent->child = (int)(child - m->referrals);
    if (parent->loose) {
        parent->state = ST(RETURNED);
        model_tell(m, parent, h.event, h.but, h.speaker);
        return;
    }
    step(m, parent, &h);
    model_save(m, parent);
}

static void submit(struct model *m, struct deed *deed)
{
    bool returns = false;
    bool fits = deed->referral < 0 || parent_fits(m, deed, &returns);
    struct model_referral *r, *parent = deed->referral < 0 ? NULL : &m->referrals[deed->referral];

    if (!fits || deed->is_bad || !is_route(m, deed->actor, deed->to, deed->direction, deed->priority)) {
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
    if (parent != NULL) {
        r->journey = parent->journey;
        r->parent = deed->referral;
        r->loose = parent->loose;
    }
    model_begin(m, r);
    model_put(m, r->receiver, r, true, EV(SUBMIT), r->sender);
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

/* An EVENT's place is an hour long. */
static bool guards(const struct model *m, const struct model_referral *r, const struct deed *deed, enum role_in by)
{
    switch (deed->event) {
    case EV(REQUEST_INFO):
        return r->info_rounds < 3;
    case EV(REDIRECT):
        return r->hops < 3 && deed->to < INBOXES && !was_there(m, r, deed->to) &&
               is_route(m, r->sender, deed->to, r->direction, r->priority);
    case EV(MOVE):
        return m->now < deed->place_end - HOUR;
    case EV(BOOK):
        if (m->now >= deed->place_end - HOUR)
            return false; /* Q6: no place is taken at or after its start */
        if (r->state == ST(NO_SHOW) && r->rebookings >= 2)
            return false;
        if (r->state <= ST(DELIVERED) && deed->place_class == REFERRAL__PLACE_CLASS__BED)
            return false; /* Q5: direct booking is off for beds */
        return true;
    case EV(CLOSE):
        return r->reported || deed->has_report;
    case EV(VOID):
        return by != AS_SENDER || m->now < r->submitted_at + DAY;
    case EV(AMEND):
        return r->version < MODEL_VERSIONS - 1;
    case EV(WAITLIST):
    case EV(DISPLACE):
        return false; /* said to the pool, by the commands for places */
    default:
        return true;
    }
}

/* A party in several ways acts in the first that may. */
static bool find_role(const struct model *m, const struct model_referral *r, const struct deed *deed,
                      enum role_in *ret_by)
{
    bool is[] = {[AS_SENDER] = model_acts_for(deed->actor, r->sender),
                 [AS_RECEIVER] = model_acts_for(deed->actor, r->receiver),
                 [AS_OPERATOR] = deed->actor == OP,
                 [AS_CHILD_RECEIVER] = is_child_receiver(m, r, deed->actor)};
    bool late = false;

    for (enum role_in by = AS_SENDER; by <= AS_CHILD_RECEIVER; by++) {
        if (!is[by] || !model_may(m, r, deed->event, by))
            continue;
        if (by == AS_SENDER && deed->event == EV(VOID) && m->now >= r->submitted_at + DAY) {
            late = true;
            continue;
        }
        *ret_by = by;
        return true;
    }
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
    child->info_rounds = child->rebookings = 0;
    child->no_show_at = 0;
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
    struct happening h = {.event = EV(CONFIRM_RECEIPT), .by = AS_RECEIVER, .speaker = deed->speaker};

    if (child == NULL || !model_acts_for(deed->actor, child->receiver))
        return;
    model_touch(m, child);
    if (!model_may(m, child, EV(CONFIRM_RECEIPT), AS_RECEIVER))
        return;
    h.but = child->receiver;
    step(m, child, &h);
    model_save(m, child);
}

static enum house cause_of(const struct model_referral *r, const struct deed *deed, enum role_in by)
{
    return by == AS_SENDER ? r->sender : by == AS_RECEIVER ? r->receiver : by == AS_OPERATOR ? NOBODY : deed->actor;
}

static void event(struct model *m, struct deed *deed)
{
    struct model_referral *r = &m->referrals[deed->referral];
    struct happening h = {.event = deed->event, .speaker = deed->speaker, .deed = deed};

    deed->about = deed->referral;
    deed->verdict = REFUSED;
    model_touch(m, r);
    if (!model_is_party(m, r, deed->actor))
        return;
    if (r->loose) {
        deed->verdict = UNKNOWN;
        return;
    }
    if (!find_role(m, r, deed, &h.by) || deed->is_bad || !guards(m, r, deed, h.by))
        return;
    deed->verdict = GRANTED;
    if (deed->event == EV(AMEND))
        r->sheets[++r->version] = deed->sheet;
    if (deed->event == EV(REDIRECT))
        redirect(m, r, deed);
    h.but = cause_of(r, deed, h.by);
    step(m, r, &h);
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

        if (key->actor != deed->actor || strcmp(key->message_id, deed->message_id) != 0)
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
    *key = (struct model_key){
        .actor = deed->actor, .kind = deed->kind, .body = deed->body, .about = deed->about, .child = deed->child};
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
        deed->verdict = UNKNOWN;
    if (deed->verdict == GRANTED)
        model_keep_key(m, deed);
    if (deed->about >= 0)
        deed->stood = m->referrals[deed->about].state;
}
