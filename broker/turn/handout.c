/* handout.c - D3, D4: from the waiting messages of an inbox to the consumers that have credit. The higher lane first;
 * inside a lane in the order they came, but for what backs off. */
#include "turn/handout.h"

#include <assert.h>
#include <utlist.h>

#include "engine/inbox.h"

/* So that one inbox does not hold up the turn: beyond this it goes on in the next one. */
#define ROWS_A_TURN  256
#define BYTES_A_TURN (1UL << 20)

enum progress { LANE_EMPTY, LANE_WAITS /* for credit, or for back-offs to end */, LANE_MORE /* in the next turn */ };

struct round { /* one mailbox in one turn */
    struct deliveries *deliveries;
    struct handout *handout;
    struct cache *cache; /* of the whole handing out */
    struct mailbox *mailbox;
    size_t rows_left, bytes_left;
};

static struct inbox_ref place_after(struct inbox_ref ref)
{
    ref.index += ref.ordinal == UINT16_MAX;
    ref.ordinal++;
    return ref;
}

/* Hands this waiting message to the consumer, unless it is not deliverable now. */
static void offer(struct round *round, struct consumer *consumer, struct inbox_ref ref)
{
    struct handout *handout = round->handout;
    const Record__Inbox *row = inbox_row(handout->txn, ref);
    struct instant not_before = instant_of(row == NULL ? 0 : row->not_before_ms);
    bool possibly_redelivered = ref.index <= round->deliveries->index_at_open;
    struct bytes delivery;

    if (row == NULL || row->referral.len != ID_KEY_SIZE || mailbox_is_stalled(round->mailbox, row->referral.data, ref))
        return;
    if (not_before.ms > handout->now.ms) {
        deliveries_hold_back(round->deliveries, round->mailbox, ref, row->referral.data, not_before);
        return;
    }
    if (!inbox_delivery(handout->txn, round->cache, ref, row, round->deliveries->incarnation, possibly_redelivered,
                        &delivery))
        return;
    deliveries_hold_out(round->deliveries, consumer, ref, row->referral.data, handout->mono_ms);
    round->mailbox->consumers = consumer->next;
    round->deliveries->handed_out++;
    round->deliveries->handed_again += row->failed + row->returns != 0;
    round->mailbox->tally->delivered++;
    round->mailbox->tally->redelivered += row->failed + row->returns != 0;
    round->bytes_left -= delivery.size < round->bytes_left ? delivery.size : round->bytes_left;
    handout->bytes_left -= delivery.size < handout->bytes_left ? delivery.size : handout->bytes_left;
    handout->hand(handout->user, consumer, delivery);
}

static bool is_spent(const struct round *round)
{
    return round->rows_left == 0 || round->bytes_left == 0 || round->handout->bytes_left == 0;
}

static enum progress scan_lane(struct round *round, uint8_t number, struct store_cursor *cursor)
{
    struct lane *lane = &round->mailbox->lanes[number - 1];

    for (;;) {
        struct consumer *consumer = mailbox_next_consumer(round->mailbox, number);
        struct bytes key;

        if (consumer == NULL || lane->back_off >= BACK_OFF_MAX)
            return LANE_WAITS;
        if (is_spent(round))
            return LANE_MORE;
        if (!store_next_key(cursor, &key)) {
            lane->is_exhausted = true;
            return LANE_EMPTY;
        }

        struct inbox_ref ref = inbox_ref_from_key(key.data);

        lane->from = place_after(ref);
        if (deliveries_find(round->deliveries, ref) != NULL)
            continue;
        round->rows_left--;
        round->deliveries->is_offering = true;
        offer(round, consumer, ref);
        round->deliveries->is_offering = false;
    }
}

static enum progress hand_out_lane(struct round *round, uint8_t number)
{
    uint8_t from[INBOX_KEY_SIZE];
    const struct lane *lane = &round->mailbox->lanes[number - 1];

    if (lane->is_exhausted)
        return LANE_EMPTY;
    inbox_key(from, lane->from);

    struct bytes prefix = bytes_of(from, sizeof(uint32_t) + sizeof(uint8_t));
    struct store_cursor *cursor = store_scan(round->handout->txn, TABLE_INBOX, prefix, bytes_of(from, INBOX_KEY_SIZE));
    enum progress progress = scan_lane(round, number, cursor);

    store_scan_end(cursor);
    return progress;
}

/* True: there is more to hand out in the next turn. */
static bool hand_out_mailbox(struct deliveries *deliveries, struct handout *handout, struct cache *cache,
                             struct mailbox *mailbox)
{
    struct round round = {
        .deliveries = deliveries,
        .handout = handout,
        .cache = cache,
        .mailbox = mailbox,
        .rows_left = ROWS_A_TURN,
        .bytes_left = BYTES_A_TURN,
    };

    for (uint8_t lane = 1; lane <= LANES; lane++)
        if (hand_out_lane(&round, lane) == LANE_MORE)
            return true;
    return false;
}

void deliveries_hand_out(struct deliveries *deliveries, struct handout *handout)
{
    struct mailbox *mailbox;
    struct cache cache;
    size_t left;

    cache_init(&cache, handout->arena);
    DL_COUNT(deliveries->ready, mailbox, left);
    /* What has more stands at the end of the list, and what this turn has no room for stays at its front: so each inbox
     * has its turn. A store that fails may end this at any row. */
    while (left-- != 0 && handout->bytes_left != 0 && (mailbox = deliveries->ready) != NULL) {
        DL_DELETE(deliveries->ready, mailbox);
        mailbox->is_ready = false;
        deliveries->serving = mailbox;
        if (hand_out_mailbox(deliveries, handout, &cache, mailbox))
            deliveries_make_ready(deliveries, mailbox);
        deliveries->serving = NULL;
    }
}

static void leave_served(struct deliveries *deliveries)
{
    if (deliveries->is_offering) /* the lane goes on behind that message */
        deliveries_make_ready(deliveries, deliveries->serving);
    deliveries->is_offering = false;
    deliveries->serving = NULL;
}

static void leave_loading(struct deliveries *deliveries)
{
    deliveries_close(deliveries, deliveries->loading);
    deliveries->loading->is_left_out = true;
    deliveries->loading = NULL;
}

bool deliveries_leave_out(struct deliveries *deliveries)
{
    bool is_serving = deliveries->serving != NULL, is_loading = deliveries->loading != NULL;

    if (is_serving)
        leave_served(deliveries);
    if (is_loading)
        leave_loading(deliveries);
    return is_serving || is_loading;
}
