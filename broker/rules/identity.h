/* identity.h - id numbers of patients: form, check digit, and what they say of birth and sex (section 3, "patient
 * id"). */
#pragma once
#include "base/instant.h"
#include "referral.pb-c.h"
#include "rules/refusal.h"

#define IDENTITY_AGE_MAX 150 /* years; nobody is older */

struct identity { /* what a resident id says */
    struct date birth;
    Referral__Sex sex;
};

/* 18 characters, digits but for a final X; ISO 7064 MOD 11-2; a date not after `today`. ret_identity only where not
 * refused. */
enum refusal identity_read_resident(const char *value, struct date today, struct identity *ret_identity);
/* The form of any id type; resident ids as above. */
enum refusal identity_check(Referral__IdType type, const char *value, struct date today);
/* Completed years at `today`. */
int identity_age(struct date birth, struct date today);
/* [A-Za-z0-9._:-]{1,64} (T1). */
bool identity_is_institution_id(const char *value);
/* "broker", "clock", "operator": timelines, notices and ledgers tell by these who did what (Q13), so no institution has
 * such an id. */
bool identity_is_reserved(const char *id);
bool identity_is_icd10(const char *value);
/* F4: is the code in a list such as "I10-I15 E10-E14 J44 I69 I25"? Prefixes of three characters, ranges inclusive. */
bool identity_icd10_in_list(const char *code, const char *list);
bool identity_icd10_list_is_valid(const char *list);
/* 7 to 15 digits, and what people write between them. */
bool identity_is_phone(const char *text);
