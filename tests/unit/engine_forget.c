/* Keys of commands leave the store when they are old enough, those of what is unfinished never (D1, D8). */
#include "ask.h"
#include "pools.h"

#include "engine/forget.h"

#define KIND(name) REFERRAL__KIND__##name
#define ROUTINE    REFERRAL__PRIORITY__ROUTINE
#define KEPT_MS    (400 * DAY_MS)

static size_t keys_of(struct district *d, struct bytes keys[])
{
    struct store_txn *txn = district_read(d);
    struct store_cursor *cursor = store_scan(txn, TABLE_DEDUP, bytes_of(NULL, 0), bytes_of(NULL, 0));
    struct bytes key;
    size_t count = 0;

    while (store_next_key(cursor, &key))
        keys[count++] = arena_copy(&d->keep, key);
    store_scan_end(cursor);
    store_read_end(txn);
    return count;
}

static uint32_t reasons(struct district *d, uint64_t index)
{
    Referral__AuditQuery query = REFERRAL__AUDIT_QUERY__INIT;
    Referral__AuditList *list;
    uint32_t count = 0;

    FIELD_SET(&query, from_index, index);
    list = ask(d, "OPS", KIND(LIST_AUDIT), &query);
    for (size_t i = 0; i < list->n_rows; i++)
        if (list->rows[i]->reason != NULL && strcmp(list->rows[i]->reason, "keys-forgotten") == 0)
            count += list->rows[i]->count;
    return count;
}

/* The daemon tells of every key there is; how many went, of which the audit has the number. */
static size_t forget(struct district *d)
{
    struct bytes *keys = arena_alloc(&d->keep, 1000 * sizeof *keys);
    size_t before = keys_of(d, keys), went;
    Batch__Forget told = BATCH__FORGET__INIT;

    told.n_keys = before;
    told.keys = arena_alloc(&d->keep, before * sizeof *told.keys);
    for (size_t i = 0; i < before; i++)
        told.keys[i] = binary_copy(&d->keep, keys[i]);
    district_say(d, NULL, BATCH__INTERNAL__FORGET, &told);
    went = before - keys_of(d, keys);
    cr_assert_eq(d->puts != 0, went != 0);
    cr_assert_eq(reasons(d, store_mark(d->store).index), went);
    return went;
}

static void keep_keys_for(struct district *d, const char *ms, const char *said)
{
    Referral__Setting setting = REFERRAL__SETTING__INIT;

    setting.name = "retention_keys_ms";
    setting.value = arena_text(&d->keep, ms);
    district_assert_said(d, district_say(d, "OPS", KIND(PUT_SETTING), &setting), said);
}

/* What the registry was made with is as old as the test, and goes at once where it may. */
static Batch__Command *finished(struct district *d, const char *message_id)
{
    Batch__Command *submit =
        district_command(d, "T07", KIND(SUBMIT), message_id, district_sheet(d, "T07", "H1", false, ROUTINE));
    Referral__Reply *reply = district_send(d, submit);

    district_assert_said(d, reply, "");
    district_assert_said(d, district_happen(d, "H1", reply->referral_id, REJECT), "");
    return submit;
}

Test(forget, d1_a_key_is_forgotten_when_it_is_old_enough_and_not_a_moment_before)
{
    const char *const ids[] = {"01ARZ3NDEKTSV4RRFFQ69G5FAV", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "their own number 7"};
    struct district d;

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        Batch__Command *submit;
        char *first;

        district_open(&d);
        submit = finished(&d, ids[i]);
        first = district_send(&d, submit)->referral_id;
        d.now.ms = DISTRICT_NOW + KEPT_MS - 1;
        cr_assert_eq(forget(&d), 0, "whenever its sender says it was");
        cr_assert_str_eq(district_send(&d, submit)->referral_id, first);
        d.now.ms++;
        cr_assert_gt(forget(&d), 0);
        cr_assert_str_neq(district_send(&d, submit)->referral_id, first, "it is a new command");
        district_close(&d);
    }
}

Test(forget, d8_of_what_is_unfinished_every_key_stays)
{
    Batch__Command *submit, *arrive;
    Referral__Event *event;
    Referral__Reply *reply;
    struct district d;
    char *id;

    district_open(&d);
    submit = district_command(&d, "T07", KIND(SUBMIT), "m-open", district_sheet(&d, "T07", "H1", false, ROUTINE));
    id = district_send(&d, submit)->referral_id;
    arrive = district_command(&d, "H1", KIND(EVENT), "m-arrive", district_event(&d, id, ARRIVE));
    district_assert_said(&d, district_send(&d, arrive), "");
    d.now.ms += 3 * KEPT_MS;
    cr_assert_gt(forget(&d), 0);
    cr_assert_str_eq(district_send(&d, submit)->referral_id, id);
    cr_assert_str_eq(district_send(&d, arrive)->referral_id, id);
    cr_assert_eq(forget(&d), 0);

    event = district_event(&d, id, CLOSE);
    reply = district_say(&d, "H1", KIND(EVENT), district_event(&d, id, REPORT));
    district_assert_said(&d, reply, "");
    district_assert_said(&d, district_say(&d, "H1", KIND(EVENT), event), "");
    cr_assert_eq(forget(&d), 2, "both; what ended it is young");
    district_close(&d);
}

Test(forget, d8_while_the_new_receiver_is_at_it_the_keys_of_what_was_redirected_stay)
{
    Batch__Command *submit, *redirect;
    Referral__Event *event;
    struct district d;
    char *first, *second;

    district_open(&d);
    submit = district_command(&d, "T07", KIND(SUBMIT), "m-submit", district_sheet(&d, "T07", "H1", false, ROUTINE));
    first = district_send(&d, submit)->referral_id;
    event = district_event(&d, first, REDIRECT);
    event->receiver = "H2";
    event->department = "CARD";
    redirect = district_command(&d, "H1", KIND(EVENT), "m-redirect", event);
    second = district_send(&d, redirect)->child_referral_id;
    district_assert_said(&d, district_happen(&d, "H2", second, ARRIVE), "");
    d.now.ms += 2 * KEPT_MS;
    cr_assert_gt(forget(&d), 0);
    cr_assert_str_eq(district_send(&d, redirect)->child_referral_id, second);
    cr_assert_str_eq(district_send(&d, submit)->referral_id, first, "the patient has no second one");

    district_assert_said(&d, district_happen(&d, "H2", second, REPORT), "");
    district_assert_said(&d, district_happen(&d, "T07", second, CONFIRM_RECEIPT), "");
    cr_assert_eq(forget(&d), 3, "with the arrival");
    district_close(&d);
}

Test(forget, d8_a_return_that_failed_is_remembered_while_the_patient_is_in_care)
{
    Referral__Sheet *sheet;
    Referral__Reply *reply;
    Batch__Command *back;
    struct district d;
    char *first;

    district_open(&d);
    first = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "H1", first, ARRIVE), "");
    sheet = district_sheet(&d, "H1", "T07", true, ROUTINE);
    sheet->parent_referral_id = first;
    back = district_command(&d, "H1", KIND(SUBMIT), "m-back", sheet);
    reply = district_send(&d, back);
    district_assert_said(&d, reply, "");
    district_assert_said(&d, district_happen(&d, "T07", reply->referral_id, REJECT), "");
    cr_assert_str_eq(district_state(&d, first), "REPORTED");
    d.now.ms += 2 * KEPT_MS;
    cr_assert_gt(forget(&d), 0);
    cr_assert_str_eq(district_send(&d, back)->referral_id, reply->referral_id);
    cr_assert_str_eq(district_state(&d, first), "REPORTED", "and is not returned once more");
    district_close(&d);
}

Test(forget, q7_the_key_of_a_place_stays_until_its_day_is_over_for_as_long)
{
    Referral__PoolRef *ref;
    Referral__TakePlace *take;
    Batch__Command *book;
    struct district d;
    char *first;

    pools_open(&d);
    keep_keys_for(&d, "2592000000", "");
    ref = pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "WANG-AM", "2027-11-01");
    pools_publish(&d, ref, 10);
    take = pools_take(&d, ref, REFERRAL__CHANNEL__GENERAL, 1, 0);
    take->reference = "G-1";
    book = district_command(&d, "H1", KIND(BOOK_PLACE), "m-book", take);
    first = district_send(&d, book)->booking->booking_id;
    d.now.ms += 300 * DAY_MS;
    cr_assert_gt(forget(&d), 0);
    cr_assert_str_eq(district_send(&d, book)->booking->booking_id, first, "and no second place");
    d.now = pools_at("2027-11-30", 0);
    cr_assert_eq(forget(&d), 0);
    d.now = pools_at("2027-12-02", 0);
    cr_assert_eq(forget(&d), 1);
    district_assert_said(&d, district_send(&d, book), "STARTED");
    district_close(&d);
}

Test(forget, q7_the_key_of_a_place_that_was_given_back_goes)
{
    Referral__PlaceChange cancel = REFERRAL__PLACE_CHANGE__INIT;
    Referral__PoolRef *ref;
    struct district d;

    pools_open(&d);
    keep_keys_for(&d, "2592000000", "");
    ref = pools_ref(&d, REFERRAL__PLACE_CLASS__EXPERT, "WANG-AM", "2027-11-01");
    pools_publish(&d, ref, 10);
    cancel.booking_id = pools_sell(&d, ref, 1, 0)->booking->booking_id;
    FIELD_SET(&cancel, reason, REFERRAL__REASON__PATIENT_DECLINED);
    d.now.ms += 30 * DAY_MS;
    cr_assert_gt(forget(&d), 0);
    cr_assert_eq(forget(&d), 0);
    district_assert_said(&d, district_say(&d, "H1", KIND(CANCEL_PLACE), &cancel), "");
    cr_assert_eq(forget(&d), 1);
    district_close(&d);
}

Test(forget, q8_the_key_of_who_waits_stays)
{
    Referral__JoinList list = REFERRAL__JOIN_LIST__INIT;
    Batch__Command *join;
    struct district d;
    char *first;

    pools_open(&d);
    keep_keys_for(&d, "2592000000", "");
    list.hospital = "H1";
    FIELD_SET(&list, class_, REFERRAL__PLACE_CLASS__EXPERT);
    list.department = "CARD";
    FIELD_SET(&list, channel, REFERRAL__CHANNEL__GENERAL);
    list.first_date = "2026-11-24";
    list.last_date = "2027-02-20";
    list.reference = "G-1";
    join = district_command(&d, "H1", KIND(JOIN_LIST), "m-join", &list);
    first = district_send(&d, join)->entry->entry_id;
    d.now.ms += 60 * DAY_MS;
    cr_assert_gt(forget(&d), 0);
    cr_assert_str_eq(district_send(&d, join)->entry->entry_id, first);

    Referral__LeaveList leave = REFERRAL__LEAVE_LIST__INIT;

    leave.entry_id = first;
    district_assert_said(&d, district_say(&d, "H1", KIND(LEAVE_LIST), &leave), "");
    cr_assert_eq(forget(&d), 1);
    district_close(&d);
}

Test(forget, d1_the_setting_is_thirty_days_at_least_or_for_ever)
{
    struct district d;

    district_open(&d);
    keep_keys_for(&d, "2591999999", "OUT_OF_RANGE value");
    keep_keys_for(&d, "0", "");
    finished(&d, "m-1");
    d.now.ms += 10 * KEPT_MS;
    cr_assert_eq(forget(&d), 0);
    keep_keys_for(&d, "3153600000000", "");
    cr_assert_eq(forget(&d), 0, "longer than there was a clock");
    keep_keys_for(&d, "2592000000", "");
    cr_assert_gt(forget(&d), 0);
    district_close(&d);
}

Test(forget, c4_while_the_time_is_in_doubt_nothing_goes)
{
    struct district d;

    district_open(&d);
    d.now.ms += 2 * KEPT_MS;
    d.hold = true;
    cr_assert_eq(forget(&d), 0);
    d.hold = false;
    cr_assert_gt(forget(&d), 0);
    district_close(&d);
}

/* A list of before a crash, or another store's. */
Test(forget, d1_keys_that_are_not_there_are_nothing)
{
    ProtobufCBinaryData keys[] = {{DEDUP_KEY_SIZE, (uint8_t *)"Uabcdefghijklmnop\0\0\0\1"}, {1, (uint8_t *)"U"}};
    Batch__Forget told = BATCH__FORGET__INIT;
    struct district d;

    district_open(&d);
    told.keys = keys;
    told.n_keys = 2;
    district_say(&d, NULL, BATCH__INTERNAL__FORGET, &told);
    cr_assert_eq(d.puts, 0);
    district_close(&d);
}
