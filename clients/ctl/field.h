/* field.h - one field of a message by its path: found, set from a word of the command line, shown to people.
 *
 * A path is names joined by dots, "patient.id_value"; it goes through lists of messages by their first entry. */
#pragma once
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "message.h"

/* NULL: there is no such field. */
const ProtobufCFieldDescriptor *field_find(const ProtobufCMessageDescriptor *descriptor, const char *path);
/* Borrowed; NULL: absent. */
json_t *field_value(json_t *object, const char *path);

/* Sets what `path` names, which must exist in the descriptor, from a text as people type it: enum names in any case and
 * with "-"; times and lengths of time as moment.h reads them; yes/no; shares as "20%"; lists separated by commas; a
 * message as "code=1,name=2", a pool as pool_text.h reads it. Lists grow with every call. */
enum message_fault field_set(json_t *object, const ProtobufCMessageDescriptor *descriptor, const char *path,
                             const char *text);

/* For people: enums by label, times in local time, lists joined; NULL (absent) is empty. To be freed. */
char *field_text(const ProtobufCFieldDescriptor *field, json_t *value, bool zh);
/* "RECEIVE, REFER" - the names that a field of this enum takes, but those whose bit of `without` is set; NULL where
 * there is no enum. To be freed. */
char *field_choices(const ProtobufCEnumDescriptor *names, uint32_t without);
/* The enum of a field; NULL: it is none. */
const ProtobufCEnumDescriptor *field_enum(const ProtobufCFieldDescriptor *field);
bool field_is_moment(const ProtobufCFieldDescriptor *field);
bool field_is_span(const ProtobufCFieldDescriptor *field);
bool field_is_share(const ProtobufCFieldDescriptor *field); /* basis points, for people a percentage */
