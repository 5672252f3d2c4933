/* patient.h - what is asked for a patient, and what he hears: one step after the other, each at its time. */
#pragma once
#include "morning.h"

/* The first step of a patient, so many real milliseconds from now. */
void patient_submit(struct patient *patient, int after_ms); /* his family doctor refers him */
void patient_rush(struct patient *patient, int after_ms);   /* a place tomorrow, or the wait-list */
void patient_cancel(struct patient *patient, int after_ms); /* he gives back what is booked */
/* At the hospital: he came, or, general patients only, he did not. */
void patient_arrive(struct patient *patient);
void patient_miss(struct patient *patient);
/* The hospital accepts his referral. */
void patient_accept(struct patient *patient);

/* A notice in the inbox of a centre or hospital. */
void patient_hears(struct morning *morning, struct desk *desk, const Referral__Notice *notice);

/* One more general booking, tried at once and given back: the code it was refused with, "" if it was granted. */
void patient_try(struct desk *scheduler, const struct session *session, char ret_code[CODE_SIZE]);
