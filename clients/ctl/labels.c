/* labels.c - looks labels up; each table is small and read by people, so a walk will do. */
#include "labels.h"

#include <stdio.h>
#include <string.h>

#include "rules/lifecycle.h"

/* One table, four readings: each takes its own rows and skips the others. */
#define FIELD(name, zh)
#define FIELD_OF(owner, name, zh)
#define VALUE(type, name, zh)
#define TEXT(field, text, zh)

#undef FIELD
#define FIELD(name, zh) {#name, zh},
static const struct {
    const char *name, *zh;
} fields[] = {
#include "labels.def"
};
#undef FIELD
#define FIELD(name, zh)

#undef FIELD_OF
#define FIELD_OF(owner, name, zh) {#owner, #name, zh},
static const struct label {
    const char *of, *name, *zh;
} fields_of[] = {
#include "labels.def"
};
#undef FIELD_OF
#define FIELD_OF(owner, name, zh)

#undef VALUE
#define VALUE(type, name, zh) {#type, #name, zh},
static const struct label values[] = {
#include "labels.def"
};
#undef VALUE
#define VALUE(type, name, zh)

#undef TEXT
#define TEXT(field, text, zh) {#field, text, zh},
static const struct label texts[] = {
#include "labels.def"
};
#undef TEXT

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const char *find(const struct label *labels, size_t count, const char *of, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(labels[i].of, of) == 0 && strcmp(labels[i].name, name) == 0)
            return labels[i].zh;
    return NULL;
}

static const char *field_zh(const char *owner, const char *name)
{
    const char *zh = find(fields_of, COUNT(fields_of), owner, name);

    for (size_t i = 0; zh == NULL && i < COUNT(fields); i++)
        if (strcmp(fields[i].name, name) == 0)
            zh = fields[i].zh;
    return zh;
}

/* A time, a size is shown with its unit, a text in the reader's language: the name need not say so. */
static size_t length_without_end(const char *name)
{
    static const char *const ends[] = {"_ms", "_bytes", "_zh", "_en"};
    size_t length = strlen(name);

    for (size_t i = 0; i < COUNT(ends); i++) {
        size_t end = strlen(ends[i]);

        if (length > end && strcmp(name + length - end, ends[i]) == 0)
            return length - end;
    }
    return length;
}

void label_of_field(char *out, size_t size, const ProtobufCMessageDescriptor *owner, const char *name, bool zh)
{
    const char *label = zh ? field_zh(owner->short_name, name) : NULL;

    if (label != NULL) {
        snprintf(out, size, "%s", label);
        return;
    }
    snprintf(out, size, "%.*s", (int)length_without_end(name), name);
    for (char *at = out; *at != '\0'; at++)
        if (*at == '_')
            *at = ' ';
}

const char *label_of_value(const ProtobufCEnumDescriptor *names, const char *value, bool zh)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value_by_name(names, value);
    const char *label;

    if (known == NULL)
        return value;
    if (names == &referral__event_type__descriptor)
        return zh ? event_zh((enum event)known->value) : event_name((enum event)known->value);
    if (!zh)
        return value;
    if (names == &referral__state__descriptor)
        return state_zh((enum state)known->value);
    label = find(values, COUNT(values), names->short_name, value);
    return label == NULL ? value : label;
}

const char *label_of_number(const ProtobufCEnumDescriptor *names, int number, bool zh)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(names, number);

    return value == NULL ? "?" : label_of_value(names, value->name, zh);
}

const char *label_of_text(const char *field, const char *text, bool zh)
{
    const char *label = zh ? find(texts, COUNT(texts), field, text) : NULL;

    return label == NULL ? text : label;
}
