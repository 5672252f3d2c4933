/* reserve_cut.c - capacity goes: which units, and what becomes of those who had them (Q10). */
#include "reserve_inside.h"

/* Started, or used up: such a unit never goes. */
bool m_unit_is_spent(const struct world *world, const struct m_unit *unit)
{
    const struct m_booking *booking = unit->booking == NOBODY ? NULL : &world->bookings[unit->booking];

    return unit->start <= world->now ||
           (booking != NULL && (!m_booking_lives(booking) || (!booking->allotment && booking->start <= world->now)));
}

/* Blocked ones first, then the latest free, then, if booked ones may go too, the latest general, then family ones. */
int m_cut_choose(const struct world *world, int slot, const bool *eligible, int count, bool booked,
                 int ret_units[UNITS_MAX])
{
    static const Referral__UnitState order[] = {REFERRAL__UNIT_STATE__UNIT_BLOCKED, REFERRAL__UNIT_STATE__UNIT_FREE,
                                                REFERRAL__UNIT_STATE__UNIT_GENERAL, REFERRAL__UNIT_STATE__UNIT_FAMILY};
    const struct m_pool *pool = &world->pools[slot];
    int got = 0;

    for (int s = 0; s < (booked ? 4 : 2); s++)
        for (int i = pool->count - 1; i >= 0 && got < count; i--)
            if (eligible[i] && pool->units[i].state == order[s] && !m_unit_is_spent(world, &pool->units[i]))
                ret_units[got++] = i;
    return got;
}

/* What a cut does, judged on a picture of the pool: units that go, and whose places are lost. */
struct cut {
    struct world *world;
    int slot;
    const bool *goes;
    bool lost[BOOKINGS_MAX];
};

static struct m_pool *pool_of(const struct cut *cut)
{
    return &cut->world->pools[cut->slot];
}

static bool is_target(const struct cut *cut, int index)
{
    const struct m_unit *unit = &pool_of(cut)->units[index];

    return !cut->goes[index] && unit->start > cut->world->now &&
           (unit->state == REFERRAL__UNIT_STATE__UNIT_FREE || unit->vacant);
}

/* The earliest `count` consecutive targets; NOBODY: none. */
static int find_target(const struct cut *cut, int count)
{
    const struct m_pool *pool = pool_of(cut);

    for (int first = 0; first + count <= pool->count; first++) {
        int i = first;

        while (i < first + count && is_target(cut, i) && (i == first || m_units_follow(pool, i - 1)))
            i++;
        if (i == first + count)
            return first;
    }
    return NOBODY;
}

/* An allotment goes on giving what of it has not begun. */
static bool has_started(const struct cut *cut, int booking)
{
    const struct m_booking *taken = &cut->world->bookings[booking];

    return !taken->allotment && taken->start <= cut->world->now;
}

/* Somebody else's latest living general place which nobody has looked at; of an allotment, one unit at a time. */
static int newest_general(const struct cut *cut, const bool *tried)
{
    for (int b = cut->world->booking_count - 1; b >= 0; b--) {
        const struct m_booking *booking = &cut->world->bookings[b];

        if (booking->slot == cut->slot && m_booking_lives(booking) && !tried[b] && !cut->lost[b] &&
            booking->channel == REFERRAL__CHANNEL__GENERAL && !has_started(cut, b))
            return b;
    }
    return NOBODY;
}

/* One step further: the next unit or units of general bookings look free. False: there are no more. */
static bool vacate_next(const struct cut *cut, bool *tried)
{
    struct m_pool *pool = pool_of(cut);
    int booking = newest_general(cut, tried), left = 0;
    bool one = false;

    if (booking == NOBODY)
        return false;
    for (int i = pool->count - 1; i >= 0; i--) {
        if (pool->units[i].booking != booking || pool->units[i].vacant || cut->goes[i] ||
            pool->units[i].start <= cut->world->now)
            continue;
        if (one) {
            left++;
            continue;
        }
        pool->units[i].vacant = true;
        one = cut->world->bookings[booking].allotment;
    }
    tried[booking] = left == 0;
    return true;
}

static void lose_unit(struct world *world, int slot, int booking, int index)
{
    struct m_booking *shrinks = &world->bookings[booking];
    struct m_unit *unit = &world->pools[slot].units[index];
    int at = 0;

    for (int i = 0; i < shrinks->count; i++)
        if (shrinks->units[i] != unit->number)
            shrinks->units[at++] = shrinks->units[i];
    shrinks->count = at;
    m_booking_measure(world, booking);
    unit->booking = NOBODY;
    unit->state = REFERRAL__UNIT_STATE__UNIT_FREE;
    if (at != 0)
        return;
    m_booking_finish(world, booking, REFERRAL__BOOKING_STATE__PLACE_DISPLACED);
    m_displaced(world, booking, false);
}

/* The hospital has taken it away, now or by what its timetable says: whom that makes wait. */
void m_displaced(struct world *world, int booking, bool was_main)
{
    const struct m_booking *lost = &world->bookings[booking];
    struct tiding tiding = {.event = REFERRAL__EVENT_TYPE__EVENT_PLACE_DISPLACED,
                            .referral = lost->referral,
                            .told = TOLD_SENDER,
                            .by = SIDE_HOSPITAL};

    if (was_main) {
        m_claim_of(world, lost->referral, m_class_of(world, lost))->is_main = true;
        world->referrals[lost->referral].state = REFERRAL__STATE__WAITLISTED;
        world->referrals[lost->referral].no_show_at = 0;
        tiding = (struct tiding){.event = REFERRAL__EVENT_TYPE__EVENT_DISPLACE,
                                 .referral = lost->referral,
                                 .told = TOLD_OTHERS,
                                 .by = SIDE_HOSPITAL,
                                 .is_step = true};
    }
    m_tell(world, &tiding);
}

/* It has no place any more: an offer's entry waits again, others wait first. */
static void displace(struct world *world, int booking)
{
    struct m_booking *lost = &world->bookings[booking];
    int entry = lost->entry;
    bool offered = lost->state == REFERRAL__BOOKING_STATE__PLACE_HELD && entry != NOBODY &&
                   world->entries[entry].live && world->entries[entry].offer == booking;
    bool was_main = lost->referral != NOBODY && m_claim_of(world, lost->referral, m_class_of(world, lost))->is_main &&
                    m_claim_of(world, lost->referral, m_class_of(world, lost))->booking == booking;

    m_book_taken_back(world, booking);
    m_booking_vacate(world, booking, false);
    m_booking_finish(world, booking, REFERRAL__BOOKING_STATE__PLACE_DISPLACED);
    if (offered) {
        m_entry_offer_ended(world, entry, booking, false);
        m_displaced(world, booking, false);
        return;
    }
    if (lost->allotment)
        return;
    m_entry_displaced(world, booking);
    m_displaced(world, booking, was_main);
}

static void settle_at(struct cut *cut, int booking, int first)
{
    int units[UNITS_MAX];

    for (int i = 0; i < cut->world->bookings[booking].count; i++)
        units[i] = first + i;
    m_booking_take(cut->world, booking, units);
    if (cut->world->bookings[booking].expires_at > cut->world->bookings[booking].start) /* a hold ends when it begins */
        cut->world->bookings[booking].expires_at = cut->world->bookings[booking].start;
    cut->lost[booking] = false;
}

/* Those whose units the family's place needs lose theirs; the others keep them. */
static void give_way(struct cut *cut, int first, int count)
{
    struct m_pool *pool = pool_of(cut);

    for (int i = first; i < first + count; i++) {
        int booking = pool->units[i].booking;

        if (!pool->units[i].vacant || booking == NOBODY)
            continue;
        if (cut->world->bookings[booking].allotment)
            lose_unit(cut->world, cut->slot, booking, i);
        else
            displace(cut->world, booking);
    }
}

static void place_family(struct cut *cut, int booking)
{
    struct m_pool *pool = pool_of(cut);
    int count = cut->world->bookings[booking].count, first = find_target(cut, count);
    bool tried[BOOKINGS_MAX] = {false};

    while (first == NOBODY && vacate_next(cut, tried))
        first = find_target(cut, count);
    if (first != NOBODY)
        give_way(cut, first, count);
    for (int i = 0; i < pool->count; i++)
        pool->units[i].vacant = false;
    if (first != NOBODY)
        settle_at(cut, booking, first);
}

/* Allotments just shrink. */
static void shrink_allotments(struct cut *cut)
{
    struct m_pool *pool = pool_of(cut);

    for (int i = 0; i < pool->count; i++)
        if (cut->goes[i] && pool->units[i].booking != NOBODY && cut->world->bookings[pool->units[i].booking].allotment)
            lose_unit(cut->world, cut->slot, pool->units[i].booking, i);
}

static void lose_places(struct cut *cut)
{
    struct m_pool *pool = pool_of(cut);

    for (int i = 0; i < pool->count; i++)
        if (cut->goes[i] && pool->units[i].booking != NOBODY)
            cut->lost[pool->units[i].booking] = true;
    for (int i = 0; i < pool->count; i++)
        if (pool->units[i].booking != NOBODY && cut->lost[pool->units[i].booking]) {
            pool->units[i].booking = NOBODY;
            pool->units[i].state = REFERRAL__UNIT_STATE__UNIT_FREE;
        }
}

static void place_again(struct cut *cut, Referral__Channel channel)
{
    for (int b = 0; b < cut->world->booking_count; b++) {
        const struct m_booking *booking = &cut->world->bookings[b];
        int first;

        if (!cut->lost[b] || booking->channel != channel)
            continue;
        if (channel == REFERRAL__CHANNEL__FAMILY_DOCTOR)
            place_family(cut, b);
        else if ((first = find_target(cut, booking->count)) != NOBODY)
            settle_at(cut, b, first);
    }
}

static void shifted(struct world *world, int booking)
{
    m_tell(world, &(struct tiding){.event = REFERRAL__EVENT_TYPE__EVENT_PLACE_MOVED,
                                   .referral = world->bookings[booking].referral,
                                   .told = TOLD_SENDER,
                                   .by = SIDE_HOSPITAL});
    m_booking_followed(world, booking);
}

void m_cut_perform(struct world *world, int slot, const bool *goes)
{
    struct cut cut = {.world = world, .slot = slot, .goes = goes};
    struct m_pool *pool = &world->pools[slot];
    bool touched[BOOKINGS_MAX];

    shrink_allotments(&cut);
    lose_places(&cut);
    memcpy(touched, cut.lost, sizeof touched);
    place_again(&cut, REFERRAL__CHANNEL__FAMILY_DOCTOR);
    place_again(&cut, REFERRAL__CHANNEL__GENERAL);
    for (int pass = REFERRAL__CHANNEL__FAMILY_DOCTOR; pass <= REFERRAL__CHANNEL__GENERAL; pass++)
        for (int b = 0; b < world->booking_count; b++) {
            if (!touched[b] || (int)world->bookings[b].channel != pass)
                continue;
            if (cut.lost[b])
                displace(world, b);
            else
                shifted(world, b);
        }
    for (int i = pool->count - 1; i >= 0; i--)
        if (goes[i])
            m_unit_remove(pool, i);
    m_book_require(world, slot);
    m_note(world, slot);
}
