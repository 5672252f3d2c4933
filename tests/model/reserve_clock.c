/* reserve_clock.c - what time brings to pools and referrals, and in which order (C1, C3, Q6, Q7, Q8). */
#include "reserve_inside.h"

#define OVER_AFTER_MS  DAY_MS
#define DAYS_OF_A_TURN 5 /* of timetables: a turn has time for no more */

static int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static int64_t last_end(const struct m_pool *pool)
{
    int64_t end = 0;

    for (int i = 0; i < pool->count; i++)
        end = pool->units[i].end > end ? pool->units[i].end : end;
    return end;
}

/* When nobody can come any more; 0: nothing is booked, or it was looked after. */
static int64_t over_at(const struct m_pool *pool)
{
    bool booked = false;

    for (int i = 0; i < pool->count && !booked; i++)
        booked = pool->units[i].state == REFERRAL__UNIT_STATE__UNIT_GENERAL ||
                 pool->units[i].state == REFERRAL__UNIT_STATE__UNIT_FAMILY;
    return booked && !pool->over ? last_end(pool) + OVER_AFTER_MS : 0;
}

/* A hold of this pool that time has ended, the earliest unit's first; NOBODY: none. */
static int expired_hold(const struct world *world, int slot)
{
    const struct m_pool *pool = &world->pools[slot];

    for (int i = 0; i < pool->count; i++) {
        int booking = pool->units[i].booking;

        if (booking != NOBODY && world->bookings[booking].state == REFERRAL__BOOKING_STATE__PLACE_HELD &&
            world->bookings[booking].expires_at <= world->now && !world->doubt)
            return booking;
    }
    return NOBODY;
}

bool reserve_lags(const struct world *world, int slot)
{
    int slots[SLOTS], count = reserve_set(world, slot, slots);

    for (int i = 0; i < count; i++)
        if (expired_hold(world, slots[i]) != NOBODY)
            return true;
    return false;
}

/* What is due of the referral comes first, its other pools included; who waits is looked at when all of it has
 * happened. */
static void touch_quietly(struct world *world, int referral)
{
    bool settling = world->settling;

    world->settling = true;
    m_referral_touch(world, referral);
    world->settling = settling;
}

static void lapse(struct world *world, int booking)
{
    int entry = world->bookings[booking].entry, referral = world->bookings[booking].referral;
    bool was_offer;

    if (world->bookings[booking].referral != NOBODY)
        touch_quietly(world, world->bookings[booking].referral); /* and may end it */
    if (world->bookings[booking].state != REFERRAL__BOOKING_STATE__PLACE_HELD)
        return;
    was_offer = entry != NOBODY && world->entries[entry].live && world->entries[entry].offer == booking;
    m_booking_vacate(world, booking, false);
    m_booking_finish(world, booking, REFERRAL__BOOKING_STATE__PLACE_LAPSED);
    if (referral != NOBODY || was_offer) /* a hospital knows its own holds */
        m_tell(world, &(struct tiding){.event = REFERRAL__EVENT_TYPE__EVENT_PLACE_LAPSED,
                                       .referral = referral,
                                       .told = TOLD_SENDER,
                                       .by = SIDE_CLOCK});
    if (was_offer)
        m_entry_offer_ended(world, entry, booking, true);
}

/* Places of a referral that nobody marked and that do not drive its state: missed, a day after the pool's last unit.
 * Whoever has a unit there is looked at, and what is due of him comes first (C3). */
static void assume_no_shows(struct world *world, int slot)
{
    const struct m_pool *pool = &world->pools[slot];
    int before = NOBODY;

    for (int i = 0; i < pool->count; i++) {
        int number = pool->units[i].booking;
        const struct m_booking *booking = number == NOBODY ? NULL : &world->bookings[number];

        if (booking == NULL || number == before || booking->referral == NOBODY)
            continue;
        before = number;
        touch_quietly(world, booking->referral);
        if (booking->state == REFERRAL__BOOKING_STATE__PLACE_BOOKED &&
            !m_claim_of(world, booking->referral, m_class_of(world, booking))->is_main) {
            m_booking_finish(world, number, REFERRAL__BOOKING_STATE__PLACE_NO_SHOW);
            m_tell(world, &(struct tiding){.event = REFERRAL__EVENT_TYPE__EVENT_NO_SHOW,
                                           .referral = booking->referral,
                                           .told = TOLD_ALL,
                                           .by = SIDE_CLOCK});
        }
    }
}

/* True: something happened. */
static bool let_instants_pass(struct world *world, int slot)
{
    struct m_pool *pool = &world->pools[slot];
    bool opened = !pool->fd_opened && pool->fd_opens_at <= world->now;
    bool opened_to_all = !pool->general_opened && pool->general_opens_at <= world->now;
    bool released = !pool->released && m_is_released(world, pool);

    pool->fd_opened |= opened;
    pool->general_opened |= opened_to_all;
    pool->released |= released;
    if (opened || opened_to_all || released)
        m_note(world, slot);
    if (over_at(pool) == 0 || over_at(pool) > world->now || world->doubt)
        return opened || opened_to_all || released;
    pool->over = true;
    assume_no_shows(world, slot);
    return true;
}

/* Holds that have expired, openings, release, missed places; then whom that can be offered to. */
static void catch_up(struct world *world, const int *slots, int count)
{
    bool did = false;
    int booking;

    for (int i = 0; i < count; i++)
        for (; (booking = expired_hold(world, slots[i])) != NOBODY; did = true)
            lapse(world, booking);
    m_book_release(world, slots[0]);
    for (int i = 0; i < count; i++)
        did |= let_instants_pass(world, slots[i]);
    if (did)
        m_settle(world);
}

void m_pool_touch(struct world *world, int slot)
{
    int slots[SLOTS], count = reserve_set(world, slot, slots);

    if (!world->pools[slot].exists || world->pools[slot].touching)
        return;
    for (int i = 0; i < count; i++)
        world->pools[slots[i]].touching = true;
    catch_up(world, slots, count);
    for (int i = 0; i < count; i++)
        world->pools[slots[i]].touching = false;
}

/* Who may lose a place: what is due of their referrals comes first. */
void m_bearers_touch(struct world *world, int slot)
{
    for (int i = 0; i < world->booking_count; i++)
        if (world->bookings[i].slot == slot && m_booking_lives(&world->bookings[i]) &&
            world->bookings[i].referral != NOBODY)
            m_referral_touch(world, world->bookings[i].referral);
}

/* The pools of its claims come first, in the order in which it came to have them. */
void m_referral_touch(struct world *world, int referral)
{
    const struct m_claim *claims = world->referrals[referral].claims;
    int last = 0;

    for (;;) {
        int next = NOBODY;

        for (int class = 1; class < CLASSES; class ++)
            if (claims[class].booking != NOBODY && claims[class].order > last &&
                (next == NOBODY || claims[class].order < claims[next].order))
                next = class;
        if (next == NOBODY)
            break;
        last = claims[next].order;
        m_pool_touch(world, world->bookings[claims[next].booking].slot);
    }
    m_life_run(world, referral);
}

/* C4: whoever's clock this is, what a doubtful time held back when the pool was looked at last waits a minute more. */
static int64_t held_back(const struct m_pool *pool, int64_t at)
{
    return pool->saved_doubt && at <= pool->saved_at ? pool->saved_at + MINUTE_MS : at;
}

int64_t m_pool_due(const struct world *world, int slot)
{
    const struct m_pool *pool = &world->pools[slot];
    int64_t due = 0;

    if (!pool->exists)
        return 0;
    due = earlier(due, pool->fd_opened ? 0 : pool->fd_opens_at);
    due = earlier(due, pool->general_opened ? 0 : pool->general_opens_at);
    if (world->doubt && world->lives == NULL)
        return due;
    for (int i = 0; i < pool->count; i++) {
        int booking = pool->units[i].booking;

        if (booking != NOBODY && world->bookings[booking].state == REFERRAL__BOOKING_STATE__PLACE_HELD)
            due = earlier(due, held_back(pool, world->bookings[booking].expires_at));
    }
    due = earlier(due, pool->released ? 0 : held_back(pool, pool->release_at));
    return earlier(due, over_at(pool) == 0 ? 0 : held_back(pool, over_at(pool)));
}

/* Pools in the order in which they lie in the store: class, department, day, resource. */
static bool lies_before(int a, int b)
{
    const struct slot *first = &reserve_slots[a], *second = &reserve_slots[b];
    int department = strcmp(first->department, second->department);

    if (first->class != second->class)
        return first->class < second->class;
    if (department != 0)
        return department < 0;
    if (first->day != second->day)
        return first->day < second->day;
    return strcmp(first->resource, second->resource) < 0;
}

static int first_due_pool(const struct world *world)
{
    int first = NOBODY;

    for (int slot = 0; slot < SLOTS; slot++) {
        int64_t due = m_pool_due(world, slot);

        if (due == 0 || due > world->now)
            continue;
        if (first == NOBODY || due < m_pool_due(world, first) ||
            (due == m_pool_due(world, first) && lies_before(slot, first)))
            first = slot;
    }
    return first;
}

/* The one that was made first, of the same instant. */
static int first_due_entry(const struct world *world)
{
    int first = NOBODY;

    for (int i = 0; i < world->entry_count; i++) {
        const struct m_entry *entry = &world->entries[i];

        if (entry->live && entry->due_at <= world->now &&
            (first == NOBODY || entry->due_at < world->entries[first].due_at))
            first = i;
    }
    return first;
}

/* What is due of a pool, a timetable and an entry, each the first of its kind; of the same instant in this order. */
struct first {
    int slot, week, entry;
    int64_t pool_at, week_at, entry_at;
};

static struct first first_of(const struct world *world)
{
    struct first first = {
        .slot = first_due_pool(world), .week = m_week_first_due(world), .entry = first_due_entry(world)};

    first.pool_at = first.slot == NOBODY ? 0 : m_pool_due(world, first.slot);
    first.week_at = first.week == NOBODY ? 0 : world->weeks[first.week].due_at;
    first.entry_at = first.entry == NOBODY ? 0 : world->entries[first.entry].due_at;
    return first;
}

int64_t reserve_due(const struct world *world)
{
    struct first first = first_of(world);

    return earlier(earlier(first.pool_at, first.week_at), first.entry_at);
}

void reserve_wake(struct world *world)
{
    struct first first = first_of(world);
    int64_t at = earlier(earlier(first.pool_at, first.week_at), first.entry_at);

    if (first.slot != NOBODY && first.pool_at == at) {
        m_pool_touch(world, first.slot);
        m_looked_at(world, first.slot);
    } else if (first.week != NOBODY && first.week_at == at) {
        m_week_wake(world, first.week);
    } else {
        m_entry_wake(world, first.entry);
    }
}

bool reserve_turn_is_over(const struct world *world)
{
    return world->days_done >= DAYS_OF_A_TURN;
}

void reserve_turn(struct world *world, bool clock_comes)
{
    world->clock_comes = clock_comes;
    world->days_done = 0;
    for (int i = 0; i < WEEKS_MAX; i++)
        world->weeks[i].fresh = false;
}

static int first_due_referral(const struct world *world)
{
    int first = NOBODY;

    for (int i = 0; i < world->referral_count; i++) {
        int64_t due = world->doubt ? 0 : m_life_due(&world->referrals[i]);

        if (due != 0 && due <= world->now && (first == NOBODY || due < m_life_due(&world->referrals[first])))
            first = i;
    }
    return first;
}

void reserve_clock(struct world *world)
{
    for (;;) {
        int referral = first_due_referral(world);
        int64_t due = reserve_due(world);

        if (due == 0 && referral == NOBODY)
            return;
        if (due == 0 || (referral != NOBODY && m_life_due(&world->referrals[referral]) <= due))
            m_referral_touch(world, referral);
        else
            reserve_wake(world);
        m_settle(world);
    }
}

/* An emergency wakes half-way through the time for its answer and at its end, and its pools with it. */
static int64_t next_wake(const struct m_referral *referral, int64_t after)
{
    bool emergency = referral->priority == REFERRAL__PRIORITY__EMERGENCY;

    for (int64_t at = referral->submitted_at + DAY_MS / 2; emergency && at <= referral->submitted_at + DAY_MS;
         at += DAY_MS / 2)
        if (at > after)
            return at;
    return 0;
}

int64_t reserve_next_instant(const struct world *world, int64_t after)
{
    int64_t next = 0;

    for (int slot = 0; slot < SLOTS; slot++)
        if (m_pool_due(world, slot) > after)
            next = earlier(next, m_pool_due(world, slot));
    for (int i = 0; i < world->entry_count; i++)
        if (world->entries[i].live && world->entries[i].due_at > after)
            next = earlier(next, world->entries[i].due_at);
    next = earlier(next, m_week_next(world, after));
    for (int i = 0; i < world->referral_count; i++)
        next = earlier(next, next_wake(&world->referrals[i], after));
    for (int i = 0; i < world->referral_count && !world->doubt; i++)
        if (m_life_due(&world->referrals[i]) > after)
            next = earlier(next, m_life_due(&world->referrals[i]));
    return next;
}
