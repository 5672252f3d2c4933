/* schema.h - JSON Schema of what the broker takes, from the descriptors; of the sheet also from the table of its
 * fields. */
#pragma once
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

/* A new reference. `title`: the kind's name. */
json_t *schema_of(const ProtobufCMessageDescriptor *descriptor, const char *title);
