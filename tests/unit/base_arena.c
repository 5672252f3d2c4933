/* The memory of one turn. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>

#include "base/arena.h"

#define MIB (1024 * 1024)

Test(arena, what_is_allocated_is_aligned_and_apart)
{
    struct arena arena;

    cr_assert_eq(arena_open(&arena, MIB), 0);
    for (size_t size = 0; size < 200; size++) {
        uint8_t *one = arena_alloc(&arena, size), *other = arena_zalloc(&arena, size);

        cr_assert_eq((uintptr_t)one % 16, 0);
        cr_assert(other >= one + size);
        memset(one, 0xff, size);
        for (size_t i = 0; i < size; i++)
            cr_assert_eq(other[i], 0);
    }
    arena_close(&arena);
}

Test(arena, copies_are_the_arenas_own)
{
    struct arena arena;
    char text[] = "转诊";

    cr_assert_eq(arena_open(&arena, MIB), 0);

    struct bytes bytes = arena_copy(&arena, bytes_text(text));
    char *copy = arena_text(&arena, text);

    memset(text, 'x', sizeof text - 1);
    cr_assert(bytes_equal(bytes, bytes_text("转诊")));
    cr_assert_str_eq(copy, "转诊");
    cr_assert_null(arena_text(&arena, NULL));
    cr_assert_eq(arena_copy(&arena, bytes_of(NULL, 0)).size, 0);
    cr_assert_str_eq(arena_format(&arena, "%s-%d", "a", 7), "a-7");
    arena_close(&arena);
}

Test(arena, rewind_gives_back_what_came_after_the_mark)
{
    struct arena arena;

    cr_assert_eq(arena_open(&arena, MIB), 0);

    char *kept = arena_text(&arena, "kept");
    size_t mark = arena_mark(&arena);
    void *given = arena_alloc(&arena, 1000);

    arena_rewind(&arena, mark);
    cr_assert_eq(arena_alloc(&arena, 1000), given);
    cr_assert_str_eq(kept, "kept");
    arena_close(&arena);
}

Test(arena, reset_begins_again_and_hands_pages_back)
{
    struct arena arena;

    cr_assert_eq(arena_open(&arena, 64 * MIB), 0);
    for (int turn = 0; turn < 3; turn++) {
        uint8_t *all = arena_alloc(&arena, 32 * MIB);

        cr_assert_eq(all, arena.base);
        memset(all, 1, 32 * MIB);
        cr_assert_eq(arena.high, 32 * MIB);
        arena_reset(&arena, 4096);
        cr_assert_eq(arena.used, 0);
        cr_assert_eq(arena.high, 4096);
    }

    uint8_t *again = arena_alloc(&arena, 8192);

    cr_assert_eq(again[8191], 0); /* the page went back to the system, and came anew */
    arena_close(&arena);
}

Test(arena, a_reservation_of_a_terabyte_costs_nothing)
{
    struct arena arena;

    cr_assert_eq(arena_open(&arena, (size_t)1 << 40), 0);
    memset(arena_alloc(&arena, 10), 1, 10);
    arena_close(&arena);
    arena_close(&arena); /* harmless */
}

Test(arena, what_was_never_opened_is_closed_without_harm)
{
    struct arena arena = {0};

    arena_close(NULL);
    arena_close(&arena);
    cr_assert_eq(arena_open(&arena, SIZE_MAX / 2), -ENOMEM);
    cr_assert_null(arena.base);
}

Test(arena, running_past_the_reservation_is_a_bug, .signal = SIGABRT)
{
    struct arena arena;

    arena_open(&arena, MIB);
    arena_alloc(&arena, MIB);
    arena_alloc(&arena, 1);
}

Test(arena, a_size_that_would_overflow_is_a_bug, .signal = SIGABRT)
{
    struct arena arena;

    arena_open(&arena, MIB);
    arena_alloc(&arena, SIZE_MAX);
}
