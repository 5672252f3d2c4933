/* reserve_publish.c - what a hospital publishes, blocks and groups (Q1, Q6, Q10, Q11, Q14). */
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

struct times {
    int64_t fd_opens_at, general_opens_at, release_at;
    bool short_notice;
};

static void check_openings(const struct times *times, int64_t start, struct answer *answer)
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

/* Q6, of a pool or group published now whose first unit starts at `start`. Family doctors never open after the general channel. */
static struct times first_times(int64_t now, const struct command *command, int64_t start, struct answer *answer)
{
    struct date date = instant_local_date(instant_of(start), RESERVE_OFFSET_MINUTES);
    int64_t day = instant_of_local(date, 0, RESERVE_OFFSET_MINUTES).ms, general = command->general_opens_at, opened;
    bool bed = reserve_slots[command->slot].class == REFERRAL__PLACE_CLASS__BED;
    struct times times = {.fd_opens_at = command->fd_opens_at};

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
static struct times later_times(const struct m_pool *pool, const struct command *command, int64_t start,
                                struct answer *answer)
{
    struct times times = {pool->fd_opens_at, pool->general_opens_at, pool->release_at, pool->short_notice};

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

static void judge_runs(const struct world *world, const struct command *command, struct answer *answer)
{
    int total = 0;

    for (int r = 0; r < command->run_count; r++) {
        const struct run *run = &command->runs[r];
        int64_t start = unit_start(command, run, 0), end = unit_start(command, run, run->count - 1) + unit_length(run);

        total += run->count;
        if (adds_started(world, command, run))
            m_say(answer, "PAST_SESSION");
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

static void put_judge(struct world *world, const struct command *command, struct answer *answer)
{
    const struct m_pool *pool = &world->pools[command->slot];
    int member = group_member(world, command->slot);
    bool goes[UNITS_MAX], lacking;

    if (command->reserve_bp != 0 && (command->reserve_bp < 2000 || command->reserve_bp > 10000))
        m_say(answer, "RESERVE_TOO_SMALL");
    judge_runs(world, command, answer);
    if (pool->cancelled)
        m_say(answer, "POOL_CANCELLED");
    if (pool->grouped || (!pool->exists && member != NOBODY))
        grouped_judge(pool->grouped ? pool : &world->pools[member], command, earliest_start(pool, command), answer);
    else if (pool->next_unit > 0)
        later_times(pool, command, earliest_start(pool, command), answer);
    else
        first_times(world->now, command, earliest_start(pool, command), answer);
    if (pool->exists) {
        surplus(world, command, goes, &lacking);
        if (lacking)
            m_say(answer, "BELOW_BOOKED");
    }
}

static void set_times(struct world *world, struct m_pool *pool, const struct times *times)
{
    pool->fd_opens_at = times->fd_opens_at;
    pool->general_opens_at = times->general_opens_at;
    pool->release_at = times->release_at;
    pool->short_notice = times->short_notice;
    pool->fd_opened = times->fd_opens_at <= world->now;
    pool->general_opened = times->general_opens_at <= world->now;
    pool->released = times->release_at <= world->now && (pool->released || !world->doubt);
}

static void publish(struct world *world, const struct command *command)
{
    struct m_pool *pool = &world->pools[command->slot];
    struct answer ignored = {.code_count = 0};
    int member = group_member(world, command->slot);
    struct times times;

    *pool = (struct m_pool){.exists = true,
                            .published_at = world->now,
                            .reserve_bp = command->reserve_bp != 0 ? command->reserve_bp : 2000,
                            .span = command->span != 0 ? command->span : 1};
    if (member != NOBODY) {
        const struct m_pool *other = &world->pools[member];

        pool->grouped = true;
        pool->reserve_bp = other->reserve_bp;
        pool->span = other->span;
        times = (struct times){other->fd_opens_at, other->general_opens_at, other->release_at, other->short_notice};
    } else {
        times = first_times(world->now, command, earliest_start(pool, command), &ignored);
    }
    pool->start = earliest_start(pool, command);
    set_times(world, pool, &times);
}

static void change(struct world *world, const struct command *command)
{
    struct m_pool *pool = &world->pools[command->slot];
    struct answer ignored = {.code_count = 0};
    int64_t start = earliest_start(pool, command);
    struct times times = pool->next_unit > 0 ? later_times(pool, command, start, &ignored)
                                             : first_times(world->now, command, start, &ignored);

    pool->start = start;
    if (pool->grouped)
        return;
    set_times(world, pool, &times);
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

/* What is lacking comes before what goes: who loses a place may get a new one. */
static void put_perform(struct world *world, const struct command *command)
{
    struct m_pool *pool = &world->pools[command->slot];
    int numbers[UNITS_MAX], count = 0;
    bool goes[UNITS_MAX], lacking;

    if (pool->exists)
        change(world, command);
    else
        publish(world, command);
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
    m_note(world, command->slot);
}

/* ---- Blocks ---- */

static bool reaches_reserve(int reason)
{
    return reason == REFERRAL__BLOCK_REASON__STAFF_ABSENT || reason == REFERRAL__BLOCK_REASON__DEVICE_DOWN ||
           reason == REFERRAL__BLOCK_REASON__SAFETY || reason == REFERRAL__BLOCK_REASON__EMERGENCY_USE;
}

/* By index: those named, or the latest free that have not started. */
static int block_choose(const struct world *world, const struct command *command, int ret_units[UNITS_MAX],
                        struct answer *answer)
{
    const struct m_pool *pool = &world->pools[command->slot];
    int count = 0;

    for (int i = 0; i < command->picked_count; i++) {
        int index = m_unit_index(pool, command->picked[i]);

        if (index == NOBODY) {
            m_say(answer, "UNKNOWN_UNIT");
            continue;
        }
        if (pool->units[index].state != REFERRAL__UNIT_STATE__UNIT_FREE)
            m_say(answer, "UNIT_TAKEN");
        if (pool->units[index].start <= world->now)
            m_say(answer, "STARTED");
        ret_units[count++] = index;
    }
    for (int i = pool->count - 1; i >= 0 && command->picked_count == 0 && count < command->count; i--)
        if (pool->units[i].state == REFERRAL__UNIT_STATE__UNIT_FREE && pool->units[i].start > world->now)
            ret_units[count++] = i;
    if (command->picked_count == 0 && count < command->count) {
        m_say(answer, "NO_FREE");
        m_say(answer, "UNIT_TAKEN");
    }
    return count;
}

static void block_judge(struct world *world, const struct command *command, struct answer *answer)
{
    struct counts counts = reserve_counts(world, command->slot);
    int units[UNITS_MAX], count = block_choose(world, command, units, answer);
    bool open = m_is_released(world, &world->pools[command->slot]);

    if (!open && !reaches_reserve(command->reason) && counts.reserve - counts.family - (counts.free - count) > 0)
        m_say(answer, "BLOCK_EATS_RESERVE");
}

static void block_perform(struct world *world, const struct command *command)
{
    struct answer ignored = {.code_count = 0};
    int units[UNITS_MAX], count = block_choose(world, command, units, &ignored);

    for (int i = 0; i < count; i++) {
        world->pools[command->slot].units[units[i]].state = REFERRAL__UNIT_STATE__UNIT_BLOCKED;
        world->pools[command->slot].units[units[i]].block_reason = command->reason;
    }
    m_note(world, command->slot);
}

static int unblock_choose(const struct world *world, const struct command *command, int ret_units[UNITS_MAX],
                          struct answer *answer)
{
    const struct m_pool *pool = &world->pools[command->slot];
    int count = 0;

    for (int i = 0; i < command->picked_count; i++) {
        int index = m_unit_index(pool, command->picked[i]);

        if (index == NOBODY)
            m_say(answer, "UNKNOWN_UNIT");
        else if (pool->units[index].state != REFERRAL__UNIT_STATE__UNIT_BLOCKED)
            m_say(answer, "NOT_BLOCKED");
        else
            ret_units[count++] = index;
    }
    for (int i = 0; i < pool->count && command->picked_count == 0 && count < command->count; i++)
        if (pool->units[i].state == REFERRAL__UNIT_STATE__UNIT_BLOCKED && pool->units[i].start > world->now)
            ret_units[count++] = i;
    if (command->picked_count == 0 && count < command->count)
        m_say(answer, "NOT_BLOCKED");
    return count;
}

static void unblock_perform(struct world *world, const struct command *command)
{
    struct answer ignored = {.code_count = 0};
    int units[UNITS_MAX], count = unblock_choose(world, command, units, &ignored);

    for (int i = 0; i < count; i++)
        world->pools[command->slot].units[units[i]].state = REFERRAL__UNIT_STATE__UNIT_FREE;
    m_note(world, command->slot);
}

/* ---- PUT_GROUP ---- */

static bool is_of_day(const struct world *world, int slot, int i)
{
    return world->pools[i].exists && reserve_slots[i].class == reserve_slots[slot].class &&
           reserve_slots[i].day == reserve_slots[slot].day &&
           strcmp(reserve_slots[i].department, reserve_slots[slot].department) == 0;
}

static int64_t earliest_of_day(const struct world *world, int slot)
{
    int64_t first = 0;

    for (int i = 0; i < SLOTS; i++)
        if (is_of_day(world, slot, i) && world->pools[i].start != 0 && (first == 0 || world->pools[i].start < first))
            first = world->pools[i].start;
    return first;
}

/* What a group has where nothing is said: of all pools of the day what is best for family doctors (Q6). */
static struct m_pool best_of_day(const struct world *world, int slot)
{
    struct m_pool best = {.exists = false};

    for (int i = 0; i < SLOTS; i++) {
        const struct m_pool *pool = &world->pools[i];

        if (!is_of_day(world, slot, i))
            continue;
        if (!best.exists || pool->fd_opens_at < best.fd_opens_at)
            best.fd_opens_at = pool->fd_opens_at;
        if (!best.exists || pool->published_at < best.published_at)
            best.published_at = pool->published_at;
        if (pool->general_opens_at > best.general_opens_at)
            best.general_opens_at = pool->general_opens_at;
        if (pool->reserve_bp > best.reserve_bp)
            best.reserve_bp = pool->reserve_bp;
        if (pool->span > best.span)
            best.span = pool->span;
        best.exists = true;
    }
    return best;
}

/* No pool loses time by the group: it is released as long before its start as the one that was to be released last before its own. */
static int64_t release_of_day(const struct world *world, int slot, bool *ret_short_notice)
{
    int64_t before = INT64_MAX;

    *ret_short_notice = false;
    for (int i = 0; i < SLOTS; i++) {
        const struct m_pool *pool = &world->pools[i];

        if (!is_of_day(world, slot, i))
            continue;
        *ret_short_notice = *ret_short_notice || pool->short_notice;
        if (pool->start - pool->release_at < before)
            before = pool->start > pool->release_at ? pool->start - pool->release_at : 0;
    }
    return earliest_of_day(world, slot) - before;
}

static int grouped_of_day(const struct world *world, int slot)
{
    for (int i = 0; i < SLOTS; i++)
        if (is_of_day(world, slot, i) && world->pools[i].grouped)
            return i;
    return NOBODY;
}

/* Declared: openings and release move only in favour of family doctors; what was published at short notice is released late whatever is wished. */
static struct times declared_times(const struct world *world, const struct command *command, struct answer *answer)
{
    struct m_pool best = best_of_day(world, command->slot);
    struct command wish = *command;
    struct times times;
    bool short_notice;
    int64_t release_at = release_of_day(world, command->slot, &short_notice);

    if (command->fd_opens_at > best.fd_opens_at ||
        (command->general_opens_at != 0 && command->general_opens_at < best.general_opens_at) ||
        (command->release_at != 0 && command->release_at < release_at && !short_notice))
        m_say(answer, "ONLY_IN_FAVOUR");
    wish.fd_opens_at = command->fd_opens_at != 0 ? command->fd_opens_at : best.fd_opens_at;
    wish.general_opens_at = command->general_opens_at != 0 ? command->general_opens_at : best.general_opens_at;
    times = first_times(best.published_at, &wish, earliest_of_day(world, command->slot), answer);
    times.short_notice = times.short_notice || short_notice;
    if (times.release_at < release_at)
        times.release_at = release_at;
    return times;
}

static struct times group_times(const struct world *world, const struct command *command, struct answer *answer)
{
    int member = grouped_of_day(world, command->slot);

    if (member == NOBODY)
        return declared_times(world, command, answer);
    return later_times(&world->pools[member], command, earliest_of_day(world, command->slot), answer);
}

static void group_judge(struct world *world, const struct command *command, struct answer *answer)
{
    if (command->reserve_bp != 0 && (command->reserve_bp < 2000 || command->reserve_bp > 10000))
        m_say(answer, "RESERVE_TOO_SMALL");
    if (reserve_slots[command->slot].day < m_day_of(world->now))
        m_say(answer, "PAST_SESSION");
    if (earliest_of_day(world, command->slot) == 0) {
        m_say(answer, "UNKNOWN_POOL");
        return;
    }
    for (int i = 0; i < SLOTS; i++)
        for (int u = 0; u < world->pools[i].count; u++)
            if (is_of_day(world, command->slot, i) && grouped_of_day(world, i) == NOBODY &&
                world->pools[i].units[u].booking != NOBODY)
                m_say(answer, "GROUP_TOO_LATE");
    group_times(world, command, answer);
}

static void group_perform(struct world *world, const struct command *command)
{
    struct answer ignored = {.code_count = 0};
    struct times times = group_times(world, command, &ignored);
    struct m_pool best = best_of_day(world, command->slot);

    for (int i = 0; i < SLOTS; i++) {
        struct m_pool *pool = &world->pools[i];

        if (!is_of_day(world, command->slot, i))
            continue;
        pool->reserve_bp = command->reserve_bp != 0 ? command->reserve_bp : best.reserve_bp;
        pool->span = command->span != 0 ? command->span : best.span;
        pool->grouped = true;
        set_times(world, pool, &times);
    }
    m_note(world, grouped_of_day(world, command->slot));
}

/* ---- All of them ---- */

static void judge_existing(struct world *world, const struct command *command, struct answer *answer)
{
    int units[UNITS_MAX];

    if (!world->pools[command->slot].exists) {
        m_say(answer, "UNKNOWN_POOL");
        return;
    }
    if (world->pools[command->slot].cancelled && command->op != OP_UNBLOCK) {
        m_say(answer, "POOL_CANCELLED");
        return;
    }
    if (command->op == OP_BLOCK)
        block_judge(world, command, answer);
    else if (command->op == OP_UNBLOCK)
        unblock_choose(world, command, units, answer);
}

static void named_cut(const struct world *world, const struct command *command, bool *ret_goes, struct answer *answer)
{
    const struct m_pool *pool = &world->pools[command->slot];

    for (int i = 0; i < command->picked_count; i++) {
        int index = m_unit_index(pool, command->picked[i]);

        if (index == NOBODY) {
            m_say(answer, "UNKNOWN_UNIT");
            continue;
        }
        ret_goes[index] = true;
        if (m_unit_is_spent(world, &pool->units[index])) {
            m_say(answer, "STARTED");
            m_say(answer, "UNIT_TAKEN");
            m_say(answer, "BELOW_BOOKED");
        } else if (pool->units[index].booking != NOBODY && !command->displace) {
            m_say(answer, "BELOW_BOOKED");
        }
    }
}

static void which_go(const struct world *world, const struct command *command, bool *ret_goes, struct answer *answer)
{
    const struct m_pool *pool = &world->pools[command->slot];
    bool eligible[UNITS_MAX];
    int chosen[UNITS_MAX], got;

    memset(ret_goes, 0, UNITS_MAX * sizeof *ret_goes);
    if (command->op == OP_CANCEL_POOL) {
        for (int i = 0; i < pool->count; i++)
            ret_goes[i] = !m_unit_is_spent(world, &pool->units[i]);
        return;
    }
    if (command->picked_count != 0) {
        named_cut(world, command, ret_goes, answer);
        return;
    }
    memset(eligible, true, sizeof eligible);
    got = m_cut_choose(world, command->slot, eligible, command->count, command->displace, chosen);
    if (got < command->count) {
        m_say(answer, "BELOW_BOOKED");
        if (command->count > pool->count)
            m_say(answer, "UNKNOWN_UNIT");
    }
    for (int i = 0; i < got; i++)
        ret_goes[chosen[i]] = true;
}

void m_publish_judge(struct world *world, const struct command *command, struct answer *answer)
{
    bool goes[UNITS_MAX];

    if (command->who != WHO_H1) {
        m_say(answer, "NOT_ALLOWED");
        m_say(answer, "UNKNOWN_POOL");
        return;
    }
    if (command->op == OP_PUT)
        put_judge(world, command, answer);
    else if (command->op == OP_GROUP)
        group_judge(world, command, answer);
    else
        judge_existing(world, command, answer);
    if (command->op == OP_CUT && answer->code_count == 0)
        which_go(world, command, goes, answer);
}

void m_publish_perform(struct world *world, const struct command *command)
{
    struct answer ignored = {.code_count = 0};
    bool goes[UNITS_MAX];

    switch ((int)command->op) {
    case OP_PUT:
        put_perform(world, command);
        break;
    case OP_BLOCK:
        block_perform(world, command);
        break;
    case OP_UNBLOCK:
        unblock_perform(world, command);
        break;
    case OP_GROUP:
        group_perform(world, command);
        break;
    default:
        which_go(world, command, goes, &ignored);
        world->pools[command->slot].cancelled = command->op == OP_CANCEL_POOL;
        m_cut_perform(world, command->slot, goes);
    }
}
