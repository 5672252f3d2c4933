/* wire.h - bytes <-> messages: every bound and text check of the protocol lives here (proto/limits.h).
 *
 * Nothing received is packed again: what is stored and forwarded are the bytes that came (F3). */
#pragma once
#include "base/arena.h"
#include "proto/limits.h"
#include "rules/refusal.h"
#include "wire.pb-c.h"

/* What a kind is. */
enum kind_class {
    KIND_UNKNOWN,
    KIND_SESSION,
    KIND_DELIVERY, /* ACK, NACK */
    KIND_COMMAND,
    KIND_QUERY,
    KIND_BROKER, /* never from a client */
};
struct kind_info {
    const char *name; /* "PUT_TEAM" */
    Referral__Kind kind;
    enum kind_class class;
    const ProtobufCMessageDescriptor *body;   /* NULL: no body */
    const ProtobufCMessageDescriptor *result; /* of queries and SHOW_PAYLOAD; else NULL */
    bool keeps_unknown;                       /* F3: unknown fields of this body survive; of others they are refused */
};
/* NULL for a number that is no kind. */
const struct kind_info *kind_info(uint32_t kind);
const struct kind_info *kind_infos(size_t *ret_count);

/* Unpacks what came from outside, within a budget of LIMIT_UNPACK_FACTOR x size + LIMIT_UNPACK_EXTRA bytes of the
 * arena. NULL: BAD_BODY or TOO_LARGE in ret_refusal; the arena is rewound then. */
ProtobufCMessage *wire_unpack(const ProtobufCMessageDescriptor *descriptor, struct bytes bytes, struct arena *arena,
                              enum refusal *ret_refusal);
/* Walks a message by its descriptor: texts are UTF-8 without controls and bounded, enums in range, repeated fields
 * bounded, no unknown fields unless `keeps_unknown`. Adds every fault with its path. */
void wire_check(const ProtobufCMessage *message, bool keeps_unknown, struct findings *findings);

/* Packs into the arena. */
struct bytes wire_pack(const ProtobufCMessage *message, struct arena *arena);

/* A received frame: first open it, then take envelopes one by one. Borrows the received bytes. */
struct frame {
    uint64_t session; /* 0: none */
    size_t count;
    struct bytes envelopes[LIMIT_FRAME_ENVELOPES];
};
/* NOT refused, BAD_ENVELOPE (not a frame, no or too many envelopes) or TOO_LARGE. */
enum refusal frame_open(struct bytes bytes, struct frame *ret_frame);
/* NULL after adding what is wrong: BAD_ENVELOPE, BAD_VERSION, BAD_KIND or TOO_LARGE, or each text that is TOO_LONG or
 * BAD_TEXT. ret_request is the request's number where it could be read, else 0. */
Referral__Envelope *frame_envelope(const struct frame *frame, size_t position, struct arena *arena,
                                   struct findings *findings, uint64_t *ret_request);

/* Frames to one peer, filled envelope by envelope, handed on when full (LIMIT_FRAME_*). */
struct frame_writer {
    uint8_t *data; /* owned, LIMIT_FRAME_BYTES reserved */
    size_t used, count;
};
int frame_writer_init(struct frame_writer *writer);
void frame_writer_fini(struct frame_writer *writer);
/* False: no room; hand the frame on, reset, and add again (an envelope always fits an empty writer). */
bool frame_writer_add(struct frame_writer *writer, Referral__Kind kind, struct bytes body);
struct bytes frame_writer_bytes(const struct frame_writer *writer);
void frame_writer_reset(struct frame_writer *writer, uint64_t session);

/* Fills `refusals` of a Reply from findings: code, rule, field, both texts (P4). Everything in the arena. */
void reply_add_findings(Referral__Reply *reply, const struct findings *findings, struct arena *arena);
void reply_add_refusal(Referral__Reply *reply, enum refusal refusal, uint32_t retry_after_ms, struct arena *arena);
