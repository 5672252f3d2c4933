/* reserve_units.c - counting, marking and finding units, as Q1 to Q4, Q7, Q10 and Q11 say it. */
#include "reserve_inside.h"

int m_unit_index(const struct m_pool *pool, int number)
{
    for (int i = 0; i < pool->count; i++)
        if (pool->units[i].number == number)
            return i;
    return NOBODY;
}

bool m_units_follow(const struct m_pool *pool, int index)
{
    const struct m_unit *a = &pool->units[index], *b = &pool->units[index + 1];

    return b->start == a->end || b->start == a->start;
}

void m_unit_insert(struct m_pool *pool, int64_t start, int64_t end)
{
    int at = pool->count;

    assert(pool->count < UNITS_MAX);
    while (at > 0 && pool->units[at - 1].start > start) {
        pool->units[at] = pool->units[at - 1];
        at--;
    }
    pool->units[at] = (struct m_unit){.number = ++pool->next_unit,
                                      .start = start,
                                      .end = end,
                                      .state = REFERRAL__UNIT_STATE__UNIT_FREE,
                                      .booking = NOBODY};
    pool->count++;
    if (pool->start == 0 || start < pool->start)
        pool->start = start;
}

void m_unit_remove(struct m_pool *pool, int index)
{
    pool->count--;
    for (int i = index; i < pool->count; i++)
        pool->units[i] = pool->units[i + 1];
}

int reserve_set(const struct world *world, int slot, int ret_slots[SLOTS])
{
    const struct slot *own = &reserve_slots[slot];
    int count = 0;

    ret_slots[0] = slot;
    if (!world->pools[slot].grouped)
        return 1;
    for (int i = 0; i < SLOTS; i++) {
        const struct slot *other = &reserve_slots[i];
        bool same_day =
            other->class == own->class && other->day == own->day && strcmp(other->department, own->department) == 0;

        if (i == slot ||
            (world->pools[slot].grouped && world->pools[i].grouped && world->pools[i].exists && same_day)) {
            int at = count++;

            while (at > 0 && strcmp(reserve_slots[ret_slots[at - 1]].resource, other->resource) > 0) {
                ret_slots[at] = ret_slots[at - 1];
                at--;
            }
            ret_slots[at] = i;
        }
    }
    return count;
}

struct counts reserve_counts_alone(struct world *world, int slot)
{
    const struct m_pool *pool = &world->pools[slot];
    struct counts counts = {.capacity = pool->count};

    for (int i = 0; i < pool->count; i++) {
        counts.blocked += pool->units[i].state == REFERRAL__UNIT_STATE__UNIT_BLOCKED;
        counts.general += pool->units[i].state == REFERRAL__UNIT_STATE__UNIT_GENERAL;
        counts.family += pool->units[i].state == REFERRAL__UNIT_STATE__UNIT_FAMILY;
        counts.marked += pool->units[i].marked;
    }
    counts.free = counts.capacity - counts.blocked - counts.general - counts.family;
    assert(counts.free >= 0); /* Q2 */
    return counts;
}

static int64_t rounded_up(int64_t value, int64_t to)
{
    return (value + to - 1) / to * to;
}

/* C4: what was released stays so, and what a doubtful time would release is kept. */
bool m_is_released(const struct world *world, const struct m_pool *pool)
{
    return pool->released || (!world->doubt && world->now >= pool->release_at);
}

/* A cancelled pool keeps nothing; of a group those that take place decide. */
static bool is_kept_no_more(const struct world *world, const int *slots, int count)
{
    bool released = true;

    for (int i = 0; i < count; i++) {
        const struct m_pool *pool = &world->pools[slots[i]];

        if (!pool->cancelled && (world->as_kept ? world->tallies[slots[i]].released : m_is_released(world, pool)))
            return true;
        released &= pool->cancelled;
    }
    return released;
}

/* Q1, Q3, Q10: R, m and d over the set. */
struct counts m_sums(struct world *world, int slot)
{
    const struct m_pool *pool = &world->pools[slot];
    int slots[SLOTS], count = reserve_set(world, slot, slots);
    struct counts all = {0};

    for (int i = 0; i < count; i++) {
        struct counts one = reserve_counts_alone(world, slots[i]);

        all.capacity += one.capacity;
        all.blocked += one.blocked;
        all.general += one.general;
        all.family += one.family;
        all.free += one.free;
    }
    all.reserve = rounded_up((all.capacity * pool->reserve_bp + 9999) / 10000, pool->span);
    if (all.reserve > all.capacity)
        all.reserve = all.capacity;
    if (all.reserve <= all.family || is_kept_no_more(world, slots, count))
        return all;
    all.owed = all.reserve - all.family;
    all.marks = rounded_up(all.owed, pool->span);
    if (all.owed > all.free)
        all.deficit = all.owed - all.free;
    return all;
}

/* A unit of the set, in order of start, then pool, then number. */
struct spot {
    int slot, index, run; /* run: NOBODY, or which one it begins */
};

static bool comes_before(const struct world *world, const struct spot *a, const struct spot *b)
{
    const struct m_unit *first = &world->pools[a->slot].units[a->index];
    const struct m_unit *second = &world->pools[b->slot].units[b->index];
    int order = strcmp(reserve_slots[a->slot].resource, reserve_slots[b->slot].resource);

    if (first->start != second->start)
        return first->start < second->start;
    return order != 0 ? order < 0 : first->number < second->number;
}

/* Every unit of the set in order. */
static int spots_of(const struct world *world, int slot, struct spot *ret_spots)
{
    int slots[SLOTS], sets = reserve_set(world, slot, slots), count = 0;

    for (int s = 0; s < sets; s++)
        for (int i = 0; i < world->pools[slots[s]].count; i++) {
            struct spot spot = {slots[s], i, NOBODY};
            int at = count++;

            while (at > 0 && comes_before(world, &spot, &ret_spots[at - 1])) {
                ret_spots[at] = ret_spots[at - 1];
                at--;
            }
            ret_spots[at] = spot;
        }
    return count;
}

static bool is_free(const struct m_unit *unit)
{
    return unit->state == REFERRAL__UNIT_STATE__UNIT_FREE;
}

/* Does a run of `span` consecutive free units begin here, the stretch being cut from its start? */
static bool begins_run(const struct m_pool *pool, int index, int span)
{
    int stretch = index, length = 1;

    if (!is_free(&pool->units[index]))
        return false;
    while (stretch > 0 && is_free(&pool->units[stretch - 1]) && m_units_follow(pool, stretch - 1))
        stretch--;
    while (index + length < pool->count && is_free(&pool->units[index + length]) &&
           m_units_follow(pool, index + length - 1))
        length++;
    return (index - stretch) % span == 0 && length >= span;
}

void m_units_mark(struct world *world, int slot)
{
    struct spot spots[SLOTS * UNITS_MAX];
    int count = spots_of(world, slot, spots), span = world->pools[slot].span;
    int64_t k = 0, j, m = m_sums(world, slot).marks, marked = 0, run = 0;

    for (int i = 0; i < count; i++) {
        struct m_pool *pool = &world->pools[spots[i].slot];

        pool->units[spots[i].index].marked = false;
        k += begins_run(pool, spots[i].index, span);
    }
    j = m / span < k ? m / span : k;
    for (int i = 0; i < count; i++) {
        struct m_pool *pool = &world->pools[spots[i].slot];

        if (!begins_run(pool, spots[i].index, span))
            continue;
        if (((run + 1) * j + k / 2) / k > (run * j + k / 2) / k)
            for (int u = 0; u < span; u++, marked++)
                pool->units[spots[i].index + u].marked = true;
        run++;
    }
    for (int i = count - 1; i >= 0 && marked < m; i--) {
        struct m_unit *unit = &world->pools[spots[i].slot].units[spots[i].index];

        if (is_free(unit) && !unit->marked) {
            unit->marked = true;
            marked++;
        }
    }
}

struct counts reserve_counts(struct world *world, int slot)
{
    int slots[SLOTS], count = reserve_set(world, slot, slots);
    struct counts all = m_sums(world, slot);

    m_units_mark(world, slot);
    for (int i = 0; i < count; i++)
        all.marked += reserve_counts_alone(world, slots[i]).marked;
    return all;
}

static bool is_declined(const struct world *world, int entry, int slot, int number)
{
    const struct m_entry *waits = &world->entries[entry];

    for (int i = 0; i < waits->declined_count; i++)
        if (waits->declined_slot[i] == slot && waits->declined_unit[i] == number)
            return true;
    return false;
}

static bool may_take(const struct world *world, const struct wish *wish, const struct m_unit *unit)
{
    bool reserved = wish->channel == REFERRAL__CHANNEL__GENERAL && !wish->moves && unit->marked;

    return is_free(unit) && unit->start > world->now && !reserved &&
           (wish->entry == NOBODY || !is_declined(world, wish->entry, wish->slot, unit->number));
}

static bool fits(const struct world *world, const struct wish *wish, int index)
{
    const struct m_pool *pool = &world->pools[wish->slot];

    if (wish->first != 0 && pool->units[index].number != wish->first)
        return false;
    if (pool->units[index].number == wish->not_first)
        return false;
    if (index + wish->count > pool->count)
        return false;
    for (int i = index; i < index + wish->count; i++)
        if (!may_take(world, wish, &pool->units[i]) || (i > index && !m_units_follow(pool, i - 1)))
            return false;
    return wish->entry == NOBODY || m_offer_until(world->now, pool->units[index].start) != 0;
}

bool m_units_choose(struct world *world, const struct wish *wish, int ret_units[UNITS_MAX])
{
    m_units_mark(world, wish->slot);
    for (int index = 0; index < world->pools[wish->slot].count; index++)
        if (fits(world, wish, index)) {
            for (int i = 0; i < wish->count; i++)
                ret_units[i] = index + i;
            return true;
        }
    return false;
}

int reserve_bookable(struct world *world, int slot, Referral__Channel channel, int units, int ret_firsts[UNITS_MAX])
{
    struct wish wish = {.slot = slot, .count = units, .channel = channel, .entry = NOBODY};
    struct answer closed = {.code_count = 0};
    int count = 0;

    if (!world->pools[slot].exists)
        return 0;
    m_open_judge(world, slot, channel, &closed);
    m_units_mark(world, slot);
    for (int index = 0; closed.code_count == 0 && index < world->pools[slot].count; index++)
        if (fits(world, &wish, index))
            ret_firsts[count++] = world->pools[slot].units[index].number;
    return count;
}

/* Q7, C4: holds have ended by then, but in doubt. */
static void let_holds_end(struct world *world, struct m_pool *pool)
{
    for (int i = 0; i < pool->count && !world->doubt; i++) {
        struct m_unit *unit = &pool->units[i];
        const struct m_booking *booking = unit->booking == NOBODY ? NULL : &world->bookings[unit->booking];

        if (booking != NULL && booking->state == REFERRAL__BOOKING_STATE__PLACE_HELD &&
            booking->expires_at <= world->now)
            unit->state = REFERRAL__UNIT_STATE__UNIT_FREE;
    }
}

int reserve_bookable_at(struct world *world, int slot, Referral__Channel channel, int units, int64_t at)
{
    int slots[SLOTS], firsts[UNITS_MAX], count = reserve_set(world, slot, slots), bookable;
    int64_t now = world->now;
    struct m_pool kept[SLOTS];

    world->now = at;
    for (int i = 0; i < count; i++) {
        kept[i] = world->pools[slots[i]];
        let_holds_end(world, &world->pools[slots[i]]);
    }
    bookable = reserve_bookable(world, slot, channel, units, firsts);
    for (int i = 0; i < count; i++)
        world->pools[slots[i]] = kept[i];
    world->now = now;
    return bookable;
}

static void why_not_these(struct world *world, const struct wish *wish, struct answer *answer)
{
    const struct m_pool *pool = &world->pools[wish->slot];
    int first = m_unit_index(pool, wish->first);

    if (first == NOBODY) {
        m_say(answer, "UNKNOWN_UNIT");
        return;
    }
    if (wish->first == wish->not_first)
        m_say(answer, "UNIT_TAKEN");
    for (int i = first; i < first + wish->count; i++) {
        if (i == pool->count) {
            m_say(answer, "NOT_CONSECUTIVE");
            break;
        }
        if (i > first && !m_units_follow(pool, i - 1))
            m_say(answer, "NOT_CONSECUTIVE");
        if (!is_free(&pool->units[i]))
            m_say(answer, "UNIT_TAKEN");
        if (pool->units[i].start <= world->now)
            m_say(answer, "STARTED");
        if (is_free(&pool->units[i]) && pool->units[i].marked)
            m_say(answer, "RESERVED");
    }
}

static void why_none(struct world *world, const struct wish *wish, struct answer *answer)
{
    const struct m_pool *pool = &world->pools[wish->slot];
    struct wish family = *wish;
    int units[UNITS_MAX], free = 0, later = 0;

    for (int i = 0; i < pool->count; i++) {
        free += is_free(&pool->units[i]);
        later += is_free(&pool->units[i]) && pool->units[i].start > world->now;
    }
    family.moves = true;
    if (later - (wish->not_first != 0) < wish->count)
        m_say(answer, "NO_FREE");
    if (later == 0 && pool->count > 0 && (free > 0 || pool->start <= world->now))
        m_say(answer, "STARTED");
    if (m_units_choose(world, &family, units))
        m_say(answer, "RESERVED");
    else if (later > 0)
        m_say(answer, "NOT_CONSECUTIVE");
}

void m_units_why_not(struct world *world, const struct wish *wish, struct answer *answer)
{
    int before = answer->code_count;
    bool general = wish->channel == REFERRAL__CHANNEL__GENERAL && !wish->moves;
    int64_t deficit = reserve_counts(world, wish->slot).deficit;

    if (wish->first != 0)
        why_not_these(world, wish, answer);
    else
        why_none(world, wish, answer);
    if (general && deficit > 0)
        m_say(answer, "GENERAL_CLOSED");
    assert(answer->code_count > before);
}
