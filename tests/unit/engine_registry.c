/* The registry: institutions, contacts, relations, delegations, teams, keys, pause, time (T1-T6, D9, C4, P2). */
#include "desk.h"

#define KIND(name) REFERRAL__KIND__##name
#define HOSPITAL   REFERRAL__INSTITUTION_KIND__HOSPITAL
#define PRIMARY    REFERRAL__INSTITUTION_KIND__PRIMARY
#define CENTRE     REFERRAL__INSTITUTION_KIND__CENTRE
#define COUNTY     REFERRAL__TIER__COUNTY
#define TOWNSHIP   REFERRAL__TIER__TOWNSHIP
#define OPERATE    ROLE_BIT(OPERATE)

/* A hospital H1, a township centre C1, an imaging centre X1. */
static void district(struct desk *desk)
{
    desk_open(desk);
    cr_assert_str_eq(desk_put_institution(desk, "H1", HOSPITAL, COUNTY), "");
    cr_assert_str_eq(desk_put_institution(desk, "C1", PRIMARY, TOWNSHIP), "");
    cr_assert_str_eq(desk_put_institution(desk, "X1", CENTRE, 0), "");
}

static const Referral__Institution *stored(struct desk *desk, const char *id)
{
    const struct registry_institution *found = registry_institution(&desk->work, id);

    cr_assert_not_null(found);
    return found->institution;
}

Test(registry, t1_kind_and_tier_must_agree)
{
    static const struct {
        Referral__InstitutionKind kind;
        Referral__Tier tier;
        const char *expected;
    } cases[] = {
        {REFERRAL__INSTITUTION_KIND__PRIMARY, 0, "MISSING tier"},
        {REFERRAL__INSTITUTION_KIND__PRIMARY, REFERRAL__TIER__VILLAGE, ""},
        {REFERRAL__INSTITUTION_KIND__HOSPITAL, 0, "MISSING tier"},
        {REFERRAL__INSTITUTION_KIND__HOSPITAL, REFERRAL__TIER__CITY, ""},
        {REFERRAL__INSTITUTION_KIND__CENTRE, REFERRAL__TIER__CITY, "NO_TIER tier"},
        {REFERRAL__INSTITUTION_KIND__CENTRE, 0, ""},
        {REFERRAL__INSTITUTION_KIND__EMERGENCY_SERVICE, REFERRAL__TIER__COUNTY, "NO_TIER tier"},
        {REFERRAL__INSTITUTION_KIND__EMERGENCY_SERVICE, 0, ""},
        {REFERRAL__INSTITUTION_KIND__OBSERVER, REFERRAL__TIER__COUNTY, "NO_TIER tier"},
        {REFERRAL__INSTITUTION_KIND__OBSERVER, 0, ""},
    };
    struct desk desk;

    desk_open(&desk);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *found = desk_put_institution(&desk, "I1", cases[i].kind, cases[i].tier);

        cr_expect_str_eq(found, cases[i].expected, "row %zu: %s", i, found);
    }
    desk_close(&desk);
}

Test(registry, f2_everything_wrong_with_an_institution_comes_back_at_once)
{
    Referral__Institution put = REFERRAL__INSTITUTION__INIT;
    Referral__Department first = REFERRAL__DEPARTMENT__INIT, second = REFERRAL__DEPARTMENT__INIT;
    Referral__Department *departments[] = {&first, &second};
    Referral__PlaceClass bookable[] = {REFERRAL__PLACE_CLASS__BED};
    Referral__Contact contact = REFERRAL__CONTACT__INIT;
    struct desk desk;

    desk_open(&desk);
    put.id = "two words";
    put.name = "  ";
    put.parent = "NOBODY";
    put.time_zone = "Asia/Shanghai";
    put.working_hours = "18:00-08:00";
    first.code = second.code = "NK";
    first.name = "内科";
    put.n_departments = 2;
    put.departments = departments;
    put.n_direct_booking = 1;
    put.direct_booking = bookable;
    put.up_contact = &contact;
    put.has_paused = true;
    cr_assert_str_eq(desk_operate(&desk, registry_apply_institution, KIND(PUT_INSTITUTION), &put),
                     "BAD_ID id; BLANK name; MISSING kind; UNKNOWN_INSTITUTION parent; BAD_VALUE time_zone; "
                     "BAD_VALUE working_hours; MISSING departments[1].name; BAD_VALUE departments[1].code; "
                     "NOT_EXPECTED up_contact; NOT_EXPECTED paused; MISSING direct_booking_set");
    cr_assert_null(institution_row(desk.txn, "two words"));
    desk_close(&desk);
}

Test(registry, t1_no_institution_passes_for_the_broker)
{
    static char *const ids[] = {"broker", "clock", "operator"};
    Referral__Institution put = REFERRAL__INSTITUTION__INIT;
    struct desk desk;

    desk_open(&desk);
    put.name = "x";
    put.has_kind = true;
    put.kind = REFERRAL__INSTITUTION_KIND__OBSERVER;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        put.id = ids[i];
        cr_assert_str_eq(desk_operate(&desk, registry_apply_institution, KIND(PUT_INSTITUTION), &put), "BAD_ID id");
    }
    put.id = "broker-2";
    cr_assert_str_eq(desk_operate(&desk, registry_apply_institution, KIND(PUT_INSTITUTION), &put), "");
    desk_close(&desk);
}

Test(registry, t1_working_hours_are_two_times_of_a_day)
{
    static const struct {
        char *hours;
        bool good;
    } cases[] = {
        {"08:00-18:00", true},
        {"00:00-24:00", true},
        {"08:00-08:00", false},
        {"8:00-18:00", false},
        {"08:00-24:01", false},
        {"08:60-18:00", false},
        {"08:00 18:00", false},
        {"08:00-18:0", false},
        {"+8:00-18:00", false},
        {"08:00-18:00 ", false},
        {"", false},
        {" 8:00-18:00", false},
    };
    Referral__Institution put = REFERRAL__INSTITUTION__INIT;
    struct desk desk;

    desk_open(&desk);
    put.id = put.name = "X1";
    FIELD_SET(&put, kind, CENTRE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put.working_hours = cases[i].hours;
        cr_expect_str_eq(desk_operate(&desk, registry_apply_institution, KIND(PUT_INSTITUTION), &put),
                         cases[i].good ? "" : "BAD_VALUE working_hours", "%s", cases[i].hours);
    }
    desk_close(&desk);
}

static const char *put_parent(struct desk *desk, char *id, char *parent)
{
    Referral__Institution put = REFERRAL__INSTITUTION__INIT;

    put.id = put.name = id;
    put.parent = parent;
    FIELD_SET(&put, kind, CENTRE);
    return desk_operate(desk, registry_apply_institution, KIND(PUT_INSTITUTION), &put);
}

Test(registry, t1_parents_never_form_a_loop)
{
    struct desk desk;

    desk_open(&desk);
    cr_assert_str_eq(put_parent(&desk, "A", "A"), "HAS_PARENT_LOOP parent");
    cr_assert_str_eq(put_parent(&desk, "A", NULL), "");
    cr_assert_str_eq(put_parent(&desk, "B", "A"), "");
    cr_assert_str_eq(put_parent(&desk, "C", "B"), "");
    cr_assert_str_eq(put_parent(&desk, "A", "C"), "HAS_PARENT_LOOP parent");
    cr_assert_str_eq(put_parent(&desk, "A", "A"), "HAS_PARENT_LOOP parent");
    cr_assert_str_eq(put_parent(&desk, "C", "A"), "");
    desk_close(&desk);
}

static const char *put_contact(struct desk *desk, const char *actor, uint32_t roles, char *institution,
                               Referral__Direction direction)
{
    Referral__PutContact put = REFERRAL__PUT_CONTACT__INIT;
    Referral__Contact contact = REFERRAL__CONTACT__INIT;

    contact.name = "张主任";
    contact.phone = "022-29240001";
    put.institution = institution;
    put.contact = &contact;
    FIELD_SET(&put, direction, direction);
    return desk_do(desk, registry_apply_contact, KIND(PUT_CONTACT), actor, roles, &put);
}

Test(registry, t1_an_upsert_keeps_number_contacts_and_pause)
{
    struct desk desk;
    uint32_t number;

    district(&desk);
    number = institution_row(desk.txn, "H1")->number;
    cr_assert_neq(number, institution_row(desk.txn, "C1")->number);
    cr_assert_str_eq(put_contact(&desk, "OPS", OPERATE, "H1", REFERRAL__DIRECTION__UP), "");
    cr_assert_str_eq(desk_put_institution(&desk, "H1", HOSPITAL, REFERRAL__TIER__CITY), "");
    cr_assert(desk.effects.destinations_changed);
    cr_assert_eq(institution_row(desk.txn, "H1")->number, number);
    cr_assert_eq(stored(&desk, "H1")->tier, REFERRAL__TIER__CITY);
    cr_assert_str_eq(stored(&desk, "H1")->up_contact->name, "张主任");
    cr_assert_null(stored(&desk, "H1")->down_contact);
    cr_assert_str_eq(desk.work.audit.subject, "H1");
    desk_close(&desk);
}

Test(registry, t2_an_institution_keeps_its_own_contact_and_no_other)
{
    struct desk desk;

    district(&desk);
    cr_assert_str_eq(put_contact(&desk, "H1", ROLE_BIT(SCHEDULE), "H1", REFERRAL__DIRECTION__UP), "");
    cr_assert_str_eq(put_contact(&desk, "H1", ROLE_BIT(SCHEDULE), "C1", REFERRAL__DIRECTION__UP), "NOT_ALLOWED");
    cr_assert_str_eq(put_contact(&desk, "H1", ROLE_BIT(SCHEDULE), "NOBODY", REFERRAL__DIRECTION__UP), "NOT_ALLOWED",
                     "not yours and does not exist answer alike (P2)");
    cr_assert_str_eq(put_contact(&desk, "H1", ROLE_BIT(REFER), "H1", REFERRAL__DIRECTION__UP), "NOT_ALLOWED");
    cr_assert_str_eq(put_contact(&desk, "OPS", OPERATE, "C1", REFERRAL__DIRECTION__DOWN), "");
    cr_assert_str_eq(put_contact(&desk, "OPS", OPERATE, "NOBODY", REFERRAL__DIRECTION__DOWN),
                     "UNKNOWN_INSTITUTION institution");
    cr_assert_str_eq(put_contact(&desk, "OPS", OPERATE, "C1", REFERRAL__DIRECTION__LATERAL), "BAD_VALUE direction");
    desk_close(&desk);
}

Test(registry, t2_a_contact_has_name_and_phone)
{
    Referral__PutContact put = REFERRAL__PUT_CONTACT__INIT;
    Referral__Contact contact = REFERRAL__CONTACT__INIT;
    struct desk desk;

    district(&desk);
    cr_assert_str_eq(desk_operate(&desk, registry_apply_contact, KIND(PUT_CONTACT), &put),
                     "MISSING institution; MISSING direction; MISSING contact");
    put.institution = "H1";
    FIELD_SET(&put, direction, REFERRAL__DIRECTION__UP);
    put.contact = &contact;
    cr_assert_str_eq(desk_operate(&desk, registry_apply_contact, KIND(PUT_CONTACT), &put),
                     "MISSING contact.name; MISSING contact.phone");
    contact.name = "张主任";
    contact.phone = "292400";
    contact.deputy_name = "李";
    cr_assert_str_eq(desk_operate(&desk, registry_apply_contact, KIND(PUT_CONTACT), &put),
                     "BAD_PHONE contact.phone; MISSING contact.deputy_phone");
    contact.phone = "call me";
    contact.deputy_phone = "1234567890123456";
    cr_assert_str_eq(desk_operate(&desk, registry_apply_contact, KIND(PUT_CONTACT), &put),
                     "BAD_PHONE contact.phone; BAD_PHONE contact.deputy_phone");
    desk_close(&desk);
}

Test(registry, t4_relations_come_and_go)
{
    Referral__Relation relation = REFERRAL__RELATION__INIT;
    struct desk desk;

    district(&desk);
    relation.from = "C1";
    cr_assert_str_eq(desk_operate(&desk, registry_apply_relation, KIND(PUT_RELATION), &relation), "MISSING to");
    relation.to = "C1";
    cr_assert_str_eq(desk_operate(&desk, registry_apply_relation, KIND(PUT_RELATION), &relation), "BAD_VALUE to");
    relation.to = "NOBODY";
    cr_assert_str_eq(desk_operate(&desk, registry_apply_relation, KIND(PUT_RELATION), &relation),
                     "UNKNOWN_INSTITUTION to");
    relation.to = "X1";
    cr_assert_str_eq(desk_operate(&desk, registry_apply_delete_relation, KIND(DELETE_RELATION), &relation),
                     "NOT_FOUND");
    cr_assert_str_eq(desk_operate(&desk, registry_apply_relation, KIND(PUT_RELATION), &relation), "");
    cr_assert_not_null(relation_row(desk.txn, "C1", "X1"));
    cr_assert_null(relation_row(desk.txn, "X1", "C1"));
    FIELD_SET(&relation, deny, true);
    cr_assert_str_eq(desk_operate(&desk, registry_apply_relation, KIND(PUT_RELATION), &relation), "");
    cr_assert_str_eq(desk_operate(&desk, registry_apply_delete_relation, KIND(DELETE_RELATION), &relation),
                     "NOT_EXPECTED deny");
    FIELD_CLEAR(&relation, deny);
    cr_assert_str_eq(desk_operate(&desk, registry_apply_delete_relation, KIND(DELETE_RELATION), &relation), "");
    cr_assert_null(relation_row(desk.txn, "C1", "X1"));
    desk_close(&desk);
}

Test(registry, t5_delegations_come_and_go)
{
    Referral__Delegation delegation = REFERRAL__DELEGATION__INIT;
    struct desk desk;

    district(&desk);
    delegation.agent = "C1";
    delegation.principal = "C1";
    cr_assert_str_eq(desk_operate(&desk, registry_apply_delegation, KIND(PUT_DELEGATION), &delegation),
                     "BAD_VALUE principal");
    delegation.principal = "X1";
    cr_assert_str_eq(desk_operate(&desk, registry_apply_delete_delegation, KIND(DELETE_DELEGATION), &delegation),
                     "NOT_FOUND");
    cr_assert_str_eq(desk_operate(&desk, registry_apply_delegation, KIND(PUT_DELEGATION), &delegation), "");
    cr_assert(delegation_exists(desk.txn, "C1", "X1"));
    cr_assert(!delegation_exists(desk.txn, "X1", "C1"));
    cr_assert_str_eq(desk_operate(&desk, registry_apply_delete_delegation, KIND(DELETE_DELEGATION), &delegation), "");
    cr_assert(!delegation_exists(desk.txn, "C1", "X1"));
    desk_close(&desk);
}

Test(registry, t6_a_team_belongs_to_a_primary_institution_and_has_members_and_days)
{
    Referral__Team team = REFERRAL__TEAM__INIT;
    Referral__Person doctor = REFERRAL__PERSON__INIT;
    Referral__Person *members[] = {&doctor};
    struct desk desk;

    district(&desk);
    cr_assert_str_eq(desk_operate(&desk, registry_apply_team, KIND(PUT_TEAM), &team),
                     "MISSING id; MISSING name; MISSING institution; MISSING members; MISSING active_from");
    team.id = "T1";
    team.name = "一队";
    team.institution = "H1";
    team.n_members = 1;
    team.members = members;
    team.active_from = "2026-01-01";
    team.active_to = "2026-01-01";
    cr_assert_str_eq(desk_operate(&desk, registry_apply_team, KIND(PUT_TEAM), &team),
                     "NOT_PRIMARY institution; MISSING members[0].name; BAD_ORDER active_to");
    team.institution = "C1";
    doctor.name = "王医生";
    doctor.phone = "12";
    team.active_from = "2026-1-1";
    team.active_to = "2026-02-30";
    cr_assert_str_eq(desk_operate(&desk, registry_apply_team, KIND(PUT_TEAM), &team),
                     "BAD_PHONE members[0].phone; BAD_DATE active_from; BAD_DATE active_to");
    doctor.phone = NULL;
    team.active_from = "2026-01-01";
    team.active_to = NULL;
    cr_assert_str_eq(desk_operate(&desk, registry_apply_team, KIND(PUT_TEAM), &team), "");
    cr_assert_not_null(team_row(desk.txn, "T1"));
    desk_close(&desk);
}

static uint8_t key_a[32] = {1}, key_b[32] = {2}, key_c[32] = {3};
static Referral__Role operate[] = {REFERRAL__ROLE__OPERATE}, refer[] = {REFERRAL__ROLE__REFER};

static Referral__AccessKey access_key(uint8_t *key, char *institution, Referral__Role *role)
{
    Referral__AccessKey access = REFERRAL__ACCESS_KEY__INIT;

    access.has_public_key = true;
    access.public_key = (ProtobufCBinaryData){.len = 32, .data = key};
    access.institution = institution;
    access.n_roles = 1;
    access.roles = role;
    return access;
}

static const char *add_key(struct desk *desk, const Referral__AccessKey *key)
{
    return desk_operate(desk, registry_apply_add_key, KIND(ADD_KEY), key);
}

static const char *revoke_key(struct desk *desk, uint8_t *key)
{
    Referral__RevokeKey revoke = REFERRAL__REVOKE_KEY__INIT;

    revoke.has_public_key = true;
    revoke.public_key = (ProtobufCBinaryData){.len = 32, .data = key};
    return desk_operate(desk, registry_apply_revoke_key, KIND(REVOKE_KEY), &revoke);
}

Test(registry, t5_a_key_has_32_bytes_an_institution_and_a_role)
{
    Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;
    uint8_t none[32] = {0};
    struct desk desk;

    district(&desk);
    cr_assert_str_eq(add_key(&desk, &key), "MISSING public_key; MISSING institution; MISSING roles");
    key = access_key(key_a, "NOBODY", refer);
    key.public_key.len = 31;
    FIELD_SET(&key, valid_from_ms, 2000);
    FIELD_SET(&key, valid_to_ms, 2000);
    FIELD_SET(&key, revoked_at_ms, 1);
    cr_assert_str_eq(add_key(&desk, &key),
                     "BAD_KEY public_key; UNKNOWN_INSTITUTION institution; BAD_ORDER valid_to_ms; "
                     "NOT_EXPECTED revoked_at_ms");
    key = access_key(none, "H1", refer);
    cr_assert_str_eq(add_key(&desk, &key), "BAD_KEY public_key");
    key = access_key(key_a, "H1", refer);
    cr_assert_str_eq(add_key(&desk, &key), "");
    cr_assert(desk.effects.keys_changed);
    desk_close(&desk);
}

Test(registry, t5_a_key_belongs_to_one_institution_and_revoked_stays_revoked)
{
    Referral__AccessKey key;
    struct desk desk;

    district(&desk);
    key = access_key(key_a, "H1", refer);
    cr_assert_str_eq(add_key(&desk, &key), "");
    cr_assert_str_eq(add_key(&desk, &key), "", "changing one's own key is fine");
    key = access_key(key_a, "C1", refer);
    cr_assert_str_eq(add_key(&desk, &key), "KEY_TAKEN public_key");
    cr_assert_str_eq(revoke_key(&desk, key_a), "");
    cr_assert(desk.effects.keys_changed);
    cr_assert(access_key_row(desk.txn, key_a)->revoked);
    cr_assert_str_eq(revoke_key(&desk, key_a), "", "again: no harm");
    key = access_key(key_a, "H1", refer);
    cr_assert_str_eq(add_key(&desk, &key), "KEY_REVOKED public_key");
    cr_assert_str_eq(revoke_key(&desk, key_b), "NOT_FOUND public_key");
    desk_close(&desk);
}

Test(registry, p2_the_last_operator_key_cannot_be_revoked_weakened_or_shortened)
{
    Referral__AccessKey key, other;
    struct desk desk;

    district(&desk);
    key = access_key(key_a, "H1", operate);
    cr_assert_str_eq(add_key(&desk, &key), "");
    cr_assert_str_eq(revoke_key(&desk, key_a), "LAST_OPERATOR public_key");
    key = access_key(key_a, "H1", refer);
    cr_assert_str_eq(add_key(&desk, &key), "LAST_OPERATOR public_key");
    key = access_key(key_a, "H1", operate);
    FIELD_SET(&key, valid_to_ms, DESK_NOW + DAY_MS);
    cr_assert_str_eq(add_key(&desk, &key), "LAST_OPERATOR public_key");
    key = access_key(key_a, "H1", operate);
    FIELD_SET(&key, valid_from_ms, DESK_NOW + DAY_MS);
    cr_assert_str_eq(add_key(&desk, &key), "LAST_OPERATOR public_key");

    /* Keys that do not operate now are no help. */
    other = access_key(key_b, "H1", operate);
    FIELD_SET(&other, valid_from_ms, DESK_NOW + 1);
    cr_assert_str_eq(add_key(&desk, &other), "");
    other = access_key(key_c, "H1", operate);
    FIELD_SET(&other, valid_to_ms, DESK_NOW);
    cr_assert_str_eq(add_key(&desk, &other), "");
    cr_assert_str_eq(revoke_key(&desk, key_a), "LAST_OPERATOR public_key");

    desk.now = instant_after(desk.now, 1);
    cr_assert_str_eq(revoke_key(&desk, key_a), "", "the other one speaks now (C1)");
    cr_assert_str_eq(revoke_key(&desk, key_b), "LAST_OPERATOR public_key");
    desk_close(&desk);
}

/* Whoever is to operate on must be able to renew what is about to end. */
Test(registry, p2_the_last_operator_key_is_prolonged_and_not_shortened)
{
    Referral__AccessKey key;
    struct desk desk;

    district(&desk);
    key = access_key(key_a, "H1", operate);
    FIELD_SET(&key, valid_to_ms, DESK_NOW + DAY_MS);
    cr_assert_str_eq(add_key(&desk, &key), "");
    FIELD_SET(&key, valid_to_ms, DESK_NOW + DAY_MS - 1);
    cr_assert_str_eq(add_key(&desk, &key), "LAST_OPERATOR public_key");
    FIELD_SET(&key, valid_to_ms, DESK_NOW + DAY_MS);
    cr_assert_str_eq(add_key(&desk, &key), "");
    FIELD_SET(&key, valid_to_ms, DESK_NOW + 2 * DAY_MS);
    cr_assert_str_eq(add_key(&desk, &key), "");
    FIELD_CLEAR(&key, valid_to_ms);
    cr_assert_str_eq(add_key(&desk, &key), "", "without an end it ends later than ever");
    desk_close(&desk);
}

Test(registry, p2_keys_are_revoked_by_operators_only)
{
    Referral__AccessKey key;
    Referral__RevokeKey revoke = REFERRAL__REVOKE_KEY__INIT;
    struct desk desk;

    district(&desk);
    key = access_key(key_a, "H1", refer);
    cr_assert_str_eq(add_key(&desk, &key), "");
    FIELD_SET(&revoke, public_key, key.public_key);
    cr_assert_str_eq(desk_do(&desk, registry_apply_revoke_key, KIND(REVOKE_KEY), "C1", ROLE_BIT(REFER), &revoke),
                     "NOT_ALLOWED");
    cr_assert_not(access_key_row(desk.txn, key_a)->revoked);
    desk_close(&desk);
}

static const char *destination(struct desk *desk, bool (*handler)(struct work *), Referral__Kind kind,
                               char *institution, char *reason)
{
    Referral__Destination put = REFERRAL__DESTINATION__INIT;

    put.institution = institution;
    put.reason = reason;
    return desk_operate(desk, handler, kind, &put);
}

Test(registry, d9_a_destination_is_paused_with_a_reason_and_resumed)
{
    const Record__Institution *row;
    struct desk desk;

    district(&desk);
    cr_assert_str_eq(destination(&desk, registry_apply_pause, KIND(PAUSE), "H1", NULL), "MISSING reason");
    cr_assert_str_eq(destination(&desk, registry_apply_pause, KIND(PAUSE), "NOBODY", " "),
                     "UNKNOWN_INSTITUTION institution; BLANK reason");
    cr_assert_str_eq(destination(&desk, registry_apply_pause, KIND(PAUSE), "H1", "机房检修"), "");
    cr_assert(desk.effects.destinations_changed);
    cr_assert_str_eq(desk.work.audit.reason, "机房检修");
    desk.now = instant_after(desk.now, 5);
    cr_assert_str_eq(destination(&desk, registry_apply_pause, KIND(PAUSE), "H1", "再检修"), "");
    row = institution_row(desk.txn, "H1");
    cr_assert(row->paused && row->paused_at_ms == DESK_NOW);
    cr_assert_str_eq(row->pause_reason, "再检修");
    cr_assert_str_eq(desk_put_institution(&desk, "H1", HOSPITAL, COUNTY), "");
    cr_assert(institution_row(desk.txn, "H1")->paused, "an upsert does not resume");
    cr_assert_str_eq(destination(&desk, registry_apply_resume, KIND(RESUME), "H1", NULL), "");
    cr_assert(!institution_row(desk.txn, "H1")->paused);
    cr_assert_str_eq(destination(&desk, registry_apply_resume, KIND(RESUME), "H1", NULL), "", "again: no harm");
    desk_close(&desk);
}

Test(registry, c4_only_doubted_time_can_be_confirmed)
{
    Referral__ConfirmTime confirm = REFERRAL__CONFIRM_TIME__INIT;
    struct desk desk;

    desk_open(&desk);
    cr_assert_str_eq(desk_operate(&desk, registry_apply_confirm_time, KIND(CONFIRM_TIME), &confirm), "TIME_NOT_HELD");
    desk.hold = true;
    cr_assert_str_eq(desk_operate(&desk, registry_apply_confirm_time, KIND(CONFIRM_TIME), &confirm), "");
    cr_assert(desk.effects.time_confirmed);
    cr_assert_eq(meta_row(desk.txn)->time_confirmed_ms, DESK_NOW);
    desk_close(&desk);
}

Test(registry, p2_a_new_store_has_one_operator)
{
    const Record__AccessKey *row;
    const Referral__AccessKey *key;
    struct desk desk;

    desk_open(&desk);
    cr_assert_eq(registry_found(desk.txn, "no such id", "x", key_a, desk.now), -EINVAL);
    cr_assert_eq(registry_found(desk.txn, "OPS", "运维中心", key_a, desk.now), 0);
    cr_assert_str_eq(desk_put_institution(&desk, "H1", HOSPITAL, COUNTY), "");
    cr_assert_eq(stored(&desk, "OPS")->kind, REFERRAL__INSTITUTION_KIND__OBSERVER);
    row = access_key_row(desk.txn, key_a);
    key = work_unpack(&desk.work, &referral__access_key__descriptor, row->access_key);
    cr_assert_str_eq(key->institution, "OPS");
    cr_assert_eq(key->n_roles, 2);
    cr_assert_str_eq(revoke_key(&desk, key_a), "LAST_OPERATOR public_key");
    desk_close(&desk);
}
