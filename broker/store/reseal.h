/* reseal.h - after a data key was added: rows of sealed tables move under it, a few at a time, between turns.
 *
 * What is written is of the newest key from the moment on that it was taken (store_keys_take), so that once through all
 * rows is enough. Each step is a transaction of its own that is no turn, with its place in it: who is killed goes on
 * where he was. A row changes nothing but its seal: its tag and its plaintext stay, and with them table sums, the audit
 * chain and every digest. */
#pragma once
#include "store/keys.h"
#include "store/store.h"

struct reseal_state {
    uint32_t key;    /* the newest */
    uint64_t passed; /* rows looked at, of this key's walk; those it wrote itself are among them, or not */
    uint64_t total;  /* rows of sealed tables now */
    bool is_done;
};

/* How far it is; resets `arena`. 0, or a failure. */
int reseal_look(struct store *store, struct arena *arena, struct reseal_state *ret_state);
/* A step; resets `arena`. 1: there is more to do; 0: no row is left under an older key; or a failure, and the rows are
 * as they were. */
int reseal_advance(struct store *store, struct arena *arena, struct reseal_state *ret_state);

/* How many rows each data key seals, by its number; 0: those too short to say. Reads every row; beside a daemon, whose
 * store grows meanwhile. */
int reseal_count(struct store *store, struct arena *arena, uint64_t ret_rows[KEYS_DATA_MAX + 1]);
