/* verify.h - recounts a store from scratch: pages, seals, table sums, audit chain, ledgers, books (D7, P3, Q13). Reads
 * only; safe beside a daemon, whose store grows while a long walk holds its view: prefer a quiet hour or a copy.
 * Damaged LMDB pages can make LMDB itself crash: call it in a child process, and take the child's death for a fault. */
#pragma once
#include "store/store.h"
#include <stdio.h>

struct verify_result {
    uint64_t rows, turns, inboxes, referrals;
    uint64_t ledgers, ledger_rows; /* of hospitals (Q13) */
    uint64_t faults;               /* of any kind */
    char first_fault[256];         /* table and key in hex; no content */
};

typedef void (*verify_progress)(void *user, const char *what, uint64_t done, uint64_t total);

/* Looks whether each page of the file is one thing only (pages.h); walks every row (unseals, finds it by its key,
 * compares sums with the meta row), the audit chain from the first turn and each hospital's ledger from its first row,
 * recounts each inbox's books, and makes the search index anew beside the one that is there. 0: looked at it, and what
 * was found is there; a failure: for want of memory, or of a file, it was not looked at, or nothing was found in what
 * was. */
int store_verify(struct store *store, verify_progress progress, void *user, struct verify_result *ret_result);

/* For a start: does each table hold as many rows as the last turn counted, and do the records of the chain's last
 * `turns` turns (of more, where those left none) end in its head? Resets `arena`. -EBADMSG and a line in store_error
 * where not. */
int store_verify_end(struct store *store, struct arena *arena, uint64_t turns, uint64_t *ret_records);

struct recount { /* of one inbox */
    uint32_t institution;
    char id[72];
    uint64_t accepted, acknowledged, waiting, dead, dropped; /* as the books say */
    uint64_t counted_waiting, counted_dead;                  /* as the rows say */
    bool balances;
};
/* D7: calls `each` for every inbox in order of number. */
int store_recount(struct store *store, void (*each)(void *user, const struct recount *recount), void *user);
