/* care.h - what is told of a patient besides his place: he is referred, accepted, he came or did not. */
#pragma once
#include "morning.h"

void care_submit(struct patient *patient); /* his family doctor refers him, as a step of his */
/* The hospital: */
void care_accept(struct patient *patient);
void care_arrive(struct patient *patient);
void care_miss(struct patient *patient); /* general patients only: nobody reports a family doctor's */
