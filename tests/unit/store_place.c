/* store_place.c - rows of places: their keys are in the order they are asked in (section 6). */
#include "store/rows_place.h"
#include "store/verify.h"
#include "store_fixture.h"

#define LONGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct pool_key key_of(uint32_t hospital, uint8_t class, const char *department, int64_t day,
                              const char *resource)
{
    struct pool_key key = {.hospital = hospital, .class = class, .day = day};

    cr_assert(strlen(department) < sizeof(key.department) && strlen(resource) < sizeof(key.resource));
    strcpy(key.department, department);
    strcpy(key.resource, resource);
    return key;
}

static bool same_key(const struct pool_key *a, const struct pool_key *b)
{
    return a->hospital == b->hospital && a->class == b->class && a->day == b->day &&
           strcmp(a->department, b->department) == 0 && strcmp(a->resource, b->resource) == 0;
}

static int order_of(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int order_of_keys(const struct pool_key *a, const struct pool_key *b)
{
    int orders[] = {order_of(a->hospital, b->hospital), order_of(a->class, b->class),
                    strcmp(a->department, b->department), order_of(a->day, b->day), strcmp(a->resource, b->resource)};

    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (orders[i] != 0)
            return orders[i];
    return 0;
}

static int order_of_bytes(const struct pool_key *a, const struct pool_key *b)
{
    uint8_t room_a[POOL_KEY_MAX], room_b[POOL_KEY_MAX];
    struct bytes x = pool_key_bytes(room_a, a), y = pool_key_bytes(room_b, b);
    int order = memcmp(x.data, y.data, x.size < y.size ? x.size : y.size);

    return order != 0 ? order : order_of((int64_t)x.size, (int64_t)y.size);
}

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

/* Everything that might lie beside something else: beginnings of each other, bytes next to the end of a text, longest
 * ones. */
static const char *const TEXTS[] = {"", "\1", "NK", "NK-2", "NK\1", "NK.", "XN", "内科", "内科一", LONGEST};
static const int64_t DAYS[] = {0, 255, 256, 20778, UINT32_MAX};
#define TEXT_COUNT (sizeof(TEXTS) / sizeof(TEXTS[0]))
#define DAY_COUNT  (sizeof(DAYS) / sizeof(DAYS[0]))
#define KEY_COUNT  (2 * 2 * TEXT_COUNT * DAY_COUNT * TEXT_COUNT)

static size_t all_keys(struct pool_key keys[KEY_COUNT])
{
    size_t count = 0;

    for (uint32_t hospital = 1; hospital <= 256; hospital += 255)
        for (uint8_t class = 1; class <= 2; class ++)
            for (size_t i = 0; i < TEXT_COUNT; i++)
                for (size_t day = 0; day < DAY_COUNT; day++)
                    for (size_t j = 0; j < TEXT_COUNT; j++)
                        keys[count++] = key_of(hospital, class, TEXTS[i], DAYS[day], TEXTS[j]);
    return count;
}

Test(store_place, q8_a_pools_key_is_read_back_and_lies_by_hospital_class_department_day_and_resource)
{
    static struct pool_key keys[KEY_COUNT];
    size_t count = all_keys(keys);

    for (size_t i = 0; i < count; i++) {
        uint8_t room[POOL_KEY_MAX];
        struct pool_key read;

        cr_assert(pool_key_parse(pool_key_bytes(room, &keys[i]), &read));
        cr_assert(same_key(&read, &keys[i]), "key %zu", i);
        for (size_t j = 0; j < count; j++)
            cr_assert_eq(sign(order_of_bytes(&keys[i], &keys[j])), sign(order_of_keys(&keys[i], &keys[j])),
                         "keys %zu and %zu", i, j);
    }
}

Test(store_place, q8_no_pool_lies_between_a_pool_and_the_key_after_it)
{
    static struct pool_key keys[KEY_COUNT];
    size_t count = all_keys(keys);

    for (size_t i = 0; i < count; i++) {
        struct pool_key after = pool_key_after(&keys[i]);

        cr_assert(order_of_bytes(&keys[i], &after) < 0, "key %zu", i);
        for (size_t j = 0; j < count; j++)
            cr_assert(order_of_bytes(&keys[j], &keys[i]) <= 0 || order_of_bytes(&keys[j], &after) >= 0,
                      "key %zu lies between %zu and the one after it", j, i);
    }

    struct pool_key longest = key_of(1, 1, "NK", 1, LONGEST), after = pool_key_after(&longest);

    cr_assert_eq(strlen(after.resource), 64);
    cr_assert_eq(after.resource[63], 'g');
}

Test(store_place, q8_what_is_no_pools_key_is_not_read_as_one)
{
    struct pool_key key = key_of(7, 1, "内科", 20778, "张医生"), read = {0};
    uint8_t room[POOL_KEY_MAX + 80];
    struct bytes whole = pool_key_bytes(room, &key);
    size_t head = 5 + strlen("内科") + 1 + 4;

    for (size_t size = 0; size < head; size++)
        cr_assert_not(pool_key_parse(bytes_of(room, size), &read), "%zu bytes", size);
    cr_assert(pool_key_parse(bytes_of(room, head), &read), "without a resource: a place to search from");
    cr_assert_eq(read.resource[0], '\0');

    room[whole.size] = '\0';
    cr_assert_not(pool_key_parse(bytes_of(room, whole.size + 1), &read), "a zero byte in the resource");
    memset(room + head, 'r', 65);
    cr_assert(pool_key_parse(bytes_of(room, head + 64), &read));
    cr_assert_not(pool_key_parse(bytes_of(room, head + 65), &read), "a resource too long");
    memset(room + 5, 'd', 65);
    room[5 + 65] = '\0';
    cr_assert_not(pool_key_parse(bytes_of(room, 5 + 65 + 1 + 4), &read), "a department too long");
}

static void set_terms(Record__Pool *pool)
{
    pool->has_reserve_bp = pool->has_span = true;
    pool->reserve_bp = 2000;
    pool->span = 1;
}

static void put_pool(struct store_txn *txn, const struct pool_key *key, const char *doctor)
{
    Record__Pool pool = RECORD__POOL__INIT;
    Record__Unit unit = RECORD__UNIT__INIT, *units[] = {&unit};
    char text[64];

    snprintf(text, sizeof(text), "%s", doctor);
    pool.doctor = text;
    set_terms(&pool);
    unit.has_number = unit.has_start_ms = true;
    unit.number = 1;
    unit.start_ms = FIXTURE_NOW_MS;
    pool.units = units;
    pool.n_units = 1;
    pool_row_put(txn, key, &pool);
}

Test(store_place, q11_a_pool_and_its_group_come_back_whole)
{
    struct fixture f;

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);
    struct pool_key key = key_of(3, 2, "内科", 20778, "六病区"), other = key_of(3, 2, "内科", 20778, "七病区");
    Record__PoolGroup group = RECORD__POOL_GROUP__INIT;

    cr_assert_null(pool_row(txn, &key));
    cr_assert_null(pool_group_row(txn, &key));
    put_pool(txn, &key, "");
    group.has_reserve_bp = group.has_span = true;
    group.reserve_bp = 2500;
    group.span = 1;
    pool_group_row_put(txn, &key, &group);
    fixture_end(&f, txn);

    txn = fixture_turn(&f);

    Record__Pool *pool = pool_row(txn, &key);

    cr_assert_not_null(pool);
    cr_assert_eq(pool->n_units, 1);
    cr_assert_eq(pool->units[0]->start_ms, FIXTURE_NOW_MS);
    cr_assert_null(pool_row(txn, &other));
    cr_assert_eq(pool_group_row(txn, &other)->reserve_bp, 2500, "a group is its day's, whatever the resource");
    pool->units[0]->has_state = true;
    pool->units[0]->state = 1;
    pool_row_put(txn, &key, pool);
    cr_assert_eq(pool_row(txn, &key)->units[0]->state, 1);
    fixture_end(&f, txn);
    fixture_fini(&f);
}

/* 3 departments, one the beginning of another, with 3 days of 2 resources each; a neighbour in another class and
 * hospital. */
/* Numbers that fall after an addition, units of many lengths and states, and instants of any size. */
static Record__Unit unit_of(uint32_t i, uint8_t *booking)
{
    Record__Unit unit = RECORD__UNIT__INIT;

    unit.has_number = unit.has_start_ms = unit.has_end_ms = unit.has_state = true;
    unit.number = i % 3 == 2 ? 1000 - i : i + 1;
    unit.start_ms = FIXTURE_NOW_MS + i / 2 * 600000LL - (i == 5 ? FIXTURE_NOW_MS : 0);
    unit.end_ms = unit.start_ms + 1 + i * i % 7 * 3600000LL;
    unit.state = i % 4;
    unit.has_booking = unit.state >= 2;
    unit.booking = (ProtobufCBinaryData){.len = unit.state >= 2 ? ID_KEY_SIZE : 0, .data = booking};
    unit.has_held_until_ms = unit.state == 3 && i % 8 == 7;
    unit.held_until_ms = unit.has_held_until_ms ? FIXTURE_NOW_MS + i : 0;
    unit.has_block_reason = unit.state == 1;
    unit.block_reason = unit.has_block_reason ? 1 + i % 8 : 0;
    return unit;
}

static bool is_same_unit(const Record__Unit *a, const Record__Unit *b)
{
    return a->number == b->number && a->start_ms == b->start_ms && a->end_ms == b->end_ms && a->state == b->state &&
           a->has_booking == b->has_booking && a->booking.len == b->booking.len &&
           (a->booking.len == 0 || memcmp(a->booking.data, b->booking.data, a->booking.len) == 0) &&
           a->has_held_until_ms == b->has_held_until_ms && a->held_until_ms == b->held_until_ms &&
           a->has_block_reason == b->has_block_reason && a->block_reason == b->block_reason;
}

Test(store_place, q2_the_units_of_a_pool_come_back_as_they_were)
{
    struct fixture f;
    static Record__Unit units[500];
    static uint8_t ids[500][ID_KEY_SIZE];
    Record__Unit *list[500];
    struct pool_key key = key_of(3, 1, "NK", 10, "a");
    Record__Pool pool = RECORD__POOL__INIT;

    fixture_init(&f);
    for (uint32_t i = 0; i < 500; i++) {
        memset(ids[i], (int)i, ID_KEY_SIZE);
        units[i] = unit_of(i, ids[i]);
        list[i] = &units[i];
    }
    pool.units = list;
    set_terms(&pool);

    struct store_txn *txn = fixture_turn(&f);

    for (size_t count = 0; count <= 500; count += count < 20 ? 1 : 60) {
        const Record__Pool *read;

        pool.n_units = count;
        pool_row_put(txn, &key, &pool);
        cr_assert(pool.units == list && pool.n_units == count, "the caller's row is as it was");
        read = pool_row(txn, &key);
        cr_assert_not_null(read);
        cr_assert_eq(read->n_units, count);
        for (size_t i = 0; i < count; i++)
            cr_assert(is_same_unit(read->units[i], &units[i]), "unit %zu of %zu", i, count);
    }
    fixture_end(&f, txn);
    fixture_fini(&f);
}

static void put_pools(struct fixture *f)
{
    static const char *const DEPARTMENTS[] = {"NK", "NK-2", "XN"};
    struct store_txn *txn = fixture_turn(f);
    struct pool_key other_class = key_of(3, 2, "NK", 10, "a"), other_hospital = key_of(4, 1, "NK", 10, "a");

    for (int i = 2; i >= 0; i--)
        for (int64_t day = 12; day >= 10; day--) {
            struct pool_key a = key_of(3, 1, DEPARTMENTS[i], day, "a"), b = key_of(3, 1, DEPARTMENTS[i], day, "b");

            put_pool(txn, &b, "b");
            put_pool(txn, &a, "a");
        }
    put_pool(txn, &other_class, "class");
    put_pool(txn, &other_hospital, "hospital");
    fixture_end(f, txn);
}

Test(store_place, q8_pools_are_walked_by_department_then_day_then_resource)
{
    struct fixture f;
    struct pool_key from = {.hospital = 3, .class = 1}, key, last = from;
    int count = 0;

    fixture_init(&f);
    put_pools(&f);

    struct store_txn *txn = fixture_read(&f);

    for (; pool_key_from(txn, &from, &key); from = pool_key_after(&key), last = key, count++) {
        struct pool_key again;
        const Record__Pool *pool = pool_row_from(txn, &from, &again);

        cr_assert(same_key(&key, &again));
        cr_assert(order_of_keys(&last, &key) < 0);
        if (count < 18) {
            cr_assert_str_eq(pool->doctor, key.resource);
            cr_assert_eq(key.day, 10 + count % 6 / 2);
            cr_assert_str_eq(key.department, count < 6 ? "NK" : count < 12 ? "NK-2" : "XN");
        }
    }
    cr_assert_eq(count, 20, "and on into the next class and the next hospital");
    cr_assert_eq(key.hospital, 4);
    cr_assert_null(pool_row_from(txn, &from, &key));
    store_read_end(txn);
    fixture_fini(&f);
}

Test(store_place, q8_a_walk_may_go_straight_to_a_later_day_or_department)
{
    struct fixture f;
    struct pool_key key, day = key_of(3, 1, "NK", 11, ""), department = key_of(3, 1, "NK\1", 0, "");

    fixture_init(&f);
    put_pools(&f);

    struct store_txn *txn = fixture_turn(&f);

    cr_assert(pool_key_from(txn, &day, &key));
    cr_assert_str_eq(key.department, "NK");
    cr_assert_eq(key.day, 11);
    cr_assert_str_eq(key.resource, "a");
    cr_assert(pool_key_from(txn, &department, &key));
    cr_assert_str_eq(key.department, "NK-2");
    cr_assert_eq(key.day, 10);

    struct pool_key made = key_of(3, 1, "NK", 10, "ab"), from = key_of(3, 1, "NK", 10, "a");

    put_pool(txn, &made, "made in this turn");
    from = pool_key_after(&from);
    cr_assert_str_eq(pool_row_from(txn, &from, &key)->doctor, "made in this turn");
    cr_assert(same_key(&key, &made));
    fixture_end(&f, txn);
    fixture_fini(&f);
}

static void put_booking(struct store_txn *txn, struct id id, struct id referral, bool is_new)
{
    Record__Booking booking = RECORD__BOOKING__INIT;
    uint8_t bytes[ID_KEY_SIZE];

    booking.has_hospital_number = true;
    booking.hospital_number = 3;
    if (id_is_set(referral)) {
        id_to_key(bytes, referral);
        booking.has_referral = true;
        booking.referral = (ProtobufCBinaryData){.len = sizeof(bytes), .data = bytes};
    }
    booking_row_put(txn, id, &booking, is_new);
}

Test(store_place, q5_the_bookings_of_a_referral_are_listed_in_the_order_they_were_made)
{
    struct fixture f;

    fixture_init(&f);

    struct id r1 = fixture_id(&f, 1, 0), r2 = fixture_id(&f, 2, 0), none = {0}, found;
    struct store_txn *txn = fixture_turn(&f);

    cr_assert_not(booking_next_of_referral(txn, r1, none, &found));
    cr_assert_null(booking_row(txn, fixture_id(&f, 10, 0)));
    for (uint64_t index = 10; index < 15; index++)
        put_booking(txn, fixture_id(&f, index, 0), index == 12 ? none : index == 13 ? r2 : r1, true);
    put_booking(txn, fixture_id(&f, 10, 0), r1, false);
    fixture_end(&f, txn);
    txn = fixture_read(&f);
    found = none;
    for (size_t i = 0; i < 3; i++) {
        static const uint64_t EXPECTED[] = {10, 11, 14};

        cr_assert(booking_next_of_referral(txn, r1, found, &found));
        cr_assert_eq(found.index, EXPECTED[i]);
    }
    cr_assert_not(booking_next_of_referral(txn, r1, found, &found));
    cr_assert(booking_next_of_referral(txn, r2, none, &found));
    cr_assert_eq(found.index, 13);
    cr_assert_not(booking_row(txn, fixture_id(&f, 12, 0))->has_referral);
    cr_assert_eq(booking_row(txn, fixture_id(&f, 13, 0))->hospital_number, 3);
    store_read_end(txn);
    fixture_fini(&f);
}

static struct wait_key wait_key_of(struct fixture *f, const char *department, int rank, int priority, int64_t since_ms,
                                   uint64_t index)
{
    struct wait_key key = {.hospital = 3,
                           .class = 1,
                           .rank = (uint8_t)rank,
                           .priority = (uint8_t)priority,
                           .since = instant_of(since_ms),
                           .id = fixture_id(f, index, 0)};

    strcpy(key.department, department);
    return key;
}

static void put_wait(struct store_txn *txn, const struct wait_key *key, uint32_t units, bool is_new)
{
    Record__WaitEntry entry = RECORD__WAIT_ENTRY__INIT;

    entry.has_units = true;
    entry.units = units;
    wait_row_put(txn, key, &entry, is_new);
}

/* The n-th of 4 ranks x 3 priorities x 3 times x 2 ids, counted in the order of Q8. */
static struct wait_key nth(struct fixture *f, const char *department, uint64_t n)
{
    static const int64_t SINCE[] = {1, FIXTURE_NOW_MS, FIXTURE_NOW_MS + 1};

    return wait_key_of(f, department, 1 + (int)(n / 18), 1 + (int)(n / 6 % 3), SINCE[n / 2 % 3], 100 + n);
}
#define WAITING_COUNT 72

Test(store_place, q8_who_waits_stands_by_rank_then_priority_then_since)
{
    struct fixture f;
    static const char *const DEPARTMENTS[] = {"NK", "NK-2"};

    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    cr_assert(RANK_DISPLACED_FAMILY < RANK_FAMILY && RANK_FAMILY < RANK_DISPLACED_GENERAL &&
              RANK_DISPLACED_GENERAL < RANK_GENERAL);
    for (uint64_t i = 0; i < 2 * WAITING_COUNT; i++) {
        uint64_t n = i * 35 % (2 * WAITING_COUNT); /* all of them, out of order */
        struct wait_key key = nth(&f, DEPARTMENTS[n / WAITING_COUNT], n % WAITING_COUNT);

        key.id.ordinal = (uint16_t)(n / WAITING_COUNT);
        put_wait(txn, &key, (uint32_t)(1 + n % 8), true);
    }
    fixture_end(&f, txn);
    txn = fixture_read(&f);
    for (uint32_t department = 0; department < 2; department++) {
        struct wait_key at = {.hospital = 3, .class = 1};
        uint32_t n = 0;

        strcpy(at.department, DEPARTMENTS[department]);
        for (const Record__WaitEntry *entry; (entry = wait_row_next(txn, &at, &at)) != NULL; n++) {
            struct wait_key wanted = nth(&f, DEPARTMENTS[department], n);

            cr_assert_eq(entry->units, 1 + (department * WAITING_COUNT + n) % 8);
            cr_assert(at.rank == wanted.rank && at.priority == wanted.priority && at.since.ms == wanted.since.ms);
            cr_assert_eq(at.id.index, 100 + n);
        }
        cr_assert_eq(n, WAITING_COUNT);
    }
    store_read_end(txn);
    fixture_fini(&f);
}

Test(store_place, q8_an_entry_is_found_by_its_id_and_leaves_nothing_behind)
{
    struct fixture f;

    fixture_init(&f);

    struct wait_key key = wait_key_of(&f, "内科", RANK_FAMILY, 3, FIXTURE_NOW_MS, 9), found = {0};
    struct wait_key second = wait_key_of(&f, "内科", RANK_GENERAL, 3, FIXTURE_NOW_MS, 10);
    struct wait_key from = {.hospital = 3, .class = 1, .department = "内科"};
    struct store_txn *txn = fixture_turn(&f);

    cr_assert_null(wait_row(txn, key.id, &found));
    put_wait(txn, &key, 1, true);
    put_wait(txn, &second, 2, true);
    put_wait(txn, &key, 4, false);
    fixture_end(&f, txn);
    txn = fixture_turn(&f);
    cr_assert_eq(wait_row(txn, key.id, &found)->units, 4);
    cr_assert_str_eq(found.department, "内科");
    cr_assert(found.rank == RANK_FAMILY && found.priority == 3 && found.since.ms == FIXTURE_NOW_MS);
    cr_assert(id_equal(found.id, key.id));

    struct wait_key at = from;

    for (int i = 0; wait_row_next(txn, &at, &at) != NULL; i++) /* each goes as it is passed */
        wait_row_delete(txn, &at);
    cr_assert_null(wait_row(txn, key.id, &found));
    cr_assert_null(wait_row_next(txn, &from, &at));
    fixture_end(&f, txn);

    struct verify_result result = {0};
    uint64_t rows = 0;

    cr_assert_eq(store_verify(f.store, NULL, NULL, &result), 0);
    rows = result.rows;
    cr_assert_eq(result.faults, 0, "%s", result.first_fault);
    cr_assert_eq(rows, 1, "only the meta row is left");
    fixture_fini(&f);
}

Test(store_place, q5_a_patients_claim_is_of_one_hospital_and_class)
{
    struct fixture f;
    uint8_t patient[16] = {1, 2, 3}, other[16] = {1, 2, 4}, referral[ID_KEY_SIZE] = {9};
    Record__PatientClaim claim = RECORD__PATIENT_CLAIM__INIT;

    ProtobufCBinaryData referrals[] = {{.len = sizeof(referral), .data = referral}};

    claim.referrals = referrals;
    claim.n_referrals = 1;
    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    patient_claim_row_put(txn, 3, 1, patient, &claim);
    cr_assert_eq(patient_claim_row(txn, 3, 1, patient)->referrals[0].data[0], 9);
    cr_assert_null(patient_claim_row(txn, 3, 1, other));
    cr_assert_null(patient_claim_row(txn, 3, 2, patient));
    cr_assert_null(patient_claim_row(txn, 4, 1, patient));
    patient_claim_row_put(txn, 3, 1, patient, NULL);
    cr_assert_null(patient_claim_row(txn, 3, 1, patient));
    fixture_end(&f, txn);
    fixture_fini(&f);
}

Test(store_place, q7_a_teams_holds_come_back_and_foreign_text_finds_none)
{
    struct fixture f;
    uint8_t booking[ID_KEY_SIZE] = {5};
    Record__TeamHold hold = RECORD__TEAM_HOLD__INIT, *list[] = {&hold};
    Record__TeamHolds holds = RECORD__TEAM_HOLDS__INIT;
    char long_text[600];

    hold.has_booking = hold.has_expires_at_ms = true;
    hold.booking = (ProtobufCBinaryData){.len = sizeof(booking), .data = booking};
    hold.expires_at_ms = FIXTURE_NOW_MS;
    holds.holds = list;
    holds.n_holds = 1;
    memset(long_text, 't', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    team_holds_row_put(txn, "team-1", &holds);
    cr_assert_eq(team_holds_row(txn, "team-1")->holds[0]->expires_at_ms, FIXTURE_NOW_MS);
    cr_assert_null(team_holds_row(txn, "team-2"));
    cr_assert_null(team_holds_row(txn, ""));
    cr_assert_null(team_holds_row(txn, long_text));
    cr_assert_eq(store_failure(txn), 0);
    fixture_end(&f, txn);
    fixture_fini(&f);
}

Test(store_place, q6_a_timetable_comes_back_by_its_key_and_goes)
{
    struct fixture f;
    struct timetable_key key = {.hospital = 3, .class = 1, .department = "内科", .id = "week"}, read = {0};
    struct timetable_key longest = {.hospital = 3, .class = 1, .department = LONGEST, .id = LONGEST};
    uint8_t room[TIMETABLE_KEY_MAX];
    Record__Timetable row = RECORD__TIMETABLE__INIT;

    cr_assert(timetable_key_parse(timetable_key_bytes(room, &key), &read));
    cr_assert_str_eq(read.department, "内科");
    cr_assert_str_eq(read.id, "week");
    cr_assert(timetable_key_parse(timetable_key_bytes(room, &longest), &read));
    cr_assert_str_eq(read.id, LONGEST);
    cr_assert_not(timetable_key_parse(bytes_of(room, 5), &read));
    cr_assert_not(timetable_key_parse(bytes_of(room, 5 + 64), &read), "a department that does not end");

    row.has_next_day = true;
    row.next_day = 20778;
    fixture_init(&f);

    struct store_txn *txn = fixture_turn(&f);

    timetable_row_put(txn, &key, &row);
    cr_assert_eq(timetable_row(txn, &key)->next_day, 20778);
    cr_assert_null(timetable_row(txn, &longest));
    timetable_row_put(txn, &key, NULL);
    cr_assert_null(timetable_row(txn, &key));
    fixture_end(&f, txn);
    fixture_fini(&f);
}
