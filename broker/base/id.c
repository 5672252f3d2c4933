/* id.c - ids as keys and as text. */
#include "base/id.h"

#include <assert.h>
#include <stdlib.h>

bool id_equal(struct id a, struct id b)
{
    return a.incarnation == b.incarnation && a.index == b.index && a.ordinal == b.ordinal;
}

void id_to_key(uint8_t key[ID_KEY_SIZE], struct id id)
{
    put_be32(key, id.incarnation);
    put_be64(key + 4, id.index);
    put_be16(key + 12, id.ordinal);
}

struct id id_from_key(const uint8_t key[ID_KEY_SIZE])
{
    return (struct id){.incarnation = get_be32(key), .index = get_be64(key + 4), .ordinal = get_be16(key + 12)};
}

static char *append_number(char *to, uint64_t number, unsigned base)
{
    char digits[20]; /* 2^64 has as many in decimal */
    size_t at = sizeof digits;

    do {
        digits[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[number % base];
        number /= base;
    } while (number != 0);
    memcpy(to, digits + at, sizeof digits - at);
    return to + (sizeof digits - at);
}

/* By hand: every message names a few of them. */
void id_format(char out[ID_TEXT_SIZE], const char *store_name, struct id id)
{
    assert(strlen(store_name) <= STORE_NAME_MAX); /* so that it fits: 12 + 7 + 20 + 5 digits, three dashes, NUL */
    out = stpcpy(out, store_name);
    out = append_number(stpcpy(out, "-"), id.incarnation, 36);
    out = append_number(stpcpy(out, "-"), id.index, 10);
    out = append_number(stpcpy(out, "-"), id.ordinal, 10);
    *out = '\0';
}

/* Reads loosely, then asks whether writing it again gives the same text: so each id has exactly one spelling. */
bool id_parse(const char *text, const char *store_name, struct id *ret_id)
{
    char again[ID_TEXT_SIZE];
    size_t name_size = strlen(store_name);
    char *end;

    if (strncmp(text, store_name, name_size) != 0 || text[name_size] != '-')
        return false;

    uint64_t incarnation = strtoull(text + name_size + 1, &end, 36);

    if (incarnation == 0 || incarnation > UINT32_MAX || *end != '-')
        return false;

    uint64_t index = strtoull(end + 1, &end, 10);

    if (*end != '-')
        return false;

    uint64_t ordinal = strtoull(end + 1, &end, 10);
    struct id id = {.incarnation = (uint32_t)incarnation, .index = index, .ordinal = (uint16_t)ordinal};

    id_format(again, store_name, id);
    if (strcmp(text, again) != 0)
        return false;
    *ret_id = id;
    return true;
}

/* 26 characters carry 130 bits: the first may hold only 3. */
bool ulid_parse(const char *text, uint8_t ret_key[16])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t key[16];
    uint32_t bits = 0;
    int held = -2; /* bits in hand; the two beyond 128 are zero */
    size_t at = 0;

    if (strlen(text) != 26 || text[0] > '7')
        return false;
    for (size_t i = 0; i < 26; i++) {
        const char *digit = strchr(digits, text[i]);

        if (digit == NULL)
            return false;
        bits = bits << 5 | (uint32_t)(digit - digits);
        held += 5;
        if (held >= 8) {
            held -= 8;
            key[at++] = (uint8_t)(bits >> held);
        }
    }
    memcpy(ret_key, key, sizeof key);
    return true;
}
