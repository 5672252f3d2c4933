/* booking_view.c - a booking looked at: what it is, and what its parties are shown of it (Q7, P2). */
#include "engine/booking.h"

Referral__PlaceClass booking_class(const struct booking_of *booking)
{
    return (Referral__PlaceClass)booking->pool->key.class;
}

struct id booking_referral(const struct booking_of *booking)
{
    return life_id_of(booking->row->referral);
}

bool booking_has_started(const struct work *work, const struct booking_of *booking)
{
    return instant_is_due(instant_of(booking->row->start_ms), work->now);
}

/* A name for people; without one, what the hospital calls the session, ward or device. */
static char *doctor_of(const Record__Pool *pool, const char *resource, struct arena *arena)
{
    return arena_text(arena, pool != NULL && pool->doctor != NULL ? pool->doctor : resource);
}

Referral__Place *booking_place(struct work *work, const struct booking_of *booking)
{
    Referral__Place *place = arena_alloc(work->arena, sizeof *place);
    struct pool_of *pool = booking->pool;

    referral__place__init(place);
    FIELD_SET(place, class_, booking_class(booking));
    FIELD_SET(place, start_ms, booking->row->start_ms);
    FIELD_SET(place, end_ms, booking->row->end_ms);
    place->department = pool->key.department;
    place->doctor = doctor_of(pool->row, pool->key.resource, work->arena);
    return place;
}

static void view_pool(struct work *work, Referral__Booking *view, const Record__Booking *row)
{
    struct bytes key_bytes = bytes_of(row->pool.data, row->pool.len);
    const struct pool_of *kept = cache_find(work->cache, CACHE_POOL, key_bytes, bytes_of(NULL, 0));
    char date[DATE_TEXT_SIZE];
    struct pool_key key;

    if (!pool_key_parse(key_bytes, &key))
        return;
    view->pool = arena_alloc(work->arena, sizeof *view->pool);
    referral__pool_ref__init(view->pool);
    view->pool->hospital = row->hospital;
    FIELD_SET(view->pool, class_, (Referral__PlaceClass)key.class);
    view->pool->department = arena_text(work->arena, key.department);
    view->pool->resource = arena_text(work->arena, key.resource);
    date_format(date, date_from_days(key.day));
    view->pool->date = arena_text(work->arena, date);
    view->doctor = doctor_of(kept != NULL ? kept->row : pool_row(work->txn, &key), key.resource, work->arena);
}

static char *id_text(struct work *work, ProtobufCBinaryData bytes)
{
    return bytes.len == ID_KEY_SIZE ? arena_text(work->arena, work_id_text(work, life_id_of(bytes))) : NULL;
}

/* A copy: the record may change before the answer is packed. */
static void view_units(struct work *work, Referral__Booking *view, const Record__Booking *row)
{
    view->n_units = row->n_units;
    view->units = arena_alloc(work->arena, row->n_units * sizeof *view->units);
    if (row->n_units != 0)
        memcpy(view->units, row->units, row->n_units * sizeof *view->units);
}

Referral__Booking *booking_view(struct work *work, struct id id, const Record__Booking *row, bool for_hospital)
{
    Referral__Booking *view = arena_alloc(work->arena, sizeof *view);

    referral__booking__init(view);
    view->booking_id = arena_text(work->arena, work_id_text(work, id));
    view_pool(work, view, row);
    FIELD_SET(view, channel, (Referral__Channel)row->channel);
    FIELD_SET(view, state, (Referral__BookingState)row->state);
    view_units(work, view, row);
    FIELD_SET(view, start_ms, row->start_ms);
    FIELD_SET(view, end_ms, row->end_ms);
    if (row->state == REFERRAL__BOOKING_STATE__PLACE_HELD)
        FIELD_SET(view, expires_at_ms, row->expires_at_ms);
    view->referral_id = id_text(work, row->referral);
    view->team_id = row->team_id;
    if (for_hospital)
        view->reference = row->reference;
    view->entry_id = id_text(work, row->entry);
    if (row->allotment)
        FIELD_SET(view, allotment, true);
    if (row->emergency)
        FIELD_SET(view, emergency, true);
    FIELD_SET(view, created_at_ms, row->created_at_ms);
    if (row->has_reason)
        FIELD_SET(view, reason, (Referral__Reason)row->reason);
    return view;
}
