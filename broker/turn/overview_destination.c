/* overview_destination.c - one destination as overview.h shows it: its books, the first message of each lane, whom to call. */
#include "turn/overview.h"

#include "engine/binary.h"
#include "engine/settings.h"
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

/* L4, as a receiver has to answer: what needs the calendar reads it, and nothing else does. */
static struct deadline deadline_of(struct store_txn *txn, Referral__Priority priority, struct instant from,
                                   const struct overview_destination *destination, int offset_minutes)
{
    struct calendar calendar = {.offset_minutes = offset_minutes};
    struct deadline_settings settings = {0};

    if (priority == REFERRAL__PRIORITY__EMERGENCY)
        settings.emergency_ms = setting_number(txn, SETTING_answer_emergency_ms, destination->id);
    else if (priority == REFERRAL__PRIORITY__URGENT)
        settings.urgent_ms = setting_number(txn, SETTING_answer_urgent_ms, destination->id);
    else {
        settings.routine_working_days = (int32_t)setting_number(txn, SETTING_answer_routine_days, destination->id);
        calendar = settings_calendar(txn, store_arena(txn), from, offset_minutes);
    }
    return deadline_start(CLOCK_ANSWER, priority, from, &settings, &calendar);
}

/* Inside a lane the first is the oldest (D3). */
static void read_lane(struct store_txn *txn, struct overview_destination *destination, Referral__Priority priority,
                      int offset_minutes)
{
    struct overview_lane *lane = &destination->lanes[priority - REFERRAL__PRIORITY__EMERGENCY];
    struct inbox_ref start = {.institution = destination->number, .lane = (uint8_t)priority}, ref;
    const Record__Inbox *row = lane->waiting == 0 ? NULL : inbox_row_next(txn, start, &ref);

    if (row == NULL)
        return;

    struct deadline deadline = deadline_of(txn, priority, instant_of(row->accepted_at_ms), destination, offset_minutes);

    lane->oldest_at = instant_of(row->accepted_at_ms);
    lane->half_at = deadline.warn_at;
    lane->due_at = deadline.due_at;
    lane->returned = row->failed + row->returns;
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
    int offset_minutes = 8 * 60;

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
