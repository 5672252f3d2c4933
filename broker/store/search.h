/* search.h - the derived index: who took part, foreign numbers, patients. Kept behind a watermark over the referrals,
 * advanced in sorted chunks between turns, rebuildable, outside every digest. Queries scan the tail beyond the
 * watermark themselves. What a referral says when it is indexed stands until the next rebuild: the keys are of things
 * that do not change. */
#pragma once
#include "store/rows.h"

enum search_kind {
    SEARCH_INSTITUTION = 1, /* every referral an institution sent, spoke for or was sent, in order */
    SEARCH_REFERENCE = 2,   /* sender's reference, keyed hash, below the sender */
    SEARCH_PATIENT = 3,     /* who the patient is, keyed hash, below nobody */
    SEARCH_AMENDED = 4,     /* the same, where a later sheet said so */
};

/* Indexes up to `count` more referrals in a transaction of its own; returns how many, or a failure. One that is damaged
 * is left out, once another lies behind it: nobody finds it, not even when it is mended, before the index is built
 * anew. */
int search_advance(struct store *store, struct arena *arena, uint32_t count);
/* Damaged ones that were left out since the store was opened; store_error tells of the last. */
uint64_t search_left_out(const struct store *store);
/* Throws the index away; search_advance builds it anew (`referralctl reindex`). */
int search_rebuild(struct store *store, struct arena *arena);
/* Referrals of `kind` below `institution` (hash NULL where the kind has none), strictly after `after` (unset: from the
 * start), the tail included, but for what is damaged; false: no more. Of the tail at most `*left` records are looked
 * at, which it counts down; where they run out it is false too, with `*left` 0 and ret_id the last one looked at: to go
 * on from there. */
bool search_next(struct store_txn *txn, enum search_kind kind, uint32_t institution, const uint8_t *hash,
                 struct id after, uint32_t *left, struct id *ret_id);

/* The sheet of this referral names its patient anew: indexed at once, whatever the watermark. */
void search_patient_amended(struct store_txn *txn, struct id referral, const uint8_t patient[16]);
/* As search_next, of referrals that name or once named this patient: the caller looks whether it is so still. */
bool search_patient_next(struct store_txn *txn, const uint8_t patient[16], struct id after, uint32_t *left,
                         struct id *ret_id);
