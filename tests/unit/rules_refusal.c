/* The table of refusals, and the list of what one command violates. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
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
    cr_assert_eq(findings.truncated, 0);
    cr_assert_str_eq(findings.list[0].field, "patient.name");
    cr_assert_null(findings.list[0].rule);
    cr_assert_eq(findings.list[1].refusal, REFUSED_BAD_ICD10);
    cr_assert_str_eq(findings.list[1].rule, "F2");
    cr_assert_str_eq(findings.list[1].name_en, "diagnosis code");
    cr_assert_str_eq(findings.list[2].field, "");
}

Test(findings, f2_beyond_their_room_say_so)
{
    struct findings findings = {0};

    for (int i = 0; i < FINDINGS_MAX; i++)
        findings_add(&findings, REFUSED_MISSING, "x");
    cr_assert_eq(findings.truncated, 0);
    findings_add(&findings, REFUSED_BLANK, "y");
    cr_assert_eq(findings.count, FINDINGS_MAX);
    cr_assert_eq(findings.truncated, 1);
    cr_assert_eq(findings.list[FINDINGS_MAX - 1].refusal, REFUSED_MISSING);
}

Test(findings, what_is_no_refusal_is_a_bug, .signal = SIGABRT)
{
    struct findings findings = {0};

    findings_add(&findings, REFUSED_NOT, "x");
}
