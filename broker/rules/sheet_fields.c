/* sheet_fields.c - the table of fields, and the checks that are the same for all of them: presence, length, form. */
#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "rules/identity.h"
#include "rules/sheet_check.h"

/* From OWNER_DIAGNOSIS on: elements of lists. */
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

/* Writes `index` (of a repeated field: below LIMIT_REPEATED) between the brackets, if there are any. */
static void write_path(char out[FIELD_PATH_SIZE], const char *path, size_t index)
{
    assert(index < 100 && strlen(path) + 2 < FIELD_PATH_SIZE);
    for (; *path != '\0'; path++) {
        *out++ = *path;
        if (*path != '[')
            continue;
        if (index >= 10)
            *out++ = (char)('0' + index / 10);
        *out++ = (char)('0' + index % 10);
    }
    *out = '\0';
}

void sheet_refuse_at(const struct sheet_check *check, enum refusal refusal, const char *path, size_t index)
{
    const struct sheet_field *field = sheet_field(path);
    const char *rule = check->form == SHEET_EMERGENCY && refusal == REFUSED_MISSING ? "F5" : NULL;
    char written[FIELD_PATH_SIZE];

    assert(field != NULL);
    write_path(written, path, index);
    findings_add_named(check->findings, refusal, rule, written, field->name_zh, field->name_en);
}

void sheet_refuse(const struct sheet_check *check, enum refusal refusal, const char *path)
{
    sheet_refuse_at(check, refusal, path, 0);
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

/* Past one half of a media type: a letter or digit, then also . + - and _; where there is none, `text` itself. */
static const char *skip_token(const char *text)
{
    const char *at = text;

    while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
           (at > text && *at != '\0' && strchr(".+-_", *at) != NULL))
        at++;
    return at;
}

/* type/subtype, no parameters. */
static bool is_media_type(const char *text)
{
    const char *slash = skip_token(text);

    if (slash == text || *slash != '/')
        return false;

    const char *end = skip_token(slash + 1);

    return end > slash + 1 && *end == '\0';
}

/* What is wrong with the form of a text that is neither blank nor too long. */
static enum refusal check_form(enum shape shape, const char *text)
{
    struct date date;

    switch (shape) {
    case SHAPE_DATE:
        return date_parse(text, &date) ? REFUSED_NOT : REFUSED_BAD_DATE;
    case SHAPE_PHONE:
        return identity_is_phone(text) ? REFUSED_NOT : REFUSED_BAD_PHONE;
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

    /* A character has 1 to 4 bytes: mostly the size alone tells that there are neither too many nor too few. */
    size_t size = strlen(text);

    if (size > field->max_chars && text_length(text) > field->max_chars)
        return REFUSED_TOO_LONG;
    if (mandatory && long_form && size < (size_t)field->min_chars * 4 && text_length(text) < field->min_chars)
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

/* The messages that the rows of one owner speak of. */
struct group {
    const void *const *messages;
    size_t count;
};

static void check_rows(const struct sheet_check *check, enum owner first)
{
    const Referral__Sheet *sheet = check->sheet;
    const void *const one[] = {sheet, sheet->doctor, sheet->wanted_place, sheet->patient};
    const struct group groups[] = {
        [OWNER_SHEET] = {&one[0], 1},
        [OWNER_DOCTOR] = {&one[1], 1},
        [OWNER_PLACE] = {&one[2], sheet->wanted_place != NULL}, /* what is not wanted has no mandatory fields */
        [OWNER_PATIENT] = {&one[3], 1},
        [OWNER_DIAGNOSIS] = {(const void *const *)sheet->diagnoses, sheet->n_diagnoses},
        [OWNER_VITAL] = {(const void *const *)sheet->vitals, sheet->n_vitals},
        [OWNER_ATTACHMENT] = {(const void *const *)sheet->attachments, sheet->n_attachments},
    };

    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct group *group = &groups[slots[i].owner];
        bool mandatory = is_mandatory(check, &fields[i], &slots[i]);

        for (size_t j = 0; slots[i].owner >= first && j < group->count; j++) {
            enum refusal refusal = check_slot(&fields[i], &slots[i], mandatory, group->messages[j]);

            if (refusal != REFUSED_NOT)
                sheet_refuse_at(check, refusal, fields[i].path, j);
        }
    }
}

void sheet_check_fields(const struct sheet_check *check)
{
    check_rows(check, OWNER_SHEET);
}

void sheet_check_elements(const struct sheet_check *check)
{
    check_rows(check, OWNER_DIAGNOSIS);
}
