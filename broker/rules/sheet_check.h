/* sheet_check.h - between the two halves of the sheet's check: field by field (sheet_fields.c), and across fields
 * (sheet.c). */
#pragma once
#include "base/instant.h"
#include "rules/sheet.h"

struct sheet_check {
    const Referral__Sheet *sheet;
    enum sheet_form form;
    struct date today;
    struct findings *findings;
};

/* Adds a violation of the table's row `path`. */
void sheet_refuse(const struct sheet_check *check, enum refusal refusal, const char *path);
/* Of a row of elements, "diagnoses[].icd10", whose brackets take `index`. */
void sheet_refuse_at(const struct sheet_check *check, enum refusal refusal, const char *path, size_t index);
/* Each field by its row: is it there, and does it have its form? */
void sheet_check_fields(const struct sheet_check *check);
/* Those of its lists alone. */
void sheet_check_elements(const struct sheet_check *check);
/* Is there a text that says more than white space and "无"? NULL says nothing. */
bool sheet_says_something(const char *text);
