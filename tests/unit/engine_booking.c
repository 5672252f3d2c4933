/* engine_booking.c - holding, confirming, giving back, moving, displacing, marking (Q3, Q4, Q6, Q7, Q9, Q10, Q12,
 * Q15). */
#include "places.h"

#include "ask.h"

#include <sodium.h>

Test(booking, q7_a_hold_counts_as_taken_and_becomes_a_booking_when_confirmed)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang");
    Referral__Reply *held = places_hold(&d, "T07", ref, FAMILY, id);

    district_assert_said(&d, held, "");
    cr_assert_str_eq(places_units(&d, ref), "f....");
    cr_assert_eq(held->booking->state, REFERRAL__BOOKING_STATE__PLACE_HELD);
    cr_assert_eq(held->booking->expires_at_ms, d.now.ms + 10 * MINUTE_MS);
    cr_assert_eq(held->booking->start_ms, places_at(TUESDAY, 9, 0));
    cr_assert_eq(held->booking->end_ms, places_at(TUESDAY, 9, 10));
    cr_assert_str_eq(held->booking->team_id, "TEAM7");
    cr_assert_str_eq(held->booking->pool->resource, "WANG-AM");
    cr_assert_str_eq(held->booking->doctor, "WANG-AM");
    cr_assert_str_eq(held->referral_id, id);
    cr_assert_eq(held->state, REFERRAL__STATE__SUBMITTED, "a hold has no effect on the state");

    Referral__Reply *booked = places_confirm(&d, "T07", held->booking->booking_id);

    district_assert_said(&d, booked, "");
    cr_assert_str_eq(places_units(&d, ref), "F....");
    cr_assert_eq(booked->booking->state, REFERRAL__BOOKING_STATE__PLACE_BOOKED);
    cr_assert(!booked->booking->has_expires_at_ms);
    cr_assert_eq(booked->state, REFERRAL__STATE__BOOKED);
    cr_assert_eq(booked->core_status, REFERRAL__CORE_STATUS__CORE_BOOKED);
    cr_assert_eq(district_row(&d, id)->place->start_ms, places_at(TUESDAY, 9, 0));
    cr_assert_str_eq(district_row(&d, id)->place->doctor, "WANG-AM");
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet, book", "the hospital is told, of the hold it is not");
    cr_assert_str_eq(places_ledger(&d, 1), "PUBLISHED, HELD 1, BOOKED 1");
    places_close(&d);
}

Test(booking, d1_a_confirmation_retried_after_a_crash_answers_as_before)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang");
    char *held = places_held(&d, "T07", ref, FAMILY, id);
    Batch__Command *confirm =
        district_command(&d, "T07", REFERRAL__KIND__CONFIRM_PLACE, "once", places_change(&d, held));
    Referral__Reply *first = district_send(&d, confirm), *again = district_send(&d, confirm);

    district_assert_said(&d, first, "");
    cr_assert(bytes_equal(wire_pack(&first->base, &d.keep), wire_pack(&again->base, &d.keep)));
    district_assert_said(&d, places_confirm(&d, "T07", held), "BOOKING_NOT_NOW booking_id");
    cr_assert_str_eq(places_units(&d, ref), "F....");
    places_close(&d);
}

Test(booking, q7_a_hold_lapses_at_its_very_end_and_is_taken_again_if_nobody_has)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang");
    char *held = places_held(&d, "T07", ref, FAMILY, id);

    d.now = instant_after(d.now, 10 * MINUTE_MS - 1);
    district_clock(&d);
    cr_assert_str_eq(places_state(&d, held), "HELD");
    d.now = instant_after(d.now, 1); /* C1: it lives while now < expires_at */
    Referral__Reply *again = places_confirm(&d, "T07", held);

    district_assert_said(&d, again, "");
    cr_assert_eq(again->state, REFERRAL__STATE__BOOKED);
    cr_assert_str_eq(places_units(&d, ref), "F....");
    cr_assert_str_eq(places_ledger(&d, 1), "PUBLISHED, HELD 1, LAPSED 1, BOOKED 1");
    cr_assert_str_eq(district_inbox(&d, "T07"), "place-lapsed, book");
    places_close(&d);
}

Test(booking, q7_a_lapsed_hold_is_lost_once_another_has_the_unit)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang");
    char *held = places_held(&d, "T07", ref, FAMILY, id);

    d.now = instant_after(d.now, 10 * MINUTE_MS);
    places_booked(&d, "T08", ref, FAMILY, places_refer(&d, "T08", "Li Lei"));
    cr_assert_str_eq(places_units(&d, ref), "F....");
    cr_assert_str_eq(places_state(&d, held), "LAPSED");
    district_assert_said(&d, places_confirm(&d, "T07", held), "HOLD_LOST booking_id");
    places_close(&d);
}

Test(booking, q7_a_lapsed_hold_is_lost_to_whoever_waits)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    char *id = places_refer(&d, "T07", "Wang Fang");
    char *held = places_held(&d, "T07", ref, FAMILY, id);
    char *entry = places_joined(&d, "T08", places_wait(&d, EXPERT, FAMILY, places_refer(&d, "T08", "Li Lei")));

    d.now = instant_after(d.now, 10 * MINUTE_MS);
    district_assert_said(&d, places_confirm(&d, "T07", held), "HOLD_LOST booking_id");
    cr_assert_not_null(places_offer(&d, entry), "what the refused command found due has happened");
    places_close(&d);
}

Test(booking, q7_holds_are_of_one_to_thirty_minutes_and_never_outlive_the_start)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang");
    Referral__TakePlace *take = places_wish(&d, ref, FAMILY, id);

    FIELD_SET(take, hold_minutes, 31);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__HOLD_PLACE, take), "OUT_OF_RANGE hold_minutes");
    FIELD_SET(take, hold_minutes, 0);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__HOLD_PLACE, take), "OUT_OF_RANGE hold_minutes");
    FIELD_SET(take, hold_minutes, 30);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "NOT_EXPECTED hold_minutes");
    d.now = instant_of(places_at(TUESDAY, 8, 45));
    Referral__Reply *reply = district_say(&d, "T07", REFERRAL__KIND__HOLD_PLACE, take);

    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->booking->expires_at_ms, places_at(TUESDAY, 9, 0));
    places_close(&d);
}

Test(booking, q6_no_unit_is_taken_at_or_after_its_start)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 2);
    char *id = places_refer(&d, "T07", "Wang Fang");

    d.now = instant_of(places_at(TUESDAY, 9, 0));
    Referral__Reply *reply = places_book(&d, "T07", ref, FAMILY, id);

    district_assert_said(&d, reply, "");
    cr_assert_str_eq(places_units(&d, ref), ".F", "the first has begun");
    d.now = instant_of(places_at(TUESDAY, 9, 10));
    district_assert_said(&d, places_book(&d, "T08", ref, FAMILY, places_refer(&d, "T08", "Li Lei")), "STARTED");
    places_close(&d);
}

Test(booking, q3_general_stops_at_the_reserve_and_family_doctors_go_on)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5); /* R is 1 */

    for (int i = 0; i < 4; i++)
        places_booked(&d, "H1", ref, GENERAL, NULL);
    district_assert_said(&d, places_book(&d, "H1", ref, GENERAL, NULL), "RESERVED");
    places_booked(&d, "T07", ref, FAMILY, places_refer(&d, "T07", "Wang Fang"));
    district_assert_said(&d, places_book(&d, "H1", ref, GENERAL, NULL), "NO_FREE");
    district_assert_said(&d, places_book(&d, "T08", ref, FAMILY, places_refer(&d, "T08", "Li Lei")), "NO_FREE");
    cr_assert_str_eq(places_units(&d, ref), "GGGFG"); /* what is kept moves with what is free */
    cr_assert_str_eq(places_ledger(&d, 2), "BOOKED 1, BOOKED 2, BOOKED 3, BOOKED 5, REFUSED RESERVED, BOOKED 4, "
                                           "REFUSED NO_FREE, REFUSED NO_FREE");
    places_close(&d);
}

Test(booking, q7_a_three_unit_exam_takes_three_in_a_row_or_nothing)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXAM, "CT-1", TUESDAY, 6);
    Referral__TakePlace *take = places_wish(&d, ref, FAMILY, places_refer(&d, "T07", "Wang Fang"));
    Referral__TakePlace *other = places_wish(&d, ref, FAMILY, places_refer(&d, "T08", "Li Lei"));

    FIELD_SET(other, first_unit, 3);
    district_assert_said(&d, district_say(&d, "T08", REFERRAL__KIND__BOOK_PLACE, other), "");
    other = places_wish(&d, ref, FAMILY, places_refer(&d, "T08", "Han Meimei"));
    FIELD_SET(other, first_unit, 6);
    char *last = district_say(&d, "T08", REFERRAL__KIND__BOOK_PLACE, other)->booking->booking_id;

    cr_assert_str_eq(places_units(&d, ref), "..F..F", "four free, scattered");
    FIELD_SET(take, units, 3);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "NOT_CONSECUTIVE");
    FIELD_SET(take, first_unit, 4);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "UNIT_TAKEN first_unit");
    FIELD_SET(take, first_unit, 9);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "UNKNOWN_UNIT first_unit");
    cr_assert_str_eq(places_units(&d, ref), "..F..F");
    district_assert_said(&d, places_cancel(&d, "T08", last, REFERRAL__REASON__PATIENT_DECLINED), "");
    take->has_first_unit = false;
    Referral__Reply *reply = district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take);

    district_assert_said(&d, reply, "");
    cr_assert_str_eq(places_units(&d, ref), "..FFFF");
    cr_assert_eq(reply->booking->n_units, 3);
    cr_assert_eq(reply->booking->end_ms - reply->booking->start_ms, 30 * MINUTE_MS);
    FIELD_SET(take, units, 9);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take), "OUT_OF_RANGE units");
    places_close(&d);
}

Test(booking, q7_a_team_has_five_live_holds_and_no_sixth)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);
    char *held = NULL;

    for (int i = 0; i < 5; i++)
        held = places_held(&d, "T07", ref, FAMILY, places_refer(&d, "T07", arena_format(&d.keep, "patient %d", i)));
    char *sixth = places_refer(&d, "T07", "patient 6"), *seventh = places_refer(&d, "T07", "patient 7");

    district_assert_said(&d, places_hold(&d, "T07", ref, FAMILY, sixth), "TOO_MANY_HOLDS");
    places_held(&d, "T08", ref, FAMILY, places_refer(&d, "T08", "Li Lei")); /* another team's */
    places_booked(&d, "T07", ref, FAMILY, sixth);                           /* booking at once holds nothing */
    district_assert_said(&d, places_confirm(&d, "T07", held), "");
    held = places_held(&d, "T07", ref, FAMILY, seventh);
    district_assert_said(&d, places_cancel(&d, "T07", held, 0), "");
    places_held(&d, "T07", ref, FAMILY, seventh);
    d.now = instant_after(d.now, 10 * MINUTE_MS);
    for (int i = 0; i < 3; i++)
        places_held(&d, "T07", ref, FAMILY, places_refer(&d, "T07", arena_format(&d.keep, "later %d", i)));
    places_close(&d);
}

Test(booking, l1_cancelled_twice_is_cancelled_once)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *booked = places_booked(&d, "T07", ref, FAMILY, id);

    district_assert_said(&d, places_cancel(&d, "T07", booked, 0), "REASON_NEEDED reason");
    district_assert_said(&d, places_cancel(&d, "T07", booked, REFERRAL__REASON__OUT_OF_SCOPE), "BAD_VALUE reason");
    district_assert_said(&d, places_cancel(&d, "T07", booked, REFERRAL__REASON__OTHER_REASON), "TEXT_NEEDED text");
    Referral__Reply *reply = places_cancel(&d, "T07", booked, REFERRAL__REASON__PATIENT_DECLINED);

    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->booking->state, REFERRAL__BOOKING_STATE__PLACE_CANCELLED);
    cr_assert_eq(reply->booking->reason, REFERRAL__REASON__PATIENT_DECLINED);
    cr_assert_eq(reply->state, REFERRAL__STATE__DELIVERED, "nobody had accepted");
    cr_assert_null(district_row(&d, id)->place);
    district_assert_said(&d, places_cancel(&d, "T07", booked, REFERRAL__REASON__PATIENT_DECLINED),
                         "BOOKING_NOT_NOW booking_id");
    cr_assert_str_eq(places_units(&d, ref), ".....");
    places_booked(&d, "T07", ref, FAMILY, id); /* and may book anew */
    places_close(&d);
}

Test(booking, q7_what_is_given_back_without_a_reason_has_none)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *held = places_held(&d, "T07", ref, FAMILY, id);
    Referral__Reply *reply = places_cancel(&d, "T07", held, 0);

    district_assert_said(&d, reply, "");
    cr_assert_not(reply->booking->has_reason, "in the answer");
    cr_assert_not(places_row(&d, held)->has_reason, "and on disk");
    places_close(&d);
}

Test(booking, q6_what_has_begun_is_neither_given_back_nor_moved)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *booked = places_booked(&d, "T07", ref, FAMILY, id);
    Referral__Event *cancel = district_event(&d, id, CANCEL_BOOKING);

    d.now = instant_of(places_at(TUESDAY, 9, 0));
    district_assert_said(&d, places_cancel(&d, "T07", booked, REFERRAL__REASON__PATIENT_DECLINED),
                         "BOOKING_NOT_NOW booking_id");
    district_assert_said(&d, places_move(&d, "T07", booked, ref, 3), "BOOKING_NOT_NOW booking_id");
    district_assert_said(&d, places_displace(&d, "H1", booked), "BOOKING_NOT_NOW booking_id");
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, cancel), "BOOKING_NOT_NOW type");
    places_close(&d);
}

Test(booking, q14_what_the_hospital_cannot_keep_is_blocked)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *booked = places_booked(&d, "T07", ref, FAMILY, id);
    Referral__PlaceChange *change = places_change(&d, booked);

    FIELD_SET(change, reason, REFERRAL__REASON__NOT_AVAILABLE);
    change->person = NULL;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__CANCEL_PLACE, change), "PERSON_NEEDED person.name");
    change->person = places_person(&d);
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__CANCEL_PLACE, change), "");
    cr_assert_str_eq(places_units(&d, ref), "B....");
    cr_assert_str_eq(district_inbox(&d, "T07"), "cancel-booking");
    char *own = places_booked(&d, "H1", ref, GENERAL, NULL);

    district_assert_said(&d, places_cancel(&d, "H1", own, REFERRAL__REASON__PATIENT_DECLINED), "");
    cr_assert_str_eq(places_units(&d, ref), "B....", "of its own accord the patient frees it");
    places_close(&d);
}

Test(booking, q9_a_move_that_fails_leaves_the_old_place_untouched)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__PoolRef *full = places_publish(&d, EXPERT, "LI-PM", TUESDAY, 1);
    char *id = places_refer(&d, "T07", "Wang Fang"), *booked = places_booked(&d, "T07", ref, FAMILY, id);

    places_booked(&d, "T08", full, FAMILY, places_refer(&d, "T08", "Li Lei"));
    uint64_t ledger = places_ledger_next(&d);

    district_assert_said(&d, places_move(&d, "T07", booked, full, 0), "NO_FREE");
    district_assert_said(&d, places_move(&d, "T07", booked, ref, 1), "UNIT_TAKEN first_unit");
    district_assert_said(&d, places_move(&d, "T07", booked, places_ref(&d, EXPERT, "NOBODY", TUESDAY), 0),
                         "UNKNOWN_POOL pool");
    cr_assert_str_eq(places_units(&d, ref), "F....");
    cr_assert_str_eq(places_state(&d, booked), "BOOKED");
    cr_assert_str_eq(places_ledger(&d, ledger), "REFUSED NO_FREE, REFUSED UNIT_TAKEN");
    Referral__Reply *reply = places_move(&d, "T07", booked, ref, 3);

    district_assert_said(&d, reply, "");
    cr_assert_str_eq(places_units(&d, ref), "..F..");
    cr_assert_eq(reply->booking->start_ms, places_at(TUESDAY, 9, 20));
    cr_assert_eq(district_row(&d, id)->place->start_ms, places_at(TUESDAY, 9, 20));
    cr_assert_str_eq(places_ledger(&d, ledger + 2), "MOVED_OUT 1, MOVED_IN 3");
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet, book, submit/sheet, book, move");
    places_close(&d);
}

Test(booking, q9_a_move_inside_the_pool_may_use_its_own_units_and_needs_only_free_ones)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXAM, "CT-1", TUESDAY, 5); /* unit 3 is kept */
    Referral__TakePlace *take = places_wish(&d, ref, GENERAL, NULL);

    FIELD_SET(take, units, 2);
    char *booked = district_say(&d, "H1", REFERRAL__KIND__BOOK_PLACE, take)->booking->booking_id;

    cr_assert_str_eq(places_units(&d, ref), "GG...");
    district_assert_said(&d, places_move(&d, "H1", booked, ref, 2), ""); /* Q3: it does not raise G */
    cr_assert_str_eq(places_units(&d, ref), ".GG..");
    district_assert_said(&d, places_move(&d, "H1", booked, ref, 0), "");
    cr_assert_str_eq(places_units(&d, ref), "GG...",
                     "the earliest that begins elsewhere: its second unit is free for it");
    district_assert_said(&d, places_move(&d, "H1", booked, ref, 0), "");
    cr_assert_str_eq(places_units(&d, ref), ".GG..");
    places_close(&d);
}

Test(booking, q9_another_pool_has_its_own_rules)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__PoolRef *kept = places_publish(&d, EXPERT, "LI-PM", TUESDAY, 1); /* all of it is reserved */
    Referral__PoolRef *bed = places_publish(&d, BED, "WARD-3", TUESDAY, 5);
    Referral__PoolRef *later = places_ref(&d, EXPERT, "HE-AM", "2026-11-25");
    Referral__Pool *pool = places_pool(&d, later, 5);
    char *booked = places_booked(&d, "H1", ref, GENERAL, NULL);

    FIELD_SET(pool, general_opens_at_ms, d.now.ms + HOUR_MS);
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__PUT_POOL, pool), "");
    district_assert_said(&d, places_move(&d, "H1", booked, kept, 0), "RESERVED");
    district_assert_said(&d, places_move(&d, "H1", booked, bed, 0), "SAME_HOSPITAL pool");
    district_assert_said(&d, places_move(&d, "H1", booked, later, 0), "NOT_OPEN_YET pool");
    cr_assert_str_eq(places_units(&d, ref), "G....");
    d.now = instant_after(d.now, HOUR_MS);
    district_assert_said(&d, places_move(&d, "H1", booked, later, 0), "");
    cr_assert_str_eq(places_units(&d, ref), ".....");
    cr_assert_str_eq(places_units(&d, later), "G....");
    places_close(&d);
}

Test(booking, q13_who_acts_for_the_hospital_cancels_for_it)
{
    struct district d;

    places_open(&d);
    district_delegate(&d, "T08", "H1");
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *booked = places_booked(&d, "T07", ref, FAMILY, places_refer(&d, "T07", "Wang Fang"));

    district_assert_said(&d, places_cancel(&d, "T08", booked, REFERRAL__REASON__NOT_AVAILABLE), "");
    cr_assert_str_eq(places_units(&d, ref), "B....");

    const Referral__LedgerRow *row = places_ledger_row(&d, places_ledger_next(&d) - 1);

    cr_assert_eq(row->event, REFERRAL__LEDGER_EVENT__LEDGER_CANCELLED);
    cr_assert_str_eq(row->by, "hospital");
    cr_assert_str_eq(row->person, "Zhao Min");
    places_close(&d);
}

/* Who tries all ids there are must not know one by its digest, whether it was the right one or not. */
Test(booking, p1_no_patient_is_guessed_from_what_the_audit_says_of_a_proof)
{
    Referral__AuditQuery audit = REFERRAL__AUDIT_QUERY__INIT;
    Referral__PatientProof proof = REFERRAL__PATIENT_PROOF__INIT;
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__TakePlace *take = places_wish(&d, ref, FAMILY, places_refer(&d, "T07", "Wang Fang"));
    char *names[] = {"Li Wei", "Wang Fang"};

    take->patient = &proof;
    for (size_t i = 0; i < 2; i++) {
        uint8_t plain[32];

        proof.name = names[i];
        struct bytes body = wire_pack(&take->base, &d.keep);

        crypto_generichash(plain, sizeof plain, body.data, body.size, NULL, 0);
        district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__BOOK_PLACE, take),
                             i == 0 ? "PATIENT_DISAGREES patient" : "");
        FIELD_SET(&audit, from_index, store_mark(d.store).index);

        const Referral__AuditList *list = ask(&d, "OPS", REFERRAL__KIND__LIST_AUDIT, &audit);
        const Referral__AuditRow *row = list->rows[list->n_rows - 1];

        cr_assert_eq(row->kind, REFERRAL__KIND__BOOK_PLACE);
        cr_assert_eq(row->body_digest.len, sizeof plain);
        cr_assert_not(bytes_equal(binary_bytes(row->body_digest), bytes_of(plain, sizeof plain)));
    }
    places_close(&d);
}

/* The centre that confirms the receipt of a down-referral is that one's receiver, and not the hospital. */
Test(booking, q13_a_receipt_that_ends_a_hold_is_not_the_hospitals_decision)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *held;
    Referral__Sheet *down = district_sheet(&d, "H1", "T07", true, REFERRAL__PRIORITY__ROUTINE);

    district_assert_said(&d, district_happen(&d, "H1", id, ARRIVE), "");
    held = places_held(&d, "T07", ref, FAMILY, id);
    down->parent_referral_id = id;
    district_assert_said(&d, district_happen(&d, "H1", id, REPORT), "");
    Referral__Reply *reply = district_say(&d, "H1", REFERRAL__KIND__SUBMIT, down);

    district_assert_said(&d, reply, "");
    district_assert_said(&d, district_happen(&d, "T07", reply->referral_id, CONFIRM_RECEIPT), "");
    cr_assert_str_eq(district_state(&d, id), "CLOSED");
    cr_assert_str_eq(places_state(&d, held), "CANCELLED");

    const Referral__LedgerRow *row = places_ledger_row(&d, places_ledger_next(&d) - 1);

    cr_assert_eq(row->event, REFERRAL__LEDGER_EVENT__LEDGER_CANCELLED);
    cr_assert_str_eq(row->by, "family");
    cr_assert_null(row->person);
    places_close(&d);
}

/* C3, Q13: what was due comes before the command that found it, and is nobody's decision. */
Test(booking, q13_a_no_show_that_a_hospitals_command_finds_is_the_clocks)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *booked = places_booked(&d, "T07", ref, FAMILY, places_refer(&d, "T07", "Wang Fang"));

    d.now = instant_of(places_at("2026-11-25", 9, 10));
    district_assert_said(&d, places_cancel(&d, "H1", booked, REFERRAL__REASON__NOT_AVAILABLE),
                         "BOOKING_NOT_NOW booking_id");
    cr_assert_str_eq(places_state(&d, booked), "NO_SHOW");

    const Referral__LedgerRow *row = places_ledger_row(&d, places_ledger_next(&d) - 1);

    cr_assert_eq(row->event, REFERRAL__LEDGER_EVENT__LEDGER_NO_SHOW);
    cr_assert_str_eq(row->by, "clock");
    cr_assert_null(row->person, "who cancels has not decided this");
    places_close(&d);
}

Test(booking, q10_a_hospital_that_acts_for_the_sender_too_is_still_the_hospital)
{
    struct district d;

    places_open(&d);
    district_delegate(&d, "H1", "T07");
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *booked = places_booked(&d, "T07", ref, FAMILY, places_refer(&d, "T07", "Wang Fang"));
    char *other = places_booked(&d, "T07", ref, FAMILY, places_refer(&d, "T07", "Li Wei"));

    district_assert_said(&d, places_displace(&d, "H1", booked), "");
    district_assert_said(&d, places_cancel(&d, "H1", other, REFERRAL__REASON__NOT_AVAILABLE), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "displace, place-offered, cancel-booking");
    cr_assert_str_eq(places_units(&d, ref), "BBf..");
    places_close(&d);
}

Test(booking, q10_a_displaced_patient_waits_first_and_the_referral_with_him)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    char *id = places_refer(&d, "T07", "Wang Fang"), *booked = places_booked(&d, "T07", ref, FAMILY, id);
    Referral__PlaceChange *change = places_change(&d, booked);

    district_drain(&d, "H1");
    district_assert_said(&d, places_displace(&d, "T07", booked), "NOT_ALLOWED");
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__DISPLACE_PLACE, change), "REASON_NEEDED reason");
    Referral__Reply *reply = places_displace(&d, "H1", booked);

    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->booking->state, REFERRAL__BOOKING_STATE__PLACE_DISPLACED);
    cr_assert_eq(reply->state, REFERRAL__STATE__WAITLISTED);
    cr_assert_str_eq(places_units(&d, ref), "B");
    cr_assert_str_eq(district_inbox(&d, "T07"), "displace");
    cr_assert_str_eq(district_inbox(&d, "H1"), "");
    cr_assert_null(district_row(&d, id)->place);

    const Record__Claim *claim = district_row(&d, id)->claims[0];
    char text[ID_TEXT_SIZE];

    cr_assert(claim->is_main && claim->has_entry && !claim->has_booking);
    id_format(text, "bd", life_id_of(claim->entry));
    const Record__WaitEntry *entry = places_entry(&d, text);

    cr_assert(entry->displaced);
    cr_assert_eq(entry->last_day - entry->first_day, 14);
    Referral__PoolRef *next = places_publish(&d, EXPERT, "LI-PM", "2026-12-01", 1);

    cr_assert_str_eq(places_units(&d, next), "f", "offered as soon as there is one");
    district_assert_said(&d, places_confirm(&d, "T07", places_offer(&d, text)), "");
    cr_assert_str_eq(district_state(&d, id), "BOOKED");
    cr_assert_null(places_entry(&d, text));
    places_close(&d);
}

/* What a hospital must say of it, its patient's family doctor reads. */
Test(booking, q10_who_loses_a_place_is_told_the_reason_in_words_and_by_whom)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 1);
    char *id = places_refer(&d, "T07", "Wang Fang");
    Referral__PlaceChange *change = places_change(&d, places_booked(&d, "T07", ref, FAMILY, id));
    struct inbox_ref at = {.lane = REFERRAL__PRIORITY__ROUTINE};
    Referral__ReferralQuery query = REFERRAL__REFERRAL_QUERY__INIT;

    FIELD_SET(change, reason, REFERRAL__REASON__OTHER_REASON);
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__DISPLACE_PLACE, change), "TEXT_NEEDED text");
    change->text = "the ward is closed";
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__DISPLACE_PLACE, change), "");

    struct store_txn *txn = district_read(&d);

    at.institution = institution_row(txn, "T07")->number;
    const Record__Inbox *waits = inbox_row_next(txn, at, &at);
    const Referral__Notice *notice = places_unpack(&d, &referral__notice__descriptor, binary_bytes(waits->body));

    store_read_end(txn);
    cr_assert_eq(notice->event, REFERRAL__EVENT_TYPE__EVENT_DISPLACE);
    cr_assert_eq(notice->reason, REFERRAL__REASON__OTHER_REASON);
    cr_assert_not_null(notice->person);
    cr_assert_str_eq(notice->person->name, "Zhao Min");
    query.referral_id = id;

    const Referral__ReferralView *view = ask(&d, "T07", REFERRAL__KIND__GET_REFERRAL, &query);
    const Referral__TimelineEntry *last = view->timeline[view->n_timeline - 1];

    cr_assert_eq(last->event, REFERRAL__EVENT_TYPE__EVENT_DISPLACE);
    cr_assert_str_eq(last->text, "the ward is closed");
    cr_assert_str_eq(last->person->name, "Zhao Min");
    places_close(&d);
}

Test(booking, q12_a_no_show_spends_the_unit)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 2);
    char *id = places_refer(&d, "T07", "Wang Fang"), *booked = places_booked(&d, "T07", ref, FAMILY, id);

    district_assert_said(&d, district_happen(&d, "H1", id, MISS), "BOOKING_NOT_NOW type");
    d.now = instant_of(places_at(TUESDAY, 9, 5));
    district_assert_said(&d, district_happen(&d, "H1", id, MISS), "");
    cr_assert_str_eq(places_state(&d, booked), "NO_SHOW");
    cr_assert_str_eq(places_units(&d, ref), "F.");
    cr_assert_eq(district_row(&d, id)->n_claims, 0, "and he may book again");
    Referral__Reply *reply = places_book(&d, "T07", ref, FAMILY, id);

    district_assert_said(&d, reply, "");
    cr_assert_str_eq(places_units(&d, ref), "FF");
    cr_assert_eq(district_row(&d, id)->rebookings, 1);
    places_close(&d);
}

Test(booking, l_a_no_show_is_assumed_a_day_after_the_session)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 2);
    Referral__PoolRef *exam = places_publish(&d, EXAM, "CT-1", TUESDAY, 2);
    char *id = places_refer(&d, "T07", "Wang Fang"), *booked = places_booked(&d, "T07", ref, FAMILY, id);
    char *further = places_booked(&d, "T07", exam, FAMILY, id);

    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "");
    district_drain(&d, "T07");
    district_drain(&d, "H1");
    d.now = instant_of(places_at("2026-11-25", 9, 10));
    district_clock(&d);
    cr_assert_str_eq(places_state(&d, booked), "NO_SHOW");
    cr_assert_str_eq(district_state(&d, id), "NO_SHOW");
    cr_assert_str_eq(places_state(&d, further), "BOOKED", "its session ends ten minutes later");
    d.now = instant_of(places_at("2026-11-25", 9, 20));
    district_clock(&d);
    cr_assert_str_eq(places_state(&d, further), "NO_SHOW");
    cr_assert_str_eq(district_inbox(&d, "T07"), "no-show, no-show");
    cr_assert_str_eq(district_inbox(&d, "H1"), "no-show, no-show", "L2: which did not say so");
    cr_assert_str_eq(places_units(&d, exam), "F.");
    places_close(&d);
}

Test(booking, q7_who_comes_on_the_day_uses_the_place_and_who_comes_before_does_not)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *walks_in = places_refer(&d, "T07", "Wang Fang"), *comes = places_refer(&d, "T08", "Li Lei");
    char *free = places_booked(&d, "T07", ref, FAMILY, walks_in), *used = places_booked(&d, "T08", ref, FAMILY, comes);

    d.now = instant_of(places_at(TUESDAY, 0, 0) - 1);
    district_assert_said(&d, district_happen(&d, "H1", walks_in, ARRIVE), "");
    d.now = instant_of(places_at(TUESDAY, 0, 0)); /* 16:00 UTC the day before */
    district_assert_said(&d, district_happen(&d, "H1", comes, ARRIVE), "");
    cr_assert_str_eq(places_state(&d, free), "CANCELLED");
    cr_assert_str_eq(places_state(&d, used), "USED");
    cr_assert_str_eq(places_units(&d, ref), ".F...");
    places_close(&d);
}

Test(booking, q15_an_allotment_is_taken_from_what_general_may_take_and_given_back_in_parts)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);
    Referral__TakePlace *take = places_wish(&d, ref, GENERAL, NULL);
    uint32_t two[] = {9, 10}, foreign[] = {1}, twice[] = {9, 9};

    FIELD_SET(take, allotment, true);
    FIELD_SET(take, units, 9);
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__BOOK_PLACE, take), "RESERVED");
    FIELD_SET(take, units, 7);
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__HOLD_PLACE, take), "NOT_EXPECTED allotment");
    Referral__Reply *reply = district_say(&d, "H1", REFERRAL__KIND__BOOK_PLACE, take);

    district_assert_said(&d, reply, "");
    cr_assert(reply->booking->allotment);
    cr_assert_str_eq(places_units(&d, ref), ".G.GGGG.GG", "the latest that are not kept");
    Referral__PlaceChange *change = places_change(&d, reply->booking->booking_id);

    change->units = foreign;
    change->n_units = 1;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__CANCEL_PLACE, change), "UNKNOWN_UNIT units[0]");
    change->units = twice;
    change->n_units = 2;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__CANCEL_PLACE, change), "BAD_VALUE units[1]");
    change->units = two;
    reply = district_say(&d, "H1", REFERRAL__KIND__CANCEL_PLACE, change);
    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->booking->state, REFERRAL__BOOKING_STATE__PLACE_BOOKED);
    cr_assert_eq(reply->booking->n_units, 5);
    places_assert_sound(&d);
    change->n_units = 0;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__CANCEL_PLACE, change), "");
    cr_assert_str_eq(places_units(&d, ref), "..........");
    cr_assert_str_eq(places_ledger(&d, 3), "ALLOTTED 2 4 5 6 7 9 10, RETURNED 9 10, CANCELLED 2 4 5 6 7");
    places_close(&d);
}

Test(booking, q15_of_an_allotment_what_has_begun_is_not_given_back)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);
    Referral__TakePlace *take = places_wish(&d, ref, GENERAL, NULL);
    uint32_t two[] = {2, 10}, one[] = {10};

    FIELD_SET(take, allotment, true);
    FIELD_SET(take, units, 7);
    Referral__Reply *reply = district_say(&d, "H1", REFERRAL__KIND__BOOK_PLACE, take);

    district_assert_said(&d, reply, "");
    cr_assert_str_eq(places_units(&d, ref), ".G.GGGG.GG");
    Referral__PlaceChange *change = places_change(&d, reply->booking->booking_id);

    d.now = instant_of(places_at(TUESDAY, 9, 10)); /* unit 2 begins */
    change->units = two;
    change->n_units = 2;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__CANCEL_PLACE, change), "STARTED units[0]");
    change->units = one;
    change->n_units = 1;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__CANCEL_PLACE, change), "");
    cr_assert_str_eq(places_units(&d, ref), ".G.GGGG.G.");
    places_close(&d);
}

Test(booking, q15_only_an_allotment_gives_back_single_units)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    Referral__PlaceChange *change = places_change(&d, places_booked(&d, "H1", ref, GENERAL, NULL));
    uint32_t units[] = {1};

    change->units = units;
    change->n_units = 1;
    FIELD_SET(change, reason, REFERRAL__REASON__PATIENT_DECLINED);
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__CANCEL_PLACE, change), "NOT_AN_ALLOTMENT units");
    places_close(&d);
}

Test(booking, q12_the_hospital_marks_what_no_event_tells)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *main_place = places_booked(&d, "T07", ref, FAMILY, id);
    char *own = places_booked(&d, "H1", ref, GENERAL, NULL), *other = places_booked(&d, "H1", ref, GENERAL, NULL);
    Referral__BookingState used = REFERRAL__BOOKING_STATE__PLACE_USED, missed = REFERRAL__BOOKING_STATE__PLACE_NO_SHOW;

    district_assert_said(&d, places_mark(&d, "H1", own, used), "BOOKING_NOT_NOW booking_id");
    d.now = instant_of(places_at(TUESDAY, 8, 0));
    district_assert_said(&d, places_mark(&d, "H1", own, REFERRAL__BOOKING_STATE__PLACE_LAPSED), "BAD_VALUE state");
    district_assert_said(&d, places_mark(&d, "T07", main_place, used), "NOT_ALLOWED");
    district_assert_said(&d, places_mark(&d, "H1", main_place, used), "BOOKING_NOT_NOW booking_id");
    district_assert_said(&d, places_mark(&d, "H1", other, missed), "BOOKING_NOT_NOW booking_id");
    district_assert_said(&d, places_mark(&d, "H1", own, used), "");
    district_assert_said(&d, places_mark(&d, "H1", own, used), "BOOKING_NOT_NOW booking_id");
    d.now = instant_of(places_at(TUESDAY, 10, 0));
    district_assert_said(&d, places_mark(&d, "H1", other, missed), "");
    cr_assert_str_eq(places_state(&d, own), "USED");
    cr_assert_str_eq(places_state(&d, other), "NO_SHOW");
    places_close(&d);
}

Test(booking, p2_anothers_booking_does_not_exist)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *booked = places_booked(&d, "T07", ref, FAMILY, places_refer(&d, "T07", "Wang Fang"));
    char *own = places_booked(&d, "H1", ref, GENERAL, NULL);
    static const char *const strangers[] = {"T08", "H2"};

    for (size_t i = 0; i < 2; i++) {
        district_assert_said(&d, places_confirm(&d, strangers[i], booked), "NOT_FOUND booking_id");
        district_assert_said(&d, places_cancel(&d, strangers[i], own, REFERRAL__REASON__DUPLICATE),
                             "NOT_FOUND booking_id");
        district_assert_said(&d, places_displace(&d, strangers[i], booked), "NOT_FOUND booking_id");
        district_assert_said(&d, places_mark(&d, strangers[i], own, REFERRAL__BOOKING_STATE__PLACE_USED),
                             "NOT_FOUND booking_id");
        district_assert_said(&d, places_move(&d, strangers[i], booked, ref, 4), "NOT_FOUND booking_id");
        district_assert_said(&d, places_confirm(&d, strangers[i], "bd-1-1-1"), "NOT_FOUND booking_id");
    }
    district_assert_said(&d, places_confirm(&d, "T07", own), "NOT_FOUND booking_id");
    cr_assert_null(places_book(&d, "T07", ref, FAMILY, places_refer(&d, "T07", "Li Lei"))->booking->reference);
    cr_assert_str_eq(places_book(&d, "H1", ref, GENERAL, NULL)->booking->reference, "HIS-1");
    places_close(&d);
}

Test(booking, c4_a_doubtful_time_ends_no_hold)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *held = places_held(&d, "T07", ref, FAMILY, id);

    d.hold = true;
    d.now = instant_after(d.now, HOUR_MS);
    district_clock(&d);
    cr_assert_str_eq(places_state(&d, held), "HELD");
    district_assert_said(&d, places_confirm(&d, "T07", held), "");
    places_close(&d);
}

Test(booking, q5_a_general_sale_of_the_hospital_writes_little)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);

    places_booked(&d, "H1", ref, GENERAL, NULL);
    places_booked(&d, "H1", ref, GENERAL, NULL);
    /* booking, pool, ledger and audit row (each added to its page), dedup */
    cr_assert(d.puts <= 5, "%lu rows", (unsigned long)d.puts);
    cr_assert_str_eq(district_inbox(&d, "H1"), "", "it is not told of its own sales");
    places_close(&d);
}

Test(booking, q7_a_lapsed_hold_is_lost_with_any_of_its_units)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXAM, "CT-1", TUESDAY, 4);
    Referral__TakePlace *take = places_wish(&d, ref, FAMILY, places_refer(&d, "T07", "Wang Fang"));
    Referral__PoolChange cut = REFERRAL__POOL_CHANGE__INIT;
    uint32_t second[] = {2};

    FIELD_SET(take, units, 3);
    char *held = district_say(&d, "T07", REFERRAL__KIND__HOLD_PLACE, take)->booking->booking_id;

    d.now = instant_after(d.now, HOUR_MS);
    cut.pool = ref;
    cut.units = second;
    cut.n_units = 1;
    FIELD_SET(&cut, reason, REFERRAL__BLOCK_REASON__DEVICE_DOWN);
    cut.person = places_person(&d);
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__CUT_UNITS, &cut), "");
    district_assert_said(&d, places_confirm(&d, "T07", held), "HOLD_LOST booking_id");
    places_close(&d);
}

/* Beds of a ward begin together, so that the cut one's neighbour would do as well: it is not what he was told. */
Test(booking, q7_a_lapsed_hold_is_lost_though_others_lie_beside_it)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_ref(&d, EXAM, "CT-1", TUESDAY);
    Referral__Pool *pool = places_pool(&d, ref, 1);
    Referral__UnitRun *together[] = {pool->units[0], pool->units[0], pool->units[0], pool->units[0]};
    Referral__TakePlace *take = places_wish(&d, ref, FAMILY, places_refer(&d, "T07", "Wang Fang"));
    Referral__PoolChange cut = REFERRAL__POOL_CHANGE__INIT;
    uint32_t second[] = {2};

    pool->units = together;
    pool->n_units = 4;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__PUT_POOL, pool), "");
    FIELD_SET(take, units, 2);
    char *held = district_say(&d, "T07", REFERRAL__KIND__HOLD_PLACE, take)->booking->booking_id;

    cr_assert_str_eq(places_units(&d, ref), "ff..");
    d.now = instant_after(d.now, HOUR_MS);
    cut.pool = ref;
    cut.units = second;
    cut.n_units = 1;
    FIELD_SET(&cut, reason, REFERRAL__BLOCK_REASON__DEVICE_DOWN);
    cut.person = places_person(&d);
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__CUT_UNITS, &cut), "");
    district_assert_said(&d, places_confirm(&d, "T07", held), "HOLD_LOST booking_id");
    cr_assert_str_eq(places_units(&d, ref), "...");
    places_close(&d);
}

Test(booking, q5_who_holds_a_place_holds_no_other_of_that_class)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 5);
    char *id = places_refer(&d, "T07", "Wang Fang"), *held = places_held(&d, "T07", ref, FAMILY, id);

    district_assert_said(&d, places_hold(&d, "T07", ref, FAMILY, id), "HAS_PLACE referral_id");
    district_assert_said(&d, places_book(&d, "H1", ref, FAMILY, id), "HAS_PLACE referral_id");
    d.now = instant_after(d.now, 10 * MINUTE_MS);
    places_held(&d, "T07", ref, FAMILY, id);
    district_assert_said(&d, places_confirm(&d, "T07", held), "HAS_PLACE referral_id");
    places_close(&d);
}
