/* reserve_control.c - the comparison can fail: each mistake planted in the broker is found, and told as a short story.
 *
 * The linker puts the functions here in the place of the broker's own (--wrap). */
#include "reserve_invent.h"
#include "reserve_play.h"

#include "engine/waiting.h"
#include "store/rows.h"

#include <criterion/criterion.h>
#include <stdio.h>

static enum {
    NOTHING,
    RESERVE_ONE_SHORT,
    HOLDS_TOO_LONG,
    OFFERS_TOO_LONG,
    OPENS_AT_ONCE,
    FORGETS_WHO_WAITS,
    FORGETS_KEYS
} planted;

uint64_t __real_quota_reserved_now(const struct quota *quota, struct instant now);
uint64_t __wrap_quota_reserved_now(const struct quota *quota, struct instant now)
{
    uint64_t kept = __real_quota_reserved_now(quota, now);

    return planted == RESERVE_ONE_SHORT && kept > 0 ? kept - 1 : kept;
}

struct instant __real_hold_until(struct instant now, uint32_t minutes, struct instant start);
struct instant __wrap_hold_until(struct instant now, uint32_t minutes, struct instant start)
{
    struct instant until = __real_hold_until(now, minutes, start);

    return planted == HOLDS_TOO_LONG ? instant_after(until, 1) : until;
}

struct instant __real_offer_until(struct instant now, struct instant start, int offset_minutes);
struct instant __wrap_offer_until(struct instant now, struct instant start, int offset_minutes)
{
    struct instant until = __real_offer_until(now, start, offset_minutes);

    return planted == OFFERS_TOO_LONG && instant_is_set(until) ? instant_after(until, 1) : until;
}

enum refusal __real_pool_is_open(const struct work *work, const struct pool_of *pool, Referral__Channel channel);
enum refusal __wrap_pool_is_open(const struct work *work, const struct pool_of *pool, Referral__Channel channel)
{
    return planted == OPENS_AT_ONCE ? REFUSED_NOT : __real_pool_is_open(work, pool, channel);
}

void __real_waiting_note_pool(struct work *work, struct pool_of *pool);
void __wrap_waiting_note_pool(struct work *work, struct pool_of *pool)
{
    if (planted != FORGETS_WHO_WAITS)
        __real_waiting_note_pool(work, pool);
}

void __real_dedup_row_add(struct store_txn *txn, uint32_t sender, const char *message_id, const Record__Dedup *row);
void __wrap_dedup_row_add(struct store_txn *txn, uint32_t sender, const char *message_id, const Record__Dedup *row)
{
    if (planted != FORGETS_KEYS)
        __real_dedup_row_add(txn, sender, message_id, row);
}

#define COMMANDS 300
#define STORIES  20
#define SHORT    12 /* commands: what a person reads at a glance */

static void assert_found(const char *mistake)
{
    static struct command commands[COMMANDS];
    static struct played played;
    struct ground ground;
    uint64_t seed = 0;
    int left;

    ground_open(&ground);
    do {
        invent(++seed, commands, COMMANDS);
        play(&ground, commands, COMMANDS, &played);
    } while (played.same && seed < STORIES);
    cr_assert(!played.same, "%s: not found in %d stories", mistake, STORIES);
    left = play_shrink(&ground, commands, played.at + 1);
    play(&ground, commands, left, &played);
    fprintf(stderr, "%s, found by story %lu:\n", mistake, (unsigned long)seed);
    play_tell(commands, left, &played);
    cr_assert(!played.same);
    cr_assert_leq(left, SHORT, "%s: the story is %d commands long", mistake, left);
    ground_close(&ground);
}

Test(reserve_control, q3_a_reserve_one_unit_short_is_found)
{
    planted = RESERVE_ONE_SHORT;
    assert_found("a reserve one unit short");
}

Test(reserve_control, q7_a_hold_a_millisecond_too_long_is_found)
{
    planted = HOLDS_TOO_LONG;
    assert_found("a hold that ends a millisecond late");
}

Test(reserve_control, q8_an_offer_a_millisecond_too_long_is_found)
{
    planted = OFFERS_TOO_LONG;
    assert_found("an offer that ends a millisecond late");
}

Test(reserve_control, q6_a_pool_open_too_early_is_found)
{
    planted = OPENS_AT_ONCE;
    assert_found("a pool that opens at once");
}

Test(reserve_control, q8_freed_units_that_nobody_is_offered_are_found)
{
    planted = FORGETS_WHO_WAITS;
    assert_found("freed units that are offered to nobody");
}

Test(reserve_control, d1_a_place_taken_twice_by_one_command_is_found)
{
    planted = FORGETS_KEYS;
    assert_found("a command that is sent again and has a second effect");
}
