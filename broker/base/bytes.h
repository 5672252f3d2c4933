/* bytes.h - a borrowed view of bytes, and big-endian numbers, so that order on disk is order of meaning. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes { /* borrowed: whoever made it says how long it lives */
    const uint8_t *data;
    size_t size;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){.data = data, .size = size};
}

static inline struct bytes bytes_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

void put_be16(uint8_t *at, uint16_t value);
void put_be32(uint8_t *at, uint32_t value);
void put_be64(uint8_t *at, uint64_t value);
uint16_t get_be16(const uint8_t *at);
uint32_t get_be32(const uint8_t *at);
uint64_t get_be64(const uint8_t *at);

/* Lower-case hex of `in` and a final NUL; `out` has room for 2 * size + 1. */
void hex_encode(char *out, struct bytes in);
/* Reads exactly `size` bytes; false (and `out` undefined) where the text is not 2 * size hex digits. */
bool hex_decode(uint8_t *out, size_t size, const char *text);
