#include "text.h"

#include <stddef.h>
#include <stdint.h>

/* Length of the character at `at`, and the character; 0: no UTF-8. The NUL at the end continues nothing. */
static size_t decode(const uint8_t *at, uint32_t *ret_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = at[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 0;
    if (length == 0)
        return 0;
    uint32_t point = length == 1 ? lead : lead & (0x7FU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3FU);
    }
    *ret_point = point;
    return point >= smallest[length] && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF) ? length : 0;
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

bool text_is_fit(const char *text)
{
    for (const uint8_t *at = (const uint8_t *)text; *at != 0;) {
        uint32_t point = 0;
        size_t length = decode(at, &point);
        if (length == 0 || is_control(point) || is_bidi(point))
            return false;
        at += length;
    }
    return true;
}
