/* going_back.c - deliveries that are lost or late: lists of them become commands of the daemon, and the turn says how
 * it went (D4). */
#include <assert.h>
#include <utlist.h>

#include "engine/inbox.h"
#include "turn/handout.h"

/* Do they go into one list? */
static bool goes_with(const struct held *held, const struct held *first)
{
    return held == first || (held->state == first->state && !held->is_alone && !first->is_alone);
}

/* One command: what goes back for the same cause, from `held` on. Returns the first that is not in it. */
static struct held *collect_some(struct deliveries *deliveries, struct held *held, struct batch *batch,
                                 struct arena *arena)
{
    const struct held *first = held;
    uint32_t kind = held->state == HELD_LATE ? BATCH__INTERNAL__DELIVERY_TIMEOUT : BATCH__INTERNAL__CONNECTION_LOST;
    Batch__Returned returned_ids = BATCH__RETURNED__INIT;
    ProtobufCBinaryData ids[LIMIT_ACK_IDS];

    returned_ids.delivery_ids = ids;
    for (; held != NULL && goes_with(held, first) && returned_ids.n_delivery_ids < LIMIT_ACK_IDS; held = held->next) {
        uint8_t *id = arena_alloc(arena, DELIVERY_ID_SIZE);

        delivery_id_encode(id, deliveries->incarnation, held->ref);
        ids[returned_ids.n_delivery_ids++] = (ProtobufCBinaryData){.data = id, .len = DELIVERY_ID_SIZE};
        held->is_told = true;
        held->told_in = batch->count;
    }
    batch_add_own(batch, kind, &returned_ids.base, arena);
    return held;
}

void deliveries_collect(struct deliveries *deliveries, struct batch *batch, struct arena *arena)
{
    struct held *held = deliveries->going_back;

    while (held != NULL && batch_has_room_for_own(batch))
        held = collect_some(deliveries, held, batch, arena);
}

/* The engine says what became of each message that still waited; any other is gone already. After a failure all are
 * told again: a message that went back has left memory, so none is told twice. */
void deliveries_settle(struct deliveries *deliveries, bool is_done)
{
    struct held *held, *next;

    DL_FOREACH_SAFE(deliveries->going_back, held, next)
    {
        assert(held->state == HELD_LOST || held->state == HELD_LATE);
        if (!held->is_told)
            continue;
        held->is_told = false;
        if (!is_done)
            continue;
        deliveries_forget(deliveries, held);
    }
}

void deliveries_give_up(struct deliveries *deliveries, size_t entry)
{
    struct held *held, *next;

    DL_FOREACH_SAFE(deliveries->going_back, held, next)
    {
        if (!held->is_told || held->told_in != entry)
            continue;
        if (held->is_alone)
            deliveries_forget(deliveries, held);
        else
            held->is_alone = true;
    }
}
