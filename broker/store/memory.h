/* memory.h - what was made of rows that are read in every turn and seldom change, kept beyond the turn: institutions,
 * teams, keys.
 *
 * It is found by the tag of the row, a keyed hash of table, key and content (seal.h). So nobody need tell when a row
 * changes, and nothing is stale after an aborted turn or a reopened store: other content has another tag. Whoever
 * recalls a value leaves it as it is. */
#pragma once
#include "store/store.h"

/* NULL: nothing was made of this row as it is now, or there is none. Lives until the transaction ends. */
void *store_recall(struct store_txn *txn, enum table table, struct bytes key);
/* Where a value to be remembered is made, whole. */
struct arena *store_memory(struct store_txn *txn);
/* `value` was made of the row as it is now. */
void store_remember(struct store_txn *txn, enum table table, struct bytes key, void *value);
