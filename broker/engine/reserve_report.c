/* reserve_report.c - sums over the pools of a replay. */
#include "engine/reserve_report.h"

#include <stdlib.h>

#define MONTH_TEXT 7 /* "2026-11" */
#define CLASSES    3

struct summing {
    const struct replay *replay;
    const char *first_date, *last_date;
    size_t date_length; /* of what stands in one line */
    struct reserve_report report;
};

static bool is_within(const struct summing *summing, const char *date)
{
    return (summing->first_date == NULL || strcmp(date, summing->first_date) >= 0) &&
           (summing->last_date == NULL || strcmp(date, summing->last_date) <= 0);
}

/* The pools of a day lie side by side in a ledger: the last line is looked at first. */
static struct reserve_line *line_of(struct summing *summing, Referral__PlaceClass class, const char *date)
{
    struct reserve_report *report = &summing->report;
    struct reserve_line *line;

    for (size_t i = report->line_count; i-- > 0;)
        if (report->lines[i].class == class && strncmp(report->lines[i].date, date, summing->date_length) == 0)
            return &report->lines[i];
    line = &report->lines[report->line_count++];
    *line = (struct reserve_line){.class = class};
    memcpy(line->date, date, summing->date_length); /* every date of a ledger is whole */
    return line;
}

/* Q13: a reserve that was released before anybody could use it was none, whatever was marked. */
static uint64_t kept_of(const struct replay_set *set, const struct replay_shortfall *shortfall)
{
    if (!replay_has_time(set))
        return 0;
    return set->required > shortfall->units ? set->required - shortfall->units : 0;
}

static void add_pool(struct reserve_line *line, const struct replay_pool *pool)
{
    struct quota quota = replay_quota(pool);

    line->pools++;
    line->short_notice += pool->short_notice;
    line->capacity += quota.capacity;
    line->family += quota.family;
    line->general += quota.general;
    line->blocked += quota.blocked;
    line->released_unused += pool->released_unused;
    line->refused_reserve += pool->refused_reserve;
    line->blocked_over += pool->blocked_over;
    line->family_cancelled += pool->family_cancelled;
    for (size_t i = 0; i < pool->unit_count; i++)
        line->emergency += pool->units[i].emergency;
}

/* The first of a set stands for the whole. */
static void add_set(struct summing *summing, struct reserve_line *line, const struct replay_pool *pool)
{
    struct reserve_report *report = &summing->report;
    struct replay_shortfall shortfall = replay_shortfall(summing->replay, pool->set);

    if (pool->set->pools[0] != pool)
        return;
    line->required += pool->set->required;
    line->kept += kept_of(pool->set, &shortfall);
    if (shortfall.units != 0)
        report->gaps[report->gap_count++] = (struct reserve_gap){.class = pool->class,
                                                                 .department = pool->department,
                                                                 .resource = pool->grouped ? NULL : pool->resource,
                                                                 .date = pool->date,
                                                                 .shortfall = shortfall};
}

static void add_pools(struct summing *summing)
{
    size_t count;
    struct replay_pool *const *pools = replay_pools(summing->replay, &count);

    for (size_t i = 0; i < count; i++) {
        struct reserve_line *line;

        if (!is_within(summing, pools[i]->date))
            continue;
        line = line_of(summing, pools[i]->class, pools[i]->date);
        add_pool(line, pools[i]);
        add_set(summing, line, pools[i]);
    }
}

static void add_outside(struct summing *summing)
{
    size_t count;
    const struct replay_outside *outside = replay_outside(summing->replay, &count);

    for (size_t i = 0; i < count; i++)
        if (is_within(summing, outside[i].date))
            line_of(summing, outside[i].class, outside[i].date)->outside += outside[i].bookings;
}

/* Q13: of the whole capacity, without a fraction. */
static void set_share(struct reserve_line *line)
{
    line->kept_bp = line->capacity == 0 ? 0 : line->kept * QUOTA_ALL_BP / line->capacity;
}

static void add_line(struct reserve_line *total, const struct reserve_line *line)
{
    total->pools += line->pools;
    total->short_notice += line->short_notice;
    total->capacity += line->capacity;
    total->required += line->required;
    total->kept += line->kept;
    total->family += line->family;
    total->general += line->general;
    total->released_unused += line->released_unused;
    total->refused_reserve += line->refused_reserve;
    total->blocked += line->blocked;
    total->blocked_over += line->blocked_over;
    total->family_cancelled += line->family_cancelled;
    total->emergency += line->emergency;
    total->outside += line->outside;
}

/* The lines lie in order of class. */
static void add_totals(struct reserve_report *report)
{
    for (size_t i = 0; i < report->line_count; i++) {
        struct reserve_line *line = &report->lines[i];

        set_share(line);
        if (report->total_count == 0 || report->totals[report->total_count - 1].class != line->class)
            report->totals[report->total_count++] = (struct reserve_line){.class = line->class};
        add_line(&report->totals[report->total_count - 1], line);
    }
    for (size_t i = 0; i < report->total_count; i++)
        set_share(&report->totals[i]);
}

static int compare_lines(const void *a, const void *b)
{
    const struct reserve_line *one = a, *other = b;

    return one->class != other->class ? (int)one->class - (int)other->class : strcmp(one->date, other->date);
}

static int compare_gaps(const void *a, const void *b)
{
    const struct reserve_gap *one = a, *other = b;
    int order = one->class != other->class ? (int)one->class - (int)other->class : strcmp(one->date, other->date);

    if (order == 0)
        order = strcmp(one->department, other->department);
    if (order != 0 || one->resource == NULL || other->resource == NULL)
        return order;
    return strcmp(one->resource, other->resource);
}

struct reserve_report reserve_report(const struct replay *replay, struct arena *arena, const char *first_date,
                                     const char *last_date, bool by_month)
{
    struct summing summing = {.replay = replay,
                              .first_date = first_date,
                              .last_date = last_date,
                              .date_length = by_month ? MONTH_TEXT : strlen("2026-11-22")};
    struct reserve_report *report = &summing.report;
    size_t pools, outside;

    replay_pools(replay, &pools);
    replay_outside(replay, &outside);
    report->lines = arena_alloc(arena, (pools + outside) * sizeof *report->lines);
    report->gaps = arena_alloc(arena, pools * sizeof *report->gaps);
    report->totals = arena_alloc(arena, CLASSES * sizeof *report->totals);
    add_pools(&summing);
    add_outside(&summing);
    if (report->line_count > 1)
        qsort(report->lines, report->line_count, sizeof *report->lines, compare_lines);
    if (report->gap_count > 1)
        qsort(report->gaps, report->gap_count, sizeof *report->gaps, compare_gaps);
    add_totals(report);
    return summing.report;
}
