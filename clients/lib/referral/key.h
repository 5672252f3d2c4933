/* key.h - CURVE key pairs and the files that hold them.
 *
 * A key file is text: lines "public = " and "secret = " followed by 64 hex digits in lower case; blank lines and lines
 * that begin with "#" are skipped. With a secret in it, it belongs to one user: mode 0600. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define REFERRAL_KEY_SIZE     32
#define REFERRAL_KEY_HEX_SIZE 65 /* 64 digits and NUL */

struct referral_key {
    uint8_t public_key[REFERRAL_KEY_SIZE];
    uint8_t secret_key[REFERRAL_KEY_SIZE];
};

/* All return 0 or a negative errno. */

/* A fresh pair, from the system's random numbers. */
int referral_key_generate(struct referral_key *ret_key);
/* Reads a pair. -EACCES where group or others may read the file; -EINVAL where it is not of the form above, lacks a
 * line, or the two do not belong together; else what open(2) and read(2) say. */
int referral_key_load(const char *path, struct referral_key *ret_key);
/* Reads only the public key, of a file with or without a secret, whatever its mode. */
int referral_key_load_public(const char *path, uint8_t ret_public_key[REFERRAL_KEY_SIZE]);
/* Writes a new file of mode 0600 and syncs it; -EEXIST where there is one already. */
int referral_key_save(const char *path, const struct referral_key *key);
/* Writes a new file of mode 0644 with the public key only. */
int referral_key_save_public(const char *path, const uint8_t public_key[REFERRAL_KEY_SIZE]);

void referral_key_to_hex(const uint8_t public_key[REFERRAL_KEY_SIZE], char ret_hex[REFERRAL_KEY_HEX_SIZE]);
/* False where `hex` is not 64 hex digits. */
bool referral_key_from_hex(const char *hex, uint8_t ret_public_key[REFERRAL_KEY_SIZE]);

#ifdef __cplusplus
}
#endif
