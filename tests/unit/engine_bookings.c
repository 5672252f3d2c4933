/* engine_bookings.c - bookings listed: of a pool, a referral, a team, and for whom (Q7, Q15, P2). */
#include "places.h"

#include "ask.h"

static Referral__BookingList *list(struct district *d, const char *who, const Referral__BookingQuery *query)
{
    return ask(d, who, REFERRAL__KIND__LIST_BOOKINGS, query);
}

static const char *said(struct district *d, const char *who, const Referral__BookingQuery *query)
{
    return ask_said(d, who, REFERRAL__KIND__LIST_BOOKINGS, query);
}

Test(bookings, q15_a_booking_is_listed_once_however_its_units_lie)
{
    struct district d;
    Referral__BookingQuery query = REFERRAL__BOOKING_QUERY__INIT;
    Referral__TakePlace *take;
    Referral__BookingList *found;

    places_open(&d);
    query.pool = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 20);
    take = places_wish(&d, query.pool, GENERAL, NULL);
    FIELD_SET(take, units, 12);
    FIELD_SET(take, allotment, true);
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__BOOK_PLACE, take), "");
    places_booked(&d, "H1", query.pool, GENERAL, NULL);
    cr_assert_str_eq(places_units(&d, query.pool), ".G...GG.GGGG.GGGG.GG");
    found = list(&d, "H1", &query);
    cr_assert_eq(found->n_bookings, 2);
    cr_assert_not(found->has_next);
    cr_assert_neq(found->bookings[0]->n_units, found->bookings[1]->n_units);
    places_close(&d);
}

Test(bookings, q7_a_pool_has_more_of_them_than_a_page)
{
    struct district d;
    Referral__BookingQuery query = REFERRAL__BOOKING_QUERY__INIT;
    Referral__BookingList *found;
    size_t count = 0, pages = 0;
    bool more = true;

    places_open(&d);
    query.pool = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 20);
    for (int i = 0; i < 16; i++)
        places_booked(&d, "H1", query.pool, GENERAL, NULL);
    FIELD_SET(&query, rows, 5);
    for (; more; pages++) {
        found = list(&d, "H1", &query);
        cr_assert_leq(found->n_bookings, 5);
        count += found->n_bookings;
        more = found->has_next;
        FIELD_SET(&query, cursor, found->next);
    }
    cr_assert_eq(count, 16);
    cr_assert_eq(pages, 4);
    FIELD_SET(&query, cursor, binary_copy(&d.keep, bytes_text("odd")));
    cr_assert_str_eq(said(&d, "H1", &query), "BAD_VALUE cursor");
    places_close(&d);
}

Test(bookings, q7_the_holds_of_a_team_are_one_page_however_few_are_asked_for)
{
    struct district d;
    Referral__BookingQuery query = REFERRAL__BOOKING_QUERY__INIT;
    Referral__PoolRef *ref;

    places_open(&d);
    ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);
    places_held(&d, "T07", ref, FAMILY, places_refer(&d, "T07", "Wang Fang"));
    places_held(&d, "T07", ref, FAMILY, places_refer(&d, "T07", "Li Wei"));
    places_held(&d, "T07", ref, FAMILY, places_refer(&d, "T07", "Zhou Yi"));
    query.team_id = "TEAM7";
    FIELD_SET(&query, rows, 1);
    cr_assert_eq(list(&d, "T07", &query)->n_bookings, 3);
    cr_assert_not(list(&d, "T07", &query)->has_next);
    places_close(&d);
}

Test(bookings, p2_anothers_do_not_exist)
{
    struct district d;
    Referral__BookingQuery by_pool = REFERRAL__BOOKING_QUERY__INIT, by_id = by_pool, by_referral = by_pool,
                           by_team = by_pool;

    places_open(&d);
    by_pool.pool = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    by_referral.referral_id = places_refer(&d, "T07", "Wang Fang");
    by_id.booking_id = places_held(&d, "T07", by_pool.pool, FAMILY, by_referral.referral_id);
    by_team.team_id = "TEAM7";
    for (size_t i = 0; i < 2; i++) {
        const char *who = (const char *[]){"T08", "H2"}[i];

        cr_assert_str_eq(said(&d, who, &by_pool), "NOT_FOUND pool.hospital");
        cr_assert_str_eq(said(&d, who, &by_id), "NOT_FOUND booking_id");
        cr_assert_str_eq(said(&d, who, &by_referral), "NOT_FOUND referral_id");
        cr_assert_str_eq(said(&d, who, &by_team), "NOT_FOUND team_id");
    }
    cr_assert_eq(list(&d, "H1", &by_pool)->n_bookings, 1);
    cr_assert_eq(list(&d, "T07", &by_id)->n_bookings, 1);
    cr_assert_eq(list(&d, "H1", &by_referral)->n_bookings, 1);
    cr_assert_eq(list(&d, "T07", &by_team)->n_bookings, 1);
    places_close(&d);
}
