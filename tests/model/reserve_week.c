/* reserve_week.c - a hospital's weeks: said once, published by the clock day after day, in words of PUT_POOL and
 * PUT_GROUP (Q1, Q6, Q10, Q11). */
#include "reserve_inside.h"

#define HORIZON_DAYS 14
/* So long ago was the first day of a week that has just been said; the others follow, a millisecond apart. */
#define BACK_MS 1000

static bool is_of(int slot, int other)
{
    return reserve_slots[slot].class == reserve_slots[other].class &&
           strcmp(reserve_slots[slot].department, reserve_slots[other].department) == 0;
}

/* ---- What takes place on a day ---- */

static int weekday_of(int day)
{
    struct date base = instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES);

    return (int)((date_to_days(base) + day + 3) % 7) + 1; /* 1970 began with a Thursday */
}

/* Sessions of this week on that day. */
static int sessions_on(const struct week *week, int day, const struct session *ret_sessions[SESSIONS_MAX])
{
    int count = 0;

    if ((week->first_day != NOBODY && day < week->first_day) || (week->end_day != NOBODY && day >= week->end_day))
        return 0;
    for (int i = 0; i < week->exception_count; i++) {
        if (week->exceptions[i].day != day)
            continue;
        for (int s = 0; s < week->exceptions[i].session_count; s++)
            ret_sessions[count++] = &week->exceptions[i].sessions[s];
        return count;
    }
    for (int s = 0; s < week->session_count; s++)
        if (week->sessions[s].weekday == weekday_of(day))
            ret_sessions[count++] = &week->sessions[s];
    return count;
}

/* The pool of its resource on that day. */
static int slot_on(int slot, int day)
{
    for (int i = 0; i < SLOTS; i++)
        if (reserve_slots[i].day == day && is_of(i, slot) &&
            strcmp(reserve_slots[i].resource, reserve_slots[slot].resource) == 0)
            return i;
    assert(false); /* weeks end with the days that are thought of */
    return NOBODY;
}

/* What has begun already is no part of it any more. */
static void add_rest(struct command *put, const struct run *run, int day, int64_t now)
{
    struct run rest = *run;

    while (rest.count > 0 && m_day_start(day) + rest.start_minute * MINUTE_MS <= now) {
        rest.start_minute += rest.minutes;
        rest.count = rest.minutes == 0 ? 0 : rest.count - 1;
    }
    if (rest.count > 0)
        put->runs[put->run_count++] = rest;
}

static int64_t opening_of(int days_before, int minute, int day)
{
    return minute == NOBODY ? 0 : m_day_start(day - days_before) + minute * MINUTE_MS;
}

static int64_t first_start(const struct session *session, int day)
{
    int first = session->runs[0].start_minute;

    for (int i = 1; i < session->run_count; i++)
        if (session->runs[i].start_minute < first)
            first = session->runs[i].start_minute;
    return m_day_start(day) + first * MINUTE_MS;
}

/* Q6: of what would be against family doctors, people were told otherwise. */
static void keep_told(const struct m_pool *pool, struct command *put)
{
    if (put->fd_opens_at > pool->fd_opens_at)
        put->fd_opens_at = 0;
    if (put->general_opens_at < pool->general_opens_at)
        put->general_opens_at = 0;
    if (put->release_at < pool->release_at)
        put->release_at = 0;
}

static struct command put_of(const struct world *world, const struct week *week, const struct session *session, int day)
{
    struct command put = {.op = OP_PUT,
                          .at_ms = world->now,
                          .slot = slot_on(session->slot, day),
                          .referral = NOBODY,
                          .displace = week->displace};

    for (int i = 0; i < session->run_count; i++)
        add_rest(&put, &session->runs[i], day, world->now);
    if (m_group_is_declared(world, put.slot))
        return put; /* the group's terms (Q11) */
    put.reserve_bp = session->reserve_bp;
    put.span = session->span;
    put.fd_opens_at = opening_of(week->family.days_before, week->family.minute, day);
    put.general_opens_at = opening_of(week->general.days_before, week->general.minute, day);
    if (session->release_before != NOBODY)
        put.release_at = first_start(session, day) - session->release_before * MINUTE_MS;
    return put;
}

/* ---- A day ---- */

struct day {
    struct world *world;
    int number, day; /* the timetable's */
    const struct week *plan;
    int slot;
    const struct session *sessions[SESSIONS_MAX];
    int count;
    bool conflict;
};

static void publish(struct day *day, const struct session *session)
{
    struct world *world = day->world;
    int slot = slot_on(session->slot, day->day);
    struct m_pool *pool = &world->pools[slot];
    struct answer answer = {.code_count = 0};
    struct command put;

    m_pool_touch(world, slot);
    if (!pool->exists && m_group_is_declared(world, slot))
        m_pool_touch(world, m_group_member(world, slot)); /* the group that it joins */
    if (day->plan->displace)
        m_bearers_touch(world, slot);
    put = put_of(world, day->plan, session, day->day);
    if (pool->exists ? pool->cancelled : put.run_count == 0)
        return; /* people did that; or it is over */
    if (pool->exists)
        keep_told(pool, &put);
    m_put_judge(world, &put, &answer);
    day->conflict |= answer.code_count != 0;
    if (answer.code_count != 0)
        return;
    m_put_perform(world, &put);
    world->seen[SEEN_WEEK_PUBLISHES]++;
}

static bool has_session(const struct day *day, int slot)
{
    for (int i = 0; i < day->count; i++)
        if (strcmp(reserve_slots[day->sessions[i]->slot].resource, reserve_slots[slot].resource) == 0)
            return true;
    return false;
}

/* It loses all units that nobody has, and with `displace` those, too; what has begun is left alone. */
static void withdraw(struct day *day, int slot)
{
    struct world *world = day->world;
    struct m_pool *pool = &world->pools[slot];
    bool goes[UNITS_MAX] = {false}, any = false;

    m_pool_touch(world, slot);
    if (day->plan->displace)
        m_bearers_touch(world, slot);
    for (int i = 0; i < pool->count; i++) {
        const struct m_unit *unit = &pool->units[i];

        goes[i] = !m_unit_is_spent(world, unit) && (day->plan->displace || unit->booking == NOBODY);
        any |= goes[i];
        day->conflict |= unit->start > world->now && unit->booking != NOBODY && !day->plan->displace;
    }
    if (any)
        m_cut_perform(world, slot, goes);
    world->seen[SEEN_WEEK_WITHDRAWS] += any;
}

/* By resource, as pools lie. */
static int next_of_day(const struct day *day, int before)
{
    int next = NOBODY;

    for (int i = 0; i < SLOTS; i++) {
        if (reserve_slots[i].day != day->day || !is_of(i, day->slot) ||
            (before != NOBODY && strcmp(reserve_slots[i].resource, reserve_slots[before].resource) <= 0))
            continue;
        if (next == NOBODY || strcmp(reserve_slots[i].resource, reserve_slots[next].resource) < 0)
            next = i;
    }
    return next;
}

/* One p, one span, one set of times for all of the day: of what its sessions say, what is best for family doctors. */
static void group(struct day *day)
{
    struct world *world = day->world;
    struct command put = {.op = OP_GROUP, .slot = slot_on(day->slot, day->day), .referral = NOBODY};
    struct answer answer = {.code_count = 0};
    int release_before = NOBODY;

    for (int slot = next_of_day(day, NOBODY); slot != NOBODY; slot = next_of_day(day, slot))
        m_pool_touch(world, slot);
    if (m_group_start(world, put.slot) == 0)
        return;
    for (int i = 0; i < day->count; i++) {
        const struct session *session = day->sessions[i];

        put.reserve_bp = session->reserve_bp > put.reserve_bp ? session->reserve_bp : put.reserve_bp;
        put.span = session->span > put.span ? session->span : put.span;
        if (session->release_before != NOBODY && (release_before == NOBODY || session->release_before < release_before))
            release_before = session->release_before;
    }
    put.fd_opens_at = opening_of(day->plan->family.days_before, day->plan->family.minute, day->day);
    put.general_opens_at = opening_of(day->plan->general.days_before, day->plan->general.minute, day->day);
    if (release_before != NOBODY)
        put.release_at = m_group_start(world, put.slot) - release_before * MINUTE_MS;
    if (m_group_is_declared(world, put.slot))
        keep_told(&world->pools[m_group_member(world, put.slot)], &put);
    m_group_judge(world, &put, &answer);
    day->conflict |= answer.code_count != 0;
    if (answer.code_count != 0)
        return;
    m_group_perform(world, &put);
    world->seen[SEEN_WEEK_GROUPS]++;
}

static void put_day(struct day *day)
{
    struct world *world = day->world;

    day->count = sessions_on(day->plan, day->day, day->sessions);
    for (int slot = next_of_day(day, NOBODY); slot != NOBODY; slot = next_of_day(day, slot)) {
        const struct m_pool *pool = &world->pools[slot];

        if (pool->exists && !pool->cancelled && pool->week == day->number && !has_session(day, slot))
            withdraw(day, slot);
    }
    for (int i = 0; i < day->count; i++)
        publish(day, day->sessions[i]);
    if (day->plan->grouped && day->count > 0)
        group(day);
}

/* ---- Days that stand in conflict ---- */

static void forget_conflicts(struct m_week *week, int from, int to)
{
    int count = 0;

    for (int i = 0; i < week->conflict_count; i++)
        if (week->conflicts[i] < from || week->conflicts[i] >= to)
            week->conflicts[count++] = week->conflicts[i];
    week->conflict_count = count;
}

static void note_conflict(struct world *world, struct m_week *week, const struct day *day)
{
    forget_conflicts(week, day->day, day->day + 1);
    if (!day->conflict)
        return;
    assert(week->conflict_count < CONFLICTS_MAX);
    week->conflicts[week->conflict_count++] = day->day;
    world->seen[SEEN_WEEK_CONFLICTS]++;
}

/* ---- Day after day ---- */

/* The first day that is not to be published yet. */
static int horizon_of(const struct m_week *week, int today)
{
    int days = week->plan.horizon == 0 ? HORIZON_DAYS : week->plan.horizon, end = today + days;

    if (week->plan.end_day != NOBODY && week->plan.end_day < end)
        end = week->plan.end_day;
    return end > week->planned_to ? end : week->planned_to;
}

/* A day a time; then at midnight, as long as one of its days may be somebody's trouble. */
void m_week_wake(struct world *world, int number)
{
    struct m_week *week = &world->weeks[number];
    int today = m_day_of(world->now);
    struct day day = {.world = world, .number = number, .day = week->next_day, .plan = &week->plan, .slot = week->slot};

    world->days_done++;
    forget_conflicts(week, -1, today);
    if (week->next_day < today)
        day.day = week->next_day = today;
    if (week->next_day < horizon_of(week, today)) {
        world->by_week = number + 1;
        put_day(&day);
        world->by_week = 0;
        world->seen[SEEN_WEEK_GOES_ON] += week->plan.end_day == NOBODY;
        note_conflict(world, week, &day);
        week->next_day++;
        if (week->next_day > week->planned_to)
            week->planned_to = week->next_day;
    }
    if (week->next_day < horizon_of(week, today))
        week->due_at++;
    else if (week->plan.end_day != NOBODY && today >= week->plan.end_day && today >= week->next_day)
        week->due_at = 0;
    else
        week->due_at = m_day_start(today + 1);
}

int m_week_first_due(const struct world *world)
{
    int first = NOBODY;

    for (int i = 0; i < WEEKS_MAX; i++) {
        const struct m_week *week = &world->weeks[i];

        if (week->exists && !week->fresh && week->due_at != 0 && week->due_at <= world->now &&
            (first == NOBODY || week->due_at < world->weeks[first].due_at))
            first = i;
    }
    return first;
}

int64_t m_week_next(const struct world *world, int64_t after)
{
    int64_t next = 0;

    for (int i = 0; i < WEEKS_MAX; i++) {
        const struct m_week *week = &world->weeks[i];

        if (week->exists && week->due_at > after && (next == 0 || week->due_at < next))
            next = week->due_at;
    }
    return next;
}

/* Said again, it comes to the days that are published already, too: from today on. */
void m_week_perform(struct world *world, const struct command *command)
{
    struct m_week *week = &world->weeks[reserve_week_number(command->slot, command->week.id)];
    int today = m_day_of(world->now), first = command->week.first_day;

    if (command->op == OP_DROP_WEEK) {
        *week = (struct m_week){.exists = false};
        return;
    }
    if (!week->exists)
        *week = (struct m_week){.exists = true};
    world->weeks_said++;
    week->fresh = !world->clock_comes;
    week->slot = command->slot;
    week->plan = command->week;
    week->next_day = week->planned_to > today || first < today ? today : first;
    week->due_at = world->now - BACK_MS;
}
