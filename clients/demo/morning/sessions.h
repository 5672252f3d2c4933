/* sessions.h - tomorrow's sessions, as the broker shows them. */
#pragma once
#include "morning.h"

/* All sessions of all hospitals on that day; false: the broker did not say. */
bool sessions_look(struct morning *morning, int day, struct sessions *ret_sessions);
struct session *sessions_find(struct sessions *sessions, const struct house *hospital, const char *resource);
struct sessions_sum {
    unsigned capacity, blocked, general, family, held, marked;
};
struct sessions_sum sessions_add(const struct sessions *sessions);
/* Q3 seen from outside: what general bookings take leaves what is reserved, whoever has it. R of a group counts for its
 * sum. */
bool sessions_keep_reserve(const struct sessions *sessions);
/* The broker's time, the turns it has made, and what waits in all inboxes; false: it did not say. */
struct broker_state {
    int64_t now_ms;
    uint64_t index, waiting;
};
bool sessions_ask_broker(struct morning *morning, struct broker_state *ret_state);
