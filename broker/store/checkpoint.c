/* checkpoint.c - what is signed is the text itself: one that does not come out the same when it is written again is
 * none. */
#include "store/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "store/internal.h"

#define TITLE          "referrald checkpoint 1"
#define SIGNATURE_LINE "signature = "
#define SIGNATURE_SIZE crypto_sign_BYTES
#define HEX(size)      (2 * (size) + 1)

static_assert(CHECKPOINT_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519");

static void pair_of(const struct store *store, uint8_t ret_public[crypto_sign_PUBLICKEYBYTES],
                    uint8_t ret_secret[crypto_sign_SECRETKEYBYTES])
{
    static_assert(sizeof(store->keys->sign) == crypto_sign_SEEDBYTES, "the seed of a pair");
    crypto_sign_seed_keypair(ret_public, ret_secret, store->keys->sign);
}

void checkpoint_public_key(const struct store *store, uint8_t ret_key[CHECKPOINT_KEY_SIZE])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];

    pair_of(store, ret_key, secret);
    sodium_memzero(secret, sizeof(secret));
}

/* Returns the length of what is signed. */
static size_t format(const struct checkpoint *checkpoint, char text[CHECKPOINT_TEXT_MAX])
{
    char id[HEX(16)], chain[HEX(STORE_DIGEST_SIZE)], key[HEX(CHECKPOINT_KEY_SIZE)];

    hex_encode(id, bytes_of(checkpoint->store_id, sizeof(checkpoint->store_id)));
    hex_encode(chain, bytes_of(checkpoint->chain, sizeof(checkpoint->chain)));
    hex_encode(key, bytes_of(checkpoint->public_key, sizeof(checkpoint->public_key)));
    return (size_t)snprintf(text, CHECKPOINT_TEXT_MAX,
                            TITLE "\nstore_id = %s\nshort_name = %s\nincarnation = %" PRIu32 "\nindex = %" PRIu64
                                  "\ntime_ms = %" PRId64 "\nchain = %s\npublic_key = %s\n",
                            id, checkpoint->short_name, checkpoint->incarnation, checkpoint->index, checkpoint->time.ms,
                            chain, key);
}

void checkpoint_make(const struct store *store, char ret_text[CHECKPOINT_TEXT_MAX])
{
    const struct store_identity *identity = &store->identity;
    struct checkpoint checkpoint = {
        .incarnation = identity->incarnation, .index = store->mark.index, .time = store->mark.time};
    uint8_t secret[crypto_sign_SECRETKEYBYTES], signature[SIGNATURE_SIZE];
    char hex[HEX(SIGNATURE_SIZE)];

    memcpy(checkpoint.store_id, identity->store_id, sizeof(checkpoint.store_id));
    memcpy(checkpoint.short_name, identity->short_name, sizeof(checkpoint.short_name));
    memcpy(checkpoint.chain, store->mark.digest, sizeof(checkpoint.chain));
    pair_of(store, checkpoint.public_key, secret);

    size_t length = format(&checkpoint, ret_text);

    crypto_sign_detached(signature, NULL, (const uint8_t *)ret_text, length, secret);
    sodium_memzero(secret, sizeof(secret));
    hex_encode(hex, bytes_of(signature, sizeof(signature)));
    snprintf(ret_text + length, CHECKPOINT_TEXT_MAX - length, SIGNATURE_LINE "%s\n", hex);
}

/* False: the text is not the one that these values are written as. */
static bool take(const char *text, struct checkpoint *checkpoint, uint8_t ret_signature[SIGNATURE_SIZE])
{
    char id[HEX(16)], chain[HEX(STORE_DIGEST_SIZE)], key[HEX(CHECKPOINT_KEY_SIZE)], signature[HEX(SIGNATURE_SIZE)];
    char again[CHECKPOINT_TEXT_MAX];

    if (sscanf(text,
               TITLE "\nstore_id = %32s\nshort_name = %12s\nincarnation = %" SCNu32 "\nindex = %" SCNu64
                     "\ntime_ms = %" SCNd64 "\nchain = %64s\npublic_key = %64s\n" SIGNATURE_LINE "%128s",
               id, checkpoint->short_name, &checkpoint->incarnation, &checkpoint->index, &checkpoint->time.ms, chain,
               key, signature) != 8 ||
        !hex_decode(checkpoint->store_id, sizeof(checkpoint->store_id), id) ||
        !hex_decode(checkpoint->chain, sizeof(checkpoint->chain), chain) ||
        !hex_decode(checkpoint->public_key, sizeof(checkpoint->public_key), key) ||
        !hex_decode(ret_signature, SIGNATURE_SIZE, signature))
        return false;

    size_t length = format(checkpoint, again);

    snprintf(again + length, sizeof(again) - length, SIGNATURE_LINE "%s\n", signature);
    return strcmp(text, again) == 0;
}

int checkpoint_parse(const char *text, struct checkpoint *ret_checkpoint)
{
    static_assert(STORE_NAME_MAX == 12, "as it is read");
    struct checkpoint checkpoint;
    uint8_t signature[SIGNATURE_SIZE];

    if (!take(text, &checkpoint, signature))
        return -EPROTO;

    size_t length = (size_t)(strstr(text, "\n" SIGNATURE_LINE) + 1 - text);

    if (crypto_sign_verify_detached(signature, (const uint8_t *)text, length, checkpoint.public_key) != 0)
        return -EBADMSG;
    *ret_checkpoint = checkpoint;
    return 0;
}

static bool is_of(const struct store *store, const struct checkpoint *checkpoint)
{
    uint8_t public_key[CHECKPOINT_KEY_SIZE];

    checkpoint_public_key(store, public_key);
    return memcmp(checkpoint->store_id, store->identity.store_id, sizeof(checkpoint->store_id)) == 0 &&
           memcmp(checkpoint->public_key, public_key, sizeof(public_key)) == 0;
}

/* The turns of an incarnation that the store still has end where the next one begins. */
static enum checkpoint_verdict place_of(const Record__Meta *meta, const struct checkpoint *checkpoint)
{
    for (size_t i = 0; i < meta->n_incarnations; i++) {
        if (meta->incarnations[i]->number != checkpoint->incarnation)
            continue;
        if (i + 1 == meta->n_incarnations)
            return checkpoint->index <= meta->index ? CHECKPOINT_HOLDS : CHECKPOINT_CUT;
        return checkpoint->index < meta->incarnations[i + 1]->first_index ? CHECKPOINT_HOLDS : CHECKPOINT_LEFT;
    }
    return CHECKPOINT_LEFT;
}

/* Who lacks the memory to follow the chain accuses nobody. */
static int judge(struct store_txn *txn, const struct checkpoint *checkpoint, enum checkpoint_verdict *ret_verdict)
{
    uint8_t chain[STORE_DIGEST_SIZE];

    *ret_verdict = place_of(txn->meta, checkpoint);
    if (*ret_verdict == CHECKPOINT_HOLDS &&
        (!audit_digest_at(txn, checkpoint->index, chain) || memcmp(chain, checkpoint->chain, sizeof(chain)) != 0))
        *ret_verdict = CHECKPOINT_REWRITTEN;
    return store_failure(txn) == -ENOMEM ? -ENOMEM : 0;
}

int checkpoint_check(struct store *store, const struct checkpoint *checkpoint, enum checkpoint_verdict *ret_verdict)
{
    struct store_txn *txn = NULL;
    struct arena arena;

    if (!is_of(store, checkpoint)) {
        *ret_verdict = CHECKPOINT_OF_ANOTHER;
        return 0;
    }

    int failure = arena_open(&arena, RECOUNT_ARENA_BYTES);

    if (failure != 0)
        return fail_with(store, failure, "out of memory");
    failure = store_read_begin(store, &arena, &txn);
    if (failure == 0)
        failure = meta_load(txn);
    if (failure == 0)
        failure = judge(txn, checkpoint, ret_verdict);
    store_read_end(txn);
    arena_close(&arena);
    return failure;
}
