/* quota_naive.c - section 6 read aloud. */
#include "model/quota_naive.h"

#include <string.h>

/* "R = (C·p + 9999) / 10000": the first whole number that is not below the share. "rounded up to a multiple of span":
 * on to the next that divides. "at most C". */
long naive_reserve(long C, long p, long span)
{
    long R = 0;

    while (R * 10000 < C * p)
        R++;
    while (R % span != 0)
        R++;
    while (R > C)
        R--;
    return R;
}

/* "free = C − B − G − F" */
long naive_free(const struct naive_pool *pool)
{
    return pool->C - pool->B - pool->G - pool->F;
}

/* "m = max(0, R − F), rounded up to a multiple of span, until release, then 0" */
long naive_reserved_now(const struct naive_pool *pool)
{
    long m = pool->R - pool->F;

    if (pool->released || m < 0)
        return 0;
    while (m % pool->span != 0)
        m++;
    return m;
}

/* "d = max(0, R − F − free) until release" */
long naive_deficit(const struct naive_pool *pool)
{
    long d = pool->R - pool->F - naive_free(pool);

    return pool->released || d < 0 ? 0 : d;
}

/* "A block of n free units is granted if it leaves no deficit" */
bool naive_allows_block(const struct naive_pool *pool, long count)
{
    struct naive_pool blocked = *pool;

    blocked.B = pool->B + count;
    return blocked.C >= blocked.B + blocked.G + blocked.F && naive_deficit(&blocked) == 0;
}

/* "G + B + R + n ≤ C, or n ≤ free where F ≥ R" */
bool naive_allows_general(const struct naive_pool *pool, long n)
{
    if (pool->released || pool->F >= pool->R)
        return n <= naive_free(pool);
    return pool->G + pool->B + pool->R + n <= pool->C;
}

/* The unit before or after this one in its pool, or -1. */
static int neighbour(const struct naive_units *units, int i, int step)
{
    int pool = units->list[i].pool;

    do
        i += step;
    while (i >= 0 && i < units->count && units->list[i].pool != pool);
    return i < units->count ? i : -1;
}

static bool consecutive(const struct naive_unit *a, const struct naive_unit *b)
{
    return a->end == b->start || a->start == b->start;
}

static bool is_free(const struct naive_units *units, int i)
{
    return units->list[i].state == '.';
}

/* How many units of its stretch of consecutive free units stand on this side of a free unit. */
static int stretch_beside(const struct naive_units *units, int i, int step)
{
    int length = 0;

    for (int next = neighbour(units, i, step); next >= 0; next = neighbour(units, i, step)) {
        const struct naive_unit *a = &units->list[step < 0 ? next : i], *b = &units->list[step < 0 ? i : next];

        if (!is_free(units, next) || !consecutive(a, b))
            break;
        length++;
        i = next;
    }
    return length;
}

/* "cut into runs of span consecutive ones", from the start of each stretch; a rest is no run. */
static bool begins_run(const struct naive_units *units, int i, int span)
{
    return is_free(units, i) && stretch_beside(units, i, -1) % span == 0 && stretch_beside(units, i, +1) >= span - 1;
}

/* "((i+1)·j + k/2)/k > (i·j + k/2)/k": a multiple of k lies between the two, or on the upper. */
static bool run_is_marked(long i, long j, long k)
{
    for (long t = 1; t <= j; t++)
        if (i * j + k / 2 < t * k && t * k <= (i + 1) * j + k / 2)
            return true;
    return false;
}

static int count_units(const struct naive_units *units, bool marked_only)
{
    int count = 0;

    for (int i = 0; i < units->count; i++)
        count += is_free(units, i) && (units->list[i].marked || !marked_only);
    return count;
}

/* "where the runs do not hold m units, the latest free ones are marked too" */
static void mark_latest_one(struct naive_units *units)
{
    int latest = -1;

    for (int i = 0; i < units->count; i++)
        if (is_free(units, i) && !units->list[i].marked)
            latest = i;
    units->list[latest].marked = true;
}

void naive_mark(struct naive_units *units, long reserved, int span)
{
    long k = 0, j = 0, run = 0;

    for (int i = 0; i < units->count; i++) {
        units->list[i].marked = false;
        k += begins_run(units, i, span);
    }
    while (j < k && (j + 1) * span <= reserved)
        j++;
    for (int i = 0; i < units->count; i++) {
        if (!begins_run(units, i, span) || !run_is_marked(run++, j, k))
            continue;
        for (int unit = i, left = span; left > 0; left--, unit = neighbour(units, unit, +1))
            units->list[unit].marked = true;
    }
    while (count_units(units, true) < reserved && count_units(units, true) < count_units(units, false))
        mark_latest_one(units);
}

/* "A general booking takes only unmarked free units." "A family-doctor booking takes any free units." "No unit is taken
 * at or after its start." */
static bool may_take(const struct naive_unit *unit, const struct naive_wish *wish, long now)
{
    if (unit->state != '.' || unit->barred || unit->pool != wish->pool)
        return false;
    if (now >= unit->start)
        return false;
    return wish->family || wish->moves || !unit->marked;
}

/* "n consecutive units are taken atomically or not at all" */
static bool place_begins(const struct naive_units *units, int i, const struct naive_wish *wish, long now)
{
    for (int taken = 0; taken < wish->n; taken++) {
        int next = neighbour(units, i, +1);

        if (!may_take(&units->list[i], wish, now))
            return false;
        if (taken + 1 < wish->n && (next < 0 || !consecutive(&units->list[i], &units->list[next])))
            return false;
        i = next;
    }
    return true;
}

int naive_find(const struct naive_units *units, const struct naive_wish *wish, long now)
{
    for (int i = 0; i < units->count; i++)
        if ((wish->first_number == 0 || units->list[i].number == wish->first_number) &&
            place_begins(units, i, wish, now))
            return i;
    return -1;
}

int naive_count_places(const struct naive_units *units, const struct naive_wish *wish, long now)
{
    int count = 0;

    for (int i = 0; i < units->count; i++)
        count += place_begins(units, i, wish, now);
    return count;
}

static bool is_listed(int i, const int *list, int count)
{
    for (int at = 0; at < count; at++)
        if (list[at] == i)
            return true;
    return false;
}

/* Picks again and again the latest unit of the first of these states that has one left. */
static int pick(const struct naive_units *units, const struct naive_wish *wish, long now, const char *states, int count,
                int *list)
{
    int found = 0;

    for (const char *state = states; *state != '\0'; state++)
        for (int i = units->count - 1; i >= 0 && found < count; i--) {
            const struct naive_unit *unit = &units->list[i];
            bool suits = wish != NULL ? may_take(unit, wish, now) : true;

            if (unit->state == *state && suits && !is_listed(i, list, found))
                list[found++] = i;
        }
    return found == count ? found : -1;
}

int naive_find_any(const struct naive_units *units, int pool, int count, long now, int *list)
{
    struct naive_wish wish = {.pool = pool, .n = 1};

    return pick(units, &wish, now, ".", count, list);
}

int naive_find_block(const struct naive_units *units, int pool, int count, long now, int *list)
{
    struct naive_wish wish = {.pool = pool, .n = 1, .family = true};

    return pick(units, &wish, now, ".", count, list);
}

/* "blocked first, then the latest free"; of the booked ones "general ones lose theirs first, then family" */
int naive_find_cut(const struct naive_units *units, int pool, int count, bool booked, int *list)
{
    struct naive_unit own[64];
    struct naive_units of_pool = {own, units->count};

    memcpy(own, units->list, (size_t)units->count * sizeof *own);
    for (int i = 0; i < units->count; i++)
        if (own[i].pool != pool)
            own[i].state = '-';
    return pick(&of_pool, NULL, 0, booked ? "b.gf" : "b.", count, list);
}
