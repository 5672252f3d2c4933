/* config_keys.h - inside of config.h: the table of keys, and which values each of them takes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_kind {
    KEY_PATH,
    KEY_OPTIONAL_PATH, /* empty: none */
    KEY_NUMBER,        /* uint32_t */
    KEY_SIZE,          /* uint64_t, bytes; K, M, G, T count in 1024s */
    KEY_LEVEL,
    KEY_ENDPOINTS,
    KEY_LOCAL, /* a loopback address with a port, or a path; empty: none */
};

struct key {
    const char *name;
    enum key_kind kind;
    size_t offset; /* of its field in struct config */
    const char *initial;
    uint64_t min, max;
    const char *range; /* as people read it */
    const char *help;
};

#define KEY_COUNT 11

extern const struct key config_keys[KEY_COUNT];

const struct key *key_find(const char *name); /* NULL: there is none */
const char *key_like(const char *name);       /* the name that was probably meant; NULL: none is near */
bool key_takes(const struct key *key, const char *text);
/* Decimal digits within the key's bounds, for a KEY_SIZE perhaps one letter after them. */
bool key_number(const struct key *key, const char *text, uint64_t *ret_number);
