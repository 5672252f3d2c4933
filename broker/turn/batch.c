/* batch.c - commands are packed once, when they come; sealing puts the turn's own fields in front of them. Protobuf
 * lets the fields of a message be joined by joining their bytes. */
#include "turn/batch.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "engine/binary.h"

/* The daemon's own commands: a few clocks and alarms, and lists of delivery ids, of records of the archive and of keys.
 * The longest is of LIMIT_ACK_IDS delivery ids of 21 bytes each. */
#define OWN_COMMANDS  64UL
#define OWN_BYTES     (24UL << 10)
#define COMMAND_EXTRA 512 /* what a packed command needs beyond its envelope: key, institution, session */
#define ROOM_BYTES    (BATCH_BYTES + OWN_COMMANDS * OWN_BYTES)

#define TAG_COMMANDS (10 << 3 | 2)

int batch_open(struct batch *batch)
{
    uint8_t *data = malloc(ROOM_BYTES);

    if (data == NULL)
        return -ENOMEM;
    batch->data = data;
    batch_clear(batch);
    return 0;
}

void batch_close(struct batch *batch)
{
    free(batch->data);
    batch->data = NULL;
}

void batch_clear(struct batch *batch)
{
    batch->used = 0;
    batch->count = 0;
}

bool batch_has_room(const struct batch *batch, size_t frame_bytes)
{
    return batch->count + LIMIT_FRAME_ENVELOPES + OWN_COMMANDS <= BATCH_COMMANDS &&
           batch->used + frame_bytes + (size_t)LIMIT_FRAME_ENVELOPES * COMMAND_EXTRA <= BATCH_BYTES;
}

bool batch_has_room_for_own(const struct batch *batch)
{
    return batch->count < BATCH_COMMANDS && batch->used + OWN_BYTES <= ROOM_BYTES;
}

bool batch_is_of(const struct batch *batch, uint64_t session)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->entries[i].session == session)
            return true;
    return false;
}

static void put_length(struct batch *batch, size_t length)
{
    for (; length >= 0x80; length >>= 7)
        batch->data[batch->used++] = (uint8_t)(length | 0x80);
    batch->data[batch->used++] = (uint8_t)length;
}

void batch_add(struct batch *batch, const Batch__Command *command)
{
    size_t size = batch__command__get_packed_size(command);

    assert(batch->count < BATCH_COMMANDS && size + 8 <= ROOM_BYTES - batch->used);

    struct batch_entry *entry = &batch->entries[batch->count++];

    *entry = (struct batch_entry){
        .start = batch->used,
        .session = command->session,
        .request = command->request,
        .position = command->position,
        .kind = command->kind,
    };
    batch->data[batch->used++] = TAG_COMMANDS;
    put_length(batch, size);
    batch->used += batch__command__pack(command, batch->data + batch->used);
    entry->end = batch->used;
}

void batch_add_own(struct batch *batch, uint32_t kind, const ProtobufCMessage *body, struct arena *arena)
{
    Batch__Command command = BATCH__COMMAND__INIT;

    command.has_kind = true;
    command.kind = kind;
    command.has_body = body != NULL;
    if (body != NULL)
        command.body = binary_pack(arena, body);
    batch_add(batch, &command);
}

struct bytes batch_seal(const struct batch *batch, size_t first, size_t count, const Batch__Batch *head,
                        struct arena *arena)
{
    assert(head->n_commands == 0 && count != 0 && first + count <= batch->count);

    size_t start = batch->entries[first].start, size = batch->entries[first + count - 1].end - start;
    size_t head_size = batch__batch__get_packed_size(head);
    uint8_t *sealed = arena_alloc(arena, head_size + size);

    batch__batch__pack(head, sealed);
    memcpy(sealed + head_size, batch->data + start, size);
    return bytes_of(sealed, head_size + size);
}
