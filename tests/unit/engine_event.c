/* engine_event.c - the events of section 4, each with its guards, notices and answers (L1, L2, L5, L6). */
#include "district.h"

#define ROUTINE   REFERRAL__PRIORITY__ROUTINE
#define URGENT    REFERRAL__PRIORITY__URGENT
#define EMERGENCY REFERRAL__PRIORITY__EMERGENCY

/* Unpacks the latest notice that waits for `institution`. */
static Referral__Notice *last_notice(struct district *d, const char *institution)
{
    struct store_txn *txn = district_read(d);
    Referral__Notice *notice = NULL;
    enum refusal refusal;

    for (uint8_t lane = 1; lane <= 3; lane++) {
        struct inbox_ref ref = {.institution = institution_row(txn, institution)->number, .lane = lane};
        const Record__Inbox *row;

        while ((row = inbox_row_next(txn, ref, &ref)) != NULL)
            if (row->kind == REFERRAL__DELIVERY_KIND__NOTICE)
                notice = (Referral__Notice *)wire_unpack(
                    &referral__notice__descriptor, arena_copy(&d->keep, binary_bytes(row->body)), &d->keep, &refusal);
    }
    store_read_end(txn);
    cr_assert_not_null(notice);
    return notice;
}

/* T5: whoever speaks for the other party too says so; unsaid, it is what it is itself. */
Test(event, l2_what_a_hospital_does_that_acts_for_the_sender_too_is_told_to_the_sender)
{
    struct district d;
    Batch__Command *command;

    district_open(&d);
    district_delegate(&d, "H1", "T07");
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "");
    district_assert_said(&d, district_happen(&d, "H1", id, BOOK), "");
    district_assert_said(&d, district_happen(&d, "H1", id, CANCEL_BOOKING), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "accept, book, cancel-booking");
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet");

    command = district_command(&d, "H1", REFERRAL__KIND__EVENT, "for it", district_event(&d, id, BOOK));
    command->acting_for = "T07";
    district_assert_said(&d, district_send(&d, command), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "accept, book, cancel-booking");
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet, book");
    district_assert_said(&d, district_happen(&d, "H1", id, CANCEL), "");
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet, book, cancel", "only the sender may");
    district_close(&d);
}

Test(event, l_an_up_referral_goes_its_whole_way)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", URGENT);

    district_drain(&d, "H1");
    cr_assert_str_eq(district_state(&d, id), "DELIVERED");
    const struct {
        const char *who;
        enum event event;
        const char *state;
    } steps[] = {
        {"H1", ACKNOWLEDGE, "DELIVERED"},
        {"H1", REQUEST_INFO, "INFO_REQUESTED"},
        {"T07", SUPPLY_INFO, "DELIVERED"},
        {"H1", ACCEPT, "ACCEPTED"},
        {"T07", BOOK, "BOOKED"},
        {"H1", MOVE, "BOOKED"},
        {"H1", MISS, "NO_SHOW"},
        {"T07", BOOK, "BOOKED"},
        {"T07", CANCEL_BOOKING, "ACCEPTED"},
        {"H1", ARRIVE, "ARRIVED"},
        {"T07", REQUEST_CANCEL, "CANCEL_REQUESTED"},
        {"H1", START, NULL},
        {"H1", REPORT, "REPORTED"},
        {"T07", CONFIRM_RECEIPT, "CLOSED"},
    };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        Referral__Reply *reply =
            steps[i].event == MISS ? district_miss(&d, id) : district_happen(&d, steps[i].who, id, steps[i].event);

        if (steps[i].state == NULL) {
            district_assert_said(&d, reply, "NOT_NOW type");
            continue;
        }
        cr_assert_str_eq(district_said(&d, reply), "", "%s: %s", event_name(steps[i].event), district_said(&d, reply));
        cr_assert_str_eq(state_name((enum state)reply->state), steps[i].state);
    }
    cr_assert_str_eq(district_inbox(&d, "T07"), "request-info, accept, move, no-show, arrive, report");
    cr_assert_str_eq(district_inbox(&d, "H1"),
                     "supply-info, book, book, cancel-booking, request-cancel, confirm-receipt");
    district_assert_books(&d);
    district_close(&d);
}

Test(event, l1_what_the_table_does_not_have_changes_nothing_and_says_what_may_be_done)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    district_happen(&d, "H1", id, ACCEPT);
    Referral__Reply *reply = district_happen(&d, "H1", id, REPORT);
    const Referral__Refusal *refusal = reply->refusals[0];

    district_assert_said(&d, reply, "NOT_NOW type");
    cr_assert_eq(refusal->state, REFERRAL__STATE__ACCEPTED);
    cr_assert_gt(refusal->n_allowed_events, 0);
    for (size_t i = 0; i < refusal->n_allowed_events; i++)
        cr_assert_not_null(
            lifecycle_find(LIFE_UP, ACCEPTED, (enum event)refusal->allowed_events[i], BY_RECEIVER, ROUTINE));
    cr_assert_str_eq(refusal->next_actor, state_next_actor(LIFE_UP, ACCEPTED, false));
    cr_assert_str_eq(district_state(&d, id), "ACCEPTED");
    district_close(&d);
}

Test(event, l2_a_notice_carries_the_event_as_received_and_whom_to_call)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Event *event = district_event(&d, id, REQUEST_INFO);
    Batch__Command *command = district_command(&d, "H1", REFERRAL__KIND__EVENT, "e1", event);

    district_assert_said(&d, district_send(&d, command), "");

    const Referral__Notice *notice = last_notice(&d, "T07");

    cr_assert(bytes_equal(binary_bytes(notice->original), binary_bytes(command->body)));
    cr_assert_eq(notice->from_state, REFERRAL__STATE__DELIVERED, "the receiver's event implies the delivery");
    cr_assert_eq(notice->state, REFERRAL__STATE__INFO_REQUESTED);
    cr_assert_eq(notice->core_status, REFERRAL__CORE_STATUS__CORE_ACTION_REQUIRED);
    cr_assert_str_eq(notice->by, "H1");
    cr_assert_str_eq(notice->sender_reference, "ref-1");
    cr_assert_str_eq(notice->contact->name, "contact of H1", "it is T07's turn, which need not call itself");
    cr_assert_str_eq(notice->contact_institution, "H1");
    district_assert_said(&d, district_happen(&d, "T07", id, SUPPLY_INFO), "");
    notice = last_notice(&d, "H1");
    cr_assert_str_eq(notice->contact->name, "contact of T07", "it is H1's turn");
    cr_assert_str_eq(notice->contact_institution, "T07");
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL), "");
    cr_assert_null(last_notice(&d, "H1")->sender_reference, "the sender's own number is for the sender");
    district_close(&d);
}

Test(event, l2_a_query_only_institution_has_no_notices_waiting)
{
    struct district d;

    district_open(&d);
    Batch__Command *command =
        district_command(&d, "T07", REFERRAL__KIND__SUBMIT, "v", district_sheet(&d, "V01", "H1", false, ROUTINE));

    command->acting_for = "V01";
    Referral__Reply *reply = district_send(&d, command);

    district_assert_said(&d, district_happen(&d, "H1", reply->referral_id, ACCEPT), "");
    cr_assert_str_eq(district_inbox(&d, "V01"), "");
    cr_assert_eq(district_row(&d, reply->referral_id)->timeline_next, 1);
    district_assert_said(&d, district_happen(&d, "T07", reply->referral_id, CANCEL), ""); /* it acts for V01 */
    district_close(&d);
}

/* Nobody will ever acknowledge it: it would wait, and be too old, and keep its journey from the archive, for good. */
Test(event, l2_what_a_query_only_receiver_does_takes_its_sheet_from_the_inbox)
{
    struct district d;
    Referral__Reply *down, *other;

    district_open(&d);
    down = district_say(&d, "H1", REFERRAL__KIND__SUBMIT, district_sheet(&d, "H1", "V01", true, ROUTINE));
    other = district_say(&d, "H1", REFERRAL__KIND__SUBMIT, district_sheet(&d, "H1", "V01", true, ROUTINE));
    district_assert_said(&d, down, "");
    cr_assert_str_eq(district_inbox(&d, "V01"), "submit/sheet, submit/sheet");
    district_assert_said(&d, district_happen(&d, "V01", down->referral_id, ACKNOWLEDGE), "");
    cr_assert_str_eq(district_inbox(&d, "V01"), "submit/sheet");
    cr_assert_str_eq(district_state(&d, down->referral_id), "DELIVERED");
    cr_assert_eq(district_row(&d, down->referral_id)->delivered_at_ms, d.now.ms);
    district_assert_said(&d, district_happen(&d, "V01", down->referral_id, CONFIRM_RECEIPT), "");
    cr_assert_str_eq(district_inbox(&d, "V01"), "submit/sheet");
    district_assert_said(&d, district_happen(&d, "T07", other->referral_id, ACKNOWLEDGE), ""); /* it acts for V01 */
    cr_assert_str_eq(district_inbox(&d, "V01"), "");
    district_assert_said(&d, district_happen(&d, "T07", other->referral_id, CONFIRM_RECEIPT), "");
    cr_assert_eq(district_row(&d, other->referral_id)->delivered_at_ms, d.now.ms);
    district_assert_books(&d);

    down = district_say(&d, "H1", REFERRAL__KIND__SUBMIT, district_sheet(&d, "H1", "T07", true, ROUTINE));
    district_assert_said(&d, district_happen(&d, "T07", down->referral_id, CONFIRM_RECEIPT), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "submit/sheet", "its system acknowledges by itself");
    district_close(&d);
}

/* Whose the last of its routine messages is. */
static const char *last_waiting(struct district *d, const char *institution)
{
    struct store_txn *txn = district_read(d);
    struct inbox_ref ref = {.institution = institution_row(txn, institution)->number, .lane = ROUTINE};
    char *text = arena_zalloc(&d->keep, ID_TEXT_SIZE);

    for (const Record__Inbox *row; (row = inbox_row_next(txn, ref, &ref)) != NULL;)
        id_format(text, "bd", life_id_of(row->referral));
    store_read_end(txn);
    return text;
}

/* One turn put them there together: they differ in their place in it. */
Test(event, l2_what_a_query_only_receiver_does_takes_no_other_message_of_that_turn)
{
    struct district d;
    Batch__Command *commands[3];
    char *up, *first, *second;

    district_open(&d);
    up = district_refer(&d, "T07", "H1", ROUTINE);
    commands[0] = district_command(&d, "H1", REFERRAL__KIND__EVENT, "a", district_event(&d, up, ACCEPT));
    commands[1] =
        district_command(&d, "H1", REFERRAL__KIND__SUBMIT, "b", district_sheet(&d, "H1", "T07", true, ROUTINE));
    commands[2] =
        district_command(&d, "H1", REFERRAL__KIND__SUBMIT, "c", district_sheet(&d, "H1", "T07", true, ROUTINE));
    district_turn(&d, commands, 3);
    first = district_reply(&d, 1)->referral_id;
    second = district_reply(&d, 2)->referral_id;
    cr_assert_str_eq(district_inbox(&d, "T07"), "accept, submit/sheet, submit/sheet");
    district_put(&d, "T07", REFERRAL__INSTITUTION_KIND__PRIMARY, REFERRAL__TIER__TOWNSHIP, true);
    district_assert_said(&d, district_happen(&d, "T07", second, ACKNOWLEDGE), "");
    cr_assert_str_eq(district_state(&d, second), "DELIVERED");
    cr_assert_str_eq(district_state(&d, first), "SUBMITTED");
    cr_assert_str_eq(district_inbox(&d, "T07"), "accept, submit/sheet");
    cr_assert_str_eq(last_waiting(&d, "T07"), first);
    district_assert_said(&d, district_happen(&d, "T07", first, ACKNOWLEDGE), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "accept");
    district_assert_books(&d);
    district_close(&d);
}

Test(event, l2_what_has_ended_waits_for_no_query_only_receiver)
{
    struct district d;
    Referral__Reply *down, *late;

    district_open(&d);
    down = district_say(&d, "H1", REFERRAL__KIND__SUBMIT, district_sheet(&d, "H1", "V01", true, ROUTINE));
    late = district_say(&d, "H1", REFERRAL__KIND__SUBMIT, district_sheet(&d, "H1", "V01", true, ROUTINE));
    district_assert_said(&d, district_happen(&d, "H1", down->referral_id, CANCEL), "");
    cr_assert_str_eq(district_inbox(&d, "V01"), "submit/sheet");
    d.now = instant_after(d.now, 15 * DAY_MS);
    district_clock(&d);
    cr_assert_str_eq(district_state(&d, late->referral_id), "EXPIRED");
    cr_assert_str_eq(district_inbox(&d, "V01"), "");
    cr_assert(!district_row(&d, late->referral_id)->has_delivered_at_ms);
    district_assert_books(&d);

    down = district_say(&d, "H1", REFERRAL__KIND__SUBMIT, district_sheet(&d, "H1", "T07", true, ROUTINE));
    district_assert_said(&d, district_happen(&d, "H1", down->referral_id, CANCEL), "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "submit/sheet, cancel", "its system is told of both");
    district_close(&d);
}

Test(event, t5_a_delegation_is_not_handed_on)
{
    struct district d;
    Batch__Command *command;

    district_open(&d);
    district_delegate(&d, "T08", "T07");
    char *id = district_refer(&d, "V01", "H1", ROUTINE);

    command = district_command(&d, "T08", REFERRAL__KIND__EVENT, "t8", district_event(&d, id, CANCEL));
    command->acting_for = "T07";
    district_assert_said(&d, district_send(&d, command), "NOT_FOUND referral_id");
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL), "");
    district_close(&d);
}

Test(event, p2_not_yours_and_does_not_exist_answer_alike)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Reply *not_yours = district_happen(&d, "H2", id, ACCEPT);
    Referral__Reply *nowhere = district_happen(&d, "H2", "bd-1-1-1", ACCEPT);

    district_assert_said(&d, not_yours, "NOT_FOUND referral_id");
    district_assert_said(&d, nowhere, "NOT_FOUND referral_id");
    not_yours->request = nowhere->request = 0;
    not_yours->index = nowhere->index = 0;
    cr_assert(bytes_equal(wire_pack(&not_yours->base, &d.keep), wire_pack(&nowhere->base, &d.keep)));
    district_close(&d);
}

Test(event, l_each_event_names_what_it_lacks_and_what_does_not_belong)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Event *event = district_event(&d, id, ACCEPT);

    event->person = NULL;
    FIELD_SET(event, occurred_at_ms, d.now.ms);
    event->receiver = "H2";
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event),
                         "NOT_EXPECTED occurred_at_ms; NOT_EXPECTED receiver; PERSON_NEEDED person.name");
    event = district_event(&d, id, REJECT);
    event->text = " ";
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "TEXT_NEEDED text");
    event->has_reason = false;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "REASON_NEEDED reason");
    event = district_event(&d, id, ARRIVE);
    event->occurred_at_ms = d.now.ms + HOUR_MS;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "IN_FUTURE occurred_at_ms");
    event->occurred_at_ms = d.now.ms / 1000; /* seconds */
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "OUT_OF_RANGE occurred_at_ms");
    event->occurred_at_ms = d.now.ms - 366 * DAY_MS - 1;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "OUT_OF_RANGE occurred_at_ms");
    event = district_event(&d, id, BOOK);
    event->place->has_class_ = false;
    event->place->department = "NONE";
    event->place->start_ms = d.now.ms;
    event->place->doctor = NULL;
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event),
                         "MISSING place.class; MISSING place.doctor; OUT_OF_RANGE place.start_ms; "
                         "UNKNOWN_DEPARTMENT place.department");
    event = district_event(&d, id, RETURN);
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "BAD_VALUE type");
    district_close(&d);
}

Test(event, l_a_hospital_closes_with_a_report_only)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    district_happen(&d, "H1", id, ARRIVE);
    Referral__Event *event = district_event(&d, id, CLOSE);

    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "REPORT_NEEDED diagnoses");
    event->diagnoses = district_event(&d, id, REPORT)->diagnoses;
    event->n_diagnoses = 1;
    event->treatment = "tablets";
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "");
    cr_assert_str_eq(district_state(&d, id), "CLOSED");
    district_close(&d);
}

Test(event, l_at_most_three_rounds_of_questions)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    for (int round = 0; round < 3; round++) {
        district_assert_said(&d, district_happen(&d, "H1", id, REQUEST_INFO), "");
        district_assert_said(&d, district_happen(&d, "T07", id, SUPPLY_INFO), "");
    }
    district_assert_said(&d, district_happen(&d, "H1", id, REQUEST_INFO), "TOO_MANY_ROUNDS type");
    district_close(&d);
}

Test(event, l_at_most_two_bookings_after_a_no_show)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), ""); /* directly (Q5) */
    for (int again = 0; again < 2; again++) {
        district_assert_said(&d, district_miss(&d, id), "");
        district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "");
    }
    district_miss(&d, id);
    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "TOO_MANY_REBOOKINGS type");
    district_close(&d);
}

Test(event, q15_a_booking_without_a_unit_works_where_there_are_no_pools_and_nothing_else)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Event *event = district_event(&d, id, BOOK);

    FIELD_SET(event->place, class_, REFERRAL__PLACE_CLASS__BED);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "NOT_BOOKABLE_YET place.class");
    district_assert_said(&d, district_happen(&d, "T07", id, WAITLIST), "USE_PLACES type");
    district_assert_said(&d, district_happen(&d, "T07", id, LEAVE_LIST), "NOT_NOW type");
    district_assert_said(&d, district_happen(&d, "H1", id, DISPLACE), "USE_PLACES type");

    Referral__Reply *down =
        district_say(&d, "H1", REFERRAL__KIND__SUBMIT, district_sheet(&d, "H1", "T07", true, ROUTINE));

    district_assert_said(&d, down, "");
    district_assert_said(&d, district_happen(&d, "T07", down->referral_id, BOOK), "DOWN_NEVER_BOOKED type");
    district_close(&d);
}

/* As with a unit (Q12): nobody has failed to come before it begins. */
Test(event, q15_a_booking_without_a_unit_is_not_missed_before_its_time)
{
    struct district d;
    char *id;

    district_open(&d);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "");
    d.now.ms += 2 * HOUR_MS - 1;
    district_assert_said(&d, district_happen(&d, "H1", id, MISS), "BOOKING_NOT_NOW type");
    cr_assert_str_eq(district_state(&d, id), "BOOKED");
    d.now.ms++;
    district_assert_said(&d, district_happen(&d, "H1", id, MISS), "");
    cr_assert_str_eq(district_state(&d, id), "NO_SHOW");
    district_close(&d);
}

Test(event, q5_a_booking_without_a_unit_does_not_become_a_bed_before_acceptance)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Event *move, *book;

    district_assert_said(&d, district_happen(&d, "T07", id, BOOK), "");
    move = district_event(&d, id, MOVE);
    FIELD_SET(move->place, class_, REFERRAL__PLACE_CLASS__BED);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, move), "NOT_BOOKABLE_YET place.class");
    district_assert_said(&d, district_miss(&d, id), "");
    book = district_event(&d, id, BOOK);
    FIELD_SET(book->place, class_, REFERRAL__PLACE_CLASS__BED);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, book), "NOT_BOOKABLE_YET place.class");
    FIELD_SET(book->place, class_, REFERRAL__PLACE_CLASS__EXAM);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, book), "");
    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "");
    FIELD_SET(move->place, class_, REFERRAL__PLACE_CLASS__BED);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, move), "");
    district_close(&d);
}

/* H1 sells beds before it accepted anybody, and nothing else; it has a second department now. */
Test(event, q5_a_hospital_says_which_classes_are_booked_directly)
{
    Referral__Institution put = REFERRAL__INSTITUTION__INIT;
    Referral__Department one = REFERRAL__DEPARTMENT__INIT, other = REFERRAL__DEPARTMENT__INIT;
    Referral__Department *departments[] = {&one, &other};
    Referral__PlaceClass classes[] = {REFERRAL__PLACE_CLASS__BED};
    Referral__Event *event;
    struct district d;
    char *id;

    district_open(&d);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    put.id = put.name = "H1";
    FIELD_SET(&put, kind, REFERRAL__INSTITUTION_KIND__HOSPITAL);
    FIELD_SET(&put, tier, REFERRAL__TIER__COUNTY);
    put.consortium = "C1";
    one.code = one.name = "SURG";
    other.code = other.name = "CARD";
    put.departments = departments;
    put.n_departments = 2;
    FIELD_SET(&put, direct_booking_set, true);
    put.direct_booking = classes;
    put.n_direct_booking = 1;
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_INSTITUTION, &put), "");
    event = district_event(&d, id, BOOK);
    event->place->department = "NOWHERE";
    FIELD_SET(event->place, class_, REFERRAL__PLACE_CLASS__BED);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event),
                         "UNKNOWN_DEPARTMENT place.department");
    event->place->department = "CARD";
    FIELD_SET(event->place, class_, REFERRAL__PLACE_CLASS__EXPERT);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "NOT_BOOKABLE_YET place.class");
    FIELD_SET(event->place, class_, REFERRAL__PLACE_CLASS__BED);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "");
    put.n_direct_booking = 0; /* none */
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_INSTITUTION, &put), "");
    FIELD_SET(event, type, REFERRAL__EVENT_TYPE__EVENT_MOVE); /* what it has it may have at another time */
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "");
    FIELD_SET(event, type, REFERRAL__EVENT_TYPE__EVENT_BOOK);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    event->referral_id = id;
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "NOT_BOOKABLE_YET place.class");
    district_close(&d);
}

Test(event, l_a_redirection_sends_a_child_with_the_same_sheet_and_never_back)
{
    struct district d;
    Referral__Event *event;
    struct bytes sheet, child_sheet;
    struct id id, child_id;

    district_open(&d);
    char *first = district_refer(&d, "T07", "H1", EMERGENCY);

    event = district_event(&d, first, REDIRECT);
    event->receiver = "H1";
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "REDIRECT_BACK receiver");
    event->receiver = "nowhere";
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "UNKNOWN_RECEIVER receiver");
    event->receiver = "H2";
    event->department = "CARD";

    Referral__Reply *reply = district_say(&d, "H1", REFERRAL__KIND__EVENT, event);

    district_assert_said(&d, reply, "");
    cr_assert_str_eq(district_state(&d, first), "REDIRECTED");
    cr_assert_str_eq(district_inbox(&d, "H2"), "redirect/sheet");
    cr_assert_str_eq(last_notice(&d, "T07")->child_referral_id, reply->child_referral_id);
    const Record__Referral *child = district_row(&d, reply->child_referral_id);

    cr_assert_str_eq(child->sender, "T07");
    cr_assert_eq(child->hops, 1);
    event = district_event(&d, reply->child_referral_id, REDIRECT);
    event->receiver = "H1";
    district_assert_said(&d, district_say(&d, "H2", REFERRAL__KIND__EVENT, event), "REDIRECT_BACK receiver");
    event->receiver = "H3";
    Referral__Reply *second = district_say(&d, "H2", REFERRAL__KIND__EVENT, event);

    district_assert_said(&d, second, "");
    id_parse(first, "bd", &id);
    id_parse(second->child_referral_id, "bd", &child_id);
    struct store_txn *txn = district_read(&d);

    cr_assert(body_get(txn, id, 1, &sheet));
    cr_assert(referral_sheet(txn, child_id, referral_row(txn, child_id), 1, &child_sheet));
    cr_assert(bytes_equal(sheet, child_sheet));
    store_read_end(txn);
    district_close(&d);
}

Test(event, l_amend_stores_a_new_version_of_the_same_patients_sheet)
{
    struct district d;
    struct bytes body;
    struct id id;

    district_open(&d);
    char *first = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Sheet *sheet = district_sheet(&d, "T07", "H2", false, URGENT);
    Referral__Event *event = district_event(&d, first, AMEND);

    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "MISSING sheet");
    sheet->treatment = NULL;
    FIELD_SET(event, sheet, binary_pack(&d.keep, &sheet->base));
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event),
                         "FIXED sheet.receiver; FIXED sheet.priority; MISSING sheet.treatment");
    sheet = district_sheet(&d, "T07", "H1", false, ROUTINE);
    sheet->treatment = "more rest";
    FIELD_SET(event, sheet, binary_pack(&d.keep, &sheet->base));
    Referral__Reply *reply = district_say(&d, "T07", REFERRAL__KIND__EVENT, event);

    district_assert_said(&d, reply, "");
    cr_assert_eq(reply->sheet_version, 2);
    cr_assert_eq(reply->state, REFERRAL__STATE__SUBMITTED);
    cr_assert_eq(last_notice(&d, "H1")->sheet_version, 2);
    id_parse(first, "bd", &id);
    struct store_txn *txn = district_read(&d);

    cr_assert(body_get(txn, id, 1, &body));
    cr_assert(body_get(txn, id, 2, &body));
    cr_assert(bytes_equal(body, binary_bytes(event->sheet)));
    store_read_end(txn);
    district_close(&d);
}

static Referral__Reply *amend(struct district *d, const char *referral, const Referral__Sheet *sheet)
{
    Referral__Event *event = district_event(d, referral, AMEND);

    FIELD_SET(event, sheet, binary_pack(&d->keep, &sheet->base));
    return district_say(d, "T07", REFERRAL__KIND__EVENT, event);
}

/* F again: a team that is no longer active is replaced, or left out, with the next correction; an emergency waits for
 * neither (T7). */
Test(event, t6_an_amended_sheet_names_a_team_of_today_or_none)
{
    Referral__Team team = REFERRAL__TEAM__INIT;
    Referral__Person member = REFERRAL__PERSON__INIT, *members[] = {&member};
    Referral__Sheet *sheet;
    Referral__Reply *reply;
    struct district d;

    district_open(&d);
    district_team(&d, "T07");
    sheet = district_sheet(&d, "T07", "H1", false, ROUTINE);
    sheet->team_id = "TEAM7";
    reply = district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet);
    district_assert_said(&d, reply, "");
    member.name = "Sun Wei";
    team.id = team.name = "TEAM7";
    team.institution = "T07";
    team.members = members;
    team.n_members = 1;
    team.active_from = "2020-01-01";
    team.active_to = "2026-11-20"; /* yesterday */
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_TEAM, &team), "");
    sheet->patient->phone = "13900000009";
    district_assert_said(&d, amend(&d, reply->referral_id, sheet), "TEAM_INACTIVE sheet.team_id");
    sheet->team_id = NULL;
    district_assert_said(&d, amend(&d, reply->referral_id, sheet), "");
    cr_assert_null(district_row(&d, reply->referral_id)->team_id);
    district_close(&d);
}

/* T1: a department is its receiver's. The sheet that was passed on still names the first receiver, and a department of
 * that one. */
Test(event, l_a_redirected_sheet_is_amended_and_the_department_stays_the_new_receivers)
{
    static const char *const departments[] = {NULL, "NEURO"};
    Referral__Institution put = REFERRAL__INSTITUTION__INIT;
    Referral__Department neurology = REFERRAL__DEPARTMENT__INIT, *of_h2[] = {&neurology};
    struct district d;

    district_open(&d);
    neurology.code = neurology.name = "NEURO";
    put.id = put.name = "H2";
    put.consortium = "C1";
    FIELD_SET(&put, kind, REFERRAL__INSTITUTION_KIND__HOSPITAL);
    FIELD_SET(&put, tier, REFERRAL__TIER__COUNTY);
    put.departments = of_h2;
    put.n_departments = 1;
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_INSTITUTION, &put), "");
    for (size_t i = 0; i < sizeof departments / sizeof *departments; i++) {
        Referral__Event *event = district_event(&d, district_refer(&d, "T07", "H1", ROUTINE), REDIRECT);
        Referral__Sheet *sheet = district_sheet(&d, "T07", "H1", false, ROUTINE);

        event->receiver = "H2";
        event->department = arena_text(&d.keep, departments[i]);
        char *child = district_say(&d, "H1", REFERRAL__KIND__EVENT, event)->child_referral_id;

        sheet->treatment = "more rest";
        district_assert_said(&d, amend(&d, child, sheet), "");
        sheet->kind = REFERRAL__REFERRAL_KIND__EXAMINATION;
        district_assert_said(&d, amend(&d, child, sheet), "");
        const char *stays = district_row(&d, child)->department;

        cr_assert(stays == NULL ? departments[i] == NULL : strcmp(stays, departments[i]) == 0);
        sheet->receiver = NULL;
        district_assert_said(&d, amend(&d, child, sheet), "FIXED sheet.receiver; MISSING sheet.receiver");
        sheet->receiver = "H2";
        district_assert_said(&d, amend(&d, child, sheet), "UNKNOWN_DEPARTMENT sheet.department");
        sheet->department = "NEURO";
        district_assert_said(&d, amend(&d, child, sheet), "");
        cr_assert_str_eq(district_row(&d, child)->department, "NEURO");
    }
    district_close(&d);
}

/* The fields are judged again, the route is not (section 4); unless another question is put to the receiver. */
Test(event, t4_what_is_under_way_is_put_right_whoever_was_denied_since)
{
    struct district d;
    Referral__Relation relation = REFERRAL__RELATION__INIT;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Sheet *sheet = district_sheet(&d, "T07", "H1", false, ROUTINE);
    Referral__Event *event = district_event(&d, id, AMEND);

    relation.from = "T07";
    relation.to = "H1";
    FIELD_SET(&relation, deny, true);
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_RELATION, &relation), "");
    sheet->treatment = "more rest";
    FIELD_SET(event, sheet, binary_pack(&d.keep, &sheet->base));
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "");
    sheet->treatment = NULL;
    FIELD_SET(event, sheet, binary_pack(&d.keep, &sheet->base));
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "MISSING sheet.treatment");
    sheet->treatment = "more rest";
    sheet->kind = REFERRAL__REFERRAL_KIND__EXAMINATION;
    FIELD_SET(event, sheet, binary_pack(&d.keep, &sheet->base));
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "ROUTE_DENIED sheet.receiver");
    district_close(&d);
}

Test(event, f5_what_an_emergency_lacked_follows_whoever_was_denied_since)
{
    struct district d;
    Referral__Relation relation = REFERRAL__RELATION__INIT;

    district_open(&d);
    Referral__Sheet *sheet = district_sheet(&d, "T07", "H1", false, EMERGENCY);
    char *department = sheet->department;

    sheet->department = NULL;
    FIELD_CLEAR(sheet, kind);
    Referral__Reply *reply = district_say(&d, "T07", REFERRAL__KIND__SUBMIT, sheet);

    district_assert_said(&d, reply, "");
    relation.from = "T07";
    relation.to = "H1";
    FIELD_SET(&relation, deny, true);
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_RELATION, &relation), "");
    sheet->department = department;
    FIELD_SET(sheet, kind, REFERRAL__REFERRAL_KIND__INPATIENT);
    Referral__Event *event = district_event(&d, reply->referral_id, AMEND);

    FIELD_SET(event, sheet, binary_pack(&d.keep, &sheet->base));
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "");
    district_close(&d);
}

Test(event, l_void_is_the_originators_for_a_day_and_then_an_operators)
{
    struct district d;

    district_open(&d);
    char *first = district_refer(&d, "T07", "H1", ROUTINE), *second = district_refer(&d, "T07", "H1", ROUTINE);

    d.now = instant_after(d.now, DAY_MS - 1);
    district_assert_said(&d, district_happen(&d, "T07", first, ANNUL), "");
    d.now = instant_after(d.now, 1);
    district_assert_said(&d, district_happen(&d, "T07", second, ANNUL), "TOO_LATE type");
    district_drain(&d, "T07");
    district_drain(&d, "H1");
    district_assert_said(&d, district_happen(&d, "OPS", second, ANNUL), "");
    cr_assert_str_eq(district_state(&d, second), "VOID");
    cr_assert_str_eq(district_inbox(&d, "T07"), "void", "an operator's event is told to both");
    cr_assert_str_eq(district_inbox(&d, "H1"), "void");
    district_assert_said(&d, district_happen(&d, "OPS", second, ANNUL), "NOT_NOW type");
    district_close(&d);
}

Test(event, l_a_request_to_cancel_is_answered_yes_or_no)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Event *answer = district_event(&d, id, ANSWER_CANCEL);

    district_happen(&d, "H1", id, ARRIVE);
    district_happen(&d, "T07", id, REQUEST_CANCEL);
    answer->agreed = false;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, answer), "");
    cr_assert_str_eq(district_state(&d, id), "ARRIVED");
    district_happen(&d, "T07", id, REQUEST_CANCEL);
    answer->agreed = true;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, answer), "");
    cr_assert_str_eq(district_state(&d, id), "CANCELLED");
    district_close(&d);
}

/* L1 over the wire of the engine: every event by every party in every state that can be reached is a row or a refusal
 * that changes nothing; the table itself is tested exhaustively in rules. */
Test(event, l1_a_terminal_referral_stays_as_it_is)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    district_happen(&d, "T07", id, CANCEL);
    for (int event = ACKNOWLEDGE; event < EVENT_TABLE_COUNT; event++) {
        const char *said = district_said(&d, district_happen(&d, "T07", id, (enum event)event));

        cr_assert_str_neq(said, "", "%s by the sender", event_name((enum event)event));
        said = district_said(&d, district_happen(&d, "H1", id, (enum event)event));
        cr_assert_str_neq(said, "", "%s by the receiver", event_name((enum event)event));
    }
    cr_assert_str_eq(district_state(&d, id), "CANCELLED");
    district_close(&d);
}

Test(event, f5_an_amended_emergency_need_not_say_which_way_it_goes)
{
    struct district d;
    Referral__Relation relation = REFERRAL__RELATION__INIT;

    district_open(&d);
    Referral__Sheet *sheet = district_sheet(&d, "H1", "H2", false, EMERGENCY);

    FIELD_CLEAR(sheet, direction); /* it is lateral */
    Referral__Reply *reply = district_say(&d, "H1", REFERRAL__KIND__SUBMIT, sheet);

    district_assert_said(&d, reply, "");
    relation.from = "H1";
    relation.to = "H2";
    FIELD_SET(&relation, deny, true); /* it goes where it went, whoever was denied since */
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_RELATION, &relation), "");
    sheet->treatment = "thrombolysis begun";
    Referral__Event *event = district_event(&d, reply->referral_id, AMEND);

    FIELD_SET(event, sheet, binary_pack(&d.keep, &sheet->base));
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "");
    cr_assert_eq(district_row(&d, reply->referral_id)->sheet_version, 2);
    FIELD_CLEAR(sheet, priority);
    FIELD_SET(event, sheet, binary_pack(&d.keep, &sheet->base));
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event),
                         "MISSING sheet.direction; MISSING sheet.priority; EMERGENCY_ONLY sheet.emergency_category");
    cr_assert_eq(district_row(&d, reply->referral_id)->priority, EMERGENCY);
    district_close(&d);
}

/* A team may move on to another institution while its patient is still under way. */
Test(event, d8_all_who_were_told_are_remembered_once_each)
{
    struct district d;

    district_open(&d);
    district_team(&d, "T07");
    Referral__Sheet *sheet = district_sheet(&d, "V01", "H1", false, ROUTINE);

    sheet->team_id = "TEAM7";
    Referral__Reply *reply = district_say(&d, "V01", REFERRAL__KIND__SUBMIT, sheet);

    district_assert_said(&d, reply, "");
    district_assert_said(&d, district_happen(&d, "H1", reply->referral_id, REQUEST_INFO), "");
    district_assert_said(&d, district_happen(&d, "V01", reply->referral_id, SUPPLY_INFO), "");
    district_assert_said(&d, district_happen(&d, "H1", reply->referral_id, REQUEST_INFO), "");
    cr_assert_eq(district_row(&d, reply->referral_id)->n_told_numbers, 1);
    district_delegate(&d, "T08", "V01");
    district_team(&d, "T08");
    district_assert_said(&d, district_happen(&d, "H1", reply->referral_id, ACCEPT), "");
    district_assert_said(&d, district_happen(&d, "H1", reply->referral_id, ARRIVE), "");
    cr_assert_str_eq(district_inbox(&d, "T08"), "accept, arrive");

    const Record__Referral *row = district_row(&d, reply->referral_id);
    struct store_txn *txn = district_read(&d);

    cr_assert_eq(row->n_told_numbers, 2);
    cr_assert_eq(row->told_numbers[0], institution_row(txn, "T07")->number);
    cr_assert_eq(row->told_numbers[1], institution_row(txn, "T08")->number);
    store_read_end(txn);
    district_close(&d);
}
