/* cache.c - a hash table in the turn's arena. Nothing iterates it, so its order never shows. */
#include "engine/cache.h"

struct cache_entry {
    struct cache_entry *next;
    enum cache_kind kind;
    struct bytes a, b;
    void *value;
};

void cache_init(struct cache *cache, struct arena *arena)
{
    *cache = (struct cache){.arena = arena};
}

void cache_forget(struct cache *cache)
{
    if (cache != NULL)
        memset(cache->buckets, 0, sizeof cache->buckets);
}

/* FNV-1a. */
static uint32_t hash_more(uint32_t hash, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.data[i]) * 16777619U;
    return hash;
}

static size_t bucket_of(enum cache_kind kind, struct bytes a, struct bytes b)
{
    return hash_more(hash_more(2166136261U ^ (uint32_t)kind, a), b) % CACHE_BUCKETS;
}

void *cache_find(const struct cache *cache, enum cache_kind kind, struct bytes a, struct bytes b)
{
    const struct cache_entry *entry = cache == NULL ? NULL : cache->buckets[bucket_of(kind, a, b)];

    while (entry != NULL && !(entry->kind == kind && bytes_equal(entry->a, a) && bytes_equal(entry->b, b)))
        entry = entry->next;
    return entry == NULL ? NULL : entry->value;
}

void *cache_keep(struct cache *cache, enum cache_kind kind, struct bytes a, struct bytes b, void *value)
{
    if (cache == NULL || value == NULL)
        return value;

    struct cache_entry **bucket = &cache->buckets[bucket_of(kind, a, b)];
    struct cache_entry *entry = arena_alloc(cache->arena, sizeof *entry);

    *entry = (struct cache_entry){.next = *bucket,
                                  .kind = kind,
                                  .a = arena_copy(cache->arena, a),
                                  .b = arena_copy(cache->arena, b),
                                  .value = value};
    *bucket = entry;
    return value;
}
