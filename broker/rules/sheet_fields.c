/* sheet_fields.c - the table of fields, and the checks that are the same for all of them: presence, length, form. */
#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "rules/identity.h"
#include "rules/sheet_check.h"

enum owner { OWNER_SHEET, OWNER_DOCTOR, OWNER_PLACE, OWNER_PATIENT, OWNER_DIAGNOSIS, OWNER_VITAL, OWNER_ATTACHMENT };

/* From SHAPE_TEXT on: texts. */
enum shape {
    SHAPE_FLAG,
    SHAPE_LIST,
    SHAPE_MESSAGE,
    SHAPE_TEXT,
    SHAPE_STATEMENT,
    SHAPE_DATE,
    SHAPE_PHONE,
    SHAPE_INSTITUTION,
    SHAPE_ICD10,
    SHAPE_MEDIA_TYPE,
};

/* Where the row's field is found in the unpacked message. */
struct slot {
    enum owner owner;
    enum shape shape;
    size_t offset;
    enum refusal lack;
};

#define STRUCT_SHEET      Referral__Sheet
#define STRUCT_DOCTOR     Referral__Person
#define STRUCT_PLACE      Referral__WantedPlace
#define STRUCT_PATIENT    Referral__Patient
#define STRUCT_DIAGNOSIS  Referral__Diagnosis
#define STRUCT_VITAL      Referral__Vital
#define STRUCT_ATTACHMENT Referral__Attachment

static const struct sheet_field fields[] = {
#define X(path, owner, member, shape, up, down, emergency, lack, min, max, name_zh, name_en, note_zh, note_en)         \
    {path, up, down, emergency, min, max, name_zh, name_en, note_zh, note_en},
#include "rules/sheet_fields.def"
#undef X
};

static const struct slot slots[] = {
#define X(path, owner, member, shape, up, down, emergency, lack, min, max, name_zh, name_en, note_zh, note_en)         \
    {OWNER_##owner, SHAPE_##shape, offsetof(STRUCT_##owner, member), REFUSED_##lack},
#include "rules/sheet_fields.def"
#undef X
};

#define FIELD_COUNT (sizeof fields / sizeof *fields)

const struct sheet_field *sheet_fields(size_t *ret_count)
{
    *ret_count = FIELD_COUNT;
    return fields;
}

/* "diagnoses[3].text" is the row "diagnoses[].text". */
static bool is_path(const char *row, const char *path)
{
    while (*row != '\0' && *row == *path) {
        if (*row == '[')
            path += strspn(path + 1, "0123456789");
        row++;
        path++;
    }
    return *row == *path;
}

const struct sheet_field *sheet_field(const char *path)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (is_path(fields[i].path, path))
            return &fields[i];
    return NULL;
}

/* Writes `index` (below 1000) between the brackets, if there are any. */
static void write_path(char out[FIELD_PATH_SIZE], const char *path, size_t index)
{
    assert(index < 1000 && strlen(path) + 3 < FIELD_PATH_SIZE);
    for (; *path != '\0'; path++) {
        *out++ = *path;
        if (*path != '[')
            continue;
        if (index >= 100)
            *out++ = (char)('0' + index / 100);
        if (index >= 10)
            *out++ = (char)('0' + index / 10 % 10);
        *out++ = (char)('0' + index % 10);
    }
    *out = '\0';
}

void sheet_refuse(const struct sheet_check *check, enum refusal refusal, const char *path, size_t index)
{
    const struct sheet_field *field = sheet_field(path);
    const char *rule = check->form == SHEET_EMERGENCY && refusal == REFUSED_MISSING ? "F5" : NULL;
    char written[FIELD_PATH_SIZE];

    assert(field != NULL);
    write_path(written, path, index);
    findings_add_named(check->findings, refusal, rule, written, field->name_zh, field->name_en);
}

bool sheet_says_something(const char *text)
{
    static const char *const nothing[] = {"无", "。", "、", "\uff0c", ",", ".", " ", "\u3000", "\u00a0", "\t", "\n"};

    if (text == NULL)
        return false;
    while (*text != '\0') {
        size_t i = 0, count = sizeof nothing / sizeof *nothing;

        while (i < count && strncmp(text, nothing[i], strlen(nothing[i])) != 0)
            i++;
        if (i == count)
            return true;
        text += strlen(nothing[i]);
    }
    return false;
}

/* 7 to 15 digits, and what people write between them. */
static bool is_phone(const char *text)
{
    size_t digits = 0;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at >= '0' && *at <= '9')
            digits++;
        else if (strchr("- ()", *at) == NULL && !(*at == '+' && at == text))
            return false;
    }
    return digits >= 7 && digits <= 15;
}

/* type/subtype, each beginning with a letter or digit; no parameters. */
static bool is_media_type(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_";
    const char *slash = strchr(text, '/');

    return slash != NULL && strspn(text, first) > 0 && text + strspn(text, rest) == slash &&
           strspn(slash + 1, first) > 0 && slash[1 + strspn(slash + 1, rest)] == '\0';
}

/* What is wrong with the form of a text that is neither blank nor too long. */
static enum refusal check_form(enum shape shape, const char *text)
{
    struct date date;

    switch (shape) {
    case SHAPE_DATE:
        return date_parse(text, &date) ? REFUSED_NOT : REFUSED_BAD_DATE;
    case SHAPE_PHONE:
        return is_phone(text) ? REFUSED_NOT : REFUSED_BAD_PHONE;
    case SHAPE_INSTITUTION:
        return identity_is_institution_id(text) ? REFUSED_NOT : REFUSED_BAD_ID;
    case SHAPE_ICD10:
        return identity_is_icd10(text) ? REFUSED_NOT : REFUSED_BAD_ICD10;
    case SHAPE_MEDIA_TYPE:
        return is_media_type(text) ? REFUSED_NOT : REFUSED_BAD_ATTACHMENT;
    case SHAPE_FLAG:
    case SHAPE_LIST:
    case SHAPE_MESSAGE:
    case SHAPE_TEXT:
    case SHAPE_STATEMENT:
        break;
    }
    return REFUSED_NOT;
}

static enum refusal check_text(const struct sheet_field *field, const struct slot *slot, bool mandatory,
                               const char *text)
{
    /* F1: findings or a plan of nothing but blanks are as good as none. */
    bool other_lack = mandatory && slot->lack != REFUSED_MISSING;
    bool long_form = slot->shape == SHAPE_TEXT || slot->shape == SHAPE_STATEMENT;

    if (text_is_blank(text))
        return other_lack ? slot->lack : REFUSED_BLANK;
    if (mandatory && slot->shape == SHAPE_STATEMENT && !sheet_says_something(text))
        return other_lack ? slot->lack : REFUSED_NOT_MEANINGFUL;

    size_t length = text_length(text);

    if (length > field->max_chars)
        return REFUSED_TOO_LONG;
    if (mandatory && long_form && length < field->min_chars)
        return REFUSED_TOO_SHORT;
    return check_form(slot->shape, text);
}

static bool is_mandatory(const struct sheet_check *check, const struct sheet_field *field, const struct slot *slot)
{
    switch (check->form) {
    case SHEET_UP:
        return field->need_up == 'M';
    case SHEET_DOWN:
        return field->need_down == 'M';
    case SHEET_EMERGENCY:
        break;
    }
    /* F1 holds for an EMERGENCY on the way down too. */
    return field->need_emergency == 'M' ||
           ((slot->lack == REFUSED_NOT_DOWN_WITHOUT_FINDINGS || slot->lack == REFUSED_NOT_DOWN_WITHOUT_PLAN) &&
            check->sheet->has_direction && check->sheet->direction == REFERRAL__DIRECTION__DOWN);
}

/* REFUSED_NOT, or what is wrong with this field alone. */
static enum refusal check_slot(const struct sheet_field *field, const struct slot *slot, bool mandatory,
                               const char *message)
{
    enum refusal lack = mandatory ? slot->lack : REFUSED_NOT;
    protobuf_c_boolean flag;
    const char *pointer;
    size_t count;

    if (message == NULL)
        return lack;
    if (slot->shape == SHAPE_FLAG) {
        memcpy(&flag, message + slot->offset, sizeof flag);
        return flag ? REFUSED_NOT : lack;
    }
    if (slot->shape == SHAPE_LIST) {
        memcpy(&count, message + slot->offset, sizeof count);
        return count != 0 ? REFUSED_NOT : lack;
    }
    memcpy(&pointer, message + slot->offset, sizeof pointer);
    if (pointer == NULL)
        return lack;
    return slot->shape == SHAPE_MESSAGE ? REFUSED_NOT : check_text(field, slot, mandatory, pointer);
}

/* All rows of one message, which may be absent. */
static void check_message(const struct sheet_check *check, enum owner owner, const void *message, size_t index)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (slots[i].owner != owner)
            continue;

        bool mandatory = is_mandatory(check, &fields[i], &slots[i]);
        enum refusal refusal = check_slot(&fields[i], &slots[i], mandatory, message);

        if (refusal != REFUSED_NOT)
            sheet_refuse(check, refusal, fields[i].path, index);
    }
}

void sheet_check_fields(const struct sheet_check *check)
{
    const Referral__Sheet *sheet = check->sheet;

    check_message(check, OWNER_SHEET, sheet, 0);
    check_message(check, OWNER_DOCTOR, sheet->doctor, 0);
    check_message(check, OWNER_PATIENT, sheet->patient, 0);
    if (sheet->wanted_place != NULL)
        check_message(check, OWNER_PLACE, sheet->wanted_place, 0);
    for (size_t i = 0; i < sheet->n_diagnoses; i++)
        check_message(check, OWNER_DIAGNOSIS, sheet->diagnoses[i], i);
    for (size_t i = 0; i < sheet->n_vitals; i++)
        check_message(check, OWNER_VITAL, sheet->vitals[i], i);
    for (size_t i = 0; i < sheet->n_attachments; i++)
        check_message(check, OWNER_ATTACHMENT, sheet->attachments[i], i);
}
