/* shape.h - the bytes below protobuf's messages: varints and fields, read as strictly as every receiver's library reads
 * them. Inside the wire only. */
#pragma once
#include "base/bytes.h"
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/* Each takes one item from the front of `rest`; false: there is none, or not a whole one. */
bool shape_take_varint(struct bytes *rest, uint64_t *ret_value); /* at most 64 bits */
bool shape_take_delimited(struct bytes *rest, struct bytes *ret_bytes);

/* Do these bytes read the same to every protobuf library? Protobuf-c drops the high bits of an overlong tag, and so
 * takes one field for another; takes field 0, which there is not; and a length-delimited field for a bool. What it made
 * of those a receiver would read differently or not at all (F3). */
bool shape_is_sound(const ProtobufCMessageDescriptor *descriptor, struct bytes bytes);
