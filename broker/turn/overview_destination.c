/* overview_destination.c - one destination as overview.h shows it: its books, the first message of each lane, whom to
 * call. */
#include "turn/overview.h"

#include "engine/binary.h"
#include "engine/urgency.h"
#include "registry.pb-c.h"
#include "wire/wire.h"

static const Referral__Institution *unpack(struct store_txn *txn, const Record__Institution *row)
{
    enum refusal refusal = REFUSED_NOT;

    return (const Referral__Institution *)wire_unpack(&referral__institution__descriptor,
                                                      binary_bytes(row->institution), store_arena(txn), &refusal);
}

static void add_contact(struct overview_destination *destination, const Referral__Institution *institution,
                        struct arena *texts)
{
    const Referral__Contact *contact =
        institution->up_contact != NULL ? institution->up_contact : institution->down_contact;

    if (contact == NULL)
        return;
    destination->contact = (struct overview_contact){
        .name = arena_text(texts, contact->name),
        .phone = arena_text(texts, contact->phone),
        .deputy_name = arena_text(texts, contact->deputy_name),
        .deputy_phone = arena_text(texts, contact->deputy_phone),
        .hours = arena_text(texts, contact->hours),
    };
}

static void add_books(struct overview_destination *destination, const Record__Books *books)
{
    destination->accepted = books->accepted;
    destination->acknowledged = books->acknowledged;
    destination->waiting = books->waiting;
    destination->dead = books->dead;
    destination->dropped = books->dropped;
    destination->waiting_bytes = books->waiting_bytes;
    destination->lanes[0].waiting = books->waiting_emergency;
    destination->lanes[1].waiting = books->waiting_urgent;
    destination->lanes[2].waiting = books->waiting_routine;
    destination->last_ack_at = instant_of(books->last_ack_ms);
    destination->down = books->down;
    destination->full = books->full;
}

static void read_lane(struct store_txn *txn, struct overview_destination *destination, Referral__Priority priority,
                      int offset_minutes)
{
    struct overview_lane *lane = &destination->lanes[priority - REFERRAL__PRIORITY__EMERGENCY];
    struct urgency urgency;

    if (lane->waiting == 0 ||
        !urgency_of_lane(txn, destination->number, destination->id, offset_minutes, priority, &urgency))
        return;
    lane->oldest_at = urgency.oldest_at;
    lane->half_at = urgency.half_at;
    lane->due_at = urgency.due_at;
    lane->returned = urgency.returned;
}

static struct instant earlier(struct instant a, struct instant b)
{
    return !instant_is_set(a) || (instant_is_set(b) && b.ms < a.ms) ? b : a;
}

static void add_lanes_up(struct overview_destination *destination, struct instant now)
{
    destination->at_risk = destination->dead;
    for (size_t i = 0; i < OVERVIEW_LANES; i++) {
        const struct overview_lane *lane = &destination->lanes[i];

        destination->oldest_at = earlier(destination->oldest_at, lane->oldest_at);
        destination->due_at = earlier(destination->due_at, lane->due_at);
        if (instant_is_due(lane->half_at, now))
            destination->at_risk += lane->waiting;
    }
}

static int offset_of(const Referral__Institution *institution)
{
    int offset_minutes = CHINA_OFFSET_MINUTES;

    if (institution->time_zone != NULL)
        offset_parse(institution->time_zone, &offset_minutes);
    return offset_minutes;
}

/* Observers have no inbox, and who is query-only has one only for what came before it was. */
static bool is_destination(const Referral__Institution *institution, const Record__Books *books, struct live_inbox live)
{
    if (books->accepted != 0 || live.connected)
        return true;
    return institution->kind != REFERRAL__INSTITUTION_KIND__OBSERVER && !institution->query_only;
}

bool overview_read_destination(struct store_txn *txn, struct arena *texts, uint32_t number, struct live_inbox live,
                               struct instant now, struct overview_destination *ret_destination)
{
    const char *id = institution_id_of(txn, number);
    const Record__Institution *row = id == NULL ? NULL : institution_row(txn, id);
    const Referral__Institution *institution = row == NULL ? NULL : unpack(txn, row);
    const Record__Books *books = books_of(txn, number);

    if (institution == NULL || !is_destination(institution, books, live))
        return false;

    struct overview_destination destination = {
        .number = number,
        .id = arena_text(texts, id),
        .name = arena_text(texts, institution->name),
        .enabled = !institution->has_enabled || institution->enabled,
        .paused = row->paused,
        .query_only = institution->query_only,
        .live = live,
    };

    add_contact(&destination, institution, texts);
    add_books(&destination, books);
    for (int priority = REFERRAL__PRIORITY__EMERGENCY; priority <= REFERRAL__PRIORITY__ROUTINE; priority++)
        read_lane(txn, &destination, (Referral__Priority)priority, offset_of(institution));
    add_lanes_up(&destination, now);
    *ret_destination = destination;
    return true;
}
