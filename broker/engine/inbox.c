/* inbox.c - messages enter an inbox and leave it by the receiver's ack; its books and caps (D3, D4, D6, D7). */
#include "engine/inbox.h"

#include <assert.h>

#include "engine/alarm.h"
#include "engine/binary.h"
#include "engine/inbox_parts.h"
#include "engine/life.h"
#include "engine/settings.h"

/* D6: a full inbox is worth another try then. */
#define FULL_RETRY_MS 30000
/* An inbox that was full takes submissions again below this share of its caps, in percent, as far as the alarm goes. */
#define NO_LONGER_FULL_PERCENT 90

struct inbox_caps {
    uint64_t messages, bytes, emergencies;
    int64_t age_ms;
};

void delivery_id_encode(uint8_t out[DELIVERY_ID_SIZE], uint32_t incarnation, struct inbox_ref ref)
{
    put_be32(out, incarnation);
    inbox_key(out + 4, ref);
}

bool delivery_id_decode(struct bytes bytes, uint32_t *ret_incarnation, struct inbox_ref *ret_ref)
{
    if (bytes.size != DELIVERY_ID_SIZE)
        return false;
    *ret_incarnation = get_be32(bytes.data);
    *ret_ref = inbox_ref_from_key(bytes.data + 4);
    return ret_ref->lane >= REFERRAL__PRIORITY__EMERGENCY && ret_ref->lane <= REFERRAL__PRIORITY__ROUTINE;
}

const char *inbox_owner(struct work *work, uint32_t institution)
{
    const char *id = institution_id_of(work->txn, institution);

    return id != NULL ? id : "";
}

static const struct inbox_caps *caps_of(struct work *work, uint32_t institution)
{
    struct bytes key = bytes_of(&institution, sizeof institution);
    struct inbox_caps *caps = cache_find(work->cache, CACHE_CAPS, key, bytes_text(""));

    if (caps != NULL)
        return caps;

    const char *id = inbox_owner(work, institution);

    caps = arena_alloc(work->arena, sizeof *caps);
    caps->messages = (uint64_t)setting_number(work->txn, SETTING_inbox_messages_max, id);
    caps->bytes = (uint64_t)setting_number(work->txn, SETTING_inbox_bytes_max, id);
    caps->emergencies = (uint64_t)setting_number(work->txn, SETTING_inbox_emergency_max, id);
    caps->age_ms = setting_number(work->txn, SETTING_inbox_age_alarm_ms, id);
    return cache_keep(work->cache, CACHE_CAPS, key, bytes_text(""), caps);
}

/* Rounded up: of a cap of one, too, there is a share that an empty inbox is below. */
static uint64_t percent(uint64_t of, uint64_t share)
{
    return of / 100 * share + (of % 100 * share + 99) / 100;
}

/* D6: is there room for `more` bytes within that share of the caps? An EMERGENCY has its own cap and no other. */
static bool has_room(const Record__Books *books, const struct inbox_caps *caps, bool emergency, size_t more,
                     uint64_t share)
{
    if (emergency)
        return books->waiting_emergency < percent(caps->emergencies, share);
    return books->waiting - books->waiting_emergency < percent(caps->messages, share) &&
           books->waiting_bytes + more <= percent(caps->bytes, share);
}

enum refusal inbox_admits(struct work *work, uint32_t institution, Referral__Priority lane, size_t size,
                          uint32_t *ret_retry_ms)
{
    bool emergency = lane == REFERRAL__PRIORITY__EMERGENCY;

    if (has_room(books_of(work->txn, institution), caps_of(work, institution), emergency, size, 100))
        return REFUSED_NOT;
    *ret_retry_ms = FULL_RETRY_MS;
    return REFUSED_INBOX_FULL;
}

/* D6: the alarm stands from the last message that fitted, of whichever cap, until there is room to spare. */
static void watch_fullness(struct work *work, Record__Books *books, uint32_t institution)
{
    const struct inbox_caps *caps = caps_of(work, institution);
    uint64_t share = books->full ? NO_LONGER_FULL_PERCENT : 100;
    bool room = has_room(books, caps, false, 0, share) && has_room(books, caps, true, 0, share);

    if (room == !books->full)
        return;

    const char *id = inbox_owner(work, institution);

    FIELD_SET(books, full, !room);
    if (room)
        alarm_clear(work, "inbox-full", id);
    else
        alarm_raise(work, "inbox-full", id, NULL);
}

/* Numbers are given in order, without gaps. */
void inbox_check_caps(struct work *work, uint32_t institution)
{
    uint32_t last = institution == 0 ? UINT32_MAX : institution;

    cache_forget(work->cache);
    for (uint32_t i = institution == 0 ? 1 : institution; i <= last && institution_id_of(work->txn, i) != NULL; i++) {
        Record__Books *books = books_of(work->txn, i);
        bool was_full = books->full;

        watch_fullness(work, books, i);
        if (books->full != was_full)
            books_touch(work->txn, i);
    }
}

static uint64_t *lane_count(Record__Books *books, uint8_t lane)
{
    switch (lane) {
    case REFERRAL__PRIORITY__EMERGENCY:
        return &books->waiting_emergency;
    case REFERRAL__PRIORITY__URGENT:
        return &books->waiting_urgent;
    default:
        return &books->waiting_routine;
    }
}

/* One due row an inbox, for as long as anything waits: so a busy inbox costs nothing. */
static void watch_age(struct work *work, Record__Books *books, uint32_t institution, struct instant at)
{
    uint8_t subject[4];

    put_be32(subject, institution);
    due_add(work->txn, at, DUE_INBOX_AGE, bytes_of(subject, sizeof subject));
    FIELD_SET(books, age_check_ms, at.ms);
    books_touch(work->txn, institution);
}

void inbox_waits(struct work *work, struct inbox_ref ref, const Record__Inbox *row)
{
    Record__Books *books = books_of(work->txn, ref.institution);

    books->waiting++;
    books->waiting_bytes += row->size_bytes;
    ++*lane_count(books, ref.lane);
    books_touch(work->txn, ref.institution);
    watch_fullness(work, books, ref.institution);
    if (books->age_check_ms == 0)
        watch_age(work, books, ref.institution, instant_after(work->now, caps_of(work, ref.institution)->age_ms));
}

/* D5: whoever acknowledges is not down, nor is one for whom nothing is left to be retried. */
static void note_up(struct work *work, Record__Books *books, uint32_t institution)
{
    if (books->down)
        alarm_clear(work, "receiver-down", inbox_owner(work, institution));
    books->down = false;
}

void inbox_waits_no_more(struct work *work, struct inbox_ref ref, const Record__Inbox *row)
{
    Record__Books *books = books_of(work->txn, ref.institution);

    if (books->waiting == 0 || books->waiting_bytes < row->size_bytes || *lane_count(books, ref.lane) == 0) {
        store_damaged(work->txn, TABLE_BOOKS, bytes_of(NULL, 0)); /* D7: they know less than what waits */
        return;
    }
    books->waiting--;
    books->waiting_bytes -= row->size_bytes;
    --*lane_count(books, ref.lane);
    books_touch(work->txn, ref.institution);
    if (books->full)
        watch_fullness(work, books, ref.institution);
    if (books->waiting == 0)
        note_up(work, books, ref.institution);
}

/* The oldest is the first of some lane. */
static struct instant oldest_waiting(struct work *work, uint32_t institution)
{
    struct instant oldest = instant_of(0);

    for (int lane = REFERRAL__PRIORITY__EMERGENCY; lane <= REFERRAL__PRIORITY__ROUTINE; lane++) {
        struct inbox_ref start = {.institution = institution, .lane = (uint8_t)lane}, ref;
        const Record__Inbox *row = inbox_row_next(work->txn, start, &ref);

        if (row != NULL && (!instant_is_set(oldest) || row->accepted_at_ms < oldest.ms))
            oldest = instant_of(row->accepted_at_ms);
    }
    return oldest;
}

void inbox_check_age(struct work *work, uint32_t institution)
{
    Record__Books *books = books_of(work->txn, institution);
    const char *id = inbox_owner(work, institution);
    int64_t age_ms = caps_of(work, institution)->age_ms;
    struct instant oldest = oldest_waiting(work, institution);
    struct instant too_old_at = instant_after(oldest, age_ms);
    bool too_old = instant_is_set(oldest) && instant_is_due(too_old_at, work->now);

    FIELD_SET(books, age_check_ms, 0);
    books_touch(work->txn, institution);
    if (too_old)
        alarm_raise(work, "inbox-age", id, NULL);
    else
        alarm_clear(work, "inbox-age", id);
    if (instant_is_set(oldest))
        watch_age(work, books, institution, too_old ? instant_after(work->now, age_ms) : too_old_at);
}

static void put_message(struct work *work, struct inbox_ref ref, struct id referral, Record__Inbox *row)
{
    FIELD_SET(row, schema, STORE_SCHEMA);
    FIELD_SET(row, referral, life_id_bytes(work, referral));
    FIELD_SET(row, accepted_at_ms, work->now.ms);
    FIELD_SET(row, incarnation, work->incarnation);
    inbox_row_add(work->txn, ref, row);
    books_of(work->txn, ref.institution)->accepted++;
    inbox_waits(work, ref, row);
    work_inbox_changed(work, (struct inbox_effect){.change = INBOX_ADDED, .ref = ref, .referral = referral});
}

static struct inbox_ref new_ref(struct work *work, uint32_t institution, Referral__Priority lane)
{
    struct id id = work_new_id(work);

    return (struct inbox_ref){
        .institution = institution, .lane = (uint8_t)lane, .index = id.index, .ordinal = id.ordinal};
}

void inbox_put_sheet(struct work *work, uint32_t institution, Referral__Priority lane, struct id referral,
                     enum event event, uint32_t sheet_version, size_t size, uint32_t cause)
{
    Record__Inbox row = RECORD__INBOX__INIT;

    FIELD_SET(&row, kind, REFERRAL__DELIVERY_KIND__SHEET);
    FIELD_SET(&row, event, event);
    FIELD_SET(&row, sheet_version, sheet_version);
    FIELD_SET(&row, size_bytes, (uint32_t)size);
    FIELD_SET(&row, cause_number, cause);
    put_message(work, new_ref(work, institution, lane), referral, &row);
}

void inbox_put_notice(struct work *work, uint32_t institution, Referral__Priority lane, struct id referral,
                      const Referral__Notice *notice, uint32_t cause)
{
    Record__Inbox row = RECORD__INBOX__INIT;

    FIELD_SET(&row, kind, REFERRAL__DELIVERY_KIND__NOTICE);
    FIELD_SET(&row, event, (uint32_t)notice->event);
    FIELD_SET(&row, body, binary_pack(work->arena, &notice->base));
    FIELD_SET(&row, size_bytes, (uint32_t)row.body.len);
    FIELD_SET(&row, cause_number, cause);
    put_message(work, new_ref(work, institution, lane), referral, &row);
}

/* Never another institution's: its ids find nothing, like any that is gone. */
Record__Inbox *inbox_find(struct work *work, ProtobufCBinaryData delivery_id, uint32_t institution,
                          struct inbox_ref *ret_ref, bool *ret_stale)
{
    uint32_t incarnation = 0;

    if (!delivery_id_decode(binary_bytes(delivery_id), &incarnation, ret_ref))
        return NULL;
    if (institution != 0 && ret_ref->institution != institution)
        return NULL;
    if (incarnation != work->incarnation) {
        *ret_stale = true;
        return NULL;
    }
    return inbox_row(work->txn, *ret_ref);
}

static void note_ack(struct work *work, uint32_t institution)
{
    Record__Books *books = books_of(work->txn, institution);

    books->acknowledged++;
    books->last_ack_ms = work->now.ms;
    note_up(work, books, institution);
    books_touch(work->txn, institution);
}

static void take_out(struct work *work, struct inbox_ref ref, const Record__Inbox *row)
{
    inbox_row_delete(work->txn, ref);
    inbox_waits_no_more(work, ref, row);
    note_ack(work, ref.institution);
    work_inbox_changed(work,
                       (struct inbox_effect){.change = INBOX_GONE, .ref = ref, .referral = life_id_of(row->referral)});
}

static void acknowledge(struct work *work, struct inbox_ref ref, const Record__Inbox *row)
{
    take_out(work, ref, row);
    if (row->kind != REFERRAL__DELIVERY_KIND__SHEET)
        return;

    struct life_of *life = life_load(work, life_id_of(row->referral));

    if (life == NULL || life->row->has_delivered_at_ms)
        return;
    life_confirm_delivery(work, life);
    life_save(work, life);
}

void inbox_take_sheet(struct work *work, const struct life_of *life)
{
    const struct registry_institution *receiver = registry_institution(work, life->row->receiver);
    struct inbox_ref ref = {life->row->receiver_number, (uint8_t)life->row->priority, life->id.index - 1, UINT16_MAX};
    const Record__Inbox *row;

    if (receiver == NULL || !receiver->institution->query_only)
        return;
    while ((row = inbox_row_next(work->txn, ref, &ref)) != NULL && ref.index == life->id.index) {
        if (row->kind == REFERRAL__DELIVERY_KIND__SHEET && id_equal(life_id_of(row->referral), life->id)) {
            take_out(work, ref, row);
            return;
        }
    }
}

/* An id from before a restore is stale (D4); where nothing else came, the consumer is told so. An id that finds nothing
 * has no effect: acknowledging twice is harmless (D1). */
bool inbox_apply_ack(struct work *work)
{
    const Referral__Ack *ack = (const Referral__Ack *)work->body;
    size_t stale_count = 0;

    for (size_t i = 0; i < ack->n_delivery_ids; i++) {
        struct inbox_ref ref;
        bool stale = false;
        const Record__Inbox *row = inbox_find(work, ack->delivery_ids[i], work->actor_number, &ref, &stale);

        if (row != NULL)
            acknowledge(work, ref, row);
        else if (stale)
            stale_count++;
        else
            work->acks_unknown++;
    }
    if (stale_count != 0 && stale_count == ack->n_delivery_ids)
        return refuse(work, REFUSED_STALE, "delivery_ids");
    work->acks_unknown += (uint32_t)stale_count;
    return true;
}

bool inbox_apply_nack(struct work *work)
{
    const Referral__Nack *nack = (const Referral__Nack *)work->body;
    struct inbox_ref ref;
    bool stale = false;

    if (!nack->has_delivery_id)
        refuse(work, REFUSED_MISSING, "delivery_id");
    if (!nack->has_code)
        refuse(work, REFUSED_MISSING, "code");
    if (is_refused(work))
        return false;

    Record__Inbox *row = inbox_find(work, nack->delivery_id, work->actor_number, &ref, &stale);

    if (stale)
        return refuse(work, REFUSED_STALE, "delivery_id");
    bool retry = nack->code == REFERRAL__NACK_CODE__NACK_RETRY;

    if (row == NULL || (retry && inbox_is_backing_off(work, row)))
        work->acks_unknown++;
    else if (retry)
        inbox_fail(work, ref, row, "nack");
    else
        inbox_bury(work, ref, row, "nack", nack->code, nack->text);
    return true;
}
