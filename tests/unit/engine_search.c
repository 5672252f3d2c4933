/* engine_search.c - questions about pools and lists: what they may ask for, and no more (Q7, Q8, F2, P2). */
#include "places.h"

#include "ask.h"

static const char *search_said(struct district *d, const Referral__PlaceQuery *query)
{
    return ask_said(d, "T07", REFERRAL__KIND__SEARCH_PLACES, query);
}

static const char *pools_said(struct district *d, const Referral__PoolQuery *query)
{
    return ask_said(d, "H1", REFERRAL__KIND__LIST_POOLS, query);
}

Test(search, q7_as_many_units_as_one_booking_takes)
{
    struct district d;
    Referral__PlaceQuery query = REFERRAL__PLACE_QUERY__INIT;
    const Referral__PlaceList *found;

    places_open(&d);
    places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);
    FIELD_SET(&query, units, 8);
    found = ask(&d, "T07", REFERRAL__KIND__SEARCH_PLACES, &query);
    cr_assert_eq(found->n_places, 1);
    cr_assert_eq(found->places[0]->bookable, 3);
    FIELD_SET(&query, units, 9);
    cr_assert_str_eq(search_said(&d, &query), "OUT_OF_RANGE units");
    FIELD_SET(&query, units, 0);
    cr_assert_str_eq(search_said(&d, &query), "OUT_OF_RANGE units");
    places_close(&d);
}

Test(search, f2_days_in_order_and_not_too_many)
{
    static const struct {
        const char *first, *last, *said;
    } cases[] = {
        {"2026-11-24", "2026-11-23", "BAD_ORDER last_date"},
        {"2026-11-24", "2027-02-24", ""},
        {"2026-11-24", "2027-02-25", "OUT_OF_RANGE last_date"},
        {NULL, "2026-11-20", "BAD_ORDER last_date"},
        {NULL, "9999-12-31", "OUT_OF_RANGE last_date"},
        {"9999-12-31", NULL, ""},
        {"1970-01-01", NULL, ""},
        {"1969-12-31", "1970-01-01", "BAD_DATE first_date"},
        {"0001-01-01", NULL, "BAD_DATE first_date"},
        {"24.11.2026", NULL, "BAD_DATE first_date"},
        {NULL, "1969-12-31", "BAD_DATE last_date"},
    };
    struct district d;

    places_open(&d);
    places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Referral__PlaceQuery places = REFERRAL__PLACE_QUERY__INIT;
        Referral__PoolQuery pools = REFERRAL__POOL_QUERY__INIT;

        places.first_date = pools.first_date = arena_text(&d.keep, cases[i].first);
        places.last_date = pools.last_date = arena_text(&d.keep, cases[i].last);
        cr_assert_str_eq(search_said(&d, &places), cases[i].said, "%zu", i);
        cr_assert_str_eq(pools_said(&d, &pools), cases[i].said, "%zu", i);
    }
    places_close(&d);
}

Test(search, t1_a_pool_says_by_which_local_time_its_day_begins)
{
    struct district d;
    Referral__PoolQuery query = REFERRAL__POOL_QUERY__INIT;
    const Referral__PoolList *found;

    places_open(&d);
    places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    query.first_date = TUESDAY;
    found = ask(&d, "H1", REFERRAL__KIND__LIST_POOLS, &query);
    cr_assert_eq(found->n_pools, 1);
    cr_assert_eq(found->pools[0]->utc_offset_minutes, 480);
    places_close(&d);
}

Test(search, p2_a_page_of_a_wait_list_goes_on_in_that_list_only)
{
    struct district d;
    Referral__WaitQuery query = REFERRAL__WAIT_QUERY__INIT;
    const Referral__WaitList *page;
    Referral__JoinList *theirs;

    places_open(&d);
    places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));
    theirs = places_wait(&d, EXPERT, GENERAL, NULL);
    theirs->hospital = "H2";
    places_joined(&d, "H2", theirs);
    theirs->reference = "SECRET";
    places_joined(&d, "H2", theirs);
    FIELD_SET(&query, class_, EXPERT);
    query.department = "CARD";
    FIELD_SET(&query, rows, 1);
    page = ask(&d, "H2", REFERRAL__KIND__LIST_WAITING, &query);
    FIELD_SET(&query, cursor, page->next);
    cr_assert_str_eq(ask_said(&d, "H1", REFERRAL__KIND__LIST_WAITING, &query), "BAD_VALUE cursor");
    cr_assert_eq(((Referral__WaitList *)ask(&d, "H2", REFERRAL__KIND__LIST_WAITING, &query))->n_entries, 1);
    query.cursor.len--;
    cr_assert_str_eq(ask_said(&d, "H1", REFERRAL__KIND__LIST_WAITING, &query), "BAD_VALUE cursor");
    places_close(&d);
}
