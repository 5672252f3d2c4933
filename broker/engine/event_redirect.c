/* event_redirect.c - the receiver passes the patient on: the old referral ends, a child goes to the new receiver in one
 * transaction. */
#include "engine/admission.h"
#include "engine/event_parts.h"
#include "engine/inbox.h"

/* Never back: neither to whoever redirected it before, nor to the redirector itself. */
static bool was_there(struct work *work, const struct life_of *life, uint32_t receiver)
{
    const Record__Referral *row = life->row;
    struct id id;

    for (int hop = 0; row != NULL && hop <= REDIRECTS_MAX; hop++) {
        if (row->receiver_number == receiver)
            return true;
        row = referral_before(work->txn, row, &id);
    }
    return false;
}

/* D6: to the next inbox it is a new submission. */
static void check_room(const struct happening *happening, const struct registry_institution *receiver)
{
    struct work *work = happening->work;
    const struct life_of *life = happening->life;
    struct bytes sheet = {0};
    uint32_t retry_ms;

    referral_sheet(work->txn, life->id, life->row, life->row->sheet_version, &sheet);
    if (inbox_admits(work, receiver->row->number, (Referral__Priority)life->row->priority, sheet.size, &retry_ms) !=
        REFUSED_NOT)
        refuse_retry(work, REFUSED_INBOX_FULL, retry_ms);
}

void event_check_redirect(struct happening *happening)
{
    struct work *work = happening->work;
    const Record__Referral *row = happening->life->row;
    const Referral__Event *event = happening->event;
    const struct registry_institution *to = registry_institution(work, event->receiver);
    struct route route = {.sender = happening->sender->institution,
                          .receiver = to == NULL ? NULL : to->institution,
                          .direction = (Referral__Direction)row->direction,
                          .kind = row->has_kind ? (Referral__ReferralKind)row->kind : 0,
                          .department = event->department,
                          .emergency = row->priority == REFERRAL__PRIORITY__EMERGENCY};

    if (row->hops >= REDIRECTS_MAX)
        refuse(work, REFUSED_TOO_MANY_HOPS, "type");
    if (event->receiver == NULL)
        return; /* MISSING already */
    if (to != NULL && was_there(work, happening->life, to->row->number))
        refuse(work, REFUSED_REDIRECT_BACK, "receiver");
    else
        happening->gaps = admission_route(work, route);
    happening->new_receiver = to;
    if (to != NULL && !is_refused(work))
        check_room(happening, to);
}

/* Sender, team, sheet and journey stay; the life begins anew. */
static struct life_of *make_child(const struct happening *happening)
{
    struct work *work = happening->work;
    const struct life_of *parent = happening->life;
    const Record__Referral *from = parent->row;
    struct life_of *child = life_new(work);
    Record__Referral *row = child->row;

    row->sender = from->sender;
    FIELD_SET(row, sender_number, from->sender_number);
    row->receiver = happening->new_receiver->institution->id;
    FIELD_SET(row, receiver_number, happening->new_receiver->row->number);
    row->submitted_by = from->submitted_by;
    row->has_submitted_by_number = from->has_submitted_by_number;
    row->submitted_by_number = from->submitted_by_number;
    row->message_id = from->message_id;
    row->sender_reference = from->sender_reference;
    row->department = happening->event->department;
    row->team_id = from->team_id;
    FIELD_SET(row, direction, from->direction);
    row->has_kind = from->has_kind;
    row->kind = from->kind;
    FIELD_SET(row, priority, from->priority);
    row->has_category = from->has_category;
    row->category = from->category;
    FIELD_SET(row, life, from->life);
    FIELD_SET(row, eligible_down, from->eligible_down);
    row->has_patient = from->has_patient;
    row->patient = from->patient;
    FIELD_SET(row, hops, from->hops + 1);
    FIELD_SET(row, sheet_version, from->sheet_version);
    FIELD_SET(row, journey, from->journey);
    row->has_parent = from->has_parent;
    row->parent = from->parent;
    row->external_parent = from->external_parent;
    FIELD_SET(row, redirected_from, life_id_bytes(work, parent->id));
    return child;
}

void event_redirect(struct happening *happening)
{
    struct work *work = happening->work;
    struct life_of *parent = happening->life;
    struct life_of *child = make_child(happening);
    const Record__Referral *row = child->row;
    struct bytes sheet = {0};

    referral_sheet(work->txn, child->id, row, row->sheet_version, &sheet);
    life_begin(work, child);
    inbox_put_sheet(work, row->receiver_number, (Referral__Priority)row->priority, child->id, REDIRECT,
                    row->sheet_version, sheet.size, row->sender_number);
    life_save(work, child);
    journey_add(work->txn, life_id_of(row->journey), child->id);
    meta_row(work->txn)->referrals++;
    if (row->priority == REFERRAL__PRIORITY__EMERGENCY)
        admission_report_gaps(work, row->sender, row->receiver, happening->gaps);
    FIELD_SET(parent->row, child, life_id_bytes(work, child->id));
    happening->child_referral_id = work_id_text(work, child->id);
    work->reply.child_referral_id = arena_text(work->arena, happening->child_referral_id);
}
