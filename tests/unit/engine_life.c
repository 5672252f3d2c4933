/* engine_life.c - what one event leaves behind for the next: states come back to, reasons of ends, families of referrals (L1-L6, C3). */
#include "district.h"

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
