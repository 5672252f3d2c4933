/* ledger.h - the rows of a hospital's ledger (Q13): every grant, refusal, release, block and change of capacity, with
 * C, R, B, G, F after it.
 *
 * No patient and no referral is named in it: health commissions read it. */
#pragma once
#include "engine/pool.h"

/* Is what this command does the hospital's own doing, by its key or through one that acts for it (T5)? Not what the
 * clock does meanwhile, nor what the patient's side gives back. */
bool ledger_is_hospitals(const struct work *work, uint32_t hospital);
/* `row` bears event and what is particular to it; the pool's name, the numbers after (of pool and group), deficit and
 * who did it are filled in here. Called after the change, before or after pool_save. */
void ledger_write(struct work *work, const struct pool_of *pool, Referral__LedgerRow *row);
/* PUBLISHED, CHANGED, GROUPED rows also say what holds from now on. */
void ledger_write_terms(struct work *work, const struct pool_of *pool, Referral__LedgerRow *row);
/* Remembers that this command asked for `count` places of the pool through `channel`; should it be refused,
 * ledger_write_refused, called by engine.c after the refusal, writes the REFUSED row with the first finding's code.
 * HOLD, BOOK, CONFIRM, MOVE and BLOCK ask, once it is known that they may: the hospital itself, and the parties of a
 * referral to it. All that these are refused then is a row (Q13). A command that is wrong in its form, and whoever has
 * no referral to this hospital (NOT_FOUND, NOT_ALLOWED, OTHER_HOSPITAL, or a move to it from elsewhere), leaves none:
 * strangers write nothing into a hospital's ledger. The audit has them all (P3). */
void ledger_asked(struct work *work, struct pool_of *pool, Referral__Channel channel, uint32_t count);
void ledger_write_refused(struct work *work);
/* Q15: a booking without a unit; class, department and date only. */
void ledger_write_outside(struct work *work, const struct registry_institution *hospital, Referral__PlaceClass class,
                          const char *department, struct instant start);
