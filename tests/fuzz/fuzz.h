/* fuzz.h - what a harness of hostile bytes is made of.
 *
 * Each fuzz_NAME.c takes one input and aborts where something is not as promised. It is linked twice: with libFuzzer
 * (option FUZZ), which invents inputs, and with replay.c, which plays those that are kept in corpus/NAME. An input
 * alone decides what happens: nothing lasts from one to the next. */
#pragma once
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); /* always 0 */

/* Stays on in every build, and says what was promised. */
#define fuzz_expect(condition, promise)                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, promise);                                       \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* The next byte, and the input goes on behind it; 0 where there is none. */
static inline uint8_t fuzz_byte(struct bytes *rest)
{
    if (rest->size == 0)
        return 0;
    rest->size--;
    return *rest->data++;
}
