/* session.c - the table of sessions. */
#include "turn/session.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

void output_add(struct output_list *list, Referral__Kind kind, struct bytes body, struct arena *arena)
{
    struct output *output = arena_alloc(arena, sizeof *output);

    *output = (struct output){.kind = kind, .body = body};
    if (list->first == NULL)
        list->first = output;
    else
        list->last->next = output;
    list->last = output;
}

struct session *sessions_of_peer(const struct sessions *sessions, uint64_t peer)
{
    struct session *session = NULL;

    HASH_FIND(by_peer, sessions->by_peer, &peer, sizeof peer, session);
    return session;
}

struct session *sessions_of_epoch(const struct sessions *sessions, uint64_t epoch)
{
    struct session *session = NULL;

    HASH_FIND(by_epoch, sessions->by_epoch, &epoch, sizeof epoch, session);
    return session;
}

uint32_t sessions_count(const struct sessions *sessions)
{
    return HASH_CNT(by_peer, sessions->by_peer);
}

struct session *sessions_add(struct sessions *sessions, uint64_t peer, const uint8_t key[32],
                             const struct speaker *speaker, struct instant now)
{
    struct session *session = alloc_zeroed(sizeof *session);
    uint64_t of_time = (uint64_t)now.ms << 10;

    assert(sessions_of_peer(sessions, peer) == NULL);
    sessions->last_epoch = of_time > sessions->last_epoch ? of_time : sessions->last_epoch + 1;
    session->peer = peer;
    session->epoch = sessions->last_epoch;
    session->speaker = *speaker;
    session->begun_at = now;
    memcpy(session->key, key, sizeof session->key);
    HASH_ADD(by_peer, sessions->by_peer, peer, sizeof session->peer, session);
    HASH_ADD(by_epoch, sessions->by_epoch, epoch, sizeof session->epoch, session);
    return session;
}

static void forget_parked(struct session *session)
{
    while (session->parked != NULL) {
        struct parked *first = session->parked;

        session->parked = first->next;
        free(first);
    }
}

void sessions_remove(struct sessions *sessions, struct session *session)
{
    assert(session->consumer.mailbox == NULL);
    if (session->output.first != NULL)
        DL_DELETE(sessions->speaking, session);
    HASH_DELETE(by_peer, sessions->by_peer, session);
    HASH_DELETE(by_epoch, sessions->by_epoch, session);
    forget_parked(session);
    free(session);
}

void session_say(struct sessions *sessions, struct session *session, Referral__Kind kind, struct bytes body,
                 struct arena *arena)
{
    if (session->output.first == NULL)
        DL_APPEND(sessions->speaking, session);
    output_add(&session->output, kind, body, arena);
    session->output_bytes += body.size;
}

struct session *session_of_consumer(struct consumer *consumer)
{
    return (struct session *)(void *)((uint8_t *)consumer - offsetof(struct session, consumer));
}
