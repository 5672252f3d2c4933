/* check.c - bounds and texts of a message, walked by its descriptor: what protobuf-c leaves unchecked. */
#include <assert.h>
#include <stdio.h>

#include "wire/bounds.h"
#include "wire/wire.h"

/* Where we are: the path's text so far. */
struct path {
    char text[FIELD_PATH_SIZE];
    size_t length;
};

struct walk {
    bool keeps_unknown;
    struct findings *findings;
    struct path path;
};

static void add(struct walk *walk, enum refusal refusal)
{
    findings_add(walk->findings, refusal, walk->path.text);
}

/* Returns the length to give back to path_leave. A path too long to show ends early. */
static size_t path_enter(struct path *path, const char *name, size_t position, bool is_repeated)
{
    size_t before = path->length, room = sizeof path->text - before;
    const char *dot = before == 0 ? "" : ".";
    int length = is_repeated ? snprintf(path->text + before, room, "%s%s[%zu]", dot, name, position)
                             : snprintf(path->text + before, room, "%s%s", dot, name);

    path->length += (size_t)length < room ? (size_t)length : room - 1;
    return before;
}

static void path_leave(struct path *path, size_t before)
{
    path->length = before;
    path->text[before] = '\0';
}

static void check_message(struct walk *walk, const ProtobufCMessage *message);

/* One value that is present. */
static enum refusal value_fault(struct walk *walk, const ProtobufCFieldDescriptor *field, const void *value)
{
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return bound_text_fault(field->name, *(const char *const *)value);
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)value)->len > bound_of_bytes(field->name) ? REFUSED_TOO_LONG : REFUSED_NOT;
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        return protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)value) == NULL ? REFUSED_BAD_ENUM
                                                                                                    : REFUSED_NOT;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        check_message(walk, *(const ProtobufCMessage *const *)value);
    return REFUSED_NOT;
}

/* Entering the path is dear, so a plain value enters it only when it is at fault. */
static void check_value(struct walk *walk, const ProtobufCFieldDescriptor *field, const void *value, size_t position,
                        bool is_repeated)
{
    size_t before = walk->path.length;

    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        path_enter(&walk->path, field->name, position, is_repeated);

    enum refusal fault = value_fault(walk, field, value);

    if (fault != REFUSED_NOT) {
        path_enter(&walk->path, field->name, position, is_repeated);
        add(walk, fault);
    }
    path_leave(&walk->path, before);
}

static size_t size_of_value(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
    default:
        return sizeof(uint32_t);
    }
}

static void check_repeated(struct walk *walk, const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    const uint8_t *start = (const uint8_t *)message;
    size_t count = *(const size_t *)(start + field->quantifier_offset);
    const uint8_t *values = *(const uint8_t *const *)(start + field->offset);

    if (count > bound_of_entries(field->name)) {
        size_t before = path_enter(&walk->path, field->name, 0, false);

        add(walk, REFUSED_TOO_MANY);
        path_leave(&walk->path, before);
        return;
    }
    for (size_t i = 0; i < count; i++)
        check_value(walk, field, values + i * size_of_value(field->type), i, true);
}

/* Texts and messages are present when their pointer is; all else has a flag beside it. */
static bool is_present(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    const uint8_t *start = (const uint8_t *)message;

    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(const void *const *)(start + field->offset) != NULL;
    return *(const protobuf_c_boolean *)(start + field->quantifier_offset);
}

static void check_message(struct walk *walk, const ProtobufCMessage *message)
{
    if (message->n_unknown_fields != 0 && !walk->keeps_unknown)
        add(walk, REFUSED_UNKNOWN_FIELD);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];

        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            check_repeated(walk, field, message);
        else if (is_present(field, message))
            check_value(walk, field, (const uint8_t *)message + field->offset, 0, false);
    }
}

void wire_check(const ProtobufCMessage *message, bool keeps_unknown, struct findings *findings)
{
    struct walk walk = {.keeps_unknown = keeps_unknown, .findings = findings};

    check_message(&walk, message);
}
