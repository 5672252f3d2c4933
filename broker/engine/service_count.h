/* service_count.h - a hospital's referrals counted for the monthly service report, a slice at a time, as they were at
 * the end of any turn: for the broker's answer to GET_SERVICE_FACTS, and for whoever checks a saved report against a
 * store. Nobody's data (P2). */
#pragma once
#include "base/id.h"
#include "place.pb-c.h"
#include "store/rows.h"

struct service_range {
    uint32_t hospital; /* number */
    struct instant from, to;
    uint64_t as_of_index;
    struct instant as_of; /* that turn's time */
};

/* Some referrals strictly after `*at` (unset: from the first), which moves on. True: there are more. `ret_facts` has
 * counts, rejections and persons; in the transaction's arena. */
bool service_count(struct store_txn *txn, const struct service_range *range, struct id *at,
                   Referral__ServiceFacts *ret_facts);
