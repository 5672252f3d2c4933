/* engine_refused.c - commands with one thing wrong each, and by keys that may not: what is said of it (F2, P2). */
#include "desk.h"
#include "places.h"

#include "engine/families.h"
#include "engine/quarantine.h"
#include "engine/settings.h"

#define KIND(name) REFERRAL__KIND__##name

static void refuses(struct district *d, const char *who, Referral__Kind kind, const void *body, const char *said)
{
    const char *actual = district_said(d, district_say(d, who, kind, body));

    cr_expect_str_eq(actual, said, "%s %s: %s, not %s", who, kind_info(kind)->name, actual, said);
}

/* A key of `institution` with one role only; the district's own keys have three. */
static const char *key_with(struct district *d, const char *institution, Referral__Role role)
{
    Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;
    const char *name = arena_format(&d->keep, "%s-%d", institution, (int)role);

    FIELD_SET(&key, public_key, district_key(d, name));
    key.institution = arena_text(&d->keep, institution);
    key.roles = &role;
    key.n_roles = 1;
    district_assert_said(d, district_say(d, "OPS", KIND(ADD_KEY), &key), "");
    return name;
}

static Batch__Command *by_key(struct district *d, const char *name, const char *institution, Referral__Kind kind,
                              const void *body)
{
    Batch__Command *command =
        district_command(d, institution, (uint32_t)kind, arena_format(&d->keep, "k%d", d->commands), body);

    command->key = district_key(d, name);
    return command;
}

static void refuses_key(struct district *d, const char *institution, Referral__Role role, Referral__Kind kind,
                        const void *body, const char *said)
{
    const char *name = key_with(d, institution, role);
    const char *actual = district_said(d, district_send(d, by_key(d, name, institution, kind, body)));

    cr_expect_str_eq(actual, said, "%s %s: %s, not %s", name, kind_info(kind)->name, actual, said);
}

/* ---- Roles ---- */

/* The engine asks whether a role may use a kind at all; each handler asks again, for the institution that it would
 * touch. */
Test(refused, p2_each_handler_asks_the_table_itself)
{
    static const struct {
        bool (*handler)(struct work *);
        Referral__Kind kind;
    } cases[] = {
        {registry_apply_institution, KIND(PUT_INSTITUTION)},
        {registry_apply_contact, KIND(PUT_CONTACT)},
        {registry_apply_relation, KIND(PUT_RELATION)},
        {registry_apply_delete_relation, KIND(DELETE_RELATION)},
        {registry_apply_delegation, KIND(PUT_DELEGATION)},
        {registry_apply_delete_delegation, KIND(DELETE_DELEGATION)},
        {registry_apply_team, KIND(PUT_TEAM)},
        {registry_apply_add_key, KIND(ADD_KEY)},
        {registry_apply_revoke_key, KIND(REVOKE_KEY)},
        {registry_apply_pause, KIND(PAUSE)},
        {registry_apply_resume, KIND(RESUME)},
        {registry_apply_confirm_time, KIND(CONFIRM_TIME)},
        {registry_apply_drain, KIND(DRAIN)},
        {settings_apply_put, KIND(PUT_SETTING)},
        {settings_apply_calendar_day, KIND(PUT_CALENDAR_DAY)},
        {hold_apply_hold, KIND(HOLD_REFERRAL)},
        {hold_apply_release, KIND(RELEASE_REFERRAL)},
        {quarantine_apply_release, KIND(RELEASE_COMMAND)},
    };
    struct desk desk;

    desk_open(&desk);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ProtobufCMessageDescriptor *body = kind_info(cases[i].kind)->body;
        ProtobufCMessage *empty = arena_zalloc(&desk.arena, body->sizeof_message);

        body->message_init(empty);
        cr_expect_str_eq(
            desk_do(&desk, cases[i].handler, cases[i].kind, "T07", ROLE_BIT(REFER) | ROLE_BIT(RECEIVE), empty),
            "NOT_ALLOWED", "%s", kind_info(cases[i].kind)->name);
    }
    desk_close(&desk);
}

Test(refused, p2_a_place_is_taken_and_given_back_by_the_role_whose_affair_it_is)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);
    char *referral = places_refer(&d, "T07", "Wang Fang");
    char *booking = places_booked(&d, "T07", ref, FAMILY, referral);
    char *own = places_booked(&d, "H1", ref, GENERAL, NULL);
    Referral__PlaceChange *change = places_change(&d, booking), *own_change = places_change(&d, own);

    FIELD_SET(change, reason, REFERRAL__REASON__NO_CAPACITY);
    FIELD_SET(own_change, reason, REFERRAL__REASON__NO_CAPACITY);
    refuses_key(&d, "H1", REFERRAL__ROLE__RECEIVE, KIND(BOOK_PLACE), places_wish(&d, ref, GENERAL, NULL),
                "NOT_ALLOWED");
    refuses_key(&d, "H1", REFERRAL__ROLE__RECEIVE, KIND(CANCEL_PLACE), own_change, "NOT_ALLOWED");
    refuses_key(&d, "H1", REFERRAL__ROLE__REFER, KIND(CANCEL_PLACE), change, "NOT_ALLOWED");
    refuses_key(&d, "T07", REFERRAL__ROLE__RECEIVE, KIND(CANCEL_PLACE), change, "NOT_ALLOWED");
    refuses_key(&d, "H1", REFERRAL__ROLE__SCHEDULE, KIND(CANCEL_PLACE), change, "");
    places_close(&d);
}

Test(refused, p2_schedulers_book_and_see_arrive_and_decide_nothing_else)
{
    static const struct {
        Referral__Role role;
        enum event event;
        const char *said;
    } cases[] = {
        {REFERRAL__ROLE__SCHEDULE, ACCEPT, "NOT_ALLOWED"},
        {REFERRAL__ROLE__REFER, ACCEPT, "NOT_ALLOWED"},
        {REFERRAL__ROLE__RECEIVE, ACCEPT, ""},
        {REFERRAL__ROLE__SCHEDULE, BOOK, ""},
        {REFERRAL__ROLE__SCHEDULE, MOVE, ""},
        {REFERRAL__ROLE__SCHEDULE, CANCEL_BOOKING, ""},
        {REFERRAL__ROLE__SCHEDULE, WAITLIST, "USE_PLACES type"},
        {REFERRAL__ROLE__SCHEDULE, LEAVE_LIST, "NOT_NOW type"},
        {REFERRAL__ROLE__SCHEDULE, ARRIVE, ""},
        {REFERRAL__ROLE__SCHEDULE, START, "NOT_ALLOWED"},
    };
    struct district d;

    places_open(&d);
    char *referral = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__ROUTINE);

    district_drain(&d, "H1");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Referral__Event *event = district_event(&d, referral, cases[i].event);

        if (cases[i].event == CANCEL_BOOKING)
            FIELD_SET(event, reason, REFERRAL__REASON__NO_CAPACITY);
        refuses_key(&d, "H1", cases[i].role, KIND(EVENT), event, cases[i].said);
    }
    places_close(&d);
}

/* ---- Bookings ---- */

Test(refused, f2_each_command_about_a_place_says_which_fields_it_does_not_take)
{
    static const struct {
        Referral__Kind kind;
        const char *said;
    } cases[] = {
        {KIND(CONFIRM_PLACE), "NOT_EXPECTED reason; NOT_EXPECTED text; NOT_EXPECTED units; NOT_EXPECTED state; "
                              "NOT_EXPECTED occurred_at_ms"},
        {KIND(CANCEL_PLACE), "NOT_EXPECTED state; NOT_EXPECTED occurred_at_ms"},
        {KIND(DISPLACE_PLACE), "NOT_EXPECTED units; NOT_EXPECTED state; NOT_EXPECTED occurred_at_ms"},
        {KIND(MARK_PLACE), "NOT_EXPECTED reason; NOT_EXPECTED text; NOT_EXPECTED units"},
    };
    struct district d;
    uint32_t unit = 1;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);
    Referral__PlaceChange *change = places_change(&d, places_booked(&d, "H1", ref, GENERAL, NULL));

    FIELD_SET(change, reason, REFERRAL__REASON__NO_CAPACITY);
    change->text = "because";
    change->units = &unit;
    change->n_units = 1;
    FIELD_SET(change, state, REFERRAL__BOOKING_STATE__PLACE_USED);
    FIELD_SET(change, occurred_at_ms, DISTRICT_NOW);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuses(&d, "H1", cases[i].kind, change, cases[i].said);
    places_close(&d);
}

Test(refused, f2_a_booking_is_named_and_there)
{
    static const Referral__Kind kinds[] = {KIND(CONFIRM_PLACE), KIND(CANCEL_PLACE), KIND(DISPLACE_PLACE),
                                           KIND(MARK_PLACE)};
    struct district d;
    Referral__MovePlace move = REFERRAL__MOVE_PLACE__INIT;
    Referral__LeaveList leave = REFERRAL__LEAVE_LIST__INIT;

    places_open(&d);
    move.pool = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        refuses(&d, "H1", kinds[i], places_change(&d, NULL), "MISSING booking_id");
        refuses(&d, "H1", kinds[i], places_change(&d, "nothing"), "NOT_FOUND booking_id");
        refuses(&d, "H1", kinds[i], places_change(&d, "bd-9-9-9"), "NOT_FOUND booking_id");
    }
    refuses(&d, "H1", KIND(MOVE_PLACE), &move, "MISSING booking_id");
    move.booking_id = places_booked(&d, "H1", move.pool, GENERAL, NULL);
    FIELD_SET(&move, first_unit, 0);
    refuses(&d, "H1", KIND(MOVE_PLACE), &move, "UNKNOWN_UNIT first_unit");
    refuses(&d, "H1", KIND(LEAVE_LIST), &leave, "MISSING entry_id");
    leave.entry_id = "nothing";
    refuses(&d, "H1", KIND(LEAVE_LIST), &leave, "NOT_FOUND entry_id");
    places_close(&d);
}

Test(refused, q12_a_mark_says_used_or_not_come_at_a_time_that_may_be)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", "2026-11-21", 10);
    Referral__PlaceChange *change = places_change(&d, places_booked(&d, "H1", ref, GENERAL, NULL));

    refuses(&d, "H1", KIND(MARK_PLACE), change, "MISSING state");
    FIELD_SET(change, state, REFERRAL__BOOKING_STATE__PLACE_HELD);
    refuses(&d, "H1", KIND(MARK_PLACE), change, "BAD_VALUE state");
    FIELD_SET(change, state, REFERRAL__BOOKING_STATE__PLACE_USED);
    FIELD_SET(change, occurred_at_ms, 0);
    refuses(&d, "H1", KIND(MARK_PLACE), change, "OUT_OF_RANGE occurred_at_ms");
    FIELD_SET(change, occurred_at_ms, DISTRICT_NOW + 5 * MINUTE_MS + 1);
    refuses(&d, "H1", KIND(MARK_PLACE), change, "IN_FUTURE occurred_at_ms");
    FIELD_SET(change, occurred_at_ms, DISTRICT_NOW + 5 * MINUTE_MS);
    refuses(&d, "H1", KIND(MARK_PLACE), change, "");
    places_close(&d);
}

Test(refused, q10_a_displacement_has_a_reason_that_fits_and_a_person)
{
    struct district d;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);
    char *referral = places_refer(&d, "T07", "Wang Fang");
    Referral__PlaceChange *change = places_change(&d, places_booked(&d, "T07", ref, FAMILY, referral));

    change->person = NULL;
    refuses(&d, "H1", KIND(DISPLACE_PLACE), change, "REASON_NEEDED reason; PERSON_NEEDED person.name");
    FIELD_SET(change, reason, REFERRAL__REASON__OTHER_REASON);
    change->person = places_person(&d);
    refuses(&d, "H1", KIND(DISPLACE_PLACE), change, "TEXT_NEEDED text");
    change->text = " ";
    refuses(&d, "H1", KIND(DISPLACE_PLACE), change, "TEXT_NEEDED text");
    change->text = "the machine is broken";
    change->person->name = " ";
    refuses(&d, "H1", KIND(DISPLACE_PLACE), change, "PERSON_NEEDED person.name");
    refuses(&d, "T07", KIND(DISPLACE_PLACE), change, "NOT_ALLOWED");
    change->person->name = "Zhao Min";
    refuses(&d, "H1", KIND(DISPLACE_PLACE), change, "");
    places_close(&d);
}

Test(refused, q5_what_is_told_of_the_patient_is_compared_with_the_sheet)
{
    struct district d;
    Referral__PatientProof proof = REFERRAL__PATIENT_PROOF__INIT;

    places_open(&d);
    Referral__PoolRef *ref = places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 10);
    Referral__TakePlace *take = places_wish(&d, ref, GENERAL, places_refer_generally(&d, "T07", "Wang Fang"));

    take->patient = &proof;
    FIELD_SET(&proof, id_type, REFERRAL__ID_TYPE__PASSPORT);
    refuses(&d, "T07", KIND(BOOK_PLACE), take, "PATIENT_DISAGREES patient");
    proof.has_id_type = false;
    FIELD_SET(&proof, sex, REFERRAL__SEX__MALE);
    refuses(&d, "T07", KIND(BOOK_PLACE), take, "PATIENT_DISAGREES patient");
    FIELD_SET(&proof, sex, REFERRAL__SEX__FEMALE);
    proof.id_value = "E1234567";
    refuses(&d, "T07", KIND(BOOK_PLACE), take, "PATIENT_DISAGREES patient");
    proof.id_value = NULL;
    proof.name = "Wang Fan";
    refuses(&d, "T07", KIND(BOOK_PLACE), take, "PATIENT_DISAGREES patient");
    proof.name = " wang fang ";
    proof.birth_date = "1960-01-03";
    refuses(&d, "T07", KIND(BOOK_PLACE), take, "PATIENT_DISAGREES patient");
    proof.birth_date = "1960-01-02";
    refuses(&d, "T07", KIND(BOOK_PLACE), take, "");
    places_close(&d);
}

/* ---- Events ---- */

Test(refused, f2_a_place_outside_pools_has_all_that_makes_it_one)
{
    struct district d;
    Referral__Event *event;
    Referral__Place empty = REFERRAL__PLACE__INIT;

    places_open(&d);
    char *referral = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__ROUTINE);

    district_drain(&d, "H1");
    district_assert_said(&d, district_happen(&d, "H1", referral, ACCEPT), "");
    event = district_event(&d, referral, BOOK);
    event->place = NULL;
    refuses(&d, "H1", KIND(EVENT), event, "MISSING place");
    event->place = &empty;
    refuses(&d, "H1", KIND(EVENT), event,
            "MISSING place.class; MISSING place.start_ms; MISSING place.department; MISSING place.doctor");
    event = district_event(&d, referral, BOOK);
    FIELD_SET(event->place, start_ms, DISTRICT_NOW);
    refuses(&d, "H1", KIND(EVENT), event, "OUT_OF_RANGE place.start_ms");
    FIELD_SET(event->place, start_ms, DISTRICT_NOW + 10000 * DAY_MS);
    refuses(&d, "H1", KIND(EVENT), event, "OUT_OF_RANGE place.start_ms");
    FIELD_SET(event->place, start_ms, DISTRICT_NOW + HOUR_MS);
    FIELD_SET(event->place, end_ms, DISTRICT_NOW + HOUR_MS);
    refuses(&d, "H1", KIND(EVENT), event, "BAD_ORDER place.end_ms");
    FIELD_SET(event->place, end_ms, DISTRICT_NOW + 10000 * DAY_MS);
    refuses(&d, "H1", KIND(EVENT), event, "OUT_OF_RANGE place.end_ms");
    FIELD_SET(event->place, end_ms, DISTRICT_NOW + 2 * HOUR_MS);
    event->place->department = "NEUR";
    refuses(&d, "H1", KIND(EVENT), event, "UNKNOWN_DEPARTMENT place.department");
    event->place->department = "CARD";
    places_publish(&d, EXPERT, "WANG-AM", TUESDAY, 3);
    refuses(&d, "H1", KIND(EVENT), event, "HAS_POOLS place.class");
    FIELD_SET(event->place, class_, EXAM);
    refuses(&d, "H1", KIND(EVENT), event, "");
    places_close(&d);
}

Test(refused, l1_an_event_names_a_referral_and_its_type)
{
    struct district d;
    Referral__Event event = REFERRAL__EVENT__INIT;

    places_open(&d);
    refuses(&d, "H1", KIND(EVENT), &event, "MISSING referral_id; MISSING type");
    event.referral_id = "nothing";
    refuses(&d, "H1", KIND(EVENT), &event, "MISSING type");
    FIELD_SET(&event, type, REFERRAL__EVENT_TYPE__EVENT_ACCEPT);
    refuses(&d, "H1", KIND(EVENT), &event, "NOT_FOUND referral_id");
    event.referral_id = "bd-9-9-9";
    refuses(&d, "H1", KIND(EVENT), &event, "NOT_FOUND referral_id");
    places_close(&d);
}

Test(refused, l_a_report_has_diagnoses_and_treatment_in_form)
{
    struct district d;
    Referral__Event *event;

    places_open(&d);
    char *referral = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__ROUTINE);

    district_drain(&d, "H1");
    district_assert_said(&d, district_happen(&d, "H1", referral, ARRIVE), "");
    event = district_event(&d, referral, REPORT);
    event->diagnoses[0]->icd10 = "tired";
    refuses(&d, "H1", KIND(EVENT), event, "BAD_ICD10 diagnoses[0].icd10");
    event->diagnoses[0]->icd10 = NULL;
    refuses(&d, "H1", KIND(EVENT), event, "MISSING diagnoses[0].text");
    event->diagnoses[0]->text = "tired";
    event->treatment = NULL;
    refuses(&d, "H1", KIND(EVENT), event, "MISSING treatment");
    event->treatment = "rest";
    event->n_diagnoses = 0;
    refuses(&d, "H1", KIND(EVENT), event, "MISSING diagnoses");
    event->n_diagnoses = 1;
    refuses(&d, "H1", KIND(EVENT), event, "");
    places_close(&d);
}

static void amends(struct district *d, const char *referral, const Referral__Sheet *sheet, const char *said)
{
    Referral__Event *event = district_event(d, referral, AMEND);

    if (sheet != NULL)
        FIELD_SET(event, sheet, binary_pack(&d->keep, &sheet->base));
    refuses(d, "T07", KIND(EVENT), event, said);
}

Test(refused, l_an_amended_sheet_is_of_the_same_referral)
{
    struct district d;
    Referral__Sheet *sheet;
    Referral__Event *event;

    places_open(&d);
    sheet = places_sheet(&d, "T07", "Wang Fang");
    FIELD_SET(sheet->patient, id_type, REFERRAL__ID_TYPE__PASSPORT);
    sheet->patient->id_value = "E12345678";

    Referral__Reply *reply = district_say(&d, "T07", KIND(SUBMIT), sheet);

    district_assert_said(&d, reply, "");
    amends(&d, reply->referral_id, NULL, "MISSING sheet");
    event = district_event(&d, reply->referral_id, AMEND);
    FIELD_SET(event, sheet, ((ProtobufCBinaryData){3, (uint8_t[]){0xff, 0xff, 0xff}}));
    refuses(&d, "T07", KIND(EVENT), event, "BAD_BODY sheet");
    sheet->present_history = "\x01";
    amends(&d, reply->referral_id, sheet, "BAD_TEXT sheet.present_history");
    sheet->present_history = "headaches for three weeks";
    sheet->sender = "T08";
    amends(&d, reply->referral_id, sheet, "WRONG_SENDER sheet.sender");
    sheet->sender = "T07";
    sheet->receiver = "H2";
    amends(&d, reply->referral_id, sheet, "FIXED sheet.receiver");
    sheet->receiver = "H1";
    FIELD_SET(sheet, direction, REFERRAL__DIRECTION__LATERAL);
    amends(&d, reply->referral_id, sheet, "FIXED sheet.direction; WRONG_DIRECTION sheet.direction");
    FIELD_SET(sheet, direction, REFERRAL__DIRECTION__UP);
    FIELD_SET(sheet, priority, REFERRAL__PRIORITY__URGENT);
    amends(&d, reply->referral_id, sheet, "FIXED sheet.priority");
    FIELD_SET(sheet, priority, REFERRAL__PRIORITY__ROUTINE);
    sheet->journey_id = "bd-1-1-1";
    sheet->parent_referral_id = "bd-1-1-1";
    sheet->sender_reference = "ref-2";
    amends(&d, reply->referral_id, sheet,
           "FIXED sheet.journey_id; FIXED sheet.parent_referral_id; FIXED sheet.sender_reference");
    sheet->journey_id = sheet->parent_referral_id = NULL;
    sheet->sender_reference = "ref-1";
    FIELD_SET(sheet->patient, id_type, REFERRAL__ID_TYPE__HEALTH_CARD);
    amends(&d, reply->referral_id, sheet, "FIXED sheet.patient.id_value");
    sheet->patient->id_value = "E12345679";
    amends(&d, reply->referral_id, sheet, "FIXED sheet.patient.id_value");
    sheet->patient->id_value = NULL;
    amends(&d, reply->referral_id, sheet, "FIXED sheet.patient.id_value; MISSING sheet.patient.id_value");
    sheet->patient = NULL;
    amends(&d, reply->referral_id, sheet,
           "FIXED sheet.patient.id_value; MISSING sheet.patient.name; MISSING sheet.patient.sex; MISSING "
           "sheet.patient.address; MISSING sheet.patient.phone; MISSING sheet.patient.birth_date; MISSING "
           "sheet.patient.id_value");
    sheet = places_sheet(&d, "T07", "Wang Fang");
    FIELD_SET(sheet->patient, id_type, REFERRAL__ID_TYPE__PASSPORT);
    sheet->patient->id_value = "E12345678";
    amends(&d, reply->referral_id, sheet, "");
    places_close(&d);
}

/* ---- Sheets ---- */

Test(refused, f_what_is_attached_to_an_event_is_judged_as_in_a_sheet)
{
    struct district d;
    Referral__Attachment attachment = REFERRAL__ATTACHMENT__INIT, *attachments[] = {&attachment};
    Referral__Diagnosis diagnosis = REFERRAL__DIAGNOSIS__INIT, *diagnoses[] = {&diagnosis};
    Referral__Event *event;

    places_open(&d);
    char *referral = district_refer(&d, "T07", "H1", REFERRAL__PRIORITY__ROUTINE);

    district_assert_said(&d, district_happen(&d, "H1", referral, REQUEST_INFO), "");
    event = district_event(&d, referral, SUPPLY_INFO);
    event->attachments = attachments;
    event->n_attachments = 1;
    refuses(&d, "T07", KIND(EVENT), event,
            "MISSING attachments[0].media_type; MISSING attachments[0].size_bytes; MISSING attachments[0].sha256; "
            "MISSING attachments[0].reference");
    attachment.media_type = "a picture";
    FIELD_SET(&attachment, size_bytes, 4);
    FIELD_SET(&attachment, content, ((ProtobufCBinaryData){3, (uint8_t *)"abc"}));
    FIELD_SET(&attachment, sha256, ((ProtobufCBinaryData){31, (uint8_t *)"0123456789012345678901234567890"}));
    refuses(&d, "T07", KIND(EVENT), event,
            "BAD_ATTACHMENT attachments[0].media_type; BAD_ATTACHMENT attachments[0].sha256; "
            "BAD_ATTACHMENT attachments[0].size_bytes");
    event->n_attachments = 0;
    refuses(&d, "T07", KIND(EVENT), event, "");
    district_assert_said(&d, district_happen(&d, "H1", referral, ARRIVE), "");
    event = district_event(&d, referral, REPORT);
    event->diagnoses = diagnoses;
    diagnosis.icd10 = "I10";
    diagnosis.text = " ";
    refuses(&d, "H1", KIND(EVENT), event, "BLANK diagnoses[0].text");
    places_close(&d);
}

Test(refused, f2_what_is_attached_is_what_its_hash_says)
{
    struct district d;
    Referral__Attachment attachment = REFERRAL__ATTACHMENT__INIT, *attachments[] = {&attachment};
    /* sha256 of "abc" */
    uint8_t digest[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                          0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                          0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    Referral__Sheet *sheet;

    places_open(&d);
    sheet = places_sheet(&d, "T07", "Wang Fang");
    attachment.media_type = "text/plain";
    FIELD_SET(&attachment, size_bytes, 3);
    FIELD_SET(&attachment, content, ((ProtobufCBinaryData){3, (uint8_t *)"abd"}));
    FIELD_SET(&attachment, sha256, ((ProtobufCBinaryData){32, digest}));
    sheet->attachments = attachments;
    sheet->n_attachments = 1;
    refuses(&d, "T07", KIND(SUBMIT), sheet, "BAD_ATTACHMENT attachments[0].sha256");
    attachment.sha256.len = 31;
    refuses(&d, "T07", KIND(SUBMIT), sheet, "BAD_ATTACHMENT attachments[0].sha256");
    attachment.has_sha256 = false;
    refuses(&d, "T07", KIND(SUBMIT), sheet, "MISSING attachments[0].sha256");
    FIELD_SET(&attachment, sha256, ((ProtobufCBinaryData){32, digest}));
    attachment.content.data = (uint8_t *)"abc";
    refuses(&d, "T07", KIND(SUBMIT), sheet, "");
    attachment.has_content = false;
    attachment.reference = "pacs:77";
    refuses(&d, "T07", KIND(SUBMIT), sheet, "");
    places_close(&d);
}

Test(refused, t6_a_team_is_known_active_and_of_whoever_sends)
{
    struct district d;
    Referral__Sheet *sheet;
    Referral__Team team = REFERRAL__TEAM__INIT;
    Referral__Person member = REFERRAL__PERSON__INIT, *members[] = {&member};

    places_open(&d);
    member.name = "Sun Wei";
    team.id = "OLD";
    team.institution = "T07";
    team.name = "the team that was";
    team.members = members;
    team.n_members = 1;
    team.active_from = "2020-01-01";
    team.active_to = "2026-11-21";
    refuses(&d, "OPS", KIND(PUT_TEAM), &team, "");
    sheet = places_sheet(&d, "T07", "Wang Fang");
    sheet->team_id = "OLD";
    refuses(&d, "T07", KIND(SUBMIT), sheet, "TEAM_INACTIVE team_id");
    sheet->team_id = "TEAM8";
    refuses(&d, "T07", KIND(SUBMIT), sheet, "UNKNOWN_TEAM team_id");
    sheet->team_id = "NONE";
    refuses(&d, "T07", KIND(SUBMIT), sheet, "UNKNOWN_TEAM team_id");
    FIELD_SET(sheet, priority, REFERRAL__PRIORITY__EMERGENCY);
    FIELD_SET(sheet, emergency_category, REFERRAL__EMERGENCY_CATEGORY__STROKE);
    refuses(&d, "T07", KIND(SUBMIT), sheet, "");
    places_close(&d);
}

Test(refused, f_a_journey_is_one_that_the_sender_took_part_in)
{
    struct district d;
    Referral__Sheet *sheet;

    places_open(&d);
    char *first = places_refer(&d, "T07", "Wang Fang"), *other = places_refer(&d, "T08", "Li Ming");

    sheet = district_sheet(&d, "H1", "T07", true, REFERRAL__PRIORITY__ROUTINE);
    sheet->sender_reference = NULL;
    sheet->parent_referral_id = "nothing";
    refuses(&d, "H1", KIND(SUBMIT), sheet, "NOT_IN_JOURNEY parent_referral_id");
    sheet->parent_referral_id = first;
    sheet->journey_id = "nothing";
    refuses(&d, "H1", KIND(SUBMIT), sheet, "NOT_IN_JOURNEY journey_id");
    sheet->journey_id = other;
    refuses(&d, "H1", KIND(SUBMIT), sheet, "NOT_IN_JOURNEY journey_id");
    sheet->parent_referral_id = NULL;
    sheet->journey_id = "bd-9-9-9";
    refuses(&d, "H1", KIND(SUBMIT), sheet, "NOT_IN_JOURNEY journey_id");
    sheet->journey_id = "nothing";
    refuses(&d, "H1", KIND(SUBMIT), sheet, "NOT_IN_JOURNEY journey_id");
    sheet->journey_id = other;
    refuses(&d, "H1", KIND(SUBMIT), sheet, "");
    sheet = district_sheet(&d, "H2", "T07", true, REFERRAL__PRIORITY__ROUTINE);
    sheet->journey_id = first;
    refuses(&d, "H2", KIND(SUBMIT), sheet, "NOT_IN_JOURNEY journey_id");
    sheet->journey_id = NULL;
    sheet->parent_referral_id = first;
    refuses(&d, "H2", KIND(SUBMIT), sheet, "NOT_IN_JOURNEY parent_referral_id");
    places_close(&d);
}

Test(refused, l5_a_referral_is_returned_by_whoever_has_seen_the_patient)
{
    struct district d;
    Referral__Sheet *sheet;

    places_open(&d);
    char *first = places_refer(&d, "T07", "Wang Fang");

    district_drain(&d, "H1");
    sheet = district_sheet(&d, "H1", "T07", true, REFERRAL__PRIORITY__ROUTINE);
    sheet->parent_referral_id = first;
    refuses(&d, "H1", KIND(SUBMIT), sheet, "NOT_RETURNABLE parent_referral_id");
    places_close(&d);
}

/* ---- The registry ---- */

Test(refused, t1_what_an_institution_may_not_carry_here)
{
    struct district d;
    Referral__Institution put = REFERRAL__INSTITUTION__INIT;
    Referral__Department first = REFERRAL__DEPARTMENT__INIT, second = REFERRAL__DEPARTMENT__INIT,
                         *departments[] = {&first, &second};
    Referral__Contact contact = REFERRAL__CONTACT__INIT;
    Referral__PlaceClass classes[] = {EXPERT};

    places_open(&d);
    refuses(&d, "OPS", KIND(PUT_INSTITUTION), &put, "MISSING id; MISSING name; MISSING kind");
    put.parent = "H1";
    refuses(&d, "OPS", KIND(PUT_INSTITUTION), &put, "MISSING id; MISSING name; MISSING kind");
    put.parent = NULL;
    put.id = "X1";
    put.name = "X 1";
    FIELD_SET(&put, kind, REFERRAL__INSTITUTION_KIND__CENTRE);
    first.name = second.name = "heart";
    second.code = "CARD";
    put.departments = departments;
    put.n_departments = 2;
    refuses(&d, "OPS", KIND(PUT_INSTITUTION), &put, "MISSING departments[0].code");
    first.code = "CARD";
    refuses(&d, "OPS", KIND(PUT_INSTITUTION), &put, "BAD_VALUE departments[1].code");
    second.code = "NEUR";
    put.up_contact = put.down_contact = &contact;
    FIELD_SET(&put, paused, true);
    put.direct_booking = classes;
    put.n_direct_booking = 1;
    refuses(&d, "OPS", KIND(PUT_INSTITUTION), &put,
            "NOT_EXPECTED up_contact; NOT_EXPECTED down_contact; NOT_EXPECTED paused; MISSING direct_booking_set");
    put.up_contact = put.down_contact = NULL;
    put.has_paused = false;
    FIELD_SET(&put, direct_booking_set, true);
    put.parent = "X1";
    refuses(&d, "OPS", KIND(PUT_INSTITUTION), &put, "HAS_PARENT_LOOP parent");
    put.parent = "X9";
    refuses(&d, "OPS", KIND(PUT_INSTITUTION), &put, "UNKNOWN_INSTITUTION parent");
    put.parent = "H1";
    refuses(&d, "OPS", KIND(PUT_INSTITUTION), &put, "");
    places_close(&d);
}

Test(refused, t2_a_deputy_has_a_name_and_a_phone)
{
    struct district d;
    Referral__PutContact put = REFERRAL__PUT_CONTACT__INIT;
    Referral__Contact contact = REFERRAL__CONTACT__INIT;

    places_open(&d);
    put.institution = "H1";
    refuses(&d, "OPS", KIND(PUT_CONTACT), &put, "MISSING direction; MISSING contact");
    FIELD_SET(&put, direction, REFERRAL__DIRECTION__LATERAL);
    put.contact = &contact;
    refuses(&d, "OPS", KIND(PUT_CONTACT), &put, "BAD_VALUE direction; MISSING contact.name; MISSING contact.phone");
    FIELD_SET(&put, direction, REFERRAL__DIRECTION__UP);
    contact.name = "Wang";
    contact.phone = "none";
    contact.deputy_phone = "none";
    refuses(&d, "OPS", KIND(PUT_CONTACT), &put,
            "BAD_PHONE contact.phone; BAD_PHONE contact.deputy_phone; MISSING contact.deputy_name");
    contact.phone = "022-29001234";
    contact.deputy_phone = NULL;
    contact.deputy_name = "Li";
    refuses(&d, "OPS", KIND(PUT_CONTACT), &put, "MISSING contact.deputy_phone");
    contact.deputy_phone = "022-29001235";
    refuses(&d, "OPS", KIND(PUT_CONTACT), &put, "");
    refuses(&d, "H2", KIND(PUT_CONTACT), &put, "NOT_ALLOWED");
    places_close(&d);
}

Test(refused, t4_t5_pairs_are_of_two_institutions_that_there_are)
{
    struct district d;
    Referral__Relation relation = REFERRAL__RELATION__INIT;
    Referral__Delegation delegation = REFERRAL__DELEGATION__INIT;
    Referral__ReferralKind kinds[] = {REFERRAL__REFERRAL_KIND__INPATIENT};

    places_open(&d);
    refuses(&d, "OPS", KIND(PUT_RELATION), &relation, "MISSING from; MISSING to");
    relation.from = "H 1";
    relation.to = "H9";
    refuses(&d, "OPS", KIND(PUT_RELATION), &relation, "BAD_ID from; UNKNOWN_INSTITUTION to");
    relation.from = relation.to = "H1";
    refuses(&d, "OPS", KIND(PUT_RELATION), &relation, "BAD_VALUE to");
    relation.to = "H2";
    FIELD_SET(&relation, deny, false);
    relation.kinds = kinds;
    relation.n_kinds = 1;
    refuses(&d, "OPS", KIND(DELETE_RELATION), &relation, "NOT_EXPECTED deny; NOT_EXPECTED kinds");
    relation.has_deny = false;
    relation.n_kinds = 0;
    refuses(&d, "OPS", KIND(DELETE_RELATION), &relation, "NOT_FOUND");
    refuses(&d, "OPS", KIND(PUT_DELEGATION), &delegation, "MISSING agent; MISSING principal");
    refuses(&d, "OPS", KIND(DELETE_DELEGATION), &delegation, "MISSING agent; MISSING principal");
    delegation.agent = "T07";
    delegation.principal = "T08";
    refuses(&d, "OPS", KIND(DELETE_DELEGATION), &delegation, "NOT_FOUND");
    places_close(&d);
}

Test(refused, t6_a_teams_days_are_in_order)
{
    static const struct {
        const char *from, *to, *said;
    } cases[] = {
        {NULL, NULL, "MISSING active_from"},
        {"soon", NULL, "BAD_DATE active_from"},
        {"soon", "2027-01-01", "BAD_DATE active_from"},
        {"2026-01-01", "later", "BAD_DATE active_to"},
        {"2026-01-01", "2026-01-01", "BAD_ORDER active_to"},
        {"2026-01-01", "2026-01-02", ""},
    };
    struct district d;

    places_open(&d);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Referral__Team team = REFERRAL__TEAM__INIT;
        Referral__Person member = REFERRAL__PERSON__INIT, *members[] = {&member};

        member.name = "Sun Wei";
        team.id = team.name = "TEAM9";
        team.institution = "T07";
        team.members = members;
        team.n_members = 1;
        team.active_from = (char *)cases[i].from;
        team.active_to = (char *)cases[i].to;
        refuses(&d, "OPS", KIND(PUT_TEAM), &team, cases[i].said);
    }
    places_close(&d);
}

Test(refused, t5_a_key_that_is_revoked_is_one)
{
    struct district d;
    Referral__RevokeKey revoke = REFERRAL__REVOKE_KEY__INIT;
    Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;

    places_open(&d);
    refuses(&d, "OPS", KIND(REVOKE_KEY), &revoke, "NOT_FOUND public_key");
    FIELD_SET(&revoke, public_key, ((ProtobufCBinaryData){4, (uint8_t *)"four"}));
    refuses(&d, "OPS", KIND(REVOKE_KEY), &revoke, "NOT_FOUND public_key");
    revoke.public_key = district_key(&d, "nobody");
    refuses(&d, "OPS", KIND(REVOKE_KEY), &revoke, "NOT_FOUND public_key");
    refuses(&d, "OPS", KIND(ADD_KEY), &key, "MISSING public_key; MISSING institution; MISSING roles");
    FIELD_SET(&key, public_key, district_key(&d, "H2"));
    FIELD_SET(&key, valid_from_ms, 5);
    FIELD_SET(&key, valid_to_ms, 5);
    FIELD_SET(&key, revoked_at_ms, 5);
    refuses(&d, "OPS", KIND(ADD_KEY), &key,
            "MISSING institution; MISSING roles; BAD_ORDER valid_to_ms; NOT_EXPECTED revoked_at_ms");
    places_close(&d);
}

Test(refused, q_a_timetable_is_named_by_class_department_and_id)
{
    struct district d;
    Referral__Timetable plan = REFERRAL__TIMETABLE__INIT;

    places_open(&d);
    refuses(&d, "H1", KIND(DELETE_TIMETABLE), &plan, "MISSING id; MISSING class; MISSING department");
    FIELD_SET(&plan, class_, EXPERT);
    plan.department = "NEUR";
    plan.id = "PLAN";
    refuses(&d, "H1", KIND(PUT_TIMETABLE), &plan, "UNKNOWN_DEPARTMENT department");
    plan.department = "CARD";
    refuses(&d, "H1", KIND(DELETE_TIMETABLE), &plan, "NOT_FOUND");
    plan.hospital = "H2";
    refuses(&d, "H1", KIND(DELETE_TIMETABLE), &plan, "NOT_ALLOWED");
    refuses(&d, "H1", KIND(PUT_TIMETABLE), &plan, "NOT_ALLOWED");
    plan.hospital = NULL;
    plan.id = " ";
    plan.has_class_ = false;
    plan.department = NULL;
    refuses(&d, "H1", KIND(PUT_TIMETABLE), &plan, "BLANK id; MISSING class; MISSING department");
    plan.id = NULL;
    refuses(&d, "H1", KIND(PUT_TIMETABLE), &plan, "MISSING id; MISSING class; MISSING department");
    places_close(&d);
}
