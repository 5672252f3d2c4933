/* timetable.c - a hospital's weeks, published day by day (Q). */
#include "engine/families.h"

bool timetable_apply_put(struct work *work)
{
    return refuse(work, REFUSED_NO_POOLS_YET, NULL);
}

bool timetable_apply_delete(struct work *work)
{
    return refuse(work, REFUSED_NO_POOLS_YET, NULL);
}

void timetable_wake(struct work *work, struct instant at, struct bytes key)
{
    due_delete(work->txn, at, DUE_TIMETABLE, key);
}
