/* archive_format.h - what writer and reader of an archive's files agree on; see archive.h. */
#pragma once
#include "store/archive.h"

#define ARCHIVE_MAGIC          "RFARCHIV"
#define ARCHIVE_MAGIC_SIZE     ((size_t)8)
#define ARCHIVE_PART           ".part"
#define ARCHIVE_SIZE           ((size_t)4)
#define ARCHIVE_TAIL           (ARCHIVE_SIZE + STORE_DIGEST_SIZE) /* behind the manifest */
#define ARCHIVE_MANIFEST_MAX   (2U << 20)
#define ARCHIVE_MANIFEST_ARENA (256UL << 20) /* what so many bytes unpack to, whatever they are */

/* What a record is bound to: its file and its place there. */
struct bytes archive_place(uint8_t key[TABLE_KEY_MAX], const char *name, uint64_t offset);
