/* speak.c - what is said at the end of a turn, frame by frame; and peers that do not listen.
 *
 * A peer whose pipe is full for a moment is not slow: what it would not take is parked, within bounds, and it is handed
 * nothing more until it takes it. Beyond the bounds of size or time its session ends and its deliveries go back. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "turn/inside.h"

#define PARKED_BYTES_MAX (8U << 20) /* more than the large answers (ANSWER_BYTES) and the deliveries of a turn */

Referral__Goodbye *turn_goodbye(struct turn *turn, const char *reason, uint32_t retry_after_ms)
{
    Referral__Goodbye *goodbye = arena_alloc(&turn->arena, sizeof *goodbye);

    referral__goodbye__init(goodbye);
    goodbye->reason = arena_text(&turn->arena, reason);
    goodbye->has_retry_after_ms = retry_after_ms != 0;
    goodbye->retry_after_ms = retry_after_ms;
    return goodbye;
}

static struct farewell *add_farewell(struct turn *turn, uint64_t peer, uint64_t epoch, bool drop)
{
    struct farewell *farewell = arena_zalloc(&turn->arena, sizeof *farewell);

    farewell->peer = peer;
    farewell->epoch = epoch;
    farewell->drop = drop;
    if (turn->farewells == NULL)
        turn->farewells = farewell;
    else
        turn->last_farewell->next = farewell;
    turn->last_farewell = farewell;
    return farewell;
}

void turn_say_to_peer(struct turn *turn, uint64_t peer, Referral__Kind kind, const ProtobufCMessage *body, bool drop)
{
    struct farewell *farewell = add_farewell(turn, peer, 0, drop);
    struct bytes bytes = body == NULL ? bytes_of(NULL, 0) : wire_pack(body, &turn->arena);

    output_add(&farewell->output, kind, bytes, &turn->arena);
}

void turn_end_session(struct turn *turn, struct session *session, const char *reason, bool drop)
{
    struct tally *tally = tally_of(&turn->deliveries.tallies, session->speaker.number);

    if (reason != NULL || drop) {
        struct farewell *farewell = add_farewell(turn, session->peer, session->epoch, drop);

        farewell->output = session->output;
        if (reason != NULL)
            output_add(&farewell->output, REFERRAL__KIND__GOODBYE,
                       wire_pack(&turn_goodbye(turn, reason, 0)->base, &turn->arena), &turn->arena);
    }
    turn->parked -= session->parked != NULL;
    tally->last_seen = turn->clock.now;
    if (session->consumer.grants)
        tally->last_consumer = turn->clock.now;
    deliveries_leave(&turn->deliveries, &session->consumer);
    sessions_remove(&turn->sessions, session);
}

void turn_lose_session(struct turn *turn, struct session *session, const char *why, const char *reason, bool drop)
{
    turn->counters.sessions_lost++;
    turn_tell_session(turn, NEWS_SESSION_LOST, session, why);
    turn_end_session(turn, session, reason, drop);
}

void turn_lose_damaged(struct turn *turn, struct session *session)
{
    turn_lose_session(turn, session, "row-damaged", STORE_FAILED_REASON, true);
}

/* Who has gone may have said something before that is not heard yet; when it is, the port tells of the loss. */
static void lose_listener(struct turn *turn, struct session *session, int result)
{
    if (result == -EHOSTUNREACH)
        deliveries_stop(&turn->deliveries, &session->consumer, true);
    else
        turn_lose_session(turn, session, "slow-consumer", "slow consumer", true);
}

static int send(struct turn *turn, uint64_t peer, struct bytes frame)
{
    return turn->options.port.send(turn->options.port.user, peer, frame);
}

static int park(struct turn *turn, struct session *session, struct bytes frame)
{
    struct parked *parked, **end = &session->parked;

    if (session->parked_bytes + frame.size > PARKED_BYTES_MAX)
        return -EAGAIN;
    parked = malloc(sizeof *parked + frame.size);
    if (parked == NULL)
        return -EAGAIN;
    if (session->parked == NULL) {
        turn->parked++;
        session->parked_since_ms = turn->clock.mono_ms;
        turn->next_parked_ms = turn->clock.mono_ms + PARKED_RETRY_MS;
        deliveries_stop(&turn->deliveries, &session->consumer, true);
    }
    while (*end != NULL)
        end = &(*end)->next;
    parked->next = NULL;
    parked->size = frame.size;
    memcpy(parked->data, frame.data, frame.size);
    session->parked_bytes += frame.size;
    *end = parked;
    return 0;
}

static int send_or_park(struct turn *turn, struct session *session, struct bytes frame)
{
    int result = session->parked == NULL ? send(turn, session->peer, frame) : -EAGAIN;

    return result == -EAGAIN ? park(turn, session, frame) : result;
}

/* Writes the list frame by frame; `session` NULL: to a peer without one, which is told what it takes at once. */
static int say(struct turn *turn, struct session *session, const struct farewell *farewell,
               const struct output_list *list)
{
    uint64_t epoch = session == NULL ? farewell->epoch : session->epoch;
    const struct output *output = list->first;
    int result = 0;

    while (output != NULL && result == 0) {
        frame_writer_reset(&turn->writer, epoch);
        while (output != NULL && frame_writer_add(&turn->writer, output->kind, output->body))
            output = output->next;

        struct bytes frame = frame_writer_bytes(&turn->writer);

        result = session == NULL ? send(turn, farewell->peer, frame) : send_or_park(turn, session, frame);
    }
    return result;
}

static void say_to_sessions(struct turn *turn)
{
    struct session *session, *next;

    DL_FOREACH_SAFE(turn->sessions.speaking, session, next)
    {
        struct output_list list = session->output;

        DL_DELETE(turn->sessions.speaking, session);
        session->output = (struct output_list){0};
        session->output_bytes = 0;

        int result = say(turn, session, NULL, &list);

        if (result == 0)
            continue;
        lose_listener(turn, session, result);
    }
}

void turn_speak(struct turn *turn)
{
    say_to_sessions(turn);
    for (const struct farewell *farewell = turn->farewells; farewell != NULL; farewell = farewell->next) {
        say(turn, NULL, farewell, &farewell->output);
        if (farewell->drop)
            turn->options.port.drop(turn->options.port.user, farewell->peer);
    }
    turn->farewells = NULL;
}

/* 0: everything was taken. */
static int send_parked(struct turn *turn, struct session *session)
{
    while (session->parked != NULL) {
        struct parked *first = session->parked;
        int result = send(turn, session->peer, bytes_of(first->data, first->size));

        if (result != 0)
            return result;
        session->parked = first->next;
        session->parked_bytes -= first->size;
        session->parked_since_ms = turn->clock.mono_ms;
        free(first);
    }
    turn->parked--;
    deliveries_stop(&turn->deliveries, &session->consumer, false);
    return 0;
}

void turn_try_parked(struct turn *turn)
{
    struct session *session, *next;
    int64_t too_long_ms = (int64_t)turn->options.ping_interval_ms * SILENT_INTERVALS;

    if (turn->parked == 0 || turn->clock.mono_ms < turn->next_parked_ms)
        return;
    turn->next_parked_ms = turn->clock.mono_ms + PARKED_RETRY_MS;
    HASH_ITER(by_peer, turn->sessions.by_peer, session, next)
    {
        int result = session->parked == NULL ? 0 : send_parked(turn, session);

        if (result == 0 || (result == -EAGAIN && turn->clock.mono_ms - session->parked_since_ms < too_long_ms))
            continue;
        lose_listener(turn, session, result);
    }
}
