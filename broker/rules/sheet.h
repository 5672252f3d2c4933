/* sheet.h - is this sheet complete and consistent? (section 3: F1, F2, F5)
 *
 * sheet_fields.def is one row a field; checks, JSON schema, documentation and the bad-input data come from it. */
#pragma once
#include "base/instant.h"
#include "referral.pb-c.h"
#include "rules/refusal.h"

/* Which column of the table applies. LATERAL uses the up sheet (T3). */
enum sheet_form { SHEET_UP, SHEET_DOWN, SHEET_EMERGENCY };
enum sheet_form sheet_form_of(const Referral__Sheet *sheet);

/* Adds every violation to `findings`. Knows nothing of institutions, routes or teams. `sheet` has passed wire_check:
 * texts are valid and bounded, enums in range. */
void sheet_check(const Referral__Sheet *sheet, struct date today, struct findings *findings);
/* Of its diagnoses and attachments only, which an event may carry too. */
void sheet_check_lists(const Referral__Sheet *sheet, struct findings *findings);

struct sheet_field {
    const char *path;                        /* "patient.name" */
    char need_up, need_down, need_emergency; /* 'M' mandatory, 'O' optional, '-' refused, 'C' conditional (see note) */
    uint32_t min_chars, max_chars;           /* texts only; 0: not a text */
    const char *name_zh, *name_en;
    const char *note_zh, *note_en; /* the condition, for people */
};
const struct sheet_field *sheet_fields(size_t *ret_count);
/* NULL where the path is not of the table; indices "[0]" are ignored. */
const struct sheet_field *sheet_field(const char *path);
/* What a vital sign may be: of this unit, both ends included. The item is one there is. */
struct vital_range {
    const char *unit;
    int64_t min_milli, max_milli;
};
const struct vital_range *sheet_vital_range(Referral__VitalItem item);
/* F4: any diagnosis in the operator's list. */
bool sheet_is_eligible_for_down(const Referral__Sheet *sheet, const char *disease_list);
