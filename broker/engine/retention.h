/* retention.h - which referrals may leave the store for the archive (D8): never one that is not finished.
 *
 * What belongs together goes together: a referral is ripe when it and every other one of its journey have ended, each
 * at least the setting retention_finished_ms ago, none is under a legal hold, has a place or waits for one, and no
 * message about it waits in an inbox or is a dead letter. */
#pragma once
#include "engine/work.h"

#define RETENTION_JOURNEY_MAX ((size_t)256) /* a journey of more referrals stays in the store */

/* When a referral must have ended, at the latest, to leave at `now`; unset: none leaves. */
struct instant retention_limit(struct store_txn *txn, struct instant now);
/* Given the first referral of a journey: those of it that may leave now, the youngest first, so that none leaves before
 * those that read its sheet. 0: none, or it is not the first. More than RETENTION_JOURNEY_MAX: so many could, and stay,
 * as there is no room for them in `ret_ids`. */
size_t retention_choose(struct store_txn *txn, struct id first, struct instant limit,
                        struct id ret_ids[RETENTION_JOURNEY_MAX]);
/* May this one leave now? */
bool retention_allows(struct store_txn *txn, struct id id, const Record__Referral *row, struct instant limit);
