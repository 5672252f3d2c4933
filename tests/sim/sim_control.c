/* sim_control.c - the comparison can fail: each mistake planted in the broker is found, and told as a short story.
 *
 * The linker puts the functions here in the place of the broker's own (--wrap). */
#include "sim/sim.h"

#include "engine/life.h"
#include "rules/quota.h"
#include "store/rows.h"
#include "turn/delivery.h"
#include "turn/mailbox.h"

#include <criterion/criterion.h>
#include <stdio.h>

static enum {
    NOTHING,
    FORGETS_ACKS,
    FORGETS_KEYS,
    PASSES_BACK_OFFS,
    CREDITS_MORE,
    TELLS_STRANGERS,
    GOES_ON_WRONGLY,
    REFUSES_AND_WRITES,
    EATS_THE_RESERVE,
} planted;

bool __real_inbox_apply_ack(struct work *work);
bool __wrap_inbox_apply_ack(struct work *work)
{
    return planted == FORGETS_ACKS && ((const Referral__Ack *)work->body)->n_delivery_ids > 1
               ? true
               : __real_inbox_apply_ack(work);
}

void __real_dedup_row_add(struct store_txn *txn, uint32_t sender, const char *message_id, const Record__Dedup *row);
void __wrap_dedup_row_add(struct store_txn *txn, uint32_t sender, const char *message_id, const Record__Dedup *row)
{
    if (planted != FORGETS_KEYS)
        __real_dedup_row_add(txn, sender, message_id, row);
}

bool __real_mailbox_is_stalled(const struct mailbox *mailbox, const uint8_t referral[ID_KEY_SIZE],
                               struct inbox_ref ref);
bool __wrap_mailbox_is_stalled(const struct mailbox *mailbox, const uint8_t referral[ID_KEY_SIZE], struct inbox_ref ref)
{
    return planted != PASSES_BACK_OFFS && __real_mailbox_is_stalled(mailbox, referral, ref);
}

void __real_deliveries_credit(struct deliveries *deliveries, struct consumer *consumer, uint32_t add);
void __wrap_deliveries_credit(struct deliveries *deliveries, struct consumer *consumer, uint32_t add)
{
    __real_deliveries_credit(deliveries, consumer, planted == CREDITS_MORE && add == 3 ? add + 200 : add);
}

int __real_life_party(const struct work *work, const struct life_of *life);
int __wrap_life_party(const struct work *work, const struct life_of *life)
{
    return __real_life_party(work, life) | (planted == TELLS_STRANGERS ? BY_SENDER : 0);
}

enum state __real_lifecycle_target(const struct transition *row, enum state from, enum state previous, bool accepted);
enum state __wrap_lifecycle_target(const struct transition *row, enum state from, enum state previous, bool accepted)
{
    if (planted == GOES_ON_WRONGLY && row->event == ARRIVE && from == BOOKED)
        return IN_CARE;
    return __real_lifecycle_target(row, from, previous, accepted);
}

/* It hides what it wrote from the engine's own count. */
bool __real_life_refuse(struct work *work, const struct life_of *life, int by, enum refusal refusal, const char *field);
bool __wrap_life_refuse(struct work *work, const struct life_of *life, int by, enum refusal refusal, const char *field)
{
    if (planted == REFUSES_AND_WRITES && life->row->state == DELIVERED) {
        FIELD_SET(life->row, state, NO_SHOW);
        referral_row_put(work->txn, life->id, life->row);
        work->put_mark = store_put_count(work->txn);
    }
    return __real_life_refuse(work, life, by, refusal, field);
}

uint64_t __real_quota_reserved_now(const struct quota *quota, struct instant now);
uint64_t __wrap_quota_reserved_now(const struct quota *quota, struct instant now)
{
    return planted == EATS_THE_RESERVE ? 0 : __real_quota_reserved_now(quota, now);
}

#define STEPS    1500
#define EPISODES 10
#define SHORT    20 /* steps: what a person reads at a glance */

static void assert_found(const char *mistake)
{
    static struct sim_step steps[STEPS];
    struct sim_result *result = sim_result_open();
    uint64_t seed = 0;
    size_t count;

    do
        sim_invent(++seed, steps, STEPS), sim_play(steps, STEPS, false, result);
    while (!result->failed && seed < EPISODES);
    cr_assert(result->failed, "%s: not found in %d steps", mistake, STEPS * EPISODES);
    count = sim_shrink(steps, result->at + 1 < STEPS ? result->at + 1 : STEPS, result);
    sim_play(steps, count, true, result);
    fprintf(stderr, "%s, found with seed %llu, told in %zu steps:\n%s=> %s\n\n", mistake, (unsigned long long)seed,
            count, result->story, result->why);
    cr_assert(result->failed && count <= SHORT, "%s: told in %zu steps", mistake, count);
    sim_result_close(result);
}

Test(sim_control, d4_an_ack_that_is_forgotten_is_found)
{
    planted = FORGETS_ACKS;
    assert_found("an ack is forgotten");
}

Test(sim_control, d1_a_duplicate_that_is_applied_twice_is_found)
{
    planted = FORGETS_KEYS;
    assert_found("a duplicate is applied twice");
}

Test(sim_control, d3_a_message_that_passes_an_earlier_one_is_found)
{
    planted = PASSES_BACK_OFFS;
    assert_found("a message passes one in back-off");
}

Test(sim_control, d4_more_than_the_credit_is_found)
{
    planted = CREDITS_MORE;
    assert_found("more is handed out than was granted");
}

Test(sim_control, p2_a_stranger_who_is_told_is_found)
{
    planted = TELLS_STRANGERS;
    assert_found("a stranger is told");
}

Test(sim_control, l1_a_step_that_is_not_in_the_table_is_found)
{
    planted = GOES_ON_WRONGLY;
    assert_found("a step is not the table's");
}

Test(sim_control, l1_a_refused_command_that_writes_is_found)
{
    planted = REFUSES_AND_WRITES;
    assert_found("a refused command writes");
}

Test(sim_control, q3_a_reserve_that_is_eaten_is_found)
{
    planted = EATS_THE_RESERVE;
    assert_found("general bookings eat the reserve");
}
