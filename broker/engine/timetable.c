/* timetable.c - a day of a hospital's week: what it lacks is published, and what it has too much of goes (Q1, Q6, Q10,
 * Q11). */
#include "engine/pool_walk.h"
#include "engine/publish_parts.h"

/* A day that displaces many bookings goes on in the next turn, while there are ids for all of this one: what is done is
 * not done again. */
#define IDS_OF_A_TURN 5000

struct plan_of_day { /* one timetable on one of its days */
    struct work *work;
    const struct timetable_key *key;
    const Referral__Timetable *timetable;
    const struct registry_institution *hospital;
    int64_t day;
    Referral__TimetableSession *const *sessions; /* of that day; others of its week may stand between them */
    size_t count;
    uint32_t weekday; /* 0: all of them, on an exception's day */
    uint32_t first_ordinal;
    bool failed, unfinished;
};

/* ---- Which sessions ---- */

int64_t timetable_day(const char *date, int64_t otherwise)
{
    struct date parsed;

    return date != NULL && date_parse(date, &parsed) ? date_to_days(parsed) : otherwise;
}

static void find_sessions(struct plan_of_day *plan)
{
    const Referral__Timetable *timetable = plan->timetable;

    if (plan->day < timetable_day(timetable->first_date, plan->day) ||
        plan->day >= timetable_day(timetable->end_date, INT64_MAX))
        return;
    plan->sessions = timetable->sessions;
    plan->count = timetable->n_sessions;
    plan->weekday = (uint32_t)date_weekday(date_from_days(plan->day)) + 1;
    for (size_t i = 0; i < timetable->n_exceptions; i++) {
        if (timetable_day(timetable->exceptions[i]->date, -1) != plan->day)
            continue;
        plan->sessions = timetable->exceptions[i]->sessions;
        plan->count = timetable->exceptions[i]->n_sessions;
        plan->weekday = 0;
    }
}

static bool is_of_day(const struct plan_of_day *plan, const Referral__TimetableSession *session)
{
    return plan->weekday == 0 || session->weekday == plan->weekday;
}

static struct pool_key key_of(const struct plan_of_day *plan, const char *resource)
{
    struct pool_key key = {.hospital = plan->key->hospital, .class = plan->key->class, .day = plan->day};

    memcpy(key.department, plan->key->department, sizeof key.department);
    memcpy(key.resource, resource, strlen(resource)); /* bounded by LIMIT_ID_BYTES */
    return key;
}

/* ---- One session ---- */

static struct instant opening(const struct plan_of_day *plan, bool given, uint32_t days_before, uint32_t minute)
{
    if (!given)
        return instant_of(0);
    return instant_of_local(date_from_days(plan->day - days_before), minute * MINUTE_MS,
                            plan->hospital->offset_minutes);
}

static struct pool_times_wish openings_of(const struct plan_of_day *plan)
{
    const Referral__Timetable *timetable = plan->timetable;

    return (struct pool_times_wish){
        .fd_opens_at =
            opening(plan, timetable->has_fd_opens_minute, timetable->fd_opens_days_before, timetable->fd_opens_minute),
        .general_opens_at = opening(plan, timetable->has_general_opens_minute, timetable->general_opens_days_before,
                                    timetable->general_opens_minute)};
}

static struct instant first_start(const struct unit_runs *runs)
{
    struct instant first = runs->list[0].start;

    for (size_t i = 1; i < runs->count; i++)
        if (runs->list[i].start.ms < first.ms)
            first = runs->list[i].start;
    return first;
}

/* Q6: a published day keeps what people were told of it, where the new plan would move it against family doctors. */
static void keep_what_was_told(const struct pool_of *pool, struct pool_times_wish *wish)
{
    if (wish->fd_opens_at.ms > pool->row->fd_opens_at_ms)
        wish->fd_opens_at = instant_of(0);
    if (wish->general_opens_at.ms < pool->row->general_opens_at_ms)
        wish->general_opens_at = instant_of(0);
    if (wish->release_at.ms < pool->row->release_at_ms)
        wish->release_at = instant_of(0);
}

/* What has begun is left alone: on the first day the plan is what remains of it. */
static struct unit_runs without_begun(struct work *work, const struct unit_runs *runs)
{
    struct unit_run *left = arena_alloc(work->arena, runs->count * sizeof *left);
    size_t count = 0;

    for (size_t i = 0; i < runs->count; i++) {
        struct unit_run run = runs->list[i];

        while (run.count > 0 && instant_is_due(run.start, work->now)) {
            run.start = run_unit_start(&run, 1);
            run.count = run.minutes == 0 ? 0 : run.count - 1;
        }
        if (run.count > 0)
            left[count++] = run;
    }
    return (struct unit_runs){.list = left, .count = count};
}

static struct pool_plan plan_of(const struct plan_of_day *plan, const Referral__TimetableSession *session)
{
    const Referral__Timetable *timetable = plan->timetable;
    struct unit_runs runs = timetable_runs(plan->work->arena, session, plan->day, plan->hospital->offset_minutes);
    struct pool_plan pool = {.key = key_of(plan, session->resource),
                             .doctor = session->doctor,
                             .runs = without_begun(plan->work, &runs),
                             .displace = timetable->displace,
                             .person = timetable->person != NULL ? timetable->person->name : NULL,
                             .timetable = timetable->id};

    if (pool_group_row(plan->work->txn, &pool.key) != NULL)
        return pool; /* its group's terms (Q11) */
    pool.reserve_bp = session->reserve_bp;
    pool.span = session->span;
    pool.times = openings_of(plan);
    if (session->has_release_before_minutes)
        pool.times.release_at =
            instant_after(first_start(&runs), -(int64_t)session->release_before_minutes * MINUTE_MS);
    return pool;
}

static void publish_session(struct plan_of_day *plan, const Referral__TimetableSession *session)
{
    struct pool_plan pool = plan_of(plan, session);
    struct pool_of *there = pool_load(plan->work, &pool.key);
    struct findings findings = {0};
    struct pool_change change;

    if (there == NULL && pool.runs.count == 0)
        return; /* it is over */
    if (there != NULL && there->row->cancelled)
        return; /* people did that */
    if (there != NULL)
        keep_what_was_told(there, &pool.times);
    if (plan_compare(plan->work, &pool, &findings, &change))
        plan_apply(plan->work, &pool, &change);
    else
        plan->failed = true;
}

/* ---- The day ---- */

static bool has_ids_left(struct plan_of_day *plan)
{
    plan->unfinished = plan->unfinished || *plan->work->next_ordinal - plan->first_ordinal >= IDS_OF_A_TURN;
    return !plan->unfinished;
}

/* NULL: any. */
static bool has_session(const struct plan_of_day *plan, const char *resource)
{
    for (size_t i = 0; i < plan->count; i++)
        if (is_of_day(plan, plan->sessions[i]) &&
            (resource == NULL || strcmp(plan->sessions[i]->resource, resource) == 0))
            return true;
    return false;
}

/* What has begun is in nobody's way. */
static bool is_booked(const struct work *work, const struct pool_of *pool)
{
    for (size_t i = 0; i < pool->row->n_units; i++)
        if (unit_is_booked((enum unit_state)pool->row->units[i]->state) &&
            !instant_is_due(instant_of(pool->row->units[i]->start_ms), work->now))
            return true;
    return false;
}

/* What the plan no longer has loses its units, but stays: the plan may have it again. Who is booked keeps the place
 * unless the plan displaces. */
static void withdraw(struct plan_of_day *plan, struct pool_of *pool)
{
    const Referral__Timetable *timetable = plan->timetable;
    const char *person = timetable->person != NULL ? timetable->person->name : NULL;
    struct picture *picture = displace_look(plan->work, pool, timetable->displace);
    struct units may_go = displace_may_go(picture);
    uint32_t *units = arena_alloc(plan->work->arena, may_go.count * sizeof *units);

    plan->failed = plan->failed || (!timetable->displace && is_booked(plan->work, pool));
    if (may_go.count == 0)
        return;
    for (size_t i = 0; i < may_go.count; i++)
        units[i] = may_go.list[i].number;
    publish_cut(plan->work, pool, picture, units, may_go.count, REFERRAL__BLOCK_REASON__PLAN_CHANGED, person);
    pool_freed(plan->work, pool); /* a smaller group keeps fewer units of its other sessions (Q11) */
    pool_save(plan->work, pool);
}

/* A day without a group may have more sessions than any group. */
static void withdraw_others(struct plan_of_day *plan)
{
    struct pool_filter filter = {.hospital = plan->key->hospital,
                                 .class = plan->key->class,
                                 .department = plan->key->department,
                                 .first_day = plan->day,
                                 .last_day = plan->day};
    const Record__Pool *row;
    struct pool_walk walk;
    struct pool_key key;

    pool_walk_begin(&walk, &filter, UINT32_MAX);
    while ((row = pool_walk_next(&walk, plan->work->txn, &key)) != NULL)
        if (!row->cancelled && row->timetable != NULL && strcmp(row->timetable, plan->timetable->id) == 0 &&
            !has_session(plan, key.resource) && has_ids_left(plan))
            withdraw(plan, pool_load(plan->work, &key));
}

/* Q11: what is stated for one of its sessions holds for the group, where they differ in favour of family doctors. */
static void add_terms(struct group_plan *group, const Referral__TimetableSession *session, uint32_t *release_before)
{
    if (session->reserve_bp > group->reserve_bp)
        group->reserve_bp = session->reserve_bp;
    if (session->span > group->span)
        group->span = session->span;
    if (session->has_release_before_minutes && session->release_before_minutes < *release_before)
        *release_before = session->release_before_minutes;
}

static void group_day(struct plan_of_day *plan)
{
    struct group_plan group = {.key = key_of(plan, ""), .times = openings_of(plan)};
    struct pool_of *pools[LIMIT_GROUP_POOLS];
    size_t count = pool_load_day(plan->work, &group.key, pools);
    uint32_t release_before = UINT32_MAX;
    int64_t start_ms = INT64_MAX;
    struct findings findings = {0};

    if (count == 0)
        return;
    for (size_t i = 0; i < plan->count; i++)
        if (is_of_day(plan, plan->sessions[i]))
            add_terms(&group, plan->sessions[i], &release_before);
    for (size_t i = 0; i < count && i < LIMIT_GROUP_POOLS; i++)
        start_ms = pools[i]->row->start_ms < start_ms ? pools[i]->row->start_ms : start_ms;
    if (release_before != UINT32_MAX)
        group.times.release_at = instant_of(start_ms - release_before * MINUTE_MS);
    if (pools[0]->set->group != NULL)
        keep_what_was_told(pools[0], &group.times);
    if (group_check(plan->work, &group, &findings))
        group_apply(plan->work, &group);
    else
        plan->failed = true;
}

bool timetable_publish_day(struct work *work, const struct timetable_key *key, const Referral__Timetable *timetable,
                           int64_t day, bool *ret_failed)
{
    struct plan_of_day plan = {.work = work,
                               .key = key,
                               .timetable = timetable,
                               .hospital = registry_institution_of(work, key->hospital),
                               .day = day,
                               .first_ordinal = *work->next_ordinal};

    find_sessions(&plan);
    withdraw_others(&plan);
    for (size_t i = 0; i < plan.count; i++)
        if (is_of_day(&plan, plan.sessions[i]) && has_ids_left(&plan))
            publish_session(&plan, plan.sessions[i]);
    if (timetable->grouped && has_session(&plan, NULL) && has_ids_left(&plan))
        group_day(&plan); /* a day that it has no part in may be another plan's */
    *ret_failed = plan.failed;
    return !plan.unfinished;
}
