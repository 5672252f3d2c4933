/* take.c - HOLD_PLACE and BOOK_PLACE: units of a pool for somebody who may have them (Q3-Q7, Q15). */
#include "engine/booking.h"
#include "engine/families.h"

bool take_apply_hold(struct work *work)
{
    return refuse(work, REFUSED_NOT_ALLOWED, NULL);
}

bool take_apply_book(struct work *work)
{
    return refuse(work, REFUSED_NOT_ALLOWED, NULL);
}
