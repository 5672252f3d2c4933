/* reserve_report.c - the report that is made of the ledger alone, beside what the model has added up while it played
 * (Q13). */
#include "reserve_broker.h"

#include "engine/reserve_report.h"
#include "reserve_inside.h"

#define REPORT_BYTES (64UL << 20) /* address space */

static bool report_differs(struct broker *broker, const struct reserve_line *line, const char *what, uint64_t found,
                           int64_t expected)
{
    return broker_differs(broker, "the report of class %d, %s says %s %llu, and the model %lld\n", line->class,
                          line->date, what, (unsigned long long)found, (long long)expected);
}

/* Of one day and class, in the same members. */
static struct reserve_line line_of(const struct broker *broker, struct world *world, Referral__PlaceClass class,
                                   int day)
{
    struct reserve_line line = {.class = class};

    for (int slot = 0; slot < SLOTS; slot++) {
        const struct m_pool *pool = &world->pools[slot];
        const struct m_tally *tally = &world->tallies[slot];
        struct counts counts;

        if (reserve_slots[slot].class != class || reserve_slots[slot].day != day || !pool->exists)
            continue;
        counts = reserve_counts_alone(world, slot);
        line.pools++;
        line.short_notice += pool->short_notice;
        line.capacity += (uint64_t)counts.capacity;
        line.family += (uint64_t)counts.family;
        line.general += (uint64_t)counts.general;
        line.blocked += (uint64_t)counts.blocked;
        for (int i = 0; i < pool->count; i++)
            line.emergency += pool->units[i].booking != NOBODY && world->bookings[pool->units[i].booking].emergency;
        line.released_unused += (uint64_t)tally->released_unused;
        line.blocked_over += (uint64_t)tally->blocked_over;
        line.family_cancelled += (uint64_t)tally->family_cancelled;
        line.refused_reserve += broker->told[slot].refused_by_reserve;
    }
    return line;
}

static bool same_line(struct broker *broker, const struct reserve_line *found, const struct reserve_line *expected)
{
    const struct {
        const char *what;
        uint64_t found, expected;
    } numbers[] = {
        {"sessions", found->pools, expected->pools},
        {"at short notice", found->short_notice, expected->short_notice},
        {"C", found->capacity, expected->capacity},
        {"required", found->required, expected->required},
        {"kept", found->kept, expected->kept},
        {"of family doctors", found->family, expected->family},
        {"of others", found->general, expected->general},
        {"blocked", found->blocked, expected->blocked},
        {"of emergencies", found->emergency, expected->emergency},
        {"released unused", found->released_unused, expected->released_unused},
        {"blocked into the reserve", found->blocked_over, expected->blocked_over},
        {"taken back", found->family_cancelled, expected->family_cancelled},
        {"refused for the reserve", found->refused_reserve, expected->refused_reserve},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].found != numbers[i].expected)
            return report_differs(broker, found, numbers[i].what, numbers[i].found, (int64_t)numbers[i].expected);
    return true;
}

static const struct reserve_gap *find_gap(struct broker *broker, const struct reserve_report *report, int slot,
                                          bool grouped)
{
    const struct slot *own = &reserve_slots[slot];

    for (size_t i = 0; i < report->gap_count; i++) {
        const struct reserve_gap *gap = &report->gaps[i];

        if (gap->class == own->class && strcmp(gap->department, own->department) == 0 &&
            strcmp(gap->date, broker_date_text(broker, own->day)) == 0 && (gap->resource == NULL) == grouped &&
            (grouped || strcmp(gap->resource, own->resource) == 0))
            return gap;
    }
    return NULL;
}

/* One pool, or group: what it adds to its day's line, and its gap. `at`: the time of the ledger's last row. */
static bool add_set(struct broker *broker, struct world *world, const struct reserve_report *report, int slot,
                    int64_t at, struct reserve_line *line)
{
    const struct m_book *book = m_book(world, slot);
    const struct reserve_gap *gap = find_gap(broker, report, slot, world->pools[slot].grouped);
    int64_t by = book->short_by, ms = book->short_ms;

    m_book_shortfall(book, at > book->since ? at : book->since, true, &by, &ms);
    line->required += (uint64_t)book->required;
    if (m_book_had_time(book, INT64_MAX) && book->required > by)
        line->kept += (uint64_t)(book->required - by);
    world->seen[SEEN_GAP] += by != 0;
    if (gap == NULL && by == 0)
        return true;
    if (gap == NULL || gap->shortfall.units != (uint64_t)by || gap->shortfall.ms != ms)
        return broker_differs(broker, "pool %d was short by %lld for %lld ms, and the report says %lld for %lld\n",
                              slot, (long long)by, (long long)ms, gap == NULL ? 0 : (long long)gap->shortfall.units,
                              gap == NULL ? 0 : (long long)gap->shortfall.ms);
    return true;
}

static bool same_day(struct broker *broker, struct world *world, const struct reserve_report *report, int64_t at,
                     const struct reserve_line *found)
{
    struct date base = instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES), date;
    struct reserve_line expected;
    int day;

    if (!date_parse(found->date, &date))
        return report_differs(broker, found, "a date", 0, 0);
    day = (int)(date_to_days(date) - date_to_days(base));
    expected = line_of(broker, world, found->class, day);
    for (int slot = 0; slot < SLOTS; slot++)
        if (reserve_slots[slot].class == found->class && reserve_slots[slot].day == day &&
            m_book_is_slots(world, slot) && !add_set(broker, world, report, slot, at, &expected))
            return false;
    return same_line(broker, found, &expected);
}

static uint64_t count_pools(const struct world *world)
{
    uint64_t count = 0;

    for (int slot = 0; slot < SLOTS; slot++)
        count += world->pools[slot].exists;
    return count;
}

static bool same_report(struct broker *broker, struct world *world, const struct reserve_report *report, int64_t at)
{
    uint64_t pools = 0;

    for (size_t i = 0; i < report->line_count; i++) {
        if (!same_day(broker, world, report, at, &report->lines[i]))
            return false;
        pools += report->lines[i].pools;
    }
    for (size_t i = 0; i < report->total_count; i++)
        if (report->totals[i].outside != (uint64_t)world->outside[report->totals[i].class])
            return report_differs(broker, &report->totals[i], "bookings without a unit", report->totals[i].outside,
                                  world->outside[report->totals[i].class]);
    return pools == count_pools(world) || broker_differs(broker, "the report lacks a pool\n");
}

bool broker_same_report(struct broker *broker, struct world *world, const struct replay *replay)
{
    struct reserve_report report;
    struct arena arena;
    bool same;

    if (arena_open(&arena, REPORT_BYTES) != 0)
        return broker_differs(broker, "no memory for a report\n");
    m_books_keep(world);
    report = reserve_report(replay, &arena, NULL, NULL, false);
    same = same_report(broker, world, &report, replay_time(replay).ms);
    arena_close(&arena);
    return same;
}
