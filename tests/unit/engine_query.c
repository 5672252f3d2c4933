/* What may be asked, and what is answered about one referral: visibility and timeline (P2). */
#include "ask.h"

#include "store/search.h"

#define ROUTINE    REFERRAL__PRIORITY__ROUTINE
#define KIND(name) REFERRAL__KIND__##name

/* "submit delivery-confirmed accept" */
static const char *events(struct district *d, const Referral__ReferralView *view)
{
    const char *text = "";

    for (size_t i = 0; i < view->n_timeline; i++)
        text =
            arena_format(&d->keep, "%s%s%s", text, i > 0 ? " " : "", event_name((enum event)view->timeline[i]->event));
    return text;
}

Test(query, p2_not_yours_and_does_not_exist_answer_alike)
{
    static const Referral__Kind kinds[] = {KIND(GET_REFERRAL), KIND(GET_JOURNEY), KIND(WHY)};
    struct district d;
    char *ids[5];

    district_open(&d);
    ids[0] = district_refer(&d, "T07", "H1", ROUTINE);
    ids[1] = "bd-1-1-1";
    ids[2] = "nonsense";
    ids[3] = "";
    ids[4] = arena_format(&d.keep, "%s0", ids[0]);
    for (size_t k = 0; k < 3; k++) {
        Referral__ReferralQuery query = about(ids[0]);

        cr_expect_str_eq(ask_said(&d, "T07", kinds[k], &query), "");
        cr_expect_str_eq(ask_said(&d, "H1", kinds[k], &query), "");
        cr_expect_str_eq(ask_said(&d, "OPS", kinds[k], &query), "");
        for (size_t i = 0; i < 5; i++) {
            query = about(ids[i]);
            cr_expect_str_eq(ask_said(&d, "T08", kinds[k], &query), "NOT_FOUND", "%zu", i);
        }
    }
    district_close(&d);
}

Test(query, p2_one_that_acts_for_another_sees_what_that_one_sent)
{
    Referral__ReferralQuery query;
    struct district d;
    struct stage stage;
    char *id;

    district_open(&d);
    stage_init(&stage);
    id = district_refer(&d, "V01", "H1", ROUTINE);
    query = about(id);
    cr_assert_str_eq(ask_said(&d, "T07", KIND(GET_REFERRAL), &query), "");
    cr_assert_str_eq(ask_said(&d, "T08", KIND(GET_REFERRAL), &query), "NOT_FOUND");
    district_assert_said(&d, ask_full(&d, &stage, "T07", "V01", KIND(GET_REFERRAL), wire_pack(&query.base, &d.keep)),
                         "");
    district_assert_said(&d, ask_full(&d, &stage, "T08", "V01", KIND(GET_REFERRAL), wire_pack(&query.base, &d.keep)),
                         "WRONG_SENDER acting_for");
    district_assert_said(&d, ask_full(&d, &stage, "T08", "NOBODY", KIND(GET_REFERRAL), wire_pack(&query.base, &d.keep)),
                         "WRONG_SENDER acting_for");
    district_close(&d);
}

/* T5: a delegation is its agent's, and not theirs who act for the agent. */
Test(query, p2_one_that_acts_for_another_sees_nothing_of_whom_that_one_acts_for)
{
    Referral__InboxQuery inbox = REFERRAL__INBOX_QUERY__INIT;
    Referral__ReferralQuery query;
    struct district d;
    struct stage stage;
    struct bytes body;

    district_open(&d);
    stage_init(&stage);
    district_delegate(&d, "T08", "T07");
    query = about(district_refer(&d, "T07", "H1", ROUTINE));
    body = wire_pack(&query.base, &d.keep);
    district_assert_said(&d, ask_full(&d, &stage, "T08", "T07", KIND(GET_REFERRAL), body), "");
    query = about(district_refer(&d, "V01", "H1", ROUTINE));
    body = wire_pack(&query.base, &d.keep);
    district_assert_said(&d, ask_full(&d, &stage, "T08", NULL, KIND(GET_REFERRAL), body), "NOT_FOUND");
    district_assert_said(&d, ask_full(&d, &stage, "T08", "T07", KIND(GET_REFERRAL), body), "NOT_FOUND");
    inbox.institution = "V01";
    body = wire_pack(&inbox.base, &d.keep);
    district_assert_said(&d, ask_full(&d, &stage, "T07", NULL, KIND(LIST_INBOX), body), "");
    district_assert_said(&d, ask_full(&d, &stage, "T08", "T07", KIND(LIST_INBOX), body), "NOT_FOUND institution");
    district_close(&d);
}

Test(query, p2_an_unknown_key_learns_nothing)
{
    Referral__ReferralQuery query;
    struct district d;

    district_open(&d);
    query = about(district_refer(&d, "T07", "H1", ROUTINE));
    cr_assert_str_eq(ask_said(&d, "STRANGER", KIND(GET_REFERRAL), &query), "NOT_ALLOWED");
    cr_assert_str_eq(ask_said(&d, "T07", KIND(LIST_AUDIT), &query), "NOT_ALLOWED");
    cr_assert_str_eq(ask_said(&d, "T07", (Referral__Kind)4711, &query), "NOT_ALLOWED");
    cr_assert_str_eq(ask_said(&d, "T07", KIND(SUBMIT), &query), "BAD_KIND", "a command is no question");
    district_close(&d);
}

Test(query, f2_a_malformed_question_is_refused_by_field)
{
    Referral__ReferralQuery query = REFERRAL__REFERRAL_QUERY__INIT;
    struct district d;
    struct stage stage;

    district_open(&d);
    stage_init(&stage);
    cr_assert_str_eq(ask_said(&d, "T07", KIND(GET_REFERRAL), &query), "MISSING referral_id");
    query.referral_id = "x";
    query.message_id = "y";
    cr_assert_str_eq(ask_said(&d, "T07", KIND(GET_REFERRAL), &query), "NOT_EXPECTED referral_id");
    query.message_id = "\xff";
    cr_assert(strstr(ask_said(&d, "T07", KIND(GET_REFERRAL), &query), "BAD_TEXT message_id") != NULL);
    district_assert_said(&d, ask_full(&d, &stage, "T07", NULL, KIND(GET_REFERRAL), bytes_text("\x0a\xff")), "BAD_BODY");
    district_close(&d);
}

Test(query, d1_a_referral_is_found_by_its_senders_own_numbers)
{
    Referral__ReferralQuery query = REFERRAL__REFERRAL_QUERY__INIT;
    Referral__ReferralView *view;
    Batch__Command *command;
    struct district d;
    char *id, *second;

    district_open(&d);
    command = district_command(&d, "T07", KIND(SUBMIT), "my-1", district_sheet(&d, "T07", "H1", false, ROUTINE));
    id = district_send(&d, command)->referral_id;
    query.message_id = "my-1";
    view = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    cr_assert_str_eq(view->summary->referral_id, id);
    cr_assert_str_eq(ask_said(&d, "H1", KIND(GET_REFERRAL), &query), "NOT_FOUND", "another's message id");
    query.message_id = "my-2";
    cr_assert_str_eq(ask_said(&d, "T07", KIND(GET_REFERRAL), &query), "NOT_FOUND");

    query.message_id = NULL;
    query.sender_reference = "ref-1";
    view = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    cr_assert_str_eq(view->summary->referral_id, id);
    cr_assert_str_eq(view->summary->sender_reference, "ref-1");
    second = district_refer(&d, "T07", "H2", ROUTINE);
    cr_assert_gt(search_advance(d.store, &d.turn, 1), 0);
    view = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    cr_assert_str_eq(view->summary->referral_id, second, "the newest with this number");
    cr_assert_str_eq(ask_said(&d, "H1", KIND(GET_REFERRAL), &query), "NOT_FOUND", "another's number");
    district_close(&d);
}

/* `count` referrals of T07's in one turn, of which nothing is known but their references. */
static void refer_unindexed(struct district *d, uint16_t count)
{
    struct store_turn turn = {.index = store_mark(d->store).index + 1, .time = d->now};
    struct store_txn *txn;

    arena_reset(&d->turn, 1 << 20);
    cr_assert_eq(store_turn_begin(d->store, &d->turn, &txn), 0);
    for (uint16_t i = 0; i < count; i++) {
        struct id id = {.incarnation = store_identity(d->store)->incarnation, .index = turn.index, .ordinal = i};
        Record__Referral row = RECORD__REFERRAL__INIT;
        char reference[32];

        snprintf(reference, sizeof reference, "many-%u", i);
        FIELD_SET(&row, sender_number, institution_row(txn, "T07")->number);
        row.sender_reference = reference;
        referral_row_add(txn, id, &row);
    }
    cr_assert_eq(store_turn_end(txn, &turn), 0);
}

/* After a rebuild of the index there is much that it does not know yet: "not found", or an older one, would be a guess. */
Test(query, d1_what_the_index_has_not_reached_is_asked_for_again)
{
    Referral__ReferralQuery query = REFERRAL__REFERRAL_QUERY__INIT;
    Referral__Reply *reply;
    Referral__ReferralView *view;
    struct stage stage;
    struct district d;
    char *newest;

    district_open(&d);
    stage_init(&stage);
    district_refer(&d, "T07", "H1", ROUTINE);
    refer_unindexed(&d, 10000);
    newest = district_refer(&d, "T07", "H2", ROUTINE);
    for (int i = 0; i < 2; i++) {
        query.sender_reference = i == 0 ? "nowhere" : "ref-1";
        reply = ask_full(&d, &stage, "T07", NULL, KIND(GET_REFERRAL), wire_pack(&query.base, &d.keep));
        cr_assert_str_eq(district_said(&d, reply), "BUSY", "%s", query.sender_reference);
        cr_assert_gt(reply->refusals[0]->retry_after_ms, 0);
    }
    do
        arena_reset(&d.turn, 1 << 20);
    while (search_advance(d.store, &d.turn, 2000) > 0);
    view = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    cr_assert_str_eq(view->summary->referral_id, newest);
    query.sender_reference = "nowhere";
    cr_assert_str_eq(ask_said(&d, "T07", KIND(GET_REFERRAL), &query), "NOT_FOUND");
    district_close(&d);
}

Test(query, p2_operators_see_states_times_and_contacts_but_no_text)
{
    Referral__ReferralView *mine, *theirs;
    Referral__ReferralQuery query;
    struct district d;
    char *id;

    district_open(&d);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_drain(&d, "H1");
    district_assert_said(&d, district_happen(&d, "H1", id, REQUEST_INFO), "");
    query = about(id);
    mine = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    theirs = ask(&d, "OPS", KIND(GET_REFERRAL), &query);
    cr_assert_str_eq(events(&d, mine), "submit delivery-confirmed request-info");
    cr_assert_str_eq(events(&d, theirs), events(&d, mine));
    cr_assert_str_eq(mine->timeline[2]->text, "more");
    cr_assert_null(theirs->timeline[2]->text);
    cr_assert_str_eq(mine->summary->sender_reference, "ref-1");
    cr_assert_null(theirs->summary->sender_reference);
    cr_assert_null(((Referral__ReferralView *)ask(&d, "H1", KIND(GET_REFERRAL), &query))->summary->sender_reference);
    cr_assert_eq(theirs->summary->state, REFERRAL__STATE__INFO_REQUESTED);
    cr_assert_str_eq(theirs->receiver_contact->name, "contact of H1");
    cr_assert_str_eq(theirs->sender_contact->name, "contact of T07");
    district_close(&d);
}

Test(query, l1_the_view_says_what_the_asker_may_do_now)
{
    Referral__ReferralView *view;
    Referral__ReferralQuery query;
    struct district d;
    bool may_accept = false, may_cancel = false;

    district_open(&d);
    query = about(district_refer(&d, "T07", "H1", ROUTINE));
    view = ask(&d, "H1", KIND(GET_REFERRAL), &query);
    for (size_t i = 0; i < view->n_allowed_events; i++) {
        may_accept = may_accept || view->allowed_events[i] == REFERRAL__EVENT_TYPE__EVENT_ACCEPT;
        may_cancel = may_cancel || view->allowed_events[i] == REFERRAL__EVENT_TYPE__EVENT_CANCEL;
    }
    cr_assert(may_accept && !may_cancel);
    cr_assert_str_eq(view->summary->next_actor, "broker");
    district_close(&d);
}

Test(query, d5_the_timeline_tells_every_delivery_attempt)
{
    Batch__Returned returned = BATCH__RETURNED__INIT;
    Referral__ReferralView *view;
    Referral__ReferralQuery query;
    ProtobufCBinaryData ids[64];
    struct district d;
    char *id;

    district_open(&d);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(district_waiting(&d, "H1", ids), 1);
        returned.n_delivery_ids = 1;
        returned.delivery_ids = ids;
        district_say(&d, NULL, BATCH__INTERNAL__DELIVERY_TIMEOUT, &returned);
        d.now = instant_after(d.now, HOUR_MS);
    }
    district_drain(&d, "H1");
    query = about(id);
    view = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    cr_assert_str_eq(events(&d, view), "submit delivery-failed delivery-failed delivery-confirmed");
    cr_assert_eq(view->timeline[2]->attempt, 2);
    cr_assert_eq(view->timeline[3]->attempt, 3);
    cr_assert_str_eq(view->timeline[3]->destination, "H1");
    cr_assert_eq(view->timeline[3]->from_state, REFERRAL__STATE__SUBMITTED);
    cr_assert_eq(view->timeline[3]->state, REFERRAL__STATE__DELIVERED);
    cr_assert_eq(view->delivered_at_ms, d.now.ms);
    district_close(&d);
}

Test(query, d4_delivery_after_the_end_leaves_the_state)
{
    Referral__ReferralView *view;
    Referral__ReferralQuery query;
    struct district d;
    char *id;

    district_open(&d);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL), "");
    d.now = instant_after(d.now, HOUR_MS);
    district_drain(&d, "H1");
    query = about(id);
    view = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    cr_assert_str_eq(events(&d, view), "submit cancel delivery-confirmed");
    cr_assert_eq(view->timeline[2]->from_state, REFERRAL__STATE__CANCELLED);
    cr_assert_eq(view->timeline[2]->state, REFERRAL__STATE__CANCELLED);
    district_close(&d);
}

Test(query, f5_an_emergency_that_said_no_kind_has_none)
{
    Referral__ReferralQuery query;
    Referral__Sheet *sheet;
    Referral__Reply *reply;
    struct district d;

    district_open(&d);
    sheet = district_sheet(&d, "T07", "H1", false, REFERRAL__PRIORITY__EMERGENCY);
    sheet->has_kind = false;
    reply = district_say(&d, "T07", KIND(SUBMIT), sheet);
    district_assert_said(&d, reply, "");
    query = about(reply->referral_id);
    cr_assert(!((Referral__ReferralView *)ask(&d, "H1", KIND(GET_REFERRAL), &query))->summary->has_kind);
    district_close(&d);
}

/* One instant holds many turns, and a turn many commands. */
Test(query, d4_what_ended_in_the_instant_of_its_delivery_was_never_delivered_before)
{
    Referral__ReferralView *view;
    Referral__ReferralQuery query;
    struct district d;
    char *id;

    district_open(&d);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "T07", id, CANCEL), "");
    district_drain(&d, "H1");
    query = about(id);
    view = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    cr_assert_str_eq(events(&d, view), "submit cancel delivery-confirmed");
    cr_assert_eq(view->timeline[1]->from_state, REFERRAL__STATE__SUBMITTED);
    cr_assert_eq(view->timeline[2]->state, REFERRAL__STATE__CANCELLED);
    query = about(district_refer(&d, "T07", "H1", ROUTINE));
    district_drain(&d, "H1");
    district_assert_said(&d, district_happen(&d, "T07", query.referral_id, CANCEL), "");
    view = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    cr_assert_str_eq(events(&d, view), "submit delivery-confirmed cancel");
    district_close(&d);
}

static const Referral__TimelineEntry *last_entry(struct district *d, const char *who, char *referral)
{
    Referral__ReferralQuery query = about(referral);
    const Referral__ReferralView *view = ask(d, who, KIND(GET_REFERRAL), &query);

    return view->timeline[view->n_timeline - 1];
}

Test(query, l_the_timeline_says_how_it_was_closed_and_where_it_went_on)
{
    Referral__Event *event;
    Referral__Reply *reply;
    Referral__Sheet *sheet;
    struct district d;
    char *id;

    district_open(&d);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "H1", id, ARRIVE), "");
    district_assert_said(&d, district_happen(&d, "H1", id, REPORT), "");
    event = district_event(&d, id, CLOSE);
    event->close_code = REFERRAL__CLOSE_CODE__DIED;
    district_assert_said(&d, district_say(&d, "H1", KIND(EVENT), event), "");
    cr_assert_eq(last_entry(&d, "T07", id)->close_code, REFERRAL__CLOSE_CODE__DIED);

    id = district_refer(&d, "T07", "H1", ROUTINE);
    event = district_event(&d, id, REDIRECT);
    event->receiver = "H2";
    reply = district_say(&d, "H1", KIND(EVENT), event);
    district_assert_said(&d, reply, "");
    cr_assert(!last_entry(&d, "T07", id)->has_close_code);
    cr_assert_str_eq(last_entry(&d, "T07", id)->child_referral_id, reply->child_referral_id);
    id = reply->child_referral_id;
    district_assert_said(&d, district_happen(&d, "H2", id, ARRIVE), "");
    sheet = district_sheet(&d, "H2", "T07", true, ROUTINE);
    sheet->parent_referral_id = id;
    reply = district_say(&d, "H2", KIND(SUBMIT), sheet);
    district_assert_said(&d, reply, "");
    cr_assert_str_eq(last_entry(&d, "T07", id)->child_referral_id, reply->referral_id);
    district_close(&d);
}

/* Two hundred and fifty acknowledgements of a person fill more than a page. */
Test(query, p2_a_long_timeline_comes_in_pages_and_tells_each_entry_once)
{
    Referral__ReferralQuery query;
    Referral__ReferralView *view;
    struct district d;
    size_t told = 0, pages = 0;
    int64_t last = 0;
    char *id;

    district_open(&d);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    d.now = instant_after(d.now, 1);
    district_drain(&d, "H1");
    for (int i = 0; i < 250; i++) {
        d.now = instant_after(d.now, 1);
        district_assert_said(&d, district_happen(&d, "H1", id, ACKNOWLEDGE), "");
    }
    query = about(id);
    do {
        view = ask(&d, "T07", KIND(GET_REFERRAL), &query);
        cr_assert_leq(view->n_timeline, LIMIT_PAGE_ROWS + 2);
        for (size_t i = 0; i < view->n_timeline; i++) {
            cr_assert(view->timeline[i]->at_ms > last || told == 0);
            last = view->timeline[i]->at_ms;
            told++;
        }
        query.cursor = view->next;
        query.has_cursor = view->has_next;
        pages++;
    } while (view->has_next);
    cr_assert_eq(told, 252);
    cr_assert_eq(pages, 2);
    district_close(&d);
}

Test(query, d3_the_view_shows_what_waits_at_both_parties)
{
    Referral__ReferralView *view;
    Referral__ReferralQuery query;
    struct district d;
    char *id;

    district_open(&d);
    district_refer(&d, "T08", "H1", ROUTINE);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    district_refer(&d, "T08", "H1", ROUTINE);
    query = about(id);
    view = ask(&d, "T07", KIND(GET_REFERRAL), &query);
    cr_assert_eq(view->n_waiting, 1);
    cr_assert_str_eq(view->waiting[0]->institution, "H1");
    cr_assert_eq(view->waiting[0]->kind, REFERRAL__DELIVERY_KIND__SHEET);
    cr_assert(!view->waiting[0]->has_delivery_id, "another's to acknowledge");
    district_assert_said(&d, district_happen(&d, "H1", id, ACCEPT), "");
    view = ask(&d, "H1", KIND(GET_REFERRAL), &query);
    cr_assert_eq(view->n_waiting, 2);
    cr_assert(view->waiting[0]->has_delivery_id);
    cr_assert_str_eq(view->waiting[1]->institution, "T07");
    cr_assert_eq(view->waiting[1]->event, REFERRAL__EVENT_TYPE__EVENT_ACCEPT);
    district_close(&d);
}
