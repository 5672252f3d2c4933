/* receive.c - frames become session changes, queries, or commands of the next turn. What never becomes a command is
 * answered and counted, not audited (P3). */
#include <errno.h>

#include "engine/binary.h"
#include "engine/work.h"
#include "turn/inside.h"

struct place { /* of an envelope */
    uint64_t peer;
    const uint8_t *key;
    uint32_t position;
};

void turn_refuse(struct turn *turn, struct session *session, uint64_t request, uint32_t position, enum refusal refusal,
                 uint32_t retry_after_ms)
{
    Referral__Reply reply = REFERRAL__REPLY__INIT;

    reply.has_request = reply.has_position = true;
    reply.request = request;
    reply.position = position;
    reply_add_refusal(&reply, refusal, retry_after_ms, &turn->arena);
    session_say(&turn->sessions, session, REFERRAL__KIND__REPLY, wire_pack(&reply.base, &turn->arena), &turn->arena);
}

/* What is no request yet, with all that is wrong with it (F2); to the peer itself where there is no session. */
static void refuse_findings(struct turn *turn, struct session *session, const struct place *place, uint64_t request,
                            const struct findings *findings)
{
    Referral__Reply reply = REFERRAL__REPLY__INIT;

    reply.has_request = reply.has_position = true;
    reply.request = request;
    reply.position = place->position;
    reply_add_findings(&reply, findings, &turn->arena);
    if (session == NULL)
        turn_say_to_peer(turn, place->peer, REFERRAL__KIND__REPLY, &reply.base, false);
    else
        session_say(&turn->sessions, session, REFERRAL__KIND__REPLY, wire_pack(&reply.base, &turn->arena),
                    &turn->arena);
}

/* A session kind's body; NULL: refused. */
static ProtobufCMessage *session_body(struct turn *turn, struct session *session, const struct place *place,
                                      const Referral__Envelope *envelope)
{
    const struct kind_info *kind = kind_info((uint32_t)envelope->kind);
    enum refusal refusal = REFUSED_NOT;
    ProtobufCMessage *body = wire_unpack(kind->body, binary_bytes(envelope->body), &turn->arena, &refusal);
    struct findings findings;

    findings.count = 0;
    if (body == NULL)
        findings_add(&findings, refusal, "");
    else
        wire_check(body, false, &findings);
    if (findings.count == 0)
        return body;
    refuse_findings(turn, session, place, envelope->request, &findings);
    return NULL;
}

static void add_roles(Referral__Welcome *welcome, uint32_t roles, struct arena *arena)
{
    welcome->roles = arena_alloc(arena, 32 * sizeof *welcome->roles);
    for (int role = REFERRAL__ROLE__REFER; role <= REFERRAL__ROLE__OBSERVE; role++)
        if (roles >> role & 1)
            welcome->roles[welcome->n_roles++] = (Referral__Role)role;
}

static void say_welcome(struct turn *turn, struct store_txn *txn, struct session *session)
{
    const struct store_identity *identity = store_identity(turn->options.store);
    Referral__Welcome welcome = REFERRAL__WELCOME__INIT;
    char store_id[2 * sizeof identity->store_id + 1];

    hex_encode(store_id, bytes_of(identity->store_id, sizeof identity->store_id));
    welcome.institution = session->speaker.institution;
    welcome.store_id = store_id;
    welcome.broker_version = arena_text(&turn->arena, turn->options.broker_version);
    welcome.has_session = welcome.has_incarnation = welcome.has_now_ms = welcome.has_test_time = true;
    welcome.session = session->epoch;
    welcome.incarnation = identity->incarnation;
    welcome.now_ms = turn->clock.now.ms;
    welcome.test_time = identity->test_time;
    welcome.has_window = welcome.has_ack_timeout_ms = welcome.has_ping_interval_ms = true;
    welcome.window = turn->options.window;
    welcome.ack_timeout_ms = deliveries_ack_timeout_ms(&session->consumer);
    welcome.ping_interval_ms = turn->options.ping_interval_ms;
    FIELD_SET(&welcome, utc_offset_minutes,
              registry_read_institution(txn, session->speaker.institution)->offset_minutes);
    welcome.has_frame_bytes_max = welcome.has_envelope_bytes_max = welcome.has_frame_envelopes_max = true;
    welcome.frame_bytes_max = LIMIT_FRAME_BYTES;
    welcome.envelope_bytes_max = LIMIT_ENVELOPE_BYTES;
    welcome.frame_envelopes_max = LIMIT_FRAME_ENVELOPES;
    add_roles(&welcome, session->speaker.roles, &turn->arena);
    session_say(&turn->sessions, session, REFERRAL__KIND__WELCOME, wire_pack(&welcome.base, &turn->arena),
                &turn->arena);
}

/* As much as there is room for; the text is checked, so a character ends where none goes on. */
static void keep_text(char kept[LIVE_CLIENT_NAME], const char *text)
{
    size_t size = text == NULL ? 0 : strlen(text);

    if (size >= LIVE_CLIENT_NAME)
        for (size = LIVE_CLIENT_NAME - 1; size > 0 && ((uint8_t)text[size] & 0xC0) == 0x80;)
            size--;
    if (size != 0)
        memcpy(kept, text, size);
    kept[size] = '\0';
}

struct greeting {
    struct turn *turn;
    const struct place *place;
    const Referral__Hello *hello;
    struct session *session; /* NULL: none may be */
};

static void greet(void *user, struct store_txn *txn)
{
    struct greeting *greeting = user;
    struct turn *turn = greeting->turn;
    const struct place *place = greeting->place;
    const Referral__Hello *hello = greeting->hello;
    struct session *session;
    struct speaker speaker;

    if (engine_speaker(txn, place->key, turn->clock.now, &speaker)) {
        session = sessions_add(&turn->sessions, place->peer, place->key, &speaker, turn->clock.now);
        greeting->session = session;
        session->is_english = hello->language != NULL && strcmp(hello->language, "en") == 0;
        session->heard_ms = turn->clock.mono_ms;
        keep_text(session->client_name, hello->client_name);
        keep_text(session->client_version, hello->client_version);
        turn_watch(turn, session);
        if (speaker.roles >> REFERRAL__ROLE__RECEIVE & 1)
            deliveries_join(&turn->deliveries, txn, &session->consumer, speaker.number, session->speaker.institution);
        say_welcome(turn, txn, session);
        turn_tell_session(turn, NEWS_SESSION_BEGUN, session, NULL);
    } else {
        turn_say_to_peer(turn, place->peer, REFERRAL__KIND__GOODBYE, &turn_goodbye(turn, "key revoked", 0)->base, true);
    }
}

/* T5: whose key or institution cannot be read is nobody, and may come again. */
static void refuse_greeting(const struct greeting *greeting)
{
    struct turn *turn = greeting->turn;

    turn_tell(turn, &(struct turn_news){.kind = NEWS_ROW_DAMAGED});
    if (greeting->session != NULL)
        turn_lose_damaged(turn, greeting->session);
    else
        turn_say_to_peer(turn, greeting->place->peer, REFERRAL__KIND__GOODBYE,
                         &turn_goodbye(turn, STORE_FAILED_REASON, FULL_RETRY_MS)->base, true);
}

/* NULL also where the store cannot be read, which ends the next turn. */
static struct session *begin_session(struct turn *turn, const struct place *place, const Referral__Hello *hello)
{
    struct greeting greeting = {.turn = turn, .place = place, .hello = hello};
    struct store_txn *txn = NULL;
    int failure = store_read_begin(turn->options.store, &turn->arena, &txn);

    if (failure == 0)
        failure = store_within(txn, greet, &greeting);
    store_read_end(txn);
    if (failure == -EBADMSG)
        refuse_greeting(&greeting);
    else if (failure != 0)
        turn->failure = failure;
    return failure == 0 ? greeting.session : NULL;
}

/* The newest session of a connection wins; what the old one held goes back. */
static struct session *take_hello(struct turn *turn, const struct place *place, const Referral__Envelope *envelope)
{
    struct session *old = sessions_of_peer(&turn->sessions, place->peer);
    const Referral__Hello *hello = (const Referral__Hello *)session_body(turn, NULL, place, envelope);

    if (hello == NULL)
        return NULL;
    if (old != NULL) {
        turn_tell_session(turn, NEWS_SESSION_ENDED, old, NULL);
        turn_end_session(turn, old, NULL, false);
    }
    return begin_session(turn, place, hello);
}

/* Returns the session as it is afterwards: GOODBYE ends it. */
static struct session *take_session_kind(struct turn *turn, struct session *session, const struct place *place,
                                         const Referral__Envelope *envelope)
{
    const ProtobufCMessage *body = NULL;

    if (envelope->kind == REFERRAL__KIND__PING)
        session_say(&turn->sessions, session, REFERRAL__KIND__PONG, bytes_of(NULL, 0), &turn->arena);
    if (envelope->kind == REFERRAL__KIND__PING || envelope->kind == REFERRAL__KIND__PONG)
        return session;
    if (envelope->kind == REFERRAL__KIND__GOODBYE) {
        turn_tell_session(turn, NEWS_SESSION_ENDED, session, NULL);
        turn_end_session(turn, session, NULL, false);
        return NULL;
    }
    body = session_body(turn, session, place, envelope);
    if (body != NULL)
        deliveries_credit(&turn->deliveries, &session->consumer, ((const Referral__Credit *)body)->add);
    return session;
}

/* It is told what the commands of its session did: those wait for company no longer. */
static void take_query(struct turn *turn, struct session *session, const struct place *place,
                       const Referral__Envelope *envelope)
{
    struct query *query = arena_zalloc(&turn->arena, sizeof *query);

    query->session = session->epoch;
    query->question = (struct question){
        .key = arena_copy(&turn->arena, bytes_of(session->key, sizeof session->key)).data,
        .kind = (uint32_t)envelope->kind,
        .body = binary_bytes(envelope->body),
        .request = envelope->request,
        .position = place->position,
        .acting_for = envelope->acting_for,
        .language = session->is_english ? "en" : "zh",
    };
    if (turn->queries == NULL)
        turn->queries = query;
    else
        turn->last_query->next = query;
    turn->last_query = query;
    turn->counters.queries++;
    turn->batch_is_urgent = turn->batch_is_urgent || batch_is_of(&turn->batch, session->epoch);
}

static void take_command(struct turn *turn, struct session *session, const struct place *place,
                         const Referral__Envelope *envelope)
{
    Batch__Command command = BATCH__COMMAND__INIT;
    char english[] = "en", chinese[] = "zh"; /* protobuf-c wants them writable */

    if (turn->batch.count == 0)
        turn->batch_since_ms = turn->clock.mono_ms;
    command.has_kind = command.has_key = command.has_session = command.has_request = command.has_position = true;
    command.kind = (uint32_t)envelope->kind;
    command.key.data = session->key;
    command.key.len = sizeof session->key;
    command.institution = session->speaker.institution;
    command.session = session->epoch;
    command.request = envelope->request;
    command.position = place->position;
    command.message_id = envelope->message_id;
    command.acting_for = envelope->acting_for;
    command.has_body = envelope->has_body;
    command.body = envelope->body;
    command.language = session->is_english ? english : chinese;
    batch_add(&turn->batch, &command);
}

/* D4: acks have no reply, so they use no window. They may wait a little for company, but not one that uses the last
 * credit. */
static void take_ack(struct turn *turn, struct session *session, const struct place *place,
                     const Referral__Envelope *envelope)
{
    take_command(turn, session, place, envelope);
    turn->batch_is_urgent = turn->batch_is_urgent || session->consumer.credit <= 0;
}

static uint32_t weight(const Referral__Envelope *envelope, bool is_query)
{
    if (is_query)
        return 1;
    return kind_info((uint32_t)envelope->kind)->result != NULL ? HEAVY_LOOK : 0;
}

static void take_request(struct turn *turn, struct session *session, const struct place *place,
                         const Referral__Envelope *envelope, bool is_query)
{
    uint32_t heavy = weight(envelope, is_query);

    /* A peer that does not take what was said is given nothing large on top. */
    if (session->unanswered >= turn->options.window || (heavy != 0 && session->parked != NULL)) {
        turn->counters.busy++;
        turn_refuse(turn, session, envelope->request, place->position, REFUSED_BUSY, BUSY_RETRY_MS);
        return;
    }
    session->unanswered++;
    turn->heavy += heavy;
    if (is_query) {
        take_query(turn, session, place, envelope);
        return;
    }
    take_command(turn, session, place, envelope);
    turn->batch_is_urgent = true;
}

/* Returns the session that the next envelope of the frame belongs to; NULL: the rest of the frame is for nobody. */
static struct session *take_envelope(struct turn *turn, struct session *session, const struct place *place,
                                     const struct frame *frame)
{
    struct findings findings;
    uint64_t request = 0;
    size_t mark = arena_mark(&turn->arena), collected = turn->batch.count;
    const Referral__Envelope *envelope;

    findings.count = 0;
    envelope = frame_envelope(frame, place->position, &turn->arena, &findings, &request);
    if (envelope != NULL && envelope->kind == REFERRAL__KIND__HELLO)
        return take_hello(turn, place, envelope);
    /* Without a number it was meant to be HELLO: it is told what is wrong with it, and not to say HELLO. */
    if (envelope == NULL && (session != NULL || frame->session == 0)) {
        turn->counters.dropped_frames++; /* P3 */
        refuse_findings(turn, session, place, request, &findings);
        return session;
    }
    if (session == NULL) {
        turn_say_to_peer(turn, place->peer, REFERRAL__KIND__NO_SESSION, NULL, false);
        return NULL;
    }

    enum kind_class class = kind_info((uint32_t)envelope->kind)->class;

    if (class == KIND_SESSION)
        return take_session_kind(turn, session, place, envelope);
    if (class == KIND_DELIVERY)
        take_ack(turn, session, place, envelope);
    else
        take_request(turn, session, place, envelope, class == KIND_QUERY);
    /* What was packed into the batch need not stay in the arena; queries and refusals do. */
    if (turn->batch.count != collected)
        arena_rewind(&turn->arena, mark);
    return session;
}

/* A turn in the middle of a frame: its large answers leave before there are more. Returns the session it goes on in, if
 * that lives still. */
static struct session *run_between(struct turn *turn, const struct session *session, struct turn_clock clock)
{
    uint64_t epoch = session->epoch;

    if (turn->failure == 0)
        turn->failure = turn_run(turn, clock);
    return sessions_of_epoch(&turn->sessions, epoch);
}

/* T5: its connection is how a session is found, its key is who speaks. */
static struct session *session_of(const struct turn *turn, uint64_t peer, const uint8_t key[32])
{
    struct session *session = sessions_of_peer(&turn->sessions, peer);

    return session != NULL && memcmp(session->key, key, sizeof session->key) == 0 ? session : NULL;
}

void turn_receive(struct turn *turn, uint64_t peer, const uint8_t public_key[32], struct bytes frame_bytes,
                  struct turn_clock clock)
{
    struct frame frame;
    enum refusal refusal;

    if (turn->is_drained || turn->failure != 0) /* nobody is told anything any more */
        return;
    /* A full batch is worked off at once, so that what is collected stays bounded and nothing need be refused for
     * it. */
    if (!batch_has_room(&turn->batch, frame_bytes.size))
        turn->failure = turn_run(turn, clock);
    if (turn->failure != 0)
        return;
    turn->clock = clock;

    struct session *session = session_of(turn, peer, public_key);

    refusal = frame_open(frame_bytes, &frame);
    if (session != NULL && (refusal != REFUSED_NOT || frame.session == session->epoch))
        session->heard_ms = clock.mono_ms;
    else
        session = NULL;
    if (refusal != REFUSED_NOT) {
        turn->counters.dropped_frames++;
        if (session != NULL)
            turn_refuse(turn, session, 0, 0, refusal, 0);
        return;
    }
    for (size_t i = 0; i < frame.count && turn->failure == 0; i++) {
        struct place place = {.peer = peer, .key = public_key, .position = (uint32_t)i};

        if (turn->heavy >= HEAVY_MAX && session != NULL)
            session = run_between(turn, session, clock);
        session = take_envelope(turn, session, &place, &frame);
        if (session == NULL)
            break;
    }
}
