/* Which texts are fit to be stored, shown and compared. */
#include <criterion/criterion.h>

#include "base/utf8.h"

struct sample {
    const char *name;
    struct bytes text;
    enum text_fault fault;
};
#define SAMPLE(literal, fault)                                                                                         \
    {                                                                                                                  \
#literal, {(const uint8_t *)(literal), sizeof(literal) - 1 }, fault                                            \
    }

Test(text, faults_have_their_names)
{
    static const struct sample samples[] = {
        SAMPLE("", TEXT_OK),
        SAMPLE("plain, with\ttab and\nline feed", TEXT_OK),
        SAMPLE("高血压 2 级", TEXT_OK),
        SAMPLE("\xf0\xa0\xae\xb7", TEXT_OK),         /* a name beyond the basic plane */
        SAMPLE("\xf4\x8f\xbf\xbf", TEXT_OK),         /* U+10FFFF */
        SAMPLE("\xed\x9f\xbf\xee\x80\x80", TEXT_OK), /* on both sides of the surrogates */
        SAMPLE("a\0b", TEXT_HAS_NUL),
        SAMPLE("\0", TEXT_HAS_NUL),
        SAMPLE("\x80", TEXT_NOT_UTF8),
        SAMPLE("\xbf", TEXT_NOT_UTF8),
        SAMPLE("\xc3", TEXT_NOT_UTF8),
        SAMPLE("\xe4\xb8", TEXT_NOT_UTF8),
        SAMPLE("\xf0\xa0\xae", TEXT_NOT_UTF8),
        SAMPLE("\xe4\xb8x", TEXT_NOT_UTF8),
        SAMPLE("\xc0\x80", TEXT_NOT_UTF8), /* overlong NUL */
        SAMPLE("\xc1\xbf", TEXT_NOT_UTF8),
        SAMPLE("\xe0\x80\x80", TEXT_NOT_UTF8),
        SAMPLE("\xe0\x9f\xbf", TEXT_NOT_UTF8),
        SAMPLE("\xf0\x80\x80\x80", TEXT_NOT_UTF8),
        SAMPLE("\xf0\x8f\xbf\xbf", TEXT_NOT_UTF8),
        SAMPLE("\xed\xa0\x80", TEXT_NOT_UTF8), /* surrogates */
        SAMPLE("\xed\xbf\xbf", TEXT_NOT_UTF8),
        SAMPLE("\xf4\x90\x80\x80", TEXT_NOT_UTF8), /* beyond U+10FFFF */
        SAMPLE("\xf8\x88\x80\x80\x80", TEXT_NOT_UTF8),
        SAMPLE("\xff", TEXT_NOT_UTF8),
        SAMPLE("\x01", TEXT_HAS_CONTROL),
        SAMPLE("a\r\nb", TEXT_HAS_CONTROL),
        SAMPLE("\x1b[31m", TEXT_HAS_CONTROL),
        SAMPLE("\x7f", TEXT_HAS_CONTROL),
        SAMPLE("\xc2\x80", TEXT_HAS_CONTROL),
        SAMPLE("\xc2\x9f", TEXT_HAS_CONTROL),
        SAMPLE("\xc2\xa0", TEXT_OK),
        SAMPLE("\u2028", TEXT_HAS_CONTROL),
        SAMPLE("\u2029", TEXT_HAS_CONTROL),
        SAMPLE("\ufeff", TEXT_HAS_CONTROL),
        SAMPLE("\u061c", TEXT_HAS_BIDI),
        SAMPLE("\u200d", TEXT_OK),
        SAMPLE("\u200e", TEXT_HAS_BIDI),
        SAMPLE("\u200f", TEXT_HAS_BIDI),
        SAMPLE("\u202a", TEXT_HAS_BIDI),
        SAMPLE("张\u202e三", TEXT_HAS_BIDI),
        SAMPLE("\u202f", TEXT_OK),
        SAMPLE("\u2065", TEXT_OK),
        SAMPLE("\u2066", TEXT_HAS_BIDI),
        SAMPLE("\u2069", TEXT_HAS_BIDI),
        SAMPLE("\u206a", TEXT_OK),
    };

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        cr_assert_eq(text_check(samples[i].text), samples[i].fault, "%s", samples[i].name);
}

Test(text, two_bytes_are_valid_exactly_where_utf8_says_so)
{
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            uint8_t pair[2] = {(uint8_t)first, (uint8_t)second};
            bool two_ascii = first < 0x80 && second < 0x80;
            bool one_character = first >= 0xC2 && first < 0xE0 && second >= 0x80 && second < 0xC0;

            cr_assert_eq(text_check(bytes_of(pair, 2)) != TEXT_NOT_UTF8,
                         two_ascii || one_character || (first == 0) ||
                             (first < 0x20 && first != '\n' && first != '\t') || first == 0x7F,
                         "%02x %02x", first, second);
        }
    }
}

Test(text, length_counts_characters)
{
    cr_assert_eq(text_length(""), 0);
    cr_assert_eq(text_length("abc"), 3);
    cr_assert_eq(text_length("主要现病史"), 5);
    cr_assert_eq(text_length("a\xf0\xa0\xae\xb7z"), 3);
}

Test(text, blank_is_nothing_but_white_space)
{
    cr_assert(text_is_blank(NULL));
    cr_assert(text_is_blank(""));
    cr_assert(text_is_blank(" \t\n"));
    cr_assert(text_is_blank("\u3000\u00a0 \u200b\u1680\u2000\u202f\u205f\u2060"));
    cr_assert(!text_is_blank("\u1fff"));
    cr_assert(!text_is_blank("\u200c"));
    cr_assert(!text_is_blank("\u3000无"));
    cr_assert(!text_is_blank("."));
    cr_assert(!text_is_blank("\xff"));
}
