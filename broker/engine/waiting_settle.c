/* waiting_settle.c - what has become free is offered to those who wait, in their order (Q8). */
#include "engine/waiting.h"

void waiting_note_pool(struct work *work, struct pool_of *pool)
{
    (void)work, (void)pool;
}

void waiting_note_entry(struct work *work, struct waiting_of *entry)
{
    (void)work, (void)entry;
}

void waiting_settle(struct work *work)
{
    (void)work;
}
