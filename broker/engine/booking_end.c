/* booking_end.c - how bookings end or lose their units: by a party, by the clock, by the hospital's cut (Q7, Q10, Q12). */
#include "engine/booking.h"

void booking_end(struct work *work, struct booking_of *booking, Referral__BookingState state, enum units_to units_to,
                 Referral__Reason reason)
{
    (void)work, (void)booking, (void)state, (void)units_to, (void)reason;
}

void booking_lapse(struct work *work, struct pool_of *pool, struct id id)
{
    (void)work, (void)pool, (void)id;
}

void booking_assume_no_show(struct work *work, struct pool_of *pool, struct id id)
{
    (void)work, (void)pool, (void)id;
}

void booking_displace(struct work *work, struct booking_of *booking, enum units_to units_to, Referral__Reason reason)
{
    (void)work, (void)booking, (void)units_to, (void)reason;
}

void booking_shift(struct work *work, struct booking_of *booking, const uint32_t *units)
{
    (void)work, (void)booking, (void)units;
}
