/* Is this sheet complete and consistent? Three good sheets, each spoilt in one place, and then everywhere. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/sheet.h"

static const struct date today = {2026, 11, 21};

#define COUNT_OF(array)            (sizeof(array) / sizeof *(array))
#define SET(message, field, value) ((message).has_##field = 1, (message).field = (value))

struct sample {
    Referral__Sheet sheet;
    Referral__Person doctor;
    Referral__Patient patient;
    Referral__WantedPlace place;
    Referral__Diagnosis diagnosis, *diagnoses[64];
    Referral__Vital vital, *vitals[64];
    Referral__Attachment attachment, *attachments[16];
    uint8_t hash[32];
    struct findings findings;
};

static void fill_patient(struct sample *s)
{
    referral__patient__init(&s->patient);
    s->patient.name = (char *)"张秀英";
    SET(s->patient, sex, REFERRAL__SEX__FEMALE);
    s->patient.birth_date = (char *)"1962-05-08";
    SET(s->patient, id_type, REFERRAL__ID_TYPE__RESIDENT_ID);
    s->patient.id_value = (char *)"120224196205083222";
    s->patient.address = (char *)"宝坻区大口屯镇";
    s->patient.phone = (char *)"022-29001234";
    s->sheet.patient = &s->patient;
}

static void fill_lists(struct sample *s)
{
    referral__diagnosis__init(&s->diagnosis);
    s->diagnosis.icd10 = (char *)"I10";
    s->diagnosis.text = (char *)"高血压病 2 级";
    s->diagnoses[0] = &s->diagnosis;
    s->sheet.diagnoses = s->diagnoses;
    s->sheet.n_diagnoses = 1;
    referral__vital__init(&s->vital);
    SET(s->vital, item, REFERRAL__VITAL_ITEM__SYSTOLIC);
    SET(s->vital, value_milli, 185000);
    s->vital.unit = (char *)"mmHg";
    s->vitals[0] = &s->vital;
    s->sheet.vitals = s->vitals;
    s->sheet.n_vitals = 1;
    referral__attachment__init(&s->attachment);
    s->attachment.media_type = (char *)"application/pdf";
    SET(s->attachment, size_bytes, 5);
    SET(s->attachment, sha256, ((ProtobufCBinaryData){.len = 32, .data = s->hash}));
    SET(s->attachment, content, ((ProtobufCBinaryData){.len = 5, .data = s->hash}));
    s->attachments[0] = &s->attachment;
    s->sheet.attachments = s->attachments;
    s->sheet.n_attachments = 1;
}

/* What every sheet must say, whichever way it goes. */
static void fill_common(struct sample *s, Referral__Direction direction, Referral__Priority priority)
{
    memset(s, 0, sizeof *s);
    referral__sheet__init(&s->sheet);
    SET(s->sheet, direction, direction);
    SET(s->sheet, kind, REFERRAL__REFERRAL_KIND__OUTPATIENT);
    SET(s->sheet, priority, priority);
    s->sheet.sender = (char *)"T07";
    s->sheet.receiver = (char *)"H1";
    s->sheet.department = (char *)"XN";
    referral__person__init(&s->doctor);
    s->doctor.name = (char *)"李建国";
    s->doctor.phone = (char *)"13900001111";
    s->sheet.doctor = &s->doctor;
    SET(s->sheet, consent, REFERRAL__CONSENT__GIVEN);
    fill_patient(s);
    fill_lists(s);
    s->sheet.present_history = (char *)"头晕三天,血压控制不佳,请求上转";
    s->sheet.past_history = (char *)"无";
    s->sheet.treatment = (char *)"氨氯地平 5 mg 每日一次";
}

static void fill_up(struct sample *s)
{
    fill_common(s, REFERRAL__DIRECTION__UP, REFERRAL__PRIORITY__ROUTINE);
    referral__wanted_place__init(&s->place);
    SET(s->place, class_, REFERRAL__PLACE_CLASS__EXPERT);
    s->place.earliest_date = (char *)"2026-11-23";
    s->place.latest_date = (char *)"2026-11-27";
    s->sheet.wanted_place = &s->place;
    s->sheet.team_id = (char *)"BD-T001";
}

static void fill_down(struct sample *s)
{
    fill_common(s, REFERRAL__DIRECTION__DOWN, REFERRAL__PRIORITY__ROUTINE);
    s->sheet.record_number = (char *)"ZY20261121001";
    s->sheet.main_results = (char *)"心电图正常";
    s->sheet.hospital_findings = (char *)"住院 6 天,血压平稳";
    s->sheet.further_plan = (char *)"每周测量血压,一个月后复诊";
}

static void fill_emergency(struct sample *s)
{
    fill_common(s, REFERRAL__DIRECTION__UP, REFERRAL__PRIORITY__EMERGENCY);
    SET(s->sheet, emergency_category, REFERRAL__EMERGENCY_CATEGORY__CHEST_PAIN);
}

/* Only what F5 asks for. */
static void fill_bare_emergency(struct sample *s)
{
    fill_emergency(s);
    s->sheet.sender = s->sheet.department = s->sheet.present_history = s->sheet.past_history = s->sheet.treatment =
        NULL;
    s->sheet.has_direction = s->sheet.has_kind = 0;
    s->sheet.n_vitals = s->sheet.n_attachments = 0;
    s->sheet.has_consent = 0;
    referral__patient__init(&s->patient);
    SET(s->patient, sex, REFERRAL__SEX__SEX_UNKNOWN);
    SET(s->patient, age_unknown, 1);
    s->diagnosis.icd10 = NULL;
    s->diagnosis.text = (char *)"胸痛";
}

/* "CODE field, CODE field" */
static const char *check(struct sample *s)
{
    static char out[8192];
    size_t at = 0;

    memset(&s->findings, 0, sizeof s->findings);
    sheet_check(&s->sheet, today, &s->findings);
    out[0] = '\0';
    for (size_t i = 0; i < s->findings.count; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%s %s", i == 0 ? "" : ", ",
                               refusal_code(s->findings.list[i].refusal), s->findings.list[i].field);
    return out;
}

/* One form of the sheet: its good sample, and its column of the table. */
struct form {
    const char *name;
    void (*fill)(struct sample *s);
    size_t need; /* offset of the column */
};
static const struct form forms[] = {
    {"up", fill_up, offsetof(struct sheet_field, need_up)},
    {"down", fill_down, offsetof(struct sheet_field, need_down)},
    {"emergency", fill_emergency, offsetof(struct sheet_field, need_emergency)},
};

static char need_of(const struct form *form, const struct sheet_field *field)
{
    return *((const char *)field + form->need);
}

/* A field of the message, found by its path of the table; elements are the first of their list. */
struct place_of {
    char *message;
    const ProtobufCFieldDescriptor *field;
};

static struct place_of locate(struct sample *s, const char *path)
{
    struct place_of at = {.message = (char *)&s->sheet};
    const ProtobufCMessageDescriptor *descriptor = &referral__sheet__descriptor;
    char copy[64], *save = NULL;

    snprintf(copy, sizeof copy, "%s", path);
    for (char *name = strtok_r(copy, ".[]", &save); name != NULL; name = strtok_r(NULL, ".[]", &save)) {
        if (at.field != NULL) { /* go down */
            char **pointer = (char **)(void *)(at.message + at.field->offset);

            at.message = at.field->label == PROTOBUF_C_LABEL_REPEATED ? *(char **)(void *)*pointer : *pointer;
            descriptor = at.field->descriptor;
        }
        at.field = protobuf_c_message_descriptor_get_field_by_name(descriptor, name);
        cr_assert_not_null(at.field, "%s: %s", path, name);
    }
    return at;
}

static void clear(struct place_of at)
{
    if (at.field->label == PROTOBUF_C_LABEL_REPEATED)
        *(size_t *)(void *)(at.message + at.field->quantifier_offset) = 0;
    else if (at.field->type == PROTOBUF_C_TYPE_STRING || at.field->type == PROTOBUF_C_TYPE_MESSAGE)
        *(char **)(void *)(at.message + at.field->offset) = NULL;
    else
        *(protobuf_c_boolean *)(void *)(at.message + at.field->quantifier_offset) = 0;
}

static void set_text(struct place_of at, const char *text)
{
    cr_assert_eq(at.field->type, PROTOBUF_C_TYPE_STRING);
    *(char **)(void *)(at.message + at.field->offset) = (char *)text;
}

static char *characters(const char *one, size_t count)
{
    char *text = calloc(count, strlen(one) + 1);

    for (size_t i = 0; i < count; i++)
        strcat(text, one);
    return text;
}

static bool holds(const struct findings *findings, enum refusal refusal, const char *path)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->list[i].refusal == refusal && strcmp(findings->list[i].field, path) == 0)
            return true;
    return false;
}

/* "diagnoses[].text" as it is reported of the first. */
static const char *of_first(const char *path)
{
    static char out[FIELD_PATH_SIZE];
    const char *bracket = strchr(path, '[');

    if (bracket == NULL)
        return path;
    snprintf(out, sizeof out, "%.*s[0%s", (int)(bracket - path), path, bracket + 1);
    return out;
}

Test(sheet, f_good_sheets_are_accepted)
{
    struct sample s;

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        forms[i].fill(&s);
        cr_expect_str_eq(check(&s), "", "%s: %s", forms[i].name, check(&s));
    }
}

Test(sheet, f_the_table_names_fields_of_the_protocol_in_both_languages)
{
    struct sample s;
    size_t count;
    const struct sheet_field *fields = sheet_fields(&count);

    for (size_t i = 0; i < count; i++) {
        fill_up(&s);
        locate(&s, fields[i].path);
        cr_assert(strchr("MO-C", fields[i].need_up) && strchr("MO-C", fields[i].need_down) &&
                  strchr("MO-C", fields[i].need_emergency));
        cr_assert(strlen(fields[i].name_zh) > 0 && strlen(fields[i].name_en) > 0, "%s", fields[i].path);
        cr_assert_eq(strlen(fields[i].note_zh) == 0, strlen(fields[i].note_en) == 0, "%s", fields[i].path);
        cr_assert_eq(sheet_field(fields[i].path), &fields[i]);
    }
}

Test(sheet, f_the_table_has_a_row_for_every_field_of_the_sheet)
{
    static const struct {
        const char *prefix;
        const ProtobufCMessageDescriptor *message;
    } parts[] = {
        {"", &referral__sheet__descriptor},
        {"doctor.", &referral__person__descriptor},
        {"patient.", &referral__patient__descriptor},
        {"wanted_place.", &referral__wanted_place__descriptor},
        {"diagnoses[].", &referral__diagnosis__descriptor},
        {"vitals[].", &referral__vital__descriptor},
        {"attachments[].", &referral__attachment__descriptor},
    };
    char path[FIELD_PATH_SIZE];

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        for (unsigned j = 0; j < parts[i].message->n_fields; j++) {
            const ProtobufCFieldDescriptor *field = &parts[i].message->fields[j];
            bool has_rows_of_its_own = strcmp(field->name, "doctor") == 0 || strcmp(field->name, "patient") == 0;

            snprintf(path, sizeof path, "%s%s", parts[i].prefix, field->name);
            cr_expect(has_rows_of_its_own || sheet_field(path) != NULL, "%s", path);
        }
    }
}

Test(sheet, f_indices_are_no_part_of_a_rows_path)
{
    cr_assert_not_null(sheet_field("diagnoses[12].icd10"));
    cr_assert_eq(sheet_field("diagnoses[12].icd10"), sheet_field("diagnoses[].icd10"));
    cr_assert_null(sheet_field("diagnoses.icd10"));
    cr_assert_null(sheet_field("diagnoses[1].nothing"));
    cr_assert_null(sheet_field("patient"));
    cr_assert_null(sheet_field(""));
}

Test(sheet, f2_each_mandatory_field_missing_alone_is_the_only_finding)
{
    static const char *const lacks[][2] = {{"consent", "NO_CONSENT"},
                                           {"hospital_findings", "NOT_DOWN_WITHOUT_FINDINGS"},
                                           {"further_plan", "NOT_DOWN_WITHOUT_PLAN"}};
    struct sample s;
    size_t count, missing = 0;
    const struct sheet_field *fields = sheet_fields(&count);

    for (size_t f = 0; f < COUNT_OF(forms); f++) {
        for (size_t i = 0; i < count; i++) {
            const char *code = "MISSING";
            char expected[128];

            forms[f].fill(&s);
            if (need_of(&forms[f], &fields[i]) != 'M' ||
                (s.sheet.wanted_place == NULL && strncmp(fields[i].path, "wanted_place.", 13) == 0))
                continue;
            for (size_t j = 0; j < COUNT_OF(lacks); j++)
                code = strcmp(fields[i].path, lacks[j][0]) == 0 ? lacks[j][1] : code;
            clear(locate(&s, fields[i].path));
            snprintf(expected, sizeof expected, "%s %s", code, of_first(fields[i].path));
            missing++;
            /* Without direction or priority it is judged as another form too. */
            if (strcmp(fields[i].path, "direction") == 0 || strcmp(fields[i].path, "priority") == 0) {
                check(&s);
                cr_expect(holds(&s.findings, REFUSED_MISSING, fields[i].path), "%s: %s", forms[f].name, fields[i].path);
            } else {
                cr_expect_str_eq(check(&s), expected, "%s: %s: %s", forms[f].name, fields[i].path, check(&s));
            }
        }
    }
    cr_assert(missing > 50, "only %zu", missing);
}

Test(sheet, f_each_text_is_refused_when_blank_or_too_long)
{
    struct sample s;
    size_t count;
    const struct sheet_field *fields = sheet_fields(&count);

    for (size_t i = 0; i < count; i++) {
        if (fields[i].max_chars == 0)
            continue;
        fill_up(&s);
        set_text(locate(&s, fields[i].path), " \u3000\n");
        check(&s);
        cr_expect(holds(&s.findings, REFUSED_BLANK, of_first(fields[i].path)), "%s blank: %s", fields[i].path,
                  check(&s));

        char *longest = characters("中", fields[i].max_chars), *too_long = characters("中", fields[i].max_chars + 1);
        char *too_long_ascii = characters("a", fields[i].max_chars + 1);

        fill_up(&s);
        set_text(locate(&s, fields[i].path), longest);
        check(&s);
        cr_expect(!holds(&s.findings, REFUSED_TOO_LONG, of_first(fields[i].path)), "%s longest", fields[i].path);
        set_text(locate(&s, fields[i].path), too_long);
        check(&s);
        cr_expect(holds(&s.findings, REFUSED_TOO_LONG, of_first(fields[i].path)), "%s too long: %s", fields[i].path,
                  check(&s));
        set_text(locate(&s, fields[i].path), too_long_ascii);
        check(&s);
        cr_expect(holds(&s.findings, REFUSED_TOO_LONG, of_first(fields[i].path)), "%s too long: %s", fields[i].path,
                  check(&s));
        free(longest);
        free(too_long);
        free(too_long_ascii);
    }
}

Test(sheet, f1_a_down_referral_without_findings_or_plan_is_refused_in_both_languages)
{
    struct sample s;

    fill_down(&s);
    s.sheet.hospital_findings = NULL;
    s.sheet.further_plan = (char *)" ";
    cr_assert_str_eq(check(&s), "NOT_DOWN_WITHOUT_FINDINGS hospital_findings, NOT_DOWN_WITHOUT_PLAN further_plan");
    cr_assert_str_eq(refusal_rule(s.findings.list[0].refusal), "F1");
    cr_assert_str_eq(s.findings.list[1].name_zh, "后续治疗方案及康复建议");
    cr_assert_str_eq(s.findings.list[1].name_en, "further plan");
}

Test(sheet, f1_nothing_is_no_plan)
{
    struct sample s;

    fill_down(&s);
    s.sheet.further_plan = (char *)"无。";
    cr_assert_str_eq(check(&s), "NOT_DOWN_WITHOUT_PLAN further_plan");
    s.sheet.further_plan = (char *)"无需用药";
    cr_assert_str_eq(check(&s), "");
}

Test(sheet, f1_an_emergency_on_the_way_down_is_no_way_around)
{
    struct sample s;

    fill_bare_emergency(&s);
    SET(s.sheet, direction, REFERRAL__DIRECTION__DOWN);
    cr_assert_str_eq(check(&s), "NOT_DOWN_WITHOUT_FINDINGS hospital_findings, NOT_DOWN_WITHOUT_PLAN further_plan");
}

Test(sheet, f2_an_empty_sheet_lacks_every_mandatory_field_of_the_up_sheet)
{
    struct sample s;
    size_t count;
    const struct sheet_field *fields = sheet_fields(&count);

    memset(&s, 0, sizeof s);
    referral__sheet__init(&s.sheet);
    check(&s);
    for (size_t i = 0; i < count; i++) {
        if (fields[i].need_up != 'M' || strchr(fields[i].path, '[') != NULL ||
            strncmp(fields[i].path, "wanted_place.", 13) == 0)
            continue;
        cr_expect(holds(&s.findings, strcmp(fields[i].path, "consent") == 0 ? REFUSED_NO_CONSENT : REFUSED_MISSING,
                        fields[i].path),
                  "%s", fields[i].path);
    }
    cr_expect(holds(&s.findings, REFUSED_MISSING, "patient.birth_date"));
    cr_expect(holds(&s.findings, REFUSED_MISSING, "patient.id_value"));
    cr_expect(!holds(&s.findings, REFUSED_MISSING, "diagnoses[0].text"), "that is for an emergency");
}

Test(sheet, f2_the_worst_sheet_there_can_be_is_answered_within_bounds)
{
    struct sample s;

    fill_up(&s);
    s.diagnosis.icd10 = (char *)"";
    s.diagnosis.text = (char *)"";
    s.vital.unit = (char *)"";
    s.vital.value_milli = INT64_MIN;
    for (size_t i = 0; i < 64; i++) {
        s.diagnoses[i] = &s.diagnosis;
        s.vitals[i] = &s.vital;
    }
    s.sheet.n_diagnoses = s.sheet.n_vitals = 64;
    check(&s);
    cr_assert_eq(s.findings.count, FINDINGS_MAX);
}

Test(sheet, f2_elements_are_named_by_their_index)
{
    struct sample s;
    Referral__Diagnosis coded;

    fill_up(&s);
    referral__diagnosis__init(&coded);
    coded.icd10 = (char *)"E11.9";
    for (size_t i = 0; i < 64; i++)
        s.diagnoses[i] = &coded;
    s.sheet.n_diagnoses = 64;
    cr_assert_str_eq(check(&s), "");
    s.diagnosis.icd10 = (char *)"高血压";
    s.diagnoses[7] = s.diagnoses[63] = &s.diagnosis;
    cr_assert_str_eq(check(&s), "BAD_ICD10 diagnoses[7].icd10, BAD_ICD10 diagnoses[63].icd10");
    s.diagnosis.icd10 = s.diagnosis.text = NULL;
    cr_assert_str_eq(check(&s), "MISSING diagnoses[7].text, MISSING diagnoses[63].text");
    s.diagnoses[0] = &s.diagnosis;
    s.sheet.n_diagnoses = 1;
    cr_assert_str_eq(check(&s), "MISSING diagnoses[0].text");
}

/* One field spoilt in one way, and what comes of it. */
struct case_of_text {
    const char *path, *text, *expected;
};

static void run(void (*fill)(struct sample *s), const struct case_of_text *cases, size_t count)
{
    struct sample s;

    for (size_t i = 0; i < count; i++) {
        fill(&s);
        set_text(locate(&s, cases[i].path), cases[i].text);
        cr_expect_str_eq(check(&s), cases[i].expected, "%s \"%s\": %s", cases[i].path, cases[i].text, check(&s));
    }
}

Test(sheet, f_forms_of_single_fields)
{
    static const struct case_of_text cases[] = {
        {"sender", "T 07", "BAD_ID sender"},
        {"receiver", "H1/x", "BAD_ID receiver"},
        {"doctor.phone", "029", "BAD_PHONE doctor.phone"},
        {"doctor.phone", "123456", "BAD_PHONE doctor.phone"},
        {"doctor.phone", "1234567", ""},
        {"doctor.phone", "+86 (22) 2900-1234", ""},
        {"doctor.phone", "1234567890123456", "BAD_PHONE doctor.phone"},
        {"doctor.phone", "138+0000111", "BAD_PHONE doctor.phone"},
        {"doctor.phone", "13800001111转2", "BAD_PHONE doctor.phone"},
        {"patient.phone", "电话 123456789", "BAD_PHONE patient.phone"},
        {"patient.birth_date", "1962-02-30", "BAD_DATE patient.birth_date"},
        {"patient.birth_date", "1962-5-8", "BAD_DATE patient.birth_date"},
        {"patient.birth_date", "1962-05-09", "BIRTH_DISAGREES patient.birth_date"},
        {"patient.birth_date", "2026-11-22", "IN_FUTURE patient.birth_date, BIRTH_DISAGREES patient.birth_date"},
        {"patient.birth_date", "1862-05-08", "OUT_OF_RANGE patient.birth_date, BIRTH_DISAGREES patient.birth_date"},
        {"patient.id_value", "120224196205083221", "BAD_CHECK_DIGIT patient.id_value"},
        {"patient.id_value", "120224196205083214", "SEX_DISAGREES patient.sex"},
        {"patient.id_value", "12022419620508322", "BAD_ID_NUMBER patient.id_value"},
        {"wanted_place.earliest_date", "2026-11-28", "BAD_ORDER wanted_place.latest_date"},
        {"wanted_place.latest_date", "2026-11-23", ""},
        {"wanted_place.latest_date", "soon", "BAD_DATE wanted_place.latest_date"},
        {"wanted_place.earliest_date", "soon", "BAD_DATE wanted_place.earliest_date"},
        {"diagnoses[].icd10", "I1O", "BAD_ICD10 diagnoses[0].icd10"},
        {"present_history", "头晕三天", "TOO_SHORT present_history"},
        {"present_history", "头晕三天了", ""},
        {"present_history", "无", "NOT_MEANINGFUL present_history"},
        {"present_history", " 无,无。\n", "NOT_MEANINGFUL present_history"},
        {"past_history", "无", ""},
        {"attachments[].media_type", "pdf", "BAD_ATTACHMENT attachments[0].media_type"},
        {"attachments[].media_type", "/pdf", "BAD_ATTACHMENT attachments[0].media_type"},
        {"attachments[].media_type", "a/b", ""},
        {"attachments[].media_type", "image/", "BAD_ATTACHMENT attachments[0].media_type"},
        {"attachments[].media_type", "image/png; q=1", "BAD_ATTACHMENT attachments[0].media_type"},
        {"attachments[].media_type", "application/dicom+json", ""},
        {"vitals[].unit", "kPa", "BAD_UNIT vitals[0].unit"},
        {"journey_id", "", "BLANK journey_id"},
        {"sender_reference", "2026-0001", ""},
    };

    run(fill_up, cases, COUNT_OF(cases));
}

static bool is_alnum(char c)
{
    return strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", c) != NULL;
}

Test(sheet, f_a_media_type_is_two_words_of_these_characters)
{
    for (char c = '!'; c < 127; c++) {
        for (size_t at = 0; at < 5; at++) {
            char type[] = "aa/bb";
            bool good = is_alnum(c) || (at % 3 == 1 && strchr(".+-_", c) != NULL);
            struct sample s;

            type[at] = c;
            fill_up(&s);
            s.attachment.media_type = type;
            cr_expect_str_eq(check(&s), (at == 2 ? c == '/' : good) ? "" : "BAD_ATTACHMENT attachments[0].media_type",
                             "%s", type);
        }
    }
}

Test(sheet, f2_the_second_vital_sign_and_the_second_attachment_are_judged_too)
{
    struct sample s;
    Referral__Vital vital;
    Referral__Attachment attachment;

    fill_up(&s);
    vital = s.vital;
    vital.unit = (char *)"furlong";
    s.vitals[1] = &vital;
    s.sheet.n_vitals = 2;
    attachment = s.attachment;
    attachment.size_bytes = 6;
    s.attachments[1] = &attachment;
    s.sheet.n_attachments = 2;
    cr_assert_str_eq(check(&s), "BAD_UNIT vitals[1].unit, BAD_ATTACHMENT attachments[1].size_bytes");
}

Test(sheet, f_age_in_place_of_a_birth_date)
{
    struct sample s;

    fill_up(&s);
    s.patient.birth_date = NULL;
    cr_assert_str_eq(check(&s), "MISSING patient.birth_date");
    SET(s.patient, age_years, 64);
    cr_assert_str_eq(check(&s), "");
    s.patient.age_years = 65; /* as many people count */
    cr_assert_str_eq(check(&s), "");
    s.patient.age_years = 66;
    cr_assert_str_eq(check(&s), "BIRTH_DISAGREES patient.age_years");
    s.patient.age_years = 62;
    cr_assert_str_eq(check(&s), "BIRTH_DISAGREES patient.age_years");
    s.patient.age_years = 150;
    cr_assert_str_eq(check(&s), "BIRTH_DISAGREES patient.age_years");
    s.patient.age_years = 151;
    cr_assert_str_eq(check(&s), "OUT_OF_RANGE patient.age_years");
    s.patient.age_years = UINT32_MAX;
    cr_assert_str_eq(check(&s), "OUT_OF_RANGE patient.age_years");
}

Test(sheet, f_age_and_birth_date_agree)
{
    struct sample s;

    fill_up(&s);
    SET(s.patient, age_years, 64);
    cr_assert_str_eq(check(&s), "");
    s.patient.age_years = 63; /* on the day before the birthday, by another clock */
    cr_assert_str_eq(check(&s), "");
    s.patient.age_years = 65;
    cr_assert_str_eq(check(&s), "");
    s.patient.age_years = 62;
    cr_assert_str_eq(check(&s), "BAD_VALUE patient.age_years");
    s.patient.age_years = 66;
    cr_assert_str_eq(check(&s), "BAD_VALUE patient.age_years");
    s.patient.age_years = 151;
    cr_assert_str_eq(check(&s), "OUT_OF_RANGE patient.age_years, BAD_VALUE patient.age_years");
}

Test(sheet, f_somebody_may_have_been_born_today)
{
    struct sample s;

    fill_up(&s);
    s.patient.has_id_type = 0;
    s.patient.id_value = NULL;
    s.patient.no_id_reason = (char *)"新生儿";
    s.patient.birth_date = (char *)"2026-11-21";
    cr_assert_str_eq(check(&s), "");
    s.patient.birth_date = (char *)"2026-11-22";
    cr_assert_str_eq(check(&s), "IN_FUTURE patient.birth_date");
}

Test(sheet, f_somebody_of_150_is_the_oldest_there_is)
{
    struct sample s;

    fill_up(&s);
    s.patient.has_id_type = 0;
    s.patient.id_value = NULL;
    s.patient.no_id_reason = (char *)"没有证件";
    s.patient.birth_date = (char *)"1876-11-21";
    SET(s.patient, age_years, 150);
    cr_assert_str_eq(check(&s), "");
    s.patient.birth_date = (char *)"1875-11-22";
    cr_assert_str_eq(check(&s), "");
    s.patient.birth_date = (char *)"1875-11-21";
    cr_assert_str_eq(check(&s), "OUT_OF_RANGE patient.birth_date");
}

Test(sheet, f_an_id_is_type_and_value_or_the_reason_for_having_none)
{
    struct sample s;

    fill_up(&s);
    s.patient.id_value = NULL;
    cr_assert_str_eq(check(&s), "MISSING patient.id_value");
    s.patient.has_id_type = 0;
    cr_assert_str_eq(check(&s), "MISSING patient.id_value");
    s.patient.no_id_reason = (char *)"无";
    cr_assert_str_eq(check(&s), "TOO_SHORT patient.no_id_reason");
    s.patient.no_id_reason = (char *)" ";
    cr_assert_str_eq(check(&s), "BLANK patient.no_id_reason");
    s.patient.no_id_reason = (char *)"遗失";
    cr_assert_str_eq(check(&s), "");
    s.patient.id_value = (char *)"120224196205083222";
    cr_assert_str_eq(check(&s), "MISSING patient.id_type");
    SET(s.patient, id_type, REFERRAL__ID_TYPE__PASSPORT);
    s.patient.id_value = (char *)"E12345678";
    cr_assert_str_eq(check(&s), "");
    s.patient.id_value = (char *)"E 1";
    cr_assert_str_eq(check(&s), "BAD_ID_NUMBER patient.id_value");
}

Test(sheet, f5_an_emergency_needs_only_the_essentials)
{
    struct sample s;

    fill_bare_emergency(&s);
    cr_assert_str_eq(check(&s), "");
    SET(s.sheet, consent, REFERRAL__CONSENT__EMERGENCY_EXCEPTION);
    cr_assert_str_eq(check(&s), "");
}

Test(sheet, f5_one_line_of_impression_stands_in_either_field)
{
    struct sample s;

    fill_bare_emergency(&s);
    s.sheet.n_diagnoses = 0;
    cr_assert_str_eq(check(&s), "MISSING diagnoses[0].text");
    cr_assert_str_eq(s.findings.list[0].rule, "F5");
    s.sheet.present_history = (char *)"胸痛";
    cr_assert_str_eq(check(&s), "");
    s.sheet.present_history = (char *)"无";
    cr_assert_str_eq(check(&s), "MISSING diagnoses[0].text");
}

Test(sheet, f5_what_an_emergency_does_carry_is_still_checked)
{
    struct sample s;

    fill_bare_emergency(&s);
    SET(s.patient, id_type, REFERRAL__ID_TYPE__RESIDENT_ID);
    s.patient.id_value = (char *)"120224196205083221";
    s.patient.phone = (char *)"1";
    cr_assert_str_eq(check(&s), "BAD_PHONE patient.phone, BAD_CHECK_DIGIT patient.id_value");
}

Test(sheet, f5_without_an_age_an_emergency_says_that_it_is_unknown)
{
    struct sample s;

    fill_bare_emergency(&s);
    s.patient.age_unknown = 0;
    cr_assert_str_eq(check(&s), "MISSING patient.birth_date");
    SET(s.patient, age_years, 60);
    cr_assert_str_eq(check(&s), "");
    s.sheet.patient = NULL;
    cr_assert_str_eq(check(&s), "MISSING patient.sex, MISSING patient.birth_date");
}

Test(sheet, f5_what_is_for_emergencies_only_is_refused_elsewhere)
{
    struct sample s;

    for (size_t i = 0; i < 2; i++) {
        forms[i].fill(&s);
        SET(s.sheet, emergency_category, REFERRAL__EMERGENCY_CATEGORY__STROKE);
        s.sheet.consent = REFERRAL__CONSENT__EMERGENCY_EXCEPTION;
        s.patient.sex = REFERRAL__SEX__SEX_UNKNOWN;
        SET(s.patient, age_unknown, 1);
        cr_expect_str_eq(check(&s),
                         "EMERGENCY_ONLY emergency_category, EMERGENCY_ONLY consent, EMERGENCY_ONLY patient.sex, "
                         "EMERGENCY_ONLY patient.age_unknown");
        s.patient.age_unknown = 0; /* said, but not so */
        cr_expect_str_eq(check(&s),
                         "EMERGENCY_ONLY emergency_category, EMERGENCY_ONLY consent, EMERGENCY_ONLY patient.sex");
    }
}

Test(sheet, f_an_external_parent_is_named)
{
    struct sample s;

    fill_up(&s);
    SET(s.sheet, parent_is_external, 1);
    cr_assert_str_eq(check(&s), "MISSING parent_referral_id");
    s.sheet.parent_referral_id = (char *)"2026-77";
    cr_assert_str_eq(check(&s), "");
    s.sheet.parent_is_external = 0;
    s.sheet.parent_referral_id = NULL;
    cr_assert_str_eq(check(&s), "");
}

Test(sheet, t6_a_place_on_the_way_up_is_wanted_by_a_team)
{
    struct sample s;

    fill_up(&s);
    s.sheet.team_id = NULL;
    cr_assert_str_eq(check(&s), "MISSING team_id");
    SET(s.place, channel, REFERRAL__CHANNEL__FAMILY_DOCTOR);
    cr_assert_str_eq(check(&s), "MISSING team_id");
    SET(s.place, channel, REFERRAL__CHANNEL__GENERAL);
    cr_assert_str_eq(check(&s), "", "Q5: nothing of the reserve is wanted");
    s.place.has_channel = false;
    s.sheet.direction = REFERRAL__DIRECTION__LATERAL; /* T3: never the reserve, so no team */
    cr_assert_str_eq(check(&s), "");
    s.sheet.direction = REFERRAL__DIRECTION__UP;
    s.sheet.wanted_place = NULL;
    cr_assert_str_eq(check(&s), "");
}

Test(sheet, f_the_days_of_a_wanted_place_are_compared_where_both_are_named)
{
    struct sample s;

    fill_up(&s);
    s.place.earliest_date = NULL;
    cr_assert_str_eq(check(&s), "");
    fill_up(&s);
    s.place.latest_date = NULL;
    cr_assert_str_eq(check(&s), "");
}

Test(sheet, l5_a_down_referral_wants_no_place)
{
    struct sample s;

    fill_up(&s);

    Referral__WantedPlace place = s.place;

    fill_down(&s);
    s.sheet.wanted_place = &place;
    cr_assert_str_eq(check(&s), "DOWN_NEVER_BOOKED wanted_place");
}

Test(sheet, f_main_results_on_the_way_down_are_a_text_or_an_attachment)
{
    struct sample s;

    fill_down(&s);
    s.sheet.main_results = NULL;
    cr_assert_str_eq(check(&s), "");
    s.sheet.n_attachments = 0;
    cr_assert_str_eq(check(&s), "MISSING main_results");
}

Test(sheet, t3_lateral_uses_the_up_sheet)
{
    struct sample s;

    fill_up(&s);
    s.sheet.direction = REFERRAL__DIRECTION__LATERAL;
    cr_assert_eq(sheet_form_of(&s.sheet), SHEET_UP);
    s.sheet.past_history = NULL;
    cr_assert_str_eq(check(&s), "MISSING past_history");
    s.sheet.direction = REFERRAL__DIRECTION__DOWN;
    cr_assert_eq(sheet_form_of(&s.sheet), SHEET_DOWN);
    s.sheet.priority = REFERRAL__PRIORITY__EMERGENCY;
    cr_assert_eq(sheet_form_of(&s.sheet), SHEET_EMERGENCY);
}

Test(sheet, f_vital_signs_have_their_unit_and_their_range)
{
    static const struct {
        Referral__VitalItem item;
        const char *unit;
        int64_t low, high; /* the outermost that pass */
    } rows[] = {
        {REFERRAL__VITAL_ITEM__TEMPERATURE, "degC", 20000, 45000},
        {REFERRAL__VITAL_ITEM__PULSE, "/min", 0, 300000},
        {REFERRAL__VITAL_ITEM__RESPIRATION, "/min", 0, 120000},
        {REFERRAL__VITAL_ITEM__SYSTOLIC, "mmHg", 0, 320000},
        {REFERRAL__VITAL_ITEM__DIASTOLIC, "mmHg", 0, 220000},
        {REFERRAL__VITAL_ITEM__OXYGEN_SATURATION, "%", 0, 100000},
        {REFERRAL__VITAL_ITEM__GLUCOSE, "mmol/L", 100, 100000},
        {REFERRAL__VITAL_ITEM__HEIGHT, "cm", 20000, 260000},
        {REFERRAL__VITAL_ITEM__WEIGHT, "kg", 200, 500000},
        {REFERRAL__VITAL_ITEM__BODY_MASS_INDEX, "kg/m2", 5000, 150000},
        {REFERRAL__VITAL_ITEM__WAIST, "cm", 20000, 300000},
        {REFERRAL__VITAL_ITEM__CHOLESTEROL, "mmol/L", 100, 50000},
        {REFERRAL__VITAL_ITEM__URIC_ACID, "umol/L", 1000, 3000000},
    };
    struct sample s;

    cr_assert_eq(COUNT_OF(rows), referral__vital_item__descriptor.n_values);
    fill_up(&s);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        s.vital.item = rows[i].item;
        s.vital.unit = (char *)rows[i].unit;
        s.vital.value_milli = rows[i].low;
        cr_expect_str_eq(check(&s), "", "%zu low", i);
        s.vital.value_milli = rows[i].high;
        cr_expect_str_eq(check(&s), "", "%zu high", i);
        s.vital.value_milli = rows[i].low - 1;
        cr_expect_str_eq(check(&s), "OUT_OF_RANGE vitals[0].value_milli", "%zu below", i);
        s.vital.value_milli = rows[i].high + 1;
        cr_expect_str_eq(check(&s), "OUT_OF_RANGE vitals[0].value_milli", "%zu above", i);
        s.vital.unit = (char *)"furlong";
        cr_expect_str_eq(check(&s), "BAD_UNIT vitals[0].unit, OUT_OF_RANGE vitals[0].value_milli", "%zu unit", i);
    }
}

Test(sheet, f_a_vital_sign_without_its_item_is_judged_by_nothing_else)
{
    struct sample s;

    fill_up(&s);
    s.vital.has_item = 0;
    s.vital.unit = (char *)"furlong";
    s.vital.value_milli = INT64_MAX;
    cr_assert_str_eq(check(&s), "MISSING vitals[0].item");
}

Test(sheet, f_attachments_agree_with_their_size_and_hash)
{
    struct sample s;

    fill_up(&s);
    s.attachment.size_bytes = 6;
    cr_assert_str_eq(check(&s), "BAD_ATTACHMENT attachments[0].size_bytes");
    s.attachment.has_content = 0;
    cr_assert_str_eq(check(&s), "MISSING attachments[0].reference");
    s.attachment.reference = (char *)"pacs:2026/1121";
    cr_assert_str_eq(check(&s), "");
    s.attachment.sha256.len = 31;
    cr_assert_str_eq(check(&s), "BAD_ATTACHMENT attachments[0].sha256");
    s.attachment.sha256.len = 32;
    s.attachment.size_bytes = 0;
    cr_assert_str_eq(check(&s), "BAD_ATTACHMENT attachments[0].size_bytes");
}

Test(sheet, f4_any_diagnosis_of_the_list_makes_it_eligible_for_down_referral)
{
    struct sample s;
    Referral__Diagnosis other;

    fill_up(&s);
    cr_assert(sheet_is_eligible_for_down(&s.sheet, "I10-I15 J44"));
    cr_assert(!sheet_is_eligible_for_down(&s.sheet, "J44"));
    cr_assert(!sheet_is_eligible_for_down(&s.sheet, ""));
    referral__diagnosis__init(&other);
    other.text = (char *)"慢阻肺";
    s.diagnoses[0] = &other;
    s.diagnoses[1] = &s.diagnosis;
    s.sheet.n_diagnoses = 2;
    cr_assert(sheet_is_eligible_for_down(&s.sheet, "I10"));
    s.sheet.n_diagnoses = 1;
    cr_assert(!sheet_is_eligible_for_down(&s.sheet, "I10"));
}

/* P1: whatever the values are, no finding repeats one. */
Test(sheet, p1_findings_never_quote_a_value)
{
    static const char secret[] = "S3CRET\xc2\xa0VALUE";
    struct sample s;
    size_t count;
    const struct sheet_field *fields = sheet_fields(&count);

    for (size_t i = 0; i < count; i++) {
        if (fields[i].max_chars == 0)
            continue;
        fill_up(&s);
        set_text(locate(&s, fields[i].path), secret);
        cr_assert_null(strstr(check(&s), "S3CRET"), "%s", fields[i].path);
    }
}
