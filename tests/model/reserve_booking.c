/* reserve_booking.c - one booking and what it means for units, claims and its referral (Q5, Q7, Q8, section 4). */
#include "reserve_inside.h"

#define OPENS_MS   (8 * HOUR_MS)  /* Q8: offers run from 08:00 */
#define CLOSES_MS  (18 * HOUR_MS) /* to 18:00 */
#define OFFER_MS   (2 * HOUR_MS)
#define NO_SHOW_MS DAY_MS

static struct date base_date(void)
{
    return instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES);
}

int64_t m_day_start(int day)
{
    struct date date = date_from_days(date_to_days(base_date()) + day);

    return instant_of_local(date, 0, RESERVE_OFFSET_MINUTES).ms;
}

int m_day_of(int64_t at)
{
    struct date date = instant_local_date(instant_of(at), RESERVE_OFFSET_MINUTES);

    return (int)(date_to_days(date) - date_to_days(base_date()));
}

/* Two hours of the local day's 08:00 to 18:00, at most until an hour before the start; 0: no time is left. */
int64_t m_offer_until(int64_t now, int64_t start)
{
    int64_t left = OFFER_MS, at = now;

    for (int day = m_day_of(now); left > 0; day++) {
        int64_t opens = m_day_start(day) + OPENS_MS, closes = m_day_start(day) + CLOSES_MS;

        at = at < opens ? opens : at;
        if (at >= closes)
            continue;
        if (closes - at >= left) {
            at += left;
            break;
        }
        left -= closes - at;
        at = closes;
    }
    at = at < start - HOUR_MS ? at : start - HOUR_MS;
    return at > now ? at : 0;
}

struct m_claim *m_claim_of(struct world *world, int referral, Referral__PlaceClass class)
{
    return &world->referrals[referral].claims[class];
}

struct m_claim *m_claim_begun(struct world *world, int referral, Referral__PlaceClass class)
{
    struct m_claim *claim = m_claim_of(world, referral, class);

    if (claim->booking == NOBODY && claim->entry == NOBODY)
        claim->order = ++world->claim_count;
    return claim;
}

Referral__PlaceClass m_class_of(const struct world *world, const struct m_booking *booking)
{
    (void)world;
    return reserve_slots[booking->slot].class;
}

bool m_booking_lives(const struct m_booking *booking)
{
    return booking->state == REFERRAL__BOOKING_STATE__PLACE_HELD ||
           booking->state == REFERRAL__BOOKING_STATE__PLACE_BOOKED;
}

/* From the start of its first unit to the end of its last one. */
void m_booking_measure(struct world *world, int booking)
{
    struct m_booking *measured = &world->bookings[booking];
    const struct m_pool *pool = &world->pools[measured->slot];

    for (int i = 0; i < measured->count; i++) {
        const struct m_unit *unit = &pool->units[m_unit_index(pool, measured->units[i])];

        if (i == 0 || unit->start < measured->start)
            measured->start = unit->start;
        if (i == 0 || unit->end > measured->end)
            measured->end = unit->end;
    }
}

/* A booking's units are numbers, in order of start. */
void m_booking_take(struct world *world, int booking, const int *units)
{
    struct m_booking *taken = &world->bookings[booking];
    struct m_pool *pool = &world->pools[taken->slot];

    for (int i = 0; i < taken->count; i++) {
        struct m_unit *unit = &pool->units[units[i]];

        assert(unit->state == REFERRAL__UNIT_STATE__UNIT_FREE && unit->start > world->now);
        unit->state = taken->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR ? REFERRAL__UNIT_STATE__UNIT_FAMILY
                                                                         : REFERRAL__UNIT_STATE__UNIT_GENERAL;
        unit->booking = booking;
        taken->units[i] = unit->number;
    }
    m_booking_measure(world, booking);
    m_note(world, taken->slot);
}

int m_booking_make(struct world *world, const struct seed *seed)
{
    int id = world->booking_count++;
    struct m_booking *booking = &world->bookings[id];

    assert(id < BOOKINGS_MAX);
    *booking = (struct m_booking){.name = {world->label, world->made_bookings++},
                                  .slot = seed->slot,
                                  .referral = seed->referral,
                                  .entry = seed->entry,
                                  .count = seed->count,
                                  .channel = seed->channel,
                                  .state = REFERRAL__BOOKING_STATE__PLACE_HELD,
                                  .expires_at = seed->expires_at,
                                  .allotment = seed->allotment,
                                  .counts_as_hold = seed->counts_as_hold};
    if (seed->referral != NOBODY) {
        const struct m_referral *referral = &world->referrals[seed->referral];

        booking->team = referral->team;
        booking->emergency = referral->priority == REFERRAL__PRIORITY__EMERGENCY;
        m_claim_begun(world, seed->referral, reserve_slots[seed->slot].class)->booking = id;
    }
    m_booking_take(world, id, seed->units);
    world->seen[SEEN_BED_TAKEN] += reserve_slots[seed->slot].class == REFERRAL__PLACE_CLASS__BED;
    world->seen[SEEN_SPAN_TAKEN] += reserve_slots[seed->slot].class == REFERRAL__PLACE_CLASS__EXAM && seed->count > 1;
    return id;
}

void m_booking_vacate(struct world *world, int booking, bool to_blocked)
{
    const struct m_booking *left = &world->bookings[booking];
    struct m_pool *pool = &world->pools[left->slot];

    for (int i = 0; i < pool->count; i++) {
        struct m_unit *unit = &pool->units[i];

        if (unit->booking != booking)
            continue;
        unit->booking = NOBODY;
        unit->state = to_blocked ? REFERRAL__UNIT_STATE__UNIT_BLOCKED : REFERRAL__UNIT_STATE__UNIT_FREE;
        unit->block_reason = to_blocked ? REFERRAL__BLOCK_REASON__NOT_KEPT : 0;
    }
    m_note(world, left->slot);
}

void m_booking_finish(struct world *world, int booking, Referral__BookingState state)
{
    struct m_booking *ended = &world->bookings[booking];

    ended->state = state;
    m_looked_at(world, ended->slot);
    if (ended->referral != NOBODY) {
        struct m_claim *claim = m_claim_of(world, ended->referral, m_class_of(world, ended));

        if (claim->booking == booking) {
            claim->booking = NOBODY;
            claim->is_main &= claim->entry != NOBODY;
        }
    }
}

static bool is_bookable(Referral__State state)
{
    return state == REFERRAL__STATE__SUBMITTED || state == REFERRAL__STATE__DELIVERED ||
           state == REFERRAL__STATE__ACCEPTED || state == REFERRAL__STATE__WAITLISTED ||
           state == REFERRAL__STATE__NO_SHOW;
}

/* Section 4: a booked place drives the referral where the table has a row for it; else it is one of a further class. */
void m_booking_drives(struct world *world, int booking, bool again)
{
    const struct m_booking *booked = &world->bookings[booking];
    struct tiding tiding = {.event = REFERRAL__EVENT_TYPE__EVENT_PLACE_BOOKED,
                            .referral = booked->referral,
                            .told = TOLD_OTHERS,
                            .by = SIDE_SPEAKER};
    struct m_referral *referral;

    if (booked->referral == NOBODY) {
        if (again && booked->entry != NOBODY) /* it was told of the lapse of its own patient's offer */
            m_tell(world, &tiding);
        return;
    }
    referral = &world->referrals[booked->referral];
    if (again && m_speaks_for(world->who, referral->sender)) /* who was told of the lapse is told of this too */
        tiding.told = TOLD_ALL;
    if (is_bookable(referral->state)) {
        referral->rebookings += referral->state == REFERRAL__STATE__NO_SHOW;
        referral->state = REFERRAL__STATE__BOOKED;
        for (int class = 0; class < CLASSES; class ++)
            referral->claims[class].is_main = false;
        m_claim_of(world, booked->referral, m_class_of(world, booked))->is_main = true;
        tiding.event = REFERRAL__EVENT_TYPE__EVENT_BOOK;
        tiding.is_step = true;
    }
    m_tell(world, &tiding);
    m_booking_followed(world, booking);
}

/* The referral lives until a day after its last booked session; of the main one a no-show is assumed then. */
void m_booking_followed(struct world *world, int booking)
{
    const struct m_booking *booked = &world->bookings[booking];
    struct m_referral *referral;

    if (booked->referral == NOBODY || booked->state != REFERRAL__BOOKING_STATE__PLACE_BOOKED)
        return;
    referral = &world->referrals[booked->referral];
    if (world->lives != NULL) {
        world->lives->session(world->lives->user, booked->referral, booked->end,
                              m_claim_of(world, booked->referral, m_class_of(world, booked))->is_main);
        return;
    }
    if (m_claim_of(world, booked->referral, m_class_of(world, booked))->is_main)
        referral->no_show_at = booked->end + NO_SHOW_MS;
    if (booked->end + DAY_MS > referral->valid_until)
        referral->valid_until = booked->end + DAY_MS;
}

int reserve_find_booking(const struct world *world, struct name name)
{
    for (int i = 0; i < world->booking_count; i++)
        if (world->bookings[i].name.label == name.label && world->bookings[i].name.nth == name.nth)
            return i;
    return NOBODY;
}

int reserve_team_holds(const struct world *world, int team)
{
    int count = 0;

    for (int i = 0; i < world->booking_count; i++) {
        const struct m_booking *booking = &world->bookings[i];

        count += booking->counts_as_hold && booking->team == team && booking->entry == NOBODY &&
                 booking->state == REFERRAL__BOOKING_STATE__PLACE_HELD &&
                 (booking->expires_at > world->now || world->doubt);
    }
    return count;
}
