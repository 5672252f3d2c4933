/* asking.h - one question being answered: who asks, what it may see, and the page that comes back (P2).
 *
 * A question is a command that writes nothing: it shares `struct work` and its helpers with the handlers of commands.
 * Each answerer returns the result message in the arena, or NULL after refusing. */
#pragma once
#include "engine/query.h"
#include "engine/tidings.h"

struct asking {
    struct work work; /* without effects, reply or audit */
    const struct question *question;
    const struct live *live;
    bool all; /* the key's roles reach beyond its own institution for this kind (authority.h) */
};

/* The answerers: query_referral.c, query_why.c, query_inbox.c, query_live.c, find.c, query_registry.c, query_audit.c,
 * query_alarm.c, query_place.c, query_pool.c, query_booking.c, query_waiting.c, query_ledger.c */
ProtobufCMessage *query_referral(struct asking *asking);
ProtobufCMessage *query_referrals(struct asking *asking);
ProtobufCMessage *query_journey(struct asking *asking);
ProtobufCMessage *query_why(struct asking *asking);
ProtobufCMessage *query_inbox(struct asking *asking);
ProtobufCMessage *query_dead(struct asking *asking);
ProtobufCMessage *query_status(struct asking *asking);
ProtobufCMessage *query_sessions(struct asking *asking);
ProtobufCMessage *query_waiters(struct asking *asking);
ProtobufCMessage *query_message(struct asking *asking);
ProtobufCMessage *query_institutions(struct asking *asking);
ProtobufCMessage *query_relations(struct asking *asking);
ProtobufCMessage *query_delegations(struct asking *asking);
ProtobufCMessage *query_teams(struct asking *asking);
ProtobufCMessage *query_keys(struct asking *asking);
ProtobufCMessage *query_settings(struct asking *asking);
ProtobufCMessage *query_calendar(struct asking *asking);
ProtobufCMessage *query_audit(struct asking *asking);
ProtobufCMessage *query_alarms(struct asking *asking);
ProtobufCMessage *query_quarantine(struct asking *asking);
ProtobufCMessage *query_places(struct asking *asking);
ProtobufCMessage *query_pools(struct asking *asking);
ProtobufCMessage *query_bookings(struct asking *asking);
ProtobufCMessage *query_waiting_list(struct asking *asking);
ProtobufCMessage *query_ledger(struct asking *asking);
ProtobufCMessage *query_timetables(struct asking *asking);
ProtobufCMessage *query_service_facts(struct asking *asking);

/* Refuses, and returns the NULL of an answerer. */
void *asking_refuse(struct asking *asking, enum refusal refusal, const char *field);
/* A message of this kind, initialised, in the arena. */
void *asking_message(struct asking *asking, const ProtobufCMessageDescriptor *descriptor);
char *asking_id_text(struct asking *asking, struct id id); /* NULL for an unset id */
/* P2: the actor itself, or one it acts for by delegation. NULL is nobody. */
bool asking_speaks_for(struct asking *asking, const char *institution);
/* For lists below one institution: `named`, by the question's field of that name, or the actor itself where none is
 * named. Where `named` is not the asker's, nor all are, NULL after NOT_FOUND. */
const char *asking_institution(struct asking *asking, const char *named, const char *field);
uint32_t asking_number_of(struct asking *asking, const char *institution); /* 0: no such */

/* The referral that a ReferralQuery names by id, message id or own reference, if the asker may see it; else NULL after
 * NOT_FOUND. ret_party: bits of enum party; BY_OPERATOR alone for one that sees states, times and contacts only. */
Record__Referral *asking_find_referral(struct asking *asking, struct id *ret_id, int *ret_party);
/* 0: none of the asker's business. */
int asking_party(struct asking *asking, Record__Referral *row);

/* Parts that several answers share. */
Referral__InboxEntry *query_inbox_entry(struct asking *asking, struct inbox_ref ref, const Record__Inbox *row);
/* Whose message it is; NULL: it is about a hospital's own place. */
char *query_referral_of(struct asking *asking, const Record__Inbox *row);
/* `party`: as asking_party has it. */
Referral__ReferralSummary *query_summary(struct asking *asking, struct id id, const Record__Referral *row, int party);
/* The first waiting message of this referral at `institution` after `*at`, among at most `*left` rows, which it counts
 * down. Starts with the referral's own turn where `at` is unset; nothing of it can wait from before. */
const Record__Inbox *query_waiting(struct asking *asking, struct id id, const Record__Referral *row,
                                   uint32_t institution, struct inbox_ref *at, uint32_t *left);
/* Fills timeline and next of the view (query_timeline.c). */
void query_timeline(struct asking *asking, struct id id, const Record__Referral *row, int party,
                    ProtobufCBinaryData cursor, Referral__ReferralView *view);
/* T2: whom to call at the referral's sender or receiver; NULL: nobody is registered. */
const Referral__Contact *query_contact(struct asking *asking, const Record__Referral *row, enum called called);

#define PAGE_RECORDS_MAX 500 /* looked at for one page: some milliseconds, in which nobody else is served */
#define PAGE_BYTES_MAX   ((size_t)256 * 1024) /* of its rows; a page ends after the row that passes it */

/* Rows of one answer, and where the next page goes on: after the last record looked at. */
struct page {
    struct asking *asking;
    size_t rows_max, count, bytes;
    ProtobufCMessage **rows;
    uint32_t examined;
    struct bytes last; /* key of the last record looked at; empty: none */
    bool ended;
    struct store_cursor *cursor;
    enum table table; /* that is scanned, if one is */
    bool is_veiled;   /* its cursors do not show the keys of that table */
};
/* `cursor`, `rows`: of the query; absent as 0. */
void page_begin(struct page *page, struct asking *asking, uint32_t rows);
bool page_is_full(const struct page *page);
void page_add(struct page *page, ProtobufCMessage *row);
/* So many more records were looked at, up to this one. */
void page_examined(struct page *page, struct bytes key, uint32_t records);
/* Starts after `cursor` below `prefix`; false after refusing a cursor that is not of this list. */
bool page_scan(struct page *page, enum table table, struct bytes prefix, ProtobufCBinaryData cursor);
/* The next record; false: the page is full or the table at its end. */
bool page_next(struct page *page, struct bytes *ret_key, struct bytes *ret_value);
/* Ends the scan and writes `next`: absent at the end of the list. */
void page_end(struct page *page, protobuf_c_boolean *ret_has_next, ProtobufCBinaryData *ret_next);
