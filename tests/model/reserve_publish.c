/* reserve_publish.c - a pool as a hospital wants it: its units, its share, its times (Q1, Q6, Q10, Q11). */
#include "reserve_inside.h"

#define LATEST_RELEASE_MS (72 * HOUR_MS)
#define SHORT_NOTICE_MS   (24 * HOUR_MS)
#define SHORT_RELEASE_MS  (2 * HOUR_MS)
#define UNITS_ALLOWED     500
#define RUN_MS            HOUR_MS /* of a unit that starts with all others */

static int64_t unit_start(const struct command *command, const struct run *run, int nth)
{
    return m_day_start(reserve_slots[command->slot].day) + (run->start_minute + nth * run->minutes) * MINUTE_MS;
}

static int64_t unit_length(const struct run *run)
{
    return run->minutes == 0 ? RUN_MS : run->minutes * MINUTE_MS;
}

/* How many units of this start and end the command wants. */
static int wanted(const struct command *command, int64_t start, int64_t end)
{
    int count = 0;

    for (int r = 0; r < command->run_count; r++)
        for (int i = 0; i < command->runs[r].count; i++) {
            int64_t from = unit_start(command, &command->runs[r], i);

            count += from == start && from + unit_length(&command->runs[r]) == end;
        }
    return count;
}

static int present(const struct m_pool *pool, int64_t start, int64_t end)
{
    int count = 0;

    for (int i = 0; i < pool->count; i++)
        count += pool->units[i].start == start && pool->units[i].end == end;
    return count;
}

static int64_t first_start(const struct command *command)
{
    int64_t first = 0;

    for (int r = 0; r < command->run_count; r++) {
        int64_t start = unit_start(command, &command->runs[r], 0);

        if (command->runs[r].count > 0 && (first == 0 || start < first))
            first = start;
    }
    return first;
}

/* With the units that it would have. One that never had any counts as one at the end of its day. */
static int64_t earliest_start(const struct m_pool *pool, const struct command *command)
{
    int64_t first = first_start(command), start = m_day_start(reserve_slots[command->slot].day + 1);

    if (pool->next_unit > 0)
        start = pool->start;
    return first != 0 && first < start ? first : start;
}

/* ---- Times ---- */

static void check_openings(const struct m_times *times, int64_t start, struct answer *answer)
{
    if (times->fd_opens_at > times->general_opens_at || times->general_opens_at >= start)
        m_say(answer, "BAD_TIMES");
}

static void check_release(int64_t release_at, int64_t start, struct answer *answer)
{
    if (release_at < start - LATEST_RELEASE_MS || release_at > start)
        m_say(answer, "RELEASE_OUT_OF_RANGE");
}

/* A reserve that nobody had a day's time to use stays until shortly before the start. */
static int64_t put_off(int64_t release_at, int64_t start)
{
    return release_at > start - SHORT_RELEASE_MS ? release_at : start - SHORT_RELEASE_MS;
}

/* Q6, of a pool or group published now whose first unit starts at `start`. Family doctors never open after the general
 * channel. */
struct m_times m_first_times(int64_t now, const struct command *command, int64_t start, struct answer *answer)
{
    struct date date = instant_local_date(instant_of(start), RESERVE_OFFSET_MINUTES);
    int64_t day = instant_of_local(date, 0, RESERVE_OFFSET_MINUTES).ms, general = command->general_opens_at, opened;
    bool bed = reserve_slots[command->slot].class == REFERRAL__PLACE_CLASS__BED;
    struct m_times times = {.fd_opens_at = command->fd_opens_at};

    if (times.fd_opens_at == 0)
        times.fd_opens_at = general != 0 && general < now ? general : now;
    times.general_opens_at = general != 0 ? general : times.fd_opens_at;
    times.release_at = command->release_at != 0 ? command->release_at : bed ? day - 8 * HOUR_MS : start - DAY_MS;
    check_openings(&times, start, answer);
    check_release(times.release_at, start, answer);
    opened = times.fd_opens_at > now ? times.fd_opens_at : now;
    times.short_notice = times.release_at - opened < SHORT_NOTICE_MS;
    if (times.short_notice)
        times.release_at = put_off(times.release_at, start);
    return times;
}

/* After publication: only in favour of family doctors. The same wish again says the same. */
struct m_times m_later_times(const struct m_pool *pool, const struct command *command, int64_t start,
                             struct answer *answer)
{
    struct m_times times = {pool->fd_opens_at, pool->general_opens_at, pool->release_at, pool->short_notice};

    times.fd_opens_at = command->fd_opens_at != 0 ? command->fd_opens_at : times.fd_opens_at;
    times.general_opens_at = command->general_opens_at != 0 ? command->general_opens_at : times.general_opens_at;
    if (command->general_opens_at != 0)
        check_openings(&times, start, answer);
    if (command->release_at != 0) {
        check_release(command->release_at, start, answer);
        times.release_at = times.short_notice ? put_off(command->release_at, start) : command->release_at;
    }
    if (times.fd_opens_at > pool->fd_opens_at || times.general_opens_at < pool->general_opens_at ||
        times.release_at < pool->release_at)
        m_say(answer, "ONLY_IN_FAVOUR");
    return times;
}

/* A pool of that day which is in the group; NOBODY: there is no group, or none in it. */
static int group_member(const struct world *world, int slot)
{
    for (int i = 0; i < SLOTS; i++)
        if (i != slot && world->pools[i].exists && world->pools[i].grouped &&
            reserve_slots[i].class == reserve_slots[slot].class && reserve_slots[i].day == reserve_slots[slot].day &&
            strcmp(reserve_slots[i].department, reserve_slots[slot].department) == 0)
            return i;
    return NOBODY;
}

static bool has_terms(const struct command *command)
{
    return command->reserve_bp != 0 || command->span != 0 || command->fd_opens_at != 0 ||
           command->general_opens_at != 0 || command->release_at != 0;
}

/* ---- PUT_POOL ---- */

/* The units there are too many of, by index. */
static void surplus(const struct world *world, const struct command *command, bool *ret_goes, bool *ret_lacking)
{
    const struct m_pool *pool = &world->pools[command->slot];

    memset(ret_goes, 0, UNITS_MAX * sizeof *ret_goes);
    *ret_lacking = false;
    for (int i = 0; i < pool->count; i++) {
        int64_t start = pool->units[i].start, end = pool->units[i].end;
        int too_many = present(pool, start, end) - wanted(command, start, end), got;
        bool eligible[UNITS_MAX] = {false};
        int chosen[UNITS_MAX];

        if (too_many <= 0 || (i > 0 && pool->units[i - 1].start == start))
            continue; /* looked at already */
        if (start <= world->now)
            continue; /* what has begun is left alone */
        for (int j = 0; j < pool->count; j++)
            eligible[j] = pool->units[j].start == start && pool->units[j].end == end;
        got = m_cut_choose(world, command->slot, eligible, too_many, command->displace, chosen);
        *ret_lacking |= got < too_many;
        for (int j = 0; j < got; j++)
            ret_goes[chosen[j]] = true;
    }
}

/* Q6: what has begun may stay, but cannot come to be. */
static bool adds_started(const struct world *world, const struct command *command, const struct run *run)
{
    const struct m_pool *pool = &world->pools[command->slot];

    for (int i = 0; i < run->count; i++) {
        int64_t start = unit_start(command, run, i), end = start + unit_length(run);

        if (start <= world->now && wanted(command, start, end) > present(pool, start, end))
            return true;
    }
    return false;
}

/* What is wrong whatever there is already: no pool is looked at for it. */
static void judge_form(const struct world *world, const struct command *command, struct answer *answer)
{
    int total = 0;

    if (command->reserve_bp != 0 && (command->reserve_bp < 2000 || command->reserve_bp > 10000))
        m_say(answer, "RESERVE_TOO_SMALL");
    for (int r = 0; r < command->run_count; r++) {
        const struct run *run = &command->runs[r];
        int64_t start = unit_start(command, run, 0), end = unit_start(command, run, run->count - 1) + unit_length(run);

        total += run->count;
        if (m_day_of(start) != reserve_slots[command->slot].day ||
            m_day_of(unit_start(command, run, run->count - 1)) != reserve_slots[command->slot].day)
            m_say(answer, "OTHER_DAY");
        for (int other = 0; other < r; other++) {
            const struct run *before = &command->runs[other];
            int64_t their_start = unit_start(command, before, 0),
                    their_end = unit_start(command, before, before->count - 1) + unit_length(before);

            if (start != their_start && start < their_end && their_start < end)
                m_say(answer, "OVERLAPPING");
        }
    }
    if (total > UNITS_ALLOWED)
        m_say(answer, "OUT_OF_RANGE");
    if (reserve_slots[command->slot].day < m_day_of(world->now))
        m_say(answer, "PAST_SESSION");
}

/* Q11: the group decides, and its pools must start when its times allow. */
static void grouped_judge(const struct m_pool *group, const struct command *command, int64_t start,
                          struct answer *answer)
{
    if (has_terms(command))
        m_say(answer, "GROUPED");
    if (start <= group->general_opens_at || start < group->release_at)
        m_say(answer, "BAD_TIMES");
}

bool m_put_looks(const struct world *world, const struct command *command)
{
    struct answer form = {.code_count = 0};

    judge_form(world, command, &form);
    return form.code_count == 0;
}

void m_put_judge(struct world *world, const struct command *command, struct answer *answer)
{
    const struct m_pool *pool = &world->pools[command->slot];
    int member = group_member(world, command->slot);
    bool goes[UNITS_MAX], lacking;

    judge_form(world, command, answer);
    for (int r = 0; r < command->run_count; r++)
        if (adds_started(world, command, &command->runs[r]))
            m_say(answer, "PAST_SESSION");
    if (pool->cancelled)
        m_say(answer, "POOL_CANCELLED");
    if (pool->grouped || (!pool->exists && member != NOBODY))
        grouped_judge(pool->grouped ? pool : &world->pools[member], command, earliest_start(pool, command), answer);
    else if (pool->next_unit > 0)
        m_later_times(pool, command, earliest_start(pool, command), answer);
    else
        m_first_times(world->now, command, earliest_start(pool, command), answer);
    if (pool->exists) {
        surplus(world, command, goes, &lacking);
        if (lacking)
            m_say(answer, "BELOW_BOOKED");
    }
}

void m_set_times(struct world *world, struct m_pool *pool, const struct m_times *times)
{
    pool->fd_opens_at = times->fd_opens_at;
    pool->general_opens_at = times->general_opens_at;
    pool->release_at = times->release_at;
    pool->short_notice = times->short_notice;
    pool->fd_opened = times->fd_opens_at <= world->now;
    pool->general_opened = times->general_opens_at <= world->now;
    pool->released = times->release_at <= world->now && (pool->released || !world->doubt);
    if (times->release_at > world->now)
        m_book_put_off(world, (int)(pool - world->pools));
}

static void publish(struct world *world, const struct command *command)
{
    struct m_pool *pool = &world->pools[command->slot];
    struct answer ignored = {.code_count = 0};
    int member = group_member(world, command->slot);
    struct m_times times;

    *pool = (struct m_pool){.exists = true,
                            .week = NOBODY,
                            .published_at = world->now,
                            .reserve_bp = command->reserve_bp != 0 ? command->reserve_bp : 2000,
                            .span = command->span != 0 ? command->span : 1};
    if (member != NOBODY) {
        const struct m_pool *other = &world->pools[member];

        pool->grouped = true;
        pool->reserve_bp = other->reserve_bp;
        pool->span = other->span;
        times = (struct m_times){other->fd_opens_at, other->general_opens_at, other->release_at, other->short_notice};
    } else {
        times = m_first_times(world->now, command, earliest_start(pool, command), &ignored);
    }
    pool->start = earliest_start(pool, command);
    m_set_times(world, pool, &times);
}

static void change(struct world *world, const struct command *command)
{
    struct m_pool *pool = &world->pools[command->slot];
    struct answer ignored = {.code_count = 0};
    int64_t start = earliest_start(pool, command);
    struct m_times times = pool->next_unit > 0 ? m_later_times(pool, command, start, &ignored)
                                               : m_first_times(world->now, command, start, &ignored);

    pool->start = start;
    if (pool->grouped)
        return;
    m_set_times(world, pool, &times);
    pool->reserve_bp = command->reserve_bp != 0 ? command->reserve_bp : pool->reserve_bp;
    pool->span = command->span != 0 ? command->span : pool->span;
}

static void add_lacking(struct world *world, const struct command *command)
{
    struct m_pool *pool = &world->pools[command->slot];

    for (int r = 0; r < command->run_count; r++)
        for (int i = 0; i < command->runs[r].count; i++) {
            int64_t start = unit_start(command, &command->runs[r], i), end = start + unit_length(&command->runs[r]);

            if (present(pool, start, end) >= wanted(command, start, end))
                continue;
            m_unit_insert(pool, start, end);
            pool->over = false;
        }
}

static bool is_as_it_was(const struct m_pool *pool, const struct m_pool *before)
{
    return before->exists && pool->week == before->week && pool->reserve_bp == before->reserve_bp &&
           pool->span == before->span && pool->fd_opens_at == before->fd_opens_at &&
           pool->general_opens_at == before->general_opens_at && pool->release_at == before->release_at &&
           pool->start == before->start && pool->next_unit == before->next_unit && pool->count == before->count;
}

/* What is lacking comes before what goes: who loses a place may get a new one. */
void m_put_perform(struct world *world, const struct command *command)
{
    struct m_pool *pool = &world->pools[command->slot], before = *pool;
    int numbers[UNITS_MAX], count = 0;
    bool goes[UNITS_MAX], lacking;

    if (pool->exists)
        change(world, command);
    else
        publish(world, command);
    if (before.exists)
        m_book_require(world, command->slot);
    pool->week = world->by_week != 0 ? world->by_week - 1 : pool->week;
    surplus(world, command, goes, &lacking);
    for (int i = 0; i < pool->count; i++)
        if (goes[i])
            numbers[count++] = pool->units[i].number;
    add_lacking(world, command);
    memset(goes, 0, sizeof goes);
    for (int i = 0; i < count; i++)
        goes[m_unit_index(pool, numbers[i])] = true;
    if (count > 0)
        m_cut_perform(world, command->slot, goes);
    m_book_require(world, command->slot);
    m_book_release(world, command->slot);
    if (!is_as_it_was(pool, &before))
        m_note(world, command->slot);
}
