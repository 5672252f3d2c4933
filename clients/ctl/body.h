/* body.h - the body of a verb's command or query, from its arguments, options and --body. */
#pragma once
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "ctl.h"
#include "message.h"

/* A JSON file ("-": standard input) as one value; NULL: complained, EXIT_BAD_FILE. */
json_t *body_read_file(const struct ctl *ctl, const char *path);
/* EXIT_OK with a new reference; else complained. --body first, then what the verb decides, arguments and options over
 * it. */
int body_of_verb(const struct ctl *ctl, const ProtobufCMessageDescriptor *descriptor, json_t **ret_body);
/* "patient.sex: is not a name of its code list: MALE, FEMALE". `what`: a path, option or file, or empty; `list`: as in
 * message_error. */
void body_complain(const struct ctl *ctl, const char *what, enum message_fault fault,
                   const ProtobufCEnumDescriptor *list);
/* Whose fault a body that is none would be: a file's, or that of the command line. */
bool body_is_from_file(const struct ctl *ctl);
/* Checks and converts; NULL: complained of, naming the path. To be freed by protobuf_c_message_free_unpacked. */
ProtobufCMessage *body_message(const struct ctl *ctl, const ProtobufCMessageDescriptor *descriptor, json_t *body);
