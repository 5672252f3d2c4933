/* seal.c - tags by SipHash, seals by libsodium's AEAD. */
#include "store/seal.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>

enum format { FORMAT_PLAIN = 1, FORMAT_SEALED = 2 };

#define AT_KEY_ID  1
#define AT_TAG     2
#define HEAD_SIZE  10
#define TAG_SIZE   crypto_shorthash_BYTES
#define HASH_SIZE  crypto_shorthash_siphashx24_BYTES
#define MAC_SIZE   crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SEAL_SIZE  (HASH_SIZE + MAC_SIZE)
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

static_assert(NONCE_SIZE == HASH_SIZE + TAG_SIZE, "a nonce is both hashes");

/* The head of a row, its table and its key: a value moved to another place, or put under another tag, does not open. */
struct place {
    size_t size;
    uint8_t bytes[HEAD_SIZE + 1 + TABLE_KEY_MAX];
};

static enum format format_of(enum table table)
{
    return table_is_sealed(table) ? FORMAT_SEALED : FORMAT_PLAIN;
}

static void place_set(struct place *place, enum table table, struct bytes key)
{
    assert(key.size <= TABLE_KEY_MAX);
    place->bytes[HEAD_SIZE] = (uint8_t)table;
    memcpy(place->bytes + HEAD_SIZE + 1, key.data, key.size);
    place->size = HEAD_SIZE + 1 + key.size;
}

/* Where key and value do not lie side by side, the hash of the place is the key of the value's hash. */
static void place_hash(const struct place *place, const uint8_t *key, uint8_t ret_hash[HASH_SIZE])
{
    crypto_shorthash_siphashx24(ret_hash, place->bytes + HEAD_SIZE, place->size - HEAD_SIZE, key);
}

static void tag_of(const struct keys *keys, const struct place *place, struct bytes plain, uint8_t ret_tag[TAG_SIZE])
{
    uint8_t key[HASH_SIZE];

    place_hash(place, keys->tag, key);
    crypto_shorthash(ret_tag, plain.data, plain.size, key);
}

static void hash_of(const struct data_key *data, const struct place *place, struct bytes plain,
                    uint8_t ret_hash[HASH_SIZE])
{
    uint8_t key[HASH_SIZE];

    place_hash(place, data->nonce, key);
    crypto_shorthash_siphashx24(ret_hash, plain.data, plain.size, key);
}

static void nonce_of(const uint8_t *row, uint8_t ret_nonce[NONCE_SIZE])
{
    memcpy(ret_nonce, row + HEAD_SIZE, HASH_SIZE);
    memcpy(ret_nonce + HASH_SIZE, row + AT_TAG, TAG_SIZE);
}

size_t seal_size(enum table table, size_t size)
{
    return HEAD_SIZE + size + (table_is_sealed(table) ? SEAL_SIZE : 0);
}

uint64_t seal_write(const struct keys *keys, enum table table, struct bytes key, struct bytes plain, uint8_t *out)
{
    struct place place;
    uint8_t nonce[NONCE_SIZE];

    place_set(&place, table, key);
    out[0] = (uint8_t)format_of(table);
    out[AT_KEY_ID] = table_is_sealed(table) ? (uint8_t)keys->newest : KEYS_FIRST;
    tag_of(keys, &place, plain, out + AT_TAG);
    if (table_is_sealed(table)) {
        const struct data_key *data = keys_data(keys, keys->newest);

        memcpy(place.bytes, out, HEAD_SIZE);
        hash_of(data, &place, plain, out + HEAD_SIZE);
        nonce_of(out, nonce);
        crypto_aead_xchacha20poly1305_ietf_encrypt(out + HEAD_SIZE + HASH_SIZE, NULL, plain.data, plain.size,
                                                   place.bytes, place.size, NULL, nonce, data->seal);
    } else if (plain.size > 0) {
        memcpy(out + HEAD_SIZE, plain.data, plain.size);
    }
    return get_be64(out + AT_TAG);
}

bool seal_plain_size(enum table table, struct bytes stored, size_t *ret_size)
{
    size_t overhead = seal_size(table, 0);

    if (stored.size < overhead)
        return false;
    *ret_size = stored.size - overhead;
    return true;
}

static int plain_read(const struct keys *keys, const struct place *place, struct bytes stored, uint8_t *out)
{
    struct bytes plain = bytes_of(stored.data + HEAD_SIZE, stored.size - HEAD_SIZE);
    uint8_t tag[TAG_SIZE];

    tag_of(keys, place, plain, tag);
    if (stored.data[AT_KEY_ID] != KEYS_FIRST || memcmp(tag, stored.data + AT_TAG, TAG_SIZE) != 0)
        return -EBADMSG;
    if (plain.size > 0)
        memcpy(out, plain.data, plain.size);
    return 0;
}

static int sealed_read(const struct keys *keys, const struct place *place, struct bytes stored, uint8_t *out)
{
    const uint8_t *sealed = stored.data + HEAD_SIZE + HASH_SIZE;
    size_t size = stored.size - HEAD_SIZE - HASH_SIZE;
    const struct data_key *data = keys_data(keys, stored.data[AT_KEY_ID]);
    uint8_t nonce[NONCE_SIZE];

    nonce_of(stored.data, nonce);
    if (data == NULL || crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, size, place->bytes,
                                                                   place->size, nonce, data->seal) != 0)
        return -EBADMSG;
    return 0;
}

int seal_read(const struct keys *keys, enum table table, struct bytes key, struct bytes stored, uint8_t *out)
{
    if (key.size > TABLE_KEY_MAX || stored.size < seal_size(table, 0))
        return -EBADMSG;
    if (stored.data[0] > FORMAT_SEALED)
        return -EPROTO;
    if (stored.data[0] != format_of(table))
        return -EBADMSG;

    struct place place;

    place_set(&place, table, key);
    memcpy(place.bytes, stored.data, HEAD_SIZE);
    return table_is_sealed(table) ? sealed_read(keys, &place, stored, out) : plain_read(keys, &place, stored, out);
}

uint32_t seal_key_id(struct bytes stored)
{
    return stored.size < HEAD_SIZE ? 0 : stored.data[AT_KEY_ID];
}

bool seal_tag(struct bytes stored, uint64_t *ret_tag)
{
    if (stored.size < HEAD_SIZE)
        return false;
    *ret_tag = get_be64(stored.data + AT_TAG);
    return true;
}
