/* event.c - one path for every event of section 4: whose referral, which row of the table, what it must carry, then the
 * step. */
#include "engine/binary.h"
#include "engine/booking.h"
#include "engine/event_parts.h"
#include "engine/families.h"

#define INFO_ROUNDS_MAX 3
#define VOID_WITHIN_MS  DAY_MS
#define FULL_RETRY_MS   30000

/* The roles through which a key acts as a party: a hospital's schedulers book and see patients arrive. */
static bool may_act_as(const struct work *work, enum party party, enum event type)
{
    bool scheduling = type == BOOK || type == MOVE || type == CANCEL_BOOKING || type == WAITLIST ||
                      type == LEAVE_LIST || type == DISPLACE || type == ARRIVE || type == MISS;

    switch (party) {
    case BY_SENDER:
        return has_role(work, REFERRAL__ROLE__REFER);
    case BY_RECEIVER:
        return has_role(work, REFERRAL__ROLE__RECEIVE) || (scheduling && has_role(work, REFERRAL__ROLE__SCHEDULE));
    case BY_CHILD_RECEIVER:
        return has_role(work, REFERRAL__ROLE__RECEIVE);
    case BY_OPERATOR:
        return has_role(work, REFERRAL__ROLE__OPERATE);
    case BY_BROKER:
    case BY_CLOCK:
        break;
    }
    return false;
}

static int parties_of(const struct work *work, const struct life_of *life, enum event type)
{
    static const enum party parties[] = {BY_SENDER, BY_RECEIVER, BY_CHILD_RECEIVER, BY_OPERATOR};
    int held = life_party(work, life), may = 0;

    for (size_t i = 0; i < sizeof parties / sizeof *parties; i++)
        if ((held & (int)parties[i]) != 0 && may_act_as(work, parties[i], type))
            may |= (int)parties[i];
    return may;
}

/* Void by its originator, while it is neither late nor arrived; else an operator's (section 4). */
static bool is_too_late(const struct happening *happening)
{
    struct instant submitted = instant_of(happening->life->row->submitted_at_ms);

    return happening->type == ANNUL && happening->by == BY_SENDER &&
           happening->work->now.ms >= instant_after(submitted, VOID_WITHIN_MS).ms;
}

/* The row for the first of these parties that has one. */
static void look_for_row(struct happening *happening, int parties)
{
    const Record__Referral *row = happening->life->row;

    for (int by = BY_SENDER; by <= BY_CHILD_RECEIVER; by <<= 1) {
        const struct transition *found = (parties & by) == 0
                                             ? NULL
                                             : lifecycle_find((enum life)row->life, (enum state)row->state,
                                                              happening->type, by, (Referral__Priority)row->priority);

        if (found == NULL || (happening->row != NULL && !is_too_late(happening)))
            continue;
        happening->row = found;
        happening->by = by;
    }
}

/* What the actor is itself goes before what it may speak for. */
static void find_row(struct happening *happening, int parties)
{
    look_for_row(happening, parties & life_own_party(happening->work, happening->life));
    look_for_row(happening, parties);
}

/* Who books or moves a unit, waits for one or takes one away says so to its pool, by the commands for places. L5: a
 * down-referral is never booked. */
static enum refusal refuse_booking(const struct happening *happening)
{
    bool books = happening->type == BOOK || happening->type == MOVE || happening->type == WAITLIST;
    bool unit = happening->type == WAITLIST || happening->type == DISPLACE ||
                (happening->type == MOVE && booking_main(happening->work, happening->life) != NULL);

    if (books && happening->life->row->life == LIFE_DOWN)
        return REFUSED_DOWN_NEVER_BOOKED;
    return unit ? REFUSED_USE_PLACES : REFUSED_NOT;
}

/* D6: what the store has no room for when it is full; what answers, moves on or ends a referral goes on. */
static bool is_new_work(enum event type)
{
    return type == BOOK || type == AMEND || type == REDIRECT;
}

/* L1. The submission of a referral and of its return is not an EVENT. */
static bool find_step(struct happening *happening)
{
    struct work *work = happening->work;
    enum refusal booking = refuse_booking(happening);
    int parties = parties_of(work, happening->life, happening->type);

    if (happening->type == SUBMIT || happening->type == RETURN)
        return refuse(work, REFUSED_BAD_VALUE, "type");
    if (parties == 0)
        return refuse(work, REFUSED_NOT_ALLOWED, NULL);
    if (booking != REFUSED_NOT)
        return life_refuse(work, happening->life, parties, booking, "type");
    find_row(happening, parties);
    if (happening->row == NULL)
        return life_refuse(work, happening->life, parties, REFUSED_NOT_NOW, "type");
    if (is_too_late(happening))
        return refuse(work, REFUSED_TOO_LATE, "type");
    work->decides_for = happening->by == BY_RECEIVER ? happening->life->row->receiver_number : 0;
    if (work->full && is_new_work(happening->type))
        return refuse_retry(work, REFUSED_DISK_FULL, FULL_RETRY_MS);
    return true;
}

static bool check(struct happening *happening)
{
    const Record__Referral *row = happening->life->row;

    happening->sender = registry_institution(happening->work, row->sender);
    happening->receiver = registry_institution(happening->work, row->receiver);
    if (happening->sender == NULL || happening->receiver == NULL)
        return refuse(happening->work, REFUSED_NOT_FOUND,
                      "referral_id"); /* institutions are never deleted: a failing store */
    event_check_fields(happening);
    if (happening->type == REQUEST_INFO && row->info_rounds >= INFO_ROUNDS_MAX)
        refuse(happening->work, REFUSED_TOO_MANY_ROUNDS, "type");
    if (happening->type == AMEND)
        event_check_amend(happening);
    if (happening->type == REDIRECT)
        event_check_redirect(happening);
    if (happening->type == BOOK || happening->type == MOVE)
        event_check_place(happening);
    if (happening->type == CANCEL_BOOKING || happening->type == MISS)
        event_check_unit(happening);
    return !is_refused(happening->work);
}

/* L2: who caused it is not told. An operator is no party. */
static uint32_t cause_of(const struct happening *happening)
{
    const Record__Referral *row = happening->life->row;

    switch (happening->by) {
    case BY_SENDER:
        return row->sender_number;
    case BY_RECEIVER:
        return row->receiver_number;
    case BY_OPERATOR:
        return 0;
    default:
        return happening->work->actor_number;
    }
}

/* L5 closes the parent with the down-referral. The other way round: whoever received that one and confirms the receipt
 * on the parent has taken the patient over too, and is not to be asked again. */
static void take_over(struct happening *happening)
{
    struct work *work = happening->work;
    const Record__Referral *parent = happening->life->row;
    struct life_of *child = parent->has_child ? life_load(work, life_id_of(parent->child)) : NULL;
    const struct transition *row;

    if (child == NULL || (life_party(work, child) & BY_RECEIVER) == 0 ||
        !may_act_as(work, BY_RECEIVER, CONFIRM_RECEIPT))
        return;
    row = lifecycle_find((enum life)child->row->life, (enum state)child->row->state, CONFIRM_RECEIPT, BY_RECEIVER,
                         (Referral__Priority)child->row->priority);

    struct step step = {.event = CONFIRM_RECEIPT,
                        .by = BY_RECEIVER,
                        .by_name = work->actor,
                        .by_number = child->row->receiver_number,
                        .detail = happening->event};

    if (row == NULL)
        return;
    life_step(work, child, row, &step);
    life_save(work, child);
}

static void happen(struct happening *happening)
{
    struct work *work = happening->work;

    if (happening->type == AMEND)
        event_amend(happening);
    if (happening->type == REDIRECT)
        event_redirect(happening);
    if (happening->type == BOOK)
        event_book(happening);

    struct step step = {.event = happening->type,
                        .by = happening->by,
                        .by_name = happening->by == BY_OPERATOR ? "operator" : work->actor,
                        .by_number = cause_of(happening),
                        .detail = happening->event,
                        .original = binary_bytes(work->command->body),
                        .child_referral_id = happening->child_referral_id,
                        .audited = true};

    life_step(work, happening->life, happening->row, &step);
    life_save(work, happening->life);
    if (happening->type == CONFIRM_RECEIPT)
        take_over(happening);
    life_reply(work, happening->life);
    FIELD_SET(&work->audit, event, (Referral__EventType)happening->type);
    work->audit.subject = work->reply.referral_id;
}

/* P2: what is not the actor's and what does not exist answer alike. */
static struct life_of *load(struct work *work, const Referral__Event *event)
{
    struct life_of *life = NULL;
    struct id id;

    if (event->referral_id == NULL)
        refuse(work, REFUSED_MISSING, "referral_id");
    if (!event->has_type)
        refuse(work, REFUSED_MISSING, "type");
    if (is_refused(work))
        return NULL;
    if (work_parse_id(work, event->referral_id, &id))
        life = life_load(work, id);
    if (life == NULL || life_party(work, life) == 0) {
        refuse(work, REFUSED_NOT_FOUND, "referral_id");
        return NULL;
    }
    return life;
}

bool event_apply(struct work *work)
{
    const Referral__Event *event = (const Referral__Event *)work->body;
    struct happening happening = {
        .work = work, .event = event, .type = (enum event)event->type, .life = load(work, event)};

    if (happening.life == NULL || !find_step(&happening) || !check(&happening))
        return false;
    happen(&happening);
    return true;
}
