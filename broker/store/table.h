/* table.h - the tables of the store, their keys, and how each is kept. */
#pragma once
#include "base/bytes.h"

/* X(name, number, sealed, derived): number is for ever. Sealed values hold patient data; derived tables can be rebuilt
 * and are outside sums. */
#define STORE_TABLES(X)                                                                                                \
    X(META, 0, false, true)                /* "meta" */                                                                \
    X(INSTITUTION, 1, true, false)         /* id text */                                                               \
    X(INSTITUTION_NUMBER, 2, false, false) /* number u32 -> id text */                                                 \
    X(RELATION, 3, false, false)           /* from \0 to */                                                            \
    X(DELEGATION, 4, false, false)         /* agent \0 principal -> empty */                                           \
    X(TEAM, 5, true, false)                /* team id */                                                               \
    X(ACCESS_KEY, 6, false, false)         /* public key, 32 bytes */                                                  \
    X(SETTING, 7, false, false)            /* name \0 institution id or empty */                                       \
    X(CALENDAR, 8, false, false)           /* days since 1970 u32 */                                                   \
    X(DEDUP, 9, true, false)               /* 'U' ulid 16 | 'H' keyed hash 16, sender number u32 */                    \
    X(REFERRAL, 10, true, false)           /* id 14 */                                                                 \
    X(BODY, 11, true, false)               /* id 14, version u16, chunk u16 */                                         \
    X(INBOX, 12, true, false)              /* institution number u32, lane u8, index u64, ordinal u16 */               \
    X(DEAD, 13, true, false)               /* as inbox */                                                              \
    X(BOOKS, 14, false, false)             /* institution number u32 */                                                \
    X(DUE, 15, false, false)               /* time ms u64, kind u8, subject (id 14 ...) -> empty */                    \
    X(TIMELINE, 16, true, false)           /* id 14, number u32 */                                                     \
    X(JOURNEY, 17, false, false)           /* journey id 14, member id 14 -> empty */                                  \
    X(ALARM, 18, false, false)             /* code \0 subject */                                                       \
    X(AUDIT, 19, true, true)               /* index u64, chunk u16; chained, hence outside sums */                     \
    X(REFUSALS, 20, true, false)           /* public key 32, code u16 */                                               \
    X(SEARCH, 21, false, true)      /* kind u8, institution number u32, keyed hash 16 (or none), id 14 -> empty */     \
    X(POOL, 22, false, false)       /* hospital u32, class u8, department \0, day u32, resource */                     \
    X(POOL_GROUP, 23, false, false) /* hospital u32, class u8, department \0, day u32 */                               \
    X(BOOKING, 24, true, false)     /* booking id 14 */                                                                \
    X(REFERRAL_BOOKING, 25, false, false) /* referral id 14, booking id 14 -> empty */                                 \
    X(WAITING, 26, true, false) /* hospital u32, class u8, department \0, rank u8, priority u8, since u64, id 14 */    \
    X(WAIT_ENTRY, 27, false, false)    /* entry id 14 -> its key in WAITING */                                         \
    X(PATIENT_CLAIM, 28, false, false) /* hospital u32, class u8, patient's keyed hash 16 */                           \
    X(TEAM_HOLDS, 29, false, false)    /* team id */                                                                   \
    X(TIMETABLE, 30, false, false)     /* hospital u32, class u8, department \0, id */                                 \
    X(LEDGER, 31, false, true)         /* hospital u32, first row u64, chunk u16; chained, hence outside sums */       \
    X(LEDGER_HEAD, 32, false, false)   /* hospital u32 */                                                              \
    X(ALARM_PAST, 33, false, false)    /* its end ms u64, keyed hash 16 of code \0 subject */                          \
    X(QUARANTINE, 34, false, false)    /* hash of a command 16 */                                                      \
    X(ARCHIVE, 35, true, false)        /* name of a file of the archive (store/archive.h) */

#define X(name, number, sealed, derived) TABLE_##name = (number),
enum table { STORE_TABLES(X) TABLE_COUNT };
#undef X

#define TABLE_KEY_MAX    160
#define BODY_CHUNK_BYTES 1952 /* sealed and with its key just two fit a page; larger LMDB values cost overflow pages */

const char *table_name(enum table table); /* "INSTITUTION_NUMBER" */
bool table_is_sealed(enum table table);
bool table_is_derived(enum table table);
