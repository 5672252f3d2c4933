/* record_edit.h - rows of a store at work, and what they could say instead. */
#pragma once
#include "store/record.h"

#define ROW_KEY_ROOM 512

/* The key of the so manieth row, beginning anew behind the last; false: there is none. */
bool row_key(struct store_txn *txn, enum table table, uint16_t which, uint8_t room[ROW_KEY_ROOM],
             struct bytes *ret_key);

/* The value as a record of its table, some of whose fields say something else: each three of `edits` are which field,
 * what, and how much. A value that is no record has other bytes. In the transaction's arena. */
struct bytes row_edited(struct store_txn *txn, enum table table, struct bytes value, struct bytes edits);
