/* id.h - ids the broker gives: (store's short name, incarnation, turn index, ordinal). No id is ever given twice: the
 * incarnation changes at init and at every restore (seconds since 1970, always rising), the index at every turn.
 *
 * Text: "bd-t5k2ab-4711-3": short name, incarnation in base 36, index and ordinal in decimal.
 * Key: 14 bytes big-endian, in order of giving. */
#pragma once
#include "base/bytes.h"

#define ID_KEY_SIZE    14
#define ID_TEXT_SIZE   64
#define STORE_NAME_MAX 12 /* [a-z0-9]{1,12} */

struct id {
    uint32_t incarnation;
    uint64_t index;
    uint16_t ordinal;
};

static inline bool id_is_set(struct id id)
{
    return id.incarnation != 0;
}
bool id_equal(struct id a, struct id b);
void id_to_key(uint8_t key[ID_KEY_SIZE], struct id id);
struct id id_from_key(const uint8_t key[ID_KEY_SIZE]);
void id_format(char out[ID_TEXT_SIZE], const char *store_name, struct id id);
/* False where the text is not exactly what id_format writes for this store's name. */
bool id_parse(const char *text, const char *store_name, struct id *ret_id);

/* Message ids in our own time-ordered form (ULID: 26 characters of Crockford's base 32, upper case) as 16 bytes whose
 * order is that of their time; false for any other form. */
bool ulid_parse(const char *text, uint8_t ret_key[16]);
