/* cache.h - what this turn has read of the registry and the settings already, so that a hundred submissions to one
 * hospital unpack it once. Forgotten at the turn's end, and after every command that changes the registry or a
 * setting. */
#pragma once
#include "base/arena.h"

enum cache_kind {
    CACHE_INSTITUTION, /* id -> struct registry_institution */
    CACHE_NUMBER,      /* number -> the same */
    CACHE_RELATION,    /* from, to -> Referral__Relation */
    CACHE_TERMS,       /* receiver's id -> struct terms */
    CACHE_CAPS,        /* institution's id -> struct inbox_caps */
    CACHE_DISEASES,    /* -> text */
    CACHE_CONTACT,     /* sender's id, direction -> Referral__Contact */
    CACHE_POOL,        /* pool's key -> struct pool_of */
    CACHE_BOOKING,     /* booking id -> struct booking_of */
    CACHE_WAITING,     /* entry id -> struct waiting_of */
};

#define CACHE_BUCKETS 256

struct cache {
    struct arena *arena;
    struct cache_entry *buckets[CACHE_BUCKETS];
};

void cache_init(struct cache *cache, struct arena *arena);
void cache_forget(struct cache *cache);
/* NULL: not kept. A key has one or two parts; the second may be empty. A NULL cache keeps nothing. */
void *cache_find(const struct cache *cache, enum cache_kind kind, struct bytes a, struct bytes b);
/* Returns `value`, which lives in the turn's arena; NULL is not kept. */
void *cache_keep(struct cache *cache, enum cache_kind kind, struct bytes a, struct bytes b, void *value);
