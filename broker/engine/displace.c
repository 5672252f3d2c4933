/* displace.c - first a plan on a picture of the pool, then its steps, so ordered that each finds its units free
 * (Q10). */
#include "engine/displace.h"

#include <stdlib.h>

#include "engine/booking_parts.h"

enum fate {
    STAYS,
    LOSES,     /* its units, and has no others yet */
    MOVES,     /* to others of the pool */
    DISPLACED, /* there are none */
    DONE
};

struct bearer { /* a booking that has units of the pool */
    struct booking_of *booking;
    bool is_family, is_fixed, is_lifted;
    enum fate fate;
    uint32_t *to;   /* MOVES: its new units */
    uint32_t *lost; /* of an allotment: single ones */
    size_t lost_count;
};

#define NOBODY SIZE_MAX

struct picture {
    struct work *work;
    struct pool_of *pool;
    struct units units;     /* of this pool alone; those that go are barred */
    size_t *bearer_of;      /* of each unit: index of its bearer, or NOBODY */
    bool *is_fixed;         /* of each unit: begun, or spent */
    struct bearer *bearers; /* in the order in which they booked */
    size_t count;
    struct bearer **displaced; /* in the order in which they will wait */
    size_t displaced_count;
};

/* ---- Looking ---- */

/* C3: what is due of these referrals happens before anything is decided. */
static void load_lives(struct work *work, struct pool_of *pool)
{
    for (size_t i = 0; i < pool->row->n_units; i++) {
        const Record__Unit *unit = pool->row->units[i];
        const struct booking_of *booking =
            unit_is_booked((enum unit_state)unit->state) ? booking_load(work, id_from_key(unit->booking.data)) : NULL;

        if (booking != NULL && booking->row->has_referral)
            life_load(work, life_id_of(booking->row->referral));
    }
}

static size_t find_bearer(const struct picture *picture, struct id id)
{
    size_t i = 0;

    while (i < picture->count && !id_equal(picture->bearers[i].booking->id, id))
        i++;
    return i;
}

/* Q10: a patient who is inside, was, or did not come, keeps his place in the books. */
static bool is_fixed(const struct picture *picture, const struct booking_of *booking)
{
    bool live = booking->row->state == REFERRAL__BOOKING_STATE__PLACE_HELD ||
                booking->row->state == REFERRAL__BOOKING_STATE__PLACE_BOOKED;

    return !live || (!booking->row->allotment && booking->row->start_ms <= picture->work->now.ms);
}

static int by_id(const void *a, const void *b)
{
    uint8_t key_a[ID_KEY_SIZE], key_b[ID_KEY_SIZE];

    id_to_key(key_a, ((const struct bearer *)a)->booking->id);
    id_to_key(key_b, ((const struct bearer *)b)->booking->id);
    return memcmp(key_a, key_b, ID_KEY_SIZE);
}

static void add_bearers(struct picture *picture)
{
    const Record__Pool *row = picture->pool->row;

    for (size_t i = 0; i < row->n_units; i++) {
        struct booking_of *booking = unit_is_booked((enum unit_state)row->units[i]->state)
                                         ? booking_load(picture->work, id_from_key(row->units[i]->booking.data))
                                         : NULL;

        if (booking == NULL || find_bearer(picture, booking->id) < picture->count)
            continue;
        picture->bearers[picture->count++] =
            (struct bearer){.booking = booking,
                            .is_family = row->units[i]->state == UNIT_IS_FAMILY,
                            .is_fixed = is_fixed(picture, booking),
                            .lost = arena_alloc(picture->work->arena, booking->row->n_units * sizeof(uint32_t))};
    }
    if (picture->count > 1)
        qsort(picture->bearers, picture->count, sizeof *picture->bearers, by_id);
}

static void add_unit(struct picture *picture, const Record__Unit *unit)
{
    size_t i = picture->units.count++, bearer = NOBODY;
    bool begun = unit->start_ms <= picture->work->now.ms;

    picture->units.list[i] = (struct unit){.number = unit->number,
                                           .start = instant_of(unit->start_ms),
                                           .end = instant_of(unit->end_ms),
                                           .state = (enum unit_state)unit->state};
    if (unit_is_booked((enum unit_state)unit->state))
        bearer = find_bearer(picture, id_from_key(unit->booking.data));
    picture->bearer_of[i] = bearer < picture->count ? bearer : NOBODY;
    picture->is_fixed[i] = begun || (unit_is_booked((enum unit_state)unit->state) &&
                                     (bearer >= picture->count || picture->bearers[bearer].is_fixed));
}

struct picture *displace_look(struct work *work, struct pool_of *pool, bool booked)
{
    struct picture *picture = arena_alloc(work->arena, sizeof *picture);
    size_t room;

    if (booked)
        load_lives(work, pool);
    room = pool->row->n_units;
    *picture = (struct picture){.work = work,
                                .pool = pool,
                                .units = {.list = arena_alloc(work->arena, room * sizeof(struct unit))},
                                .bearer_of = arena_alloc(work->arena, room * sizeof(size_t)),
                                .is_fixed = arena_alloc(work->arena, room * sizeof(bool)),
                                .bearers = arena_alloc(work->arena, room * sizeof(struct bearer)),
                                .displaced = arena_alloc(work->arena, room * sizeof(struct bearer *))};
    if (booked)
        add_bearers(picture);
    for (size_t i = 0; i < room; i++)
        add_unit(picture, pool->row->units[i]);
    return picture;
}

struct units displace_may_go(const struct picture *picture)
{
    struct units may_go = {.list = arena_alloc(picture->work->arena, picture->units.count * sizeof *may_go.list)};

    for (size_t i = 0; i < picture->units.count; i++)
        if (!picture->is_fixed[i])
            may_go.list[may_go.count++] = picture->units.list[i];
    return may_go;
}

/* ---- Planning ---- */

static size_t index_of(const struct picture *picture, uint32_t number)
{
    size_t i = 0;

    while (picture->units.list[i].number != number)
        i++;
    return i;
}

static void vacate(struct picture *picture, size_t unit)
{
    picture->units.list[unit].state = UNIT_IS_FREE;
    picture->bearer_of[unit] = NOBODY;
}

static void wait_first(struct picture *picture, struct bearer *bearer)
{
    bearer->fate = DISPLACED;
    picture->displaced[picture->displaced_count++] = bearer;
}

/* An allotment loses this unit alone, any other booking all it has; what becomes of that one is its fate. */
static void lose(struct picture *picture, size_t unit, enum fate fate)
{
    size_t index = picture->bearer_of[unit];
    struct bearer *bearer = &picture->bearers[index];

    if (bearer->booking->row->allotment) {
        bearer->lost[bearer->lost_count++] = picture->units.list[unit].number;
        vacate(picture, unit);
        return;
    }
    if (fate == DISPLACED)
        wait_first(picture, bearer);
    else
        bearer->fate = LOSES;
    for (size_t i = 0; i < picture->units.count; i++)
        if (picture->bearer_of[i] == index)
            vacate(picture, i);
}

static bool find_place(const struct units *units, const struct bearer *bearer, struct instant now, size_t *ret_first)
{
    struct unit_wish wish = {.count = (uint32_t)bearer->booking->row->n_units,
                             .channel = (Referral__Channel)bearer->booking->row->channel,
                             .moves = true};

    return units_find(units, &wish, now, ret_first);
}

static void settle(struct picture *picture, size_t index, size_t first)
{
    struct bearer *bearer = &picture->bearers[index];
    size_t count = bearer->booking->row->n_units;

    bearer->fate = MOVES;
    bearer->to = arena_alloc(picture->work->arena, count * sizeof *bearer->to);
    for (size_t i = 0; i < count; i++) {
        bearer->to[i] = picture->units.list[first + i].number;
        picture->units.list[first + i].state = bearer->is_family ? UNIT_IS_FAMILY : UNIT_IS_GENERAL;
        picture->bearer_of[first + i] = index;
    }
}

/* Would it do if this bearer gave its units? Freed in `units` for good: the next one comes on top. An allotment gives
 * its latest first; what of it has begun is nobody's place any more. */
static bool try_without(const struct picture *picture, struct units *units, size_t general, const struct bearer *bearer,
                        size_t *ret_first)
{
    bool one_by_one = picture->bearers[general].booking->row->allotment;

    for (size_t i = units->count; i-- > 0;) {
        if (picture->bearer_of[i] != general)
            continue;
        units->list[i].state = UNIT_IS_FREE;
        if (one_by_one && find_place(units, bearer, picture->work->now, ret_first))
            return true;
    }
    return !one_by_one && find_place(units, bearer, picture->work->now, ret_first);
}

static bool may_give(const struct bearer *bearer)
{
    return !bearer->is_family && !bearer->is_fixed && bearer->fate == STAYS;
}

/* General bookings make room for a family doctor's, the newest first; those not in the way after all keep theirs. */
static bool make_room(struct picture *picture, size_t index)
{
    const struct bearer *bearer = &picture->bearers[index];
    size_t bytes = picture->units.count * sizeof(struct unit), first = 0;
    struct units trial = {.list = arena_alloc(picture->work->arena, bytes), .count = picture->units.count};
    bool found = false;

    memcpy(trial.list, picture->units.list, bytes);
    for (size_t i = picture->count; i-- > 0 && !found;)
        found = may_give(&picture->bearers[i]) && try_without(picture, &trial, i, bearer, &first);
    if (!found)
        return false;
    for (size_t i = first; i < first + bearer->booking->row->n_units; i++)
        if (picture->bearer_of[i] != NOBODY)
            lose(picture, i, DISPLACED);
    settle(picture, index, first);
    return true;
}

static void find_places(struct picture *picture, bool family)
{
    for (size_t i = 0; i < picture->count; i++) {
        struct bearer *bearer = &picture->bearers[i];
        size_t first;

        if (bearer->is_family != family || bearer->fate != LOSES)
            continue;
        if (find_place(&picture->units, bearer, picture->work->now, &first))
            settle(picture, i, first);
        else if (!family || !make_room(picture, i))
            wait_first(picture, bearer);
    }
}

static void plan(struct picture *picture, const uint32_t *units, size_t count)
{
    for (size_t i = 0; i < count; i++)
        picture->units.list[index_of(picture, units[i])].barred = true;
    for (size_t i = 0; i < picture->units.count; i++)
        if (picture->units.list[i].barred && picture->bearer_of[i] != NOBODY)
            lose(picture, i, LOSES);
    find_places(picture, true);
    find_places(picture, false);
}

/* ---- Doing it ---- */

static bool is_there(const uint32_t *units, size_t count, uint32_t number)
{
    size_t i = 0;

    while (i < count && units[i] != number)
        i++;
    return i < count;
}

static bool finds_its_units_free(const struct picture *picture, const struct bearer *bearer)
{
    const Record__Booking *row = bearer->booking->row;

    for (size_t i = 0; i < row->n_units; i++)
        if (pool_unit(picture->pool, bearer->to[i])->state != UNIT_IS_FREE &&
            !is_there(row->units, row->n_units, bearer->to[i]))
            return false;
    return true;
}

/* The first move that can be made now; where all wait for each other, the first of them lets go of its units. */
static bool move_one(struct picture *picture)
{
    struct bearer *waits = NULL;

    for (size_t i = 0; i < picture->count; i++) {
        struct bearer *bearer = &picture->bearers[i];

        if (bearer->fate != MOVES)
            continue;
        if (finds_its_units_free(picture, bearer)) {
            booking_shift(picture->work, bearer->booking, bearer->to);
            bearer->fate = DONE;
            return true;
        }
        if (waits == NULL && !bearer->is_lifted)
            waits = bearer;
    }
    if (waits == NULL)
        return false;
    booking_lift(picture->work, waits->booking);
    waits->is_lifted = true;
    return true;
}

static uint32_t count_touched(const struct picture *picture)
{
    uint32_t touched = 0;

    for (size_t i = 0; i < picture->count; i++)
        touched += picture->bearers[i].fate != STAYS || picture->bearers[i].lost_count != 0;
    return touched;
}

static void displace(const struct picture *picture, const struct bearer *bearer)
{
    Referral__Event *detail = place_detail(picture->work, DISPLACE, NULL);

    FIELD_SET(detail, reason, REFERRAL__REASON__NOT_AVAILABLE);
    booking_displace(picture->work, bearer->booking, UNITS_GONE, detail);
}

static void shrink_allotments(struct picture *picture)
{
    for (size_t i = 0; i < picture->count; i++) {
        const struct bearer *bearer = &picture->bearers[i];

        if (bearer->lost_count == 0)
            continue;
        if (bearer->lost_count == bearer->booking->row->n_units)
            displace(picture, bearer);
        else
            booking_shrink(picture->work, bearer->booking, bearer->lost, bearer->lost_count, UNITS_GONE);
    }
}

uint32_t displace_from(struct picture *picture, const uint32_t *units, size_t count)
{
    plan(picture, units, count);
    waiting_pause(picture->work); /* what goes is not offered on its way out */
    for (size_t i = 0; i < picture->displaced_count; i++)
        displace(picture, picture->displaced[i]);
    shrink_allotments(picture);
    while (move_one(picture))
        ;
    waiting_resume(picture->work);
    return count_touched(picture);
}
