/* Id numbers: form, check character, and what they say of birth and sex. All numbers are made up, but for the two
 * examples that the standards themselves print. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rules/identity.h"

static const struct date today = {2026, 11, 21};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

Test(identity, f_resident_ids_say_when_somebody_was_born_and_which_sex)
{
    static const struct {
        const char *value;
        struct date birth;
        Referral__Sex sex;
    } rows[] = {
        {"11010519491231002X", {1949, 12, 31}, REFERRAL__SEX__FEMALE}, /* of GB 11643 */
        {"440524188001010014", {1880, 1, 1}, REFERRAL__SEX__MALE},     /* of GB 11643 */
        {"120224196205083214", {1962, 5, 8}, REFERRAL__SEX__MALE},
        {"120224196205083222", {1962, 5, 8}, REFERRAL__SEX__FEMALE},
        {"110105200002290013", {2000, 2, 29}, REFERRAL__SEX__MALE},
        {"120224202611210010", {2026, 11, 21}, REFERRAL__SEX__MALE}, /* born today */
        {"12022419881203101X", {1988, 12, 3}, REFERRAL__SEX__MALE},
        {"120224187511220016", {1875, 11, 22}, REFERRAL__SEX__MALE}, /* 150 years, until tomorrow */
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct identity identity = {0};

        cr_assert_eq(identity_read_resident(rows[i].value, today, &identity), REFUSED_NOT, "%s", rows[i].value);
        cr_assert_eq(date_to_days(identity.birth), date_to_days(rows[i].birth), "%s", rows[i].value);
        cr_assert_eq(identity.sex, rows[i].sex, "%s", rows[i].value);
        cr_assert_eq(identity_check(REFERRAL__ID_TYPE__RESIDENT_ID, rows[i].value, today), REFUSED_NOT);
    }
}

Test(identity, f_resident_ids_are_refused_for_form_check_digit_and_date)
{
    static const struct {
        const char *value;
        enum refusal refusal;
    } rows[] = {
        {"", REFUSED_BAD_ID_NUMBER},
        {"12022419620508321", REFUSED_BAD_ID_NUMBER},
        {"1202241962050832144", REFUSED_BAD_ID_NUMBER},
        {"120224620508321", REFUSED_BAD_ID_NUMBER}, /* the 15 digits of the first generation */
        {"12022419620508321a", REFUSED_BAD_ID_NUMBER},
        {"12022419881203101x", REFUSED_BAD_ID_NUMBER}, /* one spelling */
        {"X20224196205083214", REFUSED_BAD_ID_NUMBER},
        {"120224196205O83214", REFUSED_BAD_ID_NUMBER},
        {" 20224196205083214", REFUSED_BAD_ID_NUMBER},
        {"120224196205083215", REFUSED_BAD_CHECK_DIGIT},
        {"12022419620508321X", REFUSED_BAD_CHECK_DIGIT},
        {"120224202611220016", REFUSED_BAD_ID_NUMBER}, /* born tomorrow */
        {"120224202302290010", REFUSED_BAD_ID_NUMBER}, /* 29 February of a common year */
        {"120224202304310011", REFUSED_BAD_ID_NUMBER},
        {"120224202313010010", REFUSED_BAD_ID_NUMBER},
        {"120224202300010011", REFUSED_BAD_ID_NUMBER},
        {"120224187511210010", REFUSED_BAD_ID_NUMBER}, /* 151 years old */
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct identity identity;

        cr_expect_eq(identity_read_resident(rows[i].value, today, &identity), rows[i].refusal, "%s", rows[i].value);
        cr_expect_eq(identity_check(REFERRAL__ID_TYPE__RESIDENT_ID, rows[i].value, today), rows[i].refusal, "%s",
                     rows[i].value);
    }
}

/* ISO 7064 MOD 11-2 finds every wrong digit, and every two neighbours that have changed places. */
Test(identity, f_each_single_wrong_digit_and_each_swap_is_found)
{
    static const char good[] = "120224196205083214";
    struct identity identity;

    for (size_t i = 0; i < 18; i++) {
        for (char digit = '0'; digit <= '9'; digit++) {
            char bad[19];

            memcpy(bad, good, sizeof bad);
            bad[i] = digit;
            cr_assert_eq(identity_read_resident(bad, today, &identity) == REFUSED_NOT, digit == good[i], "%s", bad);
        }
        if (i > 0 && good[i] != good[i - 1]) {
            char bad[19];

            memcpy(bad, good, sizeof bad);
            bad[i] = good[i - 1];
            bad[i - 1] = good[i];
            cr_assert_eq(identity_read_resident(bad, today, &identity), REFUSED_BAD_CHECK_DIGIT, "%s", bad);
        }
    }
}

Test(identity, f_other_ids_are_checked_for_form)
{
    static const struct {
        Referral__IdType type;
        const char *value;
        bool good;
    } rows[] = {
        {REFERRAL__ID_TYPE__PASSPORT, "E12345678", true},
        {REFERRAL__ID_TYPE__PASSPORT, "1234", false},
        {REFERRAL__ID_TYPE__PASSPORT, "E1234 678", false},
        {REFERRAL__ID_TYPE__PASSPORT, "E12345678E12345678E12", false},
        {REFERRAL__ID_TYPE__PASSPORT, "护照123456", false},
        {REFERRAL__ID_TYPE__HK_MACAO_PERMIT, "H12345678", true},
        {REFERRAL__ID_TYPE__HK_MACAO_PERMIT, "M1234567801", true},
        {REFERRAL__ID_TYPE__HK_MACAO_PERMIT, "A12345678", false},
        {REFERRAL__ID_TYPE__HK_MACAO_PERMIT, "H123456789", false},
        {REFERRAL__ID_TYPE__HK_MACAO_PERMIT, "H", false},
        {REFERRAL__ID_TYPE__HK_MACAO_PERMIT, "", false},
        {REFERRAL__ID_TYPE__TAIWAN_PERMIT, "12345678", true},
        {REFERRAL__ID_TYPE__TAIWAN_PERMIT, "1234567801", true},
        {REFERRAL__ID_TYPE__TAIWAN_PERMIT, "1234567", false},
        {REFERRAL__ID_TYPE__TAIWAN_PERMIT, "T2345678", false},
        {REFERRAL__ID_TYPE__NEWBORN, "R123456789", true},
        {REFERRAL__ID_TYPE__NEWBORN, "120224199205083227-1", true},
        {REFERRAL__ID_TYPE__NEWBORN, "R1234", false},
        {REFERRAL__ID_TYPE__HEALTH_CARD, "5F2E9A7C01", true},
        {REFERRAL__ID_TYPE__HEALTH_CARD, "5F2E 9A7C", false},
        {REFERRAL__ID_TYPE__HEALTH_CARD, "12345", false},
        {(Referral__IdType)0, "12345678", false},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        cr_expect_eq(identity_check(rows[i].type, rows[i].value, today),
                     rows[i].good ? REFUSED_NOT : REFUSED_BAD_ID_NUMBER, "%d %s", (int)rows[i].type, rows[i].value);
}

static bool is_alnum(char c)
{
    return strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", c) != NULL;
}

/* Every length, and every character first, in the middle and last. */
Test(identity, f_plain_numbers_are_of_their_length_and_characters)
{
    static const struct {
        Referral__IdType type;
        size_t min, max;
        bool hyphen;
    } rows[] = {{REFERRAL__ID_TYPE__PASSPORT, 5, 20, false},
                {REFERRAL__ID_TYPE__NEWBORN, 6, 32, true},
                {REFERRAL__ID_TYPE__HEALTH_CARD, 6, 64, true}};

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char value[81] = "";

        for (size_t size = 0; size < 80; size++) {
            cr_expect_eq(identity_check(rows[i].type, value, today) == REFUSED_NOT,
                         size >= rows[i].min && size <= rows[i].max, "%zu: %zu", i, size);
            value[size] = 'A';
        }
        for (char c = 1; c < 127; c++) {
            for (size_t at = 0; at < rows[i].min; at++) {
                memset(value, 'A', sizeof value);
                value[rows[i].min] = '\0';
                value[at] = c;
                cr_expect_eq(identity_check(rows[i].type, value, today) == REFUSED_NOT,
                             is_alnum(c) || (rows[i].hyphen && c == '-'), "%zu: %d at %zu", i, c, at);
            }
        }
    }
}

Test(identity, f_permits_are_8_or_10_digits_after_their_letter)
{
    char value[16] = "H", taiwan[16] = "";

    for (size_t digits = 0; digits < 13; digits++) {
        cr_expect_eq(identity_check(REFERRAL__ID_TYPE__HK_MACAO_PERMIT, value, today) == REFUSED_NOT,
                     digits == 8 || digits == 10, "%zu", digits);
        cr_expect_eq(identity_check(REFERRAL__ID_TYPE__TAIWAN_PERMIT, taiwan, today) == REFUSED_NOT,
                     digits == 8 || digits == 10, "%zu", digits);
        value[1 + digits] = taiwan[digits] = '9';
    }
    for (char c = 1; c < 127; c++) {
        snprintf(value, sizeof value, "%c01234567", c);
        cr_expect_eq(identity_check(REFERRAL__ID_TYPE__HK_MACAO_PERMIT, value, today) == REFUSED_NOT,
                     c == 'H' || c == 'M', "%d", c);
        for (size_t at = 0; at < 8; at++) {
            strcpy(taiwan, "01234567");
            taiwan[at] = c;
            cr_expect_eq(identity_check(REFERRAL__ID_TYPE__TAIWAN_PERMIT, taiwan, today) == REFUSED_NOT,
                         c >= '0' && c <= '9', "%d at %zu", c, at);
        }
    }
}

Test(identity, f_a_resident_id_has_digits_only_and_an_x_for_ten_at_its_end)
{
    static const char good[] = "120224196205083214";
    struct identity identity;

    for (char c = 1; c < 127; c++) {
        for (size_t at = 0; at < 18; at++) {
            char value[19];
            bool form = (c >= '0' && c <= '9') || (c == 'X' && at == 17);

            memcpy(value, good, sizeof value);
            value[at] = c;
            if (value[at] != good[at])
                cr_expect_eq(identity_read_resident(value, today, &identity),
                             form ? REFUSED_BAD_CHECK_DIGIT : REFUSED_BAD_ID_NUMBER, "%d at %zu", c, at);
        }
    }
}

Test(identity, f_the_last_digit_of_the_sequence_says_which_sex)
{
    for (char digit = '0'; digit <= '9'; digit++) {
        struct identity identity = {0};
        char value[] = "120224196205083214";
        int good = 0;

        value[16] = digit;
        for (const char *check = "0123456789X"; *check != '\0'; check++) {
            value[17] = *check;
            good += identity_read_resident(value, today, &identity) == REFUSED_NOT;
        }
        cr_expect_eq(good, 1, "one check character fits");
        cr_expect_eq(identity.sex, strchr("13579", digit) != NULL ? REFERRAL__SEX__MALE : REFERRAL__SEX__FEMALE, "%c",
                     digit);
        cr_expect_eq(identity.birth.day, 8);
    }
}

Test(identity, age_is_completed_years)
{
    cr_assert_eq(identity_age((struct date){1962, 11, 21}, today), 64);
    cr_assert_eq(identity_age((struct date){1962, 11, 22}, today), 63);
    cr_assert_eq(identity_age((struct date){1962, 12, 1}, today), 63);
    cr_assert_eq(identity_age(today, today), 0);
    cr_assert_eq(identity_age((struct date){2004, 2, 29}, (struct date){2025, 2, 28}), 20);
    cr_assert_eq(identity_age((struct date){2004, 2, 29}, (struct date){2025, 3, 1}), 21);
}

Test(identity, t1_institution_ids_are_1_to_64_plain_characters)
{
    char longest[66];

    memset(longest, 'a', 64);
    longest[64] = '\0';
    cr_assert(identity_is_institution_id("121201151000010194"));
    cr_assert(identity_is_institution_id("H-1.a_b:c"));
    cr_assert(identity_is_institution_id(longest));
    longest[64] = 'a';
    longest[65] = '\0';
    cr_assert(!identity_is_institution_id(longest));
    cr_assert(!identity_is_institution_id(""));
    cr_assert(!identity_is_institution_id("H 1"));
    cr_assert(!identity_is_institution_id("H/1"));
    cr_assert(!identity_is_institution_id("医院"));
    cr_assert(!identity_is_institution_id("H1\n"));
}

Test(identity, q13_no_institution_has_the_name_of_who_acts_by_himself)
{
    cr_assert(identity_is_reserved("broker"));
    cr_assert(identity_is_reserved("clock"));
    cr_assert(identity_is_reserved("operator"));
    cr_assert_not(identity_is_reserved("broker-2"));
    cr_assert_not(identity_is_reserved("OPERATOR"));
}

Test(identity, t1_institution_ids_have_letters_digits_and_four_signs)
{
    for (char c = 1; c < 127; c++) {
        for (size_t at = 0; at < 3; at++) {
            char id[] = "H01";

            id[at] = c;
            cr_expect_eq(identity_is_institution_id(id), is_alnum(c) || strchr("._:-", c) != NULL, "%d at %zu", c, at);
        }
    }
    cr_assert(identity_is_institution_id("1"));
}

Test(identity, f_phones_have_7_to_15_digits_and_a_plus_at_their_head_only)
{
    char digits[32] = "";

    for (size_t count = 0; count < 20; count++) {
        cr_expect_eq(identity_is_phone(digits), count >= 7 && count <= 15, "%zu", count);
        digits[count] = count % 2 == 0 ? '9' : '0';
    }
    for (char c = 1; c < 127; c++) {
        for (size_t at = 0; at < 9; at++) {
            char phone[] = "012345678";

            phone[at] = c;
            cr_expect_eq(identity_is_phone(phone),
                         (c >= '0' && c <= '9') || strchr("- ()", c) != NULL || (c == '+' && at == 0), "%d at %zu", c,
                         at);
        }
    }
}

Test(identity, f_icd10_is_a_letter_two_digits_and_up_to_8_places_after_a_point)
{
    char code[24] = "I10.";

    for (char c = 1; c < 127; c++) {
        for (size_t at = 0; at < 3; at++) {
            char category[] = "I10";

            category[at] = c;
            cr_expect_eq(identity_is_icd10(category), at == 0 ? c >= 'A' && c <= 'Z' : c >= '0' && c <= '9',
                         "%d at %zu", c, at);
        }
    }
    for (size_t places = 0; places < 12; places++) {
        cr_expect_eq(identity_is_icd10(code), places >= 1 && places <= 8, "%zu", places);
        code[4 + places] = places % 2 == 0 ? 'x' : '9';
    }
}

Test(identity, f_icd10_syntax)
{
    static const char *const good[] = {"I10", "E11.9", "J44.901", "I10.x00x002", "E14.4+", "G63.2*", "U07.1", "Z00"};
    static const char *const bad[] = {"",       "I",     "I1",    "i10",           "I10.",   "I10,1", "I1O",    "110",
                                      "I10.9 ", "I10.a", "I10 x", "I10.123456789", "高血压", "I100",  "I10-I15"};

    for (size_t i = 0; i < COUNT_OF(good); i++)
        cr_expect(identity_is_icd10(good[i]), "%s", good[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        cr_expect(!identity_is_icd10(bad[i]), "\"%s\"", bad[i]);
}

Test(identity, f4_the_disease_list_holds_categories_and_ranges)
{
    static const char list[] = "I10-I15 E10-E14 J44 I69 I25";
    static const char *const in[] = {"I10", "I15.9", "I12", "E11.900", "J44", "J44.1", "I69.3", "I25"};
    static const char *const out[] = {"I09.9", "I16", "E09", "E15", "J43", "J45",  "I68",
                                      "I26",   "A00", "Z99", "",    "I1",  "I10.", "高"};

    for (size_t i = 0; i < COUNT_OF(in); i++)
        cr_expect(identity_icd10_in_list(in[i], list), "%s", in[i]);
    for (size_t i = 0; i < COUNT_OF(out); i++)
        cr_expect(!identity_icd10_in_list(out[i], list), "%s", out[i]);
    cr_assert(!identity_icd10_in_list("I10", ""));
    cr_assert(identity_icd10_in_list("B05", "A00-C99"));
}

Test(identity, f4_a_disease_list_that_cannot_be_read_is_refused)
{
    static const char *const good[] = {"", " ", "J44", "I10-I15 E10-E14", " I10-I10  J44 "};
    static const char *const bad[] = {"J4",      "J444",    "j44",   "I15-I10", "I10-", "I10-I1",
                                      "I10–I15", "I10,I11", "J44.1", "I10 x",   "-I10"};

    for (size_t i = 0; i < COUNT_OF(good); i++)
        cr_expect(identity_icd10_list_is_valid(good[i]), "\"%s\"", good[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        cr_expect(!identity_icd10_list_is_valid(bad[i]), "\"%s\"", bad[i]);
}
