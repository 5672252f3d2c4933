/* table.c - prints by way of libsmartcols, which knows the width of Chinese characters and of the terminal. */
#include "table.h"

#include <assert.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "field.h"
#include "labels.h"
#include "view.h"

#define LABEL_SIZE  96
#define COLUMNS_MAX 24

/* "referrals.state": through objects by name, through lists by every entry. What is not there is no line. */
static void print_only(FILE *out, json_t *json, const char *path)
{
    size_t length = strcspn(path, "."), i;
    json_t *entry;

    if (json_is_array(json)) {
        json_array_foreach(json, i, entry) print_only(out, entry, path);
    } else if (path[0] != '\0') {
        entry = json_object_getn(json, path, length);
        if (entry != NULL)
            print_only(out, entry, path + length + (path[length] == '.'));
    } else {
        if (json_is_string(json))
            fputs(json_string_value(json), out);
        else
            json_dumpf(json, out, JSON_COMPACT | JSON_ENCODE_ANY);
        fputc('\n', out);
    }
}

static void print_json(const struct ctl *ctl, json_t *json, size_t form)
{
    if (ctl->print != NULL) {
        print_only(ctl->out, json, ctl->print);
        return;
    }
    json_dumpf(json, ctl->out, JSON_PRESERVE_ORDER | form);
    fputc('\n', ctl->out);
}

void table_json(const struct ctl *ctl, json_t *json)
{
    print_json(ctl, json, isatty(fileno(ctl->out)) ? JSON_INDENT(2) : JSON_COMPACT);
}

void table_json_line(const struct ctl *ctl, json_t *json)
{
    print_json(ctl, json, JSON_COMPACT);
}

static struct libscols_table *table_new(const struct ctl *ctl)
{
    struct libscols_table *table = scols_new_table();

    if (table != NULL)
        scols_table_set_stream(table, ctl->out);
    return table;
}

/* What is in the other language, and where the next page begins. */
static bool is_for_others(const struct ctl *ctl, const char *path)
{
    return strcmp(path, ctl->zh ? "text_en" : "text_zh") == 0 || strcmp(path, ctl->zh ? "todo_en" : "todo_zh") == 0 ||
           strcmp(path, "next") == 0;
}

static bool is_empty(json_t *rows, const char *path)
{
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row) if (field_value(row, path) != NULL) return false;
    return true;
}

static bool is_number(const ProtobufCFieldDescriptor *field)
{
    return (field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_UINT64) && !field_is_span(field) &&
           field->label != PROTOBUF_C_LABEL_REPEATED;
}

static size_t choose_columns(const struct ctl *ctl, json_t *rows, const char *const *paths, const char **ret_shown)
{
    size_t count = 0;

    for (; *paths != NULL; paths++)
        if (!is_for_others(ctl, *paths) && !is_empty(rows, *paths)) {
            assert(count < COLUMNS_MAX);
            ret_shown[count++] = *paths;
        }
    return count;
}

static void add_line(const struct ctl *ctl, struct libscols_table *table, const ProtobufCMessageDescriptor *descriptor,
                     json_t *row, const char *const *shown, size_t count)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);

    for (size_t i = 0; line != NULL && i < count; i++) {
        char *text = field_text(field_find(descriptor, shown[i]), field_value(row, shown[i]), ctl->zh);

        scols_line_set_data(line, i, text);
        free(text);
    }
}

void table_print(const struct ctl *ctl, const ProtobufCMessageDescriptor *descriptor, json_t *rows)
{
    const char *shown[COLUMNS_MAX];
    size_t count = choose_columns(ctl, rows, view_columns(descriptor), shown), i;
    struct libscols_table *table = count == 0 ? NULL : table_new(ctl);
    json_t *row;

    if (count == 0)
        fprintf(ctl->out, "%s\n", ctl_say(ctl, "(无)", "(none)"));
    if (table == NULL)
        return;
    for (i = 0; i < count; i++) {
        const ProtobufCFieldDescriptor *field = field_find(descriptor, shown[i]);
        char label[LABEL_SIZE];

        label_of_field(label, sizeof label, descriptor, field->name, ctl->zh);
        scols_table_new_column(table, label, 0, is_number(field) ? SCOLS_FL_RIGHT : 0);
    }
    json_array_foreach(rows, i, row) add_line(ctl, table, descriptor, row, shown, count);
    scols_print_table(table);
    scols_unref_table(table);
}

static char *plain_text(const struct ctl *ctl, json_t *value)
{
    if (json_is_boolean(value))
        return strdup(json_is_true(value) ? ctl_say(ctl, "是", "yes") : ctl_say(ctl, "否", "no"));
    return json_is_string(value) ? strdup(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY);
}

/* Numbers stand to the right. */
static bool is_number_column(json_t *rows, size_t wanted)
{
    json_t *row, *value;
    const char *name;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        size_t column = 0;

        json_object_foreach(row, name, value) if (column++ == wanted && !json_is_integer(value)) return false;
    }
    return true;
}

static void add_plain_line(const struct ctl *ctl, struct libscols_table *table, json_t *row)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    json_t *value;
    const char *name;
    size_t column = 0;

    json_object_foreach(row, name, value)
    {
        char *text = plain_text(ctl, value);

        if (line != NULL)
            scols_line_set_data(line, column++, text);
        free(text);
    }
}

void table_plain(const struct ctl *ctl, const char *const *headings, json_t *rows)
{
    struct libscols_table *table = table_new(ctl);
    json_t *row;
    size_t i;

    if (table == NULL)
        return;
    for (size_t column = 0; headings[column] != NULL; column++)
        scols_table_new_column(table, headings[column], 0, is_number_column(rows, column) ? SCOLS_FL_RIGHT : 0);
    json_array_foreach(rows, i, row) add_plain_line(ctl, table, row);
    scols_print_table(table);
    scols_unref_table(table);
}

void table_pairs(const struct ctl *ctl, json_t *rows)
{
    struct libscols_table *table = table_new(ctl);
    json_t *row;
    size_t i;

    if (table == NULL)
        return;
    scols_table_new_column(table, "", 0, 0);
    scols_table_new_column(table, "", 0, 0);
    scols_table_enable_noheadings(table, 1);
    json_array_foreach(rows, i, row) add_plain_line(ctl, table, row);
    scols_print_table(table);
    scols_unref_table(table);
}

/* A message of many fields stands as lines of its own; one of few as a line. */
static bool is_flattened(const ProtobufCFieldDescriptor *field)
{
    const ProtobufCMessageDescriptor *inner = field->descriptor;

    return field->type == PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED && inner->n_fields > 5;
}

static bool is_table(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE && field->label == PROTOBUF_C_LABEL_REPEATED &&
           view_columns(field->descriptor) != NULL;
}

static void add_record(const struct ctl *ctl, struct libscols_table *table, const char *prefix,
                       const ProtobufCMessageDescriptor *descriptor, json_t *object)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        json_t *value = json_object_get(object, field->name);
        char name[LABEL_SIZE / 2], label[LABEL_SIZE];

        if (value == NULL || is_table(field) || is_for_others(ctl, field->name))
            continue;
        label_of_field(name, sizeof name, descriptor, field->name, ctl->zh);
        snprintf(label, sizeof label, "%s%s%s", prefix, prefix[0] == '\0' ? "" : " ", name);
        if (is_flattened(field)) {
            add_record(ctl, table, strcmp(field->name, "summary") == 0 ? prefix : label, field->descriptor, value);
            continue;
        }

        struct libscols_line *line = scols_table_new_line(table, NULL);
        char *text = field_text(field, value, ctl->zh);

        if (line != NULL) {
            scols_line_set_data(line, 0, label);
            scols_line_set_data(line, 1, text);
        }
        free(text);
    }
}

static void print_lists(const struct ctl *ctl, const ProtobufCMessageDescriptor *descriptor, json_t *object)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        json_t *rows = json_object_get(object, field->name);
        char label[LABEL_SIZE];

        if (rows == NULL || !is_table(field))
            continue;
        label_of_field(label, sizeof label, descriptor, field->name, ctl->zh);
        fprintf(ctl->out, "\n%s:\n", label);
        table_print(ctl, field->descriptor, rows);
    }
}

void table_record(const struct ctl *ctl, const ProtobufCMessageDescriptor *descriptor, json_t *object)
{
    struct libscols_table *table = table_new(ctl);

    if (table == NULL)
        return;

    scols_table_new_column(table, "", 0, 0);

    struct libscols_column *value = scols_table_new_column(table, "", 0, SCOLS_FL_WRAP);

    /* texts of many lines keep them */
    scols_column_set_safechars(value, "\n");
    scols_column_set_wrapfunc(value, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
    scols_table_enable_noheadings(table, 1);
    add_record(ctl, table, "", descriptor, object);
    scols_print_table(table);
    scols_unref_table(table);
    print_lists(ctl, descriptor, object);
}
