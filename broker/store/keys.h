/* keys.h - the store's own keys: data keys that seal rows, an index key (never rotated) for sums, for keys made of
 * foreign text and for signatures. They lie in the file `keys` of the store's directory (0600), wrapped by the host's
 * key, so that a stolen disk or backup says nothing without that key.
 *
 * A data key is added, and never dropped: archives, backups and rows that have not moved yet need the older ones. So of
 * two files of one store the later one opens all that the earlier one does. Each file names those it followed; it is
 * written apart and renamed, and is the old or the new one whatever happens. */
#pragma once
#include "base/bytes.h"

#define KEYS_FILE      "keys"
#define KEYS_HOST_SIZE 32
#define KEYS_DATA_MAX  255 /* a row has a byte for the number of its key */
#define KEYS_FIRST     1

struct data_key {
    uint8_t seal[32];  /* XChaCha20-Poly1305 */
    uint8_t nonce[16]; /* nonces made of what they seal */
};

struct keys {         /* lives on sodium's guarded pages: locked, never in a core file, wiped when given back */
    uint32_t newest;  /* number of the data key that seals what is written; each from KEYS_FIRST on is there */
    uint8_t tag[16];  /* of the index key: row tags and table sums */
    uint8_t hash[32]; /* of the index key: foreign text in keys and logs */
    uint8_t sign[32]; /* of the index key: seed of the pair that signs checkpoints */
    struct data_key data[KEYS_DATA_MAX]; /* number KEYS_FIRST at 0 */
};

/* NULL: there is none of that number. */
const struct data_key *keys_data(const struct keys *keys, uint32_t number);
/* Has `later` all that `earlier` has? */
bool keys_include(const struct keys *later, const struct keys *earlier);

/* Makes new keys and writes the file; -EEXIST where one is. */
int keys_create(const char *directory, const uint8_t host_key[KEYS_HOST_SIZE]);
/* -EACCES: the host key is not the one that wrapped them, or the file is damaged; -EPERM: others may read the file. */
int keys_load(const char *directory, const uint8_t host_key[KEYS_HOST_SIZE], struct keys *ret_keys);
/* Adds a data key. -EOVERFLOW: there are as many as there can be. */
int keys_add(const char *directory, const uint8_t host_key[KEYS_HOST_SIZE], uint32_t *ret_number);
/* Wraps the same keys by another host key. */
int keys_rewrap(const char *directory, const uint8_t host_key[KEYS_HOST_SIZE],
                const uint8_t new_host_key[KEYS_HOST_SIZE]);

/* Copies the file; -EEXIST where there is one. Of a store in use: after its data, so that no row is of a key that was
 * not copied. */
int keys_copy(const char *from_directory, const char *to_directory);
/* The same where there is none yet; one that `from` followed is replaced, one that followed `from` stays. -EEXIST: it
 * is of neither. */
int keys_bring(const char *from_directory, const char *to_directory);
/* The same, to where backups are kept: perhaps on a file system that knows no modes. */
int keys_back_up(const char *from_directory, const char *to_directory);
