/* booking_end.c - what clock and hospital do to bookings: lapse, no-show, displacement, other units (Q7, Q10, Q12). */
#include "engine/booking_parts.h"
#include "engine/life_clock.h"

static struct place_news by_clock(enum event event, const struct booking_of *booking)
{
    return (struct place_news){.event = event, .booking = booking, .by = BY_CLOCK, .told = TOLD_SENDER};
}

static bool is_in(const struct booking_of *booking, Referral__BookingState state)
{
    return booking->row->state == (uint32_t)state;
}

/* Loading a referral may have ended it, and its bookings (C3). What that frees elsewhere is offered when this pool is
 * done. */
static struct life_of *load_life(struct work *work, const struct booking_of *booking)
{
    struct life_of *life = NULL;

    if (!id_is_set(booking_referral(booking)))
        return NULL;
    waiting_pause(work);
    life = life_load(work, booking_referral(booking));
    waiting_resume(work);
    return life;
}

static struct waiting_of *entry_of(struct work *work, const struct booking_of *booking)
{
    return booking->row->has_entry ? waiting_load(work, life_id_of(booking->row->entry)) : NULL;
}

/* Is this the live offer of its entry? A lapsed one that was taken again is not. */
static struct waiting_of *offered_to(struct work *work, const struct booking_of *booking)
{
    struct waiting_of *entry = entry_of(work, booking);

    return entry != NULL && id_equal(life_id_of(entry->row->offer), booking->id) ? entry : NULL;
}

/* A unit of the pool names it: does it say the same? */
static bool is_of(struct work *work, const struct booking_of *booking, const struct pool_of *pool)
{
    if (booking != NULL && booking->pool == pool)
        return true;
    store_damaged(work->txn, TABLE_POOL, pool->key_bytes);
    return false;
}

void booking_lapse(struct work *work, struct pool_of *pool, struct id id)
{
    struct booking_of *booking = booking_load(work, id);
    struct life_of *life = booking == NULL ? NULL : load_life(work, booking);
    struct place_news news = by_clock(PLACE_LAPSED, booking);
    struct waiting_of *entry;

    if (booking != NULL && !is_in(booking, REFERRAL__BOOKING_STATE__PLACE_HELD))
        return; /* its referral has ended */
    if (!is_of(work, booking, pool))
        return;
    entry = offered_to(work, booking);
    booking_end(work, booking, life, REFERRAL__BOOKING_STATE__PLACE_LAPSED, UNITS_FREE, 0);
    if (life != NULL || entry != NULL) /* a hospital knows its own holds */
        place_tell_owner(work, life, pool->hospital, &news);
    if (entry != NULL)
        waiting_offer_ended(work, entry, life, booking, true);
    if (life != NULL)
        life_save(work, life);
}

void booking_assume_no_show(struct work *work, struct pool_of *pool, struct id id)
{
    struct booking_of *booking = booking_load(work, id);
    struct life_of *life = booking == NULL ? NULL : load_life(work, booking);
    struct place_news news = by_clock(MISS, booking);

    if (!is_of(work, booking, pool) || life == NULL || !is_in(booking, REFERRAL__BOOKING_STATE__PLACE_BOOKED) ||
        booking_main(work, life) == booking)
        return;
    booking_end(work, booking, life, REFERRAL__BOOKING_STATE__PLACE_NO_SHOW, UNITS_SPENT, 0);
    news.assumed = true;
    news.told = TOLD_ALL; /* as of the main one: the hospital did not say so */
    place_tell(work, life, &news);
    life_save(work, life);
}

/* Section 4: a booked main place that the hospital takes away leaves the referral waiting. */
static void step_displaced(struct work *work, struct life_of *life, const struct booking_of *booking,
                           const struct waiting_of *entry, const Referral__Event *detail)
{
    int by = place_by_hospital(work);
    struct step step = {.event = DISPLACE,
                        .by = by,
                        .by_name = place_by_name(work, by),
                        .by_number = life->row->receiver_number,
                        .detail = detail,
                        .booking = booking_view(work, booking->id, booking->row, false),
                        .entry = waiting_view(work, entry, false)};

    life_step(work, life,
              lifecycle_find(LIFE_UP, (enum state)life->row->state, DISPLACE, BY_RECEIVER,
                             (Referral__Priority)life->row->priority),
              &step);
}

/* What the broker chose the hospital learns; what it named itself it knows. */
static void tell_displaced(struct work *work, struct life_of *life, const struct booking_of *booking,
                           const struct waiting_of *entry, enum units_to units_to, const Referral__Event *detail)
{
    struct place_news news = {.event = PLACE_DISPLACED,
                              .booking = booking,
                              .entry = entry,
                              .by = place_by_hospital(work),
                              .told = TOLD_SENDER,
                              .detail = detail};

    if (life != NULL)
        place_tell(work, life, &news);
    else if (units_to == UNITS_GONE)
        place_tell_hospital(work, booking->pool->hospital, &news);
}

/* It has cost nobody a place; the entry stands where it stood. */
static void displace_offer(struct work *work, struct booking_of *booking, struct waiting_of *entry,
                           struct life_of *life, enum units_to units_to, const Referral__Event *detail)
{
    booking_end(work, booking, life, REFERRAL__BOOKING_STATE__PLACE_DISPLACED, units_to,
                (Referral__Reason)detail->reason);
    waiting_offer_ended(work, entry, life, booking, false);
    tell_displaced(work, life, booking, entry, units_to, detail);
}

static void displace_place(struct work *work, struct booking_of *booking, struct life_of *life, enum units_to units_to,
                           const Referral__Event *detail)
{
    bool is_main = life != NULL && booking_main(work, life) == booking;
    struct waiting_of *entry = NULL;

    if (!booking->row->allotment)
        entry = waiting_put_displaced(work, booking, life); /* first, so that the claim lives on */
    booking_end(work, booking, life, REFERRAL__BOOKING_STATE__PLACE_DISPLACED, units_to,
                (Referral__Reason)detail->reason);
    if (is_main)
        step_displaced(work, life, booking, entry, detail);
    else
        tell_displaced(work, life, booking, entry, units_to, detail);
}

void booking_displace(struct work *work, struct booking_of *booking, enum units_to units_to,
                      const Referral__Event *detail)
{
    struct life_of *life = load_life(work, booking);
    struct waiting_of *entry = offered_to(work, booking);

    if (!is_in(booking, REFERRAL__BOOKING_STATE__PLACE_HELD) && !is_in(booking, REFERRAL__BOOKING_STATE__PLACE_BOOKED))
        return; /* its referral has ended */
    if (entry != NULL)
        displace_offer(work, booking, entry, life, units_to, detail);
    else
        displace_place(work, booking, life, units_to, detail);
    if (life != NULL)
        life_save(work, life);
}

void booking_shift(struct work *work, struct booking_of *booking, const uint32_t *units)
{
    struct life_of *life = load_life(work, booking);
    struct place_news news = {
        .event = PLACE_MOVED, .booking = booking, .by = place_by_hospital(work), .told = TOLD_SENDER};

    if (!is_in(booking, REFERRAL__BOOKING_STATE__PLACE_HELD) && !is_in(booking, REFERRAL__BOOKING_STATE__PLACE_BOOKED))
        return; /* its referral has ended */
    booking_move(work, booking, booking->pool, units);
    if (life != NULL && booking_main(work, life) == booking)
        life_place(work, life, booking_place(work, booking));
    else if (life != NULL && is_in(booking, REFERRAL__BOOKING_STATE__PLACE_BOOKED))
        life_clock_extend(work, life, instant_of(booking->row->end_ms));
    place_tell_owner(work, life, booking->pool->hospital, &news);
    if (life != NULL)
        life_save(work, life);
}
