/* frame.c - frames: taken apart without a copy, and written envelope by envelope. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "wire/bounds.h"
#include "wire/shape.h"
#include "wire/wire.h"

enum wire_type { VARINT = 0, DELIMITED = 2 };

#define TAG(number, type) ((uint8_t)((number) << 3 | (type)))
#define FRAME_SESSION     TAG(1, VARINT)
#define FRAME_ENVELOPES   TAG(2, DELIMITED)
#define ENVELOPE_VERSION  TAG(1, VARINT)
#define ENVELOPE_KIND     TAG(2, VARINT)
#define ENVELOPE_BODY     TAG(6, DELIMITED)

/* One field of a Frame; it has two, and any other is refused. */
static bool take_field(struct bytes *rest, struct frame *frame)
{
    uint64_t tag;

    if (!shape_take_varint(rest, &tag))
        return false;
    if (tag == FRAME_SESSION)
        return shape_take_varint(rest, &frame->session);
    if (tag != FRAME_ENVELOPES || frame->count == LIMIT_FRAME_ENVELOPES)
        return false;
    return shape_take_delimited(rest, &frame->envelopes[frame->count++]);
}

enum refusal frame_open(struct bytes bytes, struct frame *ret_frame)
{
    ret_frame->session = 0;
    ret_frame->count = 0;

    if (bytes.size > LIMIT_FRAME_BYTES)
        return REFUSED_TOO_LARGE;
    while (bytes.size != 0)
        if (!take_field(&bytes, ret_frame))
            return REFUSED_BAD_ENVELOPE;
    return ret_frame->count == 0 ? REFUSED_BAD_ENVELOPE : REFUSED_NOT;
}

static void check_text(const char *name, const char *text, struct findings *findings)
{
    enum refusal fault = text == NULL ? REFUSED_NOT : bound_text_fault(name, text);

    if (fault != REFUSED_NOT)
        findings_add(findings, fault, name);
}

/* Is it one of ours at all? */
static enum refusal envelope_fault(const Referral__Envelope *envelope)
{
    if (envelope->version != PROTOCOL_VERSION)
        return REFUSED_BAD_VERSION;
    if (envelope->base.n_unknown_fields != 0)
        return REFUSED_BAD_ENVELOPE;

    const struct kind_info *kind = envelope->has_kind ? kind_info((uint32_t)envelope->kind) : NULL;

    return kind == NULL || kind->class == KIND_BROKER ? REFUSED_BAD_KIND : REFUSED_NOT;
}

static Referral__Envelope *refuse(struct findings *findings, enum refusal refusal)
{
    findings_add(findings, refusal, "");
    return NULL;
}

Referral__Envelope *frame_envelope(const struct frame *frame, size_t position, struct arena *arena,
                                   struct findings *findings, uint64_t *ret_request)
{
    enum refusal refusal = REFUSED_NOT;
    struct bytes bytes = frame->envelopes[position];

    assert(position < frame->count);
    *ret_request = 0;
    if (bytes.size > LIMIT_ENVELOPE_BYTES)
        return refuse(findings, REFUSED_TOO_LARGE);

    Referral__Envelope *envelope =
        (Referral__Envelope *)wire_unpack(&referral__envelope__descriptor, bytes, arena, &refusal);

    if (envelope == NULL)
        return refuse(findings, refusal == REFUSED_TOO_LARGE ? refusal : REFUSED_BAD_ENVELOPE);
    *ret_request = envelope->request;
    refusal = envelope_fault(envelope);
    if (refusal != REFUSED_NOT)
        return refuse(findings, refusal);
    check_text("message_id", envelope->message_id, findings);
    check_text("acting_for", envelope->acting_for, findings);
    return findings->count == 0 ? envelope : NULL;
}

static size_t varint_size(uint64_t value)
{
    size_t size = 1;

    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

int frame_writer_init(struct frame_writer *writer)
{
    uint8_t *data = malloc(LIMIT_FRAME_BYTES);

    if (data == NULL)
        return -ENOMEM;
    *writer = (struct frame_writer){.data = data};
    return 0;
}

void frame_writer_fini(struct frame_writer *writer)
{
    free(writer->data);
    writer->data = NULL;
}

static void put_varint(struct frame_writer *writer, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        writer->data[writer->used++] = (uint8_t)(value | 0x80);
    writer->data[writer->used++] = (uint8_t)value;
}

static void put_number(struct frame_writer *writer, uint8_t tag, uint64_t value)
{
    writer->data[writer->used++] = tag;
    put_varint(writer, value);
}

void frame_writer_reset(struct frame_writer *writer, uint64_t session)
{
    writer->used = 0;
    writer->count = 0;
    if (session != 0)
        put_number(writer, FRAME_SESSION, session);
}

static size_t envelope_size(uint32_t kind, struct bytes body)
{
    size_t head = 2 + varint_size(PROTOCOL_VERSION) + varint_size(kind);

    return body.size == 0 ? head : head + 1 + varint_size(body.size) + body.size;
}

bool frame_writer_add(struct frame_writer *writer, Referral__Kind kind, struct bytes body)
{
    size_t size = envelope_size((uint32_t)kind, body);
    size_t need = 1 + varint_size(size) + size;

    if (writer->count == LIMIT_FRAME_ENVELOPES || need > LIMIT_FRAME_BYTES - writer->used) {
        assert(writer->count != 0);
        return false;
    }
    put_number(writer, FRAME_ENVELOPES, size);
    put_number(writer, ENVELOPE_VERSION, PROTOCOL_VERSION);
    put_number(writer, ENVELOPE_KIND, (uint32_t)kind);
    if (body.size != 0) {
        put_number(writer, ENVELOPE_BODY, body.size);
        memcpy(writer->data + writer->used, body.data, body.size);
        writer->used += body.size;
    }
    writer->count++;
    return true;
}

struct bytes frame_writer_bytes(const struct frame_writer *writer)
{
    return bytes_of(writer->data, writer->used);
}
