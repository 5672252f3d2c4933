/* delivery.c - inboxes in memory: who receives, what is out, what comes back. Handing out is in handout.c, telling of
 * what comes back in going_back.c. */
#include "turn/delivery.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#include "engine/inbox.h"
#include "engine/settings.h"
#include "registry.pb-c.h"
#include "turn/handout.h"
#include "wire/wire.h"

void deliveries_init(struct deliveries *deliveries, uint64_t index_at_open, uint32_t incarnation)
{
    *deliveries = (struct deliveries){
        .index_at_open = index_at_open,
        .incarnation = incarnation,
        .next_late_ms = INT64_MAX,
    };
}

static struct mailbox *find_mailbox(const struct deliveries *deliveries, uint32_t institution)
{
    struct mailbox *mailbox = NULL;

    HASH_FIND(hh, deliveries->mailboxes, &institution, sizeof institution, mailbox);
    return mailbox;
}

void deliveries_make_ready(struct deliveries *deliveries, struct mailbox *mailbox)
{
    if (mailbox->is_ready || mailbox->consumer_count == 0 || !mailbox->is_open)
        return;
    mailbox->is_ready = true;
    DL_APPEND(deliveries->ready, mailbox);
}

static void make_unready(struct deliveries *deliveries, struct mailbox *mailbox)
{
    if (mailbox->is_ready)
        DL_DELETE(deliveries->ready, mailbox);
    mailbox->is_ready = false;
}

void deliveries_close(struct deliveries *deliveries, struct mailbox *mailbox)
{
    mailbox->is_open = false;
    make_unready(deliveries, mailbox);
}

struct held *deliveries_find(const struct deliveries *deliveries, struct inbox_ref ref)
{
    uint8_t key[INBOX_KEY_SIZE];
    struct held *held = NULL;

    inbox_key(key, ref);
    HASH_FIND(hh, deliveries->held, key, INBOX_KEY_SIZE, held);
    return held;
}

static struct held *new_held(struct deliveries *deliveries, struct mailbox *mailbox, struct inbox_ref ref,
                             const uint8_t referral[ID_KEY_SIZE])
{
    struct held *held = alloc_zeroed(sizeof *held);

    held->ref = ref;
    held->mailbox = mailbox;
    inbox_key(held->key, ref);
    memcpy(held->referral, referral, ID_KEY_SIZE);
    HASH_ADD(hh, deliveries->held, key, INBOX_KEY_SIZE, held);
    return held;
}

/* Mostly the last: only where the time-out became shorter is there something out that may stay longer. */
static void put_out(struct mailbox *mailbox, struct held *held)
{
    struct held *before = mailbox->out == NULL ? NULL : mailbox->out->prev;

    while (before != NULL && before->late_ms > held->late_ms)
        before = before == mailbox->out ? NULL : before->prev;
    DL_APPEND_ELEM(mailbox->out, before, held);
    mailbox->held_count++;
}

void deliveries_hold_out(struct deliveries *deliveries, struct consumer *consumer, struct inbox_ref ref,
                         const uint8_t referral[ID_KEY_SIZE], int64_t mono_ms)
{
    struct mailbox *mailbox = consumer->mailbox;
    struct held *held = new_held(deliveries, mailbox, ref, referral);

    held->state = HELD_OUT;
    held->consumer = consumer;
    held->beyond = consumer->credit <= 0;
    held->late_ms = mono_ms + mailbox->ack_timeout_ms;
    if (held->late_ms < deliveries->next_late_ms)
        deliveries->next_late_ms = held->late_ms;
    put_out(mailbox, held);
    consumer->beyond = consumer->beyond || held->beyond;
    consumer->credit--;
    consumer->in_hand++;
}

void deliveries_hold_back(struct deliveries *deliveries, struct mailbox *mailbox, struct inbox_ref ref,
                          const uint8_t referral[ID_KEY_SIZE], struct instant not_before)
{
    struct held *held = new_held(deliveries, mailbox, ref, referral);

    held->not_before = not_before;
    if (!instant_is_set(deliveries->next_back_off) || not_before.ms < deliveries->next_back_off.ms)
        deliveries->next_back_off = not_before;
    mailbox_back_off(mailbox, held);
}

/* The consumer no longer holds it. Its credit does not come back by itself: the client grants it again (D4). */
static void take_from_consumer(struct held *held)
{
    struct consumer *consumer = held->consumer;

    assert(consumer != NULL);
    if (held->beyond)
        consumer->beyond = false;
    consumer->in_hand--;
    held->consumer = NULL;
    held->beyond = false;
}

/* Forgets a message; if it still waits, the scan finds it again from where it was rewound to. */
static void drop_held(struct deliveries *deliveries, struct held *held)
{
    struct mailbox *mailbox = held->mailbox;

    assert(deliveries->held != NULL);
    if (held->state == HELD_BACK_OFF) {
        mailbox_end_back_off(mailbox, held);
    } else if (held->state == HELD_OUT) {
        take_from_consumer(held);
        DL_DELETE(mailbox->out, held);
        mailbox->held_count--;
    } else {
        DL_DELETE(deliveries->going_back, held);
        mailbox->held_count--;
    }
    HASH_DELETE(hh, deliveries->held, held);
    free(held);
}

/* A mailbox without consumers and without anything out is not worth remembering: the store knows what waits. */
static void forget_if_idle(struct deliveries *deliveries, struct mailbox *mailbox)
{
    struct held *held, *next;

    if (mailbox->consumer_count != 0 || mailbox->held_count != 0)
        return;
    DL_FOREACH_SAFE(mailbox->back_off, held, next)
    {
        assert(held->state == HELD_BACK_OFF);
        drop_held(deliveries, held);
    }
    make_unready(deliveries, mailbox);
    HASH_DELETE(hh, deliveries->mailboxes, mailbox);
    free(mailbox);
}

void deliveries_forget(struct deliveries *deliveries, struct held *held)
{
    struct mailbox *mailbox = held->mailbox;

    drop_held(deliveries, held);
    forget_if_idle(deliveries, mailbox);
}

void deliveries_fini(struct deliveries *deliveries)
{
    struct held *held, *next_held;
    struct mailbox *mailbox, *next;

    HASH_ITER(hh, deliveries->held, held, next_held)
    {
        drop_held(deliveries, held);
    }
    HASH_ITER(hh, deliveries->mailboxes, mailbox, next)
    {
        forget_if_idle(deliveries, mailbox);
    }
    tallies_fini(&deliveries->tallies);
}

static bool is_enabled(struct store_txn *txn, const Record__Institution *row)
{
    enum refusal refusal = REFUSED_NOT;
    struct bytes packed = bytes_of(row->institution.data, row->institution.len);
    const Referral__Institution *institution = (const Referral__Institution *)wire_unpack(
        &referral__institution__descriptor, packed, store_arena(txn), &refusal);

    return institution != NULL && (!institution->has_enabled || institution->enabled);
}

static void load_mailbox(struct mailbox *mailbox, struct store_txn *txn)
{
    const Record__Institution *row = institution_row(txn, mailbox->id);

    mailbox->is_open = row != NULL && !row->paused && is_enabled(txn, row);
    mailbox->ack_timeout_ms = (uint32_t)setting_number(txn, SETTING_ack_timeout_ms, mailbox->id);
}

static struct mailbox *new_mailbox(struct deliveries *deliveries, struct store_txn *txn, uint32_t institution,
                                   const char *id)
{
    struct mailbox loaded = {.institution = institution}, *mailbox;

    assert(strlen(id) < sizeof loaded.id);
    memcpy(loaded.id, id, strlen(id) + 1);
    load_mailbox(&loaded, txn); /* a store that cannot be read leads out of here: there is nothing yet */
    mailbox = alloc_zeroed(sizeof *mailbox);
    *mailbox = loaded;
    mailbox->tally = tally_of(&deliveries->tallies, institution);
    for (uint8_t lane = 1; lane <= LANES; lane++)
        mailbox->lanes[lane - 1].from = (struct inbox_ref){.institution = institution, .lane = lane};
    HASH_ADD(hh, deliveries->mailboxes, institution, sizeof mailbox->institution, mailbox);
    return mailbox;
}

void deliveries_join(struct deliveries *deliveries, struct store_txn *txn, struct consumer *consumer,
                     uint32_t institution, const char *id)
{
    struct mailbox *mailbox = find_mailbox(deliveries, institution);

    assert(consumer->mailbox == NULL);
    if (mailbox == NULL)
        mailbox = new_mailbox(deliveries, txn, institution, id);
    consumer->mailbox = mailbox;
    CDL_APPEND(mailbox->consumers, consumer);
    mailbox->consumer_count++;
    deliveries_make_ready(deliveries, mailbox);
}

static void go_back(struct deliveries *deliveries, struct held *held, enum held_state state)
{
    take_from_consumer(held);
    DL_DELETE(held->mailbox->out, held);
    held->state = state;
    DL_APPEND(deliveries->going_back, held);
}

void deliveries_leave(struct deliveries *deliveries, struct consumer *consumer)
{
    struct mailbox *mailbox = consumer->mailbox;
    struct held *held, *next;

    if (mailbox == NULL)
        return;
    DL_FOREACH_SAFE(mailbox->out, held, next)
    {
        if (held->consumer == consumer)
            go_back(deliveries, held, HELD_LOST);
    }
    CDL_DELETE(mailbox->consumers, consumer);
    mailbox->consumer_count--;
    consumer->mailbox = NULL;
    forget_if_idle(deliveries, mailbox);
}

void deliveries_credit(struct deliveries *deliveries, struct consumer *consumer, uint32_t add)
{
    /* The limit twice: credit comes in the frame of the acks it is given back for, which take effect with the turn
     * only. */
    int64_t most = 2 * (int64_t)LIMIT_CREDIT - consumer->in_hand;

    if (consumer->mailbox == NULL)
        return;
    consumer->grants = true;
    consumer->credit = consumer->credit + add > most ? most : consumer->credit + add;
    deliveries_make_ready(deliveries, consumer->mailbox);
}

void deliveries_stop(struct deliveries *deliveries, struct consumer *consumer, bool is_stopped)
{
    consumer->is_stopped = is_stopped;
    if (!is_stopped && consumer->mailbox != NULL)
        deliveries_make_ready(deliveries, consumer->mailbox);
}

void deliveries_reload(struct deliveries *deliveries, struct store_txn *txn)
{
    struct mailbox *mailbox, *next;

    HASH_ITER(hh, deliveries->mailboxes, mailbox, next)
    {
        if (mailbox->is_left_out)
            continue;
        deliveries->loading = mailbox;
        load_mailbox(mailbox, txn);
        if (mailbox->is_open)
            deliveries_make_ready(deliveries, mailbox);
        else
            make_unready(deliveries, mailbox);
    }
    deliveries->loading = NULL;
    HASH_ITER(hh, deliveries->mailboxes, mailbox, next)
    {
        mailbox->is_left_out = false;
    }
}

static void returned(struct deliveries *deliveries, struct mailbox *mailbox, const struct inbox_effect *effect,
                     struct instant now)
{
    uint8_t referral[ID_KEY_SIZE];

    id_to_key(referral, effect->referral);
    if (effect->not_before.ms > now.ms)
        deliveries_hold_back(deliveries, mailbox, effect->ref, referral, effect->not_before);
    else
        mailbox_rewind(mailbox, effect->ref);
}

void deliveries_note(struct deliveries *deliveries, const struct inbox_effect *effect, struct instant now)
{
    struct mailbox *mailbox = find_mailbox(deliveries, effect->ref.institution);
    struct held *held = mailbox == NULL ? NULL : deliveries_find(deliveries, effect->ref);

    if (mailbox == NULL)
        return;
    if (held != NULL && effect->change != INBOX_ADDED)
        drop_held(deliveries, held);
    deliveries->gone += held != NULL && effect->change == INBOX_GONE;
    if (effect->change == INBOX_ADDED)
        mailbox_rewind(mailbox, effect->ref);
    else if (effect->change == INBOX_RETURNED)
        returned(deliveries, mailbox, effect, now);
    deliveries_make_ready(deliveries, mailbox);
    forget_if_idle(deliveries, mailbox);
}

static void look_for_late(struct deliveries *deliveries, struct mailbox *mailbox, int64_t mono_ms)
{
    while (mailbox->out != NULL && mailbox->out->late_ms <= mono_ms)
        go_back(deliveries, mailbox->out, HELD_LATE);
    if (mailbox->out != NULL && mailbox->out->late_ms < deliveries->next_late_ms)
        deliveries->next_late_ms = mailbox->out->late_ms;
}

static void look_for_ended(struct deliveries *deliveries, struct mailbox *mailbox, struct instant now)
{
    struct held *held, *next;

    DL_FOREACH_SAFE(mailbox->back_off, held, next)
    {
        if (instant_is_due(held->not_before, now)) {
            drop_held(deliveries, held);
            deliveries_make_ready(deliveries, mailbox);
        } else if (!instant_is_set(deliveries->next_back_off) || held->not_before.ms < deliveries->next_back_off.ms) {
            deliveries->next_back_off = held->not_before;
        }
    }
}

void deliveries_look(struct deliveries *deliveries, struct instant now, int64_t mono_ms)
{
    bool look_late = deliveries->next_late_ms <= mono_ms, look_ended = instant_is_due(deliveries->next_back_off, now);
    struct mailbox *mailbox, *next;

    if (look_late)
        deliveries->next_late_ms = INT64_MAX;
    if (look_ended)
        deliveries->next_back_off = instant_of(0);
    if (!look_late && !look_ended)
        return;
    HASH_ITER(hh, deliveries->mailboxes, mailbox, next)
    {
        if (look_late)
            look_for_late(deliveries, mailbox, mono_ms);
        if (look_ended)
            look_for_ended(deliveries, mailbox, now);
    }
}

struct live_inbox deliveries_live(const struct deliveries *deliveries, uint32_t institution)
{
    const struct mailbox *mailbox = find_mailbox(deliveries, institution);
    const struct tally *tally = tally_find(deliveries->tallies, institution);
    struct live_inbox live = {0};

    if (tally != NULL) {
        live.delivered = tally->delivered;
        live.redelivered = tally->redelivered;
        live.last_seen = tally->last_seen;
        live.last_consumer = tally->last_consumer;
    }
    if (mailbox == NULL)
        return live;
    live.in_flight = mailbox->held_count;
    live.connections = mailbox->consumer_count;
    live.connected = mailbox->consumer_count != 0;

    const struct consumer *consumer = mailbox->consumers;

    for (uint32_t i = 0; i < mailbox->consumer_count; i++, consumer = consumer->next) {
        live.credit += consumer->credit > 0 ? (uint64_t)consumer->credit : 0;
        live.consumers += consumer->grants;
    }
    return live;
}

bool deliveries_in_flight(const struct deliveries *deliveries, struct inbox_ref ref)
{
    const struct held *held = deliveries_find(deliveries, ref);

    return held != NULL && held->state != HELD_BACK_OFF;
}

uint32_t deliveries_ack_timeout_ms(const struct consumer *consumer)
{
    return consumer->mailbox == NULL ? DEFAULT_ACK_TIMEOUT_MS : consumer->mailbox->ack_timeout_ms;
}
