/* engine_waiting.c - wait-lists: who is offered what, when, in which order, and for how long (Q8, Q10). */
#include "places.h"

static Referral__Reply *join(struct district *d, const char *who, const Referral__JoinList *list)
{
    return district_say(d, who, REFERRAL__KIND__JOIN_LIST, list);
}

/* A pool whose only unit somebody of T08 has; gives his booking. */
static char *taken(struct district *d, Referral__PoolRef *ref)
{
    return places_booked(d, "T08", ref, FAMILY, places_refer(d, "T08", "who has it"));
}

static void give_back(struct district *d, const char *booking)
{
    district_assert_said(d, places_cancel(d, "T08", booking, REFERRAL__REASON__PATIENT_DECLINED), "");
}

Test(waiting, q8_who_joins_waits_and_the_referral_with_him)
{
    struct district d;

    places_open(&d);
    char *id = places_refer(&d, "T07", "Wang Fang");
    Referral__Reply *reply = join(&d, "T07", places_wait(&d, EXPERT, FAMILY, id));

    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->state, REFERRAL__STATE__WAITLISTED);
    cr_assert_eq(reply->core_status, REFERRAL__CORE_STATUS__CORE_ACCEPTED);
    cr_assert_str_eq(reply->referral_id, id);
    cr_assert_eq(reply->entry->units, 1);
    cr_assert_str_eq(reply->entry->first_date, TUESDAY);
    cr_assert_str_eq(reply->entry->team_id, "TEAM7");
    cr_assert_eq(reply->entry->since_ms, d.now.ms);
    cr_assert_null(reply->entry->offer);
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet, waitlist");
    reply = places_leave(&d, "T07", reply->entry->entry_id);
    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->state, REFERRAL__STATE__DELIVERED);
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet, waitlist, leave-list");
    district_assert_said(&d, places_leave(&d, "T07", reply->entry->entry_id), "NOT_FOUND entry_id");
    places_close(&d);
}

Test(waiting, q8_an_event_leaves_the_list_as_well)
{
    struct district d;

    places_open(&d);
    char *id = places_refer(&d, "T07", "Wang Fang");
    char *entry = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, id));

    district_assert_said(&d, district_happen(&d, "T07", id, LEAVE_LIST), "");
    cr_assert_str_eq(district_state(&d, id), "DELIVERED");
    cr_assert_null(places_entry(&d, entry));
    places_close(&d);
}

Test(waiting, l_leaving_the_list_may_say_why)
{
    Referral__Event *event;
    struct district d;

    places_open(&d);
    char *id = places_refer(&d, "T07", "Wang Fang");

    places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, id));
    event = district_event(&d, id, LEAVE_LIST);
    FIELD_SET(event, reason, REFERRAL__REASON__OUT_OF_SCOPE);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "BAD_VALUE reason");
    event->reason = REFERRAL__REASON__OTHER_REASON;
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "TEXT_NEEDED text");
    event->reason = REFERRAL__REASON__PATIENT_WENT_ELSEWHERE;
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "");
    places_close(&d);
}

Test(waiting, q8_an_entry_says_for_what_and_when_within_bounds)
{
    struct district d;
    Referral__JoinList *list;

    places_open(&d);
    char *id = places_refer(&d, "T07", "Wang Fang");

    list = places_wait(&d, EXPERT, FAMILY, id);
    list->has_class_ = false;
    list->department = NULL;
    list->first_date = "soon";
    list->last_date = NULL;
    FIELD_SET(list, units, 9);
    district_assert_said(
        &d, join(&d, "T07", list),
        "MISSING class; MISSING department; BAD_DATE first_date; MISSING last_date; OUT_OF_RANGE units");
    list = places_wait(&d, EXPERT, FAMILY, id);
    list->department = " ";
    list->resource = "";
    FIELD_SET(list, units, 0);
    district_assert_said(&d, join(&d, "T07", list), "BLANK department; BLANK resource; OUT_OF_RANGE units");
    list = places_wait(&d, EXPERT, FAMILY, id);
    list->last_date = "2026-11-23";
    district_assert_said(&d, join(&d, "T07", list), "BAD_ORDER last_date");
    list->last_date = "2027-02-25";
    district_assert_said(&d, join(&d, "T07", list), "OUT_OF_RANGE last_date");
    list->first_date = list->last_date = "2026-11-20";
    district_assert_said(&d, join(&d, "T07", list), "PAST_SESSION last_date");
    list = places_wait(&d, EXPERT, FAMILY, id);
    list->department = "NONE";
    district_assert_said(&d, join(&d, "T07", list), "UNKNOWN_DEPARTMENT department");
    list = places_wait(&d, EXPERT, FAMILY, id);
    list->hospital = "H9";
    district_assert_said(&d, join(&d, "T07", list), "UNKNOWN_INSTITUTION hospital");
    list->hospital = "H2";
    district_assert_said(&d, join(&d, "T07", list), "OTHER_HOSPITAL referral_id");
    list->hospital = NULL;
    district_assert_said(&d, join(&d, "T08", list), "NOT_FOUND referral_id");
    district_assert_said(&d, join(&d, "T07", list), "");
    district_assert_said(&d, join(&d, "T07", list), "HAS_PLACE referral_id");
    places_close(&d);
}

Test(waiting, q5_whoever_joins_the_list_proves_whose_place_it_is)
{
    struct district d;
    Referral__PatientProof proof = REFERRAL__PATIENT_PROOF__INIT;

    places_open(&d);
    char *id = places_refer(&d, "T07", "Wang Fang");
    Referral__JoinList *list = places_wait(&d, EXPERT, FAMILY, id);

    list->patient = &proof;
    proof.name = "Wang Fei";
    district_assert_said(&d, join(&d, "T07", list), "PATIENT_DISAGREES patient");
    cr_assert_str_eq(district_state(&d, id), "SUBMITTED");
    proof.name = "Wang Fang";
    district_assert_said(&d, join(&d, "T07", list), "");
    places_close(&d);
}

static int own_entries(struct district *d)
{
    struct store_txn *txn = district_read(d);
    struct wait_key at = {.hospital = institution_row(txn, "H1")->number, .class = EXPERT, .department = "CARD"};
    const Record__WaitEntry *row;
    int count = 0;

    while ((row = wait_row_next(txn, &at, &at)) != NULL)
        count += row->reference != NULL;
    store_read_end(txn);
    return count;
}

Test(waiting, q8_a_hospital_has_at_most_a_thousand_of_its_own_in_a_list)
{
    struct district d;
    Referral__JoinList *own;

    places_open(&d);
    own = places_wait(&d, EXPERT, GENERAL, NULL);
    for (int i = 0; i < 1000; i++)
        places_joined(&d, "H1", own);
    district_assert_said(&d, join(&d, "H1", own), "LIST_FULL");
    places_joined(&d, "H1", places_wait(&d, EXAM, GENERAL, NULL)); /* another list */
    places_joined(&d, "T07", places_wait(&d, EXPERT, GENERAL, places_refer_generally(&d, "T07", "Wang Fang")));
    own->last_date = "2026-12-24";
    d.now = instant_of(places_at("2026-11-27", 23, 59)); /* their last day */
    district_assert_said(&d, join(&d, "H1", own), "LIST_FULL");
    d.now = instant_of(places_at("2026-11-28", 0, 0));
    do
        district_clock(&d);
    while (d.effects.due_left);
    cr_assert_eq(own_entries(&d), 0, "nobody waits for days that are over");
    places_joined(&d, "H1", own);
    places_close(&d);
}

Test(waiting, q8_what_is_free_already_is_offered_at_once)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", "2026-11-25", 2);
    Referral__Reply *reply = join(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang")));

    district_assert_said(&d, reply, "");
    cr_assert_not_null(reply->entry->offer);
    cr_assert_str_eq(places_units(&d, ref), "f.");
    cr_assert_eq(reply->entry->offer->expires_at_ms, d.now.ms + 2 * HOUR_MS);
    cr_assert_str_eq(reply->entry->offer->entry_id, reply->entry->entry_id);
    cr_assert_str_eq(district_inbox(&d, "T07"), "place-offered");
    reply = places_confirm(&d, "T07", reply->entry->offer->booking_id);
    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->state, REFERRAL__STATE__BOOKED);
    cr_assert_str_eq(places_units(&d, ref), "F.");
    places_close(&d);
}

Test(waiting, q8_a_general_entry_does_not_pass_a_family_doctor_after_a_cancel)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);

    for (int i = 0; i < 4; i++)
        places_booked(&d, "T08", ref, FAMILY, places_refer(&d, "T08", arena_format(&d.keep, "patient %d", i)));
    char *last = places_booked(&d, "T08", ref, FAMILY, places_refer(&d, "T08", "patient 5"));
    char *general = places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));

    d.now = instant_after(d.now, MINUTE_MS);
    char *family = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang")));

    give_back(&d, last);
    cr_assert_not_null(places_offer(&d, family), "F was above R, so anybody might have it; the family doctor is first");
    cr_assert_null(places_offer(&d, general));
    places_close(&d);
}

Test(waiting, q8_the_order_is_displaced_family_family_displaced_general_general_then_priority_then_since)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", "2026-11-25", 2);
    Referral__PoolRef *old = places_publish(&d, EXPERT, "LI-PM", TUESDAY, 4);
    char *waiting[6], *a = places_booked(&d, "H1", ref, GENERAL, NULL), *b = taken(&d, ref);
    char *general = places_booked(&d, "H1", old, GENERAL, NULL);
    char *family = places_booked(&d, "T07", old, FAMILY, places_refer(&d, "T07", "displaced"));
    Referral__JoinList *list = places_wait(&d, EXPERT, GENERAL, NULL);

    list->resource = "WANG-AM";
    waiting[5] = places_joined(&d, "H1", list);
    list = places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "routine"));
    list->resource = "WANG-AM";
    waiting[2] = places_joined(&d, "T07", list);
    d.now = instant_after(d.now, MINUTE_MS);
    list = places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "later"));
    list->resource = "WANG-AM";
    waiting[3] = places_joined(&d, "T07", list);
    Referral__Sheet *sheet = places_sheet(&d, "T07", "urgent");

    FIELD_SET(sheet, priority, REFERRAL__PRIORITY__URGENT);
    list = places_wait(&d, EXPERT, FAMILY, district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet)->referral_id);
    list->resource = "WANG-AM";
    waiting[1] = places_joined(&d, "T07", list);
    Referral__PoolChange cancel = REFERRAL__POOL_CHANGE__INIT;

    cancel.pool = old;
    FIELD_SET(&cancel, reason, REFERRAL__BLOCK_REASON__STAFF_ABSENT);
    cancel.person = places_person(&d);
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__CANCEL_POOL, &cancel), "");
    cr_assert_str_eq(places_state(&d, general), "DISPLACED");
    cr_assert_str_eq(places_state(&d, family), "DISPLACED");

    struct store_txn *txn = district_read(&d);
    struct wait_key at = {.hospital = institution_row(txn, "H1")->number, .class = EXPERT, .department = "CARD"}, next;
    const Record__WaitEntry *row;
    size_t i = 0;

    for (; (row = wait_row_next(txn, &at, &next)) != NULL; i++, at = next) {
        char text[ID_TEXT_SIZE];

        id_format(text, "bd", next.id);
        if (i == 0 || i == 4)
            cr_assert(row->displaced);
        else
            cr_assert_str_eq(text, waiting[i], "entry %zu", i);
    }
    cr_assert_eq(i, 6);
    store_read_end(txn);
    give_back(&d, b);
    cr_assert_str_eq(places_units(&d, ref), "fG");
    cr_assert_null(places_offer(&d, waiting[1]), "the displaced one was before");
    district_assert_said(&d, places_cancel(&d, "H1", a, REFERRAL__REASON__PATIENT_DECLINED), "");
    cr_assert_not_null(places_offer(&d, waiting[1]));
    cr_assert_null(places_offer(&d, waiting[2]));
    places_close(&d);
}

Test(waiting, q8_an_entry_is_passed_over_only_where_the_units_cannot_hold_its_n)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXAM, "CT-1", TUESDAY, 3);
    char *booked[3];

    for (int i = 0; i < 3; i++)
        booked[i] = places_booked(&d, "T08", ref, FAMILY, places_refer(&d, "T08", arena_format(&d.keep, "p%d", i)));
    Referral__JoinList *three = places_wait(&d, EXAM, FAMILY, places_refer(&d, "T07", "Wang Fang"));

    FIELD_SET(three, units, 3);
    char *first = places_joined(&d, "T07", three);

    d.now = instant_after(d.now, 1);
    char *second = places_joined(&d, "T07", places_wait(&d, EXAM, FAMILY, places_refer(&d, "T07", "Li Lei")));

    give_back(&d, booked[0]);
    cr_assert_null(places_offer(&d, first));
    cr_assert_str_eq(places_units(&d, ref), "fFF");
    district_assert_said(&d, places_leave(&d, "T07", second), "");
    cr_assert_str_eq(places_units(&d, ref), ".FF");
    give_back(&d, booked[1]);
    give_back(&d, booked[2]);
    cr_assert_str_eq(places_units(&d, ref), "fff");
    cr_assert_not_null(places_offer(&d, first));
    places_close(&d);
}

Test(waiting, q8_a_declined_offer_keeps_the_rank_but_not_that_unit)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 3);
    char *id = places_refer(&d, "T07", "Wang Fang");
    char *entry = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, id));

    cr_assert_str_eq(places_units(&d, ref), "f..");
    Referral__Reply *reply = places_cancel(&d, "T07", places_offer(&d, entry), 0);

    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->state, REFERRAL__STATE__WAITLISTED, "declining one offer is not leaving the list");
    cr_assert_str_eq(places_units(&d, ref), ".f.");
    district_assert_said(&d, places_cancel(&d, "T07", places_offer(&d, entry), 0), "");
    cr_assert_str_eq(places_units(&d, ref), "..f");
    district_assert_said(&d, places_cancel(&d, "T07", places_offer(&d, entry), 0), "");
    cr_assert_str_eq(places_units(&d, ref), "...", "nobody is offered the same unit twice");
    cr_assert_eq(places_entry(&d, entry)->lapses, 0);
    Referral__PoolRef *other = places_publish(&d, EXPERT, "LI-PM", TUESDAY, 1);

    cr_assert_str_eq(places_units(&d, other), "f");
    places_close(&d);
}

Test(waiting, q8_an_offer_stands_for_two_hours_of_the_day)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    char *booked = taken(&d, ref);
    char *entry = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang")));

    d.now = instant_of(places_at("2026-11-21", 17, 30));
    give_back(&d, booked);
    cr_assert_eq(places_row(&d, places_offer(&d, entry))->expires_at_ms, places_at("2026-11-22", 9, 30));
    d.now = instant_of(places_at("2026-11-22", 9, 30) - 1);
    district_clock(&d);
    cr_assert_not_null(places_offer(&d, entry));
    d.now = instant_after(d.now, 1);
    district_clock(&d);
    cr_assert_null(places_offer(&d, entry));
    cr_assert_eq(places_entry(&d, entry)->lapses, 1);
    cr_assert_str_eq(places_units(&d, ref), ".");
    places_close(&d);
}

Test(waiting, q8_an_offer_ends_an_hour_before_the_start_and_later_units_are_offered_instead)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 2); /* 09:00, 09:10 */
    char *entry;

    d.now = instant_of(places_at(TUESDAY, 8, 5));
    Referral__Reply *reply = join(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang")));

    district_assert_said(&d, reply, "");
    entry = reply->entry->entry_id;
    cr_assert_str_eq(places_units(&d, ref), ".f", "the first is too near");
    cr_assert_eq(reply->entry->offer->expires_at_ms, places_at(TUESDAY, 8, 10));
    d.now = instant_of(places_at(TUESDAY, 8, 10));
    district_clock(&d);
    cr_assert_null(places_offer(&d, entry));
    cr_assert_str_eq(places_units(&d, ref), "..");
    places_close(&d);
}

Test(waiting, q8_the_third_lapse_ends_the_waiting_and_is_told)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", "2026-11-27", 4);
    char *id = places_refer(&d, "T07", "Wang Fang");

    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "");
    char *entry = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, id));

    district_drain(&d, "T07");
    for (int lapse = 1; lapse <= 3; lapse++) {
        cr_assert_not_null(places_offer(&d, entry), "lapse %d", lapse);
        d.now = instant_after(d.now, 2 * HOUR_MS);
        district_clock(&d);
    }
    cr_assert_null(places_entry(&d, entry));
    cr_assert_str_eq(district_state(&d, id), "ACCEPTED", "where it was before it waited");
    cr_assert_str_eq(district_inbox(&d, "T07"),
                     "place-lapsed, place-offered, place-lapsed, place-offered, place-lapsed, list-left");
    cr_assert_str_eq(places_units(&d, ref), "....");
    places_close(&d);
}

Test(waiting, q8_the_lapse_of_one_is_the_offer_of_the_next)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    char *booked = taken(&d, ref);
    char *first = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang")));

    d.now = instant_after(d.now, 1);
    char *second = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Li Lei")));

    give_back(&d, booked);
    cr_assert_not_null(places_offer(&d, first));
    d.now = instant_after(d.now, 2 * HOUR_MS);
    district_clock(&d);
    cr_assert_null(places_offer(&d, first));
    cr_assert_not_null(places_offer(&d, second));
    cr_assert_str_eq(places_ledger(&d, 2), "BOOKED 1, CANCELLED 1, OFFERED 1, LAPSED 1, OFFERED 1");
    places_close(&d);
}

Test(waiting, q7_a_lapsed_offer_may_still_be_confirmed_while_nobody_has_it)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    char *id = places_refer(&d, "T07", "Wang Fang");
    char *entry = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, id)), *offer = places_offer(&d, entry);

    d.now = instant_after(d.now, 3 * HOUR_MS);
    district_clock(&d);
    district_assert_said(&d, places_confirm(&d, "T07", offer), "");
    cr_assert_str_eq(places_units(&d, ref), "F");
    cr_assert_str_eq(district_state(&d, id), "BOOKED");
    cr_assert_null(places_entry(&d, entry), "what it waited for it has");
    places_close(&d);
}

Test(waiting, q8_offers_are_outside_the_limit_of_five)
{
    struct district d;

    places_open(&d);
    places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 20);
    Referral__PoolRef *ref = places_ref(&d, EXPERT, "WANG-AM", TUESDAY);

    for (int i = 0; i < 6; i++)
        places_joined(&d, "T07",
                      places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", arena_format(&d.keep, "waits %d", i))));
    for (int i = 0; i < 5; i++)
        places_held(&d, "T07", ref, FAMILY, places_refer(&d, "T07", arena_format(&d.keep, "holds %d", i)));
    cr_assert_str_eq(places_units(&d, ref), "fffffffffff.........");
    places_close(&d);
}

Test(waiting, q6_from_the_opening_of_his_channel_and_not_before)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_ref(&d, EXPERT, "WANG-AM", TUESDAY);
    Referral__Pool *pool = places_pool(&d, ref, 5);
    char *family = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang")));
    char *general = places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));

    FIELD_SET(pool, fd_opens_at_ms, places_at("2026-11-22", 9, 0));
    FIELD_SET(pool, general_opens_at_ms, places_at("2026-11-22", 10, 0));
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__PUT_POOL, pool), "");
    cr_assert_null(places_offer(&d, family));
    d.now = instant_of(places_at("2026-11-22", 9, 0) - 1);
    district_clock(&d);
    cr_assert_null(places_offer(&d, family));
    d.now = instant_of(places_at("2026-11-22", 9, 0));
    district_clock(&d);
    cr_assert_not_null(places_offer(&d, family));
    cr_assert_null(places_offer(&d, general));
    d.now = instant_of(places_at("2026-11-22", 10, 0));
    district_clock(&d);
    cr_assert_not_null(places_offer(&d, general));
    places_close(&d);
}

/* The memory of a turn is what it took to look: a list may be long, and a pool large. */
Test(waiting, q8_what_nobody_has_time_for_is_looked_at_once_not_for_each)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_ref(&d, EXPERT, "WANG-AM", TUESDAY);
    Referral__Pool *pool = places_pool(&d, ref, 500);

    FIELD_SET(pool->units[0], minutes, 0);
    FIELD_SET(pool, fd_opens_at_ms, places_at(TUESDAY, 8, 30));
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__PUT_POOL, pool), "");
    for (int i = 0; i < 40; i++)
        places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));
    d.now = instant_of(places_at(TUESDAY, 8, 30));
    district_clock(&d);
    cr_assert_lt(d.turn.used, 4 << 20);
    places_close(&d);
}

Test(waiting, q8_who_wants_another_day_takes_no_memory_when_a_unit_is_free)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    char *booked = taken(&d, ref);

    for (int i = 0; i < 200; i++) {
        Referral__JoinList *join = places_wait(&d, EXPERT, GENERAL, NULL);

        join->first_date = "2026-11-25";
        places_joined(&d, "H1", join);
    }
    give_back(&d, booked);
    cr_assert_lt(d.turn.used, 64 << 10);
    places_close(&d);
}

/* A turn may have many who join, and a department has the pools of many days. */
Test(waiting, q8_who_joins_takes_no_memory_for_pools_that_have_not_opened)
{
    static const char *const days[] = {TUESDAY, "2026-11-25", "2026-11-26", "2026-11-27"};
    struct district d;

    places_open(&d);
    for (int i = 0; i < 20; i++) {
        Referral__PoolRef *ref = places_ref(&d, EXPERT, arena_format(&d.keep, "ROOM-%d", i / 4), days[i % 4]);
        Referral__Pool *pool = places_pool(&d, ref, 50);

        FIELD_SET(pool, fd_opens_at_ms, places_at(ref->date, 7, 0));
        district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__PUT_POOL, pool), "");
    }
    places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));
    cr_assert_lt(d.turn.used, 64 << 10);
    places_close(&d);
}

Test(waiting, q8_who_wants_more_than_there_is_holds_up_nobody_who_wants_less)
{
    struct district d;
    char *few;

    places_open(&d);
    Referral__PoolRef *ref = places_ref(&d, EXPERT, "WANG-AM", TUESDAY);
    Referral__Pool *pool = places_pool(&d, ref, 5);
    Referral__JoinList *many = places_wait(&d, EXPERT, GENERAL, NULL);

    FIELD_SET(pool, fd_opens_at_ms, places_at("2026-11-22", 9, 0));
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__PUT_POOL, pool), "");
    FIELD_SET(many, units, 4);
    places_joined(&d, "H1", many);
    few = places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));
    d.now = instant_of(places_at("2026-11-22", 9, 0));
    district_clock(&d);
    cr_assert_not_null(places_offer(&d, few));
    places_close(&d);
}

/* What people were told when it had no units was told of nothing. */
Test(waiting, q6_a_pool_that_gets_its_first_units_later_opens_when_those_say)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_ref(&d, EXPERT, "WANG-AM", TUESDAY);
    Referral__Pool *pool = places_pool(&d, ref, 5);
    char *family = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang")));

    pool->n_units = 0;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__PUT_POOL, pool), "");
    pool->n_units = 1;
    FIELD_SET(pool, fd_opens_at_ms, places_at("2026-11-22", 9, 0));
    FIELD_SET(pool, general_opens_at_ms, places_at("2026-11-22", 10, 0));
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__PUT_POOL, pool), "");
    cr_assert_null(places_offer(&d, family));
    d.now = instant_of(places_at("2026-11-22", 9, 0));
    district_clock(&d);
    cr_assert_not_null(places_offer(&d, family));
    places_close(&d);
}

Test(waiting, q6_the_released_reserve_goes_to_whoever_waits_generally)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1); /* all of it is reserved */
    char *entry = places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));

    cr_assert_null(places_offer(&d, entry));
    d.now = instant_of(places_at("2026-11-23", 9, 0) - 1);
    district_clock(&d);
    cr_assert_null(places_offer(&d, entry));
    d.now = instant_of(places_at("2026-11-23", 9, 0));
    district_clock(&d);
    cr_assert_not_null(places_offer(&d, entry));
    cr_assert_str_eq(places_units(&d, ref), "g");
    places_close(&d);
}

Test(waiting, l2_a_hospital_hears_of_offers_to_its_own_entries)
{
    struct district d;
    ProtobufCBinaryData ids[64];

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *entry = places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));

    cr_assert_str_eq(places_units(&d, ref), "g....");
    cr_assert_str_eq(district_inbox(&d, "H1"), "place-offered");
    cr_assert_eq(district_waiting(&d, "H1", ids), 1);
    district_drain(&d, "H1"); /* it is delivered and acknowledged like any other */
    d.now = instant_after(d.now, 2 * HOUR_MS);
    district_clock(&d);
    cr_assert_str_eq(district_inbox(&d, "H1"), "place-lapsed, place-offered");
    district_assert_said(&d, places_confirm(&d, "H1", places_offer(&d, entry)), "");
    cr_assert_str_eq(places_units(&d, ref), ".G...");
    cr_assert_null(places_entry(&d, entry));
    district_assert_said(&d, places_leave(&d, "H1", entry), "NOT_FOUND entry_id");
    places_close(&d);
}

Test(waiting, l2_a_hospital_that_heard_of_a_lapse_hears_that_it_was_taken_again)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *entry = places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL)), *offer = places_offer(&d, entry);

    d.now = instant_after(d.now, 2 * HOUR_MS);
    district_assert_said(&d, places_confirm(&d, "H1", offer), "");
    cr_assert_str_eq(places_units(&d, ref), "G....", "what it was offered instead is free again");
    cr_assert_str_eq(district_inbox(&d, "H1"), "place-offered, place-lapsed, place-offered, place-booked");
    places_close(&d);
}

Test(waiting, p2_anothers_entry_does_not_exist)
{
    struct district d;

    places_open(&d);
    char *entry = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang")));
    char *own = places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));

    district_assert_said(&d, places_leave(&d, "T08", entry), "NOT_FOUND entry_id");
    district_assert_said(&d, places_leave(&d, "T07", own), "NOT_FOUND entry_id");
    district_assert_said(&d, places_leave(&d, "H2", "bd-1-1-1"), "NOT_FOUND entry_id");
    district_assert_said(&d, places_leave(&d, "H1", entry), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "leave-list");
    places_close(&d);
}

Test(waiting, q5_a_further_class_waits_beside_the_place_it_has)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *booked = places_booked(&d, "T07", ref, FAMILY, id);
    Referral__Reply *reply = join(&d, "T07", places_wait(&d, EXAM, FAMILY, id));

    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->state, REFERRAL__STATE__BOOKED);
    Referral__PoolRef *exam = places_publish(&d, EXAM, "CT-1", TUESDAY, 1);

    cr_assert_str_eq(places_units(&d, exam), "f");
    reply = places_confirm(&d, "T07", places_offer(&d, reply->entry->entry_id));
    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->state, REFERRAL__STATE__BOOKED);
    cr_assert_str_eq(places_state(&d, booked), "BOOKED");
    cr_assert_eq(district_row(&d, id)->place->class_, EXPERT);
    cr_assert_eq(district_row(&d, id)->n_claims, 2);
    places_close(&d);
}

Test(waiting, q5_who_waits_for_one_class_and_books_another_is_booked_and_waits_on)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang");
    char *entry = places_joined(&d, "T07", places_wait(&d, EXAM, FAMILY, id));
    char *booked = places_booked(&d, "T07", ref, FAMILY, id);

    cr_assert_str_eq(district_state(&d, id), "BOOKED");
    cr_assert_not_null(places_entry(&d, entry));
    district_assert_said(&d, places_cancel(&d, "T07", booked, REFERRAL__REASON__PATIENT_DECLINED), "");
    cr_assert_str_eq(district_state(&d, id), "DELIVERED");
    cr_assert_not_null(places_entry(&d, entry), "other claims stay");
    Referral__PoolRef *exam = places_publish(&d, EXAM, "CT-1", TUESDAY, 1);

    cr_assert_str_eq(places_units(&d, exam), "f");
    district_assert_said(&d, places_confirm(&d, "T07", places_offer(&d, entry)), "");
    cr_assert_str_eq(district_state(&d, id), "BOOKED");
    cr_assert_eq(district_row(&d, id)->place->class_, EXAM);
    places_close(&d);
}

Test(waiting, q8_who_comes_by_himself_waits_no_longer)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    char *id = places_refer(&d, "T07", "Wang Fang");
    char *entry = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, id));

    cr_assert_str_eq(places_units(&d, ref), "f");
    district_assert_said(&d, district_happen(&d, "H1", id, ARRIVE), "");
    cr_assert_null(places_entry(&d, entry));
    cr_assert_str_eq(places_units(&d, ref), ".");
    places_close(&d);
}

Test(waiting, q8_a_resource_and_days_that_do_not_suit_are_not_offered)
{
    struct district d;

    places_open(&d);
    Referral__JoinList *list = places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang"));

    list->resource = "WANG-AM";
    char *entry = places_joined(&d, "T07", list);

    places_publish(&d, EXPERT, "LI-PM", TUESDAY, 1);
    places_publish(&d, EXPERT, "WANG-AM", "2026-11-23", 1);
    places_publish(&d, EXPERT, "WANG-AM", "2026-11-28", 1);
    places_publish(&d, EXAM, "WANG-AM", TUESDAY, 1);
    cr_assert_null(places_offer(&d, entry));
    places_publish(&d, EXPERT, "WANG-AM", "2026-11-27", 1);
    cr_assert_not_null(places_offer(&d, entry));
    places_close(&d);
}

Test(waiting, c3_what_is_due_is_offered_before_a_later_command_looks)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);

    places_held(&d, "T08", ref, FAMILY, places_refer(&d, "T08", "Li Lei"));
    char *entry = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang")));

    d.now = instant_after(d.now, 10 * MINUTE_MS); /* the clock is late */
    district_assert_said(&d, places_book(&d, "T08", ref, FAMILY, places_refer(&d, "T08", "Han Meimei")), "NO_FREE");
    cr_assert_not_null(places_offer(&d, entry));
    places_close(&d);
}

static Referral__Reply *change_units(struct district *d, Referral__Kind kind, Referral__PoolRef *ref)
{
    Referral__PoolChange change = REFERRAL__POOL_CHANGE__INIT;

    change.pool = ref;
    FIELD_SET(&change, count, 1);
    if (kind != REFERRAL__KIND__UNBLOCK_UNITS) {
        FIELD_SET(&change, reason, REFERRAL__BLOCK_REASON__STAFF_ABSENT);
        change.person = places_person(d);
    }
    return district_say(d, "H1", kind, &change);
}

Test(waiting, q8_unblocked_and_added_units_go_to_whoever_waits)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);

    district_assert_said(&d, change_units(&d, REFERRAL__KIND__BLOCK_UNITS, ref), "");
    char *first = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Wang Fang")));

    cr_assert_null(places_offer(&d, first));
    district_assert_said(&d, change_units(&d, REFERRAL__KIND__UNBLOCK_UNITS, ref), "");
    cr_assert_not_null(places_offer(&d, first));
    char *second = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T07", "Li Lei")));

    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__PUT_POOL, places_pool(&d, ref, 2)), "");
    cr_assert_not_null(places_offer(&d, second));
    cr_assert_str_eq(places_units(&d, ref), "ff");
    places_close(&d);
}

Test(waiting, d5_a_notice_about_a_hospitals_own_place_is_delivered_and_dies_like_any_other)
{
    struct district d;
    Referral__Nack nack = REFERRAL__NACK__INIT;
    ProtobufCBinaryData ids[64];
    struct inbox_ref ref;
    uint32_t incarnation;
    struct bytes packed;
    struct cache cache;

    places_open(&d);
    places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *entry = places_joined(&d, "H1", places_wait(&d, EXPERT, GENERAL, NULL));

    cr_assert_eq(district_waiting(&d, "H1", ids), 1);
    cr_assert(delivery_id_decode(binary_bytes(ids[0]), &incarnation, &ref));
    struct store_txn *txn = district_read(&d);

    cache_init(&cache, &d.turn);
    cr_assert(inbox_delivery(txn, &cache, ref, inbox_row(txn, ref), incarnation, false, &packed));
    const Referral__Delivery *delivery = places_unpack(&d, &referral__delivery__descriptor, packed);
    const Referral__Notice *notice = places_unpack(&d, &referral__notice__descriptor, binary_bytes(delivery->body));

    store_read_end(txn);
    cr_assert_null(delivery->referral_id);
    cr_assert_null(notice->referral_id);
    cr_assert_eq(notice->event, REFERRAL__EVENT_TYPE__EVENT_PLACE_OFFERED);
    cr_assert_str_eq(notice->entry->entry_id, entry);
    cr_assert_str_eq(notice->booking->reference, "HIS-2");
    cr_assert_str_eq(notice->by, "broker");
    FIELD_SET(&nack, delivery_id, ids[0]);
    FIELD_SET(&nack, code, REFERRAL__NACK_CODE__NACK_RETRY);
    district_say(&d, "H1", REFERRAL__KIND__NACK, &nack);
    d.now = instant_after(d.now, HOUR_MS);
    FIELD_SET(&nack, code, REFERRAL__NACK_CODE__NACK_UNREADABLE);
    district_say(&d, "H1", REFERRAL__KIND__NACK, &nack);
    cr_assert_str_eq(district_inbox(&d, "H1"), "");
    txn = district_read(&d);
    cr_assert_eq(books_of(txn, ref.institution)->dead, 1);
    store_read_end(txn);
    places_close(&d);
}
