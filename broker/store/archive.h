/* archive.h - finished referrals outside the store (D8): sealed, dated files that are written once, each with its
 * manifest.
 *
 *   "RFARCHIV", then records, each behind its size 4: ArchiveRecord of record.proto, sealed as a row of the store is (seal.h) whose key is the
 *   file's name, 0 and the record's offset 8; then the manifest (ArchiveManifest, in the open), its size 4, and the file's digest 32
 *
 * The digest is a BLAKE2b-256 of all before it under the store's index key, so that without the key no file is made
 * that passes for one. A file has its name "archive-2026-11-21-1.rfa" only when it is whole and on disk. The directory
 * also holds the store's file `keys`: with the host's key the archive can be read where the store is lost.
 *
 * Failures are negative errno: -EBADMSG damaged, cut off, or of other keys; -EPROTO no archive, or of another
 * schema. */
#pragma once
#include "store/rows.h"

#define ARCHIVE_SUFFIX      ".rfa"
#define ARCHIVE_NAME_MAX    40
#define ARCHIVE_HASH_SIZE   16
#define ARCHIVE_RECORD_MAX  (16U << 20)
#define ARCHIVE_ENTRIES_MAX 20000

struct archive_entry { /* a line of the manifest */
    struct id id;
    struct instant ended_at;
    uint64_t offset; /* of the sealed record */
    uint32_t length;
    uint8_t digest[ARCHIVE_HASH_SIZE]; /* keyed hash of the record */
};

struct archive_about { /* whose, and how far that store had come */
    uint8_t store_id[16];
    char short_name[STORE_NAME_MAX + 1];
    uint32_t incarnation;
    uint64_t index;
    struct instant time;
    uint8_t chain[STORE_DIGEST_SIZE];
    uint8_t digest[STORE_DIGEST_SIZE]; /* of the file */
    uint64_t bytes;
};

/* "archive-2026-11-21-1.rfa", and nothing else. */
void archive_name(char out[ARCHIVE_NAME_MAX], struct date date, uint32_t number);
bool archive_is_name(const char *name);

/* ---- What the store has (archive_record.c) ---- */

/* All that is to leave the store with this referral, serialised, in the transaction's arena; the same rows give the
 * same bytes. -EMSGSIZE: it is larger than ARCHIVE_RECORD_MAX; -ENODATA: something of it is missing; or the
 * transaction's failure. */
int archive_record(struct store_txn *txn, struct id id, const Record__Referral *row, struct bytes *ret_record);
void archive_delete_sheets(struct store_txn *txn, struct id id);
Record__ArchiveFile *archive_file_row(struct store_txn *txn, const char *name);
void archive_file_row_put(struct store_txn *txn, const char *name, const Record__ArchiveFile *row);

/* ---- Files (archive_write.c, archive_read.c) ---- */

struct archive_writer;
/* Begins a file under a hidden name; the directory is made if it is not there. -EEXIST: there is one of that name;
 * -EKEYREJECTED: the directory is another store's. */
int archive_writer_open(struct store *store, const char *directory, const char *name,
                        struct archive_writer **ret_writer);
/* -ENOSPC too: then the writer is only to be closed. */
int archive_writer_add(struct archive_writer *writer, struct id id, struct instant ended_at, struct bytes record);
uint64_t archive_writer_bytes(const struct archive_writer *writer);
size_t archive_writer_count(const struct archive_writer *writer);
/* Manifest, digest, sync, and the name. */
int archive_writer_seal(struct archive_writer *writer);
void archive_writer_close(struct archive_writer *writer); /* NULL is fine; what was not sealed is removed */
/* Removes what writers that were killed have left. */
void archive_clear(const char *directory);

struct keys;
struct archive;
/* Checks that the file begins as an archive does and ends in a manifest that can be read, all of whose entries lie
 * within it. The manifest stands in the open: what it says is only to be believed after archive_check. */
int archive_open(const struct keys *keys, const char *directory, const char *name, struct archive **ret_archive);
void archive_close(struct archive *archive); /* NULL is fine */
/* Reads the whole file and compares it with its digest. */
int archive_check(const struct archive *archive);
const struct archive_about *archive_about(const struct archive *archive);
const struct archive_entry *archive_entries(const struct archive *archive, size_t *ret_count);
/* Opens one record, which is sound by itself, into malloc'ed memory that becomes the caller's. */
int archive_read(const struct archive *archive, const struct archive_entry *entry, uint8_t **ret_record,
                 size_t *ret_size);
/* The keys of a store, or of an archive by the file `keys` that lies in its directory; borrowed, or to be closed. */
const struct keys *archive_keys_of(const struct store *store);
int archive_keys_open(const char *directory, const uint8_t *host_key, struct keys **ret_keys);
void archive_keys_close(struct keys *keys); /* NULL is fine */
/* Names of all files of the directory, sorted; malloc'ed one by one and as a list that ends with NULL. */
int archive_list(const char *directory, char ***ret_names);
void archive_list_free(char **names); /* NULL is fine */
