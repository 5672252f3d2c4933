/* units.c - single units: which are kept for family doctors, and which a wish, a block or a cut takes.
 *
 * Units of one pool stand in the array in their order, with those of the group's other pools between them. So
 * everything here walks the array once and keeps, for each pool, the stretch of consecutive units it is in. */
#include "rules/units.h"

#include <assert.h>

#include "proto/limits.h"

static bool comes_before(const struct unit *a, const struct unit *b)
{
    if (a->start.ms != b->start.ms)
        return a->start.ms < b->start.ms;
    return a->pool != b->pool ? a->pool < b->pool : a->number < b->number;
}

/* Insertion sort with a falling step (Shell's): in place, and quick where the pools come one after the other, each in
 * its order. */
void units_sort(struct units *units)
{
    struct unit *list = units->list;

    for (size_t step = units->count / 2; step > 0; step /= 2) {
        for (size_t i = step; i < units->count; i++) {
            struct unit unit = list[i];
            size_t to = i;

            for (; to >= step && comes_before(&unit, &list[to - step]); to -= step)
                list[to] = list[to - step];
            list[to] = unit;
        }
    }
}

/* Consecutive units of one pool, of one kind: array indexes of the first and the last. */
struct stretch {
    size_t first, last, length;
};

static bool is_consecutive(const struct unit *earlier, const struct unit *later)
{
    return later->start.ms == earlier->end.ms || later->start.ms == earlier->start.ms;
}

static void stretch_to(struct stretch *stretch, const struct units *units, size_t i)
{
    if (stretch->length == 0 || !is_consecutive(&units->list[stretch->last], &units->list[i]))
        *stretch = (struct stretch){.first = i};
    stretch->last = i;
    stretch->length++;
}

/* Leaves `marked` at the first unit of each run, and nowhere else. Returns how many runs there are. */
static size_t cut_into_runs(struct units *units, uint32_t span)
{
    struct stretch stretches[LIMIT_GROUP_POOLS] = {0};
    size_t runs = 0;

    for (size_t i = 0; i < units->count; i++) {
        struct unit *unit = &units->list[i];

        assert(unit->pool < LIMIT_GROUP_POOLS);
        struct stretch *stretch = &stretches[unit->pool];

        unit->marked = false;
        if (unit->state != UNIT_IS_FREE) {
            stretch->length = 0;
            continue;
        }
        stretch_to(stretch, units, i);
        if (stretch->length == span) {
            units->list[stretch->first].marked = true;
            stretch->length = 0;
            runs++;
        }
    }
    return runs;
}

/* Q3: of k runs, j are to be marked: run i when the even slope from 0 to j passes the next whole number over it. */
static bool run_is_marked(size_t i, size_t j, size_t k)
{
    return ((i + 1) * j + k / 2) / k > (i * j + k / 2) / k;
}

/* From the first units of all runs to all units of the marked ones. Returns how many units that is. */
static size_t mark_runs(struct units *units, size_t to_mark, size_t runs, uint32_t span)
{
    uint32_t left_of_run[LIMIT_GROUP_POOLS] = {0};
    size_t run = 0;

    for (size_t i = 0; i < units->count; i++) {
        struct unit *unit = &units->list[i];
        uint32_t *left = &left_of_run[unit->pool];

        if (unit->marked && run_is_marked(run++, to_mark, runs))
            *left = span;
        unit->marked = unit->state == UNIT_IS_FREE && *left > 0;
        if (unit->marked)
            --*left;
    }
    return to_mark * span;
}

static void mark_latest(struct units *units, uint64_t count)
{
    for (size_t i = units->count; i-- > 0 && count > 0;) {
        struct unit *unit = &units->list[i];

        if (unit->state == UNIT_IS_FREE && !unit->marked) {
            unit->marked = true;
            count--;
        }
    }
}

void units_mark(struct units *units, uint64_t reserved, uint32_t span)
{
    assert(span >= 1);

    size_t runs = cut_into_runs(units, span);
    size_t to_mark = reserved / span < runs ? (size_t)(reserved / span) : runs;
    size_t marked = mark_runs(units, to_mark, runs, span);

    mark_latest(units, reserved - marked);
}

/* Q3, Q4: marks stop GENERAL alone, and only where it would take more than it has. */
static bool may_take(const struct unit *unit, const struct unit_wish *wish, struct instant now)
{
    if (unit->pool != wish->pool || unit->state != UNIT_IS_FREE || unit->barred || instant_is_due(unit->start, now))
        return false;
    return !unit->marked || wish->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR || wish->moves;
}

/* The array index of the pool's unit of this number; the count of all where there is none. */
static size_t index_of(const struct units *units, uint32_t pool, uint32_t number)
{
    size_t i = 0;

    while (i < units->count && (units->list[i].pool != pool || units->list[i].number != number))
        i++;
    return i;
}

/* Q7: the stretch so far, if the wish may take unit i as well; units of other pools neither add to it nor end it. */
static void walk_over(struct stretch *stretch, const struct units *units, size_t i, const struct unit_wish *wish,
                      struct instant now)
{
    if (units->list[i].pool != wish->pool)
        return;
    if (may_take(&units->list[i], wish, now))
        stretch_to(stretch, units, i);
    else
        stretch->length = 0;
}

bool units_find(const struct units *units, const struct unit_wish *wish, struct instant now, size_t *ret_first)
{
    size_t from = wish->first_number == 0 ? 0 : index_of(units, wish->pool, wish->first_number);
    struct stretch stretch = {0};

    assert(wish->count >= 1);
    for (size_t i = from; i < units->count && stretch.length < wish->count; i++)
        walk_over(&stretch, units, i, wish, now);
    if (stretch.length < wish->count || (wish->first_number != 0 && stretch.first != from))
        return false;
    *ret_first = stretch.first;
    return true;
}

size_t units_count_places(const struct units *units, const struct unit_wish *wish, struct instant now)
{
    struct stretch stretch = {0};
    size_t places = 0;

    assert(wish->count >= 1);
    for (size_t i = 0; i < units->count; i++) {
        walk_over(&stretch, units, i, wish, now);
        places += units->list[i].pool == wish->pool && stretch.length >= wish->count;
    }
    return places;
}

/* The latest `count` units that single-unit wishes of this kind may take, whether or not they lie together. */
static bool find_latest(const struct units *units, const struct unit_wish *single, size_t count, struct instant now,
                        size_t *ret_list)
{
    size_t found = 0;

    if (units_count_places(units, single, now) < count)
        return false;
    for (size_t i = units->count; i-- > 0 && found < count;)
        if (may_take(&units->list[i], single, now))
            ret_list[found++] = i;
    return true;
}

bool units_find_any(const struct units *units, uint32_t pool, size_t count, struct instant now, size_t *ret_list)
{
    struct unit_wish single = {.pool = pool, .count = 1, .channel = REFERRAL__CHANNEL__GENERAL};

    return find_latest(units, &single, count, now, ret_list);
}

/* A block may take marked units as family doctors may; whether it may reach so far is for quota_allows_block to say. */
bool units_find_block(const struct units *units, uint32_t pool, size_t count, struct instant now, size_t *ret_list)
{
    struct unit_wish single = {.pool = pool, .count = 1, .channel = REFERRAL__CHANNEL__FAMILY_DOCTOR};

    return find_latest(units, &single, count, now, ret_list);
}

/* Adds the latest units of the pool in one state to a list of `found`, until it has `count`. */
static size_t add_latest(const struct units *units, uint32_t pool, enum unit_state state, size_t count, size_t found,
                         size_t *list)
{
    for (size_t i = units->count; i-- > 0 && found < count;)
        if (units->list[i].pool == pool && units->list[i].state == state)
            list[found++] = i;
    return found;
}

bool unit_is_booked(enum unit_state state)
{
    return state == UNIT_IS_GENERAL || state == UNIT_IS_FAMILY;
}

/* Q10: in the order in which it hurts least. Where there are enough without the booked ones, their turn does not
 * come. */
bool units_find_cut(const struct units *units, uint32_t pool, size_t count, bool booked, size_t *ret_list)
{
    static const enum unit_state order[] = {UNIT_IS_BLOCKED, UNIT_IS_FREE, UNIT_IS_GENERAL, UNIT_IS_FAMILY};
    size_t may_go = 0, found = 0;

    for (size_t i = 0; i < units->count; i++)
        may_go += units->list[i].pool == pool && (booked || !unit_is_booked(units->list[i].state));
    if (may_go < count)
        return false;
    for (size_t s = 0; s < sizeof order / sizeof *order; s++)
        found = add_latest(units, pool, order[s], count, found, ret_list);
    return true;
}
