/* rush_postgres.c - the rush against PostgreSQL: a conditional UPDATE takes the place, an INSERT writes down the
 * booking.
 *
 * Both are one prepared statement, which is one transaction and one trip of the wire: the session's row stays locked
 * for no longer than its commit takes. A message id that comes twice breaks the primary key of the bookings and with it
 * the whole transaction. Address: a connection string of libpq. */
#include <stdio.h>
#include <stdlib.h>

#include <libpq-fe.h>

#include "rush.h"

#define NUMBER_SIZE 12
#define NUMBERS_MAX 4

struct connection {
    PGconn *pg;
    enum rush_answer answer; /* of what is under way, as far as it was read */
};

struct server {
    uint32_t clients;
    struct connection connections[RUSH_CLIENTS_MAX];
};

/* Room in the pages of `sessions` keeps its new row versions beside the old ones, out of the index. */
static const char tables[] =
    "SET client_min_messages = warning;"
    "CREATE TABLE IF NOT EXISTS sessions ("
    " id integer PRIMARY KEY, capacity integer NOT NULL, reserve_bp integer NOT NULL,"
    " general integer NOT NULL DEFAULT 0, family integer NOT NULL DEFAULT 0) WITH (fillfactor = 50);"
    "CREATE TABLE IF NOT EXISTS bookings ("
    " message_id text PRIMARY KEY, session integer NOT NULL, client integer NOT NULL,"
    " channel text NOT NULL, booked_at timestamptz NOT NULL DEFAULT now())";

static const char publish[] =
    "INSERT INTO sessions (id, capacity, reserve_bp)"
    " SELECT id, $3, $4 FROM generate_series($1::integer, $1::integer + $2::integer - 1) AS id";

static const struct {
    const char *name, *text;
} statements[] = {
    {"family", "WITH taken AS (UPDATE sessions SET family = family + $4"
               " WHERE id = $1 AND general + family + $4 <= capacity RETURNING id)"
               " INSERT INTO bookings (message_id, session, client, channel) SELECT $2, id, $3, 'family' FROM taken"},
    {"general", "WITH taken AS (UPDATE sessions SET general = general + $4"
                " WHERE id = $1 AND general + family + $4"
                " + greatest(0, (capacity * reserve_bp + 9999) / 10000 - family) <= capacity RETURNING id)"
                " INSERT INTO bookings (message_id, session, client, channel) SELECT $2, id, $3, 'general' FROM taken"},
};

/* Without the index on the session that a real table of bookings would have, and pay for. */
static const char sold_of_each[] =
    "SELECT general, family, coalesce(counted, 0) FROM sessions LEFT JOIN"
    " (SELECT session, count(*) AS counted FROM bookings GROUP BY session) AS counts ON session = id"
    " WHERE id BETWEEN $1::integer AND $1::integer + $2::integer - 1 ORDER BY id";

static PGresult *checked(PGconn *pg, PGresult *result, ExecStatusType wanted)
{
    if (PQresultStatus(result) != wanted)
        rush_fail("PostgreSQL: %s", PQerrorMessage(pg));
    return result;
}

/* Runs a statement whose parameters are numbers. */
static PGresult *ask_with(PGconn *pg, const char *statement, const uint32_t *numbers, int count)
{
    char texts[NUMBERS_MAX][NUMBER_SIZE];
    const char *values[NUMBERS_MAX];
    for (int i = 0; i < count; i++) {
        snprintf(texts[i], NUMBER_SIZE, "%u", numbers[i]);
        values[i] = texts[i];
    }
    return PQexecParams(pg, statement, count, NULL, values, NULL, NULL, 0);
}

static void publish_sessions(PGconn *pg, const struct rush_plan *plan)
{
    const uint32_t numbers[] = {plan->first_session, plan->sessions, plan->capacity, plan->reserve_bp};
    PQclear(checked(pg, PQexec(pg, tables), PGRES_COMMAND_OK));
    PQclear(checked(pg, ask_with(pg, publish, numbers, 4), PGRES_COMMAND_OK));
    PQclear(checked(pg, PQexec(pg, "VACUUM ANALYZE sessions"), PGRES_COMMAND_OK));
}

static PGconn *connect_one(const char *address)
{
    PGconn *pg = PQconnectdb(address);
    if (PQstatus(pg) != CONNECTION_OK)
        rush_fail("PostgreSQL: %s", PQerrorMessage(pg));
    return pg;
}

static void prepare_statements(PGconn *pg)
{
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        PQclear(checked(pg, PQprepare(pg, statements[i].name, statements[i].text, 0, NULL), PGRES_COMMAND_OK));
}

struct server *server_open(const struct rush_plan *plan)
{
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL)
        rush_fail("out of memory");
    server->clients = plan->clients;
    for (uint32_t i = 0; i < plan->clients; i++) {
        server->connections[i].pg = connect_one(plan->server);
        if (i == 0)
            publish_sessions(server->connections[0].pg, plan);
        prepare_statements(server->connections[i].pg);
    }
    return server;
}

void server_close(struct server *server)
{
    for (uint32_t i = 0; i < server->clients; i++)
        PQfinish(server->connections[i].pg);
    free(server);
}

int server_fd(const struct server *server, uint32_t client)
{
    return PQsocket(server->connections[client].pg);
}

void server_ask(struct server *server, const struct rush_ask *ask)
{
    struct connection *connection = &server->connections[ask->client];
    char session[NUMBER_SIZE], client[NUMBER_SIZE];
    snprintf(session, sizeof session, "%u", ask->session);
    snprintf(client, sizeof client, "%u", ask->client);
    const char *values[] = {session, ask->message_id, client, "1"};
    connection->answer = RUSH_NOT_YET;
    if (PQsendQueryPrepared(connection->pg, ask->family ? "family" : "general", 4, values, NULL, NULL, 0) != 1)
        rush_fail("PostgreSQL: %s", PQerrorMessage(connection->pg));
}

enum rush_answer server_answer(struct server *server, uint32_t client)
{
    struct connection *connection = &server->connections[client];
    if (PQconsumeInput(connection->pg) != 1)
        rush_fail("PostgreSQL: %s", PQerrorMessage(connection->pg));
    while (PQisBusy(connection->pg) == 0) {
        PGresult *result = PQgetResult(connection->pg);
        if (result == NULL)
            return connection->answer;
        checked(connection->pg, result, PGRES_COMMAND_OK);
        connection->answer = PQcmdTuples(result)[0] == '1' ? RUSH_GRANTED : RUSH_REFUSED;
        PQclear(result);
    }
    return RUSH_NOT_YET;
}

static uint32_t number_at(const PGresult *result, int row, int column)
{
    return (uint32_t)strtoul(PQgetvalue(result, row, column), NULL, 10);
}

bool server_sold(struct server *server, const struct rush_plan *plan, struct rush_sold *ret_sold)
{
    PGconn *pg = server->connections[0].pg;
    const uint32_t numbers[] = {plan->first_session, plan->sessions};
    PGresult *result = checked(pg, ask_with(pg, sold_of_each, numbers, 2), PGRES_TUPLES_OK);
    if (PQntuples(result) != (int)plan->sessions)
        rush_fail("PostgreSQL: %d sessions", PQntuples(result));
    for (int i = 0; i < (int)plan->sessions; i++) {
        ret_sold[i] = (struct rush_sold){
            .general = number_at(result, i, 0), .family = number_at(result, i, 1), .bookings = number_at(result, i, 2)};
    }
    PQclear(result);
    return true;
}
