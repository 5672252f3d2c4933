/* The table of refusals, and the list of what one command violates. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "proto/limits.h"
#include "rules/refusal.h"

Test(refusal, p4_each_code_has_a_rule_and_both_texts)
{
    for (int i = REFUSED_NOT + 1; i < REFUSAL_COUNT; i++) {
        enum refusal refusal = (enum refusal)i;
        const char *code = refusal_code(refusal);

        cr_assert(strlen(code) > 0 && strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == strlen(code));
        cr_assert(strchr("TFLDQCP", refusal_rule(refusal)[0]) != NULL, "%s", code);
        cr_assert(strlen(refusal_en(refusal)) > 0, "%s", code);
        cr_assert(text_length(refusal_zh(refusal)) < strlen(refusal_zh(refusal)), "%s has no Chinese text", code);
        cr_assert_eq(text_check(bytes_text(refusal_zh(refusal))), TEXT_OK, "%s", code);
    }
}

Test(refusal, codes_are_unique)
{
    for (int i = 1; i < REFUSAL_COUNT; i++)
        for (int j = 1; j < i; j++)
            cr_assert_str_neq(refusal_code((enum refusal)i), refusal_code((enum refusal)j));
}

/* What the sheet and the route say of a field that has a name. */
static const enum refusal of_named_fields[] = {
    REFUSED_MISSING,           REFUSED_BLANK,           REFUSED_TOO_SHORT,
    REFUSED_TOO_LONG,          REFUSED_NOT_MEANINGFUL,  REFUSED_OUT_OF_RANGE,
    REFUSED_BAD_UNIT,          REFUSED_BAD_ID,          REFUSED_BAD_DATE,
    REFUSED_BAD_ORDER,         REFUSED_IN_FUTURE,       REFUSED_BAD_PHONE,
    REFUSED_BAD_CHECK_DIGIT,   REFUSED_BAD_ID_NUMBER,   REFUSED_SEX_DISAGREES,
    REFUSED_BIRTH_DISAGREES,   REFUSED_BAD_ICD10,       REFUSED_NOT_DOWN_WITHOUT_FINDINGS,
    REFUSED_NO_CONSENT,        REFUSED_EMERGENCY_ONLY,  REFUSED_NOT_DOWN_WITHOUT_PLAN,
    REFUSED_BAD_ATTACHMENT,    REFUSED_BAD_VALUE,       REFUSED_UNKNOWN_RECEIVER,
    REFUSED_OWN_INSTITUTION,   REFUSED_NO_CONTACT,      REFUSED_RECEIVER_DISABLED,
    REFUSED_SENDER_DISABLED,   REFUSED_WRONG_DIRECTION, REFUSED_WRONG_KIND,
    REFUSED_NO_RELATION,       REFUSED_ROUTE_DENIED,    REFUSED_UNKNOWN_DEPARTMENT,
    REFUSED_DOWN_NEVER_BOOKED,
};

static bool begins_with_a_verb(const char *text)
{
    static const char *const verbs[] = {"is ", "has ", "must ", "cannot ", "does ", "disagrees "};

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strncmp(text, verbs[i], strlen(verbs[i])) == 0)
            return true;
    return false;
}

/* The field has been named already, so the Chinese text does not name it again. */
static bool names_the_field(const char *text)
{
    static const char *const names[] = {"接收机构未", "接收机构不", "接收机构已", "性别",     "出生", "电话",
                                        "身份证",     "证件号码",   "附件类型",   "转诊方向", "患者"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(text, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

Test(refusal, p4_what_follows_the_name_of_a_field_is_its_predicate)
{
    for (size_t i = 0; i < sizeof of_named_fields / sizeof *of_named_fields; i++) {
        enum refusal refusal = of_named_fields[i];

        cr_assert(begins_with_a_verb(refusal_en(refusal)), "receiver %s", refusal_en(refusal));
        cr_assert(!names_the_field(refusal_zh(refusal)), "接收机构:%s", refusal_zh(refusal));
    }
}

/* A plural such as "main results" may be missing, blank, too long or too short. */
Test(refusal, p4_what_any_field_can_meet_fits_a_plural)
{
    static const enum refusal any[] = {REFUSED_MISSING, REFUSED_BLANK, REFUSED_TOO_LONG, REFUSED_TOO_SHORT,
                                       REFUSED_NOT_MEANINGFUL};

    for (size_t i = 0; i < sizeof any / sizeof *any; i++)
        cr_assert_eq(strncmp(refusal_en(any[i]), "must ", 5), 0, "main results %s", refusal_en(any[i]));
}

/* An envelope is measured as it came before it is unpacked. */
Test(refusal, f2_what_is_too_large_is_told_the_limit_that_it_met)
{
    cr_assert_eq(LIMIT_ENVELOPE_BYTES, 1 << 20);
    cr_assert_not_null(strstr(refusal_en(REFUSED_TOO_LARGE), "1 MiB"));
    cr_assert_not_null(strstr(refusal_zh(REFUSED_TOO_LARGE), "1 MiB"));
}

Test(refusal, p2_not_yours_and_does_not_exist_read_alike)
{
    cr_assert_str_eq(refusal_zh(REFUSED_NOT_ALLOWED), refusal_zh(REFUSED_NOT_FOUND));
    cr_assert_str_eq(refusal_en(REFUSED_NOT_ALLOWED), refusal_en(REFUSED_NOT_FOUND));
    cr_assert_str_eq(refusal_rule(REFUSED_NOT_ALLOWED), refusal_rule(REFUSED_NOT_FOUND));
}

Test(findings, f2_come_back_in_the_order_found)
{
    struct findings findings = {0};

    findings_add(&findings, REFUSED_MISSING, "patient.name");
    findings_add_named(&findings, REFUSED_BAD_ICD10, "F2", "diagnoses[3].icd10", "诊断编码", "diagnosis code");
    findings_add(&findings, REFUSED_NOT_NOW, NULL);
    cr_assert_eq(findings.count, 3);
    cr_assert_str_eq(findings.list[0].field, "patient.name");
    cr_assert_null(findings.list[0].rule);
    cr_assert_eq(findings.list[1].refusal, REFUSED_BAD_ICD10);
    cr_assert_str_eq(findings.list[1].rule, "F2");
    cr_assert_str_eq(findings.list[1].name_en, "diagnosis code");
    cr_assert_str_eq(findings.list[2].field, "");
}

Test(findings, f2_beyond_their_room_are_the_first)
{
    struct findings findings = {0};

    for (int i = 0; i < FINDINGS_MAX; i++)
        findings_add(&findings, REFUSED_MISSING, "x");
    findings_add(&findings, REFUSED_BLANK, "y");
    cr_assert_eq(findings.count, FINDINGS_MAX);
    cr_assert_eq(findings.list[FINDINGS_MAX - 1].refusal, REFUSED_MISSING);
}

Test(findings, what_is_no_refusal_is_a_bug, .signal = SIGABRT)
{
    struct findings findings = {0};

    findings_add(&findings, REFUSED_NOT, "x");
}
