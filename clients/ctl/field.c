/* field.c - finds fields, and sets them from the words of a command line. */
#include "field.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "moment.h"
#include "pool_text.h"
#include "referral.pb-c.h"

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);

    return a >= b && strcmp(text + a - b, end) == 0;
}

/* Milliseconds in 64 bits are points in time, but for one; in 32 bits they are lengths. */
bool field_is_moment(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_INT64 && ends_with(field->name, "_ms") && !field_is_span(field);
}

bool field_is_span(const ProtobufCFieldDescriptor *field)
{
    return strcmp(field->name, "older_than_ms") == 0 ||
           (field->type == PROTOBUF_C_TYPE_UINT32 && ends_with(field->name, "_ms"));
}

bool field_is_share(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_UINT32 && ends_with(field->name, "_bp");
}

/* The first name of the path, and what follows it. */
static const ProtobufCFieldDescriptor *step(const ProtobufCMessageDescriptor *descriptor, const char **path)
{
    char name[64];
    size_t length = strcspn(*path, ".");

    if (length >= sizeof name)
        return NULL;
    memcpy(name, *path, length);
    name[length] = '\0';
    *path += length + ((*path)[length] == '.');
    return protobuf_c_message_descriptor_get_field_by_name(descriptor, name);
}

const ProtobufCFieldDescriptor *field_find(const ProtobufCMessageDescriptor *descriptor, const char *path)
{
    const ProtobufCFieldDescriptor *field = step(descriptor, &path);

    while (field != NULL && *path != '\0') {
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            return NULL;
        field = step(field->descriptor, &path);
    }
    return field;
}

json_t *field_value(json_t *object, const char *path)
{
    while (object != NULL) {
        size_t length = strcspn(path, ".");
        char name[64];

        if (length >= sizeof name)
            return NULL;
        memcpy(name, path, length);
        name[length] = '\0';
        object = json_object_get(object, name);
        if (path[length] == '\0')
            return object;
        path += length + 1;
        if (json_is_array(object))
            object = json_array_get(object, 0);
    }
    return NULL;
}

static json_t *enum_from_text(const ProtobufCEnumDescriptor *names, const char *text)
{
    char name[64];
    size_t length = strlen(text);

    if (length >= sizeof name)
        return NULL;
    for (size_t i = 0; i <= length; i++)
        name[i] = text[i] == '-' ? '_' : (char)toupper((unsigned char)text[i]);
    return protobuf_c_enum_descriptor_get_value_by_name(names, name) == NULL ? NULL : json_string(name);
}

/* "20%", "22.5%"; without the sign it is basis points. */
static json_t *share_from_text(const char *text)
{
    char *end;
    long points;

    errno = 0;
    points = strtol(text, &end, 10);
    if (errno != 0 || end == text || labs(points) > INT32_MAX)
        return NULL;
    if (*end == '\0')
        return json_integer(points);
    points *= 100;
    if (*end == '.')
        for (long unit = 10; isdigit((unsigned char)*++end) && unit > 0; unit /= 10)
            points += (*end - '0') * unit;
    return strcmp(end, "%") == 0 ? json_integer(points) : NULL;
}

static json_t *number_from_text(const ProtobufCFieldDescriptor *field, const char *text)
{
    int64_t number = 0;
    char *end;

    if (field_is_moment(field))
        return moment_parse(text, &number) ? json_integer(number) : NULL;
    if (field_is_span(field))
        return span_parse(text, &number) ? json_integer(number) : NULL;
    if (field_is_share(field))
        return share_from_text(text);
    errno = 0;
    number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' ? json_integer(number) : NULL;
}

static json_t *boolean_from_text(const char *text)
{
    static const char *const yes[] = {"yes", "true", "1", "是"}, *const no[] = {"no", "false", "0", "否"};

    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (strcasecmp(text, yes[i]) == 0)
            return json_true();
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (strcasecmp(text, no[i]) == 0)
            return json_false();
    return NULL;
}

/* "code=XK,name=心内科"; a pool as pool_text.h reads it */
static json_t *message_from_text(const ProtobufCMessageDescriptor *descriptor, char *text, enum message_fault *fault)
{
    json_t *object;
    char *rest = NULL;

    if (descriptor == &referral__pool_ref__descriptor && strchr(text, '=') == NULL) {
        object = pool_text_parse(text);
        *fault = object == NULL ? MESSAGE_NOT_A_POOL : MESSAGE_OK;
        return object;
    }
    object = json_object();
    *fault = MESSAGE_OK;
    for (char *pair = strtok_r(text, ",", &rest); pair != NULL; pair = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(pair, '=');

        if (value != NULL)
            *value++ = '\0';
        if (value == NULL || field_find(descriptor, pair) == NULL)
            *fault = MESSAGE_UNKNOWN_MEMBER;
        else
            *fault = field_set(object, descriptor, pair, value);
        if (*fault != MESSAGE_OK) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *value_from_text(const ProtobufCFieldDescriptor *field, char *text, enum message_fault *fault)
{
    json_t *value;

    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES: /* checked by message_from_json */
        value = json_string(text);
        *fault = MESSAGE_NOT_TEXT;
        break;
    case PROTOBUF_C_TYPE_ENUM:
        value = enum_from_text(field->descriptor, text);
        *fault = MESSAGE_NOT_IN_LIST;
        break;
    case PROTOBUF_C_TYPE_BOOL:
        value = boolean_from_text(text);
        *fault = MESSAGE_NOT_YES_OR_NO;
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        return message_from_text(field->descriptor, text, fault);
    default:
        value = number_from_text(field, text);
        *fault = field_is_moment(field)  ? MESSAGE_NOT_A_TIME
                 : field_is_span(field)  ? MESSAGE_NOT_A_SPAN
                 : field_is_share(field) ? MESSAGE_NOT_A_SHARE
                                         : MESSAGE_NOT_INTEGER;
    }
    if (value != NULL)
        *fault = MESSAGE_OK;
    return value;
}

static enum message_fault append(json_t *list, const ProtobufCFieldDescriptor *field, char *text)
{
    enum message_fault fault = MESSAGE_OK;
    char *rest = NULL;

    if (field->type == PROTOBUF_C_TYPE_MESSAGE) { /* commas are its own */
        json_t *value = message_from_text(field->descriptor, text, &fault);

        return value == NULL ? fault : json_array_append_new(list, value) == 0 ? MESSAGE_OK : MESSAGE_NO_MEMORY;
    }
    for (char *word = strtok_r(text, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        json_t *value = value_from_text(field, word, &fault);

        if (value == NULL)
            return fault;
        if (json_array_append_new(list, value) != 0)
            return MESSAGE_NO_MEMORY;
    }
    return MESSAGE_OK;
}

/* The member's object or list, made where it is absent. Borrowed. */
static json_t *member_of(json_t *object, const char *name, bool list)
{
    json_t *member = json_object_get(object, name);

    if (member == NULL) {
        member = list ? json_array() : json_object();
        if (json_object_set_new(object, name, member) != 0)
            return NULL;
    }
    return member;
}

/* Down to the object that holds the path's last field; lists of messages by their first entry. */
static json_t *descend(json_t *object, const ProtobufCMessageDescriptor *descriptor, const char *path,
                       const ProtobufCFieldDescriptor **ret_field)
{
    *ret_field = step(descriptor, &path);
    while (*path != '\0') {
        const ProtobufCFieldDescriptor *field = *ret_field;

        assert(field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE); /* the caller has looked */

        bool list = field->label == PROTOBUF_C_LABEL_REPEATED;

        object = member_of(object, field->name, list);
        if (list && json_array_size(object) == 0)
            json_array_append_new(object, json_object());
        if (list)
            object = json_array_get(object, 0);
        *ret_field = step(field->descriptor, &path);
    }
    assert(*ret_field != NULL);
    return object;
}

enum message_fault field_set(json_t *object, const ProtobufCMessageDescriptor *descriptor, const char *path,
                             const char *text)
{
    const ProtobufCFieldDescriptor *field;
    enum message_fault fault = MESSAGE_NO_MEMORY;
    char *copy = strdup(text);

    assert(field_find(descriptor, path) != NULL);
    object = descend(object, descriptor, path, &field);
    if (copy == NULL || object == NULL)
        goto out;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        json_t *list = member_of(object, field->name, true);

        fault = list == NULL ? MESSAGE_NO_MEMORY : append(list, field, copy);
    } else {
        json_t *value = value_from_text(field, copy, &fault);

        if (value != NULL && json_object_set_new(object, field->name, value) != 0)
            fault = MESSAGE_NO_MEMORY;
    }
out:
    free(copy);
    return fault;
}
