/* submit.c - a sheet becomes a referral: F and T, its place in a journey (L5), room (D6), and then five rows (design:
 * store layout). */
#include <assert.h>

#include "engine/admission.h"
#include "engine/binary.h"
#include "engine/claim.h"
#include "engine/families.h"
#include "engine/inbox.h"
#include "engine/tidings.h"

#define JOURNEY_LOOK_MAX 1000

struct kinship {                      /* what this referral answers or goes on from */
    struct life_of *parent;           /* NULL: none at this broker */
    const struct transition *returns; /* L5: the parent's step to RETURNED; NULL: it does not return it */
    struct id journey;                /* unset: its own */
};

struct participants {  /* of a journey, as far as one question needs them */
    bool has_actor;    /* the sender took part */
    bool has_receiver; /* as an earlier sender */
};

static void look_at_member(struct work *work, struct id id, uint32_t receiver, struct participants *participants)
{
    const Record__Referral *row = referral_row(work->txn, id);

    if (row == NULL)
        return;
    if (row->sender_number == work->actor_number || row->receiver_number == work->actor_number ||
        (row->has_submitted_by_number && row->submitted_by_number == work->actor_number))
        participants->has_actor = true;
    if (row->sender_number == receiver)
        participants->has_receiver = true;
}

/* L5: a down-referral goes to a primary institution, or else to an earlier sender of the journey, who must be looked
 * for. */
static bool asks_for_receiver(const struct admission *admission)
{
    return admission->direction == REFERRAL__DIRECTION__DOWN &&
           admission->receiver->institution->kind != REFERRAL__INSTITUTION_KIND__PRIMARY;
}

/* The first referral of a journey gives it its id and has no row of its own there. Whoever took part did so early, or
 * went on from what did: a journey that somebody makes longer than any is looked through no further. */
static struct participants look_at_journey(struct work *work, struct id journey, const struct admission *admission)
{
    uint32_t receiver = admission->receiver->row->number;
    struct participants participants = {.has_receiver = !asks_for_receiver(admission)};
    int left = JOURNEY_LOOK_MAX;
    uint8_t key[ID_KEY_SIZE];
    struct store_cursor *cursor;
    struct bytes member;

    id_to_key(key, journey);
    look_at_member(work, journey, receiver, &participants);
    cursor = store_scan(work->txn, TABLE_JOURNEY, bytes_of(key, sizeof key), bytes_of(key, sizeof key));
    while (!(participants.has_actor && participants.has_receiver) && left-- > 0 && store_next_key(cursor, &member))
        if (member.size == ID_KEY_SIZE + ID_KEY_SIZE) /* journey, member */
            look_at_member(work, id_from_key(member.data + ID_KEY_SIZE), receiver, &participants);
    store_scan_end(cursor);
    return participants;
}

/* L5: a down-referral that names the up-referral its sender was sent returns it, and goes to a primary institution or
 * to an earlier sender of the journey. */
static void check_return(struct work *work, const struct admission *admission, const struct participants *participants,
                         struct kinship *kinship)
{
    const Record__Referral *parent = kinship->parent->row;

    if (admission->direction != REFERRAL__DIRECTION__DOWN)
        return;
    if (!participants->has_receiver)
        refuse(work, REFUSED_NOT_PRIMARY, "receiver");
    if (parent->receiver_number != work->actor_number || parent->life != LIFE_UP)
        return;
    kinship->returns =
        lifecycle_find(LIFE_UP, (enum state)parent->state, RETURN, BY_RECEIVER, (Referral__Priority)parent->priority);
    if (kinship->returns == NULL)
        life_refuse(work, kinship->parent, BY_RECEIVER, REFUSED_NOT_RETURNABLE, "parent_referral_id"); /* L1 */
}

static void find_parent(struct work *work, const struct admission *admission, struct kinship *kinship)
{
    const Referral__Sheet *sheet = admission->sheet;
    struct participants participants = {false};
    struct id id, journey;

    if (work_parse_id(work, sheet->parent_referral_id, &id))
        kinship->parent = life_load(work, id);
    if (kinship->parent != NULL) {
        kinship->journey = life_id_of(kinship->parent->row->journey);
        participants = look_at_journey(work, kinship->journey, admission);
    }
    if (!participants.has_actor)
        refuse(work, REFUSED_NOT_IN_JOURNEY, "parent_referral_id");
    else if (sheet->journey_id != NULL &&
             !(work_parse_id(work, sheet->journey_id, &journey) && id_equal(journey, kinship->journey)))
        refuse(work, REFUSED_NOT_IN_JOURNEY, "journey_id");
    else
        check_return(work, admission, &participants, kinship);
}

/* The id of a journey is that of its first referral, and of no other. */
static bool is_journey(struct work *work, struct id id)
{
    const Record__Referral *row = referral_row(work->txn, id);

    return row != NULL && id_equal(life_id_of(row->journey), id);
}

static void find_journey(struct work *work, const struct admission *admission, struct kinship *kinship)
{
    struct id journey;

    if (work_parse_id(work, admission->sheet->journey_id, &journey) && is_journey(work, journey) &&
        look_at_journey(work, journey, admission).has_actor)
        kinship->journey = journey;
    else
        refuse(work, REFUSED_NOT_IN_JOURNEY, "journey_id");
}

/* Texts that are there but empty count as absent. */
static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* An emergency is not stopped by what it was thought to go on from (F5, T7): it then begins a journey of its own. */
static struct kinship find_kinship(struct work *work, const struct admission *admission)
{
    const Referral__Sheet *sheet = admission->sheet;
    struct kinship kinship = {0};
    size_t findings = work->findings.count;

    if (is_given(sheet->parent_referral_id) && !sheet->parent_is_external)
        find_parent(work, admission, &kinship);
    else if (is_given(sheet->journey_id))
        find_journey(work, admission, &kinship);
    if (work->findings.count != findings && admission->emergency) {
        work->findings.count = findings;
        kinship = (struct kinship){0};
    }
    return kinship;
}

static void fill_parties(struct work *work, Record__Referral *row, const struct admission *admission)
{
    FIELD_SET(row, sender_number, admission->sender->row->number);
    FIELD_SET(row, receiver_number, admission->receiver->row->number);
    row->sender = admission->sender->institution->id;
    row->receiver = admission->receiver->institution->id;
    row->department = admission->sheet->department;
    row->team_id = arena_text(work->arena, admission->team_id);
    if (work->speaker_number != work->actor_number) {
        row->submitted_by = arena_text(work->arena, work->speaker);
        FIELD_SET(row, submitted_by_number, work->speaker_number);
    }
}

static void fill_kinship(struct work *work, struct life_of *life, const struct kinship *kinship,
                         const Referral__Sheet *sheet)
{
    struct id journey = id_is_set(kinship->journey) ? kinship->journey : life->id;

    FIELD_SET(life->row, journey, life_id_bytes(work, journey));
    if (kinship->parent != NULL)
        FIELD_SET(life->row, parent, life_id_bytes(work, kinship->parent->id));
    else if (sheet->parent_is_external)
        life->row->external_parent = sheet->parent_referral_id;
}

static struct life_of *make_referral(struct work *work, const struct admission *admission,
                                     const struct kinship *kinship)
{
    const Referral__Sheet *sheet = admission->sheet;
    struct life_of *life = life_new(work);
    Record__Referral *row = life->row;
    bool down = admission->direction == REFERRAL__DIRECTION__DOWN;

    fill_parties(work, row, admission);
    fill_kinship(work, life, kinship, sheet);
    row->message_id = work->command->message_id;
    row->sender_reference = sheet->sender_reference;
    FIELD_SET(row, direction, admission->direction);
    if (sheet->has_kind)
        FIELD_SET(row, kind, sheet->kind);
    FIELD_SET(row, priority, admission->priority);
    if (sheet->has_emergency_category)
        FIELD_SET(row, category, sheet->emergency_category);
    FIELD_SET(row, life, down ? LIFE_DOWN : LIFE_UP);
    FIELD_SET(row, sheet_version, 1);
    FIELD_SET(row, eligible_down, admission->eligible_down);
    FIELD_SET(row, patient, claim_patient_key(work, sheet->patient));
    life_begin(work, life);
    return life;
}

/* L5: the parent's step and the child's submission are one transaction. */
static void return_parent(struct work *work, const struct life_of *child, const struct kinship *kinship)
{
    struct life_of *parent = kinship->parent;
    struct step step = {.event = RETURN,
                        .by = BY_RECEIVER,
                        .by_name = work->actor,
                        .by_number = parent->row->receiver_number,
                        .child_referral_id = work_id_text(work, child->id)};

    FIELD_SET(parent->row, child, life_id_bytes(work, child->id));
    life_step(work, parent, kinship->returns, &step);
    life_save(work, parent);
}

/* L2: the receiver has the sheet itself; a team hears by a notice what another institution submits in its name. */
static void tell_team(struct work *work, struct life_of *life)
{
    struct tidings tidings = {.event = SUBMIT, .from = STATE_NONE, .by_name = work->actor};

    tidings_notify_team(work, life, &tidings, life->row->sender_number);
}

static void accept_sheet(struct work *work, const struct admission *admission, const struct kinship *kinship)
{
    struct life_of *life = make_referral(work, admission, kinship);
    struct bytes sheet = binary_bytes(work->command->body);

    body_add(work->txn, life->id, 1, sheet);
    inbox_put_sheet(work, life->row->receiver_number, admission->priority, life->id, SUBMIT, 1, sheet.size,
                    life->row->sender_number);
    tell_team(work, life);
    life_save(work, life);
    if (id_is_set(kinship->journey))
        journey_add(work->txn, kinship->journey, life->id);
    if (kinship->returns != NULL)
        return_parent(work, life, kinship);
    if (admission->emergency)
        admission_report_gaps(work, life->row->sender, life->row->receiver, admission->gaps);
    meta_row(work->txn)->referrals++;
    life_reply(work, life);
    FIELD_SET(&work->audit, event, (Referral__EventType)SUBMIT);
    work->audit.subject = work->reply.referral_id;
}

bool submit_apply(struct work *work)
{
    const Referral__Sheet *sheet = (const Referral__Sheet *)work->body;
    struct admission admission = {0};
    struct kinship kinship = {0};
    uint32_t retry_ms;

    if (sheet->sender != NULL && strcmp(sheet->sender, work->actor) != 0)
        refuse(work, REFUSED_WRONG_SENDER, "sender"); /* T5 */
    admission_check(work, sheet, work->actor, sheet->receiver, false, &admission);
    if (admission.receiver != NULL)
        kinship = find_kinship(work, &admission); /* F2: whatever else is wrong */
    if (is_refused(work))
        return false;
    assert(admission.receiver != NULL); /* where it goes is mandatory, and known */
    if (inbox_admits(work, admission.receiver->row->number, admission.priority, work->command->body.len, &retry_ms) !=
        REFUSED_NOT)
        return refuse_retry(work, REFUSED_INBOX_FULL, retry_ms);
    accept_sheet(work, &admission, &kinship);
    return true;
}
