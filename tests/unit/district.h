/* district.h - for tests of the engine: a small district on a store of its own, spoken to in sealed batches, one
 * command a turn.
 *
 * T07 (township, acts for V01) and T08 refer up to H1, H2, H3 (county) of the same consortium; V01 is query-only. OPS
 * operates. */
#pragma once
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/binary.h"
#include "engine/inbox.h"
#include "engine/life.h"
#include "engine/registry.h"
#include "tests/scratch.h"

#define DISTRICT_NOW 1795221000000 /* 2026-11-21 08:30 in China, a Saturday */

struct district {
    char directory[64];
    uint8_t host_key[STORE_HOST_KEY_SIZE];
    struct store *store;
    struct arena turn, keep; /* of the turn; of what the test looks at */
    struct instant now;
    bool hold, full;
    int commands;
    struct effects effects; /* of the last turn */
    uint64_t puts;          /* rows it wrote */
};

static inline struct store_options district_options(struct district *d)
{
    return (struct store_options){.directory = d->directory, .map_bytes = 1 << 28, .host_key = d->host_key};
}

static inline ProtobufCBinaryData district_key(struct district *d, const char *institution)
{
    ProtobufCBinaryData key = {.len = 32, .data = arena_zalloc(&d->keep, 32)};

    memcpy(key.data, institution, strlen(institution));
    return key;
}

/* Effects live in the turn's arena, which the next look at the store resets. */
static inline void district_keep_effects(struct district *d)
{
    struct bytes inbox = bytes_of(d->effects.inbox, d->effects.inbox_count * sizeof *d->effects.inbox);
    struct bytes outcomes = bytes_of(d->effects.outcomes, d->effects.outcome_count * sizeof *d->effects.outcomes);

    d->effects.inbox = arena_alloc(&d->keep, inbox.size);
    d->effects.outcomes = arena_alloc(&d->keep, outcomes.size);
    if (inbox.size != 0)
        memcpy(d->effects.inbox, inbox.data, inbox.size);
    memcpy(d->effects.outcomes, outcomes.data, outcomes.size);
    for (size_t i = 0; i < d->effects.outcome_count; i++)
        d->effects.outcomes[i].reply = arena_copy(&d->keep, d->effects.outcomes[i].reply);
}

/* A batch of these commands, to be applied next. */
static inline struct bytes district_seal(struct district *d, Batch__Command **commands, size_t count)
{
    const struct store_identity *identity = store_identity(d->store);
    Batch__Batch batch = BATCH__BATCH__INIT;

    FIELD_SET(&batch, format, 1);
    FIELD_SET(&batch, store_id, binary_copy(&d->keep, bytes_of(identity->store_id, sizeof identity->store_id)));
    FIELD_SET(&batch, incarnation, identity->incarnation);
    FIELD_SET(&batch, rules_version, RULES_VERSION);
    FIELD_SET(&batch, index, store_mark(d->store).index + 1);
    FIELD_SET(&batch, now_ms, d->now.ms);
    FIELD_SET(&batch, hold, d->hold);
    FIELD_SET(&batch, full, d->full);
    batch.n_commands = count;
    batch.commands = commands;
    return wire_pack(&batch.base, &d->keep);
}

/* Applies a batch of these commands in a turn of its own. */
static inline void district_turn(struct district *d, Batch__Command **commands, size_t count)
{
    struct store_turn turn = {.index = store_mark(d->store).index + 1, .time = d->now};
    struct bytes sealed = district_seal(d, commands, count);
    struct store_txn *txn;

    arena_reset(&d->turn, 1 << 20);
    cr_assert_eq(store_turn_begin(d->store, &d->turn, &txn), 0, "%s", store_error(d->store));
    cr_assert_eq(engine_apply(txn, sealed, &d->effects), 0);
    district_keep_effects(d);
    d->puts = store_put_count(txn);
    cr_assert_eq(store_turn_end(txn, &turn), 0, "%s", store_error(d->store));
}

static inline Batch__Command *district_command(struct district *d, const char *who, uint32_t kind,
                                               const char *message_id, const void *body)
{
    Batch__Command *command = arena_alloc(&d->keep, sizeof *command);

    batch__command__init(command);
    FIELD_SET(command, kind, kind);
    FIELD_SET(command, request, (uint64_t)++d->commands);
    command->message_id = arena_text(&d->keep, message_id);
    if (who != NULL) {
        command->institution = arena_text(&d->keep, who);
        FIELD_SET(command, key, district_key(d, who));
    }
    if (body != NULL)
        FIELD_SET(command, body, binary_pack(&d->keep, body));
    return command;
}

static inline Referral__Reply *district_reply(struct district *d, size_t position)
{
    struct bytes reply = d->effects.outcomes[position].reply;
    enum refusal refusal;

    if (reply.size == 0)
        return NULL;
    return (Referral__Reply *)wire_unpack(&referral__reply__descriptor, arena_copy(&d->keep, reply), &d->keep,
                                          &refusal);
}

/* One command in a turn of its own; NULL: no reply is due. */
static inline Referral__Reply *district_send(struct district *d, Batch__Command *command)
{
    district_turn(d, &command, 1);
    return district_reply(d, 0);
}

/* With a message id nobody used before. */
static inline Referral__Reply *district_say(struct district *d, const char *who, uint32_t kind, const void *body)
{
    const char *message_id = arena_format(&d->keep, "m%d", d->commands);

    return district_send(d, district_command(d, who, kind, message_id, body));
}

static inline void district_clock(struct district *d)
{
    district_say(d, NULL, BATCH__INTERNAL__CLOCK, NULL);
}

/* What is due first meets a damaged row. */
static inline void district_put_off(struct district *d)
{
    Batch__Clockwork how = BATCH__CLOCKWORK__INIT;

    FIELD_SET(&how, rows, 1);
    FIELD_SET(&how, puts_off, true);
    district_say(d, NULL, BATCH__INTERNAL__CLOCK, &how);
}

/* "CODE field; CODE field", or "" where it was accepted. */
static inline const char *district_said(struct district *d, const Referral__Reply *reply)
{
    const char *text = "";

    for (size_t i = 0; reply != NULL && i < reply->n_refusals; i++)
        text = arena_format(&d->keep, "%s%s%s%s%s", text, i > 0 ? "; " : "", reply->refusals[i]->code,
                            reply->refusals[i]->field != NULL ? " " : "",
                            reply->refusals[i]->field != NULL ? reply->refusals[i]->field : "");
    return text;
}

#define district_assert_said(d, reply, expected) cr_assert_str_eq(district_said(d, reply), expected)

static inline void district_put(struct district *d, const char *id, Referral__InstitutionKind kind, Referral__Tier tier,
                                bool query_only)
{
    Referral__Institution institution = REFERRAL__INSTITUTION__INIT;
    Referral__Department department = REFERRAL__DEPARTMENT__INIT, *departments[] = {&department};
    Referral__PutContact put = REFERRAL__PUT_CONTACT__INIT;
    Referral__Contact contact = REFERRAL__CONTACT__INIT;
    Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;
    Referral__Role roles[] = {REFERRAL__ROLE__REFER, REFERRAL__ROLE__RECEIVE, REFERRAL__ROLE__SCHEDULE};

    institution.id = arena_text(&d->keep, id);
    institution.name = institution.id;
    FIELD_SET(&institution, kind, kind);
    FIELD_SET(&institution, tier, tier);
    institution.consortium = arena_text(&d->keep, "C1");
    FIELD_SET(&institution, query_only, query_only);
    department.code = arena_text(&d->keep, "CARD");
    department.name = department.code;
    institution.departments = departments;
    institution.n_departments = kind == REFERRAL__INSTITUTION_KIND__HOSPITAL ? 1 : 0;
    district_assert_said(d, district_say(d, "OPS", REFERRAL__KIND__PUT_INSTITUTION, &institution), "");

    contact.name = arena_format(&d->keep, "contact of %s", id);
    contact.phone = arena_text(&d->keep, "13800000000");
    put.institution = institution.id;
    put.contact = &contact;
    for (int direction = REFERRAL__DIRECTION__UP; direction <= REFERRAL__DIRECTION__DOWN; direction++) {
        FIELD_SET(&put, direction, (Referral__Direction)direction);
        district_assert_said(d, district_say(d, "OPS", REFERRAL__KIND__PUT_CONTACT, &put), "");
    }
    FIELD_SET(&key, public_key, district_key(d, id));
    key.institution = institution.id;
    key.roles = roles;
    key.n_roles = 3;
    district_assert_said(d, district_say(d, "OPS", REFERRAL__KIND__ADD_KEY, &key), "");
}

static inline void district_found(struct district *d)
{
    struct store_turn turn = {.index = 1, .time = d->now};
    struct store_txn *txn;

    cr_assert_eq(store_turn_begin(d->store, &d->turn, &txn), 0);
    cr_assert_eq(registry_found(txn, "OPS", "operators", district_key(d, "OPS").data, d->now), 0);
    cr_assert_eq(store_turn_end(txn, &turn), 0);
}

static inline void district_delegate(struct district *d, const char *agent, const char *principal)
{
    Referral__Delegation delegation = REFERRAL__DELEGATION__INIT;

    delegation.agent = arena_text(&d->keep, agent);
    delegation.principal = arena_text(&d->keep, principal);
    district_assert_said(d, district_say(d, "OPS", REFERRAL__KIND__PUT_DELEGATION, &delegation), "");
}

static inline void district_open(struct district *d)
{
    struct store_options options;

    *d = (struct district){.directory = SCRATCH "/district-XXXXXX", .now = {DISTRICT_NOW}};
    cr_assert_not_null(scratch_make(d->directory));
    options = district_options(d);
    cr_assert_eq(store_create(&options, "bd", d->now, true), 0);
    cr_assert_eq(store_open(&options, &d->store), 0);
    cr_assert_eq(arena_open(&d->turn, 1UL << 28), 0);
    cr_assert_eq(arena_open(&d->keep, 1UL << 28), 0);
    district_found(d);
    district_put(d, "V01", REFERRAL__INSTITUTION_KIND__PRIMARY, REFERRAL__TIER__VILLAGE, true);
    district_put(d, "T07", REFERRAL__INSTITUTION_KIND__PRIMARY, REFERRAL__TIER__TOWNSHIP, false);
    district_put(d, "T08", REFERRAL__INSTITUTION_KIND__PRIMARY, REFERRAL__TIER__TOWNSHIP, false);
    district_put(d, "H1", REFERRAL__INSTITUTION_KIND__HOSPITAL, REFERRAL__TIER__COUNTY, false);
    district_put(d, "H2", REFERRAL__INSTITUTION_KIND__HOSPITAL, REFERRAL__TIER__COUNTY, false);
    district_put(d, "H3", REFERRAL__INSTITUTION_KIND__HOSPITAL, REFERRAL__TIER__COUNTY, false);
    district_delegate(d, "T07", "V01");
}

static inline void district_close(struct district *d)
{
    store_close(d->store);
    arena_close(&d->turn);
    arena_close(&d->keep);
    scratch_remove(d->directory);
}

/* A complete sheet. */
static inline Referral__Sheet *district_sheet(struct district *d, const char *from, const char *to, bool down,
                                              Referral__Priority priority)
{
    static Referral__Person doctor;
    static Referral__Patient patient;
    static Referral__Diagnosis diagnosis, *diagnoses[] = {&diagnosis};
    Referral__Sheet *sheet = arena_alloc(&d->keep, sizeof *sheet);

    referral__person__init(&doctor);
    doctor.name = "Li Na";
    doctor.phone = "13900000001";
    referral__patient__init(&patient);
    patient.name = "Wang Fang";
    FIELD_SET(&patient, sex, REFERRAL__SEX__FEMALE);
    patient.birth_date = "1960-01-02";
    patient.no_id_reason = "not at hand";
    patient.address = "3 Mill Lane";
    patient.phone = "13900000002";
    referral__diagnosis__init(&diagnosis);
    diagnosis.icd10 = "I10";
    diagnosis.text = "hypertension";

    referral__sheet__init(sheet);
    sheet->sender_reference = "ref-1";
    FIELD_SET(sheet, direction, down ? REFERRAL__DIRECTION__DOWN : REFERRAL__DIRECTION__UP);
    FIELD_SET(sheet, kind, REFERRAL__REFERRAL_KIND__OUTPATIENT);
    FIELD_SET(sheet, priority, priority);
    if (priority == REFERRAL__PRIORITY__EMERGENCY)
        FIELD_SET(sheet, emergency_category, REFERRAL__EMERGENCY_CATEGORY__STROKE);
    sheet->sender = arena_text(&d->keep, from);
    sheet->receiver = arena_text(&d->keep, to);
    sheet->department = "CARD";
    sheet->doctor = &doctor;
    sheet->patient = &patient;
    sheet->record_number = "A-77";
    sheet->n_diagnoses = 1;
    sheet->diagnoses = diagnoses;
    sheet->present_history = "headaches for two weeks";
    sheet->past_history = "none known";
    sheet->treatment = "rest and tablets";
    sheet->main_results = "blood pressure 190/110";
    if (down) {
        sheet->hospital_findings = "stable after treatment";
        sheet->further_plan = "weekly checks";
    }
    FIELD_SET(sheet, consent, REFERRAL__CONSENT__GIVEN);
    return sheet;
}

/* Submits a complete up-referral and returns its id. */
static inline char *district_refer(struct district *d, const char *from, const char *to, Referral__Priority priority)
{
    Referral__Reply *reply =
        district_say(d, from, REFERRAL__KIND__SUBMIT, district_sheet(d, from, to, false, priority));

    district_assert_said(d, reply, "");
    return reply->referral_id;
}

/* TEAM7 is this institution's. */
static inline void district_team(struct district *d, const char *institution)
{
    Referral__Team team = REFERRAL__TEAM__INIT;
    Referral__Person member = REFERRAL__PERSON__INIT, *members[] = {&member};

    member.name = "Sun Wei";
    team.id = "TEAM7";
    team.institution = arena_text(&d->keep, institution);
    team.name = "team 7";
    team.members = members;
    team.n_members = 1;
    team.active_from = "2020-01-01";
    district_assert_said(d, district_say(d, "OPS", REFERRAL__KIND__PUT_TEAM, &team), "");
}

/* An event with everything its type needs. */
static inline Referral__Event *district_event(struct district *d, const char *referral, enum event type)
{
    static Referral__Person person;
    static Referral__Place place;
    static Referral__Diagnosis diagnosis, *diagnoses[] = {&diagnosis};
    Referral__Event *event = arena_alloc(&d->keep, sizeof *event);

    referral__event__init(event);
    event->referral_id = arena_text(&d->keep, referral);
    FIELD_SET(event, type, (Referral__EventType)type);
    referral__person__init(&person);
    person.name = "Zhao Min";
    event->person = &person;
    if (type == REJECT || type == REDIRECT || type == CANCEL || type == REQUEST_CANCEL || type == ANNUL) {
        FIELD_SET(event, reason, REFERRAL__REASON__OTHER_REASON);
        event->text = "said why";
    }
    if (type == REQUEST_INFO || type == SUPPLY_INFO)
        event->text = "more";
    if (type == ARRIVE)
        FIELD_SET(event, occurred_at_ms, d->now.ms);
    if (type == BOOK || type == MOVE) {
        referral__place__init(&place);
        FIELD_SET(&place, class_, REFERRAL__PLACE_CLASS__EXPERT);
        FIELD_SET(&place, start_ms, d->now.ms + 2 * HOUR_MS);
        place.department = "CARD";
        place.doctor = "Zhao Min";
        event->place = &place;
    }
    if (type == REPORT) {
        referral__diagnosis__init(&diagnosis);
        diagnosis.icd10 = "I10";
        event->n_diagnoses = 1;
        event->diagnoses = diagnoses;
        event->treatment = "tablets";
    }
    if (type == CLOSE)
        FIELD_SET(event, close_code, REFERRAL__CLOSE_CODE__NO_FOLLOW_UP);
    if (type == ANSWER_CANCEL)
        FIELD_SET(event, agreed, true);
    return event;
}

static inline Referral__Reply *district_happen(struct district *d, const char *who, const char *referral,
                                               enum event type)
{
    return district_say(d, who, REFERRAL__KIND__EVENT, district_event(d, referral, type));
}

/* Nobody came to what was booked by district_event, as H1 says when it begins. */
static inline Referral__Reply *district_miss(struct district *d, const char *referral)
{
    d->now.ms += 2 * HOUR_MS;
    return district_happen(d, "H1", referral, MISS);
}

static inline struct store_txn *district_read(struct district *d)
{
    struct store_txn *txn;

    arena_reset(&d->turn, 1 << 20);
    cr_assert_eq(store_read_begin(d->store, &d->turn, &txn), 0);
    return txn;
}

/* What waits, most urgent first, oldest first: "submit/sheet, accept" (notices by their event alone). */
static inline const char *district_inbox(struct district *d, const char *institution)
{
    struct store_txn *txn = district_read(d);
    uint32_t number = institution_row(txn, institution)->number;
    const char *text = "";

    for (uint8_t lane = 1; lane <= 3; lane++) {
        struct inbox_ref ref = {.institution = number, .lane = lane};
        const Record__Inbox *row;

        while ((row = inbox_row_next(txn, ref, &ref)) != NULL)
            text = arena_format(&d->keep, "%s%s%s%s", text, text[0] != '\0' ? ", " : "",
                                event_name((enum event)row->event),
                                row->kind == REFERRAL__DELIVERY_KIND__SHEET ? "/sheet" : "");
    }
    store_read_end(txn);
    return text;
}

/* Delivery ids of all that waits in one inbox, in order. */
static inline size_t district_waiting(struct district *d, const char *institution, ProtobufCBinaryData ids[64])
{
    struct store_txn *txn = district_read(d);
    uint32_t number = institution_row(txn, institution)->number;
    size_t count = 0;

    for (uint8_t lane = 1; lane <= 3; lane++) {
        struct inbox_ref ref = {.institution = number, .lane = lane};

        while (count < 64 && inbox_row_next(txn, ref, &ref) != NULL) {
            uint8_t id[DELIVERY_ID_SIZE];

            delivery_id_encode(id, store_identity(d->store)->incarnation, ref);
            ids[count++] = binary_copy(&d->keep, bytes_of(id, sizeof id));
        }
    }
    store_read_end(txn);
    return count;
}

static inline Referral__Reply *district_ack(struct district *d, const char *who, ProtobufCBinaryData *ids, size_t count)
{
    Referral__Ack ack = REFERRAL__ACK__INIT;

    ack.delivery_ids = ids;
    ack.n_delivery_ids = count;
    return district_say(d, who, REFERRAL__KIND__ACK, &ack);
}

/* Acknowledges all that waits. */
static inline void district_drain(struct district *d, const char *institution)
{
    ProtobufCBinaryData ids[64];
    size_t count = district_waiting(d, institution, ids);

    district_assert_said(d, district_ack(d, institution, ids, count), "");
}

/* The record, in the keep. */
static inline Record__Referral *district_row(struct district *d, const char *referral)
{
    struct store_txn *txn = district_read(d);
    Record__Referral *row, *copy;
    struct id id;
    enum refusal refusal;

    cr_assert(id_parse(referral, "bd", &id));
    row = referral_row(txn, id);
    cr_assert_not_null(row);
    copy = (Record__Referral *)wire_unpack(&record__referral__descriptor, wire_pack(&row->base, &d->keep), &d->keep,
                                           &refusal);
    store_read_end(txn);
    return copy;
}

static inline const char *district_state(struct district *d, const char *referral)
{
    return state_name((enum state)district_row(d, referral)->state);
}

/* D7: accepted = acknowledged + waiting + dead + dropped, for every inbox. */
static inline void district_assert_books(struct district *d)
{
    struct store_txn *txn = district_read(d);

    for (uint32_t number = 1; institution_id_of(txn, number) != NULL; number++) {
        const Record__Books *books = books_of(txn, number);

        cr_assert_eq(books->accepted, books->acknowledged + books->waiting + books->dead + books->dropped);
        cr_assert_eq(books->waiting, books->waiting_emergency + books->waiting_urgent + books->waiting_routine);
    }
    store_read_end(txn);
}
