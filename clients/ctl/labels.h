/* labels.h - fields and coded values as people read them: columns of tables, lines of records. */
#pragma once
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/* "转诊编号" or "referral id"; a field without a Chinese label keeps its English one. */
void label_of_field(char *out, size_t size, const char *name, bool zh);
/* "已接受"; in English, and where there is no label, the protocol's own name, which options take too. */
const char *label_of_value(const ProtobufCEnumDescriptor *names, const char *value, bool zh);
