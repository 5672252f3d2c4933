/* event_amend.c - a new version of the sheet: its fields are judged like the first, for the same patient on the same
 * way. */
#include <assert.h>
#include <stdio.h>

#include "engine/admission.h"
#include "engine/binary.h"
#include "engine/booking.h"
#include "engine/event_parts.h"
#include "store/search.h"

#define SHEET_VERSIONS_MAX 1000

/* F2: paths are those of the event, which holds the sheet; what is about all of it has none yet. */
static void prefix_fields(struct findings *findings, size_t from)
{
    static const char prefix[] = "sheet.";
    const size_t size = sizeof prefix - 1;

    for (size_t i = from; i < findings->count; i++) {
        char *field = findings->list[i].field;
        size_t kept = strnlen(field, FIELD_PATH_SIZE - 1 - size);

        memmove(field + size, field, kept);
        memcpy(field, prefix, size);
        field[kept == 0 ? size - 1 : size + kept] = '\0';
    }
}

static const Referral__Sheet *unpack_sheet(struct work *work, struct bytes bytes)
{
    enum refusal refusal = REFUSED_NOT;
    size_t findings = work->findings.count;
    const ProtobufCMessage *sheet = wire_unpack(&referral__sheet__descriptor, bytes, work->arena, &refusal);

    if (sheet == NULL) {
        refuse(work, refusal, NULL);
        return NULL;
    }
    wire_check(sheet, true, &work->findings);
    return work->findings.count == findings ? (const Referral__Sheet *)sheet : NULL;
}

static const Referral__Sheet *present_sheet(struct work *work, const struct life_of *life)
{
    struct bytes bytes;
    enum refusal refusal;

    if (!referral_sheet(work->txn, life->id, life->row, life->row->sheet_version, &bytes))
        return NULL;
    return (const Referral__Sheet *)wire_unpack(&referral__sheet__descriptor, bytes, work->arena, &refusal);
}

static bool same_text(const char *old, const char *new)
{
    return strcmp(old == NULL ? "" : old, new == NULL ? "" : new) == 0;
}

/* A patient that was named stays the same; one that was not (F5) may get a name now. */
static void check_patient(struct work *work, const Referral__Patient *old, const Referral__Patient *new)
{
    if (old == NULL || old->id_value == NULL)
        return;
    if (new == NULL || !same_text(old->id_value, new->id_value) || old->id_type != new->id_type)
        refuse(work, REFUSED_FIXED, "patient.id_value");
}

/* What decided where the referral went cannot be amended: that would be another referral. Fields that were absent may
 * be added where they say what the broker took for granted (F5). */
static void check_unchanged(struct work *work, const Record__Referral *row, const Referral__Sheet *old,
                            const Referral__Sheet *new)
{
    if (new->sender != NULL && strcmp(new->sender, row->sender) != 0)
        refuse(work, REFUSED_WRONG_SENDER, "sender");
    if (!same_text(old->receiver, new->receiver) && !same_text(row->receiver, new->receiver))
        refuse(work, REFUSED_FIXED, "receiver");
    if (new->has_direction &&new->direction != (Referral__Direction)row->direction)
        refuse(work, REFUSED_FIXED, "direction");
    if (new->has_priority &&new->priority != (Referral__Priority)row->priority)
        refuse(work, REFUSED_FIXED, "priority");
    if (!same_text(old->journey_id, new->journey_id))
        refuse(work, REFUSED_FIXED, "journey_id");
    if (!same_text(old->parent_referral_id, new->parent_referral_id))
        refuse(work, REFUSED_FIXED, "parent_referral_id");
    if (!same_text(old->sender_reference, new->sender_reference))
        refuse(work, REFUSED_FIXED, "sender_reference");
    check_patient(work, old->patient, new->patient);
}

/* Q5: what it has or waits for would be a second one of the patient whom the sheet names now. */
static void check_places(struct happening *happening, const Referral__Sheet *new)
{
    struct work *work = happening->work;

    if (!booking_may_pass(work, happening->life, claim_patient_key(work, new->patient)))
        refuse(work, REFUSED_PATIENT_HAS_PLACE, "patient");
}

/* After a redirection the sheet may go on naming the first receiver, and a department of that one. */
static bool names_receiver(const Record__Referral *row, const Referral__Sheet *sheet)
{
    return same_text(row->receiver, sheet->receiver);
}

static bool has_department_as_before(const Record__Referral *row, const Referral__Sheet *new)
{
    bool lacked = row->department == NULL && row->priority == REFERRAL__PRIORITY__EMERGENCY;

    return lacked || !names_receiver(row, new) || same_text(row->department, new->department);
}

/* Who is denied or disabled since may still have corrected what is there already, and an emergency told what it lacked
 * (F5); another department or kind is another question to the receiver. */
static bool goes_as_before(const Record__Referral *row, const Referral__Sheet *old, const Referral__Sheet *new)
{
    return has_department_as_before(row, new) && (!old->has_kind || old->kind == new->kind) &&
           (!new->has_direction || new->direction == (Referral__Direction)row->direction);
}

static void check_sheet(struct happening *happening)
{
    struct work *work = happening->work;
    const Record__Referral *row = happening->life->row;
    const Referral__Sheet *new = unpack_sheet(work, binary_bytes(happening->event->sheet));
    const Referral__Sheet *old = new == NULL ? NULL : present_sheet(work, happening->life);
    struct admission *admission = arena_alloc(work->arena, sizeof *admission);

    if (new != NULL && old == NULL)
        refuse(work, REFUSED_FAILED, NULL);
    if (old == NULL)
        return;
    check_unchanged(work, row, old, new);
    check_places(happening, new);
    if (admission_check(work, new, row->sender, row->receiver, goes_as_before(row, old, new), admission))
        happening->admission = admission;
}

void event_check_amend(struct happening *happening)
{
    size_t findings = happening->work->findings.count;

    if (!happening->event->has_sheet)
        return; /* MISSING already */
    if (happening->life->row->sheet_version >= SHEET_VERSIONS_MAX)
        refuse(happening->work, REFUSED_TOO_MANY, NULL);
    check_sheet(happening);
    prefix_fields(&happening->work->findings, findings);
}

/* Old versions stay (section 4, amend). */
void event_amend(struct happening *happening)
{
    const struct admission *admission = happening->admission;
    Record__Referral *row = happening->life->row;
    ProtobufCBinaryData patient;

    assert(admission != NULL);
    patient = claim_patient_key(happening->work, admission->sheet->patient);
    FIELD_SET(row, sheet_version, row->sheet_version + 1);
    body_add(happening->work->txn, happening->life->id, row->sheet_version, binary_bytes(happening->event->sheet));
    if (names_receiver(row, admission->sheet))
        row->department = admission->sheet->department;
    row->team_id = arena_text(happening->work->arena, admission->team_id);
    row->has_kind = admission->sheet->has_kind;
    row->kind = admission->sheet->kind;
    FIELD_SET(row, eligible_down, admission->eligible_down);
    booking_pass(happening->work, happening->life, patient);
    if (patient.len != 0 && !bytes_equal(binary_bytes(patient), binary_bytes(row->patient)))
        search_patient_amended(happening->work->txn, happening->life->id, patient.data);
    FIELD_SET(row, patient, patient);
}
