/* wire_shape.c - bytes that every protobuf library reads alike are taken; those that ours alone would read, or read
 * otherwise, are not (F3). */
#include <criterion/criterion.h>

#include "registry.pb-c.h"
#include "wire/shape.h"
#include "wire/wire.h"

static bool is_sound(const char *hex)
{
    uint8_t bytes[64];
    size_t size = strlen(hex) / 2;

    cr_assert(size <= sizeof bytes && hex_decode(bytes, size, hex), "%s", hex);
    return shape_is_sound(&referral__sheet__descriptor, bytes_of(bytes, size));
}

struct row {
    const char *hex, *what;
};

Test(shape, f3_what_every_library_reads_alike_is_sound)
{
    static const struct row rows[] = {
        {"", "nothing"},
        {"0a0141", "sender_reference"},
        {"8a000141", "with a padded tag"},
        {"0a810041", "with a padded length"},
        {"2002", "a bool above one"},
        {"3803", "priority"},
        {"38ffffffffffffffffff01", "an enum of 64 bits"},
        {"7a050a014128017a00", "a patient in two pieces"},
        {"fa3f036f776e", "field 1023"},
        {"faffffff0f00", "the largest field number"},
        {"f93f0000000000000000", "unknown, 64 bits"},
        {"fd3f00000000", "unknown, 32 bits"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert(is_sound(rows[i].hex), "%s", rows[i].what);
}

Test(shape, f3_what_one_library_alone_would_take_is_not)
{
    static const struct row rows[] = {
        {"00", "field 0"},
        {"0200", "field 0 with content"},
        {"820002aabb", "field 0 with a padded tag"},
        {"7a020000", "field 0 inside a patient"},
        {"8a808080100141", "a tag beyond 32 bits that would be taken for field 1"},
        {"8a80808080000141", "a tag of six bytes"},
        {"220101", "a length-delimited field for a bool"},
        {"7a032a0101", "the same inside a patient: its bool age_unknown"},
        {"0a", "a tag alone"},
        {"0a02", "a length without content"},
        {"0a0241", "content cut short"},
        {"38", "no value"},
        {"38ffffffffffffffffffff01", "a number without end"},
        {"38ffffffffffffffffff02", "a number of 65 bits"},
        {"0801", "a number for a text"},
        {"390000000000000000", "64 bits for an enum"},
        {"3d00000000", "32 bits for an enum"},
        {"0b0c", "a group"},
        {"fb3ffc3f", "an unknown group"},
        {"fe3f", "no wire type"},
        {"7a0441", "a patient cut short"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_not(is_sound(rows[i].hex), "%s", rows[i].what);
}

Test(shape, f2_lists_of_numbers_may_come_packed_or_not)
{
    static const uint8_t packed[] = {0x22, 0x02, 1, 2}, single[] = {0x20, 1, 0x20, 2}, wrong[] = {0x25, 1, 0, 0, 0};

    cr_assert(shape_is_sound(&referral__relation__descriptor, bytes_of(packed, sizeof packed)));
    cr_assert(shape_is_sound(&referral__relation__descriptor, bytes_of(single, sizeof single)));
    cr_assert_not(shape_is_sound(&referral__relation__descriptor, bytes_of(wrong, sizeof wrong)));
}

Test(shape, f3_what_is_not_sound_is_no_body)
{
    static const uint8_t zero[] = {0x02, 0x00};
    enum refusal refusal = REFUSED_NOT;
    struct arena arena;

    cr_assert_eq(arena_open(&arena, 1 << 20), 0);
    cr_assert_null(wire_unpack(&referral__sheet__descriptor, bytes_of(zero, sizeof zero), &arena, &refusal));
    cr_assert_eq(refusal, REFUSED_BAD_BODY);
    arena_close(&arena);
}
