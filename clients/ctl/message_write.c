/* message_write.c - from a protocol message to JSON. */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "message.h"

static json_t *bytes_to_text(ProtobufCBinaryData bytes, bool hex)
{
    const int form = sodium_base64_VARIANT_ORIGINAL;
    size_t size = hex ? bytes.len * 2 + 1 : sodium_base64_encoded_len(bytes.len, form);
    char *text = malloc(size);

    if (text == NULL)
        return NULL;
    if (hex)
        sodium_bin2hex(text, size, bytes.data, bytes.len);
    else
        sodium_bin2base64(text, size, bytes.data, bytes.len, form);

    json_t *json = json_string(text);

    free(text);
    return json;
}

static json_t *bytes_to_json(const ProtobufCMessageDescriptor *owner, const ProtobufCFieldDescriptor *field,
                             ProtobufCBinaryData bytes)
{
    const ProtobufCMessageDescriptor *inner = message_embedded(owner, field);
    ProtobufCMessage *message = inner == NULL ? NULL : protobuf_c_message_unpack(inner, NULL, bytes.len, bytes.data);

    if (message == NULL)
        return bytes_to_text(bytes, message_bytes_are_hex(field));

    json_t *json = message_to_json(message);

    protobuf_c_message_free_unpacked(message, NULL);
    return json;
}

static json_t *enum_to_json(const ProtobufCEnumDescriptor *names, int number)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(names, number);

    return value == NULL ? json_integer(number) : json_string(value->name);
}

/* What JSON readers do not all take as a number goes as a text. */
static json_t *uint64_to_json(uint64_t number)
{
    return number <= INT64_MAX ? json_integer((json_int_t)number) : json_sprintf("%llu", (unsigned long long)number);
}

static json_t *value_to_json(const ProtobufCMessageDescriptor *owner, const ProtobufCFieldDescriptor *field,
                             const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT32:
        return json_integer(*(const uint32_t *)value);
    case PROTOBUF_C_TYPE_INT32:
        return json_integer(*(const int32_t *)value);
    case PROTOBUF_C_TYPE_INT64:
        return json_integer(*(const int64_t *)value);
    case PROTOBUF_C_TYPE_UINT64:
        return uint64_to_json(*(const uint64_t *)value);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)value);
    case PROTOBUF_C_TYPE_ENUM:
        return enum_to_json(field->descriptor, *(const int *)value);
    case PROTOBUF_C_TYPE_STRING:
        return json_string(*(const char *const *)value);
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_to_json(owner, field, *(const ProtobufCBinaryData *)value);
    case PROTOBUF_C_TYPE_MESSAGE:
        return message_to_json(*(ProtobufCMessage *const *)value);
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    assert(false && "the protocol has no fields of this type");
    return NULL;
}

static json_t *list_to_json(const ProtobufCMessageDescriptor *owner, const ProtobufCFieldDescriptor *field,
                            const uint8_t *elements, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(list, value_to_json(owner, field, elements + i * message_element_size(field))) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static bool is_pointer(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
}

/* NULL with *ret_absent set where the message does not have the field. */
static json_t *field_to_json(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, bool *ret_absent)
{
    const uint8_t *base = (const uint8_t *)message;
    const void *member = base + field->offset;
    const void *quantifier = base + field->quantifier_offset;

    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = *(const size_t *)quantifier;

        *ret_absent = count == 0;
        return *ret_absent ? NULL : list_to_json(message->descriptor, field, *(uint8_t *const *)member, count);
    }
    *ret_absent = is_pointer(field) ? *(const void *const *)member == NULL : !*(const protobuf_c_boolean *)quantifier;
    return *ret_absent ? NULL : value_to_json(message->descriptor, field, member);
}

json_t *message_to_json(const ProtobufCMessage *message)
{
    json_t *object = json_object();

    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        bool absent;
        json_t *value = field_to_json(message, field, &absent);

        if (!absent && json_object_set_new(object, field->name, value) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}
