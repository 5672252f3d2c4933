/* answer.c - what sessions ask of what is committed. */
#include <errno.h>

#include "turn/inside.h"

static struct live_inbox live_inbox(void *user, uint32_t institution)
{
    return deliveries_live(&((const struct turn *)user)->deliveries, institution);
}

static bool live_in_flight(void *user, struct inbox_ref ref)
{
    return deliveries_in_flight(&((const struct turn *)user)->deliveries, ref);
}

static struct live_session live_session(const struct turn *turn, const struct session *session)
{
    return (struct live_session){
        .epoch = session->epoch,
        .key = session->key,
        .speaker = session->speaker,
        .client_name = session->client_name,
        .client_version = session->client_version,
        .connected_at = session->begun_at,
        .heard_at = instant_of(turn->clock.now.ms - (turn->clock.mono_ms - session->heard_ms)),
        .receives = session->consumer.mailbox != NULL,
        .is_slow = session->parked != NULL,
        .credit = session->consumer.credit,
        .in_flight = session->consumer.in_hand,
        .unanswered = session->unanswered,
    };
}

/* Sessions are kept in the order they began, which is that of their epochs. */
static size_t live_sessions_after(void *user, uint64_t epoch, struct live_session *out, size_t room)
{
    const struct turn *turn = user;
    struct session *session, *next;
    size_t count = 0;

    HASH_ITER(by_epoch, turn->sessions.by_epoch, session, next)
    {
        if (count == room)
            break;
        if (session->epoch > epoch)
            out[count++] = live_session(turn, session);
    }
    return count;
}

static struct live live_of(struct turn *turn)
{
    return (struct live){
        .user = turn,
        .inbox = live_inbox,
        .in_flight = live_in_flight,
        .sessions_after = live_sessions_after,
        .broker_version = turn->options.broker_version,
        .sessions = sessions_count(&turn->sessions),
        .turns = turn->counters.turns,
        .commands = turn->counters.commands,
        .refused = turn->counters.refused,
        .dropped_frames = turn->counters.dropped_frames,
        .commit_p50_us = turn->commit_p50_us,
        .commit_p99_us = turn->commit_p99_us,
        .time_held = turn->clock.hold,
        .draining = turn->is_draining,
    };
}

static void answer_one(struct turn *turn, struct store_txn *txn, struct session *session, struct question *question,
                       const struct live *live)
{
    if (session->output_bytes >= ANSWER_BYTES) {
        turn->counters.busy++;
        turn_refuse(turn, session, question->request, question->position, REFUSED_BUSY, BUSY_RETRY_MS);
        return;
    }
    question->now = turn->clock.now;
    session_say(&turn->sessions, session, REFERRAL__KIND__REPLY, query_answer(txn, &turn->arena, question, live),
                &turn->arena);
}

struct answering {
    struct turn *turn;
    struct query *queries; /* the first is at hand */
};

static void answer_all(void *user, struct store_txn *txn)
{
    struct answering *answering = user;
    struct turn *turn = answering->turn;
    struct live live = live_of(turn);

    for (; answering->queries != NULL; answering->queries = answering->queries->next) {
        struct session *session = sessions_of_epoch(&turn->sessions, answering->queries->session);

        if (session == NULL)
            continue;
        answer_one(turn, txn, session, &answering->queries->question, &live);
        session->unanswered--;
    }
}

/* The one at hand has met a row that is damaged. */
static void refuse_first(struct answering *answering)
{
    const struct query *query = answering->queries;
    struct session *session = sessions_of_epoch(&answering->turn->sessions, query->session);

    turn_tell(answering->turn, &(struct turn_news){.kind = NEWS_ROW_DAMAGED});
    turn_refuse(answering->turn, session, query->question.request, query->question.position, REFUSED_FAILED,
                FULL_RETRY_MS);
    session->unanswered--;
    answering->queries = query->next;
}

/* Whoever asks for a damaged row is told so, as whoever sends a command about it is, and all others are answered. */
static int answer(struct turn *turn, struct query *queries)
{
    struct answering answering = {.turn = turn, .queries = queries};
    int result = 0;

    while (result == 0 && answering.queries != NULL) {
        struct store_txn *txn = NULL;

        result = store_read_begin(turn->options.store, &turn->arena, &txn);
        if (result == 0)
            result = store_within(txn, answer_all, &answering);
        store_read_end(txn);
        if (result != -EBADMSG || answering.queries == NULL)
            continue;
        refuse_first(&answering);
        result = 0;
    }
    return result;
}

int turn_answer(struct turn *turn)
{
    struct query *queries = turn->queries;

    turn->queries = NULL;
    return answer(turn, queries);
}

/* Takes from the turn's queries those whose session sent no command beside. */
static struct query *take_unrelated(struct turn *turn)
{
    struct query *taken = NULL, **end = &taken, **at = &turn->queries, *query;

    while ((query = *at) != NULL) {
        if (batch_is_of(&turn->batch, query->session)) {
            turn->last_query = query;
            at = &query->next;
        } else {
            *at = query->next;
            *end = query;
            end = &query->next;
        }
    }
    *end = NULL;
    return taken;
}

int turn_answer_first(struct turn *turn)
{
    int result;

    if (turn->queries == NULL)
        return 0;
    result = answer(turn, take_unrelated(turn));
    turn_speak(turn);
    return result;
}
