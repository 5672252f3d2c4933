/* booking_life.c - what a referral's life means for its places, and the other way round (Q5, L6). */
#include "engine/booking.h"

void booking_release_claims(struct work *work, struct life_of *life)
{
    (void)work, (void)life;
}

void booking_main_used(struct work *work, struct life_of *life)
{
    (void)work, (void)life;
}

void booking_main_missed(struct work *work, struct life_of *life)
{
    (void)work, (void)life;
}

void booking_main_cancelled(struct work *work, struct life_of *life, Referral__Reason reason, bool by_hospital)
{
    (void)work, (void)life, (void)reason, (void)by_hospital;
}

bool booking_catch_up(struct work *work, const Record__Referral *row)
{
    (void)work, (void)row;
    return false;
}

Record__Claim *claim_of(const Record__Referral *row, Referral__PlaceClass class)
{
    for (size_t i = 0; i < row->n_claims; i++)
        if (row->claims[i]->class_ == class)
            return row->claims[i];
    return NULL;
}
