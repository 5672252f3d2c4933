/* reserve_books.c - what the report of Q13 adds up while time goes on: what was required of each pool or group, and how
 * long it was short of it; what was released unused, blocked into the reserve, and taken back from family doctors. */
#include "reserve_inside.h"

static bool is_same_day(int a, int b)
{
    return reserve_slots[a].class == reserve_slots[b].class && reserve_slots[a].day == reserve_slots[b].day &&
           strcmp(reserve_slots[a].department, reserve_slots[b].department) == 0;
}

static int first_of_day(int slot)
{
    int first = 0;

    while (!is_same_day(first, slot))
        first++;
    return first;
}

/* A day's group has one, whichever of its pools is asked for. */
static struct m_book *book_of(struct world *world, int slot)
{
    return world->pools[slot].grouped ? &world->group_books[first_of_day(slot)] : &world->books[slot];
}

const struct m_book *m_book(const struct world *world, int slot)
{
    return world->pools[slot].grouped ? &world->group_books[first_of_day(slot)] : &world->books[slot];
}

bool m_book_is_slots(const struct world *world, int slot)
{
    for (int i = 0; i < slot && world->pools[slot].grouped; i++)
        if (world->pools[i].exists && world->pools[i].grouped && is_same_day(i, slot))
            return false;
    return world->pools[slot].exists;
}

/* ---- Time ---- */

/* What stands counts from opening to release, the instants at which it begins and ends to stand: up to `until`, and at
 * it where it `stands` still. */
void m_book_shortfall(const struct m_book *book, int64_t until, bool stands, int64_t *by, int64_t *ms)
{
    int64_t from = book->since > book->opens_at ? book->since : book->opens_at, last = until + stands;

    if (book->deficit == 0 || from >= last || from >= book->release_at)
        return;
    *ms += (until < book->release_at ? until : book->release_at) - from;
    *by = book->deficit > *by ? book->deficit : *by;
}

bool m_book_had_time(const struct m_book *book, int64_t until)
{
    int64_t from = book->since > book->opens_at ? book->since : book->opens_at;

    return book->had_time || from < (until < book->release_at ? until : book->release_at);
}

static void pass(struct m_book *book, int64_t now)
{
    m_book_shortfall(book, now, false, &book->short_by, &book->short_ms);
    book->had_time = m_book_had_time(book, now);
    book->since = now;
}

/* R as it was last before the release, or what was left of it by what went since. */
void m_book_require(struct world *world, int slot)
{
    struct m_book *book = book_of(world, slot);
    int64_t reserve = m_sums(world, slot).reserve;
    int slots[SLOTS], count = reserve_set(world, slot, slots);
    bool released = false;

    for (int i = 0; i < count; i++)
        released |= world->tallies[slots[i]].released;
    if (!released || reserve < book->required)
        book->required = reserve;
}

static void keep(struct world *world, int slot)
{
    const struct m_pool *pool = &world->pools[slot];
    struct m_book *book = book_of(world, slot);
    int64_t deficit = m_sums(world, slot).deficit;

    if (!book->begun) {
        book->begun = true;
        book->since = world->now;
    } else if (book->deficit != deficit || book->opens_at != pool->fd_opens_at ||
               book->release_at != pool->release_at) {
        pass(book, world->now);
    }
    book->deficit = deficit;
    book->opens_at = pool->fd_opens_at;
    book->release_at = pool->release_at;
    m_book_require(world, slot);
}

/* Of a day that is over nothing changes any more. */
void m_books_keep(struct world *world)
{
    int today = m_day_of(world->now);

    for (int slot = 0; slot < SLOTS; slot++)
        if (reserve_slots[slot].day >= today - 1 && m_book_is_slots(world, slot))
            keep(world, slot);
}

/* ---- Events ---- */

/* What its pools were required to keep before, and were short of, goes with them: with the minutes of the one that was
 * short for longest. */
void m_book_group(struct world *world, int slot)
{
    struct m_book group = {.begun = true, .since = world->now};

    for (int i = 0; i < SLOTS; i++) {
        struct m_book *alone = &world->books[i];

        if (!world->pools[i].exists || !is_same_day(i, slot))
            continue;
        if (alone->begun)
            pass(alone, world->now);
        group.had_time |= alone->had_time;
        group.required += alone->required;
        group.short_by += alone->short_by;
        group.short_ms = alone->short_ms > group.short_ms ? alone->short_ms : group.short_ms;
    }
    world->group_books[first_of_day(slot)] = group;
}

static bool is_due(const struct world *world, int slot)
{
    const struct m_pool *pool = &world->pools[slot];

    return pool->exists && !pool->cancelled && !world->tallies[slot].released && !world->doubt &&
           pool->release_at <= world->now;
}

/* Q6: how much was kept until now. All pools of a group at once. */
void m_book_release(struct world *world, int slot)
{
    int slots[SLOTS], count = reserve_set(world, slot, slots);
    bool any = false, due[SLOTS];

    for (int i = 0; i < count; i++)
        any |= due[i] = is_due(world, slots[i]);
    if (!any)
        return;
    world->as_kept = true;
    m_units_mark(world, slot);
    world->as_kept = false;
    for (int i = 0; i < count; i++) {
        struct m_tally *tally = &world->tallies[slots[i]];

        if (!due[i])
            continue;
        tally->released = true;
        tally->released_unused = reserve_counts_alone(world, slots[i]).marked;
    }
    m_units_mark(world, slot);
}

void m_book_put_off(struct world *world, int slot)
{
    world->tallies[slot].released = false;
    world->tallies[slot].released_unused = 0;
}

void m_book_block(struct world *world, int slot, int64_t deficit_before)
{
    int64_t deficit = m_sums(world, slot).deficit;

    if (deficit > deficit_before)
        world->tallies[slot].blocked_over += deficit - deficit_before;
}

void m_book_taken_back(struct world *world, int booking)
{
    const struct m_booking *lost = &world->bookings[booking];

    if (lost->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR && lost->state == REFERRAL__BOOKING_STATE__PLACE_BOOKED)
        world->tallies[lost->slot].family_cancelled += lost->count;
}
