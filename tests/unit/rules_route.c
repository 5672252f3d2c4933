/* May this institution refer to that one? Each test changes one thing of a route that is fine. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rules/route.h"

/* A county with a clinic, two township centres, a hospital; and a hospital of the city. */
struct world {
    Referral__Institution centre, other_centre, hospital, city;
    Referral__Contact contact;
    Referral__Department cardiology;
    Referral__Department *departments[1];
    Referral__Relation relation;
    Referral__ReferralKind kinds[1];
    struct route route;
    struct findings findings;
    int gaps;
};

static Referral__Institution institution(struct world *w, const char *id, Referral__Tier tier, const char *consortium)
{
    Referral__Institution made = REFERRAL__INSTITUTION__INIT;

    made.id = (char *)id;
    made.has_tier = 1;
    made.tier = tier;
    made.consortium = (char *)consortium;
    made.up_contact = made.down_contact = &w->contact;
    made.departments = w->departments;
    made.n_departments = 1;
    return made;
}

static void setup(struct world *w)
{
    memset(w, 0, sizeof *w);
    referral__contact__init(&w->contact);
    w->contact.name = (char *)"Wang";
    w->contact.phone = (char *)"022-29004602";
    referral__department__init(&w->cardiology);
    w->cardiology.code = (char *)"XN";
    w->departments[0] = &w->cardiology;
    w->centre = institution(w, "T07", REFERRAL__TIER__TOWNSHIP, "BAODI");
    w->other_centre = institution(w, "T08", REFERRAL__TIER__TOWNSHIP, "BAODI");
    w->hospital = institution(w, "H1", REFERRAL__TIER__COUNTY, "BAODI");
    w->city = institution(w, "C1", REFERRAL__TIER__CITY, NULL);
    referral__relation__init(&w->relation);
    w->route = (struct route){
        .sender = &w->centre,
        .receiver = &w->hospital,
        .direction = REFERRAL__DIRECTION__UP,
        .kind = REFERRAL__REFERRAL_KIND__OUTPATIENT,
        .department = "XN",
    };
}

static void reach(struct world *w, const Referral__Institution *sender, const Referral__Institution *receiver)
{
    w->route.sender = sender;
    w->route.receiver = receiver;
    w->route.direction = route_direction(sender, receiver);
}

/* Checks the route and says what came out: "CODE field, CODE field; gaps N". */
static const char *check(struct world *w)
{
    static char out[512];
    size_t at = 0;

    memset(&w->findings, 0, sizeof w->findings);
    w->gaps = route_check(&w->route, &w->findings);
    out[0] = '\0';
    for (size_t i = 0; i < w->findings.count; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%s %s", i == 0 ? "" : ", ",
                               refusal_code(w->findings.list[i].refusal), w->findings.list[i].field);
    if (w->gaps != 0)
        snprintf(out + at, sizeof out - at, "; gaps %d", w->gaps);
    return out;
}

Test(route, t3_up_inside_the_consortium_needs_no_relation)
{
    struct world w;

    setup(&w);
    cr_assert_str_eq(check(&w), "");
}

Test(route, t3_directions_follow_the_tiers)
{
    struct world w;
    Referral__Institution centre_of_images;

    setup(&w);
    centre_of_images = institution(&w, "X1", REFERRAL__TIER__COUNTY, "BAODI");
    centre_of_images.has_tier = 0;
    cr_assert_eq(route_direction(&w.centre, &w.hospital), REFERRAL__DIRECTION__UP);
    cr_assert_eq(route_direction(&w.hospital, &w.centre), REFERRAL__DIRECTION__DOWN);
    cr_assert_eq(route_direction(&w.centre, &w.other_centre), REFERRAL__DIRECTION__LATERAL);
    cr_assert_eq(route_direction(&w.centre, &centre_of_images), REFERRAL__DIRECTION__LATERAL);
    cr_assert_eq(route_direction(&centre_of_images, &w.hospital), REFERRAL__DIRECTION__LATERAL);
}

Test(route, t3_a_direction_against_the_tiers_is_refused)
{
    struct world w;

    setup(&w);
    w.route.direction = REFERRAL__DIRECTION__DOWN;
    cr_assert_str_eq(check(&w), "WRONG_DIRECTION direction");
    w.route.direction = REFERRAL__DIRECTION__LATERAL;
    cr_assert_str_eq(check(&w), "WRONG_DIRECTION direction");
}

Test(route, t3_inside_a_consortium_both_may_span_tiers)
{
    struct world w;

    setup(&w);
    w.centre.tier = REFERRAL__TIER__VILLAGE;
    w.hospital.tier = REFERRAL__TIER__CITY;
    reach(&w, &w.centre, &w.hospital);
    cr_assert_str_eq(check(&w), "");
    reach(&w, &w.hospital, &w.centre);
    cr_assert_str_eq(check(&w), "");
}

Test(route, t3_lateral_needs_a_relation_even_inside_the_consortium)
{
    struct world w;

    setup(&w);
    reach(&w, &w.centre, &w.other_centre);
    cr_assert_str_eq(check(&w), "NO_RELATION receiver");
    w.route.relation = &w.relation;
    cr_assert_str_eq(check(&w), "");
}

Test(route, t3_institutions_without_a_tier_are_reached_by_relation_only)
{
    struct world w;

    setup(&w);
    w.hospital.has_tier = 0;
    reach(&w, &w.centre, &w.hospital);
    cr_assert_str_eq(check(&w), "NO_RELATION receiver");
    w.route.relation = &w.relation;
    cr_assert_str_eq(check(&w), "");
}

Test(route, t4_outside_the_consortium_a_relation_is_needed)
{
    struct world w;

    setup(&w);
    reach(&w, &w.hospital, &w.city);
    cr_assert_str_eq(check(&w), "NO_RELATION receiver");
    w.city.consortium = (char *)"CITY";
    cr_assert_str_eq(check(&w), "NO_RELATION receiver");
    w.route.relation = &w.relation;
    cr_assert_str_eq(check(&w), "");
}

Test(route, t4_two_without_a_consortium_do_not_share_one)
{
    struct world w;

    setup(&w);
    w.hospital.consortium = (char *)"";
    w.centre.consortium = (char *)"";
    cr_assert_str_eq(check(&w), "NO_RELATION receiver");
}

Test(route, t4_a_relation_is_for_its_kinds)
{
    struct world w;

    setup(&w);
    reach(&w, &w.hospital, &w.city);
    w.kinds[0] = REFERRAL__REFERRAL_KIND__INPATIENT;
    w.relation.kinds = w.kinds;
    w.relation.n_kinds = 1;
    w.route.relation = &w.relation;
    cr_assert_str_eq(check(&w), "WRONG_KIND kind");
    w.route.kind = REFERRAL__REFERRAL_KIND__INPATIENT;
    cr_assert_str_eq(check(&w), "");
}

Test(route, t4_a_deny_beats_the_consortium)
{
    struct world w;

    setup(&w);
    w.relation.deny = 1;
    w.route.relation = &w.relation;
    cr_assert_str_eq(check(&w), "ROUTE_DENIED receiver");
}

Test(route, t4_a_deny_of_some_kinds_leaves_the_others_as_they_were)
{
    struct world w;

    setup(&w);
    w.kinds[0] = REFERRAL__REFERRAL_KIND__INPATIENT;
    w.relation.deny = 1;
    w.relation.kinds = w.kinds;
    w.relation.n_kinds = 1;
    w.route.relation = &w.relation;
    cr_assert_str_eq(check(&w), "");
    w.route.kind = REFERRAL__REFERRAL_KIND__INPATIENT;
    cr_assert_str_eq(check(&w), "ROUTE_DENIED receiver");
    reach(&w, &w.hospital, &w.city);
    w.route.kind = REFERRAL__REFERRAL_KIND__OUTPATIENT;
    cr_assert_str_eq(check(&w), "NO_RELATION receiver");
}

/* An emergency may be without one (F5). */
Test(route, t7_of_no_kind_it_is_in_every_allow_and_in_no_deny_but_of_all)
{
    struct world w;

    setup(&w);
    w.route.emergency = true;
    w.route.kind = 0;
    w.kinds[0] = REFERRAL__REFERRAL_KIND__OUTPATIENT;
    w.relation.kinds = w.kinds;
    w.relation.n_kinds = 1;
    w.relation.deny = 1;
    w.route.relation = &w.relation;
    cr_assert_str_eq(check(&w), "");
    w.relation.n_kinds = 0;
    cr_assert_str_eq(check(&w), "ROUTE_DENIED receiver");
    reach(&w, &w.hospital, &w.city);
    w.relation.deny = 0;
    w.relation.n_kinds = 1;
    cr_assert_str_eq(check(&w), "");
}

Test(route, t2_without_a_contact_person_the_route_is_not_live)
{
    struct world w;

    setup(&w);
    w.hospital.up_contact = NULL;
    cr_assert_str_eq(check(&w), "NO_CONTACT receiver");
    w.hospital.up_contact = &w.contact;
    w.contact.phone = (char *)"";
    cr_assert_str_eq(check(&w), "NO_CONTACT receiver");
    w.contact.phone = (char *)"022-29004602";
    w.contact.name = NULL;
    cr_assert_str_eq(check(&w), "NO_CONTACT receiver");
}

Test(route, t2_each_direction_has_its_contact_and_lateral_takes_the_one_for_up)
{
    struct world w;
    Referral__Contact down;

    setup(&w);
    down = w.contact;
    w.hospital.down_contact = &down;
    cr_assert_eq(route_contact(&w.hospital, REFERRAL__DIRECTION__UP), &w.contact);
    cr_assert_eq(route_contact(&w.hospital, REFERRAL__DIRECTION__DOWN), &down);
    cr_assert_eq(route_contact(&w.hospital, REFERRAL__DIRECTION__LATERAL), &w.contact);
    w.hospital.down_contact = NULL;
    cr_assert_str_eq(check(&w), "");
}

Test(route, t1_unknown_own_and_disabled_institutions_are_refused)
{
    struct world w;

    setup(&w);
    w.hospital.has_enabled = 1;
    cr_assert_str_eq(check(&w), "RECEIVER_DISABLED receiver");
    w.hospital.enabled = 1;
    cr_assert_str_eq(check(&w), "");
    w.centre.has_enabled = 1;
    cr_assert_str_eq(check(&w), "SENDER_DISABLED sender");
    w.route.receiver = &w.centre;
    cr_assert_str_eq(check(&w), "OWN_INSTITUTION receiver");
    w.route.receiver = NULL;
    cr_assert_str_eq(check(&w), "UNKNOWN_RECEIVER receiver");
}

Test(route, t1_the_department_is_one_of_the_receivers)
{
    struct world w;

    setup(&w);
    w.route.department = "SN";
    cr_assert_str_eq(check(&w), "UNKNOWN_DEPARTMENT department");
    w.hospital.n_departments = 0;
    cr_assert_str_eq(check(&w), "");
    w.hospital.n_departments = 1;
    w.cardiology.code = NULL; /* registered without one: nobody's choice */
    w.route.department = "XN";
    cr_assert_str_eq(check(&w), "UNKNOWN_DEPARTMENT department");
    w.route.department = NULL; /* whether it must be there is the sheet's question */
    cr_assert_str_eq(check(&w), "");
}

Test(route, t1_t4_of_several_departments_and_kinds_each_counts_and_no_more)
{
    struct world w;
    Referral__Department second = REFERRAL__DEPARTMENT__INIT, *departments[] = {&w.cardiology, &second};
    Referral__ReferralKind kinds[] = {REFERRAL__REFERRAL_KIND__INPATIENT, REFERRAL__REFERRAL_KIND__OUTPATIENT};

    setup(&w);
    second.code = (char *)"SN";
    w.hospital.departments = departments;
    w.route.department = "SN";
    w.hospital.n_departments = 2;
    cr_assert_str_eq(check(&w), "");
    w.hospital.n_departments = 1;
    cr_assert_str_eq(check(&w), "UNKNOWN_DEPARTMENT department");
    setup(&w);
    reach(&w, &w.hospital, &w.city);
    w.relation.kinds = kinds;
    w.relation.n_kinds = 2;
    w.route.relation = &w.relation;
    cr_assert_str_eq(check(&w), "");
    w.relation.n_kinds = 1;
    cr_assert_str_eq(check(&w), "WRONG_KIND kind");
}

Test(route, f2_all_that_is_wrong_comes_back_at_once)
{
    struct world w;

    setup(&w);
    reach(&w, &w.hospital, &w.city);
    w.route.direction = REFERRAL__DIRECTION__DOWN;
    w.route.department = "SN";
    w.city.up_contact = w.city.down_contact = NULL;
    w.city.has_enabled = 1;
    cr_assert_str_eq(
        check(&w), "RECEIVER_DISABLED receiver, WRONG_DIRECTION direction, NO_RELATION receiver, NO_CONTACT receiver, "
                   "UNKNOWN_DEPARTMENT department");
    cr_assert_not_null(w.findings.list[0].name_zh);
}

Test(route, t7_an_emergency_needs_neither_relation_tier_nor_contact)
{
    struct world w;

    setup(&w);
    reach(&w, &w.hospital, &w.city);
    w.route.emergency = true;
    cr_assert_str_eq(check(&w), "; gaps 1");
    w.route.direction = REFERRAL__DIRECTION__DOWN;
    w.city.down_contact = NULL;
    w.route.department = "SN";
    w.hospital.has_enabled = 1;
    check(&w);
    cr_assert_eq(w.findings.count, 0);
    cr_assert_eq(w.gaps, GAP_RELATION | GAP_TIER | GAP_CONTACT | GAP_DEPARTMENT);
}

Test(route, t7_only_a_deny_or_a_disabled_receiver_stops_an_emergency)
{
    struct world w;

    setup(&w);
    w.route.emergency = true;
    w.relation.deny = 1;
    w.route.relation = &w.relation;
    cr_assert_str_eq(check(&w), "ROUTE_DENIED receiver");
    w.route.relation = NULL;
    w.hospital.has_enabled = 1;
    cr_assert_str_eq(check(&w), "RECEIVER_DISABLED receiver");
}

Test(team, t6_is_active_from_its_first_day_until_the_day_before_its_end)
{
    Referral__Team team = REFERRAL__TEAM__INIT;

    cr_assert(team_is_active(&team, (struct date){2026, 11, 21}));
    team.active_from = (char *)"2026-11-21";
    team.active_to = (char *)"2027-01-01";
    cr_assert(!team_is_active(&team, (struct date){2026, 11, 20}));
    cr_assert(team_is_active(&team, (struct date){2026, 11, 21}));
    cr_assert(team_is_active(&team, (struct date){2026, 12, 31}));
    cr_assert(!team_is_active(&team, (struct date){2027, 1, 1}));
    team.active_from = (char *)"some day";
    cr_assert(!team_is_active(&team, (struct date){2026, 11, 21}));
    team.active_from = (char *)"2026-11-21";
    team.active_to = (char *)"some day";
    cr_assert(!team_is_active(&team, (struct date){2026, 11, 21}));
}
