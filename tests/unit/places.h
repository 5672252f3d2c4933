/* places.h - for tests of places: a district whose hospital H1 publishes pools, whose teams TEAM7 (of T07) and TEAM8
 * (of T08) refer to it. */
#pragma once
#include "district.h"

#include "engine/booking.h"
#include "engine/replay_compare.h"
#include "engine/waiting.h"

#define FAMILY  REFERRAL__CHANNEL__FAMILY_DOCTOR
#define GENERAL REFERRAL__CHANNEL__GENERAL
#define EXPERT  REFERRAL__PLACE_CLASS__EXPERT
#define BED     REFERRAL__PLACE_CLASS__BED
#define EXAM    REFERRAL__PLACE_CLASS__EXAM
#define TUESDAY "2026-11-24" /* three days after DISTRICT_NOW */

/* Local time in China. */
static inline int64_t places_at(const char *date, int hour, int minute)
{
    struct date day;

    cr_assert(date_parse(date, &day));
    return instant_of_local(day, hour * HOUR_MS + minute * MINUTE_MS, 480).ms;
}

static inline void places_team(struct district *d, const char *id, const char *institution)
{
    Referral__Team team = REFERRAL__TEAM__INIT;
    Referral__Person member = REFERRAL__PERSON__INIT, *members[] = {&member};

    member.name = "Sun Wei";
    team.id = arena_text(&d->keep, id);
    team.institution = arena_text(&d->keep, institution);
    team.name = team.id;
    team.members = members;
    team.n_members = 1;
    team.active_from = "2020-01-01";
    district_assert_said(d, district_say(d, "OPS", REFERRAL__KIND__PUT_TEAM, &team), "");
}

static inline void places_open(struct district *d)
{
    district_open(d);
    places_team(d, "TEAM7", "T07");
    places_team(d, "TEAM8", "T08");
}

static inline Referral__PoolRef *places_ref(struct district *d, Referral__PlaceClass class, const char *resource,
                                            const char *date)
{
    Referral__PoolRef *ref = arena_alloc(&d->keep, sizeof *ref);

    referral__pool_ref__init(ref);
    ref->hospital = "H1";
    FIELD_SET(ref, class_, class);
    ref->department = "CARD";
    ref->resource = arena_text(&d->keep, resource);
    ref->date = arena_text(&d->keep, date);
    return ref;
}

static inline Referral__Person *places_person(struct district *d)
{
    Referral__Person *person = arena_alloc(&d->keep, sizeof *person);

    referral__person__init(person);
    person->name = "Zhao Min";
    return person;
}

/* A pool of `count` units of 10 minutes from 09:00 on. */
static inline Referral__Pool *places_pool(struct district *d, Referral__PoolRef *ref, uint32_t count)
{
    Referral__Pool *pool = arena_alloc(&d->keep, sizeof *pool);
    Referral__UnitRun *run = arena_alloc(&d->keep, sizeof *run);

    referral__pool__init(pool);
    referral__unit_run__init(run);
    FIELD_SET(run, count, count);
    FIELD_SET(run, start_ms, places_at(ref->date, 9, 0));
    FIELD_SET(run, minutes, 10);
    pool->pool = ref;
    pool->n_units = 1;
    pool->units = arena_alloc(&d->keep, sizeof(Referral__UnitRun *));
    pool->units[0] = run;
    return pool;
}

static inline Referral__PoolRef *places_publish(struct district *d, Referral__PlaceClass class, const char *resource,
                                                const char *date, uint32_t count)
{
    Referral__PoolRef *ref = places_ref(d, class, resource, date);

    district_assert_said(d, district_say(d, "H1", REFERRAL__KIND__PUT_POOL, places_pool(d, ref, count)), "");
    return ref;
}

/* A sheet for a patient of this name, by the sender's team where it has one. */
static inline Referral__Sheet *places_sheet(struct district *d, const char *from, const char *patient)
{
    Referral__Sheet *sheet = district_sheet(d, from, "H1", false, REFERRAL__PRIORITY__ROUTINE);

    sheet->patient->name = arena_text(&d->keep, patient);
    if (strcmp(from, "T07") == 0)
        sheet->team_id = "TEAM7";
    if (strcmp(from, "T08") == 0)
        sheet->team_id = "TEAM8";
    return sheet;
}

static inline char *places_refer(struct district *d, const char *from, const char *patient)
{
    Referral__Reply *reply = district_say(d, from, REFERRAL__KIND__SUBMIT, places_sheet(d, from, patient));

    district_assert_said(d, reply, "");
    return reply->referral_id;
}

/* Without a team: the general channel's. */
static inline char *places_refer_generally(struct district *d, const char *from, const char *patient)
{
    Referral__Sheet *sheet = places_sheet(d, from, patient);
    Referral__Reply *reply;

    sheet->team_id = NULL;
    reply = district_say(d, from, REFERRAL__KIND__SUBMIT, sheet);
    district_assert_said(d, reply, "");
    return reply->referral_id;
}

/* For a referral, or NULL: the hospital's own. */
static inline Referral__TakePlace *places_wish(struct district *d, Referral__PoolRef *ref, Referral__Channel channel,
                                               const char *referral)
{
    Referral__TakePlace *take = arena_alloc(&d->keep, sizeof *take);

    referral__take_place__init(take);
    take->pool = ref;
    FIELD_SET(take, channel, channel);
    take->referral_id = arena_text(&d->keep, referral);
    if (referral == NULL)
        take->reference = "HIS-1";
    return take;
}

static inline Referral__Reply *places_hold(struct district *d, const char *who, Referral__PoolRef *ref,
                                           Referral__Channel channel, const char *referral)
{
    return district_say(d, who, REFERRAL__KIND__HOLD_PLACE, places_wish(d, ref, channel, referral));
}

static inline Referral__Reply *places_book(struct district *d, const char *who, Referral__PoolRef *ref,
                                           Referral__Channel channel, const char *referral)
{
    return district_say(d, who, REFERRAL__KIND__BOOK_PLACE, places_wish(d, ref, channel, referral));
}

/* Must be accepted; the booking's id. */
static inline char *places_booked(struct district *d, const char *who, Referral__PoolRef *ref,
                                  Referral__Channel channel, const char *referral)
{
    Referral__Reply *reply = places_book(d, who, ref, channel, referral);

    district_assert_said(d, reply, "");
    return reply->booking->booking_id;
}

static inline char *places_held(struct district *d, const char *who, Referral__PoolRef *ref, Referral__Channel channel,
                                const char *referral)
{
    Referral__Reply *reply = places_hold(d, who, ref, channel, referral);

    district_assert_said(d, reply, "");
    return reply->booking->booking_id;
}

static inline Referral__PlaceChange *places_change(struct district *d, const char *booking)
{
    Referral__PlaceChange *change = arena_alloc(&d->keep, sizeof *change);

    referral__place_change__init(change);
    change->booking_id = arena_text(&d->keep, booking);
    change->person = places_person(d);
    return change;
}

static inline Referral__Reply *places_confirm(struct district *d, const char *who, const char *booking)
{
    return district_say(d, who, REFERRAL__KIND__CONFIRM_PLACE, places_change(d, booking));
}

static inline Referral__Reply *places_cancel(struct district *d, const char *who, const char *booking,
                                             Referral__Reason reason)
{
    Referral__PlaceChange *change = places_change(d, booking);

    if (reason != 0)
        FIELD_SET(change, reason, reason);
    return district_say(d, who, REFERRAL__KIND__CANCEL_PLACE, change);
}

static inline Referral__Reply *places_displace(struct district *d, const char *who, const char *booking)
{
    Referral__PlaceChange *change = places_change(d, booking);

    FIELD_SET(change, reason, REFERRAL__REASON__NO_CAPACITY);
    return district_say(d, who, REFERRAL__KIND__DISPLACE_PLACE, change);
}

static inline Referral__Reply *places_mark(struct district *d, const char *who, const char *booking,
                                           Referral__BookingState state)
{
    Referral__PlaceChange *change = places_change(d, booking);

    FIELD_SET(change, state, state);
    return district_say(d, who, REFERRAL__KIND__MARK_PLACE, change);
}

static inline Referral__Reply *places_move(struct district *d, const char *who, const char *booking,
                                           Referral__PoolRef *to, uint32_t first_unit)
{
    Referral__MovePlace *move = arena_alloc(&d->keep, sizeof *move);

    referral__move_place__init(move);
    move->booking_id = arena_text(&d->keep, booking);
    move->pool = to;
    if (first_unit != 0)
        FIELD_SET(move, first_unit, first_unit);
    return district_say(d, who, REFERRAL__KIND__MOVE_PLACE, move);
}

/* For TUESDAY to the Friday after. */
static inline Referral__JoinList *places_wait(struct district *d, Referral__PlaceClass class, Referral__Channel channel,
                                              const char *referral)
{
    Referral__JoinList *join = arena_alloc(&d->keep, sizeof *join);

    referral__join_list__init(join);
    join->hospital = "H1";
    FIELD_SET(join, class_, class);
    join->department = "CARD";
    join->first_date = TUESDAY;
    join->last_date = "2026-11-27";
    FIELD_SET(join, channel, channel);
    join->referral_id = arena_text(&d->keep, referral);
    if (referral == NULL)
        join->reference = "HIS-2";
    return join;
}

static inline char *places_joined(struct district *d, const char *who, const Referral__JoinList *join)
{
    Referral__Reply *reply = district_say(d, who, REFERRAL__KIND__JOIN_LIST, join);

    district_assert_said(d, reply, "");
    return reply->entry->entry_id;
}

static inline Referral__Reply *places_leave(struct district *d, const char *who, const char *entry)
{
    Referral__LeaveList leave = REFERRAL__LEAVE_LIST__INIT;

    leave.entry_id = arena_text(&d->keep, entry);
    return district_say(d, who, REFERRAL__KIND__LEAVE_LIST, &leave);
}

/* ---- What stands in the store ---- */

static inline struct id places_id(const char *text)
{
    struct id id;

    cr_assert(id_parse(text, "bd", &id));
    return id;
}

static inline void *places_unpack(struct district *d, const ProtobufCMessageDescriptor *descriptor, struct bytes bytes)
{
    enum refusal refusal;
    void *message = wire_unpack(descriptor, arena_copy(&d->keep, bytes), &d->keep, &refusal);

    cr_assert_not_null(message);
    return message;
}

static inline void *places_keep(struct district *d, ProtobufCMessage *row)
{
    return row == NULL ? NULL : places_unpack(d, row->descriptor, wire_pack(row, &d->keep));
}

/* NULL: none. */
static inline Record__Booking *places_row(struct district *d, const char *booking)
{
    struct store_txn *txn = district_read(d);
    Record__Booking *row = booking_row(txn, places_id(booking)),
                    *kept = places_keep(d, row == NULL ? NULL : &row->base);

    store_read_end(txn);
    return kept;
}

static inline Record__WaitEntry *places_entry(struct district *d, const char *entry)
{
    struct store_txn *txn = district_read(d);
    struct wait_key key;
    Record__WaitEntry *row = wait_row(txn, places_id(entry), &key),
                      *kept = places_keep(d, row == NULL ? NULL : &row->base);

    store_read_end(txn);
    return kept;
}

/* "HELD", "BOOKED" ... */
static inline const char *places_state(struct district *d, const char *booking)
{
    const Record__Booking *row = places_row(d, booking);

    cr_assert_not_null(row);
    return protobuf_c_enum_descriptor_get_value(&referral__booking_state__descriptor, (int)row->state)->name +
           sizeof "PLACE_" - 1;
}

/* The live offer of an entry; NULL: none. */
static inline char *places_offer(struct district *d, const char *entry)
{
    const Record__WaitEntry *row = places_entry(d, entry);
    char text[ID_TEXT_SIZE];

    if (row == NULL || !row->has_offer)
        return NULL;
    id_format(text, "bd", life_id_of(row->offer));
    return arena_text(&d->keep, text);
}

static inline struct pool_key places_key(struct store_txn *txn, const Referral__PoolRef *ref)
{
    struct pool_key key = {.hospital = institution_row(txn, ref->hospital)->number, .class = (uint8_t)ref->class_};
    struct date date;

    date_parse(ref->date, &date);
    key.day = date_to_days(date);
    strcpy(key.department, ref->department);
    strcpy(key.resource, ref->resource);
    return key;
}

/* One sign a unit, in order: '.' free, B blocked, G general, F family; g and f while held. */
static inline const char *places_units(struct district *d, const Referral__PoolRef *ref)
{
    struct store_txn *txn = district_read(d);
    struct pool_key key = places_key(txn, ref);
    const Record__Pool *row = pool_row(txn, &key);
    char *text;

    cr_assert_not_null(row);
    text = arena_zalloc(&d->keep, row->n_units + 1);
    for (size_t i = 0; i < row->n_units; i++)
        text[i] = (row->units[i]->held_until_ms != 0 ? ".bgf" : ".BGF")[row->units[i]->state];
    store_read_end(txn);
    return text;
}

/* The ledger of H1 from row `from` on: "BOOKED 3, CANCELLED 3" (units). */
static inline const char *places_ledger(struct district *d, uint64_t from)
{
    struct store_txn *txn = district_read(d);
    uint32_t hospital = institution_row(txn, "H1")->number;
    uint64_t number = from, first;
    const char *text = "";
    struct bytes bytes;

    while (ledger_page(txn, hospital, number, &bytes, &first)) {
        const Referral__LedgerPage *page = places_unpack(d, &referral__ledger_page__descriptor, bytes);

        for (size_t i = 0; i < page->n_rows; i++) {
            const Referral__LedgerRow *row = page->rows[i];
            const char *name =
                protobuf_c_enum_descriptor_get_value(&referral__ledger_event__descriptor, (int)row->event)->name +
                sizeof "LEDGER_" - 1;

            if (first + i < from)
                continue;
            text = arena_format(&d->keep, "%s%s%s%s%s", text, text[0] != '\0' ? ", " : "", name,
                                row->code != NULL ? " " : "", row->code != NULL ? row->code : "");
            for (size_t u = 0; u < row->n_units; u++)
                text = arena_format(&d->keep, "%s %u", text, row->units[u]);
        }
        number = first + page->n_rows;
    }
    store_read_end(txn);
    return text;
}

static inline const Referral__LedgerRow *places_ledger_row(struct district *d, uint64_t number)
{
    struct store_txn *txn = district_read(d);
    const Referral__LedgerPage *page;
    struct bytes bytes;
    uint64_t first;

    cr_assert(ledger_page(txn, institution_row(txn, "H1")->number, number, &bytes, &first));
    page = places_unpack(d, &referral__ledger_page__descriptor, bytes);
    store_read_end(txn);
    return page->rows[number - first];
}

static inline uint64_t places_ledger_next(struct district *d)
{
    struct store_txn *txn = district_read(d);
    uint64_t rows = ledger_mark(txn, institution_row(txn, "H1")->number).rows;

    store_read_end(txn);
    return rows + 1;
}

/* ---- What must always agree ---- */

/* A booking that has units has exactly these in its pool, and no other; its referral claims it while it may still be
 * used. */
static inline void places_check_booking(struct store_txn *txn, struct id id, const Record__Booking *row)
{
    struct pool_key key;
    const Record__Pool *pool;
    const Record__Referral *referral = row->has_referral ? referral_row(txn, life_id_of(row->referral)) : NULL;
    bool live = row->state <= REFERRAL__BOOKING_STATE__PLACE_BOOKED;
    bool has = row->state <= REFERRAL__BOOKING_STATE__PLACE_NO_SHOW, claimed = false;
    size_t found = 0;

    cr_assert(pool_key_parse(bytes_of(row->pool.data, row->pool.len), &key));
    pool = pool_row(txn, &key);
    for (size_t i = 0; i < pool->n_units; i++) {
        const Record__Unit *unit = pool->units[i];

        if (!id_equal(life_id_of(unit->booking), id))
            continue;
        cr_assert(has, "a unit of a booking that has ended");
        cr_assert_eq(unit->number, row->units[found], "its units are those of the pool");
        cr_assert_eq(unit->held_until_ms, row->state == REFERRAL__BOOKING_STATE__PLACE_HELD ? row->expires_at_ms : 0);
        found++;
    }
    cr_assert_eq(found, has ? row->n_units : 0, "units lost: %zu of %zu", found, row->n_units);
    for (size_t i = 0; referral != NULL && i < referral->n_claims; i++)
        claimed = claimed || id_equal(life_id_of(referral->claims[i]->booking), id);
    cr_assert_eq(claimed, live && referral != NULL, "the referral's claim disagrees");
}

static inline void places_check_referral(struct store_txn *txn, const Record__Referral *row)
{
    size_t mains = 0;

    for (size_t i = 0; i < row->n_claims; i++) {
        const Record__Claim *claim = row->claims[i];
        struct wait_key key;

        cr_assert(claim->has_booking || claim->has_entry, "a claim of nothing");
        cr_assert(!claim->has_entry || wait_row(txn, life_id_of(claim->entry), &key) != NULL);
        mains += claim->is_main ? 1 : 0;
        if (row->has_patient && row->patient.len == PATIENT_KEY_SIZE)
            cr_assert_not_null(patient_claim_row(txn, row->receiver_number, (uint8_t)claim->class_, row->patient.data));
    }
    cr_assert(mains <= 1);
    if (row->state == WAITLISTED)
        cr_assert_eq(mains, 1, "what waits waits for something");
    if (row->state != BOOKED && row->state != WAITLISTED)
        cr_assert_eq(mains, 0, "a main place in state %s", state_name((enum state)row->state));
}

static inline void places_check_claim(struct store_txn *txn, struct bytes key, const Record__PatientClaim *row)
{
    cr_assert_gt(row->n_referrals, 0);
    for (size_t i = 0; i < row->n_referrals; i++)
        cr_assert_not_null(
            claim_of(referral_row(txn, life_id_of(row->referrals[i])), (Referral__PlaceClass)key.data[4]),
            "a patient's claim outlives the referral's");
}

static inline void places_check_entry(struct store_txn *txn, const Record__WaitEntry *row)
{
    const Record__Booking *offer = row->has_offer ? booking_row(txn, life_id_of(row->offer)) : NULL;

    cr_assert(!row->has_offer || offer->state == REFERRAL__BOOKING_STATE__PLACE_HELD, "an offer that is none");
}

static inline void places_check_pool(const Record__Pool *row)
{
    for (size_t i = 0; i < row->n_units; i++)
        cr_assert_eq(row->units[i]->has_booking && row->units[i]->booking.len != 0,
                     row->units[i]->state == UNIT_IS_GENERAL || row->units[i]->state == UNIT_IS_FAMILY);
}

static inline void places_check_pools(struct store_txn *txn)
{
    struct pool_key from = {0}, key;

    for (const Record__Pool *row; (row = pool_row_from(txn, &from, &key)) != NULL; from = pool_key_after(&key))
        places_check_pool(row);
}

static inline void places_assert_sound(struct district *d)
{
    static const struct {
        enum table table;
        const ProtobufCMessageDescriptor *descriptor;
    } tables[] = {{TABLE_BOOKING, &record__booking__descriptor},
                  {TABLE_REFERRAL, &record__referral__descriptor},
                  {TABLE_PATIENT_CLAIM, &record__patient_claim__descriptor},
                  {TABLE_WAITING, &record__wait_entry__descriptor}};
    struct store_txn *txn = district_read(d);
    struct bytes key, value;

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct store_cursor *cursor = store_scan(txn, tables[i].table, bytes_of(NULL, 0), bytes_of(NULL, 0));

        while (store_next(cursor, &key, &value)) {
            void *row = places_unpack(d, tables[i].descriptor, value);

            if (tables[i].table == TABLE_BOOKING)
                places_check_booking(txn, id_from_key(key.data), row);
            if (tables[i].table == TABLE_REFERRAL)
                places_check_referral(txn, row);
            if (tables[i].table == TABLE_PATIENT_CLAIM)
                places_check_claim(txn, key, row);
            if (tables[i].table == TABLE_WAITING)
                places_check_entry(txn, row);
        }
        store_scan_end(cursor);
    }
    places_check_pools(txn);
    cr_assert_eq(store_failure(txn), 0);
    store_read_end(txn);
}

static inline void places_note_difference(void *user, const struct replay_difference *difference)
{
    (void)user;
    cr_log_error("%s: %s in the ledger, %s in the store", difference->what, difference->ledger, difference->store);
}

/* Q13: the ledger alone gives the same pools, and breaks no rule on the way. */
static inline void places_assert_ledger(struct district *d)
{
    struct replay *replay = replay_open();
    struct store_txn *txn = district_read(d);
    uint32_t number = institution_row(txn, "H1")->number;
    struct bytes bytes;
    uint64_t first;

    while (ledger_page(txn, number, replay_rows(replay) + 1, &bytes, &first))
        cr_assert_eq(replay_page(replay, bytes), 0, "%s", replay_error(replay));
    cr_assert_eq(replay_end(replay), 0, "%s", replay_error(replay));
    cr_assert_eq(replay_compare(replay, txn, number, places_note_difference, NULL), 0);
    store_read_end(txn);
    replay_close(replay);
}

static inline void places_close(struct district *d)
{
    places_assert_sound(d);
    places_assert_ledger(d);
    district_assert_books(d);
    district_close(d);
}
