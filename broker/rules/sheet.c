/* sheet.c - what the fields of a sheet say together: an id and a birth date, a place and its team, an emergency and its
 * patient. */
#include "rules/sheet.h"

#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "rules/identity.h"
#include "rules/sheet_check.h"

static bool is_emergency(const Referral__Sheet *sheet)
{
    return sheet->has_priority && sheet->priority == REFERRAL__PRIORITY__EMERGENCY;
}

static bool is_direction(const Referral__Sheet *sheet, Referral__Direction direction)
{
    return sheet->has_direction && sheet->direction == direction;
}

enum sheet_form sheet_form_of(const Referral__Sheet *sheet)
{
    if (is_emergency(sheet))
        return SHEET_EMERGENCY;
    return is_direction(sheet, REFERRAL__DIRECTION__DOWN) ? SHEET_DOWN : SHEET_UP;
}

/* What only an EMERGENCY may carry (F5). */
static void check_emergency_only(const struct sheet_check *check)
{
    const Referral__Sheet *sheet = check->sheet;
    const Referral__Patient *patient = sheet->patient;

    if (check->form == SHEET_EMERGENCY)
        return;
    if (sheet->has_emergency_category)
        sheet_refuse(check, REFUSED_EMERGENCY_ONLY, "emergency_category");
    if (sheet->has_consent && sheet->consent == REFERRAL__CONSENT__EMERGENCY_EXCEPTION)
        sheet_refuse(check, REFUSED_EMERGENCY_ONLY, "consent");
    if (patient != NULL && patient->has_sex && patient->sex == REFERRAL__SEX__SEX_UNKNOWN)
        sheet_refuse(check, REFUSED_EMERGENCY_ONLY, "patient.sex");
    if (patient != NULL && patient->has_age_unknown && patient->age_unknown)
        sheet_refuse(check, REFUSED_EMERGENCY_ONLY, "patient.age_unknown");
}

/* F5: one line of impression, in whichever field the caller put it. */
static void check_impression(const struct sheet_check *check)
{
    const Referral__Sheet *sheet = check->sheet;

    if (check->form == SHEET_EMERGENCY && sheet->n_diagnoses == 0 && !sheet_says_something(sheet->present_history))
        sheet_refuse_at(check, REFUSED_MISSING, "diagnoses[].text", 0);
}

static void check_parent(const struct sheet_check *check)
{
    const Referral__Sheet *sheet = check->sheet;

    if (sheet->has_parent_is_external && sheet->parent_is_external && sheet->parent_referral_id == NULL)
        sheet_refuse(check, REFUSED_MISSING, "parent_referral_id");
}

/* Q5: the channel is named; where none is, a place that is wanted is a reserved one. */
static bool wants_reserved(const Referral__WantedPlace *place)
{
    return !place->has_channel || place->channel == REFERRAL__CHANNEL__FAMILY_DOCTOR;
}

/* L5: a down-referral is never booked. T6: on the way up a reserved place is wanted by a family-doctor team. */
static void check_wanted_place(const struct sheet_check *check)
{
    const Referral__Sheet *sheet = check->sheet;
    const Referral__WantedPlace *place = sheet->wanted_place;
    struct date earliest, latest;

    if (place == NULL)
        return;
    if (is_direction(sheet, REFERRAL__DIRECTION__DOWN))
        sheet_refuse(check, REFUSED_DOWN_NEVER_BOOKED, "wanted_place");
    if (check->form == SHEET_UP && is_direction(sheet, REFERRAL__DIRECTION__UP) && wants_reserved(place) &&
        sheet->team_id == NULL)
        sheet_refuse(check, REFUSED_MISSING, "team_id");
    if (place->earliest_date == NULL || place->latest_date == NULL || !date_parse(place->earliest_date, &earliest) ||
        !date_parse(place->latest_date, &latest))
        return;
    if (date_to_days(latest) < date_to_days(earliest))
        sheet_refuse(check, REFUSED_BAD_ORDER, "wanted_place.latest_date");
}

/* Birth date or age; the age in whole years, where one year more is how many people count. */
static bool ages_agree(int age, uint32_t stated)
{
    return stated <= IDENTITY_AGE_MAX && (int)stated >= age - 1 && (int)stated <= age + 1;
}

static void check_birth(const struct sheet_check *check)
{
    const Referral__Patient *patient = check->sheet->patient;
    bool unknown = patient->has_age_unknown && patient->age_unknown;
    struct date birth;

    if (patient->birth_date == NULL && !patient->has_age_years && !unknown)
        sheet_refuse(check, REFUSED_MISSING, "patient.birth_date");
    if (patient->has_age_years && patient->age_years > IDENTITY_AGE_MAX)
        sheet_refuse(check, REFUSED_OUT_OF_RANGE, "patient.age_years");
    if (patient->birth_date == NULL || !date_parse(patient->birth_date, &birth))
        return;

    int age = identity_age(birth, check->today);

    if (date_to_days(birth) > date_to_days(check->today))
        sheet_refuse(check, REFUSED_IN_FUTURE, "patient.birth_date");
    else if (age > IDENTITY_AGE_MAX)
        sheet_refuse(check, REFUSED_OUT_OF_RANGE, "patient.birth_date");
    else if (patient->has_age_years && !ages_agree(age, patient->age_years))
        sheet_refuse(check, REFUSED_BAD_VALUE, "patient.age_years");
}

/* The resident id says when somebody was born and which sex; the sheet must not say otherwise. */
static void check_against_id(const struct sheet_check *check, const struct identity *identity)
{
    const Referral__Patient *patient = check->sheet->patient;
    struct date birth;

    if (patient->has_sex && patient->sex != REFERRAL__SEX__SEX_UNKNOWN && patient->sex != identity->sex)
        sheet_refuse(check, REFUSED_SEX_DISAGREES, "patient.sex");
    if (patient->birth_date != NULL) {
        if (date_parse(patient->birth_date, &birth) && date_to_days(birth) != date_to_days(identity->birth))
            sheet_refuse(check, REFUSED_BIRTH_DISAGREES, "patient.birth_date");
    } else if (patient->has_age_years && patient->age_years <= IDENTITY_AGE_MAX &&
               !ages_agree(identity_age(identity->birth, check->today), patient->age_years)) {
        sheet_refuse(check, REFUSED_BIRTH_DISAGREES, "patient.age_years");
    }
}

/* A reason as short as "无" is none. */
static void check_no_id(const struct sheet_check *check)
{
    const char *reason = check->sheet->patient->no_id_reason;

    if (reason == NULL)
        sheet_refuse(check, REFUSED_MISSING, "patient.id_value");
    else if (!text_is_blank(reason) && text_length(reason) < sheet_field("patient.no_id_reason")->min_chars)
        sheet_refuse(check, REFUSED_TOO_SHORT, "patient.no_id_reason");
}

/* An id is its type and its value, or else the reason for having none. */
static void check_id(const struct sheet_check *check)
{
    const Referral__Patient *patient = check->sheet->patient;
    struct identity identity;
    enum refusal refusal;

    if (patient->has_id_type != (patient->id_value != NULL))
        sheet_refuse(check, REFUSED_MISSING, patient->has_id_type ? "patient.id_value" : "patient.id_type");
    else if (!patient->has_id_type && check->form != SHEET_EMERGENCY)
        check_no_id(check);
    if (!patient->has_id_type || patient->id_value == NULL)
        return;
    if (patient->id_type == REFERRAL__ID_TYPE__RESIDENT_ID)
        refusal = identity_read_resident(patient->id_value, check->today, &identity);
    else
        refusal = identity_check(patient->id_type, patient->id_value, check->today);
    if (refusal != REFUSED_NOT)
        sheet_refuse(check, refusal, "patient.id_value");
    else if (patient->id_type == REFERRAL__ID_TYPE__RESIDENT_ID)
        check_against_id(check, &identity);
}

static void check_patient(const struct sheet_check *check)
{
    if (check->sheet->patient == NULL) { /* the rest is missing by its rows */
        sheet_refuse(check, REFUSED_MISSING, "patient.birth_date");
        if (check->form != SHEET_EMERGENCY)
            sheet_refuse(check, REFUSED_MISSING, "patient.id_value");
        return;
    }
    check_birth(check);
    check_id(check);
}

/* A diagnosis has a code or a text. */
static void check_diagnoses(const struct sheet_check *check)
{
    for (size_t i = 0; i < check->sheet->n_diagnoses; i++) {
        const Referral__Diagnosis *diagnosis = check->sheet->diagnoses[i];

        if (diagnosis->icd10 == NULL && diagnosis->text == NULL)
            sheet_refuse_at(check, REFUSED_MISSING, "diagnoses[].text", i);
    }
}

/* On the way down the main results are a text, or an attachment. */
static void check_results(const struct sheet_check *check)
{
    const Referral__Sheet *sheet = check->sheet;

    if (check->form == SHEET_DOWN && sheet->main_results == NULL && sheet->n_attachments == 0)
        sheet_refuse(check, REFUSED_MISSING, "main_results");
}

/* What a living body, or a dying one, can show; in thousandths of the unit. */
static const struct vital_range vital_ranges[] = {
    [REFERRAL__VITAL_ITEM__TEMPERATURE] = {"degC", 20000, 45000},
    [REFERRAL__VITAL_ITEM__PULSE] = {"/min", 0, 300000},
    [REFERRAL__VITAL_ITEM__RESPIRATION] = {"/min", 0, 120000},
    [REFERRAL__VITAL_ITEM__SYSTOLIC] = {"mmHg", 0, 320000},
    [REFERRAL__VITAL_ITEM__DIASTOLIC] = {"mmHg", 0, 220000},
    [REFERRAL__VITAL_ITEM__OXYGEN_SATURATION] = {"%", 0, 100000},
    [REFERRAL__VITAL_ITEM__GLUCOSE] = {"mmol/L", 100, 100000},
    [REFERRAL__VITAL_ITEM__HEIGHT] = {"cm", 20000, 260000},
    [REFERRAL__VITAL_ITEM__WEIGHT] = {"kg", 200, 500000},
    [REFERRAL__VITAL_ITEM__BODY_MASS_INDEX] = {"kg/m2", 5000, 150000},
    [REFERRAL__VITAL_ITEM__WAIST] = {"cm", 20000, 300000},
    [REFERRAL__VITAL_ITEM__CHOLESTEROL] = {"mmol/L", 100, 50000},
    [REFERRAL__VITAL_ITEM__URIC_ACID] = {"umol/L", 1000, 3000000},
};

const struct vital_range *sheet_vital_range(Referral__VitalItem item)
{
    assert((size_t)item < sizeof vital_ranges / sizeof *vital_ranges);
    return &vital_ranges[item];
}

static void check_vitals(const struct sheet_check *check)
{
    for (size_t i = 0; i < check->sheet->n_vitals; i++) {
        const Referral__Vital *vital = check->sheet->vitals[i];

        if (!vital->has_item)
            continue;

        const struct vital_range *range = sheet_vital_range(vital->item);

        if (vital->unit != NULL && strcmp(vital->unit, range->unit) != 0)
            sheet_refuse_at(check, REFUSED_BAD_UNIT, "vitals[].unit", i);
        if (vital->has_value_milli && (vital->value_milli < range->min_milli || vital->value_milli > range->max_milli))
            sheet_refuse_at(check, REFUSED_OUT_OF_RANGE, "vitals[].value_milli", i);
    }
}

/* The content itself, of the size stated, or a reference to it. Whether the hash agrees is asked where hashes are
 * made. */
static void check_attachments(const struct sheet_check *check)
{
    for (size_t i = 0; i < check->sheet->n_attachments; i++) {
        const Referral__Attachment *attachment = check->sheet->attachments[i];

        if (attachment->has_sha256 && attachment->sha256.len != 32)
            sheet_refuse_at(check, REFUSED_BAD_ATTACHMENT, "attachments[].sha256", i);
        if (attachment->has_size_bytes && attachment->size_bytes == 0)
            sheet_refuse_at(check, REFUSED_BAD_ATTACHMENT, "attachments[].size_bytes", i);
        else if (attachment->has_content && attachment->has_size_bytes &&
                 attachment->content.len != attachment->size_bytes)
            sheet_refuse_at(check, REFUSED_BAD_ATTACHMENT, "attachments[].size_bytes", i);
        if (!attachment->has_content && attachment->reference == NULL)
            sheet_refuse_at(check, REFUSED_MISSING, "attachments[].reference", i);
    }
}

void sheet_check(const Referral__Sheet *sheet, struct date today, struct findings *findings)
{
    struct sheet_check check = {.sheet = sheet, .form = sheet_form_of(sheet), .today = today, .findings = findings};

    sheet_check_fields(&check);
    check_emergency_only(&check);
    check_impression(&check);
    check_parent(&check);
    check_wanted_place(&check);
    check_patient(&check);
    check_diagnoses(&check);
    check_results(&check);
    check_vitals(&check);
    check_attachments(&check);
}

void sheet_check_lists(const Referral__Sheet *sheet, struct findings *findings)
{
    struct sheet_check check = {.sheet = sheet, .form = SHEET_UP, .findings = findings};

    sheet_check_elements(&check);
    check_diagnoses(&check);
    check_attachments(&check);
}

bool sheet_is_eligible_for_down(const Referral__Sheet *sheet, const char *disease_list)
{
    for (size_t i = 0; i < sheet->n_diagnoses; i++)
        if (sheet->diagnoses[i]->icd10 != NULL && identity_icd10_in_list(sheet->diagnoses[i]->icd10, disease_list))
            return true;
    return false;
}
