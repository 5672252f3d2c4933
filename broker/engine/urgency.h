/* urgency.h - how long the first message of a lane has waited, and until when it should be taken.
 *
 * A waiting message should be taken within the time its receiver has to answer a referral of that lane (L4), counted
 * from its acceptance, whatever it is. From half of that time on it is at risk. Inside a lane the first is the oldest
 * (D3): nothing is scanned. */
#pragma once
#include "store/rows.h"
#include "wire.pb-c.h"

struct urgency {
    struct instant oldest_at, half_at, due_at;
    uint32_t returned; /* how often it came back: failed attempts and lost connections */
    struct inbox_ref ref;
    const Record__Inbox *row;
};

/* False: nothing waits. `offset_minutes`: the institution's time zone, for working days. */
bool urgency_of_lane(struct store_txn *txn, uint32_t number, const char *id, int offset_minutes,
                     Referral__Priority lane, struct urgency *ret_urgency);
