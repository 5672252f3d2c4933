/* ledgers.h - hospitals' ledgers (Q13): asked of the broker, or read from a store on this machine. */
#pragma once
#include <jansson.h>
#include <referral/client.h>

#include "ctl.h"
#include "store/rows_place.h"

struct ledgers {
    const struct ctl *ctl;
    bool test_time;                 /* C4: of the store they are in */
    struct referral_client *client; /* or ... */
    struct store *store;            /* ... of this machine: one view of it as long as this is open */
    struct arena arena;
    struct store_txn *txn;
};

/* --store or --broker-config was given. Such a run belongs in offline_run. */
bool ledgers_are_offline(const struct ctl *ctl);
/* EXIT_OK, else complained; closed in any case. */
int ledgers_open(const struct ctl *ctl, struct ledgers *ledgers);
void ledgers_close(struct ledgers *ledgers);
/* Ids of the hospitals that have one; of one hospital, if `hospital` is not NULL. EXIT_OK, else complained. */
int ledgers_list(struct ledgers *ledgers, const char *hospital, json_t **ret_ids);
/* Calls `each` for every page from the first on, as stored. It returns the number of the row that follows the page's
 * last, or 0: enough. EXIT_OK with the mark of the whole ledger, else complained. */
int ledgers_read(struct ledgers *ledgers, const char *hospital, uint64_t (*each)(void *user, struct bytes page),
                 void *user, struct ledger_mark *ret_mark);
/* Offline: its number in the store. EXIT_OK, else complained: there is no such institution. */
int ledgers_number(struct ledgers *ledgers, const char *hospital, uint32_t *ret_number);
