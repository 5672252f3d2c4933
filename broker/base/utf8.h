/* utf8.h - is this text fit to be stored, shown and compared? (proto/README.md, "Text") */
#pragma once
#include "base/bytes.h"

enum text_fault {
    TEXT_OK = 0,
    TEXT_NOT_UTF8, /* invalid, overlong, surrogate, beyond U+10FFFF */
    TEXT_HAS_NUL,
    TEXT_HAS_CONTROL, /* C0 but line feed and tab, DEL, C1, U+2028/2029, U+FEFF */
    TEXT_HAS_BIDI,    /* U+061C, U+200E/F, U+202A-E, U+2066-9 */
};

enum text_fault text_check(struct bytes text);
/* Characters (code points) of valid text. */
size_t text_length(const char *text);
/* Nothing but white space, including U+3000 and U+00A0; NULL is blank, too. */
bool text_is_blank(const char *text);
