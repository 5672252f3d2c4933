/* acts.h - the morning, act by act, in their order. Each moves the clock, prints its timeline and checks what it
 * promised. */
#pragma once
#include "morning.h"

void act_monday(struct morning *morning);        /* referrals, and who books early */
void act_rush(struct morning *morning);          /* Tuesday 07:00: everybody at once */
void act_cancellations(struct morning *morning); /* places come back, and are offered in order */
void act_doctor_ill(struct morning *morning);    /* a session does not take place */
void act_release(struct morning *morning);       /* what is left of the reserve is for everybody */
void act_the_day(struct morning *morning);       /* patients come, or do not */
