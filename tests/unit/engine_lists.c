/* Registry, settings, audit, alarms: who sees which rows, in pages bounded in rows and bytes (P2, P3, P4). */
#include "ask.h"

#include "engine/authority.h"
#include "engine/settings.h"

#define ROUTINE    REFERRAL__PRIORITY__ROUTINE
#define KIND(name) REFERRAL__KIND__##name

Test(lists, t1_institutions_are_seen_by_all_for_routing)
{
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    Referral__Destination pause = REFERRAL__DESTINATION__INIT;
    Referral__InstitutionList *list;
    struct district d;

    district_open(&d);
    pause.institution = "H1";
    pause.reason = "maintenance";
    district_assert_said(&d, district_say(&d, "OPS", KIND(PAUSE), &pause), "");
    list = ask(&d, "T08", KIND(LIST_INSTITUTIONS), &query);
    cr_assert_eq(list->n_institutions, 7);
    query.institution = "H1";
    list = ask(&d, "T08", KIND(LIST_INSTITUTIONS), &query);
    cr_assert_eq(list->n_institutions, 1);
    cr_assert_str_eq(list->institutions[0]->up_contact->name, "contact of H1");
    cr_assert_str_eq(list->institutions[0]->departments[0]->code, "CARD");
    cr_assert(list->institutions[0]->paused, "D9");
    district_close(&d);
}

#define CLINICS 24

/* Each of so many clinics acts for all the others, and T07 for V01: more than a page looks at. */
static void delegate_all(struct district *d)
{
    Batch__Command **commands = arena_alloc(&d->keep, (size_t)CLINICS * CLINICS * sizeof(Batch__Command *));
    size_t count = 0;

    for (int i = 0; i < CLINICS; i++)
        district_put(d, arena_format(&d->keep, "CLINIC%02d", i), REFERRAL__INSTITUTION_KIND__PRIMARY,
                     REFERRAL__TIER__VILLAGE, true);
    for (int i = 0; i < CLINICS; i++)
        for (int j = 0; j < CLINICS; j++) {
            Referral__Delegation delegation = REFERRAL__DELEGATION__INIT;

            if (i == j)
                continue;
            delegation.agent = arena_format(&d->keep, "CLINIC%02d", i);
            delegation.principal = arena_format(&d->keep, "CLINIC%02d", j);
            commands[count] =
                district_command(d, "OPS", KIND(PUT_DELEGATION), arena_format(&d->keep, "d%d-%d", i, j), &delegation);
            count++;
        }
    district_turn(d, commands, count);
}

static bool holds(ProtobufCBinaryData bytes, const char *text)
{
    for (size_t i = 0; i + strlen(text) <= bytes.len; i++)
        if (memcmp(bytes.data + i, text, strlen(text)) == 0)
            return true;
    return false;
}

Test(lists, p2_a_cursor_says_nothing_of_the_row_it_stands_at)
{
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    Referral__DelegationList *list;
    struct district d;

    district_open(&d);
    delegate_all(&d);
    list = ask(&d, "T07", KIND(LIST_DELEGATIONS), &query);
    cr_assert_eq(list->n_delegations, 0, "the first 500 are others'");
    cr_assert(list->has_next);
    cr_assert_not(holds(list->next, "CLINIC"));
    FIELD_SET(&query, cursor, binary_copy(&d.keep, binary_bytes(list->next)));
    list = ask(&d, "T07", KIND(LIST_DELEGATIONS), &query);
    cr_assert_eq(list->n_delegations, 1);
    cr_assert_str_eq(list->delegations[0]->principal, "V01");
    cr_assert_not(list->has_next);
    for (size_t i = 0; i < query.cursor.len; i++) {
        query.cursor.data[i] ^= 1;
        cr_expect_str_eq(ask_said(&d, "T07", KIND(LIST_DELEGATIONS), &query), "BAD_VALUE cursor", "%zu", i);
        query.cursor.data[i] ^= 1;
    }
    cr_expect_str_eq(ask_said(&d, "T07", KIND(LIST_RELATIONS), &query), "BAD_VALUE cursor", "of another list");
    district_close(&d);
}

/* An institution of about 20 kB. */
static void put_large(struct district *d, const char *id)
{
    Referral__Department departments[64], *list[64];
    Referral__Institution institution = REFERRAL__INSTITUTION__INIT;
    char *name = arena_zalloc(&d->keep, 251);

    memset(name, 'n', 250);
    for (size_t i = 0; i < 64; i++) {
        referral__department__init(&departments[i]);
        departments[i].code = arena_format(&d->keep, "D%zu", i);
        departments[i].name = name;
        list[i] = &departments[i];
    }
    institution.id = institution.name = arena_text(&d->keep, id);
    FIELD_SET(&institution, kind, REFERRAL__INSTITUTION_KIND__CENTRE);
    institution.n_departments = 64;
    institution.departments = list;
    district_assert_said(d, district_say(d, "OPS", KIND(PUT_INSTITUTION), &institution), "");
}

Test(lists, p2_a_page_is_bounded_in_bytes_too)
{
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    Referral__InstitutionList *list;
    struct district d;
    size_t told = 0, pages = 0;

    district_open(&d);
    for (int i = 0; i < 40; i++)
        put_large(&d, arena_format(&d.keep, "L%02d", i));
    do {
        list = ask(&d, "T08", KIND(LIST_INSTITUTIONS), &query);
        cr_assert_lt(referral__institution_list__get_packed_size(list), 300000);
        told += list->n_institutions;
        query.has_cursor = list->has_next;
        query.cursor = list->next;
        pages++;
    } while (list->has_next);
    cr_assert_eq(told, 47);
    cr_assert_geq(pages, 3);
    district_close(&d);
}

static void registry_rows(struct district *d)
{
    Referral__Relation relation = REFERRAL__RELATION__INIT;
    Referral__Team team = REFERRAL__TEAM__INIT;
    Referral__Person doctor = REFERRAL__PERSON__INIT, *members[] = {&doctor};

    relation.from = "T07";
    relation.to = "H1";
    district_assert_said(d, district_say(d, "OPS", KIND(PUT_RELATION), &relation), "");
    team.id = "F1";
    team.institution = "V01";
    team.name = "team";
    team.n_members = 1;
    team.members = members;
    doctor.name = "Li Na";
    team.active_from = "2026-01-01";
    district_assert_said(d, district_say(d, "OPS", KIND(PUT_TEAM), &team), "");
}

Test(lists, p2_relations_delegations_and_teams_are_of_whom_they_concern)
{
    static const struct {
        const char *who;
        size_t relations, delegations, teams;
    } cases[] = {{"OPS", 1, 1, 1}, {"T07", 1, 1, 1}, {"H1", 1, 0, 0}, {"V01", 0, 1, 1}, {"T08", 0, 0, 0}};
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    struct district d;

    district_open(&d);
    registry_rows(&d);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *who = cases[i].who;
        Referral__RelationList *relations = ask(&d, who, KIND(LIST_RELATIONS), &query);
        Referral__DelegationList *delegations = ask(&d, who, KIND(LIST_DELEGATIONS), &query);
        Referral__TeamList *teams = ask(&d, who, KIND(LIST_TEAMS), &query);

        cr_expect_eq(relations->n_relations, cases[i].relations, "%s", who);
        cr_expect_eq(delegations->n_delegations, cases[i].delegations, "%s", who);
        cr_expect_eq(teams->n_teams, cases[i].teams, "%s", who);
    }
    Referral__DelegationList *delegations = ask(&d, "OPS", KIND(LIST_DELEGATIONS), &query);

    cr_assert_str_eq(delegations->delegations[0]->agent, "T07");
    cr_assert_str_eq(delegations->delegations[0]->principal, "V01");
    query.institution = "H3";
    cr_assert_eq(((Referral__RelationList *)ask(&d, "OPS", KIND(LIST_RELATIONS), &query))->n_relations, 0);
    district_close(&d);
}

Test(lists, p2_keys_are_the_operators_to_list)
{
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    Referral__KeyList *list;
    struct district d;

    district_open(&d);
    list = ask(&d, "OPS", KIND(LIST_KEYS), &query);
    cr_assert_eq(list->n_keys, 7);
    query.institution = "H1";
    list = ask(&d, "OPS", KIND(LIST_KEYS), &query);
    cr_assert_eq(list->n_keys, 1);
    cr_assert_eq(list->keys[0]->n_roles, 3);
    cr_assert_str_eq(ask_said(&d, "H1", KIND(LIST_KEYS), &query), "NOT_ALLOWED");
    district_close(&d);
}

/* Whoever goes back to an older version finds what the newer one kept. */
static void put_setting_of_a_newer_broker(struct district *d, const char *institution)
{
    struct store_turn turn = {.index = store_mark(d->store).index + 1, .time = d->now};
    struct store_txn *txn;

    arena_reset(&d->turn, 1 << 20);
    cr_assert_eq(store_turn_begin(d->store, &d->turn, &txn), 0);
    setting_row_put(txn, "answer_telepathic_ms", institution, "1");
    cr_assert_eq(store_turn_end(txn, &turn), 0);
}

Test(lists, l4_settings_are_listed_with_defaults_and_exceptions)
{
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    Referral__Setting put = REFERRAL__SETTING__INIT;
    Referral__SettingList *list;
    struct district d;

    district_open(&d);
    put.name = "answer_urgent_ms";
    put.value = "3600000";
    district_assert_said(&d, district_say(&d, "OPS", KIND(PUT_SETTING), &put), "");
    put.institution = "H1";
    put.value = "1800000";
    district_assert_said(&d, district_say(&d, "OPS", KIND(PUT_SETTING), &put), "");
    list = ask(&d, "T07", KIND(LIST_SETTINGS), &query);
    cr_assert_eq(list->n_settings, SETTING_COUNT + 1);
    cr_assert_str_eq(list->settings[SETTING_answer_urgent_ms]->value, "3600000");
    cr_assert_str_eq(list->settings[SETTING_answer_urgent_ms]->default_value, "7200000");
    cr_assert_null(list->settings[SETTING_answer_urgent_ms]->institution);
    cr_assert_str_eq(list->settings[SETTING_COUNT]->institution, "H1");
    cr_assert_str_eq(list->settings[SETTING_COUNT]->value, "1800000");
    put_setting_of_a_newer_broker(&d, "H1");
    cr_assert_eq(((Referral__SettingList *)ask(&d, "T07", KIND(LIST_SETTINGS), &query))->n_settings, SETTING_COUNT + 1);
    query.institution = "H2";
    list = ask(&d, "T07", KIND(LIST_SETTINGS), &query);
    cr_assert_eq(list->n_settings, SETTING_COUNT);
    for (uint32_t rows = 1; rows <= SETTING_COUNT + 1; rows++) {
        query = (Referral__PageQuery)REFERRAL__PAGE_QUERY__INIT;
        FIELD_SET(&query, rows, rows);
        list = ask(&d, "T07", KIND(LIST_SETTINGS), &query);
        cr_assert_eq(list->n_settings, SETTING_COUNT + 1, "small pages do not cut what holds for all");
    }
    district_close(&d);
}

Test(lists, l4_the_calendar_is_listed_in_order)
{
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    Referral__CalendarDay day = REFERRAL__CALENDAR_DAY__INIT;
    Referral__CalendarList *list;
    struct district d;

    district_open(&d);
    day.date = "2027-02-06";
    FIELD_SET(&day, working, true);
    day.note = "调休";
    district_assert_said(&d, district_say(&d, "OPS", KIND(PUT_CALENDAR_DAY), &day), "");
    day.date = "2027-01-01";
    FIELD_SET(&day, working, false);
    district_assert_said(&d, district_say(&d, "OPS", KIND(PUT_CALENDAR_DAY), &day), "");
    list = ask(&d, "T07", KIND(LIST_CALENDAR), &query);
    cr_assert_eq(list->n_days, 2);
    cr_assert_str_eq(list->days[0]->date, "2027-01-01");
    cr_assert(list->days[0]->has_working && !list->days[0]->working);
    cr_assert_str_eq(list->days[1]->note, "调休");
    district_close(&d);
}

Test(lists, p3_the_audit_tells_each_change_once_in_whole_turns)
{
    Referral__AuditQuery query = REFERRAL__AUDIT_QUERY__INIT;
    Referral__AuditList *list;
    struct district d;
    size_t told = 0, referred = 0;
    uint64_t last = 0;
    char *id;

    district_open(&d);
    id = district_refer(&d, "T07", "H1", ROUTINE);
    FIELD_SET(&query, rows, 5);
    do {
        list = ask(&d, "OPS", KIND(LIST_AUDIT), &query);
        cr_assert_gt(list->n_rows, 0);
        cr_assert_eq(list->digest.len, STORE_DIGEST_SIZE);
        for (size_t i = 0; i < list->n_rows; i++) {
            cr_assert_geq(list->rows[i]->index, last);
            last = list->rows[i]->index;
            referred += list->rows[i]->kind == KIND(SUBMIT) && strcmp(list->rows[i]->subject, id) == 0;
        }
        told += list->n_rows;
        FIELD_SET(&query, from_index, list->next_index);
    } while (list->next_index != 0);
    cr_assert_eq(referred, 1);
    cr_assert_geq(told, 6 * 4 + 1 + 1, "six institutions, a delegation, a referral: %zu", told);
    query = (Referral__AuditQuery)REFERRAL__AUDIT_QUERY__INIT;
    FIELD_SET(&query, from_index, last + 1);
    list = ask(&d, "OPS", KIND(LIST_AUDIT), &query);
    cr_assert_eq(list->n_rows, 0);
    cr_assert_eq(list->next_index, 0);
    district_close(&d);
}

/* Two thousand looks with half a kilobyte of reasons each are more than an answer has room for. */
Test(lists, p3_a_turn_that_no_answer_has_room_for_is_told_in_parts)
{
    enum { LOOKS = 2000 };
    Referral__ShowPayload show = REFERRAL__SHOW_PAYLOAD__INIT;
    Referral__AuditQuery query = REFERRAL__AUDIT_QUERY__INIT;
    Batch__Command **looks;
    const Referral__AuditList *list;
    struct district d;
    char reason[LIMIT_LINE_BYTES + 1] = "";
    size_t told = 0, pages = 0;

    district_open(&d);
    show.referral_id = district_refer(&d, "T07", "H1", ROUTINE);
    memset(reason + 4, '.', sizeof reason - 5);
    show.reason = reason;
    looks = arena_alloc(&d.keep, LOOKS * sizeof *looks);
    for (size_t i = 0; i < LOOKS; i++) {
        snprintf(reason, 5, "%04zu", i);
        reason[4] = '.';
        looks[i] = district_command(&d, "OPS", KIND(SHOW_PAYLOAD), arena_format(&d.keep, "look-%zu", i), &show);
    }
    district_turn(&d, looks, LOOKS);
    district_happen(&d, "T07", show.referral_id, CANCEL);
    FIELD_SET(&query, from_index, store_mark(d.store).index - 1);
    do {
        list = ask(&d, "OPS", KIND(LIST_AUDIT), &query);
        cr_assert_gt(list->n_rows, 0);
        for (size_t i = 0; i < list->n_rows && told < LOOKS; i++, told++)
            cr_assert_eq(atoi(list->rows[i]->reason), (int)told, "in order, and each once");
        cr_assert(!list->has_next || list->next_index == store_mark(d.store).index - 1, "the same turn");
        query.has_cursor = list->has_next;
        query.cursor = list->next;
        FIELD_SET(&query, from_index, list->next_index);
        pages++;
    } while (list->next_index != 0);
    cr_assert_eq(told, LOOKS);
    cr_assert_gt(pages, 2);
    cr_assert_eq(list->rows[list->n_rows - 1]->kind, KIND(EVENT), "and what came after it");
    FIELD_SET(&query, cursor, ((ProtobufCBinaryData){.len = 3, .data = (uint8_t *)reason}));
    cr_assert_str_eq(ask_said(&d, "OPS", KIND(LIST_AUDIT), &query), "BAD_VALUE cursor");
    district_close(&d);
}

static void add_observer(struct district *d)
{
    Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;
    Referral__Role roles[] = {REFERRAL__ROLE__OBSERVE};

    FIELD_SET(&key, public_key, district_key(d, "WATCH"));
    key.institution = "OPS";
    key.n_roles = 1;
    key.roles = roles;
    district_assert_said(d, district_say(d, "OPS", KIND(ADD_KEY), &key), "");
}

Test(lists, p2_observers_see_counts_and_not_the_audit_which_names_referrals)
{
    Referral__AuditQuery audit = REFERRAL__AUDIT_QUERY__INIT;
    Referral__PageQuery page = REFERRAL__PAGE_QUERY__INIT;
    struct district d;

    district_open(&d);
    add_observer(&d);
    cr_assert_str_eq(ask_said(&d, "WATCH", KIND(LIST_AUDIT), &audit), "NOT_ALLOWED");
    cr_assert_gt(((Referral__StatusView *)ask(&d, "WATCH", KIND(GET_STATUS), &page))->n_inboxes, 1);
    district_close(&d);
}

Test(lists, p4_alarms_stand_once_with_texts_in_both_languages_until_cleared)
{
    Batch__AlarmChange change = BATCH__ALARM_CHANGE__INIT;
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    Referral__AlarmList *list;
    struct district d;

    district_open(&d);
    change.code = "clock-differs";
    change.subject = "";
    change.detail = "6 min";
    district_say(&d, NULL, BATCH__INTERNAL__RAISE_ALARM, &change);
    d.now = instant_after(d.now, 1000);
    district_say(&d, NULL, BATCH__INTERNAL__RAISE_ALARM, &change);
    list = ask(&d, "OPS", KIND(LIST_ALARMS), &query);
    cr_assert_eq(list->n_alarms, 1);
    cr_assert_eq(list->alarms[0]->since_ms, DISTRICT_NOW);
    cr_assert_str_eq(list->alarms[0]->code, "clock-differs");
    cr_assert_str_eq(list->alarms[0]->subject, "");
    cr_assert(strstr(list->alarms[0]->text_zh, "6 min") != NULL && strstr(list->alarms[0]->text_en, "6 min") != NULL);
    district_say(&d, NULL, BATCH__INTERNAL__CLEAR_ALARM, &change);
    cr_assert_eq(((Referral__AlarmList *)ask(&d, "OPS", KIND(LIST_ALARMS), &query))->n_alarms, 0);
    district_say(&d, NULL, BATCH__INTERNAL__CLEAR_ALARM, &change);
    district_close(&d);
}

/* The table of authority and the answers agree, for keys of each single role. */
Test(lists, p2_every_question_is_open_to_exactly_the_roles_of_the_table)
{
    struct district d;
    size_t count, asked = 0;
    const struct kind_info *kinds = kind_infos(&count);

    district_open(&d);
    for (int role = REFERRAL__ROLE__REFER; role <= REFERRAL__ROLE__OBSERVE; role++) {
        Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;
        Referral__Role roles[] = {(Referral__Role)role};
        const char *who = arena_format(&d.keep, "role %d", role);

        FIELD_SET(&key, public_key, district_key(&d, who));
        key.institution = "T08";
        key.n_roles = 1;
        key.roles = roles;
        district_assert_said(&d, district_say(&d, "OPS", KIND(ADD_KEY), &key), "");
        for (size_t i = 0; i < count; i++) {
            Referral__PageQuery empty = REFERRAL__PAGE_QUERY__INIT;
            bool open = authority_allows_any(kinds[i].kind, 1U << role), refused;

            if (kinds[i].class != KIND_QUERY)
                continue;
            refused = strcmp(ask_said(&d, who, kinds[i].kind, &empty), "NOT_ALLOWED") == 0;
            cr_expect_eq(refused, !open, "%s by role %d", kinds[i].name, role);
            asked++;
        }
    }
    cr_assert_eq(asked, 5 * 27);
    district_close(&d);
}
