/* key_watch.h - which institutions will soon have no key left for something they may do now (T5).
 *
 * For each role of an institution the latest end of a key that bears it counts: a new key beside the old one is enough,
 * and one that was only made for looking on is not. Read in steps, because keys are kept in no order that helps. */
#pragma once
#include "base/hash.h"
#include "base/instant.h"
#include "store/store.h"

#define KEY_WATCH_ROLES 16 /* referral.Role */

struct key_holder {
    char institution[72];
    int64_t latest_ms[KEY_WATCH_ROLES]; /* INT64_MAX: no end; 0: no key bears the role, or a revoked one */
    UT_hash_handle hh;
};

struct key_watch {
    struct key_holder *holders;
    uint8_t from[33]; /* where the next step goes on: a public key, and a byte behind it */
    size_t from_size;
};

void key_watch_begin(struct key_watch *watch); /* forgets what was seen */
void key_watch_end(struct key_watch *watch);
/* Reads at most `keys` more. True: there are more. */
bool key_watch_step(struct key_watch *watch, struct store_txn *txn, size_t keys);
/* When the first role of it ends for which there is no longer key; unset: none does. */
struct instant key_watch_first_end(const struct key_holder *holder);
