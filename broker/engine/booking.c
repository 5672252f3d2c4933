/* booking.c - one booking in a turn: loaded, begun, shown, written (Q7). */
#include "engine/booking.h"

struct booking_of *booking_load(struct work *work, struct id id)
{
    (void)work, (void)id;
    return NULL;
}

Referral__Booking *booking_view(struct work *work, struct id id, const Record__Booking *row, bool for_hospital)
{
    (void)work, (void)id, (void)row, (void)for_hospital;
    return NULL;
}

struct booking_of *booking_begin(struct work *work, const struct booking_seed *seed)
{
    (void)work, (void)seed;
    return NULL;
}

void booking_save(struct work *work, struct booking_of *booking)
{
    (void)work, (void)booking;
}

void booking_move(struct work *work, struct booking_of *booking, struct pool_of *pool, const uint32_t *units)
{
    (void)work, (void)booking, (void)pool, (void)units;
}
