/* schema.c - every message is an object without further members; of a sheet, the table of fields says what each form
 * demands. */
#include "schema.h"

#include <string.h>

#include "field.h"
#include "handlers.h"
#include "message.h"
#include "rules/sheet.h"
#include "table.h"
#include "wire/wire.h"

static json_t *object_schema(const ProtobufCMessageDescriptor *descriptor, const char *path);

static json_t *enum_schema(const ProtobufCEnumDescriptor *names)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < names->n_values; i++)
        json_array_append_new(list, json_string(names->values[i].name));
    return json_pack("{s:o}", "enum", list);
}

static json_t *bytes_schema(const ProtobufCMessageDescriptor *owner, const ProtobufCFieldDescriptor *field)
{
    const ProtobufCMessageDescriptor *inner = message_embedded(owner, field);
    json_t *text = message_bytes_are_hex(field)
                       ? json_pack("{s:s, s:s}", "type", "string", "pattern", "^([0-9A-Fa-f]{2})*$")
                       : json_pack("{s:s, s:s}", "type", "string", "contentEncoding", "base64");

    return inner == NULL ? text : json_pack("{s:[o, o]}", "anyOf", object_schema(inner, NULL), text);
}

static json_t *value_schema(const ProtobufCMessageDescriptor *owner, const ProtobufCFieldDescriptor *field,
                            const char *path)
{
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case PROTOBUF_C_TYPE_ENUM:
        return enum_schema(field->descriptor);
    case PROTOBUF_C_TYPE_STRING:
        return json_pack("{s:s}", "type", "string");
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_schema(owner, field);
    case PROTOBUF_C_TYPE_MESSAGE:
        return object_schema(field->descriptor, path);
    case PROTOBUF_C_TYPE_UINT32:
        return json_pack("{s:s, s:i, s:I}", "type", "integer", "minimum", 0, "maximum", (json_int_t)UINT32_MAX);
    case PROTOBUF_C_TYPE_UINT64:
        return json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
    default:
        return json_pack("{s:s}", "type", "integer");
    }
}

/* What the table of the sheet's fields says of this one: names in both languages, the longest text. */
static void describe(json_t *schema, const ProtobufCFieldDescriptor *field, const char *path)
{
    const struct sheet_field *row = path == NULL ? NULL : sheet_field(path);

    if (row == NULL)
        return;
    json_object_set_new(schema, "title", json_string(row->name_zh));
    json_object_set_new(schema, "description",
                        json_sprintf("%s%s%s%s%s", row->name_en, row->note_en[0] == '\0' ? "" : ": ", row->note_en,
                                     row->note_zh[0] == '\0' ? "" : " / ", row->note_zh));
    if (field->type == PROTOBUF_C_TYPE_STRING && row->max_chars != 0)
        json_object_set_new(schema, "maxLength", json_integer(row->max_chars));
}

/* `path`: of this object in the sheet, "" for the sheet itself; NULL: not of a sheet. */
static json_t *object_schema(const ProtobufCMessageDescriptor *descriptor, const char *path)
{
    json_t *properties = json_object();

    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
        char own[FIELD_PATH_SIZE * 2], element[FIELD_PATH_SIZE * 2 + 2];

        snprintf(own, sizeof own, "%s%s%s", path == NULL ? "" : path, path == NULL || path[0] == '\0' ? "" : ".",
                 field->name);
        snprintf(element, sizeof element, "%s%s", own, list ? "[]" : "");

        json_t *schema = value_schema(descriptor, field, path == NULL ? NULL : element);

        if (list)
            schema = json_pack("{s:s, s:o}", "type", "array", "items", schema);
        describe(schema, field, path == NULL ? NULL : own);
        json_object_set_new(properties, field->name, schema);
    }
    return json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0, "properties", properties);
}

static char need_of(const struct sheet_field *field, enum sheet_form form)
{
    return form == SHEET_UP ? field->need_up : form == SHEET_DOWN ? field->need_down : field->need_emergency;
}

/* The member `name` of the part's list or object `section`, made where it is absent. Borrowed. */
static json_t *section(json_t *part, const char *name, json_t *(*make)(void))
{
    json_t *found = json_object_get(part, name);

    if (found == NULL) {
        found = make();
        json_object_set_new(part, name, found);
    }
    return found;
}

static void demand(json_t *part, const char *name)
{
    json_t *required = section(part, "required", json_array), *known;
    size_t i;

    json_array_foreach(required, i, known) if (strcmp(json_string_value(known), name) == 0) return;
    json_array_append_new(required, json_string(name));
}

/* Down to the part of the object that holds the row's field. An object without a row of its own must be there for its
 * fields' sake. */
static json_t *part_of(json_t *part, const char *path, bool mandatory, const char **ret_name)
{
    const char *dot;
    size_t used = 0;

    while ((dot = strchr(path + used, '.')) != NULL) {
        char parent[FIELD_PATH_SIZE], name[FIELD_PATH_SIZE];
        size_t length = (size_t)(dot - path);
        bool list = path[length - 1] == ']';

        snprintf(parent, sizeof parent, "%.*s", (int)(length - (list ? 2 : 0)), path);
        snprintf(name, sizeof name, "%s", parent + used);
        if (mandatory && sheet_field(parent) == NULL)
            demand(part, name);
        part = section(section(part, "properties", json_object), name, json_object);
        if (list)
            part = section(part, "items", json_object);
        used = length + 1;
    }
    *ret_name = path + used;
    return part;
}

/* What one of the three forms demands and forbids. */
static json_t *form_schema(enum sheet_form form)
{
    json_t *whole = json_object();
    size_t count;
    const struct sheet_field *fields = sheet_fields(&count);

    for (size_t i = 0; i < count; i++) {
        char need = need_of(&fields[i], form);
        const char *name;

        if (need != 'M' && need != '-')
            continue;

        json_t *part = part_of(whole, fields[i].path, need == 'M', &name);

        if (need == 'M')
            demand(part, name);
        else
            json_object_set_new(section(part, "properties", json_object), name, json_false());
    }
    return whole;
}

static json_t *when(const char *field, const char *value)
{
    return json_pack("{s:{s:{s:s}}, s:[s]}", "properties", field, "const", value, "required", field);
}

json_t *schema_of(const ProtobufCMessageDescriptor *descriptor, const char *title)
{
    bool sheet = descriptor == &referral__sheet__descriptor;
    json_t *schema = json_pack("{s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema", "title", title);
    json_t *object = object_schema(descriptor, sheet ? "" : NULL);

    json_object_update(schema, object);
    json_decref(object);
    if (sheet) { /* F5 before F1: an emergency has a form of its own */
        json_object_set_new(schema, "if", when("priority", "EMERGENCY"));
        json_object_set_new(schema, "then", form_schema(SHEET_EMERGENCY));
        json_object_set_new(schema, "else",
                            json_pack("{s:o, s:o, s:o}", "if", when("direction", "DOWN"), "then",
                                      form_schema(SHEET_DOWN), "else", form_schema(SHEET_UP)));
    }
    return schema;
}

int schema_run(struct ctl *ctl)
{
    const char *name = ctl->arguments[0] == NULL ? "SUBMIT" : ctl->arguments[0];
    size_t count;
    const struct kind_info *kinds = kind_infos(&count);

    for (size_t i = 0; i < count; i++)
        if (kinds[i].class == KIND_COMMAND && strcasecmp(kinds[i].name, name) == 0) {
            json_t *schema = schema_of(kinds[i].body, kinds[i].name);

            json_dumpf(schema, ctl->out, JSON_INDENT(2));
            fputc('\n', ctl->out);
            json_decref(schema);
            return EXIT_OK;
        }
    ctl_complain(ctl, "%s", ctl_say(ctl, "没有这种命令; 可选:", "there is no such command; there are:"));
    for (size_t i = 0; i < count; i++)
        if (kinds[i].class == KIND_COMMAND)
            fprintf(ctl->err, "  %s\n", kinds[i].name);
    return EXIT_USAGE;
}
