/* engine_box.c - the engine on the stage's store, without sessions, disk or end. */
#include <assert.h>
#include <errno.h>

#include "engine/binary.h"
#include "fuzz/engine_box.h"
#include "fuzz/fuzz.h"

#define ARENA_BYTES (1UL << 30)
#define CLOCKS_MAX  100

static struct box the_box;

struct box *box_begin(void)
{
    struct box *box = &the_box;
    struct store_mark mark;

    if (box->w == NULL) {
        box->w = stage_begin();
        assert(arena_open(&box->arena, ARENA_BYTES) == 0);
    }
    arena_reset(&box->arena, 1UL << 20);
    assert(store_turn_begin(box->w->store, &box->arena, &box->txn) == 0);
    mark = store_mark(box->w->store);
    box->index = mark.index;
    box->now = mark.time;
    box->hold = box->full = box->draining = false;
    return box;
}

void box_end(struct box *box)
{
    store_turn_abort(box->txn);
    box->txn = NULL;
}

static int apply(struct box *box, Batch__Command *command)
{
    const struct store_identity *identity = store_identity(box->w->store);
    Batch__Batch batch = BATCH__BATCH__INIT;
    int failure;

    batch.has_format = batch.has_incarnation = batch.has_rules_version = batch.has_index = batch.has_now_ms = true;
    batch.has_store_id = batch.has_hold = batch.has_full = batch.has_draining = true;
    batch.format = 1;
    batch.store_id = binary_copy(&box->arena, bytes_of(identity->store_id, sizeof identity->store_id));
    batch.incarnation = identity->incarnation;
    batch.rules_version = RULES_VERSION;
    batch.index = ++box->index;
    batch.now_ms = box->now.ms;
    batch.hold = box->hold;
    batch.full = box->full;
    batch.draining = box->draining;
    batch.commands = &command;
    batch.n_commands = 1;
    box->effects = (struct effects){0};
    failure = engine_apply(box->txn, binary_bytes(binary_pack(&box->arena, &batch.base)), &box->effects);
    fuzz_expect(failure == store_failure(box->txn) || failure == -EOVERFLOW, "a failure is the store's");
    fuzz_expect(failure != 0 || box->effects.outcome_count == 1, "one outcome for a command");
    return failure;
}

int box_command(struct box *box, const char *speaker, uint32_t kind, const char *message_id, struct bytes body)
{
    Batch__Command command = BATCH__COMMAND__INIT;

    command.has_kind = command.has_key = command.has_session = command.has_request = command.has_position = true;
    command.kind = kind;
    command.key = (ProtobufCBinaryData){.len = 32, .data = arena_alloc(&box->arena, 32)};
    world_key(command.key.data, speaker);
    command.institution = arena_text(&box->arena, speaker);
    command.message_id = arena_text(&box->arena, message_id);
    command.has_body = body.size != 0;
    command.body = binary_copy(&box->arena, body);
    return apply(box, &command);
}

int box_clock(struct box *box)
{
    int failure = 0;

    for (int i = 0; failure == 0 && i < CLOCKS_MAX && (i == 0 || box->effects.due_left); i++) {
        Batch__Command command = BATCH__COMMAND__INIT;

        command.has_kind = true;
        command.kind = BATCH__INTERNAL__CLOCK;
        failure = apply(box, &command);
    }
    return failure;
}

static const Referral__Reply *read_reply(struct box *box, struct bytes bytes)
{
    enum refusal refusal = REFUSED_NOT;
    const ProtobufCMessage *reply = wire_unpack(&referral__reply__descriptor, bytes, &box->arena, &refusal);

    fuzz_expect(reply != NULL, "an answer can be read");
    return (const Referral__Reply *)reply;
}

const Referral__Reply *box_reply(struct box *box)
{
    return read_reply(box, box->effects.outcomes[0].reply);
}

/* ---- Questions ---- */

static struct live_inbox no_inbox(void *user, uint32_t institution)
{
    (void)user, (void)institution;
    return (struct live_inbox){0};
}

static bool not_in_flight(void *user, struct inbox_ref ref)
{
    (void)user, (void)ref;
    return false;
}

static size_t no_sessions(void *user, uint64_t epoch, struct live_session *out, size_t room)
{
    (void)user, (void)epoch, (void)out, (void)room;
    return 0;
}

const Referral__Reply *box_ask(struct box *box, const char *speaker, uint32_t kind, struct bytes body)
{
    static const struct live nobody = {
        .inbox = no_inbox,
        .in_flight = not_in_flight,
        .sessions_after = no_sessions,
        .broker_version = "test",
    };
    uint8_t key[32];
    struct question question = {
        .key = key, .kind = kind, .body = body, .request = 1, .language = "en", .now = box->now};

    world_key(key, speaker);
    return read_reply(box, query_answer(box->txn, &box->arena, &question, &nobody));
}
