/* unpack.c - protobuf within a budget: an envelope of 1 MiB could ask for 60 times as much (design: measured traps).
 *
 * A C string cannot show a NUL that came inside a text, so the allocator keeps each block's size in front of it; where
 * the received bytes hold a zero at all, every NUL inside a text becomes U+0001, which wire_check refuses as
 * BAD_TEXT. */
#include <assert.h>

#include "wire/shape.h"
#include "wire/wire.h"

struct budget {
    struct arena *arena;
    size_t left;
    bool exceeded;
};

struct block {
    size_t size;
    uint8_t padding[16 - sizeof(size_t)]; /* keeps the arena's alignment */
};

static void *budget_alloc(void *user, size_t size)
{
    struct budget *budget = user;
    size_t need = size + sizeof(struct block);

    if (need < size || need > budget->left) {
        budget->exceeded = true;
        return NULL;
    }
    budget->left -= need;

    struct block *block = arena_alloc(budget->arena, need);

    block->size = size;
    return block + 1;
}

/* The arena gives everything back at once. */
static void budget_free(void *user, void *pointer)
{
    (void)user;
    (void)pointer;
}

static void show_nuls_of_text(char *text)
{
    struct block block;

    memcpy(&block, text - sizeof block, sizeof block);
    for (size_t i = 0; i + 1 < block.size; i++)
        if (text[i] == '\0')
            text[i] = '\1';
}

static void show_nuls(ProtobufCMessage *message);

static void show_nuls_of_field(const ProtobufCFieldDescriptor *field, void *value)
{
    if (value == NULL || value == field->default_value)
        return;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        show_nuls_of_text(value);
    else
        show_nuls(value);
}

static void show_nuls(ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        uint8_t *member = (uint8_t *)message + field->offset;

        if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            show_nuls_of_field(field, *(void **)member);
            continue;
        }
        for (size_t k = 0; k < *(const size_t *)((const uint8_t *)message + field->quantifier_offset); k++)
            show_nuls_of_field(field, (*(void ***)member)[k]);
    }
}

ProtobufCMessage *wire_unpack(const ProtobufCMessageDescriptor *descriptor, struct bytes bytes, struct arena *arena,
                              enum refusal *ret_refusal)
{
    size_t mark = arena_mark(arena);
    struct budget budget = {.arena = arena, .left = bytes.size * LIMIT_UNPACK_FACTOR + LIMIT_UNPACK_EXTRA};
    ProtobufCAllocator allocator = {.alloc = budget_alloc, .free = budget_free, .allocator_data = &budget};

    assert(bytes.size <= LIMIT_FRAME_BYTES);
    if (!shape_is_sound(descriptor, bytes)) {
        *ret_refusal = REFUSED_BAD_BODY;
        return NULL;
    }

    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, bytes.size, bytes.data);

    if (message == NULL) {
        arena_rewind(arena, mark);
        *ret_refusal = budget.exceeded ? REFUSED_TOO_LARGE : REFUSED_BAD_BODY;
        return NULL;
    }
    if (bytes.size != 0 && memchr(bytes.data, 0, bytes.size) != NULL)
        show_nuls(message);
    return message;
}

struct bytes wire_pack(const ProtobufCMessage *message, struct arena *arena)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_alloc(arena, size);

    protobuf_c_message_pack(message, data);
    return bytes_of(data, size);
}
