/* booking.c - one booking in a turn: loaded, begun, confirmed, moved, ended (Q7, Q9). */
#include "engine/booking.h"

#include <assert.h>

#include "engine/binary.h"
#include "engine/booking_parts.h"
#include "engine/ledger.h"
#include "rules/quota.h"
#include "store/sense.h"

static_assert(SENSE_CLASS_LAST == REFERRAL__PLACE_CLASS__EXAM && SENSE_CHANNEL_LAST == REFERRAL__CHANNEL__GENERAL &&
                  SENSE_BOOKING_LAST == REFERRAL__BOOKING_STATE__PLACE_LAPSED && SENSE_UNITS_MAX == WAIT_UNITS_MAX &&
                  SENSE_POOL_UNITS_MAX == LIMIT_POOL_UNITS && SENSE_UNIT_LAST == UNIT_IS_FAMILY &&
                  SENSE_UNIT_BOOKED == UNIT_IS_GENERAL && SENSE_RESERVE_LEAST == QUOTA_FLOOR_BP &&
                  SENSE_RESERVE_MOST == QUOTA_ALL_BP,
              "what the store takes for places");

static struct bytes no_bytes(void)
{
    return bytes_of(NULL, 0);
}

static struct booking_of *find_kept(struct work *work, struct id id)
{
    uint8_t key[ID_KEY_SIZE];

    id_to_key(key, id);
    return cache_find(work->cache, CACHE_BOOKING, bytes_of(key, sizeof key), no_bytes());
}

static struct booking_of *keep(struct work *work, struct booking_of *booking)
{
    uint8_t key[ID_KEY_SIZE];

    id_to_key(key, booking->id);
    return cache_keep(work->cache, CACHE_BOOKING, bytes_of(key, sizeof key), no_bytes(), booking);
}

static struct pool_of *load_pool(struct work *work, const Record__Booking *row)
{
    struct pool_key key;

    return pool_key_parse(bytes_of(row->pool.data, row->pool.len), &key) ? pool_load(work, &key) : NULL;
}

/* What takes part in the pool names units that it has, as many as there may be; of one that has ended they may have
 * gone. */
static bool fits(const Record__Booking *row, const struct pool_of *pool)
{
    if (row->state != REFERRAL__BOOKING_STATE__PLACE_HELD && row->state != REFERRAL__BOOKING_STATE__PLACE_BOOKED)
        return true;
    if (row->n_units == 0 || (!row->allotment && row->n_units > WAIT_UNITS_MAX))
        return false;
    for (size_t i = 0; i < row->n_units; i++)
        if (pool_unit(pool, row->units[i]) == NULL)
            return false;
    return true;
}

struct booking_of *booking_load(struct work *work, struct id id)
{
    struct booking_of *booking = find_kept(work, id);
    uint64_t puts = store_put_count(work->txn);
    Record__Booking *row;
    struct pool_of *pool;

    if (booking != NULL)
        return booking;
    row = booking_row(work->txn, id);
    pool = row == NULL ? NULL : load_pool(work, row);
    if (pool == NULL)
        return NULL;
    if (store_put_count(work->txn) != puts) { /* what was due of the pool may have been due of this one */
        booking = find_kept(work, id);
        if (booking != NULL)
            return booking;
        row = booking_row(work->txn, id);
    }
    if (row == NULL || !fits(row, pool)) {
        store_damaged(work->txn, TABLE_BOOKING, pool->key_bytes);
        return NULL;
    }
    booking = arena_alloc(work->arena, sizeof *booking);
    *booking = (struct booking_of){.id = id, .row = row, .pool = pool};
    return keep(work, booking);
}

static void save(struct work *work, const struct booking_of *booking)
{
    FIELD_SET(booking->row, changed_at_ms, work->now.ms);
    booking_row_put(work->txn, booking->id, booking->row, false);
}

/* ---- Ledger ---- */

/* Q13: who of the hospital's staff decided. Every command's body calls the field alike. */
static char *decider(const struct work *work, const struct pool_of *pool)
{
    const ProtobufCFieldDescriptor *field = NULL;
    const Referral__Person *person;

    if (work->body != NULL && ledger_is_hospitals(work, pool->key.hospital))
        field = protobuf_c_message_descriptor_get_field_by_name(work->body->descriptor, "person");
    if (field == NULL)
        return NULL;
    person = *(Referral__Person *const *)((const uint8_t *)work->body + field->offset);
    return person == NULL ? NULL : person->name;
}

void booking_write_ledger(struct work *work, const struct booking_of *booking, Referral__LedgerRow *row,
                          const uint32_t *units, size_t count)
{
    row->booking_id = arena_text(work->arena, work_id_text(work, booking->id));
    FIELD_SET(row, channel, (Referral__Channel)booking->row->channel);
    row->n_units = count;
    row->units = arena_alloc(work->arena, count * sizeof *row->units);
    memcpy(row->units, units, count * sizeof *row->units);
    if (booking->row->emergency)
        FIELD_SET(row, emergency, true);
    if (row->by == NULL) /* else the clock's */
        row->person = decider(work, booking->pool);
    ledger_write(work, booking->pool, row);
}

static void write_event(struct work *work, const struct booking_of *booking, Referral__LedgerEvent event, bool was_held)
{
    Referral__LedgerRow row = REFERRAL__LEDGER_ROW__INIT;

    FIELD_SET(&row, event, event);
    if (was_held)
        FIELD_SET(&row, was_held, true);
    if (event == REFERRAL__LEDGER_EVENT__LEDGER_OFFERED)
        row.by = arena_text(work->arena, "clock");
    booking_write_ledger(work, booking, &row, booking->row->units, booking->row->n_units);
}

/* ---- Begun, confirmed, moved ---- */

static void set_units(struct work *work, struct booking_of *booking, const uint32_t *units, size_t count)
{
    Record__Booking *row = booking->row;

    row->n_units = count;
    row->units = arena_alloc(work->arena, count * sizeof *row->units);
    memcpy(row->units, units, count * sizeof *row->units);
    FIELD_SET(row, start_ms, pool_unit(booking->pool, units[0])->start_ms);
    FIELD_CLEAR(row, end_ms);
    for (size_t i = 0; i < count; i++) {
        int64_t end_ms = pool_unit(booking->pool, units[i])->end_ms;

        if (end_ms > row->end_ms)
            FIELD_SET(row, end_ms, end_ms);
    }
}

static void fill_pool(struct work *work, struct booking_of *booking, struct pool_of *pool)
{
    Record__Booking *row = booking->row;

    booking->pool = pool;
    FIELD_SET(row, hospital_number, pool->key.hospital);
    row->hospital = pool->hospital->institution->id;
    FIELD_SET(row, pool, binary_copy(work->arena, pool->key_bytes));
}

static void fill_referral(struct work *work, Record__Booking *row, const struct life_of *life)
{
    FIELD_SET(row, referral, life_id_bytes(work, life->id));
    row->team_id = life->row->team_id;
    if (life->row->priority == REFERRAL__PRIORITY__EMERGENCY)
        FIELD_SET(row, emergency, true); /* Q12 */
}

static struct booking_of *make(struct work *work, const struct booking_seed *seed)
{
    struct booking_of *booking = arena_alloc(work->arena, sizeof *booking);
    Record__Booking *row = arena_alloc(work->arena, sizeof *row);
    bool held = instant_is_set(seed->expires_at);

    *booking = (struct booking_of){.id = work_new_id(work), .row = row};
    record__booking__init(row);
    FIELD_SET(row, schema, STORE_SCHEMA);
    fill_pool(work, booking, seed->pool);
    FIELD_SET(row, channel, (uint32_t)seed->channel);
    FIELD_SET(row, state, held ? REFERRAL__BOOKING_STATE__PLACE_HELD : REFERRAL__BOOKING_STATE__PLACE_BOOKED);
    set_units(work, booking, seed->units, seed->count);
    if (held)
        FIELD_SET(row, expires_at_ms, seed->expires_at.ms);
    if (seed->life != NULL)
        fill_referral(work, row, seed->life);
    row->reference = arena_text(work->arena, seed->reference);
    if (id_is_set(seed->entry))
        FIELD_SET(row, entry, life_id_bytes(work, seed->entry));
    if (seed->allotment)
        FIELD_SET(row, allotment, true);
    if (seed->patient.len != 0)
        FIELD_SET(row, patient, seed->patient);
    FIELD_SET(row, created_at_ms, work->now.ms);
    FIELD_SET(row, changed_at_ms, work->now.ms);
    return booking;
}

static void claim(struct work *work, const struct booking_of *booking, struct life_of *life)
{
    Record__Claim *made =
        claim_make(work, life, booking_class(booking), booking->pool->key.hospital, booking->row->patient);

    FIELD_SET(made, booking, life_id_bytes(work, booking->id));
}

/* Q7: only what a team holds by itself counts among its five. */
static const char *holding_team(const Record__Booking *row)
{
    bool counts = row->state == REFERRAL__BOOKING_STATE__PLACE_HELD && !row->has_entry &&
                  row->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR;

    return counts ? row->team_id : NULL;
}

static Referral__LedgerEvent begin_event(const struct booking_seed *seed)
{
    if (seed->allotment)
        return REFERRAL__LEDGER_EVENT__LEDGER_ALLOTTED;
    if (id_is_set(seed->entry))
        return REFERRAL__LEDGER_EVENT__LEDGER_OFFERED;
    return instant_is_set(seed->expires_at) ? REFERRAL__LEDGER_EVENT__LEDGER_HELD
                                            : REFERRAL__LEDGER_EVENT__LEDGER_BOOKED;
}

/* Q3: marks are spread anew over what stays free, and come in whole runs, so that others may be unmarked by it. */
static void take(struct work *work, const struct booking_of *booking, const uint32_t *units, size_t count)
{
    const Record__Booking *row = booking->row;

    pool_take(work, booking->pool, units, count, (Referral__Channel)row->channel, booking->id,
              instant_of(row->expires_at_ms));
    pool_freed(work, booking->pool);
}

struct booking_of *booking_begin(struct work *work, const struct booking_seed *seed)
{
    struct booking_of *booking = make(work, seed);
    const char *team = holding_team(booking->row);

    take(work, booking, seed->units, seed->count);
    if (seed->life != NULL)
        claim(work, booking, seed->life);
    if (team != NULL)
        team_hold_add(work, team, booking->id, seed->expires_at);
    booking_row_put(work->txn, booking->id, booking->row, true);
    write_event(work, booking, begin_event(seed), false);
    return keep(work, booking);
}

static void end_hold(struct work *work, const struct booking_of *booking)
{
    const char *team = holding_team(booking->row);

    if (team != NULL)
        team_hold_end(work, team, booking->id);
}

void booking_confirm(struct work *work, struct booking_of *booking, struct life_of *life)
{
    Record__Booking *row = booking->row;
    bool was_held = row->state == REFERRAL__BOOKING_STATE__PLACE_HELD;

    end_hold(work, booking);
    if (life != NULL && !was_held) { /* taken again: for whom the sheet names now */
        row->patient = life->row->patient;
        row->has_patient = row->patient.len != 0;
    }
    FIELD_SET(row, state, REFERRAL__BOOKING_STATE__PLACE_BOOKED);
    FIELD_CLEAR(row, expires_at_ms);
    take(work, booking, row->units, row->n_units);
    if (life != NULL)
        claim(work, booking, life);
    save(work, booking);
    write_event(work, booking, REFERRAL__LEDGER_EVENT__LEDGER_BOOKED, was_held);
}

/* Still: a lifted one has let go of them already. */
static bool has_its_units(const struct booking_of *booking)
{
    const Record__Unit *first = pool_unit(booking->pool, booking->row->units[0]);

    return first != NULL && id_equal(life_id_of(first->booking), booking->id);
}

void booking_lift(struct work *work, struct booking_of *booking)
{
    pool_release(booking->pool, booking->row->units, booking->row->n_units);
    write_event(work, booking, REFERRAL__LEDGER_EVENT__LEDGER_MOVED_OUT, false);
    pool_freed(work, booking->pool);
}

/* Q6, Q7: a hold lives at the longest until its session begins, also one that was moved to an earlier one. */
static void end_by_start(struct work *work, const struct booking_of *booking, const uint32_t *units)
{
    Record__Booking *row = booking->row;
    int64_t start_ms = pool_unit(booking->pool, units[0])->start_ms;
    const char *team = holding_team(row);

    if (row->state != REFERRAL__BOOKING_STATE__PLACE_HELD || row->expires_at_ms <= start_ms)
        return;
    FIELD_SET(row, expires_at_ms, start_ms);
    if (team != NULL)
        team_hold_add(work, team, booking->id, instant_of(start_ms));
}

void booking_move(struct work *work, struct booking_of *booking, struct pool_of *pool, const uint32_t *units)
{
    Record__Booking *row = booking->row;
    size_t count = row->n_units;

    if (has_its_units(booking))
        booking_lift(work, booking);
    fill_pool(work, booking, pool);
    end_by_start(work, booking, units);
    take(work, booking, units, count);
    set_units(work, booking, units, count);
    save(work, booking);
    write_event(work, booking, REFERRAL__LEDGER_EVENT__LEDGER_MOVED_IN, false);
}

/* ---- Ended ---- */

/* The units, and what the ledger says of them. */
static void give_units(struct work *work, struct booking_of *booking, const uint32_t *units, size_t count,
                       enum units_to units_to, Referral__LedgerRow *row)
{
    if (units_to == UNITS_BLOCKED) {
        pool_block(booking->pool, units, count, REFERRAL__BLOCK_REASON__NOT_KEPT);
        FIELD_SET(row, to_blocked, true);
    } else if (units_to != UNITS_SPENT) {
        pool_release(booking->pool, units, count);
    }
    booking_write_ledger(work, booking, row, units, count);
    if (units_to == UNITS_FREE || units_to == UNITS_BLOCKED)
        pool_freed(work, booking->pool);
}

static Referral__LedgerEvent end_event(Referral__BookingState state)
{
    switch ((int)state) {
    case REFERRAL__BOOKING_STATE__PLACE_USED:
        return REFERRAL__LEDGER_EVENT__LEDGER_USED;
    case REFERRAL__BOOKING_STATE__PLACE_NO_SHOW:
        return REFERRAL__LEDGER_EVENT__LEDGER_NO_SHOW;
    case REFERRAL__BOOKING_STATE__PLACE_DISPLACED:
        return REFERRAL__LEDGER_EVENT__LEDGER_DISPLACED;
    case REFERRAL__BOOKING_STATE__PLACE_LAPSED:
        return REFERRAL__LEDGER_EVENT__LEDGER_LAPSED;
    default:
        return REFERRAL__LEDGER_EVENT__LEDGER_CANCELLED;
    }
}

static void end_claim(struct work *work, const struct booking_of *booking, struct life_of *life)
{
    Record__Claim *ended = claim_of(life->row, booking_class(booking));

    if (ended == NULL || !id_equal(life_id_of(ended->booking), booking->id))
        return;
    FIELD_CLEAR_BYTES(ended, booking);
    claim_settle(work, life, ended, booking->pool->key.hospital, booking->row->patient);
}

void booking_end(struct work *work, struct booking_of *booking, struct life_of *life, Referral__BookingState state,
                 enum units_to units_to, Referral__Reason reason)
{
    Record__Booking *row = booking->row;
    Referral__LedgerRow ledger = REFERRAL__LEDGER_ROW__INIT;

    FIELD_SET(&ledger, event, end_event(state));
    if (row->state == REFERRAL__BOOKING_STATE__PLACE_HELD)
        FIELD_SET(&ledger, was_held, true);
    end_hold(work, booking);
    FIELD_SET(row, state, (uint32_t)state);
    if (reason != 0)
        FIELD_SET(row, reason, (uint32_t)reason);
    if (life != NULL)
        end_claim(work, booking, life);
    if (life != NULL && state == REFERRAL__BOOKING_STATE__PLACE_USED)
        FIELD_SET(life->row, used_classes, life->row->used_classes | 1U << booking_class(booking));
    save(work, booking);
    give_units(work, booking, row->units, row->n_units, units_to, &ledger);
}

void booking_shrink(struct work *work, struct booking_of *booking, const uint32_t *units, size_t count,
                    enum units_to units_to)
{
    Record__Booking *row = booking->row;
    Referral__LedgerRow ledger = REFERRAL__LEDGER_ROW__INIT;
    uint32_t *left = arena_alloc(work->arena, row->n_units * sizeof *left);
    size_t left_count = 0;

    for (size_t i = 0; i < row->n_units; i++) {
        bool goes = false;

        for (size_t j = 0; j < count && !goes; j++)
            goes = row->units[i] == units[j];
        if (!goes)
            left[left_count++] = row->units[i];
    }
    assert(left_count != 0 && left_count + count == row->n_units);
    set_units(work, booking, left, left_count);
    save(work, booking);
    FIELD_SET(&ledger, event, REFERRAL__LEDGER_EVENT__LEDGER_RETURNED);
    give_units(work, booking, units, count, units_to, &ledger);
}
