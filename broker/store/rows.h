/* rows.h - typed rows over store.h: keys, records and their packing. Getters return NULL where there is no such row (or
 * the transaction has failed); what they return lives in the turn's arena and may be changed and put back. */
#pragma once
#include "base/id.h"
#include "record.pb-c.h"
#include "store/store.h"

/* Registry. The referral.* message inside stays packed: the engine unpacks it. */
Record__Institution *institution_row(struct store_txn *txn, const char *id);
void institution_row_put(struct store_txn *txn, const char *id, const Record__Institution *row);
/* Id text of a number; NULL for none. */
const char *institution_id_of(struct store_txn *txn, uint32_t number);
uint32_t institution_number_new(struct store_txn *txn);
Record__Relation *relation_row(struct store_txn *txn, const char *from, const char *to);
void relation_row_put(struct store_txn *txn, const char *from, const char *to, const Record__Relation *row);
bool relation_row_delete(struct store_txn *txn, const char *from, const char *to);
bool delegation_exists(struct store_txn *txn, const char *agent, const char *principal);
void delegation_put(struct store_txn *txn, const char *agent, const char *principal);
bool delegation_delete(struct store_txn *txn, const char *agent, const char *principal);
Record__Team *team_row(struct store_txn *txn, const char *id);
void team_row_put(struct store_txn *txn, const char *id, const Record__Team *row);
Record__AccessKey *access_key_row(struct store_txn *txn, const uint8_t public_key[32]);
void access_key_row_put(struct store_txn *txn, const uint8_t public_key[32], const Record__AccessKey *row);
const char *setting_row(struct store_txn *txn, const char *name, const char *institution /* "" for all */);
void setting_row_put(struct store_txn *txn, const char *name, const char *institution,
                     const char *value /* NULL: delete */);
Record__CalendarDay *calendar_row(struct store_txn *txn, int64_t day);
void calendar_row_put(struct store_txn *txn, int64_t day, const Record__CalendarDay *row /* NULL: delete */);

/* D1. The key is made from the sender's number and its message id (ULID as it is, any other by keyed hash). */
#define DEDUP_KEY_SIZE 21
Record__Dedup *dedup_row(struct store_txn *txn, uint32_t sender, const char *message_id);
void dedup_row_add(struct store_txn *txn, uint32_t sender, const char *message_id, const Record__Dedup *row);
Record__Dedup *dedup_row_at(struct store_txn *txn, struct bytes key);
void dedup_row_delete(struct store_txn *txn, struct bytes key);

Record__Referral *referral_row(struct store_txn *txn, struct id id);
void referral_row_put(struct store_txn *txn, struct id id, const Record__Referral *row);
void referral_row_add(struct store_txn *txn, struct id id, const Record__Referral *row); /* a new one */
/* F3: the sheet's bytes as received, in chunks. */
void body_add(struct store_txn *txn, struct id referral, uint32_t version, struct bytes body);
bool body_get(struct store_txn *txn, struct id referral, uint32_t version, struct bytes *ret_body);
#define REDIRECTS_MAX 3 /* one after the other */
/* The referral this one was redirected from; NULL: it was not. */
Record__Referral *referral_before(struct store_txn *txn, const Record__Referral *row, struct id *ret_id);
/* Any version of its sheet: a redirected child keeps those amended since, and what is older lies with those before
 * it. */
bool referral_sheet(struct store_txn *txn, struct id id, const Record__Referral *row, uint32_t version,
                    struct bytes *ret_sheet);

/* Where a message waits; also its delivery id: INBOX_REF_SIZE bytes, with the incarnation in front for clients (see
 * engine/inbox.h). */
struct inbox_ref {
    uint32_t institution; /* number */
    uint8_t lane;         /* 1 to 3, referral.Priority */
    uint64_t index;
    uint16_t ordinal;
};
#define INBOX_KEY_SIZE 15
void inbox_key(uint8_t key[INBOX_KEY_SIZE], struct inbox_ref ref);
struct inbox_ref inbox_ref_from_key(const uint8_t key[INBOX_KEY_SIZE]);
Record__Inbox *inbox_row(struct store_txn *txn, struct inbox_ref ref);
void inbox_row_add(struct store_txn *txn, struct inbox_ref ref, const Record__Inbox *row);
void inbox_row_put(struct store_txn *txn, struct inbox_ref ref, const Record__Inbox *row);
bool inbox_row_delete(struct store_txn *txn, struct inbox_ref ref);
/* The first waiting row of this lane strictly after `after` (index 0: from the start); NULL: none. */
Record__Inbox *inbox_row_next(struct store_txn *txn, struct inbox_ref after, struct inbox_ref *ret_ref);
Record__Dead *dead_row(struct store_txn *txn, struct inbox_ref ref);
void dead_row_put(struct store_txn *txn, struct inbox_ref ref, const Record__Dead *row);
bool dead_row_delete(struct store_txn *txn, struct inbox_ref ref);
/* Strictly after `after` within its institution, any lane (lane 0 and index 0: from the start). */
Record__Dead *dead_row_next(struct store_txn *txn, struct inbox_ref after, struct inbox_ref *ret_ref);

/* The books of an inbox, kept in memory for the turn and written once at its end (D7). Never NULL; change in place,
 * then call books_touch. In a read transaction: a copy. */
Record__Books *books_of(struct store_txn *txn, uint32_t institution);
void books_touch(struct store_txn *txn, uint32_t institution);

/* Subjects: referral id; public key and code u16; institution number u32; key of a pool; key of a timetable; id of a
 * wait-list entry. */
enum due_subject {
    DUE_REFERRAL = 1,
    DUE_REFUSALS = 2,
    DUE_INBOX_AGE = 3,
    DUE_POOL = 4,
    DUE_TIMETABLE = 5,
    DUE_ENTRY = 6
};
void due_add(struct store_txn *txn, struct instant at, enum due_subject kind, struct bytes subject);
void due_delete(struct store_txn *txn, struct instant at, enum due_subject kind, struct bytes subject);
/* The earliest row; false: none. */
bool due_first(struct store_txn *txn, struct instant *ret_at, enum due_subject *ret_kind, struct bytes *ret_subject);

void timeline_add(struct store_txn *txn, struct id referral, uint32_t number, const Record__Timeline *row);
void timeline_row_put(struct store_txn *txn, struct id referral, uint32_t number, const Record__Timeline *row);
Record__Timeline *timeline_row(struct store_txn *txn, struct id referral, uint32_t number);
void journey_add(struct store_txn *txn, struct id journey, struct id member);
Record__Alarm *alarm_row(struct store_txn *txn, const char *code, const char *subject);
void alarm_row_put(struct store_txn *txn, const char *code, const char *subject,
                   const Record__Alarm *row /* NULL: delete */);
/* One that has ended; two of the same code and subject that end in the same instant are one. Fills in `row`. */
void alarm_past_add(struct store_txn *txn, const char *code, const char *subject, Record__Alarm *row);
/* Deletes the oldest of them: what ended before `from`, and what is beyond `count`. */
void alarm_past_keep(struct store_txn *txn, uint64_t count, struct instant from);
Record__Quarantine *quarantine_row(struct store_txn *txn, const uint8_t hash[16]);
void quarantine_row_put(struct store_txn *txn, const uint8_t hash[16],
                        const Record__Quarantine *row /* NULL: delete */);
Record__RefusalCount *refusal_count_row(struct store_txn *txn, const uint8_t public_key[32], uint16_t code);
void refusal_count_row_put(struct store_txn *txn, const uint8_t public_key[32], uint16_t code,
                           const Record__RefusalCount *row);

/* P3: rows of this turn's audit record, written as one chained value at its end. `row` is a serialised
 * referral.AuditRow; copied. */
void audit_add(struct store_txn *txn, struct bytes row);
Record__Audit *audit_record(struct store_txn *txn, uint64_t index); /* of a turn; NULL: it has none */
/* The first audit record with an index >= `index`. */
Record__Audit *audit_record_from(struct store_txn *txn, uint64_t index);

/* The meta row of this turn: counters may be changed in place and are written at its end. */
Record__Meta *meta_row(struct store_txn *txn);
