/* publish_group.c - small pools that share one reserve, because rounding each of them up would reserve everything
 * (Q11). */
#include "engine/alarm.h"
#include "engine/ledger.h"
#include "engine/publish_parts.h"
#include "engine/settings.h"

struct day { /* all pools of a group's day */
    struct pool_of *pools[LIMIT_GROUP_POOLS];
    size_t count, unit_count;
    struct instant start, published_at, fd_opens_at,
        general_opens_at;      /* the earliest; of the general opening the latest */
    int64_t release_before_ms; /* its own start: the least */
    uint32_t reserve_bp, span; /* the largest */
    bool short_notice;         /* one of them at least */
    bool ever_booked;
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void add_pool(struct day *day, const Record__Pool *row, bool first)
{
    int64_t release_before_ms = most(row->start_ms - row->release_at_ms, 0);

    day->start.ms = first ? row->start_ms : least(day->start.ms, row->start_ms);
    day->published_at.ms = first ? row->published_at_ms : least(day->published_at.ms, row->published_at_ms);
    day->fd_opens_at.ms = first ? row->fd_opens_at_ms : least(day->fd_opens_at.ms, row->fd_opens_at_ms);
    day->general_opens_at.ms = most(day->general_opens_at.ms, row->general_opens_at_ms);
    day->release_before_ms = first ? release_before_ms : least(day->release_before_ms, release_before_ms);
    day->short_notice = day->short_notice || row->short_notice;
    day->reserve_bp = (uint32_t)most(day->reserve_bp, row->reserve_bp);
    day->span = (uint32_t)most(day->span, row->span);
    day->unit_count += row->n_units;
    for (size_t i = 0; i < row->n_units; i++)
        day->ever_booked =
            day->ever_booked || row->units[i]->state == UNIT_IS_GENERAL || row->units[i]->state == UNIT_IS_FAMILY;
}

static void load_day(struct work *work, const struct pool_key *key, struct day *day)
{
    *day = (struct day){0};
    day->count = pool_load_day(work, key, day->pools);
    for (size_t i = 0; i < day->count && i < LIMIT_GROUP_POOLS; i++)
        add_pool(day, day->pools[i]->row, i == 0);
}

static bool is_group(const struct day *day)
{
    return day->count != 0 && day->pools[0]->set->group != NULL;
}

static enum refusal refuse_time(const char *field, const char **ret_field)
{
    *ret_field = field;
    return REFUSED_ONLY_IN_FAVOUR;
}

/* Q6: what people were told about one of the pools still holds: no opening moves against family doctors, and the
 * release is as shortly before the group's start, that of its earliest pool, as that of any pool was before its own. */
static enum refusal first_times_of(const struct group_plan *plan, const struct day *day, struct pool_times *ret_times,
                                   const char **ret_field)
{
    const struct pool_of *pool = day->pools[0];
    struct pool_times_wish wish = plan->times;
    struct instant release_at = instant_after(day->start, -day->release_before_ms);
    enum refusal refusal;

    if (instant_is_set(wish.fd_opens_at) && wish.fd_opens_at.ms > day->fd_opens_at.ms)
        return refuse_time("fd_opens_at_ms", ret_field);
    if (instant_is_set(wish.general_opens_at) && wish.general_opens_at.ms < day->general_opens_at.ms)
        return refuse_time("general_opens_at_ms", ret_field);
    if (instant_is_set(wish.release_at) && wish.release_at.ms < release_at.ms && !day->short_notice)
        return refuse_time("release_at_ms", ret_field);
    if (!instant_is_set(wish.fd_opens_at))
        wish.fd_opens_at = day->fd_opens_at;
    if (!instant_is_set(wish.general_opens_at))
        wish.general_opens_at = day->general_opens_at;
    refusal = pool_times_first((Referral__PlaceClass)pool->key.class, day->start, pool->hospital->offset_minutes,
                               day->published_at, &wish, ret_times, ret_field);
    if (refusal != REFUSED_NOT)
        return refusal;
    ret_times->release_at.ms = most(ret_times->release_at.ms, release_at.ms);
    ret_times->short_notice = ret_times->short_notice || day->short_notice;
    return REFUSED_NOT;
}

static enum refusal times_of(const struct group_plan *plan, const struct day *day, struct pool_times *ret_times,
                             const char **ret_field)
{
    struct pool_times before = publish_times_of(day->pools[0]->row);

    if (is_group(day))
        return pool_times_change(&before, day->start, &plan->times, ret_times, ret_field);
    return first_times_of(plan, day, ret_times, ret_field);
}

bool group_check(struct work *work, const struct group_plan *plan, struct findings *findings)
{
    const char *field = NULL;
    struct pool_times times;
    enum refusal refusal;
    struct day day;

    publish_check_day(work, findings, &plan->key, "date");
    load_day(work, &plan->key, &day);
    if (day.count == 0)
        findings_add(findings, REFUSED_UNKNOWN_POOL, "date");
    else if (day.count > LIMIT_GROUP_POOLS || day.unit_count > LIMIT_GROUP_UNITS)
        findings_add(findings, REFUSED_TOO_MANY, "date");
    else if (!is_group(&day) && day.ever_booked)
        findings_add(findings, REFUSED_GROUP_TOO_LATE, "date");
    if (findings->count != 0)
        return false;
    refusal = times_of(plan, &day, &times, &field);
    if (refusal != REFUSED_NOT)
        findings_add(findings, refusal, field);
    return findings->count == 0;
}

static Record__PoolGroup *new_group(struct work *work, const struct day *day)
{
    Record__PoolGroup *group = arena_alloc(work->arena, sizeof *group);

    record__pool_group__init(group);
    FIELD_SET(group, schema, STORE_SCHEMA);
    FIELD_SET(group, published_at_ms, work->now.ms);
    FIELD_SET(group, start_ms, day->start.ms);
    FIELD_SET(group, reserve_bp, day->reserve_bp);
    FIELD_SET(group, span, day->span);
    return group;
}

static void put_group(struct work *work, const struct pool_key *key, Record__PoolGroup *group,
                      const struct pool_times *times, uint32_t reserve_bp, uint32_t span)
{
    FIELD_SET(group, reserve_bp, reserve_bp);
    FIELD_SET(group, span, span);
    FIELD_SET(group, fd_opens_at_ms, times->fd_opens_at.ms);
    FIELD_SET(group, general_opens_at_ms, times->general_opens_at.ms);
    FIELD_SET(group, release_at_ms, times->release_at.ms);
    FIELD_SET(group, short_notice, times->short_notice);
    pool_group_row_put(work->txn, key, group);
}

/* All terms first: the sums of a group judge by them. */
static bool set_terms(struct work *work, const struct day *day, const struct pool_times *times, uint32_t reserve_bp,
                      uint32_t span)
{
    bool differ = false;

    for (size_t i = 0; i < day->count; i++)
        differ = publish_set_terms(work, day->pools[i]->row, times, reserve_bp, span) || differ;
    return differ;
}

static void write_rows(struct work *work, const struct day *day, Referral__LedgerEvent event)
{
    for (size_t i = 0; i < day->count; i++) {
        Referral__LedgerRow row = REFERRAL__LEDGER_ROW__INIT;

        FIELD_SET(&row, event, event);
        ledger_write_terms(work, day->pools[i], &row);
    }
    for (size_t i = 0; i < day->count; i++)
        pool_follow_times(work, day->pools[i]);
    for (size_t i = 0; i < day->count; i++) {
        pool_freed(work, day->pools[i]);
        pool_save(work, day->pools[i]);
    }
}

void group_apply(struct work *work, const struct group_plan *plan)
{
    const char *field = NULL;
    uint32_t reserve_bp, span;
    struct pool_times times;
    enum refusal refusal;
    struct day day;

    load_day(work, &plan->key, &day);
    refusal = times_of(plan, &day, &times, &field);
    assert(refusal == REFUSED_NOT); /* checked */
    reserve_bp = plan->reserve_bp != 0 ? plan->reserve_bp : day.reserve_bp;
    span = plan->span != 0 ? plan->span : day.span;
    if (is_group(&day)) {
        if (!set_terms(work, &day, &times, reserve_bp, span))
            return;
        put_group(work, &plan->key, day.pools[0]->set->group, &times, reserve_bp, span);
        write_rows(work, &day, REFERRAL__LEDGER_EVENT__LEDGER_CHANGED);
        return;
    }
    pool_join(work, day.pools, day.count, new_group(work, &day));
    set_terms(work, &day, &times, reserve_bp, span);
    put_group(work, &plan->key, day.pools[0]->set->group, &times, reserve_bp, span);
    write_rows(work, &day, REFERRAL__LEDGER_EVENT__LEDGER_GROUPED);
}
