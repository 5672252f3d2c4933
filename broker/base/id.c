/* id.c - ids as keys and as text. */
#include "base/id.h"

#include <inttypes.h>
#include <stdio.h>
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

void id_format(char out[ID_TEXT_SIZE], const char *store_name, struct id id)
{
    char base36[8]; /* 2^32 has 7 digits */
    size_t at = sizeof base36 - 1;
    uint32_t rest = id.incarnation;

    base36[at] = '\0';
    do {
        base36[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[rest % 36];
        rest /= 36;
    } while (rest != 0);
    snprintf(out, ID_TEXT_SIZE, "%.*s-%s-%" PRIu64 "-%u", STORE_NAME_MAX, store_name, base36 + at, id.index,
             (unsigned)id.ordinal);
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
