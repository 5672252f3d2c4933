/* message.h - JSON <-> protocol messages, driven by the generated descriptors: one code for every kind of message.
 *
 * Enums are their names in the .proto files, 64-bit numbers are JSON numbers, bytes are base64, but keys, ids, digests
 * and cursors are lower-case hex. A field of bytes that holds a message (Event.sheet, Notice.original) may be written
 * as that message's object. Reading is strict: an unknown member, a wrong type or a value that is not of its list is a
 * fault that names its path. */
#pragma once
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

enum message_fault {
    MESSAGE_OK = 0,
    MESSAGE_UNKNOWN_MEMBER,
    MESSAGE_NOT_OBJECT,
    MESSAGE_NOT_LIST,
    MESSAGE_NOT_TEXT,
    MESSAGE_NOT_INTEGER,
    MESSAGE_NOT_BOOLEAN,
    MESSAGE_NOT_IN_LIST,  /* no such name in the enum */
    MESSAGE_OUT_OF_RANGE, /* does not fit the field's type */
    MESSAGE_BAD_BYTES,    /* neither base64 nor hex, as the field wants it */
    MESSAGE_NOT_A_TIME,   /* of a word of the command line */
    MESSAGE_NOT_A_POOL,   /* the same, and those that follow */
    MESSAGE_NOT_A_SPAN,
    MESSAGE_NOT_A_SHARE,
    MESSAGE_NOT_YES_OR_NO,
    MESSAGE_NO_MEMORY,
};

#define MESSAGE_PATH_SIZE 160
struct message_error {
    enum message_fault fault;
    char path[MESSAGE_PATH_SIZE];        /* "diagnoses[0].icd10"; cut where it is longer */
    const ProtobufCEnumDescriptor *list; /* of MESSAGE_NOT_IN_LIST: the names it may be; else NULL */
};
const char *message_fault_text(enum message_fault fault, bool zh); /* static */

/* NULL with *ret_error, else to be freed by protobuf_c_message_free_unpacked(message, NULL). `null` members are absent
 * ones. */
ProtobufCMessage *message_from_json(const ProtobufCMessageDescriptor *descriptor, json_t *json,
                                    struct message_error *ret_error);
/* A new reference; absent fields are absent members, empty lists too. NULL: no memory. */
json_t *message_to_json(const ProtobufCMessage *message);

/* Is this field of bytes written in hex? */
bool message_bytes_are_hex(const ProtobufCFieldDescriptor *field);
/* The message that a field of bytes holds; NULL: just bytes. */
const ProtobufCMessageDescriptor *message_embedded(const ProtobufCMessageDescriptor *owner,
                                                   const ProtobufCFieldDescriptor *field);
/* Of one element of a repeated field, as the generated structures keep it. */
size_t message_element_size(const ProtobufCFieldDescriptor *field);
