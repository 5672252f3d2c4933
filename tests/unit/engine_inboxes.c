/* Inboxes, dead letters and books as they are asked for (P2, D3, D5, D7). */
#include "ask.h"

#define ROUTINE    REFERRAL__PRIORITY__ROUTINE
#define EMERGENCY  REFERRAL__PRIORITY__EMERGENCY
#define KIND(name) REFERRAL__KIND__##name

Test(inboxes, d3_an_inbox_is_listed_most_urgent_first_page_by_page)
{
    Referral__InboxQuery query = REFERRAL__INBOX_QUERY__INIT;
    Referral__InboxList *list;
    struct district d;
    char *ids[3];

    district_open(&d);
    ids[0] = district_refer(&d, "T07", "H1", ROUTINE);
    ids[1] = district_refer(&d, "T08", "H1", ROUTINE);
    ids[2] = district_refer(&d, "T07", "H1", EMERGENCY);
    list = ask(&d, "H1", KIND(LIST_INBOX), &query);
    cr_assert_eq(list->n_entries, 3);
    cr_assert_str_eq(list->entries[0]->referral_id, ids[2]);
    cr_assert_str_eq(list->entries[1]->referral_id, ids[0]);
    cr_assert_str_eq(list->entries[2]->referral_id, ids[1]);
    cr_assert_eq(list->entries[0]->delivery_id.len, DELIVERY_ID_SIZE);
    cr_assert_gt(list->entries[0]->size_bytes, 100);

    FIELD_SET(&query, rows, 2);
    list = ask(&d, "H1", KIND(LIST_INBOX), &query);
    cr_assert_eq(list->n_entries, 2);
    query.has_cursor = true;
    query.cursor = list->next;
    list = ask(&d, "H1", KIND(LIST_INBOX), &query);
    cr_assert_eq(list->n_entries, 1);
    cr_assert_str_eq(list->entries[0]->referral_id, ids[1]);
    cr_assert(!list->has_next);

    query = (Referral__InboxQuery)REFERRAL__INBOX_QUERY__INIT;
    FIELD_SET(&query, lane, EMERGENCY);
    list = ask(&d, "H1", KIND(LIST_INBOX), &query);
    cr_assert_eq(list->n_entries, 1);
    district_close(&d);
}

Test(inboxes, p2_an_inbox_is_its_owners_and_the_operators)
{
    Referral__InboxQuery query = REFERRAL__INBOX_QUERY__INIT;
    struct district d;

    district_open(&d);
    district_refer(&d, "T07", "H1", ROUTINE);
    query.institution = "H1";
    cr_assert_str_eq(ask_said(&d, "T07", KIND(LIST_INBOX), &query), "NOT_FOUND institution");
    cr_assert_str_eq(ask_said(&d, "T07", KIND(LIST_DEAD), &query), "NOT_FOUND institution");
    cr_assert_eq(((Referral__InboxList *)ask(&d, "OPS", KIND(LIST_INBOX), &query))->n_entries, 1);
    query.institution = "NOBODY";
    cr_assert_str_eq(ask_said(&d, "T07", KIND(LIST_INBOX), &query), "NOT_FOUND institution");
    query.institution = "V01";
    cr_assert_str_eq(ask_said(&d, "T07", KIND(LIST_INBOX), &query), "", "one it acts for");
    district_close(&d);
}

Test(inboxes, p2_a_cursor_does_not_open_anothers_inbox)
{
    Referral__InboxQuery query = REFERRAL__INBOX_QUERY__INIT;
    Referral__InboxList *list;
    struct district d;

    district_open(&d);
    district_refer(&d, "T07", "H1", ROUTINE);
    district_refer(&d, "T07", "H1", ROUTINE);
    FIELD_SET(&query, rows, 1);
    list = ask(&d, "H1", KIND(LIST_INBOX), &query);
    cr_assert(list->has_next);
    query.has_cursor = true;
    query.cursor = list->next;
    cr_assert_str_eq(ask_said(&d, "H1", KIND(LIST_INBOX), &query), "");
    cr_assert_str_eq(ask_said(&d, "T08", KIND(LIST_INBOX), &query), "BAD_VALUE cursor");
    cr_assert_str_eq(ask_said(&d, "H2", KIND(LIST_INBOX), &query), "BAD_VALUE cursor");
    district_close(&d);
}

/* The receiver refuses the sheet for good. */
static char *dead_letter(struct district *d)
{
    Referral__Nack nack = REFERRAL__NACK__INIT;
    ProtobufCBinaryData ids[64];
    char *id = district_refer(d, "T07", "H1", ROUTINE);

    cr_assert_eq(district_waiting(d, "H1", ids), 1);
    FIELD_SET(&nack, delivery_id, ids[0]);
    FIELD_SET(&nack, code, REFERRAL__NACK_CODE__NACK_NOT_FOR_US);
    nack.text = "wrong house";
    district_assert_said(d, district_say(d, "H1", KIND(NACK), &nack), "");
    return id;
}

Test(inboxes, d5_dead_letters_are_listed_with_their_cause)
{
    Referral__InboxQuery query = REFERRAL__INBOX_QUERY__INIT;
    Referral__DeadList *list;
    struct district d;
    char *id;

    district_open(&d);
    id = dead_letter(&d);
    list = ask(&d, "H1", KIND(LIST_DEAD), &query);
    cr_assert_eq(list->n_entries, 1);
    cr_assert_str_eq(list->entries[0]->entry->referral_id, id);
    cr_assert_str_eq(list->entries[0]->cause, "nack");
    cr_assert_eq(list->entries[0]->nack_code, REFERRAL__NACK_CODE__NACK_NOT_FOR_US);
    cr_assert_str_eq(list->entries[0]->text, "wrong house");
    cr_assert_eq(((Referral__DeadList *)ask(&d, "T07", KIND(LIST_DEAD), &query))->n_entries, 0);
    district_close(&d);
}

Test(inboxes, d7_status_has_the_books_of_every_inbox_for_operators_and_ones_own_for_others)
{
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    struct stage stage;
    Referral__StatusView *status;
    const Referral__InboxBooks *books;
    struct district d;

    district_open(&d);
    stage_init(&stage);
    stage.inbox = (struct live_inbox){.in_flight = 1, .connections = 2, .credit = 9, .connected = true};
    dead_letter(&d);
    district_refer(&d, "T07", "H1", EMERGENCY);
    d.now = instant_after(d.now, 1000);
    district_refer(&d, "T07", "H1", ROUTINE);
    status = ask_on(&d, &stage, "H1", KIND(GET_STATUS), &query);
    cr_assert_eq(status->n_inboxes, 1);
    books = status->inboxes[0];
    cr_assert_str_eq(books->institution, "H1");
    cr_assert_eq(books->accepted, 3);
    cr_assert_eq(books->accepted, books->acknowledged + books->waiting + books->dead + books->dropped);
    cr_assert_eq(books->dead, 1);
    cr_assert_eq(books->n_waiting_lanes, 3);
    cr_assert(books->waiting_lanes[0] + books->waiting_lanes[1] + books->waiting_lanes[2] == books->waiting);
    cr_assert_eq(books->oldest_accepted_at_ms, DISTRICT_NOW);
    cr_assert_eq(books->in_flight, 1);
    cr_assert_eq(books->connections, 2);
    cr_assert_eq(books->credit, 9);
    cr_assert(status->test_time);
    cr_assert_eq(strlen(status->store_id), 32);
    /* P2: not how busy the others are. */
    cr_assert_not(status->has_referrals || status->has_commands || status->has_sessions ||
                  status->has_store_used_bytes);

    status = ask_on(&d, &stage, "OPS", KIND(GET_STATUS), &query);
    cr_assert_eq(status->n_inboxes, 7);
    cr_assert_eq(status->referrals, 3);
    cr_assert_gt(status->store_limit_bytes, status->store_used_bytes);
    FIELD_SET(&query, rows, 3);
    status = ask_on(&d, &stage, "OPS", KIND(GET_STATUS), &query);
    cr_assert_eq(status->n_inboxes, 3);
    cr_assert(status->has_next);
    query.institution = "H2";
    cr_assert_str_eq(ask_said(&d, "H1", KIND(GET_STATUS), &query), "NOT_FOUND institution");
    district_close(&d);
}
