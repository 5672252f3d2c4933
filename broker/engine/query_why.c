/* query_why.c - gathers the facts of one referral for the sentence of why.c: whose turn, what waits in that inbox, whom
 * to call. */
#include "engine/asking.h"
#include "engine/claim.h"
#include "engine/life.h"
#include "engine/why.h"

/* Rows of an inbox that are looked through: for the message itself, and for what goes before it. */
#define ROWS_MAX 1000

struct turn_of {                 /* whose turn it is, and whose inbox news of it waits in */
    const Record__Referral *row; /* the child's where its receiver is to act */
    struct id id;
    enum called called;
};

static const char *name_of(struct asking *asking, const char *id)
{
    const struct registry_institution *found = registry_institution(&asking->work, id);

    return found != NULL && found->institution->name != NULL ? found->institution->name : id;
}

/* Where the broker or the patient acts next, the receiver is whom to ask. */
static struct turn_of turn_of(struct id id, const Record__Referral *row, struct id child_id,
                              const Record__Referral *child)
{
    const char *next = state_next_actor((enum life)row->life, (enum state)row->state, child != NULL);

    if (strcmp(next, "primary") == 0 && child != NULL)
        return (struct turn_of){child, child_id, CALL_RECEIVER};
    return (struct turn_of){row, id, strcmp(next, "sender") == 0 ? CALL_SENDER : CALL_RECEIVER};
}

static const char *institution_of(const struct turn_of *turn)
{
    return turn->called == CALL_SENDER ? turn->row->sender : turn->row->receiver;
}

static uint32_t number_of(const struct turn_of *turn)
{
    return turn->called == CALL_SENDER ? turn->row->sender_number : turn->row->receiver_number;
}

/* D3: higher lanes and earlier messages go first. */
static uint64_t ahead_of(struct asking *asking, struct inbox_ref ref)
{
    const Record__Books *books = books_of(asking->work.txn, ref.institution);
    struct inbox_ref at = {.institution = ref.institution, .lane = ref.lane};
    uint64_t ahead = 0;

    if (ref.lane > REFERRAL__PRIORITY__EMERGENCY)
        ahead += books->waiting_emergency;
    if (ref.lane > REFERRAL__PRIORITY__URGENT)
        ahead += books->waiting_urgent;
    for (int i = 0; i < ROWS_MAX; i++) {
        if (inbox_row_next(asking->work.txn, at, &at) == NULL || at.index > ref.index ||
            (at.index == ref.index && at.ordinal >= ref.ordinal))
            break;
        ahead++;
    }
    return ahead;
}

/* Somebody who asks at a desk, by the key of the house, is connected and takes nothing: of its system that says
 * nothing. */
static bool is_there(const struct asking *asking, uint32_t institution, const struct live_inbox *live)
{
    const struct work *work = &asking->work;
    bool asks = institution == work->speaker_number && has_role(work, REFERRAL__ROLE__RECEIVE);

    return live->consumers != 0 || live->connections > (asks ? 1U : 0U);
}

static void waiting_facts(struct asking *asking, struct inbox_ref ref, const Record__Inbox *waiting, struct why *why)
{
    struct live_inbox live = asking->live->inbox(asking->live->user, ref.institution);

    why->attempt = waiting->failed + 1;
    if (asking->live->in_flight(asking->live->user, ref)) {
        why->delivery = WHY_IN_FLIGHT;
    } else if (!is_there(asking, ref.institution, &live)) {
        why->delivery = WHY_NO_CONSUMER;
        why->at = instant_of(books_of(asking->work.txn, ref.institution)->last_ack_ms);
    } else if (waiting->not_before_ms > asking->work.now.ms) {
        why->delivery = WHY_BACK_OFF;
        why->attempt = waiting->failed;
        why->at = instant_of(waiting->not_before_ms);
    } else {
        why->ahead = ahead_of(asking, ref);
        why->delivery = why->ahead > 0 ? WHY_BEHIND : live.credit > 0 ? WHY_NEXT : WHY_NO_CREDIT;
    }
}

static bool is_sheet(const Record__Inbox *message)
{
    return message->kind == (uint32_t)REFERRAL__DELIVERY_KIND__SHEET;
}

/* D5: a sheet that was neither delivered nor waits is among the dead letters; where it is not there, an operator
 * dropped it. After a bounded number of them nobody knows. */
static void dead_facts(struct asking *asking, const struct turn_of *turn, struct why *why)
{
    struct inbox_ref at = {number_of(turn), (uint8_t)turn->row->priority, turn->id.index - 1, UINT16_MAX};

    for (int i = 0; i < ROWS_MAX; i++) {
        const Record__Dead *dead = dead_row_next(asking->work.txn, at, &at);

        if (dead == NULL) {
            why->delivery = WHY_DROPPED;
            why->is_sheet = true;
            return;
        }
        if (id_equal(life_id_of(dead->entry->referral), turn->id)) {
            why->delivery = WHY_DEAD;
            why->is_sheet = is_sheet(dead->entry);
            why->at = instant_of(dead->dead_at_ms);
            return;
        }
    }
}

static bool is_enabled(const Referral__Institution *institution)
{
    return !institution->has_enabled || institution->enabled;
}

static void delivery_facts(struct asking *asking, const struct turn_of *turn, struct why *why)
{
    const struct registry_institution *found = registry_institution(&asking->work, institution_of(turn));
    struct inbox_ref ref = {0};
    uint32_t left = ROWS_MAX;
    const Record__Inbox *waiting = query_waiting(asking, turn->id, turn->row, number_of(turn), &ref, &left);

    why->destination = name_of(asking, institution_of(turn));
    if (waiting == NULL) {
        if (turn->called == CALL_RECEIVER && !turn->row->has_delivered_at_ms && left > 0)
            dead_facts(asking, turn, why);
        return;
    }
    why->is_sheet = is_sheet(waiting);
    why->lost = waiting->returns;
    if (found != NULL && found->row->paused) {
        why->delivery = WHY_PAUSED;
        why->pause_reason = found->row->pause_reason;
        why->at = instant_of(found->row->paused_at_ms);
    } else if (found != NULL && !is_enabled(found->institution)) {
        why->delivery = WHY_DISABLED;
    } else {
        waiting_facts(asking, ref, waiting, why);
    }
}

/* What brought it into a state that it also comes back to, from a question, a booking or a cancellation that was not
 * granted; and a no-show, which the clock may have assumed. */
static enum event cause_of(enum state state)
{
    if (state == ACCEPTED)
        return ACCEPT;
    if (state == ARRIVED)
        return ARRIVE;
    if (state == IN_CARE)
        return START;
    if (state == NO_SHOW)
        return MISS;
    return state == REPORTED ? REPORT : EVENT_NONE;
}

static const Referral__TimelineEntry *entry_of(struct asking *asking, const Record__Timeline *row)
{
    return work_read(&asking->work, TABLE_TIMELINE, &referral__timeline_entry__descriptor, row->entry);
}

/* A place beside the main one may have been missed since. */
static bool is_another_place(const Referral__TimelineEntry *entry, const Record__Referral *row)
{
    return (enum event)entry->event == MISS && entry->at_ms != row->state_since_ms;
}

/* The last time that that happened; NULL: nothing of it is known. L5: REPORTED is also where a return that failed leads
 * back to. */
static const Referral__TimelineEntry *find_cause(struct asking *asking, struct id id, const Record__Referral *row)
{
    enum event cause = cause_of((enum state)row->state);

    for (uint32_t number = cause == EVENT_NONE ? 0 : row->timeline_next; number-- > 0;) {
        const Record__Timeline *line = timeline_row(asking->work.txn, id, number);
        const Referral__TimelineEntry *entry = line == NULL ? NULL : entry_of(asking, line);
        enum event event = entry == NULL ? EVENT_NONE : (enum event)entry->event;

        if ((event == cause && !is_another_place(entry, row)) || (event == RETURN_FAILED && cause == REPORT))
            return entry;
    }
    return NULL;
}

/* C1, Q8: what is claimed beside the entry is its offer, while that lives. */
static struct instant offered_until(struct asking *asking, const Record__Referral *row)
{
    const Record__Claim *claim = row->state == WAITLISTED ? claim_main(row) : NULL;
    const Record__Booking *offer =
        claim != NULL && claim->has_booking ? booking_row(asking->work.txn, life_id_of(claim->booking)) : NULL;

    return instant_of(offer != NULL && offer->expires_at_ms > asking->work.now.ms ? offer->expires_at_ms : 0);
}

static struct why facts_of(struct asking *asking, struct id id, const Record__Referral *row,
                           const Record__Referral *child)
{
    const struct registry_institution *asker = registry_institution(&asking->work, asking->work.actor);
    const Referral__TimelineEntry *cause = find_cause(asking, id, row);
    struct why why = {
        .life = (enum life)row->life,
        .state = (enum state)row->state,
        .child_open = child != NULL,
        .assumed = cause != NULL && cause->assumed,
        .booked_out = row->rebookings >= REBOOKINGS_MAX,
        .reason = (Referral__Reason)row->reason,
        .sender = name_of(asking, row->sender),
        .receiver = name_of(asking, row->receiver),
        .successor = child != NULL ? name_of(asking, child->receiver) : NULL,
        .now = asking->work.now,
        .since = instant_of(cause != NULL ? cause->at_ms : row->state_since_ms),
        .return_failed = cause != NULL && (enum event)cause->event == RETURN_FAILED,
        .offered_until = offered_until(asking, row),
        .place_start = instant_of(row->place != NULL ? row->place->start_ms : 0),
        .place_end = instant_of(row->place != NULL ? row->place->end_ms : 0),
        .submitted_at = instant_of(row->submitted_at_ms),
        .delivered_at = instant_of(row->delivered_at_ms),
        .clock = (enum clock_kind)row->clock_kind,
        .due_at = instant_of(row->clock_due_ms),
        .offset_minutes = asker != NULL ? asker->offset_minutes : 0,
    };

    return why;
}

/* Of the question, else of the session; Chinese where neither says. False after refusing a language we do not speak. */
static bool speaks_chinese(struct asking *asking, bool *ret_chinese)
{
    const Referral__ReferralQuery *query = (const Referral__ReferralQuery *)asking->work.body;
    const char *language = query->language != NULL ? query->language : asking->question->language;

    *ret_chinese = language == NULL || strcmp(language, "en") != 0;
    if (query->language != NULL && strcmp(query->language, "en") != 0 && strcmp(query->language, "zh") != 0)
        return refuse(&asking->work, REFUSED_BAD_VALUE, "language");
    return true;
}

static void view_of_turn(struct asking *asking, const struct turn_of *turn, const struct why *why,
                         Referral__WhyView *view)
{
    if (why->call != NULL) {
        view->call = arena_alloc(asking->work.arena, sizeof *view->call);
        *view->call = *why->call;
    }
    view->next_institution = arena_text(asking->work.arena, institution_of(turn));
}

ProtobufCMessage *query_why(struct asking *asking)
{
    Referral__WhyView *view = asking_message(asking, &referral__why_view__descriptor);
    const Record__Referral *row, *child = NULL;
    struct turn_of turn;
    struct why why;
    bool chinese;
    struct id id;
    int party;

    row = asking_find_referral(asking, &id, &party);
    if (row == NULL || !speaks_chinese(asking, &chinese))
        return NULL;
    if (row->child.len != 0)
        child = referral_row(asking->work.txn, life_id_of(row->child));
    why = facts_of(asking, id, row, child);
    if (!state_is_terminal(why.state)) {
        turn = turn_of(id, row, life_id_of(row->child), child);
        if (instant_is_set(why.offered_until))
            turn.called = CALL_SENDER;
        delivery_facts(asking, &turn, &why);
        why.call = query_contact(asking, turn.row, turn.called);
        view_of_turn(asking, &turn, &why, view);
    }
    view->referral_id = asking_id_text(asking, id);
    view->sentence = arena_text(asking->work.arena, why_sentence(asking->work.arena, &why, chinese));
    FIELD_SET(view, state, (Referral__State)row->state);
    view->next_actor = arena_text(asking->work.arena, state_next_actor(why.life, why.state, why.child_open));
    FIELD_SET(view, since_ms, row->state_since_ms);
    if (instant_is_set(why.offered_until))
        FIELD_SET(view, due_at_ms, why.offered_until.ms);
    else if (why.clock != CLOCK_NONE)
        FIELD_SET(view, due_at_ms, why.due_at.ms);
    view->waits_for = arena_text(asking->work.arena, why_waits_for(&why));
    return &view->base;
}
