/* turn_batch.c - commands packed as they come, sealed all together or one by one. */
#include <criterion/criterion.h>

#include "turn/batch.h"

static struct arena arena;
static struct batch batch;

static void set_up(void)
{
    cr_assert_eq(arena_open(&arena, 256 * 1024 * 1024), 0);
    cr_assert_eq(batch_open(&batch), 0);
}

static void tear_down(void)
{
    batch_close(&batch);
    arena_close(&arena);
}

TestSuite(batch, .init = set_up, .fini = tear_down);

static void add(uint64_t session, uint64_t request, size_t body_size)
{
    Batch__Command command = BATCH__COMMAND__INIT;

    command.has_kind = command.has_session = command.has_request = command.has_body = true;
    command.kind = 20;
    command.session = session;
    command.request = request;
    command.body.len = body_size;
    command.body.data = arena_zalloc(&arena, body_size);
    batch_add(&batch, &command);
}

static Batch__Batch *sealed(size_t first, size_t count)
{
    Batch__Batch head = BATCH__BATCH__INIT;

    head.has_index = head.has_full = true;
    head.index = 4711;
    head.full = true;

    struct bytes bytes = batch_seal(&batch, first, count, &head, &arena);
    Batch__Batch *unpacked = batch__batch__unpack(NULL, bytes.size, bytes.data);

    cr_assert_not_null(unpacked);
    cr_assert_eq(unpacked->index, 4711);
    cr_assert(unpacked->full);
    return unpacked;
}

Test(batch, d2_all_commands_are_sealed_in_the_order_they_came)
{
    for (uint64_t i = 0; i < 300; i++)
        add(i, i + 1000, (size_t)i);

    Batch__Batch *all = sealed(0, 300);

    cr_assert_eq(all->n_commands, 300);
    for (uint64_t i = 0; i < 300; i++) {
        cr_assert_eq(all->commands[i]->session, i);
        cr_assert_eq(all->commands[i]->request, i + 1000);
        cr_assert_eq(all->commands[i]->body.len, i);
    }
    batch__batch__free_unpacked(all, NULL);
}

Test(batch, d2_one_command_can_be_sealed_alone_and_its_sender_is_known)
{
    add(7, 1, 10);
    add(8, 2, 100000);
    batch_add_own(&batch, BATCH__INTERNAL__CLOCK, NULL, &arena);

    Batch__Batch *second = sealed(1, 1), *clock = sealed(2, 1);

    cr_assert_eq(second->n_commands, 1);
    cr_assert_eq(second->commands[0]->session, 8);
    cr_assert_eq(batch.entries[1].session, 8);
    cr_assert_eq(batch.entries[1].request, 2);
    cr_assert_eq(batch.entries[1].kind, 20);
    cr_assert_eq(clock->commands[0]->kind, BATCH__INTERNAL__CLOCK);
    cr_assert_not(clock->commands[0]->has_key);
    batch__batch__free_unpacked(second, NULL);
    batch__batch__free_unpacked(clock, NULL);
}

Test(batch, d2_a_batch_says_in_time_that_it_has_no_room_for_a_frame)
{
    /* By bytes: whatever it lets in fits. */
    while (batch_has_room(&batch, LIMIT_FRAME_BYTES))
        add(1, 1, LIMIT_ENVELOPE_BYTES);
    cr_assert(batch.count >= 2 && batch.used <= BATCH_BYTES);
    cr_assert(batch_has_room_for_own(&batch));

    /* By count: a whole frame of envelopes, and the daemon's own. */
    batch_clear(&batch);
    while (batch_has_room(&batch, 1000))
        for (int i = 0; i < LIMIT_FRAME_ENVELOPES; i++)
            add(1, 1, 1);
    cr_assert(batch.count <= BATCH_COMMANDS - 64);
    for (int i = 0; i < 64; i++) {
        cr_assert(batch_has_room_for_own(&batch));
        batch_add_own(&batch, BATCH__INTERNAL__CLOCK, NULL, &arena);
    }
}
