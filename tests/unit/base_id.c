/* Ids: order of giving, one spelling each, and foreign ids that are none of ours. */
#include <criterion/criterion.h>

#include "base/id.h"

Test(id, keys_are_in_order_of_giving)
{
    static const struct id rising[] = {{1, 0, 0},          {1, 0, 1},         {1, 0, UINT16_MAX}, {1, 1, 0},
                                       {1, UINT64_MAX, 0}, {2, 0, 0},         {1763000000, 7, 2}, {1763000000, 8, 0},
                                       {1763000001, 1, 0}, {UINT32_MAX, 1, 1}};
    uint8_t before[ID_KEY_SIZE], after[ID_KEY_SIZE];

    for (size_t i = 0; i < sizeof rising / sizeof *rising; i++) {
        id_to_key(after, rising[i]);
        cr_assert(id_equal(id_from_key(after), rising[i]), "%zu", i);
        cr_assert(i == 0 || memcmp(before, after, ID_KEY_SIZE) < 0, "%zu", i);
        memcpy(before, after, ID_KEY_SIZE);
    }
}

Test(id, text_comes_back)
{
    static const struct id ids[] = {
        {1, 0, 0}, {35, 9, 9}, {36, 10, 10}, {1763000000, 4711, 3}, {UINT32_MAX, UINT64_MAX, UINT16_MAX}};
    char text[ID_TEXT_SIZE];
    struct id id;

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        id_format(text, "bd", ids[i]);
        cr_assert(id_parse(text, "bd", &id), "%s", text);
        cr_assert(id_equal(id, ids[i]), "%s", text);
    }
    id_format(text, "bd", (struct id){1763000000, 4711, 3});
    cr_assert_str_eq(text, "bd-t5n7i8-4711-3");
    id_format(text, "abcdefghijkl", ids[4]);
    cr_assert_str_eq(text, "abcdefghijkl-1z141z3-18446744073709551615-65535");
}

Test(id, every_other_spelling_is_refused)
{
    static const char *const bad[] = {"",
                                      "bd",
                                      "bd-",
                                      "bd-a",
                                      "bd-a-1",
                                      "bd-a-1-",
                                      "bd-a-1-2-",
                                      "bd-a-1-2 ",
                                      " bd-a-1-2",
                                      "bd-A-1-2",
                                      "bd-0a-1-2",
                                      "bd-a-01-2",
                                      "bd-a-1-02",
                                      "bd-a-+1-2",
                                      "bd-a--1-2",
                                      "bd-a- 1-2",
                                      "bd-0-1-2",
                                      "bd-a-1-65536",
                                      "bd-1z141z4-1-2",
                                      "bd-a-18446744073709551616-2",
                                      "bd-zzzzzzzzzzzzzzzzzzzzzzzzzz-1-2",
                                      "xx-a-1-2",
                                      "bdx-a-1-2",
                                      "a-1-2"};
    struct id id;

    cr_assert(id_parse("bd-a-1-2", "bd", &id) && id_equal(id, (struct id){10, 1, 2}));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(!id_parse(bad[i], "bd", &id), "\"%s\"", bad[i]);
}

Test(ulid, order_of_text_is_order_of_key)
{
    static const char *const rising[] = {"00000000000000000000000000", "00000000000000000000000001",
                                         "0000000000000000000000000Z", "00000000000000000000000010",
                                         "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW",
                                         "01ARZ3NDEM0000000000000000", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"};
    uint8_t before[16], after[16];

    for (size_t i = 0; i < sizeof rising / sizeof *rising; i++) {
        cr_assert(ulid_parse(rising[i], after), "%s", rising[i]);
        cr_assert(i == 0 || memcmp(before, after, 16) < 0, "%s", rising[i]);
        memcpy(before, after, 16);
    }
    for (size_t i = 0; i < 16; i++)
        cr_assert_eq(after[i], 0xff);
}

Test(ulid, time_is_the_first_six_bytes)
{
    static const uint8_t time[6] = {0x01, 0x56, 0x3e, 0x3a, 0xb5, 0xd3};
    uint8_t key[16];

    cr_assert(ulid_parse("01ARZ3NDEKTSV4RRFFQ69G5FAV", key));
    cr_assert(memcmp(key, time, 6) == 0);
}

Test(ulid, other_forms_are_foreign)
{
    static const char *const foreign[] = {"",
                                          "01ARZ3NDEKTSV4RRFFQ69G5FA",
                                          "01ARZ3NDEKTSV4RRFFQ69G5FAVV",
                                          "01arz3ndektsv4rrffq69g5fav",
                                          "81ARZ3NDEKTSV4RRFFQ69G5FAV",
                                          "01ARZ3NDEKTSV4RRFFQ69G5FAU",
                                          "01ARZ3NDEKTSV4RRFFQ69G5FAI",
                                          "01ARZ3NDEKTSV4RRFFQ69G5FAL",
                                          "01ARZ3NDEKTSV4RRFFQ69G5FAO",
                                          "01ARZ3NDEKTSV4RRFFQ69G5-AV",
                                          "ZZARZ3NDEKTSV4RRFFQ69G5FAV"};
    uint8_t key[16];

    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        cr_assert(!ulid_parse(foreign[i], key), "%s", foreign[i]);
}
