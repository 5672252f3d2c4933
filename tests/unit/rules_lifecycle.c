/* The two lives of section 4, written down a second time: by state and party instead of by event. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "rules/lifecycle.h"

#define EMERGENCY REFERRAL__PRIORITY__EMERGENCY
#define ROUTINE   REFERRAL__PRIORITY__ROUTINE

/* Who may do what in a state, and where it leads if not back to it. Seen with ACCEPTED as the previous state, nobody having
 * accepted, and "no" as the answer to a request to cancel. What no line names is refused. */
struct line {
    enum state from;
    enum party by;
    const char *events;
};

static const struct line up_lines[] = {
    {STATE_NONE, BY_SENDER, "submit>SUBMITTED"},
    {SUBMITTED, BY_SENDER, "amend book>BOOKED waitlist>WAITLISTED cancel>CANCELLED void>VOID"},
    {SUBMITTED, BY_RECEIVER,
     "acknowledge>DELIVERED request-info>INFO_REQUESTED accept>ACCEPTED reject>REJECTED redirect>REDIRECTED "
     "book>BOOKED waitlist>WAITLISTED arrive>ARRIVED"},
    {SUBMITTED, BY_BROKER, "delivery-confirmed>DELIVERED"},
    {SUBMITTED, BY_CLOCK, "expire>EXPIRED"},
    {SUBMITTED, BY_OPERATOR, "void>VOID"},
    {DELIVERED, BY_SENDER, "amend book>BOOKED waitlist>WAITLISTED cancel>CANCELLED void>VOID"},
    {DELIVERED, BY_RECEIVER,
     "acknowledge request-info>INFO_REQUESTED accept>ACCEPTED reject>REJECTED redirect>REDIRECTED book>BOOKED "
     "waitlist>WAITLISTED arrive>ARRIVED"},
    {DELIVERED, BY_CLOCK, "expire>EXPIRED"},
    {DELIVERED, BY_OPERATOR, "void>VOID"},
    {INFO_REQUESTED, BY_SENDER, "amend supply-info>ACCEPTED cancel>CANCELLED void>VOID"},
    {INFO_REQUESTED, BY_RECEIVER, "acknowledge accept>ACCEPTED reject>REJECTED redirect>REDIRECTED arrive>ARRIVED"},
    {INFO_REQUESTED, BY_CLOCK, "expire>EXPIRED"},
    {INFO_REQUESTED, BY_OPERATOR, "void>VOID"},
    {ACCEPTED, BY_SENDER, "amend book>BOOKED waitlist>WAITLISTED cancel>CANCELLED void>VOID"},
    {ACCEPTED, BY_RECEIVER,
     "acknowledge request-info>INFO_REQUESTED reject>REJECTED redirect>REDIRECTED book>BOOKED waitlist>WAITLISTED "
     "arrive>ARRIVED"},
    {ACCEPTED, BY_CLOCK, "expire>EXPIRED"},
    {ACCEPTED, BY_OPERATOR, "void>VOID"},
    {WAITLISTED, BY_SENDER, "amend book>BOOKED waitlist leave-list>DELIVERED cancel>CANCELLED void>VOID"},
    {WAITLISTED, BY_RECEIVER,
     "acknowledge accept reject>REJECTED redirect>REDIRECTED book>BOOKED waitlist leave-list>DELIVERED arrive>ARRIVED"},
    {WAITLISTED, BY_CLOCK, "expire>EXPIRED"},
    {WAITLISTED, BY_OPERATOR, "void>VOID"},
    {BOOKED, BY_SENDER, "amend move cancel-booking>DELIVERED cancel>CANCELLED void>VOID"},
    {BOOKED, BY_RECEIVER,
     "acknowledge accept reject>REJECTED redirect>REDIRECTED move cancel-booking>DELIVERED displace>WAITLISTED "
     "arrive>ARRIVED no-show>NO_SHOW"},
    {BOOKED, BY_CLOCK, "no-show>NO_SHOW expire>EXPIRED"},
    {BOOKED, BY_OPERATOR, "void>VOID"},
    {NO_SHOW, BY_SENDER, "amend book>BOOKED waitlist>WAITLISTED cancel>CANCELLED void>VOID"},
    {NO_SHOW, BY_RECEIVER,
     "acknowledge reject>REJECTED redirect>REDIRECTED book>BOOKED waitlist>WAITLISTED arrive>ARRIVED"},
    {NO_SHOW, BY_CLOCK, "expire>EXPIRED"},
    {NO_SHOW, BY_OPERATOR, "void>VOID"},
    {ARRIVED, BY_SENDER, "request-cancel>CANCEL_REQUESTED"},
    {ARRIVED, BY_RECEIVER, "start>IN_CARE report>REPORTED return>RETURNED close>CLOSED"},
    {ARRIVED, BY_OPERATOR, "void>VOID"},
    {IN_CARE, BY_SENDER, "request-cancel>CANCEL_REQUESTED"},
    {IN_CARE, BY_RECEIVER, "report>REPORTED return>RETURNED close>CLOSED"},
    {IN_CARE, BY_OPERATOR, "void>VOID"},
    {CANCEL_REQUESTED, BY_RECEIVER, "report>REPORTED return>RETURNED close>CLOSED answer-cancel>ACCEPTED"},
    {CANCEL_REQUESTED, BY_OPERATOR, "void>VOID"},
    {REPORTED, BY_SENDER, "confirm-receipt>CLOSED"},
    {REPORTED, BY_CHILD_RECEIVER, "confirm-receipt>CLOSED"},
    {REPORTED, BY_RECEIVER, "return>RETURNED close>CLOSED"},
    {REPORTED, BY_OPERATOR, "void>VOID"},
    {RETURNED, BY_SENDER, "confirm-receipt>CLOSED"},
    {RETURNED, BY_CHILD_RECEIVER, "confirm-receipt>CLOSED"},
    {RETURNED, BY_BROKER, "return-failed>REPORTED"},
    {RETURNED, BY_OPERATOR, "void>VOID"},
    {CLOSED, BY_OPERATOR, "void>VOID"},
    {REJECTED, BY_OPERATOR, "void>VOID"},
    {REDIRECTED, BY_OPERATOR, "void>VOID"},
    {CANCELLED, BY_OPERATOR, "void>VOID"},
    {EXPIRED, BY_OPERATOR, "void>VOID"},
};

static const struct line down_lines[] = {
    {STATE_NONE, BY_SENDER, "submit>SUBMITTED"},
    {SUBMITTED, BY_SENDER, "amend cancel>CANCELLED void>VOID"},
    {SUBMITTED, BY_RECEIVER,
     "acknowledge>DELIVERED request-info>INFO_REQUESTED reject>REJECTED confirm-receipt>CLOSED"},
    {SUBMITTED, BY_BROKER, "delivery-confirmed>DELIVERED"},
    {SUBMITTED, BY_CLOCK, "expire>EXPIRED"},
    {SUBMITTED, BY_OPERATOR, "void>VOID"},
    {DELIVERED, BY_SENDER, "amend cancel>CANCELLED void>VOID"},
    {DELIVERED, BY_RECEIVER, "acknowledge request-info>INFO_REQUESTED reject>REJECTED confirm-receipt>CLOSED"},
    {DELIVERED, BY_CLOCK, "expire>EXPIRED"},
    {DELIVERED, BY_OPERATOR, "void>VOID"},
    {INFO_REQUESTED, BY_SENDER, "amend supply-info>ACCEPTED cancel>CANCELLED void>VOID"},
    {INFO_REQUESTED, BY_RECEIVER, "acknowledge reject>REJECTED confirm-receipt>CLOSED"},
    {INFO_REQUESTED, BY_CLOCK, "expire>EXPIRED"},
    {INFO_REQUESTED, BY_OPERATOR, "void>VOID"},
    {ACCEPTED, BY_OPERATOR, "void>VOID"},
    {WAITLISTED, BY_OPERATOR, "void>VOID"},
    {BOOKED, BY_OPERATOR, "void>VOID"},
    {NO_SHOW, BY_OPERATOR, "void>VOID"},
    {ARRIVED, BY_OPERATOR, "void>VOID"},
    {IN_CARE, BY_OPERATOR, "void>VOID"},
    {CANCEL_REQUESTED, BY_OPERATOR, "void>VOID"},
    {REPORTED, BY_OPERATOR, "void>VOID"},
    {RETURNED, BY_OPERATOR, "void>VOID"},
    {CLOSED, BY_OPERATOR, "void>VOID"},
    {REJECTED, BY_OPERATOR, "void>VOID"},
    {REDIRECTED, BY_OPERATOR, "void>VOID"},
    {CANCELLED, BY_OPERATOR, "void>VOID"},
    {EXPIRED, BY_OPERATOR, "void>VOID"},
};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const char *expected(const struct line *lines, size_t count, enum state from, int by)
{
    for (size_t i = 0; i < count; i++)
        if (lines[i].from == from && (int)lines[i].by == by)
            return lines[i].events;
    return "";
}

/* What the table says of one state and party, in the form of a line. */
static void render(char *out, size_t size, enum life life, enum state from, int by, Referral__Priority priority)
{
    size_t at = 0;

    out[0] = '\0';
    for (int event = EVENT_NONE; event < EVENT_COUNT; event++) {
        const struct transition *row = lifecycle_find(life, from, (enum event)event, by, priority);

        if (row == NULL)
            continue;

        enum state to = lifecycle_target(row, from, ACCEPTED, false);

        at += (size_t)snprintf(out + at, size - at, "%s%s%s%s", at == 0 ? "" : " ", event_name((enum event)event),
                               to == from ? "" : ">", to == from ? "" : state_name(to));
        cr_assert(at < size);
    }
}

static void compare(enum life life, const struct line *lines, size_t count)
{
    char found[1024];

    for (int from = STATE_NONE; from < STATE_COUNT; from++) {
        for (int by = BY_SENDER; by <= BY_CHILD_RECEIVER; by <<= 1) {
            render(found, sizeof found, life, (enum state)from, by, ROUTINE);
            cr_expect_str_eq(found, expected(lines, count, (enum state)from, by),
                             "%s, party %d:\n  table    %s\n  expected %s", state_name((enum state)from), by, found,
                             expected(lines, count, (enum state)from, by));
        }
    }
}

Test(lifecycle, l1_every_state_event_and_party_of_the_up_life_is_a_row_or_a_refusal)
{
    compare(LIFE_UP, up_lines, COUNT_OF(up_lines));
}

Test(lifecycle, l5_every_state_event_and_party_of_the_down_life_is_a_row_or_a_refusal)
{
    compare(LIFE_DOWN, down_lines, COUNT_OF(down_lines));
}

Test(lifecycle, l1_an_emergency_differs_only_in_amend_before_reported)
{
    char emergency[1024], routine[1024], with_amend[1100];

    for (int life = LIFE_UP; life <= LIFE_DOWN; life++) {
        for (int from = STATE_NONE; from < STATE_COUNT; from++) {
            for (int by = BY_SENDER; by <= BY_CHILD_RECEIVER; by <<= 1) {
                bool in_hand = from == ARRIVED || from == IN_CARE || from == CANCEL_REQUESTED;
                bool amends = life == LIFE_UP && in_hand && by == BY_SENDER;

                render(emergency, sizeof emergency, (enum life)life, (enum state)from, by, EMERGENCY);
                render(routine, sizeof routine, (enum life)life, (enum state)from, by, ROUTINE);
                snprintf(with_amend, sizeof with_amend, "%s%s%s", amends ? "amend" : "",
                         amends && routine[0] ? " " : "", routine);
                cr_expect_str_eq(emergency, with_amend, "%s, party %d: %s", state_name((enum state)from), by,
                                 emergency);
            }
        }
    }
}

Test(lifecycle, l1_no_two_rows_say_the_same_pair)
{
    for (int life = LIFE_UP; life <= LIFE_DOWN; life++) {
        size_t count;
        const struct transition *rows = lifecycle_rows((enum life)life, &count);

        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < i; j++)
                cr_expect(rows[i].event != rows[j].event || (rows[i].by & rows[j].by) == 0 ||
                              (rows[i].from & rows[j].from) == 0,
                          "rows %zu and %zu: %s", j, i, event_name(rows[i].event));
    }
}

Test(lifecycle, l1_allowed_is_exactly_what_find_finds)
{
    enum event allowed[EVENT_TABLE_COUNT];

    for (int life = LIFE_UP; life <= LIFE_DOWN; life++) {
        for (int from = STATE_NONE; from < STATE_COUNT; from++) {
            for (int by = BY_SENDER; by <= BY_CHILD_RECEIVER; by <<= 1) {
                size_t count = lifecycle_allowed((enum life)life, (enum state)from, by, ROUTINE, allowed), at = 0;

                for (int event = EVENT_NONE; event < EVENT_TABLE_COUNT; event++) {
                    if (lifecycle_find((enum life)life, (enum state)from, (enum event)event, by, ROUTINE) == NULL)
                        continue;
                    cr_assert(at < count && (int)allowed[at] == event, "%s, party %d", state_name((enum state)from),
                              by);
                    at++;
                }
                cr_assert_eq(at, count);
            }
        }
    }
}

Test(lifecycle, l1_what_the_broker_tells_beside_the_table_nobody_may_do)
{
    for (int event = EVENT_TABLE_COUNT; event < EVENT_COUNT; event++)
        for (int from = STATE_NONE; from < STATE_COUNT; from++)
            for (int by = BY_SENDER; by <= BY_CHILD_RECEIVER; by <<= 1)
                cr_assert(event == RETURN_FAILED ||
                          lifecycle_find(LIFE_UP, (enum state)from, (enum event)event, by, EMERGENCY) == NULL);
}

static enum state target(enum state from, enum event event, int by, enum state previous, bool accepted)
{
    const struct transition *row = lifecycle_find(LIFE_UP, from, event, by, ROUTINE);

    cr_assert_not_null(row, "%s %s", state_name(from), event_name(event));
    return lifecycle_target(row, from, previous, accepted);
}

Test(lifecycle, l_information_supplied_leads_back_to_where_it_was)
{
    cr_assert_eq(target(INFO_REQUESTED, SUPPLY_INFO, BY_SENDER, DELIVERED, false), DELIVERED);
    cr_assert_eq(target(INFO_REQUESTED, SUPPLY_INFO, BY_SENDER, ACCEPTED, true), ACCEPTED);
    /* Who asks has been delivered to, whatever the acks say. */
    cr_assert_eq(target(INFO_REQUESTED, SUPPLY_INFO, BY_SENDER, SUBMITTED, false), DELIVERED);
}

Test(lifecycle, l_without_its_place_a_referral_is_accepted_only_if_a_person_accepted)
{
    cr_assert_eq(target(BOOKED, CANCEL_BOOKING, BY_SENDER, STATE_NONE, true), ACCEPTED);
    cr_assert_eq(target(BOOKED, CANCEL_BOOKING, BY_RECEIVER, STATE_NONE, false), DELIVERED);
    cr_assert_eq(target(WAITLISTED, LEAVE_LIST, BY_SENDER, STATE_NONE, true), ACCEPTED);
    cr_assert_eq(target(WAITLISTED, LEAVE_LIST, BY_RECEIVER, STATE_NONE, false), DELIVERED);
}

Test(lifecycle, l_a_no_to_cancelling_leads_back_into_care)
{
    cr_assert_eq(target(CANCEL_REQUESTED, ANSWER_CANCEL, BY_RECEIVER, ARRIVED, true), ARRIVED);
    cr_assert_eq(target(CANCEL_REQUESTED, ANSWER_CANCEL, BY_RECEIVER, IN_CARE, true), IN_CARE);
}

Test(lifecycle, l_only_a_receivers_event_implies_delivery)
{
    cr_assert_eq(target(SUBMITTED, ACKNOWLEDGE, BY_RECEIVER, STATE_NONE, false), DELIVERED);
    cr_assert_eq(target(SUBMITTED, AMEND, BY_SENDER, STATE_NONE, false), SUBMITTED);
    cr_assert_null(lifecycle_find(LIFE_UP, SUBMITTED, ACCEPT, BY_SENDER, ROUTINE));
}

static int needs(enum life life, enum state from, enum event event, int by)
{
    const struct transition *row = lifecycle_find(life, from, event, by, ROUTINE);

    cr_assert_not_null(row);
    return row->needs;
}

Test(lifecycle, l_guards_stand_in_their_rows)
{
    cr_assert_eq(needs(LIFE_UP, DELIVERED, ACKNOWLEDGE, BY_RECEIVER), NEEDS_PERSON);
    cr_assert_eq(needs(LIFE_UP, DELIVERED, ACCEPT, BY_RECEIVER), NEEDS_PERSON);
    cr_assert_eq(needs(LIFE_UP, BOOKED, ACCEPT, BY_RECEIVER), NEEDS_PERSON);
    cr_assert_eq(needs(LIFE_UP, DELIVERED, REQUEST_INFO, BY_RECEIVER), NEEDS_TEXT);
    cr_assert_eq(needs(LIFE_UP, INFO_REQUESTED, SUPPLY_INFO, BY_SENDER), NEEDS_TEXT);
    cr_assert_eq(needs(LIFE_UP, DELIVERED, REJECT, BY_RECEIVER), NEEDS_REASON);
    cr_assert_eq(needs(LIFE_UP, DELIVERED, REDIRECT, BY_RECEIVER), NEEDS_REASON | NEEDS_RECEIVER);
    cr_assert_eq(needs(LIFE_UP, ACCEPTED, BOOK, BY_SENDER), NEEDS_PLACE);
    cr_assert_eq(needs(LIFE_UP, SUBMITTED, BOOK, BY_SENDER), NEEDS_PLACE | NEEDS_DIRECT_BOOKING);
    cr_assert_eq(needs(LIFE_UP, DELIVERED, WAITLIST, BY_RECEIVER), NEEDS_DIRECT_BOOKING);
    cr_assert_eq(needs(LIFE_UP, BOOKED, ARRIVE, BY_RECEIVER), NEEDS_OCCURRED_AT);
    cr_assert_eq(needs(LIFE_UP, IN_CARE, REPORT, BY_RECEIVER), NEEDS_REPORT);
    cr_assert_eq(needs(LIFE_UP, REPORTED, CLOSE, BY_RECEIVER), NEEDS_CLOSE_CODE | NEEDS_REPORT_PRESENT);
    cr_assert_eq(needs(LIFE_UP, CANCEL_REQUESTED, ANSWER_CANCEL, BY_RECEIVER), NEEDS_ANSWER);
    cr_assert_eq(needs(LIFE_UP, DELIVERED, CANCEL, BY_SENDER), NEEDS_REASON);
    cr_assert_eq(needs(LIFE_UP, DELIVERED, ANNUL, BY_SENDER), NEEDS_REASON);
    cr_assert_eq(needs(LIFE_UP, CLOSED, ANNUL, BY_OPERATOR), NEEDS_REASON);
    cr_assert_eq(needs(LIFE_DOWN, DELIVERED, CONFIRM_RECEIPT, BY_RECEIVER), NEEDS_NOTHING);
    cr_assert_eq(needs(LIFE_DOWN, DELIVERED, REJECT, BY_RECEIVER), NEEDS_REASON);
}

/* What an event needs goes by the event, but for these: before acceptance direct booking must allow it, and after arrival only an
 * EMERGENCY is amended. */
static int needs_of_event(enum state from, enum event event)
{
    bool new = from == SUBMITTED || from == DELIVERED;
    bool in_hand = from == ARRIVED || from == IN_CARE || from == CANCEL_REQUESTED;
    static const int needs[EVENT_TABLE_COUNT] = {
        [SUBMIT] = NEEDS_SHEET,
        [ACKNOWLEDGE] = NEEDS_PERSON,
        [AMEND] = NEEDS_SHEET,
        [REQUEST_INFO] = NEEDS_TEXT,
        [SUPPLY_INFO] = NEEDS_TEXT,
        [ACCEPT] = NEEDS_PERSON,
        [REJECT] = NEEDS_REASON,
        [REDIRECT] = NEEDS_REASON | NEEDS_RECEIVER,
        [BOOK] = NEEDS_PLACE,
        [MOVE] = NEEDS_PLACE,
        [DISPLACE] = NEEDS_REASON,
        [ARRIVE] = NEEDS_OCCURRED_AT,
        [REPORT] = NEEDS_REPORT,
        [RETURN] = NEEDS_SHEET,
        [CLOSE] = NEEDS_CLOSE_CODE | NEEDS_REPORT_PRESENT,
        [CANCEL] = NEEDS_REASON,
        [REQUEST_CANCEL] = NEEDS_REASON,
        [ANSWER_CANCEL] = NEEDS_ANSWER,
        [ANNUL] = NEEDS_REASON,
    };

    return needs[event] | (new && (event == BOOK || event == WAITLIST) ? NEEDS_DIRECT_BOOKING : 0) |
           (in_hand && event == AMEND ? NEEDS_EMERGENCY : 0);
}

Test(lifecycle, l_every_row_needs_what_its_event_needs)
{
    for (int life = LIFE_UP; life <= LIFE_DOWN; life++) {
        for (int from = STATE_NONE; from < STATE_COUNT; from++) {
            for (int event = EVENT_NONE + 1; event < EVENT_TABLE_COUNT; event++) {
                for (int by = 1; by <= BY_CHILD_RECEIVER; by <<= 1) {
                    const struct transition *row =
                        lifecycle_find((enum life)life, (enum state)from, (enum event)event, by, EMERGENCY);

                    if (row != NULL)
                        cr_expect_eq(row->needs, needs_of_event((enum state)from, (enum event)event), "%s in %s",
                                     event_name((enum event)event), state_name((enum state)from));
                }
            }
        }
    }
}

Test(lifecycle, l_terminal_states_and_those_before_arrival_are_the_domains)
{
    for (int state = STATE_NONE; state < STATE_COUNT; state++) {
        bool before = state >= SUBMITTED && state <= NO_SHOW;

        cr_assert_eq(state_is_before_arrival((enum state)state), before, "%s", state_name((enum state)state));
        cr_assert_eq(state_is_terminal((enum state)state), state >= CLOSED, "%s", state_name((enum state)state));
    }
}

Test(lifecycle, l3_each_state_has_its_core_status_and_next_actor)
{
    static const struct {
        enum state state;
        Referral__CoreStatus core;
        const char *next;
    } rows[] = {
        {SUBMITTED, REFERRAL__CORE_STATUS__CORE_PENDING, "broker"},
        {DELIVERED, REFERRAL__CORE_STATUS__CORE_PENDING, "receiver"},
        {INFO_REQUESTED, REFERRAL__CORE_STATUS__CORE_ACTION_REQUIRED, "sender"},
        {ACCEPTED, REFERRAL__CORE_STATUS__CORE_ACCEPTED, "sender"},
        {WAITLISTED, REFERRAL__CORE_STATUS__CORE_ACCEPTED, "broker"},
        {BOOKED, REFERRAL__CORE_STATUS__CORE_BOOKED, "patient"},
        {NO_SHOW, REFERRAL__CORE_STATUS__CORE_ACTION_REQUIRED, "sender"},
        {ARRIVED, REFERRAL__CORE_STATUS__CORE_IN_CARE, "receiver"},
        {IN_CARE, REFERRAL__CORE_STATUS__CORE_IN_CARE, "receiver"},
        {CANCEL_REQUESTED, REFERRAL__CORE_STATUS__CORE_IN_CARE, "receiver"},
        {REPORTED, REFERRAL__CORE_STATUS__CORE_REPORTED, "receiver"},
        {RETURNED, REFERRAL__CORE_STATUS__CORE_REPORTED, "primary"},
        {CLOSED, REFERRAL__CORE_STATUS__CORE_CLOSED, "nobody"},
        {REJECTED, REFERRAL__CORE_STATUS__CORE_ENDED, "nobody"},
        {REDIRECTED, REFERRAL__CORE_STATUS__CORE_ENDED, "nobody"},
        {CANCELLED, REFERRAL__CORE_STATUS__CORE_ENDED, "nobody"},
        {EXPIRED, REFERRAL__CORE_STATUS__CORE_ENDED, "nobody"},
        {VOID, REFERRAL__CORE_STATUS__CORE_ENDED, "nobody"},
    };

    cr_assert_eq(COUNT_OF(rows), STATE_COUNT - 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_assert_eq(state_core_status(rows[i].state), rows[i].core, "%s", state_name(rows[i].state));
        cr_assert_str_eq(state_next_actor(LIFE_UP, rows[i].state, true), rows[i].next, "%s", state_name(rows[i].state));
    }
    cr_assert_str_eq(state_next_actor(LIFE_UP, RETURNED, false), "sender");
}

Test(lifecycle, l3_states_and_events_bear_the_protocols_numbers)
{
    static const ProtobufCEnumDescriptor *const descriptors[] = {&referral__state__descriptor,
                                                                 &referral__event_type__descriptor};
    char name[64];

    cr_assert_eq(descriptors[0]->n_values, STATE_COUNT - 1);
    for (unsigned i = 0; i < descriptors[0]->n_values; i++)
        cr_assert_str_eq(state_name((enum state)descriptors[0]->values[i].value), descriptors[0]->values[i].name);
    cr_assert_eq(descriptors[1]->n_values, EVENT_COUNT - 1);
    for (unsigned i = 0; i < descriptors[1]->n_values; i++) {
        /* EVENT_REQUEST_INFO is "request-info". */
        snprintf(name, sizeof name, "%s", descriptors[1]->values[i].name + strlen("EVENT_"));
        for (char *at = name; *at != '\0'; at++)
            *at = (char)(*at == '_' ? '-' : *at - 'A' + 'a');
        cr_assert_str_eq(event_name((enum event)descriptors[1]->values[i].value), name);
    }
}

Test(lifecycle, p4_states_and_events_have_chinese_names_of_their_own)
{
    for (int i = STATE_NONE; i < STATE_COUNT; i++)
        for (int j = STATE_NONE; j < i; j++)
            cr_assert_str_neq(state_zh((enum state)i), state_zh((enum state)j));
    for (int i = EVENT_NONE; i < EVENT_COUNT; i++)
        for (int j = EVENT_NONE; j < i; j++)
            cr_assert_str_neq(event_zh((enum event)i), event_zh((enum event)j));
}

Test(lifecycle, l_a_reason_fits_only_events_that_end_or_take_away)
{
    for (int event = EVENT_NONE; event < EVENT_COUNT; event++) {
        bool takes = event == REJECT || event == REDIRECT || event == CANCEL || event == REQUEST_CANCEL ||
                     event == CANCEL_BOOKING || event == LEAVE_LIST || event == DISPLACE || event == MISS ||
                     event == ANNUL;

        cr_assert_eq(lifecycle_reason_fits((enum event)event, REFERRAL__REASON__OTHER_REASON), takes, "%s",
                     event_name((enum event)event));
    }
    cr_assert(lifecycle_reason_fits(REJECT, REFERRAL__REASON__OUT_OF_SCOPE));
    cr_assert(!lifecycle_reason_fits(REJECT, REFERRAL__REASON__NOT_AVAILABLE));
    cr_assert(lifecycle_reason_fits(DISPLACE, REFERRAL__REASON__NOT_AVAILABLE));
    cr_assert(lifecycle_reason_fits(CANCEL, REFERRAL__REASON__PATIENT_DIED));
    cr_assert(!lifecycle_reason_fits(CANCEL, REFERRAL__REASON__NO_CAPACITY));
    cr_assert(lifecycle_reason_fits(ANNUL, REFERRAL__REASON__SENT_IN_ERROR));
    cr_assert(!lifecycle_reason_fits(ANNUL, REFERRAL__REASON__NO_CAPACITY));
}

Test(lifecycle, l_every_row_that_needs_a_reason_has_reasons)
{
    for (int life = LIFE_UP; life <= LIFE_DOWN; life++) {
        size_t count;
        const struct transition *rows = lifecycle_rows((enum life)life, &count);

        for (size_t i = 0; i < count; i++)
            cr_assert((rows[i].needs & NEEDS_REASON) == 0 ||
                          lifecycle_reason_fits(rows[i].event, REFERRAL__REASON__OTHER_REASON),
                      "%s", event_name(rows[i].event));
    }
}
