/* shape.c - fields walked by their descriptor, nothing kept. */
#include "wire/shape.h"

enum wire_type { VARINT = 0, FIXED64 = 1, DELIMITED = 2, FIXED32 = 5 };

#define TAG_BYTES_MAX    5
#define FIELD_NUMBER_MAX ((1U << 29) - 1)

bool shape_take_varint(struct bytes *rest, uint64_t *ret_value)
{
    uint64_t value = 0;

    for (unsigned shift = 0; rest->size != 0; shift += 7) {
        uint8_t byte = rest->data[0];

        if (shift == 63 && byte > 1)
            return false;
        *rest = bytes_of(rest->data + 1, rest->size - 1);
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool take_bytes(struct bytes *rest, uint64_t size, struct bytes *ret_bytes)
{
    if (size > rest->size)
        return false;
    *ret_bytes = bytes_of(rest->data, (size_t)size);
    *rest = bytes_of(rest->data + size, rest->size - (size_t)size);
    return true;
}

bool shape_take_delimited(struct bytes *rest, struct bytes *ret_bytes)
{
    uint64_t size;

    return shape_take_varint(rest, &size) && take_bytes(rest, size, ret_bytes);
}

/* False for what is no tag: libraries differ in what they make of it. */
static bool take_tag(struct bytes *rest, unsigned *ret_number, unsigned *ret_wire_type)
{
    size_t before = rest->size;
    uint64_t tag;

    if (!shape_take_varint(rest, &tag) || before - rest->size > TAG_BYTES_MAX || tag >> 3 == 0 ||
        tag >> 3 > FIELD_NUMBER_MAX)
        return false;
    *ret_number = (unsigned)(tag >> 3);
    *ret_wire_type = tag & 7;
    return true;
}

/* Groups are not read: no message of ours has one. */
static bool take_value(struct bytes *rest, unsigned wire_type, struct bytes *ret_content)
{
    uint64_t value;

    *ret_content = bytes_of(NULL, 0);
    switch (wire_type) {
    case VARINT:
        return shape_take_varint(rest, &value);
    case FIXED64:
        return take_bytes(rest, sizeof(uint64_t), ret_content);
    case DELIMITED:
        return shape_take_delimited(rest, ret_content);
    case FIXED32:
        return take_bytes(rest, sizeof(uint32_t), ret_content);
    default:
        return false;
    }
}

static unsigned wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return FIXED64;
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return FIXED32;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return DELIMITED;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    default:
        return VARINT;
    }
}

/* Numbers of a list may also come packed. */
static bool is_of_type(const ProtobufCFieldDescriptor *field, unsigned wire_type)
{
    return wire_type == wire_type_of(field->type) ||
           (wire_type == DELIMITED && field->label == PROTOBUF_C_LABEL_REPEATED);
}

bool shape_is_sound(const ProtobufCMessageDescriptor *descriptor, struct bytes bytes)
{
    while (bytes.size != 0) {
        struct bytes content;
        unsigned number, wire_type;

        if (!take_tag(&bytes, &number, &wire_type) || !take_value(&bytes, wire_type, &content))
            return false;

        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(descriptor, number);

        if (field == NULL)
            continue;
        if (!is_of_type(field, wire_type))
            return false;
        if (field->type == PROTOBUF_C_TYPE_MESSAGE && !shape_is_sound(field->descriptor, content))
            return false;
    }
    return true;
}
