/* planted.c - faults that the harnesses must find in the inputs that are kept, or they prove nothing: linked in the
 * place of what they spoil, one for each fuzz_NAME_planted. */
#include "place.pb-c.h"
#include "store/internal.h"
#include "store/pages.h"
#include "store/record.h"
#include "store/rows.h"
#include "store/rows_place.h"
#include "store/seal.h"

int __real_seal_read(const struct keys *keys, enum table table, struct bytes key, struct bytes stored, uint8_t *out)
    __attribute__((weak)); /* there only where it is planted */
int __wrap_seal_read(const struct keys *keys, enum table table, struct bytes key, struct bytes stored, uint8_t *out);
bool __real_table_is_derived(enum table table) __attribute__((weak));
bool __wrap_table_is_derived(enum table table);
int __wrap_pages_count(struct store *store, struct pages_count *ret_count);
void __wrap_dedup_row_add(struct store_txn *txn, uint32_t sender, const char *message_id, const Record__Dedup *row);
void __wrap_dead_row_put(struct store_txn *txn, struct inbox_ref ref, const Record__Dead *row);
void __real_wait_row_put(struct store_txn *txn, const struct wait_key *key, const Record__WaitEntry *row, bool fresh)
    __attribute__((weak));
void __wrap_wait_row_put(struct store_txn *txn, const struct wait_key *key, const Record__WaitEntry *row, bool fresh);
void __real_ledger_add(struct store_txn *txn, uint32_t hospital, const char *hospital_id, struct bytes row)
    __attribute__((weak));
void __wrap_ledger_add(struct store_txn *txn, uint32_t hospital, const char *hospital_id, struct bytes row);

/* Rows are not compared with their tags. */
int __wrap_seal_read(const struct keys *keys, enum table table, struct bytes key, struct bytes stored, uint8_t *out)
{
    __real_seal_read(keys, table, key, stored, out);
    return 0;
}

/* Tables have no sums, but for the two that the books are recounted with. */
bool __wrap_table_is_derived(enum table table)
{
    return __real_table_is_derived(table) || (table != TABLE_INBOX && table != TABLE_DEAD);
}

/* Nor does anybody look where the pages of the file are. */
int __wrap_pages_count(struct store *store, struct pages_count *ret_count)
{
    (void)store, (void)ret_count;
    return 0;
}

/* Nobody remembers what was done. */
void __wrap_dedup_row_add(struct store_txn *txn, uint32_t sender, const char *message_id, const Record__Dedup *row)
{
    (void)txn, (void)sender, (void)message_id, (void)row;
}

/* The three that no assertion of the broker sees, and only who looks at the whole store in the end. D7: what the books
 * call dead is nowhere. */
void __wrap_dead_row_put(struct store_txn *txn, struct inbox_ref ref, const Record__Dead *row)
{
    (void)ref, (void)row;
    txn->put_count++;
}

/* P3: an entry of a wait-list lies beside the sum of its table. */
void __wrap_wait_row_put(struct store_txn *txn, const struct wait_key *key, const Record__WaitEntry *row, bool fresh)
{
    __real_wait_row_put(txn, key, row, fresh);
    txn->sums[TABLE_WAITING].sum++;
}

/* Q13: of a hold that lapses the ledger hears nothing. */
void __wrap_ledger_add(struct store_txn *txn, uint32_t hospital, const char *hospital_id, struct bytes row)
{
    const Referral__LedgerRow *told = record_unpack_bare(txn->arena, row, &referral__ledger_row__descriptor);

    if (told->event != REFERRAL__LEDGER_EVENT__LEDGER_LAPSED)
        __real_ledger_add(txn, hospital, hospital_id, row);
}
