/* pools.h - for tests of pools: what H1 publishes and sells, and a pool or a piece of its ledger as one line of
 * text. */
#pragma once
#include "district.h"

#include "engine/pool_count.h"
#include "engine/replay.h"
#include "engine/replay_compare.h"
#include "store/rows_place.h"

#define POOLS_DAY                                                                                                      \
    "2026-11-24" /* the Tuesday after DISTRICT_NOW: its reserve is released on Monday, which is no short notice */

static inline void pools_put_team(struct district *d, const char *institution)
{
    Referral__Team team = REFERRAL__TEAM__INIT;
    Referral__Person member = REFERRAL__PERSON__INIT, *members[] = {&member};

    member.name = "Sun Li";
    member.phone = "13900000003";
    team.id = arena_format(&d->keep, "F-%s", institution);
    team.institution = arena_text(&d->keep, institution);
    team.name = team.id;
    team.members = members;
    team.n_members = 1;
    team.active_from = arena_text(&d->keep, "2026-01-01");
    district_assert_said(d, district_say(d, "OPS", REFERRAL__KIND__PUT_TEAM, &team), "");
}

static inline void pools_open(struct district *d)
{
    district_open(d);
    pools_put_team(d, "T07");
}

/* ---- Publishing ---- */

/* Of H1, department CARD. */
static inline Referral__PoolRef *pools_ref(struct district *d, Referral__PlaceClass class, const char *resource,
                                           const char *date)
{
    Referral__PoolRef *ref = arena_alloc(&d->keep, sizeof *ref);

    referral__pool_ref__init(ref);
    ref->hospital = arena_text(&d->keep, "H1");
    FIELD_SET(ref, class_, class);
    ref->department = arena_text(&d->keep, "CARD");
    ref->resource = arena_text(&d->keep, resource);
    ref->date = arena_text(&d->keep, date);
    return ref;
}

/* EXPERT, WANG-AM, POOLS_DAY. */
static inline Referral__PoolRef *pools_wang(struct district *d)
{
    return pools_ref(d, REFERRAL__PLACE_CLASS__EXPERT, "WANG-AM", POOLS_DAY);
}

/* Minutes since midnight in China. */
static inline struct instant pools_at(const char *date, int minute)
{
    struct date day = {0};

    cr_assert(date_parse(date, &day));
    return instant_of_local(day, minute * MINUTE_MS, 480);
}

static inline void pools_add_run(struct district *d, Referral__Pool *pool, uint32_t count, int minute, uint32_t minutes)
{
    Referral__UnitRun **units = arena_alloc(&d->keep, (pool->n_units + 1) * sizeof *units);

    if (pool->n_units != 0)
        memcpy(units, pool->units, pool->n_units * sizeof *units);
    pool->units = units;
    units[pool->n_units] = arena_alloc(&d->keep, sizeof **units);
    referral__unit_run__init(units[pool->n_units]);
    FIELD_SET(units[pool->n_units], count, count);
    FIELD_SET(units[pool->n_units], start_ms, pools_at(pool->pool->date, minute).ms);
    FIELD_SET(units[pool->n_units], minutes, minutes);
    pool->n_units++;
}

/* `count` units of ten minutes from 08:00 on. */
static inline Referral__Pool *pools_session(struct district *d, Referral__PoolRef *ref, uint32_t count)
{
    Referral__Pool *pool = arena_alloc(&d->keep, sizeof *pool);

    referral__pool__init(pool);
    pool->pool = ref;
    if (count != 0)
        pools_add_run(d, pool, count, 8 * 60, 10);
    return pool;
}

static inline Referral__Person *pools_person(void)
{
    static Referral__Person person;

    referral__person__init(&person);
    person.name = "Zhao Min";
    return &person;
}

/* By H1; "" where it was accepted. */
static inline const char *pools_do(struct district *d, Referral__Kind kind, const void *body)
{
    return district_said(d, district_say(d, "H1", kind, body));
}

static inline const char *pools_put(struct district *d, Referral__Pool *pool)
{
    return pools_do(d, REFERRAL__KIND__PUT_POOL, pool);
}

static inline void pools_publish(struct district *d, Referral__PoolRef *ref, uint32_t count)
{
    cr_assert_str_eq(pools_put(d, pools_session(d, ref, count)), "");
}

/* So many of them, with reason and person. */
static inline Referral__PoolChange *pools_change(struct district *d, Referral__PoolRef *ref, uint32_t count,
                                                 Referral__BlockReason reason)
{
    Referral__PoolChange *change = arena_alloc(&d->keep, sizeof *change);

    referral__pool_change__init(change);
    change->pool = ref;
    if (count != 0)
        FIELD_SET(change, count, count);
    FIELD_SET(change, reason, reason);
    change->person = pools_person();
    return change;
}

/* These, up to a 0. */
static inline Referral__PoolChange *pools_units(struct district *d, Referral__PoolRef *ref, const uint32_t *units,
                                                Referral__BlockReason reason)
{
    Referral__PoolChange *change = pools_change(d, ref, 0, reason);

    while (units[change->n_units] != 0)
        change->n_units++;
    change->units = arena_alloc(&d->keep, change->n_units * sizeof *units);
    memcpy(change->units, units, change->n_units * sizeof *units);
    return change;
}
#define POOLS_UNITS(...) ((const uint32_t[]){__VA_ARGS__, 0})

/* ---- Taking ---- */

static inline Referral__TakePlace *pools_take(struct district *d, Referral__PoolRef *ref, Referral__Channel channel,
                                              uint32_t count, uint32_t first)
{
    Referral__TakePlace *take = arena_alloc(&d->keep, sizeof *take);

    referral__take_place__init(take);
    take->pool = ref;
    FIELD_SET(take, channel, channel);
    FIELD_SET(take, units, count);
    if (first != 0)
        FIELD_SET(take, first_unit, first);
    return take;
}

/* GENERAL, by the hospital for a patient of its own; first 0: whichever. */
static inline Referral__Reply *pools_sell(struct district *d, Referral__PoolRef *ref, uint32_t count, uint32_t first)
{
    Referral__TakePlace *take = pools_take(d, ref, REFERRAL__CHANNEL__GENERAL, count, first);

    take->reference = "G-1";
    return district_say(d, "H1", REFERRAL__KIND__BOOK_PLACE, take);
}

static inline Referral__Reply *pools_allot(struct district *d, Referral__PoolRef *ref, uint32_t count)
{
    Referral__TakePlace *take = pools_take(d, ref, REFERRAL__CHANNEL__GENERAL, count, 0);

    take->reference = "A-1";
    FIELD_SET(take, allotment, true);
    return district_say(d, "H1", REFERRAL__KIND__BOOK_PLACE, take);
}

/* A referral by T07's team, of a patient of its own. */
static inline char *pools_refer(struct district *d)
{
    Referral__Sheet *sheet = district_sheet(d, "T07", "H1", false, REFERRAL__PRIORITY__ROUTINE);
    Referral__Reply *reply;

    sheet->team_id = "F-T07";
    sheet->patient->name = arena_format(&d->keep, "Patient %d", d->commands);
    reply = district_say(d, "T07", REFERRAL__KIND__SUBMIT, sheet);
    district_assert_said(d, reply, "");
    return reply->referral_id;
}

/* FAMILY_DOCTOR, for a patient who has no place yet: BOOK_PLACE or HOLD_PLACE. */
static inline Referral__Reply *pools_family(struct district *d, Referral__Kind kind, Referral__PoolRef *ref,
                                            uint32_t count, uint32_t first)
{
    Referral__TakePlace *take = pools_take(d, ref, REFERRAL__CHANNEL__FAMILY_DOCTOR, count, first);
    Referral__Reply *reply;

    take->referral_id = pools_refer(d);
    reply = district_say(d, "T07", kind, take);
    reply->referral_id = take->referral_id;
    return reply;
}

static inline void pools_fill_one(struct district *d, Referral__PoolRef *ref, const char *signs, char sign)
{
    for (uint32_t i = 0; signs[i] != '\0'; i++)
        if (signs[i] == sign && sign == 'G')
            district_assert_said(d, pools_sell(d, ref, 1, i + 1), "");
        else if (signs[i] == sign)
            district_assert_said(d, pools_family(d, REFERRAL__KIND__BOOK_PLACE, ref, 1, i + 1), "");
}

/* "FG.G": sells the units from number 1 on as the signs say, first to family doctors, so that general may; '.' stays
 * free. */
static inline void pools_fill(struct district *d, Referral__PoolRef *ref, const char *signs)
{
    pools_fill_one(d, ref, signs, 'F');
    pools_fill_one(d, ref, signs, 'G');
}

/* ---- Looking ---- */

static inline struct pool_key pools_key(struct store_txn *txn, const Referral__PoolRef *ref)
{
    struct pool_key key = {.hospital = institution_row(txn, ref->hospital)->number, .class = (uint8_t)ref->class_};
    struct date date = {0};

    cr_assert(date_parse(ref->date, &date));
    memcpy(key.department, ref->department, strlen(ref->department));
    memcpy(key.resource, ref->resource, strlen(ref->resource));
    key.day = date_to_days(date);
    return key;
}

/* In the keep; NULL: none. */
static inline Record__Pool *pools_row(struct district *d, const Referral__PoolRef *ref)
{
    struct store_txn *txn = district_read(d);
    struct pool_key key = pools_key(txn, ref);
    const Record__Pool *row = pool_row(txn, &key);
    struct bytes packed = row == NULL ? bytes_of(NULL, 0) : binary_bytes(binary_pack(&d->keep, &row->base));
    enum refusal refusal;

    store_read_end(txn);
    return row == NULL ? NULL : (Record__Pool *)wire_unpack(&record__pool__descriptor, packed, &d->keep, &refusal);
}

/* One sign a unit: free, free and kept (*), blocked (#), general, family; held ones small. */
static inline char pools_sign(const Record__Unit *row, const struct unit *unit)
{
    if (unit->state == UNIT_IS_FREE)
        return unit->marked ? '*' : '.';
    if (unit->state == UNIT_IS_BLOCKED)
        return '#';
    return (row->held_until_ms != 0 ? "gf" : "GF")[unit->state == UNIT_IS_FAMILY];
}

/* "C8 R2 B0 G3 F1 ..*.GGGF", and "deficit", "cancelled". Of a pool alone, whatever its group. */
static inline const char *pools_line(struct district *d, const Referral__PoolRef *ref)
{
    Record__Pool *row = pools_row(d, ref);
    struct pool_count count;
    char *signs;

    if (row == NULL)
        return "none";
    count = pool_count(&d->keep, &row, 1, d->now, d->hold);
    signs = arena_zalloc(&d->keep, row->n_units + 1);
    for (size_t i = 0; i < row->n_units; i++)
        signs[i] = pools_sign(row->units[i], &count.units.list[i]);
    return arena_format(&d->keep, "C%lu R%lu B%lu G%lu F%lu %s%s%s", (unsigned long)count.quota.capacity,
                        (unsigned long)quota_reserve(&count.quota), (unsigned long)count.quota.blocked,
                        (unsigned long)count.quota.general, (unsigned long)count.quota.family, signs,
                        quota_deficit(&count.quota, d->now) > 0 ? " deficit" : "", row->cancelled ? " cancelled" : "");
}
#define pools_assert_line(d, ref, expected) cr_assert_str_eq(pools_line(d, ref), expected)

static inline const Referral__LedgerPage *pools_page(struct district *d, struct bytes bytes)
{
    enum refusal refusal;

    return (const Referral__LedgerPage *)wire_unpack(&referral__ledger_page__descriptor, arena_copy(&d->keep, bytes),
                                                     &d->keep, &refusal);
}

/* How many rows H1's ledger has. */
static inline uint64_t pools_rows(struct district *d)
{
    struct store_txn *txn = district_read(d);
    uint64_t rows = ledger_mark(txn, institution_row(txn, "H1")->number).rows;

    store_read_end(txn);
    return rows;
}

static inline const Referral__LedgerRow *pools_ledger_row(struct district *d, uint64_t number)
{
    struct store_txn *txn = district_read(d);
    const Referral__LedgerPage *page;
    struct bytes bytes;
    uint64_t first;

    cr_assert(ledger_page(txn, institution_row(txn, "H1")->number, number, &bytes, &first));
    page = pools_page(d, bytes);
    store_read_end(txn);
    cr_assert(number >= first && number < first + page->n_rows);
    return page->rows[number - first];
}

/* "PUBLISHED +1x10", "BOOKED 3", "REFUSED n1 RESERVED". */
static inline const char *pools_row_text(struct district *d, const Referral__LedgerRow *row)
{
    const char *name = protobuf_c_enum_descriptor_get_value(&referral__ledger_event__descriptor, (int)row->event)->name;
    const char *text = name + strlen("LEDGER_");

    for (size_t i = 0; i < row->n_new_units; i++)
        text = arena_format(&d->keep, "%s +%ux%u", text, row->new_units[i]->first, row->new_units[i]->count);
    for (size_t i = 0; i < row->n_units; i++)
        text = arena_format(&d->keep, "%s %u", text, row->units[i]);
    if (row->has_count)
        text = arena_format(&d->keep, "%s n%u", text, row->count);
    if (row->code != NULL)
        text = arena_format(&d->keep, "%s %s", text, row->code);
    return text;
}

/* The rows of the last turn: "MOVED_OUT 1, MOVED_IN 3, CUT 1". */
static inline const char *pools_ledger_after(struct district *d, uint64_t before)
{
    uint64_t rows = pools_rows(d);
    const char *text = "";

    for (uint64_t i = before + 1; i <= rows; i++)
        text = arena_format(&d->keep, "%s%s%s", text, text[0] != '\0' ? ", " : "",
                            pools_row_text(d, pools_ledger_row(d, i)));
    return text;
}

static inline bool pools_has_alarm(struct district *d, const char *code, const char *subject)
{
    struct store_txn *txn = district_read(d);
    bool has = alarm_row(txn, code, subject) != NULL;

    store_read_end(txn);
    return has;
}

/* ---- What every test ends with ---- */

static inline void pools_differ(void *user, const struct replay_difference *difference)
{
    (void)user;
    cr_log_error("%s: %s in the ledger, %s in the store", difference->what, difference->ledger, difference->store);
}

/* Q13: H1's ledger keeps the rules and makes the pools that the store has. */
static inline void pools_assert_replays(struct district *d)
{
    struct store_txn *txn = district_read(d);
    uint32_t hospital = institution_row(txn, "H1")->number;
    struct replay *replay = replay_open();
    uint64_t number = 1, first;
    struct bytes bytes;

    while (ledger_page(txn, hospital, number, &bytes, &first)) {
        cr_assert_eq(replay_page(replay, bytes), 0, "%s", replay_error(replay));
        number = first + pools_page(d, bytes)->n_rows;
    }
    cr_assert_eq(replay_end(replay), 0, "%s", replay_error(replay));
    cr_assert_eq(replay_compare(replay, txn, hospital, pools_differ, NULL), 0);
    replay_close(replay);
    store_read_end(txn);
}

static inline void pools_close(struct district *d)
{
    pools_assert_replays(d);
    district_close(d);
}
