/* patient.h - what is asked for a patient, and what he hears: one step after the other, each at its time. */
#pragma once
#include "morning.h"

static inline bool is_family(const struct patient *patient)
{
    return patient->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR;
}
/* His next step, so many real milliseconds from now, or a little later: not all move at once. */
void patient_plan(struct patient *patient, void (*step)(struct patient *patient), int after_ms);
/* Counts a refusal by its code; `reply` NULL: no answer came. */
void patient_refused(struct patient *patient, const Referral__Reply *reply);

/* As a step of his: a place tomorrow or, where there is none, the wait-list; and giving back what is booked. */
void patient_rush(struct patient *patient, int after_ms);
void patient_cancel(struct patient *patient, int after_ms);
/* A notice in the inbox of a centre or hospital. */
void patient_hears(struct morning *morning, struct desk *desk, const Referral__Notice *notice);

/* One more general booking, tried at once and given back: the code it was refused with, "" if it was granted. */
void patient_try(struct desk *scheduler, const struct session *session, char ret_code[CODE_SIZE]);
