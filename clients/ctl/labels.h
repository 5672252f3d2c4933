/* labels.h - fields and coded values as people read them: columns of tables, lines of records. */
#pragma once
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/* "转诊编号" or "referral id"; a field without a Chinese label keeps its English one. `owner`: the message it stands
 * in. */
void label_of_field(char *out, size_t size, const ProtobufCMessageDescriptor *owner, const char *name, bool zh);
/* "已接受"; in English, and where there is no label, the protocol's own name, which options take too; events by their
 * verbs. */
const char *label_of_value(const ProtobufCEnumDescriptor *names, const char *value, bool zh);
/* The same of a number; "?" where it is none of the enum's. */
const char *label_of_number(const ProtobufCEnumDescriptor *names, int number, bool zh);
/* Of a text that is one of a few codes, such as next_actor's "receiver"; any other text is itself. */
const char *label_of_text(const char *field, const char *text, bool zh);
