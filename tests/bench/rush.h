/* rush.h - the release rush, the same for every server that is measured: 07:00, and 64 clients want places.
 *
 * rush.c is the rush: who asks when for a place of which session, the clock, and the look at what was sold. It is
 * linked with one file that speaks to one server (rush_redis.c, rush_postgres.c) and defines the functions server_...
 * below. A single thread watches all connections and each client has one request under way: a client that waits costs
 * the measured machine nothing. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define RUSH_CLIENTS_MAX     256
#define RUSH_MESSAGE_ID_SIZE 27 /* as long as those of libreferral */

/* All servers do the same work: `sessions` are published before the clock starts, and each is asked for `asks_each`
 * times, more often than it has places, so that there are answers of both kinds. */
struct rush_plan {
    const char *server; /* its address, in the server's own form */
    uint32_t clients;   /* every third one is a family-doctor team (Q5) */
    uint32_t sessions, first_session, asks_each;
    uint32_t capacity, reserve_bp; /* of each session: C and p */
    bool spread;                   /* each ask names a session at random; else one after the other is the hot one */
};

struct rush_ask { /* for one place */
    uint32_t client, session;
    bool family;
    char message_id[RUSH_MESSAGE_ID_SIZE]; /* the idempotency key (D1); never twice */
};

enum rush_answer { RUSH_NOT_YET, RUSH_GRANTED, RUSH_REFUSED };

struct rush_sold { /* of one session */
    uint32_t general, family;
    uint32_t bookings; /* records of them */
};

/* ---- What the file of a server defines. All of it ends the program on failure, by rush_fail. ---------------------------------- */

struct server; /* opaque: all connections */

/* Publishes the plan's sessions, durably, and connects each client. */
struct server *server_open(const struct rush_plan *plan);
void server_close(struct server *server);
/* Readable when there may be an answer for this client. */
int server_fd(const struct server *server, uint32_t client);
/* Sends one ask of a client that has none under way. General is granted while G + F + 1 + max(0, R - F) <= C (Q3),
 * family while G + F + 1 <= C (Q4), with R = C * p / 10000 rounded up. A grant is on disk with its booking and message
 * id before it is told. */
void server_ask(struct server *server, const struct rush_ask *ask);
/* Reads what has arrived for the client, without waiting. */
enum rush_answer server_answer(struct server *server, uint32_t client);
/* What the store now has of each of the plan's sessions, in order. False: it has no store. */
bool server_sold(struct server *server, const struct rush_plan *plan, struct rush_sold *ret_sold);

/* ---- What rush_fail.c offers them ---------------------------------------------------------------------------------------------- */

_Noreturn void rush_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
