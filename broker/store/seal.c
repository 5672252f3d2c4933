/* seal.c - tags by SipHash, seals by libsodium's AEAD. */
#include "store/seal.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>

enum format { FORMAT_PLAIN = 1, FORMAT_SEALED = 2 };

#define AT_KEY_ID  1
#define AT_TAG     2
#define HEAD_SIZE  10
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define MAC_SIZE   crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SEAL_SIZE  (NONCE_SIZE + MAC_SIZE)

/* The head of the row, its table and its key: a value moved to another place, or under another tag, does not open. */
struct place {
    size_t size;
    uint8_t bytes[HEAD_SIZE + 1 + TABLE_KEY_MAX];
};

static enum format format_of(enum table table)
{
    return table_is_sealed(table) ? FORMAT_SEALED : FORMAT_PLAIN;
}

static struct place place_of(enum table table, struct bytes key, const uint8_t head[HEAD_SIZE])
{
    struct place place;

    assert(key.size <= TABLE_KEY_MAX);
    memcpy(place.bytes, head, HEAD_SIZE);
    place.bytes[HEAD_SIZE] = (uint8_t)table;
    memcpy(place.bytes + HEAD_SIZE + 1, key.data, key.size);
    place.size = HEAD_SIZE + 1 + key.size;
    return place;
}

/* Two steps, so that key and value need not lie side by side: the hash of the place is the key of the value's hash. */
static uint64_t tag_of(const struct keys *keys, enum table table, struct bytes key, struct bytes plain)
{
    uint8_t place[1 + TABLE_KEY_MAX], place_hash[crypto_shorthash_siphashx24_BYTES], tag[crypto_shorthash_BYTES];

    assert(key.size <= TABLE_KEY_MAX);
    place[0] = (uint8_t)table;
    memcpy(place + 1, key.data, key.size);
    crypto_shorthash_siphashx24(place_hash, place, 1 + key.size, keys->tag);
    crypto_shorthash(tag, plain.data, plain.size, place_hash);
    return get_be64(tag);
}

static void nonce_of(const struct keys *keys, const struct place *place, struct bytes plain, uint8_t nonce[NONCE_SIZE])
{
    crypto_generichash_state state;
    uint8_t place_size = (uint8_t)(place->size - HEAD_SIZE);

    crypto_generichash_init(&state, keys->nonce, sizeof(keys->nonce), NONCE_SIZE);
    crypto_generichash_update(&state, &place_size, 1);
    crypto_generichash_update(&state, place->bytes + HEAD_SIZE, place_size);
    crypto_generichash_update(&state, plain.data, plain.size);
    crypto_generichash_final(&state, nonce, NONCE_SIZE);
}

size_t seal_size(enum table table, size_t size)
{
    return HEAD_SIZE + size + (table_is_sealed(table) ? SEAL_SIZE : 0);
}

uint64_t seal_write(const struct keys *keys, enum table table, struct bytes key, struct bytes plain, uint8_t *out)
{
    uint64_t tag = tag_of(keys, table, key, plain);

    out[0] = (uint8_t)format_of(table);
    out[AT_KEY_ID] = keys->key_id;
    put_be64(out + AT_TAG, tag);
    if (!table_is_sealed(table)) {
        if (plain.size > 0)
            memcpy(out + HEAD_SIZE, plain.data, plain.size);
        return tag;
    }

    struct place place = place_of(table, key, out);
    uint8_t *nonce = out + HEAD_SIZE;

    nonce_of(keys, &place, plain, nonce);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_SIZE, NULL, plain.data, plain.size, place.bytes,
                                               place.size, NULL, nonce, keys->seal);
    return tag;
}

bool seal_plain_size(enum table table, struct bytes stored, size_t *ret_size)
{
    size_t overhead = seal_size(table, 0);

    if (stored.size < overhead)
        return false;
    *ret_size = stored.size - overhead;
    return true;
}

static int plain_read(const struct keys *keys, enum table table, struct bytes key, struct bytes stored, uint8_t *out)
{
    struct bytes plain = bytes_of(stored.data + HEAD_SIZE, stored.size - HEAD_SIZE);

    if (stored.data[AT_KEY_ID] != keys->key_id || tag_of(keys, table, key, plain) != get_be64(stored.data + AT_TAG))
        return -EBADMSG;
    if (plain.size > 0)
        memcpy(out, plain.data, plain.size);
    return 0;
}

static int sealed_read(const struct keys *keys, enum table table, struct bytes key, struct bytes stored, uint8_t *out)
{
    struct place place = place_of(table, key, stored.data);
    const uint8_t *nonce = stored.data + HEAD_SIZE, *sealed = nonce + NONCE_SIZE;
    size_t size = stored.size - HEAD_SIZE - NONCE_SIZE;

    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, size, place.bytes, place.size, nonce,
                                                   keys->seal) != 0)
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
    return table_is_sealed(table) ? sealed_read(keys, table, key, stored, out)
                                  : plain_read(keys, table, key, stored, out);
}

bool seal_tag(struct bytes stored, uint64_t *ret_tag)
{
    if (stored.size < HEAD_SIZE)
        return false;
    *ret_tag = get_be64(stored.data + AT_TAG);
    return true;
}
