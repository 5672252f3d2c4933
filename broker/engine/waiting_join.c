/* waiting_join.c - JOIN_LIST and LEAVE_LIST (Q5, Q8). */
#include "engine/families.h"
#include "engine/waiting.h"

bool waiting_apply_join(struct work *work)
{
    return refuse(work, REFUSED_NOT_ALLOWED, NULL);
}

bool waiting_apply_leave(struct work *work)
{
    return refuse(work, REFUSED_NOT_ALLOWED, NULL);
}
