/* view.h - which columns a list of each kind of row shows. */
#pragma once
#include <protobuf-c/protobuf-c.h>

/* Paths in order, NULL-terminated; NULL: this kind of row is not shown as a table. */
const char *const *view_columns(const ProtobufCMessageDescriptor *row);
