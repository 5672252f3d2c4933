/* reserve_compare.c - what the engine said and holds beside what the model says and holds. */
#include "reserve_broker.h"

#include <assert.h>

#include "engine/pool_count.h"
#include "store/rows_place.h"

static bool has_code(const char *const *codes, int count, const char *code)
{
    for (int i = 0; i < count; i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

static bool wrong_verdict(struct broker *broker, const struct answer *answer, const char *said)
{
    broker_differs(broker, "answered %s; by the rules:", said);
    for (int i = 0; i < answer->code_count; i++)
        broker_differs(broker, " %s", answer->codes[i]);
    return broker_differs(broker, answer->code_count == 0 ? " accepted\n" : "\n");
}

static bool same_id(struct broker *broker, struct id *known, struct id id, const char *what, int index)
{
    if (!id_is_set(*known))
        *known = id;
    if (id_equal(*known, id))
        return true;
    return broker_differs(broker, "%s %d is another one than before\n", what, index);
}

static struct id id_of(const char *text)
{
    struct id id = {0};

    if (text == NULL || !id_parse(text, "bd", &id))
        return (struct id){0};
    return id;
}

static bool same_numbers(const uint32_t *units, size_t count, const int *expected, int expected_count)
{
    if ((int)count != expected_count)
        return false;
    for (int i = 0; i < expected_count; i++) {
        size_t at = 0;

        while (at < count && (int)units[at] != expected[i])
            at++;
        if (at == count)
            return false;
    }
    return true;
}

/* What is said of a booking at the moment of the answer: later commands of the turn have not happened to the model yet. */
static bool reply_booking(struct broker *broker, const struct world *world, int index, const Referral__Booking *booking)
{
    const struct m_booking *expected = &world->bookings[index];

    if (booking == NULL)
        return broker_differs(broker, "no booking in the answer\n");
    if (!same_id(broker, &broker->bookings[index], id_of(booking->booking_id), "booking", index))
        return false;
    if (booking->state != expected->state)
        return broker_differs(broker, "booking in state %d, by the rules %d\n", booking->state, expected->state);
    if (booking->channel != expected->channel)
        return broker_differs(broker, "booking of channel %d\n", booking->channel);
    if (expected->state <= REFERRAL__BOOKING_STATE__PLACE_BOOKED) {
        if (!same_numbers(booking->units, booking->n_units, expected->units, expected->count))
            return broker_differs(broker, "answered with %zu units from %u, by the rules %d from %d\n",
                                  booking->n_units, booking->n_units > 0 ? booking->units[0] : 0, expected->count,
                                  expected->units[0]);
        if (booking->start_ms != expected->start || booking->end_ms != expected->end)
            return broker_differs(broker, "answered with a start or end that is not its units'\n");
    }
    if (expected->state == REFERRAL__BOOKING_STATE__PLACE_HELD && booking->expires_at_ms != expected->expires_at)
        return broker_differs(broker, "held until %lld, by the rules %lld\n", (long long)booking->expires_at_ms,
                              (long long)expected->expires_at);
    return true;
}

static bool reply_entry(struct broker *broker, const struct world *world, int index, const Referral__WaitEntry *entry)
{
    const struct m_entry *expected = &world->entries[index];

    if (entry == NULL)
        return broker_differs(broker, "no entry in the answer\n");
    if (!same_id(broker, &broker->entries[index], id_of(entry->entry_id), "entry", index))
        return false;
    if ((entry->offer != NULL) != (expected->offer != NOBODY))
        return broker_differs(broker, "answered %s an offer\n", entry->offer != NULL ? "with" : "without");
    return entry->offer == NULL || reply_booking(broker, world, expected->offer, entry->offer);
}

bool broker_agrees(struct broker *broker, struct world *world, const struct command *command,
                   const struct answer *answer, const Referral__Reply *reply)
{
    const char *said;

    if (command->op == OP_CLOCK)
        return true;
    if (reply->n_refusals != 0) {
        said = reply->refusals[0]->code;
        return has_code(answer->codes, answer->code_count, said) ||
               has_code(answer->perhaps, answer->perhaps_count, said) || wrong_verdict(broker, answer, said);
    }
    if (answer->code_count != 0)
        return wrong_verdict(broker, answer, "accepted");
    if (command->op == OP_SUBMIT)
        return same_id(broker, &broker->referrals[world->referral_count - 1], id_of(reply->referral_id), "referral",
                       world->referral_count - 1);
    if (command->op == OP_JOIN)
        return reply_entry(broker, world, answer->entry, reply->entry);
    if (answer->booking != NOBODY)
        return reply_booking(broker, world, answer->booking, reply->booking);
    return true;
}

/* ---- The store ---- */

static struct pool_key key_of(const struct broker *broker, int slot)
{
    const struct slot *named = &reserve_slots[slot];
    struct date base = instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES);
    struct pool_key key = {.hospital = broker->hospital, .class = (uint8_t)named->class};

    memcpy(key.department, named->department, strlen(named->department));
    memcpy(key.resource, named->resource, strlen(named->resource));
    key.day = date_to_days(base) + named->day;
    return key;
}

static bool one_number(struct broker *broker, int slot, const char *what, int64_t found, int64_t expected)
{
    if (found == expected)
        return true;
    return broker_differs(broker, "pool %d: %s is %lld, by the rules %lld\n", slot, what, (long long)found,
                          (long long)expected);
}

static int state_of(const Record__Unit *unit)
{
    return (int)unit->state + 1; /* the same order as the protocol's */
}

static bool same_unit(struct broker *broker, struct world *world, int slot, int index, const Record__Unit *unit)
{
    const struct m_unit *expected = &world->pools[slot].units[index];
    struct id id = unit->has_booking ? id_from_key(unit->booking.data) : (struct id){0};

    if ((int)unit->number != expected->number || unit->start_ms != expected->start || unit->end_ms != expected->end)
        return broker_differs(broker, "pool %d: unit %u where the rules have %d\n", slot, unit->number,
                              expected->number);
    if (state_of(unit) != (int)expected->state)
        return broker_differs(broker, "pool %d unit %d: state %d, by the rules %d\n", slot, expected->number,
                              state_of(unit), expected->state);
    if (expected->state == REFERRAL__UNIT_STATE__UNIT_BLOCKED && (int)unit->block_reason != expected->block_reason)
        return broker_differs(broker, "pool %d unit %d: blocked for %u, by the rules %d\n", slot, expected->number,
                              unit->block_reason, expected->block_reason);
    if (id_is_set(id) != (expected->booking != NOBODY))
        return broker_differs(broker, "pool %d unit %d: has %s booking\n", slot, expected->number,
                              id_is_set(id) ? "a" : "no");
    return expected->booking == NOBODY ||
           same_id(broker, &broker->bookings[expected->booking], id, "booking of a unit", expected->booking);
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
        !one_number(broker, slot, "cancelled", row->cancelled, pool->cancelled))
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

/* The numbers of section 6, and which units are marked. */
static bool same_count(struct broker *broker, struct world *world, int slot, Record__Pool **rows)
{
    int slots[SLOTS], count = reserve_set(world, slot, slots);
    Record__Pool *set[SLOTS];
    struct counts expected = reserve_counts(world, slot);
    struct instant now = instant_of(world->now);
    struct pool_count found;

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
    /* Of a group, each pool knows whether there is one. */
    return one_number(broker, slot, "deficit reported", rows[slot]->deficit != 0, expected.deficit != 0);
}

static bool same_pools(struct broker *broker, struct world *world, struct store_txn *txn)
{
    Record__Pool *rows[SLOTS];

    for (int slot = 0; slot < SLOTS; slot++) {
        struct pool_key key = key_of(broker, slot);

        rows[slot] = pool_row(txn, &key);
        if ((rows[slot] != NULL) != world->pools[slot].exists)
            return broker_differs(broker, "pool %d: %s\n", slot, rows[slot] != NULL ? "is there" : "is not there");
        if (rows[slot] != NULL && !same_row(broker, world, slot, rows[slot]))
            return false;
    }
    for (int slot = 0; slot < SLOTS; slot++)
        if (rows[slot] != NULL && !same_count(broker, world, slot, rows))
            return false;
    return true;
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
    if (!same_numbers(row->units, row->n_units, expected->units, expected->count))
        return broker_differs(broker, "booking %d (of command %d): other units\n", index, expected->name.label);
    if (row->start_ms != expected->start || row->end_ms != expected->end || row->allotment != expected->allotment)
        return broker_differs(broker, "booking %d (of command %d): other start, end or nature\n", index,
                              expected->name.label);
    if (expected->state == REFERRAL__BOOKING_STATE__PLACE_HELD && row->expires_at_ms != expected->expires_at)
        return broker_differs(broker, "booking %d (of command %d): expires %lld, by the rules %lld\n", index,
                              expected->name.label, (long long)row->expires_at_ms, (long long)expected->expires_at);
    return true;
}

/* Those that changed in the model, or all. */
static bool same_bookings(struct broker *broker, struct world *world, struct store_txn *txn, bool all)
{
    for (int i = 0; i < world->booking_count; i++) {
        const struct m_booking *booking = &world->bookings[i];

        if (!id_is_set(broker->bookings[i]))
            continue; /* came and went within one turn */
        if (!all && booking->state == broker->seen_bookings[i] && booking->count == broker->seen_counts[i] &&
            booking->start == broker->seen_starts[i])
            continue;
        if (!same_booking(broker, world, i, txn))
            return false;
        broker->seen_bookings[i] = booking->state;
        broker->seen_counts[i] = booking->count;
        broker->seen_starts[i] = booking->start;
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

static bool same_referrals(struct broker *broker, struct world *world, struct store_txn *txn, bool all)
{
    for (int i = 0; i < world->referral_count; i++) {
        const struct m_referral *expected = &world->referrals[i];
        const Record__Referral *row;

        if (!all && expected->state == broker->seen_referrals[i])
            continue;
        row = referral_row(txn, broker->referrals[i]);
        if (row->state != (uint32_t)expected->state)
            return broker_differs(broker, "referral of command %d: state %u, by the rules %d\n", expected->label,
                                  row->state, expected->state);
        if (!same_claims(broker, expected, row))
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

    if (!same_id(broker, &broker->entries[index], key->id, "entry", index))
        return false;
    if (row->units != (uint32_t)expected->units || row->channel != (uint32_t)expected->channel ||
        row->displaced != expected->displaced || row->lapses != (uint32_t)expected->lapses)
        return broker_differs(broker, "entry %d (of command %d): %u units, channel %u, displaced %d, %u lapses\n",
                              index, expected->name.label, row->units, row->channel, row->displaced, row->lapses);
    if (id_is_set(offer) != (expected->offer != NOBODY))
        return broker_differs(broker, "entry %d (of command %d): %s offer\n", index, expected->name.label,
                              id_is_set(offer) ? "has an" : "has no");
    return expected->offer == NOBODY ||
           same_id(broker, &broker->bookings[expected->offer], offer, "offer", expected->offer);
}

static bool same_list(struct broker *broker, struct world *world, int slot, struct store_txn *txn)
{
    static int entries[ENTRIES_MAX];
    int count = reserve_list(world, slot, entries), at = 0;
    struct pool_key pool = key_of(broker, slot);
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

/* ---- Both pictures, for people ---- */

static const char letters[] = "?.BGF";

static int known_booking(const struct broker *broker, const struct world *world, struct id id)
{
    int i = 0;

    while (i < world->booking_count && !id_equal(broker->bookings[i], id))
        i++;
    return i < world->booking_count ? i : NOBODY;
}

static void show_pool(struct broker *broker, struct world *world, int slot, struct store_txn *txn)
{
    struct pool_key key = key_of(broker, slot);
    const Record__Pool *row = pool_row(txn, &key);

    broker_differs(broker, "pool %d: ", slot);
    for (size_t i = 0; row != NULL && i < row->n_units; i++) {
        struct id id = row->units[i]->has_booking ? id_from_key(row->units[i]->booking.data) : (struct id){0};

        broker_differs(broker, " %u%c", row->units[i]->number, letters[state_of(row->units[i])]);
        if (id_is_set(id))
            broker_differs(broker, "%d", known_booking(broker, world, id));
    }
    broker_differs(broker, "\n  rules:");
    reserve_counts(world, slot);
    for (int i = 0; i < world->pools[slot].count; i++) {
        const struct m_unit *unit = &world->pools[slot].units[i];

        broker_differs(broker, " %d%c", unit->number, letters[unit->state]);
        if (unit->booking != NOBODY)
            broker_differs(broker, "%d", unit->booking);
        else if (unit->marked)
            broker_differs(broker, "*");
    }
    broker_differs(broker, "\n");
}

static void show_list(struct broker *broker, struct world *world, int slot)
{
    static int entries[ENTRIES_MAX];
    int count = reserve_list(world, slot, entries);

    for (int i = 0; i < count; i++) {
        const struct m_entry *entry = &world->entries[entries[i]];

        broker_differs(broker, "  entry %d: %s%s, %d unit(s), days %d to %d, slot %d, referral %d, offer %d, declined",
                       entries[i], entry->displaced ? "displaced " : "",
                       entry->channel == REFERRAL__CHANNEL__GENERAL ? "general" : "family", entry->units,
                       entry->first_day, entry->last_day, entry->slot, entry->referral, entry->offer);
        for (int d = 0; d < entry->declined_count; d++)
            broker_differs(broker, " %d/%d", entry->declined_slot[d], entry->declined_unit[d]);
        broker_differs(broker, "\n");
    }
}

void broker_show(struct broker *broker, struct world *world)
{
    static const int lists[] = {0, 3, 5, 8};
    struct store_txn *txn = broker->txn;

    if (txn == NULL)
        arena_reset(&broker->turn, 1 << 22);
    if (txn == NULL && store_read_begin(broker->store, &broker->turn, &txn) != 0)
        return;
    for (int slot = 0; slot < SLOTS; slot++)
        if (world->pools[slot].exists)
            show_pool(broker, world, slot, txn);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        show_list(broker, world, lists[i]);
    if (txn != broker->txn)
        store_read_end(txn);
}

static bool same_store(struct broker *broker, struct world *world, struct store_txn *txn, bool all)
{
    static const int lists[] = {0, 3, 5, 8}; /* a pool of each class and department */
    bool same = same_pools(broker, world, txn);

    for (size_t i = 0; i < sizeof lists / sizeof *lists && same; i++)
        same = same_list(broker, world, lists[i], txn);
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
