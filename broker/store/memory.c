/* memory.c - a hash table over row tags, in an arena that is emptied between turns when it has grown large. */
#include "store/memory.h"

#include "store/internal.h"

/* What is made while there is room has the other half to grow into: no value comes near it. */
#define MEMORY_RESERVED (32UL << 20)
#define MEMORY_ROOM     (MEMORY_RESERVED / 2)

struct remembered {
    struct remembered *next;
    uint64_t tag;
    void *value;
};

int memory_open(struct memory *memory)
{
    return arena_open(&memory->arena, MEMORY_RESERVED);
}

void memory_close(struct memory *memory)
{
    arena_close(&memory->arena);
}

static bool has_room(const struct memory *memory)
{
    return arena_mark(&memory->arena) < MEMORY_ROOM;
}

void memory_trim(struct memory *memory)
{
    if (has_room(memory))
        return;
    arena_reset(&memory->arena, 0);
    memset(memory->buckets, 0, sizeof(memory->buckets));
}

static struct remembered **bucket_of(struct memory *memory, uint64_t tag)
{
    return &memory->buckets[tag % MEMORY_BUCKETS];
}

void *store_recall(struct store_txn *txn, enum table table, struct bytes key)
{
    struct memory *memory = &txn->store->memory;
    const struct remembered *at;
    uint64_t tag;

    if (!txn_row_tag(txn, table, key, &tag))
        return NULL;
    at = *bucket_of(memory, tag);
    while (at != NULL && at->tag != tag)
        at = at->next;
    return at == NULL ? NULL : at->value;
}

struct arena *store_memory(struct store_txn *txn)
{
    struct memory *memory = &txn->store->memory;

    return has_room(memory) ? &memory->arena : txn->arena;
}

void store_remember(struct store_txn *txn, enum table table, struct bytes key, void *value)
{
    struct memory *memory = &txn->store->memory;
    struct remembered *made, **bucket;
    uint64_t tag;

    if (!has_room(memory) || !txn_row_tag(txn, table, key, &tag))
        return;
    bucket = bucket_of(memory, tag);
    made = arena_alloc(&memory->arena, sizeof(*made));
    *made = (struct remembered){.next = *bucket, .tag = tag, .value = value};
    *bucket = made;
}
