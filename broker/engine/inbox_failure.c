/* inbox_failure.c - attempts that failed, and connections that were lost meanwhile (D4, D5). */
#include <assert.h>

#include "engine/alarm.h"
#include "engine/inbox_parts.h"
#include "engine/life.h"
#include "rules/backoff.h"

static void record_failure(struct work *work, struct inbox_ref ref, const Record__Inbox *row, const char *cause)
{
    struct life_of *life = life_load(work, life_id_of(row->referral));
    struct delivery_event failed = {.event = DELIVERY_FAILED,
                                    .by_name = "broker",
                                    .destination = inbox_owner(work, ref.institution),
                                    .at = ref.institution,
                                    .attempt = row->failed,
                                    .cause = cause,
                                    .not_before = instant_of(row->not_before_ms)};

    if (life == NULL)
        return;
    life_tell_delivery(work, life, &failed);
    life_save(work, life);
}

/* D5: a receiver that acknowledges nothing counts as down: nothing dies, an operator is called. */
static void note_down(struct work *work, uint32_t institution)
{
    Record__Books *books = books_of(work->txn, institution);

    if (books->down)
        return;
    books->down = true;
    books_touch(work->txn, institution);
    alarm_raise(work, "receiver-down", inbox_owner(work, institution), NULL);
}

bool inbox_is_backing_off(const struct work *work, const Record__Inbox *row)
{
    return row->not_before_ms > work->now.ms;
}

void inbox_fail(struct work *work, struct inbox_ref ref, Record__Inbox *row, const char *cause)
{
    struct instant last_ack = instant_of(books_of(work->txn, ref.institution)->last_ack_ms);

    FIELD_SET(row, failed, row->failed + 1);
    if (row->failed == 1)
        FIELD_SET(row, first_failed_ms, work->now.ms);
    FIELD_SET(row, not_before_ms, instant_after(work->now, backoff_ms(row->failed)).ms);
    if (backoff_is_dead(row->failed, instant_of(row->first_failed_ms), last_ack)) {
        inbox_bury(work, ref, row, "attempts", 0, NULL);
        return;
    }
    if (row->failed >= BACKOFF_GIVE_UP_ATTEMPTS)
        note_down(work, ref.institution);
    inbox_row_put(work->txn, ref, row);
    record_failure(work, ref, row, cause);
    work_note(work, (struct notable){.kind = NOTABLE_FAILED_DELIVERY,
                                     .code = cause,
                                     .subject = inbox_owner(work, ref.institution),
                                     .referral = life_id_of(row->referral),
                                     .attempt = row->failed});
    work_inbox_changed(work, (struct inbox_effect){.change = INBOX_RETURNED,
                                                   .ref = ref,
                                                   .referral = life_id_of(row->referral),
                                                   .not_before = instant_of(row->not_before_ms)});
}

/* The daemon's own list: ids of messages that were with a connection. One may have been acknowledged in the same
 * turn. */
static const Batch__Returned *returned_of(struct work *work)
{
    return work_unpack(work, &batch__returned__descriptor, work->command->body);
}

bool inbox_apply_timeout(struct work *work)
{
    const Batch__Returned *returned = returned_of(work);

    for (size_t i = 0; i < returned->n_delivery_ids; i++) {
        struct inbox_ref ref;
        bool stale = false;
        Record__Inbox *row = inbox_find(work, returned->delivery_ids[i], 0, &ref, &stale);

        if (row != NULL && !inbox_is_backing_off(work, row)) /* else a nack of the same turn was first */
            inbox_fail(work, ref, row, "time-out");
    }
    return true;
}

/* D4: a lost connection is a redelivery, not a failed attempt. */
bool inbox_apply_connection_lost(struct work *work)
{
    const Batch__Returned *returned = returned_of(work);

    for (size_t i = 0; i < returned->n_delivery_ids; i++) {
        struct inbox_ref ref;
        bool stale = false;
        Record__Inbox *row = inbox_find(work, returned->delivery_ids[i], 0, &ref, &stale);

        if (row == NULL || inbox_is_backing_off(work, row)) /* refused before, in the same turn: it was handed back */
            continue;
        FIELD_SET(row, returns, row->returns + 1);
        inbox_row_put(work->txn, ref, row);
        work_inbox_changed(work, (struct inbox_effect){.change = INBOX_RETURNED,
                                                       .ref = ref,
                                                       .referral = life_id_of(row->referral),
                                                       .not_before = instant_of(row->not_before_ms)});
    }
    return true;
}
