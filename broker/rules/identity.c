/* identity.c - forms and check characters of the numbers that people and institutions carry. */
#include "rules/identity.h"

#include <assert.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool are_digits(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_digit(text[i]))
            return false;
    return true;
}

static int32_t number(const char *digits, size_t count)
{
    int32_t value = 0;

    for (size_t i = 0; i < count; i++)
        value = value * 10 + (digits[i] - '0');
    return value;
}

/* ISO 7064 MOD 11-2: all 18 characters, weighted with falling powers of two, give 1 modulo 11; X counts 10. */
static bool has_mod_11_2(const char *value)
{
    int sum = 0;

    for (size_t i = 0; i < 18; i++)
        sum = (sum * 2 + (value[i] == 'X' ? 10 : value[i] - '0')) % 11;
    return sum == 1;
}

/* 6 digits of the region, 8 of the birth date, 3 of sequence whose last is odd for men, 1 check character. */
enum refusal identity_read_resident(const char *value, struct date today, struct identity *ret_identity)
{
    if (strlen(value) != 18 || !are_digits(value, 17) || !(is_digit(value[17]) || value[17] == 'X'))
        return REFUSED_BAD_ID_NUMBER;
    if (!has_mod_11_2(value))
        return REFUSED_BAD_CHECK_DIGIT;

    struct date birth = {number(value + 6, 4), number(value + 10, 2), number(value + 12, 2)};

    if (!date_is_valid(birth) || date_to_days(birth) > date_to_days(today) ||
        identity_age(birth, today) > IDENTITY_AGE_MAX)
        return REFUSED_BAD_ID_NUMBER;
    ret_identity->birth = birth;
    ret_identity->sex = (value[16] - '0') % 2 == 1 ? REFERRAL__SEX__MALE : REFERRAL__SEX__FEMALE;
    return REFUSED_NOT;
}

/* Letters and digits, and hyphens where `hyphen`; `min` to `max` of them. */
static bool is_plain_number(const char *value, size_t min, size_t max, bool hyphen)
{
    size_t size = strlen(value);

    if (size < min || size > max)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_digit(value[i]) && !is_letter(value[i]) && !(hyphen && value[i] == '-'))
            return false;
    return true;
}

/* 8 digits, or 10 where the number of the reissue is written too. */
static bool is_permit_number(const char *digits)
{
    size_t size = strlen(digits);

    return (size == 8 || size == 10) && are_digits(digits, size);
}

static bool has_form(Referral__IdType type, const char *value)
{
    switch (type) {
    case REFERRAL__ID_TYPE__PASSPORT:
        return is_plain_number(value, 5, 20, false);
    case REFERRAL__ID_TYPE__HK_MACAO_PERMIT:
        return (value[0] == 'H' || value[0] == 'M') && is_permit_number(value + 1);
    case REFERRAL__ID_TYPE__TAIWAN_PERMIT:
        return is_permit_number(value);
    case REFERRAL__ID_TYPE__NEWBORN:
        return is_plain_number(value, 6, 32, true);
    case REFERRAL__ID_TYPE__HEALTH_CARD:
        return is_plain_number(value, 6, 64, true);
    case REFERRAL__ID_TYPE__RESIDENT_ID:
    case _REFERRAL__ID_TYPE_IS_INT_SIZE:
        break;
    }
    return false;
}

enum refusal identity_check(Referral__IdType type, const char *value, struct date today)
{
    struct identity identity;

    if (type == REFERRAL__ID_TYPE__RESIDENT_ID)
        return identity_read_resident(value, today, &identity);
    return has_form(type, value) ? REFUSED_NOT : REFUSED_BAD_ID_NUMBER;
}

int identity_age(struct date birth, struct date today)
{
    bool birthday_passed = today.month > birth.month || (today.month == birth.month && today.day >= birth.day);

    return today.year - birth.year - !birthday_passed;
}

bool identity_is_institution_id(const char *value)
{
    size_t size = strlen(value);

    if (size < 1 || size > 64)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_letter(value[i]) && !is_digit(value[i]) && strchr("._:-", value[i]) == NULL)
            return false;
    return true;
}

bool identity_is_reserved(const char *id)
{
    return strcmp(id, "broker") == 0 || strcmp(id, "clock") == 0 || strcmp(id, "operator") == 0;
}

/* A category: a capital letter and two digits. */
static bool is_category(const char *code)
{
    return code[0] >= 'A' && code[0] <= 'Z' && is_digit(code[1]) && is_digit(code[2]);
}

/* A category; a point and up to 8 digits or placeholders x, as in the national clinical edition (I10.x00x002); the
 * dagger or the asterisk of double coding. */
bool identity_is_icd10(const char *value)
{
    if (!is_category(value))
        return false;
    value += 3;
    if (*value == '.') {
        size_t size = strspn(value + 1, "0123456789x");

        if (size < 1 || size > 8)
            return false;
        value += 1 + size;
    }
    if (*value == '+' || *value == '*')
        value++;
    return *value == '\0';
}

/* Reads one entry, "J44" or "I10-I15", at `*list`, and moves past it; false at the end, or where it is none. */
static bool next_range(const char **list, const char **ret_from, const char **ret_to)
{
    const char *at = *list + strspn(*list, " ");

    if (!is_category(at))
        return false;
    *ret_from = *ret_to = at;
    at += 3;
    if (*at == '-') {
        if (!is_category(at + 1))
            return false;
        *ret_to = at + 1;
        at += 4;
    }
    if ((*at != ' ' && *at != '\0') || strncmp(*ret_from, *ret_to, 3) > 0)
        return false;
    *list = at;
    return true;
}

bool identity_icd10_in_list(const char *code, const char *list)
{
    const char *from, *to;

    if (!identity_is_icd10(code))
        return false;
    while (next_range(&list, &from, &to))
        if (strncmp(code, from, 3) >= 0 && strncmp(code, to, 3) <= 0)
            return true;
    return false;
}

bool identity_icd10_list_is_valid(const char *list)
{
    const char *from, *to;

    while (next_range(&list, &from, &to))
        continue;
    return list[strspn(list, " ")] == '\0';
}

bool identity_is_phone(const char *text)
{
    size_t digits = 0;

    for (const char *at = text; *at != '\0'; at++)
        if (*at >= '0' && *at <= '9')
            digits++;
        else if (strchr("- ()", *at) == NULL && !(*at == '+' && at == text))
            return false;
    return digits >= 7 && digits <= 15;
}
