/* query_pool.c - pools as their hospital, operators and observers see them: the numbers of section 6, and each unit
 * (Q1-Q11, P2). */
#include "engine/query_pool.h"

#include "engine/binary.h"

#define POOLS_LOOKED_AT_MAX 2000 /* keys, most of them skipped over */

const char *query_text_or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* Days are unsigned in the store's keys. */
static bool read_day(struct asking *asking, const char *text, const char *field, int64_t *day)
{
    struct date date;

    if (query_text_or_null(text) == NULL)
        return true;
    if (!date_parse(text, &date) || date_to_days(date) < 0)
        return refuse(&asking->work, REFUSED_BAD_DATE, field);
    *day = date_to_days(date);
    return true;
}

void query_days(struct asking *asking, const char *first, const char *last, int64_t days, struct pool_filter *filter)
{
    filter->first_day = date_to_days(instant_local_date(asking->work.now, CHINA_OFFSET_MINUTES));
    if (!read_day(asking, first, "first_date", &filter->first_day))
        return;
    filter->last_day = filter->first_day + days;
    if (!read_day(asking, last, "last_date", &filter->last_day))
        return;
    if (filter->last_day < filter->first_day)
        refuse(&asking->work, REFUSED_BAD_ORDER, "last_date");
    else if (filter->last_day - filter->first_day > LIMIT_SEARCH_DAYS)
        refuse(&asking->work, REFUSED_OUT_OF_RANGE, "last_date");
}

bool pool_page_begin(struct pool_page *page, struct asking *asking, const struct pool_filter *filter, uint32_t rows,
                     ProtobufCBinaryData cursor)
{
    page_begin(&page->page, asking, rows);
    pool_walk_begin(&page->walk, filter, POOLS_LOOKED_AT_MAX);
    if (cursor.len != 0 && !pool_key_parse(binary_bytes(cursor), &page->walk.from))
        return refuse(&asking->work, REFUSED_BAD_VALUE, "cursor");
    return true;
}

bool pool_page_next(struct pool_page *page, struct counted_pool *pool)
{
    if (page_is_full(&page->page))
        return false;
    pool->row = pool_walk_next(&page->walk, page->page.asking->work.txn, &pool->key);
    if (pool->row == NULL)
        return false;
    page->page.examined++;
    return true;
}

void pool_page_end(struct pool_page *page, protobuf_c_boolean *ret_has_next, ProtobufCBinaryData *ret_next)
{
    uint8_t key[POOL_KEY_MAX];

    *ret_has_next = !page->walk.ended;
    if (*ret_has_next)
        *ret_next = binary_copy(page->page.asking->work.arena, pool_key_bytes(key, &page->walk.from));
}

/* All pools of the day's group (Q11). */
static void read_set(struct asking *asking, struct counted_pool *pool)
{
    struct pool_key from = pool->key, key;
    Record__Pool *row;

    memset(from.resource, 0, sizeof from.resource);
    pool->set_count = 0;
    pool->set = arena_alloc(asking->work.arena, LIMIT_GROUP_POOLS * sizeof(Record__Pool *));
    while (pool->set_count < LIMIT_GROUP_POOLS && (row = pool_row_from(asking->work.txn, &from, &key)) != NULL &&
           pool_key_is_same_day(&key, &pool->key)) {
        if (strcmp(key.resource, pool->key.resource) == 0)
            pool->position = (uint32_t)pool->set_count;
        pool->set[pool->set_count++] = row;
        from = pool_key_after(&key);
    }
}

void query_count(struct asking *asking, struct counted_pool *pool)
{
    if (pool->row->grouped) {
        read_set(asking, pool);
    } else {
        pool->set = arena_alloc(asking->work.arena, sizeof(Record__Pool *));
        pool->set[0] = pool->row;
        pool->set_count = 1;
        pool->position = 0;
    }
    pool->count = query_count_at(asking, pool, asking->work.now);
}

struct pool_count query_count_at(struct asking *asking, const struct counted_pool *pool, struct instant at)
{
    return pool_count(asking->work.arena, pool->set, pool->set_count, at, asking->work.hold);
}

Referral__PoolRef *query_pool_ref(struct asking *asking, const struct pool_key *key)
{
    Referral__PoolRef *ref = asking_message(asking, &referral__pool_ref__descriptor);
    char date[DATE_TEXT_SIZE];

    date_format(date, date_from_days(key->day));
    ref->hospital = arena_text(asking->work.arena, institution_id_of(asking->work.txn, key->hospital));
    FIELD_SET(ref, class_, (Referral__PlaceClass)key->class);
    ref->department = arena_text(asking->work.arena, key->department);
    ref->resource = arena_text(asking->work.arena, key->resource);
    ref->date = arena_text(asking->work.arena, date);
    return ref;
}

void query_session(const Record__Pool *row, protobuf_c_boolean *ret_has_start, int64_t *ret_start_ms,
                   protobuf_c_boolean *ret_has_end, int64_t *ret_end_ms)
{
    *ret_has_start = *ret_has_end = row->n_units != 0;
    for (size_t i = 0; i < row->n_units; i++) {
        if (i == 0 || row->units[i]->start_ms < *ret_start_ms)
            *ret_start_ms = row->units[i]->start_ms;
        if (i == 0 || row->units[i]->end_ms > *ret_end_ms)
            *ret_end_ms = row->units[i]->end_ms;
    }
}

static void add_counts(const struct counted_pool *pool, struct instant now, bool hold, Referral__PoolView *view)
{
    struct quota alone = pool_quota(pool->row, now, hold);
    uint64_t marked = 0, begun = 0;

    for (size_t i = 0; i < pool->count.units.count; i++) {
        const struct unit *unit = &pool->count.units.list[i];

        if (unit->pool != pool->position)
            continue;
        marked += unit->marked;
        begun += unit->state == UNIT_IS_FREE && instant_is_due(unit->start, now);
    }
    FIELD_SET(view, capacity, alone.capacity);
    FIELD_SET(view, blocked, alone.blocked);
    FIELD_SET(view, general, alone.general);
    FIELD_SET(view, family, alone.family);
    FIELD_SET(view, free, quota_free(&alone));
    FIELD_SET(view, reserve, quota_reserve(&pool->count.quota));
    FIELD_SET(view, marked, marked);
    FIELD_SET(view, begun, begun);
    FIELD_SET(view, deficit, quota_deficit(&pool->count.quota, now));
}

static uint64_t held_units(const Record__Pool *row, struct instant now, bool hold)
{
    uint64_t held = 0;

    for (size_t i = 0; i < row->n_units; i++)
        held += row->units[i]->held_until_ms != 0 && (hold || now.ms < row->units[i]->held_until_ms);
    return held;
}

static void add_terms(const Record__Pool *row, struct instant now, bool hold, Referral__PoolView *view)
{
    FIELD_SET(view, reserve_bp, row->reserve_bp);
    FIELD_SET(view, span, row->span);
    FIELD_SET(view, fd_opens_at_ms, row->fd_opens_at_ms);
    FIELD_SET(view, general_opens_at_ms, row->general_opens_at_ms);
    FIELD_SET(view, release_at_ms, row->release_at_ms);
    FIELD_SET(view, short_notice, row->short_notice);
    FIELD_SET(view, released, row->released || (!hold && now.ms >= row->release_at_ms));
    FIELD_SET(view, grouped, row->grouped);
    FIELD_SET(view, cancelled, row->cancelled);
}

static Referral__UnitView *unit_view(struct asking *asking, const struct unit *unit, const Record__Unit *row)
{
    Referral__UnitView *view = asking_message(asking, &referral__unit_view__descriptor);
    const Record__Booking *booking;

    FIELD_SET(view, unit, unit->number);
    FIELD_SET(view, start_ms, unit->start.ms);
    FIELD_SET(view, end_ms, unit->end.ms);
    FIELD_SET(view, state, (Referral__UnitState)(unit->state + 1)); /* the same order, from 1 */
    FIELD_SET(view, marked, unit->marked);
    if (unit->state == UNIT_IS_BLOCKED)
        FIELD_SET(view, block_reason, (Referral__BlockReason)row->block_reason);
    if (!unit_is_booked(unit->state) || !row->has_booking)
        return view;
    view->booking_id = asking_id_text(asking, life_id_of(row->booking));
    booking = booking_row(asking->work.txn, life_id_of(row->booking));
    if (booking != NULL)
        FIELD_SET(view, booking_state, (Referral__BookingState)booking->state);
    return view;
}

/* It is one of them. */
static const Record__Unit *unit_row(const Record__Pool *row, uint32_t number)
{
    size_t i = 0;

    while (row->units[i]->number != number)
        i++;
    return row->units[i];
}

static void add_units(struct asking *asking, const struct counted_pool *pool, Referral__PoolView *view)
{
    view->units = arena_alloc(asking->work.arena, (pool->row->n_units + 1) * sizeof *view->units);
    for (size_t i = 0; i < pool->count.units.count; i++) {
        const struct unit *unit = &pool->count.units.list[i];

        if (unit->pool == pool->position)
            view->units[view->n_units++] = unit_view(asking, unit, unit_row(pool->row, unit->number));
    }
}

static Referral__PoolView *pool_view(struct asking *asking, struct counted_pool *pool, bool with_units)
{
    Referral__PoolView *view = asking_message(asking, &referral__pool_view__descriptor);
    struct instant now = asking->work.now;

    query_count(asking, pool);
    view->pool = query_pool_ref(asking, &pool->key);
    view->doctor = pool->row->doctor;
    FIELD_SET(view, utc_offset_minutes, registry_institution_of(&asking->work, pool->key.hospital)->offset_minutes);
    query_session(pool->row, &view->has_start_ms, &view->start_ms, &view->has_end_ms, &view->end_ms);
    add_counts(pool, now, asking->work.hold, view);
    FIELD_SET(view, held, held_units(pool->row, now, asking->work.hold));
    add_terms(pool->row, now, asking->work.hold, view);
    if (with_units)
        add_units(asking, pool, view);
    return view;
}

/* P2: whose bookings are where is for the hospital itself and operators. */
static bool may_see_units(struct asking *asking, const char *hospital)
{
    return asking_speaks_for(asking, hospital) || has_role(&asking->work, REFERRAL__ROLE__OPERATE);
}

ProtobufCMessage *query_pools(struct asking *asking)
{
    const Referral__PoolQuery *query = (const Referral__PoolQuery *)asking->work.body;
    Referral__PoolList *list = asking_message(asking, &referral__pool_list__descriptor);
    const char *hospital = asking_institution(asking, query->hospital, "hospital");
    struct pool_filter filter = {.class = query->has_class_ ? (uint8_t)query->class_ : 0,
                                 .department = query_text_or_null(query->department),
                                 .resource = query_text_or_null(query->resource)};
    struct counted_pool pool = {0};
    struct pool_page page;
    bool with_units;

    query_days(asking, query->first_date, query->last_date, 0, &filter);
    if (hospital == NULL || is_refused(&asking->work))
        return NULL;
    filter.hospital = asking_number_of(asking, hospital);
    with_units = query->units && may_see_units(asking, hospital);
    if (!pool_page_begin(&page, asking, &filter, query->rows, query->cursor))
        return NULL;
    while (pool_page_next(&page, &pool))
        page_add(&page.page, &pool_view(asking, &pool, with_units)->base);
    list->pools = (Referral__PoolView **)page.page.rows;
    list->n_pools = page.page.count;
    pool_page_end(&page, &list->has_next, &list->next);
    return &list->base;
}
