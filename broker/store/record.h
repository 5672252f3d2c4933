/* record.h - protobuf records as row values, in the arena of their transaction. Each bears its schema: a newer one is
 * not read. */
#pragma once
#include <protobuf-c/protobuf-c.h>

#include "store/store.h"

/* Serialised, with the present schema whatever the row says. */
struct bytes record_pack(struct arena *arena, const ProtobufCMessage *row);
/* NULL where there is no such row; what does not unpack, or makes no sense (sense.h), fails the transaction. */
void *record_get(struct store_txn *txn, enum table table, struct bytes key, const ProtobufCMessageDescriptor *type);
/* The same for a value in hand. */
void *record_unpack(struct store_txn *txn, enum table table, struct bytes key, struct bytes value,
                    const ProtobufCMessageDescriptor *type);
/* The same, where the transaction goes on without a row that is damaged: NULL. A newer schema fails it. */
void *record_unpack_sound(struct store_txn *txn, enum table table, struct bytes key, struct bytes value,
                          const ProtobufCMessageDescriptor *type);
/* A message that bears no schema, being stored as it is given out. NULL: it does not unpack; the transaction goes
 * on. */
void *record_unpack_bare(struct arena *arena, struct bytes value, const ProtobufCMessageDescriptor *type);
void record_put(struct store_txn *txn, enum table table, struct bytes key, const ProtobufCMessage *row);
void record_add(struct store_txn *txn, enum table table, struct bytes key, const ProtobufCMessage *row);
