/* engine_claims.c - who may have a place, through which channel, and what a referral's life does to what it has (Q5,
 * Q12, L6). */
#include "places.h"

Test(claims, q5_each_condition_of_the_family_channel_has_its_own_refusal)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__Sheet *sheet;
    Referral__TakePlace *take = places_wish(&d, ref, FAMILY, NULL);

    take->reference = NULL;
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "REFERRAL_NEEDED referral_id");
    take->has_channel = false;
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "NO_CHANNEL channel");
    district_assert_said(&d, places_book(&d, "T07", ref, FAMILY, "bd-1-1-1"), "NOT_FOUND referral_id");
    district_assert_said(&d, places_book(&d, "T08", ref, FAMILY, places_refer(&d, "T07", "A")),
                         "NOT_FOUND referral_id");

    sheet = places_sheet(&d, "T07", "B");
    sheet->receiver = "H2";
    char *elsewhere = district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet)->referral_id;

    district_assert_said(&d, places_book(&d, "T07", ref, FAMILY, elsewhere), "OTHER_HOSPITAL referral_id");
    district_assert_said(&d, places_book(&d, "T07", ref, FAMILY, places_refer_generally(&d, "T07", "C")),
                         "TEAM_NEEDED referral_id");
    sheet = places_sheet(&d, "T07", "D");
    FIELD_SET(sheet, priority, REFERRAL__PRIORITY__EMERGENCY);
    FIELD_SET(sheet, emergency_category, REFERRAL__EMERGENCY_CATEGORY__STROKE);
    char *emergency = district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet)->referral_id;

    district_assert_said(&d, places_book(&d, "T07", ref, FAMILY, emergency), "EMERGENCY_TAKES_NONE referral_id");
    char *down = district_say(&d, "H1", REFERRAL__KIND__SUBMIT,
                              district_sheet(&d, "H1", "T07", true, REFERRAL__PRIORITY__ROUTINE))
                     ->referral_id;

    district_assert_said(&d, places_book(&d, "T07", ref, FAMILY, down), "DOWN_NEVER_BOOKED referral_id");
    cr_assert_str_eq(places_units(&d, ref), ".....");
    places_close(&d);
}

/* H3 refers to H1 by a relation; it is no primary institution. */
Test(claims, q5_the_reserve_is_for_those_whom_primary_institutions_refer_up)
{
    struct district d;
    Referral__Relation relation = REFERRAL__RELATION__INIT;
    Referral__ReferralKind kinds[] = {REFERRAL__REFERRAL_KIND__OUTPATIENT};

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__Sheet *sheet = places_sheet(&d, "H3", "Wang Fang");

    relation.from = "H3";
    relation.to = "H1";
    relation.kinds = kinds;
    relation.n_kinds = 1;
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_RELATION, &relation), "");
    FIELD_SET(sheet, direction, REFERRAL__DIRECTION__LATERAL);
    Referral__Reply *lateral = district_say(&d, "H3", REFERRAL__KIND__SUBMIT, sheet);

    district_assert_said(&d, lateral, "");
    district_assert_said(&d, places_book(&d, "H3", ref, FAMILY, lateral->referral_id), "NOT_FROM_PRIMARY referral_id");
    district_assert_said(&d, places_book(&d, "H3", ref, GENERAL, lateral->referral_id), "");
    places_close(&d);
}

Test(claims, q5_a_channel_is_never_turned_silently)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *teams = places_refer(&d, "T07", "A"), *without = places_refer_generally(&d, "T07", "B");
    Referral__TakePlace *take = places_wish(&d, ref, GENERAL, without);

    district_assert_said(&d, places_book(&d, "T07", ref, GENERAL, teams), "FAMILY_CHANNEL referral_id");
    district_assert_said(&d, places_book(&d, "H1", ref, GENERAL, teams), "FAMILY_CHANNEL referral_id");
    take->reference = "mine";
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "NOT_EXPECTED reference");
    take->reference = NULL;
    FIELD_SET(take, allotment, true);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "NOT_EXPECTED allotment");
    district_assert_said(&d, places_book(&d, "T07", ref, GENERAL, NULL), "NOT_ALLOWED");
    take = places_wish(&d, ref, GENERAL, NULL);
    take->reference = " ";
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__BOOK_PLACE, take), "REFERENCE_NEEDED reference");
    Referral__Reply *reply = places_book(&d, "T07", ref, GENERAL, without);

    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->state, REFERRAL__STATE__BOOKED, "a general place drives the referral's life too");
    cr_assert_str_eq(places_units(&d, ref), "G....");
    places_close(&d);
}

Test(claims, q12_an_emergency_takes_a_general_place_and_is_counted_apart)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__Sheet *sheet = places_sheet(&d, "T07", "Wang Fang");

    FIELD_SET(sheet, priority, REFERRAL__PRIORITY__EMERGENCY);
    FIELD_SET(sheet, emergency_category, REFERRAL__EMERGENCY_CATEGORY__STROKE);
    char *id = district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet)->referral_id;
    Referral__Reply *reply = places_book(&d, "H1", ref, GENERAL, id);

    district_assert_said(&d, reply, "");
    cr_assert(reply->booking->emergency);
    cr_assert_str_eq(places_units(&d, ref), "G....");
    places_close(&d);
}

Test(claims, q5_a_team_that_is_not_active_today_takes_no_reserved_place)
{
    struct district d;
    Referral__Team team = REFERRAL__TEAM__INIT;
    Referral__Person member = REFERRAL__PERSON__INIT, *members[] = {&member};

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *held = places_held(&d, "T07", ref, FAMILY, id);

    member.name = "Sun Wei";
    team.id = "TEAM7";
    team.institution = "T07";
    team.name = "team 7";
    team.members = members;
    team.n_members = 1;
    team.active_from = "2020-01-01";
    team.active_to = "2026-11-20";
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_TEAM, &team), "");
    district_assert_said(&d, places_confirm(&d, "T07", held), "TEAM_NEEDED referral_id");
    district_assert_said(&d, places_cancel(&d, "T07", held, 0), "");
    district_assert_said(&d, places_book(&d, "T07", ref, FAMILY, id), "TEAM_NEEDED referral_id");
    district_assert_said(&d, places_book(&d, "T07", ref, GENERAL, id), "");
    places_close(&d);
}

Test(claims, q5_a_township_centre_books_for_its_village_clinic)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__Sheet *sheet = places_sheet(&d, "V01", "Wang Fang");
    Batch__Command *submit;

    sheet->team_id = "TEAM7";
    submit = district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "village", sheet);
    submit->acting_for = "V01";
    char *id = district_send(&d, submit)->referral_id;
    Referral__Reply *reply = places_book(&d, "T07", ref, FAMILY, id);

    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->state, REFERRAL__STATE__BOOKED);
    district_drain(&d, "H1");
    district_assert_said(&d, places_displace(&d, "H1", reply->booking->booking_id), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "displace, place-offered", "the team hears of it at home");
    places_close(&d);
}

Test(claims, q5_the_same_patient_through_two_teams_has_one_place)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__PoolRef *exam = places_publish(&d, EXAM, "CT-1", TUESDAY, 5);
    char *first = places_refer(&d, "T07", "Wang Fang"), *second = places_refer(&d, "T08", "WANG FANG");
    char *booked = places_booked(&d, "T07", ref, FAMILY, first);

    district_assert_said(&d, places_book(&d, "T08", ref, FAMILY, second), "PATIENT_HAS_PLACE referral_id");
    district_assert_said(&d, places_hold(&d, "T08", ref, FAMILY, second), "PATIENT_HAS_PLACE referral_id");
    district_assert_said(&d,
                         district_say(&d, "T08", REFERRAL__KIND__JOIN_LIST, places_wait(&d, EXPERT, FAMILY, second)),
                         "PATIENT_HAS_PLACE referral_id");
    places_booked(&d, "T08", exam, FAMILY, second); /* another class */
    district_assert_said(&d, places_cancel(&d, "T07", booked, REFERRAL__REASON__PATIENT_DECLINED), "");
    places_booked(&d, "T08", ref, FAMILY, second);
    district_assert_said(&d, places_book(&d, "T07", ref, FAMILY, first), "PATIENT_HAS_PLACE referral_id");
    places_close(&d);
}

Test(claims, q5_waiting_counts_as_having)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    char *first = places_refer(&d, "T07", "Wang Fang"), *second = places_refer(&d, "T08", "Wang Fang");

    places_booked(&d, "T08", ref, FAMILY, places_refer(&d, "T08", "Li Lei"));
    char *entry = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, first));

    cr_assert_str_eq(district_state(&d, first), "WAITLISTED");
    district_assert_said(&d, places_book(&d, "T07", ref, FAMILY, first), "HAS_PLACE referral_id");
    district_assert_said(&d, places_book(&d, "T08", ref, FAMILY, second), "PATIENT_HAS_PLACE referral_id");
    district_assert_said(&d, places_leave(&d, "T07", entry), "");
    district_assert_said(&d, places_book(&d, "T08", ref, FAMILY, second), "NO_FREE");
    places_close(&d);
}

Test(claims, q5_a_proof_must_agree_with_the_sheet_in_all_it_says)
{
    struct district d;
    Referral__PatientProof proof = REFERRAL__PATIENT_PROOF__INIT;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__TakePlace *take = places_wish(&d, ref, FAMILY, places_refer(&d, "T07", "Wang Fang"));

    take->patient = &proof;
    proof.name = "Wang Fen";
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__HOLD_PLACE, take), "PATIENT_DISAGREES patient");
    proof.name = "wang fang";
    FIELD_SET(&proof, sex, REFERRAL__SEX__MALE);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__HOLD_PLACE, take), "PATIENT_DISAGREES patient");
    FIELD_SET(&proof, sex, REFERRAL__SEX__FEMALE);
    proof.birth_date = "1960-01-03";
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__HOLD_PLACE, take), "PATIENT_DISAGREES patient");
    proof.birth_date = "1960-01-02";
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__HOLD_PLACE, take), "");
    take = places_wish(&d, ref, GENERAL, NULL);
    take->patient = &proof;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__BOOK_PLACE, take), "NOT_EXPECTED patient");
    places_close(&d);
}

Test(claims, q5_a_proof_of_another_kind_of_document_disagrees)
{
    struct district d;
    Referral__PatientProof proof = REFERRAL__PATIENT_PROOF__INIT;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__Sheet *sheet = places_sheet(&d, "T07", "Wang Fang");

    sheet->patient->no_id_reason = NULL;
    FIELD_SET(sheet->patient, id_type, REFERRAL__ID_TYPE__PASSPORT);
    sheet->patient->id_value = "E12345678";
    Referral__Reply *reply = district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet);

    district_assert_said(&d, reply, "");
    Referral__TakePlace *take = places_wish(&d, ref, FAMILY, reply->referral_id);

    take->patient = &proof;
    proof.id_value = "E12345678";
    FIELD_SET(&proof, id_type, REFERRAL__ID_TYPE__HEALTH_CARD);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "PATIENT_DISAGREES patient");
    FIELD_SET(&proof, id_type, REFERRAL__ID_TYPE__PASSPORT);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "");
    places_close(&d);
}

Test(claims, q5_before_acceptance_only_where_the_hospital_books_directly)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *bed = places_publish(&d, BED, "WARD-3", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang");
    Referral__Reply *reply = places_hold(&d, "T07", bed, FAMILY, id);

    district_assert_said(&d, reply, "NOT_BOOKABLE_YET referral_id");
    cr_assert_eq(reply->refusals[0]->state, REFERRAL__STATE__SUBMITTED);
    cr_assert_gt(reply->refusals[0]->n_allowed_events, 0);
    district_happen(&d, "H1", id, ACCEPT);
    places_booked(&d, "T07", bed, FAMILY, id);
    cr_assert_str_eq(places_units(&d, bed), "F....");
    places_close(&d);
}

/* A session that is booked directly, or waited for, opens no bed. */
Test(claims, q5_what_is_had_before_acceptance_leads_to_nothing_that_is_not)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *bed = places_publish(&d, BED, "WARD-3", TUESDAY, 5);
    Referral__PoolRef *expert = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *booked = places_refer(&d, "T07", "Wang Fang"), *waits = places_refer(&d, "T07", "Li Qiang");
    Referral__JoinList *other = places_wait(&d, EXPERT, FAMILY, waits);

    places_booked(&d, "T07", expert, FAMILY, booked);
    other->first_date = other->last_date = "2026-11-27"; /* no session then */
    places_joined(&d, "T07", other);
    district_assert_said(&d, places_book(&d, "T07", bed, FAMILY, booked), "NOT_BOOKABLE_YET referral_id");
    district_assert_said(&d, places_book(&d, "T07", bed, FAMILY, waits), "NOT_BOOKABLE_YET referral_id");
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__JOIN_LIST, places_wait(&d, BED, FAMILY, booked)),
                         "NOT_BOOKABLE_YET referral_id");
    district_happen(&d, "H1", booked, ACCEPT);
    places_booked(&d, "T07", bed, FAMILY, booked);
    district_happen(&d, "H1", waits, ARRIVE);
    places_booked(&d, "T07", bed, FAMILY, waits);
    cr_assert_str_eq(places_units(&d, bed), "FF...");
    places_close(&d);
}

Test(claims, q5_a_state_that_may_not_book_says_what_may_be_done)
{
    struct district d;
    static const struct {
        const char *who;
        enum event event;
    } steps[] = {{"H1", REQUEST_INFO}, {"H1", REJECT}};

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang");

    for (size_t i = 0; i < 2; i++) {
        district_assert_said(&d, district_happen(&d, steps[i].who, id, steps[i].event), "");
        Referral__Reply *reply = places_book(&d, "T07", ref, FAMILY, id);

        district_assert_said(&d, reply, "NOT_BOOKABLE referral_id");
        cr_assert(reply->refusals[0]->has_state);
        cr_assert_not_null(reply->refusals[0]->next_actor);
    }
    places_close(&d);
}

Test(claims, l_at_most_two_places_after_a_no_show_waiting_or_booked)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang");

    places_booked(&d, "T07", ref, FAMILY, id);
    for (int again = 0; again < 2; again++) {
        d.now = instant_of(places_at(TUESDAY, 9, 10 * again + 1));
        district_assert_said(&d, district_happen(&d, "H1", id, MISS), "");
        places_booked(&d, "T07", ref, FAMILY, id);
    }
    d.now = instant_of(places_at(TUESDAY, 9, 21));
    district_assert_said(&d, district_happen(&d, "H1", id, MISS), "");
    district_assert_said(&d, places_book(&d, "T07", ref, FAMILY, id), "TOO_MANY_REBOOKINGS referral_id");
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__JOIN_LIST, places_wait(&d, EXPERT, FAMILY, id)),
                         "TOO_MANY_REBOOKINGS referral_id");
    places_close(&d);
}

Test(claims, q5_further_classes_leave_the_state_as_it_is)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__PoolRef *exam = places_publish(&d, EXAM, "CT-1", TUESDAY, 5);
    Referral__PoolRef *bed = places_publish(&d, BED, "WARD-3", "2026-11-25", 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *booked = places_booked(&d, "T07", ref, FAMILY, id);

    district_drain(&d, "H1");
    Referral__Reply *reply = places_book(&d, "T07", exam, FAMILY, id);

    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->state, REFERRAL__STATE__BOOKED);
    cr_assert_eq(district_row(&d, id)->place->class_, EXPERT, "the main place is the first");
    cr_assert_str_eq(district_inbox(&d, "H1"), "place-booked");
    district_assert_said(&d, places_book(&d, "T07", exam, FAMILY, id), "HAS_PLACE referral_id");
    district_assert_said(&d, places_move(&d, "T07", reply->booking->booking_id, exam, 4), "");
    district_assert_said(&d, places_cancel(&d, "T07", booked, REFERRAL__REASON__PATIENT_DECLINED), "");
    cr_assert_str_eq(district_state(&d, id), "DELIVERED");
    cr_assert_str_eq(places_units(&d, exam), "...F.", "other claims stay");
    district_assert_said(&d, district_happen(&d, "H1", id, ARRIVE), "");
    reply = places_book(&d, "H1", bed, FAMILY, id);
    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->state, REFERRAL__STATE__ARRIVED);
    cr_assert_str_eq(district_inbox(&d, "H1"), "place-booked, place-moved, cancel-booking");
    district_assert_said(&d, places_cancel(&d, "H1", reply->booking->booking_id, REFERRAL__REASON__NO_CAPACITY), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "arrive, place-booked, place-cancelled");
    places_close(&d);
}

Test(claims, q5_a_used_place_is_the_last_of_its_class)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__PoolRef *next = places_publish(&d, EXPERT, "WANG-AM", "2026-11-26", 5);
    Referral__PoolRef *exam = places_publish(&d, EXAM, "CT-1", "2026-11-26", 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *again = places_refer(&d, "T07", "Wang Fang");

    places_booked(&d, "T07", ref, FAMILY, id);
    d.now = instant_of(places_at(TUESDAY, 9, 5));
    district_assert_said(&d, district_happen(&d, "H1", id, ARRIVE), "");
    district_assert_said(&d, places_book(&d, "T07", next, FAMILY, id), "HAS_PLACE referral_id");
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__JOIN_LIST, places_wait(&d, EXPERT, FAMILY, id)),
                         "HAS_PLACE referral_id");
    district_assert_said(&d, places_book(&d, "T07", exam, FAMILY, id), "");
    district_assert_said(&d, places_book(&d, "T07", next, FAMILY, again), "");
    places_close(&d);
}

Test(claims, l6_what_ends_before_arrival_frees_holds_places_and_entries)
{
    struct district d;
    static const struct {
        const char *who;
        enum event event;
    } ends[] = {{"T07", CANCEL}, {"H1", REJECT}, {"H1", REDIRECT}, {"T07", ANNUL}};

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__PoolRef *exam = places_publish(&d, EXAM, "CT-1", TUESDAY, 5);

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char *id = places_refer(&d, "T07", "Wang Fang"), *booked = places_booked(&d, "T07", ref, FAMILY, id);
        char *held = places_held(&d, "T07", exam, FAMILY, id);
        Referral__JoinList *join = places_wait(&d, BED, FAMILY, id);

        district_happen(&d, "H1", id, ACCEPT);

        char *entry = places_joined(&d, "T07", join);
        Referral__Event *event = district_event(&d, id, ends[i].event);

        cr_assert_str_eq(places_units(&d, ref), "F....");
        if (ends[i].event == REDIRECT)
            event->receiver = "H2";
        district_assert_said(&d, district_say(&d, ends[i].who, REFERRAL__KIND__EVENT, event), "");
        cr_assert_str_eq(places_units(&d, ref), ".....", "after %s", event_name(ends[i].event));
        cr_assert_str_eq(places_units(&d, exam), ".....");
        cr_assert_str_eq(places_state(&d, booked), "CANCELLED");
        cr_assert_str_eq(places_state(&d, held), "CANCELLED");
        cr_assert_null(places_entry(&d, entry));
        cr_assert_eq(district_row(&d, id)->n_claims, 0);
        district_assert_said(&d, places_confirm(&d, "T07", held), "BOOKING_NOT_NOW booking_id");
    }
    places_close(&d);
}

Test(claims, l6_an_expired_referral_frees_what_it_has_at_its_very_end)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *bed = places_publish(&d, BED, "WARD-3", TUESDAY, 1);
    char *id = places_refer(&d, "T07", "Wang Fang");
    Referral__JoinList *join = places_wait(&d, EXAM, FAMILY, id);

    (void)bed;
    join->last_date = "2026-12-31";
    char *entry = places_joined(&d, "T07", join);

    d.now = instant_after(d.now, 14 * DAY_MS - 1);
    district_clock(&d);
    cr_assert_not_null(places_entry(&d, entry));
    d.now = instant_after(d.now, 1);
    /* C3: not the clock's turn yet, but nobody can leave a list he is not on any more. */
    district_assert_said(&d, places_leave(&d, "T07", entry), "NOT_FOUND entry_id");
    cr_assert_str_eq(district_state(&d, id), "EXPIRED");
    cr_assert_null(places_entry(&d, entry));
    places_close(&d);
}

Test(claims, l6_what_the_end_of_one_frees_another_who_waits_is_offered)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    char *id = places_refer(&d, "T07", "Wang Fang"), *other = places_refer(&d, "T08", "Li Lei");

    places_booked(&d, "T07", ref, FAMILY, id);
    char *entry = places_joined(&d, "T08", places_wait(&d, EXPERT, FAMILY, other));

    district_drain(&d, "T08");
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL), "");
    cr_assert_str_eq(places_units(&d, ref), "f");
    cr_assert_not_null(places_offer(&d, entry));
    cr_assert_str_eq(district_inbox(&d, "T08"), "place-offered");
    places_close(&d);
}

Test(claims, l6_a_place_whose_session_has_begun_is_not_given_back_by_ending_the_referral)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 2);
    char *id = places_refer(&d, "T07", "Wang Fang"), *booked = places_booked(&d, "T07", ref, FAMILY, id);

    d.now = instant_of(places_at(TUESDAY, 9, 0));
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL), "");
    cr_assert_str_eq(places_state(&d, booked), "NO_SHOW");
    cr_assert_str_eq(places_units(&d, ref), "F.");
    places_close(&d);
}

Test(claims, l6_after_arrival_the_end_frees_holds_and_entries_but_not_booked_places)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *exam = places_publish(&d, EXAM, "CT-1", TUESDAY, 5);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang");

    district_assert_said(&d, district_happen(&d, "H1", id, ARRIVE), "");
    char *booked = places_booked(&d, "H1", exam, FAMILY, id), *held = places_held(&d, "H1", ref, FAMILY, id);
    char *entry = places_joined(&d, "H1", places_wait(&d, BED, FAMILY, id));

    district_assert_said(&d, district_happen(&d, "H1", id, REPORT), "");
    district_assert_said(&d, district_happen(&d, "T07", id, CONFIRM_RECEIPT), "");
    cr_assert_str_eq(district_state(&d, id), "CLOSED");
    cr_assert_str_eq(places_state(&d, booked), "BOOKED");
    cr_assert_str_eq(places_state(&d, held), "CANCELLED");
    cr_assert_null(places_entry(&d, entry));
    places_close(&d);
}

Test(claims, q15_where_there_are_pools_a_booking_has_a_unit)
{
    struct district d;

    places_open(&d);
    char *id = places_refer(&d, "T07", "Wang Fang");

    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "");
    cr_assert_str_eq(places_ledger(&d, 1), "OUTSIDE");
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);

    district_assert_said(&d, places_book(&d, "T07", ref, FAMILY, id), "HAS_PLACE referral_id");
    district_assert_said(&d, district_happen(&d, "T07", id, MOVE), "HAS_POOLS place.class");
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL_BOOKING), "");
    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "HAS_POOLS place.class");
    places_booked(&d, "T07", ref, FAMILY, id);
    district_assert_said(&d, district_happen(&d, "T07", id, MOVE), "USE_PLACES type");
    district_assert_said(&d, district_happen(&d, "H1", id, DISPLACE), "USE_PLACES type");
    Referral__Event *cancel = district_event(&d, id, CANCEL_BOOKING);

    FIELD_SET(cancel, reason, REFERRAL__REASON__PATIENT_DECLINED);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, cancel), "");
    cr_assert_str_eq(places_units(&d, ref), ".....", "the event frees the unit");
    places_close(&d);
}

Test(claims, q15_a_place_without_a_unit_that_moves_to_another_class_ends_the_waiting_for_that_one)
{
    struct district d;
    Referral__Event *move;

    places_open(&d);
    char *id = places_refer(&d, "T07", "Wang Fang");

    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "");
    char *exam = places_joined(&d, "T07", places_wait(&d, EXAM, FAMILY, id));

    move = district_event(&d, id, MOVE);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, move), "");
    cr_assert_not_null(places_entry(&d, exam), "it is still an EXPERT's");
    FIELD_SET(move->place, class_, EXAM);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, move), "");
    cr_assert_null(places_entry(&d, exam));
    cr_assert_str_eq(district_state(&d, id), "BOOKED");
    places_close(&d);
}

/* The sheet of T07's referral names another patient now. */
static Referral__Reply *rename_patient(struct district *d, const char *id, const char *patient)
{
    Referral__Event *amend = district_event(d, id, AMEND);

    FIELD_SET(amend, sheet, binary_pack(&d->keep, &places_sheet(d, "T07", patient)->base));
    return district_say(d, "T07", REFERRAL__KIND__EVENT, amend);
}

Test(claims, q5_a_place_is_of_the_patient_whom_the_sheet_names_now)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *booked = places_booked(&d, "T07", ref, FAMILY, id);
    char *fen = places_refer(&d, "T08", "Wang Fen");

    district_assert_said(&d, rename_patient(&d, id, "Wang Fen"), "");
    district_assert_said(&d, places_book(&d, "T08", ref, FAMILY, fen), "PATIENT_HAS_PLACE referral_id");
    places_booked(&d, "T08", ref, FAMILY, places_refer(&d, "T08", "Wang Fang"));
    district_assert_said(&d, places_cancel(&d, "T07", booked, REFERRAL__REASON__PATIENT_DECLINED), "");
    places_booked(&d, "T08", ref, FAMILY, fen);
    places_close(&d);
}

Test(claims, q5_a_sheet_is_not_amended_to_a_patient_who_has_such_a_place)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *fen = places_refer(&d, "T08", "Wang Fen");
    char *theirs = places_booked(&d, "T08", ref, FAMILY, fen);

    places_booked(&d, "T07", ref, FAMILY, id);
    district_assert_said(&d, rename_patient(&d, id, "Wang Fen"), "PATIENT_HAS_PLACE sheet.patient");
    cr_assert_eq(district_row(&d, id)->sheet_version, 1);
    district_assert_said(&d, places_cancel(&d, "T08", theirs, REFERRAL__REASON__PATIENT_DECLINED), "");
    district_assert_said(&d, rename_patient(&d, id, "Wang Fen"), "");
    district_assert_said(&d, places_book(&d, "T08", ref, FAMILY, fen), "PATIENT_HAS_PLACE referral_id");
    places_close(&d);
}

Test(claims, q5_an_amendment_that_names_the_same_patient_asks_for_nothing)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang");

    places_booked(&d, "T07", ref, FAMILY, id);
    places_booked(&d, "T08", ref, GENERAL, places_refer_generally(&d, "T08", "Wang Fang"));
    district_assert_said(&d, rename_patient(&d, id, "Wang Fang"), "");
    places_close(&d);
}

Test(claims, q5_who_waits_when_the_sheet_is_amended_waits_as_the_patient_of_now)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    char *other = places_booked(&d, "T08", ref, FAMILY, places_refer(&d, "T08", "Li Lei"));
    char *id = places_refer(&d, "T07", "Wang Fang"), *fen = places_refer(&d, "T08", "Wang Fen");
    char *entry = places_joined(&d, "T07", places_wait(&d, EXPERT, FAMILY, id));

    district_assert_said(&d, rename_patient(&d, id, "Wang Fen"), "");
    district_assert_said(&d, places_book(&d, "T08", ref, FAMILY, fen), "PATIENT_HAS_PLACE referral_id");
    district_assert_said(&d, places_cancel(&d, "T08", other, REFERRAL__REASON__PATIENT_DECLINED), "");
    char *offer = places_offer(&d, entry);

    district_assert_said(&d, rename_patient(&d, id, "Wang Fei"), ""); /* while the offer stands */
    district_assert_said(&d, places_confirm(&d, "T07", offer), "");
    district_assert_said(&d, places_cancel(&d, "T07", offer, REFERRAL__REASON__PATIENT_DECLINED), "");
    places_booked(&d, "T08", ref, FAMILY, places_refer(&d, "T08", "Wang Fei"));
    places_close(&d);
}

Test(claims, l_validity_reaches_a_day_beyond_the_last_booked_session_of_any_class)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__PoolRef *exam = places_publish(&d, EXAM, "CT-1", "2026-12-20", 5);
    char *id = places_refer(&d, "T07", "Wang Fang");

    places_booked(&d, "T07", ref, FAMILY, id);
    cr_assert_eq(district_row(&d, id)->valid_until_ms, d.now.ms + 14 * DAY_MS);
    places_booked(&d, "T07", exam, FAMILY, id);
    cr_assert_eq(district_row(&d, id)->valid_until_ms, places_at("2026-12-21", 9, 10));
    places_close(&d);
}

Test(claims, l2_a_team_hears_of_a_lapse_that_its_own_command_found_due)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__Sheet *sheet = places_sheet(&d, "V01", "Wang Fang");
    Batch__Command *submit;

    sheet->team_id = "TEAM7";
    submit = district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "village", sheet);
    submit->acting_for = "V01";
    char *id = district_send(&d, submit)->referral_id;

    places_held(&d, "T07", ref, FAMILY, id);
    d.now = instant_after(d.now, HOUR_MS);
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "place-lapsed");
    places_close(&d);
}

Test(claims, l2_who_heard_of_a_lapse_hears_that_it_was_taken_again)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__PoolRef *exam = places_publish(&d, EXAM, "CT-1", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *hold = places_held(&d, "T07", ref, FAMILY, id);

    d.now = instant_after(d.now, HOUR_MS);
    district_assert_said(&d, places_confirm(&d, "T07", hold), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "place-lapsed, book");
    hold = places_held(&d, "T07", exam, FAMILY, id); /* of a further class */
    d.now = instant_after(d.now, HOUR_MS);
    district_assert_said(&d, places_confirm(&d, "T07", hold), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "place-lapsed, book, place-lapsed, place-booked");
    district_assert_said(&d, places_confirm(&d, "T07", hold), "BOOKING_NOT_NOW booking_id");
    hold = places_held(&d, "T07", ref, FAMILY, places_refer(&d, "T07", "Li Lei"));
    district_assert_said(&d, places_confirm(&d, "T07", hold), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "place-lapsed, book, place-lapsed, place-booked",
                     "nobody is told of what he did himself");
    places_close(&d);
}

Test(claims, q5_a_patient_with_two_general_places_still_has_one_when_the_first_ends)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *first = places_booked(&d, "T07", ref, GENERAL, places_refer_generally(&d, "T07", "Wang Fang"));
    char *second = places_booked(&d, "T08", ref, GENERAL, places_refer_generally(&d, "T08", "Wang Fang"));
    char *id = places_refer(&d, "T07", "Wang Fang");

    district_assert_said(&d, places_cancel(&d, "T07", first, REFERRAL__REASON__DUPLICATE), "");
    district_assert_said(&d, places_book(&d, "T07", ref, FAMILY, id), "PATIENT_HAS_PLACE referral_id");
    district_assert_said(&d, places_cancel(&d, "T08", second, REFERRAL__REASON__DUPLICATE), "");
    places_booked(&d, "T07", ref, FAMILY, id);
    places_close(&d);
}

Test(claims, q5_a_lapsed_hold_is_taken_again_for_whom_the_sheet_names_now)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *hold = places_held(&d, "T07", ref, FAMILY, id);

    d.now = instant_after(d.now, 10 * MINUTE_MS);
    district_assert_said(&d, rename_patient(&d, id, "Wang Fen"), "");
    district_assert_said(&d, places_confirm(&d, "T07", hold), "");
    district_assert_said(&d, places_book(&d, "T08", ref, FAMILY, places_refer(&d, "T08", "Wang Fen")),
                         "PATIENT_HAS_PLACE referral_id");
    district_assert_said(&d, places_book(&d, "T08", ref, FAMILY, places_refer(&d, "T08", "Wang Fang")), "");
    places_close(&d);
}

/* It waits on, so that its claim outlived the offer. */
Test(claims, q5_so_is_a_lapsed_offer)
{
    struct district d;
    Referral__JoinList *wish;
    const char *entry;
    char *id, *fen, *offer;

    places_open(&d);
    places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    id = places_refer(&d, "T07", "Wang Fang");
    wish = places_wait(&d, EXPERT, FAMILY, id);
    wish->first_date = wish->last_date = TUESDAY;
    entry = places_joined(&d, "T07", wish);
    offer = places_offer(&d, entry);
    d.now = instant_after(d.now, 4 * HOUR_MS);
    district_assert_said(&d, rename_patient(&d, id, "Wang Fen"), "");
    district_assert_said(&d, places_confirm(&d, "T07", offer), "");
    fen = places_refer(&d, "T08", "Wang Fen");
    places_publish(&d, EXPERT, "LI-PM", TUESDAY, 5);
    district_assert_said(&d, places_book(&d, "T08", places_ref(&d, EXPERT, "LI-PM", TUESDAY), FAMILY, fen),
                         "PATIENT_HAS_PLACE referral_id");
    district_assert_said(&d, places_cancel(&d, "T07", offer, REFERRAL__REASON__PATIENT_DECLINED), "");
    places_booked(&d, "T08", places_ref(&d, EXPERT, "LI-PM", TUESDAY), FAMILY, fen);
    places_close(&d);
}

/* What the referral claims of the class now. */
static char *claimed(struct district *d, const char *id, Referral__PlaceClass class)
{
    const Record__Claim *claim = claim_of(district_row(d, id), class);
    char *text = arena_alloc(&d->keep, ID_TEXT_SIZE);

    cr_assert(claim != NULL && claim->has_booking);
    id_format(text, "bd", life_id_of(claim->booking));
    return text;
}

Test(claims, q10_who_was_there_already_may_take_what_he_is_offered_instead)
{
    static const enum event until[] = {ARRIVE, START, REPORT, CLOSE};

    for (size_t events = 1; events <= sizeof until / sizeof *until; events++) {
        struct district d;

        places_open(&d);
        Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
        Referral__PoolRef *exam = places_publish(&d, EXAM, "CT-1", "2026-11-27", 5);
        char *id = places_refer(&d, "T07", "Wang Fang");

        places_booked(&d, "T07", ref, FAMILY, id);
        char *further = places_booked(&d, "T07", exam, FAMILY, id);

        for (size_t i = 0; i < events; i++)
            district_assert_said(&d, district_happen(&d, "H1", id, until[i]), "");
        district_assert_said(&d, places_displace(&d, "H1", further), "");
        cr_assert_str_eq(places_units(&d, exam), "Bf...");
        district_assert_said(&d, places_confirm(&d, "T07", claimed(&d, id, EXAM)), "");
        cr_assert_str_eq(places_units(&d, exam), "BF...");
        places_close(&d);
    }
}

/* L1: there is no booking while the hospital has asked for more; what is owed is offered all the same, and waits. */
Test(claims, q10_what_is_offered_instead_is_confirmed_once_the_hospital_has_its_answer)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__PoolRef *exam = places_publish(&d, EXAM, "CT-1", "2026-11-27", 5);
    char *id = places_refer(&d, "T07", "Wang Fang");

    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "");
    char *main = places_booked(&d, "T07", ref, FAMILY, id), *further = places_booked(&d, "T07", exam, FAMILY, id);

    district_assert_said(&d, places_displace(&d, "H1", further), "");
    district_assert_said(&d, places_cancel(&d, "T07", main, REFERRAL__REASON__PATIENT_DECLINED), "");
    district_assert_said(&d, district_happen(&d, "H1", id, REQUEST_INFO), "");
    char *offer = claimed(&d, id, EXAM);

    district_assert_said(&d, places_confirm(&d, "T07", offer), "NOT_BOOKABLE referral_id");
    cr_assert_str_eq(places_units(&d, exam), "Bf...");
    district_assert_said(&d, district_happen(&d, "T07", id, SUPPLY_INFO), "");
    district_assert_said(&d, places_confirm(&d, "T07", offer), "");
    cr_assert_str_eq(places_units(&d, exam), "BF...");
    places_close(&d);
}

Test(claims, l6_what_is_owed_for_a_displaced_place_outlives_the_care)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__PoolRef *exam = places_publish(&d, EXAM, "CT-1", "2026-11-27", 5);
    char *id = places_refer(&d, "T07", "Wang Fang");

    places_booked(&d, "T07", ref, FAMILY, id);
    char *further = places_booked(&d, "T07", exam, FAMILY, id);

    district_assert_said(&d, district_happen(&d, "H1", id, ARRIVE), "");
    district_assert_said(&d, places_displace(&d, "H1", further), "");
    district_assert_said(&d, district_happen(&d, "H1", id, REPORT), "");
    district_assert_said(&d, district_happen(&d, "H1", id, CLOSE), "");
    cr_assert_str_eq(places_units(&d, exam), "Bf...");
    district_assert_said(&d, places_confirm(&d, "T07", claimed(&d, id, EXAM)), "");
    places_close(&d);
}

Test(claims, l6_a_void_referral_is_owed_nothing)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang");

    district_assert_said(&d, places_displace(&d, "H1", places_booked(&d, "T07", ref, FAMILY, id)), "");
    cr_assert_str_eq(places_units(&d, ref), "Bf...");
    district_assert_said(&d, district_happen(&d, "T07", id, ANNUL), "");
    cr_assert_str_eq(places_units(&d, ref), "B....");
    places_close(&d);
}
