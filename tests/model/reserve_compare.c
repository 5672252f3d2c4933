/* reserve_compare.c - what the engine's store holds beside what the model has. */
#include "reserve_broker.h"

#include <assert.h>

#include "engine/claim.h"
#include "engine/pool_count.h"
#include "store/rows_place.h"

struct pool_key broker_pool_key(const struct broker *broker, int slot)
{
    const struct slot *named = &reserve_slots[slot];
    struct date base = instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES);
    struct pool_key key = {.hospital = broker->hospital, .class = (uint8_t)named->class};

    memcpy(key.department, named->department, strlen(named->department));
    memcpy(key.resource, named->resource, strlen(named->resource));
    key.day = date_to_days(base) + named->day;
    return key;
}

int broker_unit_state(const Record__Unit *unit)
{
    return (int)unit->state + 1; /* the same order as the protocol's */
}

static bool one_number(struct broker *broker, int slot, const char *what, int64_t found, int64_t expected)
{
    if (found == expected)
        return true;
    return broker_differs(broker, "pool %d: %s is %lld, by the rules %lld\n", slot, what, (long long)found,
                          (long long)expected);
}

static bool same_unit(struct broker *broker, struct world *world, int slot, int index, const Record__Unit *unit)
{
    const struct m_unit *expected = &world->pools[slot].units[index];
    struct id id = unit->has_booking ? id_from_key(unit->booking.data) : (struct id){0};

    if ((int)unit->number != expected->number || unit->start_ms != expected->start || unit->end_ms != expected->end)
        return broker_differs(broker, "pool %d: unit %u where the rules have %d\n", slot, unit->number,
                              expected->number);
    if (broker_unit_state(unit) != (int)expected->state)
        return broker_differs(broker, "pool %d unit %d: state %d, by the rules %d\n", slot, expected->number,
                              broker_unit_state(unit), expected->state);
    if (expected->state == REFERRAL__UNIT_STATE__UNIT_BLOCKED && (int)unit->block_reason != expected->block_reason)
        return broker_differs(broker, "pool %d unit %d: blocked for %u, by the rules %d\n", slot, expected->number,
                              unit->block_reason, expected->block_reason);
    if (id_is_set(id) != (expected->booking != NOBODY))
        return broker_differs(broker, "pool %d unit %d: has %s booking\n", slot, expected->number,
                              id_is_set(id) ? "a" : "no");
    return expected->booking == NOBODY ||
           broker_same_id(broker, &broker->bookings[expected->booking], id, "booking of a unit", expected->booking);
}

static int week_of(int slot, const Record__Pool *row)
{
    for (int id = 0; id < 2 && row->timetable != NULL; id++)
        if (strcmp(row->timetable, broker_week_name(id)) == 0)
            return reserve_week_number(slot, id);
    return NOBODY;
}

static bool same_row(struct broker *broker, struct world *world, int slot, const Record__Pool *row)
{
    const struct m_pool *pool = &world->pools[slot];

    if (!one_number(broker, slot, "number of units", (int64_t)row->n_units, pool->count) ||
        !one_number(broker, slot, "p", row->reserve_bp, pool->reserve_bp) ||
        !one_number(broker, slot, "span", row->span, pool->span) ||
        !one_number(broker, slot, "fd_opens_at", row->fd_opens_at_ms, pool->fd_opens_at) ||
        !one_number(broker, slot, "general_opens_at", row->general_opens_at_ms, pool->general_opens_at) ||
        !one_number(broker, slot, "release_at", row->release_at_ms, pool->release_at) ||
        !one_number(broker, slot, "short_notice", row->short_notice, pool->short_notice) ||
        !one_number(broker, slot, "grouped", row->grouped, pool->grouped) ||
        !one_number(broker, slot, "cancelled", row->cancelled, pool->cancelled) ||
        !one_number(broker, slot, "timetable", week_of(slot, row), pool->week))
        return false;
    for (int i = 0; i < pool->count; i++)
        if (!same_unit(broker, world, slot, i, row->units[i]))
            return false;
    return true;
}

static const struct m_unit *unit_of(const struct world *world, int slot, uint32_t number)
{
    for (int i = 0; i < world->pools[slot].count; i++)
        if (world->pools[slot].units[i].number == (int)number)
            return &world->pools[slot].units[i];
    return NULL;
}

/* C4: a release that came while the time was in doubt is written when the clock comes by again, a minute later at most:
 * till then what was reported of the set stands. */
static bool is_late(const struct world *world, const int *slots, int count)
{
    bool late = false;

    for (int i = 0; i < count; i++) {
        const struct m_pool *pool = &world->pools[slots[i]];

        late |= !pool->cancelled && !pool->released && pool->release_at <= world->now && !world->doubt;
    }
    return late;
}

/* The numbers of section 6, and which units are marked. */
static bool same_count(struct broker *broker, struct world *world, int slot, Record__Pool **rows)
{
    int slots[SLOTS], count = reserve_set(world, slot, slots);
    Record__Pool *set[SLOTS];
    struct counts expected = reserve_counts(world, slot);
    struct instant now = instant_of(world->now);
    struct pool_count found;

    if (reserve_lags(world, slot))
        return true;
    for (int i = 0; i < count; i++)
        set[i] = rows[slots[i]];
    found = pool_count(&broker->turn, set, (size_t)count, now, world->doubt);
    if (!one_number(broker, slot, "C", (int64_t)found.quota.capacity, expected.capacity) ||
        !one_number(broker, slot, "B", (int64_t)found.quota.blocked, expected.blocked) ||
        !one_number(broker, slot, "G", (int64_t)found.quota.general, expected.general) ||
        !one_number(broker, slot, "F", (int64_t)found.quota.family, expected.family) ||
        !one_number(broker, slot, "free", (int64_t)quota_free(&found.quota), expected.free) ||
        !one_number(broker, slot, "R", (int64_t)quota_reserve(&found.quota), expected.reserve) ||
        !one_number(broker, slot, "m", (int64_t)quota_reserved_now(&found.quota, now), expected.marks) ||
        !one_number(broker, slot, "deficit", (int64_t)quota_deficit(&found.quota, now), expected.deficit))
        return false;
    for (size_t i = 0; i < found.units.count; i++) {
        const struct unit *unit = &found.units.list[i];

        if (unit->marked != unit_of(world, slots[unit->pool], unit->number)->marked)
            return broker_differs(broker, "pool %d unit %u: %s\n", slots[unit->pool], unit->number,
                                  unit->marked ? "marked" : "not marked");
    }
    /* C4: what a doubt held back comes a minute after the last look, and then the report ends. */
    if (!world->doubt && !world->pools[slot].released && world->pools[slot].release_at <= world->now)
        return true;
    /* Of a group, each pool knows whether there is one. */
    return is_late(world, slots, count) ||
           one_number(broker, slot, "deficit reported", rows[slot]->deficit != 0, expected.deficit != 0);
}

static bool same_pools(struct broker *broker, struct world *world, struct store_txn *txn, bool all)
{
    Record__Pool *rows[SLOTS] = {NULL};
    bool some = !all && broker->last_slot != 0;
    int from = some ? broker->first_slot : 0, to = some ? broker->last_slot + 1 : SLOTS;

    for (int slot = from; slot < to; slot++) {
        struct pool_key key = broker_pool_key(broker, slot);

        rows[slot] = pool_row(txn, &key);
        if ((rows[slot] != NULL) != world->pools[slot].exists)
            return broker_differs(broker, "pool %d: %s\n", slot, rows[slot] != NULL ? "is there" : "is not there");
        if (rows[slot] != NULL && !same_row(broker, world, slot, rows[slot]))
            return false;
    }
    for (int slot = from; slot < to; slot++)
        if (rows[slot] != NULL && !same_count(broker, world, slot, rows))
            return false;
    return true;
}

/* Q5: whoever the referral's sheet names now. */
static bool same_patient(struct broker *broker, const struct m_booking *expected, int index, const Record__Booking *row,
                         struct store_txn *txn)
{
    const Record__Referral *referral = expected->referral == NOBODY || !id_is_set(broker->referrals[expected->referral])
                                           ? NULL
                                           : referral_row(txn, broker->referrals[expected->referral]);

    return referral == NULL || bytes_equal(binary_bytes(row->patient), binary_bytes(referral->patient)) ||
           broker_differs(broker, "booking %d (of command %d): is another patient's than its referral\n", index,
                          expected->name.label);
}

static bool same_booking(struct broker *broker, struct world *world, int index, struct store_txn *txn)
{
    const struct m_booking *expected = &world->bookings[index];
    const Record__Booking *row = booking_row(txn, broker->bookings[index]);

    if (row == NULL)
        return broker_differs(broker, "booking %d is not there\n", index);
    if (row->state != (uint32_t)expected->state)
        return broker_differs(broker, "booking %d (of command %d): state %u, by the rules %d\n", index,
                              expected->name.label, row->state, expected->state);
    if (expected->state > REFERRAL__BOOKING_STATE__PLACE_NO_SHOW)
        return true;
    if (!broker_same_numbers(row->units, row->n_units, expected->units, expected->count))
        return broker_differs(broker, "booking %d (of command %d): other units\n", index, expected->name.label);
    if (row->start_ms != expected->start || row->end_ms != expected->end || row->allotment != expected->allotment)
        return broker_differs(broker, "booking %d (of command %d): other start, end or nature\n", index,
                              expected->name.label);
    if (expected->state == REFERRAL__BOOKING_STATE__PLACE_HELD && row->expires_at_ms != expected->expires_at)
        return broker_differs(broker, "booking %d (of command %d): expires %lld, by the rules %lld\n", index,
                              expected->name.label, (long long)row->expires_at_ms, (long long)expected->expires_at);
    return expected->state > REFERRAL__BOOKING_STATE__PLACE_BOOKED || same_patient(broker, expected, index, row, txn);
}

static int patient_of(const struct world *world, const struct m_booking *booking)
{
    return booking->referral == NOBODY ? 0 : world->referrals[booking->referral].patient;
}

/* Those that changed in the model, or all. */
static bool same_bookings(struct broker *broker, struct world *world, struct store_txn *txn, bool all)
{
    for (int i = 0; i < world->booking_count; i++) {
        const struct m_booking *booking = &world->bookings[i];

        if (!id_is_set(broker->bookings[i]))
            continue; /* came and went within one turn */
        if (!all && booking->state == broker->seen_bookings[i] && booking->count == broker->seen_counts[i] &&
            booking->start == broker->seen_starts[i] && patient_of(world, booking) == broker->seen_patients[i])
            continue;
        if (!same_booking(broker, world, i, txn))
            return false;
        broker->seen_bookings[i] = booking->state;
        broker->seen_counts[i] = booking->count;
        broker->seen_starts[i] = booking->start;
        broker->seen_patients[i] = patient_of(world, booking);
    }
    return true;
}

static bool same_claims(struct broker *broker, const struct m_referral *expected, const Record__Referral *row)
{
    for (int class = 1; class < CLASSES; class ++) {
        const struct m_claim *claim = &expected->claims[class];
        const Record__Claim *found = NULL;

        for (size_t i = 0; i < row->n_claims; i++)
            if ((int)row->claims[i]->class_ == class)
                found = row->claims[i];
        if (found == NULL && claim->booking == NOBODY && claim->entry == NOBODY)
            continue;
        if (found == NULL || found->has_booking != (claim->booking != NOBODY) ||
            found->has_entry != (claim->entry != NOBODY) || found->is_main != claim->is_main)
            return broker_differs(
                broker, "referral of command %d, class %d: another claim (%s%s%s), by the rules (%s%s%s)\n",
                expected->label, class, found != NULL && found->has_booking ? "booking " : "",
                found != NULL && found->has_entry ? "entry " : "", found != NULL && found->is_main ? "main" : "",
                claim->booking != NOBODY ? "booking " : "", claim->entry != NOBODY ? "entry " : "",
                claim->is_main ? "main" : "");
    }
    return true;
}

static bool is_listed(struct broker *broker, const Record__Referral *row, int class, struct id id,
                      struct store_txn *txn)
{
    const Record__PatientClaim *claims =
        row->patient.len != PATIENT_KEY_SIZE
            ? NULL
            : patient_claim_row(txn, broker->hospital, (uint8_t) class, row->patient.data);

    for (size_t i = 0; claims != NULL && i < claims->n_referrals; i++)
        if (id_equal(id_from_key(claims->referrals[i].data), id))
            return true;
    return false;
}

/* Q5: what it claims is its patient's, and nothing else is. */
static bool same_patients_claims(struct broker *broker, const struct m_referral *expected, const Record__Referral *row,
                                 struct id id, struct store_txn *txn)
{
    for (int class = 1; class < CLASSES && row->patient.len != 0; class ++) {
        bool has_claim = expected->claims[class].booking != NOBODY || expected->claims[class].entry != NOBODY;

        if (is_listed(broker, row, class, id, txn) != has_claim)
            return broker_differs(broker, "referral of command %d, class %d: its patient %s a place by it\n",
                                  expected->label, class, has_claim ? "has not" : "has");
    }
    return true;
}

static bool same_referrals(struct broker *broker, struct world *world, struct store_txn *txn, bool all)
{
    for (int i = 0; i < world->referral_count; i++) {
        const struct m_referral *expected = &world->referrals[i];
        const Record__Referral *row;

        if (!all && expected->state == broker->seen_referrals[i])
            continue;
        row = id_is_set(broker->referrals[i]) ? referral_row(txn, broker->referrals[i]) : NULL;
        if (row == NULL)
            continue; /* nobody has heard of it yet, or it has gone to the archive */
        if (row->state != (uint32_t)expected->state)
            return broker_differs(broker, "referral of command %d: state %u, by the rules %d\n", expected->label,
                                  row->state, expected->state);
        if (!same_claims(broker, expected, row) ||
            !same_patients_claims(broker, expected, row, broker->referrals[i], txn))
            return false;
        broker->seen_referrals[i] = expected->state;
    }
    return true;
}

static bool same_entry(struct broker *broker, struct world *world, int index, const struct wait_key *key,
                       const Record__WaitEntry *row)
{
    const struct m_entry *expected = &world->entries[index];
    struct id offer = row->has_offer ? id_from_key(row->offer.data) : (struct id){0};

    if (!broker_same_id(broker, &broker->entries[index], key->id, "entry", index))
        return false;
    if (row->units != (uint32_t)expected->units || row->channel != (uint32_t)expected->channel ||
        row->displaced != expected->displaced || row->lapses != (uint32_t)expected->lapses)
        return broker_differs(broker, "entry %d (of command %d): %u units, channel %u, displaced %d, %u lapses\n",
                              index, expected->name.label, row->units, row->channel, row->displaced, row->lapses);
    if (id_is_set(offer) != (expected->offer != NOBODY))
        return broker_differs(broker, "entry %d (of command %d): %s offer\n", index, expected->name.label,
                              id_is_set(offer) ? "has an" : "has no");
    return expected->offer == NOBODY ||
           broker_same_id(broker, &broker->bookings[expected->offer], offer, "offer", expected->offer);
}

static bool same_list(struct broker *broker, struct world *world, int slot, struct store_txn *txn)
{
    static int entries[ENTRIES_MAX];
    int count = reserve_list(world, slot, entries), at = 0;
    struct pool_key pool = broker_pool_key(broker, slot);
    struct wait_key key = {.hospital = pool.hospital, .class = pool.class};
    const Record__WaitEntry *row;

    memcpy(key.department, pool.department, sizeof key.department);
    while ((row = wait_row_next(txn, &key, &key)) != NULL) {
        if (at == count)
            return broker_differs(broker, "wait-list of pool %d: more than %d entries\n", slot, count);
        if (!same_entry(broker, world, entries[at++], &key, row))
            return false;
    }
    return at == count ||
           broker_differs(broker, "wait-list of pool %d: %d entries, by the rules %d\n", slot, at, count);
}

static bool same_holds(struct broker *broker, struct world *world, struct store_txn *txn)
{
    for (int team = 1; team <= 3; team++) {
        const Record__TeamHolds *row = team_holds_row(txn, team == 1 ? "TM1" : team == 2 ? "TM2" : "TM3");
        int count = 0;

        for (size_t i = 0; row != NULL && i < row->n_holds; i++)
            count += row->holds[i]->expires_at_ms > world->now || world->doubt;
        if (count != reserve_team_holds(world, team))
            return broker_differs(broker, "team %d: %d live holds, by the rules %d\n", team, count,
                                  reserve_team_holds(world, team));
    }
    return true;
}

/* Is it the first of its class and department? */
bool broker_begins_list(int slot)
{
    for (int i = 0; i < slot; i++)
        if (reserve_slots[i].class == reserve_slots[slot].class &&
            strcmp(reserve_slots[i].department, reserve_slots[slot].department) == 0)
            return false;
    return true;
}

/* Of a slot that is looked at; NOBODY: all are. */
static int some_day(const struct broker *broker, bool all, int slot)
{
    return all || broker->last_slot == 0 ? NOBODY : reserve_slots[slot].day;
}

static bool same_store(struct broker *broker, struct world *world, struct store_txn *txn, bool all)
{
    bool same = same_pools(broker, world, txn, all);

    same = same && broker_same_weeks(broker, world, txn, some_day(broker, all, broker->first_slot),
                                     some_day(broker, all, broker->last_slot));
    for (int slot = 0; slot < SLOTS && same; slot++)
        same = !broker_begins_list(slot) || same_list(broker, world, slot, txn);
    return same && same_bookings(broker, world, txn, all) && same_referrals(broker, world, txn, all) &&
           same_holds(broker, world, txn);
}

bool broker_compare(struct broker *broker, struct world *world, bool all)
{
    struct store_txn *txn;
    bool same;
    int failed;

    if (broker->txn != NULL) /* its ledger is written at its end */
        return same_store(broker, world, broker->txn, all);
    arena_reset(&broker->turn, 1 << 22);
    failed = store_read_begin(broker->store, &broker->turn, &txn);
    assert(failed == 0);
    same = same_store(broker, world, txn, all) && broker_ledger_agrees(broker, world, txn);
    store_read_end(txn);
    return same;
}
