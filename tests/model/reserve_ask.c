/* reserve_ask.c - what people are shown is what the rules have: numbers and units of pools, and what a channel could
 * book now (Q3, Q4, Q6). */
#include "reserve_broker.h"

#include <assert.h>

#include "engine/query.h"

#define LAST_DAY 4 /* of the pools */

static struct live_inbox no_inbox(void *user, uint32_t institution)
{
    (void)user;
    (void)institution;
    return (struct live_inbox){0};
}

static bool not_in_flight(void *user, struct inbox_ref ref)
{
    (void)user;
    (void)ref;
    return false;
}

char *broker_date_text(struct broker *broker, int day)
{
    struct date base = instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES);
    char text[DATE_TEXT_SIZE];

    date_format(text, date_from_days(date_to_days(base) + day));
    return arena_text(&broker->keep, text);
}

/* In the keep. */
static void *ask(struct broker *broker, const struct world *world, const char *who, Referral__Kind kind,
                 const void *body)
{
    struct live live = {
        .inbox = no_inbox, .in_flight = not_in_flight, .broker_version = "0", .time_held = world->doubt};
    uint8_t key[32] = {0};
    struct question question = {.key = key,
                                .kind = kind,
                                .body = wire_pack(body, &broker->keep),
                                .language = "en",
                                .now = instant_of(world->now)};
    const Referral__Reply *reply;
    struct store_txn *txn;
    enum refusal refusal;
    int failed;

    memcpy(key, who, strlen(who));
    arena_reset(&broker->turn, 1 << 22);
    failed = store_read_begin(broker->store, &broker->turn, &txn);
    assert(failed == 0);
    reply = (const Referral__Reply *)wire_unpack(
        &referral__reply__descriptor, query_answer(txn, &broker->turn, &question, &live), &broker->keep, &refusal);
    store_read_end(txn);
    if (reply == NULL || reply->n_refusals != 0 || !reply->has_result)
        return NULL;
    return wire_unpack(kind_info(kind)->result, binary_bytes(reply->result), &broker->keep, &refusal);
}

static int slot_of(const Referral__PoolRef *ref)
{
    struct date base = instant_local_date(instant_of(RESERVE_BASE), RESERVE_OFFSET_MINUTES), date;

    for (int i = 0; i < SLOTS; i++)
        if (reserve_slots[i].class == ref->class_ && strcmp(reserve_slots[i].department, ref->department) == 0 &&
            strcmp(reserve_slots[i].resource, ref->resource) == 0 && date_parse(ref->date, &date) &&
            date_to_days(base) + reserve_slots[i].day == date_to_days(date))
            return i;
    return NOBODY;
}

static bool shows(struct broker *broker, int slot, const char *what, uint64_t shown, int64_t expected)
{
    if (shown == (uint64_t)expected)
        return true;
    return broker_differs(broker, "pool %d: shown with %s %llu, by the rules %lld\n", slot, what,
                          (unsigned long long)shown, (long long)expected);
}

bool broker_same_view(struct broker *broker, struct world *world, const Referral__PoolView *view)
{
    int slot = slot_of(view->pool);
    const struct m_pool *pool = &world->pools[slot];
    struct counts set = reserve_counts(world, slot), alone = reserve_counts_alone(world, slot);

    if (reserve_lags(world, slot))
        return true;
    if (!shows(broker, slot, "C", view->capacity, alone.capacity) ||
        !shows(broker, slot, "R", view->reserve, set.reserve) ||
        !shows(broker, slot, "B", view->blocked, alone.blocked) ||
        !shows(broker, slot, "G", view->general, alone.general) ||
        !shows(broker, slot, "F", view->family, alone.family) || !shows(broker, slot, "free", view->free, alone.free) ||
        !shows(broker, slot, "marked", view->marked, alone.marked) ||
        !shows(broker, slot, "deficit", view->deficit, set.deficit) ||
        !shows(broker, slot, "units", view->n_units, pool->count))
        return false;
    for (int i = 0; i < pool->count; i++) {
        const Referral__UnitView *unit = view->units[i];

        if ((int)unit->unit != pool->units[i].number || unit->state != pool->units[i].state ||
            unit->marked != pool->units[i].marked)
            return broker_differs(broker, "pool %d: unit %u is shown otherwise\n", slot, unit->unit);
    }
    return true;
}

static bool same_views(struct broker *broker, struct world *world)
{
    Referral__PoolQuery query = REFERRAL__POOL_QUERY__INIT;
    const Referral__PoolList *list;
    int expected = 0;

    query.hospital = "H1";
    query.first_date = broker_date_text(broker, 0);
    query.last_date = broker_date_text(broker, LAST_DAY);
    FIELD_SET(&query, units, true);
    FIELD_SET(&query, rows, 50);
    list = ask(broker, world, "H1", REFERRAL__KIND__LIST_POOLS, &query);
    if (list == NULL)
        return broker_differs(broker, "pools are not shown\n");
    for (int slot = 0; slot < SLOTS; slot++)
        expected += world->pools[slot].exists;
    if ((int)list->n_pools != expected)
        return broker_differs(broker, "%zu pools are shown, of %d\n", list->n_pools, expected);
    for (size_t i = 0; i < list->n_pools; i++)
        if (!broker_same_view(broker, world, list->pools[i]))
            return false;
    return true;
}

/* What opens later, and when: with the channel, or with the release for who may not take what is kept. */
struct later {
    int64_t opens_at, at, more; /* 0: it is open; nothing does */
};

static struct later later_of(struct world *world, int slot, Referral__Channel channel, int units, int bookable)
{
    const struct m_pool *pool = &world->pools[slot];
    bool family = channel == REFERRAL__CHANNEL__FAMILY_DOCTOR;
    int64_t opens_at = family ? pool->fd_opens_at : pool->general_opens_at;
    struct later later = {0};

    if (!pool->exists || pool->cancelled)
        return later;
    if (world->now < opens_at) {
        later.opens_at = later.at = opens_at;
        later.more = reserve_bookable_at(world, slot, channel, units, opens_at);
    }
    if (later.more <= 0 && !family && world->now < pool->release_at) {
        later.at = pool->release_at;
        later.more = reserve_bookable_at(world, slot, channel, units, pool->release_at) - bookable;
    }
    if (later.more <= 0)
        later.more = later.at = 0;
    return later;
}

static bool same_later(struct broker *broker, int slot, const Referral__FreePlace *place, const struct later *later)
{
    return shows(broker, slot, "open from", (uint64_t)place->opens_at_ms, later->opens_at) &&
           shows(broker, slot, "more later", place->opens_later, later->more) &&
           shows(broker, slot, "more from", (uint64_t)place->opens_later_at_ms, later->at);
}

bool broker_same_places(struct broker *broker, struct world *world, const Referral__PlaceQuery *query,
                        const Referral__PlaceList *list, int first_day, int last_day)
{
    bool found[SLOTS] = {false};
    int units = (int)query->units;

    for (size_t i = 0; i < list->n_places; i++) {
        const Referral__FreePlace *place = list->places[i];
        int slot = slot_of(place->pool), firsts[UNITS_MAX];
        int count = reserve_bookable(world, slot, query->channel, units, firsts);
        struct later later = later_of(world, slot, query->channel, units, count);

        found[slot] = true;
        if (reserve_lags(world, slot))
            continue;
        if (!shows(broker, slot, "bookable", place->bookable, count) || !same_later(broker, slot, place, &later))
            return false;
        for (size_t u = 0; u < place->n_first; u++)
            if (!shows(broker, slot, "first", place->first[u]->unit, firsts[u]))
                return false;
    }
    for (int slot = 0; slot < SLOTS; slot++)
        if (!found[slot] && !reserve_lags(world, slot) && reserve_slots[slot].day >= first_day &&
            reserve_slots[slot].day <= last_day &&
            (reserve_bookable(world, slot, query->channel, units, (int[UNITS_MAX]){0}) > 0 ||
             later_of(world, slot, query->channel, units, 0).more > 0))
            return broker_differs(broker, "pool %d: not shown, but could be booked, now or later\n", slot);
    return true;
}

static bool same_places(struct broker *broker, struct world *world, Referral__Channel channel, int units)
{
    Referral__PlaceQuery query = REFERRAL__PLACE_QUERY__INIT;
    const Referral__PlaceList *list;

    query.hospital = "H1";
    query.first_date = broker_date_text(broker, 0);
    query.last_date = broker_date_text(broker, LAST_DAY);
    FIELD_SET(&query, channel, channel);
    FIELD_SET(&query, units, (uint32_t)units);
    FIELD_SET(&query, rows, 50);
    list =
        ask(broker, world, channel == REFERRAL__CHANNEL__GENERAL ? "H1" : "T07", REFERRAL__KIND__SEARCH_PLACES, &query);
    if (list == NULL)
        return broker_differs(broker, "free places are not shown\n");
    return broker_same_places(broker, world, &query, list, 0, LAST_DAY);
}

bool broker_shows(struct broker *broker, struct world *world)
{
    return same_views(broker, world) && same_places(broker, world, REFERRAL__CHANNEL__FAMILY_DOCTOR, 1) &&
           same_places(broker, world, REFERRAL__CHANNEL__FAMILY_DOCTOR, 2) &&
           same_places(broker, world, REFERRAL__CHANNEL__GENERAL, 1) &&
           same_places(broker, world, REFERRAL__CHANNEL__GENERAL, 3);
}
