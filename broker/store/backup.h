/* backup.h - a copy of a store as one sealed file, which says nothing without its key and does not open unless it is
 * whole.
 *
 *   "RFBACKUP", size of the head 4, head (Backup of record.proto: whose, and how far), nonce 24, wrapped key 48, stream header 24, then
 *   messages of libsodium's secretstream, each behind its size 4: the store's file `keys`, data.mdb in pieces of 256 KiB, an empty one with
 *   the final tag
 *
 * The stream's key is new in every file, wrapped (XChaCha20-Poly1305, the bytes before the nonce as associated data) by
 * a key that is derived of the host's or of a backup key of its own. The store inside still needs the host key: its
 * file `keys` lies there as it is.
 *
 * Failures also: -EPROTO no backup, or of a newer version; -EACCES another key sealed it, or its head is damaged;
 * -EBADMSG damaged or cut off. `error` takes STORE_ERROR_SIZE bytes with one line about the failure, or is NULL. */
#pragma once
#include "store/store.h"

#define BACKUP_KEY_SIZE 32

struct backup_about {
    uint8_t store_id[16];
    char short_name[STORE_NAME_MAX + 1];
    uint32_t incarnation;
    uint64_t index;      /* of the last turn in it */
    struct instant time; /* of that turn */
};

/* Seals the store that lies closed in copy->directory (store_copy) into a new file, mode 0600, on disk when it returns;
 * on failure there is none. */
int backup_seal(const struct store_options *copy, const uint8_t *key, const char *file);
/* What its head says; not yet authenticated. */
int backup_read_about(const char *file, struct backup_about *ret_about, char *error);
/* Puts the store into a directory that is there and empty, on disk when it returns; on failure nothing is left in it.
 * Does not renew the incarnation: to look at, or for store_restore_backup. */
int backup_unseal(const char *file, const uint8_t *key, const char *directory, char *error);
