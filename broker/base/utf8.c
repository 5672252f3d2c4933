/* utf8.c - one pass over a text: is it UTF-8, and does it hold only characters that people write? */
#include "base/utf8.h"

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Length of the character at `at`, and the character; 0 where it is not UTF-8: too short, overlong, surrogate, too
 * large. */
static size_t decode(const uint8_t *at, size_t left, uint32_t *ret_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = at[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 0;

    if (length == 0 || length > left)
        return 0;

    uint32_t point = length == 1 ? lead : lead & (0x7FU >> length);

    for (size_t i = 1; i < length; i++) {
        if (!is_continuation(at[i]))
            return 0;
        point = point << 6 | (at[i] & 0x3FU);
    }
    if (point < smallest[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
        return 0;
    *ret_point = point;
    return length;
}

static bool is_control(uint32_t point)
{
    return (point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7F && point <= 0x9F) || point == 0x2028 ||
           point == 0x2029 || point == 0xFEFF;
}

static bool is_bidi(uint32_t point)
{
    return point == 0x061C || point == 0x200E || point == 0x200F || (point >= 0x202A && point <= 0x202E) ||
           (point >= 0x2066 && point <= 0x2069);
}

static bool is_space(uint32_t point)
{
    return point == ' ' || point == '\t' || point == '\n' || point == 0x00A0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200B) || point == 0x202F || point == 0x205F || point == 0x2060 ||
           point == 0x3000;
}

/* Length of a character that needs no closer look, which nearly all are: printable ASCII, and U+3000 to U+9FFF, where
 * nothing is forbidden and nothing can be overlong. 0: look. */
static size_t skip_plain(const uint8_t *at, size_t left)
{
    if (at[0] >= 0x20 && at[0] <= 0x7E)
        return 1;
    if (at[0] >= 0xE3 && at[0] <= 0xE9 && left >= 3 && is_continuation(at[1]) && is_continuation(at[2]))
        return 3;
    return 0;
}

enum text_fault text_check(struct bytes text)
{
    for (size_t at = 0; at < text.size;) {
        uint32_t point;
        size_t length = skip_plain(text.data + at, text.size - at);

        if (length != 0) {
            at += length;
            continue;
        }
        length = decode(text.data + at, text.size - at, &point);

        if (length == 0)
            return TEXT_NOT_UTF8;
        if (point == 0)
            return TEXT_HAS_NUL;
        if (is_control(point))
            return TEXT_HAS_CONTROL;
        if (is_bidi(point))
            return TEXT_HAS_BIDI;
        at += length;
    }
    return TEXT_OK;
}

size_t text_length(const char *text)
{
    size_t length = 0;

    for (; *text != '\0'; text++)
        length += !is_continuation((uint8_t)*text);
    return length;
}

bool text_is_blank(const char *text)
{
    struct bytes all = bytes_text(text != NULL ? text : "");

    for (size_t at = 0; at < all.size;) {
        uint32_t point;
        size_t length = decode(all.data + at, all.size - at, &point);

        if (length == 0 || !is_space(point))
            return false;
        at += length;
    }
    return true;
}
