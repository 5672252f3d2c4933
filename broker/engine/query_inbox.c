/* query_inbox.c - what waits and what died in inboxes, their books, and the state of the broker (D3-D7). */
#include "engine/asking.h"
#include "engine/binary.h"
#include "engine/inbox.h"
#include "engine/life.h"
#include "store/record.h"

/* Delivery ids are for who may ack or replay: the inbox's owner and operators. */
static void add_delivery_id(struct asking *asking, struct inbox_ref ref, Referral__InboxEntry *entry)
{
    uint8_t id[DELIVERY_ID_SIZE];

    if (!asking->all && !asking_speaks_for(asking, entry->institution))
        return;
    delivery_id_encode(id, asking->work.incarnation, ref);
    FIELD_SET(entry, delivery_id, binary_copy(asking->work.arena, bytes_of(id, sizeof id)));
}

char *query_referral_of(struct asking *asking, const Record__Inbox *row)
{
    struct id id = life_id_of(row->referral);

    if (row->kind != REFERRAL__DELIVERY_KIND__SHEET && referral_row(asking->work.txn, id) == NULL)
        return NULL;
    return asking_id_text(asking, id);
}

Referral__InboxEntry *query_inbox_entry(struct asking *asking, struct inbox_ref ref, const Record__Inbox *row)
{
    Referral__InboxEntry *entry = asking_message(asking, &referral__inbox_entry__descriptor);

    entry->institution = arena_text(asking->work.arena, institution_id_of(asking->work.txn, ref.institution));
    add_delivery_id(asking, ref, entry);
    FIELD_SET(entry, lane, (Referral__Priority)ref.lane);
    FIELD_SET(entry, kind, (Referral__DeliveryKind)row->kind);
    FIELD_SET(entry, event, (Referral__EventType)row->event);
    entry->referral_id = query_referral_of(asking, row);
    FIELD_SET(entry, accepted_at_ms, row->accepted_at_ms);
    FIELD_SET(entry, attempts, row->failed);
    if (row->not_before_ms != 0)
        FIELD_SET(entry, not_before_ms, row->not_before_ms);
    FIELD_SET(entry, in_flight, asking->live->in_flight(asking->live->user, ref));
    FIELD_SET(entry, size_bytes, row->size_bytes);
    return entry;
}

/* The keys below which the asked-for rows lie: institution number, and the lane where one is named. */
static bool inbox_prefix(struct asking *asking, uint8_t prefix[5], size_t *ret_size)
{
    const Referral__InboxQuery *query = (const Referral__InboxQuery *)asking->work.body;
    const char *institution = asking_institution(asking, query->institution, "institution");

    if (institution == NULL)
        return false;
    put_be32(prefix, asking_number_of(asking, institution));
    prefix[4] = (uint8_t)query->lane;
    *ret_size = query->has_lane ? 5 : 4;
    return true;
}

/* More urgent lanes come first, as they are delivered (D3). */
ProtobufCMessage *query_inbox(struct asking *asking)
{
    const Referral__InboxQuery *query = (const Referral__InboxQuery *)asking->work.body;
    Referral__InboxList *list = asking_message(asking, &referral__inbox_list__descriptor);
    struct bytes key, value;
    struct page page;
    uint8_t prefix[5];
    size_t size;

    page_begin(&page, asking, query->rows);
    if (!inbox_prefix(asking, prefix, &size) || !page_scan(&page, TABLE_INBOX, bytes_of(prefix, size), query->cursor))
        return NULL;
    while (page_next(&page, &key, &value)) {
        const Record__Inbox *row = record_unpack(asking->work.txn, TABLE_INBOX, key, value, &record__inbox__descriptor);

        page_add(&page, &query_inbox_entry(asking, inbox_ref_from_key(key.data), row)->base);
    }
    list->entries = (Referral__InboxEntry **)page.rows;
    list->n_entries = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}

static Referral__DeadEntry *dead_entry(struct asking *asking, struct inbox_ref ref, const Record__Dead *row)
{
    Referral__DeadEntry *dead = asking_message(asking, &referral__dead_entry__descriptor);

    dead->entry = query_inbox_entry(asking, ref, row->entry);
    FIELD_SET(dead, dead_at_ms, row->dead_at_ms);
    dead->cause = row->cause;
    if (row->nack_code != 0)
        FIELD_SET(dead, nack_code, (Referral__NackCode)row->nack_code);
    dead->text = row->text;
    return dead;
}

ProtobufCMessage *query_dead(struct asking *asking)
{
    const Referral__InboxQuery *query = (const Referral__InboxQuery *)asking->work.body;
    Referral__DeadList *list = asking_message(asking, &referral__dead_list__descriptor);
    struct bytes key, value;
    struct page page;
    uint8_t prefix[5];
    size_t size;

    page_begin(&page, asking, query->rows);
    if (!inbox_prefix(asking, prefix, &size) || !page_scan(&page, TABLE_DEAD, bytes_of(prefix, size), query->cursor))
        return NULL;
    while (page_next(&page, &key, &value)) {
        const Record__Dead *row = record_unpack(asking->work.txn, TABLE_DEAD, key, value, &record__dead__descriptor);

        page_add(&page, &dead_entry(asking, inbox_ref_from_key(key.data), row)->base);
    }
    list->entries = (Referral__DeadEntry **)page.rows;
    list->n_entries = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}

/* 0: nothing waits. Inside a lane the first is the oldest (D3). */
static int64_t oldest_waiting_ms(struct asking *asking, uint32_t institution)
{
    int64_t oldest = 0;

    for (int lane = REFERRAL__PRIORITY__EMERGENCY; lane <= REFERRAL__PRIORITY__ROUTINE; lane++) {
        struct inbox_ref start = {.institution = institution, .lane = (uint8_t)lane}, ref;
        const Record__Inbox *row = inbox_row_next(asking->work.txn, start, &ref);

        if (row != NULL && (oldest == 0 || row->accepted_at_ms < oldest))
            oldest = row->accepted_at_ms;
    }
    return oldest;
}

static void add_counts(struct asking *asking, uint32_t number, Referral__InboxBooks *shown)
{
    const Record__Books *books = books_of(asking->work.txn, number);

    FIELD_SET(shown, accepted, books->accepted);
    FIELD_SET(shown, acknowledged, books->acknowledged);
    FIELD_SET(shown, waiting, books->waiting);
    FIELD_SET(shown, dead, books->dead);
    FIELD_SET(shown, dropped, books->dropped);
    FIELD_SET(shown, waiting_bytes, books->waiting_bytes);
    shown->n_waiting_lanes = 3;
    shown->waiting_lanes = arena_alloc(asking->work.arena, 3 * sizeof *shown->waiting_lanes);
    shown->waiting_lanes[0] = books->waiting_emergency;
    shown->waiting_lanes[1] = books->waiting_urgent;
    shown->waiting_lanes[2] = books->waiting_routine;
    if (books->last_ack_ms != 0)
        FIELD_SET(shown, last_ack_at_ms, books->last_ack_ms);
}

static Referral__InboxBooks *books_shown(struct asking *asking, uint32_t number, const char *id)
{
    struct live_inbox live = asking->live->inbox(asking->live->user, number);
    const Record__Institution *row = institution_row(asking->work.txn, id);
    Referral__InboxBooks *shown = asking_message(asking, &referral__inbox_books__descriptor);
    int64_t oldest = oldest_waiting_ms(asking, number);

    shown->institution = arena_text(asking->work.arena, id);
    add_counts(asking, number, shown);
    FIELD_SET(shown, in_flight, live.in_flight);
    FIELD_SET(shown, connections, live.connections);
    FIELD_SET(shown, credit, live.credit);
    FIELD_SET(shown, paused, row != NULL && row->paused);
    if (oldest != 0)
        FIELD_SET(shown, oldest_accepted_at_ms, oldest);
    return shown;
}

/* What everybody may know: which broker this is, and its time (C4). */
static void status_of_all(struct asking *asking, Referral__StatusView *status)
{
    const struct store_identity *identity = store_identity(store_of(asking->work.txn));
    char *store_id = arena_alloc(asking->work.arena, 2 * sizeof identity->store_id + 1);

    hex_encode(store_id, bytes_of(identity->store_id, sizeof identity->store_id));
    status->store_id = store_id;
    status->broker_version = arena_text(asking->work.arena, asking->live->broker_version);
    FIELD_SET(status, incarnation, identity->incarnation);
    FIELD_SET(status, test_time, identity->test_time);
    FIELD_SET(status, index, meta_row(asking->work.txn)->index);
    FIELD_SET(status, now_ms, asking->work.now.ms);
    FIELD_SET(status, time_held, asking->live->time_held);
    FIELD_SET(status, draining, asking->live->draining);
}

static void status_of_store(struct asking *asking, Referral__StatusView *status)
{
    struct store_room room;

    FIELD_SET(status, referrals, meta_row(asking->work.txn)->referrals);
    if (store_room(store_of(asking->work.txn), &room) == 0) {
        FIELD_SET(status, store_used_bytes, room.used_bytes);
        FIELD_SET(status, store_limit_bytes, room.limit_bytes);
        FIELD_SET(status, store_full, room.full);
    }
}

static void status_of_broker(struct asking *asking, Referral__StatusView *status)
{
    const struct live *live = asking->live;

    FIELD_SET(status, sessions, live->sessions);
    FIELD_SET(status, turns, live->turns);
    FIELD_SET(status, commands, live->commands);
    FIELD_SET(status, refused, live->refused);
    FIELD_SET(status, dropped_frames, live->dropped_frames);
    if (live->commit_p99_us == 0)
        return;
    FIELD_SET(status, commit_p50_us, live->commit_p50_us);
    FIELD_SET(status, commit_p99_us, live->commit_p99_us);
}

/* Inboxes in order of institution number. */
ProtobufCMessage *query_status(struct asking *asking)
{
    const Referral__PageQuery *query = (const Referral__PageQuery *)asking->work.body;
    bool everybody = asking->all && query->institution == NULL;
    const char *one = everybody ? NULL : asking_institution(asking, query->institution, "institution");
    Referral__StatusView *status = asking_message(asking, &referral__status_view__descriptor);
    struct bytes key, value;
    struct page page;
    uint8_t prefix[4];

    if (!everybody && one == NULL)
        return NULL;
    if (one != NULL)
        put_be32(prefix, asking_number_of(asking, one));
    page_begin(&page, asking, query->rows);
    if (!page_scan(&page, TABLE_INSTITUTION_NUMBER, bytes_of(prefix, one != NULL ? sizeof prefix : 0), query->cursor))
        return NULL;
    while (page_next(&page, &key, &value)) {
        uint32_t number = get_be32(key.data);

        page_add(&page, &books_shown(asking, number, institution_id_of(asking->work.txn, number))->base);
    }
    status_of_all(asking, status);
    /* P2: how busy all of them are is for operators and observers. */
    if (asking->all)
        status_of_store(asking, status);
    if (asking->all)
        status_of_broker(asking, status);
    status->inboxes = (Referral__InboxBooks **)page.rows;
    status->n_inboxes = page.count;
    page_end(&page, &status->has_next, &status->next);
    return &status->base;
}
