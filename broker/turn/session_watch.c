/* session_watch.c - sessions that fell silent, keys that have ended, and keys that speak otherwise now (P2, D4). */
#include <utlist.h>

#include "engine/engine.h"
#include "turn/inside.h"

/* Monotonic: when this session falls silent. */
static int64_t silent_ms(const struct turn *turn, const struct session *session)
{
    return session->heard_ms + (int64_t)turn->options.ping_interval_ms * SILENT_INTERVALS;
}

void turn_watch(struct turn *turn, const struct session *session)
{
    struct instant key_end = session->speaker.valid_to;

    if (silent_ms(turn, session) < turn->next_silent_ms)
        turn->next_silent_ms = silent_ms(turn, session);
    if (instant_is_set(key_end) && (!instant_is_set(turn->next_key_end) || key_end.ms < turn->next_key_end.ms))
        turn->next_key_end = key_end;
}

static void give_time(struct deliveries *deliveries, int64_t ms)
{
    struct mailbox *mailbox, *next;
    struct held *held;

    HASH_ITER(hh, deliveries->mailboxes, mailbox, next)
    {
        DL_FOREACH(mailbox->out, held)
        {
            held->late_ms += ms;
        }
    }
    if (deliveries->next_late_ms != INT64_MAX)
        deliveries->next_late_ms += ms;
}

void turn_stood_still(struct turn *turn, int64_t ms)
{
    struct session *session, *next;

    HASH_ITER(by_peer, turn->sessions.by_peer, session, next)
    {
        session->heard_ms += ms;
        session->parked_since_ms += ms;
    }
    if (turn->next_silent_ms != INT64_MAX)
        turn->next_silent_ms += ms;
    give_time(&turn->deliveries, ms);
}

/* Silence is of this machine's time, a key's end of the store's. */
void turn_walk_sessions(struct turn *turn)
{
    struct session *session, *next;

    if (turn->clock.mono_ms < turn->next_silent_ms && !instant_is_due(turn->next_key_end, turn->clock.now))
        return;
    turn->next_silent_ms = INT64_MAX;
    turn->next_key_end = instant_of(0);
    HASH_ITER(by_peer, turn->sessions.by_peer, session, next)
    {
        if (instant_is_due(session->speaker.valid_to, turn->clock.now))
            turn_lose_session(turn, session, "key-expired", "key expired", true);
        else if (silent_ms(turn, session) <= turn->clock.mono_ms)
            turn_lose_session(turn, session, "silent", NULL, true);
        else
            turn_watch(turn, session);
    }
}

/* The key's roles may be others now; only receivers receive. */
static void renew_session(struct turn *turn, struct store_txn *txn, struct session *session,
                          const struct speaker *speaker)
{
    bool receives = speaker->roles >> REFERRAL__ROLE__RECEIVE & 1;

    session->speaker = *speaker;
    turn_watch(turn, session);
    if (receives && session->consumer.mailbox == NULL)
        deliveries_join(&turn->deliveries, txn, &session->consumer, speaker->number, session->speaker.institution);
    if (!receives)
        deliveries_leave(&turn->deliveries, &session->consumer);
}

void turn_renew_sessions(struct turn *turn, struct store_txn *txn)
{
    struct session *session, *next;
    struct speaker speaker;

    HASH_ITER(by_peer, turn->sessions.by_peer, session, next)
    {
        turn->renewing = session;
        if (engine_speaker(txn, session->key, turn->clock.now, &speaker))
            renew_session(turn, txn, session, &speaker);
        else
            turn_lose_session(turn, session, "key-revoked", "key revoked", true);
    }
    turn->renewing = NULL;
    turn->keys_changed = false;
}
