/* fuzz_frame.c - any bytes as a frame, or as an envelope in a sound one, to a broker with a session.
 *
 *   0 to 127: a frame as it comes; from 128 on: an envelope, in the session of that speaker */
#include <assert.h>

#include "fuzz/fuzz.h"
#include "fuzz/stage.h"

#define ARENA_BYTES (1UL << 30)

/* Everything that is said of an envelope is what its bytes say. */
static void look_at(const struct frame *frame, size_t position, struct arena *arena)
{
    enum refusal refusal = REFUSED_NOT;
    struct findings found = {.count = 0};
    uint64_t request = 0;
    const Referral__Envelope *envelope = frame_envelope(frame, position, arena, &found, &request);
    const struct kind_info *kind;

    fuzz_expect((envelope == NULL) == (found.count != 0), "an envelope is taken or refused");
    if (envelope == NULL)
        return;
    kind = kind_info((uint32_t)envelope->kind);
    fuzz_expect(kind != NULL && kind->class != KIND_BROKER, "a kind that clients say");
    fuzz_expect(envelope->request == request, "the request that is answered");
    fuzz_expect(envelope->message_id == NULL || strlen(envelope->message_id) <= LIMIT_ENVELOPE_BYTES, "bounded");
    if (kind->body != NULL) {
        const ProtobufCMessage *body =
            wire_unpack(kind->body, bytes_of(envelope->body.data, envelope->body.len), arena, &refusal);
        struct findings findings = {.count = 0};

        if (body != NULL)
            wire_check(body, kind->keeps_unknown, &findings);
    }
}

static void look(struct bytes bytes)
{
    static struct arena arena;
    struct frame frame;
    enum refusal refusal = frame_open(bytes, &frame);

    if (arena.base == NULL)
        assert(arena_open(&arena, ARENA_BYTES) == 0);
    fuzz_expect(refusal != REFUSED_NOT || (frame.count >= 1 && frame.count <= LIMIT_FRAME_ENVELOPES), "some envelopes");
    for (size_t i = 0; refusal == REFUSED_NOT && i < frame.count; i++) {
        arena_reset(&arena, 1UL << 20);
        look_at(&frame, i, &arena);
    }
}

static struct bytes framed(struct world *w, const struct peer *peer, struct bytes envelope)
{
    Referral__Frame frame = REFERRAL__FRAME__INIT;
    ProtobufCBinaryData one = {.data = (uint8_t *)(uintptr_t)envelope.data, .len = envelope.size};

    frame.has_session = true;
    frame.session = peer->session;
    frame.envelopes = &one;
    frame.n_envelopes = 1;
    return wire_pack(&frame.base, &w->arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world *w;
    static uint64_t played, index;
    struct bytes rest = bytes_of(data, size);
    uint8_t first = fuzz_byte(&rest), key[32];
    struct peer *peer;
    const char *speaker;

    if (w == NULL) {
        w = stage_begin();
        for (uint8_t i = 0; i < STAGE_SPEAKERS; i++)
            world_connect(w, stage_speaker(i), i == 0 ? 0 : 10);
        index = store_mark(w->store).index;
        played = 0;
    }
    w->asked = NULL;
    speaker = stage_speaker(first);
    peer = world_peer(w, speaker);
    if (first >= 128)
        rest = framed(w, peer, rest);
    look(rest);
    world_key(key, speaker);
    turn_receive(w->turn, peer->number, key, rest, w->clock);
    world_settle(w);
    /* What lasts would decide about the next input. */
    if (store_mark(w->store).index != index || peer->number == 0 || turn_counters(w->turn).sessions != STAGE_SPEAKERS ||
        ++played % 256 == 0) {
        stage_end(w);
        w = NULL;
    }
    return 0;
}
