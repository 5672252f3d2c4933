/* planted.c - faults that the harnesses must find in the inputs that are kept, or they prove nothing: linked in the place of what they spoil, one for
 * each fuzz_NAME_planted. */
#include "store/pages.h"
#include "store/rows.h"
#include "store/seal.h"

int __real_seal_read(const struct keys *keys, enum table table, struct bytes key, struct bytes stored, uint8_t *out)
    __attribute__((weak)); /* there only where it is planted */
int __wrap_seal_read(const struct keys *keys, enum table table, struct bytes key, struct bytes stored, uint8_t *out);
bool __real_table_is_derived(enum table table) __attribute__((weak));
bool __wrap_table_is_derived(enum table table);
int __wrap_pages_count(struct store *store, struct pages_count *ret_count);
void __wrap_dedup_row_add(struct store_txn *txn, uint32_t sender, const char *message_id, const Record__Dedup *row);
void __wrap_books_touch(struct store_txn *txn, uint32_t institution);

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

/* Books change in memory only. */
void __wrap_books_touch(struct store_txn *txn, uint32_t institution)
{
    (void)txn, (void)institution;
}
