/* forget.h - which keys of commands may leave the store (D1, D8): those accepted at least the setting retention_keys_ms
 * ago, of which nothing is unfinished. The key of a submission or an event stays until all referrals of its journey
 * have ended. The key of a command for places stays while its entry waits, and while its place is booked and the
 * session lies ahead or ended less than that time ago. A key's age is counted from the time in its row: the time in a
 * ULID is the sender's. */
#pragma once
#include "engine/work.h"

/* When a key must have been accepted, at the latest, to be forgotten at `now`; unset: none is. */
struct instant forget_limit(struct store_txn *txn, struct instant now);
/* May this one go? */
bool forget_allows(struct store_txn *txn, const Record__Dedup *row, struct instant limit);
