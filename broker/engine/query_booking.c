/* query_booking.c - bookings and wait-lists as their parties see them (Q7, Q8, P2). */
#include "engine/asking.h"
#include "engine/binary.h"
#include "engine/query_pool.h"
#include "engine/waiting.h"

/* P2: a booking is its referral's parties' affair; one without a referral the hospital's alone. */
static bool may_see(struct asking *asking, const char *hospital, ProtobufCBinaryData referral)
{
    Record__Referral *row = NULL;

    if (asking_speaks_for(asking, hospital) || has_role(&asking->work, REFERRAL__ROLE__OPERATE))
        return true;
    if (id_is_set(life_id_of(referral)))
        row = referral_row(asking->work.txn, life_id_of(referral));
    return row != NULL && asking_party(asking, row) != 0;
}

static void add_booking(struct asking *asking, struct page *page, struct id id, const Record__Booking *row)
{
    if (row != NULL && may_see(asking, row->hospital, row->referral))
        page_add(page, &booking_view(&asking->work, id, row, asking_speaks_for(asking, row->hospital))->base);
}

/* NULL after NOT_FOUND: no such referral, or none of the asker's business. */
static Record__Referral *find_referral(struct asking *asking, const char *text, struct id *ret_id)
{
    Record__Referral *row = NULL;

    if (work_parse_id(&asking->work, text, ret_id))
        row = referral_row(asking->work.txn, *ret_id);
    if (row == NULL || asking_party(asking, row) == 0)
        return asking_refuse(asking, REFUSED_NOT_FOUND, "referral_id");
    return row;
}

static bool one_booking(struct asking *asking, struct page *page, const char *text)
{
    const Record__Booking *row = NULL;
    struct id id;

    if (work_parse_id(&asking->work, text, &id))
        row = booking_row(asking->work.txn, id);
    if (row == NULL || !may_see(asking, row->hospital, row->referral))
        return refuse(&asking->work, REFUSED_NOT_FOUND, "booking_id");
    add_booking(asking, page, id, row);
    page->ended = true;
    return true;
}

static bool bookings_of_referral(struct asking *asking, struct page *page, const Referral__BookingQuery *query)
{
    struct id referral, at = life_id_of(query->cursor), id;

    if (find_referral(asking, query->referral_id, &referral) == NULL)
        return false;
    while (!page_is_full(page)) {
        uint8_t *key = arena_alloc(asking->work.arena, ID_KEY_SIZE);

        if (!booking_next_of_referral(asking->work.txn, referral, at, &id)) {
            page->ended = true;
            break;
        }
        id_to_key(key, id);
        page_examined(page, bytes_of(key, ID_KEY_SIZE), 1);
        add_booking(asking, page, id, booking_row(asking->work.txn, id));
        at = id;
    }
    return true;
}

/* Where a page of a pool goes on: after the unit with this start and number. */
#define UNIT_CURSOR_SIZE 12

static struct bytes unit_cursor(struct asking *asking, const Record__Unit *unit)
{
    uint8_t *cursor = arena_alloc(asking->work.arena, UNIT_CURSOR_SIZE);

    put_be64(cursor, (uint64_t)unit->start_ms);
    put_be32(cursor + sizeof(uint64_t), unit->number);
    return bytes_of(cursor, UNIT_CURSOR_SIZE);
}

/* The bookings that hold a unit, in the order of their first ones. */
static bool walk_pool(struct asking *asking, struct page *page, const Record__Pool *row, ProtobufCBinaryData cursor)
{
    if (cursor.len != 0 && cursor.len != UNIT_CURSOR_SIZE)
        return refuse(&asking->work, REFUSED_BAD_VALUE, "cursor");
    for (size_t i = 0; i < row->n_units; i++) {
        struct bytes at = unit_cursor(asking, row->units[i]);
        struct id id = life_id_of(row->units[i]->booking);
        Record__Booking *booking;

        if (cursor.len != 0 && memcmp(at.data, cursor.data, UNIT_CURSOR_SIZE) <= 0)
            continue;
        if (page_is_full(page))
            return true;
        page_examined(page, at, 1);
        booking = id_is_set(id) ? booking_row(asking->work.txn, id) : NULL;
        if (booking != NULL && booking->n_units != 0 && booking->units[0] == row->units[i]->number)
            add_booking(asking, page, id, booking);
    }
    page->ended = true;
    return true;
}

static bool bookings_of_pool(struct asking *asking, struct page *page, const Referral__BookingQuery *query)
{
    struct pool_key key;
    const Record__Pool *row;

    if (!pool_read_ref(&asking->work, query->pool, "pool", &key))
        return false;
    if (asking_institution(asking, query->pool->hospital, "pool.hospital") == NULL)
        return false;
    row = pool_row(asking->work.txn, &key);
    if (row == NULL)
        return refuse(&asking->work, REFUSED_UNKNOWN_POOL, "pool.resource");
    return walk_pool(asking, page, row, query->cursor);
}

/* Q7: they are few, and on one page. */
static bool holds_of_team(struct asking *asking, struct page *page, const char *team)
{
    const Referral__Team *found = registry_team(&asking->work, team);
    const Record__TeamHolds *row;

    if (found == NULL || (!asking->all && !asking_speaks_for(asking, found->institution)))
        return refuse(&asking->work, REFUSED_NOT_FOUND, "team_id");
    row = team_holds_row(asking->work.txn, team);
    for (size_t i = 0; row != NULL && i < row->n_holds; i++)
        if (asking->work.hold || asking->work.now.ms < row->holds[i]->expires_at_ms) /* C4 */
            add_booking(asking, page, life_id_of(row->holds[i]->booking),
                        booking_row(asking->work.txn, life_id_of(row->holds[i]->booking)));
    page->ended = true;
    return true;
}

static bool find_bookings(struct asking *asking, struct page *page)
{
    const Referral__BookingQuery *query = (const Referral__BookingQuery *)asking->work.body;
    int named =
        (query->booking_id != NULL) + (query->referral_id != NULL) + (query->pool != NULL) + (query->team_id != NULL);

    if (named != 1)
        return refuse(&asking->work, named == 0 ? REFUSED_MISSING : REFUSED_NOT_EXPECTED, "booking_id");
    if (query->booking_id != NULL)
        return one_booking(asking, page, query->booking_id);
    if (query->referral_id != NULL)
        return bookings_of_referral(asking, page, query);
    return query->pool != NULL ? bookings_of_pool(asking, page, query) : holds_of_team(asking, page, query->team_id);
}

ProtobufCMessage *query_bookings(struct asking *asking)
{
    Referral__BookingList *list = asking_message(asking, &referral__booking_list__descriptor);
    const Referral__BookingQuery *query = (const Referral__BookingQuery *)asking->work.body;
    struct page page;

    page_begin(&page, asking, query->team_id != NULL ? 0 : query->rows);
    if (!find_bookings(asking, &page))
        return NULL;
    list->bookings = (Referral__Booking **)page.rows;
    list->n_bookings = page.count;
    page_end(&page, &list->has_next, &list->next);
    return &list->base;
}
