/* change.c - what becomes of a booking by a command: CONFIRM_PLACE to MARK_PLACE (Q7, Q9, Q10, Q12, Q15). */
#include "engine/booking.h"
#include "engine/families.h"

bool change_apply_confirm(struct work *work)
{
    return refuse(work, REFUSED_NOT_ALLOWED, NULL);
}

bool change_apply_cancel(struct work *work)
{
    return refuse(work, REFUSED_NOT_ALLOWED, NULL);
}

bool change_apply_move(struct work *work)
{
    return refuse(work, REFUSED_NOT_ALLOWED, NULL);
}

bool change_apply_displace(struct work *work)
{
    return refuse(work, REFUSED_NOT_ALLOWED, NULL);
}

bool change_apply_mark(struct work *work)
{
    return refuse(work, REFUSED_NOT_ALLOWED, NULL);
}
