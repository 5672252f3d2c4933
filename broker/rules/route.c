/* route.c - the way from one institution to another, as tiers, consortium, relations and contacts give it. */
#include "rules/route.h"

#include <string.h>

#include "rules/sheet.h"

static void refuse(struct findings *findings, enum refusal refusal, const char *path)
{
    const struct sheet_field *field = sheet_field(path);

    findings_add_named(findings, refusal, NULL, path, field->name_zh, field->name_en);
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool is_enabled(const Referral__Institution *institution)
{
    return !institution->has_enabled || institution->enabled;
}

Referral__Direction route_direction(const Referral__Institution *sender, const Referral__Institution *receiver)
{
    if (!sender->has_tier || !receiver->has_tier || sender->tier == receiver->tier)
        return REFERRAL__DIRECTION__LATERAL;
    return sender->tier < receiver->tier ? REFERRAL__DIRECTION__UP : REFERRAL__DIRECTION__DOWN;
}

const Referral__Contact *route_contact(const Referral__Institution *institution, Referral__Direction direction)
{
    const Referral__Contact *contact =
        direction == REFERRAL__DIRECTION__DOWN ? institution->down_contact : institution->up_contact;

    return contact != NULL && is_set(contact->name) && is_set(contact->phone) ? contact : NULL;
}

/* A relation without kinds is for all of them, an allow as well as a deny. T7: an emergency that does not say its kind
 * is covered by every allow, and by no deny that names kinds. */
static bool covers(const Referral__Relation *relation, Referral__ReferralKind kind)
{
    if (kind == 0 && !relation->deny)
        return true;
    for (size_t i = 0; i < relation->n_kinds; i++)
        if (relation->kinds[i] == kind)
            return true;
    return relation->n_kinds == 0;
}

/* T3, T4: up and down inside a consortium need no relation of their own; whatever else is reached by one only. */
static bool is_inside_consortium(const struct route *route)
{
    return route_direction(route->sender, route->receiver) != REFERRAL__DIRECTION__LATERAL &&
           is_set(route->sender->consortium) && is_set(route->receiver->consortium) &&
           strcmp(route->sender->consortium, route->receiver->consortium) == 0;
}

/* What the relation says against this route, or the lack of one. T4: a deny beats everything. */
static enum refusal check_relation(const struct route *route)
{
    const Referral__Relation *relation = route->relation;

    if (relation != NULL && relation->deny && covers(relation, route->kind))
        return REFUSED_ROUTE_DENIED;
    if (is_inside_consortium(route))
        return REFUSED_NOT;
    if (relation == NULL || relation->deny)
        return REFUSED_NO_RELATION;
    return covers(relation, route->kind) ? REFUSED_NOT : REFUSED_WRONG_KIND;
}

/* A receiver that has registered no departments leaves the choice to whoever opens the message. */
static bool has_department(const Referral__Institution *receiver, const char *code)
{
    for (size_t i = 0; i < receiver->n_departments; i++)
        if (receiver->departments[i]->code != NULL && strcmp(receiver->departments[i]->code, code) == 0)
            return true;
    return receiver->n_departments == 0;
}

/* T7: an emergency goes ahead without this; any other referral is refused for it. */
static int lack(const struct route *route, struct findings *findings, int gap, enum refusal refusal, const char *path)
{
    if (route->emergency)
        return gap;
    refuse(findings, refusal, path);
    return 0;
}

static int check_gaps(const struct route *route, enum refusal relation, struct findings *findings)
{
    int gaps = 0;

    if (route->direction != route_direction(route->sender, route->receiver))
        gaps |= lack(route, findings, GAP_TIER, REFUSED_WRONG_DIRECTION, "direction");
    if (relation == REFUSED_NO_RELATION)
        gaps |= lack(route, findings, GAP_RELATION, relation, "receiver");
    if (relation == REFUSED_WRONG_KIND)
        gaps |= lack(route, findings, GAP_RELATION, relation, "kind");
    if (route_contact(route->receiver, route->direction) == NULL)
        gaps |= lack(route, findings, GAP_CONTACT, REFUSED_NO_CONTACT, "receiver");
    if (is_set(route->department) && !has_department(route->receiver, route->department))
        gaps |= lack(route, findings, GAP_DEPARTMENT, REFUSED_UNKNOWN_DEPARTMENT, "department");
    return gaps;
}

/* T7: only a deny or a disabled receiver stops an emergency, beside a receiver that is none. */
int route_check(const struct route *route, struct findings *findings)
{
    if (route->receiver == NULL) {
        refuse(findings, REFUSED_UNKNOWN_RECEIVER, "receiver");
        return 0;
    }
    if (strcmp(route->sender->id, route->receiver->id) == 0) {
        refuse(findings, REFUSED_OWN_INSTITUTION, "receiver");
        return 0;
    }

    enum refusal relation = check_relation(route);

    if (relation == REFUSED_ROUTE_DENIED)
        refuse(findings, relation, "receiver");
    if (!is_enabled(route->receiver))
        refuse(findings, REFUSED_RECEIVER_DISABLED, "receiver");
    if (!is_enabled(route->sender) && !route->emergency)
        refuse(findings, REFUSED_SENDER_DISABLED, "sender");
    return check_gaps(route, relation, findings);
}

/* C1: active from the first day on, until the day before `active_to`. */
bool team_is_active(const Referral__Team *team, struct date today)
{
    int64_t now = date_to_days(today);
    struct date from, to;

    if (is_set(team->active_from) && (!date_parse(team->active_from, &from) || now < date_to_days(from)))
        return false;
    return !is_set(team->active_to) || (date_parse(team->active_to, &to) && now < date_to_days(to));
}
