/* columns.c - two headings a column: in Chinese above, in English below. */
#include "columns.h"

#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "labels.h"
#include "moment.h"
#include "place.pb-c.h"

#define HEADING_SIZE 128

void share_format(char out[SHARE_TEXT_SIZE], json_int_t bp)
{
    unsigned long long size = bp < 0 ? 0ULL - (unsigned long long)bp : (unsigned long long)bp;

    snprintf(out, SHARE_TEXT_SIZE, "%s%llu.%02llu", bp < 0 ? "-" : "", size / 100, size % 100);
}

/* Codes of several lists stand in reports; none of them shares a name with another. What is in none is a word of its
 * member's. */
static const char *code_label(const char *member, const char *code, bool zh)
{
    const ProtobufCEnumDescriptor *const lists[] = {
        &referral__place_class__descriptor, &referral__ledger_event__descriptor, &referral__block_reason__descriptor,
        &referral__direction__descriptor,   &referral__priority__descriptor,     &referral__reason__descriptor,
        &referral__channel__descriptor,
    };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (protobuf_c_enum_descriptor_get_value_by_name(lists[i], code) != NULL)
            return label_of_value(lists[i], code, zh);
    return label_of_text(member, code, zh);
}

/* `raw`: for programs. To be freed; NULL: empty. */
static char *cell_text(const struct column *column, json_t *row, bool raw, bool zh)
{
    json_t *value = json_object_get(row, column->member);
    const char *code = json_string_value(value);
    json_int_t number = json_integer_value(value);
    char share[SHARE_TEXT_SIZE], text[SHARE_TEXT_SIZE + MOMENT_TEXT_SIZE];

    if (code != NULL)
        return strdup(column->form == COLUMN_CODE && !raw ? code_label(column->member, code, zh) : code);
    if (!json_is_integer(value))
        return NULL;
    share_format(share, number);
    if (column->form == COLUMN_SHARE)
        snprintf(text, sizeof text, raw ? "%s" : "%s %%", share);
    else if (column->form == COLUMN_SPAN && !raw)
        span_format(text, (int64_t)number * 1000);
    else
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, number);
    return strdup(text);
}

/* ---- For people ---- */

static void add_headings(struct libscols_table *table, const struct column *columns)
{
    struct libscols_line *zh = scols_table_new_line(table, NULL), *en = scols_table_new_line(table, NULL);

    for (size_t i = 0; zh != NULL && en != NULL && columns[i].member != NULL; i++) {
        scols_line_set_data(zh, i, columns[i].zh);
        scols_line_set_data(en, i, columns[i].en);
    }
}

static void add_row(const struct ctl *ctl, struct libscols_table *table, const struct column *columns, json_t *row)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);

    for (size_t i = 0; line != NULL && columns[i].member != NULL; i++) {
        char *text = cell_text(&columns[i], row, false, ctl->zh);

        scols_line_set_data(line, i, text == NULL ? "" : text);
        free(text);
    }
}

void columns_table(const struct ctl *ctl, const struct column *columns, json_t *rows)
{
    struct libscols_table *table = scols_new_table();
    json_t *row;
    size_t i;

    if (table == NULL)
        return;
    scols_table_set_stream(table, ctl->out);
    scols_table_enable_noheadings(table, 1);
    for (i = 0; columns[i].member != NULL; i++)
        scols_table_new_column(table, "", 0, columns[i].form >= COLUMN_COUNT ? SCOLS_FL_RIGHT : 0);
    add_headings(table, columns);
    json_array_foreach(rows, i, row) add_row(ctl, table, columns, row);
    scols_print_table(table);
    scols_unref_table(table);
}

/* ---- For programs ---- */

static void put_field(FILE *out, const char *text, bool first)
{
    if (!first)
        fputc(',', out);
    if (text[strcspn(text, ",\"\r\n")] == '\0') {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

void columns_csv(const struct ctl *ctl, const struct column *columns, json_t *rows)
{
    char heading[HEADING_SIZE];
    json_t *row;
    size_t i;

    for (size_t c = 0; columns[c].member != NULL; c++) {
        snprintf(heading, sizeof heading, "%s %s", columns[c].zh, columns[c].en);
        put_field(ctl->out, heading, c == 0);
    }
    fputs("\r\n", ctl->out);
    json_array_foreach(rows, i, row)
    {
        for (size_t c = 0; columns[c].member != NULL; c++) {
            char *text = cell_text(&columns[c], row, true, false);

            put_field(ctl->out, text == NULL ? "" : text, c == 0);
            free(text);
        }
        fputs("\r\n", ctl->out);
    }
}
