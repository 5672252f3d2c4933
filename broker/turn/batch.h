/* batch.h - the commands of the next turn, packed as they come, and sealed into the bytes that are proposed and
 * applied. */
#pragma once
#include "base/arena.h"
#include "base/instant.h"
#include "batch.pb-c.h"
#include "proto/limits.h"

#define BATCH_FORMAT   1
#define BATCH_COMMANDS 2048
#define BATCH_BYTES    (4UL << 20)

struct batch_entry { /* one command: where it is, and whom to answer */
    size_t start, end;
    uint64_t session, request;
    uint32_t position, kind;
};

struct batch {
    uint8_t *data; /* packed Batch.commands, one after another; owned */
    size_t used, count;
    struct batch_entry entries[BATCH_COMMANDS];
};

int batch_open(struct batch *batch);
void batch_close(struct batch *batch);
void batch_clear(struct batch *batch);
/* Is there room for all commands of a frame of this size, and for the daemon's own that may follow? */
bool batch_has_room(const struct batch *batch, size_t frame_bytes);
/* Room for one more command of the daemon's own. */
bool batch_has_room_for_own(const struct batch *batch);
/* Is any of its commands of this session? */
bool batch_is_of(const struct batch *batch, uint64_t session);
/* Copies the command. There is room. */
void batch_add(struct batch *batch, const Batch__Command *command);

/* The daemon's own: an Internal kind and its body (NULL: none), which is packed in the arena. */
void batch_add_own(struct batch *batch, uint32_t kind, const ProtobufCMessage *body, struct arena *arena);

/* Everything applying may know but commands and store; `commands` stays empty. Sealed: these fields and `count`
 * commands from `first` on, in the arena. */
struct bytes batch_seal(const struct batch *batch, size_t first, size_t count, const Batch__Batch *head,
                        struct arena *arena);
