/* table.h - answers as people read them: lists as tables, one thing as a record of two columns. */
#pragma once
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "ctl.h"

/* `rows`: a JSON list of objects of `descriptor`'s kind. The columns are view.h's; one that is empty in every row is
 * left out. */
void table_print(const struct ctl *ctl, const ProtobufCMessageDescriptor *descriptor, json_t *rows);
/* Every field that is present; a list that view.h knows as a table of its own below. */
void table_record(const struct ctl *ctl, const ProtobufCMessageDescriptor *descriptor, json_t *object);
/* `rows`: a JSON list of objects whose members, in their order, stand below `headings` (NULL-terminated); numbers to
 * the right. */
void table_plain(const struct ctl *ctl, const char *const *headings, json_t *rows);
/* Objects of two members, a label and a text, without headings. */
void table_pairs(const struct ctl *ctl, json_t *rows);
/* As one line and a line feed, or indented on a terminal; or what --print wants of it, one line for each value. */
void table_json(const struct ctl *ctl, json_t *json);
/* The same, one line on a terminal too: for streams of them. */
void table_json_line(const struct ctl *ctl, json_t *json);
