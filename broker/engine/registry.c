/* registry.c - who takes part and on what terms: each handler collects every violation, then writes one row. */
#include "engine/registry.h"

#include <stdio.h>

#include "base/utf8.h"
#include "engine/authority.h"
#include "engine/binary.h"
#include "rules/identity.h"

bool registry_may_touch(struct work *work, const char *institution)
{
    bool own = institution != NULL && strcmp(institution, work->actor) == 0;

    if (authority_allows(work->kind->kind, work->roles, own ? SCOPE_OWN : SCOPE_OTHER))
        return true;
    return refuse(work, REFUSED_NOT_ALLOWED, "");
}

bool registry_requires_institution(struct work *work, const char *institution, const char *field)
{
    if (institution == NULL)
        return refuse(work, REFUSED_MISSING, field);
    if (!identity_is_institution_id(institution))
        return refuse(work, REFUSED_BAD_ID, field);
    if (institution_row(work->txn, institution) == NULL)
        return refuse(work, REFUSED_UNKNOWN_INSTITUTION, field);
    return true;
}

static void require_id(struct work *work, const char *id, const char *field)
{
    if (id == NULL)
        refuse(work, REFUSED_MISSING, field);
    else if (!identity_is_institution_id(id))
        refuse(work, REFUSED_BAD_ID, field);
}

static void require_text(struct work *work, const char *text, const char *field)
{
    if (text == NULL)
        refuse(work, REFUSED_MISSING, field);
    else if (text_is_blank(text))
        refuse(work, REFUSED_BLANK, field);
}

/* "departments[3].code" */
static const char *path(struct work *work, const char *list, size_t i, const char *field)
{
    return arena_format(work->arena, "%s[%zu].%s", list, i, field);
}

/* T1: the ladder of tiers is for primary institutions and hospitals; the others are reached by relation only. */
static void check_kind_and_tier(struct work *work, const Referral__Institution *put)
{
    bool on_ladder =
        put->kind == REFERRAL__INSTITUTION_KIND__PRIMARY || put->kind == REFERRAL__INSTITUTION_KIND__HOSPITAL;

    if (!put->has_kind)
        refuse(work, REFUSED_MISSING, "kind");
    else if (on_ladder && !put->has_tier)
        refuse(work, REFUSED_MISSING, "tier");
    else if (!on_ladder && put->has_tier)
        refuse(work, REFUSED_NO_TIER, "tier");
}

static const Referral__Institution *institution_of(struct work *work, const char *id)
{
    const struct registry_institution *found = registry_institution(work, id);

    return found != NULL ? found->institution : NULL;
}

/* T1: what is stored has no loop, so the walk up from the parent ends. */
static void check_parent(struct work *work, const Referral__Institution *put)
{
    const char *above = put->parent;

    if (above == NULL || put->id == NULL)
        return;
    if (strcmp(above, put->id) != 0 && !registry_requires_institution(work, above, "parent"))
        return;
    while (above != NULL && strcmp(above, put->id) != 0) {
        const Referral__Institution *institution = institution_of(work, above);

        above = institution != NULL ? institution->parent : NULL;
    }
    if (above != NULL)
        refuse(work, REFUSED_HAS_PARENT_LOOP, "parent");
}

/* "08:00-18:00": minutes of the day, opening before closing. */
static bool hours_are_valid(const char *text)
{
    unsigned from_hour, from_minute, to_hour, to_minute;
    char again[16];

    if (strlen(text) != 11 || sscanf(text, "%2u:%2u-%2u:%2u", &from_hour, &from_minute, &to_hour, &to_minute) != 4)
        return false;
    snprintf(again, sizeof again, "%02u:%02u-%02u:%02u", from_hour % 100, from_minute % 100, to_hour % 100,
             to_minute % 100);
    return strcmp(text, again) == 0 && from_minute < 60 && to_minute < 60 &&
           from_hour * 60 + from_minute < to_hour * 60 + to_minute && to_hour * 60 + to_minute <= 24 * 60;
}

static void check_times(struct work *work, const Referral__Institution *put)
{
    int offset;

    if (put->time_zone != NULL && !offset_parse(put->time_zone, &offset))
        refuse(work, REFUSED_BAD_VALUE, "time_zone");
    if (put->working_hours != NULL && !hours_are_valid(put->working_hours))
        refuse(work, REFUSED_BAD_VALUE, "working_hours");
}

/* A department's code is the receiver's own; sheets name it, so it must be unique. */
static void check_departments(struct work *work, const Referral__Institution *put)
{
    for (size_t i = 0; i < put->n_departments; i++) {
        const char *code = put->departments[i]->code;

        require_text(work, code, path(work, "departments", i, "code"));
        require_text(work, put->departments[i]->name, path(work, "departments", i, "name"));
        for (size_t j = 0; code != NULL && j < i; j++) {
            const char *earlier = put->departments[j]->code;

            if (earlier != NULL && strcmp(code, earlier) == 0) {
                refuse(work, REFUSED_BAD_VALUE, path(work, "departments", i, "code"));
                break;
            }
        }
    }
}

/* Contacts come by PUT_CONTACT, the pause by PAUSE: here they would be lost silently. */
static void check_nothing_else(struct work *work, const Referral__Institution *put)
{
    if (put->up_contact != NULL)
        refuse(work, REFUSED_NOT_EXPECTED, "up_contact");
    if (put->down_contact != NULL)
        refuse(work, REFUSED_NOT_EXPECTED, "down_contact");
    if (put->has_paused)
        refuse(work, REFUSED_NOT_EXPECTED, "paused");
    if (put->n_direct_booking != 0 && !put->direct_booking_set)
        refuse(work, REFUSED_MISSING, "direct_booking_set");
}

/* Writes the public record, keeping what the row knows besides. */
static void write_institution(struct work *work, const Referral__Institution *institution)
{
    Record__Institution *row = institution_row(work->txn, institution->id), fresh = RECORD__INSTITUTION__INIT;

    if (row == NULL) {
        row = &fresh;
        FIELD_SET(row, schema, STORE_SCHEMA);
        FIELD_SET(row, number, institution_number_new(work->txn));
    }
    FIELD_SET(row, institution, binary_pack(work->arena, &institution->base));
    institution_row_put(work->txn, institution->id, row);
    work->audit.subject = arena_text(work->arena, institution->id);
}

bool registry_apply_institution(struct work *work)
{
    const Referral__Institution *put = (const Referral__Institution *)work->body;
    const struct registry_institution *old;
    Referral__Institution institution;

    if (!registry_may_touch(work, put->id))
        return false;
    require_id(work, put->id, "id");
    if (put->id != NULL && identity_is_reserved(put->id))
        refuse(work, REFUSED_BAD_ID, "id");
    require_text(work, put->name, "name");
    check_kind_and_tier(work, put);
    check_parent(work, put);
    check_times(work, put);
    check_departments(work, put);
    check_nothing_else(work, put);
    if (is_refused(work))
        return false;

    old = registry_institution(work, put->id);
    institution = *put;
    if (old != NULL) {
        institution.up_contact = old->institution->up_contact;
        institution.down_contact = old->institution->down_contact;
    }
    write_institution(work, &institution);
    work->effects->destinations_changed = true;
    return true;
}

static void check_contact(struct work *work, const Referral__Contact *contact)
{
    if (contact == NULL) {
        refuse(work, REFUSED_MISSING, "contact");
        return;
    }
    require_text(work, contact->name, "contact.name");
    if (contact->phone == NULL)
        refuse(work, REFUSED_MISSING, "contact.phone");
    else if (!identity_is_phone(contact->phone))
        refuse(work, REFUSED_BAD_PHONE, "contact.phone");
    if (contact->deputy_phone != NULL && !identity_is_phone(contact->deputy_phone))
        refuse(work, REFUSED_BAD_PHONE, "contact.deputy_phone");
    if (contact->deputy_phone != NULL && contact->deputy_name == NULL)
        refuse(work, REFUSED_MISSING, "contact.deputy_name");
    if (contact->deputy_name != NULL && contact->deputy_phone == NULL)
        refuse(work, REFUSED_MISSING, "contact.deputy_phone");
}

/* T2: one for each direction; lateral referrals use the one for up. */
bool registry_apply_contact(struct work *work)
{
    const Referral__PutContact *put = (const Referral__PutContact *)work->body;
    const struct registry_institution *found;
    Referral__Institution institution;

    if (!registry_may_touch(work, put->institution))
        return false;
    registry_requires_institution(work, put->institution, "institution");
    if (!put->has_direction)
        refuse(work, REFUSED_MISSING, "direction");
    else if (put->direction == REFERRAL__DIRECTION__LATERAL)
        refuse(work, REFUSED_BAD_VALUE, "direction");
    check_contact(work, put->contact);
    if (is_refused(work))
        return false;

    found = registry_institution(work, put->institution);
    institution = *found->institution;
    if (put->direction == REFERRAL__DIRECTION__UP)
        institution.up_contact = put->contact;
    else
        institution.down_contact = put->contact;
    write_institution(work, &institution);
    return true;
}

/* Two different institutions that exist. */
static void check_pair(struct work *work, const char *a, const char *field_a, const char *b, const char *field_b)
{
    bool both = registry_requires_institution(work, a, field_a);

    both = registry_requires_institution(work, b, field_b) && both;
    if (both && strcmp(a, b) == 0)
        refuse(work, REFUSED_BAD_VALUE, field_b);
}

bool registry_apply_relation(struct work *work)
{
    const Referral__Relation *put = (const Referral__Relation *)work->body;
    Record__Relation row = RECORD__RELATION__INIT;

    if (!registry_may_touch(work, put->from))
        return false;
    check_pair(work, put->from, "from", put->to, "to");
    if (is_refused(work))
        return false;
    FIELD_SET(&row, schema, STORE_SCHEMA);
    FIELD_SET(&row, relation, binary_pack(work->arena, &put->base));
    relation_row_put(work->txn, put->from, put->to, &row);
    work->audit.subject = put->from;
    return true;
}

bool registry_apply_delete_relation(struct work *work)
{
    const Referral__Relation *named = (const Referral__Relation *)work->body;

    if (!registry_may_touch(work, named->from))
        return false;
    if (named->has_deny)
        refuse(work, REFUSED_NOT_EXPECTED, "deny");
    if (named->n_kinds != 0)
        refuse(work, REFUSED_NOT_EXPECTED, "kinds");
    check_pair(work, named->from, "from", named->to, "to");
    if (!is_refused(work) && relation_row(work->txn, named->from, named->to) == NULL)
        refuse(work, REFUSED_NOT_FOUND, "");
    if (is_refused(work))
        return false;
    relation_row_delete(work->txn, named->from, named->to);
    work->audit.subject = named->from;
    return true;
}

bool registry_apply_delegation(struct work *work)
{
    const Referral__Delegation *put = (const Referral__Delegation *)work->body;

    if (!registry_may_touch(work, put->principal))
        return false;
    check_pair(work, put->agent, "agent", put->principal, "principal");
    if (is_refused(work))
        return false;
    delegation_put(work->txn, put->agent, put->principal);
    work->audit.subject = put->agent;
    return true;
}

bool registry_apply_delete_delegation(struct work *work)
{
    const Referral__Delegation *named = (const Referral__Delegation *)work->body;

    if (!registry_may_touch(work, named->principal))
        return false;
    check_pair(work, named->agent, "agent", named->principal, "principal");
    if (!is_refused(work) && !delegation_exists(work->txn, named->agent, named->principal))
        refuse(work, REFUSED_NOT_FOUND, "");
    if (is_refused(work))
        return false;
    delegation_delete(work->txn, named->agent, named->principal);
    work->audit.subject = named->agent;
    return true;
}

/* T6, C1: active from this day until the day before that one. */
static void check_active(struct work *work, const Referral__Team *put)
{
    struct date from, to;
    bool from_is_date = put->active_from != NULL && date_parse(put->active_from, &from);

    if (put->active_from == NULL)
        refuse(work, REFUSED_MISSING, "active_from");
    else if (!from_is_date)
        refuse(work, REFUSED_BAD_DATE, "active_from");
    if (put->active_to == NULL)
        return;
    if (!date_parse(put->active_to, &to))
        refuse(work, REFUSED_BAD_DATE, "active_to");
    else if (from_is_date && date_to_days(to) <= date_to_days(from))
        refuse(work, REFUSED_BAD_ORDER, "active_to");
}

bool registry_apply_team(struct work *work)
{
    const Referral__Team *put = (const Referral__Team *)work->body;
    Record__Team row = RECORD__TEAM__INIT;

    if (!registry_may_touch(work, put->institution))
        return false;
    require_id(work, put->id, "id");
    require_text(work, put->name, "name");
    if (registry_requires_institution(work, put->institution, "institution") &&
        institution_of(work, put->institution)->kind != REFERRAL__INSTITUTION_KIND__PRIMARY)
        refuse(work, REFUSED_NOT_PRIMARY, "institution");
    if (put->n_members == 0)
        refuse(work, REFUSED_MISSING, "members");
    for (size_t i = 0; i < put->n_members; i++) {
        require_text(work, put->members[i]->name, path(work, "members", i, "name"));
        if (put->members[i]->phone != NULL && !identity_is_phone(put->members[i]->phone))
            refuse(work, REFUSED_BAD_PHONE, path(work, "members", i, "phone"));
    }
    check_active(work, put);
    if (is_refused(work))
        return false;

    FIELD_SET(&row, schema, STORE_SCHEMA);
    FIELD_SET(&row, team, binary_pack(work->arena, &put->base));
    team_row_put(work->txn, put->id, &row);
    work->audit.subject = put->institution;
    return true;
}

/* D9: delivery stops, acceptance goes on. The reason is read by whoever asks why. */
bool registry_apply_pause(struct work *work)
{
    const Referral__Destination *put = (const Referral__Destination *)work->body;
    Record__Institution *row;

    if (!registry_may_touch(work, put->institution))
        return false;
    registry_requires_institution(work, put->institution, "institution");
    require_text(work, put->reason, "reason");
    if (is_refused(work))
        return false;

    row = institution_row(work->txn, put->institution);
    if (!row->paused)
        FIELD_SET(row, paused_at_ms, work->now.ms);
    FIELD_SET(row, paused, true);
    row->pause_reason = put->reason;
    institution_row_put(work->txn, put->institution, row);
    work->effects->destinations_changed = true;
    work->audit.subject = put->institution;
    work->audit.reason = put->reason;
    return true;
}

bool registry_apply_resume(struct work *work)
{
    const Referral__Destination *put = (const Referral__Destination *)work->body;
    Record__Institution *row;

    if (!registry_may_touch(work, put->institution))
        return false;
    if (!registry_requires_institution(work, put->institution, "institution"))
        return false;

    row = institution_row(work->txn, put->institution);
    FIELD_SET(row, paused, false);
    row->has_paused_at_ms = false;
    row->pause_reason = NULL;
    institution_row_put(work->txn, put->institution, row);
    work->effects->destinations_changed = true;
    work->audit.subject = put->institution;
    work->audit.reason = put->reason;
    return true;
}

/* C4: an operator says that the broker's time may be trusted; expiry and no-show go on from here. */
bool registry_apply_confirm_time(struct work *work)
{
    const Referral__ConfirmTime *put = (const Referral__ConfirmTime *)work->body;
    Record__Meta *meta;

    if (!registry_may_touch(work, NULL))
        return false;
    if (!work->hold)
        return refuse(work, REFUSED_TIME_NOT_HELD, "");

    meta = meta_row(work->txn);
    FIELD_SET(meta, time_confirmed_ms, work->now.ms);
    work->effects->time_confirmed = true;
    work->audit.reason = put->reason;
    return true;
}

/* A state of the process that runs, so nothing is written: from the next batch on each says whether new work is
 * taken. */
bool registry_apply_drain(struct work *work)
{
    const Referral__Drain *put = (const Referral__Drain *)work->body;

    if (!registry_may_touch(work, NULL))
        return false;
    if (!put->off)
        require_text(work, put->reason, "reason");
    if (is_refused(work))
        return false;
    work->effects->drain = put->off ? DRAIN_ENDS : DRAIN_BEGINS;
    work->audit.subject = arena_text(work->arena, put->off ? "off" : "on");
    work->audit.reason = put->reason;
    return true;
}
