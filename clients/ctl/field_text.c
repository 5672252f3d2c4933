/* field_text.c - fields as people read them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "labels.h"
#include "moment.h"
#include "pool_text.h"
#include "referral.pb-c.h"

static bool is_size(const ProtobufCFieldDescriptor *field)
{
    const char *end = strrchr(field->name, '_');

    return end != NULL && strcmp(end, "_bytes") == 0;
}

/* "703 B", "1.6 MiB" */
static void size_format(char *out, size_t size, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;

    for (; bytes >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        bytes /= 1024;
    snprintf(out, size, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

/* "20 %", "22.5 %" */
static void share_format(char out[MOMENT_TEXT_SIZE], int64_t points)
{
    int decimals = points % 100 == 0 ? 0 : points % 10 == 0 ? 1 : 2;

    snprintf(out, MOMENT_TEXT_SIZE, "%.*f %%", decimals, (double)points / 100);
}

static char *number_text(const ProtobufCFieldDescriptor *field, int64_t number)
{
    char text[MOMENT_TEXT_SIZE];

    if (field_is_moment(field) && number != 0)
        moment_format(text, number);
    else if (strcmp(field->name, "value_milli") == 0) /* thousandths of the unit */
        snprintf(text, sizeof text, "%.10g", (double)number / 1000);
    else if (is_size(field))
        size_format(text, sizeof text, (double)number);
    else if (field_is_share(field))
        share_format(text, number);
    else if (field_is_span(field))
        span_format(text, number);
    else
        snprintf(text, sizeof text, "%lld", (long long)number);
    return strdup(text);
}

static void write_separated(FILE *out, const char *separator, const char *text)
{
    if (ftell(out) > 0)
        fputs(separator, out);
    fputs(text, out);
}

/* Its values in the order of the protocol, without names: "王主任 022-2920 0001". */
static char *message_text(const ProtobufCMessageDescriptor *descriptor, json_t *object, bool zh)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        json_t *value = json_object_get(object, descriptor->fields[i].name);
        char *part = value == NULL ? NULL : field_text(&descriptor->fields[i], value, zh);

        if (part != NULL)
            write_separated(out, " ", part);
        free(part);
    }
    return fclose(out) == 0 ? text : NULL;
}

/* Of a booking: which ones. */
static bool is_unit_numbers(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_UINT32 && strcmp(field->name, "units") == 0;
}

static char *list_text(const ProtobufCFieldDescriptor *field, json_t *list, bool zh)
{
    char *text = NULL;
    size_t size, i;
    FILE *out = open_memstream(&text, &size);
    json_t *value;

    if (out == NULL)
        return NULL;
    json_array_foreach(list, i, value)
    {
        char *part = field_text(field, value, zh);

        if (part != NULL)
            write_separated(out, field->type == PROTOBUF_C_TYPE_MESSAGE ? "; " : ", ", part);
        free(part);
    }
    return fclose(out) == 0 ? text : NULL;
}

/* Alone they would read like how many: "no. 1, 2". */
static char *unit_numbers_text(const ProtobufCFieldDescriptor *field, json_t *list, bool zh)
{
    char *numbers = list_text(field, list, zh), *text = NULL;

    if (numbers == NULL || asprintf(&text, zh ? "第 %s 号" : "no. %s", numbers) < 0)
        text = NULL;
    free(numbers);
    return text;
}

/* Nobody reads base64: its size. */
static char *string_text(const ProtobufCFieldDescriptor *field, json_t *value, bool zh)
{
    const char *text = json_string_value(value);
    char size[48];

    if (field->type == PROTOBUF_C_TYPE_ENUM)
        return strdup(label_of_value(field->descriptor, text, zh));
    if (field->type != PROTOBUF_C_TYPE_BYTES || message_bytes_are_hex(field))
        return strdup(label_of_text(field->name, text, zh));
    snprintf(size, sizeof size, zh ? "(%zu 字节)" : "(%zu bytes)", json_string_length(value) / 4 * 3);
    return strdup(size);
}

char *field_text(const ProtobufCFieldDescriptor *field, json_t *value, bool zh)
{
    switch (json_typeof(value == NULL ? json_null() : value)) {
    case JSON_ARRAY:
        return is_unit_numbers(field) ? unit_numbers_text(field, value, zh) : list_text(field, value, zh);
    case JSON_OBJECT:
        if (field->descriptor == &referral__pool_ref__descriptor)
            return pool_text_format(value);
        return field->type == PROTOBUF_C_TYPE_MESSAGE ? message_text(field->descriptor, value, zh)
                                                      : json_dumps(value, JSON_COMPACT);
    case JSON_STRING:
        return string_text(field, value, zh);
    case JSON_INTEGER:
        return number_text(field, json_integer_value(value));
    case JSON_TRUE:
        return strdup(zh ? "是" : "yes");
    case JSON_FALSE:
        return strdup(zh ? "否" : "no");
    case JSON_REAL:
    case JSON_NULL:
        break;
    }
    return strdup("");
}

const ProtobufCEnumDescriptor *field_enum(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_ENUM ? field->descriptor : NULL;
}

char *field_choices(const ProtobufCEnumDescriptor *names, uint32_t without)
{
    char *text = NULL;
    size_t size;
    FILE *out = names == NULL ? NULL : open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    for (unsigned i = 0; i < names->n_values; i++)
        if (names->values[i].value >= 32 || (without >> names->values[i].value & 1) == 0)
            write_separated(out, ", ", names->values[i].name);
    return fclose(out) == 0 ? text : NULL;
}
