/* sheets.c - see sheets.h. Every name, number and finding here is invented. */
#include "sheets.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A resident id with a valid check character (ISO 7064 MOD 11-2) for patient `number`, and the birth date in it. */
static void invent_resident_id(unsigned number, bool male, char ret_id[19], char ret_birth[11])
{
    static const int weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    unsigned year = 1945 + number % 40, month = 1 + number % 12, day = 1 + number % 28;
    unsigned sequence = (number * 2 + (male ? 1 : 0)) % 1000;
    snprintf(ret_birth, 11, "%04u-%02u-%02u", year % 10000, month % 100, day % 100);
    snprintf(ret_id, 19, "120224%04u%02u%02u%03u", year % 10000, month % 100, day % 100, sequence);
    int sum = 0;
    for (int i = 0; i < 17; i++)
        sum += (ret_id[i] - '0') * weights[i];
    ret_id[17] = "10X98765432"[sum % 11];
    ret_id[18] = '\0';
}

static void fill_up(Referral__Sheet *sheet)
{
    sheet->present_history = lend("活动后胸闷、气短 3 天,休息后可缓解,为进一步检查转上级医院。");
    sheet->past_history = lend("高血压病史 8 年");
    sheet->treatment = lend("口服硝苯地平控释片 30 mg 每日一次,吸氧。");
}

static void fill_down(Referral__Sheet *sheet, const struct sheet_plan *plan)
{
    sheet->treatment = lend("扩冠、抗血小板、降压治疗,症状缓解。");
    sheet->main_results = lend("心电图:窦性心律;冠脉 CTA:前降支轻度狭窄。");
    sheet->hospital_findings =
        plan->without_findings ? NULL : lend("住院 5 天,诊断明确,予药物治疗后胸闷消失,血压平稳。");
    sheet->further_plan =
        plan->without_plan ? NULL : lend("继续口服药物,每周测血压,一月后门诊复查,低盐饮食,适量步行。");
}

void sheet_fill(const struct sheet_plan *plan, struct sheet_bytes *ret_bytes)
{
    char id[19], birth[11], name[32], reference[32];
    bool male = plan->patient % 2 == 1;
    invent_resident_id(plan->patient, male, id, birth);
    snprintf(name, sizeof name, "演示患者%u", plan->patient);
    snprintf(reference, sizeof reference, "DEMO-%06u", plan->patient);

    Referral__Sheet sheet = REFERRAL__SHEET__INIT;
    Referral__Patient patient = REFERRAL__PATIENT__INIT;
    Referral__Person doctor = REFERRAL__PERSON__INIT;
    Referral__Diagnosis diagnosis = REFERRAL__DIAGNOSIS__INIT;
    Referral__Diagnosis *diagnoses[] = {&diagnosis};

    patient.name = name;
    patient.has_sex = true;
    patient.sex = male ? REFERRAL__SEX__MALE : REFERRAL__SEX__FEMALE;
    patient.birth_date = birth;
    patient.has_id_type = true;
    patient.id_type = REFERRAL__ID_TYPE__RESIDENT_ID;
    patient.id_value = id;
    patient.address = lend("天津市宝坻区演示路 1 号");
    patient.phone = lend("19900000000");
    doctor.name = lend("演示医生");
    doctor.phone = lend("022-29000000");
    diagnosis.icd10 = lend("I20.9");
    diagnosis.text = lend(plan->impression);

    sheet.sender_reference = reference;
    sheet.has_direction = sheet.has_kind = sheet.has_priority = sheet.has_consent = true;
    sheet.direction = plan->direction;
    sheet.kind = plan->direction == REFERRAL__DIRECTION__DOWN ? REFERRAL__REFERRAL_KIND__FOLLOW_UP
                                                              : REFERRAL__REFERRAL_KIND__OUTPATIENT;
    sheet.priority = plan->priority;
    sheet.has_emergency_category = plan->priority == REFERRAL__PRIORITY__EMERGENCY;
    sheet.emergency_category = plan->category;
    sheet.sender = lend(plan->sender);
    sheet.receiver = lend(plan->receiver);
    sheet.department = lend(plan->department);
    sheet.team_id = lend(plan->team_id);
    sheet.parent_referral_id = lend(plan->parent_referral_id);
    sheet.doctor = &doctor;
    sheet.patient = &patient;
    sheet.record_number = lend("BD000001");
    sheet.n_diagnoses = 1;
    sheet.diagnoses = diagnoses;
    sheet.consent = REFERRAL__CONSENT__GIVEN;
    if (plan->direction == REFERRAL__DIRECTION__DOWN)
        fill_down(&sheet, plan);
    else
        fill_up(&sheet);
    assert(referral__sheet__get_packed_size(&sheet) <= sizeof ret_bytes->data);
    ret_bytes->size = referral__sheet__pack(&sheet, ret_bytes->data);
}
