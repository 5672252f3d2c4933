/* message_read.c - from JSON to a protocol message. What is made here has the shape of an unpacked message, and is
 * freed as one. */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

struct reader { /* where we are, for the fault's path */
    char path[MESSAGE_PATH_SIZE];
    size_t used;
    enum message_fault fault;
    const ProtobufCEnumDescriptor *list;
};

static bool fail(struct reader *reader, enum message_fault fault)
{
    if (reader->fault == MESSAGE_OK) /* the innermost stands: its path is the longest */
        reader->fault = fault;
    return false;
}

/* Both return what path_leave wants back. */
static size_t path_enter(struct reader *reader, const char *name)
{
    size_t before = reader->used;
    int wrote = snprintf(reader->path + before, sizeof reader->path - before, before == 0 ? "%s" : ".%s", name);

    if (wrote > 0)
        reader->used = strnlen(reader->path, sizeof reader->path - 1);
    return before;
}

static size_t path_enter_index(struct reader *reader, size_t index)
{
    size_t before = reader->used;
    int wrote = snprintf(reader->path + before, sizeof reader->path - before, "[%zu]", index);

    if (wrote > 0)
        reader->used = strnlen(reader->path, sizeof reader->path - 1);
    return before;
}

static void path_leave(struct reader *reader, size_t before)
{
    if (reader->fault != MESSAGE_OK)
        return; /* the path of the fault is kept */
    reader->used = before;
    reader->path[before] = '\0';
}

static ProtobufCMessage *read_message(struct reader *reader, const ProtobufCMessageDescriptor *descriptor,
                                      json_t *json);

static bool read_integer(struct reader *reader, json_t *json, json_int_t min, json_int_t max, json_int_t *ret)
{
    if (!json_is_integer(json))
        return fail(reader, MESSAGE_NOT_INTEGER);
    if (json_integer_value(json) < min || json_integer_value(json) > max)
        return fail(reader, MESSAGE_OUT_OF_RANGE);
    *ret = json_integer_value(json);
    return true;
}

static bool read_enum(struct reader *reader, const ProtobufCEnumDescriptor *names, json_t *json, int *ret)
{
    if (!json_is_string(json))
        return fail(reader, MESSAGE_NOT_TEXT);

    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(names, json_string_value(json));

    if (value == NULL) {
        reader->list = names;
        return fail(reader, MESSAGE_NOT_IN_LIST);
    }
    *ret = value->value;
    return true;
}

static bool read_text(struct reader *reader, json_t *json, char **ret)
{
    if (!json_is_string(json))
        return fail(reader, MESSAGE_NOT_TEXT);

    char *text = strdup(json_string_value(json));

    if (text == NULL)
        return fail(reader, MESSAGE_NO_MEMORY);
    *ret = text;
    return true;
}

static bool read_coded_bytes(struct reader *reader, bool hex, json_t *json, ProtobufCBinaryData *ret)
{
    if (!json_is_string(json))
        return fail(reader, MESSAGE_NOT_TEXT);

    const char *text = json_string_value(json);
    size_t length = json_string_length(json), size = 0;
    uint8_t *data = malloc(length + 1); /* never less than what it decodes to */
    int bad;

    if (data == NULL)
        return fail(reader, MESSAGE_NO_MEMORY);
    if (hex)
        bad = sodium_hex2bin(data, length + 1, text, length, NULL, &size, NULL) != 0 || size * 2 != length;
    else
        bad = sodium_base642bin(data, length + 1, text, length, "\r\n", &size, NULL, sodium_base64_VARIANT_ORIGINAL);
    if (bad) {
        free(data);
        return fail(reader, MESSAGE_BAD_BYTES);
    }
    *ret = (ProtobufCBinaryData){.len = size, .data = data};
    return true;
}

static bool read_embedded(struct reader *reader, const ProtobufCMessageDescriptor *inner, json_t *json,
                          ProtobufCBinaryData *ret)
{
    ProtobufCMessage *message = read_message(reader, inner, json);

    if (message == NULL)
        return false;

    uint8_t *data = malloc(protobuf_c_message_get_packed_size(message) + 1);

    if (data == NULL)
        fail(reader, MESSAGE_NO_MEMORY);
    else
        *ret = (ProtobufCBinaryData){.len = protobuf_c_message_pack(message, data), .data = data};
    protobuf_c_message_free_unpacked(message, NULL);
    return data != NULL;
}

static bool read_bytes(struct reader *reader, const ProtobufCMessageDescriptor *owner,
                       const ProtobufCFieldDescriptor *field, json_t *json, ProtobufCBinaryData *ret)
{
    const ProtobufCMessageDescriptor *inner = message_embedded(owner, field);

    if (inner != NULL && json_is_object(json))
        return read_embedded(reader, inner, json, ret);
    return read_coded_bytes(reader, message_bytes_are_hex(field), json, ret);
}

static bool read_value(struct reader *reader, const ProtobufCMessageDescriptor *owner,
                       const ProtobufCFieldDescriptor *field, json_t *json, void *value)
{
    json_int_t number = 0;

    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_UINT32:
        if (!read_integer(reader, json, 0, UINT32_MAX, &number))
            return false;
        *(uint32_t *)value = (uint32_t)number;
        return true;
    case PROTOBUF_C_TYPE_INT32:
        if (!read_integer(reader, json, INT32_MIN, INT32_MAX, &number))
            return false;
        *(int32_t *)value = (int32_t)number;
        return true;
    case PROTOBUF_C_TYPE_INT64:
        if (!read_integer(reader, json, INT64_MIN, INT64_MAX, &number))
            return false;
        *(int64_t *)value = number;
        return true;
    case PROTOBUF_C_TYPE_UINT64:
        if (!read_integer(reader, json, 0, INT64_MAX, &number))
            return false;
        *(uint64_t *)value = (uint64_t)number;
        return true;
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(json))
            return fail(reader, MESSAGE_NOT_BOOLEAN);
        *(protobuf_c_boolean *)value = json_is_true(json);
        return true;
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(reader, field->descriptor, json, value);
    case PROTOBUF_C_TYPE_STRING:
        return read_text(reader, json, value);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(reader, owner, field, json, value);
    case PROTOBUF_C_TYPE_MESSAGE: {
        ProtobufCMessage *inner = read_message(reader, field->descriptor, json);

        *(ProtobufCMessage **)value = inner;
        return inner != NULL;
    }
    default:
        assert(false && "the protocol has no fields of this type");
        return false;
    }
}

/* The count rises with each element read, so that what is there when one fails is freed with the message. */
static bool read_list(struct reader *reader, const ProtobufCMessageDescriptor *owner,
                      const ProtobufCFieldDescriptor *field, json_t *json, void *member, size_t *count)
{
    if (!json_is_array(json))
        return fail(reader, MESSAGE_NOT_LIST);
    if (json_array_size(json) == 0)
        return true;

    uint8_t *elements = calloc(json_array_size(json), message_element_size(field));

    if (elements == NULL)
        return fail(reader, MESSAGE_NO_MEMORY);
    *(uint8_t **)member = elements;
    for (size_t i = 0; i < json_array_size(json); i++) {
        size_t before = path_enter_index(reader, i);

        if (!read_value(reader, owner, field, json_array_get(json, i), elements + i * message_element_size(field)))
            return false;
        path_leave(reader, before);
        *count = i + 1;
    }
    return true;
}

static bool read_field(struct reader *reader, ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       json_t *json)
{
    uint8_t *base = (uint8_t *)message;
    void *member = base + field->offset, *quantifier = base + field->quantifier_offset;

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return read_list(reader, message->descriptor, field, json, member, quantifier);
    if (!read_value(reader, message->descriptor, field, json, member))
        return false;
    if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
        *(protobuf_c_boolean *)quantifier = true;
    return true;
}

static bool read_members(struct reader *reader, ProtobufCMessage *message, json_t *json)
{
    const char *name;
    json_t *value;

    json_object_foreach(json, name, value)
    {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
        size_t before = path_enter(reader, name);

        if (field == NULL)
            return fail(reader, MESSAGE_UNKNOWN_MEMBER);
        if (!json_is_null(value) && !read_field(reader, message, field, value))
            return false;
        path_leave(reader, before);
    }
    return true;
}

static ProtobufCMessage *read_message(struct reader *reader, const ProtobufCMessageDescriptor *descriptor, json_t *json)
{
    if (!json_is_object(json)) {
        fail(reader, MESSAGE_NOT_OBJECT);
        return NULL;
    }

    ProtobufCMessage *message = calloc(1, descriptor->sizeof_message);

    if (message == NULL) {
        fail(reader, MESSAGE_NO_MEMORY);
        return NULL;
    }
    protobuf_c_message_init(descriptor, message);
    if (!read_members(reader, message, json)) {
        protobuf_c_message_free_unpacked(message, NULL);
        return NULL;
    }
    return message;
}

ProtobufCMessage *message_from_json(const ProtobufCMessageDescriptor *descriptor, json_t *json,
                                    struct message_error *ret_error)
{
    struct reader reader = {.fault = MESSAGE_OK};
    ProtobufCMessage *message = read_message(&reader, descriptor, json);

    if (message == NULL) {
        ret_error->fault = reader.fault;
        ret_error->list = reader.list;
        memcpy(ret_error->path, reader.path, sizeof ret_error->path);
    }
    return message;
}
