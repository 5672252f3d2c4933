/* text.h - is this what the protocol calls text? (proto/README.md, "Text, numbers, limits") */
#pragma once
#include <stdbool.h>

/* UTF-8 without control characters (but line feed and tab), U+2028, U+2029, U+FEFF and bidirectional controls. */
bool text_is_fit(const char *text);
