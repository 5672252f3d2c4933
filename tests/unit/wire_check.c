/* wire_check.c - what a message may hold: texts, lengths, code lists, entries, unknown fields; and what it may cost. */
#include <criterion/criterion.h>

#include "registry.pb-c.h"
#include "wire/wire.h"

static struct arena arena;
static struct findings findings;

static void set_up(void)
{
    cr_assert_eq(arena_open(&arena, 64 * 1024 * 1024), 0);
}

static void tear_down(void)
{
    arena_close(&arena);
}

TestSuite(check, .init = set_up, .fini = tear_down);

/* Unpacks and checks `bytes` as a Sheet, and expects it to unpack. */
static Referral__Sheet *check_bytes(struct bytes bytes, bool keeps_unknown)
{
    enum refusal refusal = REFUSED_NOT;
    ProtobufCMessage *message = wire_unpack(&referral__sheet__descriptor, bytes, &arena, &refusal);

    cr_assert_not_null(message);
    findings.count = 0;
    wire_check(message, keeps_unknown, &findings);
    return (Referral__Sheet *)message;
}

static void check_sheet(const Referral__Sheet *sheet)
{
    check_bytes(wire_pack(&sheet->base, &arena), true);
}

static void expect_one(enum refusal refusal, const char *field)
{
    cr_assert_eq(findings.count, 1, "%zu findings", findings.count);
    cr_assert_eq(findings.list[0].refusal, refusal, "%s", refusal_code(findings.list[0].refusal));
    cr_assert_str_eq(findings.list[0].field, field);
}

static char *text_of(char letter, size_t length)
{
    char *text = arena_zalloc(&arena, length + 1);

    memset(text, letter, length);
    return text;
}

static Referral__Patient patient(void)
{
    Referral__Patient patient = REFERRAL__PATIENT__INIT;

    patient.name = "甲";
    return patient;
}

Test(check, f2_a_fault_is_named_by_its_path)
{
    Referral__Sheet sheet = REFERRAL__SHEET__INIT;
    Referral__Patient who = patient();
    Referral__Diagnosis first = REFERRAL__DIAGNOSIS__INIT, second = REFERRAL__DIAGNOSIS__INIT;

    who.id_value = text_of('1', LIMIT_ID_BYTES + 1);
    sheet.patient = &who;
    check_sheet(&sheet);
    expect_one(REFUSED_TOO_LONG, "patient.id_value");

    who.id_value = text_of('1', LIMIT_ID_BYTES);
    second.icd10 = "I10\x01";
    sheet.diagnoses = (Referral__Diagnosis *[]){&first, &second};
    sheet.n_diagnoses = 2;
    check_sheet(&sheet);
    expect_one(REFUSED_BAD_TEXT, "diagnoses[1].icd10");
}

Test(check, f2_all_faults_come_back_at_once_in_order)
{
    Referral__Sheet sheet = REFERRAL__SHEET__INIT;
    Referral__Patient who = patient();

    sheet.sender = "T07\x7f";
    who.name = "\xff";
    sheet.patient = &who;
    sheet.present_history = text_of('x', LIMIT_TEXT_BYTES + 1);
    check_sheet(&sheet);
    cr_assert_eq(findings.count, 3);
    cr_assert_str_eq(findings.list[0].field, "sender");
    cr_assert_str_eq(findings.list[1].field, "patient.name");
    cr_assert_str_eq(findings.list[2].field, "present_history");
}

Test(check, f2_texts_are_utf8_without_controls_or_bidi)
{
    const char *const bad[] = {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe4\xb8",
                               "a\x1b",    "\x7f",         "\u202e",           "\u2066"};
    const char *const good[] = {"", "腹痛三天\n既往体健\t无", "O'Neil", "𠮷"};
    Referral__Sheet sheet = REFERRAL__SHEET__INIT;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sheet.treatment = (char *)bad[i];
        check_sheet(&sheet);
        expect_one(REFUSED_BAD_TEXT, "treatment");
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        sheet.treatment = (char *)good[i];
        check_sheet(&sheet);
        cr_assert_eq(findings.count, 0, "row %zu", i);
    }
}

Test(check, f2_a_nul_inside_a_text_is_refused_at_every_depth)
{
    const uint8_t top[] = {0x4a, 3, 'T', 0, '7'};               /* sender */
    const uint8_t nested[] = {0x7a, 5, 0x0a, 3, 0xe7, 0, 0xb2}; /* patient { name } */
    const uint8_t repeated[] = {0x8a, 1, 0, 0x8a, 1, 4, 0x0a, 2, 'I', 0};
    const uint8_t last[] = {0x4a, 1, 0};

    check_bytes(bytes_of(top, sizeof top), true);
    expect_one(REFUSED_BAD_TEXT, "sender");
    check_bytes(bytes_of(nested, sizeof nested), true);
    expect_one(REFUSED_BAD_TEXT, "patient.name");
    check_bytes(bytes_of(repeated, sizeof repeated), true);
    expect_one(REFUSED_BAD_TEXT, "diagnoses[1].icd10");
    check_bytes(bytes_of(last, sizeof last), true);
    expect_one(REFUSED_BAD_TEXT, "sender");
}

Test(check, f2_a_zero_outside_texts_is_no_fault)
{
    const uint8_t bytes[] = {0x20, 0, 0x4a, 1, 'T'}; /* parent_is_external: false, sender */
    Referral__Sheet *sheet = check_bytes(bytes_of(bytes, sizeof bytes), true);

    cr_assert_eq(findings.count, 0);
    cr_assert_str_eq(sheet->sender, "T");
}

Test(check, f2_values_outside_the_code_list_are_refused)
{
    const int bad[] = {0, 4, -1, INT32_MAX};
    Referral__Sheet sheet = REFERRAL__SHEET__INIT;

    sheet.has_priority = true;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sheet.priority = (Referral__Priority)bad[i];
        check_sheet(&sheet);
        expect_one(REFUSED_BAD_ENUM, "priority");
    }
    sheet.priority = REFERRAL__PRIORITY__ROUTINE;
    check_sheet(&sheet);
    cr_assert_eq(findings.count, 0);
}

Test(check, f2_an_entry_of_a_repeated_code_list_is_refused_by_position)
{
    Referral__AccessKey key = REFERRAL__ACCESS_KEY__INIT;
    Referral__Role roles[] = {REFERRAL__ROLE__REFER, (Referral__Role)9};

    key.roles = roles;
    key.n_roles = 2;
    findings.count = 0;
    wire_check(&key.base, false, &findings);
    expect_one(REFUSED_BAD_ENUM, "roles[1]");
}

Test(check, f2_repeated_fields_are_bounded)
{
    Referral__Sheet sheet = REFERRAL__SHEET__INIT;
    Referral__Attachment attachment = REFERRAL__ATTACHMENT__INIT;
    Referral__Attachment *attachments[LIMIT_ATTACHMENTS + 1];

    for (size_t i = 0; i < LIMIT_ATTACHMENTS + 1; i++)
        attachments[i] = &attachment;
    sheet.attachments = attachments;
    sheet.n_attachments = LIMIT_ATTACHMENTS;
    check_sheet(&sheet);
    cr_assert_eq(findings.count, 0);
    sheet.n_attachments++;
    check_sheet(&sheet);
    expect_one(REFUSED_TOO_MANY, "attachments");
}

Test(check, t1_a_city_hospital_has_more_departments_than_a_list_has_entries)
{
    Referral__Institution hospital = REFERRAL__INSTITUTION__INIT;
    Referral__Department department = REFERRAL__DEPARTMENT__INIT;
    Referral__Department *departments[257];

    for (size_t i = 0; i < 257; i++)
        departments[i] = &department;
    hospital.departments = departments;
    hospital.n_departments = 256;
    findings.count = 0;
    wire_check(&hospital.base, false, &findings);
    cr_assert_eq(findings.count, 0);
    hospital.n_departments = 257;
    wire_check(&hospital.base, false, &findings);
    expect_one(REFUSED_TOO_MANY, "departments");
}

Test(check, f3_unknown_fields_are_kept_or_refused_where_they_stand)
{
    const uint8_t top[] = {0xf8, 0x3f, 1};                  /* field 1023 */
    const uint8_t nested[] = {0x7a, 4, 0xfa, 0x3f, 1, 'x'}; /* patient { field 1023 } */

    check_bytes(bytes_of(top, sizeof top), true);
    cr_assert_eq(findings.count, 0);
    check_bytes(bytes_of(top, sizeof top), false);
    expect_one(REFUSED_UNKNOWN_FIELD, "");
    check_bytes(bytes_of(nested, sizeof nested), false);
    expect_one(REFUSED_UNKNOWN_FIELD, "patient");
}

Test(check, f2_bytes_are_bounded_but_for_contents)
{
    Referral__Sheet sheet = REFERRAL__SHEET__INIT;
    Referral__Attachment attachment = REFERRAL__ATTACHMENT__INIT;

    attachment.has_content = attachment.has_sha256 = true;
    attachment.content.len = 100000;
    attachment.content.data = (uint8_t *)text_of('x', 100000);
    attachment.sha256 = attachment.content;
    sheet.attachments = (Referral__Attachment *[]){&attachment};
    sheet.n_attachments = 1;
    check_sheet(&sheet);
    expect_one(REFUSED_TOO_LONG, "attachments[0].sha256");
}

/* `count` empty diagnoses: two bytes of tag, one of length, and a message each when unpacked. */
static struct bytes bomb(size_t count)
{
    uint8_t *data = arena_alloc(&arena, count * 3);

    for (size_t i = 0; i < count; i++)
        memcpy(data + i * 3, "\x8a\x01\x00", 3);
    return bytes_of(data, count * 3);
}

Test(check, f2_a_body_that_unpacks_to_far_more_than_its_size_is_too_large)
{
    struct bytes bytes = bomb(300000);
    size_t before = arena_mark(&arena);
    enum refusal refusal = REFUSED_NOT;

    cr_assert_null(wire_unpack(&referral__sheet__descriptor, bytes, &arena, &refusal));
    cr_assert_eq(refusal, REFUSED_TOO_LARGE);
    cr_assert_eq(arena_mark(&arena), before);
}

Test(check, f2_a_body_that_does_not_unpack_is_bad_and_costs_nothing)
{
    const uint8_t truncated[] = {0x4a, 9, 'T'}, wrong_type[] = {0x48, 1}, group[] = {0x4b, 0x4c}, zero_tag[] = {0, 0};
    const struct bytes rows[] = {bytes_of(truncated, sizeof truncated), bytes_of(wrong_type, sizeof wrong_type),
                                 bytes_of(group, sizeof group), bytes_of(zero_tag, sizeof zero_tag)};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t before = arena_mark(&arena);
        enum refusal refusal = REFUSED_NOT;

        cr_assert_null(wire_unpack(&referral__sheet__descriptor, rows[i], &arena, &refusal), "row %zu", i);
        cr_assert_eq(refusal, REFUSED_BAD_BODY);
        cr_assert_eq(arena_mark(&arena), before);
    }
}

Test(check, d4_a_full_ack_fits_the_budget)
{
    Referral__Ack ack = REFERRAL__ACK__INIT;
    ProtobufCBinaryData ids[LIMIT_ACK_IDS];
    uint8_t id[19] = {1};
    enum refusal refusal = REFUSED_NOT;

    for (size_t i = 0; i < LIMIT_ACK_IDS; i++)
        ids[i] = (ProtobufCBinaryData){.data = id, .len = sizeof id};
    ack.delivery_ids = ids;
    ack.n_delivery_ids = LIMIT_ACK_IDS;

    ProtobufCMessage *message = wire_unpack(&referral__ack__descriptor, wire_pack(&ack.base, &arena), &arena, &refusal);

    cr_assert_not_null(message);
    findings.count = 0;
    wire_check(message, false, &findings);
    cr_assert_eq(findings.count, 0);
}

Test(check, p1_a_refusal_says_field_and_texts_but_never_the_value)
{
    Referral__Sheet sheet = REFERRAL__SHEET__INIT;
    Referral__Reply reply = REFERRAL__REPLY__INIT;

    sheet.sender = "SECRET\x7f";
    check_sheet(&sheet);
    reply_add_refusal(&reply, REFUSED_BUSY, 500, &arena);
    reply_add_findings(&reply, &findings, &arena);
    cr_assert_eq(reply.n_refusals, 2);
    cr_assert_eq(reply.refusals[0]->retry_after_ms, 500);
    cr_assert_null(reply.refusals[0]->field);
    cr_assert_str_eq(reply.refusals[1]->code, "BAD_TEXT");
    cr_assert_str_eq(reply.refusals[1]->field, "sender");

    struct bytes packed = wire_pack(&reply.base, &arena);

    cr_assert_null(memmem(packed.data, packed.size, "SECRET", 6));
    cr_assert(strlen(reply.refusals[1]->text_zh) > 0 && strlen(reply.refusals[1]->text_en) > 0);
}
