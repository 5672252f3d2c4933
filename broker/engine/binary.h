/* binary.h - bytes fields of messages: protobuf-c wants them writable, so they are made in the arena. */
#pragma once
#include "base/arena.h"
#include <protobuf-c/protobuf-c.h>

static inline ProtobufCBinaryData binary_copy(struct arena *arena, struct bytes bytes)
{
    ProtobufCBinaryData binary = {.len = bytes.size, .data = arena_alloc(arena, bytes.size)};

    if (bytes.size != 0)
        memcpy(binary.data, bytes.data, bytes.size);
    return binary;
}

static inline ProtobufCBinaryData binary_pack(struct arena *arena, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    ProtobufCBinaryData binary = {.len = size, .data = arena_alloc(arena, size)};

    protobuf_c_message_pack(message, binary.data);
    return binary;
}

static inline struct bytes binary_bytes(ProtobufCBinaryData binary)
{
    return bytes_of(binary.data, binary.len);
}
