/* rows_place.h - typed rows of places and the reserve (section 6), over store.h. Getters as in rows.h: NULL where there
 * is no such row; what they return lives in the turn's arena and may be changed and put back. */
#pragma once
#include "store/rows.h"

/* A pool's key: (hospital, class, department, day, resource), so that a department's days lie side by side (Q). */
struct pool_key {
    uint32_t hospital; /* number */
    uint8_t class;     /* referral.PlaceClass */
    char department[65];
    int64_t day; /* service date, days since 1970 */
    char resource[65];
};
#define POOL_KEY_MAX 140
/* `out` has room for POOL_KEY_MAX. */
struct bytes pool_key_bytes(uint8_t *out, const struct pool_key *key);
bool pool_key_parse(struct bytes bytes, struct pool_key *ret_key);
/* Q11: what a group is made of: one hospital, class, department and day. */
bool pool_key_is_same_day(const struct pool_key *a, const struct pool_key *b);

Record__Pool *pool_row(struct store_txn *txn, const struct pool_key *key);
/* Without its units: it costs little to look at. */
Record__Pool *pool_head(struct store_txn *txn, const struct pool_key *key);
void pool_row_put(struct store_txn *txn, const struct pool_key *key, const Record__Pool *row);
/* The first pool at or after `from` in order of key; NULL: none. For scans: by department, then day, then resource. */
Record__Pool *pool_row_from(struct store_txn *txn, const struct pool_key *from, struct pool_key *ret_key);
/* The same, without reading the row. */
bool pool_key_from(struct store_txn *txn, const struct pool_key *from, struct pool_key *ret_key);
/* Strictly after `key`: the smallest key above it. */
struct pool_key pool_key_after(const struct pool_key *key);

Record__PoolGroup *pool_group_row(struct store_txn *txn, const struct pool_key *key /* resource: not looked at */);
void pool_group_row_put(struct store_txn *txn, const struct pool_key *key, const Record__PoolGroup *row);

Record__Booking *booking_row(struct store_txn *txn, struct id id);
/* Also lists it under its referral, if it has one and `is_new`. */
void booking_row_put(struct store_txn *txn, struct id id, const Record__Booking *row, bool is_new);
/* Of a referral, strictly after `after` (unset: from the first). */
bool booking_next_of_referral(struct store_txn *txn, struct id referral, struct id after, struct id *ret_id);

/* Q8: the order of a wait-list is the order of its keys. */
enum wait_rank { RANK_DISPLACED_FAMILY = 1, RANK_FAMILY, RANK_DISPLACED_GENERAL, RANK_GENERAL };
struct wait_key {
    uint32_t hospital;
    uint8_t class;
    char department[65];
    uint8_t rank;     /* enum wait_rank */
    uint8_t priority; /* referral.Priority; ROUTINE where there is no referral */
    struct instant since;
    struct id id;
};
Record__WaitEntry *wait_row(struct store_txn *txn, struct id id, struct wait_key *ret_key);
void wait_row_put(struct store_txn *txn, const struct wait_key *key, const Record__WaitEntry *row, bool is_new);
void wait_row_delete(struct store_txn *txn, const struct wait_key *key);
/* The next entry strictly after `after` in its (hospital, class, department); rank 0: the first. */
Record__WaitEntry *wait_row_next(struct store_txn *txn, const struct wait_key *after, struct wait_key *ret_key);

Record__PatientClaim *patient_claim_row(struct store_txn *txn, uint32_t hospital, uint8_t class,
                                        const uint8_t patient[16]);
void patient_claim_row_put(struct store_txn *txn, uint32_t hospital, uint8_t class, const uint8_t patient[16],
                           const Record__PatientClaim *row /* NULL: delete */);
Record__TeamHolds *team_holds_row(struct store_txn *txn, const char *team);
void team_holds_row_put(struct store_txn *txn, const char *team, const Record__TeamHolds *row);

struct timetable_key {
    uint32_t hospital;
    uint8_t class;
    char department[65], id[65];
};
Record__Timetable *timetable_row(struct store_txn *txn, const struct timetable_key *key);
void timetable_row_put(struct store_txn *txn, const struct timetable_key *key,
                       const Record__Timetable *row /* NULL: delete */);
#define TIMETABLE_KEY_MAX 136
struct bytes timetable_key_bytes(uint8_t *out, const struct timetable_key *key);
bool timetable_key_parse(struct bytes bytes, struct timetable_key *ret_key);

/* Q13. Rows of a hospital's ledger in this turn (serialised referral.LedgerRow; copied) are written at its end as pages
 * of at most LEDGER_PAGE_ROWS, each a referral.LedgerPage chained by digest. Counts as a put. */
#define LEDGER_PAGE_ROWS 1000
void ledger_add(struct store_txn *txn, uint32_t hospital, const char *hospital_id, struct bytes row);
/* The page that holds row `number`, or the first one of all where none begins before it; false: none. */
bool ledger_page(struct store_txn *txn, uint32_t hospital, uint64_t number, struct bytes *ret_page,
                 uint64_t *ret_first_row);
/* As it stood before this turn's rows; all zero where there is none. */
struct ledger_mark {
    uint64_t rows;
    uint8_t digest[STORE_DIGEST_SIZE];
};
struct ledger_mark ledger_mark(struct store_txn *txn, uint32_t hospital);
/* The first hospital at or after the number `from` that has a ledger; false: none. */
bool ledger_hospital_from(struct store_txn *txn, uint32_t from, uint32_t *ret_hospital);
