/* waiting.c - one entry of a wait-list: loaded, shown, put in its place, removed (Q8, Q10). */
#include "engine/waiting.h"

#include <assert.h>

#include "engine/booking_parts.h"
#include "engine/families.h"
#include "rules/pool_times.h"

#define DISPLACED_DAYS 14 /* Q10: it waits so long for another place */

static struct bytes no_bytes(void)
{
    return bytes_of(NULL, 0);
}

static struct waiting_of *find_kept(struct work *work, struct id id)
{
    uint8_t key[ID_KEY_SIZE];

    id_to_key(key, id);
    return cache_find(work->cache, CACHE_WAITING, bytes_of(key, sizeof key), no_bytes());
}

static struct waiting_of *keep(struct work *work, const struct wait_key *key, Record__WaitEntry *row)
{
    struct waiting_of *entry = arena_alloc(work->arena, sizeof *entry);
    uint8_t id[ID_KEY_SIZE];

    *entry = (struct waiting_of){.key = *key, .row = row};
    id_to_key(id, key->id);
    return cache_keep(work->cache, CACHE_WAITING, bytes_of(id, sizeof id), no_bytes(), entry);
}

static struct waiting_of *unless_gone(struct waiting_of *entry)
{
    return entry == NULL || entry->gone ? NULL : entry;
}

struct waiting_of *waiting_load(struct work *work, struct id id)
{
    struct waiting_of *entry = find_kept(work, id);
    struct wait_key key;
    Record__WaitEntry *row;

    if (entry != NULL)
        return unless_gone(entry);
    row = wait_row(work->txn, id, &key);
    if (row == NULL)
        return NULL;
    if (row->has_offer)
        booking_load(work, life_id_of(row->offer)); /* it may have lapsed, for the third time even */
    entry = find_kept(work, id);
    if (entry != NULL)
        return unless_gone(entry);
    row = wait_row(work->txn, id, &key);
    return row == NULL ? NULL : keep(work, &key, row);
}

/* ---- Shown ---- */

static char *date_text(struct work *work, int64_t day)
{
    char text[DATE_TEXT_SIZE];

    date_format(text, date_from_days(day));
    return arena_text(work->arena, text);
}

static Referral__Booking *view_offer(struct work *work, const Record__WaitEntry *row, bool for_hospital)
{
    struct id id = life_id_of(row->offer);
    const Record__Booking *offer = row->has_offer ? booking_row(work->txn, id) : NULL;

    return offer == NULL ? NULL : booking_view(work, id, offer, for_hospital);
}

Referral__WaitEntry *waiting_view(struct work *work, const struct waiting_of *entry, bool for_hospital)
{
    Referral__WaitEntry *view = arena_alloc(work->arena, sizeof *view);
    const Record__WaitEntry *row = entry->row;

    referral__wait_entry__init(view);
    view->entry_id = arena_text(work->arena, work_id_text(work, entry->key.id));
    view->hospital = arena_text(work->arena, institution_id_of(work->txn, entry->key.hospital));
    FIELD_SET(view, class_, (Referral__PlaceClass)entry->key.class);
    view->department = arena_text(work->arena, entry->key.department);
    view->resource = row->resource;
    view->first_date = date_text(work, row->first_day);
    view->last_date = date_text(work, row->last_day);
    FIELD_SET(view, units, row->units);
    FIELD_SET(view, channel, (Referral__Channel)row->channel);
    if (row->displaced)
        FIELD_SET(view, displaced, true);
    FIELD_SET(view, priority, (Referral__Priority)row->priority);
    FIELD_SET(view, since_ms, row->since_ms);
    if (row->has_referral)
        view->referral_id = arena_text(work->arena, work_id_text(work, life_id_of(row->referral)));
    view->team_id = row->team_id;
    if (for_hospital)
        view->reference = row->reference;
    view->offer = view_offer(work, row, for_hospital);
    FIELD_SET(view, lapses, row->lapses);
    return view;
}

/* ---- In the list ---- */

static enum wait_rank rank_of(const struct waiting_seed *seed)
{
    if (seed->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR)
        return seed->displaced ? RANK_DISPLACED_FAMILY : RANK_FAMILY;
    return seed->displaced ? RANK_DISPLACED_GENERAL : RANK_GENERAL;
}

static struct wait_key key_of(struct work *work, const struct waiting_seed *seed)
{
    struct wait_key key = {.hospital = seed->hospital->row->number,
                           .class = (uint8_t)seed->class,
                           .rank = (uint8_t)rank_of(seed),
                           .priority = REFERRAL__PRIORITY__ROUTINE,
                           .since = work->now,
                           .id = work_new_id(work)};

    strncpy(key.department, seed->department, sizeof key.department - 1);
    if (seed->life != NULL)
        key.priority = (uint8_t)seed->life->row->priority;
    return key;
}

static void claim(struct work *work, const struct wait_key *key, const struct waiting_seed *seed)
{
    Record__Claim *made = claim_make(work, seed->life, seed->class, key->hospital, seed->patient);

    FIELD_SET(made, entry, life_id_bytes(work, key->id));
}

static void set_due(struct work *work, struct id id, const Record__WaitEntry *row, bool is_due)
{
    uint8_t key[ID_KEY_SIZE];

    id_to_key(key, id);
    if (is_due)
        due_add(work->txn, instant_of(row->due_ms), DUE_ENTRY, bytes_of(key, sizeof key));
    else
        due_delete(work->txn, instant_of(row->due_ms), DUE_ENTRY, bytes_of(key, sizeof key));
}

struct waiting_of *waiting_put(struct work *work, const struct waiting_seed *seed)
{
    Record__WaitEntry *row = arena_alloc(work->arena, sizeof *row);
    struct wait_key key = key_of(work, seed);

    assert(seed->units >= 1 && seed->units <= WAIT_UNITS_MAX);
    record__wait_entry__init(row);
    FIELD_SET(row, schema, STORE_SCHEMA);
    FIELD_SET(row, units, seed->units);
    FIELD_SET(row, channel, (uint32_t)seed->channel);
    if (seed->displaced)
        FIELD_SET(row, displaced, true);
    row->resource = arena_text(work->arena, seed->resource);
    FIELD_SET(row, first_day, seed->first_day);
    FIELD_SET(row, last_day, seed->last_day);
    FIELD_SET(row, priority, key.priority);
    FIELD_SET(row, since_ms, key.since.ms);
    if (seed->life != NULL) {
        FIELD_SET(row, referral, life_id_bytes(work, seed->life->id));
        row->team_id = seed->life->row->team_id;
        claim(work, &key, seed);
    }
    row->reference = arena_text(work->arena, seed->reference);
    if (seed->patient.len != 0)
        FIELD_SET(row, patient, seed->patient);
    FIELD_SET(row, due_ms, instant_of_local(date_from_days(seed->last_day + 1), 0, seed->hospital->offset_minutes).ms);
    set_due(work, key.id, row, true);
    wait_row_put(work->txn, &key, row, true);

    struct waiting_of *entry = keep(work, &key, row);

    waiting_note_entry(work, entry);
    return entry;
}

struct waiting_of *waiting_put_displaced(struct work *work, const struct booking_of *booking, struct life_of *life)
{
    const struct pool_key *key = &booking->pool->key;
    int64_t today = date_to_days(instant_local_date(work->now, booking->pool->hospital->offset_minutes));
    struct waiting_seed seed = {.hospital = booking->pool->hospital,
                                .class = booking_class(booking),
                                .department = key->department,
                                .first_day = key->day < today ? today : key->day,
                                .units = (uint32_t)booking->row->n_units,
                                .channel = (Referral__Channel)booking->row->channel,
                                .displaced = true,
                                .life = life,
                                .reference = booking->row->reference,
                                .patient = booking->row->patient};

    seed.last_day = seed.first_day + DISPLACED_DAYS;
    return waiting_put(work, &seed);
}

static void end_offer(struct work *work, struct waiting_of *entry, struct life_of *life)
{
    struct booking_of *offer = entry->row->has_offer ? booking_load(work, life_id_of(entry->row->offer)) : NULL;

    FIELD_CLEAR_BYTES(entry->row, offer);
    if (offer == NULL || offer->row->state != REFERRAL__BOOKING_STATE__PLACE_HELD)
        return;
    booking_end(work, offer, life, REFERRAL__BOOKING_STATE__PLACE_CANCELLED, UNITS_FREE, 0);
    pool_save(work, offer->pool);
}

void waiting_remove(struct work *work, struct waiting_of *entry, struct life_of *life)
{
    Record__Claim *claimed = life == NULL ? NULL : claim_of(life->row, (Referral__PlaceClass)entry->key.class);

    entry->gone = true;
    end_offer(work, entry, life);
    set_due(work, entry->key.id, entry->row, false);
    wait_row_delete(work->txn, &entry->key);
    if (claimed == NULL || !id_equal(life_id_of(claimed->entry), entry->key.id))
        return;
    FIELD_CLEAR_BYTES(claimed, entry);
    claim_settle(work, life, claimed, entry->key.hospital, entry->row->patient);
}

/* ---- Offers that led to nothing ---- */

/* Units of days that are past are nobody's any more. */
static bool is_past(struct work *work, const Record__DeclinedUnit *declined)
{
    struct pool_key key;

    return !pool_key_parse(bytes_of(declined->pool.data, declined->pool.len), &key) ||
           key.day < date_to_days(instant_local_date(work->now, 0)) - 1;
}

static void bar_units(struct work *work, Record__WaitEntry *row, const struct booking_of *offer)
{
    size_t room = row->n_declined + offer->row->n_units, kept = 0;
    Record__DeclinedUnit **declined = arena_alloc(work->arena, room * sizeof(Record__DeclinedUnit *));

    for (size_t i = 0; i < row->n_declined; i++)
        if (!is_past(work, row->declined[i]))
            declined[kept++] = row->declined[i];
    for (size_t i = 0; i < offer->row->n_units; i++) {
        Record__DeclinedUnit *unit = arena_alloc(work->arena, sizeof *unit);

        record__declined_unit__init(unit);
        FIELD_SET(unit, pool, offer->row->pool);
        FIELD_SET(unit, number, offer->row->units[i]);
        declined[kept++] = unit;
    }
    row->declined = declined;
    row->n_declined = kept;
}

/* Q8: who let three offers lapse does not wait, nor does anybody for days that are over. */
static void take_off(struct work *work, struct waiting_of *entry, struct life_of *life)
{
    const struct registry_institution *hospital = registry_institution_of(work, entry->key.hospital);
    struct place_news news = {.event = LIST_LEFT, .entry = entry, .by = BY_CLOCK, .told = TOLD_SENDER};
    const Record__Claim *claim = life == NULL ? NULL : claim_of(life->row, (Referral__PlaceClass)entry->key.class);
    bool is_main = claim != NULL && claim->is_main && life->row->state == WAITLISTED;
    struct step step = {
        .event = LIST_LEFT, .by = BY_BROKER, .by_name = "broker", .entry = waiting_view(work, entry, false)};

    waiting_remove(work, entry, life);
    if (is_main)
        life_step(work, life,
                  lifecycle_find(LIFE_UP, WAITLISTED, LEAVE_LIST, BY_SENDER, (Referral__Priority)life->row->priority),
                  &step);
    else
        place_tell_owner(work, life, hospital, &news);
}

void waiting_offer_ended(struct work *work, struct waiting_of *entry, struct life_of *life,
                         const struct booking_of *offer, bool lapsed)
{
    Record__WaitEntry *row = entry->row;

    FIELD_CLEAR_BYTES(row, offer);
    bar_units(work, row, offer);
    if (lapsed)
        FIELD_SET(row, lapses, row->lapses + 1);
    if (row->lapses >= OFFER_LAPSES_MAX) {
        take_off(work, entry, life);
        return;
    }
    wait_row_put(work->txn, &entry->key, row, false);
    waiting_note_entry(work, entry); /* something else may be free */
}

/* ---- Days that are over ---- */

static void wait_a_step(struct work *work, struct waiting_of *entry)
{
    set_due(work, entry->key.id, entry->row, false);
    FIELD_SET(entry->row, due_ms, work_held_back(work, instant_of(entry->row->due_ms)).ms);
    set_due(work, entry->key.id, entry->row, true);
    wait_row_put(work->txn, &entry->key, entry->row, false);
}

void waiting_wake(struct work *work, struct instant at, struct bytes id)
{
    struct waiting_of *entry = id.size == ID_KEY_SIZE ? waiting_load(work, id_from_key(id.data)) : NULL;
    struct life_of *life = NULL;

    if (entry == NULL || !clockwork_wakes(at, entry->row->due_ms))
        return;
    if (entry->row->has_referral)
        life = life_load(work, life_id_of(entry->row->referral)); /* what is due of it may end it (C3) */
    if (entry->gone)
        return;
    if (work->hold) /* C4 */
        wait_a_step(work, entry);
    else
        take_off(work, entry, life);
    if (life != NULL)
        life_save(work, life);
}
