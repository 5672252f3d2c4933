/* query_place.c - free places: what this channel could really book now, from when, and what opens later (Q3, Q5,
 * Q6). */
#include "engine/asking.h"
#include "engine/binary.h"
#include "engine/query_pool.h"
#include "engine/waiting.h"

#define SEARCH_DAYS      14
#define FREE_UNITS_SHOWN 8

struct search {
    struct asking *asking;
    const Referral__PlaceQuery *query;
    Referral__Channel channel;
    uint32_t units; /* wished for, consecutive */
};

static bool read_query(struct search *search, struct pool_filter *ret_filter)
{
    const Referral__PlaceQuery *query = search->query;
    struct work *work = &search->asking->work;

    search->channel = query->has_channel ? query->channel : REFERRAL__CHANNEL__FAMILY_DOCTOR;
    search->units = query->has_units ? query->units : 1;
    if (search->units == 0 || search->units > WAIT_UNITS_MAX)
        refuse(work, REFUSED_OUT_OF_RANGE, "units");
    *ret_filter = (struct pool_filter){.class = query->has_class_ ? (uint8_t)query->class_ : 0,
                                       .department = query_text_or_null(query->department),
                                       .resource = query_text_or_null(query->resource)};
    query_days(search->asking, query->first_date, query->last_date, SEARCH_DAYS, ret_filter);
    if (query_text_or_null(query->hospital) != NULL) {
        ret_filter->hospital = asking_number_of(search->asking, query->hospital);
        if (ret_filter->hospital == 0)
            refuse(work, REFUSED_UNKNOWN_INSTITUTION, "hospital");
    }
    return !is_refused(work);
}

static struct unit_wish wish_of(const struct search *search, const struct counted_pool *pool)
{
    return (struct unit_wish){.pool = pool->position, .count = search->units, .channel = search->channel};
}

/* The first few starting points, as they stand in the pool. */
static void add_first_units(const struct search *search, const struct counted_pool *pool, Referral__FreePlace *place)
{
    struct arena *arena = search->asking->work.arena;
    struct unit_wish wish = wish_of(search, pool);
    const struct units *units = &pool->count.units;

    place->first = arena_alloc(arena, FREE_UNITS_SHOWN * sizeof *place->first);
    for (size_t i = 0; i < units->count && place->n_first < FREE_UNITS_SHOWN; i++) {
        Referral__FreeUnit *unit;
        size_t first;

        if (units->list[i].pool != pool->position || units->list[i].state != UNIT_IS_FREE)
            continue;
        wish.first_number = units->list[i].number;
        if (!units_find(units, &wish, search->asking->work.now, &first))
            continue;
        unit = asking_message(search->asking, &referral__free_unit__descriptor);
        FIELD_SET(unit, unit, units->list[i].number);
        FIELD_SET(unit, start_ms, units->list[i].start.ms);
        place->first[place->n_first++] = unit;
    }
}

/* As if it were `at`: places the channel could take then, if nobody took them first. */
static size_t places_at(const struct search *search, const struct counted_pool *pool, struct instant at)
{
    struct unit_wish wish = wish_of(search, pool);
    struct pool_count then = query_count_at(search->asking, pool, at);

    return units_count_places(&then.units, &wish, at);
}

static void add_later(const struct search *search, const struct counted_pool *pool, struct instant at,
                      Referral__FreePlace *place)
{
    size_t then = places_at(search, pool, at);

    if (then <= place->bookable)
        return;
    FIELD_SET(place, opens_later, (uint32_t)(then - place->bookable));
    FIELD_SET(place, opens_later_at_ms, at.ms);
}

static void add_availability(const struct search *search, const struct counted_pool *pool, Referral__FreePlace *place)
{
    const Record__Pool *row = pool->row;
    struct instant now = search->asking->work.now;
    bool family = search->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR;
    struct instant opens = instant_of(family ? row->fd_opens_at_ms : row->general_opens_at_ms);
    struct unit_wish wish = wish_of(search, pool);

    FIELD_SET(place, bookable, 0);
    if (row->cancelled)
        return;
    if (now.ms < opens.ms) { /* C1: open from opens_at on */
        FIELD_SET(place, opens_at_ms, opens.ms);
        add_later(search, pool, opens, place);
        /* Marks may leave no run of so many units; but what is released before the opening is no sooner open. */
        if (place->opens_later == 0 && !family && opens.ms < row->release_at_ms)
            add_later(search, pool, instant_of(row->release_at_ms), place);
        return;
    }
    place->bookable = (uint32_t)units_count_places(&pool->count.units, &wish, now);
    if (place->bookable != 0)
        add_first_units(search, pool, place);
    if (!family && now.ms < row->release_at_ms)
        add_later(search, pool, instant_of(row->release_at_ms), place);
}

static Referral__FreePlace *free_place(const struct search *search, const struct counted_pool *pool)
{
    Referral__FreePlace *place = asking_message(search->asking, &referral__free_place__descriptor);
    const Record__Pool *row = pool->row;

    place->pool = query_pool_ref(search->asking, &pool->key);
    place->doctor = row->doctor;
    query_session(row, &place->has_start_ms, &place->start_ms, &place->has_end_ms, &place->end_ms);
    add_availability(search, pool, place);
    return place;
}

static bool is_worth_showing(const struct search *search, const Referral__FreePlace *place)
{
    return search->query->all || place->bookable != 0 || place->opens_later != 0;
}

static bool names_doctor(const struct search *search, const Record__Pool *row)
{
    const char *doctor = query_text_or_null(search->query->doctor);

    return doctor == NULL || (row->doctor != NULL && strstr(row->doctor, doctor) != NULL);
}

ProtobufCMessage *query_places(struct asking *asking)
{
    struct search search = {.asking = asking, .query = (const Referral__PlaceQuery *)asking->work.body};
    Referral__PlaceList *list = asking_message(asking, &referral__place_list__descriptor);
    struct pool_filter filter;
    struct counted_pool pool = {0};
    struct pool_page page;

    if (!read_query(&search, &filter) ||
        !pool_page_begin(&page, asking, &filter, search.query->rows, search.query->cursor))
        return NULL;
    while (pool_page_next(&page, &pool)) {
        Referral__FreePlace *place;

        if (!names_doctor(&search, pool.row))
            continue;
        query_count(asking, &pool);
        place = free_place(&search, &pool);
        if (is_worth_showing(&search, place))
            page_add(&page.page, &place->base);
    }
    list->places = (Referral__FreePlace **)page.page.rows;
    list->n_places = page.page.count;
    pool_page_end(&page, &list->has_next, &list->next);
    return &list->base;
}
