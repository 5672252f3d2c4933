/* Big-endian numbers keep the order of meaning on disk; hex goes both ways. */
#include <criterion/criterion.h>

#include "base/bytes.h"

Test(bytes, big_endian_order_is_numeric_order)
{
    static const uint64_t rising[] = {0, 1, 255, 256, 65535, 65536, 1ULL << 31, 1ULL << 32, 1ULL << 63, UINT64_MAX};
    uint8_t before[8], after[8];

    for (size_t i = 0; i < sizeof rising / sizeof *rising; i++) {
        put_be64(after, rising[i]);
        cr_assert_eq(get_be64(after), rising[i]);
        cr_assert(i == 0 || memcmp(before, after, 8) < 0, "%zu", i);
        memcpy(before, after, 8);
    }
}

Test(bytes, big_endian_puts_the_highest_byte_first)
{
    uint8_t at[8];

    put_be16(at, 0x0102);
    cr_assert(memcmp(at, "\1\2", 2) == 0 && get_be16(at) == 0x0102);
    put_be32(at, 0x01020304);
    cr_assert(memcmp(at, "\1\2\3\4", 4) == 0 && get_be32(at) == 0x01020304);
    put_be64(at, 0x0102030405060708);
    cr_assert(memcmp(at, "\1\2\3\4\5\6\7\10", 8) == 0 && get_be64(at) == 0x0102030405060708);
    put_be32(at, UINT32_MAX);
    cr_assert_eq(get_be32(at), UINT32_MAX);
}

Test(bytes, equality_looks_at_size_and_content)
{
    cr_assert(bytes_equal(bytes_text("abc"), bytes_of("abcd", 3)));
    cr_assert(!bytes_equal(bytes_text("abc"), bytes_text("abd")));
    cr_assert(!bytes_equal(bytes_text("abc"), bytes_text("ab")));
    cr_assert(bytes_equal(bytes_of(NULL, 0), bytes_text("")));
}

Test(bytes, hex_comes_back)
{
    uint8_t in[256], out[256];
    char text[2 * 256 + 1];

    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)i;
    hex_encode(text, bytes_of(in, sizeof in));
    cr_assert_eq(strlen(text), 512);
    cr_assert(strncmp(text, "000102", 6) == 0 && strcmp(text + 508, "feff") == 0);
    cr_assert(hex_decode(out, sizeof out, text));
    cr_assert(memcmp(in, out, sizeof in) == 0);
}

Test(bytes, hex_of_another_length_or_alphabet_is_refused)
{
    uint8_t out[2];

    cr_assert(hex_decode(out, 2, "aBFf") && out[0] == 0xab && out[1] == 0xff);
    cr_assert(!hex_decode(out, 2, "abf"));
    cr_assert(!hex_decode(out, 2, "abff0"));
    cr_assert(!hex_decode(out, 2, "abfg"));
    cr_assert(!hex_decode(out, 2, "ab f"));
    cr_assert(!hex_decode(out, 2, ""));
}
