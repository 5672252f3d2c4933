/* pages.h - is each page of the store's file one thing only? A tree holds it, or a long value runs over it, or it is in
 * the list of free pages.
 *
 * LMDB believes what its pages say. Rows, sums and chains are all sound where the list of free pages names one that a
 * tree holds: until a later turn writes over it. So the file is read beside LMDB, as the last turn left it, and nothing
 * in it is believed: no damaged page makes this crash. */
#pragma once
#include "store/store.h"

struct pages_count {
    uint64_t pages;  /* of the file, LMDB's first two left out */
    uint64_t held;   /* by trees and long values */
    uint64_t free;   /* by the list */
    uint64_t faults; /* pages that are two things, none, or another than they should be; records out of order */
    char first_fault[96];
};

/* Of the last turn that was there when it was called: safe beside a daemon. A negative errno where the file cannot be
 * read. */
int pages_count(struct store *store, struct pages_count *ret_count);
