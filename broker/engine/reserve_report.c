/* reserve_report.c - sums over the pools of a replay. */
#include "engine/reserve_report.h"

#include <stdlib.h>

#define MONTH_TEXT 7 /* "2026-11" */

static bool is_within(const char *date, const char *first_date, const char *last_date)
{
    return (first_date == NULL || strcmp(date, first_date) >= 0) && (last_date == NULL || strcmp(date, last_date) <= 0);
}

static struct reserve_line *line_of(struct reserve_report *report, Referral__PlaceClass class, const char *date,
                                    bool by_month)
{
    char text[16] = {0};
    struct reserve_line *line;

    strncpy(text, date, by_month ? MONTH_TEXT : sizeof text - 1);
    for (size_t i = 0; i < report->line_count; i++)
        if (report->lines[i].class == class && strcmp(report->lines[i].date, text) == 0)
            return &report->lines[i];
    line = &report->lines[report->line_count++];
    *line = (struct reserve_line){.class = class};
    memcpy(line->date, text, sizeof text);
    return line;
}

/* The first of a set stands for the whole. */
static bool is_first_of_set(const struct replay_pool *pool)
{
    return pool->set->pools[0] == pool;
}

static void add_set(struct reserve_line *line, const struct replay_set *set)
{
    line->required += set->required;
    line->kept += set->required > set->shortfall ? set->required - set->shortfall : 0;
    line->released_unused += set->released_unused;
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
    line->refused_reserve += pool->refused_reserve;
    line->blocked_over += pool->blocked_over;
    line->family_cancelled += pool->family_cancelled;
    line->emergency += pool->emergency;
}

static void add_gap(struct reserve_report *report, const struct replay_pool *pool)
{
    const struct replay_set *set = pool->set;

    report->gaps[report->gap_count++] = (struct reserve_gap){.class = pool->class,
                                                             .department = pool->department,
                                                             .resource = pool->grouped ? NULL : pool->resource,
                                                             .date = pool->date,
                                                             .shortfall = set->shortfall,
                                                             .minutes = set->shortfall_ms / MINUTE_MS,
                                                             .cause = set->cause,
                                                             .reason = set->cause_reason};
}

static int compare_lines(const void *a, const void *b)
{
    const struct reserve_line *one = a, *other = b;

    return one->class != other->class ? (int)one->class - (int)other->class : strcmp(one->date, other->date);
}

static void add_outside(struct reserve_report *report, const struct replay *replay, const char *first_date,
                        const char *last_date, bool by_month)
{
    size_t count;
    const struct replay_outside *outside = replay_outside(replay, &count);

    for (size_t i = 0; i < count; i++)
        if (is_within(outside[i].date, first_date, last_date))
            line_of(report, outside[i].class, outside[i].date, by_month)->outside += outside[i].bookings;
}

struct reserve_report reserve_report(const struct replay *replay, struct arena *arena, const char *first_date,
                                     const char *last_date, bool by_month)
{
    struct reserve_report report = {0};
    size_t count, outside;
    struct replay_pool *const *pools = replay_pools(replay, &count);

    replay_outside(replay, &outside);
    report.lines = arena_alloc(arena, (count + outside + 1) * sizeof *report.lines);
    report.gaps = arena_alloc(arena, (count + 1) * sizeof *report.gaps);
    for (size_t i = 0; i < count; i++) {
        struct reserve_line *line;

        if (!is_within(pools[i]->date, first_date, last_date))
            continue;
        line = line_of(&report, pools[i]->class, pools[i]->date, by_month);
        add_pool(line, pools[i]);
        if (is_first_of_set(pools[i]))
            add_set(line, pools[i]->set);
        if (is_first_of_set(pools[i]) && pools[i]->set->shortfall != 0)
            add_gap(&report, pools[i]);
    }
    add_outside(&report, replay, first_date, last_date, by_month);
    for (size_t i = 0; i < report.line_count; i++)
        if (report.lines[i].capacity != 0)
            report.lines[i].kept_bp = report.lines[i].kept * QUOTA_ALL_BP / report.lines[i].capacity;
    qsort(report.lines, report.line_count, sizeof *report.lines, compare_lines);
    return report;
}
