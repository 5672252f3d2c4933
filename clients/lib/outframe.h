/* outframe.h - one frame on its way out: up to 64 envelopes side by side, borrowed or its own. */
#pragma once
#include "wirelink.h"

struct outframe {
    uint64_t session; /* 0: none, for HELLO */
    size_t count, bytes;
    ProtobufCBinaryData envelopes[LIMIT_FRAME_ENVELOPES];
    uint8_t *owned[LIMIT_FRAME_ENVELOPES];
};

void outframe_init(struct outframe *frame, uint64_t session);
bool outframe_has_room(const struct outframe *frame, size_t size);
/* Borrowed until it is sent; there must be room. */
void outframe_add(struct outframe *frame, const uint8_t *envelope, size_t size);
/* An envelope of a session kind or ACK; `body` may be NULL. False: no room or no memory. */
bool outframe_say(struct outframe *frame, Referral__Kind kind, const ProtobufCMessage *body);
/* Sends it and frees what is its own, in either case. False: the connection takes nothing. */
bool outframe_send(struct outframe *frame, struct wirelink *link);
