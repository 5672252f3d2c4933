/* world_write.c - messages made from words: fields by their path, whole sheets by a phrase. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "story/world_inside.h"

void world_key(uint8_t key[32], const char *name)
{
    crypto_generichash(key, 32, (const uint8_t *)name, strlen(name), NULL, 0);
}

ProtobufCMessage *world_new(struct world *w, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_zalloc(&w->arena, descriptor->sizeof_message);

    descriptor->message_init(message);
    return message;
}

static size_t size_of(ProtobufCType type)
{
    switch ((int)type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return 8;
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}

static int64_t number_of(const struct world *w, const ProtobufCFieldDescriptor *field, const char *value)
{
    if (field->type == PROTOBUF_C_TYPE_BOOL)
        return strcmp(value, "true") == 0;
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        const ProtobufCEnumValue *entry = protobuf_c_enum_descriptor_get_value_by_name(field->descriptor, value);

        return entry != NULL ? entry->value : strtoll(value, NULL, 10);
    }
    if (strcmp(value, "now") == 0)
        return w->clock.now.ms;
    if (value[0] == '@')
        return w->begin.ms + strtoll(value + 1, NULL, 10) * 1000;
    return value[0] == '+' ? w->clock.now.ms + strtoll(value, NULL, 10) * 1000 : strtoll(value, NULL, 10);
}

static ProtobufCBinaryData bytes_value(struct world *w, const char *value)
{
    ProtobufCBinaryData binary = {.data = (uint8_t *)arena_text(&w->arena, value), .len = strlen(value)};

    if (strncmp(value, "key:", 4) == 0) {
        binary.data = arena_alloc(&w->arena, 32);
        binary.len = 32;
        world_key(binary.data, value + 4);
    }
    return binary;
}

/* Every referral's name stands for its id. */
static char *text_value(struct world *w, const char *value)
{
    const char *id = world_id(w, value);

    return arena_text(&w->arena, id != NULL ? id : value);
}

static void put_value(struct world *w, const ProtobufCFieldDescriptor *field, void *at, const char *value)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        *(char **)at = text_value(w, value);
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        *(ProtobufCBinaryData *)at = bytes_value(w, value);
    } else {
        int64_t number = number_of(w, field, value);

        memcpy(at, &number, size_of(field->type)); /* little-endian machines only, as the tests are */
    }
}

/* The entry `index` of a repeated field; one more than there are makes a new one. */
static void *entry_at(struct world *w, ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t index)
{
    size_t size = size_of(field->type), *count = (size_t *)((uint8_t *)message + field->quantifier_offset);
    uint8_t **list = (uint8_t **)((uint8_t *)message + field->offset);

    if (index >= *count) {
        uint8_t *more = arena_zalloc(&w->arena, size * (index + 1));

        if (*count != 0)
            memcpy(more, *list, size * *count);
        *list = more;
        *count = index + 1;
    }
    return *list + index * size;
}

static void clear(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    uint8_t *start = (uint8_t *)message;

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        *(size_t *)(start + field->quantifier_offset) = 0;
    else if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
        *(void **)(start + field->offset) = NULL;
    else
        *(protobuf_c_boolean *)(start + field->quantifier_offset) = false;
}

static void set(struct world *w, ProtobufCMessage *message, char *path, const char *value)
{
    char *rest = strchr(path, '.'), *bracket;

    if (rest != NULL)
        *rest++ = '\0';
    bracket = strchr(path, '[');
    if (bracket != NULL)
        *bracket++ = '\0';

    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(message->descriptor, path);

    cr_assert_not_null(field, "%s has no field %s", message->descriptor->name, path);
    if (rest == NULL && value[0] == '\0') {
        clear(message, field);
        return;
    }

    uint8_t *at = (uint8_t *)message + field->offset;

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        at = entry_at(w, message, field, bracket == NULL ? 0 : strtoul(bracket, NULL, 10));
    else if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
        *(protobuf_c_boolean *)((uint8_t *)message + field->quantifier_offset) = true;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
        put_value(w, field, at, value);
        return;
    }
    cr_assert_not_null(rest, "%s is a message", path);
    if (*(ProtobufCMessage **)at == NULL)
        *(ProtobufCMessage **)at = world_new(w, field->descriptor);
    set(w, *(ProtobufCMessage **)at, rest, value);
}

void world_edit(struct world *w, ProtobufCMessage *message, const char *edits)
{
    char *rest = arena_text(&w->arena, edits), *edit;

    while ((edit = strsep(&rest, ";")) != NULL) {
        char *value;

        edit += strspn(edit, " ");
        if (edit[0] == '\0')
            continue;
        value = strchr(edit, '=');
        cr_assert_not_null(value, "no value in %s", edit);
        *value++ = '\0';
        set(w, message, edit, value);
    }
}

/* Everything either sheet asks for (section 3); the patient is invented. */
#define PATIENT                                                                                                        \
    "patient.name=测试甲; patient.sex=FEMALE; patient.birth_date=1949-12-31; patient.id_type=RESIDENT_ID;"          \
    "patient.id_value=11010519491231002X; patient.address=甲县乙镇一号; patient.phone=13800000000;"
#define COMMON                                                                                                         \
    "kind=OUTPATIENT; department=MED; doctor.name=王医生; doctor.phone=0571-8000000; diagnoses[0].icd10=I10;"       \
    "treatment=口服药物; consent=GIVEN;"
#define UP "present_history=反复头晕三天,血压控制不佳; past_history=无;"
#define DOWN                                                                                                           \
    "record_number=ZY-1; main_results=心电图正常; hospital_findings=住院治疗七日,血压平稳; further_plan=每周测压;"

static const char *word(const char *what, const char *const words[][2], const char *otherwise)
{
    for (size_t i = 0; words[i][0] != NULL; i++)
        if (strstr(what, words[i][0]) != NULL)
            return words[i][1];
    return otherwise;
}

Referral__Sheet *world_sheet(struct world *w, const char *who, const char *what)
{
    static const char *const directions[][2] = {{"up", "UP"}, {"down", "DOWN"}, {"lateral", "LATERAL"}, {NULL, NULL}};
    static const char *const priorities[][2] = {{"emergency", "EMERGENCY"}, {"urgent", "URGENT"}, {NULL, NULL}};
    Referral__Sheet *sheet = (Referral__Sheet *)world_new(w, &referral__sheet__descriptor);
    char *phrase = arena_text(&w->arena, what), *edits = strchr(phrase, ';'), *to = strstr(phrase, "to ");
    const char *direction, *priority, *patient;

    if (edits != NULL)
        *edits++ = '\0';
    cr_assert_not_null(to, "to whom? %s", what);
    to += 3;
    patient = strstr(phrase, "patient ");
    direction = word(phrase, directions, "");
    priority = word(phrase, priorities, "ROUTINE");
    world_edit(w, &sheet->base, PATIENT COMMON);
    world_edit(w, &sheet->base, strcmp(direction, "DOWN") == 0 ? DOWN : UP);
    world_edit(w, &sheet->base,
               arena_format(&w->arena, "direction=%s; priority=%s; sender=%.*s; receiver=%.*s", direction, priority,
                            (int)strcspn(who, "/"), who, (int)strcspn(to, ", "), to));
    if (strcmp(priority, "EMERGENCY") == 0)
        world_edit(w, &sheet->base, "emergency_category=CHEST_PAIN");
    if (patient != NULL) /* another one, with a team as those who want a place have it */
        world_edit(w, &sheet->base,
                   arena_format(&w->arena, "patient.id_type=PASSPORT; patient.id_value=E%08lu; team_id=TEAM7",
                                strtoul(patient + strlen("patient "), NULL, 10)));
    if (edits != NULL)
        world_edit(w, &sheet->base, edits);
    return sheet;
}
