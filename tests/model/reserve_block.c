/* reserve_block.c - units that serve nobody, units that go, and who is asked about what is published (Q10, Q14). */
#include "reserve_inside.h"

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

static void m_block_judge(struct world *world, const struct command *command, struct answer *answer)
{
    struct counts counts = reserve_counts(world, command->slot);
    int units[UNITS_MAX], count = block_choose(world, command, units, answer);

    if (!reaches_reserve(command->reason) && counts.owed > counts.free - count)
        m_say(answer, "BLOCK_EATS_RESERVE");
}

static void m_block_perform(struct world *world, const struct command *command)
{
    struct answer ignored = {.code_count = 0};
    int units[UNITS_MAX], count = block_choose(world, command, units, &ignored);
    int64_t deficit = m_sums(world, command->slot).deficit;

    for (int i = 0; i < count; i++) {
        world->pools[command->slot].units[units[i]].state = REFERRAL__UNIT_STATE__UNIT_BLOCKED;
        world->pools[command->slot].units[units[i]].block_reason = command->reason;
    }
    m_book_block(world, command->slot, deficit);
    m_note(world, command->slot);
}

static int m_unblock_choose(const struct world *world, const struct command *command, int ret_units[UNITS_MAX],
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
        else if (pool->units[index].start <= world->now)
            m_say(answer, "STARTED");
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

static void m_unblock_perform(struct world *world, const struct command *command)
{
    struct answer ignored = {.code_count = 0};
    int units[UNITS_MAX], count = m_unblock_choose(world, command, units, &ignored);

    for (int i = 0; i < count; i++)
        world->pools[command->slot].units[units[i]].state = REFERRAL__UNIT_STATE__UNIT_FREE;
    m_note(world, command->slot);
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
        m_block_judge(world, command, answer);
    else if (command->op == OP_UNBLOCK)
        m_unblock_choose(world, command, units, answer);
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
        m_put_judge(world, command, answer);
    else if (command->op == OP_GROUP)
        m_group_judge(world, command, answer);
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
        m_put_perform(world, command);
        break;
    case OP_BLOCK:
        m_block_perform(world, command);
        break;
    case OP_UNBLOCK:
        m_unblock_perform(world, command);
        break;
    case OP_GROUP:
        m_group_perform(world, command);
        break;
    default:
        which_go(world, command, goes, &ignored);
        world->pools[command->slot].cancelled = command->op == OP_CANCEL_POOL;
        m_cut_perform(world, command->slot, goes);
    }
}
