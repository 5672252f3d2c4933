/* turn_mailbox.c - where a lane's scan begins, who waits behind whom, and who is next. */
#include <criterion/criterion.h>
#include <utlist.h>

#include "turn/mailbox.h"

static const uint8_t one[ID_KEY_SIZE] = {1}, two[ID_KEY_SIZE] = {2};

static struct inbox_ref at(uint8_t lane, uint64_t index, uint16_t ordinal)
{
    return (struct inbox_ref){.institution = 9, .lane = lane, .index = index, .ordinal = ordinal};
}

static struct held held(const uint8_t referral[ID_KEY_SIZE], struct inbox_ref ref)
{
    struct held held = {.ref = ref};

    memcpy(held.referral, referral, ID_KEY_SIZE);
    return held;
}

Test(mailbox, d3_a_scan_goes_back_to_what_becomes_deliverable_and_never_forward)
{
    struct mailbox mailbox = {.lanes[2] = {.from = at(3, 50, 2), .is_exhausted = true}};

    mailbox_rewind(&mailbox, at(3, 60, 0));
    cr_assert_eq(mailbox.lanes[2].from.index, 50);
    cr_assert_not(mailbox.lanes[2].is_exhausted);
    mailbox_rewind(&mailbox, at(3, 50, 1));
    cr_assert_eq(mailbox.lanes[2].from.ordinal, 1);
    mailbox_rewind(&mailbox, at(3, 7, 9));
    cr_assert_eq(mailbox.lanes[2].from.index, 7);
    cr_assert_eq(mailbox.lanes[1].from.index, 0);
}

Test(mailbox, d3_only_later_messages_of_the_same_referral_wait_behind_one_in_back_off)
{
    struct mailbox mailbox = {0};
    struct held second = held(one, at(3, 20, 0)), first = held(one, at(3, 10, 0));

    mailbox_back_off(&mailbox, &second);
    cr_assert(mailbox_is_stalled(&mailbox, one, at(3, 20, 1)));
    cr_assert_not(mailbox_is_stalled(&mailbox, one, at(3, 19, 9)));
    cr_assert_not(mailbox_is_stalled(&mailbox, two, at(3, 30, 0)));

    /* Whichever of two began first, the earlier one counts. */
    mailbox_back_off(&mailbox, &first);
    cr_assert(mailbox_is_stalled(&mailbox, one, at(3, 19, 9)));
    cr_assert_eq(mailbox.lanes[2].back_off, 2);
    mailbox.lanes[2].from = at(3, 100, 0);
    mailbox_end_back_off(&mailbox, &first);
    cr_assert_eq(mailbox.lanes[2].from.index, 10);
    cr_assert_not(mailbox_is_stalled(&mailbox, one, at(3, 20, 0)));
    cr_assert(mailbox_is_stalled(&mailbox, one, at(3, 21, 0)));
    mailbox_end_back_off(&mailbox, &second);
    cr_assert_not(mailbox_is_stalled(&mailbox, one, at(3, 21, 0)));
    cr_assert_null(mailbox.stalled);
    cr_assert_null(mailbox.back_off);
    cr_assert_eq(mailbox.lanes[2].back_off, 0);
}

Test(mailbox, d4_credit_decides_who_is_next_and_one_emergency_may_go_beyond_it)
{
    struct consumer a = {.credit = 0, .grants = true}, b = {.credit = 1, .grants = true}, c = {.credit = 0};
    struct mailbox mailbox = {.consumer_count = 3};

    CDL_APPEND(mailbox.consumers, &c);
    CDL_APPEND(mailbox.consumers, &a);
    CDL_APPEND(mailbox.consumers, &b);
    cr_assert_eq(mailbox_next_consumer(&mailbox, 3), &b);
    cr_assert_eq(mailbox_next_consumer(&mailbox, 1), &b);
    b.credit = 0;
    cr_assert_null(mailbox_next_consumer(&mailbox, 3));
    cr_assert_null(mailbox_next_consumer(&mailbox, 2));
    cr_assert_eq(mailbox_next_consumer(&mailbox, 1), &a, "c never granted any");
    a.beyond = true;
    cr_assert_eq(mailbox_next_consumer(&mailbox, 1), &b);
    b.is_stopped = true;
    cr_assert_null(mailbox_next_consumer(&mailbox, 1));
}
