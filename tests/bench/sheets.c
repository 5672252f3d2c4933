/* sheets.c - see sheets.h. Every name, number and finding here is invented. */
#include "sheets.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define REFERENCE        "B-00-00-0000000000" /* sender, receiver, number */
#define REFERENCE_SIZE   (sizeof REFERENCE - 1)
#define SENDER_DIGITS    2
#define RECEIVER_DIGITS  5
#define NUMBER_DIGITS    8
#define NUMBER_WIDTH     10
#define PATIENT          "测试患者0000000000"
#define PATIENT_DIGITS   (sizeof "测试患者" - 1)
#define RESIDENT_ID      "120224190001010010"
#define RESIDENT_ID_SIZE (sizeof RESIDENT_ID - 1)
#define BIRTH_DATE       "1900-01-01"

static char *lend(const char *text) /* generated structures take char * even for what is only packed */
{
    return (char *)(uintptr_t)text;
}

void sheet_sender_id(char ret_id[PARTY_ID_SIZE], unsigned sender)
{
    snprintf(ret_id, PARTY_ID_SIZE, "BS%02u", sender % 100);
}

void sheet_receiver_id(char ret_id[PARTY_ID_SIZE], unsigned receiver)
{
    snprintf(ret_id, PARTY_ID_SIZE, "BR%02u", receiver % 100);
}

static void put_digits(uint8_t *to, size_t width, uint32_t number)
{
    while (width > 0) {
        to[--width] = (uint8_t)('0' + number % 10);
        number /= 10;
    }
}

static uint32_t get_digits(const uint8_t *from, size_t width)
{
    uint32_t number = 0;
    for (size_t i = 0; i < width; i++)
        number = number * 10 + (uint32_t)(from[i] - '0');
    return number;
}

static size_t place_of(const struct sheet_form *form, const char *text)
{
    const uint8_t *at = memmem(form->bytes, form->size, text, strlen(text));
    assert(at != NULL);
    return (size_t)(at - form->bytes);
}

static void fill_patient(Referral__Patient *patient)
{
    patient->name = lend(PATIENT);
    patient->has_sex = patient->has_id_type = true;
    patient->sex = REFERRAL__SEX__MALE;
    patient->birth_date = lend(BIRTH_DATE);
    patient->id_type = REFERRAL__ID_TYPE__RESIDENT_ID;
    patient->id_value = lend(RESIDENT_ID);
    patient->address = lend("天津市宝坻区大口屯镇测试路 18 号院 3 号楼 2 单元 501 室");
    patient->phone = lend("19912345678");
}

static void fill_findings(Referral__Sheet *sheet)
{
    sheet->present_history =
        lend("患者 3 天前于活动后出现胸闷、气短,位于心前区,呈压榨样,持续约 5 分钟,休息后可缓解,无放射痛,无恶心"
             "呕吐,无意识丧失。近 1 天发作较前频繁,夜间亦有发作,含服硝酸甘油后约 2 分钟缓解。为进一步明确诊断及"
             "治疗转上级医院。");
    sheet->past_history = lend("高血压病史 8 年,最高 170/100 mmHg,规律服药;否认糖尿病、冠心病史;否认药物过敏史。");
    sheet->treatment = lend("休息、吸氧,口服阿司匹林 100 mg、硝苯地平控释片 30 mg 每日一次,监测血压与心电图。");
    sheet->main_results = lend("心电图:窦性心律,V4–V6 导联 ST 段压低 0.05 mV;血压 152/94 mmHg;血糖 6.1 mmol/L。");
}

void sheet_form_make(struct sheet_form *ret_form, struct sheet_parties parties)
{
    char sender[PARTY_ID_SIZE], receiver[PARTY_ID_SIZE];
    Referral__Sheet sheet = REFERRAL__SHEET__INIT;
    Referral__Patient patient = REFERRAL__PATIENT__INIT;
    Referral__Person doctor = REFERRAL__PERSON__INIT;
    Referral__Diagnosis diagnosis = REFERRAL__DIAGNOSIS__INIT;
    Referral__Diagnosis *diagnoses[] = {&diagnosis};

    sheet_sender_id(sender, parties.sender);
    sheet_receiver_id(receiver, parties.receiver);
    fill_patient(&patient);
    doctor.name = lend("测试医生");
    doctor.phone = lend("022-29001111");
    diagnosis.icd10 = lend("I20.9");
    diagnosis.text = lend("心绞痛待查");

    sheet.sender_reference = lend(REFERENCE);
    sheet.has_direction = sheet.has_kind = sheet.has_priority = sheet.has_consent = true;
    sheet.direction = REFERRAL__DIRECTION__UP;
    sheet.kind = REFERRAL__REFERRAL_KIND__OUTPATIENT;
    sheet.priority = parties.lane;
    sheet.has_emergency_category = parties.lane == REFERRAL__PRIORITY__EMERGENCY;
    sheet.emergency_category = REFERRAL__EMERGENCY_CATEGORY__CHEST_PAIN;
    sheet.sender = sender;
    sheet.receiver = receiver;
    sheet.department = lend("NK");
    sheet.doctor = &doctor;
    sheet.team_id = lend(parties.team);
    sheet.patient = &patient;
    sheet.record_number = lend("DA-000001");
    sheet.n_diagnoses = 1;
    sheet.diagnoses = diagnoses;
    sheet.consent = REFERRAL__CONSENT__GIVEN;
    fill_findings(&sheet);

    assert(referral__sheet__get_packed_size(&sheet) <= sizeof ret_form->bytes);
    ret_form->size = referral__sheet__pack(&sheet, ret_form->bytes);
    ret_form->reference = place_of(ret_form, REFERENCE);
    ret_form->name = place_of(ret_form, PATIENT);
    ret_form->resident_id = place_of(ret_form, RESIDENT_ID);
    ret_form->birth_date = place_of(ret_form, BIRTH_DATE);
    put_digits(ret_form->bytes + ret_form->reference + SENDER_DIGITS, 2, parties.sender);
    put_digits(ret_form->bytes + ret_form->reference + RECEIVER_DIGITS, 2, parties.receiver);
}

/* ISO 7064 MOD 11-2, as the sheet's rule checks it. */
static uint8_t check_character(const uint8_t first_17[17])
{
    static const unsigned weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    unsigned sum = 0;
    for (size_t i = 0; i < 17; i++)
        sum += (unsigned)(first_17[i] - '0') * weights[i];
    return (uint8_t) "10X98765432"[sum % 11];
}

void sheet_fill(struct sheet_form *form, uint32_t number)
{
    uint32_t year = 1940 + number % 60, month = 1 + number / 60 % 12, day = 1 + number / 720 % 28;
    uint8_t *id = form->bytes + form->resident_id, *birth = form->bytes + form->birth_date;

    put_digits(form->bytes + form->reference + NUMBER_DIGITS, NUMBER_WIDTH, number);
    put_digits(form->bytes + form->name + PATIENT_DIGITS, NUMBER_WIDTH, number);
    put_digits(birth, 4, year);
    put_digits(birth + 5, 2, month);
    put_digits(birth + 8, 2, day);
    put_digits(id + 6, 8, year * 10000 + month * 100 + day);
    put_digits(id + 14, 3, (number / 20160 * 2 + 1) % 1000); /* odd: male */
    id[RESIDENT_ID_SIZE - 1] = check_character(id);
}

bool sheet_read(ProtobufCBinaryData sheet, struct sheet_origin *ret_origin)
{
    const uint8_t *reference = sheet.data + 2; /* tag and length */
    if (sheet.len < 2 + REFERENCE_SIZE || sheet.data[1] != REFERENCE_SIZE || memcmp(reference, "B-", 2) != 0)
        return false;
    ret_origin->sender = get_digits(reference + SENDER_DIGITS, 2);
    ret_origin->receiver = get_digits(reference + RECEIVER_DIGITS, 2);
    ret_origin->number = get_digits(reference + NUMBER_DIGITS, NUMBER_WIDTH);
    return true;
}
