/* reserve_group.c - one p, one set of times, one reserve for all pools of a day (Q11). */
#include "reserve_inside.h"

static bool is_of_day(const struct world *world, int slot, int i)
{
    return world->pools[i].exists && reserve_slots[i].class == reserve_slots[slot].class &&
           reserve_slots[i].day == reserve_slots[slot].day &&
           strcmp(reserve_slots[i].department, reserve_slots[slot].department) == 0;
}

int64_t m_group_start(const struct world *world, int slot)
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

/* No pool loses time by the group: it is released as long before its start as the one that was to be released last
 * before its own. */
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
    return m_group_start(world, slot) - before;
}

int m_group_member(const struct world *world, int slot)
{
    for (int i = 0; i < SLOTS; i++)
        if (is_of_day(world, slot, i) && world->pools[i].grouped)
            return i;
    return NOBODY;
}

bool m_group_is_declared(const struct world *world, int slot)
{
    return m_group_member(world, slot) != NOBODY;
}

/* Declared: openings and release move only in favour of family doctors; what was published at short notice is released
 * late whatever is wished. */
static struct m_times declared_times(const struct world *world, const struct command *command, struct answer *answer)
{
    struct m_pool best = best_of_day(world, command->slot);
    struct command wish = *command;
    struct m_times times;
    bool short_notice;
    int64_t release_at = release_of_day(world, command->slot, &short_notice);

    if (command->fd_opens_at > best.fd_opens_at ||
        (command->general_opens_at != 0 && command->general_opens_at < best.general_opens_at) ||
        (command->release_at != 0 && command->release_at < release_at && !short_notice))
        m_say(answer, "ONLY_IN_FAVOUR");
    wish.fd_opens_at = command->fd_opens_at != 0 ? command->fd_opens_at : best.fd_opens_at;
    wish.general_opens_at = command->general_opens_at != 0 ? command->general_opens_at : best.general_opens_at;
    times = m_first_times(best.published_at, &wish, m_group_start(world, command->slot), answer);
    times.short_notice = times.short_notice || short_notice;
    if (times.release_at < release_at)
        times.release_at = release_at;
    return times;
}

static struct m_times group_times(const struct world *world, const struct command *command, struct answer *answer)
{
    int member = m_group_member(world, command->slot);

    if (member == NOBODY)
        return declared_times(world, command, answer);
    return m_later_times(&world->pools[member], command, m_group_start(world, command->slot), answer);
}

void m_group_judge(struct world *world, const struct command *command, struct answer *answer)
{
    if (command->reserve_bp != 0 && (command->reserve_bp < 2000 || command->reserve_bp > 10000))
        m_say(answer, "RESERVE_TOO_SMALL");
    if (reserve_slots[command->slot].day < m_day_of(world->now))
        m_say(answer, "PAST_SESSION");
    if (m_group_start(world, command->slot) == 0) {
        m_say(answer, "UNKNOWN_POOL");
        return;
    }
    for (int i = 0; i < SLOTS; i++)
        for (int u = 0; u < world->pools[i].count; u++)
            if (is_of_day(world, command->slot, i) && m_group_member(world, i) == NOBODY &&
                world->pools[i].units[u].booking != NOBODY)
                m_say(answer, "GROUP_TOO_LATE");
    group_times(world, command, answer);
}

void m_group_perform(struct world *world, const struct command *command)
{
    struct answer ignored = {.code_count = 0};
    struct m_times times = group_times(world, command, &ignored);
    struct m_pool best = best_of_day(world, command->slot);
    bool differs = false;

    if (!m_group_is_declared(world, command->slot))
        m_book_group(world, command->slot);
    for (int i = 0; i < SLOTS; i++) {
        struct m_pool *pool = &world->pools[i], before = *pool;

        if (!is_of_day(world, command->slot, i))
            continue;
        pool->reserve_bp = command->reserve_bp != 0 ? command->reserve_bp : best.reserve_bp;
        pool->span = command->span != 0 ? command->span : best.span;
        pool->grouped = true;
        m_set_times(world, pool, &times);
        differs |= !before.grouped || before.reserve_bp != pool->reserve_bp || before.span != pool->span ||
                   before.fd_opens_at != times.fd_opens_at || before.general_opens_at != times.general_opens_at ||
                   before.release_at != times.release_at;
    }
    m_book_require(world, m_group_member(world, command->slot));
    m_book_release(world, m_group_member(world, command->slot));
    if (differs)
        m_note(world, m_group_member(world, command->slot));
}
