/* publish_runs.c - runs of units: in bounds, and one beside the other (Q). */
#include "engine/publish_parts.h"

#include <stdio.h>

#define DAY_MINUTES (24 * 60)

struct instant run_unit_start(const struct unit_run *run, uint32_t i)
{
    return instant_after(run->start, (int64_t)i * run->minutes * MINUTE_MS);
}

struct instant run_unit_end(const struct unit_run *run, uint32_t i)
{
    return instant_after(run_unit_start(run, i), run->minutes == 0 ? HOUR_MS : run->minutes * MINUTE_MS);
}

static void find(struct findings *findings, enum refusal refusal, const char *list, size_t i, const char *member)
{
    char field[FIELD_PATH_SIZE];

    snprintf(field, sizeof field, "%s[%zu].%s", list, i, member);
    findings_add(findings, refusal, field);
}

/* Parallel places start together; otherwise what one run has, no other one has. */
static bool overlap(const struct unit_run *a, const struct unit_run *b)
{
    return a->start.ms != b->start.ms && a->start.ms < run_unit_end(b, b->count - 1).ms &&
           b->start.ms < run_unit_end(a, a->count - 1).ms;
}

static bool check_run(struct findings *findings, const struct unit_run *run, const char *field, size_t i,
                      const char *start_field)
{
    size_t before = findings->count;

    if (run->count < 1 || run->count > LIMIT_POOL_UNITS)
        find(findings, REFUSED_OUT_OF_RANGE, field, i, "count");
    if (run->minutes > DAY_MINUTES)
        find(findings, REFUSED_OUT_OF_RANGE, field, i, "minutes");
    if (!instant_is_set(run->start))
        find(findings, REFUSED_MISSING, field, i, start_field);
    else if (run->start.ms < 0 || run->start.ms > INT64_MAX / 4)
        find(findings, REFUSED_OUT_OF_RANGE, field, i, start_field);
    return findings->count == before;
}

bool runs_check(struct findings *findings, const struct unit_runs *runs, const char *field, const char *start_field)
{
    size_t before = findings->count, units = 0;

    for (size_t i = 0; i < runs->count; i++)
        units += check_run(findings, &runs->list[i], field, i, start_field) ? runs->list[i].count : 0;
    if (findings->count != before)
        return false;
    if (units > LIMIT_POOL_UNITS)
        findings_add(findings, REFUSED_OUT_OF_RANGE, field);
    for (size_t j = 0; j < runs->count; j++) {
        size_t i = 0;

        while (i < j && !overlap(&runs->list[i], &runs->list[j]))
            i++;
        if (i < j)
            find(findings, REFUSED_OVERLAPPING, field, j, start_field);
    }
    return findings->count == before;
}
