/* fuzz_record.c - any bytes where a row of the store lies.
 *
 *   table, which of its rows (2 bytes), how; then the bytes
 *
 * How even: they lie on the disk in the row's place. What is not as it was written is found wherever it is read: nobody
 * is served another value, and nothing but an error comes of it.
 *
 * How 1, 5, 9...: they are a record of some kind behind a good seal, as a later version's might be: it is read or fails
 * the transaction.
 *
 * How 3, 11, 19...: they are the row, behind a good seal, as only who holds the keys could write it, or a broker with a
 * fault; 7, 15, 23...: they are what the row says otherwise than it did (record_edit.h). Everything is asked, the clock
 * goes on by two days, and something is done to each referral (how / 8 says what, and by whom). Whatever a row says is
 * a value like others: an answer or a refusal comes of it, or the transaction fails with -EBADMSG or -EPROTO, and
 * nothing is kept. An assertion is none of these: those of the broker are of what its own code has done, never of what
 * a row says. */
#include <errno.h>

#include "fuzz/engine_box.h"
#include "fuzz/fuzz.h"
#include "fuzz/record_edit.h"
#include "query.pb-c.h"
#include "store/internal.h"

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

/* ---- The row itself, behind a good seal ---- */

static void act(struct box *box, uint8_t choice)
{
    static const struct {
        const char *speaker;
        Referral__EventType type;
    } deeds[] = {
        {"H1", REFERRAL__EVENT_TYPE__EVENT_ACCEPT},      {"T07", REFERRAL__EVENT_TYPE__EVENT_CANCEL},
        {"H1", REFERRAL__EVENT_TYPE__EVENT_ARRIVE},      {"H1", REFERRAL__EVENT_TYPE__EVENT_NO_SHOW},
        {"H1", REFERRAL__EVENT_TYPE__EVENT_REJECT},      {"T07", REFERRAL__EVENT_TYPE__EVENT_CANCEL_BOOKING},
        {"T07", REFERRAL__EVENT_TYPE__EVENT_LEAVE_LIST}, {"OP", REFERRAL__EVENT_TYPE__EVENT_VOID},
    };
    Referral__Event event = REFERRAL__EVENT__INIT;
    Referral__Person person = REFERRAL__PERSON__INIT;
    size_t deed = choice % (sizeof deeds / sizeof *deeds);

    person.name = person.phone = "13800000001";
    event.has_type = event.has_reason = event.has_occurred_at_ms = true;
    event.type = deeds[deed].type;
    event.person = &person;
    event.reason = REFERRAL__REASON__OTHER_REASON;
    event.text = "fuzz";
    event.occurred_at_ms = box->now.ms;
    for (size_t i = 0; i < box->w->name_count; i++) {
        event.referral_id = box->w->names[i].id;
        if (box_command(box, deeds[deed].speaker, REFERRAL__KIND__EVENT, arena_format(&box->arena, "fuzz-%zu", i),
                        wire_pack(&event.base, &box->arena)) != 0)
            return;
    }
}

struct probing {
    struct box *box;
    uint8_t choice;
};

static void probe(void *user, struct store_txn *txn)
{
    struct probing *probing = user;

    (void)txn;
    ask_everything(probing->box);
    ask_of_referrals(probing->box);
    act(probing->box, probing->choice);
    probing->box->now = instant_after(probing->box->now, 2 * DAY_MS);
    box_clock(probing->box);
    ask_of_referrals(probing->box);
}

static void as_the_row(struct box *box, enum table table, struct bytes key, struct bytes value, uint8_t how)
{
    struct probing probing = {.box = box, .choice = how / 8};
    struct bytes present = bytes_of(NULL, 0);
    int failure;

    if (how % 8 == 7) {
        fuzz_expect(store_get(box->txn, table, key, &present), "there is such a row");
        value = row_edited(box->txn, table, present, value);
    }
    store_put(box->txn, table, key, value);
    failure = store_within(box->txn, probe, &probing);
    fuzz_expect(failure == 0 || failure == -EBADMSG || failure == -EPROTO,
                "an answer, or a row that is said to be bad");
}

static void play(struct box *box, struct bytes rest)
{
    enum table table = fuzz_byte(&rest) % TABLE_COUNT;
    uint8_t high = fuzz_byte(&rest), low = fuzz_byte(&rest), how = fuzz_byte(&rest), key_room[ROW_KEY_ROOM];
    struct bytes key = bytes_of(NULL, 0);

    if (!row_key(box->txn, table, (uint16_t)(high << 8 | low), key_room, &key))
        return;
    if (how % 2 == 0)
        on_disk(box, table, key, rest, how);
    else if (how % 4 == 3)
        as_the_row(box, table, key, rest, how);
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
