/* promises.c - frames as they pass, taken apart a second time. */
#include "crash/promises.h"

#include "engine/inbox.h"

static void note_envelope(struct promises *promises, struct world *w, const uint8_t key[32], ProtobufCBinaryData bytes)
{
    const Referral__Envelope *envelope = referral__envelope__unpack(&w->allocator, bytes.len, bytes.data);
    const struct kind_info *kind = kind_info((uint32_t)envelope->kind);
    struct promise *promise = &promises->asked[promises->count];

    if (kind->class != KIND_COMMAND)
        return;
    cr_assert_lt(promises->count, PROMISES_MAX);
    *promise = (struct promise){.request = envelope->request};
    memcpy(promise->key, key, sizeof promise->key);
    promise->envelope = arena_copy(&w->arena, bytes_of(bytes.data, bytes.len));
    promises->count++;
}

void promises_note_frame(struct promises *promises, struct world *w, const uint8_t key[32], struct bytes bytes)
{
    const Referral__Frame *frame = referral__frame__unpack(&w->allocator, bytes.size, bytes.data);

    for (size_t i = 0; !promises->is_over && i < frame->n_envelopes; i++)
        note_envelope(promises, w, key, frame->envelopes[i]);
}

void promises_hear_turn(struct promises *promises, uint64_t index)
{
    if (promises->is_over)
        return;
    if (index > promises->needed)
        promises->needed = index;
    promises->heard++;
    if (promises->hears != NULL)
        promises->hears(promises);
}

static void hear_reply(struct promises *promises, const Referral__Reply *reply)
{
    if (reply->request == promises->awaited) {
        promises->answered_index = reply->index;
        promises->was_refused = reply->n_refusals != 0;
    }
    for (size_t i = 0; !promises->is_over && i < promises->count; i++)
        if (promises->asked[i].request == reply->request && reply->n_refusals == 0) {
            promises_hear_turn(promises, reply->index);
            promises->asked[i].said_index = reply->index;
            promises->asked[i].heard = promises->heard;
        }
}

static void hear_delivery(struct promises *promises, const Referral__Delivery *delivery)
{
    struct inbox_ref ref;
    uint32_t incarnation;

    if (delivery_id_decode(bytes_of(delivery->delivery_id.data, delivery->delivery_id.len), &incarnation, &ref))
        promises_hear_turn(promises, ref.index);
}

void promises_hear_frame(struct promises *promises, struct world *w, struct bytes bytes)
{
    ProtobufCAllocator *allocator = &w->allocator;
    const Referral__Frame *frame = referral__frame__unpack(allocator, bytes.size, bytes.data);

    for (size_t i = 0; i < frame->n_envelopes; i++) {
        const Referral__Envelope *envelope =
            referral__envelope__unpack(allocator, frame->envelopes[i].len, frame->envelopes[i].data);
        struct bytes body = bytes_of(envelope->body.data, envelope->body.len);

        if (envelope->kind == REFERRAL__KIND__REPLY)
            hear_reply(promises, referral__reply__unpack(allocator, body.size, body.data));
        else if (envelope->kind == REFERRAL__KIND__DELIVERY)
            hear_delivery(promises, referral__delivery__unpack(allocator, body.size, body.data));
    }
}

static const char *name_of_key(const uint8_t key[32])
{
    static const char *const names[] = {"T07", "H1", "C1", "V1", "OP"};
    uint8_t its[32];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        world_key(its, names[i]);
        if (memcmp(its, key, sizeof its) == 0)
            return names[i];
    }
    return NULL;
}

static const char *ask_again(struct promises *promises, struct world *w, const struct promise *promise)
{
    Referral__Frame frame = REFERRAL__FRAME__INIT;
    ProtobufCBinaryData envelope = {.data = (uint8_t *)promise->envelope.data, .len = promise->envelope.size};
    const char *who = name_of_key(promise->key);
    const struct peer *peer;

    if (who == NULL)
        return NULL; /* a key that the script made */
    w->peer_count = 0;
    world_connect(w, arena_format(&w->arena, "%s/again", who), 0);
    peer = &w->peers[0];
    frame.has_session = true;
    frame.session = peer->session;
    frame.envelopes = &envelope;
    frame.n_envelopes = 1;
    promises->awaited = promise->request;
    promises->answered_index = 0;
    promises->was_refused = false;
    turn_receive(w->turn, peer->number, promise->key, wire_pack(&frame.base, &w->arena), w->clock);
    world_settle(w);
    turn_peer_lost(w->turn, peer->number);
    if (promises->was_refused)
        return "a command that was accepted is refused";
    return promises->answered_index == promise->said_index ? NULL : "a command that was accepted is done again";
}

const char *promises_ask_again(struct promises *promises, struct world *w, size_t heard, size_t most)
{
    const char *wrong = NULL;

    for (size_t i = promises->count; i-- != 0 && most != 0 && wrong == NULL;)
        if (promises->asked[i].said_index != 0 && promises->asked[i].heard <= heard) {
            wrong = ask_again(promises, w, &promises->asked[i]);
            most--;
        }
    return wrong;
}
