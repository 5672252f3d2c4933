/* sessions.c - see sessions.h. */
#include "sessions.h"

#include <stdio.h>
#include <string.h>

#include "../sheets.h"

static void read_session(const struct house *hospital, const Referral__PoolView *view, struct session *session)
{
    *session = (struct session){.hospital = hospital,
                                .start_ms = view->start_ms,
                                .release_at_ms = view->release_at_ms,
                                .capacity = (unsigned)view->capacity,
                                .reserve = (unsigned)view->reserve,
                                .blocked = (unsigned)view->blocked,
                                .general = (unsigned)view->general,
                                .family = (unsigned)view->family,
                                .free = (unsigned)view->free,
                                .marked = (unsigned)view->marked,
                                .held = (unsigned)view->held,
                                .released = view->released,
                                .cancelled = view->cancelled,
                                .grouped = view->grouped,
                                .short_notice = view->short_notice};
    snprintf(session->department, sizeof session->department, "%s", view->pool->department);
    snprintf(session->resource, sizeof session->resource, "%s", view->pool->resource);
    snprintf(session->doctor, sizeof session->doctor, "%s", view->doctor == NULL ? "" : view->doctor);
    snprintf(session->date, sizeof session->date, "%s", view->pool->date);
}

static bool look_at(struct morning *morning, const struct house *hospital, int day, struct sessions *sessions)
{
    ProtobufCMessage *view = NULL;
    Referral__PoolQuery query = REFERRAL__POOL_QUERY__INIT;
    query.hospital = lend(hospital->id);
    query.first_date = query.last_date = lend(test_clock_date(day));
    if (referral_query(morning->operator, REFERRAL__KIND__LIST_POOLS, &query.base, &view, NULL) != REFERRAL_OK)
        return false;
    const Referral__PoolList *list = (const Referral__PoolList *)view;
    for (size_t i = 0; i < list->n_pools && sessions->count < SESSIONS_MAX; i++)
        read_session(hospital, list->pools[i], &sessions->list[sessions->count++]);
    protobuf_c_message_free_unpacked(view, NULL);
    return true;
}

bool sessions_look(struct morning *morning, int day, struct sessions *ret_sessions)
{
    ret_sessions->count = 0;
    for (size_t i = 0; i < HOSPITALS; i++)
        if (!look_at(morning, &morning->hospitals[i], day, ret_sessions))
            return false;
    return true;
}

struct session *sessions_find(struct sessions *sessions, const struct house *hospital, const char *resource)
{
    for (size_t i = 0; i < sessions->count; i++) {
        struct session *session = &sessions->list[i];
        if (session->hospital == hospital && strcmp(session->resource, resource) == 0)
            return session;
    }
    return NULL;
}

struct sessions_sum sessions_add(const struct sessions *sessions)
{
    struct sessions_sum sum = {0};
    for (size_t i = 0; i < sessions->count; i++) {
        const struct session *session = &sessions->list[i];
        sum.capacity += session->capacity;
        sum.blocked += session->blocked;
        sum.general += session->general;
        sum.family += session->family;
        sum.held += session->held;
        sum.marked += session->marked;
    }
    return sum;
}

static bool same_group(const struct session *a, const struct session *b)
{
    return a == b ||
           (a->grouped && b->grouped && a->hospital == b->hospital && strcmp(a->department, b->department) == 0);
}

bool sessions_keep_reserve(const struct sessions *sessions)
{
    for (size_t i = 0; i < sessions->count; i++) {
        const struct session *session = &sessions->list[i];
        unsigned capacity = 0, taken = 0, family = 0;
        for (size_t j = 0; j < sessions->count; j++) {
            const struct session *other = &sessions->list[j];
            if (same_group(session, other)) {
                capacity += other->capacity;
                taken += other->general + other->blocked;
                family += other->family;
            }
        }
        unsigned kept = family > session->reserve ? family : session->reserve;
        if (!session->released && taken + kept > capacity)
            return false;
    }
    return true;
}

bool sessions_ask_broker(struct morning *morning, struct broker_state *ret_state)
{
    ProtobufCMessage *view = NULL;
    Referral__PageQuery query = REFERRAL__PAGE_QUERY__INIT;
    query.has_rows = true;
    query.rows = 200;
    if (referral_query(morning->operator, REFERRAL__KIND__GET_STATUS, &query.base, &view, NULL) != REFERRAL_OK)
        return false;
    const Referral__StatusView *status = (const Referral__StatusView *)view;
    *ret_state = (struct broker_state){.now_ms = status->now_ms, .index = status->index};
    for (size_t i = 0; i < status->n_inboxes; i++)
        ret_state->waiting += status->inboxes[i]->waiting;
    protobuf_c_message_free_unpacked(view, NULL);
    return true;
}
