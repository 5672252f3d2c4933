/* forget.h - which keys of commands may leave the store (D1, D8): those accepted at least the setting retention_keys_ms ago, of which nothing is
 * unfinished. The key of a submission or an event stays as long as a referral of its journey has not ended, and that of a command for places as
 * long as the entry waits, or the place is booked, and its session not over for as long. How old a key is, its row says: the time in a ULID is
 * the sender's. */
#pragma once
#include "engine/work.h"

/* When a key must have been accepted, at the latest, to be forgotten at `now`; unset: none is. */
struct instant forget_limit(struct store_txn *txn, struct instant now);
/* May this one go? */
bool forget_allows(struct store_txn *txn, const Record__Dedup *row, struct instant limit);
