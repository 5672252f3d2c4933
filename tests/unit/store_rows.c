/* store_rows.c - typed rows: books, command keys, bodies, inboxes, due rows. */
#include "store_fixture.h"

Test(store_rows, t1_registry_rows_come_back_and_go)
{
    struct fixture f;
    Record__Institution institution = RECORD__INSTITUTION__INIT;
    Record__Relation relation = RECORD__RELATION__INIT;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    institution.has_number = true;
    institution.number = institution_number_new(txn);
    cr_assert_eq(institution.number, 1);
    cr_assert_eq(institution_number_new(txn), 2);
    institution_row_put(txn, "H1", &institution);
    relation_row_put(txn, "A", "BC", &relation);
    relation_row_put(txn, "AB", "C", &relation);
    delegation_put(txn, "T1", "V1");
    setting_row_put(txn, "validity", "", "14");
    setting_row_put(txn, "validity", "H1", "7");
    fixture_end(&f, txn);
    txn = fixture_turn(&f);
    cr_assert_eq(institution_number_new(txn), 3, "a number is never given twice");
    cr_assert_eq(institution_row(txn, "H1")->number, 1);
    cr_assert_eq(institution_row(txn, "H1")->schema, STORE_SCHEMA);
    cr_assert_str_eq(institution_id_of(txn, 1), "H1");
    cr_assert_null(institution_id_of(txn, 2));
    cr_assert_null(institution_row(txn, ""));
    cr_assert_null(institution_row(txn, "H"));
    cr_assert(relation_row_delete(txn, "A", "BC"));
    cr_assert_not_null(relation_row(txn, "AB", "C"), "the two texts of a key are kept apart");
    cr_assert_null(relation_row(txn, "A", "BC"));
    cr_assert(delegation_exists(txn, "T1", "V1"));
    cr_assert(delegation_delete(txn, "T1", "V1"));
    cr_assert_not(delegation_exists(txn, "T1", "V1"));
    cr_assert_str_eq(setting_row(txn, "validity", "H1"), "7");
    setting_row_put(txn, "validity", "H1", NULL);
    cr_assert_null(setting_row(txn, "validity", "H1"));
    cr_assert_str_eq(setting_row(txn, "validity", ""), "14");
    fixture_end(&f, txn);
    fixture_fini(&f);
}

/* Foreign text is asked for as it came: an id no key could hold finds nothing and breaks nothing. */
Test(store_rows, p2_an_overlong_id_is_nobody)
{
    struct fixture f;
    char id[400];

    fixture_init(&f);
    memset(id, 'x', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';

    struct store_txn *txn = fixture_read(&f);

    cr_assert_null(institution_row(txn, id));
    cr_assert_null(team_row(txn, id));
    cr_assert_null(relation_row(txn, id, "H1"));
    cr_assert_null(relation_row(txn, "H1", id));
    cr_assert_not(delegation_exists(txn, "H1", id));
    cr_assert_not(delegation_exists(txn, id, "H1"));
    cr_assert_null(setting_row(txn, id, ""));
    cr_assert_null(setting_row(txn, "validity", id));
    cr_assert_null(dedup_row(txn, 1, id));
    cr_assert_eq(store_failure(txn), 0);
    store_read_end(txn);
    fixture_fini(&f);
}

Test(store_rows, d1_a_command_key_is_one_senders_and_exact)
{
    struct fixture f;
    Record__Dedup row = RECORD__DEDUP__INIT;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    row.has_kind = true;
    row.kind = 20;
    dedup_row_add(txn, 1, "01ARZ3NDEKTSV4RRFFQ69G5FAV", &row);
    row.kind = 21;
    dedup_row_add(txn, 1, "their own number 7", &row);
    cr_assert_eq(dedup_row(txn, 1, "01ARZ3NDEKTSV4RRFFQ69G5FAV")->kind, 20);
    cr_assert_eq(dedup_row(txn, 1, "their own number 7")->kind, 21);
    cr_assert_null(dedup_row(txn, 2, "their own number 7"));
    cr_assert_null(dedup_row(txn, 1, "their own number 8"));
    cr_assert_null(dedup_row(txn, 1, ""));
    store_turn_abort(txn);
    fixture_fini(&f);
}

/* Hot keys grow in time order: later ULIDs lie behind earlier ones, whoever sent them and whatever was stored in
 * between. */
Test(store_rows, d1_command_keys_of_all_senders_lie_in_order_of_their_time)
{
    struct fixture f;
    Record__Dedup row = RECORD__DEDUP__INIT;
    static const char *const IDS[] = {"01BX5ZZKBKACTAV9WEVGEMMVRZ", "01ARZ3NDEKTSV4RRFFQ69G5FAV",
                                      "01CX5ZZKBKACTAV9WEVGEMMVS0", "01BX5ZZKBKACTAV9WEVGEMMVS0"};
    static const uint32_t ORDER[] = {1, 0, 3, 2};
    struct bytes key, value, form = bytes_text("U");

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    row.has_kind = true;
    for (uint32_t i = 0; i < 4; i++) {
        row.kind = i;
        dedup_row_add(txn, 9 - i, IDS[i], &row);
    }
    dedup_row_add(txn, 1, "their own number 7", &row);

    struct store_cursor *cursor = store_scan(txn, TABLE_DEDUP, form, form);

    for (size_t i = 0; i < 4; i++) {
        Record__Dedup *found;

        cr_assert(store_next(cursor, &key, &value));
        found = record__dedup__unpack(NULL, value.size, value.data);
        cr_assert_eq(found->kind, ORDER[i]);
        record__dedup__free_unpacked(found, NULL);
    }
    cr_assert_not(store_next(cursor, &key, &value));
    store_turn_abort(txn);
    fixture_fini(&f);
}

Test(store_rows, f3_a_body_of_any_size_comes_back_byte_for_byte)
{
    struct fixture f;
    static const size_t SIZES[] = {
        0, 1, BODY_CHUNK_BYTES - 1, BODY_CHUNK_BYTES, BODY_CHUNK_BYTES + 1, 2 * BODY_CHUNK_BYTES, 100000, 1024 * 1024};
    static uint8_t body[1024 * 1024];
    struct bytes found;

    fixture_init(&f);
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * 7 + i / 251);

    struct store_txn *txn = fixture_turn(&f);

    for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        body_add(txn, fixture_id(&f, i + 1, 0), 1, bytes_of(body, SIZES[i]));
        body_add(txn, fixture_id(&f, i + 1, 0), 2, bytes_of(body, 10));
    }
    fixture_end(&f, txn);
    txn = fixture_read(&f);
    for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        cr_assert(body_get(txn, fixture_id(&f, i + 1, 0), 1, &found), "size %zu", SIZES[i]);
        cr_assert(bytes_equal(found, bytes_of(body, SIZES[i])), "size %zu", SIZES[i]);
    }
    cr_assert_not(body_get(txn, fixture_id(&f, 1, 0), 3, &found));
    cr_assert_not(body_get(txn, fixture_id(&f, 99, 0), 1, &found));
    store_read_end(txn);
    fixture_fini(&f);
}

/* What is left of a body is not the body: the row that is gone may be its last, whatever the size. */
Test(store_rows, p3_a_body_that_lost_a_part_is_not_given)
{
    static const size_t SIZES[] = {BODY_CHUNK_BYTES, BODY_CHUNK_BYTES + 1, 2 * BODY_CHUNK_BYTES, 5000};
    static uint8_t body[5000];
    struct fixture f;
    struct bytes found;

    fixture_init(&f);
    for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        for (uint8_t gone = 1; gone <= SIZES[i] / BODY_CHUNK_BYTES; gone++) {
            struct store_txn *txn = fixture_turn(&f);
            struct id id = fixture_id(&f, 1, 0);
            uint8_t key[ID_KEY_SIZE + 4] = {0};

            id_to_key(key, id);
            key[ID_KEY_SIZE + 1] = 1; /* version */
            key[ID_KEY_SIZE + 3] = gone;
            body_add(txn, id, 1, bytes_of(body, SIZES[i]));
            cr_assert(body_get(txn, id, 1, &found), "size %zu", SIZES[i]);
            cr_assert(store_delete(txn, TABLE_BODY, bytes_of(key, sizeof(key))));
            cr_assert_not(body_get(txn, id, 1, &found), "size %zu without %u", SIZES[i], gone);
            store_turn_abort(txn);
        }
    }
    fixture_fini(&f);
}

/* A full chunk with its seal and key stays in a page: an overflow page for each would double the store. */
Test(store_rows, f3_a_full_chunk_needs_no_page_of_its_own)
{
    struct fixture f;
    static uint8_t body[200 * BODY_CHUNK_BYTES];
    struct store_room before, after;

    fixture_init(&f);
    cr_assert_eq(store_room(f.store, &before), 0);

    struct store_txn *txn = fixture_turn(&f);

    body_add(txn, fixture_id(&f, 1, 0), 1, bytes_of(body, sizeof(body)));
    fixture_end(&f, txn);
    cr_assert_eq(store_room(f.store, &after), 0);
    cr_assert(after.used_bytes - before.used_bytes < 130 * 4096, "%lu", after.used_bytes - before.used_bytes);
    fixture_fini(&f);
}

static struct inbox_ref ref_of(uint32_t institution, uint8_t lane, uint64_t index, uint16_t ordinal)
{
    return (struct inbox_ref){.institution = institution, .lane = lane, .index = index, .ordinal = ordinal};
}

Test(store_rows, d3_a_lane_is_walked_in_order_of_acceptance)
{
    struct fixture f;
    Record__Inbox row = RECORD__INBOX__INIT;
    struct inbox_ref at = ref_of(5, 2, 0, 0);
    static const struct {
        uint64_t index;
        uint16_t ordinal;
    } ORDER[] = {{7, 1}, {7, 2}, {300, 0}, {70000, 3}};

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    row.has_kind = true;
    for (uint32_t i = 4; i > 0; i--) {
        row.kind = i;
        inbox_row_add(txn, ref_of(5, 2, ORDER[i - 1].index, ORDER[i - 1].ordinal), &row);
    }
    inbox_row_add(txn, ref_of(5, 1, 8, 0), &row);
    inbox_row_add(txn, ref_of(5, 3, 8, 0), &row);
    inbox_row_add(txn, ref_of(6, 2, 8, 0), &row);
    for (uint32_t i = 0; i < 4; i++) {
        const Record__Inbox *found = inbox_row_next(txn, at, &at);

        cr_assert_not_null(found);
        cr_assert_eq(found->kind, i + 1);
        cr_assert_eq(at.index, ORDER[i].index);
        cr_assert_eq(at.ordinal, ORDER[i].ordinal);
    }
    cr_assert_null(inbox_row_next(txn, at, &at), "other lanes and inboxes are not its own");
    cr_assert(inbox_row_delete(txn, ref_of(5, 2, 7, 2)));
    cr_assert_null(inbox_row(txn, ref_of(5, 2, 7, 2)));
    cr_assert_not_null(inbox_row_next(txn, ref_of(5, 2, 7, 1), &at));
    cr_assert_eq(at.index, 300);
    store_turn_abort(txn);
    fixture_fini(&f);
}

Test(store_rows, d5_dead_letters_of_an_inbox_are_walked_over_its_lanes)
{
    struct fixture f;
    Record__Dead row = RECORD__DEAD__INIT;
    struct inbox_ref at = ref_of(5, 0, 0, 0);

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    dead_row_put(txn, ref_of(5, 3, 1, 0), &row);
    dead_row_put(txn, ref_of(5, 1, 2, 0), &row);
    dead_row_put(txn, ref_of(6, 1, 2, 0), &row);
    cr_assert_not_null(dead_row_next(txn, at, &at));
    cr_assert_eq(at.lane, 1);
    cr_assert_not_null(dead_row_next(txn, at, &at));
    cr_assert_eq(at.lane, 3);
    cr_assert_null(dead_row_next(txn, at, &at));
    store_turn_abort(txn);
    fixture_fini(&f);
}

Test(store_rows, d7_books_are_written_once_at_the_turns_end)
{
    struct fixture f;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    for (uint32_t number = 1; number <= 200; number++)
        for (uint32_t times = 0; times < number; times++) {
            books_of(txn, number)->accepted++;
            books_touch(txn, number);
        }
    books_of(txn, 500)->accepted = 9; /* not touched: not kept */
    fixture_end(&f, txn);
    txn = fixture_read(&f);
    for (uint32_t number = 1; number <= 200; number++)
        cr_assert_eq(books_of(txn, number)->accepted, number);
    cr_assert_eq(books_of(txn, 500)->accepted, 0);
    books_of(txn, 1)->accepted = 77; /* a copy */
    store_read_end(txn);
    txn = fixture_read(&f);
    cr_assert_eq(books_of(txn, 1)->accepted, 1);
    store_read_end(txn);
    fixture_fini(&f);
}

Test(store_rows, c1_the_earliest_due_row_comes_first)
{
    struct fixture f;
    struct instant at;
    enum due_subject kind;
    struct bytes subject;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    cr_assert_not(due_first(txn, &at, &kind, &subject));
    due_add(txn, instant_of(3000000000), DUE_REFERRAL, bytes_text("late"));
    due_add(txn, instant_of(255), DUE_REFUSALS, bytes_text("early"));
    due_add(txn, instant_of(256), DUE_REFERRAL, bytes_text("middle"));
    cr_assert(due_first(txn, &at, &kind, &subject));
    cr_assert_eq(at.ms, 255);
    cr_assert_eq(kind, DUE_REFUSALS);
    cr_assert(bytes_equal(subject, bytes_text("early")));
    due_delete(txn, at, kind, subject);
    cr_assert(due_first(txn, &at, &kind, &subject));
    cr_assert(bytes_equal(subject, bytes_text("middle")));
    store_turn_abort(txn);
    fixture_fini(&f);
}

/* A refused command has written nothing: the engine asserts it by this count, so everything that will be written
 * counts. */
Test(store_rows, l1_every_change_counts_as_a_put)
{
    struct fixture f;
    Record__Team team = RECORD__TEAM__INIT;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);
    uint64_t before = store_put_count(txn);

    cr_assert_null(team_row(txn, "team"));
    (void)books_of(txn, 1);
    cr_assert_not(store_delete(txn, TABLE_TEAM, bytes_text("team")));
    cr_assert_eq(store_put_count(txn), before);
    team_row_put(txn, "team", &team);
    cr_assert_eq(store_put_count(txn), before + 1);
    books_touch(txn, 1);
    cr_assert_eq(store_put_count(txn), before + 2);
    store_turn_abort(txn);
    fixture_fini(&f);
}

Test(store_rows, f3_a_referral_its_timeline_and_its_journey_come_back)
{
    struct fixture f;
    Record__Referral referral = RECORD__REFERRAL__INIT;
    Record__Timeline entry = RECORD__TIMELINE__INIT;
    struct bytes key;
    uint8_t prefix[ID_KEY_SIZE];

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);
    struct id first = fixture_id(&f, 1, 1), second = fixture_id(&f, 1, 2);

    referral.sender = "T1";
    referral.has_state = true;
    referral.state = 1;
    referral_row_add(txn, first, &referral);
    referral.state = 2;
    referral_row_put(txn, first, &referral);
    cr_assert_eq(referral_row(txn, first)->state, 2);
    cr_assert_str_eq(referral_row(txn, first)->sender, "T1");
    cr_assert_null(referral_row(txn, second));
    entry.has_entry = true;
    entry.entry = (ProtobufCBinaryData){.len = 3, .data = (uint8_t *)"two"};
    timeline_add(txn, first, 2, &entry);
    cr_assert_null(timeline_row(txn, first, 1));
    cr_assert_eq(timeline_row(txn, first, 2)->entry.len, 3);
    journey_add(txn, first, second);
    journey_add(txn, first, first);
    id_to_key(prefix, first);

    struct store_cursor *cursor =
        store_scan(txn, TABLE_JOURNEY, bytes_of(prefix, sizeof(prefix)), bytes_of(prefix, sizeof(prefix)));

    cr_assert(store_next_key(cursor, &key));
    cr_assert(id_equal(id_from_key(key.data + ID_KEY_SIZE), first));
    cr_assert(store_next_key(cursor, &key));
    cr_assert(id_equal(id_from_key(key.data + ID_KEY_SIZE), second));
    cr_assert_not(store_next_key(cursor, &key));
    store_turn_abort(txn);
    fixture_fini(&f);
}

static int past_alarms(struct store_txn *txn)
{
    struct store_cursor *cursor = store_scan(txn, TABLE_ALARM_PAST, bytes_of(NULL, 0), bytes_of(NULL, 0));
    struct bytes key;
    int count = 0;

    while (store_next_key(cursor, &key))
        count++;
    store_scan_end(cursor);
    return count;
}

Test(store_rows, t1_keys_teams_days_alarms_and_counts_come_back_and_go)
{
    struct fixture f;
    Record__AccessKey access = RECORD__ACCESS_KEY__INIT;
    Record__Team team = RECORD__TEAM__INIT;
    Record__CalendarDay day = RECORD__CALENDAR_DAY__INIT;
    Record__Alarm alarm = RECORD__ALARM__INIT;
    Record__RefusalCount count = RECORD__REFUSAL_COUNT__INIT;
    static const uint8_t KEY[32] = {1, 2, 3}, OTHER[32] = {1, 2, 4};

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    access.has_revoked = true;
    access.revoked = true;
    access_key_row_put(txn, KEY, &access);
    cr_assert(access_key_row(txn, KEY)->revoked);
    cr_assert_null(access_key_row(txn, OTHER));
    team_row_put(txn, "team", &team);
    cr_assert_not_null(team_row(txn, "team"));
    calendar_row_put(txn, 19000, &day);
    cr_assert_not_null(calendar_row(txn, 19000));
    calendar_row_put(txn, 19000, NULL);
    cr_assert_null(calendar_row(txn, 19000));
    alarm_row_put(txn, "DOWN", "H1", &alarm);
    cr_assert_not_null(alarm_row(txn, "DOWN", "H1"));
    cr_assert_null(alarm_row(txn, "DOWN", ""));
    alarm_row_put(txn, "DOWN", "H1", NULL);
    cr_assert_null(alarm_row(txn, "DOWN", "H1"));
    for (int i = 0; i < 2; i++) {
        alarm.has_ended_at_ms = true;
        alarm.ended_at_ms = FIXTURE_NOW_MS + i;
        alarm_past_add(txn, "DOWN", "H1", &alarm);
    }
    for (int left = 2; left >= 0; left--) {
        alarm_past_keep(txn, 2, instant_of(FIXTURE_NOW_MS + 2 - left));
        cr_assert_eq(past_alarms(txn), left);
    }
    refusal_count_row_put(txn, KEY, 7, &count);
    cr_assert_not_null(refusal_count_row(txn, KEY, 7));
    cr_assert_null(refusal_count_row(txn, KEY, 8));
    refusal_count_row_put(txn, KEY, 7, NULL);
    cr_assert_null(refusal_count_row(txn, KEY, 7));
    store_turn_abort(txn);
    fixture_fini(&f);
}
