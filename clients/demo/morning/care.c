/* care.c - see care.h. */
#include "care.h"

#include <stdio.h>

#include "../sheets.h"
#include "desk.h"
#include "patient.h"

/* ---- Referrals ------------------------------------------------------------------------------------------------------------ */

static void on_submitted(struct patient *patient, const Referral__Reply *reply, bool accepted)
{
    if (accepted)
        snprintf(patient->referral_id, sizeof patient->referral_id, "%s", reply->referral_id);
    else
        patient_refused(patient, reply);
}

static void submit(struct patient *patient)
{
    struct sheet_bytes bytes;
    struct sheet_plan sheet = {.sender = patient->desk->house->id,
                               .receiver = patient->hospital->id,
                               .department = patient->department,
                               .team_id = patient->desk->team_id,
                               .direction = REFERRAL__DIRECTION__UP,
                               .priority = REFERRAL__PRIORITY__ROUTINE,
                               .impression = "待专科评估",
                               .patient = patient->number};
    sheet_fill(&sheet, &bytes);
    Referral__Sheet *body = referral__sheet__unpack(NULL, bytes.size, bytes.data);
    desk_ask(patient->desk, REFERRAL__KIND__SUBMIT, &body->base, patient, on_submitted);
    referral__sheet__free_unpacked(body, NULL);
}

void care_submit(struct patient *patient)
{
    patient_plan(patient, submit, 0);
}

static void on_noted(struct patient *patient, const Referral__Reply *reply, bool accepted)
{
    if (!accepted)
        patient_refused(patient, reply);
}

static struct desk *hospital_of(const struct patient *patient)
{
    struct morning *morning = patient->desk->morning;
    return hospital_desk(morning, (size_t)(patient->hospital - morning->hospitals));
}

static void tell_event(struct patient *patient, Referral__EventType type, int64_t occurred_at_ms,
                       void (*on_answer)(struct patient *patient, const Referral__Reply *reply, bool accepted))
{
    Referral__Event event = REFERRAL__EVENT__INIT;
    Referral__Person doctor = REFERRAL__PERSON__INIT;
    doctor.name = lend("何医生");
    doctor.phone = lend("022-29001001");
    event.referral_id = patient->referral_id;
    event.has_type = true;
    event.type = type;
    event.person = &doctor;
    event.has_occurred_at_ms = occurred_at_ms != 0;
    event.occurred_at_ms = occurred_at_ms;
    desk_ask(hospital_of(patient), REFERRAL__KIND__EVENT, &event.base, patient, on_answer);
}

void care_accept(struct patient *patient)
{
    tell_event(patient, REFERRAL__EVENT_TYPE__EVENT_ACCEPT, 0, on_noted);
}

static void on_seen(struct patient *patient, const Referral__Reply *reply, bool accepted)
{
    if (accepted)
        patient->state = PATIENT_SEEN;
    else
        patient_refused(patient, reply);
}

static void on_missed(struct patient *patient, const Referral__Reply *reply, bool accepted)
{
    if (accepted)
        patient->state = PATIENT_MISSED;
    else
        patient_refused(patient, reply);
}

static void mark(struct patient *patient, Referral__BookingState state,
                 void (*on_answer)(struct patient *patient, const Referral__Reply *reply, bool accepted))
{
    Referral__PlaceChange body = REFERRAL__PLACE_CHANGE__INIT;
    body.booking_id = patient->place.booking_id;
    body.has_state = true;
    body.state = state;
    desk_ask(hospital_of(patient), REFERRAL__KIND__MARK_PLACE, &body.base, patient, on_answer);
}

void care_arrive(struct patient *patient)
{
    if (is_family(patient))
        tell_event(patient, REFERRAL__EVENT_TYPE__EVENT_ARRIVE, patient->desk->morning->clock.now_ms, on_seen);
    else
        mark(patient, REFERRAL__BOOKING_STATE__PLACE_USED, on_seen);
}

void care_miss(struct patient *patient)
{
    mark(patient, REFERRAL__BOOKING_STATE__PLACE_NO_SHOW, on_missed);
}
