/* life_clock.h - what time does to one referral: its running deadline, its validity, and the one due row that wakes it
 * (L4, C1, C3). */
#pragma once
#include "engine/life.h"

struct terms { /* of one receiver: how long things may take */
    struct deadline_settings settings;
    struct calendar calendar;
};
const struct terms *life_terms(struct work *work, const char *receiver);

/* A new referral's answer clock and validity. */
void life_clock_begin(struct work *work, struct life_of *life);
/* After an event: stops, starts or keeps the clock as the new state wants it. True where that cured an escalation;
 * ret_stopped is the clock that was running. */
bool life_clock_follow(struct work *work, struct life_of *life, enum event event, struct deadline *ret_stopped);
/* The booked session that drives the state: when a no-show is assumed, and how far the validity reaches. */
void life_clock_book(struct work *work, struct life_of *life, struct instant session_end);
/* A booked session of a further class: the validity reaches beyond it too, while there is one. */
void life_clock_extend(struct work *work, struct life_of *life, struct instant session_end);
/* Does everything of this referral that is due now (while the time is in doubt: warnings and escalations only, C4).
 * True where it did anything: then the referral is to be saved. */
bool life_clock_run(struct work *work, struct life_of *life);
/* Moves the due row to the next thing that falls due. */
void life_clock_save(struct work *work, struct life_of *life);
