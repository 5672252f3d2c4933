/* life.c - one referral: read, moved along the table, told of, written. */
#include "engine/life.h"

#include <assert.h>

#include "engine/binary.h"
#include "engine/booking.h"
#include "engine/inbox.h"
#include "engine/life_clock.h"
#include "engine/tidings.h"
#include "store/sense.h"

static_assert(SENSE_STATE_LAST == STATE_COUNT - 1 && SENSE_LIFE_LAST == LIFE_DOWN &&
                  SENSE_EVENT_LAST == EVENT_COUNT - 1 && SENSE_CLOCK_LAST == CLOCK_RECEIPT &&
                  SENSE_PRIORITY_LAST == REFERRAL__PRIORITY__ROUTINE &&
                  SENSE_REASON_LAST == REFERRAL__REASON__OTHER_REASON,
              "what the store takes for a referral");

struct id life_id_of(ProtobufCBinaryData bytes)
{
    return bytes.len == ID_KEY_SIZE ? id_from_key(bytes.data) : (struct id){0};
}

ProtobufCBinaryData life_id_bytes(struct work *work, struct id id)
{
    ProtobufCBinaryData bytes = {.len = ID_KEY_SIZE, .data = arena_alloc(work->arena, ID_KEY_SIZE)};

    id_to_key(bytes.data, id);
    return bytes;
}

struct life_of *life_new(struct work *work)
{
    struct life_of *life = arena_alloc(work->arena, sizeof *life);

    *life =
        (struct life_of){.id = work_new_id(work), .row = arena_alloc(work->arena, sizeof *life->row), .is_new = true};
    record__referral__init(life->row);
    FIELD_SET(life->row, schema, STORE_SCHEMA);
    return life;
}

void life_begin(struct work *work, struct life_of *life)
{
    FIELD_SET(life->row, state, SUBMITTED);
    FIELD_SET(life->row, state_since_ms, work->now.ms);
    FIELD_SET(life->row, submitted_at_ms, work->now.ms);
    life_clock_begin(work, life);
}

/* C3: what is due comes first. It is the clock's doing, so a command refused afterwards has still written nothing of
 * its own. */
static void catch_up(struct work *work, struct life_of *life)
{
    uint64_t own = store_put_count(work->txn) - work->put_mark;

    if (life_clock_run(work, life))
        life_save(work, life);
    work->put_mark = store_put_count(work->txn) - own;
}

static struct life_of *load_alone(struct work *work, struct id id)
{
    Record__Referral *row = referral_row(work->txn, id);

    if (row != NULL && booking_catch_up(work, row))
        row = referral_row(work->txn, id);
    if (row == NULL)
        return NULL;

    struct life_of *life = arena_alloc(work->arena, sizeof *life);

    *life = (struct life_of){.id = id, .row = row};
    catch_up(work, life);
    return life;
}

/* C3: a down-referral that is due ends first, and its parent is REPORTED again. */
struct life_of *life_load(struct work *work, struct id id)
{
    struct life_of *life = load_alone(work, id);
    const struct life_of *child;

    if (life == NULL || life->row->state != RETURNED || !life->row->has_child)
        return life;
    child = load_alone(work, life_id_of(life->row->child));
    return child != NULL && state_is_terminal((enum state)child->row->state) ? load_alone(work, id) : life;
}

/* P2, T5: a party is the institution itself, or one that may act for it. */
static bool is_or_acts_for(const struct work *work, uint32_t number, const char *institution)
{
    return work->actor_number == number || may_act_for(work, institution);
}

/* The down-referral that a parent waits for; NULL: none. */
static const Record__Referral *returned_child(const struct work *work, const Record__Referral *row)
{
    return row->state == RETURNED && row->has_child ? referral_row(work->txn, life_id_of(row->child)) : NULL;
}

int life_party(const struct work *work, const struct life_of *life)
{
    const Record__Referral *row = life->row, *child = returned_child(work, row);
    int party = 0;

    if (is_or_acts_for(work, row->sender_number, row->sender))
        party |= BY_SENDER;
    if (is_or_acts_for(work, row->receiver_number, row->receiver))
        party |= BY_RECEIVER;
    if (child != NULL && is_or_acts_for(work, child->receiver_number, child->receiver))
        party |= BY_CHILD_RECEIVER;
    if (has_role(work, REFERRAL__ROLE__OPERATE))
        party |= BY_OPERATOR;
    return party;
}

int life_own_party(const struct work *work, const struct life_of *life)
{
    const Record__Referral *row = life->row, *child = returned_child(work, row);
    int party = 0;

    if (row->sender_number == work->actor_number)
        party |= BY_SENDER;
    if (row->receiver_number == work->actor_number)
        party |= BY_RECEIVER;
    if (child != NULL && child->receiver_number == work->actor_number)
        party |= BY_CHILD_RECEIVER;
    return party;
}

static void set_state(struct work *work, struct life_of *life, enum state to)
{
    if (life->row->state == to)
        return;
    FIELD_SET(life->row, state, to);
    FIELD_SET(life->row, state_since_ms, work->now.ms);
    if (state_is_terminal(to))
        FIELD_SET(life->row, ended_at_ms, work->now.ms);
}

void life_confirm_delivery(struct work *work, struct life_of *life)
{
    if (!life->row->has_delivered_at_ms)
        FIELD_SET(life->row, delivered_at_ms, work->now.ms);
    if (life->row->state != SUBMITTED)
        return;
    set_state(work, life, DELIVERED);
    work_audit(work, DELIVERY_CONFIRMED, work_id_text(work, life->id), "broker");
}

static bool is_yes_to_cancel(const struct step *step)
{
    return step->event == ANSWER_CANCEL && step->detail != NULL && step->detail->agreed;
}

/* L4: what stops the answer clock, and supply-info, which lets it run anew unless a person has accepted. */
static void note_answer(struct work *work, Record__Referral *row, enum event event)
{
    if (deadline_is_answer((enum life)row->life, event, (Referral__Priority)row->priority) && !row->has_answered_at_ms)
        FIELD_SET(row, answered_at_ms, work->now.ms);
    if (event == SUPPLY_INFO && !row->accepted_by_person)
        FIELD_CLEAR(row, answered_at_ms);
    if (row->has_answered_at_ms && !row->has_first_answered_at_ms) {
        FIELD_SET(row, first_answered_at_ms, row->answered_at_ms);
        FIELD_SET(row, answered_late, row->clock_kind == CLOCK_ANSWER && row->answered_at_ms >= row->clock_due_ms);
    }
}

void life_place(struct work *work, struct life_of *life, const Referral__Place *place)
{
    Record__Place *kept = arena_alloc(work->arena, sizeof *kept);
    int64_t end_ms = place->has_end_ms ? place->end_ms : place->start_ms + HOUR_MS;

    record__place__init(kept);
    FIELD_SET(kept, class_, place->class_);
    FIELD_SET(kept, start_ms, place->start_ms);
    FIELD_SET(kept, end_ms, end_ms);
    kept->department = place->department;
    kept->doctor = place->doctor;
    life->row->place = kept;
    life_clock_book(work, life, instant_of(end_ms));
}

/* Whatever ends, ends with a coded reason: a granted request's is the one it was asked with, and any other answer
 * forgets it. */
static void note_reason(Record__Referral *row, const struct step *step, enum state from)
{
    const Referral__Event *detail = step->detail;
    enum state to = (enum state)row->state;

    if (detail != NULL && detail->has_reason && (state_is_terminal(to) || to == CANCEL_REQUESTED))
        FIELD_SET(row, reason, detail->reason);
    else if (from == CANCEL_REQUESTED && to != CANCEL_REQUESTED && to != CANCELLED)
        FIELD_CLEAR(row, reason);
}

/* What the record remembers of an event beyond its state. */
static void note_event(struct work *work, struct life_of *life, const struct step *step, enum state from)
{
    Record__Referral *row = life->row;
    const Referral__Event *detail = step->detail;

    note_answer(work, row, step->event);
    if (step->event == ACKNOWLEDGE && !row->has_acknowledged_at_ms)
        FIELD_SET(row, acknowledged_at_ms, work->now.ms);
    if (step->event == ACCEPT)
        FIELD_SET(row, accepted_by_person, true);
    if (step->event == REQUEST_INFO)
        FIELD_SET(row, info_rounds, row->info_rounds + 1);
    if (step->event == MISS)
        FIELD_SET(row, no_shows, row->no_shows + 1);
    if ((step->event == BOOK || step->event == WAITLIST) && from == NO_SHOW)
        FIELD_SET(row, rebookings, row->rebookings + 1);
    if (step->event == CANCEL_BOOKING || step->event == DISPLACE ||
        (state_is_before_arrival(from) && state_is_terminal((enum state)row->state)))
        row->place = NULL; /* L6 */
    if (step->event == REPORT || (detail != NULL && detail->n_diagnoses != 0))
        FIELD_SET(row, reported, true);
    if (from != row->state && (row->state == INFO_REQUESTED || row->state == CANCEL_REQUESTED))
        FIELD_SET(row, previous_state, from); /* not by what leaves it there: amend, acknowledge */
    if (detail != NULL && detail->place != NULL)
        life_place(work, life, detail->place);
    note_reason(row, step, from);
}

/* L6, Q7: what the event does to the places it has. Gives the one it is about, as it is afterwards; NULL: none. */
static const Referral__Booking *note_claims(struct work *work, struct life_of *life, const struct step *step,
                                            enum state from)
{
    enum state to = (enum state)life->row->state;
    const Referral__Event *detail = step->detail;
    const Referral__Booking *booking = step->booking;
    bool has_reason = detail != NULL && detail->has_reason;

    if (step->event == ARRIVE)
        booking = booking_arrived(work, life, from, instant_of(detail->occurred_at_ms));
    if (step->event == MISS)
        booking = booking_main_missed(work, life);
    if (step->event == CANCEL_BOOKING)
        booking = booking_main_cancelled(work, life, has_reason ? detail->reason : 0, step->by == BY_RECEIVER);
    if (step->event == LEAVE_LIST)
        booking_main_left(work, life);
    if ((step->event == BOOK || step->event == MOVE) && step->booking == NULL)
        booking_main_outside(work, life, detail->place->class_);
    work->gives_back = is_yes_to_cancel(step);
    if (state_is_terminal(to))
        booking_release_claims(work, life, state_is_before_arrival(from) || to == VOID || to == CANCELLED);
    work->gives_back = false;
    return booking;
}

/* L5: closing the down-referral closes its parent; if it ends otherwise, the parent is REPORTED again and its receiver
 * is told. */
static void end_return(struct work *work, const struct life_of *child, const struct step *cause)
{
    bool closed = child->row->state == CLOSED;
    struct life_of *parent = load_alone(work, life_id_of(child->row->parent)); /* the child is not saved yet */
    struct step step = {.event = closed ? CONFIRM_RECEIPT : RETURN_FAILED,
                        .by = closed ? BY_CHILD_RECEIVER : BY_BROKER,
                        .by_name = cause->by_name,
                        .by_number = cause->by_number,
                        .child_referral_id = work_id_text(work, child->id)};

    if (parent == NULL || parent->row->state != RETURNED || !id_equal(life_id_of(parent->row->child), child->id))
        return;
    life_step(work, parent,
              lifecycle_find(LIFE_UP, RETURNED, step.event, step.by, (Referral__Priority)parent->row->priority), &step);
    if (!closed)
        FIELD_CLEAR_BYTES(parent->row, child);
    life_save(work, parent);
}

static enum state target_of(const struct transition *row, const struct life_of *life, const struct step *step)
{
    if (is_yes_to_cancel(step))
        return CANCELLED;
    return lifecycle_target(row, (enum state)life->row->state, (enum state)life->row->previous_state,
                            life->row->accepted_by_person);
}

/* L2: these change timeline and queries only. */
static bool is_quiet(enum event event)
{
    return event == DELIVERY_CONFIRMED || event == ACKNOWLEDGE;
}

void life_step(struct work *work, struct life_of *life, const struct transition *row, const struct step *step)
{
    if (row == NULL) { /* whoever asks has looked; so the row says it is where it cannot be */
        store_damaged(work->txn, TABLE_REFERRAL, binary_bytes(life_id_bytes(work, life->id)));
        return;
    }
    if (step->by == BY_RECEIVER)
        life_confirm_delivery(work, life); /* a receiver's event on SUBMITTED implies it */

    enum state from = (enum state)life->row->state;
    struct tidings tidings = {.event = step->event,
                              .from = from,
                              .by_name = step->by_name,
                              .detail = step->detail,
                              .original = step->original,
                              .assumed = step->assumed,
                              .child_referral_id = step->child_referral_id,
                              .entry = step->entry};
    struct deadline stopped;

    set_state(work, life, target_of(row, life, step));
    if (step->by == BY_RECEIVER || state_is_terminal((enum state)life->row->state))
        inbox_take_sheet(work, life);
    note_event(work, life, step, from);
    tidings.booking = note_claims(work, life, step, from);

    bool cured = life_clock_follow(work, life, step->event, &stopped);

    tidings_record(work, life, &tidings);
    if (!is_quiet(step->event))
        tidings_notify_parties(work, life, &tidings, step->by_number);
    if (!step->audited)
        work_audit(work, step->event, work_id_text(work, life->id), step->by_name);
    if (cured)
        life_tell(work, life, CURED, step->by_name, clock_kind_name(stopped.kind), stopped.due_at);
    if (life->row->life == LIFE_DOWN && life->row->has_parent && state_is_terminal((enum state)life->row->state))
        end_return(work, life, step);
}

/* The receipt is the sender's to confirm, or the receiver's of the down-referral, who knows that one. */
static void remind(struct work *work, struct life_of *life, const struct tidings *tidings)
{
    struct id child_id = life_id_of(life->row->child);
    Record__Referral *child = life->row->state == RETURNED ? referral_row(work->txn, child_id) : NULL;

    tidings_notify(work, life, tidings, life->row->sender, 0);
    tidings_notify_team(work, life, tidings, 0);
    if (child != NULL && child->receiver_number != life->row->sender_number) {
        struct life_of returned = {.id = child_id, .row = child};
        struct tidings of_child = *tidings;

        of_child.from = (enum state)child->state;
        tidings_notify(work, &returned, &of_child, child->receiver, 0);
    }
}

void life_tell(struct work *work, struct life_of *life, enum event event, const char *by_name, const char *deadline,
               struct instant due_at)
{
    struct tidings tidings = {.event = event,
                              .from = (enum state)life->row->state,
                              .by_name = by_name,
                              .deadline = deadline,
                              .due_at = due_at};

    tidings_record(work, life, &tidings);
    if (event == ESCALATED || event == CURED)
        tidings_notify_parties(work, life, &tidings, 0);
    if (event == REMINDER)
        remind(work, life, &tidings);
}

void life_tell_delivery(struct work *work, struct life_of *life, const struct delivery_event *delivery)
{
    struct tidings tidings = {.event = delivery->event,
                              .from = (enum state)life->row->state,
                              .by_name = delivery->by_name,
                              .delivery = delivery};
    const char *institution = delivery->tell == 0 ? NULL : institution_id_of(work->txn, delivery->tell);

    tidings_record(work, life, &tidings);
    if (institution != NULL)
        tidings_notify(work, life, &tidings, institution, 0);
    if (delivery->tell == life->row->sender_number)
        tidings_notify_team(work, life, &tidings, delivery->at);
}

void life_save(struct work *work, struct life_of *life)
{
    life_clock_save(work, life);
    if (life->is_new)
        referral_row_add(work->txn, life->id, life->row);
    else
        referral_row_put(work->txn, life->id, life->row);
    life->is_new = false;
}

const char *life_next_actor(const struct life_of *life)
{
    const Record__Referral *row = life->row;

    return state_next_actor((enum life)row->life, (enum state)row->state,
                            row->state == RETURNED && id_is_set(life_id_of(row->child)));
}

bool life_refuse(struct work *work, const struct life_of *life, int by, enum refusal refusal, const char *field)
{
    const Record__Referral *row = life->row;
    Referral__Refusal *beside = &work->beside;
    enum event events[EVENT_TABLE_COUNT];
    size_t count =
        lifecycle_allowed((enum life)row->life, (enum state)row->state, by, (Referral__Priority)row->priority, events);

    beside->allowed_events = arena_alloc(work->arena, count * sizeof *beside->allowed_events);
    beside->n_allowed_events = count;
    for (size_t i = 0; i < count; i++)
        beside->allowed_events[i] = (Referral__EventType)events[i];
    FIELD_SET(beside, state, (Referral__State)row->state);
    beside->next_actor = arena_text(work->arena, life_next_actor(life));
    return refuse(work, refusal, field);
}

bool life_awaits_acceptance(const Record__Referral *row)
{
    return state_is_before_arrival((enum state)row->state) && !row->accepted_by_person;
}

void life_reply(struct work *work, const struct life_of *life)
{
    const Record__Referral *row = life->row;
    Referral__Reply *reply = &work->reply;

    reply->referral_id = arena_text(work->arena, work_id_text(work, life->id));
    reply->journey_id = arena_text(work->arena, work_id_text(work, life_id_of(row->journey)));
    if (work->actor_number == row->sender_number)
        reply->sender_reference = row->sender_reference;
    FIELD_SET(reply, state, (Referral__State)row->state);
    FIELD_SET(reply, core_status, state_core_status((enum state)row->state));
    FIELD_SET(reply, sheet_version, row->sheet_version);
    if (row->clock_kind == CLOCK_ANSWER)
        FIELD_SET(reply, answer_due_at_ms, row->clock_due_ms);
    if (row->eligible_down)
        FIELD_SET(reply, eligible_for_down_referral, true);
    reply->receiver_contact = tidings_call(work, life, CALL_RECEIVER);
}
