/* reserve_fault.c - what may befall a broker in the middle of a story: it dies before a commit, it starts again, it
 * hears again what it accepted. Places are as if nothing had happened. */
#include "reserve_broker.h"

#include <assert.h>

#define DIES_EVERY   31
#define STARTS_EVERY 101
#define HEARS_EVERY  13

static bool is_same(struct broker *broker, const Referral__Reply *first, const Referral__Reply *second)
{
    if (first == NULL || second == NULL)
        return first == second;
    return bytes_equal(wire_pack(&first->base, &broker->keep), wire_pack(&second->base, &broker->keep));
}

static bool says_the_same(struct broker *broker, Batch__Command **commands, size_t count, Referral__Reply **first,
                          Referral__Reply **second, const char *when)
{
    for (size_t i = 0; i < count; i++)
        if (!is_same(broker, first[i], second[i]))
            return broker_differs(broker, "D1: %s is answered otherwise %s\n",
                                  commands[i]->message_id == NULL ? "the clock" : commands[i]->message_id, when);
    return true;
}

/* Nobody was told, and nothing is on disk: the same turn comes to the same. */
static bool dies_before(struct broker *broker, int64_t at_ms, Batch__Command **commands, size_t count,
                        Referral__Reply **ret_replies)
{
    Referral__Reply *lost[TURN_MAX + 1];

    broker_begin(broker);
    broker_apply(broker, at_ms, commands, count, lost);
    broker_abort(broker);
    broker_turn(broker, at_ms, commands, count, ret_replies);
    return says_the_same(broker, commands, count, lost, ret_replies, "after a crash");
}

/* D1: what was accepted has one effect, and one answer. */
static bool hears_again(struct broker *broker, int64_t at_ms, Batch__Command **commands, size_t count,
                        Referral__Reply **replies)
{
    Referral__Reply *first[TURN_MAX + 1], *second[TURN_MAX + 1];
    Batch__Command *again[TURN_MAX + 1];
    size_t said = 0;

    for (size_t i = 0; i < count; i++)
        if (replies[i] != NULL && replies[i]->n_refusals == 0) {
            again[said] = commands[i];
            first[said++] = replies[i];
        }
    if (said == 0)
        return true;
    broker_turn(broker, at_ms, again, said, second);
    return says_the_same(broker, again, said, first, second, "when it is sent again");
}

bool broker_turn_through(struct broker *broker, int64_t at_ms, Batch__Command **commands, size_t count, int label,
                         Referral__Reply **ret_replies)
{
    bool same = true;

    assert(count <= TURN_MAX + 1);
    if (label % DIES_EVERY == 1)
        same = dies_before(broker, at_ms, commands, count, ret_replies);
    else
        broker_turn(broker, at_ms, commands, count, ret_replies);
    if (label % STARTS_EVERY == 1)
        broker_restart(broker);
    return same && (label % HEARS_EVERY != 1 || hears_again(broker, at_ms, commands, count, ret_replies));
}
