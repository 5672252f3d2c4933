/* archive_record.c - a referral and what hangs on it as one record. */
#include <errno.h>

#include "store/archive.h"
#include "store/internal.h"
#include "store/record.h"

#define BOOKINGS_MAX ((size_t)64)

static ProtobufCBinaryData data_of(struct store_txn *txn, struct bytes bytes)
{
    struct bytes copy = arena_copy(txn->arena, bytes);
    ProtobufCBinaryData data = {.len = copy.size};

    memcpy(&data.data, &copy.data, sizeof(copy.data)); /* protobuf-c wants it writable, and leaves it alone */
    return data;
}

/* A redirected child reads the sheets of those before: its record stands alone. */
static int add_sheets(struct store_txn *txn, struct id id, const Record__Referral *row, Record__ArchiveRecord *record)
{
    size_t size = 0;

    record->sheets = arena_alloc(txn->arena, (row->sheet_version + 1) * sizeof(*record->sheets));
    for (uint32_t version = 1; version <= row->sheet_version && size <= ARCHIVE_RECORD_MAX; version++) {
        struct bytes sheet;

        if (!referral_sheet(txn, id, row, version, &sheet))
            return -ENODATA;
        record->sheets[record->n_sheets++] = data_of(txn, sheet);
        size += sheet.size;
    }
    return size <= ARCHIVE_RECORD_MAX ? 0 : -EMSGSIZE;
}

static int add_timeline(struct store_txn *txn, struct bytes prefix, uint32_t count, Record__ArchiveRecord *record)
{
    struct store_cursor *cursor = store_scan(txn, TABLE_TIMELINE, prefix, prefix);
    struct bytes key, value;
    size_t size = 0;

    record->timeline = arena_alloc(txn->arena, (count + 1) * sizeof(*record->timeline));
    for (; record->n_timeline < count && size <= ARCHIVE_RECORD_MAX && store_next(cursor, &key, &value);
         size += value.size)
        record->timeline[record->n_timeline++] = data_of(txn, value);
    store_scan_end(cursor);
    return size <= ARCHIVE_RECORD_MAX ? 0 : -EMSGSIZE;
}

static void add_bookings(struct store_txn *txn, struct bytes prefix, Record__ArchiveRecord *record)
{
    struct store_cursor *cursor = store_scan(txn, TABLE_REFERRAL_BOOKING, prefix, prefix);
    struct bytes key, value;

    record->bookings = arena_alloc(txn->arena, BOOKINGS_MAX * sizeof(Record__ArchiveBooking *));
    while (record->n_bookings < BOOKINGS_MAX && store_next_key(cursor, &key)) {
        struct bytes id = bytes_of(key.data + ID_KEY_SIZE, ID_KEY_SIZE);
        Record__ArchiveBooking *booking = arena_alloc(txn->arena, sizeof(*booking));

        if (key.size != (size_t)2 * ID_KEY_SIZE || !store_get(txn, TABLE_BOOKING, id, &value))
            continue;
        record__archive_booking__init(booking);
        booking->has_id = booking->has_booking = true;
        booking->id = data_of(txn, id);
        booking->booking = data_of(txn, value);
        record->bookings[record->n_bookings++] = booking;
    }
    store_scan_end(cursor);
}

/* All of it, or the first reason why not. */
static int fill_record(struct store_txn *txn, struct id id, const Record__Referral *row, Record__ArchiveRecord *record)
{
    uint8_t key[ID_KEY_SIZE];
    struct bytes prefix = bytes_of(key, sizeof(key)), value;
    int failure;

    id_to_key(key, id);
    if (!store_get(txn, TABLE_REFERRAL, prefix, &value))
        return -ENODATA;
    record->has_id = record->has_referral = true;
    record->id = data_of(txn, prefix);
    record->referral = data_of(txn, value);
    failure = add_sheets(txn, id, row, record);
    if (failure == 0)
        failure = add_timeline(txn, prefix, row->timeline_next, record);
    if (failure == 0)
        add_bookings(txn, prefix, record);
    return failure;
}

int archive_record(struct store_txn *txn, struct id id, const Record__Referral *row, struct bytes *ret_record)
{
    Record__ArchiveRecord record = RECORD__ARCHIVE_RECORD__INIT;
    int failure = fill_record(txn, id, row, &record);
    struct bytes packed;

    if (store_failure(txn) != 0)
        return store_failure(txn);
    if (failure != 0)
        return failure;
    packed = record_pack(txn->arena, &record.base);
    if (packed.size > ARCHIVE_RECORD_MAX)
        return -EMSGSIZE;
    *ret_record = packed;
    return 0;
}

void archive_delete_sheets(struct store_txn *txn, struct id id)
{
    uint8_t prefix_key[ID_KEY_SIZE];
    struct bytes prefix = bytes_of(prefix_key, sizeof(prefix_key));
    struct store_cursor *cursor;
    struct bytes key;

    id_to_key(prefix_key, id);
    cursor = store_scan(txn, TABLE_BODY, prefix, prefix);
    while (store_next_key(cursor, &key))
        store_delete(txn, TABLE_BODY, key);
    store_scan_end(cursor);
}

Record__ArchiveFile *archive_file_row(struct store_txn *txn, const char *name)
{
    return record_get(txn, TABLE_ARCHIVE, bytes_text(name), &record__archive_file__descriptor);
}

void archive_file_row_put(struct store_txn *txn, const char *name, const Record__ArchiveFile *row)
{
    record_put(txn, TABLE_ARCHIVE, bytes_text(name), &row->base);
}
