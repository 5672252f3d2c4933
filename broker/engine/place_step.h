/* place_step.h - what a command about a place does to the referral it is for, and what it is answered with (section 4,
 * Q5). */
#pragma once
#include "engine/booking.h"
#include "engine/channel.h"
#include "engine/waiting.h"

/* The place is BOOKED: the referral with it, where it drives its state (claimant.step), or else its parties are told of
 * a further one. */
void place_step_booked(struct work *work, const struct claimant *claimant, const struct booking_of *booking,
                       Referral__Person *person);
/* It waits from now on: the referral too, or its parties are told. */
void place_step_waiting(struct work *work, const struct claimant *claimant, const struct waiting_of *entry,
                        Referral__Person *person);
/* A step of the referral's life by this party, on account of its main place or entry. `detail`: person, reason,
 * place. */
void place_step(struct work *work, struct life_of *life, enum event event, int by, const Referral__Event *detail,
                const struct booking_of *booking);

/* Saves the referral, if there is one, and answers with the booking and the referral's state. */
void place_reply(struct work *work, const struct booking_of *booking, struct life_of *life, int by);
void place_reply_entry(struct work *work, const struct waiting_of *entry, struct life_of *life, int by);
/* Is the pool open to the channel? Else NOT_OPEN_YET with the time until it is, or POOL_CANCELLED. */
bool place_check_open(struct work *work, const struct pool_of *pool, Referral__Channel channel);
/* The field a refusal of pool_choose is about; NULL: the whole. */
const char *place_field(enum refusal refusal);
