/* engine_asked.c - what may be asked about places, and what is answered to whom: each question once rightly, and with
 * each fault (P2, F2). */
#include "places.h"

#include "ask.h"

#define KIND(name) REFERRAL__KIND__##name
#define WEDNESDAY  "2026-11-25"

static void expect_said(struct district *d, const char *who, Referral__Kind kind, const void *query, const char *said)
{
    cr_expect_str_eq(ask_said(d, who, kind, query), said, "%s asks %s: %s", who, kind_info(kind)->name,
                     ask_said(d, who, kind, query));
}

static ProtobufCBinaryData key_of(struct district *d, const char *id)
{
    ProtobufCBinaryData key = {.len = ID_KEY_SIZE, .data = arena_alloc(&d->keep, ID_KEY_SIZE)};

    id_to_key(key.data, places_id(id));
    return key;
}

/* ---- Counts of the service report ---- */

Test(asked, p2_service_facts_are_of_a_hospital_one_speaks_for_and_of_a_span_of_time)
{
    struct district d;
    Referral__ServiceQuery query = REFERRAL__SERVICE_QUERY__INIT;

    places_open(&d);
    expect_said(&d, "H1", KIND(GET_SERVICE_FACTS), &query, "BAD_ORDER to_ms");
    FIELD_SET(&query, from_ms, DISTRICT_NOW);
    expect_said(&d, "H1", KIND(GET_SERVICE_FACTS), &query, "BAD_ORDER to_ms");
    FIELD_SET(&query, to_ms, DISTRICT_NOW);
    expect_said(&d, "H1", KIND(GET_SERVICE_FACTS), &query, "BAD_ORDER to_ms");
    FIELD_SET(&query, to_ms, DISTRICT_NOW + 1);
    expect_said(&d, "H1", KIND(GET_SERVICE_FACTS), &query, "");
    query.hospital = "H1";
    expect_said(&d, "OPS", KIND(GET_SERVICE_FACTS), &query, "");
    expect_said(&d, "H2", KIND(GET_SERVICE_FACTS), &query, "NOT_FOUND hospital");
    query.hospital = "H9";
    expect_said(&d, "OPS", KIND(GET_SERVICE_FACTS), &query, "NOT_FOUND hospital");
    places_close(&d);
}

Test(asked, q13_a_past_moment_is_an_index_and_its_time_else_the_present_is_named_with_its_digest)
{
    struct district d;
    Referral__ServiceQuery query = REFERRAL__SERVICE_QUERY__INIT;
    const Referral__ServiceFacts *facts;

    places_open(&d);
    FIELD_SET(&query, from_ms, DISTRICT_NOW);
    FIELD_SET(&query, to_ms, DISTRICT_NOW + DAY_MS);
    facts = ask(&d, "H1", KIND(GET_SERVICE_FACTS), &query);
    cr_assert(facts->has_digest);
    cr_assert_eq(facts->index, store_mark(d.store).index);
    FIELD_SET(&query, as_of_index, 7);
    expect_said(&d, "H1", KIND(GET_SERVICE_FACTS), &query, "MISSING as_of_ms");
    FIELD_SET(&query, as_of_ms, DISTRICT_NOW + 5);
    facts = ask(&d, "H1", KIND(GET_SERVICE_FACTS), &query);
    cr_assert(!facts->has_digest, "that of the present says nothing of then");
    cr_assert(facts->index == 7 && facts->at_ms == DISTRICT_NOW + 5);
    query.has_as_of_index = false;
    expect_said(&d, "H1", KIND(GET_SERVICE_FACTS), &query, "MISSING as_of_index");
    places_close(&d);
}

/* ---- Who waits ---- */

static uint32_t ahead_of(struct district *d, const char *who, char *entry)
{
    Referral__WaitQuery query = REFERRAL__WAIT_QUERY__INIT;
    const Referral__WaitList *list;

    query.entry_id = entry;
    list = ask(d, who, KIND(LIST_WAITING), &query);
    cr_assert_eq(list->n_entries, 1);
    cr_assert(!list->has_next);
    return list->entries[0]->ahead;
}

Test(asked, q8_an_entry_says_how_many_are_ahead_to_its_parties_and_operators)
{
    struct district d;
    Referral__WaitQuery query = REFERRAL__WAIT_QUERY__INIT;

    places_open(&d);
    char *first = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang")));
    char *second = places_joined(&d, "T08", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T08", "Li Ming")));
    char *own = places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));

    cr_assert_eq(ahead_of(&d, "T07", first), 0);
    cr_assert_eq(ahead_of(&d, "T08", second), 1);
    cr_assert_eq(ahead_of(&d, "H1", own), 2);
    cr_assert_eq(ahead_of(&d, "OPS", second), 1);
    query.entry_id = first;
    expect_said(&d, "T08", KIND(LIST_WAITING), &query, "NOT_FOUND entry_id");
    query.entry_id = own;
    expect_said(&d, "T07", KIND(LIST_WAITING), &query, "NOT_FOUND entry_id");
    query.entry_id = "bd-9-9-9";
    expect_said(&d, "H1", KIND(LIST_WAITING), &query, "NOT_FOUND entry_id");
    query.entry_id = "nothing";
    expect_said(&d, "H1", KIND(LIST_WAITING), &query, "NOT_FOUND entry_id");
    places_close(&d);
}

Test(asked, q8_the_entries_of_a_referral_are_its_parties_affair)
{
    struct district d;
    Referral__WaitQuery query = REFERRAL__WAIT_QUERY__INIT;

    places_open(&d);
    query.referral_id = places_refer(&d, "T07", "Wang Fang");
    places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, query.referral_id));
    places_joined(&d, "T07", places_wait(&d, EXAM, FAMILY, query.referral_id));
    cr_assert_eq(((Referral__WaitList *)ask(&d, "T07", KIND(LIST_WAITING), &query))->n_entries, 2);
    FIELD_SET(&query, rows, 1); /* they are one page, however few are asked for */
    cr_assert_eq(((Referral__WaitList *)ask(&d, "H1", KIND(LIST_WAITING), &query))->n_entries, 2);
    cr_assert_eq(((Referral__WaitList *)ask(&d, "OPS", KIND(LIST_WAITING), &query))->n_entries, 2);
    expect_said(&d, "T08", KIND(LIST_WAITING), &query, "NOT_FOUND referral_id");
    query.referral_id = "nothing";
    expect_said(&d, "T07", KIND(LIST_WAITING), &query, "NOT_FOUND referral_id");
    query.referral_id = places_refer(&d, "T07", "Li Ming");
    cr_assert_eq(((Referral__WaitList *)ask(&d, "T07", KIND(LIST_WAITING), &query))->n_entries, 0);
    places_close(&d);
}

Test(asked, q8_a_list_is_of_one_class_and_department_of_a_hospital_one_speaks_for)
{
    struct district d;
    Referral__WaitQuery query = REFERRAL__WAIT_QUERY__INIT;
    Referral__JoinList *exam;
    const Referral__WaitList *list;

    places_open(&d);
    places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));
    places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang")));
    exam = places_wait(&d, EXAM, GENERAL, NULL);
    char *elsewhere = places_joined(&d, "H1", exam);

    expect_said(&d, "H1", KIND(LIST_WAITING), &query, "MISSING class");
    FIELD_SET(&query, class_, EXPERT);
    expect_said(&d, "H1", KIND(LIST_WAITING), &query, "MISSING department");
    query.department = "CARD";
    list = ask(&d, "H1", KIND(LIST_WAITING), &query);
    cr_assert_eq(list->n_entries, 2);
    cr_assert(!list->has_next);
    FIELD_SET(&query, rows, 1);
    list = ask(&d, "H1", KIND(LIST_WAITING), &query);
    cr_assert(list->n_entries == 1 && list->has_next);
    FIELD_SET(&query, cursor, list->next);
    list = ask(&d, "H1", KIND(LIST_WAITING), &query);
    cr_assert(list->n_entries == 1 && list->entries[0]->ahead == 1, "counted on");
    memcpy(query.cursor.data, key_of(&d, elsewhere).data, ID_KEY_SIZE);
    expect_said(&d, "H1", KIND(LIST_WAITING), &query, "BAD_VALUE cursor");
    query.department = "NEUR";
    query.class_ = EXAM;
    expect_said(&d, "H1", KIND(LIST_WAITING), &query, "BAD_VALUE cursor");
    query.hospital = "H1";
    expect_said(&d, "T07", KIND(LIST_WAITING), &query, "NOT_FOUND hospital");
    places_close(&d);
}

Test(asked, f2_one_entry_a_referrals_or_a_list_but_not_two_of_them)
{
    struct district d;
    Referral__WaitQuery query = REFERRAL__WAIT_QUERY__INIT;

    places_open(&d);
    query.referral_id = places_refer(&d, "T07", "Wang Fang");
    query.entry_id = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, query.referral_id));
    expect_said(&d, "T07", KIND(LIST_WAITING), &query, "NOT_EXPECTED entry_id");
    query.entry_id = NULL;
    FIELD_SET(&query, class_, EXAM);
    expect_said(&d, "T07", KIND(LIST_WAITING), &query, "NOT_EXPECTED entry_id");
    FIELD_CLEAR(&query, class_);
    query.hospital = "H1";
    expect_said(&d, "H1", KIND(LIST_WAITING), &query, "NOT_EXPECTED entry_id");
    places_close(&d);
}

/* More than are counted before one that is asked for by itself. */
static void fill_list(struct district *d, uint16_t count)
{
    struct store_turn turn = {.index = store_mark(d->store).index + 1, .time = d->now};
    Record__WaitEntry row = RECORD__WAIT_ENTRY__INIT;
    struct wait_key key = {.class = EXPERT, .department = "CARD", .rank = RANK_GENERAL, .since = d->now};
    struct store_txn *txn;

    cr_assert_eq(store_turn_begin(d->store, &d->turn, &txn), 0);
    key.hospital = institution_row(txn, "H1")->number;
    key.priority = REFERRAL__PRIORITY__ROUTINE;
    FIELD_SET(&row, channel, GENERAL);
    FIELD_SET(&row, priority, REFERRAL__PRIORITY__ROUTINE);
    FIELD_SET(&row, units, 1);
    for (uint16_t i = 0; i < count; i++) {
        key.id = (struct id){store_identity(d->store)->incarnation, turn.index, i};
        wait_row_put(txn, &key, &row, true);
    }
    cr_assert_eq(store_turn_end(txn, &turn), 0);
}

Test(asked, q8_a_long_list_counts_on_from_page_to_page)
{
    struct district d;
    Referral__WaitQuery query = REFERRAL__WAIT_QUERY__INIT;
    const Referral__WaitList *list;
    uint32_t told = 0;

    places_open(&d);
    fill_list(&d, 1450);
    FIELD_SET(&query, class_, EXPERT);
    query.department = "CARD";
    do {
        list = ask(&d, "H1", KIND(LIST_WAITING), &query);
        for (size_t i = 0; i < list->n_entries; i++)
            cr_assert_eq(list->entries[i]->ahead, told++);
        query.has_cursor = list->has_next;
        query.cursor = list->next;
    } while (list->has_next);
    cr_assert_eq(told, 1450);
    district_close(&d);
}

/* ---- Bookings ---- */

static size_t bookings(struct district *d, const char *who, const Referral__BookingQuery *query)
{
    return ((Referral__BookingList *)ask(d, who, KIND(LIST_BOOKINGS), query))->n_bookings;
}

Test(asked, q7_bookings_are_asked_for_in_one_way_at_a_time)
{
    struct district d;
    Referral__BookingQuery query = REFERRAL__BOOKING_QUERY__INIT;

    places_open(&d);
    expect_said(&d, "H1", KIND(LIST_BOOKINGS), &query, "MISSING booking_id");
    query.booking_id = query.team_id = "TEAM7";
    expect_said(&d, "H1", KIND(LIST_BOOKINGS), &query, "NOT_EXPECTED booking_id");
    query.team_id = NULL;
    expect_said(&d, "H1", KIND(LIST_BOOKINGS), &query, "NOT_FOUND booking_id");
    query.booking_id = "bd-9-9-9";
    expect_said(&d, "H1", KIND(LIST_BOOKINGS), &query, "NOT_FOUND booking_id");
    places_close(&d);
}

Test(asked, p2_a_booking_is_seen_by_its_parties_and_operators_and_one_without_a_referral_by_its_hospital)
{
    struct district d;
    Referral__BookingQuery query = REFERRAL__BOOKING_QUERY__INIT;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);
    char *referral = places_refer(&d, "T07", "Wang Fang");

    query.booking_id = places_booked(&d, "T07", ref, FAMILY, referral);
    cr_assert_eq(bookings(&d, "T07", &query), 1);
    cr_assert_eq(bookings(&d, "H1", &query), 1);
    cr_assert_eq(bookings(&d, "OPS", &query), 1);
    expect_said(&d, "T08", KIND(LIST_BOOKINGS), &query, "NOT_FOUND booking_id");
    query.booking_id = places_booked(&d, "H1", ref, GENERAL, NULL);
    cr_assert_eq(bookings(&d, "H1", &query), 1);
    expect_said(&d, "T07", KIND(LIST_BOOKINGS), &query, "NOT_FOUND booking_id");
    query.booking_id = NULL;
    query.referral_id = referral;
    cr_assert_eq(bookings(&d, "T07", &query), 1);
    expect_said(&d, "T08", KIND(LIST_BOOKINGS), &query, "NOT_FOUND referral_id");
    query.referral_id = "nothing";
    expect_said(&d, "T07", KIND(LIST_BOOKINGS), &query, "NOT_FOUND referral_id");
    places_close(&d);
}

Test(asked, q7_a_referrals_bookings_come_in_pages_the_ended_ones_too)
{
    struct district d;
    Referral__BookingQuery query = REFERRAL__BOOKING_QUERY__INIT;
    Referral__BookingList *page;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);

    query.referral_id = places_refer(&d, "T07", "Wang Fang");
    for (int i = 0; i < 3; i++)
        district_assert_said(&d, places_cancel(&d, "T07", places_held(&d, "T07", ref, FAMILY, query.referral_id), 0),
                             "");
    FIELD_SET(&query, rows, 2);
    page = ask(&d, "T07", KIND(LIST_BOOKINGS), &query);
    cr_assert(page->n_bookings == 2 && page->has_next);
    FIELD_SET(&query, cursor, page->next);
    page = ask(&d, "T07", KIND(LIST_BOOKINGS), &query);
    cr_assert(page->n_bookings == 1 && !page->has_next);
    places_close(&d);
}

Test(asked, q7_a_pools_bookings_come_in_the_order_of_its_units)
{
    struct district d;
    Referral__BookingQuery query = REFERRAL__BOOKING_QUERY__INIT;
    Referral__BookingList *page;
    uint8_t odd[5] = {0};

    places_open(&d);
    query.pool = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);

    Referral__TakePlace *take = places_wish(&d, query.pool, GENERAL, NULL);

    FIELD_SET(take, units, 2);
    district_assert_said(&d, district_say(&d, "H1", KIND(BOOK_PLACE), take), "");
    places_booked(&d, "T07", query.pool, FAMILY, places_refer(&d, "T07", "Wang Fang"));
    cr_assert_eq(bookings(&d, "H1", &query), 2);
    cr_assert_eq(bookings(&d, "OPS", &query), 2);
    FIELD_SET(&query, rows, 1);
    page = ask(&d, "H1", KIND(LIST_BOOKINGS), &query);
    cr_assert(page->n_bookings == 1 && page->has_next);
    FIELD_SET(&query, cursor, page->next);
    page = ask(&d, "H1", KIND(LIST_BOOKINGS), &query);
    cr_assert(page->n_bookings <= 1, "what begins on an earlier unit is not told again");
    query.cursor = (ProtobufCBinaryData){sizeof odd, odd};
    expect_said(&d, "H1", KIND(LIST_BOOKINGS), &query, "BAD_VALUE cursor");
    expect_said(&d, "T07", KIND(LIST_BOOKINGS), &query, "NOT_FOUND pool.hospital");
    query.pool = places_ref(&d, EXPERT, "NOBODY", TUESDAY);
    expect_said(&d, "H1", KIND(LIST_BOOKINGS), &query, "UNKNOWN_POOL pool.resource");
    query.pool->date = "Tuesday";
    expect_said(&d, "H1", KIND(LIST_BOOKINGS), &query, "BAD_DATE pool.date");
    places_close(&d);
}

Test(asked, q7_a_teams_live_holds_are_seen_by_its_institution_and_operators)
{
    struct district d;
    Referral__BookingQuery query = REFERRAL__BOOKING_QUERY__INIT;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);

    query.team_id = "TEAM7";
    cr_assert_eq(bookings(&d, "T07", &query), 0);
    places_held(&d, "T07", ref, FAMILY, places_refer(&d, "T07", "Wang Fang"));
    cr_assert_eq(bookings(&d, "T07", &query), 1);
    cr_assert_eq(bookings(&d, "OPS", &query), 1);
    expect_said(&d, "T08", KIND(LIST_BOOKINGS), &query, "NOT_FOUND team_id");
    query.team_id = "TEAM9";
    expect_said(&d, "OPS", KIND(LIST_BOOKINGS), &query, "NOT_FOUND team_id");
    query.team_id = "TEAM7";
    d.now = instant_after(d.now, 10 * MINUTE_MS);
    cr_assert_eq(bookings(&d, "T07", &query), 0, "C1: lapsed, though no turn has said so yet");
    places_close(&d);
}

/* ---- Free places, pools, ledger ---- */

static const Referral__PlaceList *search_places(struct district *d, const Referral__PlaceQuery *query)
{
    return ask(d, "T07", KIND(SEARCH_PLACES), query);
}

Test(asked, q7_a_search_narrows_by_hospital_class_department_resource_and_doctor)
{
    struct district d;
    Referral__PlaceQuery query = REFERRAL__PLACE_QUERY__INIT;
    Referral__Pool *named;

    places_open(&d);
    places_publish(&d, EXPERT, "LI-AM", TUESDAY, 4);
    places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 4);
    places_publish(&d, EXPERT, "WANG-AM", WEDNESDAY, 4);
    places_publish(&d, BED, "WARD-3", TUESDAY, 4);
    places_publish(&d, EXAM, "CT", TUESDAY, 4);
    named = places_pool(&d, places_ref(&d, EXPERT, "SUN-PM", TUESDAY), 2);
    named->doctor = "Sun Yi";
    named->pool->department = "NEUR";
    district_assert_said(&d, district_say(&d, "H1", KIND(PUT_POOL), named), "UNKNOWN_DEPARTMENT pool.department");
    named->pool->department = "CARD";
    district_assert_said(&d, district_say(&d, "H1", KIND(PUT_POOL), named), "");
    cr_assert_eq(search_places(&d, &query)->n_places, 6);
    query.doctor = "Sun";
    cr_assert_eq(search_places(&d, &query)->n_places, 1);
    query.doctor = "Qian";
    cr_assert_eq(search_places(&d, &query)->n_places, 0);
    query.doctor = NULL;
    query.resource = "WANG-AM";
    cr_assert_eq(search_places(&d, &query)->n_places, 2);
    query.last_date = TUESDAY;
    cr_assert_eq(search_places(&d, &query)->n_places, 1);
    query.resource = "M";
    cr_assert_eq(search_places(&d, &query)->n_places, 0);
    query.resource = NULL;
    for (int class = EXPERT; class <= (int)EXAM; class ++) {
        FIELD_SET(&query, class_, (Referral__PlaceClass) class);
        cr_assert_eq(search_places(&d, &query)->n_places, class == (int)EXPERT ? 3 : 1, "%d", class);
    }
    query.department = "A";
    cr_assert_eq(search_places(&d, &query)->n_places, 0);
    query.department = "NEUR";
    cr_assert_eq(search_places(&d, &query)->n_places, 0);
    query.department = "CARD";
    query.hospital = "H2";
    cr_assert_eq(search_places(&d, &query)->n_places, 0);
    query.hospital = "H1";
    cr_assert_eq(search_places(&d, &query)->n_places, 1);
    query.hospital = "H9";
    expect_said(&d, "T07", KIND(SEARCH_PLACES), &query, "UNKNOWN_INSTITUTION hospital");
    places_close(&d);
}

static void put_departments(struct district *d, const char *first, const char *second)
{
    Referral__Institution institution = REFERRAL__INSTITUTION__INIT;
    Referral__Department departments[2], *list[] = {&departments[0], &departments[1]};

    referral__department__init(&departments[0]);
    referral__department__init(&departments[1]);
    departments[0].code = departments[0].name = arena_text(&d->keep, first);
    departments[1].code = departments[1].name = arena_text(&d->keep, second);
    institution.id = institution.name = "H1";
    FIELD_SET(&institution, kind, REFERRAL__INSTITUTION_KIND__HOSPITAL);
    FIELD_SET(&institution, tier, REFERRAL__TIER__COUNTY);
    institution.consortium = "C1";
    institution.departments = list;
    institution.n_departments = 2;
    district_assert_said(d, district_say(d, "OPS", KIND(PUT_INSTITUTION), &institution), "");
}

Test(asked, q7_a_department_is_found_in_every_class_and_between_others)
{
    struct district d;
    Referral__PlaceQuery query = REFERRAL__PLACE_QUERY__INIT;
    Referral__PoolQuery pools = REFERRAL__POOL_QUERY__INIT;
    static const char *const departments[] = {"CARD", "NEUR"};

    places_open(&d);
    pools.first_date = TUESDAY;
    put_departments(&d, "CARD", "NEUR");
    for (size_t i = 0; i < 2; i++)
        for (int class = EXPERT; class <= (int)EXAM; class += EXAM - EXPERT) {
            Referral__Pool *pool = places_pool(&d, places_ref(&d, (Referral__PlaceClass) class, "ONE", TUESDAY), 4);

            pool->pool->department = arena_text(&d.keep, departments[i]);
            district_assert_said(&d, district_say(&d, "H1", KIND(PUT_POOL), pool), "");
        }
    for (size_t i = 0; i < 2; i++) {
        query.department = pools.department = arena_text(&d.keep, departments[i]);
        cr_assert_eq(search_places(&d, &query)->n_places, 2, "%s", departments[i]);
        cr_assert_eq(((Referral__PoolList *)ask(&d, "H1", KIND(LIST_POOLS), &pools))->n_pools, 2, "%s", departments[i]);
    }
    query.department = "CARE"; /* none there, between both */
    cr_assert_eq(search_places(&d, &query)->n_places, 0);
    query.department = NULL;
    query.resource = "ON";
    cr_assert_eq(search_places(&d, &query)->n_places, 0);
    places_close(&d);
}

/* C4: while the time is in doubt nothing lapses, whatever the clock says. */
Test(asked, c4_what_is_held_is_shown_as_held_until_it_has_lapsed)
{
    struct district d;
    struct stage stage;
    Referral__PoolQuery pools = REFERRAL__POOL_QUERY__INIT;
    Referral__BookingQuery holds = REFERRAL__BOOKING_QUERY__INIT;

    places_open(&d);
    stage_init(&stage);
    pools.first_date = TUESDAY;
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);

    places_held(&d, "T07", ref, FAMILY, places_refer(&d, "T07", "Wang Fang"));
    holds.team_id = "TEAM7";
    for (int i = 0; i < 3; i++) {
        static const struct {
            int minutes;
            bool doubt, held;
        } looks[] = {{9, false, true}, {1, false, false}, {0, true, true}};

        d.now = instant_after(d.now, looks[i].minutes * MINUTE_MS);
        stage.live.time_held = looks[i].doubt;
        const Referral__PoolList *list = ask_on(&d, &stage, "H1", KIND(LIST_POOLS), &pools);

        cr_assert_eq(list->n_pools, 1);
        cr_assert_eq(list->pools[0]->held, looks[i].held, "look %d", i);
        cr_assert_eq(((Referral__BookingList *)ask_on(&d, &stage, "T07", KIND(LIST_BOOKINGS), &holds))->n_bookings,
                     looks[i].held, "look %d", i);
    }
    places_close(&d);
}

Test(asked, q7_a_search_and_a_list_go_on_after_a_cursor_and_refuse_one_that_is_none)
{
    struct district d;
    Referral__PlaceQuery query = REFERRAL__PLACE_QUERY__INIT;
    Referral__PoolQuery pools = REFERRAL__POOL_QUERY__INIT;
    const Referral__PlaceList *page;
    const Referral__PoolList *listed;
    uint8_t odd[3] = {1, 2, 3};

    places_open(&d);
    places_publish(&d, EXPERT, "LI-AM", TUESDAY, 4);
    places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 4);
    FIELD_SET(&query, rows, 1);
    page = search_places(&d, &query);
    cr_assert(page->n_places == 1 && page->has_next);
    FIELD_SET(&query, cursor, page->next);
    page = search_places(&d, &query);
    cr_assert_str_eq(page->places[0]->pool->resource, "WANG-AM");
    query.cursor = (ProtobufCBinaryData){sizeof odd, odd};
    expect_said(&d, "T07", KIND(SEARCH_PLACES), &query, "BAD_VALUE cursor");

    pools.first_date = TUESDAY;
    FIELD_SET(&pools, rows, 1);
    listed = ask(&d, "H1", KIND(LIST_POOLS), &pools);
    cr_assert(listed->n_pools == 1 && listed->has_next);
    FIELD_SET(&pools, cursor, listed->next);
    listed = ask(&d, "H1", KIND(LIST_POOLS), &pools);
    cr_assert_str_eq(listed->pools[0]->pool->resource, "WANG-AM");
    pools.cursor = query.cursor;
    expect_said(&d, "H1", KIND(LIST_POOLS), &pools, "BAD_VALUE cursor");
    pools.has_cursor = false;
    pools.hospital = "H1";
    expect_said(&d, "T07", KIND(LIST_POOLS), &pools, "NOT_FOUND hospital");
    places_close(&d);
}

Test(asked, q6_a_search_says_what_opens_later_and_what_is_released_to_the_general_channel)
{
    struct district d;
    Referral__PlaceQuery query = REFERRAL__PLACE_QUERY__INIT;
    Referral__Pool *pool;
    const Referral__FreePlace *place;

    places_open(&d);
    pool = places_pool(&d, places_ref(&d, EXPERT, "WANG-AM", TUESDAY), 5);
    FIELD_SET(pool, fd_opens_at_ms, DISTRICT_NOW + HOUR_MS);
    FIELD_SET(pool, general_opens_at_ms, DISTRICT_NOW + 2 * HOUR_MS);
    district_assert_said(&d, district_say(&d, "H1", KIND(PUT_POOL), pool), "");
    place = search_places(&d, &query)->places[0];
    cr_assert(place->bookable == 0 && place->opens_at_ms == DISTRICT_NOW + HOUR_MS && place->opens_later == 5);
    FIELD_SET(&query, channel, GENERAL);
    place = search_places(&d, &query)->places[0];
    cr_assert(place->opens_at_ms == DISTRICT_NOW + 2 * HOUR_MS && place->opens_later == 4, "Q1: one is reserved");
    d.now = instant_after(d.now, 3 * HOUR_MS);
    place = search_places(&d, &query)->places[0];
    cr_assert(place->bookable == 4 && place->opens_later == 1 && place->n_first == 4);
    d.now = instant_of(place->opens_later_at_ms);
    place = search_places(&d, &query)->places[0];
    cr_assert(place->bookable == 5 && !place->has_opens_later, "released");
    places_close(&d);
}

/* The session was moved ahead of an opening that people had been told of: when it comes, too few units are left. */
Test(asked, q6_what_is_released_before_the_channel_opens_does_not_open_then)
{
    struct district d;
    Referral__PlaceQuery query = REFERRAL__PLACE_QUERY__INIT;
    Referral__Pool *pool;
    const Referral__FreePlace *place;

    places_open(&d);
    pool = places_pool(&d, places_ref(&d, EXPERT, "WANG-AM", TUESDAY), 5);
    FIELD_SET(pool->units[0], start_ms, places_at(TUESDAY, 11, 0));
    FIELD_SET(pool, general_opens_at_ms, places_at(TUESDAY, 10, 30));
    district_assert_said(&d, district_say(&d, "H1", KIND(PUT_POOL), pool), "");
    pool = places_pool(&d, pool->pool, 5);
    FIELD_SET(pool->units[0], start_ms, places_at(TUESDAY, 10, 0));
    district_assert_said(&d, district_say(&d, "H1", KIND(PUT_POOL), pool), "");
    FIELD_SET(&query, channel, GENERAL);
    FIELD_SET(&query, units, 3);
    FIELD_SET(&query, all, true);
    place = search_places(&d, &query)->places[0];
    cr_assert_eq(place->opens_at_ms, places_at(TUESDAY, 10, 30));
    cr_assert(place->bookable == 0 && !place->has_opens_later);
    places_close(&d);
}

Test(asked, q10_what_nobody_can_take_is_shown_to_whoever_asks_for_all)
{
    struct district d;
    Referral__PlaceQuery query = REFERRAL__PLACE_QUERY__INIT;
    Referral__PoolChange cancel = REFERRAL__POOL_CHANGE__INIT;

    places_open(&d);
    cancel.pool = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    cancel.person = places_person(&d);
    FIELD_SET(&cancel, reason, REFERRAL__BLOCK_REASON__STAFF_ABSENT);
    district_assert_said(&d, district_say(&d, "H1", KIND(CANCEL_POOL), &cancel), "");
    cr_assert_eq(search_places(&d, &query)->n_places, 0);
    FIELD_SET(&query, all, true);
    cr_assert_eq(search_places(&d, &query)->n_places, 1);
    cr_assert_eq(search_places(&d, &query)->places[0]->bookable, 0);
    places_close(&d);
}

Test(asked, q13_a_ledger_is_read_from_a_row_on_by_its_hospital_and_operators)
{
    struct district d;
    Referral__LedgerQuery query = REFERRAL__LEDGER_QUERY__INIT;
    const Referral__LedgerPages *pages;

    places_open(&d);
    pages = ask(&d, "H1", KIND(LIST_LEDGER), &query);
    cr_assert(pages->n_pages == 0 && pages->rows == 0);
    places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    pages = ask(&d, "H1", KIND(LIST_LEDGER), &query);
    cr_assert(pages->n_pages == 1 && pages->rows == 1 && !pages->has_next_row);
    FIELD_SET(&query, from_row, 2);
    pages = ask(&d, "H1", KIND(LIST_LEDGER), &query);
    cr_assert(pages->n_pages == 0 && pages->rows == 1, "beyond the end");
    query.hospital = "H1";
    expect_said(&d, "OPS", KIND(LIST_LEDGER), &query, "");
    expect_said(&d, "H2", KIND(LIST_LEDGER), &query, "NOT_FOUND hospital");
    places_close(&d);
}

Test(asked, p2_pages_of_lists_refuse_a_cursor_of_another_list)
{
    static const struct {
        const char *who;
        Referral__Kind kind;
    } lists[] = {
        {"H1", KIND(LIST_TIMETABLES)}, {"OPS", KIND(LIST_QUARANTINE)},   {"OPS", KIND(LIST_AUDIT)},
        {"OPS", KIND(LIST_RELATIONS)}, {"OPS", KIND(LIST_KEYS)},         {"OPS", KIND(LIST_DELEGATIONS)},
        {"OPS", KIND(LIST_TEAMS)},     {"OPS", KIND(LIST_INSTITUTIONS)}, {"OPS", KIND(LIST_ALARMS)},
        {"OPS", KIND(LIST_CALENDAR)},  {"OPS", KIND(LIST_SETTINGS)},     {"OPS", KIND(LIST_SESSIONS)},
        {"OPS", KIND(LIST_INBOX)},     {"OPS", KIND(LIST_DEAD)},         {"OPS", KIND(LIST_WAITERS)},
        {"OPS", KIND(LIST_REFERRALS)},
    };
    struct district d;
    uint8_t odd[300];

    memset(odd, 0xff, sizeof odd);
    places_open(&d);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
        const char *said;

        FIELD_SET(&query, cursor, ((ProtobufCBinaryData){sizeof odd, odd}));
        if (kind_info(lists[i].kind)->body != &referral__page_query__descriptor)
            continue;
        said = ask_said(&d, lists[i].who, lists[i].kind, &query);
        cr_expect(strcmp(said, "BAD_VALUE cursor") == 0 || strcmp(said, "TOO_LONG cursor") == 0, "%s: %s",
                  kind_info(lists[i].kind)->name, said);
    }
    places_close(&d);
}
