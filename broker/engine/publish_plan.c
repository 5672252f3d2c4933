/* publish_plan.c - a pool as it should be: what it lacks is added, what it has too much of goes, and where nothing
 * differs nothing is written (Q1, Q6, Q10). */
#include <assert.h>
#include <stdlib.h>

#include "engine/displace.h"
#include "engine/ledger.h"
#include "engine/publish_parts.h"
#include "engine/settings.h"

/* ---- Units ---- */

static size_t wanted_count(const struct pool_plan *plan)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->runs.count; i++)
        count += plan->runs.list[i].count;
    return count;
}

static bool is_same_time(const Record__Unit *unit, struct instant start, struct instant end)
{
    return unit->start_ms == start.ms && unit->end_ms == end.ms;
}

/* A unit that nobody has matched yet; true where it was found, and is now. */
static bool match(const Record__Pool *row, bool *is_matched, struct instant start, struct instant end)
{
    for (size_t i = 0; i < row->n_units; i++)
        if (!is_matched[i] && is_same_time(row->units[i], start, end))
            return is_matched[i] = true;
    return false;
}

/* Q6: what has begun may stay as it is, but cannot come to be. */
static void compare_unit(struct work *work, const struct unit_run *run, size_t r, uint32_t u, bool is_there,
                         struct findings *findings, struct pool_change *change)
{
    bool begun = instant_is_due(run_unit_start(run, u), work->now);

    change->is_added[change->wanted_count++] = !is_there;
    if (is_there)
        return;
    change->added_count++;
    if (begun && !change->found_begun)
        findings_add(findings, REFUSED_PAST_SESSION, arena_format(work->arena, "units[%zu].start_ms", r));
    change->found_begun = change->found_begun || begun;
}

/* Returns which of the units there are stay. */
static bool *compare_units(struct work *work, const struct pool_plan *plan, struct findings *findings,
                           struct pool_change *change)
{
    const Record__Pool *row = change->pool->row;
    bool *is_matched = arena_zalloc(work->arena, row->n_units * sizeof *is_matched);

    change->is_added = arena_alloc(work->arena, wanted_count(plan) * sizeof *change->is_added);
    for (size_t r = 0; r < plan->runs.count; r++) {
        const struct unit_run *run = &plan->runs.list[r];

        for (uint32_t u = 0; u < run->count; u++) {
            bool is_there = match(row, is_matched, run_unit_start(run, u), run_unit_end(run, u));

            compare_unit(work, run, r, u, is_there, findings, change);
        }
    }
    return is_matched;
}

/* Units at the time of `unit`, of those that may go. */
static struct units at_time_of(struct work *work, const struct units *may_go, const Record__Unit *unit)
{
    struct units same = {.list = arena_alloc(work->arena, may_go->count * sizeof *same.list)};

    for (size_t i = 0; i < may_go->count; i++)
        if (is_same_time(unit, may_go->list[i].start, may_go->list[i].end))
            same.list[same.count++] = may_go->list[i];
    return same;
}

/* Of parallel places one is as good as the other: those go that hurt least (Q10). False: too many of them are
 * booked. */
static bool cut_at_time_of(struct work *work, const struct pool_plan *plan, const struct units *may_go,
                           const Record__Unit *unit, size_t surplus, struct pool_change *change)
{
    struct units same = at_time_of(work, may_go, unit);
    size_t *list = arena_alloc(work->arena, surplus * sizeof *list);

    if (!units_find_cut(&same, 0, surplus, plan->displace, list))
        return false;
    for (size_t i = 0; i < surplus; i++)
        change->cut[change->cut_count++] = same.list[list[i]].number;
    return true;
}

/* What is there too much of, time by time. What has begun is left alone. */
static void compare_surplus(struct work *work, const struct pool_plan *plan, bool *is_matched,
                            struct findings *findings, struct pool_change *change)
{
    const Record__Pool *row = change->pool->row;
    struct units may_go;

    may_go = displace_may_go(displace_look(work, change->pool, plan->displace));
    change->cut = arena_alloc(work->arena, row->n_units * sizeof *change->cut);
    for (size_t i = 0; i < row->n_units; i++) {
        const Record__Unit *unit = row->units[i];
        size_t surplus = 0;

        if (is_matched[i] || instant_is_due(instant_of(unit->start_ms), work->now))
            continue;
        for (size_t j = i; j < row->n_units; j++) {
            if (!is_matched[j] && is_same_time(row->units[j], instant_of(unit->start_ms), instant_of(unit->end_ms))) {
                is_matched[j] = true;
                surplus++;
            }
        }
        if (!cut_at_time_of(work, plan, &may_go, unit, surplus, change)) {
            findings_add(findings, REFUSED_BELOW_BOOKED, "units");
            return;
        }
    }
}

/* ---- Terms ---- */

/* A pool that has never had a unit counts as one at the end of its day. */
static struct instant start_of(const struct pool_plan *plan, const struct pool_change *change)
{
    const struct pool_of *pool = change->pool;
    struct instant end_of_day = instant_of_local(date_from_days(plan->key.day + 1), 0, pool->hospital->offset_minutes);
    bool had_units = pool->row->next_unit > 1;
    struct instant start = had_units ? instant_of(pool->row->start_ms) : end_of_day;
    size_t u = 0;

    for (size_t r = 0; r < plan->runs.count; r++) {
        for (uint32_t i = 0; i < plan->runs.list[r].count; i++, u++) {
            struct instant at = run_unit_start(&plan->runs.list[r], i);

            if (change->is_added[u] && at.ms < start.ms)
                start = at;
        }
    }
    return start;
}

struct pool_times publish_times_of(const Record__Pool *row)
{
    return (struct pool_times){.fd_opens_at = instant_of(row->fd_opens_at_ms),
                               .general_opens_at = instant_of(row->general_opens_at_ms),
                               .release_at = instant_of(row->release_at_ms),
                               .short_notice = row->short_notice};
}

static size_t units_of_group(const struct pool_change *change)
{
    const struct pool_set *set = change->pool->set;
    size_t units = change->added_count;

    for (size_t i = 0; i < set->count; i++)
        units += set->rows[i]->n_units;
    return units - change->cut_count;
}

/* Q11: what its group decides the pool must not. */
static void compare_grouped(const struct pool_plan *plan, struct findings *findings, struct pool_change *change)
{
    const Record__Pool *row = change->pool->row;
    const struct {
        bool given;
        const char *field;
    } fields[] = {
        {plan->reserve_bp != 0, "reserve_bp"},
        {plan->span != 0, "span"},
        {instant_is_set(plan->times.fd_opens_at), "fd_opens_at_ms"},
        {instant_is_set(plan->times.general_opens_at), "general_opens_at_ms"},
        {instant_is_set(plan->times.release_at), "release_at_ms"},
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].given)
            findings_add(findings, REFUSED_GROUPED, fields[i].field);
    change->times = publish_times_of(row);
    change->reserve_bp = row->reserve_bp;
    change->span = row->span;
    if (change->start.ms <= row->general_opens_at_ms || change->start.ms < row->release_at_ms)
        findings_add(findings, REFUSED_BAD_TIMES, "units");
    if (change->added_count != 0 && units_of_group(change) > LIMIT_GROUP_UNITS)
        findings_add(findings, REFUSED_TOO_MANY, "units");
}

static void compare_own_terms(struct work *work, const struct pool_plan *plan, struct findings *findings,
                              struct pool_change *change)
{
    const struct pool_of *pool = change->pool;
    const char *hospital = pool->hospital->institution->id, *field = NULL;
    struct pool_times before = publish_times_of(pool->row);
    enum refusal refusal;

    if (pool->row->next_unit > 1)
        refusal = pool_times_change(&before, change->start, &plan->times, &change->times, &field);
    else
        refusal = pool_times_first((Referral__PlaceClass)plan->key.class, change->start, pool->hospital->offset_minutes,
                                   work->now, &plan->times, &change->times, &field);
    if (refusal != REFUSED_NOT)
        findings_add(findings, refusal, field);
    change->reserve_bp = plan->reserve_bp != 0 ? plan->reserve_bp : pool->row->reserve_bp;
    change->span = plan->span != 0 ? plan->span : pool->row->span;
    if (change->reserve_bp == 0)
        change->reserve_bp = (uint32_t)setting_number(work->txn, SETTING_reserve_bp, hospital);
    if (change->span == 0)
        change->span = 1;
}

/* ---- The whole ---- */

static void check_runs(struct work *work, const struct pool_plan *plan, const struct registry_institution *hospital,
                       struct findings *findings)
{
    if (!runs_check(findings, &plan->runs, "units", "start_ms"))
        return;
    for (size_t i = 0; i < plan->runs.count; i++) {
        const struct unit_run *run = &plan->runs.list[i];
        int64_t first = date_to_days(instant_local_date(run->start, hospital->offset_minutes));
        int64_t last = date_to_days(instant_local_date(run_unit_start(run, run->count - 1), hospital->offset_minutes));

        if (first != plan->key.day || last != plan->key.day)
            findings_add(findings, REFUSED_OTHER_DAY, arena_format(work->arena, "units[%zu].start_ms", i));
    }
}

static struct pool_of *pool_of_plan(struct work *work, const struct pool_plan *plan, struct findings *findings)
{
    struct pool_of *pool = pool_load(work, &plan->key), *day[LIMIT_GROUP_POOLS];

    if (pool != NULL && pool->row->cancelled)
        findings_add(findings, REFUSED_POOL_CANCELLED, "pool");
    if (pool != NULL)
        return pool;
    if (pool_group_row(work->txn, &plan->key) != NULL && pool_load_day(work, &plan->key, day) >= LIMIT_GROUP_POOLS) {
        findings_add(findings, REFUSED_TOO_MANY, "pool");
        return NULL;
    }
    return pool_new(work, &plan->key);
}

bool plan_compare(struct work *work, const struct pool_plan *plan, struct findings *findings,
                  struct pool_change *ret_change)
{
    const struct registry_institution *hospital = registry_institution_of(work, plan->key.hospital);
    struct pool_change change = {0};
    size_t kept;
    bool *is_matched;

    check_runs(work, plan, hospital, findings);
    publish_check_day(work, findings, &plan->key, "pool.date");
    publish_check_department(findings, hospital, plan->key.department, "pool.department");
    if (findings->count != 0)
        return false;
    change.pool = pool_of_plan(work, plan, findings);
    if (findings->count != 0)
        return false;
    is_matched = compare_units(work, plan, findings, &change);
    compare_surplus(work, plan, is_matched, findings, &change);
    if (change.found_begun)
        return false; /* its times would be wrong as well */
    change.start = start_of(plan, &change);
    if (change.pool->row->grouped)
        compare_grouped(plan, findings, &change);
    else
        compare_own_terms(work, plan, findings, &change);
    kept = change.pool->row->n_units - change.cut_count;
    if (kept + change.added_count > LIMIT_POOL_UNITS)
        findings_add(findings, REFUSED_OUT_OF_RANGE, "units");
    *ret_change = change;
    return findings->count == 0;
}

/* ---- Applying ---- */

static Record__Unit *new_unit(struct work *work, uint32_t number, struct instant start, struct instant end)
{
    Record__Unit *unit = arena_alloc(work->arena, sizeof *unit);

    record__unit__init(unit);
    FIELD_SET(unit, number, number);
    FIELD_SET(unit, start_ms, start.ms);
    FIELD_SET(unit, end_ms, end.ms);
    FIELD_SET(unit, state, UNIT_IS_FREE);
    return unit;
}

static int by_start(const void *a, const void *b)
{
    const Record__Unit *x = *(Record__Unit *const *)a, *y = *(Record__Unit *const *)b;

    if (x->start_ms != y->start_ms)
        return x->start_ms < y->start_ms ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* One line of the ledger for units that follow each other. */
static void note_added(struct work *work, Referral__LedgerRow *row, const struct unit_run *run, uint32_t u,
                       uint32_t number)
{
    Referral__LedgerUnits *last = row->n_new_units == 0 ? NULL : row->new_units[row->n_new_units - 1];
    int64_t start_ms = run_unit_start(run, u).ms;

    if (u > 0 && last != NULL && last->first + last->count == number &&
        last->start_ms + (int64_t)last->count * run->minutes * MINUTE_MS == start_ms) {
        FIELD_SET(last, count, last->count + 1);
        return;
    }
    last = arena_alloc(work->arena, sizeof *last);
    referral__ledger_units__init(last);
    FIELD_SET(last, first, number);
    FIELD_SET(last, count, 1);
    FIELD_SET(last, start_ms, start_ms);
    FIELD_SET(last, minutes, run->minutes);
    row->new_units[row->n_new_units++] = last;
}

static void add_units(struct work *work, const struct pool_plan *plan, const struct pool_change *change,
                      Referral__LedgerRow *ledger)
{
    Record__Pool *row = change->pool->row;
    Record__Unit **units = arena_alloc(work->arena, (row->n_units + change->added_count) * sizeof *units);
    size_t wanted = 0;

    if (row->n_units != 0)
        memcpy(units, row->units, row->n_units * sizeof *units);
    row->units = units;
    ledger->new_units = arena_alloc(work->arena, change->added_count * sizeof *ledger->new_units);
    for (size_t r = 0; r < plan->runs.count; r++) {
        const struct unit_run *run = &plan->runs.list[r];

        for (uint32_t u = 0; u < run->count; u++) {
            if (!change->is_added[wanted++])
                continue;
            note_added(work, ledger, run, u, row->next_unit);
            units[row->n_units++] = new_unit(work, row->next_unit, run_unit_start(run, u), run_unit_end(run, u));
            FIELD_SET(row, next_unit, row->next_unit + 1);
        }
    }
    FIELD_SET(row, over, false);
    qsort(units, row->n_units, sizeof *units, by_start);
}

bool publish_set_terms(struct work *work, Record__Pool *row, const struct pool_times *times, uint32_t reserve_bp,
                       uint32_t span)
{
    bool differ = row->reserve_bp != reserve_bp || row->span != span || row->fd_opens_at_ms != times->fd_opens_at.ms ||
                  row->general_opens_at_ms != times->general_opens_at.ms ||
                  row->release_at_ms != times->release_at.ms || row->short_notice != times->short_notice;

    FIELD_SET(row, reserve_bp, reserve_bp);
    FIELD_SET(row, span, span);
    FIELD_SET(row, fd_opens_at_ms, times->fd_opens_at.ms);
    FIELD_SET(row, general_opens_at_ms, times->general_opens_at.ms);
    FIELD_SET(row, release_at_ms, times->release_at.ms);
    FIELD_SET(row, short_notice, times->short_notice);
    /* What has opened or was released, and is put off, has not yet. */
    if (!instant_is_due(times->fd_opens_at, work->now)) /* of a pool that had no units */
        FIELD_SET(row, fd_opened, false);
    if (!instant_is_due(times->general_opens_at, work->now))
        FIELD_SET(row, general_opened, false);
    if (!instant_is_due(times->release_at, work->now))
        FIELD_SET(row, released, false);
    return differ;
}

static bool set_text(struct work *work, char **text, const char *to)
{
    bool differs = to != NULL && (*text == NULL || strcmp(*text, to) != 0);

    if (differs)
        *text = arena_text(work->arena, to);
    return differs;
}

static void write_row(struct work *work, const struct pool_plan *plan, struct pool_of *pool,
                      Referral__LedgerEvent event, Referral__LedgerRow *row)
{
    FIELD_SET(row, event, event);
    row->person = arena_text(work->arena, plan->person);
    if (event == REFERRAL__LEDGER_EVENT__LEDGER_PUBLISHED || event == REFERRAL__LEDGER_EVENT__LEDGER_CHANGED)
        ledger_write_terms(work, pool, row);
    else
        ledger_write(work, pool, row);
}

static void publish(struct work *work, const struct pool_plan *plan, const struct pool_change *change)
{
    Referral__LedgerRow row = REFERRAL__LEDGER_ROW__INIT, joins = REFERRAL__LEDGER_ROW__INIT;
    struct pool_of *pool = change->pool;

    publish_set_terms(work, pool->row, &change->times, change->reserve_bp, change->span);
    add_units(work, plan, change, &row);
    write_row(work, plan, pool, REFERRAL__LEDGER_EVENT__LEDGER_PUBLISHED, &row);
    if (pool->row->grouped) {
        FIELD_SET(&joins, event, REFERRAL__LEDGER_EVENT__LEDGER_GROUPED);
        ledger_write_terms(work, pool, &joins);
    }
}

/* True where anything differed. */
static bool change_pool(struct work *work, const struct pool_plan *plan, const struct pool_change *change)
{
    Referral__LedgerRow changed = REFERRAL__LEDGER_ROW__INIT, added = REFERRAL__LEDGER_ROW__INIT;
    struct pool_of *pool = change->pool;
    bool terms = publish_set_terms(work, pool->row, &change->times, change->reserve_bp, change->span);

    if (terms)
        write_row(work, plan, pool, REFERRAL__LEDGER_EVENT__LEDGER_CHANGED, &changed);
    if (change->added_count != 0) {
        add_units(work, plan, change, &added);
        write_row(work, plan, pool, REFERRAL__LEDGER_EVENT__LEDGER_ADDED, &added);
    }
    return terms || change->added_count != 0;
}

/* Q11: a group starts with the earliest of its pools. */
static void start_group_with(struct work *work, const struct pool_of *pool)
{
    Record__PoolGroup *group = pool->set->group;

    if (group == NULL || pool->row->start_ms >= group->start_ms)
        return;
    FIELD_SET(group, start_ms, pool->row->start_ms);
    pool_group_row_put(work->txn, &pool->key, group);
}

uint32_t plan_apply(struct work *work, const struct pool_plan *plan, const struct pool_change *change)
{
    struct pool_of *pool = change->pool;
    uint32_t touched = 0;
    bool differs = set_text(work, &pool->row->doctor, plan->doctor);

    differs = set_text(work, &pool->row->timetable, plan->timetable) || differs;
    differs = pool->row->start_ms != change->start.ms || differs;
    FIELD_SET(pool->row, start_ms, change->start.ms);
    if (pool->is_new)
        publish(work, plan, change);
    else if (!change_pool(work, plan, change) && change->cut_count == 0 && !differs)
        return 0;
    if (change->cut_count != 0) { /* who loses a unit may get one of those that have just been added */
        struct picture *picture = displace_look(work, pool, plan->displace);

        touched = publish_cut(work, pool, picture, change->cut, change->cut_count, 0, plan->person);
    }
    start_group_with(work, pool);
    pool_follow_times(work, pool);
    pool_freed(work, pool);
    pool_save(work, pool);
    return touched;
}
