/* seal.h - how a row's value lies on disk.
 *
 *   format 1, key id 1, tag 8, then
 *   plain tables:  the plaintext
 *   sealed tables: hash 16, XChaCha20-Poly1305 of the plaintext, MAC 16
 *
 * The key id says which data key sealed the row: what is written is of the newest. A plain row is of none, and says 1.
 *
 * Tag and hash are two keyed hashes of table, key and plaintext: SipHash-2-4 of 64 bits under the index key and of 128
 * bits under the data key. The tag checks a plain row at each read (a sealed one's MAC covers it too), and a table's
 * sum is the sum of its tags, so that an overwrite or a delete need not open the old value.
 *
 * Hash and tag together are the 192-bit nonce. Each is a pseudo-random function of the whole row under a key of its
 * own, so the same row gives the same bytes on every machine, which says no more than that it is the same row; and two
 * rows that differ share a nonce only by chance. Of 2^50 rows, more than a province writes in ten years at full load,
 * any two share the hash alone with a chance of 2^-29, hash and tag with 2^-93. Who can choose what is in the rows
 * gains nothing by it: without the key no better way than that chance is known to a collision of SipHash-2-4. A keyed
 * BLAKE2b-192 has the same bound and takes longer than the encryption. */
#pragma once
#include "store/keys.h"
#include "store/table.h"

/* Bytes on disk of a plaintext of `size` bytes. */
size_t seal_size(enum table table, size_t size);
/* Writes seal_size bytes; returns the tag. */
uint64_t seal_write(const struct keys *keys, enum table table, struct bytes key, struct bytes plain, uint8_t *out);
/* Bytes of the plaintext; false where `stored` is too short to be a row. */
bool seal_plain_size(enum table table, struct bytes stored, size_t *ret_size);
/* Writes seal_plain_size bytes. -EBADMSG: not what was written; -EPROTO: a newer format. */
int seal_read(const struct keys *keys, enum table table, struct bytes key, struct bytes stored, uint8_t *out);
/* Number of the data key that sealed it; 0 where it is too short to say. */
uint32_t seal_key_id(struct bytes stored);
/* The tag of a stored row, unchecked; false where it is too short to have one. */
bool seal_tag(struct bytes stored, uint64_t *ret_tag);
