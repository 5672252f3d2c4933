/* nonsense.h - rows that are sealed as ours are, and that no version writes. */
#pragma once
#include <errno.h>

#include "store/internal.h"
#include "store_fixture.h"

#define H1 1

/* A turn that leaves the row there, as it is; whoever reads afterwards is asked in a transaction of his own. */
static inline struct store_txn *with_row(struct fixture *f, enum table table, struct bytes key, struct bytes value)
{
    struct store_txn *txn = fixture_turn(f);

    store_put(txn, table, key, value);
    fixture_end(f, txn);
    return fixture_read(f);
}

static inline void assert_damaged(struct fixture *f, struct store_txn *txn)
{
    cr_assert_eq(store_failure(txn), -EBADMSG, "%d", store_failure(txn));
    cr_assert_not_null(strstr(store_error(f->store), "restore a backup"), "%s", store_error(f->store));
    store_read_end(txn);
}
