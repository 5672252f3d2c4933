/* record.c - packing and unpacking of rows. */
#include "store/record.h"

#include <assert.h>
#include <errno.h>

#include "store/internal.h"
#include "store/sense.h"

static void *from_arena(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

/* The arena takes nothing back one by one. */
static void to_arena(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

/* Every record's first field is its schema. */
static const ProtobufCFieldDescriptor *schema_field(const ProtobufCMessageDescriptor *type)
{
    const ProtobufCFieldDescriptor *field = &type->fields[0];

    assert(field->id == 1 && field->type == PROTOBUF_C_TYPE_UINT32 && field->label == PROTOBUF_C_LABEL_OPTIONAL);
    return field;
}

struct bytes record_pack(struct arena *arena, const ProtobufCMessage *row)
{
    const ProtobufCMessageDescriptor *type = row->descriptor;
    const ProtobufCFieldDescriptor *schema = schema_field(type);
    uint8_t *copy = arena_alloc(arena, type->sizeof_message); /* the caller's row stays as it is */
    const protobuf_c_boolean present = true;
    const uint32_t version = STORE_SCHEMA;

    memcpy(copy, row, type->sizeof_message);
    memcpy(copy + schema->quantifier_offset, &present, sizeof(present));
    memcpy(copy + schema->offset, &version, sizeof(version));

    const ProtobufCMessage *message = (const ProtobufCMessage *)(const void *)copy;
    uint8_t *packed = arena_alloc(arena, protobuf_c_message_get_packed_size(message));

    return bytes_of(packed, protobuf_c_message_pack(message, packed));
}

static uint32_t schema_of(const ProtobufCMessage *row)
{
    uint32_t schema;

    memcpy(&schema, (const uint8_t *)row + schema_field(row->descriptor)->offset, sizeof(schema));
    return schema;
}

void *record_unpack_bare(struct arena *arena, struct bytes value, const ProtobufCMessageDescriptor *type)
{
    ProtobufCAllocator allocator = {.alloc = from_arena, .free = to_arena, .allocator_data = arena};

    return protobuf_c_message_unpack(type, &allocator, value.size, value.data);
}

void *record_unpack_sound(struct store_txn *txn, enum table table, struct bytes key, struct bytes value,
                          const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *row = record_unpack_bare(txn->arena, value, type);

    if (row != NULL && schema_of(row) > STORE_SCHEMA) {
        fail_txn(txn, -EPROTO, table, key);
        return NULL;
    }
    return row != NULL && sense_is_made(row) ? row : NULL;
}

void *record_unpack(struct store_txn *txn, enum table table, struct bytes key, struct bytes value,
                    const ProtobufCMessageDescriptor *type)
{
    void *row = record_unpack_sound(txn, table, key, value, type);

    if (row == NULL)
        fail_txn(txn, -EBADMSG, table, key);
    return row;
}

void *record_get(struct store_txn *txn, enum table table, struct bytes key, const ProtobufCMessageDescriptor *type)
{
    struct bytes value;

    return store_get(txn, table, key, &value) ? record_unpack(txn, table, key, value, type) : NULL;
}

void record_put(struct store_txn *txn, enum table table, struct bytes key, const ProtobufCMessage *row)
{
    size_t mark = arena_mark(txn->arena);

    store_put(txn, table, key, record_pack(txn->arena, row));
    arena_rewind(txn->arena, mark);
}

void record_add(struct store_txn *txn, enum table table, struct bytes key, const ProtobufCMessage *row)
{
    size_t mark = arena_mark(txn->arena);

    store_add(txn, table, key, record_pack(txn->arena, row));
    arena_rewind(txn->arena, mark);
}
