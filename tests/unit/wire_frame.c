/* wire_frame.c - frames in and out, and the envelopes in them. */
#include <criterion/criterion.h>

#include "wire/wire.h"

static struct arena arena;

static void set_up(void)
{
    cr_assert_eq(arena_open(&arena, 64 * 1024 * 1024), 0);
}

static void tear_down(void)
{
    arena_close(&arena);
}

TestSuite(frame, .init = set_up, .fini = tear_down);

static struct bytes pack_frame(uint64_t session, struct bytes *envelopes, size_t count)
{
    Referral__Frame frame = REFERRAL__FRAME__INIT;
    ProtobufCBinaryData *list = arena_alloc(&arena, count * sizeof *list);

    for (size_t i = 0; i < count; i++)
        list[i] = (ProtobufCBinaryData){.data = (uint8_t *)envelopes[i].data, .len = envelopes[i].size};
    frame.has_session = session != 0;
    frame.session = session;
    frame.envelopes = list;
    frame.n_envelopes = count;
    return wire_pack(&frame.base, &arena);
}

static Referral__Envelope envelope_of(uint32_t kind)
{
    Referral__Envelope envelope = REFERRAL__ENVELOPE__INIT;

    envelope.has_version = envelope.has_kind = envelope.has_request = true;
    envelope.version = PROTOCOL_VERSION;
    envelope.kind = (Referral__Kind)kind;
    envelope.request = 7;
    return envelope;
}

static struct findings found; /* in the last one judged */

/* The first refusal of the one envelope `bytes`. */
static enum refusal judge_bytes(struct bytes bytes, uint64_t *ret_request)
{
    struct frame frame;
    Referral__Envelope *envelope = NULL;

    found.count = 0;
    cr_assert_eq(frame_open(pack_frame(5, &bytes, 1), &frame), REFUSED_NOT);
    cr_assert_eq(frame.session, 5);
    envelope = frame_envelope(&frame, 0, &arena, &found, ret_request);
    cr_assert_eq(envelope == NULL, found.count != 0);
    return found.count == 0 ? REFUSED_NOT : found.list[0].refusal;
}

static enum refusal judge(const Referral__Envelope *envelope)
{
    uint64_t request;
    enum refusal refusal = judge_bytes(wire_pack(&envelope->base, &arena), &request);

    cr_assert_eq(request, envelope->request);
    return refusal;
}

Test(frame, d_a_frame_holds_one_to_sixty_four_envelopes_in_order)
{
    struct bytes envelopes[LIMIT_FRAME_ENVELOPES + 1];
    struct frame frame;

    for (size_t i = 0; i <= LIMIT_FRAME_ENVELOPES; i++)
        envelopes[i] = bytes_of("abcdefgh", i % 8);
    cr_assert_eq(frame_open(pack_frame(1ULL << 63, envelopes, LIMIT_FRAME_ENVELOPES), &frame), REFUSED_NOT);
    cr_assert_eq(frame.session, 1ULL << 63);
    cr_assert_eq(frame.count, LIMIT_FRAME_ENVELOPES);
    for (size_t i = 0; i < frame.count; i++)
        cr_assert(bytes_equal(frame.envelopes[i], envelopes[i]));
    cr_assert_eq(frame_open(pack_frame(0, envelopes, 0), &frame), REFUSED_BAD_ENVELOPE);
    cr_assert_eq(frame_open(pack_frame(0, envelopes, LIMIT_FRAME_ENVELOPES + 1), &frame), REFUSED_BAD_ENVELOPE);
}

Test(frame, d_a_frame_truncated_anywhere_is_refused_or_a_shorter_frame)
{
    struct bytes envelopes[] = {bytes_text("first"), bytes_text("second")};
    struct bytes whole = pack_frame(300, envelopes, 2);
    struct frame frame;
    size_t readable = 0;

    for (size_t size = 0; size < whole.size; size++) {
        if (frame_open(bytes_of(whole.data, size), &frame) != REFUSED_NOT)
            continue;
        readable++;
        cr_assert_eq(frame.count, 1);
        cr_assert(bytes_equal(frame.envelopes[0], envelopes[0]));
    }
    cr_assert_eq(readable, 1);
}

Test(frame, d_unknown_fields_and_endless_numbers_are_no_frame)
{
    const uint8_t unknown[] = {0x18, 1, 0x12, 1, 'x'}, wrong_type[] = {0x10, 1};
    const uint8_t endless[] = {0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0x12, 1, 'x'};
    const uint8_t too_big[] = {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0x12, 1, 'x'};
    const uint8_t huge[] = {0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
    const struct bytes rows[] = {bytes_of(unknown, sizeof unknown), bytes_of(wrong_type, sizeof wrong_type),
                                 bytes_of(endless, sizeof endless), bytes_of(too_big, sizeof too_big),
                                 bytes_of(huge, sizeof huge)};
    struct frame frame;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_eq(frame_open(rows[i], &frame), REFUSED_BAD_ENVELOPE, "row %zu", i);
}

Test(frame, d_version_and_kind_are_judged_first)
{
    Referral__Envelope envelope = envelope_of(REFERRAL__KIND__SUBMIT);

    cr_assert_eq(judge(&envelope), REFUSED_NOT);
    envelope.version = 2;
    cr_assert_eq(judge(&envelope), REFUSED_BAD_VERSION);
    envelope.has_version = false;
    cr_assert_eq(judge(&envelope), REFUSED_BAD_VERSION);

    const uint32_t bad[] = {0,
                            12,
                            1001,
                            UINT32_MAX,
                            REFERRAL__KIND__WELCOME,
                            REFERRAL__KIND__REPLY,
                            REFERRAL__KIND__DELIVERY,
                            REFERRAL__KIND__NO_SESSION};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        envelope = envelope_of(bad[i]);
        cr_assert_eq(judge(&envelope), REFUSED_BAD_KIND, "row %zu", i);
    }
    envelope = envelope_of(REFERRAL__KIND__SUBMIT);
    envelope.has_kind = false;
    cr_assert_eq(judge(&envelope), REFUSED_BAD_KIND);
}

Test(frame, d1_message_ids_are_bounded_texts)
{
    Referral__Envelope envelope = envelope_of(REFERRAL__KIND__SUBMIT);
    char text[LIMIT_ID_BYTES + 2] = "";

    memset(text, 'm', LIMIT_ID_BYTES);
    envelope.message_id = envelope.acting_for = text;
    cr_assert_eq(judge(&envelope), REFUSED_NOT);
    text[LIMIT_ID_BYTES] = 'm';
    cr_assert_eq(judge(&envelope), REFUSED_TOO_LONG);
    cr_assert_eq(found.count, 2, "each of them");
    cr_assert_str_eq(found.list[0].field, "message_id");
    cr_assert_str_eq(found.list[1].field, "acting_for");
    envelope.acting_for = NULL;
    envelope.message_id = "\x80";
    cr_assert_eq(judge(&envelope), REFUSED_BAD_TEXT);
    cr_assert_str_eq(found.list[0].field, "message_id");
}

Test(frame, d_an_envelope_that_cannot_be_read_or_holds_more_is_refused_alone)
{
    const uint8_t unknown[] = {0x08, 1, 0x10, 20, 0x18, 9, 0x38, 1};
    uint64_t request = 99;

    cr_assert_eq(judge_bytes(bytes_text("\x08"), &request), REFUSED_BAD_ENVELOPE);
    cr_assert_eq(request, 0);
    cr_assert_eq(judge_bytes(bytes_of(unknown, sizeof unknown), &request), REFUSED_BAD_ENVELOPE);
    cr_assert_eq(request, 9);
    cr_assert_eq(judge_bytes(bytes_of("", 0), &request), REFUSED_BAD_VERSION);
}

/* What fills a page here would take a hundred of them when it is read. */
Test(frame, d_an_envelope_that_swells_when_it_is_read_is_too_large)
{
    size_t size = 400000;
    uint8_t *data = arena_zalloc(&arena, size);
    uint64_t request = 99;

    for (size_t i = 0; i < size; i += 2)
        data[i] = 0x78; /* field 15, which nobody knows, is 0 */
    cr_assert_eq(judge_bytes(bytes_of(data, size), &request), REFUSED_TOO_LARGE);
    cr_assert_eq(request, 0);
    cr_assert_eq(judge_bytes(bytes_of(data, 20), &request), REFUSED_BAD_VERSION);
}

Test(frame, d_an_envelope_beyond_its_limit_is_too_large_though_the_frame_is_not)
{
    uint64_t request;
    uint8_t *data = arena_zalloc(&arena, LIMIT_ENVELOPE_BYTES + 1);

    cr_assert_eq(judge_bytes(bytes_of(data, LIMIT_ENVELOPE_BYTES + 1), &request), REFUSED_TOO_LARGE);

    struct frame frame;

    cr_assert_eq(frame_open(bytes_of(data, LIMIT_FRAME_BYTES + 1), &frame), REFUSED_TOO_LARGE);
}

Test(frame, d_what_is_written_reads_back_as_protobuf)
{
    struct frame_writer writer;
    uint8_t body[300] = {0};

    cr_assert_eq(frame_writer_init(&writer), 0);
    frame_writer_reset(&writer, 0x1234567890ULL);
    cr_assert(frame_writer_add(&writer, REFERRAL__KIND__PONG, bytes_of(NULL, 0)));
    cr_assert(frame_writer_add(&writer, REFERRAL__KIND__DELIVERY, bytes_of(body, sizeof body)));

    struct bytes bytes = frame_writer_bytes(&writer);
    Referral__Frame *frame = referral__frame__unpack(NULL, bytes.size, bytes.data);

    cr_assert_not_null(frame);
    cr_assert_eq(frame->session, 0x1234567890ULL);
    cr_assert_eq(frame->n_envelopes, 2);

    Referral__Envelope *envelope = referral__envelope__unpack(NULL, frame->envelopes[1].len, frame->envelopes[1].data);

    cr_assert_not_null(envelope);
    cr_assert_eq(envelope->version, PROTOCOL_VERSION);
    cr_assert_eq(envelope->kind, REFERRAL__KIND__DELIVERY);
    cr_assert_eq(envelope->body.len, sizeof body);
    referral__envelope__free_unpacked(envelope, NULL);
    referral__frame__free_unpacked(frame, NULL);
    frame_writer_fini(&writer);
}

Test(frame, d_a_full_frame_is_handed_on)
{
    struct frame_writer writer;
    struct bytes large = bytes_of(arena_zalloc(&arena, LIMIT_ENVELOPE_BYTES + 1024), LIMIT_ENVELOPE_BYTES + 1024);

    cr_assert_eq(frame_writer_init(&writer), 0);
    frame_writer_reset(&writer, UINT64_MAX);
    for (size_t i = 0; i < LIMIT_FRAME_ENVELOPES; i++)
        cr_assert(frame_writer_add(&writer, REFERRAL__KIND__PING, bytes_of(NULL, 0)));
    cr_assert_not(frame_writer_add(&writer, REFERRAL__KIND__PING, bytes_of(NULL, 0)));
    frame_writer_reset(&writer, UINT64_MAX);
    cr_assert(frame_writer_add(&writer, REFERRAL__KIND__REPLY, large));
    cr_assert_not(frame_writer_add(&writer, REFERRAL__KIND__REPLY, large));
    cr_assert(frame_writer_bytes(&writer).size <= LIMIT_FRAME_BYTES);
    frame_writer_fini(&writer);
}
