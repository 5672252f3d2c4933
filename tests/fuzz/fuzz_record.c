/* fuzz_record.c - any bytes where a row of the store lies.
 *
 *   table, which of its rows (2 bytes), how; then the bytes
 *
 * How even: they lie on the disk in the row's place. What is not as it was written is found wherever it is read: nobody is served another value, and
 * nothing but an error comes of it. How odd: they are a record of that kind behind a good seal, as a later version's or a faulty one's might be: it is read
 * or fails the transaction. (That what a record says makes sense is not asked here: seals let nothing in that was not written by the engine.) */
#include <errno.h>

#include "fuzz/engine_box.h"
#include "fuzz/fuzz.h"
#include "query.pb-c.h"
#include "store/internal.h"
#include "store/record.h"

#define KEY_ROOM 512

/* The key of the so manieth row, beginning anew behind the last; false: there is none. */
static bool key_of(struct box *box, enum table table, uint16_t which, uint8_t key[KEY_ROOM], struct bytes *ret_key)
{
    struct bytes none = bytes_of(NULL, 0), found = none;
    size_t count = 0, wanted;
    struct store_cursor *cursor;

    for (cursor = store_scan(box->txn, table, none, none); store_next_key(cursor, &found);)
        count++;
    store_scan_end(cursor);
    if (count == 0)
        return false;
    wanted = which % count;
    cursor = store_scan(box->txn, table, none, none);
    for (size_t i = 0; i <= wanted && store_next_key(cursor, &found); i++)
        *ret_key = bytes_of(key, found.size);
    memcpy(key, found.data, found.size);
    store_scan_end(cursor);
    return true;
}

/* All that is asked of a store without naming a thing: lists, pools, status. */
static void ask_everything(struct box *box)
{
    size_t count;
    const struct kind_info *kinds = kind_infos(&count);

    for (size_t i = 0; i < count && store_failure(box->txn) == 0; i++)
        if (kinds[i].class == KIND_QUERY)
            for (uint8_t speaker = 0; speaker < STAGE_SPEAKERS; speaker += 2)
                box_ask(box, stage_speaker(speaker), (uint32_t)kinds[i].kind, bytes_of(NULL, 0));
}

/* The referrals of the stage, one after another, by the question that looks at most of them. */
static void ask_of_referrals(struct box *box)
{
    for (size_t i = 0; i < box->w->name_count && store_failure(box->txn) == 0; i++) {
        Referral__ReferralQuery query = REFERRAL__REFERRAL_QUERY__INIT;
        struct bytes body;

        query.referral_id = box->w->names[i].id;
        body = wire_pack(&query.base, &box->arena);
        box_ask(box, "H1", REFERRAL__KIND__GET_REFERRAL, body);
        box_ask(box, "T07", REFERRAL__KIND__WHY, body);
    }
}

/* ---- On the disk ---- */

static void lie_there(struct box *box, enum table table, struct bytes key, struct bytes stored)
{
    MDB_val name = {.mv_size = key.size, .mv_data = (void *)(uintptr_t)key.data};
    MDB_val value = {.mv_size = stored.size, .mv_data = (void *)(uintptr_t)stored.data};
    int failure = mdb_put(box->txn->mdb, box->w->store->tables[table], &name, &value, 0);

    box->txn->changes++; /* cursors find their place anew */
    fuzz_expect(failure == 0, "the row is put");
}

static void on_disk(struct box *box, enum table table, struct bytes key, struct bytes stored, uint8_t how)
{
    struct bytes before = bytes_of(NULL, 0), after = bytes_of(NULL, 0);
    bool is_read;

    fuzz_expect(store_get(box->txn, table, key, &before), "there is such a row");
    lie_there(box, table, key, stored);
    if (how % 4 == 0)
        ask_everything(box);
    else
        ask_of_referrals(box);
    is_read = store_get(box->txn, table, key, &after);
    fuzz_expect(is_read != (store_failure(box->txn) != 0), "a row is read or fails the transaction");
    fuzz_expect(!is_read || bytes_equal(before, after), "P3: nobody is served an altered value");
    fuzz_expect(is_read || store_failure(box->txn) == -EBADMSG || store_failure(box->txn) == -EPROTO,
                "it is found out");
}

/* ---- Behind a good seal ---- */

static const ProtobufCMessageDescriptor *const records[] = {
    &record__institution__descriptor,    &record__relation__descriptor,
    &record__team__descriptor,           &record__access_key__descriptor,
    &record__setting__descriptor,        &record__calendar_day__descriptor,
    &record__dedup__descriptor,          &record__referral__descriptor,
    &record__inbox__descriptor,          &record__dead__descriptor,
    &record__books__descriptor,          &record__timeline__descriptor,
    &record__alarm__descriptor,          &record__audit__descriptor,
    &record__refusal_count__descriptor,  &record__quarantine__descriptor,
    &record__meta__descriptor,           &record__pool__descriptor,
    &record__pool_group__descriptor,     &record__booking__descriptor,
    &record__wait_entry__descriptor,     &record__patient_claim__descriptor,
    &record__team_holds__descriptor,     &record__timetable__descriptor,
    &record__ledger_head__descriptor,    &record__archive_file__descriptor,
    &record__archive_record__descriptor, &record__archive_manifest__descriptor,
    &record__archive_look__descriptor,   &record__wrapped_keys__descriptor,
    &record__backup__descriptor,
};

static void behind_seal(struct box *box, enum table table, struct bytes key, struct bytes value)
{
    const ProtobufCMessageDescriptor *type = records[table % (sizeof records / sizeof *records)];
    const ProtobufCMessage *row;
    struct bytes packed, again;

    store_put(box->txn, table, key, value);
    row = record_get(box->txn, table, key, type);
    fuzz_expect((row == NULL) == (store_failure(box->txn) != 0), "a record is read or fails the transaction");
    if (row == NULL)
        return;
    packed = record_pack(&box->arena, row);
    row = record_unpack(box->txn, table, key, packed, type);
    fuzz_expect(row != NULL, "what was packed is read");
    again = record_pack(&box->arena, row);
    fuzz_expect(bytes_equal(packed, again), "what was packed is the same");
}

static void play(struct box *box, struct bytes rest)
{
    enum table table = fuzz_byte(&rest) % TABLE_COUNT;
    uint8_t high = fuzz_byte(&rest), low = fuzz_byte(&rest), how = fuzz_byte(&rest), key_room[KEY_ROOM];
    struct bytes key = bytes_of(NULL, 0);

    if (!key_of(box, table, (uint16_t)(high << 8 | low), key_room, &key))
        return;
    if (how % 2 == 0)
        on_disk(box, table, key, rest, how);
    else
        behind_seal(box, table, key, rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct box *box = box_begin();

    play(box, bytes_of(data, size));
    box_end(box);
    return 0;
}
