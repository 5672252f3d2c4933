#include "outframe.h"

#include <assert.h>
#include <stdlib.h>

#define ENVELOPE_OVERHEAD 8 /* its tag and length in the frame */
#define SESSION_OVERHEAD  16

void outframe_init(struct outframe *frame, uint64_t session)
{
    frame->session = session;
    frame->count = 0;
    frame->bytes = SESSION_OVERHEAD;
}

bool outframe_has_room(const struct outframe *frame, size_t size)
{
    return frame->count < LIMIT_FRAME_ENVELOPES && frame->bytes + size + ENVELOPE_OVERHEAD <= LIMIT_FRAME_BYTES;
}

void outframe_add(struct outframe *frame, const uint8_t *envelope, size_t size)
{
    assert(outframe_has_room(frame, size));
    frame->envelopes[frame->count] = (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)envelope};
    frame->owned[frame->count++] = NULL;
    frame->bytes += size + ENVELOPE_OVERHEAD;
}

bool outframe_say(struct outframe *frame, Referral__Kind kind, const ProtobufCMessage *body)
{
    size_t body_size = body != NULL ? protobuf_c_message_get_packed_size(body) : 0;
    uint8_t *packed_body = malloc(body_size + 1);
    if (packed_body == NULL)
        return false;
    Referral__Envelope envelope = REFERRAL__ENVELOPE__INIT;
    envelope.has_version = envelope.has_kind = true;
    envelope.version = PROTOCOL_VERSION;
    envelope.kind = kind;
    if (body != NULL) {
        envelope.has_body = true;
        envelope.body = (ProtobufCBinaryData){.len = protobuf_c_message_pack(body, packed_body), .data = packed_body};
    }
    size_t size = referral__envelope__get_packed_size(&envelope);
    uint8_t *packed = outframe_has_room(frame, size) ? malloc(size + 1) : NULL;
    if (packed != NULL) {
        referral__envelope__pack(&envelope, packed);
        outframe_add(frame, packed, size);
        frame->owned[frame->count - 1] = packed;
    }
    free(packed_body);
    return packed != NULL;
}

bool outframe_send(struct outframe *frame, struct wirelink *link)
{
    Referral__Frame message = REFERRAL__FRAME__INIT;
    message.has_session = frame->session != 0;
    message.session = frame->session;
    message.n_envelopes = frame->count;
    message.envelopes = frame->envelopes;
    zmq_msg_t part;
    bool sent = false;
    if (zmq_msg_init_size(&part, referral__frame__get_packed_size(&message)) == 0) {
        referral__frame__pack(&message, zmq_msg_data(&part));
        sent = wirelink_send(link, &part);
        zmq_msg_close(&part); /* harmless once it is sent */
    }
    for (size_t i = 0; i < frame->count; i++)
        free(frame->owned[i]);
    outframe_init(frame, frame->session);
    return sent;
}
