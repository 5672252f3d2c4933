/* flip_parts.h - what flip.c damages: a closed store, its keys, a backup, an archive and a ledger, all of the stage's
 * broker. */
#pragma once
#include "store/store.h"

#define DIGEST 32

enum part { PART_DATA, PART_KEYS, PART_BACKUP, PART_ARCHIVE, PART_LEDGER, PARTS };

struct part_file {
    char path[160];
    uint8_t *data; /* undamaged */
    size_t size;
    uint8_t digest[DIGEST]; /* of what is read from it */
};

struct parts {
    char directory[64];
    struct part_file files[PARTS];
};

/* Makes the stage, and of it all parts. */
void parts_write(struct parts *parts);
struct store_options parts_options(const struct parts *parts);
/* Reads what the part holds, verifying all; false: something is wrong with it. */
bool parts_read(const struct parts *parts, enum part part, uint8_t digest[DIGEST]);
/* Reads the store, and does not verify: opens each row that can be reached, and recounts nothing. */
bool parts_walk(const struct parts *parts, uint8_t digest[DIGEST]);
void parts_flip(const struct parts *parts, enum part part, size_t offset, uint8_t bit);
void parts_restore(const struct parts *parts, enum part part);
