/* chunks.h - long values as rows of BODY_CHUNK_BYTES and a last one of fewer, or of none: key, then chunk number u16.
 * Within the store only. */
#pragma once
#include "store/store.h"

/* `key` must be new. An empty value is one empty chunk. */
void chunks_add(struct store_txn *txn, enum table table, struct bytes key, struct bytes value);
/* False: no such value, or not the whole of it. Lives in the transaction's arena. */
bool chunks_get(struct store_txn *txn, enum table table, struct bytes key, struct bytes *ret_value);
/* Rows that begin with this key. */
size_t chunks_count(struct store_txn *txn, enum table table, struct bytes key);
