/* Who is connected, who waits longest, and what became of a message (P2, D1, D4, L4). */
#include "ask.h"

#define ROUTINE    REFERRAL__PRIORITY__ROUTINE
#define URGENT     REFERRAL__PRIORITY__URGENT
#define EMERGENCY  REFERRAL__PRIORITY__EMERGENCY
#define KIND(name) REFERRAL__KIND__##name

/* Two of H1's, then one of T07's. */
static void connect_three(struct district *d, struct stage *stage)
{
    static const uint8_t key[32] = {[0] = 7, [31] = 9};
    static const char *const whose[] = {"H1", "H1", "T07"};
    struct store_txn *txn = district_read(d);

    stage_init(stage);
    for (size_t i = 0; i < 3; i++) {
        struct live_session *session = &stage->sessions[stage->session_count++];

        *session = (struct live_session){.epoch = 10 + i, .key = key, .client_name = "his", .client_version = "1.2"};
        session->speaker.number = institution_row(txn, whose[i])->number;
        session->speaker.roles = 1U << REFERRAL__ROLE__RECEIVE;
        snprintf(session->speaker.institution, sizeof session->speaker.institution, "%s", whose[i]);
        session->connected_at = d->now;
        session->heard_at = instant_after(d->now, 5);
        session->receives = true;
        session->credit = -1;
        session->in_flight = 3;
        session->unanswered = 2;
    }
    store_read_end(txn);
}

Test(live, d4_sessions_are_listed_oldest_first_page_by_page)
{
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    Referral__SessionList *list;
    struct stage stage;
    struct district d;

    district_open(&d);
    connect_three(&d, &stage);
    FIELD_SET(&query, rows, 2);
    list = ask_on(&d, &stage, "OPS", KIND(LIST_SESSIONS), &query);
    cr_assert_eq(list->n_sessions, 2);
    cr_assert_str_eq(list->sessions[0]->institution, "H1");
    cr_assert_eq(list->sessions[0]->public_key.len, 32, "LIST_KEYS and REVOKE_KEY name it so");
    cr_assert_eq(list->sessions[0]->public_key.data[31], 9);
    cr_assert_str_eq(list->sessions[0]->client_name, "his");
    cr_assert_eq(list->sessions[0]->credit, -1);
    cr_assert_eq(list->sessions[0]->in_flight, 3);
    cr_assert_eq(list->sessions[0]->unanswered, 2);
    cr_assert_eq(list->sessions[0]->heard_at_ms, d.now.ms + 5);
    cr_assert_eq(list->sessions[0]->n_roles, 1);
    cr_assert(list->has_next);
    query.has_cursor = true;
    query.cursor = list->next;
    list = ask_on(&d, &stage, "OPS", KIND(LIST_SESSIONS), &query);
    cr_assert_eq(list->n_sessions, 1);
    cr_assert_str_eq(list->sessions[0]->institution, "T07");
    cr_assert_not(list->has_next);
    query.cursor.len = 3;
    cr_assert_str_eq(
        district_said(&d, ask_full(&d, &stage, "OPS", NULL, KIND(LIST_SESSIONS), wire_pack(&query.base, &d.keep))),
        "BAD_VALUE cursor");
    district_close(&d);
}

Test(live, p2_an_institution_sees_its_own_sessions_only)
{
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    Referral__SessionList *list;
    struct stage stage;
    struct district d;

    district_open(&d);
    connect_three(&d, &stage);
    list = ask_on(&d, &stage, "T07", KIND(LIST_SESSIONS), &query);
    cr_assert_eq(list->n_sessions, 1);
    cr_assert_str_eq(list->sessions[0]->institution, "T07");
    query.institution = "H1";
    cr_assert_str_eq(ask_said(&d, "T07", KIND(LIST_SESSIONS), &query), "NOT_FOUND institution");
    cr_assert_str_eq(ask_said(&d, "T07", KIND(LIST_WAITERS), &query), "NOT_FOUND institution");
    list = ask_on(&d, &stage, "OPS", KIND(LIST_SESSIONS), &query);
    cr_assert_eq(list->n_sessions, 2);
    district_close(&d);
}

Test(live, l4_the_oldest_message_of_each_lane_waits_until_its_receiver_should_have_answered)
{
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    Referral__WaiterList *list;
    struct stage stage;
    struct district d;
    char *ids[3];

    district_open(&d);
    stage_init(&stage);
    stage.inbox = (struct live_inbox){.connections = 2, .credit = 9, .connected = true};
    stage.in_flight = true;
    ids[0] = district_refer(&d, "T07", "H1", URGENT);
    d.now = instant_after(d.now, 1000);
    district_refer(&d, "T07", "H1", URGENT);
    ids[2] = district_refer(&d, "T07", "H1", EMERGENCY);
    FIELD_SET(&query, rows, 1); /* a destination is on one page */
    query.institution = "H1";
    list = ask_on(&d, &stage, "OPS", KIND(LIST_WAITERS), &query);
    cr_assert_eq(list->n_waiters, 2);
    cr_assert_eq(list->waiters[0]->lane, EMERGENCY);
    cr_assert_str_eq(list->waiters[0]->referral_id, ids[2]);
    cr_assert_eq(list->waiters[0]->due_at_ms, d.now.ms + MINUTE_MS);
    cr_assert_eq(list->waiters[0]->at_risk_at_ms, d.now.ms + MINUTE_MS / 2);
    cr_assert_eq(list->waiters[1]->lane, URGENT);
    cr_assert_eq(list->waiters[1]->waiting, 2);
    cr_assert_str_eq(list->waiters[1]->referral_id, ids[0]);
    cr_assert_eq(list->waiters[1]->oldest_accepted_at_ms, DISTRICT_NOW);
    cr_assert_eq(list->waiters[1]->due_at_ms, DISTRICT_NOW + 2 * HOUR_MS);
    cr_assert_eq(list->waiters[1]->connections, 2);
    cr_assert_eq(list->waiters[1]->credit, 9);
    cr_assert(list->waiters[1]->in_flight);
    cr_assert_not(list->waiters[1]->paused);
    cr_assert_not_null(list->waiters[1]->contact);
    district_close(&d);
}

Test(live, d1_an_accepted_command_is_found_by_its_message_id_below_its_sender)
{
    Referral__MessageQuery query = REFERRAL__MESSAGE_QUERY__INIT;
    Referral__MessageView *view;
    struct district d;
    char *id;

    district_open(&d);
    id = district_send(
             &d, district_command(&d, "T07", KIND(SUBMIT), "m-x", district_sheet(&d, "T07", "H1", false, ROUTINE)))
             ->referral_id;
    query.message_id = "m-x";
    view = ask(&d, "T07", KIND(FIND_MESSAGE), &query);
    cr_assert_str_eq(view->referral_id, id);
    cr_assert_str_eq(view->sender, "T07");
    cr_assert_eq(view->kind, KIND(SUBMIT));
    cr_assert_eq(view->accepted_at_ms, DISTRICT_NOW);
    cr_assert_eq(view->state, REFERRAL__STATE__SUBMITTED);
    cr_assert_gt(view->index, 0);
    /* P2: each sender's own, but for operators. */
    cr_assert_str_eq(ask_said(&d, "H1", KIND(FIND_MESSAGE), &query), "NOT_FOUND");
    query.sender = "T07";
    cr_assert_str_eq(ask_said(&d, "H1", KIND(FIND_MESSAGE), &query), "NOT_FOUND sender");
    cr_assert_str_eq(((Referral__MessageView *)ask(&d, "OPS", KIND(FIND_MESSAGE), &query))->referral_id, id);
    query.message_id = "never-sent";
    cr_assert_str_eq(ask_said(&d, "OPS", KIND(FIND_MESSAGE), &query), "NOT_FOUND");
    query.message_id = NULL;
    cr_assert_str_eq(ask_said(&d, "OPS", KIND(FIND_MESSAGE), &query), "MISSING message_id");
    district_close(&d);
}

Test(live, d1_a_command_without_a_referral_is_found_too)
{
    Referral__MessageQuery query = REFERRAL__MESSAGE_QUERY__INIT;
    Referral__Setting setting = REFERRAL__SETTING__INIT;
    Referral__MessageView *view;
    struct district d;

    district_open(&d);
    setting.name = "answer_urgent_ms";
    setting.value = "3600000";
    district_assert_said(&d, district_send(&d, district_command(&d, "OPS", KIND(PUT_SETTING), "m-s", &setting)), "");
    query.message_id = "m-s";
    view = ask(&d, "OPS", KIND(FIND_MESSAGE), &query);
    cr_assert_eq(view->kind, KIND(PUT_SETTING));
    cr_assert_eq(view->accepted_at_ms, DISTRICT_NOW);
    cr_assert_null(view->referral_id);
    cr_assert_not(view->has_state);
    district_close(&d);
}

/* Observers see that it waits, and for how long. */
Test(live, p2_whose_message_waits_is_the_destinations_and_the_operators_to_know)
{
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;
    Referral__Role roles[] = {REFERRAL__ROLE__OBSERVE, REFERRAL__ROLE__RECEIVE};
    Referral__WaiterList *list;
    struct district d;
    char *id;

    district_open(&d);
    FIELD_SET(&key, public_key, district_key(&d, "observer"));
    key.institution = "T08";
    key.roles = roles;
    key.n_roles = 1;
    district_assert_said(&d, district_say(&d, "OPS", KIND(ADD_KEY), &key), "");
    id = district_refer(&d, "T07", "H1", URGENT);
    query.institution = "H1";
    list = ask(&d, "OPS", KIND(LIST_WAITERS), &query);
    cr_assert_str_eq(list->waiters[0]->referral_id, id);
    list = ask(&d, "H1", KIND(LIST_WAITERS), &query);
    cr_assert_str_eq(list->waiters[0]->referral_id, id);
    list = ask(&d, "observer", KIND(LIST_WAITERS), &query);
    cr_assert_eq(list->waiters[0]->waiting, 1);
    cr_assert_null(list->waiters[0]->referral_id);
    FIELD_SET(&key, public_key, district_key(&d, "observer of T08"));
    key.n_roles = 2; /* that one may look into the inbox of T08 only */
    district_assert_said(&d, district_say(&d, "OPS", KIND(ADD_KEY), &key), "");
    list = ask(&d, "observer of T08", KIND(LIST_WAITERS), &query);
    cr_assert_null(list->waiters[0]->referral_id);
    key.n_roles = 1;
    key.institution = "H1"; /* a key of the house itself that may not look into its inbox */
    FIELD_SET(&key, public_key, district_key(&d, "statistician"));
    district_assert_said(&d, district_say(&d, "OPS", KIND(ADD_KEY), &key), "");
    list = ask(&d, "statistician", KIND(LIST_WAITERS), &query);
    cr_assert_null(list->waiters[0]->referral_id);
    district_close(&d);
}
