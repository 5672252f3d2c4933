/* labels.c - looks labels up; each table is small and read by people, so a walk will do. */
#include "labels.h"

#include <stdio.h>
#include <string.h>

#include "rules/lifecycle.h"

static const struct {
    const char *name, *zh;
} fields[] = {
#define FIELD(name, zh) {#name, zh},
#define VALUE(type, name, zh)
#include "labels.def"
#undef FIELD
#undef VALUE
};

static const struct {
    const char *type, *name, *zh;
} values[] = {
#define FIELD(name, zh)
#define VALUE(type, name, zh) {#type, #name, zh},
#include "labels.def"
#undef FIELD
#undef VALUE
};

void label_of_field(char *out, size_t size, const char *name, bool zh)
{
    size_t length = strlen(name);

    for (size_t i = 0; zh && i < sizeof fields / sizeof *fields; i++)
        if (strcmp(fields[i].name, name) == 0) {
            snprintf(out, size, "%s", fields[i].zh);
            return;
        }
    if (length > 3 && strcmp(name + length - 3, "_ms") == 0)
        length -= 3; /* shown as a time, no longer as milliseconds */
    snprintf(out, size, "%.*s", (int)length, name);
    for (char *at = out; *at != '\0'; at++)
        if (*at == '_')
            *at = ' ';
}

const char *label_of_value(const ProtobufCEnumDescriptor *names, const char *value, bool zh)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value_by_name(names, value);

    if (!zh || known == NULL)
        return value;
    if (names == &referral__state__descriptor)
        return state_zh((enum state)known->value);
    if (names == &referral__event_type__descriptor)
        return event_zh((enum event)known->value);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strcmp(values[i].type, names->short_name) == 0 && strcmp(values[i].name, value) == 0)
            return values[i].zh;
    return value;
}
