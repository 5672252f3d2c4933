/* engine_life.c - what one event leaves behind for the next: states come back to, reasons of ends, families of
 * referrals (L1-L6, C3). */
#include "district.h"
#include "store/archive.h"

#define ROUTINE   REFERRAL__PRIORITY__ROUTINE
#define URGENT    REFERRAL__PRIORITY__URGENT
#define EMERGENCY REFERRAL__PRIORITY__EMERGENCY

static void amend(struct district *d, const char *referral, Referral__Priority priority)
{
    Referral__Event *event = district_event(d, referral, AMEND);

    FIELD_SET(event, sheet, binary_pack(&d->keep, &district_sheet(d, "T07", "H1", false, priority)->base));
    district_assert_said(d, district_say(d, "T07", REFERRAL__KIND__EVENT, event), "");
}

static void happens(struct district *d, const char *who, const char *referral, enum event event)
{
    const char *said = district_said(d, district_happen(d, who, referral, event));

    cr_assert_str_eq(said, "", "%s by %s: %s", event_name(event), who, said);
}

/* H1 sends the patient of `parent` down. */
static char *sent_down(struct district *d, const char *parent, const char *to)
{
    Referral__Sheet *sheet = district_sheet(d, "H1", to, true, ROUTINE);
    Referral__Reply *reply;

    sheet->parent_referral_id = arena_text(&d->keep, parent);
    reply = district_say(d, "H1", REFERRAL__KIND__SUBMIT, sheet);
    district_assert_said(d, reply, "");
    return reply->referral_id;
}

static char *reported(struct district *d)
{
    char *id = district_refer(d, "T07", "H1", ROUTINE);

    happens(d, "H1", id, ARRIVE);
    happens(d, "H1", id, REPORT);
    return id;
}

static size_t count_text(const char *text, const char *word)
{
    size_t count = 0;

    for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word))
        count++;
    return count;
}

Test(life, l_supplied_information_leads_back_to_where_it_was_whatever_came_between)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    happens(&d, "H1", id, ACCEPT);
    happens(&d, "H1", id, REQUEST_INFO);
    amend(&d, id, ROUTINE);
    happens(&d, "H1", id, ACKNOWLEDGE);
    cr_assert_str_eq(district_state(&d, id), "INFO_REQUESTED");
    happens(&d, "T07", id, SUPPLY_INFO);
    cr_assert_str_eq(district_state(&d, id), "ACCEPTED");
    district_close(&d);
}

Test(life, l_a_no_to_cancelling_leads_back_to_care_whatever_came_between)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", EMERGENCY);
    Referral__Event *answer = district_event(&d, id, ANSWER_CANCEL);

    happens(&d, "H1", id, ARRIVE);
    happens(&d, "H1", id, START);
    happens(&d, "T07", id, REQUEST_CANCEL);
    amend(&d, id, EMERGENCY);
    answer->agreed = false;
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, answer), "");
    cr_assert_str_eq(district_state(&d, id), "IN_CARE");
    district_close(&d);
}

Test(life, l_what_ends_by_a_granted_request_bears_the_reason_of_the_request)
{
    struct district d;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Event *request = district_event(&d, id, REQUEST_CANCEL), *answer = district_event(&d, id, ANSWER_CANCEL);

    happens(&d, "H1", id, ARRIVE);
    FIELD_SET(request, reason, REFERRAL__REASON__PATIENT_DIED);
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, request), "");
    answer->agreed = false;
    district_say(&d, "H1", REFERRAL__KIND__EVENT, answer);
    cr_assert(!district_row(&d, id)->has_reason, "nothing has ended");
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, request), "");
    answer->agreed = true;
    district_say(&d, "H1", REFERRAL__KIND__EVENT, answer);
    cr_assert_str_eq(district_state(&d, id), "CANCELLED");
    cr_assert_eq(district_row(&d, id)->reason, REFERRAL__REASON__PATIENT_DIED);
    district_close(&d);
}

Test(life, l6_what_ends_before_arrival_frees_its_place)
{
    struct district d;
    static const struct {
        const char *who;
        enum event event;
    } ends[] = {{"T07", CANCEL}, {"H1", REJECT}, {"H1", REDIRECT}, {"T07", ANNUL}};

    district_open(&d);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char *id = district_refer(&d, "T07", "H1", ROUTINE);
        Referral__Event *event;

        happens(&d, "T07", id, BOOK);
        cr_assert_not_null(district_row(&d, id)->place);
        event = district_event(&d, id, ends[i].event);
        if (ends[i].event == REDIRECT)
            event->receiver = "H2";
        district_assert_said(&d, district_say(&d, ends[i].who, REFERRAL__KIND__EVENT, event), "");
        cr_assert_null(district_row(&d, id)->place, "after %s", event_name(ends[i].event));
    }
    char *come = district_refer(&d, "T07", "H1", ROUTINE);

    happens(&d, "T07", come, BOOK);
    happens(&d, "H1", come, ARRIVE);
    cr_assert_not_null(district_row(&d, come)->place, "a place that is used stays");
    district_close(&d);
}

/* V01's referral with T07's team, sent by T07 for it. */
static char *referred_for_the_village(struct district *d)
{
    Referral__Sheet *sheet = district_sheet(d, "V01", "H1", false, ROUTINE);
    Batch__Command *command;
    Referral__Reply *reply;

    sheet->team_id = "TEAM7";
    command = district_command(d, "T07", REFERRAL__KIND__SUBMIT, "village", sheet);
    command->acting_for = "V01";
    reply = district_send(d, command);
    district_assert_said(d, reply, "");
    return reply->referral_id;
}

Test(life, l2_the_team_is_told_through_its_own_institutions_inbox)
{
    struct district d;

    district_open(&d);
    district_team(&d, "T07");
    char *id = referred_for_the_village(&d);

    happens(&d, "H1", id, ACCEPT);
    cr_assert_str_eq(district_inbox(&d, "V01"), "", "it is query-only");
    cr_assert_str_eq(district_inbox(&d, "T07"), "accept");
    happens(&d, "T07", id, CANCEL);
    cr_assert_str_eq(district_inbox(&d, "T07"), "accept", "who caused it is not told");
    district_assert_books(&d);
    district_close(&d);
}

Test(life, l2_the_team_is_told_what_another_submits_in_its_name)
{
    struct district d;

    district_open(&d);
    district_team(&d, "T07");
    Referral__Sheet *sheet = district_sheet(&d, "V01", "H1", false, ROUTINE);

    sheet->team_id = "TEAM7";
    Referral__Reply *reply = district_say(&d, "V01", REFERRAL__KIND__SUBMIT, sheet);

    district_assert_said(&d, reply, "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "submit");
    cr_assert_str_eq(district_inbox(&d, "H1"), "submit/sheet");
    cr_assert_eq(district_row(&d, reply->referral_id)->n_told_numbers, 1, "D8");
    district_assert_books(&d);
    district_close(&d);
}

/* An operator lets hospitals say for two days who came. */
Test(life, l_whoever_may_still_be_reported_has_not_expired)
{
    Referral__Setting setting = REFERRAL__SETTING__INIT;
    Referral__Event *event;
    struct instant end;
    struct district d;
    char *id;

    district_open(&d);
    setting.name = "no_show_after_ms";
    setting.value = "172800000";
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__PUT_SETTING, &setting), "");
    id = district_refer(&d, "T07", "H1", ROUTINE);
    happens(&d, "H1", id, ACCEPT);
    event = district_event(&d, id, BOOK);
    event->place->start_ms = d.now.ms + 20 * DAY_MS;
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "");
    end = instant_of(event->place->start_ms + HOUR_MS);
    d.now = instant_after(end, 2 * DAY_MS - 1);
    district_clock(&d);
    cr_assert_str_eq(district_state(&d, id), "BOOKED");
    d.now = instant_after(end, 2 * DAY_MS);
    district_clock(&d);
    cr_assert_str_eq(district_state(&d, id), "NO_SHOW");
    d.now = instant_after(end, 3 * DAY_MS);
    district_clock(&d);
    cr_assert_str_eq(district_state(&d, id), "EXPIRED", "a day to book again");
    district_close(&d);
}

static Referral__Reply *sent_down_to_the_team(struct district *d, const char *to)
{
    Referral__Sheet *sheet = district_sheet(d, "H1", to, true, ROUTINE);

    sheet->team_id = "TEAM7";
    return district_say(d, "H1", REFERRAL__KIND__SUBMIT, sheet);
}

/* T6: no hospital has a team; on the way down it names the one that the patient goes to. */
Test(life, t6_a_patient_comes_down_to_a_team_of_the_receivers)
{
    struct district d;
    Referral__Reply *down;

    district_open(&d);
    district_team(&d, "T07");
    district_assert_said(&d, sent_down_to_the_team(&d, "T08"), "UNKNOWN_TEAM team_id");
    down = sent_down_to_the_team(&d, "T07");
    district_assert_said(&d, down, "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "submit/sheet");
    happens(&d, "T07", down->referral_id, CONFIRM_RECEIPT);
    cr_assert_str_eq(district_inbox(&d, "T07"), "submit/sheet");
    district_drain(&d, "T07");

    down = sent_down_to_the_team(&d, "V01");
    district_assert_said(&d, down, "");
    cr_assert_str_eq(district_inbox(&d, "T07"), "submit", "whose village it is");
    happens(&d, "H1", down->referral_id, CANCEL);
    cr_assert_str_eq(district_inbox(&d, "T07"), "submit, cancel");
    down = sent_down_to_the_team(&d, "V01");
    happens(&d, "T07", down->referral_id, CONFIRM_RECEIPT);
    cr_assert_str_eq(district_inbox(&d, "T07"), "submit, cancel, submit", "who caused it is not told");
    district_assert_books(&d);
    district_close(&d);
}

Test(life, p2_a_team_whose_institution_no_longer_acts_for_the_sender_is_told_nothing)
{
    struct district d;
    Referral__Delegation delegation = REFERRAL__DELEGATION__INIT;

    district_open(&d);
    district_team(&d, "T07");
    char *id = referred_for_the_village(&d);

    delegation.agent = "T07";
    delegation.principal = "V01";
    district_assert_said(&d, district_say(&d, "OPS", REFERRAL__KIND__DELETE_DELEGATION, &delegation), "");
    happens(&d, "H1", id, ACCEPT);
    cr_assert_str_eq(district_inbox(&d, "T07"), "");
    district_close(&d);
}

Test(life, l1_what_a_down_referral_never_does_is_answered_with_its_state_and_what_may_be_done)
{
    struct district d;
    static const enum event events[] = {BOOK, WAITLIST, MOVE};

    district_open(&d);
    Referral__Reply *down =
        district_say(&d, "H1", REFERRAL__KIND__SUBMIT, district_sheet(&d, "H1", "T07", true, ROUTINE));

    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        Referral__Reply *reply = district_happen(&d, "H1", down->referral_id, events[i]);

        district_assert_said(&d, reply, "DOWN_NEVER_BOOKED type");
        cr_assert_eq(reply->refusals[0]->state, REFERRAL__STATE__SUBMITTED);
        cr_assert_gt(reply->refusals[0]->n_allowed_events, 0);
        cr_assert_str_eq(reply->refusals[0]->next_actor, "broker");
    }
    char *up = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Reply *reply = district_happen(&d, "T07", up, WAITLIST);

    district_assert_said(&d, reply, "USE_PLACES type");
    cr_assert_eq(reply->refusals[0]->state, REFERRAL__STATE__SUBMITTED);
    district_close(&d);
}

Test(life, l_a_return_starts_the_wait_for_its_receipt_anew)
{
    struct district d;

    district_open(&d);
    char *id = reported(&d);

    d.now = instant_after(d.now, 23 * HOUR_MS);
    sent_down(&d, id, "T08");
    cr_assert_eq(district_row(&d, id)->clock_kind, CLOCK_RECEIPT);
    cr_assert_eq(district_row(&d, id)->clock_due_ms, d.now.ms + 3 * DAY_MS);
    district_drain(&d, "T08");
    d.now = instant_after(d.now, DAY_MS);
    district_clock(&d);
    cr_assert_eq(count_text(district_inbox(&d, "T08"), "reminder"), 1, "%s", district_inbox(&d, "T08"));
    district_close(&d);
}

Test(life, l4_a_return_that_failed_has_cured_nothing)
{
    struct district d;

    district_open(&d);
    char *id = reported(&d), *down = sent_down(&d, id, "T08");

    d.now = instant_after(d.now, 3 * DAY_MS);
    district_clock(&d);
    cr_assert(district_row(&d, id)->clock_escalated);
    district_drain(&d, "T07");
    happens(&d, "T08", down, REJECT);
    cr_assert_str_eq(district_state(&d, id), "REPORTED");
    cr_assert_str_eq(district_inbox(&d, "T07"), "return-failed");
    cr_assert(!district_row(&d, id)->clock_escalated, "the wait begins anew");
    district_close(&d);
}

Test(life, c3_a_down_referral_that_is_due_ends_before_its_parent_is_touched)
{
    struct district d;

    district_open(&d);
    char *id = reported(&d), *down = sent_down(&d, id, "T08");

    d.now = instant_after(d.now, 14 * DAY_MS);
    district_assert_said(&d, district_happen(&d, "T08", id, CONFIRM_RECEIPT), "NOT_FOUND referral_id");
    cr_assert_str_eq(district_state(&d, down), "EXPIRED");
    cr_assert_str_eq(district_state(&d, id), "REPORTED");
    /* The next one may go down at once. */
    sent_down(&d, id, "T07");
    cr_assert_str_eq(district_state(&d, id), "RETURNED");
    district_assert_books(&d);
    district_close(&d);
}

Test(life, l5_who_confirms_the_parent_and_received_the_down_referral_has_taken_it_over)
{
    struct district d;

    district_open(&d);
    char *id = reported(&d), *down = sent_down(&d, id, "T08");

    happens(&d, "T08", id, CONFIRM_RECEIPT);
    cr_assert_str_eq(district_state(&d, id), "CLOSED");
    cr_assert_str_eq(district_state(&d, down), "CLOSED");

    char *own = reported(&d), *back = sent_down(&d, own, "T07");

    happens(&d, "T07", own, CONFIRM_RECEIPT);
    cr_assert_str_eq(district_state(&d, back), "CLOSED", "the sender is its receiver");

    char *other = reported(&d), *elsewhere = sent_down(&d, other, "T08");

    happens(&d, "T07", other, CONFIRM_RECEIPT);
    cr_assert_str_eq(district_state(&d, elsewhere), "SUBMITTED", "somebody else still has to take it over");
    happens(&d, "T08", elsewhere, CONFIRM_RECEIPT);
    cr_assert_str_eq(district_state(&d, other), "CLOSED");
    district_assert_books(&d);
    district_close(&d);
}

Test(life, d6_a_full_store_takes_neither_new_versions_nor_redirections)
{
    struct district d;
    Referral__Event *event;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    d.full = true;
    event = district_event(&d, id, AMEND);
    FIELD_SET(event, sheet, binary_pack(&d.keep, &district_sheet(&d, "T07", "H1", false, ROUTINE)->base));
    Referral__Reply *reply = district_say(&d, "T07", REFERRAL__KIND__EVENT, event);

    district_assert_said(&d, reply, "DISK_FULL");
    cr_assert_gt(reply->refusals[0]->retry_after_ms, 0);
    event = district_event(&d, id, REDIRECT);
    event->receiver = "H2";
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "DISK_FULL");
    happens(&d, "T07", id, CANCEL);
    district_close(&d);
}

static void set_cap(struct district *d, const char *institution, const char *messages)
{
    Referral__Setting setting = REFERRAL__SETTING__INIT;

    setting.name = "inbox_messages_max";
    setting.institution = arena_text(&d->keep, institution);
    setting.value = arena_text(&d->keep, messages);
    district_assert_said(d, district_say(d, "OPS", REFERRAL__KIND__PUT_SETTING, &setting), "");
}

Test(life, d6_a_redirection_is_a_new_submission_to_the_next_inbox)
{
    struct district d;
    Referral__Event *event;

    district_open(&d);
    char *id = district_refer(&d, "T07", "H1", ROUTINE);

    set_cap(&d, "H2", "1");
    district_refer(&d, "T07", "H2", ROUTINE);
    event = district_event(&d, id, REDIRECT);
    event->receiver = "H2";
    Referral__Reply *reply = district_say(&d, "H1", REFERRAL__KIND__EVENT, event);

    district_assert_said(&d, reply, "INBOX_FULL");
    cr_assert_gt(reply->refusals[0]->retry_after_ms, 0);
    cr_assert_str_eq(district_state(&d, id), "SUBMITTED");
    district_drain(&d, "H2");
    district_assert_said(&d, district_say(&d, "H1", REFERRAL__KIND__EVENT, event), "");
    district_close(&d);
}

Test(life, l1_a_return_out_of_order_is_answered_with_the_parents_state)
{
    struct district d;

    district_open(&d);
    Referral__Sheet *sheet = district_sheet(&d, "H1", "T07", true, ROUTINE);

    sheet->parent_referral_id = district_refer(&d, "T07", "H1", ROUTINE);
    Referral__Reply *reply = district_say(&d, "H1", REFERRAL__KIND__SUBMIT, sheet);

    district_assert_said(&d, reply, "NOT_RETURNABLE parent_referral_id");
    cr_assert_eq(reply->refusals[0]->state, REFERRAL__STATE__SUBMITTED);
    cr_assert_gt(reply->refusals[0]->n_allowed_events, 0);
    cr_assert_str_eq(reply->refusals[0]->next_actor, "broker");
    district_close(&d);
}

/* The disk gives it back no more: whoever amends it is refused, and the broker lives on. */
Test(life, d2_a_sheet_that_cannot_be_read_is_not_amended)
{
    Referral__Event *event;
    struct store_turn turn;
    struct store_txn *txn;
    struct district d;
    struct id id;
    char *text;

    district_open(&d);
    text = district_refer(&d, "T07", "H1", ROUTINE);
    cr_assert(id_parse(text, store_identity(d.store)->short_name, &id));
    turn = (struct store_turn){.index = store_mark(d.store).index + 1, .time = d.now};
    cr_assert_eq(store_turn_begin(d.store, &d.turn, &txn), 0);
    archive_delete_sheets(txn, id);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
    event = district_event(&d, text, AMEND);
    FIELD_SET(event, sheet, binary_pack(&d.keep, &district_sheet(&d, "T07", "H1", false, ROUTINE)->base));
    district_assert_said(&d, district_say(&d, "T07", REFERRAL__KIND__EVENT, event), "FAILED sheet");
    district_close(&d);
}
