/* waiting.c - one entry of a wait-list: loaded, shown, put first where a place was taken away, removed (Q8, Q10). */
#include "engine/waiting.h"

struct waiting_of *waiting_load(struct work *work, struct id id)
{
    (void)work, (void)id;
    return NULL;
}

Referral__WaitEntry *waiting_view(struct work *work, const struct waiting_of *entry, bool for_hospital)
{
    (void)work, (void)entry, (void)for_hospital;
    return NULL;
}

struct waiting_of *waiting_put_displaced(struct work *work, const struct booking_of *booking)
{
    (void)work, (void)booking;
    return NULL;
}

void waiting_remove(struct work *work, struct waiting_of *entry)
{
    (void)work, (void)entry;
}

void waiting_offer_ended(struct work *work, struct waiting_of *entry, const struct booking_of *offer, bool lapsed)
{
    (void)work, (void)entry, (void)offer, (void)lapsed;
}
