/* Lists of referrals and journeys, in bounded pages (P2, L5). */
#include "ask.h"

#include "store/search.h"

#define ROUTINE    REFERRAL__PRIORITY__ROUTINE
#define URGENT     REFERRAL__PRIORITY__URGENT
#define EMERGENCY  REFERRAL__PRIORITY__EMERGENCY
#define KIND(name) REFERRAL__KIND__##name

/* All ids of a list over its pages: "1 2 5", by turn order of `known`. */
static const char *listed(struct district *d, const char *who, Referral__ReferralsQuery query, char **known,
                          size_t count)
{
    const char *text = "";
    Referral__ReferralList *list;
    int pages = 0;

    do {
        list = ask(d, who, KIND(LIST_REFERRALS), &query);
        for (size_t i = 0; i < list->n_referrals; i++)
            for (size_t k = 0; k < count; k++)
                if (strcmp(known[k], list->referrals[i]->referral_id) == 0)
                    text = arena_format(&d->keep, "%s%s%zu", text, text[0] != '\0' ? " " : "", k + 1);
        query.has_cursor = list->has_next;
        query.cursor = list->next;
        cr_assert_lt(++pages, 20);
    } while (list->has_next);
    return text;
}

/* 1 routine T07 H1; 2 urgent T07 H2, delivered; 3 routine T08 H1, rejected; 4 emergency V01 H1; 5 routine T07 H1,
 * void. */
static void five(struct district *d, char **ids)
{
    ids[0] = district_refer(d, "T07", "H1", ROUTINE);
    ids[1] = district_refer(d, "T07", "H2", URGENT);
    ids[2] = district_refer(d, "T08", "H1", ROUTINE);
    ids[3] = district_refer(d, "V01", "H1", EMERGENCY);
    ids[4] = district_refer(d, "T07", "H1", ROUTINE);
    district_drain(d, "H2");
    district_assert_said(d, district_happen(d, "H1", ids[2], REJECT), "");
    district_assert_said(d, district_happen(d, "T07", ids[4], ANNUL), "");
    d->now = instant_after(d->now, 90 * MINUTE_MS);
}

Test(referrals, p2_lists_are_of_ones_own_and_filter_as_asked)
{
    Referral__State delivered[] = {REFERRAL__STATE__DELIVERED}, rejected[] = {REFERRAL__STATE__REJECTED},
                    annulled[] = {REFERRAL__STATE__VOID};
    Referral__Priority urgent[] = {URGENT};
    Referral__ReferralsQuery all = REFERRAL__REFERRALS_QUERY__INIT, query;
    struct district d;
    char *ids[5];

    district_open(&d);
    five(&d, ids);
    for (int indexed = 0; indexed < 2; indexed++) {
        cr_expect_str_eq(listed(&d, "T07", all, ids, 5), "1 2", "void is hidden; V01's is V01's");
        cr_expect_str_eq(listed(&d, "T08", all, ids, 5), "3");
        cr_expect_str_eq(listed(&d, "H1", all, ids, 5), "1 3 4");
        cr_expect_str_eq(listed(&d, "OPS", all, ids, 5), "1 2 3 4");
        query = all;
        query.institution = "H1";
        cr_expect_str_eq(listed(&d, "OPS", query, ids, 5), "1 3 4");
        cr_expect_str_eq(ask_said(&d, "T07", KIND(LIST_REFERRALS), &query), "NOT_FOUND institution");
        query.institution = "V01";
        cr_expect_str_eq(listed(&d, "T07", query, ids, 5), "4", "one it acts for");
        query.institution = "NOBODY";
        cr_expect_str_eq(ask_said(&d, "T07", KIND(LIST_REFERRALS), &query), "NOT_FOUND institution");
        cr_expect_str_eq(ask_said(&d, "OPS", KIND(LIST_REFERRALS), &query), "NOT_FOUND institution");

        query = all;
        query.n_states = 1;
        query.states = delivered;
        cr_expect_str_eq(listed(&d, "OPS", query, ids, 5), "2");
        query.states = rejected;
        cr_expect_str_eq(listed(&d, "H1", query, ids, 5), "3");
        query.states = annulled;
        cr_expect_str_eq(listed(&d, "T07", query, ids, 5), "");
        query = all;
        query.n_priorities = 1;
        query.priorities = urgent;
        cr_expect_str_eq(listed(&d, "T07", query, ids, 5), "2");
        query = all;
        FIELD_SET(&query, open, true);
        cr_expect_str_eq(listed(&d, "H1", query, ids, 5), "1 4");
        query = all;
        FIELD_SET(&query, as_sender, true);
        cr_expect_str_eq(listed(&d, "H1", query, ids, 5), "");
        cr_expect_str_eq(ask_said(&d, "OPS", KIND(LIST_REFERRALS), &query), "MISSING institution", "sent by whom?");
        query.institution = "T08";
        cr_expect_str_eq(listed(&d, "OPS", query, ids, 5), "3");
        query = all;
        FIELD_SET(&query, as_receiver, true);
        cr_expect_str_eq(listed(&d, "H1", query, ids, 5), "1 3 4");
        cr_expect_str_eq(ask_said(&d, "OPS", KIND(LIST_REFERRALS), &query), "MISSING institution");
        query = all;
        FIELD_SET(&query, older_than_ms, 90 * MINUTE_MS);
        cr_expect_str_eq(listed(&d, "T07", query, ids, 5), "1 2");
        FIELD_SET(&query, older_than_ms, 90 * MINUTE_MS + 1);
        cr_expect_str_eq(listed(&d, "T07", query, ids, 5), "");
        FIELD_SET(&query, older_than_ms, INT64_MAX);
        cr_expect_str_eq(listed(&d, "T07", query, ids, 5), "");
        query = all;
        FIELD_SET(&query, overdue, true);
        cr_expect_str_eq(listed(&d, "OPS", query, ids, 5), "4", "an EMERGENCY has a minute (L4)");
        query = all;
        FIELD_SET(&query, rows, 1);
        cr_expect_str_eq(listed(&d, "OPS", query, ids, 5), "1 2 3 4", "page by page");
        cr_expect_str_eq(listed(&d, "H1", query, ids, 5), "1 3 4");
        if (indexed == 0)
            cr_assert_gt(search_advance(d.store, &d.turn, 3), 0);
    }
    district_close(&d);
}

Test(referrals, p2_what_is_void_is_still_found_by_its_id)
{
    Referral__ReferralQuery query;
    struct district d;
    char *ids[5];

    district_open(&d);
    five(&d, ids);
    query = about(ids[4]);
    cr_assert_eq(((Referral__ReferralView *)ask(&d, "T07", KIND(GET_REFERRAL), &query))->summary->state,
                 REFERRAL__STATE__VOID);
    district_close(&d);
}

/* Three thousand strangers' referrals before one's own. */
Test(referrals, p2_a_page_looks_at_a_bounded_number_of_records)
{
    Referral__ReferralsQuery query = REFERRAL__REFERRALS_QUERY__INIT;
    Record__Referral row = RECORD__REFERRAL__INIT;
    Referral__State closed[] = {REFERRAL__STATE__CLOSED};
    struct store_turn turn;
    Referral__ReferralList *list;
    struct store_txn *txn;
    struct district d;
    int pages = 1;

    district_open(&d);
    turn = (struct store_turn){.index = store_mark(d.store).index + 1, .time = d.now};
    cr_assert_eq(store_turn_begin(d.store, &d.turn, &txn), 0);
    row.sender = "H2";
    row.receiver = "H3";
    FIELD_SET(&row, sender_number, 6);
    FIELD_SET(&row, receiver_number, 7);
    FIELD_SET(&row, state, SUBMITTED);
    for (uint16_t i = 0; i < 3000; i++)
        referral_row_add(txn, (struct id){store_identity(d.store)->incarnation, turn.index, i}, &row);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
    district_refer(&d, "T08", "H1", ROUTINE);

    list = ask(&d, "T08", KIND(LIST_REFERRALS), &query);
    cr_assert_eq(list->n_referrals, 0);
    cr_assert(list->has_next, "not the end yet");
    for (; list->has_next; pages++) {
        cr_assert_eq(list->n_referrals, 0, "page %d", pages);
        query.has_cursor = true;
        query.cursor = list->next;
        list = ask(&d, "T08", KIND(LIST_REFERRALS), &query);
    }
    cr_assert_eq(list->n_referrals, 1);
    cr_assert_eq(pages, 7, "%d pages of 500 records", pages);

    query = (Referral__ReferralsQuery)REFERRAL__REFERRALS_QUERY__INIT;
    query.n_states = 1;
    query.states = closed;
    list = ask(&d, "OPS", KIND(LIST_REFERRALS), &query);
    cr_assert_eq(list->n_referrals, 0);
    cr_assert(list->has_next, "not the end yet");
    query = (Referral__ReferralsQuery)REFERRAL__REFERRALS_QUERY__INIT;
    list = ask(&d, "OPS", KIND(LIST_REFERRALS), &query);
    cr_assert_eq(list->n_referrals, LIMIT_PAGE_ROWS);
    FIELD_SET(&query, rows, 4000000000U);
    list = ask(&d, "OPS", KIND(LIST_REFERRALS), &query);
    cr_assert_eq(list->n_referrals, LIMIT_PAGE_ROWS, "nobody gets more");
    district_close(&d);
}

Test(referrals, l5_a_journey_shows_each_asker_its_own_part)
{
    Referral__ReferralQuery query;
    Referral__ReferralList *list;
    Referral__Sheet *sheet;
    struct district d;
    char *up, *down;

    district_open(&d);
    up = district_refer(&d, "T07", "H1", ROUTINE);
    district_drain(&d, "H1");
    district_assert_said(&d, district_happen(&d, "H1", up, ARRIVE), "");
    sheet = district_sheet(&d, "H1", "T08", true, ROUTINE);
    sheet->parent_referral_id = up;
    down = district_say(&d, "H1", KIND(SUBMIT), sheet)->referral_id;
    cr_assert_not_null(down);

    query = about(down);
    list = ask(&d, "H1", KIND(GET_JOURNEY), &query);
    cr_assert_eq(list->n_referrals, 2);
    cr_assert_str_eq(list->referrals[0]->referral_id, up);
    cr_assert_str_eq(list->referrals[1]->referral_id, down);
    cr_assert_str_eq(list->referrals[1]->parent_referral_id, up);
    cr_assert_str_eq(list->referrals[1]->journey_id, up);
    list = ask(&d, "T08", KIND(GET_JOURNEY), &query);
    cr_assert_eq(list->n_referrals, 1, "the way up was not its own");
    cr_assert_str_eq(list->referrals[0]->referral_id, down);
    cr_assert_eq(((Referral__ReferralList *)ask(&d, "OPS", KIND(GET_JOURNEY), &query))->n_referrals, 2);
    query = about(up);
    cr_assert_str_eq(ask_said(&d, "T08", KIND(GET_JOURNEY), &query), "NOT_FOUND");
    district_close(&d);
}

Test(referrals, l5_who_sends_and_receives_lists_each_by_itself_and_a_journey_hides_what_is_void)
{
    Referral__ReferralsQuery sent = REFERRAL__REFERRALS_QUERY__INIT, received = sent, nobody = sent;
    Referral__ReferralQuery query;
    struct district d;
    char *ids[2];

    district_open(&d);
    ids[0] = district_refer(&d, "T07", "H1", ROUTINE);
    district_assert_said(&d, district_happen(&d, "H1", ids[0], ARRIVE), "");

    Referral__Sheet *sheet = district_sheet(&d, "H1", "T07", true, ROUTINE);

    sheet->parent_referral_id = ids[0];
    ids[1] = district_say(&d, "H1", KIND(SUBMIT), sheet)->referral_id;
    cr_assert_not_null(ids[1]);
    FIELD_SET(&sent, as_sender, true);
    FIELD_SET(&received, as_receiver, true);
    cr_assert_str_eq(listed(&d, "T07", sent, ids, 2), "1");
    cr_assert_str_eq(listed(&d, "T07", received, ids, 2), "2");
    cr_assert_str_eq(listed(&d, "H1", sent, ids, 2), "2");
    nobody.institution = "";
    cr_assert_str_eq(listed(&d, "OPS", nobody, ids, 2), "1 2");
    cr_assert_str_eq(listed(&d, "T07", nobody, ids, 2), "1 2");
    query = about(ids[0]);
    cr_assert_eq(((Referral__ReferralList *)ask(&d, "H1", KIND(GET_JOURNEY), &query))->n_referrals, 2);
    district_assert_said(&d, district_happen(&d, "H1", ids[1], ANNUL), "");
    cr_assert_eq(((Referral__ReferralList *)ask(&d, "H1", KIND(GET_JOURNEY), &query))->n_referrals, 1);
    FIELD_SET(&query, cursor, ((ProtobufCBinaryData){.len = 3, .data = (uint8_t *)"abc"}));
    cr_assert_str_eq(ask_said(&d, "H1", KIND(GET_JOURNEY), &query), "BAD_VALUE cursor");
    district_close(&d);
}

Test(referrals, p2_cursors_nobody_gave_do_no_harm)
{
    static const Referral__Kind kinds[] = {
        KIND(LIST_REFERRALS),   KIND(LIST_INBOX), KIND(LIST_DEAD),       KIND(LIST_INSTITUTIONS), KIND(LIST_RELATIONS),
        KIND(LIST_DELEGATIONS), KIND(LIST_TEAMS), KIND(LIST_KEYS),       KIND(LIST_SETTINGS),     KIND(LIST_CALENDAR),
        KIND(LIST_ALARMS),      KIND(GET_STATUS), KIND(LIST_QUARANTINE), KIND(LIST_TIMETABLES),
    };
    struct district d;
    struct stage stage;
    uint8_t junk[200];

    district_open(&d);
    stage_init(&stage);
    district_refer(&d, "T07", "H1", ROUTINE);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t size = 1; size <= sizeof junk; size += size < 20 ? 1 : 36)
            for (int fill = 0; fill < 256; fill += 51) {
                const ProtobufCMessageDescriptor *descriptor = kind_info(kinds[k])->body;
                const ProtobufCFieldDescriptor *field =
                    protobuf_c_message_descriptor_get_field_by_name(descriptor, "cursor");
                uint8_t body[210];
                size_t at = 0;

                memset(junk, fill, sizeof junk);
                body[at++] = (uint8_t)(field->id << 3 | 2);
                if (size >= 128)
                    body[at++] = (uint8_t)(size | 128);
                body[at++] = (uint8_t)(size >= 128 ? size >> 7 : size);
                memcpy(body + at, junk, size);
                for (int who = 0; who < 2; who++) {
                    const char *said = district_said(
                        &d, ask_full(&d, &stage, who == 0 ? "OPS" : "T07", NULL, kinds[k], bytes_of(body, at + size)));

                    cr_expect(said[0] == '\0' || strcmp(said, "BAD_VALUE cursor") == 0 ||
                                  strcmp(said, "NOT_ALLOWED") == 0 || strcmp(said, "TOO_LONG cursor") == 0,
                              "%s: %s", kind_info(kinds[k])->name, said);
                }
            }
    district_close(&d);
}
