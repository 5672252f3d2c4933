/* mailbox.c - lanes, back-off and the ring of consumers of one inbox. */
#include "turn/mailbox.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

static bool is_before(struct inbox_ref a, struct inbox_ref b)
{
    return a.index != b.index ? a.index < b.index : a.ordinal < b.ordinal;
}

struct lane *mailbox_lane(struct mailbox *mailbox, struct inbox_ref ref)
{
    assert(ref.lane >= 1 && ref.lane <= LANES);
    return &mailbox->lanes[ref.lane - 1];
}

void mailbox_rewind(struct mailbox *mailbox, struct inbox_ref ref)
{
    struct lane *lane = mailbox_lane(mailbox, ref);

    lane->is_exhausted = false;
    if (is_before(ref, lane->from))
        lane->from = ref;
}

static struct stalled *find_stalled(const struct mailbox *mailbox, const uint8_t referral[ID_KEY_SIZE])
{
    struct stalled *stalled = NULL;

    HASH_FIND(hh, mailbox->stalled, referral, ID_KEY_SIZE, stalled);
    return stalled;
}

bool mailbox_is_stalled(const struct mailbox *mailbox, const uint8_t referral[ID_KEY_SIZE], struct inbox_ref ref)
{
    const struct stalled *stalled = find_stalled(mailbox, referral);

    return stalled != NULL && is_before(stalled->first->ref, ref);
}

static struct stalled *add_stalled(struct mailbox *mailbox, const uint8_t referral[ID_KEY_SIZE])
{
    struct stalled *stalled = alloc_zeroed(sizeof *stalled);

    memcpy(stalled->referral, referral, ID_KEY_SIZE);
    HASH_ADD(hh, mailbox->stalled, referral, ID_KEY_SIZE, stalled);
    return stalled;
}

static int in_order_of_waiting(const struct held *a, const struct held *b)
{
    return is_before(a->ref, b->ref) ? -1 : 1;
}

void mailbox_back_off(struct mailbox *mailbox, struct held *held)
{
    struct stalled *stalled = find_stalled(mailbox, held->referral);

    if (stalled == NULL)
        stalled = add_stalled(mailbox, held->referral);
    DL_INSERT_INORDER2(stalled->first, held, in_order_of_waiting, ahead, behind);
    DL_APPEND(mailbox->back_off, held);
    held->state = HELD_BACK_OFF;
    mailbox_lane(mailbox, held->ref)->back_off++;
}

void mailbox_end_back_off(struct mailbox *mailbox, struct held *held)
{
    struct stalled *stalled = find_stalled(mailbox, held->referral);

    assert(held->state == HELD_BACK_OFF && stalled != NULL);
    DL_DELETE2(stalled->first, held, ahead, behind);
    if (stalled->first == NULL) {
        HASH_DELETE(hh, mailbox->stalled, stalled);
        free(stalled);
    }
    DL_DELETE(mailbox->back_off, held);
    mailbox_lane(mailbox, held->ref)->back_off--;
    mailbox_rewind(mailbox, held->ref);
}

/* D4: unacknowledged messages never exceed the credit, except that one EMERGENCY may go beyond it. */
static bool may_take(const struct consumer *consumer, bool beyond)
{
    if (consumer->is_stopped)
        return false;
    return beyond ? consumer->grants && !consumer->beyond : consumer->credit > 0;
}

static struct consumer *find_consumer(struct mailbox *mailbox, bool beyond)
{
    struct consumer *consumer = mailbox->consumers;

    for (uint32_t i = 0; i < mailbox->consumer_count; i++, consumer = consumer->next)
        if (may_take(consumer, beyond))
            return consumer;
    return NULL;
}

struct consumer *mailbox_next_consumer(struct mailbox *mailbox, uint8_t lane)
{
    struct consumer *consumer = find_consumer(mailbox, false);

    if (consumer == NULL && lane == REFERRAL__PRIORITY__EMERGENCY)
        consumer = find_consumer(mailbox, true);
    return consumer;
}
