/* rush_session.c - see rush_session.h. */
#include "rush_session.h"

#include <stdlib.h>

#include <referral/limits.h>

#include "rush.h"

#define BODY_MAX     8192
#define ENVELOPE_MAX (BODY_MAX + 256)
#define FRAME_MAX    (ENVELOPE_MAX + 64)

struct rush_session {
    struct curve_link *link;
    uint64_t number; /* WELCOME's; 0: none yet */
    uint64_t request;
};

static void say(struct rush_session *session, Referral__Kind kind, const char *message_id, const ProtobufCMessage *body)
{
    uint8_t body_bytes[BODY_MAX], envelope_bytes[ENVELOPE_MAX], frame_bytes[FRAME_MAX];
    Referral__Envelope envelope = REFERRAL__ENVELOPE__INIT;
    Referral__Frame frame = REFERRAL__FRAME__INIT;
    if (protobuf_c_message_get_packed_size(body) > BODY_MAX)
        rush_fail("a body too large");
    envelope.has_version = envelope.has_kind = envelope.has_request = envelope.has_body = true;
    envelope.version = PROTOCOL_VERSION;
    envelope.kind = kind;
    envelope.request = ++session->request;
    envelope.message_id = (char *)(uintptr_t)message_id;
    envelope.body = (ProtobufCBinaryData){.data = body_bytes, .len = protobuf_c_message_pack(body, body_bytes)};
    ProtobufCBinaryData only = {.data = envelope_bytes, .len = referral__envelope__pack(&envelope, envelope_bytes)};
    frame.has_session = session->number != 0;
    frame.session = session->number;
    frame.n_envelopes = 1;
    frame.envelopes = &only;
    curve_link_send(session->link, frame_bytes, referral__frame__pack(&frame, frame_bytes));
}

/* ---- Hearing ------------------------------------------------------------------------------------------------------------------- */

static void hear_welcome(struct rush_session *session, ProtobufCBinaryData body)
{
    Referral__Welcome *welcome = referral__welcome__unpack(NULL, body.len, body.data);
    if (welcome == NULL || !welcome->has_session)
        rush_fail("an unreadable WELCOME");
    session->number = welcome->session;
    referral__welcome__free_unpacked(welcome, NULL);
}

static Referral__Reply *hear_reply(const struct rush_session *session, ProtobufCBinaryData body)
{
    Referral__Reply *reply = referral__reply__unpack(NULL, body.len, body.data);
    if (reply == NULL || reply->request != session->request)
        rush_fail("an unreadable reply, or to what was not asked");
    return reply;
}

static Referral__Reply *hear_envelope(struct rush_session *session, ProtobufCBinaryData bytes)
{
    Referral__Envelope *envelope = referral__envelope__unpack(NULL, bytes.len, bytes.data);
    Referral__Reply *reply = NULL;
    if (envelope == NULL)
        rush_fail("an unreadable envelope");
    if (envelope->kind == REFERRAL__KIND__WELCOME)
        hear_welcome(session, envelope->body);
    else if (envelope->kind == REFERRAL__KIND__REPLY)
        reply = hear_reply(session, envelope->body);
    else if (envelope->kind == REFERRAL__KIND__GOODBYE || envelope->kind == REFERRAL__KIND__NO_SESSION)
        rush_fail("the broker ended the session");
    referral__envelope__free_unpacked(envelope, NULL);
    return reply;
}

/* One request is under way, so there is one reply at most. */
static Referral__Reply *hear_frames(struct rush_session *session)
{
    Referral__Reply *reply = NULL;
    const uint8_t *data;
    size_t size;
    while ((size = curve_link_next(session->link, &data)) != 0) {
        Referral__Frame *frame = referral__frame__unpack(NULL, size, data);
        if (frame == NULL)
            rush_fail("an unreadable frame");
        for (size_t i = 0; i < frame->n_envelopes; i++) {
            Referral__Reply *heard = hear_envelope(session, frame->envelopes[i]);
            reply = heard != NULL ? heard : reply;
        }
        referral__frame__free_unpacked(frame, NULL);
    }
    return reply;
}

/* ---- Contract ------------------------------------------------------------------------------------------------------------------ */

struct rush_session *rush_session_open(const char *endpoint, const struct curve_keys *keys, const char *name)
{
    struct rush_session *session = calloc(1, sizeof *session);
    Referral__Hello hello = REFERRAL__HELLO__INIT;
    if (session == NULL)
        rush_fail("out of memory");
    session->link = curve_link_open(endpoint, keys);
    hello.client_name = (char *)(uintptr_t)name;
    say(session, REFERRAL__KIND__HELLO, NULL, &hello.base);
    while (session->number == 0) {
        curve_link_fill(session->link);
        hear_frames(session);
    }
    return session;
}

void rush_session_close(struct rush_session *session)
{
    curve_link_close(session->link);
    free(session);
}

int rush_session_fd(const struct rush_session *session)
{
    return curve_link_fd(session->link);
}

void rush_session_ask(struct rush_session *session, Referral__Kind kind, const char *message_id,
                      const ProtobufCMessage *body)
{
    say(session, kind, message_id, body);
}

Referral__Reply *rush_session_reply(struct rush_session *session)
{
    curve_link_fill(session->link);
    return hear_frames(session);
}

Referral__Reply *rush_session_wait(struct rush_session *session)
{
    Referral__Reply *reply;
    do {
        reply = rush_session_reply(session);
    } while (reply == NULL);
    return reply;
}
