/* keys.h - the store's own keys: a data key that seals rows, an index key (never rotated) for sums and for keys made of foreign
 * text. Both lie in the file `keys` of the store's directory (0600), wrapped by the host's key, so that a stolen disk or backup
 * says nothing without that key. */
#pragma once
#include "base/bytes.h"

#define KEYS_FILE      "keys"
#define KEYS_HOST_SIZE 32

struct keys {          /* lives on sodium's guarded pages: never in a core file, wiped when given back */
    uint8_t key_id;    /* stands in each sealed row: which data key sealed it */
    uint8_t seal[32];  /* of the data key: XChaCha20-Poly1305 */
    uint8_t nonce[16]; /* of the data key: nonces made of what they seal */
    uint8_t tag[16];   /* of the index key: row tags and table sums */
    uint8_t hash[32];  /* of the index key: foreign text in keys and logs */
};

/* Makes new keys and writes the file; -EEXIST where one is. */
int keys_create(const char *directory, const uint8_t host_key[KEYS_HOST_SIZE]);
/* -EACCES: the host key is not the one that wrapped them, or the file is damaged; -EPERM: others may read the file. */
int keys_load(const char *directory, const uint8_t host_key[KEYS_HOST_SIZE], struct keys *ret_keys);
int keys_copy(const char *from_directory, const char *to_directory);
/* -EEXIST: the files there are not the same. */
int keys_compare(const char *one_directory, const char *other_directory);
